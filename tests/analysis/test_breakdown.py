"""Laws of the measures by group: each is what the plain tools say of its incidents, and they add up."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simsec.analysis.breakdown import (
    CALM,
    DIMENSIONS,
    FEW_INCIDENTS,
    MEASURES,
    NATURAL,
    OPEN,
    Group,
    breakdown,
    groups_of,
    scopes_of,
)
from simsec.analysis.intervals import incident_quantile, stratified_mean, stratified_ratio
from simsec.analysis.measures import FAMILIES, kind_tables
from simsec.analysis.replications import CLOCK, Replications, replicate
from simsec.base.clock import parse_stamp
from simsec.plan import doctrine
from simsec.scenario import read_scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS
from tests.areas import SHIPPED, announced, shipped, tiny, tiny_plan

TEXTBOOK = SHIPPED.parent / "textbook"
ADDITIVE = ("per_day", "unanswered_per_day", "rose_per_day")


@cache
def runs() -> Replications:
    return replicate(shipped(), announced(), dict.fromkeys(DAY_TYPES, 12), seed=3)


@cache
def rows() -> tuple[Group, ...]:
    return tuple(breakdown(shipped(), runs(), DIMENSIONS))


def rows_of(dimension: str, scope: str) -> list[Group]:
    return [row for row in rows() if (row.dimension, row.scope) == (dimension, scope)]


@pytest.mark.parametrize("scope", [NATURAL, "heavy_rain", "severe"])
@pytest.mark.parametrize("dimension", ["all", "family", "kind", "hour", "class"])
def test_a_group_is_what_the_plain_tools_say_of_its_incidents(dimension: str, scope: str) -> None:
    run, types = runs(), scopes_of(shipped(), runs())[scope]
    days = np.flatnonzero(np.isin(run.stratum, list(types)))
    place = {day: n for n, day in enumerate(days.tolist())}
    stratum = run.stratum[days]
    _, member = groups_of(shipped(), run, dimension)
    known = np.isin(run.incident_day, days)
    target = kind_tables(shipped()).target_min[run.incident_kind]
    for row in rows_of(dimension, scope):
        inside = known & (member == row.number)
        day = np.array([place[d] for d in run.incident_day[inside].tolist()], dtype=int)
        response = run.incident_response_min[inside]
        count = np.bincount(day, minlength=len(days)).astype(float)
        within = np.bincount(day[response <= target[inside]], minlength=len(days)).astype(float)
        assert row.incidents == inside.sum() and row.days == len(days)
        per_day = stratified_mean(count, stratum, types)
        assert row.estimates["per_day"].mean == pytest.approx(per_day.mean)
        assert row.estimates["per_day"].low == pytest.approx(max(per_day.low, 0.0))
        if row.few:
            continue
        share = stratified_ratio(within, count, stratum, types)
        found = row.estimates["within_target_share"]
        assert (found.mean, found.low, found.high) == pytest.approx((share.mean, share.low, share.high))
        for name, q in (("response_p50_min", 0.5), ("response_p90_min", 0.9), ("response_p95_min", 0.95)):
            late = incident_quantile(response, day, stratum, types, q)
            told = row.estimates[name]
            assert (told.mean, told.low, told.high) == pytest.approx((late.mean, late.low, late.high), nan_ok=True)
        weights = np.array([types[k] / np.sum(stratum == k) for k in stratum.tolist()])[day]
        came = np.isfinite(response)
        mean = np.average(response[came], weights=weights[came])
        assert row.estimates["response_mean_min"].mean == pytest.approx(mean)


def test_full_help_and_care_are_those_of_the_clock() -> None:
    run = runs()
    full, care = (run.incident_clock_min[:, CLOCK.index(n)] - run.incident_onset_min for n in ("full", "care"))
    ordinary = run.stratum[run.incident_day] == 0
    (row,) = rows_of("all", "ordinary")
    assert row.estimates["full_mean_min"].mean == pytest.approx(np.nanmean(full[ordinary]))
    medical = ordinary & (kind_tables(shipped()).family[run.incident_kind] == FAMILIES.index("medical"))
    assert row.estimates["care_mean_min"].mean == pytest.approx(np.nanmean(care[medical]))
    rose = run.incident_last_level[ordinary] > run.incident_level[ordinary]
    assert row.estimates["rose_per_day"].mean == pytest.approx(rose.sum() / 12)
    assert 0 < row.estimates["rose_share"].mean == pytest.approx(rose.mean())
    (severe,) = (one for one in rows_of("all", "severe"))
    assert severe.estimates["unanswered_per_day"].mean == pytest.approx(runs().unanswered[36:].sum() / 12)


@pytest.mark.parametrize("scope", [CALM, "ordinary", "heavy_rain", "rumour"])
@pytest.mark.parametrize("name", ADDITIVE)
def test_villages_add_up_to_sub_districts_to_rayons_to_the_area(scope: str, name: str) -> None:
    villages = shipped().villages
    sums = {d: np.array([r.estimates[name].mean for r in rows_of(d, scope)]) for d in ("village", "subdistrict")}
    by_sector = np.bincount(villages.subdistrict, weights=sums["village"], minlength=len(villages.subdistrict_codes))
    assert sums["subdistrict"] == pytest.approx(by_sector)
    by_rayon = np.bincount(villages.subdistrict_rayon, weights=by_sector, minlength=len(villages.rayon_names))
    rayons = [r.estimates[name].mean for r in rows_of("rayon", scope)]
    assert rayons == pytest.approx(by_rayon)
    (whole,) = rows_of("all", scope)
    assert sum(rayons) == pytest.approx(whole.estimates[name].mean)


@pytest.mark.parametrize("dimension", [name for name in OPEN if name not in ("subdistrict", "rayon")])
def test_every_dimension_leaves_nobody_out(dimension: str) -> None:
    (whole,) = rows_of("all", NATURAL)
    found = rows_of(dimension, NATURAL)
    assert sum(row.incidents for row in found) == len(runs().incident_day)
    for name in ADDITIVE:
        total = sum(row.estimates[name].mean for row in found)
        assert total == pytest.approx(whole.estimates[name].mean)


def test_natural_rates_weigh_the_types_by_their_probability_whatever_was_played() -> None:
    chance = shipped().day_type_probability
    uneven = replicate(shipped(), announced(), {"ordinary": 3, "heavy_rain": 9, "rumour": 2, "severe": 7}, seed=3)
    for run in (runs(), uneven):
        given = {name: breakdown(shipped(), run, ("all",), scopes=(name,))[0] for name in (NATURAL, *DAY_TYPES)}
        for name in ADDITIVE:
            mixed = sum(chance[kind] * given[kind].estimates[name].mean for kind in DAY_TYPES)
            assert given[NATURAL].estimates[name].mean == pytest.approx(mixed)


def test_places_are_told_without_severe_days_and_villages_only_when_asked() -> None:
    assert {row.scope for row in rows() if row.dimension in ("village", "subdistrict", "rayon")} == {
        CALM, "ordinary", "heavy_rain", "rumour",
    }  # fmt: skip
    assert "village" not in {row.dimension for row in breakdown(tiny(), few_days())}
    struck = replace(runs(), incident_station=np.where(runs().stratum[runs().incident_day] == 3, 0, 5))
    calm = {row.code: row.incidents for row in breakdown(shipped(), struck, ("subdistrict",), scopes=(CALM,))}
    spared = shipped().villages.subdistrict_codes[int(shipped().stations.subdistrict[5])]
    assert {code for code, n in calm.items() if n} == {spared}  # however hard severe days strike a place


def test_a_group_of_few_incidents_keeps_its_figure_and_loses_its_interval() -> None:
    few = [row for row in rows_of("village", "ordinary") if 0 < row.incidents < FEW_INCIDENTS]
    assert len(few) > 50
    for row in few:
        assert row.few and np.isfinite(row.estimates["response_p50_min"].mean)
        for name, estimate in row.estimates.items():
            if not name.endswith("per_day"):
                assert np.isnan([estimate.low, estimate.high]).all()
        assert not row.estimates["per_day"].too_few_days


def test_an_empty_group_stands_there_with_a_count_of_nought() -> None:
    codes = [row.code for row in rows_of("kind", "ordinary")]
    assert codes == list(shipped().settings.incidents)
    (flood,) = (row for row in rows_of("kind", "ordinary") if row.code == "flood")
    assert flood.incidents == 0 and flood.estimates["per_day"].mean == 0
    assert flood.estimates["unanswered_per_day"].high == pytest.approx(-np.log(0.05) / 12)  # the rule of three
    assert np.isnan([e.mean for name, e in flood.estimates.items() if not name.endswith("per_day")]).all()
    assert [row.code for row in rows_of("first_level", NATURAL)] == list(LEVELS)


def test_hours_are_those_of_the_clock() -> None:
    found, onset = rows_of("hour", "ordinary"), runs().incident_onset_min
    ordinary = runs().stratum[runs().incident_day] == 0
    assert len(found) == 47 and parse_stamp(found[0].code) == -1080
    for row in found:
        start = parse_stamp(row.code)
        assert row.incidents == np.sum(ordinary & (onset >= start) & (onset < start + 60))


def test_one_family_alone_is_that_family_of_all() -> None:
    (alone,) = breakdown(shipped(), runs(), ("all",), scopes=(NATURAL,), family="security")
    (row,) = (row for row in rows_of("family", NATURAL) if row.code == "security")
    assert alone.incidents == row.incidents and repr(alone.estimates) == repr(row.estimates)


@cache
def few_days() -> Replications:
    return replicate(tiny(), tiny_plan(), {"ordinary": 1})


def test_a_run_of_one_day_has_figures_and_no_interval() -> None:
    found = breakdown(tiny(), few_days(), DIMENSIONS)
    assert {row.scope for row in found} == {"ordinary"}  # natural rates need every type of day
    (whole,) = (row for row in found if row.dimension == "all")
    assert whole.estimates["per_day"].mean == len(few_days().incident_day)
    assert all(estimate.too_few_days for estimate in whole.estimates.values())


@pytest.mark.parametrize("folder", sorted(path for path in TEXTBOOK.iterdir() if path.is_dir()), ids=lambda p: p.name)
def test_general_scenarios_without_polling_stations_are_told_too(folder: Path) -> None:
    area = read_scenario(folder)
    run = replicate(area, doctrine(area), 3)
    found = breakdown(area, run, DIMENSIONS)
    assert {row.dimension for row in found} == set(DIMENSIONS)
    for dimension in DIMENSIONS:
        scope = CALM if dimension in ("village", "subdistrict", "rayon") else NATURAL
        per_day = [r.estimates["per_day"].mean for r in found if (r.dimension, r.scope) == (dimension, scope)]
        assert sum(per_day) == pytest.approx(len(run.incident_day) / 3)


def test_measures_say_their_unit_and_a_wrong_dimension_is_refused() -> None:
    assert all(name.endswith(("_min", "_share", "per_day")) for name in MEASURES)
    assert all(tuple(row.estimates) == tuple(MEASURES) for row in rows())
    with pytest.raises(ValueError, match="no such dimension: colour"):
        breakdown(tiny(), few_days(), ("kind", "colour"))
