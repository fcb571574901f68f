"""``simsec check``: read a scenario, say what is in it and what its strength can staff."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simsec.cli.common import Language, exit_codes, print_json, texts_of


def check(
    scenario: Annotated[Path, typer.Argument(help="Scenario folder.")],
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language; the scenario's own by default.")] = None,
) -> None:
    """Check a scenario folder: every error at once, then what it holds and which patterns can be staffed."""
    with exit_codes(lang, scenario):
        from simsec.plan import ledger_of, pattern_rows
        from simsec.plan.ledger import READINGS
        from simsec.scenario import read_scenario

        area = read_scenario(scenario)
        rows, ledger = pattern_rows(area), ledger_of(area)
        feasible = next((row for row in rows if row.feasible), None)
        if json:
            print_json(
                {
                    "name": area.settings.name,
                    "hash": area.hash,
                    "stations": len(area.stations),
                    "villages": len(area.villages),
                    "subdistricts": len(area.villages.subdistrict_codes),
                    "registered_voters": int(area.stations.registered_voters.sum()),
                    "readings": {reading: ledger_of(area, reading).pairs for reading in READINGS},
                    "patterns": [
                        {
                            "tps_per_pair": row.tps_per_pair,
                            "police_regency": row.police_regency,
                            "police_inside_subdistricts": row.police_inside_subdistricts,
                            "available": row.available,
                            "feasible": row.feasible,
                        }
                        for row in rows
                    ],
                    "parameters": {path: value.model_dump() for path, value in area.parameters().items()},
                }
            )
            return
        t = texts_of(area, lang).t
        number = texts_of(area, lang).number
        typer.echo(
            t(
                "cli.check_holds",
                title=area.settings.title.of(lang.value if lang else area.settings.language),
                stations=number(len(area.stations), 0),
                villages=number(len(area.villages), 0),
                subdistricts=number(len(area.villages.subdistrict_codes), 0),
                voters=number(int(area.stations.registered_voters.sum()), 0),
            )
        )
        placeholders = sum(1 for located in area.posts.located.tolist() if not located)
        typer.echo(t("cli.check_placeholders", posts=number(placeholders, 0), all=number(len(area.posts), 0)))
        for row in (rows[0], feasible) if feasible and feasible is not rows[0] else (rows[0],):
            typer.echo(
                t(
                    "cli.check_pattern_yes" if row.feasible else "cli.check_pattern_no",
                    tps=row.tps_per_pair,
                    regency=number(row.police_regency, 0),
                    inside=number(row.police_inside_subdistricts, 0),
                    available=number(ledger.free, 0),
                )
            )
        if feasible is None:
            typer.echo(t("cli.check_none_feasible"))
        typer.echo(t("cli.check_good"))
