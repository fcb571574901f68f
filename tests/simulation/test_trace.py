"""What the table of events tells, on days that can be played by hand, and that listening changes nothing."""

import numpy as np
from hypothesis import given

from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.trace import KINDS, Events, Trace, read_events, write_events
from tests.simulation.floor import CROWD, PAIR, PATROL, SQUAD, Call, Post, Unit, day_of, floor, play
from tests.simulation.strategies import Case, cases

ENDS = 700.0
Row = tuple[object, ...]


def traced(world, *calls: Call, until: float = ENDS) -> Events:
    day = marks_of(day_of(*calls))
    trace = Trace(world, day)
    run_on_simpy(world, day, until, trace)
    return trace.events(until)


def told(events: Events, *columns: str) -> list[Row]:
    rows = [getattr(events, name).tolist() for name in columns]
    return [(time, KINDS[kind], *rest) for time, kind, *rest in zip(events.time_min, events.kind, *rows, strict=True)]


def test_a_whole_incident_from_onset_to_the_way_home() -> None:
    posts = [Post(1), Post(4, sector=1, block=1)]
    events = traced(floor(posts, [Unit(PATROL, 3, 0)]), Call(0, 100, reported_after=4, scene=20))
    assert told(events, "unit", "start", "end") == [
        (100, "onset", -1, -1, -1),
        (104, "report", -1, -1, -1),
        (104, "pass_on", -1, -1, -1),
        (107, "request", -1, -1, -1),
        (107, "order", 0, 3, 1),
        (127, "arrive", 0, 3, 1),
        (127, "first_help", 0, -1, -1),
        (127, "full", 0, -1, -1),
        (147, "clear", 0, 1, 3),
        (147, "cleared", 0, -1, -1),
    ]
    assert [step for step in events.step.tolist() if step >= 0] == [1, 1]
    order = events.kind.tolist().index(KINDS.index("order"))
    assert (events.leaves_min[order], events.slow[order], events.capability[order]) == (107, 1, 0)
    assert set(events.place.tolist()) == {0}


def test_what_nobody_can_fill_climbs_every_step_and_waits() -> None:
    events = traced(floor([Post(1)], [Unit(PAIR, 1, block=0)]), Call(0, 50, scene=100), Call(0, 60))
    second = [row[:2] + row[3:] for row in told(events, "incident", "step") if row[2] == 1 and row[3] >= 0]
    assert second == [
        (60, "pass_on", 1), (63, "request", 1), (63, "pass_on", 2), (68, "request", 2), (68, "pass_on", 3),
        (72, "request", 3), (72, "pass_on", 4), (78, "request", 4), (78, "wait", 4),
    ]  # fmt: skip
    assert (150, "order") in [row[:2] for row in told(events)]  # from the waiting list, as soon as it is free
    on = next(row for row in told(events, "unit", "end") if row[1] == "clear")
    assert on == (150, "clear", 0, -1)  # it never set out for home


def test_who_is_turned_round_is_recalled_and_what_is_void_leaves_no_row() -> None:
    posts, units = [Post(9), Post(3, block=1)], [Unit(SQUAD, 0, 0)]
    needs = [[{"squad": 1}] * 3] * 4
    quiet = (0.0,) * 8
    calls = Call(0, 100, delay=quiet), Call(1, 120, level=2, scene=10, delay=quiet)
    events = traced(floor(posts, units, divert=True, needs=needs), *calls)
    orders = [row for row in told(events, "incident", "start") if row[1] in ("order", "recall", "arrive")]
    assert orders[:4] == [(100, "order", 0, 0), (120, "recall", 0, -1), (120, "order", 1, 2), (130, "arrive", 1, 2)]
    assert (192, "arrive") not in [row[:2] for row in told(events)]  # when it would have come the first time


def test_a_rise_is_told_only_where_nobody_came() -> None:
    world = floor([Post(1, place=n) for n in range(3)], [Unit(PAIR, 1, block=0)])
    helped = traced(world, Call(2, 100, rises=(5, 9, 1e18)))
    assert "rise" not in [row[1] for row in told(helped)]
    late = traced(world, Call(2, 100, reported_after=6, rises=(5, 9, 1e18)))
    assert [(row[0], row[2]) for row in told(late, "level") if row[1] == "rise"] == [(105, 1), (109, 2)]


def test_a_crowd_spreads_is_stopped_or_meets_its_limit() -> None:
    posts = [Post(1), Post(2, block=1)]
    squads = [Unit(SQUAD, 1, 0)] * 3
    seed = Call(0, 100, CROWD, 1, hits=1, delay=(0,) * 8)
    child = Call(1, 0, CROWD, 1, parent=0, spreads_after=60, contained_within=60, hits=1)
    alone, held = traced(floor(posts, []), seed, child), traced(floor(posts, squads), seed, child)
    limited = traced(floor(posts, [], stations_at_most=1), seed, child)
    for events, kind in ((alone, "spread"), (held, "spread_stopped"), (limited, "spread_limited")):
        assert [row for row in told(events, "incident") if row[1].startswith("spread")] == [(160, kind, 1)]


def test_an_incident_after_the_end_leaves_no_row_and_a_day_without_any_is_empty() -> None:
    world = floor([Post(1)], [Unit(PAIR, 1, block=0)])
    assert len(traced(world, Call(0, 300), until=200.0)) == len(traced(world)) == 0


@given(cases())
def test_listening_changes_nothing_and_every_order_is_told(case: Case) -> None:
    day = marks_of(day_of(*case.calls))
    trace = Trace(case.world(), day)
    state = run_on_simpy(case.world(), day, ENDS, trace)
    assert state == play(case.world(), *case.calls, until=ENDS)
    events = trace.events(ENDS)
    orders = events.unit[events.kind == KINDS.index("order")]
    assert np.bincount(orders, minlength=len(state.missions)).tolist() == state.missions
    assert (np.diff(events.time_min) >= 0).all()


def test_the_table_survives_the_way_to_another_process(tmp_path) -> None:
    day = marks_of(day_of(Call(0, 100)))
    world = floor([Post(1)], [Unit(PAIR, 1, block=0)])
    trace = Trace(world, day)
    run_on_simpy(world, day, ENDS, trace)
    write_events(tmp_path / "day.npz", trace, ENDS)
    again, events = read_events(tmp_path / "day.npz"), trace.events(ENDS)
    for name, column in vars(events).items():
        assert np.array_equal(getattr(again, name), column, equal_nan=column.dtype.kind == "f")
