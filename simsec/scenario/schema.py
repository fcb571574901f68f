"""What ``scenario.toml`` may say: one model per table of the file, every figure with unit, range, grade and source."""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from simsec.base.clock import parse_stamp
from simsec.base.errors import say
from simsec.scenario.agencies import Agency, Matter, Operation, ThreePillars
from simsec.scenario.parameter import Parameter, Strict, Text

FORMAT = 1
Level = Literal["green", "yellow", "red"]
StationClass = Literal["low", "elevated", "high", "special"]
Capability = Literal["guard", "patrol", "squad", "medic", "ambulance", "hazard_team", "courier", "spare_vehicle"]
Scope = Literal["block", "subdistrict", "rayon", "regency"]
DayType = Literal["ordinary", "heavy_rain", "rumour", "severe"]
Responder = Literal["security", "medical", "logistics", "hazard", "none"]
Vehicle = Literal["car", "motorcycle", "truck", "foot"]
Reading = Literal["reserve_on_top", "reserve_inside", "everything_inside"]
ClosingRule = Literal["fixed_1300", "serve_queue", "extended"]

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
)
SCOPES: tuple[Scope, ...] = ("block", "subdistrict", "rayon", "regency")
# Figures drawn anew for every incident or storm: a world moves their whole range, not the mode alone.
DRAWN = ("_min", "_hours", "friction", "stations_per_village", "storms_per_wet_day", "_mm_per_h")
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


def _share(parameter: Parameter) -> Parameter:
    if parameter.low < 0 or parameter.high > 1:
        raise ValueError("must lie between 0 and 1")
    return parameter


Amount = Annotated[Parameter, AfterValidator(_positive)]
Share = Annotated[Parameter, AfterValidator(_share)]


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


class Unit(Strict):
    """A kind of unit: who it is, what it can do, how it moves."""

    kind: Name
    label: Text
    persons: Annotated[int, Field(ge=1)]
    capabilities: tuple[Capability, ...]
    vehicle: Vehicle
    turnout_min: Amount | None = None


class Team(Strict):
    """Units whose number the plan does not decide: so many at every post of a type."""

    unit: Name
    at: Name
    per_post: Annotated[int, Field(ge=1)]
    grade: Literal["A", "B", "C", "D"]
    source: str


class Step(Strict):
    """A row of a ladder: this unit kind, found within this scope; then the delay before the request passes on."""

    unit: Name
    scope: Scope
    delay_min: Amount | None = None


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
    light_rain_mm_per_h: Amount
    heavy_rain_mm_per_h: Amount
    heavy_from_mm_per_h: Amount
    flood_lag_min: Amount
    speed_loss_light: Share
    speed_loss_heavy: Share
    ordinary_windows: tuple[Window, ...]
    heavy_windows: tuple[Window, ...]


class Calls(Strict):
    """From onset to the first request."""

    detection_min: Amount
    call_min: Amount
    no_signal_share: Share
    no_signal_call_min: Amount


class Voters(Strict):
    """How voters come and are served."""

    turnout: Share
    booths: Annotated[int, Field(ge=1, le=20)]
    booths_grade: Literal["A", "B", "C", "D"]
    service_min: Amount
    arrival_windows: tuple[Window, ...]
    closing_rule: ClosingRule
    extended_until: Stamp


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


class Policy(Strict):
    """How the next unit is chosen."""

    name: Literal["chain_of_command", "nearest_capable", "nearest_in_sector", "preference_list"]
    reserve_threshold_squads: Count = 0
    divert_to_higher_level: bool = False


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
    ladders: tuple[Ladder, ...]
    agencies: dict[str, Agency] = Field(default_factory=dict)
    matters: dict[str, Matter] = Field(default_factory=dict)
    operation: Operation | None = None
    three_pillars: ThreePillars | None = None
    calls: Calls
    incidents: dict[str, Incident]
    spreading: Spreading
    travel: Travel
    weather: Weather
    voters: Voters
    weights: Weights
    day_types: DayTypes
    siting: Siting
    policy: Policy
    queue: Queue = Queue()

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        kinds = {unit.kind for unit in self.units}
        wrong = [say("team {unit}", unit=team.unit) for team in self.teams if team.unit not in kinds]
        wrong += [
            say("ladder {name}: {unit}", name=ladder.name, unit=step.unit)
            for ladder in self.ladders
            for step in ladder.steps
            if step.unit not in kinds
        ]
        if wrong:
            where = reduce(lambda first, second: say("{first}, {second}", first=first, second=second), wrong)
            template = "unknown unit kind in {where}; the kinds are {kinds}"
            raise ValueError(say(template, where=where, kinds=", ".join(sorted(kinds))))
        if self.spreading.kind not in self.incidents and not (self.general and self.spreading.kind == ""):
            template = "spreading.kind = {kind!r} is no incident of this scenario"
            raise ValueError(say(template, kind=self.spreading.kind))
        covered = {capability for ladder in self.ladders for capability in ladder.capabilities}
        needed = {
            capability for kind in self.incidents.values() for needs in kind.needs.values() for capability in needs
        }
        if needed - covered:
            raise ValueError(say("no ladder brings {capabilities}", capabilities=", ".join(sorted(needed - covered))))
        return self
