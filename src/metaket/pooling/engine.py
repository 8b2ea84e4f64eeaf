"""The numeric kernel: many inverse-variance fits at once, arrays in and frozen records of arrays out.

Everything here works on the last axis (the studies) and is vectorised over the fits before it. A block of fits is
kept with the *fits* contiguous in memory, so that a sum over ten studies is ten vector additions over thousands of
fits, and small enough to stay in the processor's cache.

Symbols: W = diag(1 / (v + tau2)), P = W - W X (X'WX)^-1 X'W. A study counted n times stands for n equal rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket.errors import InputError

__all__ = ["BLOCK", "Gls", "Moments", "Problem", "blocks", "dot", "gls", "gram", "moments", "weighted"]

BLOCK = 131_072  # study cells a block: large enough to spread the cost of a call, a megabyte an array


def dot(a: Array, b: Array) -> Array:
    """Sum of products over the studies: (m, k), (m, k) -> (m,)."""
    out: Array = np.einsum("...k,...k->...", a, b)
    return out


@dataclass(frozen=True, slots=True)
class Problem:
    """A block of fits.

    Attributes
    ----------
    y, v : ndarray, shape (m, k)
        Effects and sampling variances; cells that do not count hold 0 and 1.
    n : ndarray, shape (m, k), or None
        How often each study counts (None: all once).
    x : ndarray, shape (m, k, p), or None
        Moderators; None is the intercept alone.
    k : ndarray, shape (m,)
        Number of studies counted.
    v_min, v_max : ndarray, shape (m,)
        Range of the variances of the studies that count.
    """

    y: Array
    v: Array
    n: Array | None
    x: Array | None
    k: Array
    v_min: Array
    v_max: Array

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return 1 if self.x is None else self.x.shape[-1]

    @property
    def df(self) -> Array:
        """Residual degrees of freedom, k - p."""
        return self.k - self.p

    @classmethod
    def of(cls, y: Array, v: Array, n: Array | None = None, x: Array | None = None) -> Problem:
        """Lay out (m, k) arrays with the fits contiguous; neutralise the cells that do not count."""
        if n is not None:
            counted = n > 0
            y, v = np.where(counted, y, 0.0), np.where(counted, v, 1.0)
            v_min = np.where(counted, v, np.inf).min(axis=-1)
            v_max = np.where(counted, v, -np.inf).max(axis=-1)
            k = n.sum(axis=-1)
            n = np.asfortranarray(n)
        else:
            v_min, v_max = v.min(axis=-1), v.max(axis=-1)
            k = np.full(y.shape[0], float(y.shape[-1]))
        return cls(np.asfortranarray(y), np.asfortranarray(v), n, x, k, v_min, v_max)

    def take(self, which: np.ndarray) -> Problem:
        """The chosen fits alone (boolean mask or indices over m)."""

        index = np.flatnonzero(which) if which.dtype == bool else which

        def rows(a: Array) -> Array:
            return a.T.take(index, axis=1).T  # reads and writes along the fits, which are contiguous

        return Problem(
            rows(self.y),
            rows(self.v),
            None if self.n is None else rows(self.n),
            None if self.x is None else self.x[which],
            self.k[which],
            self.v_min[which],
            self.v_max[which],
        )

    def counted(self, a: Array) -> Array:
        """`a` times how often each study counts."""
        return a if self.n is None else self.n * a

    def weights(self, t: Array) -> Array:
        """1 / (v + t) for one t a fit: (m,) -> (m, k)."""
        out: Array = 1.0 / (self.v + t[:, None])
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
    trace_p : ndarray, shape (m,)
        tr P.
    """

    coef: Array
    vcov: Array
    q: Array
    resid: Array
    trace_p: Array


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
        return Gls(mu[:, None], (1.0 / s)[:, None, None], dot(nw * resid, resid), resid, s - dot(nw, w) / s)
    inverse, solve_y = _normal_equations(pr, nw, pr.y)
    resid = pr.y - np.einsum("mkp,mp->mk", pr.x, solve_y)
    trace = nw.sum(axis=-1) - np.einsum("mpq,mqp->m", inverse, gram(pr, nw * w))
    return Gls(solve_y, inverse, dot(nw * resid, resid), resid, trace)


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
    return Gls(fit.coef, bread @ meat @ bread, gls(pr, 1.0 / s).q, fit.resid, fit.trace_p)


def moments(pr: Problem, t: Array, *, restricted: bool) -> Moments:
    """`Moments` at tau2 = t, for t of shape (m,)."""
    w = pr.weights(t)
    nw = pr.counted(w)
    nww = nw * w
    if pr.x is None:
        s1 = nw.sum(axis=-1)
        e = w * (pr.y - (dot(nw, pr.y) / s1)[:, None])  # one row's share of Py
        we = w * e
        f = dot(pr.counted(e), e)
        u = dot(nw, e)
        h = dot(pr.counted(we), e) - u * u / s1
        s2 = nww.sum(axis=-1)
        if not restricted:
            return Moments(f, h, s1, s2)
        ratio = s2 / s1
        return Moments(f, h, s1 - ratio, s2 - 2.0 * dot(nww, w) / s1 + ratio * ratio)
    inverse, coef = _normal_equations(pr, nw, pr.y)
    e = w * (pr.y - np.einsum("mkp,mp->mk", pr.x, coef))
    f = dot(pr.counted(e), e)
    u = np.einsum("mkp,mk->mp", pr.x, nw * e)
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


def blocks(m: int, k: int) -> Iterator[slice]:
    """Slices over m fits of k studies, each small enough for the cache."""
    size = max(1, BLOCK // max(k, 1))
    for start in range(0, m, size):
        yield slice(start, min(start + size, m))
