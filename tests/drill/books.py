"""The books of a drill: heads counted after every event and every command, whatever the room did in between."""

from __future__ import annotations

import math

from simsec.drill.board import Board
from simsec.simulation.model import ARRIVE, CLEAR, NEVER, SQUAD, Event, State


class Books:
    """A listener that counts; it reads the state only, so that a command may stand between any two events."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.now = -math.inf

    def __call__(self, event: Event, state: State) -> None:
        assert event[0] >= self.now, "time runs forwards"
        self.now = event[0]
        if event[1] == ARRIVE and event[4] == state.ticket[event[3]]:
            assert state.serves[event[3]] == event[2] and state.on_scene[event[3]] == 1
            assert NEVER != state.reported[event[2]] <= state.ordered_at[event[3]] <= event[0]
        self.count(state)

    def count(self, state: State) -> None:
        """Everybody is somewhere, and only there."""
        board, rows = self.board, len(state.onset)
        here, squads = [0] * rows, [0] * rows
        on_the_way = [[0] * board.world.capabilities for _ in range(rows)]
        for unit, incident in enumerate(state.serves):
            if incident < 0:
                assert state.on_scene[unit] == 0
                continue
            here[incident] += 1
            if state.on_scene[unit]:
                squads[incident] += state.serves_as[unit] == SQUAD
            else:
                on_the_way[incident][state.serves_as[unit]] += 1
        assert here == state.here and squads == state.squads_here
        for incident, expected in enumerate(on_the_way):
            gaps = [s - a for s, a in zip(state.sent[incident], state.arrived[incident], strict=True)]
            assert gaps == expected, "sent less arrived is on the way"
        listed = [(incident, ladder) for _, incident, ladder in state.waiting]
        queued = [(i, n) for i, row in enumerate(state.queued) for n, flag in enumerate(row) if flag]
        assert sorted(listed) == queued, "who waits is on the list once"
        assert all(len(getattr(state, name)) == rows for name in ("level", "first", "cleared", "sent", "struck"))
        assert len(board.day.kind) == len(board.day.rise) == rows
        assert sum(state.missions) == sum(state.units_sent)
        assert state.missions == state.ticket, "every order raises the ticket once"

    def close(self, state: State) -> None:
        """Close the books at the end of the day."""
        self.count(state)
        board, ends = self.board, self.board.stage.ends_min
        due = {(event[3], event[4]) for event in board.pending if event[1] in (ARRIVE, CLEAR)}
        for unit, busy in enumerate(state.busy_min):
            out = ends - state.ordered_at[unit] if state.serves[unit] >= 0 else 0.0
            assert 0 <= busy + out <= ends - board.world.starts_min + 1e-9
            waits = (unit, state.ticket[unit]) in due
            assert waits == (state.serves[unit] >= 0), (
                "an order ends by an event, and no event is left without its order"
            )
        for incident in range(len(state.onset)):
            clock = [getattr(state, name)[incident] for name in ("onset", "reported", "dispatched", "first", "full")]
            known = [time for time in clock if time != NEVER]
            assert known == sorted(known) == clock[: len(known)], "the clock of an incident runs forwards"
            if state.cleared[incident] != NEVER:
                assert state.full[incident] != NEVER and state.here[incident] == 0
            assert (sum(state.arrived[incident]) > 0) == (state.first[incident] != NEVER)
        for trip in board.trips.by_order.values():
            clock = [trip.ordered_min, trip.arrived_min, trip.done_min, trip.back_min]
            known = [minute for minute in clock if not math.isnan(minute)]
            assert known == sorted(known)
            assert trip.leaves_min >= trip.ordered_min
