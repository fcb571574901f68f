"""Experiment files: what they may say, and that everything wrong is told at once, with its line."""

from pathlib import Path

import numpy as np
import pytest

from simsec.base.errors import InputError, Problem
from simsec.experiments.reading import read_experiment
from tests.areas import tiny
from tests.experiments.files import HEAD, written

DAYS = "days = 2\n"
STUDIES = Path(__file__).parents[2] / "experiments"


def problems(path: Path) -> list[Problem]:
    with pytest.raises(InputError) as refused:
        read_experiment(path)
    return list(refused.value.problems)


def factor(*lines: str) -> str:
    return DAYS + "[[factors]]\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("body", "line", "column", "said"),
    [
        (factor('path = "travel.frction"', "levels = [1, 2]"), 6, "factors.0.path", "mean travel.friction"),
        (factor('path = "travel.friction"', 'levels = [1, "x"]'), 7, "factors.0.levels", "wrong type"),
        (factor('path = "voters.booths"', "levels = [2, 3.5]"), 7, "factors.0.levels", "a whole number"),
        (factor('path = "policy.divert_to_higher_level"', "levels = [1]"), 7, "factors.0.levels", "true or false"),
        (factor('path = "travel.friction"', "", "range = [2.0, 1.0]"), 5, "factors.0", "ends before it starts"),
        (factor('path = "weather.wet_day"', "range = [0.5, 1.5]"), 7, "factors.0.range", "between 0 and 1"),
        (factor('path = "voters.booths"', "levels = [4, 99]"), 7, "factors.0.levels", "less than or equal to 20"),
        (factor('path = "voters.closing_rule"', 'levels = ["at_noon"]'), 7, "factors.0.levels", "fixed_1300"),
        (factor('path = "forces.police"'), 6, "factors.0.path", "no range"),
        (factor('path = "day.type"', 'levels = ["ordinary", "stormy"]'), 7, "factors.0.levels", "heavy_rain"),
        (factor('path = "travel.friction"', "speed = 1"), 7, "factors.0.speed", "unknown key"),
        (factor('path = "travel.friction"') + "[design]\nkind = 'sobol'\nsize = 12", 7, "design", "power of 2"),
        (factor('path = "travel.friction"') + "[design]\nkind = 'sobol'", 7, "design", "need a size"),
        (factor('path = "labels.miss"'), 6, "factors.0.path", "give it levels"),
        (factor('path = "labels.high_share"', "levels = [0.1, 1.2]"), 7, "factors.0.levels", "0 to 1"),
        (factor('path = "labels.seed"', "levels = [1.5]"), 7, "factors.0.levels", "a whole number"),
        (DAYS + '[[plans]]\nfolder = "ours"\nlabels = false\n', 5, "plans.0", "made already"),
        ("", 0, "", "give days"),
        ("days = { stormy = 2 }\n", 4, "days", "ordinary"),
        (DAYS + 'measures = ["minutes"]\n', 5, "measures", "security_weighted_min"),
        (DAYS + 'measures = ["voter_hours_lost"]\n', 5, "measures", "voters = true"),
        (DAYS + "[[plans]]\ndoctrine = 6\noptimise = true\n", 5, "plans.0", "one of doctrine"),
        (DAYS + '[[plans]]\nfolder = "nowhere"\n', 6, "plans.0", "plan.toml"),
        (DAYS + "[[plans]]\ndoctrine = 1\n", 6, "plans.0", "officers"),
        (DAYS + "[[plans]]\ndoctrine = 6\n[[plans]]\ndoctrine = 6\n", 7, "plans.1", "two plans"),
        ("[precision]\nrelative = 0.1\nmost_days = 100\n", 6, "precision.most_days", "too few for the first round"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(body: str, line: int, column: str, said: str, tmp_path: Path) -> None:
    found = problems(written(tmp_path, body))
    assert any(said in str(problem) and problem.column.startswith(column) for problem in found), list(map(str, found))
    assert line in {problem.row for problem in found}, list(map(str, found))
    assert {problem.file for problem in found} == {"demo.toml"}


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    body = factor('path = "travel.frction"') + '[[factors]]\npath = "voters.booths"\nlevels = [99]\n'
    body += '[[plans]]\nfolder = "nowhere"\n'
    assert {problem.row for problem in problems(written(tmp_path, body))} >= {6, 9, 11}


def test_a_file_that_is_none_and_a_scenario_that_is_none_are_told(tmp_path: Path) -> None:
    assert "no such file" in str(problems(tmp_path / "nowhere.toml")[0])
    path = written(tmp_path, DAYS, HEAD.replace("sukamaju", "nowhere"))
    (told,) = problems(path)
    assert (told.file, told.row, told.column) == ("demo.toml", 3, "scenarios.0")
    assert "unknown format" in str(problems(written(tmp_path, DAYS, HEAD.replace("1", "2", 1)))[0])
    assert "not a TOML file" in str(problems(written(tmp_path, "days ="))[0])


def test_a_factor_without_levels_takes_low_mode_and_high_of_the_scenario(tmp_path: Path) -> None:
    experiment = read_experiment(written(tmp_path, factor('path = "travel.friction"')))
    figure = tiny().parameters()["travel.friction"]
    values = [experiment.values(cell)["travel.friction"] for cell in range(experiment.cells)]
    assert values == pytest.approx([figure.low, figure.mode, figure.high])


def test_whole_numbers_settings_cases_and_days_are_factors_too(tmp_path: Path) -> None:
    body = factor('path = "forces.reserve"', "range = [10, 31]", "steps = 4")
    body += '[[factors]]\npath = "weather.type"\nlevels = ["ordinary", "severe"]\n'
    body += '[[factors]]\nname = "hall"\n[factors.cases]\n'
    body += 'small = { "voters.booths" = 2 }\nlarge = { "voters.booths" = 6, "voters.turnout" = 0.9 }\n'
    experiment = read_experiment(written(tmp_path, body))
    assert experiment.cells == 16
    assert [experiment.values(cell)["forces.reserve"] for cell in (0, 4, 8, 12)] == [10, 17, 24, 31]
    assert experiment.values(1) == {"forces.reserve": 10, "day.type": "ordinary", "hall": "large"}
    assert experiment.settings(1)["voters.turnout"] == 0.9
    assert (experiment.days(1), experiment.days(2)) == ({"ordinary": 2}, {"severe": 2})


def test_unknowns_are_the_uncertain_figures_of_a_grade_but_judgements_and_those_left_out(tmp_path: Path) -> None:
    body = DAYS + '[unknowns]\ngrades = ["D"]\nleave_out = ["incidents."]\n[design]\nkind = "morris"\nsize = 2\n'
    experiment = read_experiment(written(tmp_path, body))
    names = [factor.name for factor in experiment.factors[0]]
    known = tiny().parameters()
    assert "ladders.police.steps.0.delay_min" in names and len(names) > 20
    assert {known[name].grade for name in names} == {"D"}
    assert not any(name.startswith(("weights.", "incidents.", "forces.")) for name in names)
    assert experiment.points.shape == (2 * (len(names) + 1), len(names))


def test_the_identity_holds_everything_that_decides_results_and_nothing_else(tmp_path: Path) -> None:
    body = factor('path = "travel.friction"', "levels = [1.5, 1.6]")
    first = read_experiment(written(tmp_path, body)).identity()
    titled = '# a note\n[title]\nen = "a"\nid = "b"\n'
    assert read_experiment(written(tmp_path, titled, HEAD + body)).identity() == first
    for old, new in (("1.6", "1.7"), ("days = 2", "days = 3"), ("friction", "night_factor")):
        changed = body.replace(old, new).replace("1.5", "0.85") if "night" in new else body.replace(old, new)
        if "night" in new:
            changed = changed.replace("1.6", "0.9")
        assert read_experiment(written(tmp_path, changed)).identity() != first, new
    settings = tmp_path / "sukamaju" / "scenario.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + "\n# a word\n", encoding="utf-8")
    assert read_experiment(written(tmp_path, body)).identity()["scenarios"] != first["scenarios"]


def test_points_of_a_scenario_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    body = factor('path = "travel.friction"') + '[design]\nkind = "sobol"\nsize = 8\n'
    first = read_experiment(written(tmp_path, body)).points
    assert np.array_equal(read_experiment(written(tmp_path, body)).points, first)
    assert not np.array_equal(read_experiment(written(tmp_path, body, HEAD + "seed = 2\n")).points, first)


@pytest.mark.parametrize("name", sorted(path.stem for path in STUDIES.glob("*.toml")))
def test_every_shipped_study_is_a_good_experiment_with_a_title_in_both_languages(name: str) -> None:
    path = STUDIES / f"{name}.toml"
    experiment = read_experiment(path)
    assert experiment.file.name == path.stem and experiment.cells > 1
    title = experiment.file.title
    assert title is not None and title.en != title.id
