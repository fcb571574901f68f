"""Scenario discovery: boxes of the factors in which a plan fails (PRIM, Friedman & Fisher 1999; Bryant & Lempert 2010).

A box is peeled, a slice at a time, towards where failures are dense, then pasted back where that costs nothing. Limits
that chance could have made are taken off again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from simsec.base.errors import InputError, Problem, say

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
PEEL = 0.05  # share of the box that a peel takes off
PASTE = 0.01
LEAST_POINTS = 10
CHANCE = 0.05


@dataclass(frozen=True, eq=False)
class Box:
    """A box of the factors.

    Attributes:
        low, high: its limits in the units given, shape (factors,).
        limited: which factors it limits.
        coverage: share of all failures that lie in it.
        density: share of its points that fail.
        mass: share of all points that lie in it.
        chance: probability that the density would be as high without the limit of a factor; 1 where it has none.
    """

    low: Floats
    high: Floats
    limited: Flags
    coverage: float
    density: float
    mass: float
    chance: Floats


def prim(points: Floats, fails: Flags, *, density: float = 0.8, boxes: int = 1) -> list[Box]:
    """Boxes in which failures are dense, one after another; each looks at what the ones before left.

    Args:
        points: shape (points, factors); a space-filling design (Latin hypercube, Sobol).
        fails: which of them fail, shape (points,).
        density: the largest box of the trajectory that is at least this dense is taken, else the densest.
        boxes: at most so many.

    Raises:
        InputError: fewer than ten points, or none fails, or all do.

    Example:
        >>> points = np.random.default_rng(1).random((500, 3))
        >>> (box,) = prim(points, (points[:, 0] < 0.4) & (points[:, 2] > 0.5))
        >>> box.limited.tolist(), box.density > 0.8
        ([True, False, True], True)
    """
    points, fails = np.asarray(points, dtype=np.float64), np.asarray(fails, dtype=np.bool_)
    if len(points) < LEAST_POINTS or not 0 < fails.sum() < len(fails):
        what = say("discovery needs 10 points or more of which some fail and some do not")
        raise InputError([Problem(say("design"), what)])
    found: list[Box] = []
    left = np.ones(len(points), dtype=np.bool_)
    span = points.min(axis=0), points.max(axis=0)
    while len(found) < boxes and fails[left].any() and left.sum() >= LEAST_POINTS:
        low, high = _peeled(points[left], fails[left], density, span)
        low, high = _pasted(points[left], fails[left], low, high, span)
        low, high = _without_chance(points[left], fails[left], low, high, span)
        inside = _inside(points, low, high)
        if not fails[inside & left].any():
            break
        found.append(_box(points, fails, inside & left, low, high, span, left))
        left &= ~inside
    return found


def _inside(points: Floats, low: Floats, high: Floats) -> Flags:
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def _peeled(points: Floats, fails: Flags, wanted: float, span: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Peel slices off until few points are left; the box of the trajectory that is wanted."""
    low, high = span[0].copy(), span[1].copy()
    inside = np.ones(len(points), dtype=np.bool_)
    best = (low.copy(), high.copy())
    best_density, reached = float(fails.mean()), float(fails.mean()) >= wanted
    while inside.sum() > LEAST_POINTS and not reached:
        step: tuple[float, float, int, bool, float] | None = None
        for factor in range(points.shape[1]):
            column = points[inside, factor]
            for upper in (False, True):
                cut = float(np.quantile(column, 1 - PEEL if upper else PEEL, method="nearest"))
                keep = column < cut if upper else column > cut
                if not keep.any() or keep.all():
                    keep = column <= cut if upper else column >= cut
                if not LEAST_POINTS // 2 <= keep.sum() < inside.sum():
                    continue
                gain = float(fails[inside][keep].mean())
                edge = float(column[keep].max() if upper else column[keep].min())
                candidate = (gain, float(keep.sum()), factor, upper, edge)
                if step is None or candidate[:2] > step[:2]:
                    step = candidate
        if step is None:
            break
        _, _, factor, upper, edge = step
        (high if upper else low)[factor] = edge
        inside = _inside(points, low, high)
        density = float(fails[inside].mean())
        if density > best_density:
            best, best_density = (low.copy(), high.copy()), density
        reached = density >= wanted
    return best


def _pasted(
    points: Floats, fails: Flags, low: Floats, high: Floats, span: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Widen each limit as long as the density does not fall."""
    grew = True
    while grew:
        grew = False
        for factor in range(points.shape[1]):
            for upper in (False, True):
                now = _inside(points, low, high)
                others_low, others_high = low.copy(), high.copy()
                others_low[factor], others_high[factor] = span[0][factor], span[1][factor]
                column = points[_inside(points, others_low, others_high), factor]
                beyond = np.sort(column[column > high[factor]] if upper else -column[column < low[factor]])
                if not len(beyond):
                    continue
                more = beyond[: max(int(PASTE * now.sum()), 1)][-1]
                wide_low, wide_high = low.copy(), high.copy()
                (wide_high if upper else wide_low)[factor] = more if upper else -more
                if fails[_inside(points, wide_low, wide_high)].mean() >= fails[now].mean():
                    low, high, grew = wide_low, wide_high, True
    return low, high


def _chance(points: Floats, fails: Flags, low: Floats, high: Floats, factor: int, span: tuple[Floats, Floats]) -> float:
    """Probability of so many failures in the box if this factor's limits were drawn blindly (a binomial test)."""
    wide_low, wide_high = low.copy(), high.copy()
    wide_low[factor], wide_high[factor] = span[0][factor], span[1][factor]
    inside, wide = _inside(points, low, high), _inside(points, wide_low, wide_high)
    if inside.sum() == wide.sum():
        return 1.0
    count, of = int(fails[inside].sum()), int(inside.sum())
    return float(binomtest(count, of, float(fails[wide].mean()), alternative="greater").pvalue)


def _without_chance(
    points: Floats, fails: Flags, low: Floats, high: Floats, span: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Take off, one by one, the limits that chance could have made."""
    low, high = low.copy(), high.copy()
    while True:
        limited = np.flatnonzero((low > span[0]) | (high < span[1])).tolist()
        chances = [_chance(points, fails, low, high, factor, span) for factor in limited]
        if not chances or max(chances) <= CHANCE or len(chances) == 1:
            return low, high
        worst = limited[int(np.argmax(chances))]
        low[worst], high[worst] = span[0][worst], span[1][worst]


def _box(
    points: Floats, fails: Flags, inside: Flags, low: Floats, high: Floats, span: tuple[Floats, Floats], left: Flags
) -> Box:
    factors = range(points.shape[1])
    chance = [_chance(points[left], fails[left], low, high, factor, span) for factor in factors]
    return Box(
        low,
        high,
        (low > span[0]) | (high < span[1]),
        float(fails[inside].sum() / fails.sum()),
        float(fails[inside].mean()),
        float(inside.sum() / len(points)),
        np.array(chance),
    )
