"""Who may be sent: shared by every policy."""

from __future__ import annotations

from simsec.simulation.convoys import escorting
from simsec.simulation.model import FREE, RED, DayMarks, State, World
from simsec.simulation.movement import minutes_to, position


def may_go(world: World, day: DayMarks, state: State, incident: int, unit: int, now: float) -> bool:
    """A free unit; with diversion also one still on its way to an incident of a lower level; with call-back a pair.

    Nobody who is off duty or out with boxes.
    """
    other = state.serves[unit]
    if other == FREE:
        return not escorting(world, day, state, unit, now)
    if other < 0 or state.on_scene[unit] == 1:
        return False
    if world.divert == 1 and state.level[incident] > state.level[other]:
        return True
    return called_back(world, day, state, unit, day.station[incident], state.level[incident])


def called_back(world: World, day: DayMarks, state: State, unit: int, station: int, level: int) -> bool:
    """Whether its own block turns a pair round that is on its way to another block's incident of no higher level.

    Its KPPS phone it; where it has come already it stays.
    """
    block, other = world.unit_block[unit], state.serves[unit]
    if world.call_back == 0 or block < 0 or other < 0 or state.on_scene[unit] == 1:
        return False
    if world.station_block[station] != block or world.station_block[day.station[other]] == block:
        return False
    return level >= state.level[other]


def held_back(world: World, state: State, incident: int, kind: int) -> bool:
    """Whether the reserve threshold keeps the last squads for red incidents."""
    if world.reserve_threshold == 0 or kind != world.squad_kind or state.level[incident] == RED:
        return False
    free = 0
    for unit in range(world.kind_first[kind], world.kind_end[kind]):
        if state.serves[unit] == FREE:
            free += 1
    return free <= world.reserve_threshold


def fits(world: World, unit: int, station: int) -> bool:
    """Whether the unit is not bound to stations elsewhere."""
    return world.unit_bound[unit] == 0 or world.unit_block[unit] == world.station_block[station]


def nearest_between(
    world: World, day: DayMarks, state: State, incident: int, first: int, end: int, rayon: int, now: float
) -> tuple[int, float]:
    """The nearest unit that may go among the numbers first to end - 1, all of one kind; ties go to the lowest number.

    A rayon of 0 or more keeps to units of that rayon; -1 asks for any.
    """
    best, least = -1, 1e18
    if first >= end:
        return best, least
    station = day.station[incident]
    target, kind = world.station_node[station], world.unit_kind[first]
    vehicle = world.kind_vehicle[kind]
    table = world.minutes[vehicle]
    last = world.stretch[vehicle][station] + day.access[incident]
    bound, rayons = world.kind_bound[kind] == 1, world.unit_rayon
    turns = world.divert == 1 or world.call_back == 1
    serves, leg_from, leg_to, block = state.serves, state.leg_from, state.leg_to, world.unit_block
    looked_at, free = -1, FREE
    for unit in range(first, end):
        other = serves[unit]
        if other != free and not (turns and other >= 0 and may_go(world, day, state, incident, unit, now)):
            continue
        node = leg_to[unit]
        if leg_from[unit] != node:
            node = position(world, state, unit, now)
        walks = block[unit] >= 0
        if node == looked_at and not walks:
            continue  # beside one that was looked at, which has the lower number
        if rayon >= 0 and rayons[unit] != rayon:
            continue
        if bound and not fits(world, unit, station):
            continue
        if walks:
            if other == free and escorting(world, day, state, unit, now):
                continue
            minutes = minutes_to(world, day, state, unit, incident, node)
        else:
            looked_at, minutes = node, table[node][target] + last
        if minutes < least:
            best, least = unit, minutes
    return best, least
