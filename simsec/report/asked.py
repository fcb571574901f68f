"""The few changes and the least strength where they were asked for: sections of a page, figures, sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from openpyxl import Workbook

from simsec.analysis.intervals import Estimate
from simsec.locale import Texts
from simsec.optimization.changes import Changes
from simsec.optimization.reserve import Curve
from simsec.optimization.strength import Frontier
from simsec.report.optimising import (
    changes_lines,
    changes_table,
    frontier_lines,
    frontier_table,
    losers_text,
    move_text,
    verdict_text,
)
from simsec.report.page import ReportMeta, data_uri, environment
from simsec.report.reserve_curve import curve_figure, curve_lines, curve_table
from simsec.report.sheets import Column, Value, new_sheet, write_table
from simsec.report.style import BLUE, GREY, INK, LOW, VERMILION, localise, new_figure, png, styled
from simsec.report.tables import Table
from simsec.report.wording import plan_size
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

GAIN = "+0.00;-0.00;0.00"


@dataclass(frozen=True, eq=False)
class Asked:
    """What a run was asked for beside a plan; None where it was not."""

    changes: Changes | None = None
    frontier: Frontier | None = None
    curve: Curve | None = None


@dataclass(frozen=True)
class Part:
    """A section of a page: its name in the catalogue, sentences, tables, and a picture as a data address or ""."""

    key: str
    lines: tuple[str, ...]
    tables: tuple[Table, ...]
    picture: str


def parts(scenario: Scenario, asked: Asked, texts: Texts) -> tuple[Part, ...]:
    """The sections of a page, in the language given."""
    found = []
    if (changes := asked.changes) is not None:
        listed = (changes_table(scenario, changes, texts),) if changes.ranked else ()
        picture = data_uri(png(changes_figure(changes, texts))) if changes.ranked else ""
        found.append(Part("changes", tuple(changes_lines(changes, texts)), listed, picture))
    if (frontier := asked.frontier) is not None:
        tables = (frontier_table(frontier.police, texts), frontier_table(frontier.reserve, texts))
        lines = tuple(frontier_lines(scenario, frontier, texts))
        found.append(Part("strength", lines, tables, data_uri(png(frontier_figure(frontier, texts)))))
    if (curve := asked.curve) is not None:
        told = tuple(curve_lines(scenario, curve, texts))
        stands = (curve_table(curve, texts),) if curve.stands else ()
        drawn = data_uri(png(curve_figure(curve, texts))) if curve.stands else ""
        found.append(Part("curve", told, stands, drawn))
    return tuple(found)


def asked_page(scenario: Scenario, said: Sequence[str], asked: Asked, meta: ReportMeta, texts: Texts) -> str:
    """A page of its own, for internal use.

    Args:
        scenario: what is known.
        said: what the run was asked for and found, a sentence each.
        asked: what it was asked for beside a plan.
        meta: what made the run.
        texts: the language.
    """
    context = {"t": texts.t, "texts": texts, "title": scenario.settings.title.of(texts.language), "said": said}
    return environment().get_template("asked.html.j2").render(
        {**context, "parts": parts(scenario, asked, texts), "meta": meta}
    )  # fmt: skip


def asked_sheets(book: Workbook, scenario: Scenario, asked: Asked, texts: Texts) -> None:
    """A sheet for each, with numbers that can be sorted."""
    t = texts.t
    if (changes := asked.changes) is not None:
        rows: list[list[Value]] = [
            [
                number,
                move_text(scenario, change.move, texts),
                *_three(change.gain),
                *_three(change.cumulative),
                change.share,
                losers_text(scenario, change, texts),
            ]
            for number, change in enumerate(changes.ranked, start=1)
        ]
        columns = [Column(t("changes.number"), "0", 6), Column(t("changes.move"), width=40)]
        columns += _ranged(t("changes.gain"), texts) + _ranged(t("changes.cumulative"), texts)
        columns += [Column(t("changes.share"), "0%", 11), Column(t("changes.losers"), width=24)]
        notes = changes_lines(changes, texts)
        sheet, at = new_sheet(book, t("sheet.changes"), t("section.changes"), notes, texts)
        write_table(sheet, at, columns, rows)
    if (frontier := asked.frontier) is not None:
        rows = [
            [
                level.police,
                level.squads,
                plan_size(level.plan, texts) if level.plan is not None else "",
                *_three(level.loss),
                verdict_text(level, texts),
            ]
            for level in dict.fromkeys((*frontier.police, *frontier.reserve))
        ]
        columns = [Column(t(f"strength.{key}"), "#,##0", 9) for key in ("police", "squads")]
        columns += [Column(t("strength.plan"), width=36), *_ranged(t("strength.loss"), texts)]
        columns.append(Column(t("strength.verdict"), width=30))
        notes = frontier_lines(scenario, frontier, texts)
        sheet, at = new_sheet(book, t("sheet.strength"), t("section.strength"), notes, texts)
        write_table(sheet, at, columns, rows)
    if (curve := asked.curve) is not None:
        rows = [
            [
                t(f"curve.split_{stand.split}"),
                stand.officers,
                stand.pairs,
                *(value for found in (*stand.gain.values(), stand.containment) for value in _three(found)),
                round(stand.expected["severe"], 1),
            ]
            for stand in curve.stands
        ]
        columns = [Column(t("curve.where"), width=22)]
        columns += [Column(t(f"curve.{key}"), "#,##0", 9) for key in ("officers", "pairs")]
        for name in DAY_TYPES:
            columns += _ranged(t("table.given", day_type=t(f"day_type.{name}")), texts)
        columns += [*_ranged(t("curve.resting"), texts), Column(t("curve.expected"), "#,##0.0", 11)]
        sheet, at = new_sheet(book, t("sheet.curve"), t("section.curve"), curve_lines(scenario, curve, texts), texts)
        write_table(sheet, at, columns, rows)


def _three(found: Estimate) -> list[Value]:
    return [round(x, 4) if np.isfinite(x) else None for x in (found.mean, found.low, found.high)]


def _ranged(heading: str, texts: Texts) -> list[Column]:
    ends = (Column(texts.t(f"column.measured_{end}"), GAIN, 9) for end in ("low", "high"))
    return [Column(heading, GAIN, 11), *ends]


@styled
def changes_figure(changes: Changes, texts: Texts) -> Figure:
    """Gain over the given plan as moves are added, and that of the whole better plan."""
    t = texts.t
    figure = new_figure(t("plot.changes.title"), t("plot.changes.subtitle"), texts, size=LOW)
    ax: Axes = figure.subplots()
    place = np.arange(len(changes.ranked) + 1)
    _whiskers(ax, place[1:], [change.cumulative for change in changes.ranked], BLUE)
    ax.step(place, [0.0, *(change.cumulative.mean for change in changes.ranked)], where="mid", color=BLUE, linewidth=1)
    ax.axhline(changes.full.mean, color=GREY, linestyle="dashed", label=t("plot.changes.full"))
    ax.axhline(0, color=INK, linewidth=1.2)
    ax.set_xlim(0.4, len(changes.ranked) + 0.6)
    ax.set_xticks(place[1:].tolist())
    ax.set_xlabel(t("plot.changes.x"))
    ax.set_ylabel(t("plot.changes.y"))
    localise(ax.yaxis, texts)
    ax.grid(False, axis="x")
    figure.legend(loc="outside lower center")
    return figure


@styled
def frontier_figure(frontier: Frontier, texts: Texts) -> Figure:
    """What each strength adds to today's minutes, the least on the left: police, and squads of the reserve."""
    t = texts.t
    figure = new_figure(t("plot.frontier.title"), t("plot.frontier.subtitle"), texts, size=LOW)
    left, right = figure.subplots(1, 2, sharey=True)
    shown = (
        (left, frontier.police, [float(level.police) for level in frontier.police], "police"),
        (right, frontier.reserve, [float(level.squads) for level in frontier.reserve], "squads"),
    )
    for ax, levels, sizes, name in shown:
        for keeps, colour in ((True, BLUE), (False, VERMILION)):
            found = [n for n, level in enumerate(levels) if level.plan is not None and level.keeps == keeps]
            _whiskers(ax, np.array([sizes[n] for n in found]), [levels[n].loss for n in found], colour)
        ax.axhline(0, color=INK, linewidth=1.2)
        unstaffed = [size for size, level in zip(sizes, levels, strict=True) if level.plan is None]
        ax.plot(unstaffed, [0.0] * len(unstaffed), "x", color=VERMILION, markersize=9)
        if (least := Frontier.least(levels)) is not None:
            ax.axvline(float(least.police if name == "police" else least.squads), color=GREY, linestyle="dashed")
        ax.set_xticks(sizes)
        ax.set_xlabel(t(f"plot.frontier.{name}"))
        localise(ax.xaxis, texts, whole=True)
        localise(ax.yaxis, texts)
        ax.grid(False, axis="x")
    left.set_ylabel(t("plot.frontier.y"))
    keys = (("keeps", BLUE, "o"), ("worse", VERMILION, "o"), ("none", VERMILION, "x"))
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", label=t(f"plot.frontier.{key}"))
        for key, colour, marker in keys
    ]
    handles.append(Line2D([], [], color=GREY, linestyle="dashed", label=t("plot.frontier.least")))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _whiskers(ax: Axes, place: np.ndarray, found: Sequence[Estimate], colour: str) -> None:
    means = np.array([one.mean for one in found])
    low, high = np.array([one.low for one in found]), np.array([one.high for one in found])
    ax.vlines(place, low, high, color=colour, linewidth=2)
    ax.scatter(place, means, s=60, color=colour, zorder=3)
