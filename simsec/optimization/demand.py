"""Expected demand for police help, by village and type of day, from the rates alone: no day is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.day.clusters import mean_hits
from simsec.day.rumours import expected_rate
from simsec.day.sampling import village_neighbours
from simsec.day.spreading import seed_shares
from simsec.day.tables import sampling_tables
from simsec.scenario.parameter import triangular_mean
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS, Incident

Floats = NDArray[np.float64]
FAMILY = "security"


@dataclass(frozen=True, eq=False)
class Demand:
    """Primary incidents of the security family that need somebody from outside the station, as expected numbers.

    Attributes:
        kinds: codes of the kinds, in the scenario's order.
        probability: of each day type, shape (day types,), in the order of ``DAY_TYPES``.
        incidents: expected number in a day, shape (day types, kinds, first levels, villages).
        reached: expected number of villages a crowd that starts in a village comes to at each step away from it if
            nobody contains it, shape (villages, steps).
        weight: of a minute at green, yellow, red, shape (3,).
        stations: polling stations, shape (villages,).
    """

    kinds: tuple[str, ...]
    probability: Floats
    incidents: Floats
    reached: Floats
    weight: Floats
    stations: NDArray[np.int64]

    @property
    def mean(self) -> Floats:
        """Expected number in a day of unknown type, shape (kinds, first levels, villages)."""
        return np.asarray(np.tensordot(self.probability, self.incidents, axes=1), dtype=np.float64)

    @property
    def weighted(self) -> Floats:
        """Expected weighted incidents of a day of unknown type, shape (villages,); a minute's weight at first level."""
        return np.asarray(np.einsum("klv,l->v", self.mean, self.weight), dtype=np.float64)


def expected_demand(scenario: Scenario) -> Demand:
    """The demand the rates of a scenario lead to.

    Kinds that strike station by station bring rate x stations x dispatch share to a village; clustered kinds bring the
    same total to the villages of their ground, by (stations + 1) / 2 as they are drawn. A severe day has one crowd,
    which may start at any station.

    Args:
        scenario: what is known.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> demand = expected_demand(read_scenario("scenarios/kabupaten-semarang"))
        >>> [round(float(day.sum()), 1) for day in demand.incidents]
        [3.4, 3.4, 5.2, 4.4]
    """
    tables, settings = sampling_tables(scenario), scenario.settings
    stations = np.bincount(scenario.stations.village, minlength=len(scenario.villages))
    rate = expected_rate(scenario)
    numbers = [place for place, kind in enumerate(settings.incidents.values()) if kind.responder == FAMILY]
    models = list(settings.incidents.values())
    incidents = np.zeros((len(DAY_TYPES), len(numbers), len(LEVELS), len(stations)))
    for place, number in enumerate(numbers):
        model = models[number]
        where = share_of_villages(scenario, model, stations)
        total = rate[:, number] * tables.dispatch_share[number] * len(scenario.stations)
        for level, share in first_levels(model).items():
            incidents[:, place, level] = share * total[:, None] * where
    kinds = tuple(tables.kinds[number] for number in numbers)
    crowd = settings.spreading.kind
    if crowd in kinds:
        seed = np.bincount(scenario.stations.village, weights=seed_shares(scenario), minlength=len(stations))
        for level, share in first_levels(settings.incidents[crowd]).items():
            incidents[DAY_TYPES.index("severe"), kinds.index(crowd), level] += share * seed
    return Demand(
        kinds=kinds,
        probability=np.array([scenario.day_type_probability[day_type] for day_type in DAY_TYPES]),
        incidents=incidents,
        reached=villages_reached(scenario),
        weight=np.array([getattr(settings.weights, level).mode for level in LEVELS]),
        stations=stations,
    )


def first_levels(model: Incident) -> dict[int, float]:
    """Share of a kind's incidents that begin at each level.

    Args:
        model: the kind.

    Returns:
        Level (0 green to 2 red) -> share, adding up to 1.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> first_levels(read_scenario("scenarios/kabupaten-semarang").settings.incidents["medical_crew"])
        {0: 0.95, 1: 0.05}
    """
    start, yellow = LEVELS.index(model.starts), LEVELS.index("yellow")
    share = model.starts_yellow_share.mode if model.starts_yellow_share else 0.0
    if share == 0.0 or start == yellow:
        return {start: 1.0}
    return {start: 1.0 - share, yellow: share}


def share_of_villages(scenario: Scenario, model: Incident, stations: NDArray[np.int64]) -> Floats:
    """Share of a kind's incidents in each village, shape (villages,); all zero when no village has the ground."""
    if model.clustered == "no":
        return np.asarray(stations / stations.sum(), dtype=np.float64)
    ground = {"low_ground": scenario.villages.low_ground, "steep_ground": scenario.villages.steep_ground}
    struck = np.where((ground[model.clustered] == 1) & (stations > 0), mean_hits(model, stations), 0.0)
    return np.asarray(struck / struck.sum() if struck.any() else struck, dtype=np.float64)


def villages_reached(scenario: Scenario) -> Floats:
    """How many villages an uncontained crowd comes to, step by step away from the village where it starts.

    The tree of :func:`simsec.day.spreading.spreading_crowd` in the mean: breadth first, every village once, the ways
    into a village taken as independent of each other. The limit on stations hit cuts all steps alike.

    Args:
        scenario: what is known.

    Returns:
        Shape (villages, steps), the start not counted.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> villages_reached(read_scenario("scenarios/kabupaten-semarang")).shape
        (235, 3)
    """
    spreading, neighbours = scenario.settings.spreading, village_neighbours(scenario)
    villages = len(neighbours)
    now, met = np.eye(villages), np.eye(villages)
    steps = []
    for _ in range(spreading.depth_at_most):
        miss = np.zeros((villages, villages))  # logarithm of the probability that no way leads into a village
        for village, (others, minutes) in enumerate(neighbours):
            near = others[minutes <= spreading.neighbour_min.mode][: spreading.neighbours_at_most]
            miss[:, near] += np.log1p(-spreading.probability.mode * now[:, village] * (1 - 1e-12))[:, None]
        now = (1.0 - met) * -np.expm1(miss)
        met = met + now
        steps.append(now.sum(axis=1))
    reached = np.stack(steps, axis=1)
    limit = spreading.stations_at_most / max(triangular_mean(spreading.stations_per_village), 1.0) - 1.0
    total = reached.sum(axis=1)
    cut = np.minimum(1.0, max(limit, 0.0) / np.maximum(total, 1e-12))
    return np.asarray(reached * cut[:, None], dtype=np.float64)
