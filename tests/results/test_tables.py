"""Result tables keep the columns they declare, and nothing is lost on the way to the disk."""

import os
import stat
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import Replications, day_keys, replicate_plans
from simsec.analysis.stations import StationMinutes, station_minutes
from simsec.analysis.workers import open_workers
from simsec.base.errors import RunError
from simsec.results.tables import TABLES, days_table, incidents_table, stations_table, write_table
from tests.areas import tiny, tiny_plan


@cache
def run() -> Replications:
    with open_workers(1) as pool:
        keys = day_keys({"ordinary": 3, "severe": 3}, (1, 2))
        return replicate_plans(tiny(), [tiny_plan()], keys, pool, probes=True, voters=True)[0]


@cache
def tables() -> dict[str, pa.Table]:
    return {
        "days": days_table(run()),
        "incidents": incidents_table(tiny(), run()),
        "stations": stations_table(tiny(), "announced", station_minutes(tiny(), run())),
    }


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_is_what_its_schema_declares(name: str, tmp_path: Path) -> None:
    table, schema = tables()[name], TABLES[name]
    assert table.schema.equals(schema, check_metadata=True) and len(table) > 0
    write_table(tmp_path / f"{name}.parquet", [table, table], {"cite": "simsec"})
    again = pq.read_table(tmp_path / f"{name}.parquet")
    assert again.schema.equals(schema) and again.equals(pa.concat_tables([table, table]))
    assert again.schema.metadata == {b"cite": b"simsec"}
    assert again.schema.field(0).metadata == schema.field(0).metadata
    assert os.name == "nt" or stat.S_IMODE((tmp_path / f"{name}.parquet").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_says_what_it_means_and_minutes_say_so_in_their_name(name: str) -> None:
    for field in TABLES[name]:
        assert len(field.metadata[b"meaning"].decode()) > 8
        if field.type == pa.float64():
            assert "_min" in field.name or field.name.endswith(("_share", "_lost", "_served"))
    assert len(set(TABLES[name].names)) == len(TABLES[name].names)


def test_a_row_a_day() -> None:
    table = tables()["days"].to_pydict()
    assert table["day_type"] == ["ordinary"] * 3 + ["severe"] * 3 and table["day"] == list(range(6))
    assert (table["seed"], table["replication"]) == ([1, 2, 1] * 2, [0, 0, 1, 300_000, 300_000, 300_001])
    for number, family in enumerate(FAMILIES):
        assert table[f"weighted_min_{family}"] == run().weighted[:, number].tolist()
        assert table[f"unanswered_{family}"] == run().unanswered[:, number].tolist()
    assert table["reserve_busy_peak"] == run().reserve_busy.max(axis=1).tolist()


def test_a_row_an_incident_and_null_where_nobody_came() -> None:
    table = tables()["incidents"].to_pydict()
    assert len(table["plan"]) == len(run().incident_day)
    came = np.isfinite(run().incident_response_min)
    assert [value is not None for value in table["response_min"]] == came.tolist()
    sector = {code: n for n, code in enumerate(tiny().villages.subdistrict_codes)}
    stations = {code: n for n, code in enumerate(tiny().stations.code)}
    for row, code in enumerate(table["station"]):
        assert tiny().stations.subdistrict[stations[code]] == sector[table["subdistrict"][row]]
    assert set(table["kind"]) <= set(tiny().settings.incidents) and set(table["first_level"]) <= {
        "green",
        "yellow",
        "red",
    }


def test_a_row_a_station_and_null_where_nobody_was_free() -> None:
    minutes = StationMinutes(np.full(40, 7.5), np.full(40, 9.0), np.zeros(40))
    minutes.mean_min[3] = minutes.p90_min[3] = minutes.p90_min[4] = np.inf
    table = stations_table(tiny(), "x", minutes).to_pydict()
    assert table["station"] == list(tiny().stations.code)
    assert [n for n, value in enumerate(table["first_help_mean_min"]) if value is None] == [3]
    assert [n for n, value in enumerate(table["first_help_p90_min"]) if value is None] == [3, 4]


def test_a_table_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(RunError, match="cannot write"):
        write_table(tmp_path / "file" / "days.parquet", [tables()["days"]], {})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_clock_of_an_incident_runs_forward() -> None:
    table = tables()["incidents"].to_pydict()
    steps = [table[f"{name}_min"] for name in ("onset", "reported", "dispatched", "first", "full", "cleared")]
    for row in zip(*steps, strict=True):
        known = [minute for minute in row if minute is not None]
        assert known == sorted(known)
    answered = [
        (onset, first, response)
        for onset, first, response in zip(table["onset_min"], table["first_min"], table["response_min"], strict=True)
        if response is not None
    ]
    assert answered and all(abs(first - onset - response) < 1e-9 for onset, first, response in answered)
