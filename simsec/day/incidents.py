"""Incidents of a day: candidates at a declared ceiling rate, each kept if its mark lies below rate / ceiling.

Thinning of a Poisson process (Lewis & Shedler 1979). Raising a rate adds incidents and moves none, because every mark
of a candidate is a function of its own key (kind, station, ordinal) alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simsec.day.clusters import struck_stations
from simsec.day.day import Floats, Incidents, Integers, Reports
from simsec.day.keyed import Draws, candidates
from simsec.day.rates import draw_reports
from simsec.day.streams import stream, uniforms
from simsec.day.tables import SamplingTables, last_level, sampling_tables, window_quantile
from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS

NOISE_SLOTS = 8  # a red crowd takes up to three squads a time; later units reuse the slots in order


def _scattered(
    scenario: Scenario, tables: SamplingTables, day_type: int, seed: int, replication: int
) -> tuple[Integers, Integers, Floats, Draws]:
    """Incidents that strike stations one by one: kind, station, uniform of the time, draws."""
    models = list(scenario.settings.incidents.values())
    scattered = np.array([number for number, kind in enumerate(models) if kind.clustered == "no"])
    kind, station, draws = candidates(
        seed, replication, tables.station_key, tables.kind_key[scattered], tables.ceiling[scattered]
    )
    kind = scattered[kind]
    kept = draws.of("exists") < tables.rate[day_type, kind] / tables.ceiling[kind]
    draws = draws.take(kept)
    return kind[kept], station[kept], draws.of("time"), draws


def _at_stations(
    scenario: Scenario, tables: SamplingTables, day_type: str, seed: int, replication: int, rain_mm: Floats
) -> tuple[Integers, Integers, Floats, Draws]:
    """Incidents of polling stations: kind, station, onset, draws; those that strike one by one, then clusters."""
    kind, station, time_u, draws = _scattered(scenario, tables, DAY_TYPES.index(day_type), seed, replication)
    onset = np.zeros(len(kind))
    for code, model in enumerate(scenario.settings.incidents.values()):
        rows = kind == code
        if rows.any():
            onset[rows] = window_quantile(time_u[rows], model.windows)
    for struck in struck_stations(scenario, tables, day_type, seed, replication, rain_mm):
        kind, station, onset = (np.concatenate(pair) for pair in zip((kind, station, onset), struck[:3], strict=True))
        draws = draws.and_those(struck[3])
    return kind, station, onset, draws


def draw_incidents(
    scenario: Scenario, day_type: str, seed: int, replication: int, rain_mm: Floats
) -> tuple[Reports, Incidents]:
    """All reports of a day and, of those that need somebody, every mark the rules may ask for.

    Args:
        scenario: what is known.
        day_type: one of ``DAY_TYPES``.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.
        rain_mm: the rain of the day, shape (hours, zones).

    Example:
        >>> from simsec.day.weather import draw_rain
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> rain = draw_rain(scenario, "ordinary", 1, 0)
        >>> reports, incidents = draw_incidents(scenario, "ordinary", 1, 0, rain)
        >>> int(reports.dispatched.sum()) == len(incidents)
        True
    """
    tables = sampling_tables(scenario)
    if scenario.general is not None:
        kind, station, onset, draws = draw_reports(scenario, seed, replication)
    else:
        kind, station, onset, draws = _at_stations(scenario, tables, day_type, seed, replication, rain_mm)
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
        delay_min=_by_row(draws.table("delay", len(tables.rows)), [step.delay_min for step in tables.rows]),
        turnout_min=_by_row(draws.table("turnout", len(tables.rows)), list(tables.row_turnout)),
        noise=friction.quantile(u_noise) / friction.mode,
        parent=none - 1,
        child_first=none,
        child_end=none,
        spread_delay_min=np.zeros(n),
        contain_within_min=np.zeros(n),
        hits=none,
        village=np.arange(n),
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
