"""The best of k: how sure a choice among plans is, and procedures that make it sure or make the most of a budget.

Everywhere a smaller figure is better, as minutes are. ``draw(systems, block)`` gives one scalar a system: the
stratified mean of a block of days. Blocks must be independent of each other; systems may meet the same days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr, stdtrit

from simsec.analysis.intervals import LEVEL, stratified_moments

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Draw = Callable[[Sequence[int], int], Floats]
PAIRED_BOUND = "least mean on the same days; Bonferroni bound from paired t"


@dataclass(frozen=True)
class Choice:
    """A system chosen on days that all systems met, and how sure the choice is.

    Attributes:
        best: number of the system with the least mean; -1 where there are too few days.
        probability: that it is the best of all, at least; nan where there are too few days.
        regret: at the level asked for no other is better than it by more than this.
        procedure: how it was chosen and judged.
    """

    best: int
    probability: float
    regret: float
    procedure: str = PAIRED_BOUND


def choose(values: Floats, stratum: Integers, probability: Mapping[int, float], level: float = LEVEL) -> Choice:
    """Choose the system with the least stratified mean, and say how sure that is.

    With D_j the paired gap to another system j and T its t distribution, 1 - sum (1 - T(D_j / se_j)) bounds from below
    the posterior probability that none of the others is better (Bonferroni, as in Chen 1996; paired as in Chick &
    Inoue 2001). It is not the promise of a design: no number of days was set beforehand to reach it. The regret is the
    upper limit of multiple comparisons with the best (Hsu 1984), by Bonferroni: with plans that are all but the same
    no choice is sure, and none is needed. A system that did the same as the chosen one on every day counts as it.

    Args:
        values: shape (systems, days), the same days in every row; less is better.
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        level: of the regret.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> day = rng.normal(0, 50, 100)
        >>> found = choose(np.array([day + rng.normal(m, 1, 100) for m in (5.0, 3.0, 4.0)]), np.zeros(100, int),
        ...                {0: 1.0})
        >>> found.best, found.probability > 0.99, found.regret
        (1, True, 0.0)
    """
    means = [stratified_moments(row, stratum, probability).mean for row in values]
    if any(mean != mean for mean in means):
        return Choice(-1, float("nan"), float("nan"))
    best = int(np.argmin(means))
    others = [row for number, row in enumerate(values) if number != best]
    wrong = regret = 0.0
    for row in others:
        gap = stratified_moments(row - values[best], stratum, probability)
        if gap.variance == 0:  # always the same gap: it is 0, or this one is worse for sure
            continue
        wrong += 1 - float(stdtr(gap.freedom, gap.mean / gap.variance**0.5))
        quantile = float(stdtrit(gap.freedom, 1 - (1 - level) / len(others)))
        regret = max(regret, quantile * gap.variance**0.5 - gap.mean)
    return Choice(best, max(1 - wrong, 0.0), regret)


@dataclass(frozen=True)
class Selected:
    """What a sequential procedure chose.

    Attributes:
        best: number of the system.
        survivors: systems not yet eliminated when it ended, the best among them.
        blocks: system -> blocks it was played.
        finished: whether the procedure ended by itself; else the limit of blocks was struck and nothing is promised.
        probability: promised (KN) or estimated (OCBA) probability that the best was chosen; nan if not finished.
    """

    best: int
    survivors: tuple[int, ...]
    blocks: tuple[int, ...]
    finished: bool
    probability: float


def kim_nelson(
    draw: Draw, systems: int, *, indifference: float, first: int = 10, level: float = LEVEL, most_blocks: int = 1000
) -> Selected:
    """Choose the best of k, fully sequentially: with the promised probability if it is better by the indifference.

    Procedure KN (Kim & Nelson 2001, with c = 1): after a first stage systems are thrown out one by one as soon as the
    sum of their paired gaps leaves a shrinking triangle. Correct for normal block means; common random numbers are
    allowed and help. Where others lie within the indifference of the best one of these is chosen.

    Args:
        draw: one scalar for each of the systems asked for in a block, in their order.
        systems: how many, 2 or more.
        indifference: a gap that is worth detecting, in the unit of the figures, more than 0.
        first: blocks of the first stage, 2 or more; 10 to 20 are usual.
        level: probability of a correct selection.
        most_blocks: the procedure is cut off there.

    Raises:
        ValueError: an argument makes no sense.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> found = kim_nelson(lambda which, block: rng.normal([1.0, 0.0, 2.0], 1)[list(which)], 3, indifference=0.5)
        >>> found.best, found.finished
        (1, True)
    """
    if systems < 2 or first < 2 or not indifference > 0 or not 1 / systems < level < 1 or most_blocks < first:
        raise ValueError("two systems, two first blocks, an indifference above 0 and a level above chance are needed")
    alive = list(range(systems))
    seen = np.array([draw(alive, block) for block in range(first)])
    eta = 0.5 * ((2 * (1 - level) / (systems - 1)) ** (-2 / (first - 1)) - 1)
    squared = 2 * eta * (first - 1)
    spread = np.var(seen[:, :, None] - seen[:, None, :], axis=0, ddof=1)  # of the paired gaps
    total, blocks, done = seen.sum(axis=0), np.full(systems, first), first
    while True:
        width = np.maximum(squared * spread / (2 * indifference) - indifference * done / 2, 0.0)
        beaten = [i for i in alive if any(total[i] > total[j] + width[i, j] for j in alive if j != i)]
        alive = [i for i in alive if i not in beaten]
        best = min(alive, key=lambda i: (total[i], i))
        # Past the end of the triangle one more look leaves only the least sum.
        over = bool(np.all(width[np.ix_(alive, alive)] == 0))
        if len(alive) == 1 or over or done >= most_blocks:
            finished = len(alive) == 1 or over
            return Selected(
                best, tuple(alive), tuple(blocks.tolist()), finished, level if finished else float("nan")
            )  # fmt: skip
        total[alive] += draw(alive, done)
        blocks[alive] += 1
        done += 1


def ocba_shares(means: Floats, variances: Floats) -> Floats:
    """Shares of a budget that make a correct selection most probable, shape (systems,), adding up to 1.

    Optimal computing budget allocation (Chen, Lin, Yucesan & Chick 2000): others in proportion to (deviation / gap to
    the best) squared, the best the root of the sum of squares, by deviation. For systems played independently.

    Args:
        means: of the systems, shape (systems,); less is better.
        variances: of one block, shape (systems,).

    Example:
        >>> ocba_shares(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0])).round(2).tolist()
        [0.45, 0.44, 0.11]
    """
    best = int(np.argmin(means))
    most = float(np.sqrt(variances.max())) or 1.0
    deviation = np.maximum(np.sqrt(variances) / most, 1e-6)  # neither no noise nor a tie makes a share unbounded
    gap = np.maximum((means - means[best]) / most, 1e-6)
    share = (deviation / gap) ** 2
    share[best] = 0.0
    share[best] = deviation[best] * np.sqrt(np.sum((share / deviation) ** 2))
    return np.asarray(share / share.sum())


def ocba(draw: Draw, systems: int, *, budget: int, first: int = 10, step: int = 10) -> Selected:
    """Choose the best of k with a fixed budget of blocks, spent where it tells most.

    After a first stage each step gives its blocks to the systems that lack most of :func:`ocba_shares`. Blocks of a
    system are numbered from 0, so that systems played equally often met the same blocks; the estimate of correct
    selection takes them as independent, which is careful where they are positively correlated.

    Args:
        draw: one scalar for each of the systems asked for in a block, in their order.
        systems: how many, 2 or more.
        budget: blocks over all systems.
        first: blocks of the first stage for each.
        step: blocks before the shares are reckoned anew.

    Raises:
        ValueError: an argument makes no sense.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> found = ocba(lambda which, block: rng.normal([1.0, 0.0, 3.0], 1)[list(which)], 3, budget=120)
        >>> found.best, sum(found.blocks), found.blocks[2] < found.blocks[0]
        (1, 120, True)
    """
    if systems < 2 or first < 2 or step < 1 or budget < systems * first:
        raise ValueError("two systems, two first blocks, a step, and a budget for the first blocks are needed")
    seen = [list(column) for column in np.array([draw(range(systems), block) for block in range(first)]).T]
    while (left := budget - sum(map(len, seen))) > 0:
        means, variances = _moments(seen)
        played = np.array([len(values) for values in seen])
        lack = ocba_shares(means, variances) * (played.sum() + min(step, left)) - played
        for _ in range(min(step, left)):
            system = int(np.argmax(lack))
            lack[system] -= 1
            seen[system].append(float(draw([system], len(seen[system]))[0]))
    means, variances = _moments(seen)
    played = np.array([len(values) for values in seen])
    best = int(np.argmin(means))
    error = np.sqrt(variances / played + variances[best] / played[best])
    wrong = [
        float(ndtr((means[best] - means[i]) / error[i])) if error[i] > 0 else 0.0 for i in range(systems) if i != best
    ]
    return Selected(best, tuple(range(systems)), tuple(played.tolist()), True, max(1 - sum(wrong), 0.0))


def _moments(seen: Sequence[Sequence[float]]) -> tuple[Floats, Floats]:
    return np.array([np.mean(values) for values in seen]), np.array([np.var(values, ddof=1) for values in seen])
