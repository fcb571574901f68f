"""One sampled day: plain arrays, drawn from (scenario, seed, replication, type) and never from a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simsec.day.stages import DayStages

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reports:
    """Everything that was reported, also what nobody had to go out for.

    Attributes:
        kind: number of the kind in the scenario's order, shape (reports,).
        station: number of the station.
        onset_min: when it began.
        dispatched: whether it needed somebody from outside the station.
    """

    kind: Integers
    station: Integers
    onset_min: Floats
    dispatched: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Incidents:
    """Incidents that may need help, and dormant ones that others may wake; every mark drawn beforehand.

    A child of its parent's own kind is a crowd that goes on, unless enough squads came. A child of another kind is a
    consequence, such as an illness after long hours, unless the parent was over in time.

    Attributes:
        kind, station, level: shape (n,); level is the first one, 0 green to 2 red.
        onset_min: shape (n,), nan for a dormant child.
        alert_delay_min: detection: Linmas and crew on the spot know, which is an alert and never help.
        first_line_delay_min: from the alert until somebody of the village's three pillars is there, no help either; inf
            where the scenario names none.
        report_delay_min: detection and call.
        rise_min: shape (n, 3), minutes after onset at which each level is left if nobody came; inf: never.
        scene_min: shape (n, 3), minutes on scene at each level.
        where: uniforms, where in its block a guard pair stands when called.
        delay_min, turnout_min: shape (n, rows), a column a row of the ladders.
        noise: shape (n, slots), factor on the travel of the slot-th unit sent.
        kpu: shape (n, 5), of a station it closes: minutes until the crew asks, of the committees, until KPU decides and
            of a move, then a uniform: a place is found where it lies below the share. 0 for other kinds.
        parent: -1 for a primary incident; children of one parent stand in a row (child_first, child_end).
        spread_delay_min, contain_within_min: minutes after the parent's onset.
        hits: stations hit by a spreading crowd, 0 for any other incident.
        village: the first row that stands for the same village of a crowd; a row of its own for any other incident.
        access_min: minutes more that everyone from outside a hamlet needs, 0 anywhere else; an incident of which the
            hour is not known before is met as in dry weather.
    """

    kind: Integers
    station: Integers
    level: Integers
    onset_min: Floats
    alert_delay_min: Floats
    first_line_delay_min: Floats
    report_delay_min: Floats
    rise_min: Floats
    scene_min: Floats
    where: Floats
    delay_min: Floats
    turnout_min: Floats
    noise: Floats
    kpu: Floats
    parent: Integers
    child_first: Integers
    child_end: Integers
    spread_delay_min: Floats
    contain_within_min: Floats
    hits: Integers
    village: Integers
    access_min: Floats

    def __len__(self) -> int:
        """Number of incidents, dormant ones included."""
        return len(self.kind)

    @property
    def primaries(self) -> int:
        """Number of incidents that do not wait for a parent; they come first."""
        return int(np.sum(self.parent < 0))


LANDSLIDE = 0.0
"""Depth of a closure that no water makes."""


class Closures(NamedTuple):
    """Roads that close in the course of a day and stay so to its end, in the order of their minutes.

    Attributes:
        minute: shape (n,), when.
        village: whose road: the one by which it is reached (landslide), or all its own (water).
        depth_mm: depth of the standing water, ``LANDSLIDE`` where the ground slid.
    """

    minute: Floats
    village: Integers
    depth_mm: Floats


def no_closures() -> Closures:
    """Nothing closes.

    Example:
        >>> len(no_closures().minute)
        0
    """
    return Closures(np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0))


class Access(NamedTuple):
    """How hard the hamlets are to reach, hour by hour.

    Attributes:
        hamlet: number of each station's hamlet, -1 for a station on a road, shape (stations,).
        minutes: minutes more for everyone from outside, shape (hours, hamlets).
        carry: minutes more for goods, shape (hours, hamlets).
    """

    hamlet: Integers
    minutes: Floats
    carry: Floats


class Convoys(NamedTuple):
    """When the pair of each trip of boxes is out; shape (trips,), all loads out, then all back; never of a plan.

    On the day before it rides to the store and comes back with the boxes, in the night it goes with them and rides
    back; the empty way takes as long as the other.

    Attributes:
        leaves_min: it leaves its block; inf: no pair goes with this trip.
        back_min: it is there again, unless it meets with an accident.
        incident: number of that accident, -1: none.
    """

    leaves_min: Floats
    back_min: Floats
    incident: Integers


@dataclass(frozen=True, eq=False)
class Day:
    """One sampled day.

    Attributes:
        seed, replication, day_type: what it was drawn from, beside the scenario.
        incidents: what may need help.
        reports: everything reported.
        rain_mm: shape (hours, zones), from the start of the clock; a zone is a rayon.
        slow: shape (hours, zones), factor on travel minutes: rain and night.
        stages: of the stations; None where the scenario has none, and in a day from a log.
        clarified_min: when a public statement answered the day's rumour; nan: there was none.
        closures: roads that close.
        access: of hamlets, None where there are none.
        absent: whether each row of the scenario's absences takes place, shape (rows,).
        convoys: pairs that go with boxes; None where the scenario, or a log, sends none.
    """

    seed: int
    replication: int
    day_type: str
    incidents: Incidents
    reports: Reports
    rain_mm: Floats
    slow: Floats
    stages: DayStages | None = None
    clarified_min: float = math.nan
    closures: Closures = field(default_factory=no_closures)
    access: Access | None = None
    absent: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    convoys: Convoys | None = None
