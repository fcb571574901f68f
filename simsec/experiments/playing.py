"""An experiment as a job: what a task plays, and the rows that come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simsec.analysis.measures import FAMILIES, expected_weight, kind_tables, waited_min
from simsec.analysis.replications import DayKey, Options, day_keys, play_chunk, strata
from simsec.analysis.sequential import Stopping, until_precise
from simsec.analysis.workers import Workers
from simsec.experiments.factors import BLOCK_SIZE, changed
from simsec.experiments.job import FAILURES, RUNS, Job, Tables, failure, failure_table
from simsec.experiments.reading import MEASURES, SUMS, Experiment, PlanSpec
from simsec.plan import Plan, check_plan, doctrine
from simsec.results.run_folder import versions
from simsec.scenario import Scenario
from simsec.scenario.noisy_labels import unlabelled
from simsec.scenario.schema import DAY_TYPES

INCIDENTS = "incidents"
ROW = dict[str, Any]
Floats = NDArray[np.float64]
KEYS = (
    ("cell", pa.int32()),
    ("plan", pa.string()),
    ("day_type", pa.string()),
    ("seed", pa.int64()),
    ("replication", pa.int64()),
    ("probability", pa.float64()),
)
INCIDENT_SCHEMA = pa.schema(
    [
        *KEYS,
        ("kind", pa.string()),
        ("family", pa.string()),
        ("subdistrict", pa.string()),
        ("primary_incident", pa.bool_()),
        ("level", pa.int8()),
        ("onset_min", pa.float64()),
        ("response_min", pa.float64()),
        ("waited_min", pa.float64()),
    ]
)
# An optimised plan of a sweep is searched for with few days: it is one of many, and judged on the sweep's own.
SEARCH_DAYS = {"ordinary": 6, "heavy_rain": 6, "rumour": 6, "severe": 12}


# Of tasks whose size the experiment leaves open: enough of them for many cores, each worth making a cell ready for.
TASKS, LEAST_DAYS, MOST_DAYS = 64, 20, 200


def runs_schema(measures: Sequence[str]) -> pa.Schema:
    """Columns of the runs: keys, measures, and the expected weight that the primary measure is divided by."""
    expected = [f"{family}_expected_weight" for family in FAMILIES]
    return pa.schema([*KEYS, *((name, pa.float64()) for name in (*measures, *expected))])


@dataclass(frozen=True, eq=False)
class Cell:
    """One point of the design made ready: the scenario there, its plans, and what kept a plan from being made."""

    world: Scenario
    plans: Mapping[str, Plan]
    failed: Mapping[str, Exception]


@dataclass(frozen=True, eq=False)
class Shared:
    """What every task of an experiment needs; ``first`` is the first task of each cell, and one past the last."""

    experiment: Experiment
    first: tuple[int, ...]

    def place(self, task: int) -> tuple[int, int, int]:
        """Cell, number of the chunk in it, and chunks of the cell."""
        cell = int(np.searchsorted(self.first, task, side="right")) - 1
        return cell, task - self.first[cell], self.first[cell + 1] - self.first[cell]


def job_of(experiment: Experiment) -> Job:
    """The job that plays an experiment.

    Example:
        >>> from simsec.experiments.reading import read_experiment
        >>> job = job_of(read_experiment("experiments/friction.toml"))
        >>> job.runs >= job.tasks
        True
    """
    file, cells = experiment.file, range(experiment.cells)
    whole = file.precision is not None or any(plan.optimise for plan in experiment.plans)
    days = [sum(experiment.days(cell).values()) for cell in cells]
    chunks = [1 if whole else chunks_of(number, len(days), file.batch) for number in days]
    shared = Shared(experiment, (0, *np.cumsum(chunks).tolist()))
    most = [file.precision.most_days if file.precision else number for number in days]
    identity = {**experiment.identity(), "tasks": sum(chunks), "versions": versions()}
    return Job(
        name=file.name,
        identity=identity,
        tasks=sum(chunks),
        runs=sum(most) * len(experiment.plans),
        evaluate=evaluate,
        lost=lost,
        shared=shared,
        points=points_table(experiment),
        sized=file.precision is None,
    )


def chunks_of(days: int, cells: int, batch: int | None) -> int:
    """Into how many tasks the days of a cell are cut; a matter of the experiment, never of the workers.

    Each task that finds its cell made ready by another process makes it ready once more, which costs about as much as
    playing 20 to 40 days: many cells are not cut, a few are.

    Example:
        >>> chunks_of(100, 200, None), chunks_of(600, 3, None), chunks_of(30, 1, None), chunks_of(600, 3, 200)
        (1, 22, 1, 3)
    """
    if batch is not None:
        return -(-days // batch)
    return max(min(-(-TASKS // cells), days // LEAST_DAYS), -(-days // MOST_DAYS), 1)


def points_table(experiment: Experiment) -> pa.Table:
    """A row a cell: its scenario, and the value and the unit coordinate of every factor."""
    cells = range(experiment.cells)
    values = [experiment.values(cell) for cell in cells]
    places = [experiment.place(cell) for cell in cells]
    columns: dict[str, Any] = {
        "cell": pa.array(cells, pa.int32()),
        "scenario": pa.array([experiment.scenarios[area].settings.name for area, _ in places]),
        "point": pa.array([point for _, point in places], pa.int32()),
    }
    for number, factor in enumerate(experiment.factors[0]):
        found = [row[factor.name] for row in values]
        if len({type(value) for value in found}) > 1:
            found = [float(value) if isinstance(value, int) else value for value in found]
        columns[factor.name] = pa.array(found)
        columns[f"u.{factor.name}"] = pa.array([float(experiment.points[point, number]) for _, point in places])
    return pa.table(columns)


def cell_seed(experiment: Experiment, cell: int) -> int:
    """Seed of the days of a cell: the same everywhere where points are coupled, so that all meet the same days."""
    if experiment.file.coupled:
        return experiment.file.seed
    return int(np.random.SeedSequence(entropy=experiment.file.seed, spawn_key=(cell,)).generate_state(1)[0])


@lru_cache(maxsize=2)
def ready(shared: Shared, cell: int) -> Cell:
    """Make a cell ready; kept for the next chunk of its days.

    Raises:
        InputError: the scenario would be none at these values.
    """
    experiment = shared.experiment
    settings = experiment.settings(cell)
    area = experiment.place(cell)[0]
    world = changed(experiment.scenarios[area], settings)
    size = settings.get(BLOCK_SIZE)
    plans: dict[str, Plan] = {}
    failed: dict[str, Exception] = {}
    for spec in experiment.plans:
        try:
            plans[spec.name] = _plan(spec, world, area, None if size is None else int(size), experiment.file.seed)
        except Exception as error:  # whatever it is, it is a row of the failure table and not the end of the sweep
            failed[spec.name] = error
    return Cell(world, plans, failed)


def _plan(spec: PlanSpec, world: Scenario, area: int, size: int | None, seed: int) -> Plan:
    if not spec.labels:
        world = unlabelled(world)
    if spec.optimise:
        from simsec.optimization.search import search

        days = SEARCH_DAYS
        alone = Workers(1, None, Path())
        return search(world, alone, seed=seed, training=days, selection=days, acceptance=days, final_blocks=0).chosen
    if spec.given:
        check_plan(world, spec.given[area], spec.name)
        return spec.given[area]
    return doctrine(world, spec.block_size if size is None else size)


def keys_of(shared: Shared, cell: int, chunk: int, chunks: int) -> tuple[DayKey, ...]:
    """The days of one chunk of a cell."""
    keys = day_keys(shared.experiment.days(cell), (cell_seed(shared.experiment, cell),))
    cut = [len(keys) * number // chunks for number in range(chunks + 1)]
    return keys[cut[chunk] : cut[chunk + 1]]


def evaluate(shared: Shared, task: int) -> Tables:
    """Play the days of one task under every plan.

    Returns:
        ``runs``, ``failures`` and, when asked for, ``incidents``.
    """
    cell, chunk, chunks = shared.place(task)
    experiment = shared.experiment
    names = [spec.name for spec in experiment.plans]
    found = _Found(experiment, cell)
    keys = keys_of(shared, cell, chunk, chunks)
    try:
        made = ready(shared, cell)
    except Exception as error:  # as in ``ready``
        found.fail(keys, names, error)
        return found.tables()
    if experiment.file.precision is not None:
        _until_precise(experiment, made, found, cell)
    else:
        _play(experiment, made, found, keys)
    return found.tables()


def lost(shared: Shared, task: int, message: str) -> pa.Table:
    """Failure rows of a task that no worker survived."""
    cell, chunk, chunks = shared.place(task)
    found = _Found(shared.experiment, cell)
    keys = keys_of(shared, cell, chunk, chunks)
    found.fail(keys, [spec.name for spec in shared.experiment.plans], WorkerDied(message))
    return failure_table(found.failures)


class WorkerDied(Exception):
    """The processes that played a task died again and again."""


class _Found:
    """Rows of one task as they come."""

    def __init__(self, experiment: Experiment, cell: int) -> None:
        self.experiment, self.cell = experiment, cell
        self.runs: list[ROW] = []
        self.failures: list[ROW] = []
        self.incidents: list[pa.Table] = []

    def fail(self, keys: Sequence[DayKey], plans: Sequence[str], error: Exception) -> None:
        self.failures += [
            failure(self.cell, plan, (key.day_type, key.seed, key.replication), error) for key in keys for plan in plans
        ]

    def add(self, made: Cell, plan: str, key: DayKey, row: Mapping[str, Any], probability: float) -> ROW:
        keys = (self.cell, plan, key.day_type, key.seed, key.replication, probability)
        named = dict(zip((name for name, _ in KEYS), keys, strict=True))
        figures = figures_of(row)
        expected = expected_weight(made.world)[key.day_type]
        kept = {name: figures[name] for name in self.experiment.measures}
        self.runs.append(named | kept | {f"{family}_expected_weight": expected[family] for family in FAMILIES})
        if self.experiment.file.incidents:
            self.incidents.append(incident_rows(made.world, named, row))
        return figures

    def tables(self) -> Tables:
        tables = {
            RUNS: pa.Table.from_pylist(self.runs, schema=runs_schema(self.experiment.measures)),
            FAILURES: failure_table(self.failures),
        }
        if self.experiment.file.incidents:
            empty = INCIDENT_SCHEMA.empty_table()
            tables[INCIDENTS] = pa.concat_tables([empty, *self.incidents]).combine_chunks()
        return tables


def _play(experiment: Experiment, made: Cell, found: _Found, keys: Sequence[DayKey]) -> dict[DayKey, list[ROW]]:
    """Play days one by one under every plan that could be made; a plan that fails does so alone."""
    options = Options(voters=experiment.file.voters)
    for name, error in made.failed.items():
        found.fail(keys, [name], error)
    types = sorted({DAY_TYPES.index(name) for name in experiment.days(found.cell)})
    probability = strata(made.world, *(DAY_TYPES[number] for number in types))
    played: dict[DayKey, list[ROW]] = {}
    names, plans = list(made.plans), tuple(made.plans.values())
    for key in keys:
        rows: dict[str, Mapping[str, Any]] = {}
        try:
            rows = dict(zip(names, play_chunk((made.world, plans, options), [key])[0], strict=True))
        except Exception:  # find out whose it is
            for name, plan in made.plans.items():
                try:
                    rows[name] = play_chunk((made.world, (plan,), options), [key])[0][0]
                except Exception as error:  # as in ``ready``
                    found.fail([key], [name], error)
        share = probability[DAY_TYPES.index(key.day_type)]
        played[key] = [found.add(made, name, key, row, share) for name, row in rows.items()]
    return played


def _until_precise(experiment: Experiment, made: Cell, found: _Found, cell: int) -> None:
    """Play days of a cell in rounds until the measure of every plan is precise; all plans meet all the days."""
    asked = experiment.file.precision
    assert asked is not None
    rule = Stopping(asked.relative, asked.most_days, asked.first)
    types = sorted(DAY_TYPES.index(name) for name in experiment.days(cell))
    probability = strata(made.world, *(DAY_TYPES[number] for number in types))
    seeds = (cell_seed(experiment, cell),)
    values: dict[DayKey, list[float]] = {}

    def play(place: int, played: Mapping[int, int], more: Mapping[int, int]) -> dict[int, Floats]:
        keys = day_keys({DAY_TYPES[number]: played[number] + more[number] for number in played}, seeds)
        fresh = _play(experiment, made, found, [key for key in keys if key not in values])
        for key, rows in fresh.items():
            whole = len(rows) == len(made.plans)
            values[key] = [row[asked.measure] for row in rows] if whole else [float("nan")] * len(made.plans)
        drawn: dict[int, Floats] = {}
        for number in played:
            of_type = [key for key in keys if key.day_type == DAY_TYPES[number]]
            column = np.array([values[key][place] for key in of_type])
            known = float(np.nanmean(column)) if np.isfinite(column).any() else 0.0  # a failed day tells nothing
            drawn[number] = np.nan_to_num(column, nan=known)[played[number] :]
        return drawn

    for place in range(len(made.plans)):
        until_precise(partial(play, place), probability, rule)


def figures_of(row: Mapping[str, Any]) -> ROW:
    """The measures of a day by name."""
    figures: ROW = {}
    for what, column in zip(SUMS, ("weighted", "count", "unanswered", "within_target"), strict=True):
        values = np.asarray(row[column])
        figures |= {f"{family}_{what}": float(values[number]) for number, family in enumerate(FAMILIES)}
    out = np.asarray(row["reserve_busy"])
    figures["stations_hit"] = float(row["stations_hit"])
    figures["limit_reached"] = float(row["limit_reached"])
    figures["reserve_out_most"] = float(out.max()) if len(out) else 0.0
    figures["voter_hours_lost"] = float(row["voter_hours_lost"])
    figures["voters_not_served"] = float(row["voters_not_served"])
    assert set(figures) == set(MEASURES)
    return figures


def incident_rows(world: Scenario, named: ROW, row: Mapping[str, Any]) -> pa.Table:
    """The incidents of a day, down to the sub-district and no further."""
    kind = np.asarray(row["kind"], dtype=np.int64)
    family = kind_tables(world).family[kind] if len(kind) else np.zeros(0, np.int64)
    sector = world.stations.subdistrict[np.asarray(row["station"], dtype=np.int64)]
    onset, response = np.asarray(row["onset"], dtype=np.float64), np.asarray(row["response"], dtype=np.float64)
    kinds, sectors = tuple(world.settings.incidents), world.villages.subdistrict_names
    answered = np.isfinite(response)
    columns = [pa.array([named[name]] * len(kind), kind_of) for name, kind_of in KEYS]
    columns += [
        pa.array([kinds[number] for number in kind.tolist()], pa.string()),
        pa.array([FAMILIES[number] if number >= 0 else "none" for number in family.tolist()], pa.string()),
        pa.array([sectors[number] for number in sector.tolist()], pa.string()),
        pa.array(np.asarray(row["primary"], dtype=np.bool_)),
        pa.array(np.asarray(row["level"], dtype=np.int8)),
        pa.array(onset),
        pa.array(np.where(answered, response, 0.0), mask=~answered),
        pa.array(waited_min(onset, response, world.horizon_min[1])),
    ]
    return pa.Table.from_arrays(columns, schema=INCIDENT_SCHEMA)
