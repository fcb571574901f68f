"""Assumption worlds: doctrine and plan played, paired, in worlds drawn from all C and D figures at once.

The range over worlds says what we do not know; it does not shrink with more days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from simsec.analysis.intervals import Estimate, stratified_mean, stratified_moments
from simsec.analysis.measures import FAMILIES, expected_weight
from simsec.analysis.replications import DayKey, Options, day_keys, gather, play_chunk, primary_measure, strata
from simsec.analysis.workers import Progress, Workers
from simsec.plan.plan import Plan
from simsec.scenario.parameter import triangular
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
JUDGEMENTS = ("weights.", "objective.", "forces.")  # values and decisions, not facts about the world
# Cannot move minutes to first help:
INERT = (
    "voters.",
    "kpu.",
    ".kpu_asks_after_min",
    "agencies.",
    "three_pillars.",
    ".target_min",
    "incidents.power_or_signal.",
)
WORLD_STRIDE = 1_000  # every world has its own days: their noise must not repeat in all of them
FIRST_PASS = {"ordinary": 12, "heavy_rain": 6, "rumour": 6, "severe": 16}
CONFIRMED = 3  # figures that changed the gain most in the first pass, moved again on further days
CONFIRMED_LEVEL = 1 - 0.05 / CONFIRMED
ROUNDING = 1e-9


@dataclass(frozen=True)
class Swing:
    """What moving one figure from its low to its high end does to the gain, all others at their modes.

    Attributes:
        path: of the figure.
        change: of the gain, paired by day, on days that did not choose the figure; the interval allows for the number
            of figures that are told.
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
        error: standard error of each gain, shape (worlds,).
        first_level: the measure of the first plan in every world, shape (worlds,).
        tried: how many figures were moved one by one in a first pass.
        swings: the figures that changed the gain most in that pass, moved again on further days; largest first.
    """

    paths: tuple[str, ...]
    values: Floats
    gains: tuple[Estimate, ...]
    error: Floats
    first_level: Floats
    tried: int = 0
    swings: tuple[Swing, ...] = ()

    @property
    def _noise(self) -> Floats:
        """Variance of each gain; a world whose few days were all alike is not known exactly for that."""
        return np.asarray(np.maximum(self.error, max(0.1 * float(np.median(self.error)), 1e-9)) ** 2)

    @property
    def pooled(self) -> tuple[float, float]:
        """Mean gain over the worlds, weighted by precision, and the variance between them beside their noise.

        DerSimonian & Laird (1986), "Meta-analysis in clinical trials".
        """
        means = np.array([gain.mean for gain in self.gains])
        weight = 1 / self._noise
        fixed = float(weight @ means / weight.sum())
        excess = float(weight @ (means - fixed) ** 2) - (len(means) - 1)
        between = max(excess / float(weight.sum() - (weight**2).sum() / weight.sum()), 0.0) if len(means) > 1 else 0.0
        weight = 1 / (self._noise + between)
        return float(weight @ means / weight.sum()), between

    @property
    def shrunk(self) -> Floats:
        """Gain of each world with the noise of its few days taken out, shape (worlds,).

        Each is drawn towards the common mean by its own noise, so that the spread left is the one between worlds
        (constrained empirical Bayes, Louis 1984). As they stand they would tell noise as an assumption range.
        """
        middle, between = self.pooled
        means = np.array([gain.mean for gain in self.gains])
        kept = np.sqrt(between / (between + self._noise))
        return np.asarray(middle + kept * (means - middle), dtype=np.float64)

    @property
    def apart(self) -> bool:
        """Whether the days are enough to tell the worlds apart; else the range is a point."""
        return self.pooled[1] > 0

    @property
    def better(self) -> int:
        """In how many worlds the second plan was better on the days played."""
        return sum(gain.mean > 0 for gain in self.gains)

    @property
    def beyond_chance(self) -> tuple[int, int]:
        """In how many worlds it was better, and in how many worse, beyond the chance of that world's days."""
        return sum(gain.low > 0 for gain in self.gains), sum(gain.high < 0 for gain in self.gains)

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
) -> tuple[Estimate, float, float]:
    """Gain, its standard error and the first plan's measure in one world."""
    scenario, paths, plans, first_keys = shared
    number, values = task
    world = scenario.with_values(dict(zip(paths, values, strict=True)))
    keys = tuple(replace(key, replication=key.replication + number * WORLD_STRIDE) for key in first_keys)
    first, second = _police_minutes(world, plans, keys)
    stratum = np.array([DAY_TYPES.index(key.day_type) for key in keys])
    moments = stratified_moments(first - second, stratum, strata(world))
    error = moments.variance**0.5 / _expected(world, strata(world))
    return primary_measure(world, first - second, stratum), error, primary_measure(world, first, stratum).mean


def _police_minutes(world: Scenario, plans: Sequence[Plan], keys: tuple[DayKey, ...]) -> tuple[Floats, Floats]:
    """Weighted minutes of the police family a day under two plans, shape (days,) each."""
    played = play_chunk((world, tuple(plans), Options()), keys)
    security = FAMILIES.index("security")
    first, second = (
        gather(plan, keys, [day[n] for day in played]).weighted[:, security] for n, plan in enumerate(plans)
    )
    return first, second


def _expected(world: Scenario, probability: Mapping[int, float]) -> float:
    """Expected weight of the primary police incidents of a day of these types."""
    expected, total = expected_weight(world), sum(probability.values())
    return sum(p / total * expected[DAY_TYPES[number]]["security"] for number, p in probability.items())


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
    gains, errors, levels = zip(*played, strict=True)
    tried = [path for path in paths if of_the_police(scenario, path)] if first.hash != second.hash else []
    seeds = tuple(dict.fromkeys(key.seed for key in keys))
    start = keys[0].replication + count * WORLD_STRIDE
    choosing, telling = day_keys(FIRST_PASS, seeds, start), _later(keys, (count + 1) * WORLD_STRIDE)
    changes = play_swings(scenario, (first, second), tried, choosing, workers)
    most = sorted(changes, key=lambda swing: -abs(swing.change.mean))[:CONFIRMED]
    swings = play_swings(scenario, (first, second), [swing.path for swing in most], telling, workers)
    return Worlds(
        paths,
        values,
        gains,
        np.array(errors),
        np.array(levels),
        len(tried),
        tuple(sorted(swings, key=lambda swing: -abs(swing.change.mean))),
    )


def _later(keys: tuple[DayKey, ...], by: int) -> tuple[DayKey, ...]:
    return tuple(replace(key, replication=key.replication + by) for key in keys)


def of_the_police(scenario: Scenario, path: str) -> bool:
    """Whether a figure is about incidents of the police or about who answers them, and so is moved one by one.

    Speeds of single kinds of road and the kinds of other families are left to the worlds.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> [of_the_police(scenario, path) for path in ("day_types.severe", "incidents.flood.dispatch_share")]
        [True, False]
    """
    settings = scenario.settings
    if path.startswith(("day_types.", "spreading.", "calls.", "travel.friction", "travel.truck_factor")):
        return True
    head, _, rest = path.partition(".")
    name = rest.partition(".")[0]
    if head == "incidents":
        return settings.incidents[name].responder == "security"
    police = {word for ladder in settings.ladders if "squad" in ladder.capabilities for word in ladder.capabilities}
    if head == "ladders":
        return any(ladder.name == name and police & set(ladder.capabilities) for ladder in settings.ladders)
    return head == "units" and bool(police & set(settings.units[int(name)].capabilities))


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

    Returns:
        A swing a figure, in the order of ``paths``.
    """
    known = scenario.parameters()
    ends = [(path, end) for path in paths for end in (known[path].low, known[path].high)]
    played = workers.map(_gain_in_parts, (scenario, plans, keys), ends)
    stratum = np.array([DAY_TYPES.index(key.day_type) for key in keys])
    even = dict.fromkeys(np.unique(stratum).tolist(), 1.0)
    found = []
    for path, low, high in zip(paths, played[::2], played[1::2], strict=True):
        change = stratified_mean(changed(low, high) * len(even), stratum, even, CONFIRMED_LEVEL)
        found.append(Swing(path, change))
    return tuple(found)


def changed(low: Floats, high: Floats) -> Floats:
    """What changed from one to the other, without what is rounding alone.

    Example:
        >>> changed(np.array([0.1 + 0.2, 1.0]), np.array([0.3, 2.0])).tolist()
        [0.0, 1.0]
    """
    change = high - low
    return np.where(np.abs(change) < ROUNDING * (np.abs(high) + np.abs(low)), 0.0, change)


def _gain_in_parts(shared: tuple[Scenario, tuple[Plan, ...], tuple[DayKey, ...]], end: tuple[str, float]) -> Floats:
    """Each day's part of the gain in one world, by the probability of its type there: means of types add up to it."""
    scenario, plans, keys = shared
    world = scenario.with_values(dict([end]))
    first, second = _police_minutes(world, plans, keys)
    probability = strata(world, *{key.day_type for key in keys})
    share = np.array([probability[DAY_TYPES.index(key.day_type)] for key in keys]) / sum(probability.values())
    return np.asarray(share * (first - second) / _expected(world, probability))
