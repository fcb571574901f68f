"""Keyed random numbers: every draw is a function of what it is for, not of when it was drawn.

A counter-based generator in the sense of Salmon et al. (2011, "Parallel random numbers: as easy as 1, 2, 3"): the key
is (seed, replication, stream name), the counter is (station key, ordinal), the bijection is the finaliser of SplitMix64
(Steele, Lea & Flood 2014). So replication k is the same alone, in a batch and in any order, and a new station, a new
kind of incident or a new mark shifts no other draw.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12 = (np.uint64(shift) for shift in (30, 27, 31, 12))
_UNIT = 2.0**-52


def text_key(text: str) -> int:
    """A 64-bit key of a code or a stream name; the same on every machine.

    Example:
        >>> text_key("33.22.01.2001/001") == text_key("33.22.01.2001/001") != text_key("33.22.01.2001/002")
        True
    """
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def text_keys(texts: Iterable[str]) -> NDArray[np.uint64]:
    """Keys of many codes, shape (n,).

    Example:
        >>> text_keys(["a", "b"]).shape
        (2,)
    """
    return np.array([text_key(text) for text in texts], dtype=np.uint64)


@lru_cache(maxsize=4096)
def _day_key(seed: int, replication: int) -> int:
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(replication,))
    return int(sequence.generate_state(1, np.uint64)[0])


@lru_cache(maxsize=4096)
def _name_key(name: str) -> int:
    return text_key(name)


def stream(seed: int, replication: int, name: str) -> int:
    """The 64-bit key of one named stream of one day.

    Args:
        seed: the run's seed, 0 or more.
        replication: the number of the day, 0 or more.
        name: a registered name such as ``"late_open/time"``.

    Example:
        >>> stream(1, 0, "weather/storms") == stream(1, 0, "weather/storms") != stream(1, 1, "weather/storms")
        True
    """
    return _day_key(seed, replication) ^ _name_key(name)


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = (bits ^ (bits >> _S30)) * _MIX_1
    bits = (bits ^ (bits >> _S27)) * _MIX_2
    return bits ^ (bits >> _S31)


def uniforms(
    stream: int | NDArray[np.uint64], keys: NDArray[np.uint64], ordinal: NDArray[np.uint64] | int
) -> NDArray[np.float64]:
    """Uniforms strictly between 0 and 1, one for each (stream, key, ordinal) after broadcasting.

    Args:
        stream: key of the stream, from :func:`stream`; an array draws several streams at once.
        keys: what the draw is for, for instance the key of a station.
        ordinal: which draw of that stream and key, 0 or more.

    Example:
        >>> keys = text_keys(["a", "b", "c"])
        >>> u = uniforms(stream(1, 0, "demo"), keys, 0)
        >>> bool(((0 < u) & (u < 1)).all()), bool((uniforms(stream(1, 0, "demo"), keys[1:], 0) == u[1:]).all())
        (True, True)
    """
    return uniforms_at(counters(keys, ordinal), stream)


def counters(keys: NDArray[np.uint64], ordinal: NDArray[np.uint64] | int) -> NDArray[np.uint64]:
    """The half of :func:`uniforms` that is the same for every stream; for :func:`uniforms_at`."""
    place = np.atleast_1d(np.asarray(ordinal, dtype=np.uint64)) + np.uint64(1)  # arrays wrap around, scalars warn
    return _mixed(keys + place * _GAMMA)


def uniforms_at(counter: NDArray[np.uint64], stream: int | NDArray[np.uint64]) -> NDArray[np.float64]:
    """Uniforms of counters that are drawn from several streams, one after the other.

    Example:
        >>> keys, one = text_keys(["a", "b"]), stream(1, 0, "demo")
        >>> bool((uniforms_at(counters(keys, 3), one) == uniforms(one, keys, 3)).all())
        True
    """
    bits = _mixed(counter ^ np.asarray(stream, dtype=np.uint64))
    return (np.asarray(bits >> _S12, dtype=np.float64) + 0.5) * _UNIT


def generator(seed: int, replication: int, name: str) -> np.random.Generator:
    """A numpy generator for draws that belong to the whole day, such as its storms.

    Example:
        >>> bool(generator(1, 0, "weather").random() == generator(1, 0, "weather").random())
        True
    """
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(replication, _name_key(name))))
