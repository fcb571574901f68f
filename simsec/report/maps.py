"""Maps: stations by minutes to first help before and after, and sub-districts for the public."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from simsec.geography.ground import site_node
from simsec.locale import Texts
from simsec.optimization.judge import Judged
from simsec.plan.plan import Plan
from simsec.report.basemap import (
    BORDER,
    GROUND,
    PANEL,
    Base,
    base_of,
    box_middle,
    draw_base,
    halo,
    inside,
    own_outlines,
    patches,
    rayon_names,
)
from simsec.report.facts import ANNOUNCED, NOTICEABLE_MIN, OPTIMISED, known_minutes
from simsec.report.style import BLACK, BLUE, PURPLE, VERMILION, capital, new_figure, styled, write_ticks
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
SHOWN = (ANNOUNCED, OPTIMISED)
MAP_SIZE = (12.8, 8.0)
_COVERED_KM = 0.05  # a sign this near to a larger one is not seen
_SQUAD = (0.030, 0.026)  # of the width of the map: a squad's circle stands beside its post


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


def shared_steps(plans: Sequence[Floats]) -> list[float]:
    """Edges for stations under several plans: from the soonest to what one station in a hundred exceeds.

    A scale that fits the area shows where help comes later; one for all areas would paint a city in one colour.
    """
    known = np.concatenate([minutes[np.isfinite(minutes)] for minutes in plans])
    return even_steps(np.quantile(known, [0.0, 0.99]) if len(known) else known, 10)


@styled
def map_figure(judged: Judged, texts: Texts) -> Figure:
    """Stations by minutes to first help, announced and optimised side by side, with posts and the reserve."""
    t, scenario = texts.t, judged.scenario
    figure = new_figure(t("plot.map.title"), t("plot.map.subtitle"), texts, size=MAP_SIZE)
    base = base_of(scenario)
    steps = shared_steps([known_minutes(judged.stations[n].mean_min, judged.stations[n].nobody_share) for n in SHOWN])
    colours, norm = minutes_colours(steps, more=True)
    station_km = base.place(scenario.stations.lat, scenario.stations.lon)
    taken = _taken(judged, base)
    axes = figure.subplots(1, 2)
    for ax, number in zip(axes, SHOWN, strict=True):
        parts = draw_base(ax, base, texts)
        found = judged.stations[number]
        minutes = known_minutes(found.mean_min, found.nobody_share)
        order = np.argsort(np.nan_to_num(minutes, nan=np.inf), kind="stable")  # the slowest on top
        x, y = station_km[order].T
        never = ~np.isfinite(minutes)
        for part in parts:
            part.scatter(x, y, c=minutes[order], s=13, cmap=colours, norm=norm, linewidths=0)
            part.scatter(station_km[never, 0], station_km[never, 1], s=16, color=BLACK, marker="x", linewidths=1)
            hamlets(part, base)
            posts(part, base, judged.plans[number])
        rayon_names(parts, base, taken)
        key = "announced" if number == ANNOUNCED else "optimised"
        mean = texts.number(float(np.nanmean(minutes)), 1)
        ax.set_title(capital(t("plot.map.panel", plan=t(f"plan.{key}"), mean=mean)))
    scale = ScalarMappable(norm, colours)
    bar = figure.colorbar(scale, ax=axes, location="bottom", fraction=0.035, aspect=52, pad=0.01)
    bar.set_label(t("plot.map.scale"))
    write_ticks(bar.ax.xaxis, texts)
    figure.legend(
        handles=map_keys(base, texts), loc="outside lower center", ncols=3, handletextpad=0.4
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
    base = base_of(scenario)
    x, y = base.place(scenario.stations.lat, scenario.stations.lon).T
    colours, norm = minutes_colours(shared_steps(minutes), more=True)
    axes = figure.subplots(1, 2)
    left, right = (draw_base(ax, base, texts, tinted=False) for ax in axes)
    order = np.argsort(np.nan_to_num(minutes[1], nan=np.inf), kind="stable")
    for part in left:
        part.scatter(x[order], y[order], c=minutes[1][order], s=13, cmap=colours, norm=norm, linewidths=0)
    axes[0].set_title(capital(t("plot.change.after")))
    longer = np.nan_to_num(minutes[1] - minutes[0])
    for marked, colour, marker, key in (
        (np.abs(longer) <= NOTICEABLE_MIN, BORDER, ".", "plot.change.same"),
        (longer < -NOTICEABLE_MIN, BLUE, "o", "plot.change.sooner"),
        (longer > NOTICEABLE_MIN, VERMILION, "v", "plot.change.later"),
    ):
        size = 6 + 6 * np.minimum(np.abs(longer[marked]), 10.0)
        for part in right:
            name = t(key) if part is axes[1] else None
            part.scatter(x[marked], y[marked], s=size, color=colour, marker=marker, linewidths=0, label=name)
    axes[1].set_title(capital(t("plot.change.difference")))
    figure.legend(loc="outside lower center", ncols=3, handletextpad=0.4)
    for part in (*left, *right):
        posts(part, base, plans[1])
    scale = ScalarMappable(norm, colours)
    bar = figure.colorbar(scale, ax=axes, location="bottom", fraction=0.035, aspect=52, pad=0.01)
    bar.set_label(t("plot.map.scale"))
    write_ticks(bar.ax.xaxis, texts)
    return figure


def map_keys(base: Base, texts: Texts, *, squads: bool = True) -> list[Line2D]:
    """Legend of what stands on a map beside its dots; squads of the reserve only where some are drawn."""
    t, scenario = texts.t, base.scenario

    def key(marker: str, colour: str, size: float, label: str, **style: Any) -> Line2D:
        return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=size, label=label, **style)

    outline = t("plot.map.own_outlines" if own_outlines(scenario) else "plot.map.drawn_outlines")
    keys = [key("*", BLACK, 13, t("plot.map.headquarters")), key("^", BLACK, 7, t("plot.map.posts"))]
    if _seen(base, ("kpu",), ("polres",)):
        keys.append(key("D", BLACK, 6, t("plot.map.commission")))
    if _seen(base, ("ppk",), ("polsek", "polsubsektor", "kpu", "polres")):
        keys.append(key("s", BLACK, 4, t("plot.map.committees")))
    if squads:
        keys.append(key("o", VERMILION, 12, t("plot.map.reserve")))
    if (scenario.stations.access > 0).any():
        hollow = {"markerfacecolor": "none", "markeredgewidth": 2.2}
        keys.append(key("o", PURPLE, 12, t("plot.map.hamlets"), **hollow))
    if "ferry" in scenario.main_roads.hop_class:
        keys.append(Line2D([], [], color=BLUE, linestyle=(0, (4, 2)), linewidth=1.8, label=t("plot.map.ferry")))
    return [*keys, Line2D([], [], color=BORDER, label=outline)]


def _seen(base: Base, types: tuple[str, ...], above: tuple[str, ...]) -> bool:
    """Whether any post of these types lies clear of the larger signs that are drawn above it."""
    places = base.scenario.posts
    km = base.place(places.lat, places.lon)
    gap = km[list(places.of_type(*types))][:, None, :] - km[list(places.of_type(*above))][None, :, :]
    return bool((np.hypot(gap[:, :, 0], gap[:, :, 1]).min(axis=1, initial=np.inf) > _COVERED_KM).any())


def _taken(judged: Judged, base: Base) -> Floats:
    """Where posts and squads are drawn on either map: the names of rayons keep clear of them."""
    beside = np.array(_SQUAD) * max(np.ptp(base.km[~base.far, 0]), PANEL * np.ptp(base.km[~base.far, 1]))
    squads = [
        _site_km(base, site) + beside
        for number in SHOWN
        for site, count in judged.plans[number].squads.items()
        if count > 0
    ]
    return np.concatenate([office_km(base), np.array(squads).reshape(-1, 2)])


def office_km(base: Base) -> Floats:
    """Where the police offices stand, shape (offices, 2)."""
    places = base.scenario.posts
    offices = list(places.of_type("polres", "polsek", "polsubsektor"))
    return base.place(places.lat[offices], places.lon[offices])


def _site_km(base: Base, site: str) -> Floats:
    scenario = base.scenario
    lat = np.concatenate([scenario.villages.lat, scenario.posts.lat])
    lon = np.concatenate([scenario.villages.lon, scenario.posts.lon])
    node = site_node(scenario, site)
    return np.asarray(base.place(lat[node : node + 1], lon[node : node + 1])[0])


def hamlets(ax: Axes, base: Base, size: float = 90) -> None:
    """A ring around every village with stations beyond a river or at the end of one road."""
    stations = base.scenario.stations
    hard = np.unique(stations.village[stations.access > 0])
    if len(hard):
        x, y = np.array([_middle(base, village) for village in hard.tolist()]).T
        ax.scatter(x, y, s=size, facecolors="none", edgecolors="white", linewidths=4.4, zorder=4.4)
        ax.scatter(x, y, s=size, facecolors="none", edgecolors=PURPLE, linewidths=2.4, zorder=4.5)


def _middle(base: Base, village: int) -> Floats:
    """The middle of a village's stations that are hard to reach."""
    stations = base.scenario.stations
    those = (stations.village == village) & (stations.access > 0)
    return np.asarray(base.place(stations.lat[those], stations.lon[those]).mean(axis=0))


def posts(ax: Axes, base: Base, plan: Plan | None = None) -> None:
    """The posts and, under a plan, the squads of its reserve that lie on these axes."""
    places = base.scenario.posts
    km = base.place(places.lat, places.lon)
    drawn = ((("ppk",), "s", 16), (("polsek", "polsubsektor"), "^", 46), (("kpu",), "D", 44), (("polres",), "*", 190))
    for types, marker, size in drawn:
        chosen = np.array(places.of_type(*types), dtype=np.int64)
        x, y = km[chosen].T
        ax.scatter(x, y, marker=marker, s=size, color=BLACK, edgecolors="white", linewidths=0.7, zorder=4)
    wide, drawn_at = ax.get_xlim()[1] - ax.get_xlim()[0], list[Floats]()
    for site, squads in plan.squads.items() if plan else ():
        east, north = _site_km(base, site)
        if squads > 0 and inside(ax, (east, north)):
            way = _clear_way(np.array([east, north]), drawn_at, wide)
            ax.annotate(
                str(squads),
                (east, north),
                way,
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


def _clear_way(site: Floats, drawn: list[Floats], wide: float) -> tuple[int, int]:
    """Points from a site to its circle: the first of four ways that leads away from the circles drawn before."""
    ways = ((13, 11), (-13, 11), (13, -13), (-13, -13))
    ends = [site + np.array(way) / 13 * _SQUAD[0] * wide for way in ways]
    free = [min((float(np.hypot(*(end - other))) for other in drawn), default=np.inf) > 0.05 * wide for end in ends]
    chosen = free.index(True) if True in free else 0
    drawn.append(ends[chosen])
    return ways[chosen]


def _sector_names(ax: Axes, base: Base, far: bool) -> None:
    """The name of each sub-district in its middle, or at the village of it where it covers no other name."""
    villages, written = base.scenario.villages, list[tuple[float, float, float]]()
    wide = ax.get_xlim()[1] - ax.get_xlim()[0]
    letter, line = 0.0138 * wide, 0.026 * wide
    alone = len(set(villages.subdistrict[base.far].tolist())) == 1
    for number, name in enumerate(villages.subdistrict_names):
        there = base.km[(villages.subdistrict == number) & (base.far == far)]
        if not len(there):
            continue
        half = letter * max(map(len, name.split())) / 2
        places = np.vstack([there.mean(axis=0), there])
        covers = [
            sum(abs(x - a) < half + other and abs(y - b) < line for a, b, other in written) for x, y in places.tolist()
        ]
        away = np.hypot(*(places - places[0]).T)
        x, y = places[int(np.argmin(away + 100.0 * np.array(covers)))].tolist()
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "linespacing": 0.95}
        if far and alone:
            (x, y), style["va"] = box_middle(ax), "top"
        written.append((x, y, half))
        ax.text(x, y, name.replace(" ", "\n"), path_effects=halo(), zorder=4, **style)


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
    base, villages = base_of(scenario), scenario.villages
    colours, norm = minutes_colours(even_steps(minutes), more=False)
    known = {code: number for number, code in enumerate(villages.subdistrict_codes)}
    known |= {name: number for number, name in enumerate(villages.subdistrict_names)}
    parts = draw_base(ax, base, texts, ground=False)
    for far, part in enumerate(parts):
        for code, patch in patches(base, base.areas, far=bool(far)):
            value = minutes[known[code]] if code in known else np.nan
            fill = colours(norm(value)) if np.isfinite(value) else GROUND
            patch.set(facecolor=fill, edgecolor="white", linewidth=1.4)
            part.add_patch(patch)
        _sector_names(part, base, bool(far))
    return ScalarMappable(norm, colours)
