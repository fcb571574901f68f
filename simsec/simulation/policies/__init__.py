"""Dispatch policies: plain functions ``choose(world, day, state, incident, capability, now) -> unit or -1``.

A policy is called once per missing unit. A new one is a small file here, a name in ``NAMES`` and a line in ``choose``.
A user's own stands in no list: see :mod:`simsec.simulation.policies.own`.
"""

from __future__ import annotations

from simsec.simulation.model import DayMarks, State, World
from simsec.simulation.policies import own
from simsec.simulation.policies.chain_of_command import choose as by_chain_of_command
from simsec.simulation.policies.nearest_capable import choose as by_nearest_capable
from simsec.simulation.policies.nearest_in_sector import choose as by_nearest_in_sector
from simsec.simulation.policies.own import choose as by_own
from simsec.simulation.policies.preference_list import choose as by_preference_list

NAMES = ("chain_of_command", "nearest_capable", "nearest_in_sector", "preference_list")


def choose(world: World, day: DayMarks, state: State, incident: int, capability: int, now: float) -> int:
    """The unit the world's policy sends, or -1; an if rather than a table, so that it compiles."""
    if world.policy == 0:
        return by_chain_of_command(world, day, state, incident, capability, now)
    if world.policy == 1:
        return by_nearest_capable(world, day, state, incident, capability, now)
    if world.policy == 2:
        return by_nearest_in_sector(world, day, state, incident, capability, now)
    if world.policy == 3:
        return by_preference_list(world, day, state, incident, capability, now)
    return by_own(world, day, state, incident, capability, now)


def number_of(name: str, code: str) -> int:
    """``World.policy`` of a policy: its place in ``NAMES``, or the number of a user's own.

    Args:
        name: of the policy.
        code: hash of the source of a user's own, from :func:`simsec.simulation.policies.own.allow`; else "".

    Raises:
        InputError: the name of a user's own whose code was not allowed.

    Example:
        >>> number_of("nearest_capable", "")
        1
    """
    return own.number(name, code) if own.is_own(name) else NAMES.index(name)
