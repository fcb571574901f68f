"""Laws of the way back of the boxes: planned arrivals, and what an accident adds."""

from dataclasses import replace

import numpy as np
import pytest

from simsec.day import sample_day
from simsec.day.trips import BACK, routes_of
from simsec.plan import doctrine
from simsec.scenario import read_scenario
from simsec.scenario.schema import CAPABILITIES
from simsec.simulation import simulate
from simsec.simulation.boxes import boxes_back_min
from tests.areas import announced, shipped
from tests.scenario.shipped import SCENARIOS

DANGEROUS = shipped().with_values({"stages.accident_per_10000_trips": 20.0})


def test_without_an_accident_boxes_are_back_as_planned() -> None:
    for replication in range(5):
        day = sample_day(shipped(), 1, replication)
        back = boxes_back_min(shipped(), day, simulate(shipped(), announced(), day))
        planned = np.full(len(back), np.nan)
        np.fmax.at(planned, shipped().stations.village, day.stages.boxes_back_min)
        met = (day.stages.trips.station >= 0) & (day.stages.trips.direction == BACK)
        late = np.isin(np.arange(len(back)), routes_of(shipped()).village[day.stages.trips.load[met]])
        assert np.array_equal(back[~late], planned[~late], equal_nan=True)


def test_an_accident_delays_its_boxes_by_the_minutes_it_lasted() -> None:
    area = read_scenario(SCENARIOS / "kabupaten-jepara").with_values({"stages.accident_per_10000_trips": 20.0})
    plan, seen, never = doctrine(area), 0, 0
    for replication in range(8):
        day = sample_day(area, 2, replication)
        rows = simulate(area, plan, day).incidents
        trips, expected = day.stages.trips, np.full(len(area.villages), np.nan)
        for trip in np.flatnonzero(trips.direction == BACK).tolist():
            arrives = trips.arrives_min[trip]
            if trips.station[trip] >= 0:
                row = np.flatnonzero(rows.onset_min == trips.accident_min[trip])
                over = rows.cleared_min[row[0]] if len(row) else np.nan
                arrives = np.inf if np.isnan(over) else arrives + over - trips.accident_min[trip]
                seen, never = seen + np.isfinite(arrives), never + np.isinf(arrives)
            village = routes_of(area).village[trips.load[trip]]
            expected[village] = np.fmax(expected[village], arrives)
        found = boxes_back_min(area, day, simulate(area, plan, day))
        assert np.allclose(found, expected, equal_nan=True)
    assert seen > 3 and never == 0  # the clock follows the last truck and its accident to their end


def test_accidents_of_the_deliveries_delay_nobody_in_the_night() -> None:
    day = sample_day(DANGEROUS, 2, 0)
    trips = day.stages.trips
    only_out = replace(trips, station=np.where(trips.direction == BACK, -1, trips.station))
    outcome = simulate(DANGEROUS, announced(), day)
    back = boxes_back_min(DANGEROUS, replace(day, stages=replace(day.stages, trips=only_out)), outcome)
    planned = np.full(len(back), np.nan)
    np.fmax.at(planned, DANGEROUS.stations.village, day.stages.boxes_back_min)
    assert np.array_equal(back, planned, equal_nan=True)


def test_a_day_without_stages_has_no_boxes() -> None:
    day = sample_day(shipped(), 1, 0)
    with pytest.raises(ValueError, match="no stages"):
        boxes_back_min(shipped(), replace(day, stages=None), simulate(shipped(), announced(), day))


def test_a_longer_closure_never_prevents_an_illness() -> None:
    often = {f"incidents.{kind}.dispatch_share": 1.0 for kind in ("late_open", "medical_crew")}
    often |= {"incidents.medical_crew.rate_per_station": 0.03}
    quick = shipped().with_values(often | {"incidents.late_open.reopens_after_min": 5.0})
    slow = shipped().with_values(often | {"incidents.late_open.reopens_after_min": 600.0})
    woken = [0, 0]
    for replication in range(60):
        found = []
        for place, (scenario, after) in enumerate(((quick, 5.0), (slow, 600.0))):
            day = sample_day(scenario, 4, replication)
            rows = simulate(scenario, announced(), day).incidents
            later = rows.incident[~rows.primary]
            found.append(set(later.tolist()))
            woken[place] += len(later)
            for child in later.tolist():
                parent = np.flatnonzero(rows.incident == day.incidents.parent[child])[0]
                closed = rows.came_min[parent, CAPABILITIES.index("courier")] + after  # its material, handed over
                until = rows.onset_min[parent] + day.incidents.contain_within_min[child]
                assert not closed <= until
        assert found[0] <= found[1]
    assert woken[1] > max(woken[0], 3)
