"""What the tests hold the shipped areas to: one row an area. Totals are the election commission's (KPU) or derived.

Reports a day are the rates of Bawaslu times the stations, before ``dispatch_share``; ranges where a rate is a range.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from simsec.scenario import Scenario, read_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FEBRUARY, NOVEMBER = date(2024, 2, 14), date(2024, 11, 27)


@dataclass(frozen=True)
class Area:
    """Expectations of one shipped area.

    ``given`` is what the command of its README was given; ``strength`` police, army, Linmas and reserve as the scenario
    has them; ``above`` village, class, site and number of the stations above the low class; ``located`` the posts that
    stand where a source puts them; ``differing`` the figures that say more than the general settings.
    """

    title: str
    day: date
    given: Mapping[str, int]
    size: tuple[int, int, int, int]  # stations, villages, sub-districts, rayons
    voters: int
    weights: int  # stations of February 2024
    strength: tuple[int, int, int, int]
    pairs: tuple[int, int, int]  # under the three readings of the strength
    area_km2: float
    ground: tuple[int, int]  # villages on low and on steep ground
    army_squads: int
    above: tuple[tuple[str, str, str, int], ...]
    located: tuple[str, ...]
    posts: Mapping[str, int]
    differing: frozenset[str]
    reports: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]
    subdistricts: Mapping[str, int] = field(default_factory=dict)  # stations, where a count of others is known


CITY = frozenset({
    *("incidents.flood.cluster_share", "travel.speed_village_kmh"),
    *("travel.speed_main_kmh", "travel.speed_national_kmh"),
})  # fmt: skip
FORCES = frozenset({"forces.police", "forces.army", "forces.linmas", "forces.reserve"})
PLACES = frozenset({"kpu.relocates_share"})  # how many stations found another place in February 2024
STANDARD = {"kodim": 1, "kpu": 1, "polres": 1}

AREAS = {
    "kabupaten-semarang": Area(
        title="Kabupaten Semarang",
        day=NOVEMBER,
        given={"stations": 1983, "voters": 807204, "police": 575, "army": 280, "linmas": 4000, "reserve": 100},
        size=(1983, 235, 19, 5),
        voters=807204,
        weights=3351,
        strength=(575, 280, 4000, 100),
        pairs=(287, 237, 150),
        area_km2=1023.62,
        ground=(17, 48),
        army_squads=4,
        above=(
            ("Candirejo", "elevated", "regular", 2), ("Duren", "elevated", "regular", 1),
            ("Lodoyong", "special", "prison", 2),
        ),
        located=("RSUD Ambarawa",),
        posts={**STANDARD, "bpbd": 2, "hospital": 1, "polsek": 17, "polsubsektor": 2, "ppk": 19, "prison": 1,
               "puskesmas": 26},
        differing=FORCES | {"weather.wet_day", "voters.turnout"},
        reports={"late_open": 25, "logistics_short": 58, "ballot_swap": 5, "count_dispute": 0.4, "crowd_damage": 0.01},
        ranges={"intimidation": (0.4, 5.5), "medical_crew": (0.5, 2.2), "queue_dispute": (3.9, 20)},
    ),
    "kota-semarang": Area(
        title="Kota Semarang",
        day=NOVEMBER,
        given={"stations": 2358, "voters": 1265192},
        size=(2358, 177, 16, 5),
        voters=1265192,
        weights=4646,
        strength=(755, 330, 4716, 174),
        pairs=(377, 290, 212),
        area_km2=371.57,
        ground=(103, 0),
        army_squads=10,
        above=(("Plombokan", "special", "prison", 1), ("Wates", "special", "prison", 3)),
        located=(
            "RS Bhakti Wira Tamtama", "RS Bhayangkara", "RS Columbia Asia", "RS Roemani", "RS St. Elisabeth",
            "RS Telogorejo", "RSI Sultan Agung", "RSUD KRMT Wongsonegoro", "RSUD Tugurejo", "RSUP Dr. Kariadi",
        ),
        posts={**STANDARD, "bpbd": 1, "hospital": 10, "polsek": 16, "ppk": 16, "prison": 1, "puskesmas": 31},
        differing=CITY | FORCES | {"weather.wet_day", "voters.turnout"} | PLACES,
        reports={"late_open": 29, "logistics_short": 69, "ballot_swap": 5.8, "count_dispute": 0.47},
        ranges={"intimidation": (0.4, 6.6), "medical_crew": (0.7, 2.6), "queue_dispute": (4.7, 24)},
    ),
    "kota-tangerang": Area(
        title="Kota Tangerang",
        day=FEBRUARY,
        given={"stations": 5175, "voters": 1373205, "police": 904, "army": 729},
        size=(5175, 104, 13, 5),
        voters=1373205,
        weights=5175,
        strength=(904, 729, 10350, 163),
        pairs=(452, 370, 301),
        area_km2=179.13,
        ground=(104, 0),
        army_squads=10,
        above=(
            ("Babakan", "special", "prison", 4), ("Buaran Indah", "special", "prison", 9),
            ("Sukaasih", "special", "prison", 1), ("Tanah Tinggi", "special", "prison", 1),
        ),
        located=("RS Daan Mogot", "RSU Kabupaten Tangerang"),
        posts={**STANDARD, "bpbd": 1, "hospital": 2, "polsek": 7, "polsubsektor": 6, "ppk": 13, "prison": 1,
               "puskesmas": 40},
        differing=CITY | FORCES | PLACES,
        reports={"late_open": 240, "logistics_short": 66, "ballot_swap": 38, "count_dispute": 9.3, "intimidation": 14},
        ranges={"medical_crew": (11.9, 73.5), "crowd_damage": (0.05, 0.52), "queue_dispute": (10, 52)},
    ),
    "kabupaten-jepara": Area(
        title="Kabupaten Jepara",
        day=FEBRUARY,
        given={"stations": 3490, "voters": 914996, "police": 550, "army": 500},
        size=(3490, 195, 16, 5),
        voters=914996,
        weights=3490,
        strength=(550, 500, 6980, 99),
        pairs=(275, 225, 147),
        area_km2=1024.70,
        ground=(112, 11),
        army_squads=10,
        above=(
            ("Nyamuk", "elevated", "regular", 2), ("Parang", "elevated", "regular", 4),
            ("Pengkol", "special", "prison", 2),
        ),
        located=("RSUD RA Kartini",),
        posts={**STANDARD, "bpbd": 2, "hospital": 1, "polsek": 16, "ppk": 16, "puskesmas": 27},
        differing=FORCES | {"weather.wet_day"},
        reports={"late_open": 160, "logistics_short": 45, "ballot_swap": 26, "count_dispute": 6.3, "intimidation": 9.7},
        ranges={"medical_crew": (8, 50), "crowd_damage": (0.03, 0.35), "queue_dispute": (7, 35)},
        subdistricts={"Karimunjawa": 32},
    ),
    "kota-tangerang-selatan": Area(
        title="Kota Tangerang Selatan",
        day=FEBRUARY,
        given={"stations": 3824, "voters": 1022237, "police": 665, "army": 54},
        size=(3824, 54, 7, 4),
        voters=1022237,
        weights=3824,
        strength=(665, 54, 7648, 120),
        pairs=(332, 272, 221),
        area_km2=165.56,
        ground=(36, 0),
        army_squads=1,
        above=(
            ("Babakan", "special", "care_home", 1), ("Kedaung", "special", "care_home", 1),
            ("Pamulang Timur", "special", "boarding_school", 1),
        ),
        located=(),
        posts={**STANDARD, "bpbd": 1, "hospital": 1, "polsek": 4, "polsubsektor": 3, "ppk": 7, "puskesmas": 30},
        differing=CITY | FORCES | PLACES,
        reports={"late_open": 170, "logistics_short": 49, "ballot_swap": 28, "count_dispute": 6.9, "intimidation": 11},
        ranges={"medical_crew": (8.8, 54.4), "crowd_damage": (0.03, 0.39), "queue_dispute": (7.6, 38.3)},
    ),
}  # fmt: skip


@cache
def shipped_area(name: str) -> Scenario:
    """A shipped area, read once in each process."""
    return read_scenario(SCENARIOS / name)
