"""The least weighted cost: p-median (ReVelle and Swain 1970) and its units that are sometimes busy (Daskin 1983)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simsec.base.errors import InputError, Problem
from simsec.optimization.location.answer import LocationSolution, Search
from simsec.optimization.location.checks import (
    check_busy,
    check_whole,
    checked_cost,
    checked_escape,
    checked_room,
    checked_stand,
    checked_weight,
    out_of_reach,
)
from simsec.optimization.location.radius import solve_levels
from simsec.optimization.solving import SolverName, option_problems


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
        cost: shape (I, J), 0 or more; infinite where a site cannot serve a demand.
        p: how many sites to open.
        weight: shape (I,), 0 or more; a demand of weight 0 need not be served.
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
    prices = checked_cost(cost, problems)
    n_demands, n_sites = prices.shape
    weights = checked_weight(weight, n_demands, problems)
    escapes = checked_escape(escape, n_demands, problems)
    if nearest is not None and check_whole("nearest", nearest, problems) and nearest < n_sites and escape is None:
        problems.append(Problem("escape", "missing: all of the nearest sites may be closed", "give its price"))
    stand = checked_stand("p", p, np.ones(n_sites, np.int64), fixed_open, fixed_closed, problems)
    problems = problems or (out_of_reach(prices, stand, weights > 0) if escapes is None else [])
    if problems:
        raise InputError(problems)
    if nearest is not None and nearest < n_sites:
        beyond = np.argsort(prices, axis=1, kind="stable")[:, nearest:]
        prices = prices.copy()
        np.put_along_axis(prices, beyond, np.inf, axis=1)
    if escapes is not None:
        prices = np.minimum(prices, escapes[:, None])
    answer = solve_levels(prices, weights, np.ones(1), stand, Search(solver, time_limit, gap, started), "p")
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
        cost: shape (I, J), 0 or more; infinite where a site cannot serve a demand.
        units: how many units there are.
        busy: probability that a unit is busy, 0 <= busy < 1.
        levels: how many of the nearest units are looked at; more levels than units, and levels that never serve because
            busy is 0, are cut.
        weight: shape (I,), 0 or more; a demand of weight 0 need not be served.
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
    prices = checked_cost(cost, problems)
    weights = checked_weight(weight, len(prices), problems)
    check_busy(busy, problems)
    check_whole("levels", levels, problems)
    rooms = checked_room(room, prices.shape[1], units, problems)
    stand = checked_stand("units", units, rooms, fixed_open, fixed_closed, problems)
    if problems:
        raise InputError(problems)
    share = _level_shares(busy, min(levels, units))
    problems = out_of_reach(prices, stand, weights > 0, len(share))
    if problems:
        raise InputError(problems)
    return solve_levels(prices, weights, share, stand, Search(solver, time_limit, gap, started), "units")


def _level_shares(busy: float, levels: int) -> NDArray[np.float64]:
    """Probability that level r serves, shape (levels,); the last level takes what is left; no level is idle."""
    share = np.array([(1.0 - busy) * busy**r for r in range(levels - 1)] + [busy ** (levels - 1)], np.float64)
    return share[share > 0]
