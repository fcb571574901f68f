"""``simsec sweep``: play an experiment, or what is left of it."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simsec.cli.common import Language, command_line, exit_codes, print_json, texts_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from simsec.experiments.reading import Experiment
    from simsec.experiments.runner import Progress
    from simsec.locale import Texts

LINE_EVERY_S = 60.0


def sweep(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    out: Annotated[Path | None, typer.Option(help="Folder of the sweep; a new one under runs/ by default.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what the folder holds; without --out the last one under runs/.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, or local for one of its own.")] = None,
    compact: Annotated[bool, typer.Option("--compact", help="Merge the part files when all is done.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only say what it would play.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language; the first scenario's own by default.")] = None,
) -> None:
    """Play an experiment: every point of its design, resumable, each worker writing its own results."""
    with exit_codes(lang):
        from simsec.analysis.workers import default_workers
        from simsec.experiments.playing import job_of
        from simsec.experiments.reading import read_experiment
        from simsec.experiments.runner import run_job
        from simsec.experiments.store import compact as compact_folder
        from simsec.experiments.store import free_name, left_off

        read = read_experiment(experiment)
        texts = texts_of(read.scenarios[0], lang)
        job = job_of(read)
        if check:
            found = {"cells": read.cells, "plans": [plan.name for plan in read.plans], "tasks": job.tasks}
            found |= {"factors": [factor.name for factor in read.factors[0]], "runs": job.runs, "exact": job.sized}
            if json:
                print_json(found)
            else:
                key = "cli.sweep_size" if job.sized else "cli.sweep_size_most"
                typer.echo(texts.t(key, cells=read.cells, plans=len(read.plans), runs=job.runs))
            return
        runs = Path("runs")
        folder = out or (left_off(runs, job) if resume else free_name(runs, job.name))
        count = workers or default_workers()
        again = command_line("sweep", experiment, out=folder, resume=True, workers=workers, dask=dask, lang=lang)
        with goes_on(folder, again, texts), opened(count, dask) as (executor, width), told(texts, not json) as tell:
            if not json:
                typer.echo(texts.t("cli.sweep_into", path=str(folder)), err=True)
            done = run_job(job, folder, executor, workers=width, resume=resume, text=read.text, tell=tell)
        if compact:
            compact_folder(folder)
        page = write_page(folder, texts, names_of(read, texts))
        if json:
            print_json(
                {
                    "folder": str(folder), "runs": done.runs, "failures": done.failures, "tasks": done.tasks,
                    "seconds": done.seconds, "cpu_seconds": done.cpu_s,
                }
            )  # fmt: skip
            return
        if done.tasks or done.runs:
            typer.echo(texts.t("cli.sweep_done", runs=done.runs, failures=done.failures))
        typer.echo(texts.t("cli.wrote", path=str(page or folder)))


def names_of(read: Experiment, texts: Texts) -> dict[str, str]:
    """Factors that the experiment gives no name of their own, as people read them."""
    from simsec.report.labels import parameter_label

    scenario = read.scenarios[0]
    unnamed = [factor.path for factor in read.factors[0] if factor.path == factor.name]
    return {path: parameter_label(scenario, path, texts) for path in unnamed}


def write_page(folder: Path, texts: Texts, names: Mapping[str, str]) -> Path | None:
    """``results.html`` beside the tables; None where the sweep did not keep the police's minutes."""
    from simsec.base.files import write_text
    from simsec.experiments.answers import open_sweep
    from simsec.report.sweep_page import sweep_page

    with open_sweep(folder) as answers:
        columns = set(answers.table("select * from runs limit 0").column_names)
        if not {"security_weighted_min", "security_expected_weight"} <= columns:
            return None
        page = sweep_page(answers, texts, names)
    write_text(folder / "results.html", page)
    return folder / "results.html"


@contextmanager
def goes_on(folder: Path, command: str, texts: Texts) -> Iterator[None]:
    """When a sweep stops before its end, say how it goes on; not where another process is at it."""
    from simsec.base.errors import RunError
    from simsec.experiments.lock import Busy
    from simsec.experiments.store import MANIFEST

    try:
        yield
    except Busy:
        raise
    except (KeyboardInterrupt, RunError):
        if (folder / MANIFEST).exists():
            typer.echo(texts.t("cli.sweep_go_on", command=command), err=True)
        raise


@contextmanager
def opened(count: int, dask: str | None) -> Iterator[tuple[Executor, int]]:
    """The executor, and how many tasks it runs at a time."""
    if dask is not None:
        from simsec.experiments.cluster import dask_executor

        with dask_executor(dask, count) as found:
            yield found
        return
    from simsec.experiments.runner import open_executor

    with open_executor(count) as executor:
        yield executor, count


@contextmanager
def told(texts: Texts, show: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A bar with rate and remaining time on a terminal, else a line a minute on stderr."""
    if not show:
        yield None
        return
    if not sys.stderr.isatty():
        last = time.monotonic()

        def line(progress: Progress) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= LINE_EVERY_S or progress.tasks_done == progress.tasks:
                last = now
                typer.echo(said(progress, texts), err=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, TextColumn("{task.fields[said]}"), console=Console(stderr=True)) as bars:
        bar = bars.add_task(texts.t("cli.sweep_tasks"), total=None, said="")

        def show_bar(progress: Progress) -> None:
            text = said(progress, texts) if shutil.get_terminal_size().columns > 100 else ""
            bars.update(bar, completed=progress.tasks_done, total=progress.tasks, said=text)

        yield show_bar


def said(progress: Progress, texts: Texts) -> str:
    """How far it is, how fast, and how long it will still take at this rate."""
    fresh, left = progress.tasks_done - progress.tasks_before, progress.tasks - progress.tasks_done
    remaining = left * progress.seconds / fresh / 60 if fresh else float("nan")
    return texts.t(
        "cli.sweep_line",
        done=progress.tasks_done,
        tasks=progress.tasks,
        runs=progress.runs,
        failures=progress.failures,
        rate=texts.figure(progress.rate),
        left=texts.minutes(remaining),
    )
