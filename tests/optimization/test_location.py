import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pulp
import pytest
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from simsec.base.errors import InputError, RunError
from simsec.optimization.location import LocationSolution, expected_p_median, p_median
from simsec.optimization.location import answer as asking
from simsec.optimization.solving import Solved, SolverName

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def plans(units: int, room: Whole, opened: list[int], closed: list[int]) -> Iterator[Whole]:
    """Every way to stand the units."""
    for counts in itertools.product(*(range(min(int(most), units) + 1) for most in room)):
        if sum(counts) == units and all(counts[j] for j in opened) and not any(counts[j] for j in closed):
            yield np.array(counts)


def cost_of(cost: Floats, weight: Floats, share: list[float], counts: Whole) -> float:
    """Written apart from the code under test: each demand sorts the units by cost and pays level by level."""
    total = 0.0
    for row, w in zip(cost, weight, strict=True):
        units = sorted(c for c, n in zip(row, counts, strict=True) for _ in range(n))
        total += w * sum(q * c for q, c in zip(share, units, strict=False) if q) if w else 0.0
    return total


def shares(busy: float, levels: int) -> list[float]:
    return [(1 - busy) * busy**r for r in range(levels - 1)] + [busy ** (levels - 1)]


def random_demand(rng: np.random.Generator, n_demands: int, n_sites: int) -> tuple[Floats, Floats]:
    """Half with many ties and idle demands, half with scales from metres to minutes; a third with ways that are cut."""
    cut = np.where(rng.random((n_demands, n_sites)) < rng.choice([0.0, 0.0, 0.25]), np.inf, 0.0)
    if rng.random() < 0.5:
        return rng.integers(0, 6, cut.shape) + cut, rng.integers(0, 3, n_demands).astype(float)
    return rng.random(cut.shape) * 10.0 ** rng.integers(-3, 5) + cut, rng.random(n_demands) + 0.01


def fixed(rng: np.random.Generator, n_sites: int) -> tuple[list[int], list[int]]:
    """Now and then one site open and another closed."""
    order = rng.permutation(n_sites).tolist()
    return order[: int(rng.random() < 0.3)], order[1 : 1 + int(rng.random() < 0.3)]


def assert_proven(answer: LocationSolution, best: float) -> None:
    assert answer.objective == pytest.approx(best, rel=1e-6, abs=1e-12)
    assert answer.status == "optimal"
    assert answer.bound <= answer.objective
    assert answer.gap <= 1e-6


def towns(seed: int, n: int) -> Floats:
    """Minutes between points in a square of 60 minutes."""
    points = 60.0 * np.random.default_rng(seed).random((n, 2))
    return np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))


@pytest.mark.parametrize("seed", range(3))
def test_p_median_equals_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    solved = 0
    while solved < 50:
        n_sites = int(rng.integers(1, 8))
        cost, weight = random_demand(rng, int(rng.integers(1, 9)), n_sites)
        p = int(rng.integers(1, n_sites + 1))
        opened, closed = fixed(rng, n_sites)
        if p > n_sites - len(closed):
            continue
        seen, nearest, escape = cost, None, None
        if rng.random() < 0.4:
            nearest, escape = int(rng.integers(1, n_sites + 1)), float(rng.choice(np.append(cost[cost < np.inf], 1.0)))
            rank = np.argsort(np.argsort(cost, axis=1, kind="stable"), axis=1)
            seen = np.minimum(np.where(rank < nearest, cost, escape), escape)
        best = min(cost_of(seen, weight, [1.0], plan) for plan in plans(p, np.ones(n_sites, int), opened, closed))
        asked: dict[str, Any] = dict(
            p=p, weight=weight, nearest=nearest, escape=escape, fixed_open=opened, fixed_closed=closed
        )
        if math.isinf(best):
            with pytest.raises(InputError, match=r"can serve demands|too few to reach every demand"):
                p_median(cost, **asked)
            continue
        assert_proven(p_median(cost, **asked), best)
        solved += 1


@pytest.mark.parametrize("seed", range(4))
def test_expected_p_median_equals_enumeration(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    solved = 0
    while solved < 40:
        n_sites, units, levels = (int(rng.integers(1, most)) for most in (6, 5, 5))
        cost, weight = random_demand(rng, int(rng.integers(1, 8)), n_sites)
        busy = float(rng.choice([0.0, 0.2, 0.5, 0.6, 0.8, 0.95]))
        room = rng.integers(0, 4, n_sites)
        opened, closed = fixed(rng, n_sites)
        share = shares(busy, min(levels, units))
        best = min((cost_of(cost, weight, share, plan) for plan in plans(units, room, opened, closed)), default=None)
        asked: dict[str, Any] = dict(
            units=units, busy=busy, levels=levels, weight=weight, room=room, fixed_open=opened, fixed_closed=closed
        )
        if best is None or math.isinf(best):
            with pytest.raises(InputError):
                expected_p_median(cost, **asked)
            continue
        assert_proven(expected_p_median(cost, **asked), best)
        solved += 1


def test_cbc_and_highs_agree() -> None:
    for seed in range(4):
        cost = towns(seed, 25)
        first, second = (p_median(cost, p=5, solver=solver) for solver in ("highs", "cbc"))
        assert_proven(second, first.objective)
        first, second = (
            expected_p_median(cost, units=4, busy=0.3, levels=2, solver=solver) for solver in ("highs", "cbc")
        )
        assert_proven(second, first.objective)


def test_units_that_are_never_busy_and_stand_alone_are_a_p_median() -> None:
    cost, ones = towns(1, 30), np.ones(30, int)
    alone = expected_p_median(cost, units=6, busy=0.0, levels=3, room=ones)
    assert_proven(alone, p_median(cost, p=6).objective)


def test_busier_units_and_fewer_units_cost_more() -> None:
    cost = towns(2, 20)
    by_busy = [expected_p_median(cost, units=4, busy=busy, levels=3).objective for busy in (0.0, 0.2, 0.4)]
    by_units = [expected_p_median(cost, units=units, busy=0.2, levels=3).objective for units in (6, 5, 4)]
    assert by_busy == sorted(by_busy) and by_busy[0] < by_busy[-1]
    assert by_units == sorted(by_units) and by_units[0] < by_units[-1]


def test_what_is_handed_out_belongs_together() -> None:
    cost = towns(3, 40)
    answer = expected_p_median(cost, units=7, busy=0.4, levels=3, room=np.full(40, 2))
    assert answer.counts.sum() == 7 and answer.counts.max() <= 2
    assert answer.sites.tolist() == np.flatnonzero(answer.counts).tolist()
    standing = np.repeat(np.arange(40), answer.counts)
    nearest = np.sort(cost[:, standing], axis=1)[:, :3]
    assert np.array_equal(np.take_along_axis(cost, answer.assignment, axis=1), nearest)
    assert answer.objective == pytest.approx(float((nearest @ shares(0.4, 3)).sum()))
    assert answer.seconds > 0 and answer.solver.startswith("HiGHS")


def test_equal_demands_are_one_demand_of_their_weight() -> None:
    cost = towns(4, 20)
    weight = np.random.default_rng(4).integers(1, 5, 20)
    merged = p_median(cost, p=4, weight=weight)
    apart = p_median(np.repeat(cost, weight, axis=0), p=4)
    assert_proven(apart, merged.objective)
    assert np.array_equal(apart.assignment, np.repeat(merged.assignment, weight))


def test_merging_leaves_one_row_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def watched(model: pulp.LpProblem, **options: Any) -> Solved:
        sizes.append(len(model.variables()))
        return honest(model, **options)

    honest = asking.solve
    monkeypatch.setattr(asking, "solve", watched)
    p_median(towns(5, 15), p=3)
    p_median(np.tile(towns(5, 15), (9, 1)), p=3)
    assert sizes[0] == sizes[-1]


@pytest.mark.parametrize("unit", [1e-7, 1.0, 1e7])
def test_the_unit_of_cost_changes_nothing_but_the_unit(unit: float) -> None:
    cost = towns(6, 25)
    for solver in ("highs", "cbc"):
        plain, scaled = p_median(cost, p=5), p_median(cost * unit, p=5, solver=solver)
        assert_proven(scaled, plain.objective * unit)
        assert np.array_equal(scaled.sites, plain.sites)


def hermit() -> tuple[Floats, Floats]:
    """Eight towns that want a site each, and one house whose four nearest sites help nobody else."""
    cost = np.full((9, 12), 100.0)
    np.fill_diagonal(cost, 0.0)
    cost[8] = [5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 4]
    return cost, np.array([1000.0] * 8 + [1.0])


def test_a_map_that_is_too_short_is_lengthened(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = []

    def watched(model: pulp.LpProblem, **options: Any) -> Solved:
        answer = honest(model, **options)
        rounds.append((len(model.variables()), answer.objective))
        return answer

    honest = asking.solve
    monkeypatch.setattr(asking, "solve", watched)
    cost, weight = hermit()
    answer = p_median(cost, p=8, weight=weight)
    assert_proven(answer, 5.0)
    assert answer.assignment.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 0]
    assert len(rounds) == 2
    assert rounds[0][0] < rounds[1][0]
    assert rounds[0][1] < rounds[1][1]  # what is not known yet is never priced too high


def test_the_assignment_form_solved_elsewhere_says_the_same() -> None:
    n, p = 30, 4
    for seed in range(3):
        cost = towns(seed, n)
        served = np.hstack([np.zeros((n, n)), np.kron(np.eye(n), np.ones(n))])
        open_first = np.hstack([np.tile(np.eye(n), (n, 1)), -np.eye(n * n)])
        count = np.concatenate([np.ones(n), np.zeros(n * n)])
        textbook = milp(
            np.concatenate([np.zeros(n), cost.ravel()]),
            integrality=count,
            bounds=Bounds(0, 1),
            constraints=[
                LinearConstraint(served, 1, 1),
                LinearConstraint(open_first, 0),
                LinearConstraint(count, p, p),
            ],
        )
        assert_proven(p_median(cost, p=p), textbook.fun)


def test_two_hundred_towns_are_proven_and_no_exchange_improves_them() -> None:
    cost = towns(7, 200)
    answer = p_median(cost, p=20)
    assert_proven(answer, answer.objective)
    kept = [[site for site in answer.sites if site != out] for out in answer.sites]
    exchanged = [cost[:, [*sites, new]].min(axis=1).sum() for sites in kept for new in range(200)]
    assert min(exchanged) >= answer.objective - 1e-9


def test_who_pays_the_escape_has_no_site() -> None:
    cost = np.array([[0.0, 9.0], [3.0, np.inf], [np.inf, 7.0]])
    answer = p_median(cost, p=1, escape=5.0)
    assert answer.sites.tolist() == [0]
    assert answer.assignment.tolist() == [0, 0, -1]
    assert answer.objective == 0.0 + 3.0 + 5.0
    answer = p_median(cost, p=1, nearest=1, escape=[50.0, 4.0, 6.0])
    assert answer.assignment.tolist() == [0, 0, -1]
    assert answer.objective == 0.0 + 3.0 + 6.0


def test_nobody_to_serve_costs_nothing() -> None:
    for solver in ("highs", "cbc"):
        answer = p_median(towns(0, 5), p=2, weight=np.zeros(5), solver=solver)
        assert (answer.objective, answer.bound, answer.gap, answer.status) == (0.0, 0.0, 0.0, "optimal")
        assert len(answer.sites) == 2
    everywhere = p_median(towns(0, 5), p=5)
    assert (everywhere.objective, everywhere.gap) == (0.0, 0.0)


def test_levels_that_no_unit_can_fill_are_cut() -> None:
    cost = towns(8, 8)
    answer = expected_p_median(cost, units=2, busy=0.3, levels=5)
    assert answer.assignment.shape == (8, 2)
    assert_proven(answer, expected_p_median(cost, units=2, busy=0.3, levels=2).objective)


def test_what_cannot_be_is_said_before_a_solver_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> Solved:
        raise AssertionError("the solver was asked")

    monkeypatch.setattr(asking, "solve", forbidden)
    cost = towns(0, 3)
    impossible: list[tuple[str, dict[str, Any]]] = [
        ("units: more than there is room for", dict(room=[1, 0, 1], units=3)),
        ("units: more than there is room for", dict(room=[2, 2, 2], units=5, fixed_closed=[1])),
        ("units: too few", dict(units=1, fixed_open=[0, 2])),
        ("closed or have no room", dict(units=2, fixed_open=[1], fixed_closed=[1])),
        ("closed or have no room", dict(units=2, fixed_open=[1], room=[2, 0, 2])),
        ("room: not one for each site", dict(units=1, room=[1.5, 1, 1])),
        ("room: not one for each site", dict(units=1, room=[1, 1])),
        ("busy", dict(units=1, busy=1.0)),
        ("busy", dict(units=1, busy=math.nan)),
        ("levels", dict(units=1, levels=0)),
        ("units", dict(units=2.5)),
    ]
    for sentence, asked in impossible:
        with pytest.raises(InputError, match=sentence):
            expected_p_median(cost, **(dict(busy=0.2, levels=1) | asked))
    with pytest.raises(InputError, match="p: more than there is room for"):
        p_median(cost, p=4)
    with pytest.raises(InputError, match="escape: missing"):
        p_median(cost, p=1, nearest=2)
    with pytest.raises(InputError, match="cost: not a table"):
        p_median(np.zeros(3), p=1)


def test_every_wrong_number_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        p_median([[1.0, math.nan], [-1.0, 2.0]], p=0, weight=[1.0, math.inf], fixed_open=[2], fixed_closed=[-1])
    assert [problem.file for problem in caught.value.problems] == ["cost", "weight", "fixed_open", "fixed_closed", "p"]
    with pytest.raises(InputError) as caught:
        p_median([[1.0, -math.inf]], p=1, weight=[1.0, 1.0], nearest=0)
    assert [problem.file for problem in caught.value.problems] == ["cost", "weight", "nearest"]
    with pytest.raises(InputError) as caught:
        p_median([[1.0, 2.0]], p=1, escape=math.inf, time_limit=-1.0, gap=-1.0)
    assert [problem.file for problem in caught.value.problems] == ["time limit", "gap", "escape"]


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_struck_time_limit_leaves_a_plan_with_its_honest_gap(solver: SolverName) -> None:
    cost = np.random.default_rng(0).random((50, 50))  # no geometry: the bound hardly moves
    answer = p_median(cost, p=6, time_limit=0.7, solver=solver)
    assert answer.status == "feasible"
    assert 0 < answer.bound < answer.objective
    assert answer.gap == pytest.approx((answer.objective - answer.bound) / answer.objective)
    assert answer.gap > 1e-6
    assert answer.objective == pytest.approx(float(cost[:, answer.sites].min(axis=1).sum()))
    assert answer.seconds < 5.0


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_solver_in_a_hurry_never_calls_a_model_infeasible(solver: SolverName) -> None:
    cost = np.random.default_rng(0).random((50, 50))
    for limit in np.linspace(0.005, 0.06, 12).tolist():
        try:
            assert p_median(cost, p=6, time_limit=limit, solver=solver).status == "feasible"
        except RunError as error:
            assert "infeasible" not in str(error)


def test_a_time_limit_without_a_plan_is_an_error_that_names_it() -> None:
    with pytest.raises(RunError, match=r"within 0\.001 s"):
        p_median(towns(0, 40), p=4, time_limit=0.001)


def test_a_time_limit_between_two_rounds_keeps_the_plan_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    honest, calls = asking.solve, []

    def tiring(model: pulp.LpProblem, **options: Any) -> Solved:
        calls.append(options["time_limit_s"])
        if len(calls) > 1:
            monkeypatch.setattr(asking.Search, "over", lambda _: True)
            raise RunError("no plan")
        return honest(model, **options)

    monkeypatch.setattr(asking, "solve", tiring)
    cost, weight = hermit()
    answer = p_median(cost, p=8, weight=weight, time_limit=60.0)
    assert len(calls) == 2 and calls[1] < calls[0] <= 60.0
    assert answer.status == "feasible"
    assert answer.objective == 5.0
    assert answer.bound == pytest.approx(4.0)
    assert answer.gap == pytest.approx(0.2)


@pytest.mark.parametrize("lie", [{"objective": 0.9}, {"objective": 1.1, "bound": 1.0}, {"bound": 1.01}])
def test_an_answer_that_the_recount_does_not_confirm_is_refused(
    lie: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = asking.solve

    def lying(model: pulp.LpProblem, **options: Any) -> Solved:
        answer = honest(model, **options)
        return replace(answer, **{name: getattr(answer, name) * factor for name, factor in lie.items()})

    monkeypatch.setattr(asking, "solve", lying)
    with pytest.raises(RunError, match=r"price .* is not what its plan costs|bound .* lies above"):
        p_median(towns(0, 12), p=2)
