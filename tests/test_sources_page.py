"""Every key, column, module and test that the page of the sources names is there."""

import csv
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simsec.scenario.reading import read_settings

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| element")
]
AREAS = ("kabupaten-semarang", "kota-semarang", "kota-tangerang", "kabupaten-jepara", "kota-tangerang-selatan")


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@cache
def said(area: str) -> dict[str, Any]:
    return read_settings(ROOT / "scenarios" / area / "scenario.toml").model_dump()


def found(value: Any, steps: list[str]) -> list[Any]:
    """What stands at a path; a list is looked through."""
    if isinstance(value, list | tuple):
        return [each for item in value for each in found(item, steps)]
    if not steps:
        return [] if value is None else [value]
    return found(value[steps[0]], steps[1:]) if isinstance(value, dict) and steps[0] in value else []


def missing(token: str) -> bool:
    """Whether a scenario has no such key or column."""
    place, _, key = token.partition(": ")
    area, _, table = place.partition("/")
    if table:
        with (ROOT / "scenarios" / area / table).open(encoding="utf-8", newline="") as rows:
            return key not in next(csv.reader(rows))
    path, _, wanted = key.partition("=")
    values = found(said(area), path.split("."))
    return not values or (bool(wanted) and wanted not in values)


def test_the_page_has_rows_of_all_five_areas() -> None:
    assert all(len(row) == 4 for row in ROWS)
    tokens = [token for row in ROWS for token in named(row[1])]
    assert all(any(token.startswith(area) for token in tokens) for area in AREAS)
    assert len(ROWS) == 26


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_key_module_and_test_of_a_row_exists(row: list[str]) -> None:
    _, scenario, code, tests = (named(cell) for cell in row)
    assert scenario and code and tests
    assert [token for token in scenario if missing(token)] == []
    assert [path for path in code if not (ROOT / path).is_file()] == []
    for token in tests:
        path, _, name = token.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), token


@pytest.mark.parametrize(
    "token",
    ["kota-semarang: absences.reason=holiday", "kota-semarang: forces.none", "kota-semarang/villages.csv: none"],
)
def test_a_wrong_key_column_or_value_is_seen(token: str) -> None:
    assert missing(token)
