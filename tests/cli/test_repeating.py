"""The command a run leaves behind makes the same run again."""

import json
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simsec import report
from simsec.cli.common import command_line, path_told
from simsec.cli.main import app
from simsec.optimization import judge, search
from simsec.scenario.schema import DAY_TYPES
from tests.areas import tiny_folder

FEW: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)
SAME = ("scenario_hash", "plan_hash", "plan_hashes", "accepted", "seeds", "days", "world_days", "better_in_worlds")
GAINS = ("gain_over_announced", "gain_over_best_doctrine", "gain_given_day_type")


def test_the_command_of_a_manifest_makes_the_same_plan_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def no_pages(folder: Path, judged: Any, found: Any, meta: report.ReportMeta, language: str, **_: Any) -> None:
        told.append(f"{meta.command} in {language}")

    monkeypatch.setattr(search, "search", partial(search.search, training=FEW, selection=FEW, acceptance=FEW))
    monkeypatch.setattr(search, "PORTFOLIO", ((0.0, 0.5, False),))
    monkeypatch.setattr(judge, "WORLDS", 2)
    monkeypatch.setattr(report, "write_report", no_pages)
    monkeypatch.chdir(tmp_path)
    area = tiny_folder(tmp_path / "areas" / "sukamaju")

    def planned(*arguments: str) -> dict[str, Any]:
        before = set(Path("runs").glob("*/manifest.json"))
        result = CliRunner().invoke(app, [*arguments, "--workers", "1", "--json"])
        assert result.exit_code == 0, result.stderr
        (manifest,) = set(Path("runs").glob("*/manifest.json")) - before
        found: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
        return found

    options = ("--days", "21", "--world-days", "2", "--seed", "7")
    first = planned("plan", str(area), *options, "--lang", "id")
    said = f"{' '.join(options)} --solver highs --time-limit 60"  # what was not given too: usual values may change
    assert first["command"] == f"simsec plan areas/sukamaju {said} --lang id"
    assert told == [f"{first['command']} in id"]
    assert first["world_seed"] == 7 and first["world_days"] == dict.fromkeys(DAY_TYPES, 2) | {"severe": 6}
    assert first["plan_hashes"]["chosen"] == first["plan_hash"]
    again = planned(*shlex.split(first["command"])[1:])
    for name in (*SAME, *GAINS, "command", "cite"):
        assert again[name] == first[name], name


def test_simulate_repeats_itself_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_folder(tmp_path / "sukamaju")
    asked = ["simulate", "sukamaju", "--describe", "--day-type", "severe", "--voters", "--lang", "en"]
    described = CliRunner().invoke(app, asked).stdout
    assert "`simsec simulate sukamaju --days 50 --day-type severe --seed 1 --voters`" in described
    described = CliRunner().invoke(app, [*asked, "--precision", "2 %"]).stdout
    told = "--precision '2 %' --day-limit 10000 --day-type severe"
    assert f"`simsec simulate sukamaju {told} --seed 1 --voters`" in described


def test_a_path_is_told_from_where_the_command_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_told(tmp_path / "areas" / "one") == path_told(Path("areas/one")) == "areas/one"
    assert path_told(Path("../one")) == "../one"
    assert path_told(tmp_path.parent / "one") == (tmp_path.parent / "one").as_posix()
    assert command_line("plan", Path("a"), plan=Path("b c"), days=0, seed=2**31) == (
        f"simsec plan a --plan 'b c' --days 0 --seed {2**31}"
    )
