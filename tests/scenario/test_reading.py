"""Laws of a scenario that has been read."""

import shutil
from pathlib import Path

import pytest

from simsec.base.errors import InputError
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.reading import FILES
from tests.areas import shipped
from tests.scenario.area import sukamaju


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sukamaju(tmp_path_factory.mktemp("area") / "sukamaju")


@pytest.fixture(scope="module")
def scenario(folder: Path) -> Scenario:
    return read_scenario(folder)


def test_every_figure_can_be_set_by_its_path(scenario: Scenario) -> None:
    wanted = {path: (figure.low + figure.mode) / 2 for path, figure in scenario.parameters().items()}
    set_to = scenario.with_values(wanted).parameters()
    assert {path: figure.mode for path, figure in set_to.items()} == wanted


def test_the_range_of_a_drawn_figure_moves_with_it_and_the_original_stays(scenario: Scenario) -> None:
    other = scenario.with_values({"travel.friction": 2.5})
    assert (other.settings.travel.friction.mode, other.settings.travel.friction.high) == pytest.approx((2.5, 2.75))
    assert scenario.settings.travel.friction.mode == 1.65


def test_an_unknown_path_is_refused(scenario: Scenario) -> None:
    with pytest.raises(InputError, match=r"values, travel\.fiction: no such parameter"):
        scenario.with_values({"travel.fiction": 1})


def test_the_hash_tells_content_apart_and_nothing_else(scenario: Scenario, folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert read_scenario(copy).hash == scenario.hash
    seen = {scenario.hash}
    for file in FILES:
        text = (copy / file).read_text(encoding="utf-8")
        (copy / file).write_text(text.replace("Sukamaju", "Sukamakmur").replace("none,local", "track,local") + "\n")
        seen.add(read_scenario(copy).hash)
    seen.add(scenario.with_values({"travel.friction": 1.7}).hash)
    assert len(seen) == len(FILES) + 2


def test_the_types_of_day_add_up(scenario: Scenario) -> None:
    assert sum(scenario.day_type_probability.values()) == pytest.approx(1)
    assert list(scenario.day_type_probability) == ["ordinary", "heavy_rain", "rumour", "severe"]


def test_what_was_read_cannot_be_changed(scenario: Scenario) -> None:
    with pytest.raises(ValueError, match="frozen"):
        scenario.settings.forces.police.mode = 1


def test_a_figure_moved_to_the_end_of_its_range_is_still_one() -> None:
    """Every graded figure may be asked for at both ends of what is thought possible, one at a time."""
    area = shipped()
    for path, figure in area.parameters().items():
        for end in (figure.low, figure.high):
            assert area.with_values({path: end}).parameters()[path].mode == end
