"""A run folder gets every file under its name, private but for the summary and the Rakor sheet."""

import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

from simsec.base.errors import RunError
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report import ReportMeta, write_report

FIGURES = {"area", "map", "response", "sectors", "reserve", "rhythm", "ledger", "worlds", "pattern", "hours", "places"}


def test_a_run_folder_gets_everything_in_both_languages(
    judged: Judged, search: Search, meta: ReportMeta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simsec.report.png", lambda figure: b"\x89PNG")
    written = write_report(tmp_path, judged, search, meta)
    names = {path.relative_to(tmp_path).as_posix() for path in written}
    pages = {f"{page}{tail}.html" for page in ("report", "summary", "rakor") for tail in ("", "-en")}
    assert names == pages | {"summary.png", "plotting.xlsx"} | {f"figures/{name}.png" for name in FIGURES}
    assert names == {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert 'lang="id"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'lang="en"' in (tmp_path / "summary-en.html").read_text(encoding="utf-8")
    assert load_workbook(tmp_path / "plotting.xlsx").sheetnames[0] == "Ringkasan"
    if sys.platform != "win32":
        for path in written:
            assert path.stat().st_mode & 0o077 == (0o044 if path.name.startswith(("summary", "rakor")) else 0)


def test_the_language_asked_for_is_the_main_one(
    judged: Judged, search: Search, meta: ReportMeta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simsec.report.png", lambda figure: b"\x89PNG")
    written = write_report(tmp_path, judged, search, meta, "en", languages=("en",))
    assert 'lang="en"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not any("-" in path.name for path in written)


def test_a_folder_that_cannot_be_written_is_a_run_error(
    judged: Judged, search: Search, meta: ReportMeta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simsec.report.png", lambda figure: b"\x89PNG")
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(RunError, match="cannot write"):
        write_report(tmp_path / "file", judged, search, meta, languages=("id",))
