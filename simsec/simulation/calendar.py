"""SimPy carries the calendar: the reference one, over lists, with listeners."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
import simpy

from simsec.day.day import Convoys, Day
from simsec.simulation.changed import packed, packed_row
from simsec.simulation.model import NEVER, NOWHERE, DayMarks, Event, State, World, copy_state, fresh_state, quick
from simsec.simulation.movement import reroute
from simsec.simulation.roads import Change, Roads
from simsec.simulation.rules import RULES, open_windows, wake

FIRST_OF_ALL = -(2**62)  # order of scheduling of what was known before the day; the calendar's own begins at 0
Listener = Callable[[Event, State], None]
Look = tuple[float, Callable[[float, State], None]]


class _Entry:
    """What SimPy asks of an event it fires, and no more."""

    __slots__ = ("_value", "callbacks")
    _ok = True
    _value: Event
    callbacks: tuple[Callable[[Any], None], ...]


class Calendar(simpy.Environment):
    """SimPy's calendar with absolute instants and our order of ties: time, kind, order of scheduling.

    ``timeout(at - now)`` can be off by an ulp and so swap ties; here the instant itself is the key. An entry takes the
    fields of SimPy's own queue: (time, priority, number, event).
    """

    def __init__(self, initial_time: float, fire: Callable[[_Entry], None]) -> None:
        """Start at a minute; ``fire`` is called with each entry of ours when its time has come."""
        super().__init__(initial_time)
        self._fired: tuple[Callable[[_Entry], None], ...] = (fire,)
        self._pending: list[Any] = self._queue
        self._early = count(FIRST_OF_ALL)

    def at(self, event: Event) -> None:
        """Schedule an event; its kind orders ties."""
        entry = _Entry()
        entry._value, entry.callbacks = event, self._fired
        heapq.heappush(self._pending, (event[0], event[1], next(self._eid), entry))

    def all_at(self, events: Sequence[Event]) -> None:
        """Schedule many events, in their order."""
        fired, numbers, pending = self._fired, self._eid, self._pending
        for event in events:
            entry = _Entry()
            entry._value, entry.callbacks = event, fired
            pending.append((event[0], event[1], next(numbers), entry))
        heapq.heapify(pending)

    def known_before(self, event: Event) -> None:
        """Schedule what was known before the day began, though it is told late: it comes first in its ties."""
        entry = _Entry()
        entry._value, entry.callbacks = event, self._fired
        heapq.heappush(self._pending, (event[0], event[1], next(self._early), entry))

    def run_before(self, minute: float) -> None:
        """Let everything happen that lies before a minute."""
        pending, step = self._pending, self.step
        while pending and pending[0][0] < minute:
            step()

    def end(self) -> None:
        """Forget what is due, and whom to tell."""
        self._pending.clear()
        self._fired = ()

    def pending(self) -> list[Event]:
        """The events of ours that are still due, in the order in which they would happen."""
        return [entry._value for _, _, _, entry in sorted(self._pending, key=lambda due: due[:3])]


@lru_cache(maxsize=4)  # the plans of a comparison meet the same day one after the other
def marks_of(day: Day) -> DayMarks:
    """The day as lists, the way the rules read it; rows are packed, for the collector of garbage follows lists."""
    incidents = day.incidents
    onset = [NEVER if value != value else value for value in incidents.onset_min.tolist()]
    return DayMarks(
        kind=incidents.kind.tolist(),
        station=incidents.station.tolist(),
        onset=onset,
        level=incidents.level.tolist(),
        report_delay=incidents.report_delay_min.tolist(),
        rise=packed(incidents.rise_min),
        scene=packed(incidents.scene_min),
        where=incidents.where.tolist(),
        delay=packed(incidents.delay_min),
        turnout=packed(incidents.turnout_min),
        noise=packed(incidents.noise),
        noises=incidents.noise.shape[1],
        parent=incidents.parent.tolist(),
        child_first=incidents.child_first.tolist(),
        child_end=incidents.child_end.tolist(),
        spread_delay=incidents.spread_delay_min.tolist(),
        contain_within=incidents.contain_within_min.tolist(),
        hits=incidents.hits.tolist(),
        village=incidents.village.tolist(),
        slow=packed(day.slow),
        even=(day.slow == day.slow[:, :1]).all(axis=1).astype(np.int64).tolist(),
        access=incidents.access_min.tolist(),
        primaries=incidents.primaries,
        absent=day.absent.astype(np.int64).tolist() or [0],
        **convoy_marks(day.convoys),
    )


def convoy_marks(convoys: Convoys | None) -> dict[str, Any]:
    """The fields ``convoy...`` of the marks of a day: pairs that are out with boxes, and their accidents."""
    if convoys is None:
        return {"convoys": 0, "convoy_from": [0.0], "convoy_until": [0.0], "convoy_incident": [NOWHERE]}
    leaves, back, incident = map(packed_row, convoys)  # hundreds, and few are asked for
    return {"convoys": len(leaves), "convoy_from": leaves, "convoy_until": back, "convoy_incident": incident}


def first_events(world: World, day: DayMarks, state: State) -> list[Event]:
    """What is on the calendar before the day begins: the primary incidents with all that follows from them alone.

    And who is to leave for a while.
    """
    events: list[Event] = []
    for incident in range(day.primaries):
        wake(world, day, state, incident, day.onset[incident], events)
    open_windows(world, day, events)
    return events


class Play:
    """A day being played: a state, and the events still pending on the calendar.

    Together they are everything: :meth:`pause` hands both out, and a play made from them goes on as the first would
    have. So a day can be stopped, copied, branched and compared.

    Args:
        world: what is known and decided.
        day: what chance brings.
        listener: called after every event with it and the state; may only look.
        paused: what :meth:`pause` handed out; by default the day begins.
    """

    def __init__(
        self,
        world: World,
        day: DayMarks,
        listener: Listener | None = None,
        paused: tuple[State, Sequence[Event]] | None = None,
    ) -> None:
        """Put the first or the pending events on a fresh calendar."""
        state = self._state = quick(copy_state(paused[0]) if paused else fresh_state(world, day))
        known, drawn = quick(world), quick(day)
        self._world = known
        then: list[Event] = []

        def fire(entry: _Entry) -> None:
            event = entry._value
            rules[event[1]](known, drawn, state, event, then)
            if listener is not None:
                listener(event, state)
            if then:
                for following in then:  # as Calendar.at does it, without the call
                    entry = _Entry()
                    entry._value, entry.callbacks = following, calendar._fired  # no cycle: freed at the end
                    push(pending, (following[0], following[1], next(numbers), entry))
                then.clear()

        calendar = self._calendar = Calendar(world.starts_min, fire)
        pending, numbers = calendar._pending, calendar._eid
        push, rules = heapq.heappush, RULES
        calendar.all_at(paused[1] if paused else first_events(known, drawn, state))

    def run_before(self, minute: float) -> State:
        """Let everything happen that lies before a minute; the live state, to look at."""
        self._calendar.run_before(minute)
        return self._state

    def exchange(self, roads: Roads, minute: float) -> None:
        """Put other roads into the world between two events; who is under way goes on from where he is."""
        reroute(self._world, self._state, roads.minutes, minute)
        stand_in: Any = self._world  # only the rules are held to read
        stand_in.minutes, stand_in.previous, stand_in.zone_share = roads.minutes, roads.previous, roads.zone_share

    def end(self) -> None:
        """Nothing more happens: the calendar lets go of the state, which is freed at once rather than collected."""
        self._calendar.end()

    def pause(self) -> tuple[State, list[Event]]:
        """A copy of the state, and the pending events in the order in which they would happen."""
        return copy_state(self._state), self._calendar.pending()


def run_on_simpy(
    world: World,
    day: DayMarks,
    ends_min: float,
    listener: Listener | None = None,
    looks: Sequence[Look] = (),
    changes: Sequence[Change] = (),
) -> State:
    """Play a day to the end of the clock.

    Args:
        world: what is known and decided.
        day: what chance brings.
        ends_min: nothing after this minute happens.
        listener: called after every event with it and the state; may only look.
        looks: (minute, function of minute and state), called once everything before that minute has happened; those
            after the end are not.
        changes: roads from a minute on, in their order; they change before what is looked at or happens then.

    Returns:
        The state at the end.
    """
    play = Play(world, day, listener)
    due = [(change.minute, change.roads) for change in reversed(changes)]

    def exchange_until(minute: float) -> None:
        while due and due[-1][0] <= minute and due[-1][0] < ends_min:
            closes, roads = due.pop()
            play.run_before(closes)
            play.exchange(roads, closes)

    for minute, look in looks:
        if minute < ends_min:
            exchange_until(minute)
            look(minute, play.run_before(minute))
    exchange_until(ends_min)
    state = play.run_before(ends_min)
    play.end()
    return State(*(getattr(state, name) for name in State._fields))
