"""The one way from arrays to fits: `fit_arrays` for every caller, `pool_many` for users with many meta-analyses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, check_level, float_array
from metaket._distributions import critical, two_sided_p
from metaket.errors import InputError
from metaket.pooling.block import Fits, fit_block
from metaket.pooling.engine import blocks
from metaket.pooling.heterogeneity import i2_h2_from_q, i2_h2_from_tau2, q_p_value
from metaket.pooling.spec import PoolSpec

__all__ = ["BatchResult", "Fits", "fit_arrays", "pool_many"]

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]


def fit_arrays(
    y: Numbers,
    v: Numbers,
    spec: PoolSpec,
    *,
    include: Numbers | None = None,
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
    given = [y, v] if include is None else [y, v, include]
    shape = np.broadcast_shapes(*(a.shape for a in given))
    basis, triangle = (None, None) if x is None else np.linalg.qr(x)

    def fit(part: slice) -> tuple[Numbers, ...]:
        cut = [_rows(a, shape, part) for a in given]
        fits = fit_block(cut[0], cut[1], cut[2] if len(cut) == 3 else None, basis, spec, weights)
        return _columns(fits if triangle is None else _unrotate(fits, triangle))

    return Fits(*_by_block(shape, fit))


def _columns(record: Fits) -> tuple[Numbers, ...]:
    return tuple(getattr(record, f.name) for f in fields(record))


def _rows(a: Numbers, shape: tuple[int, ...], part: slice) -> Array:
    """The fits of one block as float64 (n, k): no more of a broadcast or an integer array is ever written out."""
    lead = shape[:-1]
    a = np.broadcast_to(a, shape)
    if len(lead) != 1:
        a = a[np.unravel_index(np.arange(part.start, part.stop), lead)] if lead else a[None]
    else:
        a = a[part]
    return np.asarray(a, dtype=np.float64)


def _by_block(shape: tuple[int, ...], answer: Callable[[slice], tuple[Numbers, ...]]) -> tuple[Numbers, ...]:
    """What `answer` says of all fits of (..., k), each block copied to its place as it comes."""
    m = math.prod(shape[:-1])
    parts = list(blocks(m, shape[-1])) or [slice(0, 0)]
    first = answer(parts[0])
    if len(parts) == 1:
        return first
    whole = tuple(np.empty((m, *a.shape[1:]), dtype=a.dtype) for a in first)
    _place(whole, first, parts[0])
    for part in parts[1:]:
        _place(whole, answer(part), part)
    return whole


def _place(whole: tuple[Numbers, ...], piece: tuple[Numbers, ...], part: slice) -> None:
    for target, values in zip(whole, piece, strict=True):
        target[part] = values


def _unrotate(fits: Fits, triangle: Array) -> Fits:
    """Back from the orthonormal basis: X = Q R, so coef = R^-1 gamma."""
    inverse = np.linalg.inv(triangle)
    return replace(fits, coef=fits.coef @ inverse.T, vcov=inverse @ fits.vcov @ inverse.T)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Many pooled results; every array has the leading shape of the input.

    Attributes
    ----------
    estimate, std_error, statistic, df, p_value : ndarray, shape (...)
        Where all effects are equal Hartung and Knapp's `std_error` is 0, and `statistic` and `p_value` are NaN.
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
        How often each study counts, a whole number: 0 leaves it out (its y and v may then be NaN), 2 counts it twice.
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
    given = [_numbers("y", y), _numbers("v", v)]
    if include is not None:
        given.append(_numbers("include", include))
    try:
        shape = np.broadcast_shapes(*(a.shape for a in given))
    except ValueError:
        shapes = ", ".join(str(a.shape) for a in given)
        raise InputError(f"y, v and include must broadcast to one shape, got {shapes}") from None
    if not shape or shape[-1] == 0:
        raise InputError("no study left: the last axis of y is empty")

    def answer(part: slice) -> tuple[Numbers, ...]:
        cut = [_rows(a, shape, part) for a in given]
        return _told(fit_block(cut[0], cut[1], cut[2] if len(cut) == 3 else None, None, spec), spec)

    names = (f.name for f in fields(BatchResult) if f.name != "spec")
    values = {n: a.reshape(shape[:-1]) for n, a in zip(names, _by_block(shape, answer), strict=True)}
    return BatchResult(**values, spec=spec)


def _numbers(name: str, value: Any) -> Numbers:
    """`value` as an array of numbers, of whatever precision it has; each block is made float64 when its turn comes."""
    found = np.asarray(value) if not isinstance(value, np.ndarray) else value
    return found if found.dtype.kind in "biuf" else float_array(name, found)


def _told(fits: Fits, spec: PoolSpec) -> tuple[Numbers, ...]:
    """The arrays of a `BatchResult`, in its order."""
    estimate = fits.coef[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        std_error = np.sqrt(fits.vcov[:, 0, 0])
        statistic = np.where(std_error > 0, estimate / std_error, np.nan)
    if spec.i2 == "Q":
        i2, h2 = i2_h2_from_q(fits.q, fits.q_df)
    else:
        i2, h2 = i2_h2_from_tau2(fits.tau2, fits.typical)
    p_value, q_p = two_sided_p(statistic, fits.df), q_p_value(fits.q, fits.q_df)
    effect = estimate, std_error, statistic, fits.df, p_value
    return *effect, fits.tau2, fits.se_tau2, fits.q, fits.q_df, q_p, i2, h2, fits.k, fits.converged, fits.n_iter
