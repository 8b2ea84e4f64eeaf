"""Henmi and Copas's interval: the common-effect estimate with an interval that allows for heterogeneity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from metaket._checks import Array, check_level
from metaket._notebook import ShownAsText
from metaket.errors import NotComputableError
from metaket.measures.effect import EffectSizes, check_effect_sizes
from metaket.pooling.engine import Problem
from metaket.pooling.tau2 import dersimonian_laird

__all__ = ["HenmiCopas", "henmi_copas"]

NODES = 200  # Gauss-Legendre, on a smooth integrand over REACH
REACH = 12.0  # the normal density is below 1e-31 beyond


@dataclass(frozen=True, slots=True)
class HenmiCopas(ShownAsText):
    """The estimate with its interval.

    Attributes
    ----------
    estimate : float
        With weights 1 / v, which small studies with extreme effects pull less than those of random effects.
    std_error : float
        sqrt((1 + tau2 sum w^2 / sum w) / sum w), with tau2 by DerSimonian-Laird.
    quantile : float
        Of the pivotal statistic; the interval is estimate ± quantile std_error.
    ci_low, ci_high : float
    level : float
    tau2 : float
    """

    estimate: float
    std_error: float
    quantile: float
    ci_low: float
    ci_high: float
    level: float
    tau2: float

    def __str__(self) -> str:
        interval = f"{100 * self.level:g} % CI {self.ci_low:.4f} to {self.ci_high:.4f}"
        return f"Henmi-Copas: {self.estimate:.4f} (SE {self.std_error:.4f}), {interval}, tau2 {self.tau2:.4f}"


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sum of the weights, sums of their powers over that sum, and tau2."""

    k: int
    w1: float
    w2: float
    w3: float
    w4: float
    tau2: float

    def q_moments(self, z: Array) -> tuple[Array, Array]:
        """Mean and variance of Q = y'Ay, given that the estimate lies z standard errors from the truth.

        With S = diag(v + tau2) and s the covariance of y with the estimate, Q is then a quadratic form with covariance
        S - ss'/V and mean sz/sqrt(V), and s'As = tau2^2 c3 / W1, s'ASAs = tau2^2 (c3 + tau2 c4) / W1.
        """
        t, inflation = self.tau2, 1.0 + self.tau2 * self.w2  # V W1
        c3 = self.w3 - self.w2**2
        c4 = self.w4 - 2.0 * self.w2 * self.w3 + self.w2**3
        trace = (self.k - 1) + t * (self.w1 - self.w2)
        trace2 = trace + t * (self.w1 - self.w2) + t**2 * (self.w1 * self.w2 - 2.0 * self.w3 + self.w2**2)
        excess = (z * z - 1.0) / inflation
        mean = trace + t**2 * c3 * excess
        last = (t**2 * c3 / inflation) ** 2 * (1.0 - 2.0 * z * z)
        return np.asarray(mean), np.asarray(2.0 * trace2 + 4.0 * t**2 * (c3 + t * c4) * excess + 2.0 * last)

    def q_for(self, f: Array) -> Array:
        """The Q whose DerSimonian-Laird estimate gives the mean the standard error f / sqrt(W1), f >= 1."""
        return np.asarray((self.w1 / self.w2 - 1.0) * (f * f - 1.0) + (self.k - 1))


def henmi_copas(effects: EffectSizes, level: float = 0.95) -> HenmiCopas:
    r"""Henmi and Copas's confidence interval of the mean effect.

    Parameters
    ----------
    effects : EffectSizes
        At least 2 studies.
    level : float

    Returns
    -------
    HenmiCopas

    Raises
    ------
    NotComputableError
        A single study.
    InputError
        Not effect sizes; a level outside (0, 1).

    Notes
    -----
    :math:`\hat\theta = \sum w_i y_i / \sum w_i` with :math:`w_i = 1/v_i`; the interval inverts the distribution of
    :math:`(\hat\theta - \theta) / \widehat{se}(Q)`, in which Q, given :math:`\hat\theta`, is taken for a gamma variable
    with its exact first two moments at the DerSimonian-Laird estimate of tau2.

    References
    ----------
    Henmi & Copas (2010) Stat Med 29:2969-2983.
    """
    level = check_level(level)
    check_effect_sizes(effects, "henmi_copas")
    if effects.k < 2:
        raise NotComputableError(f"Henmi and Copas's interval needs at least 2 studies, there is {effects.k}")
    w = 1.0 / effects.v
    w1 = float(w.sum())
    w2, w3, w4 = (float((w**power).sum()) / w1 for power in (2, 3, 4))
    tau2 = float(dersimonian_laird(Problem.of(effects.y[None, :], effects.v[None, :]), None).value[0])
    quantile = _quantile(_Sums(effects.k, w1, w2, w3, w4, tau2), 0.5 * (1.0 - level))
    estimate, std_error = float((w @ effects.y) / w1), math.sqrt((1.0 + tau2 * w2) / w1)
    half = quantile * std_error
    return HenmiCopas(estimate, std_error, quantile, estimate - half, estimate + half, level, tau2)


def _quantile(sums: _Sums, tail: float) -> float:
    """The x with P(estimate - truth > x se(Q)) = `tail`, where se(Q) uses the tau2 that belongs to Q.

    Given that the estimate lies z > 0 standard errors from the truth, that is Q <= `q_for` (z sqrt(V W1) / x), which
    needs z >= x / sqrt(V W1) because no standard error is below the one without heterogeneity.
    """
    nodes, node_weights = np.polynomial.legendre.leggauss(NODES)
    inflation = math.sqrt(1.0 + sums.tau2 * sums.w2)

    def excess(x: float) -> float:
        start = x / inflation
        z = start + 0.5 * REACH * (nodes + 1.0)
        mean, spread = sums.q_moments(z)
        below = special.gammainc(mean**2 / spread, sums.q_for(z / start) * mean / spread)
        density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        return float(0.5 * REACH * (node_weights @ (below * density))) - tail

    low = high = 1.0
    while excess(low) <= 0.0:
        low *= 0.5
    while excess(high) > 0.0:
        high *= 2.0
    return float(optimize.brentq(excess, low, high, xtol=1e-13, rtol=1e-13))
