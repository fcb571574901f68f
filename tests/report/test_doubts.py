"""Where an interval may hold the truth less often than it says, the report says so."""

from dataclasses import replace

import numpy as np
import pytest

from simsec.analysis.intervals import Doubt, Estimate
from simsec.analysis.selection import Choice
from simsec.locale import DOUBT_MARKS, LANGUAGES, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report import ReportMeta
from simsec.report.doubts import choice_lines, doubt_of_gain, footnotes, gain_lines
from simsec.report.facts import OPTIMISED, headline
from simsec.report.page import report_page
from simsec.report.summary import summary_page
from simsec.report.tables import Row, Table, measures_table, primary_table
from tests.report.reading import read
from tests.report.test_page import FIGURES, PIXEL


def doubted(judged: Judged, doubt: Doubt) -> Judged:
    gain = Estimate(2.0, 1.0, 3.0, 40, doubt)
    return replace(judged, over_doctrine=replace(judged.over_doctrine, gain=gain))


def test_every_doubt_but_sameness_has_a_mark() -> None:
    assert set(DOUBT_MARKS) == set(Doubt) - {Doubt.NONE, Doubt.ALIKE}
    assert len(set(DOUBT_MARKS.values())) == len(DOUBT_MARKS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_interval_wears_the_mark_of_its_doubt_where_there_are_footnotes(language: str) -> None:
    words = texts(language)
    plain = words.interval(Estimate(2.0, 1.0, 3.0, 40))
    for doubt, mark in DOUBT_MARKS.items():
        estimate = Estimate(2.0, 1.0, 3.0, 40, Doubt(doubt))
        assert words.interval(estimate, marked=True) == f"{plain} {mark}"
        assert words.interval(estimate) == plain
        assert footnotes([Table(("",), (Row((f"{plain} {mark}",)),))], words) == [f"{mark} {words.t(f'doubt.{doubt}')}"]
    assert footnotes([Table(("",), (Row((plain,)),))], words) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_never_seen_is_not_nought_for_sure(language: str) -> None:
    words = texts(language)
    bound, alike = Estimate(0.0, 0.0, 0.1498, 20, Doubt.ALIKE), Estimate(0.0, 0.0, 0.0, 20, Doubt.ALIKE)
    assert words.interval(bound, 2).endswith(f"({words.t('number.at_most', high=words.number(0.15, 2))})")
    assert words.interval(alike, 2).endswith(f"({words.t('number.alike')})")
    for estimate, note in ((bound, "doubt.at_most"), (alike, "doubt.alike")):
        (line,) = footnotes([Table(("",), (Row(("", words.interval(estimate, 2))),))], words)
        assert line.endswith(words.t(note))


def test_a_day_type_without_an_unanswered_incident_gets_the_rule_of_three(judged: Judged) -> None:
    runs = tuple(replace(run, unanswered=np.zeros_like(run.unanswered)) for run in judged.runs)
    nobody = replace(judged, runs=(runs[0], runs[1], runs[2]))
    row = next(row for row in headline(nobody) if row.key == "unanswered").by_scope
    found = row["ordinary"][OPTIMISED]
    assert (found.mean, found.low) == (0, 0) and found.high == pytest.approx(3 / found.days, rel=0.01)
    table = measures_table(nobody, headline(nobody)[1:], texts("en"))
    assert any("0.00 (at most" in cell for row in table.rows for cell in row.cells)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_explains_every_mark_it_shows_and_doubts_the_main_gain(
    judged: Judged, search: Search, meta: ReportMeta, language: str
) -> None:
    words = texts(language)
    few = primary_table(judged, headline(judged)[0], words)
    assert any(cell.endswith(tuple(f") {mark}" for mark in DOUBT_MARKS.values())) for cell in few.rows[0].cells)
    for doubt in DOUBT_MARKS:
        page = "".join(read(report_page(doubted(judged, Doubt(doubt)), search, meta, FIGURES, words)).text)
        opening, rest = page.split(words.t("page.plans"), 1)
        (line,) = gain_lines(doubted(judged, Doubt(doubt)), words)
        assert line in opening and words.t(f"doubt.{doubt}") in line
        assert f"{DOUBT_MARKS[doubt]} {words.t(f'doubt.{doubt}')}" in rest
    sure = report_page(doubted(judged, Doubt.NONE), search, meta, FIGURES, words)
    assert words.t("doubt.of_gain", doubt="") not in "".join(read(sure).text)


def test_one_plan_against_itself_is_beyond_doubt(judged: Judged) -> None:
    itself = replace(judged, plans=(judged.plans[0], judged.plans[2], judged.plans[2]))
    assert doubt_of_gain(doubted(judged, Doubt.ALIKE)) is Doubt.ALIKE
    assert doubt_of_gain(doubted(itself, Doubt.ALIKE)) is Doubt.NONE and gain_lines(itself, texts("en")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_doubts_its_gain_in_plain_words(
    judged: Judged, search: Search, meta: ReportMeta, language: str
) -> None:
    words = texts(language)
    said = words.t("public.doubt")
    pages = {doubt: summary_page(doubted(judged, doubt), search, meta, PIXEL, words) for doubt in Doubt}
    assert [doubt for doubt, page in pages.items() if said in page] == [doubt for doubt in Doubt if doubt]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_choice_among_the_models_is_told_with_its_flattery(
    judged: Judged, search: Search, meta: ReportMeta, language: str
) -> None:
    words = texts(language)
    two = replace(search, candidates=(*search.candidates, search.candidates[-1]), selection_days=92)
    sure, flattered = choice_lines(replace(two, choice=Choice(0, 0.9999, 0.0)), words)
    assert words.percent(0.99) in sure and "92" in sure and flattered == words.t("search.flattered")
    unsure, _ = choice_lines(replace(two, choice=Choice(0, 0.529, 1.231)), words)
    assert words.percent(0.52) in unsure and words.number(1.24, 2) in unsure  # bounds are rounded outwards
    assert choice_lines(two, words) == [words.t("search.choice_unknown", models=2), flattered]
    assert choice_lines(search, words) == []  # of one model nothing is chosen
    page = "".join(read(report_page(judged, two, meta, FIGURES, words)).text)
    assert page.index(words.t("search.choice_unknown", models=2)) < page.index(flattered)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_days_that_chose_and_those_that_tested_are_told_apart(
    judged: Judged, search: Search, meta: ReportMeta, language: str
) -> None:
    words = texts(language)
    counted = replace(search, training_days=100, selection_days=92, acceptance_days=260)
    gain = words.interval(search.acceptance, 1, sign=True)
    line = words.t("search.line", training=100, selection=92, acceptance=260, gain=gain)
    assert line in "".join(read(report_page(judged, counted, meta, FIGURES, words)).text)
