"""Laws of a sampled day: what it depends on, and what it does not."""

import inspect
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.base.errors import InputError
from simsec.day import Day, sample_day
from simsec.day.day import Incidents
from simsec.day.sampling import village_neighbours
from simsec.scenario import Scenario
from simsec.scenario.schema import DAY_TYPES
from tests.areas import SHIPPED, announced, shipped, tiny, tiny_and_one

MARKS = ("level", "report_delay_min", "rise_min", "scene_min", "where", "delay_min", "turnout_min", "noise")


def as_bytes(day: Day) -> bytes:
    """Everything a day holds."""
    arrays = [getattr(part, field.name) for part in (day.incidents, day.reports) for field in fields(part)]
    return b"".join(array.tobytes() for array in [*arrays, day.rain_mm, day.slow, np.array(day.clarified_min)])


def rows_of(scenario: Scenario, day: Day) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Station code, kind and onset of each incident -> every other mark of it."""
    table = day.incidents
    return {
        (scenario.stations.code[station], kind, onset): tuple(getattr(table, name)[row].tobytes() for name in MARKS)
        for row, (station, kind, onset) in enumerate(
            zip(table.station.tolist(), table.kind.tolist(), table.onset_min.tolist(), strict=True)
        )
    }


def reports_of(scenario: Scenario, day: Day) -> set[tuple[str, int, float, bool]]:
    table = day.reports
    columns = (table.kind.tolist(), table.onset_min.tolist(), table.dispatched.tolist())
    return set(zip([scenario.stations.code[n] for n in table.station], *columns, strict=True))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(DAY_TYPES)), min_size=2, max_size=6))
def test_a_day_is_the_same_alone_and_among_others_in_any_order(which: list[tuple[int, int, str]]) -> None:
    forwards = [as_bytes(sample_day(tiny(), *one)) for one in which]
    backwards = [as_bytes(sample_day(tiny(), *one)) for one in reversed(which)]
    assert forwards == backwards[::-1]


def test_a_day_read_anew_is_the_same_day() -> None:
    from simsec.scenario import read_scenario

    again = read_scenario(SHIPPED)
    for day_type in DAY_TYPES:
        assert as_bytes(sample_day(again, 3, 7, day_type)) == as_bytes(sample_day(shipped(), 3, 7, day_type))


def test_seed_replication_and_type_make_different_days() -> None:
    days = {as_bytes(sample_day(shipped(), *which)) for which in [(1, 0), (1, 1), (2, 0), (2, 1)]}
    days |= {as_bytes(sample_day(shipped(), 1, 0, day_type)) for day_type in DAY_TYPES[1:]}
    assert len(days) == 4 + len(DAY_TYPES) - 1


def test_a_day_never_depends_on_the_plan() -> None:
    from simsec.simulation import simulate

    assert "plan" not in inspect.signature(sample_day).parameters
    day = sample_day(shipped(), 1, 0, "severe")
    before = as_bytes(day)
    simulate(shipped(), announced(), day)  # playing it does not change it either
    assert as_bytes(day) == before == as_bytes(sample_day(shipped(), 1, 0, "severe"))


@pytest.mark.parametrize("path", ["late_open.rate_per_station", "queue_dispute.rate_per_station"])
def test_a_raised_rate_adds_incidents_and_moves_no_mark(path: str) -> None:
    kind = list(shipped().settings.incidents).index(path.partition(".")[0])
    mode = shipped().parameters()[f"incidents.{path}"].mode
    raised = shipped().with_values({f"incidents.{path}": 2.5 * mode})
    added = 0
    for replication in range(8):
        before, after = (sample_day(scenario, 1, replication) for scenario in (shipped(), raised))
        assert reports_of(shipped(), before) < reports_of(shipped(), after)
        more = reports_of(shipped(), after) - reports_of(shipped(), before)
        assert {which for _, which, _, _ in more} == {kind}
        added += len(more)
        old, new = rows_of(shipped(), before), rows_of(shipped(), after)
        assert old.items() <= new.items()
        assert np.array_equal(before.rain_mm, after.rain_mm)
    expected = 8 * 1.5 * mode * len(shipped().stations)
    assert abs(added - expected) < 4 * expected**0.5


def test_a_raised_flood_rate_keeps_every_flood_there_was() -> None:
    raised = shipped().with_values({"incidents.flood.rate_on.heavy_rain": 0.0099})
    for replication in range(10):
        before, after = (sample_day(scenario, 1, replication, "heavy_rain") for scenario in (shipped(), raised))
        assert reports_of(shipped(), before) <= reports_of(shipped(), after)
        assert rows_of(shipped(), before).items() <= rows_of(shipped(), after).items()


def test_a_changed_mark_of_one_kind_moves_no_other_mark() -> None:
    changed = shipped().with_values({"incidents.late_open.on_scene_min": 60.0, "calls.no_signal_share": 0.05})
    before, after = sample_day(shipped(), 1, 0), sample_day(changed, 1, 0)
    for name in (*MARKS, "kind", "station", "onset_min"):
        if name not in ("scene_min", "report_delay_min"):
            assert np.array_equal(getattr(before.incidents, name), getattr(after.incidents, name))
    other = before.incidents.kind != 0
    assert np.array_equal(before.incidents.scene_min[other], after.incidents.scene_min[other])
    assert not np.array_equal(before.incidents.scene_min, after.incidents.scene_min)


def test_a_new_station_shifts_no_incident_of_another() -> None:
    new = (set(tiny_and_one().stations.code) - set(tiny().stations.code)).pop()
    its_own = 0
    for replication in range(300):
        for day_type in ("ordinary", "rumour"):
            before, after = (sample_day(scenario, 1, replication, day_type) for scenario in (tiny(), tiny_and_one()))
            had, has = reports_of(tiny(), before), reports_of(tiny_and_one(), after)
            its_own += len(has - had)
            assert had <= has
            assert {code for code, *_ in has - had} <= {new}
            assert rows_of(tiny(), before).items() <= rows_of(tiny_and_one(), after).items()
            assert np.array_equal(before.rain_mm, after.rain_mm)
    assert its_own > 0


def test_a_new_kind_shifts_no_incident_of_another() -> None:
    kinds = dict(shipped().settings.incidents)
    first = {"power_cut": kinds["late_open"], **kinds}
    more = replace(shipped(), settings=shipped().settings.model_copy(update={"incidents": first}), hash="other")
    before, after = sample_day(shipped(), 1, 0), sample_day(more, 1, 0)
    shifted = {(code, kind + 1, onset, sent) for code, kind, onset, sent in reports_of(shipped(), before)}
    assert shifted < reports_of(more, after)
    assert {kind for _, kind, _, _ in reports_of(more, after) - shifted} == {0}


def test_incidents_stand_in_order_of_onset_and_are_the_dispatched_reports() -> None:
    for day_type in DAY_TYPES:
        day = sample_day(shipped(), 2, 5, day_type)
        primary = day.incidents.parent < 0
        assert primary[: day.incidents.primaries].all() and not primary[day.incidents.primaries :].any()
        onset = day.incidents.onset_min[primary]
        assert (np.diff(onset) >= 0).all() and np.isnan(day.incidents.onset_min[~primary]).all()
        sent = day.reports.dispatched
        seeds = int(day_type == "severe")
        assert primary.sum() == sent.sum() + seeds
        assert set(onset) >= set(day.reports.onset_min[sent])
        assert {len(getattr(day.incidents, field.name)) for field in fields(Incidents)} == {len(day.incidents)}


def test_neighbours_are_sorted_staffed_and_never_the_village_itself() -> None:
    for village, (others, minutes) in enumerate(village_neighbours(tiny())):
        assert sorted(others.tolist()) == [n for n in range(len(tiny().villages)) if n != village]
        assert (np.diff(minutes) >= 0).all()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ((-1, 0, "ordinary"), "seed: must not be negative"),
        ((1, -1, "ordinary"), "replication: must not be negative"),
        ((1, 0, "sunny"), "expected ordinary, heavy_rain, rumour, severe"),
    ],
)
def test_a_wrong_day_is_refused_in_words(wrong: tuple[int, int, str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        sample_day(tiny(), *wrong)
    with pytest.raises(InputError) as caught:
        sample_day(tiny(), -1, -1, "sunny")
    assert len(caught.value.problems) == 3
