"""Covering models: who has a unit within the radius, who has a second, and who still has one when units are busy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from simsec.base.errors import InputError
from simsec.optimization.location.answer import LocationSolution, Search, Stand
from simsec.optimization.location.checks import (
    check_busy,
    check_radius,
    checked_cost,
    checked_limits,
    checked_room,
    checked_stand,
    checked_weight,
    not_covered,
)
from simsec.optimization.location.cover import fewest, sites_bound
from simsec.optimization.location.shares import covering_sites, solve_cover
from simsec.optimization.solving import SolverName, option_problems, relative_gap


def lscp(
    cost: ArrayLike,
    *,
    radius: float,
    fixed_open: Sequence[int] = (),
    fixed_closed: Sequence[int] = (),
    solver: SolverName = "highs",
    time_limit: float | None = None,
    gap: float = 1e-6,
) -> LocationSolution:
    r"""Open the fewest sites that cover every demand: the location set covering problem of Toregas et al. (1971).

    With N_i = {j: c_ij <= radius} and y_j = 1 for an open site::

        min  sum_j y_j
        s.t. sum_{j in N_i} y_j >= 1  for every i,  y_j in {0, 1}

    Args:
        cost: shape (I, J), 0 or more; infinite where a site cannot serve a demand.
        radius: a demand is covered from a site at this cost or less.
        fixed_open: sites that must be open; they count.
        fixed_closed: sites that must not.
        solver: ``highs`` or ``cbc``.
        time_limit: seconds after which the best plan so far is taken.
        gap: relative gap at which to stop.

    Returns:
        ``objective`` is the number of open sites, ``bound`` the solver's bound rounded up to a whole site.

    Raises:
        InputError: anything wrong in what was given; or demands that no site covers, named with the radius that would.
        RunError: the solver gave no answer in time, or one that the recount does not confirm.

    Example:
        >>> villages = np.array([0.0, 1.0, 2.0, 10.0, 11.0])
        >>> answer = lscp(np.abs(villages[:, None] - villages), radius=1.0)
        >>> answer.objective, answer.assignment[:3]
        (2.0, array([1, 1, 1]))
    """
    started = time.perf_counter()
    problems = option_problems(solver, time_limit, gap)
    prices = checked_cost(cost, problems)
    check_radius(radius, problems)
    least, most = checked_limits(np.ones(prices.shape[1], np.int64), fixed_open, fixed_closed, problems)
    problems = problems or not_covered(prices, radius, most)
    if problems:
        raise InputError(problems)
    search = Search(solver, time_limit, gap, started)
    solved, counts = fewest(prices <= radius, 1, Stand(int(most.sum()), least, most), search)
    if solved is None:
        raise search.nothing_found()
    objective = float(counts.sum())
    bound = min(float(sites_bound(solved)), objective)
    return LocationSolution(
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        sites=np.flatnonzero(counts),
        counts=counts,
        assignment=covering_sites(prices, radius, counts, 1)[:, 0],
        status="optimal" if objective - bound <= gap * objective else solved.status,
        solver=solved.solver,
        seconds=search.seconds(),
    )


def mclp(
    cost: ArrayLike,
    *,
    p: int,
    radius: float,
    weight: ArrayLike | None = None,
    fixed_open: Sequence[int] = (),
    fixed_closed: Sequence[int] = (),
    solver: SolverName = "highs",
    time_limit: float | None = None,
    gap: float = 1e-6,
) -> LocationSolution:
    r"""Open p sites so that the weight they cover is most: the maximal covering model of Church and ReVelle (1974).

    With N_i = {j: c_ij <= radius}, y_j = 1 for an open site and z_i = 1 for a covered demand::

        max  sum_i w_i z_i
        s.t. z_i <= sum_{j in N_i} y_j,  sum_j y_j = p,  y_j in {0, 1},  0 <= z_i <= 1

    Args:
        cost: shape (I, J), 0 or more; infinite where a site cannot serve a demand.
        p: how many sites to open.
        radius: a demand is covered from a site at this cost or less.
        weight: shape (I,), 0 or more.
        fixed_open: sites that must be open.
        fixed_closed: sites that must not.
        solver: ``highs`` or ``cbc``.
        time_limit: seconds after which the best plan so far is taken.
        gap: relative gap at which to stop.

    Returns:
        ``objective`` is the weight covered; ``assignment`` is -1 for a demand that is not.

    Raises:
        InputError: anything wrong or impossible in what was given, all of it at once.
        RunError: the solver gave no answer in time, or one that the recount does not confirm.

    Example:
        >>> villages = np.array([0.0, 1.0, 2.0, 10.0, 11.0])
        >>> answer = mclp(np.abs(villages[:, None] - villages), p=1, radius=1.0, weight=[1, 1, 1, 1, 3])
        >>> answer.objective, answer.assignment
        (4.0, array([-1, -1, -1,  3,  3]))
    """
    started = time.perf_counter()
    problems = option_problems(solver, time_limit, gap)
    prices = checked_cost(cost, problems)
    check_radius(radius, problems)
    weights = checked_weight(weight, len(prices), problems)
    stand = checked_stand("p", p, np.ones(prices.shape[1], np.int64), fixed_open, fixed_closed, problems)
    if problems:
        raise InputError(problems)
    search = Search(solver, time_limit, gap, started)
    answer = solve_cover(prices, radius, weights, np.ones(1), 0, stand, search)
    return replace(answer, assignment=answer.assignment[:, 0])


def backup_coverage(
    cost: ArrayLike,
    *,
    units: int,
    radius: float,
    weight: ArrayLike | None = None,
    fixed_open: Sequence[int] = (),
    fixed_closed: Sequence[int] = (),
    solver: SolverName = "highs",
    time_limit: float | None = None,
    gap: float = 1e-6,
) -> LocationSolution:
    r"""Cover every demand once and as much weight as possible twice: BACOP1 of Hogan and ReVelle (1986).

    With N_i = {j: c_ij <= radius}, y_j = 1 for a site with a unit and u_i = 1 for a demand with a second one::

        max  sum_i w_i u_i
        s.t. sum_{j in N_i} y_j - u_i >= 1  for every i, whatever its weight
             sum_j y_j = units,  y_j in {0, 1},  0 <= u_i <= 1

    Args:
        cost: shape (I, J), 0 or more; infinite where a site cannot serve a demand.
        units: how many units there are, at most one at a site.
        radius: a demand is covered from a site at this cost or less.
        weight: shape (I,), 0 or more, of a second cover.
        fixed_open: sites that must have a unit.
        fixed_closed: sites that must not.
        solver: ``highs`` or ``cbc``.
        time_limit: seconds after which the best plan so far is taken.
        gap: relative gap at which to stop.

    Returns:
        ``objective`` is the weight covered twice; ``assignment``, shape (I, 2), names the nearest unit within the
        radius and the second, -1 where there is none.

    Raises:
        InputError: anything wrong in what was given; demands that no site covers, named with the radius that would; too
            few units to cover every demand once, with how many it takes.
        RunError: the solver gave no answer in time, or one that the recount does not confirm.

    Example:
        >>> villages = np.array([0.0, 1.0, 2.0, 10.0, 11.0])
        >>> answer = backup_coverage(np.abs(villages[:, None] - villages), units=4, radius=1.0)
        >>> answer.objective, answer.assignment[0], answer.assignment[3]
        (4.0, array([0, 1]), array([3, 4]))
    """
    started = time.perf_counter()
    problems = option_problems(solver, time_limit, gap)
    prices = checked_cost(cost, problems)
    check_radius(radius, problems)
    weights = checked_weight(weight, len(prices), problems)
    stand = checked_stand("units", units, np.ones(prices.shape[1], np.int64), fixed_open, fixed_closed, problems)
    problems = problems or not_covered(prices, radius, stand.most)
    if problems:
        raise InputError(problems)
    search = Search(solver, time_limit, gap, started)
    return solve_cover(prices, radius, weights, np.ones(1), 1, stand, search)


def mexclp(
    cost: ArrayLike,
    *,
    units: int,
    radius: float,
    busy: float,
    weight: ArrayLike | None = None,
    room: ArrayLike | None = None,
    fixed_open: Sequence[int] = (),
    fixed_closed: Sequence[int] = (),
    solver: SolverName = "highs",
    time_limit: float | None = None,
    gap: float = 1e-6,
) -> LocationSolution:
    r"""Place units that are sometimes busy so that the expected weight covered is most: MEXCLP of Daskin (1983).

    Units are busy independently with probability b, so that a demand with m units within the radius is covered with
    probability 1 - b^m. With N_i = {j: c_ij <= radius}, n_j units at site j and z_ik = 1 if demand i has k units::

        max  sum_i w_i sum_k (1 - b) b^(k-1) z_ik
        s.t. sum_k z_ik <= sum_{j in N_i} n_j,  sum_j n_j = units,  0 <= n_j <= room_j, whole,  0 <= z_ik <= 1

    The z_ik fill up in order by themselves, because each is worth less than the one before.

    Args:
        cost: shape (I, J), 0 or more; infinite where a site cannot serve a demand.
        units: how many units there are; several may share a site.
        radius: a demand is covered from a site at this cost or less.
        busy: probability that a unit is busy, 0 <= busy < 1.
        weight: shape (I,), 0 or more.
        room: how many units fit at each site, shape (J,); None for no limit.
        fixed_open: sites that must have at least one unit.
        fixed_closed: sites that must have none.
        solver: ``highs`` or ``cbc``.
        time_limit: seconds after which the best plan so far is taken.
        gap: relative gap at which to stop.

    Returns:
        ``objective`` is the expected weight covered; ``assignment``, shape (I, units), names the units within the
        radius, nearest first, then -1.

    Raises:
        InputError: anything wrong or impossible in what was given, all of it at once.
        RunError: the solver gave no answer in time, or one that the recount does not confirm.

    Example:
        >>> villages = np.array([0.0, 1.0, 2.0, 10.0])
        >>> answer = mexclp(np.abs(villages[:, None] - villages), units=2, radius=1.0, busy=0.4)
        >>> answer.counts, round(answer.objective, 6)
        (array([0, 2, 0, 0]), 2.52)
    """
    started = time.perf_counter()
    problems = option_problems(solver, time_limit, gap)
    prices = checked_cost(cost, problems)
    check_radius(radius, problems)
    check_busy(busy, problems)
    weights = checked_weight(weight, len(prices), problems)
    rooms = checked_room(room, prices.shape[1], units, problems)
    stand = checked_stand("units", units, rooms, fixed_open, fixed_closed, problems)
    if problems:
        raise InputError(problems)
    share = np.array([(1.0 - busy) * busy**k for k in range(stand.units)], np.float64)
    return solve_cover(prices, radius, weights, share, 0, stand, Search(solver, time_limit, gap, started))
