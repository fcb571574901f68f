"""What is said of intervals that may hold the truth less often than they say, and of the choice of the best of many."""

from __future__ import annotations

import math
from collections.abc import Iterable

from simsec.analysis.intervals import Doubt
from simsec.locale import DOUBT_MARKS, Texts
from simsec.optimization.finalists import ALONE, PROCEDURE
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report.tables import Table
from simsec.report.verdict import same_plan


def doubt_of_gain(judged: Judged) -> Doubt:
    """The doubt of the gain over the best doctrine; none where both are one plan, whose gain is nought for sure."""
    return Doubt.NONE if same_plan(judged) else judged.over_doctrine.gain.doubt


def gain_lines(judged: Judged, texts: Texts) -> list[str]:
    """One line when the gain over the best doctrine carries a doubt, else none."""
    doubt = doubt_of_gain(judged)
    return [texts.t("doubt.of_gain", doubt=texts.t(f"doubt.{doubt}"))] if doubt else []


def footnotes(tables: Iterable[Table], texts: Texts) -> list[str]:
    """A line for every mark and every word of doubt that stands in the tables.

    Args:
        tables: all that were written with ``marked``.
        texts: the language they were written in.
    """
    cells = [cell for table in tables for row in table.rows for cell in row.cells]
    notes = [
        f"{mark} {texts.t(f'doubt.{doubt}')}"
        for doubt, mark in DOUBT_MARKS.items()
        if any(cell.endswith(f") {mark}") for cell in cells)
    ]
    alike, at_most = texts.t("number.alike"), texts.t("number.at_most", high="")
    if any(f"({alike})" in cell for cell in cells):
        notes.append(texts.t("doubt.note", words=alike, doubt=texts.t("doubt.alike")))
    if any(f"({at_most}" in cell for cell in cells):
        notes.append(texts.t("doubt.note", words=at_most.strip(), doubt=texts.t("doubt.at_most")))
    return notes


def certificate_lines(search: Search, texts: Texts) -> list[str]:
    """What is proven of the places of the squads, or that nothing is, and why."""
    placed = search.placed
    if placed is None:
        return []
    if placed.gap is None or not placed.proven:
        return [texts.t("search.not_placed", reason=texts.message(placed.reason))]
    gap = placed.gap
    return [
        texts.t(
            "search.placed",
            days=placed.days,
            day_type=texts.t(f"day_type.{placed.day_type}"),
            gap=texts.number(math.ceil(10 * gap.upper) / 10, 1),
            share=texts.percent(math.ceil(1000 * gap.share) / 1000, 1),
            level=texts.percent(gap.level),
        )
    ]


def choice_lines(search: Search, texts: Texts) -> list[str]:
    """How sure the choice among the models is, and that its gain on the days that chose is flattered."""
    models, choice = sum(candidate.origin == "model" for candidate in search.candidates), search.choice
    if models < 2:
        return []
    if choice.procedure == ALONE:
        return [texts.t("search.choice_alone"), texts.t("search.flattered")]
    if math.isnan(choice.probability):
        return [texts.t("search.choice_unknown", models=models), texts.t("search.flattered")]
    if choice.procedure == PROCEDURE:
        line = texts.t(
            "search.choice_final",
            finalists=search.finalists,
            days=search.final_days,
            probability=texts.percent(choice.probability),
            indifference=texts.number(choice.regret, 2),
        )
        return [line, texts.t("search.flattered")]
    sure = min(math.floor(100 * choice.probability) / 100, 0.99)  # a bound is not rounded up, and never certain
    line = texts.t(
        "search.choice",
        models=search.finalists if search.final_days else models,
        days=search.final_days or search.selection_days,
        probability=texts.percent(sure),
        regret=texts.number(math.ceil(100 * choice.regret) / 100, 2),
    )
    return [line, texts.t("search.flattered")]
