import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from simsec.base.errors import InputError
from simsec.geography import outlines, read_boundaries
from tests.geography.area import LAT, LON, N_VILLAGES, SUBDISTRICT


def area_of(rings: list[np.ndarray]) -> shapely.Geometry:
    """The area the rings enclose, by the even-odd rule."""
    whole: shapely.Geometry = shapely.Polygon()
    for ring in rings:
        whole = whole.symmetric_difference(shapely.Polygon(ring))
    return whole


def test_every_village_lies_in_its_own_sub_district_and_no_two_overlap() -> None:
    areas = outlines(LAT[:N_VILLAGES], LON[:N_VILLAGES], SUBDISTRICT[:N_VILLAGES], 1.5)
    shapes = {name: area_of(rings) for name, rings in areas.items()}
    assert list(shapes) == list(dict.fromkeys(SUBDISTRICT[:N_VILLAGES]))
    for lat, lon, name in zip(LAT, LON, SUBDISTRICT[:N_VILLAGES], strict=False):
        assert shapely.contains_xy(shapes[name], lon, lat)
    together = shapely.union_all(list(shapes.values())).area
    assert sum(shape.area for shape in shapes.values()) == pytest.approx(together, rel=1e-9)
    assert together * 111.2 * 110.3 == pytest.approx(1019, rel=0.35)  # km2, the official area, and the rim beside it


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from("abc")), min_size=1, max_size=12),
    st.floats(0.1, 5),
)
def test_few_points_points_in_a_line_and_points_on_each_other_have_outlines(
    points: list[tuple[int, int, str]], margin_km: float
) -> None:
    lat, lon, group = (np.array(column) for column in zip(*points, strict=True))
    areas = outlines(lat / 50, 110 + lon / 50, group.tolist(), margin_km)
    first = {(y, x): name for y, x, name in reversed(points)}
    assert set(areas) == set(first.values())
    for (y, x), name in first.items():
        assert shapely.contains_xy(area_of(areas[name]), 110 + x / 50, y / 50)


def test_outer_rings_turn_anticlockwise_and_holes_clockwise() -> None:
    east, north = np.meshgrid(np.arange(3), np.arange(3))
    group = ["ring"] * 4 + ["middle"] + ["ring"] * 4
    rings = outlines(north.ravel() / 50, 110 + east.ravel() / 50, group, 1.0)["ring"]
    assert [shapely.is_ccw(shapely.linearrings(ring)) for ring in rings] == [True, False]
    assert all((ring[0] == ring[-1]).all() for ring in rings)


def test_islands_are_drawn_apart_from_the_mainland() -> None:
    near, far = [110.00, 110.02, 110.04, 110.06], [110.20, 110.26, 110.60]
    groups = ["land"] * 4 + ["islands"] * 3
    areas = outlines([-7.0] * 7, near + far, groups, 1.5)
    assert [len(areas[name]) for name in ("land", "islands")] == [1, 2]  # 15 km and 37 km of water between
    assert shapely.contains_xy(area_of(areas["islands"]), 110.23, -7.0)  # 7 km apart: one island
    assert not any(shapely.contains_xy(area_of(rings), 110.13, -7.0) for rings in areas.values())
    sparse = outlines([-7.0] * 4, [110.0, 110.2, 110.4, 110.6], ["one"] * 4, 1.5)
    assert len(sparse["one"]) == 1  # 22 km from each to the next: thinly settled, not islands


def test_the_margin_is_what_lies_beyond_a_lonely_point() -> None:
    ((ring,),) = outlines([0.0], [110.0], ["alone"], 2.0).values()
    assert np.hypot(*(ring - [110.0, 0.0]).T) * 111.195 == pytest.approx(2.0, rel=1e-3)


def test_no_points_have_no_outlines_and_nonsense_is_refused() -> None:
    assert outlines([], [], [], 1.0) == {}
    with pytest.raises(ValueError, match="margin"):
        outlines([0.0], [110.0], ["a"], 0.0)
    with pytest.raises(ValueError, match="one value"):
        outlines([0.0, 1.0], [110.0, 110.0], ["a"], 1.0)


# --- a user's own boundaries

SQUARE = [[110.0, -7.0], [111.0, -7.0], [111.0, -6.0], [110.0, -6.0], [110.0, -7.0]]
HOLE = [[110.4, -6.6], [110.6, -6.6], [110.6, -6.4], [110.4, -6.6]]


def geojson(path: Path, *geometries: tuple[dict[str, object], object]) -> Path:
    features = [{"type": "Feature", "properties": names, "geometry": shape} for names, shape in geometries]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_boundaries_are_read_by_code_or_by_name(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "boundaries.geojson",
        ({"code": "33.22.01", "name": "Getasan"}, {"type": "Polygon", "coordinates": [SQUARE[::-1], HOLE]}),
        ({"name": "Suruh"}, {"type": "MultiPolygon", "coordinates": [[SQUARE], [HOLE]]}),
        ({"name": "Suruh"}, {"type": "Polygon", "coordinates": [[[*point, 350.0] for point in SQUARE]]}),
    )
    areas = read_boundaries(path)
    assert {name: len(rings) for name, rings in areas.items()} == {"33.22.01": 2, "Suruh": 3}
    turns = [shapely.is_ccw(shapely.linearrings(ring)) for ring in areas["33.22.01"]]
    assert turns == [True, False]
    assert area_of(areas["33.22.01"]).area == pytest.approx(1 - 0.02)
    assert list(read_boundaries(path, key="name")) == ["Getasan", "Suruh"]


def test_everything_wrong_in_a_boundary_file_is_told_at_once(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "boundaries.geojson",
        ({}, {"type": "Polygon", "coordinates": [SQUARE]}),
        ({"name": "open"}, {"type": "Polygon", "coordinates": [SQUARE[:-1]]}),
        ({"name": "metres"}, {"type": "Polygon", "coordinates": [[[434000, 9214000]] * 4]}),
        ({"name": "nan"}, {"type": "Polygon", "coordinates": [[[float("nan"), 1], *SQUARE[1:-1], [1, 1]]]}),
        ({"name": "text"}, {"type": "MultiPolygon", "coordinates": [[[["110", "-7"]] * 4]]}),
        ({"name": "point"}, {"type": "Point", "coordinates": [110, -7]}),
        ({"name": "none"}, None),
        ({"name": "empty"}, {"type": "Polygon", "coordinates": []}),
        ({"name": "huge"}, {"type": "Polygon", "coordinates": [[[10**400, 0]] * 4]}),
    )
    with pytest.raises(InputError) as error:
        read_boundaries(path)
    assert [(problem.column, problem.what) for problem in error.value.problems] == [
        ("features[0].properties", "the area has no name"),
        ("features[1].geometry.coordinates[0]", "no closed ring"),
        ("features[2].geometry.coordinates[0][0]", "no position"),
        ("features[3].geometry.coordinates[0]", "no closed ring"),
        ("features[4].geometry.coordinates[0][0][0]", "no position"),
        ("features[5].geometry.type", "no area"),
        ("features[6].geometry.type", "no area"),
        ("features[7].geometry.coordinates", "a polygon without rings"),
        ("features[8].geometry.coordinates[0][0]", "no position"),
    ]
    assert all(problem.remedy for problem in error.value.problems)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no JSON"),
        (b"{\n'type'", "no JSON"),
        (b"[]", "no collection of features"),
        (b'{"features": []}', "no collection of features"),
        (b"\xff\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_what_is_no_geojson_is_told(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "boundaries.geojson"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what):
        read_boundaries(path)


def test_a_missing_boundary_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_boundaries(tmp_path / "nothing.geojson")
