"""Laws of the voters' queue: exact against plain references, and every station for itself."""

import heapq
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, kstest, triang

from simsec.base.errors import InputError
from simsec.day.streams import text_keys
from simsec.day.voters import (
    CLOSING_RULES,
    VoterMarks,
    VoterOutcome,
    VoterSettings,
    draw_voters,
    serve,
    subset,
    with_stations,
)

PROFILE = ((390.0, 420.0, 0.05), (420.0, 540.0, 0.5), (600.0, 720.0, 0.35), (720.0, 800.0, 0.1))
SETTINGS = VoterSettings(0.7, 4, 1.5, 2.0, 3.0, 420.0, 780.0, PROFILE, "serve_queue", 900.0)
STREAMS = (101, 102, 103)

# Quarters of a minute are exact in both precisions, so a plain reference must agree to the last bit.
quarters = st.integers(0, 240)


def drawn(registered: list[int], names: list[str], rules: VoterSettings = SETTINGS) -> VoterMarks:
    return draw_voters(np.array(registered, dtype=np.int64), text_keys(names), *STREAMS, rules)


def packed_marks(stations: list[list[tuple[float, float]]]) -> VoterMarks:
    width = max((len(voters) for voters in stations), default=0)
    arrival, service = (np.full((len(stations), width), np.inf, dtype=np.float32) for _ in range(2))
    for row, voters in enumerate(stations):
        for column, (at, minutes) in enumerate(voters):
            arrival[row, column], service[row, column] = at, minutes
    return VoterMarks(arrival, service, np.array([len(voters) for voters in stations], dtype=np.int64))


def reference(voters, opened, closures, rules):
    """One station, one voter at a time, with a heap of booths: (served, waiting minutes, end of the last)."""
    late = max(0.0, opened - rules.opens_min)
    closing = rules.closes_min
    if rules.closing_rule == "extended":
        closing = min(closing + late, rules.extended_until_min)
    endless = [start for start, end in closures if end == np.inf and start < np.inf]
    sent_home = closing
    if rules.closing_rule != "fixed_1300" and endless and opened < np.inf:
        sent_home = max(closing, min(endless))
    booths = [opened] * rules.booths
    served, waiting, last = 0, 0.0, np.nan
    for at, minutes in voters:
        if at > closing:
            continue
        start = max(at, booths[0])
        while any(begin <= start < end for begin, end in closures):
            start = max(end for begin, end in closures if begin <= start < end)
        if start == np.inf or (rules.closing_rule == "fixed_1300" and start > closing):
            waiting += sent_home - at
            continue
        heapq.heapreplace(booths, start + minutes)
        served, waiting, last = served + 1, waiting + start - at, max(start + minutes, last if served else 0.0)
    return served, waiting, last


@st.composite
def days(draw, finite_opening=False):
    """A few stations with a crowd around a one-hour opening, late openings and closures, under any rule."""
    n_closures = draw(st.integers(0, 3))
    stations, opened, shut, reopened = [], [], [], []
    for _ in range(draw(st.integers(1, 4))):
        voters = draw(st.lists(st.tuples(quarters, st.integers(1, 60)), max_size=14))
        stations.append([(at / 4, minutes / 4) for at, minutes in sorted(voters)])
        never = not finite_opening and draw(st.integers(0, 9)) == 0
        opened.append(np.inf if never else 10 + draw(st.sampled_from([0, 0, 1, 90, 220])) / 4)
        starts = [draw(st.one_of(st.just(np.inf), quarters.map(lambda q: q / 4))) for _ in range(n_closures)]
        lengths = [draw(st.one_of(st.just(np.inf), st.integers(0, 120).map(lambda q: q / 4))) for _ in starts]
        shut.append(starts)
        reopened.append([start + length for start, length in zip(starts, lengths, strict=True)])
    rule, booths = draw(st.sampled_from(CLOSING_RULES)), draw(st.integers(1, 5))
    rules = VoterSettings(1.0, booths, 1.0, 2.0, 3.0, 10.0, 40.0, ((0.0, 60.0, 1.0),), rule, 50.0)
    size = (len(stations), n_closures)
    return stations, np.array(opened), np.array(shut).reshape(size), np.array(reopened).reshape(size), rules


def rows(outcome: VoterOutcome) -> np.ndarray:
    return np.stack([outcome.arrived, outcome.served, outcome.waiting_min, outcome.last_served_min])


def assert_as_reference(stations, opened, shut, reopened, rules):
    outcome = serve(packed_marks(stations), opened, shut, reopened, rules)
    expected = [
        reference(voters, opened[s], list(zip(shut[s], reopened[s], strict=True)), rules)
        for s, voters in enumerate(stations)
    ]
    served, waiting, last = (np.array(column) for column in zip(*expected, strict=True))
    np.testing.assert_array_equal(outcome.served, served)
    np.testing.assert_array_equal(outcome.waiting_min, waiting)
    np.testing.assert_array_equal(outcome.last_served_min, last)
    np.testing.assert_array_equal(outcome.served + outcome.not_served, [len(voters) for voters in stations])


@settings(max_examples=60, deadline=None)
@given(days())
def test_queue_equals_a_heap_of_booths_one_voter_at_a_time(day):
    assert_as_reference(*day)


@pytest.mark.parametrize("booths", [1, 4])
@pytest.mark.parametrize("rule", CLOSING_RULES)
def test_crowded_stations_opened_early_or_late_and_closed_again_and_again(rule, booths):
    generator = np.random.default_rng(booths)
    stations = []
    for size in generator.integers(0, 40, 150):
        arrivals, services = np.sort(generator.integers(0, 240, size)) / 4, generator.integers(1, 8 * booths, size) / 4
        stations.append(list(zip(arrivals, services, strict=True)))
    opened = generator.integers(20, 120, 150) / 4
    shut = generator.integers(0, 240, (150, 4)) / 4
    reopened = shut + generator.integers(0, 60, (150, 4)) / 4
    rules = VoterSettings(1.0, booths, 1.0, 2.0, 3.0, 10.0, 40.0, ((0.0, 60.0, 1.0),), rule, 50.0)
    assert_as_reference(stations, opened, shut, reopened, rules)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(quarters, st.integers(1, 40)), min_size=1, max_size=30))
def test_one_booth_is_lindleys_recursion(voters):
    arrivals = np.sort([at / 4 for at, _ in voters])
    services = [minutes / 4 for _, minutes in voters]
    wait, total = 0.0, 0.0
    for n in range(1, len(voters)):
        wait = max(0.0, wait + services[n - 1] - (arrivals[n] - arrivals[n - 1]))
        total += wait
    rules = VoterSettings(1.0, 1, 1.0, 1.0, 1.0, 0.0, 60.0, ((0.0, 60.0, 1.0),), "serve_queue", 60.0)
    marks = packed_marks([list(zip(arrivals, services, strict=True))])
    outcome = serve(marks, np.zeros(1), np.empty((1, 0)), np.empty((1, 0)), rules)
    assert outcome.waiting_min[0] == total
    assert outcome.served[0] == len(voters)


@settings(max_examples=80, deadline=None)
@given(days(finite_opening=True), quarters)
def test_opening_later_never_reduces_waiting(day, later):
    stations, opened, shut, reopened, rules = day
    marks = packed_marks(stations)
    on_time, late = (serve(marks, at, shut, reopened, rules) for at in (opened, opened + later / 4))
    assert (late.waiting_min >= on_time.waiting_min).all()
    if rules.closing_rule == "fixed_1300":
        assert (late.served <= on_time.served).all()


def test_each_closing_rule_on_a_day_worked_by_hand():
    # One booth, ten minutes each, opened 20 minutes late at 30; planned closing 40, extended to 50 at most.
    marks = packed_marks([[(5.0, 10.0), (38.0, 10.0), (39.0, 10.0), (45.0, 10.0), (55.0, 10.0)]])
    rules = VoterSettings(1.0, 1, 1.0, 2.0, 3.0, 10.0, 40.0, ((0.0, 60.0, 1.0),), "fixed_1300", 50.0)
    none = np.empty((1, 0))
    found = {
        rule: serve(marks, np.array([30.0]), none, none, replace(rules, closing_rule=rule)) for rule in CLOSING_RULES
    }
    # Starts would be 30, 40, 50, 60; at 40 the booth is free again, and a start at 40 is not after the closing.
    assert [int(found[rule].served[0]) for rule in CLOSING_RULES] == [2, 3, 4]
    assert [float(found[rule].waiting_min[0]) for rule in CLOSING_RULES] == [25 + 2 + 1, 25 + 2 + 11, 25 + 2 + 11 + 15]
    assert [float(found[rule].last_served_min[0]) for rule in CLOSING_RULES] == [50.0, 60.0, 70.0]
    assert float(found["extended"].mean_wait_min[0]) == 53 / 5
    assert float(found["extended"].voter_hours_lost[0]) == 53 / 60


def test_endless_closure_sends_the_queue_home_and_a_station_that_never_opens_serves_nobody():
    marks = packed_marks([[(10.0, 30.0), (12.0, 5.0)], [(10.0, 30.0), (12.0, 5.0)], []])
    rules = VoterSettings(1.0, 1, 1.0, 2.0, 3.0, 10.0, 20.0, ((0.0, 60.0, 1.0),), "serve_queue", 50.0)
    shut = np.array([[35.0], [np.inf], [np.inf]])
    outcome = serve(marks, np.array([10.0, np.inf, 10.0]), shut, np.full((3, 1), np.inf), rules)
    assert outcome.served.tolist() == [1, 0, 0]
    assert outcome.waiting_min.tolist() == [35 - 12, 10 + 8, 0]
    np.testing.assert_array_equal(outcome.last_served_min, [40.0, np.nan, np.nan])


def test_a_new_station_shifts_no_other():
    few = drawn([300, 5, 0, 500], ["a", "b", "c", "d"])
    many = drawn([600, 500, 0, 300, 5], ["new", "d", "c", "a", "b"])
    for here, there in enumerate([3, 4, 2, 1]):
        n = few.arrived[here]
        assert n == many.arrived[there]
        np.testing.assert_array_equal(few.arrival_min[here, :n], many.arrival_min[there, :n])
        np.testing.assert_array_equal(few.service_min[here, :n], many.service_min[there, :n])
    assert np.isinf(many.arrival_min[1, many.arrived[1] :]).all()


def test_disturbed_stations_served_again_fit_into_the_undisturbed_day():
    names = [f"station {number}" for number in range(80)]
    marks = drawn([20 * (number % 30) for number in range(80)], names)
    on_time, none = np.full(80, 420.0), np.full((80, 2), np.inf)
    undisturbed = serve(marks, on_time, none, none, SETTINGS)
    disturbed = np.array([3, 77, 40])
    opened, shut, reopened = on_time.copy(), none.copy(), none.copy()
    opened[3], shut[77], reopened[77], shut[40, 0] = 500.0, [600.0, 430.0], [660.0, 480.0], 640.0
    whole = serve(marks, opened, shut, reopened, SETTINGS)
    again = serve(subset(marks, disturbed), opened[disturbed], shut[disturbed], reopened[disturbed], SETTINGS)
    np.testing.assert_array_equal(rows(with_stations(undisturbed, disturbed, again)), rows(whole))
    others = np.setdiff1d(np.arange(80), disturbed)
    np.testing.assert_array_equal(rows(undisturbed)[:, others], rows(whole)[:, others])
    assert (whole.waiting_min[disturbed] > undisturbed.waiting_min[disturbed]).all()


def test_higher_turnout_adds_voters_and_moves_none():
    names = [f"station {number}" for number in range(40)]
    low, high = (drawn([300] * 40, names, replace(SETTINGS, turnout=turnout)) for turnout in (0.6, 0.75))
    assert (low.arrived < high.arrived).any()
    for s in range(40):
        voters = [set(zip(m.arrival_min[s].tolist(), m.service_min[s].tolist(), strict=True)) for m in (low, high)]
        assert voters[0] <= voters[1]


def test_each_mark_has_its_own_stream():
    registered, keys = np.array([300]), text_keys(["a"])
    base, arrival, service = (
        draw_voters(registered, keys, 1, *streams, SETTINGS) for streams in ((2, 3), (9, 3), (2, 9))
    )
    np.testing.assert_array_equal(base.arrival_min, service.arrival_min)
    assert not (base.arrival_min == arrival.arrival_min).any()
    np.testing.assert_allclose(np.sort(base.service_min), np.sort(arrival.service_min), atol=1e-6)
    assert not np.allclose(np.sort(base.service_min), np.sort(service.service_min), atol=1e-6)


def test_turnout_is_binomial():
    registered = np.tile([37, 300, 600], 700)
    marks = drawn(registered.tolist(), [f"station {number}" for number in range(len(registered))])
    for size in (37, 300, 600):
        arrived = marks.arrived[registered == size]
        low, high = binom.ppf([1e-5, 1 - 1e-5], size * len(arrived), 0.7)
        assert low <= arrived.sum() <= high
        below = int((arrived <= binom.ppf(0.1, size, 0.7)).sum())
        share = binom.cdf(binom.ppf(0.1, size, 0.7), size, 0.7)
        assert binom.ppf(1e-5, len(arrived), share) <= below <= binom.ppf(1 - 1e-5, len(arrived), share)
    for turnout, expected in ((0.0, 0), (1.0, 300)):
        assert drawn([300], ["a"], replace(SETTINGS, turnout=turnout)).arrived.tolist() == [expected]


def test_arrivals_follow_the_profile_and_booth_times_the_triangle():
    marks = drawn([600] * 100, [f"station {number}" for number in range(100)])
    there = np.isfinite(marks.arrival_min)
    assert (there.sum(axis=1) == marks.arrived).all()
    arrivals, services = marks.arrival_min[there], marks.service_min[there]
    assert ((arrivals >= 390) & (arrivals <= 800)).all()
    assert not ((arrivals > 540.001) & (arrivals < 599.999)).any()
    for start, end, share in PROFILE:
        inside = int(((arrivals >= start) & (arrivals < end)).sum())
        assert binom.ppf(1e-5, len(arrivals), share) <= inside <= binom.ppf(1 - 1e-5, len(arrivals), share)
    first_hours = arrivals[(arrivals > 420) & (arrivals < 540)]
    assert kstest(first_hours, "uniform", args=(420, 120)).pvalue > 1e-4
    assert ((services >= 1.5) & (services <= 3.0)).all()
    assert kstest(services, triang(0.5 / 1.5, loc=1.5, scale=1.5).cdf).pvalue > 1e-4
    assert abs(np.corrcoef(arrivals, services)[0, 1]) < 4 / np.sqrt(len(arrivals))


def test_constant_booth_time_is_allowed():
    marks = drawn([50], ["a"], replace(SETTINGS, service_low_min=2.0, service_high_min=2.0))
    assert set(marks.service_min[0, : marks.arrived[0]].tolist()) == {2.0}


def test_wrong_settings_are_named_all_at_once():
    with pytest.raises(InputError) as caught:
        VoterSettings(1.2, 0, 3.0, 2.0, 3.0, 780.0, 420.0, ((420.0, 500.0, 0.5), (480.0, 600.0, 0.4)), "open", 0.0)
    named = [problem.column for problem in caught.value.problems]
    assert named == [
        "turnout", "booths", "service_mode_min", "closes_min", "hourly_share", "hourly_share", "closing_rule",
    ]  # fmt: skip
    with pytest.raises(InputError, match="extended_until_min"):
        replace(SETTINGS, closing_rule="extended", extended_until_min=700.0)
    with pytest.raises(InputError, match="station 1"):
        drawn([3, -1], ["a", "b"])


def test_no_stations_and_no_voters():
    nobody = drawn([], [])
    outcome = serve(nobody, np.empty(0), np.empty((0, 1)), np.empty((0, 1)), SETTINGS)
    assert outcome.served.shape == (0,)
    empty = serve(drawn([0, 0], ["a", "b"]), np.full(2, 420.0), np.empty((2, 0)), np.empty((2, 0)), SETTINGS)
    assert empty.mean_wait_min.tolist() == [0.0, 0.0]
