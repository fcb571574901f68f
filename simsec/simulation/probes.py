"""Probes: at fixed minutes, for every station at once, the minutes in which those now free would bring first help.

A probe changes nothing. It asks what a green call for a guard would meet: the pair of the station's own block, met at a
place in its block drawn for that probe; if it is away, the steps above. Delays, turn-outs and the noise of travel are
drawn for each probe as they are for an incident.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simsec.base.errors import InputError, Problem, say
from simsec.day.streams import generator
from simsec.day.tables import row_marks
from simsec.geography.ground import ground_of
from simsec.plan.plan import Plan
from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario
from simsec.simulation.convoys import escorting
from simsec.simulation.model import BLOCK, FREE, GREEN, GUARD, RAYON, SUBDISTRICT, DayMarks, State, World
from simsec.simulation.movement import at_base, position, slowness
from simsec.simulation.policies.available import called_back
from simsec.simulation.simulate import kept_world

Floats = NDArray[np.float64]
NOBODY = np.inf


@dataclass(frozen=True, eq=False)
class ProbeTables:
    """What probes need of a scenario and a plan, worked out once.

    Attributes:
        size, offset, place: of the block of each station, shape (stations,).
        block_minutes: flat, as in the world.
        zone_share: from the pair's base to the station, shape (stations, zones).
        pair: unit of each station's block, shape (stations,).
    """

    size: NDArray[np.int64]
    offset: NDArray[np.int64]
    place: NDArray[np.int64]
    block_minutes: Floats
    zone_share: Floats
    pair: NDArray[np.int64]


@dataclass(frozen=True)
class Call:
    """The marks of a call that a probe supposes, the same at every station.

    Attributes:
        to_request_min: detection and call.
        row_delay_min, row_turnout_min: one a row of the ladders.
        noise: factor on travel minutes.
        where: uniform that says where in its block each pair stands.
    """

    to_request_min: float
    row_delay_min: tuple[float, ...]
    row_turnout_min: tuple[float, ...]
    noise: float
    where: float


def drawn_call(scenario: Scenario, seed: int, replication: int, number: int) -> Call:
    """The marks of one probe of a day, drawn as those of an incident are.

    Args:
        scenario: what is known.
        seed: of the day.
        replication: of the day.
        number: which probe of the day.
    """
    calls, friction = scenario.settings.calls, scenario.settings.travel.friction
    turnout = {unit.kind: unit.turnout_min for unit in scenario.settings.units}
    rows = [step for ladder in scenario.settings.ladders for step in ladder.steps]
    marks, name = row_marks(scenario.settings), f"probes/{number}"
    ordinary = sum(mark.isdigit() for mark in marks)
    u = generator(seed, replication, name).random(5 + 2 * ordinary)
    # A row with a name of its own takes its two uniforms from a stream of its own, and shifts no other row's.
    own = {mark: generator(seed, replication, f"{name}/{mark}").random(2) for mark in marks if not mark.isdigit()}
    of_row = [own[mark] if mark in own else (u[5 + int(mark)], u[5 + ordinary + int(mark)]) for mark in marks]
    silent = u[1] < calls.no_signal_share.mode
    told = _drawn(calls.no_signal_call_min if silent else calls.call_min, u[2])
    return Call(
        to_request_min=_drawn(calls.detection_min, u[0]) + told,
        row_delay_min=tuple(_drawn(step.delay_min, first) for step, (first, _) in zip(rows, of_row, strict=True)),
        row_turnout_min=tuple(
            _drawn(turnout.get(step.unit), second) for step, (_, second) in zip(rows, of_row, strict=True)
        ),
        noise=_drawn(friction, u[3]) / friction.mode,
        where=float(u[4]),
    )


def _drawn(parameter: Parameter | None, u: float) -> float:
    return float(parameter.quantile(np.array([u]))[0]) if parameter is not None else 0.0


@lru_cache(maxsize=8)
def probe_tables(scenario: Scenario, plan: Plan) -> ProbeTables:
    """The tables of a scenario and a plan.

    Raises:
        InputError: the plan's policy is none a probe can follow, or the scenario is a general one.
    """
    if scenario.general is not None:
        what = "probes ask for guard pairs, which a general scenario has not"
        raise InputError([Problem("plan", what, "judge it with `simsec simulate`")])
    if not exact_for(plan):
        template = "probes follow the chain of command without a reserve threshold, not {policy}"
        what = say(template, policy=plan.policy.name)
        raise InputError([Problem("plan", what, "judge such a plan with `simsec simulate`", column="policy")])
    world = kept_world(scenario, plan)
    pair = np.array(world.block_unit)[plan.block]
    home = np.array(world.unit_home)[pair]
    return ProbeTables(
        np.array(world.block_size)[plan.block],
        np.array(world.block_offset)[plan.block],
        np.array(world.station_place),
        np.array(world.block_minutes),
        ground_of(scenario).zone_share[home, ground_of(scenario).station_node].astype(np.float64),
        pair,
    )


def probe(
    world: World,
    day: DayMarks,
    state: State,
    tables: ProbeTables,
    now: float,
    call: Call,
    access_min: Floats | None = None,
) -> Floats:
    """Minutes from a call to first help at every station, if it began now; inf: nobody is free.

    The cost grows with the pairs that are away, not with the stations.

    Args:
        world: as the rules see it; only read.
        day: the same.
        state: the same.
        tables: from :func:`probe_tables`.
        now: the minute.
        call: the marks of the call.
        access_min: minutes more for everyone from outside, shape (stations,), as of
            :func:`simsec.day.access.access_at`; None: nowhere any.

    Returns:
        Shape (stations,).
    """
    asked = now + call.to_request_min
    standing = np.minimum((call.where * tables.size).astype(np.int64), tables.size - 1)
    way = tables.block_minutes[tables.offset + standing * tables.size + tables.place]
    hour = min(max(int((asked - world.starts_min) // 60.0), 0), len(day.slow) - 1)
    minutes = call.to_request_min + way * (tables.zone_share @ np.array(day.slow[hour])) * call.noise
    away = [
        unit
        for unit in world.block_unit
        if state.serves[unit] != FREE
        or escorting(world, day, state, unit, asked)
        or not at_base(world, state, unit, position(world, state, unit, asked))
    ]
    for station in np.flatnonzero(np.isin(tables.pair, away)).tolist() if away else []:
        extra_min = 0.0 if access_min is None else float(access_min[station])
        minutes[station] = call.to_request_min + _from_the_ladder(world, day, state, call, asked, station, extra_min)
    return np.asarray(minutes, dtype=np.float64)


def _from_the_ladder(
    world: World, day: DayMarks, state: State, call: Call, asked: float, station: int, extra_min: float
) -> float:
    """Minutes from the request to first help, step by step, where the own pair does not walk its block."""
    ladder = world.ladder_of[GUARD]
    passed, target = 0.0, world.station_node[station]
    for row in range(world.enter[ladder][GREEN], world.ladder_end[ladder]):
        kind, scope = world.row_kind[row], world.row_scope[row]
        best, least, start = -1, 1e18, -1
        for unit in _in_scope(world, kind, scope, station):
            vehicle = world.kind_vehicle[kind]
            free = state.serves[unit] == FREE and not escorting(world, day, state, unit, asked + passed)
            comes = free or called_back(world, day, state, unit, station, GREEN)
            if not comes or (scope == RAYON and world.unit_rayon[unit] != world.station_rayon[station]):
                continue
            node = position(world, state, unit, asked + passed)
            way = world.minutes[vehicle][node][target] + world.stretch[vehicle][station] + extra_min
            if way < least:
                best, least, start = unit, way, node
        if best >= 0:
            turnout = call.row_turnout_min[row] if at_base(world, state, best, start) else 0.0
            if state.serves[best] >= 0:  # called back before it had moved off: what is left of its turn-out
                turnout = max(state.leg_start[best] - asked - passed, 0.0)
            return passed + turnout + least * slowness(world, day, asked + passed, start, target) * call.noise
        passed += call.row_delay_min[row]
    return NOBODY


def _in_scope(world: World, kind: int, scope: int, station: int) -> range:
    """Units of the kind a step looks at for this station; none that cannot guard, none where it asks permission."""
    if kind < 0 or world.can[kind][GUARD] == 0:
        return range(0)
    if scope == BLOCK:
        unit = world.block_unit[world.station_block[station]]
        return range(unit, unit + 1)
    if scope == SUBDISTRICT:
        sector = world.station_subdistrict[station]
        return range(world.sector_first[kind][sector], world.sector_end[kind][sector])
    return range(world.kind_first[kind], world.kind_end[kind])


def exact_for(plan: Plan) -> bool:
    """Whether the probe follows the plan's policy; it knows the chain of command without a threshold."""
    return plan.policy.name == "chain_of_command" and plan.policy.reserve_threshold_squads == 0
