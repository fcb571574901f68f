"""The auditor finds nothing on honest days, and each of his laws is seen to fire on a row that lies."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from simsec.day import sample_day
from simsec.plan import doctrine
from simsec.scenario import read_scenario
from simsec.scenario.schema import DAY_TYPES, Policy
from simsec.simulation import simulate
from simsec.simulation.audit import audit
from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.heads import count_heads
from simsec.simulation.outcome import Outcome, outcome_of
from simsec.simulation.policies import NAMES
from simsec.simulation.roads import changes_of
from simsec.simulation.simulate import kept_world
from simsec.simulation.trace import KIND, Events, Trace
from tests.areas import SHIPPED, announced, shipped
from tests.simulation.floor import CROWD, PAIR, PATROL, SQUAD, Call, Post, Unit, day_of, floor
from tests.simulation.strategies import Case, cases

ENDS = 700.0


@given(cases())
def test_the_books_of_any_floor_close(case: Case) -> None:
    world, day = case.world(), day_of(*case.calls)
    trace, heads = Trace(world, marks_of(day)), []

    def listen(event, state) -> None:
        trace(event, state)
        heads.extend(count_heads(world, state))

    state = run_on_simpy(world, marks_of(day), ENDS, listen)
    assert heads == []
    assert audit(world, marks_of(day), trace.events(ENDS), ENDS, outcome_of(world, day, state, ENDS)) == []


@pytest.mark.parametrize("divert", [False, True])
@pytest.mark.parametrize("policy", NAMES)
@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_the_books_of_the_shipped_area_close(policy: str, day_type: str, divert: bool) -> None:
    options = Policy(name=policy, divert_to_higher_level=divert, reserve_threshold_squads=2 * divert)
    plan, ends = replace(announced(), policy=options), shipped().horizon_min[1]
    for replication in range(2):
        day = sample_day(shipped(), 9, replication, day_type)
        world, marks = kept_world(shipped(), plan), marks_of(day)
        changes = changes_of(shipped(), day)
        trace = Trace(world, marks, changes)
        outcome = simulate(shipped(), plan, day, listener=trace)
        events = trace.events(ends)
        assert len(events) > 300
        assert audit(world, marks, events, ends, outcome, changes) == []


SCENARIOS = sorted(path.parent for path in SHIPPED.parent.rglob("scenario.toml"))


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda path: path.name)
def test_the_books_of_every_shipped_scenario_close(folder: Path) -> None:
    scenario = read_scenario(folder)
    plan, day, ends = doctrine(scenario), sample_day(scenario, 1, 0), scenario.horizon_min[1]
    world, marks = kept_world(scenario, plan), marks_of(day)
    trace = Trace(world, marks)
    outcome = simulate(scenario, plan, day, listener=trace)
    assert audit(world, marks, trace.events(ends), ends, outcome) == []
    assert outcome.lost == int((trace.events(ends).kind == KIND["lost"]).sum())


# A day with everything in it: a pair, a patrol that drives, a squad that is turned round, a crowd that spreads.
POSTS = [Post(1, place=0), Post(1, place=1), Post(4, 1, 1), Post(9, 2, 2)]
UNITS = [Unit(PAIR, 1, block=0), Unit(PATROL, 5, 1), Unit(SQUAD, 6, 2), Unit(SQUAD, 6, 2)]
CALLS = (
    Call(1, 100, reported_after=3),
    Call(2, 110),
    Call(0, 120, rises=(2, 500, 1e18), reported_after=5),
    Call(3, 200, CROWD, level=1, delay=(0,) * 8, hits=1),
    Call(2, 230, CROWD, level=2, delay=(0,) * 8),
    Call(0, 0, CROWD, level=1, parent=3, spreads_after=90, hits=1),
)


@cache
def honest() -> tuple[object, object, Events, Outcome]:
    world, day = floor(POSTS, UNITS, divert=True), day_of(*CALLS)
    trace = Trace(world, marks_of(day))
    state = run_on_simpy(world, marks_of(day), ENDS, trace)
    return world, marks_of(day), trace.events(ENDS), outcome_of(world, day, state, ENDS)


def place_of(events: Events, kind: str, turn: int = 0) -> int:
    return int(np.flatnonzero(events.kind == KIND[kind])[turn])


def changed(kind: str, turn: int = 0, /, **values: float) -> Callable[[Events], Events]:
    """Lie in one row."""

    def lie(events: Events) -> Events:
        columns = {name: column.copy() for name, column in vars(events).items()}
        row = place_of(events, kind, turn)
        for name, value in values.items():
            columns[name][row] = value if name in ("time_min", "slow", "leaves_min") else int(value)
        return sorted_by_time(Events(**columns)) if "time_min" in values else Events(**columns)

    return lie


def sorted_by_time(events: Events) -> Events:
    order = np.argsort(events.time_min, kind="stable")
    return Events(**{name: column[order] for name, column in vars(events).items()})


def moved(kind: str, minutes: float, turn: int = 0) -> Callable[[Events], Events]:
    return lambda events: changed(kind, turn, time_min=events.time_min[place_of(events, kind, turn)] + minutes)(events)


def dropped(kind: str, turn: int = 0) -> Callable[[Events], Events]:
    def lie(events: Events) -> Events:
        row = place_of(events, kind, turn)
        return Events(**{name: np.delete(column, row) for name, column in vars(events).items()})

    return lie


def doubled(kind: str, after_min: float = 0.0) -> Callable[[Events], Events]:
    def lie(events: Events) -> Events:
        row = place_of(events, kind)
        columns = {name: np.append(column, column[row]) for name, column in vars(events).items()}
        columns["time_min"][-1] += after_min
        return sorted_by_time(Events(**columns))

    return lie


def shuffled(events: Events) -> Events:
    return Events(**{name: column[::-1] for name, column in vars(events).items()})


def lost(events: Events) -> Events:
    """The patrol never comes: nothing is told of it after its order."""
    keep = (events.unit != 1) | (events.kind == KIND["order"])
    return Events(**{name: column[keep] for name, column in vars(events).items()})


LIES = {
    "time runs backwards": (shuffled, "time runs forwards"),
    "after the end": (moved("cleared", 900.0, -1), "the clock ended"),
    "an order without a report": (dropped("report"), "comes before its cause, report"),
    "help before anybody came": (moved("first_help", -1.0), "comes before its cause, arrive"),
    "a report too soon": (moved("report", -1.0), "would know 3.000 after the onset"),
    "a report twice": (doubled("report", 1.0), "happens twice"),
    "another onset": (moved("onset", -1.0), "was drawn to begin at"),
    "a spread at its own time": (moved("spread", 1.0), "does not keep to its minutes"),
    "a spread that never was": (dropped("spread"), "comes before its cause, onset"),
    "a spread told twice": (doubled("spread"), "comes to the same village twice"),
    "a crowd out of nothing": (dropped("onset", 3), "the incident it spread from"),
    "a child that wakes itself": (changed("spread", 0, kind=KIND["onset"]), "begins by itself"),
    "a spread past the squads": (changed("wait", 0, kind=KIND["contained"]), "although enough squads stood there"),
    "a rise at its own time": (moved("rise", 1.0), "the level was to be left at 122.000"),
    "an incident without a row": (dropped("onset", 3), "not in both tables"),
    "an order nobody counted": (doubled("order"), "orders, its row says"),
    "ordered in two places": (dropped("recall"), "nobody is in two places"),
    "ordered while at work": (doubled("order", 20.0), "while at work at"),
    "an order answered twice": (doubled("arrive", 1.0), "answers one order twice"),
    "comes without being sent": (dropped("order"), "comes before its cause, dispatched"),
    "comes to another incident": (changed("arrive", 1, incident=0, place=1), "arrives where it was not sent"),
    "faster than the roads": (moved("arrive", -1.0, 1), "sooner than the travel model allows"),
    "slower than the roads": (moved("arrive", 1.0, 1), "later than the travel model says"),
    "moves off before its order": (changed("order", 1, leaves_min=50.0), "a negative duration"),
    "no turn-out": (changed("order", 3, leaves_min=200.0), "is its turn-out"),
    "from where it is not": (changed("order", 1, start=3), "nobody jumps"),
    "to where nobody called": (changed("order", 1, end=7), "sent to place 7"),
    "a factor nobody drew": (changed("order", 1, slow=0.5), "trips of noise [0.5]"),
    "a capability it lacks": (changed("order", 0, capability=2), "cannot serve as"),
    "another capability on the spot": (changed("arrive", 1, capability=1), "comes as 1"),
    "done too soon": (moved("clear", -1.0), "was to be done at"),
    "leaves without being there": (doubled("clear", 1.0), "leaves where it was not at work"),
    "heads elsewhere": (changed("clear", 0, end=7), "does not head home"),
    "turned round at work": (changed("recall", 0, unit=0), "it is not on the way there"),
    "rises after help": (moved("rise", 400.0), "although help had come"),
    "rises two levels": (changed("rise", 0, level=2), "it rises to 2"),
    "full with too few": (dropped("arrive", -1), "are needed"),
    "cleared with somebody there": (dropped("clear"), "still there"),
    "a place of its own": (changed("report", 0, place=3), "the incident is at station"),
    "never reported": (dropped("report", -1), "was never reported"),
    "no onset": (dropped("onset"), "has no onset"),
    "never comes": (lost, "unit 1 should have arrived at 123.000"),
    "never done": (dropped("clear", -1), "should have been done"),
    "not in the rows": (dropped("full"), "in its row"),
}  # fmt: skip


def test_the_honest_day_has_all_of_it() -> None:
    world, day, events, outcome = honest()
    assert audit(world, day, events, ENDS, outcome) == []
    kinds = {name for name, number in KIND.items() if (events.kind == number).any()}
    assert {"recall", "rise", "spread", "wait", "full", "cleared", "pass_on", "request"} <= kinds


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_told_in_plain_words(lie: str) -> None:
    world, day, events, outcome = honest()
    change, words = LIES[lie]
    told = audit(world, day, change(events), ENDS, outcome)
    assert any(words in sentence for sentence in told), told


def test_the_rows_of_units_are_held_against_the_events() -> None:
    world, day, events, outcome = honest()
    units = replace(outcome.units, busy_min=outcome.units.busy_min + np.array([1.0, 0, 0, 0]))
    assert audit(world, day, events, ENDS, replace(outcome, units=units)) == [
        f"unit 0: {outcome.units.missions[0]} orders, {outcome.units.busy_min[0]:.3f} minutes; its row says otherwise"
    ]


def test_heads_that_do_not_add_up_are_told() -> None:
    world, day = floor(POSTS, UNITS), marks_of(day_of(*CALLS))
    state = run_on_simpy(world, day, 107.0)
    assert count_heads(world, state) == []
    state.here[0] += 1
    state.squads_here[1] += 1
    state.sent[1][0] += 1
    state.on_scene[3] = 1
    state.queued[2][0] = 1
    words = ("serves nobody", "miscounts its units", "miscounts its squads", "sent less arrived", "waiting list")
    assert [any(word in told for told in count_heads(world, state)) for word in words] == [True] * 5
