"""Dask: the same bytes from a scheduler with worker processes of its own, one of them killed."""

import importlib.util
import os
import signal
from pathlib import Path

import pytest

from simsec.base.errors import InputError, RunError
from simsec.experiments.cluster import dask_executor
from simsec.experiments.runner import run_job
from tests.experiments.stub import ROWS, TASKS, Shared, parts, run, stub_job

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def pid() -> int:
    return os.getpid()


def test_a_killed_dask_worker_costs_nothing(tmp_path: Path) -> None:
    run(stub_job(), tmp_path / "alone")
    killed: list[int] = []
    with dask_executor("local", 2) as (executor, width):
        assert width == 2
        first = executor.submit(pid).result()
        assert first != os.getpid()

        def kill(progress: object) -> None:
            if not killed:
                os.kill(first, signal.SIGKILL)
                killed.append(first)

        job = stub_job(Shared(wait_s=0.05))
        done = run_job(job, tmp_path / "dask", executor, workers=width, tell=kill)
    assert killed and (done.runs, done.failures) == (TASKS * ROWS, 0)
    assert parts(tmp_path / "dask") == parts(tmp_path / "alone")


def test_no_scheduler_and_no_dask_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simsec.experiments.cluster.TIMEOUT_S", "0.3s")
    with pytest.raises(RunError, match="no Dask scheduler"), dask_executor("tcp://127.0.0.1:1", 1):
        pass
    assert importlib.util.find_spec("distributed")
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError, match="not installed"), dask_executor("local", 1):
        pass
