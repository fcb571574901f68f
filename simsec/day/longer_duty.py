"""Longer duty: what closes a station delays its count, and the crew's extra hours may bring more illness.

How long a station stays closed depends on the plan, so the illnesses of the hours beyond the planned end are drawn
beforehand and kept dormant below the incident that closes it. Each comes unless the station was open again in time:
with less delay than the illness lies beyond the end, the crew was home by then.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simsec.base.clock import parse_stamp
from simsec.day.day import Incidents, Integers
from simsec.day.fatigue import fallen_ill
from simsec.day.incidents import marked
from simsec.day.stages import DayStages
from simsec.day.tables import sampling_tables
from simsec.day.trips import stages_of
from simsec.scenario.reading import Scenario

LONGEST_DELAY_MIN = 300.0  # a flooded station opened five hours late; later illnesses are not looked for


def with_longer_duty(
    scenario: Scenario, day_type: str, incidents: Incidents, day: DayStages, seed: int, replication: int
) -> Incidents:
    """The incidents of a day and, below those that close a station, the dormant illnesses of longer hours.

    The count of a station ends later by the minutes in which the first incident that closes it keeps it closed after
    the vote was to open. A crowd that spreads has children of its own, and no such ones.

    Args:
        scenario: one with ``[stages]``.
        day_type: as for :func:`simsec.day.sample_day`.
        incidents: all others, primaries first.
        day: the stages of the day.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.

    Returns:
        The incidents given in their places, the dormant ones after them.
    """
    settings, tables = scenario.settings, sampling_tables(scenario)
    closes = np.array([model.closes_station for model in settings.incidents.values()], dtype=np.bool_)
    closes[tables.kind(settings.spreading.kind)] = False
    ends = day.crew_leaves_min[incidents.station]
    rows = np.flatnonzero((incidents.parent < 0) & closes[incidents.kind] & (incidents.onset_min < ends))
    _, first = np.unique(incidents.station[rows], return_index=True)  # primaries stand in order of onset
    rows = np.sort(rows[first])
    if not len(rows):
        return incidents
    station = incidents.station[rows]
    place, onset, draws = fallen_ill(
        scenario, day_type, seed, replication, station, ends[rows] + LONGEST_DELAY_MIN
    )
    kind = tables.kind(stages_of(scenario).crew_kind)
    kept = (onset > ends[rows][place]) & (draws.of("dispatch") < tables.dispatch_share[kind])
    place, onset, draws = place[kept], onset[kept], draws.take(kept)
    if not len(place):
        return incidents
    parent = rows[place]
    children = marked(scenario, np.full(len(place), kind), station[place], np.full(len(place), np.nan), draws)
    began = incidents.onset_min[parent]
    opens = parse_stamp(settings.clock.voting_opens)
    return with_children(
        incidents,
        parent,
        replace(
            children,
            spread_delay_min=onset - began,
            contain_within_min=onset - ends[parent] + np.maximum(opens - began, 0.0),
        ),
    )


def with_children(incidents: Incidents, parent: Integers, children: Incidents) -> Incidents:
    """Incidents, then dormant children of some of them that had none, those of one parent in a row.

    Args:
        incidents: n rows, primaries first.
        parent: row of the parent of each child, none of which has children yet.
        children: m rows.
    """
    order = np.argsort(parent, kind="stable")
    n, parent = len(incidents), parent[order]
    first, end = incidents.child_first.copy(), incidents.child_end.copy()
    first[parent] = n + np.searchsorted(parent, parent, side="left")
    end[parent] = n + np.searchsorted(parent, parent, side="right")
    joined = {
        name: np.concatenate([getattr(incidents, name), getattr(children, name)[order]])
        for name in Incidents.__dataclass_fields__
    }
    none = np.zeros(len(parent), dtype=np.int64)
    return Incidents(
        **joined
        | {
            "parent": np.concatenate([incidents.parent, parent]),
            "child_first": np.concatenate([first, none]),
            "child_end": np.concatenate([end, none]),
            "village": np.concatenate([incidents.village, n + np.arange(len(parent))]),
        }
    )
