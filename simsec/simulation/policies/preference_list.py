"""Each place has its list: the first unit on it that is free (Larson 1974, the hypercube model)."""

from __future__ import annotations

from simsec.simulation.model import NOWHERE, DayMarks, State, World
from simsec.simulation.movement import position
from simsec.simulation.policies.available import held_back, may_go


def choose(world: World, day: DayMarks, state: State, incident: int, capability: int, now: float) -> int:
    """The first unit of the first base that may go, has the capability and has a way; not the nearest."""
    ladder = world.ladder_of[capability]
    station = day.station[incident]
    target = world.station_node[station]
    first = station * world.preference_width
    for place in range(first, first + world.preference_width):
        unit = world.preference[place]
        if unit < 0:
            break
        kind = world.unit_kind[unit]
        if world.kind_row[ladder][kind] < 0 or world.can[kind][capability] == 0:
            continue
        if not may_go(world, day, state, incident, unit, now) or held_back(world, state, incident, kind):
            continue
        if world.minutes[world.kind_vehicle[kind]][position(world, state, unit, now)][target] < 1e17:
            return unit
    return NOWHERE
