"""One block of fits: from checked arrays to coefficients, tau2 and what inference needs of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.pooling.engine import Gls, Problem, gls, survivors, trace_p, weighted
from metaket.pooling.inference import TESTS
from metaket.pooling.spec import PoolSpec
from metaket.pooling.tau2 import ESTIMATORS, Tau2

__all__ = ["Fits", "fit_block", "out_of_range"]

Bools = npt.NDArray[np.bool_]
PLAIN = 1e30  # variances and squared effects between its inverse and it keep cubes of weights well within doubles
SPAN = 1e45  # largest effect or standard error over the smallest standard error: the cube of its square still fits
LARGEST = 1e150  # of effects and standard errors, whose squares must fit
MOST = 2.0**31  # times that a study may count
ILL_CONDITIONED = 1e10  # of X'WX: beyond it fewer than six digits are left


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
    """Fit the (m, k) arrays of one block; `basis` (k, p) has orthonormal columns."""
    known = spec.tau2 if isinstance(spec.tau2, float) and spec.model != "common" else 0.0
    usable, power = _checked(y, v, n, known)
    if not usable.all():
        keep = usable[:, None]
        y, v, n = np.where(keep, y, 0.0), np.where(keep, v, 1.0), None if n is None else np.where(keep, n, 1.0)
    if power is not None:
        y, v = np.ldexp(y, -power[:, None]), np.ldexp(v, -2 * power[:, None])
    x = None if basis is None else np.broadcast_to(basis, (*y.shape, basis.shape[-1]))
    pr = Problem.of(y, v, n, x)
    usable = usable & (pr.k >= pr.p)
    value = np.full(y.shape[0], known) if power is None else np.ldexp(known, -2 * power)
    with np.errstate(all="ignore"):  # what is not finite in the end is flagged
        out = _fitted(pr, spec, weights, usable, value)
        if power is not None:
            out = _scaled(out, power)
        bad = ~(usable & np.isfinite(out.coef).all(axis=-1) & np.isfinite(out.tau2) & np.isfinite(out.q))
        out.converged[np.isinf(out.se_tau2)] = False
    return _blank(out, bad) if bad.any() else out


def _fitted(pr: Problem, spec: PoolSpec, weights: Array | None, usable: Bools, known: Array) -> Fits:
    w = 1.0 / pr.v
    null = gls(pr, w)
    typical = pr.df / trace_p(pr, w)
    found = _between(pr, spec, weights, usable, known)
    fit = _coefficients(pr, found.value, weights)
    vcov, df = TESTS[spec.test].func(fit.vcov, fit.q, pr.df)
    q = np.where(pr.df > 0, null.q, 0.0)
    sound = found.converged & (df > 0) & np.isfinite(fit.vcov).all(axis=(-2, -1))
    if pr.x is not None:
        sound &= pr.counted(w).sum(axis=-1) * np.trace(null.vcov, axis1=-2, axis2=-1) < ILL_CONDITIONED
    return Fits(fit.coef, vcov, df, found.value, found.se, q, pr.df, typical, pr.k, sound, found.n_iter)


def _checked(y: Array, v: Array, n: Array | None, known: float) -> tuple[Bools, npt.NDArray[np.int64] | None]:
    """Which fits have usable data, and the powers of two that their effects are divided by (None: all by 1).

    Dividing by a power of two changes no digit. It is done where squares and cubes of the weights could leave the
    range of doubles, and cannot help where effects or standard errors differ by more than `SPAN`.
    """
    usable: Bools = np.ones(y.shape[0], dtype=bool)
    if known <= PLAIN and _all_plain(y, v, n):
        return usable, None
    counted = np.isfinite(y) & np.isfinite(v) & (v > 0)
    size, least, most = np.abs(y), v, v
    with np.errstate(invalid="ignore"):
        if n is not None:
            counted = (counted | (n == 0)) & (n >= 0) & (n == np.floor(n)) & (n <= MOST)
            size, most, least = np.where(n > 0, size, 0.0), np.where(n > 0, v, 0.0), np.where(n > 0, v, np.inf)
        size, small = np.maximum(size, np.sqrt(np.maximum(most, known))).max(axis=-1), np.sqrt(least.min(axis=-1))
        spans = (size <= SPAN * small) & (size <= LARGEST) & (small >= 1 / LARGEST)
        plain = (size <= np.sqrt(PLAIN)) & (small >= 1 / np.sqrt(PLAIN))
    usable = np.asarray(counted.all(axis=-1) & spans)
    plain |= ~usable
    return usable, None if plain.all() else np.where(plain, 0, np.frexp(size)[1].astype(np.int64))


def out_of_range(y: Array, v: Array) -> str:
    """What to say of one table whose data are good and whose fit is not: (k,), (k,) -> a sentence."""
    return (
        f"effects up to {np.abs(y).max():.3g} in size with sampling variances of {v.min():.3g} to {v.max():.3g} are "
        f"out of the range of double precision: both effects and standard errors must be below {LARGEST:g}, and "
        f"standard errors above {1 / LARGEST:g} and {1 / SPAN:g} of the largest of both; "
        "check the units, or leave out the study that is far off"
    )


def _all_plain(y: Array, v: Array, n: Array | None) -> bool:
    """Whether nothing in the block needs a closer look, at the price of two passes over it."""
    if y.size == 0:
        return False
    if n is None:
        low, high, least, most = y.min(), y.max(), v.min(), v.max()
    elif 0.0 <= n.min() <= n.max() <= MOST and np.array_equal(n, np.floor(n)):
        on = n > 0
        low, high = y.min(where=on, initial=0.0), y.max(where=on, initial=0.0)
        least, most = v.min(where=on, initial=1.0), v.max(where=on, initial=1.0)
    else:
        return False
    far = math.sqrt(PLAIN)
    return bool(-far <= low <= high <= far and 1 / PLAIN <= least <= most <= PLAIN)


def _scaled(fits: Fits, power: npt.NDArray[np.int64]) -> Fits:
    """Back to the scale of the data."""
    twice = 2 * power
    return replace(
        fits,
        coef=np.ldexp(fits.coef, power[:, None]),
        vcov=np.ldexp(fits.vcov, twice[:, None, None]),
        tau2=np.ldexp(fits.tau2, twice),
        se_tau2=np.ldexp(fits.se_tau2, twice),
        typical=np.ldexp(fits.typical, twice),
    )


def _coefficients(pr: Problem, tau2: Array, weights: Array | None) -> Gls:
    """With weights 1 / (v + tau2), or with the user's."""
    if weights is None:
        return gls(pr, pr.weights(tau2))
    return weighted(pr, np.broadcast_to(weights, pr.y.shape), tau2)


def _between(pr: Problem, spec: PoolSpec, weights: Array | None, usable: Bools, known: Array) -> Tau2:
    """tau2 by the spec's method, or the known one; 0 where there is nothing to estimate it from."""
    m = pr.y.shape[0]
    if spec.model == "common" or not isinstance(spec.tau2, str):
        return Tau2(known, np.full(m, np.nan), np.ones(m, dtype=bool), np.zeros(m, dtype=np.int64))
    estimable = usable & (pr.df > 0)
    method = ESTIMATORS[spec.tau2].func
    shared = None if weights is None else np.broadcast_to(weights, pr.y.shape)
    if estimable.all():
        return method(pr, shared)
    out = Tau2(np.zeros(m), np.full(m, np.nan), np.ones(m, dtype=bool), np.zeros(m, dtype=np.int64))
    if estimable.any():
        these = survivors(estimable)
        some = method(pr.take(these), None if shared is None else shared[these])
        for f in fields(Tau2):
            getattr(out, f.name)[these] = getattr(some, f.name)
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
