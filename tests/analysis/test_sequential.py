"""Stopping at a precision: it is reached or the limit is said to be struck, on any number of workers."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from simsec.analysis.control import controlled_measure, drawn_weight
from simsec.analysis.coverage import CASES, _sequential, measure_coverage
from simsec.analysis.intervals import Doubt
from simsec.analysis.replications import day_keys, primary_measure, replicate_plans, strata
from simsec.analysis.sequential import Stopping, replicate_until, until_precise
from simsec.analysis.workers import open_workers
from simsec.base.errors import InputError
from simsec.plan import doctrine
from simsec.scenario.schema import DAY_TYPES
from tests.areas import tiny


def stream(number: int, days: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Day n of a type is the same however the rounds fall."""
    return np.random.default_rng(number).normal([10.0, 100.0][number], [2.0, 80.0][number], days)


def play(played: dict[int, int], more: dict[int, int]) -> dict[int, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {number: stream(number, played[number] + more[number])[played[number] :] for number in played}


P = {0: 0.8, 1: 0.2}


def test_it_ends_when_the_half_width_is_reached_and_not_before() -> None:
    stopped, values = until_precise(play, P, Stopping(0.05, 50_000, first=20))
    half = (stopped.estimate.high - stopped.estimate.low) / 2
    assert stopped.reached and half / stopped.estimate.mean == pytest.approx(stopped.relative)
    assert stopped.relative <= 0.05 and stopped.rounds > 2
    assert {number: len(days) for number, days in values.items()} == stopped.days
    wide, _ = until_precise(play, P, Stopping(0.1, 50_000, first=20))
    assert wide.reached and wide.estimate.days < stopped.estimate.days


def test_the_limit_is_struck_to_the_day_and_said() -> None:
    stopped, _ = until_precise(play, P, Stopping(0.001, 777, first=20))
    assert not stopped.reached and stopped.estimate.days == 777 and stopped.relative > 0.001


def test_days_go_where_they_narrow_the_interval() -> None:
    stopped, _ = until_precise(play, P, Stopping(0.02, 50_000, first=20))
    # Neyman: in proportion to p x deviation, 0.8 x 2 to 0.2 x 80.
    assert stopped.days[1] / stopped.days[0] == pytest.approx(10.0, rel=0.2)
    assert min(until_precise(play, P, Stopping(0.3, 9_000, first=60))[0].days.values()) >= 60


def test_no_round_grows_faster_than_it_may() -> None:
    sizes = []

    def watched(played: dict[int, int], more: dict[int, int]) -> dict[int, NDArray[np.float64]]:
        sizes.append(sum(played.values()) + sum(more.values()))
        return play(played, more)

    until_precise(watched, P, Stopping(0.02, 50_000, first=20, growth=1.5))
    assert sizes[0] == 40 and all(b <= 1.5 * a + 1 and b >= 1.05 * a for a, b in pairwise(sizes))


def test_days_all_alike_go_on_to_the_limit_and_are_told() -> None:
    stopped, _ = until_precise(
        lambda _, more: {number: np.full(days, 3.0) for number, days in more.items()}, {0: 1.0}, Stopping(0.1, 500)
    )
    assert not stopped.reached and stopped.estimate.days == 500 and stopped.estimate.doubt is Doubt.ALIKE


@pytest.mark.parametrize(
    "rule", [Stopping(0.0, 900), Stopping(1.5, 900), Stopping(0.1, 30), Stopping(0.1, 900, 1), Stopping(0.1, 900, 9, 1)]
)
def test_nonsense_is_refused(rule: Stopping) -> None:
    with pytest.raises(InputError):
        until_precise(play, P, rule)


def test_stopping_early_still_covers() -> None:
    draw, probability, truth = CASES["exponential"]
    row = measure_coverage("", "", _sequential(draw, probability, truth, 0.1), 400)
    assert row.low > 0.88 and row.covered > 0.91


def test_a_run_to_a_precision_is_the_run_of_as_many_days_on_any_number_of_workers() -> None:
    scenario = tiny()
    plan, rule = doctrine(scenario), Stopping(0.2, 240, first=20)
    with open_workers(1) as one:
        runs, stopped = replicate_until(scenario, plan, rule, one)
        counts = {DAY_TYPES[number]: days for number, days in stopped.days.items()}
        fixed = replicate_plans(scenario, [plan], day_keys(counts, (1,)), one)[0]
    with open_workers(2) as two:
        again, same = replicate_until(scenario, plan, rule, two)
    assert stopped.rounds > 1 and runs.keys == fixed.keys == again.keys
    assert np.array_equal(runs.weighted, fixed.weighted) and np.array_equal(runs.weighted, again.weighted)
    assert (stopped.estimate, stopped.days) == (same.estimate, same.days)
    assert stopped.estimate == primary_measure(scenario, runs.weighted[:, 0], runs.stratum)


def test_an_unknown_type_of_day_is_refused() -> None:
    scenario = tiny()
    with open_workers(1) as one, pytest.raises(InputError, match="no such type"):
        replicate_until(scenario, doctrine(scenario), Stopping(0.2, 240), one, day_types=("stormy",))


def test_the_control_of_a_day_has_the_mean_it_is_said_to_have_and_narrows_the_interval() -> None:
    scenario = tiny()
    counts: dict[str, int] = dict.fromkeys(DAY_TYPES, 100)
    with open_workers(1) as one:
        runs = replicate_plans(scenario, [doctrine(scenario)], day_keys(counts, (5,)), one)[0]
    for family in ("security", "logistics"):
        drawn, known = drawn_weight(scenario, runs, family)
        for number in strata(scenario):
            inside = drawn[runs.stratum == number, 0]
            error = inside.std(ddof=1) / len(inside) ** 0.5
            assert abs(inside.mean() - known[number][0]) <= 4.5 * error + 1e-9, (family, number)
    plain = primary_measure(scenario, runs.weighted[:, 2], runs.stratum, "logistics")
    found = controlled_measure(scenario, runs, "logistics")
    assert found.variance_ratio > 1.2
    assert found.estimate.high - found.estimate.low < plain.high - plain.low
    assert replace(found.estimate, doubt=Doubt.NONE) == found.estimate  # a doubt is no part of the figure
