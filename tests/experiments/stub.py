"""A job that knows nothing of polling days: quick tasks that can be told to die, to fail, to wait or to be large.

``python -m tests.experiments.stub FOLDER WORKERS WAIT_S [resume] [limit]`` runs it in a process of its own.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from simsec.base.errors import SimsecError
from simsec.experiments.job import FAILURES, RUNS, WORKER_DIED, Job, Tables, failure, failure_table
from simsec.experiments.runner import Finished, open_executor, run_job
from simsec.experiments.store import PARTS

TASKS, ROWS = 40, 10
LARGE = 4000  # bytes beyond which a write fails in the process that plays a full disk
DAY = ("ordinary", 1, 0)


@dataclass(frozen=True)
class Shared:
    """What the tasks do beside counting."""

    rows: int = ROWS
    wait_s: float = 0.0
    kills_once: tuple[int, str] = (-1, "")  # task, and the file that says it was killed
    poison: int = -1
    fails: int = -1
    large: int = -1
    says: str = ""  # a file that appears when a task begins


def evaluate(shared: Shared, task: int) -> Tables:
    if shared.says:
        Path(shared.says).touch()
    if shared.wait_s:
        time.sleep(shared.wait_s)
    killed, flag = shared.kills_once
    if task == shared.poison or (task == killed and not Path(flag).exists()):
        Path(flag or os.devnull).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    rng = np.random.default_rng(task)
    values = rng.random(shared.rows * (200 if task == shared.large else 1))
    cell = np.full(len(values), task, dtype=np.int32)
    rows = pa.table({"cell": cell, "row": np.arange(len(values)), "value": values})
    failed = [failure(task, "plan", DAY, ValueError("as asked for"))] if task == shared.fails else []
    return {RUNS: rows, FAILURES: failure_table(failed)}


def lost(shared: Shared, task: int, message: str) -> pa.Table:
    rows = [failure(task, "plan", DAY, RuntimeError(message)) | {"error": WORKER_DIED}] * shared.rows
    return failure_table(rows)


def stub_job(shared: Shared = Shared(), tasks: int = TASKS, seed: int = 1) -> Job:
    points = pa.table({"cell": pa.array(range(tasks), pa.int32()), "u.x": np.zeros(tasks)})
    identity = {"seed": seed, "tasks": tasks, "versions": {"stub": "1"}}
    return Job("stub", identity, tasks, tasks * shared.rows, evaluate, lost, shared, points)


def run(job: Job, folder: Path, workers: int = 1, *, resume: bool = False) -> Finished:
    with open_executor(workers) as executor:
        return run_job(job, folder, executor, workers=workers, resume=resume)


def parts(folder: Path) -> dict[str, bytes]:
    """Every part file with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted((folder / PARTS).rglob("*")) if p.is_file()}


def main() -> int:
    folder, workers, wait_s = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    if "limit" in sys.argv:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGE * 2, LARGE * 2))
    says = str(folder.with_name("begun")) if "says" in sys.argv else ""
    shared = Shared(wait_s=wait_s, large=17 if "large" in sys.argv else -1, says=says)
    try:
        run(stub_job(shared), folder, workers, resume="resume" in sys.argv)
    except SimsecError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
