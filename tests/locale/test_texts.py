"""Numbers are written the language's way, and a text never goes out with a hole in it."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.locale import LANGUAGES, NOTHING, texts

FINITE = st.floats(-1e6, 1e6, allow_nan=False)
NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    mean: float
    low: float
    high: float


def read(written: str, language: str) -> float:
    """Read a number back as a person of that language would."""
    point, group = (".", ",") if language == "en" else (",", ".")
    return float(written.replace(group, "").replace(point, ".").replace("\N{MINUS SIGN}", "-").replace("+", ""))


@pytest.mark.parametrize("language", LANGUAGES)
@given(x=FINITE, digits=st.integers(0, 3))
def test_a_number_reads_back_to_what_was_rounded(language: str, x: float, digits: int) -> None:
    words = texts(language)
    assert read(words.number(x, digits), language) == pytest.approx(x, abs=0.5 * 10**-digits + 1e-9)
    assert read(words.signed(x, digits), language) == read(words.number(x, digits), language)
    assert read(words.percent(x / 1e6, digits).rstrip("%"), language) == pytest.approx(x / 1e4, abs=10**-digits)


@pytest.mark.parametrize("language", LANGUAGES)
@given(x=st.floats(1e-7, 1e7))
def test_a_figure_keeps_four_digits_whatever_its_size(language: str, x: float) -> None:
    assert read(texts(language).figure(x), language) == pytest.approx(x, rel=1e-3)


def test_separators_are_those_of_the_language() -> None:
    assert texts("en").number(1234567.891, 2) == "1,234,567.89"
    assert texts("id").number(1234567.891, 2) == "1.234.567,89"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_written_with_a_minus_before_a_nought(language: str) -> None:
    words = texts(language)
    for x in (-0.0, -0.004, 0.004):
        assert words.number(x, 1) == words.number(0, 1) == words.signed(x, 1)
    assert words.signed(2, 0) == "+2"
    assert words.number(-2) == "\N{MINUS SIGN}2"


def test_what_is_not_known_is_a_dash_and_what_never_comes_says_so() -> None:
    words = texts("en")
    assert words.number(NAN) == words.percent(NAN) == words.interval(Estimate(NAN, NAN, NAN)) == NOTHING
    assert words.interval(Estimate(1.0, NAN, NAN)) == f"1.0 ({words.t('number.too_few')})"
    assert words.interval(Estimate(math.inf, 30.0, math.inf)) == words.t("number.never")
    assert words.interval(Estimate(40.0, 30.0, math.inf)).endswith("\N{INFINITY})")


def test_an_interval_shows_signs_and_shares_where_asked() -> None:
    assert texts("id").interval(Estimate(1.25, -0.5, 3.0), 1, sign=True) == "+1,2 (\N{MINUS SIGN}0,5 hingga +3,0)"
    assert texts("en").interval(Estimate(0.5, 0.25, 0.75), 0, share=True) == "50% (25% to 75%)"


def test_the_clock_passes_midnight_both_ways() -> None:
    assert texts("en").clock(-240) == "H-1 20:00"
    assert texts("id").clock(1570) == "H+1 02.10"
    assert texts("id").clock(0) == "00.00"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_never_given_with_a_hole_or_a_raw_float(language: str) -> None:
    words = texts(language)
    with pytest.raises(KeyError, match="nowhere"):
        words.t("nowhere.to.be.found")
    with pytest.raises(KeyError, match="n"):
        words.t("unit.minutes")
    with pytest.raises(TypeError, match=r"unit\.minutes"):
        words.t("unit.minutes", n=1.5)


def test_whole_numbers_are_written_with_separators() -> None:
    assert texts("id").t("unit.minutes", n=1983) == "1.983 menit"
    assert texts("en").plural("count.stations", 1983) == "1,983 stations"
    assert texts("en").plural("count.stations", 1) == "1 station"


def test_there_is_no_third_language() -> None:
    with pytest.raises(ValueError, match="en, id"):
        texts("fr")
