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
        from simsec.optimization.budget import days_that_count, with_budget
        from simsec.optimization.clock import Clock
        from simsec.optimization.locks import joined, read_locks
        from simsec.optimization.named import named_plan
        from simsec.optimization.search import ACCEPTANCE, SELECTION, TRAINING, search
        from simsec.plan.doctrine import refuse_general
        from simsec.plan.feasibility import check_plan, explain_infeasible
        from simsec.plan.files import write_plan
        from simsec.report.optimising import asked_json, asked_lines, search_json, search_lines
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
            if from_plan is not None or least_strength:
                given = named_plan(area, from_plan or "announced", pool, seed=seed, progress=stage("doctrine"))
            if least_strength and given is not None:
                _frontier(area, given, pool, seed, solver, time_limit, locks, stage, texts, facts, told)
            else:
                counted: dict[str, Any] = {}
                if day_type:
                    days = {"training": TRAINING, "selection": SELECTION, "acceptance": ACCEPTANCE}
                    counted = {name: days_that_count(area, each) for name, each in days.items()}
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
                    **counted,
                )
                plan, facts = found.chosen, facts | search_json(found)
                told += search_lines(found, texts)
                if given is not None:
                    must = (*locks.patrols, *locks.squads)
                    wanted = (max_changes, must, objective)
                    plan = _few(area, given, plan, pool, seed, wanted, stage, texts, facts, told)
                check_plan(area, plan, plan.name)
                write_plan(run.folder / "plan", plan, area)
            facts["seconds"] = round(time.monotonic() - begun, 1)
            run.complete(command, facts)
        if json:
            print_json({"folder": run.final, **facts})
            return
        for line in told:
            show(line)
        typer.echo(texts.t("cli.wrote", path=str(run.final)))


def _few(
    area: Scenario,
    given: Plan,
    target: Plan,
    pool: Any,
    seed: int,
    wanted: tuple[int, tuple[str, ...], Objective],
    stage: Any,
    texts: Texts,
    facts: dict[str, Any],
    told: list[str | Table],
) -> Plan:
    """The few changes from a plan toward the one found; the plan with them."""
    from simsec.optimization.changes import few_changes
    from simsec.report.optimising import changes_json, changes_lines, changes_table

    most, must, objective = wanted
    found = few_changes(area, given, target, pool, seed=seed, most=most, aim=objective, must=must, progress=stage)
    facts |= {"from": given.name, "changes": changes_json(area, found, texts)}
    told += changes_lines(found, texts)
    if found.ranked:
        told.append(changes_table(area, found, texts))
    return found.plan


def _frontier(
    area: Scenario,
    today: Plan,
    pool: Any,
    seed: int,
    solver: Literal["highs", "cbc"],
    time_limit: float | None,
    locks: Any,
    stage: Any,
    texts: Texts,
    facts: dict[str, Any],
    told: list[str | Table],
) -> None:
    """The least strength that keeps the response of a plan, the announced one by default."""
    from simsec.optimization.strength import least_strength
    from simsec.report.optimising import frontier_json, frontier_lines, frontier_table

    limit_s = 20.0 if time_limit is None else time_limit
    found = least_strength(
        area, today, pool, seed=seed, solver=solver, time_limit_s=limit_s, locks=locks, progress=stage
    )
    facts["least_strength"] = frontier_json(area, found)
    told += [frontier_table(found.police, texts), frontier_table(found.reserve, texts)]
    told += frontier_lines(area, found, texts)


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
