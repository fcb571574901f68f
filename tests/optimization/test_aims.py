"""What a search looks for: the tail is that of the scenario."""

from pathlib import Path

import numpy as np

from simsec.analysis.replications import replicate
from simsec.optimization.aims import daily, tail_from
from simsec.plan import doctrine
from simsec.scenario import read_scenario
from simsec.scenario.schema import DAY_TYPES
from tests.areas import tiny_folder


def test_the_scenario_says_how_many_days_are_its_worst(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path)
    usual = read_scenario(folder)
    file = folder / "scenario.toml"
    share = '{ low = 0.1, mode = 0.5, high = 0.6, grade = "D", source = "test" }'
    file.write_text(file.read_text(encoding="utf-8") + f"\n[objective]\ntail_share = {share}\n", encoding="utf-8")
    area = read_scenario(folder)
    days: dict[str, int] = dict.fromkeys(DAY_TYPES, 6)
    runs = replicate(usual, doctrine(usual), days)
    assert (tail_from(usual), tail_from(area)) == (0.9, 0.5)
    worst, wider = (daily(one, runs, "tail") for one in (usual, area))
    assert np.array_equal(daily(usual, runs), daily(area, runs)) and not np.array_equal(worst, wider)
