"""Laws of the list of breakages, and of the tool that judges it."""

import subprocess
from pathlib import Path

import pytest

from tools.breakages import LIST, Breakage, ListError, check_targets, main, read_breakages, third, verdict

SOUND = "def minutes(hours):\n    return hours * 60\n"
LAW = "from clock import minutes\n\n\ndef test_hour():\n    assert minutes(1) == 60\n"
CAUGHT = '[[breakage]]\nfile = "clock.py"\nold = "* 60"\nnew = "* 61"\n'
SURVIVES = '[[breakage]]\nfile = "clock.py"\nold = "* 60"\nnew = "* 60.0"\n'
NO_IMPORT = '[[breakage]]\nfile = "clock.py"\nold = "return"\nnew = "retrun"\n'


def checkout(folder: Path, entries: str, law: str = LAW) -> Path:
    """A checkout of one module, one test and a list of breakages."""
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "tests").mkdir()
    (folder / "clock.py").write_text(SOUND, encoding="utf-8")
    (folder / "tests" / "test_clock.py").write_text(law, encoding="utf-8")
    (folder / LIST).write_text(entries, encoding="utf-8")
    return folder


def test_every_breakage_names_tests_that_exist() -> None:
    root = Path(__file__).parents[1]
    for breakage in read_breakages():
        for test in breakage.tests:
            file, _, name = test.partition("::")
            assert (root / file).exists(), test
            assert not name or f"def {name}(" in (root / file).read_text(encoding="utf-8"), test


def test_at_least_twenty_breakages_are_listed() -> None:
    assert len(read_breakages()) >= 20


def test_every_old_text_occurs_exactly_once() -> None:
    check_targets(read_breakages())


def test_every_named_test_file_exists() -> None:
    root = Path(__file__).parents[1]
    named = {test.partition("::")[0] for breakage in read_breakages() for test in breakage.tests}
    assert [name for name in sorted(named) if not (root / name).exists()] == []


def test_the_thirds_part_the_list_whatever_the_day() -> None:
    entries = [Breakage(number, "a.py", "+", "-") for number in range(1, 23)]
    for day in (1, 100, 364):
        parts = [third(entries, day + shift) for shift in range(3)]
        assert sorted(entry.number for part in parts for entry in part) == list(range(1, 23))


@pytest.mark.parametrize(
    ("entry", "told"), [(CAUGHT, "caught"), (SURVIVES, "survived"), (NO_IMPORT, "no verdict: pytest ended with 2")]
)
def test_only_a_failing_test_catches(tmp_path: Path, entry: str, told: str) -> None:
    root = checkout(tmp_path, entry)
    (breakage,) = read_breakages(root)
    assert verdict(root, breakage).partition("\n")[0] == told
    assert (root / "clock.py").read_text(encoding="utf-8") == SOUND


@pytest.mark.parametrize(("outcomes", "code"), [(("caught", "caught"), 0), (("caught", "survived"), 1)])
def test_every_survivor_makes_the_run_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcomes: tuple[str, str], code: int
) -> None:
    monkeypatch.setattr("tools.breakages.sound", lambda root, breakages: True)
    monkeypatch.setattr("tools.breakages.verdict", lambda root, breakage: outcomes[breakage.number - 1])
    assert main([], checkout(tmp_path, CAUGHT + SURVIVES)) == code


def test_a_test_that_is_red_anyway_catches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], checkout(tmp_path, CAUGHT, LAW.replace("== 60", "== 59"))) == 2
    assert "red without any breakage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (CAUGHT.replace("clock.py", "watch.py"), "No such file"),
        (CAUGHT.replace("* 60", "* 3600"), "occurs 0 times"),
        (CAUGHT.replace("* 60", "hours"), "occurs 2 times"),
        (CAUGHT.replace("* 61", "* 60"), "the same"),
        (CAUGHT.replace("new", "now"), "new is missing"),
        (CAUGHT + "tests = 3\n", "tests is missing or of the wrong kind"),
        ("breakages = []\n", "unknown key"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], entry: str, told: str) -> None:
    assert main([], checkout(tmp_path, entry)) == 2
    assert told in capsys.readouterr().err


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(ListError) as caught:
        check_targets(read_breakages(checkout(tmp_path, 2 * CAUGHT.replace("* 60", "* 3600"))), tmp_path)
    assert str(caught.value).count("\n") == 1
