"""The report opens offline, is marked everywhere, escapes what it is given and holds everything it must."""

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from simsec.analysis.intervals import Estimate
from simsec.locale import LANGUAGES, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report import ReportMeta
from simsec.report.facts import PLANS, class_figures, headline, sectors
from simsec.report.page import report_page
from simsec.report.style import png
from simsec.report.tables import (
    assumption_groups,
    candidate_table,
    class_table,
    measures_table,
    primary_table,
    probe_table,
)
from simsec.report.wording import first_sentence
from tests.report.reading import read

PIXEL = b"\x89PNG"
NAMES = ("area", "map", "response", "sectors", "reserve", "rhythm", "ledger", "worlds", "pattern", "hours", "places")
FIGURES = dict.fromkeys(NAMES, PIXEL)


@pytest.fixture(params=LANGUAGES)
def page(request: pytest.FixtureRequest, judged: Judged, search: Search, meta: ReportMeta) -> tuple[str, str]:
    language = request.param
    return language, report_page(judged, search, meta, FIGURES, texts(language))


def test_the_page_opens_offline_and_its_tags_close(page: tuple[str, str]) -> None:
    reader = read(page[1])
    inside = {f"#{name}" for name in reader.ids}
    assert all(address.startswith("data:image/png;base64,") or address in inside for address in reader.fetched)
    assert sum(address.startswith("data:") for address in reader.fetched) == len(FIGURES)
    assert "<script" not in page[1] and "@import" not in page[1] and "url(" not in page[1]


def test_the_page_is_marked_on_top_at_the_end_and_on_every_printed_page(page: tuple[str, str]) -> None:
    language, html = page
    words = texts(language)
    text = "".join(read(html).text)
    assert html.index(words.t("marking_long")) < html.index("<main>")
    assert text.count(words.t("marking_long")) == 2
    assert re.search(r'@page \{ @top-center \{ content: "' + words.t("marking"), html)
    assert f'<html lang="{language}">' in html


def test_the_first_sentence_stands_first(page: tuple[str, str], judged: Judged, search: Search) -> None:
    text = "".join(read(page[1]).text)
    first = first_sentence(judged, search, texts(page[0]))
    assert 0 < text.index(first) < text.index(texts(page[0]).t("section.headline"))


def test_the_page_names_how_to_cite_versions_hashes_and_seeds(
    page: tuple[str, str], judged: Judged, meta: ReportMeta
) -> None:
    text = "".join(read(page[1]).text)
    hashes = (judged.scenario.hash, judged.plans[2].hash, judged.plans[2].policy.name)
    for part in (*hashes, meta.citation, meta.command, "1, 2, 3", *meta.versions, *meta.versions.values()):
        assert part in text


def test_every_assumption_stands_there_and_those_without_a_source_are_labelled(
    page: tuple[str, str], judged: Judged
) -> None:
    language, html = page
    words = texts(language)
    tables = assumption_groups(judged.scenario, words)
    rows = [row for _, table in tables for row in table.rows]
    parameters = judged.scenario.parameters()
    assert len(rows) >= len(parameters)
    assumed = [row for row in rows if row.kind == "assumed"]
    assert len(assumed) >= sum(parameter.grade == "D" for parameter in parameters.values())
    assert all(row.cells[4] == words.t("grade.assumption") for row in assumed)
    assert html.count(words.t("grade.assumption")) == len(assumed)


def test_what_is_given_is_escaped(judged: Judged, search: Search, meta: ReportMeta) -> None:
    evil = '<img src=x onerror="alert(1)">'
    villages = judged.scenario.villages
    names = (evil, *villages.subdistrict_names[1:])
    scenario = replace(judged.scenario, villages=replace(villages, subdistrict_names=names))
    html = report_page(replace(judged, scenario=scenario), search, replace(meta, citation=evil), FIGURES, texts("en"))
    assert evil not in html and "&lt;img src=x" in html


def test_a_report_on_one_day_a_type_says_that_days_are_too_few(
    judged: Judged, search: Search, meta: ReportMeta
) -> None:
    nothing = Estimate(float("nan"), float("nan"), float("nan"), 1)
    few = replace(judged.over_doctrine, gain=nothing, gain_by_type={}, variance_ratio=float("nan"))
    worlds = replace(judged.worlds, gains=(nothing,) * 3, error=np.full(3, np.nan), swings=())
    poor = replace(judged, over_doctrine=few, worlds=worlds)
    for language in LANGUAGES:
        words = texts(language)
        text = "".join(read(report_page(poor, search, meta, FIGURES, words)).text)
        assert words.catalogue["first.too_few"].split("{")[0] in text
        assert "nan" not in re.findall(r"\w+", text)


def test_the_page_stays_under_six_megabytes(
    judged_shipped: Judged, drawn: dict[str, dict[str, Figure]], search: Search, meta: ReportMeta
) -> None:
    figures = {name: png(figure) for name, figure in drawn["id"].items()}
    assert set(figures) == set(FIGURES)
    html = report_page(judged_shipped, search, meta, figures, texts("id"))
    assert 200_000 < len(html.encode()) < 6_000_000
    assert "1.983" in html and "1,983" not in html


def test_natural_rates_and_given_days_stand_in_columns_of_their_own(judged: Judged) -> None:
    words = texts("en")
    measures = headline(judged)
    table = primary_table(judged, measures[0], words)
    assert len(table.head) == 6 and len(set(table.head)) == 6
    assert all(len(row.cells) == len(table.head) for row in table.rows)
    natural = words.interval(measures[0].by_scope["natural"][2], 1, marked=True)
    severe = words.interval(measures[0].by_scope["severe"][2], 1, marked=True)
    assert table.rows[2].cells[1] == natural and table.rows[2].cells[5] == severe
    for row in measures_table(judged, measures[1:], words).rows:
        assert row.kind == "group" or len(row.cells) == len(table.head)


def test_plans_with_the_same_figures_share_a_row_and_no_others(judged: Judged) -> None:
    words, measures = texts("en"), headline(judged)[1:]
    alike = replace(judged, plans=(judged.plans[0],) * 3, runs=(judged.runs[0],) * 3)
    rows = [row for row in measures_table(alike, headline(alike)[1:], words).rows if row.kind != "group"]
    assert len(rows) == len(measures) and {row.cells[0] for row in rows} == {words.t("table.all_plans")}
    for measure in measures:
        each = [row for row in measures_table(judged, [measure], words).rows if row.kind != "group"]
        told = {
            tuple(words.interval(three[n], measure.digits, share=measure.share, marked=True) for three in scopes)
            for n, scopes in ((n, tuple(measure.by_scope.values())) for n in range(len(PLANS)))
        }
        assert len({row.cells[1:] for row in each}) == len(each) == len(told)
        named = " ".join(row.cells[0] for row in each)
        assert len(each) == 1 or all(words.t(f"plan.{name}") in named for name in PLANS)
        assert sum(row.kind == "ours" for row in each) == (len(each) > 1)


def test_every_station_stands_in_the_table_of_classes_and_blocks(judged_shipped: Judged) -> None:
    words, found = texts("en"), [class_figures(judged_shipped, plan) for plan in range(len(PLANS))]
    for plan, figures in zip(judged_shipped.plans, found, strict=True):
        assert figures.pairs.sum() == plan.blocks  # a block holds one class
    rows = class_table(judged_shipped, found, words).rows
    assert sum(int(row.cells[1].replace(",", "")) for row in rows) == len(judged_shipped.scenario.stations)
    assert [row.cells[0] for row in rows] == [words.t(f"class.{name}") for name in ("low", "elevated", "special")]


def test_everything_tried_stands_in_the_search_tables(search: Search) -> None:
    words = texts("en")
    doctrines, models = candidate_table(search, "doctrine", words), candidate_table(search, "model", words)
    assert len(doctrines.rows) + len(models.rows) == len(search.candidates)
    assert [row.kind for row in doctrines.rows] == ["", "ours"]
    (model,) = models.rows
    assert "HiGHS 1.11" in model.cells and words.percent(0.02, 2) in model.cells
    assert model.cells[-1] == words.t("table.yes") and model.kind == "ours"
    assert len(model.cells) == len(models.head)


def test_a_struck_time_limit_is_said_aloud(judged: Judged, search: Search, meta: ReportMeta) -> None:
    words = texts("id")
    calm = replace(search, candidates=tuple(replace(c, time_limit_struck=False) for c in search.candidates))
    struck = words.t("search.struck", plans=words.t("plan_name.optimised"))
    assert struck in report_page(judged, search, meta, FIGURES, words)
    assert words.t("search.not_struck") in report_page(judged, calm, meta, FIGURES, words)


def test_the_worst_sub_district_is_the_one_that_waits_longest(judged: Judged) -> None:
    found = sectors(judged)
    for plan, row in enumerate(probe_table(judged, found, texts("en")).rows):
        worst = judged.scenario.villages.subdistrict_names[int(np.argmax(found.minutes[plan]))]
        assert worst in row.cells[2]
