"""The rain of many simulated days in the figures of a climate table: does a zone of the model have the month's days?"""

from __future__ import annotations

import numpy as np

from simsec.day.day import Floats
from simsec.day.weather import draw_rain
from simsec.scenario.climate import RainFigures
from simsec.scenario.reading import Scenario

WET_MM, RAINY_MM, HEAVY_MM = 1.0, 20.0, 50.0  # daily classes of the Indonesian weather service (BMKG)


def rain_of_days(scenario: Scenario, day_type: str, days: int, seed: int = 1) -> Floats:
    """Rain of each zone over the clock of each day, in mm, shape (days, zones)."""
    return np.stack([draw_rain(scenario, day_type, seed, replication).sum(axis=0) for replication in range(days)])


def simulated_rain(scenario: Scenario, days: int, seed: int = 1) -> RainFigures:
    """Figures of a zone's days in the mixture of day types: heavy rain with its probability, else the ordinary weather.

    A gauge stands for a zone: storms cover a zone whole, so a zone's rain is that of any point of it.

    **A day is all the rain of the clock.** A climate table counts 24 hours. The storms of the model are those of one
    day, however long the clock is, and the windows say where in it they fall, so all of it is compared with 24 hours.
    Where the windows hold less (19 hours in a Pilkada) they are given the rain of the night hours they leave out: it
    rains there a little more than in the same hours of the climate. No share of the night was found to take off, and
    more rain is the cautious side. Where the windows span 24 hours the two are the same.

    Args:
        scenario: with probabilities of its day types.
        days: to draw of each of the two weathers, 1 or more.
        seed: of the draws.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> figures = simulated_rain(read_scenario("scenarios/kabupaten-semarang"), 50)
        >>> 0 < figures.from_50_mm < figures.from_20_mm < figures.wet < 1
        True
    """
    heavy = scenario.day_type_probability["heavy_rain"]
    parts = [
        (heavy, rain_of_days(scenario, "heavy_rain", days, seed)),
        (1 - heavy, rain_of_days(scenario, "ordinary", days, seed)),
    ]
    wet = sum(share * float(np.mean(rain >= WET_MM)) for share, rain in parts)
    amount = sum(share * float(np.mean(np.where(rain >= WET_MM, rain, 0.0))) for share, rain in parts)
    rainy, fifty = (
        sum(share * float(np.mean(rain >= least)) for share, rain in parts) for least in (RAINY_MM, HEAVY_MM)
    )
    return RainFigures(wet, amount / wet if wet else 0.0, rainy, fifty)
