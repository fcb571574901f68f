"""``simsec replay``: a recorded day through the engine, beside what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simsec.cli.common import Language, exit_codes, print_json, progress_bars, texts_of

if TYPE_CHECKING:
    from simsec.locale import Texts
    from simsec.results.replayed import Replayed
    from simsec.scenario.reading import Scenario


def replay(
    scenario: Annotated[Path, typer.Argument(help="Scenario folder.")],
    incidents: Annotated[Path, typer.Option(help="Incident log (CSV); see docs/formats/incident-log.md.")],
    plan: Annotated[Path | None, typer.Option(help="Plan folder; the announced doctrine by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the table, the sheet and a manifest here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language; the scenario's own by default.")] = None,
) -> None:
    """Play a recorded day under a plan, and see what it tells about friction and turn-out."""
    with exit_codes(lang, scenario):
        from simsec.base.files import write_text
        from simsec.plan import doctrine
        from simsec.plan.files import read_plan
        from simsec.report.calibration import replay_json, sheet_markdown
        from simsec.results.replayed import replay_log
        from simsec.results.run_folder import versions, write_manifest
        from simsec.scenario import read_scenario

        area = read_scenario(scenario)
        texts = texts_of(area, lang)
        decided = read_plan(plan, area) if plan else doctrine(area)
        hashes = {"scenario_hash": area.hash, "plan_hash": decided.hash}
        made = f"simsec {versions()['simsec']}, scenario {area.hash}, plan {decided.hash}"
        cite = f"{made}, log {incidents.name}"
        with progress_bars(not json) as bars:

            def bar(name: str) -> Callable[[int, int], None]:
                return bars(texts.t(f"cli.replay_{name}"))

            made_by = {"marking": texts.t("marking_long"), "cite": cite} | hashes | versions()
            found = replay_log(area, decided, incidents, out, made_by, bar)
        hashes["log_hash"] = hash_of(incidents)
        tables = {"tables": {path.name: hash_of(path) for path in found.files}}
        facts = replay_json(area, found, incidents.name) | {"plan": decided.name, "cite": cite} | tables | hashes
        if out is not None:
            sheet = sheet_markdown(area, found, incidents.name, decided.name, cite, texts)
            write_text(out / "calibration.md", sheet, private=True)
            write_manifest(out, "replay", facts)
        if json:
            print_json(facts)
            return
        show(area, found, incidents.name, decided.name, texts)
        if out is not None:
            typer.echo(texts.t("cli.wrote", path=str(out)))


def hash_of(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:16]


def show(area: Scenario, found: Replayed, log_name: str, plan: str, texts: Texts) -> None:
    """The sheet for people on a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from simsec.analysis.calibration import proposed_toml
    from simsec.report.calibration import said_of_log, sheet_tables, sheet_words

    console = Console()
    for sentence in (*said_of_log(found, log_name, plan, texts), *sheet_words(area, found, texts)):
        typer.echo(sentence)
    for words in sheet_tables(area, found, texts):
        table = Table(title=Text(words.title))
        for place, heading in enumerate(words.head):
            table.add_column(Text(heading), justify="right" if place else "left", overflow="fold")
        for row in words.rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
    proposed = proposed_toml(area, found.calibration, log_name)
    if proposed:
        typer.echo(f"{texts.t('replay.proposed')}\n\n{proposed}", nl=False)
