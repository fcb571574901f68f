"""Control variates: what happened to be drawn, whose mean is known, takes its share of the noise out of a mean.

A day on which more incidents fell than expected is a bad day under any plan. How many were to be expected is known
exactly, so the regression of the figure on their number corrects for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import LEVEL, Estimate, Moments, stratified_moments
from simsec.analysis.measures import FAMILIES, expected_weight, kind_tables
from simsec.analysis.replications import Replications, primary_measure, strata
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LEAST_DAYS_PER_CONTROL = 10  # below, the coefficients cost more than they can be known to save


@dataclass(frozen=True)
class Controlled:
    """A mean with controls taken into account.

    Attributes:
        estimate: the mean with its interval.
        used: types of day in which the controls are used; elsewhere the plain mean stands.
        variance_ratio: variance of the plain mean over that of this one, both as found on days left out; 1 where no
            control is used, 2 if half the days would do.
        loss: largest factor by which estimating the coefficients widens the variance, (n - 2) / (n - controls - 2).
    """

    estimate: Estimate
    used: tuple[int, ...]
    variance_ratio: float
    loss: float


def controlled_mean(
    values: Floats,
    controls: Floats,
    known: Mapping[int, Floats],
    stratum: Integers,
    probability: Mapping[int, float],
    level: float = LEVEL,
) -> Controlled:
    """Mean of a day's figure over types of day, adjusted by regression on controls of known mean.

    Within each type the figure is regressed on the controls; the mean is the fitted value at their known means, its
    variance that of the fit there, with n - controls - 1 degrees of freedom: exact for normal figures (Lavenberg &
    Welch 1981). Types are joined as in :func:`simsec.analysis.intervals.stratified_mean` (the separate regression
    estimator, Cochran 1977, 7.10).

    Whether the controls help is not asked of the fit, which always flatters itself, but of days left out one at a time
    (jackknife): the controls are used in a type only where they foretell the day left out better than the mean of the
    others does. That error contains the loss of estimating the coefficients. Nothing is left of the choice but a
    little noise: the coverage study measures it.

    Args:
        values: one a day, shape (days,).
        controls: of the same days, shape (days, controls).
        known: type -> mean of each control, shape (controls,).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        level: of the interval.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> drawn = rng.poisson(5, 200).astype(float)
        >>> found = controlled_mean(3 * drawn + rng.normal(0, 2, 200), drawn[:, None], {0: np.array([5.0])},
        ...                         np.zeros(200, int), {0: 1.0})
        >>> abs(found.estimate.mean - 15) < 0.5, found.variance_ratio > 5
        (True, True)
    """
    total = sum(probability.values())
    plain = stratified_moments(values, stratum, probability)
    nan = float("nan")
    if plain.mean != plain.mean:
        return Controlled(Estimate(nan, nan, nan, plain.days), (), 1.0, 1.0)
    mean = variance = denominator = third = left_out = left_out_plain = 0.0
    used, loss = [], 1.0
    for number, p in probability.items():
        inside, weight = stratum == number, p / total
        y, x = values[inside], controls[inside] - known[number]
        x = x[:, np.ptp(x, axis=0) > 0]
        n = len(y)
        alone = (y - y.mean()) * n / (n - 1)  # the day less the mean of the others
        fit = _fit(y, x)
        best = alone
        part_mean, part_variance, freedom, residual = float(y.mean()), float(np.var(y, ddof=1)) / n, n - 1, alone
        if fit is not None and float(fit.left_out @ fit.left_out) < float(alone @ alone):
            best, residual = fit.left_out, fit.residual
            part_mean, part_variance, freedom = fit.mean, fit.variance, n - x.shape[1] - 1
            used.append(number)
            loss = max(loss, (n - 2) / (n - x.shape[1] - 2))
        mean += weight * part_mean
        variance += weight**2 * part_variance
        denominator += (weight**2 * part_variance) ** 2 / freedom
        third += weight**3 * float(np.mean(residual**3)) / n**2
        left_out += weight**2 * float(best @ best) / n**2
        left_out_plain += weight**2 * float(alone @ alone) / n**2
    spread = variance**1.5
    freedom_all = variance**2 / denominator if denominator > 0 else plain.freedom
    found = Moments(mean, variance, freedom_all, third / spread if spread > 0 else 0.0, plain.days, plain.fewest)
    half = found.half_width(level)
    estimate = Estimate(mean, mean - half, mean + half, plain.days, found.doubt)
    return Controlled(estimate, tuple(used), left_out_plain / left_out if left_out > 0 else 1.0, loss)


@dataclass(frozen=True, eq=False)
class _Fit:
    mean: float
    variance: float
    residual: Floats
    left_out: Floats


def _fit(y: Floats, x: Floats) -> _Fit | None:
    """Least squares at the known means, and the error for each day of the fit to the others; None if it cannot be."""
    n, controls = x.shape
    if controls == 0 or n < LEAST_DAYS_PER_CONTROL * controls:
        return None
    design = np.column_stack([np.ones(n), x])
    orthogonal, triangle = np.linalg.qr(design)
    if np.min(np.abs(np.diag(triangle))) < 1e-9 * np.max(np.abs(triangle)):
        return None  # two controls tell the same
    inverse = np.linalg.inv(triangle)
    coefficients = inverse @ (orthogonal.T @ y)
    residual = y - design @ coefficients
    leverage = np.sum(orthogonal**2, axis=1)
    if leverage.max() > 1 - 1e-9:
        return None  # a day that alone decides a coefficient
    variance = float(residual @ residual) / (n - controls - 1) * float(inverse[0] @ inverse[0])
    return _Fit(float(coefficients[0]), variance, residual, residual / (1 - leverage))


def drawn_weight(scenario: Scenario, runs: Replications, family: str) -> tuple[Floats, dict[int, Floats]]:
    """The control of a responder family: summed first weight of the primary incidents drawn, and its known mean.

    Primary incidents are drawn before anybody moves, so the control is the same under every plan.

    Args:
        scenario: what is known.
        runs: many days under one plan.
        family: a responder family.

    Returns:
        Shape (days, 1), and type of day -> the mean, shape (1,).
    """
    kinds = kind_tables(scenario)
    inside = runs.incident_primary & (kinds.family[runs.incident_kind] == FAMILIES.index(family))
    weights = kinds.weights[runs.incident_level[inside]]
    drawn = np.bincount(runs.incident_day[inside], weights=weights, minlength=len(runs))
    expected = expected_weight(scenario)
    known = {number: np.array([expected[name][family]]) for number, name in enumerate(DAY_TYPES)}
    return np.asarray(drawn, dtype=np.float64)[:, None], known


def controlled_measure(scenario: Scenario, runs: Replications, family: str = "security", *day_types: str) -> Controlled:
    """The primary measure of a plan with the incidents drawn as control.

    It helps where waiting grows with the number of incidents, and hardly where rare days carry the measure.

    Args:
        scenario: what is known.
        runs: many days under one plan.
        family: a responder family.
        day_types: all by default (natural rates).

    Example:
        >>> from simsec.analysis.replications import replicate
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> runs = replicate(scenario, doctrine(scenario), 30)
        >>> controlled_measure(scenario, runs, "logistics", "ordinary").variance_ratio > 1.5
        True
    """
    column = runs.weighted[:, FAMILIES.index(family)]
    controls, known = drawn_weight(scenario, runs, family)
    found = controlled_mean(column, controls, known, runs.stratum, strata(scenario, *day_types))
    plain = stratified_moments(column, runs.stratum, strata(scenario, *day_types))
    per_minute = primary_measure(scenario, column, runs.stratum, family, *day_types).mean
    scale = per_minute / plain.mean if plain.mean else float("nan")
    estimate = found.estimate
    return replace(
        found,
        estimate=replace(estimate, mean=estimate.mean * scale, low=estimate.low * scale, high=estimate.high * scale),
    )
