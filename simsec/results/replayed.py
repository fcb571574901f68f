"""A log replayed: checked, played, its rows written beside what was recorded, and what they tell of the scenario.

Incidents end in another order than they began, and a log may be longer than memory: what became of each is kept in a
file of records until the rows are written, in the order of the log.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from simsec.analysis.calibration import HOURS, Calibration, Trips, calibrate
from simsec.base.files import whole_file
from simsec.day.log import Entry, place_codes, site_codes
from simsec.day.log_reading import Checked, LogReader
from simsec.day.trips import pairs_go
from simsec.plan.plan import Plan
from simsec.results.tables import REPLAY
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import LEVELS
from simsec.simulation.decisions import DECISIONS, NONE, decision_about
from simsec.simulation.model import State
from simsec.simulation.replaying import Played, Replay, replay_world, whats_out_of_reach
from simsec.simulation.roads import changes_by
from simsec.simulation.world import Roster, roster_of

ROWS_TOGETHER = 10_000  # of the table, in memory at once
TELL_EVERY = 2_000  # groups between two signs of progress
_RECORD = Struct(f"{len(Played._fields)}d")
Bars = Callable[[str], Callable[[int, int], None]]


@dataclass(frozen=True)
class Replayed:
    """What a replay found.

    Attributes:
        checked: what the log holds, and what it lacks.
        files: the tables that stood beside it; without one of the weather the day was dry.
        calibration: recorded against simulated.
        happened: incidents that happened; others are dormant rows that no crowd reached.
        answered: of these, somebody came.
        response_min: their minutes to first help, summed.
        seats: incidents that went on at once, at most.
        missions, busy_min: of all units.
        boxes_alone: the scenario sends pairs with boxes, and the log holds no table of when.
    """

    checked: Checked
    files: tuple[Path, ...]
    calibration: Calibration
    happened: int
    answered: int
    response_min: float
    seats: int
    missions: int
    busy_min: float
    boxes_alone: bool


class _Records:
    """What became of every row, on disk; a row may be put before those above it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def put(self, row: int, played: Played) -> None:
        self._file.seek(row * _RECORD.size)
        self._file.write(_RECORD.pack(*played))

    def in_order(self) -> Iterator[Played]:
        self._file.seek(0)
        while record := self._file.read(_RECORD.size):
            yield Played(*_RECORD.unpack(record))


def replay_log(
    scenario: Scenario, plan: Plan, log: Path, out: Path | None, made_by: Mapping[str, str], bars: Bars
) -> Replayed:
    """Check a log, play it under a plan, and write ``replay.parquet``.

    Args:
        scenario: knows places, kinds and what the log leaves out.
        plan: whose units answer.
        log: the file.
        out: folder for the table; None: nothing is written.
        made_by: what made it, kept in the file.
        bars: gives a progress bar for a label: ``check``, ``play`` or ``write``.

    Raises:
        InputError: everything wrong with the log or a table beside it.
        RunError: the table cannot be written.
    """
    world = replay_world(scenario, plan)
    reader = LogReader(log, scenario)
    checked = reader.check(whats_out_of_reach(world), bars("check"))
    around, friction = reader.around, scenario.settings.travel.friction.mode
    changes = changes_by(scenario, around.closures)
    with tempfile.TemporaryFile() as file:
        records = _Records(file)

        def finished(entry: Entry, seat: int, state: State) -> None:
            records.put(entry.row, play.played(seat))

        absent, boxes = around.absent.tolist(), (around.convoys, around.befalls())
        play = Replay(world, around.slow, friction, finished, absent, changes, *boxes)
        state = play.run(_counted(reader.groups(), checked.rows, bars("play")), scenario.horizon_min[1])
        ends = scenario.horizon_min[1]
        out_still = (ends - at for seat, at in zip(state.serves, state.ordered_at, strict=True) if seat >= 0)
        busy = math.fsum(state.busy_min) + math.fsum(out_still)
        rows = _Rows(scenario, roster_of(scenario, plan), play)
        pairs = zip(_counted_rows(reader, checked.rows, bars("write")), records.in_order(), strict=True)
        with _table(out / "replay.parquet" if out else None, made_by) as write:
            batch: list[tuple[Any, ...]] = []
            for entry, played in pairs:
                batch.append(rows.row(entry, played))
                if len(batch) == ROWS_TOGETHER:
                    write(batch)
                    batch = []
            write(batch)
    return Replayed(
        checked=checked,
        files=around.files,
        calibration=calibrate(rows.trips),
        happened=rows.happened,
        answered=rows.answered,
        response_min=rows.response_min,
        seats=play.seats,
        missions=sum(state.missions),
        busy_min=busy,
        boxes_alone=around.convoys is None and pairs_go(scenario),
    )


def _counted(groups: Iterator[list[Entry]], rows: int, bar: Callable[[int, int], None]) -> Iterator[list[Entry]]:
    done = 0
    for number, group in enumerate(groups):
        yield group
        done += len(group)
        if number % TELL_EVERY == 0:
            bar(done, rows)
    bar(rows, rows)


def _counted_rows(reader: LogReader, rows: int, bar: Callable[[int, int], None]) -> Iterator[Entry]:
    for group in _counted(reader.groups_in_file(), rows, bar):
        yield from group


Write = Callable[[Sequence[tuple[Any, ...]]], None]


@contextmanager
def _table(path: Path | None, made_by: Mapping[str, str]) -> Iterator[Write]:
    """A function that writes rows of the table; the file appears whole or not at all."""
    if path is None:
        yield lambda rows: None
        return
    schema = REPLAY.with_metadata({key.encode(): value.encode() for key, value in made_by.items()})
    with whole_file(path, private=True) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:

        def write(rows: Sequence[tuple[Any, ...]]) -> None:
            columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield write


class _Rows:
    """Rows of the table, and the sums over them."""

    def __init__(self, scenario: Scenario, roster: Roster, play: Replay) -> None:
        self.trips = Trips()
        self.happened, self.answered, self.response_min = 0, 0, 0.0
        self._scenario, self._play, self._roster = scenario, play, roster
        self._places = {number: code for code, number in place_codes(scenario).items()}
        self._sites = {node: code for code, node in site_codes(scenario).items()}
        self._kinds = list(scenario.settings.incidents)
        self._units = [unit.kind for unit in scenario.settings.units]
        subdistrict = scenario.stations.subdistrict.tolist() + scenario.villages.subdistrict.tolist()
        self._area: list[int] = subdistrict
        self._friction = scenario.settings.travel.friction.mode

    def row(self, entry: Entry, played: Played) -> tuple[Any, ...]:
        """One incident; recorded answers are noted for the calibration."""
        first_unit = int(played.first_unit)
        first_kind = int(self._roster.kind[first_unit]) if first_unit >= 0 else -1
        response = played.first - played.onset
        recorded = entry.recorded_arrival - entry.onset
        routed = math.nan
        if entry.recorded_kind >= 0 and entry.recorded_from >= 0:
            sent = entry.onset if math.isnan(entry.recorded_dispatch) else entry.recorded_dispatch
            routed = self._play.routed_min(entry.recorded_kind, entry.recorded_from, entry.station, sent, entry.access)
        decision = decision_about(self._scenario, entry.kind, played.onset, played.over, entry.kpu)
        self.happened += played.level >= 0
        if response == response:
            self.answered += 1
            self.response_min += response
        if recorded == recorded:
            self._note(entry, played, first_kind, routed)
        return (
            entry.row + 1,
            entry.key or None,
            self._places[entry.station],
            self._kinds[entry.kind],
            LEVELS[entry.level],
            LEVELS[int(played.level)] if played.level >= 0 else None,
            _null(played.onset),
            _null(played.reported),
            _null(played.dispatched),
            _null(played.dispatched - played.reported),
            _null(played.first),
            _null(response),
            _null(played.full),
            _null(played.care),
            _null(played.cleared),
            played.busy,
            _null(played.routed),
            int(played.units_sent),
            first_unit if first_unit >= 0 else None,
            self._units[first_kind] if first_unit >= 0 else None,
            self._roster.site[first_unit] if first_unit >= 0 else None,
            entry.recorded_unit or None,
            self._units[entry.recorded_kind] if entry.recorded_kind >= 0 else None,
            self._sites.get(entry.recorded_from),
            _null(entry.recorded_dispatch),
            _null(entry.recorded_arrival),
            _null(recorded),
            _null(routed),
            _null(recorded - response),
            _null(decision.reopened),
            _null(decision.asked),
            _null(decision.decided),
            DECISIONS[decision.code] if decision.code != NONE else None,
        )

    def _note(self, entry: Entry, played: Played, first_kind: int, routed: float) -> None:
        """A recorded answer. Who came from where is taken from the simulation where it was not recorded."""
        kind = entry.recorded_kind if entry.recorded_kind >= 0 else first_kind
        same = kind == first_kind and kind >= 0
        if routed != routed and same:
            routed = played.routed
        noise_free = played.routed * self._friction
        self.trips.add(
            recorded_min=entry.recorded_arrival - entry.onset,
            simulated_min=played.first - played.onset,
            since_dispatch_min=entry.recorded_arrival - entry.recorded_dispatch,
            routed_min=routed if routed < math.inf else math.nan,
            way_min=noise_free if same else math.nan,
            waited_min=played.dispatched - played.onset,
            kind=kind,
            hour=int(entry.onset // 60) % HOURS,
            area=self._area[entry.station],
        )


def _null(minute: float) -> float | None:
    return minute if minute == minute else None
