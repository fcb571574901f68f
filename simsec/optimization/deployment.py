"""The deployment model: guard pattern of each sub-district, patrols at each Polsek, squads at posts and forward posts.

A mixed-integer program over :class:`simsec.optimization.objective.Prices`::

    min   (sum_s C_s + sum_i K_i) / W + tail_weight (t + sum_s e_s / ((1 - tail_from) S))
    s.t.  C_s = sum_mn cost_mn y_mn + sum_(i in s) F_i     waiting in sub-district s: for pairs and patrols, for squads
          sum_(mn of s) y_mn = 1                           one pattern m and one number of patrols n each
          sum officers_mn y_mn <= free officers,  sum_j z_j <= reserve squads
          sum_j z_j (way_fj - way_f) <= 0                  squads no farther from what another family f calls them for
          z_j <= room_j;  z_j <= room_j o_j and sum_j o_j <= forward posts, where site j is a village
          e_s >= (C_s - best_s) / W_s - t,  e_s >= 0

y and o are binary, z integer, W expected weighted incidents. F_i is what cluster i of villages waits for its first
squad, K_i what its crowd costs where it goes on to when the squad that completes containment comes late. The last term
is the conditional value at risk over sub-districts (Rockafellar and Uryasev 2000) of the excess above the best any plan
could give them; it leaves K out, which falls on others.

Squads are an expected p-median with levels (Daskin 1983; Snyder and Daskin 2005): the r-th nearest of R squads is the
first free one with probability (1 - q) q^(r-1), and the R-th completes containment. In the radius form (Elloumi 2010)
u_kr = 1 if fewer than r squads stand at the sites of the k lowest prices to the cluster::

    sum_r u_kr + sum_(j at price k) z_j >= sum_r u_(k-1)r   (u_0r = 1),    u_k1 <= u_k2 <= ... <= u_kR

F and K are linear in u. Where the R-th squad weighs more than the one before, u_kR is binary: fewer squads nearer would
otherwise pass for more.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pulp

from simsec.base.errors import InputError, Problem, RunError, say
from simsec.optimization.choices import Bounds, worth_choosing
from simsec.optimization.objective import (
    Choice,
    DeploymentOptions,
    Priced,
    Prices,
    Shares,
    best_of_each,
    guard_cost,
    price,
)
from simsec.optimization.solving import Status, garbage_collector_paused, integral, relative_gap, solve
from simsec.plan.blocks import build_blocks, kept_blocks
from simsec.plan.feasibility import check_plan
from simsec.plan.ledger import PAIR_PERSONS, ledger_of
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import Reading

__all__ = [
    "Bounds",
    "Choice",
    "Deployment",
    "DeploymentOptions",
    "Limits",
    "Priced",
    "deploy",
    "limits_of",
    "plan_of",
    "price",
]
_WAY_MIN = 1e-6  # so that rounding does not shut out the plan whose way is the limit
_RECHECK = 1e-6  # the model and the recount of its answer may differ by this share


@dataclass(frozen=True)
class Limits:
    """What the strength allows.

    Attributes:
        free: officers for guard pairs and for patrols beyond one at each Polsek.
        reserve_squads: squads of the reserve.
        forward_posts: villages where squads may wait, at most.
        reading: how the announced strength was read.
    """

    free: int
    reserve_squads: int
    forward_posts: int
    reading: Reading


@dataclass(frozen=True, eq=False)
class Deployment:
    """The answer of the model, counted again without the solver.

    Attributes:
        low_pairs: guard pairs of the low class in each sub-district.
        block_size: stations of its largest block of the low class.
        patrols: post code -> patrols.
        squads: site code -> squads, sites with none left out.
        objective, mean, tail: see :class:`Priced`.
        bound: no choice over these prices costs less.
        gap: (objective - bound) / objective.
        status: ``optimal`` within the gap asked for, or ``feasible`` when the time limit struck first.
        solver: name and version.
        seconds: wall-clock seconds, building and solving.
        options, limits: what was asked for.
    """

    low_pairs: tuple[int, ...]
    block_size: tuple[int, ...]
    patrols: Mapping[str, int]
    squads: Mapping[str, int]
    objective: float
    mean: float
    tail: float
    bound: float
    gap: float
    status: Status
    solver: str
    seconds: float
    options: DeploymentOptions
    limits: Limits


def limits_of(scenario: Scenario, reading: Reading | None = None) -> Limits:
    """The limits of a scenario's strength ledger.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> limits_of(read_scenario("scenarios/kabupaten-semarang"))
        Limits(free=575, reserve_squads=10, forward_posts=4, reading='reserve_on_top')
    """
    ledger = ledger_of(scenario, reading)
    forward = scenario.settings.siting.forward_posts_at_most
    return Limits(ledger.free, ledger.reserve_squads, forward, ledger.reading)


def deploy(
    prices: Prices, limits: Limits, options: DeploymentOptions | None = None, bounds: Bounds | None = None
) -> Deployment:
    """Choose patterns, patrols and places of squads together.

    Args:
        prices: of every choice.
        limits: of strength.
        options: what to look for; the defaults by default.
        bounds: set by hand, or by a plan that must not be undercut; none by default.

    Returns:
        The best choice found, with the solver's bound.

    Raises:
        InputError: the strength staffs no choice, or an option makes no sense.
        RunError: the solver gave no answer, or one the recount does not confirm.

    Example:
        >>> from simsec.optimization.pricing import Busy, prices_of
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> prices = prices_of(scenario, Busy.of(scenario, 0.03, 7, 0.05, 0.01), forward_per_sector=0)
        >>> found = deploy(prices, limits_of(scenario), DeploymentOptions(gap=0.05))
        >>> found.bound <= found.objective, plan_of(scenario, found, "optimised").reserve_squads
        (True, 10)
    """
    options, bounds = options or DeploymentOptions(), bounds or Bounds()
    _check(prices, limits, options, bounds)
    most_patrols = bounds.most_patrols(options.patrols_at_most)
    started = time.perf_counter()
    with garbage_collector_paused():
        model = Model(prices, limits, options, bounds)
    solved = solve(
        model.problem, solver=options.solver, time_limit_s=options.time_limit_s, gap=options.gap, seed=options.seed
    )
    if solved.status == "infeasible":
        template = "{solver} calls the deployment infeasible although the strength staffs the least of it"
        raise RunError(say(template, solver=solved.solver))
    found = model.choice()
    told = price(prices, found, options, most_patrols).objective
    if told > solved.objective + _RECHECK * (1.0 + abs(solved.objective)):
        template = "{solver} says its deployment costs {cost}, the recount says {told}"
        raise RunError(say(template, solver=solved.solver, cost=solved.objective, told=told))
    choice = _nobody_idle(prices, found, limits, options, bounds)
    priced = price(prices, choice, options, most_patrols)
    guards, sites = prices.guards, prices.squads.sites
    return Deployment(
        low_pairs=tuple(guards.low_pairs[choice.row].tolist()),
        block_size=tuple(guards.block_size[choice.row].tolist()),
        patrols=dict(zip(guards.polsek, choice.patrols.tolist(), strict=True)),
        squads={code: count for code, count in zip(sites.code, choice.squads.tolist(), strict=True) if count},
        objective=priced.objective,
        mean=priced.mean,
        tail=priced.tail,
        bound=min(solved.bound, priced.objective),
        gap=relative_gap(priced.objective, min(solved.bound, priced.objective)),
        status=solved.status,
        solver=solved.solver,
        seconds=time.perf_counter() - started,
        options=options,
        limits=limits,
    )


def _check(prices: Prices, limits: Limits, options: DeploymentOptions, bounds: Bounds) -> None:
    guards, problems = prices.guards, []
    sectors = range(len(guards.polsek))
    patrols_at_most = max(options.patrols_at_most, 1)
    fewest = [worth_choosing(guards, sector, patrols_at_most, bounds)[:1] for sector in sectors]
    problems += [
        Problem(say("locks"), say("no pattern of {post} has so many pairs", post=guards.polsek[sector]), "lock fewer")
        for sector in sectors
        if not fewest[sector]
    ]
    least = sum(officers for choices in fewest for _, _, officers, _ in choices)
    if least > limits.free:
        most = int(guards.block_size.max())
        template = "blocks of up to {most} stations need {officers} officers"
        held = "blocks of up to {most} stations and what is locked need {officers} officers"
        what = say(held, most=most, officers=least) if bounds != Bounds() else say(template, most=most, officers=least)
        remedy = say("find {more} more, or allow larger blocks", more=least - limits.free)
        bound = say("at most {most}, free under {reading}", most=limits.free, reading=limits.reading)
        problems.append(Problem(say("strength"), what, remedy, bound=bound))
    squads = sum(bounds.squads.values())
    if squads > limits.reserve_squads:
        what = say("{squads} squads are locked", squads=squads)
        bound = say("at most {most}", most=limits.reserve_squads)
        problems.append(Problem(say("locks"), what, "the reserve is as announced", column="squads", bound=bound))
    if not prices.weighted.sum() > 0:
        what, remedy = say("no incident that needs the police is expected"), say("check rates and shares")
        problems.append(Problem(say("demand"), what, remedy))
    for name in ("tail_weight", "containment_weight"):
        weight = getattr(options, name)
        if not 0.0 <= weight < np.inf:
            problems.append(Problem("options", "not a weight", "", 0, name, str(weight), "0 or more"))
    if not 0.0 <= options.tail_from < 1.0:
        value, bound = str(options.tail_from), "0 or more, below 1"
        problems.append(Problem("options", "not a share", "", 0, "tail_from", value, bound))
    if options.patrols_at_most < 1:
        what, value = say("every Polsek keeps a patrol"), str(options.patrols_at_most)
        problems.append(Problem("options", what, "", 0, "patrols_at_most", value, "1 or more"))
    if problems:
        raise InputError(problems)


def _nobody_idle(
    prices: Prices, choice: Choice, limits: Limits, options: DeploymentOptions, bounds: Bounds
) -> Choice:
    """Whoever the solver, content with its gap, left over: officers where they save most, squads at headquarters."""
    guards, sites = prices.guards, prices.squads.sites
    row, patrols, squads = choice.row.copy(), choice.patrols.copy(), choice.squads.copy()
    for site in np.flatnonzero(~sites.forward).tolist():
        if sites.code[site] in bounds.squads:
            continue
        squads[site] += max(min(int(sites.room[site] - squads[site]), limits.reserve_squads - int(squads.sum())), 0)
    options_of = [worth_choosing(guards, sector, options.patrols_at_most, bounds) for sector in range(len(row))]
    while True:
        now, takes = guard_cost(guards, row, patrols), guards.officers[row] + PAIR_PERSONS * (patrols - 1)
        left = limits.free - int(takes.sum())
        better = [
            (cost - float(now[sector]), sector, other, count)
            for sector in range(len(row))
            for other, count, officers, cost in options_of[sector]
            if officers - int(takes[sector]) <= left and cost < float(now[sector])
        ]
        if not better:
            return Choice(row, patrols, squads)
        _, sector, other, count = min(better)
        row[sector], patrols[sector] = other, count


@dataclass
class _Sum:
    """A linear expression while it grows."""

    terms: list[tuple[pulp.LpVariable, float]]
    constant: float


class Model:
    """The mixed-integer program and its variables."""

    def __init__(self, prices: Prices, limits: Limits, options: DeploymentOptions, bounds: Bounds) -> None:
        self.prices, self.options, self.bounds = prices, options, bounds
        self.problem = pulp.LpProblem("deployment", pulp.LpMinimize)
        self.cost = [self.problem.add_variable(f"cost_{s}") for s in range(len(prices.guards.polsek))]
        self.spreading = _Sum([], 0.0)
        waiting = [_Sum([(cost, -1.0)], 0.0) for cost in self.cost]
        self._add_guards(limits, waiting)
        self._add_squads(limits, waiting)
        for total in waiting:
            self.problem += pulp.LpAffineExpression(total.terms) == -total.constant
        self._add_objective()

    def _add_guards(self, limits: Limits, waiting: list[_Sum]) -> None:
        guards = self.prices.guards
        self.pattern: list[tuple[int, int, int, pulp.LpVariable]] = []  # sub-district, row, patrols, chosen
        strength = []
        for s in range(len(guards.polsek)):
            chosen = []
            for row, patrols, officers, cost in worth_choosing(guards, s, self.options.patrols_at_most, self.bounds):
                variable = self.problem.add_variable(f"pattern_{row}_{patrols}", 0, 1, cat="Integer")
                self.pattern.append((s, row, patrols, variable))
                chosen.append((variable, 1.0))
                strength.append((variable, float(officers)))
                waiting[s].terms.append((variable, cost))
            self.problem += pulp.LpAffineExpression(chosen) == 1
        self.problem += pulp.LpAffineExpression(strength) <= limits.free

    def _add_squads(self, limits: Limits, waiting: list[_Sum]) -> None:
        squads, problem = self.prices.squads, self.problem
        sites = squads.sites
        self.count = [
            problem.add_variable(f"squads_{j}", 0, int(room), cat="Integer") for j, room in enumerate(sites.room)
        ]
        for j, code in enumerate(sites.code):
            if code in self.bounds.squads:
                problem += pulp.LpAffineExpression([(self.count[j], 1.0)]) == self.bounds.squads[code]
        opened = []
        for j in np.flatnonzero(sites.forward).tolist():
            opened.append((problem.add_variable(f"open_{j}", 0, 1, cat="Integer"), 1.0))
            problem += pulp.LpAffineExpression([(self.count[j], 1.0), (opened[-1][0], -float(sites.room[j]))]) <= 0
        if opened:
            problem += pulp.LpAffineExpression(opened) <= limits.forward_posts
        problem += pulp.LpAffineExpression([(count, 1.0) for count in self.count]) <= limits.reserve_squads
        for way in self.bounds.ways:  # sum_j z_j (minutes_j - most) <= 0
            beyond = [(count, way.minutes[code] - way.most) for count, code in zip(self.count, sites.code, strict=True)]
            problem += pulp.LpAffineExpression(beyond) <= _WAY_MIN
        shares = Shares.of(squads, self.options.containment_weight)
        for cluster, sector in enumerate(squads.sector.tolist()):
            self._add_cluster(cluster, shares, waiting[sector])

    def _add_cluster(self, cluster: int, shares: Shares, waiting: _Sum) -> None:
        """What a cluster of villages pays, in radius form."""
        squads, problem = self.prices.squads, self.problem
        order, levels = squads.order[cluster], squads.levels
        first = np.append(squads.first[cluster, order], squads.first_else[cluster])
        third = np.append(squads.third[cluster, order], squads.third_else[cluster])
        rises = np.flatnonzero((np.diff(first) > 0) | (np.diff(third) > 0)) + 1
        waiting.constant += float(first[0] * shares.first.sum() + first[-1] * shares.first_else)
        self.spreading.constant += float(third[0] * shares.third + third[-1] * shares.third_else)
        before: list[tuple[pulp.LpVariable, float]] = []
        for k, (begin, end) in enumerate(pairwise([0, *rises.tolist()])):
            later = (first[end] - first[begin]) * shares.first
            lost = (third[end] - third[begin]) * shares.third
            # Where prices fall from squad to squad the model is convex, and its answer whole by itself.
            convex = levels == 1 or later[-1] + lost <= later[-2]
            fewer = [problem.add_variable(f"fewer_{cluster}_{k}_{r}", 0, 1) for r in range(levels)]
            if not convex:
                fewer[-1].cat = pulp.LpInteger
            waiting.terms += zip(fewer, later.tolist(), strict=True)
            self.spreading.terms.append((fewer[-1], float(lost)))
            inside = [(self.count[j], 1.0) for j in order[begin:end].tolist()]
            now = [(variable, 1.0) for variable in fewer]
            problem += pulp.LpAffineExpression([*inside, *now, *before]) >= (0 if before else levels)
            for less, more in pairwise(fewer):
                problem += pulp.LpAffineExpression([(less, 1.0), (more, -1.0)]) <= 0
            before = [(variable, -1.0) for variable in fewer]

    def _add_objective(self) -> None:
        prices, options, problem = self.prices, self.options, self.problem
        total = float(prices.weighted.sum())
        objective = [(cost, 1.0 / total) for cost in self.cost]
        objective += [(variable, price / total) for variable, price in self.spreading.terms]
        present = np.flatnonzero(prices.weighted > 0).tolist()
        if options.tail_weight > 0:
            best = best_of_each(prices, options, self.bounds.most_patrols(options.patrols_at_most))
            threshold = problem.add_variable("tail_from", 0)
            objective.append((threshold, options.tail_weight))
            each = options.tail_weight / ((1 - options.tail_from) * len(present))
            for s in present:
                beyond = problem.add_variable(f"beyond_{s}", 0)
                objective.append((beyond, each))
                row = [(beyond, 1.0), (threshold, 1.0), (self.cost[s], -1.0 / float(prices.weighted[s]))]
                problem += pulp.LpAffineExpression(row) >= -float(best[s] / prices.weighted[s])
        # A fixed column, because solvers leave a constant out of the gap they stop at.
        objective.append((problem.add_variable("one", 1, 1), self.spreading.constant / total))
        problem += pulp.LpAffineExpression(objective)

    def choice(self) -> Choice:
        """What the solver chose."""
        sectors = len(self.cost)
        row, patrols = np.full(sectors, -1), np.zeros(sectors, dtype=np.int64)
        for s, number, count, variable in self.pattern:
            if integral(variable.value()) == 1:
                row[s], patrols[s] = number, count
        squads = np.array([integral(count.value()) for count in self.count], dtype=np.int64)
        return Choice(row.astype(np.int64), patrols, squads)


def plan_of(scenario: Scenario, deployment: Deployment, name: str, kept: Plan | None = None) -> Plan:
    """The plan of a deployment: blocks drawn by the builder, checked against all limits without a solver.

    The example stands at :func:`deploy`.

    Args:
        scenario: that the prices were made for.
        deployment: the answer.
        name: what people will call it.
        kept: a plan whose blocks with locked stations stay as they are.

    Raises:
        InputError: the plan breaks a limit.
    """
    plan = Plan(
        name=name,
        block=build_blocks(scenario, dict(enumerate(deployment.low_pairs)), kept_blocks(kept)),
        patrols=deployment.patrols,
        squads=deployment.squads,
        policy=scenario.settings.policy,
        code=scenario.policy_code,
        reading=deployment.limits.reading,
        locked=np.zeros(0, dtype=np.bool_) if kept is None else kept.locked,
        scenario_hash=scenario.hash,
        prepositioned=scenario.settings.prepositioned,
    )
    check_plan(scenario, plan, name)
    return plan
