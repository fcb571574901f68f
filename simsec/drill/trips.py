"""Who was sent by whom, and until when: read from the state after every event, never from the rules."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simsec.scenario.schema import CAPABILITIES
from simsec.simulation.model import (
    AMBULANCE,
    ARRIVE,
    BLOCK,
    CLEAR,
    GUARD,
    MEDIC,
    RAYON,
    REGENCY,
    SUBDISTRICT,
    DayMarks,
    Event,
    State,
    World,
)

ROLES = ("kpps", "padal", "pamenwas", "karendalops", "kaopsres", "health", "disaster", "logistics", "room")
"""Who decides that a unit goes: the crew's request to its own pair, the sector commander, the rayon's supervisor, the
operations control of the Polres, its chief (army and province), the agencies of the other ladders, the room."""
ROOM = "room"
_HAZARD = CAPABILITIES.index("hazard_team")


@dataclass
class Trip:
    """One order to a unit, until it is back or ordered elsewhere; times in minutes, nan: not yet.

    Attributes:
        unit: its number.
        incident: where it goes.
        role: who decided, one of ``ROLES``.
        ordered_min: when.
        leaves_min: when it moves off, turn-out or handover over.
        arrived_min: when it came.
        done_min: when its work was done.
        back_min: when it is back where it belongs, or ordered elsewhere.
    """

    unit: int
    incident: int
    role: str
    ordered_min: float
    leaves_min: float
    arrived_min: float = math.nan
    done_min: float = math.nan
    back_min: float = math.nan


class Trips:
    """The trips of a day so far.

    Attributes:
        by_order: (unit, ticket) -> trip, in the order of the orders.
    """

    def __init__(self, state: State) -> None:
        """Begin with nobody sent."""
        self.by_order: dict[tuple[int, int], Trip] = {}
        self._seen = state.ticket[:]

    def note_event(self, world: World, day: DayMarks, event: Event, state: State) -> None:
        """After an event: who came, who is done, who was sent."""
        time, kind, _, unit, ticket = event
        if kind == ARRIVE and ticket == state.ticket[unit]:
            self.by_order[unit, ticket].arrived_min = time
        elif kind == CLEAR and (trip := self.by_order.get((unit, ticket))) and math.isnan(trip.done_min):
            self.note_done(world, state, unit, ticket, time)
        self.note_sent(world, day, state, time)

    def note_done(self, world: World, state: State, unit: int, ticket: int, now: float) -> None:
        """A unit is done, or was let go; when it is back is known by its way home."""
        trip = self.by_order[unit, ticket]
        trip.done_min = trip.back_min = now
        if state.serves[unit] < 0:
            trip.back_min = home_at(world, state, unit)

    def note_sent(self, world: World, day: DayMarks, state: State, now: float, role: str = "") -> None:
        """Everybody whose ticket rose was sent; by the role named, or by the step of the chain that had the request."""
        if state.ticket == self._seen:
            return
        for unit, (ticket, before) in enumerate(zip(state.ticket, self._seen, strict=True)):
            if ticket == before:
                continue
            last = self.by_order.get((unit, before))
            if last is not None and not last.back_min <= now:
                last.back_min = now
            decided = role or role_of(world, day, state, unit)
            self.by_order[unit, ticket] = Trip(unit, state.serves[unit], decided, now, state.leg_start[unit])
        self._seen = state.ticket[:]


def home_at(world: World, state: State, unit: int) -> float:
    """When a free unit is back, by the leg it is on."""
    vehicle = world.kind_vehicle[world.unit_kind[unit]]
    way = world.minutes[vehicle][state.leg_from[unit]][state.leg_to[unit]]
    return state.leg_start[unit] + way * state.leg_slow[unit]


def role_of(world: World, day: DayMarks, state: State, unit: int) -> str:
    """Who decided on the order a unit now follows, by the step of the ladder that reaches it."""
    incident, capability, kind = state.serves[unit], state.serves_as[unit], world.unit_kind[unit]
    if capability in (MEDIC, AMBULANCE):
        return "health"
    if capability == _HAZARD:
        return "disaster"
    ladder = world.ladder_of[capability]
    if ladder != world.ladder_of[GUARD]:
        return "logistics"
    entered = world.enter[ladder][state.level[incident]]
    first = 0 if ladder == 0 else world.ladder_end[ladder - 1]
    rows = [*range(entered, world.ladder_end[ladder]), *range(first, entered)]
    station = day.station[incident]
    scopes = [world.row_scope[row] for row in rows if world.row_kind[row] == kind]
    scope = next((scope for scope in scopes if _within(world, scope, unit, station)), REGENCY)
    if scope == REGENCY:
        return "karendalops" if world.can[kind][GUARD] == 1 else "kaopsres"
    return {BLOCK: "kpps", SUBDISTRICT: "padal", RAYON: "pamenwas"}[scope]


def _within(world: World, scope: int, unit: int, station: int) -> bool:
    if scope == BLOCK:
        return world.unit_block[unit] == world.station_block[station]
    if scope == SUBDISTRICT:
        return world.unit_subdistrict[unit] == world.station_subdistrict[station]
    return scope != RAYON or world.unit_rayon[unit] == world.station_rayon[station]
