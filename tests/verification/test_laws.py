"""Laws that hold on every general scenario: common random numbers, what may not change, ties and boundary minutes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.day import sample_day
from simsec.day.rates import counts
from simsec.plan import doctrine
from simsec.scenario.reading import Scenario
from simsec.simulation import simulate
from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.model import NEVER, DayMarks, State
from simsec.simulation.simulate import kept_world
from tests.verification.systems import system

UNITS = '[[units]]\nkind = "car"\ncapabilities = ["guard", "medic"]\n'
CALL = """[incidents.call]
on_scene_min = { distribution = "lognormal", mean = 25, cv = 1 }
needs = { green = { guard = 1 } }
"""
NAMES = ("a", "b", "c", "d")


def square(scale: float = 1.0, names: tuple[str, ...] = NAMES) -> str:
    """Places on a line, ten minutes apart, asymmetric by a tenth uphill."""
    rows = [",".join(["from", *names])]
    for i, name in enumerate(names):
        minutes = [10 * abs(i - j) * (1.1 if j > i else 1.0) * scale for j in range(len(names))]
        rows.append(",".join([name, *map(str, minutes)]))
    return "\n".join(rows) + "\n"


def town(
    rates: dict[str, float],
    *,
    bases: tuple[str, ...] = ("a", "c"),
    extra: str = "",
    call: str = CALL,
    names: tuple[str, ...] = NAMES,
    scale: float = 1.0,
    hours: int = 48,
) -> Scenario:
    teams = "".join(f'[[teams]]\nunit = "car"\nat = "{base}"\n' for base in bases)
    rows = [f"call,{place},H 00:00,,{rate}" for place, rate in rates.items()]
    return system(
        UNITS + teams + call + extra,
        hours=hours,
        places="\n".join(["code", *names]) + "\n",
        travel=square(scale, names),
        rates="\n".join(["kind,place,start,end,per_hour", *rows]) + "\n",
    )


def marks(scenario: Scenario, replication: int = 0) -> DayMarks:
    return marks_of(sample_day(scenario, 5, replication))


def played(scenario: Scenario, replication: int = 0) -> State:
    day = marks(scenario, replication)
    return run_on_simpy(kept_world(scenario, doctrine(scenario)), day, scenario.horizon_min[1])


EVEN = dict.fromkeys(NAMES, 0.5)
KEYED = ("kind", "station", "onset", "level", "scene", "noise", "turnout", "delay", "where")


def rows_of(day: DayMarks) -> set[tuple[object, ...]]:
    return {tuple(str(getattr(day, name)[i]) for name in KEYED) for i in range(len(day.kind))}


# Common random numbers


@given(st.floats(0, 300), st.floats(1.0, 40.0), st.integers(0, 50))
def test_a_raised_rate_adds_incidents_and_moves_none(rate: float, factor: float, replication: int) -> None:
    low, high = town({**EVEN, "b": rate}, hours=3), town({**EVEN, "b": rate * factor}, hours=3)
    before, after = marks(low, replication), marks(high, replication)
    assert rows_of(before) <= rows_of(after)
    added = rows_of(after) - rows_of(before)
    assert all(row[1] == "1" for row in added)  # only where the rate was raised


def test_the_rate_of_an_hour_moves_nothing_in_another() -> None:
    def of(second: float) -> Scenario:
        rows = f"call,a,H 00:00,H 01:30,4\ncall,a,H 01:30,H 02:15,{second}\ncall,a,H 02:15,H 04:00,4\n"
        table = "kind,place,start,end,per_hour\n" + rows
        return system(UNITS + '[[teams]]\nunit = "car"\nat = "a"\n' + CALL, hours=4, places="code\na\n",
                      travel="from,to,minutes\na,a,\n", rates=table)  # fmt: skip

    quiet, busy = marks(of(0.0)), marks(of(50.0))
    outside = {row for row in rows_of(busy) if not 90 <= float(row[2]) < 135}
    assert rows_of(quiet) == outside and len(outside) < len(rows_of(busy))
    assert not [onset for onset in quiet.onset if 90 <= onset < 135]


def test_a_change_of_plan_changes_no_mark_of_the_day() -> None:
    near = town(EVEN)
    lists = "place,rank,base\n" + "".join(f"{p},{r},{b}\n" for p in NAMES for r, b in ((1, "c"), (2, "a")))
    other = system(
        UNITS + '[[teams]]\nunit = "car"\nat = "a"\nper_post = 3\n[[teams]]\nunit = "car"\nat = "c"\n' + CALL
        + '[policy]\nname = "preference_list"\n[queue]\nreturns = "at_once"\n',
        hours=48, places="code\n" + "\n".join(NAMES) + "\n", travel=square(3.0), preferences=lists,
        rates="kind,per_hour\ncall,0.5\n",
    )  # fmt: skip
    assert rows_of(marks(near)) == rows_of(marks(other))
    assert played(near).first != played(other).first


def test_a_further_place_and_a_further_kind_move_nothing() -> None:
    more = town({**EVEN, "e": 3.0}, names=(*NAMES, "e"))
    assert rows_of(marks(town(EVEN))) <= rows_of(marks(more))
    further = CALL + CALL.replace("incidents.call", "incidents.other") + "rate_per_hour = 2\n"
    assert rows_of(marks(town(EVEN))) <= rows_of(marks(town(EVEN, call=further)))


def test_counts_of_any_size_have_the_quantiles_of_poisson() -> None:
    from scipy.stats import poisson

    u = np.linspace(0.0005, 0.9995, 400)
    for mean in (2.0**-6, 1.0, 7.9, 8.0, 512.0, 65536.0, 2.0**22):
        assert (counts(u, mean) == poisson.ppf(u, mean)).all()


def test_a_hundred_thousand_arrivals_of_a_day() -> None:
    scenario = system(UNITS + '[[teams]]\nunit = "car"\nat = "desk"\n' + CALL + "rate_per_hour = 50000\n", hours=2)
    day = sample_day(scenario, 1, 0)
    assert abs(len(day.incidents) - 100_000) < 4 * 100_000**0.5
    onset = day.incidents.onset_min
    assert onset[0] >= 0 and onset[-1] < 120 and (np.diff(onset) > 0).all()


# What may be changed without changing anything


def test_places_under_other_names_are_the_same_places() -> None:
    # The draws hang on codes, so the day itself is handed over: what the rules make of it does not hang on them.
    first, second = (
        town(EVEN),
        town({f"x-{n}": 0.5 for n in NAMES}, bases=("x-a", "x-c"), names=tuple(f"x-{n}" for n in NAMES)),
    )
    day, ends = marks(first), first.horizon_min[1]
    worlds = [kept_world(scenario, doctrine(scenario)) for scenario in (first, second)]
    assert run_on_simpy(worlds[0], day, ends) == run_on_simpy(worlds[1], day, ends)


@pytest.mark.parametrize("returns", ["on_the_road", "at_once"])
def test_time_may_be_counted_in_other_units(returns: str) -> None:
    """All minutes of a day and of a world doubled (a power of two is exact): every time of the state doubles."""
    scenario = town(EVEN, extra=f'[queue]\nreturns = "{returns}"\n')
    slow = town(EVEN, extra=f'[queue]\nreturns = "{returns}"\n', scale=2.0, hours=96)
    day, ends = marks(scenario), scenario.horizon_min[1]
    doubled = day._replace(
        onset=[2 * t for t in day.onset],
        scene=[[2 * t for t in row] for row in day.scene],
        slow=[row for row in day.slow for _ in range(2)],
        even=[flag for flag in day.even for _ in range(2)],
    )
    one = run_on_simpy(kept_world(scenario, doctrine(scenario)), day, ends)
    two = run_on_simpy(kept_world(slow, doctrine(slow)), doubled, 2 * ends)
    for name in ("reported", "dispatched", "first", "full", "cleared"):
        twice = [NEVER if t == NEVER else 2 * t for t in getattr(one, name)]
        assert getattr(two, name) == twice
    assert one.first_unit == two.first_unit and [2 * t for t in one.busy_min] == two.busy_min


def test_all_speeds_doubled_halve_every_way_and_nothing_else() -> None:
    """With a unit for every call nobody waits, so only the drive is left."""
    many = ("a", "c") * 30
    extra = '[queue]\nreturns = "at_once"\n'
    slow, fast = (town(EVEN, bases=many, hours=24, scale=scale, extra=extra) for scale in (1.0, 0.5))
    first, second = played(slow), played(fast)
    for early, late, begun in zip(second.first, first.first, first.onset, strict=True):
        if late != NEVER:
            assert early - begun == pytest.approx((late - begun) / 2)
    assert [unit // 30 for unit in first.first_unit] == [unit // 30 for unit in second.first_unit]  # 30 at each base


@given(st.integers(0, 200), st.sampled_from(["lost", "wait"]))
def test_who_stands_alone_gains_by_one_more_server(replication: int, full: str) -> None:
    """Loss: no fewer calls are answered; one line, first come: nobody waits longer (Kiefer & Wolfowitz 1955)."""
    extra = f'[queue]\norder = "first_come"\nfull = "{full}"\nreturns = "at_once"\n'
    one, two = (
        system(UNITS + f'[[teams]]\nunit = "car"\nat = "desk"\nper_post = {n}\n' + CALL + "rate_per_hour = 4\n" + extra,
               hours=24)
        for n in (2, 3)
    )  # fmt: skip
    less, more = played(one, replication), played(two, replication)
    if full == "wait":
        pairs = zip(less.first, more.first, strict=True)
        assert all(more_first != NEVER and more_first <= first + 1e-9 for first, more_first in pairs if first != NEVER)
    else:
        assert sum(t != NEVER for t in more.first) >= sum(t != NEVER for t in less.first)


# Boundary minutes and ties


def desk_of_one(options: str, calls: list[tuple[float, float]], minutes: float = 0.0, inside: float = 0.0) -> State:
    """One unit at the desk and a call at the counter, so many minutes away: (onset, minutes on scene) each."""
    scenario = system(
        UNITS + '[[teams]]\nunit = "car"\nat = "desk"\n' + CALL + f"[queue]\n{options}\n",
        hours=24, places="code\ndesk\ncounter\n",
        travel=f"from,desk,counter\ndesk,0,{minutes}\ncounter,{minutes},{inside}\n",
        rates="kind,place,per_hour\ncall,counter,3\n",
    )  # fmt: skip
    day = marks(scenario)
    rows = len(calls)
    cut = day._replace(
        **{
            name: getattr(day, name)[:rows]
            for name in DayMarks._fields
            if isinstance(getattr(day, name), list) and name not in ("slow", "even")
        }
    )
    cut = cut._replace(
        onset=[onset for onset, _ in calls], scene=[[minutes] * 3 for _, minutes in calls], primaries=rows,
        village=list(range(rows)),
    )  # fmt: skip
    return run_on_simpy(kept_world(scenario, doctrine(scenario)), cut, 1440.0)


def test_who_comes_as_another_leaves_is_served_at_once() -> None:
    state = desk_of_one('full = "lost"\nreturns = "at_once"', [(100, 20), (120, 20), (139, 5)])
    assert state.first == [100, 120, NEVER] and state.counters[2] == 1


def test_the_line_keeps_its_order_when_calls_begin_together() -> None:
    state = desk_of_one('order = "first_come"\nreturns = "at_once"', [(100, 20), (100, 20), (100, 20)])
    assert state.first == [100, 120, 140]


def test_work_that_counts_from_the_order_holds_the_drive() -> None:
    state = desk_of_one('returns = "at_once"\nservice_from = "order"', [(100, 20), (200, 3)], minutes=8)
    assert state.first == [108, 208] and state.cleared == [
        120,
        208,
    ]  # the second was done before it came: it clears at once
    state = desk_of_one('returns = "at_once"', [(100, 20), (200, 3)], minutes=8)
    assert state.cleared == [128, 211]


def test_a_unit_that_drives_home_may_be_called_on_its_way() -> None:
    home, road = (
        desk_of_one(f'returns = "{returns}"', [(100, 20), (130, 5)], minutes=8)
        for returns in ("at_once", "on_the_road")
    )
    assert home.first == [108, 138]  # cleared at 128, home at once, 8 minutes out again
    assert road.first == [108, 130]  # two minutes into the way home it is nearer the counter, and turns round
    half = desk_of_one('returns = "on_the_road"', [(100, 20), (132, 5)], minutes=8)
    assert half.first == [108, 132]  # half way: a tie goes to the place it comes from
    late = desk_of_one('returns = "on_the_road"', [(100, 20), (132.5, 5)], minutes=8)
    assert late.first == [108, 140.5]


def test_who_turns_round_drives_the_minutes_inside_the_place() -> None:
    state = desk_of_one('returns = "on_the_road"', [(100, 20), (129, 5)], minutes=8, inside=3)
    assert state.first == [108, 132]  # a minute into the way home it still stands at the counter, and drives 3
    assert desk_of_one('returns = "on_the_road"', [(100, 20), (134, 5)], minutes=8, inside=3).first == [108, 142]


def test_minutes_inside_a_place_are_driven_every_time() -> None:
    scenario = system(
        UNITS + '[[teams]]\nunit = "car"\nat = "desk"\n' + CALL + "rate_per_hour = 2\n",
        hours=48, travel="from,desk\ndesk,7\n",
    )  # fmt: skip
    state = played(scenario)
    drives = [first - ordered for first, ordered in zip(state.first, state.dispatched, strict=True) if first != NEVER]
    assert drives and drives == pytest.approx([7.0] * len(drives))


def test_what_begins_with_the_clock_counts_and_what_begins_at_its_end_does_not() -> None:
    scenario = town(EVEN)
    onset = sample_day(scenario, 3, 0).incidents.onset_min
    start, end = scenario.horizon_min
    assert start <= onset.min() and onset.max() < end
    outcome = simulate(scenario, doctrine(scenario), sample_day(scenario, 3, 0))
    assert len(outcome.incidents) == len(onset)
