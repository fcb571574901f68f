"""Candidates of a day and their marks: every uniform is keyed by what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simsec.day.day import Floats, Integers
from simsec.day.streams import counters, stream, uniforms, uniforms_at


@dataclass(frozen=True, eq=False)
class Draws:
    """Uniforms of some candidates: one row a candidate, one named stream a mark."""

    seed: int
    replication: int
    key: NDArray[np.uint64]
    ordinal: NDArray[np.uint64]

    @cached_property
    def _counter(self) -> NDArray[np.uint64]:
        return counters(self.key, self.ordinal)

    def of(self, mark: str) -> Floats:
        """Uniforms of one mark, shape (n,)."""
        return uniforms_at(self._counter, stream(self.seed, self.replication, mark))

    def table(self, mark: str, columns: int) -> Floats:
        """Uniforms of a numbered mark, shape (n, columns)."""
        return self.named(mark, [str(column) for column in range(columns)])

    def named(self, mark: str, columns: Sequence[str]) -> Floats:
        """Uniforms of a mark whose columns have names, shape (n, columns); a number names what :meth:`table` draws."""
        names = [stream(self.seed, self.replication, f"{mark}/{column}") for column in columns]
        return uniforms_at(self._counter[:, None], np.array(names, dtype=np.uint64)[None, :])

    def and_those(self, more: Draws) -> Draws:
        """These draws, then others of the same day."""
        return Draws(
            self.seed,
            self.replication,
            np.concatenate([self.key, more.key]),
            np.concatenate([self.ordinal, more.ordinal]),
        )

    def take(self, rows: NDArray[np.bool_] | Integers) -> Draws:
        """The draws of some of the candidates."""
        return Draws(self.seed, self.replication, self.key[rows], self.ordinal[rows])


def poisson_quantile(u: Floats, mean: Floats) -> Integers:
    """Poisson counts at the quantiles u, by adding up probabilities; quick where the means are small.

    Example:
        >>> poisson_quantile(np.array([0.5, 0.95, 0.999]), np.array([0.05, 0.05, 0.05])).tolist()
        [0, 0, 2]
    """
    count = np.zeros(len(u), dtype=np.int64)
    probability = np.exp(-mean)
    total = probability.copy()
    step, above = 0, u > total
    while above.any() and step < 1000:  # the tail beyond is smaller than the spacing of the uniforms
        step += 1
        count += above
        probability = probability * mean / step
        total = total + probability
        above = above & (u > total)
    return count


def candidates(
    seed: int, replication: int, keys: NDArray[np.uint64], kind_key: NDArray[np.uint64], ceiling: Floats
) -> tuple[Integers, Integers, Draws]:
    """Poisson(ceiling) candidates for every (kind, place): kind, place and draws of each, in a fixed order."""
    u = uniforms(stream(seed, replication, "count"), kind_key[:, None] ^ keys[None, :], 0)
    kind, place = np.nonzero(u > np.exp(-ceiling)[:, None])
    count = poisson_quantile(u[kind, place], ceiling[kind])
    kind, place = np.repeat(kind, count), np.repeat(place, count)
    first = np.cumsum(count) - count
    ordinal = np.arange(len(kind)) - np.repeat(first, count)
    return kind, place, Draws(seed, replication, kind_key[kind] ^ keys[place], ordinal.astype(np.uint64))
