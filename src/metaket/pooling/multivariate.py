r"""Correlated effects: several outcomes, times or arms of a study in one model, by REML or ML.

.. math:: y = X\beta + Z u + e, \quad \mathrm{Var}(e) = V, \quad \mathrm{Var}(u) = I \otimes G(\theta)

V is the known sampling covariance (see `covariance`), G a structure over the levels of an inner factor within each
cluster (see `structures`), and further random intercepts (``nested``) may be added for three-level models. Value,
gradient and expected information are exact, for many fits at once; `scoring` climbs them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph

from metaket._checks import Array
from metaket.errors import DataError
from metaket.pooling.structures import Structure

__all__ = [
    "METHODS",
    "Covariances",
    "Data",
    "Likelihood",
    "evaluate",
    "indicator",
    "spread_of",
]

METHODS = ("REML", "ML")


@dataclass(frozen=True, slots=True)
class Covariances:
    """Where each row stands in the random effects.

    Attributes
    ----------
    structure : Structure or None
        The inner structure; None without one.
    inner : ndarray of int, shape (n,)
        Level of the inner factor of each row.
    outer : ndarray of int, shape (n,)
        Cluster of each row.
    nested : tuple of ndarray of int, each of shape (n,)
        Group of each row for every further random intercept.
    """

    structure: Structure | None
    inner: npt.NDArray[np.int64]
    outer: npt.NDArray[np.int64]
    nested: tuple[npt.NDArray[np.int64], ...] = ()

    @property
    def size(self) -> int:
        """Number of parameters: those of the structure, then one standard deviation each for the nested ones."""
        return (self.structure.size if self.structure else 0) + len(self.nested)

    @property
    def is_correlation(self) -> npt.NDArray[np.bool_]:
        """Which parameters are correlations, shape (size,); the others are standard deviations."""
        out = np.zeros(self.size, dtype=bool)
        if self.structure is not None:
            out[self.structure.n_sd : self.structure.size] = True
        return out

    def over_levels(self, theta: Array) -> tuple[Array, Array]:
        """G (..., q, q) and its derivatives (..., size of the structure, q, q); with q = 0 without a structure."""
        if self.structure is None:
            return np.empty((*theta.shape[:-1], 0, 0)), np.empty((*theta.shape[:-1], 0, 0, 0))
        part = theta[..., : self.structure.size]
        return self.structure.matrix(part), self.structure.derivatives(part)

    def total(self, theta: Array) -> Array:
        """Covariance of the random effects of all rows, shape (n, n)."""
        every = np.arange(self.outer.size)[None, :]
        return np.asarray(self.within(every, theta, self.over_levels(theta)[0])[0], dtype=np.float64)

    def within(self, rows: npt.NDArray[np.int64], theta: Array, g: Array) -> Array:
        """Covariance of the random effects among the rows of each block (B, b): shape (..., B, b, b)."""
        out = np.zeros((*theta.shape[:-1], *rows.shape, rows.shape[1]))
        if self.structure is not None:
            out += self._over_rows(rows, g)
        for i, group in enumerate(self.nested, start=self.size - len(self.nested)):
            out += theta[..., i, None, None, None] ** 2 * _same(group, rows)
        return out

    def slopes(self, rows: npt.NDArray[np.int64], theta: Array, dg: Array) -> Array:
        """Its derivatives, shape (..., size, B, b, b)."""
        out = np.zeros((*theta.shape, *rows.shape, rows.shape[1]))
        if self.structure is not None:
            out[..., : self.structure.size, :, :, :] = self._over_rows(rows, dg)
        for i, group in enumerate(self.nested, start=self.size - len(self.nested)):
            out[..., i, :, :, :] = 2.0 * theta[..., i, None, None, None] * _same(group, rows)
        return out

    def rescale(self, theta: Array, factor: float) -> Array:
        """The parameters for effects multiplied by `factor`: standard deviations scale, correlations stay."""
        out = theta.copy()
        used = self.structure.size if self.structure is not None else 0
        if self.structure is not None:
            out[..., : self.structure.n_sd] *= factor
        out[..., used:] *= factor
        return out

    def _over_rows(self, rows: npt.NDArray[np.int64], g: Array) -> Array:
        """A matrix over the levels (..., q, q) on those rows of a block that share the cluster: (..., B, b, b)."""
        level = self.inner[rows]
        return np.asarray(g[..., level[:, :, None], level[:, None, :]] * _same(self.outer, rows))


def _same(group: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether two rows of a block are of one group, shape (B, b, b)."""
    at = group[rows]
    return np.asarray(at[:, :, None] == at[:, None, :])


@dataclass(frozen=True, slots=True)
class Data:
    """Effects, cut into blocks that are independent of each other; blocks of one size stand together.

    Attributes
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    v : ndarray, shape (..., n, n)
        Sampling covariance; of many fits, on leading axes.
    parts : Covariances
    blocks : tuple of ndarray of int, each of shape (B, b)
        Rows of B blocks of b effects.
    """

    y: Array
    x: Array
    v: Array
    parts: Covariances
    blocks: tuple[npt.NDArray[np.int64], ...]

    @classmethod
    def of(cls, y: Array, x: Array, v: Array, parts: Covariances) -> Data:
        """Blocks are the rows that a random effect or the sampling covariance joins, directly or through others."""
        every = np.arange(y.size)[None, :]
        joined = np.any(v.reshape(-1, y.size, y.size) != 0.0, axis=0)
        for group in (*parts.nested, *([parts.outer] if parts.structure is not None else [])):
            joined |= _same(group, every)[0]
        count, block = csgraph.connected_components(joined, directed=False)
        rows = [np.flatnonzero(block == b) for b in range(count)]
        sizes = sorted({r.size for r in rows})
        return cls(y, x, v, parts, tuple(np.array([r for r in rows if r.size == size]) for size in sizes))

    def take(self, fits: npt.NDArray[np.bool_]) -> Data:
        """Those of the fits on the leading axis of `v`, which may be one covariance for all."""
        return replace(self, v=self.v[fits]) if self.v.shape[0] == fits.size else self


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Value, gradient and expected information at a point, with the fit there; of many fits, on leading axes.

    Attributes
    ----------
    value : float, or ndarray of shape (...)
    gradient : ndarray, shape (..., a)
    information : ndarray, shape (..., a, a)
    coef : ndarray, shape (..., p)
    vcov : ndarray, shape (..., p, p)
    """

    value: Any
    gradient: Array
    information: Array
    coef: Array
    vcov: Array


def indicator(values: Sequence[Any]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Codes and labels of a factor, in the order of its sorted values (numbers as numbers)."""
    distinct = sorted(
        set(values), key=lambda v: (0, v, "") if isinstance(v, int | float | np.number) else (1, 0, str(v))
    )
    index = {value: i for i, value in enumerate(distinct)}
    labels = tuple(f"{v:g}" if isinstance(v, float | np.floating) else str(v) for v in distinct)
    return np.array([index[v] for v in values], dtype=np.int64), labels


def evaluate(data: Data, theta: Array, restricted: bool) -> Likelihood:
    """Log-likelihood with metafor's constants, its gradient and expected information in theta (..., a).

    With W the inverse of Var(y), C that of X'WX, r the residuals and S_a the slopes of Var(y), the gradient is
    (r'W S_a W r - tr(P S_a)) / 2 and the information tr(P S_a P S_b) / 2, where P is W for ML and W - W X C X'W for
    REML. All are sums over blocks.
    """
    n, p = data.x.shape
    g, dg = data.parts.over_levels(theta)
    weights = [_inverse(data, rows, theta, g) for rows in data.blocks]
    wx = [w @ data.x[rows] for w, rows in zip(weights, data.blocks, strict=True)]
    both = list(zip(data.blocks, wx, strict=True))
    gram = sum(np.einsum("Bip,...Biq->...pq", data.x[rows], u) for rows, u in both)
    vcov: Array = np.asarray(np.linalg.inv(gram), dtype=np.float64)
    coef: Array = np.einsum(
        "...pq,...q->...p", vcov, sum(np.einsum("Bi,...Biq->...q", data.y[rows], u) for rows, u in both)
    )
    value = -0.5 * n * np.log(2.0 * np.pi) * np.ones(theta.shape[:-1])
    if restricted:
        value += 0.5 * (p * np.log(2.0 * np.pi) + np.linalg.slogdet(vcov)[1] + np.linalg.slogdet(data.x.T @ data.x)[1])
    pieces = [
        _piece(data, rows, data.parts.slopes(rows, theta, dg), w, u, coef, vcov if restricted else None)
        for rows, w, u in zip(data.blocks, weights, wx, strict=True)
    ]
    value = value + 0.5 * sum(piece[0] for piece in pieces)
    gradient = sum(piece[1] for piece in pieces)
    information = sum(piece[2] for piece in pieces)
    if restricted:
        shares = sum(piece[3] for piece in pieces) @ vcov[..., None, :, :]
        gradient = gradient + np.einsum("...app->...a", shares)
        information = information + np.einsum("...apq,...bqp->...ab", shares, shares)
    return Likelihood(value, 0.5 * np.asarray(gradient), 0.5 * np.asarray(information), coef, vcov)


def _inverse(data: Data, rows: npt.NDArray[np.int64], theta: Array, g: Array) -> Array:
    """Inverse of Var(y) in each block, shape (..., B, b, b)."""
    v = data.v[..., rows[:, :, None], rows[:, None, :]]
    return np.asarray(np.linalg.inv(v + data.parts.within(rows, theta, g)), dtype=np.float64)


def _piece(
    data: Data, rows: npt.NDArray[np.int64], slopes: Array, w: Array, wx: Array, coef: Array, vcov: Array | None
) -> tuple[Array, Array, Array, Array]:
    """Shares of blocks in log det W - r'Wr, in twice the gradient and the information, and X'W S_a W X (..., a, p, p).

    For REML the terms of the latter that are products of sums are left to `evaluate`.
    """
    sign, logdet = np.linalg.slogdet(w)
    if np.any(sign <= 0):
        raise DataError("the sampling covariance V is not positive definite")
    resid = data.y[rows] - np.einsum("Bip,...p->...Bi", data.x[rows], coef)
    wr = np.einsum("...Bij,...Bj->...Bi", w, resid)
    ws = w[..., None, :, :, :] @ slopes
    value = (logdet - np.einsum("...Bi,...Bi->...B", wr, resid)).sum(axis=-1)
    gradient = np.einsum("...Bi,...aBij,...Bj->...a", wr, slopes, wr) - np.einsum("...aBii->...a", ws)
    information = _flat(ws) @ np.swapaxes(_flat(np.swapaxes(ws, -1, -2)), -1, -2)
    if vcov is None:
        return value, gradient, information, np.empty(0)
    swx = slopes @ wx[..., None, :, :, :]  # (..., a, B, b, p)
    share = np.einsum("...Bip,...aBiq->...apq", wx, swx)
    left = w[..., None, :, :, :] @ swx @ vcov[..., None, None, :, :]
    information = information - 2.0 * _flat(left) @ np.swapaxes(_flat(swx), -1, -2)
    return value, gradient, information, share


def _flat(a: Array) -> Array:
    """The last three axes as one; its size in full, as a model without components has none to infer."""
    return a.reshape(*a.shape[:-3], math.prod(a.shape[-3:]))


def spread_of(y: Array, v: Array) -> float:
    """A length to measure effects with: results then scale with the data."""
    return float(np.sqrt(np.mean(np.diag(v)) + np.var(y)))
