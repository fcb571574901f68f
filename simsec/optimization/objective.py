"""The tables of prices, and what one way to deploy costs over them: the objective, counted without a solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.optimization.solving import SolverName

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sites:
    """Where squads can wait: headquarters, then the other police posts, then villages as forward posts; J in all.

    Attributes:
        code: of the post or the village.
        node, sector: shape (J,).
        rayon: shape (J,), -1 at headquarters, whose squads are central.
        room: squads, shape (J,).
        forward: shape (J,).
    """

    code: tuple[str, ...]
    node: Integers
    sector: Integers
    rayon: Integers
    room: Integers
    forward: NDArray[np.bool_]

    def take(self, kept: Integers) -> Sites:
        """Some of the sites."""
        code = tuple(self.code[place] for place in kept)
        return Sites(code, self.node[kept], self.sector[kept], self.rayon[kept], self.room[kept], self.forward[kept])


@dataclass(frozen=True, eq=False)
class GuardPrices:
    """Guard patterns, one row ``[m]`` for each number of pairs a sub-district may have, and patrols ``[s]``.

    With n patrols the sub-district pays
    ``own + (1 - busy^n) (to_patrol + patrol_first) + busy^n (to_squad + squad_first) - charged``.

    Attributes:
        sector: sub-district, shape (M,), ascending.
        low_pairs: pairs of the low class, shape (M,), ascending inside a sub-district.
        officers: of all pairs, shape (M,).
        block_size: stations of the largest block of the low class, shape (M,).
        own: weighted minutes of what its own free pair serves, shape (M,).
        to_patrol: of what finds the pair busy, served by a patrol, shape (M,).
        to_squad: of the same, served by a squad that waits next door, shape (M,).
        patrol_first: of what asks for a patrol at once, served by it, shape (S,).
        squad_first: of the same, served by a squad that waits next door, shape (S,).
        charged: of what :class:`SquadPrices` charges in full, served by a squad that waits next door, shape (S,).
        busy: of a patrol, shape (S,).
        polsek: post of the sub-district's patrols, S of them.
    """

    sector: Integers
    low_pairs: Integers
    officers: Integers
    block_size: Integers
    own: Floats
    to_patrol: Floats
    to_squad: Floats
    patrol_first: Floats
    squad_first: Floats
    charged: Floats
    busy: Floats
    polsek: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class SquadPrices:
    """What it costs a cluster of villages that its nearest squads wait where they wait.

    Attributes:
        sites: where squads can wait, J of them.
        sector: sub-district of each cluster, shape (C,).
        order: the sites as squads come from them, nearest first, those of its own rayon ahead by a step; shape (C, J).
        first: weighted minutes if the squad that first comes waits at the site, shape (C, J).
        first_else: the same if no squad is free: others on the ladder, or waiting for a unit, shape (C,).
        third: weighted minutes of the villages a crowd goes on to, if the squad that completes containment waits at the
            site, shape (C, J).
        third_else: the same without it, shape (C,).
        busy: of a squad.
        levels: squads that contain a crowd.
    """

    sites: Sites
    sector: Integers
    order: Integers
    first: Floats
    first_else: Floats
    third: Floats
    third_else: Floats
    busy: float
    levels: int


@dataclass(frozen=True, eq=False)
class Prices:
    """Everything the deployment model needs to know, in weighted minutes a day, averaged over the types of day.

    Attributes:
        guards: patterns and patrols.
        squads: the reserve.
        weighted: expected weighted incidents of a day, shape (sub-districts,).
    """

    guards: GuardPrices
    squads: SquadPrices
    weighted: Floats


@dataclass(frozen=True)
class DeploymentOptions:
    """What the model shall look for, and how long.

    Attributes:
        tail_weight: of the tail term beside the mean.
        tail_from: the tail is the mean over the worst 1 - tail_from of the sub-districts.
        containment_weight: of the minutes that a crowd costs which was not contained in time; 1 is as priced.
        patrols_at_most: at one Polsek.
        solver: ``highs`` or ``cbc``.
        gap: relative gap at which the search stops.
        time_limit_s: a safety net.
        seed: of the solver.
    """

    tail_weight: float = 0.2
    tail_from: float = 0.8
    containment_weight: float = 1.0
    patrols_at_most: int = 4
    solver: SolverName = "highs"
    gap: float = 0.005
    time_limit_s: float = 60.0
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Choice:
    """One way to deploy.

    Attributes:
        row: row of :class:`GuardPrices` of each sub-district, shape (S,).
        patrols: at each Polsek, 1 or more, shape (S,).
        squads: at each site, shape (J,).
    """

    row: Integers
    patrols: Integers
    squads: Integers


@dataclass(frozen=True, eq=False)
class Priced:
    """What a choice costs.

    Attributes:
        objective: mean + tail_weight x tail.
        mean: weighted minutes per weighted incident.
        tail: mean excess of the worst sub-districts above the best any plan could give them, in the same unit.
        by_sector: weighted minutes a day in each sub-district, shape (S,).
        best: the least any plan could give each of them, shape (S,).
    """

    objective: float
    mean: float
    tail: float
    by_sector: Floats
    best: Floats


def guard_cost(guards: GuardPrices, row: Integers, patrols: Integers) -> Floats:
    """Weighted minutes a day that sub-districts wait for pairs and patrols; see :class:`GuardPrices`.

    Args:
        guards: prices.
        row: pattern, any shape.
        patrols: at the Polsek of the pattern's sub-district, the same shape.

    Example:
        >>> one, none = np.array([1.0]), np.array([0.0])
        >>> guards = GuardPrices(np.array([0]), np.array([5]), np.array([10]), np.array([6]), 8 * one, 2 * one, 4 * one,
        ...     none, none, none, 0.5 * one, ("polsek",))
        >>> guard_cost(guards, np.array([0, 0]), np.array([1, 2])).tolist()
        [11.0, 10.5]
    """
    sector = guards.sector[row]
    all_busy = guards.busy[sector] ** patrols
    by_patrol = guards.to_patrol[row] + guards.patrol_first[sector]
    by_squad = guards.to_squad[row] + guards.squad_first[sector]
    return np.asarray(guards.own[row] + (1 - all_busy) * by_patrol + all_busy * by_squad - guards.charged[sector])


@dataclass(frozen=True, eq=False)
class Shares:
    """How a cluster's price is put together: of each of its R nearest squads, and of what falls to others.

    Attributes:
        first: the r-th squad is the first free one, shape (R,).
        first_else: no squad is free.
        third: the R-th squad completes containment.
        third_else: one of the first R squads is busy.
    """

    first: Floats
    first_else: float
    third: float
    third_else: float

    @classmethod
    def of(cls, squads: SquadPrices, containment_weight: float) -> Shares:
        """The shares if every squad is busy alike and on its own."""
        q, levels = squads.busy, squads.levels
        all_free = (1 - q) ** levels
        return cls(
            first=np.asarray((1 - q) * q ** np.arange(levels), dtype=np.float64),
            first_else=q**levels,
            third=containment_weight * all_free,
            third_else=containment_weight * (1 - all_free),
        )


def squad_cost(squads: SquadPrices, counts: Integers, containment_weight: float) -> tuple[Floats, Floats]:
    """Weighted minutes a day: of waiting for squads in each cluster, and where its crowd goes on to, shape (C,) each.

    Args:
        squads: prices.
        counts: squads at each site, shape (J,).
        containment_weight: as in :class:`DeploymentOptions`.

    Example:
        >>> sites = Sites(("polres", "polsek"), np.array([0, 1]), np.array([0, 0]), np.array([-1, 0]),
        ...     np.array([9, 3]), np.array([False, False]))
        >>> squads = SquadPrices(sites, np.array([0]), np.array([[1, 0]]), np.array([[5.0, 2.0]]), np.array([9.0]),
        ...     np.array([[7.0, 3.0]]), np.array([8.0]), 0.0, 2)
        >>> [price.tolist() for price in squad_cost(squads, np.array([3, 1]), 1.0)]
        [[2.0], [7.0]]
    """
    within = np.cumsum(counts[squads.order], axis=1)
    place = (within[:, None, :] < np.arange(1, squads.levels + 1)[None, :, None]).sum(axis=2)
    first, third = (
        np.take_along_axis(np.column_stack([np.take_along_axis(price, squads.order, axis=1), other]), place, axis=1)
        for price, other in ((squads.first, squads.first_else), (squads.third, squads.third_else))
    )
    shares = Shares.of(squads, containment_weight)
    waiting = first @ shares.first + squads.first_else * shares.first_else
    return waiting, third[:, -1] * shares.third + squads.third_else * shares.third_else


def best_of_each(prices: Prices, options: DeploymentOptions, most_patrols: int | None = None) -> Floats:
    """The least any plan could give each sub-district: best pattern and patrols, all squads next door, shape (S,)."""
    most = most_patrols or options.patrols_at_most
    guards, squads = prices.guards, prices.squads
    sectors = len(guards.polsek)
    rows = np.arange(len(guards.sector))
    each = [guard_cost(guards, rows, np.full(len(rows), n)) for n in range(1, most + 1)]
    guarded = np.minimum.reduceat(np.min(each, axis=0), np.searchsorted(guards.sector, np.arange(sectors)))
    q = squads.busy**squads.levels
    near = (1 - q) * squads.first.min(axis=1) + q * squads.first_else
    return guarded + np.bincount(squads.sector, weights=near, minlength=sectors)


def price(prices: Prices, choice: Choice, options: DeploymentOptions, most_patrols: int | None = None) -> Priced:
    """Price a choice without a solver.

    Args:
        prices: of everything.
        choice: one way to deploy.
        options: what the model looks for.
        most_patrols: at one Polsek, where limits set by hand allow more than the options do.

    Example:
        >>> from simsec.optimization.pricing import Busy, prices_of
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> prices = prices_of(scenario, Busy.of(scenario, 0.03, 7, 0.05, 0.01), forward_per_sector=0)
        >>> squads = np.zeros(len(prices.squads.sites.code), dtype=np.int64)
        >>> squads[0] = 10
        >>> rows = np.searchsorted(prices.guards.sector, np.arange(19))
        >>> priced = price(prices, Choice(rows, np.ones(19, dtype=np.int64), squads), DeploymentOptions())
        >>> priced.objective > priced.mean > 0
        True
    """
    sectors = len(prices.guards.polsek)
    waiting, spreading = squad_cost(prices.squads, choice.squads, options.containment_weight)
    by_sector = guard_cost(prices.guards, choice.row, choice.patrols)
    by_sector = by_sector + np.bincount(prices.squads.sector, weights=waiting, minlength=sectors)
    best = best_of_each(prices, options, most_patrols)
    present = prices.weighted > 0
    excess = np.sort((by_sector - best)[present] / prices.weighted[present])[::-1]
    worst = (1 - options.tail_from) * len(excess)
    tail = float(excess @ np.clip(worst - np.arange(len(excess)), 0.0, 1.0) / worst)
    mean = float((by_sector.sum() + spreading.sum()) / prices.weighted.sum())
    return Priced(mean + options.tail_weight * tail, mean, tail, by_sector, best)
