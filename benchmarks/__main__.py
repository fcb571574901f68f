"""The ratios of speed that this project promises, measured alternately in one process: ``python -m benchmarks``.

Ratios hold on any machine; seconds hold for two idle cores. Exit code 1 when a ratio is beyond its limit by a tenth.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.areas import MEMORY_DAYS, MEMORY_LIMIT_MB, areas, memory_mb, ratios, table
from benchmarks.solving import solving
from benchmarks.units import cpu_seconds
from simsec import doctrine, read_scenario
from simsec.analysis.closures import voter_settings
from simsec.day.streams import text_key, text_keys
from simsec.day.voters import draw_voters, serve
from simsec.optimization import location
from simsec.optimization.deployment import DeploymentOptions, deploy, limits_of
from simsec.optimization.pricing import Busy, prices_of

AREA = Path(__file__).parents[1] / "scenarios" / "kabupaten-semarang"
ROUNDS = 7
TOLERANCE = 1.1  # shared machines are noisy
TWO_COMMANDS = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = "a"): "One."
@app.command()
def two(name: str = "b"): "Two."
app()
"""
LARGE = """
import resource
from benchmarks.__main__ import towns
from simsec.optimization import location
answer = location.p_median(towns(900), p=90)
assert answer.status == "optimal"
print(answer.seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def days() -> list[tuple[str, float, float, str]]:
    """Days of every area, sampled and played, and the memory of a thousand; their table is printed too."""
    costs = areas()
    print(table(costs), flush=True)
    name = f"{MEMORY_DAYS:,} days of Kabupaten Semarang, memory at most"
    return [*ratios(costs), (name, memory_mb(), MEMORY_LIMIT_MB, "MB")]


def voters() -> list[tuple[str, float, float, str]]:
    """The voters of a million-voter day."""
    settings = voter_settings(read_scenario(AREA))
    stations = round(1e6 / 400 / settings.turnout)
    keys = text_keys(f"station-{number}" for number in range(stations))
    streams = [text_key(mark) for mark in ("turnout", "arrival", "service")]

    def whole_day() -> object:
        marks = draw_voters(np.full(stations, 400), keys, *streams, settings)
        never = np.full((stations, 1), np.inf)
        return serve(marks, np.full(stations, settings.opens_min), never, never, settings)

    whole_day()
    seconds = statistics.median(cpu_seconds(whole_day) for _ in range(ROUNDS))
    return [("voters of a million-voter day, CPU seconds", seconds, 0.2, "s")]


def help_page() -> list[tuple[str, float, float, str]]:
    """``simsec --help`` against a typer program of two commands."""

    def seconds(command: list[str]) -> float:
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - begun

    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.py"
        small.write_text(TWO_COMMANDS, encoding="utf-8")
        ratios = []
        for _ in range(ROUNDS):
            plain = seconds([sys.executable, str(small), "--help"])
            ratios.append(seconds([sys.executable, "-m", "simsec.cli.main", "--help"]) / plain)
    return [("simsec --help, over a two-command typer program", statistics.median(ratios), 1.5, "")]


def deployment() -> list[tuple[str, float, float, str]]:
    """The deployment model of all stations, priced and solved to half a percent."""
    area = read_scenario(AREA)
    doctrine(area)
    begun = time.process_time()
    prices = prices_of(area, Busy.of(area, 0.03, 7, 0.05, 0.05))
    built = time.process_time() - begun
    begun = time.process_time()
    found = deploy(prices, limits_of(area), DeploymentOptions(gap=0.005))
    solved = time.process_time() - begun
    return [
        ("pricing the deployment model, CPU seconds", built, 5.0, "s"),
        (f"solving it to a gap of {found.gap:.2%}, CPU seconds", solved, 10.0, "s"),
    ]


def towns(n: int) -> NDArray[np.float64]:
    """Minutes between points in a square of 60 minutes."""
    points = 60.0 * np.random.default_rng(1).random((n, 2))
    return np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))


def medians() -> list[tuple[str, float, float, str]]:
    """P-medians to the proven optimum, their memory in a process of their own, and how a time limit is kept."""
    answer = location.p_median(towns(200), p=5)
    assert answer.status == "optimal"
    told = subprocess.run([sys.executable, "-c", LARGE], check=True, capture_output=True, text=True).stdout.split()
    limit_s = 10.0
    begun = time.perf_counter()
    found = location.p_median(towns(900), p=10, time_limit=limit_s)
    kept = (time.perf_counter() - begun) / limit_s
    return [
        ("p-median of 200 x 200, proven", answer.seconds, 10.0, "s"),
        ("p-median of 900 x 900, proven", float(told[0]), 30.0, "s"),
        ("its memory at most", float(told[1]), 1000.0, "MB"),
        (f"a harder one stopped at a gap of {found.gap:.0%}, time over its limit", kept, 1.0, ""),
    ]


def main() -> int:
    """Measure everything and print a line each."""
    late = 0
    for part in (days, voters, help_page, deployment, solving, medians):
        for name, value, limit, unit in part():
            good = value <= limit * TOLERANCE
            late += not good
            print(f"{'ok  ' if good else 'LATE'} {name}: {value:.3g} {unit} (limit {limit:.4g})", flush=True)
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
