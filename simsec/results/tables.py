"""Declared result tables and their Parquet files; a column is never re-used for something else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import CLOCK, Replications
from simsec.analysis.stations import StationMinutes
from simsec.base.files import write_with
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import LEVELS

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
        pa.field("voter_hours_lost", pa.float64(), metadata={"meaning": "waiting beyond the undisturbed queue, hours"}),
        pa.field("voters_not_served", pa.float64(), metadata={"meaning": "voters turned away through closures"}),
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
                ("reported", "when somebody outside the station knew"),
                ("dispatched", "when the first unit was ordered"),
                ("first", "when first help came"),
                ("full", "when every need had been met"),
                ("care", "when the first medic or ambulance came"),
                ("cleared", "when the last unit left and nothing was missing"),
                ("reopened", "when a station the incident had closed opened again"),
            )
        ],
        pa.field(
            "response_min", pa.float64(), metadata={"meaning": "onset to first help from outside; null: nobody came"}
        ),
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
    ]
)
TABLES = {"days": DAYS, "incidents": INCIDENTS, "stations": STATIONS}


def days_table(runs: Replications) -> pa.Table:
    """One row a day of a plan."""
    n = len(runs)
    columns: dict[str, object] = {
        "plan": [runs.plan_name] * n,
        "day": np.arange(n),
        "day_type": [key.day_type for key in runs.keys],
        "seed": [key.seed for key in runs.keys],
        "replication": [key.replication for key in runs.keys],
        "stations_hit": runs.stations_hit,
        "limit_reached": runs.limit_reached,
        "reserve_busy_peak": runs.reserve_busy.max(axis=1),
        "voter_hours_lost": runs.voter_hours_lost,
        "voters_not_served": runs.voters_not_served,
    }
    for number, family in enumerate(FAMILIES):
        columns[f"weighted_min_{family}"] = runs.weighted[:, number]
        columns[f"incidents_{family}"] = runs.count[:, number]
        columns[f"unanswered_{family}"] = runs.unanswered[:, number]
        columns[f"within_target_{family}"] = runs.within_target[:, number]
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in DAYS}, schema=DAYS)


def incidents_table(scenario: Scenario, runs: Replications) -> pa.Table:
    """One row an incident of a plan's days."""
    kinds = np.array(list(scenario.settings.incidents))
    sectors = np.array(scenario.villages.subdistrict_codes)
    stations = np.array(scenario.stations.code)
    response, clock = runs.incident_response_min, runs.incident_clock_min
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
    }
    arrays = {
        field.name: column if isinstance(column := columns[field.name], pa.Array) else pa.array(column, field.type)
        for field in INCIDENTS
    }
    return pa.table(arrays, schema=INCIDENTS)


def stations_table(scenario: Scenario, plan_name: str, minutes: StationMinutes) -> pa.Table:
    """One row a station under a plan, from the probes."""
    columns = {
        "plan": pa.array([plan_name] * len(scenario.stations)),
        "station": pa.array(list(scenario.stations.code)),
        "first_help_mean_min": pa.array(minutes.mean_min, pa.float64(), mask=~np.isfinite(minutes.mean_min)),
        "first_help_p90_min": pa.array(minutes.p90_min, pa.float64(), mask=~np.isfinite(minutes.p90_min)),
        "nobody_free_share": pa.array(minutes.nobody_share),
    }
    return pa.table(columns, schema=STATIONS)


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
