"""One look for all figures: sizes for a projector, colours safe for colour-blind readers, no pyplot."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simsec.locale import Texts

Given = ParamSpec("Given")

WIDE = (12.8, 7.2)  # inches: the shape of a projector
LOW = (12.8, 4.6)  # for charts of few rows
DPI = 120

# Okabe & Ito (2008), Color Universal Design.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#1a1a1a", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY, PALE, INK, PAPER = "#8a8f98", "#e4e7eb", "#22262b", "#ffffff"
PLAN_COLOURS = (GREY, ORANGE, BLUE)  # announced, best doctrine, optimised
PLAN_DASHES: tuple[Any, Any, Any] = ((0, (1.2, 1.2)), (0, (5, 2)), "solid")
FAMILY_COLOURS = (BLUE, VERMILION, ORANGE, GREEN)  # security, medical, logistics, hazard

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 12,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_locale": False,
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "lines.linewidth": 2.4,
    "lines.solid_capstyle": "round",
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "hatch.linewidth": 0.8,
    "path.simplify": True,
}


def styled(draw: Callable[Given, Figure]) -> Callable[Given, Figure]:
    """Draw with the style of the house, whatever the user's own settings are."""

    @wraps(draw)
    def drawn(*given: Given.args, **named: Given.kwargs) -> Figure:
        with mpl.rc_context(_RC):
            return draw(*given, **named)

    return drawn


def new_figure(
    title: str, subtitle: str, texts: Texts, *, size: tuple[float, float] = WIDE, internal: bool = True
) -> Figure:
    """An empty figure with its title at the left and, on internal ones, the marking at the right.

    Args:
        title: what the figure shows, one line.
        subtitle: how to read it, one line; "" for none.
        texts: the language.
        size: inches.
        internal: mark it as restricted.
    """
    height = size[1]
    top = (0.84 if subtitle else 0.54) / height
    room = (0.005, 0.01, 0.99, 0.99 - top)
    figure = Figure(figsize=size, dpi=DPI, layout=ConstrainedLayoutEngine(rect=room, w_pad=0.08, h_pad=0.06))
    FigureCanvasAgg(figure)
    figure.text(0.012, 1 - 0.14 / height, title, fontsize=16, fontweight="bold", va="top", ha="left")
    if subtitle:
        figure.text(0.012, 1 - 0.46 / height, subtitle, fontsize=12, va="top", ha="left", color="#4a5058")
    if internal:
        figure.text(
            0.988,
            1 - 0.14 / height,
            texts.t("marking"),
            fontsize=11,
            fontweight="bold",
            va="top",
            ha="right",
            color=VERMILION,
        )
    return figure


def localise(axis: Axis, texts: Texts, *, whole: bool = False) -> None:
    """Round ticks on an axis, written as the language writes numbers; ``whole`` for what is counted."""
    axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=whole))
    write_ticks(axis, texts)


def write_ticks(axis: Axis, texts: Texts) -> None:
    """Write the ticks an axis has as the language writes numbers."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: texts.figure(round(value, 6))))


def localise_percent(axis: Axis, texts: Texts) -> None:
    """Write the ticks of an axis of shares as percentages."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: texts.percent(value)))


def localise_clock(axes: Axes, texts: Texts, start_min: float, end_min: float, every_min: int = 180) -> None:
    """Write the ticks of a horizontal axis of minutes as times of the clock."""
    every_min *= 2 if end_min - start_min > 1440 else 1  # the stamps of a second day are longer
    first = int(-(-start_min // every_min) * every_min)
    axes.set_xticks(list(range(first, int(end_min) + 1, every_min)))
    axes.set_xlim(start_min, end_min)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: texts.clock(value)))


def capital(text: str) -> str:
    """The text with its first letter large, for headings.

    Example:
        >>> capital("hari biasa")
        'Hari biasa'
    """
    return text[:1].upper() + text[1:]


def png(figure: Figure) -> bytes:
    """The figure as PNG, the same bytes every time."""
    out = io.BytesIO()
    with mpl.rc_context(_RC):
        figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
    return out.getvalue()
