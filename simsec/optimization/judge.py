"""The proof: announced doctrine, best of its family and the optimised plan on days none of them was chosen on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from simsec.analysis.comparison import Comparison, compare_runs
from simsec.analysis.intervals import Estimate
from simsec.analysis.replications import Replications, day_keys, replicate_plans
from simsec.analysis.stations import StationMinutes, station_minutes
from simsec.analysis.workers import Progress, Workers
from simsec.analysis.worlds import Worlds, play_worlds
from simsec.optimization.aims import daily, measured
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario

# Streams that never meet: replications count from these numbers on. Days that anybody plays count from 0 on, so that a
# plan tried out with ``simsec simulate`` is judged on days that nobody has seen.
SELECTION_FIRST, TRAINING_FIRST, WORLDS_FIRST, JUDGING_FIRST = 1_000_000, 2_000_000, 3_000_000, 4_000_000
FINALISTS_FIRST = 2_500_000
JUDGING_SEEDS = (1, 2, 3)
WORLDS = 30


@dataclass(frozen=True, eq=False)
class Judged:
    """Three plans judged on the same fresh days.

    Attributes:
        scenario: what is known.
        plans: announced doctrine, best of the doctrine family, optimised plan.
        runs: their days, in the same order, with voters; the probes stand in ``stations``.
        stations: minutes to first help station by station, in the same order.
        over_announced, over_doctrine: what the optimised plan gains over each.
        worlds: the optimised plan against the best doctrine under other assumptions.
        seeds: judging seeds, the first three whole numbers.
    """

    scenario: Scenario
    plans: tuple[Plan, Plan, Plan]
    runs: tuple[Replications, Replications, Replications]
    stations: tuple[StationMinutes, StationMinutes, StationMinutes]
    over_announced: Comparison
    over_doctrine: Comparison
    worlds: Worlds
    seeds: tuple[int, ...]


def tails(judged: Judged) -> tuple[Estimate, Estimate, Estimate]:
    """The primary measure of the worst share of the days, under each plan: what a mean hides."""
    first, second, third = (
        measured(judged.scenario, daily(judged.scenario, runs, "tail"), runs.stratum, "tail")
        for runs in judged.runs
    )
    return first, second, third


def judge(
    scenario: Scenario,
    announced: Plan,
    best_doctrine: Plan,
    optimised: Plan,
    days: Mapping[str, int],
    world_days: Mapping[str, int],
    workers: Workers,
    *,
    seeds: tuple[int, ...] = JUDGING_SEEDS,
    progress: tuple[Progress | None, Progress | None] = (None, None),
) -> Judged:
    """Play the three plans on the same fresh days, and doctrine and plan in the assumption worlds.

    Args:
        scenario: what is known.
        announced: the announced doctrine.
        best_doctrine: the best of its family.
        optimised: the plan proposed.
        days: day type -> judging days.
        world_days: day type -> days in each assumption world.
        workers: their number changes no result.
        seeds: judging seeds; the first three whole numbers, so that none is picked. The first also draws the worlds.
        progress: for the days and for the worlds.
    """
    keys = day_keys(days, seeds, JUDGING_FIRST)
    plans = (announced, best_doctrine, optimised)
    first, second, third = replicate_plans(
        scenario, plans, keys, workers, probes=True, voters=True, missions=True, progress=progress[0]
    )
    stations = tuple(station_minutes(scenario, runs) for runs in (first, second, third))
    nothing = np.zeros((0,), dtype=np.float32)  # the probes are the most of what a day weighs
    first, second, third = (replace(runs, probes=nothing) for runs in (first, second, third))
    world_keys = day_keys(world_days, seeds, WORLDS_FIRST)
    worlds = play_worlds(
        scenario, best_doctrine, optimised, world_keys, workers, count=WORLDS, seed=seeds[0], progress=progress[1]
    )
    return Judged(
        scenario=scenario,
        plans=plans,
        runs=(first, second, third),
        stations=(stations[0], stations[1], stations[2]),
        over_announced=compare_runs(scenario, first, third),
        over_doctrine=compare_runs(scenario, second, third),
        worlds=worlds,
        seeds=seeds,
    )
