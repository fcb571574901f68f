"""The result table of all measures: one row a measure of a group under a scope, long so that any tool can filter it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from simsec.analysis.breakdown import CALM, DIMENSIONS, NATURAL, OPEN, Group, breakdown, scopes_of
from simsec.analysis.daily import day_figures, unit_use
from simsec.analysis.intervals import Estimate
from simsec.analysis.replications import Replications
from simsec.analysis.stations import StationMinutes
from simsec.scenario.reading import Scenario

TOO_FEW_DAYS, FEW_INCIDENTS = "too_few_days", "few_incidents"
MEASURED_OF = (*DIMENSIONS, "day", "unit", "station")
BREAKDOWN = pa.schema(
    [
        pa.field("plan", pa.string(), metadata={"meaning": "name of the plan"}),
        pa.field(
            "scope",
            pa.string(),
            metadata={
                "meaning": "natural: types of day by their probability; calm: these without severe days; "
                "else given that type of day"
            },
        ),
        pa.field(
            "dimension",
            pa.string(),
            metadata={"meaning": "by what the incidents are grouped; or measures of days, kinds of unit, stations"},
        ),
        pa.field("group", pa.string(), metadata={"meaning": "code of the group; an hour by the stamp it begins at"}),
        pa.field(
            "measure", pa.string(), metadata={"meaning": "its name ends in its unit: _min, _hours, _share or per_day"}
        ),
        pa.field("value", pa.float64(), metadata={"meaning": "the figure; null: none; inf: nobody came"}),
        pa.field("low", pa.float64(), metadata={"meaning": "of the 95 % interval over days; null: too few"}),
        pa.field("high", pa.float64(), metadata={"meaning": "of the 95 % interval over days; null: too few"}),
        pa.field("days", pa.int32(), metadata={"meaning": "played in the scope"}),
        pa.field("incidents", pa.int64(), metadata={"meaning": "of the group on these days; null: not of incidents"}),
        pa.field(
            "doubt",
            pa.string(),
            metadata={
                "meaning": "why the interval may be too short: few, skewed, alike; "
                "or why there is none: too_few_days, few_incidents; empty: none is known"
            },
        ),
    ]
)


class Measured(NamedTuple):
    """A row before it becomes one of the table."""

    scope: str
    dimension: str
    group: str
    measure: str
    estimate: Estimate
    incidents: int | None = None
    few: bool = False


def measured(
    scenario: Scenario,
    runs: Replications,
    by: Sequence[str] = OPEN,
    stations: StationMinutes | None = None,
    groups: Iterable[Group] | None = None,
) -> Iterator[Measured]:
    """All measures of a run, group by group, then those of days, kinds of unit and stations.

    Args:
        scenario: what is known.
        runs: days under one plan.
        by: dimensions; villages only where they are named.
        stations: from probes, where there are some.
        groups: of :func:`simsec.analysis.breakdown.breakdown`, where they are worked out already.
    """
    for group in breakdown(scenario, runs, by) if groups is None else groups:
        for name, estimate in group.estimates.items():
            few = group.few and not name.endswith("per_day")
            yield Measured(group.scope, group.dimension, group.code, name, estimate, group.incidents, few)
    kinds = [unit.kind for unit in scenario.settings.units]
    for scope, probability in scopes_of(scenario, runs).items():
        if scope == CALM:
            continue
        for name, estimate in day_figures(runs, probability).items():
            yield Measured(scope, "day", "all", name, estimate)
        for used in unit_use(scenario, runs, probability):
            days = used.busy_share.days
            yield Measured(scope, "unit", kinds[used.kind], "busy_share", used.busy_share)
            yield Measured(scope, "unit", kinds[used.kind], "busy_mean_hours", used.busy_hours)
            yield Measured(scope, "unit", kinds[used.kind], "busy_p95_hours", used.busy_p95_hours)
            longest, clock = (_plain(hours, days) for hours in (used.longest_hours, used.clock_hours))
            yield Measured(scope, "unit", kinds[used.kind], "busy_longest_hours", longest)
            yield Measured(scope, "unit", kinds[used.kind], "clock_hours", clock)
    if stations is not None and NATURAL in scopes_of(scenario, runs):
        yield Measured(NATURAL, "station", "all", "first_help_mean_min", stations.mean_of_all)
        yield Measured(NATURAL, "station", "worst_tenth", "first_help_mean_min", stations.mean_of_worst_tenth)


def _plain(value: float, days: int) -> Estimate:
    """A figure that has no interval and needs none."""
    return Estimate(value, value, value, days)


def breakdown_table(plan_name: str, rows: Iterable[Measured]) -> pa.Table:
    """The rows of :func:`measured` as the declared table.

    Args:
        plan_name: of the plan.
        rows: of one plan.
    """
    held = list(rows)
    estimates = [row.estimate for row in held]
    columns: dict[str, Sequence[object]] = {
        "plan": [plan_name] * len(held),
        "scope": [row.scope for row in held],
        "dimension": [row.dimension for row in held],
        "group": [row.group for row in held],
        "measure": [row.measure for row in held],
        "value": [_known(estimate.mean) for estimate in estimates],
        "low": [_known(estimate.low) for estimate in estimates],
        "high": [_known(estimate.high) for estimate in estimates],
        "days": [estimate.days for estimate in estimates],
        "incidents": [row.incidents for row in held],
        "doubt": [_doubt(row) for row in held],
    }
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in BREAKDOWN}, schema=BREAKDOWN)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _doubt(row: Measured) -> str:
    if row.few:
        return FEW_INCIDENTS
    return TOO_FEW_DAYS if row.estimate.too_few_days else str(row.estimate.doubt)
