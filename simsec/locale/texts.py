"""Everything people read, from one catalogue a language, with numbers as that language writes them."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any, Protocol

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

LANGUAGES = ("en", "id")
_LOCALES = {"en": "en_GB", "id": "id_ID"}
_CLOCK = {"en": ":", "id": "."}  # as the Common Locale Data Repository has it
_DAY_MIN = 1440
_FIGURES = 4  # significant digits of a figure whose size is not known beforehand
# Of an interval with a doubt, by what it is (simsec.analysis.intervals.Doubt); days all alike are told in words.
DOUBT_MARKS = {"few": "*", "skewed": "\N{DAGGER}"}
_MINUS, _RANGE_END, NOTHING = "\N{MINUS SIGN}", "\N{INFINITY}", "\N{EN DASH}"


class Interval(Protocol):
    """A figure with its interval; ``low`` and ``high`` are nan where there are too few days to tell."""

    @property
    def mean(self) -> float:
        """The figure."""

    @property
    def low(self) -> float:
        """Lower end."""

    @property
    def high(self) -> float:
        """Upper end."""


@dataclass(frozen=True, eq=False)
class Texts:
    """The catalogue of one language and the way it writes numbers.

    Attributes:
        language: ``en`` or ``id``.
        catalogue: texts by dotted key.
        messages: sentences of errors by their English template, or by the key of a sentence that is not ours; empty
            in English.

    Example:
        >>> texts("id").t("unit.minutes", n="12,5"), texts("en").number(1234.5, 1)
        ('12,5 menit', '1,234.5')
    """

    language: str
    catalogue: Mapping[str, str]
    messages: Mapping[str, str] = field(default_factory=dict)

    def t(self, key: str, **values: str | int) -> str:
        """The text of a key with its fields filled in; whole numbers are written the language's way.

        Args:
            key: dotted, as in the catalogue.
            values: one for every field of the text; floats must be written by :meth:`number` and the like first.

        Raises:
            KeyError: no such key, or a field without a value.
            TypeError: a float, whose digits nobody chose.

        Example:
            >>> texts("en").t("cli.wrote", path="runs/plan-area")
            'Written to runs/plan-area'
        """
        if key not in self.catalogue:
            raise KeyError(f"no text {key!r} in the {self.language} catalogue")
        filled: dict[str, str] = {}
        for name, value in values.items():
            if isinstance(value, str):
                filled[name] = value
            elif isinstance(value, int):
                filled[name] = self.number(value, 0)
            else:
                raise TypeError(f"{key}: write {name} = {value!r} as text first")
        return self.catalogue[key].format_map(filled)

    def plural(self, key: str, n: int, **values: str | int) -> str:
        """The text ``key.one`` or ``key.other``, with the number as field ``n``.

        Example:
            >>> texts("en").plural("count.squads", 1), texts("en").plural("count.squads", 3)
            ('1 squad', '3 squads')
        """
        return self.t(f"{key}.one" if n == 1 else f"{key}.other", n=n, **values)

    def has(self, key: str) -> bool:
        """Whether the catalogue has a text for the key."""
        return key in self.catalogue

    def message(self, said: str) -> str:
        """A sentence of an error in this language; English where the catalogue does not know it.

        Args:
            said: a plain sentence, or one that carries ``template``, ``values`` and ``key``
                (:class:`simsec.base.errors.Message`).

        Example:
            >>> texts("id").message("check its rights"), texts("id").message("never heard")
            ('periksa izin aksesnya', 'never heard')
        """
        template = self.messages.get(getattr(said, "key", "") or getattr(said, "template", said))
        values = getattr(said, "values", ())
        if not values:
            return str(said) if template is None else template
        if template is None:
            return str(said)
        told = {name: self.message(value) if hasattr(value, "template") else value for name, value in values}
        return template.format_map(told)

    def number(self, x: float, digits: int = 0) -> str:
        """A number with a fixed count of decimals and a typographic minus; nan is a dash.

        Example:
            >>> texts("id").number(1983), texts("id").number(0.25, 1), texts("en").number(float("nan")) == NOTHING
            ('1.983', '0,2', True)
        """
        if math.isnan(x):
            return NOTHING
        if math.isinf(x):
            return _RANGE_END if x > 0 else _MINUS + _RANGE_END
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        rounded = round(float(x), digits) + 0.0  # no minus before a nought
        return format_decimal(rounded, format=pattern, locale=self._locale).replace("-", _MINUS)

    def signed(self, x: float, digits: int = 0) -> str:
        """A number with its sign, as gains are written.

        Example:
            >>> texts("en").signed(2.04, 1), texts("en").signed(-0.01, 1)
            ('+2.0', '0.0')
        """
        plus = math.isfinite(x) and round(x, digits) > 0
        return ("+" if plus else "") + self.number(x, digits)

    def figure(self, x: float) -> str:
        """A number of any size with at most four significant digits.

        Example:
            >>> texts("id").figure(0.012493), texts("en").figure(575.0), texts("en").figure(5e-06)
            ('0,01249', '575', '0.000005')
        """
        if x == 0 or not math.isfinite(x):
            return self.number(x)
        digits = max(_FIGURES - 1 - math.floor(math.log10(abs(x))), 0)
        pattern = "#,##0." + "#" * digits if digits else "#,##0"
        return format_decimal(round(x, digits), format=pattern, locale=self._locale).replace("-", _MINUS)

    def percent(self, share: float, digits: int = 0) -> str:
        """A share of one as a percentage.

        Example:
            >>> texts("id").percent(0.125, 1)
            '12,5%'
        """
        if not math.isfinite(share):
            return NOTHING
        pattern = "0" + ("." + "0" * digits if digits else "") + "%"
        rounded = round(float(share), digits + 2) + 0.0
        return format_percent(rounded, format=pattern, locale=self._locale).replace("-", _MINUS)

    def minutes(self, x: float, digits: int = 1) -> str:
        """Minutes with their unit.

        Example:
            >>> texts("en").minutes(12.34)
            '12.3 min'
        """
        return self.t("unit.minutes", n=self.number(x, digits))

    def interval(
        self,
        estimate: Interval,
        digits: int = 1,
        *,
        sign: bool = False,
        share: bool = False,
        clock: bool = False,
        marked: bool = False,
    ) -> str:
        """A figure with its interval in brackets; says so where there are too few days for one, or all are alike.

        Args:
            estimate: anything with ``mean``, ``low`` and ``high``; and ``doubt``, where something is known of it.
            digits: decimals.
            sign: write a plus before gains.
            share: write shares of one as percentages.
            clock: write minutes after midnight of polling day as times of the clock.
            marked: put the mark of its doubt behind it, for a place with footnotes.

        Example:
            >>> from types import SimpleNamespace as Estimate
            >>> texts("en").interval(Estimate(mean=1.24, low=0.5, high=3.0), 1)
            '1.2 (0.5 to 3.0)'
            >>> texts("en").interval(Estimate(mean=1.24, low=float("nan"), high=float("nan")), 1)
            '1.2 (too few days to tell)'
        """
        if math.isnan(estimate.mean):
            return NOTHING
        if estimate.mean == math.inf:
            return self.t("number.never")

        def write(x: float) -> str:
            if share:
                return self.percent(x, digits)
            if clock and math.isfinite(x):
                return self.clock(x)
            return self.signed(x, digits) if sign else self.number(x, digits)

        if math.isnan(estimate.low) or math.isnan(estimate.high):
            return f"{write(estimate.mean)} ({self.t('number.too_few')})"
        doubt = getattr(estimate, "doubt", "")
        if doubt == "alike":
            bound = "number.at_most" if estimate.high > estimate.mean else "number.alike"
            return f"{write(estimate.mean)} ({self.t(bound, high=write(estimate.high))})"
        mark = f" {DOUBT_MARKS[doubt]}" if marked and doubt else ""
        ends = self.t("number.range", low=write(estimate.low), high=write(estimate.high))
        return f"{write(estimate.mean)} ({ends}){mark}"

    def range(self, low: float, high: float, digits: int = 1) -> str:
        """Two ends of a range, from the smaller to the larger.

        Example:
            >>> texts("id").range(0.4, 3.1)
            '0,4 hingga 3,1'
        """
        return self.t("number.range", low=self.number(low, digits), high=self.number(high, digits))

    def clock(self, minute: float) -> str:
        """Minutes after midnight of polling day as a time of the clock; other days with ``H-1`` or ``H+1`` before it.

        Example:
            >>> texts("en").clock(785.0), texts("id").clock(785.0), texts("id").clock(1570.0)
            ('13:05', '13.05', 'H+1 02.10')
        """
        days, rest = divmod(round(minute), _DAY_MIN)
        time = f"{rest // 60:02d}{_CLOCK[self.language]}{rest % 60:02d}"
        return f"H{days:+d} {time}" if days else time

    def date(self, day: date) -> str:
        """A date in words.

        Example:
            >>> texts("id").date(date(2024, 8, 17))
            '17 Agustus 2024'
        """
        return format_date(day, "long", locale=self._locale)

    def joined(self, items: Sequence[str]) -> str:
        """Several things in a row, the last with the language's ``and``.

        Example:
            >>> texts("id").joined(["A", "B", "C"])
            'A, B, dan C'
        """
        return format_list(list(items), locale=self._locale) if items else NOTHING

    @property
    def _locale(self) -> Locale:
        return _locale(self.language)


@lru_cache
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES[language])


def _flat(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


@lru_cache
def texts(language: str) -> Texts:
    """The texts of a language.

    Args:
        language: ``en`` or ``id``.

    Raises:
        ValueError: no catalogue in that language.

    Example:
        >>> texts("en").t("day_type.heavy_rain")
        'heavy rain'
    """
    if language not in LANGUAGES:
        raise ValueError(f"no texts in {language!r}; the languages are {', '.join(LANGUAGES)}")
    messages = {} if language == "en" else _messages(language)
    return Texts(language, dict(_flat(_read(f"{language}.toml"))), messages)


def _read(file: str) -> dict[str, Any]:
    return tomllib.loads(files("simsec.locale").joinpath(file).read_text(encoding="utf-8"))


def _messages(language: str) -> dict[str, str]:
    """Ours and what libraries say, by the English sentence; pydantic's and the system's under their own keys."""
    tables = _read(f"messages.{language}.toml")
    keyed = {name: tables.pop(name) for name in ("pydantic", "system")}
    return {**{english: text for table in tables.values() for english, text in table.items()}, **dict(_flat(keyed))}
