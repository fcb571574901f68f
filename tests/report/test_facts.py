"""The figures of the report agree with the days they are made of."""

from dataclasses import replace

import numpy as np
import pytest

from simsec.analysis.comparison import compare_runs
from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import expected_weight
from simsec.analysis.replications import Replications, primary_measure
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report.facts import (
    ANNOUNCED,
    CALM_TYPES,
    DOCTRINE,
    OPTIMISED,
    announced_over_doctrine,
    break_even,
    deciding,
    headline,
    losers,
    outside,
    same_plan,
    sanity,
    sectors,
    verdict,
    winner_changers,
)
from simsec.scenario.schema import DAY_TYPES

NAN = float("nan")


def with_gain(judged: Judged, mean: float, low: float, high: float) -> Judged:
    return replace(judged, over_doctrine=replace(judged.over_doctrine, gain=Estimate(mean, low, high, 40)))


def with_types(judged: Judged, **gains: tuple[float, float, float]) -> Judged:
    by_type = {name: Estimate(*gain, 10) for name, gain in gains.items()}
    return replace(judged, over_doctrine=replace(judged.over_doctrine, gain_by_type=by_type))


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        ((1.0, 0.2, 1.8), "better"),
        ((1.0, -0.2, 2.2), "unclear"),
        ((-1.0, -2.0, -0.1), "worse"),
        ((0.0, 0.0, 0.0), "same"),
        ((1.0, NAN, NAN), "too_few"),
        ((NAN, NAN, NAN), "too_few"),
    ],
)
def test_the_verdict_follows_the_interval(
    judged: Judged, search: Search, gain: tuple[float, float, float], said: str
) -> None:
    assert verdict(with_gain(judged, *gain), search) == said
    assert verdict(with_gain(judged, *gain), replace(search, accepted=False)) == "not_accepted"


def test_the_headline_primary_measure_is_the_judges_own(judged: Judged) -> None:
    primary = next(row for row in headline(judged) if row.key == "primary").by_scope
    for scope, types in (("natural", ()), *((name, (name,)) for name in DAY_TYPES)):
        for plan, runs in enumerate(judged.runs):
            own = primary_measure(judged.scenario, runs.weighted[:, 0], runs.stratum, "security", *types)
            assert primary[scope][plan] == own
    natural = primary["natural"]
    assert natural[DOCTRINE].mean - natural[OPTIMISED].mean == pytest.approx(judged.over_doctrine.gain.mean)


def test_the_share_within_target_is_counted_over_incidents(judged: Judged) -> None:
    row = next(row for row in headline(judged) if row.key == "within_target").by_scope["rumour"]
    for plan, runs in enumerate(judged.runs):
        inside = runs.stratum == DAY_TYPES.index("rumour")
        share = runs.within_target[inside, 0].sum() / runs.count[inside, 0].sum()
        assert row[plan].mean == pytest.approx(share)
        assert 0 <= row[plan].low <= share <= row[plan].high <= 1


def test_counts_never_reach_below_nought(judged: Judged) -> None:
    for row in headline(judged):
        if row.key in ("unanswered", "voter_hours", "stations_hit"):
            assert all(estimate.low >= 0 for three in row.by_scope.values() for estimate in three)


def test_stations_hit_are_told_for_severe_days_only(judged: Judged) -> None:
    row = next(row for row in headline(judged) if row.key == "stations_hit")
    assert list(row.by_scope) == ["severe"]
    runs = judged.runs[OPTIMISED]
    assert row.by_scope["severe"][OPTIMISED].mean == runs.stations_hit[runs.stratum == DAY_TYPES.index("severe")].mean()


def test_sub_districts_add_up_to_the_whole_area(judged_shipped: Judged) -> None:
    found, scenario = sectors(judged_shipped), judged_shipped.scenario
    assert found.stations.sum() == len(scenario.stations)
    for plan in (ANNOUNCED, DOCTRINE, OPTIMISED):
        assert found.pairs[plan].sum() == judged_shipped.plans[plan].blocks
        assert found.patrols[plan].sum() == sum(judged_shipped.plans[plan].patrols.values())
        mean = np.average(found.minutes[plan], weights=found.stations)
        assert mean == pytest.approx(judged_shipped.stations[plan].mean_min.mean())
    first, second = judged_shipped.runs[ANNOUNCED], judged_shipped.runs[OPTIMISED]
    share = found.stations / found.stations.sum()
    total = sum(part * gain.mean for part, gain in zip(share, found.over_announced, strict=True))
    difference = first.weighted[:, 0] - second.weighted[:, 0]
    calm = primary_measure(scenario, difference, first.stratum, "security", *CALM_TYPES)
    assert total == pytest.approx(calm.mean)


def test_a_severe_event_marks_no_sub_district(judged: Judged) -> None:
    """However hard severe days strike a place, the figures by sub-district do not move."""

    def struck(runs: Replications, times: float) -> Replications:
        by_sector = runs.by_sector.copy()
        by_sector[runs.stratum == DAY_TYPES.index("severe"), 0] *= times
        return replace(runs, by_sector=by_sector)

    first, second, third = judged.runs
    harder = replace(judged, runs=(struck(first, 7.0), second, struck(third, 3.0)))
    assert sectors(harder).over_announced == sectors(judged).over_announced
    assert sectors(harder).over_doctrine == sectors(judged).over_doctrine


def test_losers_are_the_stations_that_wait_noticeably_longer(judged: Judged) -> None:
    found = losers(judged, ANNOUNCED)
    worse = judged.stations[OPTIMISED].mean_min - judged.stations[ANNOUNCED].mean_min
    assert found.count == sum(found.by_sector) == int((worse > 1.0).sum()) > 0
    assert found.gainers == int((worse < -1.0).sum())
    assert found.worst_min == pytest.approx(worse.max())
    assert worse[found.worst_station] == worse.max()


def test_nobody_loses_against_the_same_plan(judged: Judged) -> None:
    itself = replace(judged, stations=(judged.stations[2],) * 3)
    found = losers(itself, ANNOUNCED)
    assert (found.count, found.gainers, found.worst_station) == (0, 0, -1)
    assert np.isnan(found.worst_min)


def test_a_figure_leaves_its_band_by_what_it_lacks() -> None:
    band = (12.0, 20.0)
    assert [outside(x, band) for x in (10.0, 12.0, 16.0, 20.0, 23.5)] == [-2.0, 0.0, 0.0, 0.0, 3.5]
    assert np.isnan(outside(NAN, band)) and outside(float("inf"), band) == float("inf")


def test_slow_responses_are_shared_out_over_their_kinds(judged_shipped: Judged) -> None:
    found = sanity(judged_shipped, headline(judged_shipped))
    assert sum(slow.share for slow in found.slow) == pytest.approx(1.0)
    assert [slow.share for slow in found.slow] == sorted((slow.share for slow in found.slow), reverse=True)
    assert 0 < found.slow_share < 1
    # means of the triangular ranges 1-3-10 and 1-2-5
    assert found.request_min == pytest.approx(14 / 3 + 8 / 3)


def test_at_the_break_even_probability_gain_and_loss_are_equal(judged: Judged) -> None:
    found = break_even(with_types(judged, ordinary=(-0.5, -0.8, -0.2), severe=(20.0, 5.0, 35.0)))
    z = found.probability
    assert 0 < z < 1
    assert (1 - z) * found.ordinary.mean + z * found.severe.mean == pytest.approx(0.0, abs=1e-12)
    expected = expected_weight(judged.scenario)
    assert found.severe.mean == pytest.approx(20.0 * expected["severe"]["security"])


@pytest.mark.parametrize(
    ("ordinary", "severe"),
    [
        ((-0.5, -1.2, 0.2), (20.0, 5.0, 35.0)),
        ((-0.5, -0.8, -0.2), (20.0, -5.0, 45.0)),
        ((0.5, 0.2, 0.8), (20.0, 5.0, 35.0)),
        ((NAN, NAN, NAN), (20.0, 5.0, 35.0)),
    ],
)
def test_there_is_no_break_even_unless_both_pull_apart_beyond_chance(
    judged: Judged, ordinary: tuple[float, float, float], severe: tuple[float, float, float]
) -> None:
    assert np.isnan(break_even(with_types(judged, ordinary=ordinary, severe=severe)).probability)


def test_a_day_type_nobody_played_gives_no_break_even(judged: Judged) -> None:
    assert np.isnan(break_even(with_types(judged, ordinary=(-0.5, -0.8, -0.2))).probability)


def test_an_assumption_decides_only_beyond_chance(judged: Judged) -> None:
    strong = deciding(judged.worlds)
    assert strong.decides and strong.path == judged.worlds.influence[0][0]
    assert 0 < strong.chance < 1
    path = judged.worlds.paths[0]
    weak = replace(judged.worlds, influence=((path, strong.chance - 0.01),))
    assert not deciding(weak).decides
    for nothing in (0.0, NAN):
        assert deciding(replace(judged.worlds, influence=((path, nothing),))).path == ""


def test_other_weights_change_the_winner_only_beyond_chance(judged: Judged) -> None:
    base = replace(judged.over_doctrine, gain=Estimate(1.0, 0.5, 1.5, 40))
    other = {"equal": Estimate(-1.0, -2.0, -0.2, 40), "red_only": Estimate(-1.0, -2.0, 0.2, 40)}
    assert winner_changers(replace(base, gain_by_weights=other)) == ["equal"]


def test_a_plan_is_the_same_whatever_its_name(judged: Judged) -> None:
    assert not same_plan(judged)
    renamed = replace(judged.plans[DOCTRINE], name="optimised")
    assert same_plan(replace(judged, plans=(*judged.plans[:2], renamed)))


def test_the_announced_plan_is_held_against_the_doctrine(judged: Judged) -> None:
    gain = announced_over_doctrine(judged)
    turned = compare_runs(judged.scenario, judged.runs[DOCTRINE], judged.runs[ANNOUNCED]).gain
    assert gain == turned
