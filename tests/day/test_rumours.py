"""Laws of a rumour and of the statement that answers it: it spares false calls and touches nothing else."""

from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from simsec.base.clock import parse_stamp
from simsec.base.errors import InputError
from simsec.day import Day, sample_day
from simsec.day.rumours import clarified_min, expected_rate
from simsec.day.tables import sampling_tables
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.schema import DAY_TYPES
from tests.areas import SHIPPED, shipped, tiny_folder
from tests.scenario.area import sukamaju

RUMOUR = shipped().settings.rumour
FALSE_CALL = list(shipped().settings.incidents).index("hoax_rumour")
DAYS = 200
LEVEL = 0.999


@cache
def area(remaining: float | None) -> Scenario:
    """The shipped area with another share of calls after the statement; None: no statement is ever made."""
    if remaining is None:
        return replace(shipped(), settings=shipped().settings.model_copy(update={"rumour": None}), hash="silent")
    return shipped().with_values({"rumour.remaining_share": remaining})


@cache
def days(remaining: float | None, count: int = DAYS) -> tuple[Day, ...]:
    return tuple(sample_day(area(remaining), 1, replication, "rumour") for replication in range(count))


def false_calls(day: Day) -> set[tuple[int, float]]:
    rows = day.reports.kind == FALSE_CALL
    return set(zip(day.reports.station[rows].tolist(), day.reports.onset_min[rows].tolist(), strict=True))


def others(day: Day) -> bytes:
    """Everything of a day but its false calls."""
    parts = [(table, table.kind != FALSE_CALL) for table in (day.incidents, day.reports)]
    arrays = [
        getattr(table, field.name)[rows]
        for table, rows in parts
        for field in fields(table)
        if field.name not in ("child_first", "child_end", "village")  # rows of the table, all empty on such a day
    ]
    return b"".join(array.tobytes() for array in [*arrays, day.rain_mm, day.slow])


def everything(day: Day) -> bytes:
    arrays = [getattr(table, field.name) for table in (day.incidents, day.reports) for field in fields(table)]
    return b"".join(array.tobytes() for array in [*arrays, day.rain_mm, day.slow])


def test_where_every_call_still_comes_the_day_is_the_one_without_a_statement() -> None:
    for answered, silent in zip(days(1.0), days(None), strict=True):
        assert everything(answered) == everything(silent)
        assert not np.isnan(answered.clarified_min) and np.isnan(silent.clarified_min)


def test_a_smaller_share_removes_false_calls_after_the_statement_and_moves_nothing() -> None:
    removed = 0
    for shares in ((1.0, 0.3), (0.3, 0.05), (0.05, 0.0)):
        for more, fewer in zip(days(shares[0]), days(shares[1]), strict=True):
            assert false_calls(fewer) <= false_calls(more)
            gone = false_calls(more) - false_calls(fewer)
            assert all(onset >= more.clarified_min for _, onset in gone)
            assert more.clarified_min == fewer.clarified_min and others(more) == others(fewer)
            removed += len(gone)
    assert removed > DAYS
    assert all(onset < day.clarified_min for day in days(0.0) for _, onset in false_calls(day))


def test_calls_after_the_statement_come_in_their_share() -> None:
    def after(remaining: float) -> int:
        return sum(onset >= day.clarified_min for day in days(remaining) for _, onset in false_calls(day))

    low, high = stats.binom.interval(LEVEL, after(1.0), 0.3)
    assert low <= after(0.3) <= high


def test_the_expected_number_of_reports_is_what_the_days_bring() -> None:
    assert RUMOUR is not None
    rate, row = expected_rate(shipped()), DAY_TYPES.index("rumour")
    plain = sampling_tables(shipped()).rate
    changed = np.argwhere(rate != plain).tolist()
    assert changed == [[row, FALSE_CALL]] and rate[row, FALSE_CALL] < plain[row, FALSE_CALL]
    found = sum(len(false_calls(day)) for day in days(RUMOUR.remaining_share.mode))
    # Beside the Poisson noise, every day has its own minute of the statement.
    each = np.array([len(false_calls(day)) for day in days(RUMOUR.remaining_share.mode)])
    error = each.std() * np.sqrt(DAYS)
    assert abs(found - DAYS * len(shipped().stations) * rate[row, FALSE_CALL]) < 3.3 * error
    assert np.array_equal(expected_rate(area(None)), plain) and np.allclose(expected_rate(area(1.0)), plain)


def test_the_statement_comes_after_the_wave_by_its_minutes_and_on_days_of_rumour_only() -> None:
    assert RUMOUR is not None
    found = np.array([clarified_min(shipped(), "rumour", 1, replication) for replication in range(800)])
    first = min(parse_stamp(window.start) for window in RUMOUR.starts_windows)
    last = max(parse_stamp(window.end) for window in RUMOUR.starts_windows)
    after = RUMOUR.clarified_after_min
    assert first + after.low <= found.min() and found.max() <= last + after.high
    starts = sum(w.share * (parse_stamp(w.start) + parse_stamp(w.end)) / 2 for w in RUMOUR.starts_windows)
    assert abs(found.mean() - starts - after.expected) < 4 * found.std() / np.sqrt(len(found))
    for day_type in set(DAY_TYPES) - {"rumour"}:
        assert np.isnan(sample_day(shipped(), 1, 0, day_type).clarified_min)
    later = shipped().with_values({"rumour.clarified_after_min": after.mode + 20})
    assert [clarified_min(later, "rumour", 1, k) for k in range(20)] == pytest.approx(found[:20] + 20)


def test_a_statement_is_refused_that_answers_an_unknown_kind_or_comes_outside_the_clock(tmp_path: Path) -> None:
    folder = sukamaju(tmp_path / "area")
    path = folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('kinds = ["hoax_rumour"]', 'kinds = ["gossip"]'), encoding="utf-8")
    with pytest.raises(InputError, match="gossip is no incident of this scenario"):
        read_scenario(folder)
    path.write_text(text.replace('start = "H 06:00", end = "H 08:00"', 'start = "H-2 03:00", end = "H 08:00"'), "utf-8")
    with pytest.raises(InputError, match=r"rumour\.starts_windows: the window leaves the clock"):
        read_scenario(folder)


def test_a_scenario_without_the_table_is_read_and_makes_no_statement(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "area")
    path = folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    begin, end = text.index("[rumour]"), text.index("# ----", text.index("[rumour]"))
    path.write_text(text[:begin] + text[end:], encoding="utf-8")
    old = read_scenario(folder)
    assert old.settings.rumour is None and np.isnan(sample_day(old, 1, 0, "rumour").clarified_min)
    assert "[rumour]" in (SHIPPED / "scenario.toml").read_text(encoding="utf-8")
