"""How good a choice provably is: a sampled gap with its confidence, and a bound for plans that never queue.

(A) :func:`sampled_gap` bounds the optimality gap of a candidate in a two-stage stochastic program by independent
samples (Mak, Morton and Wood 1999). (B) :func:`no_congestion_bound` prices a placement as if every unit were always
free; no placement of the same units can do better for needs that are dispatched from sites. Each is stated only where
it is proven; elsewhere the answer is "not proven".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import pulp
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import stdtrit

from simsec.base.errors import InputError, Problem, say
from simsec.optimization.solving import SolverName, garbage_collector_paused, solve

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LEVEL = 0.95
SAMPLES, SIZE = 20, 50
Sample = TypeVar("Sample")


@dataclass(frozen=True)
class Gap:
    """What is proven of a candidate.

    Attributes:
        proven: whether anything is: two samples at least, every dual bound finite.
        upper: at the level asked for the candidate costs no more than this above the best; 0 or more; nan if unproven.
        mean: of the gaps of the samples; in expectation no smaller than the true gap.
        half_width: of the one-sided interval.
        samples: how many.
        candidate: mean cost of the candidate over all samples.
        level: of the statement.
    """

    proven: bool
    upper: float
    mean: float
    half_width: float
    samples: int
    candidate: float
    level: float

    @property
    def share(self) -> float:
        """Of the candidate's cost; nan if unproven or if that is nought."""
        return self.upper / self.candidate if self.candidate else float("nan")


@dataclass(frozen=True, eq=False)
class TwoStage(Generic[Sample]):
    """A two-stage problem as functions: less is better.

    Attributes:
        draw: stream number -> a sample of futures, independent of that of any other number.
        cost: candidate, sample -> mean cost of the candidate over the futures of the sample.
        bound: sample -> a dual bound: no choice costs less in the mean over the sample; -inf where none is known.
    """

    draw: Callable[[int], Sample]
    cost: Callable[[Any, Sample], float]
    bound: Callable[[Sample], float]


def sampled_gap(
    problem: TwoStage[Sample], candidate: object, *, samples: int = SAMPLES, level: float = LEVEL, first: int = 0
) -> Gap:
    """Bound the optimality gap of a candidate (Mak, Morton and Wood 1999, the multiple replications procedure).

    In each sample the candidate's mean cost less the best mean cost there is in expectation at least the true gap, for
    the best of a sample is flattered. With G_1 ... G_n from independent samples, ``mean + t(n - 1) s / sqrt(n)`` covers
    the true gap at the level. A dual bound in place of the best keeps the statement true when a solver stops early. The
    samples must not have been used to find the candidate.

    Args:
        problem: the two-stage problem.
        candidate: whatever its ``cost`` takes.
        samples: how many, 2 or more.
        level: of the one-sided statement.
        first: number of the first stream.

    Raises:
        ValueError: fewer than two samples, or a level outside (0.5, 1).

    Example:
        >>> def draw(stream):
        ...     return np.random.default_rng([7, stream]).uniform(0, 1, 40)
        >>> def cost(x, demand):
        ...     return float(np.mean(x - 2 * np.minimum(x, demand)))
        >>> problem = TwoStage(draw, cost, lambda demand: cost(np.sort(demand)[19], demand))
        >>> gap = sampled_gap(problem, 0.5)
        >>> gap.proven, 0 <= gap.upper < 0.05
        (True, True)
    """
    if samples < 2 or not 0.5 < level < 1:
        raise ValueError("two samples or more, and a level between 0.5 and 1, are needed")
    gaps, costs = np.empty(samples), np.empty(samples)
    for number in range(samples):
        sample = problem.draw(first + number)
        costs[number] = problem.cost(candidate, sample)
        gaps[number] = costs[number] - problem.bound(sample)
    if not np.isfinite(gaps).all():
        nan = float("nan")
        return Gap(False, nan, nan, nan, samples, float(costs.mean()), level)
    half = float(stdtrit(samples - 1, level)) * float(gaps.std(ddof=1)) / samples**0.5
    mean = float(gaps.mean())
    return Gap(True, max(mean + half, 0.0), mean, half, samples, float(costs.mean()), level)


@dataclass(frozen=True, eq=False)
class Reserve:
    """Where a reserve of whole units waits, against needs that come at once: a two-stage program on plain arrays.

    First stage: units x_j at sites, at most ``units`` together and ``room_j`` each, ``price_j`` a unit. Second stage,
    for a future with need_i at place i: send units to needs at ``cost[i, j]``, each unit once; what nobody serves
    costs ``unserved_i``.

    Attributes:
        cost: shape (places, sites); infinite where a site cannot serve a place.
        unserved: shape (places,).
        room: shape (sites,).
        price: shape (sites,); 0 where waiting there costs nothing.
        units: of the reserve.
    """

    cost: Floats
    unserved: Floats
    room: Integers
    price: Floats
    units: int

    @classmethod
    def of(
        cls, cost: ArrayLike, unserved: ArrayLike, room: ArrayLike, units: int, price: ArrayLike = 0.0
    ) -> Reserve:
        """From numbers, checked.

        Raises:
            InputError: shapes that do not belong together, or a number that is none.
        """
        table = np.asarray(cost, dtype=np.float64)
        sites = table.shape[1] if table.ndim == 2 else 0
        try:
            made = cls(
                cost=table,
                unserved=np.broadcast_to(np.asarray(unserved, dtype=np.float64), table.shape[:1]),
                room=np.broadcast_to(np.asarray(room, dtype=np.int64), (sites,)),
                price=np.broadcast_to(np.asarray(price, dtype=np.float64), (sites,)),
                units=units,
            )
        except ValueError:
            raise InputError([Problem(say("reserve"), "the arrays do not belong together")]) from None
        finite = np.isfinite(made.unserved).all() and np.isfinite(made.price).all() and not np.isnan(table).any()
        if table.ndim != 2 or not finite or units < 0 or (made.room < 0).any():
            raise InputError([Problem(say("reserve"), "not a number where one belongs", "give finite prices")])
        return made

    def recourse(self, counts: Integers, needs: Integers) -> Floats:
        """Cost of each future under a placement: the best sending of units to needs, exact.

        Args:
            counts: units at each site, shape (sites,).
            needs: units needed at each place, shape (futures, places).

        Returns:
            Shape (futures,).
        """
        site = np.repeat(np.arange(len(counts)), counts)
        found = np.empty(len(needs))
        for number, need in enumerate(needs):
            place = np.repeat(np.arange(len(need)), need)
            alone = np.minimum(self.cost[np.ix_(place, site)] - self.unserved[place, None], 0.0)
            rows, columns = linear_sum_assignment(alone) if alone.size else (np.zeros(0, int), np.zeros(0, int))
            found[number] = self.unserved[place].sum() + alone[rows, columns].sum()
        return found

    def mean_cost(self, counts: Integers, needs: Integers) -> float:
        """Price of a placement and its mean recourse over futures."""
        return float(self.price @ counts) + float(self.recourse(counts, needs).mean())

    def best(
        self, needs: Integers, *, solver: SolverName = "highs", time_limit_s: float | None = None, gap: float = 1e-6
    ) -> tuple[Integers, float]:
        """The best placement for a sample of futures and the solver's dual bound; alike futures are solved once.

        Raises:
            RunError: the solver gave no answer.
        """
        futures, times = np.unique(needs, axis=0, return_counts=True)
        with garbage_collector_paused():
            problem, counts = self._extensive(futures, times / len(needs))
        solved = solve(problem, solver=solver, time_limit_s=time_limit_s, gap=gap)
        return np.array([round(count.value()) for count in counts], dtype=np.int64), solved.bound

    def _extensive(self, futures: Integers, probability: Floats) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
        """The extensive form: min sum price x + sum_w p_w (sum cost y + sum unserved u)."""
        problem = pulp.LpProblem("reserve", pulp.LpMinimize)
        counts = [problem.add_variable(f"units_{j}", 0, int(room), cat="Integer") for j, room in enumerate(self.room)]
        objective = list(zip(counts, self.price.tolist(), strict=True))
        problem += pulp.LpAffineExpression([(count, 1.0) for count in counts]) <= self.units
        for w, (need, p) in enumerate(zip(futures, probability.tolist(), strict=True)):
            leaving: list[list[tuple[pulp.LpVariable, float]]] = [[] for _ in counts]
            for i in np.flatnonzero(need).tolist():
                nobody = problem.add_variable(f"unserved_{w}_{i}", 0)
                coming = [(nobody, 1.0)]
                objective.append((nobody, p * float(self.unserved[i])))
                for j in np.flatnonzero(self.cost[i] < self.unserved[i]).tolist():
                    sent = problem.add_variable(f"sent_{w}_{i}_{j}", 0)
                    coming.append((sent, 1.0))
                    leaving[j].append((sent, 1.0))
                    objective.append((sent, p * float(self.cost[i, j])))
                problem += pulp.LpAffineExpression(coming) == int(need[i])
            for j, sent_from in enumerate(leaving):
                if sent_from:
                    problem += pulp.LpAffineExpression([*sent_from, (counts[j], -1.0)]) <= 0
        problem += pulp.LpAffineExpression(objective)
        return problem, counts

    def two_stage(
        self, draw: Callable[[int], Integers], *, solver: SolverName = "highs", time_limit_s: float | None = None
    ) -> TwoStage[Integers]:
        """As functions for :func:`sampled_gap`: ``draw`` gives a sample of needs, shape (futures, places)."""
        return TwoStage(
            draw, self.mean_cost, lambda needs: self.best(needs, solver=solver, time_limit_s=time_limit_s)[1]
        )


@dataclass(frozen=True)
class Bound:
    """What no plan can undercut.

    Attributes:
        proven: whether the bound is valid; else why not stands in ``reason``.
        value: no placement costs less; nan if not proven.
        reason: why not, in words.
    """

    proven: bool
    value: float
    reason: str = ""


def no_congestion_bound(
    minutes: ArrayLike,
    weight: ArrayLike,
    wanted: ArrayLike,
    *,
    units: int,
    room: ArrayLike | None = None,
    moves: bool = False,
    solver: SolverName = "highs",
    time_limit_s: float | None = None,
) -> Bound:
    """Bound what any placement can reach: one placement for all days, every unit always free, the same travel.

    Every need waits for its nearest unit, or for the last of the several it wants, as if nobody else needed them. A
    real day only adds waiting for busy units, so its weighted mean cannot be less, whatever the dispatcher does. That
    holds for needs dispatched from the sites where units wait: where units start their next trip from elsewhere, a
    lucky one may be nearer, and nothing is proven.

    Args:
        minutes: of travel from sites to needs, shape (needs, sites); the same that the simulation charges.
        weight: of a minute at each need, 0 or more, shape (needs,).
        wanted: units each need wants at once, shape (needs,).
        units: that are placed.
        room: at each site; without limit by default.
        moves: whether units may be sent on from elsewhere than their site.
        solver: of the model.
        time_limit_s: for the solver; its dual bound counts, so a stopped solver still proves something.

    Example:
        >>> found = no_congestion_bound([[1.0, 9.0], [9.0, 1.0]], [1.0, 1.0], [1, 1], units=2)
        >>> found.proven, round(found.value, 9)
        (True, 2.0)
    """
    table, weights = np.asarray(minutes, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    want = np.asarray(wanted, dtype=np.int64)
    if moves:
        return Bound(False, float("nan"), say("units are sent on from elsewhere than their sites"))
    if not np.isfinite(table).all() or not np.isfinite(weights).all() or (weights < 0).any():
        return Bound(False, float("nan"), say("a price is not finite"))
    if (want > units).any():
        return Bound(False, float("nan"), say("a need wants more units than there are"))
    sites = table.shape[1]
    limit = np.full(sites, units) if room is None else np.minimum(np.asarray(room, dtype=np.int64), units)
    keys = np.column_stack([table, want])
    alike, label = np.unique(keys, axis=0, return_inverse=True)
    total = np.bincount(label.ravel(), weights=weights, minlength=len(alike))
    problem = pulp.LpProblem("no_congestion", pulp.LpMinimize)
    counts = [problem.add_variable(f"units_{j}", 0, int(most), cat="Integer") for j, most in enumerate(limit)]
    problem += pulp.LpAffineExpression([(count, 1.0) for count in counts]) <= units
    objective: list[tuple[pulp.LpVariable, float]] = []
    fixed = 0.0
    for i, row in enumerate(alike):
        travel, need = row[:-1], int(row[-1])
        if need == 0:
            continue
        order = np.argsort(travel, kind="stable")
        steps = np.diff(travel[order])
        fixed += float(total[i] * travel[order[0]])
        # short_k: fewer than the wanted units stand at the k nearest sites; then the need waits for the next.
        for k, step in enumerate(steps.tolist()):
            if step <= 0 or total[i] == 0:
                continue
            short = problem.add_variable(f"short_{i}_{k}", 0, 1, cat="Integer")
            inside = [(counts[j], 1.0) for j in order[: k + 1].tolist()]
            problem += pulp.LpAffineExpression([*inside, (short, float(need))]) >= need
            objective.append((short, float(total[i]) * step))
    one = problem.add_variable("one", 1, 1)
    problem += pulp.LpAffineExpression([*objective, (one, fixed)])
    bound = solve(problem, solver=solver, time_limit_s=time_limit_s).bound
    if not np.isfinite(bound):
        return Bound(False, float("nan"), say("the solver knows no bound"))
    return Bound(True, float(bound))
