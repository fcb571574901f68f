"""Laws of the back-test: the flood is the reported one, all plans meet the same days, the page tells no place."""

from pathlib import Path

import numpy as np

from simsec import read_scenario, simulate
from tools.backtest import AREA, FIRST, PAGE, met_day, plans, the_flood

TANGSEL = read_scenario(AREA)


def test_the_flood_is_the_reported_one_and_drawn_anew_each_day() -> None:
    sizes, places = set(), set()
    for replication in range(FIRST, FIRST + 30):
        water = the_flood(TANGSEL, replication)
        villages = TANGSEL.stations.village[water.station]
        assert len(water) in (14, 15, 16) and len(np.unique(water.station)) == len(water)
        assert len(np.unique(villages)) == 3 and (TANGSEL.villages.low_ground[villages] == 1).all()
        assert ((water.onset_min >= 360) & (water.onset_min <= 420)).all()
        sizes.add(len(water))
        places.add(tuple(sorted(set(villages.tolist()))))
    assert sizes == {14, 15, 16} and len(places) > 5


def test_both_days_differ_by_the_flood_alone() -> None:
    flooded, calm = met_day(TANGSEL, FIRST)
    kind = list(TANGSEL.settings.incidents).index("flood")
    water = flooded.incidents.kind == kind
    assert not (calm.incidents.kind == kind).any() and (np.diff(flooded.incidents.onset_min) >= 0).all()
    for name in ("kind", "station", "onset_min", "report_delay_min"):
        assert np.array_equal(getattr(flooded.incidents, name)[~water], getattr(calm.incidents, name)), name


def test_the_roads_of_the_flooded_kelurahan_are_under_water_from_then_on() -> None:
    flooded, calm = met_day(TANGSEL, FIRST)
    water = the_flood(TANGSEL, FIRST)
    came = dict(zip(TANGSEL.stations.village[water.station].tolist(), water.onset_min.tolist(), strict=True))
    roads = flooded.closures
    assert dict(zip(roads.village.tolist(), roads.minute.tolist(), strict=True)) == came
    assert (np.diff(roads.minute) >= 0).all() and ((roads.depth_mm >= 400) & (roads.depth_mm <= 800)).all()
    assert not len(calm.closures.minute)


def test_the_plans_differ_by_where_the_reserve_waits_alone() -> None:
    january, headquarters, none = plans(TANGSEL).values()
    assert january.reserve_squads == headquarters.reserve_squads > none.reserve_squads == 0
    assert len(january.squads) >= len(TANGSEL.villages.rayon_names)
    assert np.array_equal(january.block, headquarters.block) and january.patrols == none.patrols
    flooded, _ = met_day(TANGSEL, FIRST)
    assert simulate(TANGSEL, january, flooded).incidents.response_min.size == len(flooded.incidents)


def test_the_page_names_no_village_and_no_post() -> None:
    text = Path(PAGE).read_text(encoding="utf-8")
    named = {*TANGSEL.villages.name, *TANGSEL.posts.name} - {"KPU"}
    assert [name for name in named if name in text] == []
