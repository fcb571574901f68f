"""The prepared ground of a scenario: its nodes, travel tables and last stretches, worked out once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from simsec.base.errors import InputError, Problem, say
from simsec.base.files import cache_folder
from simsec.geography.distance import local_km
from simsec.geography.graph import CAR, FOOT, MOTORCYCLE, TRUCK, VEHICLES, RoadGraph, RoadSettings, road_graph
from simsec.geography.graphml import read_graphml
from simsec.geography.roads import attach, read_edge_csv
from simsec.geography.terrain import Barrier, Corridor, RoadClass, terrain_graph
from simsec.geography.travel import Travel, cached_travel_table, given_routes, zone_shares
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ground:
    """Where everything is and how long the way takes, free flow: no friction, rain or turn-out.

    Nodes are the villages, then the posts, then the places of the main roads.

    Attributes:
        graph: the road graph the table was made from.
        travel: minutes and routes among the nodes.
        node_zone: rayon of each node, shape (nodes,): the zone of weather.
        station_node: node of each station, shape (stations,).
        stretch_min: shape (vehicles, stations), the last stretch from the village point to the station.
        station_km: shape (stations, 2), stations on a plane.
        stretch_min_per_km: shape (vehicles, villages), minutes per straight kilometre inside each village.
    """

    graph: RoadGraph
    travel: Travel
    node_zone: Integers
    station_node: Integers
    stretch_min: Floats
    station_km: Floats
    stretch_min_per_km: Floats

    @cached_property
    def zone_share(self) -> NDArray[np.float32]:
        """Share of every car route spent in each zone, shape (nodes, nodes, zones)."""
        zones, n = int(self.node_zone.max()) + 1, len(self.node_zone)
        if zones == 1:
            return np.ones((n, n, 1), dtype=np.float32)
        return zone_shares(self.travel, CAR, self.node_zone, zones)


def post_node(scenario: Scenario, post: int) -> int:
    """Node of a post."""
    return len(scenario.villages) + post


def site_node(scenario: Scenario, code: str) -> int:
    """Node of a site: a post by its code, or a forward post by the code of its village.

    Raises:
        KeyError: no such site.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> site_node(scenario, scenario.villages.code[3])
        3
    """
    if code in scenario.posts.code:
        return post_node(scenario, scenario.posts.code.index(code))
    if code in scenario.villages.code:
        return scenario.villages.code.index(code)
    raise KeyError(code)


def road_settings(scenario: Scenario) -> RoadSettings:
    """The modes of the scenario's road figures."""
    travel = scenario.settings.travel
    return RoadSettings(**{name: getattr(travel, name).mode for name in RoadSettings.__dataclass_fields__})


def _corridors(scenario: Scenario, first: int) -> list[Corridor]:
    """The hops of the main roads. A ferry has no road's friction, which multiplies all minutes later: divided out."""
    roads, friction = scenario.main_roads, scenario.settings.travel.friction.mode
    hops = zip(roads.hop_from, roads.hop_to, roads.hop_class, roads.hop_minutes, roads.hop_motorcycles, strict=True)
    return [
        Corridor(
            f"{roads.place[a]} - {roads.place[b]}",
            cast(RoadClass, road_class),
            (first + int(a), first + int(b)),
            bool(motorcycles),
            None if np.isnan(minutes) else float(minutes) / (friction if road_class == "ferry" else 1),
        )
        for a, b, road_class, minutes, motorcycles in hops
    ]


def _nearest(km: Floats, others_km: Floats) -> Integers:
    gap = km[:, None, :] - others_km[None, :, :]
    return np.asarray(np.argmin((gap**2).sum(axis=2), axis=1), dtype=np.int64)


def _roads(scenario: Scenario, settings: RoadSettings, post_village: Integers) -> RoadGraph:
    """The user's own roads when the folder holds some, else modelled ones; our places come first in both."""
    villages, posts, roads = scenario.villages, scenario.posts, scenario.main_roads
    lat = np.concatenate([villages.lat, posts.lat, roads.lat])
    lon = np.concatenate([villages.lon, posts.lon, roads.lon])
    if scenario.own_roads is not None:
        read = read_edge_csv if scenario.own_roads.suffix == ".csv" else read_graphml
        return attach(read(scenario.own_roads, settings), lat, lon, settings)
    return terrain_graph(
        lat,
        lon,
        np.concatenate([villages.elevation_m, villages.elevation_m[post_village], roads.elevation_m]),
        _corridors(scenario, len(villages) + len(posts)),
        settings,
        summit_m=np.concatenate([villages.summit_m, villages.summit_m[post_village], roads.elevation_m]),
        barriers=[Barrier(b.name, b.lat, b.lon, b.radius_km) for b in scenario.settings.travel.barriers],
        join_limit_km=scenario.settings.travel.neighbour_limit_km.high,
    )


def _given(scenario: Scenario, minutes: Floats) -> Ground:
    """The ground of a given matrix: every vehicle takes its minutes, nothing lies beyond a place's own point."""
    villages = scenario.villages
    n = len(villages)
    previous = given_routes(minutes)
    start, end = np.nonzero(np.isfinite(minutes) & (previous == np.arange(n)[:, None]))  # no other place on the way
    direct = np.stack([minutes[start, end]] * len(VEHICLES))
    graph = road_graph(villages.lat, villages.lon, np.zeros(n), start, end, np.zeros(len(start)), direct)
    none = np.zeros((len(VEHICLES), n))
    return Ground(
        graph=graph,
        travel=Travel(np.stack([minutes] * len(VEHICLES)), np.stack([previous] * len(VEHICLES))),
        node_zone=villages.rayon,
        station_node=scenario.stations.village,
        stretch_min=none,
        station_km=np.zeros((n, 2)),
        stretch_min_per_km=none,
    )


def _refuse_islands(scenario: Scenario, travel: Travel) -> None:
    """Refuse villages and posts that some vehicle cannot reach from the headquarters."""
    villages, posts = scenario.villages, scenario.posts
    from_office = travel.minutes[:, post_node(scenario, posts.of_type("polres")[0])]
    reached = np.isfinite(from_office[[CAR, MOTORCYCLE, TRUCK]])
    cut_off = np.logical_not(np.logical_and.reduce(reached, axis=0))
    remedy = say("add a road or a ferry to main_roads.csv, or raise {key}", key="travel.neighbour_limit_km")
    places = [("villages.csv", code, name) for code, name in zip(villages.code, villages.name, strict=True)]
    places += [("posts.csv", code, name) for code, name in zip(posts.code, posts.name, strict=True)]
    problems = [
        Problem(file, "no way by road or ferry from the headquarters", remedy, column="code", value=f"{code} {name}")
        for (file, code, name), alone in zip(places, cut_off.tolist(), strict=False)
        if alone
    ]
    if problems:
        raise InputError(problems)


@lru_cache(maxsize=4)
def ground_of(scenario: Scenario) -> Ground:
    """Prepare the ground of a scenario.

    Travel tables are kept on disk between runs, by content hash; those of assumption worlds are not.

    Args:
        scenario: what is known. ``roads.graphml`` or ``road_edges.csv`` in its folder replace the modelled roads.

    Raises:
        InputError: the user's own roads cannot be read, or a village or post cannot be reached from the headquarters.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> ground = ground_of(read_scenario("scenarios/kabupaten-semarang"))
        >>> ground.travel.minutes.shape[0] == len(VEHICLES)
        True
    """
    if scenario.general is not None:
        return _given(scenario, scenario.general.minutes)
    villages, posts, roads, stations = scenario.villages, scenario.posts, scenario.main_roads, scenario.stations
    origin = (float(villages.lat.mean()), float(villages.lon.mean()))
    village_km = local_km(villages.lat, villages.lon, origin)
    post_village = _nearest(local_km(posts.lat, posts.lon, origin), village_km)
    road_village = _nearest(local_km(roads.lat, roads.lon, origin), village_km)
    settings = road_settings(scenario)
    graph = _roads(scenario, settings, post_village)
    nodes = len(villages) + len(posts) + len(roads.lat)
    cache_dir = cache_folder() if scenario.as_read else None
    steep = villages.steep_ground == 1
    winding = np.where(steep, settings.winding_mountain, settings.winding_flat)
    speed = np.where(steep, settings.speed_mountain_kmh, settings.speed_village_kmh)
    per_km = np.stack([winding / speed * 60] * len(VEHICLES))
    per_km[VEHICLES.index("truck")] /= settings.truck_factor
    per_km[FOOT] = winding / settings.speed_foot_kmh * 60
    station_km = local_km(stations.lat, stations.lon, origin)
    from_point = np.hypot(*(station_km - village_km[stations.village]).T)
    travel = cached_travel_table(graph, nodes, cache_dir)
    _refuse_islands(scenario, travel)
    return Ground(
        graph=graph,
        travel=travel,
        node_zone=np.concatenate([villages.rayon, villages.rayon[post_village], villages.rayon[road_village]]),
        station_node=stations.village,
        stretch_min=per_km[:, stations.village] * from_point,
        station_km=station_km,
        stretch_min_per_km=per_km,
    )


def between_stations(ground: Ground, members: Integers) -> Floats:
    """Free-flow motorcycle minutes among some stations, shape (n, n).

    Straight inside a village, with its winding; between villages by the villages' points.
    """
    village = ground.station_node[members]
    by_road = ground.travel.minutes[MOTORCYCLE][np.ix_(village, village)]
    stretch = ground.stretch_min[MOTORCYCLE, members]
    km = ground.station_km[members]
    gap = np.hypot(*(km[:, None, :] - km[None, :, :]).transpose(2, 0, 1))
    inside = gap * ground.stretch_min_per_km[MOTORCYCLE, village][:, None]
    across = by_road + stretch[:, None] + stretch[None, :]
    return np.asarray(np.where(village[:, None] == village[None, :], inside, across), dtype=np.float64)
