"""What every map stands on: outlines, rayons, islands in a box of their own, ferries, scale bar and north arrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.text import OffsetFrom
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from simsec.geography.distance import local_km
from simsec.geography.outline import Rings, outlines, read_boundaries
from simsec.locale import Texts
from simsec.report.style import BLUE, INK
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Room = tuple[float, float, float, float]  # west, south, width and height of a box on a map, kilometres
BOUNDARIES = "boundaries.geojson"
MARGIN_KM = 1.5  # how far a drawn outline reaches beyond the outermost village point
FAR_KM = 20.0  # villages across a gap this wide, in an area with a ferry, are islands and get a box of their own
GROUND, BORDER, RAYON = "#f4f5f7", "#b3b9c2", "#5d6673"
SEA = "#eef5fa"
TINTS = ("#f4f5f7", "#fbf3e4", "#eaf4ee", "#f5edf4", "#eceffa", "#f8f7e3")  # of rayons, all light: dots stand on them
PANEL = 1.12  # width over height of a map that stands beside another
_INSET_WIDE, _INSET_HIGH = 0.46, 0.30  # at most this share of the map
_BARS_KM = (50, 20, 10, 5, 2, 1)


@dataclass(frozen=True, eq=False)
class Base:
    """Places in kilometres around the middle of the villages; ``far`` are the villages on islands far off."""

    scenario: Scenario
    origin: tuple[float, float]
    km: Floats
    far: Flags
    areas: dict[str, Rings]

    def place(self, lat: Floats, lon: Floats) -> Floats:
        """Kilometres east and north of the origin, shape (n, 2)."""
        return np.asarray(local_km(lat, lon, self.origin))


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


def base_of(scenario: Scenario) -> Base:
    """Where everything lies on a map of the area.

    Raises:
        InputError: the user's boundary file is wrong.
    """
    villages = scenario.villages
    origin = (float(villages.lat.mean()), float(villages.lon.mean()))
    km = np.asarray(local_km(villages.lat, villages.lon, origin))
    return Base(scenario, origin, km, far_islands(scenario, km), area_outlines(scenario))


def far_islands(scenario: Scenario, km: Floats) -> Flags:
    """Villages far from the greatest group of all, shape (villages,); none where no ferry sails.

    Args:
        scenario: for its ferries.
        km: of the villages, shape (villages, 2).

    Example:
        >>> from simsec.scenario import read_scenario
        >>> for name in ("kabupaten-jepara", "kabupaten-semarang"):
        ...     area = read_scenario(f"scenarios/{name}")
        ...     km = local_km(area.villages.lat, area.villages.lon, (-6.6, 110.7))
        ...     print([area.villages.name[number] for number in np.flatnonzero(far_islands(area, km))])
        ['Karimunjawa', 'Kemujan', 'Parang', 'Nyamuk']
        []
    """
    if "ferry" not in scenario.main_roads.hop_class:
        return np.zeros(len(km), dtype=np.bool_)
    apart = np.hypot(*(km[:, None, :] - km[None, :, :]).transpose(2, 0, 1))
    _, part = connected_components(apart < FAR_KM, directed=False)
    return np.asarray(part != np.argmax(np.bincount(part)))


def patches(base: Base, areas: dict[str, Rings], *, far: bool) -> list[tuple[str, PathPatch]]:
    """Outlines by code of the mainland, or of the islands far off, as new patches."""
    found = []
    for code, rings in areas.items():
        vertices: list[Floats] = []
        codes: list[Any] = []
        for ring in rings:
            km = base.place(ring[:, 1], ring[:, 0])
            nearest = int(np.argmin(np.hypot(*(base.km - km.mean(axis=0)).T)))
            if bool(base.far[nearest]) == far:
                vertices.append(km)
                codes += [Outline.MOVETO, *[Outline.LINETO] * (len(km) - 2), Outline.CLOSEPOLY]
        if vertices:
            found.append((code, PathPatch(Outline(np.concatenate(vertices), codes))))
    return found


def draw_base(
    ax: Axes, base: Base, texts: Texts, *, shape: float = PANEL, tinted: bool = True, ground: bool = True
) -> list[Axes]:
    """Draw the ground of a map: the mainland fills it, islands far off stand in a box with the ferry to them.

    Args:
        ax: an empty one.
        base: of the area.
        texts: the language.
        shape: width over height of what the map may fill.
        tinted: sub-districts in the tint of their rayon, and a line around each rayon.
        ground: draw the outlines; else the caller colours them.

    Returns:
        The map, and the box where there is one: what is drawn on either is cut at its edge.
    """
    land = patches(base, base.areas, far=False)
    points = np.concatenate([patch.get_path().vertices for _, patch in land])
    box = _box(base)
    room = _frame(ax, points, shape, box)
    drawn = [ax]
    if box is not None and room is not None:
        inset = ax.inset_axes(room, transform=ax.transData)
        inset.set_xlim(box[0, 0], box[1, 0])
        inset.set_ylim(box[0, 1], box[1, 1])
        inset.set_aspect("equal")
        inset.set_facecolor(SEA)
        inset.set_xticks([])
        inset.set_yticks([])
        inset.grid(False)
        for spine in inset.spines.values():
            spine.set(visible=True, edgecolor=INK, linewidth=1.0)
        inset.set_zorder(7)
        drawn.append(inset)
    for number, part in enumerate(drawn):
        if ground:
            _ground(part, base, far=number > 0, tinted=tinted)
        _ferries(part, base, texts, (drawn[1], room) if room and len(drawn) > 1 and number == 0 else None)
        _scale_bar(part, texts, small=number > 0)
    _north(ax, texts)
    return drawn


def _box(base: Base) -> Floats | None:
    """Corners of the box around the islands far off, with a rim: ((west, south), (east, north))."""
    if not base.far.any():
        return None
    points = np.concatenate([patch.get_path().vertices for _, patch in patches(base, base.areas, far=True)])
    low, high = points.min(axis=0), points.max(axis=0)
    rim = 0.09 * float((high - low).max())
    return np.array([low - rim * np.array([1, 2.6]), high + rim * np.array([1, 2.2])])  # the bar below, the name above


def _frame(ax: Axes, points: Floats, shape: float, box: Floats | None) -> Room | None:
    """Equal scale, no axes, all land in view; the room for the box, in the upper corner that covers no land."""
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    rim = 0.02 * max(east - west, north - south)
    west, east, south, north = west - rim, east + rim, south - 3.5 * rim, north + rim
    room: Room | None = None
    while True:
        wide, high = max(east - west, shape * (north - south)), north - south  # the map fills what it may fill
        left, right = (west + east - wide) / 2, (west + east + wide) / 2
        if box is None:
            break
        sides = box[1] - box[0]
        scale = min(_INSET_WIDE * wide / sides[0], _INSET_HIGH * high / sides[1])
        x, y = scale * sides[0], scale * sides[1]
        upper = points[points[:, 1] > north - y - rim]
        covered = ((upper[:, 0] < left + x + rim).sum(), (upper[:, 0] > right - x - rim).sum())
        corner = left if covered[0] <= covered[1] else right - x
        room = (float(corner), float(north - y), float(x), float(y))
        if min(covered) == 0:
            break
        north += 0.04 * high
    ax.set_xlim(left, right)
    ax.set_ylim(south, north)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_aspect("equal")
    ax.set_axis_off()
    return room


def _ground(ax: Axes, base: Base, *, far: bool, tinted: bool) -> None:
    villages = base.scenario.villages
    land = patches(base, base.areas, far=far)
    many = tinted and len(villages.rayon_names) > 1
    zone = dict(zip(villages.subdistrict_codes, villages.subdistrict_rayon.tolist(), strict=True))
    zone |= dict(zip(villages.subdistrict_names, villages.subdistrict_rayon.tolist(), strict=True))
    tint = [TINTS[zone[code] % len(TINTS)] if many and code in zone else GROUND for code, _ in land]
    ax.add_collection(
        PatchCollection([patch for _, patch in land], facecolor=tint, edgecolor=BORDER, linewidth=0.9, zorder=0.5)
    )
    if many and not own_outlines(base.scenario):
        zones = outlines(villages.lat, villages.lon, [villages.rayon_names[z] for z in villages.rayon], MARGIN_KM)
        around = [patch for _, patch in patches(base, zones, far=far)]
        ax.add_collection(PatchCollection(around, facecolor="none", edgecolor=RAYON, linewidth=1.7, zorder=0.8))


def _ferries(ax: Axes, base: Base, texts: Texts, box: tuple[Axes, Room] | None) -> None:
    """Every crossing as a dashed line with its minutes; to a place in the box it runs to the edge of the box."""
    roads = base.scenario.main_roads
    at = base.place(roads.lat, roads.lon)
    for number, name in enumerate(roads.hop_class):
        if name != "ferry":
            continue
        ends = [at[roads.hop_from[number]], at[roads.hop_to[number]]]
        seen = [inside(ax, end) for end in ends]
        if not any(seen):
            continue
        if not all(seen):
            near, away = ends if seen[0] else reversed(ends)
            ends = [near, _to_edge(ax, near, away) if box is None else _through(*box, near, away)]
        (x0, y0), (x1, y1) = ends
        ax.plot([x0, x1], [y0, y1], color=BLUE, linewidth=1.8, linestyle=(0, (4, 2)), zorder=2.2)
        if not all(seen) and box is None:  # its minutes stand on the map beside the box
            continue
        minutes = texts.t("plot.map.ferry_min", n=round(float(roads.hop_minutes[number])))
        style: dict[str, Any] = {"fontsize": 9, "color": BLUE, "ha": "center", "va": "center", "zorder": 5}
        ax.text((x0 + x1) / 2, (y0 + y1) / 2, minutes, path_effects=halo(), **style)


def _to_edge(ax: Axes, near: Floats, far: Floats) -> Floats:
    """Where the line from a place on these axes to one beyond them meets their edge."""
    way = far - near
    way = np.where(way == 0, 1e-9, way)
    steps = np.concatenate([(np.array(ax.get_xlim()) - near[0]) / way[0], (np.array(ax.get_ylim()) - near[1]) / way[1]])
    return np.asarray(near + way * steps[steps > 0].min())


def _through(box: Axes, room: Room, near: Floats, away: Floats) -> Floats:
    """The place on the map where a line from it meets the box: where in the box it leaves it."""
    east, north = box.transLimits.transform(_to_edge(box, away, near))
    return np.array([room[0] + east * room[2], room[1] + north * room[3]])


def inside(ax: Axes, at: Sequence[float] | Floats) -> bool:
    """Whether a place lies on these axes: names and labels would be drawn beyond them."""
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    return bool(west <= at[0] <= east and south <= at[1] <= north)


def _scale_bar(ax: Axes, texts: Texts, *, small: bool) -> None:
    wide = ax.get_xlim()[1] - ax.get_xlim()[0]
    km = next((km for km in _BARS_KM if km <= wide / 4), _BARS_KM[-1])
    (west, _), (south, north) = ax.get_xlim(), ax.get_ylim()
    x, y = west + 0.02 * wide, south + 0.035 * (north - south)
    ax.plot([x, x + km], [y, y], color=INK, linewidth=2.2 if small else 3.4, solid_capstyle="butt", zorder=5)
    style: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 9 if small else 10, "zorder": 5}
    above = y + 0.012 * (north - south)
    ax.text(x + km / 2, above, texts.t("plot.map.km", n=km), path_effects=halo(), **style)


def _north(ax: Axes, texts: Texts) -> None:
    """An arrow of fixed length, whatever the height of the map."""
    style: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 12, "fontweight": "bold", "zorder": 5}
    letter = ax.annotate(texts.t("plot.map.north"), (0.975, 0.012), xycoords="axes fraction", **style)
    above = OffsetFrom(letter, (0.5, 1.0), "points")
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": INK, "linewidth": 2.0, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (0, 30), (0, 1), xycoords=above, textcoords=above, arrowprops=arrow)


def halo(width: float = 2.4) -> list[effects.AbstractPathEffect]:
    """A white rim that keeps a name readable on what lies under it."""
    return [effects.withStroke(linewidth=width, foreground="white")]


def rayon_names(axes: Sequence[Axes], base: Base, taken: Floats, size: float = 11) -> None:
    """The name of each rayon in its middle, but over no place of ``taken``, shape (n, 2).

    A rayon that lies on the islands alone is named in their box.
    """
    villages = base.scenario.villages
    for ax in axes:
        (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
        small = ax is not axes[0]
        points = size - 2 if small else size
        half_km = (0.006 * points * (east - west), 0.0025 * points * (north - south))
        for number, name in enumerate(villages.rayon_names):
            shown = np.array([inside(ax, at) for at in base.km]) & (villages.rayon == number)
            if not shown.any():
                continue
            where = base.km[shown]
            away = np.hypot(*(where - np.median(where, axis=0)).T)
            gap = np.abs(where[:, None, :] - taken[None, :, :])
            covers = ((gap[:, :, 0] < half_km[0]) & (gap[:, :, 1] < half_km[1])).sum(axis=1)
            x, y = where[int(np.argmin(away + 100.0 * covers))]
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": points, "fontweight": "bold"}
            if small:
                (x, y), style["va"] = box_middle(ax), "top"
            ax.text(x, y, name.upper(), color=INK, zorder=3.5, path_effects=halo(3), **style)


def box_middle(ax: Axes) -> tuple[float, float]:
    """Where the name of the islands stands: at the top of their box, above all of them."""
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    return (west + east) / 2, north - 0.03 * (north - south)
