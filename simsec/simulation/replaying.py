"""A log of any length through the engine: reports come one at a time, and an incident that is over makes room.

The rules are the day's own. An incident takes a *seat*, a row of the marks and of the state; when none of its events is
due and nobody waits for a unit, nothing can happen to it any more, it is handed out and the seat is free again. So
memory follows what goes on at once, not the length of the log.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from simsec.base.errors import say
from simsec.day.day import Convoys, Floats
from simsec.day.incidents import NOISE_SLOTS
from simsec.day.log import Entry
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.simulation.calendar import Calendar, convoy_marks
from simsec.simulation.convoys import home_again
from simsec.simulation.model import (
    AMBULANCE,
    ARRIVE,
    CLEAR,
    FREE,
    NEVER,
    NOWHERE,
    DayMarks,
    Event,
    State,
    World,
    fresh_state,
    quick,
)
from simsec.simulation.movement import reroute, slowness
from simsec.simulation.roads import Change
from simsec.simulation.rules import RULES, open_windows, over, serve_waiting, wake
from simsec.simulation.simulate import kept_world

UNREACHED = 1e17  # minutes; the rules take no way as long as this
_WHOLE_DAY = {
    *("noises", "slow", "even", "primaries", "absent"),
    *("convoys", "convoy_from", "convoy_until", "convoy_incident"),
}
_OWN = tuple(name for name in DayMarks._fields if name not in _WHOLE_DAY)  # marks with a row an incident
_WITHIN = ("parent", "village", "child_first", "child_end")  # those that name other rows


class Played(NamedTuple):
    """What became of one incident; times in minutes after midnight of polling day, nan: never.

    Attributes:
        level: last, 0 green to 2 red; -1: it never happened, no crowd came.
        first_unit: number of the unit that came first, -1: nobody.
        over: when it let its station open again.
        busy: unit minutes from order to free, of those that worked there.
        routed: minutes of the way of the first unit, without friction and noise, rain and night included; nan: nobody.
    """

    level: float
    onset: float
    reported: float
    dispatched: float
    first: float
    first_unit: float
    full: float
    care: float
    cleared: float
    over: float
    units_sent: float
    busy: float
    routed: float


Finished = Callable[[Entry, int, State], None]
"""Called with an incident that is over, its seat and the state, before the seat is taken by another."""


def world_with_villages(world: World, scenario: Scenario) -> World:
    """The world with every village as a place of its own, after the stations: no pair guards it.

    Args:
        world: of the scenario.
        scenario: knows the villages.
    """
    villages, nobody = len(scenario.villages), len(world.block_unit)
    subdistrict = scenario.villages.subdistrict
    return world._replace(
        block_unit=[*world.block_unit, NOWHERE],
        block_size=[*world.block_size, 0],
        block_offset=[*world.block_offset, 0],
        station_block=[*world.station_block, *[nobody] * villages],
        station_place=[*world.station_place, *[0] * villages],
        station_node=[*world.station_node, *range(villages)],
        station_subdistrict=[*world.station_subdistrict, *subdistrict.tolist()],
        station_rayon=[*world.station_rayon, *scenario.villages.subdistrict_rayon[subdistrict].tolist()],
        stretch=[[*row, *[0.0] * villages] for row in world.stretch],
    )


def whats_out_of_reach(world: World) -> Callable[[Entry], str]:
    """A check of single rows: what no unit can reach, or no unit can carry away, as a sentence; "" where all is well.

    Args:
        world: of the plan, with its villages.
    """

    @cache
    def bases(kind: int) -> frozenset[int]:
        return frozenset(world.unit_home[world.kind_first[kind] : world.kind_end[kind]])

    @cache
    def helpers(incident: int, level: int) -> tuple[int, ...]:
        need = world.need[incident][level]
        return tuple(
            kind
            for kind, able in enumerate(world.can)
            if any(need[c] > 0 and able[c] and world.kind_row[world.ladder_of[c]][kind] >= 0 for c in range(len(need)))
        )

    @lru_cache(maxsize=65536)
    def wrong(incident: int, level: int, station: int, transport: int) -> str:
        if not any(world.need[incident][level]):
            return ""
        node = world.station_node[station]
        coming = [
            kind
            for kind in helpers(incident, level)
            if any(world.minutes[world.kind_vehicle[kind]][base][node] < UNREACHED for base in bases(kind))
        ]
        if not coming:
            return say("no unit of the plan that could help reaches this place")
        if transport >= 0 and any(world.minutes[world.kind_vehicle[k]][node][transport] >= UNREACHED for k in coming):
            return say("there is no way from this place to transport_to")
        return ""

    return lambda entry: wrong(entry.kind, entry.level, entry.station, entry.transport)


class Replay:
    """A log being played.

    Args:
        world: of the plan, with its villages.
        slow: factor on travel minutes, shape (hours, zones).
        friction: that the world's minutes hold.
        finished: told of every incident that is over.
        absent: whether each row of the scenario's absences takes place; by default none that has a chance.
        changes: roads from a minute on, in their order.
        convoys: pairs that go with boxes, their accidents not yet numbered; by default none.
        accidents: of the convoys: name of the incident, and numbers of the trips it befalls.

    Attributes:
        seats: how many incidents went on at once, at most.
    """

    def __init__(
        self,
        world: World,
        slow: Floats,
        friction: float,
        finished: Finished,
        absent: Sequence[bool] = (),
        changes: Sequence[Change] = (),
        convoys: Convoys | None = None,
        accidents: Mapping[str, Sequence[int]] = MappingProxyType({}),
    ) -> None:
        """Begin with an empty calendar."""
        self.seats = 0
        self._world, self._friction, self._finished = quick(world), friction, finished
        self._worlds = [(-math.inf, self._world), *((c.minute, quick(c.roads.under(world))) for c in changes)]
        self._closed = 0  # how many of the changes have come
        marks = _no_marks(slow, absent, convoys)
        self._accidents = accidents
        self._day, self._state = quick(marks), quick(fresh_state(world, marks))
        self._blanks = [(getattr(self._state, name), value) for name, value in _blank_row(world, marks).items()]
        self._marks: list[list[Any]] = [getattr(self._day, name) for name in _OWN]
        given = [name for name in _OWN if name not in _WITHIN]
        self._columns: list[tuple[list[Any], str]] = [(getattr(self._day, name), name) for name in given]
        self._entries: list[Entry | None] = []
        self._root: list[int] = []  # seat of the first of its group
        self._size: list[int] = []  # of the group, at the seat of its first
        self._due: list[int] = []  # events of the group that are due, at the seat of its first
        self._sent: list[int] = []
        self._busy: list[float] = []
        self._routed: list[float] = []
        self._carried: list[bool] = []
        self._free: dict[int, list[int]] = {}  # size of a group -> first seats that such a group left
        self._noise = [1.0] * len(world.unit_kind)  # of the present order
        self._way_min = [0.0] * len(world.unit_kind)  # of the present order: a road that closes leaves its arrival
        self._carries = [False] * len(world.unit_kind)
        self._then: list[Event] = []
        self._calendar = Calendar(world.starts_min, self._fire)
        windows: list[Event] = []
        open_windows(self._world, self._day, windows)
        for event in windows:
            self._calendar.known_before(event)

    def run(self, groups: Iterable[Sequence[Entry]], ends_min: float) -> State:
        """Play the groups of a log, in order of time, to the end of the clock; each is fed when its time has come.

        Args:
            groups: as :meth:`simsec.day.log_reading.LogReader.groups` gives them.
            ends_min: nothing after this minute happens.

        Returns:
            The state at the end. Of its rows of incidents only those are left that are still going on.
        """
        for group in groups:
            self._run_before(min(group[0].onset, ends_min))
            self._feed(group)
        self._run_before(ends_min)
        for seat, entry in enumerate(self._entries):
            if entry is not None:
                self._finished(entry, seat, self._state)
        return State(*(getattr(self._state, name) for name in State._fields))

    def _run_before(self, minute: float) -> None:
        """Let everything happen that lies before a minute; roads change at their own, between two events."""
        while self._closed + 1 < len(self._worlds) and self._worlds[self._closed + 1][0] <= minute:
            self._closed += 1
            closes, after = self._worlds[self._closed]
            self._calendar.run_before(closes)
            reroute(self._world, self._state, after.minutes, closes)
            self._world = after
        self._calendar.run_before(minute)

    def played(self, seat: int) -> Played:
        """What became of the incident in a seat."""
        state = self._state
        onset = state.onset[seat]
        return Played(
            level=float(state.level[seat]) if onset != NEVER else -1.0,
            onset=_time(onset),
            reported=_time(state.reported[seat]),
            dispatched=_time(state.dispatched[seat]),
            first=_time(state.first[seat]),
            first_unit=float(state.first_unit[seat]),
            full=_time(state.full[seat]),
            care=_time(state.care[seat]),
            cleared=_time(state.cleared[seat]),
            over=_time(over(self._world, self._day, state, seat)),
            units_sent=float(state.units_sent[seat]),
            busy=self._busy[seat],
            routed=self._routed[seat],
        )

    def routed_min(self, kind: int, origin: int, station: int, minute: float, access_min: float = 0.0) -> float:
        """Minutes of the way of a unit of a kind from a node to a place, without friction; rain and night included.

        The roads are those of the minute; ``access_min`` is what everyone from outside needs more.
        """
        world = next(roads for since, roads in reversed(self._worlds) if since <= minute)
        vehicle, node = world.kind_vehicle[kind], world.station_node[station]
        minutes = world.minutes[vehicle][origin][node] + (world.stretch[vehicle][station] + access_min)
        return minutes * slowness(world, self._day, minute, origin, node) / self._friction

    def _feed(self, group: Sequence[Entry]) -> None:
        """Seat a group and begin its first incident; the others are dormant."""
        first = self._seats_for(len(group))
        day: Any = self._day
        for place, entry in enumerate(group):
            self._sit(entry, first + place, first)
        for place, entry in enumerate(group):
            if entry.parent >= 0:  # the children of one parent stand together
                above = first + entry.parent
                if day.child_end[above] == 0:
                    day.child_first[above] = first + place
                day.child_end[above] = first + place + 1
        self._size[first], self._due[first] = len(group), 0
        then: list[Event] = []
        wake(self._world, self._day, self._state, first, group[0].onset, then)
        self._due[first] += len(then)
        for event in then:
            self._calendar.known_before(event)

    def _seats_for(self, size: int) -> int:
        """The first of so many free seats in a row."""
        left = self._free.get(size)
        if left:
            return left.pop()
        first = len(self._entries)
        for _ in range(size):
            self._entries.append(None)
            for column in self._marks:
                column.append(0)
            for column, _ in self._blanks:
                column.append(0)
            for count in (self._root, self._size, self._due, self._sent):
                count.append(0)
            self._busy.append(0.0)
            self._routed.append(math.nan)
            self._carried.append(False)
        self.seats = len(self._entries)
        return first

    def _sit(self, entry: Entry, seat: int, first: int) -> None:
        day: Any = self._day  # its rows change hands; to the rules they are read only
        state = self._state
        for column, name in self._columns:
            column[seat] = getattr(entry, name)
        day.onset[seat] = NEVER
        day.parent[seat] = first + entry.parent if entry.parent >= 0 else -1
        day.village[seat] = first + entry.village
        day.child_first[seat] = day.child_end[seat] = 0
        for column, value in self._blanks:
            column[seat] = value[:] if isinstance(value, list) else value
        state.level[seat] = entry.level
        self._entries[seat], self._root[seat] = entry, first
        self._sent[seat], self._busy[seat], self._routed[seat], self._carried[seat] = 0, 0.0, math.nan, False
        for convoy in self._held_up(entry):
            day.convoy_incident[convoy], day.onset[seat] = seat, entry.onset

    def _fire(self, due: Any) -> None:
        """One event, by its rule; then its seat is left if it was the last."""
        event, then = due._value, self._then
        now, kind, incident, unit, ticket = event
        state = self._state
        if kind == CLEAR and ticket == state.ticket[unit]:
            self._clear(event, unit, incident, now)
        else:
            RULES[kind](self._world, self._day, state, event, then)
            if kind == ARRIVE and state.first[incident] == now and state.first_unit[incident] == unit:
                self._routed[incident] = self._way_min[unit] / (self._noise[unit] * self._friction)
        root = self._root[incident] if incident >= 0 else NOWHERE  # who goes off duty or is back is of no incident
        for following in then:
            other = following[2]
            if other < 0:
                self._calendar.at(following)
                continue
            if following[1] == ARRIVE:
                noise = self._day.noise[other]
                self._noise[following[3]] = noise[self._sent[other] % len(noise)]
                self._way_min[following[3]] = following[0] - state.leg_start[following[3]]
                self._sent[other] += 1
            self._due[self._root[other]] += 1
            self._calendar.at(following)
        then.clear()
        if root < 0:
            return
        self._due[root] -= 1
        if self._due[root] == 0 and not self._waits(root):
            self._leave(root)

    def _clear(self, event: Event, unit: int, incident: int, now: float) -> None:
        """A unit has done its work; one that carries somebody away drives first, hands over, and is free there."""
        state, entry = self._state, self._entries[incident]
        begins = entry is not None and entry.transport >= 0 and not self._carried[incident]
        if entry is not None and begins and self._may_carry(incident, unit):
            self._carried[incident] = self._carries[unit] = True
            done = now + self._way(unit, incident, entry.transport, now) + entry.handover
            self._then.append((done, CLEAR, incident, unit, event[4]))
            return
        ordered = state.ordered_at[unit]
        if entry is not None and self._carries[unit]:
            self._carries[unit] = False
            waiting = state.waiting[:]
            state.waiting.clear()  # nobody is served from the scene
            RULES[CLEAR](self._world, self._day, state, event, self._then)
            state.waiting.extend(waiting)
            if self._world.home_at_once == 0:
                state.leg_from[unit] = entry.transport
                state.leg_slow[unit] = slowness(self._world, self._day, now, entry.transport, state.leg_to[unit])
            if waiting and state.serves[unit] == FREE:
                serve_waiting(self._world, self._day, state, unit, now, self._then)
        else:
            RULES[CLEAR](self._world, self._day, state, event, self._then)
        self._busy[incident] += now - ordered

    def _may_carry(self, incident: int, unit: int) -> bool:
        """An ambulance where one was needed, else whoever came first."""
        state = self._state
        if self._world.need[self._day.kind[incident]][state.level[incident]][AMBULANCE] > 0:
            return state.serves_as[unit] == AMBULANCE
        return state.first_unit[incident] == unit

    def _way(self, unit: int, incident: int, destination: int, now: float) -> float:
        """Minutes from an incident to a place it is left for; no noise."""
        world, station = self._world, self._day.station[incident]
        vehicle, node = world.kind_vehicle[world.unit_kind[unit]], world.station_node[station]
        minutes = world.stretch[vehicle][station] + world.minutes[vehicle][node][destination]
        return minutes * slowness(world, self._day, now, node, destination)

    def _waits(self, root: int) -> bool:
        queued = self._state.queued
        return any(any(queued[seat]) for seat in range(root, root + self._size[root]))

    def _leave(self, root: int) -> None:
        """Hand a group out and free its seats."""
        for seat in range(root, root + self._size[root]):
            entry = self._entries[seat]
            if entry is not None:
                self._finished(entry, seat, self._state)
                self._let_go_on(entry)
            self._entries[seat] = None
        self._free.setdefault(self._size[root], []).append(root)


    def _held_up(self, entry: Entry) -> Sequence[int]:
        """The convoys whose accident an incident is."""
        return self._accidents.get(entry.key, ()) if entry.parent < 0 else ()

    def _let_go_on(self, entry: Entry) -> None:
        """Write down when convoys are home whose accident is over: another incident may take its seat."""
        day: Any = self._day
        for convoy in self._held_up(entry):
            day.convoy_until[convoy] = home_again(self._day, self._state, convoy, math.inf)
            day.convoy_incident[convoy] = NOWHERE


def _time(minute: float) -> float:
    return math.nan if minute == NEVER else minute


def _no_marks(slow: Floats, absent: Sequence[bool], convoys: Convoys | None) -> DayMarks:
    """The marks of a day on which nothing happens yet."""
    even = [int((hour == hour[:1]).all()) for hour in slow]
    own: dict[str, Any] = {name: [] for name in _OWN}
    away = [int(row) for row in absent] or [0]
    whole = {"noises": NOISE_SLOTS, "slow": slow.tolist(), "even": even, "primaries": 0, "absent": away}
    return DayMarks(**own, **whole, **convoy_marks(convoys))


def _blank_row(world: World, marks: DayMarks) -> dict[str, Any]:
    """What the state holds of an incident before anything happens to it, by field."""
    empty = fresh_state(world, marks)
    one = fresh_state(world, marks._replace(kind=[0], onset=[NEVER], level=[0]))
    per_incident = [name for name in State._fields if len(getattr(one, name)) > len(getattr(empty, name))]
    return {name: getattr(one, name)[-1] for name in per_incident}


def replay_world(scenario: Scenario, plan: Plan) -> World:
    """The world of a scenario and a plan, villages included."""
    return world_with_villages(kept_world(scenario, plan), scenario)
