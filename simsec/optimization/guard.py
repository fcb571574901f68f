"""The guard of the other responders: a plan that serves one family better must not leave another worse.

Patrols and squads are asked for by more than the police: an evacuation of low ground, an escalation of medical help.
So every candidate is held against the plan it shall replace, family by family, on the same days. On the days that
choose it is refused where a family is worse beyond a tolerance and beyond chance, or by far on average. Before it is
accepted the burden is turned round (:func:`held`): every family must be *shown* to wait no longer than a stated margin
more, on as many further days, of the types that tell, as that takes. What stays undecided is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from simsec.analysis.intervals import Estimate, day_weights
from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import DayKey, Replications, primary_measure, strata
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

# A family is worse when its one-sided 95 % limit lies beyond this share of what it waits under the plan to be replaced.
TOLERANCE = 0.01
ONE_SIDED = 0.95
# So large a mean loss is refused also where the days are too few to tell it from chance: what is rare, such as help in
# a flood, must not be given away because nobody looked long enough.
LARGE = 0.1
# A family is shown to be no worse when its upper limit lies below this share of what it waits: with the spread that
# plans of the shipped areas showed from day to day (15 to 25 % of the mean) such a plan that changes nothing passes in
# three of four cases or more, and one under which a family waits longer by the margin in one of twenty at most.
MARGIN = 0.03
LOOKS = 4  # at most; each at an equal part of the error, so that all together err no more often than one
MOST_DAYS = 480  # of a type
TELLS = 0.1  # a type of day that carries less of the variance gets no further days


@dataclass(frozen=True, eq=False)
class Waited:
    """What the guard needs of days under one plan.

    Attributes:
        keys: which days.
        stratum: type of each, shape (days,).
        weighted: weighted minutes by family, shape (days, families).
    """

    keys: tuple[DayKey, ...]
    stratum: NDArray[np.int64]
    weighted: NDArray[np.float64]

    @classmethod
    def of(cls, *parts: Replications | Waited) -> Waited:
        """Of days played one part after the other."""
        return cls(
            tuple(key for part in parts for key in part.keys),
            np.concatenate([part.stratum for part in parts]),
            np.concatenate([part.weighted for part in parts]),
        )


@dataclass(frozen=True)
class Guarded:
    """How a family fares under a candidate.

    Attributes:
        family: a responder family.
        before: its weighted minutes under the plan to be replaced.
        loss: what the candidate adds to them, paired; low and high are each one-sided, at 95 % on the days that choose.
        tolerance: how much may be added, in the same minutes.
        large: how much may not be added on average even if chance could explain it.
        margin: how much may be hidden: more must be ruled out before the candidate is accepted.
        power: probability that it is ruled out at the limit of days if nothing is added; nan if that was not asked.
    """

    family: str
    before: Estimate
    loss: Estimate
    tolerance: float
    large: float
    margin: float = float("nan")
    power: float = float("nan")

    @property
    def shown(self) -> bool:
        """Whether more than the margin is ruled out."""
        return self.loss.high <= self.margin

    @property
    def worse(self) -> bool:
        """Whether the family is worse beyond the tolerance and beyond chance, or by far on average."""
        return self.loss.low > self.tolerance or self.loss.mean > self.large


@dataclass(frozen=True, eq=False)
class Refusal:
    """A candidate that the guard refused.

    Attributes:
        plan: the candidate.
        options: what made its model differ.
        stage: on which days: ``selection`` or ``acceptance``.
        guarded: the families that were worse, each with its loss.
    """

    plan: Plan
    options: str
    stage: str
    guarded: tuple[Guarded, ...]


def guard(
    scenario: Scenario,
    before: Replications | Waited,
    after: Replications | Waited,
    but: str = "security",
    tolerance: float = TOLERANCE,
    level: float = ONE_SIDED,
) -> tuple[Guarded, ...]:
    """Hold every other family under a candidate against the plan it shall replace.

    The test is one-sided and paired by day: a family is worse where the lower 95 % limit of its added weighted minutes
    exceeds ``tolerance`` times its minutes before; a mean loss above ``LARGE`` times them counts without it. A family
    of which nothing is expected is left out.

    Args:
        scenario: what is known.
        before: days under the plan to be replaced.
        after: the same days under the candidate.
        but: the family the candidate was made for.
        tolerance: share of the minutes before, 0 or more.
        level: of each one-sided limit.

    Raises:
        ValueError: the days differ.

    Example:
        >>> from simsec.analysis.replications import replicate
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> runs = replicate(scenario, doctrine(scenario), {"ordinary": 2, "heavy_rain": 2, "rumour": 2, "severe": 2})
        >>> [found.family for found in guard(scenario, runs, runs)], any(g.worse for g in guard(scenario, runs, runs))
        (['medical', 'logistics', 'hazard'], False)
    """
    if before.keys != after.keys:
        raise ValueError("the two plans were not played on the same days")
    found = []
    for number, family in enumerate(FAMILIES):
        was = primary_measure(scenario, before.weighted[:, number], before.stratum, family)
        if family == but or was.mean != was.mean:
            continue
        added = after.weighted[:, number] - before.weighted[:, number]
        loss = primary_measure(scenario, added, before.stratum, family, level=2 * level - 1)
        found.append(Guarded(family, was, loss, tolerance * was.mean, LARGE * was.mean, MARGIN * was.mean))
    return tuple(found)


def refused(found: tuple[Guarded, ...]) -> tuple[Guarded, ...]:
    """Those families that are worse."""
    return tuple(guarded for guarded in found if guarded.worse)


Play = Callable[[Mapping[str, int], Mapping[str, int]], tuple[Waited, Waited]]


def held(
    scenario: Scenario,
    before: Waited,
    after: Waited,
    more: Play,
    but: str = "security",
    most_days: int = MOST_DAYS,
) -> tuple[tuple[Guarded, ...], Waited, Waited]:
    """Look at further days until every other family is shown to wait no longer than the margin, or one cannot be.

    Group sequential: at most ``LOOKS`` looks, each with its part of the one-sided error (Bonferroni). Days go to the
    types that carry the variance of an undecided family's paired minutes, twice as many at each look. It ends early for
    the worse where even the most favourable mean that the days so far allow would not be shown at the limit of days.

    Args:
        scenario: what is known.
        before: days under the plan to be replaced.
        after: the same days under the candidate.
        more: given days played and days wanted of each type, plays the further ones under both plans.
        but: the family the candidate was made for.
        most_days: of a type.

    Returns:
        Every other family, and all days looked at under both plans. The candidate passes where all are ``shown``.
    """
    level = 1 - (1 - ONE_SIDED) / LOOKS
    found: tuple[Guarded, ...] = ()
    for look in range(LOOKS):
        open_types: set[str] = set()
        hopeless = False
        judged = []
        for guarded in guard(scenario, before, after, but, level=level):
            types = _telling(scenario, before, after, FAMILIES.index(guarded.family))
            played = {name: int(np.sum(before.stratum == DAY_TYPES.index(name))) for name in types}
            left = max((count / max(most_days, count) for count in played.values()), default=1.0) ** 0.5
            half = guarded.loss.high - guarded.loss.mean  # shrinks to half * left at the limit of days
            judged.append(_with_power(guarded, half * left, level))
            if not guarded.shown:
                room = {name for name, count in played.items() if count < most_days}
                hopeless |= not room or not guarded.loss.low + half * left <= guarded.margin
                open_types |= room
        found = tuple(judged)
        if hopeless or not open_types or look == LOOKS - 1:
            break
        have: dict[str, int] = {name: int(np.sum(before.stratum == number)) for number, name in enumerate(DAY_TYPES)}
        further = more(have, have | {name: min(2 * have[name], most_days) for name in open_types})
        before, after = Waited.of(before, further[0]), Waited.of(after, further[1])
    return found, before, after


def _with_power(guarded: Guarded, half_at_limit: float, level: float) -> Guarded:
    """With the probability that a family of which nothing is taken is shown to be so, at the limit of days."""
    z = float(ndtri(level))
    power = float(ndtr(z * guarded.margin / half_at_limit - z)) if half_at_limit > 0 else 1.0
    return replace(guarded, power=power)


def _telling(scenario: Scenario, before: Waited, after: Waited, family: int) -> list[str]:
    """Types of day that carry the variance of the paired minutes of a family."""
    added = after.weighted[:, family] - before.weighted[:, family]
    weights = day_weights(before.stratum, strata(scenario))
    if weights is None:
        return []
    numbers = np.unique(before.stratum[weights > 0]).tolist()
    parts = [float(np.var((weights * added)[before.stratum == n]) * np.sum(before.stratum == n)) for n in numbers]
    return [DAY_TYPES[n] for n, part in zip(numbers, parts, strict=True) if part > TELLS * sum(parts)]
