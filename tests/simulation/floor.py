"""A floor map small enough to play by hand: one road, a place every ten minutes, everything in whole minutes.

Node n lies at minute 10 n of the road. Stations of one block stand two minutes apart in the order of their places. A
pair walks its block, a patrol its sub-district; squads need two minutes to turn out, the army ten. A step passes a
request on after the minutes of ``DELAY``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simsec.day.day import Day, Incidents, Reports
from simsec.scenario.schema import CAPABILITIES, SCOPES
from simsec.simulation.calendar import Listener, Look, marks_of, run_on_simpy
from simsec.simulation.model import GREEN, State, World
from simsec.simulation.policies import NAMES
from simsec.simulation.world import needed_of

PAIR, PATROL, SQUAD, ARMY, MEDIC, AMBULANCE = range(6)
BRINGS = (("guard",), ("guard", "patrol"), ("guard", "patrol", "squad"), ("squad",), ("medic",), ("ambulance",))
QUARREL, FIGHT, CROWD, FALL = range(4)
NEEDS = (
    ({"guard": 1}, {"guard": 1, "patrol": 1}, {"squad": 1}),  # QUARREL
    ({"guard": 2}, {"guard": 2}, {"squad": 2}),  # FIGHT
    ({"squad": 1}, {"squad": 3}, {"squad": 3}),  # CROWD
    ({"medic": 1}, {"ambulance": 1}, {"ambulance": 1, "medic": 1}),  # FALL
)
LADDERS = (
    (("guard", "patrol", "squad"), (0, 1, 3), (
        (PAIR, "block"), (PATROL, "subdistrict"), (SQUAD, "rayon"), (SQUAD, "regency"), (ARMY, "regency"),
    )),
    (("medic",), (0, 0, 0), ((MEDIC, "subdistrict"), (MEDIC, "regency"))),
    (("ambulance",), (0, 0, 0), ((AMBULANCE, "regency"),)),
)  # fmt: skip
DELAY = (3.0, 5.0, 4.0, 6.0, 0.0, 3.0, 0.0, 0.0)
TURNOUT = (0.0, 0.0, 2.0, 2.0, 10.0, 0.0, 0.0, 0.0)
NODES = 13
NEVER_RISES = (np.inf, np.inf, np.inf)
CENTRAL = -1


@dataclass(frozen=True)
class Post:
    """A station: its node, sub-district, block, and the place in the block."""

    node: int
    sector: int = 0
    block: int = 0
    place: int = 0


@dataclass(frozen=True)
class Unit:
    """A unit and where it waits; a rayon of -1 is the central reserve."""

    kind: int
    node: int
    sector: int = 0
    rayon: int = CENTRAL
    block: int = -1
    bound: int = 0


@dataclass(frozen=True)
class Call:
    """One incident with the marks a lesson needs; the others are harmless."""

    station: int
    at: float
    kind: int = QUARREL
    level: int = GREEN
    reported_after: float = 0.0
    rises: tuple[float, float, float] = NEVER_RISES
    scene: float | tuple[float, float, float] = 30.0
    where: float = 0.0
    delay: tuple[float, ...] = DELAY
    turnout: tuple[float, ...] = TURNOUT
    noise: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    parent: int = -1
    spreads_after: float = 0.0
    contained_within: float = 0.0
    hits: int = 0
    access: float = 0.0
    village: int = -1  # the first call of the same village, -1: a village of its own


def floor(
    posts: Sequence[Post],
    units: Sequence[Unit],
    *,
    policy: str = "chain_of_command",
    divert: bool = False,
    threshold: int = 0,
    rayon_of: Sequence[int] = (0, 0, 1),
    needs: Sequence[Sequence[dict[str, int]]] = NEEDS,
    contained_by: int = 3,
    stations_at_most: int = 34,
    minute: float = 1.0,
    queue_order: int = 0,
    loses: int = 0,
    home_at_once: int = 0,
    work_from_order: int = 0,
    preference: Sequence[int] = (),
    call_back: bool = False,
    absences: Sequence[tuple[float, float, int, int]] = (),
) -> World:
    """The world of some stations and units; ``minute`` stretches every way and every absence.

    An absence is (from, until, kind, sector): these units are off duty then.
    """
    assert list(units) == sorted(units, key=lambda unit: (unit.kind, unit.sector)), "units stand by kind and sector"
    kinds, sectors, blocks = len(BRINGS), len(rayon_of), 1 + max(post.block for post in posts)
    kind = np.array([unit.kind for unit in units])
    sector = np.array([unit.sector for unit in units])
    first = [[int(np.sum(kind < k) + np.sum((kind == k) & (sector < s))) for s in range(sectors)] for k in range(kinds)]
    count = [[int(np.sum((kind == k) & (sector == s))) for s in range(sectors)] for k in range(kinds)]
    size = [sum(post.block == block for post in posts) for block in range(blocks)]
    guards = {unit.block: number for number, unit in enumerate(units) if unit.block >= 0 and unit.kind == PAIR}
    nodes = range(NODES)
    stepwise = policy == "chain_of_command"
    listed = list(preference) or list(range(len(units))) * len(posts)
    rows = [row for _, _, steps in LADDERS for row in steps]
    ends = np.cumsum([len(steps) for _, _, steps in LADDERS]).tolist()
    gone = [[n for n, unit in enumerate(units) if (unit.kind, unit.sector) == row[2:]] for row in absences]
    starts = [end - len(steps) for end, (_, _, steps) in zip(ends, LADDERS, strict=True)]
    wide = [len(words) for words, _, _ in LADDERS]
    return World(
        unit_kind=kind.tolist(),
        unit_home=[unit.node for unit in units],
        unit_subdistrict=sector.tolist(),
        unit_rayon=[unit.rayon for unit in units],
        unit_block=[unit.block for unit in units],
        unit_bound=[unit.bound for unit in units],
        kind_bound=[max([unit.bound for unit in units if unit.kind == k], default=0) for k in range(kinds)],
        kind_vehicle=[0] * kinds,
        kind_first=[int(np.sum(kind < k)) for k in range(kinds)],
        kind_end=[int(np.sum(kind <= k)) for k in range(kinds)],
        sector_first=first,
        sector_end=[[a + b for a, b in zip(*row, strict=True)] for row in zip(first, count, strict=True)],
        can=[[int(word in brings) for word in CAPABILITIES] for brings in BRINGS],
        block_unit=[guards.get(block, -1) for block in range(blocks)],
        block_size=size,
        block_offset=[sum(n * n for n in size[:block]) for block in range(blocks)],
        block_minutes=[2.0 * minute * abs(a - b) for n in size for a in range(n) for b in range(n)],
        station_block=[post.block for post in posts],
        station_place=[post.place for post in posts],
        station_node=[post.node for post in posts],
        station_subdistrict=[post.sector for post in posts],
        station_rayon=[rayon_of[post.sector] for post in posts],
        stretch=[[0.0] * len(posts)],
        policy=NAMES.index(policy),
        minutes=[[[10.0 * minute * abs(a - b) for b in nodes] for a in nodes]],
        previous=[[[b + (a > b) - (a < b) for b in nodes] for a in nodes]],
        zone_share=[[(1.0,) for _ in nodes] for _ in nodes],
        zones=1,
        capabilities=len(CAPABILITIES),
        ladders=len(LADDERS),
        ladder_of=[next((n for n, (words, _, _) in enumerate(LADDERS) if word in words), -1) for word in CAPABILITIES],
        ladder_capability=[CAPABILITIES.index(word) for words, _, _ in LADDERS for word in words],
        capability_first=[sum(wide[:n]) for n in range(len(wide))],
        capability_end=[sum(wide[: n + 1]) for n in range(len(wide))],
        ladder_end=ends,
        enter=[
            [start + step if stepwise else end - 1 for step in enter]
            for start, end, (_, enter, _) in zip(starts, ends, LADDERS, strict=True)
        ],
        row_kind=[k for k, _ in rows],
        row_scope=[SCOPES.index(scope) for _, scope in rows],
        kind_row=[
            [next((start + n for n, (k, _) in enumerate(steps) if k == wanted), -1) for wanted in range(kinds)]
            for start, (_, _, steps) in zip(starts, LADDERS, strict=True)
        ],
        reach=[
            [
                max([SCOPES.index(scope) if stepwise else 3 for k, scope in steps if k == wanted], default=-1)
                for wanted in range(kinds)
            ]
            for _, _, steps in LADDERS
        ],
        need=[[[level.get(word, 0) for word in CAPABILITIES] for level in levels] for levels in needs],
        needed=[[needed_of(level) for level in levels] for levels in needs],
        asked=[
            [[int(any(word in level for word in words)) for words, _, _ in LADDERS] for level in levels]
            for levels in needs
        ],
        care_ladder=[0, 1, 1],
        squad_kind=SQUAD,
        contained_by=contained_by,
        stations_at_most=stations_at_most,
        reserve_threshold=threshold,
        divert=int(divert),
        call_back=int(call_back),
        starts_min=0.0,
        queue_order=queue_order,
        loses=loses,
        home_at_once=home_at_once,
        work_from_order=work_from_order,
        preference=listed,
        preference_width=len(listed) // len(posts),
        absences=len(absences),
        absence_row=[-1] * len(absences) or [0],
        absence_from=[minute * row[0] for row in absences] or [0.0],
        absence_until=[minute * row[1] for row in absences] or [0.0],
        absence_first=[sum(map(len, gone[:n])) for n in range(len(gone))] or [0],
        absence_end=[sum(map(len, gone[: n + 1])) for n in range(len(gone))] or [0],
        absence_unit=[unit for group in gone for unit in group] or [0],
        convoy_first=[0] * len(units),
        convoy_end=[0] * len(units),
        convoy=[0],
        reopens_on=[-1] * len(needs),
        reopens_after=[0.0] * len(needs),
    )


def day_of(*calls: Call, slow: float = 1.0) -> Day:
    """A day of these incidents; children stand after the primaries, those of one parent in a row."""
    n = len(calls)
    parent = np.array([call.parent for call in calls], dtype=np.int64)
    assert (parent[: np.sum(parent < 0)] < 0).all(), "children stand last"
    children = [np.flatnonzero(parent == row) for row in range(n)]
    scene = [call.scene if isinstance(call.scene, tuple) else (call.scene,) * 3 for call in calls]

    def numbers(name: str) -> np.ndarray:
        return np.array([getattr(call, name) for call in calls or [Call(0, 0)]], dtype=np.float64)[:n]

    incidents = Incidents(
        kind=np.array([call.kind for call in calls], dtype=np.int64),
        station=np.array([call.station for call in calls], dtype=np.int64),
        level=np.array([call.level for call in calls], dtype=np.int64),
        onset_min=np.where(parent < 0, numbers("at"), np.nan),
        alert_delay_min=numbers("reported_after") / 2,
        first_line_delay_min=np.full(n, np.inf),
        report_delay_min=numbers("reported_after"),
        rise_min=numbers("rises").reshape(n, 3),
        scene_min=np.array(scene, dtype=np.float64).reshape(n, 3),
        where=numbers("where"),
        delay_min=numbers("delay"),
        turnout_min=numbers("turnout"),
        noise=numbers("noise"),
        kpu=np.zeros((n, 5)),
        parent=parent,
        child_first=np.array([rows[0] if len(rows) else 0 for rows in children], dtype=np.int64),
        child_end=np.array([rows[-1] + 1 if len(rows) else 0 for rows in children], dtype=np.int64),
        spread_delay_min=numbers("spreads_after"),
        contain_within_min=numbers("contained_within"),
        hits=np.array([call.hits for call in calls], dtype=np.int64),
        village=np.array([n if call.village < 0 else call.village for n, call in enumerate(calls)], dtype=np.int64),
        access_min=numbers("access"),
    )
    none = np.zeros(0, dtype=np.int64)
    reports = Reports(none, none, np.zeros(0), np.zeros(0, dtype=np.bool_))
    every = np.ones(8, dtype=np.bool_)  # absences take place
    return Day(0, 0, "ordinary", incidents, reports, np.zeros((24, 1)), np.full((24, 1), slow), absent=every)


def play(
    world: World,
    *calls: Call,
    until: float = 1440.0,
    listener: Listener | None = None,
    looks: Sequence[Look] = (),
    slow: float = 1.0,
) -> State:
    """The state at the end of a day of these calls."""
    return run_on_simpy(world, marks_of(day_of(*calls, slow=slow)), until, listener, looks)
