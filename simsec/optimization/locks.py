"""What a planner has fixed by hand: blocks of a plan, patrols and squads at a post; and doctrine that respects it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from simsec.base.errors import InputError, Problem, say
from simsec.optimization.choices import Bounds
from simsec.plan.blocks import build_blocks, kept_blocks
from simsec.plan.doctrine import apportion, polsek_of
from simsec.plan.feasibility import plan_problems, site_room
from simsec.plan.files import read_plan
from simsec.plan.ledger import PAIR_PERSONS, ledger_of
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES
from simsec.scenario.tables import Column, read_table

# Numbers as texts: an empty cell is free, nought is nought.
LOCK_COLUMNS = (
    Column("site_code", meaning="post, or village as forward post"),
    Column("site", required=False, optional=True, meaning="name, for people"),
    Column("patrols", required=False, optional=True, meaning="patrols of two that must wait there; empty: free"),
    Column("squads", required=False, optional=True, meaning="squads that must wait there; empty: free"),
)


@dataclass(frozen=True, eq=False)
class Locks:
    """Choices that are no longer free.

    Attributes:
        patrols: post of a sub-district -> patrols, neither more nor fewer.
        squads: post or village -> squads, neither more nor fewer.
        plan: whose blocks with a locked station stay as they are; None when no block is locked.
    """

    patrols: Mapping[str, int] = field(default_factory=dict)
    squads: Mapping[str, int] = field(default_factory=dict)
    plan: Plan | None = None

    def __bool__(self) -> bool:
        """Whether anything is locked."""
        return bool(self.patrols or self.squads or self.plan is not None)


def read_locks(path: Path, scenario: Scenario) -> Locks:
    """Read what is locked: a plan folder (rows of ``blocks.csv`` with locked = 1) or a CSV of posts.

    The CSV has the columns ``site_code``, ``patrols`` and ``squads``; an empty cell leaves the choice free. So
    ``33.22.05-polsek,,2`` sends twenty officers of the reserve there, in squads of ten.

    Raises:
        InputError: everything wrong with the file, at once.
    """
    if path.is_dir():
        plan = read_plan(path, scenario)
        if not plan.locked.any():
            remedy = say("set locked to 1 in {file}, or give a CSV of posts", file="blocks.csv")
            raise InputError([Problem(str(path), "the plan locks nothing", remedy)])
        return Locks(plan=plan)
    table = read_table(path, LOCK_COLUMNS, "site_code")
    polsek, problems = polsek_of(scenario), []
    patrols: dict[str, int] = {}
    squads: dict[str, int] = {}
    sites = table.texts("site_code")
    for column, into in (("patrols", patrols), ("squads", squads)):
        for row, cell in enumerate(table.texts(column) if column in table.columns else []):
            if cell.strip().isdecimal():
                into[sites[row]] = int(cell)
            elif cell.strip():
                problem = Problem(path.name, "not a whole number", "", table.line[row], column, cell, "0 or more")
                problems.append(problem)
    for row, site in enumerate(sites):
        if site not in scenario.posts.code and site not in scenario.villages.code:
            what, remedy = "no such post or village", "use a code of the scenario"
            problems.append(Problem(path.name, what, remedy, table.line[row], "site_code", site))
            continue
        if site in patrols and site not in polsek:
            what = say("patrols are placed at the post of a sub-district only")
            problems.append(Problem(path.name, what, "lock squads there", table.line[row], "patrols", site))
        elif patrols.get(site, 1) < 1:
            what, remedy = "every Polsek keeps its commander and one patrol", "give 1 or more"
            problems.append(Problem(path.name, what, remedy, table.line[row], "patrols", str(patrols[site])))
        if squads.get(site, 0) > site_room(scenario, site):
            what, bound = say("no room at {site}", site=site), say("at most {most}", most=site_room(scenario, site))
            problems.append(Problem(path.name, what, "lock fewer", table.line[row], "squads", str(squads[site]), bound))
    problems += over_strength(scenario, Locks(patrols, squads), path.name)
    if problems:
        raise InputError(problems)
    return Locks(patrols, squads)


def joined(locks: Sequence[Locks]) -> Locks:
    """Locks of several files as one; the last file has the last word on a post.

    Raises:
        InputError: two plans lock blocks.
    """
    plans = [one.plan for one in locks if one.plan is not None]
    if len(plans) > 1:
        raise InputError([Problem("--lock", "two plans lock blocks", "give one plan folder")])
    patrols = {site: count for one in locks for site, count in one.patrols.items()}
    squads = {site: count for one in locks for site, count in one.squads.items()}
    return Locks(patrols, squads, plans[0] if plans else None)


def over_strength(scenario: Scenario, locks: Locks, file: str) -> list[Problem]:
    """What is locked beyond the strength, by how much."""
    ledger, problems = ledger_of(scenario), []
    squads = sum(locks.squads.values())
    if squads > ledger.reserve_squads:
        what = say("{squads} squads are locked", squads=squads)
        bound = say("at most {most}", most=ledger.reserve_squads)
        remedy = say("lock {n} fewer", n=squads - ledger.reserve_squads)
        problems.append(Problem(file, what, remedy, column="squads", bound=bound))
    extra = sum(max(count - 1, 0) for count in locks.patrols.values())
    if extra * PAIR_PERSONS > ledger.free:
        what = say("the locked patrols take {used} officers", used=extra * PAIR_PERSONS)
        bound = say("at most {most} ({reading})", most=ledger.free, reading=ledger.reading)
        remedy = say("lock {n} fewer", n=extra - ledger.pairs)
        problems.append(Problem(file, what, remedy, column="patrols", bound=bound))
    return problems


def bounds_of(scenario: Scenario, locks: Locks) -> Bounds:
    """The locks as limits of the deployment model."""
    polsek = polsek_of(scenario)
    pairs = {}
    if locks.plan is not None:
        kept = kept_blocks(locks.plan)
        assert kept is not None
        stations, low = scenario.stations, scenario.stations.station_class == CLASSES.index("low")
        for sector in range(len(polsek)):
            members = low & (stations.subdistrict == sector)
            held = len(np.unique(kept[members & (kept >= 0)]))
            free = bool(np.any(members & (kept < 0)))
            if held:
                pairs[sector] = (held + 1, len(stations)) if free else (held, held)
    patrols = {polsek.index(site): (count, count) for site, count in locks.patrols.items()}
    return Bounds(patrols, pairs, dict(locks.squads))


def locked(scenario: Scenario, plan: Plan, locks: Locks) -> Plan | None:
    """A plan with the locks put upon it, the rest as near as the strength allows; None where it does not allow it.

    Locked squads come from headquarters or, where these are too few, from the largest other site. Locked patrols and
    blocks are paid by patrols elsewhere, in proportion.
    """
    if not locks:
        return plan
    ledger, polsek = ledger_of(scenario, plan.reading), polsek_of(scenario)
    sectors, stations = range(len(polsek)), scenario.stations
    low = stations.station_class == CLASSES.index("low")
    pairs = {s: len(np.unique(plan.block[low & (stations.subdistrict == s)])) for s in sectors}
    for sector, (least, most) in bounds_of(scenario, locks).pairs.items():
        pairs[sector] = min(max(pairs[sector], least), most)
    block = build_blocks(scenario, pairs, kept_blocks(locks.plan)) if locks.plan is not None else plan.block
    extra = (ledger.free - PAIR_PERSONS * (int(block.max()) + 1)) // PAIR_PERSONS
    extra -= sum(count - 1 for count in locks.patrols.values())
    free = [sector for sector in sectors if polsek[sector] not in locks.patrols]
    if extra < 0:
        return None
    patrols = dict(locks.patrols)
    if free:
        weight = np.array([max(plan.patrols.get(polsek[s], 1) - 1, 0) for s in free], dtype=np.float64)
        share = apportion(extra, weight if weight.sum() > 0 else np.ones(len(free)))
        patrols |= {polsek[s]: 1 + int(more) for s, more in zip(free, share, strict=True)}
    squads = {site: count for site, count in plan.squads.items() if site not in locks.squads}
    left = ledger.reserve_squads - sum(locks.squads.values())
    while sum(squads.values()) > max(left, 0):
        largest = max(squads, key=lambda site: (squads[site], site))
        squads[largest] -= 1
    squads |= locks.squads
    mask = plan.locked if locks.plan is None else locks.plan.locked
    found = replace(plan, block=block, patrols=patrols, squads={s: n for s, n in squads.items() if n}, locked=mask)
    return None if plan_problems(scenario, found) else found
