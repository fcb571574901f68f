"""The measures group by group: by kind, level, class, place and hour, at natural rates and given each type of day.

One row is one group under one scope; natural rates and "given that such a day happens" never mix. Means of days carry
stratified t intervals, ratios those of ratios, quantiles over incidents resample whole days. The groups of a dimension
leave nobody out, so what is counted per day adds up from villages to sub-districts, to rayons, to the whole area.
Places are told on days without a severe event only: severe events strike by chance, and no place is called dangerous.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.columns import column_means, column_ratios
from simsec.analysis.intervals import Estimate, at_most, incident_quantiles, resampled_weights
from simsec.analysis.measures import FAMILIES, kind_tables
from simsec.analysis.replications import CLOCK, Replications
from simsec.base.clock import format_stamp
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES, DAY_TYPES, LEVELS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
NATURAL, CALM, SEVERE = "natural", "calm", "severe"
WHOLE = "all"
PLACES = ("village", "subdistrict", "rayon")
DIMENSIONS = (WHOLE, "family", "kind", "first_level", "last_level", "class", *PLACES, "hour")
OPEN = tuple(name for name in DIMENSIONS if name != "village")  # villages only where they are asked for
FEW_INCIDENTS = 30  # with fewer a group's minutes and shares are told without an interval, and flagged
HOUR_MIN = 60.0
# Measure -> what it is; its name ends in its unit.
MEASURES = {
    "per_day": "incidents that needed somebody, a day",
    "response_mean_min": "onset to first help, mean over the incidents that got it",
    "response_p50_min": "onset to first help, median; nobody came counts as longer than any",
    "response_p90_min": "onset to first help, 90th percentile; nobody came counts as longer than any",
    "response_p95_min": "onset to first help, 95th percentile; nobody came counts as longer than any",
    "within_target_share": "share of the incidents with first help within the target of their kind",
    "full_mean_min": "onset to full help (so many had come as were needed), mean over the incidents that got it",
    "full_p90_min": "onset to full help, 90th percentile; never counts as longer than any",
    "care_mean_min": "medical incidents: onset to the first medic or ambulance, mean over those that got one",
    "care_p90_min": "medical incidents: onset to the first medic or ambulance, 90th percentile",
    "unanswered_share": "share of the incidents nobody came to",
    "unanswered_per_day": "incidents nobody came to, a day",
    "rose_share": "share of the incidents that rose a level before help came",
    "rose_per_day": "incidents that rose a level before help came, a day",
}


@dataclass(frozen=True)
class Group:
    """A group of incidents under one scope.

    Attributes:
        dimension: one of ``DIMENSIONS``.
        code: of the group: a kind, level, class, place (name of a rayon), or the stamp at which an hour begins.
        number: its place in the dimension, from 0.
        scope: ``natural`` (types of day by their probability), ``calm`` (the same without severe days), or the type of
            day that is given.
        days: played in the scope.
        incidents: seen on them.
        estimates: measure -> figure, in the order of ``MEASURES``.
    """

    dimension: str
    code: str
    number: int
    scope: str
    days: int
    incidents: int
    estimates: Mapping[str, Estimate]

    @property
    def few(self) -> bool:
        """Whether so few incidents were seen that minutes and shares have no interval."""
        return self.incidents < FEW_INCIDENTS


def breakdown(
    scenario: Scenario,
    runs: Replications,
    by: Sequence[str] = OPEN,
    *,
    scopes: Sequence[str] | None = None,
    family: str | None = None,
) -> list[Group]:
    """Every measure of every group.

    Args:
        scenario: what is known.
        runs: days under one plan.
        by: dimensions; villages are told only when they are named here, and never leave the house.
        scopes: only these; all that are known by default. Places have none with severe days.
        family: only the incidents of this responder family.

    Returns:
        Dimension by dimension, scope by scope, group by group; groups without an incident too. Natural rates are told
        where every type of day that can happen was played.

    Raises:
        ValueError: no such dimension.

    Example:
        >>> from simsec.analysis import replicate
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> area = read_scenario("scenarios/kabupaten-semarang")
        >>> rows = breakdown(area, replicate(area, doctrine(area), {"ordinary": 3}), ("rayon", "all"))
        >>> round(sum(row.estimates["per_day"].mean for row in rows[:-1]) - rows[-1].estimates["per_day"].mean, 9)
        0.0
    """
    wrong = [name for name in by if name not in DIMENSIONS]
    if wrong:
        raise ValueError(f"no such dimension: {', '.join(wrong)}")
    known = scopes_of(scenario, runs)
    parts: dict[str, _Part] = {}
    rows: list[Group] = []
    for dimension in by:
        codes, member = groups_of(scenario, runs, dimension)
        for scope in scopes_told(dimension, known):
            if scopes is not None and scope not in scopes:
                continue
            if scope not in parts:
                parts[scope] = _Part(scenario, runs, known[scope], family)
            rows += _rows(dimension, codes, member, scope, parts[scope])
    return rows


def scopes_of(scenario: Scenario, runs: Replications) -> dict[str, dict[int, float]]:
    """Scope -> types of day and their probabilities: natural rates and calm days where they are known, types played."""
    played = set(np.unique(runs.stratum).tolist())
    known = scenario.day_type_probability
    happens = {number: known[name] for number, name in enumerate(DAY_TYPES) if known[name] > 0}
    mixed = {NATURAL: happens, CALM: {n: p for n, p in happens.items() if DAY_TYPES[n] != SEVERE}}
    found = {name: types for name, types in mixed.items() if types and set(types) <= played}
    return found | {name: {number: 1.0} for number, name in enumerate(DAY_TYPES) if number in played}


def scopes_told(dimension: str, known: Iterable[str]) -> tuple[str, ...]:
    """The scopes under which a dimension is told.

    Example:
        >>> scopes_told("village", ("natural", "calm", "ordinary", "severe"))
        ('calm', 'ordinary')
    """
    if dimension in PLACES:
        return tuple(name for name in known if name not in (NATURAL, SEVERE))
    return tuple(name for name in known if name != CALM or dimension == WHOLE)


def groups_of(scenario: Scenario, runs: Replications, dimension: str) -> tuple[tuple[str, ...], Integers]:
    """The groups of a dimension, and which of them each incident belongs to, shape (incidents,)."""
    villages, station = scenario.villages, runs.incident_station
    if dimension == WHOLE:
        return (WHOLE,), np.zeros(len(station), dtype=np.int64)
    if dimension == "family":
        family = kind_tables(scenario).family[runs.incident_kind]
        codes = (*FAMILIES, "none") if (family < 0).any() else FAMILIES
        return codes, np.where(family < 0, len(FAMILIES), family)
    if dimension == "kind":
        return tuple(scenario.settings.incidents), runs.incident_kind
    if dimension in ("first_level", "last_level"):
        return LEVELS, runs.incident_level if dimension == "first_level" else runs.incident_last_level
    if dimension == "class":
        return CLASSES, scenario.stations.station_class[station]
    if dimension == "village":
        return villages.code, scenario.stations.village[station]
    if dimension == "subdistrict":
        return villages.subdistrict_codes, scenario.stations.subdistrict[station]
    if dimension == "rayon":
        return villages.rayon_names, villages.subdistrict_rayon[scenario.stations.subdistrict[station]]
    start, end = scenario.horizon_min
    first, past = int(start // HOUR_MIN), int(-(-end // HOUR_MIN))
    hour = np.clip((runs.incident_onset_min // HOUR_MIN).astype(np.int64), first, past - 1) - first
    return tuple(format_stamp(HOUR_MIN * number) for number in range(first, past)), hour


class _Part:
    """The days and incidents of one scope, with what every dimension asks of them."""

    def __init__(
        self, scenario: Scenario, runs: Replications, probability: Mapping[int, float], family: str | None
    ) -> None:
        kinds = kind_tables(scenario)
        days = np.flatnonzero(np.isin(runs.stratum, list(probability)))
        place = np.full(len(runs), -1)
        place[days] = np.arange(len(days))
        self.stratum, self.count = runs.stratum[days], len(days)
        kept = place[runs.incident_day] >= 0
        if family is not None:
            kept &= kinds.family[runs.incident_kind] == FAMILIES.index(family)
        self.rows = np.flatnonzero(kept)
        self.day = place[runs.incident_day[self.rows]]
        self.probability = probability
        kind, onset = runs.incident_kind[self.rows], runs.incident_onset_min[self.rows]
        self.response = runs.incident_response_min[self.rows]
        full, care = (
            np.nan_to_num(runs.incident_clock_min[self.rows, CLOCK.index(name)] - onset, nan=np.inf)
            for name in ("full", "care")
        )
        self.full, self.care = full, care
        self.medical = kinds.family[kind] == FAMILIES.index("medical")
        self.within = self.response <= kinds.target_min[kind]
        self.rose = runs.incident_last_level[self.rows] > runs.incident_level[self.rows]
        self.resampled = resampled_weights(self.stratum, probability)


def _rows(dimension: str, codes: Sequence[str], member: Integers, scope: str, part: _Part) -> list[Group]:
    """The rows of one dimension under one scope."""
    groups, probability = len(codes), part.probability
    of_row = member[part.rows]
    cell = part.day * groups + of_row

    def daily(kept: NDArray[np.bool_] | None = None, minutes: Floats | None = None) -> Floats:
        where = cell if kept is None else cell[kept]
        weights = minutes if minutes is None or kept is None else minutes[kept]
        found = np.bincount(where, weights=weights, minlength=part.count * groups)
        return np.asarray(found.reshape(part.count, groups), dtype=np.float64)

    def counted(values: Floats) -> list[Estimate]:
        means = column_means(values, part.stratum, probability)
        return [at_most(replace(e, low=float(np.maximum(e.low, 0.0))), part.stratum, probability) for e in means]

    def share(values: Floats) -> list[Estimate]:
        return column_ratios(values, every, part.stratum, probability, share=True)

    def mean_of(minutes: Floats, among: NDArray[np.bool_] | None = None) -> list[Estimate]:
        came = np.isfinite(minutes) if among is None else np.isfinite(minutes) & among
        return column_ratios(daily(came, minutes), daily(came), part.stratum, probability, share=False)

    every, lost, rose = daily(), daily(~np.isfinite(part.response)), daily(part.rose)
    seen = np.bincount(of_row, minlength=groups)
    medical = np.bincount(of_row[part.medical], minlength=groups)
    found: dict[str, list[Estimate]] = {
        "per_day": counted(every),
        "response_mean_min": mean_of(part.response),
        "within_target_share": share(daily(part.within)),
        "full_mean_min": mean_of(part.full),
        "care_mean_min": mean_of(part.care, part.medical),
        "unanswered_share": share(lost),
        "unanswered_per_day": counted(lost),
        "rose_share": share(rose),
        "rose_per_day": counted(rose),
    }
    found |= _quantiles(of_row, groups, part)
    rows = []
    for number, code in enumerate(codes):
        estimates = {}
        for name in MEASURES:
            of = int(medical[number] if name.startswith("care") else seen[number])
            estimates[name] = _told(found[name][number], name, of)
        rows.append(Group(dimension, code, number, scope, part.count, int(seen[number]), estimates))
    return rows


def _told(estimate: Estimate, name: str, incidents: int) -> Estimate:
    """An estimate over so few incidents keeps its figure and loses its interval."""
    if name.endswith("_per_day") or name == "per_day" or incidents >= FEW_INCIDENTS:
        return estimate
    return Estimate(estimate.mean, float("nan"), float("nan"), estimate.days)


def _quantiles(of_row: Integers, groups: int, part: _Part) -> dict[str, list[Estimate]]:
    """The quantiles of every group, by measure; whole days are resampled, the same for all of them."""
    asked: tuple[tuple[Floats, NDArray[np.bool_] | None, dict[str, float]], ...] = (
        (part.response, None, {"response_p50_min": 0.5, "response_p90_min": 0.9, "response_p95_min": 0.95}),
        (part.full, None, {"full_p90_min": 0.9}),
        (part.care, part.medical, {"care_p90_min": 0.9}),
    )
    order = np.argsort(of_row, kind="stable")
    edge = np.searchsorted(of_row[order], np.arange(groups + 1))
    found: dict[str, list[Estimate]] = {name: [] for _, _, names in asked for name in names}
    for number in range(groups):
        rows = order[edge[number] : edge[number + 1]]
        for minutes, among, names in asked:
            members = rows if among is None else rows[among[rows]]
            resampled = part.resampled if len(members) >= FEW_INCIDENTS else None
            told = incident_quantiles(
                minutes[members], part.day[members], part.stratum, part.probability, tuple(names.values()),
                resampled=resampled,
            )  # fmt: skip
            for name, estimate in zip(names, told, strict=True):
                found[name].append(estimate)
    return found
