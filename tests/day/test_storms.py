"""Laws of storms that move: when each zone has its rain, and how much of it."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simsec.day.storms import STORMS, Storms, draw_storms, lags_min, zone_places
from simsec.day.weather import draw_rain
from simsec.geography.distance import great_circle_km
from simsec.scenario import Scenario
from simsec.scenario.schema import Window
from tests.areas import shipped, tiny

WEATHER = shipped().settings.weather
START_MIN, ZONES = shipped().horizon_min[0], len(shipped().villages.rayon_names)
LEVEL = 0.999


def with_weather(scenario: Scenario, **changes: object) -> Scenario:
    weather = scenario.settings.weather.model_copy(update=changes)
    return replace(scenario, settings=scenario.settings.model_copy(update={"weather": weather}))


@cache
def ordinary(count: int = 500) -> tuple[Storms, ...]:
    wet = shipped().with_values({"weather.wet_day": 1.0})
    drawn = [draw_storms(wet, False, 1, replication) for replication in range(count)]
    return tuple(storms for storms in drawn if storms is not None)


def touched(storms: Storms) -> np.ndarray:
    return np.isfinite(storms.start_min)


@given(
    st.lists(st.tuples(st.floats(-40, 40), st.floats(-40, 40)), min_size=2, max_size=6),
    st.floats(0, 6.28),
    st.floats(1, 60),
)
def test_zones_are_reached_in_order_of_their_place_and_the_lag_is_the_way_over_the_speed(
    places: list[tuple[float, float]], heading: float, speed: float
) -> None:
    everywhere = np.ones((1, len(places)), dtype=bool)
    lag = lags_min(np.array(places), everywhere, np.array([heading]), np.array([speed]))[0]
    ahead = [east * np.cos(heading) + north * np.sin(heading) for east, north in places]
    assert lag.min() == 0 and lag[int(np.argmin(ahead))] == 0
    for one in range(len(places)):
        for other in range(len(places)):
            assert lag[one] - lag[other] == pytest.approx((ahead[one] - ahead[other]) / speed * 60, abs=1e-9)


def test_places_of_zones_are_as_far_apart_as_the_mean_points_of_their_villages() -> None:
    villages, places = shipped().villages, zone_places(shipped())
    lat, lon = ([of[villages.rayon == zone].mean() for zone in range(ZONES)] for of in (villages.lat, villages.lon))
    for one in range(ZONES):
        for other in range(one):
            way = great_circle_km(lat[one], lon[one], lat[other], lon[other])
            assert np.hypot(*(places[one] - places[other])) == pytest.approx(float(way), rel=0.01)


def test_the_first_zone_has_its_rain_in_the_windows_and_the_others_within_the_way_across() -> None:
    places = zone_places(shipped())
    across_km = max(np.hypot(*(a - b)) for a in places for b in places)
    assert WEATHER.storm_speed_kmh is not None
    longest = 60 * across_km / WEATHER.storm_speed_kmh.low
    late = []
    for storms in ordinary():
        first = storms.start_min.min(axis=1)
        assert ((first >= START_MIN) & (first < shipped().horizon_min[1])).all()
        lag = storms.start_min - first[:, None]
        late += lag[touched(storms) & (lag > 0)].tolist()
    assert min(late) > 0 and 0.5 * longest < max(late) <= longest


def test_a_storm_touches_each_zone_with_its_share_and_one_in_any_case() -> None:
    share = WEATHER.storm_zones_share.mode
    hits = np.concatenate([touched(storms) for storms in ordinary()])
    assert hits.any(axis=1).all()
    often = share + (1 - share) ** ZONES / ZONES
    for zone in range(ZONES):
        low, high = stats.binom.interval(LEVEL, len(hits), often)
        assert low <= hits[:, zone].sum() <= high
    firsts = np.concatenate([storms.start_min.argmin(axis=1) for storms in ordinary()])
    assert np.bincount(firsts, minlength=ZONES).min() > 0.05 * len(firsts)  # storms come from every side


def test_the_hours_of_a_storm_add_up_to_its_rain() -> None:
    for storms in ordinary()[:100]:
        hours = storms.hourly(START_MIN, 48)  # long enough to see it end
        total = (storms.mm_per_h * storms.lasts_min / 60)[:, None] * touched(storms)
        assert np.allclose(hours.sum(axis=1), total)
        assert (hours <= storms.mm_per_h[:, None, None] * (1 + 1e-12)).all()


def test_rain_of_an_hour_is_its_share_under_the_storm() -> None:
    storm = Storms(np.array([[70.0, np.inf], [200.0, 110.0]]), np.array([95.0, 10.0]), np.array([6.0, 12.0]))
    hours = storm.hourly(60.0, 3)
    assert np.allclose(hours[0, :, 0], [5.0, 4.5, 0.0]) and not hours[0, :, 1].any()
    assert np.allclose(hours[1], [[0, 2], [0, 0], [2, 0]])


def test_where_two_storms_meet_the_one_that_brings_more_counts() -> None:
    for replication in range(60):
        storms = draw_storms(shipped(), True, 1, replication)
        assert storms is not None
        rain = draw_rain(shipped(), "heavy_rain", 1, replication)
        each = storms.hourly(START_MIN, len(rain))
        assert (rain >= each).all() and (rain[..., None] == np.moveaxis(each, 0, -1)).any(axis=-1).all()


def test_more_storms_a_day_move_none_of_those_there_were() -> None:
    more, grew = shipped().with_values({"weather.storms_per_wet_day": 4.0, "weather.wet_day": 1.0}), 0
    for replication, before in enumerate(ordinary()[:80]):
        after = draw_storms(more, False, 1, replication)
        assert after is not None and len(before.lasts_min) <= len(after.lasts_min) <= STORMS
        for name in ("start_min", "lasts_min", "mm_per_h"):
            assert np.array_equal(getattr(after, name)[: len(before.lasts_min)], getattr(before, name))
        grew += len(after.lasts_min) > len(before.lasts_min)
    assert grew > 40


def test_a_faster_storm_begins_at_the_same_minute_and_comes_everywhere_sooner() -> None:
    faster = shipped().with_values({"weather.storm_speed_kmh": 40.0, "weather.wet_day": 1.0})
    at_once = with_weather(faster, storm_speed_kmh=None)
    for replication, slow in enumerate(ordinary()[:80]):
        fast, still = (draw_storms(area, False, 1, replication) for area in (faster, at_once))
        assert fast is not None and still is not None
        assert np.array_equal(touched(fast), touched(slow)) and np.array_equal(touched(still), touched(slow))
        assert np.allclose(fast.start_min.min(axis=1), slow.start_min.min(axis=1))
        assert (fast.start_min[touched(slow)] <= slow.start_min[touched(slow)]).all()
        assert (still.start_min == np.where(touched(slow), slow.start_min.min(axis=1, keepdims=True), np.inf)).all()


def test_moderate_storms_have_their_share_and_more_of_them_change_no_other() -> None:
    assert WEATHER.moderate_storm_share is not None and WEATHER.moderate_rain_mm_per_h is not None
    strength = np.concatenate([storms.mm_per_h for storms in ordinary()])
    moderate = strength > WEATHER.light_rain_mm_per_h.high
    low, high = stats.binom.interval(LEVEL, len(strength), WEATHER.moderate_storm_share.mode)
    assert low <= moderate.sum() <= high
    for figure, drawn in ((WEATHER.moderate_rain_mm_per_h, moderate), (WEATHER.light_rain_mm_per_h, ~moderate)):
        width = figure.high - figure.low
        whole = stats.triang((figure.mode - figure.low) / width, figure.low, width)
        assert stats.kstest(strength[drawn], whole.cdf).pvalue > 1e-3
    often = shipped().with_values({"weather.moderate_storm_share": 0.4, "weather.wet_day": 1.0})
    more = [draw_storms(often, False, 1, replication) for replication in range(len(ordinary()))]
    again = np.concatenate([storms.mm_per_h for storms in more if storms is not None])
    assert (again[moderate] == strength[moderate]).all() and (again >= strength).all() and (again > strength).any()


@pytest.mark.parametrize("hours", [0.6, 1.0, 3.0])
def test_the_first_storm_of_heavy_rain_has_a_heavy_hour_however_short_and_late_it_is(hours: float) -> None:
    last = (Window(start="H 22:00", end="H 23:00", share=1.0),)
    short = WEATHER.storm_hours.model_copy(update={"low": hours, "mode": hours, "high": hours})
    for area in (shipped(), tiny()):
        late = with_weather(area, heavy_windows=last, storm_hours=short)
        for replication in range(40):
            assert draw_rain(late, "heavy_rain", 1, replication).max() >= WEATHER.heavy_from_mm_per_h.mode
            storms = draw_storms(late, True, 1, replication)
            assert storms is not None  # it lies inside the clock and need not pour: half of it falls in one hour
            half_hours = min(hours, 1.0) / 2
            most = max(WEATHER.heavy_rain_mm_per_h.high, WEATHER.heavy_from_mm_per_h.mode / half_hours)
            assert storms.mm_per_h[0] <= most * (1 + 1e-9)
