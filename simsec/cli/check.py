"""``simsec check``: read a scenario, say what is in it and what its strength can staff."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simsec.cli.common import Language, exit_codes, print_json, texts_of

if TYPE_CHECKING:
    from simsec.locale import Texts
    from simsec.scenario.reading import Scenario


def check(
    scenario: Annotated[Path, typer.Argument(help="Scenario folder.")],
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language; the scenario's own by default.")] = None,
) -> None:
    """Check a scenario folder: every error at once, then what it holds and which patterns can be staffed."""
    with exit_codes(lang, scenario):
        from simsec.geography.ground import ground_of
        from simsec.plan import ledger_of, pattern_rows
        from simsec.plan.ledger import READINGS
        from simsec.scenario import read_scenario
        from simsec.scenario.agencies import without_agency
        from simsec.scenario.climate import climate_of

        area = read_scenario(scenario)
        if area.general is not None:
            if json:
                print_json(general_facts(area))
            else:
                typer.echo(general_line(area, texts_of(area, lang)))
                typer.echo(texts_of(area, lang).t("cli.check_good"))
            return
        ground_of(area)  # refuses places without a way
        rows, ledger, climate = pattern_rows(area), ledger_of(area), climate_of(area)
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
                    "units_without_agency": without_agency(area.settings),
                    "climate": climate.station if climate else None,
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
        if climate:
            typer.echo(t("cli.check_climate", station=climate.station, years=number(climate.years, 0)))
        else:
            typer.echo(t("cli.check_no_climate"))
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
        if homeless := without_agency(area.settings):
            typer.echo(t("cli.check_homeless", units=texts_of(area, lang).joined(homeless)))
        if feasible is None:
            typer.echo(t("cli.check_none_feasible"))
        typer.echo(t("cli.check_good"))


def general_facts(area: Scenario) -> dict[str, Any]:
    """What a general scenario holds, for machines."""
    from simsec.day.rates import expected_reports

    settings = area.settings
    return {
        "name": settings.name,
        "hash": area.hash,
        "places": len(area.villages),
        "areas": len(area.villages.subdistrict_codes),
        "units": {
            unit.kind: sum(team.per_post for team in settings.teams if team.unit == unit.kind and team.enabled)
            for unit in settings.units
        },
        "expected_reports": dict(zip(settings.incidents, expected_reports(area).tolist(), strict=True)),
        "policy": settings.policy.model_dump(),
        "queue": settings.queue.model_dump(),
        "parameters": {path: value.model_dump() for path, value in area.parameters().items()},
    }


def general_line(area: Scenario, texts: Texts) -> str:
    """What a general scenario holds, for people."""
    facts = general_facts(area)
    return texts.t(
        "cli.check_general",
        title=area.settings.title.of(texts.language),
        places=texts.number(facts["places"], 0),
        areas=texts.number(facts["areas"], 0),
        units=texts.number(sum(facts["units"].values()), 0),
        kinds=texts.number(len(facts["units"]), 0),
        incidents=texts.number(len(area.settings.incidents), 0),
        reports=texts.number(sum(facts["expected_reports"].values()), 1),
        first=area.settings.clock.starts,
        last=area.settings.clock.ends,
    )
