"""The search keeps its streams of days apart and says how sure its choice is."""

from typing import Any

import numpy as np
import pytest

from simsec.analysis import replications, worlds
from simsec.analysis.replications import DayKey, day_keys, replicate, replicate_plans
from simsec.analysis.workers import open_workers
from simsec.day.sampling import sample_day
from simsec.optimization import judge as judging
from simsec.optimization import search as module
from simsec.optimization.judge import FINALISTS_FIRST, JUDGING_FIRST, WORLDS, WORLDS_FIRST
from simsec.plan import doctrine
from simsec.scenario.schema import DAY_TYPES
from tests.areas import tiny


def test_days_that_train_choose_accept_and_judge_never_meet_and_the_choice_is_stated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stages: list[set[DayKey]] = []

    def watched(scenario: Any, plans: Any, keys: tuple[DayKey, ...], workers: Any, **asked: Any) -> Any:
        stages.append(set(keys))
        return replicate_plans(scenario, plans, keys, workers, **asked)

    monkeypatch.setattr(module, "replicate_plans", watched)
    monkeypatch.setattr(module, "PORTFOLIO", ((0.0, 0.5, module.NOTHING), (0.3, 2.0, module.PATROLS), (0.0, 1.0, 0.06)))
    few: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)
    with open_workers(1) as pool:
        found = module.search(tiny(), pool, time_limit_s=5, training=few, selection=few, acceptance=few)
    finals = [stage for stage in stages if all(FINALISTS_FIRST <= key.replication < WORLDS_FIRST for key in stage)]
    family, training, candidates, *tests = [stage for stage in stages if stage not in finals]
    acceptance, final = set.union(*tests), set.union(*finals)
    told = (found.training_days, found.selection_days, found.acceptance_days)
    assert told == (len(training), len(family), len(tests[0]))
    assert found.finalists >= 2 and 0 < found.final_days <= len(final)
    assert family == candidates  # the selection days
    many: dict[str, int] = dict.fromkeys(DAY_TYPES, 300)
    # Worlds and the figures tried after them take further days of one stream; everybody's own days count from 0 on.
    firsts = (JUDGING_FIRST, *(WORLDS_FIRST + n * worlds.WORLD_STRIDE for n in range(WORLDS + 2)), 0)
    streams = [family, training, final, acceptance, *(set(day_keys(many, (1, 2, 3), first)) for first in firsts)]
    assert sum(map(len, streams)) == len(set.union(*streams))
    assert 0 <= found.choice.probability <= 1 and found.choice.regret >= 0
    assert found.choice.best >= 0 and found.choice.procedure


def test_without_days_nothing_is_stated() -> None:
    assert module.UNSTATED.best == -1 and np.isnan(module.UNSTATED.probability)


def test_days_that_judge_are_met_nowhere_else_and_the_seed_draws_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, list[DayKey]] = {}
    asked: dict[str, Any] = {}
    stage = "simulate"

    def day(scenario: Any, seed: int, replication: int, day_type: str) -> Any:
        drawn.setdefault(stage, []).append(DayKey(day_type, seed, replication))
        return sample_day(scenario, seed, replication, day_type)

    def in_worlds(*arguments: Any, **options: Any) -> Any:
        nonlocal stage
        stage = "worlds"
        asked.update(options)
        return worlds.play_worlds(*arguments, **options)

    def one_by_one(*arguments: Any) -> Any:
        nonlocal stage
        stage += " and further"
        return swings(*arguments)

    swings = worlds.play_swings
    monkeypatch.setattr(replications, "sample_day", day)
    monkeypatch.setattr(worlds, "play_swings", one_by_one)
    monkeypatch.setattr(judging, "play_worlds", in_worlds)
    monkeypatch.setattr(judging, "WORLDS", 2)
    area = tiny()
    few: dict[str, int] = dict.fromkeys(DAY_TYPES, 3)
    monkeypatch.setattr(worlds, "FIRST_PASS", few)
    monkeypatch.setattr(worlds, "of_the_police", lambda scenario, path: path.startswith("calls."))
    for seed in (1, 5, 6, 7):
        replicate(area, doctrine(area), few, seed=seed)
    stage = "judging"
    plans = (doctrine(area), doctrine(area, 8), doctrine(area, 6))
    with open_workers(1) as pool:
        judging.judge(area, *plans, few, few, pool, seeds=(5, 6, 7))
    assert asked["seed"] == 5
    assert {key.seed for key in drawn["judging"]} == {key.seed for key in drawn["worlds"]} == {5, 6, 7}
    met = [set(keys) for keys in drawn.values()]  # everybody's, judging, the worlds, figures one by one: tried, told
    assert len(met) == 5 and sum(map(len, met)) == len(set.union(*met))
