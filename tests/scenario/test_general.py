"""Laws of general scenarios: what a folder may say, what is filled in, and everything that is refused before a day."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simsec.base.errors import InputError
from simsec.geography.ground import ground_of
from simsec.geography.travel import given_routes
from simsec.scenario import Parameter, read_scenario
from simsec.scenario.matrix import read_minutes

TOML = """format = 1
extends = "general"
name = "town"
[clock]
starts = "H-1 22:00"
ends = "H+69 10:00"
[[units]]
kind = "car"
capabilities = ["guard"]
[[teams]]
unit = "car"
at = "a"
[[teams]]
unit = "car"
at = "b"
[incidents.call]
rate_per_hour = 2
on_scene_min = { distribution = "exponential", mean = 30 }
needs = { green = { guard = 1 } }
"""
TABLES = {
    "places": "code,area\na,x\nb,y\nc,y\n",
    "travel": "from,a,b,c\na,0,5,9\nb,6,0,4\nc,9,4,0\n",
}


def folder(tmp_path: Path, toml: str = TOML, **tables: str) -> Path:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "scenario.toml").write_text(toml, encoding="utf-8")
    for name, text in {**TABLES, **tables}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def told(tmp_path: Path, toml: str = TOML, **tables: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_scenario(folder(tmp_path, toml, **tables))
    return [str(problem) for problem in caught.value.problems]


def test_what_is_not_said_is_neutral(tmp_path: Path) -> None:
    town = read_scenario(folder(tmp_path))
    settings = town.settings
    assert settings.travel.friction.mode == 1 and settings.calls.detection_min.high == 0
    assert town.day_type_probability == {"ordinary": 1, "heavy_rain": 0, "rumour": 0, "severe": 0}
    assert settings.queue.model_dump() == {
        "order": "area_level_time", "full": "wait", "returns": "on_the_road", "service_from": "arrival",
    }  # fmt: skip
    assert [ladder.name for ladder in settings.ladders] == ["guard"]
    call = settings.incidents["call"]
    assert (call.label.en, call.responder, call.dispatch_share.mode) == ("call", "security", 1)
    assert (call.on_scene_min.grade, call.on_scene_min.source) == ("C", "given")
    assert town.horizon_min == (-120, 69 * 1440 + 600)
    assert town.stations.code == town.villages.code == ("a", "b", "c") and len(town.posts) == 0
    assert town.villages.subdistrict_names == ("x", "y")


def test_minutes_are_those_of_the_file_for_every_vehicle(tmp_path: Path) -> None:
    ground = ground_of(read_scenario(folder(tmp_path)))
    assert ground.travel.minutes[:, 0, 2].tolist() == [9] * 4 and ground.travel.minutes[0, 1, 0] == 6
    assert ground.travel.previous[0, 0].tolist() == [-1, 0, 1]  # 5 + 4 = 9: b lies on the way
    assert ground.travel.previous[0, 2, 0] == 2  # 4 + 6 is longer than 9: straight
    long = "from,to,minutes\n" + "".join(
        f"{a},{b},{m}\n" for a, row in zip("abc", ([0, 5, 9], [6, 0, 4], [9, 4, 0]), strict=True)
        for b, m in zip("abc", row, strict=True)
    )  # fmt: skip
    again = ground_of(read_scenario(folder(tmp_path, travel=long)))
    assert (again.travel.minutes == ground.travel.minutes).all()


@given(st.integers(2, 9), st.randoms(use_true_random=False))
def test_a_walk_back_along_a_given_route_ends_at_its_origin(n: int, random) -> None:
    minutes = np.array([[0 if i == j else random.choice([1, 2, 3, 4, 7]) for j in range(n)] for i in range(n)], float)
    previous = given_routes(minutes)
    for origin in range(n):
        for goal in range(n):
            place, steps = goal, 0
            while place != origin:
                before = int(previous[origin, place])
                assert before == origin or minutes[origin, before] < minutes[origin, place]
                assert before == origin or minutes[origin, before] + minutes[before, place] == minutes[origin, place]
                place, steps = before, steps + 1
                assert steps <= n


# Refused before the first day

MINUTES = "minutes of 0 or more, or blank where there is no way"
UNKNOWN = "add the place to places.csv or correct the code"


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("travel", "from,a,b,c\na,0,5,9\nb,-6,0,4\nc,9,4,0\n",
         "travel.csv, line 3, a: no minutes (found '-6'); expected " + MINUTES),
        ("travel", "from,a,b,c\na,0,nan,9\nb,6,0,4\nc,9,4,0\n",
         "travel.csv, line 2, b: no minutes (found 'nan'); expected " + MINUTES),
        ("travel", "from,a,b,c\na,0,5,9\nb,6,0,4\n", "travel.csv, from: a place has no row (found 'c'). add it"),
        ("travel", "from,a,b\na,0,5\nb,6,0\nc,9,4\n",
         "travel.csv, line 1, c: a column is missing. add it to the header"),
        ("travel", "from,to,minutes\na,b,5\nb,a,5\na,c,9\nc,a,9\nb,c,4\n",
         "travel.csv: the pair is missing (found 'c, b'). add it; leave minutes blank where there is no way"),
        ("travel", "from,to,minutes\na,b,5\nb,a,5\na,c,9\nc,a,9\nb,c,4\nc,b,4\nc,b,4\n",
         "travel.csv, line 8, from, to: the same pair stands in line 7 (found 'c, b'). keep one"),
        ("travel", "from,to,minutes\na,b,5\nb,a,5\na,c,9\nc,a,9\nb,c,4\nc,b,4\nd,b,4\n",
         "travel.csv, line 8, from: no such place (found 'd'). " + UNKNOWN),
        ("travel", "from,a,b,c\na,0,5,\nb,6,0,\nc,9,4,0\n",
         "travel.csv, minutes: no unit with guard reaches c for call. give the minutes from one of their bases"),
        ("travel", "from,a,b,c\na,0,5,9\nb,6,0,4\nc,,4,0\n",
         "travel.csv, minutes: a unit of a reaches c and has no way back. give the minutes of the way back"),
        ("travel", "from,a,b,c\na,0,5,\nb,6,0,4\nc,,4,0\n",
         "travel.csv, minutes: there is a way from a to c over another place, and none straight. give its minutes"),
        ("rates", "kind,place,per_hour\ncall,a,-1\n",
         "rates.csv, line 2, per_hour: out of bounds (found '-1'); expected 0 to 1e+09"),
        ("rates", "kind,place,per_hour\ncall,a,nan\n",
         "rates.csv, line 2, per_hour: out of bounds (found 'nan'); expected 0 to 1e+09"),
        ("preferences", "place,rank,base\na,1,q\n",
         "preferences.csv, line 2, base: no such place (found 'q'). " + UNKNOWN),
        ("preferences", "place,rank,base\na,1,a\na,1,b\n",
         "preferences.csv, line 3, rank: a has this rank twice (found '1'). give every row of a place its own"),
        ("preferences", "place,rank,base\na,1,a\na,2,a\n",
         "preferences.csv, line 3, base: the list of a names this base twice (found 'a'). keep one row"),
        ("places", "code\na\na\n",
         "places.csv, line 3, code: the same code stands in line 2 (found 'a'). give every row its own"),
    ],
)  # fmt: skip
def test_each_problem_of_a_table_gets_its_line(tmp_path: Path, file: str, text: str, line: str) -> None:
    assert line in told(tmp_path, **{file: text})


@pytest.mark.parametrize(
    ("rates", "line"),
    [
        ("fire,a,,,1",
         "rates.csv, line 2, kind: no such kind of incident (found 'fire'); expected call. correct the code"),
        ("call,q,,,1", "rates.csv, line 2, place: no such place (found 'q'). " + UNKNOWN),
        ("call,a,H 10:00,H 09:00,1",
         "rates.csv, line 2, start, end: the hours are out of order or leave the clock (found 'H 10:00 - H 09:00'); "
         "expected within H-1 22:00 - H+69 10:00"),
        ("call,a,7 o'clock,,1",
         "rates.csv, line 2, start: \"7 o'clock\" is no time such as 'H 13:05', 'H-1 20:00' or 'H+1 02:10'"),
        ("call,a,H 07:00,H 09:00,1\ncall,,H 08:00,H 10:00,2",
         "rates.csv, line 3, start, end: these hours overlap with those of line 2. cut one of the two"),
    ],
)  # fmt: skip
def test_each_problem_of_the_rates_gets_its_line(tmp_path: Path, rates: str, line: str) -> None:
    toml = TOML.replace("rate_per_hour = 2\n", "")
    assert line in told(tmp_path, toml, rates="kind,place,start,end,per_hour\n" + rates + "\n")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("rate_per_hour = 2", "rate_per_hour = -2",
         "scenario.toml, incidents.call.rate_per_hour: must not be below 0 (found '-2')"),
        ("rate_per_hour = 2", "rate_per_hour = 1e7",
         "scenario.toml, incidents.call.rate_per_hour: a day has too many reports to be played, most of them of call "
         "(found '50040000000'); expected at most 5000000. lower the rates or shorten the clock"),
        ("guard = 1", "medic = 1", "scenario.toml: no ladder brings medic"),
        ("guard = 1", "guard = 3",
         "scenario.toml, incidents.call.needs.green.guard: more units are needed than can do this (found '3'); "
         "expected at most 2. add units to a team, or lower the need"),
        ("[incidents.call]", "[day_types]\nrumour = 0.1\n[incidents.call]",
         "scenario.toml, day_types.rumour: a general scenario has ordinary days only (found '0.1'); expected 0. "
         "change its rates instead"),
        ('at = "b"', 'at = "q"', "scenario.toml, teams.1.at: no such place (found 'q'). use a code of places.csv"),
        ("mean = 30", "mean = 0",
         "scenario.toml, incidents.call.on_scene_min: the mean of this distribution must be above 0 (found '')"),
        ("[incidents.call]", '[policy]\nname = "preference_list"\n[incidents.call]',
         "preferences.csv: the policy preference_list needs this table. add it, or choose another policy"),
        ("[incidents.call]", '[queue]\nfull = "lost"\n[incidents.call]\nrises_after_min = 5',
         "scenario.toml, incidents.call.rises_after_min: what is lost cannot rise and ask again. "
         "leave it out, or let requests wait (queue.full)"),
        ("[incidents.call]", '[weights]\ngreen = { distribution = "constant", value = 1 }\n[incidents.call]',
         "scenario.toml, weights.green: only a figure that is drawn for every incident has a distribution "
         "(found 'constant'). give its value alone"),
        ('ends = "H+69 10:00"', 'ends = "H-2 10:00"',
         "scenario.toml, clock.ends: the hours are out of order (found 'H-2 10:00'); "
         "expected later than starts, H-1 22:00. correct one of the two"),
        ('extends = "general"', 'extends = "nowhere"',
         "scenario.toml, extends: no such scenario to extend (found 'nowhere'); "
         "expected 'general', or the path of a scenario folder. paths count from this folder"),
    ],
)  # fmt: skip
def test_each_problem_of_the_settings_gets_its_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in TOML
    lines = told(tmp_path, TOML.replace(old, new))
    assert any(line.removesuffix(" (found '')") in said for said in lines), lines


def test_as_many_units_as_there_are_may_be_needed_and_rates_of_the_table_count(tmp_path: Path) -> None:
    assert read_scenario(folder(tmp_path, TOML.replace("guard = 1", "guard = 2")))
    toml, rows = TOML.replace("rate_per_hour = 2\n", ""), "kind,place,start,end,per_hour\ncall,a,H 00:00,H 10:00,"
    assert read_scenario(folder(tmp_path, toml, rates=f"{rows}500000\n"))
    (line,) = told(tmp_path, toml, rates=f"{rows}500001\n")
    assert line.startswith("rates.csv, per_hour: a day has too many") and "'5000010'" in line


def test_a_capability_that_stands_on_a_ladder_but_in_no_team_is_refused(tmp_path: Path) -> None:
    more = TOML.replace('[[teams]]\nunit = "car"\nat = "a"', '[[units]]\nkind = "van"\ncapabilities = ["medic"]\n'
                        '[[teams]]\nunit = "car"\nat = "a"').replace("guard = 1", "guard = 1, medic = 1")  # fmt: skip
    line = "scenario.toml, incidents.call.needs.green: no unit of any team can do this (found 'medic'). "
    assert line + "add a team, or take the need away" in told(tmp_path, more)


def test_a_preference_list_with_a_gap_is_refused(tmp_path: Path) -> None:
    toml = TOML + '[policy]\nname = "preference_list"\n'
    lists = "place,rank,base\na,1,a\na,2,b\nb,1,b\nc,1,a\nc,2,b\n"
    line = "preferences.csv, base: the list of b leaves out a base (found 'a'). add a row for it, with the last rank"
    assert told(tmp_path, toml, preferences=lists) == [line]
    whole = read_scenario(folder(tmp_path, toml, preferences=lists + "b,7,a\n"))
    assert whole.general is not None and whole.general.preference.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    lines = told(
        tmp_path,
        TOML.replace('at = "b"', 'at = "q"'),
        travel="from,a,b,c\na,0,x,9\nb,6,0,4\nc,9,4,0\n",
        rates="kind,per_hour\nfire,1\n",
    )
    assert [line.partition(",")[0] for line in lines] == ["travel.csv", "rates.csv", "scenario.toml"]


def test_a_large_matrix_that_lacks_many_pairs_does_not_fill_the_screen(tmp_path: Path) -> None:
    places = [f"p{n}" for n in range(20)]
    path = tmp_path / "travel.csv"
    path.write_text("from,to,minutes\np0,p1,3\n", encoding="utf-8")
    minutes, problems = read_minutes(path, places)
    assert minutes is None and len(problems) == 21 and str(problems[-1]).endswith("and 359 more of the same sort")


# What an election may not have


def test_an_election_has_no_rates_per_hour_and_needs_its_type(tmp_path: Path) -> None:
    text = Path("scenarios/kabupaten-semarang/scenario.toml").read_text(encoding="utf-8")
    text = text.replace('election_type = "pilkada"\n', "").replace(
        'name = "chain_of_command"', 'name = "preference_list"'
    )
    text = text.replace(
        "rate_ceiling = 0.005", 'rate_ceiling = 0.005\nrate_per_hour = { value = 1, grade = "C", source = "given" }'
    )
    for file in Path("scenarios/kabupaten-semarang").glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "scenario.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_scenario(tmp_path)
    assert [problem.column for problem in caught.value.problems] == [
        "election_type", "policy.name", "incidents.escort_accident.rate_per_hour",
    ]  # fmt: skip


def test_the_example_of_the_format_page_can_be_read(tmp_path: Path) -> None:
    page = Path("docs/formats/scenario.md").read_text(encoding="utf-8")
    toml = page.partition("```toml\n")[2].partition("```")[0]
    tables = {"places": "code\nclinic\n", "travel": "from,clinic\nclinic,\n"}
    read = read_scenario(folder(tmp_path, toml, **tables))
    assert (read.settings.name, read.settings.teams[0].per_post) == ("two-doctors", 2)


# Standing on another scenario


def test_a_folder_says_only_what_differs(tmp_path: Path) -> None:
    base = read_scenario(folder(tmp_path / "base"))
    child = tmp_path / "child"
    child.mkdir()
    (child / "scenario.toml").write_text(
        'format = 1\nextends = "../base"\nname = "child"\n[incidents.call]\nrate_per_hour = 7\n'
        '[incidents.call.on_scene_min]\ndistribution = "gamma"\nmean = 12\ncv = 0.5\n', encoding="utf-8",
    )  # fmt: skip
    read = read_scenario(child)
    assert read.settings.name == "child" and read.settings.title.en == "child"
    assert read.settings.incidents["call"].rate_per_hour.mode == 7
    assert read.settings.incidents["call"].on_scene_min.distribution == "gamma"
    assert read.settings.teams == base.settings.teams and read.villages.code == base.villages.code
    # A table of its own goes before the one beneath, and every file that was read is in the hash.
    before = read.hash
    (child / "travel.csv").write_text(TABLES["travel"].replace("9", "8"), encoding="utf-8")
    own = read_scenario(child)
    assert own.general.minutes[0, 2] == 8 and own.hash != before
    (tmp_path / "base" / "scenario.toml").write_text(TOML + "# a word\n", encoding="utf-8")
    assert read_scenario(child).hash != own.hash


def test_an_election_may_stand_on_another(tmp_path: Path) -> None:
    area = Path("scenarios/kabupaten-semarang").resolve()
    (tmp_path / "scenario.toml").write_text(
        f'format = 1\nextends = "{area.as_posix()}"\nname = "wetter"\n'
        '[day_types]\nheavy_rain = { low = 0.3, mode = 0.4, high = 0.5, grade = "D", source = "assumption" }\n',
        encoding="utf-8",
    )
    wetter, shipped = read_scenario(tmp_path), read_scenario(area)
    assert wetter.settings.day_types.heavy_rain.mode == 0.4
    assert wetter.settings.day_types.severe == shipped.settings.day_types.severe
    assert len(wetter.stations) == len(shipped.stations) and wetter.hash != shipped.hash


def test_nothing_stands_on_itself(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        toml = f'format = 1\nextends = "../{other}"\nname = "{name}"\n'
        (tmp_path / name / "scenario.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(InputError, match=r"a scenario cannot extend itself \(found '../a'\)"):
        read_scenario(tmp_path / "a")


# Distributions

SHAPES = [
    {"distribution": "constant", "value": 7},
    {"distribution": "exponential", "mean": 7},
    {"distribution": "lognormal", "mean": 7, "cv": 1.3},
    {"distribution": "gamma", "mean": 7, "cv": 0.4},
    {"distribution": "empirical", "values": [1, 2, 18]},
    {"low": 1, "mode": 5, "high": 15},
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.get("distribution", "triangular"))
def test_quantiles_rise_and_average_to_the_mean(shape: dict[str, object]) -> None:
    figure = Parameter.model_validate({**shape, "grade": "C", "source": "given"})
    u = (np.arange(400_000) + 0.5) / 400_000
    drawn = figure.quantile(u)
    assert (np.diff(drawn) >= 0).all() and drawn.min() >= 0
    assert drawn.mean() == pytest.approx(7, rel=2e-3) and figure.expected == pytest.approx(7)
    if "cv" in shape:
        assert drawn.std() / drawn.mean() == pytest.approx(shape["cv"], rel=2e-2)
    assert Parameter.model_validate(figure.model_dump()) == figure


def test_a_world_moves_the_mean_and_keeps_the_shape(tmp_path: Path) -> None:
    toml = TOML.replace("mean = 30", "mean = 30, low = 20, high = 50")
    town = read_scenario(folder(tmp_path, toml))
    assert town.parameters()["incidents.call.on_scene_min"].uncertain
    moved = town.with_values({"incidents.call.on_scene_min": 45.0}).settings.incidents["call"].on_scene_min
    assert (moved.low, moved.mode, moved.high, moved.distribution) == (20, 45, 50, "exponential")
    assert moved.quantile(np.array([0.5]))[0] == pytest.approx(45 * math.log(2))


@pytest.mark.parametrize(
    "wrong",
    [
        {"distribution": "gamma", "mean": 7},
        {"distribution": "exponential", "mean": 7, "cv": 1},
        {"distribution": "empirical", "mean": 7},
        {"distribution": "empirical", "values": [0, 0]},
        {"distribution": "empirical", "values": [-1, 5]},
        {"distribution": "constant", "low": 1, "mode": 2, "high": 3},
        {"distribution": "weibull", "mean": 7},
        {"distribution": "lognormal", "mean": 0, "cv": 1},
    ],
)
def test_a_shape_without_its_figures_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Parameter.model_validate({**wrong, "grade": "C", "source": "given"})
