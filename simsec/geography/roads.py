"""Roads somebody measured: a GraphML file as OSMnx writes it, or a CSV of stretches, through the same door.

Both files come from outside. GraphML is read with the parser of the standard library rather than with networkx, which
stops at the first bad value and cannot say on which line it stands; a document type, where entities that expand
without end are declared, is refused before anything else.
"""

from __future__ import annotations

import csv
import io
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from simsec.base.errors import InputError, Problem
from simsec.geography.distance import great_circle_km, local_km
from simsec.geography.graph import (
    CAR,
    FOOT,
    MOTORCYCLE,
    TRUCK,
    VEHICLES,
    RoadGraph,
    RoadSettings,
    road_graph,
    vehicle_minutes,
)

_log = logging.getLogger(__name__)

MAX_PROBLEMS = 100
"""Problems of one file that are told one by one; the rest are counted."""
_FASTEST_KMH = 200.0  # quicker than any road: minutes, seconds and hours were mixed up
_STRAIGHT_SLACK = 0.95  # a road may look a little shorter than the straight line: coordinates are rounded
_STRAIGHT_SLACK_KM = 0.1
_MPH_IN_KMH = 1.609344
_CSV_COLUMNS = ("from_lat", "from_lon", "to_lat", "to_lon", "km", "minutes")
_POINT_DIGITS = 6  # decimals of a degree that tell two crossings of a CSV apart: 0.1 m

_CLASS_SPEEDS = {
    "motorway": "speed_toll_kmh",
    "trunk": "speed_national_kmh",
    "primary": "speed_national_kmh",
    "secondary": "speed_main_kmh",
    "tertiary": "speed_main_kmh",
}
_FOOT_WAYS = frozenset({"footway", "path", "pedestrian", "steps", "corridor"})
_NO_FILE = "take the file as osmnx.save_graphml or networkx.write_graphml wrote it"


@dataclass
class _Complaints:
    """Problems of one file, so that all are told at once."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, what: str, remedy: str, row: int = 0, column: str = "", value: str = "", bound: str = "") -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(self.file, what, remedy, row, column, value[:80], bound))
        else:
            self.more += 1

    def stop_if_any(self) -> None:
        if self.more:
            self.problems.append(Problem(self.file, f"{self.more} more problems like these", "repair these first"))
        if self.problems:
            raise InputError(self.problems)

    def number(self, text: str | None, low: float, high: float, row: int, column: str, unit: str) -> float:
        """The number in the text, or NaN and a complaint."""
        bound = f"{low:g} to {high:g} {unit}" if math.isfinite(high) else f"{low:g} or more {unit}"
        try:
            value = float((text or "").strip())
        except ValueError:
            what = "no number" if (text or "").strip() else "missing"
            self.add(what, "write a number with a decimal point", row, column, text or "", bound)
            return math.nan
        if not (low <= value <= high and math.isfinite(value)):
            self.add("out of bounds", f"give {unit}", row, column, text or "", bound)
            return math.nan
        return value


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        raise InputError([Problem(str(path), what, "check the name and that you may read it")]) from error


# --- GraphML -----------------------------------------------------------------------------------------------------


@dataclass
class _Element:
    """A node or an edge of a GraphML file: where it stands and its data by name."""

    row: int
    ends: tuple[str, ...]
    data: dict[str, str] = field(default_factory=dict)


class _GraphMLReader:
    """Collects nodes and edges as expat reports them; keeps no text beyond them."""

    def __init__(self, complaints: _Complaints) -> None:
        self.complaints = complaints
        self.names: dict[str, str] = {}
        self.of_graph = _Element(0, ())
        self.nodes: list[_Element] = []
        self.edges: list[_Element] = []
        self.directed = True
        self._open = self.of_graph
        self._key = ""
        self._text: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def read(self, content: bytes) -> None:
        """Read the whole file; complain where it is no XML."""
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as error:
            what = f"no well-formed XML: {expat.errors.messages[error.code]}"
            self.complaints.add(what, _NO_FILE, row=error.lineno)
        except (ValueError, LookupError) as error:  # an encoding that Python does not know
            self.complaints.add(f"no readable XML: {error}", _NO_FILE)

    def _refuse_doctype(self, name: str, *_: object) -> None:
        remedy = "remove the document type; GraphML needs none"
        self.complaints.add("a document type (DOCTYPE) is refused", remedy, self._parser.CurrentLineNumber, value=name)
        self.complaints.stop_if_any()

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        row = self._parser.CurrentLineNumber
        match tag.rpartition(":")[2]:
            case "key":
                self.names[attributes.get("id", "")] = attributes.get("attr.name", "")
            case "graph":
                self.directed = attributes.get("edgedefault", "directed") != "undirected"
            case "node":
                self._open = _Element(row, (attributes.get("id", ""),))
                self.nodes.append(self._open)
            case "edge":
                self._open = _Element(row, (attributes.get("source", ""), attributes.get("target", "")))
                self.edges.append(self._open)
            case "data":
                self._key = self.names.get(attributes.get("key", ""), "")
                self._text = []

    def _characters(self, text: str) -> None:
        if self._key:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "data":
                if self._key:
                    self._open.data[self._key] = "".join(self._text).strip()
                self._key = ""
            case "node" | "edge":
                self._open = self.of_graph


def read_graphml(path: Path, settings: RoadSettings) -> RoadGraph:
    """Read a road graph as OSMnx writes it (``osmnx.save_graphml``).

    Nodes need ``x`` and ``y`` in degrees, edges ``length`` in metres. A car's minutes come from ``travel_time`` in
    seconds, else from ``speed_kph``, else from ``maxspeed`` (the lowest, where a stretch has several), else from the
    class in ``highway``. Motorways are closed to motorcycles and walkers, footpaths to all but walkers. One-way roads
    stay one-way.

    Args:
        path: the file.
        settings: speeds of road classes without one, of walkers, and the truck's factor.

    Returns:
        The roads alone; :func:`attach` adds the places.

    Raises:
        InputError: every problem of the file, with its line.

    Example:
        >>> from tempfile import mkdtemp
        >>> settings = RoadSettings(1.4, 1.8, 40, 3.5, 7.0, 1.0, 28, 20, 35, 45, 79, 5, 0.8)
        >>> path = Path(mkdtemp()) / "roads.graphml"
        >>> _ = path.write_text(
        ...     '<graphml><key id="a" attr.name="x"/><key id="b" attr.name="y"/><key id="c" attr.name="length"/>'
        ...     '<key id="d" attr.name="travel_time"/><graph edgedefault="directed">'
        ...     '<node id="1"><data key="a">110.40</data><data key="b">-7.1</data></node>'
        ...     '<node id="2"><data key="a">110.41</data><data key="b">-7.1</data></node>'
        ...     '<edge source="1" target="2"><data key="c">1200</data><data key="d">90</data></edge></graph></graphml>'
        ... )
        >>> read_graphml(path, settings).edge_minutes[:, 0].round(2).tolist()
        [1.5, 1.5, 1.88, 14.4]
    """
    complaints = _Complaints(str(path))
    reader = _GraphMLReader(complaints)
    reader.read(_read_bytes(path))
    complaints.stop_if_any()
    crs = reader.of_graph.data.get("crs", "")
    if crs and "4326" not in crs:
        remedy = "save the graph before projecting it, or project it to EPSG:4326"
        complaints.add("coordinates are not in degrees", remedy, column="crs", value=crs, bound="EPSG:4326")
    if not reader.nodes or not reader.edges:
        complaints.add("holds no road", _NO_FILE, bound="nodes and edges")
    complaints.stop_if_any()

    index: dict[str, int] = {}
    lat: list[float] = []
    lon: list[float] = []
    elevation: list[float] = []
    for node in reader.nodes:
        if node.ends[0] in index:
            complaints.add("a second node of this id", "keep one of them", node.row, "node id", node.ends[0])
        index.setdefault(node.ends[0], len(lat))
        lon.append(complaints.number(node.data.get("x"), -180, 180, node.row, "x", "degrees east"))
        lat.append(complaints.number(node.data.get("y"), -90, 90, node.row, "y", "degrees north"))
        height = node.data.get("elevation")
        elevation.append(complaints.number(height, -500, 9000, node.row, "elevation", "metres") if height else math.nan)
    rows = np.array([edge.row for edge in reader.edges])
    ends = np.full((len(rows), 2), -1)
    km, car = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    open_to = np.ones((len(VEHICLES), len(rows)), dtype=np.bool_)
    for number, edge in enumerate(reader.edges):
        for side, node_id in enumerate(edge.ends):
            if node_id not in index:
                column = ("source", "target")[side]
                complaints.add("names a node that is not there", "add the node", edge.row, column, node_id)
            ends[number, side] = index.get(node_id, -1)
        km[number] = complaints.number(edge.data.get("length"), 0, math.inf, edge.row, "length", "metres") / 1000
        car[number] = _car_minutes(edge, km[number], settings, complaints)
        open_to[:, number] = _open_to(edge.data.get("highway", ""))
    _check_edges(complaints, np.array(lat), np.array(lon), ends, km, car, rows, ("length", "travel_time"))
    complaints.stop_if_any()
    minutes = np.where(open_to, vehicle_minutes(car, km, settings), np.inf)
    return _both_ways(lat, lon, elevation, ends, km, minutes, twice=not reader.directed)


def _car_minutes(edge: _Element, km: float, settings: RoadSettings, complaints: _Complaints) -> float:
    data, row = edge.data, edge.row
    if data.get("travel_time"):
        return complaints.number(data["travel_time"], 0, math.inf, row, "travel_time", "seconds") / 60
    if data.get("speed_kph"):
        return km / complaints.number(data["speed_kph"], 1, _FASTEST_KMH, row, "speed_kph", "km/h") * 60
    speeds = [
        float(figure) * (_MPH_IN_KMH if unit else 1.0)
        for figure, unit in re.findall(r"(\d+(?:\.\d+)?)\s*(mph)?", data.get("maxspeed", ""))
    ]
    speeds = [speed for speed in speeds if 1 <= speed <= _FASTEST_KMH]
    if speeds:
        return km / min(speeds) * 60
    classes = re.findall(r"[a-z_]+", data.get("highway", ""))
    names = [_CLASS_SPEEDS.get(name.removesuffix("_link"), "speed_village_kmh") for name in classes]
    return km / min((float(getattr(settings, name)) for name in names), default=settings.speed_village_kmh) * 60


def _open_to(highway: str) -> NDArray[np.bool_]:
    classes = {name.removesuffix("_link") for name in re.findall(r"[a-z_]+", highway)}
    allowed = np.ones(len(VEHICLES), dtype=np.bool_)
    if "motorway" in classes:
        allowed[[MOTORCYCLE, FOOT]] = False
    if classes & _FOOT_WAYS:
        allowed[[CAR, MOTORCYCLE, TRUCK]] = False
    return allowed


# --- CSV ---------------------------------------------------------------------------------------------------------


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
    complaints = _Complaints(str(path))
    points: dict[tuple[float, float], int] = {}
    ends_of, km_of, car_of, rows_of, open_of = [], [], [], [], []
    for row, cells in _csv_rows(path, complaints):
        values = [
            complaints.number(cells.get(column), low, high, row, column, unit)
            for column, low, high, unit in (
                ("from_lat", -90, 90, "degrees north"),
                ("from_lon", -180, 180, "degrees east"),
                ("to_lat", -90, 90, "degrees north"),
                ("to_lon", -180, 180, "degrees east"),
                ("km", 0, math.inf, "kilometres"),
                ("minutes", 0, math.inf, "minutes"),
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
    _check_edges(complaints, lat, lon, ends, km, car, np.array(rows_of), ("km", "minutes"))
    complaints.stop_if_any()
    minutes = np.where(np.array(open_of).T, vehicle_minutes(car, km, settings), np.inf)
    return _both_ways(lat, lon, np.full(len(lat), np.nan), ends, km, minutes, twice=True)


def _csv_rows(path: Path, complaints: _Complaints) -> list[tuple[int, dict[str, str]]]:
    """Line number and cells by column of every line that is not blank."""
    try:
        text = _read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        complaints.add(f"not written in UTF-8 (byte {error.start})", "save it as CSV UTF-8")
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
        complaints.add(f"no readable CSV: {error}", "save it as CSV UTF-8", reader.line_num)
    if not header:
        _check_header(header, complaints)
    return rows


def _check_header(header: list[str], complaints: _Complaints) -> None:
    bound = ",".join(_CSV_COLUMNS) + "[,vehicles]"
    missing = [column for column in _CSV_COLUMNS if column not in header]
    twice = sorted({column for column in header if header.count(column) > 1})
    if missing or twice:
        what = f"columns missing: {', '.join(missing)}" if missing else f"columns given twice: {', '.join(twice)}"
        separated = any(";" in cell for cell in header)
        remedy = "separate cells by commas, not semicolons" if separated else "give each column its name in line 1"
        complaints.add(what, remedy, 1, value=",".join(header), bound=bound)
        complaints.stop_if_any()


# --- both --------------------------------------------------------------------------------------------------------


def _check_edges(
    complaints: _Complaints,
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    ends: NDArray[np.int64],
    km: NDArray[np.float64],
    car: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: tuple[str, str],
) -> None:
    """Units that were mixed up show in roads shorter than the straight line and cars faster than any."""
    known = np.flatnonzero((ends >= 0).all(axis=1))
    straight = np.zeros(len(km))
    a, b = ends[known].T
    straight[known] = great_circle_km(lat[a], lon[a], lat[b], lon[b])
    for edge in np.flatnonzero(km < straight * _STRAIGHT_SLACK - _STRAIGHT_SLACK_KM):
        what, remedy = "shorter than the straight line", "check the unit, and latitude and longitude"
        bound = f"{straight[edge]:.2f} km or more"
        complaints.add(what, remedy, int(rows[edge]), columns[0], f"{km[edge]:g} km", bound)
    for edge in np.flatnonzero(km * 60 > _FASTEST_KMH * car):
        what, remedy = "faster than any car", "check the units of length and time"
        value = f"{km[edge]:g} km in {car[edge]:g} minutes"
        complaints.add(what, remedy, int(rows[edge]), columns[1], value, f"at most {_FASTEST_KMH:g} km/h")


def _both_ways(
    lat: ArrayLike,
    lon: ArrayLike,
    elevation: ArrayLike,
    ends: NDArray[np.int64],
    km: NDArray[np.float64],
    minutes: NDArray[np.float64],
    twice: bool,
) -> RoadGraph:
    if twice:
        ends, km = np.concatenate((ends, ends[:, ::-1])), np.concatenate((km, km))
        minutes = np.concatenate((minutes, minutes), axis=1)
    return road_graph(lat, lon, elevation, ends[:, 0], ends[:, 1], km, minutes)


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
    n, complaints = len(lats), _Complaints("roads")
    origin = (float(np.mean(graph.node_lat)), float(np.mean(graph.node_lon))) if len(graph.node_lat) else (0.0, 0.0)
    nodes_xy, places_xy = local_km(graph.node_lat, graph.node_lon, origin), local_km(lats, lons, origin)
    nearest = np.full((len(VEHICLES), n), -1)
    far_km = np.zeros(n)
    for vehicle, name in enumerate(VEHICLES):
        whole = _largest_part(graph, vehicle)
        if len(whole) < 2:
            what = f"no road open to this vehicle: {name}"
            complaints.add(what, "add roads for it, or leave the vehicles column blank", column="vehicles", value=name)
            continue
        if len(whole) < len(graph.node_lat):
            _log.info("%s: %d of %d road nodes hang together", name, len(whole), len(graph.node_lat))
        distance_km, which = cKDTree(nodes_xy[whole]).query(places_xy)
        nearest[vehicle] = whole[which]
        far_km = np.maximum(far_km, distance_km)
    for place in np.flatnonzero(far_km > settings.neighbour_limit_km):
        complaints.add(
            f"the place at {lats[place]:.5f}, {lons[place]:.5f} lies too far from any road",
            "take a wider extract of the roads, or check the coordinates",
            column=f"place {place + 1}",
            value=f"{far_km[place]:.1f} km",
            bound=f"at most {settings.neighbour_limit_km:g} km",
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
