"""Declared result tables and their Parquet files; a column is never re-used for something else."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import CLOCK, Replications, events_file
from simsec.analysis.stations import StationMinutes
from simsec.base.files import write_with
from simsec.plan.plan import Plan
from simsec.results.measured import BREAKDOWN
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CAPABILITIES, DAY_TYPES, LEVELS
from simsec.simulation.decisions import DECISIONS, NONE
from simsec.simulation.trace import KINDS, Events, read_events
from simsec.simulation.world import roster_of

DAYS_TOGETHER = 50  # days of events held in memory at once
KPU = (
    pa.field("asked_min", pa.float64(), metadata={"meaning": "when a closed station's crew asked KPU; null: never"}),
    pa.field("decided_min", pa.float64(), metadata={"meaning": "when KPU decided; null: nothing was left to decide"}),
    pa.field("decision", pa.string(), metadata={"meaning": f"of KPU: {', '.join(DECISIONS[1:])}; null: not asked"}),
)
DAYS = pa.schema(
    [
        pa.field("plan", pa.string(), metadata={"meaning": "name of the plan"}),
        pa.field(
            "day", pa.int32(), metadata={"meaning": "row of the day; the same number is the same day in every plan"}
        ),
        pa.field("day_type", pa.string(), metadata={"meaning": "ordinary, heavy_rain, rumour or severe"}),
        pa.field("seed", pa.int64(), metadata={"meaning": "seed of the day"}),
        pa.field("replication", pa.int64(), metadata={"meaning": "number of the day under its seed"}),
        *[
            pa.field(f"{name}_{family}", kind, metadata={"meaning": f"{meaning}, responder family {family}"})
            for family in FAMILIES
            for name, kind, meaning in (
                ("weighted_min", pa.float64(), "severity-weighted minutes to first help, summed"),
                ("incidents", pa.int32(), "incidents that needed somebody"),
                ("unanswered", pa.int32(), "of these, nobody came"),
                ("within_target", pa.int32(), "of these, first help within the target of the kind"),
            )
        ],
        pa.field("stations_hit", pa.int32(), metadata={"meaning": "stations hit by a spreading crowd"}),
        pa.field("limit_reached", pa.int32(), metadata={"meaning": "how often the limit of spreading was reached"}),
        pa.field("reserve_busy_peak", pa.int32(), metadata={"meaning": "most squads of the reserve out at once"}),
        pa.field(
            "reserve_exhausted_min",
            pa.float64(),
            metadata={"meaning": "minutes in which no squad of the reserve was free; nan: there is none"},
        ),
        pa.field("voter_hours_lost", pa.float64(), metadata={"meaning": "waiting beyond the undisturbed queue, hours"}),
        pa.field("voters_not_served", pa.float64(), metadata={"meaning": "voters turned away through closures"}),
        pa.field("closed_station_min", pa.float64(), metadata={"meaning": "voting minutes of stations closed, summed"}),
        *[
            pa.field(name, pa.int32(), metadata={"meaning": f"stations {meaning}"})
            for name, meaning in (
                ("stations_opened_late", "that an incident kept from opening as planned"),
                ("stations_proposed", "that KPU was asked about, by way of KPPS and PPK"),
                ("stations_relocated", "that opened at another place by KPU's decision"),
                ("stations_continued", "whose vote or count goes on another day by KPU's decision"),
                ("stations_postponed", "that open on another day by KPU's decision"),
            )
        ],
        pa.field("wait_mean_min", pa.float64(), metadata={"meaning": "mean wait of all voters; null: not asked for"}),
        pa.field("wait_p90_min", pa.float64(), metadata={"meaning": "90th percentile, by the mean of their station"}),
    ]
)
INCIDENTS = pa.schema(
    [
        pa.field("plan", pa.string(), metadata={"meaning": "name of the plan"}),
        pa.field("day", pa.int32(), metadata={"meaning": "row of the day in the table of days"}),
        pa.field("kind", pa.string(), metadata={"meaning": "code of the kind"}),
        pa.field("subdistrict", pa.string(), metadata={"meaning": "code of the sub-district"}),
        pa.field("station", pa.string(), metadata={"meaning": "code of the station"}),
        pa.field("primary", pa.bool_(), metadata={"meaning": "false: another incident spread to it"}),
        pa.field("first_level", pa.string(), metadata={"meaning": "green, yellow or red at onset"}),
        pa.field("onset_min", pa.float64(), metadata={"meaning": "minutes after midnight of polling day"}),
        *[
            pa.field(f"{name}_min", pa.float64(), metadata={"meaning": f"{meaning}; null: never"})
            for name, meaning in (
                ("alert", "when Linmas and crew on the spot knew, which is no help"),
                ("reported", "when somebody outside the station knew"),
                ("dispatched", "when the first unit was ordered"),
                ("first", "when first help came"),
                ("full", "when so many had come as were needed, not necessarily together"),
                ("care", "when the first medic or ambulance came"),
                ("cleared", "when the last unit left and nothing was missing"),
                ("reopened", "when a station the incident had closed opened again"),
            )
        ],
        pa.field(
            "response_min", pa.float64(), metadata={"meaning": "onset to first help from outside; null: nobody came"}
        ),
        *KPU,
    ]
)
STATIONS = pa.schema(
    [
        pa.field("plan", pa.string(), metadata={"meaning": "name of the plan"}),
        pa.field("station", pa.string(), metadata={"meaning": "code of the station"}),
        pa.field(
            "first_help_mean_min", pa.float64(), metadata={"meaning": "probes: mean to first help; null: nobody free"}
        ),
        pa.field(
            "first_help_p90_min", pa.float64(), metadata={"meaning": "probes: 90th percentile; null: nobody free"}
        ),
        pa.field("nobody_free_share", pa.float64(), metadata={"meaning": "probes: share in which nobody was free"}),
        pa.field(
            "closed_mean_min", pa.float64(), metadata={"meaning": "voting minutes closed by incidents, mean of a day"}
        ),
        *[
            pa.field(f"{name}_share", pa.float64(), metadata={"meaning": f"share of days on which {meaning}"})
            for name, meaning in (
                ("opened_late", "an incident kept it from opening as planned"),
                ("relocated", "it opened at another place by KPU's decision"),
                ("continued", "its vote or count went on another day by KPU's decision"),
                ("postponed", "it was put off to another day by KPU's decision"),
            )
        ],
    ]
)
UNITS = pa.schema(
    [
        pa.field("plan", pa.string(), metadata={"meaning": "name of the plan"}),
        pa.field("day_type", pa.string(), metadata={"meaning": "type of the days that are added up in this row"}),
        pa.field("unit", pa.int32(), metadata={"meaning": "number of the unit under the plan, as in the events"}),
        pa.field("kind", pa.string(), metadata={"meaning": "code of the unit kind"}),
        pa.field(
            "home",
            pa.string(),
            metadata={"meaning": "where it waits: code of a post or village; a pair's first station"},
        ),
        pa.field(
            "subdistrict", pa.string(), metadata={"meaning": "code of the sub-district it waits in; null: outside"}
        ),
        pa.field("block", pa.int32(), metadata={"meaning": "block it guards, as in blocks.csv; null: none"}),
        pa.field("days", pa.int32(), metadata={"meaning": "days of the type played"}),
        pa.field("missions", pa.int64(), metadata={"meaning": "how often it was ordered out, over these days"}),
        pa.field(
            "busy_min", pa.float64(), metadata={"meaning": "minutes from order to clear or diversion, over these days"}
        ),
        pa.field("busy_share", pa.float64(), metadata={"meaning": "of these days' hours on duty"}),
        pa.field(
            "away_min",
            pa.float64(),
            metadata={"meaning": "minutes off duty: other duties, rest, release to vote; over these days"},
        ),
    ]
)
EVENTS = pa.schema(
    [
        pa.field("plan", pa.string(), metadata={"meaning": "name of the plan"}),
        pa.field("day", pa.int32(), metadata={"meaning": "row of the day in the table of days"}),
        pa.field("time_min", pa.float64(), metadata={"meaning": "minutes after midnight of polling day"}),
        pa.field("kind", pa.string(), metadata={"meaning": "what happened: " + ", ".join(KINDS)}),
        pa.field(
            "incident",
            pa.int32(),
            metadata={"meaning": "number of the incident in its day; null: leave and back are of none"},
        ),
        pa.field("unit", pa.int32(), metadata={"meaning": "number of the unit under the plan; null: of no unit"}),
        pa.field("place", pa.string(), metadata={"meaning": "code of the incident's station"}),
        pa.field(
            "from",
            pa.string(),
            metadata={
                "meaning": "order, arrive, clear: village, post or place of a main road nearest to where it starts"
            },
        ),
        pa.field("to", pa.string(), metadata={"meaning": "order, arrive, clear: post or village it heads for"}),
        pa.field("capability", pa.string(), metadata={"meaning": "as what the unit serves"}),
        pa.field("level", pa.string(), metadata={"meaning": "of the incident after the event: green, yellow or red"}),
        pa.field("step", pa.string(), metadata={"meaning": "request, pass_on, wait: ladder and step, counted from 1"}),
        pa.field("leaves_min", pa.float64(), metadata={"meaning": "order, clear: when the unit moves off"}),
        pa.field(
            "slow_factor",
            pa.float64(),
            metadata={"meaning": "order, clear: on the travel table's minutes: rain, night, an order's noise"},
        ),
    ]
)
REPLAY = pa.schema(
    [
        pa.field("row", pa.int64(), metadata={"meaning": "row of the log, counted from 1 below its header"}),
        pa.field("incident", pa.string(), metadata={"meaning": "as the log names it; null: it names none"}),
        pa.field("place", pa.string(), metadata={"meaning": "code of the station or village"}),
        pa.field("kind", pa.string(), metadata={"meaning": "code of the kind"}),
        pa.field("first_level", pa.string(), metadata={"meaning": "green, yellow or red at onset"}),
        pa.field("last_level", pa.string(), metadata={"meaning": "at the end; null: no crowd came, it never happened"}),
        *[
            pa.field(f"{name}_min", pa.float64(), metadata={"meaning": meaning})
            for name, meaning in (
                ("onset", "minutes after midnight of polling day; null: no crowd came"),
                ("reported", "when somebody outside knew; null: never, as in the times below"),
                ("dispatched", "when the first unit was ordered"),
                ("waiting", "from report to first order"),
                ("first", "when first help came"),
                ("response", "onset to first help"),
                ("full", "when so many had come as were needed, not necessarily together"),
                ("care", "when the first medic or ambulance came"),
                ("cleared", "when the last unit was free and nothing was missing, hand-over included"),
                ("busy", "unit minutes from order to free, of those that worked there"),
                ("routed", "way of the first unit without friction and noise; rain and night included"),
            )
        ],
        pa.field("units_sent", pa.int32(), metadata={"meaning": "how many were ordered there"}),
        pa.field("first_unit", pa.int32(), metadata={"meaning": "number of the unit that came first; null: nobody"}),
        pa.field("first_kind", pa.string(), metadata={"meaning": "kind of that unit"}),
        pa.field("first_home", pa.string(), metadata={"meaning": "where it waits, as in the table of units"}),
        pa.field("recorded_unit", pa.string(), metadata={"meaning": "from the log; null: not recorded, as below"}),
        pa.field("recorded_kind", pa.string(), metadata={"meaning": "kind of unit that came"}),
        pa.field("recorded_from", pa.string(), metadata={"meaning": "code of the post or village it set out from"}),
        *[
            pa.field(f"{name}_min", pa.float64(), metadata={"meaning": meaning})
            for name, meaning in (
                ("recorded_dispatch", "minutes after midnight of polling day"),
                ("recorded_arrival", "minutes after midnight of polling day"),
                ("recorded_response", "onset to arrival"),
                ("recorded_routed", "way from `recorded_from`, as `routed_min`"),
                ("residual", "recorded less simulated response"),
            )
        ],
        pa.field("reopened_min", pa.float64(), metadata={"meaning": "when a station it closed was open again"}),
        *KPU,
    ]
)
TABLES = {
    **{"days": DAYS, "incidents": INCIDENTS, "units": UNITS, "stations": STATIONS, "events": EVENTS},
    "replay": REPLAY,
    "breakdown": BREAKDOWN,
}


def days_table(runs: Replications) -> pa.Table:
    """One row a day of a plan."""
    n, access = len(runs), runs.access
    columns: dict[str, object] = {
        "plan": [runs.plan_name] * n,
        "day": np.arange(n),
        "day_type": [key.day_type for key in runs.keys],
        "seed": [key.seed for key in runs.keys],
        "replication": [key.replication for key in runs.keys],
        "stations_hit": runs.stations_hit,
        "limit_reached": runs.limit_reached,
        "reserve_busy_peak": runs.reserve_busy.max(axis=1),
        "reserve_exhausted_min": runs.reserve_exhausted_min,
        "voter_hours_lost": runs.voter_hours_lost,
        "voters_not_served": runs.voters_not_served,
        "closed_station_min": access.closed_min,
        "stations_opened_late": access.opened_late,
        "stations_proposed": access.proposed,
        "stations_relocated": access.relocated,
        "stations_continued": access.continued,
        "stations_postponed": access.postponed,
        "wait_mean_min": [_told(value) for value in access.wait_mean_min.tolist()],
        "wait_p90_min": [_told(value) for value in access.wait_p90_min.tolist()],
    }
    for number, family in enumerate(FAMILIES):
        columns[f"weighted_min_{family}"] = runs.weighted[:, number]
        columns[f"incidents_{family}"] = runs.count[:, number]
        columns[f"unanswered_{family}"] = runs.unanswered[:, number]
        columns[f"within_target_{family}"] = runs.within_target[:, number]
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in DAYS}, schema=DAYS)


def _told(value: float) -> float | None:
    return value if value == value else None


def incidents_table(scenario: Scenario, runs: Replications) -> pa.Table:
    """One row an incident of a plan's days."""
    kinds = np.array(list(scenario.settings.incidents))
    sectors = np.array(scenario.villages.subdistrict_codes)
    stations = np.array(scenario.stations.code)
    response, clock = runs.incident_response_min, runs.incident_clock_min
    asked, decided, decision = runs.incident_asked_min, runs.incident_decided_min, runs.incident_decision
    columns = {
        "plan": [runs.plan_name] * len(response),
        "day": runs.incident_day,
        "kind": kinds[runs.incident_kind],
        "subdistrict": sectors[scenario.stations.subdistrict[runs.incident_station]],
        "station": stations[runs.incident_station],
        "primary": runs.incident_primary,
        "first_level": np.array(LEVELS)[runs.incident_level],
        "onset_min": runs.incident_onset_min,
        **{
            f"{name}_min": pa.array(clock[:, n], pa.float64(), mask=np.isnan(clock[:, n]))
            for n, name in enumerate(CLOCK)
        },
        "response_min": pa.array(response, pa.float64(), mask=~np.isfinite(response)),
        "asked_min": pa.array(asked, pa.float64(), mask=np.isnan(asked)),
        "decided_min": pa.array(decided, pa.float64(), mask=np.isnan(decided)),
        "decision": pa.array(np.array(DECISIONS)[decision], pa.string(), mask=decision == NONE),
    }
    arrays = {
        field.name: column if isinstance(column := columns[field.name], pa.Array) else pa.array(column, field.type)
        for field in INCIDENTS
    }
    return pa.table(arrays, schema=INCIDENTS)


def stations_table(scenario: Scenario, runs: Replications, minutes: StationMinutes) -> pa.Table:
    """One row a station under a plan: minutes from the probes, and how often it was closed, at natural rates."""
    columns = {
        "plan": pa.array([runs.plan_name] * len(scenario.stations)),
        "station": pa.array(list(scenario.stations.code)),
        "first_help_mean_min": pa.array(minutes.mean_min, pa.float64(), mask=~np.isfinite(minutes.mean_min)),
        "first_help_p90_min": pa.array(minutes.p90_min, pa.float64(), mask=~np.isfinite(minutes.p90_min)),
        "nobody_free_share": pa.array(minutes.nobody_share),
        **{name: pa.array(values) for name, values in runs.access.by_station(scenario, runs.stratum).items()},
    }
    return pa.table(columns, schema=STATIONS)


def units_table(scenario: Scenario, plan: Plan, runs: Replications) -> pa.Table:
    """One row a unit of a plan and a type of day; the days of a type are added up, for a row a day would be millions.

    Raises:
        ValueError: the run kept no missions.
    """
    roster = roster_of(scenario, plan)
    if runs.missions.shape != (len(runs), len(roster.kind)):
        raise ValueError("the run holds no missions of units")
    kinds = np.array([unit.kind for unit in scenario.settings.units])
    sectors = np.array([*scenario.villages.subdistrict_codes, None], dtype=object)
    on_duty = np.array([end - start for start, end in scenario.duty_min])[roster.kind]
    parts = []
    for number in np.unique(runs.stratum).tolist():
        inside = runs.stratum == number
        days, busy = int(inside.sum()), runs.busy_min[inside].sum(axis=0)
        columns: dict[str, object] = {
            "plan": [runs.plan_name] * len(busy),
            "day_type": [DAY_TYPES[number]] * len(busy),
            "unit": np.arange(len(busy)),
            "kind": kinds[roster.kind],
            "home": list(roster.site),
            "subdistrict": sectors[roster.subdistrict],
            "block": [block + 1 if block >= 0 else None for block in roster.block.tolist()],
            "days": [days] * len(busy),
            "missions": runs.missions[inside].sum(axis=0, dtype=np.int64),
            "busy_min": busy,
            "busy_share": busy / (days * on_duty),
            "away_min": runs.away_min[inside].sum(axis=0),
        }
        parts.append(pa.table({field.name: pa.array(columns[field.name], field.type) for field in UNITS}, UNITS))
    return pa.concat_tables(parts)


def events_table(scenario: Scenario, plan_name: str, day: int, events: Events) -> pa.Table:
    """One row a thing that happened on a day."""
    places = (scenario.villages.code, scenario.posts.code, scenario.main_roads.place)  # as the ground numbers them
    nodes = np.array([*chain(*places), None], dtype=object)
    steps = [f"{ladder.name} {n}" for ladder in scenario.settings.ladders for n in range(1, len(ladder.steps) + 1)]
    columns: dict[str, object] = {
        "plan": [plan_name] * len(events),
        "day": [day] * len(events),
        "time_min": events.time_min,
        "kind": np.array(KINDS)[events.kind],
        "incident": pa.array(events.incident, pa.int32(), mask=events.incident < 0),
        "unit": pa.array(events.unit, pa.int32(), mask=events.unit < 0),
        "place": np.array([*scenario.stations.code, None], dtype=object)[events.place],
        "from": nodes[events.start],
        "to": nodes[events.end],
        "capability": np.array([*CAPABILITIES, None], dtype=object)[events.capability],
        "level": np.array([*LEVELS, None], dtype=object)[events.level],
        "step": np.array([*steps, None], dtype=object)[events.step],
        "leaves_min": pa.array(events.leaves_min, pa.float64(), mask=np.isnan(events.leaves_min)),
        "slow_factor": pa.array(events.slow, pa.float64(), mask=np.isnan(events.slow)),
    }
    arrays = {
        field.name: column if isinstance(column := columns[field.name], pa.Array) else pa.array(column, field.type)
        for field in EVENTS
    }
    return pa.table(arrays, schema=EVENTS)


def write_events_table(
    path: Path, scenario: Scenario, plan: Plan, runs: Replications, parts: Path, made_by: Mapping[str, str]
) -> None:
    """Join the events of many days into one Parquet file, in the order of the days; a few days at a time in memory.

    Args:
        path: the file.
        scenario: knows the codes.
        plan: whose days they are.
        runs: the days.
        parts: the folder that :func:`simsec.analysis.replications.replicate_plans` was given as ``trace``.
        made_by: what made them, kept in the file.

    Raises:
        RunError: the file cannot be written.
    """

    def write(temporary: Path) -> None:
        metadata = {key.encode(): value.encode() for key, value in made_by.items()}
        with pq.ParquetWriter(temporary, EVENTS.with_metadata(metadata), compression="zstd") as writer:
            for first in range(0, len(runs), DAYS_TOGETHER):
                group = [
                    events_table(scenario, runs.plan_name, first + number, read_events(events_file(parts, plan, key)))
                    for number, key in enumerate(runs.keys[first : first + DAYS_TOGETHER])
                ]
                writer.write_table(pa.concat_tables(group).replace_schema_metadata(metadata))

    write_with(path, write, private=True)


def write_table(path: Path, tables: list[pa.Table], made_by: Mapping[str, str]) -> None:
    """Write tables of one schema as one Parquet file, whole or not at all, readable by the owner only.

    Args:
        path: the file.
        tables: of one schema, one after the other.
        made_by: what made them, kept in the file: how to cite, hashes, versions.

    Raises:
        RunError: the file cannot be written.
    """
    joined = pa.concat_tables(tables)
    joined = joined.replace_schema_metadata({key.encode(): value.encode() for key, value in made_by.items()})
    write_with(path, lambda temporary: pq.write_table(joined, temporary, compression="zstd"), private=True)
