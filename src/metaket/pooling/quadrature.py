r"""Marginal log-likelihoods of generalised linear mixed models by adaptive Gauss-Hermite quadrature.

Each study has one or two arms with linear predictors

.. math:: \eta_i = F \beta_i + Z\,\mathrm{diag}(\sigma_i)\,u_i, \quad u_i \sim N(0, I_d), \quad d = 1 \text{ or } 2,

and a log-concave conditional likelihood (a `Family`). The integral over u is taken at the Gauss-Hermite nodes moved
to the mode of the integrand and scaled by its curvature (Pinheiro & Bates (1995) J Comput Graph Stat 4:12-35, sec.
2.4); one node is the Laplace approximation. Everything is vectorised over the studies.

All formulas hold for complex arguments, so the gradient comes from an imaginary step (Squire & Trapp (1998) SIAM Rev
40:110-112), exact to the last digits, moving nodes included; the Hessian is a central difference of that gradient.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket.pooling.families import LONGEST_STEP, Family, Numbers

__all__ = ["Marginal"]

IMAGINARY = 1e-30
FORWARD = 1e-7  # step of a one-sided difference of gradients
CENTRAL = 1e-4  # step of a central one; its error is about the square, relative to the Hessian
MODE_LIMIT = 200
MODE_STEP = 1e-8  # the next Newton error is its square


@dataclass(frozen=True, slots=True)
class Marginal:
    """The marginal log-likelihood of each study as a function of its parameters phi = (beta, sigma).

    Attributes
    ----------
    family : Family
    fixed : ndarray, shape (arms, f)
        F, the same for all studies.
    random : ndarray, shape (arms, d)
        Z.
    points : int
        Nodes along each axis.
    """

    family: Family
    fixed: Array
    random: Array
    points: int

    def _predictor(self, phi: Numbers) -> tuple[Numbers, Numbers]:
        """What the fixed part gives, (k, arms), and Z diag(sigma), (k, arms, d)."""
        f = self.fixed.shape[1]
        return phi[:, :f] @ self.fixed.T, self.random * phi[:, None, f:]

    def __call__(self, phi: Numbers, mode: Array | None = None) -> Numbers:
        """(k, f + d) -> (k,), real or complex; `mode` is that of the real part, where it is known."""
        base, scaled = self._predictor(phi)
        u: Numbers = self._mode(base.real, scaled.real) if mode is None else mode
        if np.iscomplexobj(phi):
            u = u.astype(np.complex128)
            for _ in range(2):  # the first turn gives the derivative of the mode, the second clears its rounding
                u = u + self._step(base, scaled, u)[0]
        lower = self._factor(scaled, self._step(base, scaled, u)[1])
        x, log_weight = _nodes(self.points, self.random.shape[1])
        at = u[:, :, None] + _solve_transposed(lower, np.sqrt(2.0) * x[None])
        log_term = self.family.value(base[:, :, None] + scaled @ at) - 0.5 * (at * at).sum(axis=1) + log_weight
        peak = log_term.real.max(axis=1, keepdims=True)
        log_det = np.sum([np.log(lower[i][i]) for i in range(len(lower))], axis=0)
        return np.asarray(np.log(np.exp(log_term - peak).sum(axis=1)) + peak[:, 0] - log_det)

    def _step(self, base: Numbers, scaled: Numbers, u: Numbers) -> tuple[Numbers, Numbers]:
        """Newton's step towards the mode, and the weights of the arms."""
        first, weight = self.family.slopes(base + (scaled @ u[:, :, None])[:, :, 0])
        gradient = (np.swapaxes(scaled, 1, 2) @ first[:, :, None])[:, :, 0] - u
        curvature = np.eye(u.shape[1]) + np.swapaxes(scaled, 1, 2) @ (weight[:, :, None] * scaled)
        return np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0], weight

    def _mode(self, base: Array, scaled: Array) -> Array:
        u = np.zeros((base.shape[0], scaled.shape[2]))
        for _ in range(MODE_LIMIT):
            step, _ = self._step(base, scaled, u)
            reach = np.abs((scaled @ step[:, :, None])[:, :, 0]).max(axis=1, keepdims=True)
            step = step * np.minimum(1.0, LONGEST_STEP / np.maximum(reach, LONGEST_STEP))
            u = u + step
            if np.abs(step).max() <= MODE_STEP:
                break
        return u

    @staticmethod
    def _factor(scaled: Numbers, weight: Numbers) -> list[list[Numbers]]:
        """Lower triangular L with L L' = I + Z' W Z, analytic in its entries (numpy's would conjugate)."""
        d = scaled.shape[2]
        h = np.eye(d) + np.swapaxes(scaled, 1, 2) @ (weight[:, :, None] * scaled)
        first = np.sqrt(h[:, 0, 0])
        if d == 1:
            return [[first]]
        side = h[:, 1, 0] / first
        return [[first], [side, np.sqrt(h[:, 1, 1] - side * side)]]

    def gradient(self, phi: Array) -> Array:
        """Derivatives of each study's log-likelihood, shape (k, q)."""
        out = np.empty_like(phi)
        mode = self._mode(*self._predictor(phi))
        for i in range(phi.shape[1]):
            moved = phi.astype(np.complex128)
            moved[:, i] += 1j * IMAGINARY
            out[:, i] = self(moved, mode).imag / IMAGINARY
        return out

    def slope_and_curvature(self, phi: Array) -> tuple[Array, Array]:
        """Gradient (k, q) and Hessian (k, q, q), the latter from forward differences: enough to climb by."""
        here = self.gradient(phi)
        steps = FORWARD * np.eye(phi.shape[1])
        out = np.stack([(self.gradient(phi + step) - here) / FORWARD for step in steps], axis=1)
        return here, np.asarray(0.5 * (out + np.swapaxes(out, 1, 2)))

    def hessian(self, phi: Array) -> Array:
        """Second derivatives, shape (k, q, q), from central differences: what standard errors need."""
        steps = CENTRAL * np.eye(phi.shape[1])
        out = np.stack([(self.gradient(phi + step) - self.gradient(phi - step)) / (2 * CENTRAL) for step in steps], 1)
        return np.asarray(0.5 * (out + np.swapaxes(out, 1, 2)))


def _solve_transposed(lower: list[list[Numbers]], x: Numbers) -> Numbers:
    """L^-T x for each study: (1, d, nodes) -> (k, d, nodes)."""
    last = x[:, -1] / lower[-1][-1][:, None]
    if len(lower) == 1:
        return np.asarray(last[:, None])
    first = (x[:, 0] - lower[1][0][:, None] * last) / lower[0][0][:, None]
    return np.stack([first, last], axis=1)


@functools.cache
def _nodes(points: int, d: int) -> tuple[Array, Array]:
    """Nodes (d, N) and log weights (N,) for the integral of exp(g) exp(-u'u / 2) / (2 pi)^(d/2) with the rule moved."""
    x, w = special.roots_hermite(points)
    grid = np.stack([a.ravel() for a in np.meshgrid(*[x] * d, indexing="ij")])
    log_w = np.sum([a.ravel() for a in np.meshgrid(*[np.log(w)] * d, indexing="ij")], axis=0)
    # u = mode + sqrt(2) L^-T x: the Jacobian gives 2^(d/2) / |L|, the weights are for exp(-x'x)
    return grid, np.asarray(log_w + (grid * grid).sum(axis=0) - 0.5 * d * np.log(np.pi))
