"""Fail-safe N: how many unpublished null results would undo a result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from metaket._checks import check_choice
from metaket.diagnostics._answers import Judged
from metaket.diagnostics._cautions import Question, effects_of, lines_of, need_null
from metaket.errors import InputError
from metaket.measures.effect import EffectSizes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FailSafeN", "fail_safe_n"]

METHODS = ("Rosenthal", "Orwin", "Rosenberg")
GENERAL = "it says nothing about how many null results exist, and supposes that they average exactly 0"


@dataclass(frozen=True, slots=True)
class FailSafeN(Judged):
    """A fail-safe N.

    Attributes
    ----------
    method : {"Rosenthal", "Orwin", "Rosenberg"}
    n : int
        Number of added studies with an effect of 0; 0 where the result is already below the line.
    exact : float
        The number before rounding up.
    k : int
    p_value : float
        Of the observed studies: one-sided for Rosenthal (towards the side observed), two-sided for Rosenberg; NaN for
        Orwin.
    mean_effect : float
        Unweighted or weighted mean (NaN for Rosenthal).
    alpha, target : float
        What has to be undercut: the level, or for Orwin the mean effect (NaN where it has no part).
    cautions : tuple of str
    """

    method: str
    n: int
    exact: float
    k: int
    p_value: float
    mean_effect: float
    alpha: float
    target: float
    cautions: tuple[str, ...]

    @property
    def tolerance(self) -> int:
        """Rosenthal's tolerance level 5 k + 10, above which he called a result tolerant of the file drawer."""
        return 5 * self.k + 10

    def to_frame(self) -> pd.DataFrame:
        """One row: method, n, k, p_value, mean_effect, alpha, target, cautions."""
        import pandas as pd

        row = {"method": self.method, "n": self.n, "k": self.k, "p_value": self.p_value}
        row |= {"mean_effect": self.mean_effect, "alpha": self.alpha, "target": self.target}
        return pd.DataFrame([row | {"cautions": "; ".join(self.cautions)}])

    def __str__(self) -> str:
        until = f"the mean is {self.target:.4g}" if self.method == "Orwin" else f"p is {self.alpha:g}"
        head = f"fail-safe N ({self.method}): {self.n} null results until {until}; k = {self.k}"
        more = [f"tolerance level 5k + 10: {self.tolerance}"] if self.method == "Rosenthal" else []
        return "\n".join([head, *more, *lines_of(self.cautions)])


def fail_safe_n(
    result: Question,
    *,
    method: str = "Rosenthal",
    alpha: float = 0.05,
    target: float | None = None,
    weighted: bool = False,
) -> FailSafeN:
    r"""Fail-safe N by Rosenthal, Orwin or Rosenberg.

    Parameters
    ----------
    result : PooledResult or EffectSizes
    method : {"Rosenthal", "Orwin", "Rosenberg"}
    alpha : float
        One-sided level for Rosenthal, two-sided for Rosenberg.
    target : float, optional
        Mean effect that Orwin's N brings it down to, on the analysis scale; half the observed mean without it (an
        arbitrary choice, and said to be).
    weighted : bool
        Orwin's mean weighted by 1/v, and the added studies with the mean weight.

    Returns
    -------
    FailSafeN

    Raises
    ------
    NotComputableError
        A measure without a value of no effect (a proportion, a mean).
    InputError
        An alpha outside (0, 1), or a target of 0.

    Notes
    -----
    Rosenthal: :math:`N = (\sum z_i / z_\alpha)^2 - k`. Orwin: :math:`N = k (\bar y - y_c) / y_c`. Rosenberg:
    :math:`N = ((\sum w_i y_i / z_{\alpha/2})^2 - \sum w_i) / \bar w` with :math:`w_i = 1/v_i`. All rounded up.

    References
    ----------
    Rosenthal (1979) Psychol Bull 86:638-641; Orwin (1983) J Educ Stat 8:157-159; Rosenberg (2005) Evolution 59:464-468
    (with the normal in place of his t).

    Examples
    --------
    >>> import metaket as mk
    >>> mk.fail_safe_n(mk.pool([0.4, 0.3, 0.5], [0.02, 0.03, 0.04])).n
    16
    """
    effects = effects_of(result)
    need_null(effects, "fail-safe N")
    method = check_choice("method of fail-safe N", method, METHODS)
    if not 0.0 < alpha < 1.0:
        raise InputError(f"alpha must lie between 0 and 1, got {alpha!r}")
    if method == "Orwin":
        return _orwin(effects, target, weighted)
    if target is not None or weighted:
        raise InputError(f"target and weighted are Orwin's, not {method}'s")
    y, v = effects.y, effects.v
    if method == "Rosenthal":
        total = float((y / np.sqrt(v)).sum())
        p, mean = float(special.ndtr(-abs(total) / math.sqrt(effects.k))), math.nan
        exact = (total / float(special.ndtri(1.0 - alpha))) ** 2 - effects.k
        line = alpha
    else:
        w = 1.0 / v
        total, mean = float((w * y).sum()), float((w * y).sum() / w.sum())
        p = float(2.0 * special.ndtr(-abs(total) / math.sqrt(w.sum())))
        exact = ((total / float(special.ndtri(1.0 - alpha / 2.0))) ** 2 - float(w.sum())) / float(w.mean())
        line = alpha
    exact = exact if p < alpha else 0.0
    return FailSafeN(method, _up(exact), exact, effects.k, p, mean, line, math.nan, (GENERAL,))


def _orwin(effects: EffectSizes, target: float | None, weighted: bool) -> FailSafeN:
    w = 1.0 / effects.v if weighted else np.ones(effects.k)
    mean = float((w * effects.y).sum() / w.sum())
    aim = mean / 2.0 if target is None else math.copysign(float(target), mean)
    if aim == 0 or not math.isfinite(aim):
        raise InputError(f"target must be a number other than 0, got {target!r}: no number of nulls brings a mean to 0")
    exact = max(0.0, effects.k * (mean - aim) / aim)
    assumed = ("the target is half the observed mean, an arbitrary choice; give target=",) if target is None else ()
    return FailSafeN("Orwin", _up(exact), exact, effects.k, math.nan, mean, math.nan, aim, (*assumed, GENERAL))


def _up(exact: float) -> int:
    """Rounded up; a whole number that rounding error lifted stays what it is."""
    return max(0, math.ceil(exact - 1e-9 * max(1.0, abs(exact))))
