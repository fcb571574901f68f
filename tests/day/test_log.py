"""An incident log: what is written comes back as it was, and what is wrong is told line by line, all at once."""

import atexit
import os
import shutil
import tempfile
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simsec.base.errors import InputError
from simsec.day import sample_day
from simsec.day.log import WEATHER_COLUMNS as WEATHER
from simsec.day.log import Entry, log_columns, minutes_of, read_weather, weather_file, write_log
from simsec.day.log_reading import Checked, LogReader
from simsec.day.logged import read_day
from simsec.day.weather import slowdown
from simsec.scenario.schema import DAY_TYPES
from simsec.scenario.tables import write_table
from tests.areas import shipped, tiny

HEADER = "time,place,kind,on_scene_min"
STATION = tiny().stations.code[0]
GOOD = f"H 07:10,{STATION},intimidation,20"
DAY = tiny().settings.polling_date.toordinal()


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "log.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def nothing_wrong(entry: Entry) -> str:
    return ""


def read(path: Path) -> tuple[Checked, list[Entry]]:
    reader = LogReader(path, tiny())
    checked = reader.check(nothing_wrong)
    return checked, [entry for group in reader.groups() for entry in group]


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        read(path)
    assert refused.value.exit_code == 2
    return str(refused.value)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from(DAY_TYPES))
def test_a_day_comes_back_with_every_mark_as_it_was(seed: int, day_type: str) -> None:
    day = sample_day(tiny(), seed, 0, day_type)
    assume(len(day.incidents))
    folder = Path(scratch())
    write_log(folder / "day.csv", tiny(), day)
    again = read_day(folder / "day.csv", tiny())
    assert (again.rain_mm == day.rain_mm).all() and (again.slow == day.slow).all()
    for field in fields(day.incidents):
        one, other = getattr(again.incidents, field.name), getattr(day.incidents, field.name)
        if field.name in ("child_first", "child_end"):
            one, other = (
                np.where(i.child_first == i.child_end, 0, getattr(i, field.name))
                for i in (again.incidents, day.incidents)
            )
        if field.name in ("spread_delay_min", "contain_within_min"):  # a primary incident has neither
            other = np.where(day.incidents.parent >= 0, other, 0.0)
        np.testing.assert_array_equal(one, other, err_msg=field.name)


@cache
def scratch() -> str:
    folder = tempfile.mkdtemp(prefix="simsec-")
    atexit.register(shutil.rmtree, folder)
    return folder


def test_a_log_names_stations_so_only_its_owner_reads_it(tmp_path: Path) -> None:
    write_log(tmp_path / "day.csv", shipped(), sample_day(shipped(), 1, 0))
    assert os.name == "nt" or {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2024-11-27T07:10+07:00", 430.0),
        ("2024-11-27T00:10Z", 430.0),
        ("2024-11-26T23:00:30+07:00", -59.5),
        ("2024-11-27 01:10+01:00", 430.0),
        ("H+1 00:10", 1450.0),
        ("430.25", 430.25),
    ],
)
def test_a_stamp_becomes_minutes_after_midnight_of_polling_day(text: str, minutes: float) -> None:
    assert minutes_of(text, DAY, 420) == minutes


@pytest.mark.parametrize("text", ["2024-11-27T07:10", "H 25:00", "7:10", "nan", "inf", "soon", "H07:10"])
def test_what_is_no_stamp_is_refused(text: str, tmp_path: Path) -> None:
    assert "line 2, time" in refusal(written(tmp_path, f"{text},{STATION},intimidation,20"))


def test_absent_marks_take_the_most_likely_values_and_are_listed(tmp_path: Path) -> None:
    checked, (entry,) = read(written(tmp_path, GOOD))
    calls = tiny().settings.calls
    kind = tiny().settings.incidents["intimidation"]
    assert set(checked.absent) == {"level", "report", "rise", "scene", "where", "noise", "kpu", "delay", "turnout"}
    assert entry.report_delay == calls.detection_min.mode + calls.call_min.mode
    assert (entry.level, entry.scene, entry.where, entry.noise) == (
        0 if kind.starts == "green" else 1,
        [20.0] * 3,
        0.5,
        [1.0] * 8,
    )
    first = next(step for ladder in tiny().settings.ladders for step in ladder.steps)
    assert entry.delay[0] == (first.delay_min.mode if first.delay_min else 0.0)
    assert entry.rise[entry.level] == (kind.rises_after_min.mode if kind.rises_after_min else np.inf)


def test_a_blank_cell_takes_the_scenarios_figure_and_is_counted(tmp_path: Path) -> None:
    rows = (f"{GOOD},0,yellow,never", f"{GOOD},,,")
    checked, (one, other) = read(written(tmp_path, *rows, header=f"{HEADER},report_delay_min,level,rise_yellow_min"))
    assert checked.blank == {
        "report_delay_min": 1,
        "level": 1,
        "rise_green_min": 2,
        "rise_yellow_min": 1,
        "rise_red_min": 2,
    }
    assert (one.report_delay, one.level, one.rise[1]) == (0.0, 1, np.inf)
    assert other.report_delay > 0


def test_rows_out_of_order_are_taken_in_order_of_time_and_counted(tmp_path: Path) -> None:
    rows = [f"{minute},{STATION},intimidation,20" for minute in (500, 400, 600, 400, 450)]
    checked, entries = read(written(tmp_path, *rows))
    assert checked.out_of_order == 3
    assert [(entry.onset, entry.row) for entry in entries] == [(400, 1), (400, 3), (450, 4), (500, 0), (600, 2)]


def test_a_village_is_a_place_too(tmp_path: Path) -> None:
    _, (entry,) = read(written(tmp_path, f"430,{tiny().villages.code[2]},intimidation,20"))
    assert entry.station == len(tiny().stations) + 2


@pytest.mark.parametrize(
    ("rows", "header", "told"),
    [
        (("430,nowhere,intimidation,20",), HEADER, ("line 2, place: no such station or village (found 'nowhere')",)),
        ((f"430,{STATION},tea,20",), HEADER, ("line 2, kind: no such kind of incident (found 'tea')",)),
        ((f"430,{STATION},intimidation,-1",), HEADER, ("line 2, on_scene_min: out of bounds", "0 or more")),
        ((f"430,{STATION},intimidation,nan",), HEADER, ("line 2, on_scene_min: out of bounds",)),
        ((f"430,{STATION},intimidation,",), HEADER, ("line 2, on_scene_min: the cell is empty",)),
        ((f",{STATION},intimidation,3",), HEADER, ("line 2, time: the cell is empty",)),
        ((f"5000,{STATION},intimidation,3",), HEADER, ("line 2, time: outside the scenario's clock", "expected from")),
        ((f"430,{STATION},intimidation",), HEADER, ("line 2: the row has 3 cells, the header 4",)),
        ((), HEADER, ("the table has no rows",)),
        (
            (GOOD,),
            "time,place,sort,on_scene_min",
            ("line 1, kind: a column is missing", "line 1, sort: unknown column"),
        ),
        ((f"{GOOD},H 07:05",), f"{HEADER},recorded_arrival", ("line 2, recorded_arrival: earlier",)),
        (
            (f"{GOOD},H 07:30,H 07:20",),
            f"{HEADER},recorded_dispatch,recorded_arrival",
            ("line 2, recorded_arrival: earlier",),
        ),
        ((f"{GOOD},Polsek,",), f"{HEADER},transport_to,handover_min", ("transport_to: no such post", "go together")),
        ((GOOD,), f"{HEADER},transport_to", ("line 1, handover_min: a column is missing",)),
        ((f"{GOOD},robot",), f"{HEADER},recorded_responder", ("recorded_responder: unknown kind of unit",)),
        ((f"{GOOD},purple",), f"{HEADER},level", ("level: unknown word (found 'purple'); expected one of green",)),
        ((f"{GOOD},1.5",), f"{HEADER},where", ("where: out of bounds (found '1.5'); expected 0 to 1",)),
        (
            (f"{GOOD},a,,", f",{STATION},intimidation,2,b,z,3"),
            f"{HEADER},incident,parent,spread_delay_min",
            ("line 3, parent: no row",),
        ),
        (
            (f"{GOOD},a,,", f"430,{STATION},intimidation,2,b,a,3"),
            f"{HEADER},incident,parent,spread_delay_min",
            ("line 3, time: a row with",),
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    rows: tuple[str, ...], header: str, told: tuple[str, ...], tmp_path: Path
) -> None:
    said = refusal(written(tmp_path, *rows, header=header))
    for part in told:
        assert part in said, said


def test_everything_wrong_is_told_at_once_and_a_flood_is_counted(tmp_path: Path) -> None:
    rows = [GOOD, "430,nowhere,tea,-3", *[f"430,{STATION},tea,1"] * 1234]
    lines = refusal(written(tmp_path, *rows)).splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [
        "log.csv, line 3, place",
        "log.csv, line 3, kind",
        "log.csv, line 3, on_scene_min",
    ]
    assert len(lines) == 101 and "1137 more" in lines[-1]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "a column is missing"),
        (b"time,place\xff,kind\n", "not UTF-8"),
        (f"{HEADER}\n{GOOD}\n".encode() + b"430,\xff,x,1\n", "not UTF-8"),
        (f"\ufeff{HEADER}\r\n{GOOD}\r\n".replace(",", ";").encode(), "line 1: the cells are separated by semi"),
        (f'{HEADER}\n430,"{"x" * 200_000}",a,1\n'.encode(), "quotation mark"),
        (f"{HEADER}\r{GOOD}\r".encode(), "lines end in LF or CRLF"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(content)
    assert told in refusal(tmp_path / "log.csv")
    assert "the file is missing" in refusal(tmp_path / "nowhere.csv")


def test_a_file_as_excel_writes_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f'{HEADER}\r\n"H 07:10", {STATION} ,intimidation,20\r\n\r\n'.encode())
    assert read(path)[1][0].onset == 430.0


def test_the_weather_stands_beside_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    rain, slow, given_ = read_weather(log, tiny())
    assert not given_ and not rain.any() and (slow == slowdown(tiny(), rain)).all()
    zone = tiny().villages.rayon_names[1]
    write_table(weather_file(log), WEATHER, [("H 14:00", zone, 30, ""), ("H 15:00", zone, 2, 1.75)])
    rain, slow, given_ = read_weather(log, tiny())
    hour = int((840 - tiny().horizon_min[0]) // 60)
    assert given_ and rain[hour].tolist() == [0.0, 30.0] and slow[hour + 1, 1] == 1.75
    assert slow[hour, 1] == slowdown(tiny(), rain)[hour, 1] > slow[hour, 0]
    wrong = [("H 14:30", zone, 1, 1), ("H 14:00", "Timur", 1, 1), ("x", zone, 1, 1)]
    write_table(weather_file(log), WEATHER, wrong)
    with pytest.raises(InputError) as refused:
        read_weather(log, tiny())
    assert [problem.column for problem in refused.value.problems] == ["starts", "zone", "starts"]


def test_every_column_may_be_left_out_but_the_first_four() -> None:
    assert [column.name for column in log_columns(("a_1",)) if not column.optional] == HEADER.split(",")
