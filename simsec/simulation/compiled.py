"""A compiled calendar: the very same rules, bound to compiled neighbours and run over arrays (needs Numba).

Equal to the SimPy calendar to the last digit; for millions of days. Listeners, looks and user-written policies need
the SimPy calendar.
"""

from __future__ import annotations

import heapq
import types
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, cast

import numpy as np

from simsec.base.errors import RunError
from simsec.simulation import calendar, convoys, model, movement, policies, rules
from simsec.simulation.model import DayMarks, State, World
from simsec.simulation.policies import (
    available,
    chain_of_command,
    nearest_capable,
    nearest_in_sector,
    own,
    preference_list,
)
from simsec.simulation.roads import Change

# In the order in which they need one another.
COMPILED: tuple[Callable[..., Any], ...] = (
    movement.position,
    movement.reroute,
    movement.at_base,
    movement.slowness,
    movement.minutes_to,
    convoys.home_again,
    convoys.gone_with,
    convoys.escorting,
    convoys.settle,
    convoys.look_when_back,
    available.called_back,
    available.may_go,
    available.held_back,
    available.fits,
    available.nearest_between,
    chain_of_command.choose,
    nearest_capable.choose,
    nearest_in_sector.choose,
    preference_list.choose,
    policies.choose,
    rules.missing,
    rules.missing_on,
    rules.schedule_rise,
    rules.wake,
    rules.open_windows,
    rules.withdraw,
    rules.squad_leaves,
    rules.squad_returns,
    rules.send,
    rules.fill,
    rules.request,
    rules.ask,
    rules.may_serve,
    rules.reaches,
    rules.serve_waiting,
    rules.all_arrived,
    rules.on_report,
    rules.on_request,
    rules.on_arrive,
    rules.go_off_duty,
    rules.on_clear,
    rules.on_leave,
    rules.on_back,
    rules.on_rise,
    rules.over,
    rules.on_spread,
)


@lru_cache(maxsize=1)
def _compiled() -> Callable[..., Any]:
    """Compile every rule and policy, each bound to the compiled ones it names, and the loop over them."""
    import numba

    done: dict[int, Any] = {}
    njit: Any = numba.njit  # its types know fewer options than it has

    def bind(function: Callable[..., Any]) -> Any:
        names = {
            name: done.get(id(value), value) if isinstance(value, types.FunctionType) else value
            for name, value in function.__globals__.items()
        }
        # Only compiled code calls them: without wrappers for Python they compile in half the time.
        compiled = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
        return compiled(types.FunctionType(function.__code__, names, function.__name__))

    done[id(own.choose)] = bind(own.nobody)  # a user's own code is not compiled; run_compiled refuses it
    for function in COMPILED:
        done[id(function)] = bind(function)
    wake, open_windows = done[id(rules.wake)], done[id(rules.open_windows)]
    reroute = done[id(movement.reroute)]
    leave, back, clear, arrive, rise, spread, report, request = (done[id(rule)] for rule in rules.RULES)
    CLEAR, ARRIVE, RISE, SPREAD, REPORT = model.CLEAR, model.ARRIVE, model.RISE, model.SPREAD, model.REPORT
    LEAVE, BACK = model.LEAVE, model.BACK

    def exchange_in_place(world: Any, state: State, closes: Any, later: Any, change: int) -> None:
        reroute(world, state, later[0][change], closes[change])
        world.minutes[:] = later[0][change]
        world.previous[:] = later[1][change]
        world.zone_share[:] = later[2][change]

    exchange = njit(exchange_in_place)

    def loop(world: World, day: DayMarks, state: State, ends_min: float, closes: Any, later: Any) -> None:
        then = [(0.0, 0, 0, 0, 0)]
        then.pop()
        for incident in range(day.primaries):
            wake(world, day, state, incident, day.onset[incident], then)
        open_windows(world, day, then)
        queue = [(0.0, 0, 0, (0.0, 0, 0, 0, 0))]
        queue.pop()
        order = 0
        for event in then:
            heapq.heappush(queue, (event[0], event[1], order, event))
            order += 1
        then.clear()
        change = 0
        while len(queue) > 0:
            event = heapq.heappop(queue)[3]
            while change < len(closes) and closes[change] <= event[0] and closes[change] < ends_min:
                exchange(world, state, closes, later, change)
                change += 1
            if event[0] >= ends_min:
                break
            kind = event[1]
            if kind == CLEAR:
                clear(world, day, state, event, then)
            elif kind == ARRIVE:
                arrive(world, day, state, event, then)
            elif kind == RISE:
                rise(world, day, state, event, then)
            elif kind == SPREAD:
                spread(world, day, state, event, then)
            elif kind == REPORT:
                report(world, day, state, event, then)
            elif kind == LEAVE:
                leave(world, day, state, event, then)
            elif kind == BACK:
                back(world, day, state, event, then)
            else:
                request(world, day, state, event, then)
            for following in then:
                heapq.heappush(queue, (following[0], following[1], order, following))
                order += 1
            then.clear()
        while change < len(closes) and closes[change] < ends_min:
            exchange(world, state, closes, later, change)
            change += 1

    found: Callable[..., Any] = njit(loop)
    return found


def as_arrays(record: Any) -> Any:
    """A world or a day with every list as an array, for the compiled calendar."""
    values = [np.array(value) if isinstance(value, list | array) else value for value in record]
    return type(record)(*values)


def run_compiled(world: World, day: DayMarks, ends_min: float, changes: Sequence[Change] = ()) -> State:
    """Play a day as :func:`simsec.simulation.calendar.run_on_simpy` does, compiled.

    Args:
        world: from :func:`as_arrays`.
        day: marks over lists, as the SimPy calendar takes them.
        ends_min: nothing after this minute happens.
        changes: roads from a minute on, in their order; the world itself keeps its own.

    Raises:
        RunError: the plan's policy is a user's own, which only the SimPy calendar asks.
    """
    if world.policy >= own.FIRST_OWN:
        raise RunError("a policy of your own runs on the SimPy calendar only")
    import numba
    from numba.typed import List

    state = model.fresh_state(world, day)
    typeof: Any = numba.typeof
    waiting = List.empty_list(typeof((0.0, 0, 0)))
    arrays = State._make(np.array(values) if values else _empty(name) for name, values in _fields(state))
    arrays = arrays._replace(waiting=waiting)
    if len(day.kind):
        names = ("minutes", "previous", "zone_share")
        if changes:  # they are exchanged in place
            world = world._replace(**{name: getattr(world, name).copy() for name in names})
        tables = [change.roads.arrays() for change in changes]
        later = tuple(_stacked(getattr(world, name), [getattr(one, name) for one in tables]) for name in names)
        closes = np.array([change.minute for change in changes], dtype=np.float64)
        _compiled()(world, as_arrays(day), arrays, ends_min, closes, later)
    lists = [list(values) if values is waiting else values.tolist() for values in cast(Any, arrays)]
    return State._make(lists)


def _stacked(like: Any, tables: list[Any]) -> Any:
    """Tables as one array, each of the shape and type of the first."""
    return np.array(tables, dtype=like.dtype).reshape(len(tables), *like.shape)


def _fields(state: State) -> list[tuple[str, Any]]:
    return list(zip(State._fields, state, strict=True))


def _empty(name: str) -> Any:
    whole = "[int]" in str(State.__annotations__[name])  # a forward reference in some versions of Python
    return np.zeros(0, dtype=np.int64 if whole else np.float64)


__all__ = ["as_arrays", "calendar", "run_compiled"]
