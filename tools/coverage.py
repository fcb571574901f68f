"""Measure how often every interval holds the truth and write ``docs/coverage.md``: ``python tools/coverage.py``."""

from __future__ import annotations

from pathlib import Path

from simsec.analysis.coverage import REPETITIONS, coverage_rows, coverage_table

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"


def page(table: str) -> str:
    """The page around the table."""
    return f"""# How often the intervals hold the truth

Every method of `simsec.analysis` on figures whose truth is known, {REPETITIONS:,} repetitions each, made by
`python tools/coverage.py`. A share comes with its own 95 % interval (Wilson). *Warned*: intervals that came with a
doubt, because a few days carry the figure or because there are fewer than 100 days of a type. *Too few days*: no
interval was given, because the rank it needs does not exist, or too few days could be resampled.

{table}
Read it so: t intervals keep their promise for figures like the normal and for long runs. They break it where few days
carry the figure and the days are few; every case under 90 % is one that warns. Order-statistic intervals keep it
whatever the figure. The mean of the worst tenth of days breaks it with short tails and warns. So does a quantile of
incidents where bad days are bad from end to end: its incidents beyond the 90 % then come from a handful of days, and
below 10 days no interval is given at all. A share within a target keeps it, except where few days hold all that missed
it: then it warns. Stopping at a precision costs next to nothing in coverage, because it starts with 100 days of every
type and looks only a few times. A choice by KN is more often right than it promises.
"""


if __name__ == "__main__":
    PAGE.write_text(page(coverage_table(coverage_rows())), encoding="utf-8")
