"""Laws of those who sleep at a hamlet: they serve it and nobody else, and no officer is made by it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simsec.base.errors import InputError
from simsec.day import sample_day
from simsec.day.access import hamlets
from simsec.plan import Plan, check_plan
from simsec.plan.blocks import block_key
from simsec.plan.feasibility import plan_problems
from simsec.plan.files import read_plan, write_plan
from simsec.plan.prepositioned import COURIER, couriers_away, hamlet_blocks
from simsec.scenario.schema import Policy, Prepositioned
from simsec.simulation.calendar import marks_of
from simsec.simulation.simulate import kept_world, simulate
from simsec.simulation.trace import KIND, Trace
from tests.areas import announced, family, shipped

CANDIREJO, DUREN = "33.22.15.2008", "33.22.09.2009"


def bare() -> Plan:
    return replace(announced(), prepositioned=())


def test_the_rule_of_thumb_takes_over_who_sleeps_where() -> None:
    assert announced().prepositioned == shipped().settings.prepositioned
    assert len(announced().prepositioned) == 3 and announced().hash != bare().hash


def test_nobody_is_made_by_sleeping_elsewhere() -> None:
    with_, without = kept_world(shipped(), announced()), kept_world(shipped(), bare())
    assert with_.unit_kind == without.unit_kind and with_.unit_subdistrict == without.unit_subdistrict
    assert sum(with_.unit_bound) == 3 and sum(without.unit_bound) == 0
    assert with_.block_unit == without.block_unit
    assert couriers_away(shipped(), announced()) == {(COURIER, "ppk-33.22.15"): 1}


def test_those_who_sleep_at_a_hamlet_stand_at_its_block() -> None:
    world, blocks = kept_world(shipped(), announced()), hamlet_blocks(shipped(), announced())
    for unit in np.flatnonzero(world.unit_bound).tolist():
        home = world.unit_home[unit]
        assert shipped().villages.code[home] in (CANDIREJO, DUREN) and world.unit_block[unit] in blocks[home]


@pytest.mark.parametrize("plan", family("reserve_on_top")[:3], ids=lambda plan: plan.name)
def test_a_hamlet_has_blocks_of_its_own(plan: Plan) -> None:
    key, of_station = block_key(shipped()), hamlets(shipped())[2]
    for blocks in hamlet_blocks(shipped(), plan).values():
        for block in blocks:
            members = plan.block == block
            assert len(set(key[members].tolist())) == 1 and (of_station[members] >= 0).all()
            assert members.sum() <= shipped().settings.patterns.elevated.tps


@pytest.mark.parametrize("policy", ["chain_of_command", "nearest_capable", "nearest_in_sector"])
def test_whoever_sleeps_at_a_hamlet_serves_it_and_nobody_else(policy: str) -> None:
    plan = replace(announced(), policy=Policy.model_validate({"name": policy}))
    world, ends, busy = kept_world(shipped(), plan), shipped().horizon_min[1], 0
    bound = np.flatnonzero(world.unit_bound)
    station_block = np.array(world.station_block)
    for number in range(60):
        day = sample_day(shipped(), 11, number)
        if not np.isin(shipped().stations.subdistrict[day.incidents.station], (8, 14)).any():
            continue
        trace = Trace(world, marks_of(day))
        simulate(shipped(), plan, day, listener=trace)
        events = trace.events(ends)
        rows = (events.kind == KIND["order"]) & np.isin(events.unit, bound)
        assert (station_block[events.place[rows]] == np.array(world.unit_block)[events.unit[rows]]).all()
        busy += int(rows.sum())
    assert busy > 0


def test_a_plan_comes_back_from_its_files_with_who_sleeps_where(tmp_path: Path) -> None:
    write_plan(tmp_path / "p", announced(), shipped())
    again = read_plan(tmp_path / "p", shipped())
    assert again.prepositioned == announced().prepositioned and again.hash == announced().hash
    write_plan(tmp_path / "q", bare(), shipped())
    assert "prepositioned" not in (tmp_path / "q" / "plan.toml").read_text(encoding="utf-8")


def held(*rows: tuple[str, str]) -> list[str]:
    plan = replace(announced(), prepositioned=tuple(Prepositioned(village=v, unit=u) for v, u in rows))
    return [str(problem) for problem in plan_problems(shipped(), plan)]


def test_what_cannot_be_is_said() -> None:
    assert held((CANDIREJO, "pair"), (DUREN, "courier")) == []
    (told,) = held(("33.22.01.2001", "pair"))
    assert "no station of this village is hard to reach" in told
    (told,) = held((DUREN, "pair"), (DUREN, "pair"))
    assert "2 units of the kind pair sleep at one hamlet" in told
    team = next(team for team in shipped().settings.teams if team.unit == "courier")
    sector, posts = shipped().villages.subdistrict[shipped().villages.code.index(CANDIREJO)], shipped().posts
    places = dict(zip(posts.code, posts.subdistrict.tolist(), strict=True))
    post = next(code for code in shipped().sites_of(team.at) if places[code] == sector)
    told_ = held(*[(CANDIREJO, "courier")] * (shipped().team_at(team, post) + 1))
    assert any("1 more couriers sleep at hamlets" in line for line in told_)
    with pytest.raises(InputError, match="hard to reach"):
        check_plan(shipped(), replace(announced(), prepositioned=(Prepositioned(village="nowhere", unit="pair"),)))


def test_a_block_may_not_mix_a_hamlet_with_others() -> None:
    block, of_station = announced().block.copy(), hamlets(shipped())[2]
    elevated = np.flatnonzero(of_station >= 0)
    block[elevated] = block[elevated[0]]
    numbers = np.unique(block, return_inverse=True)[1]
    told = [str(p) for p in plan_problems(shipped(), replace(bare(), block=numbers))]
    assert any("mixes" in line for line in told)
