"""Maps: stations by minutes to first help before and after, and sub-districts for the public."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import BoundaryNorm, Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from simsec.geography.distance import local_km
from simsec.geography.ground import site_node
from simsec.geography.outline import Rings, outlines, read_boundaries
from simsec.locale import Texts
from simsec.optimization.judge import Judged
from simsec.plan.plan import Plan
from simsec.report.facts import ANNOUNCED, NOTICEABLE_MIN, OPTIMISED, known_minutes
from simsec.report.style import BLACK, BLUE, INK, VERMILION, capital, new_figure, styled, write_ticks
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
BOUNDARIES = "boundaries.geojson"
MARGIN_KM = 1.5  # how far a drawn outline reaches beyond the outermost village point
STEPS_MIN = (0, 5, 10, 15, 20, 25, 30, 40, 50, 60)
MAP_SIZE = (12.8, 8.0)
GROUND, BORDER = "#f4f5f7", "#b3b9c2"
_SQUAD_KM = (2.0, 1.7)  # a squad's circle stands beside its post
_LABEL_KM = (3.4, 1.4)  # half the size of a rayon's name on the map


def area_outlines(scenario: Scenario) -> dict[str, Rings]:
    """Outlines of the sub-districts: the user's own ``boundaries.geojson``, or drawn from the village points.

    Raises:
        InputError: the user's file is wrong.
    """
    if own_outlines(scenario):
        return read_boundaries(scenario.folder / BOUNDARIES)
    villages = scenario.villages
    codes = [villages.subdistrict_codes[number] for number in villages.subdistrict.tolist()]
    return outlines(villages.lat, villages.lon, codes, MARGIN_KM)


def own_outlines(scenario: Scenario) -> bool:
    """Whether the user put a boundary file into the scenario folder."""
    return (scenario.folder / BOUNDARIES).is_file()


def minutes_colours(steps_min: Sequence[float], *, more: bool) -> tuple[Colormap, BoundaryNorm]:
    """A scale in steps: light is soon, dark is late; safe for colour-blind readers and in grey.

    Args:
        steps_min: edges of the steps.
        more: whether there may be more than the last edge.
    """
    base = mpl.colormaps["viridis_r"]
    count = len(steps_min) - 1 + more
    colours = LinearSegmentedColormap.from_list("minutes", [base(x) for x in np.linspace(0.06, 1.0, 32)], N=count)
    return colours, BoundaryNorm(list(steps_min), count, extend="max" if more else "neither")


def even_steps(values: Floats, at_most: int = 8) -> list[float]:
    """Edges of whole minutes around the values, all the same distance apart.

    Example:
        >>> even_steps(np.array([9.2, 17.9]))
        [8.0, 10.0, 12.0, 14.0, 16.0, 18.0]
    """
    known = values[np.isfinite(values)]
    least, most = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    for step in (1, 2, 5, 10, 20, 50, 100):
        first, last = np.floor(least / step) * step, max(np.ceil(most / step), np.floor(least / step) + 1) * step
        if (last - first) / step <= at_most:
            break
    return [float(x) for x in np.arange(first, last + step / 2, step)]


def _origin(scenario: Scenario) -> tuple[float, float]:
    return float(scenario.villages.lat.mean()), float(scenario.villages.lon.mean())


def _patches(areas: dict[str, Rings], origin: tuple[float, float]) -> list[tuple[str, PathPatch]]:
    found = []
    for code, rings in areas.items():
        vertices, codes = [], []
        for ring in rings:
            km = local_km(ring[:, 1], ring[:, 0], origin)
            vertices.append(km)
            codes += [Outline.MOVETO, *[Outline.LINETO] * (len(km) - 2), Outline.CLOSEPOLY]
        if vertices:
            found.append((code, PathPatch(Outline(np.concatenate(vertices), codes))))
    return found


def _frame(ax: Axes, patches: list[tuple[str, PathPatch]]) -> None:
    """Equal scale, no axes, all outlines in view with room for the scale bar below."""
    points = np.concatenate([patch.get_path().vertices for _, patch in patches])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    ax.set_xlim(west - 0.8, east + 0.8)
    ax.set_ylim(south - 3.2, north + 0.8)
    ax.set_aspect("equal")
    ax.set_axis_off()


def _scale_bar(ax: Axes, texts: Texts, km: int = 10) -> None:
    west, south = ax.get_xlim()[0] + 1.0, ax.get_ylim()[0] + 0.9
    ax.plot([west, west + km], [south, south], color=INK, linewidth=3, solid_capstyle="butt")
    ax.text(west + km / 2, south + 0.4, texts.t("plot.map.km", n=km), ha="center", va="bottom", fontsize=10)
    east = ax.get_xlim()[1] - 1.4
    ax.annotate(
        texts.t("plot.map.north"),
        (east, south + 3.4),
        (east, south),
        ha="center",
        va="bottom",
        fontsize=11,
        fontweight="bold",
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.8},
    )


def _halo(width: float = 2.4) -> list[effects.AbstractPathEffect]:
    return [effects.withStroke(linewidth=width, foreground="white")]


@styled
def map_figure(judged: Judged, texts: Texts) -> Figure:
    """Stations by minutes to first help, announced and optimised side by side, with posts and the reserve."""
    t, scenario = texts.t, judged.scenario
    figure = new_figure(t("plot.map.title"), t("plot.map.subtitle"), texts, size=MAP_SIZE)
    areas = area_outlines(scenario)
    origin = _origin(scenario)
    colours, norm = minutes_colours(STEPS_MIN, more=True)
    station_km = local_km(scenario.stations.lat, scenario.stations.lon, origin)
    taken = _taken(judged, origin)
    axes = figure.subplots(1, 2)
    for ax, number in zip(axes, (ANNOUNCED, OPTIMISED), strict=True):
        patches = _patches(areas, origin)
        ground = PatchCollection([patch for _, patch in patches], facecolor=GROUND, edgecolor=BORDER, linewidth=0.9)
        ax.add_collection(ground)
        found = judged.stations[number]
        minutes = known_minutes(found.mean_min, found.nobody_share)
        order = np.argsort(np.nan_to_num(minutes, nan=np.inf), kind="stable")  # the slowest on top
        x, y = station_km[order].T
        ax.scatter(x, y, c=minutes[order], s=13, cmap=colours, norm=norm, linewidths=0)
        never = ~np.isfinite(minutes)
        ax.scatter(station_km[never, 0], station_km[never, 1], s=16, color=BLACK, marker="x", linewidths=1)
        _frame(ax, patches)
        _rayons(ax, scenario, taken, origin)
        _posts(ax, scenario, judged.plans[number], origin)
        _scale_bar(ax, texts)
        key = "announced" if number == ANNOUNCED else "optimised"
        mean = texts.number(float(np.nanmean(minutes)), 1)
        ax.set_title(capital(t("plot.map.panel", plan=t(f"plan.{key}"), mean=mean)))
    scale = ScalarMappable(norm, colours)
    bar = figure.colorbar(scale, ax=axes, location="bottom", fraction=0.035, aspect=52, pad=0.01)
    bar.set_label(t("plot.map.scale"))
    write_ticks(bar.ax.xaxis, texts)
    figure.legend(
        handles=_map_keys(texts, own_outlines(scenario)), loc="outside lower center", ncols=3, handletextpad=0.4
    )
    return figure


@styled
def change_figure(scenario: Scenario, plans: tuple[Plan, Plan], minutes: tuple[Floats, Floats], texts: Texts) -> Figure:
    """Two maps: minutes to first help under the second plan, and what changed against the first.

    Args:
        scenario: what is known.
        plans: the first and the second; the reserve of the second is drawn.
        minutes: mean minutes to first help at each station under each, nan where never anybody was free.
        texts: the language.
    """
    t = texts.t
    figure = new_figure(t("plot.change.title"), t("plot.change.subtitle"), texts, size=MAP_SIZE)
    areas, origin = area_outlines(scenario), _origin(scenario)
    x, y = local_km(scenario.stations.lat, scenario.stations.lon, origin).T
    colours, norm = minutes_colours(STEPS_MIN, more=True)
    axes = figure.subplots(1, 2)
    for ax in axes:
        patches = _patches(areas, origin)
        ax.add_collection(
            PatchCollection([patch for _, patch in patches], facecolor=GROUND, edgecolor=BORDER, linewidth=0.9)
        )
        _frame(ax, patches)
        _scale_bar(ax, texts)
    order = np.argsort(np.nan_to_num(minutes[1], nan=np.inf), kind="stable")
    axes[0].scatter(x[order], y[order], c=minutes[1][order], s=13, cmap=colours, norm=norm, linewidths=0)
    axes[0].set_title(capital(t("plot.change.after")))
    longer = np.nan_to_num(minutes[1] - minutes[0])
    for marked, colour, marker, key in (
        (np.abs(longer) <= NOTICEABLE_MIN, BORDER, ".", "plot.change.same"),
        (longer < -NOTICEABLE_MIN, BLUE, "o", "plot.change.sooner"),
        (longer > NOTICEABLE_MIN, VERMILION, "v", "plot.change.later"),
    ):
        size = 6 + 6 * np.minimum(np.abs(longer[marked]), 10.0)
        axes[1].scatter(x[marked], y[marked], s=size, color=colour, marker=marker, linewidths=0, label=t(key))
    axes[1].set_title(capital(t("plot.change.difference")))
    figure.legend(loc="outside lower center", ncols=3, handletextpad=0.4)
    for ax in axes:
        _posts(ax, scenario, plans[1], origin)
    scale = ScalarMappable(norm, colours)
    bar = figure.colorbar(scale, ax=axes, location="bottom", fraction=0.035, aspect=52, pad=0.01)
    bar.set_label(t("plot.map.scale"))
    write_ticks(bar.ax.xaxis, texts)
    return figure


def _map_keys(texts: Texts, own: bool) -> list[Line2D]:
    t = texts.t

    def key(marker: str, colour: str, size: float, label: str) -> Line2D:
        return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=size, label=label)

    outline = t("plot.map.own_outlines" if own else "plot.map.drawn_outlines")
    return [
        key("*", BLACK, 13, t("plot.map.headquarters")),
        key("^", BLACK, 7, t("plot.map.posts")),
        key("D", BLACK, 6, t("plot.map.commission")),
        key("s", BLACK, 4, t("plot.map.committees")),
        key("o", VERMILION, 12, t("plot.map.reserve")),
        Line2D([], [], color=BORDER, label=outline),
    ]


def _taken(judged: Judged, origin: tuple[float, float]) -> Floats:
    """Where posts and squads are drawn on either map: the names of rayons keep clear of them."""
    posts = judged.scenario.posts
    offices = list(posts.of_type("polres", "polsek", "polsubsektor"))
    post_km = local_km(posts.lat[offices], posts.lon[offices], origin)
    squads = [
        _site_km(judged.scenario, site, origin) + _SQUAD_KM
        for number in (ANNOUNCED, OPTIMISED)
        for site, count in judged.plans[number].squads.items()
        if count > 0
    ]
    return np.concatenate([post_km, np.array(squads).reshape(-1, 2)])


def _site_km(scenario: Scenario, site: str, origin: tuple[float, float]) -> Floats:
    lat = np.concatenate([scenario.villages.lat, scenario.posts.lat])
    lon = np.concatenate([scenario.villages.lon, scenario.posts.lon])
    node = site_node(scenario, site)
    return np.asarray(local_km(lat[node : node + 1], lon[node : node + 1], origin)[0])


def _rayons(ax: Axes, scenario: Scenario, taken: Floats, origin: tuple[float, float]) -> None:
    villages = scenario.villages
    km = local_km(villages.lat, villages.lon, origin)
    for number, name in enumerate(villages.rayon_names):
        inside = km[villages.rayon == number]
        away = np.hypot(*(inside - np.median(inside, axis=0)).T)
        gap = np.abs(inside[:, None, :] - taken[None, :, :])
        covers = ((gap[:, :, 0] < _LABEL_KM[0]) & (gap[:, :, 1] < _LABEL_KM[1])).sum(axis=1)
        x, y = inside[int(np.argmin(away + 100.0 * covers))]  # in the middle, but over no post
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 11, "fontweight": "bold"}
        ax.text(x, y, name.upper(), color=INK, zorder=3, path_effects=_halo(3), **style)


def _posts(ax: Axes, scenario: Scenario, plan: Plan, origin: tuple[float, float]) -> None:
    posts = scenario.posts
    km = local_km(posts.lat, posts.lon, origin)
    drawn = ((("ppk",), "s", 16), (("polsek", "polsubsektor"), "^", 46), (("kpu",), "D", 44), (("polres",), "*", 190))
    for types, marker, size in drawn:
        chosen = np.array(posts.of_type(*types), dtype=np.int64)
        x, y = km[chosen].T
        ax.scatter(x, y, marker=marker, s=size, color=BLACK, edgecolors="white", linewidths=0.7, zorder=4)
    for site, squads in plan.squads.items():
        if squads > 0:
            east, north = _site_km(scenario, site, origin)
            ax.annotate(
                str(squads),
                (east, north),
                (13, 11),
                textcoords="offset points",
                color="white",
                fontsize=11,
                fontweight="bold",
                ha="center",
                va="center",
                zorder=6,
                arrowprops={"arrowstyle": "-", "color": VERMILION, "linewidth": 2.2, "shrinkB": 0},
                bbox={"boxstyle": "circle,pad=0.28", "facecolor": VERMILION, "edgecolor": "white", "linewidth": 1.4},
            )


def sector_map(ax: Axes, scenario: Scenario, minutes: Floats, texts: Texts) -> ScalarMappable:
    """Colour the sub-districts by minutes to first help, with their names; nothing finer is drawn.

    Args:
        ax: where.
        scenario: for the outlines.
        minutes: a figure a sub-district.
        texts: the language.

    Returns:
        What a colour bar needs.
    """
    areas = area_outlines(scenario)
    origin, villages = _origin(scenario), scenario.villages
    colours, norm = minutes_colours(even_steps(minutes), more=False)
    known = {code: number for number, code in enumerate(villages.subdistrict_codes)}
    known |= {name: number for number, name in enumerate(villages.subdistrict_names)}
    patches = _patches(areas, origin)
    for code, patch in patches:
        value = minutes[known[code]] if code in known else np.nan
        patch.set(facecolor=colours(norm(value)) if np.isfinite(value) else GROUND, edgecolor="white", linewidth=1.4)
        ax.add_patch(patch)
    _frame(ax, patches)
    km = local_km(villages.lat, villages.lon, origin)
    for number, name in enumerate(villages.subdistrict_names):
        x, y = np.mean(km[villages.subdistrict == number], axis=0)
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "linespacing": 0.95}
        ax.text(x, y, name.replace(" ", "\n"), path_effects=_halo(), **style)
    _scale_bar(ax, texts)
    return ScalarMappable(norm, colours)
