"""Reading an experiment file: checked whole before the first run, every problem with its line."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from simsec.analysis.measures import FAMILIES
from simsec.analysis.sequential import Stopping
from simsec.analysis.worlds import INERT, JUDGEMENTS
from simsec.base.errors import InputError, Problem, say
from simsec.base.files import content_hash
from simsec.experiments.designs import points_of
from simsec.experiments.factors import BLOCK_SIZE, DAY_TYPE, OWN, Factor, changed, factor_of
from simsec.experiments.lines import line_of
from simsec.experiments.schema import FORMAT, ExperimentFile, FactorEntry, PlanEntry
from simsec.plan import Plan, doctrine
from simsec.plan.files import read_plan
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.reading import unreadable, validation_words
from simsec.scenario.schema import DAY_TYPES

SUMS = ("weighted_min", "count", "unanswered", "within_target")  # of each responder family
MEASURES = (
    *(f"{family}_{what}" for family in FAMILIES for what in SUMS),
    "stations_hit",
    "limit_reached",
    "reserve_out_most",
    "voter_hours_lost",
    "voters_not_served",
)
OPTIMISED = "optimised"


@dataclass(frozen=True)
class PlanSpec:
    """A plan of an experiment: its name, and how it comes about at a point.

    Attributes:
        name: in the tables.
        block_size: of a doctrine; None for the announced one.
        optimise: search for it at every point.
        given: the plan of a folder, one a scenario; empty for the others.
        labels: whether it may see the labels of the stations.
    """

    name: str
    block_size: int | None
    optimise: bool
    given: tuple[Plan, ...]
    labels: bool = True


@dataclass(frozen=True, eq=False)
class Experiment:
    """An experiment, checked: what is played at every point, and what for.

    Attributes:
        file: as it says.
        text: of the file.
        scenarios: in its order.
        plans: in its order.
        factors: one tuple a scenario, whose ranges may differ.
        points: of the design, in the unit cube, shape (points, factors).

    Example:
        >>> experiment = read_experiment("experiments/friction.toml")
        >>> experiment.cells == len(experiment.scenarios) * len(experiment.points)
        True
    """

    file: ExperimentFile
    text: str
    scenarios: tuple[Scenario, ...]
    plans: tuple[PlanSpec, ...]
    factors: tuple[tuple[Factor, ...], ...]
    points: NDArray[np.float64]

    @property
    def cells(self) -> int:
        """Points of all scenarios: scenario after scenario."""
        return len(self.scenarios) * len(self.points)

    def place(self, cell: int) -> tuple[int, int]:
        """Number of the scenario and of the point."""
        return divmod(cell, len(self.points))

    def values(self, cell: int) -> dict[str, Any]:
        """Factor -> value at a cell."""
        scenario, point = self.place(cell)
        return {
            factor.name: factor.value(float(u))
            for factor, u in zip(self.factors[scenario], self.points[point], strict=True)
        }

    def settings(self, cell: int) -> dict[str, Any]:
        """Path -> value at a cell."""
        scenario, point = self.place(cell)
        found: dict[str, Any] = {}
        for factor, u in zip(self.factors[scenario], self.points[point], strict=True):
            found |= factor.changes(float(u))
        return found

    def days(self, cell: int) -> dict[str, int]:
        """Type of day -> days at a cell; 1 of each where a precision decides."""
        forced = self.settings(cell).get(DAY_TYPE)
        asked = 1 if self.file.days is None else self.file.days
        scenario = self.scenarios[self.place(cell)[0]]
        possible = [name for name in DAY_TYPES if scenario.day_type_probability[name] > 0]
        if isinstance(asked, int):
            return dict.fromkeys([str(forced)] if forced else possible, asked)
        named = {str(name): number for name, number in asked.items()}
        return {str(forced): named.get(str(forced), max(named.values()))} if forced else named

    @property
    def measures(self) -> tuple[str, ...]:
        """Columns of a run."""
        unasked = () if self.file.voters else ("voter_hours_lost", "voters_not_served")
        return self.file.measures or tuple(name for name in MEASURES if name not in unasked)

    def identity(self) -> dict[str, Any]:
        """Everything that decides the results: two experiments with the same identity give the same rows."""
        said = self.file.model_dump(mode="json", exclude={"title", "scenarios", "plans"})
        plans = [
            {"name": plan.name, "tps_per_pair": plan.block_size, "optimise": plan.optimise, "labels": plan.labels}
            | {"hashes": [given.hash for given in plan.given]}
            for plan in self.plans
        ]
        return {
            **said,
            "scenarios": [f"{area.settings.name} {area.hash}" for area in self.scenarios],
            "plans": plans,
            "points": content_hash(np.ascontiguousarray(self.points, dtype="<f8").tobytes()),
        }


def read_experiment(path: str | Path) -> Experiment:
    """Read and check an experiment file.

    Args:
        path: of the file; the paths in it count from its folder.

    Raises:
        InputError: every problem of the file, its scenarios, plans and factors, each with its line.

    Example:
        >>> read_experiment("experiments/friction.toml").file.design.kind
        'saltelli'
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except FileNotFoundError:
        raise InputError([Problem(str(path), "no such file", "give the path of an experiment file")]) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError([unreadable(path.name, error)]) from None
    if data.get("format") != FORMAT:
        remedy = "the first line reads: format = 1"
        raise InputError([Problem(path.name, "unknown format", remedy, 1, "format", str(data.get("format")), "1")])
    try:
        file = ExperimentFile.model_validate(data)
    except ValidationError as error:
        raise InputError(_problem(path.name, text, item) for item in error.errors(include_url=False)) from None
    return _Reader(path, text, file).experiment()


def _problem(name: str, text: str, item: Any) -> Problem:
    what, remedy = validation_words(item), ""
    if item["type"] == "missing":
        what, remedy = "the key is missing", "add it"
    elif item["type"] == "extra_forbidden":
        what, remedy = "unknown key", "remove it or check its spelling"
    value = item.get("input")
    shown = str(value) if isinstance(value, bool | int | float | str) else ""
    column = ".".join(str(step) for step in item["loc"] if step not in ("int", "bool", "float", "str"))
    return Problem(name, what, remedy, line_of(text, item["loc"]), column, shown)


class _Reader:
    """Collects the problems of one file, so that all are told at once."""

    def __init__(self, path: Path, text: str, file: ExperimentFile) -> None:
        self.path, self.text, self.file = path, text, file
        self.problems: list[Problem] = []

    def wrong(self, place: Sequence[str | int], what: str, remedy: str = "", bound: str = "", value: str = "") -> None:
        column = ".".join(map(str, place))
        self.problems.append(
            Problem(self.path.name, what, remedy, line_of(self.text, place), column, value, bound)
        )

    def here(self, error: InputError, *place: str | int) -> None:
        """Tell problems of something else at the line that brought them up."""
        for problem in error.problems:
            where = (*place, problem.column) if problem.file == "" and problem.column else place
            line = line_of(self.text, where)
            column = ".".join(map(str, where))
            if problem.file == "":
                self.problems.append(replace(problem, file=self.path.name, row=line, column=column))
            else:
                inner = f"{problem.file}, {problem.column}" if problem.column else problem.file
                what = say("in {inner}: {what}", inner=inner, what=problem.what)
                value, bound = problem.value, problem.bound
                self.problems.append(Problem(self.path.name, what, problem.remedy, line, column, value, bound))

    def experiment(self) -> Experiment:
        scenarios = self.scenarios()
        self.measures()
        self.stopping(len(DAY_TYPES))
        plans = self.plans(scenarios) if scenarios else ()
        factors = tuple(self.factors(area) for area in scenarios)
        names = {tuple(factor.name for factor in each) for each in factors}
        if len(names) > 1:
            self.wrong(("unknowns",), "the scenarios have different figures to vary", "name the factors one by one")
        if self.problems:
            raise InputError(self.problems)
        axes = [factor.axis for factor in factors[0]]
        design = self.file.design
        points = points_of(design.kind, axes, design.size or 1, design.levels, self.file.seed)
        if not axes:
            points = np.zeros((1, 0))
        return Experiment(self.file, self.text, scenarios, plans, factors, points)

    def scenarios(self) -> tuple[Scenario, ...]:
        found = []
        for number, folder in enumerate(self.file.scenarios):
            try:
                found.append(read_scenario(self.path.parent / folder))
            except InputError as error:
                self.here(error, "scenarios", number)
        if _twice([area.settings.name for area in found]) is not None:
            self.wrong(("scenarios",), "two scenarios have the same name", "rename one of them")
        return tuple(found) if len(found) == len(self.file.scenarios) else ()

    def measures(self) -> None:
        if not set(self.file.measures) <= set(MEASURES):
            odd = next(name for name in self.file.measures if name not in MEASURES)
            self.wrong(("measures",), "no such measure", "", ", ".join(MEASURES), odd)
        if any(name.startswith("voter") for name in self.file.measures) and not self.file.voters:
            self.wrong(("measures",), "voters are not served", "add voters = true")

    def stopping(self, types: int) -> None:
        rule = self.file.precision
        if rule is None:
            return
        if rule.measure not in (self.file.measures or MEASURES):
            self.wrong(("precision", "measure"), "no such measure", "", ", ".join(MEASURES), rule.measure)
        least = rule.first * types
        if Stopping(rule.relative, rule.most_days, rule.first).problems(types):
            bound = say("at least {days} days", days=least)
            self.wrong(("precision", "most_days"), "too few for the first round", "", bound, str(rule.most_days))

    def plans(self, scenarios: tuple[Scenario, ...]) -> tuple[PlanSpec, ...]:
        touched = any(entry.path.startswith(("forces.", "patterns.")) or entry.cases for entry in self.file.factors)
        found = []
        for number, entry in enumerate(self.file.plans):
            try:
                given = tuple(read_plan(self.path.parent / entry.folder, area) for area in scenarios if entry.folder)
                size = entry.doctrine if isinstance(entry.doctrine, int) else None
                if size is not None and not touched:
                    for area in scenarios:
                        doctrine(area, size)
            except InputError as error:
                self.here(error, "plans", number, "folder" if entry.folder else "doctrine")
                continue
            found.append(PlanSpec(entry.name or _plan_name(entry), size, entry.optimise, given, entry.labels))
        if (twice := _twice([plan.name for plan in found])) is not None:
            self.wrong(("plans", twice), "two plans have the same name", "give them names")
        return tuple(found)

    def factors(self, scenario: Scenario) -> tuple[Factor, ...]:
        found: list[Factor] = []
        for number, entry in enumerate(self.file.factors):
            place = ("factors", number)
            try:
                factor = factor_of(entry, scenario)
            except InputError as error:
                self.here(error, *place)
                continue
            if factor.path == BLOCK_SIZE and not any(plan.doctrine for plan in self.file.plans):
                self.wrong((*place, "path"), "no plan is a doctrine whose blocks could have this size", "add one")
            found.append(factor)
            self.ends(factor, scenario, number)
        for path in self.unknown(scenario, {factor.path for factor in found}):
            found.append(factor_of(FactorEntry(path=path), scenario))
        if (twice := _twice([factor.name for factor in found])) is not None:
            self.wrong(("factors", twice), "two factors have the same name", "give them names")
        return tuple(found)

    def ends(self, factor: Factor, scenario: Scenario, number: int) -> None:
        """Try every level, or both ends of a range, alone."""
        key = next((way for way in ("levels", "range", "prior", "cases") if self.has(number, way)), "path")
        for u in factor.ends:
            changes = {path: value for path, value in factor.changes(u).items() if path not in OWN}
            try:
                changed(scenario, changes)
            except InputError as error:
                for problem in error.problems[:1]:
                    value = str(factor.value(u))
                    self.wrong(("factors", number, key), problem.what, problem.remedy, problem.bound, value)

    def has(self, number: int, way: str) -> bool:
        return getattr(self.file.factors[number], way) is not None

    def unknown(self, scenario: Scenario, taken: set[str]) -> list[str]:
        """Uncertain figures of the grades asked for that can move a measure, but judgements and those named apart."""
        asked = self.file.unknowns
        if asked is None:
            return []
        left = (*JUDGEMENTS, *asked.leave_out)
        return [
            path
            for path, figure in scenario.parameters().items()
            if figure.uncertain and figure.grade in asked.grades and path not in taken
            if not path.startswith(left) and not any(part in path for part in INERT)
        ]


def _twice(names: Sequence[str]) -> int | None:
    """Place of the first name that stood there before."""
    return next((number for number, name in enumerate(names) if name in names[:number]), None)


def _plan_name(entry: PlanEntry) -> str:
    if entry.optimise:
        return OPTIMISED
    if entry.folder:
        return Path(entry.folder).name
    return "announced" if entry.doctrine == "announced" else f"2:{entry.doctrine}"
