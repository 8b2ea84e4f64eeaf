r"""Correlated effects: several outcomes, times or arms of a study in one model, by REML or ML.

.. math:: y = X\beta + Z u + e, \quad \mathrm{Var}(e) = V, \quad \mathrm{Var}(u) = I \otimes G(\theta)

V is the known sampling covariance (see `covariance`), G a structure over the levels of an inner factor within each
cluster (see `structures`), and further random intercepts (``nested``) may be added for three-level models. The
likelihood and its gradient are exact; the starting points cover small and large variances and correlations, and the
best of the optima is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

from metaket._checks import Array, check_choice
from metaket.errors import DataError, InputError
from metaket.pooling.structures import Structure

__all__ = ["Components", "Covariances", "Likelihood", "fit_components", "indicator"]

METHODS = ("REML", "ML")
SCORING = 30
GRADIENT = 1e-7  # relative to the scale of the likelihood's curvature; the last Newton steps go well below
STARTS = ((0.2, 0.3), (1.0, 0.6), (3.0, 0.9), (0.5, 0.0))  # (sd as a multiple of the spread, correlation)


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

    def total(self, theta: Array) -> Array:
        """Covariance of the random effects of all rows, shape (n, n)."""
        out = np.zeros((self.outer.size, self.outer.size))
        used = 0
        if self.structure is not None:
            used = self.structure.size
            g = self.structure.matrix(theta[:used])
            out += g[np.ix_(self.inner, self.inner)] * (self.outer[:, None] == self.outer[None, :])
        for group, sd in zip(self.nested, theta[used:], strict=True):
            out += sd**2 * (group[:, None] == group[None, :])
        return out

    def derivatives(self, theta: Array) -> Array:
        """Its derivatives, shape (size, n, n)."""
        out = []
        used = 0
        if self.structure is not None:
            used = self.structure.size
            same = self.outer[:, None] == self.outer[None, :]
            out = [d[np.ix_(self.inner, self.inner)] * same for d in self.structure.derivatives(theta[:used])]
        for group, sd in zip(self.nested, theta[used:], strict=True):
            out.append(2.0 * sd * (group[:, None] == group[None, :]))
        return np.array(out)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Value, gradient and expected information at a point, with the fit there."""

    value: float
    gradient: Array
    information: Array
    coef: Array
    vcov: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Components:
    """The best fit.

    Attributes
    ----------
    theta : ndarray
        Unconstrained parameters.
    at : Likelihood
    converged : bool
    """

    theta: Array
    at: Likelihood
    converged: bool


def indicator(values: Sequence[Any]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Codes and labels of a factor, in the order of its sorted values (numbers as numbers)."""
    distinct = sorted(
        set(values), key=lambda v: (0, v, "") if isinstance(v, int | float | np.number) else (1, 0, str(v))
    )
    index = {value: i for i, value in enumerate(distinct)}
    labels = tuple(f"{v:g}" if isinstance(v, float | np.floating) else str(v) for v in distinct)
    return np.array([index[v] for v in values], dtype=np.int64), labels


def evaluate(y: Array, x: Array, v: Array, parts: Covariances, theta: Array, restricted: bool) -> Likelihood:
    """Log-likelihood with metafor's constants, its gradient and expected information in theta."""
    n, p = x.shape
    weight: Array = np.asarray(np.linalg.inv(v + parts.total(theta)), dtype=np.float64)
    sign, logdet = np.linalg.slogdet(weight)
    xtw = x.T @ weight
    vcov: Array = np.asarray(np.linalg.inv(xtw @ x), dtype=np.float64)
    coef: Array = vcov @ (xtw @ y)
    projection = weight - xtw.T @ vcov @ xtw
    py = projection @ y
    value = -0.5 * (n * np.log(2 * np.pi) - logdet + float(y @ py))
    inner = weight
    if restricted:
        inner = projection
        value += 0.5 * (p * np.log(2 * np.pi) + np.linalg.slogdet(vcov)[1] + np.linalg.slogdet(x.T @ x)[1])
    if sign <= 0:
        raise DataError("the sampling covariance V is not positive definite")
    slopes = parts.derivatives(theta)
    products = inner @ slopes
    gradient = 0.5 * (np.einsum("i,aij,j->a", py, slopes, py) - np.einsum("aii->a", products))
    information = 0.5 * np.einsum("aij,bji->ab", products, products)
    return Likelihood(value, gradient, information, coef, vcov, weight)


def fit_components(
    y: Array,
    x: Array,
    v: Array,
    parts: Covariances,
    method: str = "REML",
    *,
    held: Mapping[int, float] | None = None,
    start: Array | None = None,
) -> Components:
    """Maximise the (restricted) likelihood over the variance components.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    v : ndarray, shape (n, n)
        Sampling covariance, positive definite.
    parts : Covariances
    method : {"REML", "ML"}
    held : mapping of index to value, optional
        Unconstrained parameters that are not maximised over (for profiles).
    start : ndarray, optional
        One more starting point.
    """
    restricted = check_choice("method", method, METHODS) == "REML"
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise InputError("the moderators are linearly dependent; drop one")
    spread = float(np.sqrt(np.mean(np.diag(v)) + np.var(y)))
    if parts.size == 0:
        empty = np.empty(0)
        return Components(empty, evaluate(y, x, v, parts, empty, restricted), True)
    scaled = y / spread, x, v / spread**2  # unit scale: the stopping rule is then relative
    free = np.array([i not in (held or {}) for i in range(parts.size)])
    base = _rescale(parts, np.array([(held or {}).get(i, 0.0) for i in range(parts.size)]), 1.0 / spread)
    starts = [_start(parts, size, rho) for size, rho in STARTS]
    starts += [] if start is None else [_rescale(parts, start, 1.0 / spread)]
    best: Components | None = None
    for first in starts[-1:] if start is not None else starts:
        found = _climb(*scaled, parts, np.where(free, first, base), free, restricted)
        if best is None or found.at.value > best.at.value + 1e-10:
            best = found
    if best is None:
        raise InputError("no starting point")
    theta = _rescale(parts, best.theta, spread)
    return Components(theta, evaluate(y, x, v, parts, theta, restricted), best.converged)


def _start(parts: Covariances, size: float, rho: float) -> Array:
    theta = []
    if parts.structure is not None:
        s = parts.structure
        natural = np.concatenate([np.full(s.n_sd, size), np.full(s.size - s.n_sd, max(rho, s.rho_low + 0.05))])
        theta.append(s.unconstrained(natural))
    theta.append(np.full(len(parts.nested), size))
    return np.concatenate(theta)


def _rescale(parts: Covariances, theta: Array, factor: float) -> Array:
    out = theta.copy()
    used = 0
    if parts.structure is not None:
        used = parts.structure.size
        out[: parts.structure.n_sd] *= factor
    out[used:] *= factor
    return out


def _climb(
    y: Array, x: Array, v: Array, parts: Covariances, start: Array, free: npt.NDArray[np.bool_], restricted: bool
) -> Components:
    """Quasi-Newton from one start over the free parameters, then scoring steps to a gradient at rounding level."""

    def full(part: Any) -> Array:
        theta = start.copy()
        theta[free] = part
        return theta

    def negative(part: Any) -> tuple[float, Any]:
        at = evaluate(y, x, v, parts, full(part), restricted)
        return -at.value, -at.gradient[free]

    part = start[free]
    if part.size:
        found = optimize.minimize(negative, part, jac=True, method="BFGS", options={"gtol": 1e-6, "maxiter": 500})
        part = np.asarray(found.x)
    at = evaluate(y, x, v, parts, full(part), restricted)
    for _ in range(SCORING if part.size else 0):
        information = at.information[np.ix_(free, free)]
        damped = information + 1e-9 * np.eye(part.size) * max(1.0, float(np.trace(information)))
        step = np.linalg.solve(damped, at.gradient[free])
        trial = evaluate(y, x, v, parts, full(part + step), restricted)
        if not trial.value >= at.value:
            break
        part, at = part + step, trial
        if np.max(np.abs(at.gradient[free])) < GRADIENT:
            break
    slope = float(np.max(np.abs(at.gradient[free]))) if part.size else 0.0
    return Components(full(part), at, slope < 1e-4)
