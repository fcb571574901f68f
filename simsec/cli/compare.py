"""``simsec compare``: two plans on the very same days, who gains and who loses."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simsec.cli.common import DayType, Language, command_line, exit_codes, print_json, progress_bars, texts_of
from simsec.cli.policies import AllowCode, PolicyName, area_with_policy, policy_facts, with_policy

if TYPE_CHECKING:
    from simsec.locale import Texts
    from simsec.report.comparing import Compared

NAMED = "A plan folder, announced, best-doctrine or a block size such as 2:8."


def compare(
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario folders.", metavar="SCENARIO...")],
    plan: Annotated[list[str], typer.Option(help=f"Given twice, or once for every scenario's own. {NAMED}")],
    days: Annotated[int, typer.Option(min=2, help="Days of every type.")] = 100,
    day_type: Annotated[DayType | None, typer.Option(help="Only days of this type.")] = None,
    budget: Annotated[
        list[str] | None, typer.Option(help="Another strength: police=600 or police=-10%; also reserve, army, linmas.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Of the days.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
    policy: PolicyName = None,
    allow_code: AllowCode = False,
    move: Annotated[
        list[str] | None,
        typer.Option(help="Upon the second plan: OFFICERS:FROM:TO, codes of posts; with it one --plan will do."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for compare.html, compare.json and a moved plan.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language; the scenario's own by default.")] = None,
) -> None:
    """Compare two plans, paired by day: by responders, type of day, sub-district and village."""
    with exit_codes(lang, scenarios[0]):
        from simsec.analysis.replications import day_keys
        from simsec.analysis.workers import default_workers, open_workers
        from simsec.base.errors import InputError, Problem, say
        from simsec.optimization.budget import with_budget
        from simsec.optimization.by_hand import moved
        from simsec.optimization.named import named_plan
        from simsec.plan.doctrine import refuse_general
        from simsec.report.comparing import compare_json, compare_plans
        from simsec.scenario import read_scenario
        from simsec.scenario.schema import DAY_TYPES

        plan = [*plan, *plan] if move and len(plan) == 1 else plan
        if len(plan) != 2:
            what, value = "two plans are compared", str(len(plan))
            raise InputError([Problem("--plan", what, "give --plan twice", value=value, bound=say("exactly 2"))])
        areas = [read_scenario(folder) for folder in scenarios]
        for area in areas:
            refuse_general(area)
        areas = [with_budget(area, budget or []).given(day_type or "") for area in areas]
        areas = [area_with_policy(area, policy, allow_code) for area in areas]
        texts = texts_of(areas[0], lang)
        keys = day_keys(dict.fromkeys((day_type,) if day_type else DAY_TYPES, days), (seed,))
        found: list[Compared] = []
        with open_workers(workers or default_workers()) as pool, progress_bars(not json) as bar:
            for area in areas:
                told_of = bar(texts.t("cli.doctrine"))
                named = (named_plan(area, word, pool, seed=seed, progress=told_of) for word in plan)
                first, second = (with_policy(area, one, policy, allow_code) for one in named)
                second = moved(area, second, move or ())
                progress = bar(f"{texts.t('cli.comparing')}: {area.settings.name}")
                found.append(compare_plans(area, first, second, keys, pool, progress=progress))
        told = [compare_json(one) | {"policies": [policy_facts(plan) for plan in one.plans]} for one in found]
        if out is not None:
            told_options = {"days": days, "day_type": day_type, "seed": seed, "lang": lang and lang.value}
            told_options |= {"policy": policy, "allow_code": allow_code}
            command = command_line("compare", scenarios[0], **told_options)
            given = {"plan": plan, "budget": budget or [], "move": move or []}
            asked = [word for name, words in given.items() for one in words for word in (f"--{name}", one)]
            command = f"{command} {shlex.join([*map(str, scenarios[1:]), *asked])}"
            _write(out, found, told, command, seed, texts, bool(move))
        if json:
            print_json(told)
            return
        for one in found:
            _show(one, texts)
        if out is not None:
            typer.echo(texts.t("cli.wrote", path=str(out)))


def _write(
    out: Path,
    found: list[Compared],
    told: list[dict[str, object]],
    command: str,
    seed: int,
    texts: Texts,
    moved: bool,
) -> None:
    """The page and the same in figures, for the owner only."""
    from simsec.base.files import write_text
    from simsec.plan.files import write_plan
    from simsec.report.comparing import compare_page
    from simsec.report.maps import change_figure
    from simsec.report.page import ReportMeta
    from simsec.report.style import png
    from simsec.results.run_folder import citation, json_text, versions

    own = dict.fromkeys((plan.policy.name, plan.code) for one in found for plan in one.plans if plan.code)
    cite = "; ".join(citation(one.scenario.hash, (seed,)) for one in found)
    cite += "".join(f", policy {name} {code}" for name, code in own)
    meta = ReportMeta(citation=cite, versions=versions(), command=command, seeds=(seed,), seconds=0.0)
    pictures = [png(change_figure(one.scenario, one.plans, one.minutes, texts)) for one in found]
    for one in found if moved else ():
        write_plan(out / f"plan-{one.scenario.settings.name}", one.plans[1], one.scenario)
    write_text(out / "compare.html", compare_page(found, pictures, meta, texts), private=True)
    write_text(out / "compare.json", json_text(told) + "\n", private=True)


def _show(one: Compared, texts: Texts) -> None:
    """Lines and tables on a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from simsec.report.comparing import compare_lines, gain_table, sector_table
    from simsec.report.doubts import footnotes

    typer.echo(one.scenario.settings.title.of(texts.language))
    for line in compare_lines(one, texts):
        typer.echo(line)
    tables = (gain_table(one, texts), sector_table(one, texts))
    for found in tables:
        table = Table()
        for place, name in enumerate(found.head):
            table.add_column(Text(name), justify="left" if place in found.words else "right")
        for row in found.rows:
            table.add_row(*(Text(cell) for cell in row.cells))
        Console().print(table)
    for line in footnotes(tables, texts):
        typer.echo(line)
