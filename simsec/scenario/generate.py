"""A scenario folder from a village table: what `simsec new` writes for a planner without coordinates of stations."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from string import Template
from typing import Literal

from babel.dates import format_date

from simsec.base.errors import InputError, Problem, RunError, say, system_words
from simsec.base.files import write_text
from simsec.scenario.apportion import largest_remainders
from simsec.scenario.parameter import Parameter
from simsec.scenario.placeholders import with_placeholders
from simsec.scenario.places import (
    POST_COLUMNS,
    ROAD_COLUMNS,
    STATION_COLUMNS,
    VILLAGE_COLUMNS,
    posts_of,
    villages_of,
)
from simsec.scenario.reading import read_scenario
from simsec.scenario.synthetic import (
    SPECIAL_COLUMNS,
    ElectionFigures,
    Site,
    figures,
    sites_of,
    station_rows,
    template,
    village_rows,
)
from simsec.scenario.tables import Cell, Column, Table, read_table, write_table

ElectionType = Literal["pemilu", "pilkada"]

_VILLAGE = {column.name: column for column in VILLAGE_COLUMNS}
_REQUIRED = ("code", "name", "subdistrict_code", "subdistrict", "lat", "lon")
VILLAGE_INPUT = (
    *(_VILLAGE[name] for name in _REQUIRED),
    *(column for column in VILLAGE_COLUMNS if column.name not in _REQUIRED),
    Column("lowest_m", "number", -100, 6000, meaning="5th percentile of the heights inside the village"),
)
VILLAGE_OPTIONAL = frozenset(column.name for column in VILLAGE_INPUT if column.name not in _REQUIRED)
POST_OPTIONAL = frozenset({"code", "subdistrict_code", "located", "basis"})


def read_villages(path: Path) -> Table:
    """Read the village table of ``--villages``: :data:`VILLAGE_INPUT`, where :data:`VILLAGE_OPTIONAL` may be missing.

    Raises:
        InputError: every problem of the file.
    """
    return _read_input(path, VILLAGE_INPUT, VILLAGE_OPTIONAL)


def read_posts(path: Path) -> Table:
    """Read the post table of ``--posts``: the columns of ``posts.csv``, where :data:`POST_OPTIONAL` may be missing.

    Raises:
        InputError: every problem of the file.
    """
    return _read_input(path, POST_COLUMNS, POST_OPTIONAL)


def read_special_sites(path: Path) -> Table:
    """Read the table of ``--special``: stations above the low class, each with a documented physical reason.

    Raises:
        InputError: every problem of the file.
    """
    return read_table(path, SPECIAL_COLUMNS)


def read_main_roads(path: Path) -> Table:
    """Read the table of ``--roads``: the columns of ``main_roads.csv``.

    Raises:
        InputError: every problem of the file.
    """
    return read_table(path, ROAD_COLUMNS)


def _read_input(path: Path, columns: Sequence[Column], may_lack: Collection[str]) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = {name.strip() for name in next(csv.reader(file), [])}
    except (OSError, UnicodeDecodeError):
        header = set()  # read_table says what is wrong
    present = [column for column in columns if column.name in header or column.name not in may_lack]
    return read_table(path, present, "code" if any(column.name == "code" for column in present) else "")


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
    r"""Write a whole scenario folder from a village table; what is not known is filled and marked as a placeholder.

    - Stations are split over the villages by largest remainders of ``station_weight``, at least one each. Their class
      is ``low`` unless ``special`` gives a reason; their coordinates are drawn and marked ``synthetic``.
    - Voters get a bounded spread around the mean, with a tail of hamlet stations where stations are far apart.
    - Ground is called low or steep from the heights (:func:`simsec.scenario.synthetic.village_rows`).
    - Posts that are missing stand at sub-district seats with ``located`` 0 (:mod:`simsec.scenario.placeholders`).
    - Linmas are split like the stations, unless the villages bring ``linmas_available``.

    Args:
        villages: from :func:`read_villages`. Without ``rayon`` all lie in one; without heights the land is flat;
            without ``area_km2`` the radius is half the way to the next village; without ``station_weight`` all are
            equal.
        posts: from :func:`read_posts`. Without ``subdistrict_code`` that of the nearest village is taken.
        out: the folder to make; it must not exist, or be empty.
        name: short name, lower case letters, digits and hyphens.
        polling_date: the day H.
        title: name of the area as people read it; without it ``name``.
        election_type: which defaults of rates, patterns and hours are written.
        n_stations: stations; without it the sum of ``station_weight``.
        n_voters: registered voters; without it the usual mean of a station times their number.
        police: announced police; without it the usual number a station, graded C, and so for the next three.
        army: announced soldiers.
        linmas: Linmas; without it two a station.
        reserve: announced reserve at the headquarters.
        special: from :func:`read_special_sites`.
        roads: from :func:`read_main_roads`.
        utc_offset_min: minutes ahead of UTC.
        seed: of the synthetic coordinates and voters.

    Returns:
        The folder.

    Raises:
        InputError: every problem at once; nothing is written.
        RunError: the folder cannot be written.

    Example:
        >>> from simsec.scenario.tables import parse_table
        >>> header = "code,name,subdistrict_code,subdistrict,lat,lon"
        >>> rows = ["1.1.1,Kaliurip,1.1,Sukamaju,-7.10,110.40", "1.1.2,Wanasari,1.1,Sukamaju,-7.12,110.42"]
        >>> villages = parse_table("\n".join([header, *rows]), "v.csv", VILLAGE_INPUT[:6])
        >>> columns = [column for column in POST_COLUMNS if column.name not in POST_OPTIONAL]
        >>> posts = parse_table("name,type,lat,lon\nPolres,polres,-7.1,110.4\n", "p.csv", columns)
        >>> out = Path(tempfile.mkdtemp()) / "sukamaju"
        >>> folder = new_area(villages, posts, out=out, name="sukamaju", polling_date=date(2024, 11, 27), n_stations=9)
        >>> scenario = read_scenario(folder)
        >>> len(scenario.stations), len(scenario.posts.of_type("polsek"))
        (9, 1)
    """
    known = figures().pilkada if election_type == "pilkada" else figures().pemilu
    weights = [int(cell) for cell in villages.columns.get("station_weight", [1] * len(villages))]
    n_stations = sum(weights) if n_stations is None else n_stations
    n_voters = round(n_stations * known.mean_voters.mode) if n_voters is None else n_voters
    strength = {"police": police, "army": army, "linmas": linmas, "reserve": reserve}
    sites = sites_of(special)
    minima = [max(1, len(sites.get(code, []))) for code in villages.texts("code")]
    problems = [*_wrong_names(out, name), *_wrong_sites(villages, special), *_wrong_strength(strength)]
    problems += _wrong_totals(n_stations, n_voters, sum(minima), sites, known)
    if problems:
        raise InputError(problems)
    counts = largest_remainders(n_stations, weights, minima)
    by_weight = largest_remainders(2 * n_stations if linmas is None else linmas, weights)
    villages_out = _table(villages, VILLAGE_COLUMNS, village_rows(villages, weights, by_weight))
    area, problems = villages_of(villages_out)
    posts_out = _table(posts, POST_COLUMNS, with_placeholders(posts, area, counts, known.stations_per_puskesmas.mode))
    problems += posts_of(posts_out, area)[1]
    if problems:
        raise InputError(problems)
    stations = station_rows(villages_out, counts, n_voters, sites, known, seed)
    settings = Template(template(f"{election_type}.toml")).substitute(
        **_names(name, title or name, election_type, polling_date, utc_offset_min),
        **_forces(strength, n_stations, len(villages), known),
    )

    # Of the columns that may be left out only the ways are known, and only where some are no road.
    station_columns = [column for column in STATION_COLUMNS if not column.optional or column.name == "access"]

    def write(folder: Path) -> None:
        write_text(folder / "scenario.toml", settings)
        write_table(folder / "villages.csv", VILLAGE_COLUMNS, _rows(villages_out, VILLAGE_COLUMNS))
        known_ways = any(row[-1] for row in stations)  # nobody is told of ways where all are roads
        rows = stations if known_ways else [row[:-1] for row in stations]
        write_table(folder / "polling_stations.csv", station_columns[: len(rows[0])], rows)
        write_table(folder / "posts.csv", POST_COLUMNS, _rows(posts_out, POST_COLUMNS))
        write_table(
            folder / "main_roads.csv", ROAD_COLUMNS, _rows(roads, ROAD_COLUMNS) if roads else _no_road(posts_out)
        )
        read_scenario(folder)  # what is written can be read

    return _whole_folder(out, write)


def _wrong_names(out: Path, name: str) -> list[Problem]:
    problems = []
    if not re.fullmatch(r"[a-z0-9-]+", name):
        bound = "lower case letters, digits and hyphens"
        problems.append(Problem("--name", "not a short name", value=name, bound=bound))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        problems.append(Problem("--out", "it exists and is not empty", "choose another folder", value=str(out)))
    return problems


def _wrong_sites(villages: Table, special: Table | None) -> list[Problem]:
    if special is None:
        return []
    codes = set(villages.texts("code"))
    return [
        Problem(special.file, "no such village", "use a code of the village table", line, "village_code", code)
        for line, code in zip(special.line, special.texts("village_code"), strict=True)
        if code not in codes
    ]


def _wrong_strength(strength: Mapping[str, int | None]) -> list[Problem]:
    bound = say("at least {least}", least=0)
    return [
        Problem(f"--{word}", "strength below zero", "leave it out if it is not known", value=str(number), bound=bound)
        for word, number in strength.items()
        if number is not None and number < 0
    ]


def _wrong_totals(
    n_stations: int, n_voters: int, least: int, sites: Mapping[str, list[Site]], known: ElectionFigures
) -> list[Problem]:
    if n_stations < least:
        what = "fewer stations than villages and special sites need"
        remedy = "give more, or leave villages out"
        bound = say("at least {least}", least=least)
        return [Problem("--stations", what, remedy, value=str(n_stations), bound=bound)]
    listed = [site.voters for listed in sites.values() for site in listed if site.voters]
    others, most = n_stations - len(listed), int(known.max_voters.mode)
    if others <= n_voters - sum(listed) <= most * others:
        return []
    what = say("the voters do not fit into {stations} stations of 1 to {most}", stations=n_stations, most=most)
    bound = say("{low} to {high}", low=others + sum(listed), high=most * others + sum(listed))
    return [Problem("--voters", what, "correct --voters or --stations", value=str(n_voters), bound=bound)]


def _table(given: Table, columns: Sequence[Column], rows: list[list[Cell]]) -> Table:
    """Rows to be written, with the lines of the table given, so that a problem names the line to correct."""
    lines = [*given.line, *[0] * (len(rows) - len(given))]
    return Table(given.file, {column.name: [row[place] for row in rows] for place, column in enumerate(columns)}, lines)


def _rows(table: Table, columns: Sequence[Column]) -> list[list[Cell]]:
    """Rows in the order of the columns; a number that may be blank and is 0 stays blank."""
    cells = [
        [cell or "" for cell in table.columns[column.name]] if not column.required else table.columns[column.name]
        for column in columns
    ]
    return [list(row) for row in zip(*cells, strict=True)]


def _no_road(posts: Table) -> list[list[Cell]]:
    """A place alone makes no road: the row says that main roads are not known yet."""
    note = "no main roads given; add ordered places, two or more a road"
    place = [posts.columns[name][0] for name in ("name", "lat", "lon")]
    return [["none", "local", 1, *place, 0.0, "", 1, "D", note]]


def _names(name: str, title: str, election_type: ElectionType, day: date, utc_offset_min: int) -> dict[str, str]:
    title = " ".join(title.split())
    kind = {"pilkada": ("regional election", "Pilkada"), "pemilu": ("general election", "Pemilu")}[election_type]
    english = f"{title}, {kind[0]}, {format_date(day, 'd MMMM yyyy', locale='en')}"
    indonesian = f"{title}, {kind[1]}, {format_date(day, 'd MMMM yyyy', locale='id')}"
    return {
        "name": name,
        "title": title,
        "title_en": json.dumps(english, ensure_ascii=False),
        "title_id": json.dumps(indonesian, ensure_ascii=False),
        "polling_date": day.isoformat(),
        "utc_offset_min": str(utc_offset_min),
    }


def _forces(
    strength: Mapping[str, int | None], n_stations: int, n_villages: int, known: ElectionFigures
) -> dict[str, str]:
    """The inline tables of the announced strength: as given, else the usual share with its range."""

    def figure(word: str, share: Parameter, of: int) -> tuple[int, str]:
        number = strength[word]
        if number is not None:
            return number, f'{{ value = {number}, grade = "B", source = "given when the scenario was made" }}'
        low, mode, high = (round(part * of) for part in (share.low, share.mode, share.high))
        source = json.dumps(f"placeholder, {share.mode:g} of {of}: {share.source}", ensure_ascii=False)
        return mode, f'{{ low = {low}, mode = {mode}, high = {high}, grade = "C", source = {source} }}'

    police, police_text = figure("police", known.police_per_station, n_stations)
    army, army_text = figure("army", known.army_per_station, n_stations)
    two = Parameter(low=2, mode=2, high=2, grade="A", source="two Linmas at every station, every count of 2024")
    texts = {
        "police": police_text,
        "army": army_text,
        "linmas": figure("linmas", two, n_stations)[1],
        "reserve": figure("reserve", known.reserve_share, police)[1],
    }
    # One soldier stays in every village as Babinsa; the rest forms squads of ten.
    return {**texts, "army_squads": str(max(1, (army - n_villages) // 10))}


def _whole_folder(out: Path, write: Callable[[Path], None]) -> Path:
    """Let ``write`` fill a folder that appears whole under its name, or not at all."""
    temporary: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        write(temporary)
        temporary.chmod(0o755)
        if out.exists():
            out.rmdir()
        temporary.rename(out)
    except OSError as error:
        template = "{path}: cannot write ({why}). Choose another folder."
        raise RunError(say(template, path=out, why=system_words(error))) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return out
