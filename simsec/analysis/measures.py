"""What a day is worth: weighted minutes of waiting, shares within target, by responder family and by place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simsec.day.rumours import expected_rate
from simsec.day.tables import sampling_tables
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS
from simsec.simulation.outcome import Outcome

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
FAMILIES = ("security", "medical", "logistics", "hazard")


@dataclass(frozen=True, eq=False)
class KindTables:
    """What measures need to know of each kind, shape (kinds,): family (-1: none), target, level weights."""

    family: Integers
    target_min: Floats
    weights: Floats
    closes: NDArray[np.bool_]


@lru_cache(maxsize=8)
def kind_tables(scenario: Scenario) -> KindTables:
    """The tables of a scenario."""
    kinds = scenario.settings.incidents.values()
    weights = scenario.settings.weights
    return KindTables(
        family=np.array([FAMILIES.index(k.responder) if k.responder in FAMILIES else -1 for k in kinds]),
        target_min=np.array([kind.target_min.mode for kind in kinds]),
        weights=np.array([getattr(weights, level).mode for level in LEVELS]),
        closes=np.array([kind.closes_station for kind in kinds]),
    )


def waited_min(onset_min: Floats, response_min: Floats, ends_min: float) -> Floats:
    """Minutes from onset to first help; unanswered incidents (nan or inf) count to the end of the clock. Shape (n,)."""
    return np.where(np.isfinite(response_min), response_min, ends_min - onset_min)


def weighted_minutes(waited: Floats, first_level: Integers, rise_min: Floats, weights: Floats) -> Floats:
    """Severity-weighted minutes of waiting: a minute weighs by the level the incident has in that minute.

    The integral over the wait of the weight of the level then reached. It grows without a jump with the response, so a
    help that comes just before a rise and one that comes just after it are worth nearly the same.

    Args:
        waited: minutes to first help, shape (n,).
        first_level: 0 green to 2 red, shape (n,).
        rise_min: minutes after onset at which each level is left if nobody comes, shape (n, 3).
        weights: weight of a minute at green, yellow, red, shape (3,).

    Returns:
        Shape (n,).

    Example:
        >>> rises = np.array([[20.0, 50.0, np.inf]])
        >>> weighted_minutes(np.array([30.0]), np.array([0]), rises, np.array([1.0, 3.0, 9.0])).tolist()
        [50.0]
    """
    total, since = np.zeros(len(waited)), np.zeros(len(waited))
    for level, weight in enumerate(weights.tolist()):
        here = first_level <= level
        until = np.minimum(np.where(here, rise_min[:, level], 0.0), waited)
        total += np.where(here, weight * np.maximum(until - since, 0.0), 0.0)
        since = np.where(here, np.maximum(until, since), since)
    return total


@lru_cache(maxsize=8)
def expected_weight(scenario: Scenario) -> dict[str, dict[str, float]]:
    """Expected weight of the primary incidents of a day: day type -> family -> sum of rate x share x first weight.

    The constant every weighted sum is divided by, so that a plan that prevents spreading is neither punished nor
    flattered.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> table = expected_weight(read_scenario("scenarios/kabupaten-semarang"))
        >>> table["severe"]["security"] > table["ordinary"]["security"] > 0
        True
    """
    return _expected(scenario, kind_tables(scenario).weights)


@lru_cache(maxsize=8)
def expected_number(scenario: Scenario) -> dict[str, dict[str, float]]:
    """As :func:`expected_weight` with every weight 1: the expected number of primary incidents."""
    return _expected(scenario, np.ones(len(LEVELS)))


def _expected(scenario: Scenario, weights: Floats) -> dict[str, dict[str, float]]:
    tables, kinds = sampling_tables(scenario), kind_tables(scenario)
    first = []
    for model in scenario.settings.incidents.values():
        start = weights[LEVELS.index(model.starts)]
        share = model.starts_yellow_share.mode if model.starts_yellow_share else 0.0
        first.append((1 - share) * start + share * max(weights[1], start))
    mean = expected_rate(scenario) * tables.dispatch_share * np.array(first) * len(scenario.stations)
    if scenario.general is None:
        seed = weights[LEVELS.index(scenario.settings.incidents[scenario.settings.spreading.kind].starts)]
        mean[DAY_TYPES.index("severe"), tables.kind(scenario.settings.spreading.kind)] = seed
    return {
        day_type: {family: float(mean[row][kinds.family == number].sum()) for number, family in enumerate(FAMILIES)}
        for row, day_type in enumerate(DAY_TYPES)
    }


@dataclass(frozen=True, eq=False)
class DayMeasures:
    """One day under one plan in figures.

    Attributes:
        weighted: weighted minutes by family, shape (4,).
        by_sector: weighted minutes of the security family by sub-district, shape (sub-districts,).
        count, unanswered, within_target: incidents by family, shape (4,).
        stations_hit: by a spreading crowd.
        limit_reached: how often the limit of spreading was reached.
        busy_share: minutes busy over minutes on duty of each unit kind, shape (unit kinds,).
    """

    weighted: Floats
    by_sector: Floats
    count: Integers
    unanswered: Integers
    within_target: Integers
    stations_hit: int
    limit_reached: int
    busy_share: Floats


def measure(scenario: Scenario, outcome: Outcome) -> DayMeasures:
    """The figures of one day.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> from simsec.day import sample_day
        >>> from simsec.plan import doctrine
        >>> from simsec.simulation import simulate
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> figures = measure(scenario, simulate(scenario, doctrine(scenario), sample_day(scenario, 1, 0)))
        >>> bool((figures.within_target <= figures.count).all())
        True
    """
    rows, kinds = outcome.incidents, kind_tables(scenario)
    family = kinds.family[rows.kind]
    waited = waited_min(rows.onset_min, rows.response_min, outcome.ends_min)
    weighted = weighted_minutes(waited, rows.first_level, rows.rise_min, kinds.weights)
    answered = ~np.isnan(rows.response_min)
    within = answered & (np.nan_to_num(rows.response_min) <= kinds.target_min[rows.kind])
    known = family >= 0
    sectors = len(scenario.villages.subdistrict_codes)
    security = family == FAMILIES.index("security")
    unit_kinds = len(scenario.settings.units)
    hours = np.bincount(outcome.units.kind, minlength=unit_kinds) * np.array([b - a for a, b in scenario.duty_min])
    busy = np.bincount(outcome.units.kind, weights=outcome.units.busy_min, minlength=unit_kinds)
    return DayMeasures(
        weighted=_sums(family[known], weighted[known], len(FAMILIES)),
        by_sector=_sums(scenario.stations.subdistrict[rows.station[security]], weighted[security], sectors),
        count=np.bincount(family[known], minlength=len(FAMILIES)),
        unanswered=np.bincount(family[known & ~answered], minlength=len(FAMILIES)),
        within_target=np.bincount(family[known & within], minlength=len(FAMILIES)),
        stations_hit=outcome.stations_hit,
        limit_reached=outcome.limit_reached,
        busy_share=busy / np.maximum(hours, 1.0),
    )


def _sums(group: Integers, values: Floats, groups: int) -> Floats:
    return np.asarray(np.bincount(group, weights=values, minlength=groups), dtype=np.float64)
