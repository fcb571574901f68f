"""The folder of a sweep: merging loses nothing, whenever it is interrupted."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simsec.base.errors import InputError, RunError
from simsec.experiments import store
from simsec.experiments.answers import open_sweep
from simsec.experiments.job import FAILURES, RUNS
from simsec.experiments.store import MERGED, PARTS, STATUS, compact, differences, left_off, part
from tests.experiments.stub import ROWS, TASKS, Shared, run, stub_job

JOB = stub_job(Shared(fails=5))
QUERY = "select * from runs order by cell, row"


def answered(folder: Path) -> pa.Table:
    with open_sweep(folder) as answers:
        assert answers.failures.fetchall()
        return answers.table(QUERY)


def test_merged_parts_hold_the_same_rows_in_the_order_of_the_tasks(tmp_path: Path) -> None:
    run(JOB, tmp_path)
    before = answered(tmp_path)
    assert compact(tmp_path) == {RUNS: TASKS * ROWS, FAILURES: 1}
    assert not (tmp_path / PARTS).exists()
    assert answered(tmp_path).equals(before)
    assert pq.read_table(tmp_path / "runs.parquet")["cell"].to_pylist() == before["cell"].to_pylist()
    assert compact(tmp_path) == {}
    assert run(JOB, tmp_path, resume=True).tasks == 0


@pytest.mark.parametrize("at", ["runs.parquet", MERGED])
def test_merging_that_is_interrupted_loses_nothing(at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(JOB, tmp_path)
    before = answered(tmp_path)
    for name in ("write_with", "write_text"):
        whole = getattr(store, name)

        def stops(path: Path, *rest: object, whole: Callable[..., None] = whole) -> None:
            if path.name == at:
                raise KeyboardInterrupt
            whole(path, *rest)

        monkeypatch.setattr(store, name, stops)
    with pytest.raises(KeyboardInterrupt):
        compact(tmp_path)
    monkeypatch.undo()
    assert answered(tmp_path).equals(before)
    assert run(JOB, tmp_path, resume=True).tasks == 0
    compact(tmp_path)
    assert answered(tmp_path).equals(before)


def test_an_unfinished_sweep_is_not_merged_and_a_torn_part_is_told(tmp_path: Path) -> None:
    run(JOB, tmp_path)
    path = part(tmp_path, RUNS, 3)
    data = path.read_bytes()
    path.write_bytes(data[:50])
    with pytest.raises(RunError, match="torn"):
        compact(tmp_path)
    with pytest.raises(RunError, match="--resume"), open_sweep(tmp_path) as answers:
        answers.table(QUERY)
    path.unlink()
    with pytest.raises(InputError, match="39 of 40"):
        compact(tmp_path)


def test_the_status_log_tells_what_happened_in_order(tmp_path: Path) -> None:
    run(JOB, tmp_path)
    run(JOB, tmp_path, resume=True)
    lines = [json.loads(line) for line in (tmp_path / STATUS).read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["started", *["task"] * TASKS, "finished", "resumed", "finished"]
    assert sum(line["rows"][RUNS] for line in lines if line["event"] == "task") == TASKS * ROWS


def test_a_manifest_names_what_decides_the_results(tmp_path: Path) -> None:
    run(JOB, tmp_path)
    found = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert found["identity"] == dict(JOB.identity) and found["runs"] == TASKS * ROWS
    found["format"] = 2
    (tmp_path / "manifest.json").write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(InputError, match="unknown format"):
        open_sweep(tmp_path)


def test_differences_are_found_however_deep() -> None:
    before = {"a": [{"x": 1}, {"x": 2}], "b": 1, "gone": True}
    now = {"a": [{"x": 1}, {"x": 3}], "b": 1, "new": [1]}
    assert list(differences(before, now)) == [("a.1.x", "2", "3"), ("gone", "true", "null"), ("new", "null", "[1]")]


def test_a_data_frame_comes_from_the_library_asked_for_or_its_want_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(JOB, tmp_path)
    with open_sweep(tmp_path) as answers:
        for library in ("pandas", "polars"):
            monkeypatch.setitem(sys.modules, library, None)
            with pytest.raises(InputError, match=f"needs {library}, which is not installed.*table()"):
                answers.df("select * from runs", library)
        polars = ModuleType("polars")
        polars.from_arrow = lambda table: ("frame", table)
        monkeypatch.setitem(sys.modules, "polars", polars)
        assert answers.df(QUERY, "polars") == ("frame", answers.table(QUERY))
        with pytest.raises(InputError, match="query"):
            answers.df("select minutes from runs", "polars")


def test_relations_are_lazy_and_can_be_asked_further(tmp_path: Path) -> None:
    run(JOB, tmp_path)
    with open_sweep(tmp_path) as answers:
        assert answers.runs.filter("cell = 3").aggregate("count(*)").fetchall() == [(ROWS,)]
        assert answers.points.fetchall() and answers.failures.fetchall()


def test_a_sweep_that_was_left_off_is_found_again_the_last_one_and_no_other(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="left off"):
        left_off(tmp_path, JOB)
    for number, name in enumerate(("stub", "stub-2", "stub-3")):
        run(stub_job(seed=2) if name == "stub-3" else JOB, tmp_path / name)
        os.utime(tmp_path / name / "manifest.json", (number, number))
    (tmp_path / "stub-4").mkdir()
    (tmp_path / "stub-4" / "manifest.json").write_text("torn", encoding="utf-8")
    assert left_off(tmp_path, JOB) == tmp_path / "stub-2"
