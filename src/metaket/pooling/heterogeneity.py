"""Q, I2, H2 and intervals for tau2."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from metaket._checks import Array
from metaket.pooling.engine import Problem
from metaket.pooling.tau2 import solve_q

__all__ = ["i2_h2_from_q", "i2_h2_from_tau2", "q_p_value", "q_profile"]


def q_p_value(q: Array, df: Array) -> Array:
    """Upper tail of chi-square with `df` degrees of freedom; 1 on 0 degrees."""
    with np.errstate(invalid="ignore"):
        tail = np.where(df > 0, special.chdtrc(np.maximum(df, 1e-300), q), 1.0)
    return np.asarray(np.where(np.isnan(q), np.nan, tail))


def i2_h2_from_q(q: Array, df: Array) -> tuple[Array, Array]:
    """I2 = max(0, (Q - df) / Q) in percent, H2 = Q / df. Higgins & Thompson (2002) Stat Med 21:1539-1558."""
    with np.errstate(divide="ignore", invalid="ignore"):
        i2 = np.where((q <= 0) | ((df <= 0) & ~np.isnan(q)), 0.0, 100.0 * np.maximum(0.0, (q - df) / q))
        h2 = np.where((df <= 0) & ~np.isnan(q), 1.0, q / df)
    return i2, h2


def i2_h2_from_tau2(tau2: Array, typical: Array) -> tuple[Array, Array]:
    """I2 = tau2 / (tau2 + s2) in percent and H2 = (tau2 + s2) / s2, with s2 = df / tr P the typical variance.

    Higgins & Thompson (2002) Stat Med 21:1539-1558, eq. 9.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = tau2 / (tau2 + typical)
        h2 = (tau2 + typical) / typical
    alone = ~(typical > 0) & ~np.isnan(tau2)  # a single study has no typical variance; an unusable fit stays NaN
    return np.where(alone, 0.0, 100.0 * share), np.where(alone, 1.0, h2)


def q_profile(pr: Problem, level: float) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Q-profile limits of tau2: where the generalised Q meets the chi-square quantiles.

    A limit that would lie below 0 is 0; when even Q(0) is below the lower quantile both are 0: the set of admissible
    tau2 is empty. The third array is whether both were solved. Viechtbauer (2007) Stat Med 26:37-52, p. 40.
    """
    tail = (1.0 - level) / 2.0
    df = np.maximum(pr.df, 1.0)
    high, ok_high, _ = solve_q(pr, np.asarray(special.chdtri(df, 1.0 - tail), dtype=np.float64))
    low, ok_low, _ = solve_q(pr, np.asarray(special.chdtri(df, tail), dtype=np.float64))
    return low, high, ok_low & ok_high
