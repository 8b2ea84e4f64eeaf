"""Two-group counts: events out of n in a treatment and a control arm.

Every function takes the columns ``events_t n_t events_c n_c`` after the zero-cell rule (so the counts may end in
one half), and `rho`, the correlation between the two periods of patients who were in both arms (0: parallel).
"""

from __future__ import annotations

import numpy as np

from metaket._checks import Array
from metaket.measures.registry import Columns, measure

NEEDS = ("events_t", "n_t", "events_c", "n_c")


def _rates(c: Columns) -> tuple[Array, Array, Array, Array]:
    return c["events_t"] / c["n_t"], c["n_t"], c["events_c"] / c["n_c"], c["n_c"]


def _shared(p1: Array, n1: Array, p2: Array, n2: Array, rho: Array | float) -> Array:
    """Covariance of the two proportions when min(n1, n2) patients were in both arms."""
    return np.asarray(rho * np.sqrt(p1 * (1 - p1) * p2 * (1 - p2)) / np.maximum(n1, n2))


@measure(
    "RR",
    label="Risk ratio",
    reference="Fleiss & Berlin (2009) in Handbook of Research Synthesis, 2nd ed., p. 240; pairs: Zou (2007)",
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
    reference="Fleiss & Berlin (2009) in Handbook of Research Synthesis, 2nd ed., p. 240",
    needs=NEEDS,
    scale="difference",
    zero_cells="only0",
)
def risk_difference(c: Columns, rho: Array | float = 0.0) -> tuple[Array, Array]:
    """p1 - p2 and p1 q1 / n1 + p2 q2 / n2 - 2 cov."""
    p1, n1, p2, n2 = _rates(c)
    v = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2 - 2 * _shared(p1, n1, p2, n2, rho)
    return p1 - p2, v


@measure(
    "AS",
    label="Arcsine difference",
    reference="Rucker et al. (2009) Stat Med 28:721-738",
    needs=NEEDS,
    scale="difference",
    zero_cells="none",
)
def arcsine_difference(c: Columns, rho: Array | float = 0.0) -> tuple[Array, Array]:
    """asin sqrt(p1) - asin sqrt(p2) and 1/(4 n1) + 1/(4 n2) - rho / (2 max(n1, n2))."""
    p1, n1, p2, n2 = _rates(c)
    v = 1 / (4 * n1) + 1 / (4 * n2) - rho / (2 * np.maximum(n1, n2))
    return np.arcsin(np.sqrt(p1)) - np.arcsin(np.sqrt(p2)), v


@measure(
    "PETO",
    label="Odds ratio (Peto)",
    reference="Yusuf et al. (1985) Prog Cardiovasc Dis 27:335-371",
    needs=NEEDS,
    scale="log ratio",
    zero_cells="only0",
    uninformative=True,
)
def peto_log_odds_ratio(c: Columns) -> tuple[Array, Array]:
    """(O - E) / V and 1 / V, with V = n1 n2 m1 m2 / (N^2 (N - 1))."""
    a, n1, n2 = c["events_t"], c["n_t"], c["n_c"]
    n, m1 = n1 + n2, c["events_t"] + c["events_c"]
    v = n1 * n2 * m1 * (n - m1) / (n**2 * (n - 1))
    return (a - n1 * m1 / n) / v, 1 / v
