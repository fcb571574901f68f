"""PRIM finds the box it was given, and none where there is none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from simsec.base.errors import InputError
from simsec.experiments.designs import sobol
from simsec.experiments.discovery import prim

POINTS: NDArray[np.float64] = sobol(4, 1024, 1)


def test_a_box_is_found_with_its_limits() -> None:
    fails = (POINTS[:, 0] < 0.35) & (POINTS[:, 2] > 0.6)
    (box,) = prim(POINTS, fails)
    assert box.limited.tolist() == [True, False, True, False]
    assert box.high[0] == pytest.approx(0.35, abs=0.07) and box.low[2] == pytest.approx(0.6, abs=0.07)
    assert box.density > 0.8 and box.coverage > 0.9
    assert box.mass == pytest.approx(fails.mean() * box.coverage / box.density)
    assert box.chance[0] < 0.001 and box.chance[1] == 1


def test_failures_that_chance_scatters_about_leave_the_limits_that_matter() -> None:
    rng = np.random.default_rng(3)
    fails = ((POINTS[:, 1] > 0.7) & (rng.random(1024) < 0.9)) | (rng.random(1024) < 0.03)
    (box,) = prim(POINTS, fails)
    assert box.limited[1] and box.low[1] == pytest.approx(0.7, abs=0.06)
    assert box.density > 0.8 and box.coverage > 0.75


def test_two_boxes_are_found_one_after_the_other() -> None:
    fails = (POINTS[:, 0] < 0.2) | (POINTS[:, 3] > 0.9)
    first, second = prim(POINTS, fails, boxes=2)
    assert first.coverage + second.coverage > 0.9
    assert {int(np.flatnonzero(box.limited)[0]) for box in (first, second)} == {0, 3}


def test_a_wanted_density_trades_coverage() -> None:
    rng = np.random.default_rng(5)
    fails = rng.random(1024) < POINTS[:, 0] ** 2
    wide, narrow = (prim(POINTS, fails, density=wanted)[0] for wanted in (0.5, 0.8))
    assert wide.coverage > narrow.coverage and wide.density < narrow.density


def test_nothing_to_discover_is_refused() -> None:
    for fails in (np.zeros(1024, dtype=bool), np.ones(1024, dtype=bool)):
        with pytest.raises(InputError):
            prim(POINTS, fails)
    with pytest.raises(InputError):
        prim(POINTS[:5], np.array([True, False, True, False, True]))
