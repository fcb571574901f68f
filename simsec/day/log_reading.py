"""Reading a log of any length: checked as a whole first, then handed on group by group in order of time.

Nothing but the present group is kept in memory; of a log out of order also a place in the file for every group.
"""

from __future__ import annotations

import csv
import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from simsec.base.errors import say, system_words
from simsec.day.access import extra_minutes
from simsec.day.incidents import KPU_COLUMNS
from simsec.day.log import (
    FIRST_LINE,
    MARKS,
    NEVER_WORD,
    NOISE,
    REQUIRED,
    RISE,
    SCENE,
    TREE,
    Entry,
    ladder_rows,
    log_columns,
    place_codes,
    site_codes,
)
from simsec.day.log_cells import Cells, Lines
from simsec.day.log_tables import midnight_offset_min, minutes_of, read_tables
from simsec.day.tables import last_level, sampling_tables
from simsec.geography.road_files import Complaints
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import LEVELS
from simsec.scenario.tables import separator_problems

Reaches = Callable[[Entry], str]
"""What is wrong with where an incident lies, as a sentence; "" when somebody can come."""
Progress = Callable[[int, int], None]
TELL_EVERY = 5000  # rows between two signs of progress
_RESPONSE = (
    *("recorded_dispatch", "recorded_arrival", "recorded_unit", "recorded_responder", "recorded_from"),
    "transport_to",
)
_NO_RESPONSE: dict[str, Any] = {
    **dict.fromkeys(("transport", "recorded_kind", "recorded_from"), -1),
    **dict.fromkeys(("recorded_dispatch", "recorded_arrival"), math.nan),
    "handover": 0.0,
    "recorded_unit": "",
}
_BROKEN = "look for a quotation mark too many, or save it as 'CSV UTF-8' anew: lines end in LF or CRLF"
_SEVERAL = (*TREE, "incident")  # columns of groups; a log of single incidents has none of them


@dataclass(frozen=True)
class Checked:
    """What a log holds.

    Attributes:
        rows: incidents, dormant ones included.
        out_of_order: groups that began earlier than one above them; they are taken in order of time.
        absent: marks no column holds, which all come from the scenario.
        blank: column -> rows in which its cell was blank, so that the scenario's figure was taken.
    """

    rows: int
    out_of_order: int
    absent: tuple[str, ...]
    blank: Mapping[str, int]


def _rising(scenario: Scenario) -> dict[tuple[int, int], list[float]]:
    """For every kind and first level the most likely minutes at which each level is left; inf: never."""
    found = {}
    last = last_level(scenario)
    for kind, model in enumerate(scenario.settings.incidents.values()):
        for level in range(len(LEVELS)):
            rise, waited = [math.inf] * len(LEVELS), 0.0
            for step in range(level, int(last[kind])):
                if model.rises_after_min is not None:
                    waited += model.rises_after_min.mode
                    rise[step] = waited
            found[kind, level] = rise
    return found


def _asking(scenario: Scenario) -> list[list[float]]:
    """For every kind the most likely minutes of asking KPU, and a place in the middle; 0 where it closes no station."""
    kpu, found = scenario.settings.kpu, []
    for model in scenario.settings.incidents.values():
        marks = [0.0] * len(KPU_COLUMNS)
        if kpu is not None and model.closes_station:
            asks = model.kpu_asks_after_min or kpu.asks_after_min
            marks = [figure.mode for figure in (asks, kpu.committee_min, kpu.decides_min, kpu.relocation_min)] + [0.5]
        found.append(marks)
    return found


class LogReader:
    """A log and the scenario it is read for.

    Args:
        path: the file.
        scenario: knows the codes, and what absent marks take.

    Attributes:
        columns: of its header, in order.
        around: what holds for the whole of the day, from the tables beside the log.

    Raises:
        InputError: the file cannot be read, or its header or a table beside it is wrong.
    """

    def __init__(self, path: Path, scenario: Scenario) -> None:
        """Read the header, and the tables beside the log."""
        self.path, self.scenario = path, scenario
        self.complaints = Complaints(path.name)
        self.columns = self._header()
        self.around = read_tables(path, scenario)
        self._at = {name: place for place, name in enumerate(self.columns)}
        self._day = midnight_offset_min(scenario)
        self._clock = scenario.horizon_min
        self._places, self._sites = place_codes(scenario), site_codes(scenario)
        self._codes = (*scenario.stations.code, *scenario.villages.code)
        models = scenario.settings.incidents
        self._kinds = {kind: number for number, kind in enumerate(models)}
        self._starts = [LEVELS.index(model.starts) for model in models.values()]
        self._units = {unit.kind: number for number, unit in enumerate(scenario.settings.units)}
        calls = scenario.settings.calls
        self._detection = calls.detection_min.mode
        self._report = calls.detection_min.mode + calls.call_min.mode
        self._rise = _rising(scenario)
        tables = sampling_tables(scenario)
        names = ladder_rows(scenario)
        self._delay_names = tuple(f"delay_{row}_min" for row in names)
        self._turnout_names = tuple(f"turnout_{row}_min" for row in names)
        self._delay = [step.delay_min.mode if step.delay_min else 0.0 for step in tables.rows]
        self._turnout = [turnout.mode if turnout else 0.0 for turnout in tables.row_turnout]
        self._noise = [1.0] * len(NOISE)
        self._kpu = _asking(scenario)
        self._blank: Counter[str] = Counter()
        self._accidents = {accident.name for accident in self.around.accidents}
        self._met: dict[str, dict[int, float]] = {}  # name of an accident -> rows of that name, and when they began
        self._order: tuple[array[float], array[int], array[int]] | None = None
        marks = MARKS | {"delay": self._delay_names, "turnout": self._turnout_names}
        if scenario.settings.kpu is None:
            del marks["kpu"]
        self._given = {name for name, columns in marks.items() if any(column in self._at for column in columns)}
        self._absent = tuple(name for name in marks if name not in self._given)
        self._responds = any(name in self._at for name in _RESPONSE)
        self._grouped = any(name in self._at for name in _SEVERAL)

    def check(self, reaches: Reaches, progress: Progress | None = None) -> Checked:
        """Read the whole file for what is wrong with it.

        Args:
            reaches: tells of a place nobody can reach.
            progress: called with bytes read and all.

        Raises:
            InputError: the first problems, a line each, and how many more there are.
        """
        self._blank.clear()
        self._met.clear()
        times, offsets, firsts = array("d"), array("q"), array("q")
        count, disorder, latest, size = 0, 0, -math.inf, self.path.stat().st_size
        try:
            for group, offset, line in self._scan(0):
                for entry in group:
                    what = reaches(entry)
                    if what:
                        code = self._codes[entry.station]
                        self.complaints.add(what, "correct the place, or remove the row", line, "place", code)
                disorder += group[0].onset < latest
                latest = max(latest, group[0].onset)
                times.append(group[0].onset)
                offsets.append(offset)
                firsts.append(group[0].row)
                count += len(group)
                if progress and len(times) % TELL_EVERY == 0:
                    progress(offset, size)
        except UnicodeDecodeError as error:
            remedy = "save it as 'CSV UTF-8' in the spreadsheet program"
            self.complaints.add("the file is not UTF-8 text", remedy, 0, value=repr(error.object[error.start]))
        except csv.Error:
            self.complaints.add("a cell is too long or a line is broken", _BROKEN, 0)
        if not count and not self.complaints.problems:
            self.complaints.add("the table has no rows", "add at least one row", 0)
        self._check_accidents()
        self.complaints.stop_if_any()
        self._order = (times, offsets, firsts) if disorder else None
        if progress:
            progress(size, size)
        return Checked(count, disorder, self._absent, dict(self._blank))

    def _check_accidents(self) -> None:
        """Every accident of a convoy is one incident of the log, and befalls it while it is out."""
        complaints = Complaints(self.around.accidents[0].file if self.around.accidents else "")
        for accident in self.around.accidents:
            cell = accident.line, "accident", accident.name
            met = self._met.get(accident.name, {})
            if len(met) != 1:
                what = "several incidents of the log have this name" if met else "the log has no such incident"
                complaints.add(what, "write the `incident` of one row that has no parent", *cell)
            for onset in met.values():
                leaves, back = accident.out_min
                if onset < leaves or onset > back:
                    bound = say("from {starts} to {ends}", starts=f"{leaves:g}", ends=f"{back:g}")
                    what = "it began while the pair was not out with these boxes"
                    complaints.add(what, "correct one of the two times", *cell, bound)
        self.complaints.problems += complaints.problems
        self.complaints.more += complaints.more

    def groups(self) -> Iterator[list[Entry]]:
        """The groups in order of time; in the order of the file among those of one minute. Check the log first."""
        if self._order is None:
            yield from self.groups_in_file()
            return
        times, offsets, firsts = self._order
        with self.path.open("rb") as file:
            for place in np.argsort(np.frombuffer(times), kind="stable").tolist():
                group, _, _ = next(self._scan(firsts[place], file, offsets[place]))
                yield group

    def groups_in_file(self) -> Iterator[list[Entry]]:
        """The groups in the order of the file."""
        for group, _, _ in self._scan(0):
            yield group
        self.complaints.stop_if_any()  # the file was changed after it had been checked

    def _header(self) -> list[str]:
        """The names of the columns; everything wrong with them at once."""
        known = log_columns(ladder_rows(self.scenario))
        names = {column.name for column in known}
        header: list[str] = []
        try:
            with self.path.open("rb") as file:
                header = [name.strip().removeprefix("\ufeff") for name in next(csv.reader(Lines(file)), [])]
        except FileNotFoundError:
            self.complaints.add("the file is missing", "give the path of an incident log", 0)
        except OSError as error:
            why = system_words(error)
            self.complaints.add(say("the file cannot be read ({why})", why=why), "check its rights", 0)
        except UnicodeDecodeError:
            self.complaints.add("the file is not UTF-8 text", "save it as 'CSV UTF-8' in the spreadsheet program", 0)
        except csv.Error:
            self.complaints.add("a cell is too long or a line is broken", _BROKEN, 0)
        self.complaints.problems += separator_problems(self.path.name, header)
        self.complaints.stop_if_any()
        for name in REQUIRED:
            if name not in header:
                self.complaints.add("a column is missing", "add it to the header", 1, name)
        remedy = "remove it; docs/formats/incident-log.md lists the columns"
        for name in header:
            if name not in names:
                self.complaints.add("unknown column", remedy, 1, name)
        for name, count in Counter(header).items():
            if count > 1:
                self.complaints.add("a column appears twice", "keep one", 1, name)
        pairs = (("transport_to", "handover_min"), ("handover_min", "transport_to"), ("parent", "incident"))
        for name, needed in pairs:
            if name in header and needed not in header:
                self.complaints.add("a column is missing", "add it to the header", 1, needed)
        self.complaints.stop_if_any()
        return header

    def _scan(
        self, first: int, file: BinaryIO | None = None, offset: int = 0
    ) -> Iterator[tuple[list[Entry], int, int]]:
        """Each group from a place in the file on, where it begins, and the line of its first row."""
        if file is None:
            with self.path.open("rb") as opened:
                yield from self._scan(first, opened, offset)
            return
        lines = Lines(file, offset)
        reader = csv.reader(lines)
        if offset == 0:
            next(reader)
        group: list[Entry] = []
        keys: dict[str, int] = {}
        row, begins, begins_line = first, 0, 0
        parent_at = self._at.get("parent", -1)
        while True:
            start, line = lines.offset, reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                break
            if not any(cells):
                continue
            if len(cells) != len(self.columns):
                what = say("the row has {cells} cells, the header {header}", cells=len(cells), header=len(self.columns))
                self.complaints.add(what, "check for a missing or an extra comma", line)
                row += 1
                continue
            if parent_at < 0 or not cells[parent_at].strip():
                if group:
                    yield group, begins, begins_line
                group, keys, begins, begins_line = [], {}, start, line
            entry = self._entry(cells, row, line, group, keys)
            row += 1
            if entry is not None:
                group.append(entry)
        if group:
            yield group, begins, begins_line

    def _entry(
        self, cells: Sequence[str], row: int, line: int, group: list[Entry], keys: dict[str, int]
    ) -> Entry | None:
        """One row with every mark filled in, or None where something was wrong with it."""
        cell = Cells(self._at, cells, line, self.complaints)
        station = cell.code("place", self._places, "no such station or village")
        kind = cell.code("kind", self._kinds, "no such kind of incident")
        on_scene = cell.number("on_scene_min", None)
        parent = self._parent(cell, group, keys) if self._grouped else -1
        onset = self._time(cell, "time") if parent < 0 else math.nan
        if parent < 0 and not cell.text("time"):
            cell.wrong("time", "the cell is empty", "only a row with a parent has no time")
        elif parent < 0 and not self._clock[0] <= onset < self._clock[1] and onset == onset:
            bound = say("from {starts} to {ends}", starts=f"{self._clock[0]:g}", ends=f"{self._clock[1]:g}")
            cell.wrong("time", "outside the scenario's clock", "widen clock.starts and clock.ends", bound)
        elif parent >= 0 and cell.text("time"):
            cell.wrong("time", "a row with a parent has no time of its own", "leave the time blank")
        key = cell.text("incident")
        if key in self._accidents and parent < 0:
            self._met.setdefault(key, {})[row] = onset
        if self._grouped and key in keys:
            cell.wrong("incident", "two rows of one group have the same name", "give every row its own")
        keys[key] = len(group)
        if cell.bad:
            return None
        level = self._level(cell, kind)
        detection, report = self._detection, self._report
        if "report" in self._given:
            report = cell.number("report_delay_min", report, self._blank)
            detection = cell.number("alert_delay_min", min(detection, report), None)
        elif detection > report:
            detection = report
        rise = self._rise[kind, level]
        if "rise" in self._given:
            rise = [
                math.inf if cell.text(name) == NEVER_WORD else cell.number(name, rise[step], self._blank)
                for step, name in enumerate(RISE)
            ]
        scene = [on_scene] * len(LEVELS)
        if "scene" in self._given:
            scene = [cell.number(name, on_scene, None) for name in SCENE]
        delay, turnout, noise = self._delay, self._turnout, self._noise
        if "delay" in self._given:
            delay = [cell.number(*named, self._blank) for named in zip(self._delay_names, delay, strict=True)]
        if "turnout" in self._given:
            turnout = [cell.number(*named, self._blank) for named in zip(self._turnout_names, turnout, strict=True)]
        if "noise" in self._given:
            noise = [cell.number(name, 1.0, self._blank) for name in NOISE]
        kpu = self._kpu[kind]
        if "kpu" in self._given:
            named = zip(KPU_COLUMNS, kpu, (*[math.inf] * (len(kpu) - 1), 1.0), strict=True)
            kpu = [cell.number(name, mark, self._blank, high) for name, mark, high in named]
        first_line = math.inf
        if cell.text(FIRST_LINE) != NEVER_WORD:
            first_line = cell.number(FIRST_LINE, math.inf)
        entry = Entry(
            row=row,
            key=key,
            kind=kind,
            station=station,
            level=level,
            onset=onset,
            alert_delay=detection,
            report_delay=report,
            rise=rise,
            scene=scene,
            where=cell.number("where", 0.5, self._blank, high=1.0) if "where" in self._given else 0.5,
            delay=delay,
            turnout=turnout,
            noise=noise,
            kpu=kpu,
            parent=parent,
            village=self._village(cell, group, keys) if self._grouped else len(group),
            spread_delay=cell.number("spread_delay_min", None) if parent >= 0 else 0.0,
            contain_within=cell.number("contain_within_min", None) if parent >= 0 else 0.0,
            hits=self._hits(cell) if self._grouped else 0,
            access=self._access(kind, station, onset),
            first_line=first_line,
            **(self._response(cell, onset) if self._responds else _NO_RESPONSE),
        )
        return None if cell.bad else entry

    def _access(self, kind: int, station: int, onset: float) -> float:
        """Minutes more from outside the hamlet, by the hour of the onset; a village itself lies on its road."""
        access = self.around.access
        if access is None or station >= len(access.hamlet) or access.hamlet[station] < 0:
            return 0.0
        minutes = extra_minutes(self.scenario, access, np.array([kind]), np.array([station]), np.array([onset]))
        return float(minutes[0])

    def _response(self, cell: Cells, onset: float) -> dict[str, Any]:
        """What was recorded of the response, and where the unit went afterwards."""
        dispatch, arrival = self._time(cell, "recorded_dispatch"), self._time(cell, "recorded_arrival")
        for name, minute, since in (("recorded_dispatch", dispatch, onset), ("recorded_arrival", arrival, dispatch)):
            if minute < (onset if math.isnan(since) else since):
                cell.wrong(name, "earlier than what comes before it", "correct one of the two times")
        transport = cell.code("transport_to", self._sites, "no such post or village", blank=True)
        if bool(cell.text("transport_to")) != bool(cell.text("handover_min")):
            what = "transport_to and handover_min go together"
            cell.wrong("handover_min", what, "fill in both, or leave both blank")
        return {
            "transport": transport,
            "handover": cell.number("handover_min", 0.0, None),
            "recorded_unit": cell.text("recorded_unit"),
            "recorded_kind": cell.code("recorded_responder", self._units, "unknown kind of unit", blank=True),
            "recorded_from": cell.code("recorded_from", self._sites, "no such post or village", blank=True),
            "recorded_dispatch": dispatch,
            "recorded_arrival": arrival,
        }

    def _time(self, cell: Cells, name: str) -> float:
        """Minutes after midnight of polling day; nan where there is no time, or none that can be read."""
        text = cell.text(name)
        if not text:
            return math.nan
        try:
            return minutes_of(text, *self._day)
        except ValueError as error:
            cell.wrong(name, error.args[0])
            return math.nan

    def _level(self, cell: Cells, kind: int) -> int:
        text = cell.text("level")
        if text in LEVELS:
            return LEVELS.index(text)
        if text:
            cell.wrong("level", "unknown word", "", say("one of {words}", words=", ".join(LEVELS)))
        elif "level" in self._given:
            self._blank["level"] += 1
        return self._starts[kind]

    def _parent(self, cell: Cells, group: list[Entry], keys: dict[str, int]) -> int:
        """Place of the parent in its group, -1 where the row has none."""
        name = cell.text("parent")
        if not name:
            return -1
        parent = keys.get(name, -1)
        if parent < 0:
            what = "no row of the same group, further up, has this name"
            cell.wrong("parent", what, "put the rows of a crowd below the one they come from")
            return 0
        if group and group[-1].parent != parent and any(entry.parent == parent for entry in group):
            cell.wrong("parent", "the rows with one parent do not stand together", "put them below one another")
        return parent

    def _hits(self, cell: Cells) -> int:
        hits = cell.number("hits", 0.0)
        if not hits.is_integer():
            cell.wrong("hits", "not a whole number")
        return int(hits)

    def _village(self, cell: Cells, group: list[Entry], keys: dict[str, int]) -> int:
        """Place in its group of the row that stands for the same village; by default its own."""
        name = cell.text("same_village_as")
        if name and name not in keys:
            what = "no row of the same group, further up, has this name"
            cell.wrong("same_village_as", what, "leave it blank in the first row of a village")
        return keys.get(name, len(group)) if name else len(group)
