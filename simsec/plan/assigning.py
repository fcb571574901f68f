"""Assign things to groups of bounded size at the least cost: a transportation problem, exact.

Some hundred things: each place of a group is a column of an assignment problem (scipy, Crouse 2016), whose time grows
with their third power. More of them: everything goes to its cheapest group, then one thing after another moves along a
cheapest chain of groups, from one that has too many or to one that has too few, until all sizes are kept: successive
shortest paths (Ahuja, Magnanti and Orlin 1993, section 9.7) on the few groups instead of on the many things.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
FEW = 240  # things; up to here the places of the groups are the faster way
MUST = 1e7  # beyond any cost: these places are filled first
EQUAL = 1e-9  # costs that differ by less, in their own unit, are alike: rounding makes no chain of its own


def assigned(cost: Floats, least: int, most: int) -> Integers:
    """The group of each thing at the least total cost, no group below ``least`` or above ``most``.

    Args:
        cost: of each thing in each group, finite and far below ``MUST``, shape (things, groups).
        least: things in a group, at least; least x groups <= things.
        most: things in a group, at most; things <= most x groups.

    Returns:
        Shape (things,).

    Raises:
        ValueError: the things do not fit the groups.

    Example:
        >>> assigned(np.array([[0.0, 5.0], [1.0, 2.0], [2.0, 9.0], [3.0, 4.0]]), 1, 2).tolist()
        [0, 1, 0, 1]
    """
    things, groups = cost.shape
    if not least * groups <= things <= most * groups:
        raise ValueError("the things do not fit the groups")
    return by_places(cost, least, most) if things <= FEW else by_chains(cost, least, most)


def by_places(cost: Floats, least: int, most: int) -> Integers:
    """Each group as ``most`` places, of which the first ``least`` are filled first."""
    groups = cost.shape[1]
    slots = np.repeat(np.arange(groups), most)
    must = np.tile(np.arange(most) < least, groups) * MUST
    return np.asarray(slots[linear_sum_assignment(cost[:, slots] - must)[1]], dtype=np.int64)


def by_chains(cost: Floats, least: int, most: int) -> Integers:
    """Everything where it is cheapest, then chain after chain until the sizes are kept."""
    things, groups = cost.shape
    group: Integers = np.argmin(cost, axis=1).astype(np.int64)
    count = np.bincount(group, minlength=groups)
    # The last node is outside: what a group holds flows there, between ``least`` and ``most``.
    held = np.clip(count, least, most)
    excess = np.append(count - held, int(held.sum()) - things)
    mover = np.zeros((groups, groups), dtype=np.int64)
    step = np.full((groups + 1, groups + 1), np.inf)
    step[:groups, groups], step[groups, :groups] = _doors(held, least, most)
    for start in range(groups):
        _leave(cost, group, start, step, mover)
    while (excess > 0).any():
        chain = _cheapest_chain(step, excess)
        excess[chain[0]] -= 1
        excess[chain[-1]] += 1
        links = list(pairwise(chain))
        for thing, to in [(mover[a, b], b) for a, b in links if groups not in (a, b)]:
            group[thing] = to
        for a, b in links:
            if groups in (a, b):
                held[a if b == groups else b] += 1 if b == groups else -1
        for start in chain:
            if start < groups:
                step[start, groups], step[groups, start] = _doors(held[start], least, most)
                _leave(cost, group, start, step, mover)
    return group


def _doors(held: Integers, least: int, most: int) -> tuple[Floats, Floats]:
    """Cost of a step from groups to the outside and back: nought while the sizes allow it."""
    return np.where(held < most, 0.0, np.inf), np.where(held > least, 0.0, np.inf)


def _leave(cost: Floats, group: Integers, start: int, step: Floats, mover: Integers) -> None:
    """Write what leaving a group for each other costs at least, and who would go."""
    members = np.flatnonzero(group == start)
    groups = len(mover)
    if not len(members):
        step[start, :groups] = np.inf
        return
    more = cost[members] - cost[members, start][:, None]
    mover[start] = members[more.argmin(axis=0)]
    step[start, :groups] = more.min(axis=0)


def _cheapest_chain(step: Floats, excess: Integers) -> list[int]:
    """Nodes of the cheapest chain from any that has too much to any that has too little.

    Bellman and Ford: a step may cost less than nought, a circle never does.
    """
    distance = np.where(excess > 0, 0.0, np.inf)
    before = np.full(len(excess), -1)
    for _ in range(len(excess)):
        through = distance[:, None] + step
        shorter = through.min(axis=0) < distance - EQUAL
        if not shorter.any():
            break
        best = through[:, shorter].argmin(axis=0)
        distance[shorter] = through[best, shorter]
        before[shorter] = best
    chain = [int(np.argmin(np.where(excess < 0, distance, np.inf)))]
    while before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    return chain[::-1]
