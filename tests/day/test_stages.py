"""Laws of the stages of a station and of the trips of its boxes."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from simsec.base.clock import parse_stamp
from simsec.base.errors import InputError
from simsec.day import Day, sample_day
from simsec.day.power import counting_factor
from simsec.day.stages import DayStages, stages
from simsec.day.tables import sampling_tables
from simsec.day.trips import BACK, OUT, draw_trips, expected_accidents, in_the_dark, routes_of
from simsec.geography.ground import ground_of
from simsec.scenario import Scenario
from tests.areas import shipped, tiny, tiny_and_one

DAYS = 200
STAGES = shipped().settings.stages
RATE = "stages.accident_per_10000_trips"


def dry(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """No rain, and nobody slower at night."""
    start, end = scenario.horizon_min
    none = np.zeros((int(end - start) // 60, len(scenario.villages.rayon_names)))
    return none, none + 1.0


@cache
def drawn(scenario: Scenario, count: int = DAYS) -> tuple[DayStages, ...]:
    return tuple(stages(scenario, 1, replication, *dry(scenario)) for replication in range(count))


@cache
def dangerous(rate: float) -> Scenario:
    """Kabupaten Semarang with so many accidents in 10,000 trips."""
    return shipped().with_values({RATE: rate})


def accidents_of(scenario: Scenario, day: Day) -> dict[int, float]:
    """Trip -> minute of its accident."""
    assert day.stages is not None
    minutes = day.stages.trips.accident_min
    return {trip: float(minutes[trip]) for trip in np.flatnonzero(np.isfinite(minutes)).tolist()}


def test_a_station_goes_through_its_stages_in_order() -> None:
    for day in drawn(shipped())[:50]:
        first = np.full(len(shipped().stations), parse_stamp("H-1 07:00"))
        voted = np.full_like(first, parse_stamp("H 13:00"))
        order = [first, day.delivery_min, voted, day.counting_ends_min, day.crew_leaves_min]
        assert (np.diff(np.array(order), axis=0) > 0).all()
        assert (day.crew_leaves_min <= day.boxes_leave_min + 1e-9).all()
        assert (day.boxes_leave_min < day.boxes_back_min).all()
        assert day.delivery_min.max() < 0  # the boxes are there on the day before


def test_the_end_of_counting_is_drawn_station_by_station_from_its_own_figure() -> None:
    figure = STAGES.counting_ends
    assert (figure.low, figure.mode, figure.high) == (960.0, 1050.0, 1140.0)
    found = np.concatenate(
        [  # where there is electricity
            day.counting_ends_min[counting_factor(shipped(), 1, replication) == 1]
            for replication, day in enumerate(drawn(shipped())[:20])
        ]
    )
    width = figure.high - figure.low
    law = stats.triang((figure.mode - figure.low) / width, figure.low, width)
    assert stats.kstest(found, law.cdf).pvalue > 1e-3


def test_boxes_of_a_load_travel_together_inside_one_village_and_wait_for_the_last() -> None:
    routes = routes_of(shipped())
    assert routes.size.max() == round(STAGES.stations_per_truck.mode) and routes.size.min() >= 1
    assert np.array_equal(shipped().stations.village, routes.village[routes.load_of_station])
    for day in drawn(shipped())[:5]:
        for load in range(0, len(routes.village), 17):
            own = routes.load_of_station == load
            assert len(set(day.boxes_leave_min[own])) == len(set(day.boxes_back_min[own])) == 1
            wait = day.boxes_leave_min[own][0] - day.counting_ends_min[own].max()
            assert STAGES.packing_min.low <= wait <= STAGES.packing_min.high


def test_trucks_come_from_the_store_of_their_own_sub_district() -> None:
    routes, posts = routes_of(shipped()), shipped().posts
    post = routes.store - len(shipped().villages)
    assert {posts.type[number] for number in post.tolist()} == {"ppk"}
    assert np.array_equal(posts.subdistrict[post], shipped().villages.subdistrict[routes.village])
    straight = ground_of(shipped()).travel.minutes[2][routes.store, routes.village]
    assert (routes.minutes > straight * shipped().settings.travel.friction.mode).all()


def test_rain_and_night_make_a_trip_longer_and_never_more_harmless() -> None:
    rain, slow = dry(shipped())
    counted = np.full(len(shipped().stations), 1050.0)
    calm = draw_trips(shipped(), 1, 0, rain, slow, counted)
    wet = draw_trips(shipped(), 1, 0, rain + 5, slow * 1.2, counted)
    assert np.array_equal(wet.departs_min, calm.departs_min)
    assert np.allclose(wet.drive_min, 1.2 * calm.drive_min)
    assert np.allclose(wet.exposure, STAGES.accident_rain_factor.mode * calm.exposure)
    half = rain.copy()
    half[:, 0] = 5.0
    between = draw_trips(shipped(), 1, 0, half, slow, counted).exposure
    assert (calm.exposure <= between).all() and (between <= wet.exposure + 1e-15).all()
    assert (between > calm.exposure).any() and (between < wet.exposure).any()
    night = draw_trips(shipped(), 1, 0, rain, slow, counted + 300)
    both = (calm.direction == BACK) & ~in_the_dark(shipped(), calm.departs_min)
    assert np.allclose(night.exposure[both], STAGES.accident_night_factor.mode * calm.exposure[both])
    longer = np.argsort(calm.drive_min[calm.direction == OUT])
    assert (np.diff(calm.exposure[calm.direction == OUT][longer]) >= -1e-15).all()


def test_a_higher_rate_adds_accidents_and_brings_the_others_forward_along_the_same_way() -> None:
    added = 0
    for replication in range(12):
        few, many = (sample_day(dangerous(rate), 3, replication) for rate in (20.0, 100.0))
        before, after = accidents_of(shipped(), few), accidents_of(shipped(), many)
        assert before.keys() <= after.keys()
        assert all(after[trip] < minute for trip, minute in before.items())
        added += len(after) - len(before)
        one, other = few.stages, many.stages
        assert one is not None and other is not None
        for name in ("delivery_min", "counting_ends_min", "boxes_leave_min", "boxes_back_min"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
        kind = sampling_tables(shipped()).kind(STAGES.escort_kind)
        rest = [(day.reports.kind != kind) for day in (few, many)]
        for name in ("kind", "station", "onset_min", "dispatched"):
            first, second = (getattr(day.reports, name)[keep] for day, keep in zip((few, many), rest, strict=True))
            assert np.array_equal(first, second)
    assert added > 20


def test_accidents_happen_on_the_way_at_a_station_of_a_village_of_that_way() -> None:
    routes, seen = routes_of(shipped()), set()
    for replication in range(10):
        trips = sample_day(dangerous(300.0), 5, replication).stages.trips
        for trip in np.flatnonzero(trips.station >= 0).tolist():
            met, load = trips.accident_min[trip], trips.load[trip]
            assert trips.departs_min[trip] < met < trips.arrives_min[trip]
            village = int(shipped().stations.village[trips.station[trip]])
            node, way = int(routes.village[load]), set()
            while node != routes.store[load]:
                way.add(node)
                node = int(ground_of(shipped()).travel.previous[2][routes.store[load]][node])
            assert village in way
            seen.add((int(trips.direction[trip]), village == routes.village[load]))
    assert seen == {(OUT, True), (OUT, False), (BACK, True), (BACK, False)}


@pytest.mark.parametrize("rate", [2.0, 400.0])
def test_the_expected_number_of_accidents_is_that_of_dry_days(rate: float) -> None:
    scenario = dangerous(rate)
    rain, slow = dry(scenario)
    night = np.array([in_the_dark(scenario, scenario.horizon_min[0] + 60 * np.arange(len(slow)) + 30.0)])
    slow = slow / np.where(night.T, scenario.settings.travel.night_factor.mode, 1.0)
    total = 0.0
    for replication in range(60):
        trips = stages(scenario, 7, replication, rain, slow).trips
        inside = np.clip((scenario.horizon_min[1] - trips.departs_min) / trips.drive_min, 0, 1)
        total += float(-np.expm1(-trips.exposure * inside).sum())
    assert total / 60 == pytest.approx(expected_accidents(scenario), rel=5e-3)
    tables = sampling_tables(scenario)
    rates = tables.rate[:, tables.kind(STAGES.escort_kind)] * len(scenario.stations)
    assert np.allclose(rates, expected_accidents(scenario))


def test_sampled_accidents_are_as_many_as_the_exposure_says() -> None:
    scenario, found = dangerous(400.0), 0
    expected = 0.0
    kind = sampling_tables(scenario).kind(STAGES.escort_kind)
    for replication in range(40):
        day = sample_day(scenario, 11, replication)
        found += int((day.reports.kind == kind).sum())
        expected += float(-np.expm1(-day.stages.trips.exposure).sum())
    low, high = stats.poisson.interval(0.999, expected)
    assert low <= found <= high


def test_a_new_station_moves_no_trip_of_another_village() -> None:
    for replication in range(5):
        before, after = (stages(area, 1, replication, *dry(area)) for area in (tiny(), tiny_and_one()))
        new = [number for number, code in enumerate(tiny_and_one().stations.code) if code.endswith("b")]
        keep = np.delete(np.arange(len(tiny_and_one().stations)), new)
        assert np.array_equal(before.counting_ends_min, after.counting_ends_min[keep])
        others = tiny().stations.village != tiny_and_one().stations.village[new[0]]
        assert np.allclose(before.delivery_min[others], after.delivery_min[keep][others])


def test_without_the_table_there_are_no_trips_and_crews_keep_to_their_windows() -> None:
    bare = replace(shipped(), settings=shipped().settings.model_copy(update={"stages": None}))
    kind = sampling_tables(bare).kind("medical_crew")
    often = bare.with_values({"incidents.medical_crew.rate_per_station": 0.02})
    days = [sample_day(often, 1, replication) for replication in range(20)]
    assert all(day.stages is None for day in days)
    onset = np.concatenate([day.reports.onset_min[day.reports.kind == kind] for day in days])
    assert (onset < 420).any()  # a window from H 04:00, before anybody is on duty
    assert all((day.incidents.parent < 0).all() for day in days)


def test_only_elections_have_stages() -> None:
    with pytest.raises(InputError, match="no such parameter"):
        replace(shipped(), settings=shipped().settings.model_copy(update={"stages": None})).with_values({RATE: 1.0})
