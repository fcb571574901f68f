"""What was measured, kind by kind, hour by hour and place by place: the section of the report and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simsec.analysis.boxes import boxes_back
from simsec.analysis.breakdown import CALM, NATURAL, Group, breakdown, scopes_of
from simsec.analysis.daily import day_figures, unit_use
from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import FAMILIES, kind_tables
from simsec.base.clock import parse_stamp
from simsec.locale import Texts
from simsec.optimization.judge import Judged
from simsec.report.facts import OPTIMISED, PLANS
from simsec.report.labels import group_label, scope_label, unit_label
from simsec.report.maps import even_steps, sector_map
from simsec.report.style import (
    FAMILY_COLOURS,
    LOW,
    WIDE,
    capital,
    localise,
    localise_clock,
    new_figure,
    styled,
    write_ticks,
)
from simsec.report.tables import Row, Table
from simsec.scenario.schema import DAY_TYPES

KIND_COLUMNS = (
    "per_day",
    "response_mean_min",
    "response_p90_min",
    "within_target_share",
    "unanswered_per_day",
    "rose_share",
)
DAY_COLUMNS = (
    "per_day",
    "response_mean_min",
    "response_p90_min",
    "within_target_share",
    "full_mean_min",
    "rose_per_day",
)
FEW_MARK = "‡"
BOXES_SCOPES = (NATURAL, "heavy_rain")  # rain slows the trucks
SEVERE = "severe"
PEAK = 0.96  # of the height of an axis: where a triangle stands for more than one in ten without help


@lru_cache(maxsize=16)  # the same in every language
def groups(judged: Judged, dimension: str, family: str | None = None) -> tuple[Group, ...]:
    """The groups of a dimension under the optimised plan: natural rates, or calm days where it is one of places."""
    runs = judged.runs[OPTIMISED]
    return tuple(breakdown(judged.scenario, runs, (dimension,), scopes=(NATURAL, CALM), family=family))


def digits_of(measure: str) -> int:
    """Decimals of a measure in tables.

    Example:
        >>> [digits_of(name) for name in ("response_p90_min", "unanswered_per_day", "rose_share")]
        [1, 2, 0]
    """
    return 0 if measure.endswith("_share") else 2 if measure.endswith("per_day") else 1


def _cell(group: Group, measure: str, texts: Texts) -> str:
    estimate, share = group.estimates[measure], measure.endswith("_share")
    if group.few and not measure.endswith("per_day"):  # too few incidents, not too few days: the note says so
        figure = estimate.mean
        told = texts.percent(figure) if share else texts.number(figure, digits_of(measure))
        return f"{told} {FEW_MARK}" if np.isfinite(figure) else told
    if estimate.mean == np.inf:
        if not np.isfinite(estimate.low):
            return texts.t("measured.nobody")
        return texts.t("measured.never", low=texts.number(estimate.low, digits_of(measure)))
    return texts.interval(estimate, digits_of(measure), share=share, marked=True)


def kind_table(judged: Judged, texts: Texts) -> Table:
    """Every kind of incident under the optimised plan at natural rates, by responder family."""
    rows: list[Row] = []
    family = kind_tables(judged.scenario).family
    found = groups(judged, "kind")
    for whole in groups(judged, "family"):
        number = whole.number if whole.code in FAMILIES else -1
        kinds = [group for group in found if family[group.number] == number and group.incidents]
        if not kinds:
            continue
        rows.append(Row((capital(group_label(judged.scenario, whole, texts)),), "group"))
        for group in kinds:
            cells = (_cell(group, name, texts) for name in KIND_COLUMNS)
            rows.append(Row((group_label(judged.scenario, group, texts), *cells)))
        if len(kinds) > 1:
            cells = (_cell(whole, name, texts) for name in KIND_COLUMNS)
            rows.append(Row((texts.t("table.total"), *cells), "total"))
    heads = (texts.t(f"measured.{name}") for name in KIND_COLUMNS)
    return Table((texts.t("measured.kind"), *heads), tuple(rows))


def day_table(judged: Judged, texts: Texts) -> Table:
    """Every responder family under the optimised plan, given each type of day: floods show on days of heavy rain."""
    scenario, runs = judged.scenario, judged.runs[OPTIMISED]
    known = [name for name in DAY_TYPES if name in scopes_of(scenario, runs)]
    found = breakdown(scenario, runs, ("family",), scopes=known)
    rows: list[Row] = []
    for scope in known:
        rows.append(Row((capital(texts.t(f"day_type.{scope}")),), "group"))
        for group in found:
            if group.scope == scope and group.incidents and group.code in FAMILIES:
                cells = (_cell(group, name, texts) for name in DAY_COLUMNS)
                rows.append(Row((group_label(scenario, group, texts), *cells)))
    heads = (texts.t(f"measured.{name}") for name in DAY_COLUMNS)
    return Table((texts.t("measured.family"), *heads), tuple(rows))


def unit_table(judged: Judged, texts: Texts) -> Table:
    """Utilisation and busy hours by kind of unit under the optimised plan at natural rates."""
    scenario, runs = judged.scenario, judged.runs[OPTIMISED]
    known = scopes_of(scenario, runs)
    kinds = [unit.kind for unit in scenario.settings.units]
    rows = [
        Row(
            (
                unit_label(scenario, kinds[used.kind], texts),
                texts.number(used.units),
                texts.number(used.clock_hours, 1),
                texts.interval(used.busy_share, 1, share=True, marked=True),
                texts.interval(used.busy_hours, 2, marked=True),
                texts.interval(used.busy_p95_hours, 1, marked=True),
                texts.number(used.longest_hours, 1),
            )
        )
        for used in (unit_use(scenario, runs, known[NATURAL]) if NATURAL in known else ())
    ]
    keys = ("unit", "units", "clock_hours", "busy_share", "busy_hours", "busy_p95_hours", "longest_hours")
    return Table(tuple(texts.t(f"measured.{key}") for key in keys), tuple(rows))


def boxes_table(judged: Judged, texts: Texts) -> Table | None:
    """When the boxes are back under the optimised plan, a row a scope; None where the scenario has no stages."""
    scenario, runs = judged.scenario, judged.runs[OPTIMISED]
    known, rows, limited = scopes_of(scenario, runs), [], False
    for scope in BOXES_SCOPES:
        found = boxes_back(scenario, runs, known[scope]) if scope in known else None
        if found is None:
            continue
        times = (texts.interval(one, clock=True, marked=True) for one in (found.median_min, found.p90_min))
        cells = [scope_label(scope, texts), *times, texts.interval(found.after_clock_share, 1, share=True, marked=True)]
        if found.counts_late_share is not None:
            limited = True
            cells.append(texts.interval(found.counts_late_share, 1, share=True, marked=True))
        rows.append(Row(tuple(cells)))
    if not rows:
        return None
    stages, ends = scenario.settings.stages, parse_stamp(scenario.settings.clock.ends)
    limit = stages and stages.counting_limit
    heads = [
        texts.t("measured.boxes", election=str(scenario.settings.election_type).capitalize()),
        texts.t("measured.boxes_median"),
        texts.t("measured.boxes_p90"),
        texts.t("measured.boxes_after", clock=texts.clock(ends)),
    ]
    if limited and limit:
        heads.append(texts.t("measured.counts_late", clock=texts.clock(parse_stamp(limit))))
    return Table(tuple(heads), tuple(rows))


def day_lines(judged: Judged, texts: Texts) -> list[str]:
    """Care, and the reserve exhausted under each plan, as sentences; what is not known is left out."""
    t, scenario = texts.t, judged.scenario
    lines = []
    medical = [group for group in groups(judged, "family") if group.code == "medical" and not group.few]
    for group in medical:
        mean, late = (group.estimates[name] for name in ("care_mean_min", "care_p90_min"))
        lines.append(t("measured.care", mean=texts.interval(mean, 1), p90=texts.interval(late, 1)))
    for name, runs in zip(PLANS, judged.runs, strict=True):
        known = scopes_of(scenario, runs)
        told = [day_figures(runs, known[scope]) for scope in (NATURAL, SEVERE) if scope in known]
        if len(told) < 2 or any("reserve_exhausted_share" not in figures for figures in told):
            continue
        fields = {
            f"{prefix}{field}": texts.interval(figures[key], 1, share=key.endswith("_share"))
            for prefix, figures in zip(("", "severe_"), told, strict=True)
            for field, key in (("share", "reserve_exhausted_share"), ("minutes", "reserve_exhausted_min_per_day"))
        }
        lines.append(t("measured.exhausted", plan=capital(t(f"plan.{name}")), **fields))
    known = scopes_of(scenario, judged.runs[OPTIMISED])
    figures = day_figures(judged.runs[OPTIMISED], known[NATURAL]) if NATURAL in known else {}
    if {"cut_off_per_day", "convoys_without_pair_per_day"} <= set(figures):
        cut, alone = figures["cut_off_per_day"], figures["convoys_without_pair_per_day"]
        lines.append(t("measured.convoys", alone=texts.interval(alone, 1), cut=texts.interval(cut, 2)))
    return lines


@styled
def hours_figure(judged: Judged, texts: Texts) -> Figure:
    """Incidents by hour of onset and their P90 response, a column a responder family."""
    t, scenario = texts.t, judged.scenario
    figure = new_figure(t("plot.hours.title"), t("plot.hours.subtitle"), texts, size=WIDE)
    axes = figure.subplots(2, len(FAMILIES), sharex=True)
    start, end = scenario.horizon_min
    for column, family in enumerate(FAMILIES):
        found = groups(judged, "hour", family)
        above, below = axes[0, column], axes[1, column]
        above.set_title(capital(t(f"family.{family}")))
        hour = np.array([parse_stamp(group.code) for group in found]) + 30.0
        _count_bars(above, hour, [group.estimates["per_day"] for group in found], FAMILY_COLOURS[column])
        _late_dots(below, hour, found, FAMILY_COLOURS[column])
        if all(group.few for group in found):
            below.text(0.5, 0.5, t("plot.hours.few"), transform=below.transAxes, ha="center", va="center", fontsize=11)
            below.set_yticks([])
        else:
            localise(below.yaxis, texts)
        localise(above.yaxis, texts)
        for ax in (above, below):
            ax.set_xlim(start, end)
            ax.grid(False, axis="x")
        localise_clock(below, texts, start, end, 360)
    axes[0, 0].set_ylabel(t("plot.hours.count"))
    axes[1, 0].set_ylabel(t("plot.hours.p90"))
    return figure


def _count_bars(ax: Axes, hour: np.ndarray, counts: Sequence[Estimate], colour: str) -> None:
    mean = np.array([count.mean for count in counts])
    ax.bar(hour, np.nan_to_num(mean), 56, color=colour, alpha=0.75)
    known = [place for place, count in enumerate(counts) if not count.too_few_days and count.mean > 0]
    ax.vlines(hour[known], [counts[p].low for p in known], [counts[p].high for p in known], color="black", linewidth=1)
    highs = np.nan_to_num([count.high for count in counts])
    most = float(np.nan_to_num(mean).max(initial=0.0))
    ax.set_ylim(0, max(min(float(highs.max(initial=0.0)) * 1.05, 2.0 * most), most * 1.05, 1e-3))


def _late_dots(ax: Axes, hour: np.ndarray, found: Sequence[Group], colour: str) -> None:
    """P90 with its interval; hours with few incidents are left out, those that end without help stand at the edge."""
    told = [(at, group.estimates["response_p90_min"]) for at, group in zip(hour, found, strict=True) if not group.few]
    finite = [(at, late) for at, late in told if np.isfinite(late.mean)]
    edge = max([late.mean for _, late in finite], default=1.0) * 1.5
    for at, late in finite:
        if not late.too_few_days:
            ax.plot([at, at], [late.low, min(late.high, edge)], color=colour, linewidth=1.6)
        face = "white" if late.too_few_days else colour
        ax.plot(at, late.mean, "o", color=colour, markerfacecolor=face, markersize=6)
    never = [at for at, late in told if np.isinf(late.mean)]
    ax.plot(never, [edge * PEAK] * len(never), "^", color=colour, markersize=7)
    ax.set_ylim(0, edge)


@styled
def places_figure(judged: Judged, texts: Texts) -> Figure:
    """Mean and P90 of the police response by sub-district, side by side, each with its own scale."""
    t = texts.t
    figure = new_figure(t("plot.places.title"), t("plot.places.subtitle"), texts, size=(LOW[0], 7.6))
    found = [group for group in groups(judged, "subdistrict", "security") if group.scope == CALM]
    for ax, key in zip(figure.subplots(1, 2), ("mean", "p90"), strict=True):
        minutes = np.array([group.estimates[f"response_{key}_min"].mean for group in found])
        minutes[~np.isfinite(minutes)] = np.nan
        minutes[[group.few for group in found]] = np.nan
        scale = sector_map(ax, judged.scenario, minutes, texts)
        bar = figure.colorbar(scale, ax=ax, location="bottom", fraction=0.04, aspect=40, pad=0.01)
        bar.set_ticks(even_steps(minutes))
        bar.set_label(t("plot.places.scale"))
        write_ticks(bar.ax.xaxis, texts)
        ax.set_title(capital(t(f"plot.places.{key}")))
    return figure
