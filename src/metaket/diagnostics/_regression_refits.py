"""A meta-regression fitted again for many selections of its studies, in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array, check_level
from metaket._distributions import critical, two_sided_p
from metaket._notebook import ShownAsText
from metaket.diagnostics._refits import need_weights, table_text
from metaket.pooling.batch import Fits, fit_arrays
from metaket.pooling.regression import RegressionResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RegressionRefits", "refit_regression", "selected_fits"]

NO_RANK = "the studies do not identify every coefficient"


@dataclass(frozen=True, slots=True, eq=False)
class RegressionRefits(ShownAsText):
    """A meta-regression, fitted again for m selections of its studies.

    Attributes
    ----------
    result : RegressionResult
    include : ndarray, shape (m, k)
    study : tuple of str
        What each row is called: the study left out, or the one that was added last.
    coef : ndarray, shape (m, p)
    vcov : ndarray, shape (m, p, p)
    df, tau2, qe, qe_df, k : ndarray, shape (m,)
    converged : ndarray of bool, shape (m,)
    notes : tuple of str
        One a row: why its numbers are missing (NaN), else empty.
    """

    result: RegressionResult
    include: Array
    study: tuple[str, ...]
    coef: Array
    vcov: Array
    df: Array
    tau2: Array
    qe: Array
    qe_df: Array
    k: Array
    converged: Any
    notes: tuple[str, ...]

    @property
    def std_error(self) -> Array:
        """Standard errors of the coefficients, shape (m, p)."""
        return np.asarray(np.sqrt(np.diagonal(self.vcov, axis1=1, axis2=2)))

    def ci(self, level: float = 0.95) -> tuple[Array, Array]:
        """Limits of the coefficients, two arrays of shape (m, p)."""
        half = critical(check_level(level), self.df)[:, None] * self.std_error
        return self.coef - half, self.coef + half

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row a selection and coefficient: study, term, estimate, ..., ci_high, tau2, qe, qe_df, k, note."""
        import pandas as pd

        (m, p), names = self.coef.shape, self.result.names
        low, high = self.ci(level)
        statistic, df = self.coef / self.std_error, np.repeat(self.df, p)
        columns: dict[str, Any] = {
            "study": np.repeat(np.array(self.study, dtype=object), p),
            "term": list(names) * m,
            "estimate": self.coef.ravel(),
            "std_error": self.std_error.ravel(),
            "statistic": statistic.ravel(),
            "df": df,
            "p_value": two_sided_p(statistic.ravel(), df),
            "ci_low": low.ravel(),
            "ci_high": high.ravel(),
        }
        for name in ("tau2", "qe", "qe_df", "k"):
            columns[name] = np.repeat(getattr(self, name), p)
        columns["k"] = columns["k"].astype(int)
        return pd.DataFrame({**columns, "note": np.repeat(np.array(self.notes, dtype=object), p)})

    def __str__(self) -> str:
        shown = ["study", "term", "k", "estimate", "ci_low", "ci_high", "p_value", "tau2"]
        frame = self.to_frame()
        return table_text(frame[[*shown, "note"] if any(self.notes) else shown])


def refit_regression(result: RegressionResult, include: Array, study: tuple[str, ...], what: str) -> RegressionRefits:
    """The regression of each row of `include`; where the studies do not identify it, NaN and a note."""
    need_weights(result, what)
    fits, notes = selected_fits(result, include)
    k = include.sum(axis=1)
    arrays = (fits.coef, fits.vcov, fits.df, fits.tau2, fits.q, k - len(result.names), k, fits.converged)
    return RegressionRefits(result, include, study, *arrays, notes)


def selected_fits(result: RegressionResult, include: Array) -> tuple[Fits, tuple[str, ...]]:
    """`Fits` of each row of `include` (m, k), and a note for each that has none.

    A selection that does not identify the coefficients is refused before the fit, by handing the engine a variance
    that is not usable.
    """
    effects, x = result.effects, result.design.matrix
    size = np.linalg.norm(x, axis=0)
    identified = np.linalg.matrix_rank((include > 0)[:, :, None] * (x / size)) == x.shape[1]
    v = np.where(identified[:, None], effects.v, np.nan)
    fits = fit_arrays(effects.y[None, :], v, result.spec, include=include, x=x)
    notes = tuple(
        NO_RANK if not known else "" if good else "tau2 did not converge"
        for known, good in zip(identified, fits.converged, strict=True)
    )
    return fits, notes
