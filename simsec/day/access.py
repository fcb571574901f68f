"""Hamlets that are hard to reach: a crossing that the rain of the day closes, a road that may be lost.

Anchors: Sapen and Borangan (Candirejo, Pringapus), across the Jragung river, passable in dry weather only, else round
through Mranggen; Duren (Sumowono), on one landslide-prone road, where logistics went on foot (Rasika FM, 24 Nov 2023).
What one hamlet's detour takes on one day is drawn once; the rain says when it has to be made.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simsec.day.day import LANDSLIDE, Access, Closures, Floats, Integers
from simsec.day.streams import stream, uniforms
from simsec.day.tables import sampling_tables
from simsec.scenario.places import ACCESS
from simsec.scenario.reading import Scenario

RIVER, ONE_ROAD = ACCESS.index("river"), ACCESS.index("one_road")


@lru_cache(maxsize=8)
def hamlets(scenario: Scenario) -> tuple[Integers, Integers, Integers]:
    """The hamlets: village and access of each, and the hamlet of each station, -1 for a station on a road.

    Stations of one village with the same access are one hamlet.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> [scenario.villages.name[village] for village in hamlets(scenario)[0].tolist()]
        ['Duren', 'Candirejo']
    """
    stations = scenario.stations
    hard = stations.access > 0
    key, number = np.unique(stations.village[hard] * len(ACCESS) + stations.access[hard], return_inverse=True)
    of_station = np.full(len(stations), -1, dtype=np.int64)
    of_station[hard] = number
    return key // len(ACCESS), key % len(ACCESS), of_station


def draw_access(
    scenario: Scenario, seed: int, replication: int, rain_mm: Floats, closures: Closures
) -> Access | None:
    """How hard the hamlets of a scenario are to reach on one day; None where it has none, or no figures for them.

    A crossing is closed in every hour before which enough rain fell in its zone. Goods are carried to a hamlet at the
    end of one road from the minute on at which a landslide closed the road to its village.

    Args:
        scenario: what is known.
        seed: of the day.
        replication: of the day.
        rain_mm: shape (hours, zones), as :func:`simsec.day.weather.draw_rain` gives it.
        closures: of the day.
    """
    figures, (village, way, of_station) = scenario.settings.access, hamlets(scenario)
    if figures is None or not len(village):
        return None
    key = sampling_tables(scenario).village_key[village]
    detour, carry = (
        figure.quantile(uniforms(stream(seed, replication, f"access/{mark}"), key, 0))
        for mark, figure in (("detour", figures.river_detour_min), ("carry", figures.carry_min))
    )
    hours, back = len(rain_mm), max(1, round(figures.river_rain_hours.mode))
    fallen = np.concatenate([np.zeros((1, rain_mm.shape[1])), np.cumsum(rain_mm, axis=0)])
    so_far = fallen[np.arange(hours) + 1] - fallen[np.maximum(np.arange(hours) + 1 - back, 0)]
    closed = so_far[:, scenario.villages.rayon[village]] >= figures.river_closed_from_mm.mode
    slid = np.zeros((hours, len(village)), dtype=np.bool_)
    for minute, struck, depth_mm in zip(*(column.tolist() for column in closures), strict=True):
        first = int((minute - scenario.horizon_min[0]) // 60)
        slid[max(first, 0) :, (village == struck) & (depth_mm == LANDSLIDE)] = True
    return Access(of_station, closed * (way == RIVER) * detour, slid * (way == ONE_ROAD) * carry)


def extra_minutes(scenario: Scenario, access: Access, kind: Integers, station: Integers, onset_min: Floats) -> Floats:
    """Minutes more of incidents, by the hour of their onset, shape (n,); 0 where the onset is not known (nan).

    Args:
        scenario: what is known.
        access: of the day.
        kind: of the incidents, shape (n,).
        station: of the incidents.
        onset_min: of the incidents.
    """
    goods = np.array([model.responder == "logistics" for model in scenario.settings.incidents.values()])
    hamlet = access.hamlet[station]
    known = np.flatnonzero((hamlet >= 0) & np.isfinite(onset_min))
    hour = np.clip((onset_min[known] - scenario.horizon_min[0]) // 60, 0, len(access.minutes) - 1).astype(np.int64)
    found = np.zeros(len(kind))
    place = hamlet[known]
    found[known] = access.minutes[hour, place] + np.where(goods[kind[known]], access.carry[hour, place], 0.0)
    return found


def access_at(access: Access | None, minute: float, starts_min: float) -> Floats | None:
    """Minutes more that everyone from outside needs to every station at a minute, shape (stations,); None: nobody.

    Args:
        access: of the day.
        minute: when.
        starts_min: first minute of the clock.

    Example:
        >>> access = Access(np.array([-1, 0]), np.array([[0.0], [40.0]]), np.zeros((2, 1)))
        >>> access_at(access, 90.0, 0.0).tolist(), access_at(access, 30.0, 0.0)
        ([0.0, 40.0], None)
    """
    if access is None:
        return None
    hour = min(max(int((minute - starts_min) // 60), 0), len(access.minutes) - 1)
    if not access.minutes[hour].any():
        return None
    return np.where(access.hamlet >= 0, access.minutes[hour][access.hamlet], 0.0)
