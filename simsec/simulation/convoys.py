"""Guard pairs that go with the boxes: plain functions over the world, the day and the state, and no event of their own.

When a truck leaves is drawn with the day; whose pair goes with it follows from the plan's blocks. So when a pair is out
is known without a calendar: it is asked for where somebody looks for a pair. A convoy waits for nobody: a pair that is
at a call, off duty or out with other boxes when the truck leaves stays behind, and Linmas and the village's officers go
alone.
"""

from __future__ import annotations

from simsec.simulation.model import BACK, BLOCK, FREE, NEVER, NOWHERE, DayMarks, Event, State, World

NOT_YET = 1e18


def home_again(day: DayMarks, state: State, convoy: int, now: float) -> float:
    """When the pair of a convoy stands in its block again; after an accident once that is over and the rest is driven.

    ``NOT_YET`` while an accident lasts.
    """
    incident = day.convoy_incident[convoy]
    if incident < 0 or now < day.onset[incident]:
        return day.convoy_until[convoy]
    if state.cleared[incident] == NEVER:
        return NOT_YET
    return state.cleared[incident] + day.convoy_until[convoy] - day.onset[incident]


def gone_with(world: World, day: DayMarks, state: State, unit: int, now: float) -> tuple[int, float, float]:
    """Of a free pair, since it was last freed: its convoys, their minutes until now, when the last is or was over."""
    count, minutes, free = 0, 0.0, state.freed_at[unit]
    first, end, convoys, leaving = world.convoy_first[unit], world.convoy_end[unit], world.convoy, day.convoy_from
    while True:
        left, following, leaves = 0, -1, now
        for place in range(first, end):
            convoy = convoys[place]
            at = leaving[convoy]
            if free < at <= now:
                left += 1
                if following < 0 or at < leaves:
                    following, leaves = convoy, at
        if left == 0:
            return count, minutes, free
        count += 1
        free = home_again(day, state, following, now)
        minutes += min(free, now) - leaves
        if left == 1:
            return count, minutes, free  # no later one is left to look for


def escorting(world: World, day: DayMarks, state: State, unit: int, now: float) -> bool:
    """Whether a free unit is out with boxes, and so nobody's to send."""
    if day.convoys == 0:
        return False
    convoys, leaving = world.convoy, day.convoy_from
    for place in range(world.convoy_first[unit], world.convoy_end[unit]):
        convoy = convoys[place]
        if leaving[convoy] <= now and (
            now < day.convoy_until[convoy] or day.convoy_incident[convoy] >= 0
        ):  # others need no closer look
            return gone_with(world, day, state, unit, now)[2] > now
    return False


def settle(world: World, day: DayMarks, state: State, unit: int, now: float) -> None:
    """Write down the convoys of a free pair before it is sent or goes off duty."""
    if day.convoys > 0 and world.convoy_first[unit] < world.convoy_end[unit]:
        count, minutes, _ = gone_with(world, day, state, unit, now)
        state.escorts[unit] += count
        state.escort_min[unit] += minutes


def look_when_back(
    world: World, day: DayMarks, state: State, incident: int, ladder: int, now: float, then: list[Event]
) -> None:
    """A request begins to wait: the pairs that could serve it and are out with boxes look at the list when back."""
    for kind in range(len(world.kind_first)):
        reach = world.reach[ladder][kind]
        first, end = world.kind_first[kind], world.kind_end[kind]
        if reach < 0 or first == end or world.convoy_first[first] == world.convoy_end[end - 1]:
            continue  # none of the kind goes with boxes
        if reach == BLOCK:
            first = world.block_unit[world.station_block[day.station[incident]]]
            if first < 0 or world.unit_kind[first] != kind:
                continue
            end = first + 1
        for unit in range(first, end):
            if state.serves[unit] == FREE and escorting(world, day, state, unit, now):
                over = gone_with(world, day, state, unit, now)[2]
                if over < NOT_YET:
                    then.append((over, BACK, NOWHERE, world.absences + unit, state.ticket[unit]))
