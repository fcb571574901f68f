"""Quantiles, shares and tail means: exact ranks, honest silence, coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simsec.analysis.coverage import CASES, CoverageRow, coverage_table, measure_coverage
from simsec.analysis.intervals import Doubt, stratified_mean
from simsec.analysis.quantiles import (
    order_ranks,
    quantile_gap,
    stratified_cvar,
    stratified_quantile,
    stratified_share,
)

ONE = {0: 1.0}


def none(days: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.zeros(days, dtype=np.int64)


@given(st.integers(1, 400), st.floats(0.01, 0.99), st.sampled_from([0.8, 0.95, 0.99]))
def test_ranks_cover_as_the_binomial_says_and_no_narrower_pair_of_tails_does(days: int, q: float, level: float) -> None:
    ranks = order_ranks(days, q, level)
    below = stats.binom(days, q)
    if ranks is None:
        assert below.cdf(0) > (1 - level) / 2 - 1e-9 or below.sf(days - 1) > (1 - level) / 2 - 1e-9
        return
    low, high = ranks
    assert below.cdf(low - 1) <= (1 - level) / 2 + 1e-9 < below.cdf(low) + 2e-9
    assert below.sf(high - 1) <= (1 - level) / 2 + 1e-9 < below.sf(high - 2) + 2e-9


def test_ranks_of_the_books() -> None:
    assert order_ranks(100, 0.5) == (40, 61)  # Conover 1999, table of sign test limits
    assert order_ranks(6, 0.5) == (1, 6) and order_ranks(5, 0.5) is None
    assert order_ranks(35, 0.9) is None and order_ranks(36, 0.9) == (29, 36)  # 0.9^35 > 0.025 > 0.9^36


def test_where_no_rank_exists_there_is_no_number() -> None:
    found = stratified_quantile(np.arange(20.0), none(20), ONE, 0.9)
    assert found.mean == 17.0 and found.too_few_days and np.isnan([found.low, found.high]).all()
    # Fifty days without the rare day do not know the last hundredth of a mixture.
    mixed = stratified_quantile(np.arange(100.0), np.repeat([0, 3], 50), {0: 0.99, 3: 0.01}, 0.995)
    assert mixed.too_few_days
    assert stratified_quantile(np.arange(3.0), np.array([0, 0, 3]), {0: 0.9, 3: 0.1}, 0.5).too_few_days


def test_days_weigh_by_their_type_in_a_quantile() -> None:
    values, stratum = np.concatenate([np.arange(100.0), np.arange(1000.0, 1100.0)]), np.repeat([0, 3], 100)
    assert stratified_quantile(values, stratum, {0: 0.99, 3: 0.01}, 0.5).mean == 50.0
    assert stratified_quantile(values, stratum, {3: 0.01}, 0.5).mean == 1049.0
    found = stratified_quantile(values, stratum, {0: 0.99, 3: 0.01}, 0.5)
    plain = stratified_quantile(values[:100], none(100), ONE, 0.5)
    assert abs(found.low - plain.low) <= 2 and abs(found.high - plain.high) <= 2


@pytest.mark.parametrize(("name", "days", "q"), [("normal", 40, 0.5), ("log-normal, sigma 1", 80, 0.9)])
def test_order_statistics_cover_whatever_the_figure(name: str, days: int, q: float) -> None:
    draw, _, _ = CASES[name]
    truth = {"normal": 10.0, "log-normal, sigma 1": float(stats.lognorm(1.0).ppf(0.9))}[name]
    row = measure_coverage(
        "", name, lambda rng: (stratified_quantile(draw(rng, none(days)), none(days), ONE, q), truth)
    )
    assert row.too_few == 0 and row.covered >= 0.94


def test_order_statistics_cover_over_types_of_day() -> None:
    stratum, p = np.repeat([0, 1], 60), {0: 0.9, 1: 0.1}
    truth = 1.281351  # 0.9 P(Z < x) + 0.1 P(Z + 2 < x) = 0.85
    assert 0.9 * stats.norm.cdf(truth) + 0.1 * stats.norm.cdf(truth - 2) == pytest.approx(0.8336, abs=1e-3)
    q = 0.9 * float(stats.norm.cdf(truth)) + 0.1 * float(stats.norm.cdf(truth - 2))
    row = measure_coverage(
        "", "", lambda rng: (stratified_quantile(rng.normal(2.0 * stratum, 1.0), stratum, p, q), truth)
    )
    assert row.covered >= 0.94


def test_a_share_of_one_type_is_clopper_and_pearsons() -> None:
    holds = np.arange(50) < 7
    exact = stats.binomtest(7, 50).proportion_ci(method="exact")
    found = stratified_share(holds, none(50), ONE)
    assert (found.mean, found.low, found.high) == pytest.approx((0.14, exact.low, exact.high), abs=1e-9)
    every = stratified_share(np.ones(50, bool), none(50), ONE)
    assert (every.mean, every.high) == (1.0, 1.0) and every.low == pytest.approx(0.025 ** (1 / 50))


def test_a_share_weighs_days_by_their_type_and_never_is_not_nought() -> None:
    stratum, p = np.repeat([0, 3], 50), {0: 0.99, 3: 0.01}
    found = stratified_share(stratum == 3, stratum, p)
    assert found.mean == pytest.approx(0.01) and found.low < 0.01 < found.high
    assert found.high > 0.05  # fifty ordinary days cannot rule out a share of 5 %


def test_the_mean_of_the_worst_days_takes_part_of_the_day_at_the_boundary() -> None:
    values = np.array([1.0, 2.0, 3.0, 10.0])
    # The worst 0.4 of the weight: all of the last day (0.25) and 0.15 of the day before.
    assert stratified_cvar(values, none(4), ONE, 0.6).mean == pytest.approx((0.25 * 10 + 0.15 * 3) / 0.4)
    assert stratified_cvar(values, none(4), ONE, 0.0).mean == pytest.approx(4.0)
    assert stratified_cvar(values, none(4), ONE, 0.6).too_few_days


def test_the_tail_of_a_mixture_is_made_of_the_rare_days_first() -> None:
    values, stratum = np.concatenate([np.full(100, 5.0), np.full(100, 80.0)]), np.repeat([0, 3], 100)
    found = stratified_cvar(values, stratum, {0: 0.99, 3: 0.01}, 0.98)
    assert found.mean == pytest.approx(0.5 * 80 + 0.5 * 5)


def test_a_short_tail_warns() -> None:
    rng = np.random.default_rng(1)
    doubts = [stratified_cvar(rng.normal(0, 1, n), none(n), ONE, 0.9).doubt for n in (150, 500, 2000)]
    assert doubts == [Doubt.SKEWED, Doubt.FEW, Doubt.NONE]


def test_a_gap_of_quantiles_is_paired() -> None:
    rng = np.random.default_rng(2)
    day = rng.lognormal(0, 1, 200)
    paired = quantile_gap(day + 0.1, day, none(200), ONE, 0.9)
    mixed = quantile_gap(rng.permutation(day) + 0.1, day, none(200), ONE, 0.9)
    assert (paired.low, paired.high) == pytest.approx((0.1, 0.1))
    assert mixed.high - mixed.low > 0.5
    assert quantile_gap(day[:20], day[20:40], none(20), ONE, 0.9).too_few_days


def test_t_intervals_of_normal_days_cover_as_often_as_they_say() -> None:
    draw, _, truth = CASES["normal"]
    row = measure_coverage("", "", lambda rng: (stratified_mean(draw(rng, none(20)), none(20), ONE), truth))
    assert row.repetitions == 1000 and 0.93 <= row.covered <= 0.97


@pytest.mark.parametrize(("name", "days"), [("zero on 90 % of days", 20), ("zero on 90 % of days", 100)])
def test_where_t_intervals_cover_too_seldom_they_warn(name: str, days: int) -> None:
    draw, _, truth = CASES[name]
    row = measure_coverage("", "", lambda rng: (stratified_mean(draw(rng, none(days)), none(days), ONE), truth))
    assert row.high < 0.9 and row.warned > 0.95


def test_long_runs_of_ordinary_figures_do_not_warn() -> None:
    draw, _, truth = CASES["exponential"]
    row = measure_coverage("", "", lambda rng: (stratified_mean(draw(rng, none(200)), none(200), ONE), truth), 300)
    assert row.warned < 0.05 and row.covered > 0.9


def test_days_all_alike_are_told() -> None:
    assert stratified_mean(np.full(200, 4.0), none(200), ONE).doubt is Doubt.ALIKE


def test_the_table_of_coverage_holds_every_row() -> None:
    rows = [CoverageRow("m", "c", 0.95, 10, 0, 0.9, 0.6, 0.98, 0.5), CoverageRow("m", "d", 0.95, 0, 10, *[np.nan] * 4)]
    lines = coverage_table(rows).splitlines()
    assert len(lines) == 4 and "90.0 %" in lines[2] and lines[3].endswith("| - | - | - | 100.0 % |")
