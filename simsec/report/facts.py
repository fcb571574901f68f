"""What a report says, as figures: no words, no colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate, at_most, stratified_mean, stratified_ratio
from simsec.analysis.measures import FAMILIES, expected_weight, kind_tables
from simsec.analysis.replications import Replications, primary_measure, response_quantile, strata
from simsec.optimization.judge import Judged
from simsec.scenario.parameter import triangular_mean
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES, DAY_TYPES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Three = tuple[Estimate, Estimate, Estimate]

PLANS = ("announced", "doctrine", "optimised")
ANNOUNCED, DOCTRINE, OPTIMISED = range(3)
NATURAL = "natural"
SCOPES = (NATURAL, *DAY_TYPES)
SECURITY = FAMILIES.index("security")
CALM_TYPES = tuple(name for name in DAY_TYPES if name != "severe")  # severe events are told for the whole area only

# Yardsticks of the report, not parts of the model.
BAND_MEDIAN_MIN = (12.0, 20.0)  # ordinary-day police response; assumption, grade D: no measured distribution was found
BAND_P90_MIN = (25.0, 50.0)
NOTICEABLE_MIN = 1.0  # a station's mean to first help that worsens by less is not counted as a loss
NEAR_MIN = 30.0  # a drive of the reserve within this many minutes is called near
NAN = float("nan")


def types_of(scope: str) -> tuple[str, ...]:
    """Day types a column is about: all of them at natural rates, else the one named."""
    return () if scope == NATURAL else (scope,)


@dataclass(frozen=True)
class Measure:
    """A row group of the headline table: scope -> a figure for each of the three plans."""

    key: str
    digits: int
    share: bool
    by_scope: dict[str, Three]


def others(judged: Judged) -> tuple[int, ...]:
    """The plans the proposed one is held against: one where the announced plan is the best doctrine itself."""
    if judged.plans[ANNOUNCED].hash == judged.plans[DOCTRINE].hash:
        return (ANNOUNCED,)
    return (DOCTRINE, ANNOUNCED)


def _three(judged: Judged, of: Callable[[Replications, str], Estimate], scope: str) -> Three:
    first, second, third = (of(runs, scope) for runs in judged.runs)
    return first, second, third


@lru_cache(maxsize=2)  # the bootstrap is the same in every language
def headline(judged: Judged) -> tuple[Measure, ...]:
    """The measures of the headline table, natural rates and each day type given, police incidents only.

    Means of days are stratified t intervals, quantiles bootstrap whole days, the share within target is a ratio of two
    daily figures. Where no day had an incident without help, the rule of three says how many there may be.
    """
    scenario = judged.scenario

    def primary(runs: Replications, scope: str) -> Estimate:
        return primary_measure(scenario, runs.weighted[:, SECURITY], runs.stratum, "security", *types_of(scope))

    def quantile(q: float) -> Callable[[Replications, str], Estimate]:
        return lambda runs, scope: response_quantile(scenario, runs, q, "security", *types_of(scope))

    def within(runs: Replications, scope: str) -> Estimate:
        part, whole = (numbers[:, SECURITY].astype(np.float64) for numbers in (runs.within_target, runs.count))
        return stratified_ratio(part, whole, runs.stratum, strata(scenario, *types_of(scope)))

    def unanswered(runs: Replications, scope: str) -> Estimate:
        found = _not_negative(_daily(runs.unanswered[:, SECURITY], runs.stratum, scenario, scope))
        return at_most(found, runs.stratum, strata(scenario, *types_of(scope)))

    def daily(values: Callable[[Replications], NDArray[np.generic]]) -> Callable[[Replications, str], Estimate]:
        return lambda runs, scope: _not_negative(_daily(values(runs), runs.stratum, scenario, scope))

    rows: list[tuple[str, int, bool, tuple[str, ...], Callable[[Replications, str], Estimate]]] = [
        ("primary", 1, False, SCOPES, primary),
        ("median", 1, False, SCOPES, quantile(0.5)),
        ("p90", 1, False, SCOPES, quantile(0.9)),
        ("within_target", 0, True, SCOPES, within),
        ("unanswered", 2, False, SCOPES, unanswered),
        ("voter_hours", 0, False, SCOPES, daily(lambda runs: runs.voter_hours_lost)),
        ("stations_hit", 1, False, ("severe",), daily(lambda runs: runs.stations_hit)),
    ]
    return tuple(
        Measure(key, digits, share, {scope: _three(judged, of, scope) for scope in scopes})
        for key, digits, share, scopes, of in rows
    )


def _daily(values: NDArray[np.generic], stratum: Integers, scenario: Scenario, scope: str) -> Estimate:
    return stratified_mean(values.astype(np.float64), stratum, strata(scenario, *types_of(scope)))


def _not_negative(estimate: Estimate) -> Estimate:
    """A t interval of a count may reach below nought; the count cannot."""
    return replace(estimate, low=float(np.maximum(estimate.low, 0.0)))


@dataclass(frozen=True, eq=False)
class Sectors:
    """Figures a sub-district; arrays of shape (plans, sub-districts) unless said otherwise.

    Attributes:
        stations: shape (sub-districts,).
        pairs, patrols: placed there.
        minutes: mean minutes to first help over its stations, from the probes.
        over_announced, over_doctrine: gains of the optimised plan on days without a severe event.
    """

    stations: Integers
    pairs: Integers
    patrols: Integers
    minutes: Floats
    over_announced: tuple[Estimate, ...]
    over_doctrine: tuple[Estimate, ...]


def sectors(judged: Judged) -> Sectors:
    """Who has what and who gains, by sub-district."""
    scenario = judged.scenario
    place, count = scenario.stations.subdistrict, len(scenario.villages.subdistrict_codes)
    stations = np.bincount(place, minlength=count)
    pairs, patrols, minutes = [], [], []
    for plan, runs_stations in zip(judged.plans, judged.stations, strict=True):
        of_block = np.zeros(plan.blocks, dtype=np.int64)
        of_block[plan.block] = place
        pairs.append(np.bincount(of_block, minlength=count))
        placed = np.zeros(count, dtype=np.int64)
        for site, number in plan.patrols.items():
            sector = site_sector(scenario, site)
            if sector >= 0:
                placed[sector] += number
        patrols.append(placed)
        mean = known_minutes(runs_stations.mean_min, runs_stations.nobody_share)
        total = np.bincount(place, weights=np.nan_to_num(mean), minlength=count)
        known = np.bincount(place, weights=np.isfinite(mean), minlength=count)
        minutes.append(np.divide(total, known, out=np.full(count, NAN), where=known > 0))
    return Sectors(
        stations=stations,
        pairs=np.array(pairs),
        patrols=np.array(patrols),
        minutes=np.array(minutes),
        over_announced=sector_gains(scenario, judged.runs[ANNOUNCED], judged.runs[OPTIMISED], stations),
        over_doctrine=sector_gains(scenario, judged.runs[DOCTRINE], judged.runs[OPTIMISED], stations),
    )


@dataclass(frozen=True, eq=False)
class ClassFigures:
    """What one plan gives each class of stations; arrays of shape (classes,).

    Attributes:
        pairs: blocks with a station of the class.
        largest: stations of the class in the largest of them.
        minutes: mean minutes to first help over its stations, from the probes; nan where nothing is known.
    """

    pairs: Integers
    largest: Integers
    minutes: Floats

    def of(self, number: int) -> tuple[int, int, float]:
        """Pairs, largest block and minutes of one class."""
        return int(self.pairs[number]), int(self.largest[number]), float(self.minutes[number])


def class_figures(judged: Judged, plan: int) -> ClassFigures:
    """How the classes drive the blocks of one of the three plans.

    Args:
        judged: three plans on the same days.
        plan: ``ANNOUNCED``, ``DOCTRINE`` or ``OPTIMISED``.
    """
    station_class, block = judged.scenario.stations.station_class, judged.plans[plan].block
    found = judged.stations[plan]
    minutes = known_minutes(found.mean_min, found.nobody_share)
    pairs, largest, mean = [], [], []
    for number in range(len(CLASSES)):
        inside = station_class == number
        sizes = np.bincount(block[inside], minlength=1)
        pairs.append(int((sizes > 0).sum()))
        largest.append(int(sizes.max()))
        known = inside & np.isfinite(minutes)
        mean.append(float(minutes[known].mean()) if known.any() else NAN)
    return ClassFigures(np.array(pairs), np.array(largest), np.array(mean))


def known_minutes(mean_min: Floats, nobody_share: Floats) -> Floats:
    """Minutes to first help, nan for a station that never had anybody free."""
    return np.where(nobody_share < 1, mean_min, NAN)


def site_sector(scenario: Scenario, site: str) -> int:
    """Sub-district of a post or of a village as forward post; -1 outside the area."""
    if site in scenario.posts.code:
        return int(scenario.posts.subdistrict[scenario.posts.code.index(site)])
    return int(scenario.villages.subdistrict[scenario.villages.code.index(site)])


def sector_gains(
    scenario: Scenario, first: Replications, second: Replications, stations: Integers
) -> tuple[Estimate, ...]:
    """Gains in weighted minutes per expected weighted incident there; a severe event would mark one place by chance."""
    probability, expected = strata(scenario, *CALM_TYPES), expected_weight(scenario)
    total = sum(probability.values())
    constant = sum(p / total * expected[DAY_TYPES[number]]["security"] for number, p in probability.items())
    difference = first.by_sector - second.by_sector
    scale = constant * stations / stations.sum()
    return tuple(
        stratified_mean(difference[:, sector] / scale[sector], first.stratum, probability)
        if scale[sector] > 0
        else Estimate(NAN, NAN, NAN, 0)
        for sector in range(len(stations))
    )


@dataclass(frozen=True)
class Losers:
    """Stations whose mean to first help is noticeably longer under the optimised plan than under another.

    Attributes:
        count: how many.
        worst_min: the largest worsening; nan when nobody loses.
        worst_station: where, -1 when nobody loses.
        by_sector: count by sub-district.
        gainers: stations whose mean is noticeably shorter.
    """

    count: int
    worst_min: float
    worst_station: int
    by_sector: tuple[int, ...]
    gainers: int


def losers(judged: Judged, plan: int) -> Losers:
    """Who gets less than under one of the other plans, from the probes.

    Args:
        judged: three plans on the same days.
        plan: ``ANNOUNCED`` or ``DOCTRINE``.
    """
    before, after = (
        known_minutes(judged.stations[number].mean_min, judged.stations[number].nobody_share)
        for number in (plan, OPTIMISED)
    )
    worse = np.nan_to_num(after - before)
    lost = worse > NOTICEABLE_MIN
    worst = int(np.argmax(worse)) if lost.any() else -1
    place, count = judged.scenario.stations.subdistrict, len(judged.scenario.villages.subdistrict_codes)
    return Losers(
        count=int(lost.sum()),
        worst_min=float(worse[worst]) if worst >= 0 else NAN,
        worst_station=worst,
        by_sector=tuple(np.bincount(place[lost], minlength=count).tolist()),
        gainers=int((worse < -NOTICEABLE_MIN).sum()),
    )


@dataclass(frozen=True)
class Slow:
    """A kind of incident among the slow responses: its number, its share of them, its own median."""

    kind: int
    share: float
    median_min: float


@dataclass(frozen=True)
class Sanity:
    """Ordinary-day police response against the band in which it is expected.

    Attributes:
        median, p90: a figure a plan.
        request_min: mean minutes from onset to the first request, from the scenario.
        slow_over_min: what counts as slow here.
        slow_share: share of the responses that are slower, optimised plan.
        slow: kinds of the slow responses, most frequent first.
        unanswered_share: share of the incidents nobody came to.
    """

    median: Three
    p90: Three
    request_min: float
    slow_over_min: float
    slow_share: float
    slow: tuple[Slow, ...]
    unanswered_share: float


def outside(value: float, band: tuple[float, float]) -> float:
    """By how much a figure leaves a band: negative below, positive above, 0 inside; nan stays.

    Example:
        >>> outside(10.0, (12.0, 20.0)), outside(15.0, (12.0, 20.0)), outside(21.0, (12.0, 20.0))
        (-2.0, 0.0, 1.0)
    """
    if np.isnan(value):
        return NAN
    return min(value - band[0], 0.0) + max(value - band[1], 0.0)


def sanity(judged: Judged, headline_rows: Sequence[Measure]) -> Sanity:
    """Hold ordinary-day police response against its band, and see what the slow responses are.

    Args:
        judged: three plans on the same days.
        headline_rows: from :func:`headline`, which has worked out the quantiles.
    """
    scenario, runs = judged.scenario, judged.runs[OPTIMISED]
    by_key = {row.key: row.by_scope["ordinary"] for row in headline_rows if "ordinary" in row.by_scope}
    ordinary = runs.stratum[runs.incident_day] == DAY_TYPES.index("ordinary")
    police = ordinary & (kind_tables(scenario).family[runs.incident_kind] == SECURITY)
    response, kind = runs.incident_response_min[police], runs.incident_kind[police]
    slow = response > BAND_P90_MIN[0]
    counts = np.bincount(kind[slow])
    order = [int(number) for number in np.argsort(-counts, kind="stable") if counts[number] > 0]
    calls = scenario.settings.calls
    return Sanity(
        median=by_key["median"],
        p90=by_key["p90"],
        request_min=triangular_mean(calls.detection_min) + triangular_mean(calls.call_min),
        slow_over_min=BAND_P90_MIN[0],
        slow_share=float(slow.mean()) if len(slow) else NAN,
        slow=tuple(
            Slow(number, float(counts[number] / slow.sum()), float(np.median(response[kind == number])))
            for number in order
        ),
        unanswered_share=float(np.isinf(response).mean()) if len(response) else NAN,
    )


def days_by_type(runs: Replications) -> dict[str, int]:
    """How many days of each type were played."""
    counts = np.bincount(runs.stratum, minlength=len(DAY_TYPES)).tolist()
    return {name: count for name, count in zip(DAY_TYPES, counts, strict=True) if count}
