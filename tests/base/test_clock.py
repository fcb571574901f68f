"""Stamps and minutes tell the same time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.base.clock import format_stamp, parse_stamp


@given(st.integers(-3 * 1440, 4 * 1440))
def test_a_stamp_read_back_is_the_same_minute(minute: int) -> None:
    assert parse_stamp(format_stamp(minute)) == minute


@pytest.mark.parametrize("text", ["07:00", "H 7", "H 25:00", "H 07:60", "h 07:00", "H+ 07:00", ""])
def test_what_is_no_stamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        parse_stamp(text)


def test_days_before_and_after_are_counted_from_polling_day() -> None:
    assert parse_stamp("H-1 20:00") == -240
    assert parse_stamp("H+1 02:10") == 1440 + 130
