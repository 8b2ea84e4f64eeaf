"""How much each study moves the result: the case diagnostics of regression, for a meta-analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket._notebook import ShownAsText
from metaket.diagnostics._deletion import Deletion, deletion
from metaket.diagnostics._refits import table_text
from metaket.diagnostics.residuals import Residuals, residuals_of
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Influence", "influence"]

HALF = 0.5  # lower tail of chi-square that a Cook's distance may reach
MEASURES = ("dffits", "cooks_distance", "cov_ratio", "tau2_deleted", "q_deleted", "hat", "weight")


@dataclass(frozen=True, slots=True, eq=False)
class Influence(ShownAsText):
    """Influence of each study.

    Attributes
    ----------
    result : PooledResult or RegressionResult
    study : tuple of str
    names : tuple of str
        Coefficients; ``intercept`` alone where there are no moderators.
    rstandard, rstudent : ndarray, shape (k,)
        Internally and externally studentised residuals.
    dffits : ndarray, shape (k,)
        Change of the fitted value, in standard deviations.
    cooks_distance : ndarray, shape (k,)
        Distance that the coefficients move.
    cov_ratio : ndarray, shape (k,)
        Generalised variance of the coefficients without the study over that with it; below 1 it costs precision.
    tau2_deleted, q_deleted : ndarray, shape (k,)
        tau2 and Q of the others.
    hat : ndarray, shape (k,)
        Leverage.
    weight : ndarray, shape (k,)
        Share of the weights, in percent.
    dfbetas : ndarray, shape (k, p)
        Change of each coefficient, in standard errors.
    reasons : tuple of str
        One a study: the rules by which it is influential, joined by ", "; empty where there is none.
    notes : tuple of str
        One a study, empty unless its numbers are missing.
    """

    result: PooledResult | RegressionResult
    study: tuple[str, ...]
    names: tuple[str, ...]
    rstandard: Array
    rstudent: Array
    dffits: Array
    cooks_distance: Array
    cov_ratio: Array
    tau2_deleted: Array
    q_deleted: Array
    hat: Array
    weight: Array
    dfbetas: Array
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def influential(self) -> Any:
        """Whether any rule flags a study, bool of shape (k,)."""
        return np.array([bool(reason) for reason in self.reasons])

    @property
    def thresholds(self) -> dict[str, float]:
        """Beyond which a study is influential: absolute dffits, cooks_distance, hat, absolute dfbetas."""
        return thresholds(len(self.study), len(self.names))

    def to_frame(self) -> pd.DataFrame:
        """One row a study: study, the measures above, dfbetas (a column each), influential, reason, note."""
        import pandas as pd

        columns: dict[str, Any] = {"study": list(self.study), "rstandard": self.rstandard, "rstudent": self.rstudent}
        columns |= {name: getattr(self, name) for name in MEASURES}
        single = len(self.names) == 1
        columns |= {"dfbetas" if single else f"dfbetas[{n}]": self.dfbetas[:, i] for i, n in enumerate(self.names)}
        more = {"influential": self.influential, "reason": list(self.reasons), "note": list(self.notes)}
        return pd.DataFrame(columns | more)

    def __str__(self) -> str:
        frame = self.to_frame().drop(columns=["influential", *([] if any(self.notes) else ["note"])])
        limits = ", ".join(f"{name} {value:.3g}" for name, value in self.thresholds.items())
        flagged = [s for s, reason in zip(self.study, self.reasons, strict=True) if reason]
        return "\n".join(
            [
                f"{self.result.effects.label}: influence of each study",
                table_text(frame),
                f"influential: {', '.join(flagged) or 'none'} (limits: {limits}; Viechtbauer & Cheung 2010)",
            ]
        )


def influence(result: PooledResult | RegressionResult) -> Influence:
    r"""Residuals, DFFITS, Cook's distances, covariance ratios, hat values, DFBETAS, and tau2 and Q without each study.

    Parameters
    ----------
    result : PooledResult or RegressionResult
        Of the model random or common (the models of counts have no hat matrix; see `leave_one_out` for them). At least
        2 studies, one more for a t-type test, and one more for each further coefficient.

    Returns
    -------
    Influence

    Raises
    ------
    InputError
        Another model, or ``tau2="GENQ"``.
    NotComputableError
        Too few studies.

    Notes
    -----
    With H the hat matrix and (-i) for the fit without study i,

    .. math:: \mathrm{DFFITS}_i = \frac{x_i(\hat\beta - \hat\beta_{(-i)})}{\sqrt{h_i(v_i + \hat\tau^2_{(-i)})}}, \quad
              D_i = (\hat\beta - \hat\beta_{(-i)})' X'WX (\hat\beta - \hat\beta_{(-i)}),

    .. math:: \mathrm{COVRATIO}_i = \frac{|\mathrm{Var}(\hat\beta_{(-i)})|}{|\mathrm{Var}(\hat\beta)|}, \quad
              \mathrm{DFBETAS}_{ij} = \frac{\hat\beta_j - \hat\beta_{j(-i)}}{\sqrt{(X'W_{(-i)}X)^{-1}_{jj}}},

    where :math:`W_{(-i)}` holds the weights of all studies at :math:`\hat\tau^2_{(-i)}`; with Hartung and Knapp's test
    its factor in the deleted fit multiplies the variances under the roots. A study is flagged where
    :math:`|\mathrm{DFFITS}_i| > 3\sqrt{p/(k-p)}`, the lower tail of chi-square on p degrees of freedom at :math:`D_i`
    is above 0.5, :math:`h_i > 3p/k`, or a :math:`|\mathrm{DFBETAS}_{ij}| > 1`. The limits are conventions, not tests.

    References
    ----------
    Viechtbauer & Cheung (2010) Res Synth Methods 1:112-125, sec. 3 and 4.

    Examples
    --------
    >>> import metaket as mk
    >>> found = mk.influence(mk.pool([0.1, 0.2, 0.3, 1.9], [0.04, 0.05, 0.06, 0.04]))
    >>> found.rstudent.round(2).tolist()
    [-0.64, -0.5, -0.37, 7.23]
    """
    found = deletion(result, "influence")
    deleted = residuals_of(result, found)
    whole, fits = found.whole, found.fits
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = whole.coef - fits.coef
        dffits = np.einsum("kp,kp->k", whole.x, moved) / np.sqrt(
            found.factor * whole.hat * (result.effects.v + fits.tau2)
        )
        cook = np.einsum("kp,pq,kq->k", moved, np.linalg.inv(whole.vcov), moved)
        ratio = _determinants(fits.vcov) / np.linalg.det(whole.vcov)
        dfbetas = moved / _errors_at(found, result.effects.v)
    weight = 100.0 / whole.total / (1.0 / whole.total).sum()
    reasons = _reasons(dffits, cook, whole.hat, dfbetas)
    return _record(result, found, deleted, (dffits, cook, ratio, weight, dfbetas), reasons)


def _record(
    result: PooledResult | RegressionResult,
    found: Deletion,
    deleted: Residuals,
    measured: tuple[Array, Array, Array, Array, Array],
    reasons: tuple[str, ...],
) -> Influence:
    dffits, cook, ratio, weight, dfbetas = measured
    return Influence(
        result=result,
        study=result.effects.study,
        names=found.whole.names,
        rstandard=deleted.rstandard,
        rstudent=deleted.rstudent,
        dffits=dffits,
        cooks_distance=cook,
        cov_ratio=ratio,
        tau2_deleted=found.fits.tau2,
        q_deleted=found.fits.q,
        hat=found.whole.hat,
        weight=weight,
        dfbetas=dfbetas,
        reasons=reasons,
        notes=found.notes,
    )


def _determinants(vcov: Array) -> Array:
    return np.asarray(np.linalg.det(vcov))


def _errors_at(found: Deletion, v: Array) -> Array:
    """Standard errors of the coefficients of all studies at each tau2 of the deleted fits, shape (k, p)."""
    x, tau2 = found.whole.x, found.fits.tau2
    known = np.isfinite(tau2)
    w = 1.0 / (v + np.where(known, tau2, 0.0)[:, None])
    information = np.einsum("kp,mk,kq->mpq", x, w, x)
    errors = np.sqrt(np.diagonal(np.linalg.inv(information), axis1=1, axis2=2))
    return np.where(known[:, None], np.sqrt(found.factor)[:, None] * errors, np.nan)


def thresholds(k: int, p: int) -> dict[str, float]:
    """The limits of Viechtbauer & Cheung (2010) for k studies and p coefficients."""
    fits = 3.0 * np.sqrt(p / (k - p)) if k > p else np.inf
    return {
        "dffits": float(fits),
        "cooks_distance": float(special.chdtri(p, 1.0 - HALF)),
        "hat": 3.0 * p / k,
        "dfbetas": 1.0,
    }


def _reasons(dffits: Array, cook: Array, hat: Array, dfbetas: Array) -> tuple[str, ...]:
    limit = thresholds(*dfbetas.shape)
    beyond: dict[str, Any] = {
        "DFFITS": np.abs(dffits) > limit["dffits"],
        "Cook's distance": cook > limit["cooks_distance"],
        "hat": hat > limit["hat"],
        "DFBETAS": (np.abs(dfbetas) > limit["dfbetas"]).any(axis=1),
    }
    return tuple(", ".join(name for name, flags in beyond.items() if flags[i]) for i in range(cook.size))
