"""What happened on a day, event by event: a listener that leaves one tidy table. The rules know nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simsec.simulation.model import (
    ARRIVE,
    BACK,
    CLEAR,
    FREE,
    LEAVE,
    LIMIT_REACHED,
    LOST,
    NEVER,
    OFF_DUTY,
    REPORT,
    REQUEST,
    RISE,
    SPREAD,
    DayMarks,
    Event,
    State,
    World,
    fresh_state,
)
from simsec.simulation.roads import Change

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
NONE = -1

# What a row tells. Of an incident: it begins, the crowd reaches a village or is kept from it, somebody outside the
# station knows, nobody came in time; of its request: a step takes it up, it is passed on, waits or is lost; of a
# unit: it is sent, turned round before it came, comes, and is done; it goes off duty and is back; and the clock of the
# incident. And of a road: it closes; such a row has the village as its ``end``, and no incident.
KINDS = (
    "onset",
    "spread",
    "spread_stopped",
    "spread_limited",
    "report",
    "rise",
    "request",
    "pass_on",
    "wait",
    "lost",
    "recall",
    "order",
    "arrive",
    "first_help",
    "care",
    "contained",
    "full",
    "clear",
    "cleared",
    "road_closed",
    "leave",
    "back",
)
KIND = {name: number for number, name in enumerate(KINDS)}
_FULL_ROW = (float, int, int, int, int, int, int, int, int, int, float, float)


@dataclass(frozen=True, eq=False)
class Events:
    """One row a thing that happened, in the order in which it did; every array of shape (n,), -1 or nan: none.

    Attributes:
        time_min: minutes after midnight of polling day.
        kind: number in ``KINDS``.
        incident: number in the day; none where a unit goes off duty or is back (``leave``, ``back``).
        unit: number in the world.
        place: station of the incident.
        start, end: nodes of the leg a unit begins (``order``, ``clear``) or has behind it (``arrive``).
        capability: as what the unit serves (``order``, ``recall``, ``arrive``, ``clear``).
        level: of the incident after the event.
        step: row of the ladders that takes the request up (``request``), gets it (``pass_on``) or keeps it (``wait``).
            A request is ``lost`` once for every ladder that could not fill it, where none waits.
        leaves_min: when the unit moves off (``order``, ``clear``); on the way already where it is the row's own time.
        slow: factor on the travel table's minutes of the leg: rain, night, and for an order the noise of its trip.
    """

    time_min: Floats
    kind: Integers
    incident: Integers
    unit: Integers
    place: Integers
    start: Integers
    end: Integers
    capability: Integers
    level: Integers
    step: Integers
    leaves_min: Floats
    slow: Floats

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.time_min)


class Trace:
    """Listens to one day from its beginning; hand it to :func:`simsec.simulation.simulate` as ``listener``.

    It sees an event and the state after it, so orders are read from the tickets that rose. An event that was void
    leaves no row.

    Args:
        world: of the day's plan, from :func:`simsec.simulation.simulate.kept_world`.
        day: its marks, from :func:`simsec.simulation.calendar.marks_of`.
        changes: of its roads, from :func:`simsec.simulation.roads.changes_of`.

    Example:
        >>> from simsec.day import sample_day
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> from simsec.simulation import simulate
        >>> from simsec.simulation.calendar import marks_of
        >>> from simsec.simulation.simulate import kept_world
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> plan, day = doctrine(scenario), sample_day(scenario, 1, 0)
        >>> trace = Trace(kept_world(scenario, plan), marks_of(day))
        >>> outcome = simulate(scenario, plan, day, listener=trace)
        >>> events = trace.events(scenario.horizon_min[1])
        >>> int((events.kind == KIND["order"]).sum()) == int(outcome.units.missions.sum())
        True
    """

    def __init__(self, world: World, day: DayMarks, changes: Sequence[Change] = ()) -> None:
        """Begin with an empty table, but for what is known before: onsets, and roads that close."""
        state = fresh_state(world, day)
        self._day = day
        self._ladders = range(world.ladders)
        self._ticket, self._serves, self._serves_as = state.ticket, state.serves, state.serves_as
        self._due = state.due
        self._waiting: set[tuple[int, int]] = set()
        self._limit_reached = self._lost = 0
        self._marks = {name: getattr(state, name) for name in ("first", "care", "contained", "full", "cleared")}
        self._rows: list[tuple[float, ...]] = []
        for incident in range(day.primaries):
            self._row(day.onset[incident], "onset", incident, day.level[incident])
        for change in changes:
            row = (change.minute, KIND["road_closed"], *[NONE] * 4, change.closure.village, *[NONE] * 3, np.nan, np.nan)
            self._rows.append(row)

    def _row(
        self,
        time: float,
        kind: str,
        incident: int,
        level: int,
        unit: int = NONE,
        capability: int = NONE,
        leg: tuple[int, int] = (NONE, NONE),
        step: int = NONE,
        leaves: float = np.nan,
        slow: float = np.nan,
    ) -> None:
        place = self._day.station[incident] if incident >= 0 else NONE
        self._rows.append(
            (time, KIND[kind], incident, unit, place, *leg, capability, level, step, leaves, slow)
        )  # in the order of the fields of Events

    def __call__(self, event: Event, state: State) -> None:
        """Take down what the event changed."""
        kind = event[1]
        if kind == ARRIVE:
            self._arrival(event, state)
            return
        if kind in (LEAVE, BACK):
            self._duty(event[0], state)
            if kind == LEAVE:
                return
        if kind == CLEAR:
            if not self._clearing(event, state):
                return
        elif kind == SPREAD:
            self._spreading(event, state)
            return
        elif kind != BACK and not self._asking(event, state):
            return
        if state.ticket != self._ticket:
            self._orders(event[0], state)
        if kind not in (CLEAR, BACK):
            self._passed_on(event, state)
        while self._lost < state.counters[LOST]:
            self._lost += 1
            self._row(event[0], "lost", event[2], state.level[event[2]])
        if len(state.waiting) != len(self._waiting):
            self._queue(event[0], state)

    def _duty(self, time: float, state: State) -> None:
        """Whoever went off duty, or is back; one that is back may have been sent on in the same moment."""
        for unit, (before, now) in enumerate(zip(self._serves, state.serves, strict=True)):
            if (before == OFF_DUTY) == (now == OFF_DUTY):
                continue
            self._row(time, "leave" if now == OFF_DUTY else "back", NONE, NONE, unit)
            self._serves[unit] = OFF_DUTY if now == OFF_DUTY else FREE

    def _arrival(self, event: Event, state: State) -> None:
        time, _, incident, unit, ticket = event
        if ticket != state.ticket[unit]:
            return
        leg, level = (state.leg_from[unit], state.leg_to[unit]), state.level[incident]
        self._row(time, "arrive", incident, level, unit, state.serves_as[unit], leg)
        for name, mark in (("first_help", "first"), ("care", "care"), ("contained", "contained"), ("full", "full")):
            self._milestone(name, mark, incident, unit, state)

    def _milestone(self, name: str, mark: str, incident: int, unit: int, state: State) -> None:
        time = getattr(state, mark)[incident]
        if time != self._marks[mark][incident]:
            self._marks[mark][incident] = time
            self._row(time, name, incident, state.level[incident], unit)

    def _clearing(self, event: Event, state: State) -> bool:
        time, _, incident, unit, ticket = event
        if ticket != self._ticket[unit]:
            return False
        again = state.ticket[unit] != ticket  # the freed unit was sent on at once: its way home never was
        leg = (state.leg_from[unit], NONE if again else state.leg_to[unit])
        leaves, slow = (np.nan, np.nan) if again else (state.leg_start[unit], state.leg_slow[unit])
        capability = self._serves_as[unit]
        self._serves[unit] = FREE
        self._row(time, "clear", incident, state.level[incident], unit, capability, leg, leaves=leaves, slow=slow)
        self._milestone("cleared", "cleared", incident, unit, state)
        if state.serves[unit] == OFF_DUTY:
            self._duty(time, state)
        return True

    def _asking(self, event: Event, state: State) -> bool:
        time, kind, incident, what, _ = event
        level = state.level[incident]
        if kind == REPORT:
            self._row(time, "report", incident, level)
        elif kind == RISE:
            if state.first[incident] != NEVER:
                return False
            self._row(time, "rise", incident, level)
        elif kind == REQUEST:
            if time != self._due[incident][what]:
                return False
            passed_on = state.due[incident][what] != NEVER
            self._row(time, "request", incident, level, step=state.step[incident][what] - passed_on)
        return True

    def _spreading(self, event: Event, state: State) -> None:
        time, _, child, _, _ = event
        if state.onset[child] == time:
            self._row(time, "spread", child, state.level[child])
        elif state.counters[LIMIT_REACHED] != self._limit_reached:
            self._limit_reached = state.counters[LIMIT_REACHED]
            self._row(time, "spread_limited", child, state.level[child])
        elif state.struck[self._day.village[child]] == 0:
            self._row(time, "spread_stopped", child, state.level[child])

    def _orders(self, time: float, state: State) -> None:
        for unit, ticket in enumerate(state.ticket):
            if ticket == self._ticket[unit]:
                continue
            other, incident = self._serves[unit], state.serves[unit]
            if other >= 0:
                self._due[other] = list(state.due[other])  # it may ask again, at once
                self._row(time, "recall", other, state.level[other], unit, self._serves_as[unit])
            leg, capability = (state.leg_from[unit], state.leg_to[unit]), state.serves_as[unit]
            leaves, slow = state.leg_start[unit], state.leg_slow[unit]
            self._row(time, "order", incident, state.level[incident], unit, capability, leg, NONE, leaves, slow)
            self._ticket[unit], self._serves[unit], self._serves_as[unit] = ticket, incident, capability

    def _passed_on(self, event: Event, state: State) -> None:
        time, kind, incident, what, _ = event
        for ladder in (what,) if kind == REQUEST else self._ladders:
            due = state.due[incident][ladder]
            if due != NEVER and (kind == REQUEST or due != self._due[incident][ladder]):
                self._row(time, "pass_on", incident, state.level[incident], step=state.step[incident][ladder])
        self._due[incident] = list(state.due[incident])

    def _queue(self, time: float, state: State) -> None:
        now = {(incident, ladder) for _, incident, ladder in state.waiting}
        for incident, ladder in sorted(now - self._waiting):
            self._row(time, "wait", incident, state.level[incident], step=state.step[incident][ladder])
        self._waiting = now

    def events(self, ends_min: float) -> Events:
        """The table so far.

        Args:
            ends_min: end of the clock; an incident that would begin later leaves no row.
        """
        columns: Sequence[Sequence[float]] = list(zip(*self._rows, strict=True)) or [()] * len(_FULL_ROW)
        table: list[NDArray[Any]] = [np.array(column, of) for column, of in zip(columns, _FULL_ROW, strict=True)]
        order = np.argsort(table[0], kind="stable")  # onsets stand first, and come before all else of their minute
        order = order[table[0][order] < ends_min]
        return Events(*(column[order] for column in table))


def write_events(path: Path, trace: Trace, ends_min: float) -> None:
    """Leave the table in a file for another process."""
    events = trace.events(ends_min)
    np.savez_compressed(path, allow_pickle=False, **{item.name: getattr(events, item.name) for item in fields(events)})


def read_events(path: Path) -> Events:
    """The table that :func:`write_events` left.

    Example:
        >>> import tempfile
        >>> empty = Events(*(np.zeros(0) for _ in fields(Events)))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(Path(folder) / "day.npz", **vars(empty))
        ...     len(read_events(Path(folder) / "day.npz"))
        0
    """
    with np.load(path, allow_pickle=False) as kept:
        return Events(*(kept[item.name] for item in fields(Events)))
