"""What ``simsec simulate --by`` asks for: the measures group by group, as tables for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from simsec.base.errors import InputError, Problem
from simsec.cli.common import estimate_json

if TYPE_CHECKING:
    from rich.table import Table

    from simsec.analysis.breakdown import Group
    from simsec.analysis.daily import UnitUse
    from simsec.analysis.intervals import Estimate
    from simsec.analysis.replications import Replications
    from simsec.locale import Texts
    from simsec.scenario.reading import Scenario

DEFAULT = ("family", "kind")
LEVEL = ("first_level", "last_level")  # what "level" stands for
UNIT = "unit"
WIDTH, NAME_WIDTH = 100, 14
DASH = "\u2013"
SHOWN = ("per_day", "response_mean_min", "response_p90_min", "within_target_share", "unanswered_per_day", "rose_share")
WITH_RANGE = ("response_mean_min", "response_p90_min", "within_target_share")


def parse_by(text: str | None) -> tuple[str, ...]:
    """The dimensions asked for, each once, in the order given.

    Raises:
        InputError: no such dimension.

    Example:
        >>> parse_by("rayon, level,rayon")
        ('rayon', 'first_level', 'last_level')
    """
    from simsec.analysis.breakdown import DIMENSIONS

    if text is None:
        return DEFAULT
    named = [word.strip() for word in text.split(",") if word.strip()]
    known = ("level", *DIMENSIONS, UNIT)
    wrong = [name for name in named if name not in known]
    if wrong or not named:
        raise InputError(
            [
                Problem("--by", "no such breakdown", value=name, bound=", ".join(known))
                for name in wrong or [text]
            ]
        )
    return tuple(dict.fromkeys(one for name in named for one in (LEVEL if name == "level" else (name,))))


def measures_json(area: Scenario, runs: Replications, by: Sequence[str]) -> dict[str, Any]:
    """The groups asked for with every measure, and the measures of days and kinds of unit, for machines."""
    from simsec.analysis.boxes import BoxesBack, boxes_back
    from simsec.analysis.breakdown import CALM, breakdown, scopes_of
    from simsec.analysis.daily import day_figures, unit_use

    found: dict[str, Any] = {name: {} for name in by if name != UNIT}
    for group in breakdown(area, runs, [name for name in by if name != UNIT]):
        told: dict[str, Any] = {name: estimate_json(estimate) for name, estimate in group.estimates.items()}
        told |= {"incidents": group.incidents} | ({"few_incidents": True} if group.few else {})
        found[group.dimension].setdefault(group.scope, {})[group.code] = told
    kinds = [unit.kind for unit in area.settings.units]
    days: dict[str, Any] = {}
    units: dict[str, Any] = {}
    boxes: dict[str, Any] = {}
    for scope, probability in scopes_of(area, runs).items():
        if scope == CALM:
            continue
        figures = day_figures(runs, probability)
        days[scope] = {name: estimate_json(estimate) for name, estimate in figures.items()}
        if returned := boxes_back(area, runs, probability):
            told_of = {name: getattr(returned, name) for name in BoxesBack.__dataclass_fields__}
            boxes[scope] = {name: estimate_json(value) for name, value in told_of.items() if value is not None}
        if UNIT in by:
            units[scope] = {kinds[used.kind]: _use_json(used) for used in unit_use(area, runs, probability)}
    back = {"boxes_back": {"election_type": area.settings.election_type, **boxes}} if boxes else {}
    return {"by": found, "day": days} | back | ({"units": units} if UNIT in by else {})


def _use_json(used: UnitUse) -> dict[str, Any]:
    told = {name: estimate_json(getattr(used, name)) for name in ("busy_share", "busy_hours", "busy_p95_hours")}
    return {"units": used.units, "clock_hours": used.clock_hours, **told, "longest_hours": used.longest_hours}


def short_interval(estimate: Estimate, digits: int, texts: Texts, *, share: bool = False) -> str:
    """A figure with the ends of its interval, short enough for a column of a terminal.

    Example:
        >>> from simsec.analysis.intervals import Estimate
        >>> from simsec.locale import texts
        >>> short_interval(Estimate(12.34, 11.0, 13.52, 99), 1, texts("id"))
        '12,3 (11,0\u201313,5)'
        >>> short_interval(Estimate(0.663, 0.641, 0.694, 99), 0, texts("en"), share=True)
        '66% (64\u201369)'
    """
    if share:
        figure = texts.percent(estimate.mean, digits)
        low, high = (texts.number(100 * end, digits) for end in (estimate.low, estimate.high))
    else:
        figure, low, high = (texts.number(x, digits) for x in (estimate.mean, estimate.low, estimate.high))
    return figure if estimate.too_few_days else f"{figure} ({low}{DASH}{high})"


def print_measures(area: Scenario, runs: Replications, by: Sequence[str], texts: Texts) -> None:
    """The groups asked for as tables that fit a hundred columns, at natural rates where they are known."""
    from rich.console import Console

    from simsec.analysis.breakdown import PLACES, breakdown, scopes_of, scopes_told
    from simsec.analysis.daily import day_figures
    from simsec.report.labels import scope_label

    console = Console(width=WIDTH)
    known = scopes_of(area, runs)
    for dimension in by:
        if dimension == UNIT:
            console.print(_unit_table(area, runs, next(iter(known)), texts))
            continue
        told = scopes_told(dimension, known)
        if told:
            rows = breakdown(area, runs, (dimension,), scopes=told[:1])
            console.print(group_table(area, rows, texts))
            hidden = sum(group.few for group in rows) if dimension == "village" else 0
            if hidden:
                typer.echo(texts.t("cli.measured_few", n=hidden))
        if dimension in PLACES:
            typer.echo(texts.t("cli.measured_places"))
    typer.echo(texts.t("cli.measured_note"))
    for scope in {next(iter(known)): None, **({"severe": None} if "severe" in known else {})}:
        figures = day_figures(runs, known[scope])
        if "reserve_exhausted_share" in figures:
            share, minutes = figures["reserve_exhausted_share"], figures["reserve_exhausted_min_per_day"]
            line = texts.t(
                "cli.measured_exhausted",
                scope=scope_label(scope, texts),
                share=texts.interval(share, 1, share=True),
                minutes=texts.interval(minutes, 1),
            )
            typer.echo(line)
    for line in boxes_lines(area, runs, next(iter(known)), texts):
        typer.echo(line)


def boxes_lines(area: Scenario, runs: Replications, scope: str, texts: Texts) -> list[str]:
    """When the boxes are back, as a sentence; none where the scenario has no stages."""
    from simsec.analysis.boxes import boxes_back
    from simsec.analysis.breakdown import scopes_of
    from simsec.report.labels import scope_label

    found = boxes_back(area, runs, scopes_of(area, runs)[scope])
    if found is None:
        return []
    return [
        texts.t(
            "cli.measured_boxes",
            election=str(area.settings.election_type).capitalize(),
            scope=scope_label(scope, texts),
            median=texts.interval(found.median_min, clock=True),
            p90=texts.interval(found.p90_min, clock=True),
        )
    ]


def _table(title: str, heads: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False)
    table.add_column(heads[0], min_width=NAME_WIDTH)
    for head in heads[1:]:
        table.add_column(head.replace(" ", "\n"), justify="right", no_wrap=True)
    return table


def group_table(area: Scenario, rows: Sequence[Group], texts: Texts) -> Table:
    """One dimension under one scope; of villages those with enough incidents."""
    from simsec.report.labels import group_label, scope_label

    t = texts.t
    dimension, scope = t(f"dimension.{rows[0].dimension}"), scope_label(rows[0].scope, texts)
    title = t("cli.measured_title", dimension=dimension, scope=scope)
    table = _table(title, [t(f"cli.col_{name}") for name in ("group", *SHOWN)])
    for group in rows:
        if group.dimension == "village" and group.few:
            continue
        cells = []
        for name in SHOWN:
            estimate, share = group.estimates[name], name.endswith("_share")
            digits = 2 if name.endswith("per_day") else 0 if share else 1
            if name in WITH_RANGE:
                cells.append(short_interval(estimate, digits, texts, share=share))
            else:
                cells.append(texts.percent(estimate.mean) if share else texts.number(estimate.mean, digits))
        table.add_row(group_label(area, group, texts), *cells)
    return table


def _unit_table(area: Scenario, runs: Replications, scope: str, texts: Texts) -> Table:
    """Utilisation and busy hours by kind of unit."""
    from simsec.analysis.breakdown import scopes_of
    from simsec.analysis.daily import unit_use
    from simsec.report.labels import scope_label, unit_label

    t = texts.t
    title = t("cli.measured_title", dimension=t("dimension.unit"), scope=scope_label(scope, texts))
    heads = ("group", "units", "busy_share", "busy_hours", "busy_p95_hours", "longest_hours")
    table = _table(title, [t(f"cli.col_{name}") for name in heads])
    kinds = [unit.kind for unit in area.settings.units]
    for used in unit_use(area, runs, scopes_of(area, runs)[scope]):
        table.add_row(
            unit_label(area, kinds[used.kind], texts),
            texts.number(used.units),
            short_interval(used.busy_share, 1, texts, share=True),
            short_interval(used.busy_hours, 2, texts),
            short_interval(used.busy_p95_hours, 1, texts),
            texts.number(used.longest_hours, 1),
        )
    return table
