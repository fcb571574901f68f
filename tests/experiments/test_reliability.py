"""What a sweep survives: each of these really kills, fills, tears or interrupts something."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from simsec.base.errors import InputError, RunError
from simsec.experiments.answers import open_sweep
from simsec.experiments.job import FAILURES, RUNS
from simsec.experiments.pool import RespawningPool, WorkerKilled
from simsec.experiments.runner import Progress, run_job
from simsec.experiments.store import LOCK, PARTS, part
from tests.experiments.stub import ROWS, TASKS, Shared, parts, run, stub_job

ALL = TASKS * ROWS
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert run(stub_job(), folder).runs == ALL == 400
    return parts(folder)


def started(folder: Path, *words: object) -> subprocess.Popen[str]:
    """The stub in a process of its own, in a group of its own."""
    command = [sys.executable, "-m", "tests.experiments.stub", str(folder), *map(str, words)]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def until(what: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def some_parts(folder: Path) -> Callable[[], bool]:
    return lambda: len(list((folder / PARTS / RUNS).glob("0*.parquet"))) >= 5


def group_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("workers", [2, 4])
def test_results_are_the_same_bytes_on_any_number_of_workers(
    workers: int, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    run(stub_job(), tmp_path, workers)
    assert parts(tmp_path) == undisturbed


def test_a_worker_that_dies_over_its_task_is_replaced_and_the_task_done_again(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    flag = tmp_path / "killed"
    done = run(stub_job(Shared(kills_once=(7, str(flag)))), tmp_path / "run", 2)
    assert flag.exists() and (done.runs, done.failures) == (ALL, 0)
    assert parts(tmp_path / "run") == undisturbed


def test_workers_killed_from_outside_cost_nothing(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    killed: set[int] = set()
    with RespawningPool(2) as pool:

        def kill(progress: Progress) -> None:
            if progress.tasks_done and len(killed) < 2:
                victim = pool.pids[0]
                if victim not in killed:
                    os.kill(victim, signal.SIGKILL)
                    killed.add(victim)

        done = run_job(stub_job(Shared(wait_s=0.05)), tmp_path, pool, workers=2, tell=kill)
    assert killed and done.runs == ALL
    assert parts(tmp_path) == undisturbed


def test_a_task_that_kills_every_worker_becomes_rows_of_the_failure_table(tmp_path: Path) -> None:
    done = run(stub_job(Shared(poison=3)), tmp_path, 2)
    assert (done.runs, done.failures) == (ALL - ROWS, ROWS)
    with open_sweep(tmp_path) as answers:
        failed = answers.table("select distinct cell, error, message, seed from failures").to_pylist()
        assert answers.table("select count(*) as n from runs")["n"].to_pylist() == [ALL - ROWS]
    assert [(row["cell"], row["error"]) for row in failed] == [(3, "WorkerDied")]
    assert "3 processes died" in failed[0]["message"]
    again = run(stub_job(), tmp_path, 2, resume=True)  # it was not the runs' own fault: they get another try
    assert (again.tasks, again.runs, again.failures) == (1, ALL, 0)


def test_a_failing_run_is_a_row_with_its_seed_and_message_and_stops_nothing(tmp_path: Path) -> None:
    done = run(stub_job(Shared(fails=5)), tmp_path, 2)
    assert (done.runs, done.failures) == (ALL, 1)
    with open_sweep(tmp_path) as answers:
        row = answers.table("select * from failures").to_pylist()[0]
    assert (row["cell"], row["seed"], row["error"], row["message"]) == (5, 1, "ValueError", "as asked for")
    assert run(stub_job(Shared(fails=5)), tmp_path, resume=True).tasks == 0  # its own fault: it stays


def test_a_killed_parent_leaves_no_orphan_and_is_resumed(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    process = started(tmp_path, 2, 0.1)
    until(some_parts(tmp_path))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    until(lambda: group_gone(process.pid), 10)
    left = len(list((tmp_path / PARTS / RUNS).glob("0*.parquet")))
    assert 5 <= left < TASKS
    done = run(stub_job(), tmp_path, 2, resume=True)
    assert (done.tasks, done.runs) == (TASKS - left, ALL)
    assert parts(tmp_path) == undisturbed


def test_a_worker_in_the_middle_of_long_work_ends_with_its_parent(tmp_path: Path) -> None:
    process = started(tmp_path / "run", 2, 60, "says")
    until((tmp_path / "begun").exists)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)
    until(lambda: group_gone(process.pid), 5)


def test_ctrl_c_ends_cleanly_and_is_resumed(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    process = started(tmp_path, 2, 0.1)
    until(some_parts(tmp_path))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (1, "")
    until(lambda: group_gone(process.pid), 10)
    assert not list(tmp_path.rglob(".*.parquet")) and not (tmp_path / ".job.pickle").exists()
    assert run(stub_job(), tmp_path, resume=True).runs == ALL
    assert parts(tmp_path) == undisturbed


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_said_and_what_was_written_stays(workers: int, tmp_path: Path) -> None:
    process = started(tmp_path, workers, 0, "limit", "large")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "cannot write" in err and "Traceback" not in err
    assert not list(tmp_path.rglob(".*.parquet"))
    large = stub_job(Shared(large=17))
    done = run(large, tmp_path, resume=True)
    assert 0 < done.tasks < TASKS and done.runs == ALL + 199 * ROWS
    fresh = tmp_path / "fresh"
    run(large, fresh)
    assert {name: data for name, data in parts(tmp_path).items() if "fresh" not in name} == parts(fresh)


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def rot(path: Path) -> None:
    """A bit of a number that stands in the file as it is: it can still be read, and is another."""
    data = bytearray(path.read_bytes())
    number = pq.read_table(path)["value"].to_numpy()[3].tobytes()
    data[data.index(number)] ^= 1
    path.write_bytes(bytes(data))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def shorten(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.slice(0, 3), path)


@pytest.mark.parametrize("harm", [tear, rot, empty, shorten, Path.unlink])
def test_a_part_that_is_not_whole_is_found_and_its_runs_repeated(
    harm: Callable[[Path], None], tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    run(stub_job(), tmp_path)
    harm(part(tmp_path, RUNS, 12))
    done = run(stub_job(), tmp_path, resume=True)
    assert (done.tasks, done.runs) == (1, ALL)
    assert parts(tmp_path) == undisturbed


def test_a_part_of_another_experiment_is_not_taken_for_ours(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    run(stub_job(), tmp_path / "ours")
    run(stub_job(seed=2), tmp_path / "theirs")
    part(tmp_path / "ours", RUNS, 4).write_bytes(part(tmp_path / "theirs", RUNS, 4).read_bytes())
    part(tmp_path / "ours", RUNS, 5).write_bytes(part(tmp_path / "ours", RUNS, 6).read_bytes())
    assert run(stub_job(), tmp_path / "ours", resume=True).tasks == 2
    assert parts(tmp_path / "ours") == undisturbed


def test_runs_without_the_failures_they_speak_of_are_repeated(tmp_path: Path) -> None:
    job = stub_job(Shared(fails=5))
    run(job, tmp_path)
    part(tmp_path, FAILURES, 5).unlink()
    done = run(job, tmp_path, resume=True)
    assert (done.tasks, done.failures) == (1, 1)


def test_two_processes_never_write_one_folder_and_a_dead_holder_never_blocks(tmp_path: Path) -> None:
    process = started(tmp_path, 1, 0.05)
    until(some_parts(tmp_path))
    with pytest.raises(RunError, match="another process is writing"):
        run(stub_job(), tmp_path, resume=True)
    process.kill()
    process.communicate(timeout=20)
    assert (tmp_path / LOCK).exists()
    assert run(stub_job(), tmp_path, resume=True).runs == ALL


def test_resuming_another_experiment_is_refused_and_what_differs_is_said(tmp_path: Path) -> None:
    run(stub_job(), tmp_path)
    with pytest.raises(InputError) as refused:
        run(stub_job(seed=2, tasks=41), tmp_path, resume=True)
    said = {problem.column: (problem.value, problem.bound) for problem in refused.value.problems}
    assert said == {"seed": ("1", "2"), "tasks": ("40", "41")}
    with pytest.raises(InputError, match="--resume"):
        run(stub_job(), tmp_path)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("private")
    with pytest.raises(InputError, match="something else"):
        run(stub_job(), tmp_path)
    with pytest.raises(RunError, match="cannot make"):
        run(stub_job(), tmp_path / "letters.txt")


def test_a_pool_says_so_when_every_process_died_over_a_call() -> None:
    with RespawningPool(1) as pool:
        with pytest.raises(WorkerKilled):
            pool.submit(os._exit, 3).result(timeout=30)
        assert pool.submit(max, 1, 2).result(timeout=30) == 2
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result(timeout=30)
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(max, 1, 2)
