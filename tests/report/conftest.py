"""Three plans judged on a few days: enough for every table and figure, quick enough for every test run."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from simsec.analysis.comparison import compare_runs
from simsec.analysis.intervals import Estimate
from simsec.analysis.replications import day_keys, primary_measure, replicate_plans
from simsec.analysis.stations import station_minutes
from simsec.analysis.workers import open_workers
from simsec.analysis.worlds import Swing, Worlds, draw_worlds
from simsec.locale import LANGUAGES, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import NONE, Candidate, Search
from simsec.plan import Plan, check_plan, doctrine, doctrine_family
from simsec.report import ReportMeta, report_figures
from simsec.scenario import Scenario
from simsec.scenario.schema import DAY_TYPES
from tests.areas import shipped, tiny

META = ReportMeta(
    citation="simsec 0.0, scenario 0123456789abcdef, seeds 1, 2, 3",
    versions={"python": "3.11", "numpy": "2.0"},
    command="simsec plan sukamaju",
    seeds=(1, 2, 3),
    seconds=12.5,
)


def invented_worlds(scenario: Scenario, count: int = 12) -> Worlds:
    """Gains that rise with one figure: no days are played."""
    paths, values = draw_worlds(scenario, count, 1)
    means = np.sort(np.linspace(-0.4, 3.1, count))[np.argsort(np.argsort(values[:, 0]))]
    gains = tuple(Estimate(float(mean), float(mean) - 1.5, float(mean) + 1.5, 8) for mean in means)
    swings = (Swing(paths[0], Estimate(3.2, 2.0, 4.4, 80)), Swing(paths[1], Estimate(-0.2, -1.0, 0.6, 80)))
    return Worlds(paths, values, gains, np.full(count, 0.75), np.full(count, 40.0), 9, swings)


def judged_of(scenario: Scenario, optimised: Plan, days: int) -> Judged:
    """The announced plan, a member of the family, and another plan, on so many days of every type."""
    check_plan(scenario, optimised)
    plans = (doctrine(scenario), doctrine_family(scenario)[1], optimised)
    keys = day_keys(dict.fromkeys(DAY_TYPES, days), (1, 2, 3))
    with open_workers(1) as pool:
        first, second, third = replicate_plans(scenario, plans, keys, pool, probes=True, voters=True, missions=True)
    return Judged(
        scenario=scenario,
        plans=plans,
        runs=(first, second, third),
        stations=(
            station_minutes(scenario, first),
            station_minutes(scenario, second),
            station_minutes(scenario, third),
        ),
        over_announced=compare_runs(scenario, first, third),
        over_doctrine=compare_runs(scenario, second, third),
        worlds=invented_worlds(scenario),
        seeds=(1, 2, 3),
    )


def search_of(judged: Judged) -> Search:
    """A search that tried the three plans."""
    runs = judged.runs
    measures = [primary_measure(judged.scenario, run.weighted[:, 0], run.stratum) for run in runs]
    candidates = (
        Candidate(judged.plans[0], "doctrine", measures[0], judged.over_announced.gain),
        Candidate(judged.plans[1], "doctrine", measures[1], NONE),
        Candidate(
            judged.plans[2], "model", measures[2], judged.over_doctrine.gain, 12.5, 12.25, 0.02, "HiGHS 1.11", 20.0,
            True, "tail 0.3, containment 2",
        ),
    )  # fmt: skip
    return Search(
        announced=judged.plans[0],
        best_doctrine=judged.plans[1],
        chosen=judged.plans[2],
        accepted=True,
        acceptance=Estimate(1.0, 0.2, 1.8, 40),
        candidates=candidates,
        training_days=40,
        selection_days=80,
        acceptance_days=40,
    )


def moved(scenario: Scenario, blocks: Plan) -> Plan:
    """A plan whose squads wait at headquarters, at the last Polsek and in the first village."""
    headquarters = scenario.posts.code[scenario.posts.of_type("polres")[0]]
    last = scenario.posts.code[scenario.posts.of_type("polsek")[-1]]
    total = sum(blocks.squads.values())
    return replace(blocks, name="optimised", squads={headquarters: total - 2, last: 1, scenario.villages.code[0]: 1})


@pytest.fixture(scope="session")
def judged() -> Judged:
    """The tiny area, whose names are fictitious."""
    scenario = tiny()
    return judged_of(scenario, moved(scenario, doctrine_family(scenario)[2]), 4)


@pytest.fixture(scope="session")
def search(judged: Judged) -> Search:
    """The search behind the tiny area's plan."""
    return search_of(judged)


@pytest.fixture(scope="session")
def judged_shipped() -> Judged:
    """The shipped area: two thousand stations, nineteen sub-districts."""
    scenario = shipped()
    return judged_of(scenario, moved(scenario, doctrine_family(scenario)[0]), 2)


@pytest.fixture(scope="session")
def drawn(judged_shipped: Judged) -> dict[str, dict[str, Figure]]:
    """All figures of the shipped area, by language and name."""
    return {language: report_figures(judged_shipped, texts(language)) for language in LANGUAGES}


@pytest.fixture(scope="session")
def meta() -> ReportMeta:
    """What made the run."""
    return META
