"""Critical values and p-values of the normal and the t distribution, vectorised over degrees of freedom."""

from __future__ import annotations

import numpy as np
from scipy import special

from metaket._checks import Array

__all__ = ["critical", "two_sided_p"]


def critical(level: float, df: Array | float) -> Array:
    """Two-sided critical value: normal where df is infinite, else t."""
    df = np.asarray(df, dtype=np.float64)
    tail = 0.5 + level / 2.0
    if np.isinf(df).all():
        return np.full(df.shape, special.ndtri(tail))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(np.isinf(df), special.ndtri(tail), special.stdtrit(df, tail)))


def two_sided_p(statistic: Array, df: Array) -> Array:
    """Two-sided p-value: normal where df is infinite, else t."""
    below = -np.abs(statistic)
    if np.isinf(df).all():
        return np.asarray(2.0 * special.ndtr(below))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(np.isinf(df), 2.0 * special.ndtr(below), 2.0 * special.stdtr(df, below)))
