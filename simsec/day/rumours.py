"""A wave of rumour and the public statement (Humas) that mostly ends its false calls.

Nothing of what people write or say is read: a rumour is a minute at which false calls begin to be answered by a
statement, drawn like everything else.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simsec.day.day import Floats, Integers
from simsec.day.keyed import Draws
from simsec.day.streams import stream, text_key, uniforms
from simsec.day.tables import sampling_tables, window_quantile
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, Rumour

_DAY = np.array([text_key("rumour")], dtype=np.uint64)
_NODES = 400  # midpoints of each uniform, for expectations


def _clarified(rumour: Rumour, u_start: Floats, u_after: Floats) -> Floats:
    return window_quantile(u_start, rumour.starts_windows) + rumour.clarified_after_min.quantile(u_after)


def clarified_min(scenario: Scenario, day_type: str, seed: int, replication: int) -> float:
    """Minute of the statement that answers the rumour; nan on a day without a rumour, or where none is made.

    Args:
        scenario: what is known.
        day_type: one of ``DAY_TYPES``.
        seed: as for :func:`simsec.day.sample_day`.
        replication: the same.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kota-tangerang")
        >>> 390 < clarified_min(scenario, "rumour", 1, 0) < 780, clarified_min(scenario, "ordinary", 1, 0)
        (True, nan)
    """
    rumour = scenario.settings.rumour
    if rumour is None or day_type != "rumour":
        return math.nan
    u_start, u_after = (
        uniforms(stream(seed, replication, name), _DAY, 0) for name in ("rumour/start", "rumour/clarified")
    )
    return float(_clarified(rumour, u_start, u_after)[0])


def still_called(
    scenario: Scenario, kind: Integers, onset: Floats, draws: Draws, clarified: float
) -> NDArray[np.bool_]:
    """Whether each report comes in spite of the statement: a false call after it, with ``remaining_share`` only.

    Thinning by a mark of its own: a lower share removes calls and moves none.

    Args:
        scenario: what is known.
        kind: of each report, shape (n,).
        onset: its minute.
        draws: its marks.
        clarified: minute of the statement, nan for none.
    """
    rumour = scenario.settings.rumour
    if rumour is None or math.isnan(clarified):
        return np.ones(len(kind), dtype=np.bool_)
    answered = np.isin(kind, _false_calls(scenario, rumour)) & (onset >= clarified)
    return ~answered | (draws.of("rumour/remains") < rumour.remaining_share.mode)


def _false_calls(scenario: Scenario, rumour: Rumour) -> list[int]:
    """Numbers of the kinds; those that strike in clusters follow the rain, not a rumour."""
    kinds = enumerate(scenario.settings.incidents.items())
    return [number for number, (code, model) in kinds if code in rumour.kinds and model.clustered == "no"]


@lru_cache(maxsize=8)
def expected_rate(scenario: Scenario) -> Floats:
    """Expected reports per station and day, shape (day types, kinds): the rates, less the calls a statement spares.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kota-tangerang")
        >>> tables, rumour = sampling_tables(scenario), DAY_TYPES.index("rumour")
        >>> left = expected_rate(scenario)[rumour] / np.maximum(tables.rate[rumour], 1e-9)
        >>> round(float(left[tables.kind("hoax_rumour")]), 2)
        0.38
    """
    rate, rumour = sampling_tables(scenario).rate.copy(), scenario.settings.rumour
    if rumour is None:
        return rate
    u = (np.arange(_NODES) + 0.5) / _NODES
    clarified = _clarified(rumour, np.repeat(u, _NODES), np.tile(u, _NODES))
    models = list(scenario.settings.incidents.values())
    for number in _false_calls(scenario, rumour):
        before = np.searchsorted(window_quantile(u, models[number].windows), clarified) / _NODES
        left = before + rumour.remaining_share.mode * (1 - before)
        rate[DAY_TYPES.index("rumour"), number] *= float(left.mean())
    return rate
