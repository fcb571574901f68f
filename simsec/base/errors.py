"""The errors simsec raises on purpose, as one small family.

::

    SimsecError
    ├── InputError   what was given is wrong: every problem at once, exit code 2
    └── RunError     the run itself failed: exit code 1
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from numbers import Number
from typing import Any


class Message(str):
    """An English sentence that still knows its template, so that a catalogue can say it in another language.

    It is the sentence: equal to it, hashed like it, printed like it. Slicing it or joining it to another text leaves
    the sentence alone, without its template.

    Attributes:
        template: the sentence with ``{fields}``, as a catalogue lists it; without values it is taken as it is.
        values: field and what fills it, in order; a message among them is told in the other language too.
        key: where a catalogue lists a sentence that comes ready-made from a library or the system; then ``template``
            is that sentence.

    Example:
        >>> message = Message("no post of type {type!r}", {"type": "kpu"})
        >>> message, message.template, message.values
        ("no post of type 'kpu'", 'no post of type {type!r}', (('type', 'kpu'),))
    """

    __slots__ = ("key", "template", "values")
    template: str
    values: tuple[tuple[str, object], ...]
    key: str

    def __new__(cls, template: str, values: Mapping[str, object] | None = None, key: str = "") -> Message:
        """Fill the fields in."""
        message = super().__new__(cls, template.format(**values) if values and not key else template)
        for name, value in (("template", template), ("values", tuple((values or {}).items())), ("key", key)):
            object.__setattr__(message, name, value)
        return message

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a message is never changed."""
        raise AttributeError(f"a message is never changed: {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the template when an error travels home from a worker process."""
        return Message, (self.template, dict(self.values), self.key)


def say(template: str, /, **values: object) -> str:
    """A :class:`Message` from a literal template; a test holds every template against the catalogues.

    Example:
        >>> say("at most {most}", most=7)
        'at most 7'
    """
    kept = {name: value if isinstance(value, str | Number) else str(value) for name, value in values.items()}
    return Message(template, kept)


def either(words: Iterable[str]) -> str:
    """Words with ``or`` between them.

    Example:
        >>> either(["highs", "cbc"])
        'highs or cbc'
    """
    return reduce(lambda first, second: say("{first} or {second}", first=first, second=second), words)


def system_words(error: OSError) -> Message:
    """What the system says about a file, under the name of its error number.

    Example:
        >>> words = system_words(FileNotFoundError(errno.ENOENT, "No such file or directory"))
        >>> words, words.key
        ('No such file or directory', 'system.ENOENT')
    """
    return Message(error.strerror or str(error), key=f"system.{errno.errorcode.get(error.errno or 0, '')}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input, and what to do about it.

    Attributes:
        file: the file, or the option of the command line.
        what: what is wrong, in plain words: a literal, or a :class:`Message` where it has values.
        remedy: what to do, likewise.
        row: line in the file (1 is the first line), 0 when there is none.
        column: column or dotted path inside the file.
        value: the value as it was read.
        bound: what would have been accepted, like ``what``.
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
        return self.line_in(str)

    def line_in(self, tell: Callable[[str], str]) -> str:
        """The line in another language; names and values stay as they were read, unless they are messages.

        Args:
            tell: gives a message or a plain sentence in that language.

        Example:
            >>> Problem("plan", "no such post", value="x").line_in(lambda text: text.upper())
            "plan: NO SUCH POST (FOUND 'X')"
        """

        def name(text: str) -> str:
            return tell(text) if isinstance(text, Message) else text

        line = ", " + tell(say("line {row}", row=self.row)) if self.row else ""
        column = ", " + name(self.column) if self.column else ""
        value = " (" + tell(say("found {value!r}", value=self.value)) + ")" if self.value else ""
        bound = "; " + tell(say("expected {bound}", bound=tell(self.bound))) if self.bound else ""
        remedy = ". " + tell(self.remedy) if self.remedy else ""
        return f"{name(self.file)}{line}{column}: {tell(self.what)}{value}{bound}{remedy}"


class SimsecError(Exception):
    """Every error simsec raises on purpose.

    Example:
        >>> issubclass(InputError, SimsecError)
        True
    """

    exit_code = 1


class RunError(SimsecError):
    """The run failed although the input was fine: a full disk, a worker that died, a solver without an answer.

    Args:
        said: what happened, a literal or a :class:`Message`.

    Example:
        >>> RunError("no space left").exit_code
        1
    """

    def __init__(self, said: str) -> None:
        """Keep the message."""
        super().__init__(said)
        self.said = said


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

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the problems when the error travels home from a worker process."""
        return InputError, (self.problems,)
