"""How often simulated days keep what an agency promises: its first help within so many minutes of the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate, stratified_mean, stratified_ratio
from simsec.analysis.replications import CLOCK, Replications, strata
from simsec.geography.distance import great_circle_km
from simsec.scenario.agencies import Agency, called, providers
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CAPABILITIES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Part = Literal["lead", "support", "alarm"]
REPORTED, FIRST, ALERT = (CLOCK.index(name) for name in ("reported", "first", "alert"))


@dataclass(frozen=True)
class BandKept:
    """What became of a promise where stations lie so far from their post.

    Attributes:
        beyond_km: in a straight line from the nearest post.
        minutes: promised.
        calls: incidents a day that count.
        kept: share of them within the minutes; nan where there were none.
    """

    beyond_km: float
    minutes: float
    calls: Estimate
    kept: Estimate


@dataclass(frozen=True)
class Promise:
    """What became of an agency's promise, over all types of day at their natural rates.

    Attributes:
        part: ``lead``: its units are asked first for the incidents it answers; ``support``: they come after others, so
            only incidents count to which they came first; ``alarm``: its people on the spot raise the alarm.
        minutes: promised; of bands the least.
        calls: incidents a day that count.
        kept: share of them within the minutes of their band; nan where there were none.
        risen: share of them that rose a level before anybody came; nan unless the agency leads.
    """

    part: Part
    minutes: float
    calls: Estimate
    kept: Estimate
    risen: Estimate
    bands: tuple[BandKept, ...] = ()


def band_of(scenario: Scenario, agency: Agency) -> Integers:
    """The band of every station by its distance to the nearest of the agency's posts, shape (stations,).

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> np.bincount(band_of(scenario, scenario.settings.agencies["polri"])).tolist()
        [1814, 169]
    """
    posts, stations = list(scenario.posts.of_type(*agency.promise_posts)), scenario.stations
    lat, lon = scenario.posts.lat[posts], scenario.posts.lon[posts]
    km = great_circle_km(stations.lat[:, None], stations.lon[:, None], lat, lon).min(axis=1)
    begins = np.array([band.beyond_km for band in agency.promise_bands])
    return np.asarray(np.maximum(np.searchsorted(begins, km, side="left") - 1, 0), dtype=np.int64)


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
    promises = [band.minutes.mode for band in agency.promise_bands]
    if agency.promise_min is not None and not promises:
        promises = [agency.promise_min.mode]
    if not promises or not (agency.units or agency.promise_of == "alarm"):
        return None
    if agency.promise_bands:
        band = band_of(scenario, agency)[runs.incident_station]
    else:
        band = np.zeros(len(runs.incident_station), dtype=np.int64)
    promised = np.array(promises)[band]
    led = leads(scenario, code)[runs.incident_kind]
    own = _own(scenario, agency)[runs.incident_first_kind]  # -1, nobody came, is the last: False
    clock = runs.incident_clock_min
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

    def daily(rows: Flags) -> Floats:
        return np.bincount(runs.incident_day[rows], minlength=len(runs)).astype(np.float64)

    def judged(rows: Flags) -> tuple[Estimate, Estimate]:
        """Calls a day, and the share of them in which the promise is kept."""
        every = daily(rows)
        share = stratified_ratio(daily(rows & kept), every, runs.stratum, probability)
        return stratified_mean(every, runs.stratum, probability), share

    every, rose = daily(counts), daily(counts & _risen(scenario, runs))
    nan = float("nan")
    risen = stratified_ratio(rose, every, runs.stratum, probability) if part == "lead" else Estimate(nan, nan, nan, 0)
    calls, within = judged(counts)
    far = enumerate(agency.promise_bands)
    bands = tuple(BandKept(one.beyond_km, one.minutes.mode, *judged(counts & (band == n))) for n, one in far)
    return Promise(part=part, minutes=min(promises), calls=calls, kept=within, risen=risen, bands=bands)


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
