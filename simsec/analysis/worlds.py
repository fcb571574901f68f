"""Assumption worlds: doctrine and plan played, paired, in worlds drawn from all C and D figures at once.

The range over worlds says what we do not know; it does not shrink with more days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc, rankdata

from simsec.analysis.intervals import Estimate, stratified_mean
from simsec.analysis.measures import FAMILIES, expected_weight
from simsec.analysis.replications import DayKey, Options, gather, play_chunk, primary_measure, strata
from simsec.analysis.workers import Progress, Workers
from simsec.plan.plan import Plan
from simsec.scenario.parameter import triangular
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
JUDGEMENTS = ("weights.", "forces.")  # values and decisions, not facts about the world
INERT = ("voters.", ".target_min", "incidents.power_or_signal.")  # cannot move minutes to first help
NORMAL_95 = 1.96
TRIED = 3  # figures that go with the gain most strongly, moved one by one on further days
TRIED_LEVEL = 1 - 0.05 / TRIED
WORLD_STRIDE = 1_000  # every world has its own days: their noise must not repeat in all of them


@dataclass(frozen=True)
class Swing:
    """What moving one figure from its low to its high end does to the gain, all others at their modes.

    Attributes:
        path: of the figure.
        change: of the gain, paired by day, on days of its own; the interval allows for the number of figures tried.
    """

    path: str
    change: Estimate


@dataclass(frozen=True, eq=False)
class Worlds:
    """Gains of the second plan over the first in every world; positive is better for the second.

    Attributes:
        paths: the C and D figures that were varied.
        values: what they were, shape (worlds, figures).
        gains: an estimate a world, natural rates.
        first_level: the measure of the first plan in every world, shape (worlds,).
        influence: figures by rank correlation with the gain, strongest first: (path, correlation). Among so many some
            go with the gain by chance, so the first few are tried:
        swings: what moving each of the first few alone does.
    """

    paths: tuple[str, ...]
    values: Floats
    gains: tuple[Estimate, ...]
    first_level: Floats
    influence: tuple[tuple[str, float], ...]
    swings: tuple[Swing, ...] = ()

    @property
    def shrunk(self) -> Floats:
        """Gain of each world with the noise of its few days taken out, shape (worlds,).

        Means drawn towards their common mean until their variance is the spread between worlds alone: what was seen,
        less the noise (constrained empirical Bayes, Louis 1984). As they stand they would tell noise as an assumption
        range; plain shrinkage would tell too narrow a one. Where the noise is all that is seen they fall together: the
        days are too few to tell the worlds apart.
        """
        means = np.array([gain.mean for gain in self.gains])
        errors = np.array([(gain.high - gain.low) / 2 / NORMAL_95 for gain in self.gains])
        between = float(np.var(means, ddof=1)) if len(means) > 1 else 0.0
        noise = float(np.mean(errors**2))
        kept = max(1 - noise / between, 0.0) if between > 0 else 0.0
        return np.asarray(means.mean() + kept**0.5 * (means - means.mean()), dtype=np.float64)

    @property
    def better(self) -> int:
        """In how many worlds the second plan is better, noise taken out."""
        return int(np.sum(self.shrunk > 0))

    @property
    def span(self) -> tuple[float, float]:
        """Smallest and largest gain over the worlds, noise taken out."""
        return float(self.shrunk.min()), float(self.shrunk.max())


def draw_worlds(scenario: Scenario, count: int, seed: int) -> tuple[tuple[str, ...], Floats]:
    """Values of all uncertain figures by Latin hypercube (McKay, Beckman & Conover 1979), triangular in each.

    Returns:
        Paths, and values of shape (count, figures).

    Example:
        >>> from simsec.scenario import read_scenario
        >>> paths, values = draw_worlds(read_scenario("scenarios/kabupaten-semarang"), 4, 1)
        >>> values.shape == (4, len(paths)), any(path.startswith("weights") for path in paths)
        (True, False)
    """
    varied = {
        path: parameter
        for path, parameter in scenario.parameters().items()
        if parameter.uncertain and not path.startswith(JUDGEMENTS) and not any(part in path for part in INERT)
    }
    varied.pop(f"incidents.{scenario.settings.spreading.kind}.rate_per_station", None)  # severe days force their seed
    u = qmc.LatinHypercube(d=len(varied), rng=np.random.default_rng(seed)).random(count)
    columns = [triangular(u[:, n], p.low, p.mode, p.high) for n, p in enumerate(varied.values())]
    return tuple(varied), np.column_stack(columns)


def _play_world(
    shared: tuple[Scenario, tuple[str, ...], tuple[Plan, ...], tuple[DayKey, ...]], task: tuple[int, Sequence[float]]
) -> tuple[Estimate, float]:
    scenario, paths, plans, first_keys = shared
    number, values = task
    world = scenario.with_values(dict(zip(paths, values, strict=True)))
    keys = tuple(replace(key, replication=key.replication + number * WORLD_STRIDE) for key in first_keys)
    played = play_chunk((world, plans, Options(False, False)), keys)
    first, second = (gather(plan, keys, [day[n] for day in played]) for n, plan in enumerate(plans))
    security = FAMILIES.index("security")
    gain = primary_measure(world, first.weighted[:, security] - second.weighted[:, security], first.stratum)
    return gain, primary_measure(world, first.weighted[:, security], first.stratum).mean


def play_worlds(
    scenario: Scenario,
    first: Plan,
    second: Plan,
    keys: tuple[DayKey, ...],
    workers: Workers,
    *,
    count: int = 30,
    seed: int = 1,
    progress: Progress | None = None,
) -> Worlds:
    """Play two plans, paired, in worlds drawn from the C and D figures.

    Args:
        scenario: what is known; its modes are the middle of the worlds.
        first: a checked plan.
        second: another; a positive gain is better for this one.
        keys: the days of the first world; the others take further ones of the same streams.
        workers: their number changes no result.
        count: number of worlds.
        seed: of the Latin hypercube.
        progress: called with worlds done and all.
    """
    paths, values = draw_worlds(scenario, count, seed)
    played = workers.map(
        _play_world, (scenario, paths, (first, second), keys), list(enumerate(values.tolist())), progress
    )
    gains = tuple(gain for gain, _ in played)
    ranks = rankdata([gain.mean for gain in gains])
    same = np.ptp(ranks) == 0  # a plan against itself: no figure decides
    influence = [
        (path, 0.0 if same else float(np.corrcoef(rankdata(values[:, number]), ranks)[0, 1]))
        for number, path in enumerate(paths)
    ]
    influence.sort(key=lambda pair: -abs(pair[1]))
    tried = [path for path, correlation in influence[:TRIED] if correlation != 0]
    further = tuple(replace(key, replication=key.replication + count * WORLD_STRIDE) for key in keys)
    swings = play_swings(scenario, (first, second), tried, further, workers)
    return Worlds(paths, values, gains, np.array([level for _, level in played]), tuple(influence), swings)


def play_swings(
    scenario: Scenario, plans: tuple[Plan, Plan], paths: Sequence[str], keys: tuple[DayKey, ...], workers: Workers
) -> tuple[Swing, ...]:
    """Play two plans on the same days with one figure after the other at its low and at its high end.

    Args:
        scenario: what is known; all other figures stay at their modes.
        plans: checked plans; a positive gain is better for the second.
        paths: of the figures.
        keys: the days, met by both plans at both ends.
        workers: their number changes no result.
    """
    known = scenario.parameters()
    ends = [(path, end) for path in paths for end in (known[path].low, known[path].high)]
    played = workers.map(_gain_in_parts, (scenario, plans, keys), ends)
    stratum = np.array([DAY_TYPES.index(key.day_type) for key in keys])
    even = dict.fromkeys(np.unique(stratum).tolist(), 1.0)
    return tuple(
        Swing(path, stratified_mean((high - low) * len(even), stratum, even, TRIED_LEVEL))
        for path, low, high in zip(paths, played[::2], played[1::2], strict=True)
    )


def _gain_in_parts(shared: tuple[Scenario, tuple[Plan, ...], tuple[DayKey, ...]], end: tuple[str, float]) -> Floats:
    """Each day's part of the gain in one world, by the probability of its type there: means of types add up to it."""
    scenario, plans, keys = shared
    world = scenario.with_values(dict([end]))
    played = play_chunk((world, plans, Options(False, False)), keys)
    first, second = (gather(plan, keys, [day[n] for day in played]) for n, plan in enumerate(plans))
    security = FAMILIES.index("security")
    probability = strata(world, *{key.day_type for key in keys})
    expected = expected_weight(world)
    constant = sum(p * expected[DAY_TYPES[number]]["security"] for number, p in probability.items())
    share = np.array([probability[int(number)] for number in first.stratum])
    return np.asarray(share * (first.weighted[:, security] - second.weighted[:, security]) / constant)
