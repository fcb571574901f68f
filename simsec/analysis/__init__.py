"""Measures, replications, intervals, paired comparisons, assumption worlds."""

from simsec.analysis.comparison import Comparison, compare
from simsec.analysis.replications import Replications, replicate

__all__ = ["Comparison", "Replications", "compare", "replicate"]
