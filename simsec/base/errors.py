"""The errors simsec raises on purpose, as one small family.

::

    SimsecError
    ├── InputError   what was given is wrong: every problem at once, exit code 2
    └── RunError     the run itself failed: exit code 1
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input, and what to do about it.

    Attributes:
        file: the file, or the option of the command line.
        what: what is wrong, in plain words.
        remedy: what to do.
        row: line in the file (1 is the first line), 0 when there is none.
        column: column or dotted path inside the file.
        value: the value as it was read.
        bound: what would have been accepted.
    """

    file: str
    what: str
    remedy: str = ""
    row: int = 0
    column: str = ""
    value: str = ""
    bound: str = ""

    def __str__(self) -> str:
        """One line: where, what, the value, the bound, the remedy."""
        where = self.file + (f", line {self.row}" if self.row else "") + (f", {self.column}" if self.column else "")
        value = f" (found {self.value!r})" if self.value else ""
        bound = f"; expected {self.bound}" if self.bound else ""
        remedy = f". {self.remedy}" if self.remedy else ""
        return f"{where}: {self.what}{value}{bound}{remedy}"


class SimsecError(Exception):
    """Every error simsec raises on purpose.

    Example:
        >>> issubclass(InputError, SimsecError)
        True
    """

    exit_code = 1


class RunError(SimsecError):
    """The run failed although the input was fine: a full disk, a worker that died, a solver without an answer.

    Example:
        >>> RunError("no space left").exit_code
        1
    """


class InputError(SimsecError):
    """The input is wrong; carries every problem found, not only the first.

    Args:
        problems: at least one problem.

    Example:
        >>> error = InputError([Problem("villages.csv", "negative count", "give 0 or more", 3, "n_stations", "-4")])
        >>> print(error)
        villages.csv, line 3, n_stations: negative count (found '-4'). give 0 or more
        >>> error.exit_code
        2
    """

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems; the message lists them a line each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
