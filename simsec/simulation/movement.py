"""Where a unit is, and how long it needs: plain functions over the world, the day and the state."""

from __future__ import annotations

from collections.abc import Sequence

from simsec.simulation.model import DayMarks, Floats, State, World


def position(world: World, state: State, unit: int, now: float) -> int:
    """The node nearest to the unit on its present leg; a unit whose leg is over stands at its end."""
    vehicle = world.kind_vehicle[world.unit_kind[unit]]
    start, end = state.leg_from[unit], state.leg_to[unit]
    if start == end:
        return end
    minutes = world.minutes[vehicle][start]
    elapsed = (now - state.leg_start[unit]) / state.leg_slow[unit]
    if elapsed >= minutes[end]:
        return end
    if elapsed <= 0:
        return start
    ahead, behind = end, end
    while behind != start and minutes[behind] > elapsed:
        ahead, behind = behind, world.previous[vehicle][start][behind]
    passed = minutes[behind] if behind != start else 0.0  # a given matrix may have minutes inside a place
    if minutes[ahead] - elapsed < elapsed - passed:
        return ahead
    return behind


def reroute(world: World, state: State, minutes: Sequence[Sequence[Floats]], now: float) -> None:
    """Whose way the new minutes change goes on from where he is; who serves an incident keeps his arrival.

    Args:
        world: with the roads so far.
        state: legs are cut short, or over.
        minutes: those of the roads from now on, as in the world.
        now: the minute.
    """
    for unit in range(len(world.unit_kind)):
        start, end = state.leg_from[unit], state.leg_to[unit]
        if start == end:
            continue
        vehicle = world.kind_vehicle[world.unit_kind[unit]]
        before = world.minutes[vehicle][start][end]
        if before == minutes[vehicle][start][end]:
            continue
        at = position(world, state, unit, now)
        if (now - state.leg_start[unit]) / state.leg_slow[unit] >= before:
            at = end  # this leg is over, or only its last stretch is left
        state.leg_from[unit] = at
        state.leg_start[unit] = max(state.leg_start[unit], now)


def at_base(world: World, state: State, unit: int, node: int) -> bool:
    """Whether a unit that now stands at the node is free and back where it belongs."""
    home = world.unit_home[unit]
    return state.serves[unit] < 0 and node == home and state.leg_to[unit] == home


def slowness(world: World, day: DayMarks, now: float, origin: int, destination: int) -> float:
    """Rain and night: the mean factor of the zones along the stored route, in this hour."""
    hour, even = int((now - world.starts_min) // 60.0), day.even
    if hour < 0 or hour >= len(even):
        hour = 0 if hour < 0 else len(even) - 1
    slow = day.slow[hour]
    if even[hour] == 1:
        return slow[0]
    total = 0.0
    for share, factor in zip(world.zone_share[origin][destination], slow):
        total += share * factor
    return total


def minutes_to(world: World, day: DayMarks, state: State, unit: int, incident: int, node: int) -> float:
    """Minutes on a dry day from the node where the unit is to the station; friction included, turn-out not.

    A guard pair that walks its own block comes from where the incident's mark puts it; whoever comes to a hamlet from
    outside it meets its river or its road.
    """
    station = day.station[incident]
    block = world.unit_block[unit]
    if block >= 0 and block == world.station_block[station] and at_base(world, state, unit, node):
        size = world.block_size[block]
        place = min(int(day.where[incident] * size), size - 1)
        return world.block_minutes[world.block_offset[block] + place * size + world.station_place[station]]
    vehicle = world.kind_vehicle[world.unit_kind[unit]]
    way = world.minutes[vehicle][node][world.station_node[station]]
    return way + (world.stretch[vehicle][station] + day.access[incident])
