"""A compiled calendar: the very same rules, bound to compiled neighbours and run over arrays (needs Numba).

Equal to the SimPy calendar to the last digit; for millions of days. Listeners, looks and user-written policies need
the SimPy calendar.
"""

from __future__ import annotations

import heapq
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import numpy as np

from simsec.simulation import calendar, model, movement, policies, rules
from simsec.simulation.model import DayMarks, State, World
from simsec.simulation.policies import (
    available,
    chain_of_command,
    nearest_capable,
    nearest_in_sector,
    preference_list,
)

# In the order in which they need one another.
COMPILED: tuple[Callable[..., Any], ...] = (
    movement.position,
    movement.at_base,
    movement.slowness,
    movement.minutes_to,
    available.may_go,
    available.held_back,
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
    rules.on_clear,
    rules.on_rise,
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

    for function in COMPILED:
        done[id(function)] = bind(function)
    wake = done[id(rules.wake)]
    clear, arrive, rise, spread, report, request = (done[id(rule)] for rule in rules.RULES)
    CLEAR, ARRIVE, RISE, SPREAD, REPORT = model.CLEAR, model.ARRIVE, model.RISE, model.SPREAD, model.REPORT

    def loop(world: World, day: DayMarks, state: State, ends_min: float) -> None:
        then = [(0.0, 0, 0, 0, 0)]
        then.pop()
        for incident in range(day.primaries):
            wake(world, day, state, incident, day.onset[incident], then)
        queue = [(0.0, 0, 0, (0.0, 0, 0, 0, 0))]
        queue.pop()
        order = 0
        for event in then:
            heapq.heappush(queue, (event[0], event[1], order, event))
            order += 1
        then.clear()
        while len(queue) > 0:
            event = heapq.heappop(queue)[3]
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
            else:
                request(world, day, state, event, then)
            for following in then:
                heapq.heappush(queue, (following[0], following[1], order, following))
                order += 1
            then.clear()

    return numba.njit(loop)


def as_arrays(record: Any) -> Any:
    """A world or a day with every list as an array, for the compiled calendar."""
    values = [np.array(value) if isinstance(value, list) else value for value in record]
    return type(record)(*values)


def run_compiled(world: World, day: DayMarks, ends_min: float) -> State:
    """Play a day as :func:`simsec.simulation.calendar.run_on_simpy` does, compiled.

    Args:
        world: from :func:`as_arrays`.
        day: marks over lists, as the SimPy calendar takes them.
        ends_min: nothing after this minute happens.
    """
    import numba
    from numba.typed import List

    state = model.fresh_state(world, day)
    typeof: Any = numba.typeof
    waiting = List.empty_list(typeof((0.0, 0, 0)))
    arrays = State._make(np.array(values) if values else _empty(name) for name, values in _fields(state))
    arrays = arrays._replace(waiting=waiting)
    if len(day.kind):
        _compiled()(world, as_arrays(day), arrays, ends_min)
    lists = [list(values) if values is waiting else values.tolist() for values in cast(Any, arrays)]
    return State._make(lists)


def _fields(state: State) -> list[tuple[str, Any]]:
    return list(zip(State._fields, state, strict=True))


def _empty(name: str) -> Any:
    whole = "[int]" in str(State.__annotations__[name])  # a forward reference in some versions of Python
    return np.zeros(0, dtype=np.int64 if whole else np.float64)


__all__ = ["as_arrays", "calendar", "run_compiled"]
