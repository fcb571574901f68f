"""Intervals for days stratified by type: means by Student's t, quantiles by a bootstrap of whole days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LEVEL = 0.95
RESAMPLES = 400
FEW_DAYS = 100  # of a type; below it a sample of skewed days can look harmless (coverage study)
BOOTSTRAP_DAYS = 10  # of a type; below it resampled days hardly vary and their intervals hardly cover (coverage study)
CARRYING_DAYS = 30  # that hold the incidents beyond a quantile, or missed; fewer covered in under 90 % (coverage study)
SKEWED = 0.3  # skewness of the mean's own distribution, as the sample shows it (coverage study)


class Doubt(StrEnum):
    """Why an interval may cover less often than it says; the coverage study measured where it does.

    Measured over 1,000 repetitions (:mod:`simsec.analysis.coverage`), 95 % t intervals of a mean held the truth in::

        days                      20     50    100    200    500
        normal                  95.7   95.8   94.4   95.5   94.8 %
        exponential             91.7   93.1   92.5   93.7   94.3 %
        log-normal, sigma 1     85.5   88.8   90.6   92.4   93.2 %
        zero on 90 % of days    69.8   83.4   86.4   90.2   92.4 %

    Wherever that is under 90 %, at least 99 % of the intervals come with one of these:

    SKEWED: a few days carry the figure, as far as the sample shows.
    FEW: some type of day has fewer than 100 days; where rare days matter none of them may have been seen yet.
    ALIKE: all days are alike, which hides whatever is rarer than one day in their number.
    """

    NONE = ""
    FEW = "few"
    SKEWED = "skewed"
    ALIKE = "alike"


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; ``low`` and ``high`` are nan where there are too few days to tell.

    ``doubt`` says why the interval may cover less often than it should; it is no part of the figure.

    Example:
        >>> Estimate(2.0, 1.0, 3.0, 200).excludes_zero
        True
    """

    mean: float
    low: float
    high: float
    days: int
    doubt: Doubt = field(default=Doubt.NONE, compare=False)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0

    @property
    def too_few_days(self) -> bool:
        """Whether the days were too few for an interval: it is then nan."""
        return self.low != self.low or self.high != self.high


@dataclass(frozen=True)
class Moments:
    """A mean over types of day: the mean, its variance, degrees of freedom and skewness, and the days.

    ``mean`` is nan where a type has fewer than two days; ``fewest`` is the number of days of the rarest type.
    """

    mean: float
    variance: float
    freedom: float
    skewness: float
    days: int
    fewest: int

    def half_width(self, level: float = LEVEL) -> float:
        """Of the t interval."""
        return float(stdtrit(self.freedom, 0.5 + level / 2)) * float(self.variance**0.5)

    @property
    def doubt(self) -> Doubt:
        """What is known of the coverage of the t interval."""
        if self.variance == 0:
            return Doubt.ALIKE
        if abs(self.skewness) > SKEWED:
            return Doubt.SKEWED
        return Doubt.FEW if self.fewest < FEW_DAYS else Doubt.NONE


def day_weights(stratum: Integers, probability: Mapping[int, float]) -> Floats | None:
    """Weight p_k / n_k of every day, adding up to 1; shape (days,). None where a type has fewer than two days.

    Example:
        >>> day_weights(np.array([0, 0, 3, 3]), {0: 0.9, 3: 0.1})
        array([0.45, 0.45, 0.05, 0.05])
    """
    total = sum(probability.values())
    weights = np.zeros(len(stratum))
    for number, p in probability.items():
        inside = stratum == number
        if inside.sum() < 2:
            return None
        weights[inside] = p / total / inside.sum()
    return weights


def stratified_moments(values: Floats, stratum: Integers, probability: Mapping[int, float]) -> Moments:
    """Mean of a day's figure over types of day with what an interval needs; see :func:`stratified_mean`."""
    total = sum(probability.values())
    mean = variance = denominator = third = 0.0
    days, fewest = 0, len(values)
    for number, p in probability.items():
        inside = values[stratum == number]
        n, weight = len(inside), p / total
        if n < 2:
            nan = float("nan")
            return Moments(nan, nan, nan, nan, n, n)
        part = weight**2 * float(np.var(inside, ddof=1)) / n
        mean += weight * float(np.mean(inside))
        variance += part
        denominator += part**2 / (n - 1)
        third += weight**3 * float(np.mean((inside - np.mean(inside)) ** 3)) / n**2
        days += n
        fewest = min(fewest, n)
    freedom = variance**2 / denominator if denominator > 0 else max(days - len(probability), 1)
    spread = variance**1.5
    return Moments(mean, variance, freedom, third / spread if spread > 0 else 0.0, days, fewest)


def stratified_mean(
    values: Floats, stratum: Integers, probability: Mapping[int, float], level: float = LEVEL
) -> Estimate:
    """Mean of a day's figure over types of day, with a t interval.

    The estimate is sum p_k mean_k, its variance sum p_k^2 s_k^2 / n_k (Cochran 1977, Sampling Techniques, 5.3), the
    degrees of freedom Satterthwaite's. Probabilities are taken relative to the strata named, so naming one stratum
    gives the figure "given that it happens". The interval warns (``doubt``) where it was measured to cover too seldom.

    Args:
        values: one a day, shape (days,).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        level: of the interval.

    Example:
        >>> figures = np.array([1.0, 3.0, 1.0, 3.0, 10.0, 12.0])
        >>> round(stratified_mean(figures, np.array([0, 0, 0, 0, 1, 1]), {0: 0.9, 1: 0.1}).mean, 6)
        2.9
    """
    found = stratified_moments(values, stratum, probability)
    if found.mean != found.mean:
        return Estimate(found.mean, found.mean, found.mean, found.days)
    half = found.half_width(level)
    return Estimate(found.mean, found.mean - half, found.mean + half, found.days, found.doubt)


def stratified_ratio(part: Floats, whole: Floats, stratum: Integers, probability: Mapping[int, float]) -> Estimate:
    """Ratio of two daily figures over types of day, such as incidents reached in time to incidents.

    The interval is that of the mean of part - ratio x whole, over the mean of the whole (Cochran 1977, Sampling
    Techniques, 6.11); it is cut at 0 and 1. It warns as that of a mean does, and where the part or what it lacks of the
    whole comes from few days (weighed as Kish 1965 does).

    Args:
        part: one a day, shape (days,), between 0 and the whole.
        whole: one a day, shape (days,).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.

    Example:
        >>> in_time, every = np.array([1.0, 3.0, 2.0, 2.0]), np.array([2.0, 4.0, 2.0, 4.0])
        >>> round(stratified_ratio(in_time, every, np.zeros(4, int), {0: 1.0}).mean, 6)
        0.666667
    """
    top, bottom = (stratified_moments(figures, stratum, probability) for figures in (part, whole))
    if not bottom.mean > 0:
        return Estimate(float("nan"), float("nan"), float("nan"), bottom.days)
    share = top.mean / bottom.mean
    rest = stratified_mean(part - share * whole, stratum, probability)
    low, high = share + rest.low / bottom.mean, share + rest.high / bottom.mean
    weights, doubt = day_weights(stratum, probability), rest.doubt
    if weights is not None and not doubt:
        carried = min(_carrying_days(figures * weights) for figures in (part, whole - part))
        doubt = Doubt.SKEWED if carried < CARRYING_DAYS else Doubt.NONE
    return Estimate(share, float(np.maximum(low, 0.0)), float(np.minimum(high, 1.0)), rest.days, doubt)


def at_most(estimate: Estimate, stratum: Integers, probability: Mapping[int, float], level: float = LEVEL) -> Estimate:
    """The mean of a count that was nought on every day, with its one-sided bound; any other estimate as it is.

    Were the counts Poisson with mean m_k on a day of type k, none would be seen in n_k days with probability
    exp(-sum n_k m_k); the bound is the largest sum p_k m_k for which that is at least 1 - level. With one type it is
    the rule of three, 3 / n (Hanley & Lippman-Hand 1983).

    Example:
        >>> nought = stratified_mean(np.zeros(20), np.zeros(20, int), {0: 1.0})
        >>> round(at_most(nought, np.zeros(20, int), {0: 1.0}).high, 3)
        0.15
    """
    if estimate.doubt is not Doubt.ALIKE or estimate.mean != 0:
        return estimate
    weights = day_weights(stratum, probability)
    return estimate if weights is None else replace(estimate, high=float(-np.log(1 - level) * weights.max()))


def weighted_quantile(values: Floats, weights: Floats, q: float) -> float:
    """The smallest value below which at least a share q of the weight lies; nan without weight.

    Example:
        >>> weighted_quantile(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0]), 0.5)
        2.0
    """
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    if not len(total) or total[-1] <= 0:
        return float("nan")
    return float(values[order][int(np.searchsorted(total, q * total[-1] * (1 - 1e-12)))])


def incident_quantile(
    values: Floats,
    day: Integers,
    stratum: Integers,
    probability: Mapping[int, float],
    q: float,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """Quantile over incidents, with a bootstrap interval that resamples whole days within their type.

    Incidents of a day are not independent, so days are the unit (Davison & Hinkley 1997, 3.8). An unanswered incident
    enters as infinity. Few days make such an interval too short: with fewer than 10 of a type there is none, with fewer
    than 100 it warns, and so it does where the incidents beyond the quantile come from few days (weighed as Kish 1965
    does), as they do when some days are bad from end to end.

    Args:
        values: one an incident, shape (incidents,).
        day: number of its day, shape (incidents,).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        q: between 0 and 1.
        level: of the interval.
        seed: of the resampling.
    """
    resampled = resampled_weights(stratum, probability, seed)
    return incident_quantiles(values, day, stratum, probability, (q,), level, resampled)[0]


def resampled_weights(stratum: Integers, probability: Mapping[int, float], seed: int = 0) -> Floats | None:
    """Weights of the days in every resample of whole days within their type; None where a type has too few for that.

    Returns:
        Shape (resamples, days).
    """
    weights = day_weights(stratum, probability)
    strata = [np.flatnonzero(stratum == number) for number in probability]
    if weights is None or min(map(len, strata)) < BOOTSTRAP_DAYS:
        return None
    rng, found = np.random.default_rng(seed), np.zeros((RESAMPLES, len(stratum)))
    for resample in found:
        for members in strata:
            resample[members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)))
    return np.asarray(found * weights)


def incident_quantiles(
    values: Floats,
    day: Integers,
    stratum: Integers,
    probability: Mapping[int, float],
    qs: Sequence[float],
    level: float = LEVEL,
    resampled: Floats | None = None,
) -> list[Estimate]:
    """Several quantiles over the same incidents, see :func:`incident_quantile`.

    Args:
        values: one an incident, shape (incidents,).
        day: number of its day, shape (incidents,).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        qs: each between 0 and 1.
        level: of the interval.
        resampled: from :func:`resampled_weights`, shape (resamples, days): many groups of incidents share them.

    Returns:
        One a quantile; without an interval where no resamples are given.
    """
    nan, weights = float("nan"), day_weights(stratum, probability)
    days = int(np.isin(stratum, list(probability)).sum())
    if weights is None:
        return [Estimate(nan, nan, nan, days) for _ in qs]
    order = np.argsort(values, kind="stable")
    ordered, day_of = values[order], day[order]
    total, fewest = np.cumsum(weights[day_of]), min(int(np.sum(stratum == number)) for number in probability)
    every = None if resampled is None else resampled @ np.bincount(day_of, minlength=len(stratum))
    found = []
    for q in qs:
        if not len(total) or total[-1] <= 0:
            found.append(Estimate(nan, nan, nan, days))
            continue
        place = min(int(np.searchsorted(total, q * total[-1] * (1 - 1e-12))), len(ordered) - 1)
        estimate = float(ordered[place])
        if resampled is None or every is None or (every <= 0).any():  # some resamples hold no incident at all
            found.append(Estimate(estimate, nan, nan, days))
            continue
        near = int(4 * (len(ordered) * q * (1 - q)) ** 0.5) + 16
        again = ordered[_resampled_places(day_of, resampled, q * every * (1 - 1e-12), place, near)]
        low, high = np.quantile(again, [0.5 - level / 2, 0.5 + level / 2], method="lower")
        sides = (ordered <= estimate, ordered >= estimate)
        held = (np.bincount(day_of[side], minlength=len(stratum)) * weights for side in sides)
        carried = min(_carrying_days(of_day) for of_day in held)
        doubt = Doubt.FEW if fewest < FEW_DAYS else Doubt.SKEWED if carried < CARRYING_DAYS else Doubt.NONE
        found.append(Estimate(estimate, float(low), float(high), days, doubt))
    return found


def _resampled_places(day_of: Integers, resampled: Floats, target: Floats, place: int, near: int) -> Integers:
    """Where in the order the weight of every resample reaches its target: near where that of the sample does.

    Only the incidents around that place are gone through; what lies below enters day by day.
    """
    n = len(day_of)
    while True:
        first, end = max(place - near, 0), min(place + near + 1, n)
        below = resampled @ np.bincount(day_of[:first], minlength=resampled.shape[1])
        reached = below[:, None] + np.cumsum(resampled[:, day_of[first:end]], axis=1)
        if (first == 0 or (below < target).all()) and (end == n or (reached[:, -1] >= target).all()):
            break
        near *= 2
    inside = np.argmax(reached >= target[:, None], axis=1)
    inside[reached[:, -1] < target] = end - first - 1  # by a rounding
    return np.asarray(first + inside)


def _carrying_days(held: Floats) -> float:
    """How many days some incidents come from, as Kish counts: the more unevenly they hold them, the fewer."""
    return float(held.sum() ** 2 / (held @ held)) if held.any() else 0.0
