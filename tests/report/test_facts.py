"""The figures of the report agree with the days they are made of."""

from dataclasses import replace

import numpy as np
import pytest

from simsec.analysis.replications import Replications, primary_measure
from simsec.optimization.judge import Judged
from simsec.report.facts import ANNOUNCED, CALM_TYPES, DOCTRINE, OPTIMISED, headline, losers, outside, sanity, sectors
from simsec.scenario.schema import DAY_TYPES

NAN = float("nan")


def test_the_headline_primary_measure_is_the_judges_own(judged: Judged) -> None:
    primary = next(row for row in headline(judged) if row.key == "primary").by_scope
    for scope, types in (("natural", ()), *((name, (name,)) for name in DAY_TYPES)):
        for plan, runs in enumerate(judged.runs):
            own = primary_measure(judged.scenario, runs.weighted[:, 0], runs.stratum, "security", *types)
            assert primary[scope][plan] == own
    natural = primary["natural"]
    assert natural[DOCTRINE].mean - natural[OPTIMISED].mean == pytest.approx(judged.over_doctrine.gain.mean)


def test_the_share_within_target_is_counted_over_incidents(judged: Judged) -> None:
    row = next(row for row in headline(judged) if row.key == "within_target").by_scope["severe"]
    for plan, runs in enumerate(judged.runs):
        inside = runs.stratum == DAY_TYPES.index("severe")
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
