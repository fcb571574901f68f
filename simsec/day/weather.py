"""Rain of a day: storms over zones and hours, and what they and the night do to travel."""

from __future__ import annotations

import math

import numpy as np

from simsec.base.clock import parse_stamp
from simsec.day.day import Floats
from simsec.day.streams import generator
from simsec.day.tables import window_quantile
from simsec.scenario.reading import Scenario

STORMS = 6  # drawn every day, so that the number used shifts no other draw


def draw_rain(scenario: Scenario, day_type: str, seed: int, replication: int) -> Floats:
    """Hourly rain of each zone, shape (hours, zones), in mm; a zone is a rayon.

    An ordinary day is wet with the scenario's probability and then has light storms in its ordinary windows; a day of
    heavy rain has at least one storm, heavy, in the heavy windows.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> bool(draw_rain(scenario, "heavy_rain", 1, 0).max() >= scenario.settings.weather.heavy_from_mm_per_h.mode)
        True
    """
    weather = scenario.settings.weather
    start, end = scenario.horizon_min
    hours, zones = math.ceil((end - start) / 60), len(scenario.villages.rayon_names)
    rng = generator(seed, replication, "weather")
    u_wet, u_count = rng.random(2)
    u = rng.random((STORMS, 3))
    u_zone = generator(seed, replication, "weather/zones").random((STORMS, zones))
    heavy = day_type == "heavy_rain"
    rain = np.zeros((hours, zones))
    if not heavy and u_wet >= weather.wet_day.mode:
        return rain
    count = max(1, min(STORMS, round(float(weather.storms_per_wet_day.quantile(np.array([u_count]))[0]))))
    begins = window_quantile(u[:, 0], weather.heavy_windows if heavy else weather.ordinary_windows)
    lasts = 60 * weather.storm_hours.quantile(u[:, 1])
    strength = (weather.heavy_rain_mm_per_h if heavy else weather.light_rain_mm_per_h).quantile(u[:, 2])
    if heavy:
        strength[0] = max(strength[0], weather.heavy_from_mm_per_h.mode)
    for storm in range(count):
        over = (u_zone[storm] < weather.storm_zones_share.mode) | (u_zone[storm] == u_zone[storm].min())
        first = max(0, int((begins[storm] - start) // 60))
        last = min(hours, math.ceil((begins[storm] + lasts[storm] - start) / 60))
        if last > first:
            rain[first:last, over] = np.maximum(rain[first:last, over], strength[storm])
    return rain


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
