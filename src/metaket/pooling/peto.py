"""Peto's one-step odds ratio: observed less expected events over their hypergeometric variance."""

from __future__ import annotations

import numpy as np

from metaket._checks import Array
from metaket.errors import InputError
from metaket.measures.effect import EffectSizes
from metaket.pooling.mantel_haenszel import counts_of, without_tau2
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import MODELS, PoolSpec

__all__ = ["peto"]


@MODELS.add(
    "peto",
    label="Peto",
    reference="Yusuf, Peto, Lewis, Collins & Sleight (1985) Prog Cardiovasc Dis 27:335-371",
    metafor="rma.peto",
)
def peto(effects: EffectSizes, spec: PoolSpec, weights: Array | None = None) -> PooledResult:
    """log OR = sum (O - E) / sum V, variance 1 / sum V, Q = sum (O - E)^2 / V - (sum (O - E))^2 / sum V."""
    del weights
    if effects.measure not in ("OR", "PETO"):
        raise InputError(f"Peto's method pools odds ratios, not {effects.measure}")
    a, n1, c, n2 = counts_of(effects, "Peto's method")
    n, m1 = n1 + n2, a + c
    gap, v = a - n1 * m1 / n, n1 * n2 * m1 * (n - m1) / (n**2 * (n - 1))
    some = v > 0
    total = float(v.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = float(gap.sum() / np.float64(total))
        q = float((gap[some] ** 2 / v[some]).sum() - gap.sum() ** 2 / np.float64(total))
        return without_tau2(effects, spec, estimate, float(1.0 / np.float64(total)), q, v)
