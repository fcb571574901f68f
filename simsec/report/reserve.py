"""Where the reserve waits, how far the stations are from it, and how much of it is out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.replications import RESERVE_EVERY_MIN, Replications
from simsec.geography.graph import VEHICLES
from simsec.geography.ground import ground_of, site_node
from simsec.plan.plan import Plan
from simsec.report.facts import NAN, NEAR_MIN, site_sector
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
SQUAD = "squad"


@dataclass(frozen=True)
class Site:
    """Squads at one place.

    Attributes:
        code, name: of the post, or of the village as forward post.
        forward: whether it is a forward post.
        sector: its sub-district, -1 outside the area.
        squads: waiting there.
        stations: for how many this is the nearest squad.
    """

    code: str
    name: str
    forward: bool
    sector: int
    squads: int
    stations: int


@dataclass(frozen=True)
class Reach:
    """How far the reserve of a plan is from the stations: a dry day, friction included, turn-out and delays not.

    Attributes:
        sites: most squads first.
        mean_min, worst_tenth_min: drive to the nearest squad, over stations and over the tenth farthest away.
        near_share: share of the stations within ``NEAR_MIN``.
    """

    sites: tuple[Site, ...]
    mean_min: float
    worst_tenth_min: float
    near_share: float


def site_name(scenario: Scenario, code: str) -> str:
    """Name of a post, or of the village of a forward post."""
    posts, villages = scenario.posts, scenario.villages
    return posts.name[posts.code.index(code)] if code in posts.code else villages.name[villages.code.index(code)]


def reach(scenario: Scenario, plan: Plan) -> Reach:
    """The reserve of a plan and the drives from it."""
    codes = sorted(
        (code for code, count in plan.squads.items() if count > 0), key=lambda code: (-plan.squads[code], code)
    )
    if not codes:
        return Reach((), NAN, NAN, NAN)
    drive = _drives(scenario, codes)
    nearest, least = np.argmin(drive, axis=0), np.min(drive, axis=0)
    farthest = np.sort(least)[::-1][: max(1, len(least) // 10)]
    served = np.bincount(nearest, minlength=len(codes)).tolist()
    return Reach(
        sites=tuple(
            Site(
                code=code,
                name=site_name(scenario, code),
                forward=code in scenario.villages.code,
                sector=site_sector(scenario, code),
                squads=plan.squads[code],
                stations=served[number],
            )
            for number, code in enumerate(codes)
        ),
        mean_min=float(least.mean()),
        worst_tenth_min=float(farthest.mean()),
        near_share=float(np.mean(least <= NEAR_MIN)),
    )


def nearest_squad_min(scenario: Scenario, plan: Plan) -> Floats:
    """Drive of the nearest squad to each station on a dry day, friction included; infinite without a reserve."""
    codes = sorted(code for code, count in plan.squads.items() if count > 0)
    if not codes:
        return np.full(len(scenario.stations), np.inf)
    return np.asarray(np.min(_drives(scenario, codes), axis=0), dtype=np.float64)


def _drives(scenario: Scenario, codes: list[str]) -> Floats:
    """From sites to stations, shape (sites, stations)."""
    ground = ground_of(scenario)
    vehicle = VEHICLES.index(next(unit.vehicle for unit in scenario.settings.units if unit.kind == SQUAD))
    nodes = [site_node(scenario, code) for code in codes]
    drive = ground.travel.minutes[vehicle][nodes][:, ground.station_node] + ground.stretch_min[vehicle]
    return np.asarray(drive * scenario.settings.travel.friction.mode, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class InUse:
    """Squads of the reserve out through a type of day.

    Attributes:
        minute: of the clock, shape (looks,).
        mean, p90: shape (looks,).
        all_out_share: share of the days on which the whole reserve was out at some look.
        any_out_share: share of the days on which at least one squad was out at some look.
    """

    minute: Floats
    mean: Floats
    p90: Floats
    all_out_share: float
    any_out_share: float


def in_use(scenario: Scenario, runs: Replications, size: int, day_type: str) -> InUse | None:
    """Squads out, every half hour; None when no such day was played."""
    rows = runs.reserve_busy[runs.stratum == DAY_TYPES.index(day_type)]
    if not len(rows):
        return None
    minute = scenario.horizon_min[0] + RESERVE_EVERY_MIN * np.arange(rows.shape[1])
    peak = rows.max(axis=1)
    return InUse(
        minute=minute,
        mean=rows.mean(axis=0),
        p90=np.quantile(rows, 0.9, axis=0, method="higher").astype(np.float64),
        all_out_share=float(np.mean(peak >= size)) if size else NAN,
        any_out_share=float(np.mean(peak > 0)),
    )
