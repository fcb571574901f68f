"""The clock of a search that must answer in time: days are rationed beforehand, and what overruns is stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping

from simsec.analysis.workers import Progress

LEAST_DAYS = 4  # of every type; fewer tell nothing
MARGIN, MARGIN_S = 0.08, 1.0  # kept back for starting, for the chunk of days under way, and for writing


class OutOfTime(Exception):
    """The time is up; whoever started the stage goes on with what there is."""


class Clock:
    """Seconds that are left, and how many days they are worth.

    Example:
        >>> clock = Clock(None)
        >>> clock.days({"ordinary": 60}, plans=3, share=0.1), clock.left_s
        ({'ordinary': 60}, inf)
    """

    def __init__(self, limit_s: float | None, started: float | None = None) -> None:
        """Start now, or at a reading of ``time.monotonic``; None for no limit."""
        self.limit_s = None if limit_s is None else (1 - MARGIN) * limit_s - MARGIN_S
        self.struck = False
        self._started = time.monotonic() if started is None else started
        self._pace_s = 0.01  # of a day under one plan; measured as soon as some were played

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    @property
    def left_s(self) -> float:
        """Until the limit; infinite without one."""
        return float("inf") if self.limit_s is None else self.limit_s - self.seconds

    def check(self) -> None:
        """Stop when the time is up.

        Raises:
            OutOfTime: it is.
        """
        if self.left_s <= 0:
            self.struck = True
            raise OutOfTime

    def bar(self, progress: Progress | None) -> Progress:
        """A progress function that also looks at the clock."""

        def tell(done: int, every: int) -> None:
            if progress:
                progress(done, every)
            if done < every:
                self.check()

        return tell

    def played(self, days: int, plans: int, seconds: float) -> None:
        """Learn the pace from days just played."""
        self._pace_s = seconds / max(days * plans, 1)

    def days(self, wanted: Mapping[str, int], *, plans: int, share: float) -> dict[str, int]:
        """As many days of each type as a share of the time left is worth, no more than wanted and no fewer than a few.

        Args:
            wanted: day type -> days without a limit.
            plans: that are played on each.
            share: of the seconds left.
        """
        worth = share * self.left_s / (self._pace_s * max(plans, 1))
        part = min(worth / max(sum(wanted.values()), 1), 1.0)
        return {name: min(max(int(count * part), LEAST_DAYS), count) for name, count in wanted.items()}

    def plans(self, days: int, *, share: float) -> int | None:
        """How many plans can be played on some days in a share of the time left, 1 at least; None without a limit.

        Example:
            >>> Clock(None).plans(92, share=0.3) is None
            True
        """
        if self.limit_s is None:
            return None
        return max(int(share * self.left_s / (self._pace_s * max(days, 1))), 1)
