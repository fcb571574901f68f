"""What holds for the whole of a logged day: tables beside its log, none of which need be there.

The weather, the roads that closed, how hard the hamlets were to reach, which of the absences that the scenario gives a
chance took place, and when pairs were out with boxes. Without them the day is dry, its roads stay open, none of those
absences takes place, and no pair goes with boxes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import DAY_MIN, parse_stamp
from simsec.base.errors import InputError, Problem, say
from simsec.day.access import hamlets
from simsec.day.day import Access, Closures, Convoys, Day, Floats, Integers, no_closures
from simsec.day.trips import pairs_go, routes_of
from simsec.day.weather import slowdown
from simsec.scenario.places import ACCESS
from simsec.scenario.reading import Scenario
from simsec.scenario.tables import Cell, Column, Table, read_table, write_table

WEATHER_COLUMNS = (
    Column("starts", meaning="start of the hour, written as in the log; an hour without a row is dry"),
    Column("zone", meaning="name of the rayon"),
    Column("rain_mm", "number", low=0, meaning="rain in that hour"),
    Column("slow_factor", "number", low=0, required=False, meaning="factor on travel minutes; blank: from the rain"),
)
ROAD_COLUMNS = (
    Column("time", meaning="when the road closed, written as in the log; it stays closed to the end of the day"),
    Column("village", meaning="code of the village it leads into"),
    Column(
        "depth_mm",
        "number",
        low=0,
        required=False,
        meaning="depth of the water on all roads of the village; blank or 0: the ground slid, and its one road is gone",
    ),
)
ACCESS_COLUMNS = (
    Column("starts", meaning="start of the hour, written as in the log; an hour without a row is as in dry weather"),
    Column("village", meaning="code of the village the hamlet belongs to"),
    Column("access", choices=ACCESS[1:], meaning="what its stations have in the column `access`"),
    Column("detour_min", "number", low=0, required=False, meaning="minutes more for everyone from outside"),
    Column("carry_min", "number", low=0, required=False, meaning="minutes more for goods, which are carried"),
)
ABSENCE_COLUMNS = (
    Column("absence", meaning="its `label` in the scenario, in English; one that has a `chance`"),
    Column("takes_place", "flag", meaning="1: it took place that day; one without a row did not"),
)
DIRECTIONS = ("out", "back")  # as simsec.day.trips numbers them
CONVOY_COLUMNS = (
    Column("village", meaning="code of the village whose boxes go"),
    Column(
        "truck",
        "integer",
        low=1,
        required=False,
        meaning="which of the trucks of the village, counted from 1; blank: all of them, one behind the other",
    ),
    Column("direction", choices=DIRECTIONS, meaning="out to the village on the day before, or back to the store"),
    Column("leaves", meaning="when the pair leaves its block, written as in the log; a trip without a row has no pair"),
    Column("back", meaning="when it is there again, unless it meets with an accident"),
    Column("accident", required=False, meaning="that accident: its `incident` in the log, a row without a parent"),
)


class Accident(NamedTuple):
    """What the table of convoys says of an accident: its name in the log, its trips, when they are out, its line."""

    name: str
    trips: tuple[int, ...]
    out_min: tuple[float, float]
    file: str
    line: int


@dataclass(frozen=True, eq=False)
class Around:
    """What a log's tables say.

    Attributes:
        rain_mm, slow: shape (hours, zones), as in :class:`simsec.day.day.Day`.
        closures, access, absent: the same.
        convoys: the same, but for the accidents, which only the log tells.
        accidents: of the convoys.
        files: the tables that stand beside the log.
    """

    rain_mm: Floats
    slow: Floats
    closures: Closures
    access: Access | None
    absent: NDArray[np.bool_]
    convoys: Convoys | None
    accidents: tuple[Accident, ...]
    files: tuple[Path, ...]

    def befalls(self) -> dict[str, list[int]]:
        """Name of an accident in the log -> the trips it befalls."""
        found: dict[str, list[int]] = {}
        for accident in self.accidents:
            found.setdefault(accident.name, []).extend(accident.trips)
        return found


def table_file(log: Path, name: str) -> Path:
    """Where a table of a logged day stands: beside the log. Its name is one of :data:`TABLES`.

    Example:
        >>> table_file(Path("day.csv"), "weather").name
        'day.weather.csv'
    """
    return log.with_suffix(f".{name}.csv")


def write_tables(log: Path, scenario: Scenario, day: Day) -> None:
    """Write what holds for the whole of a day beside its log; a table that would be empty is not there.

    Raises:
        RunError: a file cannot be written.
    """
    starts, zones = scenario.horizon_min[0], scenario.villages.rayon_names
    rain, slow = day.rain_mm.tolist(), day.slow.tolist()
    village = scenario.villages.code
    rows: dict[str, list[tuple[Cell, ...]]] = {
        "weather": [
            (repr(starts + 60 * hour), zone, rain[hour][number], slow[hour][number])
            for hour in range(len(rain))
            for number, zone in enumerate(zones)
        ],
        "roads": [
            (repr(minute), village[place], depth_mm)
            for minute, place, depth_mm in zip(*(column.tolist() for column in day.closures), strict=True)
            if minute < scenario.horizon_min[1]  # closes after the end
        ],
        "access": [],
        "absences": [
            (absence.label.en, int(takes_place))
            for absence, takes_place in zip(scenario.settings.absences, day.absent.tolist(), strict=True)
            if absence.chance is not None
        ],
        "convoys": [] if day.convoys is None else list(_convoy_rows(scenario, day.convoys)),
    }
    if day.access is not None:
        of_village, way, _ = hamlets(scenario)
        detour, carry = day.access.minutes.tolist(), day.access.carry.tolist()
        rows["access"] = [
            (repr(starts + 60 * hour), village[of_village[h]], ACCESS[way[h]], detour[hour][h], carry[hour][h])
            for hour in range(len(detour))
            for h in range(len(way))
            if detour[hour][h] or carry[hour][h]
        ]
    for name, columns in TABLES.items():
        path = table_file(log, name)
        if rows[name]:
            write_table(path, columns, rows[name], private=True)
        else:
            path.unlink(missing_ok=True)  # of an older day: it would be read as this one's


def _convoy_rows(scenario: Scenario, convoys: Convoys) -> Iterator[tuple[Cell, ...]]:
    """A row a trip that a pair goes with before the clock ends."""
    routes, village = routes_of(scenario), scenario.villages.code
    of_load, number = routes.village.tolist(), routes.number.tolist()
    for trip, (leaves, back, met) in enumerate(zip(*(column.tolist() for column in convoys), strict=True)):
        if leaves < scenario.horizon_min[1]:
            direction, load = divmod(trip, len(of_load))
            place = village[of_load[load]], number[load] + 1, DIRECTIONS[direction]
            yield *place, repr(leaves), repr(back), "" if met < 0 else met


def read_tables(log: Path, scenario: Scenario) -> Around:
    """What stands beside a log; a scenario's dry day where nothing does.

    Raises:
        InputError: everything wrong with the tables, at once.
    """
    found: dict[str, Table] = {}
    problems: list[Problem] = []
    for name, columns in TABLES.items():
        if table_file(log, name).exists():
            try:
                found[name] = read_table(table_file(log, name), columns)
            except InputError as error:
                problems += error.problems
    reader = _Reader(scenario, problems)
    rain, slow = reader.weather(found.get("weather"))
    convoys, accidents = reader.convoys(found.get("convoys"))
    around = Around(
        rain_mm=rain,
        slow=slow,
        closures=reader.roads(found.get("roads")),
        access=reader.access(found.get("access")),
        absent=reader.absences(found.get("absences")),
        convoys=convoys,
        accidents=accidents,
        files=tuple(table_file(log, name) for name in found),
    )
    if problems:
        raise InputError(problems)
    return around


class _Reader:
    """Rows of the tables into arrays; what is wrong is noted, and reading goes on."""

    def __init__(self, scenario: Scenario, problems: list[Problem]) -> None:
        self._scenario, self._problems = scenario, problems
        self._starts, self._ends = scenario.horizon_min
        self._hours = math.ceil((self._ends - self._starts) / 60)
        self._villages = {code: number for number, code in enumerate(scenario.villages.code)}

    def weather(self, table: Table | None) -> tuple[Floats, Floats]:
        zones = self._scenario.villages.rayon_names
        rain, given = np.zeros((2, self._hours, len(zones)))
        for row in range(len(table) if table else 0):
            assert table is not None
            hour, zone = self._hour(table, row), str(table.columns["zone"][row])
            if hour < 0:
                continue
            if zone not in zones:
                self.wrong((table, row, "zone"), "no such zone", "", say("one of {words}", words=", ".join(zones)))
                continue
            rain[hour, zones.index(zone)] = float(table.columns["rain_mm"][row])
            given[hour, zones.index(zone)] = float(table.columns["slow_factor"][row])
        return rain, np.where(given > 0, given, slowdown(self._scenario, rain))

    def roads(self, table: Table | None) -> Closures:
        closed: list[tuple[float, int, float]] = []
        for row in range(len(table) if table else 0):
            assert table is not None
            minute, village = self._inside(table, row, "time", self._starts), self._village(table, row)
            if minute is None or village < 0:
                continue
            closed.append((minute, village, float(table.columns["depth_mm"][row])))
        if not closed:
            return no_closures()
        minutes, villages, depths = zip(*sorted(closed), strict=True)
        return Closures(np.array(minutes), np.array(villages, dtype=np.int64), np.array(depths))

    def access(self, table: Table | None) -> Access | None:
        of_village, way, of_station = hamlets(self._scenario)
        if table is None and (self._scenario.settings.access is None or not len(way)):
            return None
        number = {pair: h for h, pair in enumerate(zip(of_village.tolist(), way.tolist(), strict=True))}
        detour, carry = np.zeros((2, self._hours, len(way)))
        first: dict[tuple[int, int], int] = {}
        for row in range(len(table) if table else 0):
            assert table is not None
            hour, village = self._hour(table, row), self._village(table, row)
            if hour < 0 or village < 0:
                continue
            hamlet = number.get((village, ACCESS.index(str(table.columns["access"][row]))), -1)
            if hamlet < 0:
                what = "no station of the village has this access"
                self.wrong((table, row, "access"), what, "name it in polling_stations.csv, or remove the row")
                continue
            if (hour, hamlet) in first:
                what = say("the same hour and hamlet stand in line {line}", line=first[hour, hamlet])
                self.wrong((table, row, "starts"), what, "keep one")
                continue
            first[hour, hamlet] = table.line[row]
            detour[hour, hamlet] = float(table.columns["detour_min"][row])
            carry[hour, hamlet] = float(table.columns["carry_min"][row])
        return Access(of_station, detour, carry)

    def absences(self, table: Table | None) -> NDArray[np.bool_]:
        rows = self._scenario.settings.absences
        absent = np.array([row.chance is None for row in rows], dtype=np.bool_)
        labels = [row.label.en for row in rows if row.chance is not None]
        for row in range(len(table) if table else 0):
            assert table is not None
            label = str(table.columns["absence"][row])
            if label not in labels:
                bound = say("one of {words}", words=", ".join(labels) or "-")
                what = "the scenario gives no such absence a chance"
                self.wrong((table, row, "absence"), what, "write its label as the scenario does, in English", bound)
                continue
            for number, absence in enumerate(rows):
                if absence.chance is not None and absence.label.en == label:
                    absent[number] = table.columns["takes_place"][row] == 1
        return absent

    def convoys(self, table: Table | None) -> tuple[Convoys | None, tuple[Accident, ...]]:
        """When each pair is out, and the accidents they meet with; the log tells whether these took place."""
        if table is None:
            return None, ()
        if not pairs_go(self._scenario):
            what, remedy = "no pair goes with boxes in this scenario", "switch on stages.escorts, or remove the file"
            self._problems.append(Problem(table.file, what, remedy))
            return None, ()
        of_load = routes_of(self._scenario).village
        loads = len(of_load)
        leaves, back = np.full((2, 2 * loads), np.inf)
        first: dict[int, int] = {}
        accidents: list[Accident] = []
        for row in range(len(table)):
            goes = self._inside(table, row, "leaves", self._starts - DAY_MIN)  # a pair rides to the store before
            comes = self._minute(table, row, "back")
            own = self._trucks(table, row, of_load)
            if goes is None or comes is None:
                continue
            if not goes < comes:
                bound = say("after {earlier}", earlier=str(table.columns["leaves"][row]))
                self.wrong((table, row, "back"), "a pair is back after it left", "correct one of the two times", bound)
                continue
            trips = tuple(own + loads * DIRECTIONS.index(str(table.columns["direction"][row])))
            twice = [first[trip] for trip in trips if trip in first]
            if twice:
                what = say("the same trip stands in line {line}", line=twice[0])
                self.wrong((table, row, "truck"), what, "keep one, and number the trucks of a village from 1")
                continue
            first.update(dict.fromkeys(trips, table.line[row]))
            leaves[list(trips)], back[list(trips)] = goes, comes
            name = str(table.columns["accident"][row])
            if name:
                accidents.append(Accident(name, trips, (goes, comes), table.file, table.line[row]))
        return Convoys(leaves, back, np.full(2 * loads, -1)), tuple(accidents)

    def _trucks(self, table: Table, row: int, of_load: Integers) -> Integers:
        """The loads a row of the convoys is about."""
        village = self._village(table, row)
        own = np.flatnonzero(of_load == village)
        number = int(table.columns["truck"][row])
        if village >= 0 and not len(own):
            self.wrong((table, row, "village"), "the village has no polling station", "remove the row")
        if not number or not len(own):
            return own
        if number > len(own):
            what, remedy = "the village has fewer trucks", "see stages.stations_per_truck, or leave the cell blank"
            self.wrong((table, row, "truck"), what, remedy, say("1 to {most}", most=len(own)))
        return own[number - 1 : number]

    def wrong(self, cell: tuple[Table, int, str], what: str, remedy: str = "", bound: str = "") -> None:
        """Note what is wrong with a cell: its table, row and column."""
        table, row, column = cell
        value = str(table.columns[column][row])
        self._problems.append(Problem(table.file, what, remedy, table.line[row], column, value, bound))

    def _minute(self, table: Table, row: int, column: str) -> float | None:
        try:
            return minutes_of(str(table.columns[column][row]), *midnight_offset_min(self._scenario))
        except ValueError as error:
            self.wrong((table, row, column), error.args[0])
            return None

    def _inside(self, table: Table, row: int, column: str, since: float) -> float | None:
        """A minute before the end of the clock."""
        minute = self._minute(table, row, column)
        if minute is None or since <= minute < self._ends:
            return minute
        bound = say("from {starts} to {ends}", starts=f"{since:g}", ends=f"{self._ends:g}")
        remedy = "widen clock.starts and clock.ends"
        self.wrong((table, row, column), "outside the scenario's clock", remedy, bound)
        return None

    def _hour(self, table: Table, row: int) -> int:
        """The hour of the clock a row is about, -1: none."""
        minute = self._minute(table, row, "starts")
        if minute is None:
            return -1
        hour = (minute - self._starts) / 60
        if hour.is_integer() and 0 <= hour < self._hours:
            return int(hour)
        what, remedy = "no hour of the scenario's clock starts then", "count whole hours from clock.starts"
        self.wrong((table, row, "starts"), what, remedy)
        return -1

    def _village(self, table: Table, row: int) -> int:
        number = self._villages.get(str(table.columns["village"][row]), -1)
        if number < 0:
            self.wrong((table, row, "village"), "no such village", "write its code as in villages.csv")
        return number


TABLES: dict[str, Sequence[Column]] = {
    "weather": WEATHER_COLUMNS,
    "roads": ROAD_COLUMNS,
    "access": ACCESS_COLUMNS,
    "absences": ABSENCE_COLUMNS,
    "convoys": CONVOY_COLUMNS,
}


def midnight_offset_min(scenario: Scenario) -> tuple[int, int]:
    """Day number of polling day and minutes its clock is ahead of universal time."""
    return scenario.settings.polling_date.toordinal(), scenario.settings.utc_offset_min


def minutes_of(text: str, polling_day: int, utc_offset_min: int) -> float:
    """Minutes after local midnight of polling day of a stamp, or of minutes written as they are.

    Args:
        text: ``2024-11-27T07:10+07:00``, ``H 07:10`` or ``430.0``.
        polling_day: proleptic ordinal of its date.
        utc_offset_min: minutes its clock is ahead of universal time.

    Raises:
        ValueError: with what is wrong.

    Example:
        >>> from datetime import date
        >>> day = date(2024, 11, 27).toordinal()
        >>> [minutes_of(text, day, 420) for text in ("2024-11-27T00:10Z", "H 07:10", "430")]
        [430.0, 430.0, 430.0]
    """
    try:
        minutes = float(text)
    except ValueError:
        if text[:1] == "H":
            return parse_stamp(text)
        try:
            stamp = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(say("no time; write 2024-11-27T07:10+07:00, or H 07:10, or minutes")) from None
        ahead = stamp.utcoffset()
        if ahead is None:
            raise ValueError(say("the time has no offset, such as +07:00")) from None
        days = (stamp.toordinal() - polling_day) * DAY_MIN
        clock = stamp.hour * 60 + stamp.minute + (stamp.second + stamp.microsecond / 1e6) / 60
        return days + clock + utc_offset_min - ahead.total_seconds() / 60
    if not math.isfinite(minutes):
        raise ValueError(say("no time; write 2024-11-27T07:10+07:00, or H 07:10, or minutes"))
    return minutes
