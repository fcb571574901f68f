"""Factors: what a point of the unit cube means in a scenario, and the scenario changed accordingly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from pydantic import ValidationError

from simsec.base.errors import InputError, Problem, say
from simsec.base.files import content_hash
from simsec.experiments.designs import Axis
from simsec.experiments.schema import FactorEntry, Value
from simsec.scenario.checking import settings_problems
from simsec.scenario.noisy_labels import noisy_labels
from simsec.scenario.parameter import Parameter, triangular
from simsec.scenario.reading import Scenario, validation_words
from simsec.scenario.schema import DAY_TYPES, Settings

DAY_TYPE = "day.type"
ALIASES = {"weather.type": DAY_TYPE}
BLOCK_SIZE = "plan.tps_per_pair"
OWN = (DAY_TYPE, BLOCK_SIZE)  # paths that lead into no scenario
# Random labels of the stations, made in memory: what they are where only some of them are varied; none means that
# labels tell nothing of where severe events strike.
LABELS: Mapping[str, int | float | None] = {
    "labels.seed": 1,
    "labels.elevated_share": 0.0,
    "labels.high_share": 0.0,
    "labels.miss": None,
}
WHOLE = ("forces.",)  # figures that count people


@dataclass(frozen=True)
class Factor:
    """One thing that is varied.

    Attributes:
        name: of its column.
        path: what it sets; "" for cases.
        levels: the values it may take; empty for a range or prior.
        cases: what each level sets, as pairs of path and value; empty unless it has cases.
        low, mode, high: of a range or prior; a range has no mode, which is nan then.
        whole: rounded to whole numbers.
        axis: how it is walked along in a grid or one at a time.
    """

    name: str
    path: str
    levels: tuple[Value, ...]
    cases: tuple[tuple[tuple[str, Value], ...], ...]
    low: float
    mode: float
    high: float
    whole: bool
    axis: Axis

    def value(self, u: float) -> Value:
        """What a coordinate means: a level, or a quantile of the range or prior.

        Args:
            u: in [0, 1].
        """
        if self.levels:
            return self.levels[self.level(u)]
        if np.isnan(self.mode):
            figure = self.low + u * (self.high - self.low)
        else:
            figure = float(triangular(np.array([u]), self.low, self.mode, self.high)[0])
        return float(round(figure)) if self.whole else figure

    def level(self, u: float) -> int:
        """Number of the level a coordinate falls into."""
        return min(int(u * len(self.levels)), len(self.levels) - 1)

    def changes(self, u: float) -> dict[str, Value]:
        """Path -> value."""
        return dict(self.cases[self.level(u)]) if self.cases else {self.path: self.value(u)}

    @property
    def ends(self) -> tuple[float, ...]:
        """Coordinates at which anything wrong with its values shows."""
        return self.axis.centres if self.levels else (0.0, 1.0)


def leaves(settings: Settings) -> dict[str, Value]:
    """Every setting that is no graded figure by dotted path: counts, switches and names.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> leaves(read_scenario("scenarios/kabupaten-semarang").settings)["voters.booths"]
        4
    """
    return dict(_leaves(settings.model_dump(), ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Mapping):
        if "mode" in value and "grade" in value:  # a figure
            return
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            step = item.get("name", number) if isinstance(item, Mapping) else number
            yield from _leaves(item, f"{path}.{step}")
    elif isinstance(value, bool | int | float | str):
        yield path, value


def changed(scenario: Scenario, changes: Mapping[str, Value]) -> Scenario:
    """The scenario with figures and settings replaced.

    Args:
        scenario: what is known.
        changes: dotted path -> value; paths of :data:`OWN` are left out.

    Raises:
        InputError: a path names nothing, or the scenario would not be one any more.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> changed(scenario, {"voters.booths": 6, "travel.friction": 1.5}).settings.voters.booths
        6
    """
    known = scenario.parameters()
    figures = {path: float(value) for path, value in changes.items() if path in known}
    others = {
        path: value for path, value in changes.items() if path not in known and path not in OWN and path not in LABELS
    }
    try:
        result = scenario.with_values(figures) if figures else scenario
        if others:
            data = result.settings.model_dump()
            for path, value in others.items():
                _set(data, path.split("."), value)
            data = result.settings.as_written(data)
            stamp = content_hash(result.hash, repr(sorted(others.items())))
            result = replace(result, settings=Settings.model_validate(data), hash=stamp, as_read=False)
        result = _labelled(result, changes)
    except ValidationError as error:
        raise InputError(
            Problem("scenario.toml", validation_words(item), "", 0, ".".join(str(step) for step in item["loc"]))
            for item in error.errors(include_url=False)
        ) from None
    problems = settings_problems(result.settings) if changes else []
    if problems:
        raise InputError(problems)
    return result


def _labelled(scenario: Scenario, changes: Mapping[str, Value]) -> Scenario:
    """With random labels where some are asked for."""
    if not any(path in LABELS for path in changes):
        return scenario
    asked = {path: changes.get(path, value) for path, value in LABELS.items()}
    seed, elevated, high, miss = (None if value is None else float(value) for value in asked.values())
    assert seed is not None and elevated is not None and high is not None
    return noisy_labels(scenario, int(seed), elevated, high, miss)


def _set(data: Any, path: list[str], value: Value) -> None:
    for step in path[:-1]:
        if isinstance(data, list | tuple):
            data = data[int(step)] if step.isdigit() else next(item for item in data if item.get("name") == step)
        else:
            data = data[step]
    data[path[-1]] = value


def factor_of(entry: FactorEntry, scenario: Scenario) -> Factor:
    """A factor as a scenario understands it.

    Raises:
        InputError: unknown path, wrong type of value, no range to take from the scenario; ``column`` says which key of
            the factor is meant.
    """
    path = ALIASES.get(entry.path, entry.path)
    if entry.cases is not None:
        for setting in {name for case in entry.cases.values() for name in case}:
            _known(setting, scenario, "cases")
        for case in entry.cases.values():
            for setting, value in case.items():
                _right_type(setting, value, scenario, "cases")
        cases = tuple(tuple(case.items()) for case in entry.cases.values())
        return _levelled(entry.name, "", tuple(entry.cases), cases, 0)
    _known(path, scenario, "path")
    name = entry.name or path
    if path in OWN or path not in scenario.parameters() or entry.levels is not None:
        if entry.levels is None:
            remedy = "give it levels"
            raise InputError([Problem("", "only a graded figure has a range or prior", remedy, 0, "path", path)])
        for level in entry.levels:
            _right_type(path, level, scenario, "levels")
        return _levelled(name, path, entry.levels, (), _base(path, entry.levels, scenario))
    figure = scenario.parameters()[path]
    whole = path.startswith(WHOLE)
    centres = tuple((np.arange(entry.steps) / (entry.steps - 1)).tolist())
    if entry.range is not None:
        low, mode, high = entry.range[0], float("nan"), entry.range[1]
        base = int(np.argmin([abs(low + u * (high - low) - figure.mode) for u in centres]))
    else:
        low, mode, high = _prior(entry, figure)
        at = [float(triangular(np.array([u]), low, mode, high)[0]) for u in centres]
        if entry.steps % 2:  # the mode itself, not the median, is the middle
            share = (mode - low) / (high - low)
            centres = (*centres[: entry.steps // 2], share, *centres[entry.steps // 2 + 1 :])
            base = entry.steps // 2
        else:
            base = int(np.argmin([abs(value - figure.mode) for value in at]))
    return Factor(name, path, (), (), low, mode, high, whole, Axis(centres, base))


def _levelled(
    name: str, path: str, levels: tuple[Value, ...], cases: tuple[tuple[tuple[str, Value], ...], ...], base: int
) -> Factor:
    nan = float("nan")
    centres = tuple(((np.arange(len(levels)) + 0.5) / len(levels)).tolist())
    return Factor(name, path, levels, cases, nan, nan, nan, False, Axis(centres, base))


def _prior(entry: FactorEntry, figure: Parameter) -> tuple[float, float, float]:
    if entry.prior is not None:
        return entry.prior.low, entry.prior.mode, entry.prior.high
    if figure.low == figure.high:
        what, remedy = "the scenario gives this figure no range", "give it levels, a range or a prior"
        raise InputError([Problem("", what, remedy, 0, "path", entry.path, "")])
    return figure.low, figure.mode, figure.high


def _known(path: str, scenario: Scenario, column: str) -> None:
    names = [*OWN, *LABELS, *scenario.parameters(), *leaves(scenario.settings)]
    if path in names:
        return
    begun = [name for name in names if name.startswith(path)]
    close = [name for name in [*begun, *get_close_matches(path, names, 3, 0.6)] if name != path]
    remedy = say("did you mean {path}?", path=close[0]) if close else "see `simsec check --json`"
    raise InputError([Problem("", say("no such figure or setting"), remedy, 0, column, path)])


def _right_type(path: str, value: Value, scenario: Scenario, column: str) -> None:
    if path == DAY_TYPE:
        if value not in DAY_TYPES:
            raise InputError([Problem("", "no such type of day", "", 0, column, str(value), ", ".join(DAY_TYPES))])
        return
    now = 1 if path in (BLOCK_SIZE, "labels.seed") else leaves(scenario.settings).get(path, 1.0)
    if isinstance(now, bool):
        good, bound = isinstance(value, bool), "true or false"
    elif isinstance(now, str):
        good, bound = isinstance(value, str), "a text"
    elif isinstance(now, int):
        good, bound = isinstance(value, int) and not isinstance(value, bool), "a whole number"
    else:
        good, bound = isinstance(value, int | float) and not isinstance(value, bool), "a number"
    if not good:
        raise InputError([Problem("", say("the wrong type of value"), "", 0, column, str(value), bound)])


def _base(path: str, levels: tuple[Value, ...], scenario: Scenario) -> int:
    """The level that is the scenario's own, else the middle one."""
    figure = scenario.parameters().get(path)
    now = figure.mode if figure else leaves(scenario.settings).get(path)
    return levels.index(now) if now in levels else (len(levels) - 1) // 2
