"""A scenario folder from a village table: what `simsec new` writes for a planner without coordinates of stations."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Collection, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Literal

import numpy as np
from babel.dates import format_date
from scipy.spatial import cKDTree

from simsec.base.errors import InputError, Problem, RunError
from simsec.base.files import write_text
from simsec.scenario.apportion import KM_PER_DEGREE, code_generator, fit_total, largest_remainders, point_in_disc
from simsec.scenario.parameter import Parameter, Strict, triangular
from simsec.scenario.placeholders import with_placeholders
from simsec.scenario.places import (
    POST_COLUMNS,
    ROAD_COLUMNS,
    STATION_COLUMNS,
    VILLAGE_COLUMNS,
    Floats,
    posts_of,
    villages_of,
)
from simsec.scenario.reading import read_scenario
from simsec.scenario.schema import CLASSES
from simsec.scenario.tables import Cell, Column, Table, read_table, write_table

ElectionType = Literal["pemilu", "pilkada"]

_VILLAGE = {column.name: column for column in VILLAGE_COLUMNS}
_STATION = {column.name: column for column in STATION_COLUMNS}
VILLAGE_INPUT = (
    *(_VILLAGE[name] for name in ("code", "name", "subdistrict_code", "subdistrict", "lat", "lon")),
    *(_VILLAGE[name] for name in ("rayon", "elevation_m", "summit_m", "area_km2", "station_weight")),
    *(_VILLAGE[name] for name in ("low_ground", "steep_ground", "linmas_available")),
    Column("lowest_m", "number", -100, 6000, meaning="5th percentile of the heights inside the village"),
)
VILLAGE_OPTIONAL = frozenset(column.name for column in VILLAGE_INPUT[6:])
POST_OPTIONAL = frozenset({"code", "subdistrict_code", "located", "basis"})
SPECIAL_COLUMNS = (
    Column("village_code"),
    Column("count", "integer", 1, 1000, meaning="how many of the village's stations are meant; its last ones"),
    Column("class", choices=CLASSES),
    Column("site_type", choices=_STATION["site_type"].choices),
    Column("reason", meaning="the documented physical reason, with its source"),
    Column("voters", "integer", 0, 200000, required=False, meaning="of these stations together; blank: as elsewhere"),
)


def read_villages(path: Path) -> Table:
    """Read the village table of ``--villages``: :data:`VILLAGE_INPUT`, where :data:`VILLAGE_OPTIONAL` may be missing.

    Raises:
        InputError: every problem of the file.
    """
    return _read_input(path, VILLAGE_INPUT, VILLAGE_OPTIONAL, "code")


def read_posts(path: Path) -> Table:
    """Read the post table of ``--posts``: the columns of ``posts.csv``, where :data:`POST_OPTIONAL` may be missing.

    Raises:
        InputError: every problem of the file.
    """
    return _read_input(path, POST_COLUMNS, POST_OPTIONAL, "code")


def read_special_sites(path: Path) -> Table:
    """Read the table of ``--special``: stations above the low class, each with a documented physical reason.

    Raises:
        InputError: every problem of the file.
    """
    return read_table(path, SPECIAL_COLUMNS)


def _read_input(path: Path, columns: Sequence[Column], may_lack: Collection[str], key: str) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = {name.strip() for name in next(csv.reader(file), [])}
    except (OSError, UnicodeDecodeError):
        header = set()  # read_table says what is wrong
    present = [column for column in columns if column.name in header or column.name not in may_lack]
    return read_table(path, present, key if key in {column.name for column in present} else "")


def new_area(
    villages: Table,
    posts: Table,
    *,
    out: Path,
    name: str,
    polling_date: date,
    title: str = "",
    election_type: ElectionType = "pilkada",
    n_stations: int | None = None,
    n_voters: int | None = None,
    police: int | None = None,
    army: int | None = None,
    linmas: int | None = None,
    reserve: int | None = None,
    special: Table | None = None,
    roads: Table | None = None,
    utc_offset_min: int = 420,
    seed: int = 1,
) -> Path:
    """Write a whole scenario folder from a village table; what is not known is filled and marked as a placeholder.

    - Stations: split over the villages by largest remainders of ``station_weight``, at least one each; ``elevated`` and
      other classes only where ``special`` gives a reason. Coordinates are drawn in a disc around the village point and
      marked ``synthetic``.
    - Voters: a bounded spread around the mean with a tail of hamlet stations in the villages with most area a station.
    - Ground: ``steep_ground`` where relief (summit less lowest) over the radius of a disc of the village's area reaches
      ``steep_gradient``; ``low_ground`` where the relief is at most ``low_relief_m`` and the point stands not above the
      ``low_quantile`` of its neighbours' points.
    - Posts: those given, then what is missing at sub-district seats with ``located`` 0.
    - Linmas: by largest remainders of ``station_weight``, unless the villages bring ``linmas_available``.

    Args:
        villages: from :func:`read_villages`. Without ``rayon`` all lie in one; without heights the land is flat;
            without ``area_km2`` the radius is half the way to the next village; without ``station_weight`` all are equal.
        posts: from :func:`read_posts`. Without ``subdistrict_code`` that of the nearest village is taken.
        out: the folder to make; it must not exist, or be empty.
        name: short name, lower case letters, digits and hyphens.
        polling_date: the day H.
        title: name of the area as people read it; without it ``name``.
        election_type: which defaults of rates, patterns and hours are written.
        n_stations, n_voters: totals; without them the sum of ``station_weight``, and the usual mean a station.
        police, army, linmas, reserve: announced strength; without it the usual share, graded C.
        special: from :func:`read_special_sites`.
        roads: main roads, the columns of ``main_roads.csv``.
        utc_offset_min: minutes ahead of UTC.
        seed: of the synthetic coordinates and voters.

    Returns:
        The folder.

    Raises:
        InputError: every problem at once; nothing is written.
        RunError: the folder cannot be written.

    Example:
        >>> from simsec.scenario.tables import parse_table
        >>> rows = "1.1.1,Kaliurip,1.1,Sukamaju,-7.10,110.40\\n1.1.2,Wanasari,1.1,Sukamaju,-7.12,110.42\\n"
        >>> villages = parse_table("code,name,subdistrict_code,subdistrict,lat,lon\\n" + rows, "v.csv", VILLAGE_INPUT[:6])
        >>> columns = [column for column in POST_COLUMNS if column.name not in POST_OPTIONAL]
        >>> posts = parse_table("name,type,lat,lon\\nPolres,polres,-7.1,110.4\\n", "p.csv", columns)
        >>> out = Path(tempfile.mkdtemp()) / "sukamaju"
        >>> folder = new_area(villages, posts, out=out, name="sukamaju", polling_date=date(2024, 11, 27), n_stations=9)
        >>> scenario = read_scenario(folder)
        >>> len(scenario.stations), scenario.posts.of_type("polsek") != ()
        (9, True)
    """
    known = figures().pilkada if election_type == "pilkada" else figures().pemilu
    weights = _numbers(villages, "station_weight", 1)
    n_stations = sum(weights) if n_stations is None else n_stations
    n_voters = round(n_stations * known.mean_voters.mode) if n_voters is None else n_voters
    problems = _problems(villages, special, known, out, name, n_stations, n_voters)
    given = {"police": police, "army": army, "linmas": linmas, "reserve": reserve}
    problems += [
        Problem(f"--{word}", "strength below zero", "give 0 or more, or leave it out", value=str(number))
        for word, number in given.items()
        if number is not None and number < 0
    ]
    if problems:
        raise InputError(problems)
    counts = largest_remainders(n_stations, weights, _at_least(villages, special))
    by_weight = largest_remainders(2 * n_stations if linmas is None else linmas, weights)
    village_rows = _village_rows(villages, weights, by_weight)
    checked, problems = villages_of(_table(villages, VILLAGE_COLUMNS, village_rows))
    post_rows = with_placeholders(posts, checked, counts, known.stations_per_puskesmas.mode)
    problems += posts_of(_table(posts, POST_COLUMNS, post_rows), checked)[1]
    if problems:
        raise InputError(problems)
    station_rows = _station_rows(village_rows, counts, n_voters, special, known, seed)
    road_rows = [[*row] for row in zip(*(roads.columns[column.name] for column in ROAD_COLUMNS), strict=True)] if roads else []
    settings = Template(_template(f"{election_type}.toml")).substitute(
        **_names(name, title or name, election_type, polling_date, utc_offset_min),
        **_strength(given, n_stations, len(villages), known),
    )

    def write(folder: Path) -> None:
        write_text(folder / "scenario.toml", settings)
        write_table(folder / "villages.csv", VILLAGE_COLUMNS, village_rows)
        write_table(folder / "polling_stations.csv", STATION_COLUMNS, station_rows)
        write_table(folder / "posts.csv", POST_COLUMNS, post_rows)
        write_table(folder / "main_roads.csv", ROAD_COLUMNS, road_rows or [_no_road(post_rows)])
        read_scenario(folder)

    return _whole_folder(out, write)


def _problems(
    villages: Table, special: Table | None, known: ElectionFigures, out: Path, name: str, n_stations: int, n_voters: int
) -> list[Problem]:
    problems = []
    if not re.fullmatch(r"[a-z0-9-]+", name):
        problems.append(Problem("--name", "not a short name", value=name, bound="lower case letters, digits and hyphens"))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        problems.append(Problem("--out", "it exists and is not empty", "choose another folder", value=str(out)))
    codes = {code: place for place, code in enumerate(villages.texts("code"))}
    if special:
        problems += [
            Problem(special.file, "no such village", "use a code of the village table", line, "village_code", code)
            for line, code in zip(special.line, special.texts("village_code"), strict=True)
            if code not in codes
        ]
    least = sum(_at_least(villages, special))
    if n_stations < least:
        remedy = "give more, or leave villages out"
        what = "fewer stations than villages and special sites need"
        problems.append(Problem("--stations", what, remedy, value=str(n_stations), bound=f"at least {least}"))
        return problems
    fixed, listed = _listed_voters(special)
    most = int(known.max_voters.mode)
    if not n_stations - listed <= n_voters - fixed <= most * (n_stations - listed):
        bound = f"{n_stations - listed + fixed} to {most * (n_stations - listed) + fixed}"
        what = f"voters do not fit into {n_stations} stations of at most {most}"
        problems.append(Problem("--voters", what, "correct --voters or --stations", value=str(n_voters), bound=bound))
    return problems


def _at_least(villages: Table, special: Table | None) -> list[int]:
    needed = dict.fromkeys(villages.texts("code"), 0)
    for code, count in _pairs(special, "count"):
        needed[code] = needed.get(code, 0) + count
    return [max(1, needed[code]) for code in villages.texts("code")]


def _pairs(special: Table | None, column: str) -> list[tuple[str, int]]:
    if special is None:
        return []
    return list(zip(special.texts("village_code"), _numbers(special, column, 0), strict=True))


def _table(given: Table, columns: Sequence[Column], rows: list[list[Cell]]) -> Table:
    """Rows that are to be written, with the lines of the given table, so that a problem names the line to correct."""
    lines = [*given.line, *[0] * (len(rows) - len(given))]
    return Table(given.file, {column.name: [row[place] for row in rows] for place, column in enumerate(columns)}, lines)


def _no_road(posts: list[list[Cell]]) -> list[Cell]:
    """A place alone makes no road: the row says that main roads are not known yet."""
    row = {column.name: cell for column, cell in zip(POST_COLUMNS, posts[0], strict=True)}
    note = "no main roads given; add ordered places, two or more a road"
    return ["none", "local", 1, row["name"], row["lat"], row["lon"], 0.0, "", 1, "D", note]


def _names(name: str, title: str, election_type: ElectionType, day: date, utc_offset_min: int) -> dict[str, str]:
    kind = {"pilkada": ("regional election", "Pilkada"), "pemilu": ("general election", "Pemilu")}[election_type]
    english = f"{title}, {kind[0]}, {format_date(day, 'd MMMM yyyy', locale='en')}"
    indonesian = f"{title}, {kind[1]}, {format_date(day, 'd MMMM yyyy', locale='id')}"
    return {
        "name": name,
        "title": title.replace("\n", " "),
        "title_en": json.dumps(english, ensure_ascii=False),
        "title_id": json.dumps(indonesian, ensure_ascii=False),
        "polling_date": day.isoformat(),
        "utc_offset_min": str(utc_offset_min),
    }


def _strength(
    given: dict[str, int | None], n_stations: int, n_villages: int, known: ElectionFigures
) -> dict[str, str]:
    def figure(number: int | None, share: Parameter, of: float) -> tuple[int, str]:
        if number is not None:
            return number, f'{{ value = {number}, grade = "B", source = "given when the scenario was made" }}'
        low, mode, high = (round(part * of) for part in (share.low, share.mode, share.high))
        source = json.dumps(f"placeholder, {share.mode:g} of {of:g}: {share.source}", ensure_ascii=False)
        return mode, f'{{ low = {low}, mode = {mode}, high = {high}, grade = "C", source = {source} }}'

    police, police_text = figure(given["police"], known.police_per_station, n_stations)
    army, army_text = figure(given["army"], known.army_per_station, n_stations)
    _, reserve_text = figure(given["reserve"], known.reserve_share, police)
    two = Parameter(low=2, mode=2, high=2, grade="A", source="2 Linmas at every station, every count of 2024")
    _, linmas_text = figure(given["linmas"], two, n_stations)
    squads = max(1, (army - n_villages) // 10)
    texts = {"police": police_text, "army": army_text, "reserve": reserve_text, "linmas": linmas_text}
    return {**texts, "army_squads": str(squads)}


def _whole_folder(out: Path, write: Callable[[Path], None]) -> Path:
    """Let ``write`` fill a folder that appears whole under its name, or not at all."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise RunError(f"{out}: cannot write ({error.strerror}). Choose another folder.") from error
    try:
        write(temporary)
        temporary.chmod(0o755)
        if out.exists():
            out.rmdir()
        temporary.rename(out)
    except OSError as error:
        raise RunError(f"{out}: cannot write ({error.strerror}). Choose another folder.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return out
