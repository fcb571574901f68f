"""`simsec optimize` and `simsec compare` from the command line: what they write, say, and refuse."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pulp
import pytest
from typer.testing import CliRunner, Result

from simsec.cli.main import app
from simsec.optimization import search, solving
from simsec.plan.files import read_plan
from simsec.scenario import read_scenario
from tests.areas import tiny_folder


@pytest.fixture
def area(tmp_path: Path, few_days: None) -> Path:
    return tiny_folder(tmp_path / "areas" / "sukamaju")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--workers", "1", "--lang", "en"])


def found(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_plan_written_is_the_one_told_and_can_be_read_again(area: Path) -> None:
    told = found("optimize", str(area), "--time-limit", "60")
    plan = read_plan(Path(told["folder"]) / "plan", read_scenario(area))
    assert plan.hash == told["plan_hash"] and plan.blocks == told["pairs"]
    assert told["seconds"] < 66
    manifest = json.loads((Path(told["folder"]) / "manifest.json").read_text("utf-8"))
    assert manifest["command"].startswith("simsec optimize areas/sukamaju --objective primary")


@pytest.mark.parametrize("objective", ["medical", "red-only", "tail"])
def test_what_is_looked_for_may_be_something_else(area: Path, objective: str) -> None:
    assert found("optimize", str(area), "--objective", objective)["objective"] == objective


def test_a_budget_that_staffs_nothing_is_refused_in_words_also_in_json(area: Path) -> None:
    result = run("optimize", str(area), "--budget", "police=2", "--json")
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["exit_code"] == 2 and "officers are missing" in told["error"][0]
    assert "the nearest plan that works" in result.stderr and not list(Path("runs").glob("*"))


def test_another_strength_gives_another_plan(area: Path) -> None:
    more = found("optimize", str(area), "--budget", "police=40", "--budget", "reserve=40")
    assert sum(more["squads"].values()) == 4 and 2 * (more["pairs"] + more["patrols"] - 2) <= 40


def test_changes_from_a_plan_are_listed_and_made(area: Path) -> None:
    told = found("optimize", str(area), "--from", "2:10", "--max-changes", "2")
    assert len(told["changes"]["moves"]) <= 2 and told["from"] == "2:10"
    plan = read_plan(Path(told["folder"]) / "plan", read_scenario(area))
    if told["changes"]["moves"]:
        assert plan.hash == told["changes"]["moves"][-1]["plan_hash"]
    shown = run("optimize", str(area), "--from", "2:10", "--max-changes", "2")
    assert shown.exit_code == 0, shown.stderr
    before = time.monotonic()
    assert run("optimize", str(area), "--from", "no-such-plan").exit_code == 2
    assert time.monotonic() - before < 5  # refused before anything is searched


def test_the_least_strength_is_told_with_who_could_rest(area: Path) -> None:
    told = found("optimize", str(area), "--least-strength")["least_strength"]
    assert [level["police"] for level in told["police"]] == [22, 28] and told["today"] == "announced"
    assert run("optimize", str(area), "--least-strength").exit_code == 0


@pytest.mark.parametrize("budget", ["police=-200%", "police=abc", "police=1.5", "ships=3", "police=99999999999"])
def test_a_strength_that_makes_no_sense_is_refused(area: Path, budget: str) -> None:
    assert run("optimize", str(area), "--budget", budget).exit_code == 2


def test_what_was_asked_is_told_to_people_and_machines(area: Path) -> None:
    told = found("optimize", str(area), "--day-type", "heavy_rain", "--budget", "police=-10%")
    assert told["day_type"] == "heavy_rain" and told["strength"] == {"police": {"announced": 28, "now": 25}}
    command = json.loads((Path(told["folder"]) / "manifest.json").read_text("utf-8"))["command"]
    assert "--day-type heavy_rain" in command and "--budget police=-10%" in command


def test_under_one_type_of_day_a_gain_is_that_given_the_type_and_no_other_is_played(area: Path) -> None:
    options = ("--plan", "announced", "--move", "20:polres-9.1:polsek-9.2", "--days", "8")
    (mixed,) = found("compare", str(area), *options)
    (storm,) = found("compare", str(area), *options, "--day-type", "severe")
    given = mixed["gain_by_family"]["security"]["severe"]
    assert storm["gain"]["mean"] == pytest.approx(given["mean"]) and storm["days"] == 8
    assert storm["day_type"] == "severe" and mixed["gain"]["mean"] != pytest.approx(given["mean"])
    assert run("compare", str(area), *options, "--day-type", "severe", "--out", "out").exit_code == 0
    page = Path("out/compare.html").read_text("utf-8")
    assert "Only one type of day counts here: severe day." in page and "natural rates</th>" not in page


@pytest.mark.parametrize("move", ["20", "20:no:polsek-9.2", "15:polres-9.1:polsek-9.2", "90:polres-9.1:polsek-9.2"])
def test_a_move_that_cannot_be_made_is_refused_in_words(area: Path, move: str) -> None:
    result = run("compare", str(area), "--plan", "announced", "--move", move)
    assert result.exit_code == 2 and result.stderr.startswith("simsec: --move")


def test_two_plans_are_compared_with_a_page_for_internal_use(area: Path) -> None:
    options = ("--plan", "announced", "--plan", "2:10", "--days", "4")
    (one,) = found("compare", str(area), *options, "--out", "out")
    assert set(one["gain_by_family"]) == {"security", "medical", "logistics", "hazard"}
    assert [plan["name"] for plan in one["plans"]] == ["announced", "2:10"]
    page = Path("out/compare.html").read_text("utf-8")
    assert "RESTRICTED" in page and "Kaliurip" in page and "<img" in page
    assert "Kaliurip" not in Path("out/compare.json").read_text("utf-8")  # villages stand on the page alone
    other = tiny_folder(area.parent / "other")
    assert len(found("compare", str(area), str(other), *options)) == 2
    shown = run("compare", str(area), *options)
    assert shown.exit_code == 0 and "sub-district" in shown.stdout


def test_a_plan_against_itself_gains_nothing_and_one_plan_is_not_compared(area: Path) -> None:
    (one,) = found("compare", str(area), "--plan", "2:10", "--plan", "2:10", "--days", "3")
    assert one["gain"]["mean"] == 0 and one["stations_losing"] == one["stations_gaining"] == 0
    assert run("compare", str(area), "--plan", "2:10").exit_code == 2
    assert run("compare", str(area), "--plan", "2:10", "--plan", "nowhere").exit_code == 2


WEIGHT = 'red = { low = 5, mode = 9, high = 15, grade = "D"'


@pytest.mark.parametrize("red", ["nan", "inf", "-inf"])
def test_weights_that_are_no_numbers_are_refused_before_anything_is_played(area: Path, red: str) -> None:
    path = area / "scenario.toml"
    written = path.read_text("utf-8")
    assert WEIGHT in written
    path.write_text(written.replace(WEIGHT, WEIGHT.replace("15", red).replace("9", red)), encoding="utf-8")
    result = run("optimize", str(area))
    assert result.exit_code == 2 and "weights.red" in result.stderr and not list(Path("runs").glob("*"))


def test_when_nothing_of_a_family_is_expected_no_plan_is_looked_for(area: Path) -> None:
    path = area / "scenario.toml"
    none = 'rate_per_station = { value = 0, grade = "A", source = "none" }'
    path.write_text(re.sub(r"(?m)^rate_per_station = .*$", none, path.read_text("utf-8")), encoding="utf-8")
    result = run("optimize", str(area), "--objective", "medical", "--json")
    assert result.exit_code == 2 and "no incident of this family is expected" in result.stderr
    assert not list(Path("runs").glob("*"))


def test_a_lock_over_the_strength_is_refused_with_how_much(area: Path) -> None:
    Path("locked.csv").write_text("site_code,patrols,squads\npolres-9.1,,9\npolsek-9.1,90,\n", encoding="utf-8")
    result = run("optimize", str(area), "--lock", "locked.csv", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 2 and "9 squads are locked" in " ".join(told["error"])
    assert "the locked patrols take 178 officers" in " ".join(told["error"])


def test_a_missing_solver_is_said_with_a_way_out(area: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving.pulp, "PULP_CBC_CMD", None, raising=False)
    monkeypatch.setattr(solving.shutil, "which", lambda *_: None)
    result = run("optimize", str(area), "--solver", "cbc", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == told["exit_code"] == 1 and "install it, or take highs" in told["error"][0]
    assert not list(Path("runs").glob("*/plan"))


def test_a_solver_that_stops_without_an_answer_leaves_no_plan(area: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise pulp.PulpSolverError("it fell over")

    monkeypatch.setattr(solving, "_solve_highs", broken)
    result = run("optimize", str(area))
    assert result.exit_code == 1 and "it fell over" in result.stderr and "Traceback" not in result.stderr
    assert not list(Path("runs").glob("*/plan"))


def test_no_model_in_time_gives_the_doctrine_checked_and_says_so(area: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        raise solving.NoPlanInTime("HiGHS found no plan")

    monkeypatch.setattr(search, "deploy", late)
    told = found("optimize", str(area), "--time-limit", "60")
    assert not told["accepted"] and told["time_is_up"] and not told["certificate"]["deployment_model"]["proven"]
    read_plan(Path(told["folder"]) / "plan", read_scenario(area))
