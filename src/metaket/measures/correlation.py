"""Correlations: r of n pairs."""

from __future__ import annotations

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket.measures.registry import Columns, measure

NEEDS = ("r", "n")


@measure(
    "COR", label="Correlation", reference="Hedges (1989) Psychol Bull 105:469-477", needs=NEEDS, scale="difference"
)
def correlation(c: Columns) -> tuple[Array, Array]:
    """r and (1 - r^2)^2 / (n - 1)."""
    return c["r"], (1 - c["r"] ** 2) ** 2 / (c["n"] - 1)


@measure(
    "UCOR",
    label="Correlation (unbiased)",
    reference="Olkin & Pratt (1958) Ann Math Stat 29:201-211",
    needs=NEEDS,
    scale="difference",
)
def unbiased_correlation(c: Columns) -> tuple[Array, Array]:
    """r 2F1(1/2, 1/2; (n - 2)/2; 1 - r^2) and (1 - r_u^2)^2 / (n - 1)."""
    r, n = c["r"], c["n"]
    u = r * special.hyp2f1(0.5, 0.5, (n - 2) / 2, 1 - r**2)
    return u, (1 - u**2) ** 2 / (n - 1)


@measure("ZCOR", label="Correlation (Fisher z)", reference="Fisher (1921) Metron 1:3-32", needs=NEEDS, scale="Fisher z")
def fisher_z(c: Columns) -> tuple[Array, Array]:
    """artanh r and 1 / (n - 3)."""
    return np.arctanh(c["r"]), 1 / (c["n"] - 3)
