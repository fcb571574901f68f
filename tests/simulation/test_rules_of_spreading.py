"""Crowds that spread, as lessons on the map of ``floor.py``: where they go, what contains them."""

from dataclasses import replace

from simsec.simulation.model import HIT, LIMIT_REACHED, NEVER, YELLOW
from tests.simulation.floor import CROWD, FALL, PAIR, SQUAD, Call, Post, Unit, floor, play


def test_a_village_that_two_villages_reach_is_hit_once_by_the_first_that_comes() -> None:
    posts = [Post(n, block=n) for n in range(1, 4)]
    posts = [Post(0), *posts]
    calls = [
        Call(0, 100, CROWD, YELLOW, hits=1),
        Call(1, 0, CROWD, YELLOW, parent=0, spreads_after=50, contained_within=60, hits=1),
        Call(3, 0, CROWD, YELLOW, parent=0, spreads_after=80, contained_within=90, hits=2),
        Call(3, 0, CROWD, YELLOW, parent=1, spreads_after=20, contained_within=60, hits=2, village=2),
    ]
    state = play(floor(posts, []), *calls)
    assert state.onset == [100, 150, NEVER, 170] and state.counters[HIT] == 4
    # Is the nearer way contained, the crowd still comes by the other, later.
    squads = [Unit(SQUAD, 1, 0, rayon=0)]
    state = play(floor(posts, squads, contained_by=1, needs=[[{"squad": 1}] * 3] * 4, rayon_of=(0,)), *calls)
    assert state.contained[0] == 100 + 5 + 2 + 10 and state.onset[1:] == [NEVER, NEVER, NEVER]
    late = [calls[0], *[replace(call, contained_within=1.0) if call.village < 0 else call for call in calls[1:]]]
    late[1] = replace(late[1], spreads_after=90)
    state = play(floor(posts, squads, contained_by=1, needs=[[{"squad": 1}] * 3] * 4, rayon_of=(0,)), *late)
    assert state.onset[2] == 180 and state.onset[3] == NEVER


CROWD_AREA = [Post(1), Post(2, block=1), Post(3, block=2), Post(4, block=3)]


def crowd(**more: float) -> list[Call]:
    """A crowd at station 0 that reaches station 1 after 60 minutes and from there station 2 after 30 more."""
    return [
        Call(0, 100, CROWD, YELLOW, scene=120, hits=3),
        Call(1, 0, CROWD, YELLOW, parent=0, spreads_after=60, contained_within=more.get("within", 60), hits=2),
        Call(2, 0, CROWD, YELLOW, parent=1, spreads_after=30, contained_within=30, hits=2),
    ]


def test_three_squads_in_time_contain_it() -> None:
    near = [Unit(SQUAD, 4, 0, rayon=0)] * 3
    state = play(floor(CROWD_AREA, near), *crowd())
    # Yellow enters at the patrol; five minutes later the squads of the rayon: 2 to turn out, 30 to drive.
    assert state.contained[0] == 100 + 5 + 2 + 30
    assert state.onset == [100, NEVER, NEVER] and state.counters == [3, 0, 0]


def test_without_containment_the_next_villages_wake_with_all_that_follows() -> None:
    state = play(floor(CROWD_AREA, [Unit(SQUAD, 4, 0, rayon=0)] * 2), *crowd())
    assert state.onset == [100, 160, 190]
    assert state.counters[HIT] == 3 + 2 + 2
    assert state.reported == [100, 160, 190]
    assert state.level == [YELLOW, YELLOW, YELLOW]


def test_containment_counts_only_within_its_own_time() -> None:
    near = [Unit(SQUAD, 4, 0, rayon=0)] * 3
    assert play(floor(CROWD_AREA, near), *crowd(within=37)).onset[1] == NEVER  # contained at 137, within 37 minutes
    assert play(floor(CROWD_AREA, near), *crowd(within=36)).onset[1] == 160
    too_late = [Unit(SQUAD, 7, 0, rayon=0)] * 3  # 60 minutes to drive: contained at 167, the crowd moved at 160
    assert play(floor(CROWD_AREA, too_late), *crowd(within=90)).onset[1] == 160


def closure(within: float, kind: int = FALL) -> list[Call]:
    """What closes station 0 at 100, and an illness there at 400 unless the station was open again in time."""
    return [
        Call(0, 100, scene=60),
        Call(0, 0, kind, parent=0, spreads_after=300, contained_within=within),
    ]


def test_a_consequence_comes_unless_its_cause_was_over_in_time() -> None:
    posts, pair = [Post(1)], [Unit(PAIR, 1, block=0)]
    assert play(floor(posts, pair), *closure(60)).onset[1] == NEVER  # over at 160, within its 60 minutes
    assert play(floor(posts, pair), *closure(59)).onset[1] == 400
    assert play(floor(posts, []), *closure(299)).onset[1] == 400  # nobody came: never over
    woken = play(floor(posts, pair), *closure(59))
    assert woken.reported[1] == 400 and woken.counters == [0, 0, 0]  # no crowd has hit anything


def test_squads_on_the_spot_do_not_end_a_closure_and_an_end_does_not_contain_a_crowd() -> None:
    squads = [Unit(SQUAD, 1, 0, rayon=0)] * 3
    crowd_, illness = Call(0, 100, CROWD, YELLOW, scene=400, hits=1), replace(closure(60)[1], spreads_after=60)
    state = play(floor(CROWD_AREA, squads), crowd_, illness)
    assert state.contained[0] == 107 and state.onset[1] == 160  # contained, and still going on
    own = [Call(0, 100, scene=20), Call(1, 0, parent=0, spreads_after=60, contained_within=60, hits=1)]
    state = play(floor(CROWD_AREA, [Unit(PAIR, 1, block=0)]), *own)
    assert state.cleared[0] == 120 and state.onset[1] == 160


def test_squads_that_arrive_with_the_crowd_contain_it() -> None:
    at_the_minute = [Unit(SQUAD, 7, 0, rayon=0)] * 3
    first, second, third = crowd(within=90)
    early = Call(0, 93, CROWD, YELLOW, scene=120, hits=3)
    assert play(floor(CROWD_AREA, at_the_minute), early, second, third).onset[1] == 153
    waits = Call(1, 0, CROWD, YELLOW, parent=0, spreads_after=67, contained_within=90, hits=2)
    assert play(floor(CROWD_AREA, at_the_minute), first, waits, third).onset[1] == NEVER


def test_it_takes_all_squads_at_once_to_contain() -> None:
    # Two near squads leave after 10 minutes' work; the third comes when they have gone.
    squads = [Unit(SQUAD, 1, 0, rayon=0), Unit(SQUAD, 1, 0, rayon=0), Unit(SQUAD, 4, 0, rayon=0)]
    _, second, third = crowd()
    state = play(floor(CROWD_AREA, squads), Call(0, 100, CROWD, YELLOW, scene=10, hits=3), second, third)
    assert state.arrived[0][2] == 3 and state.full[0] == 137
    assert state.contained[0] == NEVER and state.onset[1] == 160


def test_contained_is_contained_whoever_comes_after() -> None:
    squads = [Unit(SQUAD, 2, 0, rayon=0), Unit(SQUAD, 9, 0, rayon=0)]
    state = play(floor(CROWD_AREA, squads, contained_by=1), *crowd())
    assert state.arrived[0][2] >= 2 and state.contained[0] == 100 + 5 + 2 + 10
    assert state.onset[1] == NEVER


def test_spreading_stops_at_the_limit_and_the_limit_is_counted() -> None:
    world = floor(CROWD_AREA, [Unit(SQUAD, 12, 0)], stations_at_most=6)
    state = play(world, *crowd())
    assert state.onset == [100, 160, NEVER]  # 3 + 2 stations; two more would be seven
    assert (state.counters[HIT], state.counters[LIMIT_REACHED]) == (5, 1)
    assert play(floor(CROWD_AREA, [Unit(SQUAD, 12, 0)], stations_at_most=7), *crowd()).counters == [7, 0, 0]


def test_a_crowd_with_nowhere_to_go_still_hits_its_stations() -> None:
    assert play(floor(CROWD_AREA, [Unit(SQUAD, 4, 0)]), crowd()[0]).counters == [3, 0, 0]
