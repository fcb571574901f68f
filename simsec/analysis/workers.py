"""Work spread over processes: the same results on any number of workers, and a clean end on Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from simsec.base.errors import RunError

Progress = Callable[[int, int], None]


class Workers:
    """A pool of processes that share what is the same for every task.

    Args:
        count: number of processes; 1 works in this one, for debugging.

    Example:
        >>> with open_workers(1) as workers:
        ...     workers.map(_demo, 10, [1, 2, 3])
        [11, 12, 13]
    """

    def __init__(self, count: int, pool: ProcessPoolExecutor | None, folder: Path) -> None:
        """Use :func:`open_workers`."""
        self.count = count
        self._pool = pool
        self._folder = folder
        self._shared = 0

    def map(
        self,
        function: Callable[[Any, Any], Any],
        shared: object,
        tasks: Sequence[Any],
        progress: Progress | None = None,
    ) -> list[Any]:
        """``[function(shared, task) for task in tasks]``, in order; ``shared`` travels to each process once.

        Raises:
            RunError: a process died, killed or out of memory.
        """
        if self._pool is None:
            results = []
            for number, task in enumerate(tasks, start=1):
                results.append(function(shared, task))
                if progress:
                    progress(number, len(tasks))
            return results
        path = self._folder / f"shared-{self._shared}.pickle"
        self._shared += 1
        path.write_bytes(pickle.dumps(shared, protocol=pickle.HIGHEST_PROTOCOL))
        futures: list[Future[Any]] = []
        try:
            futures += [self._pool.submit(_call, function, str(path), task) for task in tasks]
            waiting = set(futures)
            while waiting:
                _, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                if progress:
                    progress(len(futures) - len(waiting), len(futures))
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            raise RunError("a worker process died, killed or out of memory; try fewer --workers") from error
        finally:
            for future in futures:
                future.cancel()
            path.unlink(missing_ok=True)


def _demo(shared: int, task: int) -> int:
    return shared + task


@lru_cache(maxsize=2)
def _shared_of(path: str) -> Any:
    return pickle.loads(Path(path).read_bytes())


def _call(function: Callable[[Any, Any], Any], path: str, task: Any) -> Any:
    return function(_shared_of(path), task)


def _start_worker() -> None:
    """The parent alone answers Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def default_workers() -> int:
    """As many processes as cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@contextmanager
def open_workers(count: int) -> Iterator[Workers]:
    """Open a pool and close it without leaving a process or a file behind.

    Args:
        count: number of processes, 1 or more.
    """
    with tempfile.TemporaryDirectory(prefix="simsec-") as folder:
        if count <= 1:
            yield Workers(1, None, Path(folder))
            return
        context = multiprocessing.get_context("spawn")  # the same on every system; no thread is copied
        pool = ProcessPoolExecutor(count, mp_context=context, initializer=_start_worker)
        try:
            yield Workers(count, pool, Path(folder))
        except BaseException:
            for process in list(pool._processes.values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()
