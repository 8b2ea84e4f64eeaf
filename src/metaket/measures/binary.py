"""Two-group counts: events out of n in a treatment and a control arm.

Every function takes the columns ``events_t n_t events_c n_c`` after the zero-cell rule (so the counts may end in
one half), and `rho`, the correlation between the two periods of patients who were in both arms (0: parallel).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.measures.registry import MEASURES, Columns

__all__ = ["DOUBLE_ZERO", "ZERO_CELLS", "Adjusted", "adjust_zero_cells"]

NEEDS = ("events_t", "n_t", "events_c", "n_c")
ZERO_CELLS = ("only0", "all", "if0all", "none")
DOUBLE_ZERO = ("drop", "keep")


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Counts after the zero-cell rule.

    Attributes
    ----------
    columns : mapping of str to ndarray, each of shape (k,)
    changed : ndarray of bool, shape (k,)
        Where something was added.
    double_zero : ndarray of bool, shape (k,)
        Where both arms have no events, or both have only events.
    """

    columns: dict[str, Array]
    changed: npt.NDArray[np.bool_]
    double_zero: npt.NDArray[np.bool_]


def adjust_zero_cells(columns: Columns, rule: str, add: float = 0.5) -> Adjusted:
    """Add `add` to all four cells of the studies that the rule names.

    ``only0``: of each study with an empty cell; ``if0all``: of every study once any has one; ``all``: of every
    study; ``none``: of no study.
    """
    a, n1, c, n2 = (np.asarray(columns[name], dtype=np.float64) for name in NEEDS)
    empty = (a == 0) | (c == 0) | (a == n1) | (c == n2)
    changed = {
        "only0": empty,
        "all": np.ones_like(empty),
        "if0all": np.full_like(empty, bool(empty.any())),
        "none": np.zeros_like(empty),
    }[rule]
    plus = np.where(changed, add, 0.0)
    out = dict(columns)
    out.update(events_t=a + plus, n_t=n1 + 2 * plus, events_c=c + plus, n_c=n2 + 2 * plus)
    return Adjusted(out, changed, ((a == 0) & (c == 0)) | ((a == n1) & (c == n2)))


def _rates(c: Columns) -> tuple[Array, Array, Array, Array]:
    return c["events_t"] / c["n_t"], c["n_t"], c["events_c"] / c["n_c"], c["n_c"]


def _shared(p1: Array, n1: Array, p2: Array, n2: Array, rho: Array | float) -> Array:
    """Covariance of the two proportions when min(n1, n2) patients were in both arms."""
    return np.asarray(rho * np.sqrt(p1 * (1 - p1) * p2 * (1 - p2)) / np.maximum(n1, n2))


@MEASURES.add(
    "RR",
    label="Risk ratio",
    reference="Fleiss & Berlin (2009) in Handbook of Research Synthesis, 2nd ed., p. 240; pairs: Zou (2007)",
    needs=NEEDS,
    metafor="RR",
    scale="log ratio",
)
def log_risk_ratio(c: Columns, rho: Array | float = 0.0) -> tuple[Array, Array]:
    """log(p1 / p2) and 1/a - 1/n1 + 1/c - 1/n2 - 2 cov / (p1 p2)."""
    p1, n1, p2, n2 = _rates(c)
    v = (1 - p1) / (n1 * p1) + (1 - p2) / (n2 * p2) - 2 * _shared(p1, n1, p2, n2, rho) / (p1 * p2)
    return np.log(p1) - np.log(p2), v


@MEASURES.add(
    "OR",
    label="Odds ratio",
    reference="Woolf (1955) Ann Hum Genet 19:251-253; pairs: Elbourne et al. (2002) Int J Epidemiol 31:140-149",
    needs=NEEDS,
    metafor="OR",
    scale="log ratio",
)
def log_odds_ratio(c: Columns, rho: Array | float = 0.0) -> tuple[Array, Array]:
    """log of the odds ratio and the sum of the reciprocal cells, less 2 cov / (p1 q1 p2 q2)."""
    p1, n1, p2, n2 = _rates(c)
    q1, q2 = 1 - p1, 1 - p2
    v = 1 / (n1 * p1 * q1) + 1 / (n2 * p2 * q2) - 2 * _shared(p1, n1, p2, n2, rho) / (p1 * q1 * p2 * q2)
    return np.log(p1) - np.log(q1) - np.log(p2) + np.log(q2), v


@MEASURES.add(
    "RD",
    label="Risk difference",
    reference="Fleiss & Berlin (2009) in Handbook of Research Synthesis, 2nd ed., p. 240",
    needs=NEEDS,
    metafor="RD",
    scale="difference",
)
def risk_difference(c: Columns, rho: Array | float = 0.0) -> tuple[Array, Array]:
    """p1 - p2 and p1 q1 / n1 + p2 q2 / n2 - 2 cov."""
    p1, n1, p2, n2 = _rates(c)
    v = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2 - 2 * _shared(p1, n1, p2, n2, rho)
    return p1 - p2, v
