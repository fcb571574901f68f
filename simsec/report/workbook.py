"""``plotting.xlsx``: who stands where, as a workbook a planner can filter, print and correct."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from openpyxl import Workbook
from openpyxl.styles import Alignment

from simsec.analysis.breakdown import DIMENSIONS, MEASURES, scopes_of
from simsec.analysis.daily import day_figures, unit_use
from simsec.analysis.intervals import Estimate
from simsec.locale import Texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.plan.doctrine import polsek_of
from simsec.plan.ledger import ledger_of
from simsec.plan.plan import Plan
from simsec.report import wording
from simsec.report.access import access_measures
from simsec.report.area import special_rule
from simsec.report.asked import Asked, asked_sheets
from simsec.report.facts import (
    ANNOUNCED,
    DOCTRINE,
    NATURAL,
    OPTIMISED,
    PLANS,
    SCOPES,
    headline,
    known_minutes,
    sectors,
    site_sector,
)
from simsec.report.labels import group_label, parameter_label, scope_label, unit_label
from simsec.report.less import less_sheet
from simsec.report.measured import groups
from simsec.report.reserve import site_name
from simsec.report.sheets import Column, Value, new_sheet, write_table
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES

_MINUTES, _CHANGE, _MOVED = "0.0", "+0.0;-0.0;0.0", "+0;-0;0"
# Column of the plotting -> how its numbers are shown.
STATION_COLUMNS = {
    "code": "General",
    "station": "General",
    "village": "General",
    "sector": "General",
    "class": "General",
    "voters": "#,##0",
    "block": "0",
    "pair": "General",
    "post": "General",
    "mean_optimised": _MINUTES,
    "p90_optimised": _MINUTES,
    "mean_announced": _MINUTES,
    "p90_announced": _MINUTES,
    "change": _CHANGE,
    "rule": "General",
}
POLSEK_COLUMNS = (
    "pair",
    "code",
    "station",
    "village",
    "class",
    "voters",
    "mean_optimised",
    "p90_optimised",
    "mean_announced",
)
RESERVE_MEASURES = {  # of the sheet -> of the analysis
    "reserve_exhausted": "reserve_exhausted_share",
    "reserve_exhausted_min": "reserve_exhausted_min_per_day",
}
SITE_COLUMNS = (
    "site", "name", "kind", "sector", "squads_optimised", "squads_doctrine", "squads_announced", "persons",
    "patrols_optimised", "patrols_doctrine", "patrols_announced",
)  # fmt: skip


def call_signs(scenario: Scenario, plan: Plan) -> list[str]:
    """Call sign of every guard pair by block: its sub-district and a number there, such as ``Ungaran Barat-07``.

    Example:
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> call_signs(scenario, doctrine(scenario))[:2]
        ['Getasan-01', 'Getasan-02']
    """
    sector = np.zeros(plan.blocks, dtype=np.int64)
    sector[plan.block] = scenario.stations.subdistrict
    made: dict[int, int] = {}
    signs = []
    for number in sector.tolist():
        made[number] = made.get(number, 0) + 1
        signs.append(f"{scenario.villages.subdistrict_names[number]}-{made[number]:02d}")
    return signs


def workbook(judged: Judged, search: Search, texts: Texts, asked: Asked | None = None) -> Workbook:
    """The workbook of the optimised plan.

    Args:
        judged: three plans on the same fresh days.
        search: how the optimised plan was found.
        texts: the language.
        asked: what was asked for beside a plan, a sheet each.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    rows = _station_rows(judged, texts)
    _summary(book, judged, search, texts)
    asked_sheets(book, judged.scenario, asked or Asked(), texts)
    notes = [texts.t("sheet.minutes_note")]
    sheet, at = new_sheet(book, texts.t("sheet.plotting"), texts.t("sheet.plotting_title"), notes, texts)
    columns = [_column(name, shown, texts) for name, shown in STATION_COLUMNS.items()]
    write_table(sheet, at, columns, [list(row.values()) for row in rows])
    _polsek_sheets(book, judged, rows, texts)
    _linmas(book, judged.scenario, texts)
    _sites(book, judged, texts)
    less_sheet(book, judged, texts)
    _days(book, judged, texts)
    _measures(book, judged, texts)
    _units(book, judged, texts)
    _assumptions(book, judged.scenario, texts)
    return book


def _column(name: str, shown: str, texts: Texts) -> Column:
    return Column(texts.t(f"column.{name}"), shown, 9 if shown == "General" else 11)


def _station_rows(judged: Judged, texts: Texts) -> list[dict[str, Value]]:
    scenario, plan = judged.scenario, judged.plans[OPTIMISED]
    stations, villages = scenario.stations, scenario.villages
    signs = call_signs(scenario, plan)
    posts = [site_name(scenario, code) for code in polsek_of(scenario)]
    classes = [texts.t(f"class.{name}") for name in CLASSES]
    after, before = judged.stations[OPTIMISED], judged.stations[ANNOUNCED]
    mean_after, mean_before = (known_minutes(found.mean_min, found.nobody_share) for found in (after, before))
    return [
        {
            "code": stations.code[n],
            "station": stations.name[n],
            "village": villages.name[int(stations.village[n])],
            "sector": villages.subdistrict_names[int(stations.subdistrict[n])],
            "class": classes[int(stations.station_class[n])],
            "voters": int(stations.registered_voters[n]),
            "block": int(plan.block[n]) + 1,
            "pair": signs[int(plan.block[n])],
            "post": posts[int(stations.subdistrict[n])],
            "mean_optimised": _minutes(mean_after[n]),
            "p90_optimised": _minutes(after.p90_min[n]),
            "mean_announced": _minutes(mean_before[n]),
            "p90_announced": _minutes(before.p90_min[n]),
            "change": _minutes(mean_after[n] - mean_before[n]),
            "rule": special_rule(scenario, n, texts) or None,
        }
        for n in range(len(stations))
    ]


def _minutes(value: float) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None


def _summary(book: Workbook, judged: Judged, search: Search, texts: Texts) -> None:
    """The sentences of the report, the ledger, and the sub-districts."""
    t, scenario, plan = texts.t, judged.scenario, judged.plans[OPTIMISED]
    notes = [
        wording.first_sentence(judged, search, texts),
        *wording.opening(judged, search, texts),
        *wording.feasibility_lines(scenario, plan, texts),
    ]
    for name, label in zip(PLANS, wording.plan_labels(judged, texts), strict=True):
        notes.append(t("plan_line", plan=t(f"plan.{name}"), label=label))
    sheet, at = new_sheet(book, t("sheet.summary"), scenario.settings.title.of(texts.language), notes, texts)
    for row in range(3, 3 + len(notes)):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=6)
        sheet.cell(row, 1).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.row_dimensions[row].height = 14.0 * (1 + len(notes[row - 3]) // 100)
    used = ledger_of(scenario, plan.reading)
    ledger: list[list[Value]] = [[t("ledger.announced"), used.announced, ""]]
    for line in used.lines:
        ledger.append([t(f"duty.{line.duty}"), line.officers, t("sheet.inside" if line.inside else "sheet.outside")])
    ledger.append([t("ledger.free"), used.free, ""])
    heads = [
        Column(t("ledger.head"), width=34),
        _column("officers", "#,##0", texts),
        Column(t("column.remark"), width=24),
    ]
    at = write_table(sheet, at, heads, ledger, main=False)
    found = sectors(judged)
    rows: list[list[Value]] = [
        [
            name,
            int(found.stations[n]),
            int(found.pairs[OPTIMISED, n]),
            int(found.pairs[ANNOUNCED, n]),
            _minutes(found.minutes[OPTIMISED, n]),
            _minutes(found.minutes[ANNOUNCED, n]),
        ]
        for n, name in enumerate(scenario.villages.subdistrict_names)
    ]
    shown = {"stations": "#,##0", "pairs_optimised": "0", "pairs_announced": "0"}
    shown |= {"mean_optimised": _MINUTES, "mean_announced": _MINUTES}
    columns = [Column(t("column.sector"), width=34), *(_column(name, how, texts) for name, how in shown.items())]
    write_table(sheet, at, columns, rows)
    sheet.freeze_panes = None  # the headings stand far below the sentences


def _polsek_sheets(book: Workbook, judged: Judged, rows: Sequence[dict[str, Value]], texts: Texts) -> None:
    """A sheet for every Polsek: its pairs with their stations, its patrols, the squads that wait there."""
    t, scenario, plan = texts.t, judged.scenario, judged.plans[OPTIMISED]
    columns = [_column(name, STATION_COLUMNS[name], texts) for name in POLSEK_COLUMNS]
    for sector, code in enumerate(polsek_of(scenario)):
        members = np.flatnonzero(scenario.stations.subdistrict == sector)
        order = members[np.argsort(plan.block[members], kind="stable")]
        waiting = [
            wording.site_text(scenario, site, plan.squads[site], texts)
            for site in wording.all_sites(scenario, [plan])
            if plan.squads.get(site, 0) > 0 and site_sector(scenario, site) == sector
        ]
        pairs = len(np.unique(plan.block[members]))
        patrols = sum(n for site, n in plan.patrols.items() if site_sector(scenario, site) == sector)
        notes = [
            t("sheet.polsek_line", pairs=pairs, stations=len(members), patrols=patrols),
            t("sheet.squads_here", sites=texts.joined(waiting)) if waiting else t("sheet.no_squads_here"),
        ]
        name = site_name(scenario, code)
        sheet, at = new_sheet(book, name, name, notes, texts)
        write_table(sheet, at, columns, [[rows[s][key] for key in POLSEK_COLUMNS] for s in order.tolist()], group_by=0)


def _linmas(book: Workbook, scenario: Scenario, texts: Texts) -> None:
    """Linmas village by village: needed, available, to be moved in (+) or out (-)."""
    t, villages = texts.t, scenario.villages
    stations = np.bincount(scenario.stations.village, minlength=len(villages))
    needed = stations * scenario.settings.forces.linmas_per_station
    balance = needed - villages.linmas_available
    rows: list[list[Value]] = [
        [
            villages.code[n],
            villages.name[n],
            villages.subdistrict_names[int(villages.subdistrict[n])],
            int(stations[n]),
            int(needed[n]),
            int(villages.linmas_available[n]),
            moved,
            t("linmas.in", n=moved) if moved > 0 else t("linmas.out", n=-moved) if moved < 0 else t("linmas.even"),
        ]
        for n, moved in enumerate(balance.tolist())
    ]
    notes = [
        t("linmas.total", needed=int(needed.sum()), available=int(villages.linmas_available.sum())),
        t(
            "linmas.moves",
            short=int(balance[balance > 0].sum()),
            villages=int((balance > 0).sum()),
            over=int(-balance[balance < 0].sum()),
        ),
    ]
    shown = {"code": "General", "village": "General", "sector": "General", "stations": "0", "needed": "0"}
    shown |= {"available": "0", "to_move": _MOVED, "remark": "General"}
    sheet, at = new_sheet(book, t("sheet.linmas"), t("sheet.linmas_title"), notes, texts)
    write_table(sheet, at, [_column(name, how, texts) for name, how in shown.items()], rows)


def _sites(book: Workbook, judged: Judged, texts: Texts) -> None:
    """Reserve and patrols site by site, three plans."""
    t, scenario = texts.t, judged.scenario
    rows: list[list[Value]] = []
    for site in wording.all_sites(scenario, judged.plans):
        sector = site_sector(scenario, site)
        squads = [judged.plans[n].squads.get(site, 0) for n in (OPTIMISED, DOCTRINE, ANNOUNCED)]
        patrols = [judged.plans[n].patrols.get(site, 0) for n in (OPTIMISED, DOCTRINE, ANNOUNCED)]
        kind = scenario.posts.type[scenario.posts.code.index(site)] if site in scenario.posts.code else "forward"
        place = scenario.villages.subdistrict_names[sector] if sector >= 0 else ""
        persons = squads[0] * scenario.settings.forces.squad_persons
        rows.append([site, site_name(scenario, site), t(f"post_type.{kind}"), place, *squads, persons, *patrols])
    sheet, at = new_sheet(book, t("sheet.sites"), t("sheet.sites_title"), [], texts)
    columns = [_column(name, "General" if n < 4 else "0", texts) for n, name in enumerate(SITE_COLUMNS)]
    write_table(sheet, at, columns, rows)


def _measures(book: Workbook, judged: Judged, texts: Texts) -> None:
    """Every measure of every group of incidents, each with its range, for whoever wants to sort and to plot."""
    t, rows = texts.t, list[list[Value]]()
    for group in (group for dimension in DIMENSIONS for group in groups(judged, dimension)):
        row: list[Value] = [t(f"dimension.{group.dimension}"), group_label(judged.scenario, group, texts)]
        row.append(group.incidents)
        for estimate in group.estimates.values():
            row += _ends(estimate)
        rows.append(row)
    columns = [Column(t("column.by"), width=24), Column(t("column.group"), width=30)]
    columns.append(_column("incidents_seen", "#,##0", texts))
    for name in MEASURES:
        shown = "0%" if name.endswith("_share") else "0.00" if name.endswith("per_day") else _MINUTES
        columns.append(_column(name, shown, texts))
        columns += [_column(f"measured_{end}", shown, texts) for end in ("low", "high")]
    sheet, at = new_sheet(book, t("sheet.measures"), t("sheet.measures_title"), [t("sheet.measures_note")], texts)
    write_table(sheet, at, columns, rows, group_by=0)


def _ends(estimate: Estimate) -> list[Value]:
    """A figure and its interval; empty where it is not known."""
    return [round(x, 4) if np.isfinite(x) else None for x in (estimate.mean, estimate.low, estimate.high)]


def _days(book: Workbook, judged: Judged, texts: Texts) -> None:
    """The measures of a day of all three plans: natural rates, and given each type of day."""
    t, rows = texts.t, list[list[Value]]()

    def add(key: str, scope: str, plan: int, estimate: Estimate) -> None:
        rows.append([t(f"measure.{key}"), scope_label(scope, texts), t(f"plan.{PLANS[plan]}"), *_ends(estimate)])

    told = {measure.key: measure for measure in (*headline(judged), *access_measures(judged))}
    for measure in told.values():
        for scope, three in measure.by_scope.items():
            for plan, estimate in enumerate(three):
                add(measure.key, scope, plan, estimate)
    for key, name in RESERVE_MEASURES.items():
        for scope in SCOPES:
            for plan, runs in enumerate(judged.runs):
                known = scopes_of(judged.scenario, runs)
                found = day_figures(runs, known[scope]) if scope in known else {}
                if name in found:
                    add(key, scope, plan, found[name])
    for plan, stations in enumerate(judged.stations):
        add("probe_mean", NATURAL, plan, stations.mean_of_all)
    for plan, stations in enumerate(judged.stations):
        add("probe_tenth", NATURAL, plan, stations.mean_of_worst_tenth)
    columns = [Column(t("table.measure"), width=44)]
    columns += [Column(t(f"column.{name}"), width=24) for name in ("scope", "plan")]
    columns += [_column(f"measured_{end}", "#,##0.00", texts) for end in ("figure", "low", "high")]
    sheet, at = new_sheet(book, t("sheet.days"), t("sheet.days_title"), [t("sheet.days_note")], texts)
    write_table(sheet, at, columns, rows, group_by=0)


def _units(book: Workbook, judged: Judged, texts: Texts) -> None:
    """Utilisation and hours on duty by kind of unit, three plans at natural rates."""
    t, scenario, rows = texts.t, judged.scenario, list[list[Value]]()
    kinds = [unit.kind for unit in scenario.settings.units]
    for plan, runs in zip(PLANS, judged.runs, strict=True):
        known = scopes_of(scenario, runs)
        for used in unit_use(scenario, runs, known[NATURAL]) if NATURAL in known else ():
            row: list[Value] = [unit_label(scenario, kinds[used.kind], texts), t(f"plan.{plan}"), used.units]
            row.append(round(used.clock_hours, 1))
            for estimate in (used.busy_share, used.busy_hours, used.busy_p95_hours):
                row += _ends(estimate)
            rows.append([*row, round(used.longest_hours, 1)])
    rows.sort(key=lambda row: [unit_label(scenario, kind, texts) for kind in kinds].index(str(row[0])))
    columns = [Column(t("measured.unit"), width=26), Column(t("column.plan"), width=24)]
    columns += [Column(t(f"measured.{name}"), shown, 10) for name, shown in (("units", "0"), ("clock_hours", _MINUTES))]
    for name, shown in (("busy_share", "0.0%"), ("busy_hours", "0.00"), ("busy_p95_hours", "0.0")):
        columns.append(Column(t(f"measured.{name}"), shown, 12))
        columns += [_column(f"measured_{end}", shown, texts) for end in ("low", "high")]
    columns.append(Column(t("measured.longest_hours"), _MINUTES, 10))
    sheet, at = new_sheet(book, t("sheet.units"), t("sheet.units_title"), [], texts)
    write_table(sheet, at, columns, rows, group_by=0)


def _assumptions(book: Workbook, scenario: Scenario, texts: Texts) -> None:
    """Every graded figure with range, grade and source."""
    t = texts.t
    rows: list[list[Value]] = [
        [
            parameter_label(scenario, path, texts),
            parameter.low,
            parameter.mode,
            parameter.high,
            t("grade.assumption") if parameter.grade == "D" else parameter.grade,
            parameter.source,
            path,
        ]
        for path, parameter in scenario.parameters().items()
    ]
    names = ("figure", "low", "mode", "high", "grade", "source", "path")
    sheet, at = new_sheet(book, t("sheet.assumptions"), t("sheet.assumptions_title"), [], texts)
    write_table(sheet, at, [Column(t(f"table.{name}"), width=10) for name in names], rows)
