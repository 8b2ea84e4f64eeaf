"""Limit meta-analysis: the effect of infinitely precise studies in a random-effects model with small-study effects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket.diagnostics._answers import Judged, Normal
from metaket.diagnostics._cautions import Question, effects_of, funnel_cautions, lines_of, need_spread, shown_p, spec_of
from metaket.diagnostics.asymmetry import weighted_line
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LimitMetaAnalysis", "limit_meta_analysis"]


@dataclass(frozen=True, slots=True, eq=False)
class LimitMetaAnalysis(Judged, Normal):
    """A limit meta-analysis.

    Attributes
    ----------
    pooled : PooledResult
        The random-effects result without small-study effects, whose tau2 is kept.
    alpha, alpha_se : float
        Bias of a study in units of its own total standard deviation.
    slope, slope_se : float
        beta, the effect that is left when that bias is taken out of every study.
    estimate, std_error : float
        beta + tau alpha: the mean of infinitely precise studies, on the analysis scale; tau2 taken as known.
    limit_effects : ndarray, shape (k,)
        Each study as it would be with infinite precision, shrunken towards the estimate; with the funnel's curve
        ``slope + alpha * sqrt(v + tau2)`` it is what a figure shows.
    q, q_small, q_residual : float
        Cochran's Q on k - 1, its part by small-study effects on 1, and the residual on k - 2 degrees of freedom.
    cautions : tuple of str
    """

    pooled: PooledResult
    alpha: float
    alpha_se: float
    slope: float
    slope_se: float
    estimate: float
    std_error: float
    limit_effects: Array
    q: float
    q_small: float
    q_residual: float
    cautions: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.pooled.k

    @property
    def q_small_p(self) -> float:
        """p-value of no small-study effects, chi-square on 1."""
        return float(special.chdtrc(1.0, self.q_small))

    @property
    def q_residual_p(self) -> float:
        """p-value of no heterogeneity beyond them, chi-square on k - 2."""
        return float(special.chdtrc(self.k - 2.0, self.q_residual))

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """Two rows, pooled and limit: what, estimate, std_error, ci_low, ci_high, p_value."""
        import pandas as pd

        back = self.pooled.back if transform else float
        rows = (
            ("pooled", self.pooled.estimate, self.pooled.std_error, self.pooled.ci(level), self.pooled.p_value),
            ("limit", self.estimate, self.std_error, self.ci(level), self.p_value),
        )
        names = ("what", "estimate", "std_error", "ci_low", "ci_high", "p_value")
        shown = [(what, back(x), se, back(low), back(high), p) for what, x, se, (low, high), p in rows]
        return pd.DataFrame(shown, columns=list(names))

    def __str__(self) -> str:
        low, high = self.ci()
        lines = [
            f"limit meta-analysis, tau2 by {self.pooled.spec.tau2} ({self.pooled.tau2:.4f}); k = {self.k}",
            f"pooled {self.pooled.estimate:.4f} (SE {self.pooled.std_error:.4f})",
            f"limit  {self.estimate:.4f} (SE {self.std_error:.4f}), 95 % CI {low:.4f} to {high:.4f}, "
            f"p {shown_p(self.p_value)}",
            f"small-study effects: Q {self.q_small:.3f} on 1 df, p {shown_p(self.q_small_p)}; residual "
            f"Q {self.q_residual:.3f} on {self.k - 2} df, p {shown_p(self.q_residual_p)}",
        ]
        return "\n".join(lines + lines_of(self.cautions))


def limit_meta_analysis(result: Question) -> LimitMetaAnalysis:
    r"""Limit meta-analysis of Ruecker and colleagues.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        At least 3 studies; a result's own tau2 is used (REML for plain effects), 0 for the common-effect model.

    Returns
    -------
    LimitMetaAnalysis

    Raises
    ------
    NotComputableError
        Fewer than 3 studies, or equal standard errors.

    Notes
    -----
    The extended model is :math:`y_i = \beta + \sqrt{v_i + \tau^2}\,(\alpha + \epsilon_i)` with standard normal
    :math:`\epsilon_i`, fitted by weighted least squares with :math:`1/(v_i + \tau^2)`. As :math:`v_i \to 0` the mean
    effect becomes :math:`\beta + \tau\alpha`, the estimate. Its variance is that of the sum, with the scale 1 and tau
    known. A study's limit is :math:`\hat\beta_0 + \sqrt{\tau^2/(v_i + \tau^2)}\,(y_i - \hat\beta_0)` with
    :math:`\hat\beta_0` the estimate. With tau2 = 0 the estimate is PET's.

    The Q of small-study effects is Q less the residual sum of squares of Egger's regression.

    References
    ----------
    Ruecker, Schwarzer, Carpenter, Binder & Schumacher (2011) Biostatistics 12:122-142, section 2-3; (2011) Biom J
    53:351-368 for the tests.

    Examples
    --------
    >>> import metaket as mk
    >>> y = [0.62, 0.45, 0.31, 0.55, 0.12, 0.70, 0.52, 0.20, 0.05, 0.38, 0.66, 0.81]
    >>> v = [0.06, 0.04, 0.02, 0.07, 0.01, 0.09, 0.06, 0.02, 0.01, 0.03, 0.08, 0.12]
    >>> found = mk.limit_meta_analysis(mk.pool(y, v))
    >>> round(found.pooled.estimate, 2), round(found.estimate, 2)
    (0.35, 0.02)
    """
    effects, spec = effects_of(result), spec_of(result, "a limit meta-analysis")
    y, v = effects.y, effects.v
    need_spread(effects, "a limit meta-analysis", 3)
    pooled = pool_spec(effects, spec)
    tau2 = pooled.tau2 if spec.model == "random" else 0.0
    total = np.sqrt(v + tau2)
    line = weighted_line(y, total, 1.0 / total**2)
    cov = _covariance(total)
    tau = math.sqrt(tau2)
    estimate = line.intercept + tau * line.slope
    error = math.sqrt(cov[0, 0] + tau2 * cov[1, 1] + 2.0 * tau * cov[0, 1])
    limits = estimate + np.sqrt(tau2) / total * (y - estimate)
    plain = weighted_line(y, np.sqrt(v), 1.0 / v)
    residual = float(((y - plain.intercept - plain.slope * np.sqrt(v)) ** 2 / v).sum())
    parts = (line.slope, math.sqrt(cov[1, 1]), line.intercept, math.sqrt(cov[0, 0]), estimate, error)
    return LimitMetaAnalysis(
        pooled, *parts, limits, pooled.q, max(0.0, pooled.q - residual), residual, funnel_cautions(effects)
    )


def _covariance(total: Array) -> Array:
    """Of (beta, alpha) with the scale 1: the inverse of X'WX with X = [1, total], W = 1 / total^2."""
    unit = float(total.max())
    x = np.column_stack([1.0 / total, np.full_like(total, 1.0 / unit)])
    q = np.linalg.inv(x.T @ x)
    scale = np.diag([1.0, 1.0 / unit])  # the second coefficient was that of total / unit
    return np.asarray(scale @ q @ scale)
