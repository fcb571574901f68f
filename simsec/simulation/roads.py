"""The roads of the moment: travel as the rules read it, and what it becomes where a day closes roads.

Closures are drawn with the day. What they do to the tables is worked out once for all plans that meet it, and only
where it is asked for (:mod:`simsec.simulation.changed`). The tables are exchanged between two events.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsec.day.day import LANDSLIDE, Closures, Day
from simsec.geography.closing import (
    Detours,
    at_worst,
    even,
    on_foot,
    one_road,
    slower_shares,
    under_water,
    village_roads,
)
from simsec.geography.graph import CAR, VEHICLES, RoadGraph
from simsec.geography.ground import ground_of, post_node
from simsec.geography.travel import Layout, Travel, layout_of, travel_table, without_edges, zone_shares
from simsec.scenario.reading import Scenario
from simsec.simulation.changed import Row, changed_minutes, changed_previous, changed_shares, packed
from simsec.simulation.model import World

Floats = NDArray[np.float64]
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


class Tables(NamedTuple):
    """The tables of a world's roads as arrays, as a compiled calendar reads them."""

    minutes: Floats
    previous: NDArray[np.int64]
    zone_share: Floats


@dataclass(frozen=True, eq=False)
class Roads:
    """Travel of a scenario with some roads closed, friction included, as the rules read it; shared by all plans.

    Attributes:
        minutes, previous, zone_share: as in the world.
        graph: what they were made from, free flow.
        arrays: gives the same as arrays.
    """

    minutes: Minutes
    previous: Nodes
    zone_share: Shares
    graph: RoadGraph
    arrays: Callable[[], Tables]

    def under(self, world: World) -> World:
        """The world with these roads."""
        return world._replace(minutes=self.minutes, previous=self.previous, zone_share=self.zone_share)


@lru_cache(maxsize=2)
def _open(scenario: Scenario) -> tuple[Roads, tuple[Layout, ...]]:
    """All roads open, and the layouts of their edges; none where tables cannot be corrected and are worked out anew."""
    ground = ground_of(scenario)
    correctable = len(ground.graph.node_lat) == ground.travel.minutes.shape[1] and even(ground.graph)
    layouts = tuple(layout_of(ground.graph, vehicle) for vehicle in range(len(VEHICLES) if correctable else 0))
    return _as_lists(scenario, ground.graph, ground.travel, ground.zone_share), layouts


@lru_cache(maxsize=64)  # little is kept of each: what was asked for
def _closed(scenario: Scenario, closures: tuple[Closure, ...]) -> Roads:
    before, ground = roads_after(scenario, closures[:-1]), ground_of(scenario)
    after = _graph_after(scenario, before.graph, closures[-1])
    if after is before.graph:
        return before
    open_, layouts = _open(scenario)
    if layouts:
        detours = Detours(ground.travel, ground.graph, after, layouts)
        return Roads(
            changed_minutes(open_.minutes, detours, scenario.settings.travel.friction.mode),
            changed_previous(open_.previous, detours),
            changed_shares(open_.zone_share, detours, ground.node_zone),
            after,
            partial(_corrected, scenario, detours),
        )
    travel, zone = travel_table(after, len(ground.node_zone)), ground.node_zone
    return _as_lists(scenario, after, travel, zone_shares(travel, CAR, zone, ground.zone_share.shape[2]))


def roads_after(scenario: Scenario, closures: tuple[Closure, ...]) -> Roads:
    """The roads of a scenario after some closures, in the order in which they came; kept.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> village = scenario.villages.name.index("Keseneng")
        >>> slid = roads_after(scenario, (Closure(village, LANDSLIDE),))
        >>> slid.arrays().minutes[CAR].sum() > roads_after(scenario, ()).arrays().minutes[CAR].sum()
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
    weather, dry = scenario.settings.weather, ground_of(scenario).graph
    if closure.depth_mm == LANDSLIDE:
        return at_worst(graph, on_foot(dry, _road_that_slides(scenario, closure.village)))
    edges = village_roads(dry, closure.village)
    wades = weather.truck_wades_mm.mode if weather.truck_wades_mm else 0.0
    return at_worst(graph, under_water(dry, edges, closure.depth_mm, wades))


@lru_cache(maxsize=1024)
def _road_that_slides(scenario: Scenario, village: int) -> tuple[int, ...]:
    posts, sector = scenario.posts, scenario.villages.subdistrict[village]
    ends = [post_node(scenario, post) for post in posts.of_type(*COMMITTEE) if posts.subdistrict[post] == sector]
    return one_road(ground_of(scenario).graph, village, ends, post_node(scenario, posts.of_type("polres")[0]))


@lru_cache(maxsize=4)  # as the marks of a day: the plans of a comparison meet it one after the other
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


def forget() -> None:
    """Forget what closed roads were found to do, as if no plan had met their days; for measurements."""
    _closed.cache_clear()
    changes_of.cache_clear()


def world_at(world: World, changes: tuple[Change, ...], minute: float) -> World:
    """The world with the roads of a minute; what closes at it is closed."""
    roads = next((change.roads for change in reversed(changes) if change.minute <= minute), None)
    return world if roads is None else roads.under(world)


def _as_lists(scenario: Scenario, graph: RoadGraph, travel: Travel, shares: NDArray[np.float32]) -> Roads:
    """Tables as lists of all their rows."""
    tables = _tables(scenario, travel, shares)
    with without_collection():
        return Roads(
            [packed(table) for table in tables.minutes],
            [packed(table) for table in tables.previous],
            # Inner tuples: the collector of garbage stops following them, there are as many as pairs of nodes.
            [list(map(tuple, row)) for row in tables.zone_share.tolist()],
            graph,
            partial(_tables, scenario, travel, shares),
        )


def _tables(scenario: Scenario, travel: Travel, shares: NDArray[np.float32]) -> Tables:
    friction = scenario.settings.travel.friction.mode
    return Tables(travel.minutes * friction, _walkable(travel), shares.astype(np.float64))


def _corrected(scenario: Scenario, detours: Detours) -> Tables:
    ground, travel = ground_of(scenario), detours.table()
    shares = slower_shares(ground.zone_share, travel, detours.concerned(CAR), ground.node_zone)
    return _tables(scenario, travel, shares)


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
