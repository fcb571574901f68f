"""A log through the engine: the exported log of a day replays to that day, and memory follows what goes on at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simsec.day import Day, sample_day
from simsec.day.log import Entry, read_weather, write_log
from simsec.day.log_reading import LogReader
from simsec.plan import Plan
from simsec.scenario import Scenario
from simsec.scenario.schema import DAY_TYPES, Policy
from simsec.simulation.calendar import marks_of, run_on_simpy
from simsec.simulation.model import DayMarks, State, fresh_state
from simsec.simulation.policies import NAMES
from simsec.simulation.replaying import Replay, replay_world, whats_out_of_reach
from simsec.simulation.simulate import kept_world
from tests.areas import announced, shipped, tiny, tiny_plan


def replayed(scenario: Scenario, plan: Plan, log: Path) -> tuple[State, Replay]:
    """The state at the end of a replay, its rows put back where the log's numbers say."""
    world = replay_world(scenario, plan)
    reader = LogReader(log, scenario)
    checked = reader.check(whats_out_of_reach(world))
    _, slow, _ = read_weather(log, scenario)
    rows: dict[int, dict[str, Any]] = {}
    seats: dict[int, int] = {}

    def finished(entry: Entry, seat: int, state: State) -> None:
        rows[int(entry.key)] = {
            name: value[seat][:] if isinstance(value[seat], list) else value[seat]
            for name in PER_INCIDENT
            if (value := getattr(state, name)) is not None
        }
        seats[seat] = int(entry.key)  # the last to sit there

    play = Replay(world, slow, scenario.settings.travel.friction.mode, finished)
    state = play.run(reader.groups(), scenario.horizon_min[1])
    assert sorted(rows) == list(range(checked.rows))
    whole = {name: [rows[row][name] for row in sorted(rows)] for name in PER_INCIDENT}
    serves = [seats[seat] if seat >= 0 else -1 for seat in state.serves]
    waiting = [(since, seats[seat], ladder) for since, seat, ladder in state.waiting]
    return state._replace(**whole, serves=serves, waiting=waiting), play


def per_incident() -> list[str]:
    day = sample_day(tiny(), 1, 0, "severe")
    state = fresh_state(kept_world(tiny(), tiny_plan()), marks_of(day))
    units = len(state.missions)
    assert units != len(day.incidents)
    return [name for name in State._fields if len(getattr(state, name)) == len(day.incidents)]


PER_INCIDENT = per_incident()


def check_replays_to_itself(scenario: Scenario, plan: Plan, day: Day) -> Replay:
    with TemporaryDirectory() as folder:
        log = Path(folder) / "day.csv"
        write_log(log, scenario, day)
        state, play = replayed(scenario, plan, log)
    expected = run_on_simpy(kept_world(scenario, plan), marks_of(day), scenario.horizon_min[1])
    for name in State._fields:
        assert getattr(state, name) == getattr(expected, name), name
    return play


@settings(max_examples=25)
@given(
    st.integers(0, 10_000),
    st.sampled_from(DAY_TYPES),
    st.builds(
        Policy,
        name=st.sampled_from(NAMES[:3]),
        divert_to_higher_level=st.booleans(),
        reserve_threshold_squads=st.integers(0, 2),
    ),
)
def test_the_log_of_a_day_replays_to_that_day(seed: int, day_type: str, policy: Policy) -> None:
    check_replays_to_itself(tiny(), replace(tiny_plan(), policy=policy), sample_day(tiny(), seed, 0, day_type))


@pytest.mark.parametrize("day_type", DAY_TYPES)
def test_the_log_of_a_shipped_day_replays_to_that_day(day_type: str) -> None:
    day = sample_day(shipped(), 3, 1, day_type)
    play = check_replays_to_itself(shipped(), announced(), day)
    assert play.seats < len(day.incidents)
