"""Standard deviations of a group or of two, from the standard errors and intervals of their means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from metaket._checks import check_level
from metaket._distributions import critical
from metaket.measures.convert import HANDBOOK, above, arrays, conversion

__all__ = ["sd_from_difference", "sd_from_interval", "sd_from_se"]


@conversion("sd_from_se", formula="sd = SE sqrt(n)", source=f"{HANDBOOK}, 6.5.2.2")
def sd_from_se(se: Any, n: Any) -> Mapping[str, Any]:
    """Standard deviation of a group from the standard error of its mean.

    Parameters
    ----------
    se : array_like
        Standard error of the mean, above 0.
    n : array_like
        Size of the group, above 0.

    Returns
    -------
    Conversion
        With ``sd``, of the broadcast shape.

    Raises
    ------
    InputError
        A value that is not finite or not above 0.

    Notes
    -----
    sd = SE sqrt(n). Cochrane Handbook 6.3 (2022), 6.5.2.2.
    """
    error, size = arrays(se=se, n=n)
    above(0.0, se=error, n=size)
    return {"sd": error * np.sqrt(size)}


@conversion("sd_from_interval", formula="sd = sqrt(n) (high - low) / (2 t)", source=f"{HANDBOOK}, 6.5.2.2")
def sd_from_interval(low: Any, high: Any, n: Any, *, level: float = 0.95, normal: bool = False) -> Mapping[str, Any]:
    """Standard deviation of a group from the interval of its mean; t on n - 1, or the normal quantile on request.

    Parameters
    ----------
    low, high : array_like
        Limits of the mean, low < high.
    n : array_like
        Size of the group, above 1.
    level : float
        Level of the interval, within (0, 1).
    normal : bool
        Whether the interval was made with the normal quantile.

    Returns
    -------
    Conversion
        With ``sd``, of the broadcast shape.

    Raises
    ------
    InputError
        Limits that are not in order, n not above 1, a level outside (0, 1).

    Notes
    -----
    sd = sqrt(n) (high - low) / (2 q). Cochrane Handbook 6.3 (2022), 6.5.2.2.
    """
    a, b, size = arrays(low=low, high=high, n=n)
    above(0.0, **{"high - low": b - a})
    above(1.0, n=size)
    df = np.full(size.shape, np.inf) if normal else size - 1.0
    return {"sd": np.sqrt(size) * (b - a) / (2.0 * critical(check_level(level), df))}


@conversion("sd_from_difference", formula="sd = SE / sqrt(1/n_t + 1/n_c)", source=f"{HANDBOOK}, 6.5.2.3")
def sd_from_difference(se: Any, n_t: Any, n_c: Any) -> Mapping[str, Any]:
    """Pooled standard deviation from the standard error of a difference in means.

    Parameters
    ----------
    se : array_like
        Standard error of the difference, above 0.
    n_t, n_c : array_like
        Sizes of the groups, above 0.

    Returns
    -------
    Conversion
        With ``sd``, of the broadcast shape.

    Raises
    ------
    InputError
        A value that is not finite or not above 0.

    Notes
    -----
    sd = SE / sqrt(1/n_t + 1/n_c). Cochrane Handbook 6.3 (2022), 6.5.2.3.
    """
    error, a, b = arrays(se=se, n_t=n_t, n_c=n_c)
    above(0.0, se=error, n_t=a, n_c=b)
    return {"sd": error / np.sqrt(1 / a + 1 / b)}
