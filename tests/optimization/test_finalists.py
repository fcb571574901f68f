"""The final states a probability that its procedure promises, on days of its own."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simsec.analysis.replications import DayKey, Replications, replicate
from simsec.optimization.aims import measured
from simsec.optimization.finalists import ALONE, BLOCK, FIRST_BLOCKS, PROCEDURE, best_doctrine, block_keys, rank
from simsec.optimization.judge import FINALISTS_FIRST, WORLDS_FIRST
from simsec.plan import doctrine
from simsec.plan.plan import Plan
from simsec.scenario.schema import DAY_TYPES
from tests.areas import tiny


def noisy(means: Sequence[float], spread: float, seen: list[tuple[int, int]], plans: Sequence[Plan]):
    """Days of a made-up figure: the mean of a plan, and noise of its own."""
    (row,) = (replicate(tiny(), plans[0], 1),)

    def play(which: Sequence[Plan], keys: tuple[DayKey, ...]) -> list[Replications]:
        found = []
        stratum = np.array([DAY_TYPES.index(key.day_type) for key in keys])
        for plan in which:
            number = plans.index(plan)
            seen.append((number, len(keys)))
            noise = [np.random.default_rng([number, key.replication]).normal(0, spread) for key in keys]
            weighted = np.tile((means[number] + np.array(noise))[:, None], (1, 4))
            found.append(replace(row, keys=keys, stratum=stratum, weighted=weighted))
        return found

    return play


def plans() -> list[Plan]:
    return [replace(doctrine(tiny()), name=name) for name in "abc"]


def test_a_clear_best_is_found_with_the_promised_probability_and_the_worst_is_dropped_early() -> None:
    seen: list[tuple[int, int]] = []
    three = plans()
    final = rank(tiny(), three, noisy((500.0, 20.0, 500.0), 1.0, seen, three), 1, "primary", indifference=2.0)
    assert final.order[0] == final.choice.best == 1
    assert (final.choice.probability, final.choice.regret, final.choice.procedure) == (0.95, 2.0, PROCEDURE)
    assert final.days == FIRST_BLOCKS * sum(BLOCK.values()) and len(seen) == 3  # the first blocks were enough
    left = final.without(tiny(), [1])
    assert left.best in (0, 2) and "Bonferroni" in left.procedure
    assert final.without(tiny(), [1, 0]).procedure == ALONE and final.without(tiny(), [0, 1, 2]).best == -1


def test_where_the_days_end_first_nothing_is_promised() -> None:
    three = plans()
    play = noisy((20.0, 20.1, 20.2), 400.0, [], three)
    final = rank(tiny(), three, play, 1, "primary", indifference=0.01, most_blocks=FIRST_BLOCKS)
    assert "Bonferroni" in final.choice.procedure and final.choice.probability < 0.95


def test_blocks_hold_days_that_nothing_else_meets_and_no_day_twice() -> None:
    keys = [key for block in range(40) for key in block_keys(1, block, BLOCK)]
    assert len(set(keys)) == len(keys)
    assert all(FINALISTS_FIRST <= key.replication < WORLDS_FIRST for key in keys)


def test_in_doubt_the_announced_plan_is_the_best_doctrine() -> None:
    family, keys = plans(), tuple(DayKey(name, 1, number) for name in DAY_TYPES for number in range(40))
    for means, best in (([10.0, 9.0, 12.0], 0), ([10.0, 11.0, 7.0], 2), ([10.0, 11.0, 12.0], 0)):
        played = noisy(means, 2.0, [], family)(family, keys)
        measures = [measured(tiny(), runs.weighted[:, 0], runs.stratum, "primary") for runs in played]
        assert best_doctrine(tiny(), played, measures, "primary") == best
        assert best or means[1] > 10 or measures[1].mean < measures[0].mean, "the luckiest is another"
