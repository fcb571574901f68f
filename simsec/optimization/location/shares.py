"""The most weight covered, where each further unit within the radius adds a share of a demand's weight."""

from __future__ import annotations

import numpy as np
import pulp
from numpy.typing import NDArray

from simsec.base.errors import RunError, say
from simsec.optimization.location.answer import (
    MODEL_SCALE,
    LocationSolution,
    Search,
    Stand,
    add_total,
    confirmed_bound,
    counts_found,
    level_sites,
    unit_variables,
)
from simsec.optimization.location.checks import too_few
from simsec.optimization.location.cover import add_cover_rows, needed_units
from simsec.optimization.solving import garbage_collector_paused, relative_gap

_NO_SHARE = 1e-12  # a further unit that adds less than this share of a weight is left out of the model


def covering_sites(
    prices: NDArray[np.float64], radius: float, counts: NDArray[np.int64], levels: int
) -> NDArray[np.int64]:
    """The sites of the nearest units within the radius, shape (I, levels), then -1."""
    standing = min(levels, int(counts.sum()))
    serving = level_sites(np.argsort(prices, axis=1, kind="stable"), counts, standing)
    covering = np.where(np.take_along_axis(prices, serving, axis=1) <= radius, serving, -1)
    return np.pad(covering, ((0, 0), (0, levels - standing)), constant_values=-1)


def solve_cover(
    prices: NDArray[np.float64],
    radius: float,
    weights: NDArray[np.float64],
    share: NDArray[np.float64],
    required: int,
    stand: Stand,
    search: Search,
) -> LocationSolution:
    """Cover the most.

    Args:
        prices: cost of every demand from every site, shape (I, J).
        radius: covered within this cost.
        weights: shape (I,).
        share: what each further unit adds of a demand's weight, shape (K,), falling.
        required: units that every demand must have before any of them adds a share.
        stand: where the units may stand.
        search: who searches, and until when.
    """
    near = prices <= radius
    rows, weight = _merged(near & (stand.most > 0), weights)
    worth_having = int(np.count_nonzero(share >= _NO_SHARE))
    with garbage_collector_paused():
        model, here, unit = _cover_model(near, rows, weight, share[:worth_having], required, stand)
    solved = search.run(model)
    if solved is None:
        raise search.nothing_found()
    if solved.status == "infeasible":
        if required:
            raise too_few("units", stand.units, needed_units(near, required, stand, search))
        template = "{solver} calls the model infeasible, although the units have room"
        raise RunError(say(template, solver=solved.solver))
    counts = counts_found(here, stand, solved.solver)
    units_near = near @ counts
    if (units_near < required).any():
        raise RunError(say("{solver}: its plan leaves demands uncovered", solver=solved.solver))
    covered = np.concatenate([[0.0], np.cumsum(share)])
    total = float(weights.sum())
    objective = float(weights @ covered[np.minimum(units_near - required, len(share))])
    bound = min(confirmed_bound(solved, unit, objective, total, search.gap, pulp.LpMaximize), total)
    return LocationSolution(
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        sites=np.flatnonzero(counts),
        counts=counts,
        assignment=covering_sites(prices, radius, counts, required + len(share)),
        status=solved.status,
        solver=solved.solver,
        seconds=search.seconds(),
    )


def _merged(near: NDArray[np.bool_], weights: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Demands near the same sites as one, with their weights added up; who has no weight or no site is left out."""
    counting = (weights > 0) & near.any(axis=1)
    rows, same = np.unique(near[counting], axis=0, return_inverse=True)
    merged = np.bincount(same.ravel(), weights=weights[counting], minlength=len(rows))
    return rows, merged.astype(np.float64)


def _cover_model(
    near: NDArray[np.bool_],
    rows: NDArray[np.bool_],
    weight: NDArray[np.float64],
    share: NDArray[np.float64],
    required: int,
    stand: Stand,
) -> tuple[pulp.LpProblem, list[pulp.LpVariable], float]:
    """The model, its count of units per site, and what one unit of its objective is worth."""
    model = pulp.LpProblem("most_covered", pulp.LpMaximize)
    here = unit_variables(model, stand)
    add_total(model, here, pulp.LpConstraintEQ, stand.units)
    if required:
        add_cover_rows(model, here, near, required)
    unit = (float(weight.sum()) or 1.0) / MODEL_SCALE
    worth = []
    for i, row in enumerate(rows):
        sites = np.flatnonzero(row)
        most = min(len(share), int(stand.most[sites].sum()))
        further = [model.add_variable(f"z_{i}_{k}", 0.0, 1.0) for k in range(most)]
        terms = [(here[j], 1.0) for j in sites] + [(z, -1.0) for z in further]
        model.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), pulp.LpConstraintGE, None, required))
        worth += [(z, float(weight[i] * q / unit)) for z, q in zip(further, share, strict=False)]
    model.setObjective(pulp.LpAffineExpression(worth))
    return model, here, unit
