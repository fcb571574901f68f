"""What the room may not order, as plain sentences: each with its source, checked before anything moves.

The sentences stand in the catalogues under ``drill.reason``. What only KPPS and KPU decide is not refused in silence:
it is flagged, and forwarded KPPS -> PPK -> KPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simsec.drill.board import Board, happened
from simsec.drill.places import find
from simsec.drill.schema import INJECT_PREFIX, Command, Enter, Order, Voting
from simsec.scenario.schema import CAPABILITIES, CLASSES

Values = dict[str, int | float | str]
_SECURITY = tuple(CAPABILITIES.index(word) for word in ("guard", "patrol", "squad"))


class RefusedError(Exception):
    """An order is not carried out; nothing has moved.

    Attributes:
        reason: key of the sentence under ``drill.reason``.
        values: what the sentence names.
        flagged: it was forwarded to those who decide.
    """

    def __init__(self, reason: str, values: Values | None = None, *, flagged: bool = False) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason, self.values, self.flagged = reason, values or {}, flagged


@dataclass(frozen=True)
class Limit:
    """A rule that orders must keep.

    Attributes:
        reason: key of its sentence under ``drill.reason``.
        source: where the rule stands.
        breaks: gives the values of the sentence when a command breaks the rule, else None.
        flagged: it is forwarded to those who decide.
    """

    reason: str
    source: str
    breaks: Callable[[Board, Command], Values | None]
    flagged: bool = False


def _uninvited(board: Board, command: Command) -> Values | None:
    if not isinstance(command, Enter) or find(board.stage.draw, command.place).station in board.asked_in:
        return None
    return {}


def _about_the_vote(board: Board, command: Command) -> Values | None:
    return {} if isinstance(command, Voting) else None


def _above_pattern(board: Board, command: Command) -> Values | None:
    """More officers posted at a station than its class allows; help at an incident is no posting."""
    if not isinstance(command, Order) or command.to.startswith(INJECT_PREFIX):
        return None
    station = find(board.stage.draw, command.to).station
    if station < 0 or open_incident(board, station) >= 0:
        return None
    scenario, world = board.stage.scenario, board.world
    units = scenario.settings.units
    if command.unit is None:
        kinds = [number for number, unit in enumerate(units) if unit.kind == command.kind] * command.count
    else:
        kinds = [world.unit_kind[command.unit]] if command.unit < len(world.unit_kind) else []
    kinds += [
        world.unit_kind[unit]
        for unit, incident in enumerate(board.state.serves)
        if incident >= 0 and board.day.station[incident] == station and unit != command.unit
    ]
    officers = sum(units[kind].persons for kind in kinds if any(world.can[kind][c] for c in _SECURITY))
    level = CLASSES[int(scenario.stations.station_class[station])]
    most = getattr(scenario.settings.patterns, level).police
    return {"officers": officers, "most": most} if officers > most else None


LIMITS = (
    Limit("enter_uninvited", "STR/404/VI/OPS.1.3/2018, repeated in 2019 and 2024", _uninvited),
    Limit("vote_is_kpus", "UU 7/2017 arts 372-373, 431-433; PKPU 17/2024 arts 50-52", _about_the_vote, flagged=True),
    Limit("above_pattern", "the guard pattern of the station's class in the scenario", _above_pattern),
)


def check_limits(board: Board, command: Command) -> None:
    """Refuse what breaks a rule.

    Raises:
        RefusedError: with the reason.
    """
    for limit in LIMITS:
        values = limit.breaks(board, command)
        if values is not None:
            raise RefusedError(limit.reason, values, flagged=limit.flagged)


def open_incident(board: Board, station: int) -> int:
    """The incident at a station that somebody outside knows of and that is not over, the highest one; -1: none."""
    state, best = board.state, -1
    for incident, place in enumerate(board.day.station):
        known = place == station and board.day.kind[incident] != board.stage.order_kind and happened(board, incident)
        if known and (best < 0 or state.level[incident] > state.level[best]):
            best = incident
    return best
