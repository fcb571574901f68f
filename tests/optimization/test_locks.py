"""What is locked by hand stays, and what cannot be staffed is refused in words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simsec.analysis.workers import open_workers
from simsec.base.errors import InputError
from simsec.optimization import search as module
from simsec.optimization.budget import read_budget
from simsec.optimization.locks import Locks, bounds_of, joined, locked, read_locks
from simsec.optimization.search import search
from simsec.plan import check_plan, doctrine
from simsec.plan.doctrine import polsek_of
from simsec.plan.files import write_plan
from simsec.scenario.schema import DAY_TYPES
from tests.areas import shipped, tiny

ANNOUNCED = {"police": 575.0, "reserve": 100.0, "army": 280.0}

FEW: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)


def test_a_search_holds_to_every_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    area = tiny()
    plan = doctrine(area, 8)
    mask = np.zeros(len(plan.block), dtype=np.bool_)
    mask[[0, 30]] = True
    write_plan(tmp_path / "plan", replace(plan, locked=mask), area)
    post = polsek_of(area)[1]
    (tmp_path / "posts.csv").write_text(f"site_code,patrols,squads\n{post},2,1\n{polsek_of(area)[0]},,0\n", "utf-8")
    locks = joined([read_locks(tmp_path / "plan", area), read_locks(tmp_path / "posts.csv", area)])
    assert dict(locks.patrols) == {post: 2} and dict(locks.squads) == {post: 1, polsek_of(area)[0]: 0}
    monkeypatch.setattr(module, "PORTFOLIO", ((0.0, 1.0, True), (0.0, 1.0, False)))
    with open_workers(1) as pool:
        found = search(area, pool, locks=locks, training=FEW, selection=FEW, acceptance=FEW)
    for candidate in found.candidates:
        check_plan(area, candidate.plan)
        assert candidate.plan.patrols[post] == 2 and candidate.plan.squads.get(post) == 1
        assert polsek_of(area)[0] not in candidate.plan.squads
        for station in (0, 30):
            block = np.flatnonzero(candidate.plan.block == candidate.plan.block[station])
            assert np.array_equal(block, np.flatnonzero(plan.block == plan.block[station]))
    assert any(candidate.origin == "model" for candidate in found.candidates)


def test_a_lock_over_strength_is_refused_with_how_much(tmp_path: Path) -> None:
    area = shipped()
    path = tmp_path / "posts.csv"
    post = polsek_of(area)[0]
    path.write_text(f"site_code,patrols,squads\n{post},900,\n{polsek_of(area)[1]},0,\nno-post,x,\n", "utf-8")
    with pytest.raises(InputError) as refused:
        read_locks(path, area)
    said = str(refused.value)
    assert "1798 officers" in said and "no such post" in said and "not a whole number" in said
    assert "every Polsek keeps" in said
    with pytest.raises(InputError, match="two plans"):
        joined([Locks(plan=doctrine(area)), Locks(plan=doctrine(area))])


def test_doctrine_with_locks_upon_it_is_staffed_or_none() -> None:
    area = shipped()
    plan, post = doctrine(area, 10), polsek_of(area)[4]
    made = locked(area, plan, Locks(patrols={post: 9}, squads={post: 3}))
    assert made is not None and made.patrols[post] == 9 and made.squads[post] == 3
    assert made.reserve_squads == plan.reserve_squads and made.blocks == plan.blocks
    assert sum(made.patrols.values()) == sum(plan.patrols.values())
    assert locked(area, doctrine(area), Locks(patrols={post: 9})) is None  # every officer stands in a pair
    assert locked(area, plan, Locks()) is plan


def test_blocks_locked_are_the_least_a_sub_district_gets() -> None:
    area = tiny()
    plan = doctrine(area, 8)
    whole = replace(plan, locked=area.stations.subdistrict == 0)
    pairs = len(np.unique(plan.block[area.stations.subdistrict == 0]))
    assert bounds_of(area, Locks(plan=whole)).pairs == {0: (pairs, pairs)}


def test_words_of_a_budget_are_checked_together() -> None:
    assert read_budget(["reserve=90"], ANNOUNCED) == {"forces.reserve": 90.0}
    with pytest.raises(InputError) as refused:
        read_budget(["police", "navy=3", "army=1", "army=2"], ANNOUNCED)
    assert [problem.value for problem in refused.value.problems] == ["police", "navy=3", "army=2"]
