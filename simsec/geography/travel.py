"""The travel table: free-flow minutes and routes between all places, for every vehicle."""

from __future__ import annotations

import logging
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from simsec.base.errors import RunError
from simsec.base.files import content_hash, write_with
from simsec.geography.graph import CAR, VEHICLES, RoadGraph

_log = logging.getLogger(__name__)

TABLE_VERSION = 1
"""Part of the name of a cached table: raised whenever the same graph would give another one."""
_NO_WAY = -9999  # scipy's mark for a node without predecessor
_CELLS_AT_ONCE = 4_000_000  # sources x nodes held in memory at a time


@dataclass(frozen=True)
class Travel:
    """Minutes and routes among the n places. Both arrays are read-only.

    Attributes:
        minutes: (len(VEHICLES), n, n) free-flow minutes from the row's place to the column's; 0 on the diagonal, inf
            where there is no way.
        previous: (len(VEHICLES), n, n) the last place before the column's on the way from the row's; -1 on the
            diagonal and where there is no way. ``minutes[v, o, previous[v, o, d]] < minutes[v, o, d]`` always, so a
            walk back from d ends at o.
    """

    minutes: NDArray[np.float64]
    previous: NDArray[np.int32]


def travel_table(graph: RoadGraph, n_places: int) -> Travel:
    """Shortest paths between the first ``n_places`` nodes of a graph (Dijkstra 1959, from all places at once).

    A road graph may have many more nodes than places. Its paths are then told in places: every node stands for the
    place that reaches it soonest, and ``previous`` is the last such place on the path which is nearer to the origin
    than the destination is. Where all nodes are places that is the path itself.

    Args:
        graph: roads, the places first.
        n_places: how many of its nodes are places.

    Returns:
        The table.

    Raises:
        ValueError: more places than nodes.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0, 0, 0], [0, 1, 2], [0, 0, 0], [0, 1], [1, 2], [5.0, 5.0], [[6.0, 7.0]] * 4)
        >>> table = travel_table(graph, 3)
        >>> table.minutes[0].tolist()
        [[0.0, 6.0, 13.0], [inf, 0.0, 7.0], [inf, inf, 0.0]]
        >>> route(table, 0, 0, 2)
        (0, 1, 2)
    """
    n_nodes = len(graph.node_lat)
    if not 0 <= n_places <= n_nodes:
        raise ValueError(f"{n_places} places in a graph of {n_nodes} nodes")
    minutes = np.full((len(VEHICLES), n_places, n_places), np.inf)
    previous = np.full((len(VEHICLES), n_places, n_places), -1, dtype=np.int32)
    at_once = max(1, _CELLS_AT_ONCE // max(n_nodes, 1))
    for vehicle in range(len(VEHICLES) if n_places else 0):
        weights = edge_weights(graph, vehicle)
        stands_for = _nearest_place(weights, n_places)
        for start in range(0, n_places, at_once):
            origins = np.arange(start, min(start + at_once, n_places))
            reached, before = dijkstra(weights, indices=origins, return_predecessors=True)
            minutes[vehicle, origins] = reached[:, :n_places]
            previous[vehicle, origins] = _told_in_places(origins, reached[:, :n_places], before, stands_for)
    minutes.setflags(write=False)
    previous.setflags(write=False)
    return Travel(minutes, previous)


def blocked_hop(graph: RoadGraph, origin: int, destination: int) -> tuple[int, ...]:
    """The edges that one obstacle closes on the quickest way by car: those of its longest hop, both ways.

    Args:
        graph: the roads that are open.
        origin: a node.
        destination: another.

    Returns:
        Numbers of edges; none where there is no way, or nothing to block.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0] * 3, [0, 1, 2], [0] * 3, [0, 1, 2, 1], [1, 2, 1, 0], [5.0] * 4, [[6.0, 7, 7, 6]] * 4)
        >>> blocked_hop(graph, 0, 2)
        (1, 2)
    """
    found = dijkstra(edge_weights(graph, CAR), indices=np.array([origin]), return_predecessors=True)
    reached, before = found[0][0], found[1][0]
    if origin == destination or not np.isfinite(reached[destination]):
        return ()
    hops, node = [], destination
    while node != origin:
        hops.append((float(reached[node] - reached[before[node]]), int(before[node]), node))
        node = int(before[node])
    _, start, end = max(hops)
    forth = (graph.edge_from == start) & (graph.edge_to == end)
    back = (graph.edge_from == end) & (graph.edge_to == start)
    return tuple(np.flatnonzero((forth | back) & np.isfinite(graph.edge_minutes[CAR])).tolist())


def without_edges(graph: RoadGraph, edges: Collection[int]) -> RoadGraph:
    """The same graph with some edges closed to every vehicle; edges keep their numbers.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0, 0], [0, 1], [0, 0], [0], [1], [5.0], [[6.0]] * 4)
        >>> float(travel_table(without_edges(graph, [0]), 2).minutes[0, 0, 1])
        inf
    """
    minutes = graph.edge_minutes.copy()
    minutes[:, list(edges)] = np.inf
    minutes.setflags(write=False)
    return replace(graph, edge_minutes=minutes)


class Layout(NamedTuple):
    """Where the edges open to a vehicle stand in its matrix of weights; the same whatever their minutes are.

    Attributes:
        edges: numbers of edges, cell by cell.
        first: where each cell's edges begin among them.
        columns, row_first: of the cells, as a compressed sparse row matrix has them.
    """

    edges: NDArray[np.int64]
    first: NDArray[np.int64]
    columns: NDArray[np.int32]
    row_first: NDArray[np.int32]

    def weights(self, minutes: NDArray[np.float64]) -> csr_array:
        """The matrix when edges take these minutes; of parallel roads the quickest counts."""
        quickest = np.minimum.reduceat(minutes[self.edges], self.first) if len(self.first) else np.zeros(0)
        n = len(self.row_first) - 1
        return csr_array((quickest, self.columns, self.row_first), shape=(n, n))


def layout_of(graph: RoadGraph, vehicle: int) -> Layout:
    """The layout of one vehicle's edges.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0, 0], [0, 1], [0, 0], [0, 0, 1], [1, 1, 0], [5.0] * 3, [[6.0, 4.0, 7.0]] * 4)
        >>> layout_of(graph, 0).weights(graph.edge_minutes[0]).toarray().tolist()
        [[0.0, 4.0], [7.0, 0.0]]
    """
    usable = np.flatnonzero(np.isfinite(graph.edge_minutes[vehicle]) & (graph.edge_from != graph.edge_to))
    edges = usable[np.lexsort((graph.edge_to[usable], graph.edge_from[usable]))]
    rows, columns = graph.edge_from[edges], graph.edge_to[edges]
    begins = np.ones(len(edges), dtype=np.bool_)
    begins[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)
    first = np.flatnonzero(begins)
    row_first = np.searchsorted(rows[first], np.arange(len(graph.node_lat) + 1)).astype(np.int32)
    return Layout(edges, first, columns[first], row_first)


def edge_weights(graph: RoadGraph, vehicle: int) -> csr_array:
    """One vehicle's minutes as a matrix. Of parallel roads the quickest counts: building it blindly would add them."""
    return layout_of(graph, vehicle).weights(graph.edge_minutes[vehicle])


def _nearest_place(weights: csr_array, n_places: int) -> NDArray[np.int32]:
    """For every node the place that reaches it soonest, -1 if none does; a place stands for itself."""
    n_nodes = weights.shape[0]
    if n_places == n_nodes:
        return np.arange(n_nodes, dtype=np.int32)
    _, _, source = dijkstra(weights, indices=np.arange(n_places), return_predecessors=True, min_only=True)
    return np.where(source == _NO_WAY, -1, source).astype(np.int32)


def _told_in_places(
    origins: NDArray[np.int64], reached: NDArray[np.float64], before: NDArray[np.int32], stands_for: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Walk all paths back together, a node at a time, until each meets the place it is told by."""
    previous = np.full(reached.shape, -1, dtype=np.int32)
    row, place = np.nonzero(np.isfinite(reached))
    other = place != origins[row]
    row, place = row[other], place[other]
    node = before[row, place]
    while len(row):
        candidate = stands_for[node]
        nearer = (candidate >= 0) & (reached[row, candidate] < reached[row, place])
        previous[row[nearer], place[nearer]] = candidate[nearer]
        row, place = row[~nearer], place[~nearer]
        node = before[row, node[~nearer]]  # ends at the latest at the origin, which is nearer than everything
    return previous


def cached_travel_table(graph: RoadGraph, n_places: int, cache_dir: Path | None) -> Travel:
    """The table of :func:`travel_table`, kept on disk under the hash of the graph.

    A cache helps or stays out of the way: a file that is torn, foreign or damaged is computed again and written over,
    and a folder that cannot be written is told to the log only.

    Args:
        graph: roads, the places first.
        n_places: how many of its nodes are places.
        cache_dir: folder of the tables, made when missing; None computes without a cache.

    Returns:
        The table, equal to the computed one to the last bit.

    Example:
        >>> from tempfile import mkdtemp
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0, 0], [0, 1], [0, 0], [0], [1], [5.0], [[6.0]] * 4)
        >>> folder = Path(mkdtemp())
        >>> first, again = (cached_travel_table(graph, 2, folder) for _ in range(2))
        >>> bool((first.minutes == again.minutes).all()), len(list(folder.iterdir()))
        (True, 1)
    """
    if cache_dir is None:
        return travel_table(graph, n_places)
    key = content_hash(graph.content_hash(), str(n_places), str(TABLE_VERSION))
    path = cache_dir / f"travel-{key}.npz"
    table = _read_table(path, n_places)
    if table is not None:
        return table
    table = travel_table(graph, n_places)
    found = table
    digest = _digest(table)

    def write(temporary: Path) -> None:
        np.savez(temporary, minutes=found.minutes, previous=found.previous, digest=np.array(digest))

    try:
        write_with(path, write)
    except RunError as error:
        _log.warning("the travel table is not kept: %s", error)
    return table


def _digest(table: Travel) -> str:
    return content_hash(table.minutes.astype("<f8").tobytes(), table.previous.astype("<i4").tobytes())


def _read_table(path: Path, n_places: int) -> Travel | None:
    """The table in the file, or None if there is none that can be trusted."""
    if not path.exists():
        return None
    try:
        # Opened here: numpy leaves a file it opened itself open when it is no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            table = Travel(stored["minutes"], stored["previous"])
            digest = str(stored["digest"])
        shape = (len(VEHICLES), n_places, n_places)
        if not (table.minutes.shape == table.previous.shape == shape and digest == _digest(table)):
            raise ValueError("it does not hold what was written")
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        _log.warning("%s is damaged and will be written again: %s", path, error)
        return None
    table.minutes.setflags(write=False)
    table.previous.setflags(write=False)
    return table


SAME_MIN = 1e-9  # minutes that add up to within this, over their sum, are a way over a known place


def given_routes(minutes: NDArray[np.float64]) -> NDArray[np.int32]:
    """The last known place on the way of every pair of a given matrix, else the origin; -1 on the diagonal and no way.

    A place lies on the way where the minutes to it and from it add up to the minutes of the pair.

    Args:
        minutes: shape (n, n), inf where there is no way.

    Example:
        >>> given_routes(np.array([[0.0, 2.0, 5.0], [2.0, 0.0, 3.0], [5.0, 3.0, 0.0]])).tolist()
        [[-1, 0, 1], [1, -1, 1], [1, 2, -1]]
    """
    n = len(minutes)
    previous = np.full((n, n), -1, dtype=np.int32)
    places = np.arange(n)
    for origin in range(n):
        reached = minutes[origin]
        with np.errstate(invalid="ignore"):
            over = reached[:, None] + minutes  # [k, d]
            on_the_way = np.abs(over - reached[None, :]) <= SAME_MIN * reached[None, :]
        on_the_way &= (reached[:, None] < reached[None, :]) & (reached[:, None] > 0) & (places[:, None] != origin)
        last = np.argmax(np.where(on_the_way, reached[:, None], -1.0), axis=0)
        previous[origin] = np.where(on_the_way.any(axis=0), last, origin)
        previous[origin, ~np.isfinite(reached)] = -1
    np.fill_diagonal(previous, -1)
    return previous


def route(travel: Travel, vehicle: int, origin: int, destination: int) -> tuple[int, ...]:
    """The places on the way, origin and destination included; empty where there is no way.

    The minutes of a hop are the difference of the table's minutes from the origin, so they sum to the table's entry.

    Example:
        >>> previous = np.array([[[-1, 0, 1], [1, -1, 1], [1, 2, -1]]], dtype=np.int32)
        >>> route(Travel(np.ones((1, 3, 3)), previous), 0, 0, 2)
        (0, 1, 2)
    """
    places = [destination]
    while places[-1] != origin:
        before = int(travel.previous[vehicle, origin, places[-1]])
        if before < 0:
            return ()
        places.append(before)
    return tuple(reversed(places))


def zone_shares(travel: Travel, vehicle: int, zone: NDArray[np.integer], n_zones: int) -> NDArray[np.float32]:
    """Share of the minutes of every route that is spent in each zone.

    Half of each hop counts to the zone of either end. A rain or hour factor per zone times these shares is the mean
    factor along the route.

    Args:
        travel: the table.
        vehicle: index into ``VEHICLES``.
        zone: (n,) zone of every place, 0 to ``n_zones`` - 1.
        n_zones: how many zones there are.

    Returns:
        (n, n, n_zones) shares that sum to 1: a place to itself, its own zone; no way, half and half.

    Raises:
        ValueError: a zone is missing or out of range.

    Example:
        >>> previous = np.array([[[-1, 0, 1], [1, -1, 1], [1, 2, -1]]], dtype=np.int32)
        >>> minutes = np.array([[[0.0, 2.0, 8.0], [2.0, 0.0, 6.0], [8.0, 6.0, 0.0]]])
        >>> zone_shares(Travel(minutes, previous), 0, np.array([0, 0, 1]), 2)[0, 2].tolist()
        [0.625, 0.375]
    """
    n = travel.minutes.shape[1]
    zones = np.asarray(zone, dtype=np.int64)
    if zones.shape != (n,) or (n and not (zones.min() >= 0 and zones.max() < n_zones)):
        raise ValueError(f"zone needs one value from 0 to {n_zones - 1} for each of {n} places")
    return shares_from(travel.minutes[vehicle], travel.previous[vehicle], np.arange(n), zones, n_zones)


def shares_from(
    minutes: NDArray[np.float64],
    previous: NDArray[np.int32],
    origins: NDArray[np.int64],
    zone: NDArray[np.integer],
    n_zones: int,
) -> NDArray[np.float32]:
    """As :func:`zone_shares`, for the routes from some origins only.

    Args:
        minutes: (m, n) rows of the table, one an origin.
        previous: (m, n) likewise.
        origins: (m,) the places they start from.
        zone: (n,) zone of every place.
        n_zones: how many zones there are.

    Returns:
        (m, n, n_zones) shares.
    """
    zones = np.asarray(zone, dtype=np.int64)
    spent = np.zeros((*minutes.shape, n_zones))
    hops = _hops(previous).ravel()
    order = np.argsort(hops, kind="stable")
    ends = np.cumsum(np.bincount(hops, minlength=1))
    # Hop by hop: the place before has always been summed up when a place's turn comes.
    for first, end in pairwise(ends.tolist()):
        o, k = np.divmod(order[first:end], minutes.shape[1])
        p = previous[o, k]
        half = (minutes[o, k] - minutes[o, p]) / 2
        spent[o, k] = spent[o, p]
        spent[o, k, zones[p]] += half
        spent[o, k, zones[k]] += half
    untravelled = previous < 0
    row, column = np.nonzero(untravelled)
    spent[row, column] = 0.0
    np.add.at(spent, (row, column, zones[origins[row]]), 0.5)
    np.add.at(spent, (row, column, zones[column]), 0.5)
    return np.asarray(spent / spent.sum(axis=2, keepdims=True), dtype=np.float32)


def shares_on_way(
    minutes: NDArray[np.float64],
    previous: NDArray[np.int32],
    ends: tuple[int, int],
    zone: NDArray[np.integer],
    n_zones: int,
) -> NDArray[np.float32]:
    """As :func:`shares_from`, for one route only and to the last digit.

    Args:
        minutes: (n,) row of the table from the origin.
        previous: (n,) likewise.
        ends: origin and destination.
        zone: (n,) zone of every place.
        n_zones: how many zones there are.

    Example:
        >>> previous, zone = np.array([-1, 0, 1], dtype=np.int32), np.array([0, 0, 1])
        >>> shares_on_way(np.array([0.0, 2.0, 8.0]), previous, (0, 2), zone, 2).tolist()
        [0.625, 0.375]
    """
    origin, place = ends
    way, spent = [place], np.zeros(n_zones)
    while (place := previous.item(place)) >= 0:
        way.append(place)
    if way[-1] != origin or len(way) == 1:
        way, halves = [origin, ends[1]], [0.5]
    else:
        way.reverse()
        halves = [(minutes.item(later) - minutes.item(before)) / 2 for before, later in pairwise(way)]
    for (before, later), half in zip(pairwise(way), halves, strict=True):
        spent[zone.item(before)] += half
        spent[zone.item(later)] += half
    return np.asarray(spent / spent.sum(), dtype=np.float32)


def _hops(previous: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many places after the origin every way has, 0 for the origin and where there is no way; shape as given."""
    own = np.arange(previous.shape[1], dtype=np.int32)[None, :]
    hops = (previous >= 0).astype(np.int64)
    back = np.where(previous >= 0, previous, own)
    while True:  # after k rounds 2 ** k hops back
        further = np.take_along_axis(hops, back, axis=1)
        if not further.any():
            return hops
        hops += further
        back = np.take_along_axis(back, back, axis=1)
