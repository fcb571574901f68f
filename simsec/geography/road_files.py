"""What reading roads from any file has in common: problems told all at once, and roads checked against the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simsec.base.errors import InputError, Problem, say, system_words
from simsec.geography.distance import great_circle_km
from simsec.geography.graph import RoadGraph, road_graph

MAX_PROBLEMS = 100
"""Problems of one file that are told one by one; the rest are counted."""
FASTEST_KMH = 200.0
"""Quicker than any road: minutes, seconds and hours were mixed up."""
_LONGEST_VALUE = 80  # characters of a value that are shown
_STRAIGHT_SLACK = 0.95  # a road may look a little shorter than the straight line: coordinates are rounded
_STRAIGHT_SLACK_KM = 0.1


@dataclass
class Complaints:
    """Problems of one file, so that all are told at once.

    Example:
        >>> complaints = Complaints("roads.csv")
        >>> complaints.number("1,2", 0, 9, 2, "km", "kilometres")
        nan
        >>> print(complaints.problems[0])
        roads.csv, line 2, km: no number (found '1,2'); expected 0 to 9 kilometres. write a number with a decimal point
    """

    file: str
    problems: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, what: str, remedy: str, row: int = 0, column: str = "", value: str = "", bound: str = "") -> None:
        """Keep one more problem."""
        if len(self.problems) < MAX_PROBLEMS:
            value = value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE]  # a slice forgets its template
            self.problems.append(Problem(self.file, what, remedy, row, column, value, bound))
        else:
            self.more += 1

    def stop_if_any(self) -> None:
        """Raise what was kept.

        Raises:
            InputError: there is a problem.
        """
        if self.more:
            what = say("{more} more problems like these", more=self.more)
            self.problems.append(Problem(self.file, what, "repair these first"))
        if self.problems:
            raise InputError(self.problems)

    def number(self, text: str | None, low: float, high: float, row: int, column: str, unit: str) -> float:
        """The number in the text, or NaN and a complaint."""
        bound = say("{low:g} or more {unit}", low=low, unit=unit)
        if math.isfinite(high):
            bound = say("{low:g} to {high:g} {unit}", low=low, high=high, unit=unit)
        try:
            value = float((text or "").strip())
        except ValueError:
            what = "no number" if (text or "").strip() else "missing"
            self.add(what, "write a number with a decimal point", row, column, text or "", bound)
            return math.nan
        if not (low <= value <= high and math.isfinite(value)):
            self.add("out of bounds", say("give {unit}", unit=unit), row, column, text or "", bound)
            return math.nan
        return value


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        InputError: it cannot be read.

    Example:
        >>> len(read_bytes(Path(__file__))) > 1000
        True
    """
    try:
        return path.read_bytes()
    except OSError as error:
        what = say("cannot be read ({why})", why=system_words(error))
        raise InputError([Problem(str(path), what, "check the name and that you may read it")]) from error


def check_edges(
    complaints: Complaints,
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    ends: NDArray[np.int64],
    km: NDArray[np.float64],
    car: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: tuple[str, str],
) -> None:
    """Units that were mixed up show in roads shorter than the straight line and cars faster than any.

    Args:
        complaints: takes what is found.
        lat: (n,) degrees north of the nodes.
        lon: (n,) degrees east.
        ends: (e, 2) nodes of every edge, -1 where unknown.
        km: (e,) lengths.
        car: (e,) a car's minutes.
        rows: (e,) lines of the file.
        columns: names of the columns of length and time.

    Example:
        >>> complaints, zero = Complaints("roads.csv"), np.zeros(1)
        >>> check_edges(complaints, np.zeros(2), np.array([0.0, 1.0]), np.array([[0, 1]]), zero + 50, zero + 90,
        ...             np.array([2]), ("km", "minutes"))
        >>> complaints.problems[0].bound
        '111.20 km or more'
    """
    known = np.flatnonzero((ends >= 0).all(axis=1))
    straight = np.zeros(len(km))
    a, b = ends[known].T
    straight[known] = great_circle_km(lat[a], lon[a], lat[b], lon[b])
    for edge in np.flatnonzero(km < straight * _STRAIGHT_SLACK - _STRAIGHT_SLACK_KM):
        what, remedy = "shorter than the straight line", "check the unit, and latitude and longitude"
        bound = say("{least} or more", least=f"{straight[edge]:.2f} km")
        complaints.add(what, remedy, int(rows[edge]), columns[0], f"{km[edge]:g} km", bound)
    for edge in np.flatnonzero(km * 60 > FASTEST_KMH * car):
        what, remedy = "faster than any car", "check the units of length and time"
        value = say("{km:g} km in {minutes:g} minutes", km=km[edge], minutes=car[edge])
        bound = say("at most {most}", most=f"{FASTEST_KMH:g} km/h")
        complaints.add(what, remedy, int(rows[edge]), columns[1], value, bound)


def both_ways(
    lat: ArrayLike,
    lon: ArrayLike,
    elevation: ArrayLike,
    ends: NDArray[np.int64],
    km: NDArray[np.float64],
    minutes: NDArray[np.float64],
    twice: bool,
) -> RoadGraph:
    """A graph of edges given as (e, 2) ends; ``twice`` where each is open both ways and stands there once.

    Example:
        >>> ends, minutes = np.array([[0, 1]]), np.ones((4, 1))
        >>> both_ways([0, 0], [0, 0], [0, 0], ends, np.ones(1), minutes, twice=True).edge_from.tolist()
        [0, 1]
    """
    if twice:
        ends, km = np.concatenate((ends, ends[:, ::-1])), np.concatenate((km, km))
        minutes = np.concatenate((minutes, minutes), axis=1)
    return road_graph(lat, lon, elevation, ends[:, 0], ends[:, 1], km, minutes)
