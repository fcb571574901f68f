"""Laws of the voters of a day: nobody vanishes, a closed station costs, and calm queues know no plan."""

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest

import simsec.analysis.closures as closures
from simsec.analysis.closures import calm_day, lost_by_sector, voters_lost, voters_of_day
from simsec.day import Day, sample_day
from simsec.day.tables import sampling_tables
from simsec.day.voters import CLOSING_RULES
from simsec.plan import doctrine_family
from simsec.scenario import Scenario
from simsec.scenario.schema import DAY_TYPES, Window
from simsec.simulation import simulate
from simsec.simulation.decisions import CONTINUED, POSTPONED
from simsec.simulation.outcome import Outcome
from tests.areas import tiny, tiny_plan


def ruled(rule: str, until: str = "H 13:00") -> Scenario:
    whole = Window(start="H 07:00", end=until, share=1.0)
    voters = tiny().settings.voters.model_copy(update={"closing_rule": rule, "arrival_windows": (whole,)})
    settings = tiny().settings.model_copy(update={"voters": voters})
    return replace(tiny(), settings=settings, hash=f"rule {rule} {until}")


@cache
def played() -> tuple[tuple[Day, Outcome], ...]:
    days = [sample_day(tiny(), 6, k, day_type) for k in range(6) for day_type in DAY_TYPES]
    return tuple((day, simulate(tiny(), tiny_plan(), day)) for day in days)


def invented(*closed: tuple[str, int, float, float]) -> tuple[Day, Outcome]:
    """A day on which these kinds close these stations from a minute to another."""
    day, outcome = next((day, outcome) for day, outcome in played() if len(outcome.incidents))
    rows, n = outcome.incidents, len(closed)
    one = {name: getattr(rows, name)[np.zeros(n, dtype=np.int64)] for name in rows.__dataclass_fields__}
    kinds = list(tiny().settings.incidents)
    one["kind"] = np.array([kinds.index(kind) for kind, *_ in closed])
    one["station"] = np.array([station for _, station, *_ in closed])
    one["onset_min"] = np.array([since for _, _, since, _ in closed])
    one["reopened_min"] = np.array([until for *_, until in closed])
    one |= {"hits": np.zeros(n, dtype=np.int64), "decision": np.zeros(n, dtype=np.int64)}
    return day, replace(outcome, incidents=type(rows)(**one))


@pytest.mark.parametrize("rule", CLOSING_RULES)
def test_who_arrives_is_served_or_is_not_and_a_disturbance_never_helps(rule: str) -> None:
    area = ruled(rule)
    for day, outcome in played():
        calm = calm_day(area, day)
        found = voters_of_day(area, day, outcome, calm)
        assert np.array_equal(found.arrived, found.served + found.not_served)
        assert np.array_equal(found.arrived, calm.queues.arrived)
        assert (found.arrived <= area.stations.registered_voters).all()
        assert (found.hours_lost >= -1e-9).all() and (found.turned_away >= 0).all()
        assert (found.closed_min >= 0).all() and (found.closed_min <= 360).all()
        untouched = found.closed_min == 0
        assert not found.hours_lost[untouched].any() and not found.turned_away[untouched].any()
        assert found.wait_quantile_min(0.0) <= found.mean_wait_min <= found.wait_quantile_min(1.0)


def test_every_station_costs_what_the_disturbed_ones_cost() -> None:
    hours, not_served = voters_lost(tiny(), played())
    by_sector = lost_by_sector(tiny(), played())
    for number, (day, outcome) in enumerate(played()):
        found = voters_of_day(tiny(), day, outcome)
        assert found.hours_lost.sum() == pytest.approx(hours[number], abs=1e-6)
        assert found.turned_away.sum() == not_served[number]
        sectors = np.bincount(tiny().stations.subdistrict, weights=found.turned_away, minlength=2)
        assert np.array_equal(sectors, by_sector[1][number])
    assert hours.max() > 0


def test_calm_queues_know_no_plan_and_no_neighbour() -> None:
    day = sample_day(tiny(), 6, 1, "heavy_rain")
    calm = calm_day(tiny(), day)
    untouched = []
    for plan in (tiny_plan(), *doctrine_family(tiny())[:2]):
        found = voters_of_day(tiny(), day, simulate(tiny(), plan, day))
        open_all_day = found.closed_min == 0
        for name in ("arrived", "served", "waiting_min", "last_served_min"):
            first, second = getattr(found, name)[open_all_day], getattr(calm.queues, name)[open_all_day]
            assert np.array_equal(first, second, equal_nan=True)
        untouched.append(int(open_all_day.sum()))
    assert min(untouched) > 20


def test_a_served_subset_leaves_the_calm_day_as_it_was() -> None:
    day, outcome = invented(("flood", 3, 400.0, 600.0))
    calm = calm_day(tiny(), day)
    before = {field.name: getattr(calm.queues, field.name).copy() for field in fields(calm.queues)}
    first = voters_of_day(tiny(), day, outcome, calm)
    assert all(np.array_equal(before[name], getattr(calm.queues, name), equal_nan=True) for name in before)
    assert np.flatnonzero(first.hours_lost).tolist() == [3] and first.closed_min[3] == 180
    assert first.opened_min[3] == 600 and first.opened_on_time(420.0) == pytest.approx(39 / 40)


def test_a_station_that_opens_late_closes_late_only_where_the_rule_says_so() -> None:
    day, outcome = invented(("late_open", 5, 360.0, 500.0))
    served = {}
    for rule in CLOSING_RULES:
        area = ruled(rule, until="H 14:00")
        found = voters_of_day(area, day, outcome)
        served[rule] = int(found.served[5])
        assert found.opened_min[5] == 500 and found.turned_away[5] <= 0
    assert served["fixed_1300"] <= served["serve_queue"] < served["extended"] == found.arrived[5]


def test_a_station_that_never_opens_serves_nobody() -> None:
    never = voters_of_day(tiny(), *invented(("late_open", 5, 360.0, np.nan)))
    assert never.served[5] == 0 and never.not_served[5] == never.arrived[5] and np.isinf(never.opened_min[5])
    assert np.isnan(never.last_served_min[5])


def test_a_relocated_station_serves_from_its_new_opening_and_one_put_off_serves_nobody() -> None:
    seen = 0
    for day, outcome in played():
        found, rows = voters_of_day(tiny(), day, outcome), outcome.stations
        for station, code, reopened in zip(rows.station, rows.decision, rows.reopened_min, strict=True):
            if code == POSTPONED:
                assert found.served[station] == 0 and found.closed_min[station] == 360
                seen += 1
            elif code == CONTINUED:
                assert np.isnan(reopened)
                seen += 1
    assert seen > 5


def test_more_turnout_adds_voters_and_moves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    day = sample_day(tiny(), 6, 0)
    before = calm_day(tiny(), day)
    rained = np.where(np.arange(40) < 20, 0.5, tiny().settings.voters.turnout.mode)
    monkeypatch.setattr(closures, "_turnout", lambda scenario, day: rained)
    after = calm_day(tiny(), day)
    assert (after.marks.arrived[:20] < before.marks.arrived[:20]).all()
    assert np.array_equal(after.marks.arrived[20:], before.marks.arrived[20:])
    assert np.array_equal(after.queues.waiting_min[20:], before.queues.waiting_min[20:])


def test_only_closing_kinds_close() -> None:
    closes = sampling_tables(tiny()).closes
    for number, kind in enumerate(tiny().settings.incidents):
        day, outcome = invented((kind, 7, 450.0, 500.0))
        assert (voters_of_day(tiny(), day, outcome).closed_min[7] == 50) == closes[number]


def test_heavy_rain_in_the_voting_hours_keeps_voters_at_home_in_its_zone_alone() -> None:
    day = sample_day(tiny(), 1, 0)
    opens = int((420 - tiny().horizon_min[0]) // 60)
    rain = np.zeros_like(day.rain_mm)
    rain[opens, 0] = 20.0
    dry, wet = (calm_day(tiny(), replace(day, rain_mm=fallen)).queues.arrived for fallen in (rain * 0, rain))
    there = tiny().villages.rayon[tiny().stations.village] == 0
    assert (wet[there] <= dry[there]).all() and wet[there].sum() < dry[there].sum()
    assert np.array_equal(wet[~there], dry[~there])
