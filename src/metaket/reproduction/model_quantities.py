"""Quantities of a whole model: meta-regression, correlated effects, subgroups. Each is one function of the result."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from metaket._registry import Registry
from metaket.diagnostics.subgroups import Subgroups
from metaket.errors import InputError, NotComputableError
from metaket.pooling.correlated import CorrelatedResult
from metaket.pooling.engine import Problem
from metaket.pooling.heterogeneity import q_p_value
from metaket.pooling.regression import RegressionResult
from metaket.pooling.tau2_interval import Tau2Question, tau2_limits
from metaket.reproduction.quantity import Quantity, effect_quantity

__all__ = ["MODEL_QUANTITIES", "residual_tau2_ci"]

ModelFunction = Callable[[Any], Quantity]
MODEL_QUANTITIES: Registry[ModelFunction] = Registry("quantity of a model")
KINDS = {
    RegressionResult: "a meta-regression",
    CorrelatedResult: "a model of correlated effects",
    Subgroups: "subgroups",
}


def _add(code: str, label: str, *kinds: type) -> Callable[[ModelFunction], ModelFunction]:
    """Register a quantity; of other models than `kinds` it is refused."""
    register = MODEL_QUANTITIES.add(code, label=label, reference="design: the fields of a pooled result")

    def guarded(func: ModelFunction) -> ModelFunction:
        def check(fit: Any) -> Quantity:
            if not isinstance(fit, kinds):
                raise InputError(
                    f"{KINDS[type(fit)]} has no {code}; it belongs to {' and '.join(KINDS[k] for k in kinds)}"
                )
            return func(fit)

        return register(check)

    return guarded


R, C, S = RegressionResult, CorrelatedResult, Subgroups


@_add("k", "number of effects", R, C, S)
def _k(fit: Any) -> Quantity:
    return Quantity(float(sum(r.k for r in fit.results) if isinstance(fit, S) else fit.effects.k), kind="count")


def _single(fit: Any) -> tuple[float, float]:
    """The one coefficient and its standard error."""
    if len(fit.names) != 1:
        raise InputError(f"the model has {len(fit.names)} coefficients; ask one of coef:{', coef:'.join(fit.names)}")
    return float(fit.coef[0]), float(fit.std_error[0])


@_add("estimate", "pooled effect, in a model with one coefficient", C)
def _estimate(fit: Any) -> Quantity:
    return effect_quantity(fit.effects, _single(fit)[0])


@_add("std_error", "its standard error", C)
def _std_error(fit: Any) -> Quantity:
    return Quantity(_single(fit)[1])


@_add("ci_low", "lower limit", C)
def _ci_low(fit: Any) -> Quantity:
    _single(fit)
    low, high = fit.ci()[0].tolist()
    return effect_quantity(fit.effects, low, (low, high))


@_add("ci_high", "upper limit", C)
def _ci_high(fit: Any) -> Quantity:
    _single(fit)
    low, high = fit.ci()[0].tolist()
    return effect_quantity(fit.effects, high, (low, high))


@_add("tau2", "residual variance between studies", R, C)
def _tau2(fit: Any) -> Quantity:
    if isinstance(fit, C):
        return Quantity(_component(fit, "tau2"), kind="heterogeneity")
    return Quantity(fit.tau2, kind="heterogeneity")


@_add("se_tau2", "its standard error", R)
def _se_tau2(fit: Any) -> Quantity:
    if math.isnan(fit.se_tau2):
        raise NotComputableError("tau2 was not estimated, so it has no standard error")
    return Quantity(fit.se_tau2, kind="heterogeneity")


def residual_tau2_ci(fit: RegressionResult, method: str = "QP") -> tuple[float, float]:
    """95 % interval of the residual tau2. Jackson et al. (2014) BMC Med Res Methodol 14:103."""
    e = fit.effects
    problem = Problem.of(e.y[None, :], e.v[None, :], x=fit.design.matrix[None, :, :])
    return tau2_limits(Tau2Question(problem, 0.95, fit.tau2, fit.se_tau2, fit.spec.tau2), method)


@_add("tau2_ci_low", "lower limit of the residual tau2 (Q-profile)", R)
def _tau2_ci_low(fit: Any) -> Quantity:
    return Quantity(residual_tau2_ci(fit)[0], kind="heterogeneity")


@_add("tau2_ci_high", "upper limit of the residual tau2 (Q-profile)", R)
def _tau2_ci_high(fit: Any) -> Quantity:
    return Quantity(residual_tau2_ci(fit)[1], kind="heterogeneity")


def _component(fit: Any, name: str) -> float:
    if name not in fit.components:
        raise InputError(f"the model has no single {name}; it has {', '.join(fit.components)}")
    return float(fit.component(name))


@_add("rho", "correlation of the random effects", C)
def _rho(fit: Any) -> Quantity:
    names = [name for name in fit.components if name.startswith("rho")]
    return Quantity(_component(fit, names[0] if len(names) == 1 else "rho"), kind="heterogeneity")


@_add("covariance", "covariance of the random effects of two levels", C)
def _covariance(fit: Any) -> Quantity:
    variances = [value for name, value in fit.components.items() if name.startswith("tau2[")]
    if len(variances) != 2:
        raise InputError(f"a covariance is of two levels with a variance each; the model has {len(variances)}")
    product = variances[0] * variances[1]
    return Quantity(_rho(fit).value * math.sqrt(product) if product > 0.0 else 0.0, kind="heterogeneity")


@_add("loglik", "log-likelihood", C)
def _loglik(fit: Any) -> Quantity:
    return Quantity(fit.loglik)


@_add("i2", "residual I2", R)
def _i2(fit: Any) -> Quantity:
    return Quantity(fit.i2, unit="%", kind="heterogeneity")


@_add("r2", "share of the heterogeneity that the moderators explain", R)
def _r2(fit: Any) -> Quantity:
    if fit.r2 is None:
        raise NotComputableError("without moderators there is no heterogeneity to explain")
    return Quantity(fit.r2, unit="%", kind="heterogeneity")


@_add("q", "residual Q (QE)", R)
def _q(fit: Any) -> Quantity:
    return Quantity(fit.qe, kind="heterogeneity")


@_add("q_df", "its degrees of freedom", R)
def _q_df(fit: Any) -> Quantity:
    return Quantity(fit.qe_df, kind="count")


@_add("q_p", "its p-value", R)
def _q_p(fit: Any) -> Quantity:
    return Quantity(fit.qe_p, kind="p")


def _omnibus(fit: Any) -> tuple[float, float, float]:
    """Test that all coefficients but the intercept are 0; without an intercept that all are."""
    if isinstance(fit, R):
        statistic, df, p = fit.omnibus()
        return statistic, df, p
    tested = [i for i, name in enumerate(fit.names) if name != "intercept"]
    if not tested:
        raise InputError("the model has no moderators to test")
    statistic, df, p = fit.contrast(np.eye(len(fit.names))[tested])
    return statistic, float(df), p


@_add("qm", "test of the moderators (QM)", R, C)
def _qm(fit: Any) -> Quantity:
    return Quantity(_omnibus(fit)[0])


@_add("qm_df", "its degrees of freedom", R, C)
def _qm_df(fit: Any) -> Quantity:
    return Quantity(_omnibus(fit)[1], kind="count")


@_add("qm_p", "its p-value", R, C)
def _qm_p(fit: Any) -> Quantity:
    return Quantity(_omnibus(fit)[2], kind="p")


@_add("equal", "test that all coefficients are equal", C)
def _equal(fit: Any) -> Quantity:
    return Quantity(fit.equal()[0])


@_add("equal_p", "its p-value", C)
def _equal_p(fit: Any) -> Quantity:
    return Quantity(fit.equal()[2], kind="p")


@_add("q_between", "Q between subgroups", S)
def _q_between(fit: Any) -> Quantity:
    return Quantity(fit.q_between, kind="heterogeneity")


@_add("q_between_df", "its degrees of freedom", S)
def _q_between_df(fit: Any) -> Quantity:
    return Quantity(fit.q_between_df, kind="count")


@_add("q_between_p", "its p-value", S)
def _q_between_p(fit: Any) -> Quantity:
    return Quantity(fit.q_between_p, kind="p")


@_add("q_within", "Q within subgroups, added up", S)
def _q_within(fit: Any) -> Quantity:
    return Quantity(sum(r.q for r in fit.results), kind="heterogeneity")


@_add("q_within_p", "its p-value", S)
def _q_within_p(fit: Any) -> Quantity:
    q, df = sum(r.q for r in fit.results), sum(r.q_df for r in fit.results)
    return Quantity(float(q_p_value(np.array(q), np.array(df))), kind="p")
