"""Two-group means: mean, standard deviation and n of a treatment and a control arm.

`rho` is the correlation between the two periods of patients who were in both arms (0: parallel groups).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from metaket._checks import Array, check_choice
from metaket.measures.registry import Columns, measure

__all__ = ["SMD_VARIANCES", "bias_correction", "smd_variance", "standardise_difference"]

NEEDS = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
SMD_VARIANCES = ("LS", "UB", "RevMan")


def bias_correction(df: Array | float, *, exact: bool = True) -> Array:
    """Hedges' J for `df` degrees of freedom > 1, about 1 - 3 / (4 df - 1).

    Exact: Gamma(df/2) / (sqrt(df/2) Gamma((df - 1)/2)). Hedges (1981) J Educ Stat 6:107-128, eq. 6e.
    """
    df = np.asarray(df, dtype=np.float64)
    if not exact:
        return np.asarray(1.0 - 3.0 / (4.0 * df - 1.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        log_j = special.gammaln(df / 2) - special.gammaln((df - 1) / 2) - 0.5 * np.log(df / 2)
        return np.asarray(np.where(df > 1, np.exp(log_j), np.nan))


def smd_variance(g: Array, n_t: Array, n_c: Array, kind: str = "LS", rho: Array | float = 0.0) -> Array:
    """Sampling variance of Hedges' g from two groups, or from pairs with correlation `rho`.

    LS: 1/n1 + 1/n2 + g^2 / (2 N); UB: unbiased; RevMan: g^2 / (2 (N - 3.94)). With pairs the whole is multiplied by
    1 - rho (Elbourne et al. 2002; Cochrane Handbook 6.3, 23.2.7.2: sqrt(1/n + g^2/(2n)) sqrt(2 (1 - rho))), for
    which n1 = n2 = n makes 1/n1 + 1/n2 = 2/n and g^2 / (2 N) is taken with N = n.
    """
    total = n_t + n_c
    base = 1 / n_t + 1 / n_c
    if kind == "LS":
        own = g**2 / (2 * total)
    elif kind == "RevMan":
        own = g**2 / (2 * (total - 3.94))
    else:
        df = total - 2
        own = (1 - (df - 2) / (df * bias_correction(df) ** 2)) * g**2
    paired = (1 - np.asarray(rho)) * (base + g**2 * base / 2)
    return np.asarray(np.where(np.asarray(rho) != 0, paired, base + own))


@measure(
    "MD",
    label="Mean difference",
    reference="Cochrane Handbook 6.3 (2022), 6.5.1.1; pairs: Elbourne et al. (2002) Int J Epidemiol 31:140-149",
    needs=NEEDS,
    scale="difference",
)
def mean_difference(c: Columns, rho: Array | float = 0.0) -> tuple[Array, Array]:
    """m1 - m2 and s1^2/n1 + s2^2/n2 - 2 rho s1 s2 / max(n1, n2)."""
    s1, s2, n1, n2 = c["sd_t"], c["sd_c"], c["n_t"], c["n_c"]
    return c["mean_t"] - c["mean_c"], s1**2 / n1 + s2**2 / n2 - 2 * rho * s1 * s2 / np.maximum(n1, n2)


@measure(
    "SMD",
    label="Standardised mean difference (Hedges g)",
    reference="Hedges (1981) J Educ Stat 6:107-128",
    needs=NEEDS,
    scale="difference",
)
def standardised_mean_difference(
    c: Columns, rho: Array | float = 0.0, vtype: str = "LS", j: str = "exact"
) -> tuple[Array, Array]:
    """Hedges' g: J (m1 - m2) / pooled standard deviation, with the variance that `vtype` names."""
    kind = check_choice("SMD variance", vtype, SMD_VARIANCES)
    exact = check_choice("correction j", j, ("exact", "approx")) == "exact"
    n1, n2 = c["n_t"], c["n_c"]
    df = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * c["sd_t"] ** 2 + (n2 - 1) * c["sd_c"] ** 2) / df)
    g = bias_correction(df, exact=exact) * (c["mean_t"] - c["mean_c"]) / pooled
    return g, smd_variance(g, n1, n2, kind, rho)


@measure(
    "SMDH",
    label="Standardised mean difference (own variances)",
    reference="Bonett (2008) Psychol Methods 13:99-109",
    needs=NEEDS,
    scale="difference",
)
def smd_own_variances(c: Columns) -> tuple[Array, Array]:
    """g = J (m1 - m2) / sqrt(s2), s2 = (s1^2 + s2^2) / 2, and Bonett's variance at g times J^2."""
    s1, s2, f1, f2 = c["sd_t"] ** 2, c["sd_c"] ** 2, c["n_t"] - 1, c["n_c"] - 1
    mean = (s1 + s2) / 2
    j = bias_correction(f1 + f2)
    g = j * (c["mean_t"] - c["mean_c"]) / np.sqrt(mean)
    return g, j**2 * (g**2 * (s1**2 / f1 + s2**2 / f2) / (8 * mean**2) + (s1 / f1 + s2 / f2) / mean)


@measure(
    "ROM",
    label="Ratio of means",
    reference="Hedges, Gurevitch & Curtis (1999) Ecology 80:1150-1156",
    needs=NEEDS,
    scale="log ratio",
)
def log_ratio_of_means(c: Columns) -> tuple[Array, Array]:
    """log(m1 / m2) and s1^2 / (n1 m1^2) + s2^2 / (n2 m2^2)."""
    cv1, cv2 = c["sd_t"] / c["mean_t"], c["sd_c"] / c["mean_c"]
    return np.log(c["mean_t"] / c["mean_c"]), cv1**2 / c["n_t"] + cv2**2 / c["n_c"]


@measure(
    "CVR",
    label="Coefficient of variation ratio",
    reference="Nakagawa et al. (2015) Methods Ecol Evol 6:143-152",
    needs=NEEDS,
    scale="log ratio",
)
def log_variation_ratio(c: Columns) -> tuple[Array, Array]:
    """log(CV1 / CV2) + 1/(2 (n1 - 1)) - 1/(2 (n2 - 1)), and the variances of both logarithms."""
    y, v = log_variability_ratio(c)
    ratio, spread = log_ratio_of_means(c)
    return y - ratio, v + spread


@measure(
    "VR",
    label="Variability ratio",
    reference="Nakagawa et al. (2015) Methods Ecol Evol 6:143-152",
    needs=NEEDS,
    scale="log ratio",
)
def log_variability_ratio(c: Columns) -> tuple[Array, Array]:
    """log(s1 / s2) + 1/(2 (n1 - 1)) - 1/(2 (n2 - 1)), and 1/(2 (n1 - 1)) + 1/(2 (n2 - 1))."""
    half1, half2 = 1 / (2 * (c["n_t"] - 1)), 1 / (2 * (c["n_c"] - 1))
    return np.log(c["sd_t"] / c["sd_c"]) + half1 - half2, half1 + half2


@measure("MN", label="Mean", reference="standard error of a mean", needs=("mean", "sd", "n"), scale="level")
def single_mean(c: Columns) -> tuple[Array, Array]:
    """m and s^2 / n."""
    return c["mean"], c["sd"] ** 2 / c["n"]


@measure("MNLN", label="Mean (log)", reference="delta method", needs=("mean", "sd", "n"), scale="log level")
def log_mean(c: Columns) -> tuple[Array, Array]:
    """log m and s^2 / (n m^2)."""
    return np.log(c["mean"]), c["sd"] ** 2 / (c["n"] * c["mean"] ** 2)


def standardise_difference(
    difference: Array, std_error: Array, n_t: Array, n_c: Array, rho: Array | float = 0.0
) -> tuple[Array, Array]:
    """Hedges' g and its variance from a difference in means and its standard error.

    Parameters
    ----------
    difference, std_error : ndarray, shape (k,)
        On the outcome's scale; `std_error` > 0.
    n_t, n_c : ndarray, shape (k,)
        Patients per arm; in a crossover both are the number of patients.
    rho : float
        Correlation between the periods of a crossover; 0 treats it as parallel.

    Notes
    -----
    Parallel: s = SE / sqrt(1/n1 + 1/n2). Pairs, where SE is that of differences within patients:
    s = SE sqrt(n) / sqrt(2 (1 - rho)). Then g = J difference / s, with J on n1 + n2 - 2.
    An adjusted analysis has a smaller residual s than the raw scores, so its g is larger.

    References
    ----------
    Cochrane Handbook 6.3 (2022), 6.5.2.3 and 23.2.7.2.
    """
    base = 1 / n_t + 1 / n_c
    sd = std_error / np.sqrt(base * (1 - np.asarray(rho)))
    g = bias_correction(n_t + n_c - 2) * difference / sd
    return g, smd_variance(g, n_t, n_c, "LS", rho)
