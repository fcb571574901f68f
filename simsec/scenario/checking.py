"""What single cells cannot tell: hours out of order, shares that do not add up, a class without a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from simsec.base.clock import parse_stamp
from simsec.base.errors import Problem, say
from simsec.scenario.agencies import Agency
from simsec.scenario.parameter import walk_parameters
from simsec.scenario.places import POST_TYPES
from simsec.scenario.schema import DRAWN, Settings, Window
from simsec.scenario.tables import Table

_FILE = "scenario.toml"
_ROUNDING = 1e-9
_LATEST = "kpu.latest_opening"
_FIRST, _LAST = "H-1 00:00", "H+2 00:00"
_HOURS = ("starts", "voting_opens", "voting_closes", "counting_ends", "ends")


def settings_problems(settings: Settings) -> list[Problem]:
    """What contradicts itself in ``scenario.toml`` although every table in it is well formed.

    Args:
        settings: as read.

    Example:
        >>> from pathlib import Path
        >>> from simsec.scenario.reading import read_settings
        >>> settings_problems(read_settings(Path("scenarios/kabupaten-semarang/scenario.toml")))
        []
    """
    return [
        *_hours(settings),
        *_windows(settings),
        *_duties(settings),
        *_twice("units", "kind", (unit.kind for unit in settings.units)),
        *_twice("ladders", "name", (ladder.name for ladder in settings.ladders)),
        *_twice("ladders", "capability", (word for ladder in settings.ladders for word in ladder.capabilities)),
        *_day_types(settings),
        *_reserve(settings),
        *_agencies(settings),
        *_one_kind_of_scenario(settings),
        *_distributions(settings),
        *_losses(settings),
        *_absences(settings),
    ]


def _one_kind_of_scenario(settings: Settings) -> Iterator[Problem]:
    """What only an election has, and what only a general scenario has."""
    if settings.general:
        return
    if settings.election_type is None:
        yield Problem(_FILE, "the key is missing", "add it", 0, "election_type")
    if settings.policy.name == "preference_list":
        remedy = "choose another policy"
        yield Problem(
            _FILE, "only a general scenario has preference lists", remedy, 0, "policy.name", "preference_list"
        )
    for kind, incident in settings.incidents.items():
        if incident.rate_per_hour is not None:
            what, remedy = "only a general scenario has rates per hour", "give rate_per_station"
            yield Problem(_FILE, what, remedy, 0, f"incidents.{kind}.rate_per_hour")


def _distributions(settings: Settings) -> Iterator[Problem]:
    for path, figure in walk_parameters(settings):
        if figure.distribution != "triangular" and not path.endswith(DRAWN):
            what = "only a figure that is drawn for every incident has a distribution"
            yield Problem(_FILE, what, "give its value alone", 0, path, figure.distribution)


def _absences(settings: Settings) -> Iterator[Problem]:
    """Windows that no one can keep, and who is not released for what."""
    can = {unit.kind: unit.capabilities for unit in settings.units}
    yield from _twice("absences", "label", (row.label.en for row in settings.absences))
    first, last = settings.clock.starts, settings.clock.ends
    for number, row in enumerate(settings.absences):
        path = f"absences.{number}"
        starts, ends = parse_stamp(row.starts), parse_stamp(row.ends)
        if ends <= starts:
            value = f"{row.starts} - {row.ends}"
            yield Problem(_FILE, "the window ends before it starts", "correct its hours", 0, path, value)
        elif starts < parse_stamp(first) or ends > parse_stamp(last):
            value, bound = f"{row.starts} - {row.ends}", say("within {first} - {last}", first=first, last=last)
            yield Problem(_FILE, "the window leaves the clock", "cut it or move the clock", 0, path, value, bound)
        elif row.minutes_each is not None and 2 * row.minutes_each > ends - starts:
            what, bound = "one shift fills the window, and all would be away at once", f"{(ends - starts) / 2:g}"
            remedy = "shorten the shift, or leave minutes_each out if that is meant"
            value, bound = str(row.minutes_each), say("at most {most}", most=bound)
            yield Problem(_FILE, what, remedy, 0, f"{path}.minutes_each", value, bound)
        if row.share is not None and row.units is not None:
            yield Problem(_FILE, "share and units both say how many", "keep one of them", 0, path)
        police = set(can.get(row.unit, ())) & {"guard", "patrol", "squad"}
        if row.reason == "vote" and police:
            what = "police and army do not vote (law 7 of 2017, on elections), so nobody of them is released for it"
            yield Problem(_FILE, what, "take the row out, or give another reason", 0, f"{path}.reason", row.unit)


def _losses(settings: Settings) -> Iterator[Problem]:
    if settings.queue.full == "lost":
        for kind, incident in settings.incidents.items():
            if incident.rises_after_min is not None:
                what = "what is lost cannot rise and ask again"
                remedy = "leave it out, or let requests wait (queue.full)"
                yield Problem(_FILE, what, remedy, 0, f"incidents.{kind}.rises_after_min")


def unmet_needs(settings: Settings, standing: Mapping[str, float]) -> Iterator[Problem]:
    """Needs that nobody could ever meet: it is better to say so before the first day than to wait all day.

    Args:
        settings: as read.
        standing: how many units of each kind there may be; inf where the plan decides.
    """
    stepping = {step.unit for ladder in settings.ladders for step in ladder.steps}
    able: dict[str, float] = {}
    for unit in settings.units:
        if unit.kind in stepping and standing.get(unit.kind, 0) > 0:
            for capability in unit.capabilities:
                able[capability] = able.get(capability, 0) + standing[unit.kind]
    for kind, incident in settings.incidents.items():
        for level, needs in incident.needs.items():
            for capability, need in needs.items():
                where = f"incidents.{kind}.needs.{level}"
                if capability not in able:
                    what, remedy = "no unit of any team can do this", "add a team, or take the need away"
                    yield Problem(_FILE, what, remedy, 0, where, capability)
                elif need > able[capability]:
                    what, remedy = "more units are needed than can do this", "add units to a team, or lower the need"
                    bound = say("at most {most}", most=f"{able[capability]:.0f}")
                    yield Problem(_FILE, what, remedy, 0, f"{where}.{capability}", str(need), bound)


def station_problems(stations: Table) -> list[Problem]:
    """Stations above the low class without a reason, which must be a documented physical one, and hamlets called low.

    Args:
        stations: the rows of ``polling_stations.csv``.
    """
    rows = zip(stations.line, stations.texts("class"), stations.texts("class_reason"), strict=True)
    remedy = "write the documented physical reason, or use low"
    ways = zip(stations.line, stations.texts("class"), stations.texts("access"), strict=True)
    own = "call it elevated, with its reason: such a hamlet has its own pair"
    return [
        Problem(stations.file, say("hard to reach ({access}) and of the class low", access=way), own, line, "access")
        for line, word, way in ways
        if way not in ("", "road") and word == "low"
    ] + [
        Problem(stations.file, say("the class {word} has no reason", word=word), remedy, line, "class_reason")
        for line, word, reason in rows
        if word != "low" and not reason
    ]


def road_problems(roads: Table) -> list[Problem]:
    """Ferries without minutes: no speed of a road tells how long a crossing takes.

    Args:
        roads: the rows of ``main_roads.csv``.
    """
    names = ("class", "sequence", "minutes_from_previous")
    rows = zip(roads.line, *(roads.columns[name] for name in names), strict=True)
    remedy = "give its minutes from pier to pier"
    return [
        Problem(roads.file, "a ferry without minutes", remedy, line, "minutes_from_previous")
        for line, road_class, sequence, minutes in rows
        if road_class == "ferry" and int(sequence) > 1 and not float(minutes) > 0
    ]


def _hours(settings: Settings) -> Iterator[Problem]:
    hours = ("starts", "ends") if settings.general else _HOURS
    stamps = [str(getattr(settings.clock, name)) for name in hours]
    for place in range(1, len(hours)):
        if parse_stamp(stamps[place]) <= parse_stamp(stamps[place - 1]):
            bound = say("later than {name}, {stamp}", name=hours[place - 1], stamp=stamps[place - 1])
            what = "the hours are out of order"
            yield Problem(_FILE, what, "correct one of the two", 0, f"clock.{hours[place]}", stamps[place], bound)
    followed = settings.clock.followed_until
    if followed is not None and parse_stamp(followed) < parse_stamp(settings.clock.ends):
        bound = say("not earlier than {name}, {stamp}", name="ends", stamp=settings.clock.ends)
        what = "the hours are out of order"
        yield Problem(_FILE, what, "correct one of the two", 0, "clock.followed_until", followed, bound)
    if not settings.general:
        bound = say("within {first} - {last}", first=_FIRST, last=_LAST)
        told = dict(zip(hours, stamps, strict=True)) | ({"followed_until": followed} if followed else {})
        for name, stamp in told.items():
            if not parse_stamp(_FIRST) <= parse_stamp(stamp) <= parse_stamp(_LAST):
                what, remedy = "only the day before, polling day and the day after are simulated", "correct the hour"
                yield Problem(_FILE, what, remedy, 0, f"clock.{name}", stamp, bound)
    if settings.kpu is not None and not settings.general:
        opens, closes, latest = settings.clock.voting_opens, settings.clock.voting_closes, settings.kpu.latest_opening
        if parse_stamp(latest) <= parse_stamp(opens) < parse_stamp(closes):
            bound = say("later than {name}, {stamp}", name="clock.voting_opens", stamp=opens)
            yield Problem(_FILE, "the hours are out of order", "correct one of the two", 0, _LATEST, latest, bound)


def _windows(settings: Settings) -> Iterator[Problem]:
    for kind, incident in settings.incidents.items():
        yield from _outside(settings, f"incidents.{kind}.windows", incident.windows)
    others = {
        "weather.ordinary_windows": settings.weather.ordinary_windows,
        "weather.heavy_windows": settings.weather.heavy_windows,
        "voters.arrival_windows": settings.voters.arrival_windows,
    }
    if settings.rumour:
        others["rumour.starts_windows"] = settings.rumour.starts_windows
    for path, windows in others.items():
        yield from _outside(settings, path, windows)
        total = sum(window.share for window in windows)
        if abs(total - 1) > _ROUNDING:
            what = "the shares of the windows do not add up"
            yield Problem(_FILE, what, "correct the shares", 0, path, f"{total:g}", "1")
        for window in windows:
            if parse_stamp(window.end) <= parse_stamp(window.start):
                value = f"{window.start} - {window.end}"
                yield Problem(_FILE, "the window ends before it starts", "correct its hours", 0, path, value)


def _duties(settings: Settings) -> Iterator[Problem]:
    """Hours of units and of deliveries: in order, and inside the clock."""
    duties = ((f"units.{number}.duty", unit.duty) for number, unit in enumerate(settings.units))
    hours = [(path, duty.starts, duty.ends or settings.clock.ends) for path, duty in duties if duty]
    if settings.stages is not None:
        hours.append(("stages.delivery_starts", settings.stages.delivery_starts, settings.stages.delivery_ends))
        limit, closes = settings.stages.counting_limit, settings.clock.voting_closes
        if limit is not None and parse_stamp(limit) <= parse_stamp(closes):
            what, bound = "no count can end before the vote closes", say("after {hour}", hour=closes)
            yield Problem(_FILE, what, "correct the hour, or leave it out", 0, "stages.counting_limit", limit, bound)
    first, last = settings.clock.starts, settings.clock.ends
    for path, starts, ends in hours:
        value = f"{starts} - {ends}"
        if parse_stamp(ends) <= parse_stamp(starts):
            yield Problem(_FILE, "the window ends before it starts", "correct its hours", 0, path, value)
        elif parse_stamp(starts) < parse_stamp(first) or parse_stamp(ends) > parse_stamp(last):
            bound = say("within {first} - {last}", first=first, last=last)
            yield Problem(_FILE, "the window leaves the clock", "cut it or move the clock", 0, path, value, bound)


def _outside(settings: Settings, path: str, windows: Sequence[Window]) -> Iterator[Problem]:
    first, last = settings.clock.starts, settings.clock.ends
    if parse_stamp(last) < parse_stamp(first):
        return  # the clock itself is reported
    for window in windows:
        if parse_stamp(window.start) < parse_stamp(first) or parse_stamp(window.end) > parse_stamp(last):
            value, bound = f"{window.start} - {window.end}", say("within {first} - {last}", first=first, last=last)
            yield Problem(_FILE, "the window leaves the clock", "cut it or move the clock", 0, path, value, bound)


def _twice(table: str, column: str, names: Iterable[str]) -> list[Problem]:
    several = {name: count for name, count in Counter(names).items() if count > 1}
    template = "the same {column} stands {count} times"
    return [
        Problem(_FILE, say(template, column=column, count=count), "keep one", 0, table, name)
        for name, count in several.items()
    ]


def _agencies(settings: Settings) -> Iterator[Problem]:
    """Units that two agencies provide or none has, matters and kinds that nobody knows."""
    kinds = {unit.kind for unit in settings.units}
    given: dict[str, str] = {}
    remedy = "correct the name"
    for code, agency in settings.agencies.items():
        for unit in agency.units:
            if unit not in kinds:
                bound = say("one of {words}", words=", ".join(sorted(kinds)))
                yield Problem(_FILE, "no such kind of unit", remedy, 0, f"agencies.{code}.units", unit, bound)
            elif unit in given:
                what = say("the unit kind {unit} already belongs to {agency}", unit=unit, agency=given[unit])
                yield Problem(_FILE, what, "give it to one agency", 0, f"agencies.{code}.units", unit)
            given.setdefault(unit, code)
        yield from _bands(f"agencies.{code}", agency)
        for key in ("decides", "informed_of", "takes_over"):
            for matter in getattr(agency, key):
                if matter not in settings.matters:
                    bound = say("one of {words}", words=", ".join(settings.matters))
                    yield Problem(_FILE, "no such matter", remedy, 0, f"agencies.{code}.{key}", matter, bound)
    for name, found in settings.matters.items():
        for kind in found.kinds:
            if kind not in settings.incidents:
                bound = say("one of {words}", words=", ".join(settings.incidents))
                yield Problem(_FILE, "no such incident", remedy, 0, f"matters.{name}.kinds", kind, bound)


def _bands(path: str, agency: Agency) -> Iterator[Problem]:
    """Bands of a promise: from 0 km on, farther and farther, and measured from posts."""
    begins = [band.beyond_km for band in agency.promise_bands]
    if not begins:
        return
    if begins[0] != 0:
        what, remedy = "the first band does not begin at 0 km", "add the band of the near stations"
        yield Problem(_FILE, what, remedy, 0, f"{path}.promise_bands.0.beyond_km", f"{begins[0]:g}", "0")
    for number, (near, far) in enumerate(pairwise(begins), start=1):
        if far <= near:
            what, remedy = "the bands are not in order", "sort them by beyond_km"
            bound = say("above {least}", least=f"{near:g}")
            yield Problem(_FILE, what, remedy, 0, f"{path}.promise_bands.{number}.beyond_km", f"{far:g}", bound)
    bound = say("one of {words}", words=", ".join(POST_TYPES))
    if not agency.promise_posts:
        what, remedy = "the bands are measured from no post", "name types of post"
        yield Problem(_FILE, what, remedy, 0, f"{path}.promise_posts", "", bound)
    for word in agency.promise_posts:
        if word not in POST_TYPES:
            yield Problem(_FILE, "no such type of post", "correct the name", 0, f"{path}.promise_posts", word, bound)


def _day_types(settings: Settings) -> Iterator[Problem]:
    types = settings.day_types
    total = types.heavy_rain.mode + types.rumour.mode + types.severe.mode
    if total > 1:
        what = "the probabilities leave less than nothing for an ordinary day"
        yield Problem(_FILE, what, "lower one of them", 0, "day_types", f"{total:g}", "at most 1 together")


def _reserve(settings: Settings) -> Iterator[Problem]:
    police, reserve = settings.forces.police.mode, settings.forces.reserve.mode
    if settings.forces.reading != "reserve_on_top" and reserve > police:
        template = "the reserve is larger than the police it is part of (reading {reading})"
        what, bound = say(template, reading=settings.forces.reading), say("at most {most}", most=f"{police:g}")
        yield Problem(_FILE, what, "lower the reserve", 0, "forces.reserve", f"{reserve:g}", bound)
