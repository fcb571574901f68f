"""Figures and sentences of a grid: response curves, gains, contours, and changes paired by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from matplotlib.figure import Figure

from simsec.analysis.intervals import Estimate
from simsec.experiments.estimates import shifts
from simsec.report.sweep_figures import contour, response_curves
from simsec.report.sweep_seen import FAMILY, Seen, gain_lines, levels_of, numeric, told_at, varied
from simsec.report.wording import plan_name

MOST_LINES = 6


def grid_figures(seen: Seen) -> tuple[dict[str, Figure], list[str]]:
    """Curves along the first factor; over two numeric ones a contour a plan too.

    Of two plans the gain is shown, a line a level of the second factor; of one its minutes, a line a level where these
    are numbers, else a figure a level.
    """
    factors = varied(seen)
    if not factors:
        return {}, []
    figures: dict[str, Figure] = {}
    scenarios = list(dict.fromkeys(seen.points["scenario"]))
    for scenario in scenarios:
        cells = [cell for cell, name in enumerate(seen.points["scenario"]) if name == scenario]
        for figure_of in (_gain_curves, _minute_curves):
            for label, figure in figure_of(seen, factors, cells).items():
                said = " · ".join(part for part in (scenario if len(scenarios) > 1 else "", label) if part)
                if said:
                    figure.texts[0].set_text(f"{figure.texts[0].get_text()}: {said}")
                figures[f"{figure_of.__name__} {said}"] = figure
    if len(scenarios) == 1:
        figures |= _contours(seen, factors)
    return figures, [*gain_lines(seen), *_shift_lines(seen, factors)]


def _gain_curves(seen: Seen, factors: Sequence[str], cells: Sequence[int]) -> dict[str, Figure]:
    """The gain of the second plan, a line a level of the second factor, a figure a level of the others."""
    if not seen.gain:
        return {}
    lines = factors[1:2] if len(factors) > 1 and len(levels_of(seen, factors[1])) <= MOST_LINES else []
    estimates = {_line_name(seen, lines): seen.gain}
    second, first = (plan_name(plan, seen.texts) for plan in (seen.plans[1], seen.plans[0]))
    title = seen.texts.t("sweep.curve.gain", second=second, first=first)
    below = seen.texts.t("sweep.curve.gain_subtitle")
    return _curves(seen, factors, lines, cells, estimates, (title, below, seen.texts.t("sweep.gain")))


def _minute_curves(seen: Seen, factors: Sequence[str], cells: Sequence[int]) -> dict[str, Figure]:
    """The minutes themselves: a line a plan, or of one plan a line a level of a numeric second factor."""
    if seen.gain and len(factors) > 1:
        return {}
    lines = factors[1:2] if len(seen.plans) == 1 and len(factors) > 1 else []
    if lines and not (numeric(levels_of(seen, lines[0])) and len(levels_of(seen, lines[0])) <= MOST_LINES):
        lines = []
    of = {plan: {cell: e for (cell, name), e in seen.by_plan.items() if name == plan} for plan in seen.plans}
    estimates = {plan_name(plan, seen.texts): found for plan, found in of.items()}
    t = seen.texts.t
    title = t("sweep.curve.title", factor=seen.name(factors[0]))
    return _curves(seen, factors, lines, cells, estimates, (title, t("sweep.curve.subtitle"), t("sweep.measure")))


def _line_name(seen: Seen, lines: Sequence[str]) -> str:
    return "" if lines else plan_name(seen.plans[1], seen.texts)


def _curves(
    seen: Seen,
    factors: Sequence[str],
    lines: Sequence[str],
    cells: Sequence[int],
    estimates: Mapping[str, Mapping[int, Estimate]],
    words: tuple[str, str, str],
) -> dict[str, Figure]:
    """A figure a combination of the factors that are neither the axis nor the lines."""
    first, others = factors[0], [name for name in factors[1:] if name not in lines]
    where = {tuple(seen.points[name][cell] for name in (first, *lines, *others)): cell for cell in cells}
    ways = levels_of(seen, first)
    found: dict[str, Figure] = {}
    for rest in product(*(levels_of(seen, name) for name in others)):
        curves: dict[str, list[Estimate | None]] = {}
        for level in product(*(levels_of(seen, name) for name in lines)):
            for name, known in estimates.items():
                label = told_at(seen, lines, level) if lines else name
                curves[label] = [known.get(where[value, *level, *rest]) for value in ways]
        figure = response_curves(seen.name(first), ways, curves, words, seen.texts)
        found[told_at(seen, others, rest)] = figure
    return found


def _contours(seen: Seen, factors: Sequence[str]) -> dict[str, Figure]:
    """A contour a plan over two numeric factors of three levels or more."""
    if len(factors) != 2 or not all(numeric(levels_of(seen, f)) and len(levels_of(seen, f)) > 2 for f in factors):
        return {}
    texts, (across, up) = seen.texts, factors
    ways, rows = levels_of(seen, across), levels_of(seen, up)
    at = {pair: cell for cell, pair in enumerate(zip(seen.points[across], seen.points[up], strict=True))}
    figures: dict[str, Figure] = {}
    for plan in seen.plans:
        found = seen.values(plan)
        heights = np.array([[found.get(at[x, y], np.nan) for x in ways] for y in rows])
        title = texts.t("sweep.contour.title", plan=plan_name(plan, texts))
        names = (seen.name(across), seen.name(up))
        figures[f"contour-{plan}"] = contour(names, ways, rows, heights, title, texts)
    return figures


def _bases(seen: Seen, factors: Sequence[str]) -> dict[int, int]:
    """Cell -> the cell with the first level of the first factor and all else the same."""
    rest = [tuple(seen.points[name][cell] for name in ("scenario", *factors[1:])) for cell in seen.points["cell"]]
    start = seen.points[factors[0]][0]
    base = {rest[cell]: cell for cell in seen.points["cell"] if seen.points[factors[0]][cell] == start}
    return {cell: base[rest[cell]] for cell in seen.points["cell"] if base[rest[cell]] != cell}


def shifted(seen: Seen) -> dict[int, Estimate]:
    """Change against the first level of the first factor, paired by day: of one plan, over a grid of the same days."""
    factors = varied(seen)
    if seen.kind != "grid" or seen.gain or not factors or not seen.answers.manifest["identity"]["coupled"]:
        return {}
    return shifts(seen.answers, seen.plans[0], _bases(seen, factors), FAMILY)


def _shift_lines(seen: Seen, factors: Sequence[str]) -> list[str]:
    found = shifted(seen)
    if not found:
        return []
    base = told_at(seen, factors[:1], [seen.points[factors[0]][0]])
    better, worse = sum(e.high < 0 for e in found.values()), sum(e.low > 0 for e in found.values())
    unclear = len(found) - better - worse
    return [seen.texts.t("sweep.shifts", base=base, better=better, worse=worse, unclear=unclear, cells=len(found))]
