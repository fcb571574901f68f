"""The least strength that keeps today's response, and who could rest: a frontier walked from the left.

At each strength the deployment model is solved anew and its plan simulated on the same days as today's plan. The least
strength is the first from which on no plan is shown to be worse than today's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from simsec.analysis.intervals import Estimate
from simsec.analysis.replications import Replications, day_keys, replicate_plans
from simsec.analysis.workers import Progress, Workers
from simsec.base.errors import InputError
from simsec.optimization.aims import Aim, family_of, gain
from simsec.optimization.budget import days_that_count
from simsec.optimization.changes import TELLING_FIRST
from simsec.optimization.choices import Bounds
from simsec.optimization.deployment import DeploymentOptions, deploy, limits_of, plan_of
from simsec.optimization.guard import Guarded, guard, refused
from simsec.optimization.judge import TRAINING_FIRST
from simsec.optimization.locks import Locks, bounds_of
from simsec.optimization.pricing import Prices, prices_of
from simsec.optimization.search import GAP, TRAINING, busy_from, floors
from simsec.optimization.solving import SolverName
from simsec.plan.doctrine import polsek_of
from simsec.plan.ledger import PAIR_PERSONS
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario

SHARES = (0.7, 0.8, 0.9, 0.95, 1.0)
STRENGTH_FIRST = TELLING_FIRST + 250_000
DAYS = {"ordinary": 60, "heavy_rain": 40, "rumour": 40, "severe": 120}
# Tail and containment weights tried at each strength, each with and without the patrols of today.
SOLUTIONS = ((0.0, 1.0), (0.3, 1.0))
ONE_SIDED = 0.95


@dataclass(frozen=True, eq=False)
class Level:
    """A strength and what it gives.

    Attributes:
        police, squads: announced police, and squads of the reserve.
        plan: the best plan found for it; None where no pattern can be staffed.
        loss: what it adds to today's weighted minutes, paired; low and high are each one-sided at 95 %.
        guarded: how the other families fare.
    """

    police: int
    squads: int
    plan: Plan | None
    loss: Estimate
    guarded: tuple[Guarded, ...] = ()

    @property
    def keeps(self) -> bool:
        """Whether it is not shown to be worse than today's plan, for the police and for every other family."""
        return self.plan is not None and not self.loss.low > 0 and not refused(self.guarded)


@dataclass(frozen=True, eq=False)
class Frontier:
    """Levels of strength, the least first.

    Attributes:
        today: the plan whose response shall be kept.
        police: levels of announced police with the whole reserve.
        reserve: levels of the reserve with all announced police.
        squad_worth: what one squad more is worth, re-solved and re-simulated: reserve size -> gain over one fewer.
        days: played at every level.
    """

    today: Plan
    police: tuple[Level, ...]
    reserve: tuple[Level, ...]
    squad_worth: dict[int, Estimate]
    days: int

    @staticmethod
    def least(levels: Sequence[Level]) -> Level | None:
        """The least level from which on every level keeps today's response; None where not even the last does."""
        found = None
        for level in reversed(levels):
            if not level.keeps:
                break
            found = level
        return found


def resting(scenario: Scenario, today: Plan, level: Level) -> dict[str, int]:
    """Officers who could rest, by sub-district: pairs and patrols of today's plan that the level does without.

    Args:
        scenario: what is known.
        today: the plan now.
        level: a strength that keeps its response.

    Returns:
        Code of the sub-district -> officers, negative where more are sent; those without a change are left out.
    """
    if level.plan is None:
        return {}
    codes, place, polsek = scenario.villages.subdistrict_codes, scenario.stations.subdistrict, polsek_of(scenario)
    found = {}
    for sector, code in enumerate(codes):
        inside, post = place == sector, polsek[sector]
        pairs = len(np.unique(today.block[inside])) - len(np.unique(level.plan.block[inside]))
        patrols = today.patrols.get(post, 0) - level.plan.patrols.get(post, 0)
        if pairs + patrols:
            found[code] = PAIR_PERSONS * (pairs + patrols)
    return found


def least_strength(
    scenario: Scenario,
    today: Plan,
    workers: Workers,
    *,
    seed: int = 1,
    shares: Sequence[float] = SHARES,
    solver: SolverName = "highs",
    time_limit_s: float = 20.0,
    aim: Aim = "primary",
    locks: Locks | None = None,
    days: dict[str, int] | None = None,
    training: dict[str, int] | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> Frontier:
    """Walk the frontier of strengths.

    Args:
        scenario: what is known.
        today: the plan whose response shall be kept.
        workers: their number changes no result.
        seed: of the days.
        shares: of the announced police, and of the reserve.
        solver: of the models.
        time_limit_s: for each model.
        aim: what is looked for.
        locks: what is fixed by hand.
        days: day type -> days that judge.
        training: day type -> days that tell how busy units are.
        progress: gives a progress function for each stage: ``training``, ``solving``, ``judging``.

    Raises:
        RunError: the solver gave no answer.
    """
    bars = {stage: progress(stage) if progress else None for stage in ("training", "solving", "judging")}
    training_keys = day_keys(days_that_count(scenario, training or TRAINING), (seed,), TRAINING_FIRST)
    trained = replicate_plans(scenario, [today], training_keys, workers, units=True, progress=bars["training"])[0]
    busy = busy_from(scenario, trained, len(scenario.stations) / today.blocks)
    locks = locks or Locks()
    bounds = bounds_of(scenario, locks)
    prices = prices_of(scenario, busy, sites=bounds.squads)
    forces = scenario.settings.forces
    police, persons = round(forces.police.mode), forces.squad_persons
    squads = round(forces.reserve.mode) // persons
    of_police = [(round(share * police), squads) for share in sorted(shares)]
    of_reserve = [(police, count) for count in _sizes(squads, shares)]
    asked = list(dict.fromkeys([*of_police, *of_reserve]))
    solving = _Solving(scenario, today, prices, bounds, locks, solver, time_limit_s)
    plans: list[list[Plan]] = []
    for number, (officers, count) in enumerate(asked, start=1):
        plans.append(solving.plans(officers, count))
        if bars["solving"]:
            bars["solving"](number, len(asked))
    keys = day_keys(days_that_count(scenario, days or DAYS), (seed,), STRENGTH_FIRST)
    every = [today, *(plan for found in plans for plan in found)]
    runs = replicate_plans(scenario, every, keys, workers, progress=bars["judging"])
    found: dict[tuple[int, int], tuple[Level, Replications | None]] = {}
    place = 1
    for level, made in zip(asked, plans, strict=True):
        found[level] = _best(scenario, level, made, runs[0], runs[place : place + len(made)], aim)
        place += len(made)
    worth = {}
    for (_, fewer), (_, more) in pairwise(of_reserve):
        first, second = found[police, fewer][1], found[police, more][1]
        if more == fewer + 1 and first is not None and second is not None:
            worth[more] = gain(scenario, first, second, aim)
    return Frontier(
        today=today,
        police=tuple(found[level][0] for level in of_police),
        reserve=tuple(found[level][0] for level in of_reserve),
        squad_worth=worth,
        days=len(keys),
    )


def _sizes(squads: int, shares: Sequence[float]) -> list[int]:
    """Reserve sizes in whole squads, with the one below and the one above today's for what a squad is worth."""
    sizes = {int(np.ceil(share * squads)) for share in shares} | {squads - 1, squads, squads + 1}
    return sorted(size for size in sizes if size >= 0)


def _best(
    scenario: Scenario,
    level: tuple[int, int],
    plans: Sequence[Plan],
    today: Replications,
    runs: Sequence[Replications],
    aim: Aim,
) -> tuple[Level, Replications | None]:
    """The plan of a level that loses least among those that leave no other family worse, else that loses least."""
    police, squads = level
    if not plans:
        nan = float("nan")
        return Level(police, squads, None, Estimate(nan, nan, nan, 0)), None
    tried = []
    for plan, played in zip(plans, runs, strict=True):
        loss = gain(scenario, played, today, aim, level=2 * ONE_SIDED - 1)
        found = Level(police, squads, plan, loss, guard(scenario, today, played, family_of(aim)))
        tried.append((bool(refused(found.guarded)), loss.mean, found, played))
    _, _, best, played = min(tried, key=lambda one: one[:2])
    return best, played


@dataclass(eq=False)
class _Solving:
    """Solves the model at a strength; prices do not depend on it."""

    scenario: Scenario
    today: Plan
    prices: Prices
    bounds: Bounds
    locks: Locks
    solver: SolverName
    time_limit_s: float

    def plans(self, police: int, squads: int) -> list[Plan]:
        """Plans of the models tried at a strength, alike ones once; none where no pattern can be staffed.

        Officers of the reserve come out of the police where the announcement is read so, also those of a squad more.
        """
        persons = self.scenario.settings.forces.squad_persons
        forces = {"forces.police": float(police), "forces.reserve": float(squads * persons)}
        weaker = self.scenario.with_values(forces)
        limits = limits_of(weaker)
        found: dict[str, Plan] = {}
        for bounds in (self._kept(limits.free), self.bounds):
            for tail, containment in SOLUTIONS:
                options = DeploymentOptions(
                    tail_weight=tail,
                    containment_weight=containment,
                    solver=self.solver,
                    gap=GAP,
                    time_limit_s=self.time_limit_s,
                )
                try:
                    deployment = deploy(self.prices, limits, options, bounds)
                    plan = plan_of(weaker, deployment, f"{police}/{squads}", self.locks.plan)
                except InputError:
                    continue  # this strength staffs nothing under these bounds
                found.setdefault(plan.hash, plan)
        return list(found.values())

    def _kept(self, free: int) -> Bounds:
        """Bounds that keep today's patrols, or as many of them as the strength leaves beside the largest blocks."""
        guards = self.prices.guards
        first = np.searchsorted(guards.sector, np.arange(len(guards.polsek)))
        left = (free - int(np.minimum.reduceat(guards.officers, first).sum())) // PAIR_PERSONS
        extra = sum(max(self.today.patrols.get(site, 1) - 1, 0) for site in guards.polsek)
        part = min(max(left, 0) / extra, 1.0) if extra else 1.0
        fewer = {site: 1 + int(part * max(self.today.patrols.get(site, 1) - 1, 0)) for site in guards.polsek}
        return floors(self.scenario, replace(self.today, patrols=fewer), self.bounds)


