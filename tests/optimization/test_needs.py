"""Laws of the needs that come at once, and of what is proven of the squads' places."""

from dataclasses import fields, replace

import numpy as np

from simsec.analysis.replications import day_keys
from simsec.analysis.workers import open_workers
from simsec.day import sample_day
from simsec.optimization import needs
from simsec.optimization.needs import at_the_peak, placed_reserve, reserve_model
from simsec.simulation import simulate
from simsec.simulation.trace import KIND, Events
from tests.areas import tiny, tiny_plan


def table(*rows: tuple[str, int, int]) -> Events:
    """Events of which only kind, unit and station matter."""
    columns = {item.name: np.zeros(len(rows), dtype=np.int64) for item in fields(Events)}
    columns["kind"] = np.array([KIND[kind] for kind, _, _ in rows])
    columns["unit"] = np.array([unit for _, unit, _ in rows])
    columns["place"] = np.array([place for _, _, place in rows])
    return Events(**columns)


def test_the_peak_counts_where_units_are_bound_at_once_and_nobody_else() -> None:
    village = np.array([0, 1, 2])
    events = table(
        ("order", 7, 0),
        ("order", 3, 1),  # of another kind
        ("order", 8, 1),
        ("clear", 7, 0),
        ("order", 9, 2),
        ("recall", 9, 2),
        ("order", 9, 1),
        ("order", 7, 1),
        ("clear", 8, 1),
    )
    assert at_the_peak(events, range(7, 10), village, 4).tolist() == [0, 3, 0, 0]
    assert at_the_peak(events, range(20, 21), village, 4).tolist() == [0, 0, 0, 0]


def test_with_an_unlimited_reserve_the_needs_do_not_depend_on_where_the_few_squads_wait() -> None:
    scenario, plan = tiny(), tiny_plan()
    keys = day_keys({"severe": 3}, (1,), needs.NEEDS_FIRST)
    for key in keys:
        found = needs.at_once((scenario, plan), key)
        assert found.shape == (len(scenario.villages),) and found.min() >= 0
        day = sample_day(scenario, key.seed, key.replication, key.day_type)
        outcome = simulate(scenario, plan, day)
        assert (found.sum() > 0) >= (outcome.reserve_exhausted_min > 0)


def test_squads_at_the_best_places_have_less_to_answer_for_than_squads_at_the_worst() -> None:
    scenario, plan = tiny(), tiny_plan()
    squads = sum(plan.squads.values())
    with open_workers(1) as workers:
        found = placed_reserve(scenario, plan, workers, samples=4, size=6)
        assert found.proven and found.days == 24
        assert found.gap is not None and found.gap.upper >= found.gap.mean >= -1e-6
        reserve, counts = reserve_model(scenario, plan)
        assert int(counts.sum()) == squads
        keys = day_keys({"severe": 24}, (1,), needs.NEEDS_FIRST)
        every = np.array([needs.at_once((scenario, plan), key) for key in keys])
        best, bound = reserve.best(every)
        assert bound <= reserve.mean_cost(counts, every) + 1e-6
        code = needs.candidate_sites(scenario).code
        better = replace(plan, squads={code[j]: int(n) for j, n in enumerate(best) if n})
        again = placed_reserve(scenario, better, workers, samples=4, size=6)
        assert again.gap is not None and again.gap.candidate <= found.gap.candidate + 1e-6


def test_without_squads_nothing_is_proven_and_the_reason_is_told() -> None:
    with open_workers(1) as workers:
        found = placed_reserve(tiny(), replace(tiny_plan(), squads={}), workers)
    assert not found.proven and found.reason
