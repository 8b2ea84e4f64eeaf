"""The fit of all studies beside the k fits without one: what residuals, influence and Baujat's plot are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metaket._checks import Array
from metaket.diagnostics._refits import need_inverse_variance
from metaket.diagnostics._regression_refits import selected_fits
from metaket.errors import NotComputableError
from metaket.pooling.batch import Fits, fit_arrays
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult

__all__ = ["Deletion", "Whole", "deletion", "whole_fit"]


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """The fit of all studies.

    Attributes
    ----------
    x : ndarray, shape (k, p)
        The design; a column of ones where there are no moderators.
    names : tuple of str
    coef : ndarray, shape (p,)
    vcov : ndarray, shape (p, p)
        As the test has it (with Hartung and Knapp's factor).
    bread : ndarray, shape (p, p)
        (X'WX)^-1, without that factor.
    tau2 : float
    total : ndarray, shape (k,)
        v + tau2.
    hat : ndarray, shape (k,)
        Diagonal of X (X'WX)^-1 X'W.
    """

    x: Array
    names: tuple[str, ...]
    coef: Array
    vcov: Array
    bread: Array
    tau2: float
    total: Array
    hat: Array


@dataclass(frozen=True, slots=True, eq=False)
class Deletion:
    """The fits without one study each, beside the whole.

    Attributes
    ----------
    whole : Whole
    fits : Fits
        Arrays with a leading axis of k.
    factor : ndarray, shape (k,)
        What the test multiplies the covariance by in each of those fits (1, or Hartung and Knapp's factor).
    notes : tuple of str
        One a study, empty unless its fit has no numbers.
    """

    whole: Whole
    fits: Fits
    factor: Array
    notes: tuple[str, ...]


def whole_fit(result: PooledResult | RegressionResult, what: str) -> Whole:
    """The fit of `result` with its design and hat values."""
    need_inverse_variance(result, what)
    v = result.effects.v
    if isinstance(result, RegressionResult):
        x, names, coef, vcov = result.design.matrix, result.names, result.coef, result.vcov
    else:
        x, names = np.ones((v.size, 1)), ("intercept",)
        coef, vcov = np.array([result.estimate]), np.array([[result.std_error**2]])
    total = v + result.tau2
    orthonormal, triangle = np.linalg.qr(x / np.sqrt(total)[:, None])
    inverse = np.linalg.inv(triangle)
    hat = (orthonormal**2).sum(axis=1)
    return Whole(x, names, coef, vcov, inverse @ inverse.T, result.tau2, total, hat)


def deletion(result: PooledResult | RegressionResult, what: str) -> Deletion:
    """All fits without one study, in one call of the engine."""
    whole = whole_fit(result, what)
    k, p = whole.x.shape
    least = p + (1 if result.spec.test == "z" else 2)
    if k < least:
        raise NotComputableError(
            f"{what} needs at least {least} studies (test {result.spec.test!r}, {p} coefficient{'s' * (p > 1)}), "
            f"there {'is 1' if k == 1 else f'are {k}'}"
        )
    include = 1.0 - np.eye(k)
    if isinstance(result, RegressionResult):
        fits, notes = selected_fits(result, include)
    else:
        fits = fit_arrays(result.effects.y[None, :], result.effects.v[None, :], result.spec, include=include)
        notes = tuple("" if good else "tau2 did not converge" for good in fits.converged)
    return Deletion(whole, fits, _factor(result, whole, fits), notes)


def _factor(result: PooledResult | RegressionResult, whole: Whole, fits: Fits) -> Array:
    """The covariance of each deleted fit over (X'WX)^-1 of its studies."""
    k = result.effects.k
    if result.spec.test in ("z", "t"):
        return np.ones(k)
    w = (1.0 - np.eye(k)) / (result.effects.v + fits.tau2[:, None])
    known = np.isfinite(w).all(axis=1)
    information = np.einsum("kp,mk,kq->mpq", whole.x, w[known], whole.x)
    out = np.full(k, np.nan)
    out[known] = fits.vcov[known, 0, 0] / np.linalg.inv(information)[:, 0, 0]
    return out
