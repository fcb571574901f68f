"""What was asked for beside a plan stands in page, report and workbook, in both languages."""

import io

import pytest
from openpyxl import Workbook, load_workbook

from simsec.analysis.workers import open_workers
from simsec.locale import LANGUAGES, texts
from simsec.optimization.changes import few_changes
from simsec.optimization.judge import Judged
from simsec.optimization.reserve import reserve_curve
from simsec.optimization.search import Search
from simsec.optimization.strength import least_strength
from simsec.plan import doctrine
from simsec.report import ReportMeta
from simsec.report.asked import Asked, asked_page, asked_sheets, parts
from simsec.report.page import report_page
from simsec.report.workbook import workbook
from simsec.scenario.schema import DAY_TYPES
from tests.areas import tiny
from tests.report.conftest import META
from tests.report.test_page import FIGURES

FEW: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)


@pytest.fixture(scope="module")
def asked() -> Asked:
    area = tiny()
    with open_workers(1) as pool:
        return Asked(
            few_changes(area, doctrine(area, 20), doctrine(area), pool, ranking=FEW, telling=FEW, must=("polsek-9.1",)),
            least_strength(area, doctrine(area), pool, shares=(0.1, 0.8, 1.0), days=FEW, training=FEW, time_limit_s=5),
            reserve_curve(area, pool, days=4, shares=(0.4, 1.0), training=FEW),
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_a_section_with_a_picture_for_each(asked: Asked, language: str) -> None:
    words = texts(language)
    assert asked.changes is not None and asked.changes.ranked
    page = asked_page(tiny(), ["said"], asked, META, words)
    for key in ("changes", "strength", "curve"):
        assert words.t(f"section.{key}").replace("'", "&#39;") in page
    assert page.count("<img") == 3 and words.t("marking_long") in page
    assert [part.key for part in parts(tiny(), Asked(), words)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sheet_is_marked_and_holds_numbers(asked: Asked, language: str) -> None:
    words, book, out = texts(language), Workbook(), io.BytesIO()
    book.remove(book.worksheets[0])
    asked_sheets(book, tiny(), asked, words)
    book.save(out)
    read = load_workbook(io.BytesIO(out.getvalue()))
    assert read.sheetnames == [words.t(f"sheet.{key}") for key in ("changes", "strength", "curve")]
    for sheet in read.worksheets:
        assert sheet["A1"].value == words.t("marking_long")
    levels = [row[0].value for row in read.worksheets[1].iter_rows() if isinstance(row[0].value, int)]
    assert levels[:3] == [3, 22, 28]


def test_a_report_and_its_workbook_have_them_only_when_asked(
    judged: Judged, search: Search, meta: ReportMeta, asked: Asked
) -> None:
    words = texts("en")
    further = parts(judged.scenario, Asked(frontier=asked.frontier), words)
    page = report_page(judged, search, meta, FIGURES, words, further)
    assert 'id="strength"' in page and 'id="strength"' not in report_page(judged, search, meta, FIGURES, words)
    name = words.t("sheet.strength")
    assert name in workbook(judged, search, words, Asked(frontier=asked.frontier)).sheetnames
    assert name not in workbook(judged, search, words).sheetnames
