"""Dask as an executor, for more than one machine: ``Client.get_executor``, an extra (``simsec[dask]``)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module

from simsec.base.errors import InputError, Problem, RunError, say

LOCAL = "local"
TIMEOUT_S = "20s"


@contextmanager
def dask_executor(address: str, count: int) -> Iterator[tuple[Executor, int]]:
    """The executor of a Dask scheduler, and how many tasks its workers run at a time.

    Every worker must see the folder of the sweep under the same path and have the same versions installed.

    Args:
        address: of a scheduler, such as ``tcp://head:8786``; ``local`` starts one with worker processes of its own.
        count: worker processes of a local one.

    Raises:
        InputError: Dask is not installed.
        RunError: no scheduler answers.
    """
    try:
        distributed = import_module("distributed")  # it ships hints, but not for these
    except ImportError:
        remedy = "install it: pip install 'simsec[dask]'"
        raise InputError([Problem("--dask", "Dask is not installed", remedy)]) from None
    cluster = None
    if address == LOCAL:
        own = {"n_workers": count, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
        cluster = distributed.LocalCluster(**own)
    try:
        client = distributed.Client(cluster or address, timeout=TIMEOUT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        template = "no Dask scheduler answers at {address} ({why})"
        raise RunError(say(template, address=address, why=str(error))) from error
    try:
        with client:
            yield client.get_executor(pure=False), max(sum(client.nthreads().values()), 1)
    finally:
        if cluster is not None:
            cluster.close()
