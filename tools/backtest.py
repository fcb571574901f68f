"""The flood of 14 February 2024 in Kota Tangerang Selatan, met by plans of January: ``python tools/backtest.py``.

Writes ``docs/backtest.md``. What was known on 23 January 2024: the rainy season may bring floods, and one platoon a
rayon waits at a Polsek. What came: rain from 03:00 to 05:30, water from 06:00, 14 to 16 stations in three kelurahan of
one sub-district, all of them postponed to 18 February (Tangerang Ekspres, Tangselife, tvOne, Feb 2024).

Every day is a sampled day of heavy rain whose own floods and landslides are taken out and this flood is put in: which
three of the low-lying kelurahan of the sub-district, which stations and which minutes is drawn anew each time, so that
the page tells of no place. The same days meet every plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simsec import doctrine, read_scenario, sample_day, simulate
from simsec.analysis.intervals import Estimate, stratified_mean
from simsec.day.day import Closures, Day, Incidents, no_closures
from simsec.day.incidents import marked
from simsec.day.keyed import Draws
from simsec.day.stages import convoys_of
from simsec.day.streams import generator, text_key
from simsec.day.tables import sampling_tables
from simsec.plan import Plan, check_plan
from simsec.scenario import Scenario
from simsec.simulation.decisions import DECISIONS
from simsec.simulation.outcome import Outcome

ROOT = Path(__file__).parents[1]
AREA, PAGE = ROOT / "scenarios" / "kota-tangerang-selatan", ROOT / "docs" / "backtest.md"
STRUCK = "36.74.03"  # the sub-district of the reports; its kelurahan are drawn
KELURAHAN, STATIONS, WATER_FROM_MIN = 3, (14, 16), (360.0, 420.0)
DEPTH_MM = (400.0, 800.0)  # as reported
FLOODS = ("flood", "landslide")
DAYS, SEED, FIRST = 400, 1, 6_000_000  # days that nothing was chosen on
ELSEWHERE = "police calls elsewhere, minutes longer than without the flood"
Figures = dict[str, float]


def plans(scenario: Scenario) -> dict[str, Plan]:
    """The reserve where the announced strength leaves it, a platoon in each rayon, and none."""
    announced = doctrine(scenario)
    stations = np.bincount(scenario.stations.subdistrict, minlength=len(scenario.villages.subdistrict_codes))
    rayon = scenario.villages.subdistrict_rayon
    squads: dict[str, int] = {}
    platoon = announced.reserve_squads // len(scenario.villages.rayon_names)
    for number in range(len(scenario.villages.rayon_names)):
        sector = int(np.argmax(np.where(rayon == number, stations, -1)))
        squads[site_in(scenario, sector)] = platoon
    headquarters = next(iter(announced.squads))
    left = announced.reserve_squads - sum(squads.values())
    if left:
        squads[headquarters] = left
    found = {
        "a platoon in each rayon, at a Polsek (January)": replace(announced, name="january", squads=squads),
        "all squads at the headquarters": announced,
        "no reserve": replace(announced, name="no reserve", squads={}),
    }
    for plan in found.values():
        check_plan(scenario, plan)
    return found


def site_in(scenario: Scenario, sector: int) -> str:
    """The police post of a sub-district."""
    posts = scenario.posts
    return next(
        posts.code[post]
        for kind in ("polsek", "polsubsektor")
        for post in posts.of_type(kind)
        if int(posts.subdistrict[post]) == sector
    )


def the_flood(scenario: Scenario, replication: int) -> Incidents:
    """14 to 16 stations in three low-lying kelurahan of the sub-district, with every mark the rules ask for."""
    rng, tables = generator(SEED, replication, "backtest"), sampling_tables(scenario)
    sector = scenario.villages.subdistrict_codes.index(STRUCK)
    low = np.flatnonzero((scenario.villages.subdistrict == sector) & (scenario.villages.low_ground == 1))
    struck = rng.choice(low, KELURAHAN, replace=False)
    count = int(rng.integers(STATIONS[0], STATIONS[1] + 1))
    share = np.diff([0, *np.sort(rng.choice(np.arange(2, count - 1, 2), KELURAHAN - 1, replace=False)), count])
    station, onset = [], []
    for village, many in zip(struck.tolist(), share.tolist(), strict=True):
        members = tables.stations_of_village[village]
        first, water = int(rng.integers(len(members))), rng.uniform(*WATER_FROM_MIN)
        station += np.roll(members, -first)[:many].tolist()
        onset += [water] * many
    kind = np.full(len(station), tables.kind("flood"))
    where = np.array(station, dtype=np.int64)
    key = tables.station_key[where] ^ np.uint64(text_key("backtest"))
    draws = Draws(SEED, replication, key, np.zeros(len(where), dtype=np.uint64))
    return marked(scenario, kind, where, np.array(onset), draws)


def roads_under_water(scenario: Scenario, replication: int, water: Incidents) -> Closures:
    """The roads of the three kelurahan, from the minute the water comes to the end of the day."""
    villages, first = np.unique(scenario.stations.village[water.station], return_index=True)
    depth_mm = generator(SEED, replication, "backtest/roads").uniform(*DEPTH_MM, len(villages))
    order = np.argsort(water.onset_min[first], kind="stable")
    return Closures(water.onset_min[first][order], villages[order], depth_mm[order])


def met_day(scenario: Scenario, replication: int) -> tuple[Day, Day]:
    """A day of heavy rain without its own floods: with the flood of 2024, and without any."""
    day, kinds = sample_day(scenario, SEED, replication, "heavy_rain"), list(scenario.settings.incidents)
    own = day.incidents
    primary = own.parent < 0
    wet = np.isin(own.kind, [kinds.index(kind) for kind in FLOODS])
    dry = _rows(own, np.flatnonzero(primary & ~wet))
    water = the_flood(scenario, replication)
    pairs = {field.name: (getattr(dry, field.name), getattr(water, field.name)) for field in fields(Incidents)}
    joined = {name: np.concatenate(pair) for name, pair in pairs.items()}
    order = np.argsort(joined["onset_min"], kind="stable")
    flooded = _alone(Incidents(**{name: values[order] for name, values in joined.items()}))
    roads = roads_under_water(scenario, replication, water)
    return _met(scenario, day, flooded, roads), _met(scenario, day, _alone(dry), no_closures())


def _met(scenario: Scenario, day: Day, incidents: Incidents, closures: Closures) -> Day:
    """The day with other incidents; the accidents of its convoys are found among them again."""
    convoys = None if day.stages is None else convoys_of(scenario, day.stages.trips, incidents)
    return replace(day, incidents=incidents, closures=closures, convoys=convoys)


def _rows(incidents: Incidents, rows: NDArray[np.int64]) -> Incidents:
    return Incidents(**{field.name: getattr(incidents, field.name)[rows] for field in fields(Incidents)})


def _alone(incidents: Incidents) -> Incidents:
    """Nothing follows from anything: consequences of the floods that were taken out went with them."""
    none = np.zeros(len(incidents), dtype=np.int64)
    return replace(incidents, child_first=none, child_end=none, village=np.arange(len(incidents)))


def figures_of(scenario: Scenario, outcome: Outcome, calm: Outcome) -> Figures:
    """What became of the flooded stations on one day, and of the police's own work beside it."""
    kinds = list(scenario.settings.incidents)
    rows, flood = outcome.incidents, kinds.index("flood")
    water = rows.kind == flood
    ends = outcome.ends_min
    first = np.where(np.isnan(rows.first_min), ends, rows.first_min)[water] - rows.onset_min[water]
    full = np.where(np.isnan(rows.full_min), ends, rows.full_min)[water] - rows.onset_min[water]
    opened = rows.reopened_min[water]
    decision = rows.decision[water]
    police = [n for n, kind in enumerate(scenario.settings.incidents.values()) if kind.responder == "security"]
    return {
        "stations under water": float(water.sum()),
        "minutes to first help, mean": float(first.mean()),
        "minutes to first help, the last station": float(first.max()),
        "minutes until all that is needed is there, mean": float(full.mean()),
        "open again by H 09:00": float((opened <= 540).sum()),
        "open again by H 13:00": float((opened <= 780).sum()),
        "relocated by KPU": float((decision == DECISIONS.index("relocated")).sum()),
        "continued or postponed by KPU": float((decision >= DECISIONS.index("continued")).sum()),
        "squads and other units sent to the water": float(rows.units_sent[water].sum()),
        "risen to red": float((rows.last_level[water] == 2).sum()),
        "minutes without a free squad": outcome.reserve_exhausted_min,
        ELSEWHERE: _waited(outcome, police) - _waited(calm, police),
    }


def _waited(outcome: Outcome, kinds: list[int]) -> float:
    rows = outcome.incidents
    inside = np.isin(rows.kind, kinds)
    waited = np.where(np.isnan(rows.response_min), outcome.ends_min - rows.onset_min, rows.response_min)
    return float(waited[inside].mean()) if inside.any() else 0.0


def played(scenario: Scenario, days: int = DAYS) -> dict[str, dict[str, Estimate]]:
    """Plan -> figure -> mean with its 95 % interval."""
    every = plans(scenario)
    found: dict[str, list[Figures]] = {name: [] for name in every}
    for replication in range(FIRST, FIRST + days):
        flooded, calm = met_day(scenario, replication)
        for name, plan in every.items():
            found[name].append(figures_of(scenario, simulate(scenario, plan, flooded), simulate(scenario, plan, calm)))
    one = np.zeros(days, dtype=np.int64)
    return {
        name: {
            figure: stratified_mean(np.array([row[figure] for row in rows]), one, {0: 1.0}) for figure in rows[0]
        }
        for name, rows in found.items()
    }


def _told(cell: Estimate) -> str:
    """A mean with its interval; a day without a squad has none to run out of."""
    return "-" if np.isnan(cell.mean) else f"{cell.mean:.1f} ({cell.low:.1f} to {cell.high:.1f})"


def _what_it_could(found: Mapping[str, Mapping[str, Estimate]]) -> str:
    """How far the three plans differ at the water, said as it is."""
    figure = "minutes until all that is needed is there, mean"
    january, headquarters, none = (plan[figure].mean for plan in found.values())
    first = next(iter(found.values()))["minutes to first help, mean"].mean
    elsewhere = max(abs(plan[ELSEWHERE].mean) for plan in found.values())
    calls = f"Police calls elsewhere in the city wait {elsewhere:.1f} minutes longer at most."
    if max(january, headquarters, none) - min(january, headquarters, none) < 0.05:
        return (
            "At the water, nothing: where it waits makes no difference, nor that there is one. A guard pair is\n"
            f"there after {first:.0f} minutes in the mean, which by the rules of the scenario keeps an incident from\n"
            "rising, so that squads are hardly ever asked for; all that is needed is there after\n"
            f"{january:.0f} minutes under every plan. {calls}"
        )
    return (
        f"All that is needed is there after {january:.0f} minutes with a platoon in each rayon, after\n"
        f"{headquarters:.0f} from the headquarters and after {none:.0f} without a reserve. {calls}"
    )


def page(scenario: Scenario, found: Mapping[str, Mapping[str, Estimate]], days: int) -> str:
    """``docs/backtest.md``."""
    names = list(found)
    lines = [f"| mean of a day (95 % interval) | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for figure in next(iter(found.values())):
        cells = (found[name][figure] for name in names)
        told = " | ".join(_told(cell) for cell in cells)
        lines.append(f"| {figure} | {told} |")
    january = found[names[0]]
    teams = {
        kind: sum(scenario.team_at(team, site) for team in own for site in scenario.sites_of(team.at))
        for kind in ("hazard_team", "boat_team")
        for own in [[team for team in scenario.settings.teams if team.unit == kind]]
    }
    table = "\n".join(lines)
    return f"""# A plan of January meets the flood of 14 February 2024

Written by `python tools/backtest.py`; nobody edits it. {days} days, {len(found)} plans on the very same days.

On 23 January 2024 the police of Tangerang Selatan spoke of the rainy season and of one platoon for each rayon at a
Polsek. On 14 February rain fell from 03:00 to 05:30, water stood in {STATIONS[0]} to
{STATIONS[1]} stations of three kelurahan of one sub-district from 06:00, and all of them were postponed to 18 February
(Tangerang Ekspres, Tangselife and tvOne, Feb 2024). Here that flood is put into days of heavy rain from which their
own floods are taken; which low-lying kelurahan, stations and minutes is drawn anew for each day, so the page tells of
no place. From then on 400 to 800 mm of water, as reported, stand on the roads of these kelurahan.

{table}

**What the reserve could do.** {_what_it_could(found)}

**What it could not do.** It opens no station. {STATIONS[0]} to {STATIONS[1]} stations under water at once meet
{teams["hazard_team"]} hazard teams and {teams["boat_team"]} boat teams (both counts are assumptions), and what is not
dry in time is for KPU to decide: of the flooded stations {january["relocated by KPU"].mean:.1f} are moved and
{january["continued or postponed by KPU"].mean:.1f} go on or are held another day, whatever the police had planned. In
fact all were postponed: how long water stays and for how many stations another place is found are assumptions of the
scenario, and for this flood they are too hopeful.

**What would have helped.** More hazard teams and boats near the low ground, a place for each of its stations agreed on
beforehand, and a forecast: that of 11 February promised a clear morning.
"""


def main() -> None:
    """Play and write."""
    scenario = read_scenario(AREA)
    PAGE.write_text(page(scenario, played(scenario), DAYS), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
