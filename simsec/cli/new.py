"""``simsec new``: a scenario folder from a village table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from simsec.cli.common import Language, exit_codes, print_json, texts_of


def new(
    villages: Annotated[Path, typer.Option(help="CSV of villages: code, name, sub-district, lat, lon, ...")],
    posts: Annotated[Path, typer.Option(help="CSV of posts: name, type, lat, lon, ...")],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    name: Annotated[str, typer.Option(help="Short name: lower case, digits, hyphens.")],
    date: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Polling day.")],
    title: Annotated[str, typer.Option(help="Name of the area as people read it.")] = "",
    election: Annotated[Literal["pilkada", "pemilu"], typer.Option(help="Which defaults.")] = "pilkada",
    stations: Annotated[int | None, typer.Option(help="Number of TPS; else the sum of station_weight.")] = None,
    voters: Annotated[int | None, typer.Option(help="Registered voters.")] = None,
    police: Annotated[int | None, typer.Option(help="Announced police.")] = None,
    army: Annotated[int | None, typer.Option(help="Announced soldiers.")] = None,
    linmas: Annotated[int | None, typer.Option(help="Linmas; else two a station.")] = None,
    reserve: Annotated[int | None, typer.Option(help="Announced reserve at headquarters.")] = None,
    special: Annotated[Path | None, typer.Option(help="CSV of special and hard-to-reach sites.")] = None,
    roads: Annotated[Path | None, typer.Option(help="CSV of main roads.")] = None,
    utc_offset: Annotated[int, typer.Option(help="Minutes ahead of UTC; WIB is 420.")] = 420,
    seed: Annotated[int, typer.Option(min=0, help="Of synthetic coordinates and voters.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lang: Annotated[Language | None, typer.Option(help="Language.")] = None,
) -> None:
    """Make a scenario folder from a village table; what is not known is filled and marked as a placeholder."""
    with exit_codes(lang):
        from simsec.base.errors import InputError, Problem
        from simsec.scenario import generate, read_scenario

        problems: list[Problem] = []
        tables = {}
        for option, path, reader in (
            ("villages", villages, generate.read_villages),
            ("posts", posts, generate.read_posts),
            ("special", special, generate.read_special_sites),
            ("roads", roads, generate.read_main_roads),
        ):
            if path is None:
                continue
            try:
                tables[option] = reader(path)
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(problems)
        folder = generate.new_area(
            tables["villages"],
            tables["posts"],
            out=out,
            name=name,
            polling_date=date.date(),
            title=title,
            election_type=election,
            n_stations=stations,
            n_voters=voters,
            police=police,
            army=army,
            linmas=linmas,
            reserve=reserve,
            special=tables.get("special"),
            roads=tables.get("roads"),
            utc_offset_min=utc_offset,
            seed=seed,
        )
        area = read_scenario(folder)
        if json:
            print_json({"folder": folder, "stations": len(area.stations), "hash": area.hash})
            return
        texts = texts_of(area, lang)
        typer.echo(texts.t("cli.wrote", path=str(folder)))
        typer.echo(texts.t("cli.new_next", path=str(folder)))
