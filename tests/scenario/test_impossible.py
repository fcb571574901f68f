"""Laws of impossible models: what nobody could ever do is refused before the first day, with the line that says why."""

from pathlib import Path

import pytest

from simsec.base.errors import InputError
from simsec.scenario import read_scenario
from tests.areas import tiny_folder


def changed(folder: Path, old: str, new: str, file: str = "scenario.toml") -> Path:
    """The tiny area with one change."""
    area = tiny_folder(folder / "area")
    text = (area / file).read_text(encoding="utf-8")
    assert old in text
    (area / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return area


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('capabilities = ["hazard_team"]\nvehicle', "capabilities = []\nvehicle",
         "scenario.toml, incidents.flood.needs.green: no unit of any team can do this (found 'hazard_team')"),
        ("green = { hazard_team = 1", "green = { hazard_team = 9",
         "scenario.toml, incidents.flood.needs.green.hazard_team: more units are needed than can do this (found '9')"),
        ("value = 0.012493", "value = nan",
         "scenario.toml, incidents.late_open.rate_per_station.mode: Input should be a finite number (found 'nan')"),
        ("format = 1\n", 'format = 1\nextends = "."\n', "a scenario cannot extend itself (found '.')"),
    ],
    ids=["nobody can", "too few can", "not a number", "a circle"],
)  # fmt: skip
def test_an_impossible_model_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    with pytest.raises(InputError) as refused:
        read_scenario(changed(tmp_path, old, new))
    assert line in str(refused.value)


def test_what_the_plan_places_may_be_needed_in_any_number(tmp_path: Path) -> None:
    read = read_scenario(changed(tmp_path, "red = { squad = 3 }", "red = { squad = 30 }"))
    assert max(kind.needs.get("red", {}).get("squad", 0) for kind in read.settings.incidents.values()) == 30
