"""One block of fits: from checked arrays to coefficients, tau2 and what inference needs of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.pooling.engine import Gls, Problem, gls, weighted
from metaket.pooling.inference import TESTS
from metaket.pooling.spec import PoolSpec
from metaket.pooling.tau2 import ESTIMATORS, Tau2

__all__ = ["Fits", "fit_block"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fits:
    """Many fits, one per leading index.

    Attributes
    ----------
    coef : ndarray, shape (m, p)
    vcov : ndarray, shape (m, p, p)
        Covariance of `coef` under the chosen test.
    df : ndarray, shape (m,)
        Degrees of freedom of the test; infinite for the normal one.
    tau2, se_tau2 : ndarray, shape (m,)
    q, q_df : ndarray, shape (m,)
        Q at tau2 = 0 and k - p.
    typical : ndarray, shape (m,)
        (k - p) / tr P at tau2 = 0, the typical sampling variance.
    k : ndarray, shape (m,)
    converged : ndarray of bool, shape (m,)
        False too where the fit's data are not usable (its numbers are then NaN), and where a t-type test has no degree
        of freedom (what depends on it is then NaN).
    n_iter : ndarray of int, shape (m,)
    """

    coef: Array
    vcov: Array
    df: Array
    tau2: Array
    se_tau2: Array
    q: Array
    q_df: Array
    typical: Array
    k: Array
    converged: Bools
    n_iter: npt.NDArray[np.int64]


def fit_block(
    y: Array, v: Array, n: Array | None, basis: Array | None, spec: PoolSpec, weights: Array | None = None
) -> Fits:
    counted = np.isfinite(y) & np.isfinite(v) & (v > 0)
    if n is not None:
        counted = (counted | (n == 0)) & (n >= 0)
    usable: Bools = np.all(counted, axis=-1, keepdims=False)
    if not usable.all():
        y, v = np.where(usable[:, None], y, 0.0), np.where(usable[:, None], v, 1.0)
        n = None if n is None else np.where(usable[:, None], n, 1.0)
    x = None if basis is None else np.broadcast_to(basis, (*y.shape, basis.shape[-1]))
    pr = Problem.of(y, v, n, x)
    usable = usable & (pr.k >= pr.p)
    with np.errstate(divide="ignore", invalid="ignore"):
        null = gls(pr, pr.weights(np.zeros(y.shape[0])))
        found = _between(pr, spec, weights, usable)
        fit = _coefficients(pr, found.value, weights)
        vcov, df = TESTS[spec.test].func(fit.vcov, fit.q, pr.df)
        typical = pr.df / null.trace_p
    q = np.where(pr.df > 0, null.q, 0.0)
    sound = found.converged & (df > 0)
    out = Fits(fit.coef, vcov, df, found.value, found.se, q, pr.df, typical, pr.k, sound, found.n_iter)
    return out if usable.all() else _blank(out, ~usable)


def _coefficients(pr: Problem, tau2: Array, weights: Array | None) -> Gls:
    """With weights 1 / (v + tau2), or with the user's."""
    if weights is None:
        return gls(pr, pr.weights(tau2))
    return weighted(pr, np.broadcast_to(weights, pr.y.shape), tau2)


def _between(pr: Problem, spec: PoolSpec, weights: Array | None, usable: Bools) -> Tau2:
    """tau2 by the spec's method; 0 for the common-effect model and where there is nothing to estimate it from."""
    m = pr.y.shape[0]
    if spec.model == "common" or not isinstance(spec.tau2, str):
        value = 0.0 if spec.model == "common" else float(spec.tau2)
        return Tau2(np.full(m, value), np.full(m, np.nan), np.ones(m, dtype=bool), np.zeros(m, dtype=np.int64))
    estimable = usable & (pr.df > 0)
    method = ESTIMATORS[spec.tau2].func
    shared = None if weights is None else np.broadcast_to(weights, pr.y.shape)
    if estimable.all():
        return method(pr, shared)
    out = Tau2(np.zeros(m), np.full(m, np.nan), np.ones(m, dtype=bool), np.zeros(m, dtype=np.int64))
    if estimable.any():
        some = method(pr.take(estimable), None if shared is None else shared[estimable])
        for f in fields(Tau2):
            getattr(out, f.name)[estimable] = getattr(some, f.name)
    return out


def _blank(fits: Fits, bad: Bools) -> Fits:
    """NaN in the numbers of the unusable fits, and `converged` False."""

    def clean(name: str, a: Any) -> Any:
        if name in ("k", "q_df", "n_iter"):
            return a
        a = np.array(a)
        a[bad] = False if name == "converged" else np.nan
        return a

    return Fits(*(clean(f.name, getattr(fits, f.name)) for f in fields(Fits)))
