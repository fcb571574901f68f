"""Splitting totals: largest remainders, totals within bounds, and places inside a village."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

KM_PER_DEGREE = 111.2
_HALVINGS = 200  # of the scale in `fit_total`; doubles cannot be halved further


def largest_remainders(total: int, weights: Sequence[int], at_least: Sequence[int] | None = None) -> list[int]:
    """Split a total in proportion to weights by largest remainders (Hamilton's method), in whole numbers.

    A share whose quota lies below its minimum gets the minimum; the rest is split again among the others. Equal
    remainders go to the earlier share. Only integers are used, so the answer is the same on every machine.

    Args:
        total: what is split, at least the sum of the minima.
        weights: 0 or more each; all 0 means equal weights.
        at_least: the minimum of each share, 0 when not given.

    Raises:
        ValueError: the total is less than the minima together.

    Example:
        >>> largest_remainders(10, [6, 3, 1]), largest_remainders(10, [98, 1, 1], at_least=[1, 1, 1])
        ([6, 3, 1], [8, 1, 1])
    """
    minima = list(at_least) if at_least is not None else [0] * len(weights)
    if total < sum(minima):
        raise ValueError(f"{total} is less than the minima together, {sum(minima)}")
    weight = list(weights) if any(weights) else [1] * len(weights)
    free = set(range(len(weight)))
    while True:
        rest = total - sum(minima[place] for place in range(len(weight)) if place not in free)
        whole = sum(weight[place] for place in free)
        below = {place for place in free if rest * weight[place] < minima[place] * whole or not whole}
        if not below:
            break
        free -= below
    shares = [rest * weight[place] // whole if place in free else minima[place] for place in range(len(weight))]
    by_remainder = sorted(free, key=lambda place: (-(rest * weight[place] % whole), place))
    # With no share left above its minimum, what remains goes to the heaviest.
    order = by_remainder or sorted(range(len(weight)), key=lambda place: (-weight[place], place))
    for turn in range(total - sum(shares)):
        shares[order[turn % len(order)]] += 1
    return shares


def fit_total(total: int, targets: Sequence[float], low: int, high: int) -> list[int]:
    """Whole numbers near the targets, each within the bounds, with exactly this sum.

    All targets are scaled by one common factor and cut at the bounds; the factor is found by bisection and the rest
    is rounded by largest remainders.

    Args:
        total: the sum, between ``low * n`` and ``high * n``.
        targets: above 0 each.
        low: least value of every number.
        high: greatest value of every number.

    Raises:
        ValueError: no such numbers exist.

    Example:
        >>> fit_total(1000, [100.0, 300.0, 600.0], low=1, high=500)
        [125, 375, 500]
    """
    if not low * len(targets) <= total <= high * len(targets):
        raise ValueError(f"{total} cannot be the sum of {len(targets)} numbers from {low} to {high}")
    if not targets:
        return []
    small, large = 0.0, high / min(targets)
    for _ in range(_HALVINGS):
        scale = (small + large) / 2
        if math.fsum(min(max(scale * target, low), high) for target in targets) < total:
            small = scale
        else:
            large = scale
    values = [min(max(large * target, low), high) for target in targets]
    whole = [math.floor(value) for value in values]
    order = sorted(range(len(values)), key=lambda place: (whole[place] - values[place], place))
    for place in order[: total - sum(whole)]:
        whole[place] += 1
    return whole


def code_generator(seed: int, key: str) -> np.random.Generator:
    """A generator that belongs to a code, so that a further station changes the draws of no other.

    Example:
        >>> bool(code_generator(1, "33.22/001").random() == code_generator(1, "33.22/001").random())
        True
    """
    digest = blake2b(f"{seed}/{key}".encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def point_in_disc(lat: float, lon: float, radius_km: float, random: np.random.Generator) -> tuple[float, float]:
    """A point drawn evenly from a disc, in degrees to five decimals (about a metre).

    Example:
        >>> point_in_disc(-7.0, 110.0, 0.0, code_generator(1, "a"))
        (-7.0, 110.0)
    """
    distance_km, bearing = radius_km * math.sqrt(random.random()), 2 * math.pi * random.random()
    north = distance_km * math.cos(bearing) / KM_PER_DEGREE
    east = distance_km * math.sin(bearing) / (KM_PER_DEGREE * math.cos(math.radians(lat)))
    return round(lat + north, 5), round(lon + east, 5)
