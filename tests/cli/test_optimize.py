"""`simsec optimize` and `simsec compare` from the command line: what they write, say, and refuse."""

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from simsec.cli.main import app
from simsec.optimization import changes, search, strength
from simsec.plan.files import read_plan
from simsec.scenario import read_scenario
from simsec.scenario.schema import DAY_TYPES
from tests.areas import tiny_folder

FEW: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)


@pytest.fixture
def area(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "search", partial(search.search, training=FEW, selection=FEW, acceptance=FEW))
    monkeypatch.setattr(search, "PORTFOLIO", ((0.0, 1.0, True), (0.0, 1.0, False)))
    monkeypatch.setattr(changes, "few_changes", partial(changes.few_changes, ranking=FEW, telling=FEW))
    monkeypatch.setattr(
        strength, "least_strength", partial(strength.least_strength, shares=(0.8, 1.0), days=FEW, training=FEW)
    )
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
