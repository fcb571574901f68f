"""The least cost that nobody has to exceed: p-center."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simsec.base.errors import InputError
from simsec.optimization.location.answer import LocationSolution, Search, Stand, level_sites
from simsec.optimization.location.checks import checked_cost, checked_stand, out_of_reach, too_few
from simsec.optimization.location.cover import coverable, needed_units
from simsec.optimization.solving import SolverName, option_problems, relative_gap


def p_center(
    cost: ArrayLike,
    *,
    p: int,
    fixed_open: Sequence[int] = (),
    fixed_closed: Sequence[int] = (),
    solver: SolverName = "highs",
    time_limit: float | None = None,
    gap: float = 1e-6,
) -> LocationSolution:
    r"""Open p sites so that the dearest way from a demand to its cheapest open site is least (Hakimi 1964).

    With y_j = 1 for an open site::

        min  max_i min {c_ij : y_j = 1}
        s.t. sum_j y_j = p,  y_j in {0, 1}

    solved exactly by bisection over the distinct costs (Minieka 1970): p sites can keep within r if and only if the set
    covering rows of radius r have a solution with p sites::

        sum_{j: c_ij <= r} y_j >= 1  for every i,  sum_j y_j <= p,  y_j in {0, 1}

    Sites that such a cover does not need are the lowest free numbers.

    Args:
        cost: shape (I, J), 0 or more; infinite where a site cannot serve a demand.
        p: how many sites to open.
        fixed_open: sites that must be open.
        fixed_closed: sites that must not.
        solver: ``highs`` or ``cbc``.
        time_limit: seconds after which the best plan so far is taken.
        gap: relative gap between the radius reached and the least one not refuted at which to stop.

    Returns:
        ``objective`` is the dearest way; ``bound`` the least cost that the solver has not proven too short.

    Raises:
        InputError: anything wrong in what was given; demands that no site can serve; p too small to reach every
            demand, with how many sites that takes.
        RunError: the solver gave no answer in time, or one that the recount does not confirm.

    Example:
        >>> villages = np.array([0.0, 3.0, 6.0, 10.0, 13.0, 16.0])
        >>> answer = p_center(np.abs(villages[:, None] - villages), p=2)
        >>> answer.objective, answer.sites, answer.assignment
        (3.0, array([1, 4]), array([1, 1, 1, 4, 4, 4]))
    """
    started = time.perf_counter()
    problems = option_problems(solver, time_limit, gap)
    prices = checked_cost(cost, problems)
    stand = checked_stand("p", p, np.ones(prices.shape[1], np.int64), fixed_open, fixed_closed, problems)
    problems = problems or out_of_reach(prices, stand, np.ones(len(prices), np.bool_))
    if problems:
        raise InputError(problems)
    search = Search(solver, time_limit, gap, started)
    seen = np.where(stand.most > 0, prices, np.inf)
    costs = np.unique(seen[np.isfinite(seen)])
    low = int(np.searchsorted(costs, seen.min(axis=1).max()))
    sites, name = _greedy(seen, stand), ""
    reached = _dearest(seen, sites)
    high = int(np.searchsorted(costs, reached))  # past the end while no plan reaches everybody
    # Greedy may be best at once; the solver confirms it all the same.
    while not name or (low < high and reached - costs[low] > gap * reached):
        middle = min((low + high) // 2, len(costs) - 1) if high < len(costs) else len(costs) - 1
        solved, counts = coverable(seen <= costs[middle], stand, search)
        if solved is None:
            break
        name = solved.solver
        if counts is not None:
            sites = _filled(counts, stand)
            reached = _dearest(seen, sites)
            high = int(np.searchsorted(costs, reached))
        elif middle == len(costs) - 1:
            raise too_few("p", stand.units, needed_units(np.isfinite(seen), 1, stand, search))
        else:
            low = middle + 1
    if not np.isfinite(reached):
        raise search.nothing_found()
    bound = float(costs[min(low, high)])
    return LocationSolution(
        objective=reached,
        bound=bound,
        gap=relative_gap(reached, bound),
        sites=np.flatnonzero(sites),
        counts=sites,
        assignment=level_sites(np.argsort(prices, axis=1, kind="stable"), sites, 1)[:, 0],
        status="optimal" if reached - bound <= gap * reached else "feasible",
        solver=name or search.solver,  # in a hurry greedy's plan is all there is
        seconds=search.seconds(),
    )


def _dearest(seen: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    return float(seen[:, counts > 0].min(axis=1, initial=np.inf).max())


def _greedy(seen: NDArray[np.float64], stand: Stand) -> NDArray[np.int64]:
    """Send a site to whoever is worst off, again and again, within twice the best where distances are metric."""
    counts = stand.least.copy()
    while counts.sum() < stand.units:
        worst = int(seen[:, counts > 0].min(axis=1, initial=np.inf).argmax())
        nearest = int(seen[worst].argmin())
        if counts[nearest]:
            return _filled(counts, stand)
        counts[nearest] = 1
    return counts


def _filled(counts: NDArray[np.int64], stand: Stand) -> NDArray[np.int64]:
    """Open the lowest free sites until there are enough."""
    free = np.flatnonzero(stand.most - counts)
    filled = counts.copy()
    filled[free[: stand.units - int(counts.sum())]] = 1
    return filled
