"""Friction and turn-out come back from recorded trips, within their interval, and nothing comes back from too few."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from simsec.analysis.calibration import (
    CELL_FLOOR,
    FLOOR,
    MOST_TRIPS,
    Calibration,
    Figure,
    Trips,
    calibrate,
    fit_slope,
    proposed_toml,
)
from simsec.scenario.parameter import Parameter, triangular
from tests.areas import tiny

FRICTION, TURNOUT = 1.5, (0.5, 6.0)  # of two kinds of unit


def noted(rng: np.random.Generator, n: int, outliers: float = 0.0, dispatched: bool = True) -> Calibration:
    """The calibration of n trips with known friction and turn-out, the noise of the shipped scenario, some mistakes."""
    trips = Trips()
    noise = triangular(rng.random(n), 1.4, 1.65, 1.9) / 1.65
    routed, kind = rng.uniform(1, 30, n), rng.integers(0, 2, n)
    turnout = np.array(TURNOUT)[kind] + triangular(rng.random(n), -0.5, 0, 0.5)
    wrong = np.where(rng.random(n) < outliers, rng.uniform(60, 600, n), 0.0)
    for row in range(n):
        minutes = float(turnout[row] + FRICTION * noise[row] * routed[row] + wrong[row])
        trips.add(
            recorded_min=minutes + 7.0,
            simulated_min=minutes + 5.0,
            since_dispatch_min=minutes if dispatched else np.nan,
            routed_min=float(routed[row]),
            way_min=minutes - 2.0,
            waited_min=4.0,
            kind=int(kind[row]),
            hour=int(row % 3),
            area=int(kind[row]),
        )
    return calibrate(trips)


def test_known_friction_and_turn_out_lie_in_their_intervals() -> None:
    inside = []
    for seed in range(40):
        found = noted(np.random.default_rng(seed), 200)
        assert found.friction is not None and found.fitted == 200 and found.from_dispatch
        assert found.friction.high - found.friction.low < 0.2
        inside.append(found.friction.low <= FRICTION <= found.friction.high)
        inside += [d.minutes.low <= TURNOUT[d.kind] <= d.minutes.high for d in found.delays]
    assert np.mean(inside) >= 0.95


def test_an_hour_on_every_tenth_trip_moves_nothing_far() -> None:
    found = noted(np.random.default_rng(1), 400, outliers=0.1)
    assert found.friction is not None and abs(found.friction.value - FRICTION) < 0.1
    assert all(abs(delay.minutes.value - TURNOUT[delay.kind]) < 2.0 for delay in found.delays)


def test_without_dispatches_the_delay_holds_the_call_as_well() -> None:
    found = noted(np.random.default_rng(2), 200, dispatched=False)
    assert not found.from_dispatch
    assert [round(delay.minutes.value - turnout) for delay, turnout in zip(found.delays, TURNOUT, strict=True)] == [
        7,
        7,
    ]
    assert [delay.simulated for delay in found.delays] == pytest.approx([7.0, 7.0])
    assert [delay.simulated for delay in noted(np.random.default_rng(2), 200).delays] == pytest.approx([3.0, 3.0])


def test_too_few_trips_or_trips_of_one_length_tell_nothing() -> None:
    assert noted(np.random.default_rng(3), FLOOR - 1).friction is None
    assert noted(np.random.default_rng(3), FLOOR).friction is not None
    same = np.full(50, 3.0)
    assert fit_slope(same, np.arange(50.0), np.zeros(50, dtype=np.int64)) == (None, 0)
    assert proposed_toml(tiny(), noted(np.random.default_rng(3), FLOOR - 1), "log.csv") == ""
    backwards = replace(noted(np.random.default_rng(3), FLOOR), friction=Figure(-0.2, -0.3, -0.1))
    assert proposed_toml(tiny(), backwards, "log.csv") == ""
    empty = calibrate(Trips())
    assert empty.friction is None and empty.overall.n == 0 and not empty.hours


def test_slopes_are_taken_inside_a_kind_of_unit_only() -> None:
    near, far = np.arange(1.0, 21.0), np.arange(41.0, 61.0)  # the far ones need half an hour to turn out
    minutes = np.concatenate([2 * near, 2 * far + 30])
    figure, _ = fit_slope(np.concatenate([near, far]), minutes, np.repeat([0, 1], 20))
    assert figure is not None and (figure.value, figure.low, figure.high) == (2.0, 2.0, 2.0)


def test_residuals_stand_by_hour_and_area_and_small_cells_are_left_blank() -> None:
    found = noted(np.random.default_rng(4), 3 * CELL_FLOOR)
    assert sum(cell.n for cell in found.hours.values()) == found.recorded == found.overall.n
    assert [cell.residual for cell in found.hours.values()] == pytest.approx([2.0] * 3)
    few = noted(np.random.default_rng(4), 3 * CELL_FLOOR - 1)
    assert [np.isnan(few.hours[hour].residual) for hour in range(3)] == [False, False, True]


def test_an_answer_the_simulation_did_not_give_is_counted_apart() -> None:
    trips = Trips()
    for simulated in (10.0, np.nan):
        trips.add(
            recorded_min=9.0, simulated_min=simulated, since_dispatch_min=np.nan, routed_min=1.0, way_min=1.0,
            waited_min=1.0, kind=0, hour=7, area=0,
        )  # fmt: skip
    found = calibrate(trips)
    assert (found.recorded, found.unanswered, found.overall.n) == (2, 1, 1)


def test_of_a_long_log_an_even_part_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simsec.analysis.calibration.MOST_TRIPS", 16)
    trips = Trips()
    for number in range(100):
        trips.add(
            recorded_min=float(number), simulated_min=1.0, since_dispatch_min=np.nan, routed_min=1.0, way_min=1.0,
            waited_min=1.0, kind=0, hour=7, area=0,
        )  # fmt: skip
    kept = trips.columns()[0]
    assert trips.recorded == 100 and kept.tolist() == np.arange(0, 100, 8).tolist()
    assert MOST_TRIPS == 100_000


def test_the_proposed_lines_can_be_pasted() -> None:
    squad = [unit.kind for unit in tiny().settings.units].index("squad")
    trips, rng = Trips(), np.random.default_rng(5)
    for _ in range(50):
        routed = float(rng.uniform(1, 30))
        minutes = 4.0 + 2.0 * routed + float(rng.normal(0, 0.5))
        trips.add(
            recorded_min=minutes, simulated_min=minutes, since_dispatch_min=minutes, routed_min=routed, way_min=1.0,
            waited_min=0.0, kind=squad, hour=7, area=0,
        )  # fmt: skip
    found = calibrate(trips)
    read = tomllib.loads(proposed_toml(tiny(), found, 'odd "name".csv'))
    friction, turnout = Parameter.model_validate(read["friction"]), Parameter.model_validate(read["turnout_min"])
    now = tiny().settings.travel.friction
    assert found.friction is not None and friction.mode == round(found.friction.value, 2)
    assert friction.low == pytest.approx(friction.mode * now.low / now.mode, abs=0.02)
    assert "n = 50, 95 % interval" in friction.source and friction.grade == "C"
    assert turnout.low <= 4.0 <= turnout.high
