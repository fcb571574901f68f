"""Another strength than the announced one: what if 600 police came, or a tenth less?"""

from __future__ import annotations

from collections.abc import Sequence

from simsec.base.errors import InputError, Problem, either
from simsec.scenario.reading import Scenario

FORCES = ("police", "reserve", "army", "linmas")


def read_budget(words: Sequence[str]) -> dict[str, float]:
    """Strength from words such as ``police=600``.

    Args:
        words: a force and a whole number each.

    Returns:
        Dotted path of the scenario -> persons.

    Raises:
        InputError: every word that makes no sense.

    Example:
        >>> read_budget(["police=600", "reserve=80"])
        {'forces.police': 600.0, 'forces.reserve': 80.0}
    """
    found: dict[str, float] = {}
    problems = []
    for word in words:
        name, _, number = word.partition("=")
        if name not in FORCES:
            problems.append(Problem("--budget", "no such force", value=word, bound=either(FORCES)))
        elif not number.isdecimal():
            problems.append(Problem("--budget", "not a whole number", "such as police=600", value=word))
        elif f"forces.{name}" in found:
            problems.append(Problem("--budget", "given twice", "give it once", value=word))
        found[f"forces.{name}"] = float(number) if number.isdecimal() else 0.0
    if problems:
        raise InputError(problems)
    return found


def with_budget(scenario: Scenario, words: Sequence[str]) -> Scenario:
    """The scenario with another strength.

    Raises:
        InputError: a word makes no sense.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> with_budget(read_scenario("scenarios/kabupaten-semarang"), ["police=600"]).settings.forces.police.mode
        600.0
    """
    return scenario.with_values(read_budget(words)) if words else scenario

