"""Normal quantile plot of the residuals, with envelopes that know that the model was fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

from metaket._checks import Array, check_choice, check_level, generator
from metaket._notebook import ShownAsText
from metaket.diagnostics._deletion import Whole, whole_fit
from metaket.diagnostics._refits import need_studies, table_text
from metaket.diagnostics.residuals import residuals
from metaket.errors import InputError, NotComputableError
from metaket.pooling.batch import Fits, fit_arrays
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NormalQuantiles", "normal_quantiles"]

RESIDUALS = ("rstandard", "rstudent")
DRAWS = 10_000
SEED = 19670601  # unless a generator is given
CELLS = 2_000_000  # of deleted fits at a time


@dataclass(frozen=True, slots=True, eq=False)
class NormalQuantiles(ShownAsText):
    """Points and envelopes of a normal quantile plot, in the order of the residuals.

    Attributes
    ----------
    study : tuple of str
    residual : str
        "rstandard" or "rstudent".
    theoretical, observed : ndarray, shape (k,)
        Normal quantiles (horizontal axis) and sorted residuals.
    low, high : ndarray, shape (k,)
        Pointwise envelope: each order statistic by itself lies inside with the probability `level`.
    band_low, band_high : ndarray, shape (k,)
        Simultaneous envelope: all of them together do.
    level : float
    p_value : float
        Share of simulated samples that leave the pointwise quantiles as far as the observed one somewhere does.
    draws : int
        Simulated samples that the envelopes are made of.
    """

    study: tuple[str, ...]
    residual: str
    theoretical: Array
    observed: Array
    low: Array
    high: Array
    band_low: Array
    band_high: Array
    level: float
    p_value: float
    draws: int

    @property
    def outside(self) -> tuple[str, ...]:
        """Studies outside the simultaneous envelope."""
        out = (self.observed < self.band_low) | (self.observed > self.band_high)
        return tuple(s for s, o in zip(self.study, out, strict=True) if o)

    def to_frame(self) -> pd.DataFrame:
        """One row a study, by residual: study, theoretical, observed, low, high, band_low, band_high."""
        import pandas as pd

        names = ("theoretical", "observed", "low", "high", "band_low", "band_high")
        return pd.DataFrame({"study": list(self.study), **{name: getattr(self, name) for name in names}})

    def __str__(self) -> str:
        return "\n".join(
            [
                f"normal quantiles of {self.residual}, envelopes at {100 * self.level:g} % from {self.draws} samples",
                table_text(self.to_frame()),
                f"outside the simultaneous envelope: {', '.join(self.outside) or 'none'}; p = {self.p_value:.4f}",
            ]
        )


def normal_quantiles(
    result: PooledResult | RegressionResult,
    residual: str = "rstandard",
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    rng: np.random.Generator | int | None = None,
) -> NormalQuantiles:
    r"""Quantiles of the residuals against those of the normal distribution, with simulated envelopes.

    Parameters
    ----------
    result : PooledResult or RegressionResult
        Of the model random or common, of at least 3 studies and 2 more than coefficients.
    residual : {"rstandard", "rstudent"}
        Internally or externally studentised.
    level : float
        Of the envelopes.
    draws : int
        Simulated samples, at least 100.
    rng : numpy.random.Generator or seed, optional
        ``default_rng(19670601)`` unless given.

    Returns
    -------
    NormalQuantiles

    Raises
    ------
    InputError
        Another model, ``tau2="GENQ"``, an unknown choice, or fewer than 100 samples.
    NotComputableError
        Too few studies.

    Notes
    -----
    The quantiles are at (i - a) / (k + 1 - 2a), a = 3/8 up to ten studies, else 1/2. A sample is
    :math:`y^* \sim N(X\hat\beta, V + \hat\tau^2 I)`; the model is fitted to it anew, tau2 included, and its residuals
    are sorted. That they come from fitted models is Lilliefors' correction: with the estimates taken as the truth the
    envelopes would be too wide. The simultaneous envelope lowers the pointwise tail area until the share `level` of the
    samples lies inside with all points.

    References
    ----------
    Atkinson (1985) Plots, Transformations and Regression, sec. 4.2; Lilliefors (1967) J Am Stat Assoc 62:399-402;
    Aldor-Noiman, Brown, Buja, Rolke & Stine (2013) Am Stat 67:249-260; Wang & Bushman (1998) Psychol Methods 3:46-54.

    Examples
    --------
    >>> import metaket as mk
    >>> plot = mk.normal_quantiles(mk.pool([0.1, 0.3, 0.5, 0.2], [0.04, 0.05, 0.06, 0.03]))
    >>> plot.study, plot.theoretical.round(2).tolist()
    (('Study 1', 'Study 4', 'Study 2', 'Study 3'), [-1.05, -0.3, 0.3, 1.05])
    """
    what = "a normal quantile plot"
    residual = check_choice("residual", residual, RESIDUALS)
    whole = whole_fit(result, what)
    need_studies(result.effects, whole.x.shape[1] + 2, what)
    if draws < 100:
        raise InputError(f"draws must be at least 100, got {draws!r}")
    tail = (1.0 - check_level(level)) / 2.0
    found = _found(result, residual)
    samples = _simulated(result, whole, residual, draws, generator(SEED if rng is None else rng))
    order = np.argsort(found, kind="stable")
    observed = found[order]
    depths = _depths(np.vstack([observed, samples]))
    inside = float(np.quantile(depths[1:], 1.0 - level))
    low, high = np.quantile(samples, [tail, 1.0 - tail], axis=0)
    band_low, band_high = np.quantile(samples, [inside, 1.0 - inside], axis=0)
    p_value = float((depths <= depths[0]).mean())
    names = tuple(result.effects.study[i] for i in order)
    theoretical = np.asarray(special.ndtri(_positions(order.size)))
    return NormalQuantiles(
        names, residual, theoretical, observed, low, high, band_low, band_high, level, p_value, samples.shape[0]
    )


def _positions(k: int) -> Array:
    """Plotting positions of Blom (1958) up to ten points, of Hazen (1914) above."""
    a = 3.0 / 8.0 if k <= 10 else 0.5
    return np.asarray((np.arange(1, k + 1) - a) / (k + 1 - 2 * a), dtype=np.float64)


def _found(result: PooledResult | RegressionResult, residual: str) -> Array:
    """The residuals of the data, all of them defined."""
    values: Array = getattr(residuals(result), residual)
    missing = np.flatnonzero(~np.isfinite(values))
    if missing.size:
        name = result.effects.study[int(missing[0])]
        raise NotComputableError(f"{name} has no {residual}: the model needs that study to be fitted at all")
    return values


def _depths(samples: Array) -> Array:
    """The smallest tail area that any point of a sample (a row) has in its column."""
    m = samples.shape[0]
    ranks = np.asarray(stats.rankdata(samples, axis=0), dtype=np.float64)
    out: Array = (np.minimum(ranks, m + 1 - ranks) / (m + 1)).min(axis=1)
    return out


def _simulated(
    result: PooledResult | RegressionResult, whole: Whole, residual: str, draws: int, rng: np.random.Generator
) -> Array:
    """Sorted residuals of samples from the fitted model, each fitted anew: (draws that converged, k)."""
    k = whole.x.shape[0]
    y = whole.x @ whole.coef + np.sqrt(whole.total) * rng.standard_normal((draws, k))
    found = _internal(result, whole, y) if residual == "rstandard" else _external(result, whole, y)
    return np.sort(found[np.isfinite(found).all(axis=1)], axis=1)


def _fit(result: PooledResult | RegressionResult, y: Array, include: Array | None) -> Fits:
    x = result.design.matrix if isinstance(result, RegressionResult) else None
    return fit_arrays(y, result.effects.v[None, :], replace(result.spec, test="z"), include=include, x=x)


def _internal(result: PooledResult | RegressionResult, whole: Whole, y: Array) -> Array:
    """Internally studentised residuals of each row of `y`; NaN where the fit did not converge."""
    fits = _fit(result, y, None)
    total = result.effects.v + fits.tau2[:, None]
    hat = np.einsum("kp,mpq,kq->mk", whole.x, fits.vcov, whole.x) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        out = (y - fits.coef @ whole.x.T) / np.sqrt(total * (1.0 - hat))
    return np.where(fits.converged[:, None], out, np.nan)


def _external(result: PooledResult | RegressionResult, whole: Whole, y: Array) -> Array:
    """Externally studentised residuals of each row of `y`, k deleted fits a row, in parts of bounded size."""
    m, k = y.shape
    out = np.empty((m, k))
    rows = max(1, CELLS // (k * k))
    for start in range(0, m, rows):
        part = y[start : start + rows]
        size = part.shape[0]
        fits = _fit(result, np.repeat(part, k, axis=0), np.tile(1.0 - np.eye(k), (size, 1)))
        x = np.tile(whole.x, (size, 1))
        spread = np.einsum("np,npq,nq->n", x, fits.vcov, x)
        gap = part.ravel() - np.einsum("np,np->n", x, fits.coef)
        total = np.tile(result.effects.v, size) + fits.tau2 + spread
        out[start : start + size] = np.where(fits.converged, gap / np.sqrt(total), np.nan).reshape(size, k)
    return out
