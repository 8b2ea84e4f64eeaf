"""The numeric kernel: many inverse-variance fits at once, arrays in and frozen records of arrays out.

Everything here works on the last axis (the studies) of a `Problem` and is vectorised over the fits before it.

Symbols: W = diag(1 / (v + tau2)), P = W - W X (X'WX)^-1 X'W. A study counted n times stands for n equal rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.errors import InputError
from metaket.pooling.problem import BLOCK, WIDE, Problem, blocks, survivors

__all__ = [
    "BLOCK",
    "WIDE",
    "Gls",
    "Moments",
    "Problem",
    "blocks",
    "dot",
    "gls",
    "gram",
    "mended",
    "moments",
    "others",
    "survivors",
    "trace_p",
    "weighted",
]

EQUAL = 1e-26  # Q over that of the mean from 0, below which effects are equal but for rounding
LEFT = 1e-4  # share of a sum that a difference must leave to keep twelve digits


def dot(a: Array, b: Array) -> Array:
    """Sum of products over the studies: (m, k), (m, k) -> (m,)."""
    out: Array = np.einsum("...k,...k->...", a, b)
    return out


@dataclass(frozen=True, slots=True)
class Gls:
    """Generalised least squares at given weights.

    Attributes
    ----------
    coef : ndarray, shape (m, p)
    vcov : ndarray, shape (m, p, p)
        (X'WX)^-1.
    q : ndarray, shape (m,)
        y'Py, the weighted residual sum of squares.
    resid : ndarray, shape (m, k)
        y - X coef.
    """

    coef: Array
    vcov: Array
    q: Array
    resid: Array


@dataclass(frozen=True, slots=True)
class Moments:
    """The four quantities that the likelihood equations for tau2 are made of, each of shape (m,).

    Each decreases in tau2, and so do both ratios (see `likelihood`).

    Attributes
    ----------
    f : y'PPy
    h : y'PPPy
    g1 : tr P (restricted likelihood) or tr W (likelihood)
    g2 : tr PP (restricted likelihood) or tr WW (likelihood)

    For a single fit they are floats.
    """

    f: Any
    h: Any
    g1: Any
    g2: Any


def gls(pr: Problem, w: Array) -> Gls:
    """Fit with weights `w` (m, k), any positive ones; P is then formed with diag(w)."""
    nw = pr.counted(w)
    if pr.x is None:
        s = nw.sum(axis=-1)
        mu = dot(nw, pr.y) / s
        resid = pr.y - mu[:, None]
        q = dot(nw * resid, resid)
        _equal_effects(pr, q < EQUAL * mu * mu * s, mu, resid, q)
        return Gls((mu + pr.origin)[:, None], (1.0 / s)[:, None, None], q, resid)
    inverse, solve_y = _normal_equations(pr, nw, pr.y)
    resid = pr.y - np.einsum("mkp,mp->mk", pr.x, solve_y)
    return Gls(solve_y, inverse, dot(nw * resid, resid), resid)


def _equal_effects(pr: Problem, maybe: npt.NDArray[np.bool_], mu: Array, resid: Array, q: Array) -> None:
    """Where all effects are one number the mean is that number and Q is 0, not what rounding leaves of it."""
    for i in np.flatnonzero(maybe) if maybe.any() else ():
        y = pr.y[i] if pr.n is None else pr.y[i, pr.n[i] > 0]
        if (y == y[0]).all():
            mu[i], resid[i], q[i] = y[0], 0.0, 0.0


def others(pr: Problem, a: Array) -> Array:
    """For each row the sum of `a` (m, k) over all other rows of its fit, without taking it off the whole sum."""
    na = pr.counted(a)
    out = np.zeros_like(na)
    np.cumsum(na[:, :-1], axis=-1, out=out[:, 1:])
    out[:, :-1] += np.cumsum(na[:, :0:-1], axis=-1)[:, ::-1]
    return out if pr.n is None else out + (pr.n - 1.0) * a


def trace_p(pr: Problem, w: Array) -> Array:
    """tr P for weights `w`; where sum w - sum w^2 / sum w loses digits, sum of w_i (sum of the others) / sum w."""
    nw = pr.counted(w)
    total = nw.sum(axis=-1)
    if pr.x is not None:
        inverse = np.asarray(np.linalg.inv(gram(pr, nw)), dtype=np.float64)
        return np.asarray(total - np.einsum("mpq,mqp->m", inverse, gram(pr, nw * w)))
    trace = np.asarray(total - dot(nw, w) / total)
    return mended(trace, total, lambda lost: dot(nw[lost], others(pr.take(lost), w[lost])) / total[lost])


def mended(found: Array, size: Array, again: Callable[[npt.NDArray[np.intp]], Array]) -> Array:
    """`found`, a difference of numbers of that `size`, computed `again` for the fits where digits were lost."""
    lost = survivors(~(found > LEFT * size))
    if lost.size:
        found[lost] = again(lost)
    return found


def weighted(pr: Problem, a: Array, t: Array) -> Gls:
    """Least squares with the user's weights `a` (m, k) where the variances are v + t, t of shape (m,).

    vcov is (X'AX)^-1 X'A S A X (X'AX)^-1 with S = diag(v + t); q is y'Py with P formed by 1 / (v + t), a chi-square
    on k - p degrees of freedom whatever the weights of the mean.
    """
    fit = gls(pr, a)
    s = pr.v + t[:, None]
    naas = pr.counted(a * a * s)
    meat = naas.sum(axis=-1)[:, None, None] if pr.x is None else gram(pr, naas)
    bread = fit.vcov
    return Gls(fit.coef, bread @ meat @ bread, gls(pr, 1.0 / s).q, fit.resid)


def moments(pr: Problem, t: Array, *, restricted: bool) -> Moments:
    """`Moments` at tau2 = t, for t of shape (m,)."""
    if pr.x is not None:
        return _moments_with_moderators(pr, pr.x, t, restricted)
    w = pr.weights(t)
    nw = pr.counted(w)
    nww = nw * w
    s1 = nw.sum(axis=-1)
    e = w * (pr.y - (dot(nw, pr.y) / s1)[:, None])  # one row's share of Py
    we = w * e
    f = dot(pr.counted(e), e)
    u = dot(nw, e)
    h = dot(pr.counted(we), e) - u * u / s1
    s2 = nww.sum(axis=-1)
    if restricted:
        ratio = s2 / s1
        found = Moments(f, h, s1 - ratio, s2 - 2.0 * dot(nww, w) / s1 + ratio * ratio)
    else:
        found = Moments(f, h, s1, s2)
    wide = survivors(pr.wide)
    if wide.size:
        careful = _wide_moments(pr.take(wide), t[wide], restricted)
        for name in ("h", "g1", "g2"):
            getattr(found, name)[wide] = getattr(careful, name)
    return found


def _wide_moments(pr: Problem, t: Array, restricted: bool) -> Moments:
    """The same without differences of nearly equal sums, for variances far apart (intercept only).

    h = y'PPPy is the weighted spread of e = Py, and taken about the e of the most precise study; tr P and tr PP are
    sums of positive products of each study's weight with the others'.
    """
    w = pr.weights(t)
    nw = pr.counted(w)
    s1 = nw.sum(axis=-1)
    mu = dot(nw, pr.y) / s1
    e = w * (pr.y - mu[:, None])
    d = e + (mu / (pr.v_min + t))[:, None]
    u = dot(nw, d)
    f, h = dot(pr.counted(e), e), dot(nw * d, d) - u * u / s1
    if not restricted:
        return Moments(f, h, s1, dot(nw, w))
    own, c = w * others(pr, w) / s1[:, None], w * w / s1[:, None]
    return Moments(f, h, pr.counted(own).sum(axis=-1), dot(pr.counted(own), own) + dot(pr.counted(c), others(pr, c)))


def _moments_with_moderators(pr: Problem, x: Array, t: Array, restricted: bool) -> Moments:
    w = pr.weights(t)
    nw = pr.counted(w)
    nww = nw * w
    inverse, coef = _normal_equations(pr, nw, pr.y)
    e = w * (pr.y - np.einsum("mkp,mp->mk", x, coef))
    f = dot(pr.counted(e), e)
    u = np.einsum("mkp,mk->mp", x, nw * e)
    h = dot(nw * e, e) - np.einsum("mp,mpq,mq->m", u, inverse, u)
    s1, s2 = nw.sum(axis=-1), nww.sum(axis=-1)
    if not restricted:
        return Moments(f, h, s1, s2)
    half = inverse @ gram(pr, nww)
    trace3 = np.einsum("mpq,mqp->m", inverse, gram(pr, nww * w))
    g1 = s1 - np.einsum("mpp->m", half)
    return Moments(f, h, g1, s2 - 2.0 * trace3 + np.einsum("mpq,mqp->m", half, half))


def gram(pr: Problem, w: Array) -> Array:
    """X' diag(w) X, shape (m, p, p)."""
    if pr.x is None:
        raise InputError("the intercept-only fit has no moderators")
    out: Array = np.swapaxes(pr.x, -1, -2) @ (pr.x * w[..., None])
    return out


def _normal_equations(pr: Problem, nw: Array, y: Array) -> tuple[Array, Array]:
    """(X'WX)^-1 and the coefficients for `y`.

    The columns of `x` are orthonormal (see `batch`), so the inverse of this small matrix is safe to form.
    """
    if pr.x is None:
        raise InputError("the intercept-only fit has no moderators")
    inverse: Array = np.asarray(np.linalg.inv(gram(pr, nw)), dtype=np.float64)
    coef: Array = np.einsum("mpq,mq->mp", inverse, np.einsum("mkp,mk->mp", pr.x, nw * y))
    return inverse, coef
