"""Egger's regression test: does the effect depend on the study's precision?"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array, check_choice, check_level
from metaket._distributions import critical, two_sided_p
from metaket.diagnostics._answers import Judged
from metaket.diagnostics._cautions import Question, effects_of, funnel_cautions, lines_of, shown_p, spec_of
from metaket.diagnostics._counts import Columns, sizes_of
from metaket.errors import DataWarning, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.regression import meta_regression
from metaket.pooling.result import Interval
from metaket.pooling.spec import PoolSpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PREDICTORS", "Egger", "Line", "egger", "weighted_line"]

PREDICTORS = {
    "sei": "standard error",
    "vi": "sampling variance",
    "ni": "sample size",
    "ninv": "1 / sample size",
    "sqrtni": "root of the sample size",
    "sqrtninv": "1 / root of the sample size",
}
HAS_LIMIT = ("sei", "vi", "ninv", "sqrtninv")
FORMS = {"lm": "weighted regression", "rma": "mixed-effects regression"}


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through the effects: two coefficients, their standard errors, the test of the slope."""

    intercept: float
    intercept_se: float
    slope: float
    slope_se: float
    df: float
    tau2: float


@dataclass(frozen=True, slots=True)
class Egger(Judged):
    """Egger's test.

    Attributes
    ----------
    statistic : float
        t (z) of the slope on the predictor; with the standard error the intercept of Egger's own form.
    df : float
        k - 2, or infinite for a normal test.
    p_value : float
    bias, bias_se : float
        The slope and its standard error; the funnel plot's line is ``limit + bias * predictor``.
    limit, limit_se : float
        The effect at a predictor of 0 (infinite precision); NaN where the predictor grows with the sample size.
    predictor : {"sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"}
    model : {"lm", "rma"}
    tau2 : float
        Residual heterogeneity of the mixed-effects form; 0 for the weighted one.
    k : int
    cautions : tuple of str
        Why the test is not to be trusted here.
    """

    statistic: float
    df: float
    p_value: float
    bias: float
    bias_se: float
    limit: float
    limit_se: float
    predictor: str = "sei"
    model: str = "lm"
    tau2: float = 0.0
    k: int = 0
    cautions: tuple[str, ...] = ()

    def limit_ci(self, level: float = 0.95) -> Interval:
        """Interval of the effect at infinite precision."""
        half = float(critical(check_level(level), self.df)) * self.limit_se
        return Interval(self.limit - half, self.limit + half)

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row: test, predictor, estimate (slope), std_error, statistic, df, p_value, limit, its interval, k."""
        import pandas as pd

        low, high = self.limit_ci(level)
        row = {"test": f"Egger, {FORMS[self.model]}", "predictor": self.predictor, "estimate": self.bias}
        row |= {"std_error": self.bias_se, "statistic": self.statistic, "df": self.df, "p_value": self.p_value}
        row |= {"limit": self.limit, "limit_ci_low": low, "limit_ci_high": high, "tau2": self.tau2, "k": self.k}
        return pd.DataFrame([row | {"cautions": "; ".join(self.cautions)}])

    def __str__(self) -> str:
        letter = "z" if math.isinf(self.df) else f"t({self.df:g})"
        low, high = self.limit_ci()
        limit = f"effect at a {PREDICTORS[self.predictor]} of 0: {self.limit:.4f} (95 % CI {low:.4f} to {high:.4f})"
        lines = [
            f"Egger's test, {FORMS[self.model]} on the {PREDICTORS[self.predictor]}; k = {self.k}",
            f"slope {self.bias:.4f} (SE {self.bias_se:.4f}), {letter} = {self.statistic:.3f}, "
            f"p {shown_p(self.p_value)}",
            *([limit] if self.predictor in HAS_LIMIT else []),
        ]
        return "\n".join(lines + lines_of(self.cautions))


def egger(result: Question, *, predictor: str = "sei", model: str = "lm", columns: Columns = None) -> Egger:
    r"""Egger's regression of the effect on its standard error, or on another measure of precision.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        At least 3 studies whose standard errors differ.
    predictor : {"sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"}
        Standard error, sampling variance, total sample size n, 1/n, root of n, 1/root of n. Those of n need a table
        with the columns of sizes (``n``, or ``n_t`` and ``n_c``).
    model : {"lm", "rma"}
        Weighted regression with a free scale (Egger's own), or mixed-effects meta-regression with the pooled result's
        model, estimator of tau2 and test (REML and z for plain effects).
    columns : mapping or "metafor", optional
        Our name -> the name in the table, for the predictors of n.

    Returns
    -------
    Egger

    Raises
    ------
    NotComputableError
        Fewer than 3 studies, equal standard errors (sizes), equal effects, or no sizes in the table.

    Warns
    -----
    DataWarning
        Fewer than 10 studies: the test has little power then (Cochrane Handbook 6.3, 13.3.5.4).

    Notes
    -----
    Weighted least squares of :math:`y_i = a + b\,x_i` with weights :math:`1/\mathrm{se}_i^2` and a free scale, which
    for :math:`x_i = \mathrm{se}_i` is Egger's :math:`y_i/\mathrm{se}_i = b + a / \mathrm{se}_i`; t on k - 2 degrees of
    freedom. The mixed-effects form has weights :math:`1/(v_i + \hat\tau^2)` and the scale 1.

    References
    ----------
    Egger, Davey Smith, Schneider & Minder (1997) BMJ 315:629-634, p. 630; Sterne & Egger (2005) in Publication Bias in
    Meta-Analysis, ch. 6, for the mixed-effects form; Sterne et al. (2011) BMJ 343:d4002 for the cautions.

    Examples
    --------
    >>> import metaket as mk
    >>> y = [-0.5, -0.4, -0.1, 0.0, 0.2, 0.3, 0.4, 0.7, 0.9, 1.0, 1.4]
    >>> v = [0.02, 0.01, 0.02, 0.03, 0.05, 0.04, 0.08, 0.10, 0.12, 0.20, 0.25]
    >>> round(mk.egger(mk.pool(y, v)).bias, 2)
    4.84
    """
    effects = effects_of(result)
    predictor = check_choice("predictor", predictor, tuple(PREDICTORS))
    model = check_choice("model of Egger's test", model, tuple(FORMS))
    _check_spread(effects)
    x = predictor_values(effects, predictor, columns)
    if effects.k < 10:
        warnings.warn(
            f"Egger's test on {effects.k} studies has little power; 10 are advised", DataWarning, stacklevel=2
        )
    if model == "lm":
        line = weighted_line(effects.y, x, 1.0 / effects.v)
    else:
        line = mixed_line(effects, x, spec_of(result, "the mixed-effects form of Egger's test"))
    statistic = line.slope / line.slope_se
    p = float(two_sided_p(np.asarray(statistic), np.asarray(line.df)))
    limit = (line.intercept, line.intercept_se) if predictor in HAS_LIMIT else (math.nan, math.nan)
    cautions = funnel_cautions(effects, coupled=predictor in ("sei", "vi"))
    slope = (line.slope, line.slope_se)
    return Egger(statistic, line.df, p, *slope, *limit, predictor, model, line.tau2, effects.k, cautions)


def predictor_values(effects: EffectSizes, predictor: str, columns: Columns = None) -> Array:
    """The predictor's value for each study, shape (k,)."""
    if predictor in ("sei", "vi"):
        return np.sqrt(effects.v) if predictor == "sei" else effects.v
    n = sizes_of(effects, columns, f"predictor {predictor!r}")
    if np.ptp(n) == 0:
        raise NotComputableError("Egger's test on the sample size needs sizes that differ")
    power = {"ni": 1.0, "ninv": -1.0, "sqrtni": 0.5, "sqrtninv": -0.5}[predictor]
    return np.asarray(n**power)


def _check_spread(effects: EffectSizes) -> None:
    se = np.sqrt(effects.v)
    if effects.k < 3:
        raise NotComputableError(f"Egger's test needs at least 3 studies, there are {effects.k}")
    if np.ptp(se) <= 1e-12 * se.max():
        raise NotComputableError("Egger's test needs standard errors that differ")
    if np.ptp(effects.y) <= 1e-12 * np.abs(effects.y).max():
        raise NotComputableError("Egger's test needs effects that differ")


def weighted_line(y: Array, x: Array, weights: Array) -> Line:
    """Weighted least squares of y on x with a free scale; t on k - 2.

    The predictor is divided by its largest value for the solver, so that tiny standard errors keep their digits.
    """
    import statsmodels.api as sm

    if np.ptp(y) <= 1e-12 * np.abs(y).max():  # what is left is rounding
        raise NotComputableError("the effects are equal, so that a line through them has no test")
    unit = float(np.abs(x).max())
    fit = sm.WLS(y, np.column_stack([np.ones_like(x), x / unit]), weights=weights).fit()
    if not fit.scale > 0:
        raise NotComputableError("the regression fits without any error, so that its slope has no test")
    (a, b), (a_se, b_se) = fit.params, fit.bse
    return Line(float(a), float(a_se), float(b) / unit, float(b_se) / unit, float(fit.df_resid), 0.0)


def mixed_line(effects: EffectSizes, x: Array, spec: PoolSpec) -> Line:
    """Meta-regression of the effects on x."""
    unit = float(np.abs(x).max())
    fit = meta_regression(effects, x / unit, spec)
    (a, b), (a_se, b_se) = fit.coef, fit.std_error
    tau2 = fit.tau2 if spec.model == "random" else 0.0
    return Line(float(a), float(a_se), float(b) / unit, float(b_se) / unit, fit.df, tau2)
