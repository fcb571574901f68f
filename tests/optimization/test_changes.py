"""The few changes: whole moves that together make the target, each within the strength, numbers kept."""

from dataclasses import replace

import numpy as np
import pytest

from simsec.analysis.workers import open_workers
from simsec.optimization.changes import BLOCKS, SQUADS, few_changes, keep_numbers, moves_between, with_moves
from simsec.plan import Plan, check_plan, doctrine
from simsec.plan.feasibility import plan_problems
from simsec.scenario.schema import DAY_TYPES
from tests.areas import shipped, tiny

FEW: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)


def partition(plan: Plan) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(plan.block == number).tolist()) for number in range(plan.blocks)}


def target() -> tuple[Plan, Plan]:
    """From larger to smaller blocks, with squads sent to two Polsek and a village."""
    area = shipped()
    given, other = doctrine(area, 12), doctrine(area, 9)
    headquarters = next(iter(given.squads))
    polsek = [site for site in given.patrols if site != headquarters][:2]
    squads = {headquarters: given.reserve_squads - 5, polsek[0]: 2, polsek[1]: 2, area.villages.code[40]: 1}
    return given, replace(other, squads=squads)


def test_all_moves_together_are_the_target_and_every_one_is_within_the_strength() -> None:
    area, (given, other) = shipped(), target()
    moves = moves_between(area, given, other)
    check_plan(area, other)
    for made in (with_moves(area, given, other, moves, "all"), with_moves(area, given, other, moves[::-1], "all")):
        assert partition(made) == partition(other)
        assert dict(made.patrols) == dict(other.patrols) and dict(made.squads) == dict(other.squads)
        check_plan(area, made)
    assert len(moves) > 5
    for move in moves:
        assert not plan_problems(area, with_moves(area, given, other, [move], "one"))
        assert sum(part.by for part in move.parts if part.kind == SQUADS) == 0
        assert sum(part.by for part in move.parts if part.kind != SQUADS) <= 0


def test_the_other_way_round_too() -> None:
    area, (other, given) = shipped(), target()
    moves = moves_between(area, given, other)
    made = with_moves(area, given, other, moves, "all")
    assert partition(made) == partition(other) and dict(made.patrols) == dict(other.patrols)
    check_plan(area, made)


def test_stations_that_no_move_touches_keep_the_number_of_their_pair() -> None:
    area, (given, other) = shipped(), target()
    place, codes = area.stations.subdistrict, area.villages.subdistrict_codes
    for move in moves_between(area, given, other):
        touched = {codes.index(part.place) for part in move.parts if part.kind == BLOCKS}
        made = with_moves(area, given, other, [move], "one")
        same = ~np.isin(place, list(touched))
        assert np.array_equal(made.block[same], given.block[same])


@pytest.mark.parametrize("seed", range(20))
def test_numbers_run_without_a_gap_and_whole_blocks_keep_theirs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    old = np.unique(rng.integers(0, 9, 40), return_inverse=True)[1]
    new = old.copy()
    new[rng.integers(0, 40, 6)] = rng.integers(0, 12, 6)
    new = np.unique(new, return_inverse=True)[1]
    kept = keep_numbers(old, new)
    assert sorted(set(kept.tolist())) == list(range(int(new.max()) + 1))
    for number in range(int(new.max()) + 1):
        inside = np.flatnonzero(new == number)
        was = old[inside[0]]
        if np.array_equal(inside, np.flatnonzero(old == was)) and was <= new.max():
            assert (kept[inside] == was).all()


def test_the_list_is_no_longer_than_asked_adds_up_and_puts_locked_places_first() -> None:
    area = tiny()
    given = doctrine(area)
    headquarters, polsek = next(iter(given.squads)), [site for site in given.patrols]
    other = replace(given, squads={headquarters: 1, polsek[0]: 1, polsek[1]: 1})
    with open_workers(1) as pool:
        found = few_changes(area, given, other, pool, most=1, must=[polsek[1]], ranking=FEW, telling=FEW)
        same = few_changes(area, given, given, pool, ranking=FEW, telling=FEW)
    assert len(found.ranked) == 1 and len(found.left) == 1
    assert polsek[1] in [part.place for part in found.ranked[0].move.parts]
    assert found.ranked[0].gain == found.ranked[0].cumulative
    assert found.plan.squads == {headquarters: 2, polsek[1]: 1}
    assert not same.ranked and same.plan is given
