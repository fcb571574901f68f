"""Laws of what a day is worth."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.analysis.measures import (
    FAMILIES,
    expected_weight,
    kind_tables,
    measure,
    waited_min,
    weighted_minutes,
)
from simsec.base.clock import parse_stamp
from simsec.day import sample_day
from simsec.scenario.schema import DAY_TYPES, LEVELS
from simsec.simulation import simulate
from tests.areas import announced, shipped, tiny, tiny_plan

WEIGHTS = (1.0, 3.0, 9.0)


@given(
    st.integers(0, 2),
    st.integers(0, 90),
    st.lists(st.integers(1, 40), min_size=3, max_size=3),
    st.integers(0, 3),
)
def test_weighted_minutes_are_the_integral_minute_by_minute(
    first: int, waited: int, steps: list[int], last: int
) -> None:
    # The level after each whole minute if nobody comes; it stays at the last one it has needs for.
    rise = np.full(3, np.inf)
    leaves = range(first, min(last, 2))
    rise[list(leaves)] = np.cumsum([steps[level] for level in leaves])
    brute, level = 0.0, first
    for minute in range(waited):
        while rise[level] <= minute:
            level += 1
        brute += WEIGHTS[level]
    found = weighted_minutes(np.array([float(waited)]), np.array([first]), rise[None, :], np.array(WEIGHTS))
    assert found[0] == brute


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(1, 100), st.floats(1, 100))
def test_waiting_longer_never_costs_less_and_never_jumps(a: float, b: float, one: float, two: float) -> None:
    rise = np.array([[one, one + two, np.inf]] * 2)
    cost = weighted_minutes(np.array([min(a, b), max(a, b)]), np.zeros(2, int), rise, np.array(WEIGHTS))
    assert cost[0] <= cost[1] <= cost[0] + 9 * abs(a - b) + 1e-9


def test_the_unanswered_wait_to_the_end_of_the_clock() -> None:
    waited = waited_min(np.array([100.0, 200.0, 300.0]), np.array([7.0, np.nan, np.inf]), 1380.0)
    assert waited.tolist() == [7.0, 1180.0, 1080.0]


@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_the_expected_weight_is_the_long_run_mean_of_sampled_days(day_type: str) -> None:
    kinds, days = kind_tables(shipped()), 150
    found = np.zeros((days, len(FAMILIES)))
    for replication in range(days):
        table = sample_day(shipped(), 11, replication, day_type).incidents
        first = table.parent < 0
        family, weight = kinds.family[table.kind[first]], kinds.weights[table.level[first]]
        found[replication] = np.bincount(family, weights=weight, minlength=len(FAMILIES))
    mean, error = found.mean(axis=0), found.std(axis=0, ddof=1) / days**0.5
    expected = [expected_weight(shipped())[day_type][family] for family in FAMILIES]
    assert (np.abs(mean - expected) <= 3.5 * error + 1e-12).all()


def test_a_severe_day_expects_its_one_crowd_and_an_ordinary_day_none() -> None:
    table = expected_weight(shipped())
    yellow = shipped().settings.weights.yellow.mode
    assert table["severe"]["security"] - table["ordinary"]["security"] == pytest.approx(yellow)
    assert table["rumour"]["security"] > table["ordinary"]["security"]
    assert table["heavy_rain"]["hazard"] > table["ordinary"]["hazard"] == 0


def test_dearer_levels_change_the_weight_and_never_the_day() -> None:
    dear = shipped().with_values({"weights.yellow": 5.0})
    assert expected_weight(dear)["ordinary"]["medical"] > expected_weight(shipped())["ordinary"]["medical"]
    assert np.array_equal(sample_day(dear, 1, 0).incidents.noise, sample_day(shipped(), 1, 0).incidents.noise)


@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_the_figures_of_a_day_are_those_of_a_plain_loop(day_type: str) -> None:
    outcome = simulate(shipped(), announced(), sample_day(shipped(), 3, 1, day_type))
    figures, rows = measure(shipped(), outcome), outcome.incidents
    models = list(shipped().settings.incidents.values())
    weighted, by_sector = dict.fromkeys(FAMILIES, 0.0), np.zeros(19)
    count, unanswered, within = ({family: 0 for family in FAMILIES} for _ in range(3))
    for n in range(len(rows)):
        model = models[rows.kind[n]]
        came = not np.isnan(rows.first_min[n])
        waited = rows.first_min[n] - rows.onset_min[n] if came else 1380.0 - rows.onset_min[n]
        level, since, minutes = int(rows.first_level[n]), 0.0, 0.0
        while level < 2 and rows.rise_min[n, level] < waited:
            minutes += WEIGHTS[level] * (rows.rise_min[n, level] - since)
            since, level = rows.rise_min[n, level], level + 1
        minutes += WEIGHTS[level] * (waited - since)
        weighted[model.responder] += minutes
        count[model.responder] += 1
        unanswered[model.responder] += not came
        within[model.responder] += came and waited <= model.target_min.mode
        if model.responder == "security":
            by_sector[shipped().stations.subdistrict[rows.station[n]]] += minutes
    assert figures.weighted == pytest.approx([weighted[family] for family in FAMILIES])
    assert figures.by_sector == pytest.approx(by_sector)
    assert figures.by_sector.sum() == pytest.approx(figures.weighted[0])
    for found, expected in ((figures.count, count), (figures.unanswered, unanswered), (figures.within_target, within)):
        assert found.tolist() == [expected[family] for family in FAMILIES]


def test_busy_shares_are_minutes_over_the_hours_on_duty() -> None:
    outcome = simulate(tiny(), tiny_plan(), sample_day(tiny(), 1, 1, "severe"))
    share = measure(tiny(), outcome).busy_share
    squads = outcome.units.kind == 2
    assert share[2] == pytest.approx(outcome.units.busy_min[squads].sum() / (squads.sum() * 1140.0))
    assert ((share >= 0) & (share <= 1)).all() and share[2] > 0
    units = [unit.model_copy(update={"duty": None}) for unit in tiny().settings.units]
    whole = replace(tiny(), settings=tiny().settings.model_copy(update={"units": tuple(units)}))
    start, end = tiny().horizon_min[0], parse_stamp(tiny().settings.clock.ends)  # longer is only followed
    assert measure(whole, outcome).busy_share[2] == pytest.approx(share[2] * 1140.0 / (end - start))


def test_nobody_waits_a_minute_on_a_day_without_incidents() -> None:
    outcome = simulate(tiny(), tiny_plan(), sample_day(tiny(), 1, 1, "ordinary"))
    empty = replace(outcome, incidents=type(outcome.incidents)(**{
        name: getattr(outcome.incidents, name)[:0] for name in outcome.incidents.__dataclass_fields__
    }))  # fmt: skip
    figures = measure(tiny(), empty)
    assert figures.weighted.tolist() == [0.0] * len(FAMILIES) and figures.count.sum() == 0


def test_there_is_a_weight_for_every_level() -> None:
    assert len(kind_tables(shipped()).weights) == len(LEVELS) and kind_tables(shipped()).weights.tolist() == list(
        WEIGHTS
    )
