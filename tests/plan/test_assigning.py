"""Laws of assigning things to groups of bounded size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsec.plan.assigning import assigned, by_chains, by_places


@given(st.integers(1, 7), st.integers(0, 4), st.integers(0, 5), st.integers(0, 10**6), st.booleans())
def test_chains_cost_what_places_cost_and_keep_the_sizes(
    groups: int, least: int, more: int, seed: int, alike: bool
) -> None:
    rng = np.random.default_rng(seed)
    most = max(least + more, 1)
    things = int(rng.integers(max(least * groups, 1), most * groups + 1))
    cost = rng.integers(0, 4, (things, groups)).astype(float) if alike else rng.uniform(-1, 900, (things, groups))
    totals = []
    for way in (by_chains, by_places):
        group = way(cost, least, most)
        sizes = np.bincount(group, minlength=groups)
        assert group.shape == (things,) and sizes.min() >= least and sizes.max() <= most
        totals.append(cost[np.arange(things), group].sum())
    assert totals[0] == pytest.approx(totals[1], abs=1e-6)


def test_things_that_do_not_fit_are_refused() -> None:
    for things in (3, 9):
        with pytest.raises(ValueError, match="do not fit"):
            assigned(np.zeros((things, 2)), 2, 4)
