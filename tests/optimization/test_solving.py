import gc
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pulp
import pytest

from simsec.base.errors import InputError, RunError
from simsec.optimization import solving
from simsec.optimization.solving import SolverName, garbage_collector_paused, integral, relative_gap, solve

SOLVERS: tuple[SolverName, ...] = ("highs", "cbc")


def knapsack(
    seed: int, items: int, rows: int, *, sense: int = pulp.LpMaximize, constant: float = 7.0
) -> pulp.LpProblem:
    rng = np.random.default_rng(seed)
    problem = pulp.LpProblem("knapsack", sense)
    chosen = [problem.add_variable(f"x_{i}", 0, 1, cat="Integer") for i in range(items)]
    worth = rng.integers(10, 100, items).tolist()
    problem.setObjective(pulp.LpAffineExpression(zip(chosen, worth, strict=True), constant=constant))
    for _ in range(rows):
        size = rng.integers(10, 100, items)
        filled = pulp.LpAffineExpression(zip(chosen, size.tolist(), strict=True))
        problem += filled <= int(size.sum() / 2) if sense == pulp.LpMaximize else filled >= int(size.sum() / 2)
    return problem


def market_split(seed: int = 0) -> pulp.LpProblem:
    """Equations that have almost surely no answer, which almost surely nobody finds out in a second."""
    rng = np.random.default_rng(seed)
    problem = pulp.LpProblem("market_split")
    chosen = [problem.add_variable(f"x_{i}", 0, 1, cat="Integer") for i in range(50)]
    problem += pulp.lpSum(chosen)
    for _ in range(6):
        share = rng.integers(0, 100, 50)
        problem += pulp.LpAffineExpression(zip(chosen, share.tolist(), strict=True)) == int(share.sum() / 2)
    return problem


@pytest.mark.parametrize("sense", [pulp.LpMinimize, pulp.LpMaximize])
def test_both_solvers_agree_and_prove_it(sense: int) -> None:
    for seed in range(5):
        answers = [solve(knapsack(seed, 25, 4, sense=sense), solver=solver) for solver in SOLVERS]
        assert answers[0].objective == pytest.approx(answers[1].objective, rel=1e-9)
        for answer in answers:
            assert answer.status == "optimal"
            assert answer.gap <= 1e-6
            assert not answer.time_limit_struck


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_constant_moves_objective_and_bound_alike(solver: SolverName) -> None:
    plain = solve(knapsack(3, 60, 8, constant=0.0), solver=solver, gap=0.02)
    moved = solve(knapsack(3, 60, 8, constant=1000.0), solver=solver, gap=0.02)
    assert moved.objective - plain.objective == pytest.approx(1000.0)
    assert moved.bound - plain.bound == pytest.approx(1000.0)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("sense", [pulp.LpMinimize, pulp.LpMaximize])
def test_the_bound_is_the_solvers_own_and_encloses_the_optimum(solver: SolverName, sense: int) -> None:
    best = solve(knapsack(1, 40, 5, sense=sense)).objective
    loose = solve(knapsack(1, 40, 5, sense=sense), solver=solver, gap=0.2)
    assert loose.status == "optimal"
    assert 0 < loose.gap <= 0.2
    worst, least = (loose.objective, loose.bound) if sense == pulp.LpMinimize else (loose.bound, loose.objective)
    assert least <= best <= worst
    assert loose.gap == pytest.approx(abs(loose.objective - loose.bound) / loose.objective)


@pytest.mark.parametrize("solver", SOLVERS)
def test_an_objective_in_small_units_is_searched_as_far(solver: SolverName) -> None:
    for seed in range(3):
        whole, small = knapsack(seed, 30, 5, constant=0.0), knapsack(seed, 30, 5, constant=0.0)
        small.setObjective(small.objective * 1.23e-6)
        best = solve(whole).objective
        assert solve(small, solver=solver).objective == pytest.approx(best * 1.23e-6, rel=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_linear_program_is_its_own_bound(solver: SolverName) -> None:
    problem = pulp.LpProblem("diet")
    rice, fish = problem.add_variable("rice", 0), problem.add_variable("fish", 0)
    problem += 2.0 * rice + 3.0 * fish + 4.0
    problem += rice + 2.0 * fish >= 5.0
    problem += 3.0 * rice + fish >= 6.0
    answer = solve(problem, solver=solver)
    assert (answer.status, answer.gap) == ("optimal", 0.0)
    assert answer.objective == answer.bound == pytest.approx(2.0 * 1.4 + 3.0 * 1.8 + 4.0)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_struck_time_limit_is_said_and_its_plan_kept(solver: SolverName) -> None:
    problem = knapsack(0, 200, 30)
    answer = solve(problem, solver=solver, time_limit_s=0.7)
    assert answer.time_limit_struck
    assert answer.status == "feasible"
    assert answer.objective < answer.bound < math.inf
    assert answer.gap > 1e-6
    assert answer.seconds < 5.0
    assert problem.valid(1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_plan_within_the_time_limit_is_an_error(solver: SolverName) -> None:
    with pytest.raises(RunError, match=r"within 0\.2 s; give it more time"):
        solve(market_split(), solver=solver, time_limit_s=0.2)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("whole", [True, False])
def test_infeasible_is_an_answer(solver: SolverName, whole: bool) -> None:
    problem = pulp.LpProblem("no_way")
    pair = [problem.add_variable(f"x_{i}", 0, 3, cat="Integer" if whole else "Continuous") for i in range(2)]
    problem += pulp.lpSum(pair)
    problem += 2 * pair[0] + 2 * pair[1] == (5 if whole else 50)
    answer = solve(problem, solver=solver)
    assert answer.status == "infeasible"
    assert math.isnan(answer.objective) and math.isnan(answer.bound) and math.isnan(answer.gap)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("category", ["Integer", "Continuous"])
def test_unbounded_is_an_error_and_not_called_infeasible(solver: SolverName, category: str) -> None:
    problem = pulp.LpProblem("no_end")
    endless = problem.add_variable("endless", 0, cat=category)
    problem += -1.0 * endless
    problem += 1.0 * endless >= 1.0
    with pytest.raises(RunError, match="no_end is unbounded"):
        solve(problem, solver=solver)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e20, -1e20])
@pytest.mark.parametrize("where", ["objective", "row"])
def test_what_is_no_number_is_refused_before_a_solver_swallows_it(number: float, where: str) -> None:
    problem = pulp.LpProblem("odd")
    x = problem.add_variable("x", 0, 5)
    problem.setObjective(pulp.LpAffineExpression([(x, number if where == "objective" else 1.0)]))
    problem += pulp.LpAffineExpression([(x, number if where == "row" else 1.0)]) >= 1.0
    with pytest.raises(RunError, match=where):
        solve(problem)


def test_all_wrong_options_are_named_at_once() -> None:
    abacus: Any = "abacus"
    with pytest.raises(InputError) as caught:
        solve(knapsack(0, 5, 1), solver=abacus, time_limit_s=0.0, gap=math.nan)
    assert [problem.file for problem in caught.value.problems] == ["solver", "time limit", "gap"]


def test_a_question_without_a_price_is_answered() -> None:
    problem = pulp.LpProblem("any")
    x = problem.add_variable("x", 0, 5, cat="Integer")
    problem += 2 * x >= 3
    for solver in SOLVERS:
        answer = solve(problem, solver=solver)
        assert (answer.status, answer.objective, answer.bound) == ("optimal", 0.0, 0.0)
        assert integral(x.value()) >= 2


@pytest.mark.parametrize("solver", SOLVERS)
def test_nothing_is_printed_and_nothing_is_left_behind(
    solver: SolverName, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    answer = solve(knapsack(2, 20, 3), solver=solver)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    assert answer.solver.split()[0] == {"highs": "HiGHS", "cbc": "CBC"}[solver]
    assert answer.solver.split()[1][0].isdigit()


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_same_question_gets_the_same_answer(solver: SolverName) -> None:
    values = []
    for _ in range(2):
        problem = knapsack(5, 60, 6)
        solve(problem, solver=solver, gap=0.05, seed=11)
        values.append([variable.value() for variable in problem.variables()])
    assert values[0] == values[1]


def test_highs_works_after_somebody_else_took_two_threads() -> None:
    highspy.Highs.resetGlobalScheduler(True)
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 2)
    other.addVar(0.0, 1.0)
    other.run()
    assert solve(knapsack(0, 20, 3)).status == "optimal"


def test_a_missing_solver_is_said_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(RunError, match=r"CBC is not installed.*take highs"):
        solve(knapsack(0, 5, 1), solver="cbc")


def test_cbc_works_in_a_folder_with_a_space_in_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "Bag Ops").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "Bag Ops"))
    assert solve(knapsack(0, 5, 1), solver="cbc").status == "optimal"


@pytest.mark.parametrize("what", ["import time; time.sleep(60)", "raise SystemExit(3)"])
def test_a_cbc_that_does_not_answer_is_not_waited_for(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda _, **options: run([sys.executable, "-c", what], **options))
    begun = time.perf_counter()
    with pytest.raises(RunError, match=r"found no plan .* within 0\.3 s|CBC failed: 3"):
        solve(knapsack(0, 5, 1), solver="cbc", time_limit_s=0.3)
    assert time.perf_counter() - begun < 10.0


def test_a_bound_that_its_own_plan_beats_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = solving._solve_highs

    def too_proud(*arguments: Any) -> solving._Stop:
        stop = honest(*arguments)
        return solving._Stop(stop.status, stop.bound / 2, stop.solver, stop.time_limit_struck)

    monkeypatch.setattr(solving, "_solve_highs", too_proud)
    with pytest.raises(RunError, match="contradicts itself"):
        solve(knapsack(0, 20, 3))


def test_whole_numbers_are_rounded_and_others_refused() -> None:
    assert [integral(value) for value in (2.999999, -0.0000001, 7.0)] == [3, 0, 7]
    for value in (2.9, 0.5, math.nan, None):
        with pytest.raises(RunError, match="whole number"):
            integral(value)


def test_relative_gap_knows_its_ends() -> None:
    assert relative_gap(0.0, 0.0) == 0.0
    assert relative_gap(0.0, -1.0) == math.inf
    assert relative_gap(10.0, -math.inf) == math.inf
    assert relative_gap(-10.0, -11.0) == pytest.approx(0.1)


def test_the_garbage_collector_is_left_as_it_was_found() -> None:
    assert gc.isenabled()
    with pytest.raises(KeyError), garbage_collector_paused():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
    with garbage_collector_paused():
        with garbage_collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
