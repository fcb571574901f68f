"""What every command shares: errors into exit codes, progress bars, language, JSON."""

from __future__ import annotations

import logging
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from simsec.base.errors import InputError, SimsecError, say, system_words

if TYPE_CHECKING:
    from simsec.locale import Texts
    from simsec.scenario.reading import Scenario

FAILED, WRONG_INPUT = 1, 2
DayType = Literal["ordinary", "heavy_rain", "rumour", "severe"]
log = logging.getLogger("simsec")


class Language(StrEnum):
    """Languages of what people read."""

    en = "en"
    id = "id"


def texts_of(scenario: Scenario | None, language: Language | None) -> Texts:
    """Texts in the language asked for, else the scenario's, else English."""
    from simsec.locale import texts

    return texts(language.value if language else scenario.settings.language if scenario else "en")


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Write what the rooms log to a file while the work goes on; warnings also go to stderr."""
    path.touch(mode=0o600)
    handlers: list[logging.Handler] = [logging.FileHandler(path, encoding="utf-8"), logging.StreamHandler()]
    handlers[0].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handlers[1].setLevel(logging.WARNING)
    level = log.level
    log.setLevel(logging.INFO)
    for handler in handlers:
        log.addHandler(handler)
    try:
        yield
    finally:
        log.setLevel(level)
        for handler in handlers:
            log.removeHandler(handler)
            handler.close()


def language_of_errors(language: Language | None, scenario: Path | None) -> str:
    """The language asked for, else the one a scenario names, else that of the environment, else English.

    The scenario may be the very thing that is wrong, so its language is looked for line by line.
    """
    if language:
        return language.value
    try:
        text = (scenario / "scenario.toml").read_text(encoding="utf-8", errors="replace") if scenario else ""
    except OSError:
        text = ""
    named = re.search(r"""^language *= *["']([a-z]+)["']""", text, re.MULTILINE)
    locale = next((word for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (word := os.environ.get(name))), "")
    found = named[1] if named else re.split("[_.]", locale)[0]
    return found if found in tuple(Language) else Language.en.value


@contextmanager
def exit_codes(language: Language | None = None, scenario: Path | None = None) -> Iterator[None]:
    """Turn errors made on purpose into lines on stderr and an exit code: 2 wrong input, 1 a run failed or stopped.

    Args:
        language: of the lines; without it :func:`language_of_errors` decides.
        scenario: the folder the command was given.
    """

    def tell(text: str) -> str:
        from simsec.locale import texts

        return texts(language_of_errors(language, scenario)).message(text)

    try:
        yield
    except InputError as error:
        for problem in error.problems:
            typer.echo(f"simsec: {problem.line_in(tell)}", err=True)
        raise typer.Exit(error.exit_code) from None
    except SimsecError as error:
        typer.echo(f"simsec: {tell(error.args[0])}", err=True)
        raise typer.Exit(error.exit_code) from None
    except OSError as error:
        typer.echo(f"simsec: {error.filename or tell(say('file'))}: {tell(system_words(error))}", err=True)
        raise typer.Exit(FAILED) from None
    except MemoryError:
        typer.echo(f"simsec: {tell(say('there is too little memory for this run; ask for less'))}", err=True)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        typer.echo(f"simsec: {tell(say('stopped; nothing half-written was left'))}", err=True)
        raise typer.Exit(FAILED) from None


@contextmanager
def errors_in_json(json: bool, language: Language | None = None, scenario: Path | None = None) -> Iterator[None]:
    """Also say errors made on purpose as JSON on stdout, in words, before they become lines and an exit code."""
    try:
        yield
    except SimsecError as error:
        if json:
            from simsec.locale import texts

            tell = texts(language_of_errors(language, scenario)).message
            lines = [problem.line_in(tell) for problem in error.problems] if isinstance(error, InputError) else []
            print_json({"error": lines or [tell(error.args[0])], "exit_code": error.exit_code})
        raise


@contextmanager
def progress_bars(show: bool) -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Bars on stderr when it is a terminal: call with a label for a bar, then the bar with done and all.

    Without a terminal each bar leaves one line when it is full.
    """
    if not show or not sys.stderr.isatty():

        def plain(label: str) -> Callable[[int, int], None]:
            def tell(done: int, every: int) -> None:
                if show and done == every:
                    typer.echo(f"{label}: {done}/{every}", err=True)

            return tell

        yield plain
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def bar(label: str) -> Callable[[int, int], None]:
            task = bars.add_task(label, total=None)
            return lambda done, every: bars.update(task, completed=done, total=every)

        yield bar


def days_of_search(area: Scenario) -> dict[str, Any]:
    """The days of a search where one type alone counts; nothing, and so the usual days, where all do."""
    from simsec.optimization import search
    from simsec.optimization.budget import days_that_count

    if not area.only:
        return {}
    days = {"training": search.TRAINING, "selection": search.SELECTION, "acceptance": search.ACCEPTANCE}
    return {name: days_that_count(area, each) for name, each in days.items()}


def command_line(command: str, scenario: Path, **options: object) -> str:
    """The command that makes the same run again from the same place.

    Args:
        command: its name.
        scenario: the folder it was given.
        options: by name, an underscore for a hyphen; one that is None or False is left out, True is a flag.

    Example:
        >>> command_line("plan", Path("areas/my area"), world_days=40, time_limit=60.0, lang=None, voters=True)
        "simsec plan 'areas/my area' --world-days 40 --time-limit 60 --voters"
    """
    words = ["simsec", command, path_told(scenario)]
    for name, value in options.items():
        if value is None or value is False:
            continue
        words.append(f"--{name.replace('_', '-')}")
        if isinstance(value, Path):
            words.append(path_told(value))
        elif value is not True:
            words.append(str(value).removesuffix(".0") if isinstance(value, float) else str(value))
    return shlex.join(words)


def path_told(path: Path) -> str:
    """A path as it was given, but from here on where it lies below: others have the same checkout elsewhere."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def print_json(data: Any) -> None:
    """One JSON document on stdout; nan and infinity become null."""
    from simsec.results.run_folder import json_text

    typer.echo(json_text(data))


def estimate_json(estimate: Any) -> dict[str, Any]:
    """A figure with its interval, for machines; and why the interval may cover too seldom, where it may."""
    from simsec.results.run_folder import estimate_json as written

    return written(estimate)
