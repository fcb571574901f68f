"""Laws of impossible models: what nobody could ever do is refused before the first day, with the line that says why."""

import re
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
         "scenario.toml, incidents.late_open.rate_per_station: a figure must be a finite number, without quotes and "
         "with a decimal point (found 'nan')"),
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


@pytest.mark.parametrize("written", ["nan", "inf", "-inf", '"abc"', '"0,05"', "true", "[1]"])
def test_a_rate_that_is_no_number_is_one_line_whatever_it_is(tmp_path: Path, written: str) -> None:
    with pytest.raises(InputError) as refused:
        read_scenario(changed(tmp_path, "value = 0.012493", f"value = {written}"))
    (problem,) = refused.value.problems
    assert problem.column == "incidents.late_open.rate_per_station" and "a finite number" in problem.what


@pytest.mark.parametrize("key", ["speed_village_kmh", "speed_foot_kmh", "friction", "winding_flat", "truck_factor"])
def test_nobody_moves_at_no_speed(tmp_path: Path, key: str) -> None:
    area = tiny_folder(tmp_path / "area")
    text = (area / "scenario.toml").read_text(encoding="utf-8")
    nothing = f'{key} = {{ value = 0, grade = "C", source = "none" }}'
    still, count = re.subn(rf"^{key} = {{.*}}$", nothing, text, flags=re.MULTILINE)
    (area / "scenario.toml").write_text(still, encoding="utf-8")
    with pytest.raises(InputError, match=f"travel.{key}: must be above 0"):
        read_scenario(area)
    assert count == 1


def test_nobody_sleeps_at_a_hamlet_that_is_none(tmp_path: Path) -> None:
    rows = [f'[[prepositioned]]\nvillage = "{village}"\nunit = "pair"\n\n' for village in ("8.8.8", "9.1.1")]
    with pytest.raises(InputError) as refused:
        read_scenario(changed(tmp_path, "[policy]", "".join(rows) + "[policy]"))
    remedy = "name a village whose stations have the access river or one_road"
    assert str(refused.value).splitlines() == [
        f"scenario.toml, prepositioned.0.village: no such village (found '8.8.8'). {remedy}",
        "scenario.toml, prepositioned.1.village: no station of this village is hard to reach (found '9.1.1'). "
        f"{remedy}",
    ]


def test_no_more_than_three_days_are_simulated(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_scenario(changed(tmp_path, 'ends = "H 23:00"', 'ends = "H+9 23:00"'))
    assert (
        "clock.ends: only the day before, polling day and the day after are simulated (found 'H+9 23:00'); "
        "expected within H-1 00:00 - H+2 00:00. correct the hour"
    ) in str(refused.value)
