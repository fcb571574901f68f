"""The Rakor sheet: a row an agency, a row a kind of incident, every name escaped, and nobody's position on it."""

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from simsec.analysis.promises import band_of, leads, promise_of
from simsec.analysis.replications import CLOCK, Replications, replicate
from simsec.geography.distance import great_circle_km
from simsec.locale import LANGUAGES, texts
from simsec.optimization.judge import Judged
from simsec.plan import doctrine
from simsec.report.facts import OPTIMISED
from simsec.report.operation import calendar_table, played_share, posted_table
from simsec.report.pillars import first_line, pillars_table
from simsec.report.rakor import agency_row, kind_row, rakor_page
from simsec.scenario import Scenario
from simsec.scenario.agencies import Agency, Matter, called, concerned, providers
from simsec.scenario.parameter import Parameter, Text
from simsec.scenario.schema import CAPABILITIES, DAY_TYPES
from tests.report.reading import read
from tests.report.test_summary import SECRET_WORDS, found_in, without_style
from tests.scenario.shipped import AREAS, shipped_area

# Offices that bear no other name than their agency, and a village called like the operation of its province.
AGENCIES = ("BPBD", "KPU", "Kodim", "Candi")
every_area = pytest.mark.parametrize("name", AREAS)


def page(judged: Judged, language: str) -> str:
    return rakor_page(judged.scenario, judged.plans[OPTIMISED], judged.runs[OPTIMISED], "simsec 0.0", texts(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_names_no_place_finer_than_a_sub_district(
    judged: Judged, judged_shipped: Judged, language: str
) -> None:
    for one in (judged, judged_shipped):
        found = found_in(unescape(without_style(page(one, language))), one)
        assert [name for name in found if name not in AGENCIES] == []
        assert "TPS 12" in found_in(page(one, language) + " TPS 12 ", one)


@every_area
def test_what_the_tables_say_in_words_names_no_kind_of_place_or_class(name: str) -> None:
    settings = shipped_area(name).settings
    said = [text for agency in settings.agencies.values() for text in (agency.label, agency.does, agency.fails)]
    said += [matter.label for matter in settings.matters.values()]
    spoken = {word.casefold() for text in said for part in (text.en, text.id) for word in re.findall(r"\w+", part)}
    assert spoken & SECRET_WORDS == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_agency_and_every_kind_has_its_row_and_the_page_opens_offline(
    judged_shipped: Judged, language: str
) -> None:
    html, settings = page(judged_shipped, language), judged_shipped.scenario.settings
    reader = read(html)
    assert reader.fetched == [] and html.count("<section") == 2
    text = "".join(reader.text)
    assert all(agency.name in text for agency in settings.agencies.values())
    for label in (incident.label for incident in settings.incidents.values()):
        assert label.en in text and label.id in text
    assert html.count('<th scope="row"') == len(settings.agencies) + len(settings.incidents)


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_escaped(judged: Judged, language: str) -> None:
    scenario = judged.scenario
    agency = scenario.settings.agencies["kpu"].model_copy(
        update={"name": "<b>K&P</b>", "does": Text(en="<i>a</i>", id="<i>b</i>")}
    )
    settings = scenario.settings.model_copy(update={"agencies": {**scenario.settings.agencies, "kpu": agency}})
    html = page(replace(judged, scenario=replace(scenario, settings=settings)), language)
    assert "<b>K&P</b>" not in html and "&lt;b&gt;K&amp;P&lt;/b&gt;" in html and "<i>" not in html


@every_area
def test_somebody_acts_decides_and_is_informed_at_every_incident(name: str) -> None:
    settings = shipped_area(name).settings
    for kind, incident in settings.incidents.items():
        acting = providers(settings, called(settings, incident, first=True))
        assert bool(acting) == (incident.responder != "none"), kind
        assert set(acting) <= set(providers(settings, called(settings, incident, first=False))), kind
        assert concerned(settings, kind, "decides") and concerned(settings, kind, "informed_of"), kind


@every_area
def test_only_the_commission_moves_a_vote_and_only_the_supervisor_takes_an_offence(name: str) -> None:
    settings = shipped_area(name).settings
    for kind, incident in settings.incidents.items():
        deciding = concerned(settings, kind, "decides")
        holders = [code for code, matters in deciding.items() if {"voting", "revote", "inside"} & set(matters)]
        assert set(holders) <= {"kpu"} and (not incident.closes_station or "voting" in deciding["kpu"])
        assert set(concerned(settings, kind, "takes_over")) <= {"bawaslu"}
    assert concerned(settings, "intimidation", "takes_over") == {"bawaslu": ["offence"]}
    assert "bpbd" in providers(settings, called(settings, settings.incidents["flood"], first=True))


def test_a_promise_counts_the_arrivals_of_the_agency_itself(judged_shipped: Judged) -> None:
    scenario, runs = judged_shipped.scenario, judged_shipped.runs[OPTIMISED]
    found = promise_of(scenario, runs, "kpu")
    assert found is not None and found.part == "lead"
    led = leads(scenario, "kpu")[runs.incident_kind]
    came = runs.incident_came_min[led][:, CAPABILITIES.index("courier")]
    within = np.nan_to_num(came - runs.incident_clock_min[led, CLOCK.index("reported")], nan=np.inf) <= 60
    days = np.bincount(runs.incident_day[led], weights=within, minlength=len(runs))
    every = np.bincount(runs.incident_day[led], minlength=len(runs))
    share = [(days[runs.stratum == n].mean(), every[runs.stratum == n].mean()) for n in range(4)]
    weights = list(scenario.day_type_probability.values())
    kept = sum(w * s[0] for w, s in zip(weights, share, strict=True))
    assert found.kept.mean == pytest.approx(kept / sum(w * s[1] for w, s in zip(weights, share, strict=True)))


def test_the_first_arrival_of_all_is_the_first_help(judged_shipped: Judged) -> None:
    runs = judged_shipped.runs[OPTIMISED]
    first = np.nan_to_num(runs.incident_clock_min[:, CLOCK.index("first")], nan=np.inf)
    assert (np.nan_to_num(runs.incident_came_min, nan=np.inf).min(axis=1) == first).all()


def scaled(figure: Parameter, factor: float) -> Parameter:
    return figure.model_copy(update={"mode": figure.mode * factor})


def test_the_police_promise_by_distance_of_the_station_from_its_post(judged_shipped: Judged) -> None:
    scenario, runs = judged_shipped.scenario, judged_shipped.runs[OPTIMISED]
    police = scenario.settings.agencies["polri"]
    band, found = band_of(scenario, police), promise_of(scenario, runs, "polri")
    posts = scenario.posts.of_type("polres", "polsek", "polsubsektor")
    for station in range(0, len(band), 97):
        km = min(
            float(great_circle_km(scenario.stations.lat[station], scenario.stations.lon[station], lat, lon))
            for lat, lon in zip(scenario.posts.lat[list(posts)], scenario.posts.lon[list(posts)], strict=True)
        )
        assert band[station] == (km > 5) + (km > 10)
    assert [(one.beyond_km, one.minutes) for one in found.bands] == [(0.0, 10.0), (5.0, 15.0), (10.0, 25.0)]
    assert sum(one.calls.mean for one in found.bands) == pytest.approx(found.calls.mean)
    kept = sum(one.calls.mean * one.kept.mean for one in found.bands if one.calls.mean)
    assert kept / found.calls.mean == pytest.approx(found.kept.mean)
    alone = police.model_copy(update={"promise_bands": police.promise_bands[:1]})
    agencies = {**scenario.settings.agencies, "polri": alone}
    other = replace(scenario, settings=scenario.settings.model_copy(update={"agencies": agencies}))
    assert promise_of(other, runs, "polri").kept.mean <= found.kept.mean  # ten minutes for all is no easier


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_says_the_bands_and_how_often_each_is_kept(judged_shipped: Judged, language: str) -> None:
    row = agency_row(
        judged_shipped.scenario, judged_shipped.plans[OPTIMISED], judged_shipped.runs[OPTIMISED], "polri",
        texts(language),
    )  # fmt: skip
    assert "10 / 15 / 25" in row.promise.main
    far = {"en": ("to 5 km", "5 to 10 km", "beyond 10 km"), "id": ("sampai 5 km", "5 sampai 10 km", "lebih dari 10 km")}
    assert " / ".join(far[language]) in row.promise.small and "A / B / B" in row.promise.small
    assert far[language][0] in row.kept.small and far[language][2] not in row.kept.small  # no station is so far away


def test_a_longer_promise_is_kept_more_often(judged_shipped: Judged) -> None:
    scenario, runs = judged_shipped.scenario, judged_shipped.runs[OPTIMISED]
    for code in ("polri", "dinkes", "kpu", "linmas"):
        agency, shares = scenario.settings.agencies[code], []
        assert agency.promise_min is not None
        for factor in (0.5, 1.0, 4.0):
            moved = {"promise_min": scaled(agency.promise_min, factor)}
            moved |= {"promise_bands": tuple(
                band.model_copy(update={"minutes": scaled(band.minutes, factor)}) for band in agency.promise_bands
            )}  # fmt: skip
            longer = {**scenario.settings.agencies, code: agency.model_copy(update=moved)}
            other = replace(scenario, settings=scenario.settings.model_copy(update={"agencies": longer}))
            found = promise_of(other, runs, code)
            assert found is not None
            shares.append(found.kept.mean)
        assert shares == sorted(shares) and shares[0] < shares[-1]


def test_an_agency_without_units_is_not_simulated(judged: Judged) -> None:
    words = texts("en")
    row = agency_row(judged.scenario, judged.plans[OPTIMISED], judged.runs[OPTIMISED], "damkar", words)
    assert row.kept.main == words.t("rakor.not_simulated") and row.promise.main == "15 min"


def test_who_acts_comes_from_the_ladders(judged: Judged) -> None:
    scenario, runs = judged.scenario, judged.runs[OPTIMISED]
    row = kind_row(scenario, runs, "crowd_damage", texts("en"))
    assert (row.acts.main, row.acts.small) == ("Polri", "if it grows: TNI")
    row = kind_row(scenario, runs, "power_or_signal", texts("en"))
    assert row.acts.main == texts("en").t("rakor.on_the_spot")


def test_units_without_an_agency_are_told(judged: Judged) -> None:
    scenario = judged.scenario
    alone = {**scenario.settings.agencies}
    alone["bpbd"] = alone["bpbd"].model_copy(update={"units": ()})
    settings = scenario.settings.model_copy(update={"agencies": alone})
    html = page(replace(judged, scenario=replace(scenario, settings=settings)), "en")
    assert "No agency is named for: hazard team" in html
    assert "No agency is named" not in page(judged, "en")


@every_area
def test_the_calendar_holds_polling_day_and_more_than_is_simulated(name: str) -> None:
    scenario = shipped_area(name)
    operation = scenario.settings.operation
    assert operation is not None and operation.starts is not None and operation.ends is not None
    played = {played_share(scenario, phase.starts, phase.ends) for phase in operation.phases}
    assert {"whole", "none"} <= played
    table = calendar_table(scenario, texts("en"))
    assert table is not None and len(table.rows) == 1 + len(operation.phases)
    assert any("Mantap" in cell for cell in table.rows[0].cells)


def test_posted_strength_adds_up(judged_shipped: Judged) -> None:
    scenario = judged_shipped.scenario
    table, ledger = posted_table(scenario, texts("en")), scenario.settings.forces.ledger
    single = (ledger.kpu_office, ledger.bawaslu_office, ledger.logistics_store, ledger.command_post)
    committees = ledger.district_committee.mode * len(scenario.villages.subdistrict_codes)
    total = sum(figure.mode for figure in single) + committees + ledger.traffic_points.mode
    assert table.rows[-1].cells[3].startswith(f"{total:.0f} (")


@pytest.fixture(scope="module")
def city() -> tuple[Scenario, Replications]:
    """A few days of the city whose source stresses the three pillars."""
    scenario = shipped_area("kota-semarang")
    return scenario, replicate(scenario, doctrine(scenario), dict.fromkeys(DAY_TYPES, 3))


def test_the_three_pillars_come_after_the_alarm_and_are_never_help(city: tuple[Scenario, Replications]) -> None:
    scenario, runs = city
    pillars = scenario.settings.three_pillars
    assert pillars is not None
    away = runs.incident_first_line_min - runs.incident_clock_min[:, CLOCK.index("alert")]
    assert (away >= pillars.first_line_min.low - 1e-9).all() and (away <= pillars.first_line_min.high + 1e-9).all()
    without = replace(scenario, settings=scenario.settings.model_copy(update={"three_pillars": None}))
    same = replicate(without, doctrine(without), dict.fromkeys(DAY_TYPES, 3))
    assert np.isnan(same.incident_first_line_min).all()
    assert (same.incident_response_min == runs.incident_response_min).all()
    assert np.array_equal(same.incident_clock_min, runs.incident_clock_min, equal_nan=True)
    assert first_line(without, same) is None and pillars_table(without, same, texts("en")) is None


def test_the_first_line_rolls_up_from_village_to_the_whole(city: tuple[Scenario, Replications]) -> None:
    scenario, runs = city
    found, table = first_line(scenario, runs), pillars_table(scenario, runs, texts("en"))
    assert found is not None and table is not None
    assert found.persons.sum() == 3 * len(scenario.villages)
    sectors = [medians.first for medians in found.sectors]
    assert np.nanmin(found.villages) <= min(sectors) <= found.whole.first <= max(sectors) <= np.nanmax(found.villages)
    assert found.whole.alarm < found.whole.first
    assert len(table.rows) == len(scenario.villages.subdistrict_names) + 1
    html = rakor_page(scenario, doctrine(scenario), runs, "simsec 0.0", texts("en"))
    assert texts("en").t("pillars.does") in html


def test_common_words_are_in_both_languages() -> None:
    settings = shipped_area("kabupaten-semarang").settings
    rows: list[Agency | Matter] = [*settings.agencies.values(), *settings.matters.values()]
    for row in rows:
        for text in (value for _, value in row if isinstance(value, Text)):
            assert text.en.strip() and text.id.strip() and text.en != text.id
