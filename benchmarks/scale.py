"""What a whole country would take, on paper: ``python -m benchmarks.scale [--write]``, which writes ``docs/scale.md``.

Days of the three shipped Pemilu areas are played as a sweep plays them, one process, every type of day weighing as its
probability; CPU seconds, bytes of the part files and memory are measured. The rest is arithmetic that the page shows.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.sweeps import EXPERIMENT, ROOT
from simsec.experiments.answers import open_sweep
from simsec.experiments.job import RUNS
from simsec.experiments.playing import INCIDENTS, evaluate, job_of, ready
from simsec.experiments.reading import read_experiment
from simsec.experiments.runner import open_executor, run_job
from simsec.scenario.schema import DAY_TYPES

PAGE = ROOT / "docs" / "scale.md"
AREAS = ("kota-tangerang", "kabupaten-jepara", "kota-tangerang-selatan")
STATIONS, DAYS, AREAS_OF_COUNTRY = 820_161, 1_000, 514  # Pemilu, 14 Feb 2024 (A); regencies and cities
PLAYED, MANY = 12, 60  # days of every type that are timed; ordinary days that are stored
CORES = (2, 64)


class Measured(NamedTuple):
    """One area: seconds of CPU to make it ready, milliseconds a day, bytes a run and an incident, incidents a day."""

    name: str
    stations: int
    ready_s: float
    day_ms: float
    run_bytes: float
    incident_bytes: float
    incidents: float


def measured(name: str, folder: Path) -> Measured:
    """Play an area as a sweep does."""
    path = folder / f"{name}.toml"
    area = ROOT / "scenarios" / name
    day_ms = 0.0
    begun = time.process_time()
    path.write_text(EXPERIMENT.format(area=area, days="{ ordinary = 1 }", rest="incidents = true"), encoding="utf-8")
    first = job_of(read_experiment(path))
    evaluate(first.shared, 0)
    ready_s = time.process_time() - begun
    probability = ready(first.shared, 0).world.day_type_probability
    for day_type in (name for name in DAY_TYPES if probability[name] > 0):
        days, rest = f"{{ {day_type} = {PLAYED + 1} }}", "incidents = true\nbatch = 1"
        path.write_text(EXPERIMENT.format(area=area, days=days, rest=rest), encoding="utf-8")
        job = job_of(read_experiment(path))
        evaluate(job.shared, 0)  # fills the tables that are kept from then on
        begun = time.process_time()
        for task in range(1, PLAYED + 1):
            evaluate(job.shared, task)
        day_ms += probability[day_type] * (time.process_time() - begun) * 1000 / PLAYED
    days = f"{{ ordinary = {MANY} }}"
    path.write_text(EXPERIMENT.format(area=area, days=days, rest=f"incidents = true\nbatch = {MANY}"), encoding="utf-8")
    with open_executor(1) as executor:
        run_job(job_of(read_experiment(path)), folder / name, executor)
    parts = folder / name / "parts"
    size = {table: sum(at.stat().st_size for at in (parts / table).iterdir()) for table in (RUNS, INCIDENTS)}
    with open_sweep(folder / name) as answers:
        rows = answers.table("select count(*) as n from incidents")["n"][0].as_py()
    stations = len(ready(first.shared, 0).world.stations)
    return Measured(name, stations, ready_s, day_ms, size[RUNS] / MANY, size[INCIDENTS] / rows, rows / MANY)


def page(found: Sequence[Measured], peak_mb: float) -> str:
    """``docs/scale.md``."""
    us = [1000 * area.day_ms / area.stations for area in found]
    per_station, ready_s = statistics.median(us), statistics.median(area.ready_s for area in found)
    play_h = STATIONS * DAYS * per_station / 1e6 / 3600
    ready_h = AREAS_OF_COUNTRY * ready_s / 3600
    runs = AREAS_OF_COUNTRY * DAYS
    run_bytes = statistics.median(area.run_bytes for area in found)
    incident_bytes = statistics.median(area.incident_bytes for area in found)
    rate = statistics.median(area.incidents / area.stations for area in found)
    incidents = STATIONS * DAYS * rate
    rows = "\n".join(
        f"| {area.name} | {area.stations:,} | {area.ready_s:.1f} | {area.day_ms:.1f} | {each:.2f} "
        f"| {area.run_bytes:.0f} | {area.incidents:.0f} | {area.incident_bytes:.0f} |"
        for area, each in zip(found, us, strict=True)
    )
    hours = ", ".join(f"{(play_h + ready_h) / cores:.2g} hours on {cores} cores" for cores in CORES)
    return f"""# What a country would take

Written by `python -m benchmarks.scale --write`; nobody edits it. Three shipped areas with the rates of 14 February 2024
are played as a sweep plays them: days of every type, weighing as their probability, under the announced plan, every
incident kept. CPU time is that of one core of the machine that wrote this page.

| area | stations | made ready, s | a day, ms | a day a station, µs | bytes a run | incidents a day | bytes each |
|---|---:|---:|---:|---:|---:|---:|---:|
{rows}

From the medians, for {STATIONS:,} stations in {AREAS_OF_COUNTRY} regencies and cities and {DAYS:,} days:

- **Playing**: {STATIONS:,} stations x {DAYS:,} days x {per_station:.2f} µs = {play_h:.1f} core hours.
- **Making ready**: {AREAS_OF_COUNTRY} areas x {ready_s:.1f} s = {ready_h:.1f} core hours, once a point of a design.
- **Together**: {play_h + ready_h:.1f} core hours: {hours}, at the share of wall time that workers compute
  (`python -m benchmarks.sweeps --full` measures it).
- **Disk**: {AREAS_OF_COUNTRY} x {DAYS:,} runs x {run_bytes:.0f} bytes = {runs * run_bytes / 1e6:.0f} MB; with every
  incident {STATIONS:,} x {DAYS:,} x {rate:.3f} x {incident_bytes:.0f} bytes = {incidents * incident_bytes / 1e9:.1f} GB
  more.
- **Memory**: a worker holds one area at a time; the process that measured this reached {peak_mb:.0f} MB.

It is arithmetic, not a run. It takes regencies to be independent, as the engine does: no help goes from one to the
next, and a provincial squad is each one's own. The table of travel between villages and posts grows with the square of
their number, so one area of {STATIONS:,} stations would not do; {AREAS_OF_COUNTRY} of them would.
"""


def main() -> int:
    """Measure, print, and write the page when asked."""
    with tempfile.TemporaryDirectory(prefix="simsec-") as folder:
        found = [measured(name, Path(folder)) for name in AREAS]
    text = page(found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(text)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
