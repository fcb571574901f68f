"""What waiting costs, and how long the chain of command makes an incident wait for each of its steps.

A response of t minutes costs the weighted minutes waited: green minutes, then yellow, then red ones, as levels rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsec.optimization.demand import Demand
from simsec.scenario.parameter import Parameter, triangular_mean
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import LEVELS

Floats = NDArray[np.float64]
STEP_MIN = 0.5  # of the grid on which costs are kept
NODES = 64  # quantiles that stand for a triangular distribution
REPORT_NODES = 12
SQUAD = "squad"


@dataclass(frozen=True, eq=False)
class Curves:
    """What help costs that comes t minutes after the first request, the delay of the report included.

    Attributes:
        grid_min: t, shape (n,).
        cost: weighted minutes, shape (kinds, first levels, n); convex and increasing where weights grow with the level.
        reaches: probability that a crowd reaches a next village before enough squads stand at the last, shape (n,).
    """

    grid_min: Floats
    cost: Floats
    reaches: Floats

    def weighted(self, kind: int, level: int, minutes: Floats) -> Floats:
        """Weighted minutes of responses of a kind, any shape."""
        return np.asarray(np.interp(minutes, self.grid_min, self.cost[kind, level]), dtype=np.float64)

    def reached(self, minutes: Floats) -> Floats:
        """Probability that containment comes too late, any shape."""
        return np.asarray(np.interp(minutes, self.grid_min, self.reaches), dtype=np.float64)


def _quantiles(parameter: Parameter, nodes: int) -> Floats:
    middles: Floats = (np.arange(nodes) + 0.5) / nodes
    return parameter.quantile(middles)


def weighted_minutes(scenario: Scenario, kind: str, level: int, minutes: Floats) -> Floats:
    """Expected weighted minutes of a wait: g(t) = w_first t + sum over rises of (w_next - w_last) E max(t - T, 0).

    T is the minute of a rise: the first after a triangular delay, the second after one more, as the days draw them.

    Args:
        scenario: what is known.
        kind: code of the kind of incident.
        level: first level, 0 green to 2 red.
        minutes: onset to first help, shape (n,).

    Returns:
        Shape (n,).

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> weighted_minutes(scenario, "queue_dispute", 0, np.array([10.0, 100.0])).round(1).tolist()
        [10.0, 526.7]
    """
    model = scenario.settings.incidents[kind]
    weight = [getattr(scenario.settings.weights, name).mode for name in LEVELS]
    total = np.asarray(weight[level] * minutes, dtype=np.float64)
    if model.rises_after_min is None:
        return total
    delay, rise = _quantiles(model.rises_after_min, NODES), np.zeros(1)
    for step in range(level, max(LEVELS.index(name) for name in model.needs)):
        rise = np.sort((rise[:, None] + delay[None, :]).ravel())
        below = np.searchsorted(rise, minutes)
        sums = np.concatenate([[0.0], np.cumsum(rise)])
        total += (weight[step + 1] - weight[step]) * (below * minutes - sums[below]) / len(rise)
    return total


def report_delay(scenario: Scenario) -> tuple[Floats, Floats]:
    """Minutes from onset to the first request, and the probability of each: detection plus call or messenger.

    Returns:
        Minutes and probabilities, shape (n,) each.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> minutes, share = report_delay(read_scenario("scenarios/kabupaten-semarang"))
        >>> round(float(minutes @ share), 1)
        7.9
    """
    calls = scenario.settings.calls
    no_signal = calls.no_signal_share.mode
    detection = _quantiles(calls.detection_min, REPORT_NODES)
    call = np.concatenate(
        [_quantiles(calls.call_min, REPORT_NODES), _quantiles(calls.no_signal_call_min, REPORT_NODES)]
    )
    share = np.repeat([1.0 - no_signal, no_signal], REPORT_NODES) / REPORT_NODES
    minutes = (detection[:, None] + call[None, :]).ravel()
    return minutes, np.tile(share / REPORT_NODES, REPORT_NODES)


def curves_of(scenario: Scenario, demand: Demand) -> Curves:
    """The costs of all kinds on one grid, up to the length of the day.

    Example:
        >>> from simsec.optimization.demand import expected_demand
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> curves = curves_of(scenario, expected_demand(scenario))
        >>> curves.weighted(0, 0, np.array([0.0, 10.0])).round(1).tolist()
        [8.0, 18.5]
    """
    start, end = scenario.horizon_min
    grid = np.arange(0.0, end - start + STEP_MIN, STEP_MIN)
    delay, share = report_delay(scenario)
    reach = np.arange(0.0, grid[-1] + delay.max() + 2 * STEP_MIN, STEP_MIN)
    later = grid[:, None] + delay[None, :]
    present = demand.mean.sum(axis=2) > 0
    cost = np.zeros((*present.shape, len(grid)))
    for kind, level in zip(*np.nonzero(present), strict=True):
        waited = weighted_minutes(scenario, demand.kinds[kind], int(level), reach)
        cost[kind, level] = np.interp(later, reach, waited) @ share
    spreading = scenario.settings.spreading
    spreads, within = (
        np.searchsorted(_quantiles(parameter, NODES), reach) / NODES
        for parameter in (spreading.delay_min, spreading.contained_within_min)
    )
    return Curves(grid, cost, np.interp(later, reach, 1.0 - (1.0 - spreads) * (1.0 - within)) @ share)


class Waits(NamedTuple):
    """Minutes from the first request until a step of the ladder is asked.

    Inf for units that bring nothing that is needed; ``others`` are the steps of teams the plan does not place, (unit
    kind, minutes); ``end`` is when everybody has been asked.
    """

    pair: float
    patrol: float
    rayon: float
    central: float
    others: tuple[tuple[str, float], ...]
    end: float


def waits(scenario: Scenario, kind: str, level: int) -> Waits:
    """How long the chain of command takes to each of its steps for an incident's first request.

    Args:
        scenario: what is known.
        kind: code of the kind of incident.
        level: first level, 0 green to 2 red; it names the step where the request enters.

    Returns:
        Sums of the mean delays of the steps before. Policies without steps ask everybody at once.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> waits(scenario, "queue_dispute", 0)[:4]
        (0.0, 3.0, 9.0, 15.0)
        >>> waits(scenario, "crowd_damage", 1)[:4]
        (inf, inf, 6.0, 12.0)
    """
    settings = scenario.settings
    ladder = next(ladder for ladder in settings.ladders if "squad" in ladder.capabilities)
    needs = set(settings.incidents[kind].needs.get(LEVELS[level], {})) & set(ladder.capabilities)
    can = {unit.kind: bool(needs & set(unit.capabilities)) for unit in settings.units}
    stepwise = settings.policy.name == "chain_of_command"
    asked = {"pair": np.inf, "patrol": np.inf, "rayon": np.inf, "central": np.inf}
    others, minute = [], 0.0
    for place, step in enumerate(ladder.steps):
        if stepwise and place < ladder.enter[LEVELS[level]]:
            continue
        if step.permission:  # nobody comes, and the request waits
            minute += triangular_mean(step.delay_min) if stepwise and step.delay_min is not None else 0.0
            continue
        name = step.unit if step.unit != SQUAD else "rayon" if step.scope == "rayon" else "central"
        if can[step.unit] and name in asked:
            asked[name] = min(asked[name], minute)
        elif can[step.unit]:
            others.append((step.unit, minute))
        minute += triangular_mean(step.delay_min) if stepwise and step.delay_min is not None else 0.0
    # Where no rayon is asked first, its squads are asked with all others.
    rayon = min(asked["rayon"], asked["central"])
    return Waits(asked["pair"], asked["patrol"], rayon, asked["central"], tuple(others), minute)
