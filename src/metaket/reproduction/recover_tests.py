"""Tests of a 2x2 table, for many tables at once: the p-values that a paper may have printed.

a, c are events and n1, n2 patients of treatment and control, each of shape (m,). A table with an empty margin has no
test: NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket._registry import Registry

__all__ = ["TABLE_TESTS", "chi_square", "log_effect", "risk_difference"]

PTest = Callable[[Array, Array, Array, Array], Array]
TABLE_TESTS: Registry[PTest] = Registry("test of a 2x2 table")
SAME = 1.0 + 1e-7  # tables whose probabilities differ by less are equally likely: the ties of fisher.test in R
BLOCK = 2_000_000  # entries of one block of hypergeometric probabilities


def chi_square(a: Array, n1: Array, c: Array, n2: Array, correct: bool = False) -> Array:
    """Pearson's chi-square, N (ad - bc)^2 / (n1 n2 m1 m2); with Yates' correction |ad - bc| loses N/2, down to 0."""
    n, m = n1 + n2, a + c
    gap = np.abs(a * (n2 - c) - (n1 - a) * c)
    if correct:
        gap = np.maximum(gap - n / 2.0, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(n * gap**2 / (n1 * n2 * m * (n - m)))


def log_effect(measure: str, a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array]:
    """Log odds ratio or log risk ratio and its standard error: Woolf (1955), Katz et al. (1978).

    A half goes to all four cells of a table with an empty one, as `effect_sizes` does.
    """
    half = 0.5 * ((a == 0) | (c == 0) | (a == n1) | (c == n2))
    a, c, n1, n2 = a + half, c + half, n1 + 2 * half, n2 + 2 * half
    if measure == "RR":
        return np.log(a * n2 / (n1 * c)), np.sqrt(np.maximum(1 / a - 1 / n1 + 1 / c - 1 / n2, 0.0))
    b, d = n1 - a, n2 - c
    return np.log(a * d / (b * c)), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def risk_difference(a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array]:
    """p1 - p2 and its standard error, sqrt(p1 q1 / n1 + p2 q2 / n2)."""
    p, q = a / n1, c / n2
    return p - q, np.sqrt(p * (1 - p) / n1 + q * (1 - q) / n2)


@TABLE_TESTS.add("chi2", label="chi-square", reference="Pearson (1900) Philos Mag 50:157-175", aliases=("pearson",))
def pearson_p(a: Array, n1: Array, c: Array, n2: Array) -> Array:
    """Upper tail of chi-square on 1 degree of freedom."""
    return np.asarray(special.chdtrc(1, chi_square(a, n1, c, n2)))


@TABLE_TESTS.add(
    "yates", label="chi-square with Yates' correction", reference="Yates (1934) Suppl J R Stat Soc 1:217-235"
)
def yates_p(a: Array, n1: Array, c: Array, n2: Array) -> Array:
    """The same of the corrected statistic."""
    return np.asarray(special.chdtrc(1, chi_square(a, n1, c, n2, correct=True)))


@TABLE_TESTS.add(
    "z", label="z of the log odds ratio", reference="Woolf (1955) Ann Hum Genet 19:251-253", aliases=("wald",)
)
def wald_p(a: Array, n1: Array, c: Array, n2: Array) -> Array:
    """Two-sided normal p of log OR over its standard error."""
    y, se = log_effect("OR", a, n1, c, n2)
    return np.asarray(2.0 * special.ndtr(-np.abs(y / se)))


@TABLE_TESTS.add(
    "fisher",
    label="Fisher's exact test",
    reference="Fisher (1935) J R Stat Soc 98:39-82; two-sided by small probabilities",
)
def fisher_p(a: Array, n1: Array, c: Array, n2: Array) -> Array:
    """The probability, given the margins, of every table that is no likelier than the one seen."""
    if not len(a):
        return np.empty(0)
    margins, where = np.unique(np.stack([n1, n2, a + c], axis=-1).astype(np.int64), axis=0, return_inverse=True)
    width = int(np.max(np.minimum(margins[:, 0], margins[:, 2]))) + 1
    step = max(1, BLOCK // width)
    out = np.full(a.shape, np.nan)
    order = np.argsort(where, kind="stable")
    edges = np.searchsorted(where[order], np.arange(0, len(margins) + step, step))
    for start, (low, high) in enumerate(pairwise(edges)):
        rows = order[low:high]
        table = _two_sided(margins[start * step : (start + 1) * step], width)
        out[rows] = table[where[rows] - start * step, a[rows].astype(np.int64)]
    return out


def _two_sided(margins: np.ndarray, width: int) -> Array:
    """Two-sided p of every events_t from 0 to width - 1 under each row of (n1, n2, m); shape (margins, width)."""
    n1, n2, m = (margins[:, i, None].astype(np.float64) for i in range(3))
    x = np.arange(width, dtype=np.float64)[None, :]
    inside = (x <= n1) & (x <= m) & (m - x <= n2)
    with np.errstate(invalid="ignore", divide="ignore"):
        log_p = _choose(n1, x) + _choose(n2, m - x) - _choose(n1 + n2, m)
    p = np.where(inside, np.exp(np.where(inside, log_p, 0.0)), np.inf)
    order = np.argsort(p, axis=1)
    ranked = np.take_along_axis(p, order, axis=1)
    sums = np.cumsum(np.where(np.isfinite(ranked), ranked, 0.0), axis=1)
    # equally likely tables share the sum that ends with the last of them
    last = np.ones(p.shape, dtype=bool)
    last[:, :-1] = ranked[:, 1:] > ranked[:, :-1] * SAME
    index = np.where(last, np.arange(width)[None, :], width)
    run_end = np.minimum.accumulate(index[:, ::-1], axis=1)[:, ::-1]
    out = np.empty_like(p)
    np.put_along_axis(out, order, np.take_along_axis(sums, run_end, axis=1), axis=1)
    empty = (m == 0) | (m == n1 + n2)
    return np.where(empty | ~inside, np.nan, np.minimum(out, 1.0))


def _choose(n: Array, k: Array) -> Array:
    """log of n over k."""
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))
