"""Laws of where a unit is and how long it needs."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.simulation.calendar import marks_of
from simsec.simulation.model import NEVER, DayMarks, State, World, fresh_state
from simsec.simulation.movement import minutes_to, position, slowness
from simsec.simulation.simulate import kept_world
from tests.areas import announced, shipped
from tests.simulation.floor import PAIR, PATROL, Call, Post, Unit, day_of, floor

NODE = st.integers(0, 12)


@cache
def real() -> World:
    return kept_world(shipped(), announced())


def on_the_way(world: World, day: DayMarks, start: int, end: int, slow: float = 1.0) -> State:
    state = fresh_state(world, day)
    return state._replace(leg_from=[start], leg_to=[end], leg_start=[100.0], leg_slow=[slow])


@given(NODE, NODE, st.integers(0, 200), st.sampled_from([1.0, 2.0]))
def test_a_unit_stands_at_the_node_nearest_to_where_it_is(start: int, end: int, minutes: int, slow: float) -> None:
    world, day = floor([Post(1)], [Unit(PATROL, 0)]), marks_of(day_of(Call(0, 0)))
    state = on_the_way(world, day, start, end, slow)
    driven = min(minutes / slow / 10, abs(end - start))
    exact = start + np.sign(end - start) * driven
    node = position(world, state, 0, 100.0 + minutes)
    assert abs(node - exact) <= 0.5
    if abs(abs(exact - int(exact)) - 0.5) < 1e-9:
        assert abs(node - start) == int(driven)  # half way: the one behind


def test_before_it_moves_off_a_unit_stands_where_it_was() -> None:
    world, day = floor([Post(1)], [Unit(PATROL, 0)]), marks_of(day_of(Call(0, 0)))
    state = on_the_way(world, day, 3, 7)
    assert [position(world, state, 0, now) for now in (0.0, 100.0, 104.0, 106.0, 139.0, 1e6)] == [3, 3, 3, 4, 7, 7]


@given(st.integers(0, 324), st.integers(0, 324), st.floats(0, 1.2))
def test_on_real_roads_the_place_lies_on_the_stored_route(start: int, end: int, share: float) -> None:
    world = real()
    nodes = len(world.minutes[0])
    start, end = start % nodes, end % nodes
    unit = len(world.unit_kind) // 2
    vehicle = world.kind_vehicle[world.unit_kind[unit]]
    state = fresh_state(world, marks_of(day_of(Call(0, 0))))
    state.leg_from[unit], state.leg_to[unit], state.leg_start[unit] = start, end, 0.0
    whole = world.minutes[vehicle][start][end]
    node = position(world, state, unit, share * whole)
    route = [end]
    while route[-1] != start:
        route.append(world.previous[vehicle][start][route[-1]])
    assert node in route
    gaps = [abs(world.minutes[vehicle][start][place] - min(share, 1.0) * whole) for place in route]
    assert abs(world.minutes[vehicle][start][node] - min(share, 1.0) * whole) == pytest.approx(min(gaps), abs=1e-9)


def test_the_place_of_a_pair_is_drawn_evenly_over_its_block() -> None:
    posts = [Post(2, place=place) for place in range(5)]
    world = floor(posts, [Unit(PAIR, 2, block=0)])
    found = []
    for tenth in range(10):
        day = marks_of(day_of(Call(4, 0, where=(tenth + 0.5) / 10)))
        found.append(minutes_to(world, day, fresh_state(world, day), 0, 0, 2))
    assert found == [8, 8, 6, 6, 4, 4, 2, 2, 0, 0]
    last = marks_of(day_of(Call(4, 0, where=1.0 - 1e-16)))
    assert minutes_to(world, last, fresh_state(world, last), 0, 0, 2) == 0


def test_a_pair_away_from_its_block_takes_the_road() -> None:
    posts = [Post(2, place=0), Post(5, block=1)]
    world, day = floor(posts, [Unit(PAIR, 2, block=0)]), marks_of(day_of(Call(0, 0), Call(1, 0)))
    assert minutes_to(world, day, fresh_state(world, day), 0, 1, 2) == 30
    away = fresh_state(world, day)._replace(leg_from=[2], leg_to=[5], leg_start=[NEVER])
    assert minutes_to(world, day, away, 0, 0, 5) == 30


def test_slowness_is_the_mean_of_the_zones_along_the_route_in_this_hour() -> None:
    world = floor([Post(1)], [Unit(PATROL, 0)])._replace(zones=2, zone_share=[[(0.25, 0.75)] * 13] * 13)
    day = replace(day_of(Call(0, 0)), slow=np.array([[1.0, 1.0], [1.0, 2.0], [3.0, 3.0]]))
    marks = marks_of(day)
    assert slowness(world, marks, 59.9, 0, 1) == 1
    assert slowness(world, marks, 60.0, 0, 1) == 0.25 * 1 + 0.75 * 2
    assert slowness(world, marks, 130.0, 0, 1) == 3
    later = world._replace(starts_min=240.0)
    assert [slowness(later, marks, 240.0 + minute, 0, 1) for minute in (0.0, 60.0, 120.0)] == [1, 1.75, 3]
    assert slowness(world, marks, -5.0, 0, 1) == 1 and slowness(world, marks, 1e4, 0, 1) == 3  # the clock's ends


def test_zone_shares_of_every_route_add_up() -> None:
    shares = np.array(real().zone_share)
    assert (shares >= 0).all() and np.allclose(shares.sum(axis=2), 1, atol=1e-5)
