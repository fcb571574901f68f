"""Laws of electricity: known stations stay as they are, the others draw once a day, and counting by lamps is slower."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from simsec.base.errors import InputError
from simsec.day import sample_day
from simsec.day.power import counting_factor, without_power
from simsec.scenario import read_scenario
from tests.areas import shipped
from tests.scenario.area import sukamaju

EVERYWHERE = np.arange(len(shipped().stations))
POWER = shipped().settings.power


def test_stations_are_without_power_in_their_share_and_others_on_another_day() -> None:
    assert POWER is not None
    dark = np.array([without_power(shipped(), EVERYWHERE, 1, replication) for replication in range(40)])
    low, high = stats.binom.interval(0.999, dark.size, POWER.no_power_share.mode)
    assert low <= dark.sum() <= high and (dark[0] != dark[1]).any()
    some = EVERYWHERE[::7]
    assert (without_power(shipped(), some, 1, 3) == dark[3][some]).all()
    darker = shipped().with_values({"power.no_power_share": 0.1})
    assert (without_power(darker, EVERYWHERE, 1, 0) >= dark[0]).all()


def test_what_the_table_knows_is_not_drawn() -> None:
    known = replace(shipped(), stations=replace(shipped().stations, power=EVERYWHERE % 3 - 1), hash="known")
    dark, drawn = (without_power(area, EVERYWHERE, 1, 0) for area in (known, shipped()))
    assert (dark[0::3] == drawn[0::3]).all() and dark[1::3].all() and not dark[2::3].any()


def test_only_stations_without_power_count_slower() -> None:
    assert POWER is not None
    for replication in range(5):
        dark = without_power(shipped(), EVERYWHERE, 1, replication)
        slower = np.where(dark, POWER.counting_slower_without_power.mode, 1.0)
        assert np.array_equal(counting_factor(shipped(), 1, replication), slower) and slower.max() > 1
    settings = shipped().settings.model_copy(update={"power": None})
    assert (counting_factor(replace(shipped(), settings=settings), 1, 0) == 1).all()


def test_power_moves_nothing_else_of_a_day() -> None:
    darker = shipped().with_values({"power.no_power_share": 0.1})
    before, after = (sample_day(area, 1, 0) for area in (shipped(), darker))
    assert np.array_equal(before.incidents.onset_min, after.incidents.onset_min)
    assert np.array_equal(before.incidents.report_delay_min, after.incidents.report_delay_min)


def test_the_column_may_be_left_out_and_its_words_are_checked(tmp_path: Path) -> None:
    folder = sukamaju(tmp_path / "area")
    path = folder / "polling_stations.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    assert "power" not in header and (read_scenario(folder).stations.power == -1).all()
    words = ["no", "yes", *[""] * (len(rows) - 2)]
    cells = [f"{row},{word}" for row, word in zip(rows, words, strict=True)]
    path.write_text("\n".join([f"{header},power", *cells, ""]), encoding="utf-8")
    assert read_scenario(folder).stations.power[:3].tolist() == [0, 1, -1]
    path.write_text("\n".join([f"{header},power", f"{rows[0]},perhaps", *cells[1:], ""]), encoding="utf-8")
    with pytest.raises(InputError, match="power: unknown word"):
        read_scenario(folder)
