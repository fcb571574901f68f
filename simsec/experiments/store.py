"""The folder of a sweep: what it is, which tasks are done, and their rows in Parquet part files.

::

    manifest.json         what the experiment is: identity with hashes, versions, design and seed
    experiment.toml       the file as it was read, where there was one
    points.parquet        a row a cell: scenario and factors
    status.jsonl          what happened, a line an event
    parts/runs/0000012.parquet, parts/incidents/..., parts/failures/...

A worker writes the parts of its task, ``runs`` last: temporary file, fsync, rename. Each part names the identity of
its experiment, and ``runs`` says how many rows its siblings hold; so a part that is torn, foreign or alone is known,
and its task is done again. Pages carry checksums.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from simsec.base.errors import InputError, Problem, RunError, say, system_words
from simsec.base.files import content_hash, write_text, write_with
from simsec.experiments.job import FAILURES, RUNS, WORKER_DIED, Job, Tables

FORMAT = 1
MANIFEST, POINTS, STATUS, COPY, LOCK = "manifest.json", "points.parquet", "status.jsonl", "experiment.toml", ".lock"
PARTS, MERGED = "parts", "merged.json"
ROW_GROUP = 200_000


@dataclass(frozen=True)
class Done:
    """What a task left behind: rows of each table, and the CPU and wall seconds its worker spent on it."""

    task: int
    rows: Mapping[str, int]
    cpu_s: float
    wall_s: float


def stamp_of(identity: Mapping[str, Any]) -> str:
    """Hash of an identity.

    Example:
        >>> stamp_of({"a": 1, "b": 2}) == stamp_of({"b": 2, "a": 1})
        True
    """
    return content_hash(json.dumps(identity, sort_keys=True))


def part(folder: Path, table: str, task: int) -> Path:
    """Where the rows of a task lie."""
    return folder / PARTS / table / f"{task:07d}.parquet"


def write_parts(folder: Path, stamp: str, task: int, tables: Tables) -> dict[str, int]:
    """Write the tables of a task, ``runs`` last; empty ones but ``runs`` are left out.

    Returns:
        Rows of each table.

    Raises:
        RunError: the disk is full, or the folder cannot be written.
    """
    rows = {name: table.num_rows for name, table in tables.items()}
    for name, table in sorted(tables.items(), key=lambda pair: pair[0] == RUNS):
        path = part(folder, name, task)
        if name != RUNS and table.num_rows == 0:
            path.unlink(missing_ok=True)  # of a run before that died half-way
            continue
        facts = {"experiment": stamp, "task": str(task), "rows": json.dumps(rows, sort_keys=True)}
        write_with(path, partial(write_parquet, table=table, facts=facts))
    return rows


def write_parquet(path: Path, table: pa.Table, facts: Mapping[str, str]) -> None:
    """Write a table with facts about it, compressed and with checksums."""
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **facts})
    pq.write_table(table, path, compression="zstd", write_page_checksum=True, row_group_size=ROW_GROUP)


def read_part(path: Path) -> pa.Table | None:
    """A part file, every checksum verified; None when it is missing, torn or no Parquet."""
    try:
        with path.open("rb") as file:
            return pq.ParquetFile(file, page_checksum_verification=True).read()
    except (OSError, ValueError, pa.ArrowException):
        return None


def done_task(folder: Path, stamp: str, task: int, tables: Iterable[str]) -> dict[str, int] | None:
    """Rows of each table of a task that is whole; None when it has to be done (again)."""
    runs = read_part(part(folder, RUNS, task))
    facts = {} if runs is None else runs.schema.metadata or {}
    if runs is None or facts.get(b"experiment") != stamp.encode() or facts.get(b"task") != str(task).encode():
        return None
    rows: dict[str, int] = json.loads(facts.get(b"rows", b"{}"))
    if rows.get(RUNS) != runs.num_rows:
        return None
    for name in tables:
        wanted = rows.get(name, 0)
        found = read_part(part(folder, name, task)) if wanted else None
        if not wanted:
            continue
        if found is None or found.num_rows != wanted:
            return None
        if (found.schema.metadata or {}).get(b"experiment") != stamp.encode():
            return None
        if name == FAILURES and WORKER_DIED in found["error"].to_pylist():
            return None  # not the run's own fault: another try
    return rows


class Store:
    """A folder being written by this process; make it with :func:`prepared` and hold its lock.

    Attributes:
        folder: of the sweep.
        stamp: hash of the experiment's identity.
        done: tasks that were whole when it was opened, with their rows.
        merged: whether the parts are merged already, so that nothing is left to do.
    """

    def __init__(self, folder: Path, stamp: str, done: dict[int, dict[str, int]], merged: bool) -> None:
        """Use :func:`prepared`."""
        self.folder, self.stamp, self.done, self.merged = folder, stamp, done, merged

    def tell(self, event: str, **facts: Any) -> None:
        """Add a line to the status log.

        Raises:
            RunError: it cannot be written.
        """
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "event": event, **facts})
        path = self.folder / STATUS
        try:
            with path.open("a", encoding="utf-8", newline="\n") as log:
                log.write(line + "\n")
        except OSError as error:
            template = "{path}: cannot write ({why}). Free some space or choose another folder."
            raise RunError(say(template, path=path, why=system_words(error))) from error

    def sweep_up(self) -> None:
        """Remove what writers that were killed left half-written; call it when none is left."""
        for path in (self.folder / PARTS).glob("*/.*"):
            path.unlink(missing_ok=True)


def prepared(folder: Path, job: Job, *, resume: bool, text: str = "") -> Store:
    """Make the folder of a sweep ready to be written, or take up one that was left.

    Args:
        folder: of the sweep; its lock is held.
        job: what is to be done.
        resume: go on with what is there; without it there must be nothing.
        text: of the experiment file.

    Raises:
        InputError: something is there already, or another experiment is, and what differs.
        RunError: the folder cannot be written.
    """
    stamp = stamp_of(job.identity)
    manifest = folder / MANIFEST
    if manifest.exists():
        if not resume:
            remedy = "add --resume to go on with it, or choose another --out"
            raise InputError([Problem(str(folder), "a sweep is there already", remedy)])
        _same_experiment(manifest, job)
        store = Store(folder, stamp, {}, (folder / MERGED).exists())
        store.sweep_up()
        if not store.merged:
            store.done = dict(_whole_tasks(folder, stamp, job))
        store.tell("resumed", tasks=job.tasks, done=len(store.done) if not store.merged else job.tasks)
        return store
    if any(path.name != LOCK for path in folder.iterdir()):
        what, remedy = "the folder holds something else", "choose another --out"
        raise InputError([Problem(str(folder), what, remedy)])
    (folder / PARTS / RUNS).mkdir(parents=True, exist_ok=True)
    write_with(folder / POINTS, lambda path: write_parquet(path, job.points, {"experiment": stamp}))
    if text:
        write_text(folder / COPY, text)
    facts = {"format": FORMAT, "command": "sweep", "experiment": job.name, "tasks": job.tasks, "runs": job.runs}
    write_text(manifest, json.dumps({**facts, "stamp": stamp, "identity": job.identity}, indent=2) + "\n")
    store = Store(folder, stamp, {}, False)
    store.tell("started", tasks=job.tasks, runs=job.runs)
    return store


def _whole_tasks(folder: Path, stamp: str, job: Job) -> Iterator[tuple[int, dict[str, int]]]:
    there = {path.stem for path in (folder / PARTS / RUNS).glob("*.parquet")}
    tables = [path.name for path in (folder / PARTS).iterdir() if path.name != RUNS]
    for task in range(job.tasks):
        if f"{task:07d}" in there:
            rows = done_task(folder, stamp, task, {*tables, FAILURES})
            if rows is not None:
                yield task, rows


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a sweep.

    Raises:
        InputError: there is none, or it is none.
    """
    path = folder / MANIFEST
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError([Problem(str(folder), "no folder of a sweep", "give the folder of `simsec sweep`")]) from None
    if found.get("command") != "sweep":
        raise InputError([Problem(str(folder), "no folder of a sweep", "give the folder of `simsec sweep`")])
    if found.get("format") != FORMAT:
        value = str(found.get("format"))
        raise InputError([Problem(str(path), "unknown format", "update simsec", 0, "format", value, str(FORMAT))])
    return found


def _same_experiment(manifest: Path, job: Job) -> None:
    """Refuse to mix two experiments in one folder, and say what differs."""
    before = read_manifest(manifest.parent)["identity"]
    now = json.loads(json.dumps(job.identity))
    if before == now:
        return
    remedy = "resume with what it was started with, or choose another --out"
    raise InputError(
        Problem(str(manifest.parent), "the sweep in this folder is another experiment", remedy, 0, path, there, here)
        for path, there, here in differences(before, now)
    )


def differences(before: Any, now: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Where two documents differ: path, what stood there, what stands there now.

    Example:
        >>> list(differences({"seed": 1, "days": {"a": 2}}, {"seed": 1, "days": {"a": 3}}))
        [('days.a', '2', '3')]
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            yield from differences(before.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (first, second) in enumerate(zip(before, now, strict=True)):
            yield from differences(first, second, f"{path}.{number}")
    elif before != now:
        yield path, json.dumps(before), json.dumps(now)


def compact(folder: Path) -> dict[str, int]:
    """Merge the parts of a finished sweep into one file a table, in the order of the tasks.

    Interrupted at any moment it loses nothing: parts go when every merged file is whole and said to be.

    Returns:
        Rows of each table; nothing when it was done before.

    Raises:
        InputError: no sweep, or one that is not finished.
        RunError: the folder cannot be written, or a part is torn.
    """
    manifest = read_manifest(folder)
    if (folder / MERGED).exists():
        shutil.rmtree(folder / PARTS, ignore_errors=True)
        return {}
    paths = sorted((folder / PARTS / RUNS).glob("*.parquet"))
    if len(paths) < manifest["tasks"]:
        what = say("{done} of {tasks} tasks are done", done=len(paths), tasks=manifest["tasks"])
        raise InputError([Problem(str(folder), what, "go on with `simsec sweep --resume` first")])
    rows: dict[str, int] = {}
    for table in sorted((folder / PARTS).iterdir()):
        files = sorted(table.glob("*.parquet"))
        if files:
            write_with(folder / f"{table.name}.parquet", partial(_merge, files=files, stamp=manifest["stamp"]))
            rows[table.name] = pq.read_metadata(folder / f"{table.name}.parquet").num_rows
    write_text(folder / MERGED, json.dumps(rows) + "\n")
    shutil.rmtree(folder / PARTS, ignore_errors=True)
    return rows


def _merge(to: Path, files: list[Path], stamp: str) -> None:
    schema = pq.read_schema(files[0]).with_metadata({"experiment": stamp})
    with pq.ParquetWriter(to, schema, compression="zstd", write_page_checksum=True) as writer:
        kept: list[pa.Table] = []
        for number, path in enumerate(files, start=1):
            found = read_part(path)
            if found is None:
                raise RunError(say("{path}: the file is torn; go on with `simsec sweep --resume`", path=path))
            kept.append(found.replace_schema_metadata(schema.metadata))
            if sum(table.num_rows for table in kept) >= ROW_GROUP or number == len(files):
                writer.write_table(pa.concat_tables(kept), row_group_size=ROW_GROUP)
                kept = []


def free_name(parent: Path, name: str) -> Path:
    """A folder name that is not taken: a number is added when it is.

    Example:
        >>> free_name(Path("runs-that-are-not-there"), "friction").name
        'friction'
    """
    number, path = 1, parent / name
    while path.exists():
        number += 1
        path = parent / f"{name}-{number}"
    return path


def left_off(parent: Path, job: Job) -> Path:
    """The folder in which a job was left off, the last one where there are several.

    Raises:
        InputError: none holds this very experiment.
    """
    stamp, found = stamp_of(job.identity), []
    for manifest in parent.glob(f"{job.name}*/{MANIFEST}"):
        try:
            same = json.loads(manifest.read_text(encoding="utf-8")).get("stamp") == stamp
        except (OSError, ValueError, AttributeError):
            continue  # of something else
        if same:
            found.append((manifest.stat().st_mtime_ns, manifest.parent))
    if not found:
        what, remedy = "no sweep of this very experiment was left off here", "give its folder: --out"
        raise InputError([Problem(str(parent), what, remedy)])
    return max(found)[1]


def make_folder(folder: Path) -> None:
    """Make the folder of a sweep, readable by its owner only where the system has file modes.

    Raises:
        RunError: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.listdir(folder)
    except OSError as error:
        template = "{path}: cannot make a run folder ({why}). Choose another --out."
        raise RunError(say(template, path=folder, why=system_words(error))) from error
