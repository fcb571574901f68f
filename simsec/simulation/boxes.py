"""When the boxes of a day come back: the planned arrival, and what an accident on the way adds to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.day import Day
from simsec.day.trips import BACK, routes_of
from simsec.scenario.reading import Scenario
from simsec.simulation.deliveries import lasted
from simsec.simulation.outcome import Outcome

Floats = NDArray[np.float64]


def boxes_back_min(scenario: Scenario, day: Day, outcome: Outcome) -> Floats:
    """Minute at which the last box of each village is back at the store, shape (villages,).

    A truck that meets with an accident waits until that incident is over (a spare vehicle has come and taken the boxes
    over) and then goes on: its arrival is the planned one plus the minutes from onset to cleared.

    Args:
        scenario: one with ``[stages]``.
        day: sampled from it.
        outcome: of that day under some plan.

    Returns:
        nan for a village without stations, inf where an accident was not over by the end of the clock.

    Raises:
        ValueError: the day has no stages.

    Example:
        >>> from simsec.day import sample_day
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> from simsec.simulation import simulate
        >>> area = read_scenario("scenarios/kabupaten-semarang")
        >>> day = sample_day(area, 1, 0)
        >>> back = boxes_back_min(area, day, simulate(area, doctrine(area), day))
        >>> bool((back[np.isfinite(back)] > 960).all())
        True
    """
    if day.stages is None:
        raise ValueError("the day has no stages")
    trips, routes, rows = day.stages.trips, routes_of(scenario), outcome.incidents
    arrives = trips.arrives_min.copy()
    for trip in np.flatnonzero(trips.station >= 0).tolist():
        told = rows.kind, rows.station, rows.onset_min, rows.cleared_min
        arrives[trip] += lasted(scenario, trips, trip, *told, outcome.ends_min)
    back = np.full(len(scenario.villages), np.nan)
    inside = trips.direction == BACK
    np.fmax.at(back, routes.village[trips.load[inside]], arrives[inside])
    return back


def counts_late(scenario: Scenario, day: Day) -> float:
    """Share of the stations whose count ends after the legal limit; nan where the scenario names none.

    Counts end as the day has them: what an incident that closes a station adds is not among it.

    Args:
        scenario: what is known.
        day: sampled from it.
    """
    stages = scenario.settings.stages
    if day.stages is None or stages is None or stages.counting_limit is None:
        return float("nan")
    return float(np.mean(day.stages.counting_ends_min > parse_stamp(stages.counting_limit)))
