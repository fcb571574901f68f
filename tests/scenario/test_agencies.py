"""Agencies: each kind of unit has one, what nobody knows is refused, and a scenario says only what differs."""

from datetime import date
from pathlib import Path

import pytest

from simsec.base.errors import InputError
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.agencies import day_of, without_agency
from tests.areas import tiny_folder
from tests.scenario.shipped import AREAS, shipped_area


def with_lines(out: Path, lines: str) -> Scenario:
    """The tiny area with some lines more in its settings."""
    folder = tiny_folder(out / "area")
    file = folder / "scenario.toml"
    file.write_text(file.read_text(encoding="utf-8") + lines, encoding="utf-8")
    return read_scenario(folder)


def told(out: Path, lines: str) -> str:
    with pytest.raises(InputError) as caught:
        with_lines(out, lines)
    return "; ".join(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize("name", AREAS)
def test_every_kind_of_unit_belongs_to_exactly_one_agency(name: str) -> None:
    settings = shipped_area(name).settings
    given = [unit for agency in settings.agencies.values() for unit in agency.units]
    assert without_agency(settings) == [] and sorted(given) == sorted(unit.kind for unit in settings.units)


def test_the_twelve_agencies_sit_at_every_table() -> None:
    common = {"polri", "tni", "linmas", "kpu", "bawaslu", "dinkes", "bpbd", "damkar", "dishub", "kejari", "pn", "camat"}
    for name in AREAS:
        assert common <= set(shipped_area(name).settings.agencies)


def test_two_governments_have_two_army_districts_and_two_health_offices() -> None:
    codes = list(shipped_area("kota-tangerang").settings.agencies)
    assert codes[1:3] == ["tni", "tni_regency"]  # each stands behind the one it is named after
    assert codes.index("dinkes_regency") == codes.index("dinkes") + 1


def test_a_unit_given_to_an_own_agency_leaves_the_common_one(tmp_path: Path) -> None:
    words = 'label = { en = "a", id = "b" }\ndoes = { en = "a", id = "b" }\nfails = { en = "a", id = "b" }\n'
    lines = f'[agencies.psc]\nname = "PSC"\nunits = ["ambulance"]\n{words}'
    agencies = with_lines(tmp_path, lines).settings.agencies
    assert (agencies["psc"].units, agencies["dinkes"].units) == (("ambulance",), ("medic", "first_aid_volunteer"))


def test_one_key_of_an_agency_can_be_changed_alone(tmp_path: Path) -> None:
    lines = '[agencies.bpbd]\npromise_min = { low = 5, mode = 9, high = 20, grade = "D", source = "assumption" }\n'
    agency = with_lines(tmp_path, lines).settings.agencies["bpbd"]
    assert agency.promise_min is not None and agency.promise_min.mode == 9
    assert agency.units == ("hazard_team", "boat_team") and agency.name == "BPBD"


def test_what_contradicts_itself_is_refused(tmp_path: Path) -> None:
    twice = told(tmp_path / "a", '[agencies.tni]\nunits = ["pair"]\n[agencies.bpbd]\nunits = ["pair"]\n')
    assert "agencies.bpbd.units" in twice and "already belongs to tni" in twice
    assert "no such kind of unit" in told(tmp_path / "b", '[agencies.tni]\nunits = ["tank"]\n')
    assert "no such matter" in told(tmp_path / "c", '[agencies.tni]\ndecides = ["everything"]\n')
    assert "no such incident" in told(tmp_path / "d", '[matters.offence]\nkinds = ["gossip"]\n')


def bands(*of: str, posts: str = '["polsek"]') -> str:
    rows = ", ".join(
        f'{{ beyond_km = {km}, minutes = {{ value = {minutes}, grade = "B", source = "a page" }} }}'
        for km, minutes in (one.split(":") for one in of)
    )
    return f"[agencies.bpbd]\npromise_posts = {posts}\npromise_bands = [{rows}]\n"


def test_a_promise_may_go_by_distance(tmp_path: Path) -> None:
    agency = with_lines(tmp_path, bands("0:10", "5:15")).settings.agencies["bpbd"]
    assert [(band.beyond_km, band.minutes.mode) for band in agency.promise_bands] == [(0, 10), (5, 15)]


def test_a_promise_of_ones_own_puts_the_common_bands_aside(tmp_path: Path) -> None:
    lines = '[agencies.polri]\npromise_min = { low = 5, mode = 9, high = 20, grade = "D", source = "assumption" }\n'
    agency = with_lines(tmp_path, lines).settings.agencies["polri"]
    assert agency.promise_bands == () and agency.promise_min is not None and agency.promise_min.mode == 9


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (bands("1:10"), "agencies.bpbd.promise_bands.0.beyond_km: the first band does not begin at 0 km (found '1')"),
        (bands("0:10", "5:15", "5:9"), "bands.2.beyond_km: the bands are not in order (found '5'); expected above 5"),
        (bands("0:10", posts="[]"), "bpbd.promise_posts: the bands are measured from no post; expected one of"),
        (bands("0:10", posts='["castle"]'), "promise_posts: no such type of post (found 'castle'); expected one of"),
        (bands("0:10", posts='["prison"]'), "promise_posts: no post of these types (found 'prison'). add one to posts"),
        (bands("0:-1"), "must not be below 0"),
        (bands("-3:10"), "promise_bands.0.beyond_km"),
    ],
)
def test_bands_that_cannot_be_are_refused(tmp_path: Path, lines: str, words: str) -> None:
    assert words in told(tmp_path, lines)


def test_a_unit_that_nobody_provides_is_told(tmp_path: Path) -> None:
    settings = with_lines(tmp_path, "[agencies.bpbd]\nunits = []\n").settings
    assert without_agency(settings) == ["hazard_team", "boat_team"]


def test_days_count_from_polling_day() -> None:
    polling = date(2024, 11, 27)
    days = [day_of(polling, day) for day in ("H-7", "H", "H+1", date(2024, 8, 27))]
    assert days == [date(2024, 11, 20), polling, date(2024, 11, 28), date(2024, 8, 27)]


def test_a_promise_is_no_figure_of_the_world() -> None:
    from simsec.analysis.worlds import draw_worlds

    paths, _ = draw_worlds(shipped_area("kota-semarang"), 2, 1)
    assert not [path for path in paths if path.startswith(("agencies.", "three_pillars."))]
