"""One-group counts: events out of n."""

from __future__ import annotations

import numpy as np

from metaket._checks import Array
from metaket.measures.registry import Columns, measure
from metaket.measures.transform import freeman_tukey

NEEDS = ("events", "n")
SOURCE = "Barendregt et al. (2013) J Epidemiol Community Health 67:974-978"


@measure("PR", label="Proportion", reference=SOURCE, needs=NEEDS, scale="level", zero_cells="only0")
def proportion(c: Columns) -> tuple[Array, Array]:
    """p = x / n and p (1 - p) / n."""
    p = c["events"] / c["n"]
    return p, p * (1 - p) / c["n"]


@measure("PLN", label="Proportion (log)", reference=SOURCE, needs=NEEDS, scale="log level", zero_cells="only0")
def log_proportion(c: Columns) -> tuple[Array, Array]:
    """log p and 1/x - 1/n."""
    return np.log(c["events"] / c["n"]), 1 / c["events"] - 1 / c["n"]


@measure("PLO", label="Proportion (logit)", reference=SOURCE, needs=NEEDS, scale="logit", zero_cells="only0")
def logit_proportion(c: Columns) -> tuple[Array, Array]:
    """log(x / (n - x)) and 1/x + 1/(n - x)."""
    x, rest = c["events"], c["n"] - c["events"]
    return np.log(x / rest), 1 / x + 1 / rest


@measure(
    "PAS",
    label="Proportion (arcsine)",
    reference="Freeman & Tukey (1950) Ann Math Stat 21:607-611",
    needs=NEEDS,
    scale="arcsine",
    zero_cells="none",
)
def arcsine_proportion(c: Columns) -> tuple[Array, Array]:
    """asin sqrt(p) and 1/(4 n)."""
    return np.arcsin(np.sqrt(c["events"] / c["n"])), 1 / (4 * c["n"])


@measure(
    "PFT",
    label="Proportion (double arcsine)",
    reference="Freeman & Tukey (1950) Ann Math Stat 21:607-611",
    needs=NEEDS,
    scale="Freeman-Tukey",
    zero_cells="none",
)
def double_arcsine_proportion(c: Columns) -> tuple[Array, Array]:
    """(asin sqrt(x / (n + 1)) + asin sqrt((x + 1) / (n + 1))) / 2 and 1/(4 n + 2)."""
    return freeman_tukey(c["events"] / c["n"], c["n"]), 1 / (4 * c["n"] + 2)
