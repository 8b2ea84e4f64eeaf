"""Residuals of a pooled result or a meta-regression: raw, standardised, and of the study left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array
from metaket._notebook import ShownAsText
from metaket.diagnostics._deletion import Deletion, Whole, deletion
from metaket.diagnostics._refits import table_text
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Residuals", "internal", "residuals", "residuals_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Residuals(ShownAsText):
    """Residuals, one a study.

    Attributes
    ----------
    study : tuple of str
    residual, residual_se : ndarray, shape (k,)
        Effect less fitted value, and its standard error.
    rstandard : ndarray, shape (k,)
        Internally studentised residual: the one over the other.
    deleted, deleted_se : ndarray, shape (k,)
        Effect less the value predicted by the other studies, and its standard error.
    rstudent : ndarray, shape (k,)
        Externally studentised residual; NaN where the other studies do not identify the model (see `notes`).
    notes : tuple of str
        One a study, empty unless a number is missing.
    """

    study: tuple[str, ...]
    residual: Array
    residual_se: Array
    rstandard: Array
    deleted: Array
    deleted_se: Array
    rstudent: Array
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a study: study, residual, residual_se, rstandard, deleted, deleted_se, rstudent, note."""
        import pandas as pd

        names = ("residual", "residual_se", "rstandard", "deleted", "deleted_se", "rstudent")
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame({"study": list(self.study), **columns, "note": list(self.notes)})

    def __str__(self) -> str:
        frame = self.to_frame()
        return table_text(frame if any(self.notes) else frame.drop(columns="note"))


def residuals(result: PooledResult | RegressionResult) -> Residuals:
    r"""Raw, internally and externally studentised residuals.

    Parameters
    ----------
    result : PooledResult or RegressionResult
        Of the model random or common; at least 2 studies, one more for a t-type test, and for a meta-regression one
        more for each further coefficient.

    Returns
    -------
    Residuals

    Raises
    ------
    InputError
        Another model, or ``tau2="GENQ"``.
    NotComputableError
        Too few studies.

    Notes
    -----
    .. math:: r_i = \frac{y_i - x_i\hat\beta}{\sqrt{(v_i + \hat\tau^2)(1 - h_i)}}, \quad
              t_i = \frac{y_i - x_i\hat\beta_{(-i)}}
                         {\sqrt{v_i + \hat\tau^2_{(-i)} + x_i \mathrm{Var}(\hat\beta_{(-i)}) x_i'}}

    Under the model :math:`t_i` is about standard normal. With Hartung and Knapp's test
    :math:`v_i + \hat\tau^2_{(-i)}` is multiplied by the factor by which that test multiplies
    :math:`\mathrm{Var}(\hat\beta_{(-i)})`; :math:`r_i` is not.

    References
    ----------
    Viechtbauer & Cheung (2010) Res Synth Methods 1:112-125, sec. 3.1.

    Examples
    --------
    >>> import metaket as mk
    >>> mk.residuals(mk.pool([0.1, 0.3, 0.5], [0.04, 0.05, 0.06])).rstudent.round(2).tolist()
    [-1.12, 0.07, 1.08]
    """
    return residuals_of(result, deletion(result, "a studentised residual"))


def residuals_of(result: PooledResult | RegressionResult, found: Deletion) -> Residuals:
    """`residuals` from the fits at hand."""
    effects, whole, fits = result.effects, found.whole, found.fits
    residual, residual_se, rstandard = internal(effects.y, whole)
    deleted = effects.y - np.einsum("kp,kp->k", whole.x, fits.coef)
    spread = np.einsum("kp,kpq,kq->k", whole.x, fits.vcov, whole.x)
    deleted_se = np.sqrt(found.factor * (effects.v + fits.tau2) + spread)
    rstudent = deleted / deleted_se
    return Residuals(effects.study, residual, residual_se, rstandard, deleted, deleted_se, rstudent, found.notes)


def internal(y: Array, whole: Whole) -> tuple[Array, Array, Array]:
    """Residual, its standard error, and their ratio (NaN for a study that the model fits by itself)."""
    residual = y - whole.x @ whole.coef
    own = np.maximum(1.0 - whole.hat, 0.0)
    residual_se = np.sqrt(whole.total * np.where(own > 1e-12, own, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return residual, residual_se, np.where(residual_se > 0, residual / residual_se, np.nan)
