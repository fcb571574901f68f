"""How the cost of a day grows: ``python -m benchmarks.growth [--write]``, which writes ``docs/speed.md``.

Every shipped area (:mod:`benchmarks.areas`), then made-up ones of 500 to 50,000 stations: a square of flat land with a
village every two kilometres, at most 800 of them, so that larger areas have more stations a village. Rates, units and
rules are those of the packaged Pilkada settings. The unit is the CPU time of a bare SimPy timeout, measured alternately
in the same process: ratios hold on any machine.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.areas import DAYS as AREA_DAYS
from benchmarks.areas import LIMIT, MEMORY_DAYS, MEMORY_LIMIT_MB, SAMPLING_MORE, DayCost, areas, memory_mb
from benchmarks.areas import ROUNDS as AREA_ROUNDS
from benchmarks.areas import table as area_table
from benchmarks.units import bare_timeout, cpu_seconds
from simsec import doctrine, read_scenario, sample_day, simulate
from simsec.scenario import Scenario
from simsec.scenario.generate import POST_OPTIONAL, VILLAGE_INPUT, new_area
from simsec.scenario.places import POST_COLUMNS
from simsec.scenario.tables import parse_table
from simsec.simulation.calendar import marks_of
from simsec.simulation.simulate import kept_world
from simsec.simulation.trace import Trace

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "speed.md"
SIZES = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
MOST_VILLAGES, VILLAGES_A_SUBDISTRICT, STATIONS_A_VILLAGE = 800, 16, 8
KM_A_DEGREE, SPACING_KM = 111.2, 2.0
ROUNDS, DAYS = 5, 12


class Cost(NamedTuple):
    """Medians over the rounds; ``timeouts`` are bare SimPy timeouts of the same minute."""

    name: str
    stations: int
    units: int
    sent: float  # units sent and incidents unanswered, a day
    sample_ms: float
    play_ms: float
    timeouts: float  # of a played day, per unit sent
    traced: float  # the same with a trace that listens


def square(stations: int, folder: Path) -> Path:
    """A made-up area on a grid of villages."""
    count = min(MOST_VILLAGES, max(stations // STATIONS_A_VILLAGE, 1))
    side = int(np.ceil(np.sqrt(count)))
    fuller = max(1, round(stations / STATIONS_A_VILLAGE / count))  # as many teams a station everywhere, or queues grow
    lines = ["code,name,subdistrict_code,subdistrict,rayon,lat,lon,elevation_m,summit_m,area_km2,station_weight"]
    posts = ["name,type,lat,lon"]
    for number in range(count):
        sector = number // VILLAGES_A_SUBDISTRICT
        lat = -7.0 - (number // side) * SPACING_KM / KM_A_DEGREE
        lon = 110.0 + (number % side) * SPACING_KM / KM_A_DEGREE
        lines.append(
            f"9.{sector:03}.{number:04},V{number},9.{sector:03},S{sector},R{sector // 10},{lat:.5f},{lon:.5f},10,15,4,1"
        )
        if number % VILLAGES_A_SUBDISTRICT == 0:
            posts.append(f"Polsek {sector},polsek,{lat:.5f},{lon:.5f}")
        if number % (3 * VILLAGES_A_SUBDISTRICT) == 0:
            posts += [f"{kind} {sector},{kind},{lat:.5f},{lon:.5f}" for kind in ("hospital", "bpbd")]
        if number == count // 2:
            posts.append(f"Polres,polres,{lat:.5f},{lon:.5f}")
    columns = [column for column in VILLAGE_INPUT if column.name in lines[0].split(",")]
    needed = [column for column in POST_COLUMNS if column.name not in POST_OPTIONAL]
    made = new_area(
        parse_table("\n".join(lines) + "\n", "villages.csv", columns, "code"),
        parse_table("\n".join(posts) + "\n", "posts.csv", needed),
        out=folder / f"square-{stations}",
        name=f"square-{stations}",
        polling_date=date(2024, 11, 27),
        n_stations=stations,
    )
    settings = made / "scenario.toml"
    text = settings.read_text(encoding="utf-8")
    for unit in ("ambulance", "hazard_team", "courier", "spare_vehicle"):
        team = re.compile(rf'(^unit = "{unit}"\nat = "\w+"\nper_post = )(\d+)', re.M)
        text = team.sub(lambda found: f"{found[1]}{int(found[2]) * fuller}", text)
    settings.write_text(text, encoding="utf-8")
    return made


def cost_of(scenario: Scenario, name: str) -> Cost:
    """Sample and play the same days several times, each round beside a bare timeout."""
    plan = doctrine(scenario)
    days = [sample_day(scenario, 1, number) for number in range(DAYS)]
    outcomes = [simulate(scenario, plan, day) for day in days]
    rows = [outcome.incidents for outcome in outcomes]
    sent = sum(int(row.units_sent.sum()) + int(np.isnan(row.response_min).sum()) for row in rows)

    world = kept_world(scenario, plan)

    def traced() -> None:
        for day in days:
            simulate(scenario, plan, day, listener=Trace(world, marks_of(day)))

    found: list[tuple[float, float, float, float]] = []
    for _ in range(ROUNDS):
        unit = bare_timeout()
        played = cpu_seconds(lambda: [simulate(scenario, plan, day) for day in days])
        heard = cpu_seconds(traced)
        sampled = cpu_seconds(lambda: [sample_day(scenario, 1, number) for number in range(DAYS)])
        found.append((1000 * sampled / DAYS, 1000 * played / DAYS, played / sent / unit, heard / sent / unit))
    sample_ms, play_ms, timeouts, listening = (statistics.median(column) for column in zip(*found, strict=True))
    units = len(outcomes[0].units.kind)
    return Cost(name, len(scenario.stations), units, sent / DAYS, sample_ms, play_ms, timeouts, listening)


def table(costs: Sequence[Cost]) -> str:
    """The rows of the page."""
    head = "| area | stations | units | sent a day | sampling, ms | playing, ms | timeouts a unit sent | with a trace |"
    lines = [head, "|---|---:|---:|---:|---:|---:|---:|---:|"]
    lines += [
        f"| {cost.name} | {cost.stations:,} | {cost.units:,} | {cost.sent:.0f} | {cost.sample_ms:.2g} | "
        f"{cost.play_ms:.2g} | {cost.timeouts:.1f} | {cost.traced:.1f} |"
        for cost in costs
    ]
    return "\n".join(lines)


def page(days: Sequence[DayCost], thousand_mb: float, made_up: Sequence[Cost]) -> str:
    """``docs/speed.md``."""
    first, last = made_up[0], made_up[-1]
    return f"""# What a day costs

Written by `python -m benchmarks.growth --write`; nobody edits it. *Timeouts* are bare SimPy timeouts
(`yield env.timeout(1)`, 100,000 in a chain), timed alternately in the same process. Milliseconds are CPU time of one
core of the machine that wrote this page; the ratios hold on any. Days are played under the doctrine.

## The areas

A played day may cost {LIMIT:.0f} timeouts per unit sent or incident unanswered, trace off; a sampled one as much and
{SAMPLING_MORE:,.0f} more. Where roads close, what that does to travel is worked out by the first plan that meets the
day, as far as it asks, and found by every further one. So on days of heavy rain the limit is held against further
plans, and the first is shown beside them; on ordinary days it is held against the first. Medians of
{AREA_ROUNDS} rounds of {AREA_DAYS} days.

{area_table(days)}

{MEMORY_DAYS:,} ordinary days of Kabupaten Semarang in one process, trace off, take {thousand_mb:.0f} MB at most (limit
{MEMORY_LIMIT_MB:.0f}).

## More stations

Squares are made up: flat land, a village every {SPACING_KM:g} km, at most {MOST_VILLAGES} villages, so that larger ones
have more stations a village. Ordinary days; medians of {ROUNDS} rounds of {DAYS} days.

{table(made_up)}

From {first.stations:,} to {last.stations:,} stations a day has {last.sent / first.sent:.0f} times as many units to send
and takes {last.play_ms / first.play_ms:.0f} times as long to play. The table of travel between villages and posts is
worked out once and kept; its memory grows with the square of their number.
"""


def main() -> int:
    """Measure, print, and write the page when asked."""
    days, thousand_mb, costs = areas(), memory_mb(), []
    with tempfile.TemporaryDirectory() as folder:
        for stations in SIZES:
            costs.append(cost_of(read_scenario(square(stations, Path(folder))), f"square of {stations:,}"))
    text = page(days, thousand_mb, costs)
    print(text)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
