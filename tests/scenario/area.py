"""A small made-up area for the tests of this room; every name in it is fictitious."""

from datetime import date
from pathlib import Path

from simsec.scenario.generate import POST_OPTIONAL, VILLAGE_INPUT, new_area
from simsec.scenario.places import POST_COLUMNS
from simsec.scenario.synthetic import SPECIAL_COLUMNS
from simsec.scenario.tables import Table, parse_table

HEADER = "code,name,subdistrict_code,subdistrict,rayon,lat,lon,elevation_m,summit_m,area_km2,station_weight"
ROWS = (
    "1.1.1,Kaliurip,1.1,Sukamaju,Utara,-7.10,110.40,100,120,4,6",
    "1.1.2,Wanasari,1.1,Sukamaju,Utara,-7.12,110.42,300,900,5,3",
    "1.2.1,Kedungsari,1.2,Karangasri,Selatan,-7.20,110.45,80,90,3,5",
)
POSTS = "name,type,lat,lon\nPolres Sukamaju,polres,-7.1,110.4\n"


def villages(rows: tuple[str, ...] = ROWS, header: str = HEADER) -> Table:
    """A village table with the columns of the header."""
    columns = [column for column in VILLAGE_INPUT if column.name in header.split(",")]
    return parse_table("\n".join([header, *rows]), "villages.csv", columns)


def posts(text: str = POSTS) -> Table:
    """A post table with the columns of its header."""
    header = text.partition("\n")[0].split(",")
    columns = [column for column in POST_COLUMNS if column.name in header or column.name not in POST_OPTIONAL]
    return parse_table(text, "posts.csv", columns)


def special(*rows: str) -> Table:
    """A table of special sites."""
    return parse_table("\n".join(["village_code,count,class,site_type,reason,voters", *rows]), "s.csv", SPECIAL_COLUMNS)


def sukamaju(out: Path) -> Path:
    """The area as a scenario folder."""
    strength = {"police": 20, "army": 10, "linmas": 40, "reserve": 10}
    return new_area(villages(), posts(), out=out, name="sukamaju", polling_date=date(2024, 11, 27), **strength)
