"""Peto's one-step odds ratio: observed less expected events over their hypergeometric variance."""

from __future__ import annotations

import numpy as np

from metaket._checks import Array
from metaket.errors import InputError
from metaket.measures.effect import EffectSizes
from metaket.pooling.mantel_haenszel import counts_of, without_tau2
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import MODELS, PoolSpec

__all__ = ["one_step", "peto"]


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
    estimate, variance, q, v = one_step(*counts_of(effects, "Peto's method"))
    return without_tau2(effects, spec, float(estimate), float(variance), float(q), v)


def one_step(a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array, Array, Array]:
    """Estimate, its variance and Q of tables along the last axis, each of shape (...), and V, of shape (..., k)."""
    n, m1 = n1 + n2, a + c
    gap, v = a - n1 * m1 / n, n1 * n2 * m1 * (n - m1) / (n**2 * (n - 1))
    total, of_all = np.asarray(v.sum(axis=-1)), np.asarray(gap.sum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(v > 0, gap**2 / v, 0.0).sum(axis=-1)
        return of_all / total, 1.0 / total, np.asarray(own - of_all**2 / total), v
