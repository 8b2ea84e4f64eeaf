"""The one way from arrays to fits: `fit_arrays` for every caller, `pool_many` for users with many meta-analyses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, check_level, float_array
from metaket._distributions import critical, two_sided_p
from metaket.errors import InputError
from metaket.pooling.engine import Gls, Problem, blocks, gls, weighted
from metaket.pooling.heterogeneity import i2_h2_from_q, i2_h2_from_tau2, q_p_value
from metaket.pooling.inference import TESTS
from metaket.pooling.spec import PoolSpec
from metaket.pooling.tau2 import ESTIMATORS, Tau2

__all__ = ["BatchResult", "Fits", "fit_arrays", "pool_many"]

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


def fit_arrays(
    y: Array,
    v: Array,
    spec: PoolSpec,
    *,
    include: Array | None = None,
    x: Array | None = None,
    weights: Array | None = None,
) -> Fits:
    """Fit (m, k) arrays block by block; memory beyond the answer is that of one block.

    Parameters
    ----------
    y, v : ndarray, shape (m, k)
        A leading axis of length 1 is shared by all fits.
    include : ndarray, shape (m, k), optional
    x : ndarray, shape (k, p), optional
        Design matrix, shared by all fits.
    weights : ndarray, shape (k,), optional
        For ``tau2="GENQ"``: those of the generalised Q, and of the coefficients.
    """
    m = max(y.shape[0], v.shape[0], 1 if include is None else include.shape[0])
    k = y.shape[-1]
    basis, triangle = (None, None) if x is None else np.linalg.qr(x)

    def fit(part: slice) -> Fits:
        def cut(a: Array) -> Array:
            return np.broadcast_to(a, (part.stop - part.start, k)) if a.shape[0] == 1 else a[part]

        return _fit_block(cut(y), cut(v), None if include is None else cut(include), basis, spec, weights)

    parts = blocks(m, k)
    part = next(parts)
    whole = fit(part)
    if part.stop < m:
        whole = _in_pieces(m, part, whole, ((part, fit(part)) for part in parts))
    return whole if triangle is None else _unrotate(whole, triangle)


def _in_pieces(m: int, part: slice, found: Fits, rest: Iterator[tuple[slice, Fits]]) -> Fits:
    """All m fits, each block copied to its place as it comes."""
    arrays = (getattr(found, f.name) for f in fields(Fits))
    whole = Fits(*(np.empty((m, *a.shape[1:]), dtype=a.dtype) for a in arrays))
    for place, piece in chain([(part, found)], rest):
        for f in fields(Fits):
            getattr(whole, f.name)[place] = getattr(piece, f.name)
    return whole


def _unrotate(fits: Fits, triangle: Array) -> Fits:
    """Back from the orthonormal basis: X = Q R, so coef = R^-1 gamma."""
    inverse = np.linalg.inv(triangle)
    coef = fits.coef @ inverse.T
    vcov = inverse @ fits.vcov @ inverse.T
    return Fits(coef, vcov, *(getattr(fits, f.name) for f in fields(Fits)[2:]))


def _fit_block(y: Array, v: Array, n: Array | None, basis: Array | None, spec: PoolSpec, weights: Array | None) -> Fits:
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


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Many pooled results; every array has the leading shape of the input.

    Attributes
    ----------
    estimate, std_error, statistic, df, p_value : ndarray, shape (...)
    tau2, se_tau2, q, q_df, q_p, i2, h2, k : ndarray, shape (...)
    converged : ndarray of bool, shape (...)
        False where the fit did not converge, its data were not usable (its numbers are NaN), or a t-type test has no
        degree of freedom (`std_error` of Hartung-Knapp, `p_value` and `ci` are NaN).
    n_iter : ndarray of int, shape (...)
    spec : PoolSpec
    """

    estimate: Array
    std_error: Array
    statistic: Array
    df: Array
    p_value: Array
    tau2: Array
    se_tau2: Array
    q: Array
    q_df: Array
    q_p: Array
    i2: Array
    h2: Array
    k: Array
    converged: Bools
    n_iter: npt.NDArray[np.int64]
    spec: PoolSpec

    def ci(self, level: float = 0.95) -> tuple[Array, Array]:
        """Limits of the pooled effect at `level`, each of shape (...)."""
        half = critical(check_level(level), self.df) * self.std_error
        return self.estimate - half, self.estimate + half

    def to_frame(self, level: float = 0.95) -> Any:
        """One row a fit, in the order of the flattened leading axes."""
        import pandas as pd

        low, high = self.ci(level)
        names = [f.name for f in fields(self) if f.name != "spec"]
        columns = {name: np.ravel(getattr(self, name)) for name in names}
        columns["ci_low"], columns["ci_high"] = np.ravel(low), np.ravel(high)
        order = ["estimate", "std_error", "statistic", "df", "p_value", "ci_low", "ci_high"]
        return pd.DataFrame(columns)[[*order, *(n for n in names if n not in order)]]


def pool_many(
    y: npt.ArrayLike,
    v: npt.ArrayLike,
    include: npt.ArrayLike | None = None,
    *,
    model: str = "random",
    tau2: str | float = "REML",
    test: str = "z",
    i2: str = "tau2",
) -> BatchResult:
    r"""Pool many meta-analyses in one call.

    Parameters
    ----------
    y, v : array_like, shape (..., k)
        Effects, and sampling variances > 0 on the scale of y squared. Leading axes broadcast.
    include : array_like, shape (..., k), optional
        How often each study counts: 0 leaves it out (its y and v may then be NaN), 2 counts it twice.
    model, tau2, test, i2
        As in `pool`.

    Returns
    -------
    BatchResult
        Arrays with the broadcast leading shape. A fit with unusable data, or none left, is NaN and flagged in
        `converged`; so is a single study under a t-type test, which has its estimate but no interval. The others stand.

    Raises
    ------
    InputError
        If the shapes do not broadcast or an option is unknown.

    Notes
    -----
    :math:`\hat\mu = \sum w_i y_i / \sum w_i` with :math:`w_i = 1/(v_i + \hat\tau^2)`; see `pool`.

    Examples
    --------
    >>> import numpy as np, metaket as mk
    >>> y, v = np.array([0.1, 0.3, 0.5]), np.array([0.04, 0.05, 0.06])
    >>> left_out = mk.pool_many(y, v, include=1 - np.eye(3))
    >>> left_out.estimate.round(3).tolist()
    [0.391, 0.275, 0.189]
    """
    spec = PoolSpec.of(model, tau2, test, i2)
    if spec.model not in ("random", "common"):
        raise InputError(f"pool_many has the models random and common, not {spec.model!r}; use mk.pool for one table")
    if spec.tau2 == "GENQ":
        raise InputError("tau2 method 'GENQ' needs weights: use mk.pool(..., tau2='GENQ', weights=...)")
    arrays = [float_array("y", y), float_array("v", v)]
    if include is not None:
        arrays.append(float_array("include", include))
    try:
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise InputError(f"y, v and include must broadcast to one shape, got {shapes}") from None
    if not shape or shape[-1] == 0:
        raise InputError("no study left: the last axis of y is empty")
    flat = [_flatten(a, shape) for a in arrays]
    fits = fit_arrays(flat[0], flat[1], spec, include=flat[2] if include is not None else None)
    return _batch_result(fits, spec, shape[:-1])


def _flatten(a: Array, shape: tuple[int, ...]) -> Array:
    """(..., k) -> (m, k), keeping a leading axis of 1 where all fits share the array."""
    k = shape[-1]
    if a.size == k:
        return a.reshape(1, k) if int(np.prod(shape[:-1])) != 1 else a.reshape(-1, k)
    return np.broadcast_to(a, shape).reshape(-1, k)


def _batch_result(fits: Fits, spec: PoolSpec, shape: tuple[int, ...]) -> BatchResult:
    estimate = fits.coef[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        std_error = np.sqrt(fits.vcov[:, 0, 0])
        statistic = estimate / std_error
    if spec.i2 == "Q":
        i2, h2 = i2_h2_from_q(fits.q, fits.q_df)
    else:
        i2, h2 = i2_h2_from_tau2(fits.tau2, fits.typical)
    values = {
        "estimate": estimate,
        "std_error": std_error,
        "statistic": statistic,
        "df": fits.df,
        "p_value": two_sided_p(statistic, fits.df),
        "tau2": fits.tau2,
        "se_tau2": fits.se_tau2,
        "q": fits.q,
        "q_df": fits.q_df,
        "q_p": q_p_value(fits.q, fits.q_df),
        "i2": i2,
        "h2": h2,
        "k": fits.k,
        "converged": fits.converged,
        "n_iter": fits.n_iter,
    }
    full = int(np.prod(shape))
    shaped: dict[str, Any] = {name: np.broadcast_to(a, (full,)).reshape(shape) for name, a in values.items()}
    return BatchResult(**shaped, spec=spec)
