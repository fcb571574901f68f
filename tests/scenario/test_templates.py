"""Laws of the two general settings: both can be read, and they differ in what the type of election changes only."""

import re
from datetime import date

import pytest

from simsec.scenario import Scenario, read_scenario
from simsec.scenario.generate import new_area
from tests.scenario.area import posts, villages

# What differs between two ballots in November and five in February; everything else is common to both.
DIFFERING = {
    "day_types.heavy_rain", "day_types.severe", "weather.wet_day", "weather.storms_per_wet_day",
    "power.no_power_share", "voters.turnout", "voters.service_min", "stages.counting_ends", "stages.packing_min",
    *(f"incidents.{kind}.rate_per_station" for kind in (
        "late_open", "logistics_short", "logistics_h1", "ballot_swap", "intimidation", "count_dispute", "crowd_damage",
        "power_or_signal", "medical_crew",
    )),
}  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scenario, Scenario]:
    def made(kind: str) -> Scenario:
        out = tmp_path_factory.mktemp(kind) / "area"
        words = {"name": "sukamaju", "polling_date": date(2024, 2, 14), "n_stations": 40, "n_voters": 9000}
        strength = {"police": 20, "army": 10, "linmas": 80, "reserve": 10}
        return read_scenario(new_area(villages(), posts(), out=out, election_type=kind, **words, **strength))

    return made("pilkada"), made("pemilu")


def test_graded_figures_differ_only_where_the_election_does(both: tuple[Scenario, Scenario]) -> None:
    pilkada, pemilu = (scenario.parameters() for scenario in both)
    assert list(pilkada) == list(pemilu)
    assert {path for path in pilkada if pilkada[path] != pemilu[path]} == DIFFERING


def test_ceilings_are_common_so_that_a_rate_can_move_between_both(both: tuple[Scenario, Scenario]) -> None:
    pilkada, pemilu = (scenario.settings.incidents for scenario in both)
    assert {kind: incident.rate_ceiling for kind, incident in pilkada.items()} == {
        kind: incident.rate_ceiling for kind, incident in pemilu.items()
    }


def test_rates_are_the_counts_that_their_sources_name(both: tuple[Scenario, Scenario]) -> None:
    for scenario, sourced in zip(both, (5, 7), strict=True):
        rates = [incident.rate_per_station for incident in scenario.settings.incidents.values()]
        named = [
            (rate.mode, re.search(r"([\d,]+) of ([\d,]+) TPS", rate.source)) for rate in rates if rate.grade == "A"
        ]
        counts = [(mode, *(int(n.replace(",", "")) for n in match.groups())) for mode, match in named if match]
        assert len(counts) == sourced
        assert all(mode == pytest.approx(reports / stations, rel=1e-3) for mode, reports, stations in counts)


def test_a_general_election_lasts_into_the_next_day(both: tuple[Scenario, Scenario]) -> None:
    assert [scenario.horizon_min for scenario in both] == [(-1080.0, 1740.0), (-1080.0, 2520.0)]
    assert [scenario.settings.patterns.low.tps for scenario in both] == [6, 16]


def test_a_general_election_caps_a_station_at_300_voters(both: tuple[Scenario, Scenario]) -> None:
    assert both[1].stations.registered_voters.max() <= 300
