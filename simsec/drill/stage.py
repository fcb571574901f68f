"""The stage of a drill: a scenario, a plan and a day, made ready once, with a place to stand for every order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simsec.base.clock import parse_stamp
from simsec.day.day import Day
from simsec.day.sampling import sample_day
from simsec.drill.places import Draw
from simsec.geography.ground import ground_of
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import LEVELS
from simsec.simulation.calendar import marks_of
from simsec.simulation.model import NOWHERE, DayMarks, World
from simsec.simulation.roads import Closure, changes_of
from simsec.simulation.simulate import kept_world
from simsec.simulation.world import needed_of

BEFORE_THE_VOTE_MIN = 180.0  # a drill begins this long before the stations open


@dataclass(frozen=True, eq=False)
class Stage:
    """What a drill plays on; never changed.

    Attributes:
        scenario: what is known.
        plan: what is decided before the day.
        day: the day as it was drawn.
        world: the plan's world, with a pseudo-station at every node (number ``stations`` + node) and one kind of
            incident more, the *order*, which needs nothing and never rises.
        marks: the day as lists.
        stations: how many real stations there are.
        order_kind: number of the kind *order*.
        serves_as: capability as which a unit of each kind follows an order, -1: it is on no ladder.
        zone: rayon of each node.
        closures: what the day itself closes, and when.
    """

    scenario: Scenario
    plan: Plan
    day: Day
    world: World
    marks: DayMarks
    stations: int
    order_kind: int
    serves_as: tuple[int, ...]
    zone: NDArray[np.int64]
    closures: tuple[tuple[float, Closure], ...] = ()

    @property
    def draw(self) -> Draw:
        """What anonymous places are drawn from."""
        return Draw(self.scenario, self.day.seed, self.day.replication)

    @property
    def starts_min(self) -> float:
        """First minute of the clock."""
        return self.scenario.horizon_min[0]

    @property
    def begins_min(self) -> float:
        """When the room takes over: the morning of polling day. What came before is played, and needs no trainer."""
        if self.scenario.general is not None:
            return self.starts_min
        return max(self.starts_min, parse_stamp(self.scenario.settings.clock.voting_opens) - BEFORE_THE_VOTE_MIN)

    @property
    def ends_min(self) -> float:
        """End of the clock."""
        return self.scenario.horizon_min[1]


@lru_cache(maxsize=4)
def _stage(scenario: Scenario, plan: Plan, day_type: str, seed: int, replication: int) -> Stage:
    day = sample_day(scenario, seed, replication, day_type)
    world, zone = kept_world(scenario, plan), ground_of(scenario).node_zone
    return Stage(
        scenario=scenario,
        plan=plan,
        day=day,
        world=_with_orders(scenario, world, zone),
        marks=marks_of(day),
        stations=len(scenario.stations),
        order_kind=len(world.need),
        serves_as=tuple(_serves_as(world, kind) for kind in range(len(world.can))),
        zone=zone,
        closures=tuple((change.minute, change.closure) for change in changes_of(scenario, day)),
    )


def stage_of(scenario: Scenario, plan: Plan, day_type: str = "ordinary", seed: int = 1, replication: int = 0) -> Stage:
    """Make a drill ready.

    Args:
        scenario: what is known.
        plan: what is decided before the day.
        day_type: as for :func:`simsec.day.sample_day`.
        seed: the same.
        replication: the same.

    Raises:
        InputError: as :func:`simsec.day.sample_day`.

    Example:
        >>> from simsec.plan import doctrine
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> stage = stage_of(scenario, doctrine(scenario))
        >>> len(stage.world.station_node) == stage.stations + len(stage.zone)
        True
    """
    return _stage(scenario, plan, day_type, seed, replication)


def _serves_as(world: World, kind: int) -> int:
    """The first capability of the kind on whose ladder it stands, so that its turn-out is known."""
    for capability, able in enumerate(world.can[kind]):
        ladder = world.ladder_of[capability]
        if able and ladder >= 0 and world.kind_row[ladder][kind] >= 0:
            return capability
    return NOWHERE


def _with_orders(scenario: Scenario, world: World, zone: NDArray[np.int64]) -> World:
    """The world with a pseudo-station at every node and the kind *order*."""
    nodes = len(zone)
    sector = [*scenario.villages.subdistrict.tolist(), *scenario.posts.subdistrict.tolist()]
    sector += [NOWHERE] * (nodes - len(sector))
    return world._replace(
        station_block=[*world.station_block, *[NOWHERE] * nodes],
        station_place=[*world.station_place, *[0] * nodes],
        station_node=[*world.station_node, *range(nodes)],
        station_subdistrict=[*world.station_subdistrict, *sector],
        station_rayon=[*world.station_rayon, *zone.tolist()],
        stretch=[[*row, *[0.0] * nodes] for row in world.stretch],
        need=[*world.need, [[0] * world.capabilities for _ in LEVELS]],
        needed=[*world.needed, [needed_of({}) for _ in LEVELS]],
        asked=[*world.asked, [[0] * world.ladders for _ in LEVELS]],
    )
