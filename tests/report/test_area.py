"""What an area is about stands in its report: every element it has, none it has not, and a map that shows them."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

from simsec.base.errors import InputError
from simsec.locale import LANGUAGES, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report.area import area_table, special_rule, strength_note
from simsec.report.area_map import HATCHES, area_figure
from simsec.report.basemap import PANEL, base_of, draw_base, inside
from simsec.report.style import new_figure
from simsec.report.tables import assumption_groups
from simsec.report.workbook import workbook
from simsec.scenario import Scenario, read_scenario
from tests.areas import tiny, tiny_folder

AREAS = Path(__file__).parents[2] / "scenarios"


@cache
def area(name: str) -> Scenario:
    return read_scenario(AREAS / name)


def elements(scenario: Scenario, language: str = "en") -> dict[str, tuple[str, str]]:
    return {row.cells[0]: (row.cells[1], row.cells[2]) for row in area_table(scenario, texts(language)).rows}


def test_an_element_stands_there_only_where_the_area_has_it() -> None:
    jepara, semarang, city = map(elements, map(area, ("kabupaten-jepara", "kabupaten-semarang", "kota-semarang")))
    assert "Islands and ferries" in jepara and "Islands and ferries" not in semarang
    assert "Hard to reach" in semarang and "Hard to reach" not in jepara
    assert "Other duties of the day" in city and "Three pillars" in city and "Three pillars" not in semarang
    assert "Steep ground" not in city and "The strength" not in city


def test_what_each_source_stresses_stands_in_its_area() -> None:
    found = {name: elements(area(name)) for name in (path.name for path in AREAS.glob("k*"))}
    for rows in found.values():
        for element in ("Floods and landslides", "The reserve", "Health of the crews", "Logistics", "What KPU decides"):
            assert rows[element][0]
    assert "100 officers" in found["kabupaten-semarang"]["The reserve"][0]
    assert "Syahbandar / ASDP" in found["kabupaten-jepara"]["Agencies at the table"][0]
    asked = found["kota-tangerang"]["Who is asked first"][0]
    assert all(name in asked for name in ("Kodim (kota): ", "Kodim (kabupaten): ", "Dinkes (kabupaten): "))
    assert "medical team of the regency" in found["kota-tangerang"]["Health of the crews"][0]
    assert "04:00 to 07:00 35%" in found["kota-tangerang-selatan"]["Floods and landslides"][0]
    assert "landslide" not in found["kota-tangerang-selatan"]["Floods and landslides"][0]


def test_every_group_of_figures_of_every_area_has_a_title() -> None:
    for path in AREAS.glob("k*"):
        for language in LANGUAGES:
            assert all(title for title, _ in assumption_groups(area(path.name), texts(language)))


def test_ground_that_all_villages_share_is_not_hatched() -> None:
    for name, hatched in (("kota-tangerang", False), ("kota-tangerang-selatan", True)):
        figure = area_figure(area(name), texts("en"))
        drawn = [part.get_hatch() for part in figure.axes[0].collections]
        assert (HATCHES["low"][0] in drawn) == hatched
        said = " ".join(text.get_text() for text in figure.legends[0].get_texts()).replace("\n", " ")
        assert ("not hatched" in said) != hatched


def test_figures_are_those_of_the_tables() -> None:
    scenario = area("kabupaten-semarang")
    found = elements(scenario)
    steep = scenario.villages.steep_ground[scenario.stations.village] > 0
    assert found["Steep ground"][0] == (
        f"{scenario.villages.steep_ground.sum()} of {len(scenario.villages)} villages with {steep.sum()} stations"
    )
    assert "Candirejo: guard pair and logistics courier" in found["Who sleeps there"][0]
    assert "300 minutes" in elements(area("kabupaten-jepara"))["Islands and ferries"][0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_says_where_it_stands_and_both_languages_have_the_same_rows(language: str) -> None:
    for name in ("kabupaten-jepara", "kota-tangerang", "kabupaten-semarang"):
        found = elements(area(name), language)
        assert len(found) == len(elements(area(name)))
        for figures, where in found.values():
            assert figures
            file, _, key = where.partition(": ")
            assert (AREAS / name / file).is_file()
            assert key


def test_every_special_station_has_its_rule_in_report_and_workbook(judged: Judged, search: Search) -> None:
    city = area("kota-tangerang")
    for number, site in enumerate(city.stations.site_type):
        assert bool(special_rule(city, number, texts("en"))) == (site != "regular")
    assert "only when KPPS ask" in elements(city)["Stations in prisons"][0]
    stations = judged.scenario.stations
    prison = replace(stations, site_type=("prison", *stations.site_type[1:]))
    book = workbook(replace(judged, scenario=replace(judged.scenario, stations=prison)), search, texts("en"))
    sheet = book[texts("en").t("sheet.plotting")]
    said = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert said.count(special_rule(city, city.stations.site_type.index("prison"), texts("en"))) == 1


def test_a_scenario_may_write_a_rule_of_its_own_and_only_for_a_site_there_is(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "sukamaju")
    path = folder / "scenario.toml"
    plain = path.read_text(encoding="utf-8")
    path.write_text(plain + '\n[special_sites]\nprison = { en = "ours", id = "kami" }\n', encoding="utf-8")
    rules = read_scenario(folder).settings.special_sites
    assert rules["prison"].en == "ours" and "mobile" not in rules and "KPU" in rules["hospital"].en
    path.write_text(plain + '\n[special_sites]\nmarket = { en = "a", id = "b" }\n', encoding="utf-8")
    with pytest.raises(InputError):
        read_scenario(folder)


def test_a_share_of_a_larger_strength_is_said() -> None:
    assert "6,940" in strength_note(area("kota-tangerang"), texts("en"))
    assert "5,644" in strength_note(area("kota-tangerang-selatan"), texts("en"))
    assert strength_note(tiny(), texts("en")) == ""


def test_islands_far_off_stand_in_a_box_and_the_mainland_fills_the_map() -> None:
    base = base_of(area("kabupaten-jepara"))
    ax = new_figure("", "", texts("en")).subplots()
    main, box = draw_base(ax, base, texts("en"))
    shown = np.array([[inside(part, at) for at in base.km] for part in (main, box)])
    assert (shown == [~base.far, base.far]).all()
    land = base.km[~base.far]
    assert np.ptp(land[:, 1]) > 0.6 * np.diff(main.get_ylim())[0]
    assert np.diff(main.get_xlim())[0] / np.diff(main.get_ylim())[0] >= PANEL - 1e-9


def test_the_box_covers_no_village_and_its_scale_is_equal() -> None:
    base = base_of(area("kabupaten-jepara"))
    figure = new_figure("", "", texts("en"))
    main, box = draw_base(figure.subplots(), base, texts("en"))
    figure.draw_without_rendering()
    room = box.get_window_extent()
    for x, y in main.transData.transform(base.km[~base.far]):
        assert not (room.x0 <= x <= room.x1 and room.y0 <= y <= room.y1)
    scale = np.abs(np.diff(box.transData.transform([(0, 0), (1, 1)]), axis=0))[0]
    assert scale[0] == pytest.approx(scale[1], rel=1e-3)


def test_an_area_without_a_ferry_has_one_map() -> None:
    base = base_of(area("kabupaten-semarang"))
    assert not base.far.any()
    assert len(draw_base(new_figure("", "", texts("en")).subplots(), base, texts("en"))) == 1


@pytest.mark.parametrize("height", [4.0, 14.0])
def test_the_north_arrow_keeps_its_length_whatever_the_height(height: float) -> None:
    figure = new_figure("", "", texts("en"), size=(6.0, height))
    ax = figure.subplots()
    draw_base(ax, base_of(area("kabupaten-semarang")), texts("en"))
    figure.draw_without_rendering()
    (arrow,) = [note for note in ax.texts if getattr(note, "arrow_patch", None) is not None]
    tall = arrow.arrow_patch.get_window_extent().height * 72 / figure.dpi
    assert 25 <= tall <= 40


def test_the_map_of_the_area_marks_ground_hamlets_rayons_and_ferries() -> None:
    figure = area_figure(area("kabupaten-jepara"), texts("en"))
    said = " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")
    for word in ("steep ground", "low ground", "300 min", "KARIMUNJAWA", "UTARA", "Pengkol"):
        assert word in said
    hatches = {part.get_hatch() for ax in figure.axes for part in ax.collections}
    assert {hatch for hatch, _ in HATCHES.values()} <= hatches
    assert "hamlets" not in said
    semarang = area_figure(area("kabupaten-semarang"), texts("en"))
    assert "hamlets" in " ".join(text.get_text() for text in semarang.findobj(Text))
