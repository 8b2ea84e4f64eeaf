"""Baujat's coordinates: which studies make the heterogeneity, and which of those move the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array
from metaket._notebook import ShownAsText
from metaket.diagnostics._deletion import deletion
from metaket.diagnostics._refits import table_text
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Baujat", "baujat"]


@dataclass(frozen=True, slots=True, eq=False)
class Baujat(ShownAsText):
    """Coordinates of a Baujat plot.

    Attributes
    ----------
    study : tuple of str
    heterogeneity : ndarray, shape (k,)
        Squared Pearson residual, the study's share in Q (horizontal axis).
    influence : ndarray, shape (k,)
        Squared change of the fitted value without the study, over its variance then (vertical axis).
    notes : tuple of str
        One a study, empty unless its numbers are missing.
    """

    study: tuple[str, ...]
    heterogeneity: Array
    influence: Array
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a study: study, heterogeneity, influence, note."""
        import pandas as pd

        columns = {"heterogeneity": self.heterogeneity, "influence": self.influence}
        return pd.DataFrame({"study": list(self.study), **columns, "note": list(self.notes)})

    def __str__(self) -> str:
        frame = self.to_frame()
        return table_text(frame if any(self.notes) else frame.drop(columns="note"))


def baujat(result: PooledResult | RegressionResult) -> Baujat:
    r"""Coordinates of a Baujat plot: each study's part in Q, and its influence on the pooled effect.

    Parameters
    ----------
    result : PooledResult or RegressionResult
        Of the model random or common; Baujat and colleagues use the common one. At least 2 studies, one more for a
        t-type test, and one more for each further coefficient.

    Returns
    -------
    Baujat

    Raises
    ------
    InputError
        Another model, or ``tau2="GENQ"``.
    NotComputableError
        Too few studies.

    Notes
    -----
    .. math:: X_i = \frac{(y_i - x_i\hat\beta)^2}{v_i + \hat\tau^2}, \quad
              Y_i = \frac{(x_i\hat\beta - x_i\hat\beta_{(-i)})^2}{x_i \mathrm{Var}(\hat\beta_{(-i)}) x_i'}

    References
    ----------
    Baujat, Mahe, Pignon & Hill (2002) Stat Med 21:2641-2652, sec. 2.

    Examples
    --------
    >>> import metaket as mk
    >>> mk.baujat(mk.pool([0.1, 0.3, 0.5], [0.04, 0.05, 0.06], model="common")).heterogeneity.round(2).tolist()
    [0.75, 0.01, 0.86]
    """
    found = deletion(result, "Baujat's plot")
    whole, fits = found.whole, found.fits
    heterogeneity = (result.effects.y - whole.x @ whole.coef) ** 2 / whole.total
    change = np.einsum("kp,kp->k", whole.x, whole.coef - fits.coef)
    variance = np.einsum("kp,kpq,kq->k", whole.x, fits.vcov, whole.x)
    return Baujat(result.effects.study, heterogeneity, change**2 / variance, found.notes)
