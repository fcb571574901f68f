"""From a scenario and a plan to the world the rules read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsec.day.trips import routes_of
from simsec.geography.graph import VEHICLES
from simsec.geography.ground import Ground, between_stations, ground_of, post_node, site_node
from simsec.plan.plan import Plan
from simsec.plan.prepositioned import couriers_away, hamlet_blocks
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CAPABILITIES, LEVELS, SCOPES
from simsec.simulation.absences import groups_of
from simsec.simulation.model import NOWHERE, World
from simsec.simulation.policies import number_of
from simsec.simulation.roads import roads_after

Integers = NDArray[np.int64]
CARE = ("medic", "ambulance")
PAIR, PATROL_KIND, SQUAD_KIND = "pair", "patrol", "squad"


class Roster(NamedTuple):
    """The units of a plan in the order of their numbers: by kind, then by sub-district."""

    kind: Integers
    node: Integers
    subdistrict: Integers
    rayon: Integers
    block: Integers
    bound: Integers
    site: tuple[str, ...]


@lru_cache(maxsize=2)
def _stretch(scenario: Scenario) -> list[list[float]]:
    """The last stretches as lists, friction included; shared by all plans."""
    found: list[list[float]] = (ground_of(scenario).stretch_min * scenario.settings.travel.friction.mode).tolist()
    return found


def roster_of(scenario: Scenario, plan: Plan) -> Roster:
    """Every unit of the plan and of the scenario's teams.

    A squad at headquarters is central (rayon -1); a squad elsewhere belongs to the rayon it waits in.
    """
    kinds = [unit.kind for unit in scenario.settings.units]
    villages, posts = scenario.villages, scenario.posts
    headquarters = next((post_node(scenario, post) for post in posts.of_type("polres")), -1)
    # Kind, sub-district, node, block, rayon, bound, site.
    rows: list[tuple[int, int, int, int, int, int, str]] = []
    stay: set[tuple[int, str]] = {(villages.code.index(held.village), held.unit) for held in plan.prepositioned}
    hamlet, away = hamlet_blocks(scenario, plan), couriers_away(scenario, plan)
    first_station = np.full(plan.blocks, -1)
    first_station[plan.block[::-1]] = np.arange(len(plan.block))[::-1]
    for block, station in enumerate(first_station.tolist() if PAIR in kinds else ()):
        sector = int(scenario.stations.subdistrict[station])
        rayon = int(villages.subdistrict_rayon[sector])
        site = scenario.stations.code[station]
        node = int(scenario.stations.village[station])
        bound = int((node, PAIR) in stay and block in hamlet[node])
        rows.append((kinds.index(PAIR), sector, node, block, rayon, bound, site))
    for node, other in sorted((node, kind) for node, kind in stay if kind != PAIR):
        sector = int(villages.subdistrict[node])
        rayon, site = int(villages.subdistrict_rayon[sector]), villages.code[node]
        rows.append((kinds.index(other), sector, node, min(hamlet[node]), rayon, 1, site))
    placed = [(PATROL_KIND, plan.patrols), (SQUAD_KIND, plan.squads)]
    teams: list[tuple[str, str, int]] = [(kind, site, count) for kind, sites in placed for site, count in sites.items()]
    teams += [
        (team.unit, site, scenario.team_at(team, site))
        for team in scenario.settings.teams
        if team.enabled
        for site in scenario.sites_of(team.at)
    ]
    for kind, site, count in teams:
        node = site_node(scenario, site)
        village = node < len(villages)
        sector = int(villages.subdistrict[node] if village else posts.subdistrict[node - len(villages)])
        central = sector < 0 or node == headquarters
        rayon = -1 if central else int(villages.subdistrict_rayon[sector])
        rows += [(kinds.index(kind), sector, node, -1, rayon, 0, site)] * (count - away.pop((kind, site), 0))
    rows.sort(key=lambda row: row[:4])
    kind_, sector_, node_, block_, rayon_, bound_ = (
        np.array([row[column] for row in rows], dtype=np.int64) for column in range(6)
    )
    return Roster(kind_, node_, sector_, rayon_, block_, bound_, tuple(row[6] for row in rows))


def _blocks(scenario: Scenario, ground: Ground, plan: Plan) -> tuple[Integers, Integers, Integers, list[float]]:
    """Size and offset of each block, place of each station in its block, minutes between places."""
    block = plan.block
    size = np.bincount(block, minlength=plan.blocks)
    order = np.argsort(block, kind="stable")
    first = np.cumsum(size) - size
    place = np.empty(len(block), dtype=np.int64)
    place[order] = np.arange(len(block)) - first[block[order]]
    offset = np.cumsum(size**2) - size**2
    friction = scenario.settings.travel.friction.mode
    minutes = np.zeros(int((size**2).sum()))
    for number in range(plan.blocks):
        members = order[first[number] : first[number] + size[number]]
        minutes[offset[number] : offset[number] + size[number] ** 2] = between_stations(ground, members).ravel()
    return size, offset, place, (minutes * friction).tolist()


def world_of(scenario: Scenario, plan: Plan) -> World:
    """The world of a scenario under a plan, over Python lists.

    Args:
        scenario: what is known.
        plan: a checked plan; sites are posts or villages of the scenario.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> from simsec.plan import doctrine
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> len(world_of(scenario, doctrine(scenario)).station_block)
        1983
    """
    settings, villages, stations = scenario.settings, scenario.villages, scenario.stations
    queue = settings.queue
    ground, roads, roster = ground_of(scenario), roads_after(scenario, ()), roster_of(scenario, plan)
    size, offset, place, block_minutes = _blocks(scenario, ground, plan)
    kinds = [unit.kind for unit in settings.units]
    kind_first, kind_end = _ranges(roster.kind, len(kinds))
    sectors = len(villages.subdistrict_codes)
    sector_key = roster.kind * (sectors + 1) + roster.subdistrict + 1
    sector_first, sector_end = _ranges(sector_key, len(kinds) * (sectors + 1))
    block_unit = np.full(plan.blocks, -1)
    guarded = (roster.block >= 0) & (roster.kind == (kinds.index(PAIR) if PAIR in kinds else -1))
    block_unit[roster.block[guarded]] = np.flatnonzero(guarded)
    return World(
        unit_kind=roster.kind.tolist(),
        unit_home=roster.node.tolist(),
        unit_subdistrict=roster.subdistrict.tolist(),
        unit_rayon=roster.rayon.tolist(),
        unit_block=roster.block.tolist(),
        unit_bound=roster.bound.tolist(),
        kind_bound=[int(roster.bound[a:b].any()) for a, b in zip(kind_first, kind_end, strict=True)],
        kind_vehicle=[VEHICLES.index(unit.vehicle) for unit in settings.units],
        kind_first=kind_first.tolist(),
        kind_end=kind_end.tolist(),
        sector_first=sector_first.reshape(len(kinds), sectors + 1)[:, 1:].tolist(),
        sector_end=sector_end.reshape(len(kinds), sectors + 1)[:, 1:].tolist(),
        can=[[int(capability in unit.capabilities) for capability in CAPABILITIES] for unit in settings.units],
        block_unit=block_unit.tolist(),
        block_size=size.tolist(),
        block_offset=offset.tolist(),
        block_minutes=block_minutes,
        station_block=plan.block.tolist(),
        station_place=place.tolist(),
        station_node=ground.station_node.tolist(),
        station_subdistrict=stations.subdistrict.tolist(),
        station_rayon=villages.subdistrict_rayon[stations.subdistrict].tolist(),
        stretch=_stretch(scenario),
        minutes=roads.minutes,
        previous=roads.previous,
        zone_share=roads.zone_share,
        zones=len(villages.rayon_names),
        capabilities=len(CAPABILITIES),
        **_chain(scenario, plan, kinds),
        need=[
            [[kind.needs.get(level, {}).get(capability, 0) for capability in CAPABILITIES] for level in LEVELS]
            for kind in settings.incidents.values()
        ],
        needed=[
            [needed_of(kind.needs.get(level, {})) for level in LEVELS] for kind in settings.incidents.values()
        ],
        asked=[
            [
                [int(any(c in ladder.capabilities for c in kind.needs.get(level, {}))) for ladder in settings.ladders]
                for level in LEVELS
            ]
            for kind in settings.incidents.values()
        ],
        squad_kind=kinds.index(SQUAD_KIND) if SQUAD_KIND in kinds else -1,
        contained_by=settings.spreading.contained_by_squads,
        stations_at_most=settings.spreading.stations_at_most,
        reserve_threshold=plan.policy.reserve_threshold_squads,
        divert=int(plan.policy.divert_to_higher_level),
        call_back=int(plan.policy.call_back),
        policy=number_of(plan.policy.name, plan.code),
        starts_min=scenario.horizon_min[0],
        queue_order=("area_level_time", "level_time", "first_come").index(queue.order),
        loses=int(queue.full == "lost"),
        home_at_once=int(queue.returns == "at_once"),
        work_from_order=int(queue.service_from == "order"),
        **_preferences(scenario, plan, roster),
        **groups_of(scenario, roster.kind, roster.site),
        **_convoys(scenario, plan, roster, block_unit),
        reopens_on=[
            NOWHERE if kind.reopens_on is None else CAPABILITIES.index(kind.reopens_on)
            for kind in settings.incidents.values()
        ],
        reopens_after=[
            0.0 if kind.reopens_after_min is None else kind.reopens_after_min.mode
            for kind in settings.incidents.values()
        ],
    )


def needed_of(needs: Mapping[Any, int]) -> list[int]:
    """The numbers of the capabilities that a level of an incident needs, filled up with -1 to that of all.

    Example:
        >>> needed_of({"squad": 3, "guard": 2})
        [0, 2, -1, -1, -1, -1, -1, -1, -1]
    """
    numbers = [number for number, capability in enumerate(CAPABILITIES) if needs.get(capability, 0) > 0]
    return numbers + [NOWHERE] * (len(CAPABILITIES) - len(numbers))


def _convoys(scenario: Scenario, plan: Plan, roster: Roster, block_unit: Integers) -> dict[str, Any]:
    """The convoys each unit goes with: a load is that of the pair that guards most of its stations, both ways.

    A pair that sleeps at a hamlet stays there.
    """
    units = len(roster.kind)
    goes: list[list[int]] = [[] for _ in range(units)]
    stages = scenario.settings.stages
    if stages is not None and stages.escorts is not None and stages.escorts.enabled:
        load_of = routes_of(scenario).load_of_station
        loads = int(load_of.max()) + 1
        of_load = [Counter[int]() for _ in range(loads)]
        for load, block in zip(load_of.tolist(), plan.block.tolist(), strict=True):
            if block_unit[block] >= 0 and not roster.bound[block_unit[block]]:
                of_load[load][block] += 1
        for load, blocks in enumerate(of_load):
            if blocks:
                pair = int(block_unit[min(blocks, key=lambda block: (-blocks[block], block))])
                goes[pair] += [load, loads + load]
    ends = np.cumsum([len(convoys) for convoys in goes], dtype=np.int64).tolist()
    return {
        "convoy_first": [0, *ends[:-1]],
        "convoy_end": ends,
        "convoy": [convoy for convoys in goes for convoy in convoys] or [0],
    }


def _preferences(scenario: Scenario, plan: Plan, roster: Roster) -> dict[str, Any]:
    """The units of each station's list, base after base; of no width where the policy asks no list."""
    if scenario.general is None or plan.policy.name != "preference_list":
        return {"preference": [-1], "preference_width": 0}
    at = [np.flatnonzero(roster.node == node).tolist() for node in range(len(scenario.villages))]
    lists = [[unit for base in row if base >= 0 for unit in at[base]] for row in scenario.general.preference.tolist()]
    width = len(roster.node)
    flat = [unit for units in lists for unit in (*units, *[-1] * (width - len(units)))]
    return {"preference": flat or [-1], "preference_width": width}


def _ranges(numbers: Integers, count: int) -> tuple[Integers, Integers]:
    """First and one past the last position of each number in a sorted array."""
    every = np.arange(count)
    return np.searchsorted(numbers, every, side="left"), np.searchsorted(numbers, every, side="right")


def _chain(scenario: Scenario, plan: Plan, kinds: list[str]) -> dict[str, Any]:
    """The ladders as rows; policies that know no steps start at the last one."""
    ladders = scenario.settings.ladders
    rows = [step for ladder in ladders for step in ladder.steps]
    ends = np.cumsum([len(ladder.steps) for ladder in ladders])
    first = ends - np.array([len(ladder.steps) for ladder in ladders])
    wide = np.array([len(ladder.capabilities) for ladder in ladders])
    stepwise = plan.policy.name == "chain_of_command"
    kind_row = np.full((len(ladders), len(kinds)), -1)
    reach = np.full((len(ladders), len(kinds)), -1)
    for number, ladder in enumerate(ladders):
        for place, step in reversed(list(enumerate(ladder.steps, start=int(first[number])))):
            if step.permission:
                continue
            kind = kinds.index(step.unit)
            kind_row[number, kind] = place
            scope = SCOPES.index(step.scope) if stepwise else SCOPES.index("regency")
            reach[number, kind] = max(reach[number, kind], scope)
    capability_ladder = {
        capability: number for number, ladder in enumerate(ladders) for capability in ladder.capabilities
    }
    return {
        "ladders": len(ladders),
        "ladder_capability": [CAPABILITIES.index(word) for ladder in ladders for word in ladder.capabilities],
        "capability_first": (np.cumsum(wide) - wide).tolist(),
        "capability_end": np.cumsum(wide).tolist(),
        "ladder_of": [capability_ladder.get(capability, -1) for capability in CAPABILITIES],
        "ladder_end": ends.tolist(),
        "enter": [
            [int(first[n]) + ladder.enter[level] if stepwise else int(ends[n]) - 1 for level in LEVELS]
            for n, ladder in enumerate(ladders)
        ],
        "row_kind": [NOWHERE if step.permission else kinds.index(step.unit) for step in rows],
        "row_scope": [SCOPES.index(step.scope) for step in rows],
        "kind_row": kind_row.tolist(),
        "reach": reach.tolist(),
        "care_ladder": [int(any(capability in CARE for capability in ladder.capabilities)) for ladder in ladders],
    }
