"""The public one-page summary: totals and sub-district figures only, nothing about who stands where."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from simsec.locale import NOTHING, Texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report.access import public_access
from simsec.report.area import strength_note
from simsec.report.basemap import own_outlines
from simsec.report.doubts import doubt_of_gain
from simsec.report.facts import ANNOUNCED, OPTIMISED, headline, sectors
from simsec.report.labels import only_line
from simsec.report.maps import sector_map
from simsec.report.page import ReportMeta, data_uri, environment
from simsec.report.style import BLUE, GREY, INK, localise, new_figure, styled, write_ticks
from simsec.report.tables import Row, Table
from simsec.report.verdict import verdict
from simsec.report.wording import sides

SIZE, LOWER = (12.8, 9.0), (12.8, 7.4)


def public_sentence(judged: Judged, search: Search, texts: Texts) -> str:
    """The opening sentence for the public: as plain as the report's, without plans and patterns."""
    worlds = judged.worlds
    low, high = worlds.span
    said = texts.t(
        f"public.first.{verdict(judged, search)}",
        better=worlds.better,
        worlds=len(worlds.gains),
        range=texts.t("number.range", low=texts.signed(low, 1), high=texts.signed(high, 1)),
    )
    return f"{only_line(judged.scenario, texts)} {said}".strip()


def _cards(judged: Judged, texts: Texts) -> list[tuple[str, str]]:
    """Key figures as pairs of what is said and the figure."""
    t, scenario, minutes = texts.t, judged.scenario, sectors(judged).minutes
    ordinary = {row.key: row.by_scope["ordinary"][OPTIMISED] for row in headline(judged) if "ordinary" in row.by_scope}
    weight = np.bincount(scenario.stations.subdistrict, minlength=minutes.shape[1])
    mean = {n: float(np.average(np.nan_to_num(minutes[n]), weights=weight)) for n in (ANNOUNCED, OPTIMISED)}
    return [
        (t("public.card_median"), _or_nothing(ordinary["median"].mean, texts)),
        (t("public.card_within"), texts.percent(ordinary["within_target"].mean)),
        (t("public.card_mean", before=texts.number(mean[ANNOUNCED], 1)), _or_nothing(mean[OPTIMISED], texts)),
        (
            t("public.card_worst", before=texts.number(judged.stations[ANNOUNCED].worst_tenth_min, 1)),
            _or_nothing(judged.stations[OPTIMISED].worst_tenth_min, texts),
        ),
    ]


def _uneven(judged: Judged, texts: Texts) -> str:
    """What the first sentence leaves out: that help comes later on some types of day; "" where it does on none."""
    better, worse = sides(judged)
    if not worse:
        return ""
    better_days, worse_days = (
        texts.joined([texts.t(f"day_type.{name}") for name in names]) for names in (better, worse)
    )
    if not better:
        return texts.t("public.loses", worse=worse_days)
    return texts.t("public.uneven", better=better_days, worse=worse_days)


def _or_nothing(minutes: float, texts: Texts) -> str:
    return texts.minutes(minutes) if np.isfinite(minutes) else NOTHING


def summary_page(judged: Judged, search: Search, meta: ReportMeta, figure: bytes, texts: Texts) -> str:
    """The summary in one language as a page that opens offline.

    Args:
        judged: three plans on the same fresh days.
        search: how the optimised plan was found.
        meta: what made the run.
        figure: PNG of :func:`summary_figure` in the same language.
        texts: the language.
    """
    scenario, t = judged.scenario, texts.t
    forces = scenario.settings.forces
    context: dict[str, Any] = {
        "t": t,
        "texts": texts,
        "title": scenario.settings.title.of(texts.language),
        "date": texts.date(scenario.settings.polling_date),
        "first": public_sentence(judged, search, texts),
        "uneven": _uneven(judged, texts),
        "doubt": t("public.doubt") if doubt_of_gain(judged) else "",
        "cards": _cards(judged, texts),
        "strength": t(
            "public.strength",
            stations=len(scenario.stations),
            voters=int(scenario.stations.registered_voters.sum()),
            villages=len(scenario.villages),
            sectors=len(scenario.villages.subdistrict_codes),
            police=round(forces.police.mode),
            army=round(forces.army.mode),
            linmas=round(forces.linmas.mode),
            reserve=round(forces.reserve.mode),
        ),
        "strength_note": strength_note(scenario, texts),
        "method": t(
            "public.method",
            days=len(judged.runs[OPTIMISED]),
            worlds=len(judged.worlds.gains),
        ),
        "figure": data_uri(figure),
        "sectors": _sector_table(judged, texts),
        "access": public_access(judged, texts),
        "citation": meta.citation,
    }
    return environment().get_template("summary.html.j2").render(context)


def _sector_table(judged: Judged, texts: Texts) -> Table:
    t, scenario, found = texts.t, judged.scenario, sectors(judged)
    voters = np.bincount(
        scenario.stations.subdistrict, weights=scenario.stations.registered_voters, minlength=len(found.stations)
    )
    rows = []
    for number, name in enumerate(scenario.villages.subdistrict_names):
        before, after = (float(found.minutes[plan, number]) for plan in (ANNOUNCED, OPTIMISED))
        numbers = (int(found.stations[number]), int(voters[number]))
        cells = (
            *(texts.number(n) for n in numbers),
            texts.number(before, 1),
            texts.number(after, 1),
            texts.signed(after - before, 1),
        )
        rows.append(Row((name, *cells)))
    keys = ("sector", "stations", "voters", "before", "after", "change")
    return Table(tuple(t(f"public.table_{key}") for key in keys), tuple(rows))


@styled
def summary_figure(judged: Judged, search: Search, texts: Texts, *, alone: bool) -> Figure:
    """Map and bars by sub-district, for the public.

    Args:
        judged: three plans on the same fresh days.
        search: how the optimised plan was found.
        texts: the language.
        alone: with the key figures and the opening sentence, for a picture that travels without its page.
    """
    t, scenario, found = texts.t, judged.scenario, sectors(judged)
    title = t("public.figure_title", title=scenario.settings.title.of(texts.language))
    figure = new_figure(title, t("public.figure_subtitle"), texts, size=SIZE if alone else LOWER, internal=False)
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    bar = figure.colorbar(
        sector_map(left, scenario, found.minutes[OPTIMISED], texts),
        ax=left,
        location="bottom",
        fraction=0.04,
        aspect=40,
        pad=0.01,
    )
    bar.set_label(t("public.figure_scale"))
    write_ticks(bar.ax.xaxis, texts)
    left.set_title(t("public.figure_map"))
    _before_and_after(right, found.minutes, scenario.villages.subdistrict_names, texts)
    engine = figure.get_layout_engine()
    if alone and isinstance(engine, ConstrainedLayoutEngine):
        for place, (label, value) in enumerate(_cards(judged, texts)):
            x = 0.012 + 0.247 * place
            figure.text(x, 0.905, value, fontsize=17, fontweight="bold", va="top", ha="left", color=BLUE)
            figure.text(x, 0.868, _wrapped(label, 34), fontsize=10.5, va="top", ha="left")
        note = public_sentence(judged, search, texts)
        if not own_outlines(scenario):
            note = t("public.figure_note", sentence=note)
        figure.text(0.012, 0.012, _wrapped(note, 150), fontsize=10.5, va="bottom", ha="left", color="#4a5058")
        engine.set(rect=(0.005, 0.075, 0.99, 0.72))
    return figure


def _before_and_after(
    ax: Axes, minutes: np.ndarray[Any, np.dtype[np.float64]], names: tuple[str, ...], texts: Texts
) -> None:
    """Two dots a sub-district: announced and proposed, slowest on top."""
    t = texts.t
    order = np.argsort(np.nan_to_num(minutes[OPTIMISED]), kind="stable")
    place = np.arange(len(order))
    before, after = minutes[ANNOUNCED][order], minutes[OPTIMISED][order]
    ax.hlines(place, before, after, color=GREY, linewidth=2)
    ax.scatter(before, place, s=54, color="white", edgecolors=GREY, linewidths=2, zorder=3)
    ax.scatter(after, place, s=64, color=BLUE, zorder=4)
    ax.set_yticks(place.tolist(), [names[n] for n in order.tolist()])
    ax.set_xlim(0, max(float(np.nanmax(minutes[[ANNOUNCED, OPTIMISED]])) * 1.12, 1.0))
    ax.set_ylim(-0.7, len(order) - 0.3)
    ax.set_title(t("public.figure_bars"))
    ax.set_xlabel(t("public.figure_x"))
    localise(ax.xaxis, texts)
    ax.grid(False, axis="y")
    ax.legend(
        handles=[
            Line2D(
                [],
                [],
                linestyle="none",
                marker="o",
                markersize=8,
                markerfacecolor="white",
                markeredgecolor=GREY,
                markeredgewidth=2,
                color=INK,
                label=t("public.announced"),
            ),
            Line2D([], [], linestyle="none", marker="o", markersize=8, color=BLUE, label=t("public.proposed")),
        ],
        loc="lower right",
    )


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width))
