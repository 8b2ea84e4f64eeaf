"""Standardised mean differences from t, F, r and odds ratios, and back.

d is Cohen's d of two independent groups (difference over the pooled standard deviation, no small-sample correction).
Where the sizes of the groups are known its sampling variance comes with it:
``mk.generic(found, found, measure="SMD")``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from metaket._checks import Array, check_choice
from metaket.errors import InputError
from metaket.measures.binary import COX, LOGISTIC
from metaket.measures.convert import above, arrays, conversion

__all__ = [
    "d_from_f",
    "d_from_odds_ratio",
    "d_from_r",
    "d_from_t",
    "f_from_d",
    "odds_ratio_from_d",
    "r_from_d",
    "t_from_d",
]

BORENSTEIN = "Borenstein (2009) in Handbook of Research Synthesis, 2nd ed."
CHINN = "Hasselblad & Hedges (1995) Psychol Bull 117:167-178; Chinn (2000) Stat Med 19:3127-3131; Cox & Snell (1989)"
MEYER = (
    "Rosenthal (1994) in Handbook of Research Synthesis, pp. 231-244; McGrath & Meyer (2006) Psychol Methods 11:386-401"
)
AND_V = ", v = 1/n_t + 1/n_c + d^2 / (2 (n_t + n_c))"
FACTORS = {"logistic": LOGISTIC, "normal": COX}


def _root(n_t: Any, n_c: Any) -> Array:
    """sqrt(1/n_t + 1/n_c)."""
    a, b = arrays(n_t=n_t, n_c=n_c)
    above(0.0, n_t=a, n_c=b)
    return np.asarray(np.sqrt(1 / a + 1 / b))


def _with_variance(d: Array, n_t: Any, n_c: Any) -> dict[str, Any]:
    """d and its sampling variance 1/n_t + 1/n_c + d^2 / (2 (n_t + n_c)). Borenstein (2009), eq. 12.14."""
    a, b = arrays(n_t=n_t, n_c=n_c)
    return {"d": d, "v": 1 / a + 1 / b + d**2 / (2 * (a + b))}


def _ratio(n_t: Any, n_c: Any) -> Array:
    """df (1/n_t + 1/n_c), which is 4 for large equal groups; exactly 4 where the sizes are not given."""
    if n_t is None and n_c is None:
        return np.asarray(4.0)
    a, b = arrays(n_t=n_t, n_c=n_c)
    above(0.0, n_t=a, n_c=b)
    above(2.0, **{"n_t + n_c": a + b})
    return np.asarray((a + b - 2) * (1 / a + 1 / b))


@conversion("d_from_t", formula=f"d = t sqrt(1/n_t + 1/n_c){AND_V}", source=f"{BORENSTEIN}, table 12.1")
def d_from_t(t: Any, n_t: Any, n_c: Any) -> Mapping[str, Any]:
    """d and its variance from the t statistic of two independent groups with a common variance.

    Parameters
    ----------
    t : array_like
        The statistic, with the sign of the difference.
    n_t, n_c : array_like
        Sizes of the groups, above 0.

    Returns
    -------
    Conversion
        With ``d`` and ``v``, of the broadcast shape.

    Raises
    ------
    InputError
        A value that is not finite, a size not above 0.

    Notes
    -----
    d = t sqrt(1/n_t + 1/n_c), v = 1/n_t + 1/n_c + d^2 / (2 (n_t + n_c)). Borenstein (2009), table 12.1.
    """
    (value,) = arrays(t=t)
    return _with_variance(value * _root(n_t, n_c), n_t, n_c)


@conversion("t_from_d", formula="t = d / sqrt(1/n_t + 1/n_c)", source=f"{BORENSTEIN}, table 12.1")
def t_from_d(d: Any, n_t: Any, n_c: Any) -> Mapping[str, Any]:
    """The t statistic of two independent groups from d.

    Parameters
    ----------
    d : array_like
    n_t, n_c : array_like
        Sizes of the groups, above 0.

    Returns
    -------
    Conversion
        With ``t``, of the broadcast shape.

    Raises
    ------
    InputError
        A value that is not finite, a size not above 0.

    Notes
    -----
    t = d / sqrt(1/n_t + 1/n_c). Borenstein (2009), table 12.1.
    """
    (value,) = arrays(d=d)
    return {"t": value / _root(n_t, n_c)}


@conversion("d_from_f", formula=f"d = sign sqrt(F (1/n_t + 1/n_c)){AND_V}", source=f"{BORENSTEIN}, table 12.1")
def d_from_f(f: Any, n_t: Any, n_c: Any, *, sign: Any = 1) -> Mapping[str, Any]:
    """d and its variance from the F statistic (1 numerator df) of two groups; F does not hold the `sign` (1 or -1).

    Parameters
    ----------
    f : array_like
        The statistic, 0 or more.
    n_t, n_c : array_like
        Sizes of the groups, above 0.
    sign : array_like
        1 or -1, the sign of the difference.

    Returns
    -------
    Conversion
        With ``d`` and ``v``, of the broadcast shape.

    Raises
    ------
    InputError
        F below 0, a sign other than 1 and -1, a size not above 0.

    Notes
    -----
    d = sign sqrt(F (1/n_t + 1/n_c)), v as of t. Borenstein (2009), table 12.1.
    """
    value, direction = arrays(f=f, sign=sign)
    if not ((value >= 0).all() and np.isin(direction, (-1.0, 1.0)).all()):
        raise InputError(f"F must be 0 or more and sign 1 or -1, got {f!r} and {sign!r}")
    return _with_variance(direction * np.sqrt(value) * _root(n_t, n_c), n_t, n_c)


@conversion("f_from_d", formula="F = d^2 / (1/n_t + 1/n_c)", source=f"{BORENSTEIN}, table 12.1")
def f_from_d(d: Any, n_t: Any, n_c: Any) -> Mapping[str, Any]:
    """The F statistic (1 numerator df) of two groups from d.

    Parameters
    ----------
    d : array_like
    n_t, n_c : array_like
        Sizes of the groups, above 0.

    Returns
    -------
    Conversion
        With ``f``, of the broadcast shape.

    Raises
    ------
    InputError
        A value that is not finite, a size not above 0.

    Notes
    -----
    F = d^2 / (1/n_t + 1/n_c). Borenstein (2009), table 12.1.
    """
    (value,) = arrays(d=d)
    return {"f": (value / _root(n_t, n_c)) ** 2}


@conversion(
    "d_from_r",
    formula="d = r sqrt(h / (1 - r^2)), h = (n_t + n_c - 2) (1/n_t + 1/n_c), 4 if the sizes are unknown" + AND_V,
    source=MEYER,
)
def d_from_r(r: Any, n_t: Any = None, n_c: Any = None) -> Mapping[str, Any]:
    """d (with sizes also its variance) from the point-biserial correlation of group and outcome, -1 < r < 1.

    Parameters
    ----------
    r : array_like
        Within (-1, 1).
    n_t, n_c : array_like, optional
        Sizes of the groups, above 0, with n_t + n_c above 2; without them h is 4, as for large equal groups.

    Returns
    -------
    Conversion
        With ``d``, and with the sizes ``v``, of the broadcast shape.

    Raises
    ------
    InputError
        A correlation outside (-1, 1), sizes that are too small.

    Notes
    -----
    d = r sqrt(h / (1 - r^2)), h = (n_t + n_c - 2) (1/n_t + 1/n_c); v as of t.
    McGrath & Meyer (2006) Psychol Methods 11:386-401.
    """
    (value,) = arrays(r=r)
    above(0.0, **{"1 - |r|": 1 - np.abs(value)})
    d = value * np.sqrt(_ratio(n_t, n_c) / (1 - value**2))
    return {"d": d} if n_t is None and n_c is None else _with_variance(d, n_t, n_c)


@conversion(
    "r_from_d",
    formula="r = d / sqrt(d^2 + h), h = (n_t + n_c - 2) (1/n_t + 1/n_c), 4 if the sizes are unknown",
    source=MEYER,
)
def r_from_d(d: Any, n_t: Any = None, n_c: Any = None) -> Mapping[str, Any]:
    """The point-biserial correlation of group and outcome from d.

    Parameters
    ----------
    d : array_like
    n_t, n_c : array_like, optional
        Sizes of the groups, above 0, with n_t + n_c above 2; without them h is 4, as for large equal groups.

    Returns
    -------
    Conversion
        With ``r``, of the broadcast shape.

    Raises
    ------
    InputError
        A value that is not finite, sizes that are too small.

    Notes
    -----
    r = d / sqrt(d^2 + h), h = (n_t + n_c - 2) (1/n_t + 1/n_c). McGrath & Meyer (2006) Psychol Methods 11:386-401.
    """
    (value,) = arrays(d=d)
    return {"r": value / np.sqrt(value**2 + _ratio(n_t, n_c))}


@conversion(
    "d_from_odds_ratio",
    formula="d = log(OR) sqrt(3) / pi (logistic), log(OR) / 1.65 (normal)",
    source=CHINN,
)
def d_from_odds_ratio(odds_ratio: Any, v: Any = None, *, distribution: str = "logistic") -> Mapping[str, Any]:
    """d from an odds ratio > 0, and its variance from that of the log odds ratio if `v` is given.

    Parameters
    ----------
    odds_ratio : array_like
        Above 0.
    v : array_like, optional
        Sampling variance of the log odds ratio, above 0.
    distribution : {"logistic", "normal"}
        Of the outcome behind the dichotomy.

    Returns
    -------
    Conversion
        With ``d``, and with `v` its ``v``, of the broadcast shape.

    Raises
    ------
    InputError
        An odds ratio or a variance not above 0.

    Notes
    -----
    d = log(OR) sqrt(3) / pi, or log(OR) / 1.65; v times the square of the factor. Chinn (2000) Stat Med 19:3127-3131.
    """
    factor = FACTORS[check_choice("distribution", distribution, tuple(FACTORS))]
    (value,) = arrays(odds_ratio=odds_ratio)
    above(0.0, odds_ratio=value)
    return {"d": np.log(value) / factor} | _variance(v, 1 / factor)


@conversion(
    "odds_ratio_from_d",
    formula="log(OR) = d pi / sqrt(3) (logistic), 1.65 d (normal)",
    source=CHINN,
)
def odds_ratio_from_d(d: Any, v: Any = None, *, distribution: str = "logistic") -> Mapping[str, Any]:
    """The odds ratio from d, and the variance of its log from that of d if `v` is given.

    Parameters
    ----------
    d : array_like
    v : array_like, optional
        Sampling variance of d, above 0.
    distribution : {"logistic", "normal"}
        Of the outcome behind the dichotomy.

    Returns
    -------
    Conversion
        With ``odds_ratio``, and with `v` the variance of its log as ``v``, of the broadcast shape.

    Raises
    ------
    InputError
        A value that is not finite, a variance not above 0.

    Notes
    -----
    log(OR) = d pi / sqrt(3), or 1.65 d; v times the square of the factor. Chinn (2000) Stat Med 19:3127-3131.
    """
    factor = FACTORS[check_choice("distribution", distribution, tuple(FACTORS))]
    (value,) = arrays(d=d)
    return {"odds_ratio": np.exp(value * factor)} | _variance(v, factor)


def _variance(v: Any, factor: float) -> dict[str, Any]:
    if v is None:
        return {}
    (value,) = arrays(v=v)
    above(0.0, v=value)
    return {"v": value * factor**2}
