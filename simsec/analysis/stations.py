"""Minutes to first help station by station, from the probes of many days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.replications import Replications
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StationMinutes:
    """What the probes found, one value a station over days and probe times, days weighted by the probability of types.

    Attributes:
        mean_min, p90_min: minutes to first help where somebody was free; inf where too few or none of the probes found
            anybody.
        nobody_share: share of probes in which nobody was free.
    """

    mean_min: Floats
    p90_min: Floats
    nobody_share: Floats

    @property
    def worst_tenth_min(self) -> float:
        """Mean over the tenth of the stations with the longest mean."""
        longest = np.sort(self.mean_min)[::-1]
        return float(np.mean(longest[: max(1, len(longest) // 10)]))


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
    flat = runs.probes.reshape(days * times, stations).astype(np.float64)
    each = np.repeat(weight, times)
    each = each / each.sum()
    free = np.isfinite(flat)
    mass = each @ free
    mean = np.where(mass > 0, each @ np.where(free, flat, 0.0) / np.maximum(mass, 1e-300), np.inf)
    order = np.argsort(flat, axis=0, kind="stable")
    total = np.cumsum(each[order], axis=0)
    place = np.argmax(total >= 0.9 - 1e-12, axis=0)
    p90 = flat[order[place, np.arange(stations)], np.arange(stations)]
    return StationMinutes(mean, p90, 1.0 - mass)
