"""The least strength that keeps today's response: walked from the left, never with a level in between that does not."""

import dataclasses

import pytest

from simsec.analysis.intervals import Estimate
from simsec.analysis.workers import open_workers
from simsec.optimization.strength import Frontier, Level, least_strength, resting
from simsec.plan import doctrine
from simsec.plan.ledger import PAIR_PERSONS
from simsec.scenario.schema import DAY_TYPES
from tests.areas import tiny

FEW: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)
NAN = float("nan")


def level(police: int, low: float) -> Level:
    return Level(police, 3, doctrine(tiny()), Estimate(low + 1, low, low + 2, 50))


@pytest.mark.parametrize(
    ("lows", "least"),
    [((1.0, -1.0, -1.0), 20), ((-1.0, 1.0, -1.0), 30), ((-1.0, -1.0, -1.0), 10), ((-1.0, -1.0, 1.0), None)],
)
def test_the_least_is_the_first_from_which_on_every_level_keeps(
    lows: tuple[float, float, float], least: int | None
) -> None:
    levels = [level(police, low) for police, low in zip((10, 20, 30), lows, strict=True)]
    found = Frontier.least(levels)
    assert (None if found is None else found.police) == least


def test_a_level_that_cannot_be_staffed_keeps_nothing() -> None:
    assert not Level(5, 3, None, Estimate(NAN, NAN, NAN, 0)).keeps


def test_every_level_is_within_its_strength_and_a_squad_has_a_worth() -> None:
    area = tiny()
    today = doctrine(area)
    with open_workers(1) as pool:
        found = least_strength(area, today, pool, shares=(0.1, 0.8, 1.0), days=FEW, training=FEW, time_limit_s=5)
    assert [one.police for one in found.police] == [3, 22, 28]
    assert found.police[0].plan is None  # three officers guard nothing
    minimum = len(area.villages.subdistrict_codes)
    for one in (*found.police, *found.reserve):
        if one.plan is not None:
            extra = sum(one.plan.patrols.values()) - minimum
            assert PAIR_PERSONS * (one.plan.blocks + extra) <= one.police and one.plan.reserve_squads <= one.squads
    assert [one.squads for one in found.reserve] == [1, 2, 3, 4] and set(found.squad_worth) == {2, 3, 4}
    rest = resting(area, today, found.police[1])
    less = found.police[1].plan
    assert less is not None
    now, then = (plan.blocks + sum(plan.patrols.values()) for plan in (today, less))
    assert sum(rest.values()) == PAIR_PERSONS * (now - then)
    assert not resting(area, today, dataclasses.replace(found.police[1], plan=None))
