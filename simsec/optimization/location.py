"""Classical location models on plain arrays: prices in, sites and people's way to them out.

Every model takes ``cost``, shape (I, J): what it costs that demand i is served from site j, in any unit, and
``weight``, shape (I,): how much a demand counts (1 each by default). Every answer carries the solver's own dual bound,
and its objective is counted again from the sites alone before it is handed out.

Both models here are one: units stand at sites, and a demand pays for its nearest unit, its second nearest and so on
with given shares. It is written in the radius form (Cornuejols, Nemhauser and Wolsey 1980; Elloumi 2010), which is as
tight as the assignment form and far smaller. A demand first knows only its nearer sites. What lies beyond costs at
least the next distance, so every solve gives a valid bound; demands that the plan serves from farther away learn more
of the map and the model is solved again, until none is left (Garcia, Labbe and Marin 2011).
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pulp
from numpy.typing import ArrayLike, NDArray

from simsec.base.errors import InputError, Problem, RunError, say
from simsec.optimization.solving import (
    Solved,
    SolverName,
    Status,
    garbage_collector_paused,
    integral,
    option_problems,
    relative_gap,
    solve,
)

_FIRST_REACH = 1.5  # a demand first knows this many times its fair share of sites; fewer means more rounds
_MODEL_SCALE = 1e4  # the model's prices sum to about this, far above the solvers' absolute tolerances
_RECHECK = 1e-6  # the model and the recount of its answer may differ by this share
_ROUNDING = 1e-9  # a bound nearer than this share is met: what is left is floating point
_A_MOMENT_S = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class LocationSolution:
    """Where the units stand and what that is worth.

    Attributes:
        objective: weighted cost of the plan, counted from ``counts`` without the solver.
        bound: no plan costs less (the solver's dual bound).
        gap: (objective - bound) / objective.
        sites: sites with at least one unit, ascending, shape (n,).
        counts: units at each site, shape (J,).
        assignment: the site that serves each demand, shape (I,), with -1 for the escape; or the site of each of its
            levels, shape (I, levels). Between equal costs it is the lowest site number.
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
class _Stand:
    """Where units may stand: how many in all, and the least and most of them at each site, shape (J,)."""

    units: int
    least: NDArray[np.int64]
    most: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Search:
    """Who searches, and when to stop; ``started`` is a reading of the performance counter."""

    solver: SolverName
    time_limit_s: float | None
    gap: float
    started: float

    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def seconds_left(self) -> float | None:
        # Never zero: a solver that is called at all is given a moment, and says itself that it found nothing.
        return None if self.time_limit_s is None else max(self.time_limit_s - self.seconds(), _A_MOMENT_S)

    def over(self) -> bool:
        return self.time_limit_s is not None and self.seconds() >= self.time_limit_s


def p_median(
    cost: ArrayLike,
    *,
    p: int,
    weight: ArrayLike | None = None,
    nearest: int | None = None,
    escape: ArrayLike | None = None,
    fixed_open: Sequence[int] = (),
    fixed_closed: Sequence[int] = (),
    solver: SolverName = "highs",
    time_limit: float | None = None,
    gap: float = 1e-6,
) -> LocationSolution:
    r"""Open p sites so that the weighted cost from every demand to its cheapest open site is least.

    In the words of ReVelle and Swain (1970), with y_j = 1 for an open site and x_ij for demand i served from j::

        min  sum_i w_i sum_j c_ij x_ij
        s.t. sum_j x_ij = 1,  x_ij <= y_j,  sum_j y_j = p,  y_j in {0, 1},  x_ij >= 0

    solved in the radius form: D_i1 < D_i2 < ... are the distinct costs of demand i, and z_ik = 1 if no site within D_ik
    is open::

        min  sum_i w_i (D_i1 + sum_k (D_i,k+1 - D_ik) z_ik)
        s.t. z_ik + sum_{j: c_ij = D_ik} y_j >= z_i,k-1  (z_i0 = 1),  sum_j y_j = p,  y_j in {0, 1},  z_ik >= 0

    Args:
        cost: shape (I, J), 0 or more; infinite (not to be reached) only together with ``escape``.
        p: how many sites to open.
        weight: shape (I,), 0 or more.
        nearest: a demand may only be served by this many of its cheapest sites, or pay ``escape``.
        escape: price of being served by no site, one for all or shape (I,); dearer sites are never used.
        fixed_open: sites that must be open.
        fixed_closed: sites that must not.
        solver: ``highs`` or ``cbc``.
        time_limit: seconds after which the best plan so far is taken.
        gap: relative gap at which to stop.

    Raises:
        InputError: anything wrong or impossible in what was given, all of it at once.
        RunError: the solver gave no answer, or one that the recount does not confirm.

    Example:
        >>> villages = np.array([0.0, 1.0, 2.0, 10.0, 11.0])
        >>> answer = p_median(np.abs(villages[:, None] - villages), p=2, weight=[1, 1, 1, 1, 3])
        >>> answer.sites, answer.objective, answer.assignment
        (array([1, 4]), 3.0, array([1, 1, 1, 4, 4]))
    """
    started = time.perf_counter()
    problems = option_problems(solver, time_limit, gap)
    prices, weights = _checked_demand(cost, weight, unreachable_allowed=escape is not None, problems=problems)
    n_sites = prices.shape[1]
    escapes = _checked_escape(escape, prices.shape[0], problems)
    if nearest is not None and _check_whole("nearest", nearest, problems) and nearest < n_sites and escape is None:
        problems.append(Problem("escape", "missing: all of the nearest sites may be closed", "give its price"))
    stand = _checked_stand("p", p, np.ones(n_sites, np.int64), fixed_open, fixed_closed, problems)
    if problems:
        raise InputError(problems)
    if nearest is not None and nearest < n_sites:
        beyond = np.argsort(prices, axis=1, kind="stable")[:, nearest:]
        prices = prices.copy()
        np.put_along_axis(prices, beyond, np.inf, axis=1)
    if escapes is not None:
        prices = np.minimum(prices, escapes[:, None])
    answer = _solve_levels(prices, weights, np.ones(1), stand, _Search(solver, time_limit, gap, started))
    serving = answer.assignment[:, 0]
    if escapes is not None:
        serving = np.where(prices[np.arange(len(serving)), serving] < escapes, serving, -1)
    return replace(answer, assignment=serving)


def expected_p_median(
    cost: ArrayLike,
    *,
    units: int,
    busy: float,
    levels: int,
    weight: ArrayLike | None = None,
    room: ArrayLike | None = None,
    fixed_open: Sequence[int] = (),
    fixed_closed: Sequence[int] = (),
    solver: SolverName = "highs",
    time_limit: float | None = None,
    gap: float = 1e-6,
) -> LocationSolution:
    r"""Place equal units that are sometimes busy so that the expected weighted cost is least.

    Daskin's (1983) busy units with the levels of Snyder and Daskin (2005): units are busy independently with
    probability b, so the r-th nearest unit of a demand serves it with probability q_r = (1 - b) b^(r-1), and the last
    level takes the rest, q_L = b^(L-1). With n_j units at site j and x_ijr = 1 if level r of demand i stands at j::

        min  sum_i w_i sum_r q_r sum_j c_ij x_ijr
        s.t. sum_j x_ijr = 1,  sum_r x_ijr <= n_j,  sum_j n_j = units,  0 <= n_j <= room_j, whole,
             levels in order of cost

    solved in the radius form: D_i1 < D_i2 < ... are the distinct costs of demand i, z_ikr = 1 if its level r stands
    farther than D_ik::

        min  sum_i w_i (D_i1 + sum_k (D_i,k+1 - D_ik) sum_r q_r z_ikr)
        s.t. sum_r z_ikr + sum_{j: c_ij = D_ik} n_j >= sum_r z_i,k-1,r  (z_i0r = 1),  0 <= z_ikr <= 1

    The levels keep their order by themselves while q falls. For b > 1/2 the last share exceeds the one before, and
    z_ikr <= z_ikL with whole z_ikL keeps it; such models are much harder.

    Args:
        cost: shape (I, J), finite and 0 or more.
        units: how many units there are.
        busy: probability that a unit is busy, 0 <= busy < 1.
        levels: how many of the nearest units are looked at; more levels than units are cut to the units.
        weight: shape (I,), 0 or more.
        room: how many units fit at each site, shape (J,); None for no limit.
        fixed_open: sites that must have at least one unit.
        fixed_closed: sites that must have none.
        solver: ``highs`` or ``cbc``.
        time_limit: seconds after which the best plan so far is taken.
        gap: relative gap at which to stop.

    Raises:
        InputError: anything wrong or impossible in what was given, all of it at once.
        RunError: the solver gave no answer, or one that the recount does not confirm.

    Example:
        >>> villages = np.array([0.0, 1.0, 2.0, 10.0])
        >>> answer = expected_p_median(np.abs(villages[:, None] - villages), units=2, busy=0.25, levels=2)
        >>> answer.counts, round(answer.objective, 6), answer.assignment[3]
        (array([0, 1, 1, 0]), 10.0, array([2, 1]))
    """
    started = time.perf_counter()
    problems = option_problems(solver, time_limit, gap)
    prices, weights = _checked_demand(cost, weight, unreachable_allowed=False, problems=problems)
    if not 0.0 <= busy < 1.0:
        problems.append(_wrong("busy", "not a busy probability", busy, "0 <= busy < 1"))
    _check_whole("levels", levels, problems)
    rooms = _checked_room(room, prices.shape[1], units, problems)
    stand = _checked_stand("units", units, rooms, fixed_open, fixed_closed, problems)
    if problems:
        raise InputError(problems)
    share = _level_shares(busy, min(levels, units))
    return _solve_levels(prices, weights, share, stand, _Search(solver, time_limit, gap, started))


def _level_shares(busy: float, levels: int) -> NDArray[np.float64]:
    """Probability that level r serves, shape (levels,); the last level takes what is left."""
    return np.array([(1.0 - busy) * busy**r for r in range(levels - 1)] + [busy ** (levels - 1)], np.float64)


def _solve_levels(
    prices: NDArray[np.float64],
    weights: NDArray[np.float64],
    share: NDArray[np.float64],
    stand: _Stand,
    search: _Search,
) -> LocationSolution:
    """Solve with short maps, recount the plan on the whole map, lengthen the maps that were too short, repeat."""
    rows, weight = _merged(prices, weights)
    n_sites = rows.shape[1]
    order = np.argsort(rows, axis=1, kind="stable")
    spread = float(weight @ np.ptp(rows, axis=1))
    reach = np.full(len(rows), min(n_sites, math.ceil(_FIRST_REACH * len(share) * n_sites / stand.units)))
    counts, objective, bound, proven = stand.least, math.inf, -math.inf, False
    while True:
        with garbage_collector_paused():
            model, here, price_unit = _radius_model(rows, weight, order, reach, share, stand)
        try:
            solved = solve(model, solver=search.solver, time_limit_s=search.seconds_left(), gap=search.gap)
        except RunError as error:
            if not search.over():
                raise
            if math.isinf(objective):
                template = "no plan found within {seconds:g} s; give it more time"
                raise RunError(say(template, seconds=search.time_limit_s)) from error
            break  # the plan and the bound of the round before stand
        if solved.status == "infeasible":
            template = "{solver} calls the model infeasible, although the units have room"
            raise RunError(say(template, solver=solved.solver))
        found = np.array([integral(variable.value()) for variable in here], np.int64)
        cost, rank = _recount(rows, weight, order, share, found)
        short = _beyond(rows, order, reach, rank[:, -1])
        slack = _RECHECK * max(cost, spread)
        _confirm(solved, solved.objective * price_unit, cost, slack, search.gap, exact=not short.any())
        if cost < objective:
            counts, objective = found, cost
        bound = max(bound, solved.bound * price_unit)
        if bound > objective + slack:
            template = "{solver}: the bound {bound} lies above the cost of a plan, {cost}"
            raise RunError(say(template, solver=solved.solver, bound=bound, cost=objective))
        if objective - bound <= _ROUNDING * max(objective, spread):
            bound = objective
        proven = objective - bound <= search.gap * objective or (solved.status == "optimal" and not short.any())
        if proven or solved.status != "optimal" or search.over():
            break
        reach = np.where(short, np.minimum(n_sites, 2 * reach), reach)
    whole_order = np.argsort(prices, axis=1, kind="stable")
    recounted, rank = _recount(prices, weights, whole_order, share, counts)
    if abs(recounted - objective) > _RECHECK * max(objective, spread):
        template = "the plan costs {cost}, with equal demands merged {merged}"
        raise RunError(say(template, cost=recounted, merged=objective))
    bound = recounted if bound >= objective else min(bound, recounted)
    return LocationSolution(
        objective=recounted,
        bound=bound,
        gap=relative_gap(recounted, bound),
        sites=np.flatnonzero(counts),
        counts=counts,
        assignment=np.take_along_axis(whole_order, rank, axis=1),
        status="optimal" if proven else "feasible",
        solver=solved.solver,
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
    reach: NDArray[np.int64],
    share: NDArray[np.float64],
    stand: _Stand,
) -> tuple[pulp.LpProblem, list[pulp.LpVariable], float]:
    """The model of the nearer sites, its count of units per site, and what one of its price units is worth."""
    model = pulp.LpProblem("location")
    n_sites, n_levels = rows.shape[1], len(share)
    limits = zip(stand.least.tolist(), stand.most.tolist(), strict=True)
    here = [model.add_variable(f"n_{j}", least, most, cat="Integer") for j, (least, most) in enumerate(limits)]
    units = pulp.LpAffineExpression([(variable, 1.0) for variable in here])
    model.addConstraint(pulp.LpConstraint(units, pulp.LpConstraintEQ, "all_units_stand_somewhere", stand.units))
    falling = bool(np.all(np.diff(share) <= 0))
    usual = float(weight @ rows.mean(axis=1)) or 1.0
    prices = []
    for i in range(len(rows)):
        cost = rows[i, order[i]]
        starts = [0, *(np.flatnonzero(np.diff(cost[: reach[i]])) + 1).tolist(), int(reach[i])]
        farther: list[pulp.LpVariable] = []  # z of the distance before: the levels that stand farther than that
        for k, (first, after) in enumerate(pairwise(starts)):
            if after == n_sites:
                break  # nothing stands farther than the last distance
            before, farther = farther, [model.add_variable(f"z_{i}_{k}_{r}", 0.0, 1.0) for r in range(n_levels)]
            row = [(z, 1.0) for z in farther]
            row += [(here[j], 1.0) for j in order[i, first:after]]
            row += [(z, -1.0) for z in before]
            missing = 0.0 if before else float(n_levels)
            model.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(row), pulp.LpConstraintGE, None, missing))
            step = weight[i] * (cost[after] - cost[first]) * _MODEL_SCALE / usual
            prices += [(z, float(step * q)) for z, q in zip(farther, share, strict=True)]
            if not falling:
                last = farther[-1]
                last.cat = pulp.LpInteger
                for z in farther[:-1]:
                    in_order = pulp.LpAffineExpression([(last, 1.0), (z, -1.0)])
                    model.addConstraint(pulp.LpConstraint(in_order, pulp.LpConstraintGE, None, 0.0))
    at_best = float(weight @ rows.min(axis=1)) * _MODEL_SCALE / usual
    model.setObjective(pulp.LpAffineExpression(prices, constant=at_best))
    return model, here, usual / _MODEL_SCALE


def _recount(
    prices: NDArray[np.float64],
    weights: NDArray[np.float64],
    order: NDArray[np.int64],
    share: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> tuple[float, NDArray[np.int64]]:
    """What a plan costs, and the rank of the site of each level in each demand's order, shape (I, levels)."""
    units_within = np.cumsum(counts[order], axis=1)
    rank = np.stack([np.sum(units_within <= level, axis=1, dtype=np.int64) for level in range(len(share))], axis=1)
    cost = np.take_along_axis(prices, np.take_along_axis(order, rank, axis=1), axis=1)
    return float(weights @ (cost @ share)), rank


def _beyond(
    rows: NDArray[np.float64], order: NDArray[np.int64], reach: NDArray[np.int64], rank: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Demands served from farther away than the first site they do not know, which is all the model lets them pay."""
    each = np.arange(len(rows))
    horizon = rows[each, order[each, np.minimum(reach, rows.shape[1] - 1)]]
    short: NDArray[np.bool_] = (reach < rows.shape[1]) & (rows[each, order[each, rank]] > horizon)
    return short


def _wrong(name: str, what: str, value: object, bound: str) -> Problem:
    return Problem(name, what, value=str(value), bound=bound)


def _check_whole(name: str, value: int, problems: list[Problem]) -> bool:
    if isinstance(value, int | np.integer) and value >= 1:
        return True
    problems.append(_wrong(name, "not a count to work with", value, "a whole number, 1 or more"))
    return False


def _checked_demand(
    cost: ArrayLike, weight: ArrayLike | None, *, unreachable_allowed: bool, problems: list[Problem]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    prices = np.asarray(cost, np.float64)
    if prices.ndim != 2 or 0 in prices.shape:  # nothing else can be checked against it
        raise InputError([_wrong("cost", "not a table of demands by sites", prices.shape, "shape (I, J)")])
    usable = (prices >= 0) & (np.isfinite(prices) | (unreachable_allowed & ~np.isnan(prices)))
    if not usable.all():
        i, j = np.argwhere(~usable)[0].tolist()
        template = "{n} of them cannot be used, the first from demand {demand} to site {site}"
        what = say(template, n=np.count_nonzero(~usable), demand=i, site=j)
        problems.append(_wrong("cost", what, prices[i, j], "0 or more; infinite only together with an escape"))
    weights = np.ones(len(prices)) if weight is None else np.asarray(weight, np.float64)
    if weights.shape != (len(prices),):
        bound = say("shape {shape}", shape=(len(prices),))
        problems.append(_wrong("weight", "not one for each demand", weights.shape, bound))
    elif not (good := np.isfinite(weights) & (weights >= 0)).all():
        i = int(np.argmin(good))
        what = say("demand {demand} cannot weigh this", demand=i)
        problems.append(_wrong("weight", what, weights[i], "finite, 0 or more"))
    return prices, weights


def _checked_escape(escape: ArrayLike | None, n_demands: int, problems: list[Problem]) -> NDArray[np.float64] | None:
    if escape is None:
        return None
    escapes = np.asarray(escape, np.float64)
    if escapes.shape not in ((), (n_demands,)):
        bound = say("shape () or ({demands},)", demands=n_demands)
        problems.append(_wrong("escape", "not one for each demand", escapes.shape, bound))
        return None
    if not np.all(np.isfinite(escapes) & (escapes >= 0)):
        problems.append(_wrong("escape", "not a price", escapes.min(), "finite, 0 or more"))
    return np.broadcast_to(escapes, (n_demands,))


def _checked_room(room: ArrayLike | None, n_sites: int, units: int, problems: list[Problem]) -> NDArray[np.int64]:
    if room is not None:
        rooms = np.asarray(room)
        if rooms.shape == (n_sites,) and np.issubdtype(rooms.dtype, np.integer) and rooms.min() >= 0:
            return rooms.astype(np.int64)
        bound = say("{n} whole numbers, 0 or more", n=n_sites)
        problems.append(_wrong("room", "not one for each site", room, bound))
    return np.full(n_sites, units, np.int64)


def _checked_stand(
    name: str,
    units: int,
    room: NDArray[np.int64],
    fixed_open: Sequence[int],
    fixed_closed: Sequence[int],
    problems: list[Problem],
) -> _Stand:
    """Where the units may stand; ``name`` is what the caller calls their number."""
    least, most = np.zeros(len(room), np.int64), room.copy()
    for option, sites, limit, units_there in (
        ("fixed_open", fixed_open, least, 1),
        ("fixed_closed", fixed_closed, most, 0),
    ):
        unknown = [j for j in sites if not 0 <= j < len(room)]
        if unknown:
            bound = say("{low} to {high}", low=0, high=len(room) - 1)
            problems.append(_wrong(option, "no such sites", unknown, bound))
        else:
            limit[list(sites)] = units_there
    if (least > most).any():
        shut = np.flatnonzero(least > most).tolist()
        problems.append(_wrong("fixed_open", "sites that are closed or have no room", shut, "sites with room"))
    if not _check_whole(name, units, problems):
        return _Stand(1, least, most)
    if units > most.sum():
        problems.append(_wrong(name, "more than there is room for", units, say("{most} or fewer", most=most.sum())))
    if units < least.sum():
        bound = say("{least} or more", least=least.sum())
        problems.append(_wrong(name, "too few for the sites of fixed_open", units, bound))
    return _Stand(int(units), least, np.minimum(most, units))
