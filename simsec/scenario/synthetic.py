"""What is made up where nobody knows better: heights read as flags, stations, their places and their voters."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from scipy.spatial import cKDTree

from simsec.scenario.apportion import KM_PER_DEGREE, code_generator, fit_total, largest_remainders, point_in_disc
from simsec.scenario.parameter import Parameter, Strict, triangular
from simsec.scenario.places import VILLAGE_COLUMNS, Floats
from simsec.scenario.tables import Cell, Table

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


def listed_voters(special: Table | None) -> tuple[int, int]:
    """Voters that stand in the special table, and the stations they belong to."""
    rows = zip(_pairs(special, "voters"), _pairs(special, "count"), strict=True)
    listed = [(voters, count) for (_, voters), (_, count) in rows if voters]
    return sum(voters for voters, _ in listed), sum(count for _, count in listed)


def numbers(table: Table, name: str, missing: int) -> list[int]:
    return [int(value) for value in table.columns.get(name, [missing] * len(table))]


def _floats(table: Table, name: str) -> Floats:
    return np.array(table.columns[name], dtype=np.float64)


def _village_rows(villages: Table, weights: list[int], linmas: list[int]) -> list[list[Cell]]:
    """The rows of ``villages.csv``: columns given, else filled as :func:`new_area` says."""
    size = len(villages)
    lat, lon = _floats(villages, "lat"), _floats(villages, "lon")
    east = lon * KM_PER_DEGREE * np.cos(np.radians(lat.mean()))
    tree = cKDTree(np.column_stack([lat * KM_PER_DEGREE, east]))
    reach = min(figures().ground.neighbours + 1, size)
    distance, nearest = (np.reshape(found, (size, reach)) for found in tree.query(tree.data, k=reach))
    columns = dict(villages.columns)
    if "area_km2" not in columns:
        half_way = distance[:, 1] / 2 if size > 1 else np.ones(1)
        columns["area_km2"] = [round(max(math.pi * radius**2, 0.01), 3) for radius in half_way.tolist()]
    columns.setdefault("elevation_m", [0.0] * size)
    columns.setdefault("summit_m", columns["elevation_m"])
    columns.setdefault("rayon", ["Rayon 1"] * size)
    columns.setdefault("station_weight", [*weights])
    columns.setdefault("linmas_available", [*linmas])
    filled = Table(villages.file, columns, villages.line)
    point, summit = _floats(filled, "elevation_m"), _floats(filled, "summit_m")
    lowest = _floats(villages, "lowest_m") if "lowest_m" in columns else point
    rule, relief = figures().ground, summit - np.minimum(lowest, point)
    steep = relief >= rule.steep_gradient.mode * 1000 * np.sqrt(_floats(filled, "area_km2") / np.pi)
    around = np.quantile(point[nearest[:, 1:]], rule.low_quantile.mode, axis=1) if size > 1 else point - 1
    low = (point <= around) & (relief <= rule.low_relief_m.mode) & (point.max() > point.min())
    columns.setdefault("low_ground", [*low.astype(int).tolist()])
    columns.setdefault("steep_ground", [*steep.astype(int).tolist()])
    return [[columns[column.name][row] for column in VILLAGE_COLUMNS] for row in range(size)]


def _station_rows(
    villages: list[list[Cell]], counts: list[int], n_voters: int, special: Table | None, known: ElectionFigures, seed: int
) -> list[list[Cell]]:
    """The rows of ``polling_stations.csv``; the columns of the village rows are those of ``villages.csv``."""
    sites: dict[str, list[tuple[int, str, str, str]]] = {}
    for row in range(len(special) if special else 0):
        cells = {name: values[row] for name, values in special.columns.items()} if special else {}
        share = largest_remainders(int(cells["voters"]), [1] * int(cells["count"]))
        what = (str(cells["class"]), str(cells["reason"]), str(cells["site_type"]))
        sites.setdefault(str(cells["village_code"]), []).extend((voters, *what) for voters in share)
    place = {column.name: number for number, column in enumerate(VILLAGE_COLUMNS)}
    areas = [float(village[place["area_km2"]]) for village in villages]
    radius_km = [figures().stations.disc_share.mode * math.sqrt(area / math.pi) for area in areas]
    sparse = sorted(range(len(villages)), key=lambda number: (-areas[number] / counts[number], number))
    hamlets = set(sparse[: round(known.small_share.mode * sum(counts))])
    rows: list[list[Cell]] = []
    targets: dict[int, float] = {}
    for number, village in enumerate(villages):
        code, label = str(village[place["code"]]), str(village[place["name"]])
        lat, lon = float(village[place["lat"]]), float(village[place["lon"]])
        here = sites.get(code, [])
        ordinary = counts[number] - len(here)
        for station in range(counts[number]):
            voters, klass, reason, site = here[station - ordinary] if station >= ordinary else (0, "low", "", "regular")
            key = f"{code}/{station + 1:03d}"
            # One building may hold several stations: they share its place.
            spot = code_generator(seed, key if site == "regular" else f"{code}/{site}")
            at = point_in_disc(lat, lon, radius_km[number], spot)
            if not voters:
                small = number in hamlets and station == ordinary - 1
                draw = np.array([code_generator(seed, f"{key} voters").random()])
                targets[len(rows)] = _target(draw, small, known)
            title = f"TPS {station + 1:03d} {label}"
            rows.append([key, title, code, *at, "synthetic", voters, klass, reason, site])
    fixed, _ = _listed_voters(special)
    for row, voters in zip(targets, _fit(n_voters - fixed, list(targets.values()), known), strict=True):
        rows[row][6] = voters
    return rows


def _target(u: Floats, small: bool, known: ElectionFigures) -> float:
    """Voters wanted at a station: absolute (negative sign) for a hamlet, relative to the mean for the others."""
    figure = known.small_voters if small else known.relative_voters
    value = float(triangular(u, figure.low, figure.mode, figure.high)[0])
    return -value if small else value


def _fit(total: int, wanted: list[float], known: ElectionFigures) -> list[int]:
    """Voters of the stations that no table fixes: the hamlets near their own figure, the rest sharing what is left."""
    hamlets = -math.fsum(value for value in wanted if value < 0)
    relative = math.fsum(value for value in wanted if value > 0)
    mean = max((total - hamlets) / relative, 1.0) if relative else 1.0
    return fit_total(total, [-value if value < 0 else value * mean for value in wanted], 1, int(known.max_voters.mode))


