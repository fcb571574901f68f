"""The checklist answers every item, in both languages, with the scenario's figures and no place of anybody."""

import re
from dataclasses import replace

import pytest

from simsec.locale import LANGUAGES, texts
from simsec.plan import Plan
from simsec.report.checklist import checklist_json, checklist_markdown
from simsec.report.describe import ITEMS, Settings, checklist
from simsec.scenario import Scenario
from simsec.scenario.schema import DAY_TYPES, Policy
from tests.areas import announced, shipped, tiny, tiny_plan

VERSIONS = {"python": "3.11", "system": "linux", "simsec": "0.1.0", "simpy": "4.1"}


def settings(plan: Plan, **more) -> Settings:
    days = dict.fromkeys(DAY_TYPES, 50)
    given = {"plan": plan, "seed": 7, "days": days, "workers": 2, "cores": 4, "voters": False, "versions": VERSIONS}
    return Settings(**(given | {"cite": "simsec, seeds 7", "command": "simsec simulate x --seed 7"} | more))


def page(scenario: Scenario, language: str = "en", **more) -> str:
    plan = more.pop("plan", tiny_plan() if scenario is tiny() else announced())
    words = texts(language)
    return checklist_markdown(scenario, checklist(scenario, settings(plan, **more), words), words)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("area", [shipped, tiny])
def test_every_item_is_answered(language: str, area) -> None:
    plan = announced() if area is shipped else tiny_plan()
    items = checklist(area(), settings(plan), texts(language))
    assert [item.number for item in items] == [number for number, _ in ITEMS]
    assert all(item.title and item.text and all(len(text) > 5 for text in item.text) for item in items)
    for item in items:
        for table in item.tables:
            assert table.title and table.rows and {len(row) for row in table.rows} == {len(table.head)}
            assert all(isinstance(cell, str) for row in table.rows for cell in row)
    assert len(checklist_json(items)["items"]) == 24


def test_the_figures_are_those_of_the_scenario() -> None:
    text = page(shipped())
    known = shipped().settings
    for figure in ("1,983 polling stations", "235 villages", "807,204 registered voters", "Seed 7", "47 hours"):
        assert figure in text
    changed = shipped().with_values({"weights.red": 12.0, "travel.friction": 1.8})
    assert "red 12." in page(changed) and "red 9." in text
    assert "| friction of travel (factor) | 1.55 / 1.8 / 2.05 |" in page(changed)
    assert "were changed after it was read" in page(changed) and "were changed" not in text
    for path, parameter in shipped().parameters().items():
        assert " ".join(parameter.source.split()).replace("|", "\\|") in text, path
    for kind in known.incidents.values():
        assert f"| {kind.label.en} |" in text


def test_the_settings_of_the_run_are_told() -> None:
    plan = replace(announced(), policy=Policy(name="nearest_capable", divert_to_higher_level=True))
    text = page(shipped(), plan=plan, voters=True, precision=0.02, most_days=9000)
    assert "whoever commands it" in text and "may be turned round" in text and "Kiefer" in text
    assert "at most 2.0% of the measure, or 9,000 days" in text and "200 independent days" not in text
    assert "were not played" in text and "200 days took 3.5 seconds" in page(shipped(), seconds=3.5)
    calm = page(shipped())
    assert "nearest free capable units within its scope" in calm and "never turned round" in calm
    assert "Kiefer" not in calm and "200 independent days" in calm
    kept = replace(announced(), policy=Policy(name="chain_of_command", reserve_threshold_squads=3))
    assert "The last 3 reserve squads are kept" in page(shipped(), plan=kept)


def test_no_station_and_no_post_is_named() -> None:
    text = page(shipped()) + page(shipped(), "id")
    assert not any(code in text for code in shipped().stations.code)
    assert not any(re.search(rf"\b{re.escape(code)}\b", text) for code in shipped().posts.code)


def test_a_table_stays_a_table_whatever_a_source_says() -> None:
    text = page(tiny())
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    bars = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("| ")]
    assert min(bars) >= 3
