"""The voters of a day: what incidents that closed stations cost them, and how every station's queue went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.day import Day
from simsec.day.streams import stream, text_key
from simsec.day.tables import sampling_tables
from simsec.day.voters import (
    VoterMarks,
    VoterOutcome,
    VoterSettings,
    draw_voters,
    serve,
    subset,
    with_stations,
)
from simsec.day.weather import turnout_factor
from simsec.scenario.reading import Scenario
from simsec.simulation.outcome import Outcome, closed_windows, covered_min, opening_min

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Windows = list[tuple[float, float]]


def voter_settings(scenario: Scenario) -> VoterSettings:
    """The modes of the scenario's figures about voters."""
    voters, clock = scenario.settings.voters, scenario.settings.clock
    return VoterSettings(
        turnout=voters.turnout.mode,
        booths=voters.booths,
        service_low_min=voters.service_min.low,
        service_mode_min=voters.service_min.mode,
        service_high_min=voters.service_min.high,
        opens_min=parse_stamp(clock.voting_opens),
        closes_min=parse_stamp(clock.voting_closes),
        hourly_share=tuple(
            (parse_stamp(window.start), parse_stamp(window.end), window.share) for window in voters.arrival_windows
        ),
        closing_rule=voters.closing_rule,
        extended_until_min=parse_stamp(voters.extended_until),
    )


def _turnout(scenario: Scenario, day: Day) -> Floats:
    """Share of the registered who come to each station on a day, shape (stations,)."""
    return scenario.settings.voters.turnout.mode * turnout_factor(scenario, day.rain_mm)


def _marks(
    scenario: Scenario, settings: VoterSettings, stations: Integers, day_key: NDArray[np.uint64], turnout: Floats
) -> VoterMarks:
    """The voters of some stations on their days, a row a station; functions of station and day alone."""
    return draw_voters(
        scenario.stations.registered_voters[stations],
        sampling_tables(scenario).station_key[stations] ^ day_key,
        text_key("voters/turnout"),
        text_key("voters/arrival"),
        text_key("voters/service"),
        settings,
        turnout,
    )


def _disturbed(marks: VoterMarks, windows: Sequence[Windows], settings: VoterSettings) -> VoterOutcome:
    """The queues of stations that were closed in these windows; a row a station."""
    span = np.full((len(windows), max((len(spans) for spans in windows), default=0), 2), np.inf)
    for row, spans in enumerate(windows):
        span[row, : len(spans)] = spans
    opened = np.array([opening_min(spans, settings.opens_min) for spans in windows], dtype=np.float64)
    return serve(marks, opened, span[:, :, 0], span[:, :, 1], settings)


def _calm(marks: VoterMarks, settings: VoterSettings) -> VoterOutcome:
    """The queues of stations that nothing disturbs."""
    never = np.empty((len(marks.arrived), 0))
    return serve(marks, np.full(len(marks.arrived), settings.opens_min), never, never, settings)


def _windows(scenario: Scenario, outcome: Outcome, until_min: float) -> dict[int, Windows]:
    rows = outcome.incidents
    return closed_windows(scenario, rows, sampling_tables(scenario).closes[rows.kind], until_min, outcome.delivered)


def lost_by_sector(scenario: Scenario, played: Sequence[tuple[Day, Outcome]]) -> tuple[Floats, Floats]:
    """Voter-hours lost, and voters not served, through incidents that closed stations, by sub-district.

    Hours are the waiting beyond the undisturbed queue. A kind that closes stations closes its own from onset until it
    is open again, where it stood or elsewhere; who comes meanwhile waits, at a station that opens no more until the
    closing. Only incidents that needed somebody from outside count. The same marks serve both queues, so an undisturbed
    station loses nothing and is not served at all. All outcomes are served together: vectors are long.

    Args:
        scenario: what is known.
        played: days and what came of them, under any plans.

    Returns:
        Two arrays of shape (len(played), sub-districts).
    """
    settings = voter_settings(scenario)
    number: list[int] = []
    station: list[int] = []
    key: list[int] = []
    turnout: list[float] = []
    windows: list[Windows] = []
    for place, (day, outcome) in enumerate(played):
        found = _windows(scenario, outcome, settings.closes_min)
        number += [place] * len(found)
        station += found
        key += [stream(day.seed, day.replication, "voters")] * len(found)
        turnout += _turnout(scenario, day)[list(found)].tolist()
        windows += found.values()
    shape = (len(played), len(scenario.villages.subdistrict_codes))
    hours, not_served = np.zeros(shape), np.zeros(shape)
    if not station:
        return hours, not_served
    stations = np.array(station)
    marks = _marks(scenario, settings, stations, np.array(key, dtype=np.uint64), np.array(turnout))
    disturbed, calm = _disturbed(marks, windows, settings), _calm(marks, settings)
    place_of = number, scenario.stations.subdistrict[stations]
    np.add.at(hours, place_of, disturbed.voter_hours_lost - calm.voter_hours_lost)
    np.add.at(not_served, place_of, disturbed.not_served - calm.not_served)
    return hours, not_served


def voters_lost(scenario: Scenario, played: Sequence[tuple[Day, Outcome]]) -> tuple[Floats, Floats]:
    """As :func:`lost_by_sector`, summed over the area: two arrays of shape (len(played),)."""
    hours, not_served = lost_by_sector(scenario, played)
    return hours.sum(axis=1), not_served.sum(axis=1)


@dataclass(frozen=True, eq=False)
class CalmDay:
    """The queue of every station on a day on which nothing closes one; the same under every plan.

    Attributes:
        day: whose voters they are.
        settings: by which they were served.
        marks: who comes, when, and how long each needs.
        queues: how they went.
    """

    day: Day
    settings: VoterSettings
    marks: VoterMarks
    queues: VoterOutcome


@dataclass(frozen=True, eq=False)
class VoterDay:
    """The voters of one day under one plan, every array of shape (stations,).

    Attributes:
        arrived, served, not_served: voters; what arrived was served or was not.
        waiting_min: minutes waited, summed over all who came.
        last_served_min: when the last voter left the booth, nan where nobody was served.
        hours_lost: waiting beyond the undisturbed queue, hours.
        turned_away: voters not served beyond those of the undisturbed queue.
        opened_min: when the station opened, inf: not on that day.
        closed_min: minutes of the voting hours in which an incident kept it closed.
    """

    arrived: Integers
    served: Integers
    not_served: Integers
    waiting_min: Floats
    last_served_min: Floats
    hours_lost: Floats
    turned_away: Integers
    opened_min: Floats
    closed_min: Floats

    @property
    def mean_wait_min(self) -> float:
        """Minutes waited per voter who came, over the area."""
        return float(self.waiting_min.sum() / max(int(self.arrived.sum()), 1))

    def wait_quantile_min(self, q: float) -> float:
        """Quantile over the voters who came of the mean wait at their station."""
        mean = self.waiting_min / np.maximum(self.arrived, 1)
        order = np.argsort(mean, kind="stable")
        reached = np.cumsum(self.arrived[order])
        if not len(reached) or reached[-1] == 0:
            return 0.0
        return float(mean[order][np.searchsorted(reached, q * reached[-1])])

    def opened_on_time(self, planned_min: float) -> float:
        """Share of the stations that opened as planned."""
        return float(np.mean(self.opened_min <= planned_min)) if len(self.opened_min) else 1.0


def calm_day(scenario: Scenario, day: Day) -> CalmDay:
    """Serve the voters of every station of a day on which nothing is closed; for :func:`voters_of_day`.

    Args:
        scenario: what is known.
        day: sampled from it.
    """
    settings, stations = voter_settings(scenario), np.arange(len(scenario.stations))
    key = np.array(stream(day.seed, day.replication, "voters"), dtype=np.uint64)
    marks = _marks(scenario, settings, stations, key, _turnout(scenario, day))
    return CalmDay(day, settings, marks, _calm(marks, settings))


def voters_of_day(scenario: Scenario, day: Day, outcome: Outcome, calm: CalmDay | None = None) -> VoterDay:
    """The voters of every station on a day under a plan.

    Only stations that an incident closed are served again; the rest keep their undisturbed queue.

    Args:
        scenario: what is known.
        day: sampled from it.
        outcome: what came of it under a plan.
        calm: from :func:`calm_day` of the same day, where several plans share it.

    Example:
        >>> from simsec.day import sample_day
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> from simsec.simulation import simulate
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> day = sample_day(scenario, 1, 0)
        >>> found = voters_of_day(scenario, day, simulate(scenario, doctrine(scenario), day))
        >>> bool((found.arrived == found.served + found.not_served).all())
        True
    """
    calm = calm or calm_day(scenario, day)
    settings, queues = calm.settings, calm.queues
    windows = _windows(scenario, outcome, settings.closes_min)
    shut = np.array(list(windows), dtype=np.intp)
    opened = np.full(len(scenario.stations), settings.opens_min)
    closed = np.zeros(len(scenario.stations))
    if len(shut):
        spans = list(windows.values())
        queues = with_stations(queues, shut, _disturbed(subset(calm.marks, shut), spans, settings))
        end = min(settings.closes_min, outcome.ends_min)
        opened[shut] = [opening_min(span, settings.opens_min) for span in spans]
        closed[shut] = [covered_min(span, settings.opens_min, end) for span in spans]
    return VoterDay(
        arrived=queues.arrived,
        served=queues.served,
        not_served=queues.not_served,
        waiting_min=queues.waiting_min,
        last_served_min=queues.last_served_min,
        hours_lost=queues.voter_hours_lost - calm.queues.voter_hours_lost,
        turned_away=queues.not_served - calm.queues.not_served,
        opened_min=opened,
        closed_min=closed,
    )
