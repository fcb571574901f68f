"""A plan as files people can read: ``plan.toml`` with posts and policy, ``blocks.csv`` with a row a station."""

from __future__ import annotations

import json
import logging
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from simsec.base.errors import InputError, Problem, say
from simsec.base.files import write_text
from simsec.plan.feasibility import check_plan
from simsec.plan.plan import Plan
from simsec.scenario.parameter import Strict
from simsec.scenario.reading import Scenario, unreadable, validation_words
from simsec.scenario.schema import CLASSES, Policy, Prepositioned, Reading
from simsec.scenario.tables import Column, read_table, write_table

FORMAT = 1
_log = logging.getLogger(__name__)
BLOCK_COLUMNS = (
    Column("station_code"),
    Column("station", required=False, meaning="name, for people"),
    Column("village", required=False, meaning="name, for people"),
    Column("subdistrict", required=False, meaning="name, for people"),
    Column("class", required=False, choices=CLASSES, meaning="for people"),
    Column("block", "integer", 1, 100000, meaning="number of the guard block, and of its pair"),
    Column("locked", "flag", meaning="1: fixed by the planner"),
)


class PlanFile(Strict):
    """What ``plan.toml`` may say."""

    format: Literal[1]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    reading: Reading
    scenario_hash: str = ""
    policy: Policy
    patrols: dict[str, Annotated[int, Field(ge=0)]]
    squads: dict[str, Annotated[int, Field(ge=0)]]
    prepositioned: tuple[Prepositioned, ...] = ()


def write_plan(folder: Path, plan: Plan, scenario: Scenario) -> None:
    """Write a plan into a folder; readable by the owner only where the system has file modes.

    Raises:
        RunError: a file cannot be written.
    """
    stations, villages = scenario.stations, scenario.villages
    locked = plan.locked if len(plan.locked) else np.zeros(len(stations), dtype=np.bool_)
    rows = [
        (
            stations.code[n],
            stations.name[n],
            villages.name[int(stations.village[n])],
            villages.subdistrict_names[int(stations.subdistrict[n])],
            CLASSES[int(stations.station_class[n])],
            int(plan.block[n]) + 1,
            int(locked[n]),
        )
        for n in range(len(stations))
    ]
    write_table(folder / "blocks.csv", BLOCK_COLUMNS, rows, private=True)
    write_text(folder / "plan.toml", _toml(plan), private=True)


def _quoted(value: object) -> str:
    """A TOML value: as JSON writes it, save that TOML wants characters beyond the first plane as they are."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml(plan: Plan) -> str:
    lines = [
        f"format = {FORMAT}",
        f"name = {_quoted(plan.name)}",
        f"reading = {_quoted(plan.reading)}  # how the announced strength was read",
        f"scenario_hash = {_quoted(plan.scenario_hash)}",
        "",
        "[policy]",
        *(f"{key} = {_quoted(value)}" for key, value in plan.policy.model_dump().items()),
        "",
        "[patrols]  # post -> patrols of two",
        *(f"{_quoted(site)} = {count}" for site, count in sorted(plan.patrols.items())),
        "",
        "[squads]  # post, or village as forward post -> squads of the reserve",
        *(f"{_quoted(site)} = {count}" for site, count in sorted(plan.squads.items())),
    ]
    for held in plan.prepositioned:
        lines += ["", "[[prepositioned]]  # sleeps there from H-1 to H+1, released to nobody"]
        lines += [f"village = {_quoted(held.village)}", f"unit = {_quoted(held.unit)}"]
    return "\n".join(lines) + "\n"


def read_plan(folder: Path, scenario: Scenario) -> Plan:
    """Read a plan and check that the scenario can carry it out.

    Raises:
        InputError: everything wrong with the files or the plan, at once.
    """
    path = folder / "plan.toml"
    problems: list[Problem] = []
    file: PlanFile | None = None
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        written = data.get("format")
        if written != FORMAT:
            remedy = "update simsec" if isinstance(written, int) and written > FORMAT else "the first line: format = 1"
            raise InputError([Problem("plan.toml", "unknown format", remedy, 1, "format", str(written), str(FORMAT))])
        file = PlanFile.model_validate(data)
    except FileNotFoundError:
        remedy = say("give a plan folder; {folder} is none", folder=folder)
        problems.append(Problem("plan.toml", "the file is missing", remedy))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(unreadable("plan.toml", error))
    except ValidationError as error:
        problems += [
            Problem("plan.toml", validation_words(item), "", 0, ".".join(map(str, item["loc"])), str(item["input"]))
            for item in error.errors(include_url=False)
        ]
    try:
        table = read_table(folder / "blocks.csv", BLOCK_COLUMNS, "station_code")
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    place = {code: number for number, code in enumerate(scenario.stations.code)}
    block = np.full(len(place), -1, dtype=np.int64)
    locked = np.zeros(len(place), dtype=np.bool_)
    for row, code in enumerate(table.texts("station_code")):
        if code not in place:
            remedy = "remove the row, or use the plan's own scenario"
            problems.append(Problem("blocks.csv", "no such station", remedy, table.line[row], "station_code", code))
            continue
        block[place[code]] = int(table.columns["block"][row]) - 1
        locked[place[code]] = bool(table.columns["locked"][row])
    missing = [code for code, number in place.items() if block[number] < 0]
    for code in missing[:20]:
        problems.append(Problem("blocks.csv", "a station has no row", "add it with its block", 0, "station_code", code))
    if len(missing) > 20:
        what = say("and {more} more stations have no row", more=len(missing) - 20)
        problems.append(Problem("blocks.csv", what))
    if problems or file is None:
        raise InputError(problems)
    plan = Plan(
        name=file.name,
        block=block,
        patrols=file.patrols,
        squads=file.squads,
        policy=file.policy,
        reading=file.reading,
        locked=locked,
        scenario_hash=file.scenario_hash,
        prepositioned=file.prepositioned,
    )
    if file.scenario_hash and file.scenario_hash != scenario.hash:
        _log.warning("%s was made for another version of this scenario (%s)", folder, file.scenario_hash)
    check_plan(scenario, plan, str(folder.name))
    return plan
