"""The deployment model by PuLP against the very same model handed to HiGHS as arrays: what the modelling costs."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import highspy

from simsec.optimization.choices import Bounds
from simsec.optimization.deployment import Model, limits_of
from simsec.optimization.objective import DeploymentOptions
from simsec.optimization.pricing import Busy, prices_of
from simsec.optimization.solving import garbage_collector_paused, hand_over, solve
from simsec.scenario import read_scenario

AREA = Path(__file__).parents[1] / "scenarios" / "kabupaten-semarang"
GAP, SEED, TURNS = 0.005, 1, 3
RATIO = 1.5  # the modelling may cost half as much again as the solver alone


def arrays_of(model: Model) -> highspy.HighsLp:
    """Columns, rows and whole numbers of the model as HiGHS keeps them."""
    problem = model.problem
    problem.solverModel = highspy.Highs()
    problem.solverModel.setOptionValue("output_flag", False)
    hand_over(problem)
    lp, problem.solverModel = problem.solverModel.getLp(), None
    return lp


def by_arrays(lp: highspy.HighsLp) -> float:
    """Hand the arrays over and solve; the objective."""
    highs = highspy.Highs()
    for name, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", GAP), ("random_seed", SEED)):
        highs.setOptionValue(name, value)
    highs.passModel(lp)
    highs.run()
    return float(highs.getInfo().objective_function_value)


def solving() -> list[tuple[str, float, float, str]]:
    """Build and solve in turns, in CPU seconds; the medians and their ratio."""
    area = read_scenario(AREA)
    prices, limits = prices_of(area, Busy.of(area, 0.03, 7, 0.05, 0.05)), limits_of(area)
    built, solved, plain = [], [], []
    for _ in range(TURNS):
        begun = time.process_time()
        with garbage_collector_paused():
            model = Model(prices, limits, DeploymentOptions(gap=GAP), Bounds())
        built.append(time.process_time() - begun)
        lp = arrays_of(model)
        begun = time.process_time()
        found = solve(model.problem, gap=GAP)
        solved.append(time.process_time() - begun)
        begun = time.process_time()
        objective = by_arrays(lp)
        plain.append(time.process_time() - begun)
        assert abs(objective - found.objective) <= 2 * GAP * abs(objective), "the two solve different models"
    ratio = statistics.median((b + s) / p for b, s, p in zip(built, solved, plain, strict=True))
    return [
        (f"building the deployment model of {len(area.stations):,} stations", statistics.median(built), 1.0, "s"),
        (f"solving it to {GAP:.1%}", statistics.median(solved), 10.0, "s"),
        ("both, over the same model handed to HiGHS as arrays", ratio, RATIO, ""),
    ]
