"""Names of the figures and things of a scenario, as people read them."""

from __future__ import annotations

from simsec.analysis.breakdown import CALM, NATURAL, Group
from simsec.base.clock import parse_stamp
from simsec.locale import Texts
from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import Step


def natural_label(scenario: Scenario, texts: Texts) -> str:
    """Head of the figures over all days that count: natural rates, or the only type of day that was asked for."""
    if not scenario.only:
        return texts.t("table.natural")
    return texts.t("table.only", day_type=texts.t(f"day_type.{scenario.only}"))


def only_line(scenario: Scenario, texts: Texts) -> str:
    """That one type of day alone counts; "" where all do."""
    return texts.t("asked.only", day_type=texts.t(f"day_type.{scenario.only}")) if scenario.only else ""


def incident_label(scenario: Scenario, kind: int, texts: Texts) -> str:
    """Name of an incident kind by its number."""
    return list(scenario.settings.incidents.values())[kind].label.of(texts.language)


def unit_label(scenario: Scenario, kind: str, texts: Texts) -> str:
    """Name of a unit kind by its code."""
    return next((unit.label.of(texts.language) for unit in scenario.settings.units if unit.kind == kind), kind)


def step_label(scenario: Scenario, step: Step, texts: Texts) -> str:
    """Name of a ladder's step: its unit kind, or the permission it asks."""
    if step.permission:
        return texts.t("figure.permission", agency=agency_label(scenario, step.permission, texts))
    return unit_label(scenario, step.unit, texts)


def site_label(scenario: Scenario, at: str, texts: Texts) -> str:
    """Name of where a team stands or an absence takes units from: a type of post, a post, or every village."""
    posts = scenario.posts
    return posts.name[posts.code.index(at)] if at in posts.code else texts.t(f"post_type.{at}")


def absence_lines(scenario: Scenario, texts: Texts) -> list[str]:
    """A sentence for every absence of a scenario: who is away, when, in which shifts, and how often."""
    found = []
    for row in scenario.settings.absences:
        units = texts.percent(row.share.mode) if row.share else texts.number(row.units, 0) if row.units else ""
        found.append(
            texts.t(
                "describe.absence",
                label=row.label.of(texts.language),
                unit=unit_label(scenario, row.unit, texts),
                starts=texts.clock(parse_stamp(row.starts)),
                ends=texts.clock(parse_stamp(row.ends)),
                units=units or texts.t("describe.absence_all"),
                chance=texts.percent(row.chance.mode if row.chance else 1.0),
            )
            + (texts.t("describe.absence_shifts", minutes=row.minutes_each) if row.minutes_each else "")
        )
    return found


def spread_text(figure: Parameter, texts: Texts) -> str:
    """The most likely value, its range in brackets; without one where it has none."""
    if figure.low == figure.high:
        return texts.number(figure.mode)
    return f"{texts.number(figure.mode)} ({texts.range(figure.low, figure.high, 0)})"


def severe_text(scenario: Scenario, within: str, texts: Texts) -> str:
    """What happens on a severe day, and what contains it; ``within`` are the minutes, as the reader writes a range."""
    known = scenario.settings
    crowd = known.spreading
    return texts.t(
        "describe.severe",
        kind=known.incidents[crowd.kind].label.of(texts.language),
        neighbours=crowd.neighbours_at_most,
        minutes=texts.figure(crowd.neighbour_min.mode),
        share=texts.percent(crowd.probability.mode),
        depth=crowd.depth_at_most,
        squads=crowd.contained_by_squads,
        within=within,
        most=crowd.stations_at_most,
    )


def agency_label(scenario: Scenario, code: str, texts: Texts) -> str:
    """Name of an agency by its code, also of one that stands only in a ladder."""
    known = scenario.settings.agencies.get(code)
    if known:
        return known.name
    return texts.t(f"post_type.{code}") if texts.has(f"post_type.{code}") else code.replace("_", " ").capitalize()


def group_label(scenario: Scenario, group: Group, texts: Texts) -> str:
    """Name of a group of incidents, as people read it."""
    t, villages = texts.t, scenario.villages
    match group.dimension:
        case "kind":
            return incident_label(scenario, group.number, texts)
        case "family":
            return t(f"family.{group.code}") if group.code != "none" else t("measured.no_family")
        case "first_level" | "last_level":
            return t(f"level.{group.code}")
        case "class":
            return t(f"class.{group.code}")
        case "village":
            sector = villages.subdistrict_names[int(villages.subdistrict[group.number])]
            return t("measured.village", name=villages.name[group.number], sector=sector)
        case "subdistrict":
            return villages.subdistrict_names[group.number]
        case "hour":
            return texts.clock(parse_stamp(group.code))
    return group.code if group.dimension == "rayon" else t("dimension.all")


def scope_label(scope: str, texts: Texts) -> str:
    """Name of a scope: natural rates, days without a severe event, or given a type of day."""
    if scope in (NATURAL, CALM):
        return texts.t("table.natural" if scope == NATURAL else "table.calm")
    return texts.t("table.given", day_type=texts.t(f"day_type.{scope}"))


def parameter_label(scenario: Scenario, path: str, texts: Texts) -> str:
    """Name of a graded figure by its dotted path; the path itself where the catalogue has no name.

    Args:
        scenario: knows the labels of incidents and units.
        path: as :meth:`Scenario.parameters` gives it.
        texts: the language.

    Example:
        >>> from simsec.locale import texts
        >>> from simsec.scenario import read_scenario
        >>> parameter_label(read_scenario("scenarios/kabupaten-semarang"), "units.2.turnout_min", texts("en"))
        'turn-out of the reserve squad'
    """
    steps = path.split(".")
    match steps:
        case ["incidents", kind, "rate_on", day_type] if kind in scenario.settings.incidents:
            label = scenario.settings.incidents[kind].label.of(texts.language)
            return texts.t("figure.rate_on", incident=label, day_type=texts.t(f"day_type.{day_type}"))
        case ["incidents", kind, figure] if kind in scenario.settings.incidents:
            label = scenario.settings.incidents[kind].label.of(texts.language)
            if texts.has(f"figure.incident.{figure}"):
                return texts.t(f"figure.incident.{figure}", incident=label)
        case ["units", number, "turnout_min"] if number.isdigit():
            label = scenario.settings.units[int(number)].label.of(texts.language)
            return texts.t("figure.turnout", unit=label)
        case ["teams", number, "villages_per_unit"] if number.isdigit():
            unit = unit_label(scenario, scenario.settings.teams[int(number)].unit, texts)
            return texts.t("figure.villages_per_unit", unit=unit)
        case ["agencies", code, "promise_min"] if code in scenario.settings.agencies:
            return texts.t("figure.promise", agency=scenario.settings.agencies[code].name)
        case ["agencies", code, "promise_bands", number, "minutes"] if code in scenario.settings.agencies:
            promising = scenario.settings.agencies[code]
            beyond = texts.number(promising.promise_bands[int(number)].beyond_km, 0)
            return texts.t("figure.promise_band", agency=promising.name, beyond=beyond)
        case ["three_pillars", figure]:
            return texts.t(f"figure.three_pillars.{figure}")
        case ["ladders", name, "steps", number, "delay_min"] if number.isdigit():
            ladder = next((ladder for ladder in scenario.settings.ladders if ladder.name == name), None)
            if ladder is not None:
                step = ladder.steps[int(number)]
                if step.permission:
                    agency = agency_label(scenario, step.permission, texts)
                    return texts.t("figure.permission_delay", agency=agency, step=int(number) + 1)
                unit, scope = unit_label(scenario, step.unit, texts), texts.t(f"scope.{step.scope}")
                return texts.t("figure.step_delay", unit=unit, scope=scope, step=int(number) + 1)
        case ["absences", number, figure] if number.isdigit() and texts.has(f"figure.absence.{figure}"):
            row = scenario.settings.absences[int(number)]
            return texts.t(f"figure.absence.{figure}", label=row.label.of(texts.language))
    key = f"figure.{path}"
    return texts.t(key) if texts.has(key) else path
