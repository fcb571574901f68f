"""The doctrine family: what a police office would do by rule of thumb, as plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from simsec.base.errors import InputError, Problem, say
from simsec.plan.blocks import build_blocks, pairs_needed
from simsec.plan.ledger import PAIR_PERSONS, Ledger, ledger_of
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import Reading

AS_GIVEN = "given"  # name of the one plan of a general scenario
LARGEST_BLOCK = 24  # the largest block reported anywhere: Jember, Feb 2024


def apportion(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Split a whole number in proportion to weights by largest remainders (Hamilton's method); ties to the first.

    Example:
        >>> apportion(7, np.array([1.0, 1.0, 1.0])).tolist()
        [3, 2, 2]
    """
    share = total * weights / weights.sum()
    whole = np.asarray(np.floor(share), dtype=np.int64)
    rest = np.argsort(-(share - whole), kind="stable")[: total - int(whole.sum())]
    whole[rest] += 1
    return np.asarray(whole, dtype=np.int64)


def polsek_of(scenario: Scenario) -> tuple[str, ...]:
    """Code of the police post of each sub-district: the Polsek, or else the Polsubsektor; the first when several."""
    posts = scenario.posts
    found: dict[int, str] = {}
    for post in (*posts.of_type("polsek"), *posts.of_type("polsubsektor")):
        found.setdefault(int(posts.subdistrict[post]), posts.code[post])
    return tuple(found[sector] for sector in range(len(scenario.villages.subdistrict_codes)))


def patrols_with(scenario: Scenario, extra: int) -> dict[str, int]:
    """One patrol at every Polsek, and the extra ones in proportion to stations."""
    counts = np.bincount(scenario.stations.subdistrict, minlength=len(scenario.villages.subdistrict_codes))
    share = apportion(max(extra, 0), counts.astype(np.float64))
    return {code: 1 + int(more) for code, more in zip(polsek_of(scenario), share, strict=True)}


def _plan(scenario: Scenario, name: str, ledger: Ledger, low_pairs: Mapping[int, int]) -> Plan:
    block = build_blocks(scenario, low_pairs)
    officers = PAIR_PERSONS * (int(block.max()) + 1)
    if officers > ledger.free:
        what = say("guarding every sub-district takes {officers} officers", officers=officers)
        bound = say("at most {most} are free ({reading})", most=ledger.free, reading=ledger.reading)
        raise InputError([Problem(say("doctrine"), what, "use more officers", bound=bound)])
    extra = (ledger.free - officers) // PAIR_PERSONS
    headquarters = scenario.posts.code[scenario.posts.of_type("polres")[0]]
    return Plan(
        name=name,
        block=block,
        patrols=patrols_with(scenario, extra),
        squads={headquarters: ledger.reserve_squads} if ledger.reserve_squads else {},
        policy=scenario.settings.policy,
        code=scenario.policy_code,
        reading=ledger.reading,
        scenario_hash=scenario.hash,
        prepositioned=scenario.settings.prepositioned,
    )


def _as_given(scenario: Scenario) -> Plan:
    """The one plan of a general scenario: its teams, and a block a place that nobody guards."""
    return Plan(
        name=AS_GIVEN,
        block=np.arange(len(scenario.stations)),
        patrols={},
        squads={},
        policy=scenario.settings.policy,
        code=scenario.policy_code,
        reading=scenario.settings.forces.reading,
        scenario_hash=scenario.hash,
    )


def refuse_general(scenario: Scenario) -> None:
    """Refuse to plan guards for a scenario that has no polling stations.

    Raises:
        InputError: it is a general one.
    """
    if scenario.general is not None:
        what = "a general scenario has no polling stations to guard, so there is nothing to plan"
        raise InputError([Problem(say("doctrine"), what, "play it with `simsec simulate`")])


def doctrine(scenario: Scenario, tps_per_pair: int | None = None, reading: Reading | None = None) -> Plan:
    """A plan by rule of thumb: the reserve at headquarters, blocks inside sub-districts.

    Without ``tps_per_pair`` it is the announced plan: every free officer stands in a pair, pairs are apportioned to
    sub-districts by stations. With it, blocks hold up to that many stations and the officers left patrol from the
    Polsek. A general scenario has nothing to decide: its units stand as given.

    Raises:
        InputError: the strength cannot staff it; the message says how many are missing.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> doctrine(scenario).blocks, doctrine(scenario, 8).blocks < 287
        (287, True)
    """
    if scenario.general is not None:
        if tps_per_pair is not None:
            refuse_general(scenario)
        return _as_given(scenario)
    ledger = ledger_of(scenario, reading)
    sectors = range(len(scenario.villages.subdistrict_codes))
    if tps_per_pair is not None:
        need = {sector: pairs_needed(scenario, sector, tps_per_pair) for sector in sectors}
        pairs = sum(sum(classes.values()) for classes in need.values())
        if pairs > ledger.pairs:
            officers = pairs * PAIR_PERSONS
            what = say("2 police : {size} TPS needs {officers} officers", size=tps_per_pair, officers=officers)
            remedy, bound = "use larger blocks or more officers", say("at most {most} are free", most=ledger.free)
            raise InputError([Problem(say("doctrine"), what, remedy, bound=bound)])
        low = {sector: classes["low"] for sector, classes in need.items()}
        return _plan(scenario, f"2:{tps_per_pair}", ledger, low)
    ceiling = scenario.settings.patterns.low.tps
    most = [pairs_needed(scenario, sector, ceiling) for sector in sectors]
    others = sum(sum(classes.values()) - classes["low"] for classes in most)
    stations = scenario.stations
    low_count = np.bincount(stations.subdistrict[stations.station_class == 0], minlength=len(most)).astype(np.float64)
    share = apportion(max(ledger.pairs - others, len(most)), low_count)
    return _plan(
        scenario,
        "announced",
        ledger,
        {sector: min(int(share[sector]), most[sector]["low"]) for sector in sectors},
    )


def doctrine_family(
    scenario: Scenario, reading: Reading | None = None, tick: Callable[[], None] | None = None
) -> list[Plan]:
    """Every block size the strength can staff while each Polsek keeps its commander and a patrol; smallest first.

    Sizes that need exactly as many pairs as the size before are left out: they are the same plan with a worse name.

    Args:
        scenario: what is known.
        reading: of the strength; the scenario's own by default.
        tick: called before each size, for a clock that may stop the work.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> [plan.name for plan in doctrine_family(read_scenario("scenarios/kabupaten-semarang"))][:2]
        ['2:8', '2:9']
    """
    refuse_general(scenario)
    family: list[Plan] = []
    for size in range(scenario.settings.patterns.low.tps, LARGEST_BLOCK + 1):
        if tick is not None:
            tick()
        try:
            plan = doctrine(scenario, size, reading)
        except InputError:
            continue
        if not family or plan.blocks < family[-1].blocks:
            family.append(plan)
    return family
