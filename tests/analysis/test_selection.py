"""Control variates and the best of k: what is promised is kept, by repetition."""

import numpy as np
import pytest
from scipy import stats

from simsec.analysis.control import controlled_mean
from simsec.analysis.coverage import _controlled, _correct, _regret, measure_coverage
from simsec.analysis.intervals import stratified_mean
from simsec.analysis.selection import choose, kim_nelson, ocba, ocba_shares

ONE = {0: 1.0}
NONE = np.zeros(100, dtype=np.int64)


def test_one_control_is_the_regression_of_the_books() -> None:
    rng = np.random.default_rng(1)
    x = rng.poisson(5, 100).astype(float)
    y = 3 * x + rng.normal(0, 2, 100)
    found = controlled_mean(y, x[:, None], {0: np.array([5.0])}, NONE, ONE)
    fit = stats.linregress(x - 5.0, y)
    half = stats.t.ppf(0.975, 98) * fit.intercept_stderr
    expected = (fit.intercept, fit.intercept - half, fit.intercept + half)
    assert (found.estimate.mean, found.estimate.low, found.estimate.high) == pytest.approx(expected)
    assert found.used == (0,) and found.loss == pytest.approx(98 / 97)
    # Jackknife: the error for a day that the fit to the other days makes.
    plain = [y[i] - np.delete(y, i).mean() for i in range(100)]
    errors = []
    for i in range(100):
        other = stats.linregress(np.delete(x, i), np.delete(y, i))
        errors.append(y[i] - other.intercept - other.slope * x[i])
    assert found.variance_ratio == pytest.approx(np.square(plain).sum() / np.square(errors).sum())


def test_a_control_that_tells_nothing_is_mostly_left_alone_and_costs_nothing() -> None:
    rng, used, ratios = np.random.default_rng(2), 0, []
    for _ in range(300):
        y, x = rng.normal(0, 1, 100), rng.normal(0, 1, (100, 1))
        found = controlled_mean(y, x, {0: np.zeros(1)}, NONE, ONE)
        used += bool(found.used)
        ratios.append(found.variance_ratio)
        if not found.used:
            assert found.estimate == stratified_mean(y, NONE, ONE) and found.variance_ratio == 1.0
    assert used < 0.3 * 300 and np.mean(ratios) < 1.02


def test_controls_that_cannot_be_used_leave_the_plain_mean() -> None:
    rng = np.random.default_rng(3)
    y, x = rng.normal(0, 1, 100), rng.normal(0, 1, 100)
    plain = stratified_mean(y, NONE, ONE)
    alike = np.column_stack([x, 2 * x])
    for controls in (np.full((100, 1), 7.0), alike):
        found = controlled_mean(y + x, controls, {0: np.zeros(controls.shape[1])}, NONE, ONE)
        assert found.estimate == stratified_mean(y + x, NONE, ONE)
    few = controlled_mean(y[:6], x[:6, None], {0: np.zeros(1)}, NONE[:6], ONE)
    assert few.estimate == stratified_mean(y[:6], NONE[:6], ONE)
    lone = controlled_mean(y, x[:, None], {0: np.zeros(1), 1: np.zeros(1)}, NONE, {0: 0.5, 1: 0.5})
    assert lone.estimate.too_few_days and not plain.too_few_days


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8])
def test_controlled_intervals_cover(correlation: float) -> None:
    assert 0.93 <= measure_coverage("", "", _controlled(40, correlation)).covered <= 0.975


def test_the_chosen_is_the_least_and_clear_choices_are_sure() -> None:
    rng = np.random.default_rng(4)
    day = rng.normal(0, 50, 100)
    values = np.array([day + rng.normal(m, 1, 100) for m in (5.0, 3.0, 4.0)])
    found = choose(values, NONE, ONE)
    assert found.best == 1 and found.probability > 0.999 and found.regret == 0.0
    # The common noise of the days is gone only because the gaps are paired.
    apart = choose(np.array([rng.permutation(row) for row in values]), NONE, ONE)
    assert apart.probability < 0.9 and apart.regret > 3


def test_the_bound_by_hand() -> None:
    values = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 3.0, 2.0, 2.0], [-1.0, 5.0, 1.0, 3.0]])
    found = choose(values, np.zeros(4, int), ONE)
    wrong = [stats.t.sf(2 / stats.sem(row), 3) for row in values[1:]]
    assert found.best == 0 and found.probability == pytest.approx(1 - sum(wrong))
    assert found.regret == pytest.approx(stats.t.ppf(0.975, 3) * stats.sem(values[2]) - 2)


def test_twins_and_single_systems_need_no_choice_and_few_days_make_none() -> None:
    values = np.random.default_rng(5).normal(0, 1, (1, 100))
    assert choose(values, NONE, ONE).probability == 1.0
    twins = choose(np.repeat(values, 2, axis=0), NONE, ONE)
    assert (twins.best, twins.probability, twins.regret) == (0, 1.0, 0.0)
    none = choose(values[:, :1], NONE[:1], ONE)
    assert none.best == -1 and np.isnan(none.probability)


@pytest.mark.parametrize("means", [(0.0, 0.1, 0.2, 0.3), (0.0, 0.3, 0.3, 0.3)])
def test_what_a_choice_loses_lies_within_what_is_said(means: tuple[float, ...]) -> None:
    assert measure_coverage("", "", _regret(100, means), 500).covered >= 0.93


def test_the_stated_probability_is_no_more_than_how_often_the_choice_is_right() -> None:
    rng, right, stated = np.random.default_rng(6), 0, 0.0
    for _ in range(400):
        values = rng.normal(0, 3, 100) + rng.normal([[0.0], [0.3], [0.3], [0.3]], 1, (4, 100))
        found = choose(values, NONE, ONE)
        right += found.best == 0
        stated += found.probability
    assert stated / 400 <= right / 400 + 0.02


@pytest.mark.parametrize("systems", [2, 5])
def test_kim_and_nelson_keep_their_promise(systems: int) -> None:
    assert measure_coverage("", "", _correct(systems), 300).covered >= 0.95


def test_kim_and_nelson_throw_out_early_and_say_when_cut_off() -> None:
    means = np.array([0.0, 0.2, 9.0])
    rng = np.random.default_rng(7)
    found = kim_nelson(lambda which, _: rng.normal(means, 1)[list(which)], 3, indifference=0.3)
    assert found.blocks[2] < found.blocks[0] and 2 not in found.survivors and found.finished
    cut = kim_nelson(lambda which, _: rng.normal(means, 1)[list(which)], 3, indifference=0.01, first=5, most_blocks=6)
    assert not cut.finished and np.isnan(cut.probability) and max(cut.blocks) == 6


@pytest.mark.parametrize(
    "wrong", [{"indifference": 0.0}, {"indifference": 1.0, "first": 1}, {"indifference": 1.0, "level": 0.3}]
)
def test_kim_and_nelson_refuse_nonsense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="indifference"):
        kim_nelson(lambda which, _: np.zeros(len(which)), 2, **wrong)


def test_the_shares_of_a_budget_are_those_of_the_paper() -> None:
    shares = ocba_shares(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0]))
    others = np.array([4.0 / 1.0, 9.0 / 4.0])  # (deviation / gap)^2
    best = 1.0 * np.sqrt(others[0] ** 2 / 4 + others[1] ** 2 / 9)
    expected = np.array([best, *others])
    assert shares == pytest.approx(expected / expected.sum())
    assert np.isfinite(ocba_shares(np.zeros(3), np.zeros(3))).all()


def test_a_budget_spent_by_ocba_is_right_more_often_than_one_shared_out_evenly() -> None:
    means, rng = np.arange(6) * 0.35, np.random.default_rng(8)
    found = [
        ocba(lambda which, _: rng.normal(means, 1)[list(which)], 6, budget=120, first=6, step=12) for _ in range(150)
    ]
    assert all(sum(one.blocks) == 120 for one in found)
    smart = np.mean([one.best == 0 for one in found])
    evenly = np.mean([rng.normal(means, 20**-0.5).argmin() == 0 for _ in range(2000)])
    assert smart > evenly
    assert np.mean([one.probability for one in found]) <= smart + 0.03
    with pytest.raises(ValueError, match="budget"):
        ocba(lambda which, _: np.zeros(len(which)), 3, budget=20, first=10)
