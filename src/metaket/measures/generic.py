"""Effects that are given as such: with a variance, standard error, interval or p-value."""

from __future__ import annotations

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket._distributions import critical
from metaket.errors import DataError
from metaket.measures.registry import Columns, measure

__all__ = ["se_from_ci", "se_from_p"]


@measure("GEN", label="Effect", reference="inverse variance", needs=("y", "v"), scale="difference")
def generic_effect(c: Columns) -> tuple[Array, Array]:
    """The effects as given; v from `v`, else se^2, the interval, or the two-sided p-value."""
    y = c["y"]
    v = c["v"].copy() if "v" in c else np.full_like(y, np.nan)
    if "se" in c:
        v = np.where(np.isnan(v), c["se"] ** 2, v)
    if "ci_low" in c:
        v = np.where(np.isnan(v), se_from_ci(c["ci_low"], c["ci_high"]) ** 2, v)
    if "p" in c:
        v = np.where(np.isnan(v), se_from_p(y, c["p"]) ** 2, v)
    return y, v


def se_from_ci(low: Array, high: Array, level: float = 0.95, df: Array | float = np.inf) -> Array:
    """Standard error from a symmetric interval: (high - low) / (2 q), q normal or t on `df`.

    Cochrane Handbook 6.3 (2022), 6.5.2.2.
    """
    if np.any(high < low):
        raise DataError("ci_low is above ci_high")
    return np.asarray((high - low) / (2.0 * critical(level, df)))


def se_from_p(y: Array, p: Array, df: Array | float = np.inf) -> Array:
    """Standard error from an exact two-sided p-value in (0, 1): \\|y\\| / q. Cochrane Handbook 6.3, 6.5.2.3."""
    if np.any((p <= 0) | (p >= 1)):
        raise DataError("an exact p-value must lie between 0 and 1")
    quantile = np.where(np.isinf(df), -special.ndtri(p / 2), -special.stdtrit(np.asarray(df, float), p / 2))
    return np.asarray(np.abs(y) / quantile)
