"""Tables in CSV: declared columns in, checked columns out, every problem at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from simsec.base.errors import InputError, Problem, say, system_words
from simsec.base.files import write_text

Kind = Literal["text", "integer", "number", "flag"]
Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column.

    Attributes:
        name: header of the column.
        kind: ``text``, ``integer``, ``number`` or ``flag`` (0 or 1).
        low, high: bounds of a number, both allowed.
        choices: the words a text may be; empty means any.
        required: False lets a cell stay blank (0 or "").
        optional: True lets the column itself be left out; its cells are then blank.
        meaning: one line for the format page.
    """

    name: str
    kind: Kind = "text"
    low: float = float("-inf")
    high: float = float("inf")
    choices: tuple[str, ...] = ()
    required: bool = True
    meaning: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """A table as columns; ``line[i]`` is the line of row i in its file."""

    file: str
    columns: dict[str, list[Cell]]
    line: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.line)

    def texts(self, name: str) -> tuple[str, ...]:
        """A column as text."""
        return tuple(str(value) for value in self.columns[name])


def read_table(path: Path, columns: Sequence[Column], key: str = "") -> Table:
    r"""Read a UTF-8 CSV file whose header is exactly the declared columns, in any order.

    Args:
        path: the file.
        columns: what must be there; further columns are refused, so that a typing error is never ignored.
        key: a column whose values must differ, or "".

    Raises:
        InputError: with every problem of the file.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "villages.csv"
        >>> _ = path.write_text("code,n\nA,1\nB,2\n", encoding="utf-8")
        >>> read_table(path, [Column("code"), Column("n", "integer", low=0)], key="code").columns["n"]
        [1, 2]
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        remedy = say("put it into {folder}", folder=path.parent)
        raise InputError([Problem(path.name, "the file is missing", remedy)]) from None
    except UnicodeDecodeError as error:
        remedy = "save it as 'CSV UTF-8' in the spreadsheet program"
        raise InputError(
            [Problem(path.name, "the file is not UTF-8 text", remedy, value=repr(error.object[error.start]))]
        ) from None
    except OSError as error:
        what = say("the file cannot be read ({why})", why=system_words(error))
        raise InputError([Problem(path.name, what, "check its rights")]) from None
    return parse_table(text, path.name, columns, key)


def parse_table(text: str, file: str, columns: Sequence[Column], key: str = "") -> Table:
    r"""As :func:`read_table`, from text.

    Example:
        >>> parse_table("n\n-1\n", "demo.csv", [Column("n", "integer", low=0)])
        Traceback (most recent call last):
        ...
        simsec.base.errors.InputError: demo.csv, line 2, n: out of bounds (found '-1'); expected at least 0
    """
    if not text.strip():
        remedy = "save the table again, its first line the names of columns"
        raise InputError([Problem(file, "the file is empty", remedy)])
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:  # a quote that is never closed takes in the rest of the file
        what, remedy = say("the table cannot be read ({why})", why=error), "check for a quote that is not closed"
        raise InputError([Problem(file, what, remedy)]) from None
    header = [name.strip() for name in rows[0]] if rows else []
    problems = _header_problems(file, header, columns)
    if problems:
        raise InputError(problems)
    place = {name: number for number, name in enumerate(header)}
    table = Table(file, {column.name: [] for column in columns})
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            what = say("the row has {cells} cells, the header {header}", cells=len(row), header=len(header))
            problems.append(Problem(file, what, "check for a missing or an extra comma", line))
            continue
        table.line.append(line)
        for column in columns:
            raw = row[place[column.name]].strip() if column.name in place else ""
            cell, problem = _cell(raw, column)
            table.columns[column.name].append(cell)
            if problem:
                what, bound = problem
                remedy = _remedy(raw, column, row[place["lon"]] if column.name == "lat" and "lon" in place else "")
                problems.append(Problem(file, what, remedy, line, column.name, raw, bound))
    problems += _duplicates(table, key) if key else []
    if not table.line and not problems:
        problems.append(Problem(file, "the table has no rows", "add at least one row"))
    if problems:
        raise InputError(problems)
    return table


def separator_problems(file: str, header: Sequence[str]) -> list[Problem]:
    """One problem, not one a column, for what a spreadsheet saves where the comma is the decimal sign.

    It is refused, not read: such a spreadsheet may have taken ``110.440`` for a hundred thousand before.

    Example:
        >>> print(*separator_problems("villages.csv", ["code;lat"]), *separator_problems("villages.csv", ["code"]))
        villages.csv, line 1: the cells are separated by semicolons. save it as comma-separated CSV UTF-8 with decimal \
points: the list separator and the decimal sign of the system's regional settings decide
    """
    if len(header) != 1 or not {";", "\t"} & set(header[0]):
        return []
    what = "the cells are separated by semicolons" if ";" in header[0] else "the cells are separated by tabs"
    remedy = (
        "save it as comma-separated CSV UTF-8 with decimal points: "
        "the list separator and the decimal sign of the system's regional settings decide"
    )
    return [Problem(file, what, remedy, 1)]


def _header_problems(file: str, header: list[str], columns: Sequence[Column]) -> list[Problem]:
    separator = separator_problems(file, header)
    if separator:
        return separator
    names = [column.name for column in columns]
    problems = [
        Problem(file, "a column is missing", "add it to the header", 1, column.name)
        for column in columns
        if column.name not in header and not column.optional
    ]
    remedy = say("remove it; the columns are {names}", names=", ".join(names))
    problems += [Problem(file, "unknown column", remedy, 1, name) for name in header if name not in names]
    problems += [
        Problem(file, "a column appears twice", "keep one", 1, name)
        for name in {n for n in header if header.count(n) > 1}
    ]
    return problems


def _cell(raw: str, column: Column) -> tuple[Cell, tuple[str, str] | None]:
    if column.kind == "text":
        if not raw and column.required:
            return raw, (say("the cell is empty"), say("a text"))
        if raw and column.choices and raw not in column.choices:
            return raw, (say("unknown word"), say("one of {words}", words=", ".join(column.choices)))
        return raw, None
    if not raw and not column.required:
        return 0, None
    try:
        value: Cell = float(raw) if column.kind == "number" else int(raw)
    except ValueError:
        what = say("not a number" if column.kind == "number" else "not a whole number")
        return 0, (what, _bounds(column))
    low, high = (0.0, 1.0) if column.kind == "flag" else (column.low, column.high)
    if not low <= float(value) <= high:  # also refuses nan
        return value, (say("out of bounds"), _bounds(column))
    return value, None


def _remedy(raw: str, column: Column, lon: str) -> str:
    """What to do about a wrong number, where its looks tell; ``lon`` is the cell beside a latitude."""
    if column.kind == "text":
        return ""
    if re.fullmatch(r"-?\d+,\d+", raw):
        return say("write a decimal point, not a comma")
    if column.kind == "integer" and re.fullmatch(r"\d{1,3}(\.\d{3})+", raw):
        return say("write whole numbers without separators of thousands")
    if column.name == "lat" and _between(raw, -180, 180) and _between(lon, column.low, column.high):
        return say("lat and lon look swapped")
    return ""


def _between(raw: str, low: float, high: float) -> bool:
    try:
        return low <= float(raw) <= high
    except ValueError:
        return False


def _bounds(column: Column) -> str:
    if column.kind == "flag":
        return say("0 or 1")
    has_low, has_high = column.low > float("-inf"), column.high < float("inf")
    if has_low and has_high:
        return say("{low} to {high}", low=f"{column.low:g}", high=f"{column.high:g}")
    if has_low:
        return say("at least {least}", least=f"{column.low:g}")
    return say("at most {most}", most=f"{column.high:g}") if has_high else say("a number")


def _duplicates(table: Table, key: str) -> list[Problem]:
    first: dict[Cell, int] = {}
    problems = []
    for line, value in zip(table.line, table.columns[key], strict=True):
        if value in first:
            what = say("the same {column} stands in line {line}", column=key, line=first[value])
            problems.append(Problem(table.file, what, "give every row its own", line, key, str(value)))
        first.setdefault(value, line)
    return problems


def write_table(
    path: Path, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, private: bool = False
) -> None:
    r"""Write rows in the order of the declared columns; floats in shortest round-trip form.

    Raises:
        RunError: the file cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "demo.csv"
        >>> write_table(path, [Column("code"), Column("n", "integer")], [("A", 1)])
        >>> path.read_text(encoding="utf-8")
        'code,n\nA,1\n'
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    writer.writerows(rows)
    write_text(path, out.getvalue(), private=private)
