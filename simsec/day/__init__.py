"""What chance brings: random streams, incidents, weather, spreading, voters."""

from simsec.day.day import Day
from simsec.day.sampling import sample_day

__all__ = ["Day", "sample_day"]
