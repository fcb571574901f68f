"""Rain of a day: storms over zones and hours, and what they and the night do to travel."""

from __future__ import annotations

import math

import numpy as np

from simsec.base.clock import parse_stamp
from simsec.day.day import Floats
from simsec.day.storms import draw_storms
from simsec.scenario.reading import Scenario


def draw_rain(scenario: Scenario, day_type: str, seed: int, replication: int) -> Floats:
    """Hourly rain of each zone, shape (hours, zones), in mm; a zone is a rayon.

    An ordinary day is wet with the scenario's probability and then has light and moderate storms in its ordinary
    windows; a day of heavy rain has at least one storm, heavy, in the heavy windows. Storms move over the zones, see
    :func:`simsec.day.storms.draw_storms`. Where two lie over a zone in the same hour, the one that brings more counts.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> bool(draw_rain(scenario, "heavy_rain", 1, 0).max() >= scenario.settings.weather.heavy_from_mm_per_h.mode)
        True
    """
    start, end = scenario.horizon_min
    hours = math.ceil((end - start) / 60)
    storms = draw_storms(scenario, day_type == "heavy_rain", seed, replication)
    if storms is None:
        return np.zeros((hours, len(scenario.villages.rayon_names)))
    return np.asarray(storms.hourly(start, hours).max(axis=0))


def slowdown(scenario: Scenario, rain_mm: Floats) -> Floats:
    """Factor on travel minutes by hour and zone, shape as ``rain_mm``: rain takes speed, and so does the night."""
    weather, travel = scenario.settings.weather, scenario.settings.travel
    loss = np.where(rain_mm > 0, weather.speed_loss_light.mode, 0.0)
    loss = np.where(rain_mm >= weather.heavy_from_mm_per_h.mode, weather.speed_loss_heavy.mode, loss)
    hour_of_day = (scenario.horizon_min[0] + 60 * np.arange(len(rain_mm))) % 1440
    night_from, night_until = parse_stamp(travel.night_starts) % 1440, parse_stamp(travel.night_ends) % 1440
    dark = (hour_of_day >= night_from) | (hour_of_day < night_until)
    speed = (1 - loss) * np.where(dark, travel.night_factor.mode, 1.0)[:, None]
    return np.asarray(1 / speed)


def turnout_factor(scenario: Scenario, rain_mm: Floats) -> Floats:
    """Factor on the turnout of each station, shape (stations,): below 1 where heavy rain falls in the voting hours.

    Hours count that the voting hours touch; whoever stays away does so for the day. 1 everywhere in a scenario that
    says nothing of ``turnout_loss_heavy_rain``.

    Args:
        scenario: what is known.
        rain_mm: the rain of the day, shape (hours, zones), from the start of the clock.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> turnout_factor(scenario, np.zeros((19, 5))).min().tolist()
        1.0
    """
    loss, clock = scenario.settings.voters.turnout_loss_heavy_rain, scenario.settings.clock
    if loss is None:
        return np.ones(len(scenario.stations))
    begins = scenario.horizon_min[0] + 60 * np.arange(len(rain_mm))
    voting = (begins + 60 > parse_stamp(clock.voting_opens)) & (begins < parse_stamp(clock.voting_closes))
    heavy = np.any(rain_mm[voting] >= scenario.settings.weather.heavy_from_mm_per_h.mode, axis=0)
    zone = scenario.villages.rayon[scenario.stations.village]
    return np.where(np.asarray(heavy)[zone], 1 - loss.mode, 1.0)
