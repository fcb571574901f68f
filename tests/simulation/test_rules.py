"""The rules as lessons: small days that can be played by hand on the map of ``floor.py``, in whole minutes."""

from simsec.simulation.model import GREEN, NEVER, RED, YELLOW
from tests.simulation.floor import (
    AMBULANCE,
    ARMY,
    CROWD,
    FALL,
    FIGHT,
    MEDIC,
    PAIR,
    PATROL,
    SQUAD,
    TURNOUT,
    Call,
    Post,
    Unit,
    floor,
    play,
)

VILLAGE = [Post(1, place=0), Post(1, place=1), Post(1, place=2)]  # one block of three stations at minute 10
OWN_PAIR = Unit(PAIR, 1, block=0)


# The own pair


def test_the_own_pair_walks_from_where_it_stands_in_its_block() -> None:
    # Reported at 100 + 4; the pair stands at the first place (where = 0) and the third is 2 x 2 minutes away.
    state = play(floor(VILLAGE, [OWN_PAIR]), Call(station=2, at=100, reported_after=4))
    assert (state.reported[0], state.dispatched[0], state.first[0]) == (104, 104, 108)
    # The mark 0.5 puts it at the second of three places, 0.99 at the third.
    assert play(floor(VILLAGE, [OWN_PAIR]), Call(2, 100, where=0.5)).first[0] == 102
    assert play(floor(VILLAGE, [OWN_PAIR]), Call(2, 100, where=0.99)).first[0] == 100


def test_the_pair_is_busy_from_order_to_clear_and_free_at_once_at_home() -> None:
    state = play(floor(VILLAGE, [OWN_PAIR]), Call(1, 100, scene=20), Call(1, 125, scene=20))
    assert state.first == [102, 127]  # 2 minutes to walk, both times
    assert state.cleared == [122, 147]
    assert (state.busy_min[0], state.missions[0]) == (44, 2)


def test_a_pair_that_leaves_its_block_pays_the_handover_first() -> None:
    world = floor([Post(1), Post(2, block=1)], [OWN_PAIR], policy="nearest_capable")
    at_once, handed_over = (0.0,) * len(TURNOUT), (5.0,) * len(TURNOUT)
    calm = play(world, Call(1, 100, turnout=at_once)).first[0]
    assert play(world, Call(1, 100, turnout=handed_over)).first[0] == calm + 5
    assert play(world, Call(0, 100, turnout=handed_over)).first[0] == 100  # its own block it never leaves


def test_night_and_noise_stretch_the_way_and_nothing_else() -> None:
    state = play(floor(VILLAGE, [OWN_PAIR]), Call(2, 100, noise=(1.5, 9, 9, 9), scene=20), slow=2.0)
    assert state.first[0] == 100 + 4 * 1.5 * 2
    assert state.cleared[0] == state.first[0] + 20


def test_every_unit_sent_meets_its_own_noise() -> None:
    units = [Unit(PATROL, 2, 0), Unit(PATROL, 3, 0)]
    needs = [[{"guard": 2}] * 3] * 4
    state = play(floor([Post(1)], units, needs=needs), Call(0, 100, noise=(2.0, 1.5, 9.0, 9.0)))
    assert state.arrived[0][0] == 2 and state.busy_min == [2 * 10 + 30, 1.5 * 20 + 30]


# The chain of command

AREA = [
    *VILLAGE,
    Post(4, sector=1, block=1),  # another sub-district of the same rayon
    Post(9, sector=2, block=2),  # another rayon
]
PAIRS = [OWN_PAIR, Unit(PAIR, 4, 1, block=1), Unit(PAIR, 9, 2, block=2)]
PATROLS = [Unit(PATROL, 2, 0), Unit(PATROL, 5, 1)]
SQUADS = [Unit(SQUAD, 3, 0, rayon=0), Unit(SQUAD, 6, 2)]  # the second waits at headquarters
TROOPS = [Unit(ARMY, 7, 0)]
WHOLE = [*PAIRS, *PATROLS, *SQUADS, *TROOPS]


def test_a_request_climbs_step_by_step_each_after_its_delay() -> None:
    # One quarrel a minute in the same village; each finds one step less free.
    calls = [Call(0, 100 + n, scene=500) for n in range(6)]
    state = play(floor(AREA, WHOLE), *calls)
    assert state.first[:5] == [
        100,  # the own pair, on the spot
        101 + 3 + 10,  # pair busy: after 3 minutes the patrol, 10 away
        102 + 3 + 5 + 2 + 20,  # patrol busy too: after 5 more the squad of the rayon turns out (2), 20 away
        103 + 3 + 5 + 4 + 2 + 50,  # then the central reserve
        600 + 104 - 104 + 0,  # nobody is left who may guard: it waits for the pair, which is free at 600
    ]
    assert [state.first_unit[n] for n in range(4)] == [0, 3, 5, 6]
    assert state.first_unit[4] == 0
    assert state.missions[7] == 0  # the army brings squads, no guards


def test_the_army_comes_last_and_only_as_squads() -> None:
    calls = [Call(0, 100 + n, CROWD, RED, scene=500) for n in range(3)]
    needs_one = [[{"squad": 1}] * 3] * 4
    state = play(floor(AREA, WHOLE, needs=needs_one), *calls)
    # Red enters at the central reserve, and every squad of the regency is asked: the nearer one first.
    assert [state.first_unit[n] for n in range(3)] == [5, 6, 7]
    assert state.first[:2] == [100 + 2 + 20, 101 + 2 + 50]
    assert state.first[2] == 102 + 6 + 10 + 60  # 6 to pass on, 10 to turn out


def test_red_enters_at_the_central_reserve_at_once() -> None:
    needs_one = [[{"guard": 1}, {"guard": 1}, {"squad": 1}]] * 4
    state = play(floor(AREA, WHOLE, needs=needs_one), Call(0, 100, level=RED))
    assert (state.first[0], state.first_unit[0]) == (122, 5)


def test_yellow_enters_at_the_patrol_of_the_sub_district() -> None:
    state = play(floor(AREA, WHOLE), Call(0, 100, level=YELLOW))
    # Guard and patrol are asked of step 1. There is one patrol: it goes as a guard, the rayon squad comes 5 later.
    assert state.sent[0][:3] == [1, 1, 0]
    assert (state.first[0], state.full[0]) == (110, 100 + 5 + 2 + 20)


def test_what_is_there_is_sent_and_the_remainder_is_passed_up() -> None:
    state = play(floor(AREA, WHOLE), Call(2, 100, FIGHT))
    assert state.first[0] == 104  # the pair alone, at once
    assert state.full[0] == 100 + 3 + 10  # the patrol makes the second pair
    assert state.units_sent[0] == 2 and state.missions[0] == state.missions[3] == 1


def test_scopes_end_where_they_end() -> None:
    lonely = [Unit(PAIR, 4, 1, block=1), Unit(PATROL, 5, 1), Unit(SQUAD, 3, 0, rayon=0)]
    posts = [Post(1), Post(4, 1, 1), Post(9, 2, 2)]
    # Sub-district 0 has neither pair nor patrol; pair and patrol next door are not asked; its rayon's squad is.
    near, far = Call(0, 100), Call(2, 300)
    state = play(floor(posts, lonely), near, far)
    assert (state.first_unit[0], state.first[0]) == (2, 100 + 3 + 5 + 2 + 20)
    # The other rayon: the squad is asked only by the step that searches the whole regency.
    assert (state.first_unit[1], state.first[1]) == (2, 300 + 3 + 5 + 4 + 2 + 60)


def test_ties_go_to_the_lowest_number() -> None:
    twins = [Unit(SQUAD, 0, 0), Unit(SQUAD, 2, 0), Unit(SQUAD, 2, 0)]
    needs_one = [[{"squad": 1}] * 3] * 4
    state = play(floor([Post(1)], twins, needs=needs_one), Call(0, 100, level=RED), Call(0, 100, level=RED))
    assert state.first_unit == [0, 1]  # all three stand ten minutes away


# Free again


def test_a_unit_on_its_way_home_is_available_from_the_nearest_node() -> None:
    patrols = [Unit(PATROL, 8, 0)]
    posts = [Post(1), Post(4, block=1)]
    # Ordered at 103, at work from 173 to 203, then home: at 230 it has driven 27 minutes and stands near node 4.
    state = play(floor(posts, patrols), Call(0, 100), Call(1, 227))
    assert state.first[0] == 100 + 3 + 70
    assert (state.first[1], state.missions[0]) == (230 + 0, 2)
    # Two minutes earlier it was nearer to node 3, ten minutes from the station.
    assert play(floor(posts, patrols), Call(0, 100), Call(1, 225 - 1)).first[1] == 227 + 10


def test_a_unit_back_at_its_base_turns_out_again_and_on_the_road_it_does_not() -> None:
    squads = [Unit(SQUAD, 3, 0, rayon=0)]
    needs_one = [[{"squad": 1}] * 3] * 4
    world = floor([Post(1)], squads, needs=needs_one)
    first = Call(0, 100, CROWD, RED)  # 2 + 20 there, 30 at work: on the way home from 152 to 172
    assert play(world, first, Call(0, 172, CROWD, RED)).first == [122, 172 + 2 + 20]
    assert play(world, first, Call(0, 164, CROWD, RED)).first == [122, 164 + 10]  # at node 2, no turn-out


def test_on_the_way_home_rain_slows_too() -> None:
    posts, patrols = [Post(1), Post(4, block=1)], [Unit(PATROL, 8, 0)]
    # Everything takes twice as long: arrival 103 + 140, clear at 273; at 273 + 54 it has done 27 minutes of the way.
    state = play(floor(posts, patrols), Call(0, 100), Call(1, 273 + 54 - 3), slow=2.0)
    assert state.first == [243, 327]


# The waiting list


def test_the_waiting_are_served_own_area_first_then_by_level_then_by_time() -> None:
    posts = [Post(1, block=0), Post(1, 1, 1), Post(1, 1, 2), Post(1, 1, 3)]
    squad = [Unit(SQUAD, 1, sector=0)]
    needs_one = [[{"squad": 1}] * 3] * 4
    state = play(
        floor(posts, squad, needs=needs_one),
        Call(3, 50, level=RED, scene=200),  # keeps the squad until 252
        Call(1, 100, level=GREEN),
        Call(1, 101, level=YELLOW),
        Call(2, 102, level=YELLOW),
        Call(0, 103, level=GREEN),  # the squad's own sub-district
    )
    order = sorted(range(1, 5), key=lambda incident: state.dispatched[incident])
    assert order == [4, 2, 3, 1]
    assert state.dispatched[4] == 252 and state.waiting == []


def test_a_freed_unit_serves_only_within_its_reach() -> None:
    posts = [Post(1), Post(1, block=1), Post(1, 1, 2)]
    units = [Unit(PAIR, 1, block=0), Unit(PATROL, 1, 0)]
    busy = [Call(0, 50, scene=100), Call(0, 51, scene=160)]  # the pair until 150, the patrol until 214
    state = play(floor(posts, units), *busy, Call(1, 60), Call(2, 61))
    assert state.first_unit[2] == 1 and state.first[2] == 214  # another block: not the pair's, but the patrol's
    assert state.first[3] == NEVER  # another sub-district: nobody's
    assert [incident for _, incident, _ in state.waiting] == [3]


def test_a_squad_of_a_rayon_stays_there_when_no_step_calls_it_further() -> None:
    posts, squad = [Post(1), Post(9, 2, 1)], [Unit(SQUAD, 3, 0, rayon=0)]
    calls = [Call(0, 90, level=RED, delay=(0,) * 8), Call(1, 100, level=RED, delay=(0,) * 8)]
    world = floor(posts, squad, needs=[[{"squad": 1}] * 3] * 4)
    assert play(world, *calls).first[1] == 90 + 2 + 20 + 30 + 80  # the last step of a squad is the whole regency
    police, *others = world.reach
    narrow = [2 if scope == 3 else scope for scope in police]
    assert play(world._replace(reach=[narrow, *others]), *calls).first[1] == NEVER


def test_the_waiting_keep_their_place_until_all_they_need_is_sent() -> None:
    units = [Unit(PAIR, 1, block=0), Unit(PATROL, 1, 0)]
    busy = [Call(0, 50, scene=100), Call(0, 51, scene=160)]
    state = play(floor([Post(1)], units), *busy, Call(0, 60, FIGHT), Call(0, 70))
    # It takes two pairs and there is one: it comes in two shifts, before anybody who waits for a shorter time.
    assert (state.first[2], state.full[2], state.cleared[2]) == (150, 180, 210)
    assert (state.first[3], state.first_unit[3]) == (210, 0) and state.missions[1] == 1


# Rising


def test_the_level_rises_only_while_nobody_has_come() -> None:
    slow_pair = floor(VILLAGE, [OWN_PAIR, Unit(SQUAD, 3, rayon=0)])
    helped = play(slow_pair, Call(2, 100, rises=(5, 9, 1e18)))
    assert (helped.first[0], helped.level[0], helped.units_sent[0]) == (104, GREEN, 1)
    # Reported only after 6 minutes: yellow by then; red after 9; the pair, sent at 106 as a guard, is not asked.
    late = play(slow_pair, Call(2, 100, reported_after=6, rises=(5, 9, 1e18)))
    assert late.level[0] == RED
    assert (late.first_unit[0], late.first[0]) == (1, 109 + 2 + 20)  # red at 109 goes to the reserve at once


def test_an_arrival_at_the_very_minute_prevents_the_rise() -> None:
    world = floor(VILLAGE, [OWN_PAIR])
    assert play(world, Call(2, 100, rises=(4, 9, 1e18))).level[0] == GREEN
    assert play(world, Call(2, 100, rises=(3.999, 9, 1e18))).level[0] == YELLOW


def test_a_rise_asks_anew_and_voids_older_requests() -> None:
    # Green at 100: no pair, so the request would reach the patrol at 103. Yellow at 101 asks it at once, for one of
    # two needs; the other would reach the squad of the rayon at 106. Red at 102 needs nothing but a squad, now.
    units = [Unit(PATROL, 9, 0), Unit(SQUAD, 3, 0, rayon=0)]
    state = play(floor([Post(1)], units), Call(0, 100, rises=(1, 2, 1e18)), until=180)
    assert state.ordered_at == [101, 102] and state.missions == [1, 1]
    assert state.first[0] == 102 + 2 + 20 and state.sent[0][:3] == [1, 0, 1]
    # A quarrel that turned red needs no guard any more: the passed-on request of green finds nothing to do.
    only_squads = [Unit(PATROL, 9, 0), Unit(SQUAD, 3, 0, rayon=0)]
    needs = [[{"guard": 1}, {"squad": 1}, {"squad": 1}]] * 4
    state = play(floor([Post(1)], only_squads, needs=needs), Call(0, 100, rises=(2, 1e18, 1e18)))
    assert state.missions == [0, 1]


def test_a_request_of_an_older_level_goes_no_further() -> None:
    # Green passes on from the pair at 100, to arrive at 103. Yellow asks the patrol at 101 and climbs from there, a
    # step after each delay; if the older request climbed beside it, the central reserve would be asked sooner.
    state = play(floor([Post(1)], [Unit(SQUAD, 3, 0)]), Call(0, 100, rises=(1, 1e18, 1e18)))
    assert state.dispatched[0] == 101 + 5 + 4


def test_a_rise_does_not_hurry_a_request_beyond_the_step_it_names() -> None:
    # Medical: every level enters at the first step, the next is three minutes away. Yellow at 101 wants an ambulance,
    # red a medic beside it: the medic of the regency is asked at 103 all the same.
    units = [Unit(MEDIC, 3, 2)]
    needs = [[{"medic": 1}, {"medic": 1}, {"medic": 1}]] * 4
    for rises in ((1e18, 1e18, 1e18), (1, 2, 1e18)):
        state = play(floor([Post(1)], units, needs=needs), Call(0, 100, FALL, rises=rises))
        assert state.dispatched[0] == 103
    # Police: red enters at the central reserve, which was asked at 109 and is empty; the army is due at 115.
    army = [Unit(ARMY, 3, 0)]
    wants_squads = [[{"squad": 1}] * 3] * 4
    for red_after in (9.5, 14.9, 1e18):
        call = Call(0, 100, level=YELLOW, rises=(1e18, red_after, 1e18))
        assert play(floor([Post(1)], army, needs=wants_squads), call).dispatched[0] == 100 + 5 + 4 + 6
    # Asked before it got there, the central reserve is asked at once, and passes on after its own delay.
    call = Call(0, 100, level=YELLOW, rises=(1e18, 2, 1e18))
    assert play(floor([Post(1)], army, needs=wants_squads), call).dispatched[0] == 102 + 6


def test_an_unreported_incident_rises_in_silence() -> None:
    state = play(floor(VILLAGE, [OWN_PAIR]), Call(2, 100, reported_after=50, rises=(10, 1e18, 1e18)))
    assert state.level[0] == YELLOW and state.dispatched[0] == NEVER  # no patrol anywhere, a pair is not asked
    assert state.reported[0] == 150


def test_a_higher_level_opens_what_earlier_steps_kept_back() -> None:
    # The last squad is kept for red. Green passes it by and waits; turned red, it gets it at once.
    units = [Unit(SQUAD, 3, 0)]
    state = play(floor([Post(1)], units, threshold=1), Call(0, 100, rises=(60, 80, 1e18)))
    assert (state.dispatched[0], state.first[0]) == (180, 180 + 2 + 20)


def test_a_crowd_that_could_spread_rises_once() -> None:
    # Red at 120: the central squad is sent; the rest reaches the army only after the delay of the step.
    units = [Unit(SQUAD, 3, 0), Unit(ARMY, 3, 0)]
    crowd = Call(0, 100, CROWD, YELLOW, reported_after=20, rises=(1e18, 20, 1e18))
    child = Call(1, 0, CROWD, YELLOW, parent=0, spreads_after=900)
    for calls in ([crowd], [crowd, child]):
        state = play(floor([Post(1), Post(2, block=1)], units), *calls, until=150)
        assert state.first[0] == 120 + 2 + 20
        assert state.ordered_at == [120, 126]


# The threshold of the reserve


def test_the_threshold_keeps_the_last_squads_for_red() -> None:
    posts, squads = [Post(1), Post(1, block=1), Post(1, block=2)], [Unit(SQUAD, 3, 0)] * 2
    calls = [Call(0, 100, scene=60), Call(1, 101, scene=60), Call(2, 120, level=RED)]
    free = play(floor(posts, squads), *calls)
    assert free.dispatched == [112, 113, 112 + 2 + 20 + 60]  # no squad is left for red
    kept = play(floor(posts, squads, threshold=1), *calls)
    # The second green one waits until a squad is free beside the one that is kept.
    assert kept.dispatched == [112, 112 + 2 + 20 + 60, 120]


def test_a_squad_that_becomes_free_keeps_the_threshold() -> None:
    posts, squads = [Post(3), Post(3, block=1), Post(3, block=2)], [Unit(SQUAD, 3, 0)] * 2
    state = play(
        floor(posts, squads, threshold=1),
        Call(0, 100, level=RED, scene=50),  # 102 to 152
        Call(1, 101, level=RED, scene=90),  # 103 to 193
        Call(2, 102),  # green: waits at the last step
    )
    # At 152 the first squad is the only free one: kept. At 193 both are free: one may go.
    assert state.dispatched[2] == 193


# The clock of an incident


def test_first_help_is_whoever_comes_first_and_full_help_is_what_the_level_needs() -> None:
    # A pair sent at green comes when the quarrel is red and wants a squad.
    units = [Unit(PAIR, 4, block=0), Unit(SQUAD, 1, 0)]
    needs_squads = [[{"guard": 1}, {"guard": 1}, {"squad": 1}]] * 4
    call = Call(0, 100, rises=(2, 5, 1e18), where=0.9)
    state = play(floor([Post(4, place=0), Post(4, place=1), Post(4, place=2), Post(4, place=3)], units,
                       needs=needs_squads), call)  # fmt: skip
    assert state.first_unit[0] == 0 and state.first[0] == 100 + 3 * 2
    assert state.full[0] == 105 + 2 + 30 and state.cleared[0] == state.full[0] + 30


def test_care_is_the_first_arrival_of_a_medic_or_an_ambulance() -> None:
    needs = [[{"guard": 1, "medic": 1}] * 3] * 4
    units = [Unit(PAIR, 1, block=0), Unit(MEDIC, 3, 0), Unit(AMBULANCE, 5, 0)]
    state = play(floor([Post(1)], units, needs=needs), Call(0, 100, scene=50))
    assert (state.first[0], state.care[0], state.full[0]) == (100, 120, 120)
    assert state.cleared[0] == 170  # when the last has done its work
    state = play(floor([Post(1)], units), Call(0, 100, FALL, YELLOW))
    assert (state.first[0], state.care[0]) == (140, 140)
    state = play(floor([Post(1)], units), Call(0, 100, FALL, RED))
    assert (state.care[0], state.full[0]) == (120, 140)  # the medic cares before the ambulance comes


def test_ladders_are_asked_side_by_side_and_wait_apart() -> None:
    needs = [[{"guard": 1, "medic": 1}] * 3] * 4
    units = [Unit(PAIR, 1, block=0), Unit(MEDIC, 3, 0)]
    busy = Call(0, 90, FALL, scene=100)
    state = play(floor([Post(1)], units, needs=[*needs[:3], [{"medic": 1}] * 3]), busy, Call(0, 100))
    assert (state.first[1], state.care[1]) == (100, 210)  # the medic is free on the spot at 210
    assert state.full[1] == 210


def test_cleared_only_when_every_need_was_met() -> None:
    needs = [[{"guard": 1, "medic": 1}] * 3] * 4
    state = play(floor([Post(1)], [Unit(PAIR, 1, block=0)], needs=needs), Call(0, 100))
    assert (state.first[0], state.full[0], state.cleared[0]) == (100, NEVER, NEVER)
    assert state.waiting == [(103, 0, 1)] and state.busy_min == [30]


def test_work_takes_the_minutes_of_the_level_at_arrival() -> None:
    scene = (10.0, 20.0, 40.0)
    assert play(floor(VILLAGE, [OWN_PAIR]), Call(0, 100, scene=scene)).cleared[0] == 110
    squad = floor(VILLAGE, [Unit(SQUAD, 3, 0)])
    assert play(squad, Call(0, 100, CROWD, RED, scene=scene)).on_scene[0] == 0
    state = play(squad, Call(0, 100, level=RED, scene=scene))
    assert state.cleared[0] == 122 + 40


def test_nobody_comes_where_nobody_is() -> None:
    state = play(floor([Post(1)], [Unit(MEDIC, 0, 0)]), Call(0, 100))
    assert state.reported[0] == 100
    assert state.first[0] == state.dispatched[0] == state.cleared[0] == NEVER
    assert state.waiting == [(100 + 3 + 5 + 4 + 6, 0, 0)]


def test_nothing_happens_at_the_last_minute_or_after_it() -> None:
    world = floor(VILLAGE, [OWN_PAIR])
    assert play(world, Call(2, 100), until=104).first[0] == NEVER
    assert play(world, Call(2, 100), until=104.001).first[0] == 104


# The reserve exhausted


def test_the_reserve_is_exhausted_from_the_last_order_to_the_first_clear() -> None:
    # Two squads, sent at 100 and 130: the first is there at 122 and clears at 152, the second comes 50 minutes far.
    needs = [[{"squad": 1}] * 3] * 4
    calls = [Call(0, 100, level=RED), Call(0, 130, level=RED)]
    state = play(floor(AREA, [*PAIRS, *SQUADS], needs=needs), *calls)
    assert state.cleared == [152, 212]
    assert state.reserve_out == [NEVER, 152 - 130]


def test_a_squad_that_drives_home_is_free_and_one_that_goes_on_at_once_is_not() -> None:
    needs = [[{"squad": 1}] * 3] * 4
    calls = [Call(0, 100 + 10 * n, level=RED) for n in range(3)]
    state = play(floor(AREA, [*PAIRS, *SQUADS], needs=needs), *calls)
    # The third waits for the first squad, which goes on from the station at 152; the second is free at 192.
    assert state.missions[3:] == [2, 1] and state.reserve_out == [NEVER, 182 - 110]


def test_without_a_squad_nothing_is_exhausted() -> None:
    state = play(floor(VILLAGE, [OWN_PAIR]), Call(1, 100))
    assert state.reserve_out == [NEVER, 0]
