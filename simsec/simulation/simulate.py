"""``simulate``: the only place where units move."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from simsec.day.day import Day
from simsec.plan.plan import Plan
from simsec.scenario.reading import Scenario
from simsec.simulation.calendar import Listener, Look, marks_of, run_on_simpy
from simsec.simulation.model import World
from simsec.simulation.outcome import Fleet, Outcome, fleet_of, outcome_of
from simsec.simulation.roads import changes_of, without_collection
from simsec.simulation.world import world_of


@lru_cache(maxsize=2)  # the roads of a scenario are large, the rest of a world is small
def _worlds(scenario: Scenario) -> dict[Plan, tuple[World, Fleet]]:
    return {}


def kept_world(scenario: Scenario, plan: Plan) -> World:
    """The world of a scenario and a plan, kept for the next day; all plans of the last scenarios are."""
    return _kept(scenario, plan)[0]


def _kept(scenario: Scenario, plan: Plan) -> tuple[World, Fleet]:
    worlds = _worlds(scenario)
    if plan not in worlds:
        world = world_of(scenario, plan)
        worlds[plan] = world, fleet_of(world)
    return worlds[plan]


@without_collection()
def simulate(
    scenario: Scenario, plan: Plan, day: Day, *, listener: Listener | None = None, looks: Sequence[Look] = ()
) -> Outcome:
    """Play one day under one plan; deterministic.

    Args:
        scenario: what is known.
        plan: what is decided; check it with :func:`simsec.plan.check_plan` first.
        day: what chance brings, sampled from the same scenario.
        listener: called after every event; may only look.
        looks: (minute, function of minute and state) to look at the state at fixed minutes.

    Returns:
        Rows of incidents, units and disturbed stations.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> from simsec.day import sample_day
        >>> from simsec.plan import doctrine
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> outcome = simulate(scenario, doctrine(scenario), sample_day(scenario, 1, 0))
        >>> bool((outcome.incidents.response_min > 0).any())
        True
    """
    (world, fleet), ends_min = _kept(scenario, plan), scenario.horizon_min[1]
    state = run_on_simpy(world, marks_of(day), ends_min, listener, looks, changes_of(scenario, day))
    return outcome_of(world, day, state, ends_min, scenario, fleet)
