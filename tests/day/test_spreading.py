"""Laws of a crowd that spreads: a finite tree, drawn before anybody moves."""

import heapq
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from simsec.day.day import Incidents
from simsec.day.incidents import draw_incidents
from simsec.day.sampling import sample_day, village_neighbours
from simsec.day.spreading import seed_shares, spreading_crowd, with_crowd
from simsec.scenario import Scenario
from simsec.scenario.noisy_labels import noisy_labels
from simsec.scenario.parameter import Parameter
from simsec.simulation import simulate
from tests.areas import announced, shipped, tiny
from tests.scenario.shipped import AREAS, shipped_area

DAYS = 300


@cache
def crowds(count: int = DAYS) -> tuple[Incidents, ...]:
    return tuple(spreading_crowd(shipped(), village_neighbours(shipped()), 1, k) for k in range(count))


def depth_of(crowd: Incidents, row: int) -> int:
    return 0 if crowd.parent[row] < 0 else 1 + depth_of(crowd, int(crowd.parent[row]))


def test_the_ways_are_finite_and_none_leads_through_a_village_twice() -> None:
    rule, several = shipped().settings.spreading, 0
    most = sum(rule.neighbours_at_most**depth for depth in range(rule.depth_at_most + 1))
    for crowd in crowds():
        villages = shipped().stations.village[crowd.station].tolist()
        assert len(villages) <= most
        depths = [depth_of(crowd, row) for row in range(len(crowd))]
        assert depths == sorted(depths) and max(depths) <= rule.depth_at_most
        for row in range(len(crowd)):
            way, at = [], row
            while at >= 0:
                way.append(villages[at])
                at = int(crowd.parent[at])
            assert len(set(way)) == len(way)
            assert crowd.village[row] == villages.index(villages[row])
        several += len(set(villages)) < len(villages)
    assert several > DAYS // 10  # often a village can be reached from two
    assert max(depth_of(crowd, len(crowd) - 1) for crowd in crowds()) == rule.depth_at_most


def test_a_village_is_the_same_whichever_way_the_crowd_comes_and_a_way_whoever_takes_it() -> None:
    for crowd in crowds()[:100]:
        first = crowd.village
        for name in ("hits", "scene_min", "noise", "report_delay_min", "rise_min"):
            assert (getattr(crowd, name) == getattr(crowd, name)[first]).all()
        child = np.flatnonzero(crowd.parent >= 0)
        ways = zip(first[crowd.parent[child]].tolist(), first[child].tolist(), strict=True)
        told: dict[tuple[int, int], set[tuple[float, float]]] = {}
        for way, row in zip(ways, child.tolist(), strict=True):
            told.setdefault(way, set()).add((float(crowd.spread_delay_min[row]), float(crowd.contain_within_min[row])))
        assert all(len(values) == 1 for values in told.values())
        assert len({value for values in told.values() for value in values}) == len(told)


def test_children_stand_in_a_row_and_name_their_parent() -> None:
    for crowd in crowds()[:60]:
        assert crowd.parent[0] == -1 and (crowd.parent[1:] >= 0).all()
        named = [
            child
            for row in range(len(crowd))
            for child in range(crowd.child_first[row], crowd.child_end[row])
            if crowd.parent[child] == row
        ]
        assert named == list(range(1, len(crowd)))
        assert np.isfinite(crowd.onset_min[0]) and np.isnan(crowd.onset_min[1:]).all()


def test_only_near_neighbours_are_reached() -> None:
    near = village_neighbours(shipped())
    for limit in (7.0, 45.0):  # few villages are seven minutes apart
        area = shipped().with_values({"spreading.neighbour_min": limit})
        for replication in range(60):
            crowd = spreading_crowd(area, near, 1, replication)
            villages = area.stations.village[crowd.station]
            for row in range(1, len(crowd)):
                others, minutes = near[villages[crowd.parent[row]]]
                place = int(np.flatnonzero(others == villages[row])[0])
                assert place < area.settings.spreading.neighbours_at_most and minutes[place] <= limit


def test_each_neighbour_of_the_first_village_is_reached_with_its_probability() -> None:
    rule, near = shipped().settings.spreading, village_neighbours(shipped())
    reached = possible = 0
    for crowd in crowds():
        minutes = near[shipped().stations.village[crowd.station[0]]][1]
        possible += int(np.sum(minutes[: rule.neighbours_at_most] <= rule.neighbour_min.mode))
        reached += int(np.sum(crowd.parent == 0))
    low, high = stats.binom.interval(0.999, possible, rule.probability.mode)
    assert low <= reached <= high


def test_a_likelier_spread_keeps_everybody_it_reached_before() -> None:
    likelier = shipped().with_values({"spreading.probability": 0.8})
    grew = 0
    for replication in range(30):
        few = spreading_crowd(shipped(), village_neighbours(shipped()), 1, replication)
        many = spreading_crowd(likelier, village_neighbours(likelier), 1, replication)
        first = [set(crowd.station[crowd.parent == 0].tolist()) for crowd in (few, many)]
        assert few.station[0] == many.station[0] and few.onset_min[0] == many.onset_min[0]
        assert first[0] <= first[1]
        grew += first[0] < first[1]
    assert grew > 0


def test_every_station_is_as_likely_as_any_other_to_be_the_first() -> None:
    def first(scenario: Scenario, replication: int) -> int:
        return int(spreading_crowd(scenario, [(np.zeros(0, int), np.zeros(0))] * 6, 1, replication).station[0])

    counts = np.bincount([first(tiny(), k) for k in range(800)], minlength=len(tiny().stations))
    assert stats.chisquare(counts).pvalue > 1e-3


def nobody_contains(crowd: Incidents, most: int) -> tuple[int, int, float]:
    """Villages hit, stations hit and minutes to the last of a crowd that goes every way it can, the first first."""
    ways = [(0.0, 0)]
    villages, stations, last = set[int](), 0, 0.0
    while ways:
        minute, row = heapq.heappop(ways)
        village, hits = int(crowd.village[row]), int(crowd.hits[row])
        if village in villages or stations + hits > most:
            continue
        villages.add(village)
        stations, last = stations + hits, minute
        for child in range(crowd.child_first[row], crowd.child_end[row]):
            heapq.heappush(ways, (minute + float(crowd.spread_delay_min[child]), child))
    return len(villages), stations, last


@pytest.mark.parametrize("name", AREAS)
def test_a_crowd_that_nobody_contains_is_that_of_parado(name: str) -> None:
    area, most = shipped_area(name), shipped_area(name).settings.spreading.stations_at_most
    near = village_neighbours(area)
    found = np.array([nobody_contains(spreading_crowd(area, near, 1, day), most) for day in range(200)])
    villages, stations, minutes = found.T
    assert 13 <= stations.mean() <= 16 and 3 <= villages.mean() <= 4  # 13 to 15 stations in four villages
    assert np.mean((stations >= 5) & (stations < most)) > 0.75  # from 5 to the 34 that stopped counting
    assert 60 <= np.median(minutes) <= 180  # in an evening
    assert np.mean((stations >= 13) & (stations <= 15)) > 0.05


@pytest.mark.parametrize("replication", range(5))
def test_the_rules_let_it_go_as_far_where_no_squads_are_enough(replication: int) -> None:
    spreading = shipped().settings.spreading.model_copy(update={"contained_by_squads": 99})
    clock = shipped().settings.clock.model_copy(update={"ends": "H+1 12:00"})
    settings = shipped().settings.model_copy(update={"spreading": spreading, "clock": clock})
    area = replace(shipped(), settings=settings)
    rows = simulate(area, announced(), sample_day(area, 1, replication, "severe")).incidents
    crowd = rows.hits > 0
    villages, stations, minutes = nobody_contains(crowds()[replication], spreading.stations_at_most)
    assert (int(crowd.sum()), int(rows.hits.sum())) == (villages, stations)
    assert float(np.ptp(rows.onset_min[crowd])) == pytest.approx(minutes)


def labelled(miss: float | None, area: Scenario | None = None) -> Scenario:
    """An area with random labels, and how often a crowd starts at a station without one; None: labels do not count."""
    area = area or noisy_labels(tiny(), 5, 0.25, 0.1)
    figure = None if miss is None else Parameter(low=0, mode=miss, high=1, grade="D", source="assumption")
    spreading = area.settings.spreading.model_copy(update={"label_miss": figure})
    return replace(area, settings=area.settings.model_copy(update={"spreading": spreading}))


def seeds(area: Scenario, count: int = 600) -> np.ndarray:
    nowhere = [(np.zeros(0, int), np.zeros(0))] * 6
    return np.array([spreading_crowd(area, nowhere, 1, replication).station[0] for replication in range(count)])


def test_labels_miss_as_often_as_said_and_inside_a_group_every_station_is_alike() -> None:
    area = labelled(0.6)
    classes = area.stations.station_class
    found = seeds(area, 800)
    low, high = stats.binom.interval(0.999, len(found), 0.6)
    assert low <= (classes[found] == 0).sum() <= high and not (classes[found] == 3).any()
    assert seed_shares(area).sum() == pytest.approx(1) and seed_shares(area)[classes == 0].sum() == pytest.approx(0.6)
    for group in (classes == 0, (classes == 1) | (classes == 2)):
        counts = np.bincount(found, minlength=len(classes))[group]
        assert len(counts) > 5 and stats.chisquare(counts).pvalue > 1e-3


def test_without_a_share_of_misses_labels_change_no_crowd() -> None:
    assert shipped().settings.spreading.label_miss is None
    assert (seeds(labelled(None), 100) == seeds(tiny(), 100)).all()
    assert np.allclose(seed_shares(labelled(None)), 1 / len(tiny().stations))


def test_a_higher_share_of_misses_moves_seeds_to_unlabelled_stations_only() -> None:
    few, many = labelled(0.3), labelled(0.9)
    classes = few.stations.station_class
    before, after = seeds(few, 200), seeds(many, 200)
    assert (classes[after[before != after]] == 0).all() and (classes[before[before != after]] > 0).all()
    assert (before != after).any()


def test_where_only_one_group_has_stations_the_crowd_starts_there() -> None:
    everyone_low = labelled(0.0, noisy_labels(tiny(), 5, 0.0, 0.0))
    assert (seeds(everyone_low, 50) == seeds(tiny(), 50)).all()
    everyone_high = labelled(1.0, noisy_labels(tiny(), 5, 0.0, 1.0))
    assert (seeds(everyone_high, 50) == seeds(tiny(), 50)).all()


def test_marks_of_a_crowd_keep_their_ranges() -> None:
    rule = shipped().settings.spreading
    hits = np.concatenate([crowd.hits for crowd in crowds()])
    assert hits.min() >= 1 and hits.max() <= rule.stations_per_village.high
    for name, bound in (("spread_delay_min", rule.delay_min), ("contain_within_min", rule.contained_within_min)):
        values = np.concatenate([np.unique(getattr(crowd, name)) for crowd in crowds()])
        assert bound.low <= values.min() and values.max() <= bound.high
        assert stats.kstest(values, stats.triang((bound.mode - bound.low) / (bound.high - bound.low), bound.low,
                                                 bound.high - bound.low).cdf).pvalue > 1e-3  # fmt: skip
    for crowd in crowds()[:30]:
        sizes = np.bincount(shipped().stations.village)[shipped().stations.village[crowd.station]]
        assert (crowd.hits <= sizes).all()


@pytest.mark.parametrize("replication", range(12))
def test_a_crowd_among_the_others_keeps_its_family_and_the_order_of_onsets(replication: int) -> None:
    _, others = draw_incidents(shipped(), "severe", 1, replication, strikes={})
    crowd = crowds()[replication]
    joined = with_crowd(others, crowd)
    assert len(joined) == len(others) + len(crowd) and joined.primaries == len(others) + 1
    onset = joined.onset_min[: joined.primaries]
    assert (np.diff(onset) >= 0).all()
    seed = int(np.flatnonzero(joined.kind[: joined.primaries] == crowd.kind[0])[0])
    rows = [seed, *range(joined.primaries, len(joined))]
    assert joined.station[rows].tolist() == crowd.station.tolist()
    for new, old in zip(rows, range(len(crowd)), strict=True):
        children = [rows[child] for child in range(crowd.child_first[old], crowd.child_end[old])]
        assert list(range(joined.child_first[new], joined.child_end[new])) == children
        assert joined.parent[new] == (-1 if old == 0 else rows[crowd.parent[old]])
        assert joined.village[new] == rows[crowd.village[old]]
    ordinary = np.delete(np.arange(joined.primaries), seed)
    assert joined.station[ordinary].tolist() == others.station.tolist()
    assert (joined.child_end[ordinary] == joined.child_first[ordinary]).all()
    assert (joined.village[ordinary] == ordinary).all()
    assert (joined.hits[ordinary] == 0).all() and (joined.hits[rows] >= 1).all()
