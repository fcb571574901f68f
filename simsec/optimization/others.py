"""What other families need of the police, as limits of the deployment model: they keep what doctrine gives them.

Help in a flood asks for guards and squads, tens of times at once where the ground is low. Two things then make it wait:
larger blocks, whose pair is at a neighbour's already, and squads spread over the far ends of the area, for such a day
takes all of them and not the nearest. Both were found in simulation, and both are stated here without it: where other
families call for guards a sub-district keeps its pairs, and the mean way of *all* squads to what calls for them is no
longer than under the plan to be replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.measures import FAMILIES
from simsec.day.rumours import expected_rate
from simsec.day.tables import sampling_tables
from simsec.geography.graph import VEHICLES
from simsec.geography.ground import ground_of
from simsec.optimization.choices import Bounds, Way
from simsec.optimization.demand import share_of_villages
from simsec.optimization.objective import Sites
from simsec.optimization.pricing import candidate_sites
from simsec.optimization.waiting import SQUAD, waits
from simsec.plan.plan import Plan
from simsec.scenario.parameter import triangular_mean
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES, DAY_TYPES, LEVELS, Incident

Floats = NDArray[np.float64]
GUARD = "guard"


def for_others(scenario: Scenario, plan: Plan, bounds: Bounds, but: str = "security") -> Bounds:
    """Bounds under which other families keep the pairs and the way of squads they have under a plan.

    Only kinds whose place is known beforehand, by the ground, hold pairs and squads in place; what may strike any
    station is left to the simulation.

    Args:
        scenario: what is known.
        plan: that shall not be undercut.
        bounds: that hold as well; pairs they name stay as they name them.
        but: the family that plans are made for.
    """
    pairs = dict(bounds.pairs)
    called = np.zeros(len(scenario.villages))
    for model, calls in _on_their_ground(scenario, but):
        if any(GUARD in needs for needs in model.needs.values()):
            called += calls
    low = scenario.stations.station_class == CLASSES.index("low")
    for sector in np.unique(scenario.villages.subdistrict[called > 0]).tolist():
        had = len(np.unique(plan.block[low & (scenario.stations.subdistrict == sector)]))
        least, most = pairs.get(sector, (had, len(scenario.stations)))
        pairs[sector] = (max(least, min(had, most)), most)
    return replace(bounds, pairs=pairs, ways=ways(scenario, plan.squads, but))


def ways(scenario: Scenario, squads: Mapping[str, int], but: str = "security") -> tuple[Way, ...]:
    """For each family that calls for squads: mean minutes until a squad is there, and their mean under a plan.

    Example:
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> [way.family for way in ways(scenario, doctrine(scenario).squads)]
        ['hazard']
    """
    sites = candidate_sites(scenario)
    total: dict[str, Floats] = {}
    weight: dict[str, float] = {}
    for model, calls in _on_their_ground(scenario, but):
        levels = [level for level in LEVELS if SQUAD in model.needs.get(level, {})]
        if levels and calls.any():
            code = next(code for code, one in scenario.settings.incidents.items() if one is model)
            minutes = _minutes(scenario, sites, code, LEVELS.index(levels[0]))
            total[model.responder] = total.get(model.responder, np.zeros(len(sites.code))) + calls @ minutes
            weight[model.responder] = weight.get(model.responder, 0.0) + float(calls.sum())
    found = []
    for family in (family for family in FAMILIES if family in total):
        mean = dict(zip(sites.code, (total[family] / weight[family]).tolist(), strict=True))
        count = sum(squads.get(code, 0) for code in mean)
        if count:
            most = sum(minutes * squads.get(code, 0) for code, minutes in mean.items()) / count
            found.append(Way(family, mean, most))
    return tuple(found)


def _on_their_ground(scenario: Scenario, but: str) -> Iterator[tuple[Incident, Floats]]:
    """Kinds of other families that strike some ground, with their expected incidents a day in each village."""
    stations = np.bincount(scenario.stations.village, minlength=len(scenario.villages))
    tables = sampling_tables(scenario)
    chance = np.array([scenario.day_type_probability[name] for name in DAY_TYPES])
    rate = chance @ expected_rate(scenario)
    for number, model in enumerate(scenario.settings.incidents.values()):
        if model.responder in FAMILIES and model.responder != but and model.clustered != "no":
            calls = rate[number] * tables.dispatch_share[number] * len(scenario.stations)
            yield model, calls * share_of_villages(scenario, model, stations)


def _minutes(scenario: Scenario, sites: Sites, kind: str, level: int) -> Floats:
    """Until squads from each site are at each village, shape (villages, sites): asked by rayon or all, and driven."""
    settings, villages = scenario.settings, len(scenario.villages)
    vehicle = VEHICLES.index(next(unit.vehicle for unit in settings.units if unit.kind == SQUAD))
    drive = ground_of(scenario).travel.minutes[vehicle][:villages, sites.node]
    asked = waits(scenario, kind, level)
    own = (sites.rayon[None, :] == scenario.villages.rayon[:, None]) & (sites.rayon >= 0)[None, :]
    found = np.where(own, asked.rayon, asked.central) + triangular_mean(settings.travel.friction) * drive
    reached = np.isfinite(found)
    long = 2.0 * found[reached].max(initial=0.0)  # where there is no way
    return np.asarray(np.where(reached, found, long), dtype=np.float64)
