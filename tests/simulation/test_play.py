"""A day can be stopped, copied, branched and gone on with: state and pending events are everything."""

import gc

import pytest

from simsec import doctrine, read_scenario, sample_day, simulate
from simsec.simulation.calendar import Play, marks_of, run_on_simpy
from simsec.simulation.roads import without_collection
from simsec.simulation.world import world_of

AREA = "scenarios/kabupaten-semarang"


@pytest.mark.parametrize("minute", [250.0, 471.5, 800.0, 1300.0])
def test_a_paused_day_goes_on_as_if_it_had_not_been(minute: float) -> None:
    scenario = read_scenario(AREA)
    world, day = world_of(scenario, doctrine(scenario)), marks_of(sample_day(scenario, 4, 2, "severe"))
    play = Play(world, day)
    play.run_before(minute)
    paused = play.pause()
    first, second = Play(world, day, paused=paused), Play(world, day, paused=paused)
    ends_min = scenario.horizon_min[1]
    for branch in (first, second, play):
        branch.run_before(ends_min)
    assert first.pause() == second.pause() == play.pause()
    assert first.pause()[0] == run_on_simpy(world, day, ends_min)
    assert paused[1] != first.pause()[1]


def test_a_look_after_the_end_is_not_taken_and_changes_nothing() -> None:
    scenario = read_scenario(AREA)
    world, day = world_of(scenario, doctrine(scenario)), marks_of(sample_day(scenario, 4, 2, "severe"))
    seen: list[float] = []
    looks = [(700.0, lambda now, _: seen.append(now)), (1100.0, lambda now, _: seen.append(now))]
    assert run_on_simpy(world, day, 900.0, looks=looks) == run_on_simpy(world, day, 900.0)
    assert seen == [700.0]


def test_a_played_day_leaves_nothing_to_collect() -> None:
    scenario = read_scenario(AREA)
    plan, day = doctrine(scenario), sample_day(scenario, 4, 2, "severe")
    simulate(scenario, plan, day)
    gc.collect()
    with without_collection():
        simulate(scenario, plan, day)
        assert gc.collect() == 0
