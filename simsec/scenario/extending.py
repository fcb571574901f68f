"""``extends``: a scenario stands on another folder, or on the general one, and says only what differs.

Tables of ``scenario.toml`` are merged key by key, a figure is replaced as a whole, and so is a list. A CSV file that is
not in the folder is taken from the one it extends. With ``profile`` the same area has another election: what belongs to
the type of election is laid over what it extends, and under what the scenario says itself.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from simsec.base.clock import parse_stamp
from simsec.base.errors import InputError, Problem, say
from simsec.scenario.schema import FORMAT

GENERAL = "general"
SETTINGS = "scenario.toml"
PROFILES = ("pemilu", "pilkada")
# What the type of election decides: hours, patterns, rates and their hours, the season, how long a voter needs.
OF_AN_ELECTION = (
    "election_type",
    "clock",
    "operation",
    "day_types",
    "patterns",
    "stages",
    "incidents",
    "weather",
    "voters",
)
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


@cache
def profile(election: str) -> dict[str, Any]:
    """What the packaged ``scenario.toml`` of a type of election says about the election, and nothing about a place.

    Example:
        >>> profile("pemilu")["patterns"]["low"]["tps"], profile("pilkada")["patterns"]["low"]["tps"]
        (16, 6)
    """
    blanks: defaultdict[str, str] = defaultdict(lambda: "0")  # the place's own figures are not read from here
    data = tomllib.loads(Template(template(election).decode("utf-8")).substitute(blanks))
    return {key: data[key] for key in OF_AN_ELECTION if key in data}


def source_of(folder: Path) -> Source:
    """Read the ``scenario.toml`` of a folder and of all it extends.

    Raises:
        InputError: a file is missing or is not TOML, has another format number, or a scenario extends itself.
        OSError: a file cannot be read.
    """
    return _source(folder, ())


def _source(folder: Path, on_the_way: tuple[Path, ...]) -> Source:
    text = (folder / SETTINGS).read_bytes()
    own = tomllib.loads(text.decode("utf-8-sig"))  # a text editor may put a mark of its encoding first
    written = own.get("format")
    if written != FORMAT or isinstance(written, bool):
        newer = isinstance(written, int) and written > FORMAT
        remedy = "a newer simsec wrote it: update simsec" if newer else "the first line reads: format = 1"
        raise InputError([Problem(SETTINGS, "unknown format", remedy, 1, "format", str(written), str(FORMAT))])
    extends = own.get("extends", "")
    if extends == "":
        if own.get("profile", "") != "":
            what, remedy = "a profile is laid over another scenario", "add extends with the path of its folder"
            raise InputError([Problem(SETTINGS, what, remedy, 0, "profile", str(own["profile"]))])
        return Source(own, (text,), (folder,))
    problem = _problem(folder, extends, on_the_way)
    if problem:
        raise InputError([problem])
    if extends == GENERAL:
        beneath = Source(tomllib.loads(template(GENERAL).decode("utf-8")), (template(GENERAL),), ())
    else:
        beneath = _source(folder / extends, (*on_the_way, folder.resolve()))
    inherited = {key: value for key, value in beneath.data.items() if key not in _OWN}
    texts = beneath.texts
    if election := own.get("profile", ""):
        if wrong := _no_profile(election, inherited):
            raise InputError([wrong])
        inherited, texts = _with_profile(inherited, str(election)), (template(election), *texts)
    data = merged(inherited, own)
    if data.get("general") is True and "title" not in own:
        data["title"] = {"en": str(own.get("name", "")), "id": str(own.get("name", ""))}
    return Source(data, (text, *texts), (folder, *beneath.folders))


def _with_profile(inherited: Mapping[str, Any], election: str) -> dict[str, Any]:
    """An area with another election. Absences of a night that the other election does not have are left out."""
    laid = dict(profile(election))
    known = inherited.get("incidents", {})
    laid["incidents"] = {  # what a kind needs is the area's own: who could come is
        kind: {key: value for key, value in incident.items() if key != "needs" or kind not in known}
        for kind, incident in laid["incidents"].items()
    }
    data = merged({key: value for key, value in inherited.items() if key != "operation"}, laid)
    ends = parse_stamp(data["clock"]["ends"])
    if "absences" in data:
        data["absences"] = [row for row in data["absences"] if parse_stamp(str(row.get("ends", ""))) <= ends]
    return data


def _no_profile(election: object, inherited: Mapping[str, Any]) -> Problem | None:
    bound = ", ".join(PROFILES)
    if inherited.get("general") is True:
        return Problem(SETTINGS, "a general scenario has no election", "leave it out", 0, "profile", str(election))
    if election not in PROFILES:
        return Problem(SETTINGS, "no such type of election", "correct the word", 0, "profile", str(election), bound)
    return None


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
