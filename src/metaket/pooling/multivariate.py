r"""Correlated effects: several outcomes, times or arms of a study in one model, by REML or ML.

.. math:: y = X\beta + Z u + e, \quad \mathrm{Var}(e) = V, \quad \mathrm{Var}(u) = I \otimes G(\theta)

V is the known sampling covariance (see `covariance`), G a structure over the levels of an inner factor within each
cluster (see `structures`), and further random intercepts (``nested``) may be added for three-level models. Value,
gradient and expected information are exact, for many fits at once; `scoring` climbs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.errors import DataError
from metaket.pooling.structures import Structure

__all__ = [
    "METHODS",
    "Covariances",
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

    def total(self, theta: Array) -> Array:
        """Covariance of the random effects of all rows, shape (..., n, n), for theta (..., size)."""
        out = np.zeros((*theta.shape[:-1], self.outer.size, self.outer.size))
        used = 0
        if self.structure is not None:
            used = self.structure.size
            out += self._over_rows(self.structure.matrix(theta[..., :used]))
        for i, group in enumerate(self.nested, start=used):
            out += theta[..., i, None, None] ** 2 * (group[:, None] == group[None, :])
        return out

    def derivatives(self, theta: Array) -> Array:
        """Its derivatives, shape (..., size, n, n)."""
        out = np.zeros((*theta.shape, self.outer.size, self.outer.size))
        used = 0
        if self.structure is not None:
            used = self.structure.size
            out[..., :used, :, :] = self._over_rows(self.structure.derivatives(theta[..., :used]))
        for i, group in enumerate(self.nested, start=used):
            out[..., i, :, :] = 2.0 * theta[..., i, None, None] * (group[:, None] == group[None, :])
        return out

    def rescale(self, theta: Array, factor: float) -> Array:
        """The parameters for effects multiplied by `factor`: standard deviations scale, correlations stay."""
        out = theta.copy()
        used = self.structure.size if self.structure is not None else 0
        if self.structure is not None:
            out[..., : self.structure.n_sd] *= factor
        out[..., used:] *= factor
        return out

    def _over_rows(self, g: Array) -> Array:
        """A matrix over the levels (..., q, q), on the rows of the same cluster: (..., n, n)."""
        same = self.outer[:, None] == self.outer[None, :]
        return np.asarray(g[..., self.inner[:, None], self.inner[None, :]] * same)


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
    weight : ndarray, shape (..., n, n)
    """

    value: Any
    gradient: Array
    information: Array
    coef: Array
    vcov: Array
    weight: Array


def indicator(values: Sequence[Any]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Codes and labels of a factor, in the order of its sorted values (numbers as numbers)."""
    distinct = sorted(
        set(values), key=lambda v: (0, v, "") if isinstance(v, int | float | np.number) else (1, 0, str(v))
    )
    index = {value: i for i, value in enumerate(distinct)}
    labels = tuple(f"{v:g}" if isinstance(v, float | np.floating) else str(v) for v in distinct)
    return np.array([index[v] for v in values], dtype=np.int64), labels


def evaluate(y: Array, x: Array, v: Array, parts: Covariances, theta: Array, restricted: bool) -> Likelihood:
    """Log-likelihood with metafor's constants, its gradient and expected information in theta.

    `v` (..., n, n) and `theta` (..., a) may hold many fits of the same y (n,) and x (n, p).
    """
    n, p = x.shape
    weight: Array = np.asarray(np.linalg.inv(v + parts.total(theta)), dtype=np.float64)
    sign, logdet = np.linalg.slogdet(weight)
    if np.any(sign <= 0):
        raise DataError("the sampling covariance V is not positive definite")
    xtw = x.T @ weight
    vcov: Array = np.asarray(np.linalg.inv(xtw @ x), dtype=np.float64)
    coef: Array = (vcov @ (xtw @ y)[..., None])[..., 0]
    projection = weight - np.swapaxes(xtw, -1, -2) @ vcov @ xtw
    py = projection @ y
    value = -0.5 * (n * np.log(2 * np.pi) - logdet + py @ y)
    inner = weight
    if restricted:
        inner = projection
        value = value + 0.5 * (p * np.log(2 * np.pi) + np.linalg.slogdet(vcov)[1] + np.linalg.slogdet(x.T @ x)[1])
    slopes = parts.derivatives(theta)
    products = inner[..., None, :, :] @ slopes
    gradient = 0.5 * (np.einsum("...i,...aij,...j->...a", py, slopes, py) - np.einsum("...aii->...a", products))
    information = 0.5 * np.einsum("...aij,...bji->...ab", products, products)
    return Likelihood(value, gradient, information, coef, vcov, weight)


def spread_of(y: Array, v: Array) -> float:
    """A length to measure effects with: results then scale with the data."""
    return float(np.sqrt(np.mean(np.diag(v)) + np.var(y)))
