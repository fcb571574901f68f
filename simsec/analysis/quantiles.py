"""Quantiles, shares and tail means of a day's figure over types of day, each with an interval or "too few days".

Days are the unit everywhere: a day counts p_k / n_k, and whole days are resampled, never incidents.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from simsec.analysis.intervals import (
    FEW_DAYS,
    LEVEL,
    RESAMPLES,
    Doubt,
    Estimate,
    day_weights,
    weighted_quantile,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
TAIL_DAYS = 10  # a mean over fewer worst days gets no interval: the coverage study says why
UNSURE_TAIL_DAYS = 20  # with fewer the interval was measured to cover in under 90 %
NAN = float("nan")


@lru_cache(maxsize=1024)
def order_ranks(days: int, q: float, level: float = LEVEL) -> tuple[int, int] | None:
    """Ranks r < s such that the q-quantile lies between the r-th and s-th smallest of the days at the level.

    The number of days below the quantile is binomial whatever the distribution, so the coverage P(r <= B < s) is exact
    for a continuous figure and a lower bound for others; each tail holds at most half of what the level leaves
    (David & Nagaraja 2003, Order Statistics, 7.1).

    Args:
        days: independent days of one type.
        q: strictly between 0 and 1.
        level: of the interval.

    Returns:
        Ranks from 1, or None where one of them does not exist: too few days.

    Example:
        >>> order_ranks(100, 0.5), order_ranks(20, 0.9)
        ((40, 61), None)
    """
    tail = (1 - level) / 2
    low = int(binom.ppf(tail, days, q))
    high = int(binom.ppf(1 - tail, days, q)) + 1
    return (low, high) if low >= 1 and high <= days else None


def _below(values: Floats, stratum: Integers, probability: Mapping[int, float], bound: float) -> tuple[float, float]:
    """Share of days up to a bound, and the number of plain random days that would know it as well.

    Half a day is added on either side, so that a type none of whose days lies beyond the bound still counts as unsure
    (Agresti & Caffo 2000); the number is the effective sample size of Korn & Graubard 1998.
    """
    total = sum(probability.values())
    share = variance = 0.0
    for number, p in probability.items():
        inside = values[stratum == number]
        weight, smooth = p / total, (np.sum(inside <= bound) + 0.5) / (len(inside) + 1)
        share += weight * smooth
        variance += weight**2 * smooth * (1 - smooth) / len(inside)
    return float(share), float(share * (1 - share) / variance)


def stratified_quantile(
    values: Floats, stratum: Integers, probability: Mapping[int, float], q: float, level: float = LEVEL
) -> Estimate:
    """Quantile of a day's figure over types of day, with an order-statistic interval.

    Of one type the ranks are exact (:func:`order_ranks`). Of a mixture the distribution function is that of the days
    weighted p_k / n_k, and the ranks are those of as many plain random days as know the share below the quantile
    equally well; they are turned back into minutes through the same function (Woodruff 1952; Korn & Graubard 1998).

    Args:
        values: one a day, shape (days,); infinity is a value like others.
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        q: strictly between 0 and 1.
        level: of the interval.

    Returns:
        The quantile; without an interval where a rank does not exist (``too_few_days``).

    Example:
        >>> days = np.arange(1.0, 101.0)
        >>> found = stratified_quantile(days, np.zeros(100, int), {0: 1.0}, 0.5)
        >>> found.mean, found.low, found.high
        (50.0, 40.0, 61.0)
    """
    weights = day_weights(stratum, probability)
    days = int(np.isin(stratum, list(probability)).sum())
    if weights is None:
        return Estimate(NAN, NAN, NAN, days)
    estimate = weighted_quantile(values, weights, q)
    known_by = days if len(probability) == 1 else int(_below(values, stratum, probability, estimate)[1])
    ranks = order_ranks(known_by, q, level)
    if ranks is None:
        return Estimate(estimate, NAN, NAN, days)
    low, high = (weighted_quantile(values, weights, rank / known_by) for rank in ranks)
    return Estimate(estimate, low, high, days)


def stratified_share(
    holds: NDArray[np.bool_], stratum: Integers, probability: Mapping[int, float], level: float = LEVEL
) -> Estimate:
    """Share of days on which something holds, over types of day.

    Clopper & Pearson's interval (1934) with as many days as know the share equally well (Korn & Graubard 1998): of one
    type it is the exact one, and "never in 50 days" still leaves room for a share of 7 %.

    Args:
        holds: one a day, shape (days,).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        level: of the interval.

    Example:
        >>> never = stratified_share(np.zeros(50, bool), np.zeros(50, int), {0: 1.0})
        >>> never.mean, never.low, round(never.high, 3)
        (0.0, 0.0, 0.071)
    """
    weights = day_weights(stratum, probability)
    days = int(np.isin(stratum, list(probability)).sum())
    if weights is None:
        return Estimate(NAN, NAN, NAN, days)
    share = min(float(weights @ holds), 1.0)
    known_by = _below(np.where(holds, 0.0, 1.0), stratum, probability, 0.0)[1]
    hits, misses = known_by * share, known_by * (1 - share)
    low = float(beta.ppf(0.5 - level / 2, hits, misses + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(0.5 + level / 2, hits + 1, misses)) if misses > 0 else 1.0
    return Estimate(share, low, high, days)


def _resampled(stratum: Integers, probability: Mapping[int, float], weights: Floats, seed: int) -> Floats:
    """Weights of the days in every resample of whole days within their type, shape (resamples, days)."""
    rng = np.random.default_rng(seed)
    found = np.zeros((RESAMPLES, len(stratum)))
    for number in probability:
        inside = np.flatnonzero(stratum == number)
        times = rng.multinomial(len(inside), np.full(len(inside), 1 / len(inside)), size=RESAMPLES)
        found[:, inside] = times * weights[inside]
    return found


def _tail(ordered_weights: Floats, q: float) -> Floats:
    """The part of each weight above the share q, along the last axis; the weights add up to 1."""
    return np.asarray(np.clip(np.cumsum(ordered_weights, axis=-1) - q, 0.0, ordered_weights))


def stratified_cvar(
    values: Floats,
    stratum: Integers,
    probability: Mapping[int, float],
    q: float,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """Mean over the worst share 1 - q of days (conditional value at risk), over types of day.

    The day at the boundary enters in part, so that exactly that share is averaged (Rockafellar & Uryasev 2002). The
    interval is a percentile bootstrap of whole days within their type. It covers too seldom where the tail is short:
    with fewer than 10 days in it (weighed as Kish 1965 does) there is none, with fewer than 20 it covers in under
    90 %, and with fewer than 100 it still warns.

    Args:
        values: one a day, shape (days,).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        q: from 0 (the mean) to below 1.
        level: of the interval.
        seed: of the resampling.

    Example:
        >>> days = np.arange(1.0, 101.0)
        >>> found = stratified_cvar(days, np.zeros(100, int), {0: 1.0}, 0.9)
        >>> round(found.mean, 6), found.too_few_days
        (95.5, False)
    """
    weights = day_weights(stratum, probability)
    days = int(np.isin(stratum, list(probability)).sum())
    if weights is None:
        return Estimate(NAN, NAN, NAN, days)
    order = np.argsort(values, kind="stable")
    tail = _tail(weights[order], q)
    estimate = float(tail @ values[order] / (1 - q))
    in_tail = (1 - q) ** 2 / float(tail @ tail)
    if in_tail < TAIL_DAYS - 1e-6:
        return Estimate(estimate, NAN, NAN, days)
    found = _tail(_resampled(stratum, probability, weights, seed)[:, order], q) @ values[order] / (1 - q)
    low, high = np.quantile(found, [0.5 - level / 2, 0.5 + level / 2])
    doubt = Doubt.SKEWED if in_tail < UNSURE_TAIL_DAYS else Doubt.FEW if in_tail < FEW_DAYS else Doubt.NONE
    return Estimate(estimate, float(low), float(high), days, doubt)


def quantile_gap(
    first: Floats,
    second: Floats,
    stratum: Integers,
    probability: Mapping[int, float],
    q: float,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """Quantile of the first figure less that of the second, both of the same days; whole days are resampled together.

    It is the gap of the quantiles, not the quantile of the daily gap; for that give the differences to
    :func:`stratified_quantile`. There is no interval where either quantile alone has none.

    Args:
        first: one a day, shape (days,).
        second: the same days under another plan, shape (days,).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        q: strictly between 0 and 1.
        level: of the interval.
        seed: of the resampling.

    Example:
        >>> days = np.arange(1.0, 101.0)
        >>> found = quantile_gap(days + 2, days, np.zeros(100, int), {0: 1.0}, 0.5)
        >>> found.low, found.mean, found.high
        (2.0, 2.0, 2.0)
    """
    alone = [stratified_quantile(values, stratum, probability, q, level) for values in (first, second)]
    gap = alone[0].mean - alone[1].mean
    weights = day_weights(stratum, probability)
    if weights is None or any(one.too_few_days for one in alone):
        return Estimate(gap, NAN, NAN, alone[0].days)
    resampled = _resampled(stratum, probability, weights, seed)
    found = _quantiles(first, resampled, q) - _quantiles(second, resampled, q)
    low, high = np.quantile(found, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(gap, float(low), float(high), alone[0].days)


def _quantiles(values: Floats, weights: Floats, q: float) -> Floats:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[:, order], axis=1)
    return np.asarray(values[order][np.argmax(total >= q * total[:, -1:] * (1 - 1e-12), axis=1)])
