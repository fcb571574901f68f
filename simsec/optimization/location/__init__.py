"""Classical location models on plain arrays: costs in, sites and people's way to them out.

Every model takes ``cost``, shape (I, J): what it costs that demand i is served from site j, in any unit, infinite where
it cannot be; and where demands count differently ``weight``, shape (I,), 1 each by default. Covered means cost <=
radius. Every model can hold sites open (``fixed_open``) or closed (``fixed_closed``), names its ``solver`` and stops at
a ``gap`` or a ``time_limit``. Every answer carries the solver's own dual bound, and its plan is checked and its
objective counted again without the solver before it is handed out.
"""

from simsec.optimization.location.answer import LocationSolution
from simsec.optimization.location.capacities import capacitated_p_median
from simsec.optimization.location.centers import p_center
from simsec.optimization.location.covering import backup_coverage, lscp, mclp, mexclp
from simsec.optimization.location.medians import expected_p_median, p_median

__all__ = [
    "LocationSolution",
    "backup_coverage",
    "capacitated_p_median",
    "expected_p_median",
    "lscp",
    "mclp",
    "mexclp",
    "p_center",
    "p_median",
]
