"""The lines of a long file and the cells of a row: what is wrong with them is noted, and reading goes on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from simsec.base.errors import say
from simsec.geography.road_files import Complaints


class Lines:
    """The lines of a file from a place in it on, and where the next one begins."""

    def __init__(self, file: BinaryIO, offset: int = 0) -> None:
        """Begin at a place in the file."""
        file.seek(offset)
        self._file, self.offset = file, offset

    def __iter__(self) -> Iterator[str]:
        """The lines, read when they are asked for."""
        for raw in self._file:
            self.offset += len(raw)
            yield raw.decode("utf-8")


class Cells:
    """The cells of one row by the names of their columns; says what is wrong with them."""

    __slots__ = ("_at", "_cells", "_complaints", "_line", "bad")

    def __init__(self, at: Mapping[str, int], cells: Sequence[str], line: int, complaints: Complaints) -> None:
        """Look at a row."""
        self._at, self._cells, self._line, self._complaints = at, cells, line, complaints
        self.bad = False

    def text(self, name: str) -> str:
        """A cell, "" where the log has no such column."""
        place = self._at.get(name, -1)
        return self._cells[place].strip() if place >= 0 else ""

    def wrong(self, column: str, what: str, remedy: str = "", bound: str = "") -> None:
        """Note a problem of the row."""
        self.bad = True
        self._complaints.add(what, remedy, self._line, column, self.text(column), bound)

    def code(self, column: str, numbers: Mapping[str, int], what: str, blank: bool = False) -> int:
        """The number of a code; -1 where it is blank or wrong."""
        text = self.text(column)
        if text in numbers:
            return numbers[text]
        if text or not blank:
            self.wrong(column, what if text else "the cell is empty")
        return -1

    def number(
        self, column: str, blank: float | None, counts: Counter[str] | None = None, high: float = math.inf
    ) -> float:
        """A figure of 0 or more; a blank cell takes ``blank``, where there is one, and is counted."""
        text = self.text(column)
        if not text and blank is not None:
            if counts is not None:
                counts[column] += 1
            return blank
        try:
            value = float(text)
        except ValueError:
            self.wrong(column, "not a number" if text else "the cell is empty")
            return 0.0
        if not (0 <= value <= high and value < math.inf):  # also refuses nan
            bound = say("0 or more") if high == math.inf else say("{low} to {high}", low="0", high=f"{high:g}")
            self.wrong(column, "out of bounds", bound=bound)
        return value
