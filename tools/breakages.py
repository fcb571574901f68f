"""Does every breakage turn a test red? Apply each entry of tests/breakages.toml to a copy and run the tests there.

An entry is one change for the worse::

    [[breakage]]
    file = "simsec/base/clock.py"       # inside the checkout
    old = "days * DAY_MIN"              # occurs exactly once in the file
    new = "days * 60"
    tests = ["tests/base"]              # pytest paths to run; without the key the whole suite runs

The same tests must pass in a copy without any breakage first: a test that is red anyway catches nothing. Exit code 0
when every breakage was caught, 1 when one survived, 2 when the list itself is wrong.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = Path("tests/breakages.toml")
LIST_TEST = "tests/test_breakages_file.py"  # red by its nature in a copy that has lost its old text
PARALLEL = 2
SOUND_LIMIT_S = 3600  # the tests of all entries together
LIMIT_S = 300  # a breakage may turn a loop into an endless one,
LIMIT_KIB = 8_000_000  # and an endless one may fill the memory of the machine


class ListError(Exception):
    """The list of breakages is wrong; the message says where, a line a problem."""


@dataclass(frozen=True)
class Breakage:
    """One change for the worse and the tests that must notice it.

    Attributes:
        number: place in the list, from 1.
        file: path inside the checkout, with forward slashes.
        old: text that occurs exactly once in the file.
        new: what it becomes.
        tests: pytest paths or node ids; empty for the whole suite.
    """

    number: int
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Number, file and change on one line."""
        return f"{self.number:>3} {self.file}: {self.old!r} -> {self.new!r}"


def read_breakages(root: Path = ROOT) -> tuple[Breakage, ...]:
    r"""Read the list of a checkout.

    Raises:
        ListError: the file is missing or no TOML, a key is unknown, missing or of the wrong kind, or a breakage
            changes nothing.

    Example:
        >>> from tempfile import mkdtemp
        >>> root = Path(mkdtemp())
        >>> (root / "tests").mkdir()
        >>> _ = (root / LIST).write_text('[[breakage]]\nfile = "a.py"\nold = "+"\nnew = "-"')
        >>> print(*read_breakages(root))
          1 a.py: '+' -> '-'
    """
    try:
        document = tomllib.loads((root / LIST).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ListError(f"{LIST.as_posix()}: {error}") from error
    entries = document.pop("breakage", [])
    problems = [f"{LIST.as_posix()}: unknown key {key!r}; only [[breakage]] stands here" for key in document]
    breakages = []
    for number, entry in enumerate(entries, start=1):
        where = f"{LIST.as_posix()}, breakage {number}"
        texts = {key: entry.pop(key, None) for key in ("file", "old", "new")}
        tests = entry.pop("tests", [])
        wrong = [key for key, value in texts.items() if not isinstance(value, str)]
        if not isinstance(tests, list) or not all(isinstance(test, str) and test for test in tests):
            wrong.append("tests")
        problems += [f"{where}: {key} is missing or of the wrong kind" for key in wrong]
        problems += [f"{where}: unknown key {key!r}" for key in entry]
        if not wrong:
            breakages.append(Breakage(number, **texts, tests=tuple(tests)))
            if texts["old"] == texts["new"]:
                problems.append(f"{where}: old and new are the same")
    if problems:
        raise ListError("\n".join(problems))
    return tuple(breakages)


def check_targets(breakages: Iterable[Breakage], root: Path = ROOT) -> None:
    """Check that every old text occurs exactly once in its file.

    Raises:
        ListError: it does not, or the file is missing.
    """
    problems = []
    for breakage in breakages:
        try:
            count = (root / breakage.file).read_text(encoding="utf-8").count(breakage.old)
        except OSError as error:
            problems.append(f"{breakage}: {error.strerror}")
            continue
        if count != 1:
            problems.append(f"{breakage}: old text occurs {count} times, not once")
    if problems:
        raise ListError("\n".join(problems))


def third(breakages: Sequence[Breakage], k: int) -> tuple[Breakage, ...]:
    """Every third breakage, starting at k modulo 3: the three thirds together are the whole list.

    Example:
        >>> entries = [Breakage(number, "a.py", "+", "-") for number in range(1, 6)]
        >>> [entry.number for entry in third(entries, 4)]
        [2, 5]
    """
    return tuple(breakages[k % 3 :: 3])


def copy_checkout(root: Path, to: Path) -> None:
    """Copy what git knows or would add, as it stands on the disk now, without caches and ignored files."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    for name in sorted(set(filter(None, listed))):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, to / name)


def run_tests(
    copy: Path, tests: Sequence[str], workers: int = 0, limit_s: float = LIMIT_S
) -> subprocess.CompletedProcess[str]:
    """Run pytest inside a copy, with that copy first on the path and caches of its own.

    Raises:
        subprocess.TimeoutExpired: the tests hang.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", str(workers), "-p", "no:cacheprovider"]
    # A breakage that the disk cache of a sound run answers for would survive; matplotlib's list of fonts may stay.
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    environment = {"MPLCONFIGDIR": str(cache / "matplotlib")} | os.environ
    environment |= {"PYTHONPATH": str(copy), "XDG_CACHE_HOME": str(copy / ".cache")}
    environment.pop("PYTEST_ADDOPTS", None)
    bounded = ["sh", "-c", f'ulimit -v {LIMIT_KIB}; exec "$@"', "sh"] if os.name == "posix" else []
    return subprocess.run(
        [*bounded, *command, f"--ignore={LIST_TEST}", *tests],
        cwd=copy, env=environment, capture_output=True, text=True, timeout=limit_s, check=False,
    )  # fmt: skip


def sound(root: Path, breakages: Sequence[Breakage]) -> bool:
    """Run the tests of all these breakages once in a copy without any; print what is red there."""
    whole = any(not breakage.tests for breakage in breakages)
    tests = () if whole else tuple(dict.fromkeys(test for breakage in breakages for test in breakage.tests))
    with tempfile.TemporaryDirectory(prefix="sound-") as folder:
        copy_checkout(root, Path(folder))
        done = run_tests(Path(folder), tests, PARALLEL, SOUND_LIMIT_S)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-2000:], sep="\n")
    return done.returncode == 0


def verdict(root: Path, breakage: Breakage) -> str:
    """Apply one breakage to a copy and run its tests: "caught", "survived", or why neither can be said."""
    with tempfile.TemporaryDirectory(prefix="breakage-") as folder:
        copy = Path(folder)
        copy_checkout(root, copy)
        target = copy / breakage.file
        target.write_text(target.read_text(encoding="utf-8").replace(breakage.old, breakage.new), encoding="utf-8")
        try:
            done = run_tests(copy, breakage.tests)
        except subprocess.TimeoutExpired:
            return "caught"  # sound tests ended in time
    # pytest: 0 all passed, 1 a test failed; anything else (a broken import, no test found) says nothing about a law.
    outcome = {0: "survived", 1: "caught"}.get(done.returncode)
    return outcome or f"no verdict: pytest ended with {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-500:]}"


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Judge the whole list or a third of it; see the top of the file for the exit codes."""
    parser = argparse.ArgumentParser(description="Apply each listed breakage to a copy; every one must fail a test.")
    today = time.localtime().tm_yday
    parser.add_argument(
        "--third", type=int, nargs="?", const=today, metavar="K",
        help="only the third K modulo 3; without K the day of the year chooses",
    )  # fmt: skip
    k = parser.parse_args(arguments).third
    try:
        breakages = read_breakages(root)
        check_targets(breakages, root)
    except ListError as error:
        print(error, file=sys.stderr)
        return 2
    chosen = breakages if k is None else third(breakages, k)
    if not chosen:
        print("no breakages are listed")
        return 0
    if not sound(root, chosen):
        print("these tests are red without any breakage; mend them first", file=sys.stderr)
        return 2
    caught = 0
    with ThreadPoolExecutor(PARALLEL) as pool:
        for breakage, outcome in zip(chosen, pool.map(lambda each: verdict(root, each), chosen), strict=True):
            caught += outcome == "caught"
            print(f"{breakage}: {outcome}", flush=True)
    print(f"{caught} of {len(chosen)} breakages caught")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
