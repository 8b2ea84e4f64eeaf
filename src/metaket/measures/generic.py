"""Effects that are given as such: with a variance, standard error, interval, test statistic or p-value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket._distributions import critical
from metaket.errors import DataError
from metaket.measures.registry import Columns, measure

__all__ = ["se_from_ci", "se_from_p", "variance_of"]


@measure("GEN", label="Effect", reference="inverse variance", needs=("y", "v"), scale="difference")
def generic_effect(c: Columns) -> tuple[Array, Array]:
    """The effects as given; v from `v`, else se^2, the interval, the statistic z or t, or the two-sided p-value."""
    return c["y"], variance_of(c)[0]


def variance_of(c: Columns, level: float = 0.95) -> tuple[Array, list[str]]:
    """Variance of each study from the first of v, se, interval, z, t and p that is not blank, and which it was.

    `df` (blank: normal) is used for intervals and p-values.
    """
    y = c["y"]
    v = np.full_like(y, np.nan)
    used = np.full(y.shape, "", dtype=object)
    df = np.full_like(y, np.inf)
    if "df" in c:
        df = np.where(np.isnan(c["df"]), np.inf, c["df"])
    ways: dict[str, Callable[[], Array]] = {
        "v": lambda: c["v"],
        "se": lambda: c["se"] ** 2,
        "ci_low": lambda: se_from_ci(c["ci_low"], c["ci_high"], level, df) ** 2,
        "z": lambda: (y / c["z"]) ** 2,
        "t": lambda: (y / c["t"]) ** 2,
        "p": lambda: se_from_p(y, c["p"], df) ** 2,
    }
    for name, way in ways.items():
        if name in c:
            fresh = (used == "") & ~np.isnan(c[name])
            v = np.where(fresh, way(), v)
            used[fresh] = name
    return v, used.tolist()


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
