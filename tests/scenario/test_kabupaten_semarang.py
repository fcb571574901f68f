"""Laws of the shipped scenario: its totals, its sources, and that its tables are what the command makes."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from simsec.scenario import Scenario, read_scenario
from simsec.scenario.generate import new_area, read_main_roads, read_posts, read_special_sites, read_villages
from simsec.scenario.schema import CLASSES

FOLDER = Path(__file__).parents[2] / "scenarios" / "kabupaten-semarang"
TABLES = ("villages.csv", "polling_stations.csv", "posts.csv", "main_roads.csv")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return read_scenario(FOLDER)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the command of the README makes."""
    source = FOLDER / "source"
    return new_area(
        read_villages(source / "villages.csv"),
        read_posts(source / "posts.csv"),
        special=read_special_sites(source / "special_sites.csv"),
        roads=read_main_roads(source / "main_roads.csv"),
        out=tmp_path_factory.mktemp("made") / "folder",
        name="kabupaten-semarang",
        title="Kabupaten Semarang",
        polling_date=date(2024, 11, 27),
        n_stations=1983,
        n_voters=807204,
        police=575,
        army=280,
        linmas=4000,
        reserve=100,
    )


@pytest.mark.parametrize("table", TABLES)
def test_the_shipped_tables_are_what_the_command_makes(made: Path, table: str) -> None:
    assert (made / table).read_bytes() == (FOLDER / table).read_bytes()


def test_the_command_of_the_readme_is_the_one_tested() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for option in ("--stations 1983 --voters 807204 --police 575 --army 280 --linmas 4000 --reserve 100", "2024-11-27"):
        assert option in text


def test_the_settings_differ_from_the_general_ones_only_where_more_is_known(made: Path, scenario: Scenario) -> None:
    general, known = read_scenario(made).parameters(), scenario.parameters()
    assert {path for path in known if general[path] != known[path]} <= {
        "forces.police", "forces.army", "forces.linmas", "forces.reserve", "weather.wet_day", "voters.turnout"
    }  # fmt: skip
    here, there = scenario.settings.model_dump(), read_scenario(made).settings.model_dump()
    differing = {key for key in here if here[key] != there[key]}
    assert differing <= {"forces", "teams", "travel", "weather", "voters"}
    assert here["travel"] | {"barriers": ()} == there["travel"]


def test_totals(scenario: Scenario) -> None:
    v, s = scenario.villages, scenario.stations
    assert (len(s), len(v), len(v.subdistrict_codes), len(v.rayon_names)) == (1983, 235, 19, 5)
    assert (s.registered_voters.sum(), v.linmas_available.sum(), v.station_weight.sum()) == (807204, 4000, 3351)
    forces = scenario.settings.forces
    assert [f.mode for f in (forces.police, forces.army, forces.linmas, forces.reserve)] == [575, 280, 4000, 100]
    assert v.area_km2.sum() == pytest.approx(1023.62, abs=0.01)


def test_stations_follow_the_counts_of_the_general_election(scenario: Scenario) -> None:
    got = np.bincount(scenario.stations.village, minlength=235)
    quota = scenario.villages.station_weight * 1983 / 3351
    assert (np.abs(got - quota) < 1).all()
    assert got.min() >= 1


def test_voters_spread_within_bounds_with_a_tail_of_hamlets(scenario: Scenario) -> None:
    voters = scenario.stations.registered_voters
    assert (voters.min() >= 100, voters.max() <= 600) == (True, True)
    assert 0.02 <= (voters < 200).mean() <= 0.08
    assert 350 <= np.median(voters) <= 450


def test_stations_carry_a_class_for_documented_reasons_only(scenario: Scenario) -> None:
    s, v = scenario.stations, scenario.villages
    above = np.flatnonzero(s.station_class)
    places = sorted((v.name[s.village[n]], CLASSES[s.station_class[n]], s.site_type[n]) for n in above)
    assert places == [
        ("Candirejo", "elevated", "regular"), ("Candirejo", "elevated", "regular"), ("Duren", "elevated", "regular"),
        ("Lodoyong", "special", "prison"), ("Lodoyong", "special", "prison"),
    ]  # fmt: skip
    assert {v.subdistrict_names[s.subdistrict[n]] for n in above} == {"Pringapus", "Sumowono", "Ambarawa"}
    assert all(re.search(r"\(.* 20\d\d\)", s.class_reason[n]) for n in above)
    assert s.registered_voters[[n for n in above if s.site_type[n] == "prison"]].sum() == 422


def test_every_station_is_synthetic_and_every_post_but_one_a_placeholder(scenario: Scenario) -> None:
    assert scenario.stations.synthetic.all()
    posts = scenario.posts
    assert [posts.name[n] for n in np.flatnonzero(posts.located)] == ["RSUD Ambarawa"]
    assert all(posts.basis[n].startswith("placeholder") for n in np.flatnonzero(posts.located == 0))
    kinds = {kind: len(posts.of_type(kind)) for kind in sorted(set(posts.type))}
    assert kinds == {
        "bpbd": 2, "hospital": 1, "kodim": 1, "kpu": 1, "polres": 1, "polsek": 17, "polsubsektor": 2, "ppk": 19,
        "prison": 1, "puskesmas": 26,
    }  # fmt: skip


def test_documented_landslides_and_the_lake_agree_with_the_ground(scenario: Scenario) -> None:
    v = scenario.villages
    steep = {v.name[n] for n in np.flatnonzero(v.steep_ground) if v.subdistrict_names[v.subdistrict[n]] == "Sumowono"}
    assert {"Duren", "Keseneng"} <= steep  # a landslide-prone road, a landslide of Jan 2025
    low = {v.name[n] for n in np.flatnonzero(v.low_ground)}
    assert {"Bejalen", "Asinan", "Rowosari", "Pojoksari"} <= low  # around Rawa Pening
    assert not (v.steep_ground & v.low_ground).any()


# Expected reports a day over 1,983 stations: rates of Bawaslu for 27 Nov 2024 unchanged, before dispatch_share.
COUNTS = {"late_open": 25, "logistics_short": 58, "ballot_swap": 5, "count_dispute": 0.4, "crowd_damage": 0.01}


@pytest.mark.parametrize(("kind", "expected"), COUNTS.items())
def test_expected_counts(scenario: Scenario, kind: str, expected: float) -> None:
    rate = scenario.settings.incidents[kind].rate_per_station
    assert float(f"{rate.mode * len(scenario.stations):.2g}") == pytest.approx(expected, rel=0.021)


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("intimidation", 0.4, 5.5), ("medical_crew", 0.5, 2.2), ("queue_dispute", 3.9, 20)]
)
def test_expected_ranges(scenario: Scenario, kind: str, low: float, high: float) -> None:
    rate = scenario.settings.incidents[kind].rate_per_station
    assert low - 0.05 <= rate.low * 1983 <= rate.mode * 1983 <= rate.high * 1983 <= high + 0.05


def test_rates_are_the_counts_that_their_sources_name(scenario: Scenario) -> None:
    pattern = re.compile(r"([\d,]+) of ([\d,]+) TPS")
    found = 0
    for kind in scenario.settings.incidents.values():
        match = pattern.search(kind.rate_per_station.source)
        if match and kind.rate_per_station.grade == "A":
            reports, stations = (int(number.replace(",", "")) for number in match.groups())
            assert kind.rate_per_station.mode == pytest.approx(reports / stations, rel=1e-3)
            found += 1
    assert found == 5


def test_ceilings_leave_room_for_the_rates_of_february(scenario: Scenario) -> None:
    february = {"late_open": 0.0457, "logistics_short": 0.0128, "ballot_swap": 0.0074, "intimidation": 0.0028,
                "count_dispute": 0.0018, "power_or_signal": 0.0194, "medical_crew": 0.0142}  # fmt: skip
    for kind, rate in february.items():
        assert scenario.settings.incidents[kind].rate_ceiling > 1.3 * rate


def test_the_three_readings_of_the_strength(scenario: Scenario) -> None:
    forces, subdistricts = scenario.settings.forces, 19
    ledger = forces.ledger
    fixed = sum(f.mode for f in (ledger.kpu_office, ledger.bawaslu_office, ledger.logistics_store, ledger.command_post))
    fixed += ledger.traffic_points.mode + subdistricts * (ledger.district_committee.mode + ledger.polsek_minimum)
    police, reserve = forces.police.mode, forces.reserve.mode
    assert (police // 2, (police - reserve) // 2, (police - reserve - fixed) // 2) == (287, 237, 150)
    assert forces.reading == "reserve_on_top"


def test_four_army_squads_are_what_the_villages_leave(scenario: Scenario) -> None:
    (team,) = (team for team in scenario.settings.teams if team.unit == "army_squad")
    assert team.per_post == (280 - 235) // 10


def figure_table(scenario: Scenario) -> str:
    """The last section of the README."""
    rows = ["| figure | low - mode - high | grade | source |", "|---|---|---|---|"]
    for path, figure in scenario.parameters().items():
        one = figure.low == figure.high
        value = f"{figure.mode:g}" if one else f"{figure.low:g} - {figure.mode:g} - {figure.high:g}"
        rows.append(f"| `{path}` | {value} | {figure.grade} | {figure.source} |")
    return "\n".join(rows) + "\n"


def test_the_readme_lists_every_figure(scenario: Scenario) -> None:
    listed = (FOLDER / "README.md").read_text(encoding="utf-8").partition("## Every graded figure")[2]
    expected = figure_table(scenario)
    assert listed.endswith("\n\n" + expected), f"write this to the end of {FOLDER / 'README.md'}:\n\n{expected}"


def test_every_d_figure_is_called_an_assumption(scenario: Scenario) -> None:
    ours = [path for path, figure in scenario.parameters().items() if figure.grade == "D"]
    unsaid = [path for path in ours if "assumption" not in scenario.parameters()[path].source]
    assert unsaid == []
