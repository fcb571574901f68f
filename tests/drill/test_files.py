"""Scripts: read with every problem at once, played in branches, written as a sheet that is safe to open."""

import csv
import io
import json
import stat
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simsec.base.errors import InputError
from simsec.cli.main import app
from simsec.drill.after_action import after_action, against
from simsec.drill.board import Entry
from simsec.drill.doing import PROVINCIAL
from simsec.drill.files import read_script, read_session
from simsec.drill.limits import LIMITS
from simsec.drill.places import Draw, NoPlaceError, find, label, letters
from simsec.drill.schema import DOCTRINE, Command, Script
from simsec.drill.sheet import COLUMNS, as_csv, as_page, command_words, machine, tables
from simsec.drill.trips import ROLES
from simsec.locale import texts
from tests.areas import SHIPPED, announced, shipped, tiny, tiny_plan

SCRIPTS = sorted((SHIPPED / "drills").glob("*.toml"))
SCRIPT = """\
format = 1

[title]
en = "<b>Two & two</b>"
id = "<b>Dua & dua</b>"

[[events]]
at = "H 09:00"
do = "inject"
name = "quarrel"
place = "any:A:1"
kind = "intimidation"
level = "red"
reported_after_min = 5

[[events]]
at = "H 09:10"
do = "inject"
place = "any:A:2"
kind = "queue_dispute"

[[room.A]]
at = "H 09:06"
do = "order"
kind = "pair"
from = "any:B:1"
to = "inject:quarrel"

[[room.B]]
at = "H 09:20"
do = "stop_voting"
place = "any:A:1"
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.toml"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def problems(path: Path, text: str) -> list[tuple[int, str]]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_script(path, tiny(), tiny_plan())
    return [(problem.row, problem.column) for problem in caught.value.problems]


def drill(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["drill", *(str(argument) for argument in arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_all_problems_come_at_once_with_line_and_field(script: Path) -> None:
    wrong = (
        SCRIPT.replace('kind = "queue_dispute"', 'kind = "parade"')
        .replace('at = "H 09:10"', 'at = "9:10"')
        .replace('"any:A:1"\nkind', '"any:Q:1"\nkind')
        .replace('level = "red"', 'level = "purple"')
        .replace('kind = "pair"', 'kind = "tank"')
        .replace("stop_voting", "water_cannon")
    )
    found = problems(script, wrong)
    assert found == [
        (13, "events.0.level"),
        (17, "events.1.at"),
        (29, "room.B.0"),
        (25, "room.A.0.kind"),
    ]


def test_what_can_be_read_is_checked_against_the_scenario(script: Path) -> None:
    wrong = SCRIPT.replace('kind = "queue_dispute"', 'kind = "parade"').replace("any:A:2", "any:Q:2")
    assert problems(script, wrong.replace("inject:quarrel", "inject:nobody").replace("H 09:20", "H+3 09:20")) == [
        (19, "events.1.place"),
        (20, "events.1.kind"),
        (27, "room.A.0.to"),
        (30, "room.B.0.at"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "format = 2\n",
        "format = 1\n[title",
        SCRIPT.replace("[[room.B]]", "[[room.doctrine]]"),
        SCRIPT.replace('do = "stop_voting"', 'do = "formation"'),
        SCRIPT.replace('kind = "pair"', 'kind = "pair"\narmed = true'),
        SCRIPT.replace('kind = "pair"', 'kind = "pair"\nunit = 3'),
        SCRIPT.replace('kind = "pair"', 'kind = "pair"\nfor_min = 10\nready = true'),
        SCRIPT.replace('level = "red"', 'level = "red"\nforce = 3'),
        SCRIPT.replace('kind = "queue_dispute"', 'kind = "late_open"\nlevel = "red"'),
        SCRIPT.replace('kind = "queue_dispute"', 'kind = "power_or_signal"'),
        SCRIPT.replace('place = "any:A:2"', 'place = "polres"'),
        SCRIPT.split("[[events]]")[0],
        "events = 3\nroom = 4\n" + SCRIPT.split("[[events]]")[0],
    ],
)
def test_a_wrong_script_is_exit_code_2_without_a_traceback(tmp_path: Path, script: Path, wrong: str) -> None:
    script.write_text(wrong, encoding="utf-8")
    code, out, err = drill(SHIPPED, "--script", script, "--lang", "en")
    assert (code, out) == (2, "") and err.strip() and "Traceback" not in err
    assert drill(SHIPPED, "--script", tmp_path / "none.toml")[0] == 2


def test_there_is_no_word_for_weapons_formations_or_force() -> None:
    said = json.dumps(Script.model_json_schema()).lower()
    for word in ("weapon", "formation", "gas", "cannon", "baton", "firearm", "arrest", "disperse", "force"):
        assert word not in said, word


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_the_example_scripts_play_and_show_something(path: Path) -> None:
    read, session = read_script(path, shipped(), announced())
    sheet = after_action(session)
    assert {branch.name for branch in sheet.branches} == {"A", "B"}
    verdicts = {done.entry.verdict for branch in sheet.branches for done in branch.log}
    assert {"done", "refused"} <= verdicts
    assert any(a != b for a, b in zip(sheet.branches[0].injects, sheet.branches[1].injects, strict=True))
    assert all(row.first_min > row.command.at for row in sheet.doctrine.injects)
    code = shipped().villages.code[0][:5]
    assert code not in path.read_text(encoding="utf-8") and read.title.id != read.title.en
    assert not [name for name in shipped().villages.name if len(name) > 4 and name in path.read_text(encoding="utf-8")]


def test_the_doctrine_is_the_same_day_without_the_room(script: Path) -> None:
    _, session = read_script(script, tiny(), tiny_plan())
    sheet = after_action(session)
    assert not [sent for row in sheet.doctrine.injects for sent in row.sent if sent.role == "room"]
    assert [done.entry for done in sheet.doctrine.log] == []
    (quarrel, queue), (without, _) = sheet.branches[0].injects, sheet.doctrine.injects
    assert quarrel.command == without.command and quarrel.reported_min == without.reported_min == 545.0
    assert {sent.role for sent in quarrel.sent} >= {"room"}
    pair = session.at(1380.0, "A")
    ((unit, ticket),) = pair.sent[3]
    trip = pair.trips.by_order[unit, ticket]
    assert quarrel.uncovered.stations == pair.world.block_size[pair.world.unit_block[unit]]
    assert quarrel.uncovered.longest_min == pytest.approx(trip.back_min - trip.leaves_min)
    assert queue.uncovered.stations == 0
    assert against(sheet.doctrine, sheet.doctrine) == (0, 0)


def test_every_role_reason_and_command_has_words_in_both_languages() -> None:
    import inspect
    import re

    import simsec.drill.doing
    import simsec.drill.limits

    source = inspect.getsource(simsec.drill.doing) + inspect.getsource(simsec.drill.limits)
    reasons = set(re.findall(r'RefusedError\("([a-z_]+)"', source)) | {limit.reason for limit in LIMITS}
    reasons |= {"nobody_there", "nobody_free"}
    schema = json.dumps(Script.model_json_schema())
    dos = set(re.findall(r'"const": "([a-z_]+)", "title": "Do"', schema)) | {"stop_voting", "postpone_voting"}
    dos |= {"resume_voting", "relocate_station"}
    assert len(dos) >= 15 and len(reasons) >= 14
    for language in ("en", "id"):
        for key in (*(f"reason.{r}" for r in reasons), *(f"role.{r}" for r in ROLES), *(f"do.{d}" for d in dos)):
            assert texts(language).has(f"drill.{key}"), key
    assert PROVINCIAL in [unit.kind for unit in shipped().settings.units]
    known = {key.removeprefix("drill.reason.") for key in texts("en").catalogue if key.startswith("drill.reason.")}
    assert known == reasons, "no sentence without its rule"


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_command_can_be_said(language: str, script: Path) -> None:
    from tests.drill.test_session import STORY, session

    made = session(*STORY)
    for entry in made.branches["main"]:
        said: Command = entry.command
        assert command_words(made.stage, said, texts(language))
    assert isinstance(made.at(700.0).log[0], Entry)


def test_the_page_is_marked_and_escapes_everything(script: Path) -> None:
    read, session = read_script(script, tiny(), tiny_plan())
    page = as_page(after_action(session), read.title.en, texts("en"))
    assert "<b>" not in page and "&lt;b&gt;Two &amp; two" in page
    assert page.count("TERBATAS") >= 2 and "<script" not in page and "http" not in page


def test_the_csv_has_a_row_an_inject_and_branch_and_no_formula(script: Path) -> None:
    script.write_text(SCRIPT.replace('name = "quarrel"', 'name = "Q"').replace("inject:quarrel", "inject:Q"))
    _, session = read_script(script, tiny(), tiny_plan())
    header, *rows = csv.reader(io.StringIO(as_csv(after_action(session))))
    assert tuple(header) == COLUMNS
    assert [row[0] for row in rows] == ["A", "A", "B", "B", DOCTRINE, DOCTRINE]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_the_tables_are_square_and_the_machine_s_sheet_is_json(script: Path) -> None:
    _, session = read_script(script, tiny(), tiny_plan())
    sheet = after_action(session)
    for language in ("en", "id"):
        for words in tables(sheet, texts(language)):
            assert words.rows and {len(row) for row in words.rows} == {len(words.headings)}
    told = machine(sheet)
    assert [branch["name"] for branch in told["branches"]] == ["A", "B"]
    assert told["branches"][1]["commands"][0]["verdict"] == "flagged"
    assert json.dumps(told)


def test_the_command_writes_private_files_that_replay(tmp_path: Path) -> None:
    out = tmp_path / "run"
    code, text, err = drill(SHIPPED, "--script", SCRIPTS[0], "--out", out, "--lang", "id")
    assert code == 0 and "TERBATAS" in text, err
    assert sorted(file.name for file in out.iterdir()) == ["after_action.csv", "after_action.html", "session.json"]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in out.iterdir())
    session = read_session(out / "session.json", shipped(), announced())
    _, made = read_script(SCRIPTS[0], shipped(), announced())
    assert session.branches == made.branches
    assert session.at(900.0, "B").state == made.at(900.0, "B").state


def test_json_is_json_and_another_seed_is_another_day() -> None:
    code, other, _ = drill(SHIPPED, "--script", SCRIPTS[0], "--json", "--seed", "77")
    _, made = read_script(SCRIPTS[0], shipped(), announced())
    first = machine(after_action(made))
    assert code == 0 and first == machine(after_action(made))
    assert first["day"]["seed"] != json.loads(other)["day"]["seed"] == 77
    assert first["doctrine"]["injects"] != json.loads(other)["doctrine"]["injects"]


def test_any_moment_of_the_shipped_day_is_reached_in_a_second_of_cpu() -> None:
    _, session = read_script(SCRIPTS[0], shipped(), announced())
    session.at(1380.0, "B")  # the first time loads the travel tables
    before = time.process_time()
    session.at(1380.0, "B")
    assert time.process_time() - before < 1.0


def test_anonymous_places_differ_and_move_with_the_seed() -> None:
    draw, other = Draw(shipped(), 1, 0), Draw(shipped(), 2, 0)
    stations = [find(draw, f"any:{letters(sector)}:{n}").station for sector in range(3) for n in range(1, 20)]
    assert len(set(stations)) == len(stations)
    sectors = [{int(shipped().stations.subdistrict[s]) for s in stations[k : k + 19]} for k in (0, 19, 38)]
    assert [len(found) for found in sectors] == [1, 1, 1] and len(set().union(*sectors)) == 3
    assert find(other, "any:A:1") != find(draw, "any:A:1")
    code = shipped().stations.code[7]
    assert find(draw, f"code:{code}").station == 7 and label(draw, f"code:{code}", texts("id")).startswith("TPS")
    named = shipped().villages.subdistrict_codes[0]
    assert int(shipped().stations.subdistrict[find(draw, f"any:{named}:1").station]) == 0


@pytest.mark.parametrize(
    "wrong",
    ["any:A:0", "any:ZZ:1", "any:A", "any:A:1:2", "polsek", "polsek:A:9", "moon:A", "code:7", "village:A:x", ""],
)
def test_a_place_that_is_none_is_told(wrong: str) -> None:
    with pytest.raises(NoPlaceError):
        find(Draw(shipped(), 1, 0), wrong)
