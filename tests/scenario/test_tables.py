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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("code,name,n,x\na,b,1.200,1\n",
         "t.csv, line 2, n: not a whole number (found '1.200'); expected a number. "
         "write whole numbers without separators of thousands"),
        ('code,name,n,x\na,b,1,"-7,1"\n',
         "t.csv, line 2, x: not a number (found '-7,1'); expected a number. write a decimal point, not a comma"),
        ("", "t.csv: the file is empty. save the table again, its first line the names of columns"),
        ("\n\n", "t.csv: the file is empty. save the table again, its first line the names of columns"),
        (f"code,name,n,x\na,{'b' * 200_000},1,1\n",
         "t.csv: the table cannot be read (field larger than field limit (131072)). "
         "check for a quote that is not closed"),
        ("code\tname\tn\tx\na\tb\t1\t2\n",
         "t.csv, line 1: the cells are separated by tabs. save it as comma-separated CSV UTF-8 with decimal points: "
         "the list separator and the decimal sign of the system's regional settings decide"),
    ],
    ids=["thousands", "decimal comma", "empty", "blank", "open quote", "tabs"],
)  # fmt: skip
def test_what_a_spreadsheet_does_to_a_table_is_one_line_with_its_remedy(text: str, line: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_table(text, "t.csv", COLUMNS)
    assert str(caught.value) == line


def test_a_latitude_out_of_bounds_beside_a_longitude_that_is_none_looks_swapped() -> None:
    columns = (Column("lat", "number", -90, 90), Column("lon", "number", -180, 180))
    for row, remedy in (("110.4,-7.1", "lat and lon look swapped"), ("110.4,107.1", ""), ("-97.1,x", "")):
        with pytest.raises(InputError) as caught:
            parse_table(f"lat,lon\n{row}\n", "t.csv", columns)
        assert caught.value.problems[0].remedy == remedy


@pytest.mark.parametrize("row", ["a;b;1;110.44", "a;b;1;110,44"])
def test_semicolons_are_one_problem_not_one_a_column(row: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_table(f"code;name;n;x\n{row}\n", "t.csv", COLUMNS)
    (problem,) = caught.value.problems
    assert (problem.row, problem.what) == (1, "the cells are separated by semicolons")
    assert "comma-separated CSV UTF-8" in problem.remedy


def test_a_semicolon_inside_a_cell_separates_nothing() -> None:
    assert parse_table("code,name,n,x\na,b;c,1,2\n", "t.csv", COLUMNS).columns["name"] == ["b;c"]
