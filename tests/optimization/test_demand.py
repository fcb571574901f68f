"""Laws of expected demand: it is what the days bring, without drawing one."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from simsec.analysis.measures import expected_weight
from simsec.day.clusters import strikes_of
from simsec.day.incidents import draw_incidents, stages_on
from simsec.day.sampling import village_neighbours
from simsec.day.spreading import spreading_crowd
from simsec.day.tables import sampling_tables
from simsec.day.weather import draw_rain
from simsec.optimization.demand import Demand, expected_demand, first_levels, villages_reached
from simsec.scenario import Scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS
from tests.areas import shipped, tiny

DAYS = 60


@cache
def demand() -> Demand:
    return expected_demand(shipped())


def with_spreading(scenario: Scenario, **changes: object) -> Scenario:
    spreading = scenario.settings.spreading.model_copy(update=changes)
    return replace(scenario, settings=scenario.settings.model_copy(update={"spreading": spreading}))


def with_incident(scenario: Scenario, kind: str, **changes: object) -> Scenario:
    incidents = dict(scenario.settings.incidents)
    incidents[kind] = incidents[kind].model_copy(update=changes)
    return replace(scenario, settings=scenario.settings.model_copy(update={"incidents": incidents}))


@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_days_bring_the_expected_number_within_exact_poisson_limits(day_type: str) -> None:
    kinds = list(shipped().settings.incidents)
    expected = demand().incidents[DAY_TYPES.index(day_type)]
    counted = np.zeros(len(kinds))
    for replication in range(DAYS):
        rain = draw_rain(shipped(), day_type, 4, replication)
        strikes = strikes_of(shipped(), sampling_tables(shipped()), day_type, 4, replication, rain)
        stages = stages_on(shipped(), 4, replication, rain)
        _, incidents = draw_incidents(shipped(), day_type, 4, replication, strikes, stages)
        counted += np.bincount(incidents.kind, minlength=len(kinds))
    for number, kind in enumerate(demand().kinds):
        if kind == shipped().settings.spreading.kind:
            continue
        low, high = stats.poisson.interval(1 - 1e-4, DAYS * expected[number].sum())
        assert low <= counted[kinds.index(kind)] <= high, kind


def test_only_a_severe_day_has_a_crowd_and_it_has_one_that_may_start_at_any_station() -> None:
    crowd = demand().kinds.index(shipped().settings.spreading.kind)
    level = LEVELS.index(shipped().settings.incidents[shipped().settings.spreading.kind].starts)
    stations = np.bincount(shipped().stations.village, minlength=len(shipped().villages))
    for number, day_type in enumerate(DAY_TYPES):
        seeds = demand().incidents[number, crowd]
        assert seeds.sum() == pytest.approx(1.0 if day_type == "severe" else 0.0)
        if day_type == "severe":
            assert np.allclose(seeds[level], stations / stations.sum())


def test_weighted_incidents_are_the_constant_of_the_primary_measure() -> None:
    table = expected_weight(shipped())
    constant = sum(share * table[name]["security"] for name, share in shipped().day_type_probability.items())
    assert demand().weighted.sum() == pytest.approx(constant, rel=1e-12)


def test_a_clustered_kind_strikes_only_its_ground_and_as_often_in_all() -> None:
    scattered = expected_demand(tiny())
    clustered = expected_demand(with_incident(tiny(), "queue_dispute", clustered="low_ground"))
    kind = scattered.kinds.index("queue_dispute")
    where = clustered.mean[kind].sum(axis=0)
    assert 0 < tiny().villages.low_ground.sum() < len(where)
    assert (where[tiny().villages.low_ground == 0] == 0).all() and where.sum() == pytest.approx(
        scattered.mean[kind].sum()
    )


def test_shares_of_first_levels_add_up_and_only_split_where_the_scenario_says_so() -> None:
    for model in shipped().settings.incidents.values():
        shares = first_levels(model)
        assert sum(shares.values()) == pytest.approx(1.0) and min(shares.values()) > 0
        assert (len(shares) == 2) == (model.starts_yellow_share is not None and model.starts == "green")


def test_a_crowd_reaches_as_many_villages_as_the_drawn_trees_have() -> None:
    open_ended = with_spreading(shipped(), stations_at_most=10**6)
    reached = villages_reached(open_ended)
    near = village_neighbours(shipped())
    drawn = [spreading_crowd(shipped(), near, 1, replication) for replication in range(400)]
    starts = [int(shipped().stations.village[crowd.station[0]]) for crowd in drawn]
    mean = np.mean([len(set(crowd.village.tolist())) - 1 for crowd in drawn])
    assert reached[starts].sum(axis=1).mean() == pytest.approx(mean, rel=0.1)
    first = np.mean([np.sum(crowd.parent == 0) for crowd in drawn])
    assert reached[starts, 0].mean() == pytest.approx(first, rel=0.1)


def test_no_crowd_reaches_more_villages_than_there_are_or_than_the_limit_allows() -> None:
    everywhere = villages_reached(with_spreading(tiny(), stations_at_most=10**6))
    assert (everywhere.sum(axis=1) <= len(tiny().villages) - 1 + 1e-9).all()
    limited = villages_reached(with_spreading(tiny(), stations_at_most=6))
    most = 6 / (sum((1, 3.5, 8)) / 3) - 1
    assert limited.sum(axis=1).max() == pytest.approx(most)
    assert villages_reached(with_spreading(tiny(), stations_at_most=1)).sum() == 0
