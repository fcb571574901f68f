"""Laws of probes: they change nothing, and say what a call would have met."""

from dataclasses import fields, replace

import numpy as np
import pytest

from simsec.analysis.replications import day_keys, replicate_plans
from simsec.analysis.stations import station_minutes
from simsec.analysis.workers import open_workers
from simsec.base.errors import InputError
from simsec.day import Day, sample_day
from simsec.plan import Plan
from simsec.scenario.schema import DAY_TYPES, Policy
from simsec.simulation import Outcome, simulate
from simsec.simulation.asking import asked_probe, stations_asked
from simsec.simulation.calendar import marks_of
from simsec.simulation.model import State, copy_state
from simsec.simulation.probes import Call as Marks
from simsec.simulation.probes import drawn_call, exact_for, probe, probe_tables
from simsec.simulation.simulate import kept_world
from tests.areas import announced, shipped, tiny, tiny_plan
from tests.simulation.floor import Call, day_of

QUARREL = list(tiny().settings.incidents).index("queue_dispute")
STEPS = [step for ladder in tiny().settings.ladders for step in ladder.steps]
TURNOUT = {unit.kind: unit.turnout_min for unit in tiny().settings.units}
DELAYS = tuple(step.delay_min.mode if step.delay_min else 0.0 for step in STEPS)
TURNOUTS = tuple(figure.mode if (figure := TURNOUT.get(step.unit)) else 0.0 for step in STEPS)
CALLS = tiny().settings.calls
REPORTED_AFTER = CALLS.detection_min.mode + CALLS.call_min.mode
NOW = 10 * 60.0


def modal(where: float) -> Marks:
    return Marks(REPORTED_AFTER, DELAYS, TURNOUTS, 1.0, where)


def as_bytes(outcome: Outcome) -> bytes:
    parts = [getattr(part, field.name) for part in (outcome.incidents, outcome.units) for field in fields(part)]
    return b"".join(part.tobytes() for part in parts) + repr((outcome.stations_hit, outcome.limit_reached)).encode()


def quarrel(station: int, at: float, *, scene: float = 600.0, where: float = 0.0) -> Call:
    """A call for a guard with the modes of every figure."""
    return Call(station, at, QUARREL, 0, REPORTED_AFTER, (np.inf,) * 3, scene, where, DELAYS, TURNOUTS, (1.0,) * 4)


def day_with(calls: list[Call], slow: float = 1.0, north: float = 1.0) -> Day:
    calls = sorted(calls, key=lambda call: call.at)
    return replace(day_of(*calls), slow=np.tile([slow, slow * north], (19, 1)))


def probed(day: Day, where: float) -> np.ndarray:
    world, tables = kept_world(tiny(), tiny_plan()), probe_tables(tiny(), tiny_plan())
    marks = marks_of(day)
    found: list[np.ndarray] = []
    look = (NOW, lambda now, state: found.append(probe(world, marks, state, tables, now, modal(where))))
    simulate(tiny(), tiny_plan(), day, looks=[look])
    return found[0]


def busy_morning(stations: int) -> list[Call]:
    """Quarrels that keep some for the whole day, and two that ended shortly before the probe: units on the road."""
    keep = [quarrel(station, 300.0 + n) for n, station in enumerate(range(0, stations, 3))]
    return [*keep, quarrel(38, 520.0, scene=44.0), quarrel(20, 530.0, scene=14.0)]


def assert_met(morning: list[Call], where: float, slow: float = 1.0, north: float = 1.0) -> np.ndarray:
    """What the probe says is what a call injected at that minute meets, station by station."""
    expected = probed(day_with(morning, slow, north), where)
    met = []
    for station in range(len(tiny().stations)):
        day = day_with([*morning, quarrel(station, NOW, where=where)], slow, north)
        rows = simulate(tiny(), tiny_plan(), day).incidents
        met.append(float(rows.response_min[rows.onset_min == NOW][0]))
    assert np.allclose(expected, np.where(np.isnan(met), np.inf, met), rtol=0, atol=1e-9)
    return expected


@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_probes_change_nothing(day_type: str) -> None:
    world, tables = kept_world(shipped(), announced()), probe_tables(shipped(), announced())
    day = sample_day(shipped(), 1, 2, day_type)
    marks = marks_of(day)
    looks = [
        (minute, lambda now, state: probe(world, marks, state, tables, now, drawn_call(shipped(), 1, 2, 0)))
        for minute in (390.0, 540.0, 750.0, 900.0, 1140.0)
    ]
    assert as_bytes(simulate(shipped(), announced(), day, looks=looks)) == as_bytes(
        simulate(shipped(), announced(), day)
    )


@pytest.mark.parametrize(("slow", "north"), [(1.0, 1.0), (1 / 0.9, 1.0), (1.0, 1.25)])
@pytest.mark.parametrize("busy", [0, 24, 40])
def test_a_probe_says_what_an_injected_call_meets(busy: int, slow: float, north: float) -> None:
    expected = assert_met(busy_morning(busy) if busy else [], 0.4, slow, north)
    if busy:
        assert expected.max() > expected.min() + 3  # somebody had to ask the next step


def test_a_pair_on_its_way_home_is_met_where_it_will_be_when_it_is_asked() -> None:
    # A pair whose block spans two villages was called to the other one. When the probe looks it is still nearer to
    # that village; when the call reaches it, it is home again and walks its block.
    world = kept_world(tiny(), tiny_plan())
    home = np.array(world.unit_home)[np.array(world.block_unit)[tiny_plan().block]]
    vehicle = world.kind_vehicle[0]
    minutes = np.array(world.minutes[vehicle])
    away = np.flatnonzero((home != np.array(world.station_node)) & (minutes[world.station_node, home] > 6))
    station = int(away[0])
    start, end = world.station_node[station], int(home[station])
    way, before = minutes[start, end], minutes[start, world.previous[vehicle][start][end]]
    # Half of the last hop is done one minute after the probe, and so four before the call is heard.
    clear = NOW - (way + before) / 2 + 1
    calls = [quarrel(station, 400.0, scene=clear - 400.0 - probed(day_with([]), 0.0)[station])]
    assert_met(calls, 0.4)
    assert probed(day_with(calls), 0.4) == pytest.approx(probed(day_with([]), 0.4))


def test_when_nobody_is_free_nobody_comes() -> None:
    everybody = [quarrel(station, 300.0 + n / 7) for n, station in enumerate([*range(40)] * 2)]
    assert np.isinf(probed(day_with(everybody), 0.5)).all()


def test_a_quiet_block_is_walked() -> None:
    tables = probe_tables(tiny(), tiny_plan())
    found = probed(day_with([]), 0.0)
    first = tables.place == 0
    assert np.allclose(found[first], REPORTED_AFTER)  # the pair stands at the first place of its block
    assert (found[~first] > REPORTED_AFTER).all()


def test_calls_are_drawn_as_those_of_incidents() -> None:
    calls = [drawn_call(shipped(), 1, day, 0) for day in range(400)]
    assert calls == [drawn_call(shipped(), 1, day, 0) for day in range(400)]
    told, known = np.array([call.to_request_min for call in calls]), shipped().settings.calls
    assert told.min() >= known.detection_min.low + known.call_min.low
    assert np.mean(told > known.detection_min.high + known.call_min.high) > 0  # some have no signal
    friction = shipped().settings.travel.friction
    mean = (friction.low + friction.mode + friction.high) / 3 / friction.mode
    assert np.mean([call.noise for call in calls]) == pytest.approx(mean, abs=0.02)
    assert 0.45 < np.mean([call.where for call in calls]) < 0.55


def test_probes_know_the_chain_of_command_only() -> None:
    assert exact_for(tiny_plan())
    for policy in (
        Policy(name="nearest_capable"),
        Policy(name="chain_of_command", reserve_threshold_squads=1),
    ):
        assert not exact_for(replace(tiny_plan(), policy=policy))
        with pytest.raises(InputError, match="chain of command"):
            probe_tables(tiny(), replace(tiny_plan(), policy=policy))


def asked_too(day: Day, plan: Plan, where: float) -> tuple[np.ndarray, np.ndarray]:
    """What the probe and the policy itself say of all stations."""
    world, tables, marks = kept_world(tiny(), plan), probe_tables(tiny(), plan), marks_of(day)
    found: list[np.ndarray] = []

    def look(now: float, state: State) -> None:
        before = copy_state(state)
        found.append(probe(world, marks, state, tables, now, modal(where)))
        found.append(asked_probe(world, marks, state, now, modal(where), range(40)))
        assert copy_state(state) == before and marks_of(day) == marks

    simulate(tiny(), plan, day, looks=[(NOW, look)])
    return found[0], found[1]


@pytest.mark.parametrize("where", [0.0, 0.4, 0.99])
@pytest.mark.parametrize("calls", [[], busy_morning(40), busy_morning(12)])
def test_asking_the_chain_of_command_says_what_the_probe_works_out(calls: list[Call], where: float) -> None:
    probed_, asked = asked_too(day_with(calls, 1.3, 1.2), tiny_plan(), where)
    np.testing.assert_allclose(asked, probed_, rtol=1e-6)


def test_asking_another_policy_says_what_a_call_meets() -> None:
    plan = replace(tiny_plan(), policy=Policy(name="nearest_capable"))
    world, day = kept_world(tiny(), plan), day_with(busy_morning(40))
    found: list[np.ndarray] = []
    look = (NOW, lambda now, state: found.append(asked_probe(world, marks_of(day), state, now, modal(0.4), [3, 38])))
    simulate(tiny(), plan, day, looks=[look])
    assert np.flatnonzero(~np.isnan(found[0])).tolist() == [3, 38]
    for station in (3, 38):
        met = simulate(tiny(), plan, day_with([*busy_morning(40), quarrel(station, NOW, where=0.4)]))
        row = int(np.flatnonzero(met.incidents.onset_min == NOW)[0])
        assert met.incidents.response_min[row] == pytest.approx(found[0][station])


def test_every_station_is_asked_in_a_round_and_at_most_a_hundred_at_once() -> None:
    for stations in (1, 40, 101, 1983, 5175):
        rounds = [stations_asked(stations, number) for number in range(-(-stations // 100))]
        assert sorted(one for asked in rounds for one in asked) == list(range(stations))
        assert max(map(len, rounds)) <= 100


def test_station_minutes_of_another_policy_are_those_of_the_probes_that_asked() -> None:
    plan = replace(announced(), policy=Policy(name="nearest_capable"))
    with open_workers(1) as pool:
        runs = replicate_plans(shipped(), [plan], day_keys({"ordinary": 4}, (1,)), pool, probes=True)[0]
    told, asked = station_minutes(shipped(), runs), ~np.isnan(runs.probes)
    assert asked.sum(axis=2).max() <= 100 and asked.any(axis=(0, 1)).all()
    station = int(np.flatnonzero(asked.sum(axis=(0, 1)) == 1)[0])
    assert told.mean_min[station] == told.p90_min[station] == runs.probes[:, :, station][asked[:, :, station]][0]
    assert told.nobody_share[station] == 0 and np.isfinite(told.mean_of_all.mean)
