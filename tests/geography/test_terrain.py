import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.geography import (
    CAR,
    FOOT,
    MOTORCYCLE,
    TRUCK,
    Barrier,
    Corridor,
    RoadGraph,
    great_circle_km,
    local_km,
    road_graph,
    route,
    terrain_graph,
    travel_table,
)
from simsec.geography.graph import LEAST_MIN
from tests.geography.area import (
    CORRIDORS,
    ELEVATION_M,
    LAKE,
    LAT,
    LON,
    N_VILLAGES,
    SETTINGS,
    SUBDISTRICT,
    area_graph,
    area_travel,
    place,
)

KM = 1 / 111.195  # degrees to a kilometre of latitude, and of longitude on the equator, where the small worlds lie

# Minutes a car needs from headquarters door to door on a quiet day: assumption, grade D.
PLAUSIBLE_MIN = {
    "Bawen": (15, 30),
    "Ambarawa": (25, 40),
    "Salatiga": (25, 50),
    "Bandungan": (35, 55),
    "Sumowono": (45, 70),
    "Getasan": (45, 75),
    "Kaliwungu": (55, 95),
}


def world(points_km, corridors=(), heights=None, settings=SETTINGS, **more) -> RoadGraph:
    """A graph of places given in kilometres east and north of a point on the equator."""
    points = np.asarray(points_km, dtype=float)
    heights = np.zeros(len(points)) if heights is None else heights
    return terrain_graph(points[:, 1] * KM, 110 + points[:, 0] * KM, heights, corridors, settings, **more)


def links(graph: RoadGraph) -> set[tuple[int, int]]:
    return {(a, b) for a, b in zip(graph.edge_from.tolist(), graph.edge_to.tolist(), strict=True) if a < b}


def edge(graph: RoadGraph, a: int, b: int) -> int:
    (found,) = np.flatnonzero((graph.edge_from == a) & (graph.edge_to == b))
    return int(found)


def fastest_kmh(graph: RoadGraph, a: int, b: int) -> float:
    between = (graph.edge_from == a) & (graph.edge_to == b)
    return float((graph.edge_km[between] / graph.edge_minutes[CAR, between]).max() * 60)


def passes_km(graph: RoadGraph, lat: float, lon: float) -> np.ndarray:
    """How near the straight line of every edge comes to a point."""
    xy = local_km(graph.node_lat, graph.node_lon, (lat, lon))
    start, along = xy[graph.edge_from], xy[graph.edge_to] - xy[graph.edge_from]
    share = np.clip(-(start * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12), 0, 1)
    return np.linalg.norm(start + share[:, None] * along, axis=1)


# --- the real area


@pytest.mark.parametrize("seat", PLAUSIBLE_MIN)
def test_free_flow_from_headquarters_is_plausible(seat: str) -> None:
    # The ranges are door to door; free flow knows neither turn-out nor friction, which the engine adds once, on top.
    # So it may lie a little under the range, never over it.
    low, high = PLAUSIBLE_MIN[seat]
    minutes = area_travel().minutes[CAR, place("Ungaran"), place(seat)]
    assert 0.85 * low <= minutes <= high


def test_every_vehicle_reaches_every_place() -> None:
    assert np.isfinite(area_travel().minutes).all()


def test_no_road_is_shorter_than_the_straight_line() -> None:
    graph = area_graph()
    a, b = graph.edge_from, graph.edge_to
    straight = great_circle_km(LAT[a], LON[a], LAT[b], LON[b])
    assert (graph.edge_km >= 0.999 * straight).all()


@pytest.mark.parametrize(
    ("summit", "lat", "lon", "radius_km"),
    [("Gunung Ungaran", -7.180, 110.333, 2.5), ("Gunung Merbabu", -7.4547, 110.439, 4.0)],
)
def test_nobody_drives_over_a_summit(summit: str, lat: float, lon: float, radius_km: float) -> None:
    assert passes_km(area_graph(), lat, lon).min() > radius_km


@pytest.mark.parametrize("north", ["Kalisidi", "Lerep", "Branjang", "Nyatnyono"])
@pytest.mark.parametrize("south", [("Candi", "Bandungan"), ("Sumowono", "Sumowono"), ("Bumen", "Sumowono")])
def test_from_flank_to_flank_of_gunung_ungaran_the_way_is_the_way_around(north: str, south: tuple[str, str]) -> None:
    travel = area_travel().minutes[CAR]
    a, b = place(north, "Ungaran Barat"), place(*south)
    around = min(travel[a, place(by)] + travel[place(by), b] for by in ("Bergas", "Bawen", "Ambarawa"))
    # A flank road may save something on the highway; a way over the top (about 10 km) would save half and more.
    assert travel[a, b] > 0.6 * around
    assert set(route(area_travel(), CAR, a, b)) & {
        place("Bawen"),
        place("Jimbaran", "Bandungan"),
        place("Bandungan"),
    }


def test_mountain_sub_districts_are_driven_as_mountains_and_the_plain_is_not() -> None:
    graph = area_graph()
    slow = graph.edge_km / graph.edge_minutes[CAR] * 60 < SETTINGS.speed_mountain_kmh + 0.1
    of = np.array(SUBDISTRICT)
    inside = {name: slow[(of[graph.edge_from] == name) & (of[graph.edge_to] == name)] for name in SUBDISTRICT}
    assert inside["Getasan"].mean() > 0.8
    assert inside["Sumowono"].mean() > 0.5
    assert inside["Pringapus"].mean() < 0.3
    assert inside["Kaliwungu"].mean() < 0.3


def test_nobody_drives_through_the_lake() -> None:
    assert passes_km(area_graph(), LAKE.lat, LAKE.lon).min() >= LAKE.radius_km


def test_the_highway_is_taken_where_one_runs() -> None:
    way = route(area_travel(), MOTORCYCLE, place("Ungaran"), place("Salatiga"))
    assert {place("Bergas"), place("Bawen"), place("Tuntang")} <= set(way)
    assert route(area_travel(), CAR, place("Ungaran"), place("Salatiga")) == (
        place("Ungaran"), place("Bawen"), place("Salatiga"))  # fmt: skip


def test_motorcycles_and_walkers_keep_off_the_toll_road() -> None:
    car, motorcycle, truck, foot = area_travel().minutes[:, place("Ungaran"), place("Bawen")]
    assert car == pytest.approx(15.0)
    assert truck == pytest.approx(15.0 / 0.8)
    assert motorcycle > 20
    assert foot > 180


# --- small worlds


points = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=2, max_size=14, unique=True
)  # a coarse grid makes collinear points and right angles common


@given(points)
def test_neighbours_are_the_gabriel_graph(cells: list[tuple[int, int]]) -> None:
    xy = np.array(cells, dtype=float) + 0.01 * np.sin(np.arange(2 * len(cells)).reshape(-1, 2))
    graph = world(xy, settings=replace(SETTINGS, neighbour_limit_km=99))
    expected = {
        (a, b)
        for a in range(len(xy))
        for b in range(a + 1, len(xy))
        if all(
            np.linalg.norm(xy[c] - (xy[a] + xy[b]) / 2) >= np.linalg.norm(xy[a] - xy[b]) / 2
            for c in range(len(xy))
            if c not in (a, b)
        )
    }
    assert links(graph) == expected


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_places_at_one_point_are_a_hair_apart_and_nothing_is_lost(cells: list[tuple[int, int]]) -> None:
    minutes = travel_table(world(cells), len(cells)).minutes
    xy = np.array(cells)
    together = (xy[:, None] == xy[None]).all(axis=2) & ~np.eye(len(xy), dtype=bool)
    assert np.isfinite(minutes).all()
    assert (minutes[:, together] > 0).all()
    assert (minutes[:, together] <= 2 * LEAST_MIN).all()


def test_places_at_one_point_are_nothing_to_warn_of(caplog: pytest.LogCaptureFixture) -> None:
    assert links(world([(0, 0), (0, 0), (2, 0), (0, 0)])) == {(0, 1), (0, 3), (0, 2)}
    assert caplog.text == ""


def test_a_few_metres_apart_is_no_mountain() -> None:
    graph = world([(0, 0), (0.003, 0), (3, 0)], heights=[100, 133, 120])
    assert graph.edge_km[edge(graph, 0, 1)] == pytest.approx(0.003 * SETTINGS.winding_flat, rel=1e-3)


def test_a_village_road_is_as_long_and_slow_as_the_country_makes_it() -> None:
    flat, steep = (world([(0, 0), (2, 0)], heights=[100, top]) for top in (110, 300))
    assert flat.edge_km[0] == pytest.approx(2 * 1.4, rel=1e-4)
    assert flat.edge_minutes[:, 0] == pytest.approx([6.0, 6.0, 7.5, 2.8 / 5 * 60], rel=1e-4)
    assert steep.edge_km[0] == pytest.approx(2 * 1.8, rel=1e-4)
    assert steep.edge_minutes[CAR, 0] == pytest.approx(3.6 / 20 * 60, rel=1e-4)


def test_a_road_along_a_steep_flank_is_a_mountain_road_although_it_does_not_climb() -> None:
    ladder = [(0, 0), (2, 0), (0, 2), (2, 2)]
    graph = world(ladder, heights=[100, 100, 400, 400])
    assert graph.edge_minutes[CAR, edge(graph, 2, 3)] == pytest.approx(3.6 / 20 * 60, rel=1e-4)


def test_two_flanks_of_a_summit_are_not_neighbours() -> None:
    # 0 and 1 face each other over a summit of 2,000 m, 2 and 3 lie low around its foot.
    ring = [(-3, 0), (3, 0), (-1.7, -4.2), (1.7, -4.2)]
    heights, summits = [600, 600, 500, 500], [2000, 2000, 560, 560]
    over = world(ring, heights=heights)
    around = world(ring, heights=heights, summit_m=summits)
    assert (0, 1) in links(over)
    assert links(around) == links(over) - {(0, 1)}
    assert route(travel_table(around, 4), CAR, 0, 1) == (0, 2, 3, 1)


def test_neighbours_on_one_flank_keep_their_road() -> None:
    assert (0, 1) in links(world([(0, 0), (1.9, 0)], heights=[1500, 1600], summit_m=[2500, 2700]))


def test_no_link_crosses_a_barrier_but_a_place_inside_may_leave() -> None:
    shore = [(-2, 0), (2, 0), (0, 3)]
    lake = Barrier("lake", 0.0, 110.0, 1.0)
    assert (0, 1) in links(world(shore))
    assert (0, 1) not in links(world(shore, barriers=[lake]))
    island = world([*shore, (0, 0.5)], barriers=[lake])
    assert any(3 in link for link in links(island))


def test_what_lies_apart_is_joined_by_the_shortest_link_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    two_islands = [(0, 0), (2, 0), (2.5, 2), (31, 0), (33, 0), (60, 0)]
    with caplog.at_level(logging.WARNING, logger="simsec.geography"):
        graph = world(two_islands)
    assert links(graph) == {(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)}
    assert sum("fell apart" in record.message for record in caplog.records) == 2


def test_no_link_longer_than_the_limit_joins_what_lies_apart() -> None:
    islands = [(0, 0), (2, 0), (12, 0), (14, 0), (40, 0)]
    assert links(world(islands, join_limit_km=11)) == {(0, 1), (1, 2), (2, 3)}
    minutes = travel_table(world(islands, join_limit_km=11), 5).minutes[:, 0]
    assert np.isfinite(minutes[:, :4]).all() and np.isinf(minutes[:, 4]).all()


def test_a_ferry_carries_every_vehicle_in_its_minutes_and_stops_nowhere() -> None:
    sea = [(0, 0), (2, 0), (40, 0), (42, 0), (20, 0.2)]
    ferry = Corridor("ferry", "ferry", (1, 2), minutes_reported=90.0)
    graph = world(sea, [ferry], join_limit_km=8)
    assert travel_table(graph, 5).minutes[:, 1, 2].tolist() == [90.0] * 4
    assert np.isinf(travel_table(graph, 5).minutes[CAR, 0, 4])  # the rock on the way
    assert graph.edge_km[graph.edge_minutes[CAR] == 90.0].tolist() == pytest.approx([38.0, 38.0], rel=1e-3)
    with pytest.raises(ValueError, match="needs its minutes"):
        Corridor("ferry", "ferry", (0, 1))


def test_a_toll_road_alone_joins_nothing() -> None:
    toll = Corridor("toll", "toll", (0, 1), motorcycles_allowed=False)
    minutes = travel_table(world([(0, 0), (20, 0)], [toll]), 2).minutes[:, 0, 1]
    assert np.isfinite(minutes).all()
    assert minutes[CAR] < minutes[MOTORCYCLE]


def test_places_within_reach_lie_on_a_main_road_except_on_a_toll_road() -> None:
    places = [(0, 0), (10, 0), (5, 0.8), (7, 1.2)]
    local = world(places, [Corridor("road", "local", (0, 1))])
    toll = world(places, [Corridor("road", "toll", (0, 1))])
    assert [fastest_kmh(local, *ends) for ends in ((0, 2), (2, 1), (2, 3))] == pytest.approx([35, 35, 28])
    assert route(travel_table(local, 4), CAR, 0, 1) == (0, 2, 1)
    assert route(travel_table(toll, 4), CAR, 0, 1) == (0, 1)
    assert route(travel_table(toll, 4), MOTORCYCLE, 0, 1) == (0, 1)
    assert route(travel_table(toll, 4), FOOT, 0, 1) == (0, 2, 3, 1)


@pytest.mark.parametrize(("road_class", "kmh"), [("toll", 79), ("national", 45), ("provincial", 45), ("local", 35)])
def test_a_main_road_is_driven_at_the_speed_of_its_class(road_class: str, kmh: float) -> None:
    graph = world([(0, 0), (20, 0)], [Corridor("road", road_class, (0, 1))])
    assert graph.edge_km[0] == pytest.approx(28, rel=1e-3)
    assert graph.edge_minutes[CAR, 0] == pytest.approx(graph.edge_km[0] / kmh * 60)
    assert graph.edge_minutes[TRUCK, 0] == pytest.approx(graph.edge_minutes[CAR, 0] / 0.8)


def test_a_mountain_road_is_longer_and_slowed_as_village_roads_are() -> None:
    graph = world([(0, 0), (10, 0)], [Corridor("road", "local", (0, 1))], heights=[100, 900])
    assert graph.edge_km[0] == pytest.approx(18, rel=1e-3)
    assert graph.edge_minutes[CAR, 0] == pytest.approx(graph.edge_km[0] / (35 * 20 / 28) * 60)


def test_reported_minutes_hold_over_the_whole_road() -> None:
    road = Corridor("road", "national", (0, 1, 2), minutes_reported=9.0)
    minutes = travel_table(world([(0, 0), (4, 0), (12, 0)], [road]), 3).minutes
    assert minutes[CAR, 0] == pytest.approx([0, 3, 9], rel=1e-3)
    assert minutes[TRUCK, 0, 2] == pytest.approx(9 / 0.8)


def test_an_unknown_height_is_that_of_the_nearest_known_place() -> None:
    graph = world([(0, 0), (1, 0), (9, 0)], heights=[500, np.nan, 700])
    assert graph.elevation_m.tolist() == [500, 500, 700]
    assert world([(0, 0), (1, 0)], heights=[np.nan, np.nan]).elevation_m.tolist() == [0, 0]


def test_an_area_without_places_is_a_graph_without_nodes() -> None:
    graph = terrain_graph([], [], [], [], SETTINGS)
    assert len(graph.node_lat) == 0
    assert travel_table(graph, 0).minutes.shape == (4, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        dict(road_class="rail", through=(0, 1)),
        dict(road_class="toll", through=(0,)),
        dict(road_class="toll", through=(0, 1), minutes_reported=0.0),
    ],
)
def test_what_can_be_no_road_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="road"):
        Corridor("road", **wrong)


def test_a_road_through_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="not there"):
        world([(0, 0), (1, 0)], [Corridor("road", "local", (0, 2))])
    with pytest.raises(ValueError, match="one value a place"):
        terrain_graph([0.0], [110.0, 110.1], [0.0, 0.0], [], SETTINGS)


def test_the_hash_follows_the_content() -> None:
    graph = area_graph()
    again = terrain_graph(LAT, LON, ELEVATION_M, CORRIDORS, replace(SETTINGS), summit_m=None, barriers=())
    twin = road_graph(
        graph.node_lat, graph.node_lon, graph.elevation_m, graph.edge_from, graph.edge_to, graph.edge_km,
        graph.edge_minutes)  # fmt: skip
    assert graph.content_hash() == twin.content_hash()
    assert len({graph.content_hash(), again.content_hash(), area_graph(speed_toll_kmh=80).content_hash()}) == 3


def test_a_graph_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        area_graph().edge_minutes[0, 0] = 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(edge_to=[2]), "names a node"),
        (dict(edge_km=[-1.0]), "zero or more"),
        (dict(edge_minutes=[[np.nan]] * 4), "zero or more"),
        (dict(edge_minutes=[[1.0]] * 3), "one value an edge"),
        (dict(elevation_m=[0.0]), "one value a node"),
    ],
)
def test_arrays_that_make_no_graph_are_refused(change: dict[str, object], message: str) -> None:
    good = dict(
        node_lat=[0, 0], node_lon=[0, 1], elevation_m=[0, 0], edge_from=[0], edge_to=[1], edge_km=[1.0],
        edge_minutes=[[1.0]] * 4)  # fmt: skip
    with pytest.raises(ValueError, match=message):
        road_graph(**{**good, **change})


def test_the_villages_are_all_there() -> None:
    assert len(LAT) == N_VILLAGES + 3
    assert len(set(SUBDISTRICT[:N_VILLAGES])) == 19
