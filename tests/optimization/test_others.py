"""What other families need of the police is kept where a plan is told to keep it."""

from dataclasses import replace

import pytest

from simsec.optimization.choices import Bounds
from simsec.optimization.deployment import DeploymentOptions, deploy, limits_of
from simsec.optimization.others import for_others, ways
from simsec.optimization.pricing import Busy, prices_of
from simsec.plan import doctrine
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
    assert bounds.pairs and all(kept.low_pairs[s] >= least for s, (least, _) in bounds.pairs.items())
    looser = replace(bounds, ways=tuple(replace(one, most=1.06 * one.most) for one in bounds.ways))
    between = deploy(prices, limits_of(area), options, looser)
    assert way(dict(between.squads)) == pytest.approx(way(dict(plan.squads)), rel=0.0601)


def test_a_plan_without_squads_sets_no_way() -> None:
    assert ways(shipped(), {}) == ()
