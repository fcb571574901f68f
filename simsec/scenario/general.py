"""General scenarios: any places, a given travel matrix, rates by the hour, preference lists, no polling stations.

Every place becomes a village with one station, so that every room reads them as it reads an election. What cannot work
is refused here, before the first day: a place nobody reaches, a capability nobody has, a preference list with a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.base.errors import InputError, Problem, say
from simsec.scenario.checking import unmet_needs
from simsec.scenario.matrix import read_minutes
from simsec.scenario.places import POWER, SIGNAL, Stations, Villages
from simsec.scenario.schema import Settings
from simsec.scenario.tables import Column, Table, read_table

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
TABLES = ("places.csv", "travel.csv", "preferences.csv", "rates.csv")
_TOML = "scenario.toml"
WHOLE = "all"  # the area of places that name none, and the one zone
HOUR_MIN = 60.0
MOST_REPORTS = 5_000_000  # expected of one day; to draw so many takes about 2 GB
SHOWN = 20  # problems of one sort that are listed; the rest is counted

PLACE_COLUMNS = (
    Column("code", meaning="code of the place; text, also where it looks like a number"),
    Column("name", required=False, optional=True, meaning="blank: the code"),
    Column("lat", "number", -90, 90, required=False, optional=True, meaning="degrees, for maps"),
    Column("lon", "number", -180, 180, required=False, optional=True),
    Column("area", required=False, optional=True, meaning="what a step with the scope `subdistrict` keeps to"),
)
PREFERENCE_COLUMNS = (
    Column("place", meaning="where the call comes from"),
    Column("rank", "integer", 1, 100000, meaning="1: asked first"),
    Column("base", meaning="place whose units are asked"),
)
RATE_COLUMNS = (
    Column("kind", meaning="code of a kind of incident"),
    Column("place", required=False, optional=True, meaning="blank: every place"),
    Column("start", required=False, optional=True, meaning="stamp; blank: the start of the clock"),
    Column("end", required=False, optional=True, meaning="stamp; blank: the end of the clock"),
    Column("per_hour", "number", 0, 1e9, meaning="expected reports per hour at the place"),
)


@dataclass(frozen=True)
class Rate:
    """So many reports per hour of a kind at a place, from one minute to another; numbers of the scenario."""

    kind: int
    place: int
    start_min: float
    end_min: float
    per_hour: float


@dataclass(frozen=True, eq=False)
class General:
    """What a general scenario has that an election has not.

    Attributes:
        minutes: shape (places, places), from the row's place to the column's; inf: no way. The diagonal is the way
            inside a place.
        preference: shape (places, bases), places whose units are asked, in order; no columns where there are no lists.
        rates: from ``rates.csv``; the rates of ``scenario.toml`` stand in the settings.
    """

    minutes: Floats
    preference: Integers
    rates: tuple[Rate, ...]


def filled_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """A general ``scenario.toml`` with what depends on its clock, its units and its kinds filled in.

    Args:
        data: merged over the general template.
    """
    full = dict(data)
    defaults = full.pop("defaults", {})
    clock = full.get("clock")
    if isinstance(clock, Mapping) and {"starts", "ends"} <= set(clock):
        first, last = clock["starts"], clock["ends"]
        full["clock"] = {"voting_opens": first, "voting_closes": last, "counting_ends": last, **clock}
        start, end = (last, first) if _backwards(first, last) else (first, last)  # then the clock itself is reported
        whole = [{"start": start, "end": end, "share": 1.0}]
    else:
        whole = []
    weather = {"ordinary_windows": whole, "heavy_windows": whole}
    full["weather"] = {**weather, **_table(full.get("weather"))}
    full["voters"] = {"arrival_windows": whole, **_table(full.get("voters"))}
    full["units"] = [_under(_labelled(defaults.get("unit"), unit, "kind"), unit) for unit in _rows(full.get("units"))]
    full["teams"] = [_under(_table(defaults.get("team")), team) for team in _rows(full.get("teams"))]
    full["incidents"] = {
        code: _under({"windows": whole, "label": {"en": code, "id": code}, **_table(defaults.get("incident"))}, kind)
        for code, kind in _table(full.get("incidents")).items()
    }
    full.setdefault("ladders", _ladders(full["units"]))
    return full


def _backwards(first: object, last: object) -> bool:
    try:
        return parse_stamp(str(last)) < parse_stamp(str(first))
    except ValueError:
        return False


def _table(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _rows(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _under(defaults: Mapping[str, Any], row: Any) -> Any:
    return {**defaults, **row} if isinstance(row, Mapping) else row


def _labelled(defaults: object, row: Any, key: str) -> dict[str, Any]:
    name = str(row.get(key, "")) if isinstance(row, Mapping) else ""
    return {**_table(defaults), "label": {"en": name, "id": name}}


def _ladders(units: Sequence[Any]) -> list[dict[str, Any]]:
    """A ladder a capability: every kind of unit that has it, wherever it stands, and nobody waits between steps."""
    able: dict[str, list[str]] = {}
    for unit in units:
        if isinstance(unit, Mapping) and isinstance(unit.get("capabilities"), list):
            for capability in unit["capabilities"]:
                able.setdefault(str(capability), []).append(str(unit.get("kind")))
    return [
        {
            "name": capability,
            "capabilities": [capability],
            "enter": {"green": 0, "yellow": 0, "red": 0},
            "steps": [{"unit": kind, "scope": "regency"} for kind in kinds],
        }
        for capability, kinds in able.items()
    ]


def general_of(
    paths: Mapping[str, Path], settings: Settings | None, problems: list[Problem]
) -> tuple[Villages, Stations, General] | None:
    """Read and check the tables of a general scenario.

    Args:
        paths: where each of ``TABLES`` lies; preferences and rates need not be there.
        settings: None where they are wrong themselves; then less can be checked.
        problems: everything wrong is added here.
    """
    try:
        table = read_table(paths["places.csv"], PLACE_COLUMNS, "code")
    except InputError as error:
        problems += error.problems
        return None
    places = table.texts("code")
    minutes, wrong = read_minutes(paths["travel.csv"], places)
    problems += wrong
    preference = _preferences(paths["preferences.csv"], places, problems)
    rates = _rates(paths["rates.csv"], places, settings, problems) if settings else ()
    if settings:
        problems += _day_types(settings)
        problems += _teams(settings, places)
        problems += _too_many_reports(settings, len(places), rates)
        problems += _preference_gaps(settings, places, preference)
        if minutes is not None:
            problems += capped(_unreached(settings, places, minutes, rates))
    if minutes is None:
        return None
    villages, stations = _as_villages(table)
    return villages, stations, General(minutes, _in_order(preference, places), rates)


def capped(problems: Sequence[Problem] | Iterator[Problem]) -> list[Problem]:
    """The first problems of one sort, and how many more there are.

    Example:
        >>> print(capped([Problem("travel.csv", "no way")] * 30)[-1])
        travel.csv: and 10 more of the same sort
    """
    listed = list(problems)
    if len(listed) <= SHOWN:
        return listed
    return [*listed[:SHOWN], Problem(listed[0].file, say("and {n} more of the same sort", n=len(listed) - SHOWN))]


def _as_villages(table: Table) -> tuple[Villages, Stations]:
    """Each place as a village with one station; one zone, one rayon, flat ground."""
    codes = table.texts("code")
    names = tuple(name or code for name, code in zip(table.texts("name"), codes, strict=True))
    areas = [area or WHOLE for area in table.texts("area")]
    distinct = tuple(sorted(set(areas)))
    n, area = len(codes), np.array([distinct.index(word) for word in areas], dtype=np.int64)
    lat, lon = (np.array(table.columns[name], dtype=np.float64) for name in ("lat", "lon"))
    none, flat = np.zeros(n, dtype=np.int64), np.zeros(n)
    villages = Villages(
        code=codes,
        name=names,
        subdistrict=area,
        rayon=none,
        lat=lat,
        lon=lon,
        elevation_m=flat,
        summit_m=flat,
        area_km2=flat + 1,
        low_ground=none,
        steep_ground=none,
        linmas_available=none,
        station_weight=none + 1,
        subdistrict_codes=distinct,
        subdistrict_names=distinct,
        rayon_names=(WHOLE,),
        subdistrict_rayon=np.zeros(len(distinct), dtype=np.int64),
    )
    stations = Stations(
        code=codes,
        name=names,
        village=np.arange(n),
        subdistrict=area,
        lat=lat,
        lon=lon,
        registered_voters=none,
        station_class=none,
        class_reason=("",) * n,
        site_type=("regular",) * n,
        signal=none + SIGNAL.index("yes"),
        power=none + POWER.index("yes"),
        synthetic=none,
        access=none,
    )
    return villages, stations


def _unknown_place(table: Table, column: str, row: int, code: str) -> Problem:
    remedy = "add the place to places.csv or correct the code"
    return Problem(table.file, "no such place", remedy, table.line[row], column, code)


def _preferences(path: Path, places: Sequence[str], problems: list[Problem]) -> dict[str, dict[int, str]]:
    """Base of every rank, by place."""
    if not path.exists():
        return {}
    try:
        table = read_table(path, PREFERENCE_COLUMNS)
    except InputError as error:
        problems += error.problems
        return {}
    lists: dict[str, dict[int, str]] = {}
    wrong: list[Problem] = []
    for row, (place, base) in enumerate(zip(table.texts("place"), table.texts("base"), strict=True)):
        wrong += [
            _unknown_place(table, column, row, code)
            for column, code in (("place", place), ("base", base))
            if code not in places
        ]
        rank, ranks = int(table.columns["rank"][row]), lists.setdefault(place, {})
        if rank in ranks:
            what = say("{place} has this rank twice", place=place)
            wrong.append(
                Problem(path.name, what, "give every row of a place its own", table.line[row], "rank", str(rank))
            )
        elif base in ranks.values():
            what = say("the list of {place} names this base twice", place=place)
            wrong.append(Problem(path.name, what, "keep one row", table.line[row], "base", base))
        ranks[rank] = base
    problems += capped(wrong)
    return lists


def _in_order(lists: Mapping[str, Mapping[int, str]], places: Sequence[str]) -> Integers:
    width = max((len(ranks) for ranks in lists.values()), default=0)
    order = np.full((len(places), width), -1, dtype=np.int64)
    number = {code: place for place, code in enumerate(places)}
    for place, ranks in lists.items():
        row = [number.get(ranks[rank], -1) for rank in sorted(ranks)]
        order[number.get(place, 0), : len(row)] = row
    return order


def _preference_gaps(
    settings: Settings, places: Sequence[str], lists: Mapping[str, Mapping[int, str]]
) -> list[Problem]:
    if settings.policy.name != "preference_list":
        return []
    file = "preferences.csv"
    if not lists:
        return [Problem(file, "the policy preference_list needs this table", "add it, or choose another policy")]
    bases = dict.fromkeys(team.at for team in settings.teams if team.at in places)
    wrong = []
    for place in places:
        named = set(lists.get(place, {}).values())
        for base in bases:
            if base not in named:
                what = say("the list of {place} leaves out a base", place=place)
                wrong.append(Problem(file, what, "add a row for it, with the last rank", 0, "base", base))
    return capped(wrong)


def _rates(path: Path, places: Sequence[str], settings: Settings, problems: list[Problem]) -> tuple[Rate, ...]:
    if not path.exists():
        return ()
    try:
        table = read_table(path, RATE_COLUMNS)
    except InputError as error:
        problems += error.problems
        return ()
    kinds = list(settings.incidents)
    clock = (settings.clock.starts, settings.clock.ends)
    lowest, highest = map(parse_stamp, clock)
    rates: list[Rate] = []
    rows: list[int] = []
    wrong: list[Problem] = []
    for row, (kind, place) in enumerate(zip(table.texts("kind"), table.texts("place"), strict=True)):
        line = table.line[row]
        if kind not in kinds:
            bound = ", ".join(kinds)
            wrong.append(Problem(path.name, "no such kind of incident", "correct the code", line, "kind", kind, bound))
        if place and place not in places:
            wrong.append(_unknown_place(table, "place", row, place))
        times = []
        for column, blank in zip(("start", "end"), clock, strict=True):
            text = table.texts(column)[row] or blank
            try:
                times.append(parse_stamp(text))
            except ValueError as error:
                wrong.append(Problem(path.name, error.args[0], "", line, column))
        if len(times) < 2:
            continue
        start, end = times
        if not lowest <= start < end <= highest:
            bound = say("within {first} - {last}", first=clock[0], last=clock[1])
            value = f"{table.texts('start')[row]} - {table.texts('end')[row]}"
            wrong.append(
                Problem(
                    path.name, "the hours are out of order or leave the clock", "", line, "start, end", value, bound
                )
            )
        if kind in kinds and (not place or place in places):
            where = [places.index(place)] if place else range(len(places))
            per_hour = float(table.columns["per_hour"][row])
            rates += [Rate(kinds.index(kind), number, start, end, per_hour) for number in where]
            rows += [line] * len(where)
    wrong += _overlaps(path.name, rates, rows)
    for kind, incident in settings.incidents.items():
        if incident.rate_per_hour is not None and any(rate.kind == kinds.index(kind) for rate in rates):
            what = say("{kind} has rates here and rate_per_hour in scenario.toml", kind=kind)
            wrong.append(Problem(path.name, what, "keep one of them", 0, "kind", kind))
    problems += capped(wrong)
    return tuple(rates)


def _overlaps(file: str, rates: Sequence[Rate], rows: Sequence[int]) -> Iterator[Problem]:
    order = sorted(range(len(rates)), key=lambda n: (rates[n].kind, rates[n].place, rates[n].start_min))
    for first, second in pairwise(order):
        before, after = rates[first], rates[second]
        if (before.kind, before.place) == (after.kind, after.place) and after.start_min < before.end_min:
            what = say("these hours overlap with those of line {line}", line=rows[first])
            yield Problem(file, what, "cut one of the two", rows[second], "start, end")


def _day_types(settings: Settings) -> Iterator[Problem]:
    types = settings.day_types
    for name, share in (("heavy_rain", types.heavy_rain), ("rumour", types.rumour), ("severe", types.severe)):
        if share.high > 0:
            what, remedy = "a general scenario has ordinary days only", "change its rates instead"
            yield Problem(_TOML, what, remedy, 0, f"day_types.{name}", f"{share.high:g}", "0")


def _too_many_reports(settings: Settings, places: int, rates: Sequence[Rate]) -> Iterator[Problem]:
    """A day that would not fit into memory, with the kind that asks for most of it."""
    clock_min = parse_stamp(settings.clock.ends) - parse_stamp(settings.clock.starts)
    expected = dict.fromkeys(settings.incidents, 0.0)
    for kind, incident in settings.incidents.items():
        if incident.rate_per_hour is not None:
            expected[kind] = incident.rate_per_hour.mode * places * clock_min / HOUR_MIN
    for rate in rates:
        expected[list(expected)[rate.kind]] += rate.per_hour * (rate.end_min - rate.start_min) / HOUR_MIN
    total = sum(expected.values())
    if total > MOST_REPORTS:
        most = max(expected, key=lambda kind: expected[kind])
        file, column = (
            ("rates.csv", "per_hour")
            if settings.incidents[most].rate_per_hour is None
            else (_TOML, f"incidents.{most}.rate_per_hour")
        )
        what = say("a day has too many reports to be played, most of them of {kind}", kind=most)
        bound = say("at most {most}", most=f"{MOST_REPORTS:d}")
        yield Problem(file, what, "lower the rates or shorten the clock", 0, column, f"{total:.0f}", bound)


def _teams(settings: Settings, places: Sequence[str]) -> Iterator[Problem]:
    if not settings.incidents:
        yield Problem(
            _TOML, "the scenario has no kind of incident", "add a table such as [incidents.call]", 0, "incidents"
        )
    for number, team in enumerate(settings.teams):
        if team.at not in places:
            remedy = "use a code of places.csv"
            yield Problem(_TOML, "no such place", remedy, 0, f"teams.{number}.at", team.at)
    standing: Counter[str] = Counter()
    for team in (team for team in settings.teams if team.enabled):
        standing[team.unit] += team.per_post
    yield from unmet_needs(settings, standing)
    for kind, incident in settings.incidents.items():
        if incident.clustered != "no":
            what = "a general scenario has no low or steep ground"
            yield Problem(_TOML, what, "leave it out", 0, f"incidents.{kind}.clustered", incident.clustered)


def _unreached(settings: Settings, places: Sequence[str], minutes: Floats, rates: Sequence[Rate]) -> Iterator[Problem]:
    """Places whose incidents no unit reaches, units that would not come home, ways that exist in pieces only."""
    file, reach = "travel.csv", np.isfinite(minutes)
    kinds = list(settings.incidents)
    struck = {(kinds[rate.kind], rate.place) for rate in rates if rate.per_hour > 0}
    struck |= {
        (kind, place)
        for kind, incident in settings.incidents.items()
        if incident.rate_per_hour is not None and incident.rate_per_hour.high > 0
        for place in range(len(places))
    }
    can = {unit.kind: set(unit.capabilities) for unit in settings.units}
    teams = [(can[team.unit], places.index(team.at)) for team in settings.teams if team.at in places]
    for kind, place in sorted(struck):
        for capability in sorted({word for needs in settings.incidents[kind].needs.values() for word in needs}):
            homes = [home for words, home in teams if capability in words]
            if homes and not any(reach[home, place] for home in homes):
                what = say(
                    "no unit with {capability} reaches {place} for {kind}",
                    capability=capability,
                    place=places[place],
                    kind=kind,
                )
                yield Problem(file, what, "give the minutes from one of their bases", 0, "minutes")
    for home in sorted({home for _, home in teams}):
        for place in np.flatnonzero(reach[home] & ~reach[:, home]).tolist():
            what = say("a unit of {base} reaches {place} and has no way back", base=places[home], place=places[place])
            yield Problem(file, what, "give the minutes of the way back", 0, "minutes")
    over_another = (reach.astype(np.float64) @ reach.astype(np.float64)) > 0
    for first, last in np.argwhere(over_another & ~reach).tolist():
        template = "there is a way from {first} to {last} over another place, and none straight"
        what = say(template, first=places[first], last=places[last])
        yield Problem(file, what, "give its minutes", 0, "minutes")
