"""Designs: points of the unit cube, the same for the same seed; what they mean is the factors' matter.

Grid and one at a time count levels; Latin hypercube (McKay, Beckman & Conover 1979) and Sobol sequence (scrambled, Owen
1998) fill the cube; Morris (1991) walks trajectories of elementary effects; Saltelli (2010) crosses two samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from simsec.experiments.schema import DesignKind

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """How one factor is walked along: the centres of its levels in [0, 1], and which is the base.

    Attributes:
        centres: one a level; what a grid and one at a time take.
        base: number of the level that the others are compared with.
    """

    centres: tuple[float, ...]
    base: int


def grid(axes: Sequence[Axis]) -> Floats:
    """Every combination of levels, the last factor fastest; one point without factors. Shape (points, factors).

    Example:
        >>> grid([Axis((0.25, 0.75), 0), Axis((0.5,), 0)]).tolist()
        [[0.25, 0.5], [0.75, 0.5]]
    """
    points = list(product(*(axis.centres for axis in axes)))
    return np.array(points, dtype=np.float64).reshape(len(points), len(axes))


def one_at_a_time(axes: Sequence[Axis]) -> Floats:
    """The base point, then every other level of each factor alone.

    Example:
        >>> one_at_a_time([Axis((0.0, 0.5, 1.0), 1), Axis((0.25, 0.75), 0)]).tolist()
        [[0.5, 0.25], [0.0, 0.25], [1.0, 0.25], [0.5, 0.75]]
    """
    base = [axis.centres[axis.base] for axis in axes]
    points = [base]
    for number, axis in enumerate(axes):
        for level, centre in enumerate(axis.centres):
            if level != axis.base:
                points.append([*base[:number], centre, *base[number + 1 :]])
    return np.array(points, dtype=np.float64)


def latin_hypercube(factors: int, size: int, seed: int) -> Floats:
    """One point in every slice of every factor."""
    return np.asarray(qmc.LatinHypercube(d=factors, rng=np.random.default_rng(seed)).random(size), dtype=np.float64)


def sobol(factors: int, size: int, seed: int) -> Floats:
    """A scrambled Sobol sequence; ``size`` is a power of 2."""
    drawn = qmc.Sobol(d=factors, scramble=True, rng=np.random.default_rng(seed)).random(size)
    return np.asarray(drawn, dtype=np.float64)


def morris(factors: int, trajectories: int, levels: int, seed: int) -> Floats:
    """Trajectories of factors + 1 points; each step moves one factor by levels / (2 (levels - 1)).

    Returns:
        Shape (trajectories * (factors + 1), factors), trajectory after trajectory.

    Example:
        >>> walk = morris(2, 1, 4, 1)
        >>> np.abs(np.diff(walk, axis=0)).sum(axis=1).round(6).tolist()
        [0.666667, 0.666667]
    """
    rng = np.random.default_rng(seed)
    jump = levels / (2 * (levels - 1))
    points = np.empty((trajectories, factors + 1, factors))
    for walk in points:
        up = rng.integers(0, 2, factors) * 2 - 1
        start = rng.integers(0, levels // 2, factors) / (levels - 1)
        walk[0] = np.where(up > 0, start, start + jump)
        for step, factor in enumerate(rng.permutation(factors), start=1):
            walk[step] = walk[step - 1]
            walk[step, factor] += up[factor] * jump
    return np.clip(points.reshape(-1, factors), 0.0, 1.0)


def saltelli(factors: int, size: int, seed: int) -> Floats:
    """Samples A and B of a Sobol sequence of twice the factors, then A with each column from B (Saltelli et al. 2010).

    Returns:
        Shape (size * (factors + 2), factors): A, B, AB_1 ... AB_d, each of ``size`` rows.

    Example:
        >>> points = saltelli(3, 4, 1)
        >>> points.shape, bool((points[8:12, 0] == points[4:8, 0]).all())
        ((20, 3), True)
    """
    both = sobol(2 * factors, size, seed)
    first, second = both[:, :factors], both[:, factors:]
    mixed = []
    for number in range(factors):
        block = first.copy()
        block[:, number] = second[:, number]
        mixed.append(block)
    return np.concatenate([first, second, *mixed])


def points_of(kind: DesignKind, axes: Sequence[Axis], size: int, levels: int, seed: int) -> Floats:
    """The points of a design.

    Args:
        kind: of the design.
        axes: one a factor.
        size: as the design counts it; ignored by grid and one at a time.
        levels: of a Morris trajectory.
        seed: of what is drawn; another stream than any day's.

    Returns:
        Shape (points, factors), in [0, 1].
    """
    match kind:
        case "grid":
            return grid(axes)
        case "one_at_a_time":
            return one_at_a_time(axes)
        case "latin_hypercube":
            return latin_hypercube(len(axes), size, seed)
        case "sobol":
            return sobol(len(axes), size, seed)
        case "morris":
            return morris(len(axes), size, levels, seed)
        case "saltelli":
            return saltelli(len(axes), size, seed)
