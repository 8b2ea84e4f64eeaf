r"""Distribution of a weighted sum of chi-square variables, :math:`Q = \sum_j \lambda_j \chi^2_1`.

With :math:`\phi(p) = p q - \tfrac12 \sum \log(1 + 2 \lambda_j p) - \log p` the distribution function is
:math:`\frac{1}{2 \pi i} \int e^{\phi(p)} dp` along any curve that crosses the real axis right of 0; left of 0, and
right of :math:`-1 / (2 \lambda_{max})`, the integral is less by 1, which gives the upper tail. Imhof (1961) and Davies
(1980) integrate along the imaginary axis, where the integrand oscillates and, for few terms or uneven weights, dies
slowly. Here the curve is a hyperbola through the saddle point that bends to the left, so the integrand falls off doubly
exponentially and the trapezoidal rule converges geometrically (Trefethen & Weideman (2014) SIAM Rev 56:385-458, sec.
15), for one term or a thousand and whatever their spread.
"""

from __future__ import annotations

import numpy as np

from metaket._checks import Array

__all__ = ["weighted_chi2_cdf"]

NODES = 64
BEND = 0.5  # slope of the hyperbola's arms to the left
FALL = 45.0  # the integrand is cut where exp(p q) has fallen by exp(-45) ...
WIDTHS = 9.5  # ... and not before so many widths of the saddle, since many terms together look normal
HALVINGS = 30  # for the saddle point, which need not be met exactly


def weighted_chi2_cdf(q: Array | float, weights: Array) -> tuple[Array, Array]:
    """Lower and upper tail of the sum of weights times chi-square on 1 df, each to a relative error of about 1e-11.

    Parameters
    ----------
    q : float or ndarray, shape (...)
        At least 0.
    weights : ndarray, shape (..., r)
        At least 0, not all 0; the leading axes broadcast with `q`.

    Returns
    -------
    lower, upper : ndarray, shape (...)
        P(Q <= q) and P(Q > q); the smaller one is integrated, the other is its complement.

    References
    ----------
    Davies (1980) J R Stat Soc C 29:323-333.
    """
    weights = np.asarray(weights, dtype=np.float64)
    total = weights.sum(axis=-1)
    t = np.asarray(q, dtype=np.float64) / total  # in units of the mean of Q
    w = np.broadcast_to(weights / total[..., None], (*t.shape, weights.shape[-1]))
    inside = t > 0
    t = np.where(inside, t, 1.0)
    left = t > 1.0
    tail = _integral(t, w, np.where(left, _negative_saddle(t, w), _positive_saddle(t, w)))
    tail = np.clip(np.where(left, -tail, tail), 0.0, 1.0)
    lower = np.where(inside, np.where(left, 1.0 - tail, tail), 0.0)
    return lower, np.where(inside, np.where(left, tail, 1.0 - tail), 1.0)


def _slope(t: Array, w: Array, p: Array) -> Array:
    """phi'(p), increasing on either side of 0."""
    return np.asarray(t - (w / (1.0 + 2.0 * w * p[..., None])).sum(axis=-1) - 1.0 / p)


def _positive_saddle(t: Array, w: Array) -> Array:
    """phi' = 0 between 1 / t and (r / 2 + 1) / t, by halving on the log scale."""
    low, high = 1.0 / t, (0.5 * w.shape[-1] + 1.0) / t
    for _ in range(HALVINGS):
        middle = np.sqrt(low * high)
        above = _slope(t, w, middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(np.sqrt(low * high))


def _negative_saddle(t: Array, w: Array) -> Array:
    """phi' = 0 between the first branch point and 0."""
    branch = -0.5 / w.max(axis=-1)
    low, high = np.zeros_like(t), np.ones_like(t)  # in units of the branch point
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = _slope(t, w, middle * branch) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(0.5 * (low + high) * branch)


def _integral(t: Array, w: Array, saddle: Array) -> Array:
    """The inverse transform along p = saddle + s (i sinh x - BEND (cosh x - 1)), s the width of the saddle."""
    spread = 2.0 * (w / (1.0 + 2.0 * w * saddle[..., None])) ** 2
    s = 1.0 / np.sqrt(spread.sum(axis=-1) + 1.0 / saddle**2)
    end = np.maximum(np.arccosh(1.0 + FALL / (BEND * s * t)), np.arcsinh(WIDTHS))
    x = end[..., None] * np.linspace(0.0, 1.0, NODES)
    p = saddle[..., None] + s[..., None] * (1j * np.sinh(x) - BEND * (np.cosh(x) - 1.0))
    turn = s[..., None] * (1j * np.cosh(x) - BEND * np.sinh(x))
    log_transform = -0.5 * np.log(1.0 + 2.0 * w[..., None, :] * p[..., None]).sum(axis=-1)
    value = (np.exp(p * t[..., None] + log_transform) / p * turn).imag
    value[..., 0] *= 0.5  # the other half belongs to the conjugate
    return np.asarray(value.sum(axis=-1) * end / (NODES - 1) / np.pi)
