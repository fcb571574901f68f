"""Laws of the roads of the moment: kept by closures, exchanged between events, and nobody under way is late for it."""

from dataclasses import replace

import numpy as np
import pytest

from simsec.day import sample_day
from simsec.day.access import hamlets
from simsec.day.day import LANDSLIDE, Closures, Day
from simsec.geography.graph import CAR, FOOT
from simsec.geography.ground import ground_of
from simsec.geography.travel import travel_table, zone_shares
from simsec.simulation.audit import audit
from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.model import State
from simsec.simulation.roads import Closure, _closed, changes_of, roads_after, roads_without, world_at
from simsec.simulation.simulate import kept_world, simulate
from simsec.simulation.trace import KIND, Trace
from tests.areas import announced, shipped

FRICTION = shipped().settings.travel.friction.mode
SLID = Closure(shipped().villages.name.index("Keseneng"), LANDSLIDE)
FLOOD = Closure(int(np.flatnonzero(shipped().villages.low_ground)[3]), 450.0)


def heavy_day(closures: int = 2) -> Day:
    days = (sample_day(shipped(), 3, number, "heavy_rain") for number in range(40))
    return next(day for day in days if len(changes_of(shipped(), day)) >= closures)


def test_the_tables_are_those_worked_out_anew() -> None:
    roads, node_zone = roads_after(shipped(), (SLID, FLOOD)), ground_of(shipped()).node_zone
    whole, found = travel_table(roads.graph, len(node_zone)), roads.arrays()
    np.testing.assert_allclose(found.minutes, whole.minutes * FRICTION, rtol=1e-9)
    assert found.previous.tolist() == whole.previous.tolist()
    shares = zone_shares(whole, CAR, node_zone, found.zone_share.shape[2])
    np.testing.assert_allclose(found.zone_share, shares, atol=1e-6)


@pytest.mark.parametrize("backwards", [False, True])
def test_what_the_rules_read_place_by_place_is_the_table_to_the_last_digit(backwards: bool) -> None:
    _closed.cache_clear()
    roads = roads_after(shipped(), (SLID, FLOOD))
    whole, n = roads.arrays(), len(ground_of(shipped()).node_zone)
    _closed.cache_clear()
    roads = roads_after(shipped(), (SLID, FLOOD))  # nothing of it has been worked out
    nodes = range(0, n, 2)[:: -1 if backwards else 1]
    for vehicle in range(4):
        for read, told in ((roads.minutes, whole.minutes), (roads.previous, whole.previous)):
            found = [[read[vehicle][origin][end] for end in nodes] for origin in nodes]
            assert found == told[vehicle][np.ix_(nodes, nodes)].tolist()
    shares = [[list(roads.zone_share[origin][end]) for end in nodes] for origin in nodes]
    assert shares == whole.zone_share[np.ix_(nodes, nodes)].tolist()


def test_the_order_in_which_roads_closed_does_not_matter_once_they_have() -> None:
    one, other = roads_after(shipped(), (SLID, FLOOD)).arrays(), roads_after(shipped(), (FLOOD, SLID)).arrays()
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_what_does_not_change_is_shared_with_the_roads_before() -> None:
    before, after = roads_after(shipped(), ()), roads_after(shipped(), (SLID,))
    assert after.minutes[FOOT] is before.minutes[FOOT]
    assert roads_after(shipped(), (SLID,)) is after
    assert roads_after(shipped(), (SLID, SLID)) is after
    assert roads_without(shipped(), frozenset(), (SLID,)) is after


def test_a_day_tells_its_changes_once_whoever_asks() -> None:
    assert changes_of(shipped(), heavy_day()) is not changes_of(shipped(), sample_day(shipped(), 3, 0))
    day = heavy_day()
    assert changes_of(shipped(), day) is changes_of(shipped(), day)


def test_a_village_of_main_roads_alone_closes_nothing() -> None:
    for village in range(len(shipped().villages)):
        roads = roads_after(shipped(), (Closure(village, LANDSLIDE),))
        if roads is roads_after(shipped(), ()):
            return
    pytest.fail("every village hangs on a village road")


def test_closed_edges_stay_closed_beside_the_day_s_own() -> None:
    shut = frozenset({0, 1})
    both = roads_without(shipped(), shut, (SLID,))
    assert (both.arrays().minutes >= roads_after(shipped(), (SLID,)).arrays().minutes * (1 - 1e-9)).all()
    assert np.isinf(both.graph.edge_minutes[:, [0, 1]]).all()


def test_nothing_before_the_closure_knows_of_it_and_something_after_it_does() -> None:
    world, day, ends = kept_world(shipped(), announced()), heavy_day(), shipped().horizon_min[1]
    changes, marks = changes_of(shipped(), day), marks_of(day)
    first = changes[0].minute
    assert run_on_simpy(world, marks, first, changes=changes) == run_on_simpy(world, marks, first)
    with_, without = (run_on_simpy(world, marks, ends, changes=which) for which in (changes, ()))
    for name in ("reported", "dispatched", "first"):
        pairs = list(zip(getattr(with_, name), getattr(without, name), strict=True))
        assert all(a == b for a, b in pairs if min(a, b) < first)
    assert with_ != without


def test_who_is_under_way_when_a_road_closes_keeps_his_arrival() -> None:
    world, ends, seen = kept_world(shipped(), announced()), shipped().horizon_min[1], 0
    day = sample_day(shipped(), 3, 0)
    plain: list[tuple[float, float]] = []
    trace = Trace(world, marks_of(day))
    simulate(shipped(), announced(), day, listener=trace)
    events = trace.events(ends)
    for row in np.flatnonzero(events.kind == KIND["order"]).tolist():
        unit, begins = events.unit[row], events.time_min[row]
        came = np.flatnonzero((events.kind == KIND["arrive"]) & (events.unit == unit) & (events.time_min > begins))
        village = int(events.end[row])
        middle = float(events.time_min[came[0]] + begins) / 2 if len(came) else 0.0
        if not middle or roads_after(shipped(), (Closure(village, LANDSLIDE),)) is roads_after(shipped(), ()):
            continue
        slid = Closures(np.array([middle]), np.array([village]), np.array([LANDSLIDE]))
        closed = simulate(shipped(), announced(), replace(day, closures=slid))
        first = closed.incidents.first_min[closed.incidents.incident == events.incident[row]]
        helped = events.time_min[(events.kind == KIND["first_help"]) & (events.incident == events.incident[row])]
        if helped[0] == events.time_min[came[0]]:
            plain.append((float(first[0]), float(helped[0])))
            seen += 1
        if seen == 5:
            break
    assert seen == 5 and all(a == b for a, b in plain)


def test_the_trace_tells_of_the_closure_and_the_books_close() -> None:
    world, day, ends = kept_world(shipped(), announced()), heavy_day(), shipped().horizon_min[1]
    changes = changes_of(shipped(), day)
    trace = Trace(world, marks_of(day), changes)
    outcome = simulate(shipped(), announced(), day, listener=trace)
    events = trace.events(ends)
    rows = events.kind == KIND["road_closed"]
    assert events.end[rows].tolist() == [change.closure.village for change in changes]
    assert events.time_min[rows].tolist() == [change.minute for change in changes]
    assert audit(world, marks_of(day), events, ends, outcome, changes) == []
    assert len(audit(world, marks_of(day), events, ends, outcome)) >= len(changes)


def test_a_look_after_the_closure_sees_the_new_roads() -> None:
    world, changes = kept_world(shipped(), announced()), changes_of(shipped(), heavy_day())
    first, last = changes[0], changes[-1]
    assert world_at(world, changes, first.minute - 0.01) is world
    assert world_at(world, changes, first.minute).minutes is first.roads.minutes
    assert world_at(world, changes, 5000.0).minutes is last.roads.minutes
    order: list[float] = []
    looks = [(change.minute, lambda now, _: order.append(now)) for change in changes]
    run_on_simpy(world, marks_of(heavy_day()), shipped().horizon_min[1], None, looks, changes)
    assert order == [change.minute for change in changes]


def after_60(day: Day, away: bool) -> State:
    """The day as it is, or with an hour more to every hamlet."""
    extra = np.where(hamlets(shipped())[2][day.incidents.station] >= 0, 60.0 * away, 0.0)
    marks = marks_of(replace(day, incidents=replace(day.incidents, access_min=extra)))
    return run_on_simpy(kept_world(shipped(), announced()), marks, shipped().horizon_min[1])


def test_everyone_from_outside_pays_the_river_and_the_own_pair_does_not() -> None:
    busy = shipped().with_values({"incidents.queue_dispute.rate_per_station": 0.02})
    of_station, paid, spared = hamlets(shipped())[2], 0, 0
    kinds = list(shipped().settings.incidents)
    for number in range(150):
        day = sample_day(busy, 5, number)
        rows = np.flatnonzero(of_station[day.incidents.station] >= 0)
        if not len(rows):
            continue
        dry, wet = after_60(day, away=False), after_60(day, away=True)
        for row in rows.tolist():
            own = kinds[int(day.incidents.kind[row])] == "queue_dispute" and dry.units_sent[row] == 1
            later = wet.first[row] - dry.first[row]
            paid += later > 40
            spared += own and later == 0
    assert paid > 0 and spared > 0
