"""The tables of ``scenario.toml`` about what happens: the clock, incidents, stations, roads, rain, voters and KPU."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simsec.base.clock import parse_stamp
from simsec.base.errors import say
from simsec.scenario.parameter import Strict, Text
from simsec.scenario.schema_terms import (
    LEVELS,
    Above,
    Amount,
    Capability,
    ClosingRule,
    DayType,
    Factor,
    Level,
    Moment,
    Name,
    Remedy,
    Responder,
    Share,
    Stamp,
)


class Clock(Strict):
    """The hours of the day, as stamps such as ``H 07:00``.

    ``followed_until`` is later than ``ends``, where duties and windows end: what has begun is still seen to its end.
    """

    starts: Stamp
    voting_opens: Stamp
    voting_closes: Stamp
    counting_ends: Stamp
    ends: Stamp
    followed_until: Stamp | None = None  # by default ``ends``


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
    cluster_share: Share | None = None  # of the stations of a village that is struck; left out: any number of them
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
    reopens_on: Capability | None = None  # what it waits for; left out: its station opens when the incident is cleared
    reopens_after_min: Amount | None = None  # from its arrival until the station is open

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
        if (self.reopens_on is None) != (self.reopens_after_min is None):
            raise ValueError("reopens_on and reopens_after_min belong together")
        if self.reopens_on is not None and any(self.reopens_on not in needs for needs in self.needs.values()):
            raise ValueError(say("reopens_on names {word}, which some level does not need", word=self.reopens_on))
        if self.cluster_share is not None and self.clustered == "no":
            raise ValueError("only a clustered kind has a cluster_share")
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


class Escorts(Strict):
    """Whether a guard pair leaves its block to go with the boxes, as is reported."""

    enabled: bool
    grade: Literal["A", "B", "C", "D"]
    source: str


class Stages(Strict):
    """What happens to a station around the voting: delivery on the day before, counting, the way back of the boxes.

    Attributes:
        escort_kind: the kind of incident an accident of a trip is; its rate and windows are not used.
        crew_kind: the kind of incident that comes of long duty; its rate is kept, its windows are not used.
        delivery_starts, delivery_ends: trucks leave the stores of the sub-districts evenly between them.
        stations_per_truck: whose boxes travel together, inside one village.
        counting_ends: of a station with light, written as stamps.
        counting_limit: when the law ends a count; nothing happens then, counts beyond it are told.
        packing_min: from the last count on a truck to its departure.
        accident_per_10000_trips: of mean length, by day and dry.
        accident_night_factor, accident_rain_factor: on the exposure of a trip in the dark, on a wet road.
        crew_on_duty_from: the crew prepares the station.
        fatigue_doubling_h: hours on duty in which the hazard of falling ill doubles.
        escorts: of the boxes; left out: Linmas and the village's officers go alone.
        preparation_min: from the arrival of its boxes until a station can open; left out: a late delivery delays none.
    """

    escort_kind: Name
    crew_kind: Name
    delivery_starts: Stamp
    delivery_ends: Stamp
    stations_per_truck: Above
    counting_ends: Moment
    counting_limit: Stamp | None = None
    packing_min: Amount
    accident_per_10000_trips: Amount
    accident_night_factor: Above
    accident_rain_factor: Above
    crew_on_duty_from: Stamp
    fatigue_doubling_h: Above
    escorts: Escorts | None = None
    preparation_min: Amount | None = None


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

    friction: Above
    winding_flat: Above
    winding_mountain: Above
    mountain_slope_m_per_km: Amount
    mountain_limit_km: Amount
    neighbour_limit_km: Amount
    road_reach_km: Amount
    speed_village_kmh: Above
    speed_mountain_kmh: Above
    speed_main_kmh: Above
    speed_national_kmh: Above
    speed_toll_kmh: Above
    speed_foot_kmh: Above
    truck_factor: Factor
    landslide_closes_share: Share | None = None  # of landslides that cut the road to their village; absent: none
    barriers: tuple[Barrier, ...] = ()
    night_factor: Factor
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


class Objective(Strict):
    """What a search looks for beside the mean.

    Attributes:
        tail_share: of the days, the worst ones, that the tail is the mean of.
    """

    tail_share: Share


class DayTypes(Strict):
    """Probability of each type of day but the ordinary one, which is the rest."""

    heavy_rain: Share
    rumour: Share
    severe: Share
