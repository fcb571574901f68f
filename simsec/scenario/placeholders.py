"""Posts that nobody located: they stand at the seat of their sub-district, marked ``located`` 0."""

from __future__ import annotations

import math

import numpy as np

from simsec.scenario.apportion import KM_PER_DEGREE, largest_remainders
from simsec.scenario.places import POST_COLUMNS, Villages
from simsec.scenario.tables import Cell, Table

EVERY_SUBDISTRICT = {"polsek": "Polsek", "ppk": "PPK"}
AT_HEADQUARTERS = {"hospital": "Rumah sakit", "kpu": "KPU", "bpbd": "BPBD", "kodim": "Kodim"}
_STAFFED = {"polsek": ("polsek", "polsubsektor")}


def subdistrict_seats(villages: Villages) -> list[tuple[float, float, str]]:
    """Seat of every sub-district: the village of the same name, else the mean of village points by stations.

    Returns:
        Latitude, longitude and how the point was found, in the order of ``villages.subdistrict_codes``.
    """
    seats = []
    for number, name in enumerate(villages.subdistrict_names):
        members = np.flatnonzero(villages.subdistrict == number).tolist()
        named = [village for village in members if villages.name[village] == name]
        if named:
            lat, lon = float(villages.lat[named[0]]), float(villages.lon[named[0]])
            seats.append((lat, lon, f"point of the village {name}"))
            continue
        weights = [max(int(villages.station_weight[village]), 1) for village in members]
        lat = math.fsum(w * float(villages.lat[v]) for w, v in zip(weights, members, strict=True)) / sum(weights)
        lon = math.fsum(w * float(villages.lon[v]) for w, v in zip(weights, members, strict=True)) / sum(weights)
        seats.append((round(lat, 6), round(lon, 6), "mean of the village points by stations"))
    return seats


def with_placeholders(
    posts: Table, villages: Villages, stations: list[int], stations_per_puskesmas: float
) -> list[list[Cell]]:
    """The rows of ``posts.csv``: those given first, then what is missing.

    Every sub-district gets a Polsek and a PPK. Of any other kind something is added only where nothing is given: the
    headquarters in the sub-district with most stations; a hospital, the KPU, BPBD and Kodim in that of the
    headquarters; and community health centres (puskesmas) split over the sub-districts by stations, one each at
    least, the first at the seat, further ones at the villages with most stations.

    Args:
        posts: rows given; ``code``, ``subdistrict_code``, ``located`` and ``basis`` may be missing.
        villages: the villages.
        stations: stations of each village.
        stations_per_puskesmas: how many stations a community health centre has on average.
    """
    codes, names, seats = villages.subdistrict_codes, villages.subdistrict_names, subdistrict_seats(villages)
    in_district = [
        sum(stations[village] for village in np.flatnonzero(villages.subdistrict == number))
        for number in range(len(codes))
    ]
    rows = _given(posts, villages)
    used = {str(row[0]) for row in rows}

    def add(kind: str, label: str, number: int, village: int = -1) -> None:
        lat, lon, how = seats[number]
        if village >= 0:
            lat, lon = float(villages.lat[village]), float(villages.lon[village])
            how = f"point of the village {villages.name[village]}"
        code = _unused(f"{kind}-{codes[number]}", used)
        rows.append(
            [code, label, kind, codes[number], lat, lon, 0, f"placeholder: {how}; the building was not located"]
        )

    def there(*kinds: str) -> list[str]:
        return [str(row[3]) for row in rows if row[2] in kinds]

    if not there("polres"):
        busiest = max(range(len(codes)), key=lambda number: (in_district[number], -number))
        add("polres", f"Polres {names[busiest]}", busiest)
    office = next(row for row in rows if row[2] == "polres")
    headquarters = str(office[3])
    seat = codes.index(headquarters) if headquarters in codes else int(villages.subdistrict[_nearest(office, villages)])
    for kind, label in EVERY_SUBDISTRICT.items():
        staffed = set(there(*_STAFFED.get(kind, (kind,))))
        for number, code in enumerate(codes):
            if code not in staffed:
                add(kind, f"{label} {names[number]}", number)
    if not there("puskesmas"):
        total = max(len(codes), round(sum(stations) / stations_per_puskesmas))
        for number, count in enumerate(largest_remainders(total, in_district, [1] * len(codes))):
            add("puskesmas", f"Puskesmas {names[number]} 1", number)
            members = np.flatnonzero(villages.subdistrict == number).tolist()
            elsewhere = [village for village in members if villages.name[village] != names[number]] or members
            elsewhere.sort(key=lambda village: (-stations[village], village))
            for place in range(count - 1):
                add("puskesmas", f"Puskesmas {names[number]} {place + 2}", number, elsewhere[place % len(elsewhere)])
    for kind, label in AT_HEADQUARTERS.items():
        if not there(kind):
            add(kind, label, seat)
    return rows


def _given(posts: Table, villages: Villages) -> list[list[Cell]]:
    columns = dict(posts.columns)
    size, used = len(posts), set[str]()
    columns.setdefault("located", [1] * size)
    columns.setdefault("basis", ["as given"] * size)
    if "subdistrict_code" not in columns:
        at = [[0, 0, 0, 0, lat, lon] for lat, lon in zip(columns["lat"], columns["lon"], strict=True)]
        near = [int(villages.subdistrict[_nearest(row, villages)]) for row in at]
        columns["subdistrict_code"] = [villages.subdistrict_codes[number] for number in near]
    if "code" not in columns:
        parts = zip(columns["type"], columns["subdistrict_code"], strict=True)
        columns["code"] = [_unused(f"{kind}-{code or 'outside'}", used) for kind, code in parts]
    return [[columns[column.name][row] for column in POST_COLUMNS] for row in range(size)]


def _nearest(row: list[Cell], villages: Villages) -> int:
    """The village nearest to a post row (latitude and longitude in cells 4 and 5)."""
    lat, lon = float(row[4]), float(row[5])
    north = (villages.lat - lat) * KM_PER_DEGREE
    east = (villages.lon - lon) * KM_PER_DEGREE * math.cos(math.radians(lat))
    return int(np.argmin(np.hypot(north, east)))


def _unused(code: str, used: set[str]) -> str:
    number, candidate = 1, code
    while candidate in used:
        number += 1
        candidate = f"{code}-{number}"
    used.add(candidate)
    return candidate
