"""Diversion as lessons on the map of ``floor.py``: who is turned round, from where, and what becomes of the first."""

from simsec.simulation.model import GREEN, RED, YELLOW
from tests.simulation.floor import ARMY, PAIR, SQUAD, Call, Post, Unit, floor, play


def test_with_diversion_red_turns_a_unit_round_and_green_asks_again() -> None:
    posts = [Post(9), Post(3, block=1)]
    units = [Unit(SQUAD, 0, 0), Unit(ARMY, 12, 0)]
    needs_one = [[{"squad": 1}] * 3] * 4
    green, red = Call(0, 100, delay=(0,) * 8), Call(1, 116, level=RED)
    off = play(floor(posts, units, needs=needs_one), green, red)
    assert off.first_unit == [0, 1] and off.first[0] == 100 + 2 + 90
    on = play(floor(posts, units, needs=needs_one, divert=True), green, red)
    # At 116 the squad has driven 14 of 90 minutes and counts from node 1: 20 minutes to the red one, no turn-out.
    assert (on.first_unit[1], on.first[1]) == (0, 136)
    # Green asks again at 116 where it stood: the squad is gone, the army turns out. The old arrival at 192 is void.
    assert (on.first_unit[0], on.first[0]) == (1, 116 + 10 + 30)
    assert on.here == [0, 0] and on.sent[0][2] == 1 and on.arrived[0][2] == 1
    assert on.busy_min[0] == 16 + 20 + 30


def test_diversion_takes_nobody_from_the_spot_and_nobody_from_its_equals() -> None:
    posts, squad = [Post(9), Post(3, block=1)], [Unit(SQUAD, 0, 0)]
    needs_one = [[{"squad": 1}] * 3] * 4
    world = floor(posts, squad, needs=needs_one, divert=True)
    assert play(world, Call(0, 100, level=RED), Call(1, 115, level=RED)).missions == [2]
    for level, arrives in ((GREEN, 100 + 2 + 90), (RED, 100 + 2 + 90)):
        state = play(world, Call(0, 100, level=level, scene=60, delay=(0,) * 8), Call(1, 200, level=RED))
        assert state.first[0] == arrives
        assert state.dispatched[1] == arrives + 60  # it was at work when red called


def test_whoever_is_turned_round_before_he_moved_off_still_finishes_his_turn_out() -> None:
    posts, squad = [Post(9), Post(3, block=1)], [Unit(SQUAD, 0, 0)]
    needs_one = [[{"squad": 1}] * 3] * 4
    green, red = Call(0, 100, delay=(0,) * 8, scene=500), Call(1, 101, level=RED)
    state = play(floor(posts, squad, needs=needs_one, divert=True), green, red)
    assert state.first[1] == 101 + 1 + 30  # of two minutes one is left


def test_a_diverted_pair_counts_as_on_the_road() -> None:
    posts = [Post(4, place=0), Post(4, place=1), Post(4, place=2)]
    units = [Unit(PAIR, 4, block=0)]
    needs_one = [[{"guard": 1}] * 3] * 4
    calls = [Call(2, 100, scene=10), Call(1, 102, level=YELLOW, scene=10)]
    state = play(floor(posts, units, needs=needs_one, policy="nearest_capable", divert=True), *calls)
    # Turned round it counts from the village point, no minute from any station there; free at 112 it walks again.
    assert state.first == [112 + 4, 102]


def test_after_a_diversion_only_one_chain_climbs() -> None:
    # Green needs two guards: the squad of the rayon goes at 100 + 3 + 5, the rest climbs on and reaches the army at
    # 118. At 110 red turns the squad round; if that began a second chain, the army would be asked at once.
    posts, needs_one = [Post(9), Post(3, block=1)], [[{"squad": 2}, {}, {"squad": 1}]] * 4
    units = [Unit(SQUAD, 0, 0, rayon=0), Unit(ARMY, 12, 0)]
    green, red = Call(0, 100), Call(1, 110, level=RED)
    state = play(floor(posts, units, needs=needs_one, divert=True), green, red, until=250)
    assert state.serves[0] == 1 or state.first_unit[1] == 0  # the squad went to red
    assert state.ordered_at[1] == 100 + 3 + 5 + 4 + 6
