"""Laws of the rain as a climate: days have the rain of the month where it was measured, else the assumed ranges."""

from dataclasses import replace
from pathlib import Path

import pytest

from simsec.base.errors import InputError
from simsec.day.climate import simulated_rain
from simsec.scenario.climate import CLIMATE, RainFigures, climate_of, read_climate
from tests.areas import shipped, tiny
from tests.scenario.shipped import AREAS, SCENARIOS, shipped_area

DAYS = 800  # of each weather and zone: the error of the simulated figures is a fifth of the table's
MEASURED = [name for name in AREAS if (SCENARIOS / name / CLIMATE).exists()]
# Where nothing was measured: assumed shares of wet days, and of days of 50 mm among them, in February.
WET, FIFTY_IF_WET = (0.5, 0.7), (0.08, 0.15)
HEADER = "station,month,years,days,rain_mm,days_1_mm,days_20_mm,days_50_mm\n"


def test_the_areas_with_a_station_are_those_of_central_java() -> None:
    assert MEASURED == ["kabupaten-semarang", "kota-semarang", "kabupaten-jepara"]


@pytest.mark.parametrize("name", MEASURED)
def test_days_of_the_mixture_have_the_rain_of_the_month_within_the_error_of_its_years(name: str) -> None:
    climate, found = read_climate(SCENARIOS / name), simulated_rain(shipped_area(name), DAYS)
    assert climate is not None and climate.month == AREAS[name].day.month
    for figure in RainFigures.__dataclass_fields__:
        away = getattr(found, figure) - getattr(climate.figures, figure)
        assert abs(away) <= getattr(climate.tolerance, figure), (figure, getattr(found, figure))


@pytest.mark.parametrize("name", sorted(set(AREAS) - set(MEASURED)))
def test_where_nothing_was_measured_the_rain_lies_in_the_assumed_ranges(name: str) -> None:
    scenario, found = shipped_area(name), simulated_rain(shipped_area(name), DAYS)
    assert WET[0] <= found.wet <= WET[1]
    assert FIFTY_IF_WET[0] <= found.from_50_mm / found.wet <= FIFTY_IF_WET[1]
    for path in ("weather.wet_day", "weather.storms_per_wet_day", "day_types.heavy_rain"):
        assert scenario.parameters()[path].grade == "D"


def test_a_new_area_has_the_assumed_rain_of_november_until_more_is_known() -> None:
    found = simulated_rain(tiny(), DAYS)
    assert 0.35 <= found.wet <= 0.55 and 0.05 <= found.from_50_mm / found.wet <= 0.10


def test_the_tolerance_is_that_of_so_many_days() -> None:
    climate = read_climate(SCENARIOS / "kota-semarang")
    assert climate is not None and climate.sampled_days == 210
    wet = 17.0 / 30
    assert climate.figures.wet == pytest.approx(wet)
    assert climate.tolerance.wet == pytest.approx(1.96 * (wet * (1 - wet) / 210) ** 0.5)
    assert climate.figures.mm_per_wet_day == pytest.approx(284.4 / 17.0)
    assert climate.tolerance.mm_per_wet_day == pytest.approx(1.96 * 284.4 / 17.0 / (7 * 17.0) ** 0.5)


def test_more_days_of_heavy_rain_are_more_rain() -> None:
    likelier = simulated_rain(shipped().with_values({"day_types.heavy_rain": 0.3}), 200)
    usual = simulated_rain(shipped(), 200)
    for figure in RainFigures.__dataclass_fields__:
        assert getattr(likelier, figure) > getattr(usual, figure)


def test_a_climate_need_not_be_there_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    assert read_climate(tmp_path) is None
    (tmp_path / CLIMATE).write_text(HEADER + "Kaliurip,13,7,30,284,17,5,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="month: out of bounds"):
        read_climate(tmp_path)
    (tmp_path / CLIMATE).write_text(HEADER + "Kaliurip,11,7,30,284,0,0,0\n", encoding="utf-8")
    with pytest.raises(InputError, match="days_1_mm: out of bounds"):
        read_climate(tmp_path)


def test_the_climate_is_that_of_the_month_of_polling_day(tmp_path: Path) -> None:
    area = replace(tiny(), folder=tmp_path)
    assert climate_of(area) is None
    (tmp_path / CLIMATE).write_text(HEADER + "Kaliurip,2,7,28.25,284,17,5,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="not of the month of polling day"):
        climate_of(area)
    (tmp_path / CLIMATE).write_text(HEADER + "Kaliurip,11,7,30,284,17,5,1\n", encoding="utf-8")
    found = climate_of(area)
    assert found is not None and (found.years, found.station) == (7, "Kaliurip")
