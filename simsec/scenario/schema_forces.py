"""The tables of ``scenario.toml`` about who is there: strength, units and teams, ladders, posts and the policy."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticKnownError

from simsec.base.errors import say
from simsec.scenario.parameter import Strict, Text
from simsec.scenario.schema_terms import (
    LEVELS,
    OF_VOLUNTEERS,
    POLICIES,
    Above,
    Amount,
    Capability,
    Count,
    Level,
    Name,
    Reading,
    Scope,
    Share,
    Stamp,
    Vehicle,
)


class Ledger(Strict):
    """Officers who are not free to guard stations."""

    kpu_office: Amount
    bawaslu_office: Amount
    logistics_store: Amount
    district_committee: Amount
    command_post: Amount
    traffic_points: Amount
    polsek_minimum: Count


class Forces(Strict):
    """Announced strength, and how it is read."""

    police: Amount
    army: Amount
    linmas: Amount
    reserve: Amount
    linmas_per_station: Count
    squad_persons: Annotated[int, Field(ge=1)]
    reading: Reading
    ledger: Ledger
    note: Text | None = None  # shown beside the strength, such as whose larger strength it is a share of


class Pattern(Strict):
    """A guard pattern (pola pengamanan): one pair of police for so many stations, with their Linmas."""

    police: Literal[2]
    tps: Annotated[int, Field(ge=1)]
    linmas: Count


class Patterns(Strict):
    """The pattern of each class: the ceiling of who may stand at a station."""

    low: Pattern
    elevated: Pattern
    high: Pattern
    special: Pattern


class Duty(Strict):
    """Hours on duty; units may be called outside them as well, only their utilisation is counted over these hours."""

    starts: Stamp
    ends: Stamp | None = None  # by default the end of the clock


class Unit(Strict):
    """A kind of unit: who it is, what it can do, how it moves.

    ``volunteers`` are members of community organisations: they give first aid or carry, and never guard.
    """

    kind: Name
    label: Text
    persons: Annotated[int, Field(ge=1)]
    capabilities: tuple[Capability, ...]
    vehicle: Vehicle
    turnout_min: Amount | None = None
    duty: Duty | None = None  # by default the whole clock
    volunteers: bool = False

    @model_validator(mode="after")
    def _volunteers_help_only(self) -> Self:
        wrong = sorted(set(self.capabilities) - set(OF_VOLUNTEERS))
        if self.volunteers and wrong:
            template = "volunteers give first aid and carry; {capabilities} is not for them"
            raise ValueError(say(template, capabilities=", ".join(wrong)))
        return self


class Team(Strict):
    """Units whose number the plan does not decide: so many at every post of a type, at one post, or in every village.

    A kind whose teams are all not ``enabled`` is asked by nobody: its steps are taken out of the ladders. With
    ``villages_per_unit`` a post of a sub-district has one unit for so many of its villages, and ``per_post`` at least.
    """

    unit: Name
    at: Name
    per_post: Annotated[int, Field(ge=1, le=10_000)]
    villages_per_unit: Above | None = None
    grade: Literal["A", "B", "C", "D"]
    source: str
    enabled: bool = True


class Absence(Strict):
    """Units that other duties, rest or the vote take away in a window of the clock.

    Attributes:
        label: what people call it; its English words key the draw of its chance.
        reason: why; ``city_plan`` is Sispamkota, ``vvip`` the protection of guests of state.
        unit: kind of unit.
        at: type or code of the post they wait at; everywhere where it is left out.
        starts, ends: the window.
        share, units: how many of those; all where both are left out. They are spread evenly over the sites.
        minutes_each: a shift: they leave in groups one after the other, as many groups as fit into the window.
        chance: that it happens on a day; always where it is left out.
        grade, source: of the window and of ``units``.
    """

    label: Text
    reason: Literal["city_plan", "vvip", "rest", "vote", "other"]
    unit: Name
    at: Annotated[str, Field(max_length=80)] = ""
    starts: Stamp
    ends: Stamp
    share: Share | None = None
    units: Annotated[int, Field(ge=1)] | None = None
    minutes_each: Annotated[int, Field(ge=1)] | None = None
    chance: Share | None = None
    grade: Literal["A", "B", "C", "D"]
    source: str


class Step(Strict):
    """A row of a ladder: this unit kind, found within this scope; then the delay before the request passes on.

    Or, in place of a unit, the agency whose ``permission`` is asked: nobody is sent, and the delay is its answer.
    """

    unit: Annotated[str, Field(max_length=80)] = ""
    scope: Scope = "regency"
    permission: Annotated[str, Field(max_length=80)] = ""
    delay_min: Amount | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if bool(self.unit) == bool(self.permission):
            raise ValueError("a step names either a unit or the agency whose permission it asks")
        if self.unit and "scope" not in self.model_fields_set:
            raise ValueError("a step that sends a unit needs its scope")
        if self.permission and self.delay_min is None:
            raise ValueError("a step that asks permission needs its delay_min")
        return self


class Ladder(Strict):
    """A chain of command for some capabilities; ``enter`` names the first step of each level, counted from 0."""

    name: Name
    capabilities: tuple[Capability, ...]
    enter: dict[Level, Count]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _entries_exist(self) -> Self:
        if set(self.enter) != set(LEVELS):
            raise ValueError("enter needs green, yellow and red")
        if max(self.enter.values()) >= len(self.steps):
            raise ValueError(say("enter names a step beyond the last ({last})", last=len(self.steps) - 1))
        if self.steps[-1].permission:
            raise ValueError("a ladder ends with a unit: nobody comes by permission alone")
        return self


class Siting(Strict):
    """Room for squads and the limits of forward posts."""

    room_squads_hq: Count
    room_squads_polsek: Count
    room_squads_forward: Count
    forward_posts_at_most: Count
    grade: Literal["A", "B", "C", "D"]
    source: str


class Prepositioned(Strict):
    """A unit that sleeps at a hamlet that is hard to reach from H-1 to H+1 and is released to nobody.

    A pair is that of the hamlet's block; a courier is one of the sub-district's.
    """

    village: Name
    unit: Literal["pair", "courier"]


def _policy(name: str) -> str:
    if name not in POLICIES and not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", name):
        *others, last = (repr(policy) for policy in POLICIES)
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}"})
    return name


PolicyName = Annotated[str, AfterValidator(_policy)]


class Policy(Strict):
    """How the next unit is chosen.

    Attributes:
        name: a policy that comes with simsec, or ``module:function`` for a user's own, see ``--allow-code``.
        reserve_threshold_squads: so many squads are kept for red incidents.
        divert_to_higher_level: a unit on its way to a lower level may be turned round.
        call_back: a pair on its way to another block is turned round for its own, at the same level or a higher one.
    """

    name: PolicyName
    reserve_threshold_squads: Count = 0
    divert_to_higher_level: bool = False
    call_back: bool = False


class Queue(Strict):
    """What becomes of requests that nobody is free for, and how a unit's work and way back are counted.

    Attributes:
        order: who is served first when a unit becomes free: its own area, then by level, then by time; or by level and
            time alone; or by time alone.
        full: what no step can fill waits, or is lost and only counted.
        returns: a unit drives home and may be called on the way, or is home the moment it clears.
        service_from: minutes on scene count from the arrival, or from the order, so that the drive lies inside them
            (Larson 1974, the hypercube model).
    """

    order: Literal["area_level_time", "level_time", "first_come"] = "area_level_time"
    full: Literal["wait", "lost"] = "wait"
    returns: Literal["on_the_road", "at_once"] = "on_the_road"
    service_from: Literal["arrival", "order"] = "arrival"
