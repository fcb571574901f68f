"""Laws of a policy of one's own: it plays as any other, only where its code was allowed, and fails in plain words."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from simsec.analysis.replications import day_keys, replicate_plans
from simsec.analysis.workers import open_workers
from simsec.base.errors import InputError, RunError
from simsec.cli.main import app
from simsec.cli.policies import area_with_policy, policy_facts
from simsec.day import sample_day
from simsec.plan import Plan, doctrine, doctrine_family
from simsec.plan.files import read_plan, write_plan
from simsec.scenario import read_scenario
from simsec.scenario.schema import Policy
from simsec.simulation import simulate
from simsec.simulation.calendar import marks_of
from simsec.simulation.compiled import run_compiled
from simsec.simulation.policies import own
from simsec.simulation.simulate import kept_world
from tests.areas import tiny, tiny_folder, tiny_plan

NEAREST = "from simsec.simulation.policies.nearest_capable import choose as nearest\n\n\n"
ASKED = "(world, day, state, incident, capability, now)"
SAME = f"{NEAREST}def choose{ASKED}:\n    return nearest{ASKED}\n"

CAPABLE = f"""{NEAREST}def capable{ASKED}:
    rows, can, kinds = world.kind_row[world.ladder_of[capability]], world.can, world.unit_kind
    able = [unit for unit, kind in enumerate(kinds) if can[kind][capability] and rows[kind] >= 0]
    return able, nearest{ASKED}


"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_rules.py").write_text(SAME, encoding="utf-8")
    return tmp_path


def under(name: str, code: str = "") -> Plan:
    return replace(tiny_plan(), policy=Policy(name=name), code=code)


def written(here: Path, body: str) -> Plan:
    (here / "my_rules.py").write_text(f"{CAPABLE}def choose{ASKED}:\n    {body}\n", encoding="utf-8")
    return under("my_rules:choose", own.allow("my_rules:choose"))


def test_a_policy_equal_to_the_nearest_gives_the_same_outcomes_to_the_last_byte(here: Path) -> None:
    mine = under("my_rules:choose", own.allow("my_rules:choose"))
    for number in range(6):
        day = sample_day(tiny(), 1, number, "severe")
        one, other = simulate(tiny(), mine, day), simulate(tiny(), under("nearest_capable"), day)
        for rows in ("incidents", "units"):
            for name, column in vars(getattr(one, rows)).items():
                assert column.tobytes() == getattr(getattr(other, rows), name).tobytes(), name
    assert mine.hash != under("nearest_capable").hash


def test_worker_processes_import_it_again(here: Path) -> None:
    mine = under("my_rules:choose", own.allow("my_rules:choose"))
    keys = day_keys({"ordinary": 12}, (1,))
    played = []
    for plan, count in ((mine, 2), (under("nearest_capable"), 1)):
        with open_workers(count) as pool:
            played.append(replicate_plans(tiny(), [plan], keys, pool)[0])
    assert np.array_equal(played[0].weighted, played[1].weighted)
    assert np.array_equal(played[0].incident_response_min, played[1].incident_response_min)


def test_no_file_lets_code_run(here: Path) -> None:
    plan = under("my_rules:choose", "")
    with pytest.raises(InputError, match="a file alone does not let it run"):
        kept_world(tiny(), plan)
    write_plan(here / "plan", replace(plan, code=own.allow("my_rules:choose")), tiny())
    read = read_plan(here / "plan", tiny())
    assert (read.policy.name, read.code) == ("my_rules:choose", "")
    with pytest.raises(InputError, match="--allow-code"):
        simulate(tiny(), read, sample_day(tiny(), 1, 0))


def test_a_source_that_changed_is_not_played(here: Path) -> None:
    code = own.allow("my_rules:choose")
    (here / "my_rules.py").write_text(SAME + "# another\n", encoding="utf-8")
    assert own.allow("my_rules:choose") != code
    own._LOADED.clear()
    with pytest.raises(RunError, match=r"my_rules\.py has changed"):
        own.number("my_rules:choose", code)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 1 / 0", "my_rules.py:11: the policy failed at incident .*ZeroDivisionError"),
        ("return None", "it returned None"),
        ("return True", "it returned True"),
        ("return 10**6", "there is no unit 1000000"),
        ("return max(u for u, k in enumerate(world.unit_kind) if not world.can[k][capability])", "cannot do what is"),
        ("return next((u for u in able if state.serves[u] >= 0), nearest)", "is busy"),
        ("return next((u for u in able if state.serves[u] == -2), nearest)", "is off duty"),
    ],
)
def test_what_is_wrong_with_it_is_said_in_a_line(here: Path, body: str, said: str) -> None:
    plan = written(here, f"able, nearest = capable{ASKED}; {body}")
    with pytest.raises(RunError, match=said) as raised:
        for number in range(30):
            simulate(tiny(), plan, sample_day(tiny(), 1, number, "severe"))
    assert "my_rules.py:" in str(raised.value) and "minute" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("nowhere:choose", "", "there is no file nowhere.py"),
        ("my_rules:other", "", "has no function other"),
        ("broken:choose", "x = 1\ny = 1 / 0\n", "broken.py:2: importing the policy failed .ZeroDivisionError"),
        ("broken:choose", "def choose(:\n", "broken.py:1: importing the policy failed .SyntaxError"),
    ],
)
def test_what_cannot_be_loaded_is_wrong_input(here: Path, name: str, text: str, said: str) -> None:
    if text:
        (here / "broken.py").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        own.allow(name)


def test_the_compiled_calendar_refuses_it(here: Path) -> None:
    world = kept_world(tiny(), under("my_rules:choose", own.allow("my_rules:choose")))
    with pytest.raises(RunError, match="runs on the SimPy calendar only"):
        run_compiled(world, marks_of(sample_day(tiny(), 1, 0)), 1380.0)


def test_the_command_line_plays_it_only_when_told_to(here: Path) -> None:
    area = tiny_folder(here / "area")
    run = [str(word) for word in ("simulate", area, "--days", 2, "--day-type", "ordinary", "--workers", 1, "--json")]
    refused = CliRunner().invoke(app, [*run, "--policy", "my_rules:choose"])
    assert refused.exit_code == 2 and "--allow-code" in refused.stderr
    allowed = CliRunner().invoke(app, [*run, "--policy", "my_rules:choose", "--allow-code", "--out", str(here / "out")])
    assert allowed.exit_code == 0, allowed.stderr
    told = json.loads(allowed.stdout)
    assert told["policy"] == {"name": "my_rules:choose", "source_hash": own.allow("my_rules:choose")}
    assert told["cite"].endswith(f"policy my_rules:choose {told['policy']['source_hash']}")
    manifest = json.loads((here / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert told["policy"]["source_hash"] in json.dumps(manifest) and "--allow-code" in json.dumps(manifest)
    plain = CliRunner().invoke(app, [*run, "--policy", "nearest_capable"])
    assert json.loads(plain.stdout)["day_types"] == told["day_types"]
    for wrong in ("by_lot", "preference_list"):
        refused = CliRunner().invoke(app, [*run, "--policy", wrong])
        assert refused.exit_code == 2 and "Traceback" not in refused.stderr


def own_run(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_two_plans_are_compared_under_it_only_when_told_to(here: Path) -> None:
    area, plans = tiny_folder(here / "area"), ("--plan", "announced", "--plan", "2:4")
    run = ("compare", area, *plans, "--days", 2, "--json", "--out", here / "out")
    mine = ("--policy", "my_rules:choose")
    refused = own_run(*run, *mine, "--workers", 1)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == own_run("simulate", area, "--days", 2, *mine).stderr
    assert not (here / "out").exists()
    hash_ = own.allow("my_rules:choose")
    found = own_run(*run, *mine, "--allow-code", "--workers", 2)
    assert found.exit_code == 0, found.stderr
    (told,), (plain,) = (json.loads(one.stdout) for one in (found, own_run(*run, "--policy", "nearest_capable")))
    assert [one["source_hash"] for one in told.pop("policies")] == [hash_, hash_]
    assert "source_hash" not in plain.pop("policies")[0]
    assert [one.pop("plan_hash") for one in told["plans"]] != [one.pop("plan_hash") for one in plain["plans"]]
    assert told == plain  # the same rule under another name
    own_run(*run, *mine, "--allow-code", "--workers", 1)
    page = (here / "out" / "compare.html").read_text(encoding="utf-8")
    assert f"policy my_rules:choose {hash_}" in page and "--policy my_rules:choose --allow-code" in page


def test_plans_made_for_it_are_played_under_it_and_nothing_is_made_of_code_that_was_not_allowed(here: Path) -> None:
    folder = tiny_folder(here / "area")
    refused = own_run("plan", folder, "--out", here / "runs", "--policy", "my_rules:choose")
    assert refused.exit_code == 2 and "--allow-code" in refused.stderr and not (here / "runs").exists()
    assert own_run("plan", folder, "--policy", "by_lot").exit_code == 2
    area = area_with_policy(read_scenario(folder), "my_rules:choose", True)
    code = own.allow("my_rules:choose")
    made = (doctrine(area), *doctrine_family(area)[:2])
    assert {(plan.policy.name, plan.code) for plan in made} == {("my_rules:choose", code)}
    assert policy_facts(made[0])["source_hash"] == code
    assert area.with_values({"travel.friction": 1.5}).policy_code == code  # a world of other assumptions
    assert area.hash == read_scenario(folder).hash
    day = sample_day(area, 1, 0, "severe")
    assert simulate(area, made[0], day).units.missions.sum() > 0  # a severe day has incidents


def test_a_scenario_that_names_code_is_planned_only_when_told_to(here: Path) -> None:
    path = tiny_folder(here / "area") / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('name = "chain_of_command"', 'name = "my_rules:choose"'), encoding="utf-8")
    refused = own_run("plan", path.parent, "--out", here / "runs", "--lang", "en")
    assert refused.exit_code == 2 and "a file alone does not let it run" in refused.stderr
    with pytest.raises(InputError, match="no preference lists"):
        area_with_policy(tiny(), "preference_list", False)
