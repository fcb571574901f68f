"""Crews that fall ill of long duty: a hazard that doubles every so many hours on duty.

Duty lasts from the morning until the crew has counted and packed its boxes. A crew has candidates of a Poisson process
over the whole clock, thinned by the rate; those before its own end of duty exist. So a crew that counts longer has the
illnesses it would have had, and those of its extra hours besides.

An assumed profile of such cases (a third by 13:00, a half until midnight, a sixth in the small hours) goes with a
slow rise. Shares of the illnesses at the modes of the templates, beside the assumed profile they replace::

                      04-07  07-09  09-13  13-18  18-24  00-06  06-12
    pemilu  profile    0.02   0.08   0.20   0.25   0.25   0.15   0.05
            here       0.03   0.06   0.14   0.21   0.30   0.26   0.01
    pilkada profile    0.03   0.12   0.35   0.35   0.12   0.02   0.01
            here       0.06   0.13   0.28   0.41   0.12   0.00   0.00

Doubling every 8 hours, as one might guess of a night without sleep, would put 0.36 of a pemilu's after midnight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from simsec.base.clock import parse_stamp
from simsec.day.day import Floats, Integers
from simsec.day.keyed import Draws, candidates
from simsec.day.tables import sampling_tables
from simsec.day.trips import departures, stages_of
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES


@dataclass(frozen=True)
class Hazard:
    """The hazard of a crew, adding up from the minute it goes on duty; its size is that of the mean duty.

    Attributes:
        since_min: the crew goes on duty.
        doubling_min: minutes in which the hazard doubles.
        until_min: end of the clock.
        mean: what adds up to the end of duty, in the mean of all crews.
    """

    since_min: float
    doubling_min: float
    until_min: float
    mean: float

    def adds_up(self, minute: Floats) -> Floats:
        """Hazard from the beginning of duty to a minute, 1 at the end of the mean duty."""
        hours = np.maximum(minute - self.since_min, 0.0) / self.doubling_min
        return np.asarray(np.expm1(np.log(2.0) * hours) / self.mean)

    def minute(self, hazard: Floats) -> Floats:
        """The minute at which so much has added up."""
        return np.asarray(self.since_min + self.doubling_min * np.log2(1 + hazard * self.mean))


@lru_cache(maxsize=8)
def hazard_of(scenario: Scenario) -> Hazard:
    """The hazard of the crews of a scenario.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> hazard = hazard_of(read_scenario("scenarios/kabupaten-semarang"))
        >>> float(hazard.minute(hazard.adds_up(np.array([900.0])))[0].round(6))
        900.0
    """
    stages = stages_of(scenario)
    bare = Hazard(
        parse_stamp(stages.crew_on_duty_from), 60 * stages.fatigue_doubling_h.mode, scenario.horizon_min[1], 1.0
    )
    ends = np.minimum(departures(scenario, 1), bare.until_min)  # a crew waits for its own boxes alone
    return replace(bare, mean=float(bare.adds_up(ends).mean()))


def fallen_ill(
    scenario: Scenario, day_type: str, seed: int, replication: int, stations: Integers, until_min: Floats
) -> tuple[Integers, Floats, Draws]:
    """Illnesses of some crews if their duty lasted until the minutes given: place in ``stations``, onset, draws.

    Args:
        scenario: one with ``[stages]``.
        day_type: as for :func:`simsec.day.sample_day`.
        seed: the same.
        replication: the same.
        stations: numbers of stations, shape (n,); the illnesses of one do not depend on the others.
        until_min: shape (n,).
    """
    tables, hazard = sampling_tables(scenario), hazard_of(scenario)
    number = tables.kind(stages_of(scenario).crew_kind)
    most = hazard.adds_up(np.array([hazard.until_min]))
    _, place, draws = candidates(
        seed, replication, tables.station_key[stations], tables.kind_key[[number]], tables.ceiling[[number]] * most
    )
    onset = hazard.minute(draws.of("time") * most)
    exists = draws.of("exists") < tables.rate[DAY_TYPES.index(day_type), number] / tables.ceiling[number]
    kept = exists & (onset <= until_min[place])
    return place[kept], onset[kept], draws.take(kept)
