"""Conditional log-likelihoods of counts, given linear predictors: binomial, Poisson, noncentral hypergeometric.

All formulas hold for complex predictors, so that derivatives can be had by an imaginary step (see `quadrature`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import special

from metaket._checks import Array

__all__ = ["LONGEST_STEP", "Binomial", "Family", "Hypergeometric", "Numbers", "Poisson"]

Numbers = npt.NDArray[Any]  # float64 or complex128
LIMIT = 200
LAST_STEP = 1e-8  # the next Newton error is its square
LONGEST_STEP = 2.0  # in the linear predictor: exp() cannot overshoot beyond recovery


class Family(Protocol):
    """Conditional log-likelihood of a study, given the linear predictors of its arms."""

    def value(self, eta: Numbers) -> Numbers:
        """Log-probability with all constants: (k, arms, nodes) -> (k, nodes)."""
        ...

    def slopes(self, eta: Numbers) -> tuple[Numbers, Numbers]:
        """First derivative and minus the second: (k, arms) -> twice (k, arms)."""
        ...

    def best(self) -> tuple[Array, Array, Array]:
        """Each arm's own maximum, its eta (may be infinite) and information, each (k, arms)."""
        ...

    @property
    def studies(self) -> int:
        """k."""
        ...


def _softplus(eta: Numbers) -> Numbers:
    """log(1 + exp(eta)) without overflow."""
    positive = eta.real > 0
    return np.asarray(np.log1p(np.exp(np.where(positive, -eta, eta))) + np.where(positive, eta, 0.0))


def _expit(eta: Numbers) -> Numbers:
    positive = eta.real > 0
    small = np.exp(np.where(positive, -eta, eta))
    return np.asarray(np.where(positive, 1.0, small) / (1.0 + small))


@dataclass(frozen=True, slots=True)
class Binomial:
    """y events out of n, logit p = eta + offset; all of shape (k, arms)."""

    y: Array
    n: Array
    offset: Array

    def value(self, eta: Numbers) -> Numbers:
        """Sum over arms of y eta - n log(1 + exp eta) + log C(n, y)."""
        y, n, offset = self.y[..., None], self.n[..., None], self.offset[..., None]
        constant = _log_choose(self.n, self.y).sum(axis=1)[:, None]
        return np.asarray((y * (eta + offset) - n * _softplus(eta + offset)).sum(axis=1) + constant)

    def slopes(self, eta: Numbers) -> tuple[Numbers, Numbers]:
        """y - n p and n p (1 - p)."""
        p = _expit(eta + self.offset)
        return self.y - self.n * p, self.n * p * (1.0 - p)

    def best(self) -> tuple[Array, Array, Array]:
        """p = y / n."""
        y, n = self.y, self.n
        with np.errstate(divide="ignore"):
            eta = np.log(y) - np.log(n - y) - self.offset
        height = special.xlogy(y, y / n) + special.xlogy(n - y, (n - y) / n) + _log_choose(n, y)
        return height, eta, y * (n - y) / n

    @property
    def studies(self) -> int:
        """k."""
        return int(self.y.shape[0])


@dataclass(frozen=True, slots=True)
class Poisson:
    """y events in the time t, log rate = eta; all of shape (k, arms)."""

    y: Array
    t: Array

    def value(self, eta: Numbers) -> Numbers:
        """Sum over arms of y (eta + log t) - t exp(eta) - log y!."""
        y, t = self.y[..., None], self.t[..., None]
        constant = (special.xlogy(self.y, self.t) - special.gammaln(self.y + 1.0)).sum(axis=1)[:, None]
        return np.asarray((y * eta - t * np.exp(eta)).sum(axis=1) + constant)

    def slopes(self, eta: Numbers) -> tuple[Numbers, Numbers]:
        """y - t exp(eta) and t exp(eta)."""
        mean = self.t * np.exp(eta)
        return self.y - mean, mean

    def best(self) -> tuple[Array, Array, Array]:
        """Rate y / t."""
        y, t = self.y, self.t
        with np.errstate(divide="ignore"):
            eta = np.log(y) - np.log(t)
        return special.xlogy(y, y) - y - special.gammaln(y + 1.0), eta, y

    @property
    def studies(self) -> int:
        """k."""
        return int(self.y.shape[0])


class Hypergeometric:
    """Events of the first arm given both margins: Fisher's noncentral hypergeometric with log odds ratio eta.

    The supports of all studies lie behind each other in one array, so that a study of ten patients does not pay for
    one of ten thousand.
    """

    __slots__ = ("count", "log_weight", "low", "owner", "start", "y")

    def __init__(self, y: Array, n1: Array, n2: Array, m: Array) -> None:
        low, high = np.maximum(0.0, m - n2), np.minimum(n1, m)
        size = (high - low + 1).astype(np.intp)
        self.y, self.low = y, low
        self.start = np.concatenate([[0], np.cumsum(size)[:-1]])
        self.owner = np.repeat(np.arange(y.size), size)
        self.count = np.arange(size.sum()) - self.start[self.owner] + low[self.owner]
        weight = _log_choose(n1[self.owner], self.count) + _log_choose(n2[self.owner], m[self.owner] - self.count)
        own = _log_choose(n1, y) + _log_choose(n2, m - y)
        self.log_weight = weight - own[self.owner]  # relative to the observed table: eta y is all that is left of it

    def _terms(self, eta: Numbers) -> tuple[Numbers, Numbers]:
        """exp(log term - its largest) per support point, and the largest: (k, nodes) -> (points, nodes), (k, nodes)."""
        log_term = self.log_weight[:, None] + (self.count - self.y[self.owner])[:, None] * eta[self.owner]
        peak = np.maximum.reduceat(log_term.real, self.start, axis=0)
        return np.exp(log_term - peak[self.owner]), peak

    def value(self, eta: Numbers) -> Numbers:
        """Minus the log of the sum over the support, relative to the observed table."""
        term, peak = self._terms(eta[:, 0, :])
        return np.asarray(-np.log(np.add.reduceat(term, self.start, axis=0)) - peak)

    def slopes(self, eta: Numbers) -> tuple[Numbers, Numbers]:
        """y less the mean, and the variance."""
        term, _ = self._terms(eta)
        total = np.add.reduceat(term, self.start, axis=0)
        gap = (self.count - self.y[self.owner])[:, None]
        mean = np.add.reduceat(term * gap, self.start, axis=0) / total
        return -mean, np.add.reduceat(term * (gap - mean[self.owner]) ** 2, self.start, axis=0) / total

    def best(self) -> tuple[Array, Array, Array]:
        """The conditional estimate by Newton's method; infinite, with a probability of 1, at an end of the support."""
        high = np.maximum.reduceat(self.count, self.start)
        at_low, at_high = self.y == self.low, self.y == high
        inside = ~(at_low | at_high)
        eta = np.zeros((self.y.size, 1))
        for _ in range(LIMIT):
            first, second = self.slopes(eta)
            step = np.where(inside[:, None], first / np.where(inside[:, None], second, 1.0), 0.0)
            step = np.clip(step, -LONGEST_STEP, LONGEST_STEP)
            eta = eta + step
            if np.abs(step).max() <= LAST_STEP:
                break
        height = np.where(inside[:, None], self.value(eta[:, :, None]), 0.0)
        information = np.where(inside[:, None], self.slopes(eta)[1], 0.0)
        return height, np.where(inside[:, None], eta, np.where(at_low, -np.inf, np.inf)[:, None]), information

    @property
    def studies(self) -> int:
        """k."""
        return self.y.size


def _log_choose(n: Array, k: Array) -> Array:
    return np.asarray(special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0))
