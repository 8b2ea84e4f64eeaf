"""Proportions of one group: ``events`` out of ``n``."""

from __future__ import annotations

import numpy as np

from metaket._checks import Array, check_choice
from metaket.measures.registry import Columns, measure, over_studies
from metaket.measures.transform import freeman_tukey

__all__: list[str] = []

NEEDS = ("events", "n")
FLEISS = "Fleiss & Berlin (2009) in Handbook of Research Synthesis, 2nd ed., pp. 237-253"


def _proportions(c: Columns, vtype: str, kinds: tuple[str, ...]) -> tuple[str, Array, Array, Array]:
    """Kind of variance, n, p, and the p that the variance uses (over all studies for "AV")."""
    kind = check_choice("variance of a proportion", vtype, kinds)
    n, p = c["n"], c["events"] / c["n"]
    return kind, n, p, over_studies(p, n) if kind == "AV" else p


@measure("PR", label="Proportion", reference=FLEISS, needs=NEEDS, scale="level", zero_cells="only0")
def raw_proportion(c: Columns, vtype: str = "LS") -> tuple[Array, Array]:
    """p and p q / n ("UB": / (n - 1); "AV": with p over all studies)."""
    kind, n, p, used = _proportions(c, vtype, ("LS", "UB", "AV"))
    return p, used * (1 - used) / (n - 1 if kind == "UB" else n)


@measure("PLN", label="Proportion (log)", reference=FLEISS, needs=NEEDS, scale="log level", zero_cells="only0")
def log_proportion(c: Columns, vtype: str = "LS") -> tuple[Array, Array]:
    """log p and 1/x - 1/n ("AV": with p over all studies)."""
    _, n, p, used = _proportions(c, vtype, ("LS", "AV"))
    return np.log(p), (1 - used) / (n * used)


@measure("PLO", label="Proportion (logit)", reference=FLEISS, needs=NEEDS, scale="logit", zero_cells="only0")
def logit_proportion(c: Columns, vtype: str = "LS") -> tuple[Array, Array]:
    """log(p / q) and 1/x + 1/(n - x) ("AV": with p over all studies)."""
    _, n, p, used = _proportions(c, vtype, ("LS", "AV"))
    return np.log(p) - np.log(1 - p), 1 / (n * used * (1 - used))


@measure(
    "PAS",
    label="Proportion (arcsine)",
    reference="Rücker et al. (2009) Stat Med 28:721-738",
    needs=NEEDS,
    scale="arcsine",
    zero_cells="none",
)
def arcsine_proportion(c: Columns) -> tuple[Array, Array]:
    """asin sqrt(p) and 1 / (4 n). Empty cells need no rule."""
    return np.arcsin(np.sqrt(c["events"] / c["n"])), 1 / (4 * c["n"])


@measure(
    "PFT",
    label="Proportion (double arcsine)",
    reference="Freeman & Tukey (1950) Ann Math Stat 21:607-611; back-transformation: Miller (1978) Am Stat 32:138",
    needs=NEEDS,
    scale="Freeman-Tukey",
    zero_cells="none",
)
def double_arcsine_proportion(c: Columns) -> tuple[Array, Array]:
    """(asin sqrt(x / (n + 1)) + asin sqrt((x + 1) / (n + 1))) / 2 and 1 / (4 n + 2)."""
    return freeman_tukey(c["events"] / c["n"], c["n"]), 1 / (4 * c["n"] + 2)
