"""Laws of the rows that come out: times or nan, never a placeholder, and every minute of every unit."""

from dataclasses import fields, replace

import numpy as np
import pytest

from simsec.day import sample_day
from simsec.scenario.schema import CAPABILITIES, DAY_TYPES
from simsec.simulation import simulate
from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.model import NEVER
from simsec.simulation.outcome import covered_min, outcome_of, struck
from tests.areas import announced, shipped
from tests.simulation.floor import CROWD, PAIR, SQUAD, Call, Post, Unit, day_of, floor

CLOCK = ("onset", "reported", "dispatched", "first", "full", "care", "cleared")


def rows_of(*calls: Call, until: float = 200.0):
    world = floor([Post(1), Post(2, block=1)], [Unit(PAIR, 1, block=0), Unit(SQUAD, 3, rayon=0)])
    day = day_of(*calls)
    return outcome_of(world, day, run_on_simpy(world, marks_of(day), until), until)


def test_what_never_happened_is_nan_and_what_never_woke_leaves_no_row() -> None:
    outcome = rows_of(
        Call(0, 100), Call(1, 150, kind=CROWD, level=1, hits=1), Call(0, 0, CROWD, 1, parent=1, spreads_after=90)
    )
    rows = outcome.incidents
    assert rows.incident.tolist() == [0, 1] and rows.primary.tolist() == [True, True]
    assert rows.first_min[0] == 100 and rows.response_min[0] == 0 and rows.cleared_min[0] == 130
    assert rows.first_min[1] == 150 + 5 + 2 + 10 and rows.response_min[1] == 17
    assert np.isnan(rows.full_min[1]) and np.isnan(rows.cleared_min[1])  # three squads were needed, there is one
    assert np.isnan(rows.care_min).all()
    assert rows.first_kind.tolist() == [PAIR, SQUAD]
    assert (outcome.stations_hit, outcome.limit_reached) == (1, 0)


def test_who_is_still_out_at_the_end_is_busy_until_then() -> None:
    units = rows_of(Call(0, 100), Call(1, 150, kind=CROWD, level=1)).units
    assert units.busy_min.tolist() == [30, 200 - 155]  # the squad stays for a second shift
    assert rows_of(Call(0, 190)).units.busy_min.tolist() == [10, 0]


def test_unanswered_incidents_stay_in_the_rows() -> None:
    outcome = rows_of(Call(1, 199.0), Call(1, 201.0))
    assert len(outcome.incidents) == 1  # what begins after the end is not of this day
    assert np.isnan(outcome.incidents.response_min[0]) and outcome.incidents.first_kind[0] == -1


@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_no_placeholder_leaves_the_simulation(day_type: str) -> None:
    outcome = simulate(shipped(), announced(), sample_day(shipped(), 1, 4, day_type))
    rows = outcome.incidents
    start, end = shipped().horizon_min
    for name in CLOCK:
        times = getattr(rows, f"{name}_min")
        assert (np.isnan(times) | ((times >= start) & (times < end))).all() and NEVER not in times
    assert {len(getattr(rows, field.name)) for field in fields(rows)} == {len(rows)}
    assert np.array_equal(np.isnan(rows.response_min), np.isnan(rows.first_min))
    assert (outcome.units.busy_min >= 0).all() and (outcome.units.busy_min <= end - start).all()
    assert outcome.units.missions.sum() == rows.units_sent.sum()
    assert (rows.last_level >= rows.first_level).all()
    assert outcome.stations_hit == rows.hits.sum()


def test_a_day_played_again_gives_the_same_bytes() -> None:
    day = sample_day(shipped(), 1, 4, "severe")
    first, second = (simulate(shipped(), announced(), day).incidents for _ in range(2))
    assert all(getattr(first, f.name).tobytes() == getattr(second, f.name).tobytes() for f in fields(first))


def test_minutes_closed_are_those_of_the_voting_hours_in_any_window() -> None:
    assert covered_min([], 420, 780) == 0
    assert covered_min([(400, 430), (425, 500), (450, 460)], 420, 780) == 80
    assert covered_min([(770, np.inf), (300, 419)], 420, 780) == 10


def test_a_row_a_disturbed_station() -> None:
    outcome = simulate(shipped(), announced(), sample_day(shipped(), 3, 1, "severe"))
    rows, stations = outcome.incidents, outcome.stations
    assert stations.station.tolist() == sorted(set(stations.station.tolist()))
    assert set(rows.station.tolist()) <= set(stations.station.tolist())
    assert stations.incidents.sum() == np.maximum(rows.hits, 1).sum()  # a crowd strikes several at once
    closes = np.array([kind.closes_station for kind in shipped().settings.incidents.values()])[rows.kind]
    shut = {n for s, h in zip(rows.station[closes], rows.hits[closes], strict=True) for n in struck(shipped(), s, h)}
    assert {s for s, m in zip(stations.station, stations.closed_min, strict=True) if m > 0} <= shut
    assert stations.closed_min.max() > 0 and stations.closed_min.max() <= 360
    assert struck(shipped(), 5, 3) == [5, 6, 7]


def test_a_unit_says_where_it_belongs() -> None:
    units = simulate(shipped(), announced(), sample_day(shipped(), 3, 1)).units
    kinds = [unit.kind for unit in shipped().settings.units]
    pairs, couriers = units.kind == 0, units.kind == kinds.index("courier")
    assert sorted(units.block[pairs].tolist()) == list(range(announced().blocks))
    assert (units.block[~pairs & ~couriers] == -1).all()
    assert (shipped().villages.subdistrict[units.home[pairs]] == units.subdistrict[pairs]).all()
    assert (units.block[couriers] >= 0).sum() == 1  # one sleeps at a hamlet
    assert rows_of(Call(0, 100)).units.home.tolist() == [1, 3] and len(rows_of(Call(0, 100)).stations.station) == 0


def test_without_kpu_a_late_station_opens_when_its_material_is_there_and_another_when_its_incident_is_cleared() -> None:
    area = replace(shipped(), settings=shipped().settings.model_copy(update={"kpu": None}), hash="without")
    kinds = list(area.settings.incidents.values())
    closes, slow = np.array([kind.closes_station for kind in kinds]), area.settings.incidents["late_open"]
    seen = 0
    for replication in range(6):
        rows = simulate(area, announced(), sample_day(area, 3, replication, "heavy_rain")).incidents
        shut = closes[rows.kind]
        late, courier = rows.kind == kinds.index(slow), CAPABILITIES.index("courier")
        assert np.array_equal(rows.reopened_min[shut & ~late], rows.cleared_min[shut & ~late], equal_nan=True)
        there = rows.came_min[late, courier] + slow.reopens_after_min.mode
        assert np.array_equal(rows.reopened_min[late], there, equal_nan=True) and len(there) > 0
        assert (rows.cleared_min[late] > rows.came_min[late, courier]).all()  # the courier stays longer
        assert np.isnan(rows.reopened_min[~shut]).all() and not rows.decision.any()
        assert np.isnan([rows.asked_min, rows.decided_min]).all()
        seen += int(np.isfinite(rows.reopened_min).sum())
    assert seen > 10
