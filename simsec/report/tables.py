"""The tables of the report, as cells already written in the language of the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import FAMILIES
from simsec.locale import NOTHING, Texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Candidate, Search
from simsec.plan.feasibility import pattern_rows
from simsec.plan.ledger import READINGS, ledger_of
from simsec.report import wording
from simsec.report.facts import (
    ANNOUNCED,
    DOCTRINE,
    OPTIMISED,
    PLANS,
    SCOPES,
    ClassFigures,
    Losers,
    Measure,
    Sectors,
)
from simsec.report.labels import natural_label, parameter_label, site_label, unit_label
from simsec.report.reserve import site_name
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES, DAY_TYPES


@dataclass(frozen=True)
class Row:
    """A row of a table; ``kind`` is a class of the style sheet: ``group``, ``ours``, ``total`` or none."""

    cells: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table as the template draws it: ``words`` are the columns that hold words, not numbers."""

    head: tuple[str, ...]
    rows: tuple[Row, ...]
    words: tuple[int, ...] = (0,)


def _scopes(judged: Judged, texts: Texts) -> tuple[str, ...]:
    given = (texts.t("table.given", day_type=texts.t(f"day_type.{name}")) for name in DAY_TYPES)
    return (natural_label(judged.scenario, texts), *given)


def _cells(by_scope: Mapping[str, Any], plan: int, measure: Measure, texts: Texts) -> tuple[str, ...]:
    def cell(three: Any) -> str:
        return texts.interval(three[plan], measure.digits, share=measure.share, marked=True)

    return tuple(cell(by_scope[scope]) if scope in by_scope else "" for scope in SCOPES)


def primary_table(judged: Judged, primary: Measure, texts: Texts) -> Table:
    """The primary measure of the three plans and the two gains; natural rates and each day type given."""
    t = texts.t
    rows = [
        Row(
            (t(f"plan.{PLANS[plan]}"), *_cells(primary.by_scope, plan, primary, texts)),
            "ours" if plan == OPTIMISED else "",
        )
        for plan in range(len(PLANS))
    ]
    for key, comparison in (("over_doctrine", judged.over_doctrine), ("over_announced", judged.over_announced)):
        by_type = {"natural": comparison.gain, **comparison.gain_by_type}
        told = {scope: texts.interval(gain, 1, sign=True, marked=True) for scope, gain in by_type.items()}
        rows.append(Row((t(f"table.gain_{key}"), *(told.get(scope, NOTHING) for scope in SCOPES)), "total"))
    return Table((t("table.primary"), *_scopes(judged, texts)), tuple(rows))


def measures_table(judged: Judged, measures: Iterable[Measure], texts: Texts) -> Table:
    """Medians, tails, shares and losses of the three plans; plans with the very same figures share a row."""
    rows: list[Row] = []
    for measure in measures:
        rows.append(Row((texts.t(f"measure.{measure.key}"),), "group"))
        alike: dict[tuple[str, ...], list[int]] = {}
        for plan in range(len(PLANS)):
            alike.setdefault(_cells(measure.by_scope, plan, measure, texts), []).append(plan)
        rows += [Row((_names(plans, texts), *cells), _kind(plans)) for cells, plans in alike.items()]
    return Table((texts.t("table.measure"), *_scopes(judged, texts)), tuple(rows))


def _names(plans: list[int], texts: Texts) -> str:
    """What plans that share a row are called."""
    if len(plans) == len(PLANS):
        return texts.t("table.all_plans")
    return texts.joined([texts.t(f"plan.{PLANS[plan]}") for plan in plans])


def _kind(plans: list[int]) -> str:
    """The row of the optimised plan is coloured, but not one that tells no difference."""
    return "ours" if OPTIMISED in plans and len(plans) < len(PLANS) else ""


def probe_table(judged: Judged, by_sector: Sectors, texts: Texts) -> Table:
    """Minutes to first help station by station: the mean, the worst sub-district, the worst tenth of the stations."""
    t, names = texts.t, judged.scenario.villages.subdistrict_names
    rows = []
    for plan, found in enumerate(judged.stations):
        minutes = by_sector.minutes[plan]
        worst = int(np.nanargmax(minutes))
        weighted = float(np.nansum(minutes * by_sector.stations) / by_sector.stations.sum())
        cells = (
            t(f"plan.{PLANS[plan]}"),
            _known(found.mean_of_all, weighted, texts),
            t("table.worst_sector", minutes=texts.number(float(minutes[worst]), 1), name=names[worst]),
            _known(found.mean_of_worst_tenth, found.worst_tenth_min, texts),
            texts.percent(float(np.mean(found.nobody_share)), 2),
        )
        rows.append(Row(cells, "ours" if plan == OPTIMISED else ""))
    head = ("table.probes", "table.probe_mean", "table.probe_sector", "table.probe_tenth", "table.probe_nobody")
    return Table(tuple(t(key) for key in head), tuple(rows))


def _known(estimate: Estimate, otherwise: float, texts: Texts) -> str:
    """A figure with its interval where it has one, else the figure of those stations that are known."""
    return texts.number(otherwise, 1) if estimate.too_few_days else texts.interval(estimate, 1, marked=True)


def gains_table(judged: Judged, texts: Texts) -> Table:
    """The gain under other weights and by responder family."""
    t = texts.t
    both = (judged.over_announced, judged.over_doctrine)

    def row(label: str, estimates: Iterable[Estimate]) -> Row:
        return Row((label, *(texts.interval(estimate, 1, sign=True, marked=True) for estimate in estimates)))

    rows = [Row((t("table.by_weights"),), "group"), row(t("weights.default"), (c.gain for c in both))]
    rows += [row(t(f"weights.{name}"), (c.gain_by_weights[name] for c in both)) for name in both[0].gain_by_weights]
    rows.append(Row((t("table.by_family"),), "group"))
    rows += [row(t(f"family.{name}"), (c.gain_by_family[name] for c in both)) for name in FAMILIES]
    return Table((t("table.gain"), t("table.gain_over_announced"), t("table.gain_over_doctrine")), tuple(rows))


def reserve_table(scenario: Scenario, judged: Judged, texts: Texts) -> Table:
    """Squads and patrols at every site, three plans."""
    t = texts.t
    sites = wording.all_sites(scenario, judged.plans)
    rows = []
    for site in sites:
        squads = [plan.squads.get(site, 0) for plan in judged.plans]
        patrols = [plan.patrols.get(site, 0) for plan in judged.plans]
        forward = site in scenario.villages.code
        name = t("reserve.forward_name", name=site_name(scenario, site)) if forward else site_name(scenario, site)
        rows.append(Row((name, *(texts.number(n) for n in (*squads, *patrols))), "ours" if any(squads) else ""))
    total = [sum(plan.squads.values()) for plan in judged.plans] + [sum(plan.patrols.values()) for plan in judged.plans]
    rows.append(Row((t("table.total"), *(texts.number(n) for n in total)), "total"))
    heads = [t("table.squads_of", plan=t(f"plan.{name}")) for name in PLANS]
    heads += [t("table.patrols_of", plan=t(f"plan.{name}")) for name in PLANS]
    return Table((t("table.site"), *heads), tuple(rows))


def pattern_table(judged: Judged, texts: Texts) -> Table:
    """The pattern arithmetic, twice, up to three sizes beyond the first that works."""
    t = texts.t
    rows, shown = [], 3
    for row in pattern_rows(judged.scenario, judged.plans[OPTIMISED].reading):
        rows.append(
            Row(
                (
                    t("table.pattern", tps=row.tps_per_pair),
                    texts.number(row.police_regency),
                    texts.number(row.police_inside_subdistricts),
                    texts.number(row.available),
                    texts.signed(row.available - row.police_inside_subdistricts),
                    t("table.yes") if row.feasible else t("table.no"),
                ),
                "ours" if row.feasible else "",
            )
        )
        shown -= row.feasible
        if not shown:
            break
    keys = ("pattern_head", "pattern_regency", "pattern_inside", "pattern_available", "pattern_left", "pattern_works")
    return Table(tuple(t(f"table.{key}") for key in keys), tuple(rows))


def class_table(judged: Judged, by_plan: Iterable[ClassFigures], texts: Texts) -> Table:
    """From class to block: stations and pattern of each class, and what the three plans give it."""
    t, scenario, found = texts.t, judged.scenario, tuple(by_plan)
    rows = []
    for number in range(len(CLASSES)):
        stations = int((scenario.stations.station_class == number).sum())
        if not stations:
            continue
        pattern = getattr(scenario.settings.patterns, CLASSES[number])
        each = [figures.of(number) for figures in found]
        rows.append(
            Row(
                (
                    t(f"class.{CLASSES[number]}"),
                    texts.number(stations),
                    f"{pattern.police} : {pattern.tps} : {pattern.linmas}",
                    " / ".join(texts.number(pairs) for pairs, _, _ in each),
                    " / ".join(texts.number(largest) for _, largest, _ in each),
                    " / ".join(texts.number(minutes, 1) for _, _, minutes in each),
                )
            )
        )
    keys = ("class", "stations", "class_pattern", "pairs", "largest_block", "minutes")
    return Table(tuple(t(f"table.{key}") for key in keys), tuple(rows))


def ledger_table(judged: Judged, texts: Texts) -> Table:
    """The strength ledger line by line, one column a reading."""
    t, chosen = texts.t, judged.plans[OPTIMISED].reading
    ledgers = [ledger_of(judged.scenario, reading) for reading in READINGS]
    rows = [Row((t("ledger.announced"), *(texts.number(ledger.announced) for ledger in ledgers)))]
    for number, line in enumerate(ledgers[0].lines):
        cells = tuple(
            texts.number(-ledger.lines[number].officers)
            if ledger.lines[number].inside
            else t("ledger.outside", n=ledger.lines[number].officers)
            for ledger in ledgers
        )
        rows.append(Row((t(f"duty.{line.duty}"), *cells)))
    rows.append(Row((t("ledger.free"), *(texts.number(ledger.free) for ledger in ledgers)), "total"))
    rows.append(Row((t("ledger.pairs"), *(texts.number(ledger.pairs) for ledger in ledgers)), "total"))
    per_pair = (len(judged.scenario.stations) / max(ledger.pairs, 1) for ledger in ledgers)
    rows.append(Row((t("ledger.per_pair"), *(texts.number(n, 1) for n in per_pair)), "total"))
    plan = judged.plans[OPTIMISED]
    used_line = t("ledger.used", pairs=plan.blocks, patrols=sum(plan.patrols.values()))
    used = tuple(used_line if reading == chosen else "" for reading in READINGS)
    rows.append(Row((t("ledger.this_plan"), *used), "ours"))
    heads = (t(f"reading.{r}") + (f" {t('ledger.default')}" if r == chosen else "") for r in READINGS)
    return Table((t("ledger.head"), *heads), tuple(rows))


def sector_table(judged: Judged, found: Sectors, lost: Mapping[int, Losers], texts: Texts) -> Table:
    """Who has what, who gains and who loses, by sub-district."""
    t, scenario = texts.t, judged.scenario
    rows = []
    for number, name in enumerate(scenario.villages.subdistrict_names):
        rows.append(
            Row(
                (
                    name,
                    texts.number(int(found.stations[number])),
                    " / ".join(texts.number(int(n)) for n in found.pairs[:, number]),
                    " / ".join(texts.number(int(n)) for n in found.patrols[:, number]),
                    " / ".join(texts.number(float(x), 1) for x in found.minutes[:, number]),
                    texts.interval(found.over_announced[number], 1, sign=True, marked=True),
                    texts.interval(found.over_doctrine[number], 1, sign=True, marked=True),
                    texts.number(lost[ANNOUNCED].by_sector[number]),
                    texts.number(lost[DOCTRINE].by_sector[number]),
                )
            )
        )
    total = (
        t("table.total"),
        texts.number(int(found.stations.sum())),
        " / ".join(texts.number(int(n)) for n in found.pairs.sum(axis=1)),
        " / ".join(texts.number(int(n)) for n in found.patrols.sum(axis=1)),
        "",
        "",
        "",
        texts.number(lost[ANNOUNCED].count),
        texts.number(lost[DOCTRINE].count),
    )
    keys = (
        "sector",
        "stations",
        "pairs",
        "patrols",
        "minutes",
        "gain_over_announced",
        "gain_over_doctrine",
        "lost_announced",
        "lost_doctrine",
    )
    return Table(tuple(t(f"table.{key}") for key in keys), (*rows, Row(total, "total")))


def candidate_table(search: Search, origin: str, texts: Texts) -> Table:
    """Everything that was tried: the doctrine family, or the models with solver, bound and gap."""
    t = texts.t
    rows = []
    for candidate in (c for c in search.candidates if c.origin == origin):
        plan = candidate.plan
        cells: tuple[str, ...] = (
            wording.plan_name(plan.name, texts)
            if origin == "doctrine"
            else wording.options_text(candidate.options, texts) or plan.name,
            texts.number(plan.blocks),
            texts.number(sum(plan.patrols.values())),
            texts.interval(candidate.measure, 1, marked=True),
            texts.interval(candidate.gain, 1, sign=True, marked=True),
        )
        if origin == "model":
            cells += _model_cells(candidate, texts)
        chosen = plan.hash == (search.best_doctrine if origin == "doctrine" else search.chosen).hash
        rows.append(Row(cells, "ours" if chosen else ""))
    keys = [origin, "pairs_one", "patrols_one", "selection_measure", "selection_gain"]
    if origin == "model":
        keys += ["solver", "objective", "bound", "gap", "seconds", "struck"]
    words = (0,) if origin == "doctrine" else (0, 5)
    return Table(tuple(t(f"table.{key}") for key in keys), tuple(rows), words)


def _model_cells(candidate: Candidate, texts: Texts) -> tuple[str, ...]:
    return (
        candidate.solver or NOTHING,
        texts.figure(candidate.objective),
        texts.figure(candidate.bound),
        texts.percent(candidate.gap, 2),
        texts.number(candidate.seconds, 1),
        texts.t("table.yes") if candidate.time_limit_struck else texts.t("table.no"),
    )


def swings_table(judged: Judged, texts: Texts) -> Table:
    """The assumptions that change the gain most when moved alone, and by how much."""
    rows = tuple(
        Row((parameter_label(judged.scenario, swing.path, texts), texts.interval(swing.change, 1, sign=True)))
        for swing in judged.worlds.swings
    )
    return Table((texts.t("table.assumption"), texts.t("table.swing")), rows)


def assumption_groups(scenario: Scenario, texts: Texts) -> list[tuple[str, Table]]:
    """Every graded figure of the scenario, grouped as in its file; assumptions are labelled as such."""
    t = texts.t
    groups: dict[str, list[Row]] = {}
    for path, parameter in scenario.parameters().items():
        grade = t("grade.assumption") if parameter.grade == "D" else parameter.grade
        row = Row(
            (
                parameter_label(scenario, path, texts),
                texts.figure(parameter.low),
                texts.figure(parameter.mode),
                texts.figure(parameter.high),
                grade,
                parameter.source,
            ),
            "assumed" if parameter.grade == "D" else "",
        )
        groups.setdefault(path.split(".")[0], []).append(row)
    for label, value, grade, source, group in _plain_figures(scenario, texts):
        shown = t("grade.assumption") if grade == "D" else grade
        cells = (label, "", "" if value is None else texts.figure(value), "", shown, source)
        groups.setdefault(group, []).append(Row(cells, "assumed" if grade == "D" else ""))
    head = tuple(t(f"table.{key}") for key in ("figure", "low", "mode", "high", "grade", "source"))
    return [(t(f"group.{name}"), Table(head, tuple(rows), (0, 5))) for name, rows in groups.items()]


def _plain_figures(scenario: Scenario, texts: Texts) -> list[tuple[str, float | None, str, str, str]]:
    """Graded figures without a range: label, value, grade, source, group."""
    t, settings = texts.t, scenario.settings
    found: list[tuple[str, float | None, str, str, str]] = [
        (
            t("figure.team", unit=unit_label(scenario, team.unit, texts), post=site_label(scenario, team.at, texts)),
            team.per_post,
            team.grade,
            team.source,
            "teams",
        )
        for team in settings.teams
        if team.enabled
    ]
    siting = settings.siting
    for name in ("room_squads_hq", "room_squads_polsek", "room_squads_forward", "forward_posts_at_most"):
        found.append((t(f"figure.siting.{name}"), getattr(siting, name), siting.grade, siting.source, "teams"))
    for barrier in settings.travel.barriers:
        found.append(
            (t("figure.barrier", name=barrier.name), barrier.radius_km, barrier.grade, barrier.source, "travel")
        )
    found.append((t("figure.voters.booths"), settings.voters.booths, settings.voters.booths_grade, "", "voters"))
    for incident in scenario.windowed:
        label = t("figure.windows", incident=incident.label.of(texts.language))
        found.append((label, None, incident.windows_grade, t("table.in_scenario"), "incidents"))
    return found
