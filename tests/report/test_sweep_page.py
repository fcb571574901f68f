"""The page of a sweep: figures and sentences that fit its design, and no place named."""

import html
import re
from pathlib import Path

import numpy as np
import pytest

from simsec.experiments.answers import Answers, open_sweep
from simsec.experiments.estimates import discovered, gains, measures, swings
from simsec.experiments.playing import job_of
from simsec.experiments.reading import read_experiment
from simsec.experiments.runner import open_executor, run_job
from simsec.locale import texts
from simsec.report.sweep_page import sweep_page
from tests.areas import tiny
from tests.experiments.files import written

TWO_PLANS = '[[plans]]\ndoctrine = "announced"\n[[plans]]\ndoctrine = 12\n'
FRICTION = '[[factors]]\npath = "travel.friction"\n'
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
        ("days = 3\n" + TWO_PLANS + FRICTION, 1, "clearly better at"),
        ('days = 3\n[[factors]]\npath = "day.type"\nlevels = ["ordinary", "severe"]\n' + FRICTION, 3, "severe day"),
        ("days = 2\n" + FRICTION + DETECTION, 1, "eighted minutes per incident"),
        ("days = 2\n" + TWO_PLANS + FRICTION + DETECTION + design("one_at_a_time"), 1, "figures"),
        ("days = 2\n" + TWO_PLANS + FRICTION + DETECTION + design("morris", 4), 1, "strongest figure"),
        ("days = 2\n" + FRICTION + DETECTION + design("saltelli", 4), 1, "largest share"),
        ("days = 2\n" + FRICTION + DETECTION + design("sobol", 16), 0, "points"),
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
