"""What becomes of a station that was closed: its crew asks, KPU decides, it opens again or on another day.

KPU of the regency or city decides, asked by KPPS by way of PPS and PPK (UU 7/2017 arts 372-373 and 431-433); nobody in
a plan does. What KPU would say under the scenario's figures is worked out when the day is over: it moves no unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.tables import sampling_tables
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import Remedy

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
DECISIONS = ("none", "reopened", "relocated", "continued", "postponed")
NONE, REOPENED, RELOCATED, CONTINUED, POSTPONED = range(len(DECISIONS))


class Hours(NamedTuple):
    """Minutes after midnight of polling day: voting opens and closes, latest opening, end of the clock."""

    opens: float
    closes: float
    latest: float
    ends: float


class Closure(NamedTuple):
    """A closed station: since when, until when its incident is cleared (inf: never), and what KPU would take.

    ``asks`` counts from the onset; the crew's paper takes ``committee`` and KPU ``decides`` minutes more, a move
    ``relocation``. ``place`` tells whether there is one to move to, ``late`` that the station never opened: what it
    waits for is missing, whenever that was seen.
    """

    onset: float
    cleared: float
    remedy: Remedy
    asks: float
    committee: float
    decides: float
    relocation: float
    place: bool
    late: bool = False


class Decision(NamedTuple):
    """When the crew asked, when KPU decided, what, and when the station was open again; nan: never."""

    asked: float
    decided: float
    code: int
    reopened: float


def decision_of(closure: Closure, hours: Hours) -> Decision:
    """What KPU decides about one closed station.

    * Cleared before the crew asks: nothing is asked.
    * Cleared before KPU decides: the station opens where it stands; nothing is left to decide.
    * A place is found and can open by the latest opening: relocated, unless the incident is cleared earlier still.
    * Else the station waits. Not cleared by the latest opening, it is postponed (pemungutan suara susulan) where voting
      had not begun, continued (lanjutan) on another day where it had.
    * Damaged material is not mended by waiting: continued or postponed once KPU has decided.

    Water or earth that comes after the voting hours stops no vote, so nothing is asked.

    Args:
        closure: the station.
        hours: of the day.

    Example:
        >>> flooded = Closure(360.0, 900.0, "relocation", 30.0, 30.0, 45.0, 120.0, True)
        >>> hours = Hours(420.0, 780.0, 720.0, 1380.0)
        >>> decision_of(flooded, hours)
        Decision(asked=390.0, decided=465.0, code=2, reopened=585.0)
        >>> DECISIONS[decision_of(flooded._replace(place=False), hours).code]
        'postponed'
    """
    damaged = closure.remedy == "another_day"
    asked = closure.onset + closure.asks
    if closure.cleared <= asked or asked >= hours.ends or (closure.onset >= hours.closes and not damaged):
        return Decision(math.nan, math.nan, NONE, _or_never(closure.cleared))
    decided = asked + closure.committee + closure.decides
    moved = decided + closure.relocation
    other_day = CONTINUED if closure.onset > hours.opens and not closure.late else POSTPONED
    if damaged:
        return Decision(asked, decided, other_day, math.nan)
    if closure.cleared <= decided:
        return Decision(asked, math.nan, REOPENED, closure.cleared)
    if closure.remedy == "relocation" and closure.place and moved <= hours.latest and moved < closure.cleared:
        return Decision(asked, decided, RELOCATED, moved)
    if closure.cleared <= hours.latest:
        return Decision(asked, decided, REOPENED, closure.cleared)
    return Decision(asked, max(decided, hours.latest), other_day, math.nan)


def _or_never(minute: float) -> float:
    return minute if minute < math.inf else math.nan


@lru_cache(maxsize=8)
def _remedies(scenario: Scenario) -> tuple[tuple[Remedy, bool], ...]:
    """What KPU would take, by kind, and whether a station of the kind has not opened yet."""
    return tuple((kind.kpu_remedy, kind.reopens_on is not None) for kind in scenario.settings.incidents.values())


@lru_cache(maxsize=8)
def _hours(scenario: Scenario) -> Hours:
    clock, kpu = scenario.settings.clock, scenario.settings.kpu
    assert kpu is not None
    opens, closes, latest = map(parse_stamp, (clock.voting_opens, clock.voting_closes, kpu.latest_opening))
    return Hours(opens, closes, latest, scenario.horizon_min[1])


def decisions(
    scenario: Scenario, kind: Integers, onset_min: Floats, cleared_min: Floats, marks: Floats
) -> tuple[Floats, Floats, Integers, Floats]:
    """What KPU decides about every incident that closed its station.

    Args:
        scenario: what is known; without ``[kpu]`` nothing is asked, and a station opens when its incident is cleared.
        kind: of the incidents, shape (n,).
        onset_min: when they began, shape (n,).
        cleared_min: nan: never, shape (n,).
        marks: shape (n, 5), as in :class:`simsec.day.day.Incidents`.

    Returns:
        Asked, decided, code in ``DECISIONS`` and reopened, shape (n,) each; nan: never, or closed by none.
    """
    closes, never = sampling_tables(scenario).closes[kind], np.full(len(kind), np.nan)
    reopened = np.where(closes, cleared_min, np.nan)
    code = np.zeros(len(kind), dtype=np.int64)
    if scenario.settings.kpu is None:
        return never, never, code, reopened
    asking = np.flatnonzero(closes & ~(cleared_min - onset_min <= marks[:, 0]))
    if not len(asking):
        return never, never, code, reopened
    asked, decided = never, never.copy()
    for row in asking.tolist():
        found = decision_about(scenario, int(kind[row]), float(onset_min[row]), float(cleared_min[row]), marks[row])
        asked[row], decided[row], code[row], reopened[row] = found
    return asked, decided, code, reopened


def decision_about(
    scenario: Scenario, kind: int, onset: float, cleared: float, marks: Sequence[float] | Floats
) -> Decision:
    """What KPU decides about one incident that happened; times in minutes, nan: never.

    Args:
        scenario: what is known.
        kind: of the incident.
        onset: when it began.
        cleared: when it was cleared.
        marks: five, as in :class:`simsec.day.day.Incidents`.
    """
    if onset != onset or not sampling_tables(scenario).closes[kind]:
        return Decision(math.nan, math.nan, NONE, math.nan)
    kpu = scenario.settings.kpu
    if kpu is None:
        return Decision(math.nan, math.nan, NONE, cleared)
    asks, committee, decides, relocation, place = (float(mark) for mark in marks)
    until, (remedy, late) = cleared if cleared == cleared else math.inf, _remedies(scenario)[kind]
    found = place < kpu.relocates_share.mode
    closure = Closure(onset, until, remedy, asks, committee, decides, relocation, found, late)
    return decision_of(closure, _hours(scenario))
