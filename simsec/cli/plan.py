"""``simsec plan``: the main job, from a scenario folder to a plan judged on fresh days, a report and a workbook."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from simsec.cli.common import (
    DayType,
    Language,
    command_line,
    days_of_search,
    estimate_json,
    exit_codes,
    log,
    logged,
    print_json,
    progress_bars,
    texts_of,
)
from simsec.cli.policies import AllowCode, PolicyName, area_with_policy, policy_facts

if TYPE_CHECKING:
    from simsec.analysis.workers import Workers
    from simsec.locale import Texts
    from simsec.optimization.changes import Changes
    from simsec.optimization.judge import Judged
    from simsec.optimization.needs import Placed
    from simsec.optimization.reserve import Curve
    from simsec.optimization.search import Search
    from simsec.optimization.solving import SolverName
    from simsec.optimization.strength import Frontier
    from simsec.report.asked import Asked
    from simsec.scenario import Scenario


def plan(
    scenario: Annotated[Path, typer.Argument(help="Scenario folder.")],
    out: Annotated[Path, typer.Option(help="Where run folders are made.")] = Path("runs"),
    days: Annotated[int, typer.Option(min=20, help="Judging days of every type.")] = 201,
    world_days: Annotated[int, typer.Option(min=2, max=300, help="Days of a type in each assumption world.")] = 40,
    day_type: Annotated[
        DayType | None, typer.Option(help="Only days of this type count; the others are shown beside it.")
    ] = None,
    max_changes: Annotated[
        int | None, typer.Option(min=1, help="Also list so many moves from --from that bring most of the gain.")
    ] = None,
    from_plan: Annotated[
        str, typer.Option("--from", help="Where the moves of --max-changes start: a plan folder, announced, 2:8.")
    ] = "announced",
    least_strength: Annotated[
        bool, typer.Option("--least-strength", help="Also the least strength that keeps today's response.")
    ] = False,
    reserve_days: Annotated[
        int | None, typer.Option(min=4, help="Also curves over size and place of the reserve, on so many days a type.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**31, help="First of three judging seeds; also of other days and worlds.")
    ] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
    solver: Annotated[Literal["highs", "cbc"], typer.Option(help="Solver of the models.")] = "highs",
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds for each model; a safety net.")] = 60,
    policy: PolicyName = None,
    allow_code: AllowCode = False,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language; the scenario's own by default.")] = None,
) -> None:
    """Check, optimise, judge on fresh days; write the plan, a workbook, a report and a public summary."""
    with exit_codes(lang, scenario):
        from simsec.analysis.workers import default_workers, open_workers
        from simsec.optimization.budget import days_that_count
        from simsec.optimization.judge import judge
        from simsec.optimization.needs import placed_reserve
        from simsec.optimization.search import search
        from simsec.plan import doctrine_family
        from simsec.plan.feasibility import explain_infeasible
        from simsec.report.asked import Asked
        from simsec.report.doubts import gain_lines
        from simsec.report.labels import only_line
        from simsec.results.run_folder import whole_run_folder
        from simsec.scenario import read_scenario
        from simsec.scenario.schema import DAY_TYPES

        begun = time.monotonic()
        area = area_with_policy(read_scenario(scenario).given(day_type or ""), policy, allow_code)
        texts = texts_of(area, lang)
        if not doctrine_family(area):
            explain_infeasible(area)
        seeds = (seed, seed + 1, seed + 2)
        command = command_line(
            "plan",
            scenario,
            days=days,
            world_days=world_days,
            day_type=day_type,
            max_changes=max_changes,
            **{"from": from_plan if max_changes else None},
            least_strength=least_strength,
            reserve_days=reserve_days,
            seed=seed,
            solver=solver,
            time_limit=time_limit,
            policy=policy,
            allow_code=allow_code,
            lang=lang and lang.value,
        )
        every: dict[str, int] = {**dict.fromkeys(DAY_TYPES, world_days), "severe": 3 * world_days}
        days_of_world = days_that_count(area, every)
        with (
            whole_run_folder(out, f"plan-{area.settings.name}") as run,
            open_workers(workers or default_workers()) as pool,
            progress_bars(not json) as bar,
        ):
            with logged(run.folder / "run.log"):
                log.info("%s: scenario %s, judging seeds %s", command, area.hash, seeds)
                found = search(
                    area,
                    pool,
                    seed=seed,
                    solver=solver,
                    time_limit_s=time_limit,
                    progress=lambda key: bar(texts.t(f"cli.{key}")),
                    **days_of_search(area),
                )
                log.info(
                    "best doctrine %s; accepted %s on %s", found.best_doctrine.name, found.accepted, found.acceptance
                )
                judged = judge(
                    area,
                    found.announced,
                    found.best_doctrine,
                    found.chosen,
                    dict.fromkeys(DAY_TYPES, days),
                    days_of_world,
                    pool,
                    seeds=seeds,
                    progress=(bar(texts.t("cli.judging")), bar(texts.t("cli.worlds"))),
                )
                found = replace(
                    found,
                    placed=placed_reserve(
                        area,
                        found.chosen,
                        pool,
                        seed=seed,
                        solver=solver,
                        time_limit_s=time_limit,
                        progress=bar(texts.t("cli.certifying")),
                    ),
                )
                asked = Asked()
                if max_changes:
                    asked = replace(asked, changes=_few(area, from_plan, found, pool, seed, max_changes, bar, texts))
                if least_strength:
                    asked = replace(asked, frontier=_frontier(area, found, pool, seed, solver, time_limit, bar, texts))
                if reserve_days:
                    asked = replace(asked, curve=_curve(area, pool, seed, reserve_days, bar, texts))
                typer.echo(texts.t("cli.writing"), err=True)
                log.info(
                    "judged: gain %s over the best doctrine, %s worlds better",
                    judged.over_doctrine.gain,
                    judged.worlds.better,
                )
            seconds = time.monotonic() - begun
            facts = write_run(run.folder, judged, found, command, days_of_world, texts.language, seconds, asked)
            run.complete(command, facts)
        if json:
            print_json({"folder": run.final, **facts})
            return
        only = filter(None, [only_line(area, texts)])
        for line in (*only, *headline(judged, found, texts), *gain_lines(judged, texts)):
            typer.echo(line)
        typer.echo(texts.t("cli.wrote", path=str(run.final)))


def write_run(
    folder: Path,
    judged: Judged,
    found: Search,
    command: str,
    world_days: dict[str, int],
    language: str,
    seconds: float,
    asked: Asked | None = None,
) -> dict[str, Any]:
    """Write everything a run leaves behind; returns the facts for the manifest."""
    from simsec.optimization.aims import gain, tail_from
    from simsec.optimization.judge import tails
    from simsec.plan.files import write_plan
    from simsec.report import ReportMeta, write_report
    from simsec.results.measured import breakdown_table, measured
    from simsec.results.run_folder import citation, versions
    from simsec.results.tables import days_table, incidents_table, stations_table, units_table, write_table

    area = judged.scenario
    write_plan(folder / "plan", found.chosen, area)
    write_plan(folder / "plan-doctrine", found.best_doctrine, area)
    tables = folder / "results"
    cite = citation(area.hash, judged.seeds, found.chosen.policy.name, found.chosen.code)
    made_by = {"cite": cite, "scenario_hash": area.hash, "plan_hash": found.chosen.hash, **versions()}
    write_table(tables / "days.parquet", [days_table(runs) for runs in judged.runs], made_by)
    write_table(tables / "incidents.parquet", [incidents_table(area, runs) for runs in judged.runs], made_by)
    write_table(
        tables / "units.parquet",
        [units_table(area, p, runs) for p, runs in zip(judged.plans, judged.runs, strict=True)],
        made_by,
    )
    write_table(
        tables / "stations.parquet",
        [stations_table(area, runs, m) for runs, m in zip(judged.runs, judged.stations, strict=True)],
        made_by,
    )
    write_table(
        tables / "breakdown.parquet",
        [
            breakdown_table(p.name, measured(area, runs, stations=m))
            for p, runs, m in zip(judged.plans, judged.runs, judged.stations, strict=True)
        ],
        made_by,
    )
    facts = {
        "scenario": area.settings.name,
        "scenario_hash": area.hash,
        **({"day_type": area.only} if area.only else {}),
        "plan_hash": found.chosen.hash,
        "plan_hashes": dict(zip(("announced", "best_doctrine", "chosen"), (p.hash for p in judged.plans), strict=True)),
        "policy": policy_facts(found.chosen),
        "accepted": found.accepted,
        "seeds": list(judged.seeds),
        "days": len(judged.runs[0]),
        "training_days": found.training_days,
        "selection_days": found.selection_days,
        "acceptance_days": found.acceptance_days,
        "finalists": found.finalists,
        "final_days": found.final_days,
        "selection_procedure": found.choice.procedure,
        "selection_probability": found.choice.probability,
        "selection_regret": found.choice.regret,
        "gain_over_announced": estimate_json(judged.over_announced.gain),
        "gain_over_best_doctrine": estimate_json(judged.over_doctrine.gain),
        "gain_given_day_type": {name: estimate_json(gain) for name, gain in judged.over_doctrine.gain_by_type.items()},
        "tail_share": 1 - tail_from(area),
        "worst_tenth_of_days": dict(
            zip(("announced", "best_doctrine", "chosen"), map(estimate_json, tails(judged)), strict=True)
        ),
        "gain_in_worst_tenth_of_days": estimate_json(gain(area, judged.runs[1], judged.runs[2], "tail")),
        "refused": [
            {
                "plan": refusal.plan.name,
                "options": refusal.options,
                "stage": refusal.stage,
                "families": {guarded.family: estimate_json(guarded.loss) for guarded in refusal.guarded},
            }
            for refusal in found.refusals
        ],
        "certificate": certificate_json(found),
        "worlds": len(judged.worlds.gains),
        "world_days": world_days,
        "world_seed": judged.seeds[0],
        "better_in_worlds": judged.worlds.better,
        "models": [
            {
                "plan": c.plan.name,
                "options": c.options,
                "solver": c.solver,
                "objective": c.objective,
                "bound": c.bound,
                "gap": c.gap,
                "seconds": c.seconds,
                "time_limit_struck": c.time_limit_struck,
            }
            for c in found.candidates
            if c.origin == "model"
        ],
        "seconds": round(seconds, 1),
        "cite": cite,
    }
    meta = ReportMeta(
        citation=str(facts["cite"]),
        versions=versions(),
        command=command,
        seeds=judged.seeds,
        seconds=seconds,
    )
    write_report(folder, judged, found, meta, language, asked=asked)
    facts |= asked_facts(area, asked, language)
    return facts


def _few(
    area: Scenario, word: str, found: Search, pool: Workers, seed: int, most: int, bar: Any, texts: Texts
) -> Changes:
    """The few changes from a plan toward the one found."""
    from simsec.optimization.changes import few_changes
    from simsec.optimization.named import named_plan

    given = named_plan(area, word, pool, seed=seed, progress=bar(texts.t("cli.doctrine")))
    return few_changes(
        area, given, found.chosen, pool, seed=seed, most=most, progress=lambda key: bar(texts.t(f"cli.{key}"))
    )


def _frontier(
    area: Scenario, found: Search, pool: Workers, seed: int, solver: SolverName, limit_s: float, bar: Any, texts: Texts
) -> Frontier:
    """The least strength that keeps the response of the announced plan."""
    from simsec.optimization.strength import least_strength

    def stage(key: str) -> Any:
        return bar(texts.t(f"cli.{key}"))

    return least_strength(area, found.announced, pool, seed=seed, solver=solver, time_limit_s=limit_s, progress=stage)


def _curve(area: Scenario, pool: Workers, seed: int, days: int, bar: Any, texts: Texts) -> Curve:
    """What sizes and places of the reserve gain."""
    from simsec.optimization.reserve import reserve_curve

    return reserve_curve(area, pool, days=days, seed=seed, progress=lambda key: bar(texts.t(f"cli.{key}")))


def curve_json(curve: Curve) -> dict[str, Any]:
    """Sizes and places of the reserve in figures; no place is named."""
    return {
        "days": curve.days,
        "stands": [
            {
                "split": stand.split,
                "officers": stand.officers,
                "pairs": stand.pairs,
                "gain": {name: estimate_json(found) for name, found in stand.gain.items()},
                "containment": estimate_json(stand.containment),
                "drive_minutes_saved": dict(stand.expected),
            }
            for stand in curve.stands
        ],
    }


def asked_facts(area: Scenario, asked: Asked | None, language: str) -> dict[str, Any]:
    """What was asked for beside the plan, for machines."""
    from simsec.locale import texts
    from simsec.report.optimising import changes_json, frontier_json

    told: dict[str, Any] = {}
    if asked and asked.changes:
        told["changes"] = {"from": asked.changes.given.name, **changes_json(area, asked.changes, texts(language))}
    if asked and asked.frontier:
        told["least_strength"] = frontier_json(area, asked.frontier)
    if asked and asked.curve:
        told["reserve_curve"] = curve_json(asked.curve)
    return told


def certificate_json(found: Search) -> dict[str, Any]:
    """What is proven of the plan, part by part; where nothing is, why not."""
    from simsec.optimization.certificate import no_congestion_bound

    tried = found.chosen_candidate
    model = tried is not None and tried.origin == "model"
    bound = no_congestion_bound([[0.0]], [0.0], [0], units=1, moves=True)  # units are sent on from where they are
    return {
        "deployment_model": {"proven": model, "gap": tried.gap if tried is not None and model else None},
        "reserve": placed_json(found.placed),
        "no_congestion": {"proven": bound.proven, "reason": bound.reason},
        "best_of_the_models": {"probability": found.choice.probability, "procedure": found.choice.procedure},
    }


def placed_json(placed: Placed | None) -> dict[str, Any]:
    """The certificate of the squads' places in figures, minutes a day of the type."""
    if placed is None:
        return {"proven": False, "reason": "no sample of needs with an unlimited reserve was drawn in this run"}
    if placed.gap is None or not placed.proven:
        return {"proven": False, "reason": placed.reason}
    gap = placed.gap
    return {
        "proven": True,
        "gap": gap.upper,
        "share": gap.share,
        "level": gap.level,
        "mean": gap.mean,
        "cost": gap.candidate,
        "samples": gap.samples,
        "days": placed.days,
        "day_type": placed.day_type,
    }


def headline(judged: Judged, found: Search, texts: Any) -> list[str]:
    """The first lines for people: what was gained, how sure, in how many worlds."""
    from simsec.report import parameter_label
    from simsec.report.verdict import deciding
    from simsec.report.wording import plan_name

    gain, worlds = judged.over_doctrine.gain, judged.worlds
    low, high = worlds.span
    if not found.accepted:
        return [texts.t("cli.plan_not_accepted", doctrine=plan_name(found.best_doctrine.name, texts))]
    key = "cli.plan_better" if gain.low > 0 else "cli.plan_worse" if gain.high < 0 else "cli.plan_unsure"
    strongest = deciding(worlds)
    told = "cli.plan_worlds" if strongest.decides else "cli.plan_worlds_none"
    return [
        texts.t(key, gain=texts.interval(gain, 1), doctrine=plan_name(found.best_doctrine.name, texts)),
        texts.t(
            told,
            better=worlds.better,
            worlds=len(worlds.gains),
            low=texts.number(low, 1),
            high=texts.number(high, 1),
            figure=parameter_label(judged.scenario, strongest.path, texts) if strongest.decides else "",
        ),
    ]
