"""Whole small days by chance, for the laws that must hold on every day. All figures are halves of whole minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from simsec.simulation.model import World
from simsec.simulation.policies import NAMES
from tests.simulation.floor import (
    AMBULANCE,
    ARMY,
    CROWD,
    DELAY,
    FALL,
    FIGHT,
    MEDIC,
    PAIR,
    PATROL,
    QUARREL,
    SQUAD,
    Call,
    Post,
    Unit,
    floor,
)

SECTORS = 3
RAYON_OF = (0, 0, 1)


@dataclass(frozen=True)
class Case:
    """A floor map with its units and the day that is played on it."""

    posts: tuple[Post, ...]
    units: tuple[Unit, ...]
    calls: tuple[Call, ...]
    options: dict[str, Any]

    def world(self, **more: Any) -> World:
        """The world of the case."""
        return floor(self.posts, self.units, **(self.options | more))


@st.composite
def cases(draw: st.DrawFn, policies: tuple[str, ...] = NAMES, most_calls: int = 10) -> Case:
    """Some stations in three sub-districts, some units, up to ten calls and a crowd."""
    posts: list[Post] = []
    for sector in range(SECTORS):
        for _ in range(draw(st.integers(1, 2))):
            block, node = len({post.block for post in posts}), draw(st.integers(0, 12))
            posts += [Post(node, sector, block, place) for place in range(draw(st.integers(1, 3)))]
    block_of = {post.block: post for post in posts}
    units = [Unit(PAIR, p.node, p.sector, block=b) for b, p in block_of.items() if draw(st.booleans())]
    for kind, most in ((PATROL, 3), (SQUAD, 4), (ARMY, 1), (MEDIC, 2), (AMBULANCE, 1)):
        for _ in range(draw(st.integers(0, most))):
            sector = draw(st.integers(0, SECTORS - 1))
            rayon = RAYON_OF[sector] if kind == SQUAD and draw(st.booleans()) else -1
            units.append(Unit(kind, draw(st.integers(0, 12)), sector, rayon))
    units.sort(key=lambda unit: (unit.kind, unit.sector))
    calls = draw(st.lists(_calls(len(posts)), min_size=1, max_size=most_calls))
    calls.sort(key=lambda call: call.at)
    seed = draw(st.none() | st.integers(0, len(calls) - 1))
    if seed is not None:
        calls += draw(_children(len(posts), seed, len(calls)))
    options = {
        "policy": draw(st.sampled_from(policies)),
        "divert": draw(st.booleans()),
        "threshold": draw(st.integers(0, 2)),
        "contained_by": draw(st.integers(1, 3)),
        "stations_at_most": draw(st.integers(1, 8)),
        "rayon_of": RAYON_OF,
        "call_back": draw(st.booleans()),
        "absences": draw(st.lists(_absences(), max_size=3)),
    }
    return Case(tuple(posts), tuple(units), tuple(calls), options)


def _absences() -> st.SearchStrategy[tuple[float, float, int, int]]:
    """All units of a kind in a sub-district are off duty for a while."""
    kinds, sectors = st.integers(PAIR, AMBULANCE), st.integers(0, SECTORS - 1)
    return st.tuples(st.integers(0, 450), st.integers(1, 200), kinds, sectors).map(
        lambda drawn: (float(drawn[0]), float(drawn[0] + drawn[1]), drawn[2], drawn[3])
    )


def _calls(posts: int, parent: int = -1) -> st.SearchStrategy[Call]:
    half = st.integers(0, 120).map(lambda n: n / 2)
    rising = st.sampled_from([(np.inf,) * 3, (10.0, 25.5, np.inf), (30.0, np.inf, np.inf), (5.0, 12.0, np.inf)])
    return st.builds(
        Call,
        station=st.integers(0, posts - 1),
        at=st.integers(0, 400).map(float),
        kind=st.sampled_from([QUARREL, FIGHT, FALL] if parent < 0 else [CROWD]),
        level=st.integers(0, 2),
        reported_after=half,
        rises=rising,
        scene=half.map(lambda n: 1 + n),
        where=st.sampled_from([0.0, 0.25, 0.5, 0.75]),
        delay=st.sampled_from([DELAY, (0.0,) * 8, (10.0,) * 8]),
        noise=st.sampled_from([(1.0,) * 4, (0.5, 1.0, 2.0, 1.5)]),
        parent=st.just(parent),
        spreads_after=half,
        contained_within=half,
        hits=st.integers(1, 3) if parent >= 0 else st.just(0),
    )


@st.composite
def _children(draw: st.DrawFn, posts: int, seed: int, first: int) -> list[Call]:
    """Up to three children of one incident, and up to two of the first of them."""
    children = draw(st.lists(_calls(posts, parent=seed), min_size=1, max_size=3))
    grandchildren = draw(st.lists(_calls(posts, parent=first), max_size=2))
    return [*children, *grandchildren]
