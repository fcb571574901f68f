"""Tables of changed roads, worked out where the rules first read them: most of a table is never asked for in a day.

Each stands for a list of rows. What is no concern of the change is read from the table of the open roads; a row from an
origin it concerns is worked out whole, any other place by place. The cost is that of a dictionary once it is known.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simsec.geography.closing import Detours, first_hop
from simsec.geography.graph import CAR
from simsec.geography.travel import shares_on_way

Row = Sequence[Any]  # of numbers
Rows = Sequence[Row]


def packed(table: NDArray[Any]) -> list[Row]:
    """Each row as an array of the standard library: Python reads it like a list, it takes a quarter of the memory."""
    whole, width = packed_row(table), table.shape[1]
    return [whole[row * width : row * width + width] for row in range(len(table))]  # many times as fast as row by row


def packed_row(numbers: NDArray[Any]) -> array[Any]:
    """All numbers of an array, one after the other, likewise."""
    kind, of = ("d", np.float64) if numbers.dtype == np.float64 else ("q", np.int64)
    return array(kind, numbers.astype(of, copy=False).tobytes())


class _Changed(dict[int, Any]):
    """Rows of a changed table by origin, or the places of one row of it; what is missing is worked out and kept."""

    __slots__ = ("concerned", "known", "of")

    def __init__(self, known: Sequence[Any], of: tuple[Detours, int, Any], concerned: frozenset[int]) -> None:
        """``known`` are the rows, or the row, of the open roads; ``of`` is what the missing are worked out from."""
        self.known, self.of, self.concerned = known, of, concerned


class _Minutes(_Changed):
    __slots__ = ()

    def __missing__(self, origin: int) -> Row:
        detours, vehicle, friction = self.of
        found: Any = _MinutesTo(self.known[origin], (detours, vehicle, (friction, origin)), self.concerned)
        if origin in self.concerned:
            found = array("d", (detours.way(vehicle, origin)[0] * friction).tobytes())
        row: Row = found
        self[origin] = row
        return row


class _MinutesTo(_Changed):
    __slots__ = ()

    def __missing__(self, end: int) -> float:
        found: float = self.known[end]
        if end in self.concerned:
            detours, vehicle, (friction, origin) = self.of
            found = detours.way(vehicle, end)[0].item(origin) * friction
        self[end] = found
        return found


class _Previous(_Changed):
    __slots__ = ()

    def __missing__(self, origin: int) -> Row:
        detours, vehicle, _ = self.of
        found: Any = _PreviousTo(self.known[origin], (detours, vehicle, origin), self.concerned)
        if origin in self.concerned:
            minutes, last = detours.way(vehicle, origin)
            found = array("q", np.where(np.isfinite(minutes), last, origin).astype(np.int64).tobytes())
        row: Row = found
        self[origin] = row
        return row


class _PreviousTo(_Changed):
    __slots__ = ()

    def __missing__(self, end: int) -> int:
        found: int = self.known[end]
        if end in self.concerned:
            detours, vehicle, origin = self.of
            minutes, last = detours.way(vehicle, end)
            found = first_hop(end, last, origin) if np.isfinite(minutes[origin]) else origin
        self[end] = found
        return found


class _Shares(_Changed):
    __slots__ = ()

    def __missing__(self, origin: int) -> Row:
        detours, _, zone = self.of
        found: Any = _SharesTo(self.known[origin], (detours, origin, zone), self.concerned)
        row: Row = found
        self[origin] = row
        return row


class _SharesTo(_Changed):
    __slots__ = ()

    def __missing__(self, end: int) -> tuple[float, ...]:
        found: tuple[float, ...] = self.known[end]
        detours, origin, zone = self.of
        ends = (origin, end) if origin in self.concerned else (end, origin)
        if ends[0] in self.concerned:
            shares = shares_on_way(*detours.way(CAR, ends[0]), ends, zone, len(found))
            found = tuple(shares.astype(np.float64).tolist())
        self[end] = found
        return found


def changed_minutes(known: Sequence[Rows], detours: Detours, friction: float) -> list[Any]:
    """Minutes of all vehicles, as in the world: read ``[vehicle][origin][end]``."""
    found: list[Any] = []
    for vehicle, rows in enumerate(known):
        of = detours.like(vehicle)
        concerned = frozenset(detours.concerned(of).tolist())
        found.append(_Minutes(rows, (detours, of, friction), concerned) if concerned else rows)
        if of != vehicle:
            found[vehicle] = found[of]
    return found


def changed_previous(known: Sequence[Rows], detours: Detours) -> list[Any]:
    """The places before the last, likewise."""
    concerned = [frozenset(detours.concerned(vehicle).tolist()) for vehicle in range(len(known))]
    return [
        _Previous(rows, (detours, vehicle, None), concerned[vehicle]) if concerned[vehicle] else rows
        for vehicle, rows in enumerate(known)
    ]


def changed_shares(known: Rows, detours: Detours, zone: NDArray[np.integer]) -> Any:
    """Shares of zones of car routes: read ``[origin][end]``."""
    concerned = frozenset(detours.concerned(CAR).tolist())
    one_zone = len(known[0][0]) == 1
    return known if one_zone or not concerned else _Shares(known, (detours, CAR, zone), concerned)
