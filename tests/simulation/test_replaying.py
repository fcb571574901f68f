"""A log through the engine: the exported log of a day replays to that day, and memory follows what goes on at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simsec.day import Day, sample_day
from simsec.day.log import Entry, write_log
from simsec.day.log_reading import LogReader
from simsec.day.log_tables import table_file
from simsec.day.logged import read_day
from simsec.plan import Plan, doctrine
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.schema import DAY_TYPES, Policy
from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.model import State, World, fresh_state
from simsec.simulation.policies import NAMES
from simsec.simulation.replaying import Played, Replay, replay_world, whats_out_of_reach
from simsec.simulation.roads import Change, Closure, changes_by, changes_of, roads_after
from simsec.simulation.simulate import kept_world, simulate
from tests.areas import SHIPPED, announced, shipped, tiny, tiny_plan
from tests.scenario.shipped import shipped_area
from tests.simulation.floor import AMBULANCE, CROWD, FALL, MEDIC, NEEDS, PATROL, SQUAD, Call, Post, Unit, day_of, floor
from tests.simulation.strategies import Case, cases

ENDS = 1000.0
ONE_PATROL = [({"patrol": 1},) * 3, *NEEDS[1:]]


def replayed(scenario: Scenario, plan: Plan, log: Path) -> tuple[State, Replay]:
    """The state at the end of a replay, its rows put back where the log's numbers say."""
    world = replay_world(scenario, plan)
    reader = LogReader(log, scenario)
    checked = reader.check(whats_out_of_reach(world))
    around, friction = reader.around, scenario.settings.travel.friction.mode
    rows: dict[int, dict[str, Any]] = {}
    seats: dict[int, int] = {}

    def finished(entry: Entry, seat: int, state: State) -> None:
        rows[int(entry.key)] = {
            name: value[seat][:] if isinstance(value[seat], list) else value[seat]
            for name in PER_INCIDENT
            if (value := getattr(state, name)) is not None
        }
        seats[seat] = int(entry.key)  # the last to sit there

    changes = changes_by(scenario, around.closures)
    absent, boxes = around.absent.tolist(), (around.convoys, around.befalls())
    play = Replay(world, around.slow, friction, finished, absent, changes, *boxes)
    state = play.run(reader.groups(), scenario.horizon_min[1])
    assert sorted(rows) == list(range(checked.rows))
    whole = {name: [rows[row][name] for row in sorted(rows)] for name in PER_INCIDENT}
    serves = [seats[seat] if seat >= 0 else seat for seat in state.serves]
    waiting = [(since, seats[seat], ladder) for since, seat, ladder in state.waiting]
    return state._replace(**whole, serves=serves, waiting=waiting), play


def per_incident() -> list[str]:
    day = sample_day(tiny(), 1, 0, "severe")
    state = fresh_state(kept_world(tiny(), tiny_plan()), marks_of(day))
    units = len(state.missions)
    assert units != len(day.incidents)
    return [name for name in State._fields if len(getattr(state, name)) == len(day.incidents)]


PER_INCIDENT = per_incident()


def check_replays_to_itself(scenario: Scenario, plan: Plan, day: Day) -> Replay:
    with TemporaryDirectory() as folder:
        log = Path(folder) / "day.csv"
        write_log(log, scenario, day)
        state, play = replayed(scenario, plan, log)
    changes, ends_min = changes_of(scenario, day), scenario.horizon_min[1]
    expected = run_on_simpy(kept_world(scenario, plan), marks_of(day), ends_min, changes=changes)
    for name in State._fields:
        assert getattr(state, name) == getattr(expected, name), name
    return play


@settings(max_examples=25)
@given(
    st.integers(0, 10_000),
    st.sampled_from(DAY_TYPES),
    st.builds(
        Policy,
        name=st.sampled_from(NAMES[:3]),
        divert_to_higher_level=st.booleans(),
        reserve_threshold_squads=st.integers(0, 2),
    ),
)
def test_the_log_of_a_day_replays_to_that_day(seed: int, day_type: str, policy: Policy) -> None:
    day = sample_day(tiny(), seed, 0, day_type)
    assume(len(day.incidents))
    check_replays_to_itself(tiny(), replace(tiny_plan(), policy=policy), day)


@pytest.mark.parametrize("name", ["mm1", "erlang_b", "hypercube3", "priority"])
def test_the_log_of_a_textbook_replays_to_itself(name: str) -> None:
    area = read_scenario(SHIPPED.parent / "textbook" / name)
    check_replays_to_itself(area, doctrine(area), sample_day(area, 1, 0))


@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_the_log_of_a_shipped_day_replays_to_that_day(day_type: str) -> None:
    day = sample_day(shipped(), 3, 1, day_type)
    play = check_replays_to_itself(shipped(), announced(), day)
    assert play.seats < len(day.incidents)


# Days of heavy rain on which roads close; on the second a river does, on the third guests of state take squads away.
WHOLE_DAYS = (
    ("kabupaten-semarang", 1, 4),
    ("kabupaten-semarang", 1, 105),
    ("kota-semarang", 3, 38),
    ("kota-tangerang", 1, 3),
    ("kabupaten-jepara", 1, 5),
    ("kota-tangerang-selatan", 1, 26),
)
ACCIDENTS = {"stages.accident_per_10000_trips": 60.0}


def area_of(name: str) -> Scenario:
    return shipped() if name == SHIPPED.name else shipped_area(name)


@pytest.mark.parametrize(("name", "seed", "replication"), WHOLE_DAYS)
def test_a_day_of_closed_roads_replays_to_the_last_digit(name: str, seed: int, replication: int) -> None:
    area = area_of(name)
    day = sample_day(area, seed, replication, "heavy_rain")
    assert len(changes_of(area, day))
    if replication == 105:
        assert day.incidents.access_min.any()
    if replication == 38:
        assert any(row.chance and takes for row, takes in zip(area.settings.absences, day.absent, strict=True))
    check_replays_to_itself(area, doctrine(area), day)


@pytest.mark.parametrize("name", sorted({name for name, _, _ in WHOLE_DAYS}))
def test_an_ordinary_day_with_its_convoys_and_their_accidents_replays_to_the_last_digit(
    name: str, tmp_path: Path
) -> None:
    area = area_of(name).with_values(ACCIDENTS)
    plan, day, log = doctrine(area), sample_day(area, 3, 0), tmp_path / "day.csv"
    assert day.convoys is not None and (day.convoys.incident >= 0).any()
    check_replays_to_itself(area, plan, day)
    write_log(log, area, day)
    read, drawn = (simulate(area, plan, one) for one in (read_day(log, area), day))
    assert drawn.escorts.convoys > drawn.escorts.without_pair
    assert read.escorts[:2] == drawn.escorts[:2] and (read.escorts.minutes == drawn.escorts.minutes).all()
    for one, other in ((read.incidents, drawn.incidents), (read.units, drawn.units)):
        for column in vars(one):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column), column)
    assert (read.lost, read.limit_reached, read.ends_min) == (drawn.lost, drawn.limit_reached, drawn.ends_min)


def test_a_pair_stays_with_its_boxes_when_another_incident_takes_the_seat_of_its_accident(tmp_path: Path) -> None:
    values = {"incidents.count_dispute.rate_per_station": 0.009, "incidents.count_dispute.dispatch_share": 1.0}
    area = shipped().with_values(ACCIDENTS | values)
    day = sample_day(area, 3, 0)
    play = check_replays_to_itself(area, announced(), day)
    assert play.seats < len(day.incidents)
    world, ends = kept_world(area, announced()), area.horizon_min[1]
    never_met = day.convoys._replace(incident=np.full_like(day.convoys.incident, -1))
    marks = (marks_of(one) for one in (day, replace(day, convoys=never_met)))
    held, free = (run_on_simpy(world, one, ends) for one in marks)
    assert held.escort_min != free.escort_min  # an accident holds a pair that is called again that day


@pytest.mark.parametrize(("name", "table"), [("kabupaten-semarang", "roads"), ("kabupaten-semarang", "access"),
                                             ("kota-semarang", "absences"), ("kota-semarang", "convoys")])  # fmt: skip
def test_without_a_table_another_day_is_replayed(name: str, table: str, tmp_path: Path) -> None:
    area = area_of(name)
    seed, replication = {"kabupaten-semarang": (1, 105), "kota-semarang": (3, 38)}[name]
    write_log(tmp_path / "day.csv", area, sample_day(area, seed, replication, "heavy_rain"))
    whole, _ = replayed(area, doctrine(area), tmp_path / "day.csv")
    table_file(tmp_path / "day.csv", table).unlink()
    assert replayed(area, doctrine(area), tmp_path / "day.csv")[0] != whole


def test_the_way_that_is_told_is_that_of_the_roads_when_it_began() -> None:
    day = sample_day(shipped(), 1, 4, "heavy_rain")
    changes, world = changes_of(shipped(), day), replay_world(shipped(), announced())
    play = Replay(world, day.slow, 1.0, lambda *over: None, (), changes)
    last = changes[-1]
    kind, station = world.unit_kind[0], int(np.flatnonzero(shipped().stations.village == last.closure.village)[0])
    home, node = world.unit_home[-1], world.station_node[station]
    vehicle = world.kind_vehicle[kind]
    assert last.roads.minutes[vehicle][home][node] != world.minutes[vehicle][home][node]
    dry = play.routed_min(kind, home, station, shipped().horizon_min[0])
    wet = play.routed_min(kind, home, station, last.minute)
    assert wet > dry
    assert play.routed_min(kind, home, station, last.minute, 40.0) > wet + 39


def test_a_road_that_closes_on_the_way_takes_nothing_from_the_way_that_is_told() -> None:
    world, day = replay_world(shipped(), announced()), sample_day(shipped(), 3, 0)

    def played(changes: tuple[Change, ...]) -> dict[int, Played]:
        found: dict[int, Played] = {}
        play = Replay(
            world, day.slow, 1.0, lambda entry, seat, state: found.update({entry.row: play.played(seat)}),
            day.absent.tolist(), changes,
        )  # fmt: skip
        play.run(entries_of(day), shipped().horizon_min[1])
        return found

    plain, dry, seen = played(()), roads_after(shipped(), ()), 0
    for row, one in plain.items():
        middle = (one.dispatched + one.first) / 2
        closure = Closure(int(shipped().stations.village[day.incidents.station[row]]), 400.0)
        if middle != middle or seen == 3 or (roads := roads_after(shipped(), (closure,))) is dry:
            continue
        other = played((Change(middle, closure, roads),))[row]
        assert (other.first, other.routed) == (one.first, one.routed)
        seen += 1
    assert seen == 3


def entries_of(day: Day) -> list[list[Entry]]:
    """The groups of a day, each primary incident with what may come of it."""
    i = day.incidents
    root, groups = list(range(len(i))), {}
    for row, above in enumerate(i.parent.tolist()):
        root[row] = row if above < 0 else root[above]
        groups.setdefault(root[row], []).append(row)
    place = {row: number for group in groups.values() for number, row in enumerate(group)}

    def entry(row: int) -> Entry:
        return Entry(
            row=row, key=str(row), kind=int(i.kind[row]), station=int(i.station[row]), level=int(i.level[row]),
            onset=float(i.onset_min[row]), alert_delay=0.0, report_delay=float(i.report_delay_min[row]),
            rise=i.rise_min[row].tolist(), scene=i.scene_min[row].tolist(), where=float(i.where[row]),
            delay=i.delay_min[row].tolist(), turnout=i.turnout_min[row].tolist(),
            noise=np.resize(i.noise[row], 8).tolist(), kpu=i.kpu[row].tolist(),
            parent=place[int(i.parent[row])] if i.parent[row] >= 0 else -1,
            village=place[int(i.village[row])], spread_delay=float(i.spread_delay_min[row]),
            contain_within=float(i.contain_within_min[row]), hits=int(i.hits[row]), transport=-1, handover=0.0,
            recorded_unit="", recorded_kind=-1, recorded_from=-1, recorded_dispatch=np.nan, recorded_arrival=np.nan,
        )  # fmt: skip

    return [[entry(row) for row in group] for group in groups.values()]


@given(cases())
def test_one_report_at_a_time_ends_as_all_at_once_to_the_last_tie(case: Case) -> None:
    world, day = case.world(), day_of(*case.calls)
    rows: dict[int, list[Any]] = {}
    play = Replay(world, day.slow, 1.0, lambda entry, seat, state: rows.update({entry.row: row_of(state, seat)}))
    state = play.run(entries_of(day), ENDS)
    expected = run_on_simpy(world, marks_of(day), ENDS)
    assert [rows[row] for row in sorted(rows)] == [row_of(expected, row) for row in range(len(case.calls))]
    for name in ("on_scene", "ticket", "leg_from", "leg_to", "leg_start", "missions", "busy_min", "counters"):
        assert getattr(state, name) == getattr(expected, name), name


def row_of(state: State, row: int) -> list[Any]:
    """Everything the state holds of an incident, copied."""
    values = [getattr(state, name)[row] for name in PER_INCIDENT if name not in ("struck", "child_first")]
    return [value[:] if isinstance(value, list) else value for value in values]


def one_by_one(world: World, *groups: Entry) -> tuple[dict[int, Played], State, Replay]:
    played: dict[int, Played] = {}
    play = Replay(
        world, np.ones((24, 1)), 1.0, lambda entry, seat, state: played.update({entry.row: play.played(seat)})
    )
    return played, (play.run([[entry] for entry in groups], ENDS)), play


def calls(*given: Call, **more: Any) -> list[Entry]:
    """Single incidents that every step passes on at once."""
    return [group[0]._replace(delay=[0.0] * 8, **more) for group in entries_of(day_of(*given))]


def test_a_unit_on_its_way_home_is_available_from_where_it_is() -> None:
    world = floor([Post(0), Post(8), Post(5, block=1)], [Unit(PATROL, 0)], needs=ONE_PATROL)
    first, second = calls(Call(1, 0.0, scene=20.0), Call(2, 125.0, scene=5.0))
    played, _, _ = one_by_one(world, first, second)
    assert played[0].first == 80.0  # eight places of ten minutes
    # Clear at 100, at 125 it is two and a half places on its way home: nearest to the place behind, two from the call.
    assert played[1].first == 125.0 + 10.0


def test_ties_go_to_the_lowest_number() -> None:
    world = floor([Post(3)], [Unit(PATROL, 1), Unit(PATROL, 5), Unit(PATROL, 5)], needs=ONE_PATROL)
    played, _, _ = one_by_one(world, *calls(Call(0, 0.0), Call(0, 1.0)))
    assert [played[row].first_unit for row in (0, 1)] == [0.0, 1.0]


def test_whoever_carries_somebody_away_is_busy_until_the_hand_over_and_free_there() -> None:
    world = floor([Post(2), Post(9, block=1)], [Unit(PATROL, 0)], needs=ONE_PATROL)
    (first,) = calls(Call(0, 0.0, scene=10.0), transport=9, handover=15.0)
    (second,) = calls(Call(1, 40.0, scene=5.0))
    played, state, _ = one_by_one(world, first, second._replace(row=1))
    # There at 20, done at 30, at the ninth place at 100, free at 115; the call there waited for it.
    assert (played[0].first, played[0].cleared, played[0].busy) == (20.0, 115.0, 115.0)
    assert played[1].dispatched == played[1].first == 115.0
    assert state.busy_min == [120.0]


def test_an_ambulance_carries_where_one_is_needed_and_nobody_else() -> None:
    units = [Unit(MEDIC, 0), Unit(AMBULANCE, 2)]
    needs = [*NEEDS[:3], ({"medic": 1, "ambulance": 1},) * 3]
    world = floor([Post(1)], units, needs=needs)
    (entry,) = calls(Call(0, 0.0, kind=FALL, scene=10.0), transport=5, handover=2.0)
    played, state, _ = one_by_one(world, entry)
    assert state.busy_min == [10.0 + 10.0, 10.0 + 10.0 + 40.0 + 2.0]
    assert state.leg_from == [1, 5]
    assert (played[0].cleared, played[0].busy) == (62.0, 82.0)


def test_seats_follow_what_goes_on_at_once_not_the_length_of_the_log() -> None:
    world = floor([Post(0)], [Unit(PATROL, 0)], needs=ONE_PATROL)
    far_apart = calls(*(Call(0, 3.0 * number, scene=2.0) for number in range(100)))
    played, _, play = one_by_one(world, *far_apart)
    assert play.seats == 1 and len(played) == 100
    at_once = calls(*(Call(0, 0.0, scene=2.0) for _ in range(100)))
    played, _, play = one_by_one(world, *at_once)
    assert play.seats == 100
    assert sorted(row.first for row in played.values()) == [2.0 * number for number in range(100)]


def test_what_nobody_reaches_is_told() -> None:
    world = floor([Post(1)], [Unit(PATROL, 0)])
    quarrel, fall = calls(Call(0, 0.0), Call(0, 0.0, kind=FALL))
    told = whats_out_of_reach(world)
    assert told(quarrel) == "" and "no unit of the plan" in told(fall)
    island = [[row[:] for row in minutes] for minutes in world.minutes]
    for minutes in island:
        for node in range(12):
            minutes[node][12] = minutes[12][node] = np.inf
    told = whats_out_of_reach(world._replace(minutes=island))
    assert told(quarrel) == "" and "no way" in told(quarrel._replace(transport=12))


def test_no_pair_guards_a_village_and_a_patrol_comes() -> None:
    plain = kept_world(tiny(), tiny_plan())
    world, stations = replay_world(tiny(), tiny_plan()), len(tiny().stations)
    assert world.station_node[stations:] == list(range(len(tiny().villages)))
    assert plain.station_block == world.station_block[:stations]
    kind = list(tiny().settings.incidents).index("intimidation")
    (entry,) = [group[0] for group in entries_of(sample_day(tiny(), 1, 0, "severe"))][:1]
    entry = entry._replace(station=stations, kind=kind, row=0, key="0", onset=500.0, level=0)
    rows: list[Played] = []
    play = Replay(world, np.ones((24, 2)), 1.65, lambda entry, seat, state: rows.append(play.played(seat)))
    play.run([[entry]], tiny().horizon_min[1])
    pair = [unit.kind for unit in tiny().settings.units].index("pair")
    assert rows[0].first_unit >= 0 and world.unit_kind[int(rows[0].first_unit)] != pair


def test_a_report_told_late_keeps_its_place_before_what_the_day_brought_forth() -> None:
    seed = Call(0, 0.0, kind=CROWD, reported_after=500.0)
    village = Call(0, 0.0, kind=CROWD, parent=0, spreads_after=50.0, reported_after=50.0, hits=1)
    known = Call(0, 90.0, kind=CROWD, reported_after=10.0)  # both are reported at 100, and there is one squad
    world, day = floor([Post(3)], [Unit(SQUAD, 0)]), day_of(seed, known, village)
    expected = run_on_simpy(world, marks_of(day), ENDS)
    first: dict[int, float] = {}
    play = Replay(world, day.slow, 1.0, lambda entry, seat, state: first.update({entry.row: state.first[seat]}))
    play.run(entries_of(day), ENDS)
    assert [first[row] for row in range(3)] == expected.first
    assert first[1] < first[2]
