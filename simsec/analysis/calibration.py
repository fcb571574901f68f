"""What a recorded day tells about the scenario: friction and turn-out from recorded arrivals, and what is left over.

Recorded minutes are set against routed minutes, trip by trip, and a line is laid through them that outliers do not
move: the slope is friction, what remains at no distance is turn-out (and, where nobody wrote down the dispatch, the
call and the chain of command as well). Theil (1950); Sen (1968), "Estimates of the regression coefficient based on
Kendall's tau". Slopes are taken between trips of one kind of unit only, for each kind has a turn-out of its own.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from simsec.analysis.intervals import LEVEL
from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
FLOOR = 20  # trips below which nothing is estimated
CELL_FLOOR = 5  # answers below which a row of the sheet gives no figure
MOST_TRIPS = 100_000  # kept of a long log, evenly spread over it
MOST_IN_FIT = 1_000  # of one kind of unit; the slopes between them are half a million
HOURS = 24


@dataclass(frozen=True)
class Figure:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Delay:
    """What a kind of unit takes beside the way.

    Attributes:
        kind: number of the unit kind.
        n: trips.
        minutes: median; its interval also holds what is not known of the slope.
        simulated: the same of the simulated trips, nan where there are none.
    """

    kind: int
    n: int
    minutes: Figure
    simulated: float


@dataclass(frozen=True)
class Cell:
    """Recorded against simulated minutes to first help of some incidents; nan where there are too few.

    Attributes:
        n: incidents answered in both.
        residual: median of recorded less simulated.
    """

    n: int
    recorded_p50: float
    simulated_p50: float
    recorded_p90: float
    simulated_p90: float
    residual: float


@dataclass(frozen=True)
class Calibration:
    """What a log tells about its scenario.

    Attributes:
        recorded: rows with a recorded arrival.
        kept: of these, looked at; fewer only on a very long log.
        unanswered: of these, recorded as answered though nobody came in the simulation.
        fitted: trips in the regression; 0: too few, or all of one length.
        from_dispatch: whether recorded dispatches were used, so that the call and the chain are left out.
        friction: slope, None where nothing was fitted.
        delays: by kind of unit.
        overall, hours, areas: minutes to first help; hours and areas by number, those with answers only.
    """

    recorded: int
    kept: int
    unanswered: int
    fitted: int
    from_dispatch: bool
    friction: Figure | None
    delays: tuple[Delay, ...]
    overall: Cell
    hours: Mapping[int, Cell]
    areas: Mapping[int, Cell]


class Trips:
    """Recorded answers, gathered row by row; of a long log every second, every fourth and so on is kept."""

    def __init__(self) -> None:
        """Begin with none."""
        self.recorded = 0
        self._every = 1
        self._columns = [array("d") for _ in range(9)]

    def add(
        self,
        *,
        recorded_min: float,
        simulated_min: float,
        since_dispatch_min: float,
        routed_min: float,
        way_min: float,
        waited_min: float,
        kind: int,
        hour: int,
        area: int,
    ) -> None:
        """One recorded answer.

        Args:
            recorded_min: onset to arrival.
            simulated_min: onset to first help in the simulation, nan: nobody came.
            since_dispatch_min: recorded dispatch to arrival, nan: no dispatch recorded.
            routed_min: minutes of the way, free of friction; nan: not known who came from where.
            way_min: what the simulated first unit took for its way, nan: another kind of unit came than was recorded.
            waited_min: onset to first dispatch in the simulation.
            kind: number of the kind of unit, -1: not known.
            hour: of the day.
            area: number of the sub-district.
        """
        if self.recorded % self._every == 0:
            row = (recorded_min, simulated_min, since_dispatch_min, routed_min, way_min, waited_min, kind, hour, area)
            for column, value in zip(self._columns, row, strict=True):
                column.append(value)
            if len(self._columns[0]) >= MOST_TRIPS:
                self._columns = [column[::2] for column in self._columns]
                self._every *= 2
        self.recorded += 1

    def columns(self) -> list[Floats]:
        """What was kept, a column each, in the order of :meth:`add`."""
        return [np.array(column, dtype=np.float64) for column in self._columns]


def calibrate(trips: Trips) -> Calibration:
    """The calibration of a replayed log.

    Example:
        >>> trips = Trips()
        >>> for km in range(1, 41):
        ...     minutes = 4 + 1.5 * km
        ...     trips.add(recorded_min=minutes, simulated_min=minutes, since_dispatch_min=minutes, routed_min=km,
        ...               way_min=1.5 * km, waited_min=0.0, kind=0, hour=9, area=0)
        >>> found = calibrate(trips)
        >>> found.friction.value, found.delays[0].minutes.value, found.overall.residual
        (1.5, 4.0, 0.0)
    """
    recorded, simulated, since, routed, way, waited, kind, hour, area = trips.columns()
    answered = np.isfinite(simulated)
    usable = np.isfinite(routed) & (kind >= 0)
    from_dispatch = int((usable & np.isfinite(since)).sum()) >= FLOOR
    minutes = since if from_dispatch else recorded
    usable &= np.isfinite(minutes)
    friction, used = fit_slope(routed[usable], minutes[usable], kind[usable].astype(np.int64))
    delays: list[Delay] = []
    if friction is not None:
        beside = simulated - way - (waited if from_dispatch else 0.0)
        for number in np.unique(kind[usable]).astype(np.int64).tolist():
            mine = usable & (kind == number)
            known = beside[mine][np.isfinite(beside[mine])]
            found = intercept(routed[mine], minutes[mine], friction)
            if found is not None:
                median = float(np.median(known)) if len(known) else math.nan
                delays.append(Delay(number, int(mine.sum()), found, median))
    return Calibration(
        recorded=trips.recorded,
        kept=len(recorded),
        unanswered=int((~answered).sum()),
        fitted=used,
        from_dispatch=from_dispatch,
        friction=friction,
        delays=tuple(delays),
        overall=_cell(recorded, simulated, answered),
        hours=_cells(recorded, simulated, answered, hour),
        areas=_cells(recorded, simulated, answered, area),
    )


def fit_slope(routed_min: Floats, recorded_min: Floats, group: Integers) -> tuple[Figure | None, int]:
    """Median of the slopes between all pairs of trips of one group, with Sen's interval, and the trips used.

    Args:
        routed_min: shape (n,).
        recorded_min: shape (n,).
        group: shape (n,); pairs are taken inside a group.

    Returns:
        None where fewer than ``FLOOR`` trips are usable, or where all are of one length.

    Example:
        >>> x = np.arange(30.0)
        >>> fit_slope(x, 2 * x + 1, np.zeros(30, dtype=np.int64))[0]
        Figure(value=2.0, low=2.0, high=2.0)
    """
    slopes, variance, used = [], 0.0, 0
    for number in np.unique(group).tolist():
        rows = np.flatnonzero(group == number)
        rows = rows[:: math.ceil(len(rows) / MOST_IN_FIT)]
        n = len(rows)
        first, second = np.triu_indices(n, 1)
        run = routed_min[rows][second] - routed_min[rows][first]
        rise = recorded_min[rows][second] - recorded_min[rows][first]
        apart = run != 0
        slopes.append(rise[apart] / run[apart])
        variance += n * (n - 1) * (2 * n + 5) / 18  # of Kendall's S, added over the groups
        used += n
    every = np.sort(np.concatenate(slopes)) if slopes else np.zeros(0)
    if used < FLOOR or not len(every):
        return None, 0
    reach = float(norm.ppf(0.5 + LEVEL / 2)) * math.sqrt(variance)
    low, high = _ranks(len(every), reach)
    return Figure(float(np.median(every)), float(every[low]), float(every[high])), used


def intercept(routed_min: Floats, recorded_min: Floats, slope: Figure) -> Figure | None:
    """Median of what trips took beside the way; its interval holds that of the slope too, so it is rather too wide.

    Returns:
        None below ``CELL_FLOOR`` trips, where no rank bounds the median.
    """
    n = len(routed_min)
    if n < CELL_FLOOR:
        return None
    low, high = _ranks(n, float(norm.ppf(0.5 + LEVEL / 2)) * math.sqrt(n))
    least = np.sort(recorded_min - slope.high * routed_min)[low]
    most = np.sort(recorded_min - slope.low * routed_min)[high]
    return Figure(float(np.median(recorded_min - slope.value * routed_min)), float(least), float(most))


def _ranks(n: int, reach: float) -> tuple[int, int]:
    """Places in a sorted array that bound its median."""
    low = math.floor((n - reach) / 2)
    return max(low - 1, 0), min(n - low, n - 1)


def _cell(recorded: Floats, simulated: Floats, rows: NDArray[np.bool_]) -> Cell:
    n = int(rows.sum())
    if n < CELL_FLOOR:
        return Cell(n, math.nan, math.nan, math.nan, math.nan, math.nan)
    one, other = recorded[rows], simulated[rows]
    return Cell(
        n=n,
        recorded_p50=float(np.quantile(one, 0.5)),
        simulated_p50=float(np.quantile(other, 0.5)),
        recorded_p90=float(np.quantile(one, 0.9)),
        simulated_p90=float(np.quantile(other, 0.9)),
        residual=float(np.median(one - other)),
    )


def _cells(recorded: Floats, simulated: Floats, answered: NDArray[np.bool_], group: Floats) -> dict[int, Cell]:
    numbers = np.unique(group[answered]).astype(np.int64).tolist()
    return {number: _cell(recorded, simulated, answered & (group == number)) for number in numbers}


def proposed_toml(scenario: Scenario, found: Calibration, log: str) -> str:
    """Lines to paste into ``scenario.toml``: the estimate as the mode, with the range of single trips around it.

    The range is the scenario's own, moved in proportion and widened where the interval reaches beyond it.

    Args:
        scenario: whose figures they replace.
        found: the calibration.
        log: name of the log, for the source.

    Returns:
        "" where nothing was fitted, or longer ways took no longer. Turn-outs are proposed only where dispatches were
        recorded.
    """
    if found.friction is None or found.friction.value <= 0:
        return ""
    friction = _figure(scenario.settings.travel.friction, found.friction, found.fitted, log)
    lines = ["# in [travel]", f"friction = {friction}"]
    for delay in found.delays if found.from_dispatch else ():
        unit = scenario.settings.units[delay.kind]
        if unit.turnout_min is not None and delay.n >= FLOOR and delay.minutes.value > 0:
            lines += ["", f'# in [[units]] with kind = "{unit.kind}"']
            lines.append(f"turnout_min = {_figure(unit.turnout_min, delay.minutes, delay.n, log)}")
    return "\n".join(lines) + "\n"


def _figure(now: Parameter, found: Figure, n: int, log: str) -> str:
    share = (now.low / now.mode, now.high / now.mode) if now.mode > 0 else (1.0, 1.0)
    low = max(min(found.value * share[0], found.low), 0.0)
    high = max(found.value * share[1], found.high)
    source = f"recorded over routed, {log}: n = {n}, 95 % interval {found.low:.2f} to {found.high:.2f}"
    ends = f"low = {low:.2f}, mode = {found.value:.2f}, high = {high:.2f}"
    return f'{{ {ends}, grade = "C", source = {json.dumps(source)} }}'
