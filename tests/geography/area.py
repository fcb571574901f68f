"""Kabupaten Semarang as the tests of this room use it: places.csv and the main roads.

The 235 village points and names come from cahyadsn/wilayah_boundaries (MIT), heights from jaanga/terrain-plus
(Viewfinder Panoramas): the height of the very point, because a road ends there, and the 95th percentile over the
village as its summit. Ambarawa and Bergas, which no village is called after, and the town of Salatiga, an enclave that
the roads run through, stand at the end without heights.
"""

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from simsec.geography import Barrier, Corridor, RoadGraph, RoadSettings, Travel, terrain_graph, travel_table

SETTINGS = RoadSettings(
    winding_flat=1.4,
    winding_mountain=1.8,
    mountain_slope_m_per_km=40,
    mountain_limit_km=3.5,
    neighbour_limit_km=7.0,
    road_reach_km=1.0,
    speed_village_kmh=28,
    speed_mountain_kmh=20,
    speed_main_kmh=35,
    speed_national_kmh=45,
    speed_toll_kmh=79,
    speed_foot_kmh=5,
    truck_factor=0.8,
)
LAKE = Barrier("Rawa Pening", -7.287, 110.43, 1.2)

with (Path(__file__).parent / "places.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
LAT = np.array([float(row["lat"]) for row in ROWS])
LON = np.array([float(row["lon"]) for row in ROWS])
ELEVATION_M = np.array([float(row["elevation_m"] or "nan") for row in ROWS])
SUMMIT_M = np.array([float(row["summit_m"] or "nan") for row in ROWS])
SUBDISTRICT = [row["subdistrict"] for row in ROWS]
N_VILLAGES = 235


def place(name: str, subdistrict: str | None = None) -> int:
    """The place of this name; without a sub-district the seat, which bears its name."""
    (found,) = [
        index
        for index, row in enumerate(ROWS)
        if row["name"] == name and (row["subdistrict"] == (subdistrict or name) or name in ("Ungaran", "Salatiga"))
    ]
    return found


def corridor(name, road_class, through, **more) -> Corridor:
    return Corridor(name, road_class, tuple(place(stop) for stop in through.split(" > ")), **more)


# 15 minutes: Tribun Jateng, 26 Jun 2017. The rest is general geography, grade C.
TOLL = (
    corridor("Tol Semarang-Solo", "toll", "Ungaran > Bawen", motorcycles_allowed=False, minutes_reported=15.0),
    corridor("Tol Semarang-Solo", "toll", "Bawen > Salatiga", motorcycles_allowed=False),
)
CORRIDORS = (
    *TOLL,
    corridor("Semarang-Solo", "national", "Ungaran > Bergas > Bawen > Tuntang > Salatiga > Tengaran"),
    corridor("Bawen-Magelang", "national", "Bawen > Ambarawa > Jambu"),
    corridor("Salatiga-Kopeng", "provincial", "Salatiga > Getasan"),
    corridor("Ambarawa-Sumowono", "local", "Ambarawa > Bandungan > Sumowono"),
    corridor("Bergas-Pringapus", "local", "Bergas > Pringapus"),
    corridor("Salatiga-Bancak", "local", "Salatiga > Bringin > Bancak"),
    corridor("Salatiga-Kaliwungu", "local", "Salatiga > Suruh > Susukan > Kaliwungu"),
    corridor("Ambarawa-Salatiga", "local", "Ambarawa > Banyubiru > Salatiga"),
)


@cache
def area_graph(**changed: float) -> RoadGraph:
    settings = replace(SETTINGS, **changed)
    return terrain_graph(LAT, LON, ELEVATION_M, CORRIDORS, settings, summit_m=SUMMIT_M, barriers=(LAKE,))


@cache
def area_travel() -> Travel:
    return travel_table(area_graph(), len(LAT))
