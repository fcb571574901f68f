"""The page of a sweep: figures and sentences that fit its design, and no place named."""

import html
import re
from pathlib import Path

import numpy as np
import pytest

from simsec.cli.sweep import names_of
from simsec.experiments.answers import Answers, open_sweep
from simsec.experiments.estimates import discovered, gains, measures, shifts, swings
from simsec.experiments.playing import job_of
from simsec.experiments.reading import read_experiment
from simsec.experiments.runner import open_executor, run_job
from simsec.locale import texts
from simsec.report.sweep_page import sweep_page
from tests.areas import tiny
from tests.experiments.files import written

TWO_PLANS = '[[plans]]\ndoctrine = "announced"\n[[plans]]\ndoctrine = 12\n'
FRICTION = '[[factors]]\npath = "travel.friction"\n'
LABELS = '[[factors]]\npath = "labels.miss"\nlevels = [0.0, 0.9]\n'
LABELS += '[[factors]]\npath = "labels.high_share"\nlevels = [0.02]\n'
DETECTION = '[[factors]]\npath = "calls.detection_min"\nname = "detection"\n'


def swept(folder: Path, body: str) -> Answers:
    path = written(folder, body)
    with open_executor(1) as executor:
        run_job(job_of(read_experiment(path)), folder / "run", executor, text=path.read_text(encoding="utf-8"))
    return open_sweep(folder / "run")


def read(page: str) -> str:
    assert "<script" not in page and "http" not in page  # opens offline
    return html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.S)))


def design(kind: str, size: int | None = None) -> str:
    return f'[design]\nkind = "{kind}"\n' + (f"size = {size}\n" if size else "")


@pytest.mark.parametrize(
    ("body", "images", "said"),
    [
        ("days = 3\n" + TWO_PLANS + FRICTION, 2, "clearly better at"),
        ('days = 3\n[[factors]]\npath = "day.type"\nlevels = ["ordinary", "severe"]\n' + FRICTION, 1, "severe day"),
        ("days = 3\n" + TWO_PLANS + FRICTION + DETECTION, 3, "clearly better at"),
        ("days = 2\n" + FRICTION + DETECTION, 2, "change against travel.friction = 1.4"),
        ("days = 2\n" + TWO_PLANS + FRICTION + DETECTION + design("one_at_a_time"), 1, "would change the decision"),
        ("days = 2\n" + TWO_PLANS + FRICTION + DETECTION + design("morris", 4), 2, "minutes on average"),
        ("days = 2\n" + FRICTION + DETECTION + design("saltelli", 4), 1, "of the variance"),
        ("days = 2\n" + TWO_PLANS + FRICTION + DETECTION + design("saltelli", 4), 2, "the gain of 2:12 most"),
        ("days = 2\n" + FRICTION + DETECTION + design("sobol", 16), 1, "all such points lie there"),
        ("days = 2\n" + TWO_PLANS + FRICTION + DETECTION + design("latin_hypercube", 12), 1, "clearly better at"),
        ("days = { severe = 2 }\n" + TWO_PLANS + LABELS, 2, "drawn at random"),
        ("days = 2\n", 0, "1 points"),
    ],
)
def test_the_page_says_what_its_design_can_say_and_names_no_place(
    body: str, images: int, said: str, tmp_path: Path
) -> None:
    with swept(tmp_path, body) as answers:
        pages = {language: sweep_page(answers, texts(language)) for language in ("en", "id")}
    assert pages["en"].count("data:image/png") == images
    assert said in read(pages["en"]) and "seed 1" in read(pages["en"]) and "simsec " in read(pages["en"])
    assert "benih 1" in read(pages["id"]) and read(pages["id"]) != read(pages["en"])
    places = {*tiny().villages.name, *tiny().villages.subdistrict_names, *tiny().posts.name, *tiny().stations.code}
    for page in pages.values():
        assert not [name for name in places if name in read(page)]


def test_a_gain_is_the_difference_of_the_measures_and_paired(tmp_path: Path) -> None:
    with swept(tmp_path, "days = 4\n" + TWO_PLANS + FRICTION) as answers:
        level, gain = measures(answers), gains(answers, "announced", "2:12")
    for cell in range(3):
        assert gain[cell].mean == pytest.approx(level[cell, "announced"].mean - level[cell, "2:12"].mean)
        assert gain[cell].days == level[cell, "announced"].days == 16
    apart = sum(e.high - e.low for (cell, _), e in level.items() if cell == 1)
    assert gain[1].high - gain[1].low < apart


def test_a_change_is_paired_by_day_with_the_first_level_and_all_else_the_same(tmp_path: Path) -> None:
    with swept(tmp_path, "days = 4\n" + FRICTION) as answers:
        level = measures(answers)
        found = shifts(answers, "announced", {1: 0, 2: 0})
        assert shifts(answers, "announced", {}) == {}
    for cell in (1, 2):
        moved = level[cell, "announced"].mean - level[0, "announced"].mean
        assert found[cell].mean == pytest.approx(moved) and found[cell].days == 16
    apart = level[2, "announced"].high - level[2, "announced"].low
    assert found[2].high - found[2].low < apart


def test_points_whose_days_are_not_as_likely_are_not_paired(tmp_path: Path) -> None:
    body = 'days = 2\n[[factors]]\npath = "day_types.heavy_rain"\nlevels = [0.1, 0.2]\n'
    with swept(tmp_path, body) as answers:
        assert shifts(answers, "announced", {1: 0}) == {}


def test_factors_without_a_name_are_told_as_people_read_them(tmp_path: Path) -> None:
    body = 'days = 2\n[[factors]]\npath = "units.2.turnout_min"\n'
    with swept(tmp_path, body) as answers:
        experiment = read_experiment(tmp_path / "demo.toml")
        page = read(sweep_page(answers, texts("en"), names_of(experiment, texts("en"))))
    assert "turn-out of the" in page and "units.2" not in page


def test_swings_are_the_ends_of_each_factor_alone(tmp_path: Path) -> None:
    body = "days = 3\n" + TWO_PLANS + FRICTION + DETECTION + design("one_at_a_time")
    with swept(tmp_path, body) as answers:
        found = {swing.factor: swing for swing in swings(answers, "announced", "2:12")}
        gain = gains(answers, "announced", "2:12")
    figure = tiny().parameters()["calls.detection_min"]
    assert (found["detection"].low, found["detection"].high) == (figure.low, figure.high)
    assert found["travel.friction"].at_low == gain[1] and found["travel.friction"].at_high == gain[2]
    assert found["detection"].at_high == gain[4]


def test_a_box_of_failure_is_told_in_the_units_of_its_factors(tmp_path: Path) -> None:
    with swept(tmp_path, 'days = { ordinary = 1 }\n' + FRICTION + DETECTION + design("sobol", 32)) as answers:
        friction = np.array(answers.table("select * from points order by cell")["travel.friction"].to_pylist())
        found = discovered(answers, dict(enumerate((1.6 - friction).tolist())))
        assert discovered(answers, dict.fromkeys(range(32), 1.0)) is None
    assert found is not None and found.factors == ("travel.friction", "detection")
    assert found.box.limited.tolist() == [True, False]
    assert found.box.low[0] == pytest.approx(1.6, abs=0.07) and found.box.density > 0.8
    assert found.fails == (int((friction > 1.6).sum()), 32)
