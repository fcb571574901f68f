"""Both calendars play the same rules: equal to the last digit. One test, because compiling takes half a minute."""

from array import array
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from simsec.day import sample_day
from simsec.plan import Plan, doctrine
from simsec.scenario.schema import DAY_TYPES, Policy
from simsec.simulation.calendar import Calendar, marks_of, run_on_simpy
from simsec.simulation.compiled import COMPILED, as_arrays, run_compiled
from simsec.simulation.model import EVENT_NAMES, NEVER, YELLOW, State, World
from simsec.simulation.policies import NAMES
from simsec.simulation.roads import changes_of
from simsec.simulation.rules import RULES
from simsec.simulation.simulate import kept_world
from tests.areas import announced, shipped
from tests.simulation.floor import PATROL, Call, Post, Unit, day_of
from tests.simulation.strategies import Case, cases
from tests.verification.systems import two_bases


def twelve_plans() -> list[Plan]:
    """Every policy of an election, with and without diversion and threshold, over two placements of the reserve."""
    wide = doctrine(shipped(), 9)
    forward = {"polsek-33.22.01": 2, "polres-33.22.18": 6, shipped().villages.code[40]: 2}
    sites = {site: n for site, n in forward.items() if site in (*shipped().posts.code, *shipped().villages.code)}
    placed = replace(wide, squads=sites)
    options = [
        Policy(name=name, divert_to_higher_level=divert, reserve_threshold_squads=3 * divert)
        for name in NAMES[:3]
        for divert in (False, True)
    ]
    return [replace(plan, policy=policy) for plan in (announced(), placed) for policy in options]


def differing(first: State, second: State) -> list[str]:
    return [name for name in State._fields if getattr(first, name) != getattr(second, name)]


def test_both_calendars_agree_to_the_last_digit_in_every_field() -> None:
    ends = shipped().horizon_min[1]
    plans, busiest, diverted, hit, closed = twelve_plans(), 0, 0, 0, 0
    arrays: dict[str, World] = {}
    for number in range(20):
        plan = plans[number % len(plans)]
        drawn = sample_day(shipped(), 1, number, DAY_TYPES[number % len(DAY_TYPES)])
        changes, incidents = changes_of(shipped(), drawn), drawn.incidents
        if number % 3 == 0:  # as if every place lay beyond a river
            incidents = replace(incidents, access_min=incidents.access_min + 60.0 * incidents.where)
        day, world = marks_of(replace(drawn, incidents=incidents)), kept_world(shipped(), plan)
        lists = run_on_simpy(world, day, ends, changes=changes)
        compiled = run_compiled(arrays.setdefault(plan.hash, as_arrays(world)), day, ends, changes)
        assert differing(lists, compiled) == []
        closed += len(changes)
        busiest = max(busiest, sum(lists.missions))
        diverted += sum(sum(sent) for sent in lists.sent) < sum(lists.missions)
        hit = max(hit, lists.counters[0])
    assert busiest > 60 and diverted > 0 and hit > 10 and closed > 1  # the twenty days are no quiet ones
    assert max(world.unit_bound) == 1

    # Illnesses of longer hours below what closes a station.
    shares = {f"incidents.{kind}.dispatch_share": 1.0 for kind in ("late_open", "medical_crew")}
    tired = shipped().with_values(shares | {"incidents.medical_crew.rate_per_station": 0.03})
    world, woken = kept_world(tired, announced()), 0
    for number in (n for n in range(40) if (sample_day(tired, 4, n).incidents.parent >= 0).any()):
        day = marks_of(sample_day(tired, 4, number))
        lists = run_on_simpy(world, day, ends)
        assert differing(lists, run_compiled(as_arrays(world), day, ends)) == []
        woken += sum(onset != NEVER for onset in lists.onset[day.primaries :])
    assert woken > 0

    # General scenarios: preference lists, and what the queue may be told.
    for options in (
        'order = "first_come"\nfull = "lost"\nreturns = "at_once"\nservice_from = "order"',
        'order = "level_time"\nreturns = "on_the_road"',
    ):
        open_ = two_bases(options)
        world, day = kept_world(open_, doctrine(open_)), marks_of(sample_day(open_, 1, 0))
        lists = run_on_simpy(world, day, open_.horizon_min[1])
        assert differing(lists, run_compiled(as_arrays(world), day, open_.horizon_min[1])) == []
        assert sum(first != NEVER for first in lists.first) > 50

    # A report and a passed-on request at one minute: the report comes first, although it was not scheduled first.
    tie = Case(
        posts=(Post(1), Post(2, block=1)),
        units=(Unit(PATROL, 1, 0),),
        calls=(Call(0, 100.0), Call(1, 90.0, level=YELLOW, reported_after=13.0)),
        options={},
    )
    marks = marks_of(day_of(*tie.calls))
    lists = run_on_simpy(tie.world(), marks, 700.0)
    assert lists.dispatched[1] == 103 < lists.dispatched[0]
    assert differing(lists, run_compiled(as_arrays(tie.world()), marks, 700.0)) == []

    # And on small days full of ties, where everybody is short of units.
    @settings(max_examples=60, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(cases())
    def agree(case: Case) -> None:
        world, marks = case.world(), marks_of(day_of(*case.calls))
        if not world.unit_kind:
            return  # compiled code asks for at least one unit
        assert differing(run_on_simpy(world, marks, 700.0), run_compiled(as_arrays(world), marks, 700.0)) == []

    agree()


def test_every_rule_and_policy_is_compiled() -> None:
    assert set(RULES) <= set(COMPILED)
    named = {function.__module__.rpartition(".")[2] for function in COMPILED}
    assert set(NAMES) <= named


def test_at_one_instant_what_frees_comes_before_what_arrives_and_what_asks() -> None:
    assert EVENT_NAMES == ("leave", "back", "clear", "arrive", "rise", "spread", "report", "request")
    assert [rule.__name__.removeprefix("on_") for rule in RULES] == list(EVENT_NAMES)
    fired: list[tuple[float, int, int]] = []
    calendar = Calendar(0.0, lambda entry: fired.append(entry._value[:3]))
    events = [(5.0, kind, n, 0, 0) for n, kind in enumerate((4, 0, 5, 1, 4, 0, 3))] + [(1.0, 5, 9, 0, 0)]
    for event in events:
        calendar.at(event)
    calendar.run_before(5.0)
    assert fired == [(1.0, 5, 9)]  # nothing at the minute itself
    calendar.run_before(5.1)
    assert fired[1:] == [(5.0, kind, n) for kind, n in ((0, 1), (0, 5), (1, 3), (3, 6), (4, 0), (4, 4), (5, 2))]


def test_instants_are_exact() -> None:
    # 0.1 + 0.2 is not 0.3: a calendar that adds delays to its clock would swap these two.
    fired: list[int] = []
    calendar = Calendar(0.1, lambda entry: fired.append(entry._value[2]))
    calendar.at((0.1 + 0.2, 0, 1, 0, 0))
    calendar.at((0.3, 0, 2, 0, 0))
    calendar.run_before(1.0)
    assert fired == [2, 1]


def test_marks_are_the_day_as_lists() -> None:
    day = sample_day(shipped(), 1, 3, "severe")
    marks = marks_of(day)
    assert marks.primaries == day.incidents.primaries and marks.noises == day.incidents.noise.shape[1]
    dormant = np.isnan(day.incidents.onset_min)
    assert [onset < -1e6 for onset in marks.onset] == dormant.tolist()
    assert all(isinstance(values, list | array | int | float) for values in marks)


@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_even_hours_are_those_in_which_all_zones_are_alike(day_type: str) -> None:
    day = sample_day(shipped(), 2, 1, day_type)
    assert marks_of(day).even == [int(np.ptp(hour) == 0) for hour in day.slow]
