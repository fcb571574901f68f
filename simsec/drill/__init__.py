"""The scripted what-if: one day under a clock, stopped, disturbed, branched and replayed. No web in it."""

from simsec.drill.session import Session
from simsec.drill.stage import stage_of

__all__ = ["Session", "stage_of"]
