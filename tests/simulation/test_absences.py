"""Laws of those who are away for a while: other duties, rest, the vote."""

from dataclasses import replace

import numpy as np
import pytest

from simsec.base.clock import parse_stamp
from simsec.day import Day, sample_day
from simsec.day.sampling import draw_absences
from simsec.scenario import Scenario
from simsec.scenario.checking import settings_problems
from simsec.scenario.schema import Settings
from simsec.simulation import simulate
from simsec.simulation.audit import audit
from simsec.simulation.calendar import first_events, marks_of
from simsec.simulation.model import BACK, LEAVE, fresh_state
from simsec.simulation.outcome import outcome_of
from simsec.simulation.simulate import kept_world
from simsec.simulation.trace import KIND, Trace
from simsec.simulation.world import roster_of
from tests.areas import announced, shipped, tiny, tiny_plan
from tests.simulation.floor import NEVER_RISES, PAIR, PATROL, SQUAD, Call, Post, Unit, day_of, floor, play

POSTS = [Post(1), Post(4, 1, 1)]
UNITS = [Unit(PATROL, 1, 0), Unit(PATROL, 4, 1)]
ONE_PATROL = [[{"patrol": 1}] * 3] * 4
ROW = {
    "label": {"en": "rest of the reserve", "id": "istirahat cadangan"},
    "reason": "rest",
    "unit": "squad",
    "starts": "H 09:00",
    "ends": "H 13:00",
    "grade": "D",
    "source": "assumption",
}
HALF = {"low": 0.2, "mode": 0.5, "high": 0.6, "grade": "D", "source": "assumption"}


def with_rows(scenario: Scenario, *rows: dict) -> Scenario:
    """The scenario with these absences and no others."""
    data = scenario.settings.as_written(scenario.settings.model_dump()) | {"absences": rows}
    return replace(scenario, settings=Settings.model_validate(data))


def on_floor(*absences: tuple[float, float, int, int], **options):
    return floor(POSTS, UNITS, policy="nearest_capable", needs=ONE_PATROL, absences=absences, **options)


def test_who_is_free_leaves_at_once_and_is_not_sent() -> None:
    state = play(on_floor((90, 200, PATROL, 0)), Call(0, 100))
    assert state.first_unit[0] == 1  # the nearer one is away
    assert (state.missions, state.away_min) == ([0, 1], [110, 0])


def test_at_the_very_minute_it_leaves_it_is_not_sent_and_at_the_very_minute_it_is_back_it_is() -> None:
    assert play(on_floor((100, 200, PATROL, 0)), Call(0, 100)).first_unit[0] == 1
    assert play(on_floor((50, 100, PATROL, 0)), Call(0, 100)).first_unit[0] == 0


def test_whoever_is_back_looks_at_the_waiting_list() -> None:
    both = (90, 200, PATROL, 0), (90, 250, PATROL, 1)
    state = play(on_floor(*both), Call(0, 100), Call(1, 110))
    assert (state.dispatched[0], state.first_unit[0]) == (200, 0)
    assert (state.dispatched[1], state.first_unit[1]) == (230, 0)  # the first was done before the second was back


@pytest.mark.parametrize("onset", [80, 105])
def test_who_is_on_the_way_or_at_work_finishes_and_leaves_when_he_clears(onset: int) -> None:
    # Ordered at ``onset``, there ten minutes later, done thirty after; the window opens at 110, on the way or at work.
    world = floor([Post(2)], [Unit(PATROL, 1, 0)], policy="nearest_capable", needs=ONE_PATROL,
                  absences=[(110, 200, PATROL, 0)])  # fmt: skip
    state = play(world, Call(0, onset, scene=30), Call(0, onset + 1, scene=5))
    assert (state.first[0], state.cleared[0]) == (onset + 10, onset + 40)
    assert state.away_min == [200 - (onset + 40)]
    assert state.dispatched[1] == 200  # not when the first was cleared


def test_a_window_that_closes_before_the_work_is_done_takes_nobody_away() -> None:
    state = play(on_floor((110, 120, PATROL, 0)), Call(0, 100, scene=90))
    assert (state.away_min, state.away) == ([0, 0], [0, 0])


def test_windows_that_overlap_or_touch_are_one() -> None:
    for first, second in (((50, 100), (80, 150)), ((50, 100), (100, 150)), ((50, 150), (60, 70))):
        state = play(on_floor((*first, PATROL, 0), (*second, PATROL, 0)), Call(0, 60, scene=500), Call(0, 101))
        assert state.away_min[0] == 100, (first, second)
        assert state.first_unit[:2] == [1, 0] and state.dispatched[1] == 150


def test_the_reserve_threshold_counts_nobody_who_is_away() -> None:
    squads = [Unit(SQUAD, 1, 0), Unit(SQUAD, 1, 1)]
    options = {"policy": "nearest_capable", "needs": [[{"squad": 1}] * 3] * 4, "threshold": 1}
    assert play(floor(POSTS, squads, **options), Call(0, 100)).missions == [1, 0]
    away = floor(POSTS, squads, absences=[(50, 700, SQUAD, 1)], **options)
    assert play(away, Call(0, 100), until=600).missions == [0, 0]  # the one that is left is kept for red


def test_without_absences_there_is_not_one_event_more() -> None:
    plain = with_rows(tiny())
    world, day = kept_world(plain, tiny_plan()), marks_of(sample_day(plain, 1, 0))
    assert world.absences == 0
    assert not [event for event in first_events(world, day, fresh_state(world, day)) if event[1] in (LEAVE, BACK)]
    assert simulate(plain, tiny_plan(), sample_day(plain, 1, 0)).units.away_min.sum() == 0


def test_absences_move_no_incident_and_no_mark() -> None:
    for number in range(3):
        first, second = (sample_day(area, 1, number, "severe") for area in (shipped(), with_rows(shipped())))
        for name in vars(first.incidents):
            assert np.array_equal(getattr(first.incidents, name), getattr(second.incidents, name), equal_nan=True)


def test_whether_a_row_takes_place_hangs_on_its_own_label_and_chance() -> None:
    row = ROW | {"chance": HALF}
    other = row | {"label": {"en": "another", "id": "lain"}}
    days = range(400)
    alone = [bool(draw_absences(with_rows(tiny(), row), 1, n)[0]) for n in days]
    assert alone == [bool(draw_absences(with_rows(tiny(), other, row), 1, n)[1]) for n in days]
    assert alone != [bool(draw_absences(with_rows(tiny(), other, row), 1, n)[0]) for n in days]
    assert 0.42 < np.mean(alone) < 0.58
    likelier = with_rows(tiny(), ROW | {"chance": HALF | {"mode": 0.6}})
    assert all(draw_absences(likelier, 1, n)[0] for n in days if alone[n])  # a raised chance adds days and takes none
    assert draw_absences(with_rows(tiny(), ROW), 1, 0).tolist() == [True]


def test_a_row_that_does_not_take_place_takes_nobody() -> None:
    scenario = with_rows(tiny(), ROW | {"chance": HALF})
    away = {}
    for number in range(20):
        day = sample_day(scenario, 1, number)
        away.setdefault(bool(day.absent[0]), []).append(simulate(scenario, tiny_plan(), day).units.away_min.sum())
    assert set(away[False]) == {0.0} and min(away[True]) > 0


def test_shifts_leave_one_after_the_other_and_never_all_at_once() -> None:
    scenario, plan = shipped(), announced()
    world, roster = kept_world(scenario, plan), roster_of(scenario, plan)
    kinds = [unit.kind for unit in scenario.settings.units]
    opens, closes = parse_stamp("H 07:00"), parse_stamp("H 13:00")
    gone = {}
    for group in range(world.absences):
        window = world.absence_from[group], world.absence_until[group]
        assert opens <= window[0] < window[1] <= closes and window[1] - window[0] == 60
        for unit in world.absence_unit[world.absence_first[group] : world.absence_end[group]]:
            assert unit not in gone, "everybody once"
            gone[unit] = window
    for kind in ("medic", "hazard_team", "courier"):
        units = np.flatnonzero(roster.kind == kinds.index(kind)).tolist()
        assert set(units) <= set(gone)
        for site in {roster.site[unit] for unit in units}:
            here = [gone[unit] for unit in units if roster.site[unit] == site]
            assert len(here) == 1 or len(set(here)) > 1, f"all the {kind}s of {site} go together"
        together = [sum(gone[unit] == window for unit in units) for window in set(gone.values())]
        assert max(together) - min(together) <= 1


@pytest.mark.parametrize(("more", "units"), [({"units": 2}, 2), ({"share": HALF}, 2), ({}, 3), ({"units": 9}, 3)])
def test_so_many_are_away_as_the_row_says(more: dict, units: int) -> None:
    scenario = with_rows(tiny(), ROW | more)
    world = kept_world(scenario, tiny_plan())
    assert (world.absences, world.absence_end[-1]) == (1, units)  # the tiny area has three squads
    assert sum(simulate(scenario, tiny_plan(), sample_day(scenario, 1, 0)).units.away_min >= 200) <= units


def test_while_all_squads_rest_the_reserve_is_exhausted() -> None:
    quiet = next(day for number in range(20) if _calls_no_squad(day := sample_day(tiny(), 1, number)))
    for more, minutes in (({}, 240.0), ({"units": 2}, 0.0)):
        outcome = simulate(with_rows(tiny(), ROW | more), tiny_plan(), quiet)
        assert outcome.reserve_exhausted_min == minutes


def _calls_no_squad(day: Day) -> bool:
    outcome = simulate(with_rows(tiny()), tiny_plan(), day)
    squad = [unit.kind for unit in tiny().settings.units].index("squad")
    return int(outcome.units.missions[outcome.units.kind == squad].sum()) == 0


def test_only_those_of_the_place_named_are_away() -> None:
    polres = next(code for code in tiny().posts.code if code.startswith("polres"))
    for at in (polres, "polres"):
        assert kept_world(with_rows(tiny(), ROW | {"at": at}), tiny_plan()).absence_end[-1] == 3
    assert kept_world(with_rows(tiny(), ROW | {"at": "polsek"}), tiny_plan()).absences == 0


@pytest.mark.parametrize("kind", ["pair", "patrol", "squad", "army_squad", "provincial_squad"])
def test_police_and_army_are_not_released_to_vote(kind: str) -> None:
    (problem,) = settings_problems(with_rows(tiny(), ROW | {"reason": "vote", "unit": kind}).settings)
    assert "police and army do not vote" in problem.what and problem.column == "absences.0.reason"
    assert settings_problems(with_rows(tiny(), ROW | {"reason": "vote", "unit": "medic"}).settings) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ends": "H 08:00"}, "ends before it starts"),
        ({"ends": "H+2 08:00"}, "leaves the clock"),
        ({"minutes_each": 130}, "all would be away at once"),
        ({"share": HALF, "units": 1}, "both say how many"),
    ],
)
def test_a_row_that_cannot_be_kept_is_refused(wrong: dict, said: str) -> None:
    (problem,) = settings_problems(with_rows(tiny(), ROW | wrong).settings)
    assert said in problem.what
    with pytest.raises(ValueError, match="unknown unit kind in absence ghost"):
        with_rows(tiny(), ROW | {"unit": "ghost"})


def told(edit) -> list[str]:
    """What the auditor says of a floor on which a patrol is away from 90 to 200, its events changed."""
    world, day = on_floor((90, 200, PATROL, 0)), day_of(Call(0, 100, rises=NEVER_RISES))
    trace = Trace(world, marks_of(day))
    state = play(world, Call(0, 100), listener=trace)
    events = edit(trace.events(700.0))
    return audit(world, marks_of(day), events, 700.0, outcome_of(world, day, state, 700.0))


def test_the_auditor_knows_who_is_off_duty() -> None:
    def moved(kind: str, minute: float):
        def edit(events):
            time = np.where(events.kind == KIND[kind], minute, events.time_min)
            order = np.argsort(time, kind="stable")
            columns = vars(events) | {"time_min": time}
            return type(events)(*(column[order] for column in columns.values()))

        return edit

    def without(kind: str):
        return lambda events: type(events)(*(column[events.kind != KIND[kind]] for column in vars(events).values()))

    assert told(lambda events: events) == []
    assert "goes off duty outside its windows" in " ".join(told(moved("leave", 80.0)))
    assert "is back before its window closes" in " ".join(told(moved("back", 150.0)))
    assert "was never off duty" in " ".join(told(without("leave")))

    def other_unit(events):
        unit = np.where(np.isin(events.kind, [KIND["leave"], KIND["back"]]), 1, events.unit)
        return replace(events, unit=unit)

    assert "sent while it is off duty" in " ".join(told(other_unit))


def test_a_pair_that_is_away_does_not_guard() -> None:
    world = floor([Post(1)], [Unit(PAIR, 1, 0, block=0), Unit(PATROL, 5, 0)], absences=[(50, 200, PAIR, 0)])
    assert play(world, Call(0, 100)).first_unit[0] == 1
