"""Laws of access to the vote over many days: counts add up, and rows of stations are means of days."""

from functools import cache

import numpy as np
import pytest

from simsec.analysis.access import daily_estimate
from simsec.analysis.intervals import Doubt
from simsec.analysis.replications import Replications, day_keys, replicate_plans, strata
from simsec.analysis.sequential import Stopping, replicate_until
from simsec.analysis.workers import open_workers
from simsec.scenario.schema import DAY_TYPES
from tests.areas import announced, shipped, tiny, tiny_plan


@cache
def runs() -> Replications:
    with open_workers(1) as pool:
        keys = day_keys(dict.fromkeys(DAY_TYPES, 4), (1,))
        return replicate_plans(shipped(), [announced()], keys, pool, voters=True)[0]


def test_counts_of_a_day_add_up() -> None:
    access = runs().access
    assert len(access.day) == len(access.station) == len(access.minutes) == len(access.decision)
    assert access.closed_min.sum() == pytest.approx(access.minutes.sum()) and access.minutes.max() <= 360
    named = access.relocated + access.continued + access.postponed
    assert (named <= access.proposed).all() and named.sum() > 0
    assert (access.opened_late >= access.postponed).all() and access.opened_late.sum() > 0
    assert {len(values) for values in access.daily.values()} == {len(runs())}
    pairs = set(zip(access.day.tolist(), access.station.tolist(), strict=True))
    assert len(pairs) == len(access.day)  # one row a station and day


def test_voters_by_sub_district_add_up_to_the_area() -> None:
    access = runs().access
    assert access.voter_hours_by_sector.shape == (16, len(shipped().villages.subdistrict_codes))
    assert access.voter_hours_by_sector.sum(axis=1) == pytest.approx(runs().voter_hours_lost)
    assert np.array_equal(access.not_served_by_sector.sum(axis=1), runs().voters_not_served)
    assert np.isnan(access.wait_mean_min).all()  # not asked for
    assert runs().voters_not_served[access.postponed > 0].min() > 100


def test_stations_tell_the_mean_of_a_day_at_natural_rates() -> None:
    told, access = runs().access.by_station(shipped(), runs().stratum), runs().access
    probability = strata(shipped())
    for name, daily in (("closed_mean_min", access.closed_min), ("postponed_share", access.postponed)):
        mean = daily_estimate("postponed", daily.astype(np.float64), runs().stratum, probability).mean
        assert told[name].sum() == pytest.approx(mean) and len(told[name]) == 1983


def test_waits_of_every_station_come_when_asked_for_however_the_days_are_played() -> None:
    with open_workers(1) as pool:
        keys = day_keys({"ordinary": 3}, (1,))
        plain = replicate_plans(tiny(), [tiny_plan()], keys, pool)[0]
        asked = replicate_plans(tiny(), [tiny_plan(), tiny_plan()], keys, pool, waits=True)
        until, _ = replicate_until(tiny(), tiny_plan(), Stopping(0.5, 3, 3), pool, day_types=("ordinary",), waits=True)
    assert np.isnan(plain.access.wait_mean_min).all() and np.isnan(plain.voter_hours_lost).all()
    first, second = (run.access for run in asked)
    assert np.array_equal(first.wait_mean_min, second.wait_mean_min) and (first.wait_mean_min > 0).all()
    assert (first.wait_p90_min >= first.wait_mean_min).all() and len(set(first.wait_mean_min.tolist())) == 3
    assert np.array_equal(until.access.wait_mean_min, first.wait_mean_min[: len(until)])


def test_a_mean_of_counts_does_not_reach_below_nought_and_nought_has_a_bound() -> None:
    stratum = np.zeros(20, dtype=np.int64)
    few = daily_estimate("relocated", np.array([3.0] + [0.0] * 19), stratum, {0: 1.0})
    none = daily_estimate("relocated", np.zeros(20), stratum, {0: 1.0})
    assert few.low == 0 < few.mean < few.high and none.mean == 0 < none.high < 0.2
    voters = daily_estimate("not_served", np.zeros(20), stratum, {0: 1.0})
    assert voters.high == 0 and voters.doubt is Doubt.ALIKE  # they come by the hundred: no bound follows from none
