"""The clock of the operation: float minutes after local midnight of polling day, written as ``H 13:05``."""

from __future__ import annotations

import re

from simsec.base.errors import say

DAY_MIN = 1440
_STAMP = re.compile(r"^H(?:(?P<sign>[+-])(?P<days>\d+))?\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})$")


def parse_stamp(text: str) -> float:
    """Read ``H-1 20:00``, ``H 13:05`` or ``H+1 02:10`` as minutes after midnight of polling day.

    Raises:
        ValueError: the text is no such stamp.

    Example:
        >>> parse_stamp("H 13:05"), parse_stamp("H-1 20:00"), parse_stamp("H+1 02:10")
        (785.0, -240.0, 1570.0)
    """
    match = _STAMP.match(text.strip())
    if not match or int(match["hour"]) > 24 or int(match["minute"]) > 59:
        raise ValueError(say("{text!r} is no time such as 'H 13:05', 'H-1 20:00' or 'H+1 02:10'", text=text))
    days = int(match["days"] or 0) * (-1 if match["sign"] == "-" else 1)
    return float(days * DAY_MIN + int(match["hour"]) * 60 + int(match["minute"]))


def format_stamp(minutes: float) -> str:
    """Write minutes after midnight of polling day as a stamp, to the whole minute.

    Example:
        >>> format_stamp(785.0), format_stamp(-240.0), format_stamp(1570.2)
        ('H 13:05', 'H-1 20:00', 'H+1 02:10')
    """
    days, rest = divmod(round(minutes), DAY_MIN)
    return f"H{f'{days:+d}' if days else ''} {rest // 60:02d}:{rest % 60:02d}"
