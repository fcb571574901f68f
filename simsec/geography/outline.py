"""Outlines for maps: drawn from village points alone, or read from a boundary file of the user's own."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi, cKDTree

from simsec.base.errors import InputError, Message, Problem, say, system_words
from simsec.geography.distance import local_km, plane_to_degrees

_RING_POINTS, _RING_RADII = 16, 50.0
_HULL_RATIO = 0.25
"""How closely the hull hugs the points: 0 touches as many as it can, 1 is convex."""
_WATER_KM, _WATER_TIMES = 8.0, 4.0
"""No land is drawn across a gap wider than both: kilometres, and times the usual way to the nearest point."""
_REMEDY = "give a GeoJSON file of polygons in degrees, longitude first"

Rings = list[NDArray[np.float64]]
Group = TypeVar("Group", bound=Hashable)


def outlines(lat: ArrayLike, lon: ArrayLike, group: Sequence[Group], margin_km: float) -> dict[Group, Rings]:
    """Draw areas around groups of points: the cells nearest to the points (Voronoi), joined by group.

    They show what lies beside what, not where a legal boundary runs: land nearest to a point counts as its group's,
    an enclave without points is swallowed. Points far from all others are islands of their own.

    Args:
        lat: (n,) degrees north.
        lon: (n,) degrees east.
        group: (n,) group of every point; of points at one place the first counts.
        margin_km: how far the areas reach beyond the hull of the points; more than 0.

    Returns:
        Rings of every group in order of first appearance, each (k, 2) longitude and latitude and closed: outer rings
        run anticlockwise, holes clockwise (RFC 7946), so both fill rules draw them right.

    Raises:
        ValueError: the arguments differ in length, or the margin is not positive.

    Example:
        >>> areas = outlines([-7.0, -7.0, -7.1], [110.0, 110.1, 110.0], ["west", "east", "west"], 2.0)
        >>> {name: len(rings) for name, rings in areas.items()}
        {'west': 1, 'east': 1}
    """
    lats, lons = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    if not (lats.shape == lons.shape == (len(group),)):
        raise ValueError("lat, lon and group need one value a point")
    if not margin_km > 0:
        raise ValueError("the margin must be positive")
    if len(group) == 0:
        return {}
    origin = (float(lats.mean()), float(lons.mean()))
    xy, first = np.unique(local_km(lats, lons, origin), axis=0, return_index=True)
    islands = [shapely.concave_hull(shapely.MultiPoint(xy[one]), ratio=_HULL_RATIO) for one in _islands(xy)]
    hull = shapely.union_all(shapely.buffer(islands, margin_km))
    cells = shapely.intersection(_cells(xy), hull)
    members: dict[Group, list[int]] = {name: [] for name in dict.fromkeys(group)}
    for cell, point in enumerate(first):
        members[group[point]].append(cell)
    return {
        name: [plane_to_degrees(ring, origin) for ring in _rings(shapely.union_all(cells[cells_of]))]
        for name, cells_of in members.items()
        if cells_of
    }


def _islands(xy: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Points (n, 2) parted where the gap to all others is wide."""
    tree = cKDTree(xy)
    to_nearest_km, _ = tree.query(xy, k=2)
    usual_km = float(np.median(np.asarray(to_nearest_km)[:, 1])) if len(xy) > 1 else 0.0
    near = tree.sparse_distance_matrix(tree, max(_WATER_KM, _WATER_TIMES * usual_km), output_type="coo_matrix")
    count, part = connected_components(near, directed=False)
    return [np.flatnonzero(part == number) for number in range(count)]


def _cells(xy: NDArray[np.float64]) -> NDArray[np.object_]:
    """Voronoi cells of distinct points (n, 2), as polygons, by Qhull: it merges corners that fall on one another.

    A far ring of further points closes the cells at the rim.
    """
    turn = np.linspace(0, 2 * np.pi, _RING_POINTS, endpoint=False)
    reach = _RING_RADII * (1 + np.abs(xy).max())
    diagram = Voronoi(np.vstack([xy, reach * np.column_stack([np.cos(turn), np.sin(turn)])]))
    corners = [diagram.vertices[diagram.regions[diagram.point_region[point]]] for point in range(len(xy))]
    return np.array([shapely.MultiPoint(around).convex_hull for around in corners], dtype=np.object_)


def _rings(area: shapely.Geometry) -> Rings:
    """Outer rings anticlockwise, each followed by its holes clockwise."""
    rings: Rings = []
    for part in shapely.get_parts(area):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            turned = shapely.orient_polygons(part)
            rings += [np.asarray(ring.coords)[:, :2] for ring in (turned.exterior, *turned.interiors)]
    return rings


def read_boundaries(path: Path, key: str = "code") -> dict[str, Rings]:
    """Read a user's boundaries from GeoJSON (RFC 7946), polygons and multipolygons in degrees.

    Args:
        path: the file.
        key: property that names an area; areas without it go by their ``name``. Areas of one name are put together.

    Returns:
        Rings by name, as :func:`outlines` gives them.

    Raises:
        InputError: every problem of the file, with the feature it is in.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "boundaries.geojson"
        >>> square = [[[110, -7], [111, -7], [111, -6], [110, -7]]]
        >>> feature = {"properties": {"code": "01"}, "geometry": {"type": "Polygon", "coordinates": square}}
        >>> _ = path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        >>> {name: [ring.shape for ring in rings] for name, rings in read_boundaries(path).items()}
        {'01': [(4, 2)]}
    """
    features = _features(path)
    problems: list[Problem] = []
    areas: dict[str, Rings] = {}
    for number, feature in enumerate(features):
        where = f"features[{number}]"
        properties = feature.get("properties") if isinstance(feature, dict) else None
        properties = properties if isinstance(properties, dict) else {}
        name = properties.get(key) or properties.get("name")
        if not isinstance(name, str | int) or isinstance(name, bool):
            remedy = say("give the feature a property {key!r} or 'name'", key=key)
            problems.append(Problem(str(path), "the area has no name", remedy, column=f"{where}.properties"))
        rings: Rings = []
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        for place, polygon in _polygons(geometry, f"{where}.geometry", str(path), problems):
            if not isinstance(polygon, list) or not polygon:
                problems.append(Problem(str(path), "a polygon without rings", _REMEDY, column=place))
                continue
            for index, ring in enumerate(polygon):
                points = _ring(ring, f"{place}[{index}]", str(path), problems)
                if points is not None:
                    clockwise = not shapely.is_ccw(shapely.linearrings(points))
                    rings.append(points if clockwise == (index > 0) else points[::-1])
        areas.setdefault(str(name), []).extend(rings)
    if problems:
        raise InputError(problems)
    return areas


def _features(path: Path) -> list[Any]:
    remedy, row, column = _REMEDY, 0, ""
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        what = say("cannot be read ({why})", why=system_words(error))
        remedy = "check the name and that you may read it"
    except json.JSONDecodeError as error:
        what, column = say("no JSON: {words}", words=Message(error.msg)), say("character {n}", n=error.colno)
        row = error.lineno
    except (UnicodeDecodeError, RecursionError, ValueError):
        what = say("no JSON: not text in UTF-8, or nested without end")
    else:
        features = document.get("features") if isinstance(document, dict) else None
        if isinstance(features, list) and features:
            return features
        what, column = say("no collection of features"), "features"
    raise InputError([Problem(str(path), what, remedy, row, column)])


def _polygons(geometry: object, where: str, file: str, problems: list[Problem]) -> list[tuple[str, Any]]:
    """Every polygon of a geometry with its place in the file."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind == "Polygon":
        return [(f"{where}.coordinates", coordinates)]
    if kind == "MultiPolygon" and isinstance(coordinates, list):
        return [(f"{where}.coordinates[{index}]", polygon) for index, polygon in enumerate(coordinates)]
    found = Problem(
        file, "no area", _REMEDY, column=f"{where}.type", value=str(kind)[:80], bound="Polygon or MultiPolygon"
    )
    problems.append(found)
    return []


def _ring(ring: object, where: str, file: str, problems: list[Problem]) -> NDArray[np.float64] | None:
    points = ring if isinstance(ring, list) else []
    if len(points) < 4 or points[0] != points[-1]:
        what, bound = "no closed ring", "4 or more points, the last equal to the first"
        value = say("{n} points", n=len(points))
        problems.append(Problem(file, what, _REMEDY, column=where, value=value, bound=bound))
        return None
    for index, point in enumerate(points):
        if not _is_position(point):
            bound = "[longitude -180 to 180, latitude -90 to 90]"
            problems.append(
                Problem(file, "no position", _REMEDY, column=f"{where}[{index}]", value=str(point)[:80], bound=bound)
            )
            return None
    return np.array([point[:2] for point in points], dtype=np.float64)


def _is_position(point: object) -> bool:
    if not isinstance(point, list) or len(point) < 2:
        return False
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in point[:2]):
        return False
    return bool(abs(point[0]) <= 180 and abs(point[1]) <= 90)  # false for NaN and infinity too
