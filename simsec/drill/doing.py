"""What each command does to the board; an order that cannot be carried out is refused before anything moves."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simsec.drill import board as hands
from simsec.drill.board import Board, Entry
from simsec.drill.limits import RefusedError, check_limits, open_incident
from simsec.drill.places import Spot, find
from simsec.drill.schema import (
    INJECT_PREFIX,
    CallUp,
    ClosePost,
    CloseRoad,
    Command,
    Enter,
    Inject,
    KppsRequest,
    OpenPost,
    OpenRoad,
    Order,
    Rain,
    Release,
    Voting,
)
from simsec.geography.ground import ground_of
from simsec.geography.travel import blocked_hop, without_edges
from simsec.scenario.schema import CAPABILITIES, LEVELS
from simsec.simulation import rules
from simsec.simulation.calendar import Listener
from simsec.simulation.model import CLEAR, FREE, NEVER, NOWHERE
from simsec.simulation.movement import position

PROVINCIAL = "provincial_squad"


def advance(board: Board, minute: float, listener: Listener | None = None) -> None:
    """Let everything happen that lies before a minute; roads that the day closes change at their own."""
    closures = board.stage.closures
    while len(board.fallen) < len(closures) and closures[len(board.fallen)][0] <= minute:
        closes, closure = closures[len(board.fallen)]
        _advance(board, closes, listener)
        hands.fall(board, closure)
    _advance(board, minute, listener)


def _advance(board: Board, minute: float, listener: Listener | None) -> None:
    """As :func:`advance`, on the roads as they are; units of posts that are out stay where they come free."""
    while (event := hands.next_return(board, minute)) is not None:
        if event[1] == CLEAR and board.world.unit_home[event[3]] in board.out:
            hands.run(board, event[0], listener)
            hands.let_go(board, event[3], quietly=True)
        else:
            hands.run(board, math.nextafter(event[0], math.inf), listener)
        hands.stand_ready(board)
        _hold_free(board)
    hands.run(board, minute, listener)


def give(board: Board, number: int, command: Command) -> Entry:
    """Carry out a command at its minute; what became of it."""
    try:
        check_limits(board, command)
        _do(board, number, command)
        entry = Entry(number, command, "done")
        if command.name is not None:
            board.names[command.name] = number
    except RefusedError as refused:
        verdict = "flagged" if refused.flagged else "refused"
        entry = Entry(number, command, verdict, refused.reason, tuple(refused.values.items()))
    board.log.append(entry)
    return entry


def _do(board: Board, number: int, command: Command) -> None:
    match command:
        case Inject():
            board.incidents[number] = _inject(board, number, command)
        case Rain():
            zones = [int(board.stage.zone[find(board.stage.draw, place).node]) for place in command.over]
            hands.rain(board, command.mm, zones or list(range(board.rain_mm.shape[1])), command.until)
        case CloseRoad():
            board.closed[number] = _blocked(board, command)
            hands.reroute(board)
        case OpenRoad():
            if board.names.get(command.road) not in board.closed:
                raise RefusedError("not_closed", {"name": command.road})
            del board.closed[board.names[command.road]]
            hands.reroute(board)
        case ClosePost():
            node = find(board.stage.draw, command.post).node
            if node in board.out:
                raise RefusedError("out_already")
            board.out.add(node)
            _hold_free(board)
        case OpenPost():
            node = find(board.stage.draw, command.post).node
            if node not in board.out:
                raise RefusedError("not_out")
            board.out.remove(node)
            for unit in hands.belongs(board, node):
                if board.held.pop(unit, None) is not None:
                    hands.let_go(board, unit)
        case KppsRequest():
            board.asked_in.add(find(board.stage.draw, command.place).station)
        case Order():
            _order(board, number, command)
        case CallUp():
            _call_up(board, number, command)
        case Release():
            _release(board, command)
        case Enter() | Voting():
            pass  # the limits have said what there is to say; nothing moves


def _hold_free(board: Board) -> None:
    for node in sorted(board.out):
        for unit in hands.belongs(board, node):
            if board.state.serves[unit] == FREE:
                hands.hold(board, unit)


def _inject(board: Board, number: int, command: Inject) -> int:
    """The marks are functions of the day and the command's number; a level that was asked for takes the same marks."""
    settings = board.stage.scenario.settings
    kind, station = list(settings.incidents).index(command.kind), find(board.stage.draw, command.place).station
    rows = hands.rows_for(board, number, kind, station)
    if command.level is not None:
        model, level = settings.incidents[command.kind], LEVELS.index(command.level)
        last = max(LEVELS.index(name) for name in model.needs)
        rise, u = np.full((1, len(LEVELS)), np.inf), hands.draws_of(board, number).table("rise", len(LEVELS))
        waited = 0.0
        for step in range(level, last if model.rises_after_min is not None else level):
            waited += float(model.rises_after_min.quantile(u[:, step])[0]) if model.rises_after_min else 0.0
            rise[0, step] = waited
        rows = replace(rows, level=np.full(1, level), rise_min=rise)
    incident = hands.inject(board, rows, command.reported_after_min)
    pair = board.world.block_unit[board.world.station_block[station]]
    if pair >= 0 and hands.with_boxes(board, pair):
        board.boxed.add(incident)
    return incident


def _blocked(board: Board, command: CloseRoad) -> tuple[int, ...]:
    shut = {edge for edges in board.closed.values() for edge in edges}
    graph = without_edges(ground_of(board.stage.scenario).graph, shut)
    start, end = (find(board.stage.draw, place).node for place in command.between)
    edges = blocked_hop(graph, start, end)
    if not edges:
        raise RefusedError("no_road")
    return edges


def _target(board: Board, to: str) -> tuple[Spot, int]:
    """Where an order leads: the place, and the incident there that somebody outside knows of, -1: none."""
    if not to.startswith(INJECT_PREFIX):
        spot = find(board.stage.draw, to)
        return spot, open_incident(board, spot.station) if spot.station >= 0 else NOWHERE
    incident = board.incidents.get(board.names.get(to.removeprefix(INJECT_PREFIX), 0), NOWHERE)
    if incident < 0 or board.state.reported[incident] == NEVER:
        raise RefusedError("not_reported")
    if board.state.cleared[incident] != NEVER:
        raise RefusedError("over")
    station = board.day.station[incident]
    return Spot(board.world.station_node[station], station=station), incident


def _order(board: Board, number: int, command: Order) -> None:
    spot, incident = _target(board, command.to)
    units = _units(board, command, spot)
    if incident < 0:
        station = spot.station if spot.station >= 0 else hands.post_station(board, spot.node)
        minutes = 0.0 if command.ready else command.for_min or math.inf
        incident = hands.open_order(board, number, station, minutes)
        board.incidents[number] = incident
    for unit in units:
        hands.send(board, incident, _capability(board, incident, unit), unit)
    board.sent[number] = [(unit, board.state.ticket[unit]) for unit in units]
    if command.ready and board.day.kind[incident] == board.stage.order_kind:
        board.ready.update({unit: (ticket, number, spot.node) for unit, ticket in board.sent[number]})


def _capability(board: Board, incident: int, unit: int) -> int:
    """As what a unit goes: what the incident misses and it brings, else its first capability."""
    world, kind = board.world, board.world.unit_kind[unit]
    for capability in range(len(CAPABILITIES)):
        ladder = world.ladder_of[capability]
        brings = world.can[kind][capability] == 1 and ladder >= 0 and world.kind_row[ladder][kind] >= 0
        if brings and rules.missing(world, board.day, board.state, incident, capability) > 0:
            return capability
    return board.stage.serves_as[kind]


def _units(board: Board, command: Order, spot: Spot) -> list[int]:
    """The units an order names, all of them able to go; ties go to the lowest number."""
    world, state = board.world, board.state
    if command.unit is not None:
        pool = [command.unit] if command.unit < len(world.unit_kind) else []
        if not pool:
            raise RefusedError("no_such_unit", {"last": len(world.unit_kind) - 1})
    else:
        kind = [unit.kind for unit in board.stage.scenario.settings.units].index(command.kind or "")
        pool = list(range(world.kind_first[kind], world.kind_end[kind]))
        if command.start is not None:
            pool = _standing(board, pool, find(board.stage.draw, command.start))
        else:
            pool = [unit for unit in pool if state.serves[unit] == FREE]
        if not pool:
            raise RefusedError("nobody_there" if command.start is not None else "nobody_free")
    if board.stage.serves_as[world.unit_kind[pool[0]]] < 0:
        raise RefusedError("no_ladder")
    free = [unit for unit in pool if _may_be_ordered(board, unit)]
    if len(free) < command.count:
        out = sum(hands.with_boxes(board, unit) for unit in pool)
        if out:
            raise RefusedError("with_boxes", {"asked": command.count, "free": len(free), "out": out})
        raise RefusedError("too_few", {"asked": command.count, "free": len(free)})
    ways = sorted((_way(board, unit, spot), unit) for unit in free)[: command.count]
    if ways[-1][0] == math.inf:
        raise RefusedError("no_road")
    return [unit for _, unit in ways]


def _standing(board: Board, pool: list[int], spot: Spot) -> list[int]:
    """Those of the pool that stand at the place; at a station, the pair of its block."""
    if spot.station >= 0:
        return [unit for unit in pool if board.world.unit_block[unit] == board.world.station_block[spot.station]]
    return [unit for unit in pool if position(board.world, board.state, unit, board.now) == spot.node]


def _may_be_ordered(board: Board, unit: int) -> bool:
    """A free unit, or one under another order of the room; not one that works, nor one of a post that is out."""
    incident = board.state.serves[unit]
    if incident < 0:
        return incident == FREE and not hands.with_boxes(board, unit)
    return board.day.kind[incident] == board.stage.order_kind and unit not in board.held


def _way(board: Board, unit: int, spot: Spot) -> float:
    """Minutes by road on a dry day; a pair has a way to every station of its own block."""
    world = board.world
    if spot.station >= 0 and world.unit_block[unit] == world.station_block[spot.station]:
        return 0.0
    vehicle = world.kind_vehicle[world.unit_kind[unit]]
    return world.minutes[vehicle][position(world, board.state, unit, board.now)][spot.node]


def _call_up(board: Board, number: int, command: CallUp) -> None:
    world, kinds = board.world, [unit.kind for unit in board.stage.scenario.settings.units]
    if PROVINCIAL not in kinds:
        raise RefusedError("no_province")
    kind = kinds.index(PROVINCIAL)
    free = [u for u in range(world.kind_first[kind], world.kind_end[kind]) if board.state.serves[u] == FREE]
    if len(free) < command.count:
        raise RefusedError("too_few", {"asked": command.count, "free": len(free)})
    node = find(board.stage.draw, command.to).node
    if _way(board, free[0], Spot(node)) == math.inf:
        raise RefusedError("no_road")
    incident = hands.open_order(board, number, hands.post_station(board, node), math.inf)
    board.incidents[number] = incident
    for unit in free[: command.count]:
        hands.send(board, incident, board.stage.serves_as[kind], unit)
    board.sent[number] = [(unit, board.state.ticket[unit]) for unit in free[: command.count]]


def _release(board: Board, command: Release) -> None:
    number = board.names.get(command.order, 0)
    incident = board.incidents.get(number, NOWHERE)
    units = [unit for unit, serves in enumerate(board.state.serves) if serves == incident >= 0]
    if number and incident < 0:
        raise RefusedError("at_work")
    hands.stand_ready(board)
    idle = [unit for unit, (_, order, _) in board.ready.items() if order == number and unit not in units]
    if not units and not idle:
        raise RefusedError("nobody_there")
    for unit in units:
        board.ready.pop(unit, None)
        hands.let_go(board, unit)
    for unit in idle:
        hands.head_back(board, unit)
    _hold_free(board)
