"""The intervals of means and ratios for many groups at once: what one column gives alone, all columns give together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from simsec.analysis.intervals import CARRYING_DAYS, FEW_DAYS, LEVEL, SKEWED, Doubt, Estimate

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def column_means(
    values: Floats, stratum: Integers, probability: Mapping[int, float], level: float = LEVEL
) -> list[Estimate]:
    """Mean of every column over types of day, as :func:`simsec.analysis.intervals.stratified_mean` gives it.

    Where a type has one day only the mean is still told, without an interval; without any day of a type it is nan.

    Args:
        values: one a day and group, shape (days, groups).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        level: of the interval.

    Example:
        >>> figures = np.array([[1.0, 0.0], [3.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
        >>> [round(found.mean, 6) for found in column_means(figures, np.zeros(4, int), {0: 1.0})]
        [2.0, 0.0]
    """
    total, groups = sum(probability.values()), values.shape[1]
    mean, variance, denominator, third = (np.zeros(groups) for _ in range(4))
    counts = [int(np.sum(stratum == number)) for number in probability]
    if not counts or min(counts) < 1:
        return [Estimate(float("nan"), float("nan"), float("nan"), sum(counts))] * groups
    for number, p in probability.items():
        inside, weight = values[stratum == number], p / total
        n, centre = len(inside), inside.mean(axis=0)
        mean += weight * centre
        if n < 2:
            continue
        part = weight**2 * np.var(inside, axis=0, ddof=1) / n
        variance += part
        denominator += part**2 / (n - 1)
        third += weight**3 * np.mean((inside - centre) ** 3, axis=0) / n**2
    days = sum(counts)
    if min(counts) < 2:
        return [Estimate(value, float("nan"), float("nan"), days) for value in mean.tolist()]
    known = variance > 0
    freedom = np.where(known, variance**2 / np.where(known, denominator, 1.0), max(days - len(counts), 1))
    skewness = np.where(known, third / np.where(known, variance, 1.0) ** 1.5, 0.0)
    half = stdtrit(freedom, 0.5 + level / 2) * np.sqrt(variance)
    few = Doubt.FEW if min(counts) < FEW_DAYS else Doubt.NONE
    rows = zip(mean.tolist(), half.tolist(), known.tolist(), (np.abs(skewness) > SKEWED).tolist(), strict=True)
    return [
        Estimate(value, value - by, value + by, days, Doubt.SKEWED if skewed else few if varies else Doubt.ALIKE)
        for value, by, varies, skewed in rows
    ]


def column_ratios(
    part: Floats, whole: Floats, stratum: Integers, probability: Mapping[int, float], *, share: bool
) -> list[Estimate]:
    """Ratio of two daily figures for every column, as :func:`simsec.analysis.intervals.stratified_ratio` gives it.

    Args:
        part: one a day and group, shape (days, groups), such as minutes of the incidents, or incidents reached in time.
        whole: one a day and group, such as the number of incidents; a group without any gives nan.
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        share: the part is a part of the whole, so that the interval is cut at 1; else only at 0.

    Example:
        >>> minutes, calls = np.array([[30.0], [70.0], [20.0], [40.0]]), np.array([[3.0], [5.0], [2.0], [6.0]])
        >>> column_ratios(minutes, calls, np.zeros(4, int), {0: 1.0}, share=False)[0].mean
        10.0
    """
    tops, bottoms = (column_means(figures, stratum, probability) for figures in (part, whole))
    top, bottom = (np.array([found.mean for found in columns]) for columns in (tops, bottoms))
    ratio = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
    rests = column_means(part - np.nan_to_num(ratio) * whole, stratum, probability)
    carried = np.minimum(
        *(_carrying_days(figures, stratum, probability) for figures in (part, whole - part if share else whole))
    )
    found = []
    for value, below, rest, days in zip(ratio.tolist(), bottom.tolist(), rests, carried.tolist(), strict=True):
        if value != value:
            found.append(Estimate(value, value, value, rest.days))
            continue
        low, high = value + rest.low / below, value + rest.high / below
        doubt = Doubt.SKEWED if not rest.doubt and not rest.too_few_days and days < CARRYING_DAYS else rest.doubt
        low = max(low, 0.0) if low == low else low
        found.append(Estimate(value, low, min(high, 1.0) if share and high == high else high, rest.days, doubt))
    return found


def _carrying_days(figures: Floats, stratum: Integers, probability: Mapping[int, float]) -> Floats:
    """How many days each column comes from, weighed as Kish 1965 does, shape (groups,)."""
    weights = np.zeros(len(stratum))
    for number, p in probability.items():
        inside = stratum == number
        weights[inside] = p / max(int(inside.sum()), 1)
    held = figures * weights[:, None]
    squares = np.sum(held**2, axis=0)
    return np.asarray(np.divide(held.sum(axis=0) ** 2, squares, out=np.zeros(len(squares)), where=squares > 0))
