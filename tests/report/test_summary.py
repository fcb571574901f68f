"""The public summary tells totals and sub-districts, and no station, post, pair, class or place of the reserve."""

import re
from dataclasses import replace

import pytest
from matplotlib.text import Text

from simsec.analysis.intervals import Estimate
from simsec.locale import LANGUAGES, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report import ReportMeta
from simsec.report.facts import OPTIMISED
from simsec.report.style import png
from simsec.report.summary import summary_figure, summary_page
from simsec.report.workbook import call_signs
from simsec.scenario import Scenario
from simsec.scenario.schema import CLASSES
from tests.report.reading import read

# What a class, a unit or a post is called, in either language.
SECRET_WORDS = {
    *("elevated", "vulnerable", "vulnerability", "rawan", "khusus", "class", "kelas", *CLASSES),
    *("pair", "pairs", "pasangan", "patrol", "patrols", "patroli", "squad", "squads", "regu", "block", "blok"),
    *("polres", "polsek", "polsubsektor", "puskesmas", "kodim", "forward", "aju", "headquarters", "rayon"),
}


def secrets(judged: Judged) -> set[str]:
    """Names that must not appear: villages, stations, posts, call signs; but for those a sub-district bears too."""
    scenario = judged.scenario
    known = {*scenario.villages.subdistrict_names, *scenario.villages.rayon_names}
    plan = judged.plans[OPTIMISED]
    names = {*scenario.villages.name, *scenario.villages.code, *scenario.stations.code, *scenario.stations.name}
    names |= {*scenario.posts.name, *scenario.posts.code, *call_signs(scenario, plan), *plan.squads, *plan.patrols}
    return {name for name in names if name not in known}


def found_in(text: str, judged: Judged) -> list[str]:
    signs = [sign for sign in call_signs(judged.scenario, judged.plans[OPTIMISED]) if sign in text]
    told = text
    for name in sorted(judged.scenario.villages.subdistrict_names, key=len, reverse=True):
        told = re.sub(rf"\b{re.escape(name)}\b", " ", told)  # 'Ungaran' is a village, 'Ungaran Barat' a sub-district
    for language in LANGUAGES:
        told = told.replace(judged.scenario.settings.title.of(language), " ")
    words = set(re.findall(r"[\w/.-]+", told))
    hidden = [name for name in secrets(judged) if name in told]
    parts = [name for name in hidden if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", told)]
    codes = [word for word in words if re.fullmatch(r"\d\d\.\d\d\.\d\d\.\d{4}(/\d+)?", word)]
    numbered = re.findall(r"\bTPS\s*\d+", told)
    spoken = {word.casefold() for word in re.findall(r"\w+", told)}
    return sorted([*signs, *parts, *codes, *numbered, *(spoken & SECRET_WORDS)])


def texts_of_picture(judged: Judged, search: Search, language: str) -> str:
    shown = []
    for alone in (True, False):
        figure = summary_figure(judged, search, texts(language), alone=alone)
        shown += [text.get_text().replace("\n", " ") for text in figure.findobj(Text)]
    return "\n".join(shown)


def without_style(html: str) -> str:
    """The page without its style sheet and the classes it uses: what a reader or a search engine finds."""
    return re.sub(r' class="[\w ]*"', "", re.sub(r"<style>.*?</style>", "", html, flags=re.S))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("accepted", [True, False])
def test_summary_is_public(
    judged: Judged, judged_shipped: Judged, search: Search, meta: ReportMeta, language: str, accepted: bool
) -> None:
    found = replace(search, accepted=accepted)
    for one in (judged, judged_shipped):
        html = summary_page(one, found, meta, b"", texts(language))
        assert found_in(without_style(html), one) == []
        assert found_in(texts_of_picture(one, found, language), one) == []


def test_the_search_for_secrets_finds_them(judged: Judged, judged_shipped: Judged) -> None:
    """The test above would notice: each kind of name is found where it is hidden."""
    scenario: Scenario = judged_shipped.scenario
    for hidden in (
        scenario.stations.code[0],
        scenario.stations.name[7],
        scenario.posts.name[0],
        scenario.villages.name[2],
        call_signs(scenario, judged_shipped.plans[OPTIMISED])[3],
        "TPS 12",
        "sangat rawan",
        "2 patrols",
    ):
        assert found_in(f"<p>In {hidden}, there is</p>", judged_shipped), hidden
    assert found_in("Ungaran", judged_shipped) and not found_in("Ungaran Barat", judged_shipped)
    assert found_in("9.1.1", judged)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_says_plainly_when_nothing_better_was_found(
    judged: Judged, search: Search, meta: ReportMeta, language: str
) -> None:
    words = texts(language)
    html = summary_page(judged, replace(search, accepted=False), meta, b"", words)
    assert words.t("public.first.not_accepted") in html
    assert words.catalogue["public.first.better"].split("{")[0] not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_does_not_hide_the_days_on_which_help_comes_later(
    judged: Judged, search: Search, meta: ReportMeta, language: str
) -> None:
    words = texts(language)
    gains = {"ordinary": Estimate(-0.5, -0.8, -0.3, 40), "severe": Estimate(135.8, 86.2, 185.4, 40)}
    mixed = replace(judged, over_announced=replace(judged.over_announced, gain_by_type=gains))
    said = words.t("public.uneven", better=words.t("day_type.severe"), worse=words.t("day_type.ordinary"))
    assert said in summary_page(mixed, search, meta, b"", words)
    even = replace(judged, over_announced=replace(judged.over_announced, gain_by_type={}))
    assert words.catalogue["public.uneven"].split("{")[0] not in summary_page(even, search, meta, b"", words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_opens_offline_and_holds_every_sub_district(
    judged_shipped: Judged, search: Search, meta: ReportMeta, language: str
) -> None:
    html = summary_page(judged_shipped, search, meta, b"\x89PNG", texts(language))
    reader = read(html)
    assert all(address.startswith("data:image/png") for address in reader.fetched)
    text = "".join(reader.text)
    assert all(name in text for name in judged_shipped.scenario.villages.subdistrict_names)
    assert texts(language).t("marking") not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_alone_carries_the_figures_of_its_page(
    judged_shipped: Judged, search: Search, language: str
) -> None:
    figure = summary_figure(judged_shipped, search, texts(language), alone=True)
    bare = summary_figure(judged_shipped, search, texts(language), alone=False)
    assert len(figure.texts) > len(bare.texts)
    figure.draw_without_rendering()
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height
    assert png(bare).startswith(b"\x89PNG")
