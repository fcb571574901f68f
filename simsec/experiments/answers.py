"""Asking a sweep: its tables as DuckDB relations over the Parquet files, never as one large thing in memory."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simsec.analysis.measures import FAMILIES
from simsec.base.errors import InputError, Problem, RunError, say
from simsec.experiments.job import FAILURE_SCHEMA, FAILURES, RUNS
from simsec.experiments.store import MERGED, PARTS, POINTS, read_manifest

SUMMARY = "summary"
RELATIVE = "_measure"  # weighted minutes of a family per expected weighted primary incident
_NO_MEASURES = ("cell", "plan", "day_type", "seed", "replication", "probability")


class Answers:
    """The tables of a sweep, open for questions; a context manager.

    ``runs``: a row a run; ``points``: a row a cell; ``failures``; ``incidents`` where they were kept; ``summary``: a
    row a cell and plan with the natural-rate mean of every measure, each type of day weighing as its probability there,
    and ``<family>_measure``, the weighted minutes per expected weighted primary incident.

    ::

        with simsec.experiments.open("runs/friction") as answers:
            answers.table("select * from summary")                        # an Arrow table
            answers.df("select * from summary")                           # a data frame, where pandas is installed
            answers.sql("select plan, avg(security_unanswered) from runs group by plan").fetchall()
            answers.runs.filter("day_type = 'severe'").aggregate("plan, max(security_weighted_min)")
    """

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> None:
        """Use :func:`open_sweep`."""
        self.folder, self.connection, self.manifest = folder, connection, manifest

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the connection."""
        self.connection.close()

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """A relation of DuckDB, to be filtered, joined or fetched further; :meth:`table` and :meth:`df` give its rows.

        Raises:
            InputError: DuckDB does not understand the query.
            RunError: a part file is torn.
        """
        try:
            return self.connection.sql(query)
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise _torn(self.folder, error) from error
        except duckdb.Error as error:
            raise InputError([Problem(say("query"), str(error).strip())]) from None

    def table(self, query: str) -> pa.Table:
        """The answer to a query as an Arrow table.

        Raises:
            InputError: DuckDB does not understand the query.
            RunError: a part file is torn.
        """
        try:
            return self.sql(query).to_arrow_table()
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise _torn(self.folder, error) from error
        except duckdb.Error as error:
            raise InputError([Problem(say("query"), str(error).strip())]) from None

    def df(self, query: str, library: Literal["pandas", "polars"] = "pandas") -> Any:
        """The answer to a query as a data frame.

        Neither library comes with simsec; an Arrow table (:meth:`table`) needs none.

        Args:
            query: in SQL.
            library: whose data frame.

        Raises:
            InputError: DuckDB does not understand the query, or the library is not installed.
            RunError: a part file is torn.
        """
        try:
            made = import_module(library)
        except ImportError:
            what = say("a data frame needs {library}, which is not installed", library=library)
            remedy = "install it, or take the Arrow table: table()"
            raise InputError([Problem(say("data frame"), what, remedy)]) from None
        table = self.table(query)
        return table.to_pandas() if library == "pandas" else made.from_arrow(table)

    @property
    def runs(self) -> duckdb.DuckDBPyRelation:
        """A row a run."""
        return self.sql("select * from runs")

    @property
    def points(self) -> duckdb.DuckDBPyRelation:
        """A row a cell."""
        return self.sql("select * from points")

    @property
    def failures(self) -> duckdb.DuckDBPyRelation:
        """A row a run that failed."""
        return self.sql("select * from failures")

    @property
    def summary(self) -> duckdb.DuckDBPyRelation:
        """A row a cell and plan."""
        return self.sql("select * from summary order by cell, plan")

    @property
    def plans(self) -> list[str]:
        """Names of the plans, in the order of the experiment."""
        return [plan["name"] for plan in self.manifest["identity"]["plans"]]

    @property
    def factors(self) -> list[str]:
        """Names of the factors, in the order of the design."""
        names = self.table("select * from points limit 0").column_names
        return [name[2:] for name in names if name.startswith("u.")]

    def by_cell(self, column: str, plan: str) -> NDArray[np.float64]:
        """A column of the summary under one plan, in the order of the cells; nan where every run failed.

        Raises:
            InputError: no such column.
        """
        query = f'select cell, "{column}" as value from summary where plan = ? order by cell'
        if column not in self.table("select * from summary limit 0").column_names:
            raise InputError([Problem(say("query"), "no such measure", column=column)])
        found = self.connection.sql(query, params=[plan]).to_arrow_table()
        cells = self.table("select count(*) as n from points")["n"][0].as_py()
        values = np.full(cells, np.nan)
        values[found["cell"].to_numpy()] = found["value"].to_numpy()
        return values

    def unit_points(self) -> NDArray[np.float64]:
        """Coordinates of the cells in the unit cube, shape (cells, factors)."""
        found = self.table("select * from points order by cell")
        return np.column_stack([found[f"u.{name}"].to_numpy() for name in self.factors])


def _torn(folder: Path, error: Exception) -> RunError:
    template = "{path}: a file of the sweep cannot be read; go on with `simsec sweep --resume` ({why})"
    return RunError(say(template, path=folder, why=str(error).split("\n")[0]))


def open_sweep(path: str | Path) -> Answers:
    """Open the folder of a sweep, finished or not: what is there can be asked.

    Raises:
        InputError: it is no such folder, or holds no run yet.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    connection = duckdb.connect()
    try:
        _open(folder, connection)
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        connection.close()
        raise _torn(folder, error) from error
    except InputError:
        connection.close()
        raise
    return Answers(folder, connection, manifest)


def _open(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """A view a table over the part files, or over the merged ones."""
    merged = (folder / MERGED).exists()
    names = {RUNS, FAILURES, *(at.name for at in (folder / PARTS).glob("*") if at.is_dir())}
    names |= {at.stem for at in folder.glob("*.parquet")} - {"points"} if merged else set()
    _view(connection, "points", [folder / POINTS])
    columns: list[str] = []
    for name in sorted(names):
        files = [folder / f"{name}.parquet"] if merged else sorted((folder / PARTS / name).glob("*.parquet"))
        files = [file for file in files if file.exists()]
        if files:
            files = _full_first(files) if name == RUNS else files
            _view(connection, name, files)
            columns = pq.read_schema(files[0]).names if name == RUNS else columns
        elif name == RUNS:
            raise InputError([Problem(str(folder), "no run is there yet", "go on with `simsec sweep --resume`")])
        else:
            connection.register(name, FAILURE_SCHEMA.empty_table())
    if "plan" in columns:
        _summary(connection, columns)


def _full_first(files: list[Path]) -> list[Path]:
    """The first part that has all columns in front: a task that no worker survived has keys alone."""
    for number, file in enumerate(files):
        try:
            if pq.read_metadata(file).num_rows:
                return [file, *files[:number], *files[number + 1 :]]
        except (OSError, pa.ArrowException):  # torn: asking will say so
            continue
    return files


def _view(connection: duckdb.DuckDBPyConnection, name: str, files: list[Path]) -> None:
    listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    union = ", union_by_name = true" if name == RUNS else ""
    connection.sql(f'create temporary view "{name}" as select * from read_parquet([{listed}]{union})')


def _summary(connection: duckdb.DuckDBPyConnection, columns: list[str]) -> None:
    """Means of each type of day first, then over the types by their probabilities."""
    measures = [name for name in columns if name not in _NO_MEASURES]
    inner = ", ".join(f'avg("{name}") as "{name}"' for name in measures)
    outer = ", ".join(f'sum(p * "{name}") / sum(p) as "{name}"' for name in measures)
    relative = "".join(
        f', sum(p * "{family}_weighted_min") / nullif(sum(p * "{family}_expected_weight"), 0) as "{family}{RELATIVE}"'
        for family in FAMILIES
        if f"{family}_weighted_min" in measures and f"{family}_expected_weight" in measures
    )
    of_type = f"""select cell, plan, day_type, count(*) as n, any_value(probability) as p, {inner}
        from runs group by cell, plan, day_type"""
    connection.sql(
        f"create temporary view {SUMMARY} as select * from points join (select cell, plan, sum(n)::bigint as days, "
        f"{outer}{relative} from ({of_type}) group by cell, plan) using (cell)"
    )
