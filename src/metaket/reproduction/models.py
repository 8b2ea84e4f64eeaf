"""An analysis' effects in its model: one pooled result, a meta-regression, subgroups, or correlated effects."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TypeAlias

import numpy as np

from metaket._checks import Array
from metaket.diagnostics.subgroups import Subgroups, subgroups
from metaket.errors import InputError
from metaket.measures.effect import EffectSizes
from metaket.pooling.correlated import CorrelatedResult, pool_correlated
from metaket.pooling.covariance import sampling_covariance
from metaket.pooling.design import column_of
from metaket.pooling.pool import pool_spec
from metaket.pooling.regression import RegressionResult, meta_regression
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec
from metaket.reproduction.paper import Analysis

__all__ = [
    *("Fit", "Modelled", "correlates", "covariance_of", "effects_of", "fit_effects", "fit_model", "is_modelled"),
    *("rows_by", "spec_of"),
]

Modelled: TypeAlias = RegressionResult | CorrelatedResult | Subgroups
Fit: TypeAlias = PooledResult | Modelled


def spec_of(a: Analysis) -> PoolSpec:
    """How the effects of an analysis are pooled."""
    return PoolSpec.of(a.model, a.tau2, a.test, a.i2)


def correlates(a: Analysis) -> bool:
    """Whether a study may have several rows, whose effects are correlated."""
    return bool(a.random or a.structure or a.robust)


def is_modelled(a: Analysis) -> bool:
    """Whether the answer is more than one pooled effect."""
    return correlates(a) or bool(a.moderators or a.subgroups)


def rows_by(a: Analysis, columns: Collection[str]) -> tuple[str, ...]:
    """The columns of which each combination gives one row: the study, and what tells apart its correlated effects.

    These are outcome and time, the levels of `inner`, the groupings with a random intercept, and the moderators.
    """
    if not correlates(a):
        return ("study",)
    parts = [column_of(part.strip()) for term in a.moderators for part in re.split(r"[*:]", term)]
    apart = [name for name in ("outcome", "time_h", *parts) if name in columns]
    return tuple(dict.fromkeys(("study", *((a.inner,) if a.inner else ()), *a.random, *apart)))


def effects_of(fit: Fit) -> tuple[EffectSizes, ...]:
    """The effects that entered: one set, or one a subgroup."""
    return tuple(r.effects for r in fit.results) if isinstance(fit, Subgroups) else (fit.effects,)


def fit_effects(a: Analysis, effects: EffectSizes) -> Fit:
    """One pooled effect, or the model where the analysis asks for one; raises as `fit_model`."""
    return fit_model(a, effects) if is_modelled(a) else pool_spec(effects, spec_of(a))


def fit_model(a: Analysis, effects: EffectSizes) -> Modelled:
    """The model of an analysis with moderators, subgroups or correlated effects.

    Raises
    ------
    InputError
        Options that do not go together, a column that is not there.
    """
    if correlates(a):
        return _correlated(a, effects)
    spec = spec_of(a)
    if a.subgroups and a.moderators:
        raise InputError("an analysis has subgroups or moderators, not both; make two of it")
    if a.subgroups:
        return subgroups(pool_spec(effects, spec), a.subgroups, shared_tau2=a.shared_tau2)
    if spec.model not in ("random", "common"):
        raise InputError(f"moderators go with the models random and common, not {spec.model!r}")
    return meta_regression(effects, list(a.moderators), spec, intercept=a.intercept)


def _correlated(a: Analysis, effects: EffectSizes) -> CorrelatedResult:
    if a.tau2 not in ("REML", "ML"):
        raise InputError(f"correlated effects are fitted by REML or ML; set tau2 to one of them, not {a.tau2!r}")
    if a.test != "z":
        raise InputError(f"correlated effects have the normal test, or robust = 'CR2'; not test {a.test!r}")
    factor = a.moderators[0] if len(a.moderators) == 1 and not a.intercept else list(a.moderators)
    return pool_correlated(
        effects,
        a.cluster,
        covariance=covariance_of(a, effects),
        moderators=factor or None,
        intercept=a.intercept,
        inner=a.inner or None,
        structure=a.structure or None,
        nested=a.random,
        method=str(a.tau2),
        robust=a.robust,
    )


def covariance_of(a: Analysis, effects: EffectSizes) -> Array | None:
    """Sampling covariance that an analysis of correlated effects states; None where it states none."""
    s = a.sampling
    if s.columns:
        return _from_columns(a, effects)
    if s.rho is None and s.decay is None:
        return None
    times = _column(effects, s.times).astype(np.float64) if s.times else None
    clusters = _column(effects, a.cluster).tolist()
    return sampling_covariance(effects.v, clusters, rho=s.rho or 0.0, decay=s.decay, times=times)


def _from_columns(a: Analysis, effects: EffectSizes) -> Array:
    """The covariance of two rows of a study stands in the column that belongs to the other's level of `inner`."""
    levels = [str(value) for value in _column(effects, a.inner)]
    unknown = sorted(set(levels) - a.sampling.columns.keys())
    if unknown:
        raise InputError(f"sampling.columns names no column for {a.inner} {unknown[0]!r}")
    clusters = _column(effects, a.cluster)
    cells = {level: _column(effects, column).astype(np.float64) for level, column in a.sampling.columns.items()}
    v = np.zeros((effects.k, effects.k))
    for i in range(effects.k):
        for j in range(effects.k):
            if clusters[i] == clusters[j]:
                v[i, j] = cells[levels[j]][i]
    return v


def _column(effects: EffectSizes, name: str) -> Array:
    if effects.table is None or name not in effects.table.columns:
        raise InputError(f"no column {name!r} in outcomes.csv or trials.csv")
    return np.asarray(effects.table[name])
