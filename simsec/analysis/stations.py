"""Minutes to first help station by station, from the probes of many days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import LEVEL, Estimate, day_weights, resampled_weights
from simsec.analysis.replications import Replications
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
TOGETHER = 200  # stations at once: sorting all probes of a long run at once takes several times their memory
UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"), 0)


@dataclass(frozen=True, eq=False)
class StationMinutes:
    """What the probes found, one value a station over days and probe times, days weighted by the probability of types.

    Attributes:
        mean_min, p90_min: minutes to first help where somebody was free; inf where too few or none of the probes found
            anybody.
        nobody_share: share of probes in which nobody was free; nan, as the minutes, where no probe asked.
        mean_of_all, mean_of_worst_tenth: over all stations, and over the tenth with the longest mean, in minutes, with
            an interval that resamples whole days; nan where some station never had anybody free.
    """

    mean_min: Floats
    p90_min: Floats
    nobody_share: Floats
    mean_of_all: Estimate = UNKNOWN
    mean_of_worst_tenth: Estimate = UNKNOWN

    @property
    def worst_tenth_min(self) -> float:
        """Mean over the tenth of the stations with the longest mean."""
        return float(_worst_tenth(self.mean_min))


def station_minutes(scenario: Scenario, runs: Replications) -> StationMinutes:
    """Gather the probes of a run.

    Raises:
        ValueError: the run was made without probes.
    """
    if runs.probes.ndim != 3:
        raise ValueError("the run holds no probes")
    probability = scenario.day_type_probability
    counts = np.bincount(runs.stratum, minlength=len(DAY_TYPES))
    weight = np.array([probability[DAY_TYPES[k]] / counts[k] for k in runs.stratum.tolist()])
    days, times, stations = runs.probes.shape
    flat = runs.probes.reshape(days * times, stations)
    each = np.repeat(weight, times)
    each = each / each.sum()
    parts = [_of_some(flat[:, first : first + TOGETHER], each) for first in range(0, stations, TOGETHER)]
    nobody, mean, p90 = (np.concatenate(part) for part in zip(*parts, strict=True))
    return StationMinutes(mean, p90, nobody, *_with_intervals(runs, probability, mean))


def _of_some(probes: NDArray[np.float32], each: Floats) -> tuple[Floats, Floats, Floats]:
    """Share of probes with nobody free, mean and nine in ten minutes of some stations; shape (stations,) each.

    Args:
        probes: shape (probes, stations).
        each: weight of every probe, adding up to 1.
    """
    flat = probes.astype(np.float64)
    free, asked = np.isfinite(flat), each @ ~np.isnan(flat)  # a policy that is none of the probe's is asked by turns
    mass = each @ free
    mean = np.where(mass > 0, each @ np.where(free, flat, 0.0) / np.maximum(mass, 1e-300), np.inf)
    order = np.argsort(flat, axis=0, kind="stable")  # nan, not asked, comes last
    total = np.cumsum(each[order], axis=0)
    place, column = np.argmax(total >= 0.9 * asked - 1e-12, axis=0), np.arange(flat.shape[1])
    with np.errstate(invalid="ignore"):
        nobody = 1.0 - mass / asked  # nan: no probe asked about the station
    mean[asked == 0] = np.nan
    return nobody, mean, flat[order[place, column], column]


def _worst_tenth(mean_min: Floats) -> Floats:
    """Mean over the longest tenth along the last axis."""
    longest = np.sort(mean_min, axis=-1)[..., ::-1]
    return np.asarray(longest[..., : max(1, longest.shape[-1] // 10)].mean(axis=-1))


def _with_intervals(runs: Replications, probability: Mapping[str, float], mean: Floats) -> tuple[Estimate, Estimate]:
    """Mean of all stations and of the worst tenth with intervals: in every resample the tenth is chosen anew.

    The longest of several noisy means is too long by chance, in a resample twice over; so the interval is the basic
    one, which turns that round (Davison & Hinkley 1997, 5.2).
    """
    strata = {number: probability[DAY_TYPES[number]] for number in np.unique(runs.stratum).tolist()}
    known = day_weights(runs.stratum, strata) is not None and np.isfinite(mean).all()
    resampled = resampled_weights(runs.stratum, strata) if known else None
    told = mean[~np.isnan(mean)]
    estimates = float(told.mean()), float(_worst_tenth(told))
    if resampled is None:
        nan, days = float("nan"), len(runs)
        return Estimate(estimates[0], nan, nan, days), Estimate(estimates[1], nan, nan, days)
    again = np.empty((len(resampled), len(mean)))
    for first in range(0, len(mean), TOGETHER):
        probes = runs.probes[:, :, first : first + TOGETHER]
        free = np.isfinite(probes)
        minutes = np.where(free, probes, 0.0).sum(axis=1, dtype=np.float64)
        mass = resampled @ free.sum(axis=1, dtype=np.float64)
        part = (resampled @ minutes) / np.maximum(mass, 1e-300)
        part[mass <= 0] = np.inf
        again[:, first : first + TOGETHER] = part
    found = []
    for estimate, values in zip(estimates, (again.mean(axis=1), _worst_tenth(again)), strict=True):
        low, high = np.quantile(values, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], method="nearest")
        found.append(Estimate(estimate, float(2 * estimate - high), float(2 * estimate - low), len(runs)))
    return found[0], found[1]
