"""The quantities that a claim can be of, each one function of an analysis' outcome."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket._distributions import critical
from metaket._registry import Registry
from metaket.errors import NotComputableError
from metaket.pooling.result import PooledResult
from metaket.reproduction.quantity import Quantity, effect_quantity
from metaket.timecourse import patients

__all__ = ["DECISIONS", "QUANTITIES", "Quantity", "arm_rate", "decision_of"]

DECISIONS = ("treatment better", "no difference", "control better")


QuantityFunction = Callable[[PooledResult, str], Quantity]
QUANTITIES: Registry[QuantityFunction] = Registry("quantity")


def decision_of(result: PooledResult, better: str, level: float = 0.95) -> str:
    """Which side the interval is on: "treatment better", "no difference" (it holds the null) or "control better"."""
    low, high = result.ci(level)
    if math.isnan(result.effects.scale.null):
        raise NotComputableError(f"a {result.effects.label.lower()} has no value of no effect to decide against")
    null = result.effects.scale.forward(result.effects.scale.null)
    if low <= null <= high:
        return "no difference"
    up = low > null
    return "treatment better" if up == (better == "higher") else "control better"


def _add(code: str, label: str) -> Callable[[QuantityFunction], QuantityFunction]:
    return QUANTITIES.add(code, label=label, reference="design: the fields of a pooled result")


def _effect(r: PooledResult, value: float, interval: tuple[float, float] | None = None) -> Quantity:
    return effect_quantity(r.effects, value, interval)


@_add("estimate", "pooled effect")
def _estimate(r: PooledResult, _better: str) -> Quantity:
    return _effect(r, r.estimate)


@_add("ci_low", "lower limit")
def _ci_low(r: PooledResult, _better: str) -> Quantity:
    return _effect(r, r.ci().low, r.ci())


@_add("ci_high", "upper limit")
def _ci_high(r: PooledResult, _better: str) -> Quantity:
    return _effect(r, r.ci().high, r.ci())


@_add("pi_low", "lower prediction limit")
def _pi_low(r: PooledResult, _better: str) -> Quantity:
    return _effect(r, _prediction(r)[0], _prediction(r))


@_add("pi_high", "upper prediction limit")
def _pi_high(r: PooledResult, _better: str) -> Quantity:
    return _effect(r, _prediction(r)[1], _prediction(r))


def _prediction(r: PooledResult) -> tuple[float, float]:
    interval = r.prediction_interval()
    if interval is None:
        raise NotComputableError(f"no prediction interval: {r.prediction_gap()}")
    return interval


@_add("effects_low", "lower end of the 95 % range of true effects, estimate - 1.96 tau")
def _effects_low(r: PooledResult, _better: str) -> Quantity:
    return _effect(r, _true_effects(r)[0], _true_effects(r))


@_add("effects_high", "upper end of that range")
def _effects_high(r: PooledResult, _better: str) -> Quantity:
    return _effect(r, _true_effects(r)[1], _true_effects(r))


def _true_effects(r: PooledResult) -> tuple[float, float]:
    """Where 95 % of the true effects lie if mean and tau2 were known; a prediction interval adds their uncertainty."""
    half = float(critical(0.95, math.inf)) * math.sqrt(r.tau2)
    return r.estimate - half, r.estimate + half


@_add("blup_low", "smallest of the studies' shrunken effects (BLUPs)")
def _blup_low(r: PooledResult, _better: str) -> Quantity:
    return _effect(r, float(_shrunken(r).min()))


@_add("blup_high", "largest of them")
def _blup_high(r: PooledResult, _better: str) -> Quantity:
    return _effect(r, float(_shrunken(r).max()))


def _shrunken(r: PooledResult) -> Array:
    from metaket.diagnostics.shrinkage import blup

    return blup(r).estimate


@_add("std_error", "standard error")
def _std_error(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.std_error)


@_add("statistic", "test statistic")
def _statistic(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.statistic)


@_add("p_value", "p-value")
def _p_value(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.p_value, kind="p")


@_add("tau2", "tau2")
def _tau2(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.tau2, kind="heterogeneity")


@_add("tau", "tau")
def _tau(r: PooledResult, _better: str) -> Quantity:
    return Quantity(math.sqrt(r.tau2), kind="heterogeneity")


@_add("se_tau2", "standard error of tau2")
def _se_tau2(r: PooledResult, _better: str) -> Quantity:
    if math.isnan(r.se_tau2):
        raise NotComputableError("tau2 was not estimated, so it has no standard error")
    return Quantity(r.se_tau2, kind="heterogeneity")


@_add("tau2_ci_low", "lower limit of tau2 (Q-profile)")
def _tau2_ci_low(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.tau2_ci().low, kind="heterogeneity")


@_add("tau2_ci_high", "upper limit of tau2 (Q-profile)")
def _tau2_ci_high(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.tau2_ci().high, kind="heterogeneity")


@_add("q", "Q")
def _q(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.q, kind="heterogeneity")


@_add("q_df", "degrees of freedom of Q")
def _q_df(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.q_df, kind="count")


@_add("q_p", "p-value of Q")
def _q_p(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.q_p, kind="p")


@_add("i2", "I2")
def _i2(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.i2, unit="%", kind="heterogeneity")


@_add("h2", "H2")
def _h2(r: PooledResult, _better: str) -> Quantity:
    return Quantity(r.h2, kind="heterogeneity")


@_add("k", "number of studies")
def _k(r: PooledResult, _better: str) -> Quantity:
    return Quantity(float(r.k), kind="count")


@_add("n_total", "number of patients")
def _n_total(r: PooledResult, _better: str) -> Quantity:
    table = r.effects.table
    if table is None:
        raise NotComputableError("the number of patients is not in the data")
    total = float(patients(table) or 0)
    if not total and "n" in table and table["n"].notna().all():  # single groups and correlations
        total = float(table["n"].sum())
    if not total:
        raise NotComputableError("the rows do not say how many patients there were")
    return Quantity(total, kind="count")


def arm_rate(table: Any, arm: str) -> Quantity:
    """All events over all patients of an arm, in percent: 100 e / n, so that a half prints as it does by hand."""
    names = (f"events_{arm}", f"n_{arm}")
    if table is None or len(table) == 0 or any(name not in table or table[name].isna().any() for name in names):
        raise NotComputableError("a rate needs the counts of every study")
    events, n = (float(np.sum(table[name])) for name in names)
    return Quantity(100.0 * events / n, unit="%", kind="rate")


@_add("rate_t", "treatment-arm rate (all events over all patients)")
def _rate_t(r: PooledResult, _better: str) -> Quantity:
    return arm_rate(r.effects.table, "t")


@_add("rate_c", "control-arm rate (all events over all patients)")
def _rate_c(r: PooledResult, _better: str) -> Quantity:
    return arm_rate(r.effects.table, "c")


@_add("decision", "decision")
def _decision(r: PooledResult, better: str) -> Quantity:
    return Quantity(math.nan, decision_of(r, better), kind="decision")


@_add("significant", "significance")
def _significant(r: PooledResult, _better: str) -> Quantity:
    return Quantity(math.nan, "significant" if r.p_value < 0.05 else "not significant", kind="decision")


@_add("heterogeneity", "significance of Q")
def _heterogeneity(r: PooledResult, _better: str) -> Quantity:
    if r.k < 2:
        raise NotComputableError("heterogeneity needs at least 2 studies, there is 1")
    return Quantity(math.nan, "significant" if r.q_p < 0.05 else "not significant", kind="decision")


@_add("egger_p", "p-value of Egger's test")
def _egger_p(r: PooledResult, _better: str) -> Quantity:
    from metaket.diagnostics.asymmetry import egger

    return Quantity(egger(r).p_value, kind="p")


@_add("begg_p", "p-value of Begg's test")
def _begg_p(r: PooledResult, _better: str) -> Quantity:
    from metaket.diagnostics.rank import begg

    return Quantity(begg(r).p_value, kind="p")


def _need_counts(r: PooledResult, who: str) -> None:
    names = ("events_t", "n_t", "events_c", "n_c")
    if r.effects.table is None or any(n not in r.effects.table for n in names):
        raise NotComputableError(f"{who} needs the counts of every study")


@_add("harbord_p", "p-value of Harbord's test")
def _harbord_p(r: PooledResult, _better: str) -> Quantity:
    from metaket.diagnostics.counts_asymmetry import harbord

    _need_counts(r, "Harbord's test")
    return Quantity(harbord(r).p_value, kind="p")


@_add("peters_p", "p-value of Peters' test")
def _peters_p(r: PooledResult, _better: str) -> Quantity:
    from metaket.diagnostics.counts_asymmetry import peters

    _need_counts(r, "Peters' test")
    return Quantity(peters(r).p_value, kind="p")


@_add("k0", "studies filled in by trim and fill (L0)")
def _k0(r: PooledResult, _better: str) -> Quantity:
    from metaket.diagnostics.trim_and_fill import trim_and_fill

    return Quantity(float(trim_and_fill(r).k0), kind="count")


@_add("filled_estimate", "pooled effect with the studies that trim and fill (L0) adds")
def _filled_estimate(r: PooledResult, _better: str) -> Quantity:
    from metaket.diagnostics.trim_and_fill import trim_and_fill

    filled = trim_and_fill(r).result
    return _effect(filled, filled.estimate)
