"""Indices against what is known exactly, and against SALib 1.6 on the very same points (its figures, kept here)."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate
from simsec.base.errors import InputError
from simsec.experiments.designs import morris, saltelli
from simsec.experiments.sensitivity import Index, elementary_effects, gain_of, sobol_indices, swing_of

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]
G = np.array([0, 1, 4.5, 9, 99, 99, 99, 99.0])


def ishigami(u: Floats) -> Floats:
    x = np.pi * (2 * u - 1)
    return np.asarray(np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def g_function(u: Floats) -> Floats:
    return np.asarray(np.prod((np.abs(4 * u - 2) + G) / (1 + G), axis=1))


def exact_g() -> tuple[Floats, Floats]:
    """Sobol 1993: partial variances 1 / (3 (1 + a)^2)."""
    part = 1 / (3 * (1 + G) ** 2)
    variance = np.prod(1 + part) - 1
    return part / variance, part * np.prod(1 + part) / (1 + part) / variance


# Ishigami & Homma 1990, with a = 7 and b = 0.1.
EXACT_ISHIGAMI = (np.array([0.31390, 0.44241, 0.0]), np.array([0.55759, 0.44241, 0.24368]))
SALIB_ISHIGAMI = (
    [0.31255217989581907, 0.4355452528973521, 0.012103460286206446],
    [0.5534201779795038, 0.4373036486050164, 0.24368191612896356],
)
SALIB_G = (
    [0.7131416967820844, 0.1785444278283495, 0.02256457755884191, 0.006737460371729043,
     -2.7590437501834282e-05, 6.079139624977014e-05, 0.00025593765014507333, 2.952112590642288e-05],
    [0.7870991487719563, 0.2420656212234846, 0.0293915558102739, 0.011204118967069887,
     0.00010507167397140326, 0.00010623197533928374, 0.00010399515405891505, 0.00010506633347633372],
)  # fmt: skip


@pytest.mark.parametrize(("function", "factors", "salib"), [(ishigami, 3, SALIB_ISHIGAMI), (g_function, 8, SALIB_G)])
def test_sobol_indices_are_salibs_on_the_same_points(
    function: Function, factors: int, salib: tuple[Floats, Floats]
) -> None:
    found = sobol_indices(function(saltelli(factors, 1024, 1)), factors, resamples=10)
    assert found.first.value == pytest.approx(salib[0], rel=1e-9, abs=1e-12)
    assert found.total.value == pytest.approx(salib[1], rel=1e-9)


@pytest.mark.parametrize(("function", "factors", "exact"), [(ishigami, 3, EXACT_ISHIGAMI), (g_function, 8, exact_g())])
def test_sobol_indices_are_the_exact_ones_within_their_intervals(
    function: Function, factors: int, exact: tuple[Floats, Floats]
) -> None:
    found = sobol_indices(function(saltelli(factors, 2048, 3)), factors)
    assert found.first.value == pytest.approx(exact[0], abs=0.03)
    assert found.total.value == pytest.approx(exact[1], abs=0.03)
    for index, truth in ((found.first, exact[0]), (found.total, exact[1])):
        assert ((index.low <= truth + 1e-4) & (truth - 1e-4 <= index.high)).all()
        assert (index.low <= index.high).all() and (index.high[0] - index.low[0]) < 0.2


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Random samples, not a Sobol sequence, so that repetitions are independent and the bootstrap's promise is due."""
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        a, b = rng.random((2, 256, 3))
        mixed = [np.where(np.arange(3) == number, b, a) for number in range(3)]
        values = ishigami(np.concatenate([a, b, *mixed]))
        found = sobol_indices(values, 3, seed=seed, resamples=300).total
        held += int(found.low[1] <= EXACT_ISHIGAMI[1][1] <= found.high[1])
    assert 50 <= held <= 60, held


def test_elementary_effects_are_salibs_on_the_same_points() -> None:
    points = morris(3, 40, 4, 1)
    found = elementary_effects(points, ishigami(points))
    assert found.mean == pytest.approx([6.76673469609314, 0.39374999999999816, 0.0], abs=1e-9)
    assert found.size.value == pytest.approx([6.76673469609314, 7.875, 6.8736757136664295], rel=1e-9)
    assert found.spread == pytest.approx([6.25680225152802, 7.965347124117835, 9.386536786885644], rel=1e-9)
    assert found.size.high[0] - found.size.value[0] == pytest.approx(2.055, abs=0.4)  # SALib's half width
    points = morris(8, 40, 4, 1)
    found = elementary_effects(points, g_function(points))
    assert found.size.value[:3] == pytest.approx([2.6980851313713723, 1.5262124123469136, 0.5732845031426532], rel=1e-9)


def test_a_gap_leaves_out_its_row_and_nothing_else() -> None:
    points = saltelli(3, 512, 1)
    values = ishigami(points)
    values[7] = np.nan
    found = sobol_indices(values, 3, resamples=20)
    assert found.samples == 511 and found.total.value == pytest.approx(EXACT_ISHIGAMI[1], abs=0.05)
    walk = morris(3, 10, 4, 1)
    heights = ishigami(walk)
    heights[5] = np.nan
    assert elementary_effects(walk, heights, resamples=20).trajectories == 9


def test_a_flat_measure_has_no_deciding_factor_and_too_few_points_are_refused() -> None:
    found = sobol_indices(np.ones(5 * 8), 3, resamples=20)
    assert not found.total.value.any() and not found.first.high.any()
    with pytest.raises(InputError, match="no such design"):
        sobol_indices(np.ones(11), 3)
    with pytest.raises(InputError, match="too few"):
        sobol_indices(np.full(40, np.nan), 3)
    with pytest.raises(InputError, match="too few"):
        elementary_effects(morris(3, 2, 4, 1), np.ones(8))


@pytest.mark.parametrize(
    ("low", "high", "changes"),
    [((-1.0, -0.5), (1.0, 2.0), True), ((-1.0, 0.2), (1.0, 2.0), False), ((0.1, 0.3), (1.0, 2.0), False)],
)
def test_the_decision_changes_only_where_the_other_plan_is_clearly_better(
    low: tuple[float, float], high: tuple[float, float], changes: bool
) -> None:
    gains = tuple(Estimate(sum(ends) / 2, *ends, 50) for ends in (low, high))
    swing = swing_of("x", (1, 2), (gains[0], gains[1]), Estimate(1.0, 0.5, 1.5, 50))
    assert swing.changes is changes


def test_a_gain_is_paired_by_day_and_weighs_types_by_probability() -> None:
    gain = gain_of([10, 12, 30, 34], [9, 10, 20, 20], [0, 0, 3, 3], {0: 0.9, 3: 0.1}, 2.0)
    assert gain.mean == pytest.approx((0.9 * 1.5 + 0.1 * 12) / 2)
    assert isinstance(sobol_indices(saltelli(1, 8, 1)[:, 0], 1, resamples=9).first, Index)
