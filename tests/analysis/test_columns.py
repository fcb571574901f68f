"""Many columns at once give what each gives alone."""

import numpy as np
import pytest
from scipy import stats

from simsec.analysis.columns import column_means, column_ratios
from simsec.analysis.intervals import (
    Estimate,
    incident_quantile,
    incident_quantiles,
    resampled_weights,
    stratified_mean,
    stratified_ratio,
)


def same(one: Estimate, other: Estimate) -> bool:
    figures = [(e.mean, e.low, e.high, e.days) for e in (one, other)]
    return figures[0] == pytest.approx(figures[1], rel=1e-9, abs=1e-9, nan_ok=True) and one.doubt == other.doubt


def some_days(seed: int) -> tuple[np.ndarray, dict[int, float], np.random.Generator]:
    rng = np.random.default_rng(seed)
    return np.repeat([0, 1, 3], rng.integers(2, 130, 3)), {0: 0.9, 1: 0.07, 3: 0.03}, rng


@pytest.mark.parametrize("seed", range(12))
def test_a_column_has_the_interval_it_has_alone(seed: int) -> None:
    stratum, probability, rng = some_days(seed)
    calls = rng.poisson(rng.exponential(2.0, 8), (len(stratum), 8)).astype(float)
    calls[:, 0] = 0
    in_time = rng.binomial(calls.astype(int), 0.7).astype(float)
    for types in (probability, {0: 1.0}, {1: 0.5, 3: 0.5}):
        for column, found in enumerate(column_means(calls, stratum, types)):
            assert same(found, stratified_mean(calls[:, column], stratum, types))
        for column, found in enumerate(column_ratios(in_time, calls, stratum, types, share=True)):
            assert same(found, stratified_ratio(in_time[:, column], calls[:, column], stratum, types))


@pytest.mark.parametrize("seed", range(6))
def test_groups_that_share_their_resamples_have_the_quantiles_they_have_alone(seed: int) -> None:
    stratum, probability, rng = some_days(seed)
    resampled = resampled_weights(stratum, probability)
    for incidents in (1, 40, 3000):
        day = rng.integers(0, len(stratum), incidents)
        minutes = np.round(rng.lognormal(3.0, 1.0, incidents), seed % 3)
        minutes[rng.random(incidents) < 0.06] = np.inf
        found = incident_quantiles(minutes, day, stratum, probability, (0.5, 0.9, 0.95), resampled=resampled)
        for q, several in zip((0.5, 0.9, 0.95), found, strict=True):
            assert same(several, incident_quantile(minutes, day, stratum, probability, q))


def test_a_resampled_quantile_is_that_of_all_incidents_written_out() -> None:
    rng = np.random.default_rng(5)
    stratum, types = np.zeros(30, int), {0: 1.0}
    day = np.sort(rng.integers(0, 30, 900))
    bad = np.arange(30) % 9 == 0  # whole days are bad, so resamples lie far apart
    minutes = rng.lognormal(np.where(bad[day], 4.0, 1.0), 0.3)
    resampled = resampled_weights(stratum, types)
    long = []
    for weights in resampled:
        times = np.round(weights * 30).astype(int)
        written = np.sort(np.repeat(minutes, times[day]))
        long.append(written[int(np.ceil(0.9 * len(written) * (1 - 1e-12))) - 1])
    low, high = np.quantile(long, [0.025, 0.975], method="lower")
    found = incident_quantile(minutes, day, stratum, types, 0.9)
    assert (found.low, found.high) == (low, high) and high > 3 * low


def test_one_day_has_a_figure_and_no_interval_and_no_day_has_neither() -> None:
    values = np.array([[2.0], [4.0], [7.0]])
    (known,) = column_means(values, np.array([0, 0, 1]), {0: 0.5, 1: 0.5})
    assert known.mean == 5.0 and known.too_few_days
    (ratio,) = column_ratios(values, 2 * values, np.array([0, 0, 1]), {0: 0.5, 1: 0.5}, share=True)
    assert ratio.mean == 0.5 and ratio.too_few_days
    (unknown,) = column_means(values, np.array([0, 0, 1]), {0: 0.5, 2: 0.5})
    assert np.isnan(unknown.mean) and unknown.too_few_days


def test_a_group_without_an_incident_has_no_minutes_and_a_count_of_nought() -> None:
    nothing, stratum = np.zeros((8, 1)), np.zeros(8, int)
    assert np.isnan(column_ratios(nothing, nothing, stratum, {0: 1.0}, share=False)[0].mean)
    assert column_means(nothing, stratum, {0: 1.0})[0].mean == 0


def test_the_interval_of_a_mean_over_incidents_covers_where_days_are_bad_from_end_to_end() -> None:
    rng, hits, repetitions, days = np.random.default_rng(2), 0, 400, 120
    stratum, columns = np.zeros(days, int), 4
    for _ in range(repetitions // columns):
        slow = rng.lognormal(0.0, 0.4, (days, columns))
        calls = rng.poisson(5.0, (days, columns))
        minutes = 20.0 * slow * rng.gamma(np.maximum(calls, 1e-9), 1.0)
        truth = 20.0 * np.exp(0.4**2 / 2)
        found = column_ratios(minutes, calls.astype(float), stratum, {0: 1.0}, share=False)
        hits += sum(one.low <= truth <= one.high for one in found)
    low, high = stats.binom.interval(0.999, repetitions, 0.95)
    assert low <= hits <= high
