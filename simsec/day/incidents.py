"""Incidents of a day: candidates at a declared ceiling rate, each kept if its mark lies below rate / ceiling.

Thinning of a Poisson process (Lewis & Shedler 1979). Raising a rate adds incidents and moves none, because every mark
of a candidate is a function of its own key (kind, station, ordinal) alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.day.day import Floats, Incidents, Integers, Reports
from simsec.day.streams import stream, uniforms
from simsec.day.tables import SamplingTables, exposed_villages, last_level, sampling_tables, window_quantile
from simsec.scenario.parameter import Parameter, triangular
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS

NOISE_SLOTS = 8  # a red crowd takes up to three squads a time; later units reuse the slots in order


@dataclass(frozen=True, eq=False)
class Draws:
    """Uniforms of some candidates: one row a candidate, one named stream a mark."""

    seed: int
    replication: int
    key: NDArray[np.uint64]
    ordinal: NDArray[np.uint64]

    def of(self, mark: str) -> Floats:
        """Uniforms of one mark, shape (n,)."""
        return uniforms(stream(self.seed, self.replication, mark), self.key, self.ordinal)

    def table(self, mark: str, columns: int) -> Floats:
        """Uniforms of a numbered mark, shape (n, columns)."""
        names = [stream(self.seed, self.replication, f"{mark}/{column}") for column in range(columns)]
        return uniforms(np.array(names, dtype=np.uint64)[None, :], self.key[:, None], self.ordinal[:, None])

    def take(self, rows: NDArray[np.bool_] | Integers) -> Draws:
        """The draws of some of the candidates."""
        return Draws(self.seed, self.replication, self.key[rows], self.ordinal[rows])


def poisson_quantile(u: Floats, mean: Floats) -> Integers:
    """Poisson counts at the quantiles u, by adding up probabilities; quick where the means are small.

    Example:
        >>> poisson_quantile(np.array([0.5, 0.95, 0.999]), np.array([0.05, 0.05, 0.05])).tolist()
        [0, 0, 2]
    """
    count = np.zeros(len(u), dtype=np.int64)
    probability = np.exp(-mean)
    total = probability.copy()
    step, above = 0, u > total
    while above.any() and step < 1000:  # the tail beyond is smaller than the spacing of the uniforms
        step += 1
        count += above
        probability = probability * mean / step
        total = total + probability
        above = above & (u > total)
    return count


def _candidates(
    seed: int, replication: int, keys: NDArray[np.uint64], kind_key: NDArray[np.uint64], ceiling: Floats
) -> tuple[Integers, Integers, Draws]:
    """Poisson(ceiling) candidates for every (kind, place): kind, place and draws of each, in a fixed order."""
    u = uniforms(stream(seed, replication, "count"), kind_key[:, None] ^ keys[None, :], 0)
    kind, place = np.nonzero(u > np.exp(-ceiling)[:, None])
    count = poisson_quantile(u[kind, place], ceiling[kind])
    kind, place = np.repeat(kind, count), np.repeat(place, count)
    first = np.cumsum(count) - count
    ordinal = np.arange(len(kind)) - np.repeat(first, count)
    return kind, place, Draws(seed, replication, kind_key[kind] ^ keys[place], ordinal.astype(np.uint64))


def _scattered(
    scenario: Scenario, tables: SamplingTables, day_type: int, seed: int, replication: int
) -> tuple[Integers, Integers, Floats, Draws]:
    """Incidents that strike stations one by one: kind, station, uniform of the time, draws."""
    models = list(scenario.settings.incidents.values())
    scattered = np.array([number for number, kind in enumerate(models) if kind.clustered == "no"])
    kind, station, draws = _candidates(
        seed, replication, tables.station_key, tables.kind_key[scattered], tables.ceiling[scattered]
    )
    kind = scattered[kind]
    kept = draws.of("exists") < tables.rate[day_type, kind] / tables.ceiling[kind]
    draws = draws.take(kept)
    return kind[kept], station[kept], draws.of("time"), draws


def _clustered(
    scenario: Scenario, tables: SamplingTables, day_type: int, seed: int, replication: int
) -> tuple[Integers, Integers, Floats, Draws]:
    """Floods and landslides: a village of the right ground is struck, and with it 1 to all of its stations.

    The rate per village is such that the expected number of stations struck is rate x stations.
    """
    kinds, stations, times, keys, ordinals = [], [], [], [], []
    for number, model in enumerate(scenario.settings.incidents.values()):
        rate = tables.rate[day_type, number]
        if model.clustered == "no" or rate == 0:
            continue
        exposed = exposed_villages(scenario, model.clustered)
        sizes = np.array([len(tables.stations_of_village[village]) for village in exposed])
        per_village = tables.ceiling[number] * len(scenario.stations) / float(np.sum((sizes + 1) / 2))
        _, place, draws = _candidates(
            seed, replication, tables.village_key[exposed], tables.kind_key[[number]], np.array([per_village])
        )
        kept = draws.of("exists") < rate / tables.ceiling[number]
        place, draws = place[kept], draws.take(kept)
        struck = 1 + (draws.of("cluster/size") * sizes[place]).astype(np.int64)
        time = draws.of("time")
        for row, village in enumerate(exposed[place]):
            members = tables.stations_of_village[village]
            begin = int(draws.of("cluster/first")[row] * len(members))
            hit = np.roll(members, -begin)[: struck[row]]
            kinds.append(np.full(len(hit), number))
            stations.append(hit)
            times.append(np.full(len(hit), time[row]))
            keys.append(tables.kind_key[number] ^ tables.station_key[hit])
            ordinals.append(np.full(len(hit), draws.ordinal[row], dtype=np.uint64))
    if not kinds:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0), Draws(seed, replication, none.astype(np.uint64), none.astype(np.uint64))
    draws = Draws(seed, replication, np.concatenate(keys), np.concatenate(ordinals))
    return np.concatenate(kinds), np.concatenate(stations), np.concatenate(times), draws


def draw_incidents(scenario: Scenario, day_type: str, seed: int, replication: int) -> tuple[Reports, Incidents]:
    """All reports of a day and, of those that need somebody, every mark the rules may ask for.

    Args:
        scenario: what is known.
        day_type: one of ``DAY_TYPES``.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> reports, incidents = draw_incidents(read_scenario("scenarios/kabupaten-semarang"), "ordinary", 1, 0)
        >>> int(reports.dispatched.sum()) == len(incidents)
        True
    """
    tables = sampling_tables(scenario)
    number = DAY_TYPES.index(day_type)
    kind, station, time_u, draws = _scattered(scenario, tables, number, seed, replication)
    more = _clustered(scenario, tables, number, seed, replication)
    if len(more[0]):
        kind, station = np.concatenate([kind, more[0]]), np.concatenate([station, more[1]])
        time_u = np.concatenate([time_u, more[2]])
        draws = Draws(
            seed,
            replication,
            np.concatenate([draws.key, more[3].key]),
            np.concatenate([draws.ordinal, more[3].ordinal]),
        )
    onset = np.zeros(len(kind))
    for code, model in enumerate(scenario.settings.incidents.values()):
        rows = kind == code
        if rows.any():
            onset[rows] = window_quantile(time_u[rows], model.windows)
    order = np.lexsort((draws.ordinal, station, kind, onset))
    kind, station, onset, draws = kind[order], station[order], onset[order], draws.take(order)
    dispatched = draws.of("dispatch") < tables.dispatch_share[kind]
    reports = Reports(kind, station, onset, dispatched)
    return reports, marked(scenario, kind[dispatched], station[dispatched], onset[dispatched], draws.take(dispatched))


def marked(scenario: Scenario, kind: Integers, station: Integers, onset: Floats, draws: Draws) -> Incidents:
    """Every mark of the incidents given, as quantiles of their stored uniforms."""
    tables = sampling_tables(scenario)
    n, calls = len(kind), scenario.settings.calls
    level, rise, scene = _levels(scenario, kind, draws)
    signal = draws.of("signal") < calls.no_signal_share.mode
    call = np.where(
        signal, calls.no_signal_call_min.quantile(draws.of("call")), calls.call_min.quantile(draws.of("call"))
    )
    friction = scenario.settings.travel.friction
    u_noise = draws.table("noise", NOISE_SLOTS)
    none = np.zeros(n, dtype=np.int64)
    return Incidents(
        kind=kind,
        station=station,
        level=level,
        onset_min=onset,
        report_delay_min=calls.detection_min.quantile(draws.of("detection")) + call,
        rise_min=rise,
        scene_min=scene,
        where=draws.of("where"),
        delay_min=_by_row(draws.table("delay", len(tables.rows)), [step.delay_min for step in tables.rows]),
        turnout_min=_by_row(draws.table("turnout", len(tables.rows)), list(tables.row_turnout)),
        noise=triangular(u_noise, friction.low, friction.mode, friction.high) / friction.mode,
        parent=none - 1,
        child_first=none,
        child_end=none,
        spread_delay_min=np.zeros(n),
        contain_within_min=np.zeros(n),
        hits=none,
        village=np.arange(n),
    )


def _by_row(u: Floats, parameters: list[Parameter | None]) -> Floats:
    columns = [
        parameter.quantile(u[:, row]) if parameter is not None else np.zeros(len(u))
        for row, parameter in enumerate(parameters)
    ]
    return np.column_stack(columns) if columns else np.zeros((len(u), 0))


def _levels(scenario: Scenario, kind: Integers, draws: Draws) -> tuple[Integers, Floats, Floats]:
    """First level, minutes at which each level is left, minutes on scene at each level."""
    n = len(kind)
    level = np.zeros(n, dtype=np.int64)
    rise, scene = np.full((n, len(LEVELS)), np.inf), np.zeros((n, len(LEVELS)))
    u_level, u_rise, u_scene = draws.of("level"), draws.table("rise", len(LEVELS)), draws.table("scene", len(LEVELS))
    last = last_level(scenario)
    for code, model in enumerate(scenario.settings.incidents.values()):
        rows = np.flatnonzero(kind == code)
        if not len(rows):
            continue
        level[rows] = LEVELS.index(model.starts)
        if model.starts_yellow_share is not None:
            level[rows[u_level[rows] < model.starts_yellow_share.mode]] = LEVELS.index("yellow")
        scene[rows] = model.on_scene_min.quantile(u_scene[rows])
        if model.rises_after_min is None:
            continue
        waited = np.zeros(len(rows))
        for step in range(int(last[code])):
            here = level[rows] <= step
            waited += np.where(here, model.rises_after_min.quantile(u_rise[rows, step]), 0.0)
            rise[rows[here], step] = waited[here]
    return level, rise, scene
