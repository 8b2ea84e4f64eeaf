"""Confidence intervals for tau2 other than the Q-profile one: generalised Q, profile likelihood, Wald.

Each method is one function of a `Tau2Question`, registered in `TAU2_INTERVALS`; I2 and H2 follow from the limits by
`heterogeneity.i2_h2_from_tau2`, which increases in tau2.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from metaket._checks import Array
from metaket._distributions import critical
from metaket._registry import Registry
from metaket.errors import DataWarning, InputError, NotComputableError
from metaket.pooling.engine import Problem, gls
from metaket.pooling.heterogeneity import q_profile
from metaket.pooling.likelihood import log_likelihood
from metaket.pooling.quadratic_form import weighted_chi2_cdf

__all__ = ["TAU2_INTERVALS", "Tau2Question", "tau2_limits"]

RELATIVE = 1e-13  # tolerance of the root finder
DOUBLINGS = 1_000  # of the upper end; the last doubles are out of reach long before


@dataclass(frozen=True, slots=True)
class Tau2Question:
    """What an interval for tau2 can draw on.

    Attributes
    ----------
    problem : Problem
        One fit (m = 1), with moderators or without.
    level : float
    tau2, se_tau2 : float
        The estimate and its standard error.
    estimator : str or float
        Code of the estimator, or the known value.
    weights : ndarray, shape (k,), or None
        Of the generalised Q; None is 1 / v.
    """

    problem: Problem
    level: float
    tau2: float
    se_tau2: float
    estimator: str | float
    weights: Array | None = None


IntervalFunction = Callable[[Tau2Question], tuple[float, float]]
TAU2_INTERVALS: Registry[IntervalFunction] = Registry("interval for tau2")


def tau2_limits(question: Tau2Question, method: str = "QP") -> tuple[float, float]:
    """Lower and upper limit of tau2, both at least 0, by the method's code.

    Raises
    ------
    NotComputableError
        No degrees of freedom, or (Wald) no standard error.
    InputError
        A profile likelihood of an estimate that does not maximise one; weights that are not positive.

    Warns
    -----
    DataWarning
        No tau2 is admissible: the effects are more alike than their sampling variances allow (QP, GENQ). Both limits
        are then 0.
    """
    if question.problem.df[0] < 1:
        raise NotComputableError("an interval for tau2 needs more studies than coefficients")
    return TAU2_INTERVALS[method].func(question)


@TAU2_INTERVALS.add(
    "QP",
    label="Q-profile",
    reference="Viechtbauer (2007) Stat Med 26:37-52",
    aliases=("q-profile",),
    metafor="confint(type='QP')",
)
def q_profile_limits(question: Tau2Question) -> tuple[float, float]:
    """Where the generalised Q with weights 1 / (v + tau2) meets the chi-square quantiles."""
    low, high, _ = q_profile(question.problem, question.level)
    if high[0] == 0.0:
        _say_empty(question.level, "Q-profile")
    return float(low[0]), float(high[0])


def _say_empty(level: float, label: str) -> None:
    warnings.warn(
        f"the {100 * level:g} % {label} interval of tau2 is empty: the effects are more alike than their sampling "
        "variances allow even at tau2 = 0; both limits are given as 0",
        DataWarning,
        stacklevel=5,
    )


@TAU2_INTERVALS.add(
    "GENQ",
    label="generalised Q, exact",
    reference="Jackson (2013) Res Synth Methods 4:220-229; Jackson et al. (2014) BMC Med Res Methodol 14:103",
    metafor="confint(type='GENQ')",
)
def generalised_q_limits(question: Tau2Question) -> tuple[float, float]:
    """The tau2 under which the observed Q = y'Ay with fixed weights lies at either tail of its exact distribution.

    A = W - W X (X'WX)^-1 X'W; under tau2 Q is a sum of chi-squares weighted by the eigenvalues of S^1/2 A S^1/2 with
    S = diag(v + tau2). Both limits are 0 when even tau2 = 0 makes a Q this small improbable.
    """
    pr, tail = question.problem, 0.5 * (1.0 - question.level)
    weights = _positive_weights(question)
    matrix = _residual_matrix(pr, weights)
    observed = float(gls(pr, weights[None, :]).q[0])

    def upper_tail(t: float) -> float:
        root = np.sqrt(pr.v[0] + t)
        eigenvalues = np.linalg.eigvalsh(matrix * np.outer(root, root))[pr.p :]
        return float(weighted_chi2_cdf(np.asarray(observed), np.maximum(eigenvalues, 0.0))[1])

    scale = float(pr.v_max[0])
    low, high = _solve_up(upper_tail, tail, scale), _solve_up(upper_tail, 1.0 - tail, scale)
    if high == 0.0:
        _say_empty(question.level, "generalised Q")
    return low, high


def _positive_weights(question: Tau2Question) -> Array:
    pr = question.problem
    if pr.n is not None:
        raise InputError("the generalised Q interval is for studies that count once")
    if question.weights is None:
        return np.asarray(1.0 / pr.v[0])
    weights = np.asarray(question.weights, dtype=np.float64)
    if weights.shape != pr.v[0].shape or not (np.isfinite(weights) & (weights > 0)).all():
        raise InputError(f"weights must be {pr.v.shape[1]} positive numbers, got {question.weights!r}")
    return weights


def _residual_matrix(pr: Problem, weights: Array) -> Array:
    x = np.ones((weights.size, 1)) if pr.x is None else pr.x[0]
    wx = weights[:, None] * x
    return np.asarray(np.diag(weights) - wx @ np.linalg.solve(x.T @ wx, wx.T))


@TAU2_INTERVALS.add(
    "PL",
    label="profile likelihood",
    reference="Hardy & Thompson (1996) Stat Med 15:619-629",
    aliases=("profile",),
    metafor="confint(type='PL')",
)
def profile_limits(question: Tau2Question) -> tuple[float, float]:
    """Where the (restricted) log-likelihood lies half a chi-square quantile below its maximum, on either side of it.

    The nearest crossing on either side: should the likelihood rise again beyond, the interval does not follow.
    """
    if question.estimator not in ("ML", "REML"):
        raise InputError(f"a profile-likelihood interval needs tau2 by ML or REML, not {question.estimator!r}")
    pr, restricted = question.problem, question.estimator == "REML"

    def height(t: float) -> float:
        return float(log_likelihood(pr, np.array([t]), restricted=restricted)[0])

    best = question.tau2
    floor = height(best) - 0.5 * float(special.chdtri(1.0, 1.0 - question.level))
    low = 0.0
    if best > 0 and height(0.0) < floor:
        low = float(optimize.brentq(lambda t: height(t) - floor, 0.0, best, xtol=best * RELATIVE, rtol=RELATIVE))
    high = best + _solve_up(lambda step: floor - height(best + step), 0.0, float(pr.v_min[0]) + best)
    return low, high


@TAU2_INTERVALS.add(
    "Wald",
    label="Wald",
    reference="Biggerstaff & Tweedie (1997) Stat Med 16:753-768",
    metafor="confint(type='Wald')",
)
def wald_limits(question: Tau2Question) -> tuple[float, float]:
    """tau2 ± z se(tau2), the lower limit not below 0."""
    if not np.isfinite(question.se_tau2):
        raise NotComputableError("a Wald interval needs the standard error of tau2, which a given tau2 does not have")
    half = float(critical(question.level, np.inf)) * question.se_tau2
    return max(0.0, question.tau2 - half), question.tau2 + half


def _solve_up(f: Callable[[float], float], target: float, scale: float) -> float:
    """The t >= 0 with f(t) = target for an increasing f; 0 where f(0) is above it already."""
    if f(0.0) >= target:
        return 0.0
    low, high = 0.0, scale
    for _ in range(DOUBLINGS):
        if f(high) >= target:
            break
        low, high = high, 2.0 * high
    return float(optimize.brentq(lambda t: f(t) - target, low, high, xtol=scale * RELATIVE, rtol=RELATIVE))
