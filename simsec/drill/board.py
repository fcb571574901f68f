"""The board: one day being played, and the hands that move what stands on it between two events.

The rules of the simulation stay as they are. A hand changes the state only in ways they know: it appends an incident,
sends a unit with the rules' own order, or lets one go as the rules let it go; so whatever holds for every simulated day
holds after every command.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simsec.day.access import access_at, draw_access, extra_minutes
from simsec.day.day import Access, Day, Incidents
from simsec.day.incidents import marked
from simsec.day.keyed import Draws
from simsec.day.streams import text_key
from simsec.day.weather import slowdown
from simsec.drill.schema import Command
from simsec.drill.stage import Stage
from simsec.drill.trips import ROOM, Trips, home_at
from simsec.simulation import movement, rules
from simsec.simulation.calendar import Listener, Play, marks_of
from simsec.simulation.convoys import escorting
from simsec.simulation.model import (
    ARRIVE,
    BACK,
    CLEAR,
    FREE,
    NEVER,
    RED,
    SQUAD,
    DayMarks,
    Event,
    State,
    World,
    copy_state,
    fresh_state,
)
from simsec.simulation.movement import position, slowness
from simsec.simulation.roads import Closure, Roads, roads_without

_OF_THE_DAY = (  # the fields of DayMarks that hold no row an incident
    *("slow", "even", "noises", "primaries", "absent"),
    *("convoys", "convoy_from", "convoy_until", "convoy_incident"),
)


@dataclass(frozen=True)
class Entry:
    """What became of a command.

    Attributes:
        number: of the command.
        command: itself.
        verdict: ``done``, ``refused``, or ``flagged``: forwarded to those who decide.
        reason: key of the sentence that says why it was refused or flagged, ``""`` when done.
        values: what the sentence names.
    """

    number: int
    command: Command
    verdict: str
    reason: str = ""
    values: tuple[tuple[str, int | float | str], ...] = ()


@dataclass
class Board:
    """A day under a clock, with everything that was done to it.

    Attributes:
        stage: what it is played on.
        world, day, state, pending: as the simulation has them; ``day`` holds the injects and orders too.
        now: everything before this minute has happened.
        rain_mm: shape (hours, zones).
        access: of the hamlets, as the rain of the day and of the room leaves it.
        trips: who was sent by whom, and until when.
        incidents: command number -> its incident, for injects and orders.
        sent: command number -> (unit, ticket) of those it ordered.
        names: name -> command number.
        closed: command number -> edges it closed.
        out: nodes of the posts that fell out.
        held: unit -> incident that keeps it out of service.
        ready: unit -> (ticket, order, node) of one that is to stand ready, free, at the place it was ordered to.
        boxed: injects whose own pair was out with boxes when they came.
        asked_in: stations whose KPPS asked the police to come in.
        log: what became of every command.
    """

    stage: Stage
    world: World
    day: DayMarks
    state: State
    pending: list[Event]
    now: float
    rain_mm: NDArray[np.float64]
    trips: Trips
    incidents: dict[int, int] = field(default_factory=dict)
    sent: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    closed: dict[int, tuple[int, ...]] = field(default_factory=dict)
    fallen: list[Closure] = field(default_factory=list)
    out: set[int] = field(default_factory=set)
    held: dict[int, int] = field(default_factory=dict)
    ready: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    boxed: set[int] = field(default_factory=set)
    asked_in: set[int] = field(default_factory=set)
    log: list[Entry] = field(default_factory=list)
    access: Access | None = None


def new_board(stage: Stage) -> Board:
    """The board before the day begins."""
    day = DayMarks._make(value[:] if isinstance(value, list) else value for value in stage.marks)
    state, pending = Play(stage.world, day).pause()
    rain_mm, access = stage.day.rain_mm, stage.day.access
    return Board(stage, stage.world, day, state, pending, stage.starts_min, rain_mm, Trips(state), access=access)


def run(board: Board, minute: float, listener: Listener | None = None) -> None:
    """Let everything happen that lies before a minute; a listener may only look."""

    def listen(event: Event, state: State) -> None:
        board.trips.note_event(board.world, board.day, event, state)
        if listener is not None:
            listener(event, state)

    play = Play(board.world, board.day, listen, (board.state, board.pending))
    play.run_before(minute)
    board.state, board.pending = play.pause()
    board.now = max(board.now, minute)


def schedule(board: Board, events: Iterable[Event]) -> None:
    """Put events among the pending ones; ties after those that were scheduled before."""
    board.pending = sorted([*board.pending, *events], key=lambda event: event[:2])


def append(board: Board, rows: Incidents) -> list[int]:
    """Append incidents, dormant, to the day and to the state; their numbers."""
    first = len(board.day.kind)
    drawn = board.stage.day
    one_day: Callable[[Day], DayMarks] = marks_of.__wrapped__  # its cache is for whole days
    own = np.arange(first, first + len(rows))
    more = one_day(replace(drawn, incidents=replace(rows, village=own)))
    for name in DayMarks._fields:
        if name not in _OF_THE_DAY:
            getattr(board.day, name).extend(getattr(more, name))
    fresh = fresh_state(board.world, more)._asdict()
    none = fresh_state(board.world, _no_rows(more))._asdict()
    for name, value in fresh.items():
        if len(value) > len(none[name]):  # a field with a row an incident
            getattr(board.state, name).extend(value)
    return [int(number) for number in own]


def _no_rows(day: DayMarks) -> DayMarks:
    return DayMarks._make([] if name not in _OF_THE_DAY else getattr(day, name) for name in DayMarks._fields)


def draws_of(board: Board, number: int) -> Draws:
    """The uniforms of a command: functions of the day and its number alone."""
    key = np.array([text_key(f"drill/{number}")], dtype=np.uint64)
    return Draws(board.stage.day.seed, board.stage.day.replication, key, np.zeros(1, dtype=np.uint64))


def rows_for(board: Board, number: int, kind: int, station: int) -> Incidents:
    """A dormant incident of a kind at a station, with the marks of a command; the hamlet is as hard to reach as now."""
    draws, never = draws_of(board, number), np.full(1, np.nan)
    kinds, stations = np.full(1, kind), np.full(1, station)
    rows = marked(board.stage.scenario, kinds, stations, never, draws)
    if board.access is None:
        return rows
    now = np.full(1, board.now)
    return replace(rows, access_min=extra_minutes(board.stage.scenario, board.access, kinds, stations, now))


def way_in_min(board: Board, station: int) -> float:
    """Minutes more that whoever is sent to a station now needs from outside its hamlet; 0 at a pseudo-station."""
    extra_min = access_at(board.access, board.now, board.stage.starts_min)
    return float(extra_min[station]) if extra_min is not None and station < len(extra_min) else 0.0


def open_order(board: Board, number: int, station: int, for_min: float, *, at_once: bool = False) -> int:
    """A pseudo-incident that holds units at a station or pseudo-station for so many minutes; its number.

    It counts as red, so that nobody who goes there is turned round. ``at_once`` leaves out turn-out and noise: the
    units stand there already.
    """
    rows = rows_for(board, number, 0, 0)  # for turn-out, noise and the place in the block; the rest is not a draw
    rows = replace(
        rows,
        kind=np.full(1, board.stage.order_kind),
        station=np.full(1, station),
        level=np.full(1, RED),
        rise_min=np.full_like(rows.rise_min, np.inf),
        scene_min=np.full_like(rows.scene_min, for_min),
        access_min=np.full(1, way_in_min(board, station)),
    )
    if at_once:
        still = np.zeros_like(rows.turnout_min)
        rows = replace(rows, turnout_min=still, noise=np.ones_like(rows.noise))
    (incident,) = append(board, rows)
    for times in (board.state.onset, board.state.reported):
        times[incident] = board.now
    return incident


def post_station(board: Board, node: int) -> int:
    """The pseudo-station at a node."""
    return board.stage.stations + node


def send(board: Board, incident: int, capability: int, unit: int) -> None:
    """The room orders a unit to an incident, as the rules do; one under another order of the room leaves it."""
    state, then = board.state, list[Event]()
    other = state.serves[unit]
    if other >= 0:
        _drop_events(board, unit)
        if state.on_scene[unit] == 1:
            _leave(board, unit, other)
    rules.send(board.world, board.day, state, incident, capability, unit, board.now, then)
    for _, waiting, ladder in list(state.waiting):
        if waiting == incident and rules.missing_on(board.world, board.day, state, incident, ladder) == 0:
            state.waiting[:] = [entry for entry in state.waiting if entry[1:] != (waiting, ladder)]
            state.waits[ladder] -= 1
            state.queued[incident][ladder] = 0
    board.trips.note_sent(board.world, board.day, state, board.now, ROOM)
    schedule(board, then)


def _leave(board: Board, unit: int, other: int) -> None:
    """Take a unit from the spot without letting it go home: the order it came to keeps it as sent and arrived."""
    state, capability = board.state, board.state.serves_as[unit]
    board.trips.note_done(board.world, state, unit, state.ticket[unit], board.now)
    state.on_scene[unit] = 0
    state.sent[other][capability] += 1  # the rules take away a unit on its way; this one had come
    if capability == SQUAD:
        state.squads_here[other] -= 1
    if state.here[other] == 1:
        state.cleared[other] = board.now


def _drop_events(board: Board, unit: int) -> None:
    """What is pending for a unit's present order."""
    ticket = board.state.ticket[unit]
    board.pending = [
        event
        for event in board.pending
        if not (event[1] in (ARRIVE, CLEAR) and event[3] == unit and event[4] == ticket)
    ]


def let_go(board: Board, unit: int, *, quietly: bool = False) -> None:
    """A unit under an order is free: it heads back, and looks at the waiting list unless ``quietly``."""
    state, incident, then = board.state, board.state.serves[unit], list[Event]()
    ticket = state.ticket[unit]
    _drop_events(board, unit)
    waiting = state.waiting[:]
    if quietly:
        state.waiting.clear()
    if state.on_scene[unit] == 1:
        event = (board.now, CLEAR, incident, unit, state.ticket[unit])
        rules.on_clear(board.world, board.day, state, event, then)
    else:
        _turn_back(board, unit, then)
        if state.away[unit] > 0:  # its rest, its release began meanwhile
            rules.go_off_duty(board.world, board.day, state, unit, board.now)
        elif state.waiting:
            rules.serve_waiting(board.world, board.day, state, unit, board.now, then)
    if quietly:
        state.waiting[:] = waiting
    board.trips.note_done(board.world, state, unit, ticket, board.now)
    board.trips.note_sent(board.world, board.day, state, board.now)
    schedule(board, then)


def _turn_back(board: Board, unit: int, then: list[Event]) -> None:
    """A unit that had not come yet turns round where it is."""
    world, state, now = board.world, board.state, board.now
    at, home = position(world, state, unit, now), world.unit_home[unit]
    rules.withdraw(world, state, unit, now, then)
    state.serves[unit] = FREE
    state.freed_at[unit] = now
    if world.unit_kind[unit] == world.squad_kind:
        rules.squad_returns(state, now)
    state.leg_from[unit], state.leg_to[unit] = at, home
    state.leg_start[unit] = now
    state.leg_slow[unit] = slowness(world, board.day, now, at, home)


def inject(board: Board, rows: Incidents, reported_after_min: float | None) -> int:
    """An incident begins now; its number."""
    if reported_after_min is not None:
        rows = replace(rows, report_delay_min=np.full(1, reported_after_min))
    (incident,) = append(board, rows)
    then: list[Event] = []
    rules.wake(board.world, board.day, board.state, incident, board.now, then)
    schedule(board, then)
    return incident


def hold(board: Board, unit: int) -> None:
    """A free unit stays where it is, out of service, and is not sent anywhere."""
    at = position(board.world, board.state, unit, board.now)
    incident = open_order(board, 0, post_station(board, at), math.inf, at_once=True)
    send(board, incident, _capability(board, unit), unit)
    board.held[unit] = incident


def _capability(board: Board, unit: int) -> int:
    return max(board.stage.serves_as[board.world.unit_kind[unit]], 0)


def with_boxes(board: Board, unit: int) -> bool:
    """Whether a unit is a pair that is out with boxes: it answers no call until it is back in its block."""
    return board.state.serves[unit] == FREE and escorting(board.world, board.day, board.state, unit, board.now)


def belongs(board: Board, node: int) -> list[int]:
    """Units whose base is the node; guard pairs belong to their stations."""
    world = board.world
    return [u for u, home in enumerate(world.unit_home) if home == node and world.unit_block[u] < 0]


def stand_ready(board: Board) -> None:
    """Units that reached the place where they are to stand ready, and are free, stay there instead of heading back."""
    state = board.state
    for unit, (ticket, _, node) in list(board.ready.items()):
        if state.ticket[unit] != ticket:
            del board.ready[unit]
        elif state.serves[unit] < 0:
            state.leg_from[unit] = state.leg_to[unit] = node
            trip = board.trips.by_order[unit, ticket]
            trip.back_min = trip.back_min if node == board.world.unit_home[unit] else math.nan


def head_back(board: Board, unit: int) -> None:
    """A unit that stood ready goes where it belongs."""
    world, state = board.world, board.state
    home = world.unit_home[unit]
    state.leg_to[unit], state.leg_start[unit] = home, board.now
    state.leg_slow[unit] = slowness(world, board.day, board.now, state.leg_from[unit], home)
    ticket, _, _ = board.ready.pop(unit)
    board.trips.by_order[unit, ticket].back_min = home_at(world, state, unit)


def next_return(board: Board, before: float) -> Event | None:
    """The next event before a minute after which a unit must be held: its post is out, or it is to stand ready."""
    state = board.state
    watched = {unit for node in board.out for unit in belongs(board, node)} - set(board.held)
    watched |= {unit for unit, (ticket, _, _) in board.ready.items() if state.ticket[unit] == ticket}
    if not watched:
        return None
    for event in board.pending:
        if event[0] >= before:
            return None
        ours = event[1] in (ARRIVE, CLEAR) and event[3] in watched and event[4] == state.ticket[event[3]]
        turned = board.world.divert == 1 or board.world.call_back == 1  # one may be, and be free sooner
        if ours or (board.out and (turned or event[1] == BACK)):
            return event
    return None


def rain(board: Board, mm: float, zones: list[int], until: float) -> None:
    """Rain over zones for the hours from now to a minute; whoever is on his way keeps his speed.

    Rivers rise with it for those who are sent from then on.
    """
    starts = board.stage.starts_min
    first = max(int((board.now - starts) // 60), 0)
    last = min(math.ceil((until - starts) / 60), len(board.rain_mm))
    board.rain_mm = board.rain_mm.copy()
    board.rain_mm[first:last, zones] = mm
    slow = slowdown(board.stage.scenario, board.rain_mm)
    even = (slow == slow[:, :1]).all(axis=1).astype(np.int64).tolist()
    board.day = board.day._replace(slow=slow.tolist(), even=even)
    drawn = board.stage.day
    if board.access is not None:
        given = board.stage.scenario, drawn.seed, drawn.replication
        board.access = draw_access(*given, board.rain_mm, drawn.closures)


def _roads(board: Board) -> Roads:
    """The roads as commands and the day leave them."""
    shut = frozenset(edge for edges in board.closed.values() for edge in edges)
    return roads_without(board.stage.scenario, shut, tuple(board.fallen))


def fall(board: Board, closure: Closure) -> None:
    """The day closes a road: as in a simulated day, whoever is on his way to an incident keeps his arrival."""
    state, legs = board.state, list(zip(board.state.leg_from, board.state.leg_start, strict=True))
    board.fallen.append(closure)
    roads = _roads(board)
    movement.reroute(board.world, state, roads.minutes, board.now)
    board.world = roads.under(board.world)
    for unit, leg in enumerate(legs):
        ticket = (unit, state.ticket[unit])
        if leg != (state.leg_from[unit], state.leg_start[unit]) and state.serves[unit] < 0:
            board.trips.by_order[ticket].back_min = home_at(board.world, state, unit)


def reroute(board: Board) -> None:
    """Travel with the roads now open; whoever's way has changed goes on from where he is."""
    old, state = board.world, board.state
    new = _roads(board).under(old)
    arrives = {(event[3], event[4]): event for event in board.pending if event[1] == ARRIVE}
    for unit, kind in enumerate(old.unit_kind):
        start, end, vehicle = state.leg_from[unit], state.leg_to[unit], old.kind_vehicle[kind]
        way_before = old.minutes[vehicle][start][end]
        if way_before == new.minutes[vehicle][start][end]:
            continue
        if (board.now - state.leg_start[unit]) / state.leg_slow[unit] >= way_before:
            state.leg_from[unit] = end  # this leg is over, or only its last stretch is left: no road matters any more
            continue
        incident = state.serves[unit]
        if incident >= 0 and _walks_its_block(board, unit, incident, start):
            continue
        at = position(old, state, unit, board.now)
        moves = max(state.leg_start[unit], board.now)
        state.leg_from[unit], state.leg_start[unit] = at, moves
        if incident >= 0:
            event = arrives[unit, state.ticket[unit]]
            last = new.stretch[vehicle][board.day.station[incident]] + board.day.access[incident]
            way = new.minutes[vehicle][at][end] + last
            board.pending.remove(event)
            schedule(board, [(moves + way * state.leg_slow[unit], *event[1:])])
        else:
            way = new.minutes[vehicle][at][end]  # the way home
            board.trips.by_order[unit, state.ticket[unit]].back_min = moves + way * state.leg_slow[unit]
    board.world = new


def _walks_its_block(board: Board, unit: int, incident: int, start: int) -> bool:
    """Whether a pair goes from station to station inside its block, where no table of roads is asked."""
    world = board.world
    block = world.unit_block[unit]
    return block >= 0 and block == world.station_block[board.day.station[incident]] and start == world.unit_home[unit]


def snapshot(board: Board) -> tuple[State, list[Event], DayMarks]:
    """What makes the moment: the state, what is pending, and the day with what was added to it."""
    day = DayMarks._make(value[:] if isinstance(value, list) else value for value in board.day)
    return copy_state(board.state), list(board.pending), day


def happened(board: Board, incident: int) -> bool:
    """Whether somebody outside the station knows of an incident that is not over."""
    return board.state.reported[incident] != NEVER and board.state.cleared[incident] == NEVER
