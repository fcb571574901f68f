"""The radius form: units stand at sites, and a demand pays for its nearest unit, its second nearest and so on.

It is as tight as the assignment form and far smaller (Cornuejols, Nemhauser and Wolsey 1980; Elloumi 2010). A demand
first knows only its nearer sites. What lies beyond costs at least the next distance, so every solve gives a valid
bound; demands that the plan serves from farther away learn more of the map and the model is solved again, until none is
left (Garcia, Labbe and Marin 2011).
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pulp
from numpy.typing import NDArray

from simsec.base.errors import RunError, say
from simsec.optimization.location.answer import (
    MODEL_SCALE,
    RECHECK,
    ROUNDING,
    LocationSolution,
    Search,
    Stand,
    add_total,
    counts_found,
    level_sites,
    unit_variables,
)
from simsec.optimization.location.checks import too_few
from simsec.optimization.location.cover import add_cover_rows, needed_units
from simsec.optimization.solving import Solved, garbage_collector_paused, relative_gap

_FIRST_REACH = 1.5  # a demand first knows this many times its fair share of sites; fewer means more rounds
_FIRST_WAYS = 30_000  # ways from demands to sites in the first model; a larger one is slow to give its first bound


def solve_levels(
    prices: NDArray[np.float64],
    weights: NDArray[np.float64],
    share: NDArray[np.float64],
    stand: Stand,
    search: Search,
    asked_as: str,
) -> LocationSolution:
    """Solve with short maps, recount the plan on the whole map, lengthen the maps that were too short, repeat.

    Args:
        prices: cost of every demand from every site, shape (I, J), infinite where it cannot be.
        weights: shape (I,); who has none is served if it can be.
        share: how much of a demand each of its levels serves, shape (levels,), above 0.
        stand: where the units may stand.
        search: who searches, and until when.
        asked_as: what the caller calls the number of units.
    """
    rows, weight = _merged(prices, weights)
    n_known = np.isfinite(rows).sum(axis=1)
    order = np.argsort(rows, axis=1, kind="stable")
    spread = float(weight @ (np.where(np.isfinite(rows), rows, 0.0).max(axis=1) - rows.min(axis=1)))
    fair_share = len(share) * rows.shape[1] / stand.units
    affordable = max(_FIRST_WAYS / max(len(rows), 1), len(share))
    reach = np.minimum(n_known, math.ceil(min(_FIRST_REACH * fair_share, affordable)))
    counts, objective, bound, proven, name = stand.least, math.inf, -math.inf, False, ""
    while True:
        with garbage_collector_paused():
            model, here, price_unit = _radius_model(rows, weight, order, n_known, reach, share, stand)
        solved = search.run(model)
        if solved is None:
            break  # the plan and the bound of the round before stand
        name = solved.solver
        if solved.status == "infeasible":
            if n_known.min(initial=rows.shape[1]) < rows.shape[1]:
                raise too_few(asked_as, stand.units, needed_units(np.isfinite(rows), len(share), stand, search))
            template = "{solver} calls the model infeasible, although the units have room"
            raise RunError(say(template, solver=name))
        found = counts_found(here, stand, name)
        cost, served_for = _recount(rows, weight, order, share, found)
        short = _beyond(rows, order, n_known, reach, served_for[:, -1])
        slack = RECHECK * max(cost, spread)
        _confirm(solved, solved.objective * price_unit, cost, slack, search.gap, exact=not short.any())
        if cost < objective:
            counts, objective = found, cost
        bound = max(bound, solved.bound * price_unit)
        if bound > objective + slack:
            template = "{solver}: the bound {bound} lies above the cost of a plan, {cost}"
            raise RunError(say(template, solver=name, bound=bound, cost=objective))
        if objective - bound <= ROUNDING * max(objective, spread):
            bound = objective
        proven = objective - bound <= search.gap * objective or (solved.status == "optimal" and not short.any())
        if proven or solved.status != "optimal" or search.over():
            break
        reach = np.where(short, np.minimum(n_known, 2 * reach), reach)
    if math.isinf(objective):
        raise search.nothing_found()
    whole_order = np.argsort(prices, axis=1, kind="stable")
    asking = weights > 0
    recounted, _ = _recount(prices[asking], weights[asking], whole_order[asking], share, counts)
    if abs(recounted - objective) > RECHECK * max(objective, spread):
        template = "the plan costs {cost}, with equal demands merged {merged}"
        raise RunError(say(template, cost=recounted, merged=objective))
    bound = recounted if bound >= objective else min(bound, recounted)
    serving = level_sites(whole_order, counts, len(share))
    return LocationSolution(
        objective=recounted,
        bound=bound,
        gap=relative_gap(recounted, bound),
        sites=np.flatnonzero(counts),
        counts=counts,
        assignment=np.where(np.isfinite(np.take_along_axis(prices, serving, axis=1)), serving, -1),
        status="optimal" if proven else "feasible",
        solver=name,
        seconds=search.seconds(),
    )


def _confirm(solved: Solved, price: float, cost: float, slack: float, gap: float, *, exact: bool) -> None:
    """The model may price a plan too low where it knows too little, and too high by what the gap lets it leave open."""
    too_cheap = exact and price < cost - slack
    too_dear = solved.status == "optimal" and price > cost + slack + gap * price
    if too_cheap or too_dear:
        template = "{solver}: the model's price {price} is not what its plan costs, {cost}"
        raise RunError(say(template, solver=solved.solver, price=price, cost=cost))


def _merged(
    prices: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Demands that see the same prices as one, with their weights added up; demands without weight are left out."""
    rows, same = np.unique(prices[weights > 0], axis=0, return_inverse=True)
    merged = np.bincount(same.ravel(), weights=weights[weights > 0], minlength=len(rows))
    return rows, merged.astype(np.float64)


def _radius_model(
    rows: NDArray[np.float64],
    weight: NDArray[np.float64],
    order: NDArray[np.int64],
    n_known: NDArray[np.int64],
    reach: NDArray[np.int64],
    share: NDArray[np.float64],
    stand: Stand,
) -> tuple[pulp.LpProblem, list[pulp.LpVariable], float]:
    """The model of the nearer sites, its count of units per site, and what one of its price units is worth."""
    model = pulp.LpProblem("location")
    n_sites, n_levels = rows.shape[1], len(share)
    here = unit_variables(model, stand)
    add_total(model, here, pulp.LpConstraintEQ, stand.units)
    add_cover_rows(model, here, np.isfinite(rows[n_known < n_sites]), n_levels)
    falling = bool(np.all(np.diff(share) <= 0))
    usual = float(weight @ np.where(np.isfinite(rows), rows, 0.0).mean(axis=1)) or 1.0
    prices = []
    for i in range(len(rows)):
        cost = rows[i, order[i]]
        starts = [0, *(np.flatnonzero(np.diff(cost[: reach[i]])) + 1).tolist(), int(reach[i])]
        farther: list[pulp.LpVariable] = []  # z of the distance before: the levels that stand farther than that
        for k, (first, after) in enumerate(pairwise(starts)):
            if after == n_known[i]:
                break  # no level stands farther than the last distance
            before, farther = farther, [model.add_variable(f"z_{i}_{k}_{r}", 0.0, 1.0) for r in range(n_levels)]
            row = [(z, 1.0) for z in farther]
            row += [(here[j], 1.0) for j in order[i, first:after]]
            row += [(z, -1.0) for z in before]
            missing = 0.0 if before else float(n_levels)
            model.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(row), pulp.LpConstraintGE, None, missing))
            step = weight[i] * (cost[after] - cost[first]) * MODEL_SCALE / usual
            prices += [(z, float(step * q)) for z, q in zip(farther, share, strict=True)]
            if not falling:
                last = farther[-1]
                last.cat = pulp.LpInteger
                for z in farther[:-1]:
                    in_order = pulp.LpAffineExpression([(last, 1.0), (z, -1.0)])
                    model.addConstraint(pulp.LpConstraint(in_order, pulp.LpConstraintGE, None, 0.0))
    at_best = float(weight @ rows.min(axis=1)) * MODEL_SCALE / usual
    model.setObjective(pulp.LpAffineExpression(prices, constant=at_best))
    return model, here, usual / MODEL_SCALE


def _recount(
    prices: NDArray[np.float64],
    weights: NDArray[np.float64],
    order: NDArray[np.int64],
    share: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> tuple[float, NDArray[np.float64]]:
    """What a plan costs, and the price of each level of each demand, shape (I, levels)."""
    served_for = np.take_along_axis(prices, level_sites(order, counts, len(share)), axis=1)
    return float(weights @ (served_for @ share)), served_for


def _beyond(
    rows: NDArray[np.float64],
    order: NDArray[np.int64],
    n_known: NDArray[np.int64],
    reach: NDArray[np.int64],
    dearest: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Demands served from farther away than the first site they do not know, which is all the model lets them pay."""
    each = np.arange(len(rows))
    horizon = rows[each, order[each, np.minimum(reach, rows.shape[1] - 1)]]
    short: NDArray[np.bool_] = (reach < n_known) & (dearest > horizon)
    return short
