"""The charts of a report, each a function from what was judged to a figure in the language given."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import FAMILIES, kind_tables
from simsec.analysis.replications import Replications, strata
from simsec.base.clock import parse_stamp
from simsec.locale import Texts
from simsec.optimization.judge import Judged
from simsec.plan.feasibility import pattern_rows
from simsec.plan.ledger import PAIR_PERSONS, READINGS, ledger_of
from simsec.report.facts import ANNOUNCED, OPTIMISED, PLANS, SECURITY, Sectors
from simsec.report.labels import parameter_label
from simsec.report.reserve import SQUAD, in_use
from simsec.report.style import (
    BLACK,
    BLUE,
    FAMILY_COLOURS,
    GREY,
    INK,
    LOW,
    ORANGE,
    PALE,
    PLAN_COLOURS,
    PLAN_DASHES,
    SKY,
    VERMILION,
    WIDE,
    capital,
    localise,
    localise_clock,
    localise_percent,
    new_figure,
    styled,
    write_ticks,
)
from simsec.report.verdict import Deciding, same_plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
CURVE_END_MIN = 120.0
CURVE_POINTS = 481


@styled
def response_figure(judged: Judged, texts: Texts) -> Figure:
    """Share of police incidents that got first help within so many minutes, by day type, before and after."""
    t = texts.t
    figure = new_figure(t("plot.response.title"), t("plot.response.subtitle"), texts)
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    scenario, minutes = judged.scenario, np.linspace(0, CURVE_END_MIN, CURVE_POINTS)
    security = kind_tables(scenario).family == SECURITY
    for place, day_type in enumerate(DAY_TYPES):
        ax: Axes = axes.flat[place]
        count = 0
        for number, runs in enumerate(judged.runs):
            inside = security[runs.incident_kind] & (runs.stratum[runs.incident_day] == DAY_TYPES.index(day_type))
            count = int(inside.sum())
            if count:
                ordered = np.sort(runs.incident_response_min[inside])
                share = np.searchsorted(ordered, minutes, side="right") / count
                ax.plot(minutes, share, color=PLAN_COLOURS[number], linestyle=PLAN_DASHES[number])
        ax.set_title(capital(t("plot.response.panel", day_type=t(f"day_type.{day_type}"), n=count)))
        ax.set_ylim(0, 1.02)
        ax.set_xlim(0, CURVE_END_MIN)
        localise(ax.xaxis, texts, whole=True)
        localise_percent(ax.yaxis, texts)
    for ax in axes[1]:
        ax.set_xlabel(t("plot.response.x"))
    for ax in axes[:, 0]:
        ax.set_ylabel(t("plot.response.y"))
    figure.legend(handles=_plan_lines(texts), loc="outside lower center", ncols=3)
    return figure


def _plan_lines(texts: Texts) -> list[Line2D]:
    return [
        Line2D([], [], color=colour, linestyle=dash, label=texts.t(f"plan.{name}"))
        for name, colour, dash in zip(PLANS, PLAN_COLOURS, PLAN_DASHES, strict=True)
    ]


@styled
def sector_figure(judged: Judged, sectors: Sectors, texts: Texts) -> Figure:
    """Gain of every sub-district with its interval: over the announced plan and over the best doctrine."""
    t = texts.t
    names = judged.scenario.villages.subdistrict_names
    height = max(LOW[1], 1.7 + 0.3 * len(names))
    figure = new_figure(t("plot.sectors.title"), t("plot.sectors.subtitle"), texts, size=(WIDE[0], height))
    left, right = figure.subplots(1, 2, sharey=True)
    order = np.argsort([_known(gain.mean) for gain in sectors.over_announced], kind="stable")
    shown = ((left, "over_announced", sectors.over_announced), (right, "over_doctrine", sectors.over_doctrine))
    for ax, key, gains in shown:
        _gain_bars(ax, [gains[number] for number in order.tolist()])
        ax.set_title(capital(t(f"plot.sectors.{key}")))
        ax.set_xlabel(t("plot.sectors.x"))
        localise(ax.xaxis, texts)
        ax.grid(False, axis="y")
        if all(gain.mean == gain.low == gain.high == 0 for gain in gains):  # an empty panel would look like a fault
            paper = {"color": "white"}
            ax.text(0.5, 0.5, t("plot.sectors.same"), transform=ax.transAxes, ha="center", va="center", bbox=paper)
    left.set_yticks(range(len(names)), [names[number] for number in order.tolist()])
    figure.legend(
        handles=[
            Patch(color=BLUE, label=t("plot.sectors.gains")),
            Patch(color=VERMILION, label=t("plot.sectors.loses")),
            Patch(color=GREY, label=t("plot.sectors.unclear")),
        ],
        loc="outside lower center",
        ncols=3,
    )
    return figure


def _known(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def _gain_bars(ax: Axes, gains: list[Estimate]) -> None:
    """Bars of gains with whiskers, coloured only where the interval leaves zero; wild whiskers are cut at the edge."""
    place = np.arange(len(gains))
    means = np.array([_known(gain.mean) for gain in gains])
    low = np.array([gain.low if np.isfinite(gain.low) else mean for gain, mean in zip(gains, means, strict=True)])
    high = np.array([gain.high if np.isfinite(gain.high) else mean for gain, mean in zip(gains, means, strict=True)])
    colours = [BLUE if gain.low > 0 else VERMILION if gain.high < 0 else GREY for gain in gains]
    ax.barh(place, means, color=colours, height=0.66)
    ax.hlines(place, low, high, color=BLACK, linewidth=1.4)
    ax.axvline(0, color=INK, linewidth=1)
    edge = _edge(means, low, high)
    ax.set_xlim(-edge, edge)


def _edge(means: Floats, low: Floats, high: Floats) -> float:
    """Half the width of the axis: all means, and the whiskers of all but the widest tenth."""
    whiskers = np.maximum(np.abs(low), np.abs(high))
    wide = float(np.quantile(whiskers, 0.9)) if len(whiskers) else 0.0
    return float(max(np.abs(means).max(initial=0.0) * 1.1, wide * 1.1, 1.0))


@styled
def reserve_figure(judged: Judged, texts: Texts) -> Figure:
    """Squads of the reserve out through the day, by day type: mean and 90th percentile, and how many there are."""
    t = texts.t
    figure = new_figure(t("plot.reserve.title"), t("plot.reserve.subtitle"), texts)
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    scenario = judged.scenario
    end = scenario.horizon_min[1]
    start = reserve_on_duty_min(scenario)
    size = judged.plans[OPTIMISED].reserve_squads
    for place, day_type in enumerate(DAY_TYPES):
        ax: Axes = axes.flat[place]
        ax.set_title(capital(t(f"day_type.{day_type}")))
        before = in_use(scenario, judged.runs[ANNOUNCED], judged.plans[ANNOUNCED].reserve_squads, day_type)
        after = in_use(scenario, judged.runs[OPTIMISED], size, day_type)
        if before is not None and after is not None:
            minute = np.append(after.minute, end)  # the last look holds to the end of the day
            ax.fill_between(minute, 0, _held(after.p90), color=SKY, alpha=0.45, step="post", linewidth=0)
            ax.step(minute, _held(after.mean), color=BLUE, where="post")
            ax.step(minute, _held(before.mean), color=GREY, where="post", linestyle=PLAN_DASHES[0], linewidth=2)
        ax.axhline(size, color=VERMILION, linewidth=1.6, linestyle="dashed")
        ax.set_ylim(0, max(size * 1.12, 1))
        localise(ax.yaxis, texts, whole=True)
        localise_clock(ax, texts, start, end)
    for ax in axes[:, 0]:
        ax.set_ylabel(t("plot.reserve.y"))
    figure.legend(
        handles=[
            Line2D([], [], color=BLUE, label=t("plot.reserve.mean")),
            Patch(color=SKY, alpha=0.45, label=t("plot.reserve.p90")),
            Line2D([], [], color=GREY, linestyle=PLAN_DASHES[0], linewidth=2, label=t("plot.reserve.before")),
            Line2D([], [], color=VERMILION, linestyle="dashed", linewidth=1.6, label=t("plot.reserve.size", n=size)),
        ],
        loc="outside lower center",
        ncols=4,
    )
    return figure


def _held(values: Floats) -> Floats:
    return np.append(values, values[-1])


@styled
def rhythm_figure(judged: Judged, texts: Texts) -> Figure:
    """Incidents that need somebody from outside, by hour and responder family, at natural rates."""
    t = texts.t
    scenario, runs = judged.scenario, judged.runs[OPTIMISED]
    figure = new_figure(t("plot.rhythm.title"), t("plot.rhythm.subtitle"), texts)
    ax: Axes = figure.subplots()
    start, end = first_incident_min(scenario), scenario.horizon_min[1]
    edges = np.arange(np.floor(start / 60) * 60, np.ceil(end / 60) * 60 + 1, 60)
    family, weight = kind_tables(scenario).family[runs.incident_kind], day_weight(scenario, runs)[runs.incident_day]
    bottom = np.zeros(len(edges) - 1)
    for number, name in enumerate(FAMILIES):
        inside = family == number
        counts, _ = np.histogram(runs.incident_onset_min[inside], bins=edges, weights=weight[inside])
        ax.bar(
            edges[:-1],
            counts,
            60,
            bottom,
            align="edge",
            color=FAMILY_COLOURS[number],
            label=t(f"family.{name}"),
            edgecolor="white",
        )
        bottom += counts
    clock = scenario.settings.clock
    top = max(float(bottom.max()), 1e-6) * 1.16
    stamps = {"opens": clock.voting_opens, "closes": clock.voting_closes, "counted": clock.counting_ends}
    for place, (key, stamp) in enumerate(stamps.items()):
        minute = parse_stamp(stamp)
        ax.axvline(minute, color=INK, linewidth=1.2, linestyle="dashed")
        height = top * (0.985 - 0.05 * (place % 2))  # in a short day neighbours would run into each other
        ax.text(minute + 6, height, t(f"plot.rhythm.{key}", time=texts.clock(minute)), fontsize=11, va="top")
    ax.set_ylim(0, top)
    localise_clock(ax, texts, float(edges[0]), float(edges[-1]), 120)
    localise(ax.yaxis, texts)
    ax.set_ylabel(t("plot.rhythm.y"))
    ax.grid(False, axis="x")
    ax.legend(loc="upper right", bbox_to_anchor=(1.0, 0.9))
    return figure


def reserve_on_duty_min(scenario: Scenario) -> float:
    """The minute at which the squads of the reserve go on duty: nothing is seen of them before."""
    kinds = [unit.kind for unit in scenario.settings.units]
    return scenario.duty_min[kinds.index(SQUAD)][0] if SQUAD in kinds else scenario.horizon_min[0]


def first_incident_min(scenario: Scenario) -> float:
    """The first minute of the windows of all kinds: before it there is at most an accident on the way."""
    windows = [window for kind in scenario.windowed for window in kind.windows]
    return min(parse_stamp(window.start) for window in windows)


def day_weight(scenario: Scenario, runs: Replications) -> Floats:
    """Weight of each day so that sums over days are means of a day at natural rates, shape (days,)."""
    weight = np.zeros(len(runs))
    for number, p in strata(scenario).items():
        inside = runs.stratum == number
        weight[inside] = p / max(int(inside.sum()), 1)
    return weight / max(float(weight.sum()), 1e-300)


@styled
def ledger_figure(judged: Judged, texts: Texts) -> Figure:
    """The three readings of the announced strength: who is left for pairs and patrols, who is bound elsewhere."""
    t = texts.t
    scenario, chosen = judged.scenario, judged.plans[OPTIMISED].reading
    figure = new_figure(t("plot.ledger.title"), t("plot.ledger.subtitle"), texts, size=LOW)
    ax: Axes = figure.subplots()
    colours = {"free": BLUE, "reserve": VERMILION, "fixed": ORANGE, "polsek_minimum": SKY}
    announced = 0
    for row, reading in enumerate(READINGS):
        ledger = ledger_of(scenario, reading)
        announced = ledger.announced
        groups = {"free": (ledger.free, True)}
        for line in ledger.lines:
            key = line.duty if line.duty in ("reserve", "polsek_minimum") else "fixed"
            groups[key] = (groups.get(key, (0, True))[0] + line.officers, line.inside)
        left = 0
        for key in sorted(groups, key=lambda name: (not groups[name][1], list(colours).index(name))):
            officers, inside = groups[key]
            (bar,) = ax.barh(row, officers, left=left, height=0.62, color=colours[key], edgecolor="white")
            if not inside:
                bar.set(hatch="////", alpha=0.55)
            if officers > announced * 0.05:
                pairs = officers // PAIR_PERSONS
                label = t("plot.ledger.free", n=officers, pairs=pairs) if key == "free" else texts.number(officers)
                ink = "white" if key in ("free", "reserve") and inside else INK
                style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 11, "fontweight": "bold"}
                ax.text(left + officers / 2, row, label, color=ink, **style)
            left += officers
    ax.axvline(announced, color=INK, linewidth=1.6)
    ax.text(announced, -0.48, f" {t('plot.ledger.announced', n=announced)}", fontsize=11, va="bottom", ha="left")
    mark = "\n" + t("plot.ledger.chosen")
    names = [t(f"reading.{reading}") + (mark if reading == chosen else "") for reading in READINGS]
    ax.set_yticks(range(len(READINGS)), names)
    ax.set_ylim(len(READINGS) - 0.5, -0.78)
    ax.set_xlabel(t("plot.ledger.x"))
    ax.grid(False, axis="y")
    localise(ax.xaxis, texts)
    handles = [Patch(color=colour, label=t(f"plot.ledger.key_{key}")) for key, colour in colours.items()]
    handles.append(Patch(facecolor=PALE, hatch="////", edgecolor=GREY, label=t("plot.ledger.key_outside")))
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


@styled
def worlds_figure(judged: Judged, strongest: Deciding, texts: Texts) -> Figure:
    """The gain in every assumption world, sorted, with its interval."""
    t = texts.t
    worlds = judged.worlds
    title = t("plot.worlds.title", better=worlds.better, worlds=len(worlds.gains))
    title = t("plot.worlds.title_same") if same_plan(judged) else title
    figure = new_figure(title, t("plot.worlds.subtitle"), texts)
    ax: Axes = figure.subplots()
    gains = sorted(worlds.gains, key=lambda gain: gain.mean)
    place = np.arange(1, len(gains) + 1)
    means = np.array([_known(gain.mean) for gain in gains])
    low = np.array([gain.low if np.isfinite(gain.low) else mean for gain, mean in zip(gains, means, strict=True)])
    high = np.array([gain.high if np.isfinite(gain.high) else mean for gain, mean in zip(gains, means, strict=True)])
    ax.vlines(place, low, high, color=GREY, linewidth=2)
    ax.scatter(
        place,
        means,
        s=64,
        color=[BLUE if mean > 0 else VERMILION if mean < 0 else GREY for mean in means.tolist()],
        zorder=3,
    )
    if worlds.apart:
        ax.axhspan(*worlds.span, color=BLUE, alpha=0.12, linewidth=0, zorder=0, label=t("plot.worlds.band"))
        ax.legend(loc="lower right", fontsize=11, frameon=True, facecolor="white", framealpha=0.85, edgecolor="none")
    ax.axhline(0, color=INK, linewidth=1.4)
    edge = _edge(means, low, high)
    bottom = -edge if (low < 0).any() else -edge * 0.08
    ax.set_ylim(bottom, edge * 1.25 if (high > 0).any() else edge * 0.4)  # room for the note
    localise(ax.yaxis, texts)
    localise(ax.xaxis, texts, whole=True)
    ax.set_xlim(0, len(gains) + 1)
    ax.set_xlabel(t("plot.worlds.x"))
    ax.set_ylabel(t("plot.worlds.y"))
    if strongest.path:
        label = parameter_label(judged.scenario, strongest.path, texts)
        note = t(
            "plot.worlds.decides" if strongest.decides else "plot.worlds.no_one_decides",
            figure=label,
            change=texts.interval(strongest.change, 1, sign=True),
        )
        paper = {"color": "white", "alpha": 0.8}
        ax.text(0.012, 0.97, note, transform=ax.transAxes, va="top", fontsize=12, bbox=paper)
    ax.grid(False, axis="x")
    return figure


@styled
def pattern_figure(judged: Judged, texts: Texts) -> Figure:
    """Police that each block size needs, regency-wide and with blocks inside sub-districts, against what is there."""
    t = texts.t
    rows = pattern_rows(judged.scenario, judged.plans[OPTIMISED].reading)
    figure = new_figure(t("plot.pattern.title"), t("plot.pattern.subtitle"), texts)
    ax: Axes = figure.subplots()
    size = [row.tps_per_pair for row in rows]
    inside, regency = [row.police_inside_subdistricts for row in rows], [row.police_regency for row in rows]
    ax.plot(size, inside, color=BLUE, marker="o", markersize=7, label=t("plot.pattern.inside"))
    ax.plot(size, regency, color=ORANGE, marker="s", markersize=6, linestyle="dashed", label=t("plot.pattern.regency"))
    ax.axhline(rows[0].available, color=VERMILION, linewidth=2, label=t("plot.pattern.available", n=rows[0].available))
    first = next((row for row in rows if row.feasible), None)
    marked = {rows[0].tps_per_pair: rows[0]} | ({first.tps_per_pair: first} if first else {})
    for row in marked.values():
        key = "plot.pattern.works" if row.feasible else "plot.pattern.fails"
        note = t(key, tps=row.tps_per_pair, inside=row.police_inside_subdistricts)
        ax.annotate(
            note,
            (row.tps_per_pair, row.police_inside_subdistricts),
            xytext=(14, 8),
            textcoords="offset points",
            fontsize=11,
            fontweight="bold",
        )
    ax.set_ylim(0, max(*inside, rows[0].available) * 1.1)
    ax.set_xlim(size[0] - 0.5, size[-1] + 0.5)
    ax.set_xticks(size)
    write_ticks(ax.xaxis, texts)
    localise(ax.yaxis, texts)
    ax.set_xlabel(t("plot.pattern.x"))
    ax.set_ylabel(t("plot.pattern.y"))
    ax.legend(loc="lower left")
    return figure
