"""Laws of the intervals: by hand where a hand can reach, by coverage where it cannot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simsec.analysis.intervals import Estimate, incident_quantile, stratified_mean, weighted_quantile


def test_a_stratified_mean_by_hand() -> None:
    values, stratum = np.array([1.0, 3.0, 5.0, 10.0, 14.0]), np.array([0, 0, 0, 2, 2])
    found = stratified_mean(values, stratum, {0: 0.75, 2: 0.25})
    # Means 3 and 12, variances 4 and 8: 0.75 x 3 + 0.25 x 12, and 0.75^2 x 4/3 + 0.25^2 x 8/2.
    assert found.mean == pytest.approx(5.25) and found.days == 5
    parts = np.array([0.75**2 * 4 / 3, 0.25**2 * 8 / 2])
    freedom = parts.sum() ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 1)
    half = stats.t.ppf(0.975, freedom) * parts.sum() ** 0.5
    assert (found.low, found.high) == pytest.approx((5.25 - half, 5.25 + half))


def test_one_stratum_is_the_ordinary_t_interval() -> None:
    values = np.array([2.0, 4.0, 9.0, 1.0, 7.0])
    found = stratified_mean(np.append(values, 99.0), np.array([0, 0, 0, 0, 0, 1]), {0: 0.01})
    low, high = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert (found.mean, found.low, found.high) == pytest.approx((values.mean(), low, high))


@given(st.lists(st.floats(-100, 100), min_size=4, max_size=20), st.floats(0.01, 0.99), st.floats(0.1, 7))
def test_probabilities_are_relative_and_units_do_not_matter(values: list[float], p: float, unit: float) -> None:
    figures, stratum = np.array(values), np.arange(len(values)) % 2
    one = stratified_mean(figures, stratum, {0: p, 1: 1 - p})
    scaled = stratified_mean(figures * unit, stratum, {0: 3 * p, 1: 3 * (1 - p)})
    assert scaled.mean == pytest.approx(one.mean * unit, abs=1e-6)
    assert scaled.high - scaled.low == pytest.approx((one.high - one.low) * unit, abs=1e-6)
    assert one.low <= one.mean <= one.high


def test_one_day_of_a_type_is_too_few() -> None:
    found = stratified_mean(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1]), {0: 0.9, 1: 0.1})
    assert np.isnan([found.mean, found.low, found.high]).all() and found.days == 1
    assert not found.excludes_zero


def test_days_that_are_all_alike_leave_no_doubt() -> None:
    assert stratified_mean(np.full(6, 4.0), np.zeros(6, int), {0: 1.0}) == Estimate(4.0, 4.0, 4.0, 6)


def test_the_t_interval_covers_as_often_as_it_says() -> None:
    rng, hits, repetitions = np.random.default_rng(1), 0, 600
    stratum = np.repeat([0, 1], [14, 8])
    for _ in range(repetitions):
        values = np.where(stratum == 0, rng.normal(10, 2, 22), rng.normal(50, 20, 22))
        found = stratified_mean(values, stratum, {0: 0.8, 1: 0.2})
        hits += found.low <= 0.8 * 10 + 0.2 * 50 <= found.high
    low, high = stats.binom.interval(0.999, repetitions, 0.95)
    assert low <= hits <= high


def test_more_confidence_is_a_wider_interval() -> None:
    values, stratum = np.arange(10.0), np.zeros(10, int)
    ninety, ninety_nine = (stratified_mean(values, stratum, {0: 1.0}, level) for level in (0.9, 0.99))
    assert ninety_nine.low < ninety.low < ninety.high < ninety_nine.high


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_a_weighted_quantile_is_that_of_the_values_written_out(pairs: list[tuple[int, int]], q: float) -> None:
    values, weights = np.array(pairs, dtype=np.float64).T
    found = weighted_quantile(values, weights, q)
    written = np.sort(np.repeat(values, weights.astype(int)))
    if not len(written):
        assert np.isnan(found)
    else:
        assert found == written[int(np.ceil(q * len(written) - 1e-9)) - 1]


def test_a_quantile_over_incidents_weighs_days_by_their_type() -> None:
    # Two ordinary days with minutes 10 and 20, two severe ones with 40; a severe day has a tenth of the weight.
    values, day = np.array([10.0, 20.0, 40.0, 40.0, 40.0]), np.array([0, 1, 2, 2, 3])
    stratum, p = np.array([0, 0, 3, 3]), {0: 0.9, 3: 0.1}
    # Weights: 0.45, 0.45, then 0.05 each: a total of 1.05.
    for q, expected in ((0.4, 10.0), (0.45 / 1.05 + 0.01, 20.0), (0.9 / 1.05 + 0.01, 40.0)):
        assert incident_quantile(values, day, stratum, p, q).mean == expected
    assert incident_quantile(values, day, stratum, {3: 0.1}, 0.5).mean == 40.0


def test_whole_days_are_resampled() -> None:
    # A hundred incidents a day that are all alike inside the day: ten figures in truth, not a thousand.
    rng = np.random.default_rng(2)
    level = rng.normal(30, 5, 10)
    values, day = np.repeat(level, 100) + rng.normal(0, 0.1, 1000), np.repeat(np.arange(10), 100)
    found = incident_quantile(values, day, np.zeros(10, int), {0: 1.0}, 0.5)
    assert found.high - found.low > 2.0
    assert found.low <= found.mean <= found.high
    assert incident_quantile(values, day, np.zeros(10, int), {0: 1.0}, 0.5) == found  # a seed of its own


def test_the_bootstrap_covers_nearly_as_often_as_it_says() -> None:
    rng, hits, repetitions = np.random.default_rng(3), 0, 120
    for _ in range(repetitions):
        effect = rng.normal(0, 1, 40)
        day = np.repeat(np.arange(40), 8)
        values = effect[day] + rng.normal(0, 2, 320)  # the median of the whole is 0
        found = incident_quantile(values, day, np.zeros(40, int), {0: 1.0}, 0.5)
        hits += found.low <= 0 <= found.high
    low, high = stats.binom.interval(0.999, repetitions, 0.93)
    assert low <= hits <= high


def test_the_unanswered_stand_at_infinity() -> None:
    values, day = np.array([5.0, np.inf, 7.0, np.inf]), np.array([0, 0, 1, 1])
    found = incident_quantile(values, day, np.zeros(2, int), {0: 1.0}, 0.9)
    assert found.mean == found.high == np.inf
    assert incident_quantile(values, day, np.zeros(2, int), {0: 1.0}, 0.5).mean == 7.0


def test_too_few_days_say_so() -> None:
    found = incident_quantile(np.array([5.0]), np.array([0]), np.array([0]), {0: 1.0}, 0.5)
    assert np.isnan([found.mean, found.low, found.high]).all()
    nothing = incident_quantile(np.zeros(0), np.zeros(0, int), np.zeros(5, int), {0: 1.0}, 0.5)
    assert np.isnan([nothing.mean, nothing.low, nothing.high]).all() and nothing.days == 5
