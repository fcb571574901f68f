"""A travel matrix that the user gives: square, or long with a row a pair."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simsec.base.errors import InputError, Problem, say
from simsec.scenario.tables import Column, Table, read_table

Floats = NDArray[np.float64]
LONG = ("from", "to", "minutes")
MOST_SHOWN = 20  # problems of one file that are listed; the rest is counted


def read_minutes(path: Path, places: Sequence[str]) -> tuple[Floats | None, list[Problem]]:
    r"""Read ``travel.csv``: long with the header ``from,to,minutes``, or square with the codes as its header.

    Both may be asymmetric. A blank cell says that there is no way; the way of a place to itself is then 0.

    Args:
        path: the file.
        places: codes, in the scenario's order.

    Returns:
        Minutes, shape (places, places), inf where there is no way, or None; and everything that is wrong.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "travel.csv"
        >>> _ = path.write_text("from,A,B\nA,,4\nB,5,\n", encoding="utf-8")
        >>> read_minutes(path, ["A", "B"])[0].tolist()
        [[0.0, 4.0], [5.0, 0.0]]
        >>> _ = path.write_text("from,to,minutes\nA,B,4\n", encoding="utf-8")
        >>> print(read_minutes(path, ["A", "B"])[1][0])
        travel.csv: the pair is missing (found 'B, A'). add it; leave minutes blank where there is no way
    """
    try:
        header = _header(path)
        long = set(LONG) <= set(header)
        first = header[0] if header else ""
        columns = [Column(name) for name in LONG] if long else [Column(first), *map(Column, places)]
        columns = [Column(c.name, required=c.name in (first, "from", "to")) for c in columns]
        table = read_table(path, columns, "" if long else first)
    except InputError as error:
        return None, list(error.problems)
    complaints: list[Problem] = []
    minutes = _from_long(table, places, complaints) if long else _from_square(table, first, places, complaints)
    if len(complaints) > MOST_SHOWN:
        more = say("and {n} more of the same sort", n=len(complaints) - MOST_SHOWN)
        complaints = [*complaints[:MOST_SHOWN], Problem(path.name, more)]
    return (None if complaints else minutes), complaints


def _header(path: Path) -> list[str]:
    """The first row, or nothing where the file cannot be read: that is reported with its columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [name.strip() for name in next(csv.reader(io.StringIO(file.readline())), [])]
    except (OSError, UnicodeDecodeError):
        return ["from"]


def _minutes(table: Table, row: int, column: str, text: str, complaints: list[Problem]) -> float:
    """A cell in minutes: blank is no way, and nan, inf and below 0 are refused."""
    if not text:
        return float("inf")
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < float("inf"):
        bound = say("minutes of 0 or more, or blank where there is no way")
        complaints.append(Problem(table.file, "no minutes", "", table.line[row], column, text, bound))
        return 0.0
    return value


def _from_long(table: Table, places: Sequence[str], complaints: list[Problem]) -> Floats:
    number = {code: place for place, code in enumerate(places)}
    minutes = np.full((len(places), len(places)), np.nan)
    np.fill_diagonal(minutes, 0.0)
    seen: dict[tuple[int, int], int] = {}
    for row, pair in enumerate(zip(table.texts("from"), table.texts("to"), strict=True)):
        known = True
        for column, code in zip(LONG, pair, strict=False):
            if code not in number:
                remedy = "add the place to places.csv or correct the code"
                complaints.append(Problem(table.file, "no such place", remedy, table.line[row], column, code))
                known = False
        if not known:
            continue
        cell = (number[pair[0]], number[pair[1]])
        if cell in seen:
            what = say("the same pair stands in line {line}", line=seen[cell])
            complaints.append(Problem(table.file, what, "keep one", table.line[row], "from, to", ", ".join(pair)))
        seen[cell] = table.line[row]
        text = table.texts("minutes")[row]
        inside = cell[0] == cell[1] and not text
        minutes[cell] = 0.0 if inside else _minutes(table, row, "minutes", text, complaints)
    for first, second in np.argwhere(np.isnan(minutes)).tolist():
        remedy = "add it; leave minutes blank where there is no way"
        value = f"{places[first]}, {places[second]}"
        complaints.append(Problem(table.file, "the pair is missing", remedy, value=value))
    return minutes


def _from_square(table: Table, first: str, places: Sequence[str], complaints: list[Problem]) -> Floats:
    number = {code: place for place, code in enumerate(places)}
    minutes = np.full((len(places), len(places)), np.inf)
    for row, code in enumerate(table.texts(first)):
        if code not in number:
            remedy = "add the place to places.csv or correct the code"
            complaints.append(Problem(table.file, "no such place", remedy, table.line[row], first, code))
            continue
        for place in places:
            text = str(table.columns[place][row])
            inside = place == code and not text
            minutes[number[code], number[place]] = 0.0 if inside else _minutes(table, row, place, text, complaints)
    for code in places:
        if code not in table.texts(first):
            complaints.append(Problem(table.file, "a place has no row", "add it", 0, first, code))
    return minutes
