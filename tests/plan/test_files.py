"""A plan survives its files, and files that were spoilt by hand are refused in words."""

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.base.errors import InputError
from simsec.plan import Plan
from simsec.plan.files import read_plan, write_plan
from simsec.scenario.schema import Policy
from tests.areas import announced, shipped, tiny, tiny_plan

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


def same(first: Plan, second: Plan) -> bool:
    alone = ("name", "patrols", "squads", "policy", "reading", "scenario_hash", "hash")
    return np.array_equal(first.block, second.block) and all(
        getattr(first, name) == getattr(second, name) for name in alone
    )


def test_the_announced_plan_comes_back(tmp_path: Path) -> None:
    write_plan(tmp_path, announced(), shipped())
    again = read_plan(tmp_path, shipped())
    assert same(announced(), again) and not again.locked.any()
    assert again.scenario_hash == shipped().hash


@given(
    NAMES,
    st.builds(
        Policy,
        name=st.sampled_from(["chain_of_command", "nearest_capable", "nearest_in_sector"]),
        reserve_threshold_squads=st.integers(0, 9),
        divert_to_higher_level=st.booleans(),
    ),
    st.integers(0, 2**40 - 1),
)
def test_any_name_policy_and_lock_comes_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, policy: Policy, bits: int
) -> None:
    folder = tmp_path_factory.mktemp("plan")
    locked = np.array([bool(bits >> n & 1) for n in range(40)])
    plan = replace(tiny_plan(), name=name, policy=policy, locked=locked, squads={tiny().villages.code[2]: 2})
    write_plan(folder, plan, tiny())
    again = read_plan(folder, tiny())
    assert same(plan, again) and np.array_equal(again.locked, locked)


def test_writing_twice_gives_the_same_bytes_for_the_owner_only(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_plan(tmp_path / folder, tiny_plan(), tiny())
    for name in ("plan.toml", "blocks.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert os.name == "nt" or stat.S_IMODE((tmp_path / "a" / name).stat().st_mode) == 0o600


def test_the_rows_say_for_people_where_the_station_is(tmp_path: Path) -> None:
    write_plan(tmp_path, tiny_plan(), tiny())
    header, first, *_ = (tmp_path / "blocks.csv").read_text(encoding="utf-8").splitlines()
    assert header == "station_code,station,village,subdistrict,class,block,locked"
    assert first.startswith("9.1.1/001,") and ",Kaliurip,Sukamaju,low," in first


def test_blank_columns_for_people_are_no_mistake(tmp_path: Path) -> None:
    write_plan(tmp_path, tiny_plan(), tiny())
    path = tmp_path / "blocks.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    short = [",".join([cells[0], "", "", "", "", *cells[-2:]]) for cells in (row.split(",") for row in rows)]
    path.write_text("\n".join([header, *short]), encoding="utf-8")
    assert same(tiny_plan(), read_plan(tmp_path, tiny()))


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, text[:300]
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def a_folder_in_the_way(folder: Path) -> None:
    (folder / "plan.toml").unlink()
    (folder / "plan.toml").mkdir()


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "no plan.toml": (lambda folder: (folder / "plan.toml").unlink(), "plan.toml: the file is missing"),
    "no blocks.csv": (lambda folder: (folder / "blocks.csv").unlink(), "blocks.csv: the file is missing"),
    "a folder in its place": (a_folder_in_the_way, "plan.toml: the file cannot be read"),
    "no TOML": (edit("plan.toml", "[policy]", "[policy"), "plan.toml: not a TOML file"),
    "a newer format": (edit("plan.toml", "format = 1", "format = 2"), "expected 1. update simsec"),
    "no format": (edit("plan.toml", "format = 1\n", ""), "unknown format .found 'None'.; expected 1. the first line"),
    "another reading": (edit("plan.toml", "reserve_on_top", "as_we_like"), "plan.toml, reading: Input should be"),
    "an unknown policy": (edit("plan.toml", "chain_of_command", "by_lot"), "plan.toml, policy.name: Input should be"),
    "an unknown key": (edit("plan.toml", "name = ", "nickname = 'x'\nname = "), "plan.toml, nickname: Extra inputs"),
    "a negative number": (edit("plan.toml", '"polsek-9.1" = ', '"polsek-9.1" = -'), "plan.toml, patrols.polsek-9.1"),
    "half a patrol": (edit("plan.toml", '"polsek-9.1" = 4', '"polsek-9.1" = 4.5'), "plan.toml, patrols.polsek-9.1"),
    "a wrong header": (edit("blocks.csv", "block", "blok"), "blocks.csv, line 1, block: a column is missing"),
    "a station twice": (edit("blocks.csv", "9.1.1/002", "9.1.1/001"), "line 3, station_code: the same .* in line 2"),
    "an unknown station": (edit("blocks.csv", "9.1.1/002", "9.9.9/002"), "line 3, .* no such station .found '9.9.9"),
    "no block": (edit("blocks.csv", "low,1,0", "low,0,0"), "block: out of bounds .found '0'.; expected 1 to 100000"),
    "a plan nobody can staff": (edit("plan.toml", '"polres-9.1" = 3', '"polres-9.1" = 9'), "9 squads wait in reserve"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_spoilt_files_are_refused_in_words(tmp_path: Path, what: str) -> None:
    spoil, told = WRONG[what]
    write_plan(tmp_path, tiny_plan(), tiny())
    spoil(tmp_path)
    with pytest.raises(InputError, match=told):
        read_plan(tmp_path, tiny())


def test_problems_of_both_files_come_at_once(tmp_path: Path) -> None:
    write_plan(tmp_path, tiny_plan(), tiny())
    edit("plan.toml", "chain_of_command", "by_lot")(tmp_path)
    edit("blocks.csv", "9.1.1/002", "9.9.9/002")(tmp_path)
    with pytest.raises(InputError) as caught:
        read_plan(tmp_path, tiny())
    assert [(problem.file, problem.value) for problem in caught.value.problems] == [
        ("plan.toml", "by_lot"),
        ("blocks.csv", "9.9.9/002"),
        ("blocks.csv", "9.1.1/002"),
    ]


def test_a_plan_of_another_area_does_not_flood_the_screen(tmp_path: Path) -> None:
    write_plan(tmp_path, tiny_plan(), tiny())
    with pytest.raises(InputError) as caught:
        read_plan(tmp_path, shipped())
    assert len(caught.value.problems) == 40 + 20 + 1
    assert "1963 more stations" in str(caught.value)
