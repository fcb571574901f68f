"""What the tables of ``scenario.toml`` are made of: codes, stamps, names, and figures within their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from simsec.base.clock import parse_stamp
from simsec.scenario.parameter import Parameter

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
Factor = Annotated[Parameter, AfterValidator(_share), AfterValidator(_above_zero)]  # what is left of a speed
Moment = Annotated[Parameter, BeforeValidator(_in_minutes)]  # written as stamps
