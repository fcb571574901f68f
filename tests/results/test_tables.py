"""Result tables keep the columns they declare, and nothing is lost on the way to the disk."""

import atexit
import os
import shutil
import stat
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import Replications, day_keys, events_file, replicate_plans
from simsec.analysis.stations import StationMinutes, station_minutes
from simsec.analysis.workers import open_workers
from simsec.base.errors import RunError
from simsec.day import sample_day
from simsec.day.log import write_log
from simsec.results.measured import MEASURED_OF, breakdown_table, measured
from simsec.results.replayed import replay_log
from simsec.results.tables import (
    TABLES,
    days_table,
    events_table,
    incidents_table,
    stations_table,
    units_table,
    write_events_table,
    write_table,
)
from simsec.simulation.trace import KINDS, Events, read_events
from simsec.simulation.world import roster_of
from tests.areas import tiny, tiny_plan


@cache
def parts() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="simsec-"))
    atexit.register(shutil.rmtree, folder)
    return folder


@cache
def run() -> Replications:
    with open_workers(1) as pool:
        keys = day_keys({"ordinary": 3, "severe": 3}, (1, 2))
        return replicate_plans(
            tiny(), [tiny_plan()], keys, pool, probes=True, voters=True, missions=True, trace=parts()
        )[0]


def events_of(day: int) -> Events:
    return read_events(events_file(parts(), tiny_plan(), run().keys[day]))


@cache
def tables() -> dict[str, pa.Table]:
    return {
        "days": days_table(run()),
        "incidents": incidents_table(tiny(), run()),
        "stations": stations_table(tiny(), run(), station_minutes(tiny(), run())),
        "units": units_table(tiny(), tiny_plan(), run()),
        "events": events_table(tiny(), "announced", 3, events_of(3)),
        "replay": replayed(),
        "breakdown": breakdown_table("announced", measured(tiny(), run(), stations=station_minutes(tiny(), run()))),
    }


def replayed() -> pa.Table:
    """A day of the tiny area, played again from its log."""
    log = parts() / "day.csv"
    write_log(log, tiny(), sample_day(tiny(), 1, 0, "severe"))
    replay_log(tiny(), tiny_plan(), log, parts(), {}, lambda name: lambda done, every: None)
    return pq.read_table(parts() / "replay.parquet")


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
        if field.type == pa.float64() and name != "breakdown":  # there the measure bears the unit
            assert "_min" in field.name or field.name.endswith(("_share", "_lost", "_served", "_factor"))
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
    table = stations_table(tiny(), run(), minutes).to_pydict()
    assert table["station"] == list(tiny().stations.code)
    assert [n for n, value in enumerate(table["first_help_mean_min"]) if value is None] == [3]
    assert [n for n, value in enumerate(table["first_help_p90_min"]) if value is None] == [3, 4]


def test_a_row_a_unit_and_type_of_day() -> None:
    table, roster = tables()["units"].to_pydict(), roster_of(tiny(), tiny_plan())
    units = len(roster.kind)
    assert table["day_type"] == ["ordinary"] * units + ["severe"] * units and table["days"] == [3] * 2 * units
    assert sum(table["missions"]) == int(run().missions.sum()) > 0
    assert sum(table["busy_min"]) == pytest.approx(float(run().busy_min.sum()))
    on_duty = [tiny().duty_min[kind][1] - tiny().duty_min[kind][0] for kind in roster.kind.tolist()] * 2
    shares = [minutes / 3 / hours for minutes, hours in zip(table["busy_min"], on_duty, strict=True)]
    assert table["busy_share"] == pytest.approx(shares) and len(set(on_duty)) == 2  # couriers work on the day before
    assert table["home"] == list(roster.site) * 2
    assert sum(table["away_min"]) == pytest.approx(float(run().away_min.sum())) and max(table["away_min"]) > 0
    kinds = [unit.kind for unit in tiny().settings.units]
    for unit, (kind, block) in enumerate(zip(table["kind"], table["block"], strict=True)):
        assert kinds[roster.kind[unit % units]] == kind and (block is not None) == (kind == "pair")
    assert min(block for block in table["block"] if block) == 1  # as in blocks.csv


def test_a_row_a_measure_of_a_group_under_a_scope() -> None:
    table = tables()["breakdown"].to_pydict()
    keys = list(zip(*(table[name] for name in ("scope", "dimension", "group", "measure")), strict=True))
    assert len(set(keys)) == len(keys)
    assert all(name.endswith(("_min", "_hours", "_share", "per_day")) for name in table["measure"])
    assert set(table["dimension"]) == set(MEASURED_OF) - {"village", "station"}  # two types of day are no natural rates
    assert set(table["scope"]) == {"ordinary", "severe"}
    for value, low, high, doubt in zip(*(table[name] for name in ("value", "low", "high", "doubt")), strict=True):
        if value is not None and low is not None and high is not None:
            assert low <= value + 1e-9 and value <= high + 1e-9
            assert doubt in ("", "few", "skewed", "alike")
        else:
            assert doubt in ("too_few_days", "few_incidents")
    assert {"too_few_days", "few_incidents", "few"} <= set(table["doubt"])


def test_villages_stand_in_the_table_of_measures_only_when_asked_for() -> None:
    asked = breakdown_table("announced", measured(tiny(), run(), ("village",))).to_pydict()
    told = {group for group, by in zip(asked["group"], asked["dimension"], strict=True) if by == "village"}
    assert told == set(tiny().villages.code)
    assert not told & set(tables()["breakdown"].to_pydict()["group"])


def test_a_run_without_missions_gives_no_table_of_units() -> None:
    with open_workers(1) as pool:
        bare = replicate_plans(tiny(), [tiny_plan()], day_keys({"ordinary": 2}, (1,)), pool)[0]
    with pytest.raises(ValueError, match="no missions"):
        units_table(tiny(), tiny_plan(), bare)


def test_a_row_a_thing_that_happened() -> None:
    table, events = tables()["events"].to_pydict(), events_of(3)
    assert table["day"] == [3] * len(events) and set(table["kind"]) <= set(KINDS)
    assert [value is None for value in table["unit"]] == (events.unit < 0).tolist()
    moves = [row for row, kind in enumerate(table["kind"]) if kind == "order"]
    villages, posts = tiny().villages.code, tiny().posts.code
    assert moves and all(table["to"][row] in villages and table["leaves_min"][row] is not None for row in moves)
    assert {table["from"][row] for row in moves} <= {*villages, *posts, *tiny().main_roads.place}
    asked = {step for kind, step in zip(table["kind"], table["step"], strict=True) if kind == "request"}
    assert asked <= {f"{x.name} {n}" for x in tiny().settings.ladders for n in range(1, len(x.steps) + 1)}


def test_events_of_many_days_stand_in_one_file_whoever_played_them(tmp_path: Path) -> None:
    made = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        with open_workers(workers) as pool:
            keys = day_keys({"ordinary": 11, "severe": 2}, (1,))
            runs = replicate_plans(tiny(), [tiny_plan()], keys, pool, trace=folder)[0]
        write_events_table(tmp_path / f"{workers}.parquet", tiny(), tiny_plan(), runs, folder, {"cite": "simsec"})
        made.append((tmp_path / f"{workers}.parquet").read_bytes())
    table = pq.read_table(tmp_path / "1.parquet")
    assert made[0] == made[1] and table.schema.metadata == {b"cite": b"simsec"}
    days = table["day"].to_pylist()
    numbers = table["incident"].to_pylist()  # none where a unit goes off duty or is back, also on quiet days
    incidents = {(day, number) for day, number in zip(days, numbers, strict=True) if number is not None}
    assert days == sorted(days) and {day for day, _ in incidents} == set(runs.incident_day.tolist())
    assert len(incidents) >= len(runs.incident_day) > 15  # a spread that was stopped names an incident that never was


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
