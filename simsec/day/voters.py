"""The voters of a polling day, in vectors: who comes when, how long each needs, who waits and who is not served.

Marks (arrival and booth minutes) are drawn from the day alone; :func:`serve` then runs the queue of every station for
given opening times and closures. No voter is a process: the loop runs over the ordinal of the voter, each step over
all stations that still have one. Voters are counts; nothing about a person is drawn or kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from simsec.base.errors import InputError, Problem, either, say
from simsec.day.streams import uniforms

CLOSING_RULES = ("fixed_1300", "serve_queue", "extended")

_SHARE_TOLERANCE = 1e-6
_STATIONS_PER_BLOCK = 32  # a block of marks stays in the second-level cache
_VOTERS_PER_BLOCK = 32
_ARRIVAL_STEPS = 2.0**26  # a double holds 26 bits of arrival mark and 27 bits of booth mark


@dataclass(frozen=True, slots=True)
class VoterSettings:
    """How voters come and are served; every value comes from the scenario.

    Attributes:
        turnout: share of the registered who come, 0 to 1.
        booths: voters served at the same time at one station.
        service_low_min: shortest time of a voter in the booth.
        service_mode_min: most likely time in the booth.
        service_high_min: longest time in the booth.
        opens_min: planned opening.
        closes_min: planned closing.
        hourly_share: (from_min, to_min, share) in order of time, shares summing to 1; even inside each interval. May
            begin before the opening (those wait at the door) and end after the closing.
        closing_rule: ``fixed_1300``: nobody enters a booth after ``closes_min``; ``serve_queue``: whoever has arrived
            by ``closes_min`` is served, however late; ``extended``: as ``serve_queue``, with the closing moved by the
            minutes the station opened late, to ``extended_until_min`` at most.
        extended_until_min: latest closing under ``extended``; not read under the other rules.

    Raises:
        InputError: a value is out of its bounds; all of them are named at once.

    Example:
        >>> VoterSettings(0.7, 4, 1.5, 2.0, 3.0, 420.0, 780.0, ((390.0, 780.0, 1.0),), "serve_queue", 900.0).booths
        4
    """

    turnout: float
    booths: int
    service_low_min: float
    service_mode_min: float
    service_high_min: float
    opens_min: float
    closes_min: float
    hourly_share: tuple[tuple[float, float, float], ...]
    closing_rule: str
    extended_until_min: float

    def __post_init__(self) -> None:
        """Check the bounds."""
        edges = [edge for start, end, _ in self.hourly_share for edge in (start, end)]
        total = sum(share for _, _, share in self.hourly_share)
        checks = (
            (0 <= self.turnout <= 1, "turnout", self.turnout, say("{low} to {high}", low=0, high=1)),
            (self.booths >= 1, "booths", self.booths, say("1 or more")),
            (
                0 < self.service_low_min <= self.service_mode_min <= self.service_high_min < np.inf,
                "service_mode_min",
                (self.service_low_min, self.service_mode_min, self.service_high_min),
                "0 < low <= mode <= high",
            ),
            (
                self.opens_min < self.closes_min,
                "closes_min",
                self.closes_min,
                say("after the opening {opens_min}", opens_min=self.opens_min),
            ),
            (
                all(-np.inf < start < end < np.inf for start, end, _ in self.hourly_share) and edges == sorted(edges),
                "hourly_share",
                edges,
                say("intervals in order of time that do not overlap"),
            ),
            (
                all(share >= 0 for *_, share in self.hourly_share) and abs(total - 1) <= _SHARE_TOLERANCE,
                "hourly_share",
                total,
                say("shares of 0 or more that sum to 1"),
            ),
            (self.closing_rule in CLOSING_RULES, "closing_rule", self.closing_rule, either(CLOSING_RULES)),
            (
                self.closing_rule != "extended" or self.closes_min <= self.extended_until_min < np.inf,
                "extended_until_min",
                self.extended_until_min,
                say("{closes_min} or later", closes_min=self.closes_min),
            ),
        )
        problems = [
            Problem("voters", "out of bounds", "correct it in the scenario", column=name, value=str(found), bound=bound)
            for good, name, found, bound in checks
            if not good
        ]
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, slots=True)
class VoterMarks:
    """The voters who come to S stations, in order of arrival; padded to the fullest station, M voters.

    Attributes:
        arrival_min: (S, M), sorted along the row, ``inf`` after the last voter.
        service_min: (S, M), minutes in the booth of the same voter, ``inf`` after the last.
        arrived: (S,), number who come.
    """

    arrival_min: NDArray[np.float32]
    service_min: NDArray[np.float32]
    arrived: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class VoterOutcome:
    """What happened to the voters of S stations, each array of shape (S,).

    Attributes:
        arrived: voters who came, also those after the closing.
        served: voters who entered a booth.
        waiting_min: minutes waited, summed over all who came: from arrival to the booth, before the opening too; the
            not served from arrival until they were turned away (see :func:`serve`).
        last_served_min: when the last voter leaves the booth, ``nan`` where nobody was served.
    """

    arrived: NDArray[np.int64]
    served: NDArray[np.int64]
    waiting_min: NDArray[np.float64]
    last_served_min: NDArray[np.float64]

    @property
    def not_served(self) -> NDArray[np.int64]:
        """Voters who came and did not vote; never folded into the hours, a lost vote is no number of hours."""
        return self.arrived - self.served

    @property
    def mean_wait_min(self) -> NDArray[np.float64]:
        """Minutes waited per voter who came, 0 where nobody came."""
        return self.waiting_min / np.maximum(self.arrived, 1)

    @property
    def voter_hours_lost(self) -> NDArray[np.float64]:
        """Hours waited by all who came, the not served until they were turned away."""
        return self.waiting_min / 60.0


def draw_voters(
    registered: NDArray[np.int64],
    station_key: NDArray[np.uint64],
    stream_turnout: int,
    stream_arrival: int,
    stream_service: int,
    settings: VoterSettings,
    turnout: NDArray[np.float64] | None = None,
) -> VoterMarks:
    """Draw who comes, when, and how long each needs.

    Turnout is binomial by inversion of one mark per station; voter i of a station has the i-th arrival and booth mark
    of its key. So a station depends on no other, and a higher turnout or a longer register adds voters and moves none.

    Args:
        registered: (S,) registered voters, 0 or more.
        station_key: (S,) key of each station.
        stream_turnout: key of the stream of the turnout, as of :func:`simsec.day.streams.stream`.
        stream_arrival: key of the stream of arrivals.
        stream_service: key of the stream of booth times.
        settings: turnout, arrival profile and triangular booth time.
        turnout: (S,) share of the registered who come, in place of that of the settings.

    Raises:
        InputError: a negative number of registered voters.

    Example:
        >>> settings = VoterSettings(
        ...     0.7, 4, 1.5, 2.0, 3.0, 420.0, 780.0, ((390.0, 480.0, 0.4), (480.0, 780.0, 0.6)), "serve_queue", 900.0
        ... )
        >>> marks = draw_voters(np.array([300, 500]), np.array([11, 12], dtype=np.uint64), 1, 2, 3, settings)
        >>> bool((np.diff(marks.arrival_min[0, : marks.arrived[0]]) >= 0).all())
        True
        >>> alone = draw_voters(np.array([500]), np.array([12], dtype=np.uint64), 1, 2, 3, settings)
        >>> bool((alone.arrival_min[0] == marks.arrival_min[1]).all())
        True
    """
    registered = np.asarray(registered, dtype=np.int64)
    if (registered < 0).any():
        template, remedy = "negative count at station {station}", "give 0 or more"
        raise InputError(
            Problem("voters", say(template, station=at), remedy, 0, "registered", str(registered[at]))
            for at in np.flatnonzero(registered < 0)
        )
    share = settings.turnout if turnout is None else turnout
    quantile = binom.ppf(uniforms(stream_turnout, station_key, 0), registered, share)
    arrived = np.asarray(quantile, dtype=np.int64)
    shape = (len(registered), int(arrived.max(initial=0)))
    arrival_min, service_min = (np.full(shape, np.inf, dtype=np.float32) for _ in range(2))

    knots_share, knots_min = _profile(settings)
    streams = np.array([stream_arrival, stream_service], dtype=np.uint64)[:, None, None]
    order = np.argsort(arrived, kind="stable")
    for first in range(0, len(order), _STATIONS_PER_BLOCK):
        stations = order[first : first + _STATIONS_PER_BLOCK]
        ordinal = np.arange(arrived[stations[-1]], dtype=np.int64)
        absent = ordinal >= arrived[stations, None]
        by_arrival, by_service = uniforms(streams, station_key[stations, None], ordinal.astype(np.uint64))
        # One sort orders the arrivals and keeps each booth mark with its voter: arrival before the point, booth after.
        packed = np.floor(by_arrival * _ARRIVAL_STEPS) + by_service
        packed[absent] = 2 * _ARRIVAL_STEPS
        packed.sort(axis=1)
        step = np.floor(packed)
        arrival = np.interp((step + 0.5) / _ARRIVAL_STEPS, knots_share, knots_min)
        service = _triangular(packed - step, settings)
        arrival[absent] = service[absent] = np.inf
        arrival_min[stations, : len(ordinal)] = arrival
        service_min[stations, : len(ordinal)] = service
    return VoterMarks(arrival_min, service_min, arrived)


def subset(marks: VoterMarks, stations: NDArray[np.intp]) -> VoterMarks:
    """The marks of some stations, in the order given; what :func:`serve` makes of them is the same to the last bit.

    Example:
        >>> marks = VoterMarks(np.ones((3, 2), np.float32), np.ones((3, 2), np.float32), np.array([2, 1, 2]))
        >>> subset(marks, np.array([1])).arrival_min.shape
        (1, 1)
    """
    arrived = marks.arrived[stations]
    width = int(arrived.max(initial=0))
    return VoterMarks(marks.arrival_min[stations, :width], marks.service_min[stations, :width], arrived)


def with_stations(outcome: VoterOutcome, stations: NDArray[np.intp], again: VoterOutcome) -> VoterOutcome:
    """The outcome with some stations replaced by what they became when served again; the inputs stay as they are.

    Args:
        outcome: S stations.
        stations: (D,) their positions in ``outcome``.
        again: D stations, as :func:`serve` gave them for ``subset(marks, stations)``.

    Example:
        >>> day = VoterOutcome(np.array([5, 6]), np.array([5, 6]), np.zeros(2), np.full(2, 700.0))
        >>> late = VoterOutcome(np.array([6]), np.array([4]), np.array([90.0]), np.array([780.0]))
        >>> with_stations(day, np.array([1]), late).not_served
        array([0, 2])
    """
    fresh = VoterOutcome(
        outcome.arrived.copy(), outcome.served.copy(), outcome.waiting_min.copy(), outcome.last_served_min.copy()
    )
    fresh.arrived[stations] = again.arrived
    fresh.served[stations] = again.served
    fresh.waiting_min[stations] = again.waiting_min
    fresh.last_served_min[stations] = again.last_served_min
    return fresh


def serve(
    marks: VoterMarks,
    opened_min: NDArray[np.float64],
    closed_from_min: NDArray[np.float64],
    closed_until_min: NDArray[np.float64],
    settings: VoterSettings,
) -> VoterOutcome:
    """Run the queue of every station: first come, first served, ``settings.booths`` booths, exactly.

    The booths' next free minutes are kept sorted, the workload vector of Kiefer & Wolfowitz (1955, "On the theory of
    queues with many servers"), with one booth the recursion of Lindley (1952). A voter enters the booth at the latest
    of arrival, the first free booth and the opening, and never inside a closure; who is in the booth when a closure
    begins finishes. Nobody leaves the queue of his own accord. Turned away are

    * who arrives after the closing: at once, without waiting;
    * under ``fixed_1300`` who still queues at the closing: then;
    * under the other rules only who queues at a station that never opens (again): at the closing, or at the start of
      that endless closure if it comes later.

    A station that opens or reopens after the closing still serves those who arrived before it, save under
    ``fixed_1300``; give ``inf`` if it does not open again that day.

    Args:
        marks: S stations.
        opened_min: (S,) when the station really opened, ``inf`` for never.
        closed_from_min: (S, K) start of each closure, ``inf`` for none; in any order, may overlap.
        closed_until_min: (S, K) end of each closure, ``inf`` for the rest of the day.
        settings: booths, opening, closing and closing rule.

    Example:
        >>> settings = VoterSettings(1.0, 1, 2.0, 2.0, 2.0, 420.0, 780.0, ((420.0, 780.0, 1.0),), "serve_queue", 900.0)
        >>> marks = VoterMarks(np.float32([[420, 421, 790]]), np.float32([[2, 2, 2]]), np.array([3]))
        >>> no_closure = np.empty((1, 0))
        >>> day = serve(marks, np.array([430.0]), no_closure, no_closure, settings)
        >>> day.served, day.not_served, day.waiting_min, day.last_served_min
        (array([2]), array([1]), array([21.]), array([434.]))
    """
    closing, latest_start, turned_away = _closing(opened_min, closed_from_min, closed_until_min, settings)
    accepted = np.count_nonzero(marks.arrival_min <= closing[:, None], axis=1)
    order = np.argsort(-accepted, kind="stable")  # so the stations that still have a voter are always the first ones
    active = np.searchsorted(-accepted[order], -np.arange(accepted.max(initial=0)), side="left")
    closures = _closures(closed_from_min[order], closed_until_min[order])
    latest_start, turned_away = latest_start[order], turned_away[order]

    free = np.tile(opened_min[order].astype(np.float64), (settings.booths, 1))
    served = np.zeros(len(order), dtype=np.int64)
    waiting = np.zeros(len(order))
    last = np.full(len(order), -np.inf)
    for first in range(0, len(active), _VOTERS_PER_BLOCK):
        stations, voters = order[: active[first]], slice(first, first + _VOTERS_PER_BLOCK)
        arrivals = marks.arrival_min[stations, voters].T.astype(np.float64, order="C")
        services = marks.service_min[stations, voters].T.astype(np.float64, order="C")
        for n, arrival, service in zip(active[voters], arrivals, services, strict=False):
            start = np.maximum(arrival[:n], free[0, :n])
            for shut, reopened in closures:
                start = np.where((start >= shut[:n]) & (start < reopened[:n]), reopened[:n], start)
            enters = start <= latest_start[:n]
            served[:n] += enters
            waiting[:n] += np.minimum(start, turned_away[:n]) - arrival[:n]
            # Starts never decrease, so after one who is turned away all are: his minutes in the booth harm no one.
            end = start + service[:n]
            np.maximum(last[:n], np.where(enters, end, -np.inf), out=last[:n])
            _occupy(free[:, :n], end)

    back = np.argsort(order, kind="stable")
    last[served == 0] = np.nan
    return VoterOutcome(marks.arrived.copy(), served[back], waiting[back], last[back])


def _occupy(free: NDArray[np.float64], end: NDArray[np.float64]) -> None:
    """Replace the first free minute of each column by ``end`` and keep the column sorted, in place."""
    for booth in range(len(free) - 1):
        np.minimum(free[booth + 1], end, out=free[booth])
        np.maximum(free[booth + 1], end, out=end)
    free[-1] = end


def _closing(
    opened_min: NDArray[np.float64],
    closed_from_min: NDArray[np.float64],
    closed_until_min: NDArray[np.float64],
    settings: VoterSettings,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Per station: last minute to arrive, last minute to enter a booth, when those who still queue are sent home."""
    closing = np.full(len(opened_min), float(settings.closes_min))
    if settings.closing_rule == "fixed_1300":
        return closing, closing, closing
    if settings.closing_rule == "extended":
        late = np.maximum(opened_min - settings.opens_min, 0.0)
        closing = np.minimum(closing + late, settings.extended_until_min)
    endless = np.isinf(closed_until_min) & np.isfinite(closed_from_min)
    gives_up = np.where(endless, closed_from_min, np.inf).min(axis=1, initial=np.inf)
    gives_up[np.isinf(opened_min)] = -np.inf
    any_time = np.full(len(closing), np.finfo(np.float64).max)
    return closing, any_time, np.maximum(closing, gives_up)


def _closures(
    closed_from_min: NDArray[np.float64], closed_until_min: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Closures by their start, so that one pass also follows chains of overlapping ones; without the empty columns."""
    by_start = np.argsort(closed_from_min, axis=1, kind="stable")
    starts = np.take_along_axis(closed_from_min, by_start, axis=1)
    ends = np.take_along_axis(closed_until_min, by_start, axis=1)
    return [(starts[:, k].copy(), ends[:, k].copy()) for k in range(starts.shape[1]) if np.isfinite(starts[:, k]).any()]


def _profile(settings: VoterSettings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Knots of the inverse arrival distribution: cumulative share, minute. A gap in the profile is a jump."""
    shares, minutes, total = [], [], 0.0
    for start, end, share in settings.hourly_share:
        if share > 0:
            shares += [total, total + share]
            minutes += [start, end]
            total += share
    return np.array(shares) / total, np.array(minutes, dtype=np.float64)


def _triangular(u: NDArray[np.float64], settings: VoterSettings) -> NDArray[np.float64]:
    """Quantiles of the triangular booth time."""
    low, mode, high = settings.service_low_min, settings.service_mode_min, settings.service_high_min
    rising = low + np.sqrt(u * ((high - low) * (mode - low)))
    falling = high - np.sqrt((1.0 - u) * ((high - low) * (high - mode)))
    return np.where(u * (high - low) < mode - low, rising, falling)
