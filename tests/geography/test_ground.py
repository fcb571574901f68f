"""The ground of a scenario: minutes of the shipped area are plausible, a user's roads replace modelled ones."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from simsec import InputError, read_scenario
from simsec.geography.graph import CAR
from simsec.geography.ground import ground_of, site_node

AREA = Path(__file__).parents[2] / "scenarios" / "kabupaten-semarang"
# Car minutes from the headquarters on a quiet day, door to door (assumption, grade D): free flow may lie below by 15 %.
PLAUSIBLE = {
    "Bawen": (15, 30),
    "Ambarawa": (25, 40),
    "Bandungan": (35, 55),
    "Sumowono": (45, 70),
    "Getasan": (45, 75),
    "Kaliwungu": (55, 95),
}


@pytest.mark.parametrize("seat", PLAUSIBLE)
def test_minutes_from_headquarters_are_plausible(seat: str) -> None:
    scenario = read_scenario(AREA)
    posts = scenario.posts
    polsek = next(n for n in posts.of_type("polsek", "polsubsektor") if posts.name[n].endswith(seat))
    headquarters = posts.of_type("polres")[0]
    minutes = ground_of(scenario).travel.minutes[CAR]
    way = minutes[site_node(scenario, posts.code[headquarters]), site_node(scenario, posts.code[polsek])]
    low, high = PLAUSIBLE[seat]
    assert 0.85 * low <= way <= high


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
