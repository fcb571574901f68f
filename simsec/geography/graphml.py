"""Roads from a GraphML file as OSMnx writes it.

The file comes from outside. It is read with the parser of the standard library rather than with networkx, which stops
at the first bad value and cannot say on which line it stands; a document type, where entities that expand without end
are declared, is refused before anything else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from simsec.base.errors import Message, say
from simsec.geography.graph import (
    CAR,
    FOOT,
    MOTORCYCLE,
    TRUCK,
    VEHICLES,
    RoadGraph,
    RoadSettings,
    vehicle_minutes,
)
from simsec.geography.road_files import FASTEST_KMH, Complaints, both_ways, check_edges, read_bytes

_MPH_IN_KMH = 1.609344
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
class _Element:
    """A node or an edge of a GraphML file: where it stands and its data by name."""

    row: int
    ends: tuple[str, ...]
    data: dict[str, str] = field(default_factory=dict)


class _GraphMLReader:
    """Collects nodes and edges as expat reports them; keeps no text beyond them."""

    def __init__(self, complaints: Complaints) -> None:
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
            what = say("no well-formed XML: {words}", words=Message(expat.errors.messages[error.code]))
            self.complaints.add(what, _NO_FILE, row=error.lineno)
        except (ValueError, LookupError) as error:  # an encoding that Python does not know
            self.complaints.add(say("no readable XML: {words}", words=error), _NO_FILE)

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
    complaints = Complaints(str(path))
    reader = _GraphMLReader(complaints)
    reader.read(read_bytes(path))
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
        lon.append(complaints.number(node.data.get("x"), -180, 180, node.row, "x", say("degrees east")))
        lat.append(complaints.number(node.data.get("y"), -90, 90, node.row, "y", say("degrees north")))
        height = node.data.get("elevation")
        metres = say("metres")
        elevation.append(complaints.number(height, -500, 9000, node.row, "elevation", metres) if height else math.nan)
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
        km[number] = complaints.number(edge.data.get("length"), 0, math.inf, edge.row, "length", say("metres")) / 1000
        car[number] = _car_minutes(edge, km[number], settings, complaints)
        open_to[:, number] = _open_to(edge.data.get("highway", ""))
    check_edges(complaints, np.array(lat), np.array(lon), ends, km, car, rows, ("length", "travel_time"))
    complaints.stop_if_any()
    minutes = np.where(open_to, vehicle_minutes(car, km, settings), np.inf)
    return both_ways(lat, lon, elevation, ends, km, minutes, twice=not reader.directed)


def _car_minutes(edge: _Element, km: float, settings: RoadSettings, complaints: Complaints) -> float:
    data, row = edge.data, edge.row
    if data.get("travel_time"):
        return complaints.number(data["travel_time"], 0, math.inf, row, "travel_time", say("seconds")) / 60
    if data.get("speed_kph"):
        return km / complaints.number(data["speed_kph"], 1, FASTEST_KMH, row, "speed_kph", "km/h") * 60
    speeds = [
        float(figure) * (_MPH_IN_KMH if unit else 1.0)
        for figure, unit in re.findall(r"(\d+(?:\.\d+)?)\s*(mph)?", data.get("maxspeed", ""))
    ]
    speeds = [speed for speed in speeds if 1 <= speed <= FASTEST_KMH]
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
