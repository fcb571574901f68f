"""simsec plays an Indonesian polling day thousands of times before it happens.

``Scenario`` (what is known) x ``Day`` (what chance brings) x ``Plan`` (what we decide) -> ``simulate`` -> ``Outcome``.
"""

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
