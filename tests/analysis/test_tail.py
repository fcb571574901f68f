"""The tail over days is the mean of the worst ones, days weighted by how likely their type is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.analysis.intervals import stratified_mean
from simsec.analysis.tail import tail_values


@given(st.lists(st.floats(0, 1e4), min_size=4, max_size=40), st.floats(0, 0.95))
def test_the_tail_is_the_mean_of_the_worst_share_of_the_days(values: list[float], alpha: float) -> None:
    days, n = np.array(values), len(values)
    tail = tail_values(days, np.zeros(n, int), {0: 1.0}, alpha)
    assert tail is not None
    weight = np.clip((1 - alpha) * n - np.arange(n), 0, 1) / ((1 - alpha) * n)
    assert np.isclose(tail.mean(), np.sort(days)[::-1] @ weight, rtol=1e-9, atol=1e-6)


def test_a_rare_type_of_day_fills_only_its_share_of_the_tail() -> None:
    days, stratum = np.array([1.0, 1.0, 1.0, 1.0, 9.0, 9.0]), np.array([0, 0, 0, 0, 3, 3])
    tail = tail_values(days, stratum, {0: 0.96, 3: 0.04}, 0.9)
    assert tail is not None
    assert np.isclose(stratified_mean(tail, stratum, {0: 0.96, 3: 0.04}).mean, 0.4 * 9 + 0.6 * 1)


def test_without_two_days_of_a_type_there_is_no_tail_and_no_tail_beyond_all_days() -> None:
    assert tail_values(np.ones(3), np.array([0, 0, 3]), {0: 0.9, 3: 0.1}) is None
    with pytest.raises(ValueError, match="alpha"):
        tail_values(np.ones(3), np.zeros(3, int), {0: 1.0}, 1.0)
