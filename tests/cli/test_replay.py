"""``simsec replay``: what it prints and writes, its exit codes, and that a day of ``simulate`` plays again."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from simsec.cli.main import app
from tests.areas import SHIPPED, tiny, tiny_folder


def simsec(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def area(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("area") / "sukamaju")


def test_the_first_day_of_a_run_plays_again(area: Path, tmp_path: Path) -> None:
    log, out = tmp_path / "day.csv", tmp_path / "out"
    options = ("--days", 2, "--day-type", "severe", "--seed", 4, "--workers", 1, "--lang", "en")
    code, said, _ = simsec("simulate", area, *options, "--export-log", log, "--out", tmp_path / "run")
    assert code == 0 and str(log) in said.replace("\n", "")
    code, said, err = simsec("replay", area, "--incidents", log, "--out", out, "--lang", "en")
    assert code == 0, err
    assert "nothing to compare" in said and "Not in the log" not in said and "dry" not in said
    assert {path.name for path in out.iterdir()} == {"replay.parquet", "calibration.md", "manifest.json"}
    run = [row for row in pq.read_table(tmp_path / "run" / "incidents.parquet").to_pylist() if row["day"] == 0]
    rows = [row for row in pq.read_table(out / "replay.parquet").to_pylist() if row["last_level"] is not None]
    rows.sort(key=lambda row: int(row["incident"]))
    assert [row["response_min"] for row in rows] == [row["response_min"] for row in run]
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["incidents"] == len(rows) and manifest["plan_hash"] and manifest["log_hash"]


@pytest.mark.parametrize("name", ["mm1", "hypercube3"])
def test_a_textbook_scenario_is_replayed_like_any_other(name: str, tmp_path: Path) -> None:
    area, log = SHIPPED.parent / "textbook" / name, tmp_path / "day.csv"
    assert simsec("simulate", area, "--days", 2, "--workers", 1, "--json", "--export-log", log)[0] == 0
    code, out, err = simsec("replay", area, "--incidents", log, "--json")
    assert code == 0, err
    facts = json.loads(out)
    assert facts["incidents"] == facts["rows"] > 100 and facts["from_scenario"] == []


def test_everything_wrong_is_told_with_exit_code_2_in_the_readers_language(area: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("time,place,kind,on_scene_min\nH 07:10,x,y,-1\nH 7,x,y,1\n", encoding="utf-8")
    code, out, err = simsec("replay", area, "--incidents", log, "--lang", "id")
    assert (code, out) == (2, "") and len(err.splitlines()) == 6
    assert "baris 2, place: tidak ada TPS atau desa dengan kode ini" in err and "Traceback" not in err
    assert simsec("replay", area, "--incidents", tmp_path / "nowhere.csv")[0] == 2


def test_any_plan_may_answer(area: Path, tmp_path: Path) -> None:
    from simsec.plan import doctrine
    from simsec.plan.files import write_plan
    from simsec.scenario import read_scenario

    write_plan(tmp_path / "plan", doctrine(read_scenario(area)), read_scenario(area))
    log = tmp_path / "log.csv"
    row = f"2024-11-27T07:10+07:00,{tiny().villages.code[0]},intimidation,20"
    log.write_text(f"time,place,kind,on_scene_min\n{row}\n", encoding="utf-8")
    code, out, err = simsec("replay", area, "--incidents", log, "--plan", tmp_path / "plan", "--json")
    assert code == 0, err
    assert json.loads(out)["answered"] == 1
