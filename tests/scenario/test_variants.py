"""Laws of the variants: an area with another election says little itself, and its tables are what its command makes."""

import re
import shlex
from datetime import date
from pathlib import Path

import pytest

from simsec.base.errors import InputError
from simsec.day import sample_day
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.extending import OF_AN_ELECTION, profile
from simsec.scenario.generate import new_area, read_main_roads, read_posts, read_special_sites, read_villages
from tests.scenario.shipped import SCENARIOS

# stations, voters, police, stations a pair
TOTALS = {
    "kabupaten-jepara-pilkada": (1743, 919276, 650, 6),
    "kota-semarang-pemilu": (4646, 1239669, 604, 16),
    "kota-tangerang-pilkada": (2706, 1377828, 859, 6),
    "kota-tangerang-selatan-pilkada": (2060, 1058127, 776, 8),
}
FOLDER = SCENARIOS / "variants"
every_variant = pytest.mark.parametrize("name", TOTALS)


def base_of(name: str) -> Path:
    return SCENARIOS / name.rpartition("-")[0]


def command_of(name: str) -> dict[str, str]:
    text = (FOLDER / name / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^    (simsec new .*?)\n\n", text, re.DOTALL | re.MULTILINE)
    words = shlex.split(command.replace("\\\n", " "))
    return dict(zip(words[2::2], words[3::2], strict=True))


def test_every_variant_is_listed_here() -> None:
    assert {folder.name for folder in FOLDER.iterdir()} == {*TOTALS, "kota-tangerang-with-outside"}


@every_variant
def test_totals_are_those_of_its_election(name: str) -> None:
    variant, election = read_scenario(FOLDER / name), name.rpartition("-")[2]
    stations, voters, police, tps = TOTALS[name]
    assert variant.settings.election_type == election
    assert (len(variant.stations), int(variant.stations.registered_voters.sum())) == (stations, voters)
    assert (variant.settings.forces.police.mode, variant.settings.patterns.low.tps) == (police, tps)
    assert variant.settings.polling_date == (date(2024, 11, 27) if election == "pilkada" else date(2024, 2, 14))


@every_variant
def test_its_tables_are_what_the_command_of_its_readme_makes(name: str, tmp_path: Path) -> None:
    source, said = base_of(name) / "source", command_of(name)
    numbers = {"stations": "n_stations", "voters": "n_voters"}
    given = {
        numbers.get(word, word): int(said[f"--{word}"])
        for word in ("stations", "voters", "police", "army", "linmas")
        if f"--{word}" in said
    }
    made = new_area(
        read_villages(source / "villages.csv"),
        read_posts(source / "posts.csv"),
        special=read_special_sites(source / "special_sites.csv"),
        roads=read_main_roads(source / "main_roads.csv"),
        out=tmp_path / name,
        name=said["--name"],
        title=said["--title"],
        polling_date=date.fromisoformat(said["--date"]),
        election_type=said["--election"],
        **given,
    )
    for table in ("villages.csv", "polling_stations.csv"):
        assert (made / table).read_bytes() == (FOLDER / name / table).read_bytes(), table


@every_variant
def test_a_variant_says_little_itself_and_its_place_stands_in_the_area(name: str) -> None:
    assert len((FOLDER / name / "scenario.toml").read_text(encoding="utf-8").splitlines()) < 40
    variant, area = read_scenario(FOLDER / name), read_scenario(base_of(name))
    assert variant.posts.code == area.posts.code and variant.settings.ladders == area.settings.ladders
    assert variant.settings.travel == area.settings.travel
    assert variant.settings.incidents != area.settings.incidents and variant.settings.clock != area.settings.clock


def own(folder: Path, name: str, text: str) -> Path:
    (folder / name).mkdir()
    (folder / name / "scenario.toml").write_text(f'format = 1\nname = "{name}"\n{text}', encoding="utf-8")
    return folder / name


def reports(scenario: Scenario) -> int:
    return len(sample_day(scenario, 1, 0).reports.kind)


def test_a_profile_brings_the_rates_of_its_election_and_what_is_said_goes_before_it(tmp_path: Path) -> None:
    area = SCENARIOS / "kabupaten-semarang"
    pilkada, stands = read_scenario(area), f'extends = "{area.as_posix()}"\nprofile = "pemilu"\n'
    pemilu = read_scenario(own(tmp_path, "general-election", stands))
    for kind, figure in profile("pemilu")["incidents"].items():
        assert pemilu.settings.incidents[kind].rate_per_station.mode == pytest.approx(
            figure["rate_per_station"].get("mode", figure["rate_per_station"].get("value"))
        )
    assert pemilu.settings.forces == pilkada.settings.forces and pemilu.posts.code == pilkada.posts.code
    louder = stands + '[patterns]\nlow = { police = 2, tps = 9, linmas = 18 }\n'
    assert read_scenario(own(tmp_path, "louder", louder)).settings.patterns.low.tps == 9
    assert pemilu.hash != pilkada.hash and reports(pemilu) != reports(pilkada)


def test_a_profile_holds_nothing_of_a_place() -> None:
    for election in ("pemilu", "pilkada"):
        assert set(profile(election)) <= set(OF_AN_ELECTION)
        assert profile(election)["election_type"] == election
        assert '"0"' not in repr(profile(election)) and "$" not in repr(profile(election))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('profile = "pemilu"\n', "a profile is laid over another scenario"),
        ('extends = "general"\nprofile = "pemilu"\n', "a general scenario has no election"),
        ('extends = "AREA"\nprofile = "pileg"\n', r"no such type of election \(found 'pileg'\)"),
    ],
)
def test_a_profile_that_cannot_be_laid_over_anything_is_refused(tmp_path: Path, text: str, message: str) -> None:
    text = text.replace("AREA", (SCENARIOS / "kabupaten-semarang").as_posix())
    with pytest.raises(InputError, match=message):
        read_scenario(own(tmp_path, "odd", text))


def test_demand_from_outside_takes_units_away_and_moves_nothing_in_the_city() -> None:
    city, both = read_scenario(SCENARIOS / "kota-tangerang"), read_scenario(FOLDER / "kota-tangerang-with-outside")
    own_kinds = len(city.settings.incidents)
    assert set(both.settings.incidents) - set(city.settings.incidents) == {"outside_squad", "outside_medical"}
    asked = 0
    for number in range(6):
        alone, joined = (sample_day(scenario, 1, number).incidents for scenario in (city, both))
        mine = joined.kind < own_kinds
        assert (joined.onset_min[mine] == alone.onset_min).all() and (joined.station[mine] == alone.station).all()
        asked += int((~mine).sum())
    assert asked > 0
    outside = {both.settings.incidents[kind].responder for kind in ("outside_squad", "outside_medical")}
    assert outside == {"none"}  # no measure counts their waiting
