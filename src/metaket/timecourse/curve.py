"""A continuous curve over time: meta-regression on a basis of time with the joint model's covariance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array, check_choice, float_array
from metaket._distributions import critical, two_sided_p
from metaket.errors import InputError, NotComputableError
from metaket.pooling.correlated import CorrelatedResult
from metaket.timecourse.correlation import correlation_matrix
from metaket.timecourse.joint import JointFit, TimeTest, fit_means

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CURVES", "TimeCurve", "fit_curve", "trend"]

CURVES = ("linear", "log", "spline")


@dataclass(frozen=True, slots=True, eq=False)
class TimeCurve:
    """An effect as a function of time.

    Attributes
    ----------
    kind : {"linear", "log", "spline"}
    knots : tuple of float
        Hours; of the spline only.
    fit : JointFit
        The model at the measured times that the curve belongs to.
    model : CorrelatedResult
        Coefficients of the basis.
    robust : CorrelatedResult or None
        The same with CR2 standard errors.
    """

    kind: str
    knots: tuple[float, ...]
    fit: JointFit
    model: CorrelatedResult
    robust: CorrelatedResult | None

    @property
    def span(self) -> tuple[float, float]:
        """First and last measured time, in hours."""
        return self.fit.levels[0], self.fit.levels[-1]

    def at(self, times: Any, level: float = 0.95, *, transform: bool = True, extrapolate: bool = False) -> pd.DataFrame:
        """The effect at any times: estimate, intervals of the model and with CR2.

        Parameters
        ----------
        times : float or array_like
            Hours.
        level : float
        transform : bool
            Show effects on the scale that people read.
        extrapolate : bool
            Allow times outside the measured ones.

        Raises
        ------
        InputError
            A time outside the measured ones, or one that the basis has no value for.
        """
        import pandas as pd

        t = np.atleast_1d(float_array("times", times))
        low, high = self.span
        outside = t[(t < low) | (t > high)]
        if outside.size and not extrapolate:
            raise InputError(
                f"time {outside[0]:g} h is outside the measured {low:g} to {high:g} h; "
                "extrapolate=True if the curve may be trusted there"
            )
        basis = _basis(self.kind, t, self.knots)
        back = self.fit.scale.back if transform else np.asarray
        frame = pd.DataFrame({"time_h": t})
        for prefix, result in (("", self.model), ("robust_", self.robust)):
            if result is None:
                continue
            estimate, se, df = _along(result, basis)
            half = critical(level, df) * se
            if not prefix:
                frame["estimate"] = back(estimate)
            frame[f"{prefix}std_error"] = se
            frame[f"{prefix}ci_low"], frame[f"{prefix}ci_high"] = back(estimate - half), back(estimate + half)
        return frame

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """The coefficients."""
        return self.model.to_frame(level)


def _along(result: CorrelatedResult, basis: Array) -> tuple[Array, Array, float]:
    """Estimate and standard error at each row of the basis; the smallest of the coefficients' degrees of freedom."""
    variance = np.einsum("ij,jk,ik->i", basis, result.vcov, basis)
    return basis @ result.coef, np.sqrt(variance), float(result.df.min())


def fit_curve(fit: JointFit, kind: str = "log", knots: Sequence[float] | None = None) -> TimeCurve:
    r"""Fit a curve with the sampling covariance and the structure of `fit`.

    Parameters
    ----------
    fit : JointFit
    kind : {"linear", "log", "spline"}
        :math:`\beta_0 + \beta_1 t`; :math:`\beta_0 + \beta_1 \log t`; a restricted cubic spline in :math:`\log t`.
    knots : sequence of float, optional
        At least three times in hours, of the spline; by default the measured times if there are three or four of them,
        else four at the quantiles 0.05, 0.35, 0.65 and 0.95 of the effects' times.

    Raises
    ------
    InputError
        An unknown kind, too few knots, or a time of 0 h under a logarithm.
    NotComputableError
        Fewer measured times than the curve has coefficients.

    Notes
    -----
    Spline: Harrell (2015) Regression Modeling Strategies, 2nd ed., section 2.4.5.
    """
    kind = check_choice("curve", kind, CURVES)
    if kind != "linear" and fit.levels[0] <= 0:
        raise InputError(f"a {kind} curve needs times above 0 h, got {fit.levels[0]:g} h; use 'linear'")
    at = _knots(fit, knots) if kind == "spline" else ()
    if kind != "spline" and knots is not None:
        raise InputError(f"knots belong to the spline, not to a {kind} curve")
    design = _basis(kind, fit.times, at)
    if len(fit.levels) < design.shape[1]:
        raise NotComputableError(
            f"a {kind} curve has {design.shape[1]} coefficients, but there are {len(fit.levels)} times"
        )
    covariance = correlation_matrix(fit.repeated, fit.effects.study, fit.times) * _sizes(fit)
    model, robust, _ = fit_means(fit.effects, fit.times, covariance, design, fit.structure, fit.method)
    return TimeCurve(kind, at, fit, model, robust)


def _sizes(fit: JointFit) -> Array:
    return np.asarray(np.sqrt(np.outer(fit.effects.v, fit.effects.v)))


def _knots(fit: JointFit, knots: Sequence[float] | None) -> tuple[float, ...]:
    if knots is None:
        chosen = (
            fit.levels if len(fit.levels) <= 4 else tuple(np.quantile(fit.times, [0.05, 0.35, 0.65, 0.95]).tolist())
        )
    else:
        chosen = tuple(sorted(float(k) for k in knots))
    if len(set(chosen)) < 3 or chosen[0] <= 0:
        shown = ", ".join(f"{k:g}" for k in chosen)
        raise InputError(
            f"a spline needs at least three different knots above 0 h, got {shown}; use 'log' for fewer times"
        )
    return chosen


def _basis(kind: str, t: Array, knots: Sequence[float]) -> Array:
    """Rows (1, basis functions of t), shape (n, p); the spline has a straight tail beyond its outer knots."""
    if kind == "linear":
        return np.column_stack([np.ones(t.size), t])
    x = np.log(t)
    if kind == "log":
        return np.column_stack([np.ones(t.size), x])
    k = np.log(np.asarray(knots))
    last, before = k[-1], k[-2]
    norm = (last - k[0]) ** 2

    def cube(value: Any) -> Any:
        return np.maximum(value, 0.0) ** 3

    columns = [
        (
            cube(x - a)
            - cube(x - before) * (last - a) / (last - before)
            + cube(x - last) * (before - a) / (last - before)
        )
        / norm
        for a in k[:-2]
    ]
    return np.column_stack([np.ones(t.size), x, *columns])


def trend(fit: JointFit, *, robust: bool = False) -> TimeTest:
    """Test that the effect has no trend in log time; the slope is per doubling of time, on the analysis scale.

    Raises
    ------
    NotComputableError
        One time only, or `robust` without robust variances.
    """
    curve = fit_curve(fit, "log")
    result = curve.model
    if robust:
        if curve.robust is None:
            raise NotComputableError("cluster-robust intervals need more trials than coefficients")
        result = curve.robust
    ratio = float(result.coef[1] / result.std_error[1])
    df = float(result.df[1])
    p = float(two_sided_p(np.asarray(ratio), np.asarray(df)))
    return TimeTest("the effect has no trend in log time", ratio**2, 1, df, p, float(result.coef[1]) * math.log(2.0))
