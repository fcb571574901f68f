"""The covering models, the capacitated p-median and the p-center against enumeration."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simsec.base.errors import InputError
from simsec.optimization.location import (
    LocationSolution,
    backup_coverage,
    capacitated_p_median,
    lscp,
    mclp,
    mexclp,
    p_center,
)

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Model = Callable[..., LocationSolution]
Worth = Callable[[Whole], float]


def random_cost(rng: np.random.Generator) -> Floats:
    """Many ties, or none; ways that are cut; now and then two sites at the same place."""
    shape = tuple(rng.integers(1, 8, 2).tolist())
    cost = rng.integers(0, 6, shape).astype(float) if rng.random() < 0.5 else rng.random(shape) * 10.0
    cost[rng.random(shape) < rng.choice([0.0, 0.0, 0.2])] = np.inf
    if shape[1] > 1 and rng.random() < 0.3:
        cost[:, 0] = cost[:, -1]
    return cost


def random_weight(rng: np.random.Generator, n: int) -> Floats:
    return rng.integers(0, 3, n).astype(float) if rng.random() < 0.5 else rng.random(n) * 10.0 ** rng.integers(-3, 5)


def random_radius(rng: np.random.Generator, cost: Floats) -> float:
    """Often exactly the cost of a way, where covered begins."""
    known = cost[np.isfinite(cost)]
    return float(rng.choice(known)) if known.size and rng.random() < 0.7 else float(rng.random() * 6)


def random_fixing(rng: np.random.Generator, n_sites: int) -> dict[str, list[int]]:
    order = rng.permutation(n_sites).tolist()
    return dict(fixed_open=order[: int(rng.random() < 0.3)], fixed_closed=order[1 : 1 + int(rng.random() < 0.3)])


def plans(units: int | None, room: Whole, fixed_open: list[int], fixed_closed: list[int]) -> Iterator[Whole]:
    """Every way to stand the units, or any number of them."""
    for counts in itertools.product(*(range(int(most) + 1) for most in room)):
        standing = np.array(counts)
        if (
            (units is None or standing.sum() == units)
            and standing[fixed_open].all()
            and not standing[fixed_closed].any()
        ):
            yield standing


def best_of(worth: Worth, plans: Iterator[Whole], best: Callable[..., float]) -> float | None:
    """The best finite worth of a plan; None where there is none. Infinite is what breaks a row."""
    kept = [value for value in map(worth, plans) if math.isfinite(value)]
    return best(kept) if kept else None


def units_near(row: Floats, radius: float, counts: Whole) -> int:
    return sum(int(n) for c, n in zip(row, counts, strict=True) if c <= radius)


def sites_of(cost: Floats, radius: float) -> Worth:
    """The set covering problem, as the paper says it."""
    return lambda counts: float(counts.sum()) if all(units_near(row, radius, counts) for row in cost) else math.inf


def covered_of(cost: Floats, radius: float, weight: Floats, busy: float) -> Worth:
    """Daskin's expected cover; never busy it is the maximal cover."""

    def worth(counts: Whole) -> float:
        near = [units_near(row, radius, counts) for row in cost]
        return float(sum(w * (1 - busy**m) for w, m in zip(weight, near, strict=True)))

    return worth


def twice_of(cost: Floats, radius: float, weight: Floats) -> Worth:
    def worth(counts: Whole) -> float:
        near = [units_near(row, radius, counts) for row in cost]
        return float(sum(w for w, m in zip(weight, near, strict=True) if m > 1)) if all(near) else -math.inf

    return worth


def dearest_of(cost: Floats) -> Worth:
    return lambda counts: max(min(c for c, n in zip(row, counts, strict=True) if n) for row in cost)


def packed_of(cost: Floats, demand: Floats, capacity: Floats) -> Worth:
    """Every way to send each demand whole somewhere."""

    def worth(counts: Whole) -> float:
        cheapest = math.inf
        for serving in itertools.product(np.flatnonzero(counts).tolist(), repeat=len(cost)):
            held = np.bincount(serving, weights=demand, minlength=len(capacity))
            if (held <= capacity + 1e-9).all():
                cheapest = min(cheapest, sum(row[j] for row, j in zip(cost, serving, strict=True)))
        return cheapest

    return worth


def assert_best(model: Model, cost: Floats, asked: dict[str, Any], best: float | None) -> LocationSolution | None:
    """Proven and equal to the best of all plans, or refused where there is none."""
    if best is None:
        with pytest.raises(InputError):
            model(cost, **asked)
        return None
    answer = model(cost, **asked)
    assert answer.objective == pytest.approx(best, rel=1e-6, abs=1e-12)
    assert answer.bound == pytest.approx(best, rel=2e-6, abs=1e-12)
    assert answer.status == "optimal" and answer.gap <= 1e-6
    assert answer.sites.tolist() == np.flatnonzero(answer.counts).tolist()
    return answer


@pytest.mark.parametrize("seed", range(2))
def test_lscp_equals_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(80):
        cost = random_cost(rng)
        radius, fixing = random_radius(rng, cost), random_fixing(rng, cost.shape[1])
        allowed = plans(None, np.ones(cost.shape[1], int), **fixing)
        best = best_of(sites_of(cost, radius), allowed, min)
        answer = assert_best(lscp, cost, dict(radius=radius, **fixing), best)
        if answer:
            assert (cost[np.arange(len(cost)), answer.assignment] <= radius).all()
            assert answer.counts[answer.assignment].all()


@pytest.mark.parametrize("seed", range(2))
def test_mclp_equals_enumeration(seed: int) -> None:
    rng = np.random.default_rng(10 + seed)
    for _ in range(80):
        cost = random_cost(rng)
        radius, fixing = random_radius(rng, cost), random_fixing(rng, cost.shape[1])
        weight, p = random_weight(rng, len(cost)), int(rng.integers(1, cost.shape[1] + 1))
        allowed = plans(p, np.ones(cost.shape[1], int), **fixing)
        best = best_of(covered_of(cost, radius, weight, 0.0), allowed, max)
        answer = assert_best(mclp, cost, dict(p=p, radius=radius, weight=weight, **fixing), best)
        if answer:
            assert weight[answer.assignment >= 0].sum() == pytest.approx(best)


@pytest.mark.parametrize("seed", range(2))
def test_backup_coverage_equals_enumeration(seed: int) -> None:
    rng = np.random.default_rng(20 + seed)
    solved = 0
    while solved < 50:
        cost = random_cost(rng)
        radius, fixing = random_radius(rng, cost), random_fixing(rng, cost.shape[1])
        weight, units = random_weight(rng, len(cost)), int(rng.integers(1, cost.shape[1] + 1))
        allowed = plans(units, np.ones(cost.shape[1], int), **fixing)
        best = best_of(twice_of(cost, radius, weight), allowed, max)
        answer = assert_best(backup_coverage, cost, dict(units=units, radius=radius, weight=weight, **fixing), best)
        if answer:
            solved += 1
            assert (answer.assignment[:, 0] >= 0).all()
            assert weight[answer.assignment[:, 1] >= 0].sum() == pytest.approx(best)


@pytest.mark.parametrize("seed", range(2))
def test_mexclp_equals_enumeration(seed: int) -> None:
    rng = np.random.default_rng(30 + seed)
    for _ in range(60):
        cost = random_cost(rng)[:, :5]
        radius, fixing = random_radius(rng, cost), random_fixing(rng, cost.shape[1])
        weight, units = random_weight(rng, len(cost)), int(rng.integers(1, 6))
        busy, room = float(rng.choice([0.0, 0.1, 0.5, 0.9])), rng.integers(0, 4, cost.shape[1])
        best = best_of(covered_of(cost, radius, weight, busy), plans(units, room, **fixing), max)
        asked = dict(units=units, radius=radius, busy=busy, weight=weight, room=room, **fixing)
        answer = assert_best(mexclp, cost, asked, best)
        if answer:
            within = (answer.assignment >= 0).sum(axis=1)
            assert within.tolist() == [units_near(row, radius, answer.counts) for row in cost]


@pytest.mark.parametrize("seed", range(2))
def test_p_center_equals_enumeration(seed: int) -> None:
    rng = np.random.default_rng(40 + seed)
    for _ in range(60):
        cost = random_cost(rng) if rng.random() < 0.5 else rng.random((9, 8))  # greedy is rarely best in the latter
        p, fixing = int(rng.integers(1, cost.shape[1] + 1)), random_fixing(rng, cost.shape[1])
        best = best_of(dearest_of(cost), plans(p, np.ones(cost.shape[1], int), **fixing), min)
        answer = assert_best(p_center, cost, dict(p=p, **fixing), best)
        if answer:
            assert answer.objective == best  # a cost of the table, not one near it
            assert cost[np.arange(len(cost)), answer.assignment].max() == best


@pytest.mark.parametrize("seed", range(3))
def test_capacitated_p_median_equals_enumeration(seed: int) -> None:
    rng = np.random.default_rng(50 + seed)
    solved = 0
    while solved < 40:
        cost = random_cost(rng)[:6, :4]
        p, fixing = int(rng.integers(1, cost.shape[1] + 1)), random_fixing(rng, cost.shape[1])
        demand = rng.integers(0, 5, len(cost)) * 10.0 ** rng.integers(-2, 4)
        capacity = max(demand.sum(), 1.0) * rng.choice([0.0, 0.3, 0.5, 0.7, 1.0, np.inf], cost.shape[1])
        allowed = plans(p, np.ones(cost.shape[1], int), **fixing)
        best = best_of(packed_of(cost, demand, capacity), allowed, min)
        answer = assert_best(capacitated_p_median, cost, dict(p=p, demand=demand, capacity=capacity, **fixing), best)
        if answer:
            solved += 1
            held = np.bincount(answer.assignment, weights=demand, minlength=len(capacity))
            assert (held <= capacity * (1 + 1e-6)).all() and answer.counts[answer.assignment].all()
