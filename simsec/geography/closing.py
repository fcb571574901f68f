"""Roads that close or stand under water, and the travel tables after it, worked out where they change.

A closed road is never taken away: whoever has no other way walks it. Main roads stay open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from simsec.geography.graph import CAR, FOOT, MOTORCYCLE, TRUCK, VEHICLES, RoadGraph
from simsec.geography.travel import SAME_MIN, Layout, Travel, edge_weights, layout_of, shares_from

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Nodes = NDArray[np.int32]
SAME_PLACE_MIN = 1e-3  # places of one point stand a hair apart; nothing lies between them that could close
IMPASSABLE_MM = 300.0  # of water for a car (Pregnolato et al. 2017)


def one_road(graph: RoadGraph, place: int, ends: Iterable[int], centre: int) -> tuple[int, ...]:
    """The edges of the last hop into a place, both ways: those a landslide closes.

    It is the hop on the quickest way by car from the place to the nearest of some ends that do not stand at its own
    point, else to the centre. Where a main road makes the hop, what runs beside it closes and the main road does not.

    Args:
        graph: the roads.
        place: a node.
        ends: nodes, as the posts of its sub-district.
        centre: node of the headquarters.

    Returns:
        Numbers of edges; none where no village road makes the hop.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0] * 3, [0, 1, 2], [0] * 3, [0, 1, 2, 1], [1, 2, 1, 0], [5.0] * 4, [[6.0, 7, 7, 6]] * 4)
        >>> one_road(graph, 2, [0], 0)
        (1, 2)
    """
    found = dijkstra(edge_weights(graph, CAR), indices=np.array([place]), return_predecessors=True)
    reached, before = found[0][0], found[1][0]
    away = [(float(reached[end]), end) for end in ends if SAME_PLACE_MIN < reached[end] < np.inf]
    node = min(away)[1] if away else centre
    if not SAME_PLACE_MIN < reached[node] < np.inf:
        return ()
    hop = (node, node)
    while node != place:
        if reached[node] - reached[before[node]] > SAME_PLACE_MIN:
            hop = (int(before[node]), node)
        node = int(before[node])
    forth = (graph.edge_from == hop[0]) & (graph.edge_to == hop[1])
    back = (graph.edge_from == hop[1]) & (graph.edge_to == hop[0])
    return tuple(np.flatnonzero((forth | back) & ~graph.edge_main).tolist())


def village_roads(graph: RoadGraph, place: int) -> tuple[int, ...]:
    """The edges that meet at a place and are no main road, both ways.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0] * 3, [0, 1, 2], [0] * 3, [0, 1, 2, 1], [1, 2, 1, 0], [5.0] * 4, [[6.0] * 4] * 4)
        >>> village_roads(graph, 0)
        (0, 3)
    """
    here = (graph.edge_from == place) | (graph.edge_to == place)
    return tuple(np.flatnonzero(here & ~graph.edge_main).tolist())


def on_foot(graph: RoadGraph, edges: Collection[int]) -> RoadGraph:
    """The same roads where every vehicle needs a walker's minutes on some edges; none gets quicker by it.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0, 0], [0, 1], [0, 0], [0], [1], [5.0], [[6.0], [6.0], [7.5], [60.0]])
        >>> on_foot(graph, [0]).edge_minutes.ravel().tolist()
        [60.0, 60.0, 60.0, 60.0]
    """
    own = graph.edge_minutes[:, list(edges)]
    return _with_minutes(graph, edges, np.fmax(own, np.where(np.isfinite(own[FOOT]), own[FOOT], np.nan)))


def under_water(graph: RoadGraph, edges: Collection[int], depth_mm: float, truck_wades_mm: float = 0.0) -> RoadGraph:
    """The same roads with standing water on some edges.

    A vehicle keeps the share of its speed that :func:`water_speed` says; from 300 mm on nobody drives, and who goes
    there walks or wades beside a boat at a walker's pace. Nobody is slower than a walker, and a walker keeps his pace.

    Args:
        graph: the roads.
        edges: numbers of edges.
        depth_mm: depth of the water.
        truck_wades_mm: a truck meets the water as a car meets water that much shallower.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0, 0], [0, 1], [0, 0], [0], [1], [5.0], [[6.0], [6.0], [6.0], [60.0]])
        >>> under_water(graph, [0], 100.0).edge_minutes[0].round(1).tolist()
        [12.8]
        >>> under_water(graph, [0], 350.0, 300.0).edge_minutes[:, 0].round(1).tolist()
        [60.0, 60.0, 8.5, 60.0]
    """
    own = graph.edge_minutes[:, list(edges)]
    walked = np.fmax(own, np.where(np.isfinite(own[FOOT]), own[FOOT], np.nan))
    depth = np.full(len(VEHICLES), depth_mm)
    depth[TRUCK] -= truck_wades_mm
    share = water_speed(depth)
    share[FOOT] = 1.0
    with np.errstate(divide="ignore"):
        driven = own / share[:, None]
    return _with_minutes(graph, edges, np.minimum(driven, walked))


def water_speed(depth_mm: Floats) -> Floats:
    """Share of its speed that a car keeps in standing water, 0 from 300 mm on.

    v = 0.0009 w^2 - 0.5529 w + 86.9448 km/h at w millimetres (Pregnolato, Ford, Wilkinson & Dawson 2017,
    *Transportation Research Part D* 55:67), over its value on dry ground.

    Example:
        >>> water_speed(np.array([0.0, 50.0, 100.0, 150.0, 200.0, 299.0, 300.0])).round(2).tolist()
        [1.0, 0.71, 0.47, 0.28, 0.14, 0.02, 0.0]
    """
    w = np.maximum(depth_mm, 0.0)
    kmh = 0.0009 * w**2 - 0.5529 * w + 86.9448
    return np.where(w >= IMPASSABLE_MM, 0.0, kmh / 86.9448)


def _with_minutes(graph: RoadGraph, edges: Collection[int], minutes: Floats) -> RoadGraph:
    changed = graph.edge_minutes.copy()
    changed[:, list(edges)] = np.maximum(changed[:, list(edges)], minutes)
    changed.setflags(write=False)
    return replace(graph, edge_minutes=changed)


def at_worst(graph: RoadGraph, other: RoadGraph) -> RoadGraph:
    """Two states of the same roads together: of each edge the slower minutes; the first itself where none is slower.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> graph = road_graph([0, 0], [0, 1], [0, 0], [0], [1], [5.0], [[6.0], [6.0], [7.5], [60.0]])
        >>> at_worst(graph, on_foot(graph, [0])).edge_minutes[0].tolist(), at_worst(graph, graph) is graph
        ([60.0], True)
    """
    minutes = np.maximum(graph.edge_minutes, other.edge_minutes)
    if np.array_equal(minutes, graph.edge_minutes):
        return graph
    minutes.setflags(write=False)
    return replace(graph, edge_minutes=minutes)


def even(graph: RoadGraph) -> bool:
    """Whether every road takes as long one way as the other, for every vehicle.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> even(road_graph([0, 0], [0, 1], [0, 0], [0], [1], [5.0], [[6.0]] * 4))
        False
    """
    weights = [edge_weights(graph, vehicle) for vehicle in range(len(VEHICLES))]
    return all(abs(matrix - matrix.T).nnz == 0 for matrix in weights)


class Detours:
    """The ways there are after some edges have become slower, worked out from those origins only that are asked for.

    A pair is concerned only if the way to one end of a slower edge and on over it was as short as the shortest: then
    one of the pair lies on either side of the edge. So only the origins on its smaller side have to be worked out anew;
    from any other origin the ways to them are theirs, read backwards, and the rest is as it was.

    Args:
        travel: the table of ``before``.
        before: roads whose nodes are all places and that are :func:`even`.
        after: the same with no edge quicker.
        layouts: of ``before``, a vehicle each, where they are kept.

    Example:
        >>> from simsec.geography.graph import road_graph
        >>> from simsec.geography.travel import travel_table
        >>> graph = road_graph([0] * 3, [0, 1, 2], [0] * 3, [0, 1, 2, 1], [1, 2, 1, 0], [5.0] * 4,
        ...     [[6.0, 7, 7, 6]] * 3 + [[60.0, 70, 70, 60]])
        >>> detours = Detours(travel_table(graph, 3), graph, on_foot(graph, [1, 2]))
        >>> detours.concerned(CAR).tolist(), detours.way(CAR, 2)[0].tolist()
        ([2], [76.0, 70.0, 0.0])
    """

    def __init__(
        self, travel: Travel, before: RoadGraph, after: RoadGraph, layouts: Sequence[Layout] | None = None
    ) -> None:
        """Nothing is worked out yet."""
        self._travel, self._before, self._after, self._layouts = travel, before, after, layouts
        self._concerned: list[Integers | None] = [None] * len(VEHICLES)
        self._ways: list[dict[int, tuple[Floats, Nodes]]] = [{} for _ in VEHICLES]
        minutes = (before.edge_minutes, after.edge_minutes)
        twins = all(np.array_equal(table[MOTORCYCLE], table[CAR]) for table in minutes)
        self._stands_for = [CAR if vehicle == MOTORCYCLE and twins else vehicle for vehicle in range(len(VEHICLES))]

    def like(self, vehicle: int) -> int:
        """The first vehicle that takes the same ways in the same minutes."""
        return self._stands_for[vehicle]

    def concerned(self, vehicle: int) -> Integers:
        """The origins whose ways have to be worked out anew, ascending."""
        found = self._concerned[self.like(vehicle)]
        if found is None:
            vehicle = self.like(vehicle)
            found = _smaller_sides(self._travel.minutes[vehicle], self._before, self._after, vehicle)
            self._concerned[vehicle] = found
        return found

    def way(self, vehicle: int, origin: int) -> tuple[Floats, Nodes]:
        """Rows of minutes and of the places before the last from a concerned origin; kept."""
        kept = self._ways[self.like(vehicle)]
        if origin not in kept:
            self._work_out(self.like(vehicle), np.array([origin]))
        return kept[origin]

    def _work_out(self, vehicle: int, origins: Integers) -> None:
        layout = self._layouts[vehicle] if self._layouts else layout_of(self._before, vehicle)
        weights = layout.weights(self._after.edge_minutes[vehicle])
        reached, last = dijkstra(weights, indices=origins, return_predecessors=True)
        known = self._travel.minutes[vehicle, origins]
        reached = np.where(reached > known * (1 + SAME_MIN), reached, known)
        self._ways[vehicle].update(zip(origins.tolist(), zip(reached, np.maximum(last, -1), strict=True), strict=True))

    def table(self) -> Travel:
        """The whole table after it."""
        minutes, previous = self._travel.minutes.copy(), self._travel.previous.copy()
        for vehicle in range(len(VEHICLES)):
            concerned = self.concerned(vehicle)
            if not len(concerned):
                continue
            self._work_out(self.like(vehicle), concerned)
            ways = [self.way(vehicle, origin) for origin in concerned.tolist()]
            reached, last = (np.array(rows) for rows in zip(*ways, strict=True))
            others = np.setdiff1d(np.arange(minutes.shape[1]), concerned)
            minutes[vehicle, concerned] = reached
            minutes[vehicle, others[:, None], concerned] = reached[:, others].T
            previous[vehicle, concerned] = last
            previous[vehicle, others[:, None], concerned] = _first_hops(concerned, last)[:, others].T
        minutes.setflags(write=False)
        previous.setflags(write=False)
        return Travel(minutes, previous)


def _smaller_sides(minutes: Floats, before: RoadGraph, after: RoadGraph, vehicle: int) -> Integers:
    """For every edge that became slower the nodes on the side of it where there are fewer whose ways may use it."""
    slower = after.edge_minutes[vehicle] > before.edge_minutes[vehicle]
    concerned = np.zeros(len(minutes), dtype=np.bool_)
    for edge in np.flatnonzero(slower & (before.edge_from < before.edge_to)).tolist():  # the way back is its mirror
        u, v, w = before.edge_from[edge], before.edge_to[edge], before.edge_minutes[vehicle, edge]
        near_u, near_v = minutes[u], minutes[v]  # even: the rows stand for the columns
        beyond_v = near_u + w <= near_v * (1 + SAME_MIN)
        beyond_u = near_v + w <= near_u * (1 + SAME_MIN)
        concerned |= beyond_v if beyond_v.sum() < beyond_u.sum() else beyond_u
    return np.flatnonzero(concerned)


def first_hop(origin: int, last: Nodes, place: int) -> int:
    """The node after the origin on the way to a place, from the nodes before the last; -1 where there is no way.

    Example:
        >>> first_hop(0, np.array([-1, 0, 1], dtype=np.int32), 2)
        1
    """
    while (before := last.item(place)) != origin:
        if before < 0:
            return -1
        place = before
    return place


def _first_hops(origins: Integers, last: Nodes) -> Nodes:
    """The node after the origin on every way, from the nodes before the last; -1 for the origin and where is no way."""
    own = np.arange(last.shape[1], dtype=np.int32)[None, :]
    hop = np.where((last == origins[:, None]) | (last < 0), own, last)
    while True:
        further = np.take_along_axis(hop, hop, axis=1)
        if np.array_equal(further, hop):
            return np.where(last < 0, -1, hop)
        hop = further


def slower_shares(
    shares: NDArray[np.float32], travel: Travel, anew: Integers, zone: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Shares of zones of every car route after a table was corrected, see :meth:`Detours.table`.

    Args:
        shares: those of the table before, shape (n, n, zones).
        travel: the table after.
        anew: the origins that were worked out anew, :meth:`Detours.concerned` for a car.
        zone: of every place.
    """
    if not len(anew) or shares.shape[2] == 1:
        return shares
    found = shares.copy()
    rows = shares_from(travel.minutes[CAR, anew], travel.previous[CAR, anew], anew, zone, shares.shape[2])
    others = np.setdiff1d(np.arange(len(shares)), anew)
    found[anew] = rows
    found[others[:, None], anew] = rows[:, others].transpose(1, 0, 2)
    return found
