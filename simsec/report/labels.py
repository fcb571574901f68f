"""Names of the figures and things of a scenario, as people read them."""

from __future__ import annotations

from simsec.analysis.breakdown import CALM, NATURAL, Group
from simsec.base.clock import parse_stamp
from simsec.locale import Texts
from simsec.scenario.reading import Scenario


def incident_label(scenario: Scenario, kind: int, texts: Texts) -> str:
    """Name of an incident kind by its number."""
    return list(scenario.settings.incidents.values())[kind].label.of(texts.language)


def unit_label(scenario: Scenario, kind: str, texts: Texts) -> str:
    """Name of a unit kind by its code."""
    return next((unit.label.of(texts.language) for unit in scenario.settings.units if unit.kind == kind), kind)


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
        case ["ladders", name, "steps", number, "delay_min"] if number.isdigit():
            ladder = next((ladder for ladder in scenario.settings.ladders if ladder.name == name), None)
            if ladder is not None:
                step = ladder.steps[int(number)]
                unit, scope = unit_label(scenario, step.unit, texts), texts.t(f"scope.{step.scope}")
                return texts.t("figure.step_delay", unit=unit, scope=scope, step=int(number) + 1)
    key = f"figure.{path}"
    return texts.t(key) if texts.has(key) else path
