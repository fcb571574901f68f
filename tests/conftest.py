"""What every test run shares: no window system, one numerical thread, and the same hypothesis examples each time."""

import os

from hypothesis import settings

# Set before any test module imports numpy or matplotlib, and inherited by the workers that tests start.
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("OMP_NUM_THREADS", "1")

# "fixed" tries the same examples in every run, so that a red build is about the change; "search" looks for new ones.
# No deadline in either: the first call of a compiled function may take seconds on a loaded machine.
settings.register_profile("fixed", max_examples=50, deadline=None, derandomize=True, database=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
