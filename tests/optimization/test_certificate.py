"""What is certified is true: the sampled gap on a newsvendor, the no-congestion bound against all plans."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from simsec.base.errors import InputError
from simsec.optimization.certificate import Reserve, TwoStage, no_congestion_bound, sampled_gap

REPETITIONS = 500


def test_on_a_newsvendor_the_statement_holds_as_often_as_it_says() -> None:
    # Costs 1, sells at 4, demand uniform on [0, 1]: the best order is 3/4, the mean cost of x is x - 4 (x - x^2 / 2).
    def true_cost(x: float) -> float:
        return x - 4 * (x - x * x / 2)

    def cost(x: float, demand: np.ndarray) -> float:
        return float(np.mean(x - 4 * np.minimum(x, demand)))

    candidate = 0.7
    gap = true_cost(candidate) - true_cost(0.75)
    held = 0
    for repetition in range(REPETITIONS):
        problem = TwoStage(
            lambda stream, seed=repetition: np.random.default_rng([seed, stream]).uniform(0, 1, 30),
            cost,
            lambda demand: cost(float(np.quantile(demand, 0.75, method="inverted_cdf")), demand),
        )
        held += sampled_gap(problem, candidate, samples=10).upper >= gap
    assert held >= binom.ppf(0.001, REPETITIONS, 0.95)


def test_a_dual_bound_that_is_not_known_proves_nothing() -> None:
    gap = sampled_gap(TwoStage(lambda stream: stream, lambda x, s: 1.0, lambda s: float("-inf")), None, samples=3)
    assert not gap.proven and np.isnan(gap.upper) and gap.candidate == 1.0


def placements(sites: int, units: int, room: int) -> list[tuple[int, ...]]:
    return [counts for counts in product(range(room + 1), repeat=sites) if sum(counts) <= units]


@pytest.mark.parametrize("seed", range(8))
def test_the_best_reserve_is_that_of_enumeration_and_the_bound_lies_on_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reserve = Reserve.of(rng.uniform(5, 60, (3, 2)), rng.uniform(40, 90, 3), 3, units=4, price=rng.uniform(0, 3, 2))
    needs = rng.poisson(0.7, (12, 3))
    each = {counts: reserve.mean_cost(np.array(counts), needs) for counts in placements(2, 4, 3)}
    counts, bound = reserve.best(needs)
    assert np.isclose(each[tuple(counts.tolist())], min(each.values()))
    assert np.isclose(bound, min(each.values()), rtol=1e-5)


def test_the_sampled_gap_of_the_reserve_covers_the_true_one_and_tells_a_bad_place() -> None:
    reserve = Reserve.of([[5.0, 50.0], [50.0, 5.0]], 80.0, 4, units=4)
    def draw(stream: int) -> np.ndarray:
        return np.random.default_rng([11, stream]).poisson((1.5, 0.5), (40, 2))

    every = draw(10_000).repeat(1, axis=0)
    for stream in range(10_001, 10_020):
        every = np.vstack([every, draw(stream)])
    costs = {counts: reserve.mean_cost(np.array(counts), every) for counts in placements(2, 4, 4)}
    best = min(costs, key=lambda counts: costs[counts])
    good, bad = (
        sampled_gap(reserve.two_stage(draw), np.array(counts), samples=10) for counts in (best, (0, 4))
    )
    assert good.proven and good.upper < 0.25 * bad.upper
    assert bad.upper >= costs[0, 4] - costs[best]


def simulated(counts: tuple[int, ...], onset: np.ndarray, minutes: np.ndarray, wanted: np.ndarray) -> float:
    """A day with busy units: each need takes the units that can be there first, and keeps them for half an hour."""
    free = [(j, 0.0) for j, count in enumerate(counts) for _ in range(count)]
    total = 0.0
    for i in np.argsort(onset):
        ready = sorted((max(at, onset[i]) + minutes[i, j], n) for n, (j, at) in enumerate(free))[: wanted[i]]
        total += ready[-1][0] - onset[i]
        for arrives, n in ready:
            j = free[n][0]
            free[n] = (j, arrives + 30.0 + minutes[i, j])
    return total


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_of_two_sites_and_four_units_undercuts_the_bound_without_congestion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    needs = 9
    minutes, wanted = rng.uniform(3, 40, (needs, 2)), rng.integers(1, 3, needs)
    onset = rng.uniform(0, 120, needs)
    whole = [counts for counts in placements(2, 4, 4) if sum(counts) >= 2]
    bound = no_congestion_bound(minutes, np.ones(needs), wanted, units=4)
    assert bound.proven
    assert bound.value <= min(simulated(counts, onset, minutes, wanted) for counts in whole) + 1e-6
    apart = np.arange(needs) * 1e4  # nobody is busy when the next comes: the bound is reached
    assert np.isclose(bound.value, min(simulated(counts, apart, minutes, wanted) for counts in whole), rtol=1e-6)


def test_a_bound_that_is_not_valid_is_not_proven_and_says_why() -> None:
    minutes = [[1.0, 2.0]]
    for told in (
        no_congestion_bound(minutes, [1.0], [1], units=1, moves=True),
        no_congestion_bound([[1.0, np.inf]], [1.0], [1], units=1),
        no_congestion_bound(minutes, [1.0], [2], units=1),
    ):
        assert not told.proven and np.isnan(told.value) and told.reason


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(InputError):
        Reserve.of([[1.0, np.nan]], 5.0, 1, units=1)
    with pytest.raises(InputError):
        Reserve.of([[1.0, 2.0]], 5.0, [1, 2, 3], units=1)
    with pytest.raises(ValueError, match="two samples"):
        sampled_gap(TwoStage(lambda stream: 0, lambda x, s: 0.0, lambda s: 0.0), None, samples=1)
