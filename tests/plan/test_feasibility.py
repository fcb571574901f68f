"""``check_plan`` finds every way in which a plan cannot be carried out, and all of them at once."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from simsec.base.errors import InputError
from simsec.plan import Plan, check_plan
from simsec.plan.feasibility import plan_problems, site_room
from tests.areas import tiny, tiny_plan

VILLAGE = tiny().villages.code
NORTH = np.flatnonzero(tiny().stations.subdistrict == 0)


def block_of(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Plan], Plan]:
    return lambda plan: replace(plan, block=change(plan.block.copy()))


def mixed(block: np.ndarray) -> np.ndarray:
    block[NORTH[0]] = block[-1]
    return block


def gap(block: np.ndarray) -> np.ndarray:
    return np.where(block == 3, 99, block)


def too_many_pairs(block: np.ndarray) -> np.ndarray:
    return np.arange(len(block))


WRONG: dict[str, tuple[Callable[[Plan], Plan], str]] = {
    "another area": (
        lambda plan: replace(plan, block=plan.block[:-1]),
        "another list of stations.*expected 40 stations",
    ),
    "too many people": (
        lambda plan: replace(plan, patrols={**plan.patrols, "polsek-9.1": 9}),
        r"8 pairs and 11 extra patrols take 38 officers; expected at most 28 \(reserve_on_top\). take back 5",
    ),
    "too large a reserve": (
        lambda plan: replace(plan, squads={"polres-9.1": 4}),
        "squads: 4 squads wait in reserve; expected at most 3",
    ),
    "a negative number": (
        lambda plan: replace(plan, squads={"polres-9.1": 2, "polsek-9.2": -1}),
        "polsek-9.2: a negative number .found '-1'.",
    ),
    "an unknown post": (
        lambda plan: replace(plan, squads={"polsek-8.8": 1}),
        "no such post or village .found 'polsek-8.8'.",
    ),
    "an unknown place of a patrol": (
        lambda plan: replace(plan, patrols={**plan.patrols, "nowhere": 1}),
        "no such post or village .found 'nowhere'.",
    ),
    "no room": (lambda plan: replace(plan, squads={VILLAGE[0]: 3}), "no room at 9.1.1 .found '3'.; expected at most 2"),
    "a squad in a hospital": (
        lambda plan: replace(plan, squads={tiny().posts.code[tiny().posts.type.index("hospital")]: 1}),
        "no room at .* .found '1'.; expected at most 0",
    ),
    "too many forward posts": (
        lambda plan: replace(plan, squads={code: 1 for code in VILLAGE[:5]}),
        "too many forward posts .found '5'.; expected at most 4",
    ),
    "a Polsek without a patrol": (
        lambda plan: replace(plan, patrols={"polsek-9.1": 2}),
        "Karangasri has no patrol at its post .found 'polsek-9.2'.",
    ),
    "a block across sub-districts": (block_of(mixed), "mixes sub-districts or classes"),
    "a gap in the numbers": (block_of(gap), "block numbers must run from 0 without a gap"),
    "a station without a block": (
        block_of(lambda block: np.where(block == 3, -1, block)),
        "must run from 0 without a gap",
    ),
    "more guards than the pattern": (
        block_of(too_many_pairs),
        "Sukamaju: 21 pairs guard its low stations; expected at most 4",
    ),
}


def test_a_sound_plan_passes() -> None:
    check_plan(tiny(), tiny_plan())
    assert plan_problems(tiny(), tiny_plan()) == []
    moved = replace(tiny_plan(), squads={"polres-9.1": 1, "polsek-9.2": 1, VILLAGE[3]: 1})
    check_plan(tiny(), moved)


@pytest.mark.parametrize("what", WRONG)
def test_a_plan_that_cannot_be_carried_out_is_refused_in_words(what: str) -> None:
    spoil, told = WRONG[what]
    with pytest.raises(InputError, match=told):
        check_plan(tiny(), spoil(tiny_plan()))


def test_every_problem_comes_at_once_in_the_same_order() -> None:
    spoilt = replace(
        tiny_plan(), patrols={"b": 1, "a": 1, "polsek-9.1": 1}, squads={"polres-9.1": 4, "c": 1, VILLAGE[0]: 3}
    )
    first, second = plan_problems(tiny(), spoilt), plan_problems(tiny(), spoilt)
    assert first == second and len(first) == 6
    assert [problem.value for problem in first if problem.what.startswith("no such")] == ["b", "a", "c"]


def test_a_class_above_low_may_have_its_own_pattern() -> None:
    special = tiny().stations.station_class.copy()
    special[NORTH[0]] = 3
    area = replace(tiny(), stations=replace(tiny().stations, station_class=special), hash="special")
    assert any("mixes" in problem.what for problem in plan_problems(area, tiny_plan()))
    block = tiny_plan().block.copy()
    block[NORTH[0]] = tiny_plan().blocks
    fewer = {"polsek-9.1": 3, "polsek-9.2": 4}  # the pair comes out of the patrols
    assert plan_problems(area, replace(tiny_plan(), block=block, patrols=fewer)) == []


def test_rooms_are_those_of_the_scenario() -> None:
    siting = tiny().settings.siting
    rooms = [site_room(tiny(), site) for site in ("polres-9.1", "polsek-9.2", VILLAGE[0], "nowhere")]
    assert rooms == [siting.room_squads_hq, siting.room_squads_polsek, siting.room_squads_forward, 0]


def test_strength_is_used_to_the_last_pair_and_no_further() -> None:
    full = replace(tiny_plan(), patrols={"polsek-9.1": 5, "polsek-9.2": 3})
    assert 2 * (full.blocks + 6) == 28
    check_plan(tiny(), full)
    with pytest.raises(InputError, match="take back 1 pairs or patrols"):
        check_plan(tiny(), replace(full, patrols={"polsek-9.1": 5, "polsek-9.2": 4}))
