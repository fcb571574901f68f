"""``replicate``: many days under one plan, or under several that all meet the very same days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.access import Access, access_row, gather_access, voter_rows
from simsec.analysis.intervals import LEVEL, Estimate, incident_quantile, stratified_mean
from simsec.analysis.measures import (
    FAMILIES,
    expected_number,
    expected_weight,
    kind_tables,
    measure,
    waited_min,
    weighted_minutes,
)
from simsec.analysis.workers import Progress, Workers, open_workers
from simsec.base.clock import parse_stamp
from simsec.base.errors import InputError, Problem, say
from simsec.day.access import access_at
from simsec.day.day import Day
from simsec.day.sampling import sample_day
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES
from simsec.simulation.asking import asked_probe, stations_asked
from simsec.simulation.boxes import boxes_back_min, counts_late
from simsec.simulation.calendar import Look, marks_of
from simsec.simulation.model import State
from simsec.simulation.outcome import Outcome
from simsec.simulation.probes import drawn_call, exact_for, probe, probe_tables
from simsec.simulation.roads import changes_of, world_at
from simsec.simulation.simulate import kept_world, simulate
from simsec.simulation.trace import Trace, write_events

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PROBE_STAMPS = ("H 06:30", "H 09:00", "H 12:30", "H 15:00", "H 19:00")
RESERVE_EVERY_MIN = 30.0
CHUNK = 10
CLOCK = ("alert", "reported", "dispatched", "first", "full", "care", "cleared", "reopened")
TYPE_STRIDE = 100_000  # days of different types are different days: strata are independent


@dataclass(frozen=True)
class DayKey:
    """Which day: type, seed and replication."""

    day_type: str
    seed: int
    replication: int


@dataclass(frozen=True, eq=False)
class Replications:
    """Many days under one plan; rows are days unless said otherwise.

    Attributes:
        plan_name: of the plan.
        keys: which days.
        stratum: number of each day's type in ``DAY_TYPES``.
        weighted: weighted minutes by family, shape (days, 4).
        by_sector: weighted minutes of the security family, shape (days, sub-districts).
        count, unanswered, within_target: incidents by family, shape (days, 4).
        stations_hit, limit_reached: shape (days,).
        busy_share: by unit kind, shape (days, kinds).
        reserve_busy: squads of the reserve out, every half hour, shape (days, looks).
        reserve_exhausted_min: minutes in which no squad of the reserve was free, exact, shape (days,); nan without one.
        convoys: trips with boxes that a pair was to go with, and those that went without it, shape (days, 2).
        units_busy: units of each kind out, every half hour, shape (days, looks, kinds); empty when not asked for.
        unit_count: units of each kind, shape (kinds,).
        missions, busy_min, away_min: of every unit, shape (days, units); empty when not asked for.
        boxes_back_min: when the last box of each village is back, shape (days, villages); nan for one without
            stations, inf: not by the end of the clock; empty where the scenario has no stages.
        counts_late_share: share of the stations whose count ends after the legal limit; nan: there is none.
        voter_hours_lost, voters_not_served: shape (days,), nan when not asked for.
        access: stations that were closed, what KPU decided about them, and more of the voters.
        incident_day, incident_kind, incident_station, incident_onset_min, incident_response_min, incident_primary,
        incident_level, incident_last_level, incident_first_kind, incident_rise_min, incident_clock_min,
            incident_asked_min, incident_decided_min, incident_decision: one row an incident; a response of inf:
            unanswered; the kind of unit that came first is -1 then.
        incident_first_line_min: when somebody of the three pillars was there, nan where there are none.
        incident_came_min: when the first unit sent as each capability came, shape (incidents, capabilities), or nan.
        probes: minutes to first help, shape (days, probe times, stations), float32; empty when not asked for.
    """

    plan_name: str
    keys: tuple[DayKey, ...]
    stratum: Integers
    weighted: Floats
    by_sector: Floats
    count: Integers
    unanswered: Integers
    within_target: Integers
    stations_hit: Integers
    limit_reached: Integers
    busy_share: Floats
    reserve_busy: NDArray[np.int16]
    reserve_exhausted_min: Floats
    convoys: Integers
    units_busy: NDArray[np.int16]
    unit_count: Integers
    missions: NDArray[np.int32]
    busy_min: Floats
    away_min: Floats
    boxes_back_min: Floats
    counts_late_share: Floats
    voter_hours_lost: Floats
    voters_not_served: Floats
    access: Access
    incident_day: Integers
    incident_kind: Integers
    incident_station: Integers
    incident_onset_min: Floats
    incident_response_min: Floats
    incident_primary: NDArray[np.bool_]
    incident_level: Integers
    incident_first_kind: Integers
    incident_last_level: Integers
    incident_rise_min: Floats
    incident_clock_min: Floats
    incident_asked_min: Floats
    incident_decided_min: Floats
    incident_decision: Integers
    incident_first_line_min: Floats
    incident_came_min: Floats
    probes: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of days."""
        return len(self.keys)


@dataclass(frozen=True)
class Options:
    """What else to keep of each day: probes, voters, how many units of each kind are out, every unit's missions.

    ``voters`` serves those of stations that were closed, ``waits`` those of every station, which takes many times as
    long as the day itself. ``trace`` is a folder that gets the table of events of each day.
    """

    probes: bool = False
    voters: bool = False
    units: bool = False
    missions: bool = False
    trace: Path | None = None
    waits: bool = False


def day_keys(days: Mapping[str, int], seeds: Sequence[int], first: int = 0) -> tuple[DayKey, ...]:
    """Days spread over seeds: of each type as many as asked for, from replication ``first`` on.

    Args:
        days: day type -> number of days.
        seeds: judging uses several, so that none is picked.
        first: first replication; training, selection and judging start far apart and never meet.

    Example:
        >>> [(key.seed, key.replication) for key in day_keys({"ordinary": 3}, (1, 2))]
        [(1, 0), (2, 0), (1, 1)]
    """
    wrong = [
        Problem(say("days"), "no such type of day", value=day_type, bound=", ".join(DAY_TYPES))
        for day_type in days
        if day_type not in DAY_TYPES
    ]
    wrong += [
        Problem(say("days"), "must not be negative", column=name, value=str(n)) for name, n in days.items() if n < 0
    ]
    if sum(days.values()) == 0:
        wrong.append(Problem(say("days"), "no day is asked for", "give at least one"))
    if wrong:
        raise InputError(wrong)
    return tuple(
        DayKey(day_type, seeds[number % len(seeds)], first + TYPE_STRIDE * place + number // len(seeds))
        for place, day_type in enumerate(DAY_TYPES)
        for number in range(days.get(day_type, 0))
    )


def events_file(folder: Path, plan: Plan, key: DayKey) -> Path:
    """Where a worker leaves the events of a day, and where they are found again, whoever played it."""
    return folder / f"{plan.hash}-{key.day_type}-{key.seed}-{key.replication}.npz"


def _play(scenario: Scenario, plan: Plan, day: Day, options: Options) -> tuple[Outcome, dict[str, object]]:
    """One day under one plan, as a row of everything kept of it."""
    world, marks, changes = kept_world(scenario, plan), marks_of(day), changes_of(scenario, day)
    squad = world.squad_kind
    squads = range(world.kind_first[squad], world.kind_end[squad]) if squad >= 0 else range(0)
    start, end = scenario.horizon_min
    reserve: list[int] = []
    out: list[list[int]] = []
    probed: list[Floats] = []

    def count_reserve(_: float, state: State) -> None:
        reserve.append(sum(state.serves[unit] >= 0 for unit in squads))

    def count_units(_: float, state: State) -> None:
        ranges = zip(world.kind_first, world.kind_end, strict=True)
        out.append([sum(state.serves[unit] >= 0 for unit in range(first, past)) for first, past in ranges])

    looks: list[Look] = [(minute, count_reserve) for minute in np.arange(start, end, RESERVE_EVERY_MIN).tolist()]
    if options.units:
        looks = sorted([*looks, *((minute, count_units) for minute, _ in looks)], key=lambda look: look[0])
    if options.probes:
        tables = probe_tables(scenario, plan) if scenario.general or exact_for(plan) else None
        round_of = len(PROBE_STAMPS) * (day.seed + day.replication)

        def look_at(place: int) -> Look:
            minute, call = parse_stamp(PROBE_STAMPS[place]), drawn_call(scenario, day.seed, day.replication, place)
            there, extra_min = world_at(world, changes, minute), access_at(day.access, minute, start)
            asked = stations_asked(len(scenario.stations), round_of + place)

            def look(now: float, state: State) -> None:
                if tables is not None:
                    probed.append(probe(there, marks, state, tables, now, call, extra_min))
                else:
                    probed.append(asked_probe(there, marks, state, now, call, asked, extra_min))

            return minute, look

        looks = sorted([*looks, *map(look_at, range(len(PROBE_STAMPS)))], key=lambda look: look[0])
    listener = None if options.trace is None else Trace(world, marks, changes)
    outcome = simulate(scenario, plan, day, listener=listener, looks=looks)
    if options.trace is not None and listener is not None:
        write_events(events_file(options.trace, plan, DayKey(day.day_type, day.seed, day.replication)), listener, end)
    figures, rows = measure(scenario, outcome), outcome.incidents
    return outcome, {
        "weighted": figures.weighted,
        "by_sector": figures.by_sector,
        "count": figures.count,
        "unanswered": figures.unanswered,
        "within_target": figures.within_target,
        "stations_hit": figures.stations_hit,
        "limit_reached": figures.limit_reached,
        "busy_share": figures.busy_share,
        "reserve_busy": np.array(reserve, dtype=np.int16),
        "reserve_exhausted_min": outcome.reserve_exhausted_min,
        "convoys": outcome.escorts[:2],
        "unit_count": np.subtract(world.kind_end, world.kind_first),
        "units_busy": np.array(out, dtype=np.int16),
        "missions": outcome.units.missions.astype(np.int32) if options.missions else np.zeros(0, np.int32),
        "busy_min": outcome.units.busy_min if options.missions else np.zeros(0),
        "away_min": outcome.units.away_min if options.missions else np.zeros(0),
        "boxes_back": boxes_back_min(scenario, day, outcome) if day.stages else np.zeros(0),
        "counts_late": counts_late(scenario, day),
        **access_row(scenario, outcome),
        "asked": rows.asked_min,
        "decided": rows.decided_min,
        "decision": rows.decision,
        "kind": rows.kind,
        "station": rows.station,
        "onset": rows.onset_min,
        "response": np.where(np.isnan(rows.response_min), np.inf, rows.response_min),
        "primary": rows.primary,
        "level": rows.first_level,
        "first_kind": rows.first_kind,
        "last_level": rows.last_level,
        "rise": rows.rise_min,
        "clock": np.column_stack([getattr(rows, f"{name}_min") for name in CLOCK]),
        "first_line": rows.first_line_min,
        "came": rows.came_min,
        "probes": np.array(probed, dtype=np.float32),
    }


def play_chunk(
    shared: tuple[Scenario, tuple[Plan, ...], Options], keys: Sequence[DayKey]
) -> list[list[dict[str, object]]]:
    """A few days, each under every plan: the day is drawn once and met by all."""
    scenario, plans, options = shared
    played, rows = [], []
    for key in keys:
        day = sample_day(scenario, key.seed, key.replication, key.day_type)
        under = [_play(scenario, plan, day, options) for plan in plans]
        played += [(day, outcome) for outcome, _ in under]
        rows.append([row for _, row in under])
    voters = voter_rows(scenario, played, lost=options.voters, waits=options.waits)
    for row, more in zip((row for day_rows in rows for row in day_rows), voters, strict=True):
        row |= more
    return rows


def gather(plan: Plan, keys: tuple[DayKey, ...], rows: list[dict[str, object]]) -> Replications:
    """Rows of days as arrays."""

    def stack(name: str) -> NDArray[np.float64]:
        return np.array([row[name] for row in rows])

    def join(name: str) -> NDArray[np.float64]:
        return np.concatenate([np.asarray(row[name]) for row in rows])

    lengths = [len(np.asarray(row["kind"])) for row in rows]
    return Replications(
        plan_name=plan.name,
        keys=keys,
        stratum=np.array([DAY_TYPES.index(key.day_type) for key in keys]),
        weighted=stack("weighted"),
        by_sector=stack("by_sector"),
        count=stack("count").astype(np.int64),
        unanswered=stack("unanswered").astype(np.int64),
        within_target=stack("within_target").astype(np.int64),
        stations_hit=stack("stations_hit").astype(np.int64),
        limit_reached=stack("limit_reached").astype(np.int64),
        busy_share=stack("busy_share"),
        reserve_busy=stack("reserve_busy").astype(np.int16),
        reserve_exhausted_min=stack("reserve_exhausted_min").astype(np.float64),
        convoys=stack("convoys").astype(np.int64),
        units_busy=stack("units_busy").astype(np.int16),
        unit_count=np.asarray(rows[0]["unit_count"], dtype=np.int64),
        missions=stack("missions").astype(np.int32),
        busy_min=stack("busy_min"),
        away_min=stack("away_min"),
        boxes_back_min=stack("boxes_back"),
        counts_late_share=stack("counts_late"),
        voter_hours_lost=stack("voter_hours_lost"),
        voters_not_served=stack("voters_not_served"),
        access=gather_access(rows),
        incident_day=np.repeat(np.arange(len(rows)), lengths),
        incident_kind=join("kind").astype(np.int64),
        incident_station=join("station").astype(np.int64),
        incident_onset_min=join("onset"),
        incident_response_min=join("response"),
        incident_primary=join("primary").astype(np.bool_),
        incident_level=join("level").astype(np.int64),
        incident_first_kind=join("first_kind").astype(np.int64),
        incident_last_level=join("last_level").astype(np.int64),
        incident_rise_min=join("rise"),
        incident_clock_min=join("clock"),
        incident_asked_min=join("asked"),
        incident_decided_min=join("decided"),
        incident_decision=join("decision").astype(np.int64),
        incident_first_line_min=join("first_line"),
        incident_came_min=join("came"),
        probes=stack("probes").astype(np.float32, copy=False),
    )


def replicate_plans(
    scenario: Scenario,
    plans: Sequence[Plan],
    keys: tuple[DayKey, ...],
    workers: Workers,
    *,
    probes: bool = False,
    voters: bool = False,
    units: bool = False,
    missions: bool = False,
    trace: Path | None = None,
    waits: bool = False,
    progress: Progress | None = None,
) -> list[Replications]:
    """Play the same days under several plans, paired by day.

    Args:
        scenario: what is known.
        plans: checked plans.
        keys: which days, from :func:`day_keys`.
        workers: from :func:`simsec.analysis.workers.open_workers`; their number changes no result.
        probes: also probe every station at fixed minutes.
        voters: also serve the voters of stations that an incident closed.
        waits: also serve the voters of all other stations.
        units: also count the units of each kind that are out, every half hour.
        missions: also keep missions and busy minutes of every unit.
        trace: a folder that gets the table of events of every day and plan, see :func:`events_file`.
        progress: called with chunks done and all.

    Returns:
        One :class:`Replications` a plan, in order.
    """
    chunks = [keys[first : first + CHUNK] for first in range(0, len(keys), CHUNK)]
    shared = (scenario, tuple(plans), Options(probes, voters, units, missions, trace, waits))
    played = [day for chunk in workers.map(play_chunk, shared, chunks, progress) for day in chunk]
    found = []
    for number, plan in enumerate(plans):
        rows = [day[number] for day in played]
        for day in played:
            day[number] = {}  # goes as soon as it stands in arrays: long runs hold their days once, not twice
        found.append(gather(plan, keys, rows))
    return found


def replicate(
    scenario: Scenario, plan: Plan, days: Mapping[str, int] | int, *, seed: int = 1, workers: int = 1
) -> Replications:
    """Play many days under one plan.

    Args:
        scenario: what is known.
        plan: what is decided.
        days: day type -> number of days, or a number of ordinary days.
        seed: 0 or more.
        workers: processes; their number changes no result.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> from simsec.plan import doctrine
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> len(replicate(scenario, doctrine(scenario), 3))
        3
    """
    counts = {"ordinary": days} if isinstance(days, int) else days
    with open_workers(workers) as pool:
        return replicate_plans(scenario, [plan], day_keys(counts, (seed,)), pool)[0]


def strata(scenario: Scenario, *day_types: str) -> dict[int, float]:
    """Probabilities of the named day types (all by default) by number, for the estimators."""
    names = day_types or DAY_TYPES
    found = {DAY_TYPES.index(name): scenario.day_type_probability[name] for name in names}
    possible = {number: p for number, p in found.items() if p > 0}
    return possible or dict.fromkeys(found, 1.0)  # "given that" an impossible type happens


def primary_measure(
    scenario: Scenario,
    values: Floats,
    stratum: Integers,
    family: str = "security",
    *day_types: str,
    per_incident: bool = False,
    level: float = LEVEL,
) -> Estimate:
    """Weighted minutes of a family per expected weighted primary incident, over the named day types.

    Args:
        scenario: gives the constant denominator.
        values: weighted minutes a day, or paired differences of them, shape (days,).
        stratum: type of each day.
        family: a responder family.
        day_types: all by default (natural rates); naming one gives the figure "given that it happens".
        per_incident: divide by the expected number of primary incidents instead, for sums under other weights.
        level: of the interval.
    """
    probability = strata(scenario, *day_types)
    total = sum(probability.values())
    expected = expected_number(scenario) if per_incident else expected_weight(scenario)
    constant = sum(p / total * expected[DAY_TYPES[number]][family] for number, p in probability.items())
    estimate = stratified_mean(values, stratum, probability, level)
    if constant <= 0:
        return replace(estimate, mean=float("nan"), low=float("nan"), high=float("nan"))
    return replace(estimate, mean=estimate.mean / constant, low=estimate.low / constant, high=estimate.high / constant)


def reweighted(scenario: Scenario, runs: Replications, family: str, weights: Floats, per_voter: bool = False) -> Floats:
    """Weighted minutes a day under other weights, shape (days,): is the winner still the winner?

    Args:
        scenario: what is known.
        runs: many days under one plan.
        family: a responder family.
        weights: of a minute at green, yellow, red, shape (3,).
        per_voter: also weigh each incident by the registered voters of its station, over their mean.
    """
    inside = kind_tables(scenario).family[runs.incident_kind] == FAMILIES.index(family)
    waited = waited_min(runs.incident_onset_min[inside], runs.incident_response_min[inside], scenario.horizon_min[1])
    minutes = weighted_minutes(waited, runs.incident_level[inside], runs.incident_rise_min[inside], weights)
    if per_voter:
        voters = scenario.stations.registered_voters
        minutes = minutes * voters[runs.incident_station[inside]] / voters.mean()
    return np.asarray(np.bincount(runs.incident_day[inside], weights=minutes, minlength=len(runs)), dtype=np.float64)


def response_quantile(
    scenario: Scenario, runs: Replications, q: float, family: str = "security", *day_types: str
) -> Estimate:
    """Quantile of the response minutes of a family over incidents; descriptive, with a day bootstrap."""
    inside = kind_tables(scenario).family[runs.incident_kind] == FAMILIES.index(family)
    probability = strata(scenario, *day_types)
    return incident_quantile(
        runs.incident_response_min[inside], runs.incident_day[inside], runs.stratum, probability, q
    )
