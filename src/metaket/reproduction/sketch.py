"""What a model of correlated effects comes to for inputs a little way off: one scoring step from the known fit.

The range of a result over the box of its inputs asks for a slope along each of them, and each would take a whole fit.
One step of Fisher scoring at the moved inputs gives it at a small part of that cost; the corners are fitted whole.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from metaket._checks import Array
from metaket.errors import MetaketError
from metaket.measures.effect import EffectSizes
from metaket.pooling.components import reported
from metaket.pooling.correlated import CorrelatedResult
from metaket.pooling.multivariate import Data, Likelihood, evaluate
from metaket.reproduction.models import covariance_of
from metaket.reproduction.paper import Analysis
from metaket.reproduction.terms import quantity_of

__all__ = ["one_step", "sketch_many"]

RIDGE = 1e-9  # of the information, so that a flat direction stays where it is


def sketch_many(code: str, y: Array, v: Array, like: EffectSizes, analysis: Analysis, fit: CorrelatedResult) -> Array:
    """A quantity after one step from `fit`, for each row of effects and variances; see `many.quantity_many`."""
    return np.array([_one(code, a, b, like, analysis, fit) for a, b in zip(y, v, strict=True)])


def _one(code: str, y: Array, v: Array, like: EffectSizes, analysis: Analysis, fit: CorrelatedResult) -> float:
    try:
        effects = EffectSizes(y.copy(), v.copy(), like.study, like.measure, like.rows, like.table)
        covariance = covariance_of(analysis, effects)
        moved = one_step(fit, effects, np.diag(v) if covariance is None else covariance)
        return quantity_of(moved, code, analysis.better).value
    except MetaketError:
        return float("nan")


def one_step(fit: CorrelatedResult, effects: EffectSizes, covariance: Array) -> CorrelatedResult:
    """The fit of `effects` after one step of Fisher scoring from the parameters of `fit`.

    Parameters
    ----------
    fit : CorrelatedResult
    effects : EffectSizes
        Of the same rows.
    covariance : ndarray, shape (n, n)
    """
    data, restricted = Data.of(effects.y, fit.design.matrix, covariance, fit.parts), fit.method == "REML"
    theta = _stepped(fit, evaluate(data, fit.theta, restricted))
    at = evaluate(data, theta, restricted)
    labels = [name.removeprefix("sigma2[").removesuffix("]") for name in fit.components if name.startswith("sigma2[")]
    return replace(
        fit, effects=effects, covariance=covariance, coef=at.coef, vcov=at.vcov, theta=theta, loglik=float(at.value),
        components=reported(fit.parts, theta, labels),
    )  # fmt: skip


def _stepped(fit: CorrelatedResult, at: Likelihood) -> Array:
    """theta + information^-1 gradient; a standard deviation at 0 that the slope pushes below stays there."""
    deviation = ~fit.parts.is_correlation
    free = ~(deviation & (fit.theta == 0.0) & (at.gradient <= 0.0))
    theta = fit.theta.copy()
    if free.any():
        information = at.information[np.ix_(free, free)]
        ridge = RIDGE * max(1.0, float(np.trace(information))) * np.eye(int(free.sum()))
        theta[free] += np.linalg.solve(information + ridge, at.gradient[free])
    return np.where(deviation, np.maximum(theta, 0.0), theta)
