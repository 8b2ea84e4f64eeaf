"""Two-group counts: events out of n in a treatment and a control arm.

Every function takes the columns ``events_t n_t events_c n_c`` after the zero-cell rule (so the counts may end in
one half). Some take `rho`, the correlation between the two periods of patients who were in both arms (0: parallel).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from metaket._checks import Array, check_choice
from metaket.measures.registry import Columns, measure, over_studies

__all__ = ["COX", "LOGISTIC"]

NEEDS = ("events_t", "n_t", "events_c", "n_c")
FLEISS = "Fleiss & Berlin (2009) in Handbook of Research Synthesis, 2nd ed."
COX = 1.65
"""Log odds ratio per standardised mean difference, normal outcomes. Cox & Snell (1989) Analysis of Binary Data."""
LOGISTIC = math.pi / math.sqrt(3.0)
"""Log odds ratio per standardised mean difference, logistic outcomes. Chinn (2000) Stat Med 19:3127-3131."""


def _rates(c: Columns) -> tuple[Array, Array, Array, Array]:
    return c["events_t"] / c["n_t"], c["n_t"], c["events_c"] / c["n_c"], c["n_c"]


def _cells(c: Columns) -> tuple[Array, Array, Array, Array]:
    return c["events_t"], c["n_t"] - c["events_t"], c["events_c"], c["n_c"] - c["events_c"]


def _shared(p1: Array, n1: Array, p2: Array, n2: Array, rho: Array | float) -> Array:
    """Covariance of the two proportions when min(n1, n2) patients were in both arms."""
    return np.asarray(rho * np.sqrt(p1 * (1 - p1) * p2 * (1 - p2)) / np.maximum(n1, n2))


@measure(
    "RR",
    label="Risk ratio",
    reference=f"{FLEISS}, p. 240; pairs: Zou (2007) Stat Med 26:3107-3114",
    needs=NEEDS,
    scale="log ratio",
    zero_cells="only0",
    uninformative=True,
)
def log_risk_ratio(c: Columns, rho: Array | float = 0.0) -> tuple[Array, Array]:
    """log(p1 / p2) and 1/a - 1/n1 + 1/c - 1/n2 - 2 cov / (p1 p2)."""
    p1, n1, p2, n2 = _rates(c)
    v = (1 - p1) / (n1 * p1) + (1 - p2) / (n2 * p2) - 2 * _shared(p1, n1, p2, n2, rho) / (p1 * p2)
    return np.log(p1) - np.log(p2), v


@measure(
    "OR",
    label="Odds ratio",
    reference="Woolf (1955) Ann Hum Genet 19:251-253; pairs: Elbourne et al. (2002) Int J Epidemiol 31:140-149",
    needs=NEEDS,
    scale="log ratio",
    zero_cells="only0",
    uninformative=True,
)
def log_odds_ratio(c: Columns, rho: Array | float = 0.0) -> tuple[Array, Array]:
    """log of the odds ratio and the sum of the reciprocal cells, less 2 cov / (p1 q1 p2 q2)."""
    p1, n1, p2, n2 = _rates(c)
    q1, q2 = 1 - p1, 1 - p2
    v = 1 / (n1 * p1 * q1) + 1 / (n2 * p2 * q2) - 2 * _shared(p1, n1, p2, n2, rho) / (p1 * q1 * p2 * q2)
    return np.log(p1) - np.log(q1) - np.log(p2) + np.log(q2), v


@measure(
    "RD",
    label="Risk difference",
    reference=f"{FLEISS}, p. 240",
    needs=NEEDS,
    scale="difference",
    zero_cells="only0",
)
def risk_difference(c: Columns, rho: Array | float = 0.0, vtype: str = "LS") -> tuple[Array, Array]:
    """p1 - p2 and p1 q1 / n1 + p2 q2 / n2 - 2 cov.

    `vtype` "UB" divides by n - 1 instead of n, "AV" takes each arm's proportion over all studies.
    """
    kind = check_choice("RD variance", vtype, ("LS", "UB", "AV"))
    p1, n1, p2, n2 = _rates(c)
    r1, r2, d1, d2 = p1, p2, n1, n2
    if kind == "UB":
        d1, d2 = n1 - 1, n2 - 1
    elif kind == "AV":
        r1, r2 = (over_studies(p, n) for p, n in ((p1, n1), (p2, n2)))
    return p1 - p2, r1 * (1 - r1) / d1 + r2 * (1 - r2) / d2 - 2 * _shared(r1, n1, r2, n2, rho)


@measure(
    "AS",
    label="Arcsine difference",
    reference="Rücker et al. (2009) Stat Med 28:721-738",
    needs=NEEDS,
    scale="difference",
    zero_cells="none",
)
def arcsine_difference(c: Columns, rho: Array | float = 0.0) -> tuple[Array, Array]:
    """asin sqrt(p1) - asin sqrt(p2) and 1 / (4 n1) + 1 / (4 n2) - rho / (2 max(n1, n2)). Empty cells need no rule."""
    p1, n1, p2, n2 = _rates(c)
    v = 1 / (4 * n1) + 1 / (4 * n2) - np.asarray(rho) / (2 * np.maximum(n1, n2))
    return np.arcsin(np.sqrt(p1)) - np.arcsin(np.sqrt(p2)), v


@measure(
    "PETO",
    label="Peto odds ratio",
    reference="Yusuf et al. (1985) Prog Cardiovasc Dis 27:335-371",
    needs=NEEDS,
    scale="log ratio",
    zero_cells="only0",
    uninformative=True,
)
def peto_log_odds_ratio(c: Columns) -> tuple[Array, Array]:
    """(O - E) / V and 1 / V, with the hypergeometric E and V of events in the treatment arm.

    With ``zero_cells="none"`` pooling these by inverse variance is Peto's method (as in rma.peto); the rule "only0" is
    what metafor's escalc does to the effects of single studies.
    """
    n1, n2 = c["n_t"], c["n_c"]
    n, m = n1 + n2, c["events_t"] + c["events_c"]
    variance = n1 * n2 * m * (n - m) / (n**2 * (n - 1))
    return (c["events_t"] - n1 * m / n) / variance, 1 / variance


@measure(
    "PHI",
    label="Phi coefficient",
    reference="Yule (1912) J R Stat Soc 75:579-652, p. 603; multinomial sampling",
    needs=NEEDS,
    scale="difference",
    zero_cells="none",
    uninformative=True,
)
def phi_coefficient(c: Columns) -> tuple[Array, Array]:
    """Correlation of the two dichotomies, and its variance by the delta method for a multinomial table."""
    a, b, cc, d = _cells(c)
    n = a + b + cc + d
    row, column = (a + b) / n, (a + cc) / n
    row_spread, column_spread = row * (1 - row), column * (1 - column)
    phi = (a * d - b * cc) / (n**2 * np.sqrt(row_spread * column_spread))
    lean_row, lean_column = 2 * row - 1, 2 * column - 1
    v = 1 - phi**2 + phi * (1 + phi**2 / 2) * lean_row * lean_column / np.sqrt(row_spread * column_spread)
    v = v - 0.75 * phi**2 * (lean_row**2 / row_spread + lean_column**2 / column_spread)
    return phi, v / n


def _reciprocals(c: Columns) -> Array:
    return np.asarray(sum(1 / cell for cell in _cells(c)))


@measure(
    "YUQ",
    label="Yule's Q",
    reference="Yule (1912) J R Stat Soc 75:579-652, p. 593",
    needs=NEEDS,
    scale="difference",
    zero_cells="only0",
    uninformative=True,
)
def yule_q(c: Columns) -> tuple[Array, Array]:
    """(ad - bc) / (ad + bc) and (1 - Q^2)^2 / 4 times the sum of the reciprocal cells."""
    a, b, cc, d = _cells(c)
    q = (a * d - b * cc) / (a * d + b * cc)
    return q, (1 - q**2) ** 2 * _reciprocals(c) / 4


@measure(
    "YUY",
    label="Yule's Y",
    reference="Yule (1912) J R Stat Soc 75:579-652, p. 593",
    needs=NEEDS,
    scale="difference",
    zero_cells="only0",
    uninformative=True,
)
def yule_y(c: Columns) -> tuple[Array, Array]:
    """(sqrt(ad) - sqrt(bc)) / (sqrt(ad) + sqrt(bc)) and (1 - Y^2)^2 / 16 times the sum of the reciprocal cells."""
    a, b, cc, d = _cells(c)
    y = (np.sqrt(a * d) - np.sqrt(b * cc)) / (np.sqrt(a * d) + np.sqrt(b * cc))
    return y, (1 - y**2) ** 2 * _reciprocals(c) / 16


@measure(
    "PBIT",
    label="Probit difference (as a standardised mean difference)",
    reference="Sánchez-Meca et al. (2003) Psychol Methods 8:448-467, eqs. 11 and 12",
    needs=NEEDS,
    scale="difference",
    zero_cells="only0",
    uninformative=True,
)
def probit_difference(c: Columns) -> tuple[Array, Array]:
    """z1 - z2 with z the normal quantile of p, and the sum of 2 pi p q exp(z^2) / n."""
    p1, n1, p2, n2 = _rates(c)
    z1, z2 = special.ndtri(p1), special.ndtri(p2)
    v = 2 * np.pi * (p1 * (1 - p1) * np.exp(z1**2) / n1 + p2 * (1 - p2) * np.exp(z2**2) / n2)
    return z1 - z2, v


@measure(
    "OR2DN",
    label="Standardised mean difference from the odds ratio (normal)",
    reference="Cox & Snell (1989) Analysis of Binary Data, 2nd ed.",
    needs=NEEDS,
    scale="difference",
    zero_cells="only0",
    uninformative=True,
)
def smd_from_odds_ratio_normal(c: Columns) -> tuple[Array, Array]:
    """log odds ratio / 1.65."""
    y, v = log_odds_ratio(c)
    return y / COX, v / COX**2


@measure(
    "OR2DL",
    label="Standardised mean difference from the odds ratio (logistic)",
    reference="Hasselblad & Hedges (1995) Psychol Bull 117:167-178; Chinn (2000) Stat Med 19:3127-3131",
    needs=NEEDS,
    scale="difference",
    zero_cells="only0",
    uninformative=True,
)
def smd_from_odds_ratio_logistic(c: Columns) -> tuple[Array, Array]:
    """log odds ratio times sqrt(3) / pi."""
    y, v = log_odds_ratio(c)
    return y / LOGISTIC, v / LOGISTIC**2
