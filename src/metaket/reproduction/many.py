"""A quantity of one analysis for many sets of effects at once: (m, k) effects and variances in, (m,) values out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from metaket._checks import Array
from metaket.errors import MetaketError
from metaket.measures.effect import EffectSizes
from metaket.pooling.batch import BatchResult, pool_many
from metaket.reproduction.models import fit_effects, is_modelled, spec_of
from metaket.reproduction.paper import Analysis
from metaket.reproduction.terms import UNTRANSFORMED, quantity_of

__all__ = ["BATCHED", "in_batches", "is_number", "quantity_many"]

# quantities that the kernel gives for a whole batch; the others are computed one fit at a time
BATCHED: dict[str, Callable[[BatchResult], Array]] = {
    "std_error": lambda b: b.std_error,
    "statistic": lambda b: b.statistic,
    "p_value": lambda b: b.p_value,
    "tau2": lambda b: b.tau2,
    "tau": lambda b: np.sqrt(b.tau2),
    "se_tau2": lambda b: b.se_tau2,
    "q": lambda b: b.q,
    "q_p": lambda b: b.q_p,
    "i2": lambda b: b.i2,
    "h2": lambda b: b.h2,
}
ON_SCALE: dict[str, Callable[[BatchResult, float], Array]] = {
    "estimate": lambda b, _level: b.estimate,
    "ci_low": lambda b, level: b.ci(level)[0],
    "ci_high": lambda b, level: b.ci(level)[1],
}
WORDS = ("decision", "significant", "heterogeneity")


def is_number(code: str) -> bool:
    """Whether a quantity is a number and not a decision in words."""
    return code.rpartition(":")[2] not in WORDS


def in_batches(code: str, analysis: Analysis) -> bool:
    """Whether the kernel gives the quantity for a whole batch of this analysis."""
    spec = spec_of(analysis)
    name, _, level = code.removeprefix(UNTRANSFORMED).partition(":")
    plain = not is_modelled(analysis) and spec.model in ("random", "common") and spec.tau2 != "GENQ"
    return plain and (code in BATCHED or (name in ON_SCALE and (not level or name != "estimate")))


def quantity_many(code: str, y: Array, v: Array, like: EffectSizes, analysis: Analysis) -> Array:
    """A quantity of an analysis for each row of effects and variances.

    Parameters
    ----------
    code : str
        A number: of `QUANTITIES`, or with a part, such as ``ci_low:0.9``.
    y, v : ndarray, shape (m, k)
    like : EffectSizes
        Gives the measure, the studies and their table.
    analysis : Analysis

    Returns
    -------
    ndarray, shape (m,)
        On the scale that people read; NaN where a row cannot be pooled.
    """
    if not in_batches(code, analysis):
        return np.array([_one(code, a, b, like, analysis) for a, b in zip(y, v, strict=True)])
    spec = spec_of(analysis)
    many = pool_many(y, v, model=spec.model, tau2=spec.tau2, test=spec.test, i2=spec.i2)
    if code in BATCHED:
        return BATCHED[code](many)
    name, _, level = code.removeprefix(UNTRANSFORMED).partition(":")
    values = ON_SCALE[name](many, float(level) if level else 0.95)
    if code.startswith(UNTRANSFORMED):
        return values
    with np.errstate(over="ignore"):
        return np.asarray(like.scale.back(values), dtype=np.float64)


def _one(code: str, y: Array, v: Array, like: EffectSizes, analysis: Analysis) -> float:
    """One fit at a time, for what the kernel has no batch of."""
    try:
        effects = EffectSizes(y.copy(), v.copy(), like.study, like.measure, like.rows, like.table)
        return quantity_of(fit_effects(analysis, effects), code, analysis.better).value
    except MetaketError:
        return float("nan")
