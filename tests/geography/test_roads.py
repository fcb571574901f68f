from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from simsec.base.errors import InputError, Problem
from simsec.geography import (
    CAR,
    FOOT,
    MOTORCYCLE,
    TRUCK,
    VEHICLES,
    RoadGraph,
    attach,
    read_edge_csv,
    read_graphml,
    road_graph,
    route,
    travel_table,
)
from simsec.geography.road_files import MAX_PROBLEMS
from tests.geography.area import SETTINGS

HEADER = "from_lat,from_lon,to_lat,to_lon,km,minutes"


def osmnx_file(path: Path, edges: list[tuple[int, int, dict[str, object]]], **graph: str) -> Path:
    """A file as osmnx.save_graphml writes it: a directed multigraph whose values are all text."""
    street = nx.MultiDiGraph(**{"crs": "epsg:4326", "created_date": "2024-11-01", "simplified": "True", **graph})
    for node in range(4):
        street.add_node(node, x=str(110.4 + node / 100), y="-7.1", street_count="3")
    for a, b, data in edges:
        street.add_edge(a, b, **{name: str(value) for name, value in data.items()})
    nx.write_graphml(street, path)
    return path


def problems_of(call: Callable[..., RoadGraph], *arguments: object) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as error:
        call(*arguments)
    return error.value.problems


def row_text(path: Path, problem: Problem) -> str:
    return path.read_text(encoding="utf-8").splitlines()[problem.row - 1]


def car_minutes(graph: RoadGraph) -> list[float]:
    return graph.edge_minutes[CAR].round(4).tolist()


# --- GraphML


def test_a_file_of_osmnx_is_read(tmp_path: Path) -> None:
    path = osmnx_file(
        tmp_path / "roads.graphml",
        [
            (0, 1, {"length": 1200.0, "travel_time": 90.0, "highway": "residential", "oneway": "False"}),
            (1, 0, {"length": 1200.0, "travel_time": 120.0, "highway": "residential", "oneway": "False"}),
            (1, 2, {"length": 1500.0, "speed_kph": 45.0, "maxspeed": "30"}),
            (2, 3, {"length": 1500.0, "maxspeed": "['50', '30']"}),
            (2, 3, {"length": 3000.0, "maxspeed": "60 mph"}),
            (3, 2, {"length": 1400.0, "highway": "primary"}),
            (3, 1, {"length": 2800.0, "highway": "['tertiary', 'unclassified']", "maxspeed": "none"}),
            (3, 0, {"length": 7900.0, "highway": "motorway_link"}),
            (0, 2, {"length": 2500.0, "highway": "path"}),
        ],
    )
    graph = read_graphml(path, SETTINGS)
    ends = list(zip(graph.edge_from.tolist(), graph.edge_to.tolist(), strict=True))
    car = dict(zip(ends, zip(*graph.edge_minutes.tolist(), strict=True), strict=True))
    assert len(ends) == 9
    assert car[0, 1] == pytest.approx((1.5, 1.5, 1.5 / 0.8, 14.4))  # travel_time in seconds
    assert car[1, 0][CAR] == pytest.approx(2.0)
    assert car[1, 2][CAR] == pytest.approx(2.0)  # speed_kph before maxspeed
    twice = [m for end, m in zip(ends, car_minutes(graph), strict=True) if end == (2, 3)]
    assert sorted(twice) == pytest.approx([3 / 96.56064 * 60, 3.0], abs=1e-3)  # miles, and the lowest of several
    assert car[3, 2][CAR] == pytest.approx(1.4 / 45 * 60)
    assert car[3, 1][CAR] == pytest.approx(2.8 / 28 * 60)
    assert car[3, 0][CAR] == pytest.approx(6.0)
    assert np.isinf([car[3, 0][MOTORCYCLE], car[3, 0][FOOT], car[0, 2][CAR], car[0, 2][TRUCK]]).all()
    assert car[0, 2][FOOT] == pytest.approx(30.0)
    assert graph.node_lon.tolist() == pytest.approx([110.4, 110.41, 110.42, 110.43])
    assert np.isnan(graph.elevation_m).all()


def test_numbers_written_as_numbers_and_undirected_graphs_are_read_too(tmp_path: Path) -> None:
    street = nx.Graph()
    street.add_node("a", x=110.4, y=-7.1, elevation=320.5)
    street.add_node("b", x=110.41, y=-7.1)
    street.add_edge("a", "b", length=1200, travel_time=60)
    nx.write_graphml(street, tmp_path / "roads.graphml")
    graph = read_graphml(tmp_path / "roads.graphml", SETTINGS)
    assert list(zip(graph.edge_from.tolist(), graph.edge_to.tolist(), strict=True)) == [(0, 1), (1, 0)]
    assert graph.elevation_m[0] == 320.5


def test_a_road_of_no_length_keeps_two_places_a_hair_apart(tmp_path: Path) -> None:
    path = tmp_path / "roads.graphml"
    street = nx.MultiDiGraph()
    for node in range(2):
        street.add_node(node, x="110.4", y="-7.1")
    for a, b in ((0, 1), (1, 0)):
        street.add_edge(a, b, length="0.0", travel_time="0.0")
    nx.write_graphml(street, path)
    minutes = travel_table(read_graphml(path, SETTINGS), 2).minutes[:, 0, 1]
    assert ((minutes > 0) & (minutes < 1e-4)).all()


def test_everything_wrong_in_a_graph_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = osmnx_file(
        tmp_path / "roads.graphml",
        [
            (0, 1, {"length": "long", "travel_time": 90}),
            (1, 2, {"travel_time": 90}),
            (2, 3, {"length": 1200, "travel_time": -5}),
            (3, 2, {"length": 1200, "travel_time": 1.5}),
            (3, 0, {"length": 3.3, "travel_time": 300}),
            (0, 2, {"length": 2400, "speed_kph": "nan"}),
        ],
    )
    text = path.read_text(encoding="utf-8").replace('source="0" target="1"', 'source="0" target="77"')
    path.write_text(text.replace("110.4<", "1104<"), encoding="utf-8")
    problems = problems_of(read_graphml, path, SETTINGS)
    found = {(problem.column, problem.what.split()[0], problem.value) for problem in problems}
    assert found == {
        ("x", "out", "1104"),
        ("target", "names", "77"),
        ("length", "no", "long"),
        ("length", "missing", ""),
        ("travel_time", "out", "-5"),
        ("travel_time", "faster", "1.2 km in 0.025 minutes"),
        ("speed_kph", "out", "nan"),
    }
    assert all(problem.remedy and problem.file == str(path) for problem in problems)
    assert 'target="77"' in row_text(path, next(problem for problem in problems if problem.column == "target"))
    assert '<node id="0"' in row_text(path, next(problem for problem in problems if problem.column == "x"))


def test_a_road_shorter_than_the_straight_line_is_told(tmp_path: Path) -> None:
    path = osmnx_file(tmp_path / "roads.graphml", [(0, 3, {"length": 3.3, "travel_time": 300})])
    (problem,) = problems_of(read_graphml, path, SETTINGS)
    assert problem.what == "shorter than the straight line"
    assert problem.bound.startswith("3.31 km")


def test_a_second_node_of_one_id_is_told(tmp_path: Path) -> None:
    path = osmnx_file(tmp_path / "roads.graphml", [(0, 1, {"length": 1200, "travel_time": 90})])
    path.write_text(path.read_text(encoding="utf-8").replace('<node id="3"', '<node id="2"'), encoding="utf-8")
    assert [problem.what for problem in problems_of(read_graphml, path, SETTINGS)] == ["a second node of this id"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_any_entity_expands(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.graphml"
    lines = [f'<?xml version="1.0" encoding="{encoding}"?>', '<!DOCTYPE graphml [<!ENTITY a "aaaaaaaaaa">']
    lines += [f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(12)]
    path.write_text("\n".join([*lines, "]><graphml>&m;</graphml>"]), encoding=encoding)
    (problem,) = problems_of(read_graphml, path, SETTINGS)
    assert "DOCTYPE" in problem.what
    assert problem.row == 2


def test_a_projected_graph_is_refused(tmp_path: Path) -> None:
    path = osmnx_file(tmp_path / "roads.graphml", [(0, 1, {"length": 1200})], crs="EPSG:32749")
    (problem,) = problems_of(read_graphml, path, SETTINGS)
    assert (problem.column, problem.value, problem.bound) == ("crs", "EPSG:32749", "EPSG:4326")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no well-formed XML"),
        (b"from_lat,from_lon\n", "no well-formed XML"),
        (b"<graphml><graph><node id='1'>", "no well-formed XML"),
        (b"<graphml><graph edgedefault='directed'/></graphml>", "holds no road"),
        (b"<?xml version='1.0' encoding='klingon'?><graphml/>", "XML"),
        (b"\xff\xfe\x00", "no well-formed XML"),
    ],
)
def test_what_is_no_graph_is_told(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "roads.graphml"
    path.write_bytes(content)
    assert what in problems_of(read_graphml, path, SETTINGS)[0].what


@pytest.mark.parametrize("reader", [read_graphml, read_edge_csv])
def test_a_missing_file_and_a_folder_are_told(reader: Callable[..., RoadGraph], tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        assert "cannot be read" in problems_of(reader, path, SETTINGS)[0].what


def test_a_thousand_problems_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "roads.csv"
    path.write_text(HEADER + "\n" + "x,110.4,-7.1,110.41,1.2,2\n" * 1000, encoding="utf-8")
    problems = problems_of(read_edge_csv, path, SETTINGS)
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].what.startswith(f"{1000 - MAX_PROBLEMS} more")


# --- CSV


def csv_file(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "roads.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def test_stretches_meet_at_their_ends_and_are_open_both_ways(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "-7.1,110.40,-7.1,110.41,1.2,2,",
        "",
        "-7.1,110.410000,-7.1,110.42,1.2,1.5,car truck",
        header=HEADER + ",vehicles",
    )
    graph = read_edge_csv(path, SETTINGS)
    table = travel_table(graph, 3)
    assert len(graph.node_lat) == 3
    assert table.minutes[CAR].tolist() == [[0, 2, 3.5], [2, 0, 1.5], [3.5, 1.5, 0]]
    assert np.isinf(table.minutes[[MOTORCYCLE, FOOT], 0, 2]).all()
    assert table.minutes[TRUCK, 0, 2] == pytest.approx(3.5 / 0.8)


def test_everything_wrong_in_a_csv_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "110.40,-7.1,-7.1,110.41,1.2,2,",  # latitude and longitude swapped
        "-7.1,110.40,-7.1,110.41,1.2,,",
        "-7.1,110.40,-7.1,110.41,1.2,2,boat car",
        "-7.1,110.40,-7.1,110.41,1.2",
        "-7.1,110.40,-7.1,110.41,0.2,2,",
        "-7.1,110.40,-7.1,110.41,1200,2,",
        "-7.1,110.40,-7.1,110.41,inf,-2,",
        header=HEADER + ",vehicles",
    )
    problems = problems_of(read_edge_csv, path, SETTINGS)
    assert {(problem.row, problem.column, problem.what) for problem in problems} == {
        (2, "from_lat", "out of bounds"),
        (3, "minutes", "missing"),
        (4, "vehicles", "no such vehicle"),
        (5, "", "wrong number of cells"),
        (6, "km", "shorter than the straight line"),
        (7, "minutes", "faster than any car"),
        (8, "km", "out of bounds"),
        (8, "minutes", "out of bounds"),
    }
    assert all(problem.remedy for problem in problems)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "columns missing"),
        (b"from_lat;from_lon;to_lat;to_lon;km;minutes\n1;2;3;4;5;6\n", "columns missing"),
        ((HEADER + ",km\n").encode(), "columns given twice"),
        ((HEADER + "\n").encode(), "holds no road"),
        (HEADER.encode("utf-16"), "not written in UTF-8"),
        ((HEADER + "\n" + "9" * 200_000 + "\n").encode(), "no readable CSV"),
    ],
)
def test_what_is_no_table_of_roads_is_told(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "roads.csv"
    path.write_bytes(content)
    assert what in problems_of(read_edge_csv, path, SETTINGS)[0].what


def test_a_table_saved_by_excel_is_read(tmp_path: Path) -> None:
    path = tmp_path / "roads.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "\r\n-7.1,110.40,-7.1,110.41,1.2,2\r\n").encode())
    assert car_minutes(read_edge_csv(path, SETTINGS)) == [2.0, 2.0]


# --- places on roads


def street(n: int, **minutes: float) -> RoadGraph:
    """Crossings a kilometre apart along the equator, a minute from each to the next."""
    a, b = np.arange(n - 1), np.arange(1, n)
    per_vehicle = [[minutes.get(name, 1.0)] * (2 * n - 2) for name in VEHICLES]
    return road_graph(np.zeros(n), 110 + np.arange(n) / 111.195, np.full(n, np.nan), np.r_[a, b], np.r_[b, a],
                      np.full(2 * n - 2, 1.0), per_vehicle)  # fmt: skip


def test_places_hang_on_the_nearest_crossing_by_a_straight_stretch() -> None:
    graph = attach(street(10), [1 / 111.195, 2 / 111.195], [110.0, 110 + 9 / 111.195], SETTINGS)
    table = travel_table(graph, 2)
    assert table.minutes[CAR, 0, 1] == pytest.approx(9 + (1 + 2) / 28 * 60, rel=1e-3)
    assert table.minutes[TRUCK, 0, 1] == pytest.approx(9 + (1 + 2) / 28 / 0.8 * 60, rel=1e-3)
    assert table.minutes[FOOT, 0, 1] == pytest.approx(9 + (1 + 2) / 5 * 60, rel=1e-3)


def test_a_way_past_other_places_is_told_by_them() -> None:
    away = 0.3 / 111.195
    graph = attach(street(10), [away, away, away, away], 110 + np.array([0, 3, 6, 9]) / 111.195, SETTINGS)
    table = travel_table(graph, 4)
    assert route(table, CAR, 0, 3) == (0, 1, 2, 3)
    assert route(table, CAR, 3, 1) == (3, 2, 1)


def test_islands_of_road_and_one_way_traps_are_passed_over() -> None:
    # 0-1-2 hang together; 3-4 is an island right beside the place; 2 -> 5 leads in and never out.
    lon = np.array([0, 1, 2, 0.1, 0.2, 2.1])
    ends = [(0, 1), (1, 0), (1, 2), (2, 1), (3, 4), (4, 3), (2, 5)]
    roads_ = road_graph(np.zeros(6), 110 + lon / 111.195, np.zeros(6), [a for a, _ in ends], [b for _, b in ends],
                        np.full(7, 1.0), np.full((4, 7), 1.0))  # fmt: skip
    minutes = travel_table(attach(roads_, [0.0, 0.0], 110 + np.array([0.1, 2.1]) / 111.195, SETTINGS), 2).minutes
    assert np.isfinite(minutes).all()
    assert minutes[CAR, 0, 1] == pytest.approx(2 + 0.2 / 28 * 60, rel=1e-3)


def test_each_vehicle_joins_the_roads_it_may_use() -> None:
    # The first crossings lie on a road for cars and trucks only.
    graph = street(6)
    closed = graph.edge_minutes.copy()
    early = np.minimum(graph.edge_from, graph.edge_to) < 2
    closed[np.ix_([MOTORCYCLE, FOOT], np.flatnonzero(early))] = np.inf
    toll = road_graph(graph.node_lat, graph.node_lon, graph.elevation_m, graph.edge_from, graph.edge_to, graph.edge_km,
                      closed)  # fmt: skip
    minutes = travel_table(attach(toll, [0.0, 0.0], 110 + np.array([0, 5]) / 111.195, SETTINGS), 2).minutes[:, 0, 1]
    assert minutes[CAR] == pytest.approx(5)
    assert minutes[MOTORCYCLE] == pytest.approx(3 + 2 / 28 * 60, rel=1e-3)


def test_places_far_from_any_road_are_told_each() -> None:
    problems = problems_of(attach, street(3), [0.0, 1.0, 2.0], [110.0, 110.0, 110.0], SETTINGS)
    assert [problem.column for problem in problems] == ["place 2", "place 3"]
    assert problems[0].bound == "at most 7 km"


def test_a_vehicle_without_any_road_is_told() -> None:
    problems = problems_of(attach, street(3, truck=np.inf), [0.0], [110.0], SETTINGS)
    assert [problem.value for problem in problems] == ["truck"]


def test_attaching_changes_no_road() -> None:
    roads_ = street(4)
    graph = attach(roads_, [0.0], [110.0], replace(SETTINGS, speed_village_kmh=1.0))
    assert graph.edge_minutes[:, -len(roads_.edge_km) :].tolist() == roads_.edge_minutes.tolist()
    assert (graph.edge_from[-len(roads_.edge_km) :] - 1).tolist() == roads_.edge_from.tolist()
