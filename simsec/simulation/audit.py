"""An auditor over the table of events: was everybody in one place, and did nothing come before its cause?

He works the day out again from the table, the travel model and the marks, and shares no code with the rules. What does
not hold he says in plain sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from simsec.simulation.model import DayMarks, World
from simsec.simulation.outcome import Outcome
from simsec.simulation.roads import Change
from simsec.simulation.trace import KINDS, Events

TOLERANCE_MIN = 1e-6
FREE = -1


@dataclass
class _Row:
    """A row of the table in plain numbers."""

    time: float
    kind: str
    incident: int
    unit: int
    place: int
    start: int
    end: int
    capability: int
    level: int
    leaves: float
    slow: float


@dataclass
class _Unit:
    """A unit as the table tells it: what it serves, since when, and the leg it is on."""

    start: int
    end: int
    leaves: float
    slow: float = 1.0
    serves: int = FREE
    capability: int = FREE
    at_work: bool = False
    ordered: float = 0.0
    due: float = 0.0  # when it should arrive, then when it should be done
    missions: int = 0
    busy: float = 0.0
    windows: list[tuple[float, float]] = field(default_factory=list)  # in which it is to be off duty
    left: float | None = None  # when it went off duty, None while it is on
    away: float = 0.0


@dataclass
class _Incident:
    """The clock of an incident as the table tells it."""

    level: int
    clock: dict[str, float] = field(default_factory=dict)
    trips: list[tuple[float, float]] = field(default_factory=list)  # of each order its time and its noise
    arrived: int = 0
    there: set[int] = field(default_factory=set)


# What must have happened to the incident before a row of the kind, where anything must.
CAUSE = {
    "report": "onset",
    "rise": "onset",
    "request": "report",
    "pass_on": "report",
    "wait": "report",
    "lost": "report",
    "order": "report",
    "recall": "dispatched",
    "arrive": "dispatched",
    "first_help": "arrive",
    "care": "arrive",
    "contained": "arrive",
    "full": "first_help",
    "clear": "arrive",
    "cleared": "full",
}
ONCE = ("onset", "report", "first_help", "care", "contained", "full")
_IN_OUTCOME = {
    "onset": "onset_min",
    "report": "reported_min",
    "dispatched": "dispatched_min",
    "first_help": "first_min",
    "full": "full_min",
    "care": "care_min",
    "cleared": "cleared_min",
}


class _Audit:
    """One pass over the table; ``told`` collects the sentences."""

    def __init__(self, world: World, day: DayMarks, ends_min: float, changes: Sequence[Change]) -> None:
        self.world, self.day, self.ends = world, day, ends_min
        self.changes = list(changes)
        self.told: list[str] = []
        self.units = [_Unit(home, home, world.starts_min) for home in world.unit_home]
        for group in range(world.absences):
            row = world.absence_row[group]
            if row < 0 or day.absent[row] == 1:
                window = world.absence_from[group], world.absence_until[group]
                for unit in world.absence_unit[world.absence_first[group] : world.absence_end[group]]:
                    self.units[unit].windows.append(window)
        self.incidents = [_Incident(level) for level in day.level]
        self.now = -1e18

    def tell(self, row: _Row, what: str) -> None:
        who = f" unit {row.unit}," if row.unit >= 0 else ""
        where = f" incident {row.incident}," if row.incident >= 0 else ""
        self.told.append(f"minute {row.time:.3f},{who}{where} {row.kind}: {what}")

    def take(self, row: _Row) -> None:
        """One row after the other."""
        if row.time < self.now:
            self.tell(row, f"the row before it happened at {self.now:.3f}; time runs forwards")
        if row.time >= self.ends:
            self.tell(row, f"the clock ended at {self.ends:g}")
        self.now = row.time
        if row.kind == "road_closed":
            self.on_road_closed(row)
            return
        if row.incident < 0:
            self.on_duty(row, self.units[row.unit])
            return
        incident = self.incidents[row.incident]
        if row.place != self.day.station[row.incident]:
            self.tell(row, f"the incident is at station {self.day.station[row.incident]}, not {row.place}")
        cause = CAUSE.get(row.kind)
        if cause is not None and cause not in incident.clock:
            self.tell(row, f"comes before its cause, {cause}")
        handler = getattr(self, f"on_{row.kind}", None)
        if handler is not None:
            handler(row, incident)
        if row.kind in ONCE and row.kind in incident.clock:
            self.tell(row, "happens twice")
        incident.clock["onset" if row.kind == "spread" else row.kind] = row.time

    def on_road_closed(self, row: _Row) -> None:
        """The roads change; whose way they change is at a known place from then on, wherever he heads."""
        if not self.changes or (self.changes[0].minute, self.changes[0].closure.village) != (row.time, row.end):
            self.told.append(f"minute {row.time:.3f}: no road to village {row.end} was drawn to close")
            return
        after = self.changes.pop(0).roads
        for number, unit in enumerate(self.units):
            vehicle = self.world.kind_vehicle[self.world.unit_kind[number]]
            way = self.world.minutes[vehicle][unit.start][unit.end]
            if unit.start == unit.end or after.minutes[vehicle][unit.start][unit.end] == way:
                continue
            there = (row.time - unit.leaves) / unit.slow >= way
            unit.start = unit.end if there else self.near(unit, vehicle, row.time)[0]
            unit.leaves = max(unit.leaves, row.time)
        self.world = after.under(self.world)

    # Incidents

    def on_onset(self, row: _Row, incident: _Incident) -> None:
        if self.day.parent[row.incident] >= 0:
            self.tell(row, "a dormant incident begins by itself")
        elif row.time != self.day.onset[row.incident]:
            self.tell(row, f"it was drawn to begin at {self.day.onset[row.incident]:.3f}")

    def on_spread(self, row: _Row, incident: _Incident) -> None:
        parent = self.day.parent[row.incident]
        before = self.incidents[parent].clock.get("onset") if parent >= 0 else None
        if "onset" in incident.clock:
            self.tell(row, "the crowd comes to the same village twice")
        if before is None:
            self.tell(row, "comes before its cause, the incident it spread from")
        elif not _same(row.time, before + self.day.spread_delay[row.incident]):
            self.tell(row, "the crowd does not keep to its minutes")
        else:
            crowd = self.day.kind[row.incident] == self.day.kind[parent]
            held = self.incidents[parent].clock.get("contained" if crowd else "cleared", self.ends)
            if held <= min(row.time, before + self.day.contain_within[row.incident]):
                why = "enough squads stood there" if crowd else "its cause was over"
                self.tell(row, f"it spreads although {why} at {held:.3f}")

    def on_report(self, row: _Row, incident: _Incident) -> None:
        onset = incident.clock.get("onset", row.time)
        if not _same(row.time, onset + self.day.report_delay[row.incident]):
            self.tell(row, f"somebody outside would know {self.day.report_delay[row.incident]:.3f} after the onset")

    def on_rise(self, row: _Row, incident: _Incident) -> None:
        if "first_help" in incident.clock:
            self.tell(row, "it rises although help had come")
        if row.level != incident.level + 1:
            self.tell(row, f"from level {incident.level} it rises to {row.level}")
        due = incident.clock.get("onset", row.time) + self.day.rise[row.incident][max(row.level - 1, 0)]
        if not _same(row.time, due):
            self.tell(row, f"the level was to be left at {due:.3f}")
        incident.level = row.level

    def on_full(self, row: _Row, incident: _Incident) -> None:
        need = sum(self.world.need[self.day.kind[row.incident]][incident.level])
        if incident.arrived < need:
            self.tell(row, f"{incident.arrived} came, {need} are needed")

    def on_cleared(self, row: _Row, incident: _Incident) -> None:
        if incident.there:
            self.tell(row, f"units {sorted(incident.there)} are still there or on the way")

    # Units

    def on_duty(self, row: _Row, unit: _Unit) -> None:
        """A unit goes off duty inside its windows and when it has nothing to do, and is back when they have closed."""
        inside = any(opens <= row.time < closes for opens, closes in unit.windows)
        if row.kind == "leave":
            if unit.left is not None:
                self.tell(row, "it is off duty already")
            if not inside:
                self.tell(row, "goes off duty outside its windows")
            if unit.serves != FREE:
                self.tell(row, f"goes off duty while it serves incident {unit.serves}")
            unit.left = row.time
            return
        if unit.left is None:
            self.tell(row, "is back and was never off duty")
        elif inside or all(row.time != closes for _, closes in unit.windows):
            self.tell(row, "is back before its window closes")
        unit.away += row.time - (row.time if unit.left is None else unit.left)
        unit.left = None

    def on_order(self, row: _Row, incident: _Incident) -> None:
        unit = self.units[row.unit]
        if unit.serves != FREE:
            where = "at work at" if unit.at_work else "on the way to"
            self.tell(row, f"ordered while {where} incident {unit.serves}: nobody is in two places")
            self.incidents[unit.serves].there.discard(row.unit)
        turned = unit.capability != FREE  # on its way elsewhere: it goes off duty once it is done
        if unit.left is not None or (not turned and any(opens <= row.time < closes for opens, closes in unit.windows)):
            self.tell(row, "sent while it is off duty")
        target = self.world.station_node[self.day.station[row.incident]]
        if row.end != target:
            self.tell(row, f"sent to place {row.end}; the incident is at {target}")
        start = self.stands_near(unit, row)
        kind, block = self.world.unit_kind[row.unit], self.world.unit_block[row.unit]
        if self.world.can[kind][row.capability] == 0:
            self.tell(row, f"sent as {row.capability}, which the unit cannot serve as")
        own_block = block >= 0 and block == self.world.station_block[row.place]
        home = self.world.unit_home[row.unit]
        at_base = unit.capability == FREE and start == home and unit.end == home
        self.leaves_when_due(row, unit, at_base and not own_block)
        way = self.way(row, kind, start, at_base and own_block)
        incident.trips.append((row.time, self.noise(row, start, target)))
        incident.clock.setdefault("dispatched", row.time)
        incident.there.add(row.unit)
        unit.start, unit.end, unit.leaves, unit.slow = row.start, row.end, row.leaves, row.slow
        unit.serves, unit.capability, unit.at_work = row.incident, row.capability, False
        unit.ordered, unit.due = row.time, row.leaves + way * row.slow
        unit.missions += 1

    def stands_near(self, unit: _Unit, row: _Row) -> int:
        """Where the unit may start from: on the way, the known place nearest to it on its route."""
        nearest = self.near(unit, self.world.kind_vehicle[self.world.unit_kind[row.unit]], row.time)
        if row.start not in nearest:
            self.tell(row, f"starts from place {row.start}; it stands near {sorted(nearest)}: nobody jumps")
        return row.start

    def near(self, unit: _Unit, vehicle: int, time: float) -> list[int]:
        """The known places nearest to a unit on its route; several where they are equally near, the earlier first."""
        minutes, before = self.world.minutes[vehicle][unit.start], self.world.previous[vehicle][unit.start]
        if unit.start == unit.end:
            return [unit.end]
        elapsed = min(max((time - unit.leaves) / unit.slow, 0.0), minutes[unit.end])
        route = [unit.end]
        while route[-1] != unit.start:
            route.append(before[route[-1]])
        gap = {place: abs((minutes[place] if place != unit.start else 0.0) - elapsed) for place in reversed(route)}
        return [place for place in gap if gap[place] <= min(gap.values()) + TOLERANCE_MIN]

    def leaves_when_due(self, row: _Row, unit: _Unit, turns_out: bool) -> None:
        """It turns out first when it is called from its base; what is left of that follows it."""
        if row.leaves < row.time - TOLERANCE_MIN:
            self.tell(row, f"moves off at {row.leaves:.3f}, before it is ordered: a negative duration")
            return
        wait = max(unit.leaves - row.time, 0.0) if unit.capability != FREE else 0.0
        if turns_out:
            ladder, kind = self.world.ladder_of[row.capability], self.world.unit_kind[row.unit]
            wait = self.day.turnout[row.incident][self.world.kind_row[ladder][kind]]
        if not _same(row.leaves, row.time + wait):
            self.tell(row, f"moves off {row.leaves - row.time:.3f} after the order; {wait:.3f} is its turn-out")

    def way(self, row: _Row, kind: int, start: int, walks: bool) -> float:
        """Minutes of the travel model to the station; a pair at its base walks from where the mark says."""
        world, block = self.world, self.world.unit_block[row.unit]
        if walks:
            size = world.block_size[block]
            place = min(int(self.day.where[row.incident] * size), size - 1)
            return world.block_minutes[world.block_offset[block] + place * size + world.station_place[row.place]]
        vehicle = world.kind_vehicle[kind]
        way = world.minutes[vehicle][start][world.station_node[row.place]] + world.stretch[vehicle][row.place]
        return way + self.day.access[row.incident]

    def noise(self, row: _Row, start: int, target: int) -> float:
        """What the factor of the trip is beside rain and night on its way."""
        world, day = self.world, self.day
        hour = min(max(int((row.time - world.starts_min) // 60.0), 0), len(day.slow) - 1)
        zones = zip(world.zone_share[start][target], day.slow[hour], strict=True)
        weather = day.slow[hour][0] if day.even[hour] == 1 else sum(share * slow for share, slow in zones)
        return row.slow / weather

    def every_trip_has_its_noise(self, number: int) -> None:
        """Each order takes the next noise of the incident; orders of one moment share theirs, in whatever order."""
        trips, noises = self.incidents[number].trips, self.day.noise[number]
        for time in dict.fromkeys(trip[0] for trip in trips):
            slots = [slot for slot, trip in enumerate(trips) if trip[0] == time]
            drawn = sorted(noises[slot % self.day.noises] for slot in slots)
            taken = sorted(trips[slot][1] for slot in slots)
            if not all(map(_same, drawn, taken)):
                self.told.append(f"minute {time:.3f}, incident {number}: trips of noise {taken}, drawn were {drawn}")

    def on_recall(self, row: _Row, incident: _Incident) -> None:
        unit = self.units[row.unit]
        if unit.serves != row.incident or unit.at_work:
            self.tell(row, "turned round, but it is not on the way there")
        unit.busy += row.time - unit.ordered
        unit.serves = FREE
        incident.there.discard(row.unit)

    def on_arrive(self, row: _Row, incident: _Incident) -> None:
        unit = self.units[row.unit]
        if unit.serves != row.incident:
            self.tell(row, "arrives where it was not sent")
        elif unit.at_work:
            self.tell(row, "answers one order twice")
        elif row.time < unit.due - TOLERANCE_MIN:
            self.tell(row, f"arrives {unit.due - row.time:.3f} minutes sooner than the travel model allows")
        elif row.time > unit.due + TOLERANCE_MIN:
            self.tell(row, f"arrives {row.time - unit.due:.3f} minutes later than the travel model says")
        if row.capability != unit.capability:
            self.tell(row, f"sent as {unit.capability}, comes as {row.capability}")
        unit.at_work = True
        since = unit.ordered if self.world.work_from_order == 1 else row.time
        unit.due = max(row.time, since + self.day.scene[row.incident][incident.level])
        incident.arrived += 1

    def on_clear(self, row: _Row, incident: _Incident) -> None:
        unit, home = self.units[row.unit], self.world.unit_home[row.unit]
        if unit.serves != row.incident or not unit.at_work:
            self.tell(row, "leaves where it was not at work")
        elif not _same(row.time, unit.due):
            self.tell(row, f"was to be done at {unit.due:.3f}")
        unit.busy += row.time - unit.ordered
        unit.serves = unit.capability = FREE
        unit.at_work = False
        sent_on = row.end < 0
        unit.start, unit.end = home if self.world.home_at_once == 1 else self.world.station_node[row.place], home
        unit.leaves, unit.slow = row.time, 1.0 if sent_on else row.slow
        if not sent_on and (row.start, row.end, row.leaves) != (unit.start, home, row.time):
            self.tell(row, "does not head home from where it worked")
        incident.there.discard(row.unit)

    # The books

    def close(self, outcome: Outcome | None) -> None:
        """Everybody is free or serves one incident, and nothing that was due is missing."""
        for number, unit in enumerate(self.units):
            if unit.serves == FREE:
                if unit.left is None and any(opens < self.ends <= closes for opens, closes in unit.windows):
                    self.told.append(f"at the end, unit {number} should be off duty")
                continue
            if unit.due < self.ends - TOLERANCE_MIN:
                what = "been done" if unit.at_work else "arrived"
                self.told.append(f"at the end, unit {number} should have {what} at {unit.due:.3f}")
        for number, incident in enumerate(self.incidents):
            self.every_trip_has_its_noise(number)
            onset, delay = incident.clock.get("onset"), self.day.report_delay[number]
            if onset is None and self.day.parent[number] < 0 and self.day.onset[number] < self.ends:
                self.told.append(f"at the end, incident {number} has no onset")
            if onset is not None and "report" not in incident.clock and onset + delay < self.ends - TOLERANCE_MIN:
                self.told.append(f"at the end, incident {number} was never reported")
        if outcome is not None:
            self.against(outcome)

    def against(self, outcome: Outcome) -> None:
        """The rows of the outcome tell the same day."""
        rows = outcome.incidents
        known = {number for number, incident in enumerate(self.incidents) if "onset" in incident.clock}
        if known != set(rows.incident.tolist()):
            self.told.append(f"incidents {sorted(known ^ set(rows.incident.tolist()))} are not in both tables")
        for name, column in _IN_OUTCOME.items():
            for number, time in zip(rows.incident.tolist(), getattr(rows, column).tolist(), strict=True):
                seen = self.incidents[number].clock.get(name)
                if (seen is None) != (time != time) or (seen is not None and seen != time):
                    self.told.append(f"incident {number}: {name} at {seen} in the events, at {time} in its row")
        for number, sent in zip(rows.incident.tolist(), rows.units_sent.tolist(), strict=True):
            if len(self.incidents[number].trips) != sent:
                self.told.append(f"incident {number}: {len(self.incidents[number].trips)} orders, its row says {sent}")
        for number, unit in enumerate(self.units):
            away = unit.away + (self.ends - unit.left if unit.left is not None else 0.0)
            if not _same(away, outcome.units.away_min[number]):
                self.told.append(f"unit {number}: {away:.3f} minutes off duty; its row says otherwise")
            busy = unit.busy + (self.ends - unit.ordered if unit.serves != FREE else 0.0)
            if unit.missions != outcome.units.missions[number] or not _same(busy, outcome.units.busy_min[number]):
                self.told.append(f"unit {number}: {unit.missions} orders, {busy:.3f} minutes; its row says otherwise")


def _same(first: float, second: float) -> bool:
    return abs(first - second) <= TOLERANCE_MIN


def audit(
    world: World,
    day: DayMarks,
    events: Events,
    ends_min: float,
    outcome: Outcome | None = None,
    changes: Sequence[Change] = (),
) -> list[str]:
    """Work a day out again from its table of events.

    Nobody is in two places or jumps, no order is answered twice, nothing takes a negative time or comes before its
    cause, nobody is faster than the travel table times rain, night and noise; and at the end everybody is accounted
    for.

    Args:
        world: what was known and decided.
        day: what chance brought.
        events: from :meth:`simsec.simulation.trace.Trace.events`.
        ends_min: end of the clock.
        outcome: its rows must tell the same day.
        changes: of the roads, as they were drawn.

    Returns:
        A plain sentence for everything that does not hold; empty: all is well.

    Example:
        >>> from simsec.day import sample_day
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> from simsec.simulation import simulate
        >>> from simsec.simulation.calendar import marks_of
        >>> from simsec.simulation.simulate import kept_world
        >>> from simsec.simulation.trace import Trace
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> plan, day = doctrine(scenario), sample_day(scenario, 1, 0)
        >>> world, marks = kept_world(scenario, plan), marks_of(day)
        >>> outcome = simulate(scenario, plan, day, listener=(trace := Trace(world, marks)))
        >>> audit(world, marks, trace.events(scenario.horizon_min[1]), scenario.horizon_min[1], outcome)
        []
    """
    auditor = _Audit(world, day, ends_min, changes)
    columns = (
        events.time_min,
        events.kind,
        events.incident,
        events.unit,
        events.place,
        events.start,
        events.end,
        events.capability,
        events.level,
        events.leaves_min,
        events.slow,
    )
    for time, kind, *rest in zip(*(column.tolist() for column in columns), strict=True):
        auditor.take(_Row(time, KINDS[kind], *rest))
    auditor.close(outcome)
    return auditor.told
