"""What a run hands to people: report, public summary, Rakor sheet, workbook and figures."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from simsec.base.files import write_text, write_with
from simsec.locale import LANGUAGES, Texts, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report.area_map import area_figure
from simsec.report.asked import Asked, parts
from simsec.report.facts import OPTIMISED, sectors
from simsec.report.figures import (
    ledger_figure,
    pattern_figure,
    reserve_figure,
    response_figure,
    rhythm_figure,
    sector_figure,
    worlds_figure,
)
from simsec.report.labels import parameter_label
from simsec.report.maps import map_figure
from simsec.report.measured import hours_figure, places_figure
from simsec.report.page import ReportMeta, report_page
from simsec.report.rakor import rakor_page
from simsec.report.style import png
from simsec.report.summary import summary_figure, summary_page
from simsec.report.verdict import deciding
from simsec.report.workbook import workbook

__all__ = ["ReportMeta", "parameter_label", "report_figures", "write_report"]


def report_figures(judged: Judged, language: Texts) -> dict[str, Figure]:
    """All figures of the report, by name.

    Args:
        judged: three plans on the same fresh days.
        language: texts of the language they are drawn in.
    """
    return {
        "area": area_figure(judged.scenario, language),
        "map": map_figure(judged, language),
        "response": response_figure(judged, language),
        "sectors": sector_figure(judged, sectors(judged), language),
        "reserve": reserve_figure(judged, language),
        "rhythm": rhythm_figure(judged, language),
        "ledger": ledger_figure(judged, language),
        "worlds": worlds_figure(judged, deciding(judged.worlds), language),
        "pattern": pattern_figure(judged, language),
        "hours": hours_figure(judged, language),
        "places": places_figure(judged, language),
    }


def write_report(
    folder: Path,
    judged: Judged,
    search: Search,
    meta: ReportMeta,
    language: str | None = None,
    languages: tuple[str, ...] = LANGUAGES,
    asked: Asked | None = None,
) -> list[Path]:
    """Write report, public summary, Rakor sheet, figures and workbook into a run folder.

    Summary and Rakor sheet hold no positions and may be passed on; everything else is for the owner only.

    Args:
        folder: the run folder.
        judged: three plans on the same fresh days.
        search: how the optimised plan was found.
        meta: what made the run.
        language: the main one; the scenario's own by default. The others get files named after them.
        languages: all that are written.
        asked: the few changes and the least strength, where they were asked for.

    Returns:
        What was written, in order.

    Raises:
        InputError: a boundary file in the scenario folder is wrong.
        RunError: a file cannot be written.
    """
    main = language or judged.scenario.settings.language
    written: list[Path] = []

    def keep(path: Path, content: str | bytes, *, private: bool) -> None:
        if isinstance(content, str):
            write_text(path, content, private=private)
        else:
            write_with(path, lambda temporary: temporary.write_bytes(content), private=private)
        written.append(path)

    for name in (main, *(other for other in languages if other != main)):
        words, tail = texts(name), "" if name == main else f"-{name}"
        figures = {key: png(figure) for key, figure in report_figures(judged, words).items()}
        further = parts(judged.scenario, asked or Asked(), words)
        picture = png(summary_figure(judged, search, words, alone=False))
        keep(folder / f"report{tail}.html", report_page(judged, search, meta, figures, words, further), private=True)
        keep(folder / f"summary{tail}.html", summary_page(judged, search, meta, picture, words), private=False)
        sheet = rakor_page(judged.scenario, judged.plans[OPTIMISED], judged.runs[OPTIMISED], meta.citation, words)
        keep(folder / f"rakor{tail}.html", sheet, private=False)
        if name == main:
            for figure, image in figures.items():
                keep(folder / "figures" / f"{figure}.png", image, private=True)
            keep(folder / "summary.png", png(summary_figure(judged, search, words, alone=True)), private=False)
            book = workbook(judged, search, words, asked)
            write_with(folder / "plotting.xlsx", book.save, private=True)
            written.append(folder / "plotting.xlsx")
    return written
