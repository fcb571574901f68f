"""Measures of a whole day: the reserve exhausted, what each kind of unit does, what closures cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import (
    Estimate,
    at_most,
    incident_quantiles,
    resampled_weights,
    stratified_mean,
)
from simsec.analysis.measures import FAMILIES, kind_tables
from simsec.analysis.quantiles import stratified_share
from simsec.analysis.replications import CLOCK, RESERVE_EVERY_MIN, Replications, strata
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Measure -> what it is; its name ends in its unit.
DAY_MEASURES = {
    "reserve_exhausted_share": "share of days with a moment at which no squad of the reserve is free",
    "reserve_exhausted_min_per_day": "minutes in which no squad of the reserve is free, a day",
    "unanswered_per_day": "incidents nobody came to, all families, a day",
    "cut_off_per_day": "incidents somebody came to that were not over when the clock ended, all families, a day",
    "convoys_without_pair_per_day": "convoys of boxes that went without a guard pair, a day",
    "voter_hours_lost_per_day": "voter-hours lost to closed stations, a day",
    "station_closed_min_per_day": "minutes of the voting hours in which stations were closed, all stations, a day",
}
P95 = 0.95


def day_figures(runs: Replications, probability: Mapping[int, float]) -> dict[str, Estimate]:
    """The measures of a day that this run kept, in the order of ``DAY_MEASURES``.

    The reserve is exhausted from the order that sends the last free squad to the moment at which one is free again,
    wherever squads wait and whichever drives back; the minutes come from those very moments, not from looks at
    intervals.

    Args:
        runs: days under one plan; without a squad, or without voters, their measures are left out.
        probability: type of day -> probability, from :func:`simsec.analysis.breakdown.scopes_of`.

    Example:
        >>> from simsec.analysis import replicate
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> area = read_scenario("scenarios/kabupaten-semarang")
        >>> found = day_figures(replicate(area, doctrine(area), {"severe": 4}), {3: 1.0})
        >>> 0 <= found["reserve_exhausted_share"].mean <= 1
        True
    """
    exhausted, stratum = runs.reserve_exhausted_min, runs.stratum
    found: dict[str, Estimate] = {}
    if not np.isnan(exhausted).any():
        found["reserve_exhausted_share"] = stratified_share(exhausted > 0, stratum, probability)
        found["reserve_exhausted_min_per_day"] = _mean(exhausted, stratum, probability)
    counted = {
        "unanswered_per_day": runs.unanswered.sum(axis=1).astype(np.float64),
        "cut_off_per_day": _cut_off(runs),
        "convoys_without_pair_per_day": np.where(runs.convoys[:, 0] > 0, runs.convoys[:, 1], np.nan),
        "voter_hours_lost_per_day": runs.voter_hours_lost,
        "station_closed_min_per_day": runs.access.closed_min,
    }
    for name, values in counted.items():
        if not np.isnan(values).any():
            found[name] = at_most(_mean(values, stratum, probability), stratum, probability)
    return found


def _cut_off(runs: Replications) -> Floats:
    """Incidents of each day that the end of the clock cut off: somebody came, and it was never cleared."""
    cleared = runs.incident_clock_min[:, CLOCK.index("cleared")]
    cut = np.isfinite(runs.incident_response_min) & np.isnan(cleared)
    return np.bincount(runs.incident_day[cut], minlength=len(runs.stratum)).astype(np.float64)


def _mean(values: Floats, stratum: Integers, probability: Mapping[int, float]) -> Estimate:
    """A mean whose interval does not reach below nought, where the figure cannot."""
    estimate = stratified_mean(values, stratum, probability)
    return replace(estimate, low=float(np.maximum(estimate.low, 0.0)))


@dataclass(frozen=True)
class UnitUse:
    """How much a kind of unit is under way or at work.

    Attributes:
        kind: number in the scenario.
        units: of the plan.
        clock_hours: how long each is on duty; those who rest or vote in turns are not taken off.
        busy_share: of these hours, mean over units and days.
        busy_hours: a unit and day, mean.
        busy_p95_hours: a unit and day, 95th percentile: one unit-day in twenty is longer.
        longest_hours: of all units and days played.
    """

    kind: int
    units: int
    clock_hours: float
    busy_share: Estimate
    busy_hours: Estimate
    busy_p95_hours: Estimate
    longest_hours: float


def unit_use(scenario: Scenario, runs: Replications, probability: Mapping[int, float]) -> tuple[UnitUse, ...]:
    """Utilisation and busy hours by kind of unit; kinds without a unit are left out.

    Args:
        scenario: what is known.
        runs: days under one plan that kept every unit's minutes; else only the shares are known.
        probability: type of day -> probability.

    Example:
        >>> from simsec.analysis import replicate
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> area = read_scenario("scenarios/kabupaten-semarang")
        >>> used = unit_use(area, replicate(area, doctrine(area), 3), {0: 1.0})
        >>> all(0 <= one.busy_share.mean <= 1 for one in used)
        True
    """
    days = np.flatnonzero(np.isin(runs.stratum, list(probability)))
    stratum = runs.stratum[days]
    resampled = resampled_weights(stratum, probability)
    past = np.cumsum(runs.unit_count)
    kept = runs.busy_min.ndim == 2 and runs.busy_min.shape[1] == past[-1]
    nothing = Estimate(float("nan"), float("nan"), float("nan"), len(days))
    found = []
    for kind in np.flatnonzero(runs.unit_count > 0).tolist():
        units, (start, end) = int(runs.unit_count[kind]), scenario.duty_min[kind]
        hours = (end - start) / 60.0
        share = _mean(runs.busy_share[days, kind], stratum, probability)
        late, longest = nothing, float("nan")
        if kept and len(days):
            busy = runs.busy_min[days, past[kind] - units : past[kind]] / 60.0
            of_day = np.repeat(np.arange(len(days)), units)
            late = incident_quantiles(busy.ravel(), of_day, stratum, probability, (P95,), resampled=resampled)[0]
            longest = float(busy.max())
        mean = replace(share, mean=share.mean * hours, low=share.low * hours, high=share.high * hours)
        found.append(UnitUse(kind, units, hours, share, mean, late, longest))
    return tuple(found)


def busy_met(scenario: Scenario, runs: Replications, kind: str, *day_types: str) -> float:
    """Share of the units of a kind that are out when an incident of the police begins, over the named day types.

    Requests come when much is going on, so they meet more busy units than a look at a random minute would.

    Args:
        scenario: what is known.
        runs: days played with ``units=True``.
        kind: of unit.
        day_types: all by default.

    Returns:
        Between 0 and 1; 0 where there is no such unit or nothing begins.
    """
    number = [unit.kind for unit in scenario.settings.units].index(kind)
    probability = strata(scenario, *day_types)
    share = np.array([probability.get(int(row), 0.0) / max(np.sum(runs.stratum == row), 1) for row in runs.stratum])
    police = kind_tables(scenario).family[runs.incident_kind] == FAMILIES.index("security")
    day, onset = runs.incident_day[police], runs.incident_onset_min[police]
    look = ((onset - scenario.horizon_min[0]) / RESERVE_EVERY_MIN).astype(np.int64)
    units = int(runs.unit_count[number])
    met = runs.units_busy[day, np.minimum(look, runs.units_busy.shape[1] - 1), number] / max(units, 1)
    weight = share[day]
    return float(met @ weight / weight.sum()) if weight.sum() > 0 else 0.0
