"""Laws of a step that asks an agency's permission, and of steps that are switched off."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from simsec.day import sample_day
from simsec.day.tables import row_marks, sampling_tables
from simsec.experiments.factors import changed
from simsec.optimization.waiting import waits
from simsec.scenario import Scenario
from simsec.scenario.schema import Ladder, Settings, Unit
from simsec.simulation import simulate
from simsec.simulation.calendar import marks_of
from simsec.simulation.model import NOWHERE
from simsec.simulation.simulate import kept_world
from simsec.simulation.trace import KIND, Trace
from tests.areas import announced, shipped, tiny, tiny_plan
from tests.simulation.floor import ARMY, LADDERS, Call, Post, floor, play
from tests.simulation.floor import Unit as Team

TEN = {"low": 10, "mode": 10, "high": 10, "grade": "C", "source": "given"}


def with_ladders(scenario: Scenario, change) -> Scenario:
    data = scenario.settings.as_written(scenario.settings.model_dump())
    change(data)
    return replace(scenario, settings=Settings.model_validate(data))


def without_permissions(data: dict) -> None:
    for ladder in data["ladders"]:
        ladder["steps"] = [step for step in ladder["steps"] if not step["permission"]]


def test_a_permission_sends_nobody_and_passes_the_request_on_after_its_delay() -> None:
    # Red enters at the central reserve (row 3), which has nobody; on the floor the fourth row becomes a permission.
    assert LADDERS[0][2][4] == (ARMY, "regency")
    world = floor([Post(1)], [Team(ARMY, 1)], needs=[[{"squad": 1}] * 3] * 4)
    delay, turnout = (0.0, 0.0, 0.0, 25.0, 0.0, 0.0, 0.0, 0.0), (0.0,) * 8
    asked = world._replace(row_kind=[kind if row != 3 else NOWHERE for row, kind in enumerate(world.row_kind)])
    state = play(asked, Call(0, 100, level=2, delay=delay, turnout=turnout))
    assert (state.dispatched[0], state.missions) == (125, [1])
    nearest = floor([Post(1)], [Team(ARMY, 1)], needs=[[{"squad": 1}] * 3] * 4, policy="nearest_capable")
    assert play(nearest, Call(0, 100, level=2, delay=delay, turnout=turnout)).dispatched[0] == 100


def test_in_a_shipped_area_the_army_waits_for_its_kodim() -> None:
    world = kept_world(shipped(), announced())
    steps = [step for ladder in shipped().settings.ladders for step in ladder.steps]
    place = next(n for n, step in enumerate(steps) if step.permission == "kodim")
    assert world.row_kind[place] == NOWHERE and steps[place + 1].unit == "army_squad"
    assert all((kind == NOWHERE) == bool(step.permission) for kind, step in zip(world.row_kind, steps, strict=True))
    assert place not in np.array(world.kind_row)
    day = sample_day(shipped(), 2, 2, "severe")
    trace = Trace(world, marks_of(day))
    simulate(shipped(), announced(), day, listener=trace)
    events = trace.events(shipped().horizon_min[1])
    taken = np.flatnonzero((events.kind == KIND["request"]) & (events.step == place))
    assert len(taken)
    for row in taken.tolist():  # what takes the permission up is passed on, and nobody is sent by it in that moment
        incident, time = events.incident[row], events.time_min[row]
        same = (events.incident == incident) & (events.time_min == time)
        assert KIND["pass_on"] in events.kind[same] and KIND["order"] not in events.kind[same]
        later = (events.kind == KIND["request"]) & (events.step == place + 1) & (events.incident == incident)
        waited = day.incidents.delay_min[incident, place]
        assert 5 <= waited <= 20 and np.isclose(events.time_min[later], time + waited).any()


def test_a_permission_shifts_no_draw_of_any_other_step() -> None:
    plain = with_ladders(shipped(), without_permissions)
    kept = [not step.permission for step in sampling_tables(shipped()).rows]
    for number in range(2):
        first, second = (sample_day(area, 1, number, "severe").incidents for area in (shipped(), plain))
        assert np.array_equal(first.delay_min[:, kept], second.delay_min)
        assert np.array_equal(first.turnout_min[:, kept], second.turnout_min)
        assert np.array_equal(first.scene_min, second.scene_min)
    assert len(set(row_marks(shipped().settings))) == len(kept)


def test_the_model_of_the_optimiser_waits_as_long() -> None:
    def longer(data: dict) -> None:
        (step,) = (s for ladder in data["ladders"] for s in ladder["steps"] if s["permission"] == "kodim")
        step["delay_min"] = TEN

    plain, asked = with_ladders(shipped(), without_permissions), with_ladders(shipped(), longer)
    before, after = waits(plain, "crowd_damage", 1), waits(asked, "crowd_damage", 1)
    assert after[:4] == before[:4] and after.end == before.end + 10
    assert [minute for _, minute in after.others] == [minute + 10 for _, minute in before.others]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{"permission": "kodim", "delay_min": TEN}], "ends with a unit"),
        ([{"permission": "kodim"}, {"unit": "squad", "scope": "regency"}], "needs its delay_min"),
        ([{"permission": "kodim", "unit": "squad", "scope": "regency"}], "either a unit or the agency"),
        ([{"scope": "regency"}], "either a unit or the agency"),
        ([{"unit": "squad"}], "needs its scope"),
    ],
)
def test_a_ladder_that_sends_nobody_is_refused(steps: list[dict], said: str) -> None:
    enter = {"green": 0, "yellow": 0, "red": 0}
    with pytest.raises(ValidationError, match=said):
        Ladder.model_validate({"name": "police", "capabilities": ["squad"], "enter": enter, "steps": steps})


# Volunteers, switched off and on


def no_volunteers(data: dict) -> None:
    """As if nobody had ever written of them."""
    data["units"] = [unit for unit in data["units"] if not unit["volunteers"]]
    data["teams"] = [team for team in data["teams"] if team["unit"] != "first_aid_volunteer"]
    for ladder in data["ladders"]:
        ladder["steps"] = [step for step in ladder["steps"] if step["unit"] != "first_aid_volunteer"]


def switched_on(data: dict) -> None:
    for team in data["teams"]:
        team["enabled"] = True


def test_volunteers_who_are_off_change_nothing() -> None:
    never = with_ladders(tiny(), no_volunteers)
    assert any(not team.enabled for team in tiny().settings.teams)
    assert [ladder.model_dump() for ladder in tiny().settings.ladders] == [
        ladder.model_dump() for ladder in never.settings.ladders
    ]
    assert list(tiny().parameters()) == list(never.parameters())
    for number in range(3):
        first, second = (sample_day(area, 3, number, "severe") for area in (tiny(), never))
        for name in vars(first.incidents):
            one, other = getattr(first.incidents, name), getattr(second.incidents, name)
            assert one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        outcomes = [simulate(area, tiny_plan(), day) for area, day in ((tiny(), first), (never, second))]
        for rows in ("incidents", "units"):
            for name, column in vars(getattr(outcomes[0], rows)).items():
                assert np.array_equal(column, getattr(getattr(outcomes[1], rows), name), equal_nan=True), name


def test_volunteers_who_are_on_are_asked_first_and_shift_no_draw() -> None:
    on, plan = with_ladders(shipped(), switched_on), announced()
    medical = next(ladder for ladder in on.settings.ladders if ladder.name == "medical")
    assert medical.steps[0].unit == "first_aid_volunteer" and set(medical.enter.values()) == {0}
    world = kept_world(on, plan)
    kind = [unit.kind for unit in on.settings.units].index("first_aid_volunteer")
    assert world.kind_end[kind] - world.kind_first[kind] == len(on.villages)
    kept = [step.unit != "first_aid_volunteer" for step in sampling_tables(on).rows]
    first, second = (sample_day(area, 3, 1, "severe").incidents for area in (on, shipped()))
    assert np.array_equal(first.delay_min[:, kept], second.delay_min)
    theirs = slice(world.kind_first[kind], world.kind_end[kind])
    assert sum(simulate(on, plan, sample_day(on, 3, n)).units.missions[theirs].sum() for n in (10, 13, 15)) > 0


def test_settings_that_are_written_out_hold_the_steps_that_are_off() -> None:
    settings = tiny().settings
    again = Settings.model_validate(settings.as_written(settings.model_dump()))
    assert again.model_dump() == settings.model_dump()
    team = next(n for n, team in enumerate(settings.teams) if not team.enabled)
    swept = changed(tiny(), {f"teams.{team}.enabled": True, "calls.call_min": 3.0})
    assert swept.settings.ladders == with_ladders(tiny(), switched_on).settings.ladders
    moved = tiny().with_values({"ladders.medical.steps.0.delay_min": 4.0})  # of the first step that is on
    step = next(ladder for ladder in moved.settings.ladders if ladder.name == "medical").steps[0]
    assert (step.unit, step.delay_min.mode) == ("medic", 4.0)


def test_volunteers_never_guard() -> None:
    words = {"kind": "v", "label": {"en": "v", "id": "v"}, "persons": 2, "vehicle": "foot", "volunteers": True}
    assert Unit.model_validate(words | {"capabilities": ["medic", "courier"]}).volunteers
    for capability in ("guard", "patrol", "squad", "ambulance", "hazard_team", "boat"):
        with pytest.raises(ValidationError, match="is not for them"):
            Unit.model_validate(words | {"capabilities": ["medic", capability]})
