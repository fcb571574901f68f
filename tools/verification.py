"""Play every textbook system and write ``docs/verification.md`` with its pictures: ``python tools/verification.py``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the cases stand beside the tests that hold them

from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import MaxNLocator, NullFormatter  # noqa: E402

from tests.verification import systems  # noqa: E402
from tests.verification.cases import CASES  # noqa: E402
from tests.verification.systems import Row  # noqa: E402

PAGE = ROOT / "docs" / "verification.md"
PICTURES = ROOT / "docs" / "verification"
LONGER = 8  # than the tests
BLUE, INK, GREY, RED = "#0072b2", "#222222", "#999999", "#d55e00"
WHAT = {
    "Erlang B": "Calls that find all servers busy are lost: a share that depends on the load, not on the service.",
    "M/M/c": "Calls wait in one line. Erlang C gives the share that waits, the mean wait and the number inside.",
    "M/G/1": "One server, any distribution of the service: the mean wait of Pollaczek and Khinchine.",
    "M/G/infinity": "Nobody waits: the number inside is Poisson, whatever the stay.",
    "Priorities": "Two and three classes, nobody is interrupted: the mean waits of Cobham (1954).",
    "Hypercube": (
        "One to eight units at different places, unequal rates, a preference list a place, with and without a line: "
        "the exact solution of the Markov chain over all states (Larson 1974). Workload of each unit, share of "
        "dispatches of each unit to each place, loss or wait, mean travel."
    ),
    "Poisson counts": "Incidents by kind, place and hour against the rates of the file.",
    "Lindley": "The queue of a polling station with one booth against Lindley's recursion, voter by voter.",
}


def main() -> None:
    """Play, draw, write."""
    matplotlib.use("Agg")
    systems.longer = LONGER
    PICTURES.mkdir(parents=True, exist_ok=True)
    parts, agree, all_rows = [], 0, 0
    for name, case in CASES.items():
        rows = case()
        file = PICTURES / (name.lower().replace("/", "").replace(" ", "-") + ".png")
        picture(name, rows).savefig(file, dpi=110, metadata={"Software": None})
        parts.append(section(name, rows, file.relative_to(PAGE.parent).as_posix()))
        agree += sum(row.agrees for row in rows)
        all_rows += len(rows)
        print(f"{name}: {sum(row.agrees for row in rows)} of {len(rows)}", file=sys.stderr)
    PAGE.write_text(head(agree, all_rows) + "\n".join(parts) + FOOT, encoding="utf-8")


def head(agree: int, rows: int) -> str:
    """What the page is, and how to read it."""
    return f"""# The engine against theory

Textbook systems, written as scenarios, run through the very rules that play a polling day and are set beside their
exact solutions: **{agree} of {rows}** exact values lie in the interval of the simulation. Made by
`python tools/verification.py`; the same cases run, shorter, as tests (`tests/verification`), so a change that breaks
one is refused.

**How to read it.** Each system is played on {systems.DAYS} independent long days, the beginning cut off. Intervals are
Student's t over days; those of one system hold together with {systems.LEVEL:.1%} (Bonferroni), so that a test that runs
a hundred times a day does not cry wolf. That makes them wide: *would notice* says which deviation, in per cent of the
exact value, the comparison is sure to notice. Seeds are fixed; nothing was drawn again.
Systems of one case meet the same arrivals (common random numbers), so they deviate together: several points on one
side of the line are one draw, not several. With other seeds they fall on either side.

What this shows is that the code does what the model says. Whether the model is true is another question:
[validity.md](validity.md). How often the intervals of reports hold the truth: [coverage.md](coverage.md).
"""


def section(name: str, rows: Sequence[Row], picture_file: str) -> str:
    """One case: what it is, its picture, its table."""
    lines = [
        f"\n## {name}\n",
        f"{WHAT[name]}\n",
        f"![simulated against exact, {name}]({picture_file})\n",
        f"<details><summary>{len(rows)} comparisons</summary>\n",
        "| what | exact | simulated | interval | would notice | n |",
        "|---|--:|--:|---|--:|--:|",
    ]
    for row in rows:
        notice = f"{100 * max(row.high - row.exact, row.exact - row.low) / row.exact:.1f} %" if row.exact else "-"
        said = "" if row.agrees else " **outside**"
        lines.append(
            f"| {row.name} | {row.exact:.5g} | {row.simulated:.5g} | {row.low:.5g} to {row.high:.5g}{said} "
            f"| {notice} | {row.n:,} |"
        )
    return "\n".join([*lines, "\n</details>\n"])


def picture(name: str, rows: Sequence[Row]) -> Figure:
    """Simulated over exact values, and the deviation of each in per cent, with their intervals."""
    exact = np.array([row.exact for row in rows])
    simulated, low, high = (np.array([getattr(row, part) for row in rows]) for part in ("simulated", "low", "high"))
    colour = np.array([BLUE if row.agrees else RED for row in rows])
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
    shown = exact > 0
    edges = np.array([exact[shown].min() * 0.8, exact[shown].max() * 1.25])
    left.plot(edges, edges, color=GREY, linewidth=1, zorder=1)
    left.vlines(exact[shown], np.maximum(low[shown], edges[0] / 4), high[shown], color=colour[shown], linewidth=1.2)
    left.scatter(exact[shown], simulated[shown], s=16, c=colour[shown], zorder=3)
    left.set(xscale="log", yscale="log", xlabel="exact", ylabel="simulated", title=name)
    per_cent = 100 / exact[shown]
    place = np.arange(int(shown.sum()))
    right.axhline(0, color=INK, linewidth=1)
    right.vlines(
        place,
        (low - exact)[shown] * per_cent,
        (high - exact)[shown] * per_cent,
        color=colour[shown],
        linewidth=1.2,
    )
    right.scatter(place, (simulated - exact)[shown] * per_cent, s=16, c=colour[shown], zorder=3)
    right.set(xlabel="comparison, in the order of the table", ylabel="simulated less exact, per cent of exact")
    left.xaxis.set_minor_formatter(NullFormatter())
    left.yaxis.set_minor_formatter(NullFormatter())
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (left, right):
        axes.grid(color="#eeeeee")
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    return figure


FOOT = """
## Laws without a number

Checked as tests, on shipped scenarios and on thousands of small ones made by chance (Hypothesis):

- both calendars give the same day to the last digit; ties go by kind of event, then by order of scheduling
  (`tests/simulation/test_calendars.py`);
- a day that is stopped, copied and resumed ends as it would have (`tests/simulation/test_play.py`);
- a change of plan changes no mark of the day; a raised rate adds incidents and moves none (`tests/day`,
  `tests/verification/test_laws.py`);
- a unit more, all speeds doubled, all times scaled, places renamed (`tests/verification/test_laws.py`);
- no unit in two places, no incident answered twice, no event before its cause, no move faster than the travel model,
  everyone accounted for (`simsec/simulation/audit.py`, run on every shipped scenario);
- a simulated day written as a log replays to itself exactly (`tests/simulation/test_replaying.py`);
- a golden day of every shipped scenario changes only on purpose (`tests/golden`).

Each check was broken on purpose: `tests/breakages.toml` lists one-line changes for the worse, and `make breakages`
shows that every one of them turns a test red.
"""


if __name__ == "__main__":
    main()
