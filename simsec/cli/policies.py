"""``--policy`` and ``--allow-code``: another dispatch policy, and a user's own only where he lets its code run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simsec.base.errors import InputError, Problem

if TYPE_CHECKING:
    from simsec.plan import Plan
    from simsec.scenario.reading import Scenario
    from simsec.scenario.schema import Policy

PolicyName = Annotated[
    str | None,
    typer.Option(help="Dispatch policy in place of the plan's: its name, or module:function with --allow-code."),
]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Let a policy of your own run: Python from the current folder.")
]


def with_policy(area: Scenario, decided: Plan, name: str | None, allow_code: bool) -> Plan:
    """The plan under another policy, where one is named; a policy of the user's own only where he allows its code.

    Raises:
        InputError: no such policy, or code that was not allowed or cannot be loaded.
    """
    if name is not None:
        decided = replace(decided, policy=_checked(area, _named(decided.policy, name)))
    return replace(decided, code=_allowed(decided.policy.name, allow_code))


def area_with_policy(area: Scenario, name: str | None, allow_code: bool) -> Scenario:
    """The scenario under another policy, so that every plan made for it is played under that one.

    Its hash stays: the plans that come of it are plans for the scenario as it was read.

    Raises:
        InputError: as :func:`with_policy`.
    """
    policy = _checked(area, area.settings.policy if name is None else _named(area.settings.policy, name))
    code = _allowed(policy.name, allow_code)
    return replace(area, settings=area.settings.model_copy(update={"policy": policy}), policy_code=code)


def policy_facts(plan: Plan) -> dict[str, Any]:
    """The policy for a manifest; the user's own with the hash of its source."""
    return plan.policy.model_dump() | ({"source_hash": plan.code} if plan.code else {})


def _checked(area: Scenario, policy: Policy) -> Policy:
    """A policy that has in the scenario what it asks for."""
    from simsec.plan.feasibility import policy_problems

    if problems := policy_problems(area, policy, "--policy"):
        raise InputError(problems)
    return policy


def _named(policy: Policy, name: str) -> Policy:
    """The same options under another name."""
    from pydantic import ValidationError

    from simsec.scenario.reading import validation_words

    try:
        return type(policy).model_validate(policy.model_dump() | {"name": name})
    except ValidationError as error:
        what = validation_words(error.errors(include_url=False)[0])
        raise InputError([Problem("--policy", what, value=name)]) from None


def _allowed(name: str, allow_code: bool) -> str:
    """The hash of the source of a policy of the user's own, "" for one that comes with simsec."""
    from simsec.simulation.policies import own

    if not own.is_own(name):
        return ""
    if not allow_code:
        own.number(name, "")
    return own.allow(name)
