"""How often simulated days keep what an agency promises: its first help within so many minutes of the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate, stratified_mean, stratified_ratio
from simsec.analysis.replications import CLOCK, Replications, strata
from simsec.scenario.agencies import Agency, called, providers
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CAPABILITIES

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Part = Literal["lead", "support", "alarm"]
REPORTED, FIRST, ALERT = (CLOCK.index(name) for name in ("reported", "first", "alert"))


@dataclass(frozen=True)
class Promise:
    """What became of an agency's promise, over all types of day at their natural rates.

    Attributes:
        part: ``lead``: its units are asked first for the incidents it answers; ``support``: they come after others, so
            only incidents count to which they came first; ``alarm``: its people on the spot raise the alarm.
        minutes: promised.
        calls: incidents a day that count.
        kept: share of them within the minutes; nan where there were none.
        risen: share of them that rose a level before anybody came; nan unless the agency leads.
    """

    part: Part
    minutes: float
    calls: Estimate
    kept: Estimate
    risen: Estimate


def leads(scenario: Scenario, code: str) -> Flags:
    """Of each kind of incident whether an agency answers its family and is asked first, shape (kinds,).

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> [kind for kind, led in zip(scenario.settings.incidents, leads(scenario, "bpbd")) if led]
        ['flood', 'landslide']
    """
    settings = scenario.settings
    answers = settings.agencies[code].answers
    return np.array([
        kind.responder in answers and code in providers(settings, called(settings, kind, first=True))
        for kind in settings.incidents.values()
    ])  # fmt: skip


def promise_of(scenario: Scenario, runs: Replications, code: str) -> Promise | None:
    """What became of the promise of an agency; None where it promises nothing or nothing of it is simulated.

    Minutes count from the call to the first arrival of what the agency is asked for, also where others came before it.
    Whole days are the unit of the intervals.

    Args:
        scenario: what is known.
        runs: many days under one plan.
        code: of the agency.

    Example:
        >>> from simsec.analysis import replicate
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> days = {"ordinary": 3, "heavy_rain": 2, "rumour": 2, "severe": 2}
        >>> found = promise_of(scenario, replicate(scenario, doctrine(scenario), days), "kpu")
        >>> found.part, found.minutes, 0 <= found.kept.mean <= 1
        ('lead', 60.0, True)
    """
    agency = scenario.settings.agencies[code]
    if agency.promise_min is None or not (agency.units or agency.promise_of == "alarm"):
        return None
    led = leads(scenario, code)[runs.incident_kind]
    own = _own(scenario, agency)[runs.incident_first_kind]  # -1, nobody came, is the last: False
    clock, promised = runs.incident_clock_min, agency.promise_min.mode
    part: Part
    if agency.promise_of == "alarm":
        part, counts, minutes = "alarm", np.ones(len(led), dtype=np.bool_), clock[:, ALERT] - runs.incident_onset_min
    elif led.any() or leads(scenario, code).any():
        part, counts = "lead", led
        minutes = _came(scenario, runs, agency) - clock[:, REPORTED]
    else:
        part, counts, minutes = "support", own, clock[:, FIRST] - clock[:, REPORTED]
    kept = np.nan_to_num(minutes, nan=np.inf) <= promised
    probability = strata(scenario)
    every, within, rose = (
        np.bincount(runs.incident_day[rows], minlength=len(runs)).astype(np.float64)
        for rows in (counts, counts & kept, counts & _risen(scenario, runs))
    )
    nan = float("nan")
    risen = stratified_ratio(rose, every, runs.stratum, probability) if part == "lead" else Estimate(nan, nan, nan, 0)
    return Promise(
        part=part,
        minutes=promised,
        calls=stratified_mean(every, runs.stratum, probability),
        kept=stratified_ratio(within, every, runs.stratum, probability),
        risen=risen,
    )


def _own(scenario: Scenario, agency: Agency) -> Flags:
    """Of each unit kind whether the agency provides it, and one more that is False; shape (kinds + 1,)."""
    return np.array([*(unit.kind in agency.units for unit in scenario.settings.units), False])


def _came(scenario: Scenario, runs: Replications, agency: Agency) -> Floats:
    """When the first unit came that was sent as something the agency's units can do; inf: never."""
    able = {word for unit in scenario.settings.units if unit.kind in agency.units for word in unit.capabilities}
    columns = [place for place, word in enumerate(CAPABILITIES) if word in able]
    return np.asarray(np.nan_to_num(runs.incident_came_min[:, columns], nan=np.inf).min(axis=1), dtype=np.float64)


def _risen(scenario: Scenario, runs: Replications) -> Flags:
    """Of each incident whether it left its first level, within the clock and before anybody came."""
    rise = runs.incident_rise_min[np.arange(len(runs.incident_level)), runs.incident_level]
    in_time = runs.incident_onset_min + rise < scenario.horizon_min[1]
    return np.asarray(in_time & (runs.incident_response_min > rise), dtype=np.bool_)
