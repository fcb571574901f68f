"""A road graph where no road file is at hand: links between neighbouring places, main roads laid over them.

Neighbours are the Gabriel graph of the points (Gabriel & Sokal 1969, *Systematic Zoology* 18:259): two places are
linked when no third one lies in the circle that has the link as its diameter. It holds the shortest tree through all
points, so nothing falls apart, and it leaves out the long links across empty ground that a Delaunay graph draws around
a summit: any village on the way takes the link away.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from simsec.geography.distance import local_km
from simsec.geography.graph import (
    FOOT,
    LEAST_MIN,
    MOTORCYCLE,
    VEHICLES,
    RoadGraph,
    RoadSettings,
    road_graph,
    vehicle_minutes,
)

_log = logging.getLogger(__name__)

RoadClass = Literal["toll", "national", "provincial", "local", "ferry"]
_SAME_POINT_DEGREES = 1e-5  # about a metre: places closer than this share one point of the plane
_SHORT_HOP_KM = 0.5  # heights come in steps of tens of metres: so short a hop cannot tell a slope by itself

_Floats = NDArray[np.float64]
_Pairs = NDArray[np.int64]


@dataclass(frozen=True)
class Corridor:
    """A main road as the ordered places it runs through.

    Attributes:
        name: what people call it.
        road_class: toll (gates only: no way on or off between the places named), national, provincial, local, or ferry:
            a crossing that carries every vehicle in its reported minutes, whatever roads are like.
        through: indices of at least two places.
        motorcycles_allowed: false on most toll roads; nobody walks on a toll road in any case.
        minutes_reported: a car's minutes from the first place to the last as somebody measured them; they replace the
            modelled ones, shared out over the road by length.
    """

    name: str
    road_class: RoadClass
    through: tuple[int, ...]
    motorcycles_allowed: bool = True
    minutes_reported: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no road can be.

        Raises:
            ValueError: an unknown class, fewer than two places, minutes that are not positive, or a ferry without any.
        """
        if self.road_class not in get_args(RoadClass):
            raise ValueError(f"{self.name}: road class {self.road_class!r} is none of {get_args(RoadClass)}")
        if len(self.through) < 2:
            raise ValueError(f"{self.name}: a road runs through at least two places")
        if self.minutes_reported is not None and not self.minutes_reported > 0:
            raise ValueError(f"{self.name}: reported minutes must be positive")
        if self.road_class == "ferry" and self.minutes_reported is None:
            raise ValueError(f"{self.name}: a ferry needs its minutes")


@dataclass(frozen=True)
class Barrier:
    """Ground that no link between neighbours crosses: a lake, a crater, a bay. A main road may.

    Attributes:
        name: what people call it.
        lat: degrees north of the middle.
        lon: degrees east of the middle.
        radius_km: how far it reaches.
    """

    name: str
    lat: float
    lon: float
    radius_km: float


def terrain_graph(
    lat: ArrayLike,
    lon: ArrayLike,
    elevation_m: ArrayLike,
    corridors: Sequence[Corridor],
    settings: RoadSettings,
    *,
    summit_m: ArrayLike | None = None,
    barriers: Sequence[Barrier] = (),
    join_limit_km: float = np.inf,
) -> RoadGraph:
    """Model the roads between places from where they lie, how high, and the main roads people know.

    A link between neighbours is as long as the straight line times the winding and is driven at village speed. It is a
    mountain link, longer and slower, where it is steep or where the links around its ends are steep on average: a road
    along a flank is a mountain road although it hardly climbs. Nobody drives over a summit: where both villages reach
    up to high ground, the link is kept only if it is short enough to pass along one flank of it.

    A main road runs straight from each place it names to the next, times the winding, at the speed of its class; a
    mountain stretch is slowed as village roads are. Places within reach lie on it, at their distance along the line,
    except on a toll road or a ferry. What stays apart is joined by the shortest link, with a warning in the log, unless
    that link is longer than ``join_limit_km``: an island without a ferry stays out of reach.

    Args:
        lat: (n,) degrees north of the places.
        lon: (n,) degrees east.
        elevation_m: (n,) height of the very point, metres; NaN takes that of the nearest known point.
        corridors: the main roads.
        settings: windings, limits and speeds.
        summit_m: (n,) how high the ground of the place reaches (95th percentile over the village); NaN, or none at
            all, means no higher than its point.
        barriers: ground no link between neighbours crosses.
        join_limit_km: longest link that joins what stays apart.

    Returns:
        A graph whose nodes are the places, every road open both ways; connected unless the join limit forbids.

    Raises:
        ValueError: the arrays differ in length, or a corridor names a place that is not there.

    Example:
        >>> settings = RoadSettings(1.4, 1.8, 40, 3.5, 7.0, 1.0, 28, 20, 35, 45, 79, 5, 0.8)
        >>> graph = terrain_graph([-7.0, -7.0, -7.0], [110.0, 110.02, 110.04], [90, 95, 90], [], settings)
        >>> list(zip(graph.edge_from.tolist(), graph.edge_to.tolist()))
        [(0, 1), (1, 2), (1, 0), (2, 1)]
    """
    lats, lons = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    n = len(lats)
    heights = np.asarray(elevation_m, dtype=np.float64)
    summits = heights if summit_m is None else np.asarray(summit_m, dtype=np.float64)
    if not (lats.shape == lons.shape == heights.shape == summits.shape == (n,)):
        raise ValueError("lat, lon, elevation_m and summit_m need one value a place")
    for corridor in corridors:
        if not all(0 <= place < n for place in corridor.through):
            raise ValueError(f"{corridor.name}: runs through a place that is not there: {corridor.through}")
    if n == 0:
        return road_graph([], [], [], [], [], [], np.empty((len(VEHICLES), 0)))
    origin = (float(lats.mean()), float(lons.mean()))
    xy = local_km(lats, lons, origin)
    height = _known_heights(xy, heights)
    summit = np.fmax(summits, height)

    first, twin = _coincident(lats, lons)
    links = first[_gabriel(xy[first], settings.neighbour_limit_km)]
    links = links[~_crosses_summit(xy, height, summit, links, settings)]
    links = links[~_crosses_barrier(xy, links, barriers, origin)]
    links = np.concatenate((links, twin))
    km, car = _link_km_and_minutes(xy, height, links, settings)
    pieces = [_Roads(links, km, vehicle_minutes(car, km, settings))]
    pieces += [_corridor_roads(corridor, xy, height, settings) for corridor in corridors]
    main = [np.full(len(piece.km), number > 0) for number, piece in enumerate(pieces)]

    # Joined by roads open to all, so that no vehicle is ever without a way.
    open_to_all = np.concatenate([piece.pairs[np.isfinite(piece.minutes).all(axis=0)] for piece in pieces])
    missing = _joining_links(xy, open_to_all, join_limit_km)
    if len(missing):
        km, car = _link_km_and_minutes(xy, height, missing, settings)
        pieces.append(_Roads(missing, km, vehicle_minutes(car, km, settings)))
        main.append(np.zeros(len(missing), dtype=np.bool_))

    pairs = np.concatenate([piece.pairs for piece in pieces])
    km = np.concatenate([piece.km for piece in pieces])
    minutes = np.concatenate([piece.minutes for piece in pieces], axis=1)
    return road_graph(
        lats,
        lons,
        height,
        np.concatenate((pairs[:, 0], pairs[:, 1])),
        np.concatenate((pairs[:, 1], pairs[:, 0])),
        np.concatenate((km, km)),
        np.concatenate((minutes, minutes), axis=1),
        np.concatenate((*main, *main)),
    )


@dataclass(frozen=True)
class _Roads:
    """Stretches of road open both ways: (e, 2) ends, (e,) km, (len(VEHICLES), e) minutes."""

    pairs: _Pairs
    km: _Floats
    minutes: _Floats


def _known_heights(xy: _Floats, elevation_m: _Floats) -> _Floats:
    known = np.flatnonzero(np.isfinite(elevation_m))
    if len(known) == 0:
        return np.zeros(len(xy))
    _, nearest = cKDTree(xy[known]).query(xy)
    return np.asarray(np.where(np.isfinite(elevation_m), elevation_m, elevation_m[known[nearest]]), dtype=np.float64)


def _coincident(lat: _Floats, lon: _Floats) -> tuple[NDArray[np.int64], _Pairs]:
    """The first place at every point, and pairs that tie each later place there to the first."""
    grid = np.round(np.column_stack((lat, lon)) / _SAME_POINT_DEGREES)
    _, first, which = np.unique(grid, axis=0, return_index=True, return_inverse=True)
    others = np.setdiff1d(np.arange(len(lat)), first)
    return first, np.column_stack((first[which.ravel()[others]], others))


def _gabriel(xy: _Floats, limit_km: float) -> _Pairs:
    """Pairs of points at most ``limit_km`` apart with no third point inside the circle over their link."""
    tree = cKDTree(xy)
    pairs = np.asarray(tree.query_pairs(limit_km, output_type="ndarray"), dtype=np.int64).reshape(-1, 2)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]  # the tree gives them in no order worth keeping
    if len(pairs) == 0:
        return pairs
    middle = xy[pairs].mean(axis=1)
    nearest_km, _ = tree.query(middle)
    return pairs[nearest_km >= _lengths(xy, pairs) / 2 * (1 - 1e-9)]


def _lengths(xy: _Floats, pairs: _Pairs) -> _Floats:
    return np.asarray(np.linalg.norm(xy[pairs[:, 0]] - xy[pairs[:, 1]], axis=1), dtype=np.float64)


def _crosses_summit(
    xy: _Floats, height: _Floats, summit: _Floats, links: _Pairs, settings: RoadSettings
) -> NDArray[np.bool_]:
    """Links too long to pass along one flank of the high ground that both their ends share.

    The ridge between two villages is at least as high as the ground both reach up to. Where climbing to it within half
    the link is steep, it is a mountain; two villages on one flank are near each other, on two flanks they are not.
    """
    km = _lengths(xy, links)
    ends_m, ridge_m = height[links].max(axis=1), summit[links].min(axis=1)
    steep = ridge_m - ends_m >= settings.mountain_slope_m_per_km * km / 2
    return np.asarray(steep & (ridge_m > ends_m) & (km > settings.mountain_limit_km), dtype=np.bool_)


def _crosses_barrier(
    xy: _Floats, links: _Pairs, barriers: Sequence[Barrier], origin: tuple[float, float]
) -> NDArray[np.bool_]:
    """Links whose straight line passes through a barrier; one that starts inside it may leave."""
    crosses = np.zeros(len(links), dtype=np.bool_)
    for barrier in barriers:
        middle = local_km([barrier.lat], [barrier.lon], origin)[0]
        start, along = xy[links[:, 0]], xy[links[:, 1]] - xy[links[:, 0]]
        share = np.clip(((middle - start) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12), 0, 1)
        passes_km = np.linalg.norm(start + share[:, None] * along - middle, axis=1)
        inside = np.linalg.norm(xy[links] - middle, axis=2).min(axis=1) < barrier.radius_km
        crosses |= (passes_km < barrier.radius_km) & ~inside
    return crosses


def _link_km_and_minutes(
    xy: _Floats, height: _Floats, links: _Pairs, settings: RoadSettings
) -> tuple[_Floats, _Floats]:
    """Length and a car's minutes of village roads: (e,) each."""
    straight_km = _lengths(xy, links)
    climb_m = np.abs(height[links[:, 0]] - height[links[:, 1]])
    climb_m[straight_km < _SHORT_HOP_KM] = 0.0
    around_km = np.bincount(links.ravel(), np.repeat(straight_km, 2), len(xy))
    around_m = np.bincount(links.ravel(), np.repeat(climb_m, 2), len(xy))
    around = around_m / np.maximum(around_km, 1e-9)
    own = climb_m / np.maximum(straight_km, 1e-9)
    mountain = np.maximum(own, around[links].mean(axis=1)) >= settings.mountain_slope_m_per_km
    km = straight_km * np.where(mountain, settings.winding_mountain, settings.winding_flat)
    return km, km / np.where(mountain, settings.speed_mountain_kmh, settings.speed_village_kmh) * 60


def _ferry(corridor: Corridor, minutes: float, xy: _Floats) -> _Roads:
    """A crossing: as long as the straight line, as slow as the ferry for whatever stands on it."""
    pairs = np.array(list(pairwise(corridor.through)), dtype=np.int64)
    km = _lengths(xy, pairs)
    share = km / km.sum() if km.sum() > 0 else np.full(len(km), 1 / len(km))
    return _Roads(pairs, km, np.tile(minutes * share, (len(VEHICLES), 1)))


def _corridor_roads(corridor: Corridor, xy: _Floats, height: _Floats, settings: RoadSettings) -> _Roads:
    if corridor.road_class == "ferry" and corridor.minutes_reported is not None:
        return _ferry(corridor, corridor.minutes_reported, xy)
    speed_kmh = {
        "toll": settings.speed_toll_kmh,
        "national": settings.speed_national_kmh,
        "provincial": settings.speed_national_kmh,
        "local": settings.speed_main_kmh,
    }[corridor.road_class]
    toll = corridor.road_class == "toll"
    legs = []
    for a, b in pairwise(corridor.through):
        stops, at_km = _stops(a, b, xy, 0.0 if toll else settings.road_reach_km)
        pairs = np.column_stack((stops[:-1], stops[1:]))
        climb_m = np.abs(np.diff(height[stops])).sum()
        mountain = not toll and climb_m >= settings.mountain_slope_m_per_km * max(at_km[-1], 1e-9)
        winding = settings.winding_mountain if mountain else settings.winding_flat
        slowed = settings.speed_mountain_kmh / settings.speed_village_kmh if mountain else 1.0
        # Places beside the line are not drawn onto it, but no road is shorter than the straight way.
        km = np.maximum(np.diff(at_km) * winding, _lengths(xy, pairs))
        legs.append((pairs, km, km / (speed_kmh * slowed) * 60))
    km = np.concatenate([leg[1] for leg in legs])
    car = np.concatenate([leg[2] for leg in legs])
    if corridor.minutes_reported is not None:
        car = corridor.minutes_reported * (km / km.sum() if km.sum() > 0 else np.full(len(km), 1 / len(km)))
    minutes = vehicle_minutes(np.maximum(car, LEAST_MIN), km, settings)
    if toll:
        minutes[FOOT] = np.inf
    if not corridor.motorcycles_allowed:
        minutes[MOTORCYCLE] = np.inf
    return _Roads(np.concatenate([leg[0] for leg in legs]), km, minutes)


def _stops(a: int, b: int, xy: _Floats, reach_km: float) -> tuple[NDArray[np.int64], _Floats]:
    """Places on the straight road from a to b, in order, and how far along it each lies."""
    line = xy[b] - xy[a]
    length = float(np.linalg.norm(line))
    if length == 0 or reach_km == 0:
        return np.array([a, b]), np.array([0.0, length])
    along = (xy - xy[a]) @ line / length
    aside = np.linalg.norm(xy - xy[a] - along[:, None] * line / length, axis=1)
    on = np.flatnonzero((along > 0) & (along < length) & (aside <= reach_km))
    on = on[(on != a) & (on != b)]
    on = on[np.argsort(along[on], kind="stable")]
    return np.concatenate(([a], on, [b])), np.concatenate(([0.0], along[on], [length]))


def _joining_links(xy: _Floats, pairs: _Pairs, limit_km: float) -> _Pairs:
    """The shortest links that make one whole of places that the pairs leave apart (Prim over the components).

    A gap wider than the limit stays: the places beyond it are joined among themselves only.
    """
    n = len(xy)
    linked = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    n_parts, part = connected_components(linked, directed=False)
    found: list[tuple[int, int]] = []
    whole = part == part[0]
    while not whole.all():
        inside, outside = np.flatnonzero(whole), np.flatnonzero(~whole)
        distance_km, which = cKDTree(xy[inside]).query(xy[outside])
        km, nearest = np.asarray(distance_km), np.asarray(which)
        shortest = int(np.argmin(km))
        a, b = int(inside[nearest[shortest]]), int(outside[shortest])
        whole |= part == part[b]
        if km[shortest] > limit_km:
            continue
        _log.warning("places fell apart into %d parts: place %d joined to %d over %.1f km", n_parts, a, b, km[shortest])
        found.append((a, b))
    return np.array(found, dtype=np.int64).reshape(-1, 2)
