"""What a location model is asked and what it answers: where units may stand, who searches, the plan and its worth."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pulp
from numpy.typing import NDArray

from simsec.base.errors import RunError, say
from simsec.optimization.solving import NoPlanInTime, Solved, SolverName, Status, integral, solve

MODEL_SCALE = 1e4  # the prices of a model sum to about this, far above the solvers' absolute tolerances
RECHECK = 1e-6  # the model and the recount of its answer may differ by this share
ROUNDING = 1e-9  # a bound nearer than this share is met: what is left is floating point
_A_MOMENT_S = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class LocationSolution:
    """Where the units stand and what that is worth.

    Attributes:
        objective: what the model calls good of this plan, counted from ``counts`` (and ``assignment``, where it
            decides) without the solver: a cost, a number of sites or a weight covered.
        bound: no plan is better than this (the solver's dual bound): none costs less, none covers more.
        gap: distance between objective and bound as a share of the objective.
        sites: sites with at least one unit, ascending, shape (n,).
        counts: units at each site, shape (J,).
        assignment: the site that serves each demand, shape (I,), with -1 for none (the escape, not covered, weight 0
            and out of reach); or the site of each of its levels, shape (I, levels). Where the model leaves it open it
            is the cheapest site, and between equal costs the lowest site number.
        status: ``optimal`` within the gap asked for, or ``feasible`` when the time limit struck first.
        solver: name and version.
        seconds: wall-clock seconds, building included.
    """

    objective: float
    bound: float
    gap: float
    sites: NDArray[np.int64]
    counts: NDArray[np.int64]
    assignment: NDArray[np.int64]
    status: Status
    solver: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Stand:
    """Where units may stand: how many in all, and the least and most of them at each site, shape (J,)."""

    units: int
    least: NDArray[np.int64]
    most: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Search:
    """Who searches, and when to stop; ``started`` is a reading of the performance counter."""

    solver: SolverName
    time_limit_s: float | None
    gap: float
    started: float

    def seconds(self) -> float:
        """Since it started."""
        return time.perf_counter() - self.started

    def seconds_left(self) -> float | None:
        """Until the time limit, None without one."""
        # Never zero: a solver that is called at all is given a moment, and says itself that it found nothing.
        return None if self.time_limit_s is None else max(self.time_limit_s - self.seconds(), _A_MOMENT_S)

    def over(self) -> bool:
        """Whether the time limit has struck."""
        return self.time_limit_s is not None and self.seconds() >= self.time_limit_s

    def run(self, model: pulp.LpProblem) -> Solved | None:
        """Solve a model in the time that is left; None when that was too short for any plan."""
        if self.over():
            return None
        try:
            return solve(model, solver=self.solver, time_limit_s=self.seconds_left(), gap=self.gap)
        except RunError as error:
            # Hurried, CBC also stops in ways that it does not call a time limit.
            if isinstance(error, NoPlanInTime) or self.over():
                return None
            raise

    def nothing_found(self) -> RunError:
        """The error of a time limit without a plan."""
        template = "no plan found within {seconds:g} s; give it more time"
        return RunError(say(template, seconds=self.time_limit_s))


def unit_variables(model: pulp.LpProblem, stand: Stand) -> list[pulp.LpVariable]:
    """How many units stand at each site, as whole variables between the least and the most."""
    limits = zip(stand.least.tolist(), stand.most.tolist(), strict=True)
    return [model.add_variable(f"n_{j}", least, most, cat="Integer") for j, (least, most) in enumerate(limits)]


def add_total(model: pulp.LpProblem, here: list[pulp.LpVariable], sense: int, units: int) -> None:
    """The row that says how many units there are in all."""
    total = pulp.LpAffineExpression([(variable, 1.0) for variable in here])
    model.addConstraint(pulp.LpConstraint(total, sense, "all_units", units))


def counts_found(here: list[pulp.LpVariable], stand: Stand, solver: str, *, total: bool = True) -> NDArray[np.int64]:
    """The units the solver placed, shape (J,), held against what was allowed; ``total``: all must stand."""
    counts = np.array([integral(variable.value()) for variable in here], np.int64)
    allowed = bool(np.all((counts >= stand.least) & (counts <= stand.most)))
    if not allowed or (total and counts.sum() != stand.units):
        raise RunError(say("{solver}: its plan breaks the limits it was given", solver=solver))
    return counts


def confirmed_bound(solved: Solved, unit: float, objective: float, scale: float, gap: float, sense: int) -> float:
    """The solver's bound in the caller's unit, once its price of the plan has been held against the recount.

    Args:
        solved: what the solver said.
        unit: what one unit of the model's objective is worth.
        objective: of the plan, recounted.
        scale: what a usual plan is worth.
        gap: relative gap that the solver was allowed to leave.
        sense: ``pulp.LpMinimize`` or ``pulp.LpMaximize``.
    """
    price, bound, slack = solved.objective * unit, solved.bound * unit, RECHECK * scale
    # A plan may be better than the model says where the gap left something open, and never worse.
    worse = sense * (objective - price)
    if worse > slack or (solved.status == "optimal" and -worse > slack + gap * abs(objective)):
        template = "{solver}: the model's price {price} is not what its plan costs, {cost}"
        raise RunError(say(template, solver=solved.solver, price=price, cost=objective))
    distance = sense * (objective - bound)
    if distance < -slack:
        template = "{solver} contradicts itself: its plan costs {cost}, its bound is {bound}"
        raise RunError(say(template, solver=solved.solver, cost=objective, bound=bound))
    return objective if distance <= ROUNDING * scale else bound


def level_sites(order: NDArray[np.int64], counts: NDArray[np.int64], levels: int) -> NDArray[np.int64]:
    """The sites of each demand's nearest units, shape (I, levels).

    Args:
        order: each demand's sites, cheapest first, shape (I, J).
        counts: units at each site, at least ``levels`` of them in all.
        levels: how many units to name.

    Example:
        >>> level_sites(np.array([[2, 0, 1]]), np.array([1, 5, 2]), 4)
        array([[2, 2, 0, 1]])
    """
    units_within = np.cumsum(counts[order], axis=1)
    rank = np.stack([np.sum(units_within <= level, axis=1, dtype=np.int64) for level in range(levels)], axis=1)
    return np.take_along_axis(order, rank, axis=1)
