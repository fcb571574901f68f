"""Can the strength staff it? The arithmetic of patterns, twice, and the check every plan must pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simsec.base.errors import InputError, Problem, say
from simsec.plan.blocks import block_key, pairs_needed
from simsec.plan.doctrine import LARGEST_BLOCK, polsek_of
from simsec.plan.ledger import PAIR_PERSONS, Ledger, ledger_of
from simsec.plan.plan import Plan
from simsec.plan.prepositioned import prepositioned_problems
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES, Policy, Reading


@dataclass(frozen=True)
class PatternRow:
    """Police a block size needs: over the whole regency, and with blocks that stay inside sub-districts."""

    tps_per_pair: int
    police_regency: int
    police_inside_subdistricts: int
    available: int

    @property
    def feasible(self) -> bool:
        """Whether the strength staffs it with blocks inside sub-districts."""
        return self.police_inside_subdistricts <= self.available


def pattern_rows(scenario: Scenario, reading: Reading | None = None) -> list[PatternRow]:
    """The arithmetic of every block size from the pattern of the low class upward.

    Police needed = sum over classes of 2 x ceil(stations of the class / stations per pair).

    Example:
        >>> from simsec.scenario import read_scenario
        >>> row = pattern_rows(read_scenario("scenarios/kabupaten-semarang"))[0]
        >>> row.tps_per_pair, row.available, row.feasible
        (6, 575, False)
    """
    ledger = ledger_of(scenario, reading)
    counts = np.bincount(scenario.stations.station_class, minlength=len(CLASSES))
    rows = []
    for size in range(scenario.settings.patterns.low.tps, LARGEST_BLOCK + 1):
        sizes = [size if name == "low" else getattr(scenario.settings.patterns, name).tps for name in CLASSES]
        regency = sum(-(-int(count) // per_pair) for count, per_pair in zip(counts, sizes, strict=True))
        inside = sum(
            sum(pairs_needed(scenario, sector, size).values())
            for sector in range(len(scenario.villages.subdistrict_codes))
        )
        rows.append(PatternRow(size, regency * PAIR_PERSONS, inside * PAIR_PERSONS, ledger.free))
    return rows


def site_room(scenario: Scenario, site: str) -> int:
    """Squads that can wait at a site: headquarters, a Polsek or Polsubsektor, a village as forward post; else 0."""
    siting, posts = scenario.settings.siting, scenario.posts
    if site in posts.code:
        kind = posts.type[posts.code.index(site)]
        return {
            "polres": siting.room_squads_hq,
            "polsek": siting.room_squads_polsek,
            "polsubsektor": siting.room_squads_polsek,
        }.get(kind, 0)
    return siting.room_squads_forward if site in scenario.villages.code else 0


def policy_problems(scenario: Scenario, policy: Policy, file: str) -> list[Problem]:
    """What a policy misses in a scenario: only one asks for something, its lists."""
    if policy.name != "preference_list" or (scenario.general is not None and scenario.general.preference.size):
        return []
    what = "the scenario has no preference lists"
    return [Problem(file, what, "choose another policy", column="policy", value=policy.name)]


def plan_problems(scenario: Scenario, plan: Plan, file: str = "plan") -> list[Problem]:
    """Everything that keeps a plan from being carried out; empty when it can be.

    Checks without any solver: whole pairs and squads against the ledger, room at sites, patterns as a ceiling, blocks
    inside sub-districts and classes, one patrol at every Polsek.
    """
    if len(plan.block) != len(scenario.stations):
        what = "the plan is for another list of stations"
        bound = say("{n} stations", n=len(scenario.stations))
        return [Problem(file, what, "make it again for this scenario", value=str(len(plan.block)), bound=bound)]
    if problems := policy_problems(scenario, plan.policy, file):
        return problems
    if scenario.general is not None:
        what, remedy = "a general scenario has no patrols and no reserve", "take them out; its teams stand as given"
        return [Problem(file, what, remedy, value=site) for site in dict.fromkeys([*plan.patrols, *plan.squads])]
    ledger = ledger_of(scenario, plan.reading)
    problems = [*_strength(scenario, plan, ledger, file), *_sites(scenario, plan, file), *_blocks(scenario, plan, file)]
    return [*problems, *prepositioned_problems(scenario, plan, file)]


def _strength(scenario: Scenario, plan: Plan, ledger: Ledger, file: str) -> list[Problem]:
    problems = []
    minimum = len(scenario.villages.subdistrict_codes)
    extra = sum(plan.patrols.values()) - minimum
    used = PAIR_PERSONS * (plan.blocks + max(extra, 0))
    if used > ledger.free:
        template = "{pairs} pairs and {extra} extra patrols take {used} officers"
        what = say(template, pairs=plan.blocks, extra=max(extra, 0), used=used)
        bound = say("at most {most} ({reading})", most=ledger.free, reading=ledger.reading)
        remedy = say("take back {n} pairs or patrols", n=-(-(used - ledger.free) // 2))
        problems.append(Problem(file, what, remedy, bound=bound))
    if plan.reserve_squads > ledger.reserve_squads:
        what = say("{squads} squads wait in reserve", squads=plan.reserve_squads)
        bound = say("at most {most}", most=ledger.reserve_squads)
        problems.append(Problem(file, what, "the reserve is as announced", column="squads", bound=bound))
    for site, count in [*plan.patrols.items(), *plan.squads.items()]:
        if count < 0:
            problems.append(Problem(file, "a negative number", "give 0 or more", column=site, value=str(count)))
    return problems


def _sites(scenario: Scenario, plan: Plan, file: str) -> list[Problem]:
    problems = []
    names = scenario.villages.subdistrict_names
    known = {*scenario.posts.code, *scenario.villages.code}
    for site in dict.fromkeys([*plan.patrols, *plan.squads]):
        if site not in known:
            problems.append(Problem(file, "no such post or village", "use a code of the scenario", value=site))
    for site, count in plan.squads.items():
        if site in known and count > site_room(scenario, site):
            what, bound = say("no room at {site}", site=site), say("at most {most}", most=site_room(scenario, site))
            problems.append(Problem(file, what, "move squads away", 0, "squads", str(count), bound))
    forward = [site for site, count in plan.squads.items() if site in scenario.villages.code and count > 0]
    if len(forward) > scenario.settings.siting.forward_posts_at_most:
        bound = say("at most {most}", most=scenario.settings.siting.forward_posts_at_most)
        problems.append(Problem(file, "too many forward posts", "close some", 0, "squads", str(len(forward)), bound))
    for sector, code in enumerate(polsek_of(scenario)):
        if plan.patrols.get(code, 0) < 1:
            what = say("{subdistrict} has no patrol at its post", subdistrict=names[sector])
            problems.append(Problem(file, what, "every Polsek keeps its commander and one patrol", 0, "patrols", code))
    return problems


def _blocks(scenario: Scenario, plan: Plan, file: str) -> list[Problem]:
    problems = []
    stations, names = scenario.stations, scenario.villages.subdistrict_names
    if plan.block.min() < 0 or len(np.unique(plan.block)) != plan.blocks:
        return [Problem(file, "block numbers must run from 0 without a gap", "number the blocks anew", 0, "block")]
    key = block_key(scenario)
    same = dict(zip(key.tolist(), (stations.subdistrict * len(CLASSES) + stations.station_class).tolist(), strict=True))
    low, high = np.full(plan.blocks, np.iinfo(np.int64).max), np.full(plan.blocks, -1)
    np.minimum.at(low, plan.block, key)
    np.maximum.at(high, plan.block, key)
    for block in np.flatnonzero(low != high).tolist():
        station = stations.code[int(np.flatnonzero(plan.block == block)[0])]
        what = say("the block of station {station} mixes sub-districts or classes", station=station)
        if same[low[block]] == same[high[block]]:
            template = "the block of station {station} mixes a hamlet that is hard to reach with others"
            what = say(template, station=station)
        problems.append(Problem(file, what, "keep a block inside one sub-district and class", 0, "block", str(block)))
    if problems:
        return problems
    for number in np.unique(key).tolist():
        sector, name = same[number] // len(CLASSES), CLASSES[same[number] % len(CLASSES)]
        size = getattr(scenario.settings.patterns, name).tps
        count = int(np.sum(key == number))
        pairs, most = int(np.sum(low == number)), -(-count // size)
        if pairs > most:
            subdistrict, template = names[sector], "{subdistrict}: {pairs} pairs guard its {name} stations"
            what = say(template, subdistrict=subdistrict, pairs=pairs, name=name)
            remedy, bound = say("the pattern is 2 police : {size} TPS", size=size), say("at most {most}", most=most)
            problems.append(Problem(file, what, remedy, 0, "block", bound=bound))
    return problems


def check_plan(scenario: Scenario, plan: Plan, file: str = "plan") -> None:
    """Refuse a plan that cannot be carried out.

    Raises:
        InputError: every problem, a line each.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> from simsec.plan.doctrine import doctrine
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> check_plan(scenario, doctrine(scenario))
    """
    problems = plan_problems(scenario, plan, file)
    if problems:
        raise InputError(problems)


def explain_infeasible(scenario: Scenario) -> None:
    """Refuse a strength that can staff no pattern at all: which limits collide, by how much, the nearest that works.

    Raises:
        InputError: always, when no block size up to the largest can be staffed.
    """
    rows = pattern_rows(scenario)
    if any(row.feasible for row in rows):
        return
    last = rows[-1]
    what = say(
        "no guard pattern can be staffed: even 2 police : {size} TPS needs {inside} officers with blocks inside "
        "sub-districts ({regency} without)",
        size=last.tps_per_pair,
        inside=last.police_inside_subdistricts,
        regency=last.police_regency,
    )
    short = last.police_inside_subdistricts - last.available
    announced = ledger_of(scenario).announced
    template = "{short} officers are missing; the nearest plan that works has {enough}"
    remedy = say(template, short=short, enough=announced + short)
    value, bound = str(announced), say("at least {least}", least=announced + short)
    raise InputError([Problem("scenario.toml", what, remedy, column="forces.police", value=value, bound=bound)])
