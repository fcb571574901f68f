"""The guard of the other responders: a plan that serves one family better must not leave another worse.

Patrols are asked for by more than the police: an evacuation of low ground, an escalation of medical help. A model that
prices only the police would spend them. So every candidate is held against the plan it shall replace, family by family,
on the same days, and refused where one family is worse beyond a tolerance and beyond chance, or by far on average.
"""

from __future__ import annotations

from dataclasses import dataclass

from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import Replications, primary_measure
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario

# A family is worse when its one-sided 95 % limit lies beyond this share of what it waits under the plan to be replaced.
TOLERANCE = 0.01
ONE_SIDED = 0.95
# So large a mean loss is refused also where the days are too few to tell it from chance: what is rare, such as help in
# a flood, must not be given away because nobody looked long enough.
LARGE = 0.1


@dataclass(frozen=True)
class Guarded:
    """How a family fares under a candidate.

    Attributes:
        family: a responder family.
        before: its weighted minutes under the plan to be replaced.
        loss: what the candidate adds to them, paired; low and high are each one-sided at 95 %.
        tolerance: how much may be added, in the same minutes.
        large: how much may not be added on average even if chance could explain it.
    """

    family: str
    before: Estimate
    loss: Estimate
    tolerance: float
    large: float

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
    scenario: Scenario, before: Replications, after: Replications, but: str = "security", tolerance: float = TOLERANCE
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
        loss = primary_measure(scenario, added, before.stratum, family, level=2 * ONE_SIDED - 1)
        found.append(Guarded(family, was, loss, tolerance * was.mean, LARGE * was.mean))
    return tuple(found)


def refused(found: tuple[Guarded, ...]) -> tuple[Guarded, ...]:
    """Those families that are worse."""
    return tuple(guarded for guarded in found if guarded.worse)
