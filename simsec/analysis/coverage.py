"""How often intervals really hold the truth: every method of this room on figures whose truth is known.

The skewed cases are there because days are skewed: most are quiet, a few carry the measure. What is measured here is
what ``doubt`` warns of (:class:`simsec.analysis.intervals.Doubt`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from simsec.analysis.control import controlled_mean
from simsec.analysis.intervals import Estimate, incident_quantile, stratified_mean, stratified_ratio
from simsec.analysis.quantiles import quantile_gap, stratified_cvar, stratified_quantile, stratified_share
from simsec.analysis.selection import choose, kim_nelson
from simsec.analysis.sequential import Stopping, until_precise

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Draw = Callable[[np.random.Generator, Integers], Floats]
Trial = Callable[[np.random.Generator], tuple[Estimate, float]]
REPETITIONS = 1000
TRUTH_DAYS = 2_000_000  # of every type, where no formula is at hand
TRUTH_BUSY_DAYS = 400_000  # of many incidents each
# A mixture like a year of days: nearly all quiet, a few severe ones that carry a third of the mean.
MIXED = {0: 0.86, 1: 0.13, 2: 0.01}
ONE = {0: 1.0}


@dataclass(frozen=True)
class CoverageRow:
    """What was measured of one method in one case.

    Attributes:
        method: what gives the interval.
        case: what the figures are, and how many days.
        level: what the interval says.
        repetitions: intervals that were given.
        too_few: repetitions in which the method said "too few days" instead.
        covered: share of the intervals that hold the truth; nan where none was given.
        low, high: Wilson interval of that share.
        warned: share of the intervals that came with a doubt.
    """

    method: str
    case: str
    level: float
    repetitions: int
    too_few: int
    covered: float
    low: float
    high: float
    warned: float


def measure_coverage(
    method: str, case: str, trial: Trial, repetitions: int = REPETITIONS, seed: int = 1, level: float = 0.95
) -> CoverageRow:
    """Repeat a trial that gives an interval and the truth.

    Example:
        >>> row = measure_coverage("mean", "always right", lambda rng: (Estimate(0, -1, 1, 9), 0.0), 100)
        >>> row.covered, round(row.low, 3)
        (1.0, 0.963)
    """
    rng = np.random.default_rng(seed)
    given = hits = warned = 0
    for _ in range(repetitions):
        found, truth = trial(rng)
        if found.too_few_days:
            continue
        given += 1
        hits += found.low <= truth <= found.high
        warned += bool(found.doubt)
    if not given:
        nan = float("nan")
        return CoverageRow(method, case, level, 0, repetitions, nan, nan, nan, nan)
    wilson = binomtest(hits, given).proportion_ci(method="wilson")
    share = (hits / given, float(wilson.low), float(wilson.high), warned / given)
    return CoverageRow(method, case, level, given, repetitions - given, *share)


def _normal(rng: np.random.Generator, stratum: Integers) -> Floats:
    return np.asarray(rng.normal(10.0, 3.0, len(stratum)))


def _exponential(rng: np.random.Generator, stratum: Integers) -> Floats:
    return np.asarray(rng.exponential(10.0, len(stratum)))


def _lognormal(rng: np.random.Generator, stratum: Integers) -> Floats:
    return np.asarray(rng.lognormal(0.0, 1.0, len(stratum)))


def _mostly_zero(rng: np.random.Generator, stratum: Integers) -> Floats:
    return np.asarray(rng.exponential(10.0, len(stratum)) * (rng.random(len(stratum)) < 0.1))


def _mixed(rng: np.random.Generator, stratum: Integers) -> Floats:
    scale, some = np.array([100.0, 250.0, 6000.0])[stratum], np.array([0.95, 0.7, 0.9])[stratum]
    return np.asarray(rng.exponential(scale) * (rng.random(len(stratum)) < some))


CASES: dict[str, tuple[Draw, Mapping[int, float], float]] = {
    "normal": (_normal, ONE, 10.0),
    "exponential": (_exponential, ONE, 10.0),
    "log-normal, sigma 1": (_lognormal, ONE, float(np.exp(0.5))),
    "zero on 90 % of days": (_mostly_zero, ONE, 1.0),
    "types of day": (_mixed, MIXED, 0.86 * 95 + 0.13 * 175 + 0.01 * 5400),
}
Method = Callable[[Floats, Integers, Mapping[int, float]], Estimate]


def _fixed(method: Method, draw: Draw, probability: Mapping[int, float], days: int, truth: float) -> Trial:
    stratum = np.repeat(list(probability), days)
    return lambda rng: (method(draw(rng, stratum), stratum, probability), truth)


def _large(draw: Draw, probability: Mapping[int, float]) -> tuple[Floats, Floats]:
    """Ordered values of very many days and the share of weight up to each."""
    stratum = np.repeat(list(probability), TRUTH_DAYS)
    values = draw(np.random.default_rng(0), stratum)
    order = np.argsort(values)
    weights = np.repeat(list(probability.values()), TRUTH_DAYS)[order]
    return values[order], np.asarray(np.cumsum(weights) / weights.sum())


def _sequential(draw: Draw, probability: Mapping[int, float], truth: float, relative: float) -> Trial:
    rule = Stopping(relative, 20_000)

    def trial(rng: np.random.Generator) -> tuple[Estimate, float]:
        def play(_: Mapping[int, int], more: Mapping[int, int]) -> dict[int, Floats]:
            return {number: draw(rng, np.full(days, number)) for number, days in more.items()}

        return until_precise(play, probability, rule)[0].estimate, truth

    return trial


def _controlled(days: int, correlation: float) -> Trial:
    stratum = np.zeros(days, dtype=np.int64)

    def trial(rng: np.random.Generator) -> tuple[Estimate, float]:
        drawn = rng.poisson(5.0, days).astype(np.float64)
        rest = rng.normal(0.0, (1 - correlation**2) ** 0.5, days)
        values = correlation * (drawn - 5.0) / 5.0**0.5 + rest
        return controlled_mean(values, drawn[:, None], {0: np.array([5.0])}, stratum, ONE).estimate, 0.0

    return trial


def _gap(days: int, q: float) -> Trial:
    stratum = np.zeros(days, dtype=np.int64)
    rng = np.random.default_rng(0)
    many = rng.lognormal(0.0, 1.0, TRUTH_DAYS)
    truth = float(np.quantile(many, q) - np.quantile(0.8 * many * rng.lognormal(0.0, 0.3, TRUTH_DAYS), q))

    def trial(rng: np.random.Generator) -> tuple[Estimate, float]:
        first = rng.lognormal(0.0, 1.0, days)
        return quantile_gap(first, 0.8 * first * rng.lognormal(0.0, 0.3, days), stratum, ONE, q), truth

    return trial


def _spoiled(rng: np.random.Generator, days: int, clustered: bool) -> tuple[Floats, Integers]:
    """Minutes of incidents and their days: alike on all days, or bad from end to end where a day has many of them."""
    bad = rng.lognormal(0.0, 0.5 if clustered else 0.0, days)
    day = np.repeat(np.arange(days), rng.poisson(6.0 * bad))
    return 15.0 * bad[day] * rng.lognormal(0.0, 0.6, len(day)), day


def _incidents(days: int, q: float, clustered: bool) -> Trial:
    stratum = np.zeros(days, dtype=np.int64)
    truth = float(np.quantile(_spoiled(np.random.default_rng(0), TRUTH_BUSY_DAYS, clustered)[0], q))

    def trial(rng: np.random.Generator) -> tuple[Estimate, float]:
        return incident_quantile(*_spoiled(rng, days, clustered), stratum, ONE, q), truth

    return trial


def _in_time(days: int, target_min: float, clustered: bool) -> Trial:
    stratum = np.zeros(days, dtype=np.int64)
    truth = float(np.mean(_spoiled(np.random.default_rng(0), TRUTH_BUSY_DAYS, clustered)[0] <= target_min))

    def trial(rng: np.random.Generator) -> tuple[Estimate, float]:
        minutes, day = _spoiled(rng, days, clustered)
        inside = (minutes <= target_min).astype(np.float64)
        part, whole = (np.bincount(day, weights=kept, minlength=days) for kept in (inside, np.ones(len(day))))
        return stratified_ratio(np.asarray(part), np.asarray(whole), stratum, ONE), truth

    return trial


def _regret(days: int, means: tuple[float, ...]) -> Trial:
    """Whether what is lost by the choice lies within what was said."""
    stratum, expected = np.zeros(days, dtype=np.int64), np.array(means)[:, None]

    def trial(rng: np.random.Generator) -> tuple[Estimate, float]:
        values = rng.normal(0.0, 3.0, days) + rng.normal(expected, 1.0, (len(means), days))
        found = choose(values, stratum, ONE)
        return Estimate(found.regret, 0.0, found.regret, days), means[found.best] - min(means)

    return trial


def _correct(systems: int) -> Trial:
    """Whether KN chose the best when it is better than all others by just the indifference."""
    means = np.array([0.0] + [1.0] * (systems - 1))

    def trial(rng: np.random.Generator) -> tuple[Estimate, float]:
        def draw(which: object, _: int) -> Floats:
            return np.asarray((rng.normal(0.0, 2.0) + rng.normal(means, 1.0))[np.asarray(which)])

        return Estimate(0.0, 0.0, 0.0, 1), float(kim_nelson(draw, systems, indifference=1.0).best)

    return trial


def coverage_rows(repetitions: int = REPETITIONS, seed: int = 1) -> list[CoverageRow]:
    """Measure every method in every case; the figures depend on the seed alone.

    Args:
        repetitions: of each; 1,000 take some minutes.
        seed: of all draws.
    """
    trials: list[tuple[str, str, Trial]] = []
    for name, (draw, probability, truth) in CASES.items():
        for days in (20, 50, 100, 200, 500):
            case = f"{name}; {days} days of a type"
            trials.append(("t interval of a mean", case, _fixed(stratified_mean, draw, probability, days, truth)))
        for relative in (0.1, 0.05):
            stopped = _sequential(draw, probability, truth, relative)
            trials.append(("sequential stopping", f"{name}; half width {relative:.0%} of the mean", stopped))
    for name in ("normal", "log-normal, sigma 1", "types of day"):
        draw, probability, _ = CASES[name]
        values, share = _large(draw, probability)
        for days, q in ((20, 0.5), (20, 0.9), (100, 0.9), (500, 0.9), (100, 0.99), (500, 0.99)):
            truth = float(values[np.searchsorted(share, q)])
            quantile: Method = partial(stratified_quantile, q=q)
            case = f"{name}; {days} days of a type, {q:.0%} quantile"
            trials.append(("order-statistic interval", case, _fixed(quantile, draw, probability, days, truth)))
        for days in (100, 200, 500, 1000):
            tail = share > 0.9
            weights = np.diff(share, prepend=0.0)[tail]
            truth = float(weights @ values[tail] / weights.sum())
            cvar: Method = partial(stratified_cvar, q=0.9)
            case = f"{name}; {days} days of a type, worst 10 %"
            trials.append(("bootstrap of the tail mean", case, _fixed(cvar, draw, probability, days, truth)))
    for days in (50, 200):
        draw, probability, _ = CASES["zero on 90 % of days"]
        trials.append(("share of days", f"{days} days, share 10 %", _fixed(_positive, draw, probability, days, 0.1)))
    trials += [
        ("control variate", f"40 days, correlation {r:g}", _controlled(40, r)) for r in (0.0, 0.3, 0.8)
    ]  # fmt: skip
    trials += [("gap of paired quantiles", f"log-normal; 100 days, {q:.0%} quantile", _gap(100, q)) for q in (0.5, 0.9)]
    for clustered in (False, True):
        name = "bad days bad from end to end" if clustered else "days alike"
        for days in (5, 10, 20, 50, 100, 200, 500):
            for q in (0.5, 0.9):
                case = f"{name}; {days} days, {q:.0%} quantile of incidents"
                trials.append(("bootstrap of whole days", case, _incidents(days, q, clustered)))
        for days in (5, 20, 100, 500):
            for target in (20.0, 60.0):
                case = f"{name}; {days} days, share within {target:g} min"
                trials.append(("ratio of daily figures", case, _in_time(days, target, clustered)))
    trials += [
        ("regret of a choice", "4 systems, 100 days, equal steps", _regret(100, (0.0, 0.1, 0.2, 0.3))),
        ("regret of a choice", "4 systems, 100 days, one ahead", _regret(100, (0.0, 0.3, 0.3, 0.3))),
        ("correct selection by KN", "2 systems, one ahead by the indifference", _correct(2)),
        ("correct selection by KN", "5 systems, one ahead by the indifference", _correct(5)),
    ]
    return [measure_coverage(*trial, repetitions, seed) for trial in trials]


def _positive(values: Floats, stratum: Integers, probability: Mapping[int, float]) -> Estimate:
    return stratified_share(values > 0, stratum, probability)


def coverage_table(rows: list[CoverageRow]) -> str:
    """The rows as a table in Markdown."""

    def percent(share: float) -> str:
        return "-" if share != share else f"{100 * share:.1f} %"

    lines = [
        "| method | case | says | holds the truth in | (its own 95 % interval) | warned | too few days |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        every = row.repetitions + row.too_few
        interval = "-" if row.low != row.low else f"{percent(row.low)} to {percent(row.high)}"
        lines.append(
            f"| {row.method} | {row.case} | {row.level:.0%} | {percent(row.covered)} | {interval} "
            f"| {percent(row.warned)} | {percent(row.too_few / every)} |"
        )
    return "\n".join(lines) + "\n"
