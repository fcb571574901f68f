"""What a search looks for: the figure by which candidates are chosen, accepted and compared."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.comparison import OTHER_WEIGHTS
from simsec.analysis.intervals import LEVEL, Estimate
from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import Replications, primary_measure, reweighted, strata
from simsec.analysis.tail import ALPHA, tail_values
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
Aim = Literal["primary", "security", "medical", "logistics", "hazard", "equal-weights", "red-only", "tail"]
_WEIGHTS = {"equal-weights": "equal", "red-only": "red_only"}


def family_of(aim: Aim) -> str:
    """The responder family whose waiting is meant; the primary measure is that of the police.

    Example:
        >>> family_of("primary"), family_of("hazard")
        ('security', 'hazard')
    """
    return aim if aim in FAMILIES else "security"


def tail_from(scenario: Scenario) -> float:
    """Where the tail over days begins: the share of the days that are better; the scenario's, or nine in ten.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> tail_from(read_scenario("scenarios/kabupaten-semarang"))
        0.9
    """
    objective = scenario.settings.objective
    return ALPHA if objective is None else 1 - objective.tail_share.mode


def daily(scenario: Scenario, runs: Replications, aim: Aim = "primary") -> Floats:
    """The figure of each day, shape (days,); its mean over types of day is what is looked for, less is better.

    Args:
        scenario: what is known.
        runs: many days under one plan.
        aim: ``primary`` and ``security`` are the same; ``tail`` is the share of worst days that the scenario names.
    """
    if aim in _WEIGHTS:
        return reweighted(scenario, runs, "security", np.array(OTHER_WEIGHTS[_WEIGHTS[aim]]))
    values: Floats = runs.weighted[:, FAMILIES.index(family_of(aim))]
    if aim != "tail":
        return values
    tail = tail_values(values, runs.stratum, strata(scenario), tail_from(scenario))
    return np.full(len(values), np.nan) if tail is None else tail


def measured(
    scenario: Scenario, values: Floats, stratum: NDArray[np.int64], aim: Aim = "primary", level: float = LEVEL
) -> Estimate:
    """The stratified mean of daily figures, or of paired differences, in minutes per expected weighted incident."""
    return primary_measure(
        scenario, values, stratum, family_of(aim), per_incident=aim in _WEIGHTS, level=level
    )  # fmt: skip


def gain(
    scenario: Scenario,
    first: Replications,
    second: Replications,
    aim: Aim = "primary",
    *,
    level: float = LEVEL,
) -> Estimate:
    """What the second plan gains over the first, paired by day; positive is better for the second.

    Example:
        >>> from simsec.analysis.replications import replicate
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> runs = replicate(scenario, doctrine(scenario), {"ordinary": 2, "heavy_rain": 2, "rumour": 2, "severe": 2})
        >>> gain(scenario, runs, runs, "tail").mean
        0.0
    """
    difference = daily(scenario, first, aim) - daily(scenario, second, aim)
    return measured(scenario, difference, first.stratum, aim, level)
