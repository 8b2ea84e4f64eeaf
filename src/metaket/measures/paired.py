"""The same patients twice: before and after, or matched pairs. `r` is the correlation of the two measurements."""

from __future__ import annotations

import numpy as np

from metaket._checks import Array
from metaket.measures.means import bias_correction
from metaket.measures.registry import Columns, measure

CHANGE = ("mean_post", "sd_post", "mean_pre", "sd_pre", "n", "r")
PAIRS = ("yes_yes", "yes_no", "no_yes", "no_no")
MORRIS = "Morris & DeShon (2002) Psychol Methods 7:105-125"
BECKER = "Becker (1988) Br J Math Stat Psychol 41:257-278"
MATCHED = "Elbourne et al. (2002) Int J Epidemiol 31:140-149"


@measure("MC", label="Mean change", reference=MORRIS, needs=CHANGE, scale="difference")
def mean_change(c: Columns) -> tuple[Array, Array]:
    """m1 - m2 and (s1^2 + s2^2 - 2 r s1 s2) / n."""
    return c["mean_post"] - c["mean_pre"], _change_variance(c) / c["n"]


def _change_variance(c: Columns) -> Array:
    s1, s2 = c["sd_post"], c["sd_pre"]
    return s1**2 + s2**2 - 2 * c["r"] * s1 * s2


@measure(
    "SMCC",
    label="Standardised mean change (change-score SD)",
    reference="Gibbons, Hedeker & Davis (1993) J Educ Stat 18:271-279",
    needs=CHANGE,
    scale="difference",
)
def change_standardised_by_change(c: Columns) -> tuple[Array, Array]:
    """J (m1 - m2) / SD of the changes, and 1/n + g^2 / (2 n)."""
    g = bias_correction(c["n"] - 1) * (c["mean_post"] - c["mean_pre"]) / np.sqrt(_change_variance(c))
    return g, 1 / c["n"] + g**2 / (2 * c["n"])


@measure("SMCR", label="Standardised mean change (raw-score SD)", reference=BECKER, needs=CHANGE, scale="difference")
def change_standardised_by_raw(c: Columns) -> tuple[Array, Array]:
    """J (m1 - m2) / SD before, and 2 (1 - r) / n + g^2 / (2 n)."""
    g = bias_correction(c["n"] - 1) * (c["mean_post"] - c["mean_pre"]) / c["sd_pre"]
    return g, 2 * (1 - c["r"]) / c["n"] + g**2 / (2 * c["n"])


@measure(
    "ROMC",
    label="Ratio of means (paired)",
    reference="Lajeunesse (2011) Ecology 92:2049-2055",
    needs=CHANGE,
    scale="log ratio",
)
def paired_log_ratio_of_means(c: Columns) -> tuple[Array, Array]:
    """log(m1 / m2) and the squared coefficients of variation over n, less twice r times their product."""
    cv1, cv2 = c["sd_post"] / c["mean_post"], c["sd_pre"] / c["mean_pre"]
    return np.log(c["mean_post"] / c["mean_pre"]), (cv1**2 + cv2**2 - 2 * c["r"] * cv1 * cv2) / c["n"]


def _margins(c: Columns) -> tuple[Array, Array, Array, Array]:
    """p1, p2, n and the share of pairs with two events."""
    a, b, d, e = (c[name] for name in PAIRS)
    n = a + b + d + e
    return (a + b) / n, (a + d) / n, n, a / n


@measure(
    "MPRD", label="Risk difference (matched)", reference=MATCHED, needs=PAIRS, scale="difference", zero_cells="only0"
)
def matched_risk_difference(c: Columns) -> tuple[Array, Array]:
    """p1 - p2 and [p1 q1 + p2 q2 - 2 (p11 - p1 p2)] / n."""
    p1, p2, n, both = _margins(c)
    return p1 - p2, (p1 * (1 - p1) + p2 * (1 - p2) - 2 * (both - p1 * p2)) / n


@measure("MPRR", label="Risk ratio (pairs)", reference=MATCHED, needs=PAIRS, scale="log ratio", zero_cells="only0")
def matched_log_risk_ratio(c: Columns) -> tuple[Array, Array]:
    """log(p1 / p2) and (b + c) / [(a + b) (a + c)]."""
    a, b, d, _ = (c[name] for name in PAIRS)
    return np.log((a + b) / (a + d)), (b + d) / ((a + b) * (a + d))


@measure(
    "MPOR",
    label="Odds ratio (matched, marginal)",
    reference=MATCHED,
    needs=PAIRS,
    scale="log ratio",
    zero_cells="only0",
)
def matched_log_odds_ratio(c: Columns) -> tuple[Array, Array]:
    """Marginal log odds ratio, with the covariance of the two proportions."""
    p1, p2, n, both = _margins(c)
    q1, q2 = 1 - p1, 1 - p2
    v = (1 / (p1 * q1) + 1 / (p2 * q2) - 2 * (both - p1 * p2) / (p1 * q1 * p2 * q2)) / n
    return np.log(p1 / q1) - np.log(p2 / q2), v
