"""The names the package hands on: whoever changes the list changes this test."""

import subprocess
import sys
from operator import attrgetter

import pytest

import simsec

PUBLIC = [
    "Comparison",
    "Day",
    "InputError",
    "Outcome",
    "Plan",
    "Replications",
    "RunError",
    "Scenario",
    "SimsecError",
    "compare",
    "doctrine",
    "read_scenario",
    "replicate",
    "sample_day",
    "simulate",
]


def test_the_list_of_public_names() -> None:
    assert simsec.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert getattr(simsec, name).__doc__
    assert getattr(simsec, name) is getattr(simsec, name)


def test_no_other_name_is_handed_on() -> None:
    with pytest.raises(AttributeError, match="no attribute 'optimize'"):
        attrgetter("optimize")(simsec)


def test_nothing_heavy_is_imported_before_a_name_is_used() -> None:
    heavy = "{'numpy', 'scipy', 'simpy', 'pulp', 'matplotlib', 'pyarrow', 'numba'}"
    said = subprocess.run(
        [sys.executable, "-c", f"import sys, simsec; print(sorted({heavy} & set(sys.modules)))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == "[]"


def test_every_error_of_ours_is_of_one_family() -> None:
    assert issubclass(simsec.InputError, simsec.SimsecError) and issubclass(simsec.RunError, simsec.SimsecError)
    assert (simsec.InputError([]).exit_code, simsec.RunError("x").exit_code) == (2, 1)
