"""Hands a PuLP model to a named solver and says what the answer is worth: objective, dual bound, gap, status.

The bound is the solver's own, read from HiGHS or from CBC's log, never the objective repeated in its place. One thread
and a fixed seed make an answer repeatable; the gap stops the search, the time limit is only a safety net.

Expressions are built from (variable, coefficient) pairs, each variable once: ``pulp.LpAffineExpression(pairs)`` keeps
the last of two equal variables, ``pulp.lpSum`` adds them up.
"""

from __future__ import annotations

import contextlib
import gc
import math
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import highspy
import numpy as np
import pulp
from numpy.typing import NDArray

from simsec.base.errors import InputError, Problem, RunError, either, say

SolverName = Literal["highs", "cbc"]
Status = Literal["optimal", "feasible", "infeasible"]

_LARGEST_COEFFICIENT = 1e15  # HiGHS leaves out a row with a larger one
_ROW_TOLERANCE = 1e-5  # an answer that breaks a row by more is none
_BOUND_TOLERANCE = 1e-4  # a bound further beyond its own plan than this is a contradiction, not a rounding error
_CBC_INCREMENT = 1e-9  # CBC drops plans that gain less than its own 1e-5, whatever the scale of the objective
_CBC_HALF_DIGIT = 0.0005  # CBC prints its bound with three decimals
_CBC_GRACE, _CBC_LEAST_GRACE_S = 0.05, 0.5  # what CBC may take beyond its time limit before it is stopped
_A_MOMENT_S = 1e-3


class NoPlanInTime(RunError):
    """The time limit struck before the solver had any plan."""


@dataclass(frozen=True, slots=True)
class Solved:
    """What came back from a solver.

    Attributes:
        objective: of the plan found, constant included, in the model's own sense; NaN when infeasible.
        bound: no plan can be better than this; infinite while the solver knows none, NaN when infeasible.
        gap: distance between the two, relative to the objective.
        status: ``optimal`` within the gap asked for, ``feasible`` when it stopped before that, ``infeasible``.
        solver: name and version.
        seconds: wall-clock seconds, handing over included.
        time_limit_struck: True when the time limit stopped the search.
    """

    objective: float
    bound: float
    gap: float
    status: Status
    solver: str
    seconds: float
    time_limit_struck: bool


@dataclass(frozen=True, slots=True)
class _Stop:
    """How a solver stopped; the bound lacks the objective's constant, which neither solver is told of."""

    status: Status
    bound: float
    solver: str
    time_limit_struck: bool


def solve(
    problem: pulp.LpProblem,
    *,
    solver: SolverName = "highs",
    time_limit_s: float | None = None,
    gap: float = 1e-6,
    seed: int = 1,
) -> Solved:
    """Solve a model with a named solver; the values stand in the model's variables afterwards.

    Args:
        problem: the model; solving changes nothing in it but values and statuses.
        solver: ``highs`` (in this process) or ``cbc`` (a program of its own, the second opinion).
        time_limit_s: seconds after which the best plan so far is taken; None for no limit.
        gap: relative gap at which the search stops.
        seed: of the solver's own random choices.

    Returns:
        The answer. An infeasible model is an answer too.

    Raises:
        InputError: an unknown solver, or a gap or time limit that makes no sense.
        RunError: the solver is not there, stopped without an answer, or the model is unbounded or holds a number that
            is none.

    Example:
        >>> import pulp
        >>> problem = pulp.LpProblem("two_of_three_posts")
        >>> posts = [problem.add_variable(f"post_{j}", 0, 1, cat="Integer") for j in range(3)]
        >>> problem += pulp.LpAffineExpression(zip(posts, (4.0, 2.0, 3.0)))
        >>> problem += pulp.lpSum(posts) >= 2
        >>> answer = solve(problem)
        >>> answer.status, answer.objective, answer.bound, answer.gap
        ('optimal', 5.0, 5.0, 0.0)
    """
    problems = option_problems(solver, time_limit_s, gap)
    if problems:
        raise InputError(problems)
    started = time.perf_counter()
    _check_numbers(problem)
    try:
        run = _solve_cbc if solver == "cbc" else _solve_highs
        with garbage_collector_paused():
            stop = run(problem, time_limit_s, gap, seed, started)
    except (pulp.PulpError, OSError) as error:
        raise RunError(say("the solver {solver} failed: {words}", solver=solver, words=error)) from error
    seconds = time.perf_counter() - started
    if stop.status == "infeasible":
        return Solved(math.nan, math.nan, math.nan, stop.status, stop.solver, seconds, stop.time_limit_struck)
    constant = _constant(problem)
    objective, bound = constant + _varying(problem), constant + stop.bound
    beyond = problem.sense * (bound - objective)
    if beyond > _BOUND_TOLERANCE * (1.0 + abs(objective)):
        template = "{solver} contradicts itself: its plan costs {cost}, its bound is {bound}"
        raise RunError(say(template, solver=stop.solver, cost=objective, bound=bound))
    bound = objective if beyond > 0 else bound
    return Solved(
        objective, bound, relative_gap(objective, bound), stop.status, stop.solver, seconds, stop.time_limit_struck
    )


def option_problems(solver: str, time_limit_s: float | None, gap: float) -> list[Problem]:
    """What is wrong with the options of a search, for those who check them before they build a model.

    Example:
        >>> [str(problem) for problem in option_problems("highs", -5.0, 1e-6)]
        ["time limit: not a time to search in (found '-5.0'); expected seconds > 0"]
    """
    problems = []
    if solver not in get_args(SolverName):
        bound = either(get_args(SolverName))
        problems.append(Problem("solver", "unknown solver", value=str(solver), bound=bound))
    if time_limit_s is not None and not time_limit_s > 0:
        what, value = "not a time to search in", str(time_limit_s)
        problems.append(Problem(say("time limit"), what, value=value, bound="seconds > 0"))
    if not 0 <= gap < math.inf:
        problems.append(Problem("gap", "not a gap to stop at", value=str(gap), bound="0 or more"))
    return problems


def relative_gap(objective: float, bound: float) -> float:
    """Distance between objective and bound as a share of the objective: 0 is proven best, infinite is nothing known.

    Example:
        >>> relative_gap(200.0, 199.0), relative_gap(0.0, 0.0), relative_gap(5.0, -math.inf)
        (0.005, 0.0, inf)
    """
    distance = abs(objective - bound)
    if distance == 0.0:
        return 0.0
    return distance / abs(objective) if objective else math.inf


def integral(value: float | None, *, tolerance: float = 1e-5) -> int:
    """The whole number a solver meant, which it returns as 2.9999999.

    Args:
        value: value of an integer variable.
        tolerance: how far from whole it may be.

    Raises:
        RunError: the value is missing or not whole.

    Example:
        >>> integral(2.9999999)
        3
    """
    if value is None or not math.isfinite(value) or abs(value - round(value)) > tolerance:
        raise RunError(say("the solver gave {value} where a whole number belongs", value=value))
    return round(value)


@contextlib.contextmanager
def garbage_collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector while a model is built.

    A model is hundreds of thousands of live objects and no cycles; walking through them again and again costs about as
    much as building them.

    Example:
        >>> with garbage_collector_paused():
        ...     gc.isenabled()
        False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _check_numbers(problem: pulp.LpProblem) -> None:
    """Both solvers take a NaN or drop a row in silence and call the rest optimal."""
    rows = [("objective", problem.objective)] if problem.objective is not None else []
    rows += [(f"row {row.name or number}", row) for number, row in enumerate(problem.constraints(), start=1)]
    for name, row in rows:
        for coefficient in (*row.values(), row.constant):
            if not -_LARGEST_COEFFICIENT <= coefficient <= _LARGEST_COEFFICIENT:
                template = "model {model}, {row}: {coefficient} is no number to calculate with"
                raise RunError(say(template, model=problem.name, row=name, coefficient=coefficient))


def _solve_highs(problem: pulp.LpProblem, time_limit_s: float | None, gap: float, seed: int, started: float) -> _Stop:
    engine = pulp.HiGHS(msg=False, threads=1, gapRel=gap, random_seed=seed)
    engine.buildSolverModel = hand_over
    if time_limit_s is not None:
        engine.callSolver = _in_what_is_left(time_limit_s, started)
    problem.solve(engine)
    highs = problem.solverModel
    if highs.getModelStatus() == highspy.HighsModelStatus.kNotset:
        # HiGHS keeps one pool of threads per process and refuses to run if somebody opened it with another number.
        highspy.Highs.resetGlobalScheduler(True)
        problem.solve(engine)
        highs = problem.solverModel
    problem.solverModel = None  # frees the solver's own copy of the model
    status = highs.getModelStatus()
    if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:  # PuLP calls both infeasible
        highs.setOptionValue("presolve", "off")
        highs.run()
        status = highs.getModelStatus()
    name = f"HiGHS {highs.version()}"
    struck = bool(status == highspy.HighsModelStatus.kTimeLimit)
    if status == highspy.HighsModelStatus.kInfeasible:
        return _Stop("infeasible", math.nan, name, False)
    info = highs.getInfo()
    optimal = bool(status == highspy.HighsModelStatus.kOptimal) and problem.sol_status == pulp.LpSolutionOptimal
    # PuLP takes whatever a time limit leaves behind for a plan, also a basis in the middle of the simplex method.
    if not optimal and (
        problem.sol_status != pulp.LpSolutionIntegerFeasible
        or info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible
    ):
        raise _no_answer(problem, name, highs.modelStatusToString(status), time_limit_s if struck else None)
    sense = float(problem.sense)  # PuLP turns a maximisation round before HiGHS sees it
    if problem.isMIP():
        bound = sense * float(info.mip_dual_bound)
    else:
        bound = sense * (float(info.objective_function_value) if optimal else -math.inf)
    return _Stop("optimal" if optimal else "feasible", bound, name, struck)


def hand_over(problem: pulp.LpProblem) -> None:
    """Give HiGHS the columns and rows of a model in one piece each; PuLP, row by row, takes five times as long."""
    highs, variables, rows = problem.solverModel, problem.variables(), problem.constraints()
    for number, variable in enumerate(variables):
        variable.index = number
    sign = float(problem.sense)  # HiGHS always minimises
    prices = np.array([sign * problem.objective.get(variable, 0.0) for variable in variables], np.float64)
    none = np.zeros(0, np.int32)
    lower = _limits([variable.lowBound for variable in variables], -math.inf)
    upper = _limits([variable.upBound for variable in variables], math.inf)
    highs.addCols(len(variables), prices, lower, upper, 0, none, none, np.zeros(0))
    whole = np.array([variable.index for variable in variables if variable.cat == pulp.LpInteger], np.int32)
    highs.changeColsIntegrality(len(whole), whole, np.full(len(whole), highspy.HighsVarType.kInteger))
    for number, row in enumerate(rows):
        row.index = number
    entries = [(variable.index, coefficient) for row in rows for variable, coefficient in row.items() if coefficient]
    starts = np.cumsum([0] + [sum(1 for coefficient in row.values() if coefficient) for row in rows])
    columns = np.array([column for column, _ in entries], np.int32)
    coefficients = np.array([coefficient for _, coefficient in entries], np.float64)
    lower = _limits([row.getLb() for row in rows], -math.inf)
    upper = _limits([row.getUb() for row in rows], math.inf)
    highs.addRows(len(rows), lower, upper, len(entries), starts[:-1].astype(np.int32), columns, coefficients)


def _limits(limits: list[float | None], none: float) -> NDArray[np.float64]:
    return np.array([none if limit is None else limit for limit in limits], np.float64)


def _in_what_is_left(time_limit_s: float, started: float) -> Callable[[pulp.LpProblem], None]:
    """Runs HiGHS, whose own clock does not see the seconds that handing it a large model takes."""

    def run(problem: pulp.LpProblem) -> None:
        # Taking the answer back takes about as long as handing the model over.
        handing_over_s = time.perf_counter() - started
        left_s = max(time_limit_s - 2.0 * handing_over_s, _A_MOMENT_S)
        problem.solverModel.setOptionValue("time_limit", left_s)
        problem.solverModel.run()

    return run


def _solve_cbc(problem: pulp.LpProblem, time_limit_s: float | None, gap: float, seed: int, started: float) -> _Stop:
    bundled = getattr(pulp, "PULP_CBC_CMD", None)
    program = shutil.which(bundled.pulp_cbc_path if bundled is not None else "cbc") or shutil.which("cbc")
    if program is None:
        raise RunError("the solver CBC is not installed; install it, or take highs")
    with tempfile.TemporaryDirectory() as folder:
        log = _run_cbc(problem, program, Path(folder), time_limit_s, gap, seed, started)
        out_of_time = time_limit_s is not None and time.perf_counter() - started >= time_limit_s
    version = re.search(r"^Version: (\S+)", log, re.MULTILINE)
    name = f"CBC {version.group(1)}" if version else "CBC"
    # CBC's preprocessing calls a model infeasible when its time runs out.
    struck = "Stopped on time" in log or (out_of_time and "Pre-processing says" in log)
    if problem.status == pulp.LpStatusInfeasible and not struck:
        return _Stop("infeasible", math.nan, name, False)
    optimal = problem.sol_status == pulp.LpSolutionOptimal
    if not optimal and problem.sol_status != pulp.LpSolutionIntegerFeasible:
        raise _no_answer(problem, name, str(pulp.LpStatus[problem.status]), time_limit_s if struck else None)
    if not optimal and not problem.valid(_ROW_TOLERANCE):  # CBC also writes what breaks a row when it is stopped
        raise _no_answer(problem, name, say("the values it left break a row"), time_limit_s if struck else None)
    return _Stop("optimal" if optimal else "feasible", _cbc_bound(problem, log, optimal), name, struck)


def _run_cbc(
    problem: pulp.LpProblem,
    program: str,
    folder: Path,
    time_limit_s: float | None,
    gap: float,
    seed: int,
    started: float,
) -> str:
    """Run CBC on a model, put its answer into the model and give its log.

    PuLP's own way of calling it waits for as long as CBC likes, which does not look at its clock while it solves a
    large linear program.
    """
    model, answer, log = folder / "model.mps", folder / "model.sol", folder / "cbc.log"
    was_empty, stand_in = problem.fixObjective()
    variables, names, rows, _ = problem.writeMPS(str(model), rename=1)
    problem.restoreObjective(was_empty, stand_in)
    command = [program, str(model)] + (["-max"] if problem.sense == pulp.LpMaximize else [])
    command += ["-timeMode", "elapsed", "-ratio", str(gap), "-increment", str(_CBC_INCREMENT)]
    command += ["-randomSeed", str(seed), "-randomCbcSeed", str(seed)]
    left_s = None
    if time_limit_s is not None:
        left_s = max(time_limit_s - (time.perf_counter() - started), _A_MOMENT_S)
        command += ["-sec", str(left_s)]
    command += ["-solve" if problem.isMIP() else "-initialSolve", "-printingOptions", "all", "-solution", str(answer)]
    with log.open("wb") as printed:
        patience_s = None if left_s is None else left_s + max(_CBC_GRACE * left_s, _CBC_LEAST_GRACE_S)
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, timeout=patience_s)
        except subprocess.TimeoutExpired as error:
            raise _no_answer(problem, "CBC", "", time_limit_s) from error
    if done.returncode != 0 or not answer.exists():
        raise RunError(say("the solver {solver} failed: {words}", solver="CBC", words=done.returncode))
    status, values, _, _, _, sol_status = pulp.COIN_CMD(msg=False).readsol_MPS(
        str(answer), problem, variables, names, rows
    )
    problem.assignVarsVals(values)
    problem.assignStatus(status, sol_status)
    return log.read_text(encoding="utf-8", errors="replace")


def _cbc_bound(problem: pulp.LpProblem, log: str, optimal: bool) -> float:
    """The bound CBC printed, rounded to the safe side; a completed search prints none, its plan is the bound."""
    printed = re.search(r"^(?:Lower|Upper) bound:\s+(\S+)", log, re.MULTILINE)
    sense = float(problem.sense)
    if printed:
        return float(printed.group(1)) - sense * _CBC_HALF_DIGIT
    return _varying(problem) if optimal else -sense * math.inf


def _constant(problem: pulp.LpProblem) -> float:
    return 0.0 if problem.objective is None else float(problem.objective.constant)


def _varying(problem: pulp.LpProblem) -> float:
    """The objective as the solvers see it: of the values found, without the constant."""
    priced = () if problem.objective is None else problem.objective.items()
    # An objective without variables comes back with PuLP's own dummy in it, times zero and without a value.
    return math.fsum(price * variable.value() for variable, price in priced if price)


def _no_answer(problem: pulp.LpProblem, solver: str, reason: str, time_limit_s: float | None) -> RunError:
    if reason == "Unbounded":
        template = "model {model} is unbounded ({solver}): a limit or a price is missing"
        return RunError(say(template, model=problem.name, solver=solver))
    if time_limit_s is not None:
        template = "{solver} found no plan for model {model} within {seconds:g} s; give it more time"
        return NoPlanInTime(say(template, solver=solver, model=problem.name, seconds=time_limit_s))
    template = "{solver} gave no answer for model {model}: {reason}"
    return RunError(say(template, solver=solver, model=problem.name, reason=reason))
