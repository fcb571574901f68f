"""An incident log: what is written comes back as it was, and what is wrong is told line by line, all at once."""

import atexit
import os
import shutil
import tempfile
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simsec.base.errors import InputError
from simsec.day import sample_day
from simsec.day.log import Entry, log_columns, write_log
from simsec.day.log_reading import Checked, LogReader
from simsec.day.log_tables import TABLES, minutes_of, read_tables, table_file
from simsec.day.logged import read_day
from simsec.day.trips import routes_of
from simsec.day.weather import slowdown
from simsec.scenario.places import ACCESS
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
    dry = read_tables(log, tiny())
    assert not dry.files and not dry.rain_mm.any() and (dry.slow == slowdown(tiny(), dry.rain_mm)).all()
    zone = tiny().villages.rayon_names[1]
    write_table(table_file(log, "weather"), TABLES["weather"], [("H 14:00", zone, 30, ""), ("H 15:00", zone, 2, 1.75)])
    wet = read_tables(log, tiny())
    rain, slow = wet.rain_mm, wet.slow
    hour = int((840 - tiny().horizon_min[0]) // 60)
    assert [path.name for path in wet.files] == ["log.weather.csv"]
    assert rain[hour].tolist() == [0.0, 30.0] and slow[hour + 1, 1] == 1.75
    assert slow[hour, 1] == slowdown(tiny(), rain)[hour, 1] > slow[hour, 0]
    wrong = [("H 14:30", zone, 1, 1), ("H 14:00", "Timur", 1, 1), ("x", zone, 1, 1)]
    write_table(table_file(log, "weather"), TABLES["weather"], wrong)
    with pytest.raises(InputError) as refused:
        read_tables(log, tiny())
    assert [problem.column for problem in refused.value.problems] == ["starts", "zone", "starts"]


def test_every_column_may_be_left_out_but_the_first_four() -> None:
    assert [column.name for column in log_columns(("a_1",)) if not column.optional] == HEADER.split(",")


def beside(log: Path, name: str, *rows: tuple[object, ...]) -> None:
    write_table(table_file(log, name), TABLES[name], rows)


def test_the_tables_of_a_day_come_back_as_they_were(tmp_path: Path) -> None:
    day, log = sample_day(shipped(), 1, 105, "heavy_rain"), tmp_path / "day.csv"
    write_log(log, shipped(), day)
    again = read_day(log, shipped())
    assert len(day.closures.minute) == 4 and day.access.minutes.any()
    for one, other in ((again.closures, day.closures), (again.access, day.access)):
        assert all((a == b).all() for a, b in zip(one, other, strict=True))
    assert (again.absent == day.absent).all() and (again.incidents.access_min == day.incidents.access_min).all()


def test_a_dry_day_written_over_a_wet_one_leaves_none_of_its_tables(tmp_path: Path) -> None:
    log = tmp_path / "day.csv"
    write_log(log, shipped(), sample_day(shipped(), 1, 105, "heavy_rain"))
    assert {path.name for path in read_tables(log, shipped()).files} == {
        "day.weather.csv", "day.roads.csv", "day.access.csv", "day.convoys.csv"
    }  # fmt: skip
    write_log(log, shipped(), sample_day(shipped(), 1, 0, "rumour"))
    assert [path.name for path in read_tables(log, shipped()).files] == ["day.weather.csv", "day.convoys.csv"]


def test_a_road_and_a_river_may_be_written_by_hand(tmp_path: Path) -> None:
    area, log = shipped(), tmp_path / "log.csv"
    hard = np.flatnonzero(area.stations.access > 0)[0]
    village, way = area.villages.code[area.stations.village[hard]], ACCESS[area.stations.access[hard]]
    beside(log, "roads", ("H 10:00", village, ""), ("H 06:30", village, 120))
    beside(log, "access", ("H 07:00", village, way, 40, ""), ("H 08:00", village, way, "", 25))
    goods, help_ = "logistics_short", "medical_crew"
    rows = [f"H 0{hour}:30,{area.stations.code[hard]},{kind},9" for hour in (6, 7, 8) for kind in (goods, help_)]
    reader = LogReader(written(tmp_path, *rows, f"H 07:10,{village},{help_},9"), area)
    reader.check(nothing_wrong)
    closures = reader.around.closures
    assert (closures.minute.tolist(), closures.depth_mm.tolist()) == ([390.0, 600.0], [120.0, 0.0])
    met = {(entry.onset, entry.kind): entry.access for group in reader.groups() for entry in group}
    number = list(area.settings.incidents).index
    assert [met[onset, number(kind)] for onset in (390.0, 450.0, 510.0) for kind in (goods, help_)] == [
        0.0, 0.0, 40.0, 40.0, 25.0, 0.0
    ]  # fmt: skip
    assert met[430.0, number(help_)] == 0.0  # the village itself lies on its road


def test_what_is_wrong_in_the_tables_is_told_with_line_and_value(tmp_path: Path) -> None:
    area, log = shipped(), tmp_path / "log.csv"
    plain = area.villages.code[0]
    beside(log, "roads", ("H 10:00", "nowhere", 1), ("H+9 10:00", plain, 1), ("H 10:00", plain, -1))
    beside(log, "access", ("H 07:30", plain, "river", 1, 1), ("H 07:00", plain, "river", 1, 1),
           ("H 07:00", plain, "road", 1, 1))  # fmt: skip
    beside(log, "absences", ("a feast", 1), ("rest", 2))
    with pytest.raises(InputError) as refused:
        read_tables(log, area)
    told = [(problem.file, problem.row, problem.column) for problem in refused.value.problems]
    assert ("log.roads.csv", 4, "depth_mm") in told and ("log.access.csv", 4, "access") in told
    assert ("log.absences.csv", 3, "takes_place") in told
    beside(log, "roads", ("H 10:00", "nowhere", 1), ("H+9 10:00", plain, 1), ("soon", plain, 1))
    beside(log, "access", ("H 07:30", plain, "river", 1, 1), ("H 07:00", plain, "river", 1, 1))
    beside(log, "absences", ("a feast", 1))
    with pytest.raises(InputError) as refused:
        read_tables(log, area)
    told = [(problem.file, problem.row, problem.column) for problem in refused.value.problems]
    assert told == [
        ("log.roads.csv", 2, "village"), ("log.roads.csv", 3, "time"), ("log.roads.csv", 4, "time"),
        ("log.access.csv", 2, "starts"), ("log.access.csv", 3, "access"), ("log.absences.csv", 2, "absence"),
    ]  # fmt: skip
    assert all(problem.value for problem in refused.value.problems)


def test_an_hour_of_a_hamlet_stands_once_in_the_table_of_access(tmp_path: Path) -> None:
    area, log = shipped(), tmp_path / "log.csv"
    hard = np.flatnonzero(area.stations.access == 1)[0]
    row = ("H 07:00", area.villages.code[area.stations.village[hard]], "river", 40, 0)
    beside(log, "access", row, row)
    with pytest.raises(InputError, match="line 3, starts: the same hour and hamlet stand in line 2"):
        read_tables(log, area)


def test_the_convoys_of_a_day_come_back_as_they_were_and_an_older_table_goes(tmp_path: Path) -> None:
    area, log = shipped().with_values({"stages.accident_per_10000_trips": 60.0}), tmp_path / "day.csv"
    day = sample_day(area, 3, 1)
    write_log(log, area, day)
    again, ends = read_day(log, area).convoys, area.horizon_min[1]
    inside = day.convoys.leaves_min < ends
    assert day.convoys.leaves_min.min() < area.horizon_min[0] and (again.incident >= 0).sum() > 3
    for one, other in zip(again, day.convoys, strict=True):
        assert (one[inside] == other[inside]).all()
    assert np.isinf(again.leaves_min[~inside]).all()
    write_log(log, area, replace(day, convoys=None))
    assert not table_file(log, "convoys").exists() and read_day(log, area).convoys is None


def test_a_convoy_may_be_written_by_hand_for_one_truck_or_for_all_of_a_village(tmp_path: Path) -> None:
    area, routes = shipped(), routes_of(shipped())
    loads = len(routes.village)
    number = int(np.argmax(np.bincount(routes.village) == 3))
    code, station = area.villages.code[number], area.stations.code[np.flatnonzero(area.stations.village == number)[0]]
    (first, second, third) = np.flatnonzero(routes.village == number).tolist()
    beside(tmp_path / "log.csv", "convoys", (code, "", "out", "H-1 08:00", "H-1 12:00", ""),
           (code, 2, "back", "H 18:00", "H 20:00", "crash"))  # fmt: skip
    header, rows = f"{HEADER},incident", (f"H 19:00,{station},escort_accident,30,crash", f"H 07:10,{station},flood,9,x")
    log = written(tmp_path, *rows, header=header)
    found = read_day(log, area).convoys
    out = np.flatnonzero(found.leaves_min < np.inf).tolist()
    assert out == [first, second, third, loads + second]
    assert (found.leaves_min[out].tolist(), found.back_min[out].tolist()) == ([-960.0] * 3 + [1080.0],
                                                                              [-720.0] * 3 + [1200.0])  # fmt: skip
    assert np.flatnonzero(found.incident >= 0).tolist() == [loads + second]
    assert found.incident[loads + second] == 1  # the later one of the two


def test_what_is_wrong_with_the_convoys_is_told_with_line_value_and_remedy(tmp_path: Path) -> None:
    area, log = shipped(), tmp_path / "log.csv"
    here = area.villages.code[int(routes_of(area).village[0])]
    early, late = "H 18:00", "H 20:00"
    beside(log, "convoys", ("nowhere", 1, "out", early, late, ""), (here, 99, "back", early, late, ""),
           (here, 1, "back", late, early, ""), (here, 1, "out", "H+9 10:00", "soon", ""),
           (here, "", "back", early, late, ""), (here, 1, "back", early, late, ""))  # fmt: skip
    with pytest.raises(InputError) as refused:
        read_tables(log, area)
    assert [(problem.row, problem.column) for problem in refused.value.problems] == [
        (2, "village"), (3, "truck"), (4, "back"), (5, "leaves"), (5, "back"), (7, "truck"),
    ]  # fmt: skip
    assert all(problem.value and problem.file == "log.convoys.csv" for problem in refused.value.problems)
    assert all(problem.remedy for problem in refused.value.problems if problem.column != "back" or problem.row != 5)
    station = area.stations.code[0]
    beside(log, "convoys", (here, 1, "out", early, late, "none"), (here, 1, "back", early, late, "crash"))
    rows = [f"H 19:00,{station},flood,9,{name}" for name in ("crash", "crash", "other")]
    for wrong, told in (
        (rows, ["the log has no such incident", "several incidents of the log have this name"]),
        ([rows[0].replace("19:00", "21:00")], ["the log has no such incident", "expected from 1080 to 1200"]),
        ([rows[0].replace("flood", "feast")], ["no such kind of incident", "the log has no such incident"]),
    ):
        written(tmp_path, *wrong, header=f"{HEADER},incident")
        with pytest.raises(InputError) as refused:
            LogReader(log, area).check(nothing_wrong)
        assert len(refused.value.problems) == 2
        assert all(words in str(problem) for words, problem in zip(told, refused.value.problems, strict=True))


def test_a_scenario_that_sends_no_pair_refuses_the_table_of_convoys(tmp_path: Path) -> None:
    code = tiny().villages.code[0]
    beside(tmp_path / "log.csv", "convoys", (code, 1, "out", "H-1 08:00", "H-1 12:00", ""))
    stages = tiny().settings.stages.model_copy(update={"escorts": None})
    area = replace(tiny(), settings=tiny().settings.model_copy(update={"stages": stages}))
    assert read_tables(tmp_path / "log.csv", tiny()).convoys is not None
    with pytest.raises(InputError, match=r"switch on stages\.escorts, or remove the file"):
        read_tables(tmp_path / "log.csv", area)
