"""Change within one group, or matched pairs: ``mean_post sd_post mean_pre sd_pre n r``.

`r` is the correlation between the two values of a pair. "post" stands for treatment and "pre" for control where
the pairs are patients of a crossover trial.
"""

from __future__ import annotations

import numpy as np

from metaket._checks import Array, check_choice
from metaket.measures.means import bias_correction
from metaket.measures.registry import Columns, measure

__all__ = ["correlation_from_change"]

NEEDS = ("mean_post", "sd_post", "mean_pre", "sd_pre", "n", "r")
BECKER = "Becker (1988) Br J Math Stat Psychol 41:257-278; Morris (2000) Br J Math Stat Psychol 53:17-29"
LAJEUNESSE = "Lajeunesse (2011) Ecology 92:2049-2055"
NAKAGAWA = "Nakagawa et al. (2015) Methods Ecol Evol 6:143-152, for pairs"


def correlation_from_change(c: Columns) -> Array:
    """r from the standard deviations before, after and of the change: (s1^2 + s2^2 - sd^2) / (2 s1 s2).

    Cochrane Handbook 6.3 (2022), 6.5.2.8.
    """
    a, b = c["sd_post"], c["sd_pre"]
    return np.asarray((a**2 + b**2 - c["sd_change"] ** 2) / (2 * a * b))


def _change(c: Columns) -> tuple[Array, Array]:
    """Mean and variance of the change within pairs."""
    a, b = c["sd_post"], c["sd_pre"]
    return c["mean_post"] - c["mean_pre"], a**2 + b**2 - 2 * c["r"] * a * b


@measure(
    "MC",
    label="Mean change",
    reference="Cochrane Handbook 6.3 (2022), 6.5.2.8",
    needs=NEEDS,
    scale="difference",
)
def mean_change(c: Columns) -> tuple[Array, Array]:
    """m1 - m2 and (s1^2 + s2^2 - 2 r s1 s2) / n."""
    change, spread = _change(c)
    return change, spread / c["n"]


@measure(
    "SMCC",
    label="Standardised mean change (by the change's standard deviation)",
    reference="Gibbons, Hedeker & Davis (1993) J Educ Stat 18:271-279",
    needs=NEEDS,
    scale="difference",
)
def change_by_change_sd(c: Columns, vtype: str = "LS") -> tuple[Array, Array]:
    """g = J (m1 - m2) / s_change with J on n - 1, and 1/n + g^2/(2 n) ("LS2": J^2 (1/n + d^2/(2 n)))."""
    kind = check_choice("SMCC variance", vtype, ("LS", "LS2"))
    change, spread = _change(c)
    n, j = c["n"], bias_correction(c["n"] - 1)
    g = j * change / np.sqrt(spread)
    return g, j**2 * (1 / n + (g / j) ** 2 / (2 * n)) if kind == "LS2" else 1 / n + g**2 / (2 * n)


@measure(
    "SMCR",
    label="Standardised mean change (by the standard deviation before)",
    reference=BECKER,
    needs=("mean_post", "mean_pre", "sd_pre", "n", "r"),
    scale="difference",
)
def change_by_raw_sd(c: Columns, vtype: str = "LS") -> tuple[Array, Array]:
    """g = J (m1 - m2) / s_pre with J on n - 1, and 2 (1 - r)/n + g^2/(2 n) ("LS2": J^2 times that with d)."""
    kind = check_choice("SMCR variance", vtype, ("LS", "LS2"))
    n, j = c["n"], bias_correction(c["n"] - 1)
    g = j * (c["mean_post"] - c["mean_pre"]) / c["sd_pre"]
    base = 2 * (1 - c["r"]) / n
    return g, j**2 * (base + (g / j) ** 2 / (2 * n)) if kind == "LS2" else base + g**2 / (2 * n)


@measure(
    "SMCRH",
    label="Standardised mean change (by the standard deviation before, unequal variances)",
    reference="Bonett (2008) Psychol Methods 13:99-109, with Hedges' correction",
    needs=NEEDS,
    scale="difference",
)
def change_by_raw_sd_heteroscedastic(c: Columns) -> tuple[Array, Array]:
    """As SMCR, with J^2 {s_change^2 / (s_pre^2 (n - 1)) + g^2 / (2 (n - 1))}."""
    change, spread = _change(c)
    df, j = c["n"] - 1, bias_correction(c["n"] - 1)
    g = j * change / c["sd_pre"]
    return g, j**2 * (spread / (c["sd_pre"] ** 2 * df) + g**2 / (2 * df))


def _cvs(c: Columns) -> tuple[Array, Array, Array]:
    """Coefficients of variation after and before, and the variance of log m1 - log m2."""
    a, b = c["sd_post"] / c["mean_post"], c["sd_pre"] / c["mean_pre"]
    return a, b, (a**2 + b**2 - 2 * c["r"] * a * b) / c["n"]


@measure("ROMC", label="Ratio of means (pairs)", reference=LAJEUNESSE, needs=NEEDS, scale="log ratio")
def paired_ratio_of_means(c: Columns) -> tuple[Array, Array]:
    """log(m1 / m2) and (CV1^2 + CV2^2 - 2 r CV1 CV2) / n."""
    return np.log(c["mean_post"] / c["mean_pre"]), _cvs(c)[2]


@measure("CVRC", label="Ratio of coefficients of variation (pairs)", reference=NAKAGAWA, needs=NEEDS, scale="log ratio")
def paired_cv_ratio(c: Columns) -> tuple[Array, Array]:
    """log(CV1 / CV2) and (1 - r^2)/(n - 1) plus the variance of the log ratio of means."""
    a, b, of_means = _cvs(c)
    return np.log(a / b), (1 - c["r"] ** 2) / (c["n"] - 1) + of_means


@measure(
    "VRC",
    label="Ratio of standard deviations (pairs)",
    reference=NAKAGAWA,
    needs=("sd_post", "sd_pre", "n", "r"),
    scale="log ratio",
)
def paired_sd_ratio(c: Columns) -> tuple[Array, Array]:
    """log(s1 / s2) and (1 - r^2)/(n - 1)."""
    return np.log(c["sd_post"] / c["sd_pre"]), (1 - c["r"] ** 2) / (c["n"] - 1)
