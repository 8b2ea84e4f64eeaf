"""Maximum of a log-likelihood of a few parameters within bounds, with exact gradients.

The likelihood is written once, for complex arguments: its derivative in a direction is the imaginary part after a step
of 1e-30 along the imaginary axis, to full precision (Squire & Trapp 1998, SIAM Rev 40:110-112). `ndtr` and
`log_ndtr` here take such arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special

from metaket._checks import Array

__all__ = ["LogLikelihood", "Maximum", "log_ndtr", "maximise", "ndtr"]

STEP = 1e-30
DIFFERENCE = 1e-5  # of the gradient, relative to each parameter; its own error is then about 1e-10
DECREMENT = 1e-14  # Newton decrement at which nothing is left to gain
NEWTON = 50
ROOT_TWO_PI = np.sqrt(2.0 * np.pi)

# (..., p) complex -> (...) complex
LogLikelihood = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the likelihood is largest.

    Attributes
    ----------
    x : ndarray, shape (p,)
    value : float
    vcov : ndarray, shape (p, p)
        Inverse of the negative Hessian over the free parameters; NaN in the rows of those at a bound, and everywhere
        where the Hessian is not negative definite.
    at_bound : ndarray of bool, shape (p,)
    converged : bool
    n_iter : int
    """

    x: Array
    value: float
    vcov: Array
    at_bound: np.ndarray
    converged: bool
    n_iter: int


def ndtr(z: Any) -> Any:
    """Normal distribution function of a real or a dual (tiny imaginary part) argument."""
    if not np.iscomplexobj(z):
        return special.ndtr(z)
    return special.ndtr(z.real) + 1j * z.imag * np.exp(-0.5 * z.real**2) / ROOT_TWO_PI


def log_ndtr(z: Any) -> Any:
    """Its logarithm."""
    if not np.iscomplexobj(z):
        return special.log_ndtr(z)
    value = special.log_ndtr(z.real)
    return value + 1j * z.imag * np.exp(-0.5 * z.real**2 - value) / ROOT_TWO_PI


def gradient(f: LogLikelihood, x: Array) -> Array:
    """Shape (..., p), for x of that shape."""
    p = x.shape[-1]
    return np.asarray(f(x[..., None, :] + 1j * STEP * np.eye(p)).imag / STEP)


def hessian(f: LogLikelihood, x: Array, lower: Array) -> Array:
    """Central differences of the gradient; forward ones at a lower bound."""
    p = x.size
    h = DIFFERENCE * np.maximum(np.abs(x), 0.1)
    down = np.maximum(x - h, lower)
    up = x + h
    points = np.tile(x, (2 * p, 1))
    points[np.arange(p), np.arange(p)] = up
    points[p + np.arange(p), np.arange(p)] = down
    slopes = gradient(f, points)
    out = (slopes[:p] - slopes[p:]) / (up - down)[:, None]
    return np.asarray(0.5 * (out + out.T))


def maximise(f: LogLikelihood, starts: Sequence[Array], lower: Array, upper: Array) -> Maximum:
    """The best maximum from several starts: L-BFGS-B, then Newton steps on the parameters that are free."""
    box = optimize.Bounds(lower, upper)

    def down(x: Array) -> tuple[float, Array]:
        value, slope = _value_and_slope(f, x)
        return -value, -slope

    options: Any = {"maxiter": 1000, "ftol": 1e-14}
    tried = [
        optimize.minimize(down, np.clip(s, lower, upper), jac=True, bounds=box, method="L-BFGS-B", options=options)
        for s in starts
    ]
    best, count = min(tried, key=lambda t: float(t.fun)), sum(int(t.nit) for t in tried)
    return _polish(f, np.asarray(best.x, dtype=np.float64), lower, upper, count)


def _value_and_slope(f: LogLikelihood, x: Array) -> tuple[float, Array]:
    """Log-likelihood and gradient; a very low value where they are not finite, so that a search turns back."""
    with np.errstate(all="ignore"):
        value, slope = float(np.real(f(x.astype(complex)))), gradient(f, x)
    return (value, slope) if np.isfinite(value) and np.isfinite(slope).all() else (-1e300, np.zeros_like(x))


def _polish(f: LogLikelihood, x: Array, lower: Array, upper: Array, count: int) -> Maximum:
    """Newton steps, halved where they don't climb, until the decrement is nothing."""
    value, slope = _value_and_slope(f, x)
    settled, curvature = False, np.full((x.size, x.size), np.nan)
    free = np.ones(x.size, dtype=bool)
    for _ in range(NEWTON):
        count += 1
        free = ~(((x <= lower) & (slope <= 0)) | ((x >= upper) & (slope >= 0)))
        curvature = hessian(f, x, lower)
        if not free.any():
            settled = True
            break
        inner = -curvature[np.ix_(free, free)]
        if not np.isfinite(inner).all() or np.linalg.eigvalsh(inner)[0] <= 0:
            break
        step = np.zeros(x.size)
        step[free] = np.linalg.solve(inner, slope[free])
        if float(step @ slope) < DECREMENT:
            settled = True
            break
        size = 1.0
        while size > 1e-8:
            trial = np.clip(x + size * step, lower, upper)
            fresh, fresh_slope = _value_and_slope(f, trial)
            if fresh >= value - 1e-13 * max(1.0, abs(value)):
                break
            size /= 2.0
        else:
            break
        x, value, slope = trial, fresh, fresh_slope
    return Maximum(x, value, _vcov(curvature, free), ~free, settled, count)


def _vcov(curvature: Array, free: np.ndarray) -> Array:
    out = np.full(curvature.shape, np.nan)
    inner = -curvature[np.ix_(free, free)]
    if free.any() and np.isfinite(inner).all() and np.linalg.eigvalsh(inner)[0] > 0:
        out[np.ix_(free, free)] = np.linalg.inv(inner)
    return out
