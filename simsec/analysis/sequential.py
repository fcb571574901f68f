"""Days until a named measure is known to a relative precision, or until a limit of days is struck.

Rounds, not days: after each round the half width of the interval is held against the target, and the next round gives
days to the types where they narrow it most (Neyman 1934). Looking often and stopping at the first narrow interval makes
it cover a little less often than it says (Chow & Robbins 1965 promise the level only as the target goes to zero), so
rounds are few and the first is large; the coverage study measures what is left of the promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import LEVEL, Estimate, stratified_moments
from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import (
    CHUNK,
    DayKey,
    Options,
    Replications,
    day_keys,
    gather,
    play_chunk,
    primary_measure,
    strata,
)
from simsec.analysis.workers import Progress, Workers
from simsec.base.errors import InputError, Problem, say
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Play = Callable[[Mapping[int, int], Mapping[int, int]], Mapping[int, Floats]]
LEAST_GROWTH = 1.1  # a round is worth at least a tenth more days


@dataclass(frozen=True)
class Stopping:
    """When to stop.

    Attributes:
        relative: wanted half width of the interval over the size of the mean.
        most_days: of all types together.
        first: days of every type in the first round; no type ever has fewer.
        growth: no round makes the days more than this many times what they were.
    """

    relative: float
    most_days: int
    first: int = 100
    growth: float = 2.0

    def problems(self, types: int) -> list[Problem]:
        """What is wrong with it for a number of types of day."""
        found = []
        if not 0 < self.relative < 1:
            value = f"{self.relative:.4g}"
            found.append(Problem(say("precision"), "must be more than 0 and less than 1", value=value))
        if self.first < 2:
            found.append(Problem(say("first round"), "at least 2 days of every type are needed", value=str(self.first)))
        if not self.growth >= LEAST_GROWTH:
            found.append(Problem(say("growth"), "a round must make the days more", value=str(self.growth)))
        if self.most_days < self.first * types:
            least = say("at least {days} days", days=self.first * types)
            found.append(
                Problem(say("day limit"), "too few for the first round", value=str(self.most_days), bound=least)
            )
        return found


@dataclass(frozen=True)
class Stopped:
    """Why the days ended.

    Attributes:
        estimate: the measure with its interval; ``doubt`` says where it may cover too seldom.
        days: type -> days played.
        rounds: how many.
        reached: whether the precision was reached; else the limit of days was struck.
        relative: half width over the size of the mean; nan where the mean is 0.
    """

    estimate: Estimate
    days: dict[int, int]
    rounds: int
    reached: bool
    relative: float


def until_precise(
    play: Play, probability: Mapping[int, float], rule: Stopping, level: float = LEVEL
) -> tuple[Stopped, dict[int, Floats]]:
    """Play days in rounds until the stratified mean is precise enough.

    Days that are all alike show no spread to judge by: they go on to the limit.

    Args:
        play: given how many days of each type were played and how many more to play, returns the values of the further
            ones by type; day n of a type must be the same day however the rounds fall.
        probability: type -> probability.
        rule: when to stop.
        level: of the interval.

    Returns:
        Why it ended, and the values by type in the order played.

    Raises:
        InputError: the rule makes no sense.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> def draw(played, more):
        ...     return {number: rng.normal(10, 3, days) for number, days in more.items()}
        >>> stopped, _ = until_precise(draw, {0: 1.0}, Stopping(0.05, 1000))
        >>> stopped.reached, stopped.relative <= 0.05, stopped.days[0] < 400
        (True, True, True)
    """
    wrong = rule.problems(len(probability))
    if wrong:
        raise InputError(wrong)
    values: dict[int, Floats] = {number: np.zeros(0) for number in probability}
    more = dict.fromkeys(probability, rule.first)
    rounds = 0
    while True:
        drawn = play({number: len(values[number]) for number in probability}, more)
        values = {number: np.concatenate([values[number], drawn[number]]) for number in probability}
        rounds += 1
        days = {number: len(values[number]) for number in probability}
        stratum = np.repeat(list(days), list(days.values()))
        moments = stratified_moments(np.concatenate(list(values.values())), stratum, probability)
        half = moments.half_width(level)
        relative = half / abs(moments.mean) if moments.mean else float("nan")
        reached = 0 < relative <= rule.relative
        if reached or moments.days >= rule.most_days:
            estimate = Estimate(
                moments.mean, moments.mean - half, moments.mean + half, moments.days, moments.doubt
            )  # fmt: skip
            return Stopped(estimate, days, rounds, reached, relative), values
        more = _next_round(values, probability, relative / rule.relative, rule)


def _next_round(
    values: Mapping[int, Floats], probability: Mapping[int, float], too_wide: float, rule: Stopping
) -> dict[int, int]:
    """Days to add by type: towards Neyman's allocation of the days that the spread so far asks for."""
    total = sum(probability.values())
    spread = {n: p / total * float(np.std(values[n], ddof=1)) for n, p in probability.items()}
    if sum(spread.values()) == 0:
        spread = {n: p / total for n, p in probability.items()}
    days = {n: len(values[n]) for n in probability}
    played = sum(days.values())
    variance = sum(spread[n] ** 2 / days[n] for n in days)
    # Under Neyman's allocation the variance is (sum of spreads)^2 / days.
    asked = sum(spread.values()) ** 2 / variance * too_wide**2 if variance > 0 and too_wide == too_wide else np.inf
    wanted = min(max(asked, LEAST_GROWTH * played), rule.growth * played, rule.most_days)
    rest = max(int(np.ceil(wanted)) - played, 1)
    lack = {n: max(wanted * spread[n] / sum(spread.values()) - days[n], 0.0) for n in days}
    if sum(lack.values()) == 0:
        lack = spread
    exact = {n: rest * lack[n] / sum(lack.values()) for n in days}
    more = {n: int(exact[n]) for n in days}
    for n in sorted(days, key=lambda n: (more[n] - exact[n], n))[: rest - sum(more.values())]:
        more[n] += 1
    return more


def replicate_until(
    scenario: Scenario,
    plan: Plan,
    rule: Stopping,
    workers: Workers,
    *,
    seed: int = 1,
    family: str = "security",
    day_types: tuple[str, ...] = DAY_TYPES,
    voters: bool = False,
    missions: bool = False,
    trace: Path | None = None,
    waits: bool = False,
    progress: Progress | None = None,
) -> tuple[Replications, Stopped]:
    """Play days under one plan until the primary measure of a responder family is precise enough.

    The days are those that a run of as many days of every type takes, in the same order.

    Args:
        scenario: what is known.
        plan: a checked plan.
        rule: when to stop.
        workers: their number changes no result.
        seed: of the days.
        family: whose weighted minutes are the measure.
        day_types: all (natural rates) or some ("given that").
        voters: also serve the voters of stations that an incident closed.
        waits: also serve the voters of all other stations.
        missions: also keep missions and busy minutes of every unit.
        trace: a folder that gets the table of events of every day.
        progress: called with days done and the limit, at last with all days and all days.

    Returns:
        The days, and why they ended; the estimate is in weighted minutes per expected weighted primary incident.

    Raises:
        InputError: the rule makes no sense, or a type of day is unknown.
    """
    asked: dict[str, int] = dict.fromkeys(day_types, 1)
    day_keys(asked, (seed,))  # refuses what is no type of day
    column = FAMILIES.index(family)
    rows: dict[DayKey, dict[str, object]] = {}
    shared = (scenario, (plan,), Options(voters=voters, missions=missions, trace=trace, waits=waits))

    def play(played: Mapping[int, int], more: Mapping[int, int]) -> dict[int, Floats]:
        upto: dict[str, int] = {DAY_TYPES[number]: played[number] + more[number] for number in played}
        keys = [key for key in day_keys(upto, (seed,)) if key not in rows]
        chunks = [tuple(keys[first : first + CHUNK]) for first in range(0, len(keys), CHUNK)]
        before = len(rows)

        def tell(done: int, _: int) -> None:
            if progress:
                progress(min(before + done * CHUNK, rule.most_days - 1), rule.most_days)

        days = [day for chunk in workers.map(play_chunk, shared, chunks, tell) for day in chunk]
        found: dict[int, list[float]] = {number: [] for number in played}
        for key, (row,) in zip(keys, days, strict=True):
            rows[key] = row
            found[DAY_TYPES.index(key.day_type)].append(float(np.asarray(row["weighted"])[column]))
        return {number: np.array(values) for number, values in found.items()}

    stopped, _ = until_precise(play, strata(scenario, *day_types), rule)
    whole: dict[str, int] = {DAY_TYPES[number]: days for number, days in stopped.days.items()}
    keys = day_keys(whole, (seed,))
    runs = gather(plan, keys, [rows[key] for key in keys])
    if progress:
        progress(len(keys), len(keys))
    estimate = primary_measure(scenario, runs.weighted[:, column], runs.stratum, family, *day_types)
    return runs, replace(stopped, estimate=estimate)
