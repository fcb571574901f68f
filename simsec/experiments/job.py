"""What a runner runs: numbered tasks, each of which gives tables. It knows nothing of polling days."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Tables = Mapping[str, pa.Table]
RUNS, FAILURES = "runs", "failures"
WORKER_DIED = "WorkerDied"
FAILURE_SCHEMA = pa.schema(
    [
        ("cell", pa.int32()),
        ("plan", pa.string()),
        ("day_type", pa.string()),
        ("seed", pa.int64()),
        ("replication", pa.int64()),
        ("error", pa.string()),
        ("message", pa.string()),
        ("where", pa.string()),
    ]
)


@dataclass(frozen=True, eq=False)
class Job:
    """A sweep, ready to run.

    Attributes:
        name: of the experiment.
        identity: what decides its results, as plain JSON.
        tasks: their number; what a task holds depends on the identity alone, never on the workers.
        runs: of all tasks together; the most there may be where a precision decides.
        evaluate: gives the tables of a task from ``shared`` and its number: ``runs`` always, ``failures`` with a row
            a run that failed. A function of a module, so that any process finds it.
        lost: failure rows of a whole task whose worker died again and again, from ``shared``, number and message.
        shared: what is the same for all tasks; it travels to each process once.
        points: a row a cell: what its factors are.
        sized: whether ``runs`` is exact.
    """

    name: str
    identity: Mapping[str, Any]
    tasks: int
    runs: int
    evaluate: Callable[[Any, int], Tables]
    lost: Callable[[Any, int, str], pa.Table]
    shared: Any
    points: pa.Table
    sized: bool = True


def failure(cell: int, plan: str, day: tuple[str, int, int], error: BaseException) -> dict[str, Any]:
    """A row of the failure table.

    Args:
        cell: where it happened.
        plan: name of the plan.
        day: type, seed and replication.
        error: what happened.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    keys = ("cell", "plan", "day_type", "seed", "replication")
    message = str(error) or type(error).__name__
    return dict(zip(keys, (cell, plan, *day), strict=True)) | {
        "error": type(error).__name__, "message": message, "where": where,
    }  # fmt: skip


def failure_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of :func:`failure` as a table, empty ones too.

    Example:
        >>> failure_table([]).num_rows
        0
    """
    return pa.Table.from_pylist(rows, schema=FAILURE_SCHEMA)
