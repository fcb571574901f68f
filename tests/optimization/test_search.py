"""The search keeps its streams of days apart and says how sure its choice is."""

from typing import Any

import numpy as np
import pytest

from simsec.analysis.replications import DayKey, day_keys, replicate_plans
from simsec.analysis.workers import open_workers
from simsec.optimization import search as module
from simsec.optimization.judge import JUDGING_FIRST, WORLDS_FIRST
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
    monkeypatch.setattr(module, "PORTFOLIO", ((0.0, 0.5), (0.3, 2.0)))
    few: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)
    with open_workers(1) as pool:
        found = module.search(tiny(), pool, time_limit_s=5, training=few, selection=few, acceptance=few)
    doctrine, training, candidates, acceptance = stages
    assert doctrine == candidates  # the selection days
    many: dict[str, int] = dict.fromkeys(DAY_TYPES, 300)
    judging = {first: set(day_keys(many, (1, 2, 3), first)) for first in (JUDGING_FIRST, WORLDS_FIRST)}
    streams = [doctrine, training, acceptance, *judging.values()]
    assert sum(map(len, streams)) == len(set.union(*streams))
    models = [candidate for candidate in found.candidates if candidate.origin == "model"]
    assert models[found.choice.best].measure.mean == min(model.measure.mean for model in models)
    assert 0 <= found.choice.probability <= 1 and found.choice.regret >= 0
    assert "Bonferroni" in found.choice.procedure


def test_without_days_nothing_is_stated() -> None:
    assert module.UNSTATED.best == -1 and np.isnan(module.UNSTATED.probability)
