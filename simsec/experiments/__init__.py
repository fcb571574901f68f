"""Experiments: designs over scenarios and plans, a runner that survives what kills it, and answers from its store.

Names are imported when they are first used: a worker of a runner needs no more than its job does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simsec.experiments.answers import Answers
    from simsec.experiments.answers import open_sweep as open
    from simsec.experiments.playing import job_of
    from simsec.experiments.reading import Experiment, read_experiment
    from simsec.experiments.runner import Finished, Progress, open_executor, run_job

__all__ = [
    "Answers",
    "Experiment",
    "Finished",
    "Progress",
    "job_of",
    "open",
    "open_executor",
    "read_experiment",
    "run_job",
]

_HOME = {
    "Answers": ("answers", "Answers"),
    "Experiment": ("reading", "Experiment"),
    "Finished": ("runner", "Finished"),
    "Progress": ("runner", "Progress"),
    "job_of": ("playing", "job_of"),
    "open": ("answers", "open_sweep"),
    "open_executor": ("runner", "open_executor"),
    "read_experiment": ("reading", "read_experiment"),
    "run_job": ("runner", "run_job"),
}


def __getattr__(name: str) -> Any:
    """Import a name of this room from its module."""
    if name not in _HOME:
        raise AttributeError(f"module 'simsec.experiments' has no attribute {name!r}")
    module, own = _HOME[name]
    return getattr(import_module(f"simsec.experiments.{module}"), own)
