"""Laws of minutes by station, of voters lost to closures, and of the assumption worlds."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simsec.analysis.closures import voter_settings, voters_lost
from simsec.analysis.intervals import Estimate, weighted_quantile
from simsec.analysis.measures import FAMILIES, kind_tables
from simsec.analysis.replications import (
    DayKey,
    Replications,
    day_keys,
    primary_measure,
    replicate,
    replicate_plans,
    strata,
)
from simsec.analysis.stations import StationMinutes, station_minutes
from simsec.analysis.workers import open_workers
from simsec.analysis.worlds import INERT, JUDGEMENTS, Worlds, draw_worlds, of_the_police, play_swings, play_worlds
from simsec.base.errors import InputError
from simsec.day import Day, sample_day
from simsec.plan import Plan, doctrine
from simsec.scenario import Scenario
from simsec.scenario.reading import DRAWN
from simsec.scenario.schema import DAY_TYPES
from simsec.simulation import Outcome, simulate
from tests.areas import announced, shipped, tiny, tiny_plan

# Minutes to first help


@cache
def short_run() -> Replications:
    return replicate(tiny(), tiny_plan(), {"ordinary": 3, "severe": 2})


def probed(minutes: np.ndarray) -> StationMinutes:
    return station_minutes(tiny(), replace(short_run(), probes=minutes.astype(np.float32)))


def probed_calmly(minutes: np.ndarray) -> StationMinutes:
    """The same on 25 ordinary days."""
    days = replace(short_run(), keys=short_run().keys * 5, stratum=np.zeros(25, dtype=np.int64))
    return station_minutes(tiny(), replace(days, probes=minutes.astype(np.float32)))


def test_minutes_of_a_station_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(5)
    minutes = np.round(rng.uniform(5, 60, (5, 5, 40)), 1)
    minutes[rng.random(minutes.shape) < 0.15] = np.inf
    minutes[:, :, 7] = np.inf  # a station nobody is ever free for
    found, p = probed(minutes), tiny().day_type_probability
    minutes = minutes.astype(np.float32).astype(np.float64)
    weight = np.array([p["ordinary"] / 3] * 3 + [p["severe"] / 2] * 2)
    for station in range(40):
        values, weights = minutes[:, :, station].ravel(), np.repeat(weight, 5)
        free = np.isfinite(values)
        assert found.nobody_share[station] == pytest.approx(weights[~free].sum() / weights.sum())
        if free.any():
            assert found.mean_min[station] == pytest.approx(np.average(values[free], weights=weights[free]))
        else:
            assert np.isinf(found.mean_min[station])
        assert found.p90_min[station] == weighted_quantile(values, weights, 0.9)
    assert np.isinf(found.p90_min[7])


def test_the_worst_tenth_is_the_mean_of_the_longest() -> None:
    minutes = np.broadcast_to(np.arange(1.0, 41.0), (5, 5, 40))
    assert probed(minutes).worst_tenth_min == pytest.approx(np.mean([37, 38, 39, 40]))
    assert probed(minutes).mean_min == pytest.approx(np.arange(1, 41))


def test_the_worst_tenth_has_an_interval_that_covers_though_it_is_chosen_from_the_same_days() -> None:
    rng, hits, repetitions = np.random.default_rng(4), np.zeros(2), 120
    far = np.linspace(10.0, 20.0, 40)  # minutes of the stations, close enough to change places by chance
    for _ in range(repetitions):
        slow = rng.normal(0.0, 2.0, (25, 1, 1)) + rng.normal(0.0, 6.0, (25, 1, 40))  # days, and stations on a day
        found = probed_calmly(far + slow + np.zeros((25, 5, 40)))
        truth = far.mean(), np.sort(far)[-4:].mean()
        for number, told in enumerate((found.mean_of_all, found.mean_of_worst_tenth)):
            hits[number] += told.low <= truth[number] <= told.high
    assert found.mean_of_worst_tenth.mean == pytest.approx(found.worst_tenth_min)
    assert found.mean_of_all.mean == pytest.approx(found.mean_min.mean())
    assert (hits >= 0.88 * repetitions).all()  # of few days a bootstrap covers a little less than it says


def test_the_worst_tenth_of_few_days_or_of_stations_nobody_reaches_has_no_interval() -> None:
    minutes = np.broadcast_to(np.arange(1.0, 41.0), (5, 5, 40)).copy()
    assert probed(minutes).mean_of_worst_tenth.too_few_days
    many = np.broadcast_to(np.arange(1.0, 41.0), (25, 5, 40)).copy()
    alike = probed_calmly(many).mean_of_worst_tenth
    assert (alike.low, alike.mean, alike.high) == pytest.approx((38.5, 38.5, 38.5))
    many[:, :, 7] = np.inf
    assert probed_calmly(many).mean_of_worst_tenth.too_few_days


def test_a_run_without_probes_has_no_stations() -> None:
    with pytest.raises(ValueError, match="holds no probes"):
        station_minutes(tiny(), short_run())


# Voters


@cache
def played() -> tuple[tuple[Day, Outcome], ...]:
    days = [
        sample_day(shipped(), 2, k, day_type) for k in range(3) for day_type in ("ordinary", "heavy_rain", "severe")
    ]
    return tuple((day, simulate(shipped(), announced(), day)) for day in days)


def test_outcomes_served_together_lose_what_they_lose_alone() -> None:
    together = np.column_stack(voters_lost(shipped(), played()))
    alone = np.concatenate([np.column_stack(voters_lost(shipped(), [one])) for one in played()])
    assert np.array_equal(together, alone)
    assert together[:, 0].max() > 10 and (together >= -1e-9).all()


def closed_for(until: float, kind: str = "late_open", hits: int = 0) -> tuple[float, float]:
    """Hours lost and voters not served where one station was closed from its opening until then."""
    day, outcome = played()[0]
    number = list(shipped().settings.incidents).index(kind)
    rows = outcome.incidents
    one = {name: getattr(rows, name)[:1] for name in rows.__dataclass_fields__}
    one |= {"kind": np.array([number]), "onset_min": np.array([420.0]), "reopened_min": np.array([until])}
    one |= {"hits": np.array([hits])}
    hours, turned_away = voters_lost(shipped(), [(day, replace(outcome, incidents=type(rows)(**one)))])
    return float(hours[0]), float(turned_away[0])


def test_a_longer_closure_costs_more_and_none_costs_nothing() -> None:
    assert closed_for(420.0) == (0.0, 0.0)
    hours = [closed_for(until)[0] for until in (430.0, 480.0, 540.0, 700.0)]
    assert hours == sorted(hours) and 0 < hours[0] < 30 < hours[-1]
    assert {closed_for(until)[1] for until in (430.0, 700.0)} == {0.0}  # who queues at the closing is still served


def test_a_crowd_closes_every_station_it_hits() -> None:
    village = shipped().stations.village
    room = int(np.sum(village == village[played()[0][1].incidents.station[0]]))
    assert room > 1
    assert closed_for(700.0, hits=1) == closed_for(700.0)
    assert closed_for(700.0, hits=room)[0] > 1.2 * closed_for(700.0, hits=1)[0]


def test_a_station_that_never_reopens_serves_nobody() -> None:
    _, turned_away = closed_for(np.nan)
    voters = shipped().stations.registered_voters[played()[0][1].incidents.station[0]]
    assert 0.5 * voters < turned_away <= voters


def test_only_kinds_that_close_a_station_cost_voters_anything() -> None:
    closes = kind_tables(shipped()).closes
    for number, kind in enumerate(shipped().settings.incidents):
        assert (closed_for(600.0, kind)[0] > 0) == closes[number]


def test_voters_come_within_the_hours_of_the_scenario() -> None:
    settings = voter_settings(shipped())
    assert (settings.opens_min, settings.closes_min) == (420.0, 780.0)
    assert sum(share for _, _, share in settings.hourly_share) == pytest.approx(1)


# Worlds


def test_worlds_vary_every_uncertain_figure_inside_its_range_and_no_judgement() -> None:
    paths, values = draw_worlds(shipped(), 30, 1)
    known = shipped().parameters()
    uncertain = {path for path, figure in known.items() if figure.grade in "CD" and figure.low < figure.high}
    judgements = {"weights.yellow", "weights.red", "forces.ledger.kpu_office"}
    seed_rate = "incidents.crowd_damage.rate_per_station"  # severe days force their seed
    varied = {p for p in uncertain if not p.startswith(JUDGEMENTS) and not any(part in p for part in INERT)}
    assert judgements < uncertain and set(paths) == varied - {seed_rate}
    assert not judgements & set(paths)
    for path, column in zip(paths, values.T, strict=True):
        figure = known[path]
        assert ((column >= figure.low) & (column <= figure.high)).all()
        strata = np.sort(
            np.where(
                column <= figure.mode,
                (column - figure.low) ** 2 / ((figure.high - figure.low) * max(figure.mode - figure.low, 1e-300)),
                1 - (figure.high - column) ** 2 / ((figure.high - figure.low) * max(figure.high - figure.mode, 1e-300)),
            )
        )
        assert np.array_equal(np.floor(strata * 30), np.arange(30))  # Latin: one world in every thirtieth
    assert np.array_equal(values, draw_worlds(shipped(), 30, 1)[1])
    assert not np.array_equal(values, draw_worlds(shipped(), 30, 2)[1])


def test_a_world_moves_the_range_of_what_is_drawn_and_else_the_mode_alone() -> None:
    paths, values = draw_worlds(shipped(), 3, 1)
    before = shipped().parameters()
    after = shipped().with_values(dict(zip(paths, values[0].tolist(), strict=True))).parameters()
    for path, figure in before.items():
        shift = after[path].mode - figure.mode if path.endswith(DRAWN) else 0.0
        moved = (max(figure.low + shift, 0.0), figure.high + shift)
        assert (after[path].low, after[path].high) == pytest.approx(moved) and after[path].grade == figure.grade
        assert path in paths or after[path].mode == figure.mode
    assert [after[path].mode for path in paths] == values[0].tolist()


def test_a_type_of_day_that_cannot_happen_can_still_be_supposed() -> None:
    never = shipped().with_values({"day_types.rumour": 0.0})
    assert strata(never, "rumour") == {DAY_TYPES.index("rumour"): 1.0}
    assert sum(strata(never).values()) == pytest.approx(1)
    with pytest.raises(InputError, match="no day is asked for"):
        day_keys({"rumour": 0}, (1,))


def test_worlds_are_played_paired() -> None:
    keys = day_keys({name: 2 for name in DAY_TYPES}, (1,))
    with open_workers(1) as pool:
        found = play_worlds(tiny(), tiny_plan(), doctrine(tiny(), 10), keys, pool, count=4)
        itself = play_worlds(tiny(), tiny_plan(), tiny_plan(), keys, pool, count=2)
    assert len(found.gains) == len(found.first_level) == len(found.error) == 4
    assert found.values.shape == (4, len(found.paths)) and (found.error >= 0).all() and found.error.max() > 0
    assert found.better == sum(gain.mean > 0 for gain in found.gains)
    assert found.span == (found.shrunk.min(), found.shrunk.max())
    assert 20 < found.tried < len(found.paths) and len(found.swings) == 3
    sizes = [abs(swing.change.mean) for swing in found.swings]
    assert sizes == sorted(sizes, reverse=True)
    assert itself.better == 0 and itself.span == (0.0, 0.0) and itself.swings == () and not itself.apart


def worlds_of(means: list[float], error: list[float]) -> Worlds:
    gains = tuple(Estimate(m, m - 2 * e, m + 2 * e, 9) for m, e in zip(means, error, strict=True))
    return Worlds((), np.zeros((len(means), 0)), gains, np.array(error), np.zeros(len(means)))


def test_the_range_over_worlds_is_what_lies_between_them_beside_their_noise() -> None:
    exact = worlds_of([0.0, 1.0, 2.0, 3.0], [1e-6] * 4)
    assert exact.shrunk == pytest.approx(range(4), abs=1e-5) and exact.apart  # what is no noise stays
    hazy = worlds_of([0.0, 1.0, 2.0, 3.0], [1.0] * 4)  # 5/3 was seen, of which 1 is noise
    assert hazy.pooled == pytest.approx((1.5, 2 / 3)) and np.var(hazy.shrunk, ddof=1) == pytest.approx(2 / 3, rel=0.1)
    alike = worlds_of([0.9, 1.0, 1.1], [1.0] * 3)
    assert not alike.apart and np.ptp(alike.shrunk) == 0 and alike.better == 3 and alike.beyond_chance == (0, 0)
    uneven = worlds_of([1.0, 1.2, 9.0, 2.0], [0.1, 0.1, 6.0, 0.5])  # the wild one is the one that is not known
    assert uneven.span[1] < 3 and uneven.shrunk[0] == pytest.approx(1.0, abs=0.1)
    assert worlds_of([2.0, -3.0, 0.5], [0.5, 1.0, 1.0]).beyond_chance == (1, 1)


def test_figures_of_other_families_are_not_moved_one_by_one() -> None:
    tried = {path for path in shipped().parameters() if of_the_police(shipped(), path)}
    for path in ("day_types.severe", "spreading.delay_min", "incidents.queue_dispute.dispatch_share", "calls.call_min",
                 "travel.friction", "units.2.turnout_min"):  # fmt: skip
        assert path in tried
    for path in ("incidents.medical_crew.rate_per_station", "incidents.flood.on_scene_min", "voters.turnout"):
        assert path in shipped().parameters() and path not in tried
    assert any(path.startswith("ladders.police") for path in tried)
    assert not any(path.startswith("ladders.medical") for path in tried)


def test_a_figure_that_decides_is_told_from_one_that_cannot() -> None:
    # Where every squad comes from the far end, more quarrels that need squads are worth more; a longer rain season of
    # crews falling ill moves no police.
    slow = replace(tiny_plan(), squads={tiny().posts.code[2]: 3})
    keys = day_keys({"ordinary": 30, "severe": 60}, (1,))
    paths = ("day_types.severe", "incidents.medical_crew.rate_per_station")
    with open_workers(1) as pool:
        severe, ill = play_swings(tiny(), (slow, tiny_plan()), paths, keys, pool)
        alone = [play_world_gain(tiny().with_values({paths[0]: end}), slow, keys) for end in (0.001, 0.03)]
    assert severe.change.mean == pytest.approx(alone[1] - alone[0])
    assert ill.change.mean == ill.change.low == ill.change.high == 0  # not one minute of the police moves
    assert severe.change.low < severe.change.mean < severe.change.high


def play_world_gain(world: Scenario, first: Plan, keys: tuple[DayKey, ...]) -> float:
    with open_workers(1) as pool:
        runs = replicate_plans(world, [first, tiny_plan()], keys, pool)
    police = FAMILIES.index("security")
    return primary_measure(world, runs[0].weighted[:, police] - runs[1].weighted[:, police], runs[0].stratum,
                           "security", "ordinary", "severe").mean  # fmt: skip
