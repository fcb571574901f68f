"""Sensitivity: which factor moves a measure (Sobol, Morris), and which unknown could change the decision.

Every index comes with a percentile bootstrap interval. Noise of too few days enters as an interaction of everything
with everything: totals grow with it, so points should be coupled (the same days at each).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate, stratified_mean
from simsec.base.errors import InputError, Problem, say

Floats = NDArray[np.float64]
RESAMPLES = 1000
LEVEL = 0.95
LEAST = 4  # base samples or trajectories


@dataclass(frozen=True, eq=False)
class Index:
    """An index of every factor with its interval, shape (factors,) each."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Sobol:
    """Shares of the variance of a measure: of each factor alone, and with everything it is part of.

    Attributes:
        first: what fixing the factor would take away on average.
        total: what would stay if all others were fixed.
        samples: base samples that could be used.
    """

    first: Index
    total: Index
    samples: int


@dataclass(frozen=True, eq=False)
class Morris:
    """Elementary effects: change of a measure over the whole range of a factor, at many places.

    Attributes:
        mean: of the effects, shape (factors,).
        size: mean of their sizes (mu star, Campolongo et al. 2007), with its interval.
        spread: standard deviation: interaction, or a bent response.
        trajectories: that could be used.
    """

    mean: Floats
    size: Index
    spread: Floats
    trajectories: int


def sobol_indices(values: Floats, factors: int, *, seed: int = 0, resamples: int = RESAMPLES) -> Sobol:
    """First and total indices from a Saltelli design.

    First: mean(B (AB_i - A)) over the variance of A and B together (Saltelli et al. 2010, table 2 b); total: Jansen's
    (1999) half mean square of A - AB_i. Rows with a value that is missing are left out.

    Args:
        values: of the measure at the points of :func:`simsec.experiments.designs.saltelli`, shape (points,).
        factors: their number.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Raises:
        InputError: too few points without a gap, or their number is that of no such design.

    Example:
        >>> from simsec.experiments.designs import saltelli
        >>> found = sobol_indices(saltelli(2, 64, 1)[:, 0], 2)
        >>> found.first.value.round(2).tolist()
        [1.0, 0.0]
    """
    if len(values) % (factors + 2):
        raise _no_such_design()
    rows = np.asarray(values, dtype=np.float64).reshape(factors + 2, -1)
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    if rows.shape[1] < LEAST:
        raise _too_few()
    rows = rows - rows.mean()  # the estimator of the first index loses digits to a large mean
    number = rows.shape[1]
    picked = np.random.default_rng(seed).integers(0, number, (resamples, number))
    drawn = np.array([_shares(rows[:, chosen]) for chosen in picked])
    first, total = _shares(rows)
    return Sobol(_index(first, drawn[:, 0]), _index(total, drawn[:, 1]), number)


def _shares(rows: Floats) -> tuple[Floats, Floats]:
    a, b, mixed = rows[0], rows[1], rows[2:]
    variance = float(np.var(rows[:2]))
    if variance == 0:
        return np.zeros(len(mixed)), np.zeros(len(mixed))
    return np.mean(b * (mixed - a), axis=1) / variance, np.mean((mixed - a) ** 2, axis=1) / (2 * variance)


def elementary_effects(points: Floats, values: Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> Morris:
    """Elementary effects from a Morris design, in units of the measure over the whole range of a factor.

    Args:
        points: of :func:`simsec.experiments.designs.morris`, shape (trajectories * (factors + 1), factors).
        values: of the measure there; trajectories with a gap are left out.
        seed: of the bootstrap over trajectories.
        resamples: of the bootstrap.

    Raises:
        InputError: too few points without a gap, or their number is that of no such design.

    Example:
        >>> from simsec.experiments.designs import morris
        >>> walk = morris(2, 6, 4, 1)
        >>> elementary_effects(walk, 3 * walk[:, 0]).mean.round(6).tolist()
        [3.0, 0.0]
    """
    factors = points.shape[1]
    if len(values) % (factors + 1):
        raise _no_such_design()
    walks = points.reshape(-1, factors + 1, factors)
    heights = np.asarray(values, dtype=np.float64).reshape(-1, factors + 1)
    whole = np.isfinite(heights).all(axis=1)
    walks, heights = walks[whole], heights[whole]
    if len(walks) < LEAST:
        raise _too_few()
    steps, rises = np.diff(walks, axis=1), np.diff(heights, axis=1)
    which = np.abs(steps).argmax(axis=2)
    moved = np.take_along_axis(steps, which[:, :, None], axis=2)[:, :, 0]
    effects = np.empty((len(walks), factors))
    np.put_along_axis(effects, which, rises / moved, axis=1)
    picked = np.random.default_rng(seed).integers(0, len(effects), (resamples, len(effects)))
    size = np.abs(effects)
    return Morris(
        effects.mean(axis=0),
        _index(size.mean(axis=0), size[picked].mean(axis=1)),
        effects.std(axis=0, ddof=1),
        len(effects),
    )


def _index(value: Floats, drawn: Floats) -> Index:
    low, high = np.quantile(drawn, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=0)
    return Index(np.asarray(value), np.asarray(low), np.asarray(high))


def _no_such_design() -> InputError:
    return InputError([Problem(say("design"), "the points are of no such design")])


def _too_few() -> InputError:
    return InputError([Problem(say("design"), "too few points without a gap")])


@dataclass(frozen=True)
class Swing:
    """What one factor alone does to the gain of one plan over another.

    Attributes:
        factor: its name.
        low, high: value of the factor at the lower and the upper end played.
        at_low, at_high: the gain there; positive is better for the second plan.
        changes: whether the decision is another at an end than at the base, the interval being clear of zero there.
    """

    factor: str
    low: object
    high: object
    at_low: Estimate
    at_high: Estimate
    changes: bool


def swing_of(factor: str, ends: tuple[object, object], gains: tuple[Estimate, Estimate], base: Estimate) -> Swing:
    """Whether moving a factor alone changes which plan is better.

    Args:
        factor: its name.
        ends: its values.
        gains: the gain at these values.
        base: the gain with nothing moved.

    Example:
        >>> base, low, high = Estimate(1, 0.5, 1.5, 50), Estimate(-1, -1.5, -0.5, 50), Estimate(2, 1, 3, 50)
        >>> swing_of("friction", (1.4, 1.9), (low, high), base).changes
        True
    """
    other = [gain.excludes_zero and gain.mean * base.mean < 0 for gain in gains]
    return Swing(factor, *ends, *gains, any(other))


def gain_of(
    first: Sequence[float], second: Sequence[float], stratum: Sequence[int], probability: dict[int, float], unit: float
) -> Estimate:
    """Gain of the second plan over the first at one point, paired by day.

    Args:
        first: weighted minutes a day under the first plan.
        second: under the second, the same days.
        stratum: type of each day.
        probability: of each type.
        unit: expected weight that minutes are divided by; 1 leaves them as they are.

    Example:
        >>> round(gain_of([3, 4, 5], [2, 2, 2], [0, 0, 0], {0: 1.0}, 2.0).mean, 6)
        1.0
    """
    difference = (np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)) / unit
    return stratified_mean(difference, np.asarray(stratum), probability)
