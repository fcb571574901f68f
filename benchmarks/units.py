"""The unit of all ratios: the CPU time of a bare SimPy timeout."""

from __future__ import annotations

import time
from collections.abc import Callable

import simpy

TIMEOUTS = 100_000


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def bare_timeout() -> float:
    """CPU seconds of one of many chained SimPy timeouts."""
    environment = simpy.Environment()

    def chain() -> object:
        for _ in range(TIMEOUTS):
            yield environment.timeout(1)

    environment.process(chain())
    return cpu_seconds(environment.run) / TIMEOUTS
