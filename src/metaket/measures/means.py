"""Two-group means: mean, standard deviation and n of a treatment and a control arm.

`rho` is the correlation between the two periods of patients who were in both arms (0: parallel groups).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from metaket._checks import Array, check_choice
from metaket.measures.binary import COX, LOGISTIC
from metaket.measures.registry import Columns, measure, over_studies

__all__ = ["SMD_CORRECTIONS", "SMD_VARIANCES", "bias_correction", "pooled_sd", "smd_variance", "standardise_difference"]

NEEDS = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
SMD_CORRECTIONS = ("exact", "approx", "none")
SMD_VARIANCES = ("LS", "LS2", "UB", "AV", "RevMan")
HEDGES = "Hedges (1981) J Educ Stat 6:107-128"
BORENSTEIN = "Borenstein (2009) in Handbook of Research Synthesis, 2nd ed."
BONETT = "Bonett (2009) Psychol Methods 14:225-238"


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


def pooled_sd(c: Columns) -> Array:
    """Square root of the two variances' mean, weighted by their degrees of freedom."""
    n1, n2 = c["n_t"], c["n_c"]
    return np.asarray(np.sqrt(((n1 - 1) * c["sd_t"] ** 2 + (n2 - 1) * c["sd_c"] ** 2) / (n1 + n2 - 2)))


def _own_part(g: Array, df: Array, weight: Array, total: Array, j: Array, kind: str) -> Array:
    """What the size of g adds to its variance; `weight` is what g^2 / 2 is divided by, `total` the study's patients."""
    if kind == "UB":
        return np.asarray((1 - (df - 2) / (df * j**2)) * g**2)
    if kind == "RevMan":
        return np.asarray(g**2 / (2 * (weight - 3.94)))
    mean = over_studies(g, total) if kind == "AV" else g
    return np.asarray(mean**2 / (2 * weight))


def smd_variance(
    g: Array, n_t: Array, n_c: Array, kind: str = "LS", rho: Array | float = 0.0, *, exact: bool = True
) -> Array:
    """Sampling variance of Hedges' g from two groups, or from pairs with correlation `rho`.

    LS: 1/n1 + 1/n2 + g^2 / (2 N); LS2: J^2 (1/n1 + 1/n2 + d^2 / (2 N)); UB: unbiased; AV: as LS with the mean g of
    all studies; RevMan: g^2 / (2 (N - 3.94)). `exact` is the J that g was corrected with. With pairs the whole is
    multiplied by 1 - rho (Elbourne et al. 2002; Cochrane Handbook 6.3, 23.2.7.2: sqrt(1/n + g^2/(2n))
    sqrt(2 (1 - rho))), for which n1 = n2 = n makes 1/n1 + 1/n2 = 2/n and g^2 / (2 N) is taken with N = n.
    """
    total, base = n_t + n_c, 1 / n_t + 1 / n_c
    j = bias_correction(total - 2, exact=exact)
    if kind == "LS2":
        parallel = j**2 * (base + (g / j) ** 2 / (2 * total))
    else:
        parallel = base + _own_part(g, total - 2, total, total, j, kind)
    paired = (1 - np.asarray(rho)) * (base + g**2 * base / 2)
    return np.asarray(np.where(np.asarray(rho) != 0, paired, parallel))


@measure(
    "MD",
    label="Mean difference",
    reference="Cochrane Handbook 6.3 (2022), 6.5.1.1; pairs: Elbourne et al. (2002) Int J Epidemiol 31:140-149",
    needs=NEEDS,
    scale="difference",
)
def mean_difference(c: Columns, rho: Array | float = 0.0, vtype: str = "LS") -> tuple[Array, Array]:
    """m1 - m2 and s1^2/n1 + s2^2/n2 - 2 rho s1 s2 / max(n1, n2) ("HO": with the pooled standard deviation)."""
    kind = check_choice("MD variance", vtype, ("LS", "HO"))
    n1, n2 = c["n_t"], c["n_c"]
    s1, s2 = (pooled_sd(c), pooled_sd(c)) if kind == "HO" else (c["sd_t"], c["sd_c"])
    return c["mean_t"] - c["mean_c"], s1**2 / n1 + s2**2 / n2 - 2 * rho * s1 * s2 / np.maximum(n1, n2)


@measure(
    "SMD",
    label="Standardised mean difference (Hedges g)",
    reference=f"{HEDGES}; variances: Hedges (1982, 1983), {BORENSTEIN}, eq. 12.17",
    needs=NEEDS,
    scale="difference",
)
def standardised_mean_difference(
    c: Columns, rho: Array | float = 0.0, vtype: str = "LS", j: str = "exact"
) -> tuple[Array, Array]:
    """Hedges' g: J (m1 - m2) / pooled standard deviation, with the variance that `vtype` names.

    `j` is the correction: "exact", "approx" (1 - 3 / (4 df - 1)), or "none" for Cohen's d and
    1/n1 + 1/n2 + d^2 / (2 N).
    """
    choice = check_choice("correction j", j, SMD_CORRECTIONS)
    if choice == "none":
        check_choice("variance of Cohen's d", vtype, ("LS",))
        return _cohen_d(c)
    kind, exact = check_choice("SMD variance", vtype, SMD_VARIANCES), choice == "exact"
    n1, n2 = c["n_t"], c["n_c"]
    g = bias_correction(n1 + n2 - 2, exact=exact) * (c["mean_t"] - c["mean_c"]) / pooled_sd(c)
    return g, smd_variance(g, n1, n2, kind, rho, exact=exact)


@measure(
    "SMDH",
    label="Standardised mean difference (unequal variances)",
    reference=f"{BONETT}, eqs. 5 and 6, with Hedges' correction",
    needs=NEEDS,
    scale="difference",
)
def heteroscedastic_smd(c: Columns) -> tuple[Array, Array]:
    """g = J (m1 - m2) / s, s^2 = (s1^2 + s2^2) / 2, and its variance without assuming s1 = s2.

    J^2 {g^2 (s1^4/df1 + s2^4/df2) / (8 s^4) + (s1^2/df1 + s2^2/df2) / s^2}, df = n - 1.
    """
    f1, f2 = c["n_t"] - 1, c["n_c"] - 1
    a, b = c["sd_t"] ** 2, c["sd_c"] ** 2
    s2, j = (a + b) / 2, bias_correction(c["n_t"] + c["n_c"] - 2)
    g = j * (c["mean_t"] - c["mean_c"]) / np.sqrt(s2)
    return g, j**2 * (g**2 * (a**2 / f1 + b**2 / f2) / (8 * s2**2) + (a / f1 + b / f2) / s2)


@measure(
    "SMD1",
    label="Standardised mean difference (control standard deviation)",
    reference=HEDGES + "; Glass (1976) Educ Res 5:3-8",
    needs=NEEDS,
    scale="difference",
)
def control_smd(c: Columns, vtype: str = "LS") -> tuple[Array, Array]:
    """J (m1 - m2) / s2 with J on n2 - 1, and 1/n1 + 1/n2 + g^2 / (2 n2) (variants as for SMD)."""
    kind = check_choice("SMD1 variance", vtype, ("LS", "LS2", "UB", "AV"))
    n1, n2 = c["n_t"], c["n_c"]
    base, j = 1 / n1 + 1 / n2, bias_correction(n2 - 1)
    g = j * (c["mean_t"] - c["mean_c"]) / c["sd_c"]
    if kind == "LS2":
        return g, j**2 * (base + (g / j) ** 2 / (2 * n2))
    return g, base + _own_part(g, n2 - 1, n2, n1 + n2, j, kind)


@measure(
    "SMD1H",
    label="Standardised mean difference (control standard deviation, unequal variances)",
    reference="Bonett (2008) Psychol Methods 13:99-109",
    needs=NEEDS,
    scale="difference",
)
def control_smd_heteroscedastic(c: Columns) -> tuple[Array, Array]:
    """As SMD1, with (s1^2 / s2^2) / n1 + 1/n2 + g^2 / (2 n2)."""
    n1, n2 = c["n_t"], c["n_c"]
    g = bias_correction(n2 - 1) * (c["mean_t"] - c["mean_c"]) / c["sd_c"]
    return g, (c["sd_t"] / c["sd_c"]) ** 2 / n1 + 1 / n2 + g**2 / (2 * n2)


def _cohen_d(c: Columns) -> tuple[Array, Array]:
    n1, n2 = c["n_t"], c["n_c"]
    d = (c["mean_t"] - c["mean_c"]) / pooled_sd(c)
    return d, 1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2))


@measure(
    "D2ORN",
    label="Odds ratio from the standardised mean difference (normal)",
    reference="Cox & Snell (1989) Analysis of Binary Data, 2nd ed.",
    needs=NEEDS,
    scale="log ratio",
)
def odds_ratio_from_smd_normal(c: Columns) -> tuple[Array, Array]:
    """1.65 d, d without Hedges' correction."""
    d, v = _cohen_d(c)
    return d * COX, v * COX**2


@measure(
    "D2ORL",
    label="Odds ratio from the standardised mean difference (logistic)",
    reference="Hasselblad & Hedges (1995) Psychol Bull 117:167-178; Chinn (2000) Stat Med 19:3127-3131",
    needs=NEEDS,
    scale="log ratio",
)
def odds_ratio_from_smd_logistic(c: Columns) -> tuple[Array, Array]:
    """d pi / sqrt(3), d without Hedges' correction."""
    d, v = _cohen_d(c)
    return d * LOGISTIC, v * LOGISTIC**2


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
