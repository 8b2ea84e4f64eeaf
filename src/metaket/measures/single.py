"""Mean and spread of one group: ``mean sd n``."""

from __future__ import annotations

import numpy as np

from metaket._checks import Array
from metaket.measures.means import bias_correction
from metaket.measures.registry import Columns, measure

__all__: list[str] = []

NEEDS = ("mean", "sd", "n")
NAKAGAWA = "Nakagawa et al. (2015) Methods Ecol Evol 6:143-152"


@measure("MN", label="Mean", reference="the definition of a standard error", needs=NEEDS, scale="level")
def raw_mean(c: Columns) -> tuple[Array, Array]:
    """m and s^2 / n."""
    return c["mean"], c["sd"] ** 2 / c["n"]


@measure("MNLN", label="Mean (log)", reference=NAKAGAWA, needs=NEEDS, scale="log level")
def log_mean(c: Columns) -> tuple[Array, Array]:
    """log m and s^2 / (n m^2), m > 0."""
    return np.log(c["mean"]), c["sd"] ** 2 / (c["n"] * c["mean"] ** 2)


@measure(
    "SMN",
    label="Standardised mean",
    reference="Hedges (1981) J Educ Stat 6:107-128, for one group",
    needs=NEEDS,
    scale="level",
)
def standardised_mean(c: Columns) -> tuple[Array, Array]:
    """g = J m / s with J on n - 1, and 1/n + g^2 / (2 n)."""
    g = bias_correction(c["n"] - 1) * c["mean"] / c["sd"]
    return g, 1 / c["n"] + g**2 / (2 * c["n"])


@measure("CVLN", label="Coefficient of variation (log)", reference=NAKAGAWA, needs=NEEDS, scale="log level")
def log_cv(c: Columns) -> tuple[Array, Array]:
    """log(s / m) + 1/(2 (n - 1)) and 1/(2 (n - 1)) + s^2 / (n m^2), m > 0."""
    half = 1 / (2 * (c["n"] - 1))
    cv = c["sd"] / c["mean"]
    return np.log(cv) + half, half + cv**2 / c["n"]


@measure(
    "SDLN",
    label="Standard deviation (log)",
    reference=f"Raudenbush & Bryk (1987) J Educ Stat 12:241-269; {NAKAGAWA}",
    needs=("sd", "n"),
    scale="log level",
)
def log_sd(c: Columns) -> tuple[Array, Array]:
    """log s + 1/(2 (n - 1)) and 1/(2 (n - 1))."""
    half = 1 / (2 * (c["n"] - 1))
    return np.log(c["sd"]) + half, half
