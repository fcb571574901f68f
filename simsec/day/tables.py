"""What sampling needs of a scenario, worked out once: rates by day type, windows, keys, ladder rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.rates import expected_reports
from simsec.day.streams import text_key, text_keys
from simsec.day.trips import expected_accidents
from simsec.scenario.parameter import Figures, Parameter
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS, Settings, Step, Window

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SamplingTables:
    """Arrays by kind ``[k]``, day type ``[t]``, ladder row ``[row]``.

    Attributes:
        kinds: codes in the scenario's order.
        rate: shape (day types, kinds), expected reports per station and day; of accidents of trips as on a dry day.
        ceiling: shape (kinds,), the rate of the candidate process.
        dispatch_share: shape (kinds,).
        closes: shape (kinds,), whether the kind closes its station.
        station_key: shape (stations,), uint64.
        kind_key: shape (kinds,), uint64.
        rows: the rows of all ladders in order; ``row_turnout`` the turn-out of each row's unit kind, None for a step
            that asks permission; ``row_mark`` the name of each row's draws; ``delays`` and ``turnouts`` draw them all.
    """

    kinds: tuple[str, ...]
    rate: Floats
    ceiling: Floats
    dispatch_share: Floats
    closes: NDArray[np.bool_]
    station_key: NDArray[np.uint64]
    village_key: NDArray[np.uint64]
    kind_key: NDArray[np.uint64]
    rows: tuple[Step, ...]
    row_turnout: tuple[Parameter | None, ...]
    row_mark: tuple[str, ...]
    delays: Figures
    turnouts: Figures
    stations_of_village: tuple[Integers, ...]

    def kind(self, code: str) -> int:
        """Number of a kind."""
        return self.kinds.index(code)


def exposed_villages(scenario: Scenario, ground: str) -> Integers:
    """Numbers of the villages with stations on ``low_ground`` or ``steep_ground``, where clusters strike."""
    villages = scenario.villages
    exposed = {"low_ground": villages.low_ground, "steep_ground": villages.steep_ground}[ground]
    staffed = np.bincount(scenario.stations.village, minlength=len(villages)) > 0
    return np.flatnonzero((exposed == 1) & staffed)


@lru_cache(maxsize=8)
def sampling_tables(scenario: Scenario) -> SamplingTables:
    """The tables of a scenario; kept, because thousands of days share them.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> tables = sampling_tables(read_scenario("scenarios/kabupaten-semarang"))
        >>> tables.rate.shape == (4, len(tables.kinds))
        True
    """
    settings = scenario.settings
    kinds = tuple(settings.incidents)
    models = tuple(settings.incidents.values())
    rate = np.array(
        [[kind.rate_on.get(day_type, kind.rate_per_station).mode for kind in models] for day_type in DAY_TYPES]
    )
    if scenario.general is not None:
        rate[:] = expected_reports(scenario) / len(scenario.stations)  # drawn by the hour, see rates.py
    else:
        rate[:, kinds.index(settings.spreading.kind)] = 0.0  # a severe day forces its seed, see spreading.py
    for number, kind in enumerate(models):
        if kind.clustered != "no" and not len(exposed_villages(scenario, kind.clustered)):
            rate[:, number] = 0.0  # nothing floods where no ground is low
    if settings.stages is not None:
        rate[:, kinds.index(settings.stages.escort_kind)] = expected_accidents(scenario) / len(scenario.stations)
    turnout = {unit.kind: unit.turnout_min for unit in settings.units}
    rows = tuple(step for ladder in settings.ladders for step in ladder.steps)
    row_turnout = tuple(turnout.get(step.unit) for step in rows)
    order = np.argsort(scenario.stations.village, kind="stable")
    bounds = np.searchsorted(scenario.stations.village[order], np.arange(len(scenario.villages) + 1))
    return SamplingTables(
        kinds=kinds,
        rate=rate,
        ceiling=np.array([kind.rate_ceiling for kind in models]),
        dispatch_share=np.array([kind.dispatch_share.mode for kind in models]),
        closes=np.array([kind.closes_station for kind in models], dtype=np.bool_),
        station_key=text_keys(scenario.stations.code),
        village_key=text_keys(scenario.villages.code),
        kind_key=np.array([text_key("kind/" + kind) for kind in kinds], dtype=np.uint64),
        rows=rows,
        row_turnout=row_turnout,
        row_mark=row_marks(settings),
        delays=Figures([step.delay_min for step in rows]),
        turnouts=Figures(row_turnout),
        stations_of_village=tuple(order[a:b] for a, b in pairwise(bounds)),
    )


def row_marks(settings: Settings) -> tuple[str, ...]:
    """The name of each ladder row's draws, in the order of the rows.

    A step of a unit kind has its number among these steps. A step that asks permission and one of volunteers, who are
    switched on and off, have names of their own, so that they shift no other row's draws.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> row_marks(read_scenario("scenarios/kabupaten-semarang").settings)[:4]
        ('0', '1', '2', '3')
    """
    volunteers = {unit.kind for unit in settings.units if unit.volunteers}
    marks, number = [], 0
    for ladder in settings.ladders:
        for step in ladder.steps:
            if step.permission or step.unit in volunteers:
                marks.append(f"{ladder.name}/{step.permission or step.unit}/{step.scope}")
            else:
                marks.append(str(number))
                number += 1
    return tuple(marks)


def window_quantile(u: Floats, windows: tuple[Window, ...]) -> Floats:
    """Times of day at the quantiles u of a profile that is even inside each window.

    Args:
        u: uniforms in (0, 1), shape (n,).
        windows: shares that add up to 1.

    Returns:
        Minutes after midnight of polling day, shape (n,).

    Example:
        >>> window_quantile(np.array([0.5]), (Window(start="H 07:00", end="H 13:00", share=1.0),)).tolist()
        [600.0]
    """
    edges, start, end = _profile(windows)
    place = np.clip(np.searchsorted(edges, u, side="right") - 1, 0, len(start) - 1)
    inside = (u - edges[place]) / (edges[place + 1] - edges[place])
    return np.asarray(start[place] + np.clip(inside, 0.0, 1.0) * (end[place] - start[place]))


@lru_cache(maxsize=1024)
def _profile(windows: tuple[Window, ...]) -> tuple[Floats, Floats, Floats]:
    """Cumulative shares, starts and ends of the windows, in order of time."""
    ordered = sorted(windows, key=lambda window: parse_stamp(window.start))
    edges = np.concatenate([[0.0], np.cumsum([window.share for window in ordered])])
    start = np.array([parse_stamp(window.start) for window in ordered])
    end = np.array([parse_stamp(window.end) for window in ordered])
    return edges, start, end


@lru_cache(maxsize=8)
def last_level(scenario: Scenario) -> Integers:
    """The highest level each kind has needs for, shape (kinds,)."""
    return np.array(
        [max([LEVELS.index(level) for level in kind.needs] or [0]) for kind in scenario.settings.incidents.values()]
    )
