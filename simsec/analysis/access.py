"""Access to the vote over many days: stations that were closed, what KPU decided about them, what voters lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.closures import calm_day, lost_by_sector, voters_of_day
from simsec.analysis.intervals import Estimate, at_most, stratified_mean
from simsec.base.clock import parse_stamp
from simsec.day.day import Day
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES
from simsec.simulation.decisions import CONTINUED, NONE, POSTPONED, RELOCATED
from simsec.simulation.outcome import Outcome, closed_stations

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
STATIONS = ("opened_late", "proposed", "relocated", "continued", "postponed")  # figures that count stations
BY_SECTOR, WAITS = ("voter_hours_by_sector", "not_served_by_sector"), ("wait_mean_min", "wait_p90_min")


@dataclass(frozen=True, eq=False)
class Access:
    """Closed stations of many days under one plan, a row a station and day; and figures of each day.

    Attributes:
        days: how many.
        day, station: of the row.
        minutes: of the voting hours in which an incident kept it closed.
        late: whether it did not open as planned.
        decision: of KPU about it, number in :data:`simsec.simulation.decisions.DECISIONS`.
        voter_hours_by_sector, not_served_by_sector: shape (days, sub-districts), nan when not asked for.
        wait_mean_min, wait_p90_min: minutes the voters of all stations waited, the 90th percentile by the mean of their
            station; shape (days,), nan when not asked for.
    """

    days: int
    day: Integers
    station: Integers
    minutes: Floats
    late: NDArray[np.bool_]
    decision: Integers
    voter_hours_by_sector: Floats
    not_served_by_sector: Floats
    wait_mean_min: Floats
    wait_p90_min: Floats

    @property
    def closed_min(self) -> Floats:
        """Minutes of the voting hours in which stations were closed, summed over them; shape (days,)."""
        return np.bincount(self.day, weights=self.minutes, minlength=self.days).astype(np.float64)

    @property
    def opened_late(self) -> Integers:
        """Stations that an incident kept from opening as planned, shape (days,)."""
        return np.bincount(self.day[self.late], minlength=self.days)

    @property
    def proposed(self) -> Integers:
        """Stations that KPU was asked about, shape (days,)."""
        return np.bincount(self.day[self.decision != NONE], minlength=self.days)

    @property
    def relocated(self) -> Integers:
        """Stations that moved, shape (days,)."""
        return np.bincount(self.day[self.decision == RELOCATED], minlength=self.days)

    @property
    def continued(self) -> Integers:
        """Stations whose vote or count goes on another day, shape (days,)."""
        return np.bincount(self.day[self.decision == CONTINUED], minlength=self.days)

    @property
    def postponed(self) -> Integers:
        """Stations that open on another day, shape (days,)."""
        return np.bincount(self.day[self.decision == POSTPONED], minlength=self.days)

    @property
    def daily(self) -> dict[str, Floats]:
        """Every figure by name, shape (days,) each; those of voters nan where they were not asked for."""
        counts = ("opened_late", "closed_min", *STATIONS[1:])
        return {name: np.asarray(getattr(self, name), dtype=np.float64) for name in counts} | {
            "not_served": self.not_served_by_sector.sum(axis=1),
            "voter_hours": self.voter_hours_by_sector.sum(axis=1),
            "wait_mean": self.wait_mean_min,
            "wait_p90": self.wait_p90_min,
        }

    def by_station(self, scenario: Scenario, stratum: Integers) -> dict[str, Floats]:
        """Means a day at natural rates, shape (stations,) each: minutes closed, and how often what became of it.

        Args:
            scenario: the days were played in.
            stratum: type of each day, shape (days,).
        """
        counts = np.bincount(stratum, minlength=len(DAY_TYPES))
        weight = np.array([scenario.day_type_probability[DAY_TYPES[k]] / counts[k] for k in stratum.tolist()])
        each = (weight / weight.sum())[self.day]
        rows = {
            "closed_mean_min": self.minutes,
            "opened_late_share": self.late.astype(np.float64),
            "relocated_share": (self.decision == RELOCATED).astype(np.float64),
            "continued_share": (self.decision == CONTINUED).astype(np.float64),
            "postponed_share": (self.decision == POSTPONED).astype(np.float64),
        }
        return {
            name: np.bincount(self.station, weights=each * values, minlength=len(scenario.stations)).astype(np.float64)
            for name, values in rows.items()
        }


def daily_estimate(name: str, values: Floats, stratum: Integers, probability: Mapping[int, float]) -> Estimate:
    """Mean of a day with its interval, not below nought; a bound where no station was seen on any day.

    Voters and minutes come many at a time, so that a day without any says nothing of how many there may be.

    Args:
        name: of the figure, as in :attr:`Access.daily`.
        values: of each day, shape (days,).
        stratum: type of each day.
        probability: of the types that count, as :func:`simsec.analysis.replications.strata` gives them.
    """
    found = stratified_mean(values, stratum, probability)
    found = replace(found, low=float(np.maximum(found.low, 0.0)))
    return at_most(found, stratum, probability) if name in STATIONS else found


def access_row(scenario: Scenario, outcome: Outcome) -> dict[str, object]:
    """The closed stations of one day under one plan."""
    closed = closed_stations(scenario, outcome.incidents, outcome.ends_min, outcome.delivered)
    planned = parse_stamp(scenario.settings.clock.voting_opens)
    return {
        "closed_station": closed.station,
        "closed_min": closed.closed_min,
        "closed_late": ~(closed.opened_min <= planned),
        "closed_decision": closed.decision,
    }


def voter_rows(
    scenario: Scenario, played: Sequence[tuple[Day, Outcome]], *, lost: bool, waits: bool
) -> list[dict[str, Any]]:
    """Figures of voters, a row an outcome; nan where they were not asked for.

    Args:
        scenario: what is known.
        played: days and what came of them; outcomes of one day stand together.
        lost: serve the voters of stations that were closed.
        waits: serve those of every station.
    """
    unasked = np.full((len(played), len(scenario.villages.subdistrict_codes)), np.nan)
    hours, not_served = lost_by_sector(scenario, played) if lost else (unasked, unasked)
    rows: list[dict[str, Any]] = []
    calm = None
    for number, (day, outcome) in enumerate(played):
        row: dict[str, Any] = dict(zip(BY_SECTOR, (hours[number], not_served[number]), strict=True))
        row |= {"voter_hours_lost": hours[number].sum(), "voters_not_served": not_served[number].sum()}
        row |= dict.fromkeys(WAITS, np.nan)
        if waits:
            calm = calm if calm is not None and calm.day is day else calm_day(scenario, day)
            queues = voters_of_day(scenario, day, outcome, calm)
            row |= dict(zip(WAITS, (queues.mean_wait_min, queues.wait_quantile_min(0.9)), strict=True))
        rows.append(row)
    return rows


def gather_access(rows: Sequence[Mapping[str, Any]]) -> Access:
    """Rows of days as arrays."""
    lengths = [len(row["closed_station"]) for row in rows]

    def join(name: str) -> NDArray[np.float64]:
        return np.concatenate([np.asarray(row[f"closed_{name}"]) for row in rows])

    return Access(
        days=len(rows),
        day=np.repeat(np.arange(len(rows)), lengths),
        station=join("station").astype(np.int64),
        minutes=join("min"),
        late=join("late").astype(np.bool_),
        decision=join("decision").astype(np.int64),
        **{name: np.array([row[name] for row in rows], dtype=np.float64) for name in (*BY_SECTOR, *WAITS)},
    )
