"""Laws of the roads a day closes, and of hamlets that are hard to reach."""

from dataclasses import replace
from functools import cache

import numpy as np
from scipy import stats

from simsec.day import sample_day
from simsec.day.access import ONE_ROAD, RIVER, access_at, draw_access, extra_minutes, hamlets
from simsec.day.closures import draw_closures
from simsec.day.clusters import hits_of, strikes_of
from simsec.day.day import LANDSLIDE, Closures, Day, no_closures
from simsec.day.tables import sampling_tables
from simsec.day.weather import draw_rain
from simsec.scenario import Scenario
from tests.areas import shipped, tiny
from tests.scenario.shipped import shipped_area

DAYS = 60


@cache
def days(scenario: Scenario) -> tuple[Day, ...]:
    return tuple(sample_day(scenario, 7, number, "heavy_rain") for number in range(DAYS))


def closures(scenario: Scenario) -> list[set[tuple[int, float, int, float]]]:
    drawn = (zip(*(column.tolist() for column in day.closures), strict=True) for day in days(scenario))
    return [{(number, *row) for row in rows} for number, rows in enumerate(drawn)]


def test_roads_close_only_where_the_ground_is_and_only_after_heavy_rain() -> None:
    villages, seen = shipped().villages, [0, 0]
    for day in days(shipped()):
        for minute, village, depth_mm in zip(*(column.tolist() for column in day.closures), strict=True):
            slid = depth_mm == LANDSLIDE
            assert (villages.steep_ground if slid else villages.low_ground)[village] == 1
            before = day.rain_mm[: int((minute - shipped().horizon_min[0]) // 60) + 1, villages.rayon[village]]
            assert before.max() >= shipped().settings.weather.heavy_from_mm_per_h.mode or not day.rain_mm.any()
            seen[slid] += 1
    assert min(seen) > 5
    assert not any(len(sample_day(shipped(), 7, number).closures.minute) for number in range(20))


def test_every_flood_closes_and_a_share_of_landslides_does() -> None:
    always = shipped().with_values({"travel.landslide_closes_share": 1.0})
    never = shipped().with_values({"travel.landslide_closes_share": 0.0})
    for few, some, all_ in zip(closures(never), closures(shipped()), closures(always), strict=True):
        assert few <= some <= all_
        assert all(row[3] != LANDSLIDE for row in few)
    count = [sum(row[3] == LANDSLIDE for rows in closures(s) for row in rows) for s in (shipped(), always)]
    assert 0.2 < count[0] / count[1] < 0.6


def test_water_that_reaches_a_part_of_a_village_takes_its_roads_as_often_as_that_part() -> None:
    area = shipped_area("kota-semarang")
    tables, number = sampling_tables(area), list(area.settings.incidents).index("flood")
    sizes, closed, strikes, reached = np.bincount(area.stations.village), 0, 0, 0.0
    for day in range(150):
        found = strikes_of(area, tables, "heavy_rain", 7, day, draw_rain(area, "heavy_rain", 7, day))
        village, onset, draws = found[number]
        under = draw_closures(area, {number: found[number]})
        assert set(zip(under.minute, under.village, strict=True)) <= set(zip(onset, village, strict=True))
        closed, strikes = closed + len(under.minute), strikes + len(village)
        hits = hits_of(area.settings.incidents["flood"], draws.of("cluster/size"), sizes[village])
        reached += float((hits / sizes[village]).sum())
    low, high = stats.binom.interval(0.999, strikes, reached / strikes)
    assert low <= closed <= high and reached / strikes < 0.3


def test_a_raised_rate_adds_closures_and_moves_none() -> None:
    more = shipped().with_values({"incidents.landslide.rate_on.heavy_rain": 0.001})
    assert all(few <= many for few, many in zip(closures(shipped()), closures(more), strict=True))
    assert sum(map(len, closures(more))) > sum(map(len, closures(shipped())))


def test_without_its_figures_a_scenario_closes_no_road() -> None:
    settings = shipped().settings
    bare = settings.model_copy(
        update={
            "travel": settings.travel.model_copy(update={"landslide_closes_share": None}),
            "weather": settings.weather.model_copy(update={"flood_depth_mm": None}),
            "access": None,
        }
    )
    old = replace(shipped(), settings=bare)
    for number in range(5):
        day = sample_day(old, 7, number, "heavy_rain")
        assert len(day.closures.minute) == 0 and day.access is None and not day.incidents.access_min.any()
        assert day.incidents.onset_min.tolist() == days(shipped())[number].incidents.onset_min.tolist()


def test_an_area_of_roads_has_no_hamlet() -> None:
    assert len(hamlets(tiny())[0]) == 0
    assert draw_access(tiny(), 1, 0, np.zeros((19, 2)), no_closures()) is None


def test_a_river_closes_after_rain_in_its_zone_and_opens_again() -> None:
    village, way, _ = hamlets(shipped())
    zone = shipped().villages.rayon[village]
    rain = np.zeros((19, len(shipped().villages.rayon_names)))
    rain[4, zone[way == RIVER][0]] = 12.0
    access = draw_access(shipped(), 1, 0, rain, no_closures())
    assert access is not None
    river = access.minutes[:, way == RIVER][:, 0]
    assert np.flatnonzero(river).tolist() == list(range(4, 10)) and 30 <= river.max() <= 90
    assert not access.minutes[:, way != RIVER].any() and not access.carry.any()
    starts = shipped().horizon_min[0]
    assert access_at(access, starts + 60, starts) is None
    at_noon = access_at(access, starts + 5 * 60, starts)
    assert at_noon is not None and np.count_nonzero(at_noon) == 2
    dry = draw_access(shipped(), 1, 0, rain * 0, no_closures())
    assert dry is not None and not dry.minutes.any()


def test_goods_are_carried_once_the_one_road_is_cut() -> None:
    village, way, of_station = hamlets(shipped())
    duren = village[way == ONE_ROAD]
    slid = Closures(np.array([500.0]), duren, np.array([LANDSLIDE]))
    access = draw_access(shipped(), 1, 0, np.zeros((41, 5)), slid)
    assert access is not None
    station = np.flatnonzero(of_station == np.flatnonzero(way == ONE_ROAD)[0])[[0, 0, 0, 0]]
    kinds = list(shipped().settings.incidents)
    kind = np.array([kinds.index(k) for k in ("logistics_short", "logistics_short", "queue_dispute", "late_open")])
    found = extra_minutes(shipped(), access, kind, station, np.array([400.0, 600.0, 600.0, np.nan]))
    assert found[0] == found[2] == found[3] == 0.0 and 20 <= found[1] <= 90


def test_only_incidents_at_hamlets_pay_and_by_the_hour_of_their_onset() -> None:
    kinds, hit = list(shipped().settings.incidents), 0
    busy = shipped().with_values({"incidents.logistics_short.rate_per_station": 0.06})
    for number in range(DAYS):
        day = sample_day(busy, 7, number, "heavy_rain")
        assert day.access is not None
        place = day.access.hamlet[day.incidents.station]
        assert not day.incidents.access_min[place < 0].any()
        for row in np.flatnonzero(place >= 0).tolist():
            hour = int((day.incidents.onset_min[row] - busy.horizon_min[0]) // 60)
            goods = busy.settings.incidents[kinds[int(day.incidents.kind[row])]].responder == "logistics"
            paid = day.access.minutes[hour, place[row]] + goods * day.access.carry[hour, place[row]]
            assert day.incidents.access_min[row] == paid
            hit += paid > 0
    assert hit > 0
