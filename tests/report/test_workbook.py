"""The workbook holds every station once, is marked on every sheet, and runs no formula it was given."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from simsec.locale import LANGUAGES, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.plan.doctrine import polsek_of
from simsec.report.facts import OPTIMISED
from simsec.report.reserve import site_name
from simsec.report.sheets import put, sheet_name
from simsec.report.workbook import POLSEK_COLUMNS, STATION_COLUMNS, call_signs, workbook

FORMULAS = ("=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")')


def reopened(book: Workbook) -> Workbook:
    out = io.BytesIO()
    book.save(out)
    return load_workbook(io.BytesIO(out.getvalue()))


@pytest.fixture(scope="module", params=LANGUAGES)
def opened(request: pytest.FixtureRequest, judged: Judged, search: Search) -> tuple[str, Workbook]:
    return request.param, reopened(workbook(judged, search, texts(request.param)))


def table_of(sheet: Worksheet) -> list[tuple[object, ...]]:
    """The rows of the table with filters, headings first."""
    return [tuple(cell.value for cell in row) for row in sheet[sheet.auto_filter.ref]]


def test_every_sheet_is_marked_on_top_and_on_paper(opened: tuple[str, Workbook]) -> None:
    language, book = opened
    marking = texts(language).t("marking")
    for sheet in book.worksheets:
        assert str(sheet["A1"].value) == texts(language).t("marking_long")
        assert marking in str(sheet.oddHeader.center.text) and marking in str(sheet.oddFooter.center.text)
        assert sheet.print_title_rows and sheet.auto_filter.ref
        assert len(sheet.title) <= 31


def test_headings_stay_in_sight(opened: tuple[str, Workbook]) -> None:
    _, book = opened
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == f"B{int(''.join(filter(str.isdigit, sheet.auto_filter.ref.split(':')[0]))) + 1}"


def test_every_station_stands_once_in_the_plotting_with_its_block(opened: tuple[str, Workbook], judged: Judged) -> None:
    language, book = opened
    heading, *rows = table_of(book[texts(language).t("sheet.plotting")])
    assert len(heading) == len(STATION_COLUMNS)
    place = {name: number for number, name in enumerate(STATION_COLUMNS)}
    stations, plan = judged.scenario.stations, judged.plans[OPTIMISED]
    assert [row[place["code"]] for row in rows] == list(stations.code)
    assert [row[place["block"]] for row in rows] == (plan.block + 1).tolist()
    assert [row[place["voters"]] for row in rows] == stations.registered_voters.tolist()
    minutes = [row[place["mean_optimised"]] for row in rows]
    assert minutes == pytest.approx(judged.stations[OPTIMISED].mean_min.round(1).tolist())
    assert all(isinstance(value, int | float) for row in rows for value in row[place["mean_optimised"] : place["rule"]])


def test_the_polsek_sheets_together_hold_every_station_pair_by_pair(
    opened: tuple[str, Workbook], judged: Judged
) -> None:
    _, book = opened
    scenario, plan = judged.scenario, judged.plans[OPTIMISED]
    signs = call_signs(scenario, plan)
    listed: list[object] = []
    for sector, code in enumerate(polsek_of(scenario)):
        _, *rows = table_of(book[site_name(scenario, code)])
        pairs = [row[0] for row in rows]
        assert pairs == sorted(pairs, key=lambda sign: signs.index(str(sign))), "a pair's stations stand together"
        assert len(set(pairs)) == len(np.unique(plan.block[scenario.stations.subdistrict == sector]))
        listed += [row[POLSEK_COLUMNS.index("code")] for row in rows]
    assert sorted(map(str, listed)) == sorted(scenario.stations.code)


def test_a_pair_has_one_call_sign_of_its_sub_district(judged_shipped: Judged) -> None:
    scenario, plan = judged_shipped.scenario, judged_shipped.plans[OPTIMISED]
    signs = call_signs(scenario, plan)
    assert len(set(signs)) == plan.blocks == len(signs)
    for station in range(0, len(scenario.stations), 97):
        sector = scenario.villages.subdistrict_names[int(scenario.stations.subdistrict[station])]
        assert signs[int(plan.block[station])].startswith(f"{sector}-")


def test_linmas_are_counted_two_a_station_and_moves_add_up(opened: tuple[str, Workbook], judged: Judged) -> None:
    language, book = opened
    _, *rows = table_of(book[texts(language).t("sheet.linmas")])
    assert len(rows) == len(judged.scenario.villages)
    for _, _, _, stations, needed, available, moved, remark in rows:
        assert isinstance(stations, int) and isinstance(needed, int) and isinstance(available, int)
        assert needed == 2 * stations and moved == needed - available and remark
    assert sum(int(str(row[3])) for row in rows) == len(judged.scenario.stations)
    assert sum(int(str(row[5])) for row in rows) == judged.scenario.villages.linmas_available.sum()


def test_the_sites_hold_all_squads_and_patrols(opened: tuple[str, Workbook], judged: Judged) -> None:
    language, book = opened
    _, *rows = table_of(book[texts(language).t("sheet.sites")])
    optimised = judged.plans[OPTIMISED]
    assert sum(int(str(row[4])) for row in rows) == optimised.reserve_squads
    assert sum(int(str(row[8])) for row in rows) == sum(optimised.patrols.values())
    assert {row[0] for row in rows} >= set(optimised.squads)


def test_every_assumption_stands_in_the_workbook(opened: tuple[str, Workbook], judged: Judged) -> None:
    language, book = opened
    _, *rows = table_of(book[texts(language).t("sheet.assumptions")])
    assert [row[-1] for row in rows] == list(judged.scenario.parameters())
    assert all(isinstance(value, int | float) for row in rows for value in row[1:4])


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_looks_like_a_formula_stays_text(text: str) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    put(sheet["A1"], text)
    cell = reopened(book).worksheets[0]["A1"]
    assert cell.data_type == "s" and cell.quotePrefix and str(cell.value).strip() == text.strip()


def test_names_given_by_a_user_run_no_formula(judged: Judged, search: Search) -> None:
    stations = judged.scenario.stations
    evil = replace(stations, name=("=cmd|'/C calc'!A0", *stations.name[1:]))
    spoiled = replace(judged, scenario=replace(judged.scenario, stations=evil))
    for sheet in reopened(workbook(spoiled, search, texts("en"))).worksheets:
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_what_is_not_known_leaves_the_cell_empty() -> None:
    sheet = Workbook().worksheets[0]
    for value in (float("nan"), float("inf"), None):
        put(sheet["A1"], value)
        assert sheet["A1"].value is None
    put(sheet["A1"], 12.5)
    assert sheet["A1"].value == 12.5


@given(st.lists(st.text(max_size=50), max_size=8))
def test_sheet_names_are_legal_and_told_apart(wanted: list[str]) -> None:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name in wanted:
        given_name = sheet_name(name, book.sheetnames)
        assert 1 <= len(given_name) <= 31 and not set(given_name) & set("[]:*?/\\")
        assert book.create_sheet(given_name).title == given_name
    assert len({name.casefold() for name in book.sheetnames}) == len(wanted)
