"""A run folder appears whole or not at all, and its manifest tells what made it."""

import json
import os
import stat
from pathlib import Path

import pytest

from simsec.base.errors import RunError
from simsec.results.run_folder import PACKAGES, citation, versions, whole_run_folder, write_manifest


def test_a_folder_bears_its_name_when_the_run_is_complete(tmp_path: Path) -> None:
    with whole_run_folder(tmp_path / "runs", "plan-area") as run:
        (run.folder / "days.parquet").write_bytes(b"rows")
        assert not (tmp_path / "runs" / "plan-area").exists()
        run.complete("plan", {"seeds": [1, 2, 3]})
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder == run.final and folder.name == "plan-area"
    assert sorted(file.name for file in folder.iterdir()) == ["days.parquet", "manifest.json"]
    assert os.name == "nt" or stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RunError("no space"), ZeroDivisionError])
def test_a_run_that_breaks_off_leaves_nothing(tmp_path: Path, stop: BaseException) -> None:
    def broken_off() -> None:
        with whole_run_folder(tmp_path, "plan-area") as run:
            (run.folder / "half.parquet").write_bytes(b"ro")
            raise stop

    with pytest.raises(stop if isinstance(stop, type) else type(stop)):
        broken_off()
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_run_is_never_overwritten(tmp_path: Path) -> None:
    for number in range(3):
        with whole_run_folder(tmp_path, "plan-area") as run:
            run.complete("plan", {"run": number})
    found = {path.name: json.loads((path / "manifest.json").read_text())["run"] for path in tmp_path.iterdir()}
    assert found == {"plan-area": 0, "plan-area-2": 1, "plan-area-3": 2}


def test_a_place_where_no_folder_can_be_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(RunError, match=r"cannot make a run folder .*--out"), whole_run_folder(tmp_path / "file", "x"):
        pytest.fail("the run began")


def test_the_manifest_names_every_package_that_decides_results(tmp_path: Path) -> None:
    write_manifest(tmp_path, "plan", {"seeds": (1, 2), "where": tmp_path})
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["format"], manifest["command"], manifest["seeds"]) == (1, "plan", [1, 2])
    assert manifest["versions"] == versions() and {"python", "system", *PACKAGES} == set(versions())
    assert manifest["finished"].endswith("+00:00")


def test_a_run_is_cited_by_version_scenario_and_seeds() -> None:
    assert citation("abc", (1, 2)) == f"simsec {versions()['simsec']}, scenario abc, seeds 1, 2"
