"""One sampled day: plain arrays, drawn from (scenario, seed, replication, type) and never from a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    """Incidents that may need help, and dormant ones a spreading crowd may wake; every mark drawn beforehand.

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
        parent: -1 for a primary incident; children of one parent stand in a row (child_first, child_end).
        spread_delay_min, contain_within_min: minutes after the parent's onset.
        hits: stations hit by a spreading crowd, 0 for any other incident.
        village: the first row that stands for the same village of a crowd; a row of its own for any other incident.
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
    parent: Integers
    child_first: Integers
    child_end: Integers
    spread_delay_min: Floats
    contain_within_min: Floats
    hits: Integers
    village: Integers

    def __len__(self) -> int:
        """Number of incidents, dormant ones included."""
        return len(self.kind)

    @property
    def primaries(self) -> int:
        """Number of incidents that do not wait for a parent; they come first."""
        return int(np.sum(self.parent < 0))


@dataclass(frozen=True, eq=False)
class Day:
    """One sampled day.

    Attributes:
        seed, replication, day_type: what it was drawn from, beside the scenario.
        incidents: what may need help.
        reports: everything reported.
        rain_mm: shape (hours, zones), from the start of the clock; a zone is a rayon.
        slow: shape (hours, zones), factor on travel minutes: rain and night.
    """

    seed: int
    replication: int
    day_type: str
    incidents: Incidents
    reports: Reports
    rain_mm: Floats
    slow: Floats
