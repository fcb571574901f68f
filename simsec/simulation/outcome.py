"""What happened on one day under one plan: rows of incidents, of units, and of the stations that were disturbed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.day import Day
from simsec.day.tables import sampling_tables
from simsec.scenario.reading import Scenario
from simsec.simulation.decisions import CONTINUED, NONE, POSTPONED, decisions
from simsec.simulation.deliveries import Convoying, Escorts, convoy_table, convoying, escorts_of, late_deliveries
from simsec.simulation.model import (
    ALL_OUT_MIN,
    ALL_OUT_SINCE,
    FREE,
    HIT,
    LIMIT_REACHED,
    LOST,
    NEVER,
    OFF_DUTY,
    State,
    World,
)

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
        first_line_min: when somebody of the village's three pillars was there, never help; nan where there are none.
        reopened_min: when a station that the incident closed was open again, where it stood or at its new place; nan
            when it closed none, or on that day never again.
        asked_min, decided_min: when its crew asked KPU and when KPU decided, nan: nothing was asked or left to decide.
        decision: number in :data:`simsec.simulation.decisions.DECISIONS`.
        response_min: onset to first help from outside the station; nan when nobody came.
        rise_min: shape (n, 3), minutes after onset at which each level is left if nobody came.
        units_sent: how many were sent.
        first_kind: unit kind of the first help, -1: none.
        came_min: shape (n, capabilities), when the first unit sent as each came.
    """

    incident: Integers
    kind: Integers
    station: Integers
    primary: NDArray[np.bool_]
    first_level: Integers
    last_level: Integers
    onset_min: Floats
    alert_min: Floats
    first_line_min: Floats
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
    asked_min: Floats
    decided_min: Floats
    decision: Integers
    came_min: Floats

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
        away_min: minutes off duty: other duties, rest, release to vote.
    """

    kind: Integers
    home: Integers
    subdistrict: Integers
    block: Integers
    missions: Integers
    busy_min: Floats
    away_min: Floats


@dataclass(frozen=True, eq=False)
class StationRows:
    """One row a station that an incident struck, in the order of their numbers.

    Attributes:
        station: number in the scenario.
        incidents: that struck it; a crowd that strikes several stations of a village counts at each.
        closed_min: minutes of the voting hours, within the clock, in which some incident kept it closed.
        opened_min: when it opened: as planned, or when no incident kept it closed any more; nan: not on that day.
        asked_min: when its crew first asked KPU; nan: never, as below.
        decided_min, decision: of the gravest decision of KPU about it, see :mod:`simsec.simulation.decisions`.
        reopened_min: when the last incident that closed it let it open again.
    """

    station: Integers
    incidents: Integers
    closed_min: Floats
    opened_min: Floats
    asked_min: Floats
    decided_min: Floats
    decision: Integers
    reopened_min: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """What happened: incidents, units, disturbed stations, how often the limit of spreading was reached.

    ``lost`` counts requests that met nobody free where a general scenario lets none wait. ``reserve_exhausted_min`` are
    the minutes in which no squad was free, wherever squads wait, to the second; nan where the plan has none.
    ``delivered`` are the stations whose boxes came too late to open as planned, with the minute from which they can;
    inf: an accident of theirs was never over.
    """

    incidents: IncidentRows
    units: UnitRows
    stations_hit: int
    limit_reached: int
    ends_min: float
    scenario: Scenario | None = field(default=None, repr=False)
    lost: int = 0
    reserve_exhausted_min: float = float("nan")
    delivered: Mapping[int, float] = field(default_factory=dict)
    kept: Convoying | None = field(default=None, repr=False)

    @cached_property
    def stations(self) -> StationRows:
        """The disturbed stations, worked out when first asked for; none where no scenario tells the voting hours."""
        if self.scenario is None:
            return _no_stations()
        return _station_rows(self.scenario, self.incidents, self.ends_min, self.delivered)

    @cached_property
    def escorts(self) -> Escorts:
        """The convoys of the day and which had their pair, worked out when first asked for."""
        return escorts_of(self.kept, self.ends_min)


class Fleet(NamedTuple):
    """What does not change from day to day of each unit, as arrays: kind, home, sub-district, block and convoys."""

    kind: Integers
    home: Integers
    subdistrict: Integers
    block: Integers
    convoys: Integers


def fleet_of(world: World) -> Fleet:
    """The units of a world."""
    columns = (world.unit_kind, world.unit_home, world.unit_subdistrict, world.unit_block)
    kind, home, subdistrict, block = (np.array(column, dtype=np.int64) for column in columns)
    return Fleet(kind, home, subdistrict, block, convoy_table(world))


def outcome_of(
    world: World,
    day: Day,
    state: State,
    ends_min: float,
    scenario: Scenario | None = None,
    fleet: Fleet | None = None,
) -> Outcome:
    """Gather the rows from the state at the end of the day; dormant incidents that never woke leave none.

    Args:
        world: what was known and decided.
        day: what chance brought.
        state: at the end.
        ends_min: end of the clock.
        scenario: knows what closes a station, the villages and the voting hours; without it no station closes.
        fleet: the units of the world, where they are kept from an earlier day.
    """
    fleet = fleet or fleet_of(world)
    onset = np.array(state.onset, dtype=np.float64)
    kept = np.flatnonzero((onset != NEVER) & (onset < ends_min))
    clock = (state.reported, state.dispatched, state.first, state.full, state.care, state.cleared)
    times = np.array(clock, dtype=np.float64).take(kept, axis=1)
    times[times == NEVER] = np.nan
    reported, dispatched, first, full, care, cleared = times
    came = np.fromiter(chain.from_iterable(state.came), np.float64).reshape(len(onset), world.capabilities)
    came = came.take(kept, axis=0)
    came[came == NEVER] = np.nan
    counts = (state.level, state.units_sent, state.first_unit)
    last_level, units_sent, first_unit = np.array(counts, dtype=np.int64).take(kept, axis=1)
    kind, began = day.incidents.kind[kept], onset[kept]
    wanted = np.array(world.reopens_on, dtype=np.int64)[kind] if len(kind) else kind
    goods = came[np.arange(len(kind)), wanted]
    over = np.where((wanted < 0) | np.isnan(goods), cleared, goods + np.array(world.reopens_after)[kind])
    alert, first_line = began + day.incidents.alert_delay_min[kept], day.incidents.first_line_delay_min[kept]
    if scenario is not None:
        decided = decisions(scenario, kind, began, over, day.incidents.kpu[kept])
    else:
        none = np.full(len(kind), np.nan)
        decided = none, none, np.zeros(len(kind), np.int64), none
    busy = np.array(state.busy_min, dtype=np.float64)
    away = np.array(state.away_min, dtype=np.float64)
    for unit in np.flatnonzero(np.array(state.serves, dtype=np.int64) != FREE).tolist():
        if state.serves[unit] == OFF_DUTY:
            away[unit] += ends_min - state.away_since[unit]
        else:
            busy[unit] += ends_min - state.ordered_at[unit]
    rows = IncidentRows(
        incident=kept,
        kind=kind,
        station=day.incidents.station[kept],
        primary=day.incidents.parent[kept] < 0,
        first_level=day.incidents.level[kept],
        last_level=last_level,
        onset_min=began,
        alert_min=alert,
        first_line_min=np.where(np.isinf(first_line), np.nan, alert + first_line),
        reported_min=reported,
        dispatched_min=dispatched,
        first_min=first,
        full_min=full,
        care_min=care,
        cleared_min=cleared,
        reopened_min=decided[3],
        response_min=first - began,
        rise_min=day.incidents.rise_min[kept],
        units_sent=units_sent,
        first_kind=np.where(first_unit >= 0, fleet.kind[first_unit], -1) if len(fleet.kind) else first_unit,
        hits=day.incidents.hits[kept],
        asked_min=decided[0],
        decided_min=decided[1],
        decision=decided[2],
        came_min=came,
    )
    units = UnitRows(*fleet[:4], missions=np.array(state.missions, dtype=np.int64), busy_min=busy, away_min=away)
    hit, limit_reached, lost = (state.counters[counter] for counter in (HIT, LIMIT_REACHED, LOST))
    exhausted = _exhausted_min(world, state, ends_min)
    late = late_deliveries(scenario, day, kind, rows.station, began, cleared, ends_min) if scenario is not None else {}
    boxes = convoying(fleet.convoys, day, state)
    return Outcome(rows, units, hit, limit_reached, ends_min, scenario, lost, exhausted, late, boxes)


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
    scenario: Scenario,
    rows: IncidentRows,
    closed: NDArray[np.bool_],
    until_min: float,
    delivered: Mapping[int, float] | None = None,
) -> dict[int, list[tuple[float, float]]]:
    """When incidents kept stations closed: station -> windows from onset to reopening, inf where that never came.

    Args:
        scenario: knows which stations stand in one village.
        rows: incidents that happened.
        closed: whether each of them closed its station, shape (n,).
        until_min: what begins later is left out.
        delivered: stations whose boxes came too late, and from when each can open; they are closed until then.
    """
    windows: dict[int, list[tuple[float, float]]] = {}
    until = np.where(np.isnan(rows.reopened_min), np.inf, rows.reopened_min)
    for row in np.flatnonzero(closed & (rows.onset_min < until_min)).tolist():
        for station in struck(scenario, int(rows.station[row]), int(rows.hits[row])):
            windows.setdefault(station, []).append((float(rows.onset_min[row]), float(until[row])))
    opens = parse_stamp(scenario.settings.clock.voting_opens)
    for station, ready in (delivered or {}).items():
        windows.setdefault(station, []).append((opens, ready))
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


def opening_min(windows: Sequence[tuple[float, float]], planned_min: float) -> float:
    """When a station opens that is planned for a minute and closed in these windows; inf: not on that day.

    Example:
        >>> opening_min([(360.0, 450.0), (440.0, 500.0), (600.0, 620.0)], 420.0)
        500.0
    """
    opens = planned_min
    for shut, reopened in sorted(windows):
        if shut <= opens < reopened:
            opens = reopened
    return opens


def closed_stations(
    scenario: Scenario, rows: IncidentRows, ends_min: float, delivered: Mapping[int, float] | None = None
) -> StationRows:
    """The stations that an incident closed in the voting hours, or that KPU was asked about; by number.

    Args:
        scenario: knows the villages and the voting hours.
        rows: incidents that happened.
        ends_min: end of the clock.
        delivered: as in :class:`Outcome`.

    Example:
        >>> from simsec.day import sample_day
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> from simsec.simulation import simulate
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> outcome = simulate(scenario, doctrine(scenario), sample_day(scenario, 1, 0, "heavy_rain"))
        >>> closed = closed_stations(scenario, outcome.incidents, outcome.ends_min)
        >>> bool((closed.closed_min > 0).any())
        True
    """
    closes = sampling_tables(scenario).closes[rows.kind]
    if not closes.any() and not delivered:
        return _no_stations()
    clock = scenario.settings.clock
    start, end = parse_stamp(clock.voting_opens), min(parse_stamp(clock.voting_closes), ends_min)
    windows = closed_windows(scenario, rows, closes, end, delivered)
    about: dict[int, list[int]] = {station: [] for station in windows}
    for row in np.flatnonzero(closes).tolist():
        for station in struck(scenario, int(rows.station[row]), int(rows.hits[row])):
            if station in windows or rows.decision[row] != NONE:
                about.setdefault(station, []).append(row)
    found = []
    for station, members in sorted(about.items()):
        spans = windows.get(station, [])
        opened = opening_min(spans, start)
        gravest = max(members, key=lambda row: int(rows.decision[row]), default=-1)
        code = int(rows.decision[gravest]) if members else NONE
        if code == CONTINUED and opened == np.inf:
            code = POSTPONED  # one incident after the other: voting had never begun
        asked = [minute for minute in rows.asked_min[members].tolist() if minute == minute]
        found.append(
            (
                station,
                len(members),
                covered_min(spans, start, end),
                opened if opened < np.inf else np.nan,
                min(asked, default=np.nan),
                rows.decided_min[gravest] if members else np.nan,
                code,
                np.max(rows.reopened_min[members]) if members else np.nan,  # nan where one of them never let go
            )
        )
    columns = np.array(found, dtype=np.float64).reshape(-1, len(StationRows.__dataclass_fields__)).T
    station, incidents, decision = (columns[place].astype(np.int64) for place in (0, 1, 6))
    closed_min, opened, asked, decided = columns[2:6]
    return StationRows(station, incidents, closed_min, opened, asked, decided, decision, columns[7])


def _no_stations() -> StationRows:
    integers, floats = np.zeros(0, np.int64), np.zeros(0)
    return StationRows(integers, integers, floats, floats, floats, floats, integers, floats)


def _station_rows(
    scenario: Scenario, rows: IncidentRows, ends_min: float, delivered: Mapping[int, float]
) -> StationRows:
    """A row a station that was struck or got its boxes late; those that nothing closed opened as planned."""
    count = dict.fromkeys(delivered, 0)
    for station, hits in zip(rows.station.tolist(), rows.hits.tolist(), strict=True):
        for number in struck(scenario, station, hits):
            count[number] = count.get(number, 0) + 1
    stations = np.array(sorted(count), dtype=np.int64)
    closed = closed_stations(scenario, rows, ends_min, delivered)
    never, place = np.full(len(stations), np.nan), np.searchsorted(stations, closed.station)

    def filled(blank: Floats, told: Floats) -> Floats:
        column = blank.copy()
        column[place] = told
        return column

    decision = np.zeros(len(stations), dtype=np.int64)
    decision[place] = closed.decision
    return StationRows(
        station=stations,
        incidents=np.array([count[station] for station in stations.tolist()], dtype=np.int64),
        closed_min=filled(np.zeros(len(stations)), closed.closed_min),
        opened_min=filled(np.full(len(stations), parse_stamp(scenario.settings.clock.voting_opens)), closed.opened_min),
        asked_min=filled(never, closed.asked_min),
        decided_min=filled(never, closed.decided_min),
        decision=decision,
        reopened_min=filled(never, closed.reopened_min),
    )
