"""Laws that hold on every day whatever: changes that must not matter do not. The auditor has a file of his own."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simsec.simulation.calendar import Play, marks_of
from simsec.simulation.model import State, copy_state
from simsec.simulation.policies import NAMES
from tests.simulation.floor import DELAY, PATROL, TURNOUT, Call, Unit, day_of, floor, play
from tests.simulation.strategies import Case, cases

ENDS = 700.0
CLOCK = ("onset", "reported", "dispatched", "first", "full", "care", "cleared", "contained")
INCIDENTS = (*CLOCK, "level", "units_sent", "sent", "arrived", "counters")


def rows(state: State) -> list[object]:
    """What happened to the incidents, whoever came."""
    return [getattr(state, name) for name in INCIDENTS]


@given(cases(), st.integers(0, 700))
def test_a_day_can_be_stopped_copied_and_gone_on_with(case: Case, minute: int) -> None:
    world, day = case.world(), marks_of(day_of(*case.calls))
    whole = Play(world, day)
    whole.run_before(ENDS)
    paused = Play(world, day)
    paused.run_before(float(minute))
    handed_out = paused.pause()
    before = copy_state(handed_out[0]), list(handed_out[1])
    branch = Play(world, day, paused=handed_out)
    branch.run_before(ENDS)
    assert branch.pause() == whole.pause()
    assert handed_out == before  # the branch took nothing from the play it came from
    paused.run_before(ENDS)
    assert paused.pause() == whole.pause()


@given(cases())
def test_a_clock_that_runs_twice_as_slow_shows_the_same_day(case: Case) -> None:
    def stretched(call: Call) -> Call:
        scene = call.scene if isinstance(call.scene, tuple) else (call.scene,) * 3
        return replace(
            call,
            at=2 * call.at,
            reported_after=2 * call.reported_after,
            rises=tuple(2 * n for n in call.rises),
            scene=tuple(2 * n for n in scene),
            delay=tuple(2 * n for n in call.delay),
            turnout=tuple(2 * n for n in call.turnout),
            spreads_after=2 * call.spreads_after,
            contained_within=2 * call.contained_within,
        )

    once = play(case.world(), *case.calls, until=ENDS)
    twice = play(case.world(minute=2.0), *map(stretched, case.calls), until=2 * ENDS)
    for name in CLOCK:
        assert getattr(twice, name) == [n if n < -1e6 else 2 * n for n in getattr(once, name)]
    assert twice.busy_min == [2 * n for n in once.busy_min]
    assert (twice.level, twice.first_unit, twice.missions) == (once.level, once.first_unit, once.missions)


@given(cases(), st.randoms(use_true_random=False))
def test_the_numbers_of_stations_and_blocks_do_not_matter(case: Case, random: object) -> None:
    order = list(range(len(case.posts)))
    random.shuffle(order)
    blocks = list(range(1 + max(post.block for post in case.posts)))
    random.shuffle(blocks)
    posts = [replace(case.posts[old], block=blocks[case.posts[old].block]) for old in order]
    # A tie between pairs would go to another number; so pairs keep their order and their new blocks.
    units = [replace(unit, block=blocks[unit.block]) if unit.block >= 0 else unit for unit in case.units]
    calls = [replace(call, station=order.index(call.station)) for call in case.calls]
    first, second = play(case.world(), *case.calls, until=ENDS), play(
        floor(posts, units, **case.options), *calls, until=ENDS
    )  # fmt: skip
    assert first == second


@given(cases(policies=NAMES[:1]))
def test_a_unit_that_nobody_may_ask_changes_nothing(case: Case) -> None:
    # A patrol of a fourth sub-district where nothing happens: no step of the chain reaches it.
    wider = case.options | {"rayon_of": (0, 0, 1, 1)}
    more = sorted([*case.units, Unit(PATROL, 6, 3)], key=lambda unit: (unit.kind, unit.sector))
    with_it = play(floor(case.posts, more, **wider), *case.calls, until=ENDS)
    assert rows(with_it) == rows(play(case.world(), *case.calls, until=ENDS))
    assert with_it.missions[more.index(Unit(PATROL, 6, 3))] == 0


@given(cases(), st.integers(0, 400))
def test_the_future_has_no_say_in_the_past(case: Case, minute: int) -> None:
    later = Call(0, minute + 0.25, level=2, delay=DELAY, turnout=TURNOUT)
    primaries = [call for call in case.calls if call.parent < 0]
    children = [
        replace(call, parent=call.parent + (call.parent >= len(primaries))) for call in case.calls[len(primaries) :]
    ]
    without = play(case.world(), *case.calls, until=float(minute))
    with_it = play(case.world(), *primaries, later, *children, until=float(minute))
    keep = [n for n in range(len(primaries) + 1 + len(children)) if n != len(primaries)]
    for name in CLOCK:
        assert np.array(getattr(with_it, name))[keep].tolist() == getattr(without, name)


@given(cases())
def test_a_listener_and_a_look_change_nothing(case: Case) -> None:
    seen: list[float] = []
    watched = play(
        case.world(),
        *case.calls,
        until=ENDS,
        listener=lambda event, _: seen.append(event[0]),
        looks=[(minute, lambda now, _: seen.append(now)) for minute in (0.0, 50.0, 50.0, 123.5)],
    )
    assert watched == play(case.world(), *case.calls, until=ENDS)
    assert seen == sorted(seen) and seen.count(50.0) >= 2


@given(cases())
def test_the_same_day_played_twice_is_the_same(case: Case) -> None:
    assert play(case.world(), *case.calls, until=ENDS) == play(case.world(), *case.calls, until=ENDS)
