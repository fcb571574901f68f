"""The stages of every station: delivery on the day before, voting, counting, and the way back of its boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simsec.base.clock import parse_stamp
from simsec.day.day import Convoys, Floats, Incidents
from simsec.day.power import counting_factor
from simsec.day.streams import stream, uniforms
from simsec.day.trips import BACK, OUT, Trips, draw_trips, packing_of, pairs_go, routes_of, stages_of
from simsec.scenario.reading import Scenario


@dataclass(frozen=True, eq=False)
class DayStages:
    """Minutes after midnight of polling day of every station, as they would be if nothing happened; shape (stations,).

    Opening and closing of the vote stand in the clock of the scenario.

    Attributes:
        delivery_min: its boxes reach the village, on the day before.
        counting_ends_min: its crew has counted.
        crew_leaves_min: it has packed its boxes as well, and goes home.
        boxes_leave_min: the truck leaves with them, when those of its last station are packed.
        boxes_back_min: they are back at the store of the sub-district.
        trips: the trips themselves, and their accidents.
        ready_min: its boxes are there and the station can open; an accident on the way comes on top. None where the
            scenario does not tell how long that takes.
    """

    delivery_min: Floats
    counting_ends_min: Floats
    crew_leaves_min: Floats
    boxes_leave_min: Floats
    boxes_back_min: Floats
    trips: Trips
    ready_min: Floats | None = None


def stages(scenario: Scenario, seed: int, replication: int, rain_mm: Floats, slow: Floats) -> DayStages:
    """The stages of one day.

    Args:
        scenario: one with ``[stages]``.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.
        rain_mm: shape (hours, zones), from the start of the clock.
        slow: factor on travel minutes, the same shape.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> area = read_scenario("scenarios/kabupaten-semarang")
        >>> hours = np.zeros((65, len(area.villages.rayon_names)))
        >>> day = stages(area, 1, 0, hours, hours + 1)
        >>> order = np.array([day.delivery_min, day.counting_ends_min, day.boxes_leave_min, day.boxes_back_min])
        >>> bool((np.diff(order, axis=0) > 0).all()), bool((day.delivery_min < 0).all())
        (True, True)
    """
    closes = parse_stamp(scenario.settings.clock.voting_closes)
    u = uniforms(stream(seed, replication, "stages/counting"), routes_of(scenario).station_key, 0)
    lasts = np.maximum(stages_of(scenario).counting_ends.quantile(u) - closes, 0.0)
    counted = closes + lasts * counting_factor(scenario, seed, replication)
    trips = draw_trips(scenario, seed, replication, rain_mm, slow, counted)
    load, arrives = routes_of(scenario).load_of_station, trips.arrives_min
    out, back = trips.direction == OUT, trips.direction == BACK
    prepares, figures = None, stages_of(scenario)
    if figures.preparation_min is not None:
        u = uniforms(stream(seed, replication, "stages/preparation"), routes_of(scenario).station_key, 0)
        prepares = figures.preparation_min.quantile(u)
    return DayStages(
        delivery_min=arrives[out][load],
        counting_ends_min=counted,
        crew_leaves_min=counted + packing_of(scenario, trips)[load],
        boxes_leave_min=trips.departs_min[back][load],
        boxes_back_min=arrives[back][load],
        trips=trips,
        ready_min=None if prepares is None else arrives[out][load] + prepares,
    )


def convoys_of(scenario: Scenario, trips: Trips, incidents: Incidents) -> Convoys | None:
    """When a pair is out with each trip, and which incident is its accident; None where the scenario sends no pair.

    Args:
        scenario: one with ``[stages]``.
        trips: of the day.
        incidents: of the day; an accident after the clock is none of them.
    """
    if not pairs_go(scenario):
        return None
    first = np.where(trips.direction == OUT, trips.departs_min - trips.drive_min, trips.departs_min)
    met = np.full(len(trips.load), -1)
    for trip in np.flatnonzero(trips.station >= 0).tolist():
        same_minute = incidents.onset_min == trips.accident_min[trip]
        rows = np.flatnonzero(same_minute & (incidents.station == trips.station[trip]))
        met[trip] = rows[0] if len(rows) else -1
    return Convoys(first, first + 2 * trips.drive_min, met)
