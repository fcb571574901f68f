"""What ``scenario.toml`` may say: one model per table of the file, every figure with unit, range, grade and source."""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from simsec.base.errors import say
from simsec.scenario.agencies import Agency, Matter, Operation, ThreePillars
from simsec.scenario.parameter import Strict, Text
from simsec.scenario.schema_day import (
    Access,
    Barrier,
    Calls,
    Clock,
    DayTypes,
    Incident,
    Kpu,
    Objective,
    Power,
    Rumour,
    Spreading,
    Stages,
    Travel,
    Voters,
    Weather,
    Weights,
    Window,
)
from simsec.scenario.schema_forces import (
    Absence,
    Duty,
    Forces,
    Ladder,
    Ledger,
    Pattern,
    Patterns,
    Policy,
    Prepositioned,
    Queue,
    Siting,
    Step,
    Team,
    Unit,
)
from simsec.scenario.schema_terms import (
    CAPABILITIES,
    CLASSES,
    DAY_TYPES,
    DRAWN,
    LEVELS,
    RESPONDERS,
    SCOPES,
    VILLAGE,
    Capability,
    ClosingRule,
    DayType,
    Level,
    Reading,
    Remedy,
    Responder,
    Scope,
    SiteType,
    StationClass,
    Vehicle,
)
from simsec.scenario.switching import put_back, without

__all__ = [
    "CAPABILITIES",
    "CLASSES",
    "DAY_TYPES",
    "DRAWN",
    "FORMAT",
    "LEVELS",
    "RESPONDERS",
    "SCOPES",
    "VILLAGE",
    "Absence",
    "Access",
    "Barrier",
    "Calls",
    "Capability",
    "Clock",
    "ClosingRule",
    "DayType",
    "DayTypes",
    "Duty",
    "Forces",
    "Incident",
    "Kpu",
    "Ladder",
    "Ledger",
    "Level",
    "Objective",
    "Pattern",
    "Patterns",
    "Policy",
    "Power",
    "Prepositioned",
    "Queue",
    "Reading",
    "Remedy",
    "Responder",
    "Rumour",
    "Scope",
    "Settings",
    "SiteType",
    "Siting",
    "Spreading",
    "Stages",
    "StationClass",
    "Step",
    "Team",
    "Travel",
    "Unit",
    "Vehicle",
    "Voters",
    "Weather",
    "Weights",
    "Window",
]

FORMAT = 1


class Settings(Strict):
    """The whole of ``scenario.toml``."""

    format: Literal[1]
    extends: str = ""  # "general", or the path of the scenario folder this one stands on
    profile: Literal["", "pemilu", "pilkada"] = ""  # lays that election over the scenario it extends
    general: bool = False  # places and minutes are given, there is no polling day; set by extends = "general"
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: Text
    language: Literal["en", "id"]
    election_type: Literal["pemilu", "pilkada"] | None = None
    polling_date: date
    utc_offset_min: Annotated[int, Field(ge=-720, le=840)]
    clock: Clock
    forces: Forces
    patterns: Patterns
    units: tuple[Unit, ...]
    teams: tuple[Team, ...]
    absences: tuple[Absence, ...] = ()
    ladders: tuple[Ladder, ...]
    agencies: dict[str, Agency] = Field(default_factory=dict)
    matters: dict[str, Matter] = Field(default_factory=dict)
    special_sites: dict[SiteType, Text] = Field(default_factory=dict)  # who may enter; the packaged list by default
    operation: Operation | None = None
    three_pillars: ThreePillars | None = None
    calls: Calls
    incidents: dict[str, Incident]
    spreading: Spreading
    stages: Stages | None = None  # without it: no trips, and crews fall ill by the windows of their kind
    rumour: Rumour | None = None  # left out: false calls of a day of rumour come until it ends
    power: Power | None = None  # left out: every station has electricity, unless the table says no
    travel: Travel
    weather: Weather
    access: Access | None = None
    voters: Voters
    kpu: Kpu | None = None  # without it a closed station opens again when its incident is cleared
    weights: Weights
    objective: Objective | None = None  # without it the tail is the worst tenth of the days, grade D
    day_types: DayTypes
    siting: Siting
    prepositioned: tuple[Prepositioned, ...] = ()  # where the plan by rule of thumb keeps somebody
    policy: Policy
    queue: Queue = Queue()
    _written: dict[int, Ladder] = PrivateAttr(default_factory=dict)  # ladders with steps switched off, by number

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        kinds = {unit.kind for unit in self.units}
        wrong = [say("team {unit}", unit=team.unit) for team in self.teams if team.unit not in kinds]
        wrong += [say("absence {unit}", unit=row.unit) for row in self.absences if row.unit not in kinds]
        wrong += [
            say("ladder {name}: {unit}", name=ladder.name, unit=step.unit)
            for ladder in self.ladders
            for step in ladder.steps
            if step.unit and step.unit not in kinds
        ]
        if wrong:
            where = reduce(lambda first, second: say("{first}, {second}", first=first, second=second), wrong)
            template = "unknown unit kind in {where}; the kinds are {kinds}"
            raise ValueError(say(template, where=where, kinds=", ".join(sorted(kinds))))
        if self.spreading.kind not in self.incidents and not (self.general and self.spreading.kind == ""):
            template = "spreading.kind = {kind!r} is no incident of this scenario"
            raise ValueError(say(template, kind=self.spreading.kind))
        for name in ("escort_kind", "crew_kind") if self.stages else ():
            kind = getattr(self.stages, name)
            if kind not in self.incidents or self.incidents[kind].clustered != "no":
                template = "stages.{name} = {kind!r} is no incident of this scenario that strikes stations one by one"
                raise ValueError(say(template, name=name, kind=kind))
        strange = [kind for kind in (self.rumour.kinds if self.rumour else ()) if kind not in self.incidents]
        if strange:
            raise ValueError(say("rumour.kinds: {kinds} is no incident of this scenario", kinds=", ".join(strange)))
        if (self.weather.moderate_rain_mm_per_h is None) != (self.weather.moderate_storm_share is None):
            raise ValueError("weather.moderate_rain_mm_per_h and weather.moderate_storm_share belong together")
        covered = {capability for ladder in self.ladders for capability in ladder.capabilities}
        needed = {
            capability for kind in self.incidents.values() for needs in kind.needs.values() for capability in needs
        }
        if needed - covered:
            raise ValueError(say("no ladder brings {capabilities}", capabilities=", ".join(sorted(needed - covered))))
        return self

    @model_validator(mode="after")
    def _switch_off(self) -> Self:
        """Take the steps of kinds whose teams are not enabled out of the ladders, as if nobody had written them."""
        on = {team.unit for team in self.teams if team.enabled}
        off = {team.unit for team in self.teams} - on
        shorter = [without(ladder, off) for ladder in self.ladders]
        for number, ladder in enumerate(self.ladders):
            if shorter[number] is not ladder:
                self._written[number] = ladder
        if self._written:
            object.__setattr__(self, "ladders", tuple(shorter))  # nothing has seen the settings yet
        return self

    def as_written(self, data: dict[str, Any]) -> dict[str, Any]:
        """A dump of these settings, perhaps with values set since, with the steps that are switched off put back.

        Args:
            data: from ``model_dump()``.
        """
        return put_back(data, self.ladders, self._written)
