"""An auditor who only listens: after every event he counts heads, and at the end he closes the books."""

from __future__ import annotations

from simsec.simulation.model import ARRIVE, CLEAR, NEVER, REPORT, SQUAD, Event, State, World


class Auditor:
    """Checks a day while it is played; ``thorough`` counts every unit and incident after every event."""

    def __init__(self, world: World, thorough: bool = True) -> None:
        self.world, self.thorough = world, thorough
        self.now = -1e18
        self.orders: dict[tuple[int, int], str] = {}  # (unit, ticket) -> how far it came
        self.at_work: dict[int, int] = {}  # unit -> incident
        self.reported: set[int] = set()
        self.events = 0

    def __call__(self, event: Event, state: State) -> None:
        time, kind, incident, unit, ticket = event
        self.events += 1
        assert time >= self.now, "time runs forwards"
        self.now = time
        if kind == REPORT:
            assert incident not in self.reported, "reported once"
            assert state.onset[incident] != NEVER and time >= state.onset[incident]
            self.reported.add(incident)
        if kind == ARRIVE and self.orders.get((unit, ticket)) is None and ticket == state.ticket[unit]:
            assert state.serves[unit] == incident and state.on_scene[unit] == 1
            assert state.ordered_at[unit] <= time, "nobody arrives before he was sent"
            assert incident in self.reported, "nobody is sent before somebody calls"
            assert unit not in self.at_work, "nobody is in two places"
            self.orders[unit, ticket] = "arrived"
            self.at_work[unit] = incident
        if kind == CLEAR and self.orders.get((unit, ticket)) == "arrived":
            assert self.at_work.pop(unit) == incident, "whoever leaves was there"
            self.orders[unit, ticket] = "cleared"
        if self.thorough:
            self.count(state)

    def count(self, state: State) -> None:
        """Everybody is somewhere, and only there."""
        busy = [unit for unit, incident in enumerate(state.serves) if incident >= 0]
        assert {unit for unit in busy if state.on_scene[unit]} == set(self.at_work)
        assert all(state.serves[unit] == incident for unit, incident in self.at_work.items())
        here = [0] * len(state.onset)
        squads = [0] * len(state.onset)
        on_the_way = [[0] * self.world.capabilities for _ in state.onset]
        for unit in busy:
            incident = state.serves[unit]
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
        assert len(set(listed)) == len(listed)
        queued = [(i, n) for i, row in enumerate(state.queued) for n, flag in enumerate(row) if flag]
        assert sorted(listed) == queued, "who waits is on the list once"

    def close(self, state: State, ends_min: float) -> None:
        """Close the books."""
        self.count(state)
        assert sum(state.missions) == sum(state.units_sent)
        assert all(missions == ticket for missions, ticket in zip(state.missions, state.ticket, strict=True))
        assert set(self.orders.values()) <= {"arrived", "cleared"}
        for unit, busy in enumerate(state.busy_min):
            out = ends_min - state.ordered_at[unit] if state.serves[unit] >= 0 else 0.0
            assert 0 <= busy + out <= ends_min - self.world.starts_min + 1e-9
        for incident in range(len(state.onset)):
            clock = [getattr(state, name)[incident] for name in ("onset", "reported", "dispatched", "first", "full")]
            known = [time for time in clock if time != NEVER]
            assert known == sorted(known), "the clock of an incident runs forwards"
            assert clock[: len(known)] == known, "no step without the one before"
            for name in ("care", "cleared", "contained"):
                assert getattr(state, name)[incident] == NEVER or getattr(state, name)[incident] >= clock[3] != NEVER
            if state.cleared[incident] != NEVER:
                assert state.full[incident] != NEVER and state.here[incident] == 0
            came = sum(state.arrived[incident])
            assert (came > 0) == (state.first[incident] != NEVER)
            assert all(time < ends_min for time in known if time == state.first[incident])
