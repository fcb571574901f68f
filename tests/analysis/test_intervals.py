"""Laws of the intervals: by hand where a hand can reach, by coverage where it cannot."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simsec.analysis.intervals import (
    Doubt,
    Estimate,
    at_most,
    incident_quantile,
    stratified_mean,
    stratified_ratio,
    weighted_quantile,
)


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
    values, day = np.tile([5.0, np.inf, 7.0, np.inf], 6), np.repeat(np.arange(12), 2)
    found = incident_quantile(values, day, np.zeros(12, int), {0: 1.0}, 0.9)
    assert found.mean == found.high == np.inf
    assert incident_quantile(values, day, np.zeros(12, int), {0: 1.0}, 0.5).mean == 7.0


def test_too_few_days_say_so() -> None:
    found = incident_quantile(np.array([5.0]), np.array([0]), np.array([0]), {0: 1.0}, 0.5)
    assert np.isnan([found.mean, found.low, found.high]).all()
    nothing = incident_quantile(np.zeros(0), np.zeros(0, int), np.zeros(5, int), {0: 1.0}, 0.5)
    assert np.isnan([nothing.mean, nothing.low, nothing.high]).all() and nothing.days == 5


def test_a_quantile_of_few_days_has_no_interval_or_warns() -> None:
    rng = np.random.default_rng(4)

    def found(days: tuple[int, int]) -> Estimate:
        stratum = np.repeat([0, 3], days)
        minutes = rng.exponential(10.0, (len(stratum), 5))
        return incident_quantile(minutes.ravel(), np.repeat(np.arange(len(stratum)), 5), stratum, {0: 0.9, 3: 0.1}, 0.9)

    for days, too_few, doubt in (
        ((300, 9), True, Doubt.NONE),
        ((300, 10), False, Doubt.FEW),
        ((300, 99), False, Doubt.FEW),
        ((300, 100), False, Doubt.NONE),
    ):
        one = found(days)
        assert (one.too_few_days, one.doubt) == (too_few, doubt), days
        assert one.mean == one.mean
    rare = np.repeat(np.arange(200), 5)
    minutes = np.where(rare < 20, 100.0, 10.0) + np.arange(1000) / 1000  # twenty days hold the worst tenth
    assert incident_quantile(minutes, rare, np.zeros(200, int), {0: 1.0}, 0.9).doubt is Doubt.SKEWED
    assert incident_quantile(minutes, rare, np.zeros(200, int), {0: 1.0}, 0.5).doubt is Doubt.NONE


def test_a_ratio_is_of_the_sums_and_carries_the_doubt_of_its_days() -> None:
    rng = np.random.default_rng(5)
    for days, doubt in ((20, Doubt.FEW), (400, Doubt.NONE)):
        whole = rng.poisson(8.0, 2 * days) + 1.0
        part = rng.binomial(whole.astype(int), 0.6) * 1.0
        stratum = np.repeat([0, 1], days)
        found = stratified_ratio(part, whole, stratum, {0: 0.75, 1: 0.25})
        ordinary, rare = stratum == 0, stratum == 1
        top, bottom = (0.75 * one[ordinary].mean() + 0.25 * one[rare].mean() for one in (part, whole))
        assert found.mean == pytest.approx(top / bottom)
        assert 0 <= found.low < found.mean < found.high <= 1 and found.doubt is doubt
    assert stratified_ratio(whole, whole, stratum, {0: 1.0}).doubt is Doubt.ALIKE
    missed = np.where(np.arange(400) % 16, 0.0, 1.0)  # on 25 days of 400, evenly: the skewness alone is no warning
    ten = np.full(400, 10.0)
    assert stratified_mean(missed, np.zeros(400, int), {0: 1.0}).doubt is Doubt.NONE
    assert stratified_ratio(ten - missed, ten, np.zeros(400, int), {0: 1.0}).doubt is Doubt.SKEWED
    assert np.isnan(stratified_ratio(whole * 0, whole * 0, stratum, {0: 1.0}).mean)


def test_what_was_never_seen_is_bounded_not_nought() -> None:
    for days in (20, 300):
        nought = stratified_mean(np.zeros(days), np.zeros(days, int), {0: 1.0})
        bound = at_most(nought, np.zeros(days, int), {0: 1.0})
        assert bound.mean == bound.low == 0
        assert stats.poisson.cdf(0, days * bound.high) == pytest.approx(0.05)
    # The rarest type of day counts by its probability: the likeliest place for what nobody saw.
    stratum, p = np.repeat([0, 3], (50, 10)), {0: 0.9, 3: 0.1}
    never = at_most(stratified_mean(np.zeros(60), stratum, p), stratum, p)
    assert never.high == pytest.approx(max(0.9 / 50, 0.1 / 10) * -np.log(0.05))
    seen = stratified_mean(np.arange(20.0), np.zeros(20, int), {0: 1.0})
    always = stratified_mean(np.ones(20), np.zeros(20, int), {0: 1.0})
    assert at_most(seen, np.zeros(20, int), {0: 1.0}) == seen and at_most(always, np.zeros(20, int), {0: 1.0}) == always


def test_every_case_that_covers_too_seldom_is_one_that_warns() -> None:
    """The page on coverage keeps its word."""
    rows = [
        [cell.strip().removesuffix("%").strip() for cell in line.strip("|\n").split("|")]
        for line in (Path(__file__).parents[2] / "docs" / "coverage.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| method")
    ]
    given = [(row[0], row[1], float(row[3]), float(row[5])) for row in rows if row[3] != "-"]
    assert {"bootstrap of whole days", "ratio of daily figures"} < {method for method, *_ in given}
    for method, case, covered, warned in given:
        assert covered >= 90 or warned >= 99, (method, case)
