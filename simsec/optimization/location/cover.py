"""The set-covering model that several location models ask: the fewest units that reach every demand."""

from __future__ import annotations

import math

import numpy as np
import pulp
from numpy.typing import NDArray

from simsec.base.errors import RunError, say
from simsec.optimization.location.answer import (
    RECHECK,
    Search,
    Stand,
    add_total,
    confirmed_bound,
    counts_found,
    unit_variables,
)
from simsec.optimization.solving import Solved, garbage_collector_paused


def add_cover_rows(model: pulp.LpProblem, here: list[pulp.LpVariable], near: NDArray[np.bool_], required: int) -> None:
    """Each demand has ``required`` units near it; ``near``, shape (I, J): which sites those may stand at."""
    for row in least_cover_rows(near):
        units = pulp.LpAffineExpression([(here[j], 1.0) for j in np.flatnonzero(row)])
        model.addConstraint(pulp.LpConstraint(units, pulp.LpConstraintGE, None, required))


def least_cover_rows(near: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows that imply all others: who is near all sites that somebody else is near is covered with them.

    Example:
        >>> least_cover_rows(np.array([[1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 1, 1]], bool)).astype(int)
        array([[0, 1, 0]])
    """
    rows = np.unique(near, axis=0)
    # How many sites of row i are not in row k.
    outside = rows.astype(np.float32) @ (~rows).T.astype(np.float32)
    np.fill_diagonal(outside, 1.0)
    return rows[(outside > 0).all(axis=0)]


def fewest(
    near: NDArray[np.bool_], required: int, stand: Stand, search: Search
) -> tuple[Solved | None, NDArray[np.int64]]:
    """The plan of fewest units, shape (J,), and what the solver said of it; without a plan all sites are empty."""
    with garbage_collector_paused():
        model = pulp.LpProblem("cover")
        here = unit_variables(model, stand)
        model.setObjective(pulp.LpAffineExpression([(variable, 1.0) for variable in here]))
        add_cover_rows(model, here, near, required)
    solved = search.run(model)
    if solved is None or solved.status == "infeasible":
        return solved, np.zeros_like(stand.most)
    counts = counts_found(here, stand, solved.solver, total=False)
    if ((near @ counts) < required).any():
        raise RunError(say("{solver}: its plan leaves demands uncovered", solver=solved.solver))
    confirmed_bound(solved, 1.0, float(counts.sum()), float(counts.sum()), search.gap, pulp.LpMinimize)
    return solved, counts


def sites_bound(solved: Solved) -> int:
    """The solver's bound on a number of units, which is whole; 0 while it knows none."""
    return max(0, math.ceil(solved.bound - RECHECK)) if math.isfinite(solved.bound) else 0


def needed_units(near: NDArray[np.bool_], required: int, stand: Stand, search: Search) -> int | None:
    """How many units it takes at least to reach every demand, for a message; None when that is not known."""
    solved, _ = fewest(near, required, stand, search)
    return None if solved is None or solved.status == "infeasible" else sites_bound(solved)


def coverable(near: NDArray[np.bool_], stand: Stand, search: Search) -> tuple[Solved | None, NDArray[np.int64] | None]:
    """Whether at most ``stand.units`` sites cover every demand: what the solver said, and the sites if they do."""
    with garbage_collector_paused():
        model = pulp.LpProblem("cover_within")
        here = unit_variables(model, stand)
        add_total(model, here, pulp.LpConstraintLE, stand.units)
        add_cover_rows(model, here, near, 1)
    solved = search.run(model)
    if solved is None or solved.status == "infeasible":
        return solved, None
    counts = counts_found(here, stand, solved.solver, total=False)
    if counts.sum() > stand.units or not (near @ counts).all():
        raise RunError(say("{solver}: its plan leaves demands uncovered", solver=solved.solver))
    return solved, counts
