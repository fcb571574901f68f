"""Designs: every point is where its design says, and the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simsec.experiments.designs import Axis, grid, latin_hypercube, morris, one_at_a_time, points_of, saltelli, sobol
from simsec.experiments.schema import DesignKind

AXES = [Axis((0.0, 0.5, 1.0), 1), Axis((0.25, 0.75), 0), Axis((0.5,), 0)]


def test_a_grid_has_every_combination_once() -> None:
    points = grid(AXES)
    assert points.shape == (6, 3) and len({tuple(row) for row in points.tolist()}) == 6


def test_one_at_a_time_never_moves_two() -> None:
    points = one_at_a_time(AXES)
    assert (np.sum(points != points[0], axis=1) <= 1).all()
    assert len(points) == 1 + 2 + 1


@given(st.integers(1, 6), st.integers(1, 20), st.integers(0, 99))
def test_a_latin_hypercube_has_one_point_in_every_slice(factors: int, size: int, seed: int) -> None:
    slices = np.sort((latin_hypercube(factors, size, seed) * size).astype(int), axis=0)
    assert (slices == np.arange(size)[:, None]).all()


def test_a_sobol_sequence_is_balanced_in_every_half_and_quarter() -> None:
    points = sobol(4, 64, 3)
    for parts in (2, 4, 8):
        for column in points.T:
            assert (np.bincount((column * parts).astype(int), minlength=parts) == 64 // parts).all()


@settings(max_examples=25)
@given(st.integers(1, 8), st.integers(1, 6), st.sampled_from([2, 4, 6, 8]), st.integers(0, 99))
def test_a_morris_trajectory_moves_each_factor_once(factors: int, walks: int, levels: int, seed: int) -> None:
    points = morris(factors, walks, levels, seed).reshape(walks, factors + 1, factors)
    steps = np.diff(points, axis=1)
    assert ((np.abs(steps) > 1e-9).sum(axis=2) == 1).all()
    assert ((np.abs(steps) > 1e-9).sum(axis=1) == 1).all()
    assert np.abs(steps).max(axis=2) == pytest.approx(levels / (2 * (levels - 1)))
    assert points.min() >= 0 and points.max() <= 1
    assert points * (levels - 1) == pytest.approx(np.round(points * (levels - 1)), abs=1e-9)


def test_saltelli_takes_one_column_from_the_other_sample() -> None:
    points = saltelli(3, 8, 1).reshape(5, 8, 3)
    for number in range(3):
        others = np.arange(3) != number
        assert (points[2 + number][:, number] == points[1][:, number]).all()
        assert (points[2 + number][:, others] == points[0][:, others]).all()


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol", "morris", "saltelli"])
def test_what_is_drawn_depends_on_the_seed_alone(kind: DesignKind) -> None:
    first, again, other = (points_of(kind, AXES, 8, 4, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
