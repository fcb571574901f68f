"""Roads from a CSV of stretches, and the places put on roads from any file."""

from __future__ import annotations

import csv
import io
import logging
import math
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from simsec.base.errors import say
from simsec.geography.distance import local_km
from simsec.geography.graph import VEHICLES, RoadGraph, RoadSettings, road_graph, vehicle_minutes
from simsec.geography.road_files import Complaints, both_ways, check_edges, read_bytes

_log = logging.getLogger(__name__)

_CSV_COLUMNS = ("from_lat", "from_lon", "to_lat", "to_lon", "km", "minutes")
_POINT_DIGITS = 6  # decimals of a degree that tell two crossings of a CSV apart: 0.1 m


def read_edge_csv(path: Path, settings: RoadSettings) -> RoadGraph:
    r"""Read roads from a CSV of stretches, each open both ways.

    Columns ``from_lat, from_lon, to_lat, to_lon`` (degrees), ``km``, ``minutes`` (a car's, free flow) and, if wanted,
    ``vehicles``: those that may pass, with spaces between (``car truck``); blank means all. Stretches meet where their
    ends are equal to six decimals.

    Args:
        path: the file, UTF-8, separated by commas.
        settings: walking speed and the truck's factor.

    Returns:
        The roads alone; :func:`attach` adds the places.

    Raises:
        InputError: every problem of the file, with its line.

    Example:
        >>> from tempfile import mkdtemp
        >>> settings = RoadSettings(1.4, 1.8, 40, 3.5, 7.0, 1.0, 28, 20, 35, 45, 79, 5, 0.8)
        >>> path = Path(mkdtemp()) / "roads.csv"
        >>> _ = path.write_text("from_lat,from_lon,to_lat,to_lon,km,minutes\n-7.1,110.40,-7.1,110.41,1.2,2\n")
        >>> graph = read_edge_csv(path, settings)
        >>> list(zip(graph.edge_from.tolist(), graph.edge_to.tolist())), graph.edge_minutes[0].tolist()
        ([(0, 1), (1, 0)], [2.0, 2.0])
    """
    complaints = Complaints(str(path))
    points: dict[tuple[float, float], int] = {}
    ends_of, km_of, car_of, rows_of, open_of = [], [], [], [], []
    for row, cells in _csv_rows(path, complaints):
        values = [
            complaints.number(cells.get(column), low, high, row, column, unit)
            for column, low, high, unit in (
                ("from_lat", -90, 90, say("degrees north")),
                ("from_lon", -180, 180, say("degrees east")),
                ("to_lat", -90, 90, say("degrees north")),
                ("to_lon", -180, 180, say("degrees east")),
                ("km", 0, math.inf, say("kilometres")),
                ("minutes", 0, math.inf, say("minutes")),
            )
        ]
        named = (cells.get("vehicles") or "").split()
        for name in named:
            if name not in VEHICLES:
                remedy = "name vehicles with spaces between, or leave blank for all"
                complaints.add("no such vehicle", remedy, row, "vehicles", name, " ".join(VEHICLES))
        corners = [(round(values[i], _POINT_DIGITS), round(values[i + 1], _POINT_DIGITS)) for i in (0, 2)]
        bad = any(math.isnan(value) for corner in corners for value in corner)
        ends_of.append([-1, -1] if bad else [points.setdefault(corner, len(points)) for corner in corners])
        km_of.append(values[4])
        car_of.append(values[5])
        rows_of.append(row)
        open_of.append([not named or vehicle in named for vehicle in VEHICLES])
    if not rows_of and not complaints.problems:
        complaints.add("holds no road", "give a line for each stretch of road", bound="at least one line")
    corners = list(points)
    lat, lon = np.array([corner[0] for corner in corners]), np.array([corner[1] for corner in corners])
    ends = np.array(ends_of, dtype=np.int64).reshape(-1, 2)
    km, car = np.array(km_of), np.array(car_of)
    check_edges(complaints, lat, lon, ends, km, car, np.array(rows_of), ("km", "minutes"))
    complaints.stop_if_any()
    minutes = np.where(np.array(open_of).T, vehicle_minutes(car, km, settings), np.inf)
    return both_ways(lat, lon, np.full(len(lat), np.nan), ends, km, minutes, twice=True)


def _csv_rows(path: Path, complaints: Complaints) -> list[tuple[int, dict[str, str]]]:
    """Line number and cells by column of every line that is not blank."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        complaints.add(say("not written in UTF-8 (byte {byte})", byte=error.start), "save it as CSV UTF-8")
        complaints.stop_if_any()
        raise
    reader = csv.reader(io.StringIO(text, newline=""))
    rows: list[tuple[int, dict[str, str]]] = []
    header: list[str] = []
    try:
        for line in reader:
            cells = [cell.strip() for cell in line]
            if not any(cells):
                continue
            if not header:
                header = cells
                _check_header(header, complaints)
            elif len(cells) != len(header):
                what, remedy = "wrong number of cells", "give one cell a column; decimals take a point, not a comma"
                complaints.add(what, remedy, reader.line_num, value=str(len(cells)), bound=str(len(header)))
            else:
                rows.append((reader.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        complaints.add(say("no readable CSV: {words}", words=error), "save it as CSV UTF-8", reader.line_num)
    if not header:
        _check_header(header, complaints)
    return rows


def _check_header(header: list[str], complaints: Complaints) -> None:
    bound = ",".join(_CSV_COLUMNS) + "[,vehicles]"
    missing = [column for column in _CSV_COLUMNS if column not in header]
    twice = sorted({column for column in header if header.count(column) > 1})
    if missing or twice:
        what = say("columns given twice: {names}", names=", ".join(twice))
        if missing:
            what = say("columns missing: {names}", names=", ".join(missing))
        separated = any(";" in cell for cell in header)
        remedy = "separate cells by commas, not semicolons" if separated else "give each column its name in line 1"
        complaints.add(what, remedy, 1, value=",".join(header), bound=bound)
        complaints.stop_if_any()


def attach(graph: RoadGraph, lat: ArrayLike, lon: ArrayLike, settings: RoadSettings) -> RoadGraph:
    """Put our places in front of a road graph, each with a last straight stretch to its nearest road.

    For every vehicle the nearest node counts that lies in the largest part of the graph where it can get from anywhere
    to anywhere: islands of road at the rim of an extract, one-way traps and, for a motorcycle, the toll road are
    passed over. The stretch is driven at village speed. So every vehicle reaches every place.

    Args:
        graph: the roads.
        lat: (n,) degrees north of the places.
        lon: (n,) degrees east.
        settings: village and walking speed, the truck's factor, and the limit of a stretch (``neighbour_limit_km``).

    Returns:
        A graph whose first n nodes are the places; their elevation is unknown.

    Raises:
        InputError: places farther from any road than the limit, or no road at all for a vehicle.

    Example:
        >>> settings = RoadSettings(1.4, 1.8, 40, 3.5, 7.0, 1.0, 30, 20, 35, 45, 79, 5, 0.8)
        >>> roads = road_graph([0, 0], [0, 0.1], [0, 0], [0, 1], [1, 0], [11.2, 11.2], [[15.0, 15.0]] * 4)
        >>> graph = attach(roads, [0.01], [0.0], settings)
        >>> graph.edge_from[:2].tolist(), graph.edge_to[:2].tolist(), graph.edge_minutes[0, :2].round(1).tolist()
        ([0, 1], [1, 0], [2.2, 2.2])
    """
    lats, lons = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    n, complaints = len(lats), Complaints(say("roads"))
    origin = (float(np.mean(graph.node_lat)), float(np.mean(graph.node_lon))) if len(graph.node_lat) else (0.0, 0.0)
    nodes_xy, places_xy = local_km(graph.node_lat, graph.node_lon, origin), local_km(lats, lons, origin)
    nearest = np.full((len(VEHICLES), n), -1)
    far_km = np.zeros(n)
    for vehicle, name in enumerate(VEHICLES):
        whole = _largest_part(graph, vehicle)
        if len(whole) < 2:
            what = say("no road open to this vehicle: {name}", name=name)
            complaints.add(what, "add roads for it, or leave the vehicles column blank", column="vehicles", value=name)
            continue
        if len(whole) < len(graph.node_lat):
            _log.info("%s: %d of %d road nodes hang together", name, len(whole), len(graph.node_lat))
        distance_km, which = cKDTree(nodes_xy[whole]).query(places_xy)
        nearest[vehicle] = whole[which]
        far_km = np.maximum(far_km, distance_km)
    for place in np.flatnonzero(far_km > settings.neighbour_limit_km):
        complaints.add(
            say("the place at {lat:.5f}, {lon:.5f} lies too far from any road", lat=lats[place], lon=lons[place]),
            "take a wider extract of the roads, or check the coordinates",
            column=say("place {number}", number=place + 1),
            value=f"{far_km[place]:.1f} km",
            bound=say("at most {most}", most=f"{settings.neighbour_limit_km:g} km"),
        )
    complaints.stop_if_any()

    # One stretch serves all vehicles that join the roads at the same node.
    stretches, which = np.unique(np.column_stack((np.tile(np.arange(n), len(VEHICLES)), nearest.ravel())), axis=0,
                                 return_inverse=True)  # fmt: skip
    km = np.linalg.norm(places_xy[stretches[:, 0]] - nodes_xy[stretches[:, 1]], axis=1)
    for_vehicle = np.zeros((len(VEHICLES), len(stretches)), dtype=np.bool_)
    for_vehicle[np.repeat(np.arange(len(VEHICLES)), n), which.ravel()] = True
    driven = vehicle_minutes(km / settings.speed_village_kmh * 60, km, settings)
    minutes = np.where(for_vehicle, driven, np.inf)
    return road_graph(
        np.concatenate((lats, graph.node_lat)),
        np.concatenate((lons, graph.node_lon)),
        np.concatenate((np.full(n, np.nan), graph.elevation_m)),
        np.concatenate((stretches[:, 0], stretches[:, 1] + n, graph.edge_from + n)),
        np.concatenate((stretches[:, 1] + n, stretches[:, 0], graph.edge_to + n)),
        np.concatenate((km, km, graph.edge_km)),
        np.concatenate((minutes, minutes, graph.edge_minutes), axis=1),
    )


def _largest_part(graph: RoadGraph, vehicle: int) -> NDArray[np.int64]:
    """Nodes of the largest part in which the vehicle gets from anywhere to anywhere."""
    n = len(graph.node_lat)
    usable = np.isfinite(graph.edge_minutes[vehicle])
    pairs = (graph.edge_from[usable], graph.edge_to[usable])
    _, part = connected_components(coo_array((np.ones(len(pairs[0])), pairs), shape=(n, n)), connection="strong")
    sizes = np.bincount(part, minlength=1)
    return np.flatnonzero(part == sizes.argmax()) if n else np.empty(0, dtype=np.int64)
