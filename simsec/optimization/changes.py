"""The few changes: from a given plan toward a better one in whole moves, the most useful first.

Two plans differ in blocks of sub-districts, in patrols at posts and in squads at sites. The differences are joined into
moves that the strength allows one by one: squads from one site to another; a sub-district redrawn with more pairs
together with the patrols, or the pairs elsewhere, that pay for them. Moves are chosen greedily by simulated gain, on
days of their own, looking again only at those that could still be best (the accelerated greedy of Minoux 1978, exact
where gains shrink as moves are added); what each is worth is then told on further days that chose nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from simsec.analysis.intervals import Estimate
from simsec.analysis.replications import DayKey, Replications, day_keys, replicate_plans
from simsec.analysis.workers import Progress, Workers
from simsec.geography.graph import VEHICLES
from simsec.geography.ground import ground_of, site_node
from simsec.optimization.aims import Aim, daily, family_of, gain, measured
from simsec.optimization.budget import days_that_count
from simsec.optimization.guard import Guarded, guard, refused
from simsec.optimization.judge import JUDGING_FIRST
from simsec.plan.doctrine import polsek_of
from simsec.plan.feasibility import plan_problems
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

Integers = NDArray[np.int64]
CHANGES_FIRST = JUDGING_FIRST + 1_000_000  # days that rank moves; those that tell their worth lie beyond
TELLING_FIRST = CHANGES_FIRST + 500_000
RANKING = {"ordinary": 20, "heavy_rain": 12, "rumour": 12, "severe": 48}
TELLING = {"ordinary": 60, "heavy_rain": 40, "rumour": 40, "severe": 120}
MOST_CHANGES = 8
SQUADS, PATROLS, BLOCKS = "squads", "patrols", "blocks"


@dataclass(frozen=True)
class Part:
    """One difference: at a site by so many squads or patrols, or the blocks of a sub-district by so many pairs.

    Attributes:
        kind: ``squads``, ``patrols`` or ``blocks``.
        place: code of the site, or of the sub-district.
        by: how many more, negative for fewer; blocks may be redrawn by none.
    """

    kind: str
    place: str
    by: int


@dataclass(frozen=True)
class Move:
    """Parts that are carried out together."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, eq=False)
class Change:
    """A move in its place on the list.

    Attributes:
        move: what is done.
        gain: over the plan with the moves before it, on days that ranked nothing.
        cumulative: over the given plan, with all moves up to this one.
        share: cumulative gain as a share of that of the whole target plan; nan where that is not above zero.
        losers: codes of sub-districts that this move leaves with longer waits beyond chance, on days without a severe
            event.
        guarded: how the other families fare with all moves up to this one, against the given plan.
        plan: the given plan with all moves up to this one.
    """

    move: Move
    gain: Estimate
    cumulative: Estimate
    share: float
    losers: tuple[str, ...]
    guarded: tuple[Guarded, ...]
    plan: Plan

    @property
    def refused(self) -> tuple[Guarded, ...]:
        """Families that are worse with all moves up to this one."""
        return refused(self.guarded)


@dataclass(frozen=True, eq=False)
class Changes:
    """A ranked list of moves.

    Attributes:
        given, target: from where, toward where.
        full: gain of the target over the given plan, on the same further days.
        ranked: the moves, most useful first.
        left: moves that were not worth making, or beyond the number asked for.
        ranking_days, telling_days: how many ranked, how many told.
    """

    given: Plan
    target: Plan
    full: Estimate
    ranked: tuple[Change, ...]
    left: tuple[Move, ...]
    ranking_days: int
    telling_days: int

    @property
    def plan(self) -> Plan:
        """The given plan with all the moves of the list."""
        return self.ranked[-1].plan if self.ranked else self.given


def keep_numbers(old: Integers, new: Integers) -> Integers:
    """Number new blocks so that a block that stays keeps its number, and others that of the block they share most with.

    Numbers run from 0 without a gap, so a block that stays changes its number only where fewer blocks than that are
    left.

    Args:
        old: block of each station before, shape (stations,).
        new: block of each station now, shape (stations,).

    Example:
        >>> keep_numbers(np.array([0, 0, 1, 2, 2]), np.array([1, 2, 0, 3, 3])).tolist()
        [0, 3, 1, 2, 2]
    """
    blocks, before = int(new.max()) + 1, int(old.max()) + 1
    shared = np.zeros((blocks, max(blocks, before)))
    np.add.at(shared, (new, old), 1.0)
    whole = (shared == np.bincount(new, minlength=blocks)[:, None]) & (shared > 0)
    whole[:, :before] &= shared[:, :before] == np.bincount(old, minlength=before)
    shared[whole] += len(old)  # a block that stays comes before any other
    row, column = linear_sum_assignment(-shared[:, :blocks])
    number = np.empty(blocks, dtype=np.int64)
    number[row] = column
    return number[new]


def moves_between(scenario: Scenario, given: Plan, target: Plan) -> list[Move]:
    """The whole moves that lead from a plan to another.

    Args:
        scenario: what is known.
        given: from where.
        target: toward where.

    Returns:
        Moves that, all made, give the placement of the target; each takes no more officers or squads than it frees,
        save what the given plan leaves idle.

    Example:
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> plan = doctrine(scenario, 8)
        >>> headquarters, polsek = scenario.posts.code[0], polsek_of(scenario)[3]
        >>> moved = replace(plan, squads={headquarters: plan.reserve_squads - 2, polsek: 2})
        >>> [(part.kind, part.by) for part in moves_between(scenario, plan, moved)[0].parts]
        [('squads', -2), ('squads', 2)]
    """
    return [*_squad_moves(scenario, given, target), *_officer_moves(scenario, given, target)]


def _differences(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    each = {site: second.get(site, 0) - first.get(site, 0) for site in sorted({*first, *second})}
    return {site: by for site, by in each.items() if by}


def _minutes(scenario: Scenario, first: str, second: str) -> float:
    table = ground_of(scenario).travel.minutes[VEHICLES.index("car")]
    return float(table[site_node(scenario, first), site_node(scenario, second)])


def _squad_moves(scenario: Scenario, given: Plan, target: Plan) -> list[Move]:
    """From sites with too many to sites with too few, the nearest first; whoever is left over comes or goes alone."""
    by = _differences(given.squads, target.squads)
    moves = []
    for site in sorted((s for s in by if by[s] > 0), key=lambda s: (-by[s], s)):
        for source in sorted((s for s in by if by[s] < 0), key=lambda s: (_minutes(scenario, s, site), s)):
            count = min(by[site], -by[source])
            if count > 0:
                moves.append(Move((Part(SQUADS, source, -count), Part(SQUADS, site, count))))
                by[site] -= count
                by[source] += count
    return [*moves, *(Move((Part(SQUADS, site, left),)) for site, left in by.items() if left)]


def _officer_moves(scenario: Scenario, given: Plan, target: Plan) -> list[Move]:
    """Redrawn sub-districts and patrols, joined so that who comes is paid by who goes."""
    codes, polsek = scenario.villages.subdistrict_codes, polsek_of(scenario)
    patrols = _differences(given.patrols, target.patrols)
    redrawn = _redrawn(scenario, given, target)
    group: dict[str, int] = {code: number for number, code in enumerate(redrawn)}
    free = dict(patrols)
    spare = {code: -by for code, by in redrawn.items() if by < 0}
    taken: dict[int, dict[str, int]] = {}
    at = {code: polsek[codes.index(code)] for code in redrawn}

    def take(number: int, wanted: int, near: str) -> int:
        """Pay from patrols that go, nearest first, then from sub-districts that give pairs; what remains unpaid."""
        for site in sorted((s for s in free if free[s] < 0), key=lambda s: (_minutes(scenario, s, near), s)):
            count = min(wanted, -free[site])
            taken.setdefault(number, {})
            taken[number][site] = taken[number].get(site, 0) - count
            free[site] += count
            wanted -= count
            if not wanted:
                return 0
        for code in sorted((c for c in spare if spare[c] > 0), key=lambda c: (_minutes(scenario, at[c], near), c)):
            count = min(wanted, spare[code])
            spare[code] -= count
            wanted -= count
            old, new = group[code], number
            for other in [c for c, g in group.items() if g == old]:
                group[other] = new
            for site, by in taken.pop(old, {}).items() if old != new else ():
                taken.setdefault(new, {})
                taken[new][site] = taken[new].get(site, 0) + by
            if not wanted:
                return 0
        return wanted

    for code in sorted((c for c in redrawn if redrawn[c] > 0), key=lambda c: (-redrawn[c], c)):
        take(group[code], redrawn[code], at[code])
    alone = len(redrawn)
    for site in sorted((s for s in free if free[s] > 0), key=lambda s: (-free[s], s)):
        alone += 1
        taken.setdefault(alone, {})
        taken[alone][site] = taken[alone].get(site, 0) + free[site]
        take(alone, free[site], site)
        free[site] = 0
    moves = []
    for number in dict.fromkeys([*group.values(), *taken]):
        parts = [Part(BLOCKS, code, redrawn[code]) for code, g in group.items() if g == number]
        parts += [Part(PATROLS, site, by) for site, by in sorted(taken.get(number, {}).items()) if by]
        if parts:
            moves.append(Move(tuple(parts)))
    moves += [Move((Part(PATROLS, site, by),)) for site, by in free.items() if by]
    return moves


def _redrawn(scenario: Scenario, given: Plan, target: Plan) -> dict[str, int]:
    """Sub-districts whose blocks differ as sets of stations, and by how many pairs."""
    place = scenario.stations.subdistrict
    found = {}
    for sector, code in enumerate(scenario.villages.subdistrict_codes):
        first, second = given.block[place == sector], target.block[place == sector]
        if not len(first):
            continue
        pairs = {(int(a), int(b)) for a, b in zip(first, second, strict=True)}
        if len(pairs) > len(set(first.tolist())) or len(pairs) > len(set(second.tolist())):
            found[code] = len(set(second.tolist())) - len(set(first.tolist()))
    return found


def with_moves(scenario: Scenario, given: Plan, target: Plan, moves: Sequence[Move], name: str) -> Plan:
    """The given plan with some of the moves made; stations that are not touched keep the number of their pair.

    Args:
        scenario: what is known.
        given: from where.
        target: toward where; it says how redrawn sub-districts are drawn.
        moves: which of :func:`moves_between`.
        name: of the plan.
    """
    squads, patrols, block = dict(given.squads), dict(given.patrols), given.block.copy()
    place, codes = scenario.stations.subdistrict, scenario.villages.subdistrict_codes
    fresh = int(given.block.max()) + 1
    for part in (part for move in moves for part in move.parts):
        if part.kind == BLOCKS:
            inside = place == codes.index(part.place)
            block[inside] = fresh + target.block[inside]
        else:
            into = squads if part.kind == SQUADS else patrols
            into[part.place] = into.get(part.place, 0) + part.by
    numbered = np.unique(block, return_inverse=True)[1].astype(np.int64)
    kept = {site: count for site, count in squads.items() if count}
    block = keep_numbers(given.block, numbered)
    return replace(given, name=name, block=block, patrols=patrols, squads=kept, scenario_hash=scenario.hash)


def few_changes(
    scenario: Scenario,
    given: Plan,
    target: Plan,
    workers: Workers,
    *,
    seed: int = 1,
    most: int = MOST_CHANGES,
    aim: Aim = "primary",
    must: Collection[str] = (),
    ranking: Mapping[str, int] = RANKING,
    telling: Mapping[str, int] = TELLING,
    progress: Callable[[str], Progress] | None = None,
) -> Changes:
    """Rank the moves from a plan toward a better one and tell what each is worth.

    Args:
        scenario: what is known.
        given: the office's own plan, or doctrine.
        target: a better plan.
        workers: their number changes no result.
        seed: of the days.
        most: moves on the list.
        aim: what is looked for.
        must: places whose moves come first whatever they gain, such as posts locked by hand; also beyond ``most``.
        ranking: day type -> days that rank the moves.
        telling: day type -> further days that tell gains.
        progress: gives a progress function for each stage: ``ranking``, ``telling``.
    """
    moves = moves_between(scenario, given, target)
    keys = day_keys(days_that_count(scenario, ranking), (seed,), CHANGES_FIRST)
    judge = _Judge(scenario, given, target, workers, keys, aim)
    first = [move for move in moves if any(part.place in must for part in move.parts)]
    order = _greedy(judge, moves, first, most, progress("ranking") if progress else None)
    plans = [
        given,
        *(with_moves(scenario, given, target, order[: n + 1], f"{n + 1}") for n in range(len(order))),
        target,
    ]
    telling_keys = day_keys(days_that_count(scenario, telling), (seed,), TELLING_FIRST)
    runs = replicate_plans(
        scenario, plans, telling_keys, workers, progress=progress("telling") if progress else None
    )
    full = gain(scenario, runs[0], runs[-1], aim)
    ranked = []
    for number, move in enumerate(order, start=1):
        total = gain(scenario, runs[0], runs[number], aim)
        ranked.append(
            Change(
                move=move,
                gain=gain(scenario, runs[number - 1], runs[number], aim),
                cumulative=total,
                share=total.mean / full.mean if full.mean > 0 else float("nan"),
                losers=_losers(scenario, runs[number - 1], runs[number]),
                guarded=guard(scenario, runs[0], runs[number], family_of(aim)),
                plan=replace(plans[number], name="changed"),
            )
        )
    left = tuple(move for move in moves if move not in order)
    return Changes(given, target, full, tuple(ranked), left, len(keys), len(telling_keys))


@dataclass(eq=False)
class _Judge:
    """Plays the given plan with some moves on the ranking days."""

    scenario: Scenario
    given: Plan
    target: Plan
    workers: Workers
    keys: tuple[DayKey, ...]
    aim: Aim

    def measures(self, sets: Sequence[Sequence[Move]]) -> list[float]:
        """Measure with each set of moves; infinite where the strength does not allow it."""
        plans = [with_moves(self.scenario, self.given, self.target, moves, "tried") for moves in sets]
        allowed = [n for n, plan in enumerate(plans) if not plan_problems(self.scenario, plan)]
        found = [float("inf")] * len(sets)
        runs = replicate_plans(self.scenario, [plans[n] for n in allowed], self.keys, self.workers) if allowed else []
        for number, played in zip(allowed, runs, strict=True):
            values = daily(self.scenario, played, self.aim)
            found[number] = measured(self.scenario, values, played.stratum, self.aim).mean
        return found


def _greedy(
    judge: _Judge, moves: Sequence[Move], first: Sequence[Move], most: int, progress: Progress | None
) -> list[Move]:
    """The first moves, then those of the largest marginal gain on the ranking days, until none gains or enough are."""
    if not moves or most < 1:
        return []
    chosen = [moves.index(move) for move in first]
    rest = [number for number in range(len(moves)) if number not in chosen]
    now, *alone = judge.measures([first, *([*first, moves[number]] for number in rest)])
    worth = {number: now - found for number, found in zip(rest, alone, strict=True)}
    fresh = set(worth)
    rounds = min(most, len(moves))
    while worth and len(chosen) < rounds:
        best = max(worth, key=lambda number: (worth[number], -number))
        if best not in fresh:  # its worth is from an earlier round: look again
            found = judge.measures([[moves[n] for n in chosen] + [moves[best]]])[0]
            worth[best] = now - found
            fresh.add(best)
            continue
        if not worth[best] > 0:
            break
        now -= worth.pop(best)
        chosen.append(best)
        fresh = set()
        if progress:
            progress(len(chosen), rounds)
    if progress:
        progress(rounds, rounds)
    return [moves[number] for number in chosen]


def _losers(scenario: Scenario, before: Replications, after: Replications) -> tuple[str, ...]:
    """Sub-districts that wait longer by more than two standard errors, on days without a severe event."""
    calm = before.stratum != DAY_TYPES.index("severe")
    found = []
    for sector, code in enumerate(scenario.villages.subdistrict_codes):
        lost = (after.by_sector - before.by_sector)[calm, sector]
        if len(lost) > 1 and lost.std(ddof=1) > 0 and lost.mean() > 2.0 * lost.std(ddof=1) / len(lost) ** 0.5:
            found.append(code)
    return tuple(found)
