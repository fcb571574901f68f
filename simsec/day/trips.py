"""Trips of the boxes: from the store of the sub-district to the village on the day before, and back after the count.

No process per trip: one row a trip, whole arrays at a time. Each trip has a threshold drawn beforehand, a standard
exponential, and meets with an accident where its exposure passes it: the failure time of a hazard that adds up along
the way (Cox & Oakes 1984, Analysis of Survival Data, 2.2). So a higher rate adds accidents, brings the others forward
along the same way, and moves no other draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import DAY_MIN, parse_stamp
from simsec.day.day import Floats, Integers
from simsec.day.keyed import Draws
from simsec.day.streams import text_key, text_keys
from simsec.geography.graph import TRUCK
from simsec.geography.ground import ground_of, post_node
from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import Stages

OUT, BACK = 0, 1
PER_10000 = 1e-4
NODES = 32  # quantiles of each figure when an expectation is worked out


@dataclass(frozen=True, eq=False)
class Routes:
    """What does not change from day to day: one row a truckload, which goes out and comes back the same way.

    Attributes:
        village: number of the village, shape (loads,).
        store: node of the store.
        number: of the load within its village.
        size: stations whose boxes it carries.
        minutes: of the way on a dry day: a truck, friction and the mean last stretch included.
        zone_share: shape (loads, zones), share of the road in each zone of weather.
        village_key: uint64, shape (loads,).
        station_key: uint64, shape (stations,).
        load_of_station: shape (stations,).
    """

    village: Integers
    store: Integers
    number: Integers
    size: Integers
    minutes: Floats
    zone_share: Floats
    village_key: NDArray[np.uint64]
    station_key: NDArray[np.uint64]
    load_of_station: Integers

    def latest(self, of_station: Floats) -> Floats:
        """The last minute among the stations of each load, shape (loads,)."""
        found = np.full(len(self.village), -np.inf)
        np.maximum.at(found, self.load_of_station, of_station)
        return found


@dataclass(frozen=True, eq=False)
class Trips:
    """The trips of a day, one a row: all loads out, then all loads back.

    Attributes:
        direction: ``OUT`` or ``BACK``.
        load: number of the load.
        departs_min, drive_min: rain and night of the hour of departure included.
        exposure: what the threshold is compared with.
        draws: uniforms of each trip.
        accident_min: nan where there is none.
        station: where the accident happens, -1 where there is none.
    """

    direction: Integers
    load: Integers
    departs_min: Floats
    drive_min: Floats
    exposure: Floats
    draws: Draws
    accident_min: Floats
    station: Integers

    @property
    def arrives_min(self) -> Floats:
        """Arrival without an accident, shape (trips,)."""
        return self.departs_min + self.drive_min


def stages_of(scenario: Scenario) -> Stages:
    """The table ``[stages]`` of a scenario that has one."""
    if scenario.settings.stages is None:
        raise ValueError("the scenario has no stages")
    return scenario.settings.stages


def pairs_go(scenario: Scenario) -> bool:
    """Whether guard pairs of a scenario go with the boxes."""
    stages = scenario.settings.stages
    return stages is not None and stages.escorts is not None and stages.escorts.enabled


def _stores(scenario: Scenario) -> Integers:
    """Node of the store of each sub-district: its PPK, else that of another one; the headquarters where none is."""
    posts, sectors = scenario.posts, len(scenario.villages.subdistrict_codes)
    known = {int(posts.subdistrict[post]): post_node(scenario, post) for post in reversed(posts.of_type("ppk"))}
    default = next(iter(known.values()), post_node(scenario, posts.of_type("polres")[0]))
    return np.array([known.get(sector, default) for sector in range(sectors)], dtype=np.int64)


@lru_cache(maxsize=4)
def routes_of(scenario: Scenario) -> Routes:
    """The truckloads of a scenario and their ways.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> routes = routes_of(read_scenario("scenarios/kabupaten-semarang"))
        >>> bool((routes.minutes > 0).all()), int(routes.size.sum())
        (True, 1983)
    """
    settings, villages, stations = scenario.settings, scenario.villages, scenario.stations
    per_truck = max(1, round(stages_of(scenario).stations_per_truck.mode))
    order = np.argsort(stations.village, kind="stable")
    of = stations.village[order]
    rank = np.arange(len(of)) - np.searchsorted(of, of, side="left")
    number = rank // per_truck
    first = np.flatnonzero((rank % per_truck) == 0)
    load = np.empty(len(of), dtype=np.int64)
    load[order] = np.cumsum((rank % per_truck) == 0) - 1
    village = of[first]
    size = np.bincount(load, minlength=len(first))
    store = _stores(scenario)[villages.subdistrict[village]]
    ground, friction = ground_of(scenario), settings.travel.friction.mode
    stretch = np.bincount(load, weights=ground.stretch_min[TRUCK], minlength=len(first)) / size
    return Routes(
        village=village,
        store=store,
        number=number[first],
        size=size,
        minutes=friction * (ground.travel.minutes[TRUCK][store, village] + stretch),
        zone_share=ground.zone_share[store, village].astype(np.float64),
        village_key=text_keys(villages.code)[village],
        station_key=text_keys(stations.code),
        load_of_station=load,
    )


def in_the_dark(scenario: Scenario, minute: Floats) -> NDArray[np.bool_]:
    """Whether it is night at these minutes."""
    travel = scenario.settings.travel
    starts, ends = parse_stamp(travel.night_starts) % DAY_MIN, parse_stamp(travel.night_ends) % DAY_MIN
    clock = minute % DAY_MIN
    return np.asarray((clock >= starts) | (clock < ends), dtype=np.bool_)


def _draws(routes: Routes, seed: int, replication: int, way: str) -> Draws:
    key = routes.village_key ^ np.uint64(text_key(f"trip/{way}"))
    return Draws(seed, replication, key, routes.number.astype(np.uint64))


def draw_trips(
    scenario: Scenario, seed: int, replication: int, rain_mm: Floats, slow: Floats, counted_min: Floats
) -> Trips:
    """All trips of a day and their accidents.

    The exposure of a trip is the rate of a trip x its dry minutes over those of the mean trip x the factor of the
    night x the factor of rain on the wet part of its way, all as they are when it departs. It grows evenly along the
    way.

    Args:
        scenario: one with ``[stages]``.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.
        rain_mm: shape (hours, zones), from the start of the clock.
        slow: factor on travel minutes, the same shape.
        counted_min: minute at which each station has counted, shape (stations,).

    Example:
        >>> from simsec.scenario import read_scenario
        >>> area = read_scenario("scenarios/kabupaten-semarang")
        >>> hours = np.zeros((65, len(area.villages.rayon_names)))
        >>> trips = draw_trips(area, 1, 0, hours, hours + 1, np.full(len(area.stations), 1050.0))
        >>> bool((trips.departs_min[trips.direction == BACK] > 1050).all())
        True
    """
    stages, routes = stages_of(scenario), routes_of(scenario)
    out, back = (_draws(routes, seed, replication, way) for way in ("out", "back"))
    first, last = parse_stamp(stages.delivery_starts), parse_stamp(stages.delivery_ends)
    departs = np.concatenate(
        [
            first + (last - first) * out.of("trip/departs"),
            routes.latest(counted_min) + _packing(stages, back),
        ]
    )
    draws, load = out.and_those(back), np.tile(np.arange(len(routes.village)), 2)
    share = routes.zone_share[load]
    hour = np.clip((departs - scenario.horizon_min[0]) // 60, 0, len(slow) - 1).astype(np.int64)
    wet = (share * (rain_mm[hour] > 0)).sum(axis=1)
    exposure = (
        PER_10000
        * stages.accident_per_10000_trips.mode
        * (routes.minutes / routes.minutes.mean())[load]
        * np.where(in_the_dark(scenario, departs), stages.accident_night_factor.mode, 1.0)
        * (1 + (stages.accident_rain_factor.mode - 1) * wet)
    )
    drive = routes.minutes[load] * (share * slow[hour]).sum(axis=1)
    threshold = -np.log1p(-draws.of("trip/threshold"))
    direction = np.repeat([OUT, BACK], len(routes.village))
    accident, station = np.full(len(load), np.nan), np.full(len(load), -1)
    for trip in np.flatnonzero(threshold < exposure).tolist():
        passed = float(threshold[trip] / exposure[trip])
        accident[trip] = departs[trip] + drive[trip] * passed
        along = passed if direction[trip] == OUT else 1 - passed
        u = draws.take(np.array([trip])).of("trip/station")[0]
        station[trip] = _station_near(scenario, routes, int(load[trip]), along, float(u))
    return Trips(direction, load, departs, drive, exposure, draws, accident, station)


def _packing(stages: Stages, back: Draws) -> Floats:
    return stages.packing_min.quantile(back.of("trip/packing"))


def packing_of(scenario: Scenario, trips: Trips) -> Floats:
    """Minutes from the last count of each load to its departure, shape (loads,)."""
    return _packing(stages_of(scenario), trips.draws.take(trips.direction == BACK))


def _station_near(scenario: Scenario, routes: Routes, load: int, along: float, u: float) -> int:
    """A station of the village on the way that lies nearest to a place, given as a share of the way from the store."""
    travel = ground_of(scenario).travel
    store, village = int(routes.store[load]), int(routes.village[load])
    minutes, previous = travel.minutes[TRUCK][store], travel.previous[TRUCK][store]
    staffed = np.bincount(scenario.stations.village, minlength=len(minutes)) > 0
    passed = along * routes.minutes[load] / scenario.settings.travel.friction.mode
    near, node = village, village
    while node != store:
        if staffed[node] and abs(minutes[node] - passed) < abs(minutes[near] - passed):
            near = node
        node = int(previous[node])
    members = np.flatnonzero(scenario.stations.village == near)
    return int(members[int(u * len(members))])


def midpoints(parameter: Parameter) -> Floats:
    """Quantiles of a figure at the middles of equal shares, shape (NODES,)."""
    return parameter.quantile((np.arange(NODES) + 0.5) / NODES)


def departures(scenario: Scenario, size: int) -> Floats:
    """Minutes at which a load of so many stations departs on its way back, equally likely, shape (NODES squared,)."""
    stages = stages_of(scenario)
    u = ((np.arange(NODES) + 0.5) / NODES) ** (1 / size)  # the last of so many counts
    counted = np.maximum(stages.counting_ends.quantile(u), parse_stamp(scenario.settings.clock.voting_closes))
    return np.asarray((counted[:, None] + midpoints(stages.packing_min)[None, :]).ravel())


@lru_cache(maxsize=8)
def expected_accidents(scenario: Scenario) -> float:
    """Expected accidents of a dry day inside the clock: a constant of the scenario, by quadrature.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> 0.01 < expected_accidents(read_scenario("scenarios/kabupaten-semarang")) < 1
        True
    """
    stages, routes = stages_of(scenario), routes_of(scenario)
    first, last = parse_stamp(stages.delivery_starts), parse_stamp(stages.delivery_ends)
    out = first + (last - first) * (np.arange(NODES) + 0.5) / NODES
    rate = PER_10000 * stages.accident_per_10000_trips.mode * routes.minutes / routes.minutes.mean()
    back = {size: departures(scenario, size) for size in np.unique(routes.size).tolist()}
    night_speed = scenario.settings.travel.night_factor.mode
    total = 0.0
    for load, size in enumerate(routes.size.tolist()):
        for departs in (out, back[size]):
            dark = in_the_dark(scenario, departs)
            exposure = rate[load] * np.where(dark, stages.accident_night_factor.mode, 1.0)
            drive = routes.minutes[load] / np.where(dark, night_speed, 1.0)
            inside = np.clip((scenario.horizon_min[1] - departs) / drive, 0, 1)
            total += float(-np.expm1(-exposure * inside).mean())
    return total
