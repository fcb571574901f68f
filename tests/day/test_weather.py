"""Laws of the rain of a day, and of what rain and night do to travel."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from simsec.day.day import Floats
from simsec.day.weather import draw_rain, slowdown, turnout_factor
from simsec.scenario.schema import DAY_TYPES, Window
from tests.areas import shipped, tiny

WEATHER = shipped().settings.weather
HEAVY = WEATHER.heavy_from_mm_per_h.mode


@cache
def rains(day_type: str, count: int = 400) -> tuple[Floats, ...]:
    return tuple(draw_rain(shipped(), day_type, 1, replication) for replication in range(count))


def test_every_day_of_heavy_rain_has_a_heavy_hour() -> None:
    assert all(rain.max() >= HEAVY for rain in rains("heavy_rain"))


@pytest.mark.parametrize("day_type", sorted(set(DAY_TYPES) - {"heavy_rain"}))
def test_other_days_are_wet_in_their_share_and_never_heavy(day_type: str) -> None:
    wet = sum(bool(rain.any()) for rain in rains(day_type))
    low, high = stats.binom.interval(0.999, len(rains(day_type)), WEATHER.wet_day.mode)
    assert low <= wet <= high
    assert max(rain.max() for rain in rains(day_type)) < HEAVY


def test_a_zone_has_rain_or_none_in_every_hour_of_the_clock() -> None:
    start, end = shipped().horizon_min
    for day_type in DAY_TYPES:
        for rain in rains(day_type)[:50]:
            assert rain.shape == ((end - start) / 60, len(shipped().villages.rayon_names))
            assert (rain >= 0).all()


def test_a_storm_lasts_its_hours_and_touches_a_part_of_the_zones() -> None:
    share = WEATHER.storm_zones_share.mode
    touched = [rain.any(axis=0).mean() for rain in rains("ordinary") if rain.any()]
    assert share < np.mean(touched) < 1  # several storms touch more zones than one
    assert 0 < min(touched) < 1
    hours = np.concatenate([(rain > 0).sum(axis=0) for rain in rains("ordinary")])
    assert hours.max() >= WEATHER.storm_hours.high and hours[hours > 0].mean() > WEATHER.storm_hours.mode


def test_ordinary_storms_come_late_in_the_day() -> None:
    hours = sum((rain > 0).sum(axis=1) for rain in rains("ordinary"))
    at = int(900 - shipped().horizon_min[0]) // 60
    afternoon = hours[at : at + 4].sum()  # H 15:00 to H 19:00
    assert afternoon > 0.35 * hours.sum()


def test_more_or_fewer_wet_days_move_no_storm() -> None:
    wetter = shipped().with_values({"weather.wet_day": 0.8})
    for replication in range(60):
        before, after = draw_rain(shipped(), "ordinary", 1, replication), draw_rain(wetter, "ordinary", 1, replication)
        assert np.array_equal(before, after) or not before.any()


def test_a_dry_day_is_slow_at_night_only() -> None:
    factor = slowdown(shipped(), np.zeros((41, 6)))
    night = 1 / shipped().settings.travel.night_factor.mode
    hours = np.arange(6, 47) % 24  # from H-1 06:00
    dark = (hours >= 18) | (hours < 5.5)
    assert np.array_equal(factor, np.where(dark, night, 1.0)[:, None] * np.ones(6))


def test_a_day_that_begins_the_evening_before_has_its_rain_in_the_same_windows() -> None:
    hours = {"starts": "H-1 18:00", "ends": "H+1 02:00", "followed_until": None}
    clock = shipped().settings.clock.model_copy(update=hours)
    longer = replace(shipped(), settings=shipped().settings.model_copy(update={"clock": clock}))
    for replication in range(60):
        before, after = draw_rain(shipped(), "ordinary", 1, replication), draw_rain(longer, "ordinary", 1, replication)
        assert after.shape == (32, 5) and not after[:10].any()
        assert np.allclose(after, before[12:44])
    night = (Window(start="H-1 18:00", end="H+1 02:00", share=1.0),)
    weather = WEATHER.model_copy(update={"ordinary_windows": night})
    nightly = replace(longer, settings=longer.settings.model_copy(update={"weather": weather}))
    hours = sum((draw_rain(nightly, "ordinary", 1, replication) > 0).sum(axis=1) for replication in range(300))
    assert hours[:10].sum() > 0 and hours[29:].sum() > 0


def test_heavy_rain_in_the_voting_hours_keeps_its_share_of_voters_at_home_there_only() -> None:
    zone, loss = shipped().villages.rayon[shipped().stations.village], shipped().settings.voters.turnout_loss_heavy_rain
    assert loss is not None and 0 < loss.mode < 1
    start, end = shipped().horizon_min
    for hour, counts in [(6, False), (7, True), (12, True), (13, False)]:  # voting is 07:00 to 13:00
        rain = np.zeros((int(end - start) // 60, 5))
        rain[hour - int(start) // 60, 2] = HEAVY
        expected = np.where((zone == 2) & counts, 1 - loss.mode, 1.0)
        assert np.array_equal(turnout_factor(shipped(), rain), expected), hour
        assert (turnout_factor(shipped(), 0.999 * rain) == 1).all()
    settings = shipped().settings
    silent = settings.model_copy(
        update={"voters": settings.voters.model_copy(update={"turnout_loss_heavy_rain": None})}
    )
    assert (turnout_factor(replace(shipped(), settings=silent), np.full((41, 5), HEAVY)) == 1).all()
    worse = shipped().with_values({"voters.turnout_loss_heavy_rain": 0.10})
    assert np.isclose(turnout_factor(worse, np.full((41, 5), HEAVY)), 0.90).all()


@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_rain_never_makes_anybody_faster(day_type: str) -> None:
    for rain in rains(day_type)[:80]:
        factor, dry = slowdown(shipped(), rain), slowdown(shipped(), rain * 0)
        assert (factor >= dry).all() and (dry >= 1).all()
        assert np.array_equal(factor > dry, rain > 0)
        heavy = rain >= HEAVY
        assert np.allclose(factor[heavy] / dry[heavy], 1 / (1 - WEATHER.speed_loss_heavy.mode))


def test_rain_of_two_areas_under_one_seed_has_the_shape_of_each() -> None:
    assert draw_rain(tiny(), "heavy_rain", 1, 0).shape == (47, 2)
    hours = {"ends": "H 20:30", "followed_until": None}
    short = tiny().settings.model_copy(update={"clock": tiny().settings.clock.model_copy(update=hours)})
    assert draw_rain(replace(tiny(), settings=short), "heavy_rain", 1, 0).shape == (39, 2)
