"""The tables of places: villages, polling stations, posts, main roads, as declared columns and frozen arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simsec.base.errors import Problem, say
from simsec.scenario.schema import CLASSES
from simsec.scenario.tables import Cell, Column, Table

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

POST_TYPES = ("polres", "polsek", "polsubsektor", "hospital", "puskesmas", "ppk", "kpu", "bpbd", "kodim", "prison")
SIGNAL = ("no", "yes")
POWER = ("no", "yes")
ACCESS = ("road", "river", "one_road")
ROAD_CLASSES = ("toll", "national", "provincial", "local", "ferry")

VILLAGE_COLUMNS = (
    Column("code", meaning="code of the village; text, also where it looks like a number"),
    Column("name"),
    Column("subdistrict_code"),
    Column("subdistrict"),
    Column("rayon", meaning="response zone: a named group of sub-districts, also the zone of weather"),
    Column("lat", "number", -90, 90, meaning="a point where people live, degrees"),
    Column("lon", "number", -180, 180),
    Column("elevation_m", "number", -100, 6000, meaning="height of the point"),
    Column("summit_m", "number", -100, 6000, meaning="95th percentile of the heights inside the village"),
    Column("area_km2", "number", 0.001, 100000),
    Column(
        "station_weight", "integer", 0, 100000, meaning="what the stations are split by: those of an earlier election"
    ),
    Column("low_ground", "flag", meaning="1: lies low among its neighbours, floods first (computed from heights)"),
    Column("steep_ground", "flag", meaning="1: steep, may lose its road to a landslide (computed from heights)"),
    Column("linmas_available", "integer", 0, 100000),
)
STATION_COLUMNS = (
    Column("code"),
    Column("name"),
    Column("village_code"),
    Column("lat", "number", -90, 90),
    Column("lon", "number", -180, 180),
    Column(
        "coordinates", choices=("synthetic", "surveyed"), meaning="synthetic: drawn inside the village, not a building"
    ),
    Column("registered_voters", "integer", 0, 2000),
    Column("class", choices=CLASSES, meaning="vulnerability class; elevated only for documented physical reasons"),
    Column("class_reason", required=False),
    Column("site_type", choices=("regular", "prison", "hospital", "care_home", "boarding_school", "relocation")),
    Column("signal", choices=SIGNAL, required=False, meaning="telephone signal; blank: not known, drawn every day"),
    Column(
        "access",
        choices=ACCESS,
        required=False,
        optional=True,
        meaning="river: beyond a crossing passable in dry weather; one_road: at the end of one road; blank: road",
    ),
    Column("power", choices=POWER, required=False, optional=True, meaning="electricity; blank: not known, as signal"),
)
POST_COLUMNS = (
    Column("code"),
    Column("name"),
    Column("type", choices=POST_TYPES),
    Column("subdistrict_code", required=False, meaning="blank: outside the area"),
    Column("lat", "number", -90, 90),
    Column("lon", "number", -180, 180),
    Column("located", "flag", meaning="0: a placeholder at the seat of the sub-district, not the building"),
    Column("basis"),
)
ROAD_COLUMNS = (
    Column("road"),
    Column("class", choices=ROAD_CLASSES, meaning="ferry: a crossing over water that carries every vehicle"),
    Column("sequence", "integer", 1, 1000),
    Column("place"),
    Column("lat", "number", -90, 90),
    Column("lon", "number", -180, 180),
    Column("elevation_m", "number", -100, 6000),
    Column(
        "minutes_from_previous",
        "number",
        0,
        1000,
        required=False,
        meaning="as reported; blank: from length and speed; a ferry needs it",
    ),
    Column("motorcycles", "flag"),
    Column("grade", choices=("A", "B", "C", "D")),
    Column("note", required=False),
)


@dataclass(frozen=True, eq=False)
class Villages:
    """The villages, one array a column; ``subdistrict`` and ``rayon`` are numbers into the name tuples."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    subdistrict: Integers
    rayon: Integers
    lat: Floats
    lon: Floats
    elevation_m: Floats
    summit_m: Floats
    area_km2: Floats
    low_ground: Integers
    steep_ground: Integers
    linmas_available: Integers
    station_weight: Integers
    subdistrict_codes: tuple[str, ...]
    subdistrict_names: tuple[str, ...]
    rayon_names: tuple[str, ...]
    subdistrict_rayon: Integers

    def __len__(self) -> int:
        """Number of villages."""
        return len(self.code)


@dataclass(frozen=True, eq=False)
class Stations:
    """The polling stations; ``village`` numbers into :class:`Villages`, ``station_class`` into ``CLASSES``.

    ``signal`` numbers into ``SIGNAL`` and ``power`` into ``POWER``, -1 where it is not known, ``access`` into
    ``ACCESS``.
    """

    code: tuple[str, ...]
    name: tuple[str, ...]
    village: Integers
    subdistrict: Integers
    lat: Floats
    lon: Floats
    registered_voters: Integers
    station_class: Integers
    class_reason: tuple[str, ...]
    site_type: tuple[str, ...]
    signal: Integers
    power: Integers
    synthetic: Integers
    access: Integers

    def __len__(self) -> int:
        """Number of stations."""
        return len(self.code)


@dataclass(frozen=True, eq=False)
class Posts:
    """The posts; ``subdistrict`` is -1 outside the area, ``located`` 0 for a placeholder."""

    code: tuple[str, ...]
    name: tuple[str, ...]
    type: tuple[str, ...]
    subdistrict: Integers
    lat: Floats
    lon: Floats
    located: Integers
    basis: tuple[str, ...]

    def __len__(self) -> int:
        """Number of posts."""
        return len(self.code)

    def of_type(self, *types: str) -> tuple[int, ...]:
        """Numbers of the posts of these types, in order."""
        return tuple(number for number, kind in enumerate(self.type) if kind in types)


@dataclass(frozen=True, eq=False)
class MainRoads:
    """Main roads as hops between ordered places; ``minutes`` is nan where nothing was reported."""

    place: tuple[str, ...]
    lat: Floats
    lon: Floats
    elevation_m: Floats
    hop_from: Integers
    hop_to: Integers
    hop_class: tuple[str, ...]
    hop_minutes: Floats
    hop_motorcycles: Integers


def _numbers(table: Table, name: str) -> Floats:
    return np.array(table.columns[name], dtype=np.float64)


def _integers(table: Table, name: str) -> Integers:
    return np.array(table.columns[name], dtype=np.int64)


def _numbered(values: Sequence[Cell]) -> tuple[tuple[str, ...], Integers]:
    """Distinct values in order of code, and the number of each row."""
    distinct = sorted({str(value) for value in values})
    number = {value: place for place, value in enumerate(distinct)}
    return tuple(distinct), np.array([number[str(value)] for value in values], dtype=np.int64)


def villages_of(table: Table) -> tuple[Villages, list[Problem]]:
    """Arrays of the villages, and what contradicts itself across rows.

    A sub-district must have one name and lie in one rayon.
    """
    problems: list[Problem] = []
    codes, subdistrict = _numbered(table.columns["subdistrict_code"])
    rayons, rayon = _numbered(table.columns["rayon"])
    names: dict[int, str] = {}
    zones: dict[int, int] = {}
    for row, number in enumerate(subdistrict.tolist()):
        name = str(table.columns["subdistrict"][row])
        if names.setdefault(number, name) != name:
            what = say("sub-district {code} is called {name!r} above", code=codes[number], name=names[number])
            problems.append(Problem(table.file, what, "use one name", table.line[row], "subdistrict", name))
        if zones.setdefault(number, int(rayon[row])) != int(rayon[row]):
            above = rayons[zones[number]]
            what = say("sub-district {code} lies in rayon {rayon!r} above", code=codes[number], rayon=above)
            problems.append(
                Problem(table.file, what, "use one rayon", table.line[row], "rayon", rayons[int(rayon[row])])
            )
    villages = Villages(
        code=table.texts("code"),
        name=table.texts("name"),
        subdistrict=subdistrict,
        rayon=rayon,
        lat=_numbers(table, "lat"),
        lon=_numbers(table, "lon"),
        elevation_m=_numbers(table, "elevation_m"),
        summit_m=_numbers(table, "summit_m"),
        area_km2=_numbers(table, "area_km2"),
        low_ground=_integers(table, "low_ground"),
        steep_ground=_integers(table, "steep_ground"),
        linmas_available=_integers(table, "linmas_available"),
        station_weight=_integers(table, "station_weight"),
        subdistrict_codes=codes,
        subdistrict_names=tuple(names[number] for number in range(len(codes))),
        rayon_names=rayons,
        subdistrict_rayon=np.array([zones[number] for number in range(len(codes))], dtype=np.int64),
    )
    return villages, problems


def stations_of(table: Table, villages: Villages, reach_km: float) -> tuple[Stations, list[Problem]]:
    """Arrays of the stations; a station must lie in a known village and near its point.

    Args:
        table: the rows.
        villages: the villages already read.
        reach_km: how many times the radius of its village a station may stand from the village point.
    """
    problems: list[Problem] = []
    number = {code: place for place, code in enumerate(villages.code)}
    village = np.zeros(len(table), dtype=np.int64)
    for row, code in enumerate(table.texts("village_code")):
        if code not in number:
            remedy = "add the village to villages.csv or correct the code"
            problems.append(Problem(table.file, "no such village", remedy, table.line[row], "village_code", code))
        village[row] = number.get(code, 0)
    lat, lon = _numbers(table, "lat"), _numbers(table, "lon")
    north = (lat - villages.lat[village]) * 111.2
    east = (lon - villages.lon[village]) * 111.2 * np.cos(np.radians(villages.lat[village]))
    allowed = reach_km + 4 * np.sqrt(villages.area_km2[village] / np.pi)
    for row in np.flatnonzero(np.hypot(north, east) > allowed).tolist():
        away_km = np.hypot(north, east)[row]
        what = say("the station stands {away_km:.0f} km from the point of its village", away_km=away_km)
        bound = say("at most {most}", most=f"{allowed[row]:.0f} km")
        if table.texts("village_code")[row] in number:
            value = f"{lat[row]:g}, {lon[row]:g}"
            problems.append(Problem(table.file, what, "check lat and lon", table.line[row], "lat, lon", value, bound))
    stations = Stations(
        code=table.texts("code"),
        name=table.texts("name"),
        village=village,
        subdistrict=villages.subdistrict[village],
        lat=lat,
        lon=lon,
        registered_voters=_integers(table, "registered_voters"),
        station_class=np.array([CLASSES.index(word) for word in table.texts("class")], dtype=np.int64),
        class_reason=table.texts("class_reason"),
        site_type=table.texts("site_type"),
        signal=np.array([SIGNAL.index(word) if word else -1 for word in table.texts("signal")], dtype=np.int64),
        power=np.array([POWER.index(word) if word else -1 for word in table.texts("power")], dtype=np.int64),
        synthetic=np.array([word == "synthetic" for word in table.texts("coordinates")], dtype=np.int64),
        access=np.array([ACCESS.index(word or "road") for word in table.texts("access")], dtype=np.int64),
    )
    return stations, problems


def posts_of(table: Table, villages: Villages) -> tuple[Posts, list[Problem]]:
    """Arrays of the posts; there is one headquarters, and every sub-district has a Polsek or a Polsubsektor."""
    problems: list[Problem] = []
    number = {code: place for place, code in enumerate(villages.subdistrict_codes)}
    subdistrict = []
    for row, code in enumerate(table.texts("subdistrict_code")):
        if code and code not in number:
            remedy = "use a code of villages.csv, or leave it blank outside the area"
            problems.append(
                Problem(table.file, "no such sub-district", remedy, table.line[row], "subdistrict_code", code)
            )
        subdistrict.append(number.get(code, -1))
    posts = Posts(
        code=table.texts("code"),
        name=table.texts("name"),
        type=table.texts("type"),
        subdistrict=np.array(subdistrict, dtype=np.int64),
        lat=_numbers(table, "lat"),
        lon=_numbers(table, "lon"),
        located=_integers(table, "located"),
        basis=table.texts("basis"),
    )
    if len(posts.of_type("polres")) != 1:
        found = str(len(posts.of_type("polres")))
        problems.append(
            Problem(table.file, "headquarters (type polres)", "give one row", 0, "type", found, "exactly 1")
        )
    staffed = {int(posts.subdistrict[post]) for post in posts.of_type("polsek", "polsubsektor")}
    for place, code in enumerate(villages.subdistrict_codes):
        if place not in staffed:
            template = "sub-district {code} ({name}) has no polsek or polsubsektor"
            what = say(template, code=code, name=villages.subdistrict_names[place])
            problems.append(Problem(table.file, what, "add a row; located = 0 at its seat if the office is not known"))
    return posts, problems


def main_roads_of(table: Table) -> MainRoads:
    """Hops between the ordered places of each road."""
    lat, lon = _numbers(table, "lat"), _numbers(table, "lon")
    roads, sequence = table.texts("road"), _integers(table, "sequence")
    order = sorted(range(len(table)), key=lambda row: (roads[row], int(sequence[row])))
    hops = [(a, b) for a, b in pairwise(order) if roads[a] == roads[b]]
    minutes = _numbers(table, "minutes_from_previous")
    flags, classes = _integers(table, "motorcycles"), table.texts("class")
    return MainRoads(
        place=table.texts("place"),
        lat=lat,
        lon=lon,
        elevation_m=_numbers(table, "elevation_m"),
        hop_from=np.array([a for a, _ in hops], dtype=np.int64),
        hop_to=np.array([b for _, b in hops], dtype=np.int64),
        hop_class=tuple(classes[b] for _, b in hops),
        hop_minutes=np.array([minutes[b] if minutes[b] > 0 else np.nan for _, b in hops], dtype=np.float64),
        hop_motorcycles=np.array([flags[b] for _, b in hops], dtype=np.int64),
    )


def no_posts() -> Posts:
    """The posts of a scenario that has none: units stand at its places.

    Example:
        >>> len(no_posts())
        0
    """
    none, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Posts((), (), (), whole, none, none, whole, ())


def no_roads() -> MainRoads:
    """The main roads of a scenario whose minutes are given."""
    none, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    return MainRoads((), none, none, none, whole, whole, (), none, whole)
