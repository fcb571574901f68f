"""Roads that a day closes: where the ground slid or water came to a village, its road may go with it.

Strikes are those of :mod:`simsec.day.clusters`: rain says where and when. What they close is a mark of the strike, so a
raised share closes more roads and moves no closure. A road stays closed to the end of the day: half a day to a week
after a landslide is what was reported (Tribun Jateng, 21 Jan 2025), and when water runs off is not known.
"""

from __future__ import annotations

import numpy as np

from simsec.day.clusters import struck_villages
from simsec.day.day import LANDSLIDE, Closures, Floats, no_closures
from simsec.day.tables import sampling_tables
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES


def draw_closures(scenario: Scenario, day_type: str, seed: int, replication: int, rain_mm: Floats) -> Closures:
    """The roads that close on one day; none where the scenario names no figure for it.

    Args:
        scenario: what is known.
        day_type: one of ``DAY_TYPES``.
        seed: of the day.
        replication: of the day.
        rain_mm: shape (hours, zones), as :func:`simsec.day.weather.draw_rain` gives it.

    Example:
        >>> from simsec.day.weather import draw_rain
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> rain_mm = draw_rain(scenario, "heavy_rain", 1, 4)
        >>> len(draw_closures(scenario, "heavy_rain", 1, 4, rain_mm).minute) > 0
        True
    """
    closes, depth_mm = scenario.settings.travel.landslide_closes_share, scenario.settings.weather.flood_depth_mm
    tables, found = sampling_tables(scenario), [no_closures()]
    for number, model in enumerate(scenario.settings.incidents.values()):
        figure = {"steep_ground": closes, "low_ground": depth_mm}.get(model.clustered)
        rate = float(tables.rate[DAY_TYPES.index(day_type), number])
        if figure is None or rate == 0:
            continue
        village, onset, draws = struck_villages(scenario, tables, number, rate, seed, replication, rain_mm)
        if model.clustered == "low_ground":
            found.append(Closures(onset, village, figure.quantile(draws.of("closure/depth"))))
        else:
            cut = draws.of("closure/share") < figure.mode
            found.append(Closures(onset[cut], village[cut], np.full(int(cut.sum()), LANDSLIDE)))
    minute, village, depth = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.lexsort((depth, village, minute))
    return Closures(minute[order], village[order], depth[order])
