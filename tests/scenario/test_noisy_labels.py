"""Laws of random labels: in memory, said aloud, one station at a time, and nested."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simsec.base.errors import InputError
from simsec.scenario.noisy_labels import noisy_labels
from simsec.scenario.schema import CLASSES
from tests.areas import shipped, tiny, tiny_and_one

LOW, ELEVATED, HIGH, SPECIAL = range(4)
SHIPPED_CLASS = shipped().stations.station_class


def test_classes_are_those_meant() -> None:
    assert CLASSES == ("low", "elevated", "high", "special")


def test_labels_keep_their_shares_and_special_stations_their_class() -> None:
    found = np.concatenate([noisy_labels(shipped(), seed, 0.1, 0.02).stations.station_class for seed in range(10)])
    free = np.tile(SHIPPED_CLASS != SPECIAL, 10)
    for label, share in ((ELEVATED, 0.1), (HIGH, 0.02)):
        low, high = stats.binom.interval(0.999, free.sum(), share)
        assert low <= (found[free] == label).sum() <= high
    assert (found[~free] == SPECIAL).all()
    none = noisy_labels(shipped(), 1, 0.0, 0.0).stations.station_class
    assert set(none.tolist()) == {LOW, SPECIAL}  # no label of the area is kept


@given(st.integers(0, 50), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 1))
def test_more_labels_of_a_class_keep_those_there_were(seed: int, elevated: float, high: float, less: float) -> None:
    many = noisy_labels(tiny(), seed, elevated, high).stations.station_class
    fewer_elevated = noisy_labels(tiny(), seed, elevated * less, high).stations.station_class
    fewer_high = noisy_labels(tiny(), seed, elevated, high * less).stations.station_class
    assert ((many == ELEVATED) >= (fewer_elevated == ELEVATED)).all()
    assert ((many == HIGH) == (fewer_elevated == HIGH)).all()
    assert ((many == HIGH) >= (fewer_high == HIGH)).all() and ((many == ELEVATED) == (fewer_high == ELEVATED)).all()


def test_a_label_depends_on_the_station_and_the_seed_alone() -> None:
    few, more = (noisy_labels(area, 3, 0.3, 0.2).stations for area in (tiny(), tiny_and_one()))
    of = dict(zip(more.code, more.station_class.tolist(), strict=True))
    assert [of[code] for code in few.code] == few.station_class.tolist()
    again = noisy_labels(tiny(), 4, 0.3, 0.2).stations
    assert (again.station_class != few.station_class).any()


def test_random_labels_are_said_aloud_have_no_reason_and_leave_the_scenario_alone() -> None:
    study = noisy_labels(shipped(), 1, 0.1, 0.02)
    assert study.settings.name.endswith("-random-labels") and not study.as_read
    assert "random labels" in study.settings.title.en and "label acak" in study.settings.title.id
    assert shipped().settings.title.en in study.settings.title.en
    assert set(study.stations.class_reason) == {""}
    assert study.hash not in (shipped().hash, noisy_labels(shipped(), 2, 0.1, 0.02).hash)
    assert shipped().stations.station_class is SHIPPED_CLASS and any(shipped().stations.class_reason)
    twice = noisy_labels(study, 1, 0.1, 0.02)
    assert twice.settings.name == study.settings.name and twice.settings.title == study.settings.title
    assert (twice.stations.station_class == study.stations.station_class).all()


def test_no_shipped_file_holds_random_labels() -> None:
    package = Path(__file__).parents[2]
    for folder in (package / "scenarios", package / "experiments"):
        assert not [path for path in folder.rglob("*.toml") if "random-labels" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(("seed", "elevated", "high"), [(-1, 0.1, 0.1), (0, 1.5, 0), (0, 0.1, -0.1), (0, 0.7, 0.4)])
def test_shares_that_cannot_be_are_refused(seed: int, elevated: float, high: float) -> None:
    with pytest.raises(InputError):
        noisy_labels(tiny(), seed, elevated, high)
