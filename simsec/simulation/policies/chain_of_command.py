"""The chain of command: only the step that now holds the request looks for a unit, within its scope."""

from __future__ import annotations

from simsec.simulation.model import BLOCK, NOWHERE, RAYON, SUBDISTRICT, DayMarks, State, World
from simsec.simulation.policies.available import held_back, may_go, nearest_between


def choose(world: World, day: DayMarks, state: State, incident: int, capability: int, now: float) -> int:
    """Own pair, then sector patrol, then rayon platoon, then central reserve, then who is on call: one row a step.

    A step that asks an agency's permission sends nobody.
    """
    row = state.step[incident][world.ladder_of[capability]]
    kind, scope = world.row_kind[row], world.row_scope[row]
    if kind < 0 or world.can[kind][capability] == 0:
        return NOWHERE
    if world.reserve_threshold > 0 and held_back(world, state, incident, kind):
        return NOWHERE
    station = day.station[incident]
    if scope == BLOCK:
        unit = world.block_unit[world.station_block[station]]
        return unit if unit >= 0 and may_go(world, day, state, incident, unit, now) else NOWHERE
    rayon = NOWHERE
    if scope == SUBDISTRICT:
        sector = world.station_subdistrict[station]
        first, end = world.sector_first[kind][sector], world.sector_end[kind][sector]
    else:
        first, end = world.kind_first[kind], world.kind_end[kind]
        if scope == RAYON:
            rayon = world.station_rayon[station]
    unit, _ = nearest_between(world, day, state, incident, first, end, rayon, now)
    return unit
