"""The nearest unit of the incident's own sub-district; from elsewhere only when nobody there is free."""

from __future__ import annotations

from simsec.simulation.model import DayMarks, State, World
from simsec.simulation.policies.available import held_back, nearest_between
from simsec.simulation.policies.nearest_capable import choose as nearest_anywhere


def choose(world: World, day: DayMarks, state: State, incident: int, capability: int, now: float) -> int:
    """Own sector first, over every kind on the ladder; then the nearest anywhere.

    It knows no steps, and so waits for no agency's permission.
    """
    ladder = world.ladder_of[capability]
    sector = world.station_subdistrict[day.station[incident]]
    best, least = -1, 1e18
    for kind in range(len(world.kind_first)):
        if world.kind_row[ladder][kind] < 0 or world.can[kind][capability] == 0:
            continue
        if held_back(world, state, incident, kind):
            continue
        first, end = world.sector_first[kind][sector], world.sector_end[kind][sector]
        unit, minutes = nearest_between(world, day, state, incident, first, end, -1, now)
        if unit >= 0 and (minutes < least or (minutes == least and unit < best)):
            best, least = unit, minutes
    if best >= 0:
        return best
    return nearest_anywhere(world, day, state, incident, capability, now)
