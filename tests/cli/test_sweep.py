"""``simsec sweep`` and ``simsec query``, as a new user would use them."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simsec.cli.main import app
from simsec.cli.sweep import said
from simsec.experiments import runner
from simsec.experiments.lock import locked
from simsec.experiments.runner import Progress
from simsec.experiments.store import LOCK
from simsec.locale import texts
from tests.experiments.files import written

BODY = 'days = { ordinary = 4 }\n[[factors]]\npath = "travel.friction"\nlevels = [1.4, 1.9]\n'


def simsec(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_check_plays_nothing_and_says_how_much_it_would_be(tmp_path: Path) -> None:
    path = written(tmp_path, BODY)
    code, out, _ = simsec("sweep", path, "--check", "--lang", "en", "--out", tmp_path / "run")
    assert code == 0 and "2 points, 1 plans, 8 runs" in out and not (tmp_path / "run").exists()
    code, out, _ = simsec("sweep", path, "--check", "--json")
    assert json.loads(out) == {
        "cells": 2, "plans": ["announced"], "tasks": 2, "factors": ["travel.friction"], "runs": 8, "exact": True,
    }  # fmt: skip


def test_a_sweep_is_played_resumed_merged_and_asked(tmp_path: Path) -> None:
    path, out = written(tmp_path, BODY), tmp_path / "run"
    code, told, progress = simsec("sweep", path, "--out", out, "--workers", 1, "--lang", "en")
    assert code == 0 and "8 runs" in told and "2 of 2 tasks" in progress
    code, _, err = simsec("sweep", path, "--out", out, "--workers", 1, "--lang", "en")
    assert code == 2 and "--resume" in err
    code, told, _ = simsec("sweep", path, "--out", out, "--resume", "--workers", 1, "--compact", "--json")
    assert code == 0 and json.loads(told)["tasks"] == 0
    assert (out / "runs.parquet").exists() and (out / "experiment.toml").read_text() == path.read_text()
    question = 'select cell, "travel.friction" as f, sum(days) as days from summary group by all order by cell'
    code, told, _ = simsec("query", out, question, "--json")
    assert code == 0
    assert json.loads(told) == [{"cell": 0, "f": 1.4, "days": 4}, {"cell": 1, "f": 1.9, "days": 4}]
    code, told, _ = simsec("query", out, "select cell, count(*) as n from runs group by cell order by cell", "--csv")
    assert list(csv.reader(io.StringIO(told))) == [["cell", "n"], ["0", "4"], ["1", "4"]]
    code, told, _ = simsec("query", out, "select range as n from range(60)", "--lang", "en")
    assert code == 0 and "first 50 of 60" in told


def test_another_experiment_is_not_mixed_in(tmp_path: Path) -> None:
    simsec("sweep", written(tmp_path, BODY), "--out", tmp_path / "run", "--workers", 1)
    other = written(tmp_path, BODY.replace("= 4", "= 5"))
    code, _, err = simsec("sweep", other, "--out", tmp_path / "run", "--resume", "--workers", 1, "--lang", "en")
    assert code == 2
    assert "days.ordinary" in err and "'4'" in err and "expected 5" in err


@pytest.mark.parametrize(("lang", "word"), [("en", "did you mean"), ("id", "mungkin maksudnya")])
def test_what_is_wrong_is_told_in_both_languages(lang: str, word: str, tmp_path: Path) -> None:
    code, out, err = simsec("sweep", written(tmp_path, BODY.replace("travel.f", "travel.")), "--lang", lang)
    assert (code, out) == (2, "")
    assert word in err and "demo.toml" in err and "6" in err and "Traceback" not in err


def test_a_question_nobody_can_answer_is_exit_code_2(tmp_path: Path) -> None:
    code, _, err = simsec("query", tmp_path, "select 1", "--lang", "id")
    assert code == 2 and "bukan folder" in err
    simsec("sweep", written(tmp_path, BODY), "--out", tmp_path / "run", "--workers", 1)
    assert simsec("query", tmp_path / "run", "select minutes from runs")[0] == 2
    assert simsec("query", tmp_path / "run", "drop table runs")[0] == 2


def test_a_line_tells_rate_and_remaining_time() -> None:
    progress = Progress(tasks=10, tasks_done=6, tasks_before=2, runs=600, failures=3, fresh=400, seconds=120.0)
    assert said(progress, texts("en")) == "6 of 10 tasks, 600 runs, 3 failed, 3.333 runs a second, 2.0 min left"


def test_a_sweep_that_stopped_says_how_it_goes_on_and_is_found_without_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, BODY)
    monkeypatch.chdir(tmp_path)
    assert simsec("sweep", path, "--resume", "--lang", "en")[0] == 2  # nothing was left off
    whole, stopped = runner.work, []

    def stops(job: str, stamp: str, task: int) -> runner.Done:
        if task == 1 and not stopped:
            stopped.append(task)
            raise KeyboardInterrupt
        return whole(job, stamp, task)

    monkeypatch.setattr(runner, "work", stops)
    code, _, err = simsec("sweep", path, "--workers", 1, "--lang", "en")
    assert code == 1 and "Results go to runs/demo." in err and "stopped" in err
    told = re.search(r"Go on with: simsec (.*)", err)[1].split()
    assert told == ["sweep", "demo.toml", "--out", "runs/demo", "--resume", "--workers", "1", "--lang", "en"]
    code, out, _ = simsec("sweep", path, "--resume", "--workers", 1, "--json")
    assert code == 0 and json.loads(out)["tasks"] == 1 and json.loads(out)["folder"] == "runs/demo"
    assert [folder.name for folder in (tmp_path / "runs").iterdir()] == ["demo"]


def test_who_finds_a_folder_taken_is_not_told_to_resume_it(tmp_path: Path) -> None:
    path, out = written(tmp_path, BODY), tmp_path / "run"
    simsec("sweep", path, "--out", out, "--workers", 1)
    with locked(out / LOCK):
        code, _, err = simsec("sweep", path, "--out", out, "--resume", "--workers", 1, "--lang", "en")
    assert code == 1 and "another process is writing" in err and "Go on with" not in err
