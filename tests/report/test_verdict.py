"""The report calls better only what is better, and weighs the severe day against the ordinary one."""

from dataclasses import replace

import numpy as np
import pytest

from simsec.analysis.comparison import compare_runs
from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import expected_weight
from simsec.analysis.worlds import Swing, Worlds
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report.facts import ANNOUNCED, DOCTRINE
from simsec.report.verdict import announced_over_doctrine, break_even, deciding, same_plan, verdict, winner_changers

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


def test_at_the_break_even_probability_gain_and_loss_are_equal(judged: Judged) -> None:
    found = break_even(with_types(judged, ordinary=(-0.5, -0.8, -0.2), severe=(20.0, 5.0, 35.0)), DOCTRINE)
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
    assert np.isnan(break_even(with_types(judged, ordinary=ordinary, severe=severe), DOCTRINE).probability)


def test_the_break_even_is_told_against_either_plan(judged: Judged) -> None:
    expected = expected_weight(judged.scenario)["severe"]["security"]
    for against, comparison in ((ANNOUNCED, judged.over_announced), (DOCTRINE, judged.over_doctrine)):
        found = break_even(judged, against)
        assert found.severe.mean == pytest.approx(expected * comparison.gain_by_type["severe"].mean)


def test_a_day_type_nobody_played_gives_no_break_even(judged: Judged) -> None:
    assert np.isnan(break_even(with_types(judged, ordinary=(-0.5, -0.8, -0.2)), DOCTRINE).probability)


def test_an_assumption_decides_only_when_moving_it_alone_changes_the_gain_beyond_chance(judged: Judged) -> None:
    first, second = (swing.path for swing in judged.worlds.swings[:2])
    assert (deciding(judged.worlds).path, deciding(judged.worlds).decides) == (first, True)

    def with_swings(*swings: tuple[str, float, float]) -> Worlds:
        told = tuple(Swing(path, Estimate((low + high) / 2, low, high, 80)) for path, low, high in swings)
        return replace(judged.worlds, swings=told)

    unsure = with_swings((first, -1.0, 9.0), (second, 0.1, 0.3))  # the larger change may be nil
    assert (deciding(unsure).path, deciding(unsure).decides) == (second, True)
    none = with_swings((first, -1.0, 2.0), (second, -3.0, 0.5))
    assert (deciding(none).path, deciding(none).decides) == (second, False)
    assert deciding(with_swings()).path == ""


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
