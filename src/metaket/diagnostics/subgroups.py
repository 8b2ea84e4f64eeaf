"""Subgroups: a pooled result for each, and the test of whether they differ."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array
from metaket._notebook import ShownAsText, p_words
from metaket.diagnostics._refits import need_pooled
from metaket.errors import DataWarning, InputError
from metaket.pooling.heterogeneity import q_p_value
from metaket.pooling.pool import pool_spec
from metaket.pooling.regression import meta_regression
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Subgroups", "subgroups"]


@dataclass(frozen=True, slots=True, eq=False)
class Subgroups(ShownAsText):
    """Pooled results of subgroups.

    Attributes
    ----------
    by : str
        What the studies are grouped by.
    levels : tuple of str
    results : tuple of PooledResult
        One a level, in that order.
    shared_tau2 : float or None
        The tau2 of all subgroups together; None where each has its own.
    q_between, q_between_df, q_between_p : float
        Do the subgroups' means differ? Chi-square on the number of subgroups less 1.
    left_out : tuple of str
        Studies whose group is not known.
    """

    by: str
    levels: tuple[str, ...]
    results: tuple[PooledResult, ...]
    shared_tau2: float | None
    q_between: float
    q_between_df: float
    q_between_p: float
    left_out: tuple[str, ...]

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """One row a subgroup: group, then the columns of `PooledResult.to_frame`."""
        import pandas as pd

        rows = [r.fields(level, transform=transform) for r in self.results]
        return pd.DataFrame([{"group": name, **row} for name, row in zip(self.levels, rows, strict=True)])

    def __str__(self) -> str:
        lines = [f"subgroups by {self.by}"]
        for name, r in zip(self.levels, self.results, strict=True):
            low, high = r.ci()
            lines.append(f"{name}: k = {r.k}, {r.estimate:.4f} ({low:.4f} to {high:.4f}), tau2 {r.tau2:.4f}")
        tau2 = "tau2 of each" if self.shared_tau2 is None else f"shared tau2 {self.shared_tau2:.4f}"
        test = f"Q = {self.q_between:.3f} on {self.q_between_df:g} df, {p_words(self.q_between_p)}"
        lines.append(f"between subgroups ({tau2}): {test}")
        return "\n".join(lines)


def subgroups(result: PooledResult, by: str | Sequence[Any], *, shared_tau2: bool = False) -> Subgroups:
    r"""Pool each subgroup and test whether the subgroups' means differ.

    Parameters
    ----------
    result : PooledResult
        Its model, estimator and test are used for each subgroup.
    by : str or sequence of length k
        A column of the effects' table, or a group for each study; a blank leaves the study out.
    shared_tau2 : bool
        One tau2 for all subgroups (residual heterogeneity of the regression on the groups) instead of one for each.

    Returns
    -------
    Subgroups

    Raises
    ------
    InputError
        An unknown column, a wrong length, fewer than 2 groups, a t-type test with a group of one study, or a shared
        tau2 for a model that has none.

    Warns
    -----
    DataWarning
        Separate tau2 where a group has fewer than 5 studies: they are then poorly estimated (Borenstein et al. (2009)
        Introduction to Meta-Analysis, p. 163).

    Notes
    -----
    :math:`Q_B = \sum_g (\hat\mu_g - \bar\mu)^2 / \mathrm{se}_g^2` with :math:`\bar\mu` the mean weighted by
    :math:`1/\mathrm{se}_g^2`, chi-square on the number of groups less 1. With a shared tau2 and the normal test it
    equals the omnibus test of the regression on the groups. Borenstein et al. (2009), ch. 19.
    """
    need_pooled(result, "subgroups")
    if result.spec.tau2 == "GENQ":
        raise InputError("subgroups of a result with tau2='GENQ' need the weights of each group; pool them one by one")
    name, groups = _groups(result, by)
    known = np.array([g is not None for g in groups])
    levels = tuple(sorted({g for g in groups if g is not None}))
    if len(levels) < 2:
        raise InputError(f"subgroups need at least 2 groups, {name} has {len(levels)}: {', '.join(levels) or 'none'}")
    spec, tau2 = result.spec, None
    if shared_tau2:
        tau2 = _shared_tau2(result, groups, levels, known)
        spec = replace(spec, tau2=tau2)
    chosen = [np.array([g == level for g in groups]) for level in levels]
    _warn_if_small(levels, chosen, estimated=tau2 is None and spec.model == "random" and isinstance(spec.tau2, str))
    results = tuple(pool_spec(result.effects.take(where), spec) for where in chosen)
    q = _between(np.array([r.estimate for r in results]), np.array([r.std_error for r in results]))
    df = float(len(levels) - 1)
    left_out = tuple(s for s, k in zip(result.effects.study, known, strict=True) if not k)
    return Subgroups(name, levels, results, tau2, q, df, float(q_p_value(np.asarray(q), np.asarray(df))), left_out)


def _groups(result: PooledResult, by: str | Sequence[Any]) -> tuple[str, list[str | None]]:
    """The name of the grouping and each study's group; None where it is blank."""
    effects = result.effects
    if isinstance(by, str):
        if effects.table is None or by not in effects.table.columns:
            have = "no table" if effects.table is None else ", ".join(str(c) for c in effects.table.columns)
            raise InputError(f"no column {by!r} to group by: the effects have {have}")
        name, values = by, list(effects.table[by])
    else:
        if np.ndim(by) != 1:
            raise InputError(f"by must be a column's name or a group for each study, got {by!r}")
        name, values = "group", list(by)
    if len(values) != effects.k:
        raise InputError(f"by has {len(values)} groups but there are {effects.k} studies")
    return name, [None if v is None or v == "" or v != v else str(v) for v in values]


def _shared_tau2(
    result: PooledResult, groups: Sequence[str | None], levels: tuple[str, ...], known: np.ndarray
) -> float:
    """Residual heterogeneity of the regression on the groups."""
    if result.spec.model != "random":
        raise InputError(f"a shared tau2 needs the model random, not {result.spec.model!r}")
    effects = result.effects.take(known)
    kept = [g for g in groups if g is not None]
    matrix = np.array([[float(g == level) for level in levels] for g in kept])
    spec = replace(result.spec, test="z")  # the test has no part in tau2, and may not have the degrees of freedom
    return meta_regression(effects, matrix, spec, intercept=False).tau2


def _warn_if_small(levels: tuple[str, ...], chosen: Sequence[np.ndarray], *, estimated: bool) -> None:
    small = [f"{level} ({int(c.sum())})" for level, c in zip(levels, chosen, strict=True) if c.sum() < 5]
    if small and estimated:
        warnings.warn(
            f"few studies for a tau2 of its own: {', '.join(small)}; consider shared_tau2=True",
            DataWarning,
            stacklevel=3,
        )


def _between(estimate: Array, std_error: Array) -> float:
    w = 1.0 / std_error**2
    return float((w * (estimate - (w @ estimate) / w.sum()) ** 2).sum())
