"""Maximum likelihood for parameters that all studies share beside at most one that each study has of its own.

A damped Newton method in which the own parameters are eliminated exactly (Schur complement), so that a thousand
study effects cost a thousand divisions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metaket._checks import Array
from metaket.pooling.quadrature import Marginal

__all__ = ["Layout", "Maximised", "maximise", "own_information"]

LIMIT = 200
HALVINGS = 40
GAIN = 1e-16  # Newton's predicted gain in log-likelihood at the end; its square root is the distance in standard errors
NEAR = 1e-7  # predicted gain below which Newton's step is taken as it is: the sum's rounding could hide its gain
FLAT = 1e-12  # of the largest curvature: below it a direction counts as flat
LONGEST = 2.0  # step of a parameter (all live on log or log-odds scales)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which entries of a study's parameters phi (k, q) are shared and free, and which one is the study's own.

    Attributes
    ----------
    free : tuple of int
        Shared entries that are estimated; the rest keep their start.
    own : int or None
        The entry that differs by study.
    """

    free: tuple[int, ...]
    own: int | None


@dataclass(frozen=True, slots=True)
class Maximised:
    """The maximum.

    Attributes
    ----------
    phi : ndarray, shape (k, q)
    height : float
        The log-likelihood.
    vcov : ndarray, shape (f, f)
        Inverse of minus the Hessian, for the free shared parameters in the order of the layout.
    converged : bool
        The predicted gain of a further step is below 1e-16 and every curvature is that of a maximum.
    n_iter : int
    """

    phi: Array
    height: float
    vcov: Array
    converged: bool
    n_iter: int


@dataclass(frozen=True, slots=True)
class _Local:
    """Gradient and Hessian with the own parameters eliminated."""

    gradient: Array
    hessian: Array
    own_gradient: Array
    own_curvature: Array
    cross: Array

    def own_step(self, step: Array) -> Array:
        """Each study's Newton step, given that of the shared parameters."""
        return np.asarray(-(self.own_gradient + self.cross @ step) / self.own_curvature)


def _local(likelihood: Marginal, layout: Layout, phi: Array) -> _Local:
    return _eliminate(layout, *likelihood.slope_and_curvature(phi))


def _eliminate(layout: Layout, g: Array, h: Array) -> _Local:
    """The shared parameters' gradient and Hessian once the own ones follow them."""
    free = list(layout.free)
    shared_g = g[:, free].sum(axis=0)
    shared_h = h[:, free][:, :, free].sum(axis=0)
    if layout.own is None:
        none = np.zeros(g.shape[0])
        return _Local(shared_g, shared_h, none, none - 1.0, np.zeros((g.shape[0], len(free))))
    own_g, cross = g[:, layout.own], h[:, layout.own][:, free]
    # log-concave in a study's own location, so this is negative up to the error of the difference
    own_h = np.minimum(h[:, layout.own, layout.own], -1e-12)
    shared_g = shared_g - (cross * (own_g / own_h)[:, None]).sum(axis=0)
    shared_h = shared_h - cross.T @ (cross / own_h[:, None])
    return _Local(shared_g, shared_h, own_g, own_h, cross)


def own_information(likelihood: Marginal, layout: Layout, phi: Array) -> Array:
    """Information on the own parameters with the shared ones eliminated, shape (k, k)."""
    h = likelihood.hessian(phi)
    free = list(layout.free)
    cross = h[:, layout.own][:, free]
    shared = h[:, free][:, :, free].sum(axis=0)
    return np.asarray(-np.diag(h[:, layout.own, layout.own]) + cross @ np.linalg.solve(shared, cross.T))


def _ascent(local: _Local) -> tuple[Array, float, bool]:
    """Newton's step with the curvatures made negative, the gain it predicts, and whether they were negative."""
    values, vectors = np.linalg.eigh(local.hessian)
    size = np.maximum(np.abs(values), FLAT * np.abs(values).max(initial=1.0))
    along = vectors.T @ local.gradient
    step = vectors @ (along / size)
    gain = 0.5 * float(along @ (along / size)) + 0.5 * float((local.own_gradient**2 / -local.own_curvature).sum())
    return np.asarray(step), gain, bool((values < 0).all())


def _moved(phi: Array, layout: Layout, step: Array, own: Array, factor: float) -> Array:
    out = phi.copy()
    out[:, list(layout.free)] += factor * step
    if layout.own is not None:
        out[:, layout.own] += factor * own
    return out


def maximise(likelihood: Marginal, layout: Layout, start: Array, enough: float = GAIN) -> Maximised:
    """Climb from `start` (k, q) to a maximum of the log-likelihood; stop when a step gains less than `enough`."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # a climb to infinity ends there, unconverged
        return _maximise(likelihood, layout, start, enough)


def _maximise(likelihood: Marginal, layout: Layout, start: Array, enough: float) -> Maximised:
    phi, converged, n_iter = start, False, 0
    local = _local(likelihood, layout, start)
    while n_iter < LIMIT and np.isfinite(local.hessian).all():
        n_iter += 1
        step, gain, concave = _ascent(local)
        own = local.own_step(step)
        reach = max(np.abs(step).max(initial=0.0), np.abs(own).max(initial=0.0))
        if concave and gain <= NEAR:
            phi = _moved(phi, layout, step, own, 1.0)
        else:
            phi, moved = _climb(likelihood, layout, phi, step, own, min(1.0, LONGEST / max(reach, LONGEST)))
            if not moved:
                break
        local = _local(likelihood, layout, phi)
        if gain <= enough:
            converged = _ascent(local)[2]
            break
    precise = _eliminate(layout, likelihood.gradient(phi), likelihood.hessian(phi))
    return Maximised(phi, float(likelihood(phi).sum()), _inverse(-precise.hessian), converged, n_iter)


def _inverse(information: Array) -> Array:
    try:
        return np.asarray(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        return np.full_like(information, np.nan)


def _climb(
    likelihood: Marginal, layout: Layout, phi: Array, step: Array, own: Array, factor: float
) -> tuple[Array, bool]:
    """The first of ever shorter steps that raises the log-likelihood, and whether there was one."""
    height = float(likelihood(phi).sum())
    for _ in range(HALVINGS):
        to = _moved(phi, layout, step, own, factor)
        if float(likelihood(to).sum()) > height:
            return to, True
        factor *= 0.5
    return phi, False
