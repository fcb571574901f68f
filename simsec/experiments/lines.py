"""On which line of a TOML file something stands, as far as its headers and keys tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_HEADER = re.compile(r"^\s*(\[\[?)([^\]]+)\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_STEP = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
Place = tuple[str | int, ...]


def _steps(dotted: str) -> Place:
    return tuple(step.strip("\"'") for step in _STEP.findall(dotted))


def _places(text: str) -> Iterator[tuple[Place, int]]:
    """Every header and every key at the beginning of a line, with its line."""
    table: Place = ()
    count: dict[Place, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _steps(header[2])
            if header[1] == "[[":
                count[table] = count.get(table, -1) + 1
                table = (*table, count[table])
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_steps(key[1])), number


def line_of(text: str, place: Sequence[str | int]) -> int:
    r"""The line of a key, or of the table or key it lies in; 0 where nothing of it is found.

    Args:
        text: of the file.
        place: steps from the top, a number for the place in a list, as pydantic counts them.

    Example:
        >>> text = 'seed = 1\n[[factors]]\npath = "a"\n[[factors]]\npath = "b"\nlevels = [1, 2]'
        >>> line_of(text, ("factors", 1, "levels", 0)), line_of(text, ("factors", 0, "levels")), line_of(text, ("x",))
        (6, 2, 0)
    """
    wanted, best, found = tuple(place), 0, 0
    for steps, number in _places(text):
        if len(steps) > best and steps == wanted[: len(steps)]:
            best, found = len(steps), number
    return found
