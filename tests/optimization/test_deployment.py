"""Laws of the deployment model: it finds the best of all plans, and says honestly how sure that is."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simsec.base.errors import InputError
from simsec.optimization.deployment import Deployment, DeploymentOptions, Limits, deploy, limits_of, plan_of
from simsec.optimization.objective import Choice, GuardPrices, Prices, Sites, SquadPrices, price
from simsec.optimization.pricing import Busy, prices_of
from simsec.optimization.solving import SolverName
from simsec.plan import check_plan, doctrine
from simsec.scenario import Scenario
from tests.areas import shipped, tiny

EXACT = DeploymentOptions(gap=0.0, patrols_at_most=2)
SECTORS, CLUSTERS, SITES = 3, 4, 5


def random_prices(seed: int, levels: int = 3) -> Prices:
    """Prices of three sub-districts, four clusters and five sites, two of them forward."""
    rng = np.random.default_rng(seed)
    rows = [int(rng.integers(2, 4)) for _ in range(SECTORS)]
    sector = np.repeat(np.arange(SECTORS), rows)
    pairs = np.concatenate([np.arange(2, 2 + n) for n in rows])
    m = len(sector)
    guards = GuardPrices(
        sector=sector,
        low_pairs=pairs,
        officers=2 * pairs,
        block_size=12 // pairs,
        own=rng.uniform(1, 8, m),  # not every pair more makes it cheaper: blocks differ
        to_patrol=rng.uniform(0.1, 1, m),
        to_squad=rng.uniform(0.1, 2, m),
        patrol_first=rng.uniform(0, 2, SECTORS),
        squad_first=rng.uniform(1, 4, SECTORS),
        charged=rng.uniform(0, 0.2, SECTORS),
        busy=rng.uniform(0, 0.6, SECTORS),
        polsek=tuple(f"polsek-{s}" for s in range(SECTORS)),
    )
    first, first_else = rising(rng, 3.0)
    third, third_else = rising(rng, 8.0)
    order = np.argsort(rng.random((CLUSTERS, SITES)), axis=1)
    back = np.argsort(order, axis=1)
    sites = Sites(
        code=tuple(f"site-{j}" for j in range(SITES)),
        node=np.arange(SITES),
        sector=np.zeros(SITES, dtype=np.int64),
        rayon=np.zeros(SITES, dtype=np.int64),
        room=np.array([3, 2, 3, 2, 1]),
        forward=np.arange(SITES) >= 3,
    )
    squads = SquadPrices(
        sites=sites,
        sector=np.array([0, 1, 2, 1]),
        order=order,
        first=np.take_along_axis(first, back, axis=1),
        first_else=first_else,
        third=np.take_along_axis(third, back, axis=1),
        third_else=third_else,
        busy=float(rng.choice([0.0, 0.1, 0.4])),
        levels=levels,
    )
    return Prices(guards, squads, rng.uniform(0.3, 1.5, SECTORS))


Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def rising(rng: np.random.Generator, most: float) -> tuple[Array, Array]:
    """Prices along the order, some steps flat, and beyond the last."""
    steps = rng.uniform(0, most, (CLUSTERS, SITES + 1)) * (rng.random((CLUSTERS, SITES + 1)) < 0.7)
    along = np.cumsum(steps, axis=1)
    return along[:, :-1], along[:, -1]


def naive(prices: Prices, choice: Choice, options: DeploymentOptions) -> float:
    """The objective in plain loops, written apart from the code under test."""
    guards, squads = prices.guards, prices.squads
    q, levels = squads.busy, squads.levels
    mean, excess = 0.0, []
    for s in range(len(guards.polsek)):

        def guarded(row: int, n: int, s: int = s) -> float:
            none = guards.busy[s] ** n
            patrol = guards.to_patrol[row] + guards.patrol_first[s]
            squad = guards.to_squad[row] + guards.squad_first[s]
            return float(guards.own[row] + (1 - none) * patrol + none * squad - guards.charged[s])

        cost = guarded(int(choice.row[s]), int(choice.patrols[s]))
        best = min(
            guarded(int(row), n)
            for row in np.flatnonzero(guards.sector == s)
            for n in range(1, options.patrols_at_most + 1)
        )
        spread = 0.0
        for c in np.flatnonzero(squads.sector == s):
            waiting = [j for j in squads.order[c] for _ in range(int(choice.squads[j]))]
            for r in range(levels):
                there = squads.first[c, waiting[r]] if r < len(waiting) else squads.first_else[c]
                cost += (1 - q) * q**r * there
            cost += q**levels * squads.first_else[c]
            last = squads.third[c, waiting[levels - 1]] if levels <= len(waiting) else squads.third_else[c]
            spread += (1 - q) ** levels * last + (1 - (1 - q) ** levels) * squads.third_else[c]
            best += (1 - q**levels) * squads.first[c].min() + q**levels * squads.first_else[c]
        mean += cost + options.containment_weight * spread
        excess.append((cost - best) / prices.weighted[s])
    left, tail = (1 - options.tail_from) * len(excess), 0.0
    share = left
    for value in sorted(excess, reverse=True):
        tail += value * min(max(share, 0.0), 1.0) / left
        share -= 1.0
    return mean / float(prices.weighted.sum()) + options.tail_weight * tail


def choices(prices: Prices, limits: Limits, options: DeploymentOptions) -> Iterator[Choice]:
    """Every way to deploy within the limits."""
    guards, sites = prices.guards, prices.squads.sites
    per_sector = [
        list(itertools.product(np.flatnonzero(guards.sector == s).tolist(), range(1, options.patrols_at_most + 1)))
        for s in range(len(guards.polsek))
    ]
    staffed = [
        (np.array([row for row, _ in picked]), np.array([n for _, n in picked]))
        for picked in itertools.product(*per_sector)
        if sum(int(guards.officers[row]) + 2 * (n - 1) for row, n in picked) <= limits.free
    ]
    placed = [
        np.array(counts)
        for counts in itertools.product(*(range(int(room) + 1) for room in sites.room))
        if sum(counts) == limits.reserve_squads
        and sum(count > 0 for count, forward in zip(counts, sites.forward, strict=True) if forward)
        <= limits.forward_posts
    ]
    for (row, patrols), squads in itertools.product(staffed, placed):
        yield Choice(row, patrols, squads)


def chosen(prices: Prices, found: Deployment) -> Choice:
    guards = prices.guards
    return Choice(
        np.array(
            [
                int(np.flatnonzero((guards.sector == s) & (guards.low_pairs == pairs))[0])
                for s, pairs in enumerate(found.low_pairs)
            ]
        ),
        np.array([found.patrols[code] for code in guards.polsek]),
        np.array([found.squads.get(code, 0) for code in prices.squads.sites.code]),
    )


CASES = [
    (seed, levels, tail_weight, tail_from, containment)
    for seed, (levels, tail_weight, tail_from, containment) in enumerate(
        [(3, 0.0, 0.8, 1.0), (3, 0.3, 0.8, 1.0), (3, 1.0, 0.3, 3.0), (2, 0.3, 0.5, 1.0), (1, 0.3, 0.0, 0.5)] * 3
    )
]


@pytest.mark.parametrize(("seed", "levels", "tail_weight", "tail_from", "containment"), CASES)
def test_the_model_finds_the_best_of_all_plans(
    seed: int, levels: int, tail_weight: float, tail_from: float, containment: float
) -> None:
    prices = random_prices(seed, levels)
    limits = Limits(free=int(16 + seed % 6), reserve_squads=3, forward_posts=1, reading="reserve_on_top")
    options = replace(EXACT, tail_weight=tail_weight, tail_from=tail_from, containment_weight=containment)
    best = min(price(prices, choice, options).objective for choice in choices(prices, limits, options))
    found = deploy(prices, limits, options)
    assert found.objective == pytest.approx(best, rel=1e-6)
    assert found.status == "optimal" and found.bound == pytest.approx(best, rel=1e-5)
    assert found.objective == pytest.approx(naive(prices, chosen(prices, found), options), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_recount_is_that_of_plain_loops(seed: int) -> None:
    prices, rng = random_prices(seed, 1 + seed % 3), np.random.default_rng(seed)
    options = DeploymentOptions(tail_weight=0.7, tail_from=0.45, containment_weight=0.6, patrols_at_most=3)
    for _ in range(20):
        row = [int(rng.choice(np.flatnonzero(prices.guards.sector == s))) for s in range(SECTORS)]
        choice = Choice(np.array(row), rng.integers(1, 4, SECTORS), rng.integers(0, 3, SITES))
        assert price(prices, choice, options).objective == pytest.approx(naive(prices, choice, options), rel=1e-12)


@cache
def of_tiny() -> Prices:
    return prices_of(tiny(), Busy.of(tiny(), 0.05, 5.0, 0.2, 0.1))


def test_more_strength_never_worsens_and_something_is_gained() -> None:
    limits = limits_of(tiny())
    grown = [
        (of_tiny(), [replace(limits, free=free) for free in (10, 12, 14, 18, 28)]),
        (of_tiny(), [replace(limits, reserve_squads=squads) for squads in (0, 1, 3, 6)]),
        (random_prices(2), [Limits(20, 4, posts, limits.reading) for posts in (0, 1, 2)]),
    ]
    for prices, steps in grown:
        found = [deploy(prices, step, EXACT).objective for step in steps]
        assert all(after <= before + 1e-9 for before, after in itertools.pairwise(found))
        assert found[-1] < found[0]


def test_a_heavier_weight_costs_more_and_buys_what_it_weighs() -> None:
    prices, limits = random_prices(7), Limits(18, 4, 1, "reserve_on_top")
    tails = [deploy(prices, limits, replace(EXACT, tail_weight=weight)) for weight in (0.0, 0.2, 1.0, 5.0)]
    for light, heavy in itertools.pairwise(tails):
        assert light.objective <= heavy.objective + 1e-9
        assert light.mean <= heavy.mean + 1e-6 and heavy.tail <= light.tail + 1e-6
    assert tails[-1].tail < tails[0].tail
    contained = [deploy(prices, limits, replace(EXACT, containment_weight=w)).objective for w in (0.0, 0.5, 1.0, 4.0)]
    assert contained == sorted(contained) and contained[0] < contained[-1]


def test_the_bound_holds_and_the_gap_is_read_from_it() -> None:
    prices, limits = random_prices(3), Limits(18, 4, 1, "reserve_on_top")
    exact = deploy(prices, limits, EXACT)
    for gap in (0.0, 0.05, 0.5):
        found = deploy(prices, limits, replace(EXACT, gap=gap))
        assert found.bound <= exact.objective + 1e-9 <= found.objective + 2e-9
        assert found.gap == pytest.approx((found.objective - found.bound) / found.objective)
        assert found.gap <= gap + 1e-5 and found.solver.startswith("HiGHS") and found.seconds > 0


def test_two_solvers_agree_and_one_says_the_same_twice() -> None:
    prices, limits = random_prices(5), Limits(18, 4, 1, "reserve_on_top")
    names: tuple[SolverName, ...] = ("highs", "cbc", "highs")
    first, second, again = (deploy(prices, limits, replace(EXACT, solver=name)) for name in names)
    assert first.objective == pytest.approx(second.objective, rel=1e-6)
    for what in ("low_pairs", "patrols", "squads", "objective", "bound", "status"):
        assert getattr(first, what) == getattr(again, what)


def test_nobody_is_left_idle_when_the_gap_is_wide() -> None:
    for seed in range(6):
        prices, limits = random_prices(seed), Limits(22, 5, 1, "reserve_on_top")
        options = replace(EXACT, gap=0.9)
        found = deploy(prices, limits, options)
        assert sum(found.squads.values()) == 5
        choice = chosen(prices, found)
        used = int(prices.guards.officers[choice.row].sum()) + 2 * int(choice.patrols.sum() - SECTORS)
        told = price(prices, choice, replace(options, tail_weight=0.0)).objective
        for s in range(SECTORS):
            for row in np.flatnonzero(prices.guards.sector == s):
                extra = int(prices.guards.officers[row] - prices.guards.officers[choice.row[s]])
                if used + extra <= limits.free:
                    rows = choice.row.copy()
                    rows[s] = row
                    other = price(
                        prices, Choice(rows, choice.patrols, choice.squads), replace(options, tail_weight=0.0)
                    )
                    assert other.objective >= told - 1e-9


def test_what_the_strength_cannot_staff_is_said_in_words() -> None:
    with pytest.raises(InputError) as refused:
        deploy(of_tiny(), replace(limits_of(tiny()), free=2), EXACT)
    text = str(refused.value)
    assert "blocks of up to" in text and "need 4 officers" in text and "at most 2" in text and "find 2 more" in text


def test_options_that_make_no_sense_are_refused_together() -> None:
    wrong = DeploymentOptions(tail_weight=-1.0, containment_weight=float("nan"), tail_from=1.0, patrols_at_most=0)
    with pytest.raises(InputError) as refused:
        deploy(of_tiny(), limits_of(tiny()), wrong)
    assert len(refused.value.problems) == 4
    nothing = replace(of_tiny(), weighted=np.zeros(2))
    with pytest.raises(InputError, match="no incident"):
        deploy(nothing, limits_of(tiny()), EXACT)


@pytest.mark.parametrize("area", [tiny, shipped])
def test_the_plan_passes_every_check_and_is_what_was_decided(area: Callable[[], Scenario]) -> None:
    scenario = area()
    prices = prices_of(scenario, Busy.of(scenario, 0.05, 6.0, 0.1, 0.1), forward_per_sector=1)
    found = deploy(prices, limits_of(scenario), DeploymentOptions(gap=0.05, tail_weight=0.0))
    plan = plan_of(scenario, found, "optimised")
    check_plan(scenario, plan)
    stations = scenario.stations
    low = stations.station_class == 0
    for sector, (pairs, size) in enumerate(zip(found.low_pairs, found.block_size, strict=True)):
        blocks = plan.block[low & (stations.subdistrict == sector)]
        assert len(np.unique(blocks)) == pairs and np.unique(blocks, return_counts=True)[1].max() <= size
    assert plan.patrols == found.patrols and plan.squads == found.squads
    assert plan.reserve_squads == limits_of(scenario).reserve_squads and min(plan.squads.values()) > 0
    assert plan.reading == scenario.settings.forces.reading and plan.scenario_hash == scenario.hash


def test_no_doctrine_is_priced_below_the_bound() -> None:
    scenario = tiny()
    found = deploy(of_tiny(), limits_of(scenario), DeploymentOptions(gap=0.001))
    sites = of_tiny().squads.sites.code
    for plan in (doctrine(scenario), doctrine(scenario, 8), doctrine(scenario, 16)):
        blocks = [np.unique(plan.block[scenario.stations.subdistrict == sector]) for sector in range(2)]
        rows = [
            int(np.flatnonzero((of_tiny().guards.sector == s) & (of_tiny().guards.low_pairs == len(b)))[0])
            for s, b in enumerate(blocks)
        ]
        patrols = np.array([min(plan.patrols[code], 4) for code in of_tiny().guards.polsek])
        squads = np.array([plan.squads.get(code, 0) for code in sites])
        assert price(of_tiny(), Choice(np.array(rows), patrols, squads), found.options).objective >= found.bound
