"""What may be said in a drill: the commands of the facilitator and of the room, and nothing else.

There is no word for weapons, formations or force: units appear as people with a place, a way and a time. What only
KPPS and KPU decide can be said, and is passed on to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from simsec.base.clock import parse_stamp
from simsec.base.errors import say
from simsec.scenario.parameter import Strict, Text
from simsec.scenario.schema import DayType, Level

FORMAT = 1
MAIN, DOCTRINE = "main", "doctrine"
INJECT_PREFIX = "inject:"


def _minute(value: object) -> object:
    return parse_stamp(value) if isinstance(value, str) else value


At = Annotated[
    float, BeforeValidator(_minute), Field(description="a stamp such as `H 09:05`, or minutes after midnight")
]
Minutes = Annotated[float, Field(gt=0, le=2880)]
Place = Annotated[str, Field(min_length=2, max_length=80)]
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}$")]
Count = Annotated[int, Field(ge=1, le=1000)]


class _Command(Strict):
    """When, and the name by which later commands speak of it.

    A command is applied when everything before its minute has happened.
    """

    at: At
    name: Label | None = None


class Inject(_Command):
    """An incident of a kind of the scenario begins at a station; its marks come from the day's seed and its number."""

    do: Literal["inject"]
    place: Place
    kind: str
    level: Level | None = Field(default=None, description="by default the kind's own, by its mark")
    reported_after_min: Annotated[float, Field(ge=0, le=600)] | None = Field(
        default=None, description="by default detection and call, by their marks"
    )


class Rain(_Command):
    """It rains so many millimetres an hour over the rayons of some places, everywhere by default; 0 ends the rain.

    The scenario's weather is hourly: the rain holds for the hours touched, for whoever moves off from now on.
    """

    do: Literal["rain"]
    mm: Annotated[float, Field(ge=0, le=200)]
    over: tuple[Place, ...] = ()
    until: At

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.until <= self.at:
            raise ValueError("until must lie after at")
        return self


class CloseRoad(_Command):
    """The quickest way between two places is blocked at one point, its longest hop, both ways and for everybody."""

    do: Literal["close_road"]
    between: tuple[Place, Place]


class OpenRoad(_Command):
    """The road closed by the command of that name opens again."""

    do: Literal["open_road"]
    road: Label


class ClosePost(_Command):
    """A post falls out: its units stay where they are, those at work until they have done it."""

    do: Literal["close_post"]
    post: Place


class OpenPost(_Command):
    """The post gives its units back."""

    do: Literal["open_post"]
    post: Place


class KppsRequest(_Command):
    """The crew of a station (KPPS) asks the police to come in."""

    do: Literal["kpps_request"]
    place: Place


class Order(_Command):
    """The room sends units to a place or to an inject (``inject:NAME``).

    Either one unit by its number, or so many of a kind: those that stand at a place, or the pair of a station's block,
    or by default the nearest free ones. They are bound to the place for ``for_min`` minutes on the spot, or until
    they are released; with ``ready`` they stand there free, so that the chain of command may send them on. At an
    incident they come free when their work there is done.
    """

    do: Literal["order"]
    to: Place
    kind: str | None = None
    count: Count = 1
    start: Place | None = Field(default=None, alias="from")
    unit: Annotated[int, Field(ge=0)] | None = None
    for_min: Minutes | None = None
    ready: bool = False

    @model_validator(mode="after")
    def _one_way_of_naming(self) -> Self:
        if self.ready and self.for_min is not None:
            raise ValueError("give either for_min or ready")
        if (self.unit is None) == (self.kind is None):
            raise ValueError("give either kind (and count), or unit")
        if self.unit is not None and (self.count != 1 or self.start is not None):
            raise ValueError("a unit named by its number takes neither count nor from")
        return self


class CallUp(_Command):
    """The provincial reserve is called up to a place, by default the headquarters, and stands by there."""

    do: Literal["call_up"]
    count: Count
    to: Place = "polres"


class Release(_Command):
    """Units under the order, or the call-up, of that name are free again: they head back and may be called."""

    do: Literal["release"]
    order: Label


class Enter(_Command):
    """Units outside a station go in; only KPPS can ask for that."""

    do: Literal["enter"]
    place: Place


class Voting(_Command):
    """A wish about the vote itself: forwarded to KPPS, PPK and KPU, never decided here."""

    do: Literal["postpone_voting", "stop_voting", "resume_voting", "relocate_station"]
    place: Place


Command = Annotated[
    Inject
    | Rain
    | CloseRoad
    | OpenRoad
    | ClosePost
    | OpenPost
    | KppsRequest
    | Order
    | CallUp
    | Release
    | Enter
    | Voting,
    Field(discriminator="do"),
]
Event = Annotated[Inject | Rain | CloseRoad | OpenRoad | ClosePost | OpenPost | KppsRequest, Field(discriminator="do")]
Decision = Annotated[Order | CallUp | Release | Enter | Voting, Field(discriminator="do")]
EVENTS = (Inject, Rain, CloseRoad, OpenRoad, ClosePost, OpenPost, KppsRequest)
"""What befalls the room, also under the doctrine."""
ROOM = (Order, CallUp, Release, Enter, Voting)
"""What the room decides."""

_COMMAND: TypeAdapter[Any] = TypeAdapter(Command)


def command(**fields: Any) -> Any:
    """A command from its fields.

    Raises:
        pydantic.ValidationError: a field is wrong, or no such command.

    Example:
        >>> command(do="inject", at="H 09:00", place="any:A:1", kind="queue_dispute").at
        540.0
    """
    return _COMMAND.validate_python(fields)


class Numbered(Strict):
    """A command with its number in the session; numbers are never re-used."""

    number: Annotated[int, Field(ge=1)]
    command: Command


class DrillDay(Strict):
    """Which day is drilled: its type, seed and replication."""

    type: DayType = "ordinary"
    seed: Annotated[int, Field(ge=0)] = 1
    replication: Annotated[int, Field(ge=0)] = 0


class SessionFile(Strict):
    """What a session file says: the day and the numbered commands of every branch. They are all of its state."""

    format: Literal[1]
    scenario: str
    scenario_hash: str
    plan_hash: str
    day: DrillDay
    given: Annotated[int, Field(ge=0)]
    branches: Mapping[Label, tuple[Numbered, ...]]

    @model_validator(mode="after")
    def _numbers_are_given_once(self) -> Self:
        for name, commands in self.branches.items():
            numbers = [entry.number for entry in commands]
            if len(set(numbers)) < len(numbers):
                raise ValueError(say("branch {name} has a number twice", name=name))
            if numbers and max(numbers) > self.given:
                raise ValueError(say("branch {name} has a number above given = {n}", name=name, n=self.given))
        return self


class Script(Strict):
    """What a script says: what happens (``events``), and what the room decides in each branch (``room.A``)."""

    format: Literal[1]
    title: Text
    day: DrillDay = DrillDay()
    events: tuple[Event, ...]
    room: Annotated[Mapping[Label, tuple[Decision, ...]], Field(max_length=8)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something_happens(self) -> Self:
        if not self.events:
            raise ValueError("nothing happens; give at least one event")
        if DOCTRINE in self.room:
            raise ValueError("under the doctrine the room decides nothing; choose another name for this branch")
        return self
