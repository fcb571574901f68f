"""A replayed log: a row a row of it, in its order, simulated beside recorded; and what it tells of the scenario."""

import os
import tracemalloc
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from simsec.base.errors import InputError
from simsec.day import sample_day
from simsec.day.log import write_log
from simsec.locale import LANGUAGES, texts
from simsec.plan import doctrine
from simsec.report.calibration import replay_json, said_of_log, sheet_markdown, sheet_tables
from simsec.results.replayed import Replayed, replay_log
from simsec.results.tables import REPLAY
from simsec.scenario import Scenario, read_scenario
from simsec.simulation import simulate
from simsec.simulation.replaying import Replay, replay_world
from tests.areas import SHIPPED, announced, shipped, tiny, tiny_plan


def no_bars(name: str) -> object:
    return lambda done, every: None


def replay(folder: Path, log: Path, scenario: Scenario | None = None) -> tuple[Replayed, list[dict[str, object]]]:
    found = replay_log(scenario or tiny(), tiny_plan(), log, folder, {"marking": "TERBATAS"}, no_bars)
    table = pq.read_table(folder / "replay.parquet")
    assert table.schema.equals(REPLAY) and table.schema.metadata[b"marking"] == b"TERBATAS"
    return found, table.to_pylist()


def write(folder: Path, rows: list[str], header: str = "time,place,kind,on_scene_min") -> Path:
    path = folder / "log.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def test_a_replayed_day_says_what_simulating_it_says(tmp_path: Path) -> None:
    day = sample_day(shipped(), 5, 11, "severe")
    write_log(tmp_path / "day.csv", shipped(), day)
    found = replay_log(shipped(), announced(), tmp_path / "day.csv", tmp_path, {}, no_bars)
    rows = sorted(pq.read_table(tmp_path / "replay.parquet").to_pylist(), key=lambda row: int(row["incident"]))
    outcome = simulate(shipped(), announced(), day)
    happened = [row for row in rows if row["last_level"] is not None]
    assert [int(row["incident"]) for row in happened] == outcome.incidents.incident.tolist()
    assert found.happened == len(outcome.incidents) < len(rows) == found.checked.rows
    for column, values in (
        ("response_min", outcome.incidents.response_min),
        ("full_min", outcome.incidents.full_min),
        ("cleared_min", outcome.incidents.cleared_min),
    ):
        played = np.array([np.nan if row[column] is None else row[column] for row in happened])
        np.testing.assert_array_equal(played, values)
    kinds = [unit.kind for unit in shipped().settings.units]
    first = [kinds.index(row["first_kind"]) if row["first_kind"] else -1 for row in happened]
    assert first == outcome.incidents.first_kind.tolist()
    assert found.missions == outcome.units.missions.sum()
    assert found.busy_min == pytest.approx(outcome.units.busy_min.sum())
    assert os.name == "nt" or (tmp_path / "replay.parquet").stat().st_mode & 0o777 == 0o600


def test_rows_come_out_in_the_order_of_the_log_whatever_its_times(tmp_path: Path) -> None:
    code, minutes = tiny().stations.code, [600, 400, 500, 450, 401]
    rows = [f"{minute},{code[n]},intimidation,{30 - n}" for n, minute in enumerate(minutes)]
    found, shuffled = replay(tmp_path, write(tmp_path, rows))
    assert [row["onset_min"] for row in shuffled] == minutes and [row["row"] for row in shuffled] == [1, 2, 3, 4, 5]
    assert found.checked.out_of_order == 4
    _, ordered = replay(tmp_path, write(tmp_path, sorted(rows)))
    for row in (*shuffled, *ordered):
        del row["row"]
    assert sorted(ordered, key=str) == sorted(shuffled, key=str)
    said = " ".join(said_of_log(found, "log.csv", "announced", texts("en")))
    assert "4 rows stand below a later one" in said and "turn-out (most likely value)" in said and "dry" in said


@cache
def recorded_rows() -> tuple[str, ...]:
    """Sixty recorded trips of the tiny area: friction 1.3, turn-out of a squad 9 minutes, exactly."""
    world = replay_world(tiny(), tiny_plan())
    play = Replay(world, np.ones((24, 2)), tiny().settings.travel.friction.mode, lambda *over: None)
    kinds = [unit.kind for unit in tiny().settings.units]
    posts, villages = tiny().posts.code, len(tiny().villages)
    rows = []
    for number in range(60):
        kind, turnout = (("patrol", 0.0), ("squad", 9.0))[number % 2]
        station, post, at = number * 7 % len(tiny().stations), number % len(posts), 430.0 + 5 * number
        routed = play.routed_min(kinds.index(kind), villages + post, station, at)
        arrival = at + 2.0 + turnout + 1.3 * routed
        cells = (at, tiny().stations.code[station], "intimidation", 10, kind, posts[post], at + 2.0, arrival)
        rows.append(",".join(map(str, cells)))
    return tuple(rows)


RECORDED = "time,place,kind,on_scene_min,recorded_responder,recorded_from,recorded_dispatch,recorded_arrival"


def test_known_friction_and_turn_out_come_back_from_a_log(tmp_path: Path) -> None:
    found, rows = replay(tmp_path, write(tmp_path, list(recorded_rows()), RECORDED))
    sheet = found.calibration
    assert sheet.friction is not None and sheet.fitted == 60
    assert sheet.friction.low - 1e-9 <= 1.3 <= sheet.friction.high + 1e-9
    assert sheet.friction.value == pytest.approx(1.3)
    squad = next(d for d in sheet.delays if tiny().settings.units[d.kind].kind == "squad")
    assert squad.minutes.value == pytest.approx(9.0)
    for row in rows:
        assert row["recorded_response_min"] == pytest.approx(row["recorded_arrival_min"] - row["onset_min"])
        assert row["residual_min"] == pytest.approx(row["recorded_response_min"] - row["response_min"])
        assert row["waiting_min"] == row["dispatched_min"] - row["reported_min"]
    assert sheet.overall.residual == pytest.approx(np.median([row["residual_min"] for row in rows]))


def test_the_sheet_reads_in_both_languages_and_is_marked(tmp_path: Path) -> None:
    found, _ = replay(tmp_path, write(tmp_path, list(recorded_rows()), RECORDED))
    pages = []
    for language in LANGUAGES:
        page = sheet_markdown(tiny(), found, "log.csv", "announced", "cite", texts(language))
        assert page.startswith("**") and "TERBATAS" in page.splitlines()[0]
        assert "friction = { low = 1.10, mode = 1.30, high = 1.50" in page
        assert len(sheet_tables(tiny(), found, texts(language))) == 4
        pages.append(page)
    assert pages[0] != pages[1]
    facts = replay_json(tiny(), found, "log.csv")
    assert facts["calibration"]["friction"]["value"] == pytest.approx(1.3)
    assert set(facts["calibration"]["by_subdistrict"]) == set(tiny().villages.subdistrict_codes)


def test_a_log_without_arrivals_says_that_there_is_nothing_to_compare(tmp_path: Path) -> None:
    found, _ = replay(tmp_path, write(tmp_path, [f"430,{tiny().stations.code[0]},intimidation,10"]))
    page = sheet_markdown(tiny(), found, "log.csv", "announced", "cite", texts("en"))
    assert "nothing to compare with" in page and "```toml" not in page
    one = [row for row in recorded_rows()][:3]
    found, _ = replay(tmp_path, write(tmp_path, one, RECORDED))
    assert "Too few recorded responses" in sheet_markdown(tiny(), found, "l", "announced", "", texts("en"))


def test_wrong_input_leaves_no_table(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        replay_log(tiny(), tiny_plan(), write(tmp_path, ["430,x,y,z"]), tmp_path / "out", {}, no_bars)
    assert not (tmp_path / "out").exists()


def test_memory_does_not_grow_with_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simsec.results.replayed.ROWS_TOGETHER", 50)
    area = read_scenario(SHIPPED.parent / "textbook" / "mm1")
    plan, (kind, *_), (place, *_) = doctrine(area), area.settings.incidents, area.stations.code
    peaks, seats = [], []
    for n in (200, 500, 2000):
        log = write(tmp_path, [f"{5 * row},{place},{kind},3" for row in range(n)])
        tracemalloc.start()
        found = replay_log(area, plan, log, None, {}, no_bars)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        seats.append(found.seats)
        assert found.answered == n
    assert seats == [1, 1, 1]
    assert peaks[2] < 1.1 * peaks[1], peaks  # the first reads the world as well
