"""What an area is about: every element its scenario has, with its figures and where in the scenario they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from simsec.base.clock import parse_stamp
from simsec.locale import NOTHING, Texts
from simsec.report.labels import absence_lines, agency_label, spread_text, unit_label
from simsec.report.tables import Row, Table
from simsec.scenario.parameter import Parameter, Text
from simsec.scenario.places import ACCESS
from simsec.scenario.reading import Scenario

NAMED = 8  # so many places are named, the rest counted


def area_table(scenario: Scenario, texts: Texts) -> Table:
    """A row for every element that the scenario has: what it is, its figures, and the file or the key that says so.

    Args:
        scenario: what is known.
        texts: the language.

    Example:
        >>> from simsec.locale import texts
        >>> from simsec.scenario import read_scenario
        >>> table = area_table(read_scenario("scenarios/kabupaten-jepara"), texts("en"))
        >>> [row.cells[0] for row in table.rows][:4]
        ['Rayons', 'Steep ground', 'Low ground', 'Floods and landslides']
    """
    parts = (
        *(_ground, _hazards, _hamlets, _islands, _special, _strength, _helpers, _crews, _logistics, _pillars),
        *(_permissions, _agencies, _kpu, _drains, _volunteers, _rumour),
    )
    t = texts.t
    rows = [
        Row((t(f"area.{key}"), figures, where))
        for part in parts
        for key, figures, where in part(scenario, texts)
        if figures
    ]
    return Table((t("area.element"), t("area.figures"), t("area.where")), tuple(rows), (0, 1, 2))


def strength_note(scenario: Scenario, texts: Texts) -> str:
    """What the scenario says beside its strength; "" where it says nothing."""
    note = scenario.settings.forces.note
    return note.of(texts.language) if note else ""


def special_rule(scenario: Scenario, station: int, texts: Texts) -> str:
    """Who enters a station at a special site; "" at all others."""
    rules: Mapping[str, Text] = dict[str, Text](scenario.settings.special_sites.items())
    rule = rules.get(scenario.stations.site_type[station])
    return rule.of(texts.language) if rule else ""


Line = tuple[str, str, str]  # key of the element, its figures, where they stand


def _ground(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    villages, t = scenario.villages, texts.t
    if len(villages.rayon_names) > 1:
        yield "rayons", texts.joined(list(villages.rayon_names)), "villages.csv: rayon"
    for key, marked in (("steep", villages.steep_ground), ("low", villages.low_ground)):
        inside = np.flatnonzero(marked)
        if len(inside):
            stations = int(np.isin(scenario.stations.village, inside).sum())
            figures = t("area.ground", n=len(inside), all=len(villages), stations=stations)
            yield key, figures, f"villages.csv: {key}_ground"


def _hamlets(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    stations, t = scenario.stations, texts.t
    if not (stations.access > 0).any():
        return
    counted = [
        t(f"area.{way}", stations=texts.plural("count.stations", count))
        for number, way in enumerate(ACCESS)
        if number and (count := int((stations.access == number).sum()))
    ]
    places = _names(scenario, np.unique(stations.village[stations.access > 0]).tolist(), texts)
    yield "hamlets", f"{texts.joined(counted)}: {places}", "polling_stations.csv: access"
    held: dict[str, list[str]] = {}
    for row in scenario.settings.prepositioned:
        held.setdefault(row.village, []).append(unit_label(scenario, row.unit, texts))
    code = scenario.villages.code
    said = [
        t("area.sleeps", village=scenario.villages.name[code.index(village)], units=texts.joined(units))
        for village, units in held.items()
    ]
    yield "prepositioned", _sentences(said), "scenario.toml: [[prepositioned]]"


def _islands(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    roads, t = scenario.main_roads, texts.t
    said = [
        t("area.ferry", a=roads.place[a], b=roads.place[b], minutes=round(float(minutes)))
        for a, b, kind, minutes in zip(
            roads.hop_from.tolist(), roads.hop_to.tolist(), roads.hop_class, roads.hop_minutes, strict=True
        )
        if kind == "ferry"
    ]
    yield "islands", _sentences(said), "main_roads.csv: ferry"


def _special(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    stations, t = scenario.stations, texts.t
    for site, rule in scenario.settings.special_sites.items():
        inside = [number for number, kind in enumerate(stations.site_type) if kind == site]
        if inside:
            places = _names(scenario, sorted({int(stations.village[number]) for number in inside}), texts)
            figures = t("area.special", n=len(inside), places=places, rule=rule.of(texts.language))
            where = "polling_stations.csv: site_type; scenario.toml: [special_sites]"
            yield f"site_{site}", figures, where


def _permissions(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    settings, asked = scenario.settings, dict[str, tuple[str, Parameter]]()
    provider = {unit: agency.name for agency in settings.agencies.values() for unit in agency.units}
    for ladder in settings.ladders:
        for step, after in zip(ladder.steps, (*ladder.steps[1:], None), strict=True):
            if step.permission and step.delay_min:
                name = agency_label(scenario, step.permission, texts)
                name = provider.get(after.unit, name) if after is not None else name  # who sends what is asked for
                asked.setdefault(step.permission, (name, step.delay_min))
    said = [
        texts.t("area.permission", agency=name, minutes=spread_text(delay, texts)) for name, delay in asked.values()
    ]
    yield "permissions", _sentences(said), "scenario.toml: [[ladders.steps]] permission"


def _agencies(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    agencies, t = scenario.settings.agencies, texts.t
    if not agencies:
        return
    deciding = [agency.name for agency in agencies.values() if agency.decides]
    figures = t(
        "area.agencies_line",
        n=len(agencies),
        names=texts.joined([agency.name for agency in agencies.values()]),
        deciding=texts.joined(deciding) if deciding else NOTHING,
    )
    yield "agencies", figures, "scenario.toml: [agencies]"


def _kpu(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    kpu = scenario.settings.kpu
    if kpu is None:
        return
    figures = texts.t(
        "area.kpu_line",
        asks=spread_text(kpu.asks_after_min, texts),
        committee=spread_text(kpu.committee_min, texts),
        decides=spread_text(kpu.decides_min, texts),
        moved=spread_text(kpu.relocation_min, texts),
        latest=texts.clock(parse_stamp(kpu.latest_opening)),
    )
    yield "kpu", figures, "scenario.toml: [kpu]"


def _hazards(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    """When floods and landslides begin, on the types of day that have them; only where the ground is marked so."""
    said = []
    for kind in scenario.windowed:
        marked = kind.clustered == "no" or getattr(scenario.villages, kind.clustered).any()
        days = [name for name, rate in kind.rate_on.items() if rate.mode > 0]
        if kind.responder != "hazard" or not days or not marked:
            continue
        windows = (
            texts.t(
                "area.window",
                start=texts.clock(parse_stamp(window.start)),
                end=texts.clock(parse_stamp(window.end)),
                share=texts.percent(window.share),
            )
            for window in kind.windows
        )
        stations = sum(kind.rate_on[day].mode for day in days) / len(days) * len(scenario.stations)
        said.append(
            texts.t(
                "area.hazard",
                kind=kind.label.of(texts.language),
                days=texts.joined([texts.t(f"day_type.{day}") for day in days]),
                stations=texts.figure(round(stations, 1)),
                windows=", ".join(windows),
            )
        )
    yield "hazards", _sentences(said), "scenario.toml: [incidents] windows, rate_on"


def _standing(scenario: Scenario) -> dict[str, int]:
    """Units by kind that the scenario's teams put at its posts; volunteers that are off are none."""
    found: dict[str, int] = {}
    for team in scenario.settings.teams:
        if team.enabled:
            there = sum(scenario.team_at(team, site) for site in scenario.sites_of(team.at))
            found[team.unit] = found.get(team.unit, 0) + there
    return found


def _units(scenario: Scenario, texts: Texts, *capabilities: str) -> str:
    """How many units of the kinds with one of these capabilities stand by, in words."""
    standing = _standing(scenario)
    return texts.joined(
        [
            texts.t("rakor.people_unit", n=standing[unit.kind], unit=unit.label.of(texts.language))
            for unit in scenario.settings.units
            if standing.get(unit.kind) and set(capabilities) & set(unit.capabilities)
        ]
    )


def _helpers(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    forces, t = scenario.settings.forces, texts.t
    squads = round(forces.reserve.mode) // forces.squad_persons
    if squads:
        officers, grade = round(forces.reserve.mode), forces.reserve.grade
        figures = t("area.reserve_line", n=officers, squads=squads, each=forces.squad_persons, grade=grade)
        yield "reserve", figures, "scenario.toml: [forces] reserve"
    yield "helpers", _units(scenario, texts, "squad", "hazard_team", "boat"), "scenario.toml: [[teams]]"


def _crews(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    units, stages = _units(scenario, texts, "medic", "ambulance"), scenario.settings.stages
    if units and stages is not None:
        figures = texts.t("area.crews_line", units=units, hours=spread_text(stages.fatigue_doubling_h, texts))
        yield "crews", figures, "scenario.toml: [[teams]], [stages] fatigue_doubling_h"


def _logistics(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    units, stages = _units(scenario, texts, "courier", "spare_vehicle"), scenario.settings.stages
    if units and stages is not None:
        starts = texts.clock(scenario.horizon_min[0])
        trucks = spread_text(stages.stations_per_truck, texts)
        figures = texts.t("area.logistics_line", starts=starts, units=units, n=trucks)
        yield "logistics", figures, "scenario.toml: [[teams]], [stages] stations_per_truck"


def _drains(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    said = [
        line
        for row, line in zip(scenario.settings.absences, absence_lines(scenario, texts), strict=True)
        if row.reason in ("city_plan", "vvip")
    ]
    yield "drains", " ".join(said), "scenario.toml: [[absences]] city_plan, vvip"


def _volunteers(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    settings = scenario.settings
    ours = {unit.kind for unit in settings.units if unit.volunteers}
    said = [
        texts.t(
            "area.volunteers_on" if team.enabled else "area.volunteers_off",
            unit=unit_label(scenario, team.unit, texts),
        )
        for team in settings.teams
        if team.unit in ours
    ]
    yield "volunteers", _sentences(said), "scenario.toml: [[teams]] enabled"


def _rumour(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    rumour = scenario.settings.rumour
    if rumour is not None:
        left = rumour.remaining_share
        figures = texts.t(
            "area.rumour_line",
            day=texts.percent(scenario.settings.day_types.rumour.mode),
            minutes=spread_text(rumour.clarified_after_min, texts),
            low=texts.percent(left.low),
            high=texts.percent(left.high),
        )
        yield "rumour", figures, "scenario.toml: [rumour]"


def _pillars(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    pillars = scenario.settings.three_pillars
    if pillars is not None:
        persons = pillars.bhabinkamtibmas.mode + pillars.babinsa.mode + pillars.village_head.mode
        minutes = spread_text(pillars.first_line_min, texts)
        yield (
            "pillars",
            texts.t("area.pillars_line", n=texts.figure(persons), minutes=minutes),
            ("scenario.toml: [three_pillars]"),
        )


def _strength(scenario: Scenario, texts: Texts) -> Iterator[Line]:
    yield "strength", strength_note(scenario, texts), "scenario.toml: [forces] note"


def _names(scenario: Scenario, villages: list[int], texts: Texts) -> str:
    names = [scenario.villages.name[number] for number in villages[:NAMED]]
    more = len(villages) - len(names)
    return texts.joined([*names, texts.t("area.more", n=more)] if more > 0 else names)


def _sentences(parts: Iterable[str]) -> str:
    return "; ".join(parts)
