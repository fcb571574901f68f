"""What if: another strength than the announced one, or one type of day alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from simsec.base.errors import InputError, Problem, either, say
from simsec.scenario.reading import Scenario

FORCES = ("police", "reserve", "army", "linmas")
MOST = 100_000  # officers; more is a slip of the finger
DIGITS = 10  # of a number that is read at all
CHANGE = re.compile(r"([+-]\d{1,3})%", re.ASCII)


def read_budget(words: Sequence[str], announced: Mapping[str, float]) -> dict[str, float]:
    """Strength from words such as ``police=600``, or ``police=-10%`` for a tenth less than announced.

    Args:
        words: a force each, with a whole number or a change in percent of what is announced; parts of a person go.
        announced: force -> persons.

    Returns:
        Dotted path of the scenario -> persons.

    Raises:
        InputError: every word that makes no sense.

    Example:
        >>> read_budget(["police=-10%", "reserve=80"], {"police": 575.0, "reserve": 100.0})
        {'forces.police': 517.0, 'forces.reserve': 80.0}
    """
    found: dict[str, float] = {}
    problems = []
    for word in words:
        name, _, number = word.partition("=")
        change = CHANGE.fullmatch(number)
        if name not in FORCES:
            problems.append(Problem("--budget", "no such force", value=word, bound=either(FORCES)))
            continue
        if f"forces.{name}" in found:
            problems.append(Problem("--budget", "given twice", "give it once", value=word))
        persons = 0
        if change:
            persons = round(announced[name]) * (100 + int(change.group(1))) // 100
        elif number.isascii() and number.isdecimal() and len(number) < DIGITS:
            persons = int(number)
        else:
            problems.append(Problem("--budget", "not a whole number", "such as police=600 or police=-10%", value=word))
        if not 0 <= persons <= MOST:
            problems.append(
                Problem("--budget", "no strength an area has", value=word, bound=say("0 to {most}", most=MOST))
            )
        found[f"forces.{name}"] = float(persons)
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
    forces = scenario.settings.forces
    announced = {name: getattr(forces, name).mode for name in FORCES}
    return scenario.with_values(read_budget(words, announced)) if words else scenario


def days_that_count(scenario: Scenario, days: Mapping[str, int]) -> dict[str, int]:
    """Days to play: those asked for; where one type alone counts, as many of it as of the type with the most.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> rain = read_scenario("scenarios/kabupaten-semarang").given("heavy_rain")
        >>> days_that_count(rain, {"ordinary": 20, "heavy_rain": 12, "rumour": 12, "severe": 48})
        {'heavy_rain': 48}
    """
    return {scenario.only: max(days.values())} if scenario.only else dict(days)
