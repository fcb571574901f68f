"""Laws of many days: each the same whoever plays it and beside whom, paired across plans."""

import os
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest

from simsec.analysis import Comparison, Replications, compare, replicate
from simsec.analysis.comparison import compare_runs
from simsec.analysis.daily import busy_met
from simsec.analysis.measures import FAMILIES, kind_tables
from simsec.analysis.replications import (
    day_keys,
    primary_measure,
    replicate_plans,
    response_quantile,
    reweighted,
    strata,
)
from simsec.analysis.workers import default_workers, open_workers
from simsec.base.errors import InputError, RunError
from simsec.plan import Plan, doctrine
from simsec.scenario.schema import DAY_TYPES
from tests.areas import announced, shipped, tiny, tiny_plan

DAYS = {"ordinary": 8, "heavy_rain": 6, "rumour": 6, "severe": 8}
SECURITY = FAMILIES.index("security")


@cache
def wide() -> Plan:
    return doctrine(shipped(), 10)


@cache
def runs() -> tuple[Replications, Replications]:
    """The announced plan and a wider doctrine on the same 28 days, with probes and voters."""
    with open_workers(1) as pool:
        first, second = replicate_plans(
            shipped(), [announced(), wide()], day_keys(DAYS, (1, 2)), pool, probes=True, voters=True
        )
    return first, second


def as_bytes(run: Replications) -> bytes:
    arrays = [getattr(run, field.name) for field in fields(run) if isinstance(getattr(run, field.name), np.ndarray)]
    return b"".join(array.tobytes() for array in arrays) + repr((run.plan_name, run.keys)).encode()


def die(shared: object, task: int) -> int:
    """A worker that is killed half way."""
    if task == 3:
        os._exit(9)
    return task


def slip(shared: object, task: int) -> int:
    raise ZeroDivisionError(str(task))


def twice(shared: int, task: int) -> int:
    return shared * task


# Keys


def test_days_are_spread_over_seeds_and_never_repeat() -> None:
    keys = day_keys({"ordinary": 7, "severe": 2}, (1, 2, 3), first=100)
    assert len(set(keys)) == len(keys) == 9
    assert [(key.seed, key.replication) for key in keys[:7]] == [
        (1, 100), (2, 100), (3, 100), (1, 101), (2, 101), (3, 101), (1, 102),
    ]  # fmt: skip
    more = day_keys({"ordinary": 9, "severe": 2}, (1, 2, 3), first=100)
    assert set(keys) < set(more)  # more days are the same days and some others


def test_wrong_days_are_refused() -> None:
    with pytest.raises(InputError, match=r"no such type of day .found 'sunny'") as caught:
        day_keys({"sunny": 3, "severe": -1}, (1,))
    assert len(caught.value.problems) == 2


# Workers


def test_one_worker_and_two_give_identical_bytes() -> None:
    keys = day_keys({"ordinary": 3, "heavy_rain": 4, "rumour": 2, "severe": 16}, (1, 2))  # three chunks
    plans = [tiny_plan(), doctrine(tiny(), 10)]
    results = []
    for count in (1, 2):
        steps: list[tuple[int, int]] = []
        with open_workers(count) as pool:
            played = replicate_plans(
                tiny(),
                plans,
                keys,
                pool,
                probes=True,
                voters=True,
                progress=lambda *done, steps=steps: steps.append(done),
            )
            if count == 2:
                assert pool.map(twice, 10, list(range(9))) == [10 * n for n in range(9)]  # in order, whoever is first
                with pytest.raises(ZeroDivisionError):
                    pool.map(slip, None, [1])
        results.append([as_bytes(run) for run in played])
        assert steps[-1] == (3, 3)
    assert results[0] == results[1]


def test_a_worker_that_dies_is_said_in_words() -> None:
    with pytest.raises(RunError, match="a worker process died"), open_workers(2) as pool:
        pool.map(die, None, list(range(40)))


def test_there_is_always_one_worker_at_least() -> None:
    assert default_workers() >= 1
    with open_workers(0) as pool:
        assert pool.count == 1 and pool.map(twice, 2, [1, 2]) == [2, 4]


# Days


def test_a_day_does_not_depend_on_those_beside_it() -> None:
    keys = day_keys(DAYS, (1, 2))
    few = tuple(keys[n] for n in (25, 9, 0))
    with open_workers(1) as pool:
        alone = replicate_plans(shipped(), [announced()], few, pool, probes=True, voters=True)[0]
    for row, whole in enumerate((25, 9, 0)):
        for name in ("weighted", "by_sector", "reserve_busy", "voter_hours_lost", "voters_not_served", "probes"):
            assert np.array_equal(getattr(alone, name)[row], getattr(runs()[0], name)[whole]), name


def test_plans_meet_the_very_same_primary_incidents() -> None:
    first, second = runs()
    primary = [
        (
            run.incident_day[p],
            run.incident_kind[p],
            run.incident_station[p],
            run.incident_onset_min[p],
            run.incident_rise_min[p],
        )
        for run in runs()
        for p in [run.incident_primary]
    ]
    assert all(np.array_equal(a, b) for a, b in zip(*primary, strict=True))
    assert not np.array_equal(first.incident_response_min, second.incident_response_min)


def test_counts_of_a_run_add_up() -> None:
    for run in runs():
        kinds = kind_tables(shipped())
        known = kinds.family[run.incident_kind] >= 0
        per_day = np.zeros((len(run), len(FAMILIES)), int)
        np.add.at(per_day, (run.incident_day[known], kinds.family[run.incident_kind[known]]), 1)
        assert np.array_equal(per_day, run.count)
        assert (run.unanswered + run.within_target <= run.count).all()
        assert (run.count.sum(axis=0) > 0).all()
        squads = 10
        assert run.reserve_busy.min() >= 0 and run.reserve_busy.max() <= squads
        assert run.reserve_busy.shape == (len(run), 94)  # every half hour of forty-seven
        severe = run.stratum == DAY_TYPES.index("severe")
        assert (run.stations_hit[severe] >= 1).all() and (run.stations_hit[~severe] == 0).all()


def test_the_shortcut_is_the_long_way() -> None:
    short = replicate(tiny(), tiny_plan(), {"ordinary": 2, "severe": 3}, seed=5)
    with open_workers(1) as pool:
        long = replicate_plans(tiny(), [tiny_plan()], day_keys({"ordinary": 2, "severe": 3}, (5,)), pool)[0]
    assert as_bytes(short) == as_bytes(long)
    assert short.probes.size == 0 and np.isnan(short.voter_hours_lost).all()
    assert replicate(tiny(), tiny_plan(), 2).keys == day_keys({"ordinary": 2}, (1,))


# Measures


def test_the_primary_measure_is_the_weighted_sum_over_the_expected_constant() -> None:
    from simsec.analysis.measures import expected_weight

    run = runs()[0]
    found = primary_measure(shipped(), run.weighted[:, SECURITY], run.stratum)
    p = shipped().day_type_probability
    means = {name: run.weighted[run.stratum == n, SECURITY].mean() for n, name in enumerate(DAY_TYPES)}
    top = sum(p[name] * means[name] for name in DAY_TYPES)
    bottom = sum(p[name] * expected_weight(shipped())[name]["security"] for name in DAY_TYPES)
    assert found.mean == pytest.approx(top / bottom) and found.low < found.mean < found.high
    given_severe = primary_measure(shipped(), run.weighted[:, SECURITY], run.stratum, "security", "severe")
    assert given_severe.mean == pytest.approx(means["severe"] / expected_weight(shipped())["severe"]["security"])
    assert np.isnan(primary_measure(shipped(), run.weighted[:, 3], run.stratum, "hazard", "ordinary").mean)
    assert sum(strata(shipped()).values()) == pytest.approx(1) and strata(shipped(), "severe") == {3: 0.01}


def test_reweighting_with_the_weights_of_the_scenario_changes_nothing() -> None:
    run = runs()[0]
    weights = kind_tables(shipped()).weights
    for number, family in enumerate(FAMILIES):
        assert reweighted(shipped(), run, family, weights) == pytest.approx(run.weighted[:, number])
    doubled = reweighted(shipped(), run, "security", 2 * weights)
    assert doubled == pytest.approx(2 * run.weighted[:, SECURITY])
    alike = replace(shipped(), stations=replace(shipped().stations, registered_voters=np.full(1983, 400)), hash="alike")
    assert reweighted(alike, run, "security", weights, per_voter=True) == pytest.approx(run.weighted[:, SECURITY])


def test_response_quantiles_lie_in_order() -> None:
    run = runs()[0]
    half, most = (response_quantile(shipped(), run, q) for q in (0.5, 0.9))
    assert half.too_few_days and 0 < half.mean < most.mean


# Comparison


@cache
def comparison() -> Comparison:
    return compare_runs(shipped(), *runs())


def test_a_plan_gains_exactly_nothing_over_itself() -> None:
    same = compare_runs(shipped(), runs()[0], runs()[0])
    every = [same.gain, *same.gain_by_type.values(), *same.gain_by_weights.values(), *same.gain_by_sector]
    every += [gain for family, gain in same.gain_by_family.items()]
    assert {(gain.mean, gain.low, gain.high) for gain in every} == {(0.0, 0.0, 0.0)}
    assert not same.winner_changes


def test_pairing_beats_independent_days() -> None:
    assert comparison().variance_ratio > 1
    first, second = runs()
    difference = first.weighted[:, SECURITY] - second.weighted[:, SECURITY]
    apart = paired = 0.0
    for number, p in strata(shipped()).items():
        inside = first.stratum == number
        a, b = first.weighted[inside, SECURITY], second.weighted[inside, SECURITY]
        apart += p**2 * (a.var(ddof=1) + b.var(ddof=1)) / inside.sum()
        paired += p**2 * difference[inside].var(ddof=1) / inside.sum()
    assert comparison().variance_ratio == pytest.approx(apart / paired)


def test_a_gain_turns_its_sign_with_the_order_of_the_plans() -> None:
    there, back = comparison(), compare_runs(shipped(), runs()[1], runs()[0])
    assert back.gain.mean == pytest.approx(-there.gain.mean)
    assert (back.gain.low, back.gain.high) == pytest.approx((-there.gain.high, -there.gain.low))
    assert (there.first, there.second) == ("announced", "2:10") == (back.second, back.first)


def test_gains_of_sub_districts_add_up_to_that_of_the_area() -> None:
    share = np.bincount(shipped().stations.subdistrict) / 1983
    parts = [gain.mean * part for gain, part in zip(comparison().gain_by_sector, share, strict=True)]
    assert sum(parts) == pytest.approx(comparison().gain.mean)
    assert set(comparison().gain_by_type) == set(DAY_TYPES) and set(comparison().gain_by_family) == set(FAMILIES)
    assert set(comparison().gain_by_weights) == {"equal", "red_only", "per_voter"}


def test_smaller_blocks_are_nearer() -> None:
    # 287 pairs against 199: fewer stations a pair, and so fewer minutes to walk on quiet days.
    assert comparison().gain_by_type["ordinary"].mean < 0


def test_plans_of_different_days_are_not_compared() -> None:
    first = replicate(tiny(), tiny_plan(), 2, seed=1)
    with pytest.raises(ValueError, match="not played on the same days"):
        compare_runs(tiny(), first, replicate(tiny(), tiny_plan(), 2, seed=2))
    with pytest.raises(ValueError, match="not played on the same days"):
        compare_runs(tiny(), first, replicate(tiny(), tiny_plan(), 3, seed=1))


def test_compare_plays_every_type_of_day() -> None:
    found = compare(tiny(), tiny_plan(), doctrine(tiny(), 10), 3, seed=4)
    assert set(found.gain_by_type) == set(DAY_TYPES) and found.gain.days == 12
    by_hand = compare_runs(
        tiny(),
        *(replicate(tiny(), plan, dict.fromkeys(DAY_TYPES, 3), seed=4) for plan in (tiny_plan(), doctrine(tiny(), 10))),
    )
    assert found.gain == by_hand.gain


def test_busy_units_are_counted_at_the_moments_when_incidents_begin() -> None:
    area, plan = tiny(), tiny_plan()
    keys = day_keys({"ordinary": 4, "severe": 8}, (1,))
    with open_workers(1) as pool:
        runs = replicate_plans(area, [plan], keys, pool, units=True)[0]
        plain = replicate_plans(area, [plan], keys, pool)[0]
    assert plain.units_busy.size == 0 and (plain.weighted == runs.weighted).all()
    kinds = [unit.kind for unit in area.settings.units]
    squad, start = kinds.index("squad"), area.horizon_min[0]
    assert runs.unit_count[squad] == plan.reserve_squads
    assert (runs.units_busy[:, :, squad] == runs.reserve_busy).all() and runs.reserve_busy.max() > 0
    found = []
    for row, key in enumerate(keys):
        if key.day_type != "severe":
            continue
        inside = runs.incident_day == row
        for kind, onset in zip(runs.incident_kind[inside], runs.incident_onset_min[inside], strict=True):
            if list(area.settings.incidents.values())[kind].responder == "security":
                found.append(runs.reserve_busy[row, int((onset - start) // 30)] / plan.reserve_squads)
    assert busy_met(area, runs, "squad", "severe") == pytest.approx(np.mean(found)) and np.mean(found) > 0
    assert 0 <= busy_met(area, runs, "pair") < busy_met(area, runs, "squad", "severe")
