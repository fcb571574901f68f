"""``sample_day``: everything chance brings to one day, drawn before anything moves and never from a plan."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simsec.base.errors import InputError, Problem, say
from simsec.day.access import draw_access, extra_minutes
from simsec.day.closures import draw_closures
from simsec.day.clusters import strikes_of
from simsec.day.day import Day
from simsec.day.incidents import draw_incidents, stages_on
from simsec.day.longer_duty import with_longer_duty
from simsec.day.rumours import clarified_min
from simsec.day.spreading import Neighbours, spreading_crowd, with_crowd
from simsec.day.stages import convoys_of
from simsec.day.streams import stream, text_keys, uniforms
from simsec.day.tables import sampling_tables
from simsec.day.weather import draw_rain, slowdown
from simsec.geography.graph import MOTORCYCLE
from simsec.geography.ground import ground_of
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES


@lru_cache(maxsize=4)
def village_neighbours(scenario: Scenario) -> Neighbours:
    """For each village that has stations the others that have some, by motorcycle minutes with friction."""
    villages = len(scenario.villages)
    minutes = ground_of(scenario).travel.minutes[MOTORCYCLE, :villages, :villages]
    minutes = minutes * scenario.settings.travel.friction.mode
    staffed = np.bincount(scenario.stations.village, minlength=villages) > 0
    found = []
    for village in range(villages):
        order = np.argsort(minutes[village], kind="stable")
        order = order[(order != village) & staffed[order]]
        found.append((order, minutes[village][order]))
    return tuple(found)


def day_type_problems(scenario: Scenario, day_type: str) -> list[Problem]:
    """What is wrong with asking a scenario for a type of day.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> print(*day_type_problems(read_scenario("scenarios/kabupaten-semarang"), "stormy"))
        day type: no such type of day (found 'stormy'); expected ordinary, heavy_rain, rumour, severe
    """
    if day_type not in DAY_TYPES:
        what, bound = "no such type of day", ", ".join(DAY_TYPES)
        return [Problem(say("day type"), what, value=day_type, bound=bound)]
    if day_type != "ordinary" and scenario.general is not None:
        what, remedy = "a general scenario has ordinary days only", "change its rates instead"
        return [Problem(say("day type"), what, remedy, value=day_type)]
    return []


def sample_day(scenario: Scenario, seed: int, replication: int, day_type: str = "ordinary") -> Day:
    """Draw one day.

    The same (scenario, seed, replication, day type) gives the same day: alone, in a batch, in any order, under any
    plan. Common random numbers across plans and across scenarios follow from it: a raised rate adds incidents and
    moves none.

    Args:
        scenario: what is known.
        seed: 0 or more.
        replication: number of the day, 0 or more.
        day_type: ``ordinary``, ``heavy_rain``, ``rumour`` or ``severe``.

    Raises:
        InputError: unknown day type, or a negative seed or replication.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> day = sample_day(scenario, seed=1, replication=0, day_type="severe")
        >>> bool((day.incidents.parent >= 0).any())
        True
    """
    problems = [
        Problem(name, "must not be negative", "give 0 or more", value=str(value))
        for name, value in (("seed", seed), ("replication", replication))
        if value < 0
    ]
    if problems := [*problems, *day_type_problems(scenario, day_type)]:
        raise InputError(problems)
    rain = draw_rain(scenario, day_type, seed, replication)
    slow = slowdown(scenario, rain)
    stages = stages_on(scenario, seed, replication, rain, slow)
    strikes = {}
    if scenario.general is None:
        strikes = strikes_of(scenario, sampling_tables(scenario), day_type, seed, replication, rain)
    reports, incidents = draw_incidents(scenario, day_type, seed, replication, strikes, stages)
    if day_type == "severe":
        crowd = spreading_crowd(scenario, village_neighbours(scenario), seed, replication)
        incidents = with_crowd(incidents, crowd)
    if stages is not None:
        incidents = with_longer_duty(scenario, day_type, incidents, stages, seed, replication)
    closures = draw_closures(scenario, strikes)
    access = draw_access(scenario, seed, replication, rain, closures)
    if access is not None:
        extra_min = extra_minutes(scenario, access, incidents.kind, incidents.station, incidents.onset_min)
        incidents = replace(incidents, access_min=extra_min)
    return Day(
        seed,
        replication,
        day_type,
        incidents,
        reports,
        rain,
        slow,
        stages=stages,
        clarified_min=clarified_min(scenario, day_type, seed, replication),
        closures=closures,
        access=access,
        absent=draw_absences(scenario, seed, replication),
        convoys=None if stages is None else convoys_of(scenario, stages.trips, incidents),
    )


def draw_absences(scenario: Scenario, seed: int, replication: int) -> NDArray[np.bool_]:
    """Whether each row of the scenario's absences takes place on a day, shape (rows,); one without a chance does.

    A row's draw is keyed by its label, so that another row changes none.

    Args:
        scenario: what is known.
        seed: of the day.
        replication: of the day.
    """
    rows = scenario.settings.absences
    if not rows:
        return np.zeros(0, dtype=np.bool_)
    u = uniforms(stream(seed, replication, "absences"), text_keys(row.label.en for row in rows), 0)
    chance = np.array([1.0 if row.chance is None else row.chance.mode for row in rows])
    return np.asarray(u < chance)
