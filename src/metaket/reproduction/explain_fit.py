"""Pooled figures of many versions of the inputs under one method: each a batch through the one kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket._distributions import critical, two_sided_p
from metaket.pooling.batch import BatchResult, pool_many
from metaket.pooling.heterogeneity import i2_h2_from_q, q_p_value
from metaket.pooling.inference import PREDICTION
from metaket.pooling.mantel_haenszel import FORMULAS

__all__ = ["AXES", "Fit", "Method", "Pairs", "fits", "pooled_values"]

AXES: dict[str, tuple[str, ...]] = {
    "i2": ("Q", "tau2"),
    # Hartung and Knapp's standard error is an option of the test here
    "prediction": tuple(code for code in PREDICTION.codes if code != "hk"),
    "quantile": ("exact", "1.96"),
}
ROUND_QUANTILE = 1.96
NEGLIGIBLE = 1e-30  # a study counted this often adds nothing to a sum of doubles


@dataclass(frozen=True, slots=True)
class Method:
    """How effects are pooled: model, estimator of tau2 (empty without one), test."""

    model: str
    tau2: str = ""
    test: str = "z"


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Effects of many (version, variant) pairs.

    Attributes
    ----------
    y, v, include : ndarray, shape (p, k)
    counts : tuple of four ndarrays of shape (p, k), or None
    back : callable
        (p,) values of the analysis scale to the printed one, each pair by its own measure.
    """

    y: Array
    v: Array
    include: Array
    counts: tuple[Array, ...] | None
    back: Callable[[Array], Any]

    def take(self, at: Any) -> Pairs:
        """The chosen pairs."""
        counts = None if self.counts is None else tuple(c[at] for c in self.counts)
        return Pairs(self.y[at], self.v[at], self.include[at], counts, self.back)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One method on all pairs; every array has shape (p,). `shares` gives the weights in percent, (p, k)."""

    estimate: Array
    std_error: Array
    df: Array
    tau2: Array
    se_tau2: Array
    q: Array
    k: Array
    i2: Array
    h2: Array
    prediction: bool
    shares: Callable[[], Array]

    def take(self, at: Any) -> Fit:
        """The fit of the chosen pairs."""
        arrays = {f.name: getattr(self, f.name)[at] for f in fields(self) if f.name not in ("prediction", "shares")}
        return replace(self, **arrays, shares=lambda: self.shares()[at])


def fits(pairs: Pairs, methods: list[Method], mh_measure: str = "") -> Iterator[tuple[Method, Fit]]:
    """Each method's fit; tau2 is estimated once for all tests."""
    done: dict[tuple[str, str], tuple[BatchResult, Callable[[], Array]]] = {}
    for method in methods:
        if method.model in ("mh", "random-mh"):
            yield method, _counting(pairs, method, mh_measure)
            continue
        key = (method.model, method.tau2)
        if key not in done:
            common = method.model in ("common", "peto")
            first = pool_many(
                pairs.y, pairs.v, pairs.include, model="common" if common else "random", tau2=method.tau2 or "DL"
            )
            done[key] = first, once(partial(_scaled, pairs, first))
        yield method, _inverse_variance(pairs, method, *done[key])


def once(func: Callable[[], Array]) -> Callable[[], Array]:
    """The function, called when it is first needed and then remembered."""
    kept: list[Array] = []

    def value() -> Array:
        if not kept:
            kept.append(func())
        return kept[0]

    return value


def _scaled(pairs: Pairs, first: BatchResult) -> Array:
    """The Hartung-Knapp standard error at the estimated tau2."""
    v = pairs.v + first.tau2[:, None]
    return pool_many(pairs.y, v, pairs.include, model="common", test="hksj").std_error


def _inverse_variance(pairs: Pairs, method: Method, first: BatchResult, scaled: Callable[[], Array]) -> Fit:
    """The fit at the estimated tau2, under the method's test."""
    se, df = first.std_error, np.full(first.k.shape, np.inf)
    if method.test != "z":
        df = first.q_df
    if method.test.startswith("hksj"):
        se = np.maximum(se, scaled()) if method.test == "hksj-adhoc" else scaled()
    random = method.model == "random"
    nothing = np.full(se.shape, np.nan)
    return Fit(
        first.estimate,
        se,
        np.where(df > 0, df, np.nan),
        first.tau2 if random else nothing,
        first.se_tau2,
        first.q,
        first.k,
        first.i2 if random else nothing,
        first.h2 if random else nothing,
        random,
        once(lambda: _percent(1.0 / (pairs.v + first.tau2[:, None]), pairs.include)),
    )


def _percent(w: Array, include: Array) -> Array:
    """The weight of each row; a study that counts twice has two."""
    w = np.where(np.isfinite(w) & (include > 0), w, 0.0)
    with np.errstate(invalid="ignore"):
        return np.asarray(100.0 * w / (include * w).sum(axis=-1, keepdims=True))


def _counting(pairs: Pairs, method: Method, measure: str) -> Fit:
    """Mantel-Haenszel, or random effects around its Q. The formulas are linear in how often a study counts."""
    if pairs.counts is None:
        raise RuntimeError("Mantel-Haenszel needs counts")
    times = np.maximum(pairs.include, NEGLIGIBLE)
    with np.errstate(all="ignore"):
        estimate, variance, w = FORMULAS[measure](*(times * c for c in pairs.counts))
        w = w / times
        counted = pairs.include > 0
        y, v = np.where(counted, pairs.y, 0.0), np.where(counted, pairs.v, np.inf)
        k = pairs.include.sum(axis=-1)
        q = (pairs.include * (y - estimate[:, None]) ** 2 / v).sum(axis=-1)
        bad = ~np.isfinite(estimate) | ~(variance > 0) | np.isnan(pairs.y * pairs.include).any(axis=-1)
        nothing = np.full(q.shape, np.nan)
        if method.model == "mh":
            se = np.where(bad, np.nan, np.sqrt(np.where(variance > 0, variance, np.nan)))
            df = np.full(q.shape, np.inf)
            return Fit(
                np.where(bad, np.nan, estimate), se, df, nothing, nothing, q, k, nothing, nothing, False,
                once(lambda: _percent(w, pairs.include)),
            )  # fmt: skip
        precision = pairs.include / v
        trace = precision.sum(axis=-1) - (precision / v).sum(axis=-1) / precision.sum(axis=-1)
        tau2 = np.where(bad, np.nan, np.maximum(0.0, (q - (k - 1)) / trace))
        moved = np.where(np.isnan(tau2)[:, None], np.nan, pairs.v + tau2[:, None])
        fit = pool_many(pairs.y, moved, pairs.include, model="common", test=method.test)
        share = tau2 / (tau2 + (k - 1) / trace)
    return Fit(
        fit.estimate, fit.std_error, fit.df, tau2, nothing, q, k, 100.0 * share, 1.0 / (1.0 - share), True,
        once(lambda: _percent(1.0 / moved, pairs.include)),
    )  # fmt: skip


def pooled_values(quantity: str, fit: Fit, pairs: Pairs, level: float) -> Array:
    """A quantity under every option of its axis: shape (options, p), with one option where it has no axis."""
    if quantity in ("ci_low", "ci_high"):
        return _limits(quantity, fit, pairs, level)
    if quantity in ("pi_low", "pi_high"):
        return _prediction(quantity, fit, pairs, level)
    if quantity in ("i2", "h2"):
        from_q = i2_h2_from_q(fit.q, fit.k - 1)[0 if quantity == "i2" else 1]
        return np.stack([from_q, fit.i2 if quantity == "i2" else fit.h2])
    return np.asarray(_plain(quantity, fit, pairs))[None, :]


def _plain(quantity: str, fit: Fit, pairs: Pairs) -> Any:
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = fit.estimate / fit.std_error
        ways: dict[str, Callable[[], Any]] = {
            "estimate": lambda: pairs.back(fit.estimate),
            "std_error": lambda: fit.std_error,
            "statistic": lambda: statistic,
            "p_value": lambda: two_sided_p(statistic, fit.df),
            "significant": lambda: two_sided_p(statistic, fit.df),
            "tau2": lambda: fit.tau2,
            "tau": lambda: np.sqrt(fit.tau2),
            "se_tau2": lambda: fit.se_tau2,
            "q": lambda: fit.q,
            "q_df": lambda: fit.k - 1,
            "q_p": lambda: q_p_value(fit.q, fit.k - 1),
            "heterogeneity": lambda: q_p_value(fit.q, fit.k - 1),
            "k": lambda: fit.k,
        }
        return ways[quantity]()


def _critical(level: float, df: Array) -> Array:
    """`critical`, once for each df that occurs: there are few."""
    values, place = np.unique(df, return_inverse=True)
    return critical(level, values)[place]


def _limits(quantity: str, fit: Fit, pairs: Pairs, level: float) -> Array:
    sign = -1.0 if quantity == "ci_low" else 1.0
    exact = fit.estimate + sign * _critical(level, fit.df) * fit.std_error
    short = ROUND_QUANTILE / special.ndtri(0.975) * special.ndtri(0.5 + level / 2)
    rounded = np.where(np.isinf(fit.df), fit.estimate + sign * short * fit.std_error, np.nan)
    return np.stack([pairs.back(exact), pairs.back(rounded)])


def _prediction(quantity: str, fit: Fit, pairs: Pairs, level: float) -> Array:
    sign = -1.0 if quantity == "pi_low" else 1.0
    if not fit.prediction:
        return np.full((len(AXES["prediction"]), fit.estimate.size), np.nan)
    spread = np.sqrt(fit.tau2 + fit.std_error**2)
    out = []
    for code in AXES["prediction"]:
        asked: Any = PREDICTION[code].func(fit.std_error, fit.k, 1, fit.df)[0]  # type: ignore[arg-type]
        df = np.broadcast_to(np.asarray(asked, dtype=np.float64), spread.shape)
        half = _critical(level, np.where(df >= 1, df, np.nan)) * spread
        out.append(pairs.back(fit.estimate + sign * half))
    return np.stack(out)
