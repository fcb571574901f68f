"""What happened on one day under one plan: rows of incidents, of units, and of the stations that were disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.day import Day
from simsec.day.tables import sampling_tables
from simsec.scenario.reading import Scenario
from simsec.simulation.model import ALL_OUT_MIN, ALL_OUT_SINCE, HIT, LIMIT_REACHED, LOST, NEVER, State, World

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
        onset_min, alert_min, reported_min, dispatched_min, first_min, full_min, care_min, cleared_min: its clock; an
            alert is Linmas and crew on the spot, and never help.
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
    alert_min: Floats
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
    """One row a unit, in the order of their numbers.

    Attributes:
        kind: number in the scenario.
        home: node it waits at, villages first, then posts.
        subdistrict: -1: of none.
        block: that it guards, -1: none.
        missions: how often it was ordered out.
        busy_min: minutes from order to clear, or to the end of the clock.
    """

    kind: Integers
    home: Integers
    subdistrict: Integers
    block: Integers
    missions: Integers
    busy_min: Floats


@dataclass(frozen=True, eq=False)
class StationRows:
    """One row a station that an incident struck, in the order of their numbers.

    Attributes:
        station: number in the scenario.
        incidents: that struck it; a crowd that strikes several stations of a village counts at each.
        closed_min: minutes of the voting hours, within the clock, in which some incident kept it closed.
    """

    station: Integers
    incidents: Integers
    closed_min: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """What happened: incidents, units, disturbed stations, how often the limit of spreading was reached.

    ``lost`` counts requests that met nobody free where a general scenario lets none wait. ``reserve_exhausted_min`` are
    the minutes in which no squad was free, wherever squads wait, to the second; nan where the plan has none.
    """

    incidents: IncidentRows
    units: UnitRows
    stations_hit: int
    limit_reached: int
    ends_min: float
    scenario: Scenario | None = field(default=None, repr=False)
    lost: int = 0
    reserve_exhausted_min: float = float("nan")

    @cached_property
    def stations(self) -> StationRows:
        """The disturbed stations, worked out when first asked for; none where no scenario tells the voting hours."""
        if self.scenario is None:
            return StationRows(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        return _station_rows(self.scenario, self.incidents, self.ends_min)


class Fleet(NamedTuple):
    """What does not change from day to day of each unit, as arrays: kind, home, sub-district and block."""

    kind: Integers
    home: Integers
    subdistrict: Integers
    block: Integers


def fleet_of(world: World) -> Fleet:
    """The units of a world."""
    columns = (world.unit_kind, world.unit_home, world.unit_subdistrict, world.unit_block)
    return Fleet(*(np.array(column, dtype=np.int64) for column in columns))


def outcome_of(
    world: World,
    day: Day,
    state: State,
    ends_min: float,
    closes: Sequence[bool] = (),
    scenario: Scenario | None = None,
    fleet: Fleet | None = None,
) -> Outcome:
    """Gather the rows from the state at the end of the day; dormant incidents that never woke leave none.

    Args:
        world: what was known and decided.
        day: what chance brought.
        state: at the end.
        ends_min: end of the clock.
        closes: for each kind whether it closes its station; none by default.
        scenario: knows the villages and the voting hours, for the rows of stations.
        fleet: the units of the world, where they are kept from an earlier day.
    """
    fleet = fleet or fleet_of(world)
    onset = np.array(state.onset, dtype=np.float64)
    kept = np.asarray((onset != NEVER) & (onset < ends_min))
    clock = (state.reported, state.dispatched, state.first, state.full, state.care, state.cleared)
    times = np.array(clock, dtype=np.float64)[:, kept]
    times[times == NEVER] = np.nan
    reported, dispatched, first, full, care, cleared = times
    last_level, units_sent, first_unit = np.array((state.level, state.units_sent, state.first_unit), dtype=np.int64)[
        :, kept
    ]
    kind = day.incidents.kind[kept]
    closed = np.asarray(closes, dtype=np.bool_)[kind] if len(closes) else np.zeros(len(kind), dtype=np.bool_)
    busy = np.array(state.busy_min, dtype=np.float64)
    out = np.array(state.serves, dtype=np.int64) >= 0
    busy[out] += ends_min - np.array(state.ordered_at, dtype=np.float64)[out]
    rows = IncidentRows(
        incident=np.flatnonzero(kept),
        kind=kind,
        station=day.incidents.station[kept],
        primary=day.incidents.parent[kept] < 0,
        first_level=day.incidents.level[kept],
        last_level=last_level,
        onset_min=onset[kept],
        alert_min=onset[kept] + day.incidents.alert_delay_min[kept],
        reported_min=reported,
        dispatched_min=dispatched,
        first_min=first,
        full_min=full,
        care_min=care,
        cleared_min=cleared,
        reopened_min=np.where(closed, cleared, np.nan),
        response_min=first - onset[kept],
        rise_min=day.incidents.rise_min[kept],
        units_sent=units_sent,
        first_kind=np.where(first_unit >= 0, fleet.kind[first_unit], -1) if len(fleet.kind) else first_unit,
        hits=day.incidents.hits[kept],
    )
    units = UnitRows(*fleet, missions=np.array(state.missions, dtype=np.int64), busy_min=busy)
    hit, limit_reached, lost = (state.counters[counter] for counter in (HIT, LIMIT_REACHED, LOST))
    exhausted = _exhausted_min(world, state, ends_min)
    return Outcome(rows, units, hit, limit_reached, ends_min, scenario, lost, exhausted)


def _exhausted_min(world: World, state: State, ends_min: float) -> float:
    squad = world.squad_kind
    if squad < 0 or world.kind_first[squad] == world.kind_end[squad]:
        return float("nan")
    since = state.reserve_out[ALL_OUT_SINCE]
    return state.reserve_out[ALL_OUT_MIN] + (ends_min - since if since != NEVER else 0.0)


def struck(scenario: Scenario, station: int, hits: int) -> list[int]:
    """The station of an incident and, where a crowd hits several, the next ones of its village."""
    if hits <= 1:
        return [station]
    members = sampling_tables(scenario).stations_of_village[int(scenario.stations.village[station])]
    place = int(np.flatnonzero(members == station)[0])
    return [int(member) for member in np.roll(members, -place)[:hits]]


def closed_windows(
    scenario: Scenario, rows: IncidentRows, closed: NDArray[np.bool_], until_min: float
) -> dict[int, list[tuple[float, float]]]:
    """When incidents kept stations closed: station -> windows from onset to reopening, inf where that never came.

    Args:
        scenario: knows which stations stand in one village.
        rows: incidents that happened.
        closed: whether each of them closed its station, shape (n,).
        until_min: what begins later is left out.
    """
    windows: dict[int, list[tuple[float, float]]] = {}
    until = np.where(np.isnan(rows.reopened_min), np.inf, rows.reopened_min)
    for row in np.flatnonzero(closed & (rows.onset_min < until_min)).tolist():
        for station in struck(scenario, int(rows.station[row]), int(rows.hits[row])):
            windows.setdefault(station, []).append((float(rows.onset_min[row]), float(until[row])))
    return windows


def covered_min(windows: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """Minutes between two moments that lie in at least one window.

    Example:
        >>> covered_min([(430.0, 440.0), (435.0, 450.0), (770.0, float("inf"))], 420.0, 780.0)
        30.0
    """
    total, reached = 0.0, start
    for opens, closes in sorted(windows):
        total += max(min(closes, end) - max(opens, reached), 0.0)
        reached = max(reached, min(closes, end))
    return total


def _station_rows(scenario: Scenario, rows: IncidentRows, ends_min: float) -> StationRows:
    count: dict[int, int] = {}
    for station, hits in zip(rows.station.tolist(), rows.hits.tolist(), strict=True):
        for number in struck(scenario, station, hits):
            count[number] = count.get(number, 0) + 1
    clock = scenario.settings.clock
    start, end = parse_stamp(clock.voting_opens), min(parse_stamp(clock.voting_closes), ends_min)
    closes = np.array([kind.closes_station for kind in scenario.settings.incidents.values()], dtype=np.bool_)
    windows = closed_windows(scenario, rows, closes[rows.kind], end)
    stations = sorted(count)
    return StationRows(
        station=np.array(stations, dtype=np.int64),
        incidents=np.array([count[station] for station in stations], dtype=np.int64),
        closed_min=np.array([covered_min(windows.get(station, []), start, end) for station in stations]),
    )
