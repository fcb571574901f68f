"""Write the pages of ``docs/formats`` from the declarations in the code: ``python tools/formats.py``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path

from pydantic import BaseModel

from simsec.day.log import log_columns
from simsec.day.log_tables import TABLES as LOG_TABLES
from simsec.drill.places import FORMS
from simsec.drill.schema import EVENTS, ROOM, Script, SessionFile
from simsec.drill.sheet import COLUMNS
from simsec.experiments.job import FAILURE_SCHEMA
from simsec.experiments.playing import INCIDENT_SCHEMA, runs_schema
from simsec.experiments.reading import MEASURES
from simsec.experiments.schema import ExperimentFile
from simsec.plan.files import BLOCK_COLUMNS, PlanFile
from simsec.results.tables import TABLES
from simsec.scenario.climate import CLIMATE_COLUMNS
from simsec.scenario.general import PLACE_COLUMNS, PREFERENCE_COLUMNS, RATE_COLUMNS
from simsec.scenario.places import POST_COLUMNS, ROAD_COLUMNS, STATION_COLUMNS, VILLAGE_COLUMNS
from simsec.scenario.schema import FORMAT, Settings
from simsec.scenario.tables import Column

FOLDER = Path(__file__).parents[1] / "docs" / "formats"


_GENERAL = """
# General scenarios

A queue, a fleet of ambulances, a recorded day: `extends = "general"` is the second line of `scenario.toml`. Then
nothing delays, rains, is dark or varies unless the file says so, grade and source may be left out, and a figure may be
a bare number. The tables are `places.csv`, `travel.csv` and, where they are wanted, `preferences.csv` and `rates.csv`;
none of those above is needed. Six small examples stand in `scenarios/textbook`.

```toml
format = 1
extends = "general"
name = "two-doctors"

[clock]
starts = "H 00:00"
ends = "H+3 00:00"

[[units]]
kind = "doctor"
capabilities = ["medic"]

[[teams]]        # where they stand: a code of places.csv
unit = "doctor"
at = "clinic"
per_post = 2

[incidents.visit]
rate_per_hour = 3   # at every place; or rows of rates.csv
on_scene_min = { distribution = "lognormal", mean = 20, cv = 0.8 }
needs = { green = { medic = 1 } }

[queue]
order = "first_come"
returns = "at_once"
```

- `extends` also takes the path of another scenario folder, counted from this one. Tables of `scenario.toml` are merged
  key by key; a figure and a list are replaced as a whole; a CSV file that is not here is taken from there. `name` is
  always a folder's own.
- `profile = "pemilu"` or `"pilkada"` beside `extends` gives the area that election: hours, types of day, patterns,
  incidents, weather and voters of the packaged settings are laid over what it extends, and under what stands here.
- `travel.csv` is long (`from,to,minutes`, a row a pair) or square (a header of codes, a row a place). It may be
  asymmetric. Blank: no way; for a place to itself 0. A place lies on the way of two others where the minutes add up.
- `distribution` of a figure whose name ends in `_min`: `triangular` (low, mode, high; the default), `constant` (value),
  `exponential` (mean), `lognormal` and `gamma` (mean, cv), `empirical` (values). `low` and `high` beside a `mean` are
  the range of the mean.
- `[queue]`: `order` is `area_level_time`, `level_time` (a priority queue: the level is the priority) or `first_come`;
  `full` is `wait` or `lost`; `returns` is `on_the_road` or `at_once`; `service_from` is `arrival` or `order` (the drive
  lies inside the service, as in Larson's hypercube model).
- `[policy] name = "preference_list"` sends the first free unit of the first base on the list of the place.
- Without `[[ladders]]` every capability has one step with all units that have it.
"""


def _bounds(column: Column) -> str:
    if column.choices:
        return ", ".join(column.choices)
    if column.kind == "flag":
        return "0 or 1"
    if column.kind == "text":
        return "may be left out" if column.optional else "" if column.required else "may be blank"
    low = f"from {column.low:g}" if column.low > float("-inf") else ""
    high = f"to {column.high:g}" if column.high < float("inf") else ""
    blank = "may be left out" if column.optional else "" if column.required else "may be blank"
    bounds = " ".join(part for part in (low, high) if part)
    return ", ".join(part for part in (bounds, blank) if part)


def _columns(title: str, columns: Sequence[Column]) -> list[str]:
    rows = [f"| `{c.name}` | {c.kind} | {_bounds(c)} | {c.meaning} |" for c in columns]
    return [f"## `{title}`", "", "| column | kind | bounds | meaning |", "|---|---|---|---|", *rows, ""]


def _commands(title: str, models: Sequence[type[BaseModel]]) -> list[str]:
    """A section a command: what it does, and its fields beside ``at`` and ``name``."""
    lines = [f"## {title}", ""]
    for model in models:
        schema = model.model_json_schema(by_alias=True)
        do = schema["properties"].pop("do")
        words = " and ".join(f"`{word}`" for word in do.get("enum", [do.get("const")]))
        lines += [f"### {words}", "", cleandoc(model.__doc__ or "").replace("``", "`"), ""]
        required = [f"`{name}`" for name in schema["properties"] if name in schema["required"] and name != "at"]
        optional = [f"`{name}`" for name in schema["properties"] if name not in schema["required"] and name != "name"]
        lines += [f"Needs {', '.join(required)}." if required else "Needs nothing more."]
        lines += [f"May have {', '.join(optional)}."] if optional else []
        lines += [""]
    return lines


def drill_page() -> str:
    """The page of scripts and sessions."""
    lines = [
        "# Drill script and session, format 1",
        "",
        "A script is TOML ([JSON Schema](drill-script.schema.json)): `format = 1`, a `title`, a `day`, what happens",
        "as `[[events]]`, and what the room decides as `[[room.A]]`, `[[room.B]]`: a branch each. A session is JSON",
        "([JSON Schema](drill-session.schema.json)): the day and the numbered commands of every branch, which are all",
        "of its state. Every command has `at`, a stamp such as `H 09:05`, and may have a `name` by which others speak",
        "of it. Commands of one minute are given in the order of their numbers, before anything else of that minute.",
        "",
        *_commands("What happens", EVENTS),
        *_commands("What the room decides", ROOM),
        *("## Places", "", "| form | place |", "|---|---|"),
        *(f"| `{form}` | {meaning} |" for form, meaning in FORMS),
        *("", "## `after_action.csv`", ""),
        "A row an inject and branch, the doctrine last; minutes count from the inject, blank: never. Columns:",
        ", ".join(f"`{name}`" for name in COLUMNS) + ".",
        "",
    ]
    return "\n".join(lines)


def experiment_page() -> str:
    """The page of experiment files, and of the tables of a sweep."""
    tables = (("runs", runs_schema(MEASURES)), ("incidents", INCIDENT_SCHEMA), ("failures", FAILURE_SCHEMA))
    lines = [
        "# Experiment, format 1",
        "",
        "A TOML file ([JSON Schema](experiment.schema.json)): `format = 1`, a `name`, `scenarios` (folders,",
        "counted from the file), `days` of every type or a `precision`, and what is varied. `simsec sweep",
        "--check` tells everything wrong with it at once, each with its line.",
        "",
        "A factor has a `path` and `levels`, a `range`, a `prior`, or nothing: then low, mode and high are the",
        "scenario's. Paths are those of `scenario.toml`, such as `travel.friction`, `forces.police` or",
        "`voters.closing_rule`; and `day.type` forces a type of day, `plan.tps_per_pair` the block size of",
        "doctrines. `cases` name several settings that change together. `[unknowns]` makes a factor of every",
        "uncertain figure of a grade.",
        "",
        "Designs: `grid`, `one_at_a_time`, and with a `size` `latin_hypercube`, `sobol`, `morris`, `saltelli`.",
        "Plans: a `doctrine` (`announced`, or a block size), a `folder`, or `optimise = true` for a search at",
        "every point. Points meet the same days, unless `coupled = false`.",
        "",
        "# Folder of a sweep",
        "",
        "`manifest.json`, `experiment.toml`, `points.parquet`, `status.jsonl`, and a part file a task under",
        "`parts/`, or one file a table after `--compact`. `simsec query` and `simsec.experiments.open` give them",
        "as the tables `points`, `runs`, `failures`, `incidents` (where asked for), and `summary`: a row a point",
        "and plan, each type of day weighing as its probability there, with `<family>_measure`, the weighted",
        "minutes per expected weighted incident.",
        "",
    ]
    for name, schema in tables:
        rows = [f"| `{field.name}` | {field.type} |" for field in schema]
        lines += [f"## `{name}`", "", "| column | type |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Every page by file name."""
    scenario = [
        "# Scenario, format 1",
        "",
        "A folder with `scenario.toml` (first line `format = 1`; [JSON Schema](scenario.schema.json)) and these",
        "tables: CSV, UTF-8, a header, codes are text. Times are stamps such as `H 07:00`, `H-1 20:00`, `H+1 02:10`.",
        "",
        *_columns("villages.csv", VILLAGE_COLUMNS),
        *_columns("polling_stations.csv", STATION_COLUMNS),
        *_columns("posts.csv", POST_COLUMNS),
        *_columns("main_roads.csv", ROAD_COLUMNS),
        "`climate.csv` need not be there: one row, the month of polling day at a station. Nothing is drawn from it;",
        "the rain of simulated days can be held to it.",
        "",
        *_columns("climate.csv", CLIMATE_COLUMNS),
        *_GENERAL.strip().splitlines(),
        "",
        *_columns("places.csv", PLACE_COLUMNS),
        *_columns("preferences.csv", PREFERENCE_COLUMNS),
        *_columns("rates.csv", RATE_COLUMNS),
    ]
    plan = [
        "# Plan, format 1",
        "",
        "A folder with `plan.toml` ([JSON Schema](plan.schema.json)) and `blocks.csv`, a row a station.",
        "",
        *_columns("blocks.csv", BLOCK_COLUMNS),
    ]
    log = [
        "# Incident log, format 1",
        "",
        "A CSV file, UTF-8, with a header: one row an incident that somebody had to go out for. `time`, `place`,",
        "`kind` and `on_scene_min` must be there; every other column may be left out, and so may most of its cells.",
        "What is not there takes the most likely value of the scenario, and `simsec replay` lists it. Rows out of the",
        "order of time are taken in order of time; what cannot be right is refused, line by line.",
        "",
        "`simsec simulate --export-log FILE` writes a simulated day with every mark, figures in their shortest exact",
        "form: any plan meets that very day again, and the same plan ends it the same way to the last digit.",
        "`<ladder>_<n>` stands for step n of a ladder of the scenario.",
        "",
        "One unit carries somebody to `transport_to`: an ambulance where the incident needs one, else the unit that",
        "came first. It drives there once its minutes on scene are over, stays `handover_min`, and is free there.",
        "",
        "The dormant incidents a crowd may wake stand below the one they come from, without a time, those with the",
        "same `parent` below one another; together they are a group, and names need differ only inside a group.",
        "",
        *_columns("LOG.csv", log_columns(("<ladder>_<n>",))),
        "What holds for the whole of the day stands beside the log, under its name with `.weather.csv` and so on; a",
        "table need not be there. Without that of the weather the day is dry, without that of the roads all are open,",
        "without that of access the hamlets are reached as in dry weather, without that of the convoys no guard pair",
        "goes with boxes, and absences that the scenario gives a chance take place only where their table says so.",
        "Older logs, without some of the tables, are read. Whose pair goes with a truck follows from the plan: that of",
        "the block in which most of its stations lie.",
        "",
        *(line for name, columns in LOG_TABLES.items() for line in _columns(f"LOG.{name}.csv", columns)),
    ]
    results = ["# Result tables", "", "Parquet files; a column is never re-used for something else.", ""]
    for name, schema in TABLES.items():
        rows = [f"| `{f.name}` | {f.type} | {(f.metadata or {}).get(b'meaning', b'').decode()} |" for f in schema]
        results += [f"## `{name}.parquet`", "", "| column | type | meaning |", "|---|---|---|", *rows, ""]
    return {
        "scenario.md": "\n".join(scenario),
        "scenario.schema.json": json.dumps(Settings.model_json_schema(), indent=1, ensure_ascii=False) + "\n",
        "experiment.md": experiment_page(),
        "experiment.schema.json": json.dumps(ExperimentFile.model_json_schema(), indent=1, ensure_ascii=False) + "\n",
        "plan.md": "\n".join(plan),
        "plan.schema.json": json.dumps(PlanFile.model_json_schema(), indent=1, ensure_ascii=False) + "\n",
        "incident-log.md": "\n".join(log),
        "results.md": "\n".join(results),
        "drill.md": drill_page(),
        "drill-script.schema.json": json.dumps(Script.model_json_schema(), indent=1, ensure_ascii=False) + "\n",
        "drill-session.schema.json": json.dumps(SessionFile.model_json_schema(), indent=1, ensure_ascii=False) + "\n",
    }


def main() -> None:
    """Write them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"wrote {len(pages())} pages of format {FORMAT}")


if __name__ == "__main__":
    main()
