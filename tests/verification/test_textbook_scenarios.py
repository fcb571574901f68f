"""The folders in scenarios/textbook: they run with the same commands as a polling day, and every event is in order."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simsec.analysis.replications import day_keys, replicate_plans
from simsec.analysis.workers import open_workers
from simsec.base.errors import InputError
from simsec.cli.main import app
from simsec.day import sample_day
from simsec.plan import check_plan, doctrine, doctrine_family
from simsec.plan.files import read_plan, write_plan
from simsec.scenario import read_scenario
from simsec.simulation import simulate
from simsec.simulation.audit import audit
from simsec.simulation.calendar import marks_of
from simsec.simulation.probes import probe_tables
from simsec.simulation.simulate import kept_world
from simsec.simulation.trace import Trace
from tests.verification.exact import erlang_b, erlang_c
from tests.verification.systems import two_bases

FOLDERS = sorted(path.parent for path in Path("scenarios/textbook").glob("*/scenario.toml"))
NAMES = [folder.name for folder in FOLDERS]


def run(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


def test_the_six_are_there() -> None:
    assert NAMES == ["erlang_b", "hypercube3", "mginf", "mm1", "mmc", "priority"]


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_it_is_checked_and_simulated_with_the_usual_commands(folder: Path, tmp_path: Path) -> None:
    code, out, _ = run("check", folder, "--json")
    assert code == 0 and sum(json.loads(out)["expected_reports"].values()) > 500
    code, out, _ = run("check", folder, "--lang", "id")
    assert code == 0 and "Skenario baik." in out
    options = ["--days", "2", "--workers", "1", "--voters", "--out", tmp_path / "run", "--trace", "--describe"]
    code, out, _ = run("simulate", folder, *options, "--json")
    summary = json.loads(out)
    assert code == 0 and summary["days"] == 2 and list(summary["day_types"]) == ["ordinary"]
    assert len(list((tmp_path / "run").glob("*.parquet"))) == 5
    described = (tmp_path / "run" / "describe.md").read_text(encoding="utf-8")
    assert "incidents." in described and "KPPS" not in described
    code, out, _ = run("simulate", folder, "--days", "2", "--workers", "1", "--lang", "en")
    assert code == 0 and "Plan as given" in out


def test_planning_is_refused_with_a_reason() -> None:
    code, _, err = run("plan", FOLDERS[0], "--lang", "en")
    assert code == 2 and "no polling stations to guard" in err
    given = read_scenario(FOLDERS[0])
    for refused in (
        lambda: doctrine_family(given),
        lambda: doctrine(given, 8),
        lambda: probe_tables(given, doctrine(given)),
        lambda: sample_day(given, 1, 0, "severe"),
    ):
        with pytest.raises(InputError, match="general scenario"):
            refused()


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_every_event_is_in_order(folder: Path) -> None:
    given = read_scenario(folder)
    orderly(given)


@pytest.mark.parametrize("returns", ["on_the_road", "at_once"])
def test_every_event_is_in_order_where_units_drive(returns: str) -> None:
    orderly(two_bases(f'order = "level_time"\nreturns = "{returns}"'))


def orderly(given) -> None:
    plan, (_, ends) = doctrine(given), given.horizon_min
    world, day = kept_world(given, plan), sample_day(given, 2, 0)
    trace = Trace(world, marks_of(day))
    outcome = simulate(given, plan, day, listener=trace)
    assert audit(world, marks_of(day), trace.events(ends), ends, outcome) == []
    answered = int((outcome.incidents.units_sent > 0).sum())
    waiting = len(outcome.incidents) - answered - outcome.lost
    assert outcome.lost + answered + waiting == len(outcome.incidents) and (outcome.lost == 0 or waiting == 0)


def test_a_plan_as_given_is_written_and_read_again(tmp_path: Path) -> None:
    given = two_bases("")
    plan = doctrine(given)
    check_plan(given, plan)
    write_plan(tmp_path, plan, given)
    assert read_plan(tmp_path, given).hash == plan.hash
    nearest = tmp_path / "plan.toml"
    nearest.write_text(nearest.read_text().replace("preference_list", "nearest_capable"))
    assert simulate(given, read_plan(tmp_path, given), sample_day(given, 1, 0)).units.missions.sum() > 0
    nearest.write_text(nearest.read_text().replace("[squads]", "[squads]\na = 1 #"))
    with pytest.raises(InputError, match="no patrols and no reserve"):
        read_plan(tmp_path, given)


def test_what_the_folders_say_of_themselves_is_what_theory_says() -> None:
    assert f"{100 * erlang_c(3, 2.4):.1f} %" == "64.7 %" and f"{erlang_c(3, 2.4) / (0.6 / 6):.1f}" == "6.5"
    assert f"{100 * erlang_b(5, 4):.1f} %" == "19.9 %" and erlang_c(1, 0.7) / (0.3 / 6) == pytest.approx(14)
    readme = (FOLDERS[0].parent / "README.md").read_text(encoding="utf-8")
    for words in ("64.7 % wait, 6.5 minutes", "19.9 % are lost", "mean wait 14 minutes"):
        assert words in readme


def test_many_missions_of_one_unit_are_counted(tmp_path: Path) -> None:
    given = read_scenario("scenarios/textbook/erlang_b")
    with open_workers(1) as pool:
        runs = replicate_plans(given, [doctrine(given)], day_keys({"ordinary": 1}, (1,)), pool, missions=True)[0]
    assert runs.missions.dtype == np.int32 and runs.missions.sum() == runs.count.sum() - runs.unanswered.sum()
