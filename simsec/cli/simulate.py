"""``simsec simulate``: play many days under one plan and summarise them."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simsec.base.errors import InputError, Problem
from simsec.cli.common import (
    Language,
    command_line,
    estimate_json,
    exit_codes,
    print_json,
    progress_bars,
    texts_of,
)
from simsec.cli.policies import AllowCode, PolicyName, with_policy

if TYPE_CHECKING:
    from simsec.analysis.intervals import Estimate
    from simsec.analysis.replications import Replications
    from simsec.analysis.sequential import Stopped, Stopping
    from simsec.locale import Texts
    from simsec.plan import Plan
    from simsec.report.checklist import Item
    from simsec.scenario.reading import Scenario

DAYS = 50  # of every type, unless asked otherwise
TABLES = ("days.parquet", "incidents.parquet", "units.parquet", "breakdown.parquet")
OWN_FILES = (*TABLES, "events.parquet", "describe.md")  # of a result folder, beside the manifest


def simulate(
    scenario: Annotated[Path, typer.Argument(help="Scenario folder.")],
    plan: Annotated[Path | None, typer.Option(help="Plan folder; the announced doctrine by default.")] = None,
    policy: PolicyName = None,
    allow_code: AllowCode = False,
    days: Annotated[int | None, typer.Option(min=2, help=f"Days of every type; {DAYS} by default.")] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="Instead of --days: go on until weighted police minutes are known this well, such as 2%."),
    ] = None,
    day_limit: Annotated[int, typer.Option(min=1, help="Most days that --precision may take.")] = 10_000,
    day_type: Annotated[str | None, typer.Option(help="Only this type: ordinary, heavy_rain, rumour, severe.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Seed of the days.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Measures by: family, kind, level, class, village, subdistrict, rayon, hour, unit."),
    ] = None,
    voters: Annotated[bool, typer.Option(help="Also serve the voters of every station.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write result tables (Parquet) into this folder.")] = None,
    trace: Annotated[bool, typer.Option("--trace", help="Also write every event, with --out.")] = False,
    export_log: Annotated[Path | None, typer.Option(help="Also write the first day as an incident log (CSV).")] = None,
    describe: Annotated[
        bool,
        typer.Option("--describe", help="Fill in the STRESS-DES checklist: alone, or with --out beside the tables."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language; the scenario's own by default.")] = None,
) -> None:
    """Play many days under one plan and summarise them; minutes come with their intervals."""
    with exit_codes(lang, scenario):
        from simsec.analysis.replications import day_keys, replicate_plans
        from simsec.analysis.sequential import Stopping, replicate_until
        from simsec.analysis.workers import default_workers, open_workers
        from simsec.base.files import write_text
        from simsec.cli.measures import measures_json, parse_by, print_measures
        from simsec.day.sampling import day_type_problems
        from simsec.plan import doctrine
        from simsec.plan.files import read_plan
        from simsec.results.run_folder import citation, refuse_another_run, remove_files, versions, write_manifest
        from simsec.scenario import read_scenario
        from simsec.scenario.schema import DAY_TYPES

        area = read_scenario(scenario)
        texts = texts_of(area, lang)
        decided = read_plan(plan, area) if plan else doctrine(area)
        decided = with_policy(area, decided, policy, allow_code)
        asked = parse_by(by)
        if precision is not None and days is not None:
            raise InputError([Problem("--precision", "not together with --days", "give one of them")])
        if trace and out is None:
            raise InputError([Problem("--trace", "needs a folder to write its table into", "add --out FOLDER")])
        if day_type and (wrong := day_type_problems(area, day_type)):
            raise InputError(wrong)
        if out is not None:
            refuse_another_run(out, "simulate")
        rule = None if precision is None else Stopping(parse_precision(precision), day_limit)
        probability = area.day_type_probability
        names = (day_type,) if day_type else tuple(name for name in DAY_TYPES if probability[name] > 0)
        processes = workers or default_workers()

        command = command_line(
            "simulate",
            scenario,
            plan=plan,
            policy=policy,
            allow_code=allow_code,
            days=None if precision else days or DAYS,
            precision=precision,
            day_limit=day_limit if precision else None,
            day_type=day_type,
            seed=seed,
            by=by,
            voters=voters,
        )

        def described(days_of: dict[str, int], seconds: float | None) -> tuple[Item, ...]:
            return filled_in(area, decided, texts, days_of, seed, processes, voters, command, rule, seconds)

        if describe and out is None:
            from simsec.report.checklist import checklist_json, checklist_markdown

            items = described(dict.fromkeys(names, days or DAYS), None)
            if json:
                print_json(checklist_json(items))
            else:
                typer.echo(checklist_markdown(area, items, texts), nl=False)
            return
        stopped: Stopped | None = None
        begun = time.monotonic()
        with (
            parts_folder(out if trace else None) as parts,
            open_workers(processes) as pool,
            progress_bars(not json) as bar,
        ):
            progress = bar(texts.t("cli.days"))
            if rule:
                runs, stopped = replicate_until(
                    area,
                    decided,
                    rule,
                    pool,
                    seed=seed,
                    day_types=names,
                    voters=voters,
                    missions=True,
                    trace=parts,
                    waits=voters,
                    progress=progress,
                )
            else:
                keys = day_keys(dict.fromkeys(names, days or DAYS), (seed,))
                runs = replicate_plans(
                    area,
                    [decided],
                    keys,
                    pool,
                    voters=voters,
                    missions=True,
                    trace=parts,
                    waits=voters,
                    progress=progress,
                )[0]
            seconds = time.monotonic() - begun
            if out is not None:
                remove_files(out, OWN_FILES)  # an older run leaves nothing beside this one
                write_results(out, area, decided, runs, seed, parts, asked)
        summary = summarise(area, runs, seed) | {
            "plan_hash": decided.hash,
            **({"policy": {"name": decided.policy.name, "source_hash": decided.code}} if decided.code else {}),
            "versions": versions(),
            "cite": citation(area.hash, (seed,), decided.policy.name, decided.code),
        }
        if json:
            summary["measures"] = measures_json(area, runs, asked)
        if stopped:
            summary["precision"] = precision_json(stopped)
        if out is not None:
            if describe:
                from simsec.report.checklist import checklist_markdown

                items = described(dict(Counter(key.day_type for key in runs.keys)), seconds)
                write_text(out / "describe.md", checklist_markdown(area, items, texts), private=True)
            files = [name for name in OWN_FILES if (out / name).exists()]
            write_manifest(out, command, {**summary, "files": files})
        if export_log is not None:
            from simsec.day import sample_day
            from simsec.day.log import write_log

            first = runs.keys[0]
            write_log(export_log, area, sample_day(area, first.seed, first.replication, first.day_type))
        if json:
            print_json(summary)
            return
        _print_table(area, runs, texts)
        if area.general is None:
            _print_access(area, runs, texts)
        print_measures(area, runs, asked, texts)
        if stopped and rule:
            key = "cli.precision_reached" if stopped.reached else "cli.precision_limit"
            typer.echo(
                texts.t(
                    key,
                    asked=texts.percent(rule.relative, 1),
                    got=texts.percent(stopped.relative, 1),
                    figure=texts.interval(stopped.estimate, 1),
                    days=texts.number(stopped.estimate.days, 0),
                    rounds=stopped.rounds,
                )
            )
        if export_log is not None:
            typer.echo(texts.t("cli.wrote_log", path=str(export_log)))
        if out is not None:
            typer.echo(texts.t("cli.wrote", path=str(out)))
            if trace:
                typer.echo(texts.t("cli.wrote_events", path=str(out / "events.parquet")))


@contextmanager
def parts_folder(out: Path | None) -> Iterator[Path | None]:
    """A hidden folder beside the tables for the events of single days; nothing is left of it."""
    if out is None:
        yield None
        return
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".events-", dir=out) as folder:
        yield Path(folder)


def write_results(
    out: Path, area: Scenario, decided: Plan, runs: Replications, seed: int, parts: Path | None, by: Sequence[str] = ()
) -> None:
    """Write the result tables of a run; ``parts`` holds the events of its days, where they were asked for.

    The table of measures tells villages only where ``by`` names them.
    """
    from simsec.analysis.breakdown import DIMENSIONS, OPEN
    from simsec.results.measured import breakdown_table, measured
    from simsec.results.run_folder import citation, versions
    from simsec.results.tables import days_table, incidents_table, units_table, write_events_table, write_table

    cite = citation(area.hash, (seed,), decided.policy.name, decided.code)
    made_by = {"cite": cite, "scenario_hash": area.hash, "plan_hash": decided.hash} | versions()
    write_table(out / "days.parquet", [days_table(runs)], made_by)
    write_table(out / "incidents.parquet", [incidents_table(area, runs)], made_by)
    write_table(out / "units.parquet", [units_table(area, decided, runs)], made_by)
    rows = measured(area, runs, [name for name in DIMENSIONS if name in (*OPEN, *by)])
    write_table(out / "breakdown.parquet", [breakdown_table(runs.plan_name, rows)], made_by)
    if parts is not None:
        write_events_table(out / "events.parquet", area, decided, runs, parts, made_by)


def filled_in(
    area: Scenario,
    decided: Plan,
    texts: Texts,
    days_of: dict[str, int],
    seed: int,
    processes: int,
    voters: bool,
    command: str,
    rule: Stopping | None,
    seconds: float | None,
) -> tuple[Item, ...]:
    """The STRESS-DES checklist of a run."""
    from simsec.analysis.workers import default_workers
    from simsec.report.describe import Settings, checklist
    from simsec.results.run_folder import citation, versions

    settings = Settings(
        plan=decided,
        seed=seed,
        days=days_of,
        workers=processes,
        cores=default_workers(),
        voters=voters,
        versions=versions(),
        cite=citation(area.hash, (seed,), decided.policy.name, decided.code),
        command=command,
        precision=rule.relative if rule else None,
        most_days=rule.most_days if rule else 0,
        seconds=seconds,
    )
    return checklist(area, settings, texts)


def parse_precision(text: str) -> float:
    """A percentage as a share; a comma may stand for the decimal point.

    Example:
        >>> parse_precision("2%"), parse_precision("2,5 %")
        (0.02, 0.025)
    """
    number = text.strip().removesuffix("%").strip().replace(",", ".")
    try:
        share = float(number) / 100 if "%" in text else float("nan")
    except ValueError:
        share = float("nan")
    if not 0 < share < 1:
        raise InputError(
            [
                Problem(
                    "--precision",
                    "must be a percentage above 0 and below 100",
                    "write it with the sign, such as 2%",
                    value=text,
                )
            ]
        )
    return share


def precision_json(stopped: Stopped) -> dict[str, Any]:
    """Why a run to a precision ended, for machines."""
    from simsec.scenario.schema import DAY_TYPES

    return {
        "measure": "security weighted_minutes",
        "estimate": estimate_json(stopped.estimate),
        "relative_half_width": stopped.relative,
        "reached": stopped.reached,
        "rounds": stopped.rounds,
        "days": {DAY_TYPES[number]: days for number, days in stopped.days.items()},
    }


def _types(runs: Replications) -> list[str]:
    return list(dict.fromkeys(key.day_type for key in runs.keys))


def summarise(area: Scenario, runs: Replications, seed: int) -> dict[str, Any]:
    """The figures of a run by day type and responder family, for machines."""
    from simsec.analysis.control import controlled_measure
    from simsec.analysis.measures import FAMILIES
    from simsec.analysis.replications import primary_measure, response_quantile

    controlled = {family: controlled_measure(area, runs, family, *_types(runs)) for family in FAMILIES}
    by_type: dict[str, Any] = {}
    for day_type in _types(runs):
        by_type[day_type] = {
            family: {
                "weighted_minutes": estimate_json(
                    primary_measure(area, runs.weighted[:, number], runs.stratum, family, day_type)
                ),
                "median_min": estimate_json(response_quantile(area, runs, 0.5, family, day_type)),
                "p90_min": estimate_json(response_quantile(area, runs, 0.9, family, day_type)),
            }
            for number, family in enumerate(FAMILIES)
        }
    return {
        **({} if area.general is not None else {"access": access_json(area, runs)}),
        "plan": runs.plan_name,
        "scenario": area.settings.name,
        "scenario_hash": area.hash,
        "seed": seed,
        "days": len(runs),
        "day_types": by_type,
        "weighted_minutes_controlled": {
            family: {"estimate": estimate_json(found.estimate), "variance_ratio": found.variance_ratio}
            for family, found in controlled.items()
        },
    }


def access_estimates(area: Scenario, runs: Replications) -> dict[str, dict[str, Estimate]]:
    """Closed stations, decisions of KPU and what voters lost, a day: scope -> figure; natural rates where they hold."""
    from simsec.analysis.access import daily_estimate
    from simsec.analysis.replications import strata

    played = _types(runs)
    every = all(name in played for name, probability in area.day_type_probability.items() if probability > 0)
    scopes: dict[str, tuple[str, ...]] = ({"natural": ()} if every else {}) | {name: (name,) for name in played}
    daily = {name: values for name, values in runs.access.daily.items() if not (values != values).any()}
    weights = {scope: strata(area, *types) for scope, types in scopes.items()}
    return {
        scope: {name: daily_estimate(name, values, runs.stratum, chances) for name, values in daily.items()}
        for scope, chances in weights.items()
    }


def access_json(area: Scenario, runs: Replications) -> dict[str, Any]:
    """The same for machines."""
    return {
        scope: {name: estimate_json(estimate) for name, estimate in figures.items()}
        for scope, figures in access_estimates(area, runs).items()
    }


def _print_access(area: Scenario, runs: Replications, texts: Any) -> None:
    """The same for people: a row a figure, a column a type of day."""
    from rich.console import Console
    from rich.table import Table

    t, found = texts.t, access_estimates(area, runs)
    table = Table(title=t("cli.access_title"))
    table.add_column("")
    for scope in found:
        table.add_column(t("table.natural") if scope == "natural" else t(f"day_type.{scope}"), justify="right")
    for name in next(iter(found.values())):
        cells = (texts.interval(figures[name], 1) for figures in found.values())
        table.add_row(t(f"measure.{name}"), *cells)
    Console().print(table)
    typer.echo(t("cli.access_note"))


def _print_table(area: Scenario, runs: Replications, texts: Any) -> None:
    """A table for people: a row a day type, police response first."""
    from rich.console import Console
    from rich.table import Table

    from simsec.analysis.intervals import Doubt
    from simsec.analysis.replications import primary_measure, response_quantile
    from simsec.report.wording import plan_name

    t = texts.t
    name = plan_name(runs.plan_name, texts)
    doubts = set()
    table = Table(title=t("cli.simulate_title", plan=name, days=texts.number(len(runs), 0)))
    for heading in ("day_type", "incidents", "median", "p90", "within_target", "measure"):
        table.add_column(t(f"cli.col_{heading}"), justify="left" if heading == "day_type" else "right")
    for day_type in _types(runs):
        inside = [row for row, key in enumerate(runs.keys) if key.day_type == day_type]
        count, within = runs.count[inside, 0].sum(), runs.within_target[inside, 0].sum()
        measure = primary_measure(area, runs.weighted[:, 0], runs.stratum, "security", day_type)
        half, most = (response_quantile(area, runs, q, "security", day_type) for q in (0.5, 0.9))
        doubts |= {estimate.doubt for estimate in (measure, half, most)}
        table.add_row(
            t(f"day_type.{day_type}"),
            texts.number(count / len(inside), 1),
            texts.interval(half, 1),
            texts.interval(most, 1),
            texts.percent(within / max(count, 1)),
            texts.interval(measure, 1),
        )
    Console().print(table)
    typer.echo(t("cli.simulate_note" if area.general is None else "cli.simulate_note_general"))
    for doubt in sorted(doubts - {Doubt.NONE}):
        typer.echo(t(f"cli.doubt_{doubt}"))
