"""The loop: simulate doctrine, measure how busy units are, try a portfolio of models, accept on a paired test.

Three streams of days that never meet: training (how busy units are), selection (who is best; then, on further days of
the stream, whether the best candidate beats doctrine), judging (:mod:`simsec.optimization.judge`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import Replications, busy_met, day_keys, primary_measure, replicate_plans, strata
from simsec.analysis.selection import Choice, choose
from simsec.analysis.workers import Progress, Workers
from simsec.optimization.deployment import Deployment, DeploymentOptions, Limits, deploy, limits_of, plan_of
from simsec.optimization.judge import SELECTION_FIRST, TRAINING_FIRST
from simsec.optimization.pricing import Busy, Prices, prices_of
from simsec.optimization.solving import SolverName
from simsec.plan.doctrine import doctrine, doctrine_family
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario

NONE = Estimate(float("nan"), float("nan"), float("nan"), 0)
UNSTATED = Choice(-1, float("nan"), float("nan"))
TRAINING = {"ordinary": 20, "heavy_rain": 20, "rumour": 20, "severe": 40}
SELECTION = {"ordinary": 20, "heavy_rain": 12, "rumour": 12, "severe": 48}
ACCEPTANCE_FIRST = SELECTION_FIRST + 500_000
ACCEPTANCE = {"ordinary": 60, "heavy_rain": 40, "rumour": 40, "severe": 120}
# What the models of the portfolio look for: the tail over sub-districts, and containment of a spreading crowd.
PORTFOLIO = tuple((tail, containment) for tail in (0.0, 0.3) for containment in (0.5, 1.0, 2.0))
GAP = 0.01  # relative; simulation, not the model, has the last word
MOST_BUSY = 0.9


@dataclass(frozen=True)
class Candidate:
    """A plan that was tried on the selection days.

    Attributes:
        plan: the plan.
        origin: ``doctrine`` or ``model``.
        measure: primary measure on the selection days.
        gain: over the best of the doctrine family, paired; nan for the doctrine itself.
        objective, bound, gap: of the model that made it, nan for doctrine.
        solver: name and version, "" for doctrine.
        seconds: the solver took.
        time_limit_struck: whether the clock stopped the solver before its gap did.
        options: what made the model differ, in words.
    """

    plan: Plan
    origin: str
    measure: Estimate
    gain: Estimate
    objective: float = float("nan")
    bound: float = float("nan")
    gap: float = float("nan")
    solver: str = ""
    seconds: float = 0.0
    time_limit_struck: bool = False
    options: str = ""


@dataclass(frozen=True, eq=False)
class Search:
    """What the search found.

    Attributes:
        announced: the announced doctrine.
        best_doctrine: the doctrine with the least measure on the selection days.
        chosen: the plan proposed; the best doctrine itself when no candidate passed.
        accepted: whether the best candidate beat the best doctrine in the paired test.
        acceptance: its gain on the days of that test, which chose nothing.
        candidates: everything tried, doctrine first.
        training_days: how many.
        selection_days: how many chose the best doctrine and the best candidate.
        acceptance_days: how many further days the paired test took.
        choice: how sure the choice of the best candidate among the models is, on the days that chose.
    """

    announced: Plan
    best_doctrine: Plan
    chosen: Plan
    accepted: bool
    acceptance: Estimate
    candidates: tuple[Candidate, ...]
    training_days: int
    selection_days: int
    acceptance_days: int
    choice: Choice = UNSTATED


def _security(runs: Replications) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    column: np.ndarray[tuple[int], np.dtype[np.float64]] = runs.weighted[:, FAMILIES.index("security")]
    return column


def _gain(scenario: Scenario, first: Replications, second: Replications) -> Estimate:
    return primary_measure(scenario, _security(first) - _security(second), first.stratum)


def busy_from(scenario: Scenario, runs: Replications, tps_per_pair: float) -> Busy:
    """How busy units were in training when incidents began: pairs and patrols, and squads on the days that need them.

    Args:
        scenario: what is known.
        runs: training days under the plan, played with ``units=True``.
        tps_per_pair: mean block size of that plan.
    """

    def share(kind: str, *day_types: str) -> float:
        return min(busy_met(scenario, runs, kind, *day_types), MOST_BUSY)

    return Busy.of(scenario, share("pair"), tps_per_pair, share("patrol"), share("squad", "severe"))


def _deploy(shared: tuple[Prices, Limits], options: DeploymentOptions) -> Deployment:
    return deploy(*shared, options)


def _portfolio(
    scenario: Scenario,
    busy: Busy,
    solver: SolverName,
    time_limit_s: float,
    workers: Workers,
    progress: Progress | None,
) -> list[tuple[Plan, Deployment]]:
    """A plan a model, those that decide the same left out."""
    options = [
        DeploymentOptions(
            tail_weight=tail, containment_weight=containment, solver=solver, gap=GAP, time_limit_s=time_limit_s
        )
        for tail, containment in PORTFOLIO
    ]
    shared = (prices_of(scenario, busy), limits_of(scenario))
    found: dict[str, tuple[Plan, Deployment]] = {}
    for number, deployment in enumerate(workers.map(_deploy, shared, options, progress), start=1):
        plan = plan_of(scenario, deployment, f"model-{number}")
        found.setdefault(plan.hash, (plan, deployment))
    return list(found.values())


def search(
    scenario: Scenario,
    workers: Workers,
    *,
    seed: int = 1,
    solver: SolverName = "highs",
    time_limit_s: float = 20.0,
    training: Mapping[str, int] = TRAINING,
    selection: Mapping[str, int] = SELECTION,
    acceptance: Mapping[str, int] = ACCEPTANCE,
    progress: Callable[[str], Progress] | None = None,
) -> Search:
    """Look for a plan that is better than doctrine.

    Args:
        scenario: what is known.
        workers: their number changes no result.
        seed: of the training and selection days.
        solver: ``highs`` or ``cbc``.
        time_limit_s: for each model; a safety net.
        training: day type -> training days.
        selection: day type -> days that choose the best doctrine and the best candidate.
        acceptance: day type -> further days on which the best candidate must beat the best doctrine.
        progress: gives a progress function for each stage: ``doctrine``, ``training``, ``solving``, ``candidates``,
            ``selection``.

    Raises:
        InputError: no pattern can be staffed.
        RunError: the solver gave no answer.
    """

    def bar(stage: str) -> Progress | None:
        return progress(stage) if progress else None

    keys = day_keys(selection, (seed,), SELECTION_FIRST)
    announced = doctrine(scenario)
    family = [announced, *doctrine_family(scenario)]
    played = replicate_plans(scenario, family, keys, workers, progress=bar("doctrine"))
    measures = [primary_measure(scenario, _security(runs), runs.stratum) for runs in played]
    best = min(range(len(family)), key=lambda number: (measures[number].mean, number))
    training_keys = day_keys(training, (seed,), TRAINING_FIRST)
    trained = replicate_plans(
        scenario, [family[best]], training_keys, workers, units=True, progress=bar("training")
    )[0]
    busy = busy_from(scenario, trained, len(scenario.stations) / family[best].blocks)
    made = _portfolio(scenario, busy, solver, time_limit_s, workers, bar("solving"))
    tried = replicate_plans(scenario, [plan for plan, _ in made], keys, workers, progress=bar("candidates"))
    candidates = [
        Candidate(plan, "doctrine", measure, _gain(scenario, played[best], runs) if number != best else NONE)
        for number, (plan, measure, runs) in enumerate(zip(family, measures, played, strict=True))
    ]
    models = [
        _candidate(scenario, plan, deployment, runs, played[best])
        for (plan, deployment), runs in zip(made, tried, strict=True)
    ]
    top = min(models, key=lambda candidate: candidate.measure.mean)
    choice = _choice(scenario, tried)
    accepted, gain = _accepted(scenario, family[best], top.plan, acceptance, seed, workers, bar("selection"))
    return Search(
        announced=announced,
        best_doctrine=family[best],
        chosen=replace(top.plan, name="optimised") if accepted else family[best],
        accepted=accepted,
        acceptance=gain,
        candidates=(*candidates, *models),
        training_days=len(training_keys),
        selection_days=len(keys),
        acceptance_days=gain.days,
        choice=choice,
    )


def _choice(scenario: Scenario, tried: Sequence[Replications]) -> Choice:
    """How sure it is that the candidate with the least measure is the best of them, in units of the measure."""
    stratum = tried[0].stratum
    unit = primary_measure(scenario, np.ones(len(stratum)), stratum).mean
    return choose(np.array([_security(runs) for runs in tried]) * unit, stratum, strata(scenario))


def _candidate(
    scenario: Scenario, plan: Plan, deployment: Deployment, runs: Replications, doctrine_runs: Replications
) -> Candidate:
    options = deployment.options
    return Candidate(
        plan=plan,
        origin="model",
        measure=primary_measure(scenario, _security(runs), runs.stratum),
        gain=_gain(scenario, doctrine_runs, runs),
        objective=deployment.objective,
        bound=deployment.bound,
        gap=deployment.gap,
        solver=deployment.solver,
        seconds=deployment.seconds,
        time_limit_struck=deployment.status != "optimal",
        options=f"tail {options.tail_weight:g}, containment {options.containment_weight:g}",
    )


def _accepted(
    scenario: Scenario,
    doctrine_plan: Plan,
    candidate: Plan,
    acceptance: Mapping[str, int],
    seed: int,
    workers: Workers,
    progress: Progress | None,
) -> tuple[bool, Estimate]:
    """Whether the candidate beats doctrine, paired, on days that chose neither; and by how much."""
    keys = day_keys(acceptance, (seed,), ACCEPTANCE_FIRST)
    plans: Sequence[Plan] = (doctrine_plan, candidate)
    first, second = replicate_plans(scenario, plans, keys, workers, progress=progress)
    gain = _gain(scenario, first, second)
    return gain.low > 0, gain
