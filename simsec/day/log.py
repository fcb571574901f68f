"""The incident log: one row an incident that somebody had to go out for, recorded or simulated.

The first four columns tell what happened; what was recorded of the response stands beside it; the rest are the marks of
a simulated day. An absent mark takes the most likely value of the scenario, and is listed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from simsec.day.day import Day, Floats
from simsec.day.incidents import KPU_COLUMNS, NOISE_SLOTS
from simsec.day.log_tables import write_tables
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import LEVELS
from simsec.scenario.tables import Cell, Column, write_table

NEVER_WORD = "never"  # in a column of rise: the level is not left
REQUIRED = ("time", "place", "kind", "on_scene_min")
RISE, SCENE = tuple(f"rise_{level}_min" for level in LEVELS), tuple(f"scene_{level}_min" for level in LEVELS)
FIRST_LINE = "first_line_min"
NOISE = tuple(f"noise_{slot + 1}" for slot in range(NOISE_SLOTS))
TREE = ("parent", "spread_delay_min", "contain_within_min", "hits", "same_village_as")
# The marks by name: the columns that hold each of them, delays and turn-outs apart, whose columns are the ladders'.
MARKS = {
    "level": ("level",),
    "report": ("alert_delay_min", "report_delay_min"),
    "rise": RISE,
    "scene": SCENE,
    "where": ("where",),
    "noise": NOISE,
    "kpu": KPU_COLUMNS,
}


class Entry(NamedTuple):
    """One row of a log, every mark filled in; numbers are the scenario's.

    Attributes:
        row: place of the row in the file, counted from 0.
        key: the incident's own number or name, "" where the log has none.
        kind, station, level: numbers; a station beyond the last is a village, see :func:`place_codes`.
        onset: minutes after midnight of polling day, nan: dormant until its parent wakes it.
        alert_delay, report_delay: minutes after onset.
        rise, scene: by level.
        where, delay, turnout, noise, kpu: as in :class:`simsec.day.day.Incidents`.
        parent, village: place in the group of rows that belong together, -1: no parent.
        spread_delay, contain_within, hits: as in :class:`simsec.day.day.Incidents`.
        transport: node of the place the unit goes to from the scene, -1: none.
        handover: minutes it stays there.
        recorded_unit: its call sign, carried through.
        recorded_kind: number of the unit kind that came, -1: not recorded.
        recorded_from: node it set out from, -1: not recorded.
        recorded_dispatch, recorded_arrival: minutes after midnight of polling day, nan: not recorded.
        access: minutes more from outside the hamlet, from the table of access beside the log.
        first_line: minutes after the alert until somebody of the three pillars is there, inf: nobody.
    """

    row: int
    key: str
    kind: int
    station: int
    level: int
    onset: float
    alert_delay: float
    report_delay: float
    rise: list[float]
    scene: list[float]
    where: float
    delay: list[float]
    turnout: list[float]
    noise: list[float]
    kpu: list[float]
    parent: int
    village: int
    spread_delay: float
    contain_within: float
    hits: int
    transport: int
    handover: float
    recorded_unit: str
    recorded_kind: int
    recorded_from: int
    recorded_dispatch: float
    recorded_arrival: float
    access: float = 0.0
    first_line: float = math.inf


def ladder_rows(scenario: Scenario) -> tuple[str, ...]:
    """Names of the steps of all ladders in order, as the columns of delays and turn-outs end.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> ladder_rows(read_scenario("scenarios/kabupaten-semarang"))[0]
        'police_1'
    """
    ladders = scenario.settings.ladders
    return tuple(f"{ladder.name}_{step + 1}" for ladder in ladders for step in range(len(ladder.steps)))


def log_columns(rows: Sequence[str]) -> tuple[Column, ...]:
    """Every column a log may have.

    Args:
        rows: names of the steps of the ladders.

    Example:
        >>> [column.name for column in log_columns(("police_1",))][:4]
        ['time', 'place', 'kind', 'on_scene_min']
    """

    def number(name: str, meaning: str, high: float = float("inf")) -> Column:
        return Column(name, "number", low=0, high=high, required=False, optional=True, meaning=meaning)

    def text(name: str, meaning: str, choices: tuple[str, ...] = ()) -> Column:
        return Column(name, choices=choices, required=False, optional=True, meaning=meaning)

    return (
        Column(
            "time",
            required=False,
            meaning="when it began: ISO stamp with its offset, or `H 07:10`, or minutes after midnight of polling day; "
            "blank only in a row with a parent",
        ),
        Column("place", meaning="code of a station, or of a village"),
        Column("kind", meaning="code of the kind of incident"),
        Column("on_scene_min", "number", low=0, meaning="minutes a unit works there"),
        text("transport_to", "code of a post or village: one unit goes there from the scene, and is free there"),
        number("handover_min", "minutes it stays there"),
        text("recorded_unit", "call sign of the unit that came first; carried through"),
        text("recorded_responder", "its kind, as in the scenario"),
        text("recorded_from", "code of the post or village it set out from"),
        text("recorded_dispatch", "when it was sent, written as `time`"),
        text("recorded_arrival", "when it came, written as `time`"),
        text("incident", "number or name of the incident; needed by rows that name it"),
        text("level", "level at which it begins; blank: that of its kind", LEVELS),
        number("alert_delay_min", "minutes until crew and Linmas on the spot know"),
        number("report_delay_min", "minutes until somebody outside knows; 0 where `time` is the time of the call"),
        number(FIRST_LINE, f"minutes after the alert until the village's three pillars come; `{NEVER_WORD}`: nobody"),
        *(number(name, f"minutes after onset until it leaves that level unhelped, or `{NEVER_WORD}`") for name in RISE),
        *(number(name, "minutes a unit works there at that level; blank: on_scene_min") for name in SCENE),
        number("where", "where in its block the guard pair stands, from 0 to 1", 1.0),
        *(number(f"delay_{row}_min", "minutes until that step of a ladder passes the request on") for row in rows),
        *(number(f"turnout_{row}_min", "minutes before a unit of that step moves off from its base") for row in rows),
        *(number(name, "factor on the way of the unit sent in that place; then from 1 again") for name in NOISE),
        number("kpu_asks_min", "minutes a station it closes waits before its crew asks KPU"),
        number("kpu_committee_min", "minutes the question takes by way of PPS and PPK"),
        number("kpu_decides_min", "minutes until KPU has decided"),
        number("kpu_relocation_min", "minutes until a station that moves is open at its new place"),
        number("kpu_place", "from 0 to 1; a new place is found where it lies below `kpu.relocates_share`", 1.0),
        text("parent", "incident, higher up among the rows that belong together, from which the crowd comes here"),
        number("spread_delay_min", "minutes after the parent's onset at which it comes"),
        number("contain_within_min", "minutes after the parent's onset in which squads stop it, or its cause ends"),
        Column("hits", "integer", low=0, required=False, optional=True, meaning="stations a spreading crowd hits"),
        text("same_village_as", "incident of the same group that stands for the same village of a crowd"),
    )  # fmt: skip


@lru_cache(maxsize=4)
def place_codes(scenario: Scenario) -> dict[str, int]:
    """Number of every place an incident may happen at: the stations, and after them the villages themselves.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> place_codes(scenario)[scenario.villages.code[0]]
        1983
    """
    stations = scenario.stations.code
    villages = {code: len(stations) + number for number, code in enumerate(scenario.villages.code)}
    return villages | {code: number for number, code in enumerate(stations)}


@lru_cache(maxsize=4)
def site_codes(scenario: Scenario) -> dict[str, int]:
    """Node of every village and post, by code."""
    villages = {code: node for node, code in enumerate(scenario.villages.code)}
    return villages | {code: len(villages) + number for number, code in enumerate(scenario.posts.code)}


def write_log(path: Path, scenario: Scenario, day: Day) -> None:
    """Write a day as a log with every mark, and what holds for the whole of it beside it; it replays to itself.

    Args:
        path: the file, ``.csv``; readable by the owner only, for it names stations.
        scenario: the day was sampled from.
        day: to write; a dormant child of a crowd stands below the seed it comes from.

    Raises:
        RunError: a file cannot be written.
    """
    columns = [column for column in log_columns(ladder_rows(scenario)) if not column.name.startswith("recorded")]
    columns = [column for column in columns if column.name not in ("transport_to", "handover_min")]
    cells = _mark_cells(scenario, day)
    order = [row for group in _groups(day.incidents.parent.tolist()) for row in group]
    write_table(path, columns, [[cells[column.name][row] for column in columns] for row in order], private=True)
    write_tables(path, scenario, day)


def _groups(parent: Sequence[int]) -> Iterator[list[int]]:
    """Each primary incident with all that may come of it, in the order of the day."""
    members: dict[int, list[int]] = {}
    root: list[int] = []
    for row, above in enumerate(parent):  # a parent stands before its children
        root.append(row if above < 0 else root[above])
        members.setdefault(root[row], []).append(row)
    yield from members.values()


def _mark_cells(scenario: Scenario, day: Day) -> dict[str, list[Cell]]:
    """Cells of every column of an exported log, by name, in the order of the day."""
    incidents = day.incidents
    n = range(len(incidents))
    kinds, stations = list(scenario.settings.incidents), scenario.stations.code
    parent, level = incidents.parent.tolist(), incidents.level.tolist()
    scene, child = incidents.scene_min.tolist(), incidents.parent >= 0

    def of_children(values: Floats) -> list[Cell]:
        return ["" if not own else value for own, value in zip(child.tolist(), values.tolist(), strict=True)]

    cells: dict[str, list[Cell]] = {
        "time": ["" if value != value else repr(value) for value in incidents.onset_min.tolist()],
        "place": [stations[number] for number in incidents.station.tolist()],
        "kind": [kinds[number] for number in incidents.kind.tolist()],
        "on_scene_min": [scene[row][level[row]] for row in n],
        "incident": list(n),
        "level": [LEVELS[number] for number in level],
        "alert_delay_min": incidents.alert_delay_min.tolist(),
        "report_delay_min": incidents.report_delay_min.tolist(),
        FIRST_LINE: [_or_never(value) for value in incidents.first_line_delay_min.tolist()],
        "where": incidents.where.tolist(),
        "parent": ["" if above < 0 else above for above in parent],
        "spread_delay_min": of_children(incidents.spread_delay_min),
        "contain_within_min": of_children(incidents.contain_within_min),
        "hits": incidents.hits.tolist(),
        "same_village_as": ["" if other == row else other for row, other in enumerate(incidents.village.tolist())],
    }
    tables = [
        (RISE, incidents.rise_min),
        (SCENE, incidents.scene_min),
        (tuple(f"delay_{row}_min" for row in ladder_rows(scenario)), incidents.delay_min),
        (tuple(f"turnout_{row}_min" for row in ladder_rows(scenario)), incidents.turnout_min),
        (NOISE, incidents.noise),
        (KPU_COLUMNS, incidents.kpu),
    ]
    for names, values in tables:
        for column, name in enumerate(names):
            cells[name] = [_or_never(value) for value in values[:, column].tolist()]
    return cells


def _or_never(value: float) -> Cell:
    return NEVER_WORD if value == math.inf else value
