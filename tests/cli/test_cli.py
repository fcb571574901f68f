"""The commands: what they print, their exit codes, and what wrong input gets."""

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from simsec.analysis.breakdown import MEASURES, Group
from simsec.analysis.intervals import Estimate
from simsec.cli.common import Language, exit_codes
from simsec.cli.main import app
from simsec.cli.measures import WIDTH, group_table
from simsec.locale import texts
from simsec.scenario import read_scenario

AREA = Path(__file__).parents[2] / "scenarios" / "kabupaten-semarang"
SOURCE = AREA / "source"


def simsec(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def area(tmp_path: Path) -> Path:
    return Path(shutil.copytree(AREA, tmp_path / "area"))


def test_check_says_what_the_strength_can_staff_in_both_languages() -> None:
    code, english, _ = simsec("check", AREA, "--lang", "en")
    assert code == 0
    assert "1,983" in english and "575" in english
    code, indonesian, _ = simsec("check", AREA)
    assert code == 0
    assert "1.983" in indonesian and indonesian != english


def test_check_says_what_the_rain_is_held_to_or_that_it_is_assumed() -> None:
    for name, said in (("kota-semarang", "7 years at BMKG"), ("kota-tangerang", "is an assumption (grade D)")):
        code, out, _ = simsec("check", AREA.parent / name, "--lang", "en")
        assert code == 0 and said in out


def test_check_refuses_an_island_that_no_ferry_reaches(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(AREA.parent / "kabupaten-jepara", tmp_path / "area"))
    roads = folder / "main_roads.csv"
    rows = roads.read_text(encoding="utf-8").splitlines(keepends=True)
    roads.write_text("".join(row for row in rows if "Parang - Nyamuk" not in row), encoding="utf-8")
    code, out, err = simsec("check", folder, "--lang", "en")
    assert (code, out) == (2, "")
    assert "Nyamuk" in err and "add a road or a ferry to main_roads.csv" in err


def test_check_json_holds_the_arithmetic_twice() -> None:
    code, out, _ = simsec("check", AREA, "--json")
    row = json.loads(out)["patterns"][0]
    assert code == 0
    assert row["tps_per_pair"] == 6
    assert row["police_regency"] <= row["police_inside_subdistricts"] and not row["feasible"]


def test_a_missing_folder_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    code, out, err = simsec("check", tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1 and "Traceback" not in err


def test_all_errors_come_at_once_with_file_row_column_value_bound_and_remedy(area: Path) -> None:
    stations = area / "polling_stations.csv"
    lines = stations.read_text(encoding="utf-8").splitlines()
    lines[3] = lines[2]  # a duplicate station
    cells = lines[5].split(",")
    cells[6] = "-4"
    lines[5] = ",".join(cells)
    cells = lines[7].split(",")
    cells[2] = "99.99"
    lines[7] = ",".join(cells)
    stations.write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = (area / "scenario.toml").read_text(encoding="utf-8")
    (area / "scenario.toml").write_text(settings.replace("police = { value = 575", "police = { value = -575"))
    code, _, err = simsec("check", area, "--lang", "en")
    assert code == 2
    assert "Traceback" not in err
    for part in ("line 4, code", "line 6, registered_voters", "'-4'", "0 to 2000", "forces.police"):
        assert part in err, part


def test_wrong_options_are_exit_code_2() -> None:
    assert simsec("simulate", AREA, "--days", "1")[0] == 2
    assert simsec("plan", AREA, "--workers", "0")[0] == 2


def test_an_unknown_day_type_names_the_known_ones() -> None:
    code, _, err = simsec("simulate", AREA, "--days", "2", "--day-type", "stormy", "--workers", "1")
    assert code == 2
    assert "heavy_rain" in err


def test_simulate_gives_the_same_figures_on_any_number_of_workers() -> None:
    one, two = (
        subprocess.run(
            [sys.executable, "-m", "simsec.cli.main", "simulate", AREA, "--days", "6", "--json", "--workers", str(n)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in (1, 2)
    )
    assert json.loads(one)["day_types"]["severe"]["security"]["median_min"]["mean"] > 0
    assert one == two


def test_simulate_tells_access_to_the_vote_with_intervals_and_that_kpu_decides() -> None:
    command = ("simulate", AREA, "--days", "3", "--workers", "1")
    code, out, _ = simsec(*command, "--voters", "--json")
    told = json.loads(out)["access"]
    assert code == 0 and list(told) == ["natural", "ordinary", "heavy_rain", "rumour", "severe"]
    for figures in told.values():
        assert {"opened_late", "closed_min", "relocated", "continued", "postponed", "not_served"} <= set(figures)
        assert 0 <= figures["wait_mean"]["low"] <= figures["wait_mean"]["mean"] <= figures["wait_mean"]["high"]
        assert figures["proposed"]["low"] <= figures["proposed"]["mean"]
    assert "not_served" not in json.loads(simsec(*command, "--json")[1])["access"]["severe"]
    _, said, _ = simsec(*command, "--lang", "en")
    assert "forwarded to KPPS → PPK → KPU; KPU decides" in said and "Access to the vote" in said
    _, alone, _ = simsec(*command, "--day-type", "severe", "--json")
    assert list(json.loads(alone)["access"]) == ["severe"]


def test_simulate_writes_whole_tables(tmp_path: Path) -> None:
    code, out, _ = simsec("simulate", AREA, "--days", "2", "--workers", "1", "--out", tmp_path / "run")
    assert code == 0
    assert str(tmp_path / "run") in out.replace("\n", "")
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == [
        "breakdown.parquet",
        "days.parquet",
        "incidents.parquet",
        "manifest.json",
        "units.parquet",
    ]


@pytest.mark.parametrize("language", ["en", "id"])
def test_simulate_tells_the_measures_asked_for_in_a_hundred_columns(language: str) -> None:
    few = ("--days", "4", "--workers", "1", "--lang", language)
    code, out, _ = simsec("simulate", AREA, *few, "--by", "family,level,class,hour,rayon,subdistrict,unit")
    words = texts(language)
    assert code == 0
    for dimension in ("family", "first_level", "last_level", "class", "hour", "rayon", "subdistrict", "unit"):
        assert words.t(f"dimension.{dimension}") in out
    assert words.t("dimension.kind") not in out
    rows = out[out.index(words.t("dimension.family")) : out.index(words.t("cli.measured_note"))].splitlines()
    assert max(len(row) for row in rows if row != words.t("cli.measured_places")) <= 100
    assert words.t("cli.measured_exhausted", scope="x", share="y", minutes="z").split("x")[0] in out


@pytest.mark.parametrize("language", ["en", "id"])
def test_wide_figures_still_fit_a_hundred_columns(language: str) -> None:
    wide = {"per_day": Estimate(139.67, 130.0, 150.0, 99), "unanswered_per_day": Estimate(10.25, 9.0, 11.0, 99)}
    minutes, share = Estimate(146.9, 127.6, 166.3, 99), Estimate(1.0, 0.99, 1.0, 99)
    told = {name: share if name.endswith("_share") else minutes for name in MEASURES} | wide
    area, words = read_scenario(AREA), texts(language)
    rows = [Group("kind", code, n, "natural", 99, 99, told) for n, code in enumerate(area.settings.incidents)]
    console = Console(width=WIDTH, file=io.StringIO())
    console.print(group_table(area, rows, words))
    lines = console.file.getvalue().splitlines()
    figures = [line for line in lines if "146" in line]
    assert len(figures) == len(rows) and all(line.rstrip().endswith(words.percent(1.0)) for line in figures)
    assert max(map(len, lines)) <= WIDTH and words.t("cli.col_rose_share") in "".join(lines)


def test_simulate_holds_every_measure_asked_for_as_json() -> None:
    code, out, _ = simsec("simulate", AREA, "--days", "2", "--workers", "1", "--json", "--by", "kind, village,unit")
    told = json.loads(out)["measures"]
    assert code == 0 and set(told["by"]) == {"kind", "village"}
    assert set(told["by"]["kind"]) == {"natural", "ordinary", "heavy_rain", "rumour", "severe"}
    assert set(told["by"]["village"]) == {"calm", "ordinary", "heavy_rain", "rumour"}
    assert told["by"]["kind"]["natural"]["late_open"]["per_day"]["mean"] > 1
    assert told["units"]["severe"]["squad"]["units"] == 10 and "reserve_exhausted_share" in told["day"]["natural"]
    given = json.loads(simsec("simulate", AREA, "--day-type", "severe", "--days", "2", "--workers", "1", "--json")[1])
    assert {name: set(scopes) for name, scopes in given["measures"]["by"].items()} == {
        "family": {"severe"},
        "kind": {"severe"},
    }


@pytest.mark.parametrize("wrong", ["colour", "kind,colour", ","])
def test_simulate_refuses_a_breakdown_it_does_not_know(wrong: str) -> None:
    code, _, err = simsec("simulate", AREA, "--days", "2", "--by", wrong, "--lang", "en")
    assert code == 2 and "--by" in err and "subdistrict" in err


def test_simulate_tells_the_measures_of_a_general_scenario() -> None:
    area = AREA.parent / "textbook" / "mmc"
    code, out, _ = simsec("simulate", area, "--days", "3", "--workers", "1", "--by", "kind,level,hour,rayon,unit")
    assert code == 0 and texts("en").t("dimension.unit") in out


def test_simulate_leaves_nothing_of_an_older_run_and_touches_no_other_s(tmp_path: Path) -> None:
    command = ["simulate", AREA, "--day-type", "ordinary", "--days", "2", "--workers", "1", "--out", tmp_path]
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert simsec(*command, "--trace", "--describe")[0] == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    tables = ["days.parquet", "incidents.parquet", "units.parquet", "breakdown.parquet"]
    assert manifest["files"] == [*tables, "events.parquet", "describe.md"] and manifest["seed"] == 1
    assert manifest["command"].startswith("simsec simulate ") and manifest["scenario_hash"] in manifest["cite"]
    assert simsec(*command, "--seed", "2")[0] == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"] == tables and manifest["seed"] == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([*tables, "manifest.json", "notes.txt"])
    for other in ('{"command": "simsec plan simulate"}', '{"command": "replay"}', "[]", "{"):
        (tmp_path / "manifest.json").write_text(other, encoding="utf-8")
        before = (tmp_path / "days.parquet").stat().st_mtime_ns
        code, _, err = simsec(*command, "--lang", "en")
        assert code == 2 and "the folder holds another run" in err
        assert (tmp_path / "days.parquet").stat().st_mtime_ns == before


def test_a_trace_needs_a_folder_and_says_where_it_stands(tmp_path: Path) -> None:
    code, _, err = simsec("simulate", AREA, "--days", "2", "--trace", "--lang", "en")
    assert code == 2
    assert "--trace" in err and "add --out FOLDER" in err
    options = ["--days", "2", "--workers", "1", "--trace", "--describe", "--lang", "en"]
    code, out, _ = simsec("simulate", AREA, *options, "--out", tmp_path / "run")
    assert code == 0
    assert "events.parquet" in out.replace("\n", "")
    tables = ["breakdown", "days", "events", "incidents", "units"]
    names = sorted([*(f"{table}.parquet" for table in tables), "describe.md", "manifest.json"])
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == names
    assert "8 days took" in (tmp_path / "run" / "describe.md").read_text(encoding="utf-8")


def test_a_trace_of_a_run_to_a_precision_holds_every_day(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    options = ["--precision", "40%", "--day-limit", "100", "--day-type", "ordinary", "--workers", "1", "--trace"]
    assert simsec("simulate", AREA, *options, "--out", tmp_path)[0] == 0
    days = pq.read_table(tmp_path / "days.parquet").num_rows
    assert set(pq.read_table(tmp_path / "events.parquet")["day"].to_pylist()) == set(range(days))


def test_describe_plays_nothing_and_speaks_three_ways() -> None:
    code, english, err = simsec("simulate", AREA, "--describe", "--lang", "en")
    assert code == 0 and err == ""
    assert english.startswith("# STRESS-DES") and "## 6. Code access" in english
    assert simsec("simulate", AREA, "--describe")[1].startswith("# STRESS-DES: Kabupaten Semarang, Pilkada")
    items = json.loads(simsec("simulate", AREA, "--describe", "--json")[1])["items"]
    assert len(items) == 24 and items[0]["number"] == "1.1"
    textbook = AREA.parent / "textbook" / "mm1"
    for folder, wrong, what in ((AREA, "stormy", "no such type of day"), (textbook, "severe", "ordinary days only")):
        code, out, err = simsec("simulate", folder, "--describe", "--day-type", wrong, "--lang", "en")
        assert (code, out) == (2, "") and what in err


def test_a_plan_that_puts_more_people_than_there_are_is_refused(tmp_path: Path) -> None:
    from simsec import doctrine, read_scenario
    from simsec.plan.files import write_plan

    scenario = read_scenario(AREA)
    plan = doctrine(scenario, 8)
    plan.squads["polres" if "polres" in plan.squads else next(iter(plan.squads))] = 25
    write_plan(tmp_path / "plan", plan, scenario)
    command = ("simulate", AREA, "--plan", tmp_path / "plan", "--days", "2", "--workers", "1")
    code, _, err = simsec(*command, "--lang", "en")
    assert code == 2
    assert "25 squads" in err and "at most 10" in err
    code, _, err = simsec(*command)  # the area's own language
    assert code == 2
    assert "25 regu" in err and "paling banyak 10" in err


def test_a_plan_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    code, _, err = simsec("simulate", AREA, "--plan", tmp_path, "--days", "2", "--workers", "1")
    assert code == 2
    assert "plan.toml" in err and "blocks.csv" in err


def test_new_makes_the_shipped_tables(tmp_path: Path) -> None:
    options: list[object] = ["--villages", SOURCE / "villages.csv", "--posts", SOURCE / "posts.csv"]
    options += ["--special", SOURCE / "special_sites.csv", "--roads", SOURCE / "main_roads.csv"]
    options += ["--name", "kabupaten-semarang", "--date", "2024-11-27", "--title", "Kabupaten Semarang"]
    options += ["--stations", 1983, "--voters", 807204, "--police", 575, "--army", 280, "--linmas", 4000]
    code, _, err = simsec("new", *options, "--reserve", 100, "--out", tmp_path / "made")
    assert (code, err) == (0, "")
    for table in ("villages.csv", "polling_stations.csv", "posts.csv", "main_roads.csv"):
        assert (tmp_path / "made" / table).read_bytes() == (AREA / table).read_bytes(), table


def test_new_with_wrong_tables_names_both_and_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("code,name\nA,B\n")
    options = ["--villages", tmp_path / "v.csv", "--posts", tmp_path / "p.csv", "--out", tmp_path / "made"]
    code, _, err = simsec("new", *options, "--name", "x", "--date", "2024-11-27")
    assert code == 2
    assert "v.csv" in err and "p.csv" in err
    assert not (tmp_path / "made").exists()


def test_an_unwritable_place_is_known_before_the_work_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file in the way")
    begun = time.monotonic()
    code, _, err = simsec("plan", AREA, "--out", tmp_path / "runs", "--workers", "1")
    assert code == 1
    assert "runs" in err and "Traceback" not in err
    assert time.monotonic() - begun < 20


def test_ctrl_c_half_way_leaves_nothing_and_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simsec.cli.main", "plan", str(AREA), "--out", str(tmp_path), "--workers", "2"]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, start_new_session=True, **pipes)
    while not list(tmp_path.iterdir()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    assert gone(process.pid)


def gone(group: int) -> bool:
    """Whether no process of the group is left, some seconds given to die."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_strength_that_staffs_nothing_is_explained(area: Path) -> None:
    settings = (area / "scenario.toml").read_text(encoding="utf-8")
    smaller = settings.replace("police = { value = 575", "police = { value = 100")
    (area / "scenario.toml").write_text(smaller, encoding="utf-8")
    code, _, err = simsec("plan", area, "--out", area / "runs", "--workers", "1", "--lang", "en")
    assert code == 2
    assert "officers are missing" in err


def spoilt(area: Path) -> Path:
    """An area with an error of every kind: a figure, a key, a range, a table's cell."""
    settings = (area / "scenario.toml").read_text(encoding="utf-8")
    for old, new in (
        ("police = { value = 575", "police = { value = -575"),
        ("[calls]", "[calls]\nspeed = 3"),
        ("booths = 4", "booths = 0"),
        ('election_type = "pilkada"', 'election_type = "pilkades"'),
    ):
        assert settings.count(old) >= 1, old
        settings = settings.replace(old, new, 1)
    (area / "scenario.toml").write_text(settings, encoding="utf-8")
    villages = (area / "villages.csv").read_text(encoding="utf-8").splitlines()
    cells = villages[1].split(",")
    cells[villages[0].split(",").index("lat")] = "-97"
    villages[1] = ",".join(cells)
    (area / "villages.csv").write_text("\n".join(villages) + "\n", encoding="utf-8")
    return area


def test_errors_are_told_in_indonesian(area: Path) -> None:
    code, out, err = simsec("check", spoilt(area), "--lang", "id")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "simsec: scenario.toml, election_type: harus 'pemilu' atau 'pilkada' (tertulis 'pilkades')",
        "simsec: scenario.toml, forces.police: tidak boleh kurang dari 0 (tertulis '-575')",
        "simsec: scenario.toml, calls.speed: kunci tidak dikenal (tertulis '3'). hapus, atau periksa ejaannya",
        "simsec: scenario.toml, voters.booths: harus sedikitnya 1 (tertulis '0')",
        "simsec: villages.csv, baris 2, lat: di luar batas (tertulis '-97'); seharusnya -90 hingga 90",
    ]


def test_errors_speak_the_language_asked_for_else_the_scenarios_else_the_environments(
    area: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*arguments: object) -> str:
        code, _, err = simsec(*arguments)
        assert code == 2 and "Traceback" not in err
        return "id" if "tidak" in err else "en"

    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    spoilt(area)
    assert said("check", area, "--lang", "en") == "en"
    assert said("check", area) == "id"  # what the scenario says, wrong as it is
    assert said("check", tmp_path / "nowhere") == "en"
    monkeypatch.setenv("LANG", "id_ID.UTF-8")
    assert said("check", tmp_path / "nowhere") == "id"
    assert said("check", tmp_path / "nowhere", "--lang", "en") == "en"
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")  # a language without a catalogue
    assert said("check", tmp_path / "nowhere") == "en"


def test_a_failed_run_is_told_in_indonesian(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file in the way")
    code, _, err = simsec("plan", AREA, "--out", tmp_path / "runs", "--workers", "1", "--lang", "id")
    assert code == 1
    told = "folder hasil tidak dapat dibuat (berkas sudah ada). Pilih --out lain."
    assert err == f"simsec: {tmp_path / 'runs'}: {told}\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyboardInterrupt(), "simsec: dihentikan; tidak ada berkas setengah jadi yang tertinggal\n"),
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), "simsec: a.csv: ruang penyimpanan habis\n"),
        (OSError("odd"), "simsec: berkas: odd\n"),
        (MemoryError(), "simsec: memori tidak cukup untuk menjalankannya; minta lebih sedikit\n"),
    ],
)
def test_what_stops_a_command_is_told_in_indonesian(
    error: BaseException, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left, exit_codes(Language.id):
        raise error
    assert (left.value.exit_code, capsys.readouterr().err) == (1, line)


def test_simulate_to_a_precision_says_whether_it_was_reached() -> None:
    code, out, _ = simsec(
        "simulate", AREA, "--precision", "40 %", "--day-type", "severe", "--workers", "1", "--lang", "en"
    )
    assert code == 0 and "Precision reached" in out and "asked: 40.0%" in out
    few = ("--day-limit", "120", "--workers", "1", "--json")
    code, out, _ = simsec("simulate", AREA, "--precision", "0,2%", "--day-type", "severe", *few)
    told = json.loads(out)["precision"]
    assert code == 0 and not told["reached"] and told["days"] == {"severe": 120}
    assert told["relative_half_width"] > 0.002


@pytest.mark.parametrize("wrong", ["0", "0%", "2", "100%", "-3%", "nan%", "two %"])
def test_a_precision_that_is_none_is_refused(wrong: str) -> None:
    code, _, err = simsec("simulate", AREA, f"--precision={wrong}")
    assert code == 2 and "--precision" in err and "Traceback" not in err


def test_days_and_a_precision_together_are_refused() -> None:
    assert simsec("simulate", AREA, "--precision", "5%", "--days", "20")[0] == 2
    code, _, err = simsec("simulate", AREA, "--precision", "5%", "--day-limit", "30", "--lang", "en")
    assert code == 2 and "at least 400 days" in err
