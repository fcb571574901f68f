"""Where things are and how long it takes to get there: distances, road graphs, travel tables, outlines."""

from simsec.geography.distance import great_circle_km, local_km, plane_to_degrees
from simsec.geography.graph import (
    CAR,
    FOOT,
    MOTORCYCLE,
    TRUCK,
    VEHICLES,
    RoadGraph,
    RoadSettings,
    road_graph,
)
from simsec.geography.graphml import read_graphml
from simsec.geography.outline import outlines, read_boundaries
from simsec.geography.roads import attach, read_edge_csv
from simsec.geography.terrain import Barrier, Corridor, terrain_graph
from simsec.geography.travel import Travel, cached_travel_table, route, travel_table, zone_shares

__all__ = [
    "CAR",
    "FOOT",
    "MOTORCYCLE",
    "TRUCK",
    "VEHICLES",
    "Barrier",
    "Corridor",
    "RoadGraph",
    "RoadSettings",
    "Travel",
    "attach",
    "cached_travel_table",
    "great_circle_km",
    "local_km",
    "outlines",
    "plane_to_degrees",
    "read_boundaries",
    "read_edge_csv",
    "read_graphml",
    "road_graph",
    "route",
    "terrain_graph",
    "travel_table",
    "zone_shares",
]
