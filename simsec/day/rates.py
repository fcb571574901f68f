"""Reports of a general scenario: rates by the hour, of any size, and a raised rate adds reports and moves none.

There is no ceiling to declare. The line of rates is cut into layers, [0, 2^-6), [2^-6, 2^-5), ... [2^(k-1), 2^k)
reports per hour, and every layer of every hour, place and kind is a Poisson process with a keyed stream of its own.
A candidate's mark lies in its layer, and it exists if the mark lies below the rate of its minute: thinning (Lewis &
Shedler 1979) with a ceiling that grows as it is needed. A higher rate looks at more layers and finds those below
unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simsec.base.errors import RunError, say
from simsec.day.keyed import Draws, poisson_quantile
from simsec.day.streams import stream, text_key, text_keys, uniforms
from simsec.scenario.general import General
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LOWEST_PER_HOUR = 2.0**-6  # upper edge of the first layer
SMALL_MEAN = 8.0  # below it Poisson probabilities are added up, above it the gamma function is inverted
HOUR_MIN = 60.0
FIRST_HOUR = -(2**20)  # hours are counted from here, so that those of the day before are no negative ordinals
HOUR_BITS, LAYER_BITS = 40, 32  # an ordinal is (hour, layer, number), shifted by these
MOST_IN_A_LAYER = 2.0**31  # numbers that fit


@dataclass(frozen=True, eq=False)
class Pieces:
    """Rates as pieces that each lie inside one hour of the clock, in order of kind, place and time; shape (pieces,)."""

    kind: Integers
    place: Integers
    start_min: Floats
    end_min: Floats
    per_hour: Floats


def _general(scenario: Scenario) -> General:
    if scenario.general is None:
        raise ValueError("not a general scenario")
    return scenario.general


@lru_cache(maxsize=8)
def rate_pieces(scenario: Scenario) -> Pieces:
    """The rates of a general scenario, cut at every full hour.

    Raises:
        ValueError: the scenario is an election.
    """
    first, last = scenario.horizon_min
    places = range(len(scenario.villages))
    given = [(r.kind, r.place, r.start_min, r.end_min, r.per_hour) for r in _general(scenario).rates]
    for number, model in enumerate(scenario.settings.incidents.values()):
        if model.rate_per_hour is not None:
            given += [(number, place, first, last, model.rate_per_hour.mode) for place in places]
    rows: list[tuple[int, int, float, float, float]] = []
    for kind, place, start, end, per_hour in sorted(given):
        if per_hour > 0:
            hours = np.arange(np.floor(start / HOUR_MIN) + 1, np.ceil(end / HOUR_MIN)) * HOUR_MIN
            rows += [(kind, place, a, b, per_hour) for a, b in pairwise([start, *hours.tolist(), end])]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    return Pieces(
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        *(np.array(column, dtype=np.float64) for column in columns[2:]),
    )


def expected_reports(scenario: Scenario) -> Floats:
    """Expected number of reports of a day by kind, shape (kinds,)."""
    pieces = rate_pieces(scenario)
    mean = pieces.per_hour * (pieces.end_min - pieces.start_min) / HOUR_MIN
    return np.bincount(pieces.kind, weights=mean, minlength=len(scenario.settings.incidents)).astype(np.float64)


def draw_reports(scenario: Scenario, seed: int, replication: int) -> tuple[Integers, Integers, Floats, Draws]:
    """Everything reported on a day: kind, place, onset and draws, in no particular order.

    Args:
        scenario: a general one.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.

    Raises:
        RunError: a rate is too high to be counted in an hour.
    """
    pieces = rate_pieces(scenario)
    kind_key = np.array([text_key("kind/" + kind) for kind in scenario.settings.incidents], dtype=np.uint64)
    key = kind_key[pieces.kind] ^ text_keys(scenario.villages.code)[pieces.place]
    hour = np.floor(pieces.start_min / HOUR_MIN).astype(np.int64)
    found: list[tuple[Integers, Floats, NDArray[np.uint64]]] = []
    low, high, layer = 0.0, LOWEST_PER_HOUR, 0
    while (pieces.per_hour > low).any():
        if high > MOST_IN_A_LAYER:
            raise RunError(say("a rate of {rate:g} per hour is too high", rate=float(pieces.per_hour.max())))
        found.append(_layer(pieces, key, hour, layer, low, high, seed, replication))
        low, high, layer = high, 2 * high, layer + 1
    piece, onset, ordinal = (
        (np.concatenate(part) for part in zip(*found, strict=True))
        if found
        else (np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.uint64))
    )
    return pieces.kind[piece], pieces.place[piece], onset, Draws(seed, replication, key[piece], ordinal)


def _layer(
    pieces: Pieces,
    key: NDArray[np.uint64],
    hour: Integers,
    layer: int,
    low: float,
    high: float,
    seed: int,
    replication: int,
) -> tuple[Integers, Floats, NDArray[np.uint64]]:
    """The reports of one layer: piece, onset, ordinal. An hour that is cut into pieces has its candidates once."""
    rows = np.flatnonzero(pieces.per_hour > low)
    cell = ((hour[rows] - FIRST_HOUR << HOUR_BITS) + (layer << LAYER_BITS)).astype(np.uint64)
    u = uniforms(stream(seed, replication, "rates/count"), key[rows], cell)
    count = counts(u, high - low)
    piece = np.repeat(rows, count)
    number = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    ordinal: NDArray[np.uint64] = np.bitwise_or(np.repeat(cell, count), number.astype(np.uint64))
    draws = Draws(seed, replication, key[piece], ordinal)
    onset = HOUR_MIN * (hour[piece] + draws.of("time"))
    mark = low + draws.of("exists") * (high - low)
    kept = (mark < pieces.per_hour[piece]) & (onset >= pieces.start_min[piece]) & (onset < pieces.end_min[piece])
    return piece[kept], onset[kept], ordinal[kept]


def counts(u: Floats, mean: float) -> Integers:
    """Poisson counts of one mean, of any size, at the quantiles u.

    Example:
        >>> counts(np.array([0.5, 0.999]), 0.05).tolist(), counts(np.array([0.5]), 1e6).tolist()
        ([0, 2], [1000000])
    """
    if mean < SMALL_MEAN:
        return poisson_quantile(u, np.full(len(u), mean))
    from scipy.special import pdtr, pdtrik

    above = np.ceil(pdtrik(u, mean))
    below = np.maximum(above - 1, 0)
    return np.where(pdtr(below, mean) >= u, below, above).astype(np.int64)
