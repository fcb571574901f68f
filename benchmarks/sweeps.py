"""What the runner of sweeps costs: ``python -m benchmarks.sweeps [--large] [--full]``.

``--large`` keeps a million runs and looks at the memory of the parent; ``--full`` plays 200 points x 100 days of
Kabupaten Semarang and compares the workers' CPU time with wall time x cores. On Linux it also tells how long they stood
in line behind other programs, so that the figure can be judged on a machine that is not idle.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from simsec.analysis.workers import default_workers
from simsec.experiments.answers import open_sweep
from simsec.experiments.job import FAILURES, RUNS, Job, Tables, failure_table
from simsec.experiments.playing import job_of
from simsec.experiments.pool import RespawningPool
from simsec.experiments.reading import read_experiment
from simsec.experiments.runner import open_executor, run_job
from simsec.experiments.store import compact

ROOT = Path(__file__).parents[1]
ROWS = 100  # runs a task
P90 = """select subdistrict, quantile_cont(waited_min, 0.9) from incidents
where family = 'security' and cell = 0 group by subdistrict"""
EXPERIMENT = """format = 1
name = "bench"
scenarios = ["{area}"]
days = {days}
seed = 1
{rest}
"""


def rows_of(rows: int, task: int) -> Tables:
    """A task that costs next to nothing."""
    cell = np.full(rows, task, dtype=np.int32)
    return {RUNS: pa.table({"cell": cell, "x": np.arange(rows) * 0.5}), FAILURES: failure_table([])}


def nobody(rows: int, task: int, message: str) -> pa.Table:
    """Failure rows, which nobody needs here."""
    return failure_table([])


def empty_job(tasks: int) -> Job:
    """A job of tasks that cost nothing but their keeping."""
    points = pa.table({"cell": pa.array(range(tasks), pa.int32())})
    return Job("bench", {"tasks": tasks}, tasks, tasks * ROWS, rows_of, nobody, ROWS, points)


def kept(tasks: int, workers: int) -> tuple[float, float]:
    """Wall milliseconds a run, and growth of the parent's memory in MB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory(prefix="simsec-") as folder, open_executor(workers) as executor:
        executor.submit(max, 1, 2).result()  # started
        begun = time.perf_counter()
        run_job(empty_job(tasks), Path(folder), executor, workers=workers)
        seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seconds * 1000 / tasks / ROWS, after - before


def p90_seconds(folder: Path) -> tuple[float, int]:
    """Seconds of the question for P90 by sub-district over 1,000 days, median of 7, and the incidents there are."""
    path = folder / "bench.toml"
    rest = 'incidents = true\nbatch = 100\n'
    days = "{ ordinary = 300, heavy_rain = 300, rumour = 100, severe = 300 }"
    path.write_text(EXPERIMENT.format(area=ROOT / "scenarios" / "kabupaten-semarang", days=days, rest=rest))
    with open_executor(default_workers()) as executor:
        run_job(job_of(read_experiment(path)), folder / "run", executor, workers=default_workers())
    compact(folder / "run")
    seconds = []
    for _ in range(7):
        begun = time.perf_counter()
        with open_sweep(folder / "run") as answers:
            answers.table(P90)
        seconds.append(time.perf_counter() - begun)
    with open_sweep(folder / "run") as answers:
        incidents = answers.table("select count(*) as n from incidents")["n"][0].as_py()
    return statistics.median(seconds), incidents


def accounted(pids: Sequence[int]) -> tuple[float, float] | None:
    """Seconds that processes computed, and that they stood in line for a core; None where the system does not say."""
    computed = queued = 0
    try:
        for pid in pids:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                on, line, _ = (thread / "schedstat").read_text().split()
                computed, queued = computed + int(on), queued + int(line)
    except OSError:
        return None
    return computed / 1e9, queued / 1e9


def full(folder: Path) -> None:
    """200 points x 100 days of Kabupaten Semarang: seconds, and the workers' share of the cores granted."""
    path = folder / "bench.toml"
    rest = '[design]\nkind = "latin_hypercube"\nsize = 200\n[[factors]]\npath = "travel.friction"\n'
    rest += '[[factors]]\npath = "calls.detection_min"\n[[factors]]\npath = "forces.reserve"\nrange = [40, 160]\n'
    days = "{ ordinary = 40, heavy_rain = 20, rumour = 20, severe = 20 }"
    path.write_text(EXPERIMENT.format(area=ROOT / "scenarios" / "kabupaten-semarang", days=days, rest=rest))
    workers = default_workers()
    with open_executor(workers) as executor:
        executor.submit(max, 1, 2).result()
        pids = executor.pids if isinstance(executor, RespawningPool) else []
        before = accounted(pids)
        done = run_job(job_of(read_experiment(path)), folder / "full", executor, workers=workers)
        after = accounted(pids)
    size = sum(at.stat().st_size for at in (folder / "full").rglob("*.parquet"))
    share, busy = done.cpu_s / done.seconds / workers, done.busy_s / done.seconds / workers
    print(f"200 points x 100 days: {done.runs} runs, {done.failures} failed, {done.seconds:.0f} s wall on {workers}")
    print(f"  workers had a task in {busy:.0%} of wall x cores, the processor in {share:.0%} ({done.cpu_s:.0f} s)")
    if before and after and pids:
        queued = after[1] - before[1]
        asleep = done.seconds * len(pids) - (after[0] - before[0]) - queued
        alone = done.cpu_s / (done.cpu_s + max(asleep, 0))
        print(f"  {queued:.0f} s in line behind other programs, {asleep:.1f} s asleep: {alone:.0%} on idle cores")
    print(f"  {size / done.runs:.0f} bytes a run, {done.cpu_s / done.runs * 1000:.1f} ms of CPU a run, points included")


def main() -> int:
    """Measure and print a line each."""
    late = 0
    measured = [
        ("overhead of the runner a run, in this process, ms", partial(kept, 300, 1), 1.0),
        ("overhead of the runner a run, two processes, ms", partial(kept, 300, 2), 1.0),
    ]
    for name, measure, limit in measured:
        value, _ = measure()
        late += value > limit
        print(f"{'ok  ' if value <= limit else 'LATE'} {name}: {value:.3g} (limit {limit:g})", flush=True)
    with tempfile.TemporaryDirectory(prefix="simsec-") as folder:
        seconds, incidents = p90_seconds(Path(folder))
        late += seconds > 0.2
        words = f"P90 by sub-district over 1,000 days, {incidents} incidents, s"
        print(f"{'ok  ' if seconds <= 0.2 else 'LATE'} {words}: {seconds:.3g} (limit 0.2)", flush=True)
        if "--full" in sys.argv:
            full(Path(folder))
    if "--large" in sys.argv:
        each, grown = kept(10_000, 2)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"10^6 runs kept: {each:.3g} ms a run, parent grew by {grown:.0f} MB to {peak:.0f} MB (limit 300)")
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
