"""Laws of guard blocks and of the doctrine made of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.geography.ground import between_stations, ground_of
from simsec.plan import Plan, check_plan, doctrine, ledger_of
from simsec.plan.blocks import block_key, build_blocks, pairs_needed
from simsec.plan.doctrine import apportion, patrols_with, polsek_of
from simsec.plan.ledger import READINGS
from simsec.scenario.noisy_labels import unlabelled
from simsec.scenario.schema import CLASSES
from tests.areas import announced, family, shipped, tiny
from tests.scenario.shipped import shipped_area


def some() -> tuple[Plan, ...]:
    return (announced(), *(plan for reading in READINGS for plan in family(reading)[:2]))


def test_every_station_stands_in_one_block_of_its_own_sub_district_and_class() -> None:
    stations = shipped().stations
    for plan in some():
        assert plan.block.shape == (len(stations),)
        assert sorted(set(plan.block.tolist())) == list(range(plan.blocks))
        for what in (stations.subdistrict, stations.station_class):
            least = np.full(plan.blocks, 99)
            most = np.full(plan.blocks, -1)
            np.minimum.at(least, plan.block, what)
            np.maximum.at(most, plan.block, what)
            assert (least == most).all()


def test_no_block_is_larger_than_need_be_nor_smaller_than_its_pattern() -> None:
    stations = shipped().stations
    for plan in some():
        size = np.bincount(plan.block)
        for sector in range(19):
            for number, name in enumerate(CLASSES):
                sizes = size[
                    np.unique(plan.block[(stations.subdistrict == sector) & (stations.station_class == number)])
                ]
                if len(sizes):
                    pattern = getattr(shipped().settings.patterns, name).tps
                    assert sizes.max() <= -(-sizes.sum() // len(sizes))
                    assert sizes.min() >= min(pattern, sizes.sum() // len(sizes))  # no more officers than the pattern
                if plan.name.startswith("2:"):
                    bound = int(plan.name[2:]) if name == "low" else getattr(shipped().settings.patterns, name).tps
                    assert not len(sizes) or sizes.max() <= bound


def test_blocks_are_drawn_the_same_every_time() -> None:
    pairs = {sector: pairs_needed(shipped(), sector, 8)["low"] for sector in range(19)}
    assert np.array_equal(build_blocks(shipped(), pairs), build_blocks(shipped(), pairs))
    assert doctrine(shipped(), 8).hash == doctrine(shipped(), 8).hash


def test_a_pair_on_a_small_island_has_its_stations_there() -> None:
    scenario = shipped_area("kabupaten-jepara")
    villages, village = scenario.villages, scenario.stations.village
    low = {sector: pairs_needed(scenario, sector, 16)["low"] for sector in range(len(villages.subdistrict_codes))}
    block = build_blocks(scenario, low)
    for island in map(villages.name.index, ("Parang", "Nyamuk")):
        assert set(village[np.isin(block, block[village == island])]) == {island}


def test_blocks_are_near_together() -> None:
    ground = ground_of(shipped())
    rng = np.random.default_rng(1)
    plan = announced()
    inside, shuffled = [], []
    for sector in range(19):
        members = np.flatnonzero(shipped().stations.subdistrict == sector)
        minutes = between_stations(ground, members)
        for labels, found in ((plan.block[members], inside), (rng.permutation(plan.block[members]), shuffled)):
            found.append(minutes[labels[:, None] == labels[None, :]].mean())
    assert np.mean(inside) < 0.5 * np.mean(shuffled)


@given(st.integers(1, 20), st.integers(1, 25))
def test_any_number_of_pairs_is_carried_out(first: int, second: int) -> None:
    block = build_blocks(tiny(), {0: first, 1: second})
    counts = [len(set(block[tiny().stations.subdistrict == sector].tolist())) for sector in range(2)]
    sizes = np.bincount(tiny().stations.subdistrict)
    assert counts == [min(first, sizes[0]), min(second, sizes[1])]


@pytest.mark.parametrize("reading", READINGS)
def test_every_member_of_the_family_can_be_carried_out(reading: str) -> None:
    for plan in [doctrine(shipped(), reading=reading), *family(reading)[::4]]:
        check_plan(shipped(), plan)
        ledger = ledger_of(shipped(), reading)
        extra = sum(plan.patrols.values()) - 19
        used = 2 * (plan.blocks + extra)
        assert ledger.free - 1 <= used <= ledger.free  # every free officer guards or patrols, save an odd one
        assert plan.squads == {"polres-33.22.18": 10} or list(plan.squads.values()) == [10]


def test_the_announced_plan_puts_every_pair_it_may_on_guard() -> None:
    assert announced().blocks == 287 and sum(announced().patrols.values()) == 19
    sizes = np.bincount(announced().block)
    assert sizes.mean() == pytest.approx(1983 / 287) and sizes.max() <= 9


@given(st.integers(0, 500), st.lists(st.floats(0.01, 100), min_size=1, max_size=12))
def test_largest_remainders_give_everything_and_nobody_a_whole_seat_too_many(total: int, weights: list[float]) -> None:
    share = np.array(weights) * total / sum(weights)
    seats = apportion(total, np.array(weights))
    assert seats.sum() == total
    assert (np.abs(seats - share) < 1 + 1e-9).all()


def test_every_polsek_keeps_one_patrol_and_the_others_follow_the_stations() -> None:
    assert patrols_with(shipped(), -3) == dict.fromkeys(polsek_of(shipped()), 1)
    many = patrols_with(shipped(), 40)
    assert sum(many.values()) == 19 + 40 and min(many.values()) >= 1
    stations = np.bincount(shipped().stations.subdistrict)
    extra = [many[code] - 1 for code in polsek_of(shipped())]
    assert np.corrcoef(stations, extra)[0, 1] > 0.9


def test_a_hamlet_of_the_low_class_takes_what_its_size_needs_of_the_pairs_of_its_sub_district() -> None:
    area = unlabelled(shipped())  # whose hamlets are all of the low class then
    assert len(set(block_key(area).tolist())) > 19
    for size in (6, 8, 12):
        need = {sector: pairs_needed(area, sector, size)["low"] for sector in range(19)}
        for more in (0, 5):
            block = build_blocks(area, {sector: pairs + more for sector, pairs in need.items()})
            special = sum(pairs_needed(area, sector, size)["special"] for sector in range(19))
            assert int(block.max()) + 1 == sum(need.values()) + 19 * more + special
    assert doctrine(area).blocks <= ledger_of(area).pairs
