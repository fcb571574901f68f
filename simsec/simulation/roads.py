"""The roads of the moment: travel as the rules read it, and what it becomes where a day closes roads.

Closures are drawn with the day; what they do to the tables is worked out here, outside the rules, and kept by the
closures that came before one another, so that several plans that meet the same day pay once. The tables are exchanged
between two events.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsec.day.day import LANDSLIDE, Closures, Day
from simsec.geography.closing import (
    at_worst,
    even,
    on_foot,
    one_road,
    slower_shares,
    slower_table,
    under_water,
    village_roads,
)
from simsec.geography.graph import CAR, RoadGraph
from simsec.geography.ground import ground_of, post_node
from simsec.geography.travel import Travel, travel_table, without_edges, zone_shares
from simsec.scenario.reading import Scenario
from simsec.simulation.model import World

Row = Sequence[Any]  # of numbers
Minutes = list[list[Row]]
Nodes = list[list[Row]]
Shares = list[list[tuple[float, ...]]]
COMMITTEE = ("ppk", "polsek", "polsubsektor")


class Closure(NamedTuple):
    """One road closed: the village it leads into, and the depth of the water; 0 where the ground slid."""

    village: int
    depth_mm: float


class Change(NamedTuple):
    """The roads from a minute on, and what closed then."""

    minute: float
    closure: Closure
    roads: Roads


@dataclass(frozen=True, eq=False)
class Roads:
    """Travel of a scenario with some roads closed, friction included, as the rules read it; shared by all plans.

    Attributes:
        minutes, previous, zone_share: as in the world.
        graph, travel, shares: what they were made from, free flow.
    """

    minutes: Minutes
    previous: Nodes
    zone_share: Shares
    graph: RoadGraph
    travel: Travel
    shares: NDArray[np.float32]

    def under(self, world: World) -> World:
        """The world with these roads."""
        return world._replace(minutes=self.minutes, previous=self.previous, zone_share=self.zone_share)


@lru_cache(maxsize=2)
def _open(scenario: Scenario) -> tuple[Roads, bool]:
    """All roads open, and whether a table can be corrected instead of worked out anew."""
    ground = ground_of(scenario)
    roads = _as_lists(scenario, ground.graph, ground.travel, ground.zone_share)
    return roads, len(ground.graph.node_lat) == ground.travel.minutes.shape[1] and even(ground.graph)


@lru_cache(maxsize=8)
def _closed(scenario: Scenario, closures: tuple[Closure, ...]) -> Roads:
    before = roads_after(scenario, closures[:-1])
    after = _graph_after(scenario, before.graph, closures[-1])
    if after is before.graph:
        return before
    zone = ground_of(scenario).node_zone
    if not _open(scenario)[1]:
        travel = travel_table(after, len(zone))
        return _as_lists(scenario, after, travel, zone_shares(travel, CAR, zone, before.shares.shape[2]))
    travel, anew = slower_table(before.travel, before.graph, after)
    return _as_lists(scenario, after, travel, slower_shares(before.shares, travel, anew, zone), before)


def roads_after(scenario: Scenario, closures: tuple[Closure, ...]) -> Roads:
    """The roads of a scenario after some closures, in the order in which they came; kept.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> village = scenario.villages.name.index("Keseneng")
        >>> slid = roads_after(scenario, (Closure(village, LANDSLIDE),))
        >>> slid.travel.minutes[CAR].sum() > roads_after(scenario, ()).travel.minutes[CAR].sum()
        np.True_
    """
    return _closed(scenario, closures) if closures else _open(scenario)[0]


@lru_cache(maxsize=8)
def _without(scenario: Scenario, shut: frozenset[int], closures: tuple[Closure, ...]) -> Roads:
    graph, zone = without_edges(roads_after(scenario, closures).graph, shut), ground_of(scenario).node_zone
    travel = travel_table(graph, len(zone))
    return _as_lists(scenario, graph, travel, zone_shares(travel, CAR, zone, int(zone.max()) + 1))


def roads_without(scenario: Scenario, shut: frozenset[int], closures: tuple[Closure, ...] = ()) -> Roads:
    """The roads of a scenario when some edges of its road graph are closed to everybody, a walker too; kept.

    Args:
        scenario: what is known.
        shut: numbers of edges.
        closures: what the day closed beside them.
    """
    return _without(scenario, shut, closures) if shut else roads_after(scenario, closures)


def _graph_after(scenario: Scenario, graph: RoadGraph, closure: Closure) -> RoadGraph:
    """The graph after a closure; the very same where there is no village road to close."""
    posts, weather, dry = scenario.posts, scenario.settings.weather, ground_of(scenario).graph
    if closure.depth_mm != LANDSLIDE:
        edges = village_roads(dry, closure.village)
        wades = weather.truck_wades_mm.mode if weather.truck_wades_mm else 0.0
        return at_worst(graph, under_water(dry, edges, closure.depth_mm, wades))
    sector = scenario.villages.subdistrict[closure.village]
    ends = [post_node(scenario, post) for post in posts.of_type(*COMMITTEE) if posts.subdistrict[post] == sector]
    centre = post_node(scenario, posts.of_type("polres")[0])
    return at_worst(graph, on_foot(dry, one_road(dry, closure.village, ends, centre)))


def changes_of(scenario: Scenario, day: Day) -> tuple[Change, ...]:
    """The roads of a day, from minute to minute; none where no road closes, and none for a closure without effect."""
    return changes_by(scenario, day.closures)


def changes_by(scenario: Scenario, closures: Closures) -> tuple[Change, ...]:
    """As :func:`changes_of`, from the closures alone."""
    found: list[Change] = []
    so_far: tuple[Closure, ...] = ()
    roads = roads_after(scenario, so_far) if len(closures.minute) else None
    for minute, village, depth_mm in zip(*(column.tolist() for column in closures), strict=True):
        closure = Closure(village, depth_mm)
        after = roads_after(scenario, (*so_far, closure))
        if after is not roads and minute < scenario.horizon_min[1]:
            found.append(Change(minute, closure, after))
            roads, so_far = after, (*so_far, closure)
    return tuple(found)


def world_at(world: World, changes: tuple[Change, ...], minute: float) -> World:
    """The world with the roads of a minute; what closes at it is closed."""
    roads = next((change.roads for change in reversed(changes) if change.minute <= minute), None)
    return world if roads is None else roads.under(world)


def _as_lists(
    scenario: Scenario, graph: RoadGraph, travel: Travel, shares: NDArray[np.float32], like: Roads | None = None
) -> Roads:
    """Tables as lists; rows that are those of ``like`` are shared with it, for a list is dear."""
    friction = scenario.settings.travel.friction.mode
    if like is None:
        return Roads(
            [_packed(table) for table in travel.minutes * friction],
            [_packed(table) for table in _walkable(travel)],
            # Inner tuples: the collector of garbage stops following them, there are as many as pairs of nodes.
            [list(map(tuple, row)) for row in shares.astype(np.float64).tolist()],
            graph,
            travel,
            shares,
        )
    walkable = travel.previous if np.isfinite(travel.minutes).all() else _walkable(travel)
    with without_collection():
        vehicles = range(len(travel.minutes))
        minutes = [
            _rows_after(like.minutes[v], travel.minutes[v] * friction, travel.minutes[v] != like.travel.minutes[v])
            for v in vehicles
        ]
        previous = [
            _rows_after(like.previous[v], walkable[v], travel.previous[v] != like.travel.previous[v]) for v in vehicles
        ]
        zone_share = _shares_after(like.zone_share, shares, _differ(shares, like.shares))
    return Roads(minutes, previous, zone_share, graph, travel, shares)


def _packed(table: NDArray[Any]) -> list[Row]:
    """Each row as an array of the standard library: Python reads it like a list, it takes a quarter of the memory."""
    kind = "d" if table.dtype == np.float64 else "q"
    return [array(kind, row.tobytes()) for row in table.astype(np.float64 if kind == "d" else np.int64, copy=False)]


def _rows_after(rows: list[Row], table: NDArray[Any], other: NDArray[np.bool_]) -> list[Row]:
    """Rows of a table of which some cells are others now; rows that are not are the same arrays."""
    changed = np.flatnonzero(other.any(axis=1))
    if not len(changed):
        return rows
    found = rows[:]
    for number, row in zip(changed.tolist(), _packed(table[changed]), strict=True):
        found[number] = row
    return found


def _differ(shares: NDArray[np.float32], before: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether a pair's shares are others now; zone by zone, for numpy is slow along a short axis."""
    found = np.zeros(shares.shape[:2], dtype=np.bool_)
    for zone in range(shares.shape[2] if shares is not before else 0):
        found |= shares[:, :, zone] != before[:, :, zone]
    return found


def _shares_after(rows: Shares, shares: NDArray[np.float32], other: NDArray[np.bool_]) -> Shares:
    """As :func:`_rows_after`; a route there and back has the same shares, so that one tuple stands for both."""
    found = rows[:]
    for number in np.flatnonzero(other.any(axis=1)).tolist():
        found[number] = found[number][:]
    row, place = np.nonzero(other)
    forth = row < place
    mirrored = (shares[row, place] == shares[place, row]).all(axis=1) & other[place, row]
    alone = forth | ~mirrored
    row, place, both = row[alone], place[alone], (forth & mirrored)[alone]
    values = shares[row, place].astype(np.float64).tolist()
    for number, at, back, value in zip(row.tolist(), place.tolist(), both.tolist(), values, strict=True):
        found[number][at] = share = tuple(value)
        if back:
            found[at][number] = share
    return found


@contextmanager
def without_collection() -> Iterator[None]:
    """Many small lists are built and none is garbage: the collector would look at all tables again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _walkable(travel: Travel) -> NDArray[np.int64]:
    """Where there is no way, the place before the destination is the origin: a unit sent there stays where it is.

    The rules walk routes back through ``previous``; with a mark for *none* in it they would never end.
    """
    origin = np.broadcast_to(np.arange(travel.minutes.shape[1])[None, :, None], travel.minutes.shape)
    return np.where(np.isfinite(travel.minutes), travel.previous, origin)
