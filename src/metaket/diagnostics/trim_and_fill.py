"""Trim and fill: how many studies would make the funnel plot symmetric, and the result with them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array, check_choice
from metaket.diagnostics._answers import Judged
from metaket.diagnostics._cautions import Question, effects_of, funnel_cautions, lines_of, shown_p, spec_of
from metaket.diagnostics.asymmetry import mixed_line
from metaket.errors import ConvergenceWarning, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.batch import fit_arrays
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TrimAndFill", "trim_and_fill"]

MAX_ITER = 1000


@dataclass(frozen=True, slots=True, eq=False)
class TrimAndFill(Judged):
    """Trim and fill.

    Attributes
    ----------
    k0 : int
        Estimated number of missing studies.
    k0_se : float
        Its standard error, at the number before rounding.
    k0_p : float
        p-value of no missing study on that side, for R0; else NaN.
    estimator : {"L0", "R0", "Q0"}
    side : {"left", "right"}
        Where studies are missing.
    centre : float
        Pooled effect of the trimmed studies, about which the funnel is filled.
    observed : PooledResult
        The studies as they are.
    result : PooledResult
        Observed and filled studies together; the filled ones come last and are named "filled: ...".
    filled : EffectSizes or None
        The filled studies, None where k0 is 0.
    source : tuple of int
        For each filled study the index of the observed one that it mirrors.
    converged : bool
        Whether the number of missing studies settled.
    n_iter : int
    cautions : tuple of str
    """

    k0: int
    k0_se: float
    k0_p: float
    estimator: str
    side: str
    centre: float
    observed: PooledResult
    result: PooledResult
    filled: EffectSizes | None
    source: tuple[int, ...]
    converged: bool
    n_iter: int
    cautions: tuple[str, ...]

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """Two rows, observed and filled: what, k0, then the columns of `PooledResult.to_frame`."""
        import pandas as pd

        rows = (("observed", 0, self.observed), ("filled", self.k0, self.result))
        return pd.DataFrame([{"what": w, "k0": n} | r.fields(level, transform=transform) for w, n, r in rows])

    def __str__(self) -> str:
        p = "" if math.isnan(self.k0_p) else f", p {shown_p(self.k0_p)} of none"
        shown = [
            f"{name:8s} {r.estimate:.4f} (95 % CI {r.ci().low:.4f} to {r.ci().high:.4f}), k = {r.k}"
            for name, r in (("observed", self.observed), ("filled", self.result))
        ]
        head = f"trim and fill, {self.estimator}: {self.k0} missing on the {self.side} (SE {self.k0_se:.2f}{p})"
        settled = [] if self.converged else ["WARNING: the number of missing studies did not settle"]
        return "\n".join([head, *shown, *settled, *lines_of(self.cautions)])


def trim_and_fill(result: Question, *, estimator: str = "L0", side: str | None = None) -> TrimAndFill:
    r"""Trim the studies without a counterpart, and fill in their mirror images.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        At least 3 studies; a result's own model, tau2 and test are used throughout (REML and z for plain effects).
    estimator : {"L0", "R0", "Q0"}
        Of the number of missing studies.
    side : {"left", "right"}, optional
        Where they are missing; without it the side that the slope of the regression on the standard error points
        away from (the mixed-effects form of Egger's test).

    Returns
    -------
    TrimAndFill

    Raises
    ------
    NotComputableError
        Fewer than 3 studies, equal effects, or Q0 of a negative number (it has no value then; take L0).
    InputError
        A model that is not pooled from y and v alone.

    Warns
    -----
    ConvergenceWarning
        The number of missing studies goes round in a circle; `converged` is False.

    Notes
    -----
    With the effects centred at the pooled effect of the trimmed studies, ranks of their sizes, T the sum of the ranks
    above it and :math:`\gamma` the length of the run of the largest ranks above it:

    .. math:: R_0 = \gamma - 1, \quad L_0 = \frac{4T - k(k + 1)}{2k - 1}, \quad
              Q_0 = k - \frac{1}{2} - \sqrt{2k^2 - 4T + \frac{1}{4}},

    rounded, not below 0; repeated until the number stays.

    References
    ----------
    Duval & Tweedie (2000) Biometrics 56:455-463, p. 457-459; (2000) JASA 95:89-98 for the variances.

    Examples
    --------
    >>> import metaket as mk
    >>> y = [0.1, 0.15, 0.2, 0.3, 0.45, 0.5, 0.6, 0.7, 0.9, 1.1]
    >>> v = [0.01, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.12, 0.2, 0.3]
    >>> found = mk.trim_and_fill(mk.pool(y, v, model="common"))
    >>> found.k0, found.side, round(found.result.estimate, 3)
    (5, 'left', 0.178)
    """
    effects, spec = effects_of(result), spec_of(result, "trim and fill")
    estimator = check_choice("estimator of missing studies", estimator, tuple(ESTIMATORS))
    if effects.k < 3:
        raise NotComputableError(f"trim and fill needs at least 3 studies, there are {effects.k}")
    if np.ptp(effects.y) <= 1e-12 * np.abs(effects.y).max():
        raise NotComputableError("trim and fill needs effects that differ")
    side = _side(effects, spec) if side is None else check_choice("side", side, ("left", "right"))
    sign = 1.0 if side == "left" else -1.0
    order = np.argsort(sign * effects.y, kind="stable")
    k0, raw, centre, steps = _settle(sign * effects.y[order], effects.v[order], spec, estimator)
    source = order[effects.k - k0 :] if k0 else order[:0]
    filled = _filled(effects, source, sign * centre)
    observed = pool_spec(effects, spec)
    pooled = observed if filled is None else pool_spec(_joined(effects, filled), spec)
    p = 0.5 ** (k0 + 1) if estimator == "R0" else math.nan
    settled = steps <= MAX_ITER
    if not settled:
        message = f"trim and fill by {estimator} of {effects!r} goes round in a circle; the last number is flagged"
        warnings.warn(message, ConvergenceWarning, stacklevel=2)
    cautions = funnel_cautions(effects, coupled=False) + _cautions(estimator, k0, effects.k)
    names = (estimator, side, sign * centre, observed, pooled, filled, tuple(source.tolist()))
    return TrimAndFill(k0, _standard_error(estimator, effects.k, raw), p, *names, settled, steps, cautions)


def _side(effects: EffectSizes, spec: PoolSpec) -> str:
    """Small studies with larger effects: the left is where studies are missing."""
    se = np.sqrt(effects.v)
    if np.ptp(se) <= 1e-12 * se.max():
        raise NotComputableError("the standard errors are equal, so that no side suggests itself; give side=")
    return "left" if mixed_line(effects, se, spec).slope > 0 else "right"


def _settle(y: Array, v: Array, spec: PoolSpec, estimator: str) -> tuple[int, float, float, int]:
    """Trim until the number stays: (k0, unrounded k0, centre, iterations); `y` ascending, the surplus at its end."""
    k0, steps, before = 0, 0, -1
    raw = centre = 0.0
    while k0 != before and steps <= MAX_ITER:
        before, steps = k0, steps + 1
        kept = y.size - k0
        centre = float(fit_arrays(y[None, :kept], v[None, :kept], spec).coef[0, 0])
        away = y - centre
        ranks = np.empty(y.size)
        ranks[np.argsort(np.abs(away), kind="stable")] = np.arange(1, y.size + 1)
        rank_sum = float(ranks[away > 0].sum())
        raw = max(0.0, ESTIMATORS[estimator](y.size, rank_sum, ranks[away < 0]))
        k0 = min(round(raw), y.size - 1)
    return k0, raw, centre, steps


def _r0(k: int, _rank_sum: float, below: Array) -> float:
    return k - (float(below.max()) if below.size else 0.0) - 1.0


def _l0(k: int, rank_sum: float, _below: Array) -> float:
    return (4.0 * rank_sum - k * (k + 1.0)) / (2.0 * k - 1.0)


def _q0(k: int, rank_sum: float, _below: Array) -> float:
    inside = 2.0 * k**2 - 4.0 * rank_sum + 0.25
    if inside < 0:
        raise NotComputableError("Q0 is the root of a negative number on these data; take estimator='L0' or 'R0'")
    return k - 0.5 - math.sqrt(inside)


ESTIMATORS: dict[str, Callable[[int, float, Array], float]] = {"L0": _l0, "R0": _r0, "Q0": _q0}


def _standard_error(estimator: str, k: int, k0: float) -> float:
    """Duval & Tweedie (2000) JASA 95:89-98: the variance of the rank sum with k0 of the k studies unmatched."""
    if estimator == "R0":
        return math.sqrt(2.0 * k0 + 2.0)
    cubic = 10 * k0**3 + 27 * k0**2 + 17 * k0 - 18 * k * k0**2 - 18 * k * k0 + 6 * k**2 * k0
    variance = (k * (k + 1) * (2 * k + 1) + cubic) / 24.0
    if estimator == "L0":
        return 4.0 * math.sqrt(variance) / (2 * k - 1)
    inside = (k - 0.5) ** 2 - k0 * (2 * k - k0 - 1)
    return 2.0 * math.sqrt(variance / inside) if inside > 0 else math.nan


def _filled(effects: EffectSizes, source: np.ndarray, centre: float) -> EffectSizes | None:
    if source.size == 0:
        return None
    names = tuple(f"filled: {effects.study[i]}" for i in source)
    return EffectSizes(2.0 * centre - effects.y[source], effects.v[source].copy(), names, effects.measure)


def _joined(effects: EffectSizes, filled: EffectSizes) -> EffectSizes:
    y, v = np.concatenate([effects.y, filled.y]), np.concatenate([effects.v, filled.v])
    return EffectSizes(y, v, effects.study + filled.study, effects.measure)


def _cautions(estimator: str, k0: int, k: int) -> tuple[str, ...]:
    found = ["filled studies are not data: a sensitivity analysis, no corrected estimate"] if k0 else []
    if estimator == "Q0":
        found.append("Q0 is the least stable of the three (Duval & Tweedie 2000): prefer L0 or R0")
    if k0 > 0.5 * k:
        found.append(f"{k0} filled against {k} observed studies")
    return tuple(found)
