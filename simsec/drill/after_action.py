"""The after-action sheet as data: each inject with its help, who was sent and who decided, what was uncovered.

Every branch is played beside the same day under the doctrine: the announced plan, the same events, no decision of the
room.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from simsec.drill.board import Board, Entry
from simsec.drill.schema import DOCTRINE, Inject
from simsec.drill.session import Session, play
from simsec.drill.stage import Stage, stage_of
from simsec.drill.trips import Trip
from simsec.plan.doctrine import doctrine
from simsec.plan.plan import Plan
from simsec.simulation.model import NEVER

TOLD_FROM_MIN = 1.0
"""Differences below a minute are not told as later or sooner."""


@dataclass(frozen=True)
class Sent:
    """So many units of a kind, by one decision: kind as a number, role one of ``simsec.drill.trips.ROLES``."""

    kind: int
    role: str
    count: int


@dataclass(frozen=True)
class Uncovered:
    """Stations whose own pair was away, outside its block: how many, and the longest time in minutes."""

    stations: int
    longest_min: float


@dataclass(frozen=True)
class InjectRow:
    """One inject in one branch; times in minutes after midnight, nan: never.

    Attributes:
        number: of its command.
        command: the inject.
        first_level, last_level: 0 green to 2 red.
        reported_min, first_min, full_min, cleared_min: its clock.
        sent: who was sent, by whose decision.
        uncovered: what the pairs sent there left behind.
        boxed: its own pair was out with boxes when it came.
    """

    number: int
    command: Inject
    first_level: int
    last_level: int
    reported_min: float
    first_min: float
    full_min: float
    cleared_min: float
    sent: tuple[Sent, ...]
    uncovered: Uncovered
    boxed: bool


@dataclass(frozen=True)
class Decided:
    """What became of a command that is no inject, and whom it moved."""

    entry: Entry
    sent: tuple[Sent, ...]
    uncovered: Uncovered


@dataclass(frozen=True)
class Branch:
    """One way the day went.

    Attributes:
        name: of the branch.
        injects: in order of their numbers.
        log: every other command, in the order in which it was given.
        own_first_min: incident of the day itself -> its first help, inf when nobody came; those that happened.
        uncovered: over the whole day.
    """

    name: str
    injects: tuple[InjectRow, ...]
    log: tuple[Decided, ...]
    own_first_min: Mapping[int, float]
    uncovered: Uncovered


@dataclass(frozen=True)
class AfterAction:
    """The branches of a session, and the same day under the doctrine."""

    stage: Stage
    branches: tuple[Branch, ...]
    doctrine: Branch


def after_action(session: Session) -> AfterAction:
    """Play every branch to the end of the clock, and the same events under the announced plan without the room.

    Example:
        >>> from simsec.drill.schema import command
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> session = Session(stage_of(scenario, doctrine(scenario)))
        >>> session = session.give(command(do="inject", at="H 09:00", place="any:A:1", kind="queue_dispute"))
        >>> sheet = after_action(session)
        >>> sheet.branches[0].injects == sheet.doctrine.injects
        True
    """
    stage, day = session.stage, session.stage.day
    branches = tuple(
        branch_of(name, play(stage, commands, stage.ends_min)) for name, commands in session.branches.items()
    )
    announced = stage_of(stage.scenario, _announced(stage), day.day_type, day.seed, day.replication)
    first = next(iter(session.branches))
    without = branch_of(DOCTRINE, play(announced, session.under_doctrine(first), announced.ends_min))
    return AfterAction(stage, branches, without)


def _announced(stage: Stage) -> Plan:
    announced = doctrine(stage.scenario)
    return stage.plan if stage.plan.hash == announced.hash else announced


def branch_of(name: str, board: Board) -> Branch:
    """Read a board at the end of the day."""
    trips: dict[int, list[Trip]] = {}
    for trip in board.trips.by_order.values():
        trips.setdefault(trip.incident, []).append(trip)
    injects, log = [], []
    for entry in board.log:
        incident = board.incidents.get(entry.number, -1)
        own = [board.trips.by_order[order] for order in board.sent.get(entry.number, [])]
        if isinstance(entry.command, Inject):
            injects.append(_inject_row(board, entry, incident, trips.get(incident, [])))
        else:
            log.append(Decided(entry, _sent(board, own), _uncovered(board, own)))
    held = set(board.held.values())
    moved = [trip for trip in board.trips.by_order.values() if trip.incident not in held]
    return Branch(
        name=name,
        injects=tuple(sorted(injects, key=lambda row: row.number)),
        log=tuple(log),
        own_first_min={
            incident: math.inf if board.state.first[incident] == NEVER else board.state.first[incident]
            for incident in range(len(board.stage.marks.kind))
            if board.state.onset[incident] != NEVER
        },
        uncovered=_uncovered(board, moved),
    )


def _inject_row(board: Board, entry: Entry, incident: int, trips: list[Trip]) -> InjectRow:
    state = board.state
    assert isinstance(entry.command, Inject)

    def known(times: list[float]) -> float:
        return math.nan if times[incident] == NEVER else times[incident]

    return InjectRow(
        number=entry.number,
        command=entry.command,
        first_level=board.day.level[incident],
        last_level=state.level[incident],
        reported_min=known(state.reported),
        first_min=known(state.first),
        full_min=known(state.full),
        cleared_min=known(state.cleared),
        sent=_sent(board, trips),
        uncovered=_uncovered(board, trips),
        boxed=incident in board.boxed,
    )


def _sent(board: Board, trips: list[Trip]) -> tuple[Sent, ...]:
    counts = Counter((board.world.unit_kind[trip.unit], trip.role) for trip in trips)
    return tuple(Sent(kind, role, count) for (kind, role), count in counts.items())


def _uncovered(board: Board, trips: list[Trip]) -> Uncovered:
    """Pairs outside their own block, from moving off until they are back or ordered elsewhere."""
    world, ends = board.world, board.stage.ends_min
    blocks: dict[int, float] = {}
    for trip in trips:
        block = world.unit_block[trip.unit]
        if block < 0 or block == world.station_block[board.day.station[trip.incident]]:
            continue
        back = ends if math.isnan(trip.back_min) else min(trip.back_min, ends)
        away = back - min(trip.leaves_min, ends)
        if away > 0:
            blocks[block] = max(blocks.get(block, 0.0), away)
    return Uncovered(sum(world.block_size[block] for block in blocks), max(blocks.values(), default=0.0))


def against(branch: Branch, other: Branch) -> tuple[int, int]:
    """Incidents of the day itself with first help later, and sooner, than in another branch; by a minute or more.

    An incident that only one branch had (a crowd that was not kept from it) counts as never helped later there.
    """
    later = sooner = 0
    for incident in {**branch.own_first_min, **other.own_first_min}:
        here, there = branch.own_first_min.get(incident), other.own_first_min.get(incident)
        if here is None or there is None:
            later += there is None
            sooner += here is None
        elif here != there:
            later += here - there >= TOLD_FROM_MIN
            sooner += there - here >= TOLD_FROM_MIN
    return later, sooner
