"""Storms of a day: each starts somewhere, moves over the zones and rains on each for a while.

A storm reaches the zones it touches in the order of their places along its heading, so that rain comes to one after
the other and floods follow it. Everything about it is drawn at a fixed shape, however many storms the day has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simsec.day.day import Floats
from simsec.day.streams import generator, stream, uniforms
from simsec.day.tables import window_quantile
from simsec.geography.distance import local_km
from simsec.scenario.reading import Scenario

STORMS = 6  # drawn every day, so that the number used shifts no other draw
HOUR_MIN = 60.0
_STORM_KEYS = np.arange(STORMS, dtype=np.uint64)
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Storms:
    """The storms of one day.

    Attributes:
        start_min: shape (storms, zones), when each storm comes over each zone; inf where it does not.
        lasts_min: shape (storms,), how long it stays over a zone.
        mm_per_h: shape (storms,), how much it rains there.
    """

    start_min: Floats
    lasts_min: Floats
    mm_per_h: Floats

    def hourly(self, start_min: float, hours: int) -> Floats:
        """Rain by storm, hour and zone in mm: intensity times the share of the hour that the storm lies over the zone.

        Args:
            start_min: where the first hour begins.
            hours: how many.

        Example:
            >>> storm = Storms(np.array([[90.0, np.inf]]), np.array([60.0]), np.array([8.0]))
            >>> storm.hourly(60.0, 3)[0, :, 0].tolist()
            [4.0, 4.0, 0.0]
        """
        hour = start_min + HOUR_MIN * np.arange(hours)[None, :, None]
        comes, goes = self.start_min[:, None, :], (self.start_min + self.lasts_min[:, None])[:, None, :]
        over = np.minimum(goes, hour + HOUR_MIN) - np.maximum(comes, hour)
        return np.asarray(self.mm_per_h[:, None, None] * np.maximum(over, 0.0) / HOUR_MIN)


@lru_cache(maxsize=8)
def zone_places(scenario: Scenario) -> Floats:
    """Place of each zone in km east and north of their mean, shape (zones, 2): the mean point of its villages."""
    villages = scenario.villages
    zones = len(villages.rayon_names)
    count = np.bincount(villages.rayon, minlength=zones)
    lat, lon = (np.bincount(villages.rayon, weights=of, minlength=zones) / count for of in (villages.lat, villages.lon))
    return local_km(lat, lon, (float(lat.mean()), float(lon.mean())))


def lags_min(place_km: Floats, touched: Floats, heading: Floats, speed_kmh: Floats) -> Floats:
    """Minutes after the first zone it touches at which each storm comes over each zone, inf where it does not.

    Args:
        place_km: shape (zones, 2), east and north.
        touched: shape (storms, zones), true where the storm comes; at least one zone a storm.
        heading: shape (storms,), radians from east to north.
        speed_kmh: shape (storms,), above 0; inf: over all zones at once.

    Example:
        >>> places = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]])
        >>> lags_min(places, np.array([[True, False, True]]), np.zeros(1), np.array([20.0])).tolist()
        [[0.0, inf, 60.0]]
    """
    ahead = np.stack([np.cos(heading), np.sin(heading)], axis=1) @ place_km.T
    ahead = ahead - np.where(touched, ahead, np.inf).min(axis=1, keepdims=True)
    return np.where(touched, HOUR_MIN * ahead / speed_kmh[:, None], np.inf)


def draw_storms(scenario: Scenario, heavy: bool, seed: int, replication: int) -> Storms | None:
    """The storms of one day, None on a dry one.

    Which zones a storm touches is drawn apart from its way: each with ``storm_zones_share``, and one in any case. Its
    window holds the minute at which it comes over the first of them.

    Args:
        scenario: what is known.
        heavy: whether it is a day of heavy rain; then the first storm brings an hour of heavy rain to a zone.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.
    """
    weather = scenario.settings.weather
    rng = generator(seed, replication, "weather")
    u_wet, u_count = rng.random(2)
    if not heavy and u_wet >= weather.wet_day.mode:
        return None
    count = max(1, min(STORMS, round(float(weather.storms_per_wet_day.quantile(np.array([u_count]))[0]))))
    u = rng.random((STORMS, 3))[:count]
    u_zone = generator(seed, replication, "weather/zones").random((STORMS, len(scenario.villages.rayon_names)))[:count]
    touched = (u_zone < weather.storm_zones_share.mode) | (u_zone == u_zone.min(axis=1, keepdims=True))
    names = ("weather/heading", "weather/speed", "weather/moderate")
    streams = np.array([stream(seed, replication, name) for name in names], dtype=np.uint64)
    u_heading, u_speed, u_moderate = uniforms(streams[:, None], _STORM_KEYS[None, :], 0)[:, :count]
    speed = weather.storm_speed_kmh.quantile(u_speed) if weather.storm_speed_kmh else np.full(count, np.inf)
    lag = lags_min(zone_places(scenario), touched, 2 * np.pi * u_heading, speed)
    begins = window_quantile(u[:, 0], weather.heavy_windows if heavy else weather.ordinary_windows)
    lasts = HOUR_MIN * weather.storm_hours.quantile(u[:, 1])
    if heavy:
        strength = weather.heavy_rain_mm_per_h.quantile(u[:, 2])
        return _with_heavy_hour(scenario, begins, lag, lasts, strength)
    strength = weather.light_rain_mm_per_h.quantile(u[:, 2])
    if weather.moderate_rain_mm_per_h and weather.moderate_storm_share:  # given together or not at all
        moderate = u_moderate < weather.moderate_storm_share.mode
        strength = np.where(moderate, weather.moderate_rain_mm_per_h.quantile(u[:, 2]), strength)
    return Storms(begins[:, None] + lag, lasts, strength)


def _with_heavy_hour(scenario: Scenario, begins: Floats, lag: Floats, lasts: Floats, strength: Floats) -> Storms:
    """The storms of a day of heavy rain, the first within the clock and strong enough for one hour that is heavy."""
    start, end = scenario.horizon_min
    begins[0] = max(start, min(begins[0], end - lasts[0]))
    unit = Storms(begins[:1, None] + lag[:1], lasts[:1], np.ones(1))
    share = float(unit.hourly(start, int(np.ceil((end - start) / HOUR_MIN))).max())
    if share > 0:
        least = scenario.settings.weather.heavy_from_mm_per_h.mode / share * (1 + _ROUNDING)
        strength[0] = max(strength[0], least)
    return Storms(begins[:, None] + lag, lasts, strength)
