"""Covariance structures of random effects over the levels of an inner factor (times, outcomes, arms).

A structure turns a vector theta (..., a) into G (..., q, q) and gives dG/dtheta (..., a, q, q); many fits at once stand
on the leading axes. Standard deviations enter as such and stay at 0 or above (`scoring` keeps them there; G is smooth
through 0, so that derivatives exist at the bound), correlations through the logistic curve on the interval on which G
is positive definite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket._registry import Registry

__all__ = ["END", "STRUCTURES", "Structure", "partial_correlations"]

Build = Callable[[Array], Array]
END = 40.0  # logit that gives the end of a correlation's range to the last digit


@dataclass(frozen=True, slots=True)
class Structure:
    """One structure on q levels.

    Attributes
    ----------
    names : tuple of str
        What the natural parameters are: ``tau2``, ``tau2[24]``, ``rho``, ...
    n_sd : int
        How many of the parameters are standard deviations; the rest are correlations.
    rho_low : float
        Lower end of the correlations.
    build : callable
        Natural parameters (..., a), standard deviations before correlations -> G (..., q, q).
    unit : float
        Time that the correlation stands for (CAR: the smallest gap, so that the scale of time does not matter); it is
        reported for one unit of time, ``rho ** (1 / unit)``.
    """

    names: tuple[str, ...]
    n_sd: int
    rho_low: float
    build: Build
    unit: float = 1.0

    @property
    def size(self) -> int:
        """Number of parameters."""
        return len(self.names)

    def natural(self, theta: Array) -> Array:
        """Standard deviations as they are, then correlations in (rho_low, 1)."""
        rho = self.rho_low + (1.0 - self.rho_low) * special.expit(theta[..., self.n_sd :])
        return np.concatenate([theta[..., : self.n_sd], rho], axis=-1)

    def unconstrained(self, natural: Array) -> Array:
        """The inverse of `natural`."""
        share = np.clip((natural[..., self.n_sd :] - self.rho_low) / (1.0 - self.rho_low), 0.0, 1.0)
        return np.concatenate([natural[..., : self.n_sd], np.clip(special.logit(share), -END, END)], axis=-1)

    def matrix(self, theta: Array) -> Array:
        """G (..., q, q)."""
        return self.build(self.natural(theta))

    def derivatives(self, theta: Array) -> Array:
        """dG/dtheta by central differences, shape (..., size, q, q).

        G is at most quadratic in a standard deviation, so that its central difference is exact up to rounding; for a
        correlation the step 1e-5 leaves an error of order 1e-10.
        """
        is_sd = np.arange(theta.shape[-1]) < self.n_sd
        steps = np.where(is_sd, 1e-3 * np.maximum(np.abs(theta), 1e-3), 1e-5)
        moved = steps[..., None] * np.eye(theta.shape[-1])
        rise = self.matrix(theta[..., None, :] + moved) - self.matrix(theta[..., None, :] - moved)
        return np.asarray(rise / (2.0 * steps[..., None, None]))


Factory = Callable[[tuple[str, ...], "Array | None"], Structure]
STRUCTURES: Registry[Factory] = Registry("structure")


def _labels(levels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"tau2[{level}]" for level in levels)


def _squared(sd: Array) -> Array:
    """sd_i sd_j, shape (..., q, q), from (..., q)."""
    return np.asarray(sd[..., :, None] * sd[..., None, :])


def _each(value: Array) -> Array:
    """One number a fit against matrices: (...) -> (..., 1, 1)."""
    return np.asarray(value[..., None, None])


def _lags(q: int) -> Array:
    index = np.arange(q, dtype=np.float64)
    return np.abs(index[:, None] - index[None, :])


@STRUCTURES.add("ID", label="one variance, no correlation", reference="scaled identity", metafor="ID")
def _identity(levels: tuple[str, ...], _at: Array | None) -> Structure:
    q = len(levels)
    return Structure(("tau2",), 1, 0.0, lambda p: np.eye(q) * _each(p[..., 0]) ** 2)


@STRUCTURES.add("DIAG", label="own variances, no correlation", reference="diagonal", metafor="DIAG")
def _diagonal(levels: tuple[str, ...], _at: Array | None) -> Structure:
    return Structure(_labels(levels), len(levels), 0.0, lambda p: np.eye(len(levels)) * (p**2)[..., None, :])


def _compound_of(q: int, rho: Array) -> Array:
    return np.asarray(np.eye(q) + _each(rho) * (1.0 - np.eye(q)))


@STRUCTURES.add("CS", label="compound symmetry", reference="one variance, one correlation", metafor="CS")
def _compound(levels: tuple[str, ...], _at: Array | None) -> Structure:
    q = len(levels)
    low = -1.0 / (q - 1) if q > 1 else 0.0
    return Structure(("tau2", "rho"), 1, low, lambda p: _each(p[..., 0]) ** 2 * _compound_of(q, p[..., 1]))


@STRUCTURES.add("HCS", label="heteroscedastic compound symmetry", reference="own variances, one rho", metafor="HCS")
def _own_compound(levels: tuple[str, ...], _at: Array | None) -> Structure:
    q = len(levels)
    low = -1.0 / (q - 1) if q > 1 else 0.0

    def build(p: Array) -> Array:
        return np.asarray(_squared(p[..., :q]) * _compound_of(q, p[..., q]))

    return Structure((*_labels(levels), "rho"), q, low, build)


@STRUCTURES.add("AR", label="first-order autoregressive", reference="rho to the difference in rank", metafor="AR")
def _autoregressive(levels: tuple[str, ...], _at: Array | None) -> Structure:
    lags = _lags(len(levels))
    return Structure(("tau2", "rho"), 1, -1.0, lambda p: _each(p[..., 0]) ** 2 * _each(p[..., 1]) ** lags)


@STRUCTURES.add("HAR", label="heteroscedastic autoregressive", reference="own variances, rho to rank", metafor="HAR")
def _own_autoregressive(levels: tuple[str, ...], _at: Array | None) -> Structure:
    q, lags = len(levels), _lags(len(levels))
    return Structure((*_labels(levels), "rho"), q, -1.0, lambda p: _squared(p[..., :q]) * _each(p[..., q]) ** lags)


@STRUCTURES.add("CAR", label="continuous autoregressive", reference="rho to the difference in time", metafor="CAR")
def _continuous(levels: tuple[str, ...], at: Array | None) -> Structure:
    times = np.array([float(x) for x in levels]) if at is None else at
    gaps = np.abs(times[:, None] - times[None, :])
    unit = float(gaps[gaps > 0].min()) if times.size > 1 else 1.0
    lags = gaps / unit
    return Structure(("tau2", "rho"), 1, 0.0, lambda p: _each(p[..., 0]) ** 2 * _each(p[..., 1]) ** lags, unit)


@STRUCTURES.add("UN", label="unstructured", reference="own variances, own correlations", metafor="UN")
def _unstructured(levels: tuple[str, ...], _at: Array | None) -> Structure:
    q = len(levels)
    rows, columns = np.tril_indices(q, -1)
    names = tuple(f"rho[{levels[c]},{levels[r]}]" for r, c in zip(rows, columns, strict=True))

    def build(p: Array) -> Array:
        partial = np.zeros((*p.shape[:-1], q, q))
        partial[..., rows, columns] = p[..., q:]
        return np.asarray(_squared(p[..., :q]) * _from_partial(partial))

    return Structure((*_labels(levels), *names), q, -1.0, build)


def _from_partial(partial: Array) -> Array:
    """Correlations from canonical partial ones below the diagonal; any in (-1, 1) make a positive definite matrix.

    Lewandowski, Kurowicka & Joe (2009) J Multivar Anal 100:1989-2001.
    """
    factor = np.zeros_like(partial)
    for r in range(partial.shape[-1]):
        left = np.ones(partial.shape[:-2])
        for c in range(r):
            factor[..., r, c] = partial[..., r, c] * np.sqrt(left)
            left = left * (1.0 - partial[..., r, c] ** 2)
        factor[..., r, r] = np.sqrt(left)
    return np.asarray(factor @ np.swapaxes(factor, -1, -2))


def partial_correlations(r: Array) -> Array:
    """The partial correlations, row by row below the diagonal, of a correlation matrix r (q, q): the inverse of UN's.

    Given the levels before, the partial correlation of two levels is that of what is left of them. Where nothing is
    left, any value gives the same matrix and it is 0.
    """
    q = r.shape[0]
    factor, out = np.zeros((q, q)), []
    for i in range(q):
        left = 1.0
        for j in range(i):
            rest = factor[j, j] * np.sqrt(left)
            value = (r[i, j] - factor[i, :j] @ factor[j, :j]) / rest if rest > 0.0 else 0.0
            out.append(min(1.0, max(-1.0, float(value))))
            factor[i, j] = out[-1] * np.sqrt(left)
            left *= 1.0 - out[-1] ** 2
        factor[i, i] = np.sqrt(left)
    return np.array(out)
