"""Prices of everything the deployment model may choose: guard patterns, patrols, and where squads wait.

The chain of command says who comes: the own pair, else the sector patrol, else a squad, else whoever else stands on the
ladder. Step delays, turn-outs and friction enter with their means; rain and night, which slow every choice alike, do
not enter. Prices choose a plan, simulation judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from simsec.base.errors import InputError, Problem, say
from simsec.geography.graph import VEHICLES
from simsec.geography.ground import between_stations, ground_of, post_node, site_node
from simsec.optimization.demand import Demand, expected_demand
from simsec.optimization.objective import GuardPrices, Prices, Sites, SquadPrices
from simsec.optimization.waiting import SQUAD, Curves, Waits, curves_of, waits
from simsec.plan.blocks import build_blocks, pairs_needed
from simsec.plan.doctrine import LARGEST_BLOCK, polsek_of
from simsec.plan.feasibility import site_room
from simsec.plan.ledger import PAIR_PERSONS
from simsec.scenario.parameter import triangular_mean
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
__all__ = ["Busy", "Prices", "candidate_sites", "prices_of"]
FORWARD_PER_SECTOR = 2
# Priced village by village and site by site, plans found with these figures cost up to 0.4 % more than plans found with
# more clusters, rungs and forward posts, which take the solver minutes instead of seconds.
VILLAGES_PER_CLUSTER = 4
RUNGS = 6  # steps of price from a cluster's best site to none at all
PAIR, PATROL = "pair", "patrol"


@dataclass(frozen=True, eq=False)
class Busy:
    """How often a unit is found busy, each in [0, 1): measured in simulation, for the plan it was measured under.

    Attributes:
        pair: a guard pair, shape (sub-districts,).
        block_size: stations that pair guarded, shape (sub-districts,).
        patrol: a patrol, shape (sub-districts,).
        squad: a squad of the reserve.
    """

    pair: Floats
    block_size: Floats
    patrol: Floats
    squad: float

    @classmethod
    def of(cls, scenario: Scenario, pair: ArrayLike, block_size: ArrayLike, patrol: ArrayLike, squad: float) -> Busy:
        """From numbers, or arrays of one a sub-district.

        Raises:
            InputError: a probability outside [0, 1), or blocks without stations.

        Example:
            >>> from simsec.scenario import read_scenario
            >>> busy = Busy.of(read_scenario("scenarios/kabupaten-semarang"), 0.03, 7, 0.05, 0.01)
            >>> busy.pair.shape
            (19,)
        """
        sectors = len(scenario.villages.subdistrict_codes)
        given = (np.asarray(value, dtype=np.float64) for value in (pair, block_size, patrol))
        wide = [np.broadcast_to(value, (sectors,)) for value in given]
        shares = {"pair": wide[0], "patrol": wide[2], "squad": np.array([squad], dtype=np.float64)}
        problems = [
            Problem("busy", "not a probability of being busy", "", 0, name, f"{worst:g}", "0 or more, below 1")
            for name, values in shares.items()
            for worst in values[~((values >= 0) & (values < 1))][:1]
        ]
        problems += [
            Problem("busy", "a pair guards some stations", "", 0, "block_size", f"{worst:g}", "more than 0")
            for worst in wide[1][~((wide[1] > 0) & (wide[1] < np.inf))][:1]
        ]
        if problems:
            raise InputError(problems)
        return cls(wide[0], wide[1], wide[2], float(squad))

    def pair_of(self, sector: ArrayLike, size: ArrayLike) -> Floats:
        """Busy probability of pairs with blocks of other sizes.

        A pair passes on what it cannot take: a loss system with one server, busy = load / (1 + load) (Erlang 1917), the
        load in proportion to its stations.

        Example:
            >>> busy = Busy(np.array([0.2]), np.array([5.0]), np.array([0.0]), 0.0)
            >>> busy.pair_of([0, 0], [5.0, 20.0]).tolist()
            [0.2, 0.5]
        """
        sector = np.asarray(sector, dtype=np.int64)
        share = self.pair[sector]
        load = share / (1.0 - share) * np.asarray(size, dtype=np.float64) / self.block_size[sector]
        return np.asarray(load / (1.0 + load), dtype=np.float64)


def prices_of(
    scenario: Scenario,
    busy: Busy,
    *,
    largest_block: int = LARGEST_BLOCK,
    forward_per_sector: int = FORWARD_PER_SECTOR,
    sites: Collection[str] = (),
    tick: Callable[[], None] | None = None,
) -> Prices:
    """Price every choice once.

    Demand that finds all patrols busy falls to squads. How much that is depends on the pattern and the patrols, what it
    costs on the squads: a product of two decisions. It is taken to first order: patterns and patrols are charged as if
    a squad waited next door, the squads' real places at the amount under the plan ``busy`` was measured for.

    Args:
        scenario: what is known.
        busy: measured in simulation, see :class:`Busy`.
        largest_block: stations a pair of the low class may guard at most.
        forward_per_sector: villages of each sub-district that are tried as forward posts.
        sites: further villages that must be tried, such as those where squads are locked.
        tick: called now and then, for a clock that may stop the work.

    Raises:
        InputError: ``largest_block`` lies below the pattern of the low class.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> prices = prices_of(scenario, Busy.of(scenario, 0.03, 7, 0.05, 0.01))
        >>> int(prices.guards.block_size.min()), int(prices.guards.block_size.max())
        (6, 24)
    """
    pattern = scenario.settings.patterns.low.tps
    if largest_block < pattern:
        what, remedy = "no pattern is left to choose", "allow larger blocks"
        bound = say("at least {least}, the pattern of the low class", least=pattern)
        raise InputError([Problem(say("largest block"), what, remedy, value=str(largest_block), bound=bound)])
    demand = expected_demand(scenario)
    work = _Work(scenario, demand, curves_of(scenario, demand), busy)
    squads, beside, charged = _squad_prices(work, forward_per_sector, sites)
    sectors = len(scenario.villages.subdistrict_codes)
    weighted = _totals(demand.weighted, scenario.villages.subdistrict, sectors)
    return Prices(_guard_prices(work, beside, charged, largest_block, tick), squads, weighted)


@dataclass(frozen=True, eq=False)
class _Work:
    scenario: Scenario
    demand: Demand
    curves: Curves
    busy: Busy

    def cells(self) -> Iterator[tuple[int, int, Floats, Waits]]:
        """Kind, first level, expected incidents at each station, and the waits of the chain of command."""
        village, mean = self.scenario.stations.village, self.demand.mean
        for kind, level in zip(*np.nonzero(mean.sum(axis=2) > 0), strict=True):
            asked = waits(self.scenario, self.demand.kinds[kind], int(level))
            if min(asked[:4]) < np.inf or asked.others:  # else it needs nobody of this ladder
                at_station = mean[kind, level, village] / self.demand.stations[village]
                yield int(kind), int(level), at_station, asked

    def minutes(self, unit: str, nodes: Integers) -> Floats:
        """Mean minutes of turn-out and travel from nodes to stations, friction included, shape (stations, nodes)."""
        ground, model = ground_of(self.scenario), next(u for u in self.scenario.settings.units if u.kind == unit)
        vehicle = VEHICLES.index(model.vehicle)
        travel = ground.travel.minutes[vehicle][np.ix_(nodes, ground.station_node)].T
        turnout = triangular_mean(model.turnout_min) if model.turnout_min is not None else 0.0
        friction = triangular_mean(self.scenario.settings.travel.friction)
        return np.asarray(turnout + friction * (travel + ground.stretch_min[vehicle][:, None]), dtype=np.float64)

    def patrol_minutes(self) -> Floats:
        """From the post of its own sub-district to each station, shape (stations,)."""
        nodes = [site_node(self.scenario, code) for code in polsek_of(self.scenario)]
        table = self.minutes(PATROL, np.array(nodes, dtype=np.int64))
        return np.asarray(table[np.arange(len(table)), self.scenario.stations.subdistrict], dtype=np.float64)

    def else_minutes(self, kind: int, asked: Waits) -> Floats:
        """Until others on the ladder come, or where there are none until a unit is free again, shape (stations,)."""
        settings = self.scenario.settings
        best = np.full(len(self.scenario.stations), np.inf)
        for unit, minute in asked.others:
            teams = [team for team in settings.teams if team.unit == unit and team.enabled]
            where = [site for team in teams for site in self.scenario.sites_of(team.at)]
            if where:
                nodes = np.array([site_node(self.scenario, site) for site in where], dtype=np.int64)
                best = np.minimum(best, minute + self.minutes(unit, nodes).min(axis=1))
        scene = triangular_mean(settings.incidents[self.demand.kinds[kind]].on_scene_min)
        return np.where(np.isinf(best), asked.end + scene, best)


def candidate_sites(scenario: Scenario) -> Sites:
    """Every site with room: headquarters, each Polsek and Polsubsektor, each village if forward posts are allowed.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> len(candidate_sites(read_scenario("scenarios/kabupaten-semarang")).code)
        255
    """
    posts, villages = scenario.posts, scenario.villages
    headquarters = posts.of_type("polres")[0]
    numbers = [headquarters, *posts.of_type("polsek", "polsubsektor")]
    sector = posts.subdistrict[numbers]
    rayon = np.where(sector < 0, -1, villages.subdistrict_rayon[sector])
    rayon[0] = -1
    code = [posts.code[post] for post in numbers]
    if scenario.settings.siting.forward_posts_at_most > 0:
        code += villages.code
        rayon, sector = np.concatenate([rayon, villages.rayon]), np.concatenate([sector, villages.subdistrict])
    sites = Sites(
        code=tuple(code),
        node=np.array([site_node(scenario, site) for site in code], dtype=np.int64),
        sector=sector,
        rayon=rayon,
        room=np.array([site_room(scenario, site) for site in code], dtype=np.int64),
        forward=np.arange(len(code)) >= len(numbers),
    )
    return sites.take(np.flatnonzero(sites.room > 0))


def _squad_prices(
    work: _Work, forward_per_sector: int, must: Collection[str]
) -> tuple[SquadPrices, dict[tuple[int, int], Floats], Floats]:
    """Prices of squads; what an incident at each station costs with a squad next door; what is charged here."""
    scenario, sites = work.scenario, candidate_sites(work.scenario)
    village, sector = scenario.stations.village, scenario.stations.subdistrict
    villages, sectors = len(scenario.villages), len(scenario.villages.subdistrict_codes)
    travel = work.minutes(SQUAD, sites.node)
    own_rayon = (sites.rayon[None, :] == scenario.villages.rayon[village][:, None]) & (sites.rayon >= 0)[None, :]
    first, third = np.zeros((villages, len(sites.node))), np.zeros((villages, len(sites.node)))
    first_else, third_else, charged = np.zeros(villages), np.zeros(villages), np.zeros(sectors)
    beside: dict[tuple[int, int], Floats] = {}
    head_start = 0.0
    for kind, level, demand, asked in work.cells():
        if np.isfinite(asked.central):
            head_start = max(head_start, asked.central - asked.rayon)
        minutes = np.where(own_rayon, asked.rayon, asked.central) + travel
        others = work.else_minutes(kind, asked)
        without = work.curves.weighted(kind, level, others)
        price = np.minimum(work.curves.weighted(kind, level, minutes), without[:, None])
        beside[kind, level] = price.min(axis=1)
        left = demand * _left_over(work, asked)
        first += _sums(left[:, None] * price, village, villages)
        first_else += _totals(left * without, village, villages)
        charged += _totals(left * beside[kind, level], sector, sectors)
        if work.demand.kinds[kind] == scenario.settings.spreading.kind:
            goes_on = demand * _worth_of_containing(work, kind, level, asked)
            late = work.curves.reached(others)
            reached = np.minimum(work.curves.reached(minutes), late[:, None])
            third += _sums(goes_on[:, None] * reached, village, villages)
            third_else += _totals(goes_on * late, village, villages)
    cluster, clusters = _clusters(scenario)
    of_sector, rayon = np.zeros(clusters, dtype=np.int64), np.zeros(clusters, dtype=np.int64)
    of_sector[cluster], rayon[cluster] = scenario.villages.subdistrict, scenario.villages.rayon
    joined = cluster[village]
    minutes = _sums(travel, joined, clusters) / np.maximum(np.bincount(joined, minlength=clusters), 1)[:, None]
    minutes += np.where(sites.rayon[None, :] == rayon[:, None], 0.0, head_start)
    first, third = _sums(first, cluster, clusters), _sums(third, cluster, clusters)
    first_else, third_else = (_totals(v, cluster, clusters) for v in (first_else, third_else))
    kept = _worth_trying(sites, first + third, forward_per_sector, must)
    order = np.argsort(minutes[:, kept], axis=1, kind="stable")
    first, third = _in_rungs(first[:, kept], third[:, kept], order, first_else + third_else)
    prices = SquadPrices(
        sites=sites.take(kept),
        sector=of_sector,
        order=order,
        first=first,
        first_else=first_else,
        third=third,
        third_else=third_else,
        busy=work.busy.squad,
        levels=scenario.settings.spreading.contained_by_squads,
    )
    return prices, beside, charged


def _clusters(scenario: Scenario) -> tuple[Integers, int]:
    """Cluster of each village: a few near together inside a sub-district (complete linkage on minutes by car)."""
    villages = scenario.villages
    minutes = ground_of(scenario).travel.minutes[VEHICLES.index("car")]
    label, made = np.zeros(len(villages), dtype=np.int64), 0
    for sector in range(len(villages.subdistrict_codes)):
        members = np.flatnonzero(villages.subdistrict == sector)
        wanted = -(-len(members) // VILLAGES_PER_CLUSTER)
        if wanted > 1:
            apart = minutes[np.ix_(members, members)]
            tree = linkage(squareform(np.maximum(apart, apart.T), checks=False), method="complete")
            label[members] = made + fcluster(tree, wanted, criterion="maxclust") - 1
        else:
            label[members] = made
        made = int(label[members].max(initial=made - 1)) + 1
    return label, made


def _worth_trying(sites: Sites, price: Floats, forward_per_sector: int, must: Collection[str]) -> Integers:
    """All posts, and in each sub-district the villages where squads beside those at headquarters would save most."""
    score = np.minimum(price, price[:, :1]).sum(axis=0)
    kept = np.flatnonzero(~sites.forward).tolist()
    for sector in np.unique(sites.sector[sites.forward]).tolist():
        villages = np.flatnonzero(sites.forward & (sites.sector == sector))
        kept += villages[np.argsort(score[villages], kind="stable")][:forward_per_sector].tolist()
    kept += [place for place, code in enumerate(sites.code) if code in must]
    return np.array(sorted(set(kept)), dtype=np.int64)


def _in_rungs(first: Floats, third: Floats, order: Integers, without: Floats) -> tuple[Floats, Floats]:
    """Sites of nearly the same price to a cluster get their mean price: a step of the ladder from the best to none."""
    first, third = (np.maximum.accumulate(np.take_along_axis(price, order, axis=1), axis=1) for price in (first, third))
    for cluster, total in enumerate((first + third).tolist()):
        step = (without[cluster] - total[0]) / RUNGS
        begins, floor = [0], total[0]
        for place, price in enumerate(total):
            if price > floor + step:
                begins.append(place)
                floor = price
        count = np.diff([*begins, len(total)])
        for table in (first, third):
            table[cluster] = np.repeat(np.add.reduceat(table[cluster], begins) / count, count)
    back = np.argsort(order, axis=1)
    return np.take_along_axis(first, back, axis=1), np.take_along_axis(third, back, axis=1)


def _totals(values: Floats, group: Integers, groups: int) -> Floats:
    """Sum of the values of each group, shape (groups,)."""
    return np.asarray(np.bincount(group, weights=values, minlength=groups), dtype=np.float64)


def _sums(values: Floats, group: Integers, groups: int) -> Floats:
    """Sums of the rows of each group, shape (groups, columns)."""
    total = np.zeros((groups, values.shape[1]))
    order = np.argsort(group, kind="stable")
    present, first = np.unique(group[order], return_index=True)
    total[present] = np.add.reduceat(values[order], first, axis=0)
    return total


def _left_over(work: _Work, asked: Waits) -> Floats:
    """Share of demand that falls to squads under the plan ``busy`` was measured for, with one patrol, (stations,)."""
    sector = work.scenario.stations.subdistrict
    pair = work.busy.pair[sector] if np.isfinite(asked.pair) else 1.0
    patrol = work.busy.patrol[sector] if np.isfinite(asked.patrol) else 1.0
    return np.asarray(pair * patrol * np.ones(len(sector)), dtype=np.float64)


def _worth_of_containing(work: _Work, kind: int, level: int, asked: Waits) -> Floats:
    """Weighted minutes of the villages a crowd goes on to if it is not contained at all, shape (stations,).

    Each costs what a crowd costs on average that squads from headquarters answer; and each goes on itself with the
    probability that squads from headquarters come too late to it.
    """
    headquarters = work.scenario.posts.of_type("polres")[0]
    node = np.array([post_node(work.scenario, headquarters)], dtype=np.int64)
    minutes = asked.central + work.minutes(SQUAD, node)[:, 0]
    village = work.scenario.stations.village
    late = work.curves.reached(minutes)[:, None] ** np.arange(work.demand.reached.shape[1])
    villages = (work.demand.reached[village] * late).sum(axis=1)
    return np.asarray(villages * work.curves.weighted(kind, level, minutes).mean(), dtype=np.float64)


def _drawn_blocks(
    scenario: Scenario, largest_block: int, tick: Callable[[], None] | None
) -> Iterator[tuple[dict[int, int], Integers]]:
    """Blocks with every number of pairs a sub-district may have, as the builder draws them.

    Where a sub-district has fewer choices than others, its last one comes again.
    """
    stations = scenario.stations
    low = stations.subdistrict[stations.station_class == CLASSES.index("low")]
    counts = np.bincount(low, minlength=len(scenario.villages.subdistrict_codes)).tolist()
    smallest = scenario.settings.patterns.low.tps
    choices = [range(-(-count // largest_block), -(-count // smallest) + 1) for count in counts]
    for turn in range(max(len(choice) for choice in choices)):
        if tick is not None:
            tick()
        pairs = tuple(choice[min(turn, len(choice) - 1)] for choice in choices)
        yield dict(enumerate(pairs)), _drawn(scenario, pairs)


@lru_cache(maxsize=512)
def _drawn(scenario: Scenario, pairs: tuple[int, ...]) -> Integers:
    """Blocks with so many pairs of the low class in each sub-district; kept, prices share them."""
    return build_blocks(scenario, dict(enumerate(pairs)))


def _guard_prices(
    work: _Work,
    beside: dict[tuple[int, int], Floats],
    charged: Floats,
    largest_block: int,
    tick: Callable[[], None] | None,
) -> GuardPrices:
    scenario, sector = work.scenario, work.scenario.stations.subdistrict
    sectors = len(scenario.villages.subdistrict_codes)
    low = np.bincount(sector[scenario.stations.station_class == CLASSES.index("low")], minlength=sectors)
    smallest = scenario.settings.patterns.low.tps
    need = [pairs_needed(scenario, s, smallest) for s in range(sectors)]
    others = [sum(pairs.values()) - pairs["low"] for pairs in need]
    station = _StationPrices.of(work, beside)
    rows: dict[tuple[int, int], tuple[float, float, float]] = {}
    inside = [between_stations(ground_of(scenario), np.flatnonzero(sector == s)) for s in range(sectors)]
    for pairs, block in _drawn_blocks(scenario, largest_block, tick):
        under = station.under(work, block, inside)
        own, to_patrol, to_squad = (_totals(value, sector, sectors) for value in under)
        rows |= {(s, pairs[s]): (float(own[s]), float(to_patrol[s]), float(to_squad[s])) for s in range(sectors)}
    number, low_pairs = np.array(sorted(rows), dtype=np.int64).T
    own, to_patrol, to_squad = np.array([rows[key] for key in sorted(rows)]).T
    return GuardPrices(
        sector=number,
        low_pairs=low_pairs,
        officers=PAIR_PERSONS * (low_pairs + np.array(others, dtype=np.int64)[number]),
        block_size=-(-low[number] // np.maximum(low_pairs, 1)),
        own=own,
        to_patrol=to_patrol,
        to_squad=to_squad,
        patrol_first=_totals(station.patrol_first, sector, sectors),
        squad_first=_totals(station.squad_first, sector, sectors),
        charged=charged,
        busy=work.busy.patrol,
        polsek=polsek_of(scenario),
    )


@dataclass(frozen=True, eq=False)
class _StationPrices:
    """Weighted minutes at each station by who serves it; ``cells`` is what a guard pair may serve, with its delay."""

    cells: tuple[tuple[int, int, Floats, float], ...]
    patrol: Floats
    squad: Floats
    patrol_first: Floats
    squad_first: Floats

    @classmethod
    def of(cls, work: _Work, beside: dict[tuple[int, int], Floats]) -> _StationPrices:
        minutes, n = work.patrol_minutes(), len(work.scenario.stations)
        cells = []
        patrol, squad, patrol_first, squad_first = (np.zeros(n) for _ in range(4))
        for kind, level, demand, asked in work.cells():
            by_squad = demand * beside[kind, level]
            goes = np.isfinite(asked.patrol)
            by_patrol = demand * work.curves.weighted(kind, level, asked.patrol + minutes) if goes else by_squad
            if np.isfinite(asked.pair):
                cells.append((kind, level, demand, asked.pair))
                patrol, squad = patrol + by_patrol, squad + by_squad
            else:
                patrol_first, squad_first = patrol_first + by_patrol, squad_first + by_squad
        return cls(tuple(cells), patrol, squad, patrol_first, squad_first)

    def under(self, work: _Work, block: Integers, inside: list[Floats]) -> tuple[Floats, Floats, Floats]:
        """Served by the own pair, by a patrol and by a squad next door under these blocks, each shape (stations,)."""
        sector = work.scenario.stations.subdistrict
        size = np.bincount(block)
        place = np.arange(len(sector)) - np.searchsorted(np.sort(sector), sector)
        friction = triangular_mean(work.scenario.settings.travel.friction)
        order = np.argsort(block, kind="stable")
        # Every place the pair may stand in with every station of its block: the pair walks its block evenly.
        ends = np.cumsum(size)
        members = [order[end - n : end] for end, n in zip(ends.tolist(), size.tolist(), strict=True)]
        minutes = np.concatenate([inside[sector[m[0]]][np.ix_(place[m], place[m])].ravel() for m in members])
        at = np.concatenate([np.tile(m, len(m)) for m in members])
        cost = np.zeros(len(sector))
        for kind, level, demand, delay in self.cells:
            waited = work.curves.weighted(kind, level, delay + friction * minutes)
            cost += demand * np.bincount(at, weights=waited, minlength=len(sector)) / size[block]
        busy = work.busy.pair_of(sector, size[block])
        return (1.0 - busy) * cost, busy * self.patrol, busy * self.squad
