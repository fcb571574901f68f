"""The folder of a run: a name that never overwrites, and a manifest that tells what made it."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simsec.base.errors import RunError
from simsec.base.files import write_text

PACKAGES = ("simsec", "simpy", "numpy", "scipy", "pulp", "highspy", "matplotlib", "pydantic", "pyarrow")


def new_run_folder(parent: Path, name: str) -> Path:
    """Make a folder for one run: its name, and a number when that name is taken.

    Raises:
        RunError: the folder cannot be made.

    Example:
        >>> from tempfile import mkdtemp
        >>> parent = Path(mkdtemp())
        >>> [new_run_folder(parent, "plan-area").name for _ in range(2)]
        ['plan-area', 'plan-area-2']
    """
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True, mode=0o700)
            return folder
        except FileExistsError:
            if not folder.is_dir():
                raise RunError(f"{folder}: a file stands in the way of the run folder; choose another --out") from None
            number += 1
        except OSError as error:
            raise RunError(f"{folder}: cannot make the run folder ({error.strerror}); choose another --out") from error


def versions() -> dict[str, str]:
    """Versions of Python, the system and the packages that decide results."""
    return {"python": platform.python_version(), "system": sys.platform, **{name: version(name) for name in PACKAGES}}


def citation(scenario_hash: str, seeds: tuple[int, ...]) -> str:
    """One line to cite a run by.

    Example:
        >>> citation("abc", (1, 2)).startswith("simsec ")
        True
    """
    listed = ", ".join(map(str, seeds))
    return f"simsec {version('simsec')}, scenario {scenario_hash}, seeds {listed}"


def write_manifest(folder: Path, command: str, facts: Mapping[str, Any]) -> None:
    """Write ``manifest.json``: what was run, on what, with what; written last, so that its presence means complete.

    Raises:
        RunError: the file cannot be written.
    """
    manifest = {
        "format": 1,
        "command": command,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        **facts,
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False, default=str)
    write_text(folder / "manifest.json", text + "\n", private=True)
