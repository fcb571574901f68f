"""Electricity at the stations: which have none on a day, and how much slower they count by lamps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simsec.day.day import Floats, Integers
from simsec.day.streams import stream, uniforms
from simsec.day.tables import sampling_tables
from simsec.scenario.reading import Scenario


def without_power(scenario: Scenario, station: Integers, seed: int, replication: int) -> NDArray[np.bool_]:
    """Whether a station has no electricity that day; known, or drawn once for the station.

    Args:
        scenario: what is known.
        station: numbers of stations, shape (n,).
        seed: of the day.
        replication: of the day.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> everywhere = np.arange(len(scenario.stations))
        >>> 10 < int(without_power(scenario, everywhere, 1, 0).sum()) < 70
        True
    """
    power, known = scenario.settings.power, scenario.stations.power[station]
    share = power.no_power_share.mode if power else 0.0
    u = uniforms(stream(seed, replication, "power"), sampling_tables(scenario).station_key[station], 0)
    return np.asarray(np.where(known < 0, u < share, known == 0), dtype=np.bool_)


def counting_factor(scenario: Scenario, seed: int, replication: int) -> Floats:
    """Factor on the minutes each station counts, shape (stations,): 1 where there is electricity.

    1 everywhere in a scenario without a table ``[power]``.

    Args:
        scenario: what is known.
        seed: of the day.
        replication: of the day.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> sorted({float(factor) for factor in counting_factor(read_scenario("scenarios/kabupaten-semarang"), 1, 0)})
        [1.0, 1.3]
    """
    stations, power = np.arange(len(scenario.stations)), scenario.settings.power
    if power is None:
        return np.ones(len(stations))
    dark = without_power(scenario, stations, seed, replication)
    return np.where(dark, power.counting_slower_without_power.mode, 1.0)
