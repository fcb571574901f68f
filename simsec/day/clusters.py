"""Floods and landslides: after heavy rain a village of the right ground is struck, and with it some of its stations.

The rate says how many stations are struck in the mean; the storms of the day say where and when. Anchor: Tangerang
Selatan, 14 Feb 2024, rain from 03:00 to 05:30, water in 14 to 16 stations of three villages from 06:00.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.day import Floats, Integers
from simsec.day.keyed import Draws, candidates
from simsec.day.tables import SamplingTables, exposed_villages, window_quantile
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, Incident

_GRID = (np.arange(1000) + 0.5) / 1000
Struck = tuple[Integers, Integers, Floats, Draws]  # kind, station, onset, draws
Strikes = dict[int, tuple[Integers, Floats, Draws]]  # kind -> village, onset, draws


def strikes_of(
    scenario: Scenario, tables: SamplingTables, day_type: str, seed: int, replication: int, rain_mm: Floats
) -> Strikes:
    """Where each kind that strikes in clusters does so on one day.

    Args:
        scenario: what is known.
        tables: of the scenario.
        day_type: one of ``DAY_TYPES``.
        seed: of the day.
        replication: of the day.
        rain_mm: shape (hours, zones), as :func:`simsec.day.weather.draw_rain` gives it.
    """
    found: Strikes = {}
    for number, model in enumerate(scenario.settings.incidents.values()):
        rate = float(tables.rate[DAY_TYPES.index(day_type), number])
        if model.clustered != "no" and rate > 0:
            found[number] = _struck_villages(scenario, tables, number, rate, seed, replication, rain_mm)
    return found


def hits_of(model: Incident, u: Floats, sizes: Integers) -> Integers:
    """Stations that a strike hits in a village of so many: any number of them, or about the share the kind names.

    Args:
        model: a clustered kind.
        u: uniforms.
        sizes: stations of the villages, 1 or more; as ``u``, or of a shape that goes with it.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> flood = read_scenario("scenarios/kota-tangerang-selatan").settings.incidents["flood"]
        >>> hits_of(flood, np.array([0.0, 0.5, 0.999]), np.array([70, 70, 70])).tolist()
        [2, 6, 10]
    """
    if model.cluster_share is None:
        return np.asarray(1 + (u * sizes).astype(np.int64))
    return np.clip(np.rint(model.cluster_share.quantile(u) * sizes), 1, sizes).astype(np.int64)


def mean_hits(model: Incident, sizes: Integers) -> Floats:
    """Stations that a strike hits in the mean, in villages of so many, shape as ``sizes``."""
    if model.cluster_share is None:
        return np.asarray((sizes + 1) / 2)
    return np.asarray(hits_of(model, _GRID[:, None], sizes[None, :]).mean(axis=0))


@lru_cache(maxsize=16)
def _exposed_hits(scenario: Scenario, number: int) -> Floats:
    """As :func:`mean_hits`, of the villages where a kind strikes."""
    model = list(scenario.settings.incidents.values())[number]
    sizes = np.bincount(scenario.stations.village, minlength=len(scenario.villages))
    return mean_hits(model, sizes[exposed_villages(scenario, model.clustered)])


def _struck_villages(
    scenario: Scenario,
    tables: SamplingTables,
    number: int,
    rate: float,
    seed: int,
    replication: int,
    rain_mm: Floats,
) -> tuple[Integers, Floats, Draws]:
    """Where one kind strikes: villages at a ceiling that no rain exceeds, kept by rate and rain."""
    model = list(scenario.settings.incidents.values())[number]
    exposed = exposed_villages(scenario, model.clustered)
    zone = scenario.villages.rayon[exposed]
    # Stations that a strike of each village hits in the mean, summed by zone.
    by_zone = np.bincount(zone, weights=_exposed_hits(scenario, number), minlength=rain_mm.shape[1])
    wettest = by_zone.sum() / by_zone[by_zone > 0].min()  # all the rain of a day over the least exposed zone
    heavy = _heavy_rain(scenario, rain_mm) * (by_zone > 0)
    falls = float(by_zone @ heavy.sum(axis=0))
    share = by_zone.sum() * heavy.sum(axis=0) / falls if falls > 0 else np.ones(len(by_zone))
    per_village = tables.ceiling[number] * len(scenario.stations) / by_zone.sum()
    _, place, draws = candidates(
        seed, replication, tables.village_key[exposed], tables.kind_key[[number]], np.array([per_village * wettest])
    )
    kept = draws.of("exists") < rate * share[zone[place]] / (tables.ceiling[number] * wettest)
    place, draws = place[kept], draws.take(kept)
    return exposed[place], _onsets(scenario, model, draws, zone[place], heavy), draws


def struck_stations(
    tables: SamplingTables, number: int, model: Incident, villages: Integers, onset: Floats, draws: Draws
) -> Struck:
    """One kind: a run of stations in each village struck.

    Args:
        tables: of the scenario.
        model: the kind itself.
        number: of the kind.
        villages: of each strike, from :func:`strikes_of`.
        onset: its minute.
        draws: its uniforms.
    """
    sizes = np.array([len(tables.stations_of_village[village]) for village in villages.tolist()], dtype=np.int64)
    count = hits_of(model, draws.of("cluster/size"), sizes)
    begin = (draws.of("cluster/first") * sizes).astype(np.int64)
    hit = [
        np.roll(tables.stations_of_village[village], -first)[:many]
        for village, first, many in zip(villages.tolist(), begin.tolist(), count.tolist(), strict=True)
    ]
    station = np.concatenate([np.zeros(0, dtype=np.int64), *hit])
    return (
        np.full(len(station), number),
        station,
        np.repeat(onset, count),
        Draws(
            draws.seed,
            draws.replication,
            tables.kind_key[number] ^ tables.station_key[station],
            np.repeat(draws.ordinal, count),
        ),
    )


def _heavy_rain(scenario: Scenario, rain_mm: Floats) -> Floats:
    """Heavy rain by hour and zone, in mm, as far as its water comes down before the clock ends."""
    weather, start, end = scenario.settings.weather, scenario.horizon_min[0], parse_stamp(scenario.settings.clock.ends)
    over_by = start + 60 * (1 + np.arange(len(rain_mm))) + weather.flood_lag_min.high
    counts = (rain_mm >= weather.heavy_from_mm_per_h.mode) & (over_by <= end)[:, None]
    return np.where(counts, rain_mm, 0.0)


def _onsets(scenario: Scenario, model: Incident, draws: Draws, zone: NDArray[np.int64], heavy: Floats) -> Floats:
    """Minutes at which the water comes: an hour of heavy rain in the zone, and the time it takes to come down.

    Where no exposed zone had heavy rain the water comes from elsewhere, at the hours the kind's windows say.
    """
    u = draws.of("time")
    if heavy.sum() == 0 or not len(zone):
        return window_quantile(u, model.windows)
    fallen = np.cumsum(heavy, axis=0)[:, zone]  # (hours, rows)
    target = u * fallen[-1]
    hour = np.argmax(fallen > target, axis=0)
    inside = (target - (fallen - heavy[:, zone])[hour, np.arange(len(zone))]) / heavy[hour, zone]
    lag = scenario.settings.weather.flood_lag_min.quantile(draws.of("cluster/lag"))
    return np.asarray(scenario.horizon_min[0] + 60 * (hour + inside) + lag)
