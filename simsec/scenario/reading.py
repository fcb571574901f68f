"""Reading a scenario folder: ``scenario.toml`` and its tables, checked as a whole, never changed afterwards."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simsec.base.clock import parse_stamp
from simsec.base.errors import InputError, Problem
from simsec.base.files import content_hash
from simsec.scenario.checking import settings_problems, station_problems
from simsec.scenario.parameter import Parameter, walk_parameters
from simsec.scenario.places import (
    POST_COLUMNS,
    ROAD_COLUMNS,
    STATION_COLUMNS,
    VILLAGE_COLUMNS,
    MainRoads,
    Posts,
    Stations,
    Villages,
    main_roads_of,
    posts_of,
    stations_of,
    villages_of,
)
from simsec.scenario.schema import FORMAT, Settings
from simsec.scenario.tables import Column, Table, read_table

STATION_REACH_KM = 3.0
# Figures drawn anew for every incident or storm: a world moves their whole range, not the mode alone.
DRAWN = ("_min", "_hours", "friction", "stations_per_village", "storms_per_wet_day", "_mm_per_h")
ROADS_GRAPHML, ROADS_CSV = "roads.graphml", "road_edges.csv"  # a user's own roads, in place of modelled ones
FILES = ("scenario.toml", "villages.csv", "polling_stations.csv", "posts.csv", "main_roads.csv")


@dataclass(frozen=True, eq=False)
class Scenario:
    """What is known: places, forces, rates, timetable. Read once, checked, then never changed.

    Attributes:
        folder: where it was read from.
        settings: everything in ``scenario.toml``.
        villages, stations, posts, main_roads: the tables.
        hash: content hash of the files read and of any value set since.
        as_read: False once a value was set.
        own_roads: the file of the user's own roads, None when roads are modelled.

    Example:
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> len(scenario.stations), len(scenario.villages)
        (1983, 235)
    """

    folder: Path
    settings: Settings
    villages: Villages
    stations: Stations
    posts: Posts
    main_roads: MainRoads
    hash: str
    as_read: bool = True
    own_roads: Path | None = None

    @cached_property
    def horizon_min(self) -> tuple[float, float]:
        """First and last minute of the simulated day."""
        return parse_stamp(self.settings.clock.starts), parse_stamp(self.settings.clock.ends)

    @cached_property
    def day_type_probability(self) -> dict[str, float]:
        """Probability of each type of day; the ordinary one is the rest."""
        types = self.settings.day_types
        rest = {"heavy_rain": types.heavy_rain.mode, "rumour": types.rumour.mode, "severe": types.severe.mode}
        return {"ordinary": 1 - sum(rest.values()), **rest}

    def parameters(self) -> dict[str, Parameter]:
        """Every graded figure by dotted path, in the order of the file."""
        return dict(walk_parameters(self.settings))

    def with_values(self, values: Mapping[str, float]) -> Scenario:
        """The same scenario with the modes of some parameters replaced (an assumption world).

        Args:
            values: dotted path -> new mode. The range of a figure that is drawn for every incident moves with it; any
                other widens where the value lies outside.

        Raises:
            InputError: a path names no parameter.

        Example:
            >>> scenario = read_scenario("scenarios/kabupaten-semarang")
            >>> scenario.with_values({"travel.friction": 1.9}).settings.travel.friction.mode
            1.9
        """
        known = self.parameters()
        unknown = [
            Problem("values", "no such parameter", "see `simsec check --json`", column=path)
            for path in values
            if path not in known
        ]
        if unknown:
            raise InputError(unknown)
        data = self.settings.model_dump()
        for path, value in values.items():
            _set(data, path.split("."), value)
        stamp = content_hash(self.hash, repr(sorted(values.items())))
        return replace(self, settings=Settings.model_validate(data), hash=stamp, as_read=False)


def _set(data: Any, path: list[str], value: float) -> None:
    for step in path:
        if isinstance(data, list | tuple):
            data = data[int(step)] if step.isdigit() else next(item for item in data if item.get("name") == step)
        else:
            data = data[step]
    shift = value - data["mode"] if path[-1].endswith(DRAWN) else 0.0
    low, high = max(data["low"] + shift, 0.0), data["high"] + shift
    data.update(low=min(low, value), mode=value, high=max(high, value))


def read_scenario(folder: str | Path) -> Scenario:
    """Read and check a scenario folder.

    Args:
        folder: holds ``scenario.toml``, ``villages.csv``, ``polling_stations.csv``, ``posts.csv``, ``main_roads.csv``.

    Raises:
        InputError: every problem of every file, at once.

    Example:
        >>> read_scenario("scenarios/kabupaten-semarang").settings.election_type
        'pilkada'
    """
    folder = Path(folder)
    if not folder.is_dir():
        remedy = "give the path of a scenario folder; `simsec new` makes one"
        raise InputError([Problem(str(folder), "no such folder", remedy)])
    problems: list[Problem] = []
    settings = _settings(folder / "scenario.toml", problems)
    problems += settings_problems(settings) if settings else []
    villages_table = _table(folder / "villages.csv", VILLAGE_COLUMNS, "code", problems)
    stations_table = _table(folder / "polling_stations.csv", STATION_COLUMNS, "code", problems)
    posts_table = _table(folder / "posts.csv", POST_COLUMNS, "code", problems)
    roads_table = _table(folder / "main_roads.csv", ROAD_COLUMNS, "", problems)
    if villages_table is None:
        raise InputError(problems)
    villages, wrong = villages_of(villages_table)
    problems += wrong
    stations, wrong = stations_of(stations_table, villages, STATION_REACH_KM) if stations_table else (None, [])
    problems += wrong
    posts, wrong = posts_of(posts_table, villages) if posts_table else (None, [])
    problems += wrong
    problems += station_problems(stations_table) if stations_table else []
    if settings and posts:
        problems += _missing_posts(settings, posts)
    if problems or settings is None or stations is None or posts is None or roads_table is None:
        raise InputError(problems)
    own_roads = [file for file in (ROADS_GRAPHML, ROADS_CSV) if (folder / file).exists()]
    if len(own_roads) > 1:
        what = f"{' and '.join(own_roads)} both give the roads"
        raise InputError([Problem(own_roads[0], what, "keep one of them")])
    parts = [(folder / file).read_bytes() for file in (*FILES, *own_roads)]
    return Scenario(
        folder,
        settings,
        villages,
        stations,
        posts,
        main_roads_of(roads_table),
        content_hash(*parts),
        own_roads=folder / own_roads[0] if own_roads else None,
    )


def _table(path: Path, columns: Sequence[Column], key: str, problems: list[Problem]) -> Table | None:
    try:
        return read_table(path, columns, key)
    except InputError as error:
        problems += error.problems
        return None


def _settings(path: Path, problems: list[Problem]) -> Settings | None:
    try:
        return read_settings(path)
    except InputError as error:
        problems += error.problems
        return None


def read_settings(path: Path) -> Settings:
    """Read ``scenario.toml`` alone.

    Raises:
        InputError: the file is missing, is not TOML, has another format number, or says what it may not.

    Example:
        >>> read_settings(Path("scenarios/kabupaten-semarang/scenario.toml")).name
        'kabupaten-semarang'
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            [Problem(path.name, "the file is missing", f"put it into {path.parent}, or run `simsec new`")]
        ) from None
    except OSError as error:
        raise InputError(
            [Problem(path.name, f"the file cannot be read ({error.strerror})", "check its rights")]
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError([Problem(path.name, f"not a TOML file: {error}", "correct the line named")]) from None
    written = data.get("format")
    if written != FORMAT or isinstance(written, bool):
        newer = isinstance(written, int) and written > FORMAT
        remedy = "a newer simsec wrote it: update simsec" if newer else "the first line reads: format = 1"
        raise InputError([Problem(path.name, "unknown format", remedy, 1, "format", str(written), str(FORMAT))])
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise InputError(_problem(path.name, item) for item in error.errors(include_url=False)) from None


def _problem(file: str, item: Any) -> Problem:
    value = item.get("input")
    if isinstance(value, Mapping):  # a figure: its numbers
        value = ", ".join(str(value[key]) for key in ("value", "low", "mode", "high") if key in value)
    shown = str(value) if isinstance(value, str | int | float) else ""
    said = item["msg"].removeprefix("Value error, ")
    what = {"missing": "the key is missing", "extra_forbidden": "unknown key"}.get(item["type"], said)
    remedy = {"missing": "add it", "extra_forbidden": "remove it or check its spelling"}.get(item["type"], "")
    return Problem(file, what, remedy, 0, ".".join(str(step) for step in item["loc"]), shown)


def _missing_posts(settings: Settings, posts: Posts) -> list[Problem]:
    return [
        Problem(
            "posts.csv",
            f"no post of type {team.at!r}, where the {team.unit} teams stand",
            "add one, or remove the team from scenario.toml",
        )
        for team in settings.teams
        if not posts.of_type(team.at)
    ]
