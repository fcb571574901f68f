"""Small general scenarios written into a folder, and long runs of them: what the verification cases stand on."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simsec.day import sample_day
from simsec.plan import doctrine
from simsec.scenario.reading import Scenario, read_scenario
from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.model import NEVER, State
from simsec.simulation.simulate import kept_world

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LEVEL = 0.999  # of all intervals of one system together: each row gets its share of what is left (Bonferroni)
DAYS = 40  # independent long days of a system
longer = 1  # how many times longer the days of every system are; raised where time does not matter


@dataclass(frozen=True)
class Row:
    """One comparison: what theory says, what the simulation says with its interval, from how many observations."""

    name: str
    exact: float
    simulated: float
    low: float
    high: float
    n: int

    @property
    def agrees(self) -> bool:
        """Whether the exact value lies in the interval."""
        return self.low <= self.exact <= self.high


@dataclass(frozen=True, eq=False)
class Run:
    """One long day, the beginning cut off.

    Attributes:
        onset, ordered, first: minutes of the incidents that begin in the part that counts; nan: never.
        kind, place, unit: of each; unit -1: nobody came.
        busy: whether each unit was out, shape (looks, units), at even looks.
        inside: incidents begun and not cleared at each look, shape (looks,).
    """

    onset: Floats
    ordered: Floats
    first: Floats
    kind: Integers
    place: Integers
    unit: Integers
    busy: NDArray[np.bool_]
    inside: Integers


def system(toml: str, *, hours: int, **tables: str) -> Scenario:
    """A general scenario from the text of its settings and tables; the clock begins at midnight."""
    full = {"places": "code\ndesk\n", "travel": "from,to,minutes\ndesk,desk,0\n", **tables}
    head = 'format = 1\nextends = "general"\nname = "system"\n'
    clock = f'[clock]\nstarts = "H 00:00"\nends = "H+{hours // 24} {hours % 24:02d}:00"\n'
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "scenario.toml").write_text(head + clock + toml, encoding="utf-8")
        for name, text in full.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        return read_scenario(folder)


def desk(
    servers: int,
    kinds: Mapping[str, tuple[float, str]],
    *,
    hours: int,
    order: str = "first_come",
    full: str = "wait",
    levels: Mapping[str, str] | None = None,
) -> Scenario:
    """Servers at one place: kind -> (rate per hour, distribution of the service as a TOML table)."""
    parts = [
        '[[units]]\nkind = "server"\ncapabilities = ["guard"]',
        f'[[teams]]\nunit = "server"\nat = "desk"\nper_post = {servers}',
        f'[queue]\norder = "{order}"\nfull = "{full}"\nreturns = "at_once"',
    ]
    for kind, (per_hour, service) in kinds.items():
        level = (levels or {}).get(kind, "green")
        parts.append(
            f'[incidents.{kind}]\nstarts = "{level}"\nrate_per_hour = {per_hour}\non_scene_min = {service}\n'
            f"needs = {{ {level} = {{ guard = 1 }} }}"
        )
    return system("\n".join(parts), hours=hours)


def hours_for(calls: int, per_hour: float, warm_hours: int, tail_hours: int) -> int:
    """Length of each of ``DAYS`` days that together have about so many calls between beginning and end."""
    return warm_hours + tail_hours + math.ceil(longer * calls / DAYS / per_hour)


def play(
    scenario: Scenario, *, warm_hours: int, tail_hours: int, every_min: float, days: int = DAYS, seed: int = 1
) -> list[Run]:
    """Long days of one scenario, independent of one another.

    Args:
        scenario: a general one.
        warm_hours: cut off at the beginning, where the system is still filling.
        tail_hours: cut off at the end, so that everybody who counts has been served.
        every_min: between looks at who is busy.
        days: how many.
        seed: of the days.
    """
    plan = doctrine(scenario)
    world, (start, end) = kept_world(scenario, plan), scenario.horizon_min
    first_min, last_min = start + 60 * warm_hours, end - 60 * tail_hours
    runs = []
    for replication in range(days):
        busy: list[list[bool]] = []

        def look(_: float, state: State, busy: list[list[bool]] = busy) -> None:
            busy.append([other >= 0 for other in state.serves])

        marks = marks_of(sample_day(scenario, seed, replication))
        minutes = np.arange(first_min, last_min, every_min)
        state = run_on_simpy(world, marks, end, None, [(minute, look) for minute in minutes.tolist()])
        onset = np.array(marks.onset)
        counts = (onset >= first_min) & (onset < last_min)
        cleared = _times(state.cleared)
        left = np.sort(np.where(np.isnan(cleared), np.inf, cleared))
        runs.append(
            Run(
                onset=onset[counts],
                ordered=_times(state.dispatched)[counts],
                first=_times(state.first)[counts],
                kind=np.array(marks.kind)[counts],
                place=np.array(marks.station)[counts],
                unit=np.array(state.first_unit)[counts],
                busy=np.array(busy, dtype=np.bool_),
                inside=np.searchsorted(np.sort(onset), minutes) - np.searchsorted(left, minutes),
            )
        )
    return runs


def _times(values: Sequence[float]) -> Floats:
    times = np.array(values, dtype=np.float64)
    return np.where(times == NEVER, np.nan, times)


@dataclass(frozen=True)
class Claim:
    """One exact value, and how a run observes it: the values whose mean estimates it."""

    name: str
    exact: float
    observed: Callable[[Run], NDArray[np.generic]]


def compared(runs: Sequence[Run], claims: Sequence[Claim]) -> list[Row]:
    """A t interval over replications for each claim; together they cover with probability ``LEVEL`` or more."""
    rows = []
    quantile = stats.t.ppf(1 - (1 - LEVEL) / len(claims) / 2, len(runs) - 1)
    for claim in claims:
        values = [np.asarray(claim.observed(run), dtype=np.float64) for run in runs]
        means = np.array([value.mean() for value in values])
        half = quantile * means.std(ddof=1) / np.sqrt(len(means))
        n = sum(value.size for value in values)
        mean = float(means.mean())
        rows.append(Row(claim.name, claim.exact, mean, float(mean - half), float(mean + half), n))
    return rows


def two_bases(options: str) -> Scenario:
    """Four places on a line, two bases, lists that ask the farther base first; ``options`` of the queue."""
    places = ("a", "b", "c", "d")
    square = [",".join(["from", *places])]
    square += [",".join([p, *(str(11.0 * abs(i - j)) for j in range(4))]) for i, p in enumerate(places)]
    lists = [f"{p},{rank},{base}" for p in places for rank, base in ((1, "c"), (2, "a"))]
    return system(
        '[[units]]\nkind = "car"\ncapabilities = ["guard"]\n[[teams]]\nunit = "car"\nat = "a"\n'
        '[[teams]]\nunit = "car"\nat = "c"\n[incidents.call]\nneeds = { green = { guard = 1 } }\n'
        'on_scene_min = { distribution = "lognormal", mean = 25, cv = 1 }\n'
        f'[policy]\nname = "preference_list"\n[queue]\n{options}\n',
        hours=48,
        places="\n".join(["code", *places]) + "\n",
        travel="\n".join(square) + "\n",
        preferences="\n".join(["place,rank,base", *lists]) + "\n",
        rates="kind,per_hour\ncall,1.5\n",
    )
