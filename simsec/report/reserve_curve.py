"""What a reserve of a size, and waiting at a place, gains on each type of day: sentences, table and figure."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simsec.analysis.comparison import compare_runs
from simsec.locale import NOTHING, Texts
from simsec.optimization.reserve import SPLITS, Curve, Stand
from simsec.report.facts import ANNOUNCED
from simsec.report.style import BLUE, GREY, INK, ORANGE, VERMILION, WIDE, capital, localise, new_figure, styled
from simsec.report.tables import Row, Table
from simsec.report.verdict import BreakEven, weighed
from simsec.report.wording import severe_probability
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

COLOURS = dict(zip(SPLITS, (BLUE, ORANGE, VERMILION), strict=True))
APART = 0.012  # of the axis, between the marks of the splits


def asked_size(scenario: Scenario, curve: Curve) -> int:
    """Officers of the stand nearest to the announced reserve."""
    announced = scenario.settings.forces.reserve.mode
    return min((stand.officers for stand in curve.stands), key=lambda officers: (abs(officers - announced), officers))


def against(scenario: Scenario, curve: Curve, first: Stand, second: Stand) -> BreakEven:
    """What the second stand gains on a severe day and costs on an ordinary one, paired by day."""
    runs = [curve.runs[curve.stands.index(stand)] for stand in (first, second)]
    return weighed(scenario, compare_runs(scenario, runs[0], runs[1]), ANNOUNCED)


def curve_lines(scenario: Scenario, curve: Curve, texts: Texts) -> list[str]:
    """The break-even of the size, what of it rests on containment, and headquarters against the splits."""
    if len(curve.stands) < 2:
        return [texts.t("curve.none")]
    size, least = asked_size(scenario, curve), curve.stands[0]
    lines = [severe_probability(scenario.settings.day_types.severe, texts)]
    for stand in curve.stands:
        if stand.officers != size or stand is least:
            continue
        first = least if stand.split == SPLITS[0] else curve.of(SPLITS[0])[_place(curve, size)]
        found = against(scenario, curve, first, stand)
        told = {
            "officers": texts.number(stand.officers),
            "least": texts.number(first.officers),
            "ordinary": texts.interval(found.ordinary, 1, sign=True),
            "severe": texts.interval(found.severe, 1, sign=True),
        }
        said = texts.t(f"curve.{stand.split}", **told)
        if np.isfinite(found.probability):
            key = "curve.pays" if found.severe.mean > 0 else "curve.pays_below"
            said = f"{said} {texts.t(key, probability=texts.percent(found.probability, 2))}"
        lines.append(f"{said} {texts.t('curve.containment', part=texts.interval(stand.containment, 1, sign=True))}")
    return [*lines, texts.t("curve.note", days=curve.days)]


def _place(curve: Curve, size: int) -> int:
    return [stand.officers for stand in curve.of(SPLITS[0])].index(size)


def curve_table(curve: Curve, texts: Texts) -> Table:
    """Every stand: simulated gain by type of day, the part that rests on containment, what the two-stage model says."""
    t, rows = texts.t, []
    for split in SPLITS:
        rows.append(Row((t(f"curve.split_{split}"),), "group"))
        for stand in curve.of(split):
            least = stand is curve.stands[0]
            gains = [
                NOTHING if least else texts.interval(found, 1, sign=True)
                for found in (*stand.gain.values(), stand.containment)
            ]
            saved = NOTHING if least else texts.signed(stand.expected["severe"], 0)
            rows.append(Row((texts.number(stand.officers), texts.number(stand.pairs), *gains, saved)))
    names = [t("table.given", day_type=t(f"day_type.{name}")) for name in DAY_TYPES]
    heads = (t("curve.officers"), t("curve.pairs"), *names, t("curve.resting"), t("curve.expected"))
    return Table(heads, tuple(rows))


@styled
def curve_figure(curve: Curve, texts: Texts) -> Figure:
    """A panel a type of day: simulated gains with their intervals, and the two-stage model's curve on its own scale."""
    t = texts.t
    figure = new_figure(t("plot.curve.title"), t("plot.curve.subtitle"), texts, size=(WIDE[0], WIDE[1] + 1.2))
    axes = figure.subplots(2, 2, sharex=True)
    width = max(stand.officers for stand in curve.stands) * APART
    for place, name in enumerate(DAY_TYPES):
        ax: Axes = axes.flat[place]
        beside = ax.twinx()
        for number, split in enumerate(SPLITS):
            stands, colour = curve.of(split), COLOURS[split]
            x = np.array([stand.officers for stand in stands], dtype=np.float64) + (number - 1) * width
            found = [stand.gain[name] for stand in stands]
            low, high = np.array([one.low for one in found]), np.array([one.high for one in found])
            ax.vlines(x, low, high, color=colour, linewidth=2)
            ax.scatter(x, [one.mean for one in found], s=46, color=colour, zorder=4)
            if name == "severe":
                part = [stand.containment.mean for stand in stands]
                ax.scatter(x, part, s=46, facecolors="white", edgecolors=colour, linewidths=1.6, zorder=4)
            beside.plot(x, [stand.expected[name] for stand in stands], color=colour, linestyle="dashed", linewidth=1.4)
        ax.axhline(0, color=INK, linewidth=1)
        ax.set_title(capital(t(f"day_type.{name}")))
        _same_nought(ax, beside)
        for axis in (ax.yaxis, beside.yaxis):
            localise(axis, texts)
        localise(ax.xaxis, texts, whole=True)
        beside.grid(False)
        if place % 2:
            beside.set_ylabel(t("plot.curve.beside"))
    for ax in axes[1]:
        ax.set_xlabel(t("plot.curve.x"))
    for ax in axes[:, 0]:
        ax.set_ylabel(t("plot.curve.y"))
    handles = [
        Line2D([], [], color=COLOURS[split], marker="o", linestyle="none", label=t(f"curve.split_{split}"))
        for split in SPLITS
    ]
    handles.append(Line2D([], [], color=GREY, marker="o", linestyle="none", label=t("plot.curve.resting")))
    handles[-1].set_markerfacecolor("white")
    handles.append(Line2D([], [], color=GREY, linestyle="dashed", label=t("plot.curve.expected")))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _same_nought(first: Axes, second: Axes) -> None:
    """Nought at the same height on both scales."""
    below = 0.0
    for ax in (first, second):
        low, high = ax.get_ylim()
        low, high = min(low, 0.0), max(high, 0.0)
        below = max(below, -low / (high - low) if high > low else 0.0)
    below = min(below, 0.9)
    for ax in (first, second):
        low, high = ax.get_ylim()
        top = max(high, -low * (1 - below) / below if below else 0.0, 1e-9)
        ax.set_ylim(-top * below / (1 - below), top)
