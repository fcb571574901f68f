"""A drill session: one day and numbered commands. Any moment is played from the start; that is all there is to state.

Undo drops a command, a branch copies the list under a name, "had we not" is the list without one command. Numbers are
never re-used, and the marks of an inject are functions of the day and its number: so undoing a command changes the
marks of no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from simsec.base.errors import InputError
from simsec.drill.board import Board, new_board
from simsec.drill.checking import command_problems
from simsec.drill.doing import advance, give
from simsec.drill.schema import MAIN, ROOM, Command, Numbered
from simsec.drill.stage import Stage
from simsec.simulation.calendar import Listener


@dataclass(frozen=True, eq=False)
class Session:
    """A stage and its branches; every change gives a new session.

    Attributes:
        stage: scenario, plan and day.
        branches: name -> numbered commands, in the order in which they were given.
        given: how many numbers were given so far.

    Example:
        >>> from simsec.drill.schema import command
        >>> from simsec.drill.stage import stage_of
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> session = Session(stage_of(scenario, doctrine(scenario)))
        >>> session = session.give(command(do="inject", at="H 09:00", place="any:A:1", kind="queue_dispute"))
        >>> session.at(600.0).log[0].verdict, session.undo().branches["main"]
        ('done', ())
    """

    stage: Stage
    branches: Mapping[str, tuple[Numbered, ...]] = field(default_factory=lambda: {MAIN: ()})
    given: int = 0

    def give(self, command: Command, branch: str = MAIN) -> Session:
        """The session with one command more, under the next number.

        Raises:
            InputError: the command names what the scenario does not have.
        """
        earlier = [entry.command for entry in self.branches[branch]]
        if problems := command_problems(self.stage, earlier, [command], "command"):
            raise InputError(problems)
        entry = Numbered(number=self.given + 1, command=command)
        branches = {**self.branches, branch: (*self.branches[branch], entry)}
        return replace(self, branches=branches, given=entry.number)

    def undo(self, branch: str = MAIN) -> Session:
        """The session without the command given last in a branch; its number is not used again."""
        return replace(self, branches={**self.branches, branch: self.branches[branch][:-1]})

    def fork(self, name: str, source: str = MAIN) -> Session:
        """The session with a copy of a branch under another name.

        Raises:
            ValueError: there is a branch of that name already, or no branch to copy.
        """
        if source not in self.branches:
            raise ValueError(f"there is no branch {source!r}")
        if name in self.branches:
            raise ValueError(f"there is a branch {name!r}")
        return replace(self, branches={**self.branches, name: self.branches[source]})

    def had_we_not(self, number: int, name: str, source: str = MAIN) -> Session:
        """The session with a branch that lacks one command.

        Raises:
            ValueError: no command of that number, or a branch of that name.
        """
        commands = self.branches.get(source, ())
        if all(entry.number != number for entry in commands):
            raise ValueError(f"branch {source!r} has no command {number}")
        forked = self.fork(name, source)
        without = tuple(entry for entry in commands if entry.number != number)
        return replace(forked, branches={**forked.branches, name: without})

    def under_doctrine(self, source: str = MAIN) -> tuple[Numbered, ...]:
        """The commands of a branch less what the room decided."""
        return tuple(entry for entry in self.branches[source] if not isinstance(entry.command, ROOM))

    def at(self, minute: float, branch: str = MAIN, listener: Listener | None = None) -> Board:
        """The board at a minute: everything before it has happened, commands up to it were given.

        Args:
            minute: minutes after midnight of polling day; after the end of the clock nothing happens.
            branch: whose commands.
            listener: called after every event; may only look.
        """
        return play(self.stage, self.branches[branch], minute, listener)

    def next_event_min(self, minute: float, branch: str = MAIN) -> float:
        """When the next thing happens at a minute or after it; the end of the clock when nothing does."""
        board = self.at(minute, branch)
        due = [event[0] for event in board.pending[:1]]
        due += [entry.command.at for entry in self.branches[branch] if entry.command.at > minute]
        return min([self.stage.ends_min, *due])


def play(stage: Stage, commands: tuple[Numbered, ...], minute: float, listener: Listener | None = None) -> Board:
    """Play a day from its start to a minute, giving the commands in the order of their minutes, then numbers.

    The day before is always over: no earlier board than that of the morning is shown.
    """
    board, minute = new_board(stage), max(min(minute, stage.ends_min), stage.begins_min)
    for entry in sorted(commands, key=lambda entry: (entry.command.at, entry.number)):
        if entry.command.at > minute:
            break
        advance(board, entry.command.at, listener)
        give(board, entry.number, entry.command)
    advance(board, minute, listener)
    return board
