"""``simsec query``: ask the folder of a sweep in SQL."""

from __future__ import annotations

import csv
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from simsec.cli.common import Language, exit_codes, print_json

ROWS = 50


def query(
    run: Annotated[Path, typer.Argument(help="Folder of a sweep.")],
    sql: Annotated[str, typer.Argument(help="Such as: select * from summary; tables: runs, points, failures ...")],
    csv_out: Annotated[bool, typer.Option("--csv", help="All rows as CSV.")] = False,
    json: Annotated[bool, typer.Option("--json", help="All rows, for machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language of errors.")] = None,
) -> None:
    """Ask the tables of a sweep: runs, points, summary, failures, incidents where they were kept."""
    with exit_codes(lang):
        from simsec.experiments.answers import open_sweep

        with open_sweep(run) as answers:
            found = answers.table(sql)
        if json:
            print_json([{name: _plain(value) for name, value in row.items()} for row in found.to_pylist()])
            return
        if csv_out:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(found.column_names)
            writer.writerows(list(row.values()) for row in found.to_pylist())
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table()
        for name in found.column_names:
            table.add_column(Text(name), overflow="fold")
        for row in found.slice(0, ROWS).to_pylist():
            table.add_row(*(_cell(value) for value in row.values()))
        Console().print(table)
        if found.num_rows > ROWS:
            from simsec.locale import texts

            told = texts(lang.value if lang else "en")
            typer.echo(told.t("cli.query_more", shown=ROWS, rows=found.num_rows))


def _plain(value: object) -> object:
    """What JSON knows: DuckDB's sums of whole numbers come as decimals, its dates as dates."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
