"""Pairs and binary crossover trials: each pair (or patient) is yes or no under treatment and under control.

The columns are the pair counts ``yes_yes yes_no no_yes no_no`` (treatment first). Where only the margins are
known, `table.read` builds them from ``events_t events_c n r`` with the correlation r.
"""

from __future__ import annotations

import numpy as np

from metaket._checks import Array
from metaket.measures.counts import PAIR_CELLS
from metaket.measures.registry import Columns, measure

__all__ = ["pairs_from_margins"]

ELBOURNE = "Elbourne et al. (2002) Int J Epidemiol 31:140-149"


def _margins(c: Columns) -> tuple[Array, Array, Array, Array]:
    """Number of pairs, share with treatment yes, share with control yes, share with both yes."""
    n = sum((c[name] for name in PAIR_CELLS), start=np.asarray(0.0))
    return n, (c["yes_yes"] + c["yes_no"]) / n, (c["yes_yes"] + c["no_yes"]) / n, c["yes_yes"] / n


def pairs_from_margins(c: Columns) -> dict[str, Array]:
    """Pair counts from events under treatment and control among n pairs and the correlation r (phi) between them.

    yes_yes = n (p1 p2 + r sqrt(p1 q1 p2 q2)). Elbourne et al. (2002), appendix. A correlation that the margins do not
    allow gives a negative cell, which is left to the caller to refuse.
    """
    n, p1, p2 = c["n"], c["events_t"] / c["n"], c["events_c"] / c["n"]
    both = n * (p1 * p2 + c["r"] * np.sqrt(p1 * (1 - p1) * p2 * (1 - p2)))
    return {
        "yes_yes": both,
        "yes_no": c["events_t"] - both,
        "no_yes": c["events_c"] - both,
        "no_no": n - c["events_t"] - c["events_c"] + both,
    }


@measure(
    "MPRD",
    label="Risk difference (pairs)",
    reference="Newcombe (1998) Stat Med 17:2635-2650",
    needs=PAIR_CELLS,
    scale="difference",
    zero_cells="only0",
)
def paired_risk_difference(c: Columns) -> tuple[Array, Array]:
    """p1 - p2 and (b/n + c/n - (b - c)^2 / n^2) / n, b and c the discordant pairs."""
    n, p1, p2, _ = _margins(c)
    b, d = c["yes_no"] / n, c["no_yes"] / n
    return p1 - p2, (b + d - (b - d) ** 2) / n


@measure(
    "MPRR",
    label="Risk ratio (pairs)",
    reference="Zou (2007) Stat Med 26:3107-3114",
    needs=PAIR_CELLS,
    scale="log ratio",
    zero_cells="only0",
)
def paired_log_risk_ratio(c: Columns) -> tuple[Array, Array]:
    """log(p1 / p2) and (b + c) / {(a + b) (a + c)}."""
    n, p1, p2, _ = _margins(c)
    return np.log(p1) - np.log(p2), (c["yes_no"] + c["no_yes"]) / (n**2 * p1 * p2)


@measure(
    "MPOR",
    label="Marginal odds ratio (pairs)",
    reference=f"Becker & Balagtas (1993) Biometrics 49:997-1009; {ELBOURNE}",
    needs=PAIR_CELLS,
    scale="log ratio",
    zero_cells="only0",
)
def paired_log_odds_ratio(c: Columns) -> tuple[Array, Array]:
    """log of p1 q2 / (q1 p2) and (1 / (p1 q1) + 1 / (p2 q2) - 2 (p12 - p1 p2) / (p1 q1 p2 q2)) / n."""
    n, p1, p2, both = _margins(c)
    s1, s2 = p1 * (1 - p1), p2 * (1 - p2)
    y = np.log(p1) - np.log(1 - p1) - np.log(p2) + np.log(1 - p2)
    return y, (1 / s1 + 1 / s2 - 2 * (both - p1 * p2) / (s1 * s2)) / n


@measure(
    "MPORM",
    label="Marginal odds ratio (pairs, from margins and a correlation)",
    reference=ELBOURNE,
    needs=("events_t", "n_t", "events_c", "n_c", "r"),
    scale="log ratio",
    zero_cells="only0",
)
def marginal_log_odds_ratio(c: Columns) -> tuple[Array, Array]:
    """As MPOR, from events per treatment among n pairs (n_t = n_c) and the correlation r between them."""
    n1, n2 = c["n_t"], c["n_c"]
    p1, p2 = c["events_t"] / n1, c["events_c"] / n2
    s1, s2 = p1 * (1 - p1), p2 * (1 - p2)
    y = np.log(p1) - np.log(1 - p1) - np.log(p2) + np.log(1 - p2)
    return y, 1 / (n1 * s1) + 1 / (n2 * s2) - 2 * c["r"] / (np.maximum(n1, n2) * np.sqrt(s1 * s2))


@measure(
    "MPORC",
    label="Conditional odds ratio (pairs)",
    reference="Curtin et al. (2002) Stat Med 21:2145-2159",
    needs=PAIR_CELLS,
    scale="log ratio",
    zero_cells="only0",
)
def conditional_log_odds_ratio(c: Columns) -> tuple[Array, Array]:
    """log(b / c) and 1/b + 1/c, b and c the discordant pairs."""
    b, d = c["yes_no"], c["no_yes"]
    return np.log(b) - np.log(d), 1 / b + 1 / d


@measure(
    "MPPETO",
    label="Conditional Peto odds ratio (pairs)",
    reference="Curtin et al. (2002) Stat Med 21:2145-2159",
    needs=PAIR_CELLS,
    scale="log ratio",
    zero_cells="only0",
)
def conditional_peto(c: Columns) -> tuple[Array, Array]:
    """2 (b - c) / (b + c) and 4 / (b + c), b and c the discordant pairs."""
    b, d = c["yes_no"], c["no_yes"]
    return 2 * (b - d) / (b + d), 4 / (b + d)
