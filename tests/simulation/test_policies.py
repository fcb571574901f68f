"""Laws of the three dispatch policies, on the map of ``floor.py``."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.simulation.calendar import marks_of
from simsec.simulation.model import NEVER, RED, fresh_state
from simsec.simulation.policies import NAMES, choose
from tests.simulation.floor import PAIR, PATROL, SQUAD, Call, Post, Unit, day_of, floor, play

POSTS = [Post(1), Post(4, 1, 1), Post(9, 2, 2)]
UNITS = [
    Unit(PAIR, 4, 1, block=1),
    Unit(PATROL, 8, 0),
    Unit(PATROL, 5, 1),
    Unit(SQUAD, 3, 0, rayon=0),
    Unit(SQUAD, 9, 2),
]
ONE_GUARD = [[{"guard": 1}] * 3] * 4


def first_unit(policy: str, *calls: Call) -> list[int]:
    return play(floor(POSTS, UNITS, policy=policy, needs=ONE_GUARD), *calls).first_unit


def test_the_policies_are_the_three_of_the_design_and_the_list() -> None:
    assert NAMES == ("chain_of_command", "nearest_capable", "nearest_in_sector", "preference_list")


def test_a_list_is_followed_whoever_is_nearer() -> None:
    # Station 0 at node 1: the squad at node 9 stands first on its list, the squad next door second.
    lists = [4, 3, 1, 2, 0] * 3
    world = floor(POSTS, UNITS, policy="preference_list", needs=ONE_GUARD, preference=lists)
    state = play(world, Call(0, 100), Call(0, 101))
    assert [state.first_unit[0], state.first_unit[1]] == [4, 3]
    # A unit that is on no list stays at home.
    short = [4, -1, -1, -1, -1] * 3
    world = floor(POSTS, UNITS, policy="preference_list", needs=ONE_GUARD, preference=short)
    state = play(world, Call(0, 100), Call(0, 101, scene=9))
    assert sum(state.missions[:4]) == 0


def test_the_nearest_capable_comes_whoever_commands_it() -> None:
    # Station 0 at node 1: the squad (20 minutes) is nearer than the pair (30), the patrols (70, 40).
    state = play(floor(POSTS, UNITS, policy="nearest_capable", needs=ONE_GUARD), Call(0, 100))
    assert (state.first_unit[0], state.dispatched[0], state.first[0]) == (3, 100, 100 + 2 + 20)
    # A pair leaves its block when it is the nearest: 40 minutes to node 8, the squad at node 9 is away.
    assert first_unit("nearest_capable", Call(2, 90, scene=500), Call(2, 91, scene=500)) == [4, 1]


def test_the_own_sub_district_goes_first_even_when_it_is_farther() -> None:
    assert first_unit("nearest_in_sector", Call(0, 100)) == [3]  # squad 3 and patrol 1 stand in sub-district 0
    assert first_unit("nearest_in_sector", Call(0, 100), Call(0, 101)) == [3, 1]
    assert first_unit("nearest_capable", Call(0, 100), Call(0, 101)) == [3, 0]
    # Nobody of the own sub-district is left: the nearest from elsewhere.
    assert first_unit("nearest_in_sector", Call(0, 100), Call(0, 101), Call(0, 102)) == [3, 1, 0]


def test_chain_of_command_waits_for_each_step_where_the_nearest_does_not() -> None:
    patient = play(floor(POSTS, UNITS, needs=ONE_GUARD), Call(0, 100))
    assert (patient.first_unit[0], patient.dispatched[0]) == (1, 103)  # the patrol of the sub-district, 70 minutes away
    prompt = play(floor(POSTS, UNITS, needs=ONE_GUARD, policy="nearest_capable"), Call(0, 100))
    assert prompt.first[0] < patient.first[0]


@pytest.mark.parametrize("policy", NAMES)
def test_red_may_have_what_the_threshold_keeps_from_green(policy: str) -> None:
    squads = [Unit(SQUAD, 3, 0), Unit(SQUAD, 3, 0)]
    calls = [Call(0, 100, scene=900), Call(0, 101, scene=900), Call(0, 130, level=RED)]
    state = play(floor([Post(1)], squads, policy=policy, threshold=1), *calls, until=900)
    assert state.missions == [1, 1]
    assert state.dispatched[1] == NEVER and state.dispatched[2] == 130


@pytest.mark.parametrize("policy", NAMES)
def test_what_cannot_be_filled_waits_for_whoever_is_free_first(policy: str) -> None:
    state = play(floor([Post(1)], [Unit(PAIR, 1, block=0)], policy=policy), Call(0, 100), Call(0, 110))
    assert state.first == [100, 130]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.integers(0, 12), st.sampled_from(NAMES[1:3]))
def test_nobody_nearer_stays_behind(nodes: list[int], node: int, policy: str) -> None:
    squads = [Unit(SQUAD, where, 0) for where in nodes]
    world = floor([Post(node)], squads, policy=policy)
    day = marks_of(day_of(Call(0, 100, level=RED)))
    chosen = choose(world, day, fresh_state(world, day), 0, 2, 100.0)
    assert chosen == int(np.argmin(np.abs(np.array(nodes) - node)))  # argmin: the lowest number of several


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.integers(0, 12))
def test_nobody_waits_longer_for_the_nearest_than_for_the_chain(nodes: list[int], node: int) -> None:
    squads = [Unit(SQUAD, where, 0) for where in nodes]
    chain, nearest = (play(floor([Post(node)], squads, policy=policy), Call(0, 100)) for policy in NAMES[:2])
    assert nearest.first[0] <= chain.first[0]


def test_a_pair_that_is_called_back_turns_round_for_its_own_block() -> None:
    # The pair of block 1 (node 4) is on its way to station 2 at node 9 when its own block calls.
    pair, calls = [Unit(PAIR, 4, 1, block=1)], (Call(2, 100), Call(1, 120))
    options = {"policy": "nearest_capable", "needs": ONE_GUARD}
    stays = play(floor(POSTS, pair, **options), *calls)
    assert (stays.first[0], stays.missions) == (150, [2])
    turned = play(floor(POSTS, pair, call_back=True, **options), *calls)
    assert (turned.dispatched[1], turned.first[1]) == (120, 140)  # from node 6, back to node 4
    assert turned.first[0] == 140 + 30 + 50  # what it left is asked for again, and waits for it
    # Where it has come already it stays; for a lower level it goes on.
    assert play(floor(POSTS, pair, call_back=True, **options), Call(2, 100), Call(1, 155)).first[0] == 150
    low = play(floor(POSTS, pair, call_back=True, **options), Call(2, 100, level=1), Call(1, 120))
    assert low.first[0] == 150


def test_call_back_is_of_pairs_and_of_their_own_block_alone() -> None:
    pair, options = [Unit(PAIR, 4, 1, block=1)], {"policy": "nearest_capable", "needs": ONE_GUARD, "call_back": True}
    own = play(floor([*POSTS, Post(4, 1, 1, 1)], pair, **options), Call(1, 100), Call(3, 100.5))
    assert own.missions == [2] and own.first[0] < own.dispatched[1]  # from one station of the block to the other: no
    patrol = play(floor(POSTS, [Unit(PATROL, 4, 1)], **options), Call(2, 100), Call(1, 120))
    assert patrol.first[0] == 150
