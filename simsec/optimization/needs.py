"""How well the reserve is placed, certified: needs that come at once, recorded with an unlimited reserve.

On days of its own stream the plan is played with as many squads at headquarters as are ever asked for at once. When
most of them are out, where they were sent is what a reserve must serve at once: one future of the two-stage model of
:class:`simsec.optimization.certificate.Reserve`. The gap of the squads' places in that model is then bounded by
independent samples. It is a statement on the model, not on the simulation: a need is a drive, and what nobody serves
waits until a squad is free again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.replications import DayKey, day_keys
from simsec.analysis.workers import Progress, Workers
from simsec.base.errors import say
from simsec.day import sample_day
from simsec.geography.graph import VEHICLES
from simsec.geography.ground import ground_of
from simsec.optimization.certificate import LEVEL, Gap, Reserve, TwoStage, sampled_gap
from simsec.optimization.pricing import candidate_sites
from simsec.optimization.solving import NoPlanInTime, SolverName
from simsec.optimization.waiting import SQUAD
from simsec.plan.plan import Plan
from simsec.scenario.parameter import triangular_mean
from simsec.scenario.reading import Scenario
from simsec.simulation.calendar import marks_of
from simsec.simulation.roads import changes_of
from simsec.simulation.simulate import kept_world, simulate
from simsec.simulation.trace import KIND, Events, Trace

Integers = NDArray[np.int64]
NEEDS_FIRST = 5_000_000  # of the stream of days that only the certificate plays
DAY_TYPE = "severe"  # on others a squad is seldom out
# Twice the days in a sample narrow the gap of the shipped areas by a sixth, and cost the solver two and a half times.
SAMPLES, SIZE = 10, 10
SQUADS_TIMES = 5  # as many squads as the plan has; more where even these are all out at once
MOST_SQUADS = 2_000


@dataclass(frozen=True)
class Placed:
    """What is proven of the places of the squads.

    Attributes:
        gap: in minutes a day of the type, see :class:`simsec.optimization.certificate.Gap`; None where none was drawn.
        days: that were played, all samples together.
        day_type: of those days.
        reason: why nothing is proven, in words; "" where it is.
    """

    gap: Gap | None
    days: int = 0
    day_type: str = DAY_TYPE
    reason: str = ""

    @property
    def proven(self) -> bool:
        """Whether a gap is stated."""
        return self.gap is not None and self.gap.proven


def placed_reserve(
    scenario: Scenario,
    plan: Plan,
    workers: Workers,
    *,
    seed: int = 1,
    samples: int = SAMPLES,
    size: int = SIZE,
    solver: SolverName = "highs",
    time_limit_s: float = 20.0,
    progress: Progress | None = None,
) -> Placed:
    """Bound by how much the squads of a plan could be placed better.

    The best is looked for among all sites with room, without the limit on forward posts: that only lowers the bound,
    so the statement stays true.

    Args:
        scenario: what is known.
        plan: whose squads are judged.
        workers: their number changes no result.
        seed: of the days, which are nobody else's.
        samples: independent samples, 2 or more.
        size: days in each.
        solver: of the two-stage models; its dual bound counts.
        time_limit_s: for each of them.
        progress: called with days done and all.
    """
    if not sum(plan.squads.values()):
        return Placed(None, reason=say("the plan has no squads"))
    keys = day_keys({DAY_TYPE: samples * size}, (seed,), NEEDS_FIRST)
    needs = np.array(workers.map(at_once, (scenario, plan), keys, progress), dtype=np.int64)
    if not needs.any():
        return Placed(None, len(keys), reason=say("no squad was asked for"))
    reserve, counts = reserve_model(scenario, plan)
    drawn = [needs[first : first + size] for first in range(0, len(needs), size)]
    priced = workers.map(_priced, (reserve, counts, solver, time_limit_s), drawn)
    problem = TwoStage(lambda stream: stream, lambda _, stream: priced[stream][0], lambda stream: priced[stream][1])
    gap = sampled_gap(problem, counts, samples=samples, level=LEVEL)
    return Placed(gap, len(keys), reason="" if gap.proven else say("the solver knows no bound"))


def reserve_model(scenario: Scenario, plan: Plan) -> tuple[Reserve, Integers]:
    """The two-stage model over villages and all sites with room, and the squads of a plan at those sites.

    A squad costs the drive to the village's point, friction included; what nobody serves, the farthest drive and the
    time a crowd takes on the scene: until then a squad is free again.

    Example:
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> reserve, counts = reserve_model(scenario, doctrine(scenario))
        >>> reserve.cost.shape, int(counts.sum())
        ((235, 255), 10)
    """
    sites, settings = candidate_sites(scenario), scenario.settings
    vehicle = VEHICLES.index(next(unit.vehicle for unit in settings.units if unit.kind == SQUAD))
    villages = len(scenario.villages)
    drive = ground_of(scenario).travel.minutes[vehicle][:villages, sites.node] * settings.travel.friction.mode
    again = float(drive[np.isfinite(drive)].max()) + triangular_mean(
        settings.incidents[settings.spreading.kind].on_scene_min
    )
    counts = np.array([plan.squads.get(code, 0) for code in sites.code], dtype=np.int64)
    return Reserve.of(drive, np.full(villages, again), np.maximum(sites.room, counts), int(counts.sum())), counts


def _priced(shared: tuple[Reserve, Integers, SolverName, float], needs: Integers) -> tuple[float, float]:
    """What the plan's squads cost in a sample, and what no placement undercuts there."""
    reserve, counts, solver, time_limit_s = shared
    cost = reserve.mean_cost(counts, needs)
    try:
        return cost, reserve.best(needs, solver=solver, time_limit_s=time_limit_s)[1]
    except NoPlanInTime:
        return cost, -np.inf


def at_once(shared: tuple[Scenario, Plan], key: DayKey) -> Integers:
    """Squads at each village when most are out, the reserve being as large as is asked for; shape (villages,)."""
    scenario, plan = shared
    stations = scenario.stations
    day = sample_day(scenario, key.seed, key.replication, key.day_type)
    marks, changes = marks_of(day), changes_of(scenario, day)
    squads = SQUADS_TIMES * sum(plan.squads.values())
    while True:
        unlimited = replace(plan, squads={_headquarters(scenario): squads})
        world = kept_world(scenario, unlimited)
        trace = Trace(world, marks, changes)
        simulate(scenario, unlimited, day, listener=trace)
        kind = world.squad_kind
        units = range(world.kind_first[kind], world.kind_end[kind])
        found = at_the_peak(trace.events(scenario.horizon_min[1]), units, stations.village, len(scenario.villages))
        if found.sum() < squads or squads >= MOST_SQUADS:
            return found
        squads *= 2


def _headquarters(scenario: Scenario) -> str:
    return scenario.posts.code[scenario.posts.of_type("polres")[0]]


def at_the_peak(events: Events, units: Iterable[int], village: Integers, villages: int) -> Integers:
    """Units of a kind assigned to each village at the first moment when most of them are.

    Args:
        events: of a day, see :class:`simsec.simulation.trace.Events`.
        units: of the kind.
        village: of each station.
        villages: how many there are.

    Returns:
        Shape (villages,).
    """
    counts = np.zeros(villages, dtype=np.int64)
    where: dict[int, int] = {}
    peak, among = counts.copy(), set(units)
    ends = {KIND["recall"], KIND["clear"], KIND["leave"]}
    for kind, unit, place in zip(events.kind.tolist(), events.unit.tolist(), events.place.tolist(), strict=True):
        if unit not in among:
            continue
        if kind in ends and unit in where:
            counts[where.pop(unit)] -= 1
        elif kind == KIND["order"]:
            where[unit] = int(village[place])
            counts[where[unit]] += 1
            if counts.sum() > peak.sum():
                peak = counts.copy()
    return peak
