"""What is made up where nobody knows better: flags of the ground, stations, their places and their voters."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from scipy.spatial import KDTree

from simsec.scenario.apportion import KM_PER_DEGREE, code_generator, fit_total, largest_remainders, point_in_disc
from simsec.scenario.parameter import Parameter, Strict, triangular
from simsec.scenario.places import ACCESS, STATION_COLUMNS, VILLAGE_COLUMNS, Floats
from simsec.scenario.schema import CLASSES
from simsec.scenario.tables import Cell, Column, Table

_SITE_TYPES = next(column.choices for column in STATION_COLUMNS if column.name == "site_type")
SPECIAL_COLUMNS = (
    Column("village_code"),
    Column("count", "integer", 1, 1000, meaning="how many stations of the village are meant; its last ones"),
    Column("class", choices=CLASSES),
    Column("site_type", choices=_SITE_TYPES),
    Column("reason", meaning="the documented physical reason, with its source"),
    Column("voters", "integer", 0, 200000, required=False, meaning="of these stations together; blank: not known"),
    Column("access", choices=ACCESS, required=False, optional=True, meaning="as in polling_stations.csv"),
)


class GroundRule(Strict):
    """How low and steep ground are told from heights."""

    neighbours: int
    low_quantile: Parameter
    low_relief_m: Parameter
    steep_gradient: Parameter


class StationRule(Strict):
    """Where synthetic stations lie."""

    disc_share: Parameter


class ElectionFigures(Strict):
    """What fills a gap for one type of election."""

    max_voters: Parameter
    mean_voters: Parameter
    relative_voters: Parameter
    small_voters: Parameter
    small_share: Parameter
    stations_per_puskesmas: Parameter
    police_per_station: Parameter
    army_per_station: Parameter
    reserve_share: Parameter


class Figures(Strict):
    """The whole of ``templates/generator.toml``."""

    ground: GroundRule
    stations: StationRule
    pilkada: ElectionFigures
    pemilu: ElectionFigures


@cache
def figures() -> Figures:
    """The graded figures by which gaps are filled.

    Example:
        >>> figures().pilkada.max_voters.mode
        600.0
    """
    return Figures.model_validate(tomllib.loads(template("generator.toml")))


def template(name: str) -> str:
    """The text of a file in ``templates/``."""
    return (files("simsec.scenario") / "templates" / name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of one station above the low class; ``voters`` 0 where nothing is."""

    station_class: str
    reason: str
    site_type: str
    voters: int
    access: str = ""


def sites_of(special: Table | None) -> dict[str, list[Site]]:
    """The special stations by code of their village, one entry a station.

    Args:
        special: a table of :data:`SPECIAL_COLUMNS`, or None.
    """
    sites: dict[str, list[Site]] = {}
    if special is None:
        return sites
    names = ("village_code", "count", "class", "site_type", "reason", "voters", "access")
    for code, count, klass, site, reason, voters, way in zip(*(special.columns[name] for name in names), strict=True):
        shares = largest_remainders(int(voters), [1] * int(count))
        made = (Site(str(klass), str(reason), str(site), share, str(way)) for share in shares)
        sites.setdefault(str(code), []).extend(made)
    return sites


def village_rows(villages: Table, weights: Sequence[int], linmas: Sequence[int]) -> list[list[Cell]]:
    """The rows of ``villages.csv``: the columns given, the others filled.

    ``steep_ground``: the relief (summit less lowest ground) over the radius of a disc of the village's area reaches
    ``steep_gradient``. ``low_ground``: the relief is at most ``low_relief_m`` and the village point stands not above
    the ``low_quantile`` of the points of its nearest neighbours; never in a flat area, where heights say nothing.

    Args:
        villages: the village table.
        weights: stations of each village at an earlier election.
        linmas: Linmas of each village, used where the table has none.
    """
    size = len(villages)
    lat, lon = _floats(villages, "lat"), _floats(villages, "lon")
    east = lon * KM_PER_DEGREE * np.cos(np.radians(lat.mean()))
    plane = np.column_stack([lat * KM_PER_DEGREE, east])
    reach = min(figures().ground.neighbours + 1, size)
    distance_km, nearest = (np.reshape(found, (size, reach)) for found in KDTree(plane).query(plane, k=reach))
    columns = dict(villages.columns)
    if "area_km2" not in columns:
        half_way = distance_km[:, 1] / 2 if size > 1 else np.ones(1)
        columns["area_km2"] = [max(round(math.pi * radius**2, 3), 0.01) for radius in half_way.tolist()]
    columns.setdefault("elevation_m", [0.0] * size)
    columns.setdefault("summit_m", columns["elevation_m"])
    columns.setdefault("rayon", ["Rayon 1"] * size)
    columns.setdefault("station_weight", [*weights])
    columns.setdefault("linmas_available", [*linmas])
    filled = Table(villages.file, columns, villages.line)
    point, rule = _floats(filled, "elevation_m"), figures().ground
    lowest = _floats(filled, "lowest_m") if "lowest_m" in columns else point
    relief = _floats(filled, "summit_m") - np.minimum(lowest, point)
    steep = relief >= rule.steep_gradient.mode * 1000 * np.sqrt(_floats(filled, "area_km2") / np.pi)
    columns.setdefault("steep_ground", [*steep.astype(int).tolist()])
    low = np.zeros(size, dtype=bool)
    if size > 1 and point.max() > point.min():
        around = np.quantile(point[nearest[:, 1:]], rule.low_quantile.mode, axis=1)
        low = (point <= around) & (relief <= rule.low_relief_m.mode)
    columns.setdefault("low_ground", [*low.astype(int).tolist()])
    return [[columns[column.name][row] for column in VILLAGE_COLUMNS] for row in range(size)]


def _floats(table: Table, name: str) -> Floats:
    return np.array(table.columns[name], dtype=np.float64)


def station_rows(
    villages: Table,
    counts: Sequence[int],
    n_voters: int,
    sites: Mapping[str, list[Site]],
    known: ElectionFigures,
    seed: int,
) -> list[list[Cell]]:
    """The rows of ``polling_stations.csv``: places drawn in a disc around the village point, voters in bounds.

    Every draw belongs to the code of its station, so a further station moves no other. The hamlet stations are the
    last ordinary stations of the villages with most area a station.

    Args:
        villages: a table of ``VILLAGE_COLUMNS``.
        counts: stations of each village.
        n_voters: voters of all stations together.
        sites: the special stations; they are the last of their village.
        known: the figures of the election type.
        seed: of all draws.
    """
    radius_km = np.sqrt(_floats(villages, "area_km2") / np.pi) * figures().stations.disc_share.mode
    per_station = _floats(villages, "area_km2") / np.maximum(counts, 1)
    sparse = np.argsort(-per_station, kind="stable")[: round(known.small_share.mode * sum(counts))]
    rows: list[list[Cell]] = []
    wanted: dict[int, float] = {}
    places = zip(*(villages.columns[name] for name in ("code", "name", "lat", "lon")), strict=True)
    for village, (code, name, lat, lon) in enumerate(places):
        special = sites.get(str(code), [])
        ordinary = counts[village] - len(special)
        for number in range(counts[village]):
            site = special[number - ordinary] if number >= ordinary else Site("low", "", "regular", 0)
            key = f"{code}/{number + 1:03d}"
            # One building may hold several stations: they share its place.
            spot = code_generator(seed, key if site.site_type == "regular" else f"{code}/{site.site_type}")
            at = point_in_disc(float(lat), float(lon), float(radius_km[village]), spot)
            if not site.voters:
                hamlet = village in sparse and number == ordinary - 1
                wanted[len(rows)] = _wanted(code_generator(seed, f"{key}/voters").random(), hamlet, known)
            title, what = f"TPS {number + 1:03d} {name}", (site.station_class, site.reason, site.site_type)
            rows.append([key, title, str(code), *at, "synthetic", site.voters, *what, "", site.access])
    column = [column.name for column in STATION_COLUMNS].index("registered_voters")
    left = n_voters - sum(site.voters for listed in sites.values() for site in listed)
    for row, voters in zip(wanted, _fit(left, list(wanted.values()), known), strict=True):
        rows[row][column] = voters
    return rows


def _wanted(u: float, hamlet: bool, known: ElectionFigures) -> float:
    """Voters wanted at a station: below 0 the number itself of a hamlet, else a multiple of the mean."""
    figure = known.small_voters if hamlet else known.relative_voters
    value = float(triangular(np.array([u]), figure.low, figure.mode, figure.high)[0])
    return -value if hamlet else value


def _fit(total: int, wanted: list[float], known: ElectionFigures) -> list[int]:
    """The hamlets near their own number, the others sharing what is left, within the bounds and with the exact sum."""
    hamlets = -math.fsum(value for value in wanted if value < 0)
    multiples = math.fsum(value for value in wanted if value > 0)
    mean = max((total - hamlets) / multiples, 1.0) if multiples else 1.0
    targets = [-value if value < 0 else value * mean for value in wanted]
    return fit_total(total, targets, low=1, high=int(known.max_voters.mode))
