"""Figures keep inside their frame, speak one language, and never touch pyplot."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import simsec.report
from simsec.analysis.intervals import Estimate
from simsec.base.errors import InputError
from simsec.locale import LANGUAGES, Texts, texts
from simsec.optimization.judge import Judged
from simsec.report.area_map import area_figure
from simsec.report.basemap import area_outlines
from simsec.report.facts import OPTIMISED, sectors
from simsec.report.figures import (
    day_weight,
    ledger_figure,
    pattern_figure,
    reserve_figure,
    response_figure,
    rhythm_figure,
    sector_figure,
    worlds_figure,
)
from simsec.report.maps import even_steps, map_figure
from simsec.report.measured import hours_figure, places_figure
from simsec.report.style import png
from simsec.report.verdict import deciding

DRAW: dict[str, Callable[[Judged, Texts], Figure]] = {
    "area": lambda judged, words: area_figure(judged.scenario, words),
    "map": map_figure,
    "response": response_figure,
    "sectors": lambda judged, words: sector_figure(judged, sectors(judged), words),
    "reserve": reserve_figure,
    "rhythm": rhythm_figure,
    "ledger": ledger_figure,
    "worlds": lambda judged, words: worlds_figure(judged, deciding(judged.worlds), words),
    "pattern": pattern_figure,
    "hours": hours_figure,
    "places": places_figure,
}


def said(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def undrawn_ticks(figure: Figure) -> set[Text]:
    """Labels of ticks that lie beyond the limits of their axis."""
    found: set[Text] = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            found |= {tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high}
    return found


def cut_off(figure: Figure) -> list[str]:
    """Texts that reach beyond the edge of the figure."""
    figure.draw_without_rendering()
    frame, undrawn, found = figure.bbox, undrawn_ticks(figure), []
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text() and text not in undrawn:
            box = text.get_window_extent()
            if not (box.x0 >= -1 and box.y0 >= -1 and box.x1 <= frame.width + 1 and box.y1 <= frame.height + 1):
                found.append(text.get_text())
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", DRAW)
def test_no_text_of_a_figure_is_cut_off(drawn: dict[str, dict[str, Figure]], name: str, language: str) -> None:
    figure = drawn[language][name]
    assert cut_off(figure) == []
    assert texts(language).t("marking") in said(figure)


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_says_different_things_in_different_languages(judged: Judged, name: str) -> None:
    english, indonesian = (set(said(DRAW[name](judged, texts(language)))) for language in LANGUAGES)
    names = {*judged.scenario.villages.subdistrict_names}
    shared = {text for text in english & indonesian if any(letter.isalpha() for letter in text)} - names
    assert {text for text in shared if "km" not in text and text not in ("UTARA", "SELATAN")} == set()


def test_the_same_figure_is_the_same_picture(judged: Judged) -> None:
    first, second = (png(ledger_figure(judged, texts("en"))) for _ in range(2))
    assert first == second and first.startswith(b"\x89PNG")


def test_the_worlds_figure_shows_every_world(judged: Judged) -> None:
    figure = DRAW["worlds"](judged, texts("en"))
    (points,) = figure.axes[0].collections[1:2]
    shown = np.asarray(points.get_offsets())[:, 1]
    assert sorted(gain.mean for gain in judged.worlds.gains) == pytest.approx(shown.tolist())


def test_figures_stand_without_intervals(judged: Judged) -> None:
    """With one day of a type there is no interval: the bars stay, the whiskers do not."""
    nothing = Estimate(float("nan"), float("nan"), float("nan"), 1)
    found = replace(sectors(judged), over_announced=(nothing,) * 2, over_doctrine=(nothing,) * 2)
    worlds = replace(judged.worlds, gains=(nothing,) * 5, error=np.full(5, np.nan), swings=())
    blank = replace(judged, worlds=worlds)
    for figure in (sector_figure(judged, found, texts("id")), worlds_figure(blank, deciding(worlds), texts("id"))):
        assert cut_off(figure) == []


def test_days_weigh_by_the_probability_of_their_type(judged: Judged) -> None:
    runs = judged.runs[OPTIMISED]
    stratum = runs.stratum.copy()
    stratum[0] = 3  # an ordinary day less, a severe day more: the types are not played equally often
    runs = replace(runs, stratum=stratum)
    weight = day_weight(judged.scenario, runs)
    assert weight.sum() == pytest.approx(1.0)
    for number, p in enumerate(judged.scenario.day_type_probability.values()):
        assert weight[runs.stratum == number].sum() == pytest.approx(p)


def test_steps_hold_all_values_in_few_whole_minutes() -> None:
    rng = np.random.default_rng(1)
    for top in (1.0, 9.0, 40.0, 300.0):
        values = rng.uniform(0, top, 20)
        edges = even_steps(values)
        assert edges[0] <= values.min() and values.max() <= edges[-1]
        assert len(edges) <= 9 and all(edge == round(edge) for edge in edges)
    assert len(even_steps(np.array([float("nan")]))) >= 2


def test_a_users_boundaries_replace_the_drawn_outlines(judged: Judged, tmp_path: Path) -> None:
    assert set(area_outlines(judged.scenario)) == set(judged.scenario.villages.subdistrict_codes)
    square = [[[110.38, -7.2], [110.48, -7.2], [110.48, -7.08], [110.38, -7.08], [110.38, -7.2]]]
    feature = {"properties": {"code": "9.1"}, "geometry": {"type": "Polygon", "coordinates": square}}
    path = tmp_path / "boundaries.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    own = replace(judged, scenario=replace(judged.scenario, folder=tmp_path))
    assert list(area_outlines(own.scenario)) == ["9.1"]
    assert texts("en").t("plot.map.own_outlines") in said(map_figure(own, texts("en")))
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="features"):
        area_outlines(own.scenario)


def test_a_station_nobody_could_help_is_marked_apart(judged: Judged) -> None:
    found = judged.stations[OPTIMISED]
    mean, nobody = found.mean_min.copy(), found.nobody_share.copy()
    mean[:3], nobody[:3] = np.inf, 1.0
    never = replace(judged, stations=(*judged.stations[:2], replace(found, mean_min=mean, nobody_share=nobody)))
    crosses = map_figure(never, texts("en")).axes[1].collections[3]
    assert len(crosses.get_offsets()) == 3


def test_pyplot_and_its_global_state_are_never_used() -> None:
    for path in Path(simsec.report.__file__).parent.glob("*.py"):
        assert "pyplot" not in path.read_text(encoding="utf-8").replace("no pyplot", "")
