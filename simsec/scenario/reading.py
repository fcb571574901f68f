"""Reading a scenario folder: ``scenario.toml`` and its tables, checked as a whole, never changed afterwards."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from simsec.base.clock import parse_stamp
from simsec.base.errors import InputError, Message, Problem, say, system_words
from simsec.base.files import content_hash
from simsec.scenario.agencies import with_common
from simsec.scenario.checking import road_problems, settings_problems, station_problems, unmet_needs
from simsec.scenario.extending import SETTINGS, Source, source_of, template
from simsec.scenario.general import TABLES, General, filled_in, general_of
from simsec.scenario.parameter import GENERAL, Parameter, walk_parameters
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
    no_posts,
    no_roads,
    posts_of,
    stations_of,
    villages_of,
)
from simsec.scenario.schema import DAY_TYPES, DRAWN, VILLAGE, Incident, Settings, Team
from simsec.scenario.tables import Column, Table, read_table

STATION_REACH_KM = 3.0
PLACED_BY_THE_PLAN = ("pair", "patrol", "squad")
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
        general: minutes, preferences and rates of a general scenario, whose places stand in ``villages``, each with a
            station of the same number and code; None for an election.
        policy_code: hash of the source of the user's own policy, once that was allowed to run; no file gives it.
        only: the type of day that alone counts, "" for the mixture at natural rates; days themselves stay as they are.

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
    general: General | None = None
    policy_code: str = ""
    only: str = ""

    @cached_property
    def horizon_min(self) -> tuple[float, float]:
        """First and last minute of the simulated day."""
        clock = self.settings.clock
        return parse_stamp(clock.starts), parse_stamp(clock.followed_until or clock.ends)

    @cached_property
    def duty_min(self) -> tuple[tuple[float, float], ...]:
        """First and last minute on duty of each kind of unit: the whole clock where nothing else is said."""
        ends = self.settings.clock.ends
        duties = (unit.duty for unit in self.settings.units)
        whole = self.horizon_min[0], parse_stamp(ends)
        return tuple((parse_stamp(d.starts), parse_stamp(d.ends or ends)) if d else whole for d in duties)

    @cached_property
    def windowed(self) -> tuple[Incident, ...]:
        """The kinds whose windows say when they happen: all but those that come of trips and of long duty."""
        stages, kinds = self.settings.stages, self.settings.incidents
        apart = (stages.escort_kind, stages.crew_kind) if stages else ()
        return tuple(model for kind, model in kinds.items() if kind not in apart)

    @cached_property
    def day_type_probability(self) -> dict[str, float]:
        """Probability of each type of day; the ordinary one is the rest. Where one alone counts, it is certain."""
        if self.only:
            return {name: float(name == self.only) for name in DAY_TYPES}
        types = self.settings.day_types
        rest = {"heavy_rain": types.heavy_rain.mode, "rumour": types.rumour.mode, "severe": types.severe.mode}
        return {"ordinary": 1 - sum(rest.values()), **rest}

    def sites_of(self, at: str) -> tuple[str, ...]:
        """Codes of the sites that ``at`` of a team or an absence means, in order.

        A type of post, the code of a post, or ``village`` for every village with stations; in a general scenario, the
        place itself.

        Example:
            >>> scenario = read_scenario("scenarios/kabupaten-semarang")
            >>> len(scenario.sites_of("puskesmas")), len(scenario.sites_of("village"))
            (26, 235)
        """
        if self.general is not None:
            return (at,)
        if at == VILLAGE:
            staffed = set(self.stations.village.tolist())
            return tuple(code for number, code in enumerate(self.villages.code) if number in staffed)
        posts = self.posts
        return tuple(code for code, kind in zip(posts.code, posts.type, strict=True) if at in (code, kind))

    def team_at(self, team: Team, site: str) -> int:
        """How many units of a team stand at one of its sites.

        Example:
            >>> scenario = read_scenario("scenarios/kabupaten-semarang")
            >>> couriers = next(team for team in scenario.settings.teams if team.unit == "courier")
            >>> sum(scenario.team_at(couriers, site) for site in scenario.sites_of(couriers.at)) > 38
            True
        """
        if team.villages_per_unit is None or site not in self.posts.code:
            return team.per_post
        sector = self.posts.subdistrict[self.posts.code.index(site)]
        villages = int(np.sum(self.villages.subdistrict == sector))
        return max(team.per_post, int(villages / team.villages_per_unit.mode + 0.5))

    def parameters(self) -> dict[str, Parameter]:
        """Every graded figure by dotted path, in the order of the file."""
        return dict(walk_parameters(self.settings))

    def given(self, day_type: str) -> Scenario:
        """The same scenario with one type of day alone counting: what if it rains heavily for sure?

        The days of a type, and so the hash, stay what they are; only their weights in what is measured change.

        Args:
            day_type: checked by whoever asks; "" for the mixture.

        Example:
            >>> scenario = read_scenario("scenarios/kabupaten-semarang").given("heavy_rain")
            >>> scenario.day_type_probability
            {'ordinary': 0.0, 'heavy_rain': 1.0, 'rumour': 0.0, 'severe': 0.0}
        """
        return replace(self, only=day_type)

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
        data = self.settings.as_written(data)
        stamp = content_hash(self.hash, repr(sorted(values.items())))
        return replace(self, settings=Settings.model_validate(data), hash=stamp, as_read=False)


def _set(data: Any, path: list[str], value: float) -> None:
    for step in path:
        if isinstance(data, list | tuple):
            data = data[int(step)] if step.isdigit() else next(item for item in data if item.get("name") == step)
        else:
            data = data[step]
    drawn = data["distribution"] in ("triangular", "constant") and path[-1].endswith(DRAWN)
    shift = value - data["mode"] if drawn else 0.0
    low, high = max(data["low"] + shift, 0.0), data["high"] + shift
    if low == 0 < data["low"] and path[-1].endswith("_kmh"):
        low = data["low"] * value / data["mode"]  # what moves at all does not stand still at the end of its range
    data.update(low=min(low, value), mode=value, high=max(high, value))


def read_scenario(folder: str | Path) -> Scenario:
    """Read and check a scenario folder.

    Args:
        folder: holds ``scenario.toml``, ``villages.csv``, ``polling_stations.csv``, ``posts.csv``, ``main_roads.csv``;
            or, for a general scenario, ``scenario.toml``, ``places.csv``, ``travel.csv`` and, where they are wanted,
            ``preferences.csv`` and ``rates.csv``. What it ``extends`` fills in what is not there.

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
    source, settings = _settings(folder, problems)
    problems += settings_problems(settings) if settings else []
    if source.data.get("general") is True:
        return _read_general(source, settings, problems)
    villages_table = _table(source.find("villages.csv"), VILLAGE_COLUMNS, "code", problems)
    stations_table = _table(source.find("polling_stations.csv"), STATION_COLUMNS, "code", problems)
    posts_table = _table(source.find("posts.csv"), POST_COLUMNS, "code", problems)
    roads_table = _table(source.find("main_roads.csv"), ROAD_COLUMNS, "", problems)
    if villages_table is None:
        raise InputError(problems)
    villages, wrong = villages_of(villages_table)
    problems += wrong
    stations, wrong = stations_of(stations_table, villages, STATION_REACH_KM) if stations_table else (None, [])
    problems += wrong
    posts, wrong = posts_of(posts_table, villages) if posts_table else (None, [])
    problems += wrong
    problems += station_problems(stations_table) if stations_table else []
    problems += road_problems(roads_table) if roads_table else []
    if settings and stations:
        problems += _sleeping_nowhere(settings, villages, stations)
    if settings and posts:
        problems += _missing_posts(settings, posts) or unmet_needs(settings, _standing(settings, posts))
    if problems or settings is None or stations is None or posts is None or roads_table is None:
        raise InputError(problems)
    own_roads = [file for file in (ROADS_GRAPHML, ROADS_CSV) if source.find(file).exists()]
    if len(own_roads) > 1:
        what = say("{first} and {second} both give the roads", first=own_roads[0], second=own_roads[1])
        raise InputError([Problem(own_roads[0], what, "keep one of them")])
    parts = [*source.texts, *(source.find(file).read_bytes() for file in (*FILES[1:], *own_roads))]
    return Scenario(
        folder,
        settings,
        villages,
        stations,
        posts,
        main_roads_of(roads_table),
        content_hash(*parts),
        own_roads=source.find(own_roads[0]) if own_roads else None,
    )


def _read_general(source: Source, settings: Settings | None, problems: list[Problem]) -> Scenario:
    """The tables of a general scenario; an election's are not asked for."""
    paths = {file: source.find(file) for file in TABLES}
    found = general_of(paths, settings, problems)
    if problems or settings is None or found is None:
        raise InputError(problems)
    parts = [*source.texts, *(path.read_bytes() for path in paths.values() if path.exists())]
    villages, stations, general = found
    stamp = content_hash(*parts)
    return Scenario(source.folders[0], settings, villages, stations, no_posts(), no_roads(), stamp, general=general)


def _table(path: Path, columns: Sequence[Column], key: str, problems: list[Problem]) -> Table | None:
    try:
        return read_table(path, columns, key)
    except InputError as error:
        problems += error.problems
        return None


def _settings(folder: Path, problems: list[Problem]) -> tuple[Source, Settings | None]:
    source = Source({}, (), (folder,))
    try:
        source = _source(folder)
        return source, _validated(source)
    except InputError as error:
        problems += error.problems
        return source, None


def read_settings(path: Path) -> Settings:
    """Read ``scenario.toml`` alone.

    Raises:
        InputError: the file is missing, is not TOML, has another format number, or says what it may not.

    Example:
        >>> read_settings(Path("scenarios/kabupaten-semarang/scenario.toml")).name
        'kabupaten-semarang'
    """
    return _validated(_source(path.parent))


def _source(folder: Path) -> Source:
    try:
        return source_of(folder)
    except FileNotFoundError:
        remedy = say("put it into {folder}, or run `simsec new`", folder=folder)
        raise InputError([Problem(SETTINGS, "the file is missing", remedy)]) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError([unreadable(SETTINGS, error)]) from None


def _validated(source: Source) -> Settings:
    general = source.data.get("general") is True
    try:
        if general:
            return Settings.model_validate(filled_in(source.data), context=GENERAL)
        return Settings.model_validate(with_common(source.data, template("agencies")))
    except ValidationError as error:
        raise InputError(_problem(SETTINGS, item) for item in error.errors(include_url=False)) from None


def unreadable(file: str, error: OSError | ValueError) -> Problem:
    """The problem of a TOML file that cannot be opened, or is none.

    Example:
        >>> try:
        ...     tomllib.loads("a = ")
        ... except ValueError as error:
        ...     print(unreadable("plan.toml", error))
        plan.toml: not a TOML file: Invalid value (at end of document). correct the line named
    """
    if isinstance(error, OSError):
        return Problem(file, say("the file cannot be read ({why})", why=system_words(error)), "check its rights")
    words = str(error)
    if place := re.fullmatch(r"(?s)(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", words):
        said, line, column = Message(place[1]), place[2], place[3]
        words = say("{said} (at end of document)", said=said)
        if line:
            words = say("{said} (at line {line}, column {column})", said=said, line=line, column=column)
    return Problem(file, say("not a TOML file: {words}", words=words), "correct the line named")


def validation_words(item: Any) -> str:
    """What pydantic says about an item of ``ValidationError.errors()``, under the name of its type.

    Example:
        >>> validation_words({"type": "greater_than", "msg": "Input should be greater than 0", "ctx": {"gt": 0}}).key
        'pydantic.greater_than'
    """
    values = dict(item.get("ctx") or {})
    if isinstance(values.get("error"), ValueError):  # one of our own validators
        own: str = values["error"].args[0]
        return own
    for name, value in values.items():
        if isinstance(value, float):
            values[name] = f"{value:g}"
        elif name == "expected" and " or " in value:
            first, _, second = value.rpartition(" or ")
            values[name] = say("{first} or {second}", first=first, second=second)
    return Message(item["msg"], values, f"pydantic.{item['type']}")


def _problem(file: str, item: Any) -> Problem:
    value = item.get("input")
    if isinstance(value, Mapping):  # a figure: its numbers
        value = ", ".join(str(value[key]) for key in ("value", "low", "mode", "high") if key in value)
    shown = str(value) if isinstance(value, str | int | float) else ""
    what, remedy = validation_words(item), ""
    if item["type"] == "missing":
        what, remedy = "the key is missing", "add it"
    elif item["type"] == "extra_forbidden":
        what, remedy = "unknown key", "remove it or check its spelling"
    elif item["type"].startswith("date_"):
        remedy = "write a date without quotes, such as 2024-11-27"
    elif item["type"] in ("int_parsing", "int_type", "int_from_float"):
        remedy = "write a whole number, without quotes and without separators"
    return Problem(file, what, remedy, 0, ".".join(str(step) for step in item["loc"]), shown)


def _standing(settings: Settings, posts: Posts) -> dict[str, float]:
    """How many units of each kind there may be."""
    standing: dict[str, float] = dict.fromkeys(PLACED_BY_THE_PLAN, inf)
    for team in settings.teams:
        sites = inf if team.at == VILLAGE else sum(team.at in at for at in zip(posts.code, posts.type, strict=True))
        standing[team.unit] = standing.get(team.unit, 0) + (team.per_post * sites if team.enabled else 0)
    return standing


def _sleeping_nowhere(settings: Settings, villages: Villages, stations: Stations) -> list[Problem]:
    """Who should sleep at a hamlet that is none: nobody could be told where, and the plan is made from this."""
    hard = {villages.code[village] for village in stations.village[stations.access > 0].tolist()}
    bound = say("one of {words}", words=", ".join(sorted(hard))) if hard else ""
    remedy = "name a village whose stations have the access river or one_road"
    return [
        Problem(
            SETTINGS,
            "no station of this village is hard to reach" if held.village in villages.code else "no such village",
            remedy,
            0,
            f"prepositioned.{number}.village",
            held.village,
            bound,
        )
        for number, held in enumerate(settings.prepositioned)
        if held.village not in hard
    ]


def _missing_posts(settings: Settings, posts: Posts) -> list[Problem]:
    nowhere = [
        Problem(SETTINGS, "no such post or type of post", "", 0, f"absences.{number}.at", row.at)
        for number, row in enumerate(settings.absences)
        if row.at not in ("", VILLAGE, *posts.code, *posts.type)
    ]
    nowhere += [
        Problem(SETTINGS, "no post of these types", "add one to posts.csv", 0, f"agencies.{code}.promise_posts", value)
        for code, agency in settings.agencies.items()
        if agency.promise_bands and not posts.of_type(*agency.promise_posts)
        for value in [", ".join(agency.promise_posts)]
    ]
    return nowhere + [
        Problem(
            "posts.csv",
            say("no post of type {type!r}, where the {unit} teams stand", type=team.at, unit=team.unit),
            "add one, or remove the team from scenario.toml",
        )
        for team in settings.teams
        if team.enabled and team.at != VILLAGE and team.at not in posts.code and not posts.of_type(team.at)
    ]
