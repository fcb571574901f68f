"""What a sub-district may choose: patterns and patrols worth their officers, inside the limits set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from simsec.optimization.objective import GuardPrices, guard_cost
from simsec.plan.ledger import PAIR_PERSONS

Range = tuple[int, int]


@dataclass(frozen=True)
class Way:
    """The way of the squads to what another family calls them for.

    Attributes:
        family: a responder family.
        minutes: site -> mean minutes until a squad from there arrives.
        most: the mean over all squads must not exceed this.
    """

    family: str
    minutes: Mapping[str, float]
    most: float


@dataclass(frozen=True)
class Bounds:
    """Limits set by hand or by a plan that must not be undercut; what is left out is free.

    Attributes:
        patrols: sub-district -> least and most patrols at its Polsek.
        pairs: sub-district -> least and most pairs for its stations of the low class.
        squads: site -> squads that wait there, neither more nor fewer.
        ways: of the squads, none longer in the mean than it says.
    """

    patrols: Mapping[int, Range] = field(default_factory=dict)
    pairs: Mapping[int, Range] = field(default_factory=dict)
    squads: Mapping[str, int] = field(default_factory=dict)
    ways: tuple[Way, ...] = ()

    def patrols_of(self, sector: int, at_most: int) -> range:
        """Numbers of patrols that are tried in a sub-district.

        Example:
            >>> Bounds(patrols={3: (6, 9)}).patrols_of(3, 4), Bounds().patrols_of(3, 4)
            (range(6, 10), range(1, 5))
        """
        least, most = self.patrols.get(sector, (1, at_most))
        return range(least, most + 1)

    def most_patrols(self, at_most: int) -> int:
        """The most patrols any sub-district may have."""
        return max([at_most, *(most for _, most in self.patrols.values())])


def worth_choosing(
    guards: GuardPrices, sector: int, patrols_at_most: int, bounds: Bounds
) -> list[tuple[int, int, int, float]]:
    """Row, patrols, officers and cost of what is cheaper than everything that takes no more officers.

    Officers are those of all pairs and of the patrols beyond the one that every Polsek keeps; fewest first.
    """
    rows = np.flatnonzero(guards.sector == sector)
    if sector in bounds.pairs:
        least, most = bounds.pairs[sector]
        rows = rows[(guards.low_pairs[rows] >= least) & (guards.low_pairs[rows] <= most)]
    each: list[tuple[int, float, int, int]] = []
    for patrols in bounds.patrols_of(sector, patrols_at_most):
        costs = guard_cost(guards, rows, np.full(len(rows), patrols)).tolist()
        needs = (guards.officers[rows] + PAIR_PERSONS * (patrols - 1)).tolist()
        each += zip(needs, costs, rows.tolist(), [patrols] * len(rows), strict=True)
    kept: list[tuple[int, int, int, float]] = []
    for officers, cost, row, patrols in sorted(each):
        if not kept or cost < kept[-1][3]:
            kept.append((row, patrols, officers, cost))
    return kept
