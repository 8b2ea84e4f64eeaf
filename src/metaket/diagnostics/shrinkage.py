"""Best linear unbiased predictions: what each study's own effect is likely to be, given the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array, check_level
from metaket._distributions import critical
from metaket._notebook import ShownAsText
from metaket.diagnostics._deletion import whole_fit
from metaket.diagnostics._refits import table_text
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Predictions", "blup"]


@dataclass(frozen=True, slots=True, eq=False)
class Predictions(ShownAsText):
    """Predicted true effects of the studies.

    Attributes
    ----------
    result : PooledResult or RegressionResult
    study : tuple of str
    estimate, std_error : ndarray, shape (k,)
        The prediction (BLUP) and the root of its prediction variance.
    random_effect, random_effect_se : ndarray, shape (k,)
        Deviation from the fitted value, and the root of its prediction variance.
    share : ndarray, shape (k,)
        tau2 / (tau2 + v): 0 is all of the mean, 1 all of the study.
    """

    result: PooledResult | RegressionResult
    study: tuple[str, ...]
    estimate: Array
    std_error: Array
    random_effect: Array
    random_effect_se: Array
    share: Array

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Prediction limits of the true effects, two arrays of shape (k,)."""
        half = critical(check_level(level), self.result.df) * self.std_error
        return self.estimate - half, self.estimate + half

    def random_interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Prediction limits of the deviations, two arrays of shape (k,)."""
        half = critical(check_level(level), self.result.df) * self.random_effect_se
        return self.random_effect - half, self.random_effect + half

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """One row a study: study, estimate, std_error, pi_low, pi_high, random_effect, random_effect_se, share."""
        import pandas as pd

        low, high = self.interval(level)
        back: Any = self.result.effects.study_scale.back if transform else np.asarray
        return pd.DataFrame(
            {
                "study": list(self.study),
                "estimate": back(self.estimate),
                "std_error": self.std_error,
                "pi_low": back(low),
                "pi_high": back(high),
                "random_effect": self.random_effect,
                "random_effect_se": self.random_effect_se,
                "share": self.share,
            }
        )

    def __str__(self) -> str:
        frame = self.to_frame(transform=True)[["study", "estimate", "pi_low", "pi_high", "share"]]
        return f"{self.result.effects.label}: predicted effects of the studies\n{table_text(frame)}"


def blup(result: PooledResult | RegressionResult) -> Predictions:
    r"""Best linear unbiased predictions of the studies' true effects (empirical Bayes estimates).

    Parameters
    ----------
    result : PooledResult or RegressionResult
        Of the model random or common (there every study has the pooled effect).

    Returns
    -------
    Predictions

    Raises
    ------
    InputError
        Another model, or ``tau2="GENQ"``.

    Notes
    -----
    With :math:`\lambda_i = \hat\tau^2 / (\hat\tau^2 + v_i)`,

    .. math:: \tilde\theta_i = \lambda_i y_i + (1 - \lambda_i) x_i\hat\beta, \quad
              \mathrm{Var} = \lambda_i v_i + (1 - \lambda_i)^2 x_i \mathrm{Var}(\hat\beta) x_i',

    and :math:`\tilde u_i = \lambda_i (y_i - x_i\hat\beta)` with the variance
    :math:`\lambda_i v_i + \lambda_i^2 x_i \mathrm{Var}(\hat\beta) x_i'`. That tau2 is estimated is not allowed for.

    References
    ----------
    Raudenbush & Bryk (1985) J Educ Stat 10:75-98; Robinson (1991) Stat Sci 6:15-32.

    Examples
    --------
    >>> import metaket as mk
    >>> mk.blup(mk.pool([0.1, 0.3, 0.8], [0.04, 0.05, 0.06])).estimate.round(2).tolist()
    [0.2, 0.33, 0.61]
    """
    whole = whole_fit(result, "a best linear unbiased prediction")
    effects = result.effects
    fitted = whole.x @ whole.coef
    variance = np.einsum("kp,pq,kq->k", whole.x, whole.vcov, whole.x)
    share = whole.tau2 / whole.total
    deviation = share * (effects.y - fitted)
    return Predictions(
        result,
        effects.study,
        fitted + deviation,
        np.sqrt(share * effects.v + (1.0 - share) ** 2 * variance),
        deviation,
        np.sqrt(share * effects.v + share**2 * variance),
        share,
    )
