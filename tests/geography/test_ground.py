"""The ground of a scenario: minutes of the shipped area are plausible, a user's roads replace modelled ones."""

import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simsec import InputError, read_scenario
from simsec.geography.graph import CAR
from simsec.geography.ground import ground_of, site_node
from simsec.scenario import Scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
AREA = SCENARIOS / "kabupaten-semarang"
JEPARA = SCENARIOS / "kabupaten-jepara"
# Car minutes from the headquarters on a quiet day, door to door (assumption, grade D): free flow may lie below by 15 %.
PLAUSIBLE = {
    "kabupaten-semarang": {
        "Bawen": (15, 30),
        "Ambarawa": (25, 40),
        "Bandungan": (35, 55),
        "Sumowono": (45, 70),
        "Getasan": (45, 75),
        "Kaliwungu": (55, 95),
    },
    "kabupaten-jepara": {"Mlonggo": (12, 25), "Bangsri": (25, 45), "Keling": (45, 75), "Mayong": (35, 60)},
    "kota-semarang": {"Genuk": (20, 40), "Banyumanik": (20, 40), "Mijen": (30, 55), "Tugu": (20, 40)},
    "kota-tangerang": {"Batuceper": (10, 20), "Ciledug": (25, 50), "Jatiuwung": (15, 35)},
    "kota-tangerang-selatan": {"Pondok Aren": (12, 30), "Pamulang": (15, 35), "Ciputat Timur": (20, 45)},
}


@cache
def area(name: str) -> Scenario:
    return read_scenario(SCENARIOS / name)


def car_minutes(scenario: Scenario, seat: str) -> float:
    posts = scenario.posts
    polsek = next(n for n in posts.of_type("polsek", "polsubsektor") if posts.name[n].endswith(seat))
    headquarters = posts.of_type("polres")[0]
    minutes = ground_of(scenario).travel.minutes[CAR]
    return float(minutes[site_node(scenario, posts.code[headquarters]), site_node(scenario, posts.code[polsek])])


@pytest.mark.parametrize("name", PLAUSIBLE)
def test_minutes_from_headquarters_are_plausible(name: str) -> None:
    ways = {seat: car_minutes(area(name), seat) for seat in PLAUSIBLE[name]}
    beyond = {seat: ways[seat] for seat, (low, high) in PLAUSIBLE[name].items() if not 0.85 * low <= ways[seat] <= high}
    assert beyond == {}


def test_ambulances_of_semarang_reach_stations_in_the_minutes_a_router_gave() -> None:
    scenario = area("kota-semarang")
    ground, posts = ground_of(scenario), scenario.posts
    hospitals = [site_node(scenario, posts.code[post]) for post in posts.of_type("hospital")]
    way = ground.travel.minutes[CAR][hospitals][:, ground.station_node].min(axis=0) + ground.stretch_min[CAR]
    assert way.mean() == pytest.approx(9.1, rel=0.15)  # Ambulan Hebat: 9:07 routed, 15:02 recorded


@pytest.mark.parametrize("friction", [1.4, 1.65, 1.9])
def test_a_ferry_takes_its_minutes_whatever_the_friction_of_roads(friction: float) -> None:
    scenario = area("kabupaten-jepara").with_values({"travel.friction": friction})
    villages, minutes = scenario.villages, ground_of(scenario).travel.minutes
    pier, island = villages.name.index("Bulu"), villages.name.index("Karimunjawa")
    assert (friction * minutes[:, pier, island]).tolist() == pytest.approx([300.0] * 4, rel=1e-3)


def test_an_island_without_a_ferry_is_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(JEPARA, tmp_path / "area"))
    roads = folder / "main_roads.csv"
    rows = roads.read_text(encoding="utf-8").splitlines(keepends=True)
    roads.write_text("".join(row for row in rows if "Parang - Nyamuk" not in row), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        ground_of(read_scenario(folder))
    assert [str(problem) for problem in refused.value.problems] == [
        "villages.csv, code: no way by road or ferry from the headquarters (found '33.20.10.2004 Nyamuk'). "
        "add a road or a ferry to main_roads.csv, or raise travel.neighbour_limit_km"
    ]
    roads.write_text("".join(row for row in rows if ",ferry," not in row), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        ground_of(read_scenario(folder))
    cut_off = [problem.value for problem in refused.value.problems]
    assert len(cut_off) == 4 + 4  # villages; Polsek, BPBD, PPK, puskesmas
    assert {"33.20.10.2001 Karimunjawa", "polsek-33.20.10 Polsek Karimunjawa"} <= set(cut_off)


def test_a_ferry_without_minutes_is_refused_with_its_line(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(JEPARA, tmp_path / "area"))
    roads = folder / "main_roads.csv"
    text = roads.read_text(encoding="utf-8")
    roads.write_text(text.replace(",300.0,", ",,"), encoding="utf-8")
    line = 1 + next(n for n, row in enumerate(text.splitlines()) if ",300.0," in row)
    with pytest.raises(InputError, match=f"main_roads.csv, line {line}, minutes_from_previous: a ferry without"):
        read_scenario(folder)


def test_a_users_own_roads_replace_the_modelled_ones(tmp_path: Path) -> None:
    area = Path(shutil.copytree(AREA, tmp_path / "area"))
    modelled = read_scenario(area)
    villages = modelled.villages
    rows = ["from_lat,from_lon,to_lat,to_lon,km,minutes"]
    for n in range(len(villages) - 1):
        ends = (villages.lat[n], villages.lon[n], villages.lat[n + 1], villages.lon[n + 1])
        rows.append(",".join(f"{value:.6f}" for value in ends) + ",80.0,80.0")
    (area / "road_edges.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    own = read_scenario(area)
    assert own.hash != modelled.hash
    minutes = ground_of(own).travel.minutes[CAR]
    assert minutes[0, 1] == pytest.approx(80.0, abs=0.5)
    assert minutes[0, 10] == pytest.approx(800.0, abs=0.5)
    assert not np.allclose(minutes[:50, :50], ground_of(modelled).travel.minutes[CAR][:50, :50])


def test_two_files_of_roads_are_refused(tmp_path: Path) -> None:
    area = Path(shutil.copytree(AREA, tmp_path / "area"))
    (area / "road_edges.csv").write_text("x", encoding="utf-8")
    (area / "roads.graphml").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="keep one of them"):
        read_scenario(area)
