"""Laws of prices: each is what a plain count over stations, places and steps of the chain of command gives."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simsec.analysis.measures import kind_tables
from simsec.analysis.measures import weighted_minutes as minutes_by_marks
from simsec.base.errors import InputError
from simsec.day.incidents import marked
from simsec.day.keyed import Draws
from simsec.day.sampling import village_neighbours
from simsec.day.spreading import spreading_crowd
from simsec.geography.graph import VEHICLES
from simsec.geography.ground import between_stations, ground_of, site_node
from simsec.optimization import pricing
from simsec.optimization.demand import expected_demand
from simsec.optimization.objective import Prices
from simsec.optimization.pricing import Busy, prices_of
from simsec.optimization.waiting import Curves, curves_of, report_delay, waits, weighted_minutes
from simsec.plan.blocks import build_blocks, pairs_needed
from simsec.plan.doctrine import polsek_of
from simsec.scenario.parameter import triangular_mean
from simsec.scenario.schema import LEVELS
from tests.areas import shipped, tiny

SECTORS = 2


@cache
def curves() -> Curves:
    return curves_of(tiny(), expected_demand(tiny()))


@cache
def busy() -> Busy:
    return Busy.of(tiny(), [0.1, 0.2], 5.0, [0.3, 0.4], 0.25)


@cache
def prices() -> Prices:
    return prices_of(tiny(), busy())


@pytest.mark.parametrize("kind", ["queue_dispute", "count_dispute", "crowd_damage", "hoax_rumour"])
def test_a_wait_costs_what_the_marks_of_the_days_make_it_cost(kind: str) -> None:
    n = 20_000
    number = list(tiny().settings.incidents).index(kind)
    draws = Draws(3, 0, np.arange(n, dtype=np.uint64), np.zeros(n, dtype=np.uint64))
    marks = marked(tiny(), np.full(n, number), np.zeros(n, dtype=np.int64), np.zeros(n), draws)
    level = int(marks.level[0])
    for wait in (5.0, 18.0, 30.0, 45.0, 80.0):
        counted = minutes_by_marks(np.full(n, wait), marks.level, marks.rise_min, kind_tables(tiny()).weights).mean()
        told = weighted_minutes(tiny(), kind, level, np.array([wait]))[0]
        assert told == pytest.approx(counted, rel=0.01)


def test_report_delays_are_those_of_the_days() -> None:
    stations = np.arange(len(tiny().stations))  # each has a signal that day, or none
    none = np.zeros(len(stations), dtype=np.uint64)
    delays = [
        marked(
            tiny(), stations * 0, stations, stations * 0.0, Draws(3, day, stations.astype(np.uint64), none)
        ).report_delay_min
        for day in range(500)
    ]
    minutes, share = report_delay(tiny())
    assert share.sum() == pytest.approx(1.0)
    assert minutes @ share == pytest.approx(np.mean(delays), rel=0.02)
    late = float(share[minutes > 12].sum())
    assert late == pytest.approx(np.mean(np.array(delays) > 12), rel=0.25)


def test_curves_rise_and_each_minute_costs_at_least_the_one_before() -> None:
    present = curves().cost[curves().cost[:, :, -1] > 0]
    steps = np.diff(present, axis=1)
    assert len(present) == 6 and (present[:, 0] > 0).all()
    assert (steps > 0).all() and (np.diff(steps, axis=1) > -1e-6).all()
    assert curves().reaches[0] < 0.05 and curves().reaches[-1] == pytest.approx(1.0)
    assert (np.diff(curves().reaches) >= -1e-12).all()


def test_a_crowd_goes_on_as_often_as_the_drawn_trees_say() -> None:
    near = village_neighbours(shipped())
    delay, within, report = [], [], []
    for replication in range(300):
        crowd = spreading_crowd(shipped(), near, 5, replication)
        delay += crowd.spread_delay_min[1:].tolist()
        within += crowd.contain_within_min[1:].tolist()
        report += crowd.report_delay_min[crowd.parent[1:]].tolist()
    latest = np.minimum(delay, within)
    for minutes in (10.0, 25.0, 40.0, 60.0):
        told = float(curves().reached(np.array(minutes)))
        assert told == pytest.approx(float(np.mean(np.array(report) + minutes > latest)), abs=0.03)


def test_the_chain_of_command_is_waited_for_step_by_step_and_other_policies_ask_everybody_at_once() -> None:
    green, red = waits(tiny(), "intimidation", 0), waits(tiny(), "intimidation", 2)
    assert green[:4] == (0.0, 3.0, 9.0, 15.0) and green.others == ()
    assert red[:4] == (np.inf, np.inf, 0.0, 0.0) and [unit for unit, _ in red.others] == [
        "army_squad",
        "provincial_squad",
    ]
    assert waits(tiny(), "escort_accident", 0)[:2] == (np.inf, 3.0)
    policy = tiny().settings.policy.model_copy(update={"name": "nearest_capable"})
    at_once = replace(tiny(), settings=tiny().settings.model_copy(update={"policy": policy}))
    assert waits(at_once, "intimidation", 0)[:4] == (0.0, 0.0, 0.0, 0.0)


def test_busy_pairs_follow_erlang_and_what_is_no_probability_is_refused() -> None:
    assert busy().pair_of([0, 1], [5.0, 5.0]).tolist() == pytest.approx([0.1, 0.2])
    load = 0.25 * 3
    assert busy().pair_of([1], [15.0])[0] == pytest.approx(load / (1 + load))
    with pytest.raises(InputError) as wrong:
        Busy.of(tiny(), 1.0, 0.0, -0.1, float("nan"))
    assert len(wrong.value.problems) == 4


def test_every_number_of_pairs_from_the_largest_block_to_the_pattern_is_priced() -> None:
    guards = prices().guards
    for sector in range(SECTORS):
        mine = guards.sector == sector
        least, most = (pairs_needed(tiny(), sector, size)["low"] for size in (24, 6))
        assert guards.low_pairs[mine].tolist() == list(range(least, most + 1))
        stations = int(np.sum(tiny().stations.subdistrict == sector))
        assert guards.block_size[mine].tolist() == [-(-stations // pairs) for pairs in guards.low_pairs[mine].tolist()]
        assert guards.officers[mine].tolist() == (2 * guards.low_pairs[mine]).tolist()
    with pytest.raises(InputError, match="no pattern is left"):
        prices_of(tiny(), busy(), largest_block=5)


def test_guard_patterns_cost_what_every_place_of_the_pair_and_every_station_of_the_block_cost() -> None:
    scenario, demand = tiny(), expected_demand(tiny())
    ground, friction = ground_of(scenario), triangular_mean(scenario.settings.travel.friction)
    car, guards = VEHICLES.index("car"), prices().guards
    for row in range(len(guards.sector)):
        sector, pairs = int(guards.sector[row]), int(guards.low_pairs[row])
        other = int(guards.low_pairs[guards.sector != sector][0])
        block = build_blocks(scenario, {sector: pairs, 1 - sector: other})
        post = site_node(scenario, polsek_of(scenario)[sector])
        own = to_patrol = 0.0
        for number in np.unique(block[scenario.stations.subdistrict == sector]):
            members = np.flatnonzero(block == number)
            minutes = between_stations(ground, members) * friction
            share = busy().pair_of([sector], [len(members)])[0]
            for kind in ("queue_dispute", "intimidation", "count_dispute", "hoax_rumour"):
                place = demand.kinds.index(kind)
                for column, station in enumerate(members):
                    village = scenario.stations.village[station]
                    rate = demand.mean[place, 0, village] / demand.stations[village]
                    cost = np.mean([curves().weighted(place, 0, minutes[a, column]) for a in range(len(members))])
                    own += rate * (1 - share) * cost
                    drive = friction * (ground.travel.minutes[car][post, village] + ground.stretch_min[car, station])
                    to_patrol += rate * share * float(curves().weighted(place, 0, 3.0 + drive))
        assert guards.own[row] == pytest.approx(own)
        assert guards.to_patrol[row] == pytest.approx(to_patrol)


def test_busier_units_push_cost_down_the_chain() -> None:
    calm = prices_of(tiny(), Busy.of(tiny(), 0.0, 5.0, 0.0, 0.0)).guards
    loaded = prices_of(tiny(), Busy.of(tiny(), 0.4, 5.0, 0.5, 0.0)).guards
    assert (calm.to_patrol == 0).all() and (calm.to_squad == 0).all() and (calm.charged < loaded.charged).all()
    assert (loaded.own < calm.own).all() and (loaded.to_patrol > 0).all()
    assert (loaded.to_squad != loaded.to_patrol).all() and np.allclose(loaded.patrol_first, calm.patrol_first)


def test_squads_cost_what_a_plain_count_over_stations_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricing, "VILLAGES_PER_CLUSTER", 1)
    monkeypatch.setattr(pricing, "RUNGS", 10**9)
    scenario, demand = tiny(), expected_demand(tiny())
    squads = prices_of(scenario, busy(), forward_per_sector=9).squads
    sites, crowd = squads.sites, demand.kinds.index("crowd_damage")
    assert len(squads.sector) == len(scenario.villages) and len(sites.code) == 3 + len(scenario.villages)
    assert sites.rayon[0] == -1 and not sites.forward[:3].any() and sites.forward[3:].all()
    drive, army = _squad_minutes(sites.node), _army_minutes()
    child = curves().weighted(crowd, 1, 12.0 + drive[:, 0]).mean()
    for cluster, village in enumerate(_village_of_each_cluster()):
        for site in range(len(sites.code)):
            own = sites.rayon[site] == scenario.villages.rayon[village]
            first = third = 0.0
            for station in np.flatnonzero(scenario.stations.village == village):
                for kind, name in enumerate(demand.kinds):
                    level = LEVELS.index(scenario.settings.incidents[name].starts)
                    rate = demand.mean[kind, level, village] / demand.stations[village]
                    left, minutes = _who_comes(
                        name, int(station), own, float(drive[station, site]), float(army[station])
                    )
                    first += rate * left * float(curves().weighted(kind, level, np.array(minutes)))
                    if kind == crowd:
                        late = curves().reached(np.array([minutes, 12.0 + drive[station, 0]]))
                        reached = demand.reached[village] @ late[1] ** np.arange(3)
                        third += rate * reached * child * late[0]
            assert squads.first[cluster, site] == pytest.approx(first)
            assert squads.third[cluster, site] == pytest.approx(third)


def _who_comes(kind: str, station: int, own: bool, drive: float, army: float) -> tuple[float, float]:
    """Share of an incident that falls to squads, and the minutes until one comes, or others if they come before."""
    if kind == "crowd_damage":
        return 1.0, min((6.0 if own else 12.0) + drive, army)
    sector = int(tiny().stations.subdistrict[station])
    share = busy().patrol[sector] * (1.0 if kind == "escort_accident" else busy().pair[sector])
    scene = triangular_mean(tiny().settings.incidents[kind].on_scene_min)
    return share, min((9.0 if own else 15.0) + drive, 27.0 + _permission() + scene)


def _village_of_each_cluster() -> list[int]:
    """With one village a cluster, clusters are numbered by sub-district; which is which the builder may choose."""
    label, _ = pricing._clusters(tiny())
    return np.argsort(label).tolist()


def _minutes(unit: str, nodes: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Turn-out and drive from nodes to every station."""
    scenario, ground = tiny(), ground_of(tiny())
    model = next(u for u in scenario.settings.units if u.kind == unit)
    assert model.turnout_min is not None
    vehicle = VEHICLES.index(model.vehicle)
    table = np.zeros((len(scenario.stations), len(nodes)))
    for station, village in enumerate(scenario.stations.village):
        for column, node in enumerate(nodes):
            table[station, column] = (
                ground.travel.minutes[vehicle][node, village] + ground.stretch_min[vehicle, station]
            )
    return triangular_mean(model.turnout_min) + triangular_mean(scenario.settings.travel.friction) * table


def _squad_minutes(
    nodes: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return _minutes("squad", nodes.tolist())


def _permission() -> float:
    """What the army district takes before it lets anybody go."""
    (ladder,) = (ladder for ladder in tiny().settings.ladders if ladder.name == "police")
    return sum(triangular_mean(step.delay_min) for step in ladder.steps if step.permission and step.delay_min)


def _army_minutes() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The army from its posts, asked after the central reserve: 6 + 6 + 6 minutes of delays and its permission."""
    posts = tiny().posts
    teams = [team for team in tiny().settings.teams if team.unit == "army_squad"]
    nodes = [site_node(tiny(), posts.code[post]) for team in teams for post in posts.of_type(team.at)]
    return 18.0 + _permission() + _minutes("army_squad", nodes).min(axis=1)


def test_prices_rise_along_the_order_and_nobody_is_dearer_than_none() -> None:
    squads = prices_of(shipped(), Busy.of(shipped(), 0.03, 7.0, 0.05, 0.02)).squads
    for price, other in ((squads.first, squads.first_else), (squads.third, squads.third_else)):
        along = np.take_along_axis(price, squads.order, axis=1)
        assert (np.diff(along, axis=1) >= -1e-9).all()
        assert (along[:, -1] <= other + 1e-9).all() and (along[:, 0] < other).all()
    rungs = [len(np.unique(row)) for row in squads.first + squads.third]
    assert max(rungs) <= pricing.RUNGS + 1
    assert len(squads.sector) < len(shipped().villages) and set(squads.sector.tolist()) == set(range(19))


def test_clusters_and_rungs_keep_the_total(monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = prices().squads
    monkeypatch.setattr(pricing, "VILLAGES_PER_CLUSTER", 1)
    fine = prices_of(tiny(), busy()).squads
    assert coarse.first_else.sum() == pytest.approx(fine.first_else.sum())
    assert coarse.third_else.sum() == pytest.approx(fine.third_else.sum())
    assert len(fine.sector) > len(coarse.sector)


def test_without_forward_posts_only_police_posts_are_candidates() -> None:
    siting = tiny().settings.siting.model_copy(update={"forward_posts_at_most": 0})
    closed = replace(tiny(), settings=tiny().settings.model_copy(update={"siting": siting}))
    assert not pricing.candidate_sites(closed).forward.any()
    assert len(prices_of(closed, busy()).squads.sites.code) == 3
