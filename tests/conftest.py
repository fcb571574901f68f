"""What every test run shares: no window system, one numerical thread, and the same hypothesis examples each time."""

import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

# Set before any test module imports numpy or matplotlib, and inherited by the workers that tests start.
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("OMP_NUM_THREADS", "1")

# "fixed" tries the same examples in every run, so that a red build is about the change; "search" looks for new ones.
# No deadline in either: the first call of a compiled function may take seconds on a loaded machine.
settings.register_profile("fixed", max_examples=50, deadline=None, derandomize=True, database=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture
def few_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches of a few days and two models, in an empty folder."""
    from simsec.optimization import changes, search, strength
    from simsec.scenario.schema import DAY_TYPES

    few: dict[str, int] = dict.fromkeys(DAY_TYPES, 4)
    monkeypatch.chdir(tmp_path)
    for name in ("TRAINING", "SELECTION", "ACCEPTANCE"):
        monkeypatch.setattr(search, name, few)
    monkeypatch.setattr(search, "search", partial(search.search, training=few, selection=few, acceptance=few))
    monkeypatch.setattr(search, "PORTFOLIO", ((0.0, 1.0, True), (0.0, 1.0, False)))
    monkeypatch.setattr(changes, "few_changes", partial(changes.few_changes, ranking=few, telling=few))
    monkeypatch.setattr(
        strength, "least_strength", partial(strength.least_strength, shares=(0.8, 1.0), days=few, training=few)
    )
