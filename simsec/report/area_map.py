"""The area on one map: rayons, steep and low ground, hamlets that are hard to reach, special sites, islands."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch

from simsec.locale import Texts
from simsec.report.basemap import Base, Flags, Floats, base_of, draw_base, halo, inside, rayon_names
from simsec.report.maps import hamlets, map_keys, office_km, posts
from simsec.report.style import BLACK, ORANGE, new_figure, styled
from simsec.scenario.reading import Scenario

STEEP, LOW = "#a05a1c", "#3f8fc4"  # of the hatching: earth and water; the lines also differ
HATCHES = {"steep": ("//////", STEEP), "low": ("-----", LOW)}
SIZE = (12.8, 8.6)
SHAPE = 1.14  # width over height of the map beside its legend
_NEAR_KM = 0.11  # share of the map's width within which two names of sites would meet
_NAME = 0.07  # share of the map's width from a site to the middle of its name
LEGEND_WIDTH = 30  # letters
SITE_NAMES = 6  # so many villages with special sites are named, the rest only marked


@styled
def area_figure(scenario: Scenario, texts: Texts) -> Figure:
    """What the ground of the area is like: nothing here depends on a plan or on a simulated day.

    Args:
        scenario: what is known.
        texts: the language.
    """
    t = texts.t
    figure = new_figure(t("plot.area.title"), t("plot.area.subtitle"), texts, size=SIZE)
    base = base_of(scenario)
    ax: Axes = figure.subplots()
    parts = draw_base(ax, base, texts, shape=SHAPE)
    whole = len(scenario.villages)
    ground = {"steep": scenario.villages.steep_ground > 0, "low": scenario.villages.low_ground > 0}
    for part in parts:
        for kind, marked in ground.items():
            if not marked.all():
                _hatched(part, base, marked, *HATCHES[kind])
        _special(part, base)
        hamlets(part, base, 150)
        posts(part, base)
    rayon_names(parts, base, np.concatenate([office_km(base), _named_km(base)]), 13)
    handles: list[Patch | Line2D] = []
    for kind, marked in ground.items():
        if marked.any():
            hatch, colour = HATCHES[kind]
            if marked.all():  # hatched from end to end the map would say nothing
                handles.append(Patch(facecolor="none", linewidth=0, label=t(f"plot.area.{kind}_all", all=whole)))
                continue
            label = t(f"plot.area.{kind}", n=int(marked.sum()), all=whole)
            handles.append(Patch(facecolor="none", edgecolor=colour, hatch=hatch, linewidth=0, label=label))
    if len(special_villages(scenario)):
        site: dict[str, Any] = {"linestyle": "none", "marker": "P", "color": ORANGE, "markeredgecolor": BLACK}
        handles.append(Line2D([], [], markersize=11, label=t("plot.area.special"), **site))
    handles += map_keys(base, texts, squads=False)
    for handle in handles:  # a narrow column
        handle.set_label(fill(str(handle.get_label()), LEGEND_WIDTH))
    figure.legend(handles=handles, loc="outside right lower", handletextpad=0.6, labelspacing=1.0)
    return figure


def special_villages(scenario: Scenario) -> list[int]:
    """Villages with a station at a special site: a prison, a hospital, a home, a boarding school."""
    stations = scenario.stations
    special = np.array([site != "regular" for site in stations.site_type])
    return [int(village) for village in np.unique(stations.village[special])] if len(special) else []


def _named_km(base: Base) -> Floats:
    """Where special sites and their names are drawn, shape (n, 2)."""
    at = base.km[special_villages(base.scenario)].reshape(-1, 2)
    wide = float(np.ptp(base.km[~base.far, 0]))
    return np.concatenate([at, at + np.array([_NAME * wide, 0.0])])


def _hatched(ax: Axes, base: Base, marked: Flags, hatch: str, colour: str) -> None:
    """A hatched disc of its own area at every marked village."""
    radius = np.maximum(np.sqrt(base.scenario.villages.area_km2 / np.pi), 0.35)
    discs = [Circle((x, y), r) for (x, y), r in zip(base.km[marked], radius[marked], strict=True)]
    ax.add_collection(PatchCollection(discs, facecolor="none", edgecolor=colour, hatch=hatch, linewidth=0, zorder=1))


def _special(ax: Axes, base: Base) -> None:
    scenario = base.scenario
    found = [village for village in special_villages(scenario) if inside(ax, base.km[village])]
    for village in found:
        x, y = base.km[village]
        ax.scatter(x, y, marker="P", s=150, color=ORANGE, edgecolors=BLACK, linewidths=1.0, zorder=4.6)
    near = _NEAR_KM * (ax.get_xlim()[1] - ax.get_xlim()[0])
    for village in found if len(found) <= SITE_NAMES else ():
        away = base.km[[other for other in found if other != village]] - base.km[village]
        left = bool(((away[:, 0] > 0) & (away[:, 0] < near) & (np.abs(away[:, 1]) < near / 4)).any())
        style: dict[str, Any] = {"fontsize": 10, "ha": "right" if left else "left", "va": "center", "zorder": 5}
        name, at = scenario.villages.name[village], base.km[village]
        ax.annotate(name, at, (-9 if left else 9, -1), textcoords="offset points", path_effects=halo(), **style)
