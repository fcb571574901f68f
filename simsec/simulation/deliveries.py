"""The books of the boxes, when a day is over: who came too late to open, and which convoys had their pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.day import Day
from simsec.day.trips import OUT, Trips, routes_of, stages_of
from simsec.scenario.reading import Scenario
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
        kind: of the incidents that happened, shape (n,).
        station: theirs.
        onset_min: when they began.
        cleared_min: when they were cleared, nan: never.
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


class Convoying(NamedTuple):
    """What :func:`escorts_of` needs of a day that is over: of every unit, and of every convoy."""

    table: Integers
    leaves_min: Floats
    home_min: Floats
    serves: Sequence[int]
    freed_at: Sequence[float]
    escorts: Sequence[int]
    escort_min: Sequence[float]


class Escorts(NamedTuple):
    """Convoys of a day, those that went without their pair, and each unit's minutes out with boxes, shape (units,).

    A convoy goes without where its pair was at a call, off duty or out with other boxes, or sleeps at a hamlet.
    """

    convoys: int
    without_pair: int
    minutes: Floats


def convoying(table: Integers, day: Day, state: State) -> Convoying | None:
    """Keep what tells who went with the boxes; None where no pair goes.

    Args:
        table: from :func:`convoy_table`.
        day: what chance brought.
        state: at the end.
    """
    if day.convoys is None:
        return None
    leaves, home, incident = day.convoys
    met = np.flatnonzero(incident >= 0).tolist()
    if met:
        home = home.copy()
    for trip in met:
        over = state.cleared[incident[trip]]
        home[trip] += np.inf if over == NEVER else over - day.incidents.onset_min[incident[trip]]
    return Convoying(table, leaves, home, state.serves, state.freed_at, state.escorts, state.escort_min)


def escorts_of(kept: Convoying | None, ends_min: float) -> Escorts:
    """Who went with the boxes of a day: what the rules say of one pair at a time, here of all at once.

    Args:
        kept: from :func:`convoying`.
        ends_min: end of the clock.
    """
    if kept is None:
        return Escorts(0, 0, np.zeros(0))
    minutes = np.array(kept.escort_min, dtype=np.float64)
    count, table = sum(kept.escorts), kept.table
    own = np.flatnonzero((np.array(kept.serves) == FREE) & (table >= 0).any(axis=1))
    rows, free = table[own], np.array(kept.freed_at, dtype=np.float64)[own]
    begins = np.where(rows >= 0, kept.leaves_min[rows], np.inf)
    for column in np.argsort(begins, axis=1, kind="stable").T:
        place = np.arange(len(own)), column
        starts, ends = begins[place], kept.home_min[rows[place]]
        goes = (starts > free) & (starts < ends_min)
        count += int(goes.sum())
        minutes[own[goes]] += np.minimum(ends[goes], ends_min) - starts[goes]
        free = np.where(goes, ends, free)
    convoys = int((kept.leaves_min < ends_min).sum())
    return Escorts(convoys, convoys - count, minutes)
