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
from simsec.day.incidents import Draws, marked
from simsec.day.streams import stream, text_key, uniforms
from simsec.day.tables import sampling_tables, window_quantile
from simsec.scenario.reading import Scenario

Neighbours = Sequence[tuple[Integers, Floats]]
"""For each village the others in order of minutes, and those minutes."""


@dataclass(frozen=True)
class _Node:
    path: str  # "0" the seed, "0.2" its third neighbour, and so on: the key of its draws
    parent: int
    village: int


def _u(seed: int, replication: int, mark: str, paths: Sequence[str]) -> Floats:
    keys = np.array([text_key("spread/" + path) for path in paths], dtype=np.uint64)
    return uniforms(stream(seed, replication, mark), keys, 0)


def _tree(scenario: Scenario, neighbours: Neighbours, seed: int, replication: int, village: int) -> list[_Node]:
    """The villages the crowd could reach, breadth first, each at most once."""
    spreading = scenario.settings.spreading
    nodes, met, begin = [_Node("0", -1, village)], {village}, 0
    for _ in range(spreading.depth_at_most):
        end = len(nodes)
        for parent in range(begin, end):
            others, minutes = neighbours[nodes[parent].village]
            near = others[minutes <= spreading.neighbour_min.mode][: spreading.neighbours_at_most]
            paths = [f"{nodes[parent].path}.{place}" for place in range(len(near))]
            if not paths:
                continue
            reached = _u(seed, replication, "spread/reaches", paths) < spreading.probability.mode
            for path, other, yes in zip(paths, near.tolist(), reached.tolist(), strict=True):
                if yes and other not in met:
                    met.add(other)
                    nodes.append(_Node(path, parent, other))
        begin = end
    return nodes


def spreading_crowd(scenario: Scenario, neighbours: Neighbours, seed: int, replication: int) -> Incidents:
    """The seed and its dormant children, the seed first.

    Every station of the area is as likely as any other to be the seed's: no village is called dangerous.

    Args:
        scenario: what is known.
        neighbours: for each village the others by motorcycle minutes.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.

    Returns:
        Incidents whose ``parent`` counts from 0 within this table.
    """
    tables, settings = sampling_tables(scenario), scenario.settings
    spreading, model = settings.spreading, settings.incidents[settings.spreading.kind]
    lot = uniforms(stream(seed, replication, "spread/seed"), tables.station_key, 0)
    root = int(np.argmin(lot))
    nodes = _tree(scenario, neighbours, seed, replication, int(scenario.stations.village[root]))
    paths = [node.path for node in nodes]
    station = _stations(tables.stations_of_village, nodes, root, _u(seed, replication, "spread/station", paths))
    key = np.array([text_key("spread/" + path) for path in paths], dtype=np.uint64)
    draws = Draws(seed, replication, key, np.zeros(len(nodes), dtype=np.uint64))
    onset = np.full(len(nodes), np.nan)
    onset[0] = window_quantile(draws.of("time")[:1], model.windows)[0]
    kind = np.full(len(nodes), tables.kind(spreading.kind))
    parent = np.array([node.parent for node in nodes])
    sizes = np.array([len(tables.stations_of_village[node.village]) for node in nodes])
    hits = np.rint(spreading.stations_per_village.quantile(draws.of("spread/hits"))).astype(np.int64)
    return replace(
        marked(scenario, kind, station, onset, draws),
        parent=parent,
        child_first=np.searchsorted(parent, np.arange(len(nodes)), side="left"),
        child_end=np.searchsorted(parent, np.arange(len(nodes)), side="right"),
        spread_delay_min=spreading.delay_min.quantile(draws.of("spread/delay")),
        contain_within_min=spreading.contained_within_min.quantile(draws.of("spread/contain")),
        hits=np.clip(hits, 1, sizes),
    )


def _stations(
    stations_of_village: Sequence[NDArray[np.int64]], nodes: Sequence[_Node], root: int, u: Floats
) -> Integers:
    chosen = [root]
    for node, share in zip(nodes[1:], u[1:], strict=True):
        members = stations_of_village[node.village]
        chosen.append(int(members[int(share * len(members))]))
    return np.array(chosen, dtype=np.int64)


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
    )
    rows = np.concatenate([order, np.arange(len(primary) + 1, len(primary) + len(crowd))])
    joined = {
        name: np.concatenate([getattr(primary, name), getattr(crowd, name)])[rows]
        for name in Incidents.__dataclass_fields__
    }
    return Incidents(**joined)
