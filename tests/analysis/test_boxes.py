"""Laws of the return of the boxes: what a run keeps is what its days say, late in rain, and told with its limits."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simsec.analysis.boxes import boxes_back
from simsec.analysis.breakdown import scopes_of
from simsec.analysis.replications import Replications, day_keys, replicate_plans
from simsec.analysis.workers import open_workers
from simsec.base.clock import format_stamp, parse_stamp
from simsec.base.errors import InputError
from simsec.cli.main import app
from simsec.day import sample_day
from simsec.plan import doctrine
from simsec.scenario import read_scenario
from simsec.simulation import simulate
from simsec.simulation.boxes import boxes_back_min
from tests.areas import SHIPPED, tiny, tiny_folder, tiny_plan


@cache
def runs() -> Replications:
    with open_workers(1) as pool:
        keys = day_keys({"ordinary": 30, "heavy_rain": 6, "rumour": 4, "severe": 4}, (1,))
        return replicate_plans(tiny(), [tiny_plan()], keys, pool, missions=True)[0]


def test_a_run_keeps_when_the_boxes_of_its_days_are_back_and_who_was_away() -> None:
    for row, key in enumerate(runs().keys):
        day = sample_day(tiny(), key.seed, key.replication, key.day_type)
        outcome = simulate(tiny(), tiny_plan(), day)
        np.testing.assert_array_equal(runs().boxes_back_min[row], boxes_back_min(tiny(), day, outcome))
        np.testing.assert_array_equal(runs().away_min[row], outcome.units.away_min)


def test_the_median_and_the_late_tenth_are_those_of_all_villages_and_days() -> None:
    one = boxes_back(tiny(), runs(), {0: 1.0})
    values = np.sort(runs().boxes_back_min[runs().stratum == 0].ravel())
    assert one.median_min.mean == values[(len(values) - 1) // 2]
    assert one.p90_min.mean == values[int(np.ceil(0.9 * len(values))) - 1]
    assert one.median_min.low <= one.median_min.mean <= one.median_min.high
    ends = format_stamp(one.median_min.mean)
    clock = tiny().settings.clock.model_copy(update={"ends": ends})
    early = replace(tiny(), settings=tiny().settings.model_copy(update={"clock": clock}))
    late = values >= parse_stamp(ends)
    assert 0 < late.mean() < 1
    assert boxes_back(early, runs(), {0: 1.0}).after_clock_share.mean == pytest.approx(late.mean())


def test_the_boxes_are_told_for_every_scope_in_order() -> None:
    for probability in scopes_of(tiny(), runs()).values():
        found = boxes_back(tiny(), runs(), probability)
        assert 13 * 60 < found.median_min.mean <= found.p90_min.mean
        assert 0 <= found.after_clock_share.mean <= 1


@pytest.mark.parametrize(("stamp", "share"), [("H+1 12:00", 0.0), ("H 13:30", 1.0)])
def test_counts_beyond_the_legal_limit_are_told(stamp: str, share: float) -> None:
    stages = tiny().settings.stages.model_copy(update={"counting_limit": stamp})
    area = replace(tiny(), settings=tiny().settings.model_copy(update={"stages": stages}))
    with open_workers(1) as pool:
        found = replicate_plans(area, [tiny_plan()], day_keys({"ordinary": 5}, (1,)), pool)[0]
    told = boxes_back(area, found, {0: 1.0}).counts_late_share
    assert told.mean == share
    assert (told.high > 0) or share == 1.0  # none in five days is not none for ever


def test_a_scenario_without_stages_says_nothing() -> None:
    area = read_scenario(SHIPPED.parent / "textbook" / "mm1")
    with open_workers(1) as pool:
        found = replicate_plans(area, [doctrine(area)], day_keys({"ordinary": 2}, (1,)), pool)[0]
    assert boxes_back(area, found, {0: 1.0}) is None


def test_the_command_line_tells_the_boxes_to_people_and_machines(tmp_path: Path) -> None:
    run = ["simulate", str(tiny_folder(tmp_path / "area")), "--days", "2", "--workers", "1", "--lang", "en"]
    said = CliRunner().invoke(app, run)
    assert said.exit_code == 0 and "Boxes back at the stores of the sub-districts, Pilkada" in said.stdout
    told = json.loads(CliRunner().invoke(app, [*run, "--json"]).stdout)["measures"]["boxes_back"]
    assert told["election_type"] == "pilkada" and {"natural", "heavy_rain"} <= set(told)
    assert set(told["natural"]) == {"median_min", "p90_min", "after_clock_share", "counts_late_share"}
    assert told["natural"]["median_min"]["mean"] <= told["natural"]["p90_min"]["mean"]


def test_a_limit_before_the_vote_closes_is_refused(tmp_path: Path) -> None:
    path = tiny_folder(tmp_path / "area") / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    assert 'counting_limit = "H+1 12:00"' in text
    path.write_text(text.replace('counting_limit = "H+1 12:00"', 'counting_limit = "H 12:00"'), encoding="utf-8")
    told = "stages.counting_limit: no count can end before the vote closes .found 'H 12:00'.; expected after H 13:00"
    with pytest.raises(InputError, match=told):
        read_scenario(path.parent)
