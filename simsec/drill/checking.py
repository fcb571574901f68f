"""What can be wrong with commands before anything is played: names, places, kinds, levels and times."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from simsec.base.clock import format_stamp
from simsec.base.errors import Problem, say
from simsec.drill.places import NoPlaceError, find
from simsec.drill.schema import (
    INJECT_PREFIX,
    CallUp,
    ClosePost,
    CloseRoad,
    Command,
    Enter,
    Inject,
    KppsRequest,
    OpenPost,
    OpenRoad,
    Order,
    Rain,
    Release,
    Voting,
)
from simsec.drill.stage import Stage

Where = Callable[[int, str], tuple[int, str]]
"""For a command's place in the list and a field: the line and the dotted path to name."""


def _anywhere(place: int, field: str) -> tuple[int, str]:
    return 0, field


def command_problems(
    stage: Stage,
    earlier: Sequence[Command],
    commands: Sequence[Command],
    file: str,
    where: Where = _anywhere,
    unread: Collection[str] = (),
    elsewhere: Sequence[Command] = (),
    lost: bool = False,
) -> list[Problem]:
    """Everything wrong with commands that the stage can tell beforehand.

    Args:
        stage: scenario, plan and day.
        earlier: commands whose names may be used.
        commands: those to check.
        file: what to call their source.
        where: line and path of a field of the n-th of them.
        unread: names of commands that are wrong in themselves; what refers to them is not told too.
        elsewhere: commands of other branches, which this one may have dropped; their names may be used and are free.
        lost: a command was dropped from every branch, so that any name may have been its own.
    """
    problems: list[Problem] = []
    names: _Names | None = None if lost else {}
    for command in (*earlier, *commands, *elsewhere):
        if names is not None and command.name:
            names.setdefault(command.name, []).append(command)
    taken = {command.name for command in earlier if command.name}
    for place, command in enumerate(commands):
        found = list(_of_one(stage, command, names))
        if command.name in taken:
            found.append(("name", say("another command has this name"), command.name, say("choose another")))
        taken |= {command.name} if command.name else set()
        for field, what, value, remedy in found:
            if value.removeprefix(INJECT_PREFIX) in unread:
                continue
            row, column = where(place, field)
            problems.append(Problem(file, what, remedy, row, column, value))
    return problems


_Found = tuple[str, str, str, str]  # field, what, value, remedy
_Names = dict[str, list[Command]]  # all that bear a name


def _of_one(stage: Stage, command: Command, names: _Names | None) -> Iterator[_Found]:
    if not stage.begins_min <= command.at < stage.ends_min:
        ends = {"start": format_stamp(stage.begins_min), "end": format_stamp(stage.ends_min)}
        yield "at", say("outside the clock of the scenario, {start} to {end}", **ends), format_stamp(command.at), ""
    match command:
        case Inject():
            yield from _place(stage, "place", command.place, "station")
            yield from _inject(stage, command)
        case Rain():
            for place in command.over:
                yield from _place(stage, "over", place)
        case CloseRoad():
            for place in command.between:
                yield from _place(stage, "between", place)
        case OpenRoad():
            yield from _named("road", command.road, names, (CloseRoad,))
        case ClosePost() | OpenPost():
            yield from _place(stage, "post", command.post, "post")
        case KppsRequest() | Enter() | Voting():
            yield from _place(stage, "place", command.place, "station")
        case Order():
            if command.to.startswith(INJECT_PREFIX):
                yield from _named("to", command.to.removeprefix(INJECT_PREFIX), names, (Inject,))
            else:
                yield from _place(stage, "to", command.to)
            if command.start is not None:
                yield from _place(stage, "from", command.start)
            kinds = [unit.kind for unit in stage.scenario.settings.units]
            if command.kind is not None and command.kind not in kinds:
                yield (
                    "kind",
                    say("no such kind of unit"),
                    command.kind,
                    say("use one of {these}", these=", ".join(kinds)),
                )
        case CallUp():
            yield from _place(stage, "to", command.to)
        case Release():
            yield from _named("order", command.order, names, (Order, CallUp))


def _place(stage: Stage, field: str, reference: str, wanted: str = "") -> Iterator[_Found]:
    try:
        spot = find(stage.draw, reference)
    except NoPlaceError as error:
        yield field, say("no such place"), reference, error.args[0]
        return
    if wanted == "station" and spot.station < 0:
        yield field, say("this is no polling station"), reference, say("write any:A:1, or code: and its code")
    if wanted == "post" and spot.post < 0:
        yield field, say("this is no post"), reference, say("write a type of post such as polres or polsek:A")


def _named(field: str, name: str, names: _Names | None, kinds: tuple[type, ...]) -> Iterator[_Found]:
    if names is not None and not any(isinstance(command, kinds) for command in names.get(name, ())):
        remedy = say("give the command meant a name = {name!r}", name=name)
        yield field, say("no command of that name that fits"), name, remedy


def _inject(stage: Stage, command: Inject) -> Iterator[_Found]:
    incidents = stage.scenario.settings.incidents
    if command.kind not in incidents:
        remedy = say("use one of {these}", these=", ".join(incidents))
        yield "kind", say("no such kind of incident"), command.kind, remedy
        return
    needs = incidents[command.kind].needs
    if not needs:
        yield "kind", say("nobody goes out for this kind"), command.kind, say("choose another")
    elif command.level is not None and command.level not in needs:
        remedy = say("use one of {these}", these=", ".join(needs))
        yield "level", say("the kind has no needs at this level"), command.level, remedy
