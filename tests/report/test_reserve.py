"""How far the reserve is from the stations, and how much of it is out."""

from dataclasses import replace

import numpy as np
import pytest

from simsec.optimization.judge import Judged
from simsec.report.facts import ANNOUNCED, OPTIMISED
from simsec.report.reserve import in_use, reach, site_name
from simsec.scenario.schema import DAY_TYPES


def test_another_site_never_makes_the_drive_longer(judged: Judged) -> None:
    scenario, plan = judged.scenario, judged.plans[ANNOUNCED]
    squads = dict(plan.squads)
    longest = reach(scenario, plan)
    for village in scenario.villages.code:
        squads[village] = 1
        shorter = reach(scenario, replace(plan, squads=squads))
        assert shorter.mean_min <= longest.mean_min
        assert shorter.worst_tenth_min <= longest.worst_tenth_min
        assert shorter.near_share >= longest.near_share
        longest = shorter


def test_every_station_has_one_nearest_site(judged: Judged) -> None:
    found = reach(judged.scenario, judged.plans[OPTIMISED])
    assert sum(site.stations for site in found.sites) == len(judged.scenario.stations)
    assert sum(site.squads for site in found.sites) == judged.plans[OPTIMISED].reserve_squads
    assert [site.squads for site in found.sites] == sorted((s.squads for s in found.sites), reverse=True)
    assert {site.name: site.forward for site in found.sites}[site_name(judged.scenario, "9.1.1")]


def test_a_plan_without_a_reserve_reaches_nobody(judged: Judged) -> None:
    found = reach(judged.scenario, replace(judged.plans[OPTIMISED], squads={"9.1.1": 0}))
    assert found.sites == () and np.isnan(found.mean_min)


def test_squads_out_are_counted_by_type_of_day(judged: Judged) -> None:
    runs = judged.runs[OPTIMISED]
    size = judged.plans[OPTIMISED].reserve_squads
    for day_type in DAY_TYPES:
        found = in_use(judged.scenario, runs, size, day_type)
        assert found is not None
        rows = runs.reserve_busy[runs.stratum == DAY_TYPES.index(day_type)]
        assert found.mean.tolist() == pytest.approx(rows.mean(axis=0).tolist())
        assert (found.p90 <= size).all() and (found.p90 >= 0).all()
        assert 0 <= found.all_out_share <= found.any_out_share <= 1
        start, end = judged.scenario.horizon_min
        assert found.minute[0] == start and found.minute[-1] < end
    without = replace(runs, stratum=np.zeros_like(runs.stratum))
    assert in_use(judged.scenario, without, size, "severe") is None
