"""A golden day per shipped scenario: it changes only on purpose (``python tools/golden.py`` writes it anew)."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("golden", ROOT / "tools" / "golden.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)


def same(found: object, kept: object, path: str = "") -> list[str]:
    """Where two digests differ; minutes by more than 1e-9 of themselves."""
    if isinstance(found, dict) and isinstance(kept, dict):
        if found.keys() != kept.keys():
            return [f"{path}: {sorted(found.keys() ^ kept.keys())}"]
        return [line for key in found for line in same(found[key], kept[key], f"{path}/{key}")]
    if isinstance(found, float):
        return [] if found == pytest.approx(kept, rel=1e-9, abs=1e-9) else [f"{path}: {found}, was {kept}"]
    return [] if found == kept else [f"{path}: {found}, was {kept}"]


@pytest.mark.parametrize("folder", tool.shipped(), ids=lambda folder: folder.name)
def test_the_golden_days_are_what_they_were(folder: Path) -> None:
    kept = json.loads(tool.file_of(folder).read_text(encoding="utf-8"))
    assert same(tool.golden(folder), kept) == [], "if it was meant: python tools/golden.py, and say why in the commit"


def test_there_is_a_golden_day_for_each_shipped_scenario_and_no_other() -> None:
    files = {tool.file_of(folder) for folder in tool.shipped()}
    assert files == set((ROOT / "tests" / "golden").iterdir())


def test_a_minute_and_an_exchange_show() -> None:
    assert same({"a": 100.0}, {"a": 100.0 + 1e-6}) and not same({"a": 100.0}, {"a": 100.0 + 1e-8})
    assert same({"a": 1}, {"a": 2}) and same({"a": 1}, {"b": 1})
