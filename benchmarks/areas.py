"""What a day costs in each shipped area, on ordinary days and on days of heavy rain: the law of speed area by area.

A day is sampled once and met by every plan that is compared. So its playing is told twice: by the first plan that meets
it, which works out what closed roads do to travel, and by every further one, which finds that done.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.units import bare_timeout, cpu_seconds
from simsec import doctrine, read_scenario, sample_day, simulate
from simsec.simulation import roads
from simsec.simulation.calendar import marks_of
from simsec.simulation.simulate import kept_world
from simsec.simulation.trace import Trace

SCENARIOS = Path(__file__).parents[1] / "scenarios"
ROUNDS, DAYS, LIMIT, SAMPLING_MORE = 5, 24, 25.0, 2000.0
KINDS = ("ordinary", "heavy_rain")
MEMORY_DAYS, MEMORY_LIMIT_MB = 1000, 500.0
THOUSAND = f"""
import resource
from simsec import doctrine, read_scenario, replicate
area = read_scenario({str(SCENARIOS / "kabupaten-semarang")!r})
replicate(area, doctrine(area), {{"ordinary": {MEMORY_DAYS}}})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


class DayCost(NamedTuple):
    """Medians over the rounds; timeouts are bare SimPy timeouts of the same round."""

    area: str
    day_type: str
    closures: float  # roads that close, a day
    sent: float  # units sent and incidents unanswered, a day
    sample_ms: float
    sampled: float  # timeouts of a sampled day
    play_ms: float  # by a further plan
    first: float  # timeouts per unit sent, by the first plan that meets the day
    further: float  # by every further plan
    traced: float  # by a further plan, with a trace that listens

    @property
    def sample_limit(self) -> float:
        """Timeouts that sampling the day may cost."""
        return LIMIT * self.sent + SAMPLING_MORE


def day_cost(area: str, day_type: str) -> DayCost:
    """Sample and play the same days several times, each round between two bare timeouts."""
    scenario = read_scenario(SCENARIOS / area)
    plan = doctrine(scenario)
    world = kept_world(scenario, plan)
    days = [sample_day(scenario, 1, number, day_type) for number in range(DAYS)]
    rows = [simulate(scenario, plan, day).incidents for day in days]
    sent = sum(int(row.units_sent.sum()) + int(np.isnan(row.response_min).sum()) for row in rows)
    closures = sum(len(roads.changes_of(scenario, day)) for day in days) / DAYS
    found: list[list[float]] = []
    for _ in range(ROUNDS):
        roads.forget()
        before, first, further, traced = bare_timeout(), 0.0, 0.0, 0.0
        for day in days:
            first += cpu_seconds(lambda day=day: simulate(scenario, plan, day))
            further += cpu_seconds(lambda day=day: simulate(scenario, plan, day))
            trace = Trace(world, marks_of(day), roads.changes_of(scenario, day))
            traced += cpu_seconds(lambda day=day, trace=trace: simulate(scenario, plan, day, listener=trace))
        sampled = cpu_seconds(lambda: [sample_day(scenario, 1, number, day_type) for number in range(DAYS)])
        unit = (before + bare_timeout()) / 2
        each = [1000 * sampled / DAYS, sampled / DAYS / unit, 1000 * further / DAYS]
        found.append([*each, *(spent / sent / unit for spent in (first, further, traced))])
    return DayCost(area, day_type, closures, sent / DAYS, *map(statistics.median, zip(*found, strict=True)))


def areas() -> list[DayCost]:
    """Every shipped area that has polling stations, on days of both types."""
    names = sorted(path.parent.name for path in SCENARIOS.glob("*/polling_stations.csv"))
    return [day_cost(name, day_type) for name in names for day_type in KINDS]


def table(costs: Sequence[DayCost]) -> str:
    """The costs as a table of Markdown."""
    head = ["area", "day", "roads closed", "sent a day", "sampling, ms", "timeouts (limit)", "playing, ms"]
    head += ["timeouts a unit sent, first plan", "further plans", "with a trace"]
    lines = ["| " + " | ".join(head) + " |", "|---|---|" + "---:|" * (len(head) - 2)]
    lines += [
        f"| {cost.area} | {cost.day_type.replace('_', ' ')} | {cost.closures:.1f} | {cost.sent:.0f} | "
        f"{cost.sample_ms:.1f} | {cost.sampled:.0f} ({cost.sample_limit:.0f}) | {cost.play_ms:.1f} | "
        f"{cost.first:.1f} | {cost.further:.1f} | {cost.traced:.1f} |"
        for cost in costs
    ]
    return "\n".join(lines)


def ratios(costs: Sequence[DayCost]) -> list[tuple[str, float, float, str]]:
    """The laws each area is held to: a name, what was measured, its limit."""
    found = []
    for cost in costs:
        where = f"{cost.area}, {cost.day_type.replace('_', ' ')}"
        played = cost.first if cost.day_type == "ordinary" else cost.further  # what closed roads do is told apart
        found.append((f"{where}: a played day, timeouts per unit sent", played, LIMIT, ""))
        found.append((f"{where}: a sampled day, timeouts", cost.sampled, cost.sample_limit, ""))
    return found


def memory_mb() -> float:
    """Peak memory of 1,000 replicated days of Kabupaten Semarang, trace off, in a process of their own."""
    told = subprocess.run([sys.executable, "-c", THOUSAND], check=True, capture_output=True, text=True).stdout
    return float(told.split()[-1])
