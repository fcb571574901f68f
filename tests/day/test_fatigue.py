"""Laws of crews that tire: how many fall ill, when, and what longer duty adds."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simsec.day import sample_day
from simsec.day.fatigue import fallen_ill, hazard_of
from simsec.day.longer_duty import LONGEST_DELAY_MIN
from simsec.day.tables import sampling_tables
from simsec.day.trips import departures
from simsec.scenario import Scenario, read_scenario
from tests.areas import shipped, tiny
from tests.scenario.shipped import SCENARIOS

EVERY = np.arange(len(shipped().stations))
RATE = "incidents.medical_crew.rate_per_station"


@cache
def sickly(rate: float = 0.03, **more: float) -> Scenario:
    return shipped().with_values({RATE: rate, **{name.replace("__", "."): value for name, value in more.items()}})


def ill(scenario: Scenario, replication: int, until: np.ndarray) -> set[tuple[int, float]]:
    place, onset, _ = fallen_ill(scenario, "ordinary", 1, replication, EVERY, until)
    return set(zip(place.tolist(), onset.tolist(), strict=True))


def test_expected_illnesses_are_the_rate_times_the_stations() -> None:
    scenario, count = sickly(0.03), 2000
    kind, found = sampling_tables(scenario).kind("medical_crew"), 0
    for replication in range(count // 100):
        found += int((sample_day(scenario, 1, replication).reports.kind == kind).sum())
    low, high = stats.poisson.interval(0.999, count // 100 * 0.03 * len(EVERY))
    assert low <= found <= high


def test_the_mean_duty_adds_up_to_one() -> None:
    hazard = hazard_of(shipped())
    ends = np.concatenate([sample_day(shipped(), 1, n).stages.crew_leaves_min for n in range(20)])
    assert hazard.adds_up(departures(shipped(), 1)).mean() == pytest.approx(1.0)
    assert hazard.adds_up(ends).mean() == pytest.approx(1.0, abs=0.01)


@given(st.floats(0, 1020), st.floats(0.1, 600))
def test_the_hazard_doubles_in_its_hours_and_its_inverse_finds_the_minute(since: float, lasts: float) -> None:
    hazard = hazard_of(shipped())
    start = np.array([hazard.since_min + since])
    later = hazard.adds_up(start + lasts) - hazard.adds_up(start)
    after = start + hazard.doubling_min
    assert hazard.adds_up(after + lasts) - hazard.adds_up(after) == pytest.approx(2 * later, rel=1e-6)
    assert hazard.minute(hazard.adds_up(start)) == pytest.approx(start, abs=1e-6)
    assert hazard.adds_up(np.array([hazard.since_min - 5.0])) == 0


def test_longer_duty_adds_illnesses_at_its_end_and_moves_none() -> None:
    added = 0
    for replication in range(30):
        short = ill(sickly(), replication, np.full(len(EVERY), 1100.0))
        long = ill(sickly(), replication, np.full(len(EVERY), 1250.0))
        assert short < long and all(onset > 1100 for _, onset in long - short)
        added += len(long - short)
    hazard = hazard_of(sickly())
    extra = float(np.diff(hazard.adds_up(np.array([1100.0, 1250.0])))[0])
    low, high = stats.poisson.interval(0.999, 30 * 0.03 * len(EVERY) * extra)
    assert low <= added <= high


def test_a_higher_rate_adds_illnesses_and_moves_none() -> None:
    for replication in range(10):
        until = np.full(len(EVERY), 1200.0)
        assert ill(sickly(0.01), replication, until) < ill(sickly(0.03), replication, until)


def test_the_illnesses_of_a_station_do_not_depend_on_which_others_are_asked() -> None:
    until = np.full(len(EVERY), 1200.0)
    some = EVERY[::7]
    place, onset, _ = fallen_ill(sickly(), "ordinary", 1, 0, some, until[some])
    assert {(int(some[n]), t) for n, t in zip(place.tolist(), onset.tolist(), strict=True)} == {
        row for row in ill(sickly(), 0, until) if row[0] % 7 == 0
    }


def test_nobody_falls_ill_of_duty_before_it_begins_or_after_the_boxes_are_packed() -> None:
    kind = sampling_tables(sickly()).kind("medical_crew")
    for replication in range(5):
        day = sample_day(sickly(), 2, replication)
        rows = day.reports.kind == kind
        assert (day.reports.onset_min[rows] >= 360).all()
        assert (day.reports.onset_min[rows] <= day.stages.crew_leaves_min[day.reports.station[rows]]).all()


@pytest.mark.parametrize(
    ("area", "written"),
    [
        ("kabupaten-jepara", (0.03, 0.06, 0.14, 0.21, 0.30, 0.26, 0.01)),
        ("kabupaten-semarang", (0.06, 0.13, 0.28, 0.41, 0.12, 0.00, 0.00)),
    ],
)
def test_the_hours_of_illness_are_those_that_the_module_tells(area: str, written: tuple[float, ...]) -> None:
    scenario = read_scenario(SCENARIOS / area)
    hazard, ends = hazard_of(scenario), departures(scenario, 1)
    edges = np.array([240.0, 420.0, 540.0, 780.0, 1080.0, 1440.0, 1800.0, 2160.0])
    upto = np.array([hazard.adds_up(np.minimum(ends, edge)).mean() for edge in edges])
    shares = np.diff(upto)
    assert shares.round(2).tolist() == pytest.approx(written, abs=0.011)


def closing_days(rate: float = 0.03) -> list[tuple[object, int]]:
    """Days with dormant illnesses below what closes a station, and the number of them."""
    scenario = sickly(rate, incidents__late_open__dispatch_share=1.0, incidents__medical_crew__dispatch_share=1.0)
    days = [sample_day(scenario, 4, replication) for replication in range(60)]
    return [(day, int((day.incidents.parent >= 0).sum())) for day in days]


def test_illnesses_of_longer_hours_lie_dormant_below_what_closes_their_station() -> None:
    kinds, found = list(shipped().settings.incidents), 0
    for day, many in closing_days():
        table = day.incidents
        n = table.primaries
        assert (table.parent[:n] < 0).all() and (table.parent[n:] >= 0).all()
        assert (np.diff(table.onset_min[:n]) >= 0).all()
        found += many
        for child in range(n, len(table)):
            parent = int(table.parent[child])
            assert table.child_first[parent] <= child < table.child_end[parent]
            assert kinds[table.kind[child]] == "medical_crew" and kinds[table.kind[parent]] == "late_open"
            assert table.station[child] == table.station[parent] and np.isnan(table.onset_min[child])
            at = table.onset_min[parent] + table.spread_delay_min[child]
            beyond = at - day.stages.crew_leaves_min[table.station[child]]
            assert 0 < beyond <= LONGEST_DELAY_MIN
            closed = max(table.onset_min[parent], 420.0) + beyond  # open by then: no delay as long as that
            assert table.onset_min[parent] + table.contain_within_min[child] == pytest.approx(closed)
            assert table.hits[child] == 0 and table.village[child] == child
        for row in range(n):
            mine = np.flatnonzero(table.parent == row)
            assert list(range(table.child_first[row], table.child_end[row])) == mine.tolist()
    assert found > 3


def test_a_severe_day_keeps_the_children_of_its_crowd_apart() -> None:
    scenario = sickly(0.03, incidents__late_open__dispatch_share=1.0, incidents__medical_crew__dispatch_share=1.0)
    seen = 0
    for replication in range(60):
        table = sample_day(scenario, 4, replication, "severe").incidents
        for row in range(len(table)):
            children = list(range(table.child_first[row], table.child_end[row]))
            assert children == np.flatnonzero(table.parent == row).tolist()
            assert len({int(table.kind[child]) for child in children}) <= 1
            seen += bool(children) and table.kind[children[0]] != table.kind[row]
    assert seen > 3


def test_the_tiny_area_has_stages_too() -> None:
    assert sample_day(tiny(), 1, 0).stages is not None
