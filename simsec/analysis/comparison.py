"""``compare``: two plans on the very same days, with intervals, and who gains and who loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate, stratified_mean
from simsec.analysis.measures import FAMILIES, expected_weight, kind_tables
from simsec.analysis.replications import (
    Replications,
    day_keys,
    primary_measure,
    replicate_plans,
    reweighted,
    strata,
)
from simsec.analysis.workers import open_workers
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
OTHER_WEIGHTS = {"equal": (1.0, 1.0, 1.0), "red_only": (0.0, 0.0, 1.0)}


@dataclass(frozen=True)
class Comparison:
    """What the second plan gains over the first, paired by day; positive is better for the second.

    Attributes:
        first, second: names of the plans.
        gain: of the primary measure at natural rates.
        gain_by_type: day type -> gain given that type of day.
        gain_by_family: responder family -> gain at natural rates.
        gain_by_weights: other weights -> gain: equal and red only (in minutes per incident), per voter.
        gain_by_sector: a gain a sub-district, in weighted minutes per expected weighted incident there.
        variance_ratio: variance of the difference of independent days over that of paired ones.
    """

    first: str
    second: str
    gain: Estimate
    gain_by_type: dict[str, Estimate]
    gain_by_family: dict[str, Estimate]
    gain_by_weights: dict[str, Estimate]
    gain_by_sector: tuple[Estimate, ...]
    variance_ratio: float

    @property
    def winner_changes(self) -> bool:
        """Whether other weights name another winner beyond chance."""
        others = self.gain_by_weights.values()
        return any(other.excludes_zero and other.mean * self.gain.mean < 0 for other in others)


def compare_runs(scenario: Scenario, first: Replications, second: Replications) -> Comparison:
    """Compare two plans that were played on the same days.

    Raises:
        ValueError: the days differ.
    """
    if first.keys != second.keys:
        raise ValueError("the two plans were not played on the same days")
    security = FAMILIES.index("security")
    difference = first.weighted - second.weighted
    stratum = first.stratum
    weights = kind_tables(scenario).weights
    other: dict[str, Estimate] = {}
    for name, (factors, per_voter) in {
        **{name: (np.array(values), False) for name, values in OTHER_WEIGHTS.items()},
        "per_voter": (weights, True),
    }.items():
        gap = reweighted(scenario, first, "security", factors, per_voter)
        gap = gap - reweighted(scenario, second, "security", factors, per_voter)
        other[name] = primary_measure(scenario, gap, stratum, per_incident=name in OTHER_WEIGHTS)
    return Comparison(
        first=first.plan_name,
        second=second.plan_name,
        gain=primary_measure(scenario, difference[:, security], stratum),
        gain_by_type={
            name: primary_measure(scenario, difference[:, security], stratum, "security", name)
            for name in DAY_TYPES
            if np.any(stratum == DAY_TYPES.index(name))
        },
        gain_by_family={
            name: primary_measure(scenario, difference[:, number], stratum, name)
            for number, name in enumerate(FAMILIES)
        },
        gain_by_weights=other,
        gain_by_sector=_by_sector(scenario, first.by_sector - second.by_sector, first),
        variance_ratio=_variance_ratio(first.weighted[:, security], second.weighted[:, security], stratum, scenario),
    )


def _by_sector(scenario: Scenario, difference: Floats, runs: Replications) -> tuple[Estimate, ...]:
    expected, probability = expected_weight(scenario), strata(scenario)
    constant = sum(p * expected[DAY_TYPES[number]]["security"] for number, p in probability.items())
    share = np.bincount(scenario.stations.subdistrict, minlength=difference.shape[1]) / len(scenario.stations)
    share = np.where(share > 0, share, np.nan)  # a sub-district without stations neither gains nor loses
    return tuple(
        stratified_mean(difference[:, sector] / (constant * share[sector]), runs.stratum, probability)
        for sector in range(difference.shape[1])
    )


def _variance_ratio(first: Floats, second: Floats, stratum: NDArray[np.int64], scenario: Scenario) -> float:
    apart = paired = 0.0
    for number, p in strata(scenario).items():
        inside = stratum == number
        if inside.sum() < 2:
            return float("nan")
        apart += p**2 * (np.var(first[inside], ddof=1) + np.var(second[inside], ddof=1)) / inside.sum()
        paired += p**2 * np.var(first[inside] - second[inside], ddof=1) / inside.sum()
    return float(apart / paired) if paired > 0 else float("inf")


def compare(
    scenario: Scenario,
    first: Plan,
    second: Plan,
    days: Mapping[str, int] | int = 30,
    *,
    seed: int = 1,
    workers: int = 1,
) -> Comparison:
    """Play two plans on the same days and compare them.

    Args:
        scenario: what is known.
        first: a plan.
        second: another; a positive gain is better for this one.
        days: day type -> number of days, or a number of days of every type.
        seed: 0 or more.
        workers: processes; their number changes no result.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> from simsec.plan import doctrine
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> plan = doctrine(scenario, 8)
        >>> compare(scenario, plan, plan, 2).gain.mean
        0.0
    """
    counts: dict[str, int] = dict.fromkeys(DAY_TYPES, days) if isinstance(days, int) else dict(days)
    with open_workers(workers) as pool:
        runs = replicate_plans(scenario, [first, second], day_keys(counts, (seed,)), pool)
    return compare_runs(scenario, *runs)
