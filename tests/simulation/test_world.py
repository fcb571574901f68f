"""Laws of the world the rules read: the scenario's figures and the plan's people, each where it belongs, once."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simsec.geography.graph import VEHICLES
from simsec.geography.ground import ground_of, site_node
from simsec.scenario.schema import CAPABILITIES, LEVELS, SCOPES, Policy
from simsec.simulation.model import AMBULANCE, GUARD, MEDIC, PATROL, SQUAD, World
from simsec.simulation.world import roster_of, world_of
from tests.areas import announced, shipped, tiny, tiny_plan

KINDS = [unit.kind for unit in tiny().settings.units]


@cache
def world() -> World:
    return world_of(tiny(), tiny_plan())


def test_the_words_of_the_schema_and_the_numbers_of_the_rules_agree() -> None:
    words = {"guard": GUARD, "patrol": PATROL, "squad": SQUAD, "medic": MEDIC, "ambulance": AMBULANCE}
    assert [CAPABILITIES.index(word) for word in words] == list(words.values())
    assert SCOPES == ("block", "subdistrict", "rayon", "regency") and LEVELS == ("green", "yellow", "red")


def test_every_unit_of_the_plan_and_every_team_stands_at_its_post() -> None:
    roster = roster_of(shipped(), announced())
    kinds = [unit.kind for unit in shipped().settings.units]
    expected = {"pair": announced().blocks, "patrol": sum(announced().patrols.values()), "squad": 10}
    for team in shipped().settings.teams:
        at = [shipped().team_at(team, site) for site in shipped().sites_of(team.at) if team.enabled]
        expected[team.unit] = expected.get(team.unit, 0) + sum(at)
    assert dict(zip(kinds, np.bincount(roster.kind, minlength=len(kinds)).tolist(), strict=True)) == expected
    for sites in (announced().patrols, announced().squads):
        for site, count in sites.items():
            assert sum(s == site for s in roster.site) >= count
            at = {int(node) for node, s in zip(roster.node, roster.site, strict=True) if s == site}
            assert at == {site_node(shipped(), site)}


def test_units_are_numbered_by_kind_and_sub_district() -> None:
    for w in (world(), world_of(shipped(), announced())):
        order = list(zip(w.unit_kind, w.unit_subdistrict, strict=True))
        assert order == sorted(order)
        for kind, (first, end) in enumerate(zip(w.kind_first, w.kind_end, strict=True)):
            assert set(w.unit_kind[first:end]) <= {kind} and end - first == w.unit_kind.count(kind)
            for sector, (a, b) in enumerate(zip(w.sector_first[kind], w.sector_end[kind], strict=True)):
                assert w.unit_subdistrict[a:b] == [sector] * (b - a)
                assert b - a == sum((k, s) == (kind, sector) for k, s in order)


def test_every_block_has_its_pair_and_every_station_its_place() -> None:
    w = world()
    assert sorted(w.block_unit) == list(range(w.kind_first[0], w.kind_end[0]))
    for block, unit in enumerate(w.block_unit):
        assert w.unit_block[unit] == block
        members = np.flatnonzero(tiny_plan().block == block)
        assert sorted(np.array(w.station_place)[members].tolist()) == list(range(w.block_size[block]))
        assert {w.unit_subdistrict[unit]} == set(np.array(w.station_subdistrict)[members].tolist())
    assert [block for block in w.unit_block if block >= 0] == sorted(range(len(w.block_unit)))


def test_friction_comes_on_top_of_every_way_exactly_once() -> None:
    ground, friction = ground_of(tiny()), tiny().settings.travel.friction.mode
    assert np.array_equal(np.array(world().minutes), ground.travel.minutes * friction)
    assert np.array_equal(np.array(world().stretch), ground.stretch_min * friction)
    slower = world_of(tiny().with_values({"travel.friction": 1.9}), tiny_plan())
    for name in ("minutes", "stretch", "block_minutes"):
        assert np.allclose(np.array(getattr(slower, name)) / 1.9, np.array(getattr(world(), name)) / friction)


def test_the_way_inside_a_block_is_short_even_and_nought_to_itself() -> None:
    w = world()
    for block, size in enumerate(w.block_size):
        first = w.block_offset[block]
        way = np.array(w.block_minutes[first : first + size * size]).reshape(size, size)
        members = np.flatnonzero(np.array(w.station_block) == block)
        same = np.array(w.station_node)[members][:, None] == np.array(w.station_node)[members][None, :]
        assert np.allclose(np.where(same, way, 0), np.where(same, way.T, 0))
        assert np.allclose(np.diag(way), 0)
    assert w.block_offset[-1] + w.block_size[-1] ** 2 == len(w.block_minutes)


def test_squads_are_central_at_headquarters_and_of_the_rayon_elsewhere() -> None:
    village = tiny().villages.code[4]
    plan = replace(tiny_plan(), squads={"polres-9.1": 1, "polsek-9.1": 1, "polsek-9.2": 1, village: 1})
    roster = roster_of(tiny(), plan)
    rayon = {
        site: int(r) for site, r, k in zip(roster.site, roster.rayon, roster.kind, strict=True) if KINDS[k] == "squad"
    }
    north, south = (tiny().villages.rayon_names.index(name) for name in ("Utara", "Selatan"))
    assert rayon == {"polres-9.1": -1, "polsek-9.1": north, "polsek-9.2": south, village: south}


def test_the_ladders_say_who_is_asked_when() -> None:
    w, ladders = world(), tiny().settings.ladders
    police = ladders[0]
    assert police.name == "police" and w.ladder_of[GUARD] == w.ladder_of[SQUAD] == 0
    first = 0  # the police ladder stands first
    assert w.enter[0] == [first + police.enter[level] for level in LEVELS]
    named = [KINDS[kind] if kind >= 0 else "" for kind in w.row_kind]  # a step that asks permission names no unit
    assert named == [step.unit for ladder in ladders for step in ladder.steps]
    squad = KINDS.index("squad")
    assert w.kind_row[0][squad] == first + [step.unit for step in police.steps].index("squad")  # its first step
    assert w.reach[0][squad] == SCOPES.index("regency") and w.reach[0][0] == SCOPES.index("block")
    assert w.reach[1][squad] == -1
    assert [bool(flag) for flag in w.care_ladder] == [ladder.name in ("medical", "ambulance") for ladder in ladders]
    for kind, model in enumerate(tiny().settings.incidents.values()):
        for level, name in enumerate(LEVELS):
            wanted = {CAPABILITIES[n]: count for n, count in enumerate(w.need[kind][level]) if count}
            assert wanted == dict(model.needs.get(name, {}))
            assert [bool(flag) for flag in w.asked[kind][level]] == [
                bool({*wanted} & {*x.capabilities}) for x in ladders
            ]


@pytest.mark.parametrize("name", ["nearest_capable", "nearest_in_sector"])
def test_policies_without_steps_enter_at_the_last_one_and_reach_everywhere(name: str) -> None:
    w = world_of(tiny(), replace(tiny_plan(), policy=Policy(name=name)))
    assert all(row == [end - 1] * 3 for row, end in zip(w.enter, w.ladder_end, strict=True))
    assert {scope for row in w.reach for scope in row} == {-1, 3}


def test_vehicles_are_those_of_the_units() -> None:
    assert [VEHICLES[v] for v in world().kind_vehicle] == [unit.vehicle for unit in tiny().settings.units]
    assert (world().starts_min, world().squad_kind) == (-1080.0, KINDS.index("squad"))
