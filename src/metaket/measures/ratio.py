"""Ratios of two groups' means, standard deviations and coefficients of variation, on the log scale."""

from __future__ import annotations

import numpy as np

from metaket._checks import Array, check_choice
from metaket.measures.means import pooled_sd
from metaket.measures.registry import Columns, measure, over_studies

__all__: list[str] = []

NEEDS = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
NAKAGAWA = "Nakagawa et al. (2015) Methods Ecol Evol 6:143-152"


def _log_ratio(a: Array, b: Array) -> Array:
    """log(a / b); both must have the same sign, and a ratio scale has only positive values."""
    return np.asarray(np.log(a / b))


@measure(
    "ROM",
    label="Ratio of means",
    reference="Hedges, Gurevitch & Curtis (1999) Ecology 80:1150-1156, eq. 1; pairs: Lajeunesse (2011) "
    "Ecology 92:2049-2055",
    needs=NEEDS,
    scale="log ratio",
)
def log_ratio_of_means(c: Columns, rho: Array | float = 0.0, vtype: str = "LS") -> tuple[Array, Array]:
    """log(m1 / m2) and s1^2/(n1 m1^2) + s2^2/(n2 m2^2) - 2 rho s1 s2 / (m1 m2 max(n1, n2)).

    `vtype` "HO" takes the pooled standard deviation, "AV" each arm's mean coefficient of variation over all studies,
    "AVHO" that of both arms.
    """
    kind = check_choice("ROM variance", vtype, ("LS", "HO", "AV", "AVHO"))
    n1, n2, m1, m2 = c["n_t"], c["n_c"], c["mean_t"], c["mean_c"]
    cv1, cv2 = c["sd_t"] / m1, c["sd_c"] / m2
    if kind == "HO":
        cv1, cv2 = pooled_sd(c) / m1, pooled_sd(c) / m2
    elif kind == "AV":
        cv1, cv2 = (over_studies(cv, n) for n, cv in ((n1, cv1), (n2, cv2)))
    elif kind == "AVHO":
        cv1 = cv2 = over_studies((n1 * cv1 + n2 * cv2) / (n1 + n2), n1 + n2)
    return _log_ratio(m1, m2), cv1**2 / n1 + cv2**2 / n2 - 2 * rho * cv1 * cv2 / np.maximum(n1, n2)


@measure("CVR", label="Ratio of coefficients of variation", reference=NAKAGAWA, needs=NEEDS, scale="log ratio")
def log_cv_ratio(c: Columns) -> tuple[Array, Array]:
    """log(CV1 / CV2) + 1/(2 (n1 - 1)) - 1/(2 (n2 - 1)), and the sum of CV^2/n + 1/(2 (n - 1))."""
    cv1, cv2 = c["sd_t"] / c["mean_t"], c["sd_c"] / c["mean_c"]
    h1, h2 = 1 / (2 * (c["n_t"] - 1)), 1 / (2 * (c["n_c"] - 1))
    return _log_ratio(cv1, cv2) + h1 - h2, h1 + h2 + cv1**2 / c["n_t"] + cv2**2 / c["n_c"]


@measure(
    "VR",
    label="Ratio of standard deviations",
    reference=NAKAGAWA,
    needs=("sd_t", "n_t", "sd_c", "n_c"),
    scale="log ratio",
)
def log_sd_ratio(c: Columns) -> tuple[Array, Array]:
    """log(s1 / s2) + 1/(2 (n1 - 1)) - 1/(2 (n2 - 1)) and 1/(2 (n1 - 1)) + 1/(2 (n2 - 1))."""
    h1, h2 = 1 / (2 * (c["n_t"] - 1)), 1 / (2 * (c["n_c"] - 1))
    return _log_ratio(c["sd_t"], c["sd_c"]) + h1 - h2, h1 + h2
