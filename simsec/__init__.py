"""simsec plays an Indonesian polling day thousands of times before it happens.

``Scenario`` (what is known) x ``Day`` (what chance brings) x ``Plan`` (what we decide) -> ``simulate`` -> ``Outcome``.

Names are imported when they are first used, so that ``simsec --help`` need not wait for numpy and SimPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simsec.analysis import Comparison, Replications, compare, replicate
    from simsec.base.errors import InputError, RunError, SimsecError
    from simsec.day import Day, sample_day
    from simsec.plan import Plan, doctrine
    from simsec.scenario import Scenario, read_scenario
    from simsec.simulation import Outcome, simulate

__all__ = [
    "Comparison",
    "Day",
    "InputError",
    "Outcome",
    "Plan",
    "Replications",
    "RunError",
    "Scenario",
    "SimsecError",
    "compare",
    "doctrine",
    "read_scenario",
    "replicate",
    "sample_day",
    "simulate",
]

_ROOM = {
    "Comparison": "analysis",
    "Day": "day",
    "InputError": "base.errors",
    "Outcome": "simulation",
    "Plan": "plan",
    "Replications": "analysis",
    "RunError": "base.errors",
    "Scenario": "scenario",
    "SimsecError": "base.errors",
    "compare": "analysis",
    "doctrine": "plan",
    "read_scenario": "scenario",
    "replicate": "analysis",
    "sample_day": "day",
    "simulate": "simulation",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room."""
    if name not in _ROOM:
        raise AttributeError(f"module 'simsec' has no attribute {name!r}")
    return getattr(import_module(f"simsec.{_ROOM[name]}"), name)
