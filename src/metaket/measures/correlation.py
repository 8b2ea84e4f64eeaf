"""Correlations of two quantitative variables: ``r`` from ``n`` pairs of values."""

from __future__ import annotations

import numpy as np
from scipy import special

from metaket._checks import Array, check_choice
from metaket.measures.registry import Columns, measure, over_studies

__all__ = ["squared_correlation", "unbiased_correlation"]

NEEDS = ("r", "n")
OLKIN = "Olkin & Pratt (1958) Ann Math Stat 29:201-211, eq. 2.3"


def _gauss(a: float, c: Array, x: Array) -> Array:
    """Gauss's F(a, a; c; x) for 0 <= x <= 1 and c > 0.

    scipy's function gives NaN for large c (seen from c = 104 on), where the power series is short: with c of 20 or
    more, 60 terms leave out less than 1e-18 even at x = 1.
    """
    term = total = np.ones(np.broadcast_shapes(np.shape(c), np.shape(x)))
    for k in range(60):
        term = term * ((a + k) ** 2 / ((c + k) * (k + 1))) * x
        total = total + term
    return np.asarray(np.where(c >= 20, total, special.hyp2f1(a, a, np.minimum(c, 20), x)))


def unbiased_correlation(r: Array, n: Array) -> Array:
    """Olkin and Pratt's unbiased estimate of rho: r F(1/2, 1/2; (n - 2)/2; 1 - r^2), n > 2."""
    return np.asarray(r * _gauss(0.5, (n - 2) / 2, 1 - r**2))


def squared_correlation(r: Array, n: Array) -> Array:
    """Olkin and Pratt's unbiased estimate of rho^2: 1 - (n - 3)/(n - 2) (1 - r^2) F(1, 1; n/2; 1 - r^2), n > 3."""
    return np.asarray(1 - (n - 3) / (n - 2) * (1 - r**2) * _gauss(1.0, n / 2, 1 - r**2))


def _large_sample(r: Array, n: Array, kind: str) -> Array:
    used = over_studies(r, n) if kind == "AV" else r
    return np.asarray((1 - used**2) ** 2 / (n - 1))


@measure(
    "COR",
    label="Correlation",
    reference="Borenstein (2009) in Handbook of Research Synthesis, 2nd ed., eq. 12.27",
    needs=NEEDS,
    scale="difference",
)
def raw_correlation(c: Columns, vtype: str = "LS") -> tuple[Array, Array]:
    """r and (1 - r^2)^2 / (n - 1) ("AV": with the n-weighted mean of r)."""
    return c["r"], _large_sample(c["r"], c["n"], check_choice("COR variance", vtype, ("LS", "AV")))


@measure("UCOR", label="Correlation (unbiased)", reference=OLKIN, needs=NEEDS, scale="difference")
def corrected_correlation(c: Columns, vtype: str = "LS") -> tuple[Array, Array]:
    """Olkin and Pratt's G and (1 - G^2)^2 / (n - 1) ("AV": with the mean of G; "UB": G^2 less the unbiased rho^2)."""
    kind = check_choice("UCOR variance", vtype, ("LS", "UB", "AV"))
    g = unbiased_correlation(c["r"], c["n"])
    if kind == "UB":
        return g, g**2 - squared_correlation(c["r"], c["n"])
    return g, _large_sample(g, c["n"], kind)


@measure(
    "ZCOR",
    label="Correlation (Fisher z)",
    reference="Fisher (1921) Metron 1:3-32",
    needs=NEEDS,
    scale="Fisher z",
)
def fisher_z(c: Columns) -> tuple[Array, Array]:
    """atanh r and 1 / (n - 3)."""
    return np.arctanh(c["r"]), 1 / (c["n"] - 3)
