"""Laws of reading and writing tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.base.errors import InputError
from simsec.scenario.tables import Column, parse_table, read_table, write_table

COLUMNS = (Column("code"), Column("name", required=False), Column("n", "integer"), Column("x", "number"))
TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Z")), min_size=1, max_size=8)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.integers(-99, 99), st.floats(-1e9, 1e9)), min_size=1, max_size=5)


@given(ROWS)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int, float]]
) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    write_table(path, COLUMNS, rows)
    read = read_table(path, COLUMNS)
    assert list(zip(*(read.columns[column.name] for column in COLUMNS), strict=True)) == rows


def test_columns_come_in_any_order_and_codes_stay_text(tmp_path: Path) -> None:
    table = parse_table("x,n,name,code\n1.5,2,a,007\n", "t.csv", COLUMNS)
    assert table.columns == {"code": ["007"], "name": ["a"], "n": [2], "x": [1.5]}


def test_a_spreadsheet_byte_order_mark_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("\ufeffcode,name,n,x\r\na,,1,2\r\n,,,\r\nb,,3,4\r\n".encode())
    table = read_table(path, COLUMNS)
    assert (table.columns["code"], table.line) == (["a", "b"], [2, 4])


def test_every_wrong_cell_is_told() -> None:
    with pytest.raises(InputError) as caught:
        parse_table("code,name,n,x\n,,1.5,inf\na,b,c,\n", "t.csv", (*COLUMNS[:3], Column("x", "number", high=5)))
    assert [(problem.row, problem.column, problem.value) for problem in caught.value.problems] == [
        (2, "code", ""), (2, "n", "1.5"), (2, "x", "inf"), (3, "n", "c"), (3, "x", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("row", ["a;b;1;110.44", "a;b;1;110,44"])
def test_semicolons_are_one_problem_not_one_a_column(row: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_table(f"code;name;n;x\n{row}\n", "t.csv", COLUMNS)
    (problem,) = caught.value.problems
    assert (problem.row, problem.what) == (1, "the cells are separated by semicolons")
    assert "comma-separated CSV UTF-8" in problem.remedy


def test_a_semicolon_inside_a_cell_separates_nothing() -> None:
    assert parse_table("code,name,n,x\na,b;c,1,2\n", "t.csv", COLUMNS).columns["name"] == ["b;c"]
