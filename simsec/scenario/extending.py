"""``extends``: a scenario stands on another folder, or on the general one, and says only what differs.

Tables of ``scenario.toml`` are merged key by key, a figure is replaced as a whole, and so is a list. A CSV file that is
not in the folder is taken from the one it extends.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from simsec.base.errors import InputError, Problem, say
from simsec.scenario.schema import FORMAT

GENERAL = "general"
SETTINGS = "scenario.toml"
_OWN = ("name",)  # what every scenario says itself
_OF_A_FIGURE = frozenset({"value", "mode", "mean", "distribution"})


@dataclass(frozen=True)
class Source:
    """What a scenario folder says, with everything it stands on beneath it.

    Attributes:
        data: the merged ``scenario.toml``.
        texts: of each ``scenario.toml``, the scenario's own first.
        folders: where tables are looked for, the scenario's own first.
    """

    data: dict[str, Any]
    texts: tuple[bytes, ...]
    folders: tuple[Path, ...]

    def find(self, file: str) -> Path:
        """Where a table lies; in the scenario's own folder when it lies nowhere."""
        found = (folder / file for folder in self.folders if (folder / file).exists())
        return next(found, self.folders[0] / file)


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """One table over another: keys of tables are merged, everything else is replaced.

    Example:
        >>> merged({"a": {"x": 1, "y": 2}, "b": [1, 2]}, {"a": {"y": 3}, "b": [4]})
        {'a': {'x': 1, 'y': 3}, 'b': [4]}
        >>> merged({"a": {"low": 1, "mode": 2, "high": 3}}, {"a": {"value": 5}})
        {'a': {'value': 5}}
    """
    result = dict(base)
    for key, value in own.items():
        below = base.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping) and not _OF_A_FIGURE & set(value):
            value = merged(below, value)
        result[key] = value
    return result


def template(name: str) -> bytes:
    """A packaged ``scenario.toml``, as its bytes."""
    return files("simsec.scenario").joinpath("templates", f"{name}.toml").read_bytes()


def source_of(folder: Path) -> Source:
    """Read the ``scenario.toml`` of a folder and of all it extends.

    Raises:
        InputError: a file is missing or is not TOML, has another format number, or a scenario extends itself.
        OSError: a file cannot be read.
    """
    return _source(folder, ())


def _source(folder: Path, on_the_way: tuple[Path, ...]) -> Source:
    text = (folder / SETTINGS).read_bytes()
    own = tomllib.loads(text.decode("utf-8"))
    written = own.get("format")
    if written != FORMAT or isinstance(written, bool):
        newer = isinstance(written, int) and written > FORMAT
        remedy = "a newer simsec wrote it: update simsec" if newer else "the first line reads: format = 1"
        raise InputError([Problem(SETTINGS, "unknown format", remedy, 1, "format", str(written), str(FORMAT))])
    extends = own.get("extends", "")
    if extends == "":
        return Source(own, (text,), (folder,))
    problem = _problem(folder, extends, on_the_way)
    if problem:
        raise InputError([problem])
    if extends == GENERAL:
        beneath = Source(tomllib.loads(template(GENERAL).decode("utf-8")), (template(GENERAL),), ())
    else:
        beneath = _source(folder / extends, (*on_the_way, folder.resolve()))
    inherited = {key: value for key, value in beneath.data.items() if key not in _OWN}
    data = merged(inherited, own)
    if data.get("general") is True and "title" not in own:
        data["title"] = {"en": str(own.get("name", "")), "id": str(own.get("name", ""))}
    return Source(data, (text, *beneath.texts), (folder, *beneath.folders))


def _problem(folder: Path, extends: object, on_the_way: tuple[Path, ...]) -> Problem | None:
    bound = say("{general!r}, or the path of a scenario folder", general=GENERAL)
    if extends == GENERAL:
        return None
    if not isinstance(extends, str) or not (folder / extends / SETTINGS).is_file():
        what = "no such scenario to extend"
        return Problem(SETTINGS, what, "paths count from this folder", 0, "extends", str(extends), bound)
    if (folder / extends).resolve() in (*on_the_way, folder.resolve()):
        return Problem(SETTINGS, "a scenario cannot extend itself", "break the circle", 0, "extends", extends, bound)
    return None
