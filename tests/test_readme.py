"""The README's examples run as written, and stay short."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simsec.cli.main import app

ROOT = Path(__file__).parents[1]


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)


def test_the_example_runs_and_prints_a_gain(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(examples("python")[0], "README.md", "exec"), {})
    assert "Estimate(mean=" in capsys.readouterr().out


def test_the_sweep_runs_and_answers_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    (experiment,) = examples("toml")
    commands = examples("sh")[0].strip().splitlines()
    (tmp_path / "my-question.toml").write_text(experiment, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("simsec.analysis.workers.default_workers", lambda: 1)
    told = ""
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "simsec"
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        told += result.stdout
    assert "54 simulasi ada dalam tabel, 0 gagal" in told and "security_measure" in told  # in the language of the area
    assert (tmp_path / "runs" / "my-question" / "results.html").exists()
    exec(compile(examples("python")[1], "README.md", "exec"), {})
    assert "unanswered" in capsys.readouterr().out


def test_the_examples_have_at_most_fifteen_lines() -> None:
    assert all(len(text.strip().splitlines()) <= 15 for text in (*examples("python"), *examples("toml")))
