"""The books of the boxes, when a day is over: who came too late to open, and which convoys had their pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.day import Day
from simsec.day.trips import OUT, Trips, routes_of, stages_of
from simsec.scenario.reading import Scenario
from simsec.simulation.calendar import marks_of
from simsec.simulation.model import FREE, NEVER, NOWHERE, State, World

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def late_deliveries(
    scenario: Scenario,
    day: Day,
    kind: Integers,
    station: Integers,
    onset_min: Floats,
    cleared_min: Floats,
    ends_min: float,
) -> dict[int, float]:
    """The stations whose boxes came too late to open as planned, with the minute from which they can; inf: never.

    A truck that meets with an accident goes on when that is over, as on the way back.

    Args:
        scenario: what is known.
        day: sampled from it.
        kind, station, onset_min, cleared_min: of the incidents that happened, shape (n,).
        ends_min: end of the clock.
    """
    if day.stages is None or day.stages.ready_min is None:
        return {}
    trips, ready = day.stages.trips, day.stages.ready_min
    met = np.flatnonzero((trips.station >= 0) & (trips.direction == OUT))
    if len(met):
        load_of, ready = routes_of(scenario).load_of_station, ready.copy()
        for trip in met.tolist():
            minutes = lasted(scenario, trips, trip, kind, station, onset_min, cleared_min, ends_min)
            ready[load_of == trips.load[trip]] += minutes
    opens = parse_stamp(scenario.settings.clock.voting_opens)
    return {number: float(ready[number]) for number in np.flatnonzero(ready > opens).tolist()}


def lasted(
    scenario: Scenario,
    trips: Trips,
    trip: int,
    kind: Integers,
    station: Integers,
    onset_min: Floats,
    cleared_min: Floats,
    ends_min: float,
) -> float:
    """Minutes of the accident of a trip; inf: it was not over when the clock ended. The rest as above."""
    met = float(trips.accident_min[trip])
    if met >= ends_min:
        return float("inf")
    escort = list(scenario.settings.incidents).index(stages_of(scenario).escort_kind)
    own = np.flatnonzero((kind == escort) & (station == trips.station[trip]) & (onset_min == met))
    if not len(own):
        return 0.0
    cleared = float(cleared_min[own[0]])
    return cleared - met if cleared == cleared else float("inf")


def convoy_table(world: World) -> Integers:
    """The convoys of every unit, a row a unit, filled up with -1."""
    first, end = np.array(world.convoy_first, dtype=np.int64), np.array(world.convoy_end, dtype=np.int64)
    table = first[:, None] + np.arange(int((end - first).max(initial=0)))
    return np.where(table < end[:, None], np.array(world.convoy)[np.minimum(table, len(world.convoy) - 1)], NOWHERE)


def escorts_of(table: Integers, day: Day, state: State, ends_min: float) -> tuple[int, int, Floats]:
    """Convoys that a pair was to go with, those that had theirs, and each unit's minutes out with boxes.

    What :func:`simsec.simulation.convoys.gone_with` says of one pair, here of all at once at the end of the day.

    Args:
        table: from :func:`convoy_table`.
        day: what chance brought.
        state: at the end.
        ends_min: end of the clock.
    """
    minutes = np.array(state.escort_min, dtype=np.float64)
    if day.stages is None or day.stages.convoys is None:
        return 0, 0, minutes
    leaves, home = day.stages.convoys.leaves_min, day.stages.convoys.back_min.copy()
    for trip in np.flatnonzero(day.stages.trips.station >= 0).tolist():
        incident = marks_of(day).convoy_incident[trip]
        if incident >= 0:
            over = state.cleared[incident]
            home[trip] += np.inf if over == NEVER else over - day.incidents.onset_min[incident]
    count, own = sum(state.escorts), np.flatnonzero((np.array(state.serves) == FREE) & (table >= 0).any(axis=1))
    rows, free = table[own], np.array(state.freed_at, dtype=np.float64)[own]
    begins = np.where(rows >= 0, leaves[rows], np.inf)
    order = np.argsort(begins, axis=1, kind="stable")
    for column in order.T:
        place = np.arange(len(own)), column
        starts, ends = begins[place], home[rows[place]]
        goes = (starts > free) & (starts < ends_min)
        count += int(goes.sum())
        minutes[own[goes]] += np.minimum(ends[goes], ends_min) - starts[goes]
        free = np.where(goes, ends, free)
    return int((leaves < ends_min).sum()), count, minutes
