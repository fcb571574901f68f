"""SimPy carries the calendar: the reference one, over lists, with listeners."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

import simpy
import simpy.core

from simsec.day.day import Day
from simsec.simulation.model import NEVER, NOWHERE, REPORT, DayMarks, Event, State, World, fresh_state
from simsec.simulation.rules import RULES, schedule_rise, wake

Listener = Callable[[Event, State], None]
Look = tuple[float, Callable[[float, State], None]]


class Calendar(simpy.Environment):
    """SimPy's calendar with absolute instants and our order of ties: time, kind, order of scheduling.

    ``timeout(at - now)`` can be off by an ulp and so swap ties; here the instant itself is the key. An entry takes
    SimPy's own queue fields: (time, priority, number, event).
    """

    def at(self, event: Event, fire: Callable[[simpy.Event], None]) -> None:
        """Schedule an event of ours; its kind orders ties, after a stop at the same instant."""
        entry = simpy.Event(self)
        entry._ok = True
        entry._value = event
        entry.callbacks.append(fire)
        heapq.heappush(self._queue, (event[0], event[1] + 1, next(self._eid), entry))

    def run_before(self, minute: float) -> None:
        """Let everything happen that lies before a minute."""
        stop = simpy.Event(self)
        stop._ok = True
        stop._value = None
        stop.callbacks.append(simpy.core.StopSimulation.callback)
        heapq.heappush(self._queue, (minute, 0, next(self._eid), stop))
        self.run()


def marks_of(day: Day) -> DayMarks:
    """The day as lists, the way the rules read it."""
    incidents = day.incidents
    onset = [NEVER if value != value else value for value in incidents.onset_min.tolist()]
    slow = day.slow.tolist()
    return DayMarks(
        kind=incidents.kind.tolist(),
        station=incidents.station.tolist(),
        onset=onset,
        level=incidents.level.tolist(),
        report_delay=incidents.report_delay_min.tolist(),
        rise=incidents.rise_min.tolist(),
        scene=incidents.scene_min.tolist(),
        where=incidents.where.tolist(),
        delay=incidents.delay_min.tolist(),
        turnout=incidents.turnout_min.tolist(),
        noise=incidents.noise.tolist(),
        noises=incidents.noise.shape[1],
        parent=incidents.parent.tolist(),
        child_first=incidents.child_first.tolist(),
        child_end=incidents.child_end.tolist(),
        spread_delay=incidents.spread_delay_min.tolist(),
        contain_within=incidents.contain_within_min.tolist(),
        hits=incidents.hits.tolist(),
        slow=slow,
        even=int(all(factor == hour[0] for hour in slow for factor in hour)),
        primaries=incidents.primaries,
    )


def first_events(world: World, day: DayMarks, state: State) -> list[Event]:
    """What is on the calendar before the day begins: the primary incidents with all that follows from them alone."""
    events: list[Event] = []
    for incident in range(day.primaries):
        if day.child_end[incident] > day.child_first[incident]:
            wake(world, day, state, incident, day.onset[incident], events)
        else:
            events.append((day.onset[incident] + day.report_delay[incident], REPORT, incident, NOWHERE, 0))
        schedule_rise(day, state, incident, events)
    return events


def run_on_simpy(
    world: World,
    day: DayMarks,
    ends_min: float,
    listener: Listener | None = None,
    looks: Sequence[Look] = (),
) -> State:
    """Play a day to the end of the clock.

    Args:
        world: what is known and decided.
        day: what chance brings.
        ends_min: nothing after this minute happens.
        listener: called after every event with it and the state; may only look.
        looks: (minute, function of minute and state), called once everything before that minute has happened.

    Returns:
        The state at the end.
    """
    state = fresh_state(world, day)
    calendar = Calendar(initial_time=world.starts_min)
    then: list[Event] = []

    def fire(entry: simpy.Event) -> None:
        event: Event = entry._value
        RULES[event[1]](world, day, state, event, then)
        if listener is not None:
            listener(event, state)
        for following in then:
            calendar.at(following, fire)
        then.clear()

    for event in first_events(world, day, state):
        calendar.at(event, fire)
    for minute, look in looks:
        calendar.run_before(minute)
        look(minute, state)
    calendar.run_before(ends_min)
    return state
