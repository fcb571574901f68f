"""Errors are told in every language: each sentence of the code stands in the catalogue, and none there is unused."""

import ast
import errno
import inspect
import json
import pickle
import string
import tomllib
from importlib.resources import files
from pathlib import Path
from xml.parsers import expat

import pytest
from pydantic_core import PydanticKnownError

import simsec
from simsec.base.errors import InputError, Message, Problem, RunError, either, say, system_words
from simsec.locale import texts
from tests.locale.sentences import Found, sentences_of

PACKAGE = Path(simsec.__file__).parent
FOUND = {path: sentences_of(path) for path in sorted(PACKAGE.rglob("*.py"))}
SENTENCES = {text for found in FOUND.values() for text in found.sentences}
TABLES = tomllib.loads(files("simsec.locale").joinpath("messages.id.toml").read_text(encoding="utf-8"))
OURS: dict[str, str] = TABLES["messages"]
INDONESIAN = texts("id").message
# Formulas and names that read alike in both languages.
ALIKE = {"0 <= busy < 1", "EPSG:4326", "{first}, {second}"}
# Enough to fill in any sentence of pydantic.
CONTEXT = {
    **dict.fromkeys(("gt", "ge", "lt", "le", "min_length", "max_length", "actual_length"), 1),
    **dict.fromkeys(("expected", "pattern", "field_type", "error", "class_name"), "x"),
}


def fields(text: str) -> set[tuple[str, str | None, str | None]]:
    return {(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(text) if name}


def test_every_sentence_of_the_code_has_its_indonesian() -> None:
    assert len(SENTENCES) > 250
    assert sorted(SENTENCES - set(OURS)) == []


def test_no_sentence_stands_in_the_catalogue_unused() -> None:
    assert sorted(set(OURS) - SENTENCES) == []


def test_no_text_is_put_together_before_it_is_told() -> None:
    assert [offence for found in FOUND.values() for offence in found.offences] == []


@pytest.mark.parametrize("code", [
    'Problem("a.csv", f"the row {row} is wrong")',
    'what = f"the row {row} is wrong"\nProblem("a.csv", what)',
    'Problem("a.csv", "wrong", "at " + place, bound="at most " + most)',
    'complaints.add("wrong", f"give {unit} please")',
    'raise RunError(f"{path}: cannot write")',
    'say("the row " + row)',
])  # fmt: skip
def test_a_text_put_together_is_found(code: str, tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text(code, encoding="utf-8")
    assert sentences_of(tmp_path / "room.py").offences


def test_sentences_are_found_behind_names_branches_and_helpers(tmp_path: Path) -> None:
    code = """
    WAY = "at the top"
    def room(x):
        what, remedy = "one" if x else say("two {x}", x=x), WAY
        return Problem("a.csv", what, remedy, bound="three")
    def other(complaints):
        template = "four {y}"
        complaints.add(say(template, y=1), "five", bound="1")
    """
    (tmp_path / "schema.py").write_text(inspect.cleandoc(code) + '\nraise ValueError("six words")', encoding="utf-8")
    found: Found = sentences_of(tmp_path / "schema.py")
    assert set(found.sentences) == {"one", "two {x}", "at the top", "three", "four {y}", "five", "six words"}
    assert found.offences == []


@pytest.mark.parametrize("english", sorted(OURS))
def test_a_sentence_keeps_its_fields_and_is_translated(english: str) -> None:
    assert fields(OURS[english]) == fields(english)
    assert OURS[english].strip() and (OURS[english] == english) == (english in ALIKE)
    assert english[-1] != "." or OURS[english][-1] == "."


def test_what_libraries_and_the_system_say_is_what_they_really_say() -> None:
    import tomllib._parser

    source = "".join(inspect.getsource(module) for module in (tomllib._parser, json.decoder))
    said = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    assert sorted(set(TABLES["library"]) - said - set(expat.errors.messages.values())) == []
    assert set(TABLES["system"]) <= set(errno.errorcode.values())


def test_what_pydantic_says_is_told_by_type_with_its_values() -> None:
    for kind, text in TABLES["pydantic"].items():
        assert fields(text) <= fields(PydanticKnownError(kind, CONTEXT).message_template), kind
    over = Message("Input should be greater than 7", {"gt": 7}, "pydantic.greater_than")
    assert (over, INDONESIAN(over)) == ("Input should be greater than 7", "harus lebih dari 7")
    assert INDONESIAN(Message("Input is {odd}", {"gt": 7}, "pydantic.unheard_of")) == "Input is {odd}"


def test_a_message_is_its_english_sentence_and_never_changes() -> None:
    message = Message("at most {most}", {"most": 3})
    assert (message, str(message), f"{message}", hash(message)) == ("at most 3",) * 3 + (hash("at most 3"),)
    with pytest.raises(AttributeError):
        message.values = ()


def test_braces_in_a_value_or_a_plain_sentence_are_left_alone() -> None:
    assert say("no room at {site}", site="{x}") == "no room at {x}"
    assert INDONESIAN(say("no room at {site}", site="{x}")) == "tidak cukup tempat di {x}"
    assert INDONESIAN(Message("{odd}")) == Message("{odd}") == "{odd}"


def test_a_message_inside_a_message_is_told_too() -> None:
    said = say("cannot be read ({why})", why=system_words(PermissionError(errno.EACCES, "Permission denied")))
    assert (said, INDONESIAN(said)) == ("cannot be read (Permission denied)", "tidak dapat dibaca (izin ditolak)")
    assert INDONESIAN(either(["a", "b", "c"])) == "a atau b atau c"


def test_a_line_is_told_whole_and_names_and_values_stay_as_they_were_read() -> None:
    problem = Problem("roads.csv", "missing", "give 0 or more", 2, "minutes", "missing", "0 or 1")
    assert str(problem) == "roads.csv, line 2, minutes: missing (found 'missing'); expected 0 or 1. give 0 or more"
    assert problem.line_in(INDONESIAN) == (
        "roads.csv, baris 2, minutes: tidak diisi (tertulis 'missing'); seharusnya 0 atau 1. isikan 0 atau lebih"
    )
    named = Problem(say("days"), "no day is asked for", column=say("place {number}", number=2))
    assert named.line_in(INDONESIAN) == "hari, tempat 2: tidak ada hari yang diminta"


@pytest.mark.parametrize("error", [
    RunError(say("no plan found within {seconds:g} s; give it more time", seconds=3.0)),
    InputError([Problem("a.csv", say("no room at {site}", site="x")), Problem("b.csv", "unknown column")]),
])  # fmt: skip
def test_an_error_comes_home_from_a_worker_with_its_templates(error: RunError | InputError) -> None:
    home = pickle.loads(pickle.dumps(error))
    assert (type(home), str(home)) == (type(error), str(error))
    said = home.said if isinstance(home, RunError) else home.problems[0].what
    assert isinstance(said, Message) and INDONESIAN(said) != said
