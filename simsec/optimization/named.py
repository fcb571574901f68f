"""Plans by a word: what a person writes instead of the folder of a plan."""

from __future__ import annotations

import re
from pathlib import Path

from simsec.analysis.replications import day_keys, replicate_plans
from simsec.analysis.workers import Progress, Workers
from simsec.base.errors import InputError, Problem, say
from simsec.optimization.aims import daily, measured
from simsec.optimization.budget import days_that_count
from simsec.optimization.judge import SELECTION_FIRST
from simsec.optimization.search import SELECTION
from simsec.plan.doctrine import doctrine, doctrine_family
from simsec.plan.feasibility import explain_infeasible
from simsec.plan.files import read_plan
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario

ANNOUNCED, BEST = ("announced", "doctrine"), "best-doctrine"
SIZE = re.compile(r"2:(\d+)")


def named_plan(
    scenario: Scenario, word: str, workers: Workers, *, seed: int = 1, progress: Progress | None = None
) -> Plan:
    """The plan a word means for a scenario.

    Args:
        scenario: what is known.
        word: ``announced`` or ``doctrine`` (the same), ``best-doctrine`` (the best block size on the selection days),
            a block size such as ``2:8``, or a plan folder.
        workers: their number changes no result.
        seed: of the selection days.
        progress: while the doctrine family is played.

    Raises:
        InputError: no such plan, or the scenario cannot carry it out.

    Example:
        >>> from simsec.analysis.workers import open_workers
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> with open_workers(1) as workers:
        ...     named_plan(scenario, "2:8", workers).name
        '2:8'
    """
    if word in ANNOUNCED:
        return doctrine(scenario)
    if word == BEST:
        return best_doctrine(scenario, workers, seed=seed, progress=progress)
    if size := SIZE.fullmatch(word):
        return doctrine(scenario, int(size.group(1)))
    if not Path(word).is_dir():
        what, bound = "no such plan", say("a plan folder, announced, best-doctrine or a block size such as 2:8")
        raise InputError([Problem(say("plan"), what, value=word, bound=bound)])
    return read_plan(Path(word), scenario)


def best_doctrine(
    scenario: Scenario, workers: Workers, *, seed: int = 1, progress: Progress | None = None
) -> Plan:
    """The member of the doctrine family with the least measure on the selection days.

    Raises:
        InputError: the strength staffs none.
    """
    family = doctrine_family(scenario)
    if not family:
        explain_infeasible(scenario)
    keys = day_keys(days_that_count(scenario, SELECTION), (seed,), SELECTION_FIRST)
    runs = replicate_plans(scenario, family, keys, workers, progress=progress)
    measures = [measured(scenario, daily(scenario, days), days.stratum).mean for days in runs]
    return family[min(range(len(family)), key=lambda number: (measures[number], number))]
