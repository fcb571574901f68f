"""Laws of the hands on the board: after every command the day is one that the rules could have played."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.drill import Session, stage_of
from simsec.drill.after_action import Decided, Uncovered, after_action
from simsec.drill.board import Board, belongs, new_board, with_boxes
from simsec.drill.doing import advance
from simsec.drill.doing import give as carry_out
from simsec.drill.places import find
from simsec.drill.schema import command
from simsec.drill.sheet import machine, tables, verdict
from simsec.drill.stage import Stage
from simsec.geography.ground import ground_of
from simsec.locale import texts
from simsec.plan import Plan
from simsec.simulation.model import NEVER, copy_state
from simsec.simulation.movement import position
from simsec.simulation.roads import roads_without
from tests.areas import announced, shipped, tiny, tiny_plan
from tests.drill.books import Books


def plan(divert: bool = False) -> Plan:
    policy = tiny_plan().policy.model_copy(update={"divert_to_higher_level": divert})
    return replace(tiny_plan(), policy=policy)


def stage(day_type: str = "ordinary", seed: int = 3) -> Stage:
    return stage_of(tiny(), tiny_plan(), day_type, seed, 0)


def played(made: Stage, *fields: dict[str, object], until: float = 1380.0) -> Board:
    board = new_board(made)
    for number, one in enumerate(fields, start=1):
        wanted = command(**one)
        advance(board, wanted.at)
        carry_out(board, number, wanted)
    advance(board, until)
    return board


def verdicts(board: Board) -> list[tuple[str, str]]:
    return [(entry.verdict, entry.reason) for entry in board.log]


PLACES = st.sampled_from(
    ["any:A:1", "any:A:5", "any:B:1", "any:B:2", "polres", "polsek:A", "polsek:B", "village:A:1", "village:B:3"]
)
STATIONS = st.sampled_from(["any:A:1", "any:A:5", "any:B:1", "any:B:2"])
POSTS = st.sampled_from(["polres", "polsek:A", "polsek:B"])
NAMES = st.sampled_from(["one", "two", "three"])
KINDS = st.sampled_from(["pair", "patrol", "squad", "army_squad", "provincial_squad", "medic", "ambulance", "courier"])
INCIDENTS = st.sampled_from(["queue_dispute", "intimidation", "count_dispute", "crowd_damage", "flood", "medical_crew"])


def fields(do: str, **more: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({"do": st.just(do), **more})


COMMANDS = st.one_of(
    fields("inject", place=STATIONS, kind=INCIDENTS, name=NAMES, reported_after_min=st.sampled_from([0.0, 4.0])),
    fields("rain", mm=st.sampled_from([0.0, 5.0, 15.0]), until=st.just(1350.0)),
    fields("close_road", between=st.tuples(PLACES, PLACES), name=NAMES),
    fields("open_road", road=NAMES),
    fields("close_post", post=POSTS),
    fields("open_post", post=POSTS),
    fields("order", to=PLACES, kind=KINDS, count=st.integers(1, 3), name=NAMES, ready=st.booleans()),
    fields("order", to=PLACES, kind=KINDS, name=NAMES, for_min=st.sampled_from([5.0, 60.0]), **{"from": PLACES}),
    fields("order", to=NAMES.map("inject:{}".format), kind=KINDS, count=st.integers(1, 2)),
    fields("order", to=PLACES, unit=st.integers(0, 60), name=NAMES),
    fields("call_up", count=st.integers(1, 4), name=NAMES),
    fields("release", order=NAMES),
    fields("kpps_request", place=STATIONS),
    fields("enter", place=STATIONS),
    fields("stop_voting", place=STATIONS),
)


@given(
    st.lists(st.tuples(st.integers(250, 1300), COMMANDS), min_size=3, max_size=20),
    st.sampled_from(["ordinary", "severe", "heavy_rain"]),
    st.booleans(),
)
def test_the_books_close_after_any_commands(
    script: list[tuple[int, dict[str, object]]], day_type: str, divert: bool
) -> None:
    board = new_board(stage_of(tiny(), _PLANS[divert], day_type, 5, 0))
    books = Books(board)
    for number, (minute, one) in enumerate(sorted(script, key=lambda pair: pair[0]), start=1):
        advance(board, minute, books)
        books.count(board.state)
        before = (copy_state(board.state), list(board.pending))
        entry = carry_out(board, number, command(at=float(minute), **one))
        books.count(board.state)
        if entry.verdict != "done":
            assert (board.state, board.pending) == before, "a refused order moves nothing"
        for unit, incident in board.held.items():
            assert board.state.serves[unit] == incident, "who is out of service stays"
        assert board.pending == sorted(board.pending, key=lambda event: event[:2])
    advance(board, board.stage.ends_min, books)
    books.close(board.state)


_PLANS = {divert: plan(divert) for divert in (False, True)}


def test_an_order_moves_exactly_that_unit() -> None:
    made = stage()
    before = played(made, until=600.0)
    unit = next(u for u, kind in enumerate(before.world.unit_kind) if before.state.serves[u] < 0 and kind == 2)
    board = played(made, {"do": "order", "at": "H 10:00", "unit": unit, "to": "village:B:1"}, until=600.0)
    assert verdicts(board) == [("done", "")]
    for name in ("serves", "ticket", "leg_to", "leg_start", "missions", "ordered_at", "leg_from", "busy_min"):
        values = list(zip(getattr(before.state, name), getattr(board.state, name), strict=True))
        assert all(old == new for other, (old, new) in enumerate(values) if other != unit), name
    assert board.state.serves[unit] == board.incidents[1]


def test_n_squads_are_the_nearest_free_ones_and_come_where_they_were_sent() -> None:
    order = {"do": "order", "at": "H 06:00", "kind": "squad", "count": 2, "to": "village:B:1", "name": "o"}
    board = played(stage(), order, until=600.0)
    node = find(board.stage.draw, "village:B:1").node
    units = [unit for unit, _ in board.sent[1]]
    assert len(units) == 2 and all(position(board.world, board.state, unit, 600.0) == node for unit in units)
    home = played(stage(), order, {"do": "release", "at": "H 10:00", "order": "o"}, until=1379.0)
    assert all(home.state.serves[unit] < 0 for unit in units)


def test_a_unit_comes_free_after_its_ordered_time() -> None:
    order = {"do": "order", "at": "H 06:00", "kind": "squad", "to": "village:B:1", "for_min": 30}
    board = played(stage(), order)
    ((unit, ticket),) = board.sent[1]
    trip = board.trips.by_order[unit, ticket]
    assert trip.done_min == pytest.approx(trip.arrived_min + 30, abs=1e-9)
    assert trip.back_min > trip.done_min


def test_who_stands_ready_is_free_there_and_without_turnout() -> None:
    order = {"do": "order", "at": "H 06:00", "kind": "squad", "to": "polsek:B", "ready": True, "name": "o"}
    call = {"do": "inject", "at": "H 12:00", "place": "any:B:1", "kind": "crowd_damage", "reported_after_min": 0}
    board = played(stage(), order, until=700.0)
    ((unit, _),) = board.sent[1]
    node = find(board.stage.draw, "polsek:B").node
    assert board.state.serves[unit] < 0 and position(board.world, board.state, unit, 700.0) == node
    sent = played(stage(), order, call)
    trips = [t for t in sent.trips.by_order.values() if t.unit == unit and t.incident == sent.incidents[2]]
    assert trips and trips[0].leaves_min == trips[0].ordered_min and trips[0].role in ("pamenwas", "karendalops")
    back = played(stage(), order, {"do": "release", "at": "H 11:00", "order": "o"}, until=1370.0)
    assert position(back.world, back.state, unit, 1370.0) == back.world.unit_home[unit]


def test_a_pair_leaves_its_block_after_the_handover() -> None:
    board = played(stage(), {"do": "order", "at": "H 10:00", "kind": "pair", "from": "any:A:1", "to": "village:B:1"})
    ((unit, ticket),) = board.sent[1]
    trip = board.trips.by_order[unit, ticket]
    assert 1 <= trip.leaves_min - trip.ordered_min <= 5, "it tells KPPS and Linmas first"


def test_a_post_that_falls_out_lends_nobody_until_it_is_back() -> None:
    out = {"do": "close_post", "at": "H 05:00", "post": "polres"}
    crowd = {"do": "inject", "at": "H 09:00", "place": "any:A:1", "kind": "crowd_damage", "level": "red"}
    board = played(stage(), out, crowd)
    node = find(board.stage.draw, "polres").node
    ours = set(belongs(board, node))
    assert ours and set(board.held) == ours
    assert not [
        trip for trip in board.trips.by_order.values() if trip.unit in ours and trip.incident not in board.held.values()
    ]
    back = played(stage(), out, crowd, {"do": "open_post", "at": "H 10:00", "post": "polres"})
    helped = [trip for trip in back.trips.by_order.values() if trip.incident == back.incidents[2]]
    assert not back.held
    assert [trip for trip in helped if trip.unit in ours and trip.ordered_min == 600.0], "they look at the waiting list"


def test_a_unit_at_work_when_its_post_falls_out_is_held_where_it_comes_free() -> None:
    crowd = {"do": "inject", "at": "H 08:00", "place": "any:B:1", "kind": "crowd_damage", "level": "red"}
    later = {"do": "inject", "at": "H 09:30", "place": "any:B:3", "kind": "crowd_damage", "level": "red"}
    out = {"do": "close_post", "at": "H 09:20", "post": "polres"}
    board = played(stage(), {**crowd, "reported_after_min": 0}, out, {**later, "reported_after_min": 0})
    ours = {trip.unit for trip in board.trips.by_order.values() if trip.incident == board.incidents[1]}
    ours &= set(belongs(board, find(board.stage.draw, "polres").node))
    target = find(board.stage.draw, "any:B:1").node
    assert ours
    for unit in ours:
        assert board.held[unit] == board.state.serves[unit]
        assert position(board.world, board.state, unit, board.now) == target
        trips = [trip for trip in board.trips.by_order.values() if trip.unit == unit]
        assert trips[-1].incident == board.held[unit]
        assert trips[-1].ordered_min == trips[-2].done_min, "held the moment it comes free"
        assert board.incidents[3] not in [trip.incident for trip in trips]


def test_rain_slows_whoever_moves_off_from_then_on() -> None:
    order = {"do": "order", "at": "H 10:00", "kind": "squad", "to": "village:B:1"}
    dry, wet = (
        played(stage(), {"do": "rain", "at": "H 09:00", "mm": mm, "until": "H 13:00"}, order) for mm in (0.0, 15.0)
    )
    ways = [
        board.trips.by_order[board.sent[2][0]].arrived_min - board.trips.by_order[board.sent[2][0]].leaves_min
        for board in (dry, wet)
    ]
    loss = tiny().settings.weather.speed_loss_heavy.mode
    assert ways[1] * (1 - loss) == pytest.approx(ways[0])
    assert wet.day.slow[4] == dry.day.slow[4] and wet.day.slow[9] == dry.day.slow[9], "outside the hours as drawn"


CUT = {"do": "close_road", "at": "H 06:05"}
ORDER = {"do": "order", "at": "H 06:00", "kind": "squad", "to": "village:B:1", "for_min": 500}


def arrival(board: Board, number: int) -> float:
    return board.trips.by_order[board.sent[number][0]].arrived_min


def test_a_closed_road_delays_who_is_on_it_and_nobody_else() -> None:
    made = stage_of(shipped(), announced(), "ordinary", 1, 0)
    order = {**ORDER, "to": "polsek:A"}
    road, elsewhere = ("polres", "polsek:A"), ("polsek:B", "polsek:C")
    free = played(made, order)
    cut = played(made, order, {**CUT, "between": road})
    shut = [entry for entry in (cut.closed[2], played(made, {**CUT, "between": elsewhere}).closed[1]) if entry]
    assert len(shut) == 2 and not set(shut[0]) & set(shut[1])
    assert arrival(cut, 1) > arrival(free, 1) + 1
    assert arrival(played(made, order, {**CUT, "between": elsewhere}), 1) == arrival(free, 1)
    opened = {"do": "open_road", "at": "H 06:05", "road": "r"}
    again = played(made, order, {**CUT, "between": road, "name": "r"}, opened)
    assert arrival(again, 1) == pytest.approx(arrival(free, 1), abs=5), (
        "opened at once, only the snap to a node is lost"
    )


@pytest.mark.parametrize(("for_min", "clock"), [(60, "back_min"), (900, "arrived_min")])
def test_who_is_home_or_on_the_spot_is_not_moved_by_a_closure(for_min: int, clock: str) -> None:
    made = stage_of(shipped(), announced(), "ordinary", 1, 0)
    order = {**ORDER, "to": "polsek:A", "for_min": for_min}
    before = played(made, order)
    (sent,) = before.sent[1]
    minute = getattr(before.trips.by_order[sent], clock) + 0.5
    cut = {"do": "close_road", "at": minute, "between": ("polres", "polsek:A")}
    after = played(made, order, cut, until=minute + 0.25)
    there = before.world.unit_home[sent[0]] if clock == "back_min" else find(made.draw, "polsek:A").node
    assert position(after.world, after.state, sent[0], minute + 0.25) == there


def test_a_squad_called_away_from_the_spot_is_not_counted_there_any_more() -> None:
    first = {"do": "order", "at": "H 06:00", "kind": "squad", "count": 2, "to": "village:B:1", "name": "o"}
    second = {"do": "order", "at": "H 10:00", "kind": "squad", "from": "village:B:1", "to": "polsek:A", "for_min": 5}
    board = played(stage(), first, second)
    Books(board).close(board.state)
    (moved,), stayed = board.sent[2], {unit for unit, _ in board.sent[1]} - {board.sent[2][0][0]}
    trip = board.trips.by_order[moved]
    assert trip.leaves_min == trip.ordered_min == 600.0 and trip.unit in {unit for unit, _ in board.sent[1]}
    assert all(board.state.serves[unit] == board.incidents[1] for unit in stayed)


def closures(board: Board, at: str) -> list[dict[str, object]]:
    """Close roads between the headquarters and a village until none is left."""
    return [
        {"do": "close_road", "at": at, "between": ("polres", "village:B:1"), "name": f"r{number}"}
        for number in range(60)
    ]


def test_a_unit_cut_off_waits_where_it_is_and_goes_on_when_the_road_opens() -> None:
    made = stage()
    cuts = closures(new_board(made), "H 06:02")
    board = played(made, ORDER, *cuts, until=1000.0)
    reasons = [entry.reason for entry in board.log]
    assert "no_road" in reasons, "in the end no way is left"
    ((unit, ticket),) = board.sent[1]
    assert board.state.serves[unit] == board.incidents[1] and board.state.on_scene[unit] == 0
    assert position(board.world, board.state, unit, 1000.0) == position(board.world, board.state, unit, 500.0)
    refused = played(made, *cuts, {**ORDER, "at": "H 07:00"})
    assert refused.log[-1].reason in ("no_road", ""), "from there nobody comes, or somebody stands on the other side"
    done = [entry.command.name for entry in board.log[1:] if entry.verdict == "done"]
    opened = [{"do": "open_road", "at": "H 12:00", "road": name} for name in done]
    again = played(made, ORDER, *cuts, *opened)
    assert again.state.on_scene[unit] == 1 or again.trips.by_order[unit, ticket].arrived_min > 720.0


def test_an_incident_nobody_can_reach_waits_and_the_day_goes_on() -> None:
    made = stage("severe")
    cuts = closures(new_board(made), "H 06:02")
    place = find(made.draw, "village:B:1").node
    code = next(
        code
        for code, village in zip(tiny().stations.code, tiny().stations.village.tolist(), strict=True)
        if village == place
    )
    crowd = {"do": "inject", "at": "H 09:00", "place": f"code:{code}", "kind": "crowd_damage", "level": "red"}
    board = played(made, *cuts, crowd, until=made.ends_min)
    assert board.now == made.ends_min
    assert board.state.reported[board.incidents[61]] != NEVER


def test_tables_without_a_closure_are_the_plan_s_own() -> None:
    roads, world = roads_without(tiny(), frozenset()), stage().world
    assert roads.minutes == world.minutes and roads.previous == world.previous
    assert len(ground_of(tiny()).graph.edge_from) > 0


def test_the_provincial_reserve_comes_after_its_call_up_delay_and_then_moves_at_once() -> None:
    call = {"do": "call_up", "at": "H 08:00", "count": 2, "name": "p"}
    order = {"do": "order", "at": "H 12:00", "kind": "provincial_squad", "from": "polres", "to": "village:B:1"}
    board = played(stage(), call, order)
    turnout = next(unit.turnout_min for unit in tiny().settings.units if unit.kind == "provincial_squad")
    assert turnout is not None
    first, second = (board.trips.by_order[board.sent[number][0]] for number in (1, 2))
    assert turnout.low <= first.arrived_min - first.ordered_min <= turnout.high
    assert second.unit in {unit for unit, _ in board.sent[1]}
    assert second.leaves_min == second.ordered_min == 720.0
    Books(board).close(board.state)
    assert board.state.squads_here[board.incidents[1]] == 1, "one of the two still stands by"


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"do": "order", "kind": "squad", "count": 40, "to": "polsek:B"}, "too_few"),
        ({"do": "order", "kind": "squad", "from": "polsek:B", "to": "polres"}, "nobody_there"),
        ({"do": "order", "unit": 9999, "to": "polres"}, "no_such_unit"),
        ({"do": "order", "kind": "squad", "to": "any:A:1"}, "above_pattern"),
        ({"do": "order", "kind": "pair", "count": 2, "to": "any:A:1"}, "above_pattern"),
        ({"do": "order", "kind": "squad", "to": "inject:later"}, "not_reported"),
        ({"do": "enter", "place": "any:A:1"}, "enter_uninvited"),
        ({"do": "stop_voting", "place": "any:A:1"}, "vote_is_kpus"),
        ({"do": "postpone_voting", "place": "any:A:1"}, "vote_is_kpus"),
        ({"do": "relocate_station", "place": "any:A:1"}, "vote_is_kpus"),
        ({"do": "call_up", "count": 999}, "too_few"),
        ({"do": "release", "order": "nothing"}, "nobody_there"),
        ({"do": "open_post", "post": "polres"}, "not_out"),
        ({"do": "open_road", "road": "nothing"}, "not_closed"),
        ({"do": "close_road", "between": ("polres", "polres")}, "no_road"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_the_reason_and_moves_nothing(
    order: dict[str, object], reason: str
) -> None:
    board = played(stage("severe"), until=600.0)
    before = (copy_state(board.state), list(board.pending))
    entry = carry_out(board, 1, command(at="H 10:00", **order))
    assert entry.reason == reason and entry.verdict == ("flagged" if reason == "vote_is_kpus" else "refused")
    assert (board.state, board.pending) == before


def test_police_enter_after_the_crew_has_asked_for_that_station() -> None:
    asked = {"do": "kpps_request", "at": "H 09:00", "place": "any:A:1"}
    board = played(
        stage(),
        asked,
        {"do": "enter", "at": "H 09:10", "place": "any:A:1"},
        {"do": "enter", "at": "H 09:10", "place": "any:A:2"},
    )
    assert verdicts(board)[1:] == [("done", ""), ("refused", "enter_uninvited")]


def test_squads_may_go_to_a_station_where_help_is_needed() -> None:
    quarrel = {"do": "inject", "at": "H 09:00", "place": "any:A:1", "kind": "intimidation", "reported_after_min": 0}
    squad = {"do": "order", "at": "H 09:02", "kind": "squad", "to": "any:A:1"}
    board = played(stage(), quarrel, squad)
    assert verdicts(board)[1] == ("done", "")
    assert next(trip for trip in board.trips.by_order.values() if trip.role == "room").incident == board.incidents[1]


def test_who_works_at_an_incident_is_not_called_away() -> None:
    crowd = {"do": "inject", "at": "H 08:00", "place": "any:B:1", "kind": "crowd_damage", "reported_after_min": 0}
    board = played(stage(), crowd, until=520.0)
    unit = next(trip.unit for trip in board.trips.by_order.values() if trip.incident == board.incidents[1])
    entry = carry_out(board, 2, command(do="order", at=520.0, unit=unit, to="polres"))
    assert entry.reason == "too_few"


def evening(made: Stage) -> tuple[int, float, int]:
    """A pair of a day, the minute after it left with boxes on their way back, and a station of its block."""
    world, marks = made.world, made.marks
    unit = next(unit for unit, (first, end) in enumerate(zip(world.convoy_first, world.convoy_end, strict=True))
                if end > first)  # fmt: skip
    convoys = world.convoy[world.convoy_first[unit] : world.convoy_end[unit]]
    leaves = min(marks.convoy_from[convoy] for convoy in convoys if marks.convoy_from[convoy] > made.begins_min)
    return unit, leaves + 1.0, world.station_block.index(world.unit_block[unit])


def test_pairs_go_with_the_boxes_in_a_drill_too_and_an_order_to_one_is_refused_in_plain_words() -> None:
    made = stage()
    unit, minute, _ = evening(made)
    board = played(made, until=minute)
    assert with_boxes(board, unit) and not with_boxes(played(made, until=minute - 2), unit)
    before = (copy_state(board.state), list(board.pending))
    entry = carry_out(board, 1, command(do="order", at=minute, unit=unit, to="polres"))
    assert (entry.verdict, entry.reason) == ("refused", "with_boxes")
    assert (board.state, board.pending) == before
    for language, words in (("en", "1 were ordered, 0 can go; out with boxes"), ("id", "sedang mengawal kotak suara")):
        assert words in verdict(Decided(entry, (), Uncovered(0, 0.0)), texts(language))
    back = max(made.marks.convoy_until[n] for n in made.world.convoy) + 1.0
    later = played(made, {"do": "order", "at": back, "unit": unit, "to": "polres"}, until=back + 1.0)
    assert verdicts(later) == [("done", "")] and later.state.escorts[unit] > 0


def test_the_sheet_says_of_which_inject_the_own_pair_was_out_with_boxes() -> None:
    made = stage()
    _, minute, station = evening(made)
    code = made.scenario.stations.code[station]
    for at, boxed in ((minute - 2, False), (minute, True)):
        inject = command(do="inject", at=at, kind="intimidation", place=f"code:{code}")
        sheet = after_action(Session(made).give(inject))
        assert [row.boxed for row in sheet.branches[0].injects] == [boxed]
        assert machine(sheet)["branches"][0]["injects"][0]["own_pair_with_boxes"] == boxed
        for language, words in (("en", "own pair out with boxes"), ("id", "mengawal kotak suara")):
            assert (words in tables(sheet, texts(language))[0].rows[0][5]) == boxed
