"""What the figures amount to: better or not, what decides, and when a placement pays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from simsec.analysis.comparison import Comparison
from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import expected_weight
from simsec.analysis.replications import primary_measure
from simsec.analysis.worlds import Worlds
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report.facts import ANNOUNCED, DOCTRINE, NAN, OPTIMISED, SECURITY
from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario

Verdict = Literal["not_accepted", "too_few", "same", "worse", "unclear", "better"]


def verdict(judged: Judged, search: Search) -> Verdict:
    """What the fresh days say about the optimised plan against the best doctrine."""
    gain = judged.over_doctrine.gain
    if not search.accepted:
        return "not_accepted"
    if np.isnan(gain.low) or np.isnan(gain.high):
        return "too_few"
    if gain.mean == gain.low == gain.high == 0:
        return "same"
    return "better" if gain.low > 0 else "worse" if gain.high < 0 else "unclear"


def announced_over_doctrine(judged: Judged) -> Estimate:
    """What the announced plan gains over the best doctrine, which was best on the selection days."""
    first, second = judged.runs[DOCTRINE], judged.runs[ANNOUNCED]
    difference = first.weighted[:, SECURITY] - second.weighted[:, SECURITY]
    return primary_measure(judged.scenario, difference, first.stratum)


def same_plan(judged: Judged) -> bool:
    """Whether the plan proposed is the best doctrine itself."""
    return judged.plans[DOCTRINE].hash == judged.plans[OPTIMISED].hash


@dataclass(frozen=True)
class Deciding:
    """The assumption that decides, or the strongest that does not.

    Attributes:
        path: of the figure, "" when the gain does not vary.
        change: of the gain from the low to the high end of that figure alone.
    """

    path: str
    change: Estimate

    @property
    def decides(self) -> bool:
        """Whether moving it alone changes the gain beyond chance."""
        return self.change.excludes_zero


def deciding(worlds: Worlds) -> Deciding:
    """Of the figures moved one by one, the one that changes the gain most, beyond chance if any does."""
    moved = [Deciding(swing.path, swing.change) for swing in worlds.swings]
    if not moved:
        return Deciding("", Estimate(NAN, NAN, NAN, 0))
    return max(moved, key=lambda one: (one.decides, abs(one.change.mean)))


@dataclass(frozen=True)
class BreakEven:
    """What the optimised plan gains on a severe day and costs on an ordinary one, in weighted minutes a day.

    Attributes:
        against: the plan it is held against, ``DOCTRINE`` or ``ANNOUNCED``.
        ordinary, severe: gains a day.
        probability: of a severe day above which the gain pays for the loss (or below which it does, when the severe
            day loses); nan when the two do not pull in opposite directions beyond chance.
        assumed: what the scenario says about the probability.
    """

    against: int
    ordinary: Estimate
    severe: Estimate
    probability: float
    assumed: Parameter


def break_even(judged: Judged, against: int) -> BreakEven:
    """The probability of a severe day at which its gain and the loss on ordinary days are equal."""
    comparison = judged.over_announced if against == ANNOUNCED else judged.over_doctrine
    return weighed(judged.scenario, comparison, against)


def weighed(scenario: Scenario, comparison: Comparison, against: int) -> BreakEven:
    """The same of any two plans: what the second gains on a severe day and costs on an ordinary one."""
    gains, expected = comparison.gain_by_type, expected_weight(scenario)
    ordinary, severe = (_scaled(gains.get(name), expected[name]["security"]) for name in ("ordinary", "severe"))
    opposite = (ordinary.high < 0 < severe.low) or (severe.high < 0 < ordinary.low)
    probability = -ordinary.mean / (severe.mean - ordinary.mean) if opposite else NAN
    return BreakEven(against, ordinary, severe, probability, scenario.settings.day_types.severe)


def _scaled(estimate: Estimate | None, factor: float) -> Estimate:
    if estimate is None:
        return Estimate(NAN, NAN, NAN, 0)
    return replace(estimate, mean=estimate.mean * factor, low=estimate.low * factor, high=estimate.high * factor)


def winner_changers(comparison: Comparison) -> list[str]:
    """The other weights that name another winner beyond chance."""
    gain = comparison.gain.mean
    return [name for name, other in comparison.gain_by_weights.items() if other.excludes_zero and other.mean * gain < 0]
