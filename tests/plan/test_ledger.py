"""Laws of the strength ledger and of the arithmetic of guard patterns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.base.errors import InputError
from simsec.plan import doctrine, ledger_of, pattern_rows
from simsec.plan.blocks import pairs_needed
from simsec.plan.feasibility import explain_infeasible
from simsec.plan.ledger import PAIR_PERSONS, READINGS
from tests.areas import family, shipped, tiny


@pytest.mark.parametrize(
    ("reading", "pairs"), [("reserve_on_top", 287), ("reserve_inside", 237), ("everything_inside", 150)]
)
def test_the_announcement_reads_in_three_ways(reading: str, pairs: int) -> None:
    ledger = ledger_of(shipped(), reading)
    assert (ledger.announced, ledger.pairs, ledger.reserve_squads) == (575, pairs, 10)
    assert ledger.free == 575 - sum(line.officers for line in ledger.lines if line.inside)
    assert ledger.reading == reading


def test_the_readings_only_move_duties_in_and_out() -> None:
    ledgers = [ledger_of(shipped(), reading) for reading in READINGS]
    duties = [{line.duty: line.officers for line in ledger.lines} for ledger in ledgers]
    assert duties[0] == duties[1] == duties[2]
    inside = [{line.duty for line in ledger.lines if line.inside} for ledger in ledgers]
    assert inside == [set(), {"reserve"}, set(duties[0])]
    sectors = len(shipped().villages.subdistrict_codes)
    assert duties[0]["polsek_minimum"] == 3 * sectors and duties[0]["district_committee"] == 3 * sectors
    assert ledger_of(shipped()) == ledgers[0]


def test_fewer_officers_than_duties_leave_nobody_and_say_how_many_are_missing() -> None:
    poor = tiny().with_values({"forces.police": 10})
    inside = sum(line.officers for line in ledger_of(poor, "everything_inside").lines)
    assert ledger_of(poor, "everything_inside").free == 10 - inside < 0
    assert ledger_of(poor, "everything_inside").pairs == 0


def test_the_arithmetic_of_every_block_size_stands_as_published() -> None:
    rows = {row.tps_per_pair: row for row in pattern_rows(shipped())}
    counts = np.bincount(shipped().stations.station_class, minlength=4)
    low, others = int(counts[0]), int(sum(-(-int(n) // size) for n, size in zip(counts[1:], (2, 1, 1), strict=True)))
    for size, row in rows.items():
        assert row.police_regency == 2 * (-(-low // size) + others)
        assert row.police_inside_subdistricts >= row.police_regency  # whole pairs in each sub-district cost more
        assert row.feasible == (row.police_inside_subdistricts <= 575)
    assert abs(rows[6].police_regency - 661) <= 4 * others  # 1,983 / 6 pairs, and a few for special stations
    assert not rows[6].feasible and rows[8].feasible


@given(st.integers(1, 30))
def test_pairs_needed_are_the_least_that_keep_the_pattern(size: int) -> None:
    for sector in range(2):
        count = int(np.sum(tiny().stations.subdistrict == sector))
        pairs = pairs_needed(tiny(), sector, size)
        assert pairs["low"] * size >= count > (pairs["low"] - 1) * size
        assert {name: n for name, n in pairs.items() if name != "low"} == {"elevated": 0, "high": 0, "special": 0}


def test_the_family_is_what_the_strength_can_staff() -> None:
    for reading in READINGS:
        plans = family(reading)
        blocks = [plan.blocks for plan in plans]
        assert blocks == sorted(set(blocks), reverse=True)
        ledger = ledger_of(shipped(), reading)
        assert all(PAIR_PERSONS * plan.blocks <= ledger.free for plan in plans)
        rows = {f"2:{row.tps_per_pair}": row for row in pattern_rows(shipped(), reading)}
        assert all(rows[plan.name].feasible for plan in plans)
        assert plans[0].name == next(name for name, row in rows.items() if row.feasible)


def test_too_small_a_block_is_refused_with_the_missing_officers() -> None:
    with pytest.raises(InputError, match=r"2 police : 6 TPS needs .* officers.*at most 575 are free"):
        doctrine(shipped(), 6)


def test_a_strength_that_staffs_nothing_is_explained() -> None:
    explain_infeasible(shipped())
    poor = shipped().with_values({"forces.police": 100})
    with pytest.raises(InputError) as caught:
        explain_infeasible(poor)
    (problem,) = caught.value.problems
    needed = pattern_rows(poor)[-1].police_inside_subdistricts
    assert f"{needed - 100} officers are missing" in str(problem) and problem.bound == f"at least {needed}"


def test_the_announced_plan_invents_nobody() -> None:
    with pytest.raises(InputError, match="guarding every sub-district takes"):
        doctrine(tiny().with_values({"forces.police": 2}))
