"""Laws of splitting totals and of drawing places."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.scenario.apportion import KM_PER_DEGREE, code_generator, fit_total, largest_remainders, point_in_disc

WEIGHTS = st.lists(st.integers(0, 60), min_size=1, max_size=12)


@given(WEIGHTS, st.integers(0, 500))
def test_without_minima_every_share_lies_within_one_of_its_quota(weights: list[int], total: int) -> None:
    shares = largest_remainders(total, weights)
    whole = sum(weights) or len(weights)
    quotas = [total * (weight if any(weights) else 1) / whole for weight in weights]
    assert sum(shares) == total
    assert all(math.floor(quota) <= share <= math.ceil(quota) for share, quota in zip(shares, quotas, strict=True))


@given(WEIGHTS, st.integers(0, 500), st.data())
def test_with_minima_the_sum_is_exact_and_every_minimum_is_kept(
    weights: list[int], extra: int, data: st.DataObject
) -> None:
    minima = [data.draw(st.integers(0, 5)) for _ in weights]
    shares = largest_remainders(sum(minima) + extra, weights, minima)
    assert sum(shares) == sum(minima) + extra
    assert all(share >= least for share, least in zip(shares, minima, strict=True))


@given(WEIGHTS, st.integers(0, 500))
def test_a_heavier_share_is_never_smaller(weights: list[int], total: int) -> None:
    pairs = sorted(zip(weights, largest_remainders(total + len(weights), weights, [1] * len(weights)), strict=True))
    for (light, small), (heavy, large) in pairwise(pairs):
        assert heavy == light or large >= small


def test_the_largest_remainder_gets_the_seat() -> None:
    assert largest_remainders(10, [47, 16, 37]) == [5, 1, 4]  # quotas 4.7, 1.6, 3.7: the two of .7 go first


def test_equal_remainders_go_to_the_earlier_share() -> None:
    assert largest_remainders(3, [1, 1]) == [2, 1]


def test_more_minima_than_total_is_refused() -> None:
    with pytest.raises(ValueError, match="less than the minima"):
        largest_remainders(2, [1, 1, 1], [1, 1, 1])


@given(st.lists(st.floats(0.5, 900), min_size=1, max_size=20), st.integers(1, 600), st.floats(0, 1))
def test_fitted_numbers_keep_sum_and_bounds(targets: list[float], high: int, level: float) -> None:
    total = round(len(targets) + level * (high - 1) * len(targets))
    fitted = fit_total(total, targets, 1, high)
    assert sum(fitted) == total
    assert all(1 <= number <= high for number in fitted)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_targets_that_already_fit_stay(targets: list[int]) -> None:
    assert fit_total(sum(targets), [float(target) for target in targets], 1, 600) == targets


@pytest.mark.parametrize("total", [2, 31])
def test_a_total_beyond_the_bounds_is_refused(total: int) -> None:
    with pytest.raises(ValueError, match="cannot be the sum"):
        fit_total(total, [1.0, 1.0, 1.0], 1, 10)


def test_a_draw_belongs_to_seed_and_code() -> None:
    draws = {(seed, code): code_generator(seed, code).random() for seed in (1, 2) for code in ("a/001", "a/002")}
    assert len(set(draws.values())) == len(draws)
    assert code_generator(1, "a/001").random() == draws[1, "a/001"]


def test_points_fill_the_disc_evenly() -> None:
    lat, lon, radius_km = -7.3, 110.4, 2.0
    points = [point_in_disc(lat, lon, radius_km, code_generator(1, str(number))) for number in range(4000)]
    east = [(east - lon) * KM_PER_DEGREE * math.cos(math.radians(lat)) for _, east in points]
    north = [(north - lat) * KM_PER_DEGREE for north, _ in points]
    distance = [math.hypot(x, y) for x, y in zip(east, north, strict=True)]
    assert max(distance) <= radius_km + 0.001
    inner = sum(1 for value in distance if value < radius_km / math.sqrt(2)) / len(distance)
    assert abs(inner - 0.5) < 4 * math.sqrt(0.25 / len(distance))  # half the area
    assert all(abs(math.fsum(axis) / len(axis)) < 4 * radius_km / 2 / math.sqrt(len(axis)) for axis in (east, north))
