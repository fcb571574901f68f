"""Laws of the scenario folder that `simsec new` writes."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.base.errors import InputError, RunError
from simsec.scenario import read_scenario
from simsec.scenario.apportion import largest_remainders
from simsec.scenario.generate import new_area, read_main_roads, read_posts, read_special_sites, read_villages
from simsec.scenario.places import STATION_COLUMNS, VILLAGE_COLUMNS
from simsec.scenario.reading import FILES
from simsec.scenario.synthetic import figures, sites_of, station_rows, village_rows
from simsec.scenario.tables import Table
from tests.scenario.area import HEADER, ROWS, posts, special, sukamaju, villages

DAY = date(2024, 11, 27)


def stations(counts: list[int], n_voters: int, rows: tuple[str, ...] = ROWS, seed: int = 1) -> Table:
    """The stations of some villages as a table."""
    table = villages(rows)
    made = village_rows(table, [1] * len(table), [1] * len(table))
    columns = {column.name: [row[place] for row in made] for place, column in enumerate(VILLAGE_COLUMNS)}
    out = station_rows(Table("v", columns, table.line), counts, n_voters, {}, figures().pilkada, seed)
    names = (column.name for column in STATION_COLUMNS if not column.optional or column.name == "access")
    return Table("s", dict(zip(names, map(list, zip(*out, strict=True)), strict=True)))


def test_the_same_words_make_the_same_bytes(tmp_path: Path) -> None:
    first, second = sukamaju(tmp_path / "a"), sukamaju(tmp_path / "b")
    assert [(first / file).read_bytes() for file in FILES] == [(second / file).read_bytes() for file in FILES]


@given(
    st.lists(st.integers(0, 30), min_size=3, max_size=3),
    st.integers(3, 60),
    st.floats(0, 1),
)
def test_totals_are_exact_and_bounds_are_kept(weights: list[int], n: int, level: float) -> None:
    rows = tuple(row.rpartition(",")[0] + f",{weight}" for row, weight in zip(ROWS, weights, strict=True))
    n_voters = n + round(level * 599 * n)
    counts = largest_remainders(n, weights, [1, 1, 1])
    voters = [int(cell) for cell in stations(counts, n_voters, rows).columns["registered_voters"]]
    assert (len(voters), sum(voters)) == (n, n_voters)
    assert all(1 <= number <= 600 for number in voters)


def test_a_further_station_moves_no_other() -> None:
    few, many = stations([4, 3, 5], 4800), stations([4, 5, 5], 5600)
    place = {code: at for code, *at in zip(*(many.columns[name] for name in ("code", "lat", "lon")), strict=True)}
    for code, *at in zip(*(few.columns[name] for name in ("code", "lat", "lon")), strict=True):
        assert place[code] == at


def test_another_seed_makes_another_area() -> None:
    first, second = stations([4, 3, 5], 4800, seed=1), stations([4, 3, 5], 4800, seed=2)
    assert first.columns["lat"] != second.columns["lat"]
    assert first.columns["registered_voters"] != second.columns["registered_voters"]


def test_every_station_lies_inside_its_disc(tmp_path: Path) -> None:
    scenario = read_scenario(sukamaju(tmp_path / "a"))
    at, v = scenario.stations.village, scenario.villages
    north = (scenario.stations.lat - v.lat[at]) * 111.2
    east = (scenario.stations.lon - v.lon[at]) * 111.2 * np.cos(np.radians(v.lat[at]))
    radius_km = 0.7 * np.sqrt(v.area_km2[at] / np.pi)
    assert (np.hypot(north, east) <= radius_km + 0.002).all()
    assert scenario.stations.synthetic.all()


def test_no_station_gets_a_class_without_a_reason(tmp_path: Path) -> None:
    scenario = read_scenario(sukamaju(tmp_path / "a"))
    assert not scenario.stations.station_class.any()


def test_special_sites_are_the_last_of_their_village_and_share_a_building(tmp_path: Path) -> None:
    sites = special("1.1.1,2,special,prison,Prison (press),301", "1.1.1,1,elevated,regular,Across the river,")
    made = new_area(villages(), posts(), out=tmp_path / "a", name="a", polling_date=DAY, special=sites)
    s = read_scenario(made).stations
    assert [code for code, reason in zip(s.code, s.class_reason, strict=True) if reason] == [
        "1.1.1/004", "1.1.1/005", "1.1.1/006"
    ]  # fmt: skip
    prison = [number for number, site in enumerate(s.site_type) if site == "prison"]
    assert s.registered_voters[prison].tolist() == [151, 150]
    assert len({(s.lat[number], s.lon[number]) for number in prison}) == 1


def test_a_village_gets_room_for_its_special_sites() -> None:
    assert [len(sites) for sites in sites_of(special("1.1.1,9,special,prison,Prison (press),")).values()] == [9]


def test_steep_and_low_ground_come_from_heights() -> None:
    table = villages()
    made = village_rows(table, [1, 1, 1], [1, 1, 1])
    flags = {str(row[1]): row[-3:-1] for row in made}
    assert flags == {"Kaliurip": [1, 0], "Wanasari": [0, 1], "Kedungsari": [1, 0]}


def test_a_documented_flag_goes_before_the_computed_one() -> None:
    rows = tuple(f"{row},{flag}" for row, flag in zip(ROWS, (1, 0, 0), strict=True))
    made = village_rows(villages(rows, HEADER + ",steep_ground"), [1, 1, 1], [1, 1, 1])
    assert [row[-2] for row in made] == [1, 0, 0]


def test_flat_land_is_neither_low_nor_steep(tmp_path: Path) -> None:
    rows = tuple(",".join(row.split(",")[:4] + row.split(",")[5:7]) for row in ROWS)
    made = new_area(
        villages(rows, "code,name,subdistrict_code,subdistrict,lat,lon"),
        posts(), out=tmp_path / "a", name="a", polling_date=DAY, n_stations=12,
    )  # fmt: skip
    v = read_scenario(made).villages
    assert (v.low_ground.any(), v.steep_ground.any(), v.rayon_names) == (False, False, ("Rayon 1",))


def test_one_village_alone_is_enough(tmp_path: Path) -> None:
    header = "code,name,subdistrict_code,subdistrict,lat,lon"
    one = villages(("1.1.1,Kaliurip,1.1,Sukamaju,-7.1,110.4",), header)
    made = new_area(one, posts(), out=tmp_path / "a", name="a", polling_date=DAY, n_stations=3)
    assert len(read_scenario(made).stations) == 3


def test_missing_posts_stand_at_seats_and_say_so(tmp_path: Path) -> None:
    scenario = read_scenario(sukamaju(tmp_path / "a"))
    kinds = {kind: len(scenario.posts.of_type(kind)) for kind in set(scenario.posts.type)}
    assert kinds == {"polres": 1, "polsek": 2, "ppk": 2, "puskesmas": 2, "hospital": 1, "kpu": 1, "bpbd": 1, "kodim": 1}
    for number in range(len(scenario.posts)):
        assert scenario.posts.located[number] == (scenario.posts.type[number] == "polres")
        assert scenario.posts.basis[number].startswith("placeholder") != scenario.posts.located[number]


def test_a_kind_that_is_given_is_not_added_to(tmp_path: Path) -> None:
    given_posts = posts(
        "name,type,lat,lon\nPolres,polres,-7.1,110.4\nPuskesmas,puskesmas,-7.2,110.45\nSub,polsubsektor,-7.2,110.45\n"
    )
    made = new_area(villages(), given_posts, out=tmp_path / "a", name="a", polling_date=DAY)
    kept = read_scenario(made).posts
    assert [len(kept.of_type(kind)) for kind in ("puskesmas", "polsek", "polsubsektor")] == [1, 1, 1]


def test_a_headquarters_outside_the_area_serves_the_nearest_subdistrict(tmp_path: Path) -> None:
    text = "name,type,subdistrict_code,lat,lon\nPolsek,polsek,1.1,-7.1,110.4\nPolres,polres,,-7.3,110.5\n"
    made = new_area(villages(), posts(text), out=tmp_path / "a", name="a", polling_date=DAY)
    kept = read_scenario(made).posts
    assert kept.subdistrict[kept.of_type("polres")[0]] == -1
    assert kept.subdistrict[kept.of_type("kpu")[0]] == 1


def test_linmas_are_split_like_stations_unless_they_are_known(tmp_path: Path) -> None:
    assert read_scenario(sukamaju(tmp_path / "a")).villages.linmas_available.tolist() == [17, 9, 14]
    known = villages(tuple(f"{row},{7 + number}" for number, row in enumerate(ROWS)), HEADER + ",linmas_available")
    made = new_area(known, posts(), out=tmp_path / "b", name="b", polling_date=DAY, linmas=99)
    assert read_scenario(made).villages.linmas_available.tolist() == [7, 8, 9]


@pytest.mark.parametrize("election_type", ["pilkada", "pemilu"])
def test_strength_that_is_not_given_is_a_graded_placeholder(tmp_path: Path, election_type: str) -> None:
    kind = "pemilu" if election_type == "pemilu" else "pilkada"
    made = new_area(
        villages(), posts(), out=tmp_path / "a", name="a", polling_date=DAY, election_type=kind, n_stations=100
    )
    forces = read_scenario(made).settings.forces
    police = {"pilkada": 32, "pemilu": 13}[kind]
    assert (forces.police.mode, forces.police.grade, forces.linmas.mode) == (police, "C", 200)
    assert forces.police.low < forces.police.mode < forces.police.high


@pytest.mark.parametrize(("army", "squads"), [(0, 1), (22, 1), (23, 2), (44, 4)])
def test_soldiers_left_after_one_in_each_village_form_squads(tmp_path: Path, army: int, squads: int) -> None:
    made = new_area(villages(), posts(), out=tmp_path / "a", name="a", polling_date=DAY, army=army)
    (team,) = (team for team in read_scenario(made).settings.teams if team.unit == "army_squad")
    assert team.per_post == squads


def test_a_name_with_quotes_stays_whole(tmp_path: Path) -> None:
    title = 'Kabupaten "Suka\\maju"\n$name'
    made = new_area(villages(), posts(), out=tmp_path / "a", name="a", title=title, polling_date=date(2024, 2, 14))
    said = read_scenario(made).settings.title
    assert said.id == 'Kabupaten "Suka\\maju" $name, Pilkada, 14 Februari 2024'
    assert said.en == 'Kabupaten "Suka\\maju" $name, regional election, 14 February 2024'


def test_a_full_folder_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        sukamaju(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert read_scenario(sukamaju(tmp_path / "a")).settings.name == "sukamaju"


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("simsec.scenario.generate.write_table", full)
    with pytest.raises(RunError, match="No space left"):
        sukamaju(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_failed_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="cannot write"):
        sukamaju(tmp_path / "file" / "a")


def test_every_wrong_option_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        new_area(
            villages(), posts(), out=tmp_path, name="Big Name", polling_date=DAY, n_stations=12, n_voters=9999,
            police=-1, special=special("9.9.9,1,elevated,regular,Across the river,"),
        )  # fmt: skip
    assert str(caught.value).splitlines() == [
        "--name: not a short name (found 'Big Name'); expected lower case letters, digits and hyphens",
        f"--out: it exists and is not empty (found {str(tmp_path)!r}). choose another folder",
        "s.csv, line 2, village_code: no such village (found '9.9.9'). use a code of the village table",
        "--police: strength below zero (found '-1'); expected at least 0. leave it out if it is not known",
        "--voters: the voters do not fit into 12 stations of 1 to 600 (found '9999'); expected 12 to 7200. "
        "correct --voters or --stations",
    ]


def test_fewer_stations_than_villages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--stations: fewer .* \(found '2'\); expected at least 3"):
        new_area(villages(), posts(), out=tmp_path / "a", name="a", polling_date=DAY, n_stations=2)


def test_a_wrong_post_names_its_line(tmp_path: Path) -> None:
    text = "name,type,subdistrict_code,lat,lon\nPolres,polres,1.1,-7.1,110.4\nPolsek,polsek,8.8,-7.1,110.4\n"
    with pytest.raises(InputError, match=r"posts.csv, line 3, subdistrict_code: no such sub-district \(found '8.8'\)"):
        new_area(villages(), posts(text), out=tmp_path / "a", name="a", polling_date=DAY)


def test_optional_columns_may_be_missing_and_required_ones_not(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("code,name,subdistrict_code,subdistrict,lat\n1,A,1.1,S,-7\n", encoding="utf-8")
    (tmp_path / "p.csv").write_text("name,type,lat,lon,class\nP,polres,-7,110,low\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"v\.csv, line 1, lon: a column is missing"):
        read_villages(tmp_path / "v.csv")
    with pytest.raises(InputError, match=r"p\.csv, line 1, class: unknown column"):
        read_posts(tmp_path / "p.csv")
    for read in (read_villages, read_posts, read_special_sites, read_main_roads):
        with pytest.raises(InputError, match="the file is missing"):
            read(tmp_path / "none.csv")


def test_a_table_given_is_not_changed() -> None:
    table = villages()
    before = replace(table, columns={name: [*column] for name, column in table.columns.items()})
    village_rows(table, [1, 1, 1], [1, 1, 1])
    assert table == before
