import itertools
import logging
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.geography import (
    CAR,
    MOTORCYCLE,
    VEHICLES,
    RoadGraph,
    Travel,
    cached_travel_table,
    road_graph,
    route,
    travel,
    travel_table,
    zone_shares,
)
from simsec.geography.graph import LEAST_MIN
from tests.geography.area import LAT, SUBDISTRICT, area_graph, area_travel, place

Edge = tuple[int, int, float]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[RoadGraph, list[Edge], int]:
    """Directed graphs with parallel edges, loops and edges of no length, and how many of their nodes are places."""
    n = draw(st.integers(1, 9))
    node = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(node, node, st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5, 7.0])), max_size=24))
    return graph_of(n, edges), edges, draw(st.integers(1, n))


def graph_of(n: int, edges: list[Edge]) -> RoadGraph:
    minutes = [[m for *_, m in edges]] * len(VEHICLES)
    return road_graph(np.zeros(n), np.arange(n), np.zeros(n), [a for a, *_ in edges], [b for _, b, _ in edges],
                      [m for *_, m in edges], minutes)  # fmt: skip


@given(graphs())
def test_minutes_are_those_of_shortest_paths(case: tuple[RoadGraph, list[Edge], int]) -> None:
    graph, edges, n_places = case
    expected = nx.MultiDiGraph()
    expected.add_nodes_from(range(len(graph.node_lat)))
    expected.add_weighted_edges_from((a, b, max(minutes, LEAST_MIN)) for a, b, minutes in edges)
    table = travel_table(graph, n_places)
    for origin in range(n_places):
        lengths = nx.single_source_dijkstra_path_length(expected, origin)
        row = [lengths.get(place, np.inf) for place in range(n_places)]
        np.testing.assert_allclose(table.minutes[:, origin], [row] * len(VEHICLES), rtol=1e-12)


@given(graphs())
def test_every_walk_back_gets_nearer_and_ends_at_its_origin(case: tuple[RoadGraph, list[Edge], int]) -> None:
    graph, _, n_places = case
    table = travel_table(graph, n_places)
    for origin in range(n_places):
        for destination in range(n_places):
            way = route(table, CAR, origin, destination)
            assert bool(way) == np.isfinite(table.minutes[CAR, origin, destination])
            if way:
                assert (way[0], way[-1]) == (origin, destination)
                assert (np.diff(table.minutes[CAR, origin, list(way)]) > 0).all()


@given(graphs(), st.integers(1, 4))
def test_shares_are_the_halves_of_the_hops(case: tuple[RoadGraph, list[Edge], int], n_zones: int) -> None:
    graph, _, n_places = case
    table = travel_table(graph, n_places)
    zone = np.arange(n_places) * 7 % n_zones
    shares = zone_shares(table, CAR, zone, n_zones)
    np.testing.assert_allclose(shares.sum(axis=2), 1, rtol=1e-6)
    for origin, destination in np.ndindex(n_places, n_places):
        way = route(table, CAR, origin, destination)
        expected = np.zeros(n_zones)
        if len(way) > 1:
            for a, b in itertools.pairwise(way):
                hop = table.minutes[CAR, origin, b] - table.minutes[CAR, origin, a]
                expected[zone[a]] += hop / 2
                expected[zone[b]] += hop / 2
            expected /= table.minutes[CAR, origin, destination]
        else:
            expected[zone[origin]] += 0.5
            expected[zone[destination]] += 0.5
        np.testing.assert_allclose(shares[origin, destination], expected, atol=1e-6)


def test_a_zone_out_of_range_is_refused() -> None:
    table = travel_table(graph_of(2, [(0, 1, 1.0)]), 2)
    for zone in ([0], [0, 2], [-1, 0]):
        with pytest.raises(ValueError, match="zone needs"):
            zone_shares(table, CAR, np.array(zone), 2)


def test_roads_open_both_ways_take_as_long_either_way() -> None:
    minutes = area_travel().minutes
    np.testing.assert_allclose(minutes, minutes.transpose(0, 2, 1), rtol=1e-9)


def test_no_detour_is_quicker() -> None:
    for minutes in area_travel().minutes:
        for by in range(0, len(LAT), 7):
            assert (minutes <= minutes[:, by, None] + minutes[None, by, :] + 1e-9).all()


def test_hops_are_edges_and_their_minutes_sum_to_the_table() -> None:
    graph, table = area_graph(), area_travel()
    for vehicle in range(len(VEHICLES)):
        quickest: dict[tuple[int, int], float] = {}
        for a, b, minutes in zip(graph.edge_from.tolist(), graph.edge_to.tolist(), graph.edge_minutes[vehicle].tolist(),
                                 strict=True):  # fmt: skip
            quickest[a, b] = min(minutes, quickest.get((a, b), np.inf))
        for origin in range(0, len(LAT), 29):
            for destination in range(0, len(LAT), 13):
                way = route(table, vehicle, origin, destination)
                total = sum(quickest[hop] for hop in itertools.pairwise(way))
                assert total == pytest.approx(table.minutes[vehicle, origin, destination], abs=1e-9)


def test_of_two_roads_between_the_same_places_the_quicker_counts() -> None:
    assert travel_table(graph_of(2, [(0, 1, 9.0), (0, 1, 4.0), (0, 1, 6.0)]), 2).minutes[CAR, 0, 1] == 4.0


def test_a_road_graph_with_more_nodes_than_places_is_told_in_places() -> None:
    # Places 0, 1, 2 hang on crossings 3, 4, 5 of one road: nobody drives down the spur to 1 on the way from 0 to 2.
    road = [(3, 4, 5.0), (4, 5, 5.0), (0, 3, 1.0), (1, 4, 1.0), (2, 5, 1.0)]
    table = travel_table(graph_of(6, road + [(b, a, minutes) for a, b, minutes in road]), 3)
    assert table.minutes[CAR].tolist() == [[0, 7, 12], [7, 0, 7], [12, 7, 0]]
    assert route(table, CAR, 0, 2) == (0, 1, 2)
    assert zone_shares(table, CAR, np.array([0, 1, 2]), 3)[0, 2] == pytest.approx(np.array([3.5, 6.0, 2.5]) / 12)


def test_more_places_than_nodes_are_refused() -> None:
    with pytest.raises(ValueError, match="3 places"):
        travel_table(graph_of(2, []), 3)


def test_many_sources_are_worked_off_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = area_travel()
    monkeypatch.setattr(travel, "_CELLS_AT_ONCE", 50 * len(LAT))
    parts = travel_table(area_graph(), len(LAT))
    assert (parts.minutes == whole.minutes).all()
    assert (parts.previous == whole.previous).all()


def test_the_zone_of_a_trip_inside_one_sub_district_is_that_sub_district() -> None:
    names = sorted(set(SUBDISTRICT))
    zone = np.array([names.index(name) for name in SUBDISTRICT])
    shares = zone_shares(area_travel(), MOTORCYCLE, zone, len(names))
    a, b = place("Getasan"), place("Batur", "Getasan")
    assert shares[a, b, zone[a]] == 1.0
    assert shares[a, a, zone[a]] == 1.0


# --- the cache


def same(a: Travel, b: Travel) -> bool:
    return bool((a.minutes == b.minutes).all() and (a.previous == b.previous).all())


def forbid(*_: object) -> Travel:
    raise AssertionError("computed again")


def test_a_cached_table_is_the_computed_one_to_the_last_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = cached_travel_table(area_graph(), len(LAT), tmp_path / "cache")
    assert same(table, area_travel())
    monkeypatch.setattr(travel, "travel_table", forbid)
    again = cached_travel_table(area_graph(), len(LAT), tmp_path / "cache")
    assert same(again, table)
    assert not again.minutes.flags.writeable


def test_another_graph_or_another_number_of_places_is_another_table(tmp_path: Path) -> None:
    for graph, n_places in [(graph_of(3, [(0, 1, 2.0)]), 3), (graph_of(3, [(0, 1, 2.0)]), 2), (graph_of(3, []), 2)]:
        assert same(cached_travel_table(graph, n_places, tmp_path), travel_table(graph, n_places))
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_a_torn_file_is_written_again(kept: float, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    graph = graph_of(3, [(0, 1, 2.0), (1, 2, 2.0)])
    cached_travel_table(graph, 3, tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    assert same(cached_travel_table(graph, 3, tmp_path), travel_table(graph, 3))
    assert "damaged" in caplog.text
    assert file.read_bytes() == whole
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_says_something_else_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(2, [(0, 1, 2.0)])
    table = cached_travel_table(graph, 2, tmp_path)
    (file,) = tmp_path.iterdir()
    for content in (
        dict(minutes=table.minutes + 1, previous=table.previous, digest=np.array("0" * 16)),
        dict(minutes=table.minutes[:, :1, :1], previous=table.previous, digest=np.array("")),
        dict(minutes=table.minutes),
        dict(minutes=np.array([None, "pickled"], dtype=object), previous=table.previous, digest=np.array("")),
    ):
        np.savez(file, **content)
        assert same(cached_travel_table(graph, 2, tmp_path), table)
    file.write_bytes(b"no archive at all")
    assert same(cached_travel_table(graph, 2, tmp_path), table)


def test_a_folder_that_cannot_be_written_costs_the_cache_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    graph = graph_of(2, [(0, 1, 2.0)])
    with caplog.at_level(logging.WARNING):
        table = cached_travel_table(graph, 2, tmp_path / "file" / "cache")
    assert same(table, travel_table(graph, 2))
    assert "not kept" in caplog.text
