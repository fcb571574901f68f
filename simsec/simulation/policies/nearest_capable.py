"""The nearest unit that can help, whoever commands it: the yardstick of the emergency-service literature."""

from __future__ import annotations

from simsec.simulation.model import DayMarks, State, World
from simsec.simulation.policies.available import held_back, nearest_between


def choose(world: World, day: DayMarks, state: State, incident: int, capability: int, now: float) -> int:
    """The nearest of all units on the capability's ladder, over every kind and scope.

    It knows no steps, and so waits for no agency's permission.
    """
    ladder = world.ladder_of[capability]
    best, least = -1, 1e18
    for kind in range(len(world.kind_first)):
        if world.kind_row[ladder][kind] < 0 or world.can[kind][capability] == 0:
            continue
        if held_back(world, state, incident, kind):
            continue
        first, end = world.kind_first[kind], world.kind_end[kind]
        unit, minutes = nearest_between(world, day, state, incident, first, end, -1, now)
        if unit >= 0 and (minutes < least or (minutes == least and unit < best)):
            best, least = unit, minutes
    return best
