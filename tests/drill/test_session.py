"""Laws of a session: state is the day and its numbered commands, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simsec.base.errors import InputError
from simsec.day.day import Incidents
from simsec.drill import Session, stage_of
from simsec.drill.board import Board, rows_for, snapshot
from simsec.drill.files import read_session, write_session
from simsec.drill.schema import command
from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.model import NEVER
from simsec.simulation.roads import changes_of
from tests.areas import announced, shipped, tiny, tiny_plan

QUARREL = {"do": "inject", "at": "H 09:00", "place": "any:A:1", "kind": "intimidation", "name": "quarrel"}
STORY = (
    QUARREL,
    {"do": "rain", "at": "H 09:10", "mm": 15, "until": "H 12:00", "over": ("village:A:1",)},
    {"do": "close_road", "at": "H 09:20", "between": ("village:B:1", "village:B:2"), "name": "bridge"},
    {"do": "order", "at": "H 09:30", "kind": "squad", "count": 1, "to": "polsek:B", "name": "forward", "ready": True},
    {"do": "call_up", "at": "H 09:40", "count": 2, "name": "province"},
    {"do": "close_post", "at": "H 10:00", "post": "polsek:A"},
    {"do": "inject", "at": "H 10:10", "place": "any:B:3", "kind": "count_dispute", "level": "yellow"},
    {"do": "order", "at": "H 10:20", "kind": "pair", "from": "any:B:1", "to": "village:B:1", "for_min": 40},
    {"do": "open_post", "at": "H 11:00", "post": "polsek:A"},
    {"do": "open_road", "at": "H 11:10", "road": "bridge"},
    {"do": "release", "at": "H 11:20", "order": "province"},
)


def session(*fields: dict[str, object], day_type: str = "ordinary", seed: int = 3) -> Session:
    made = Session(stage_of(tiny(), tiny_plan(), day_type, seed, 0))
    for one in fields:
        made = made.give(command(**one))
    return made


def same(first: Board, second: Board) -> bool:
    return snapshot(first) == snapshot(second) and first.log == second.log


@pytest.mark.parametrize("minute", [245.0, 551.0, 575.25, 601.0, 661.5, 1000.0, 1380.0])
def test_a_replay_equals_to_the_last_digit(minute: float) -> None:
    assert same(session(*STORY, day_type="severe").at(minute), session(*STORY, day_type="severe").at(minute))


def test_without_commands_it_is_the_simulated_day() -> None:
    made = session(day_type="severe")
    board = made.at(made.stage.ends_min)
    assert board.state == run_on_simpy(made.stage.world, made.stage.marks, made.stage.ends_min)


def test_a_drill_begins_in_the_morning_with_the_day_before_played() -> None:
    short = {"incidents.logistics_h1.rate_per_station": 0.05, "incidents.logistics_h1.dispatch_share": 1.0}
    stages = [stage_of(tiny().with_values(short), tiny_plan(), "ordinary", seed, 0) for seed in range(1, 9)]
    assert {stage.begins_min for stage in stages} == {240.0} and {stage.starts_min for stage in stages} == {-1080.0}
    boards = [Session(stage).at(-1080.0) for stage in stages]
    assert {board.now for board in boards} == {240.0}
    assert sum(onset < 240 for board in boards for onset in board.state.reported if onset != NEVER) > 3
    with pytest.raises(InputError, match=r"outside the clock of the scenario, H 04:00 to H\+1 05:00"):
        Session(stages[0]).give(command(**{**QUARREL, "at": "H-1 20:00"}))


def test_without_commands_roads_close_as_on_the_simulated_day() -> None:
    stages = (stage_of(shipped(), announced(), "heavy_rain", 3, number) for number in range(20))
    stage = next(stage for stage in stages if len(stage.closures) > 1)
    board, changes = Session(stage).at(stage.ends_min), changes_of(stage.scenario, stage.day)
    simulated = run_on_simpy(stage.world, stage.marks, stage.ends_min, changes=changes)
    assert board.state == simulated != run_on_simpy(stage.world, stage.marks, stage.ends_min)


def test_everything_in_the_story_is_done() -> None:
    assert [entry.verdict for entry in session(*STORY).at(1380.0).log] == ["done"] * len(STORY)


def test_undo_is_as_if_it_had_never_been_given() -> None:
    given = session(*STORY)
    undone = given.give(command(do="inject", at="H 09:05", place="any:A:2", kind="intimidation")).undo()
    assert same(undone.at(1380.0), given.at(1380.0))
    assert undone.given == given.given + 1


def test_undoing_an_early_command_changes_no_mark_of_a_later_one() -> None:
    late = {**QUARREL, "at": "H 10:00", "place": "any:B:2", "name": "late"}
    both = session(QUARREL, late)
    without = both.had_we_not(1, "without")
    (first, second), (alone,) = (
        [number for _, number in sorted(board.incidents.items())]
        for board in (both.at(1380.0), without.at(1380.0, "without"))
    )
    kept, other = both.at(1380.0).day, without.at(1380.0, "without").day
    for name in ("report_delay", "rise", "scene", "where", "delay", "turnout", "noise", "level"):
        assert getattr(kept, name)[second] == getattr(other, name)[alone], name
    assert kept.noise[first] != kept.noise[second]


def test_a_number_is_never_used_again() -> None:
    made = session(QUARREL).undo().give(command(**QUARREL))
    assert [entry.number for entry in made.branches["main"]] == [2]
    assert made.at(1380.0).day.noise[-1] != session(QUARREL).at(1380.0).day.noise[-1]


def test_branches_go_their_own_ways() -> None:
    made = session(*STORY[:2]).fork("B")
    before = made.at(1380.0, "B")
    made = made.give(command(**STORY[3]), "main").give(command(**STORY[5]), "main")
    assert same(made.at(1380.0, "B"), before)
    assert not same(made.at(1380.0), before)
    with pytest.raises(ValueError, match="there is a branch"):
        made.fork("B")


def test_an_inject_changes_no_mark_of_the_day() -> None:
    made = session(*STORY, day_type="severe")
    marks, day = made.stage.marks, made.at(1380.0).day
    n = len(marks.kind)
    for name in marks._fields:
        value = getattr(marks, name)
        if name not in ("slow", "even") and not name.startswith("convoy_"):
            assert (getattr(day, name)[:n] if isinstance(value, list) else getattr(day, name)) == value, name
    assert marks == session(day_type="severe").at(1380.0).day, "the stage itself is not touched"


def test_what_comes_later_changes_nothing_before_it() -> None:
    whole = session(*STORY)
    for number, one in enumerate(STORY):
        before = command(**one).at
        assert snapshot(whole.at(before - 0.5)) == snapshot(session(*STORY[:number]).at(before - 0.5))


def test_an_inject_is_the_same_incident_as_one_of_the_day() -> None:
    made = session(QUARREL)
    board = made.at(made.stage.ends_min)
    blank = session().at(0.0)
    kind, station = list(tiny().settings.incidents).index("intimidation"), board.day.station[-1]
    row = rows_for(blank, 1, kind, station)
    own = made.stage.day.incidents
    onset = np.array([540.0])
    n = len(own)
    columns = {
        name: np.concatenate([getattr(own, name), onset if name == "onset_min" else getattr(row, name)])
        for name in Incidents.__dataclass_fields__
    }
    columns["village"][-1] = n
    day = replace(made.stage.day, incidents=Incidents(**columns))
    state = run_on_simpy(made.stage.world, marks_of(day), made.stage.ends_min)
    assert state == board.state
    assert state.first[n] != NEVER


def test_a_paused_look_changes_nothing() -> None:
    made = session(*STORY)
    whole = made.at(1380.0)
    made.at(600.0)
    assert same(made.at(1380.0), whole)


def test_the_next_event_is_the_next_thing_that_happens() -> None:
    made = session(*STORY)
    minute = made.next_event_min(548.0)
    assert 548.0 <= minute <= 550.0
    seen: list[float] = []
    made.at(700.0, listener=lambda event, state: seen.append(event[0]))
    after = next(time for time in seen if time >= 601.0)
    assert made.next_event_min(601.0) == min(after, 610.0)


def test_a_session_file_replays_to_the_same_state(tmp_path: Path) -> None:
    made = session(*STORY, day_type="severe").fork("B").undo("B")
    write_session(tmp_path / "session.json", made)
    read = read_session(tmp_path / "session.json", tiny(), tiny_plan())
    assert read.branches == made.branches and read.given == made.given
    for name in ("main", "B"):
        assert same(read.at(1380.0, name), made.at(1380.0, name))


def test_a_branch_without_a_command_that_others_name_is_read_back(tmp_path: Path) -> None:
    path, sent = tmp_path / "session.json", {"do": "order", "at": "H 09:20", "kind": "pair", "to": "inject:quarrel"}
    made = session(QUARREL, {**STORY[3], "at": "H 09:10"}, sent, {"do": "release", "at": "H 10:00", "order": "forward"})
    made = made.had_we_not(1, "calm").had_we_not(2, "alone")
    for gone in (made, made.undo().undo().undo().undo()):  # then "quarrel" stands in one branch, "forward" in the other
        write_session(path, gone)
        read = read_session(path, tiny(), tiny_plan())
        assert read.branches == gone.branches
        assert same(read.at(1380.0, "calm"), made.at(1380.0, "calm"))
    assert [entry.verdict for entry in read.at(1380.0, "calm").log] == ["done", "refused", "done"]
    again = made.give(command(**{**QUARREL, "at": "H 11:00"}), "calm")
    write_session(path, again)
    assert read_session(path, tiny(), tiny_plan()).branches == again.branches, "the name is free in its own branch"


def test_what_was_undone_everywhere_may_still_be_named(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    made = session(STORY[2], STORY[9]).had_we_not(1, "open").undo().undo()
    write_session(path, made)
    read = read_session(path, tiny(), tiny_plan())
    assert read.branches == made.branches and [entry.number for entry in read.branches["open"]] == [2]
    assert [entry.verdict for entry in read.at(1380.0, "open").log] == ["refused"]
    write_session(path, session(STORY[2], STORY[9]))
    path.write_text(path.read_text(encoding="utf-8").replace('"road": "bridge"', '"road": "ford"'), encoding="utf-8")
    with pytest.raises(InputError, match="no command of that name that fits"):
        read_session(path, tiny(), tiny_plan())


def test_a_session_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    write_session(path, session(*STORY))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(tiny().hash, "0" * 16).replace(tiny_plan().hash, "1" * 16), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_session(path, tiny(), tiny_plan())
    assert [problem.column for problem in caught.value.problems] == ["scenario", "plan"]
    for wrong in ("{", '{"format": 2}', text.replace('"number": 2', '"number": 1'), "[]", text.replace("any:A:1", "x")):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(InputError):
            read_session(path, tiny(), tiny_plan())


def test_a_command_the_scenario_does_not_know_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="no such kind of incident"):
        session({**QUARREL, "kind": "parade"})
    with pytest.raises(InputError, match="another command has this name"):
        session(QUARREL, QUARREL)


def hard_to_reach() -> tuple[str, int]:
    """A station beyond the river of the shipped area, as a script names it, and its number."""
    station = int(np.flatnonzero(shipped().stations.access == 1)[0])
    return f"code:{shipped().stations.code[station]}", station


def first_help_min(*fields: dict[str, object], day_type: str, replication: int) -> tuple[float, float]:
    """Minutes to first help of the last inject, and what everyone needed more to reach it."""
    made = Session(stage_of(shipped(), announced(), day_type, 1, replication))
    for one in fields:
        made = made.give(command(**one))
    board = made.at(made.stage.ends_min)
    incident = board.incidents[len(fields)]
    return board.state.first[incident] - board.state.onset[incident], board.day.access[incident]


def test_an_inject_meets_the_river_as_it_is_in_its_hour() -> None:
    place, station = hard_to_reach()
    day = stage_of(shipped(), announced(), "heavy_rain", 1, 105).day
    closed = day.access.minutes[:, day.access.hamlet[station]]
    hour = int(np.flatnonzero(closed)[0])
    starts = shipped().horizon_min[0]
    assert hour > 0 and not closed[hour - 1]
    for at, expected in ((hour, closed[hour]), (hour - 1, 0.0)):
        minute = int(starts + 60 * at + 30)
        ill = {"do": "inject", "at": f"H {minute // 60:02}:{minute % 60:02}", "place": place, "kind": "medical_crew"}
        response, more = first_help_min(ill, day_type="heavy_rain", replication=105)
        assert more == expected
        assert response > expected


def test_rain_that_the_room_makes_closes_the_river_for_those_sent_from_then_on() -> None:
    place, station = hard_to_reach()
    village = shipped().villages.code[shipped().stations.village[station]]
    rain = {"do": "rain", "at": "H 08:00", "mm": 60, "until": "H 12:00", "over": (f"code:{village}",)}
    ill = {"do": "inject", "at": "H 11:30", "place": place, "kind": "medical_crew"}
    dry, none = first_help_min({**rain, "mm": 0}, ill, day_type="ordinary", replication=0)
    wet, detour = first_help_min(rain, ill, day_type="ordinary", replication=0)
    assert none == 0.0 < detour and wet > dry + detour / 2  # a lucky way is quicker than the table's


def test_whoever_is_ordered_across_the_river_goes_round_and_a_closed_road_keeps_that() -> None:
    place, station = hard_to_reach()
    made = Session(stage_of(shipped(), announced(), "heavy_rain", 1, 105))
    day, starts = made.stage.day, made.stage.starts_min
    minute = int(starts + 60 * np.flatnonzero(day.access.minutes[:, day.access.hamlet[station]])[0])
    at = f"H {minute // 60:02}:{minute % 60:02}"
    village = f"code:{shipped().villages.code[shipped().stations.village[station]]}"
    soon = f"H {minute // 60:02}:{minute % 60 + 1:02}"
    made = made.give(command(do="order", at=at, kind="patrol", count=1, to=place, for_min=10))
    cut = made.give(command(do="close_road", at=soon, between=("polres", village)))
    came = []
    for one in (made, cut):
        board = one.at(made.stage.ends_min)
        unit, ticket = board.sent[1][0]
        came.append(board.trips.by_order[unit, ticket].arrived_min - minute)
        detour = board.day.access[board.incidents[1]]
        assert detour > 0
        assert came[-1] > detour / 2
    assert came[1] > came[0]
