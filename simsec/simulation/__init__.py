"""The rules, the calendars and the policies: the only place where units move."""

from simsec.simulation.outcome import Outcome
from simsec.simulation.simulate import simulate

__all__ = ["Outcome", "simulate"]
