"""What other families need of the police is kept where a plan is told to keep it."""

import numpy as np

from simsec.optimization.choices import Bounds
from simsec.optimization.deployment import DeploymentOptions, deploy, limits_of
from simsec.optimization.others import for_others, ways
from simsec.optimization.pricing import Busy, prices_of
from simsec.plan import doctrine
from simsec.scenario.schema import CLASSES
from tests.areas import shipped


def test_all_squads_are_no_farther_from_floods_and_no_wet_sub_district_has_fewer_pairs_than_under_doctrine() -> None:
    area = shipped()
    plan = doctrine(area)
    prices = prices_of(area, Busy.of(area, 0.03, 7, 0.05, 0.01), forward_per_sector=0)
    options = DeploymentOptions(tail_weight=0.0, gap=0.05)

    def way(squads: dict[str, int]) -> float:
        (flood,) = ways(area, squads)
        return flood.most

    free = deploy(prices, limits_of(area), options)
    assert way(dict(free.squads)) > 1.02 * way(dict(plan.squads))  # else nothing is tested
    bounds = for_others(area, plan, Bounds())
    kept = deploy(prices, limits_of(area), options, bounds)
    assert way(dict(kept.squads)) <= way(dict(plan.squads)) + 1e-6
    low = area.stations.station_class == CLASSES.index("low")
    wet = np.unique(area.villages.subdistrict[(area.villages.low_ground == 1) | (area.villages.steep_ground == 1)])
    assert set(bounds.pairs) == set(wet.tolist())
    for sector in wet.tolist():
        had = len(np.unique(plan.block[low & (area.stations.subdistrict == sector)]))
        assert kept.low_pairs[sector] >= bounds.pairs[sector][0] == had


def test_a_plan_without_squads_sets_no_way() -> None:
    assert ways(shipped(), {}) == ()
