"""Named conversions: from what papers print to what a measure needs.

Every conversion returns a `Conversion`, which holds the values and says how they came about, so that the way can
stand beside the effect. The other files of conversions (`convert_sd`, `convert_means`, `convert_quantiles`,
`convert_tables`, `convert_d`) register themselves here too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec

import numpy as np
from scipy import special

from metaket._checks import Array, check_level, float_array
from metaket._distributions import critical
from metaket._registry import Registry
from metaket.errors import InputError

__all__ = [
    "CONVERSIONS",
    "Conversion",
    "above",
    "arrays",
    "conversion",
    "variance_from_interval",
    "variance_from_p",
    "variance_from_se",
    "variance_from_t",
    "variance_from_z",
]

P = ParamSpec("P")
HANDBOOK = "Cochrane Handbook 6.3 (2022)"
CONVERSIONS: Registry[Callable[..., Any]] = Registry("conversion")


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """Values that were computed from others, and how.

    Attributes
    ----------
    values : mapping of str to float or ndarray
        Named as the columns that they fill: ``v``, ``sd``, ``mean``, ``events_t``, ``d``, ...
    name : str
        The conversion's code in `CONVERSIONS`.
    formula : str
    source : str
        Article or handbook section that the formula comes from.
    remark : str
        What deserves a look, empty if nothing.
    """

    values: Mapping[str, Any]
    name: str
    formula: str
    source: str
    remark: str = ""

    def __getitem__(self, name: str) -> Any:
        if name not in self.values:
            raise InputError(f"{self.name} gives {', '.join(self.values)}, not {name!r}")
        return self.values[name]

    @property
    def note(self) -> str:
        """One line for the note of a study: what, from what, by whom."""
        text = f"{', '.join(self.values)} by {self.name}: {self.formula} ({self.source})"
        return f"{text}; {self.remark}" if self.remark else text

    def __str__(self) -> str:
        shown = ", ".join(f"{name} = {np.array2string(np.asarray(v), precision=6)}" for name, v in self.values.items())
        return f"{shown}\n{self.note}"


def conversion(
    name: str, *, formula: str, source: str
) -> Callable[[Callable[P, Mapping[str, Any]]], Callable[P, Conversion]]:
    """Register a function from numbers to named values as a conversion; it then returns a `Conversion`.

    A value under the name ``remark`` becomes the record's remark.
    """

    def register(func: Callable[P, Mapping[str, Any]]) -> Callable[P, Conversion]:
        @functools.wraps(func)
        def convert(*args: P.args, **kwargs: P.kwargs) -> Conversion:
            with np.errstate(all="ignore"):
                values = dict(func(*args, **kwargs))
            remark = str(values.pop("remark", ""))
            return Conversion({k: _plain(v) for k, v in values.items()}, name, formula, source, remark)

        CONVERSIONS.add(name, label=formula, reference=source)(convert)
        return convert

    return register


def _plain(value: Any) -> Any:
    """Python numbers for single values, arrays for several."""
    return np.asarray(value).item() if np.ndim(value) == 0 else np.asarray(value)


def arrays(**given: Any) -> tuple[Array, ...]:
    """The arguments as finite float64 arrays that fit together."""
    out = [float_array(name, value) for name, value in given.items()]
    for name, array in zip(given, out, strict=True):
        if not np.isfinite(array).all():
            raise InputError(f"{name} must be finite, got {given[name]!r}")
    try:
        np.broadcast_shapes(*(a.shape for a in out))
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in zip(given, out, strict=True))
        raise InputError(f"the arguments do not fit together: {shapes}") from None
    return tuple(out)


def above(limit: float, **given: Array) -> None:
    """An error for the first argument with a value that is not above `limit`."""
    for name, array in given.items():
        if not (array > limit).all():
            worst = float(np.min(array))
            raise InputError(f"{name} must be above {limit:g}, got {worst:g}")


@conversion("variance_from_se", formula="v = SE^2", source=f"{HANDBOOK}, 6.3.1")
def variance_from_se(se: Any) -> Mapping[str, Any]:
    """Sampling variance from a standard error > 0.

    Parameters
    ----------
    se : array_like
        Standard error, above 0, on the scale of the effects.

    Returns
    -------
    Conversion
        With ``v``, of the same shape.

    Raises
    ------
    InputError
        A standard error that is not finite or not above 0.

    Notes
    -----
    v = SE^2. Cochrane Handbook 6.3 (2022), 6.3.1.
    """
    (error,) = arrays(se=se)
    above(0.0, se=error)
    return {"v": error**2}


@conversion("variance_from_interval", formula="v = ((high - low) / (2 q))^2", source=f"{HANDBOOK}, 6.3.1 and 6.5.2.2")
def variance_from_interval(low: Any, high: Any, *, level: float = 0.95, df: Any = np.inf) -> Mapping[str, Any]:
    """Sampling variance from a symmetric interval; q is normal, or t on `df`. Ratios need the logs of the limits.

    Parameters
    ----------
    low, high : array_like
        Limits, low < high, on the analysis scale (logs for ratios).
    level : float
        Level of the interval, within (0, 1).
    df : array_like
        Degrees of freedom, above 0; infinite is the normal quantile.

    Returns
    -------
    Conversion
        With ``v``, of the broadcast shape.

    Raises
    ------
    InputError
        Limits that are not finite or not in order; a level outside (0, 1).

    Notes
    -----
    v = ((high - low) / (2 q))^2. Cochrane Handbook 6.3 (2022), 6.3.1 and 6.5.2.2.
    """
    a, b = arrays(low=low, high=high)
    freedom = float_array("df", df)
    above(0.0, **{"high - low": b - a, "df": freedom})
    return {"v": ((b - a) / (2.0 * critical(check_level(level), freedom))) ** 2}


@conversion("variance_from_z", formula="v = (y / z)^2", source=f"{HANDBOOK}, 6.3.2")
def variance_from_z(y: Any, z: Any) -> Mapping[str, Any]:
    """Sampling variance from an estimate and its z statistic, both not 0.

    Parameters
    ----------
    y : array_like
        Effects on the analysis scale, not 0.
    z : array_like
        Their z statistics, not 0; the sign does not matter.

    Returns
    -------
    Conversion
        With ``v``, of the broadcast shape.

    Raises
    ------
    InputError
        An effect or statistic that is 0 or not finite.

    Notes
    -----
    v = (y / z)^2. Cochrane Handbook 6.3 (2022), 6.3.2.
    """
    return _from_statistic(y, z, "z")


@conversion("variance_from_t", formula="v = (y / t)^2", source=f"{HANDBOOK}, 6.5.2.3")
def variance_from_t(y: Any, t: Any) -> Mapping[str, Any]:
    """Sampling variance from an estimate and its t statistic, both not 0.

    Parameters
    ----------
    y : array_like
        Effects on the analysis scale, not 0.
    t : array_like
        Their t statistics, not 0; the sign does not matter.

    Returns
    -------
    Conversion
        With ``v``, of the broadcast shape.

    Raises
    ------
    InputError
        An effect or statistic that is 0 or not finite.

    Notes
    -----
    v = (y / t)^2. Cochrane Handbook 6.3 (2022), 6.5.2.3.
    """
    return _from_statistic(y, t, "t")


def _from_statistic(y: Any, statistic: Any, name: str) -> Mapping[str, Any]:
    estimate, value = arrays(**{"y": y, name: statistic})
    above(0.0, **{"|y|": np.abs(estimate), f"|{name}|": np.abs(value)})
    return {"v": (estimate / value) ** 2}


@conversion("variance_from_p", formula="v = (y / q)^2, q the two-sided quantile of p", source=f"{HANDBOOK}, 6.3.2")
def variance_from_p(y: Any, p: Any, *, df: Any = np.inf) -> Mapping[str, Any]:
    """Sampling variance from an estimate that is not 0 and its exact two-sided p-value; q normal, or t on `df`.

    Parameters
    ----------
    y : array_like
        Effects on the analysis scale, not 0.
    p : array_like
        Exact two-sided p-values, within (0, 1).
    df : array_like
        Degrees of freedom, above 0; infinite is the normal quantile.

    Returns
    -------
    Conversion
        With ``v``, of the broadcast shape.

    Raises
    ------
    InputError
        An effect of 0, a p-value outside (0, 1), degrees of freedom not above 0.

    Notes
    -----
    v = (y / q)^2 with q the 1 - p/2 quantile. Cochrane Handbook 6.3 (2022), 6.3.2.
    """
    estimate, value = arrays(y=y, p=p)
    above(0.0, **{"|y|": np.abs(estimate), "p": value, "1 - p": 1.0 - value})
    freedom = float_array("df", df)
    above(0.0, df=freedom)
    normal, student = -special.ndtri(value / 2), -special.stdtrit(freedom, value / 2)
    return {"v": (estimate / np.where(np.isinf(freedom), normal, student)) ** 2}
