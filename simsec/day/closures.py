"""Roads that a day closes: where the ground slid or water came to a village, its road may go with it.

Strikes are those of :mod:`simsec.day.clusters`: rain says where and when. What they close is a mark of the strike, so a
raised share closes more roads and moves no closure. Water that a kind says reaches a part of a village's stations takes
its roads with as large a chance as that part. A road stays closed to the end of the day: half a day to a week
after a landslide is what was reported (Tribun Jateng, 21 Jan 2025), and when water runs off is not known.
"""

from __future__ import annotations

import numpy as np

from simsec.day.clusters import Strikes, hits_of
from simsec.day.day import LANDSLIDE, Closures, Floats, Integers, no_closures
from simsec.day.keyed import Draws
from simsec.day.tables import sampling_tables
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import Incident


def draw_closures(scenario: Scenario, strikes: Strikes) -> Closures:
    """The roads that close on one day; none where the scenario names no figure for it.

    Args:
        scenario: what is known.
        strikes: of the day, from :func:`simsec.day.clusters.strikes_of`.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> len(draw_closures(read_scenario("scenarios/kabupaten-semarang"), {}).minute)
        0
    """
    if not strikes:
        return no_closures()
    closes, depth_mm = scenario.settings.travel.landslide_closes_share, scenario.settings.weather.flood_depth_mm
    models, found = list(scenario.settings.incidents.values()), [no_closures()]
    for number, (village, onset, draws) in strikes.items():
        if models[number].clustered == "low_ground" and depth_mm is not None:
            under = draws.of("closure/share") < _reached(scenario, models[number], village, draws)
            depth = depth_mm.quantile(draws.of("closure/depth"))
            found.append(Closures(onset[under], village[under], depth[under]))
        elif models[number].clustered == "steep_ground" and closes is not None:
            cut = draws.of("closure/share") < closes.mode
            found.append(Closures(onset[cut], village[cut], np.full(int(cut.sum()), LANDSLIDE)))
    minute, village, depth = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.lexsort((depth, village, minute))
    return Closures(minute[order], village[order], depth[order])


def _reached(scenario: Scenario, model: Incident, village: Integers, draws: Draws) -> Floats:
    """Share of the stations of each village struck that the water reaches, 1 where the kind names none."""
    if model.cluster_share is None:
        return np.ones(len(village))
    members = sampling_tables(scenario).stations_of_village
    sizes = np.array([len(members[number]) for number in village.tolist()], dtype=np.int64)
    return np.asarray(hits_of(model, draws.of("cluster/size"), sizes) / sizes)
