"""``simsec drill``: play a scripted drill and write its after-action sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simsec.cli.common import Language, exit_codes, print_json, texts_of

if TYPE_CHECKING:
    from simsec.drill.sheet import Words


def drill(
    scenario: Annotated[Path, typer.Argument(help="Scenario folder.")],
    script: Annotated[Path, typer.Option(help="Script of the drill (TOML).")],
    plan: Annotated[Path | None, typer.Option(help="Plan folder; the announced doctrine by default.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31, help="Another day than the script's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the sheet (CSV, HTML) and the session here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language; the scenario's own by default.")] = None,
) -> None:
    """Play a scripted drill: injects, the room's orders in branches, and the same day under the doctrine."""
    with exit_codes(lang, scenario):
        from simsec.drill.after_action import after_action
        from simsec.drill.files import read_script, write_session
        from simsec.drill.sheet import machine, subtitle, tables, write_sheet
        from simsec.plan import doctrine
        from simsec.plan.files import read_plan
        from simsec.scenario import read_scenario

        area = read_scenario(scenario)
        texts = texts_of(area, lang)
        decided = read_plan(plan, area) if plan else doctrine(area)
        read, session = read_script(script, area, decided, seed)
        sheet, title = after_action(session), read.title.of(texts.language)
        if out is not None:
            write_sheet(out, sheet, title, texts)
            write_session(out / "session.json", session)
        if json:
            print_json({"title": title, **machine(sheet)})
            return
        _print(tables(sheet, texts), f"{texts.t('marking_long')}\n{title}\n{subtitle(sheet, texts)}")
        typer.echo(texts.t("drill.note"))
        if out is not None:
            typer.echo(texts.t("cli.wrote", path=str(out)))


def _print(sheet: Sequence[Words], heading: str) -> None:
    """The tables for people; each inject is a line with a table of its own, to have room on a narrow terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(heading))
    for number, words in enumerate(sheet):
        console.print(Text(f"\n{words.title}", style="bold"))
        ahead = 2 if number == 0 else 0  # time and inject stand in the first row of each
        table: Table | None = None
        for row in words.rows:
            if table is None or (ahead and row[0]):
                if table is not None:
                    console.print(table)
                if ahead:
                    console.print(Text("  ".join(row[:ahead])))
                table = Table()
                for name in words.headings[ahead:]:
                    table.add_column(Text(name), overflow="fold")
            table.add_row(*(Text(cell) for cell in row[ahead:]))
        if table is not None:
            console.print(table)
