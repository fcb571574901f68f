"""The loop: simulate doctrine, measure how busy units are, try a portfolio of models, accept on a paired test.

Streams of days that never meet: training (how busy units are), selection (who comes to the final), the final (who is
best, :mod:`simsec.optimization.finalists`), acceptance (whether the best beats doctrine), judging
(:mod:`simsec.optimization.judge`).

A candidate is accepted only if it is better on the paired test and every other family of responders is shown to wait no
longer (:mod:`simsec.optimization.guard`). The models price the police alone and would spend what others call for; so
some of the portfolio keep at every Polsek the patrols of the best doctrine, and some the pairs and the way of the
squads as well (:mod:`simsec.optimization.others`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from simsec.analysis.daily import busy_met
from simsec.analysis.intervals import LEVEL, Estimate
from simsec.analysis.replications import (
    DayKey,
    Replications,
    day_keys,
    replicate_plans,
    strata,
)
from simsec.analysis.selection import Choice, choose
from simsec.analysis.workers import Progress, Workers
from simsec.base.errors import InputError, Problem, say
from simsec.optimization.aims import Aim, daily, family_of, gain, measured
from simsec.optimization.choices import Bounds
from simsec.optimization.clock import Clock, OutOfTime
from simsec.optimization.deployment import Deployment, DeploymentOptions, Limits, deploy, limits_of, plan_of
from simsec.optimization.finalists import ALONE, BLOCK, FIRST_BLOCKS, MOST_BLOCKS, Final, best_doctrine, rank
from simsec.optimization.guard import Guarded, Refusal, Waited, guard, held, refused
from simsec.optimization.judge import SELECTION_FIRST, TRAINING_FIRST
from simsec.optimization.locks import Locks, bounds_of, locked
from simsec.optimization.needs import Placed
from simsec.optimization.others import for_others
from simsec.optimization.pricing import Busy, Prices, prices_of
from simsec.optimization.solving import NoPlanInTime, SolverName
from simsec.plan.doctrine import doctrine, doctrine_family, polsek_of
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario

NONE = Estimate(float("nan"), float("nan"), float("nan"), 0)
UNSTATED = Choice(-1, float("nan"), float("nan"))
TRAINING = {"ordinary": 20, "heavy_rain": 20, "rumour": 20, "severe": 40}
SELECTION = {"ordinary": 20, "heavy_rain": 12, "rumour": 12, "severe": 48}
ACCEPTANCE_FIRST = SELECTION_FIRST + 500_000
ACCEPTANCE = {"ordinary": 60, "heavy_rain": 100, "rumour": 40, "severe": 120}
# What the models of the portfolio look for: the tail over sub-districts, containment of a spreading crowd, and what
# they keep of the best doctrine: nothing, its patrols, or its pairs as well and the way of all squads to where other
# families call for them, longer by a share at most. The first matter most: a time limit leaves out the last.
PATROLS, NOTHING = -1.0, -2.0
PORTFOLIO = (
    *((0.3, 1.0, 0.06), (0.0, 1.0, PATROLS), (0.0, 1.0, 0.0), (0.3, 1.0, PATROLS), (0.3, 2.0, 0.06)),
    *((0.0, 1.0, 0.06), (0.0, 1.0, 0.03), (0.3, 1.0, 0.03), (0.3, 1.0, NOTHING)),
)
GAP = 0.01  # relative; simulation, not the model, has the last word
MOST_BUSY = 0.9
MODELS_SHARE, CANDIDATES_SHARE = 0.3, 0.3  # of the time left when their turn comes; the rest is for the tests
FINALISTS = 4  # candidates that may come to the final, and from there to the paired test


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
        guarded: how the other families fared on the selection days; empty for the doctrine.
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
    guarded: tuple[Guarded, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the guard of the other families refuses it."""
        return bool(refused(self.guarded))


@dataclass(frozen=True, eq=False)
class Search:
    """What the search found.

    Attributes:
        announced: the announced doctrine.
        best_doctrine: the doctrine with the least measure on the selection days.
        chosen: the plan proposed; the best doctrine itself when no candidate passed.
        accepted: whether the best candidate beat the best doctrine in the paired test and passed the guard.
        acceptance: its gain on the days of that test, which chose nothing.
        candidates: everything tried, doctrine first.
        training_days: how many.
        selection_days: how many chose the best doctrine and the best candidate.
        acceptance_days: how many further days the paired test took.
        choice: how sure the choice of the best finalist is, on the days that chose it.
        finalists: how many candidates came to the final.
        final_days: days of its own that the final took; 0 where the selection days had the last word.
        refusals: candidates that the guard of the other families refused.
        guarded: how the other families fared under the candidate of the last paired test, on its days.
        time_is_up: whether a time limit for the whole search cut it short.
        placed: what is proven of the places of the squads; None where nobody asked.
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
    finalists: int = 0
    final_days: int = 0
    refusals: tuple[Refusal, ...] = ()
    guarded: tuple[Guarded, ...] = ()
    time_is_up: bool = False
    placed: Placed | None = None

    @property
    def chosen_candidate(self) -> Candidate | None:
        """What was tried as the plan proposed; None where the time was up before any was."""
        return next((found for found in self.candidates if found.plan.hash == self.chosen.hash), None)


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


@dataclass(frozen=True, eq=False)
class Work:
    """What all stages of a search share.

    Attributes:
        scenario: what is known.
        workers: their number changes no result.
        seed: of training and selection days.
        solver: of the models.
        time_limit_s: for each model.
        aim: what is looked for.
        locks: what is fixed by hand.
        clock: of the whole search.
        progress: gives a progress function for each stage.
    """

    scenario: Scenario
    workers: Workers
    seed: int
    solver: SolverName
    time_limit_s: float
    aim: Aim
    locks: Locks
    clock: Clock
    progress: Callable[[str], Progress] | None

    def play(
        self, plans: Sequence[Plan], keys: tuple[DayKey, ...], stage: str, *, units: bool = False
    ) -> list[Replications]:
        """Play plans on the same days, as long as the clock allows."""
        started = time.monotonic()
        bar = self.clock.bar(self.progress(stage) if self.progress else None)
        found = replicate_plans(self.scenario, plans, keys, self.workers, units=units, progress=bar)
        self.clock.played(len(keys), len(plans), time.monotonic() - started)
        return found

    def measure(self, runs: Replications) -> Estimate:
        """What is looked for, of one plan."""
        return measured(self.scenario, daily(self.scenario, runs, self.aim), runs.stratum, self.aim)


    def final(self, plans: Sequence[Plan], most_blocks: int) -> Final | None:
        """Rank finalists on fresh days; None where the clock leaves too few, or the figure is none of a single day."""
        wanted = {name: most_blocks * days for name, days in BLOCK.items()}
        blocks = min(self.clock.days(wanted, plans=len(plans), share=0.2)[name] // days for name, days in BLOCK.items())
        if len(plans) < 2 or blocks < FIRST_BLOCKS or self.aim == "tail":
            return None
        play = partial(self.play, stage="final")
        return rank(self.scenario, plans, play, self.seed, self.aim, most_blocks=blocks)


def _deploy(shared: tuple[Prices, Limits, float, Bounds], task: tuple[DeploymentOptions, Bounds]) -> Deployment | None:
    """The answer of a model; None when the time was up before it had one."""
    prices, limits, until, own = shared
    options, bounds = task
    left_s = until - time.time()
    if left_s <= 0:
        return None
    try:
        options = replace(options, time_limit_s=min(options.time_limit_s, left_s))
        return deploy(prices, limits, options, bounds)
    except NoPlanInTime:
        return None
    except InputError:
        if bounds == own:
            raise
        return None  # what doctrine keeps leaves no choice; what is locked by hand alone does, or another task says so


def floors(scenario: Scenario, plan: Plan, bounds: Bounds) -> Bounds:
    """Bounds under which every Polsek keeps the patrols it has under a plan."""
    kept = {sector: plan.patrols.get(site, 1) for sector, site in enumerate(polsek_of(scenario))}
    most = DeploymentOptions().patrols_at_most
    least = {sector: (count, max(count, most)) for sector, count in kept.items()}
    return replace(bounds, patrols={**least, **bounds.patrols})


def kept_of(scenario: Scenario, plan: Plan, bounds: Bounds, keeps: float) -> Bounds:
    """Bounds under which a model keeps of a plan what the portfolio says."""
    if keeps == NOTHING:
        return bounds
    patrols = floors(scenario, plan, bounds)
    if keeps == PATROLS:
        return patrols
    others = for_others(scenario, plan, patrols)
    return replace(others, ways=tuple(replace(way, most=(1 + keeps) * way.most) for way in others.ways))


def _portfolio(work: Work, busy: Busy, best: Plan) -> list[tuple[Plan, Deployment, float]]:
    """A plan a model, those that decide the same left out; and what it keeps of doctrine."""
    scenario, bounds = work.scenario, bounds_of(work.scenario, work.locks)
    bar = work.clock.bar(work.progress("solving") if work.progress else None)
    prices = prices_of(scenario, busy, sites=bounds.squads, tick=work.clock.check)
    limit_s = work.time_limit_s
    for_models_s = MODELS_SHARE * work.clock.left_s
    tasks = [
        (
            DeploymentOptions(tail, containment_weight=containment, solver=work.solver, gap=GAP, time_limit_s=limit_s),
            kept_of(scenario, best, bounds, keeps),
        )
        for tail, containment, keeps in PORTFOLIO
    ]
    found: dict[str, tuple[Plan, Deployment, float]] = {}
    shared = (prices, limits_of(scenario), time.time() + for_models_s, bounds)
    made = work.workers.map(_deploy, shared, tasks, bar)
    for number, (deployment, (_, _, keeps)) in enumerate(zip(made, PORTFOLIO, strict=True), start=1):
        if deployment is not None:
            plan = plan_of(scenario, deployment, f"model-{number}", work.locks.plan)
            found.setdefault(plan.hash, (plan, deployment, keeps))
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
    final_blocks: int = MOST_BLOCKS,
    aim: Aim = "primary",
    locks: Locks | None = None,
    clock: Clock | None = None,
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
        final_blocks: of days on which the finalists meet, at most; below the first ones of the procedure the selection
            days have the last word.
        aim: what candidates are chosen and accepted by; the models themselves price the police.
        locks: what is fixed by hand; doctrine is then played with the locks upon it.
        clock: of the whole search; with a limit fewer days are played, and what overruns is left out.
        progress: gives a progress function for each stage: ``doctrine``, ``training``, ``solving``, ``candidates``,
            ``final``, ``selection``.

    Raises:
        InputError: no pattern can be staffed, or nothing is expected to happen of what is looked for.
        RunError: the solver gave no answer.
    """
    work = Work(scenario, workers, seed, solver, time_limit_s, aim, locks or Locks(), clock or Clock(None), progress)
    announced = doctrine(scenario)
    found = Search(announced, announced, announced, False, NONE, (), 0, 0, 0)
    try:
        family = _family(work, announced)
        found = replace(found, announced=family[0], best_doctrine=family[0], chosen=family[0])
        counts = work.clock.days(selection, plans=len(family), share=0.2)
        keys = day_keys(counts, (seed,), SELECTION_FIRST)
        played = work.play(family, keys, "doctrine")
        measures = [work.measure(runs) for runs in played]
        _refuse_nothing(measures[0], aim)
        best = best_doctrine(scenario, played, measures, aim)
        gains = [gain(scenario, played[best], runs, aim) for runs in played]
        candidates = tuple(
            Candidate(plan, "doctrine", measures[number], gains[number] if number != best else NONE)
            for number, plan in enumerate(family)
        )
        found = replace(
            found, best_doctrine=family[best], chosen=family[best], candidates=candidates, selection_days=len(keys)
        )
        training_keys = day_keys(work.clock.days(training, plans=1, share=0.1), (seed,), TRAINING_FIRST)
        trained = work.play([family[best]], training_keys, "training", units=True)[0]
        found = replace(found, training_days=len(training_keys))
        busy = busy_from(scenario, trained, len(scenario.stations) / family[best].blocks)
        made = _portfolio(work, busy, family[best])
        if not made:
            return replace(found, time_is_up=work.clock.limit_s is not None)
        made = made[: work.clock.plans(len(keys), share=CANDIDATES_SHARE)]  # the first matter most
        tried = work.play([plan for plan, _, _ in made], keys, "candidates")
        models = [_candidate(work, one, runs, played[best]) for one, runs in zip(made, tried, strict=True)]
        found = replace(
            found, candidates=(*candidates, *models), choice=_choice(work, models, tried), refusals=_refusals(models)
        )
        return _accept(work, *_finalists(work, found, models, final_blocks), acceptance)
    except OutOfTime:
        return replace(found, time_is_up=True)


def _family(work: Work, announced: Plan) -> list[Plan]:
    """Announced plan and doctrine family, with the locks upon them."""
    family = [announced, *doctrine_family(work.scenario, tick=work.clock.check)]
    kept = [plan for plan in (locked(work.scenario, plan, work.locks) for plan in family) if plan is not None]
    if not kept:
        what = say("no plan by rule of thumb can be staffed with what is locked")
        raise InputError([Problem(say("locks"), what, "lock fewer")])
    return kept


def _refuse_nothing(measure: Estimate, aim: Aim) -> None:
    """Refuse to look for what cannot be seen: no incident of the family is expected."""
    if measure.mean != measure.mean:
        what = say("no incident of this family is expected, so no plan is better than another")
        raise InputError([Problem(say("objective"), what, say("check rates and shares"), value=family_of(aim))])


def _choice(work: Work, models: Sequence[Candidate], tried: Sequence[Replications]) -> Choice:
    """How sure it is that the best candidate the guard lets pass is the best of them, in units of the measure."""
    passed = [number for number, model in enumerate(models) if not model.refused]
    if not passed:
        return UNSTATED
    stratum = tried[0].stratum
    unit = measured(work.scenario, np.ones(len(stratum)), stratum, work.aim).mean
    values = np.array([daily(work.scenario, tried[number], work.aim) for number in passed]) * unit
    found = choose(values, stratum, strata(work.scenario))
    return replace(found, best=passed[found.best]) if found.best >= 0 else found


def _candidate(
    work: Work, made: tuple[Plan, Deployment, float], runs: Replications, doctrine_runs: Replications
) -> Candidate:
    plan, deployment, keeps = made
    options = deployment.options
    words = f"tail {options.tail_weight:g}, containment {options.containment_weight:g}"
    told = {NOTHING: "", PATROLS: "patrols kept"}.get(keeps, f"others {100 * keeps:g}")
    return Candidate(
        plan=plan,
        origin="model",
        measure=work.measure(runs),
        gain=gain(work.scenario, doctrine_runs, runs, work.aim),
        objective=deployment.objective,
        bound=deployment.bound,
        gap=deployment.gap,
        solver=deployment.solver,
        seconds=deployment.seconds,
        time_limit_struck=deployment.status != "optimal",
        options=", ".join(filter(None, (words, told))),
        guarded=guard(work.scenario, doctrine_runs, runs, family_of(work.aim)),
    )


def _refusals(models: Sequence[Candidate]) -> tuple[Refusal, ...]:
    return tuple(
        Refusal(model.plan, model.options, "selection", refused(model.guarded)) for model in models if model.refused
    )


def _finalists(
    work: Work, found: Search, models: Sequence[Candidate], most_blocks: int
) -> tuple[Search, list[Candidate], Final | None]:
    """The best on the selection days meet on fresh ones; those not refused, best first, and how that was found."""
    passed = [number for number, model in enumerate(models) if not model.refused]
    ranked = sorted(passed, key=lambda number: models[number].measure.mean)[:FINALISTS]
    final = work.final([models[number].plan for number in ranked], most_blocks)
    if final is None:
        choice = Choice(ranked[0], 1.0, 0.0, ALONE) if len(ranked) == 1 else found.choice
        return replace(found, choice=choice, finalists=len(ranked)), [models[number] for number in ranked], None
    choice = replace(final.choice, best=ranked[final.choice.best])
    found = replace(found, choice=choice, finalists=len(ranked), final_days=final.days)
    return found, [models[ranked[number]] for number in final.order], final


def _accept(
    work: Work, found: Search, ranked: Sequence[Candidate], final: Final | None, acceptance: Mapping[str, int]
) -> Search:
    """Let the finalists meet the best doctrine, paired, on days that chose neither, until one is let pass.

    A further one comes to the test only after the guard refused the one before, each at half the error of the one
    before, so that all tests together err no more than twice as often as one.
    """
    if not ranked:
        return found
    test = _Test(work, found.best_doctrine, work.clock.days(acceptance, plans=2, share=0.4))
    for number, model in enumerate(ranked):
        told, guarded = test.of(model.plan, level=1 - (1 - LEVEL) / 2**number)
        found = replace(found, acceptance=told, acceptance_days=told.days, guarded=guarded)
        if not told.low > 0:
            return found
        if all(one.shown for one in guarded):
            return replace(found, chosen=replace(model.plan, name="optimised"), accepted=True)
        refusal = Refusal(model.plan, model.options, "acceptance", tuple(one for one in guarded if not one.shown))
        found = replace(found, refusals=(*found.refusals, refusal))
        found = replace(found, choice=_choice_left(work, found, ranked, final, number + 1))
    return found


def _choice_left(work: Work, found: Search, ranked: Sequence[Candidate], final: Final | None, refused: int) -> Choice:
    """How sure the best is among the finalists that the guard has not refused yet."""
    models = [candidate for candidate in found.candidates if candidate.origin == "model"]
    if final is None:
        left = ranked[refused:]
        return Choice(models.index(left[0]), 1.0, 0.0, ALONE) if len(left) == 1 else UNSTATED
    choice = final.without(work.scenario, final.order[:refused])
    return replace(choice, best=models.index(ranked[final.order.index(choice.best)])) if choice.best >= 0 else choice


@dataclass(eq=False)
class _Test:
    """The paired test and the guard, on days that chose nothing; those under doctrine are played once."""

    work: Work
    doctrine: Plan
    counts: Mapping[str, int]

    def __post_init__(self) -> None:
        self._under_doctrine: dict[tuple[DayKey, ...], Replications] = {}

    def _play(self, plan: Plan, keys: tuple[DayKey, ...]) -> tuple[Replications, Replications]:
        if keys in self._under_doctrine:
            return self._under_doctrine[keys], self.work.play([plan], keys, "selection")[0]
        self._under_doctrine[keys], second = self.work.play([self.doctrine, plan], keys, "selection")
        return self._under_doctrine[keys], second

    def of(self, plan: Plan, level: float) -> tuple[Estimate, tuple[Guarded, ...]]:
        """What a plan gains, and how the other families fare; these on further days where the plan is better."""
        work = self.work
        keys = day_keys(self.counts, (work.seed,), ACCEPTANCE_FIRST)
        first, second = self._play(plan, keys)
        told = gain(work.scenario, first, second, work.aim, level=level)
        but = family_of(work.aim)
        if not told.low > 0:
            return told, guard(work.scenario, first, second, but)

        def more(have: Mapping[str, int], want: Mapping[str, int]) -> tuple[Waited, Waited]:
            seen = set(day_keys(have, (work.seed,), ACCEPTANCE_FIRST))
            further = tuple(key for key in day_keys(want, (work.seed,), ACCEPTANCE_FIRST) if key not in seen)
            before, after = self._play(plan, further)
            return Waited.of(before), Waited.of(after)

        return told, held(work.scenario, Waited.of(first), Waited.of(second), more, but)[0]
