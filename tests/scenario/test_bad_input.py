"""What bad input gets: one clear line for each problem, all at once, and never a traceback."""

import re
import shutil
from pathlib import Path

import pytest

from simsec.base.errors import InputError
from simsec.locale import texts
from simsec.scenario import read_scenario
from simsec.scenario.reading import FILES
from tests.scenario.area import sukamaju

TOML, VILLAGES, STATIONS, POSTS, ROADS = FILES
STATION_HEADER = (
    "code, name, village_code, lat, lon, coordinates, registered_voters, class, class_reason, site_type, signal, "
    "access, power"
)

# (file, text there, text instead, the lines that are said)
CASES = [
    # tables: header
    (STATIONS, "registered_voters", "voters", [
        "polling_stations.csv, line 1, registered_voters: a column is missing. add it to the header",
        f"polling_stations.csv, line 1, voters: unknown column. remove it; the columns are {STATION_HEADER}",
    ]),
    (VILLAGES, "code,name", "code,code,name", ["villages.csv, line 1, code: a column appears twice. keep one"]),
    # tables: cells
    (STATIONS, "1.1.1/002", "1.1.1/001", [
        "polling_stations.csv, line 3, code: the same code stands in line 2 (found '1.1.1/001'). "
        "give every row its own",
    ]),
    (STATIONS, "TPS 001 Kaliurip,1.1.1", "TPS 001 Kaliurip,9.9.9", [
        "polling_stations.csv, line 2, village_code: no such village (found '9.9.9'). "
        "add the village to villages.csv or correct the code",
    ]),
    (STATIONS, ",low,", ",aman,", [
        "polling_stations.csv, line 2, class: unknown word (found 'aman'); "
        "expected one of low, elevated, high, special",
    ]),
    (STATIONS, ",low,", ",elevated,", [
        "polling_stations.csv, line 2, class_reason: the class elevated has no reason. "
        "write the documented physical reason, or use low",
    ]),
    (STATIONS, "-7.09954,", "-9.09954,", [
        "polling_stations.csv, line 2, lat, lon: the station stands 222 km from the point of its village "
        "(found '-9.09954, 110.393'); expected at most 8 km. check lat and lon",
    ]),
    (VILLAGES, "-7.1,", "-97.1,", ["villages.csv, line 2, lat: out of bounds (found '-97.1'); expected -90 to 90"]),
    (VILLAGES, "4.0,6,", "4.0,-6,", [
        "villages.csv, line 2, station_weight: out of bounds (found '-6'); expected 0 to 100000",
    ]),
    (VILLAGES, "4.0,6,", "4.0,6.5,", [
        "villages.csv, line 2, station_weight: not a whole number (found '6.5'); expected 0 to 100000",
    ]),
    (VILLAGES, "120.0", "nan", ["villages.csv, line 2, summit_m: out of bounds (found 'nan'); expected -100 to 6000"]),
    (VILLAGES, "120.0", "high", ["villages.csv, line 2, summit_m: not a number (found 'high'); expected -100 to 6000"]),
    (VILLAGES, "1.1.1,Kaliurip,1.1,", "1.1.1,Kaliurip,,", [
        "villages.csv, line 2, subdistrict_code: the cell is empty; expected a text",
    ]),
    (VILLAGES, "Utara,", "Utara,,", [
        "villages.csv, line 2: the row has 15 cells, the header 14. check for a missing or an extra comma",
    ]),
    (VILLAGES, "Wanasari,1.1,Sukamaju,Utara", "Wanasari,1.1,Sukamaju,Timur", [
        "villages.csv, line 3, rayon: sub-district 1.1 lies in rayon 'Utara' above (found 'Timur'). use one rayon",
    ]),
    (VILLAGES, "Wanasari,1.1,Sukamaju", "Wanasari,1.1,Sukamakmur", [
        "villages.csv, line 3, subdistrict: sub-district 1.1 is called 'Sukamaju' above (found 'Sukamakmur'). "
        "use one name",
    ]),
    (POSTS, ",polres,", ",kpu,", [
        "posts.csv, type: headquarters (type polres) (found '0'); expected exactly 1. give one row",
        "posts.csv: no post of type 'polres', where the provincial_squad teams stand. "
        "add one, or remove the team from scenario.toml",
    ]),
    (POSTS, ",kpu,", ",polres,", [
        "posts.csv, type: headquarters (type polres) (found '2'); expected exactly 1. give one row",
        "posts.csv: no post of type 'kpu', where the ambulance teams stand. "
        "add one, or remove the team from scenario.toml",
        "posts.csv: no post of type 'kpu', where the spare_vehicle teams stand. "
        "add one, or remove the team from scenario.toml",
    ]),
    (POSTS, "polsek,1.1", "polsek,1.9", [
        "posts.csv, line 3, subdistrict_code: no such sub-district (found '1.9'). "
        "use a code of villages.csv, or leave it blank outside the area",
        "posts.csv: sub-district 1.1 (Sukamaju) has no polsek or polsubsektor. "
        "add a row; located = 0 at its seat if the office is not known",
    ]),
    (POSTS, ",1,as given", ",2,as given", ["posts.csv, line 2, located: out of bounds (found '2'); expected 0 or 1"]),
    (ROADS, ",local,", ",lokal,", [
        "main_roads.csv, line 2, class: unknown word (found 'lokal'); "
        "expected one of toll, national, provincial, local, ferry",
    ]),
    # scenario.toml: the file
    (TOML, "format = 1", "format = 2", [
        "scenario.toml, line 1, format: unknown format (found '2'); expected 1. a newer simsec wrote it: update simsec",
    ]),
    (TOML, "format = 1\n", "\n", [
        "scenario.toml, line 1, format: unknown format (found 'None'); expected 1. the first line reads: format = 1",
    ]),
    (TOML, "format = 1", "format = true", [
        "scenario.toml, line 1, format: unknown format (found 'True'); expected 1. the first line reads: format = 1",
    ]),
    # scenario.toml: keys
    (TOML, "[calls]", "[calls]\nspeed = 3", [
        "scenario.toml, calls.speed: unknown key (found '3'). remove it or check its spelling",
    ]),
    (TOML, "[calls]", "[cals]", [
        "scenario.toml, calls: the key is missing. add it",
        "scenario.toml, cals: unknown key. remove it or check its spelling",
    ]),
    # scenario.toml: figures
    (TOML, "police = { value = 20", "police = { value = -20", [
        "scenario.toml, forces.police: must not be below 0 (found '-20')",
    ]),
    (TOML, "police = { value = 20", "police = { low = 30, mode = 20, high = 40", [
        "scenario.toml, forces.police: low <= mode <= high must hold (found '30, 20, 40')",
    ]),
    (TOML, "kpu_office = { low = 10, mode = 16, high = 30", "kpu_office = { value = 16", [
        "scenario.toml, forces.ledger.kpu_office: a grade D figure is an assumption and needs a range (found '16')",
    ]),
    (TOML, "heavy_rain = { low = 0.05, mode = 0.10, high = 0.20", "heavy_rain = { low = 0, mode = 1, high = 1.2", [
        "scenario.toml, day_types.heavy_rain: must lie between 0 and 1 (found '0, 1, 1.2')",
    ]),
    (TOML, "heavy_rain = { low = 0.05, mode = 0.10, high = 0.20", "heavy_rain = { low = 0, mode = 0.99, high = 1", [
        "scenario.toml, day_types: the probabilities leave less than nothing for an ordinary day "
        "(found '1.03'); expected at most 1 together. lower one of them",
    ]),
    (TOML, "rate_ceiling = 0.06", "rate_ceiling = 0.006", [
        "scenario.toml, incidents.late_open: a rate reaches beyond rate_ceiling = 0.006; raise the ceiling",
    ]),
    # scenario.toml: hours
    (TOML, '"H 07:00"', '"7:00"', [
        "scenario.toml, clock.voting_opens: '7:00' is no time such as 'H 13:05', 'H-1 20:00' or 'H+1 02:10' "
        "(found '7:00')",
    ]),
    (TOML, '"H 07:00"', '"H 14:00"', [
        "scenario.toml, clock.voting_closes: the hours are out of order (found 'H 13:00'); "
        "expected later than voting_opens, H 14:00. correct one of the two",
    ]),
    (TOML, 'voting_opens = "H 07:00"', 'voting_opens = "H-1 06:00"', [
        "scenario.toml, clock.voting_opens: the hours are out of order (found 'H-1 06:00'); "
        "expected later than starts, H-1 06:00. correct one of the two",
    ]),
    (TOML, 'latest_opening = "H 12:00"', 'latest_opening = "H 06:00"', [
        "scenario.toml, kpu.latest_opening: the hours are out of order (found 'H 06:00'); "
        "expected later than clock.voting_opens, H 07:00. correct one of the two",
    ]),
    (TOML, 'end = "H 21:00", share = 0.09', 'end = "H 23:01", share = 0.09', [
        "scenario.toml, weather.heavy_windows: the window leaves the clock (found 'H 15:30 - H 23:01'); "
        "expected within H-1 06:00 - H 23:00. cut it or move the clock",
    ]),
    (TOML, "share = 0.10 },\n]", "share = 0.20 },\n]", [
        "scenario.toml, incidents.late_open: the shares of the windows add up to 1.1, not to 1",
    ]),
    (TOML, 'start = "H 04:00", end = "H 07:00"', 'start = "H-1 04:00", end = "H 07:00"', [
        "scenario.toml, incidents.late_open.windows: the window leaves the clock (found 'H-1 04:00 - H 07:00'); "
        "expected within H-1 06:00 - H 23:00. cut it or move the clock",
    ]),
    (TOML, 'delivery_ends = "H-1 14:00"', 'delivery_ends = "H-1 05:00"', [
        "scenario.toml, stages.delivery_starts: the window ends before it starts "
        "(found 'H-1 07:00 - H-1 05:00'). correct its hours",
    ]),
    (TOML, 'duty = { starts = "H 04:00" }', 'duty = { starts = "H 04:00", ends = "H+1 23:00" }', [
        "scenario.toml, units.0.duty: the window leaves the clock (found 'H 04:00 - H+1 23:00'); "
        "expected within H-1 06:00 - H 23:00. cut it or move the clock",
    ]),
    (TOML, 'crew_kind = "medical_crew"', 'crew_kind = "flood"', [
        "scenario.toml: stages.crew_kind = 'flood' is no incident of this scenario that strikes stations one by one",
    ]),
    (TOML, 'fatigue_doubling_h = { low = 8,', 'fatigue_doubling_h = { low = 0,', [
        "scenario.toml, stages.fatigue_doubling_h: must be above 0 (found '0, 20, 40')",
    ]),
    (TOML, 'start = "H 12:00", end = "H 13:00", share = 0.10', 'start = "H 13:00", end = "H 12:00", share = 0.20', [
        "scenario.toml, voters.arrival_windows: the shares of the windows do not add up (found '1.1'); expected 1. "
        "correct the shares",
        "scenario.toml, voters.arrival_windows: the window ends before it starts (found 'H 13:00 - H 12:00'). "
        "correct its hours",
    ]),
    # scenario.toml: who
    (TOML, 'capabilities = ["guard"]', 'capabilities = ["gard"]', [
        "scenario.toml, units.0.capabilities.0: Input should be 'guard', 'patrol', 'squad', 'medic', 'ambulance', "
        "'hazard_team', 'courier', 'spare_vehicle' or 'boat' (found 'gard')",
    ]),
    (TOML, 'kind = "boat_team"', "kind = {}", ["scenario.toml, units.10.kind: Input should be a valid string"]),
    (TOML, "per_post = 2", "per_post = 10000000000000000000000", [
        "scenario.toml, teams.1.per_post: Input should be less than or equal to 10000 "
        "(found '10000000000000000000000')",
    ]),
    (TOML, 'unit = "medic"', 'unit = "medik"', [
        "scenario.toml: unknown unit kind in team medik; the kinds are ambulance, army_squad, boat_team, courier, "
        "first_aid_volunteer, hazard_team, "
        "medic, pair, patrol, provincial_squad, spare_vehicle, squad",
    ]),
    (TOML, "yellow = 1, red = 3", "yellow = 1, red = 9", [
        "scenario.toml, ladders.0: enter names a step beyond the last (6)",
    ]),
    (TOML, 'name = "hazard"', 'name = "police"', [
        "scenario.toml, ladders: the same name stands 2 times (found 'police'). keep one",
    ]),
    (TOML, 'capabilities = ["medic"]\nenter', 'capabilities = ["medic", "guard"]\nenter', [
        "scenario.toml, ladders: the same capability stands 2 times (found 'guard'). keep one",
    ]),
    (TOML, "[[teams]]", '[[units]]\nkind = "pair"\nlabel = { en = "a", id = "b" }\npersons = 2\ncapabilities = []\n'
     'vehicle = "car"\n\n[[teams]]', ["scenario.toml, units: the same kind stands 2 times (found 'pair'). keep one"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sukamaju(tmp_path_factory.mktemp("area") / "sukamaju")


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "sukamaju"))


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> list[str]:
    """The lines a planner reads, none where everything is fine."""
    try:
        read_scenario(folder)
    except InputError as error:
        assert error.exit_code == 2
        sentences = [text for problem in error.problems for text in (problem.what, problem.remedy, problem.bound)]
        english = [text for text in sentences if re.search("[a-z]{2}", text) and texts("id").message(text) == text]
        assert english == [], "told in English only"
        return [str(problem) for problem in error.problems]
    return []


def test_a_good_folder_is_read(folder: Path) -> None:
    assert problems(folder) == []


@pytest.mark.parametrize(("file", "old", "new", "said"), CASES, ids=[f"{c[0]} {c[2][:40]}" for c in CASES])
def test_each_problem_gets_its_line(folder: Path, file: str, old: str, new: str, said: list[str]) -> None:
    spoil(folder, file, old, new)
    assert problems(folder) == said


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    also = ", or run `simsec new`" if file == TOML else ""
    assert problems(folder) == [f"{file}: the file is missing. put it into {folder}{also}"]


@pytest.mark.parametrize("file", FILES[1:])
def test_a_table_without_rows_is_refused(folder: Path, file: str) -> None:
    header = (folder / file).read_text(encoding="utf-8").partition("\n")[0]
    (folder / file).write_text(header + "\n", encoding="utf-8")
    assert f"{file}: the table has no rows. add at least one row" in problems(folder)


@pytest.mark.parametrize("file", FILES[1:])
def test_a_table_in_another_encoding_is_refused(folder: Path, file: str) -> None:
    (folder / file).write_bytes((folder / file).read_bytes() + b"\xff\xfe")
    remedy = "save it as 'CSV UTF-8' in the spreadsheet program"
    assert problems(folder) == [f"{file}: the file is not UTF-8 text (found '255'). {remedy}"]


@pytest.mark.parametrize("file", FILES)
def test_a_folder_in_the_place_of_a_file_is_refused(folder: Path, file: str) -> None:
    (folder / file).unlink()
    (folder / file).mkdir()
    assert any(line.startswith(f"{file}: the file cannot be read") for line in problems(folder))


@pytest.mark.parametrize(("old", "new"), [("[calls]", "[calls"), ("2024-11-27", "2024-13-27")])
def test_what_is_no_toml_names_the_line(folder: Path, old: str, new: str) -> None:
    spoil(folder, TOML, old, new)
    (line,) = problems(folder)
    assert line.startswith("scenario.toml: not a TOML file") and "at line" in line


def test_what_a_text_editor_puts_first_changes_nothing(folder: Path) -> None:
    for file in FILES:
        (folder / file).write_bytes(b"\xef\xbb\xbf" + (folder / file).read_bytes().replace(b"\n", b"\r\n"))
    assert problems(folder) == []


def test_no_folder_at_all(tmp_path: Path) -> None:
    remedy = "give the path of a scenario folder; `simsec new` makes one"
    assert problems(tmp_path / "nowhere") == [f"{tmp_path / 'nowhere'}: no such folder. {remedy}"]


def test_a_reserve_within_the_police_cannot_be_larger(folder: Path) -> None:
    spoil(folder, TOML, 'reading = "reserve_on_top"', 'reading = "everything_inside"')
    spoil(folder, TOML, "reserve = { value = 10", "reserve = { value = 21")
    assert problems(folder) == [
        "scenario.toml, forces.reserve: the reserve is larger than the police it is part of "
        "(reading everything_inside) (found '21'); expected at most 20. lower the reserve"
    ]


def test_all_problems_of_all_files_come_at_once(folder: Path) -> None:
    (folder / ROADS).unlink()
    spoil(folder, TOML, "police = { value = 20", "police = { value = -20")
    spoil(folder, TOML, '"H 07:00"', '"7:00"')
    spoil(folder, VILLAGES, "4.0,6,", "4.0,-6,")
    spoil(folder, STATIONS, ",low,", ",aman,")
    spoil(folder, STATIONS, "1.1.1/002", "1.1.1/001")
    spoil(folder, POSTS, ",1,as given", ",2,as given")
    said = problems(folder)
    starts = [
        "scenario.toml, clock.voting_opens", "scenario.toml, forces.police", "villages.csv, line 2, station_weight",
        "polling_stations.csv, line 2, class", "polling_stations.csv, line 3, code", "posts.csv, line 2, located",
        "main_roads.csv: the file is missing",
    ]  # fmt: skip
    assert len(said) == len(starts)
    assert all(line.startswith(start) for line, start in zip(said, starts, strict=True))
