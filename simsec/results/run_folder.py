"""The folder of a run: a name that never overwrites, and a manifest that tells what made it."""

from __future__ import annotations

import json
import math
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simsec.analysis.intervals import Estimate
from simsec.base.errors import InputError, Problem, RunError, say, system_words
from simsec.base.files import write_text

MANIFEST = "manifest.json"
PACKAGES = ("simsec", "simpy", "numpy", "scipy", "pulp", "highspy", "matplotlib", "pydantic", "pyarrow")


class RunFolder:
    """The folder of a run while it is written: hidden until it is complete.

    Attributes:
        folder: where to write now.
        final: where it will stand; a number is added when the name is taken meanwhile.
    """

    def __init__(self, folder: Path, parent: Path, name: str) -> None:
        """Use :func:`whole_run_folder`."""
        self.folder = folder
        self.final = parent / name
        self._parent = parent
        self._name = name

    def complete(self, command: str, facts: Mapping[str, Any]) -> None:
        """Write the manifest and give the folder its final name.

        Raises:
            RunError: the manifest or the folder cannot be written.
        """
        write_manifest(self.folder, command, facts)
        number = 1
        while True:
            self.final = self._parent / (self._name if number == 1 else f"{self._name}-{number}")
            if not self.final.exists():
                try:
                    self.folder.rename(self.final)
                    return
                except FileExistsError:  # another run took the name in this moment
                    pass
                except OSError as error:
                    template = "{path}: cannot make the run folder ({why})"
                    raise RunError(say(template, path=self.final, why=system_words(error))) from error
            number += 1


@contextmanager
def whole_run_folder(parent: Path, name: str) -> Iterator[RunFolder]:
    """A folder for one run that appears whole or not at all; made at once, so that a wrong place is known early.

    Raises:
        RunError: the folder cannot be made.

    Example:
        >>> from tempfile import mkdtemp
        >>> parent = Path(mkdtemp())
        >>> for _ in range(2):
        ...     with whole_run_folder(parent, "plan-area") as run:
        ...         run.complete("demo", {})
        >>> sorted(folder.name for folder in parent.iterdir())
        ['plan-area', 'plan-area-2']
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=parent))
    except OSError as error:
        template = "{path}: cannot make a run folder ({why}). Choose another --out."
        raise RunError(say(template, path=parent, why=system_words(error))) from error
    try:
        yield RunFolder(folder, parent, name)
    finally:
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)


def versions() -> dict[str, str]:
    """Versions of Python, the system and the packages that decide results."""
    return {"python": platform.python_version(), "system": sys.platform, **{name: version(name) for name in PACKAGES}}


def citation(scenario_hash: str, seeds: tuple[int, ...], policy: str = "", code: str = "") -> str:
    """One line to cite a run by.

    Args:
        scenario_hash: of the scenario.
        seeds: of the days.
        policy: name of the policy, told where it is a user's own.
        code: hash of that policy's source, else "".

    Example:
        >>> citation("abc", (1, 2)).startswith("simsec ")
        True
        >>> citation("abc", (1,), "my_rules:choose", "def").endswith("seeds 1, policy my_rules:choose def")
        True
    """
    listed = ", ".join(map(str, seeds))
    own = f", policy {policy} {code}" if code else ""
    return f"simsec {version('simsec')}, scenario {scenario_hash}, seeds {listed}{own}"


def json_text(data: Any) -> str:
    """One JSON document; nan and infinity, which JSON does not know, become null.

    Example:
        >>> json_text([1.5, float("nan")]).split()
        ['[', '1.5,', 'null', ']']
    """
    return json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False)


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """A figure with its interval, for machines; and why the interval may cover too seldom, where it may.

    Example:
        >>> estimate_json(Estimate(2.0, 1.0, 3.0, 200))
        {'mean': 2.0, 'low': 1.0, 'high': 3.0, 'days': 200}
    """
    figure = {"mean": estimate.mean, "low": estimate.low, "high": estimate.high, "days": estimate.days}
    return figure | ({"doubt": str(estimate.doubt)} if estimate.doubt else {})


def _plain(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    return str(data) if isinstance(data, Path) else data


def refuse_another_run(folder: Path, command: str) -> None:
    """Refuse to write into the folder of another run, so that nothing of it is mixed with this one or removed.

    Args:
        folder: where results shall go; need not be there.
        command: whose earlier results may be replaced, such as ``simulate``.

    Raises:
        InputError: the manifest there is of another command, or cannot be read.
    """
    path = folder / MANIFEST
    if not path.exists():
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        made_by = str(found.get("command", "")) if isinstance(found, dict) else ""
    except (OSError, ValueError):
        made_by = ""
    if command not in made_by.split()[:2]:
        what, remedy = "the folder holds another run", "choose another --out"
        raise InputError([Problem(str(path), what, remedy, 0, "command", made_by)])


def remove_files(folder: Path, names: Iterable[str]) -> None:
    """Take an earlier run of the same command away: its manifest first, so that what is left is not taken for whole.

    Args:
        folder: of the results.
        names: what that command writes; anything else stays.

    Raises:
        RunError: a file cannot be removed.
    """
    try:
        for name in (MANIFEST, *names):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        template = "{path}: cannot write ({why}). Choose another folder."
        raise RunError(say(template, path=folder / name, why=system_words(error))) from error


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
    write_text(folder / MANIFEST, json_text(manifest) + "\n", private=True)
