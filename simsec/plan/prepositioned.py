"""Who sleeps at a hamlet that is hard to reach: a pair or a courier that is there before its river or road is lost.

The chief of a sub-district's police decides it beforehand; what it costs is that nobody else can send these units.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from simsec.base.errors import Problem, say
from simsec.day.access import hamlets
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario

COURIER = "courier"


def hamlet_blocks(scenario: Scenario, plan: Plan) -> dict[int, set[int]]:
    """Village -> guard blocks of its stations that are hard to reach."""
    found: dict[int, set[int]] = {}
    hard = np.flatnonzero(hamlets(scenario)[2] >= 0)
    for village, block in zip(scenario.stations.village[hard].tolist(), plan.block[hard].tolist(), strict=True):
        found.setdefault(village, set()).add(block)
    return found


def couriers_away(scenario: Scenario, plan: Plan) -> dict[tuple[str, str], int]:
    """(Unit kind, site) -> how many of the teams there sleep at a hamlet instead; -1 of no site: nobody to take.

    A courier comes from the first post of its sub-district that has one left.
    """
    posts, villages, away = scenario.posts, scenario.villages, Counter[tuple[str, str]]()
    teams = [team for team in scenario.settings.teams if team.unit == COURIER]
    for held in plan.prepositioned:
        if held.unit != COURIER or held.village not in villages.code:
            continue
        sector = villages.subdistrict[villages.code.index(held.village)]
        at = ((posts.code[p], team) for team in teams for p in posts.of_type(team.at) if posts.subdistrict[p] == sector)
        left = [site for site, team in at if away[COURIER, site] < scenario.team_at(team, site)]
        away[COURIER, left[0] if left else ""] += 1
    return dict(away)


def prepositioned_problems(scenario: Scenario, plan: Plan, file: str) -> list[Problem]:
    """What keeps units of a plan from sleeping where they should.

    Args:
        scenario: what is known.
        plan: with blocks for every station.
        file: to name.
    """
    problems, villages = [], scenario.villages
    known = hamlet_blocks(scenario, plan)
    count = Counter((held.village, held.unit) for held in plan.prepositioned)
    for (code, unit), times in count.items():
        place = villages.code.index(code) if code in villages.code else -1
        if place not in known:
            what = "no station of this village is hard to reach"
            remedy = "name a village whose stations have the access river or one_road"
            problems.append(Problem(file, what, remedy, column="prepositioned", value=code))
        elif times > 1:
            what = say("{times} units of the kind {unit} sleep at one hamlet", times=times, unit=unit)
            problems.append(Problem(file, what, "name it once", column="prepositioned", value=code))
        elif unit == COURIER and len(known[place]) > 1:
            what, remedy = "a courier sleeps at one block, and the hamlet has several", "leave the courier out"
            problems.append(Problem(file, what, remedy, column="prepositioned", value=code))
    if (short := couriers_away(scenario, plan).get((COURIER, ""), 0)) > 0:
        what = say("{n} more couriers sleep at hamlets than their sub-districts have", n=short)
        problems.append(Problem(file, what, "take them out, or add teams", column="prepositioned"))
    return problems
