"""Guard blocks: stations near together in minutes, never across a sub-district, none larger than need be.

A hamlet that is hard to reach has blocks of its own.

Capacitated k-medoids inside each sub-district and class: stations are assigned to medoids by a transportation problem
(:mod:`simsec.plan.assigning`), medoids move to the middle of their block, until nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simsec.day.access import hamlets
from simsec.geography.ground import between_stations, ground_of
from simsec.plan.assigning import assigned
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
ROUNDS = 20
POWER = 2.0  # of minutes: one station far off weighs more than several a little off


def pairs_needed(scenario: Scenario, sector: int, tps_per_pair: int) -> dict[str, int]:
    """Guard pairs of each class in a sub-district when blocks stay inside it: ceil(stations / stations per pair).

    Args:
        scenario: what is known.
        sector: number of the sub-district.
        tps_per_pair: block size of the low class; the other classes keep their pattern.
    """
    inside = scenario.stations.subdistrict == sector
    needed: dict[str, int] = {}
    for number, name in enumerate(CLASSES):
        hamlet = hamlets(scenario)[2][inside & (scenario.stations.station_class == number)]
        size = tps_per_pair if name == "low" else getattr(scenario.settings.patterns, name).tps
        needed[name] = sum(-(-int(count) // size) for count in np.bincount(hamlet + 1))
    return needed


def block_key(scenario: Scenario) -> Integers:
    """What a block must not mix, as one number a station: sub-district, class, hamlet; shape (stations,).

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> keys = block_key(scenario)
        >>> len(set(keys.tolist())), len(keys)
        (22, 1983)
    """
    villages, _, hamlet = hamlets(scenario)
    key = scenario.stations.subdistrict * len(CLASSES) + scenario.stations.station_class
    return np.asarray(key * (len(villages) + 1) + hamlet + 1, dtype=np.int64)


def kept_blocks(plan: Plan | None) -> Integers | None:
    """The blocks of a plan that hold a locked station, -1 elsewhere, shape (stations,); None when nothing is locked.

    Example:
        >>> from simsec.scenario.schema import Policy
        >>> locked = np.array([False, True, False])
        >>> plan = Plan("", np.array([0, 0, 1]), {}, {}, Policy(name="chain_of_command"), "reserve_on_top", locked)
        >>> kept_blocks(plan).tolist()
        [0, 0, -1]
    """
    if plan is None or not plan.locked.any():
        return None
    return np.where(np.isin(plan.block, plan.block[plan.locked]), plan.block, -1).astype(np.int64)


def build_blocks(scenario: Scenario, low_pairs: Mapping[int, int], kept: Integers | None = None) -> Integers:
    """Draw the guard blocks of the whole area.

    Args:
        scenario: what is known.
        low_pairs: sub-district number -> pairs for its stations of the low class; the other classes take their pattern.
        kept: blocks that stay as they are, -1 for stations that are free, shape (stations,); they count as pairs.

    Returns:
        Block of each station, shape (stations,), numbered by sub-district and by the first station's place.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> pairs = {sector: pairs_needed(scenario, sector, 8)["low"] for sector in range(19)}
        >>> int(np.bincount(build_blocks(scenario, pairs)).max())
        8
    """
    stations, ground, key = scenario.stations, ground_of(scenario), block_key(scenario)
    block = np.full(len(stations), -1, dtype=np.int64)
    low, made = _shared_out(scenario, key, low_pairs), 0
    for number in np.unique(key).tolist():
        members = np.flatnonzero(key == number)
        name = CLASSES[int(stations.station_class[members[0]])]
        least = getattr(scenario.settings.patterns, name).tps
        wanted = low[number] if number in low else -(-len(members) // least)
        if kept is not None:
            numbers, label = np.unique(kept[members[kept[members] >= 0]], return_inverse=True)
            block[members[kept[members] >= 0]] = made + label
            made, wanted, members = made + len(numbers), wanted - len(numbers), members[kept[members] < 0]
            if not len(members):
                continue
        groups = min(max(wanted, 1), len(members))
        block[members] = made + _near_groups(between_stations(ground, members), groups, least)
        made += groups
    return block


def _shared_out(scenario: Scenario, key: Integers, low_pairs: Mapping[int, int]) -> dict[int, int]:
    """Pairs of every group of the low class: a hamlet takes what its size needs, its sub-district's others the rest."""
    stations = scenario.stations
    found: dict[int, int] = {}
    for sector, pairs in low_pairs.items():
        inside = (stations.subdistrict == sector) & (stations.station_class == CLASSES.index("low"))
        numbers, counts = np.unique(key[inside], return_counts=True)  # those in no hamlet come first
        size = 1
        while (-(-counts // size)).sum() > max(pairs, len(counts)):
            size += 1
        needed = (-(-counts // size)).tolist()
        found |= dict(zip(numbers.tolist(), needed, strict=True))
        if needed:
            found[int(numbers[0])] += max(pairs - sum(needed), 0)
    return found


def _near_groups(minutes: Floats, groups: int, least: int) -> Integers:
    """Split n things into groups near together; labels in order of first member.

    No group is larger than ceil(n / groups), none smaller than ``least`` where there are enough: a small block would
    put more officers at its stations than their pattern.
    """
    n = len(minutes)
    room = -(-n // groups)
    medoids = _spread_medoids(minutes, groups)
    label = np.zeros(n, dtype=np.int64)
    for _ in range(ROUNDS):
        own = np.arange(n)[:, None] == medoids[None, :]  # a medoid stays in its group, also among things at one place
        label = assigned(minutes[:, medoids] ** POWER - own, min(least, n // groups), room)
        moved = medoids.copy()
        for group in range(groups):
            members = np.flatnonzero(label == group)
            inside = minutes[np.ix_(members, members)]
            moved[group] = members[int(np.argmin(inside.sum(axis=1)))]
        if np.array_equal(moved, medoids):
            break
        medoids = moved
    order = np.argsort([int(np.flatnonzero(label == group)[0]) for group in range(groups)], kind="stable")
    rank = np.empty(groups, dtype=np.int64)
    rank[order] = np.arange(groups)
    return rank[label]


def _spread_medoids(minutes: Floats, groups: int) -> Integers:
    """First medoids: the middle of all, then always the thing farthest from those chosen (Gonzalez 1985)."""
    chosen = [int(np.argmin(minutes.sum(axis=1)))]
    distance = minutes[:, chosen[0]].copy()
    distance[chosen[0]] = -1.0
    while len(chosen) < groups:
        nearest = int(np.argmax(distance))
        chosen.append(nearest)
        distance = np.minimum(distance, minutes[:, nearest])
        distance[chosen] = -1.0
    return np.array(chosen, dtype=np.int64)
