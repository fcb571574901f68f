"""Random vulnerability labels, in memory and for studies of labels only: no real village is called dangerous at random.

Labels drift and miss (Jawa Tengah went from 297 stations of its highest class to 9 in under four months of 2023 and
2024); a study asks what a plan is worth that trusts them.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from simsec.base.errors import InputError, Problem, say
from simsec.base.files import content_hash
from simsec.locale import texts
from simsec.scenario.parameter import Parameter, Text
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import CLASSES, Settings

_NAME = "-random-labels"


def noisy_labels(
    scenario: Scenario, seed: int, elevated_share: float, high_share: float, miss: float | None = None
) -> Scenario:
    """The same scenario with random classes; its name and its title say so, so that nobody prints it as a finding.

    Every station but those of the special class draws one uniform, keyed by its code: the highest are elevated, the
    lowest high, the rest low. So more labels of one class keep those there were, and a station depends on no other.

    Args:
        scenario: what is known; its own labels are dropped, and with them their reasons.
        seed: of the labels, 0 or more.
        elevated_share: probability of the elevated class at each station.
        high_share: of the high class; together at most 1.
        miss: share of severe events that strike a station of the low class; without it labels tell nothing of them.

    Raises:
        InputError: a negative seed, a share outside 0 to 1, or shares above 1 together.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> study = noisy_labels(read_scenario("scenarios/kabupaten-semarang"), 1, 0.10, 0.02)
        >>> study.settings.name, np.bincount(study.stations.station_class).tolist()
        ('kabupaten-semarang-random-labels', [1759, 182, 40, 2])
    """
    problems = [] if seed >= 0 else [Problem("seed", "must not be negative", "give 0 or more", value=str(seed))]
    shares = {"elevated_share": elevated_share, "high_share": high_share, "miss": 0.0 if miss is None else miss}
    bound = say("{low} to {high}", low=0, high=1)
    problems += [
        Problem(name, "out of bounds", "", value=f"{share:g}", bound=bound)
        for name, share in (*shares.items(), ("elevated_share + high_share", elevated_share + high_share))
        if not 0 <= share <= 1
    ]
    if problems:
        raise InputError(problems)
    stations, settings = scenario.stations, scenario.settings
    u = _uniforms(seed, stations.code)
    classes = np.full(len(stations), CLASSES.index("low"), dtype=np.int64)
    classes[u > 1 - elevated_share] = CLASSES.index("elevated")
    classes[u < high_share] = CLASSES.index("high")
    special = stations.station_class == CLASSES.index("special")
    classes[special] = CLASSES.index("special")
    return replace(
        scenario,
        settings=_said_aloud(settings if miss is None else _missing(settings, miss)),
        stations=replace(stations, station_class=classes, class_reason=("",) * len(stations)),
        hash=content_hash(scenario.hash, f"labels {seed} {elevated_share!r} {high_share!r} {miss!r}"),
        as_read=False,
    )


def unlabelled(scenario: Scenario) -> Scenario:
    """The same scenario as somebody sees it who has no labels: every station but the special ones is low.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> study = noisy_labels(read_scenario("scenarios/kabupaten-semarang"), 1, 0.10, 0.02)
        >>> np.bincount(unlabelled(study).stations.station_class, minlength=4).tolist()
        [1981, 0, 0, 2]
    """
    stations, special = scenario.stations, CLASSES.index("special")
    classes = np.where(scenario.stations.station_class == special, special, CLASSES.index("low")).astype(np.int64)
    return replace(scenario, stations=replace(stations, station_class=classes), as_read=False)


def _missing(settings: Settings, miss: float) -> Settings:
    figure = Parameter(low=0.0, mode=miss, high=1.0, grade="D", source="assumption, varied in a study of labels")
    return settings.model_copy(
        update={"spreading": settings.spreading.model_copy(update={"label_miss": figure})}
    )


def _said_aloud(settings: Settings) -> Settings:
    """The settings with a name and a title that say that labels are random."""
    if settings.name.endswith(_NAME):
        return settings
    en, id_ = (texts(language).t("study.random_labels", title=settings.title.of(language)) for language in ("en", "id"))
    return settings.model_copy(update={"name": settings.name + _NAME, "title": Text(en=en, id=id_)})


def _uniforms(seed: int, codes: tuple[str, ...]) -> NDArray[np.float64]:
    """One uniform a station, strictly between 0 and 1, a function of the seed and its code."""
    words = (blake2b(f"labels/{seed}/{code}".encode(), digest_size=8).digest() for code in codes)
    return (np.array([float(int.from_bytes(word, "little") >> 12) for word in words]) + 0.5) / 2.0**52
