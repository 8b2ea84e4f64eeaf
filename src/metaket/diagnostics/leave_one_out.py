"""Leave-one-out and leave-k-out: what the result would be without some of its studies."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import overload

import numpy as np

from metaket._checks import generator
from metaket.diagnostics._refits import Refits, need_pooled, need_studies, refit
from metaket.diagnostics._regression_refits import RegressionRefits, refit_regression
from metaket.errors import InputError
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import Interval, PooledResult

__all__ = ["LeaveOut", "leave_one_out", "leave_out"]

ALL_LIMIT = 50_000  # subsets; up to there each is taken
DRAWS = 10_000
LONGEST_TABLE = 200  # rows printed
SEED = 20100420  # of the sample of subsets, unless a generator is given


@dataclass(frozen=True, slots=True, eq=False)
class LeaveOut(Refits):
    """A result without each study, or without each set of n studies.

    Attributes
    ----------
    result : PooledResult
        The whole one.
    include : ndarray, shape (m, k)
        0 for the studies that a row leaves out, else 1.
    study : tuple of str
        The study left out in each row; several are joined by " + ".
    fits : BatchResult
        Arrays of shape (m,): estimate, std_error, statistic, df, p_value, tau2, q, q_df, q_p, i2, h2, k, converged.
    notes : tuple of str
        One a row, empty unless a number is missing or needs a word.
    left_out : ndarray of int, shape (m, n)
        The indices of the studies left out.
    every : bool
        Whether these are all subsets of n studies; else a random sample of them.
    """

    left_out: np.ndarray
    every: bool

    @property
    def range(self) -> Interval:
        """The smallest and the largest pooled effect, on the analysis scale."""
        known = self.estimate[np.isfinite(self.estimate)]
        return Interval(float(known.min()), float(known.max())) if known.size else Interval(math.nan, math.nan)

    def summary(self, level: float = 0.95) -> str:
        """Table (up to 200 rows), range of the estimates, and whose omission changes the decision at `level`."""
        m, n = self.left_out.shape
        which = "each study" if n == 1 else f"{n} studies, {'all' if self.every else 'a sample of'} {m} sets"
        low, high = (self.result.back(x) for x in self.range)
        lines = [f"{self.result.effects.label} without {which}", *([self._table(level)] if m <= LONGEST_TABLE else [])]
        lines.append(f"estimates from {low:.4f} to {high:.4f}; with all {self.result.back(self.result.estimate):.4f}")
        if not math.isnan(self.result.effects.scale.null):
            lines.append(self._decision(level))
        return "\n".join(lines)

    def _decision(self, level: float) -> str:
        changed = self.changed(level)
        if not changed:
            return f"no omission changes whether the {100 * level:g} % interval holds no effect"
        more = f" and {len(changed) - 10} more" if len(changed) > 10 else ""
        return f"the {100 * level:g} % interval decides otherwise without: {', '.join(changed[:10])}{more}"

    def __str__(self) -> str:
        return self.summary()


@overload
def leave_one_out(result: PooledResult) -> LeaveOut: ...
@overload
def leave_one_out(result: RegressionResult) -> RegressionRefits: ...
def leave_one_out(result: PooledResult | RegressionResult) -> LeaveOut | RegressionRefits:
    r"""Pool again without each study in turn.

    Parameters
    ----------
    result : PooledResult or RegressionResult
        At least 2 studies. Every model of `pool` is offered: random and common are one call of the engine, the models
        of counts (Mantel-Haenszel, Peto, GLMMs) are pooled again k times.

    Returns
    -------
    LeaveOut, or RegressionRefits for a meta-regression

    Raises
    ------
    NotComputableError
        A single study.
    InputError
        ``tau2="GENQ"``, whose weights a result does not hold.

    Notes
    -----
    Row i is :math:`\hat\mu_{(-i)}`, with tau2 estimated anew. Where one study remains, its interval is the normal one
    whatever the test. A meta-regression that the remaining studies do not identify is NaN and says so.

    References
    ----------
    Viechtbauer & Cheung (2010) Res Synth Methods 1:112-125, sec. 2.

    Examples
    --------
    >>> import metaket as mk
    >>> without = mk.leave_one_out(mk.pool([0.1, 0.3, 0.5], [0.04, 0.05, 0.06]))
    >>> without.study, without.estimate.round(3).tolist()
    (('Study 1', 'Study 2', 'Study 3'), [0.391, 0.275, 0.189])
    """
    need_studies(result.effects, 2, "leave-one-out")
    k = result.effects.k
    include = 1.0 - np.eye(k)
    if isinstance(result, RegressionResult):
        return refit_regression(result, include, result.effects.study, "leave-one-out")
    fits, notes = refit(result, include, "leave-one-out")
    return LeaveOut(result, include, result.effects.study, fits, notes, np.arange(k)[:, None], True)


def leave_out(
    result: PooledResult, n: int, *, rng: np.random.Generator | int | None = None, draws: int = DRAWS
) -> LeaveOut:
    """Pool again without each set of n studies.

    Parameters
    ----------
    result : PooledResult
        Of k studies, k > n. Models of counts are pooled again set by set, which takes longer.
    n : int
        How many studies to leave out, from 1 to k - 1.
    rng : numpy.random.Generator or seed, optional
        For the sample of sets where there are more than 50 000; ``default_rng(20100420)`` unless given.
    draws : int
        Size of that sample; sets may repeat.

    Returns
    -------
    LeaveOut

    Raises
    ------
    InputError
        n or draws out of range, or ``tau2="GENQ"``.

    Examples
    --------
    >>> import metaket as mk
    >>> without = mk.leave_out(mk.pool([0.1, 0.3, 0.5], [0.04, 0.05, 0.06]), 2)
    >>> without.study[0], float(without.estimate[0])
    ('Study 1 + Study 2', 0.5)
    """
    effects = result.effects
    need_pooled(result, "leave_out")
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 1 <= n < effects.k:
        raise InputError(f"n must be an integer from 1 to {effects.k - 1} (there are {effects.k} studies), got {n!r}")
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws!r}")
    every = math.comb(effects.k, n) <= ALL_LIMIT
    left_out = (
        _all_sets(effects.k, n) if every else _some_sets(effects.k, n, generator(SEED if rng is None else rng), draws)
    )
    include = np.ones((left_out.shape[0], effects.k))
    np.put_along_axis(include, left_out, 0.0, axis=1)
    fits, notes = refit(result, include, "leave-k-out")
    names = np.array(effects.study, dtype=object)
    study = tuple(" + ".join(row) for row in names[left_out])
    return LeaveOut(result, include, study, fits, notes, left_out, every)


def _all_sets(k: int, n: int) -> np.ndarray:
    return np.array(list(itertools.combinations(range(k), n)), dtype=np.int64)


def _some_sets(k: int, n: int, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Each draw is a uniform set: the first n of a random order, sorted."""
    order = rng.random((draws, k)).argsort(axis=1)
    return np.sort(order[:, :n], axis=1)
