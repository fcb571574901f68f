"""A pool of processes that outlives its workers: a killed one is replaced and its work done again.

``concurrent.futures.ProcessPoolExecutor`` gives up all its work when one process dies. This one keeps its work in the
parent until a result has come home. Workers end by themselves when the parent is gone, however it ended.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec, TypeVar

from simsec.base.errors import RunError

ATTEMPTS = 3  # of one piece of work, and of starting a process that never gets ready
JOIN_S = 5.0
Given = ParamSpec("Given")
Result = TypeVar("Result")


class WorkerKilled(Exception):
    """Every process that tried a piece of work died over it."""


class SerialExecutor(Executor):
    """Work done at once, in this process: for debugging, and where processes cost more than they bring.

    Example:
        >>> SerialExecutor().submit(max, 1, 2).result()
        2
    """

    def submit(self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Result]:
        """Do it."""
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # an executor hands on whatever happens
            future.set_exception(error)
        return future


class _Work:
    """A piece of work and how often it was tried."""

    def __init__(self, payload: bytes) -> None:
        self.payload, self.future, self.attempts = payload, Future[Any](), 0


class _Worker:
    """A process, the pipe to it, and what it works on."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # the same on every system; no thread is copied
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.work: _Work | None = None


class RespawningPool(Executor):
    """Processes that are replaced when they die.

    Work is tried up to :data:`ATTEMPTS` times; then its future fails with :class:`WorkerKilled`.

    Args:
        count: number of processes, 1 or more.

    Example:
        >>> with RespawningPool(1) as pool:
        ...     pool.submit(max, 1, 2).result()
        2
    """

    def __init__(self, count: int) -> None:
        """Start them."""
        self._lock = threading.Lock()
        self._queue: deque[_Work] = deque()
        self._closed = self._killed = False
        self._stillborn = 0
        self._wake_read, self._wake = multiprocessing.get_context("spawn").Pipe(duplex=False)
        self._workers = [_Worker() for _ in range(count)]
        self._thread = threading.Thread(target=self._manage, name="simsec-pool", daemon=True)
        self._thread.start()

    @property
    def pids(self) -> list[int]:
        """Process numbers of the workers there are now."""
        return [worker.process.pid for worker in self._workers if worker.process.pid]

    def submit(self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Result]:
        """Put a call into the queue; it and what it returns must be picklable."""
        work = _Work(pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL))
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is closed")
            self._queue.append(work)
        self._notify()
        return work.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close: with ``cancel_futures`` processes end at once, whatever they do; without, when the work is done."""
        with self._lock:
            self._closed = True
            self._killed = self._killed or cancel_futures
        self._notify()
        if wait or cancel_futures:
            self._thread.join()

    def _notify(self) -> None:
        with contextlib.suppress(OSError):  # closed already: nobody to wake
            self._wake.send_bytes(b"")

    def _manage(self) -> None:
        """The one thread that talks to the processes."""
        try:
            while not self._killed:
                self._hand_out()
                busy = [worker for worker in self._workers if worker.work]
                if self._closed and not busy and not self._queue:
                    break
                sources: list[Any] = [self._wake_read, *(worker.pipe for worker in self._workers)]
                found = set(wait(sources))
                if self._wake_read in found:
                    self._wake_read.recv_bytes()
                for worker in [worker for worker in self._workers if worker.pipe in found]:
                    self._hear(worker)
        finally:
            self._end()

    def _hand_out(self) -> None:
        for worker in self._workers:
            if worker.work is None and worker.ready:
                with self._lock:
                    work = next(
                        (w for w in iter(self._next, None) if w.attempts or w.future.set_running_or_notify_cancel()),
                        None,
                    )
                if work is None:
                    return
                worker.work = work
                work.attempts += 1
                with contextlib.suppress(OSError):  # it died just now; its pipe will say so
                    worker.pipe.send_bytes(work.payload)

    def _next(self) -> _Work | None:
        return self._queue.popleft() if self._queue else None

    def _hear(self, worker: _Worker) -> None:
        """A result, that it is ready, or its end."""
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            self._replace(worker)
            return
        if not worker.ready:
            worker.ready, self._stillborn = True, 0
            return
        work, worker.work = worker.work, None
        if work is not None:
            good, value = message
            if good:
                work.future.set_result(value)
            else:
                work.future.set_exception(value)

    def _replace(self, worker: _Worker) -> None:
        """A process died: another takes its place, and its work is done again."""
        worker.pipe.close()
        worker.process.join(JOIN_S)
        self._stillborn += not worker.ready
        work = worker.work
        if work is not None and work.attempts < ATTEMPTS:
            with self._lock:
                self._queue.appendleft(work)
        elif work is not None:
            code = worker.process.exitcode
            work.future.set_exception(WorkerKilled(f"{ATTEMPTS} processes died over it, the last with code {code}"))
        if self._stillborn >= ATTEMPTS:
            self._fail_all(RunError("worker processes die before they are ready; try --workers 1"))
            self._workers.remove(worker)
        else:
            self._workers[self._workers.index(worker)] = _Worker()

    def _fail_all(self, error: Exception) -> None:
        with self._lock:
            waiting, self._closed = list(self._queue), True
            self._queue.clear()
        for work in waiting:
            if work.attempts or work.future.set_running_or_notify_cancel():
                work.future.set_exception(error)

    def _end(self) -> None:
        for worker in self._workers:
            if worker.work is not None:
                worker.process.terminate()
                worker.work.future.set_exception(RunError("stopped; nothing half-written was left"))
            elif not worker.ready:
                worker.process.terminate()
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(JOIN_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        while self._queue:
            self._queue.popleft().future.cancel()


def _serve(pipe: Connection) -> None:
    """A worker: calls in, results out, until the pipe or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent alone answers Ctrl-C
    threading.Thread(target=_die_with_parent, daemon=True).start()
    pipe.send("ready")
    while True:
        try:
            payload = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            function, args, kwargs = pickle.loads(payload)
            answer: tuple[bool, Any] = (True, function(*args, **kwargs))
        except Exception as error:  # travels home and is raised there
            answer = (False, error)
        try:
            message = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # what cannot travel is told in words
            message = pickle.dumps((False, RunError(f"{type(error).__name__}: {error}")))
        try:
            pipe.send_bytes(message)
        except OSError:
            return


def _die_with_parent() -> None:
    """End in the middle of whatever is being done when the parent is gone: nobody would want the result."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
