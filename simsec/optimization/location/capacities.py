"""Sites that hold only so much: the p-median with capacities."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pulp
from numpy.typing import ArrayLike, NDArray

from simsec.base.errors import InputError, Problem, RunError, say
from simsec.optimization.location.answer import (
    MODEL_SCALE,
    RECHECK,
    LocationSolution,
    Search,
    Stand,
    add_total,
    confirmed_bound,
    counts_found,
    unit_variables,
)
from simsec.optimization.location.checks import (
    checked_capacity,
    checked_cost,
    checked_stand,
    checked_weight,
    listed,
    out_of_reach,
)
from simsec.optimization.solving import SolverName, garbage_collector_paused, option_problems, relative_gap

Ways = dict[tuple[int, int], pulp.LpVariable]


def capacitated_p_median(
    cost: ArrayLike,
    *,
    p: int,
    demand: ArrayLike,
    capacity: ArrayLike,
    fixed_open: Sequence[int] = (),
    fixed_closed: Sequence[int] = (),
    solver: SolverName = "highs",
    time_limit: float | None = None,
    gap: float = 1e-6,
) -> LocationSolution:
    r"""Open p sites and send each demand whole to one with room for it, at the least cost in all.

    The capacitated p-median with single assignment of Osman and Christofides (1994), with demands d_i, capacities Q_j,
    y_j = 1 for an open site and x_ij = 1 for demand i served from j::

        min  sum_ij c_ij x_ij
        s.t. sum_j x_ij = 1,  x_ij <= y_j,  sum_i d_i x_ij <= Q_j y_j,  sum_j y_j = p,  x_ij, y_j in {0, 1}

    A demand takes up room and does not weigh its cost; for person-minutes multiply the rows of ``cost`` by it.
    Every way that can be is a variable of its own, about 3 kB each: 200 x 200 are small, 900 x 900 take 2.4 GB.

    Args:
        cost: shape (I, J), 0 or more; infinite where a site cannot serve a demand.
        p: how many sites to open.
        demand: room that each demand takes, shape (I,), 0 or more; who takes none is served all the same.
        capacity: room at each site, shape (J,), 0 or more; infinite for no limit. Kept to a part in a million.
        fixed_open: sites that must be open.
        fixed_closed: sites that must not.
        solver: ``highs`` or ``cbc``.
        time_limit: seconds after which the best plan so far is taken.
        gap: relative gap at which to stop.

    Returns:
        ``assignment`` is the site of each demand, which need not be its cheapest.

    Raises:
        InputError: anything wrong in what was given; demands that no site can serve or hold; by how much the capacity
            of p sites falls short and how many it takes; demands that do not fit whole.
        RunError: the solver gave no answer in time, or one that the recount does not confirm.

    Example:
        >>> villages = np.array([0.0, 1.0, 2.0, 10.0, 11.0])
        >>> answer = capacitated_p_median(
        ...     np.abs(villages[:, None] - villages), p=2, demand=[2, 2, 2, 2, 2], capacity=[4, 4, 4, 6, 6]
        ... )
        >>> answer.objective, answer.assignment[2:]
        (10.0, array([3, 3, 3]))
    """
    started = time.perf_counter()
    problems = option_problems(solver, time_limit, gap)
    prices = checked_cost(cost, problems)
    n_demands, n_sites = prices.shape
    load = checked_weight(demand, n_demands, problems, "demand")
    room = checked_capacity(capacity, n_sites, problems)
    stand = checked_stand("p", p, np.ones(n_sites, np.int64), fixed_open, fixed_closed, problems)
    problems = problems or out_of_reach(prices, stand, np.ones(n_demands, np.bool_))
    problems = problems or _too_large(prices, load, room, stand) + _too_little_room(load, room, stand)
    if problems:
        raise InputError(problems)
    search = Search(solver, time_limit, gap, started)
    fits = np.isfinite(prices) & (load[:, None] <= room * (1.0 + RECHECK)) & (stand.most > 0)
    unit = (float(np.where(fits, prices, 0.0).sum(axis=1) @ (1.0 / fits.sum(axis=1))) or 1.0) / MODEL_SCALE
    with garbage_collector_paused():
        model, here, ways = _model(fits, load, room, stand)
        add_total(model, here, pulp.LpConstraintEQ, stand.units)
        model.setObjective(pulp.LpAffineExpression([(x, float(prices[way] / unit)) for way, x in ways.items()]))
    solved = search.run(model)
    if solved is None:
        raise search.nothing_found()
    if solved.status == "infeasible":
        raise InputError([_do_not_fit(fits, load, room, stand, search)])
    counts = counts_found(here, stand, solved.solver)
    serving = _confirmed_serving(ways, counts, load, room, solved.solver)
    objective = float(prices[np.arange(n_demands), serving].sum())
    bound = max(confirmed_bound(solved, unit, objective, unit * MODEL_SCALE, search.gap, pulp.LpMinimize), 0.0)
    return LocationSolution(
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        sites=np.flatnonzero(counts),
        counts=counts,
        assignment=serving,
        status=solved.status,
        solver=solved.solver,
        seconds=search.seconds(),
    )


def _model(
    fits: NDArray[np.bool_], load: NDArray[np.float64], room: NDArray[np.float64], stand: Stand
) -> tuple[pulp.LpProblem, list[pulp.LpVariable], Ways]:
    """The rows of who can be served from where, without an objective and without the number of sites."""
    model = pulp.LpProblem("capacitated")
    here = unit_variables(model, stand)
    ways = {(i, j): model.add_variable(f"x_{i}_{j}", cat="Binary") for i, j in np.argwhere(fits).tolist()}
    for i in range(len(load)):
        served = pulp.LpAffineExpression([(ways[i, j], 1.0) for j in np.flatnonzero(fits[i]).tolist()])
        model.addConstraint(pulp.LpConstraint(served, pulp.LpConstraintEQ, None, 1.0))
    for (_, j), way in ways.items():
        only_open = pulp.LpAffineExpression([(way, 1.0), (here[j], -1.0)])
        model.addConstraint(pulp.LpConstraint(only_open, pulp.LpConstraintLE, None, 0.0))
    for j in np.flatnonzero(fits.any(axis=0) & np.isfinite(room) & (room > 0)).tolist():
        taken = [(ways[i, j], float(load[i] / room[j])) for i in np.flatnonzero(fits[:, j] & (load > 0)).tolist()]
        within = pulp.LpAffineExpression([*taken, (here[j], -1.0)])
        model.addConstraint(pulp.LpConstraint(within, pulp.LpConstraintLE, None, 0.0))
    return model, here, ways


def _confirmed_serving(
    ways: Ways, counts: NDArray[np.int64], load: NDArray[np.float64], room: NDArray[np.float64], solver: str
) -> NDArray[np.int64]:
    """The site of each demand, shape (I,), held against the sites that are open and what they hold."""
    taken = np.array([way for way, x in ways.items() if x.value() > 0.5], np.int64).reshape(-1, 2)
    once = np.array_equal(taken[:, 0], np.arange(len(load)))
    held = np.bincount(taken[:, 1], weights=load[taken[:, 0]], minlength=len(room))
    if not once or not counts[taken[:, 1]].all() or (held > room * (1.0 + RECHECK)).any():
        raise RunError(say("{solver}: its plan breaks the limits it was given", solver=solver))
    return taken[:, 1]


def _too_large(
    prices: NDArray[np.float64], load: NDArray[np.float64], room: NDArray[np.float64], stand: Stand
) -> list[Problem]:
    """The demands that no site within their reach can hold."""
    largest = np.where(np.isfinite(prices) & (stand.most > 0), room, 0.0).max(axis=1)
    stranded = np.flatnonzero(load > largest * (1.0 + RECHECK))
    if not len(stranded):
        return []
    what = say("no site within reach can hold demands {demands}", demands=listed(stranded))
    worst = stranded[np.argmax(load[stranded])]
    return [Problem("capacity", what, value=str(largest[worst]), bound=say("{least} or more", least=load[worst]))]


def _too_little_room(load: NDArray[np.float64], room: NDArray[np.float64], stand: Stand) -> list[Problem]:
    """By how much the roomiest sites fall short of all demands together, and how many would do."""
    kept = np.flatnonzero(stand.least)
    others = np.flatnonzero((stand.most > 0) & (stand.least == 0))
    roomiest = np.concatenate([kept, others[np.argsort(-room[others], kind="stable")]])
    within = np.cumsum(room[roomiest])
    total = load.sum() / (1.0 + RECHECK)
    if within[stand.units - 1] >= total:
        return []
    if within[-1] < total:
        what = say("all sites together fall short of the demands by {short:g}", short=load.sum() - within[-1])
        return [Problem("capacity", what, value=str(within[-1]), bound=say("{least} or more", least=load.sum()))]
    what = say("so many sites fall short of the demands by {short:g}", short=load.sum() - within[stand.units - 1])
    enough = 1 + int(np.argmax(within >= total))
    return [Problem("p", what, value=str(stand.units), bound=say("{least} or more", least=enough))]


def _do_not_fit(
    fits: NDArray[np.bool_], load: NDArray[np.float64], room: NDArray[np.float64], stand: Stand, search: Search
) -> Problem:
    """The demands have the room in sum and still no place each; how many sites it takes, where that is known."""
    with garbage_collector_paused():
        model, here, _ = _model(fits, load, room, stand)
        model.setObjective(pulp.LpAffineExpression([(variable, 1.0) for variable in here]))
    solved = search.run(model)
    if solved is not None and solved.status == "infeasible":
        return Problem("capacity", "the demands do not fit, each whole into one site, even if every site is open")
    bound = "" if solved is None else say("{least} or more", least=int(np.ceil(solved.bound - RECHECK)))
    what = "the demands do not fit into so few sites, each whole into one"
    return Problem("p", what, value=str(stand.units), bound=bound)
