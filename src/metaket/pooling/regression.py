"""Meta-regression: effects that depend on features of the studies."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from metaket._checks import Array, check_level, float_array
from metaket._distributions import critical, two_sided_p
from metaket._notebook import ShownAsText, p_words
from metaket.errors import ConvergenceWarning, DataWarning, InputError, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.batch import fit_arrays
from metaket.pooling.block import out_of_range
from metaket.pooling.design import Design, build_design, column_of, encode
from metaket.pooling.engine import Problem
from metaket.pooling.heterogeneity import i2_h2_from_q, i2_h2_from_tau2, q_p_value
from metaket.pooling.result import Interval
from metaket.pooling.spec import PoolSpec
from metaket.pooling.tau2_interval import Tau2Question, tau2_limits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RegressionResult", "meta_regression"]


@dataclass(frozen=True, slots=True, eq=False)
class RegressionResult(ShownAsText):
    """A meta-regression with its question.

    Attributes
    ----------
    effects : EffectSizes
    spec : PoolSpec
    design : Design
    coef : ndarray, shape (p,)
        On the analysis scale, in the order of `names`.
    vcov : ndarray, shape (p, p)
    df : float
        Degrees of freedom of the tests of single coefficients; infinite for the normal one.
    tau2, se_tau2 : float
        Residual heterogeneity.
    qe, qe_df : float
        Residual Q at tau2 = 0, on k - p.
    typical_variance : float
        (k - p) / tr P at tau2 = 0.
    r2 : float or None
        Share of the heterogeneity that the moderators explain, in percent; None where there is none to explain, or
        where the model without moderators is no part of this one (no intercept, and no factor in its place).
    converged : bool
    """

    effects: EffectSizes
    spec: PoolSpec
    design: Design
    coef: Array
    vcov: Array
    df: float
    tau2: float
    se_tau2: float
    qe: float
    qe_df: float
    typical_variance: float
    r2: float | None
    converged: bool

    def __post_init__(self) -> None:
        self.coef.setflags(write=False)
        self.vcov.setflags(write=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.design.names

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.effects.k

    @property
    def std_error(self) -> Array:
        """Standard errors, shape (p,)."""
        return np.sqrt(np.diag(self.vcov))

    @property
    def qe_p(self) -> float:
        """p-value of no residual heterogeneity."""
        return float(q_p_value(np.asarray(self.qe), np.asarray(self.qe_df)))

    @property
    def i2(self) -> float:
        """Residual I2 in percent by the definition in `spec.i2`: tau2 / (tau2 + s2), or (QE - df) / QE."""
        return self._i2_h2()[0]

    @property
    def h2(self) -> float:
        """Residual H2 by the definition in `spec.i2`: (tau2 + s2) / s2, or QE / df."""
        return self._i2_h2()[1]

    def _i2_h2(self) -> tuple[float, float]:
        if self.spec.i2 == "Q":
            i2, h2 = i2_h2_from_q(np.asarray(self.qe), np.asarray(self.qe_df))
        else:
            i2, h2 = i2_h2_from_tau2(np.asarray(self.tau2), np.asarray(self.typical_variance))
        return float(i2), float(h2)

    def tau2_ci(self, level: float = 0.95, method: str = "QP", weights: Array | None = None) -> Interval:
        """Interval of the residual tau2 by "QP", "GENQ", "PL" or "Wald", as `PooledResult.tau2_ci`."""
        x = self.design.matrix[None, :, :]
        pr = Problem.of(self.effects.y[None, :], self.effects.v[None, :], x=x)
        question = Tau2Question(pr, check_level(level), self.tau2, self.se_tau2, self.spec.tau2, weights)
        return Interval(*tau2_limits(question, method))

    def i2_ci(self, level: float = 0.95, method: str = "QP", weights: Array | None = None) -> Interval:
        """Interval of the residual I2 in percent: the limits of tau2, transformed."""
        limits = np.asarray(self.tau2_ci(level, method, weights))
        return Interval(*i2_h2_from_tau2(limits, np.asarray(self.typical_variance))[0].tolist())

    def h2_ci(self, level: float = 0.95, method: str = "QP", weights: Array | None = None) -> Interval:
        """Interval of the residual H2: the limits of tau2, transformed."""
        limits = np.asarray(self.tau2_ci(level, method, weights))
        return Interval(*i2_h2_from_tau2(limits, np.asarray(self.typical_variance))[1].tolist())

    def omnibus(self, terms: Sequence[str] | str | None = None) -> tuple[float, float, float]:
        """Test that the named coefficients (by default all but the intercept) are 0: statistic, its df, p.

        Chi-square for the normal test, else F on (m, k - p). NaN where the covariance is 0 (`DataWarning` of the fit).
        """
        asked = [terms] if isinstance(terms, str) else terms
        wanted = [n for n in self.names if n != "intercept"] if asked is None else list(asked)
        unknown = [n for n in wanted if n not in self.names]
        if unknown or not wanted:
            raise InputError(f"no coefficient {unknown[0] if unknown else ''!r} among {', '.join(self.names)}")
        at = [self.names.index(n) for n in wanted]
        b = self.coef[at]
        if not self.vcov.any():
            return math.nan, float(len(at)), math.nan
        chi2 = float(b @ np.linalg.solve(self.vcov[np.ix_(at, at)], b))
        if math.isinf(self.df):
            return chi2, float(len(at)), float(special.chdtrc(len(at), chi2))
        f = chi2 / len(at)
        return f, float(len(at)), float(special.fdtrc(len(at), self.df, f))

    def ci(self, level: float = 0.95) -> Array:
        """Limits of each coefficient, shape (p, 2)."""
        half = float(critical(check_level(level), self.df)) * self.std_error
        return np.column_stack([self.coef - half, self.coef + half])

    def predict(self, new: Mapping[str, Any] | Any, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """Effects at new values: estimate, std_error, ci_low, ci_high, pi_low, pi_high, a row for each.

        pi_low and pi_high are NaN for the common-effect model, which has no spread of effects to predict from.

        Parameters
        ----------
        new : mapping of column to values, or array_like of shape (n, p) without the intercept
        level : float
        transform : bool
            Back to the scale that people read.
        """
        import pandas as pd

        x = self._new_rows(new)
        estimate = x @ self.coef
        variance = np.einsum("ij,jk,ik->i", x, self.vcov, x)
        quantile = float(critical(check_level(level), self.df))
        spread = math.nan if self.spec.model == "common" else self.tau2
        half, wide = quantile * np.sqrt(variance), quantile * np.sqrt(variance + spread)
        back = self.effects.scale.back if transform else np.asarray
        return pd.DataFrame(
            {
                "estimate": back(estimate),
                "std_error": np.sqrt(variance),
                "ci_low": back(estimate - half),
                "ci_high": back(estimate + half),
                "pi_low": back(estimate - wide),
                "pi_high": back(estimate + wide),
            }
        )

    def _new_rows(self, new: Any) -> Array:
        d = self.design
        if isinstance(new, Mapping):
            columns = {column_of(part) for term in d.terms for part in term.split(":")}
            missing = sorted(columns - set(new))
            if missing or not d.terms:
                raise InputError(f"prediction needs values of {', '.join(missing) or 'the matrix columns'}")
            values, size = _new_values(new, columns)
            x, _ = encode(d.terms, values, d.levels, size, intercept=d.intercept)
        else:
            x = np.atleast_2d(float_array("new", new))
        if not np.isfinite(x).all():
            raise InputError("prediction needs a value of every moderator in every row; one is blank or infinite")
        if d.intercept:
            x = np.column_stack([np.ones(x.shape[0]), x])
        if x.shape[1] != len(self.names):
            raise InputError(
                f"prediction needs {len(self.names) - d.intercept} columns, got {x.shape[1] - d.intercept}"
            )
        return x

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row a coefficient: term, estimate, std_error, statistic, df, p_value, ci_low, ci_high."""
        import pandas as pd

        limits = self.ci(level)
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.where(self.std_error > 0, self.coef / self.std_error, np.nan)
        return pd.DataFrame(
            {
                "term": list(self.names),
                "estimate": self.coef,
                "std_error": self.std_error,
                "statistic": statistic,
                "df": self.df,
                "p_value": two_sided_p(statistic, np.full(statistic.shape, self.df)),
                "ci_low": limits[:, 0],
                "ci_high": limits[:, 1],
            }
        )

    def _table(self) -> str:
        """The coefficients as text."""
        small = {"p_value": lambda p: "<0.0001" if p < 1e-4 else f"{p:.4f}", "df": lambda df: f"{df:g}"}
        shown: str = self.to_frame().to_string(index=False, float_format=lambda x: f"{x:.4f}", formatters=small)
        return shown

    def __str__(self) -> str:
        statistic, df, p = self.omnibus() if len(self.names) > self.design.intercept else (math.nan, 0.0, math.nan)
        shown = "not defined" if math.isnan(statistic) else f"{statistic:.3f} on {df:g}, {p_words(p)}"
        share = "" if self.r2 is None else f", R2 {self.r2:.1f} %"
        return (
            f"{self.effects.label}: meta-regression, {self.spec.describe()}; k = {self.k}\n"
            f"{self._table()}\n"
            f"moderators {'QM' if math.isinf(self.df) else 'F'} = {shown}\n"
            f"residual tau2 {self.tau2:.4f}, I2 {self.i2:.1f} %{share}, "
            f"QE {self.qe:.3f} on {self.qe_df:g}, {p_words(self.qe_p)}"
        )


def _new_values(new: Mapping[str, Any], columns: set[str]) -> tuple[dict[str, list[Any]], int]:
    """The columns of `new` as lists of one length, and that length; single values are repeated."""
    values = {c: np.atleast_1d(new[c]).tolist() for c in sorted(columns)}
    size = max(len(v) for v in values.values())
    values = {c: v * size if len(v) == 1 else v for c, v in values.items()}
    lengths = {c: len(v) for c, v in values.items()}
    if set(lengths.values()) != {size}:
        raise InputError(f"prediction needs as many values of each moderator, or one, got {lengths}")
    return values, size


def meta_regression(
    effects: EffectSizes, moderators: Any, spec: PoolSpec, *, intercept: bool = True, weights: Array | None = None
) -> RegressionResult:
    r"""Weighted regression of the effects on features of the studies.

    Parameters
    ----------
    effects : EffectSizes
    moderators : str, sequence of str, or array_like of shape (k, p)
        Columns of the effects' table, interactions ("a:b", "a*b"), or a matrix.
    spec : PoolSpec
    intercept : bool
    weights : ndarray, shape (k,), optional
        For ``tau2="GENQ"``.

    Returns
    -------
    RegressionResult

    Raises
    ------
    InputError
        An unknown column, a design that is not of full rank, or no degree of freedom for a t-type test.
    NotComputableError
        Effects or variances out of the range of double precision.

    Warns
    -----
    ConvergenceWarning
        An iterative estimator of tau2 did not reach its tolerance; the result's `converged` is False.
    DataWarning
        All effects lie on the fitted line under ``test="hksj"``: standard errors are 0, and p-values NaN.

    Notes
    -----
    :math:`\hat\beta = (X'WX)^{-1} X'Wy`, :math:`w_i = 1/(v_i + \hat\tau^2)`, with tau2 the residual heterogeneity; the
    weights of GENQ take the place of W, and their variance is :math:`BSB'`, :math:`B = (X'AX)^{-1} X'A`.
    :math:`R^2 = (\hat\tau^2_0 - \hat\tau^2) / \hat\tau^2_0`, not below 0, with :math:`\hat\tau^2_0` from the model
    without moderators. Raudenbush (2009) in Handbook of Research Synthesis, 2nd ed., ch. 16.
    """
    design = build_design(moderators, effects.table, effects.k, intercept=intercept)
    p = design.matrix.shape[1]
    if effects.k <= p and spec.test != "z":
        raise InputError(f"test {spec.test!r} needs more studies than coefficients, there are {effects.k} and {p}")
    y, v = effects.y[None, :], effects.v[None, :]
    fits = fit_arrays(y, v, spec, x=design.matrix, weights=weights)
    if np.isnan(fits.coef).any():
        raise NotComputableError(out_of_range(effects.y, effects.v))
    if not fits.converged[0]:
        message = (
            f"tau2 by {spec.tau2} did not converge for the meta-regression of {effects!r}, or the variances lie too "
            "far apart for its design; the result is flagged"
        )
        warnings.warn(message, ConvergenceWarning, stacklevel=3)
    if not fits.vcov[0].any():
        message = (
            "all effects lie on the fitted line, so that Hartung and Knapp's standard errors are 0 and their tests are "
        )
        warnings.warn(message + "not defined: use test='z' or test='hksj-adhoc'", DataWarning, stacklevel=3)
    null = fit_arrays(y, v, spec, weights=weights)
    tau2, tau2_null = float(fits.tau2[0]), float(null.tau2[0])
    nested = tau2_null > 0 and spec.model == "random" and _holds_constant(design.matrix)
    explained = 100.0 * max(0.0, (tau2_null - tau2) / tau2_null) if nested else None
    return RegressionResult(
        effects,
        spec,
        design,
        fits.coef[0],
        fits.vcov[0],
        float(fits.df[0]),
        tau2,
        float(fits.se_tau2[0]),
        float(fits.q[0]),
        float(fits.q_df[0]),
        float(fits.typical[0]),
        explained,
        bool(fits.converged[0]),
    )


def _holds_constant(x: Array) -> bool:
    """Whether some combination of the columns is the same for every study."""
    ones = np.ones(x.shape[0])
    fitted = x @ np.linalg.lstsq(x, ones, rcond=None)[0]
    return bool(np.allclose(fitted, ones, rtol=0.0, atol=1e-8))
