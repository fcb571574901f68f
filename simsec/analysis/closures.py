"""Voter-hours lost: what incidents that closed stations cost the voters there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.measures import kind_tables
from simsec.base.clock import parse_stamp
from simsec.day.day import Day
from simsec.day.streams import stream, text_key
from simsec.day.tables import sampling_tables
from simsec.day.voters import VoterSettings, draw_voters, serve
from simsec.scenario.reading import Scenario
from simsec.simulation.outcome import Outcome, closed_windows

Floats = NDArray[np.float64]


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


@dataclass(frozen=True, eq=False)
class _Closed:
    """Closed windows of one outcome, a row a station: number of the outcome, key of its voters, from and until."""

    outcome: list[int]
    station: list[int]
    key: list[int]
    windows: list[list[tuple[float, float]]]


def _closed(scenario: Scenario, played: Sequence[tuple[Day, Outcome]], closes_min: float) -> _Closed:
    keys, closing_kinds = sampling_tables(scenario).station_key, kind_tables(scenario).closes
    found = _Closed([], [], [], [])
    for number, (day, outcome) in enumerate(played):
        rows = outcome.incidents
        windows = closed_windows(scenario, rows, closing_kinds[rows.kind], closes_min)
        voters = stream(day.seed, day.replication, "voters")
        for station, spans in windows.items():
            found.outcome.append(number)
            found.station.append(station)
            found.key.append(int(keys[station]) ^ voters)
            found.windows.append(spans)
    return found


def voters_lost(scenario: Scenario, played: Sequence[tuple[Day, Outcome]]) -> tuple[Floats, Floats]:
    """Voter-hours lost, and voters not served, through incidents that closed stations.

    Hours are the waiting beyond the undisturbed queue. A kind that closes stations closes its own from onset until the
    incident is cleared. Only incidents that needed somebody from outside count. The same marks serve both queues, so an
    undisturbed station loses nothing and is not served at all. All outcomes are served together: vectors are long.

    Args:
        scenario: what is known.
        played: days and what came of them, under any plans.

    Returns:
        Two arrays of shape (len(played),).
    """
    settings = voter_settings(scenario)
    closed = _closed(scenario, played, settings.closes_min)
    hours, not_served = np.zeros(len(played)), np.zeros(len(played))
    if not closed.station:
        return hours, not_served
    most = max(len(spans) for spans in closed.windows)
    span = np.full((len(closed.windows), most, 2), np.inf)
    for row, spans in enumerate(closed.windows):
        span[row, : len(spans)] = spans
    marks = draw_voters(
        scenario.stations.registered_voters[closed.station],
        np.array(closed.key, dtype=np.uint64),
        text_key("voters/turnout"),
        text_key("voters/arrival"),
        text_key("voters/service"),
        settings,
    )
    opened = np.full(len(closed.station), settings.opens_min)
    never = np.full((len(closed.station), 1), np.inf)
    disturbed = serve(marks, opened, span[:, :, 0], span[:, :, 1], settings)
    calm = serve(marks, opened, never, never, settings)
    np.add.at(hours, closed.outcome, disturbed.voter_hours_lost - calm.voter_hours_lost)
    np.add.at(not_served, closed.outcome, disturbed.not_served - calm.not_served)
    return hours, not_served
