"""What happened on one day under one plan: rows of incidents and of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.day.day import Day
from simsec.simulation.model import HIT, LIMIT_REACHED, NEVER, State, World

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class IncidentRows:
    """One row an incident that happened; times in minutes after midnight of polling day, nan: never.

    Attributes:
        incident: number in the day.
        kind, station: numbers in the scenario.
        primary: False when another incident spread to it.
        first_level, last_level: 0 green to 2 red.
        onset_min, reported_min, dispatched_min, first_min, full_min, care_min, cleared_min: its clock.
        reopened_min: when a station that the incident closed opened again, nan when it closed none.
        response_min: onset to first help from outside the station; nan when nobody came.
        rise_min: shape (n, 3), minutes after onset at which each level is left if nobody came.
        units_sent: how many were sent.
        first_kind: unit kind of the first help, -1: none.
    """

    incident: Integers
    kind: Integers
    station: Integers
    primary: NDArray[np.bool_]
    first_level: Integers
    last_level: Integers
    onset_min: Floats
    reported_min: Floats
    dispatched_min: Floats
    first_min: Floats
    full_min: Floats
    care_min: Floats
    cleared_min: Floats
    reopened_min: Floats
    response_min: Floats
    rise_min: Floats
    units_sent: Integers
    first_kind: Integers
    hits: Integers

    def __len__(self) -> int:
        """Number of incidents that happened."""
        return len(self.incident)


@dataclass(frozen=True, eq=False)
class UnitRows:
    """One row a unit: kind, missions, minutes from order to clear."""

    kind: Integers
    missions: Integers
    busy_min: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """What happened: incidents, units, and how often the limit of spreading was reached."""

    incidents: IncidentRows
    units: UnitRows
    stations_hit: int
    limit_reached: int
    ends_min: float


def _times(values: list[float], kept: NDArray[np.bool_]) -> Floats:
    times = np.array(values, dtype=np.float64)[kept]
    return np.where(times == NEVER, np.nan, times)


def outcome_of(world: World, day: Day, state: State, ends_min: float, closes: Sequence[bool] = ()) -> Outcome:
    """Gather the rows from the state at the end of the day; dormant incidents that never woke leave none."""
    onset = np.array(state.onset, dtype=np.float64)
    kept = np.asarray((onset != NEVER) & (onset < ends_min))
    unit_kind = np.array([*world.unit_kind, -1], dtype=np.int64)
    first, cleared = _times(state.first, kept), _times(state.cleared, kept)
    kind = day.incidents.kind[kept]
    closed = np.asarray(closes, dtype=np.bool_)[kind] if len(closes) else np.zeros(len(kind), dtype=np.bool_)
    busy = np.array(state.busy_min) + np.array(
        [ends_min - since if other >= 0 else 0.0 for other, since in zip(state.serves, state.ordered_at, strict=True)]
    )
    rows = IncidentRows(
        incident=np.flatnonzero(kept),
        kind=kind,
        station=day.incidents.station[kept],
        primary=day.incidents.parent[kept] < 0,
        first_level=day.incidents.level[kept],
        last_level=np.array(state.level, dtype=np.int64)[kept],
        onset_min=onset[kept],
        reported_min=_times(state.reported, kept),
        dispatched_min=_times(state.dispatched, kept),
        first_min=first,
        full_min=_times(state.full, kept),
        care_min=_times(state.care, kept),
        cleared_min=cleared,
        reopened_min=np.where(closed, cleared, np.nan),
        response_min=first - onset[kept],
        rise_min=day.incidents.rise_min[kept],
        units_sent=np.array(state.units_sent, dtype=np.int64)[kept],
        first_kind=unit_kind[np.array(state.first_unit, dtype=np.int64)[kept]],
        hits=day.incidents.hits[kept],
    )
    units = UnitRows(unit_kind[:-1], np.array(state.missions, dtype=np.int64), busy)
    return Outcome(rows, units, state.counters[HIT], state.counters[LIMIT_REACHED], ends_min)
