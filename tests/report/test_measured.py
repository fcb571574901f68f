"""The section of the measures says what the days say, and calls no place dangerous."""

from dataclasses import replace

import numpy as np
import pytest
from openpyxl import Workbook

from simsec.analysis.boxes import boxes_back
from simsec.analysis.breakdown import CALM, DIMENSIONS, MEASURES, NATURAL, breakdown, scopes_of
from simsec.analysis.measures import FAMILIES, kind_tables
from simsec.base.clock import parse_stamp
from simsec.locale import LANGUAGES, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report.facts import OPTIMISED, PLANS
from simsec.report.labels import group_label, scope_label
from simsec.report.measured import (
    FEW_MARK,
    KIND_COLUMNS,
    boxes_table,
    day_lines,
    day_table,
    groups,
    kind_table,
    unit_table,
)
from simsec.report.style import capital
from simsec.report.workbook import workbook
from simsec.scenario.schema import DAY_TYPES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_that_was_seen_stands_in_the_table_once(judged_shipped: Judged, language: str) -> None:
    words = texts(language)
    table = kind_table(judged_shipped, words)
    found = groups(judged_shipped, "kind")
    assert {group.scope for group in found} == {NATURAL}
    labels = [row.cells[0] for row in table.rows if row.kind == ""]
    seen = [group_label(judged_shipped.scenario, group, words) for group in found if group.incidents]
    assert sorted(labels) == sorted(seen) and len(seen) > 8
    assert all(len(row.cells) == len(table.head) == len(KIND_COLUMNS) + 1 for row in table.rows if row.kind != "group")
    by_label = dict(zip(labels, (row for row in table.rows if row.kind == ""), strict=True))
    for group in found:
        if not group.incidents:
            continue
        cells = by_label[group_label(judged_shipped.scenario, group, words)].cells
        estimate = group.estimates["response_mean_min"]
        assert cells[2].startswith(words.number(estimate.mean, 1))
        assert cells[2].endswith(FEW_MARK) == (group.few and bool(np.isfinite(estimate.mean)))


def test_the_table_is_of_the_optimised_plan(judged: Judged) -> None:
    (whole,) = groups(judged, "all")[:1]
    (plain,) = breakdown(judged.scenario, judged.runs[OPTIMISED], ("all",), scopes=(NATURAL,))
    assert repr(whole) == repr(plain)
    assert {group.scope for group in groups(judged, "subdistrict", "security")} == {CALM}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reserve_exhausted_is_told_for_every_plan_and_units_by_kind(judged: Judged, language: str) -> None:
    words, lines = texts(language), day_lines(judged, texts(language))
    start = words.catalogue["measured.exhausted"].split("{share}")[0].removeprefix("{plan}")
    assert sum(start in line for line in lines) == 3
    table = unit_table(judged, words)
    assert len(table.rows) == np.sum(judged.runs[OPTIMISED].unit_count > 0)
    assert {row.cells[2] for row in table.rows} == {words.number(hours, 1) for hours in (19.0, 41.0)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_of_measures_holds_every_group_of_every_dimension_with_ranges(
    judged: Judged, search: Search, language: str
) -> None:
    words = texts(language)
    book: Workbook = workbook(judged, search, words)
    sheet = book[words.t("sheet.measures")]
    heading, *rows = [[cell.value for cell in row] for row in sheet[sheet.auto_filter.ref]]
    assert len(heading) == 3 + 3 * len(MEASURES)
    assert {row[0] for row in rows} == {words.t(f"dimension.{name}") for name in DIMENSIONS}
    for row, group in zip(rows, (group for name in DIMENSIONS for group in groups(judged, name)), strict=True):
        assert row[1] == group_label(judged.scenario, group, words)
        assert row[2] == group.incidents and row[3] == pytest.approx(group.estimates["per_day"].mean, abs=1e-4)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheets_of_days_and_units_hold_all_three_plans_with_ranges(
    judged: Judged, search: Search, language: str
) -> None:
    words = texts(language)
    book: Workbook = workbook(judged, search, words)
    sheet = book[words.t("sheet.days")]
    _, *rows = [[cell.value for cell in row] for row in sheet[sheet.auto_filter.ref]]
    told = {row[0] for row in rows}
    for key in ("primary", "closed_min", "voter_hours", "unanswered", "reserve_exhausted", "probe_tenth"):
        assert words.t(f"measure.{key}") in told
    assert len({tuple(row[:3]) for row in rows}) == len(rows)
    known = [row for row in rows if row[4] is not None and row[3] is not None]
    assert len(known) > len(rows) / 2 and all(row[4] <= row[3] + 1e-3 and row[3] <= row[5] + 1e-3 for row in known)
    units = book[words.t("sheet.units")]
    _, *lines = [[cell.value for cell in row] for row in units[units.auto_filter.ref]]
    assert {row[1] for row in lines} == {words.t(f"plan.{name}") for name in PLANS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_type_of_day_tells_the_families_that_were_seen_on_it(judged: Judged, language: str) -> None:
    words = texts(language)
    shown: dict[str, list[str]] = {}
    for row in day_table(judged, words).rows:
        if row.kind == "group":
            shown[row.cells[0]] = []
        else:
            shown[list(shown)[-1]].append(row.cells[0])
    assert list(shown) == [capital(words.t(f"day_type.{name}")) for name in DAY_TYPES]
    runs = judged.runs[OPTIMISED]
    for number, families in enumerate(shown.values()):
        kinds = runs.incident_kind[runs.stratum[runs.incident_day] == number]
        met = set(kind_tables(judged.scenario).family[kinds].tolist())
        assert families == [words.t(f"family.{name}") for place, name in enumerate(FAMILIES) if place in met]


def test_scopes_are_named(judged: Judged) -> None:
    words = texts("en")
    names = [scope_label(scope, words) for scope in (NATURAL, CALM, "severe")]
    assert len(set(names)) == 3 and words.t("day_type.severe") in names[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_the_boxes_says_what_the_days_say(judged: Judged, language: str) -> None:
    words, scenario, runs = texts(language), judged.scenario, judged.runs[OPTIMISED]
    table = boxes_table(judged, words)
    assert table is not None and [len(row.cells) for row in table.rows] == [len(table.head)] * 2
    known = scopes_of(scenario, runs)
    for row, scope in zip(table.rows, (NATURAL, "heavy_rain"), strict=True):
        found = boxes_back(scenario, runs, known[scope])
        assert row.cells[0] == scope_label(scope, words)
        assert row.cells[1].startswith(words.clock(found.median_min.mean))
        assert row.cells[2].startswith(words.clock(found.p90_min.mean))
    assert "Pilkada" in table.head[0] and words.clock(parse_stamp(scenario.settings.clock.ends)) in table.head[3]
    assert words.clock(36 * 60) in table.head[4]
    stages = scenario.settings.stages.model_copy(update={"counting_limit": None})
    other = replace(scenario, settings=scenario.settings.model_copy(update={"stages": stages}))
    assert len(boxes_table(replace(judged, scenario=other), words).head) == 4
