"""The climate a scenario's rain is held to: one row, the month of polling day at a station, as far as it is known."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from simsec.base.errors import InputError, Problem
from simsec.scenario.reading import Scenario
from simsec.scenario.tables import Column, read_table

CLIMATE = "climate.csv"
CLIMATE_COLUMNS = (
    Column("station", meaning="where it was measured; a stand-in where it lies outside the area"),
    Column("month", "integer", 1, 12),
    Column("years", "integer", 1, 1000, meaning="years of daily values"),
    Column("days", "number", 28, 31, meaning="days of the month, leap years counted in"),
    Column("rain_mm", "number", 0, 5000, meaning="rain of the month, mean of the years"),
    Column("days_1_mm", "number", 0.1, 31, meaning="days with 1 mm or more, mean of the years"),
    Column("days_20_mm", "number", 0, 31, meaning="days with 20 mm or more"),
    Column("days_50_mm", "number", 0, 31, meaning="days with 50 mm or more"),
)
_NORMAL_95 = 1.96


@dataclass(frozen=True)
class RainFigures:
    """How a place's days are: shares of days, and the mean of the wet ones.

    Attributes:
        wet: share of days with 1 mm or more.
        mm_per_wet_day: mean rain of those days.
        from_20_mm, from_50_mm: share of all days with so much or more.
    """

    wet: float
    mm_per_wet_day: float
    from_20_mm: float
    from_50_mm: float


@dataclass(frozen=True)
class Climate:
    """A month at a station.

    Attributes:
        station: where.
        month: 1 to 12.
        years: of daily values.
        sampled_days: years times the days of the month.
        figures: of its days.
    """

    station: str
    month: int
    years: int
    sampled_days: float
    figures: RainFigures

    @property
    def tolerance(self) -> RainFigures:
        """Half width of a 95 % interval of each figure for so many days.

        Days are taken as independent, and the rain of the wet ones as exponential (standard deviation equal to mean).
        Wet days come in spells, so the true error is larger: what lies outside differs, what lies inside may.
        """
        known, n = self.figures, self.sampled_days

        def of_share(share: float) -> float:
            return _NORMAL_95 * sqrt(share * (1 - share) / n)

        return RainFigures(
            of_share(known.wet),
            _NORMAL_95 * known.mm_per_wet_day / sqrt(n * known.wet),
            of_share(known.from_20_mm),
            of_share(known.from_50_mm),
        )


def read_climate(folder: Path) -> Climate | None:
    """The climate beside a scenario, None where there is none. Nothing is drawn from it: the rain is held to it.

    Args:
        folder: of the scenario.

    Raises:
        InputError: everything wrong with the table.

    Example:
        >>> climate = read_climate(Path("scenarios/kota-semarang"))
        >>> climate.month, round(climate.figures.wet, 3), round(climate.tolerance.wet, 3)
        (11, 0.567, 0.067)
    """
    if not (folder / CLIMATE).exists():
        return None
    table = read_table(folder / CLIMATE, CLIMATE_COLUMNS, "month")
    row = {name: values[0] for name, values in table.columns.items()}
    days, wet = float(row["days"]), float(row["days_1_mm"])
    figures = RainFigures(
        wet / days, float(row["rain_mm"]) / wet, float(row["days_20_mm"]) / days, float(row["days_50_mm"]) / days
    )
    return Climate(str(row["station"]), int(row["month"]), int(row["years"]), int(row["years"]) * days, figures)


def climate_of(scenario: Scenario) -> Climate | None:
    """The climate a scenario's rain is held to, which must be of the month of its polling day.

    Args:
        scenario: what is known.

    Raises:
        InputError: everything wrong with the table, or another month.
    """
    climate, month = read_climate(scenario.folder), scenario.settings.polling_date.month
    if climate is not None and climate.month != month:
        what, remedy = "the climate is not of the month of polling day", "give that month, or take the file away"
        raise InputError([Problem(CLIMATE, what, remedy, 2, "month", str(climate.month), str(month))])
    return climate
