"""The loop: simulate doctrine, measure how busy units are, try a portfolio of models, accept on a paired test."""

from __future__ import annotations

from dataclasses import dataclass

from simsec.analysis.intervals import Estimate
from simsec.plan.plan import Plan


@dataclass(frozen=True)
class Candidate:
    """A plan that was tried on the selection days.

    Attributes:
        plan: the plan.
        origin: ``doctrine`` or ``model``.
        measure: primary measure on the selection days.
        gain: over the best of the doctrine family, paired; nan for the doctrine itself.
        objective, bound, gap: of the model that made it, nan for doctrine.
        solver: name and version, "" for doctrine.
        seconds: the solver took.
        time_limit_struck: whether the clock stopped the solver before its gap did.
        options: what made the model differ, in words.
    """

    plan: Plan
    origin: str
    measure: Estimate
    gain: Estimate
    objective: float = float("nan")
    bound: float = float("nan")
    gap: float = float("nan")
    solver: str = ""
    seconds: float = 0.0
    time_limit_struck: bool = False
    options: str = ""


@dataclass(frozen=True, eq=False)
class Search:
    """What the search found.

    Attributes:
        announced: the announced doctrine.
        best_doctrine: the member of the family with the least measure on the selection days.
        chosen: the plan proposed; the best doctrine itself when no candidate passed.
        accepted: whether a candidate beat the best doctrine in the paired test.
        candidates: everything tried, doctrine first.
        training_days, selection_days: how many, in all.
    """

    announced: Plan
    best_doctrine: Plan
    chosen: Plan
    accepted: bool
    candidates: tuple[Candidate, ...]
    training_days: int
    selection_days: int
