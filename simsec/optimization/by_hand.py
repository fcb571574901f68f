"""A move by hand: "send 20 from headquarters to this Polsek", upon any plan, checked against all limits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from simsec.base.errors import InputError, Problem, say
from simsec.optimization.changes import PATROLS, SQUADS, Move, Part, with_moves
from simsec.plan.feasibility import check_plan
from simsec.plan.ledger import PAIR_PERSONS
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario

WORD = re.compile(r"(\d{1,6})[ :]+(\S+?)[ :]+(\S+)", re.ASCII)


def moved(scenario: Scenario, plan: Plan, words: Sequence[str]) -> Plan:
    """A plan with some officers sent from one post to another: whole squads of its reserve, else patrols of two.

    Args:
        scenario: what is known.
        plan: whose blocks stay as they are.
        words: such as ``20:polres:polsek-7``, officers and two codes of posts (or villages, for squads).

    Raises:
        InputError: a word makes no sense, nobody is there to send, or the plan with the moves breaks a limit.

    Example:
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> plan = doctrine(scenario)
        >>> sorted(moved(scenario, plan, ["20:polres-33.22.18:polsek-33.22.04"]).squads.items())
        [('polres-33.22.18', 8), ('polsek-33.22.04', 2)]
    """
    for word in words:
        plan = with_moves(scenario, plan, plan, [_move(scenario, plan, word)], plan.name)
    if words:
        plan = replace(plan, name=" + ".join([plan.name, *words]))
        check_plan(scenario, plan, "--move")
    return plan


def _move(scenario: Scenario, plan: Plan, word: str) -> Move:
    """The parts of a move; the plan so far says who waits where."""
    read = WORD.fullmatch(word.strip())
    if read is None:
        raise InputError([Problem("--move", "not a move", "such as 20:FROM:TO, with codes of posts", value=word)])
    officers, (first, second) = int(read.group(1)), read.group(2, 3)
    wrong = [
        Problem("--move", "no such post or village", "use a code of the scenario", value=site)
        for site in (first, second)
        if site not in scenario.posts.code and site not in scenario.villages.code
    ]
    if wrong:
        raise InputError(wrong)
    persons, waiting = scenario.settings.forces.squad_persons, plan.squads.get(first, 0)
    squads = officers and officers % persons == 0 and officers // persons <= waiting
    kind, size = (SQUADS, persons) if squads else (PATROLS, PAIR_PERSONS)
    free = waiting if squads else max(plan.patrols.get(first, 0) - 1, 0)
    if not officers or officers % size or officers // size > free:
        bound = say(
            "squads of {persons}, {squads} there, or patrols of {pair}, {patrols} to spare",
            persons=persons,
            squads=waiting,
            pair=PAIR_PERSONS,
            patrols=max(plan.patrols.get(first, 0) - 1, 0),
        )
        what = say("{officers} officers cannot leave {site}", officers=officers, site=first)
        raise InputError([Problem("--move", what, "send whole squads or patrols that are there", bound=bound)])
    count = officers // size
    return Move((Part(kind, first, -count), Part(kind, second, count)))
