"""A golden day per shipped scenario: ``python tools/golden.py`` writes ``tests/golden/<name>.json`` anew.

A digest small enough to read in a diff: counts, sums of minutes, and a hash of everything that is a whole number. It
changes only on purpose: a commit that changes it says why. Sums are compared to 1e-9, so that another machine agrees.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np

from simsec import doctrine, read_scenario, sample_day, simulate
from simsec.base.files import content_hash
from simsec.scenario.schema import DAY_TYPES
from simsec.simulation.outcome import IncidentRows, Outcome, UnitRows

ROOT = Path(__file__).parents[1]
SCENARIOS, FOLDER = ROOT / "scenarios", ROOT / "tests" / "golden"
SEED, DAYS = 1, 2  # days of every type that can happen


def shipped() -> list[Path]:
    """Every folder in ``scenarios`` that holds a scenario."""
    return sorted(path.parent for path in SCENARIOS.rglob("scenario.toml"))


def digest(outcome: Outcome) -> dict[str, object]:
    """One day: numbers of rows, sums of minutes weighed by their row (an exchange shows), a hash of the rest."""
    sums: dict[str, float] = {}
    whole: list[bytes] = []
    tables: tuple[IncidentRows | UnitRows, ...] = (outcome.incidents, outcome.units)
    for rows in tables:
        for field in fields(rows):
            values = np.asarray(getattr(rows, field.name))
            if values.dtype.kind == "f":
                finite = np.where(np.isfinite(values), values, 0.0)
                weight = 1 + np.arange(len(values), dtype=np.float64) / max(len(values), 1)
                sums[field.name] = float(np.sum((finite.T * weight).T)) if finite.size else 0.0
                whole.append(np.isfinite(values).tobytes())
            else:
                whole.append(values.astype("<i8").tobytes())
    return {
        "incidents": len(outcome.incidents),
        "units": len(outcome.units.kind),
        "missions": int(outcome.units.missions.sum()),
        "lost": outcome.lost,
        "whole_numbers": content_hash(*whole),
        "minutes": sums,
    }


def golden(folder: Path) -> dict[str, object]:
    """The digests of a scenario's days under the doctrine, by type and number."""
    area = read_scenario(folder)
    plan = doctrine(area)
    days = {
        f"{day_type} {number}": digest(simulate(area, plan, sample_day(area, SEED, number, day_type)))
        for day_type in DAY_TYPES
        if area.day_type_probability[day_type] > 0
        for number in range(DAYS)
    }
    return {"scenario": area.settings.name, "seed": SEED, "days": days}


def file_of(folder: Path) -> Path:
    """Where the digest of a scenario stands."""
    return FOLDER / f"{folder.relative_to(SCENARIOS).as_posix().replace('/', '-')}.json"


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for folder in shipped():
        text = json.dumps(golden(folder), indent=1, ensure_ascii=False) + "\n"
        file_of(folder).write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {file_of(folder).relative_to(ROOT)}")


if __name__ == "__main__":
    main()
