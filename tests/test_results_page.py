"""The page of results is what its figures give, and neither tells anything finer than a sub-district."""

import json
from functools import cache
from typing import Any

import pytest

from simsec.scenario import read_scenario
from tools import results


@cache
def areas() -> list[dict[str, Any]]:
    return results.kept()


def test_the_page_is_what_the_figures_give() -> None:
    assert results.PAGE.read_text(encoding="utf-8") == results.page(areas())


def test_every_area_says_whether_it_gained_and_how_many_days_told() -> None:
    page = results.page(areas())
    for area in areas():
        section = page.split(f"\n## {area['area']}\n")[1].split("\n## ")[0]
        assert area["said"]["first"] in section and f"{area['size']['days']:,} fresh days" in section
        assert ("No gain over the best doctrine" in section) == area["same_plan"]
        assert ("reserve model, not proven" in section) != area["certificate"]["reserve"]["proven"]


@pytest.mark.parametrize("name", results.AREAS)
def test_no_place_finer_than_a_sub_district_is_named(name: str) -> None:
    found = [area for area in areas() if area["area"] == name]
    written = json.dumps(found, ensure_ascii=False) + results.page(found) if found else ""
    scenario = read_scenario(results.ROOT / "scenarios" / name)
    told = set(scenario.villages.subdistrict_names)
    names = {*scenario.stations.name, *scenario.stations.code, *scenario.villages.code, *scenario.posts.name}
    names |= set(scenario.posts.code)
    assert not [one for one in sorted(names) if len(one) > 3 and one in written]
    cells = {cell.strip() for line in written.split("\n") for cell in line.split("|")}
    assert not (set(scenario.villages.name) - told) & cells
    assert '"squads": {' not in written
