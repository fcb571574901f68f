"""Laws of roads that close: nothing gets quicker or out of reach, and the corrected table is the table."""

import numpy as np
import pytest

from simsec.geography.closing import (
    Detours,
    at_worst,
    even,
    first_hop,
    on_foot,
    one_road,
    slower_shares,
    under_water,
    village_roads,
    water_speed,
)
from simsec.geography.graph import CAR, FOOT, MOTORCYCLE, TRUCK, RoadGraph
from simsec.geography.ground import ground_of, post_node
from simsec.geography.travel import Travel, route, shares_on_way, travel_table, zone_shares
from tests.areas import shipped

STEEP = np.flatnonzero(shipped().villages.steep_ground).tolist()
LOW = np.flatnonzero(shipped().villages.low_ground).tolist()


def dry() -> RoadGraph:
    return ground_of(shipped()).graph


def cut(village: int) -> RoadGraph:
    posts, sector = shipped().posts, shipped().villages.subdistrict[village]
    ends = [post_node(shipped(), p) for p in posts.of_type("ppk", "polsek") if posts.subdistrict[p] == sector]
    return on_foot(dry(), one_road(dry(), village, ends, post_node(shipped(), posts.of_type("polres")[0])))


def wet(village: int, depth_mm: float = 250.0) -> RoadGraph:
    return under_water(dry(), village_roads(dry(), village), depth_mm, 200.0)


def detours(after: RoadGraph) -> Detours:
    return Detours(ground_of(shipped()).travel, dry(), after)


def slower_table(after: RoadGraph) -> tuple[Travel, list[int]]:
    found = detours(after)
    return found.table(), found.concerned(CAR).tolist()


@pytest.mark.parametrize("after", [cut(STEEP[3]), cut(STEEP[20]), wet(LOW[0]), wet(LOW[9], 500.0)])
def test_a_corrected_table_is_the_one_worked_out_anew(after: RoadGraph) -> None:
    ground, nodes = ground_of(shipped()), len(ground_of(shipped()).node_zone)
    found, anew = slower_table(after)
    whole = travel_table(after, nodes)
    assert len(anew) < nodes / 2
    np.testing.assert_allclose(found.minutes, whole.minutes, rtol=1e-9)
    np.testing.assert_array_equal(found.previous, whole.previous)
    zones = ground.zone_share.shape[2]
    np.testing.assert_allclose(
        slower_shares(ground.zone_share, found, np.array(anew), ground.node_zone),
        zone_shares(whole, CAR, ground.node_zone, zones),
        atol=1e-6,
    )


def test_one_way_asked_for_is_that_of_the_table_to_the_last_digit() -> None:
    ground, after = ground_of(shipped()), at_worst(cut(STEEP[5]), wet(LOW[4]))
    whole, alone = slower_table(after)[0], detours(after)
    zones, seen = ground.zone_share.shape[2], 0
    shares = slower_shares(ground.zone_share, whole, alone.concerned(CAR), ground.node_zone)
    for vehicle in (CAR, MOTORCYCLE, TRUCK):
        for origin in alone.concerned(vehicle)[::3].tolist():
            minutes, last = alone.way(vehicle, origin)
            assert minutes.tolist() == whole.minutes[vehicle, origin].tolist()
            assert last.tolist() == whole.previous[vehicle, origin].tolist()
            others = np.setdiff1d(np.arange(len(minutes)), alone.concerned(vehicle))
            hops = [first_hop(origin, last, place) for place in others.tolist()]
            assert hops == whole.previous[vehicle, others, origin].tolist()
            for end in range(0, len(minutes) if vehicle == CAR else 0, 7):
                one = shares_on_way(minutes, last, (origin, end), ground.node_zone, zones)
                assert one.tolist() == shares[origin, end].tolist()
                seen += 1
    assert seen > 50


def test_nothing_gets_quicker_and_nothing_out_of_reach() -> None:
    ground = ground_of(shipped())
    for after in (cut(STEEP[0]), cut(STEEP[11]), wet(LOW[3], 800.0)):
        minutes = slower_table(after)[0].minutes
        assert (minutes >= ground.travel.minutes * (1 - 1e-12)).all()
        assert np.isfinite(minutes).all() and (minutes > ground.travel.minutes * 1.01).any()


def test_a_corrected_route_leads_back_to_its_origin() -> None:
    found, anew = slower_table(wet(LOW[9], 500.0))
    for vehicle in (CAR, TRUCK):
        for origin in (*anew[:4], 0, 100):
            for end in range(0, found.minutes.shape[1], 3):
                assert route(found, vehicle, origin, end)[0] == origin
                before = found.previous[vehicle, origin, end]
                assert end == origin or found.minutes[vehicle, origin, before] < found.minutes[vehicle, origin, end]


def test_main_roads_stay_open() -> None:
    graph = dry()
    for village in (*STEEP, *LOW):
        for after in (cut(village), wet(village, 800.0)):
            slower = (after.edge_minutes > graph.edge_minutes).any(axis=0)
            assert not (slower & graph.edge_main).any()
    assert graph.edge_main.sum() > 100 and even(graph)


def test_where_the_road_is_cut_people_walk_it() -> None:
    graph, seen = dry(), 0
    for village in STEEP:
        after = cut(village)
        for edge in np.flatnonzero(after.edge_minutes[CAR] > graph.edge_minutes[CAR]).tolist():
            assert village in (graph.edge_from[edge], graph.edge_to[edge])
            assert (after.edge_minutes[:, edge] == graph.edge_minutes[FOOT, edge]).all()
            seen += 1
    assert seen > 50


def test_water_takes_speed_until_nobody_drives_and_a_truck_wades_deeper() -> None:
    depths = [water_speed(np.array([float(mm)]))[0] for mm in range(0, 400, 10)]
    assert depths == sorted(depths, reverse=True) and depths[0] == 1.0 and depths[30] == 0.0
    graph, edges = dry(), village_roads(dry(), LOW[0])
    shallow, deep = (under_water(graph, edges, mm, 200.0).edge_minutes[:, edges[0]] for mm in (150.0, 310.0))
    free = graph.edge_minutes[:, edges[0]]
    assert free[CAR] < shallow[CAR] < deep[CAR] == free[FOOT] and shallow[MOTORCYCLE] == shallow[CAR]
    assert shallow[TRUCK] == free[TRUCK] < deep[TRUCK] < free[FOOT] == deep[FOOT]
