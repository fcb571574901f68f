"""The tail over days: what the worst days cost on average, days weighted by how likely their type is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import day_weights, weighted_quantile

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
ALPHA = 0.9  # the tail is the worst tenth of the days


def tail_values(
    values: Floats, stratum: Integers, probability: Mapping[int, float], alpha: float = ALPHA
) -> Floats | None:
    """Figures whose mean over days is the conditional value at risk: the mean of the worst share 1 - alpha of days.

    ``q + max(x - q, 0) / (1 - alpha)`` with q the alpha quantile of the weighted days (Rockafellar and Uryasev 2000).
    Their stratified mean is the tail; paired differences of them compare two plans as daily figures do, q taken as
    known. A day weighs p_k / n_k.

    Args:
        values: one a day, shape (days,).
        stratum: type of each day, shape (days,).
        probability: type -> probability; only these types enter.
        alpha: 0 is the mean of all days; below 1.

    Returns:
        Shape (days,); None where a type has fewer than two days.

    Raises:
        ValueError: alpha lies outside [0, 1).

    Example:
        >>> float(tail_values(np.arange(1.0, 11.0), np.zeros(10, int), {0: 1.0}, 0.8).mean().round(9))
        9.5
    """
    if not 0 <= alpha < 1:
        raise ValueError("alpha must lie in [0, 1)")
    weights = day_weights(stratum, probability)
    if weights is None:
        return None
    threshold = weighted_quantile(values[weights > 0], weights[weights > 0], alpha)
    return np.asarray(threshold + np.maximum(values - threshold, 0.0) / (1 - alpha), dtype=np.float64)
