"""A crowd that spreads: one forced seed on a severe day and a finite tree of dormant children, drawn beforehand.

The rules decide at run time which children wake: those whose parent was not contained in time. Anchor: Parado, Bima,
14 Feb 2024, 13 to 15 stations in four villages in an evening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simsec.day.day import Floats, Incidents, Integers
from simsec.day.incidents import marked
from simsec.day.keyed import Draws
from simsec.day.streams import stream, text_key, uniforms
from simsec.day.tables import sampling_tables, window_quantile
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES

_AREA = np.array([text_key("area")], dtype=np.uint64)
Neighbours = Sequence[tuple[Integers, Floats]]
"""For each village the others in order of minutes, and those minutes."""


@dataclass(frozen=True)
class _Node:
    """A way into a village: it may be reached from several, and is hit by the first that comes."""

    parent: int
    village: int
    path: tuple[int, ...]  # the villages on the way, this one included


def _tree(
    scenario: Scenario, neighbours: Neighbours, seed: int, replication: int, village: int
) -> tuple[list[_Node], list[int]]:
    """The ways the crowd could go, breadth first, none through a village twice; and the key of each."""
    spreading, tables = scenario.settings.spreading, sampling_tables(scenario)
    reaches = stream(seed, replication, "spread/reaches")
    nodes, keys, begin = [_Node(-1, village, (village,))], [int(tables.village_key[village])], 0
    for _ in range(spreading.depth_at_most):
        end = len(nodes)
        for parent in range(begin, end):
            node = nodes[parent]
            others, minutes = neighbours[node.village]
            near = others[minutes <= spreading.neighbour_min.mode][: spreading.neighbours_at_most]
            # The key is the pair of villages, in this order (hence the shift): a way is open or not, whoever takes it.
            key = tables.village_key[near] ^ np.uint64(text_key(scenario.villages.code[node.village]) >> 1)
            open_ = uniforms(reaches, key, 0) < spreading.probability.mode
            for other, way in zip(near[open_].tolist(), key[open_].tolist(), strict=True):
                if other not in node.path:
                    nodes.append(_Node(parent, other, (*node.path, other)))
                    keys.append(way)
        begin = end
    return nodes, keys


def seed_shares(scenario: Scenario) -> Floats:
    """Probability that a crowd starts at each station, shape (stations,).

    Example:
        >>> from simsec.scenario import read_scenario
        >>> shares = seed_shares(read_scenario("scenarios/kabupaten-semarang"))
        >>> round(float(shares[0] * len(shares)), 9)
        1.0
    """
    parts = _groups(scenario)
    return np.asarray(sum(share * group / group.sum() for share, group in parts), dtype=np.float64)


def _groups(scenario: Scenario) -> tuple[tuple[float, NDArray[np.bool_]], ...]:
    """Stations that a crowd may start at, evenly inside each group, and how likely each group is."""
    miss, classes = scenario.settings.spreading.label_miss, scenario.stations.station_class
    unlabelled = classes == CLASSES.index("low")
    labelled = (classes == CLASSES.index("elevated")) | (classes == CLASSES.index("high"))
    if miss is None or not (unlabelled.any() or labelled.any()):
        return ((1.0, np.ones(len(classes), dtype=np.bool_)),)
    if not (unlabelled.any() and labelled.any()):
        return ((1.0, unlabelled | labelled),)
    return ((miss.mode, unlabelled), (1 - miss.mode, labelled))


def _root(scenario: Scenario, seed: int, replication: int) -> int:
    """Number of the station at which the crowd starts."""
    lot = uniforms(stream(seed, replication, "spread/seed"), sampling_tables(scenario).station_key, 0)
    (share, group), *other = _groups(scenario)
    if other and uniforms(stream(seed, replication, "spread/label"), _AREA, 0)[0] >= share:
        group = other[0][1]
    return int(np.argmin(np.where(group, lot, np.inf)))


def spreading_crowd(scenario: Scenario, neighbours: Neighbours, seed: int, replication: int) -> Incidents:
    """The seed and its dormant children, the seed first: a child a way into a village.

    Every station of the area is as likely as any other to be the seed's: no village is called dangerous. Where a
    scenario says how often labels miss (``label_miss``, a study of labels), the seed falls that often on a station of
    the low class, else on one of the elevated or the high, evenly among them.

    Args:
        scenario: what is known.
        neighbours: for each village the others by motorcycle minutes.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.

    Returns:
        Incidents whose ``parent`` and ``village`` count from 0 within this table.
    """
    tables, settings = sampling_tables(scenario), scenario.settings
    spreading, model = settings.spreading, settings.incidents[settings.spreading.kind]
    root = _root(scenario, seed, replication)
    nodes, keys = _tree(scenario, neighbours, seed, replication, int(scenario.stations.village[root]))
    village = np.array([node.village for node in nodes])
    # What happens in a village is the same whichever way the crowd comes; when it comes is the way's.
    there = _draws(seed, replication, tables.village_key[village])
    ways = _draws(seed, replication, np.array(keys, dtype=np.uint64))
    onset = np.full(len(nodes), np.nan)
    onset[0] = window_quantile(there.of("time")[:1], model.windows)[0]
    kind = np.full(len(nodes), tables.kind(spreading.kind))
    station = _stations(tables.stations_of_village, village, root, there.of("spread/station"))
    parent = np.array([node.parent for node in nodes])
    sizes = np.array([len(tables.stations_of_village[number]) for number in village])
    hits = np.rint(spreading.stations_per_village.quantile(there.of("spread/hits"))).astype(np.int64)
    _, first, row = np.unique(village, return_index=True, return_inverse=True)
    return replace(
        marked(scenario, kind, station, onset, there),
        parent=parent,
        child_first=np.searchsorted(parent, np.arange(len(nodes)), side="left"),
        child_end=np.searchsorted(parent, np.arange(len(nodes)), side="right"),
        spread_delay_min=spreading.delay_min.quantile(ways.of("spread/delay")),
        contain_within_min=spreading.contained_within_min.quantile(ways.of("spread/contain")),
        hits=np.clip(hits, 1, sizes),
        village=first[row],
    )


def _draws(seed: int, replication: int, key: NDArray[np.uint64]) -> Draws:
    """Draws of the crowd, apart from those of any other incident in the same village."""
    return Draws(seed, replication, key ^ np.uint64(text_key("spread")), np.zeros(len(key), dtype=np.uint64))


def _stations(stations_of_village: Sequence[NDArray[np.int64]], village: Integers, root: int, u: Floats) -> Integers:
    """The station of the seed, then one drawn in each village."""
    chosen = [
        int(stations_of_village[number][int(share * len(stations_of_village[number]))])
        for number, share in zip(village.tolist(), u.tolist(), strict=True)
    ]
    return np.array([root, *chosen[1:]], dtype=np.int64)


def with_crowd(primary: Incidents, crowd: Incidents) -> Incidents:
    """Primary incidents in order of onset, the crowd's seed among them, then its dormant children."""
    order = np.argsort(np.concatenate([primary.onset_min, crowd.onset_min[:1]]), kind="stable")
    place = int(np.flatnonzero(order == len(primary))[0])  # where the seed came to stand
    shift = len(primary)
    crowd = replace(
        crowd,
        parent=np.where(crowd.parent == 0, place, np.where(crowd.parent > 0, crowd.parent + shift, -1)),
        child_first=crowd.child_first + shift,
        child_end=crowd.child_end + shift,
        village=np.where(crowd.village == 0, place, crowd.village + shift),
    )
    rows = np.concatenate([order, np.arange(len(primary) + 1, len(primary) + len(crowd))])
    primary = replace(primary, village=np.arange(len(primary)) + (np.arange(len(primary)) >= place))
    joined = {
        name: np.concatenate([getattr(primary, name), getattr(crowd, name)])[rows]
        for name in Incidents.__dataclass_fields__
    }
    return Incidents(**joined)
