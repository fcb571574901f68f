"""``simsec optimize``: a plan, a list of few changes, or the least strength; the proof of a plan is ``simsec plan``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from simsec.cli.common import (
    DayType,
    Language,
    command_line,
    days_of_search,
    errors_in_json,
    exit_codes,
    log,
    logged,
    print_json,
    progress_bars,
    texts_of,
)

if TYPE_CHECKING:
    from simsec.locale import Texts
    from simsec.plan import Plan
    from simsec.report.asked import Asked
    from simsec.report.tables import Table
    from simsec.scenario.reading import Scenario

Objective = Literal[
    "primary", "security", "medical", "logistics", "hazard", "equal-weights", "red-only", "tail"
]  # fmt: skip


def optimize(
    scenario: Annotated[Path, typer.Argument(help="Scenario folder.")],
    out: Annotated[Path, typer.Option(help="Where run folders are made.")] = Path("runs"),
    budget: Annotated[
        list[str] | None, typer.Option(help="Another strength: police=600 or police=-10%; also reserve, army, linmas.")
    ] = None,
    lock: Annotated[
        list[Path] | None, typer.Option(help="What is fixed: a plan folder (locked rows) or a CSV of posts.")
    ] = None,
    objective: Annotated[Objective, typer.Option(help="What candidates are chosen by.")] = "primary",
    day_type: Annotated[DayType | None, typer.Option(help="Only days of this type count.")] = None,
    from_plan: Annotated[
        str | None, typer.Option("--from", help="List changes from this plan: a folder, announced, best-doctrine.")
    ] = None,
    max_changes: Annotated[int, typer.Option(min=1, help="Moves on the list, with --from.")] = 8,
    least_strength: Annotated[
        bool, typer.Option("--least-strength", help="The least strength that keeps today's response.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Of all days.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
    solver: Annotated[Literal["highs", "cbc"], typer.Option(help="Solver of the models.")] = "highs",
    time_limit: Annotated[
        float | None, typer.Option(min=1, help="Seconds for the search of a plan; none by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language; the scenario's own by default.")] = None,
) -> None:
    """Look for a plan and write it; with --from, the few changes that bring most of the gain."""
    begun = time.monotonic()  # importing what follows takes a moment, which belongs to the time limit
    with exit_codes(lang, scenario), errors_in_json(json, lang, scenario):
        from simsec.analysis.workers import default_workers, open_workers
        from simsec.cli.plan import certificate_json
        from simsec.optimization.budget import with_budget
        from simsec.optimization.changes import few_changes
        from simsec.optimization.clock import Clock
        from simsec.optimization.locks import joined, read_locks
        from simsec.optimization.named import named_plan
        from simsec.optimization.search import search
        from simsec.optimization.strength import least_strength as least_levels
        from simsec.plan.doctrine import refuse_general
        from simsec.plan.feasibility import check_plan, explain_infeasible
        from simsec.plan.files import write_plan
        from simsec.report.asked import Asked
        from simsec.report.optimising import (
            asked_json,
            asked_lines,
            changes_json,
            changes_lines,
            changes_table,
            frontier_json,
            frontier_lines,
            frontier_table,
            search_json,
            search_lines,
        )
        from simsec.results.run_folder import whole_run_folder
        from simsec.scenario import read_scenario

        clock = Clock(time_limit, begun)
        read = read_scenario(scenario)
        area = with_budget(read, budget or []).given(day_type or "")
        refuse_general(area)
        explain_infeasible(area)
        texts = texts_of(area, lang)
        locks = joined([read_locks(path, area) for path in lock or []])
        options: dict[str, Any] = {"objective": objective, "day_type": day_type, "from": from_plan, "seed": seed}
        options |= {"solver": solver}
        options |= {"max_changes": max_changes if from_plan else None, "least_strength": least_strength}
        options |= {"time_limit": time_limit, "lang": lang and lang.value}
        command = command_line("optimize", scenario, **options)
        command += "".join(f" --budget {word}" for word in budget or [])
        command += "".join(f" --lock {path.as_posix()}" for path in lock or [])
        with (
            whole_run_folder(out, f"optimize-{area.settings.name}") as run,
            open_workers(workers or default_workers()) as pool,
            progress_bars(not json) as bar,
            logged(run.folder / "run.log"),
        ):
            log.info("%s: scenario %s", command, area.hash)
            facts: dict[str, Any] = {"scenario": area.settings.name, "scenario_hash": area.hash, "objective": objective}
            facts |= asked_json(read, area, locks)
            told: list[str | Table] = [*asked_lines(read, area, locks, texts)]

            def stage(key: str) -> Any:
                return bar(texts.t(f"cli.{key}"))

            given: Plan | None = None
            heads, asked = list(told), Asked()
            if from_plan is not None or least_strength:
                given = named_plan(area, from_plan or "announced", pool, seed=seed, progress=stage("doctrine"))
            if least_strength and given is not None:
                limit_s = 20.0 if time_limit is None else time_limit
                frontier = least_levels(
                    area,
                    given,
                    pool,
                    seed=seed,
                    solver=solver,
                    time_limit_s=limit_s,
                    aim=objective,
                    locks=locks,
                    progress=stage,
                )
                asked = Asked(frontier=frontier)
                facts["least_strength"] = frontier_json(area, frontier)
                told += [frontier_table(levels, texts) for levels in (frontier.police, frontier.reserve)]
                told += frontier_lines(area, frontier, texts)
            else:
                found = search(
                    area,
                    pool,
                    seed=seed,
                    solver=solver,
                    time_limit_s=60.0 if time_limit is None else time_limit,
                    aim=objective,
                    locks=locks,
                    clock=clock,
                    progress=stage,
                    **days_of_search(area),
                )
                plan, facts = found.chosen, facts | search_json(found) | {"certificate": certificate_json(found)}
                heads += search_lines(found, texts)
                told = list(heads)
                if given is not None:
                    must = (*locks.patrols, *locks.squads)
                    listed = few_changes(
                        area, given, plan, pool, seed=seed, most=max_changes, aim=objective, must=must, progress=stage
                    )
                    plan, asked = listed.plan, Asked(changes=listed)
                    facts |= {"from": given.name, "changes": changes_json(area, listed, texts)}
                    told += changes_lines(listed, texts)
                    told += [changes_table(area, listed, texts)] if listed.ranked else []
                check_plan(area, plan, plan.name)
                write_plan(run.folder / "plan", plan, area)
            if asked.changes or asked.frontier:
                _write(run.folder, area, [line for line in heads if isinstance(line, str)], asked, command, seed, texts)
            facts["seconds"] = round(time.monotonic() - begun, 1)
            run.complete(command, facts)
        if json:
            print_json({"folder": run.final, **facts})
            return
        for line in told:
            show(line)
        typer.echo(texts.t("cli.wrote", path=str(run.final)))


def _write(
    folder: Path, area: Scenario, said: list[str], asked: Asked, command: str, seed: int, texts: Texts
) -> None:
    """What was asked for, as a page and as a workbook; for the owner only."""
    from openpyxl import Workbook

    from simsec.base.files import write_text, write_with
    from simsec.report.asked import asked_page, asked_sheets
    from simsec.report.page import ReportMeta
    from simsec.results.run_folder import citation, versions

    meta = ReportMeta(citation(area.hash, (seed,)), versions(), command, (seed,), 0.0)
    name = "changes" if asked.changes else "least-strength"
    write_text(folder / f"{name}.html", asked_page(area, said, asked, meta, texts), private=True)
    book = Workbook()
    book.remove(book.worksheets[0])
    asked_sheets(book, area, asked, texts)
    write_with(folder / f"{name}.xlsx", book.save, private=True)


def show(line: str | Table) -> None:
    """A line, or a table on a terminal."""
    if isinstance(line, str):
        typer.echo(line)
        return
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    table = Drawn()
    for place, name in enumerate(line.head):
        table.add_column(Text(name), justify="left" if place in line.words else "right")
    for row in line.rows:
        table.add_row(*(Text(cell) for cell in row.cells))
    Console().print(table)
