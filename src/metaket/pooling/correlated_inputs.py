"""The inputs of a model of correlated effects, checked: columns, sampling covariance, fixed and random effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metaket._checks import Array, float_array
from metaket.errors import InputError
from metaket.measures.effect import EffectSizes
from metaket.pooling.design import Design, build_design
from metaket.pooling.multivariate import Covariances, indicator
from metaket.pooling.structures import STRUCTURES

__all__ = ["checked_covariance", "column_of", "fixed_effects", "random_effects"]


def column_of(effects: EffectSizes, given: str | Sequence[Any], name: str) -> list[Any]:
    """A value for each effect: a column of the effects' table by name, or the values themselves."""
    if isinstance(given, str):
        if effects.table is None or given not in effects.table.columns:
            have = "no table" if effects.table is None else ", ".join(map(str, effects.table.columns))
            raise InputError(f"{name} {given!r} is not a column of the effects' table ({have})")
        given = effects.table[given].tolist()
    values = list(given)
    if len(values) != effects.k:
        raise InputError(f"{name} has {len(values)} values but there are {effects.k} effects")
    return values


def checked_covariance(effects: EffectSizes, covariance: Any) -> Array:
    """The sampling covariance (n, n), symmetric and positive definite; by default the variances alone."""
    if covariance is None:
        return np.diag(effects.v)
    v = float_array("covariance", covariance, ndim=2)
    if v.shape != (effects.k, effects.k) or not np.allclose(v, v.T, rtol=1e-10, atol=0):
        raise InputError(f"covariance must be a symmetric matrix of shape ({effects.k}, {effects.k}), got {v.shape}")
    if np.linalg.eigvalsh(v).min() <= 0:
        raise InputError("covariance is not positive definite")
    return v


def random_effects(
    effects: EffectSizes, groups: Any, inner: Any, structure: str | None, nested: Sequence[Any]
) -> Covariances:
    """Where each effect stands in the structure over `inner` and in the nested groups."""
    if (inner is None) != (structure is None):
        raise InputError("inner and structure go together")
    shape, level = None, np.zeros(effects.k, dtype=np.int64)
    if structure is not None:
        code = STRUCTURES[structure].code
        values = column_of(effects, inner, "inner")
        level, levels = indicator(values)
        at = None
        if code == "CAR":
            try:
                at = np.array(sorted({float(v) for v in values}))
            except (TypeError, ValueError):
                raise InputError("structure CAR needs times: numbers in the inner factor") from None
        shape = STRUCTURES[code].func(levels, at)
        if np.unique(np.column_stack([groups, level]), axis=0).shape[0] < effects.k:
            raise InputError(
                "a study has two effects at one level of the inner factor; combine them or refine the factor"
            )
    more = tuple(indicator([*map(str, column_of(effects, g, "nested"))])[0] for g in nested)
    return Covariances(shape, level, np.asarray(groups), more)


def fixed_effects(effects: EffectSizes, moderators: Any, intercept: bool) -> Design:
    """The design matrix; a factor without intercept has a column for each of its levels."""
    if moderators is None:
        return Design(np.ones((effects.k, 1)), ("intercept",), (), {}, True)
    if isinstance(moderators, str) and not intercept:
        values = column_of(effects, moderators, "moderators")
        codes, labels = indicator(values)
        names = tuple(f"{moderators}[{label}]" for label in labels)
        return Design(np.eye(len(labels))[codes], names, (), {moderators: labels}, False)
    return build_design(moderators, effects.table, effects.k, intercept=intercept)
