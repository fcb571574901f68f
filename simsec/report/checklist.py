"""A filled-in checklist: its items with their tables, as Markdown and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from simsec.locale import Texts
from simsec.scenario.reading import Scenario

REFERENCE = "Monks et al. (2019), Journal of Simulation 13(1), 55-67, doi:10.1080/17477778.2018.1442155"
SECTIONS = ("objectives", "logic", "data", "experimentation", "implementation", "code")


@dataclass(frozen=True)
class TitledTable:
    """A table with its title; cells are written in the language of the reader."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Item:
    """An item of the checklist: number, title, paragraphs, tables."""

    number: str
    title: str
    text: tuple[str, ...]
    tables: tuple[TitledTable, ...] = field(default=())


def checklist_json(items: Sequence[Item]) -> dict[str, Any]:
    """The checklist for machines."""
    return {"checklist": "STRESS-DES", "reference": REFERENCE, "items": [asdict(item) for item in items]}


def checklist_markdown(scenario: Scenario, items: Sequence[Item], texts: Texts) -> str:
    """The checklist as Markdown.

    Args:
        scenario: named in the title.
        items: from :func:`checklist`.
        texts: the language.
    """
    lines = [f"# STRESS-DES: {scenario.settings.title.of(texts.language)}", "", texts.t("describe.by"), "", REFERENCE]
    for number, group in groupby(items, key=lambda item: item.number.partition(".")[0]):
        lines += ["", f"## {number}. {texts.t(f'describe.section.{SECTIONS[int(number) - 1]}')}"]
        for item in group:
            lines += ["", f"### {item.number} {item.title}"]
            for paragraph in item.text:
                lines += ["", paragraph]
            for table in item.tables:
                lines += ["", f"**{table.title}**", "", *markdown_lines(table)]
    return "\n".join(lines) + "\n"


def markdown_lines(table: TitledTable) -> list[str]:
    """A table as the lines of Markdown, its title left out."""

    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"

    return [row(table.head), "|" + "---|" * len(table.head), *map(row, table.rows)]
