"""A user's own policy: a plain function in a file of the current folder, accepted with ``--allow-code`` only.

``module:function`` names ``choose(world, day, state, incident, capability, now) -> unit or -1``. It may look at
everything and change nothing. A plan that names one cannot be played before :func:`allow` has given it the hash of the
function's source; no file can do that. Worker processes read the file again and refuse one that has changed.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simsec.base.errors import InputError, Problem, RunError, say
from simsec.base.files import content_hash
from simsec.simulation.convoys import escorting
from simsec.simulation.model import FREE, NOWHERE, OFF_DUTY, DayMarks, State, World
from simsec.simulation.policies.available import may_go

FIRST_OWN = 100  # World.policy of the first that was loaded; smaller numbers are those that come with simsec
Choose = Callable[[World, DayMarks, State, int, int, float], int]


@dataclass(frozen=True)
class Own:
    """A policy that was loaded: its name, the hash of its source, its file and the function."""

    name: str
    code: str
    path: Path
    function: Choose


_LOADED: list[Own] = []


def is_own(name: str) -> bool:
    """Whether a policy's name is that of a user's own.

    Example:
        >>> is_own("my_rules:choose"), is_own("chain_of_command")
        (True, False)
    """
    return ":" in name


def _refuse(name: str, what: str, remedy: str = "") -> InputError:
    return InputError([Problem("--policy", what, remedy, value=name)])


def _path(name: str) -> Path:
    path = Path.cwd().joinpath(*name.partition(":")[0].split(".")).with_suffix(".py")
    if not path.is_file():
        what = say("there is no file {file} in the current folder", file=path.name)
        raise _refuse(name, what, say("run simsec where it lies"))
    return path


def allow(name: str) -> str:
    """The hash of the source of a policy of one's own, which a plan needs to be played; loads and checks it.

    Call it only where the user himself has allowed the code.

    Raises:
        InputError: no such file or function, or the file cannot be imported.
    """
    path = _path(name)
    code = content_hash(path.read_bytes())
    _number(name, code)
    return code


def number(name: str, code: str) -> int:
    """``World.policy`` of a user's own policy, loaded if it is not yet.

    Args:
        name: ``module:function``.
        code: hash of its source, from :func:`allow`.

    Raises:
        InputError: the code was not allowed.
        RunError: the file has changed since.
    """
    if not code:
        what = say("a policy of your own is code, and a file alone does not let it run")
        raise _refuse(name, what, say("give --allow-code as well if you trust it"))
    return _number(name, code)


def _number(name: str, code: str) -> int:
    for place, own in enumerate(_LOADED):
        if (own.name, own.code) == (name, code):
            return FIRST_OWN + place
    path = _path(name)
    if content_hash(path.read_bytes()) != code:
        raise RunError(say("{file} has changed since the run began", file=path.name))
    _LOADED.append(Own(name, code, path, _loaded(name, path)))
    return FIRST_OWN + len(_LOADED) - 1


def _loaded(name: str, path: Path) -> Choose:
    module_name, _, function_name = name.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # last, so that its own files help it and none stands in for a library
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise _refuse(name, say("the file cannot be imported"))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        template = "{place}: importing the policy failed ({what})"
        raise _refuse(name, say(template, place=_place(error, path), what=_told(error)), say("correct it")) from error
    function: Any = getattr(module, function_name, None)
    if not callable(function):
        raise _refuse(name, say("{file} has no function {function}", file=path.name, function=function_name))
    chosen: Choose = function
    return chosen


def _place(error: BaseException, path: Path) -> str:
    """File and line of the user's own frame nearest to an error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path.name}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == str(path)] or frames[-1:]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else path.name


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def choose(world: World, day: DayMarks, state: State, incident: int, capability: int, now: float) -> int:
    """Ask the user's function; what it names must be a unit that may go.

    Raises:
        RunError: it failed, or named a unit that is busy, off duty or cannot serve.
    """
    own = _LOADED[world.policy - FIRST_OWN]
    try:
        unit: Any = own.function(world, day, state, incident, capability, now)
    except (Exception, SystemExit) as error:
        template = "{place}: the policy failed at incident {incident}, minute {minute} ({what})"
        place, minute = _place(error, own.path), f"{now:.1f}"
        raise RunError(say(template, place=place, incident=incident, minute=minute, what=_told(error))) from error
    if isinstance(unit, bool) or not hasattr(unit, "__index__"):
        _not_so(own, incident, now, say("it returned {value}, not the number of a unit or -1", value=repr(unit)))
    chosen = int(unit)
    if chosen == NOWHERE:
        return NOWHERE
    if not 0 <= chosen < len(world.unit_kind):
        last = len(world.unit_kind) - 1
        _not_so(own, incident, now, say("there is no unit {unit}; the last is {last}", unit=chosen, last=last))
    kind = world.unit_kind[chosen]
    if world.can[kind][capability] == 0 or world.kind_row[world.ladder_of[capability]][kind] < 0:
        _not_so(own, incident, now, say("unit {unit} cannot do what is asked for", unit=chosen))
    if state.serves[chosen] == OFF_DUTY:
        _not_so(own, incident, now, say("unit {unit} is off duty", unit=chosen))
    if state.serves[chosen] == FREE and escorting(world, day, state, chosen, now):
        _not_so(own, incident, now, say("unit {unit} is out with boxes", unit=chosen))
    if not may_go(world, day, state, incident, chosen, now):
        _not_so(own, incident, now, say("unit {unit} is busy", unit=chosen))
    return chosen


def _not_so(own: Own, incident: int, now: float, what: str) -> None:
    line = getattr(getattr(own.function, "__code__", None), "co_firstlineno", 0)
    template = "{place}: the policy cannot be followed at incident {incident}, minute {minute}: {what}"
    place = f"{own.path.name}:{line}"
    raise RunError(say(template, place=place, incident=incident, minute=f"{now:.1f}", what=what))


def nobody(world: World, day: DayMarks, state: State, incident: int, capability: int, now: float) -> int:
    """What stands for :func:`choose` where rules are compiled: no code of the user's is."""
    return NOWHERE
