"""Quantities that name a part of an answer: a coefficient, a study, a subgroup, a component, a prediction.

The text of a claim's quantity is read here: ``estimate`` is one of `QUANTITIES`; ``coef:ablat``,
``study:Hoffman 1979:ci_low`` and ``group:yes:q`` name a part; ``prediction at ablat=33.46`` gives values of the
moderators; ``untransformed:estimate`` is any of these on the analysis scale (the logarithm of a ratio).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from metaket._distributions import critical
from metaket._registry import Registry, unknown_choice
from metaket.diagnostics.subgroups import Subgroups
from metaket.errors import InputError, NotComputableError
from metaket.pooling.correlated import CorrelatedResult
from metaket.pooling.design import column_of
from metaket.pooling.mantel_haenszel import breslow_day, cochran_mantel_haenszel
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult
from metaket.reproduction.model_quantities import MODEL_QUANTITIES, residual_tau2_ci
from metaket.reproduction.models import Fit
from metaket.reproduction.quantities import QUANTITIES
from metaket.reproduction.quantity import Quantity, effect_quantity

__all__ = ["TERMS", "quantity_of"]

PREDICTION = re.compile(r"(prediction|ci_low|ci_high|pi_low|pi_high) at (.+)")
PREDICTED = {"prediction": "estimate"}
UNTRANSFORMED = "untransformed:"

TermFunction = Callable[[Any, str], Quantity]
TERMS: Registry[TermFunction] = Registry("quantity of a part")


def quantity_of(fit: Fit, code: str, better: str = "higher") -> Quantity:
    """The quantity that `code` names.

    Raises
    ------
    InputError
        The answer has no such quantity or part; the message lists what it has.
    NotComputableError
        It is not defined for these data.
    """
    if code.startswith(UNTRANSFORMED):
        return quantity_of(_untransformed(fit), code.removeprefix(UNTRANSFORMED), better)
    at = PREDICTION.fullmatch(code)
    if at:
        return _predicted(fit, at[1], at[2])
    name, sign, rest = code.partition(":")
    if sign and name == "group":
        return _of_group(fit, rest, better)
    if sign:
        return TERMS[name].func(fit, rest)
    if isinstance(fit, PooledResult):
        return QUANTITIES[code].func(fit, better)
    return MODEL_QUANTITIES[code].func(fit)


def _untransformed(fit: Fit) -> Fit:
    if isinstance(fit, Subgroups):
        return replace(fit, results=tuple(replace(r, effects=replace(r.effects, measure="GEN")) for r in fit.results))
    return replace(fit, effects=replace(fit.effects, measure="GEN"))


def _of_group(fit: Fit, rest: str, better: str) -> Quantity:
    if not isinstance(fit, Subgroups):
        raise InputError("group:... needs an analysis with subgroups")
    level = next((name for name in fit.levels if rest.startswith(f"{name}:")), None)
    if level is None:
        raise unknown_choice("group", rest.partition(":")[0], fit.levels)
    return quantity_of(fit.results[fit.levels.index(level)], rest.removeprefix(f"{level}:"), better)


def _predicted(fit: Fit, name: str, values: str) -> Quantity:
    """An effect, or its limit, at values of the moderators: ``x=1, y=high``."""
    if not isinstance(fit, RegressionResult):
        raise InputError(f"'{name} at {values}' needs an analysis with moderators")
    pairs = [part.partition("=") for part in values.split(",")]
    if not all(sign for _, sign, _ in pairs):
        raise InputError(f"cannot read {values!r}; write a value for each moderator, such as dose=10, route=oral")
    given = {name.strip(): _number(value) for name, _, value in pairs}
    factors = {column_of(part) for part in fit.design.levels}
    for column, value in given.items():
        if isinstance(value, str) and column not in factors:
            raise InputError(f"moderator {column} is a number, got {value!r} in {values!r}")
    row = fit.predict({column: [value] for column, value in given.items()}).iloc[0]
    found = float(row[PREDICTED.get(name, name)])
    if name == "prediction":
        return effect_quantity(fit.effects, found)
    kind = name[:2]
    return effect_quantity(fit.effects, found, (float(row[f"{kind}_low"]), float(row[f"{kind}_high"])))


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()


def _term(code: str, label: str) -> Callable[[TermFunction], TermFunction]:
    return TERMS.add(code, label=label, reference="design: the fields of a pooled result")


def _coefficient(fit: Any, name: str) -> int:
    if not isinstance(fit, RegressionResult | CorrelatedResult):
        raise InputError(f"coefficient {name!r} needs an analysis with moderators")
    if name not in fit.names:
        raise unknown_choice("coefficient", name, fit.names)
    return fit.names.index(name)


@_term("coef", "coefficient, on the analysis scale")
def _coef(fit: Any, name: str) -> Quantity:
    at = _coefficient(fit, name)
    return Quantity(float(fit.coef[at]), null=0.0)


def _column(column: str, kind: str = "estimate") -> TermFunction:
    def read(fit: Any, name: str) -> Quantity:
        at = _coefficient(fit, name)
        return Quantity(float(fit.to_frame()[column].iloc[at]), kind=kind)

    return read


_term("se", "standard error of a coefficient")(_column("std_error"))
_term("statistic", "test statistic of a coefficient")(_column("statistic"))
_term("p", "p-value of a coefficient")(_column("p_value", "p"))


def _limit(which: int) -> TermFunction:
    def read(fit: Any, name: str) -> Quantity:
        """Of a coefficient; of a pooled effect the level: ``ci_low:0.9``."""
        if isinstance(fit, PooledResult):
            level = _number(name)
            if not isinstance(level, float):
                raise InputError(f"ci_low:{name} needs a level, such as ci_low:0.9")
            interval = fit.ci(level)
            return effect_quantity(fit.effects, interval[which], interval)
        at = _coefficient(fit, name)
        low, high = fit.ci()[at].tolist()
        return Quantity((low, high)[which], kind="limit", null=0.0, width=high - low)

    return read


_term("ci_low", "lower limit of a coefficient, or of the pooled effect at a level")(_limit(0))
_term("ci_high", "upper limit of a coefficient, or of the pooled effect at a level")(_limit(1))


def _exponential(which: int | None) -> TermFunction:
    def read(fit: Any, name: str) -> Quantity:
        """exp of a coefficient, or of its limit: a ratio for models of log ratios, logits and log rates."""
        at = _coefficient(fit, name)
        low, high = fit.ci()[at].tolist()
        value = float(fit.coef[at]) if which is None else (low, high)[which]
        kind, width = ("estimate", None) if which is None else ("limit", high - low)
        return Quantity(math.exp(value), log=True, kind=kind, null=1.0, width=width)

    return read


_term("ratio", "exponential of a coefficient")(_exponential(None))
_term("ratio_low", "exponential of its lower limit")(_exponential(0))
_term("ratio_high", "exponential of its upper limit")(_exponential(1))


def _prediction(which: int) -> TermFunction:
    def read(fit: Any, method: str) -> Quantity:
        interval = _pooled(fit, "pi_low and pi_high").prediction_interval(method=method)
        if interval is None:
            raise NotComputableError(f"no prediction interval: {fit.prediction_gap(method)}")
        return effect_quantity(fit.effects, interval[which], interval)

    return read


_term("pi_low", "lower prediction limit by a method: higgins, k-1, hk or normal")(_prediction(0))
_term("pi_high", "upper prediction limit by a method")(_prediction(1))


def _pooled(fit: Any, what: str) -> PooledResult:
    if not isinstance(fit, PooledResult):
        raise InputError(f"{what} need a pooled effect; this analysis is a model with parts")
    return fit


def _tau2_limit(which: int) -> TermFunction:
    def read(fit: Any, method: str) -> Quantity:
        if isinstance(fit, RegressionResult):
            return Quantity(residual_tau2_ci(fit, method)[which], kind="heterogeneity")
        return Quantity(_pooled(fit, "intervals of tau2").tau2_ci(method=method)[which], kind="heterogeneity")

    return read


_term("tau2_ci_low", "lower limit of tau2 by a method: QP, GENQ, PL or Wald")(_tau2_limit(0))
_term("tau2_ci_high", "upper limit of tau2 by a method")(_tau2_limit(1))


def _component_name(fit: Any, kind: str, name: str) -> str:
    if not isinstance(fit, CorrelatedResult):
        raise InputError(f"{kind}:{name} needs an analysis of correlated effects")
    full = f"{kind}[{name}]"
    if full not in fit.components:
        raise unknown_choice("component", full, tuple(fit.components))
    return full


def _component(kind: str) -> TermFunction:
    def read(fit: Any, name: str) -> Quantity:
        full = _component_name(fit, kind, name)
        return Quantity(fit.component(full), kind="heterogeneity")

    return read


_term("tau2", "variance of the random effects at a level")(_component("tau2"))
_term("sigma2", "variance of the random intercepts of a grouping")(_component("sigma2"))
_term("rho", "correlation of the random effects of two levels, such as rho:AL,PD")(_component("rho"))


@_term("weight", "share of a study in percent")
def _weight(fit: Any, study: str) -> Quantity:
    share = _pooled(fit, "weights").weights[_study(fit, study)]
    return Quantity(float(share), unit="%", kind="rate")


def _study(fit: Any, name: str) -> int:
    if isinstance(fit, Subgroups):
        raise InputError("studies of subgroups: ask the analysis without subgroups")
    if name not in fit.effects.study:
        raise unknown_choice("study", name, fit.effects.study)
    return int(fit.effects.study.index(name))


@_term("study", "a study's estimate, variance, std_error, ci_low or ci_high; or its shrunken blup, blup_low, blup_high")
def _of_study(fit: Any, text: str) -> Quantity:
    name, _, field = text.rpartition(":")
    at = _study(fit, name)
    y, v = float(fit.effects.y[at]), float(fit.effects.v[at])
    if field in ("variance", "std_error"):
        return Quantity(v if field == "variance" else math.sqrt(v))
    if field.startswith("blup"):
        y, v = _shrunken(fit, at)
        field = {"blup": "estimate", "blup_low": "ci_low", "blup_high": "ci_high"}.get(field, field)
    half = float(critical(0.95, math.inf)) * math.sqrt(v)
    interval = (y - half, y + half)
    values = {"estimate": y, "ci_low": interval[0], "ci_high": interval[1]}
    if field not in values:
        raise unknown_choice("quantity of a study", field, (*values, "variance", "std_error", "blup", "blup_low"))
    return effect_quantity(fit.effects, values[field], None if field == "estimate" else interval)


def _shrunken(fit: Any, at: int) -> tuple[float, float]:
    """Empirical Bayes estimate l y + (1 - l) x'b with l = tau2 / (tau2 + v), and its variance l v + (1 - l)^2 x'Vx.

    Raudenbush & Bryk (1985) J Educ Stat 10:75-98, eqs. 9 and 10.
    """
    if isinstance(fit, CorrelatedResult):
        raise InputError("shrunken estimates are given for models with one random effect a study")
    y, v = float(fit.effects.y[at]), float(fit.effects.v[at])
    share = fit.tau2 / (fit.tau2 + v)
    if isinstance(fit, RegressionResult):
        x = fit.design.matrix[at]
        mean, variance = float(x @ fit.coef), float(x @ fit.vcov @ x)
    else:
        mean, variance = fit.estimate, fit.std_error**2
    return share * y + (1 - share) * mean, share * v + (1 - share) ** 2 * variance


def _corrected(method: str) -> bool:
    if method not in ("corrected", "uncorrected"):
        raise unknown_choice("correction", method, ("corrected", "uncorrected"))
    return method == "corrected"


@_term("cmh", "Cochran-Mantel-Haenszel chi-square, corrected or uncorrected")
def _cmh(fit: Any, method: str) -> Quantity:
    return Quantity(cochran_mantel_haenszel(fit.effects, correct=_corrected(method)).statistic)


@_term("cmh_p", "its p-value")
def _cmh_p(fit: Any, method: str) -> Quantity:
    return Quantity(cochran_mantel_haenszel(fit.effects, correct=_corrected(method)).p_value, kind="p")


@_term("breslow_day", "Breslow-Day chi-square, corrected (by Tarone) or uncorrected")
def _breslow_day(fit: Any, method: str) -> Quantity:
    return Quantity(breslow_day(fit.effects, tarone=_corrected(method)).statistic, kind="heterogeneity")


@_term("breslow_day_p", "its p-value")
def _breslow_day_p(fit: Any, method: str) -> Quantity:
    return Quantity(breslow_day(fit.effects, tarone=_corrected(method)).p_value, kind="p")
