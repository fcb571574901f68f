"""The calibration sheet of a replayed log, as tables for the terminal and as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from simsec.analysis.calibration import FLOOR, Cell, Figure, proposed_toml
from simsec.base.clock import DAY_MIN
from simsec.day.log_tables import TABLES, table_file
from simsec.locale import Texts
from simsec.report.checklist import TitledTable, markdown_lines
from simsec.report.labels import unit_label
from simsec.report.wording import plan_name
from simsec.results.replayed import Replayed
from simsec.scenario.reading import Scenario

DIGITS = 1  # of minutes
HOUR_MIN = DAY_MIN // 24


def said_of_log(found: Replayed, log_name: str, plan: str, texts: Texts) -> list[str]:
    """What a reader must know of a replay: how many, in which order, and what came from the scenario.

    Args:
        found: the replay.
        log_name: name of the log's file.
        plan: name of the plan.
        texts: the language.
    """
    t, checked = texts.t, found.checked
    mean = found.response_min / found.answered if found.answered else float("nan")
    lines = [
        t(
            "replay.summary",
            incidents=found.happened,
            plan=plan_name(plan, texts),
            answered=found.answered,
            mean=texts.minutes(mean),
            seats=found.seats,
        )
    ]
    if checked.out_of_order:
        lines.append(t("replay.out_of_order", n=checked.out_of_order))
    if checked.absent:
        lines.append(t("replay.absent", marks="; ".join(t(f"replay.mark.{name}") for name in checked.absent)))
    if checked.blank:
        columns = (f"{column} ({texts.number(rows)})" for column, rows in sorted(checked.blank.items()))
        lines.append(t("replay.blank", columns=", ".join(columns)))
    if table_file(Path(log_name), "weather").name not in beside(found):
        lines.append(t("replay.dry"))
    if found.boxes_alone:
        lines.append(t("replay.boxes_alone"))
    return lines


def beside(found: Replayed) -> set[str]:
    """Names of the tables that stood beside the log."""
    return {path.name for path in found.files}


def sheet_words(scenario: Scenario, found: Replayed, texts: Texts) -> list[str]:
    """The findings in sentences."""
    t, sheet = texts.t, found.calibration
    if not sheet.recorded:
        return [t("replay.none")]
    words = [t("replay.recorded", n=sheet.recorded, unanswered=sheet.unanswered)]
    if sheet.kept < sheet.recorded:
        words.append(t("replay.kept", n=sheet.kept))
    if sheet.friction is None:
        return [*words, t("replay.too_few", floor=FLOOR)]
    now = scenario.settings.travel.friction.mode
    figure = _figure(sheet.friction, 2, texts)
    words.append(t("replay.friction", figure=figure, n=sheet.fitted, now=texts.number(now, 2)))
    words.append(t("replay.from_dispatch" if sheet.from_dispatch else "replay.from_onset"))
    return [*words, t("replay.doubt")]


def sheet_tables(scenario: Scenario, found: Replayed, texts: Texts) -> list[TitledTable]:
    """Recorded against simulated: overall, by kind of unit, by hour and by sub-district."""
    t, sheet = texts.t, found.calibration
    if not sheet.recorded:
        return []
    names = scenario.villages.subdistrict_names
    tables = [_cells(t("replay.table.overall"), [(t("replay.all"), sheet.overall)], texts)]
    if sheet.delays:
        head = tuple(t(f"replay.col.{name}") for name in ("unit", "n", "beside", "simulated"))
        rows = [
            (
                unit_label(scenario, scenario.settings.units[delay.kind].kind, texts),
                texts.number(delay.n),
                _figure(delay.minutes, DIGITS, texts),
                texts.number(delay.simulated, DIGITS),
            )
            for delay in sheet.delays
        ]
        tables.append(TitledTable(t("replay.table.delays"), head, tuple(rows)))
    hours = ((texts.clock(hour * HOUR_MIN), cell) for hour, cell in sheet.hours.items())
    areas = ((names[area], cell) for area, cell in sheet.areas.items())
    return [
        *tables,
        _cells(t("replay.table.hours"), hours, texts),
        _cells(t("replay.table.areas"), areas, texts),
    ]


def _figure(figure: Figure, digits: int, texts: Texts) -> str:
    return f"{texts.number(figure.value, digits)} ({texts.range(figure.low, figure.high, digits)})"


def _cells(title: str, cells: Iterable[tuple[str, Cell]], texts: Texts) -> TitledTable:
    names = ("recorded_p50", "simulated_p50", "recorded_p90", "simulated_p90", "residual")
    head = ("", *(texts.t(f"replay.col.{name}") for name in ("n", *names)))
    rows: list[tuple[str, ...]] = []
    for name, cell in cells:
        few = cell.recorded_p50 != cell.recorded_p50
        figures = [texts.number(getattr(cell, column), DIGITS) for column in names[:-1]]
        last = texts.t("replay.few") if few else texts.signed(cell.residual, DIGITS)
        rows.append((name, texts.number(cell.n), *figures, last))
    return TitledTable(title, head, tuple(rows))


def sheet_markdown(scenario: Scenario, found: Replayed, log_name: str, plan: str, cite: str, texts: Texts) -> str:
    """The sheet as a Markdown page, marked as internal.

    Args:
        scenario: the log was replayed in.
        found: the replay.
        log_name: name of the log's file.
        plan: name of the plan.
        cite: how to cite the run.
        texts: the language.
    """
    t = texts.t
    lines = [f"**{t('marking_long')}**", "", f"# {t('replay.title', log=log_name)}", ""]
    lines += _paragraphs([*said_of_log(found, log_name, plan, texts), *sheet_words(scenario, found, texts)])
    for table in sheet_tables(scenario, found, texts):
        lines += [f"## {table.title}", "", *markdown_lines(table), ""]
    proposed = proposed_toml(scenario, found.calibration, log_name)
    if proposed:
        lines += [f"## {t('replay.proposed')}", "", "```toml", *proposed.splitlines(), "```", ""]
    return "\n".join([*lines, cite]) + "\n"


def _paragraphs(sentences: Sequence[str]) -> list[str]:
    return [line for sentence in sentences for line in (sentence, "")]


def replay_json(scenario: Scenario, found: Replayed, log_name: str) -> dict[str, Any]:
    """The findings for machines."""
    sheet, checked = found.calibration, found.checked

    def cell(one: Cell) -> dict[str, Any]:
        return {name: getattr(one, name) for name in Cell.__dataclass_fields__}

    def figure(one: Figure) -> dict[str, float]:
        return {"value": one.value, "low": one.low, "high": one.high}

    return {
        "log": log_name,
        "rows": checked.rows,
        "out_of_order": checked.out_of_order,
        "from_scenario": list(checked.absent),
        "blank_cells": dict(checked.blank),
        **{name: told if (told := table_file(Path(log_name), name).name) in beside(found) else None for name in TABLES},
        "incidents": found.happened,
        "answered": found.answered,
        "mean_response_min": found.response_min / found.answered if found.answered else None,
        "at_once_at_most": found.seats,
        "missions": found.missions,
        "busy_min": found.busy_min,
        "calibration": {
            "recorded": sheet.recorded,
            "kept": sheet.kept,
            "unanswered": sheet.unanswered,
            "trips_fitted": sheet.fitted,
            "from_dispatch": sheet.from_dispatch,
            "friction": figure(sheet.friction) if sheet.friction else None,
            "delays": {
                scenario.settings.units[delay.kind].kind: {
                    "n": delay.n,
                    **figure(delay.minutes),
                    "simulated": delay.simulated,
                }
                for delay in sheet.delays
            },
            "overall": cell(sheet.overall),
            "by_hour": {str(hour): cell(one) for hour, one in sheet.hours.items()},
            "by_subdistrict": {scenario.villages.subdistrict_codes[n]: cell(one) for n, one in sheet.areas.items()},
            "proposed_toml": proposed_toml(scenario, sheet, log_name),
        },
    }
