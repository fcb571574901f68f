"""Laws of the shipped areas: their totals, their sources, and that their tables are what the command makes."""

import re
import shlex
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest

from simsec.plan import ledger_of
from simsec.plan.ledger import READINGS
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.generate import new_area, read_main_roads, read_posts, read_special_sites, read_villages
from simsec.scenario.schema import CLASSES
from simsec.scenario.synthetic import figures, village_rows
from simsec.scenario.tables import Table
from tests.scenario.shipped import AREAS, NOVEMBER, SCENARIOS, shipped_area

TABLES = ("villages.csv", "polling_stations.csv", "posts.csv", "main_roads.csv")
# Agencies, boats and drains of single areas.
OWN_FORCES = {
    "kabupaten-semarang": {"units", "ladders", "incidents"},  # no boats
    "kota-semarang": {"absences"},
    "kota-tangerang": {"units", "ladders"},
    "kabupaten-jepara": {"ladders"},
}
AT_THE_TABLE = {"agencies", "operation", "three_pillars"}  # who sits there is told by each area's source
every_area = pytest.mark.parametrize("name", AREAS)


@cache
def made(name: str) -> Path:
    """The folder that the command of the README makes."""
    area, source = AREAS[name], SCENARIOS / name / "source"
    words = {"stations": "n_stations", "voters": "n_voters"}
    return new_area(
        read_villages(source / "villages.csv"),
        read_posts(source / "posts.csv"),
        special=read_special_sites(source / "special_sites.csv"),
        roads=read_main_roads(source / "main_roads.csv"),
        out=Path(mkdtemp(prefix="simsec-made-")) / name,
        name=name,
        title=area.title,
        polling_date=area.day,
        election_type="pilkada" if area.day == NOVEMBER else "pemilu",
        **{words.get(word, word): number for word, number in area.given.items()},
    )


@every_area
def test_the_shipped_tables_are_what_the_command_makes(name: str) -> None:
    for table in TABLES:
        assert (made(name) / table).read_bytes() == (SCENARIOS / name / table).read_bytes(), table


@every_area
def test_the_command_of_the_readme_is_the_one_tested(name: str) -> None:
    area, text = AREAS[name], (SCENARIOS / name / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^    (simsec new .*?)\n\n", text, re.DOTALL | re.MULTILINE)
    words = shlex.split(command.replace("\\\n", " "))
    options = dict(zip(words[2::2], words[3::2], strict=True))
    tables = {"villages": "villages", "posts": "posts", "special": "special_sites", "roads": "main_roads"}
    expected = {f"--{option}": f"source/{file}.csv" for option, file in tables.items()}
    expected |= {"--name": name, "--title": area.title, "--date": area.day.isoformat(), "--out": "NEW_FOLDER"}
    expected |= {f"--{word}": str(number) for word, number in area.given.items()}
    expected |= {} if area.day == NOVEMBER else {"--election": "pemilu"}
    assert options == expected


@every_area
def test_the_settings_differ_from_the_general_ones_only_where_more_is_known(name: str) -> None:
    scenario, area = shipped_area(name), AREAS[name]
    plain = read_scenario(made(name))
    general, known = plain.parameters(), scenario.parameters()
    own = OWN_FORCES.get(name, set()) | AT_THE_TABLE
    common = {path for path in known if path.partition(".")[0] not in own}
    assert {path for path in common if general.get(path) != known[path]} <= area.differing
    here, there = scenario.settings.model_dump(), plain.settings.model_dump()
    may = {"forces", "teams", "travel", "weather", "voters", "kpu", "prepositioned"} | own
    if "incidents.flood.cluster_share" in area.differing:  # how wide a flood is was seen in cities
        here["incidents"]["flood"]["cluster_share"] = None
    assert {key for key in here if here[key] != there[key]} <= may
    at_red = here["incidents"]["flood"]["needs"]["red"]
    assert at_red | {"boat": 1} == there["incidents"]["flood"]["needs"]["red"]
    same = {path.removeprefix("travel.") for path in known if path.startswith("travel.")}
    same -= {path.removeprefix("travel.") for path in area.differing}
    assert all(here["travel"][key] == there["travel"][key] for key in same)
    if not own:
        assert [(t["unit"], t["at"]) for t in here["teams"]] == [(t["unit"], t["at"]) for t in there["teams"]]


@every_area
def test_totals(name: str) -> None:
    scenario, area = shipped_area(name), AREAS[name]
    v, s = scenario.villages, scenario.stations
    assert (len(s), len(v), len(v.subdistrict_codes), len(v.rayon_names)) == area.size
    assert (s.registered_voters.sum(), v.station_weight.sum()) == (area.voters, area.weights)
    forces = scenario.settings.forces
    strength = tuple(f.mode for f in (forces.police, forces.army, forces.linmas, forces.reserve))
    assert strength == area.strength
    assert v.linmas_available.sum() == forces.linmas.mode
    assert v.area_km2.sum() == pytest.approx(area.area_km2, abs=0.01)
    assert (v.low_ground.sum(), v.steep_ground.sum()) == area.ground
    for subdistrict, count in area.subdistricts.items():
        assert (s.subdistrict == v.subdistrict_names.index(subdistrict)).sum() == count


@every_area
def test_stations_follow_the_counts_of_the_general_election(name: str) -> None:
    v, s = shipped_area(name).villages, shipped_area(name).stations
    got = np.bincount(s.village, minlength=len(v))
    quota = v.station_weight * len(s) / v.station_weight.sum()
    assert (np.abs(got - quota) < 1).all()
    assert got.min() >= 1


@every_area
def test_voters_spread_within_bounds_with_a_tail_of_hamlets(name: str) -> None:
    voters = shipped_area(name).stations.registered_voters
    known = getattr(figures(), shipped_area(name).settings.election_type or "")
    assert (voters.min() >= 90, voters.max() <= known.max_voters.mode) == (True, True)
    assert 0.01 <= (voters < 1.3 * known.small_voters.mode).mean() <= 0.08
    assert 0.85 <= np.median(voters) / voters.mean() <= 1.1


@every_area
def test_stations_carry_a_class_for_documented_reasons_only(name: str) -> None:
    s, v = shipped_area(name).stations, shipped_area(name).villages
    above = np.flatnonzero(s.station_class)
    places = Counter((v.name[s.village[n]], CLASSES[s.station_class[n]], s.site_type[n]) for n in above)
    assert sorted((*place, count) for place, count in places.items()) == sorted(AREAS[name].above)
    assert all(re.search(r"\(.* 20\d\d\)|\(.*, 20\d\d\)", s.class_reason[n]) for n in above)


def test_a_prison_keeps_the_voters_that_were_reported() -> None:
    for name, reported in (("kabupaten-semarang", 422), ("kota-semarang", 1363 + 162)):
        s = shipped_area(name).stations
        assert s.registered_voters[[n for n, site in enumerate(s.site_type) if site == "prison"]].sum() == reported


@every_area
def test_every_station_is_synthetic_and_a_post_nobody_located_a_placeholder(name: str) -> None:
    scenario, area = shipped_area(name), AREAS[name]
    assert scenario.stations.synthetic.all()
    posts = scenario.posts
    assert sorted(posts.name[n] for n in np.flatnonzero(posts.located)) == sorted(area.located)
    assert all(posts.basis[n].startswith("placeholder") for n in np.flatnonzero(posts.located == 0))
    assert {kind: len(posts.of_type(kind)) for kind in set(posts.type)} == area.posts


@every_area
def test_expected_reports_a_day(name: str) -> None:
    area, incidents = AREAS[name], shipped_area(name).settings.incidents
    for kind, expected in area.reports.items():
        found = incidents[kind].rate_per_station.mode * area.size[0]
        assert float(f"{found:.2g}") == pytest.approx(expected, rel=0.021), kind
    for kind, (low, high) in area.ranges.items():
        rate = incidents[kind].rate_per_station
        assert low * 0.98 - 0.05 <= rate.low * area.size[0] <= rate.high * area.size[0] <= high * 1.02 + 0.05, kind


def test_the_illness_that_jepara_reported_lies_in_its_range() -> None:
    low, high = AREAS["kabupaten-jepara"].ranges["medical_crew"]
    assert low < 15 < high  # 15 ill in 3,490 stations


@every_area
def test_rates_are_the_counts_that_their_sources_name(name: str) -> None:
    pattern = re.compile(r"([\d,]+) of ([\d,]+) TPS")
    found = 0
    for kind in shipped_area(name).settings.incidents.values():
        match = pattern.search(kind.rate_per_station.source)
        if match and kind.rate_per_station.grade == "A":
            reports, stations = (int(number.replace(",", "")) for number in match.groups())
            assert kind.rate_per_station.mode == pytest.approx(reports / stations, rel=1e-3)
            found += 1
    assert found == (5 if AREAS[name].day == NOVEMBER else 7)


@every_area
def test_ceilings_leave_room_for_the_rates_of_february(name: str) -> None:
    february = {"late_open": 0.0457, "logistics_short": 0.0128, "ballot_swap": 0.0074, "intimidation": 0.0028,
                "count_dispute": 0.0018, "power_or_signal": 0.0194, "medical_crew": 0.0142}  # fmt: skip
    for kind, rate in february.items():
        assert shipped_area(name).settings.incidents[kind].rate_ceiling > 1.3 * rate


@every_area
def test_the_three_readings_of_the_strength(name: str) -> None:
    scenario = shipped_area(name)
    assert tuple(ledger_of(scenario, reading).pairs for reading in READINGS) == AREAS[name].pairs
    assert scenario.settings.forces.reading == "reserve_on_top"
    teams = {(team.unit, team.at): team.per_post for team in scenario.settings.teams}
    assert teams["army_squad", "kodim"] == AREAS[name].army_squads


@every_area
def test_the_pattern_and_the_hours_are_those_of_the_election(name: str) -> None:
    settings = shipped_area(name).settings
    november = AREAS[name].day == NOVEMBER
    assert (settings.patterns.low.tps, settings.patterns.low.linmas) == ((6, 12) if november else (16, 32))
    hours = ("H 17:30", "H 23:00") if november else ("H+1 02:00", "H+1 11:00")
    assert (settings.clock.counting_ends, settings.clock.ends) == hours
    assert settings.voters.service_min.mode == (2 if november else 5)  # two ballots, five ballots


def test_strengths_of_a_larger_polres_are_scaled_by_the_share_of_stations() -> None:
    for name, whole, police, army in (("kota-tangerang", 6940, 1212, 978), ("kota-tangerang-selatan", 5644, 981, 80)):
        forces, share = shipped_area(name).settings.forces, AREAS[name].size[0] / whole
        assert (forces.police.mode, forces.army.mode) == (round(police * share), round(army * share))
        assert (forces.police.grade, forces.army.grade) == ("C", "C")
        readme = (SCENARIOS / name / "README.md").read_text(encoding="utf-8")
        assert f"{whole:,}" in readme and f"{whole:,}" in forces.police.source


def test_documented_landslides_and_the_lake_agree_with_the_ground() -> None:
    v = shipped_area("kabupaten-semarang").villages
    steep = {v.name[n] for n in np.flatnonzero(v.steep_ground) if v.subdistrict_names[v.subdistrict[n]] == "Sumowono"}
    assert {"Duren", "Keseneng"} <= steep  # a landslide-prone road, a landslide of Jan 2025
    low = {v.name[n] for n in np.flatnonzero(v.low_ground)}
    assert {"Bejalen", "Asinan", "Rowosari", "Pojoksari"} <= low  # around Rawa Pening
    assert not (v.steep_ground & v.low_ground).any()


def test_the_flags_of_jepara_are_the_computed_ones_and_the_documented() -> None:
    given = read_villages(SCENARIOS / "kabupaten-jepara" / "source" / "villages.csv")
    columns = {key: value for key, value in given.columns.items() if key not in ("low_ground", "steep_ground")}
    bare = Table(given.file, columns, given.line)
    rows = village_rows(bare, [1] * len(bare), [1] * len(bare))
    low, steep = ([int(row[place]) for row in rows] for place in (11, 12))
    named = given.texts("name")
    added = {named[n] for n in range(len(named)) if (low[n], steep[n]) != (given.columns["low_ground"][n],
             given.columns["steep_ground"][n])}  # fmt: skip
    # Murianews, 25 Nov 2024; Tempur, Kunir and Somosari are steep by the rule already
    assert added == {"Jugo", "Bungu", "Plajan", "Sumberrejo"}


def figure_table(scenario: Scenario) -> str:
    """The last section of the README."""
    rows = ["| figure | low - mode - high | grade | source |", "|---|---|---|---|"]
    for path, figure in scenario.parameters().items():
        one = figure.low == figure.high
        value = f"{figure.mode:g}" if one else f"{figure.low:g} - {figure.mode:g} - {figure.high:g}"
        rows.append(f"| `{path}` | {value} | {figure.grade} | {figure.source} |")
    return "\n".join(rows) + "\n"


@every_area
def test_the_readme_lists_every_figure(name: str) -> None:
    file = SCENARIOS / name / "README.md"
    listed = file.read_text(encoding="utf-8").partition("## Every graded figure")[2]
    expected = figure_table(shipped_area(name))
    assert listed.endswith("\n\n" + expected), f"write this to the end of {file}:\n\n{expected}"


@every_area
def test_the_readme_says_what_its_source_stresses_and_what_is_made_up(name: str) -> None:
    text = (SCENARIOS / name / "README.md").read_text(encoding="utf-8")
    headings = ("## Where the tables come from", "## Placeholders, said aloud", "## What is not known")
    assert [heading for heading in headings if heading not in text] == []
    if name != "kabupaten-semarang":
        assert "## What the source stresses" in text


@every_area
def test_every_d_figure_is_called_an_assumption(name: str) -> None:
    ours = {path: figure for path, figure in shipped_area(name).parameters().items() if figure.grade == "D"}
    assert [path for path, figure in ours.items() if "assumption" not in figure.source] == []


def test_every_area_has_its_rows_in_the_licence_page() -> None:
    text = (SCENARIOS.parent / "DATA-LICENCES.md").read_text(encoding="utf-8")
    assert [name for name in AREAS if f"`scenarios/{name}`" not in text] == []


def test_every_election_folder_that_is_shipped_is_tested() -> None:
    folders = {folder.parent.name for folder in SCENARIOS.glob("*/polling_stations.csv")}
    assert folders == set(AREAS)
