"""Exact solutions of the textbook models, written out so that a reader can check them against the books."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def erlang_b(servers: int, load: float) -> float:
    """Share of calls lost in M/G/c/c by the recursion B(n) = a B(n-1) / (n + a B(n-1)) (Erlang 1917)."""
    lost = 1.0
    for n in range(1, servers + 1):
        lost = load * lost / (n + load * lost)
    return lost


def erlang_c(servers: int, load: float) -> float:
    """Share of customers of M/M/c that wait: c B / (c - a (1 - B)) (Erlang 1917)."""
    lost = erlang_b(servers, load)
    return servers * lost / (servers - load * (1 - lost))


def pollaczek_khinchine(per_min: float, mean: float, cv: float) -> float:
    """Mean wait in M/G/1: lambda E[S^2] / (2 (1 - rho)) (Khinchine 1932)."""
    return per_min * mean**2 * (1 + cv**2) / (2 * (1 - per_min * mean))


def cobham(classes: Sequence[tuple[float, float, float]]) -> list[float]:
    """Mean wait of each class in M/G/1 with priorities and no interruption (Cobham 1954), the most urgent first.

    Args:
        classes: (rate per minute, mean service, cv of the service) of each.
    """
    residual = sum(rate * mean**2 * (1 + cv**2) / 2 for rate, mean, cv in classes)
    waits, above = [], 0.0
    for rate, mean, _ in classes:
        load = above + rate * mean
        waits.append(residual / ((1 - above) * (1 - load)))
        above = load
    return waits


def poisson(mean: float, k: int) -> float:
    """Probability of k."""
    return math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1))


@dataclass(frozen=True, eq=False)
class Hypercube:
    """What Larson's model says.

    Attributes:
        state: probability that exactly these units are busy (bit i: unit i) and nobody waits, shape (2^n,).
        tail: probability that somebody waits.
        full: probability that a call finds nobody free: lost or delayed.
        workload: share of its time each unit is busy, shape (n,).
        dispatch: share of all calls answered that unit i answers from place p, shape (n, places).
    """

    state: Floats
    tail: float
    full: float
    workload: Floats
    dispatch: Floats


def hypercube(rates: Sequence[float], mean_service: float, lists: Sequence[Sequence[int]], waits: bool) -> Hypercube:
    """Larson (1974): the 2^n states of n units with exponential service, calls from places with their own lists.

    Balance of every state: what leaves it (calls while somebody is free, every busy unit) is what enters it. With an
    infinite line the states with a call waiting form a tail: whoever becomes free takes the head of the line, so all n
    stay busy, and the probabilities fall by rho = lambda / (n mu) a step; the others keep their proportions.

    Args:
        rates: calls per minute from each place.
        mean_service: minutes, the same for all units.
        lists: for each place its units in order; all of them.
        waits: an infinite line, or none.
    """
    n, mu = len(lists[0]), 1 / mean_service
    states = 1 << n
    balance = np.zeros((states, states))  # column: from, row: into
    for state in range(states):
        for rate, order in zip(rates, lists, strict=True):
            free = next((unit for unit in order if not state >> unit & 1), None)
            if free is not None:
                balance[state | 1 << free, state] += rate
                balance[state, state] -= rate
        for unit in range(n):
            if state >> unit & 1:
                balance[state & ~(1 << unit), state] += mu
                balance[state, state] -= mu
    balance[0] = 1.0  # one equation is redundant; the probabilities sum to 1 instead
    probability = np.linalg.solve(balance, np.eye(states)[0])
    tail = 0.0
    rho = sum(rates) / (n * mu)
    if waits:
        beyond = probability[-1] * rho / (1 - rho)
        probability, tail = probability / (1 + beyond), beyond / (1 + beyond)
    full = float(probability[-1] + tail)
    busy = np.array([[state >> unit & 1 for state in range(states)] for unit in range(n)])
    dispatch = np.zeros((n, len(rates)))
    share = np.array(rates) / sum(rates)
    for state in range(states - 1):
        for place, order in enumerate(lists):
            unit = next(unit for unit in order if not state >> unit & 1)
            dispatch[unit, place] += share[place] * probability[state]
    dispatch = dispatch + share * full / n if waits else dispatch / (1 - full)
    return Hypercube(probability, tail, full, busy @ probability + tail, dispatch)
