"""A plan: who stands where, how large the reserve is and where it waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simsec.base.files import content_hash
from simsec.scenario.schema import Policy, Prepositioned, Reading


@dataclass(frozen=True, eq=False)
class Plan:
    """Guard blocks, patrols and squads at sites, and the dispatch policy.

    A *site* is a post (by its code) or a forward post: a village point (by the village's code).

    Attributes:
        name: what people call it.
        block: number of the guard block of each station, shape (stations,), 0 to blocks - 1; one guard pair a block.
        patrols: site code -> patrols of two that wait there.
        squads: site code -> squads of the reserve that wait there.
        policy: dispatch policy and its options.
        reading: how the announced strength was read when the plan was made.
        locked: stations the planner fixed by hand, shape (stations,).
        scenario_hash: the scenario it was made for, "" when by hand.
        prepositioned: who sleeps at a hamlet that is hard to reach, from H-1 to H+1, and serves nobody else.
        code: hash of the source of the user's own policy, once that was allowed to run; no file gives it.

    Example:
        >>> plan = Plan("two blocks", np.array([0, 0, 1]), {"polsek-1": 1}, {"polres": 10},
        ...     Policy(name="chain_of_command"), "reserve_on_top")
        >>> plan.blocks, plan.reserve_squads
        (2, 10)
    """

    name: str
    block: NDArray[np.int64]
    patrols: Mapping[str, int]
    squads: Mapping[str, int]
    policy: Policy
    reading: Reading
    locked: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    scenario_hash: str = ""
    prepositioned: tuple[Prepositioned, ...] = ()
    code: str = ""

    @property
    def blocks(self) -> int:
        """Number of guard blocks, and so of guard pairs."""
        return int(self.block.max()) + 1 if len(self.block) else 0

    @property
    def reserve_squads(self) -> int:
        """Squads in reserve, wherever they wait."""
        return sum(self.squads.values())

    @property
    def hash(self) -> str:
        """Content hash: the same for the same placement and policy, whatever the name."""
        return content_hash(
            np.ascontiguousarray(self.block, dtype="<i8").tobytes(),
            repr(sorted(self.patrols.items())),
            repr(sorted(self.squads.items())),
            self.policy.model_dump_json(),
            *sorted(held.model_dump_json() for held in self.prepositioned),
            *([self.code] if self.code else []),
        )
