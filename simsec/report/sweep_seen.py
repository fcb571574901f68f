"""What a page of a sweep looks at, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simsec.analysis.intervals import Estimate
from simsec.experiments.answers import Answers
from simsec.locale import Texts
from simsec.report.sweep_figures import written
from simsec.report.wording import plan_name

FAMILY = "security"


@dataclass(frozen=True, eq=False)
class Seen:
    """Everything the page looks at: an open sweep, its points, and measure and gain at every cell."""

    answers: Answers
    points: Mapping[str, list[Any]]
    by_plan: Mapping[tuple[int, str], Estimate]
    gain: Mapping[int, Estimate]
    texts: Texts
    names: Mapping[str, str]

    def name(self, factor: str) -> str:
        """Of a factor, as people read it."""
        return self.names.get(factor, factor)

    @property
    def kind(self) -> str:
        """Of the design."""
        return str(self.answers.manifest["identity"]["design"]["kind"])

    @property
    def plans(self) -> list[str]:
        """Names, in order."""
        return self.answers.plans

    def values(self, plan: str) -> dict[int, float]:
        """Cell -> measure of one plan."""
        return {cell: estimate.mean for (cell, name), estimate in self.by_plan.items() if name == plan}


def varied(seen: Seen) -> list[str]:
    """Factors that take more than one value; the first one all the same where none does."""
    factors = seen.answers.factors
    return [name for name in factors if len(set(seen.points[name])) > 1] or factors[:1]


def numeric(values: Sequence[object]) -> bool:
    """Whether all are numbers.

    Example:
        >>> numeric([1, 2.5]), numeric([1, True]), numeric(["a"])
        (True, False, False)
    """
    return all(type(value) in (int, float) for value in values)


def levels_of(seen: Seen, factor: str) -> list[Any]:
    """Its values, in the order they were played."""
    return list(dict.fromkeys(seen.points[factor]))


def told_at(seen: Seen, factors: Sequence[str], values: Sequence[object]) -> str:
    """What factors are where, in words."""
    pairs = zip(factors, values, strict=True)
    return ", ".join(f"{seen.name(name)} = {written(value, seen.texts)}" for name, value in pairs)


def gain_lines(seen: Seen) -> list[str]:
    """Where the second plan is clearly better, clearly worse, or neither."""
    if not seen.gain:
        return []
    better = sum(gain.low > 0 for gain in seen.gain.values())
    worse = sum(gain.high < 0 for gain in seen.gain.values())
    t, plans = seen.texts.t, seen.plans
    return [
        t(
            "sweep.gains",
            second=plan_name(plans[1], seen.texts),
            first=plan_name(plans[0], seen.texts),
            better=better,
            worse=worse,
            unclear=len(seen.gain) - better - worse,
            cells=len(seen.gain),
        )
    ]
