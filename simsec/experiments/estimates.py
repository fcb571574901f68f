"""What a sweep says at each of its cells: measures with intervals, gains paired by day, swings, boxes of failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simsec.analysis.intervals import Estimate, stratified_mean
from simsec.experiments.answers import Answers
from simsec.experiments.discovery import LEAST_POINTS, Box, prim
from simsec.experiments.sensitivity import Swing, swing_of
from simsec.scenario.schema import DAY_TYPES

Floats = NDArray[np.float64]
WORST = 0.75  # without a second plan a point fails where the measure is in its worst quarter


def measures(answers: Answers, family: str = "security") -> dict[tuple[int, str], Estimate]:
    """Weighted minutes per expected weighted primary incident, by cell and plan, over the types of day played there.

    Args:
        answers: an open sweep that kept ``<family>_weighted_min``.
        family: a responder family.
    """
    query = f"""select cell, plan, day_type, probability as p, {family}_weighted_min as value,
        {family}_expected_weight as expected from runs order by cell, plan, day_type, seed, replication"""
    found: dict[tuple[int, str], Estimate] = {}
    table = answers.table(query)
    plans = np.array(table["plan"].to_pylist(), dtype=object)
    cells = table["cell"].to_numpy()
    cuts = np.flatnonzero((cells[1:] != cells[:-1]) | (plans[1:] != plans[:-1])) + 1
    for first, past in zip([0, *cuts.tolist()], [*cuts.tolist(), len(cells)], strict=True):
        if past > first:
            found[int(cells[first]), str(plans[first])] = _estimate(table.slice(first, past - first))
    return found


def gains(answers: Answers, first: str, second: str, family: str = "security") -> dict[int, Estimate]:
    """Gain of the second plan over the first at every cell, paired by day; positive is better for the second."""
    query = f"""select a.cell as cell, a.day_type as day_type, a.probability as p,
        a.{family}_weighted_min - b.{family}_weighted_min as value, a.{family}_expected_weight as expected
        from runs a join runs b using (cell, day_type, seed, replication) where a.plan = ? and b.plan = ?
        order by a.cell, a.day_type, a.seed, a.replication"""
    return _by_cell(answers.connection.sql(query, params=[first, second]).to_arrow_table())


def shifts(answers: Answers, plan: str, base: Mapping[int, int], family: str = "security") -> dict[int, Estimate]:
    """Change of a plan's measure at a cell against another one, paired by day; positive takes longer.

    Args:
        answers: an open sweep whose points meet the same days.
        plan: whose measure.
        base: cell -> the cell it is compared with. Cells whose days are as likely and whose expected weight is the same
            can be compared; the others are left out.
        family: a responder family.
    """
    query = f"""select a.cell as cell, a.day_type as day_type, a.probability as p,
        a.{family}_weighted_min - b.{family}_weighted_min as value, a.{family}_expected_weight as expected
        from runs a join pairs on a.cell = pairs.cell join runs b on b.cell = pairs.base and b.plan = a.plan
        and b.day_type = a.day_type and b.seed = a.seed and b.replication = a.replication
        where a.plan = ? qualify bool_and(a.probability = b.probability
        and a.{family}_expected_weight = b.{family}_expected_weight) over (partition by a.cell)
        order by a.cell, a.day_type, a.seed, a.replication"""
    pairs = pa.table({"cell": pa.array(base, pa.int32()), "base": pa.array(base.values(), pa.int32())})
    answers.connection.register("pairs", pairs)
    try:
        return _by_cell(answers.connection.sql(query, params=[plan]).to_arrow_table())
    finally:
        answers.connection.unregister("pairs")


def _by_cell(table: pa.Table) -> dict[int, Estimate]:
    cells = table["cell"].to_numpy()
    cuts = (np.flatnonzero(cells[1:] != cells[:-1]) + 1).tolist()
    spans = zip([0, *cuts], [*cuts, len(cells)], strict=True)
    return {int(cells[at]): _estimate(table.slice(at, past - at)) for at, past in spans if past > at}


def _estimate(rows: pa.Table) -> Estimate:
    """A stratified mean over the day types of one cell, in units of the expected weight."""
    names = rows["day_type"].to_pylist()
    stratum = np.array([DAY_TYPES.index(name) for name in names])
    p, expected = rows["p"].to_numpy(), rows["expected"].to_numpy()
    first = {int(number): int(np.argmax(stratum == number)) for number in np.unique(stratum)}
    probability = {number: float(p[place]) for number, place in first.items()}
    total = sum(probability.values())
    unit = sum(probability[number] * float(expected[place]) for number, place in first.items()) / total
    values = rows["value"].to_numpy() / unit if unit > 0 else np.full(len(rows), np.nan)
    return stratified_mean(values, stratum, probability)


def swings(answers: Answers, first: str, second: str, family: str = "security") -> list[Swing]:
    """What each factor alone does to the gain of a plan, from a one-at-a-time sweep; the widest swing first.

    Args:
        answers: an open sweep of a one-at-a-time design.
        first: a plan.
        second: another; a positive gain is better for this one.
        family: a responder family.
    """
    found = gains(answers, first, second, family)
    values = answers.table("select * from points order by cell")
    u = answers.unit_points()
    if 0 not in found:
        return []
    result: list[Swing] = []
    for number, factor in enumerate(answers.factors):
        moved = [cell for cell in range(1, len(u)) if u[cell, number] != u[0, number] and cell in found]
        if not moved:
            continue
        low = min([0, *moved], key=lambda cell: float(u[cell, number]))
        high = max([0, *moved], key=lambda cell: float(u[cell, number]))
        ends = values[factor][low].as_py(), values[factor][high].as_py()
        result.append(swing_of(factor, ends, (found[low], found[high]), found[0]))
    return sorted(result, key=lambda swing: -abs(swing.at_high.mean - swing.at_low.mean))


@dataclass(frozen=True, eq=False)
class Discovered:
    """Where in the space of the factors a plan fails.

    Attributes:
        factors: numeric ones, in the order of the box.
        box: in their units.
        fails: how many points fail, and of how many.
        limit: the measure above which a point fails; nan where failing is losing against the first plan.
    """

    factors: tuple[str, ...]
    box: Box
    fails: tuple[int, int]
    limit: float


def discovered(answers: Answers, values: Mapping[int, float], *, limit: float = float("nan")) -> Discovered | None:
    """The box of factor values in which a plan fails.

    Args:
        answers: an open sweep of a space-filling design.
        values: cell -> gain or measure.
        limit: a measure above it fails; nan: a gain below zero fails.

    Returns:
        None where too few points, or none, or all, fail.
    """
    points = answers.table("select * from points order by cell")
    names = [name for name in answers.factors if pa.types.is_floating(points[name].type)]
    cells = sorted(cell for cell, value in values.items() if np.isfinite(value))
    if not names or len(cells) < LEAST_POINTS:
        return None
    columns = np.column_stack([points[name].to_numpy()[cells] for name in names]).astype(np.float64)
    figures = np.array([values[cell] for cell in cells])
    fails = figures < 0 if np.isnan(limit) else figures > limit
    if not 0 < fails.sum() < len(fails):
        return None
    boxes = prim(columns, fails)
    return Discovered(tuple(names), boxes[0], (int(fails.sum()), len(fails)), limit) if boxes else None
