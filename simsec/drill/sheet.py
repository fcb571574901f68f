"""The after-action sheet as people and machines read it: tables of words, a CSV, a page, JSON."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from simsec.base.clock import format_stamp
from simsec.base.files import write_text
from simsec.drill.after_action import AfterAction, Branch, Decided, InjectRow, Sent, Uncovered, against
from simsec.drill.places import label
from simsec.drill.schema import (
    INJECT_PREFIX,
    CallUp,
    ClosePost,
    CloseRoad,
    Command,
    Inject,
    OpenPost,
    OpenRoad,
    Order,
    Rain,
    Release,
)
from simsec.drill.stage import Stage
from simsec.locale import Texts
from simsec.scenario.schema import LEVELS

FIRST_OF_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    *("branch", "number", "name", "kind", "place", "at", "first_level", "last_level"),
    *("reported_min", "first_help_min", "full_help_min", "cleared_min", "sent", "decided_by"),
    *("uncovered_stations", "uncovered_longest_min"),
)
"""Columns of ``after_action.csv``: a row an inject and branch; minutes count from the inject, blank: never."""

INJECT_COLUMNS = ("at", "inject", "branch", "first", "full", "sent", "decided", "uncovered")
DONE_COLUMNS = ("at", "branch", "what", "verdict", "sent", "uncovered")
SUMMARY_COLUMNS = ("branch", "mean_first", "nobody", "refused", "uncovered", "own_later", "own_sooner")


@dataclass(frozen=True)
class Words:
    """A table as people read it."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def kind_label(stage: Stage, number: int, texts: Texts) -> str:
    """Name of a unit kind by its number."""
    return stage.scenario.settings.units[number].label.of(texts.language)


def command_words(stage: Stage, command: Command, texts: Texts) -> str:
    """A command in words."""
    t, draw = texts.t, stage.draw
    match command:
        case Inject():
            kind = stage.scenario.settings.incidents[command.kind].label.of(texts.language)
            return t("drill.do.inject", kind=kind, place=label(draw, command.place, texts))
        case Rain():
            places = [label(draw, place, texts) for place in command.over]
            over = texts.joined(places) if places else t("drill.everywhere")
            return t("drill.do.rain", mm=texts.figure(command.mm), over=over, until=texts.clock(command.until))
        case CloseRoad():
            start, end = (label(draw, place, texts) for place in command.between)
            return t("drill.do.close_road", start=start, end=end)
        case OpenRoad():
            return t("drill.do.open_road", name=command.road)
        case ClosePost():
            return t("drill.do.close_post", place=label(draw, command.post, texts))
        case OpenPost():
            return t("drill.do.open_post", place=label(draw, command.post, texts))
        case Order():
            named = next((unit for unit in stage.scenario.settings.units if unit.kind == command.kind), None)
            what = named.label.of(texts.language) if named else t("drill.unit", n=command.unit or 0)
            to = command.to.removeprefix(INJECT_PREFIX)
            to = t("drill.inject_named", name=to) if to != command.to else label(draw, to, texts)
            return t("drill.do.order", n=command.count, what=what, to=to)
        case CallUp():
            return t("drill.do.call_up", n=command.count, to=label(draw, command.to, texts))
        case Release():
            return t("drill.do.release", name=command.order)
        case _:
            return t(f"drill.do.{command.do}", place=label(draw, command.place, texts))


def _since(minute: float, row: InjectRow, texts: Texts) -> str:
    return texts.minutes(minute - row.command.at) if not math.isnan(minute) else texts.t("drill.never")


def _sent(stage: Stage, sent: Sequence[Sent], texts: Texts) -> str:
    counts = Counter[int]()
    for one in sent:
        counts[one.kind] += one.count
    return ", ".join(f"{count} {kind_label(stage, kind, texts)}" for kind, count in counts.items())


def _joined(*words: str) -> str:
    return "; ".join(word for word in words if word)


def _roles(sent: Sequence[Sent], texts: Texts) -> str:
    return ", ".join(texts.t(f"drill.role.{role}") for role in dict.fromkeys(one.role for one in sent))


def _uncovered(found: Uncovered, texts: Texts) -> str:
    if not found.stations:
        return ""
    return texts.plural("drill.uncovered", found.stations, longest=texts.minutes(found.longest_min, 0))


def _branch_name(branch: Branch, sheet: AfterAction, texts: Texts) -> str:
    return texts.t("drill.doctrine") if branch is sheet.doctrine else texts.t("drill.branch", name=branch.name)


def tables(sheet: AfterAction, texts: Texts) -> tuple[Words, ...]:
    """The tables of the sheet: injects, what was done, and the branches side by side.

    Args:
        sheet: from :func:`simsec.drill.after_action.after_action`.
        texts: the language.
    """
    t = texts.t
    return (
        Words(t("drill.title.injects"), _heads(INJECT_COLUMNS, texts), tuple(_inject_rows(sheet, texts))),
        Words(t("drill.title.done"), _heads(DONE_COLUMNS, texts), tuple(_done_rows(sheet, texts))),
        Words(
            t("drill.title.summary"),
            _heads(SUMMARY_COLUMNS, texts),
            tuple(_summary(sheet, branch, texts) for branch in (*sheet.branches, sheet.doctrine)),
        ),
    )


def _heads(names: Sequence[str], texts: Texts) -> tuple[str, ...]:
    return tuple(texts.t(f"drill.col.{name}") for name in names)


def _inject_rows(sheet: AfterAction, texts: Texts) -> Iterator[tuple[str, ...]]:
    for place, inject in enumerate(sheet.doctrine.injects):
        what = command_words(sheet.stage, inject.command, texts)
        if inject.command.name:
            what = f"{inject.command.name}: {what}"
        for number, branch in enumerate((*sheet.branches, sheet.doctrine)):
            row = branch.injects[place]
            yield (
                texts.clock(row.command.at) if number == 0 else "",
                what if number == 0 else "",
                _branch_name(branch, sheet, texts),
                _since(row.first_min, row, texts),
                _since(row.full_min, row, texts),
                _joined(_sent(sheet.stage, row.sent, texts), texts.t("drill.boxed") if row.boxed else ""),
                _roles(row.sent, texts),
                _uncovered(row.uncovered, texts),
            )
        if len(sheet.branches) == 2:
            first, second = (branch.injects[place] for branch in sheet.branches)
            gaps = (second.first_min - first.first_min, second.full_min - first.full_min)
            told = tuple("" if math.isnan(gap) else _signed(gap, texts) for gap in gaps)
            names = {"first": sheet.branches[1].name, "second": sheet.branches[0].name}
            yield ("", "", texts.t("drill.against", **names), *told, "", "", "")


def _signed(gap: float, texts: Texts) -> str:
    """A difference in minutes with its sign."""
    return texts.t("unit.minutes", n=texts.signed(gap, 1))


def _done_rows(sheet: AfterAction, texts: Texts) -> Iterator[tuple[str, ...]]:
    for branch in sheet.branches:
        for done in branch.log:
            yield (
                texts.clock(done.entry.command.at),
                branch.name,
                command_words(sheet.stage, done.entry.command, texts),
                verdict(done, texts),
                _sent(sheet.stage, done.sent, texts),
                _uncovered(done.uncovered, texts),
            )


def verdict(done: Decided, texts: Texts) -> str:
    """What became of a command, with the reason when it was refused or forwarded."""
    entry = done.entry
    if entry.verdict == "done":
        return texts.t("drill.verdict.done")
    values = {name: value if isinstance(value, int | str) else texts.figure(value) for name, value in entry.values}
    return texts.t(f"drill.verdict.{entry.verdict}", reason=texts.t(f"drill.reason.{entry.reason}", **values))


def _summary(sheet: AfterAction, branch: Branch, texts: Texts) -> tuple[str, ...]:
    helped = [row.first_min - row.command.at for row in branch.injects if not math.isnan(row.first_min)]
    later, sooner = against(branch, sheet.doctrine)
    refused = sum(done.entry.verdict != "done" for done in branch.log)
    return (
        _branch_name(branch, sheet, texts),
        texts.minutes(sum(helped) / len(helped)) if helped else texts.t("drill.never"),
        texts.number(len(branch.injects) - len(helped)),
        texts.number(refused),
        _uncovered(branch.uncovered, texts),
        texts.number(later),
        texts.number(sooner),
    )


def machine(sheet: AfterAction) -> dict[str, Any]:
    """The sheet for machines: codes, roles and minutes; null: never."""
    units = [unit.kind for unit in sheet.stage.scenario.settings.units]

    def sent(found: Sequence[Sent]) -> list[dict[str, Any]]:
        return [{"kind": units[one.kind], "count": one.count, "decided_by": one.role} for one in found]

    def uncovered(found: Uncovered) -> dict[str, Any]:
        return {"stations": found.stations, "longest_min": found.longest_min}

    def one(branch: Branch) -> dict[str, Any]:
        later, sooner = against(branch, sheet.doctrine)
        return {
            "name": branch.name,
            "injects": [
                {
                    **{"number": row.number, "name": row.command.name, "kind": row.command.kind},
                    **{"place": row.command.place, "at_min": row.command.at},
                    **{"first_level": LEVELS[row.first_level], "last_level": LEVELS[row.last_level]},
                    **{"reported_min": row.reported_min, "first_help_min": row.first_min},
                    **{"full_help_min": row.full_min, "cleared_min": row.cleared_min},
                    **{"sent": sent(row.sent), "uncovered": uncovered(row.uncovered)},
                    "own_pair_with_boxes": row.boxed,
                }
                for row in branch.injects
            ],
            "commands": [
                {
                    "number": done.entry.number,
                    "command": done.entry.command.model_dump(mode="json", by_alias=True, exclude_none=True),
                    "verdict": done.entry.verdict,
                    "reason": done.entry.reason,
                    "sent": sent(done.sent),
                    "uncovered": uncovered(done.uncovered),
                }
                for done in branch.log
            ],
            "uncovered": uncovered(branch.uncovered),
            "own_incidents_later_than_doctrine": later,
            "own_incidents_sooner_than_doctrine": sooner,
        }

    stage = sheet.stage
    return {
        "scenario": stage.scenario.settings.name,
        "scenario_hash": stage.scenario.hash,
        "plan_hash": stage.plan.hash,
        "day": {"type": stage.day.day_type, "seed": stage.day.seed, "replication": stage.day.replication},
        "branches": [one(branch) for branch in sheet.branches],
        "doctrine": one(sheet.doctrine),
    }


def _cell(value: object) -> object:
    """A number to two decimals, blank for never; text that a spreadsheet would take for a formula is quoted."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.2f}"
    return f"'{value}" if isinstance(value, str) and value.startswith(FIRST_OF_A_FORMULA) else value


def as_csv(sheet: AfterAction) -> str:
    """``after_action.csv``: a row an inject and branch, with ``COLUMNS``."""
    units = [unit.kind for unit in sheet.stage.scenario.settings.units]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for branch in (*sheet.branches, sheet.doctrine):
        for row in branch.injects:
            times = (row.reported_min, row.first_min, row.full_min, row.cleared_min)
            cells = (
                *(branch.name, row.number, row.command.name or "", row.command.kind, row.command.place),
                *(format_stamp(row.command.at), LEVELS[row.first_level], LEVELS[row.last_level]),
                *(time - row.command.at for time in times),
                " ".join(f"{one.count} {units[one.kind]}" for one in row.sent),
                " ".join(dict.fromkeys(one.role for one in row.sent)),
                *(row.uncovered.stations, row.uncovered.longest_min),
            )
            writer.writerow([_cell(cell) for cell in cells])
    return out.getvalue()


_PAGE = """\
<!doctype html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<title>{{ title }}</title>
<style>
body { margin: 0; color: #22262b; font: 15px/1.45 "Segoe UI", "Noto Sans", "DejaVu Sans", Arial, sans-serif; }
main { padding: 8px 24px 32px; }
.marking { background: #b3261e; color: #fff; text-align: center; font-weight: 700; padding: 7px 12px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 8px; border-bottom: 1px solid #d5dae0; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid #22262b; }
@page { size: A4 landscape; margin: 16mm 12mm; @top-center { content: "{{ marking }}"; color: #b3261e; } }
</style>
</head>
<body>
<div class="marking">{{ marking_long }}</div>
<main>
<h1>{{ title }}</h1>
<p>{{ subtitle }}</p>
{% for table in tables %}
<h2>{{ table.title }}</h2>
<table>
<thead><tr>{% for heading in table.headings %}<th>{{ heading }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in table.rows %}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</tbody>
</table>
{% endfor %}
<p>{{ note }}</p>
</main>
<div class="marking">{{ marking_long }}</div>
</body>
</html>
"""


def as_page(sheet: AfterAction, title: str, texts: Texts) -> str:
    """``after_action.html``: one page that opens offline, marked as restricted; everything that enters is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(_PAGE).render(
        language=texts.language,
        title=title,
        subtitle=subtitle(sheet, texts),
        marking=texts.t("marking"),
        marking_long=texts.t("marking_long"),
        tables=tables(sheet, texts),
        note=texts.t("drill.note"),
    )


def subtitle(sheet: AfterAction, texts: Texts) -> str:
    """Which day it was."""
    day, scenario = sheet.stage.day, sheet.stage.scenario
    return texts.t(
        "drill.subtitle",
        scenario=scenario.settings.title.of(texts.language),
        day_type=texts.t(f"day_type.{day.day_type}"),
        seed=str(day.seed),
        replication=str(day.replication),
    )


def write_sheet(folder: Path, sheet: AfterAction, title: str, texts: Texts) -> None:
    """Write ``after_action.csv`` and ``after_action.html``, readable by the owner only.

    Raises:
        RunError: a file cannot be written.
    """
    write_text(folder / "after_action.csv", as_csv(sheet), private=True)
    write_text(folder / "after_action.html", as_page(sheet, title, texts), private=True)
