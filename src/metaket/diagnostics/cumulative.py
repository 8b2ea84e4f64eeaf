"""Cumulative meta-analysis: the result as the studies came in."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from metaket._checks import Array
from metaket.diagnostics._refits import Refits, refit
from metaket.diagnostics._regression_refits import RegressionRefits, refit_regression
from metaket.errors import DataError, InputError
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult

__all__ = ["Cumulative", "cumulative"]


@dataclass(frozen=True, slots=True, eq=False)
class Cumulative(Refits):
    """A result after each further study.

    Attributes
    ----------
    result : PooledResult
        The whole one, which the last row repeats.
    include : ndarray, shape (m, k)
        1 for the studies that a row holds, in the order of the effects.
    study : tuple of str
        The study (or studies) that each row adds.
    fits : BatchResult
        Arrays of shape (m,): estimate, std_error, statistic, df, p_value, tau2, q, q_df, q_p, i2, h2, k, converged.
    notes : tuple of str
        One a row, empty unless a number is missing or needs a word.
    by : str
        What the studies are ordered by.
    values : tuple
        Its value in each row; empty where the order is that of the rows.
    order : ndarray of int, shape (k,)
        Indices of the studies in the order in which they are added.
    """

    by: str
    values: tuple[Any, ...]
    order: np.ndarray

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> Any:
        """One row a step: study added, the value of `by` (column "by"), then as in leave-one-out."""
        frame = Refits.to_frame(self, level, transform=transform)
        if self.values:
            frame.insert(1, "by", list(self.values))
        return frame

    def summary(self, level: float = 0.95) -> str:
        """The steps as a table, intervals at `level`."""
        return f"{self.result.effects.label}, cumulative by {self.by}\n{self._table(level)}"

    def __str__(self) -> str:
        return self.summary()


@overload
def cumulative(
    result: PooledResult, by: str | Sequence[Any] | Array | None = ..., *, descending: bool = ..., collapse: bool = ...
) -> Cumulative: ...
@overload
def cumulative(
    result: RegressionResult,
    by: str | Sequence[Any] | Array | None = ...,
    *,
    descending: bool = ...,
    collapse: bool = ...,
) -> RegressionRefits: ...
def cumulative(
    result: PooledResult | RegressionResult,
    by: str | Sequence[Any] | Array | None = None,
    *,
    descending: bool = False,
    collapse: bool = False,
) -> Cumulative | RegressionRefits:
    r"""Pool again after each study, in a given order.

    Parameters
    ----------
    result : PooledResult or RegressionResult
        Of any model; models of counts are pooled again step by step.
    by : str or sequence of length k, optional
        A column of the effects' table ("year"), or a value for each study: ``by=1 / result.effects.v`` adds the least
        precise first, ``by=[2, 0, 1]`` adds the second study first. Ties keep the order of the rows. None: that order.
    descending : bool
        Largest value first.
    collapse : bool
        Add studies with equal values in one step.

    Returns
    -------
    Cumulative, or RegressionRefits for a meta-regression

    Raises
    ------
    InputError
        An unknown column, a wrong length, values that cannot be put in order, ``tau2="GENQ"``.
    DataError
        A blank value, naming the study.

    Notes
    -----
    Row i pools the first i studies, with tau2 estimated anew; a single study has its own normal interval. The steps are
    correlated and are not tests to be read one by one.

    References
    ----------
    Lau, Antman, Jimenez-Silva, Kupelnick, Mosteller & Chalmers (1992) N Engl J Med 327:248-254.

    Examples
    --------
    >>> import metaket as mk
    >>> steps = mk.cumulative(mk.pool([0.1, 0.3, 0.5], [0.04, 0.05, 0.06]), by=[2001, 1999, 2010])
    >>> steps.study, steps.estimate.round(3).tolist()
    (('Study 2', 'Study 1', 'Study 3'), [0.3, 0.189, 0.273])
    """
    effects = result.effects
    name, values = _values(result, by)
    order = _order(values, effects.k, descending)
    steps = np.arange(effects.k)
    if collapse and values:
        steps = np.array([i for i in steps if i + 1 == effects.k or values[order[i]] != values[order[i + 1]]])
    include = np.zeros((steps.size, effects.k))
    for row, last in enumerate(steps):
        include[row, order[: last + 1]] = 1.0
    added = np.split(order, steps[:-1] + 1)
    study = tuple(" + ".join(effects.study[i] for i in some) for some in added)
    name += ", descending" if descending else ""
    if isinstance(result, RegressionResult):
        return refit_regression(result, include, study, "a cumulative meta-regression")
    fits, notes = refit(result, include, "a cumulative meta-analysis")
    shown = tuple(values[order[i]] for i in steps) if values else ()
    return Cumulative(result, include, study, fits, notes, name, shown, order)


def _values(result: PooledResult | RegressionResult, by: Any) -> tuple[str, list[Any]]:
    """The name of the order and each study's value; no values for the order of the rows."""
    effects = result.effects
    if by is None:
        return "row", []
    if not hasattr(by, "__len__"):
        raise InputError(f"by must be a column or a value for each study, got {by!r}")
    name = by if isinstance(by, str) else "given values"
    values = _column(effects.table, by) if isinstance(by, str) else list(by)
    if len(values) != effects.k:
        raise InputError(f"by has {len(values)} values but there are {effects.k} studies")
    blank = [i for i, x in enumerate(values) if x is None or x == "" or x != x]
    if blank:
        rest = f" ({len(blank) - 1} more are blank)" if len(blank) > 1 else ""
        raise DataError(f"{effects.study[blank[0]]} has no value of {name!r} to be ordered by{rest}; fill it in")
    return name, _comparable(name, values)


def _column(table: Any, by: str) -> list[Any]:
    if table is None:
        raise InputError(f"by={by!r} is a column name, but the effects have no table; give a value for each study")
    if by not in table.columns:
        near = difflib.get_close_matches(by, [str(c) for c in table.columns], n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"no column {by!r} to order by among {', '.join(str(c) for c in table.columns)}.{hint}")
    return list(table[by])


def _comparable(name: str, values: list[Any]) -> list[Any]:
    """Numbers where all are numbers (typed or as text), else as they are if they can be compared."""
    values = [x.item() if isinstance(x, np.generic) else x for x in values]
    try:
        return [x if isinstance(x, int | float) else float(x) for x in values]
    except (TypeError, ValueError):
        pass
    try:
        sorted(values)
    except TypeError:
        kinds = ", ".join(sorted({type(x).__name__ for x in values}))
        raise InputError(f"the values of {name!r} cannot be put in order: they are a mixture of {kinds}") from None
    return values


def _order(values: list[Any], k: int, descending: bool) -> np.ndarray:
    """A stable order, so that ties keep that of the rows whichever way it goes."""
    if not values:
        return np.arange(k)[::-1].copy() if descending else np.arange(k)
    ranks = {value: i for i, value in enumerate(sorted(set(values), reverse=descending))}
    return np.array(sorted(range(k), key=lambda i: ranks[values[i]]))
