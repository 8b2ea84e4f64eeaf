"""Small-study effects: does the effect depend on the study's precision?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from metaket.errors import DataWarning, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.result import PooledResult

__all__ = ["Egger", "egger"]


@dataclass(frozen=True, slots=True)
class Egger:
    """Egger's test.

    Attributes
    ----------
    statistic : float
        t of the slope on the standard error (the intercept of Egger's own form).
    df : float
    p_value : float
    bias, bias_se : float
        The slope and its standard error.
    limit, limit_se : float
        The effect at a standard error of 0.
    """

    statistic: float
    df: float
    p_value: float
    bias: float
    bias_se: float
    limit: float
    limit_se: float


def egger(result: PooledResult | EffectSizes) -> Egger:
    r"""Egger's regression of the effect on its standard error.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        At least 3 studies whose standard errors differ.

    Returns
    -------
    Egger

    Raises
    ------
    NotComputableError
        Fewer than 3 studies, or equal standard errors.

    Warns
    -----
    DataWarning
        Fewer than 10 studies: the test has little power then (Cochrane Handbook 6.3, 13.3.5.4).

    Notes
    -----
    Weighted least squares of :math:`y_i = a + b\,\mathrm{se}_i` with weights :math:`1/\mathrm{se}_i^2` and a free
    scale, which is Egger's :math:`y_i/\mathrm{se}_i = b + a / \mathrm{se}_i`; t on k - 2 degrees of freedom.

    References
    ----------
    Egger, Davey Smith, Schneider & Minder (1997) BMJ 315:629-634, p. 630.
    """
    effects = result.effects if isinstance(result, PooledResult) else result
    se = np.sqrt(effects.v)
    if effects.k < 3:
        raise NotComputableError(f"Egger's test needs at least 3 studies, there are {effects.k}")
    if np.ptp(se) <= 1e-12 * se.max():
        raise NotComputableError("Egger's test needs standard errors that differ")
    if np.ptp(effects.y) <= 1e-12 * np.abs(effects.y).max():
        raise NotComputableError("Egger's test needs effects that differ")
    if effects.k < 10:
        warnings.warn(
            f"Egger's test on {effects.k} studies has little power; 10 are advised", DataWarning, stacklevel=2
        )
    import statsmodels.api as sm

    fit = sm.WLS(effects.y, sm.add_constant(se), weights=1.0 / effects.v).fit()
    return Egger(
        float(fit.tvalues[1]),
        float(fit.df_resid),
        float(fit.pvalues[1]),
        float(fit.params[1]),
        float(fit.bse[1]),
        float(fit.params[0]),
        float(fit.bse[0]),
    )
