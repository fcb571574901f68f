"""Scripts and session files: read with every problem at once, line and field named; written whole and private."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simsec.base.errors import InputError, Problem, say
from simsec.base.files import write_text
from simsec.drill.checking import command_problems
from simsec.drill.schema import (
    FORMAT,
    Command,
    Decision,
    DrillDay,
    Event,
    Numbered,
    Script,
    SessionFile,
)
from simsec.drill.session import Session
from simsec.drill.stage import Stage, stage_of
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario, unreadable, validation_words

_Rows = list[tuple[int, Command]]  # place in its list, command
_HEADER = re.compile(r"^\s*\[\[\s*([^\]]+?)\s*\]\]")
_EVENT: TypeAdapter[Any] = TypeAdapter(Event)
_DECISION: TypeAdapter[Any] = TypeAdapter(Decision)


def _line(text: str, table: str, place: int, field: str) -> int:
    """Line of a field in the n-th ``[[table]]`` of a script; that of the header where the field is not written."""
    lines = text.splitlines()
    headers = [(row, match[1].replace('"', "")) for row, line in enumerate(lines) if (match := _HEADER.match(line))]
    starts = [row for row, name in headers if name == table]
    if place >= len(starts):
        return 0
    start = starts[place]
    end = next((row for row, _ in headers if row > start), len(lines))
    written = re.compile(rf"^\s*{re.escape(field)}\s*=") if field else None
    found = next((row for row in range(start, end) if written and written.match(lines[row])), start)
    return found + 1


def _loc(item: Any) -> tuple[str, int, str]:
    """Table, place and field of something pydantic complains of; the tag of the union is no part of the path."""
    path = list(item["loc"])
    at = next((number for number, step in enumerate(path) if isinstance(step, int)), -1)
    if at < 0:
        return ".".join(map(str, path)), -1, ""
    return ".".join(map(str, path[:at])), path[at], ".".join(map(str, path[at + 2 :]))


def read_script(path: Path, scenario: Scenario, plan: Plan, seed: int | None = None) -> tuple[Script, Session]:
    """Read a script and make its session: a branch for each list of the room's decisions, ``A`` when there is none.

    Args:
        path: the script, TOML.
        scenario: what is known.
        plan: what is decided before the day.
        seed: in place of the script's own.

    Raises:
        InputError: everything wrong with the script, at once.
    """
    text, data = _read_toml(path)
    problems: list[Problem] = []
    script: Script | None = None
    try:
        script = Script.model_validate(data)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            table, place, field = _loc(item)
            row = _line(text, table, place, field) if place >= 0 else 0
            column = table if place < 0 else ".".join(part for part in (table, str(place), field) if part)
            value = "" if isinstance(item["input"], dict | list) else str(item["input"])
            if item["type"] == "union_tag_invalid":
                value = str(item["input"].get("do", ""))
            problems.append(Problem(path.name, validation_words(item), "", row, column, value))
    day = script.day if script else _valid(TypeAdapter(DrillDay), data.get("day", {})) or DrillDay()
    stage = stage_of(scenario, plan, day.type, day.seed if seed is None else seed, day.replication)
    raw_rooms = data.get("room")
    lists = {"events": _commands(_EVENT, data.get("events"))}
    if isinstance(raw_rooms, dict):
        lists |= {f"room.{name}": _commands(_DECISION, raw) for name, raw in raw_rooms.items()}
    earlier = [command for _, command in lists["events"]]
    unread = _names(data) - {command.name for rows in lists.values() for _, command in rows}
    for table, rows in lists.items():

        def where(number: int, field: str, table: str = table, rows: _Rows = rows) -> tuple[int, str]:
            return _line(text, table, rows[number][0], field), f"{table}.{rows[number][0]}.{field}"

        before = [] if table == "events" else earlier
        problems += command_problems(stage, before, [command for _, command in rows], path.name, where, unread)
    if problems or script is None:
        raise InputError(problems)
    return script, _session(stage, script)


def _valid(adapter: TypeAdapter[Any], raw: object) -> Any:
    try:
        return adapter.validate_python(raw)
    except ValidationError:
        return None


def _commands(adapter: TypeAdapter[Any], raw: object) -> _Rows:
    """Those that can be read, with their places in the list; what cannot was told already."""
    items = raw if isinstance(raw, list) else []
    return [(place, command) for place, item in enumerate(items) if (command := _valid(adapter, item)) is not None]


def _names(raw: object) -> set[str]:
    """Every name a script gives, also to commands that cannot be read."""
    if isinstance(raw, dict):
        own = {raw["name"]} if isinstance(raw.get("name"), str) else set()
        return own.union(*(_names(value) for value in raw.values()))
    return set().union(*(_names(item) for item in raw)) if isinstance(raw, list) else set()


def _session(stage: Stage, script: Script) -> Session:
    events = [Numbered(number=number, command=command) for number, command in enumerate(script.events, start=1)]
    given, branches = len(events), dict[str, tuple[Numbered, ...]]()
    for name, decisions in (script.room or {"A": ()}).items():
        own = [Numbered(number=given + n, command=command) for n, command in enumerate(decisions, start=1)]
        given += len(own)
        branches[name] = (*events, *own)
    return Session(stage, branches, given)


def _read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except FileNotFoundError:
        raise InputError([Problem(str(path), "the file is missing", "give the path of a script")]) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError([unreadable(path.name, error)]) from None
    _known_format(path.name, data.get("format"))
    return text, data


def _known_format(file: str, written: object) -> None:
    if written != FORMAT:
        newer = isinstance(written, int) and written > FORMAT
        remedy = "update simsec" if newer else "the first line: format = 1"
        raise InputError([Problem(file, "unknown format", remedy, 1, "format", str(written), str(FORMAT))])


def write_session(path: Path, session: Session) -> None:
    """Write a session: the day and the numbered commands, which are all of its state.

    Raises:
        RunError: the file cannot be written.
    """
    stage = session.stage
    file = SessionFile(
        format=1,
        scenario=stage.scenario.settings.name,
        scenario_hash=stage.scenario.hash,
        plan_hash=stage.plan.hash,
        day=DrillDay.model_validate(
            {"type": stage.day.day_type, "seed": stage.day.seed, "replication": stage.day.replication}
        ),
        given=session.given,
        branches=session.branches,
    )
    data = file.model_dump(mode="json", by_alias=True, exclude_none=True)
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n", private=True)


def read_session(path: Path, scenario: Scenario, plan: Plan) -> Session:
    """Read a session; it replays to the state it was written in, to the last digit.

    Args:
        path: as :func:`write_session` wrote it.
        scenario: the scenario it was made with.
        plan: the plan it was made with.

    Raises:
        InputError: everything wrong with the file; also another version of the scenario or of the plan.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError([Problem(str(path), "the file is missing", "give the path of a session file")]) from None
    except OSError as error:
        raise InputError([unreadable(path.name, error)]) from None
    except ValueError:  # no JSON, or no UTF-8
        raise InputError([Problem(path.name, "not a JSON file", "give a session file")]) from None
    _known_format(path.name, data.get("format") if isinstance(data, dict) else None)
    try:
        file = SessionFile.model_validate(data)
    except ValidationError as error:
        raise InputError(
            Problem(path.name, validation_words(item), "", 0, ".".join(map(str, item["loc"])))
            for item in error.errors(include_url=False)
        ) from None
    problems = [
        Problem(path.name, "made with another version", say("give the {what} it was made with", what=what), 0, what)
        for what, made, found in (
            ("scenario", file.scenario_hash, scenario.hash),
            ("plan", file.plan_hash, plan.hash),
        )
        if made != found
    ]
    if problems:
        raise InputError(problems)
    stage = stage_of(scenario, plan, file.day.type, file.day.seed, file.day.replication)
    every = {entry.number: entry.command for entries in file.branches.values() for entry in entries}
    lost = len(every) < file.given  # undone everywhere: what it was called is not known any more
    for name, entries in file.branches.items():
        commands = [entry.command for entry in entries]
        source = f"{path.name}, {name}"
        problems += command_problems(stage, [], commands, source, elsewhere=list(every.values()), lost=lost)
    if problems:
        raise InputError(problems)
    return Session(stage, dict(file.branches), file.given)
