"""Sheets that look alike: marking, headings, filters, widths, print set-up, and text that is never a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from simsec.locale import Texts

Value = str | int | float | None

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SHEET_ILLEGAL = re.compile(r"[\[\]:*?/\\]")
_SHEET_LONGEST = 31
_HEAD = PatternFill("solid", fgColor="D9E8F5")
_BAND = PatternFill("solid", fgColor="F4F6F8")
_TOP = Border(top=Side(style="thin", color="22262B"))
_WIDEST = 60
_MARK = "B3261E"
_LINE_POINTS = 13.0


@dataclass(frozen=True)
class Column:
    """A column of a sheet: its heading, how its numbers are shown, how wide it is at least."""

    heading: str
    number_format: str = "General"
    width: int = 9


def put(cell: Cell | MergedCell, value: Value) -> None:
    """Write a value; what might be read as a formula is written as text, nan and infinity as an empty cell.

    Example:
        >>> sheet = Workbook().active
        >>> put(sheet["A1"], "=1+1")
        >>> sheet["A1"].data_type, sheet["A1"].value
        ('s', '=1+1')
    """
    if isinstance(cell, MergedCell):
        raise ValueError(f"{cell.coordinate} is covered by a merged cell")
    if isinstance(value, float):
        cell.value = value if np.isfinite(value) else None
        return
    if isinstance(value, str):
        text = _ILLEGAL.sub("", value)
        cell.value = text
        if text.startswith(FORMULA_STARTS):
            cell.data_type = "s"
            cell.quotePrefix = True
        return
    cell.value = value


def sheet_name(wanted: str, taken: Iterable[str]) -> str:
    r"""A legal name no other sheet has: no ``[]:*?/\``, at most 31 characters, told apart without regard to case.

    Example:
        >>> sheet_name("Polsek A/B", ["polsek a b"])
        'Polsek A B 2'
    """
    clean = _SHEET_ILLEGAL.sub(" ", _ILLEGAL.sub("", wanted)).strip().strip("'") or "-"
    known = {name.casefold() for name in taken}
    name, number = clean[:_SHEET_LONGEST].strip(), 1
    while name.casefold() in known:
        number += 1
        tail = f" {number}"
        name = clean[: _SHEET_LONGEST - len(tail)].strip() + tail
    return name


@lru_cache(maxsize=4)
def _font(bold: bool, size: int = 10, colour: str = "22262B") -> Font:
    return Font(name="Arial", bold=bold, size=size, color=colour)


def new_sheet(book: Workbook, name: str, title: str, notes: Sequence[str], texts: Texts) -> tuple[Worksheet, int]:
    """Add a sheet with marking, title and notes, ready to print.

    Args:
        book: gets the sheet.
        name: made legal and unique.
        title: first line below the marking.
        notes: a line each.
        texts: the language of the marking.

    Returns:
        The sheet, and the row where a table may begin.
    """
    sheet = book.create_sheet(sheet_name(name, book.sheetnames))
    for row, (line, font) in enumerate(
        [
            (texts.t("marking_long"), _font(True, 11, _MARK)),
            (title, _font(True, 13)),
            *((n, _font(False)) for n in notes),
        ],
        start=1,
    ):
        put(sheet.cell(row, 1), line)
        sheet.cell(row, 1).font = font
    for part in (sheet.oddHeader, sheet.oddFooter):
        part.center.text = f"&B{texts.t('marking')}"
    sheet.oddFooter.right.text = "&P / &N"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    return sheet, len(notes) + 4


def write_table(
    sheet: Worksheet,
    at: int,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Value]],
    *,
    main: bool = True,
    group_by: int | None = None,
) -> int:
    """Write a table; the main one of a sheet gets frozen headings, filters and print titles.

    Args:
        sheet: where.
        at: row of the headings.
        columns: headings and formats.
        rows: values.
        main: whether filters and frozen panes belong to it; a sheet has one such table.
        group_by: shade rows by runs of equal values in this column.

    Returns:
        The row after next, where another table may begin.
    """
    for number, column in enumerate(columns, start=1):
        cell = sheet.cell(at, number)
        put(cell, column.heading)
        cell.font, cell.fill = _font(True), _HEAD
        words = any(isinstance(row[number - 1], str) for row in rows)
        cell.alignment = Alignment(wrap_text=True, vertical="bottom", horizontal="left" if words else "right")
    shaded = True
    for place, values in enumerate(rows, start=at + 1):
        new = group_by is not None and (place == at + 1 or values[group_by] != rows[place - at - 2][group_by])
        shaded = shaded != new
        for number, (column, value) in enumerate(zip(columns, values, strict=True), start=1):
            cell = sheet.cell(place, number)
            put(cell, value)
            cell.font = _font(False)
            if not isinstance(value, str):
                cell.number_format = column.number_format
            if group_by is not None and shaded:
                cell.fill = _BAND
            if new:
                cell.border = _TOP
    last = at + len(rows)
    _set_widths(sheet, columns, rows)
    lines = [
        -(-len(column.heading) // (sheet.column_dimensions[get_column_letter(number)].width - 2))
        for number, column in enumerate(columns, start=1)
    ]
    sheet.row_dimensions[at].height = _LINE_POINTS * (max(lines) + 1 if max(lines) > 1 else 1) + 2
    if main:
        sheet.freeze_panes = sheet.cell(at + 1, 2).coordinate
        sheet.auto_filter.ref = f"A{at}:{get_column_letter(len(columns))}{last}"
        sheet.print_title_rows = f"{at}:{at}"
    return last + 2


def _set_widths(sheet: Worksheet, columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> None:
    """Wide enough for the longest text and the longest word of the heading; never narrower than an earlier table."""
    for number, column in enumerate(columns):
        longest = max((len(text) for row in rows if isinstance(text := row[number], str)), default=0)
        letter = get_column_letter(number + 1)
        now = sheet.column_dimensions[letter].width if letter in sheet.column_dimensions else 0
        heading = max((len(word) for word in column.heading.split()), default=0)
        sheet.column_dimensions[letter].width = min(max(column.width, heading + 3, longest + 2, now), _WIDEST)
