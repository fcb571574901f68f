"""The size and place of the reserve, type of day by type of day: what the model expects, and what simulation says.

Stands are made of the announced doctrine with another reserve, taken from the same strength, and with the squads at
headquarters, split over the rayons, or at the sites the deployment model likes best, forward posts among them. The
two-stage program of :class:`simsec.optimization.certificate.Reserve` prices each on needs that came at once with an
unlimited reserve; each is then played, with that reserve, on the same days: the check. On severe days it is played a
second time with crowds that no squad contains: what the gain loses by that is the part that rests on containment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import DayKey, Replications, day_keys, primary_measure, replicate_plans
from simsec.analysis.workers import Progress, Workers
from simsec.base.errors import InputError
from simsec.base.files import content_hash
from simsec.optimization.judge import TRAINING_FIRST
from simsec.optimization.needs import at_once, reserve_model
from simsec.optimization.objective import Prices, squad_cost
from simsec.optimization.pricing import prices_of
from simsec.optimization.search import TRAINING, busy_from
from simsec.plan.doctrine import apportion, doctrine, polsek_of
from simsec.plan.feasibility import plan_problems, site_room
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Integers = NDArray[np.int64]
SHARES = (0.4, 0.7, 1.0, 1.3, 1.6)  # of the announced reserve, as far as whole squads and the strength allow
SPLITS = ("headquarters", "rayons", "forward")
CURVE_FIRST, NEEDS_BEYOND = TRAINING_FIRST + 500_000, 250_000
MOST_NEEDS = 40  # days of a type on which needs are recorded
SECURITY, SEVERE = FAMILIES.index("security"), DAY_TYPES.index("severe")


@dataclass(frozen=True, eq=False)
class Stand:
    """A reserve of a size, split in a way.

    Attributes:
        officers, squads, pairs: in reserve, and guard pairs that are left.
        split: one of ``SPLITS``.
        plan: the doctrine with that reserve.
        expected: type of day -> minutes of drives a day that the two-stage program saves on the smallest reserve at
            headquarters; a need nobody serves counts until a squad is free again.
        gain: over that same reserve as simulated, weighted minutes per expected weighted incident of the type.
        containment: the part of it on a severe day that rests on containment.
    """

    officers: int
    squads: int
    pairs: int
    split: str
    plan: Plan
    expected: Mapping[str, float]
    gain: Mapping[str, Estimate]
    containment: Estimate


@dataclass(frozen=True, eq=False)
class Curve:
    """Stands in order of split and size; the first is what all others are held against.

    Attributes:
        stands: those the strength allows.
        runs: their days, in the same order.
        days: of every type.
    """

    stands: tuple[Stand, ...]
    runs: tuple[Replications, ...]
    days: int

    def of(self, split: str) -> list[Stand]:
        """The stands of a split, the smallest first."""
        return [stand for stand in self.stands if stand.split == split]


def without_containment(scenario: Scenario) -> Scenario:
    """The same scenario with crowds that no squad contains in time.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> read_scenario("scenarios/kabupaten-semarang").settings.spreading.contained_within_min.high > 0
        True
        >>> area = without_containment(read_scenario("scenarios/kabupaten-semarang"))
        >>> area.settings.spreading.contained_within_min.high
        0.0
    """
    spreading = scenario.settings.spreading
    never = spreading.contained_within_min.model_copy(update={"low": 0.0, "mode": 0.0, "high": 0.0})
    settings = scenario.settings.model_copy(
        update={"spreading": spreading.model_copy(update={"contained_within_min": never})}
    )
    return replace(scenario, settings=settings, hash=content_hash(scenario.hash, "no containment"), as_read=False)


def reserve_curve(
    scenario: Scenario,
    workers: Workers,
    *,
    days: int = 100,
    keys: Callable[[int], tuple[DayKey, ...]] | None = None,
    shares: Sequence[float] = SHARES,
    training: Mapping[str, int] = TRAINING,
    seed: int = 1,
    progress: Callable[[str], Progress] | None = None,
) -> Curve:
    """Price and play every stand that the strength allows.

    Args:
        scenario: what is known.
        workers: their number changes no result.
        days: of every type.
        keys: number of days -> which; days of a stream of its own by default.
        shares: of the announced reserve.
        training: days that tell how busy units are.
        seed: of the days.
        progress: gives a progress function for each stage: ``training``, ``reserve``.
    """
    announced = doctrine(scenario)
    training_keys = day_keys(training, (seed,), TRAINING_FIRST)
    bars = {stage: progress(stage) if progress else None for stage in ("training", "reserve")}
    trained = replicate_plans(scenario, [announced], training_keys, workers, units=True, progress=bars["training"])[0]
    busy = busy_from(scenario, trained, len(scenario.stations) / announced.blocks)
    prices = prices_of(scenario.given("severe"), busy)
    squad = scenario.settings.forces.squad_persons
    sizes = sorted({max(round(share * scenario.settings.forces.reserve.mode / squad), 1) for share in shares})
    made: list[tuple[str, Scenario, Plan]] = []
    for split in SPLITS:
        for size in sizes:
            world = scenario.with_values({"forces.reserve": float(size * squad)})
            try:
                plan = doctrine(world, reading="reserve_inside")
            except InputError:
                continue  # so large a reserve leaves too few for the blocks
            placed = replace(plan, name=f"{split} {size}", squads=squads_by(world, split, size, prices))
            if not plan_problems(world, placed):
                made.append((split, world, placed))
    played = keys(days) if keys else day_keys(dict.fromkeys(DAY_TYPES, days), (seed,), CURVE_FIRST)
    severe = tuple(key for key in played if key.day_type == "severe")
    plans = [plan for _, _, plan in made]
    runs = replicate_plans(scenario, plans, played, workers, progress=bars["reserve"])
    loose = replicate_plans(without_containment(scenario), plans, severe, workers)
    needs = needs_at_once(scenario, announced, workers, dict.fromkeys(DAY_TYPES, min(days, MOST_NEEDS)), seed)
    costs = [expected_costs(scenario, plan, needs) for plan in plans]
    stands = tuple(
        Stand(
            officers=plan.reserve_squads * squad,
            squads=plan.reserve_squads,
            pairs=plan.blocks,
            split=split,
            plan=plan,
            expected={name: costs[0][name] - costs[n][name] for name in DAY_TYPES},
            gain={name: _gain(scenario, _saved(runs[0], runs[n]), runs[n], name) for name in DAY_TYPES},
            containment=_contained(scenario, runs[0], runs[n], loose[0], loose[n]),
        )
        for n, (split, _, plan) in enumerate(made)
    )
    return Curve(stands, tuple(runs), days)


def _saved(first: Replications, second: Replications) -> NDArray[np.float64]:
    return np.asarray(first.weighted[:, SECURITY] - second.weighted[:, SECURITY], dtype=np.float64)


def _gain(scenario: Scenario, saved: NDArray[np.float64], runs: Replications, name: str) -> Estimate:
    return primary_measure(scenario, saved, runs.stratum, "security", name)


def _contained(
    scenario: Scenario, first: Replications, second: Replications, loose: Replications, looser: Replications
) -> Estimate:
    """What of a gain on severe days goes when no squad contains a crowd; paired by day, twice."""
    inside = first.stratum == SEVERE
    rests = _saved(first, second)[inside] - _saved(loose, looser)
    return _gain(scenario, rests, loose, "severe")


def needs_at_once(
    scenario: Scenario, plan: Plan, workers: Workers, days: Mapping[str, int], seed: int
) -> dict[str, Integers]:
    """Squads needed at once in each village on days of each type, the reserve being unlimited: (days, villages)."""
    keys = day_keys(days, (seed,), CURVE_FIRST + NEEDS_BEYOND)
    drawn = workers.map(at_once, (scenario, plan), keys)
    return {
        name: np.array([need for key, need in zip(keys, drawn, strict=True) if key.day_type == name], dtype=np.int64)
        for name in days
    }


def expected_costs(scenario: Scenario, plan: Plan, needs: Mapping[str, Integers]) -> dict[str, float]:
    """Minutes of drives a day that the two-stage program expects of a plan's squads, type of day by type of day."""
    model, counts = reserve_model(scenario, plan)
    return {name: model.mean_cost(counts, drawn) for name, drawn in needs.items()}


def squads_by(scenario: Scenario, split: str, size: int, prices: Prices) -> dict[str, int]:
    """Where so many squads wait: all at headquarters, over the rayons by stations, or where the model likes them best.

    Args:
        scenario: what is known.
        split: one of ``SPLITS``.
        size: squads.
        prices: of severe days, by which ``forward`` adds squad after squad where the next saves most.
    """
    headquarters = scenario.posts.code[scenario.posts.of_type("polres")[0]]
    if split == "headquarters":
        return {headquarters: size}
    return _over_rayons(scenario, size, headquarters) if split == "rayons" else _greedy(scenario, size, prices)


def _over_rayons(scenario: Scenario, size: int, headquarters: str) -> dict[str, int]:
    """By stations; inside a rayon at the posts of the largest sub-districts, what has no room stays at headquarters."""
    villages, polsek = scenario.villages, polsek_of(scenario)
    stations = np.bincount(scenario.stations.subdistrict, minlength=len(polsek))
    rayons = len(villages.rayon_names)
    of_rayon = np.bincount(villages.subdistrict_rayon, weights=stations, minlength=rayons).astype(np.float64)
    found: dict[str, int] = {}
    for rayon, count in enumerate(apportion(size, of_rayon).tolist()):
        inside = np.flatnonzero(villages.subdistrict_rayon == rayon)
        for sector in inside[np.argsort(-stations[inside], kind="stable")].tolist():
            here = min(count, site_room(scenario, polsek[sector]))
            found[polsek[sector]] = here
            count -= here
        found[headquarters] = found.get(headquarters, 0) + count
    return {site: count for site, count in found.items() if count}


def _greedy(scenario: Scenario, size: int, prices: Prices) -> dict[str, int]:
    sites, counts = prices.squads.sites, np.zeros(len(prices.squads.sites.code), dtype=np.int64)
    most = scenario.settings.siting.forward_posts_at_most
    for _ in range(size):
        opened = int(np.sum(sites.forward & (counts > 0)))
        open_to = [
            site
            for site in np.flatnonzero(counts < sites.room).tolist()
            if not sites.forward[site] or counts[site] or opened < most
        ]
        if not open_to:
            break
        costs = []
        for site in open_to:
            counts[site] += 1
            waiting, spreading = squad_cost(prices.squads, counts, 1.0)
            costs.append(float(waiting.sum() + spreading.sum()))
            counts[site] -= 1
        counts[open_to[int(np.argmin(costs))]] += 1
    return {code: count for code, count in zip(sites.code, counts.tolist(), strict=True) if count}
