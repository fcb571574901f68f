"""Incidents of a day: candidates at a declared ceiling rate, each kept if its mark lies below rate / ceiling.

Thinning of a Poisson process (Lewis & Shedler 1979). Raising a rate adds incidents and moves none, because every mark
of a candidate is a function of its own key (kind, station, ordinal) alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simsec.day.clusters import Strikes, Struck, struck_stations
from simsec.day.day import Floats, Incidents, Integers, Reports
from simsec.day.fatigue import fallen_ill
from simsec.day.keyed import Draws, candidates
from simsec.day.rates import draw_reports
from simsec.day.rumours import clarified_min, still_called
from simsec.day.stages import DayStages, stages
from simsec.day.streams import stream, uniforms
from simsec.day.tables import SamplingTables, last_level, sampling_tables, window_quantile
from simsec.day.trips import stages_of
from simsec.day.weather import slowdown
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS

KPU_COLUMNS = ("kpu_asks_min", "kpu_committee_min", "kpu_decides_min", "kpu_relocation_min", "kpu_place")
NOISE_SLOTS = 8  # a red crowd takes up to three squads a time; later units reuse the slots in order


def _scattered(
    scenario: Scenario, tables: SamplingTables, day_type: int, seed: int, replication: int
) -> tuple[Integers, Integers, Floats, Draws]:
    """Incidents that strike stations one by one: kind, station, uniform of the time, draws."""
    figures, models = scenario.settings.stages, scenario.settings.incidents.items()
    apart = (figures.escort_kind, figures.crew_kind) if figures else ()
    numbers = [number for number, (code, kind) in enumerate(models) if kind.clustered == "no" and code not in apart]
    scattered = np.array(numbers, dtype=np.int64)
    kind, station, draws = candidates(
        seed, replication, tables.station_key, tables.kind_key[scattered], tables.ceiling[scattered]
    )
    kind = scattered[kind]
    kept = draws.of("exists") < tables.rate[day_type, kind] / tables.ceiling[kind]
    draws = draws.take(kept)
    return kind[kept], station[kept], draws.of("time"), draws


def _at_stations(
    scenario: Scenario,
    tables: SamplingTables,
    day_type: str,
    seed: int,
    replication: int,
    strikes: Strikes,
    day: DayStages | None,
) -> tuple[Integers, Integers, Floats, Draws]:
    """Incidents of polling stations: kind, station, onset, draws; one by one, then clusters, then those of stages."""
    kind, station, time_u, draws = _scattered(scenario, tables, DAY_TYPES.index(day_type), seed, replication)
    onset = np.zeros(len(kind))
    for code, model in enumerate(scenario.settings.incidents.values()):
        rows = kind == code
        if rows.any():
            onset[rows] = window_quantile(time_u[rows], model.windows)
    called = still_called(scenario, kind, onset, draws, clarified_min(scenario, day_type, seed, replication))
    if not called.all():
        kind, station, onset, draws = kind[called], station[called], onset[called], draws.take(called)
    models = tuple(scenario.settings.incidents.values())
    groups = [struck_stations(tables, number, models[number], *where) for number, where in strikes.items()]
    if day is not None:
        groups += _of_stages(scenario, tables, day_type, seed, replication, day)
    for struck in groups:
        kind, station, onset = (np.concatenate(pair) for pair in zip((kind, station, onset), struck[:3], strict=True))
        draws = draws.and_those(struck[3])
    return kind, station, onset, draws


def _of_stages(
    scenario: Scenario, tables: SamplingTables, day_type: str, seed: int, replication: int, day: DayStages
) -> list[Struck]:
    """Illnesses of crews on duty, and accidents of trips inside the clock."""
    figures, every = stages_of(scenario), np.arange(len(scenario.stations))
    place, onset, draws = fallen_ill(scenario, day_type, seed, replication, every, day.crew_leaves_min)
    trips = day.trips
    met = np.flatnonzero(trips.accident_min < scenario.horizon_min[1])
    accidents = np.full(len(met), tables.kind(figures.escort_kind))
    return [
        (np.full(len(place), tables.kind(figures.crew_kind)), place, onset, draws),
        (accidents, trips.station[met], trips.accident_min[met], trips.draws.take(met)),
    ]


def stages_on(
    scenario: Scenario, seed: int, replication: int, rain_mm: Floats, slow: Floats | None = None
) -> DayStages | None:
    """The stages of a day of a scenario that has some; ``slow`` where it is known already."""
    if scenario.settings.stages is None:
        return None
    slow = slowdown(scenario, rain_mm) if slow is None else slow
    return stages(scenario, seed, replication, rain_mm, slow)


def draw_incidents(
    scenario: Scenario,
    day_type: str,
    seed: int,
    replication: int,
    strikes: Strikes,
    day: DayStages | None = None,
) -> tuple[Reports, Incidents]:
    """All reports of a day and, of those that need somebody, every mark the rules may ask for.

    Args:
        scenario: what is known.
        day_type: one of ``DAY_TYPES``.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.
        strikes: of the day, from :func:`simsec.day.clusters.strikes_of`.
        day: its stages, from :func:`stages_on`; without them no trip has an accident and no crew falls ill of its duty.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> reports, incidents = draw_incidents(scenario, "ordinary", 1, 0, strikes={})
        >>> int(reports.dispatched.sum()) == len(incidents)
        True
    """
    tables = sampling_tables(scenario)
    if scenario.general is not None:
        kind, station, onset, draws = draw_reports(scenario, seed, replication)
    else:
        kind, station, onset, draws = _at_stations(scenario, tables, day_type, seed, replication, strikes, day)
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
    detection = calls.detection_min.quantile(draws.of("detection"))
    silent = without_signal(scenario, station, draws.seed, draws.replication)
    call = np.where(
        silent, calls.no_signal_call_min.quantile(draws.of("call")), calls.call_min.quantile(draws.of("call"))
    )
    friction, pillars = scenario.settings.travel.friction, scenario.settings.three_pillars
    first_line = pillars.first_line_min.quantile(draws.of("pillars")) if pillars else np.full(n, np.inf)
    u_noise = draws.table("noise", NOISE_SLOTS)
    none = np.zeros(n, dtype=np.int64)
    return Incidents(
        kind=kind,
        station=station,
        level=level,
        onset_min=onset,
        alert_delay_min=detection,
        first_line_delay_min=first_line,
        report_delay_min=detection + call,
        rise_min=rise,
        scene_min=scene,
        where=draws.of("where"),
        delay_min=tables.delays.quantile(draws.named("delay", tables.row_mark)),
        turnout_min=tables.turnouts.quantile(draws.named("turnout", tables.row_mark)),
        noise=friction.quantile(u_noise) / friction.mode,
        kpu=_kpu_marks(scenario, kind, draws),
        parent=none - 1,
        child_first=none,
        child_end=none,
        spread_delay_min=np.zeros(n),
        contain_within_min=np.zeros(n),
        hits=none,
        village=np.arange(n),
        access_min=np.zeros(n),
    )


def without_signal(scenario: Scenario, station: Integers, seed: int, replication: int) -> NDArray[np.bool_]:
    """Whether a station has no signal that day, so that a messenger goes; known, or drawn once for the station.

    Args:
        scenario: what is known.
        station: numbers of stations, shape (n,).
        seed: of the day.
        replication: of the day.
    """
    u = uniforms(stream(seed, replication, "signal"), sampling_tables(scenario).station_key[station], 0)
    known = scenario.stations.signal[station]
    return np.asarray(np.where(known < 0, u < scenario.settings.calls.no_signal_share.mode, known == 0), dtype=np.bool_)


def _kpu_marks(scenario: Scenario, kind: Integers, draws: Draws) -> Floats:
    """What asking KPU would take, for the kinds that close their station; shape (n, 5)."""
    marks, kpu = np.zeros((len(kind), len(KPU_COLUMNS))), scenario.settings.kpu
    rows = np.flatnonzero(sampling_tables(scenario).closes[kind])
    if kpu is None or not len(rows):
        return marks
    u = draws.take(rows).table("kpu", len(KPU_COLUMNS))
    minutes = (kpu.asks_after_min, kpu.committee_min, kpu.decides_min, kpu.relocation_min)
    marks[rows] = np.column_stack([*(figure.quantile(u[:, n]) for n, figure in enumerate(minutes)), u[:, -1]])
    for code, model in enumerate(scenario.settings.incidents.values()):
        if model.kpu_asks_after_min is not None:
            late = kind[rows] == code
            marks[rows[late], 0] = model.kpu_asks_after_min.quantile(u[late, 0])
    return marks


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
