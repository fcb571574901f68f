"""Laws of the measures of a day: the reserve exhausted to the second, and what units do."""

from functools import cache

import numpy as np
import pytest

from simsec.analysis.breakdown import scopes_of
from simsec.analysis.daily import DAY_MEASURES, day_figures, unit_use
from simsec.analysis.replications import CLOCK, Replications, day_keys, replicate, replicate_plans
from simsec.analysis.workers import open_workers
from simsec.day import sample_day
from simsec.plan import doctrine
from simsec.scenario import read_scenario
from simsec.scenario.schema import DAY_TYPES
from simsec.simulation import simulate
from simsec.simulation.calendar import Listener
from simsec.simulation.model import Event, State
from simsec.simulation.simulate import kept_world
from tests.areas import SHIPPED, announced, shipped, tiny, tiny_plan

SEVERE = DAY_TYPES.index("severe")


@cache
def runs() -> Replications:
    with open_workers(1) as pool:
        keys = day_keys({"ordinary": 4, "heavy_rain": 4, "rumour": 4, "severe": 8}, (1,))
        return replicate_plans(shipped(), [announced()], keys, pool, voters=True, missions=True)[0]


def watched(changes: list[tuple[float, bool]]) -> Listener:
    world = kept_world(shipped(), announced())
    squads = range(world.kind_first[world.squad_kind], world.kind_end[world.squad_kind])

    def look(event: Event, state: State) -> None:
        changes.append((event[0], all(state.serves[unit] >= 0 for unit in squads)))

    return look


@pytest.mark.parametrize("replication", range(5))
def test_the_reserve_is_exhausted_as_long_as_a_look_after_every_event_finds_it(replication: int) -> None:
    day = sample_day(shipped(), 1, replication, "severe")
    changes: list[tuple[float, bool]] = []
    outcome = simulate(shipped(), announced(), day, listener=watched(changes))
    until = [time for time, _ in changes[1:]] + [outcome.ends_min]
    brute = sum(end - time for (time, out), end in zip(changes, until, strict=True) if out)
    assert outcome.reserve_exhausted_min == pytest.approx(brute)
    assert simulate(shipped(), announced(), day).reserve_exhausted_min == outcome.reserve_exhausted_min


def test_looks_every_half_hour_find_no_more_than_the_exact_minutes() -> None:
    looked = (runs().reserve_busy == announced().reserve_squads).sum(axis=1)
    exhausted = runs().reserve_exhausted_min
    assert (exhausted[looked > 0] > 0).all() and (exhausted > 0).sum() >= 4
    assert (np.abs(exhausted - 30.0 * looked) <= 30.0 * (1 + looked)).all()


def test_the_figures_of_days_are_told_by_scope() -> None:
    scopes = scopes_of(shipped(), runs())
    given = day_figures(runs(), scopes["severe"])
    inside = runs().stratum == SEVERE
    assert tuple(given) == tuple(DAY_MEASURES)
    exhausted = runs().reserve_exhausted_min[inside]
    assert given["reserve_exhausted_share"].mean == pytest.approx(np.mean(exhausted > 0))
    assert given["reserve_exhausted_min_per_day"].mean == pytest.approx(exhausted.mean())
    assert given["unanswered_per_day"].mean == pytest.approx(runs().unanswered[inside].sum(axis=1).mean())
    cut = np.isfinite(runs().incident_response_min) & np.isnan(runs().incident_clock_min[:, CLOCK.index("cleared")])
    assert given["cut_off_per_day"].mean == pytest.approx(inside[runs().incident_day[cut]].sum() / inside.sum())
    assert given["convoys_without_pair_per_day"].mean == pytest.approx(runs().convoys[inside, 1].mean())
    assert given["station_closed_min_per_day"].mean == pytest.approx(runs().access.closed_min[inside].mean())
    natural = day_figures(runs(), scopes["natural"])
    chance = shipped().day_type_probability
    each = {name: day_figures(runs(), {n: 1.0}) for n, name in enumerate(DAY_TYPES)}
    for name in DAY_MEASURES:
        assert natural[name].mean == pytest.approx(sum(chance[t] * each[t][name].mean for t in DAY_TYPES))
        assert natural[name].low >= 0


def test_what_was_not_asked_for_is_left_out() -> None:
    bare = replicate(tiny(), tiny_plan(), 2)
    assert set(day_figures(bare, {0: 1.0})) == set(DAY_MEASURES) - {"voter_hours_lost_per_day"}
    used = unit_use(tiny(), bare, {0: 1.0})
    assert np.isnan(used[0].busy_p95_hours.mean) and np.isfinite(used[0].busy_hours.mean)


def test_an_area_without_squads_has_no_reserve_to_exhaust() -> None:
    area = read_scenario(SHIPPED.parent / "textbook" / "mm1")
    run = replicate(area, doctrine(area), 2)
    assert np.isnan(run.reserve_exhausted_min).all()
    assert tuple(day_figures(run, {0: 1.0})) == ("unanswered_per_day", "cut_off_per_day", "station_closed_min_per_day")


def test_busy_hours_are_those_of_the_units() -> None:
    used = unit_use(shipped(), runs(), {SEVERE: 1.0})
    inside, past = runs().stratum == SEVERE, np.cumsum(runs().unit_count)
    assert sum(one.units for one in used) == past[-1] == runs().busy_min.shape[1]
    for one in used:
        hours = runs().busy_min[inside, past[one.kind] - one.units : past[one.kind]] / 60
        start, end = shipped().duty_min[one.kind]
        assert one.clock_hours == (end - start) / 60
        assert one.busy_hours.mean == pytest.approx(hours.mean())
        assert one.busy_share.mean == pytest.approx(hours.mean() / one.clock_hours)
        assert one.longest_hours == hours.max() >= one.busy_p95_hours.mean
        assert np.mean(hours <= one.busy_p95_hours.mean) >= 0.95
