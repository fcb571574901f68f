"""Figures of a sweep: response curves, contours, tornadoes and indices, in the style of the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from simsec.analysis.intervals import Estimate
from simsec.experiments.sensitivity import Index, Swing
from simsec.locale import Texts
from simsec.report.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LOW,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    WIDE,
    localise,
    new_figure,
    styled,
    write_ticks,
)

Floats = NDArray[np.float64]
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, GREY)
MARKS = "osD^vPX"
MOST_BARS, MOST_PANELS = 20, 9


def written(value: object, texts: Texts) -> str:
    """A value of a factor: numbers as the language writes them, day types by name."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return texts.figure(float(value))
    key = f"day_type.{value}"
    return texts.t(key) if texts.has(key) else str(value)


@styled
def response_curves(
    factor: str,
    values: Sequence[object],
    curves: Mapping[str, Sequence[Estimate | None]],
    words: tuple[str, str, str],
    texts: Texts,
) -> Figure:
    """A measure or gain against the values of one factor: a line a plan or level, with 95 % intervals.

    Args:
        factor: its name.
        values: in the order of the points.
        curves: name -> an estimate a value, None where every run failed.
        words: title, subtitle, and what the vertical axis shows.
        texts: the language.
    """
    figure = new_figure(words[0], words[1], texts, internal=False)
    ax = figure.subplots()
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    at = np.array(values, dtype=np.float64) if numeric else np.arange(len(values), dtype=np.float64)
    step = float(np.min(np.diff(np.sort(at)))) if len(at) > 1 else 1.0
    for number, (name, estimates) in enumerate(curves.items()):
        known = [(x, e) for x, e in zip(at.tolist(), estimates, strict=True) if e is not None]
        x = np.array([x for x, _ in known]) + (number - (len(curves) - 1) / 2) * 0.04 * step
        mean = np.array([e.mean for _, e in known])
        ends = np.array([[e.mean - e.low for _, e in known], [e.high - e.mean for _, e in known]])
        colour = COLOURS[number % len(COLOURS)]
        style = "-" if numeric else ""
        mark = MARKS[number % len(MARKS)]
        ax.errorbar(
            x, mean, yerr=np.nan_to_num(ends), color=colour, linestyle=style, marker=mark, capsize=4, label=name
        )
    ax.set_xlabel(factor)
    ax.set_ylabel(words[2])
    localise(ax.yaxis, texts)
    low, high = ax.get_ylim()
    ax.set_ylim(min(0.0, low), max(0.0, high))
    if low < 0:
        ax.axhline(0, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)))
    ax.set_xticks(at.tolist(), [written(value, texts) for value in values])
    if len(curves) > 1:
        figure.legend(loc="outside lower center", ncols=min(len(curves), 4))
    return figure


@styled
def contour(
    names: tuple[str, str], first: Sequence[float], second: Sequence[float], heights: Floats, title: str, texts: Texts
) -> Figure:
    """A measure over two factors.

    Args:
        names: of the factors.
        first: values along the horizontal axis.
        second: values along the vertical axis.
        heights: shape (second, first); nan where every run failed.
        title: what is shown.
        texts: the language.
    """
    figure = new_figure(title, texts.t("sweep.contour.subtitle"), texts, internal=False)
    ax = figure.subplots()
    ground = np.ma.masked_invalid(heights)
    shown = ax.contourf(first, second, ground, levels=12, cmap="viridis")
    lines = ax.contour(first, second, ground, levels=list(shown.levels)[::2], colors=INK, linewidths=0.7)
    ax.clabel(lines, fmt=lambda value: texts.figure(float(value)), fontsize=10)
    ax.plot(*np.meshgrid(first, second), linestyle="", marker=".", color=INK, markersize=4)
    bar = figure.colorbar(shown, ax=ax, label=texts.t("sweep.measure"))
    write_ticks(bar.ax.yaxis, texts)
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    localise(ax.xaxis, texts)
    localise(ax.yaxis, texts)
    return figure


@styled
def tornado(swings: Sequence[Swing], base: Estimate, plan: str, texts: Texts) -> Figure:
    """What each factor alone does to the gain of a plan, the widest swing on top; red where the decision changes."""
    t = texts.t
    shown = list(swings[:MOST_BARS])
    size = (WIDE[0], max(LOW[1], 2.2 + 0.36 * len(shown)))
    title, below = t("sweep.tornado.title", plan=plan), t("sweep.tornado.subtitle")
    figure = new_figure(title, below, texts, size=size, internal=False)
    ax = figure.subplots()
    for row, swing in enumerate(reversed(shown)):
        colour = VERMILION if swing.changes else BLUE
        for up, gain in ((0.17, swing.at_low), (-0.17, swing.at_high)):
            pale = 0.5 if up < 0 else 1.0
            ax.barh(row + up, gain.mean - base.mean, left=base.mean, height=0.32, color=colour, alpha=pale)
            if not gain.too_few_days:
                ax.plot([gain.low, gain.high], [row + up, row + up], color=INK, linewidth=0.9)
    ax.axvline(base.mean, color=INK, linewidth=1.2)
    ax.axvline(0, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)))
    ends = [f"{written(swing.low, texts)} \N{EN DASH} {written(swing.high, texts)}" for swing in shown]
    ax.set_yticks(range(len(shown)), [f"{s.factor}  {end}" for s, end in zip(shown[::-1], ends[::-1], strict=True)])
    ax.grid(False, axis="y")
    ax.set_xlabel(t("sweep.gain"))
    localise(ax.xaxis, texts)
    meanings = ((BLUE, t("sweep.tornado.same")), (VERMILION, t("sweep.tornado.changes")))
    handles = [Patch(color=colour, label=label) for colour, label in meanings]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


@styled
def index_bars(
    factors: Sequence[str], indices: Mapping[str, Index], title: str, label: str, texts: Texts
) -> Figure:
    """Indices of every factor with their intervals, the largest on top.

    Args:
        factors: their names.
        indices: what they are -> the index of every factor; the last orders the rows.
        title: what is shown.
        label: of the axis.
        texts: the language.
    """
    last = list(indices.values())[-1]
    order = np.argsort(-last.value, kind="stable")[:MOST_BARS][::-1]
    size = (WIDE[0], max(LOW[1], 2.0 + 0.4 * len(order)))
    figure = new_figure(title, texts.t("sweep.index.subtitle"), texts, size=size, internal=False)
    ax = figure.subplots()
    high = 0.8 / len(indices)
    for number, (name, index) in enumerate(indices.items()):
        rows = np.arange(len(order)) + 0.4 - high * (number + 0.5)
        value = index.value[order]
        ends = np.maximum(np.array([value - index.low[order], index.high[order] - value]), 0)
        ax.barh(rows, value, height=high * 0.9, color=COLOURS[number], label=name)
        ax.errorbar(value, rows, xerr=ends, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
    ax.set_yticks(range(len(order)), [factors[place] for place in order.tolist()])
    ax.grid(False, axis="y")
    ax.set_xlabel(label)
    localise(ax.xaxis, texts)
    if len(indices) > 1:
        figure.legend(loc="outside lower center", ncols=len(indices))
    return figure


@styled
def scatter(
    columns: Mapping[str, Sequence[float]],
    height: Floats,
    fails: NDArray[np.bool_],
    words: tuple[str, str, str],
    texts: Texts,
) -> Figure:
    """Every point of a space-filling design against each factor; those that fail in another colour and shape.

    Args:
        columns: factor -> its value at every point; the factors that go along with the values most come first.
        height: the measure or gain, shape (points,).
        fails: which points fail, shape (points,).
        words: title, subtitle, and what the vertical axis shows.
        texts: the language.
    """
    alike = np.ptp(height) == 0
    ranks = {
        name: 0.0 if alike or len(set(column)) < 2 else abs(float(spearmanr(column, height).statistic))
        for name, column in columns.items()
    }
    shown = sorted(columns, key=lambda name: -ranks[name])[:MOST_PANELS]
    across = min(len(shown), 3)
    rows = -(-len(shown) // across)
    size = (WIDE[0], max(LOW[1], 1.2 + 3.2 * rows))
    figure = new_figure(words[0], words[1], texts, size=size, internal=False)
    axes = figure.subplots(rows, across, sharey=True, squeeze=False)
    for place, ax in enumerate(axes.flat):
        if place >= len(shown):
            ax.set_visible(False)
            continue
        x = np.asarray(columns[shown[place]], dtype=np.float64)
        ax.plot(x[~fails], height[~fails], linestyle="", marker="o", markersize=4, color=BLUE, alpha=0.7)
        ax.plot(x[fails], height[fails], linestyle="", marker="x", markersize=6, markeredgewidth=1.6, color=VERMILION)
        ax.set_xlabel(shown[place])
        localise(ax.xaxis, texts)
        localise(ax.yaxis, texts)
        if place % across == 0:
            ax.set_ylabel(words[2])
    return figure
