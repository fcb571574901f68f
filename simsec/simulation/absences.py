"""Who is away when: the rows of a scenario's absences as groups of units that leave and come back together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import Absence

Integers = NDArray[np.int64]


def groups_of(scenario: Scenario, kind: Integers, site: Sequence[str]) -> dict[str, Any]:
    """The fields ``absence...`` of a world; no group where the scenario has no absences.

    Args:
        scenario: what is known.
        kind: of each unit of the roster, shape (units,).
        site: code of the site each of them waits at.
    """
    kinds = [unit.kind for unit in scenario.settings.units]
    groups: dict[tuple[float, float, int], list[int]] = {}
    for number, absence in enumerate(scenario.settings.absences):
        sites = None if absence.at == "" else set(scenario.sites_of(absence.at))
        pool = [
            unit
            for unit in np.flatnonzero(kind == kinds.index(absence.unit)).tolist()
            if sites is None or site[unit] in sites
        ]
        chosen = chosen_units(absence, pool, site)
        opens, closes = parse_stamp(absence.starts), parse_stamp(absence.ends)
        length = absence.minutes_each or closes - opens
        shifts = int((closes - opens) // length)
        for shift in range(min(shifts, len(chosen))):
            group = chosen[shift::shifts]  # dealt out, so that a site's units leave one after the other
            # What happens on every day and at the same hours is one group, whatever the rows: an event less each.
            shared = number if absence.chance else -1
            groups.setdefault((opens + shift * length, opens + (shift + 1) * length, shared), []).extend(group)
    ends = np.cumsum([len(group) for group in groups.values()]).tolist()
    return {
        "absences": len(groups),
        "absence_row": [row for _, _, row in groups] or [0],
        "absence_from": [start for start, _, _ in groups] or [0.0],
        "absence_until": [end for _, end, _ in groups] or [0.0],
        "absence_first": [0, *ends[:-1]],
        "absence_end": ends or [0],
        "absence_unit": [unit for group in groups.values() for unit in group] or [0],
    }


def chosen_units(absence: Absence, pool: Sequence[int], site: Sequence[str]) -> list[int]:
    """The units of a row, site by site: as many as it says, spread evenly over the sites, the lowest numbers of each.

    Args:
        absence: the row.
        pool: units of its kind where it says, in order of their numbers.
        site: code of the site each unit waits at.

    Example:
        >>> from simsec.scenario.schema import Text
        >>> row = Absence(label=Text(en="rest", id="istirahat"), reason="rest", unit="squad", starts="H 13:00",
        ...     ends="H 17:00", units=3, grade="D", source="assumption")
        >>> chosen_units(row, [0, 1, 2, 3, 4, 5], ["a", "a", "a", "a", "b", "b"])
        [0, 1, 4]
    """
    wanted = len(pool)
    if absence.share is not None:
        wanted = int(absence.share.mode * len(pool) + 0.5)
    elif absence.units is not None:
        wanted = min(absence.units, len(pool))
    sites = list(dict.fromkeys(site[unit] for unit in pool))
    of_site = [[unit for unit in pool if site[unit] == name] for name in sites]
    taken = [0] * len(sites)
    while wanted > 0:  # a round gives every site that has one left a unit; the last round only some, evenly spaced
        left = [place for place, units in enumerate(of_site) if taken[place] < len(units)]
        if wanted < len(left):
            left = [left[turn * len(left) // wanted] for turn in range(wanted)]
        for place in left:
            taken[place] += 1
        wanted -= len(left)
    return [unit for units, count in zip(of_site, taken, strict=True) for unit in units[:count]]
