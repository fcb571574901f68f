"""The runner: hands tasks to any ``concurrent.futures.Executor`` and keeps no result in memory.

Workers write their own parts; what comes home is how many rows they hold. Failing runs are rows; a full disk or Ctrl-C
ends the sweep so that it can be resumed.
"""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from simsec.base.errors import RunError
from simsec.base.files import write_with
from simsec.experiments.job import FAILURES, RUNS, Job
from simsec.experiments.lock import locked
from simsec.experiments.pool import RespawningPool, SerialExecutor, WorkerKilled
from simsec.experiments.store import LOCK, Done, Store, make_folder, prepared, write_parts

AHEAD = 3  # tasks that wait for each worker, so that none is ever idle and few are in memory
TICK_S = 1.0
KILLED = ("WorkerKilled", "KilledWorker")  # ours, and Dask's word for the same


@dataclass(frozen=True)
class Progress:
    """How far a sweep is.

    Attributes:
        tasks, tasks_done, tasks_before: all, done, and done before this session.
        runs, failures: rows so far.
        fresh: runs and failures of this session, without what was there before.
        seconds: since this session began.
    """

    tasks: int
    tasks_done: int
    tasks_before: int
    runs: int
    failures: int
    fresh: int
    seconds: float

    @property
    def rate(self) -> float:
        """Runs a second in this session."""
        return self.fresh / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Finished:
    """What a sweep came to.

    Attributes:
        folder: of the sweep.
        runs, failures: rows of the whole sweep.
        tasks: of this session.
        seconds: of this session.
        cpu_s, busy_s: of its workers: CPU seconds, and seconds in which they had a task.
    """

    folder: Path
    runs: int
    failures: int
    tasks: int
    seconds: float
    cpu_s: float
    busy_s: float


Tell = Callable[[Progress], None]


def open_executor(workers: int) -> Executor:
    """Processes that are replaced when they die; 1 works in this process."""
    return SerialExecutor() if workers <= 1 else RespawningPool(workers)


def run_job(
    job: Job,
    folder: Path,
    executor: Executor,
    *,
    workers: int = 1,
    resume: bool = False,
    text: str = "",
    tell: Tell | None = None,
) -> Finished:
    """Run a job, or what is left of it.

    Args:
        job: what is to be done.
        folder: of the sweep; other machines must see it under the same path.
        executor: what runs the tasks; shut down at once when something stops the sweep, left open otherwise.
        workers: how many tasks it runs at a time.
        resume: go on with what the folder holds.
        text: of the experiment file, kept beside the results.
        tell: called about once a second, and at the end.

    Raises:
        InputError: the folder holds something, or another experiment.
        RunError: it cannot be written, or another process writes it.
        KeyboardInterrupt: after everything was stopped.
    """
    make_folder(folder)
    with locked(folder / LOCK):
        store = prepared(folder, job, resume=resume, text=text)
        session = _Session(job, store, tell)
        if store.merged:
            return session.finished()
        path = (folder / ".job.pickle").absolute()
        write_with(path, lambda to: to.write_bytes(pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL)), private=True)
        try:
            session.run(executor, path, workers)
        except BaseException as error:
            executor.shutdown(cancel_futures=True)
            store.sweep_up()
            with contextlib.suppress(RunError):  # the disk is full: that is why
                store.tell("stopped", why=type(error).__name__, done=session.tasks_done)
            raise
        finally:
            path.unlink(missing_ok=True)
        store.sweep_up()
        return session.finished()


class _Session:
    """One go at a sweep."""

    def __init__(self, job: Job, store: Store, tell: Tell | None) -> None:
        self.job, self.store, self.say = job, store, tell
        self.tasks_done = len(store.done)
        self.runs = sum(rows[RUNS] for rows in store.done.values())
        self.failures = sum(rows.get(FAILURES, 0) for rows in store.done.values())
        self.begun, self.fresh, self.fresh_tasks = time.monotonic(), 0, 0
        self.cpu_s = self.busy_s = 0.0

    def run(self, executor: Executor, path: Path, workers: int) -> None:
        """Keep every worker busy until all is done."""
        left = self._left()
        waiting: dict[Future[Done], int] = {}
        told = 0.0
        while True:
            while len(waiting) < max(workers, 1) * AHEAD and (task := next(left, None)) is not None:
                waiting[executor.submit(work, str(path), self.store.stamp, task)] = task
                if workers <= 1:
                    break
            if not waiting:
                break
            finished, _ = wait(waiting, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for future in finished:
                self._take(future, waiting.pop(future))
            if time.monotonic() - told >= TICK_S:
                told = time.monotonic()
                self.tell()
        self.tell()

    def _left(self) -> Iterator[int]:
        return (task for task in range(self.job.tasks) if task not in self.store.done)

    def _take(self, future: Future[Done], task: int) -> None:
        """What a task came to; one that no worker survived becomes rows of the failure table."""
        try:
            done = future.result()
        except Exception as error:
            if type(error).__name__ not in KILLED:
                raise
            failed = self.job.lost(self.job.shared, task, str(error))
            empty = self.job.points.schema.empty_table().select(["cell"])
            rows = write_parts(self.store.folder, self.store.stamp, task, {RUNS: empty, FAILURES: failed})
            done = Done(task, rows, 0.0, 0.0)
        self.tasks_done += 1
        self.fresh_tasks += 1
        self.runs += done.rows[RUNS]
        self.failures += done.rows.get(FAILURES, 0)
        self.fresh += done.rows[RUNS] + done.rows.get(FAILURES, 0)
        self.cpu_s += done.cpu_s
        self.busy_s += done.wall_s
        self.store.tell("task", task=task, rows=dict(done.rows), cpu_s=round(done.cpu_s, 3))

    def tell(self) -> None:
        """Say how far it is."""
        if self.say:
            seconds = time.monotonic() - self.begun
            tasks = self.job.tasks, self.tasks_done, len(self.store.done)
            self.say(Progress(*tasks, self.runs, self.failures, self.fresh, seconds))

    def finished(self) -> Finished:
        """Everything is done."""
        seconds = time.monotonic() - self.begun
        facts = {"runs": self.runs, "failures": self.failures} if not self.store.merged else {}
        self.store.tell("finished", seconds=round(seconds, 3), cpu_s=round(self.cpu_s, 3), **facts)
        rows = self.runs, self.failures, self.fresh_tasks
        return Finished(self.store.folder, *rows, seconds, self.cpu_s, self.busy_s)


@lru_cache(maxsize=1)
def _job_at(path: str, stamp: str) -> Job:
    """The job a worker works on; the stamp tells one job from the next at the same path."""
    job: Job = pickle.loads(Path(path).read_bytes())
    return job


def work(path: str, stamp: str, task: int) -> Done:
    """Do one task and write its parts: what a worker does.

    Args:
        path: of the pickled job, in the folder of the sweep.
        stamp: hash of its identity.
        task: its number.

    Raises:
        RunError: the parts cannot be written.
    """
    job = _job_at(path, stamp)
    begun, since = time.process_time(), time.monotonic()
    tables = job.evaluate(job.shared, task)
    rows = write_parts(Path(path).parent, stamp, task, tables)
    return Done(task, rows, time.process_time() - begun, time.monotonic() - since)


__all__ = ["Finished", "Progress", "WorkerKilled", "open_executor", "run_job", "work"]
