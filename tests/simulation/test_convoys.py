"""Laws of the pairs that go with the boxes, of convoys that go without, and of deliveries that come too late."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simsec.analysis.closures import voters_lost
from simsec.day import Day, sample_day
from simsec.day.trips import BACK, OUT, routes_of
from simsec.plan import doctrine
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.schema import CAPABILITIES
from simsec.scenario.schema_day import Incident
from simsec.simulation import simulate
from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.compiled import as_arrays, run_compiled
from simsec.simulation.convoys import NOT_YET, escorting, gone_with, home_again
from simsec.simulation.model import BACK as BACK_EVENT
from simsec.simulation.model import FREE, fresh_state
from simsec.simulation.outcome import late_deliveries
from simsec.simulation.simulate import kept_world
from simsec.simulation.trace import KIND, Trace
from tests.areas import announced, shipped, tiny, tiny_plan
from tests.scenario.shipped import SCENARIOS
from tests.simulation.floor import NEVER_RISES, PAIR, PATROL, Call, Post, Unit, day_of, floor

# Two blocks whose pairs walk, a patrol in each of their sub-districts.
POSTS = [Post(1), Post(4, 1, 1)]
UNITS = [Unit(PAIR, 1, 0, block=0), Unit(PAIR, 4, 1, block=1), Unit(PATROL, 1, 0), Unit(PATROL, 4, 1)]


def without(scenario: Scenario) -> Scenario:
    """The same area whose pairs stay with their stations."""
    stages = scenario.settings.stages
    assert stages is not None and stages.escorts is not None
    off = stages.model_copy(update={"escorts": stages.escorts.model_copy(update={"enabled": False})})
    settings = scenario.settings.model_copy(update={"stages": off})
    return replace(scenario, settings=settings, hash="without escorts")


def busy(scenario: Scenario) -> Scenario:
    """Many quarrels over the count, so that pairs are called while others are out with boxes."""
    values = {"incidents.count_dispute.rate_per_station": 0.009, "incidents.count_dispute.dispatch_share": 1.0}
    return scenario.with_values(values)


@cache
def many() -> Scenario:
    return busy(shipped())


def on_the_floor(*convoys: tuple[float, float, int], called: float = 150.0) -> tuple:
    """Who came first to a quarrel at the first station whose pair has these convoys (leaves, back, accident)."""
    world = floor(POSTS, UNITS)._replace(
        convoy_first=[0, len(convoys), len(convoys), len(convoys)],
        convoy_end=[len(convoys)] * 4,
        convoy=list(range(len(convoys))) or [0],
    )
    leaves, back, met = (list(column) for column in zip(*convoys, strict=True))
    marks = marks_of(day_of(Call(0, called, reported_after=0.0, rises=NEVER_RISES, scene=20.0)))
    marks = marks._replace(convoys=len(convoys), convoy_from=leaves, convoy_until=back, convoy_incident=met)
    lists, compiled = run_on_simpy(world, marks, 700.0), run_compiled(as_arrays(world), marks, 700.0)
    assert lists == compiled
    return lists, world, marks


def test_a_pair_that_escorts_answers_no_call_in_that_window() -> None:
    for called, comes in ((99.0, 0), (101.0, 2), (199.0, 2), (200.0, 0), (300.0, 0)):
        state, _, _ = on_the_floor((100.0, 200.0, -1), called=called)
        assert state.first_unit[0] == comes, called


def test_a_convoy_waits_for_nobody_and_goes_without_a_pair_that_is_at_a_call() -> None:
    state, world, marks = on_the_floor((110.0, 200.0, -1), called=100.0)  # at work from before until after 110
    assert state.first_unit[0] == 0 and 110.0 < state.freed_at[0] < 200.0
    assert gone_with(world, marks, state, 0, 690.0) == (0, 0.0, state.freed_at[0]) and state.escorts[0] == 0
    assert not escorting(world, marks, state, 0, 150.0)


def test_a_pair_goes_with_one_convoy_at_a_time() -> None:
    state, world, marks = on_the_floor((100.0, 200.0, -1), (150.0, 260.0, -1), (210.0, 300.0, -1), called=600.0)
    assert state.escorts[0] == 2 and state.escort_min[0] == 190.0  # the second left while it was out with the first
    assert state.first_unit[0] == 0
    fresh = fresh_state(world, marks)
    out = [escorting(world, marks, fresh, 0, minute) for minute in (99.0, 100.0, 199.0, 205.0, 215.0, 299.0, 301.0)]
    assert out == [False, True, True, False, True, True, False]
    assert not escorting(world, marks, fresh, 1, 150.0)  # it is nobody else's


def test_after_an_accident_the_pair_stays_with_its_boxes_until_it_is_over() -> None:
    _, world, marks = on_the_floor((100.0, 200.0, 0), called=150.0)
    state = fresh_state(world, marks)
    assert home_again(marks, state, 0, 120.0) == 200.0 and home_again(marks, state, 0, 160.0) == NOT_YET
    assert escorting(world, marks, state, 0, 690.0)
    state.cleared[0] = 400.0
    assert home_again(marks, state, 0, 500.0) == 450.0
    assert escorting(world, marks, state, 0, 449.0) and not escorting(world, marks, state, 0, 451.0)


def test_a_pair_that_is_back_looks_at_what_began_to_wait_meanwhile() -> None:
    world = floor(POSTS, UNITS[:2], policy="nearest_capable")._replace(
        convoy_first=[0, 1], convoy_end=[1, 2], convoy=[0, 1]
    )
    marks = marks_of(day_of(Call(0, 150.0, reported_after=0.0, rises=NEVER_RISES, scene=20.0)))
    marks = marks._replace(convoys=2, convoy_from=[100.0] * 2, convoy_until=[300.0, 250.0], convoy_incident=[-1, -1])
    events = []
    state = run_on_simpy(world, marks, 700.0, lambda event, _: events.append(event))
    assert state.dispatched[0] == 250.0 and state.first_unit[0] == 1  # the first to be back
    assert [event[0] for event in events if event[1] == BACK_EVENT] == [250.0, 300.0]
    assert state == run_compiled(as_arrays(world), marks, 700.0)


def test_whose_pair_goes_follows_from_the_blocks_and_when_it_goes_from_the_day_alone() -> None:
    other, day = doctrine(shipped(), 9), sample_day(shipped(), 1, 0)
    first, second = (kept_world(shipped(), plan) for plan in (announced(), other))
    assert first.convoy != second.convoy
    before = marks_of.__wrapped__(day)
    simulate(shipped(), announced(), day), simulate(shipped(), other, day)
    assert marks_of.__wrapped__(day) == before  # two plans meet the very same day
    routes = routes_of(shipped())
    for world, plan in ((first, announced()), (second, other)):
        loads = len(routes.village)
        for unit in range(len(world.unit_kind)):
            mine = world.convoy[world.convoy_first[unit] : world.convoy_end[unit]]
            assert sorted(n + loads for n in mine if n < loads) == sorted(n for n in mine if n >= loads)
            assert not mine or (world.unit_block[unit] >= 0 and not world.unit_bound[unit])
            for load in (n for n in mine if n < loads):
                blocks = plan.block[routes.load_of_station == load]
                assert (blocks == world.unit_block[unit]).sum() == max(
                    (blocks == block).sum()
                    for block in set(blocks.tolist())
                    if not world.unit_bound[world.block_unit[block]]
                )


def test_the_windows_are_those_of_the_trips() -> None:
    day = sample_day(shipped(), 1, 0)
    trips, convoys = day.stages.trips, day.convoys
    back, out = trips.direction == BACK, trips.direction == OUT
    assert np.array_equal(convoys.leaves_min[back], trips.departs_min[back])  # they leave with the boxes
    assert np.allclose(convoys.back_min[back] - trips.arrives_min[back], trips.drive_min[back])  # and ride back
    assert np.allclose(convoys.back_min[out], trips.arrives_min[out])  # they come with the boxes
    assert np.allclose(trips.departs_min[out] - convoys.leaves_min[out], trips.drive_min[out])


def test_nobody_who_is_out_with_boxes_is_sent_on_a_shipped_day_and_some_calls_pass_him_by() -> None:
    off, passed, sent = without(many()), 0, 0
    for replication in range(2):
        day, world = sample_day(many(), 2, replication), kept_world(many(), announced())
        marks = marks_of(day)
        trace = Trace(world, marks)
        outcome = simulate(many(), announced(), day, listener=trace)
        events = trace.events(many().horizon_min[1])
        convoys, free = day.convoys, {}
        for row in range(len(events)):
            unit, time = int(events.unit[row]), float(events.time_min[row])
            if events.kind[row] == KIND["clear"]:
                free[unit] = time
            if events.kind[row] != KIND["order"] or world.convoy_first[unit] == world.convoy_end[unit]:
                continue
            mine = world.convoy[world.convoy_first[unit] : world.convoy_end[unit]]
            until = free.get(unit, -np.inf)  # worked out again, convoy after convoy
            for convoy in sorted(mine, key=lambda number: convoys.leaves_min[number]):
                if until < convoys.leaves_min[convoy] <= time and marks.convoy_incident[convoy] < 0:
                    until = convoys.back_min[convoy]
            assert until <= time, (unit, time)
            sent += 1
        bare = simulate(off, announced(), sample_day(off, 2, replication))
        after = np.array(outcome.incidents.onset_min > 1080)
        pair = [unit.kind for unit in many().settings.units].index("pair")
        own, others = (rows.incidents.first_kind[after] == pair for rows in (bare, outcome))
        passed += int(own.sum() - others.sum())
    assert sent > 20 and passed > 0


def test_convoys_without_their_pair_are_counted() -> None:
    day = sample_day(many(), 2, 0)
    outcome = simulate(many(), announced(), day)
    world, marks = kept_world(many(), announced()), marks_of(day)
    state = run_on_simpy(world, marks, many().horizon_min[1])
    with_pair, minutes = sum(state.escorts), sum(state.escort_min)
    for unit, serves in enumerate(state.serves):
        if serves == FREE and world.convoy_first[unit] < world.convoy_end[unit]:
            count, more, _ = gone_with(world, marks, state, unit, outcome.ends_min)
            with_pair, minutes = with_pair + count, minutes + more
    found = outcome.escorts
    assert found.convoys == (day.convoys.leaves_min < outcome.ends_min).sum()
    assert found.without_pair == found.convoys - with_pair > 0
    assert np.isclose(found.minutes.sum(), minutes) and minutes > 0
    quiet = simulate(shipped(), announced(), sample_day(shipped(), 2, 0)).escorts
    assert quiet.without_pair < found.without_pair  # calls keep pairs from their convoys


def test_without_the_switch_nothing_changes() -> None:
    off = without(shipped())
    bare = off.settings.model_copy(
        update={"stages": off.settings.stages.model_copy(update={"escorts": None, "preparation_min": None})}
    )
    bare = replace(off, settings=bare, hash="without a word of escorts")
    for replication in range(3):
        days = [sample_day(area, 1, replication) for area in (shipped(), off, bare)]
        assert days[1].convoys is None and days[2].stages.ready_min is None
        for name in vars(days[0].incidents):  # the switch moves no draw
            columns = [getattr(day.incidents, name) for day in days]
            assert all(np.array_equal(columns[0], other, equal_nan=columns[0].dtype.kind == "f") for other in columns)
        first, second = (simulate(area, announced(), day) for area, day in zip((off, bare), days[1:], strict=True))
        for name in vars(first.incidents):
            one, other = getattr(first.incidents, name), getattr(second.incidents, name)
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        assert first.escorts[:2] == (0, 0) and not first.delivered


def test_a_general_world_and_a_recorded_day_know_no_convoys() -> None:
    day = replace(sample_day(tiny(), 1, 0), stages=None, convoys=None)
    assert marks_of(day).convoys == 0
    assert simulate(tiny(), tiny_plan(), day).escorts[:2] == (0, 0)


def late_day(area: Scenario, by_min: float) -> Day:
    """A day whose first load has its boxes ready so many minutes after the vote should open."""
    day = sample_day(area, 1, 0)
    ready = np.where(routes_of(area).load_of_station == 0, 420.0 + by_min, day.stages.ready_min)
    return replace(day, stages=replace(day.stages, ready_min=ready))


def test_a_late_delivery_delays_the_opening_and_costs_voter_hours() -> None:
    own = np.flatnonzero(routes_of(tiny()).load_of_station == 0)
    lost = []
    for late in (0.0, 60.0, 120.0):
        day = late_day(tiny(), late)
        outcome = simulate(tiny(), tiny_plan(), day)
        assert outcome.delivered == ({} if late == 0 else {int(station): 420.0 + late for station in own})
        rows = outcome.stations
        opened = dict(zip(rows.station.tolist(), rows.opened_min.tolist(), strict=True))
        assert late == 0 or all(opened[station] >= 420.0 + late for station in own.tolist())
        lost.append(float(voters_lost(tiny(), [(day, outcome)])[0][0]))
    assert lost[0] < lost[1] < lost[2]


def test_an_accident_on_the_way_out_holds_up_its_own_load_for_as_long_as_it_lasts() -> None:
    area = shipped().with_values({"stages.accident_per_10000_trips": 5.0 * 60})
    day = sample_day(area, 3, 0)
    trips = day.stages.trips
    trip = int(np.flatnonzero((trips.station >= 0) & (trips.direction == OUT))[0])
    kind = np.array([list(area.settings.incidents).index("escort_accident")])
    met = trips.accident_min[[trip]]
    own = routes_of(area).load_of_station == trips.load[trip]
    wait = 420.0 - day.stages.ready_min[own].max()
    for lasted, late in ((wait - 1, False), (wait + 60, True), (np.nan, True)):
        found = late_deliveries(area, day, kind, trips.station[[trip]], met, met + lasted, 1700.0)
        assert bool(found) == late and set(found) <= set(np.flatnonzero(own).tolist())
        if lasted != lasted:
            assert set(found.values()) == {np.inf}


def test_both_calendars_agree_while_pairs_are_out_with_boxes() -> None:
    for replication in range(3):
        day = sample_day(many(), 2, replication)
        world, marks, ends = kept_world(many(), announced()), marks_of(day), many().horizon_min[1]
        lists = run_on_simpy(world, marks, ends)
        assert lists == run_compiled(as_arrays(world), marks, ends)
        assert sum(lists.escorts) > 0


def test_what_a_station_waits_for_stands_among_its_needs() -> None:
    late = shipped().settings.incidents["late_open"].model_dump()
    assert late["reopens_on"] == "courier" and CAPABILITIES.index("courier") > 0
    for wrong, words in (
        ({"reopens_after_min": None}, "belong together"),
        ({"reopens_on": "medic"}, "some level does not need"),
    ):
        with pytest.raises(ValueError, match=words):
            Incident.model_validate(late | wrong)


def test_couriers_follow_the_villages_of_their_sub_district() -> None:
    for name in ("kabupaten-semarang", "kota-tangerang-selatan"):
        area = shipped() if name == "kabupaten-semarang" else read_scenario(SCENARIOS / name)
        (team,) = [team for team in area.settings.teams if team.unit == "courier"]
        each = team.villages_per_unit
        for site in area.sites_of("ppk"):
            villages = (area.villages.subdistrict == area.posts.subdistrict[area.posts.code.index(site)]).sum()
            assert area.team_at(team, site) == max(2, int(villages / each.mode + 0.5))
