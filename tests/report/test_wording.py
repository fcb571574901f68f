"""The sentences say what the figures say, in both languages, also when the plan is no better."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simsec.analysis.intervals import Estimate
from simsec.locale import LANGUAGES, Texts, texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.plan import doctrine
from simsec.plan.feasibility import pattern_rows
from simsec.report import wording
from simsec.report.facts import ANNOUNCED, DOCTRINE, OPTIMISED, Losers, headline, losers, sanity, sectors
from simsec.report.labels import parameter_label
from simsec.report.reserve import in_use, reach
from simsec.report.verdict import BreakEven
from simsec.scenario.parameter import Parameter
from simsec.scenario.schema import DAY_TYPES
from tests.areas import shipped, tiny

NAN = float("nan")


@pytest.fixture(params=LANGUAGES)
def words(request: pytest.FixtureRequest) -> Texts:
    return texts(request.param)


def gained(judged: Judged, mean: float, low: float, high: float, **over: Any) -> Judged:
    gain = Estimate(mean, low, high, 40)
    return replace(judged, over_doctrine=replace(judged.over_doctrine, gain=gain), **over)


def test_a_better_plan_is_told_with_worlds_range_and_what_decides(judged: Judged, search: Search, words: Texts) -> None:
    said = wording.first_sentence(gained(judged, 1.0, 0.2, 1.8), search, words)
    low, high = judged.worlds.span
    for part in (
        words.number(judged.worlds.better),
        words.number(len(judged.worlds.gains)),
        words.signed(low, 1),
        words.signed(high, 1),
        parameter_label(judged.scenario, judged.worlds.swings[0].path, words),
        judged.plans[DOCTRINE].name,
    ):
        assert part in said


def by_day(judged: Judged, **gains: tuple[float, float, float]) -> Judged:
    told = {name: Estimate(*gain, 40) for name, gain in gains.items()}
    return replace(judged, over_announced=replace(judged.over_announced, gain_by_type=told))


def test_days_on_which_the_plan_loses_are_named_with_their_gain(judged: Judged, words: Texts) -> None:
    gains = {"ordinary": (-0.5, -0.8, -0.3), "heavy_rain": (0.4, -0.2, 1.0), "severe": (135.8, 86.2, 185.4)}
    (said,) = wording.uneven_lines(by_day(judged, **gains), words)
    assert words.t("day_type.ordinary") in said and words.signed(-0.8, 1) in said and words.signed(185.4, 1) in said
    assert words.t("day_type.heavy_rain") not in said
    (lost,) = wording.uneven_lines(by_day(judged, ordinary=gains["ordinary"]), words)
    assert lost.startswith(words.catalogue["opening.loses_on"].split("{")[0])
    assert wording.uneven_lines(by_day(judged, severe=gains["severe"]), words) == []


@pytest.mark.parametrize(
    ("gain", "key"),
    [
        ((1.0, -0.2, 2.2), "unclear"),
        ((-1.0, -2.0, -0.1), "worse"),
        ((0.0, 0.0, 0.0), "same"),
        ((1.0, NAN, NAN), "too_few"),
    ],
)
def test_a_plan_that_is_not_better_is_never_called_better(
    judged: Judged, search: Search, words: Texts, gain: tuple[float, float, float], key: str
) -> None:
    better = words.catalogue["first.better"].split("{")[0]
    said = wording.first_sentence(gained(judged, *gain), search, words)
    assert said.startswith(words.catalogue[f"first.{key}"].split("{")[0])
    assert not said.startswith(better)
    assert words.t(f"opening.{key}") in wording.opening(gained(judged, *gain), search, words)
    assert words.t("opening.holds") not in wording.opening(gained(judged, *gain), search, words)


def test_a_plan_that_was_not_accepted_is_not_praised_whatever_the_days_say(
    judged: Judged, search: Search, words: Texts
) -> None:
    refused = replace(search, accepted=False)
    said = wording.first_sentence(gained(judged, 5.0, 4.0, 6.0), refused, words)
    assert said.startswith(words.catalogue["first.not_accepted"].split("{")[0])
    assert words.interval(search.acceptance, 1, sign=True) in said
    assert words.t("opening.holds") not in wording.opening(judged, refused, words)


def test_nothing_is_called_sure_when_only_the_days_say_so(judged: Judged, search: Search, words: Texts) -> None:
    means = [-1.0 if n % 3 == 0 else 1.0 for n in range(30)]
    gains = tuple(Estimate(mean, mean - 0.5, mean + 0.5, 8) for mean in means)
    shaky = gained(judged, 1.0, 0.2, 1.8, worlds=replace(judged.worlds, gains=gains, error=np.full(30, 0.25)))
    assert words.t("opening.does_not_hold") in wording.opening(shaky, search, words)
    all_better = replace(judged.worlds, gains=(Estimate(1.0, 0.5, 1.5, 8),) * 30, error=np.full(30, 0.25))
    sure = gained(judged, 1.0, 0.2, 1.8, worlds=all_better)
    assert words.t("opening.holds") in wording.opening(sure, search, words)


def test_a_gain_over_doctrine_alone_is_told_apart_from_one_over_the_announced_plan(
    judged: Judged, search: Search, words: Texts
) -> None:
    better = gained(judged, 1.0, 0.2, 1.8)
    for low, expected in ((-0.5, True), (0.5, False)):
        announced = replace(judged.over_announced, gain=Estimate(1.0, low, 2.0, 40))
        lines = wording.opening(replace(better, over_announced=announced), search, words)
        assert (words.t("opening.announced_not_beaten") in lines) is expected


def test_an_announced_plan_better_than_the_yardstick_is_said_aloud(
    judged: Judged, search: Search, words: Texts
) -> None:
    start = words.catalogue["opening.announced_better"].split("{")[0]
    first, second, third = judged.runs
    worse = replace(second, weighted=first.weighted + 100.0 + np.arange(len(first))[:, None] % 3)
    lines = wording.opening(replace(judged, runs=(first, worse, third)), search, words)
    assert any(line.startswith(start) for line in lines)
    lines = wording.opening(replace(judged, runs=(worse, first, third)), search, words)
    assert not any(line.startswith(start) for line in lines)


def test_a_winner_that_changes_with_the_weights_is_named(judged: Judged, search: Search, words: Texts) -> None:
    other = {"equal": Estimate(-1.0, -2.0, -0.2, 40), "red_only": Estimate(1.0, 0.1, 2.0, 40)}
    base = replace(judged.over_doctrine, gain=Estimate(1.0, 0.2, 1.8, 40), gain_by_weights=other)
    lines = wording.opening(replace(judged, over_doctrine=base), search, words)
    assert words.t("opening.winner_changes", weights=words.t("weights.equal")) in lines
    assert words.t("opening.winner_stays") not in lines


@pytest.mark.parametrize(
    ("median", "p90", "keys"),
    [
        (15.0, 30.0, ("inside", "inside")),
        (10.5, 20.0, ("below", "below")),
        (21.5, 61.0, ("above", "above")),
        (15.0, float("inf"), ("inside", "never")),
        (NAN, NAN, ("too_few", "too_few")),
    ],
)
def test_response_is_held_against_its_band(
    judged: Judged, words: Texts, median: float, p90: float, keys: tuple[str, str]
) -> None:
    found = sanity(judged, headline(judged))
    three = (found.median[0], found.median[1])
    found = replace(
        found, median=(*three, Estimate(median, median - 1, median + 1, 9)), p90=(*three, Estimate(p90, p90, p90, 9))
    )
    lines = wording.sanity_lines(judged, found, words)
    for line, key, name in zip(lines, keys, ("median", "p90"), strict=False):
        band = words.catalogue[f"sanity.{key}"].split("}")[-1]
        assert line.startswith(words.t(f"sanity.{name}")) and line.endswith(band)
    if median == 10.5:
        assert words.minutes(1.5) in lines[0] and words.minutes(5.0) in lines[1]
    if median == 21.5:
        assert words.minutes(1.5) in lines[0] and words.minutes(11.0) in lines[1]


def test_the_pattern_arithmetic_is_told_twice_with_the_nearest_that_works(words: Texts) -> None:
    scenario = shipped()
    plan = doctrine(scenario)
    lines = wording.feasibility_lines(scenario, plan, words)
    rows = pattern_rows(scenario, plan.reading)
    first = next(row for row in rows if row.feasible)
    for number in (rows[0].police_regency, rows[0].police_inside_subdistricts, rows[0].available):
        assert words.number(number) in lines[0]
    assert words.number(first.police_inside_subdistricts) in lines[1]
    assert lines[-1] == words.t("feasibility.plan_kept")


def test_a_plan_that_breaks_a_limit_is_called_broken(words: Texts) -> None:
    scenario = tiny()
    plan = replace(doctrine(scenario), squads={scenario.villages.code[0]: 40})
    assert wording.feasibility_lines(scenario, plan, words)[-1].startswith(
        words.catalogue["feasibility.plan_broken"].split("{")[0]
    )


def test_the_readings_that_were_not_used_are_told(words: Texts) -> None:
    scenario = shipped()
    lines = wording.reading_lines(scenario, doctrine(scenario), words)
    assert len(lines) == 2
    assert words.signed(237 - 287) in lines[0] and words.signed(150 - 287) in lines[1]


def test_the_reserve_is_told_site_by_site_with_the_drive_it_saves(judged: Judged, words: Texts) -> None:
    scenario = judged.scenario
    before, after = (reach(scenario, judged.plans[n]) for n in (ANNOUNCED, OPTIMISED))
    lines = wording.reserve_lines(scenario, before, after, words)
    assert all(site.name in lines[0] for site in after.sites)
    assert words.minutes(before.mean_min, 0) in lines[1] and words.minutes(after.mean_min, 0) in lines[1]
    moved = [site for site in after.sites if site.code not in {s.code for s in before.sites}]
    assert moved and len(lines) == 3 and all(site.name in lines[2] for site in moved)
    assert len(wording.reserve_lines(scenario, before, before, words)) == 2
    assert wording.reserve_lines(scenario, before, replace(after, sites=()), words) == [words.t("reserve.none")]


@pytest.mark.parametrize(
    ("ordinary", "severe", "probability", "key"),
    [
        ((-1, -2, -0.5), (50, 20, 80), 0.0196, "pays_above"),
        ((1, 0.5, 2), (-50, -80, -20), 0.0196, "pays_below"),
        ((1, 0.5, 2), (50, 20, 80), NAN, "both_gain"),
        ((0, -1, 1), (50, 20, 80), NAN, "free"),
        ((1, 0.5, 2), (5, -20, 30), NAN, "ordinary_only"),
        ((-1, -2, -0.5), (5, -20, 30), NAN, "only_costs"),
        ((-1, -2, -0.5), (-50, -80, -20), NAN, "both_lose"),
        ((0, -1, 1), (-50, -80, -20), NAN, "severe_loses"),
        ((0, -1, 1), (5, -20, 30), NAN, "nil"),
        ((NAN, NAN, NAN), (5, -20, 30), NAN, "too_few"),
    ],
)
def test_the_severe_day_is_weighed_as_its_intervals_allow(
    words: Texts, ordinary: tuple[float, ...], severe: tuple[float, ...], probability: float, key: str
) -> None:
    assumed = Parameter(low=0.001, mode=0.01, high=0.03, grade="C", source="derived")
    found = BreakEven(DOCTRINE, Estimate(*ordinary, 10), Estimate(*severe, 10), probability, assumed)
    lines = wording.break_even_lines(found, words)
    values = {
        "ordinary": words.interval(found.ordinary, 1, sign=True),
        "severe": words.interval(found.severe, 1, sign=True),
    }
    values["plan"] = words.t("plan.doctrine")
    assert lines[0] == words.t(f"severe.{key}", probability=words.percent(probability, 2), **values)
    told = wording.severe_probability(assumed, words)
    assert words.percent(0.001, 1) in told and words.percent(0.03, 1) in told
    assert (words.t("severe.break_even_open") in lines) is (key == "pays_above")


@pytest.mark.parametrize(("probability", "key"), [(0.0002, "likely"), (0.02, "open"), (0.2, "unlikely")])
def test_the_break_even_is_held_against_what_is_assumed(words: Texts, probability: float, key: str) -> None:
    assumed = Parameter(low=0.001, mode=0.01, high=0.03, grade="C", source="derived")
    found = BreakEven(DOCTRINE, Estimate(-1, -2, -0.5, 10), Estimate(50, 20, 80, 10), probability, assumed)
    assert wording.break_even_lines(found, words)[-1] == words.t(f"severe.break_even_{key}")


def test_who_gets_less_is_counted_and_the_worst_is_named(judged: Judged, words: Texts) -> None:
    found = losers(judged, ANNOUNCED)
    (line,) = wording.loser_lines(judged, found, ANNOUNCED, words)
    assert words.number(found.count) in line and words.minutes(found.worst_min) in line
    assert judged.scenario.stations.name[found.worst_station] in line
    nobody = Losers(0, NAN, -1, (0, 0), 0)
    (line,) = wording.loser_lines(judged, nobody, DOCTRINE, words)
    assert line == words.t("losers.none", plan=words.t("plan.doctrine"), limit=words.minutes(1, 0))


def test_the_strength_that_keeps_todays_pairs_is_told(judged: Judged, words: Texts) -> None:
    found = sectors(judged)
    assert (found.pairs[ANNOUNCED] > found.pairs[OPTIMISED]).any()
    missing = int(np.maximum(found.pairs[ANNOUNCED] - found.pairs[OPTIMISED], 0).sum())
    assert words.number(2 * missing) in wording.restore_line(found, words)
    kept = replace(found, pairs=np.array([found.pairs[OPTIMISED]] * 3))
    assert wording.restore_line(kept, words) == words.t("losers.no_pairs_missing")


def test_sub_districts_are_named_only_beyond_chance(judged: Judged, words: Texts) -> None:
    scenario = judged.scenario
    gains = (Estimate(1, 0.5, 1.5, 9), Estimate(-1, -1.5, -0.5, 9))
    (line,) = wording.sector_lines(scenario, gains, ANNOUNCED, words)
    up, down = scenario.villages.subdistrict_names
    assert line.index(up) < line.index(down)
    (line,) = wording.sector_lines(scenario, (Estimate(1, -0.5, 2.5, 9),) * 2, DOCTRINE, words)
    assert line == words.t("sectors.nobody", plan=words.t("plan.doctrine"))


def test_every_figure_of_the_shipped_scenario_has_a_name(words: Texts) -> None:
    scenario = shipped()
    names = {path: parameter_label(scenario, path, words) for path in scenario.parameters()}
    assert [path for path, name in names.items() if name == path] == []
    assert len(set(names.values())) == len(names)


def test_an_unknown_figure_keeps_its_path(words: Texts) -> None:
    assert parameter_label(tiny(), "travel.unheard_of", words) == "travel.unheard_of"
    assert parameter_label(tiny(), "ladders.nobody.steps.0.delay_min", words) == "ladders.nobody.steps.0.delay_min"


def test_the_options_of_a_model_are_written_in_the_language() -> None:
    assert wording.options_text("tail 0.3, containment 2", texts("id")) == "bobot ekor 0,3, bobot peredaman 2"
    assert wording.options_text("by hand", texts("id")) == "by hand"
    assert wording.options_text("", texts("id")) == ""


def test_the_reserve_in_use_is_told_for_every_type_of_day(judged: Judged, words: Texts) -> None:
    size = judged.plans[OPTIMISED].reserve_squads
    for day_type in DAY_TYPES:
        found = in_use(judged.scenario, judged.runs[OPTIMISED], size, day_type)
        assert found is not None
        line = wording.in_use_line(day_type, found, size, words)
        assert words.percent(found.any_out_share) in line and words.number(size) in line
