"""The likelihoods of the selection models: what a weight function of the p-value does to the effects' density."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket.diagnostics._maximise import ndtr
from metaket.diagnostics.selection_weights import SHAPES, log_weight

__all__ = ["SmoothLikelihood", "StepLikelihood", "interval_of", "p_values"]

PANEL = 0.5  # width in z of the panels of the quadrature: the normal density there has a deviation of at least 1
NODES = 10
DOUBLINGS = 16  # from a censored p near 1, where z is about 1e-5, to z of about a half
FAR = 9.0  # beyond it a p-value differs from 0 or 1 by less than 1e-18


def p_values(y: Array, v: Array, two_sided: bool) -> Array:
    """p of no effect, one-sided towards positive effects unless `two_sided`."""
    z = y / np.sqrt(v)
    return np.asarray(2.0 * special.ndtr(-np.abs(z)) if two_sided else special.ndtr(-z))


def interval_of(p: Array, steps: Array) -> np.ndarray:
    """Index j of the interval (steps[j-1], steps[j]] that each p lies in."""
    return np.searchsorted(steps, p, side="left")


def _log_normal(y: Array, mean: Any, variance: Any) -> Any:
    return -0.5 * (np.log(2.0 * np.pi * variance) + (y - mean) ** 2 / variance)


@dataclass(frozen=True, slots=True)
class StepLikelihood:
    """Log-likelihood of a step function; called with (..., p) parameters mu, [tau2], and the estimated weights.

    Attributes
    ----------
    y, v : ndarray, shape (k,)
    steps : ndarray, shape (c,)
        Upper ends of the intervals of p, the last one 1.
    two_sided : bool
    random : bool
        Whether tau2 is a parameter; else it is 0.
    given : ndarray, shape (c,), or None
        Fixed weights; without them all but the first (1) are parameters.
    """

    y: Array
    v: Array
    steps: Array
    two_sided: bool
    random: bool
    given: Array | None

    def __call__(self, theta: Any) -> Any:
        mu, tau2, rest = _split(theta, self.random)
        variance = self.v + tau2
        if self.given is None:
            weights = np.concatenate([np.ones_like(rest[..., :1]), rest], axis=-1)
        else:
            weights = np.broadcast_to(self.given, (*theta.shape[:-1], self.given.size)).astype(theta.dtype)
        where = interval_of(p_values(self.y, self.v, self.two_sided), self.steps)
        normaliser = (weights[..., None, :] * self._chances(mu, np.sqrt(variance))).sum(axis=-1)
        chosen = np.log(weights[..., where])
        return (chosen + _log_normal(self.y, mu, variance) - np.log(normaliser)).sum(axis=-1)

    def _chances(self, mu: Any, spread: Any) -> Any:
        """Chance of each interval for each study, (..., k, c)."""
        levels = self.steps[:-1] / (2.0 if self.two_sided else 1.0)
        cut = -special.ndtri(levels)[None, :] * np.sqrt(self.v)[:, None]
        above = ndtr((mu[..., None] - cut) / spread[..., None])
        if self.two_sided:
            above = above + ndtr((-mu[..., None] - cut) / spread[..., None])
        ends = np.concatenate([np.zeros_like(above[..., :1]), above, np.ones_like(above[..., :1])], axis=-1)
        return np.diff(ends, axis=-1)


@dataclass(frozen=True, slots=True)
class SmoothLikelihood:
    """Log-likelihood of a smooth weight function, with a Gauss-Legendre integral over panels in z.

    Attributes
    ----------
    y, v : ndarray, shape (k,)
    kind : str
        A code of `WEIGHTS`.
    two_sided, random : bool
    threshold : float
        The weight is 1 for p up to here, and continuous; 0 for none.
    imprecision : ndarray, shape (k,)
        Ones where precision has no part.
    """

    y: Array
    v: Array
    kind: str
    two_sided: bool
    random: bool
    threshold: float
    imprecision: Array

    def __call__(self, theta: Any) -> Any:
        mu, tau2, delta = _split(theta, self.random)
        variance = self.v + tau2
        own = self._log_weight(p_values(self.y, self.v, self.two_sided), delta[..., None, :], self.imprecision)
        z, h, edges = self._panels()
        se = np.sqrt(self.v)
        inner = self._log_weight(self._p_of(z), delta[..., None, None, :], self.imprecision[:, None])
        gap = z * se[:, None] - mu[..., None]
        density = np.exp(inner - 0.5 * gap**2 / variance[..., None]) / np.sqrt(2.0 * np.pi * variance)[..., None]
        normaliser = (density * h).sum(axis=-1) * se
        spread = np.sqrt(variance)
        for edge, sign in ((edges[0], -1.0), (edges[1], 1.0)):  # beyond the outermost panels the weight is constant
            tail = self._log_weight(self._p_of(np.array([edge])), delta[..., None, :], self.imprecision)
            normaliser = normaliser + np.exp(tail) * ndtr(sign * (mu - edge * se) / spread)
        return (own + _log_normal(self.y, mu, variance) - np.log(normaliser)).sum(axis=-1)

    def _p_of(self, z: Array) -> Array:
        return np.asarray(2.0 * special.ndtr(-np.abs(z)) if self.two_sided else special.ndtr(-z))

    def _log_weight(self, p: Array, delta: Any, imprecision: Any) -> Any:
        parts = tuple(delta[..., j] for j in range(delta.shape[-1]))
        return log_weight(self.kind, p, parts, imprecision, self.threshold)

    def _panels(self) -> tuple[Array, Array, tuple[float, float]]:
        """Nodes and their weights in z, and the outer edges; panels end where the weight has a kink or a jump."""
        censor = SHAPES[self.kind].censor
        tails = 2.0 if self.two_sided else 1.0
        edge = -float(special.ndtri(censor / tails)) if censor else FAR
        marks = [-edge, edge]
        if self.two_sided:
            marks.append(0.0)
            if censor:
                inner = -float(special.ndtri((1.0 - censor) / 2.0))
                # from there on the weight is nearly a power of z: panels that double
                marks += [sign * inner * 2.0**j for sign in (-1.0, 1.0) for j in range(DOUBLINGS)]
        if self.threshold:
            at = -float(special.ndtri(self.threshold / tails))
            marks += [at, -at] if self.two_sided else [at]
        marks = sorted({m for m in marks if -edge <= m <= edge})
        pairs = itertools.pairwise(marks)
        grid = [np.linspace(a, b, max(2, int(np.ceil((b - a) / PANEL)) + 1)) for a, b in pairs]
        ends = np.unique(np.concatenate(grid))
        x, w = np.polynomial.legendre.leggauss(NODES)
        half, middle = np.diff(ends) / 2.0, (ends[1:] + ends[:-1]) / 2.0
        nodes = (middle[:, None] + half[:, None] * x).ravel()
        return nodes, (half[:, None] * w).ravel(), (-edge, edge)


def _split(theta: Any, random: bool) -> tuple[Any, Any, Any]:
    """mu (..., 1), tau2 (..., 1) and the rest of the parameters."""
    mu = theta[..., :1]
    return (mu, theta[..., 1:2], theta[..., 2:]) if random else (mu, np.zeros_like(mu), theta[..., 1:])
