"""The README's Python example runs as written, and stays short."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def example() -> str:
    return re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)[1]


def test_the_example_runs_and_prints_a_gain(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(example(), "README.md", "exec"), {})
    assert "Estimate(mean=" in capsys.readouterr().out


def test_the_example_has_at_most_fifteen_lines() -> None:
    assert len(example().strip().splitlines()) <= 15
