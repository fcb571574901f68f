"""When the boxes are back, and how many stations count longer than the law allows: over the days of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate, at_most, incident_quantiles, resampled_weights, stratified_mean
from simsec.analysis.replications import Replications
from simsec.base.clock import parse_stamp
from simsec.scenario.reading import Scenario

MEDIAN, LATE = 0.5, 0.9


@dataclass(frozen=True)
class BoxesBack:
    """When the last boxes of a village are back at the store of the sub-district; times in minutes after midnight.

    Attributes:
        median_min, p90_min: over villages and days; inf: an accident was not over by the end of the clock.
        after_clock_share: of villages and days, boxes that are not back when the clock of the scenario ends.
        counts_late_share: of stations and days, counts that end after the legal limit; None: the scenario names none.
    """

    median_min: Estimate
    p90_min: Estimate
    after_clock_share: Estimate
    counts_late_share: Estimate | None


def boxes_back(scenario: Scenario, runs: Replications, probability: Mapping[int, float]) -> BoxesBack | None:
    """The return of the boxes over the days of a run; None where the scenario has no stages.

    What a village's boxes have in common, the trucks and the weather of a day, is why whole days are resampled.

    Args:
        scenario: what is known.
        runs: days under one plan.
        probability: type of day -> probability, from :func:`simsec.analysis.breakdown.scopes_of`.

    Example:
        >>> from simsec.analysis import replicate
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> area = read_scenario("scenarios/kabupaten-semarang")
        >>> found = boxes_back(area, replicate(area, doctrine(area), 3), {0: 1.0})
        >>> 18 * 60 < found.median_min.mean < found.p90_min.mean
        True
    """
    days = np.flatnonzero(np.isin(runs.stratum, list(probability)))
    if scenario.settings.stages is None or not runs.boxes_back_min.size or not len(days):
        return None
    back, stratum = runs.boxes_back_min[days], runs.stratum[days]
    back = back[:, ~np.isnan(back).all(axis=0)]  # villages that have stations
    of_day = np.repeat(np.arange(len(days)), back.shape[1])
    resampled = resampled_weights(stratum, probability)
    median, late = incident_quantiles(
        back.ravel(), of_day, stratum, probability, (MEDIAN, LATE), resampled=resampled
    )
    limit = scenario.settings.stages.counting_limit
    ends = parse_stamp(scenario.settings.clock.ends)
    return BoxesBack(
        median_min=median,
        p90_min=late,
        after_clock_share=_share((back >= ends).mean(axis=1), stratum, probability),
        counts_late_share=_share(runs.counts_late_share[days], stratum, probability) if limit else None,
    )


def _share(shares: NDArray[np.float64], stratum: NDArray[np.int64], probability: Mapping[int, float]) -> Estimate:
    """The mean of a share a day; where no day has any, as many as so few days leave possible."""
    return at_most(stratified_mean(shares, stratum, probability), stratum, probability)
