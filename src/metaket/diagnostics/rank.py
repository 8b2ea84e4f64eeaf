"""Begg's rank test: are effects and variances correlated?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array, check_choice
from metaket._distributions import two_sided_p
from metaket.diagnostics._answers import Judged
from metaket.diagnostics._cautions import Question, effects_of, funnel_cautions, lines_of, shown_p
from metaket.errors import NotComputableError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Begg", "begg", "kendall"]

METHODS = ("auto", "exact", "normal")
EXACT_BELOW = 50  # studies; the exact distribution is quick up to there, and the normal one good above


@dataclass(frozen=True, slots=True)
class Begg(Judged):
    """Begg & Mazumdar's test.

    Attributes
    ----------
    tau : float
        Kendall's tau-b of standardised effects and variances.
    score : float
        Concordant less discordant pairs.
    statistic : float
        Score over its standard deviation (ties counted), with the continuity correction if asked for.
    p_value : float
    method : {"exact", "normal"}
    k : int
    cautions : tuple of str
    test : str
        Name of the test.
    """

    tau: float
    score: float
    statistic: float
    p_value: float
    method: str
    k: int
    cautions: tuple[str, ...]
    test: str = "Begg's rank test"

    def to_frame(self) -> pd.DataFrame:
        """One row: test, estimate (tau), statistic, p_value, method, k, cautions."""
        import pandas as pd

        row = {"test": self.test, "estimate": self.tau, "statistic": self.statistic, "p_value": self.p_value}
        return pd.DataFrame([row | {"method": self.method, "k": self.k, "cautions": "; ".join(self.cautions)}])

    def __str__(self) -> str:
        head = f"{self.test}; k = {self.k}"
        body = f"Kendall's tau {self.tau:.4f}, z = {self.statistic:.3f}, p {shown_p(self.p_value)} ({self.method})"
        return "\n".join([head, body, *lines_of(self.cautions)])


def begg(result: Question, *, method: str = "auto", continuity: bool = False) -> Begg:
    r"""Begg & Mazumdar's rank correlation of the standardised effects with their variances.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        At least 3 studies.
    method : {"auto", "exact", "normal"}
        Distribution of Kendall's score under independence. "auto" is exact for fewer than 50 studies without ties.
    continuity : bool
        Subtract 1 from the size of the score in the normal test.

    Returns
    -------
    Begg

    Raises
    ------
    NotComputableError
        Fewer than 3 studies, equal variances, or an exact test asked for with ties.

    Notes
    -----
    :math:`t_i = (y_i - \bar y) / \sqrt{v_i - 1 / \sum_j v_j^{-1}}` with :math:`\bar y` the common-effect mean;
    Kendall's tau of :math:`t_i` and :math:`v_i`.

    References
    ----------
    Begg & Mazumdar (1994) Biometrics 50:1088-1101, p. 1089.

    Examples
    --------
    >>> import metaket as mk
    >>> found = mk.begg(mk.pool([0.1, 0.3, 0.5, 0.4], [0.01, 0.02, 0.05, 0.04]))
    >>> round(found.tau, 3), round(found.p_value, 4)
    (1.0, 0.0833)
    """
    effects = effects_of(result)
    method = check_choice("method of Begg's test", method, METHODS)
    if effects.k < 3:
        raise NotComputableError(f"Begg's test needs at least 3 studies, there are {effects.k}")
    return kendall(effects.y, effects.v, method, continuity, funnel_cautions(effects), "Begg's rank test")


def kendall(y: Array, v: Array, method: str, continuity: bool, cautions: tuple[str, ...], test: str) -> Begg:
    """Kendall's test of standardised effects and variances."""
    from scipy import stats

    w = 1.0 / v
    deviate = (y - (w @ y) / w.sum()) / np.sqrt(v - 1.0 / w.sum())
    if np.ptp(v) <= 1e-12 * v.max() or np.ptp(y) <= 1e-12 * np.abs(y).max():
        raise NotComputableError(f"{test} needs variances and effects that differ")
    score, sd = _score(deviate, v)
    ties = np.unique(v).size < v.size or np.unique(deviate).size < v.size
    if method == "exact" and ties:
        raise NotComputableError(f"{test} has no exact p-value with ties; use method='normal'")
    exact = method == "exact" or (method == "auto" and not ties and v.size < EXACT_BELOW)
    found = stats.kendalltau(deviate, v, method="exact" if exact else "asymptotic")
    size = max(abs(score) - 1.0, 0.0) if continuity else abs(score)
    statistic = math.copysign(size / sd, score)
    normal = float(two_sided_p(np.asarray(statistic), np.asarray(np.inf)))
    p = float(found.pvalue) if exact else normal
    return Begg(float(found.statistic), score, statistic, p, "exact" if exact else "normal", v.size, cautions, test)


def _score(a: Array, b: Array) -> tuple[float, float]:
    """Kendall's score and its standard deviation under independence, with ties.

    Kendall (1970) Rank Correlation Methods, 4th ed., eq. 4.4.
    """
    n = a.size
    score = float((np.sign(a[:, None] - a) * np.sign(b[:, None] - b)).sum() / 2.0)
    counts = [np.unique(x, return_counts=True)[1].astype(float) for x in (a, b)]
    one = n * (n - 1) * (2 * n + 5) - sum((t * (t - 1) * (2 * t + 5)).sum() for t in counts)
    triples = np.prod([(t * (t - 1) * (t - 2)).sum() for t in counts]) / (9.0 * n * (n - 1) * (n - 2))
    pairs = np.prod([(t * (t - 1)).sum() for t in counts]) / (2.0 * n * (n - 1))
    return score, math.sqrt(one / 18.0 + triples + pairs)
