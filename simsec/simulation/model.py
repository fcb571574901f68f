"""What the rules read and write: the world, the day, the state. Arrays, numbers and tuples only.

So the same rules run over lists under SimPy and over numpy arrays when compiled. Every number here comes from the
scenario, the plan or the day; the rules add none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

# Kinds of event. At the same instant: first who goes off duty and who is back, then what frees, then what arrives, then
# what grows, then what asks. So whoever clears in the minute his rest begins has it, and nobody asked then sends him.
LEAVE, BACK, CLEAR, ARRIVE, RISE, SPREAD, REPORT, REQUEST = range(8)
EVENT_NAMES = ("leave", "back", "clear", "arrive", "rise", "spread", "report", "request")

GREEN, YELLOW, RED = range(3)
BLOCK, SUBDISTRICT, RAYON, REGENCY = range(4)
GUARD, PATROL, SQUAD, MEDIC, AMBULANCE = range(5)  # the first of schema.CAPABILITIES: those a rule names
HIT, LIMIT_REACHED, LOST = range(3)  # counters of the state
ALL_OUT_SINCE, ALL_OUT_MIN = range(2)  # of the reserve
AREA_LEVEL_TIME, LEVEL_TIME, FIRST_COME = range(3)  # schema.Queue.order

NOWHERE = -1
FREE, OFF_DUTY = -1, -2  # of State.serves, where it is no incident; the rules ask for FREE, never for "below 0"
NEVER = -1e9  # times may be negative on the day before

Ints = Sequence[int]
Floats = Sequence[float]
Event = tuple[float, int, int, int, int]  # time, kind, incident, unit (or ladder, level, group of absences), ticket


class World(NamedTuple):
    """What is known and decided; the rules only read it.

    ``[u]`` unit, ``[s]`` station, ``[k]`` unit kind, ``[l]`` ladder, ``[g]`` group of absences: units that leave and
    come back together.
    """

    unit_kind: Ints  # [u]
    unit_home: Ints  # [u] node
    unit_subdistrict: Ints  # [u] -1: of no sub-district
    unit_rayon: Ints  # [u] -1: central, of no rayon
    unit_block: Ints  # [u] -1: guards no block
    unit_bound: Ints  # [u] 1: serves the stations of its block and no other
    kind_bound: Ints  # [k] 1: some unit of the kind is bound
    kind_vehicle: Ints  # [k]
    kind_first: Ints  # [k] first unit of the kind
    kind_end: Ints  # [k] one past the last
    sector_first: Sequence[Ints]  # [k][subdistrict] first unit of the kind there
    sector_end: Sequence[Ints]  # [k][subdistrict]
    can: Sequence[Ints]  # [k][capability] 0 or 1
    block_unit: Ints  # [block] the guard pair
    block_size: Ints  # [block]
    block_offset: Ints  # [block] where its minutes start
    block_minutes: Floats  # flat: from a place in the block to another, friction included
    station_block: Ints  # [s]
    station_place: Ints  # [s] its place in the block
    station_node: Ints  # [s]
    station_subdistrict: Ints  # [s]
    station_rayon: Ints  # [s]
    stretch: Sequence[Floats]  # [vehicle][s] last stretch from the node, minutes, friction included
    policy: int  # number in policies.NAMES
    minutes: Sequence[Sequence[Floats]]  # [vehicle][node][node], friction included
    previous: Sequence[Sequence[Ints]]  # [vehicle][node][node] the node before the last on the stored route
    zone_share: Sequence[Sequence[Floats]]  # [node][node][zone] share of the route in each zone
    zones: int
    capabilities: int
    ladders: int
    ladder_of: Ints  # [capability]
    ladder_capability: Ints  # flat: the capabilities of each ladder in turn
    capability_first: Ints  # [l] first of them
    capability_end: Ints  # [l] one past the last
    ladder_end: Ints  # [l]
    enter: Sequence[Ints]  # [l][level] row
    row_kind: Ints  # [row] -1: the step asks an agency's permission and sends nobody
    row_scope: Ints  # [row]
    kind_row: Sequence[Ints]  # [l][k] the row whose turn-out a unit of the kind takes, -1: not on the ladder
    reach: Sequence[Ints]  # [l][k] widest scope at which the kind serves, -1: none
    need: Sequence[Sequence[Ints]]  # [incident kind][level][capability]
    needed: Sequence[Sequence[Ints]]  # [incident kind][level] the capabilities needed, filled up with -1
    asked: Sequence[Sequence[Ints]]  # [incident kind][level][l] 1: some need of that level stands on the ladder
    care_ladder: Ints  # [l] 1: an arrival on this ladder is care
    squad_kind: int
    contained_by: int
    stations_at_most: int
    reserve_threshold: int
    divert: int  # 1: a unit on its way to a lower level may be turned round
    call_back: int  # 1: a pair on its way to another block may be turned round for its own
    starts_min: float
    queue_order: int  # AREA_LEVEL_TIME, LEVEL_TIME or FIRST_COME
    loses: int  # 1: what no step can fill is lost, 0: it waits
    home_at_once: int  # 1: a unit that clears is home, 0: it drives back
    work_from_order: int  # 1: minutes on scene count from the order, so that the drive lies inside them
    preference: Ints  # flat: the units of each station's list in order, -1: none
    preference_width: int  # of a station's list
    absences: int  # groups of absences
    absence_row: Ints  # [g] row of the scenario's absences, as DayMarks.absent counts them; -1: every day
    absence_from: Floats  # [g]
    absence_until: Floats  # [g]
    absence_first: Ints  # [g] its units are a stretch of absence_unit
    absence_end: Ints  # [g]
    absence_unit: Ints  # flat
    convoy_first: Ints  # [u] the convoys it goes with are a stretch of convoy
    convoy_end: Ints  # [u]
    convoy: Ints  # flat: numbers in DayMarks.convoy_from
    reopens_on: Ints  # [incident kind] capability that lets its station open again once it has come, -1: when cleared
    reopens_after: Floats  # [incident kind] minutes after that


class DayMarks(NamedTuple):
    """What chance brings: one dispatched or dormant incident a row, every mark drawn before anything moves."""

    kind: Ints  # [i]
    station: Ints  # [i]
    onset: Floats  # [i] NEVER: dormant until a parent wakes it
    level: Ints  # [i] first level
    report_delay: Floats  # [i] detection and call
    rise: Sequence[Floats]  # [i][level] minutes after onset at which it leaves the level if nobody came, inf: never
    scene: Sequence[Floats]  # [i][level] minutes on scene
    where: Floats  # [i] uniform: where in its block the pair stands when called
    delay: Sequence[Floats]  # [i][row] minutes a step takes before it passes the request on
    turnout: Sequence[Floats]  # [i][row] minutes before a unit at its base moves
    noise: Sequence[Floats]  # [i][slot] factor on the travel minutes of the slot-th unit sent
    noises: int
    parent: Ints  # [i] -1: primary
    child_first: Ints  # [i]
    child_end: Ints  # [i]
    spread_delay: Floats  # [i] minutes after the parent's onset
    contain_within: Floats  # [i] minutes after the parent's onset in which enough squads stop it, or the parent ends
    hits: Ints  # [i] stations hit by a spreading crowd, 0 for any other incident
    village: Ints  # [i] the first row that stands for the same village; a crowd comes to a village once
    slow: Sequence[Floats]  # [hour][zone] factor on minutes: rain and night
    even: Ints  # [hour] 1: every zone is equally slow
    access: Floats  # [i] minutes more for everyone from outside the station's hamlet
    primaries: int
    absent: Ints  # [row of absences] 1: it takes place today
    convoys: int  # trips with boxes that a pair goes with, 0: none today
    convoy_from: Floats  # [convoy] when its pair leaves its block
    convoy_until: Floats  # [convoy] when it is back there, unless it meets with an accident
    convoy_incident: Ints  # [convoy] that accident, -1: none


class State(NamedTuple):
    """What is going on; the only thing the rules change."""

    serves: list[int]  # [u] incident, or FREE, or OFF_DUTY
    serves_as: list[int]  # [u] capability
    on_scene: list[int]  # [u] 0 or 1
    ticket: list[int]  # [u] raised at every order: an event that bears an older one is void
    leg_from: list[int]  # [u] node
    leg_to: list[int]  # [u] node
    leg_start: list[float]  # [u] minute it moved off
    leg_slow: list[float]  # [u] factor on the table's minutes of this leg
    missions: list[int]  # [u]
    busy_min: list[float]  # [u] from order to clear
    ordered_at: list[float]  # [u]
    away: list[int]  # [u] how many of its absences are open: who is at work then leaves when he clears
    away_since: list[float]  # [u] when it last went off duty
    away_min: list[float]  # [u] minutes off duty so far, the present ones not counted
    freed_at: list[float]  # [u] when it was last done or back on duty
    escorts: list[int]  # [u] convoys it went with before it was last sent or went off duty
    escort_min: list[float]  # [u] minutes of those
    reserve_out: list[float]  # since when no squad is free (NEVER: one is), minutes of that so far
    onset: list[float]  # [i] NEVER while dormant
    level: list[int]  # [i]
    due: list[list[float]]  # [i][l] when the request on its way reaches the next step, NEVER: none is; others are void
    step: list[list[int]]  # [i][l] row
    queued: list[list[int]]  # [i][l] 0 or 1: stands in the waiting list
    sent: list[list[int]]  # [i][capability]
    arrived: list[list[int]]  # [i][capability]
    came: list[list[float]]  # [i][capability] when the first unit sent as it arrived, NEVER until then
    here: list[int]  # [i] units sent and not yet cleared
    squads_here: list[int]  # [i]
    units_sent: list[int]  # [i]
    reported: list[float]  # [i] NEVER until it happens; so the times below
    dispatched: list[float]  # [i]
    first: list[float]  # [i]
    first_unit: list[int]  # [i]
    full: list[float]  # [i]
    care: list[float]  # [i]
    cleared: list[float]  # [i]
    contained: list[float]  # [i]
    struck: list[int]  # [i] 1: the village this row stands for first has been hit
    waiting: list[tuple[float, int, int]]  # list of (time, incident, ladder)
    waits: list[int]  # [l] how many on the list wait for the ladder
    counters: list[int]  # [HIT, LIMIT_REACHED, LOST]


def fresh_state(world: World, day: DayMarks) -> State:
    """The state before the first event, over Python lists."""
    units, n = len(world.unit_kind), len(day.kind)
    homes = list(world.unit_home)
    return State(
        serves=[-1] * units,
        serves_as=[0] * units,
        on_scene=[0] * units,
        ticket=[0] * units,
        leg_from=homes,
        leg_to=homes[:],
        leg_start=[world.starts_min] * units,
        leg_slow=[1.0] * units,
        missions=[0] * units,
        busy_min=[0.0] * units,
        ordered_at=[NEVER] * units,
        away=[0] * units,
        away_since=[NEVER] * units,
        away_min=[0.0] * units,
        freed_at=[NEVER] * units,
        escorts=[0] * units,
        escort_min=[0.0] * units,
        reserve_out=[NEVER, 0.0],
        onset=list(day.onset),
        level=list(day.level),
        due=_rows(n, [NEVER] * world.ladders),
        step=_rows(n, [0] * world.ladders),
        queued=_rows(n, [0] * world.ladders),
        sent=_rows(n, [0] * world.capabilities),
        arrived=_rows(n, [0] * world.capabilities),
        came=_rows(n, [NEVER] * world.capabilities),
        here=[0] * n,
        squads_here=[0] * n,
        units_sent=[0] * n,
        reported=[NEVER] * n,
        dispatched=[NEVER] * n,
        first=[NEVER] * n,
        first_unit=[-1] * n,
        full=[NEVER] * n,
        care=[NEVER] * n,
        cleared=[NEVER] * n,
        contained=[NEVER] * n,
        struck=[0] * n,
        waiting=[],
        waits=[0] * world.ladders,
        counters=[0, 0, 0],
    )


def _rows(count: int, row: list[Any]) -> list[list[Any]]:
    return list(map(list.copy, [row] * count))


_Record = TypeVar("_Record", World, DayMarks, State)
_SLOTTED: dict[str, Any] = {
    record.__name__: type(record.__name__, (), {"__slots__": record._fields}) for record in (World, DayMarks, State)
}


def quick(record: _Record) -> _Record:
    """The same fields in slots: Python reads them several times faster than a named tuple's, compiled code needs those.

    It stands for the record wherever only fields are read and their lists changed.
    """
    stand_in: Any = _SLOTTED[type(record).__name__]()
    for name, value in zip(record._fields, record, strict=True):
        setattr(stand_in, name, value)
    found: _Record = stand_in
    return found


def copy_state(state: State) -> State:
    """A state that shares nothing with the first: to branch a day, or to look ahead."""
    return State(*(_copied(getattr(state, name)) for name in State._fields))


def _copied(values: list[Any]) -> list[Any]:
    return [item[:] if isinstance(item, list) else item for item in values]
