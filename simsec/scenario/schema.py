"""What ``scenario.toml`` may say: one model per table of the file, every figure with unit, range, grade and source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import reduce
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator
from pydantic_core import PydanticKnownError

from simsec.base.clock import parse_stamp
from simsec.base.errors import say
from simsec.scenario.agencies import Agency, Matter, Operation, ThreePillars
from simsec.scenario.parameter import Parameter, Strict, Text
from simsec.scenario.switching import put_back, without

FORMAT = 1
Level = Literal["green", "yellow", "red"]
StationClass = Literal["low", "elevated", "high", "special"]
Capability = Literal[
    "guard", "patrol", "squad", "medic", "ambulance", "hazard_team", "courier", "spare_vehicle", "boat"
]
Scope = Literal["block", "subdistrict", "rayon", "regency"]
DayType = Literal["ordinary", "heavy_rain", "rumour", "severe"]
Responder = Literal["security", "medical", "logistics", "hazard", "none"]
Vehicle = Literal["car", "motorcycle", "truck", "foot"]
Reading = Literal["reserve_on_top", "reserve_inside", "everything_inside"]
ClosingRule = Literal["fixed_1300", "serve_queue", "extended"]
Remedy = Literal["waiting", "relocation", "another_day"]
SiteType = Literal["prison", "hospital", "care_home", "boarding_school", "relocation"]

LEVELS: tuple[Level, ...] = ("green", "yellow", "red")
CLASSES: tuple[StationClass, ...] = ("low", "elevated", "high", "special")
CAPABILITIES: tuple[Capability, ...] = (
    "guard",
    "patrol",
    "squad",
    "medic",
    "ambulance",
    "hazard_team",
    "courier",
    "spare_vehicle",
    "boat",
)
SCOPES: tuple[Scope, ...] = ("block", "subdistrict", "rayon", "regency")
# Figures drawn anew for every incident or storm: a world moves their whole range, not the mode alone.
DRAWN = (
    "_min",
    "_hours",
    "counting_ends",
    "friction",
    "stations_per_village",
    "storms_per_wet_day",
    "storm_speed_kmh",
    "_mm_per_h",
    "_depth_mm",
)
OF_VOLUNTEERS: tuple[Capability, ...] = ("medic", "courier")
VILLAGE = "village"  # where a team may stand, beside the types and codes of posts: every village with stations
POLICIES = ("chain_of_command", "nearest_capable", "nearest_in_sector", "preference_list")
DAY_TYPES: tuple[DayType, ...] = ("ordinary", "heavy_rain", "rumour", "severe")
RESPONDERS: tuple[Responder, ...] = ("security", "medical", "logistics", "hazard", "none")


def _stamp(text: str) -> str:
    parse_stamp(text)
    return text


Stamp = Annotated[str, AfterValidator(_stamp)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Count = Annotated[int, Field(ge=0)]


def _positive(parameter: Parameter) -> Parameter:
    if parameter.low < 0:
        raise ValueError("must not be below 0")
    return parameter


def _above_zero(parameter: Parameter) -> Parameter:
    if parameter.low <= 0:
        raise ValueError("must be above 0")
    return parameter


def _share(parameter: Parameter) -> Parameter:
    if parameter.low < 0 or parameter.high > 1:
        raise ValueError("must lie between 0 and 1")
    return parameter


def _in_minutes(data: Any) -> Any:
    """Stamps as minutes after midnight of polling day; what is in minutes already stays."""
    if not isinstance(data, Mapping):
        return data
    at = ("value", "low", "mode", "high")
    return {key: parse_stamp(item) if key in at and isinstance(item, str) else item for key, item in data.items()}


Amount = Annotated[Parameter, AfterValidator(_positive)]
Above = Annotated[Parameter, AfterValidator(_above_zero)]
Share = Annotated[Parameter, AfterValidator(_share)]
Moment = Annotated[Parameter, BeforeValidator(_in_minutes)]  # written as stamps


class Clock(Strict):
    """The hours of the day, as stamps such as ``H 07:00``."""

    starts: Stamp
    voting_opens: Stamp
    voting_closes: Stamp
    counting_ends: Stamp
    ends: Stamp


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

    A kind whose teams are all not ``enabled`` is asked by nobody: its steps are taken out of the ladders.
    """

    unit: Name
    at: Name
    per_post: Annotated[int, Field(ge=1)]
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


class Window(Strict):
    """A share of a kind's incidents that falls evenly inside a window of the clock."""

    start: Stamp
    end: Stamp
    share: Annotated[float, Field(gt=0, le=1)]


class Incident(Strict):
    """A kind of incident: how often, when, who helps, what it needs at each level."""

    label: Text
    responder: Responder
    rate_per_station: Amount
    rate_ceiling: Annotated[float, Field(gt=0, le=1)]
    rate_on: dict[DayType, Amount] = Field(default_factory=dict)
    clustered: Literal["no", "low_ground", "steep_ground"] = "no"
    dispatch_share: Share
    starts: Level = "green"
    starts_yellow_share: Share | None = None
    needs: dict[Level, dict[Capability, Annotated[int, Field(ge=1)]]]
    target_min: Amount
    rises_after_min: Amount | None = None
    on_scene_min: Amount
    windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    windows_grade: Literal["A", "B", "C", "D"] = "D"
    rate_per_hour: Amount | None = None  # at every place of a general scenario
    closes_station: bool = False
    kpu_remedy: Remedy = "waiting"  # what can be asked of KPU while it keeps its station closed
    kpu_asks_after_min: Amount | None = None  # in place of that of [kpu]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        total = sum(window.share for window in self.windows)
        if abs(total - 1) > 1e-9:
            raise ValueError(say("the shares of the windows add up to {total:g}, not to 1", total=total))
        for window in self.windows:
            if parse_stamp(window.end) <= parse_stamp(window.start):
                template = "window {start} - {end} ends before it starts"
                raise ValueError(say(template, start=window.start, end=window.end))
        rates = [self.rate_per_station, *self.rate_on.values()]
        if max(rate.high for rate in rates) > self.rate_ceiling:
            template = "a rate reaches beyond rate_ceiling = {ceiling:g}; raise the ceiling"
            raise ValueError(say(template, ceiling=self.rate_ceiling))
        if self.responder != "none" and self.starts not in self.needs:
            raise ValueError(say("needs has no row for its first level, {level}", level=self.starts))
        levels = sorted(LEVELS.index(level) for level in self.needs)
        if levels and levels[-1] - levels[0] + 1 != len(levels):
            raise ValueError("needs leaves out yellow between green and red")
        return self


class Spreading(Strict):
    """How damage by a crowd spreads from village to village (anchor: Parado, 14 Feb 2024); kind "": nothing does."""

    kind: Annotated[str, Field(max_length=80)]
    neighbour_min: Amount
    neighbours_at_most: Annotated[int, Field(ge=1, le=12)]
    probability: Share
    delay_min: Amount
    contained_by_squads: Annotated[int, Field(ge=1)]
    contained_within_min: Amount
    depth_at_most: Annotated[int, Field(ge=1, le=6)]
    stations_per_village: Amount
    stations_at_most: Annotated[int, Field(ge=1)]
    label_miss: Share | None = None  # of severe events, at stations of the low class; left out: every station alike


class Stages(Strict):
    """What happens to a station around the voting: delivery on the day before, counting, the way back of the boxes.

    Attributes:
        escort_kind: the kind of incident an accident of a trip is; its rate and windows are not used.
        crew_kind: the kind of incident that comes of long duty; its rate is kept, its windows are not used.
        delivery_starts, delivery_ends: trucks leave the stores of the sub-districts evenly between them.
        stations_per_truck: whose boxes travel together, inside one village.
        counting_ends: of a station with light, written as stamps.
        packing_min: from the last count on a truck to its departure.
        accident_per_10000_trips: of mean length, by day and dry.
        accident_night_factor, accident_rain_factor: on the exposure of a trip in the dark, on a wet road.
        crew_on_duty_from: the crew prepares the station.
        fatigue_doubling_h: hours on duty in which the hazard of falling ill doubles.
    """

    escort_kind: Name
    crew_kind: Name
    delivery_starts: Stamp
    delivery_ends: Stamp
    stations_per_truck: Above
    counting_ends: Moment
    packing_min: Amount
    accident_per_10000_trips: Amount
    accident_night_factor: Above
    accident_rain_factor: Above
    crew_on_duty_from: Stamp
    fatigue_doubling_h: Above


class Barrier(Strict):
    """Ground no village road crosses: a summit."""

    name: Name
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    radius_km: Annotated[float, Field(gt=0, le=50)]
    grade: Literal["A", "B", "C", "D"]
    source: str


class Travel(Strict):
    """Speeds, winding and friction."""

    friction: Amount
    winding_flat: Amount
    winding_mountain: Amount
    mountain_slope_m_per_km: Amount
    mountain_limit_km: Amount
    neighbour_limit_km: Amount
    road_reach_km: Amount
    speed_village_kmh: Amount
    speed_mountain_kmh: Amount
    speed_main_kmh: Amount
    speed_national_kmh: Amount
    speed_toll_kmh: Amount
    speed_foot_kmh: Amount
    truck_factor: Share
    landslide_closes_share: Share | None = None  # of landslides that cut the road to their village; absent: none
    barriers: tuple[Barrier, ...] = ()
    night_factor: Share
    night_starts: Stamp
    night_ends: Stamp


class Weather(Strict):
    """Rain: how often, when, and what it does to speed."""

    wet_day: Share
    storms_per_wet_day: Amount
    storm_hours: Amount
    storm_zones_share: Share
    storm_speed_kmh: Above | None = None  # left out: a storm comes over all its zones at once
    light_rain_mm_per_h: Amount
    moderate_rain_mm_per_h: Amount | None = None
    moderate_storm_share: Share | None = None  # of the storms of ordinary days; left out: all are light
    heavy_rain_mm_per_h: Amount
    heavy_from_mm_per_h: Amount
    flood_lag_min: Amount
    flood_depth_mm: Amount | None = None  # of water that stands on a village's roads; absent: water closes none
    truck_wades_mm: Amount | None = None  # a truck meets water as a car meets water so much shallower
    speed_loss_light: Share
    speed_loss_heavy: Share
    ordinary_windows: tuple[Window, ...]
    heavy_windows: tuple[Window, ...]


class Access(Strict):
    """What it takes to reach hamlets beyond a river or at the end of one road."""

    river_detour_min: Amount  # round, while the crossing is closed
    river_closed_from_mm: Amount  # rain of the last hours in its zone
    river_rain_hours: Amount
    carry_min: Amount  # for goods, carried on foot where the one road is closed


class Calls(Strict):
    """From onset to the first request."""

    detection_min: Amount
    call_min: Amount
    no_signal_share: Share
    no_signal_call_min: Amount


class Power(Strict):
    """Stations without electricity: how many, and what it does to the count."""

    no_power_share: Share
    counting_slower_without_power: Above  # factor on the minutes of counting


class Rumour(Strict):
    """A wave of false calls on a day of rumour, and the public statement (Humas) that mostly ends it.

    Attributes:
        kinds: incident kinds that are false calls.
        starts_windows: when a wave begins.
        clarified_after_min: from the start of the wave to the statement.
        remaining_share: share of the false calls that still come after it.
    """

    kinds: Annotated[tuple[Name, ...], Field(min_length=1)] = ("hoax_rumour",)
    starts_windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    clarified_after_min: Amount
    remaining_share: Share


class Voters(Strict):
    """How voters come and are served."""

    turnout: Share
    turnout_loss_heavy_rain: Share | None = None  # of the voters where it rains heavily in the voting hours
    booths: Annotated[int, Field(ge=1, le=20)]
    booths_grade: Literal["A", "B", "C", "D"]
    service_min: Amount
    arrival_windows: tuple[Window, ...]
    closing_rule: ClosingRule
    extended_until: Stamp


class Kpu(Strict):
    """What a closed station asks of KPU by way of KPPS and PPK, and how long that takes; KPU decides, nobody else.

    Attributes:
        asks_after_min: how long a closed station waits before its crew asks.
        committee_min: from the crew by way of PPS and PPK to KPU.
        decides_min: until KPU has decided.
        relocation_min: from a decision to relocate until the station is open at the new place.
        relocates_share: share of the asking stations under water or earth for which a place in the village is found.
        latest_opening: a station that cannot open by then is proposed for another day.
    """

    asks_after_min: Amount
    committee_min: Amount
    decides_min: Amount
    relocation_min: Amount
    relocates_share: Share
    latest_opening: Stamp


class Weights(Strict):
    """Weight of a minute of waiting at each level."""

    green: Amount
    yellow: Amount
    red: Amount


class DayTypes(Strict):
    """Probability of each type of day but the ordinary one, which is the rest."""

    heavy_rain: Share
    rumour: Share
    severe: Share


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
