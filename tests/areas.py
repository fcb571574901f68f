"""Two areas the tests share, read once in each process: the shipped one, and a tiny one whose names are fictitious."""

import tempfile
from datetime import date
from functools import cache
from pathlib import Path

from simsec.plan import Plan, doctrine, doctrine_family
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.generate import POST_OPTIONAL, VILLAGE_INPUT, new_area
from simsec.scenario.places import POST_COLUMNS
from simsec.scenario.schema import Reading
from simsec.scenario.tables import parse_table

SHIPPED = Path(__file__).parents[1] / "scenarios" / "kabupaten-semarang"
# Two sub-districts, each a rayon of its own, about eight kilometres apart; a valley with low ground and a steep edge.
VILLAGES = """\
code,name,subdistrict_code,subdistrict,rayon,lat,lon,elevation_m,summit_m,area_km2,station_weight
9.1.1,Kaliurip,9.1,Sukamaju,Utara,-7.100,110.400,20,30,4,9
9.1.2,Wanasari,9.1,Sukamaju,Utara,-7.112,110.410,90,100,4,7
9.1.3,Banyuasri,9.1,Sukamaju,Utara,-7.105,110.425,95,120,4,5
9.2.1,Kedungsari,9.2,Karangasri,Selatan,-7.170,110.440,110,130,4,8
9.2.2,Tegalmulya,9.2,Karangasri,Selatan,-7.182,110.432,130,180,4,6
9.2.3,Gunungrejo,9.2,Karangasri,Selatan,-7.178,110.455,420,900,4,5
"""
POSTS = """\
name,type,lat,lon
Polres Sukamaju,polres,-7.101,110.401
Polsek Sukamaju,polsek,-7.108,110.409
Polsek Karangasri,polsek,-7.172,110.441
"""


def tiny_folder(out: Path) -> Path:
    """Write the tiny area: 2 sub-districts, 6 villages, 40 stations, 14 guard pairs' worth of police, 3 squads."""
    posts = [column for column in POST_COLUMNS if column.name not in POST_OPTIONAL]
    return new_area(
        parse_table(VILLAGES, "villages.csv", [c for c in VILLAGE_INPUT if c.name in VILLAGES.split("\n")[0]], "code"),
        parse_table(POSTS, "posts.csv", posts),
        out=out,
        name="sukamaju",
        polling_date=date(2024, 11, 27),
        police=28,
        army=26,
        linmas=80,
        reserve=30,
    )


@cache
def tiny() -> Scenario:
    """The tiny area."""
    with tempfile.TemporaryDirectory(prefix="simsec-") as folder:
        return read_scenario(tiny_folder(Path(folder) / "sukamaju"))


@cache
def tiny_and_one() -> Scenario:
    """The tiny area with one station more, in the middle of the list."""
    with tempfile.TemporaryDirectory(prefix="simsec-") as folder:
        area = tiny_folder(Path(folder) / "sukamaju")
        path = area / "polling_stations.csv"
        header, *rows = path.read_text(encoding="utf-8").splitlines()
        cells = dict(zip(header.split(","), rows[11].split(","), strict=True))
        cells |= {"code": cells["code"] + "b", "name": cells["name"] + " b"}
        path.write_text("\n".join([header, *rows[:12], ",".join(cells.values()), *rows[12:], ""]), encoding="utf-8")
        return read_scenario(area)


@cache
def shipped() -> Scenario:
    """Kabupaten Semarang as it is shipped."""
    return read_scenario(SHIPPED)


@cache
def announced() -> Plan:
    """The announced plan of the shipped area."""
    return doctrine(shipped())


@cache
def family(reading: Reading) -> list[Plan]:
    """The doctrine family of the shipped area under one reading of its strength."""
    return doctrine_family(shipped(), reading)


@cache
def tiny_plan() -> Plan:
    """The announced plan of the tiny area."""
    return doctrine(tiny())
