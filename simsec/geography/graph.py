"""The road graph itself: one door for roads that were modelled and roads that somebody measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simsec.base.files import content_hash

VEHICLES = ("car", "motorcycle", "truck", "foot")
"""The order of the vehicle axis everywhere."""
CAR, MOTORCYCLE, TRUCK, FOOT = range(len(VEHICLES))

LEAST_MIN = 1e-6
"""No edge takes less: places at one point stay a hair apart, so that routes have an order and no weight is lost."""


@dataclass(frozen=True)
class RoadSettings:
    """Numbers a road model needs; the scenario holds them with their grades.

    No survey of the roads stands behind them: where no source is named the range is an assumption, grade D.

    Attributes:
        winding_flat: road length over straight line in flat country, 1.3-1.5.
        winding_mountain: the same in the mountains, 1.5-2.2.
        mountain_slope_m_per_km: ground at least this steep between neighbours counts as mountain.
        mountain_limit_km: longest link between two villages that share high ground above them both.
        neighbour_limit_km: longest link between neighbours anywhere.
        road_reach_km: a place this close to a main road lies on it (half a village's width).
        speed_village_kmh: car on a flat village road, 20-28-40; the legal limit in settlements is 30.
        speed_mountain_kmh: car on a mountain village road, 12-20-30.
        speed_main_kmh: car on a local main road, between a village road and a provincial one.
        speed_national_kmh: car on a national or provincial road, 35-45-60; the legal limit is 80.
        speed_toll_kmh: car on the toll road (27.6 km in 21 minutes: Antara Jateng, 18 Jul 2014; grade B).
        speed_foot_kmh: on foot with a load, 3-5-10.
        truck_factor: a truck's speed over a car's, 0.7-0.9.
    """

    winding_flat: float
    winding_mountain: float
    mountain_slope_m_per_km: float
    mountain_limit_km: float
    neighbour_limit_km: float
    road_reach_km: float
    speed_village_kmh: float
    speed_mountain_kmh: float
    speed_main_kmh: float
    speed_national_kmh: float
    speed_toll_kmh: float
    speed_foot_kmh: float
    truck_factor: float


@dataclass(frozen=True)
class RoadGraph:
    """Nodes and directed edges; a road open both ways stands there twice. All arrays are read-only.

    Attributes:
        node_lat: (n,) degrees north; the first nodes are the places, in the caller's order.
        node_lon: (n,) degrees east.
        elevation_m: (n,) metres, NaN where nobody knows.
        edge_from: (e,) node an edge leaves.
        edge_to: (e,) node it reaches.
        edge_km: (e,) length on the ground.
        edge_minutes: (len(VEHICLES), e) free-flow minutes, inf where a vehicle may not go. Free flow: friction,
            rain and turn-out come on top, later and once.
        edge_main: (e,) whether the edge belongs to a main road, which neither a landslide nor water closes; roads
            somebody measured name no class, so there none does.

    Example:
        >>> graph = road_graph([0.0, 0.0], [0.0, 0.01], [0, 0], [0, 1], [1, 0], [1.2, 1.2], [[2.0, 2.0]] * 4)
        >>> graph.edge_minutes.shape, len(graph.content_hash())
        ((4, 2), 16)
    """

    node_lat: NDArray[np.float64]
    node_lon: NDArray[np.float64]
    elevation_m: NDArray[np.float64]
    edge_from: NDArray[np.int32]
    edge_to: NDArray[np.int32]
    edge_km: NDArray[np.float64]
    edge_minutes: NDArray[np.float64]
    edge_main: NDArray[np.bool_]

    def content_hash(self) -> str:
        """Hash of everything that decides travel, equal for equal graphs on every machine."""
        floats = (self.node_lat, self.node_lon, self.elevation_m, self.edge_km, self.edge_minutes)
        whole = (self.edge_from, self.edge_to)
        return content_hash(
            " ".join(VEHICLES),
            *(array.astype("<f8").tobytes() for array in floats),
            *(array.astype("<i4").tobytes() for array in whole),
        )


def road_graph(
    node_lat: ArrayLike,
    node_lon: ArrayLike,
    elevation_m: ArrayLike,
    edge_from: ArrayLike,
    edge_to: ArrayLike,
    edge_km: ArrayLike,
    edge_minutes: ArrayLike,
    edge_main: ArrayLike | None = None,
) -> RoadGraph:
    """Build a graph from copies of the arrays, no edge quicker than ``LEAST_MIN``; without ``edge_main`` none is main.

    Raises:
        ValueError: the shapes do not fit, an edge names no node, or a length or time is negative or not a number.

    Example:
        >>> road_graph([0, 0], [0, 1], [0, 0], [0], [1], [1.0], [[0.0]] * 4).edge_minutes[0].tolist()
        [1e-06]
    """
    minutes = np.array(edge_minutes, dtype=np.float64)
    graph = RoadGraph(
        np.array(node_lat, dtype=np.float64),
        np.array(node_lon, dtype=np.float64),
        np.array(elevation_m, dtype=np.float64),
        np.array(edge_from, dtype=np.int32),
        np.array(edge_to, dtype=np.int32),
        np.array(edge_km, dtype=np.float64),
        np.maximum(minutes, LEAST_MIN),
        np.zeros(minutes.shape[1:], dtype=np.bool_) if edge_main is None else np.array(edge_main, dtype=np.bool_),
    )
    n_nodes, n_edges = len(graph.node_lat), len(graph.edge_from)
    if not (graph.node_lat.shape == graph.node_lon.shape == graph.elevation_m.shape == (n_nodes,)):
        raise ValueError("node_lat, node_lon and elevation_m need one value a node")
    if not (graph.edge_to.shape == graph.edge_km.shape == (n_edges,) and minutes.shape == (len(VEHICLES), n_edges)):
        raise ValueError("edge_from, edge_to, edge_km and each row of edge_minutes need one value an edge")
    if graph.edge_main.shape != (n_edges,):
        raise ValueError("edge_main needs one value an edge")
    ends = np.concatenate((graph.edge_from, graph.edge_to))
    if n_edges and (ends.min() < 0 or ends.max() >= n_nodes):
        raise ValueError("an edge names a node that is not there")
    if not (np.all(graph.edge_km >= 0) and np.all(minutes >= 0)):
        raise ValueError("lengths and minutes must be zero or more")
    for array in (graph.node_lat, graph.node_lon, graph.elevation_m, graph.edge_from, graph.edge_to, graph.edge_km,
                  graph.edge_minutes, graph.edge_main):  # fmt: skip
        array.setflags(write=False)
    return graph


def vehicle_minutes(
    car_min: NDArray[np.float64], km: NDArray[np.float64], settings: RoadSettings
) -> NDArray[np.float64]:
    """Minutes of every vehicle on edges open to all, from a car's: (len(VEHICLES), e).

    A motorcycle goes as a car does (no sourced difference outside traffic jams), a truck slower by its factor, a
    walker by the length alone.

    Example:
        >>> from types import SimpleNamespace
        >>> settings = SimpleNamespace(truck_factor=0.8, speed_foot_kmh=5.0)
        >>> vehicle_minutes(np.array([4.0]), np.array([2.0]), settings).ravel().tolist()
        [4.0, 4.0, 5.0, 24.0]
    """
    return np.stack((car_min, car_min, car_min / settings.truck_factor, km / settings.speed_foot_kmh * 60))
