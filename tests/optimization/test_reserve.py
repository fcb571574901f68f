"""The reserve curve: every stand is within its strength, and what rests on containment is what containment gives."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from simsec.analysis.comparison import compare_runs
from simsec.analysis.replications import replicate, replicate_plans
from simsec.analysis.workers import open_workers
from simsec.optimization.pricing import Busy, prices_of
from simsec.optimization.reserve import SPLITS, Curve, reserve_curve, squads_by, without_containment
from simsec.plan import doctrine
from simsec.plan.feasibility import plan_problems, site_room
from simsec.scenario import Scenario
from simsec.scenario.schema import DAY_TYPES
from tests.areas import shipped, tiny

FEW: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)


def area() -> Scenario:
    """The tiny area with officers enough for two sizes."""
    return tiny().with_values({"forces.police": 70.0})


@pytest.fixture(scope="module")
def curve() -> Curve:
    with open_workers(1) as pool:
        return reserve_curve(area(), pool, days=6, shares=(0.4, 1.0), training=FEW)


def test_every_stand_is_within_its_strength_and_the_first_gains_nothing(curve: Curve) -> None:
    for stand in curve.stands:
        world = area().with_values({"forces.reserve": float(stand.officers)})
        assert not plan_problems(world, stand.plan) and sum(stand.plan.squads.values()) == stand.squads
    assert {stand.split for stand in curve.stands} == set(SPLITS)
    first = curve.stands[0]
    assert all(found.mean == 0 for found in (*first.gain.values(), first.containment))
    assert set(first.expected.values()) == {0.0}


def test_pairs_and_reserve_come_out_of_the_same_strength(curve: Curve) -> None:
    for split in SPLITS:
        pairs = [stand.pairs for stand in curve.of(split)]
        assert len(pairs) == 2 and pairs == sorted(pairs, reverse=True)
    assert all(2 * stand.pairs + stand.officers <= 70 for stand in curve.stands)


def test_in_the_two_stage_model_more_squads_at_a_place_never_cost_more(curve: Curve) -> None:
    saved = [stand.expected for stand in curve.of("headquarters")]
    assert all(less[name] <= more[name] + 1e-9 for less, more in pairwise(saved) for name in DAY_TYPES)


def test_what_rests_on_containment_is_the_gain_less_that_without_it(curve: Curve) -> None:
    keys = tuple(key for key in curve.runs[0].keys if key.day_type == "severe")
    first, last = curve.stands[0], curve.of("headquarters")[-1]
    with open_workers(1) as pool:
        runs = replicate_plans(without_containment(area()), [first.plan, last.plan], keys, pool)
    loose = compare_runs(area(), *runs).gain_by_type["severe"].mean
    assert last.containment.mean == pytest.approx(last.gain["severe"].mean - loose)
    assert last.containment.mean != last.gain["severe"].mean


def test_without_containment_a_crowd_goes_wherever_it_can_whatever_squads_there_are() -> None:
    read = shipped()
    loose, plan = without_containment(read), doctrine(read)
    days = {"severe": 60}  # few crowds of this area are contained: its squads come from far
    held = replicate(read, plan, days).stations_hit
    free = replicate(loose, plan, days).stations_hit
    nobody = replicate(loose, dataclasses.replace(plan, squads={}), days).stations_hit
    assert np.all(free >= held) and free.sum() > held.sum()
    assert np.array_equal(free, nobody) and loose.hash != read.hash


@pytest.mark.parametrize("split", SPLITS)
def test_all_squads_wait_somewhere_with_room_and_not_in_too_many_forward_posts(split: str) -> None:
    read = shipped()
    prices = prices_of(read.given("severe"), Busy.of(read, 0.03, 7, 0.05, 0.1))
    found = squads_by(read, split, 16, prices)
    assert sum(found.values()) == 16 and all(count <= site_room(read, site) for site, count in found.items())
    forward = [site for site in found if site in read.villages.code]
    assert len(forward) <= read.settings.siting.forward_posts_at_most
    assert (len(found) == 1) == (split == "headquarters")
