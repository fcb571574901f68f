"""The best of the finalists, with a stated probability: procedure KN on blocks of days that nothing else met.

A block is a few days of every type; its stratified mean is one figure a plan, and all finalists meet the same days.
The probability is promised beforehand if one finalist is better than all others by the indifference, in minutes; where
the days end before the procedure does, nothing was promised and the days are judged by a Bonferroni bound instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import LEVEL, Estimate, day_weights
from simsec.analysis.replications import TYPE_STRIDE, DayKey, Replications, strata
from simsec.analysis.selection import Choice, choose, kim_nelson
from simsec.optimization.aims import Aim, daily, gain, measured
from simsec.optimization.judge import FINALISTS_FIRST
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
Play = Callable[[Sequence[Plan], tuple[DayKey, ...]], list[Replications]]
BLOCK = {"ordinary": 2, "heavy_rain": 2, "rumour": 2, "severe": 6}
FIRST_BLOCKS, MOST_BLOCKS = 10, 25
TOGETHER = 5  # blocks that are played at once, so that the processes have work
INDIFFERENCE = 0.25  # weighted minutes for each incident weight expected; finalists nearer than that are alike
PROCEDURE = "Kim-Nelson on fresh days, paired"
ALONE = "a single finalist"


@dataclass(frozen=True)
class Final:
    """How the finalists were ranked.

    Attributes:
        order: their numbers, best first.
        choice: of the best; its regret is the indifference where the procedure ended by itself.
        days: that the longest-played of them was played.
        values: of each of the first days, which all met, to judge those left when one is refused; shape (plans, days).
        stratum: type of each of these days.
    """

    order: tuple[int, ...]
    choice: Choice
    days: int
    values: Floats
    stratum: NDArray[np.int64]

    def without(self, scenario: Scenario, refused: Sequence[int]) -> Choice:
        """How sure the best of those left is, on the first days, which all met."""
        left = [number for number in self.order if number not in refused]
        if not left:
            return Choice(-1, float("nan"), float("nan"))
        if len(left) == 1:
            return Choice(left[0], 1.0, 0.0, ALONE)
        found = choose(self.values[left], self.stratum, strata(scenario))
        return replace(found, best=left[found.best]) if found.best >= 0 else found


def block_keys(seed: int, block: int, days: Mapping[str, int]) -> tuple[DayKey, ...]:
    """The days of a block.

    Example:
        >>> [key.replication for key in block_keys(1, 3, {"ordinary": 2})]
        [2500006, 2500007]
    """
    return tuple(
        DayKey(name, seed, FINALISTS_FIRST + TYPE_STRIDE * place + block * days[name] + number)
        for place, name in enumerate(DAY_TYPES)
        for number in range(days.get(name, 0))
    )


def rank(
    scenario: Scenario,
    plans: Sequence[Plan],
    play: Play,
    seed: int,
    aim: Aim,
    *,
    block: Mapping[str, int] = BLOCK,
    indifference: float = INDIFFERENCE,
    level: float = LEVEL,
    most_blocks: int = MOST_BLOCKS,
) -> Final:
    """Rank finalists on fresh days; two at least.

    Args:
        scenario: what is known.
        plans: the finalists.
        play: plays days under plans.
        seed: of the days.
        aim: what is looked for; a figure of each day.
        block: day type -> days in a block, 1 or more of every type.
        indifference: minutes of the measure below which two plans count as alike.
        level: probability of a correct selection.
        most_blocks: the days end there.
    """
    values: dict[tuple[int, int], Floats] = {}  # plan, block -> the figure of each day
    stratum = np.array([DAY_TYPES.index(key.day_type) for key in block_keys(seed, 0, block)])
    unit = measured(scenario, np.ones(2 * len(stratum)), np.tile(stratum, 2), aim).mean
    weights = day_weights(np.tile(stratum, 2), strata(scenario))
    assert weights is not None  # a block has a day of every type
    weights = 2 * weights[: len(stratum)]

    def draw(which: Sequence[int], number: int) -> Floats:
        if (which[0], number) not in values:
            numbers = range(number, number + (TOGETHER if number else FIRST_BLOCKS))
            keys = tuple(key for one in numbers for key in block_keys(seed, one, block))
            for plan, runs in zip(which, play([plans[plan] for plan in which], keys), strict=True):
                figures = (daily(scenario, runs, aim) * unit).reshape(len(numbers), -1)
                values.update({(plan, one): row for one, row in zip(numbers, figures, strict=True)})
        return np.array([weights @ values[plan, number] for plan in which])

    found = kim_nelson(
        draw, len(plans), indifference=indifference, first=FIRST_BLOCKS, level=level, most_blocks=most_blocks
    )
    mean = [
        np.mean([weights @ values[plan, number] for number in range(found.blocks[plan])]) for plan in range(len(plans))
    ]
    # Who was thrown out later comes before who was thrown out earlier.
    order = sorted(range(len(plans)), key=lambda plan: (plan != found.best, -found.blocks[plan], mean[plan], plan))
    shared = np.array([[values[plan, number] for number in range(FIRST_BLOCKS)] for plan in range(len(plans))])
    final = Final(
        order=tuple(order),
        choice=Choice(found.best, level, indifference, PROCEDURE),
        days=max(found.blocks) * len(stratum),
        values=shared.reshape(len(plans), -1),
        stratum=np.tile(stratum, FIRST_BLOCKS),
    )
    if found.finished:
        return final
    left = list(found.survivors)
    all_days = np.array([np.concatenate([values[plan, n] for n in range(found.blocks[found.best])]) for plan in left])
    judged = choose(all_days, np.tile(stratum, found.blocks[found.best]), strata(scenario), level)
    return replace(final, choice=replace(judged, best=left[judged.best]))


def best_doctrine(
    scenario: Scenario, played: Sequence[Replications], measures: Sequence[Estimate], aim: Aim
) -> int:
    """The member of the family with the smallest measure; in doubt the announced plan, which comes first.

    Members are much alike. The best of many on the days that choose is often so by chance, and a plan that beats it
    would beat nobody.

    Args:
        scenario: what is known.
        played: days under every member, the same for all, the announced plan first.
        measures: of every member on these days.
        aim: what counts.

    Returns:
        Its place.
    """
    best = min(range(len(measures)), key=lambda number: (measures[number].mean, number))
    return best if gain(scenario, played[0], played[best], aim).low > 0 else 0
