"""Probes under any policy: the policy itself is asked whom it would send, station by station.

:func:`simsec.simulation.probes.probe` knows what the chain of command does and works it out for all stations at once.
Any other policy, and a user's own, is a function that must be called for every station; so a probe asks some of them,
others the next time, and every station has been asked when a few days are over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simsec.simulation.model import GREEN, GUARD, NEVER, DayMarks, State, World, copy_state, fresh_state
from simsec.simulation.movement import at_base, minutes_to, position, slowness
from simsec.simulation.policies import choose
from simsec.simulation.probes import NOBODY, Call

Floats = NDArray[np.float64]
ASKED = 100  # stations a probe asks about, at most: a call of a policy takes as long as for a real incident
# The fields of DayMarks that hold no row an incident.
_CONVOYS = ("convoys", "convoy_from", "convoy_until", "convoy_incident")
_OF_THE_DAY = ("slow", "even", "noises", "primaries", "absent", *_CONVOYS)


def stations_asked(stations: int, number: int) -> range:
    """The stations that a probe asks about: others with every number, and all after a round.

    Example:
        >>> len(stations_asked(40, 3)), stations_asked(400, 5), len(stations_asked(1983, 0))
        (40, range(1, 400, 4), 100)
    """
    stride = -(-stations // ASKED)
    return range(number % stride, stations, stride)


def asked_probe(
    world: World,
    day: DayMarks,
    state: State,
    now: float,
    call: Call,
    stations: Sequence[int],
    access_min: Floats | None = None,
) -> Floats:
    """Minutes from a green call for a guard to first help, if it began now; inf: nobody is sent.

    Args:
        world: as the rules see it; only read.
        day: the same.
        state: the same; the policy is shown a copy.
        now: the minute.
        call: the marks of the call.
        stations: whose minutes are asked for.
        access_min: as for :func:`simsec.simulation.probes.probe`.

    Returns:
        Shape (stations of the scenario,); nan for those that were not asked about.
    """
    row, ladder, asked = len(day.kind), world.ladder_of[GUARD], now + call.to_request_min
    supposed, after = _with_call(world, day, state, call, now)
    place: Any = supposed  # its lists are a copy; to the rules they are read only
    found = np.full(len(world.station_node), np.nan)
    for station in stations:
        place.station[row] = station
        place.access[row] = 0.0 if access_min is None else float(access_min[station])
        found[station] = call.to_request_min + _sent(world, supposed, after, row, ladder, asked, call)
    return found


def _sent(world: World, day: DayMarks, state: State, row: int, ladder: int, asked: float, call: Call) -> float:
    """Minutes from the request to the first unit, step by step, as :func:`simsec.simulation.rules.send` sends it."""
    passed = 0.0
    for step in range(world.enter[ladder][GREEN], world.ladder_end[ladder]):
        state.step[row][ladder] = step
        minute = asked + passed
        unit = choose(world, day, state, row, GUARD, minute)
        if unit < 0:
            passed += call.row_delay_min[step]
            continue
        station, origin, turnout = day.station[row], position(world, state, unit, minute), 0.0
        if state.serves[unit] >= 0:
            turnout = max(state.leg_start[unit] - minute, 0.0)
        leaves = world.unit_block[unit] < 0 or world.unit_block[unit] != world.station_block[station]
        if leaves and at_base(world, state, unit, origin):
            turnout = call.row_turnout_min[world.kind_row[ladder][world.unit_kind[unit]]]
        factor = slowness(world, day, minute, origin, world.station_node[station]) * call.noise
        return passed + turnout + minutes_to(world, day, state, unit, row, origin) * factor
    return NOBODY


def _with_call(world: World, day: DayMarks, state: State, call: Call, now: float) -> tuple[DayMarks, State]:
    """The day and a copy of the state with one incident more, about which the policy is asked."""
    needs = world.need
    kind = next((number for number, need in enumerate(needs) if need[GREEN][GUARD] > 0), 0)
    own: dict[str, Any] = {
        "kind": kind, "station": 0, "onset": now, "level": GREEN, "report_delay": call.to_request_min,
        "rise": [NEVER] * 3, "scene": [0.0] * 3, "where": call.where, "delay": list(call.row_delay_min),
        "turnout": list(call.row_turnout_min), "noise": [call.noise] * day.noises, "parent": -1, "child_first": 0,
        "child_end": 0, "spread_delay": 0.0, "contain_within": 0.0, "hits": 0, "village": len(day.kind), "access": 0.0,
    }  # fmt: skip
    whole: dict[str, Any] = {name: getattr(day, name) for name in _OF_THE_DAY}
    more: dict[str, Any] = {name: [*getattr(day, name), value] for name, value in own.items()}
    single: dict[str, Any] = {name: [value] for name, value in own.items()}
    nothing: dict[str, Any] = {name: [] for name in own}
    supposed = DayMarks(**whole, **more)
    after = copy_state(state)
    one = fresh_state(world, DayMarks(**whole, **single))
    none = fresh_state(world, DayMarks(**whole, **nothing))
    for name in State._fields:
        if len(getattr(one, name)) > len(getattr(none, name)):
            getattr(after, name).append(getattr(one, name)[-1])
    after.reported[-1] = now + call.to_request_min
    return supposed, after
