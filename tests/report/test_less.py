"""Who gets less stands there by name and with a reason, and nobody else does."""

import numpy as np
import pytest

from simsec.locale import LANGUAGES, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report import ReportMeta
from simsec.report.facts import ANNOUNCED, NOTICEABLE_MIN, OPTIMISED, known_minutes
from simsec.report.less import less_table, reason_text, who_gets_less
from simsec.report.page import report_page
from simsec.report.workbook import workbook
from tests.report.test_page import FIGURES


def test_everybody_with_a_larger_block_or_a_longer_wait_is_listed_and_nobody_else(judged: Judged) -> None:
    announced, optimised = judged.plans[ANNOUNCED], judged.plans[OPTIMISED]
    sizes = [np.bincount(plan.block)[plan.block] for plan in (announced, optimised)]
    minutes = [
        known_minutes(judged.stations[n].mean_min, judged.stations[n].nobody_share) for n in (ANNOUNCED, OPTIMISED)
    ]
    less = (sizes[1] > sizes[0]) | (np.nan_to_num(minutes[1] - minutes[0]) > NOTICEABLE_MIN)
    rows = who_gets_less(judged)
    assert sorted(row.station for row in rows) == np.flatnonzero(less).tolist() and rows
    longer = [row.longer_min for row in rows]
    assert longer == sorted(longer, reverse=True)
    for row in rows:
        assert row.reasons and ("block" in dict(row.reasons)) == bool(sizes[1][row.station] > sizes[0][row.station])


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_workbook_name_them_with_the_reason(
    judged: Judged, search: Search, meta: ReportMeta, language: str
) -> None:
    words, rows = texts(language), who_gets_less(judged)
    page = report_page(judged, search, meta, FIGURES, words)
    assert less_table(judged, rows, words).rows[0].cells[0] in page
    sheet = workbook(judged, search, words)[words.t("sheet.less")]
    told = [[cell.value for cell in row] for row in sheet.iter_rows()][-len(rows) :]
    names = judged.scenario.stations.name
    assert [row[1] for row in told] == [names[row.station] for row in rows]
    assert [row[-1] for row in told] == [reason_text(row, words) for row in rows]
