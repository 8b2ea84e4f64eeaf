"""Where a new study's effect is expected: Nagashima's bootstrap interval, and the probability beyond a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import interpolate, special

from metaket._checks import Array, check_level, float_array, generator
from metaket._notebook import ShownAsText
from metaket.errors import InputError, NotComputableError
from metaket.measures.effect import EffectSizes, check_effect_sizes
from metaket.pooling.quadratic_form import weighted_chi2_cdf
from metaket.pooling.result import PooledResult

__all__ = ["BootstrapPrediction", "bootstrap_prediction", "probability_beyond"]

DRAWS = 25_000
GRID = 400  # values of tau2 at which its distribution is computed; the spline between is off by less than 1e-6
FINEST = 1e-8  # of the largest variance: smaller values of tau2 count as 0
LEFT_OVER = 1e-6  # probability beyond the grid's end
WIDEST = 1e12  # where the grid ends anyway, in the largest variance: with 2 studies the tail falls with tau only


@dataclass(frozen=True, slots=True)
class BootstrapPrediction(ShownAsText):
    """Nagashima's prediction interval, with the confidence interval from the same draws.

    Attributes
    ----------
    low, high : float
        Prediction limits, on the analysis scale.
    ci_low, ci_high : float
        Confidence limits of the mean effect.
    level : float
    draws : int
    share_zero : float
        Share of the draws in which tau2 was 0.
    """

    low: float
    high: float
    ci_low: float
    ci_high: float
    level: float
    draws: int
    share_zero: float

    def __str__(self) -> str:
        percent = f"{100 * self.level:g} %"
        return (
            f"{percent} prediction interval {self.low:.4f} to {self.high:.4f}, CI {self.ci_low:.4f} to "
            f"{self.ci_high:.4f}; parametric bootstrap, {self.draws} draws, tau2 0 in {100 * self.share_zero:.1f} %"
        )


def bootstrap_prediction(
    effects: EffectSizes, rng: np.random.Generator | int, level: float = 0.95, draws: int = DRAWS
) -> BootstrapPrediction:
    r"""Nagashima, Noma and Furukawa's parametric bootstrap prediction interval.

    Parameters
    ----------
    effects : EffectSizes
        At least 3 studies (with 2 the t distribution has one degree of freedom and no interval is of use).
    rng : numpy.random.Generator or int
        A generator or its seed, 0 or more; equal ones give equal limits.
    level : float
    draws : int
        At least 1000.

    Returns
    -------
    BootstrapPrediction

    Raises
    ------
    NotComputableError
        Fewer than 3 studies.
    InputError
        Fewer than 1000 draws, not effect sizes, no generator or seed.

    Notes
    -----
    Each draw takes :math:`\tau^2` from its confidence distribution :math:`H(\tau^2) = P(Q \geq q; \tau^2)`, with the
    exact distribution of Cochran's Q, and then

    .. math:: \theta_{new} = \bar y_\tau + \tau Z - t_{k-1} \sqrt{\frac{\sum w_i (y_i - \bar y_\tau)^2}
              {(k-1) \sum w_i}}, \quad w_i = \frac{1}{v_i + \tau^2};

    the limits are quantiles of the draws.

    References
    ----------
    Nagashima, Noma & Furukawa (2019) Stat Methods Med Res 28:1689-1702, sec. 3.
    """
    level = check_level(level)
    check_effect_sizes(effects, "bootstrap_prediction")
    rng = generator(rng)
    if effects.k < 3:
        raise NotComputableError(f"a bootstrap prediction interval needs at least 3 studies, there are {effects.k}")
    if draws < 1000:
        raise InputError(f"draws must be at least 1000, got {draws}")
    y, v, k = effects.y, effects.v, effects.k
    tau2 = _draw_tau2(y, v, rng, draws)
    w = 1.0 / (v + tau2[:, None])
    total = w.sum(axis=1)
    mean = (w @ y) / total
    error = np.sqrt((w * (y - mean[:, None]) ** 2).sum(axis=1) / ((k - 1) * total))
    normal, student = rng.standard_normal(draws), rng.standard_t(k - 1, draws)
    tail = 0.5 * (1.0 - level)
    centre = mean - student * error
    low, high = np.quantile(centre + normal * np.sqrt(tau2), [tail, 1.0 - tail]).tolist()
    ci_low, ci_high = np.quantile(centre, [tail, 1.0 - tail]).tolist()
    return BootstrapPrediction(low, high, ci_low, ci_high, level, draws, float((tau2 == 0).mean()))


def _draw_tau2(y: Array, v: Array, rng: np.random.Generator, draws: int) -> Array:
    """Draws from the confidence distribution of tau2: a share of H(0) at 0, the rest by inverting H on a grid."""
    w = 1.0 / v
    q = float((w * (y - (w @ y) / w.sum()) ** 2).sum())
    scale = float(v.max())
    u = rng.random(draws)
    end = scale
    while _q_tail(q, v, np.array([end]))[0] < 1.0 - LEFT_OVER and end < WIDEST * scale:
        end *= 4.0
    grid = np.concatenate([[0.0], np.geomspace(FINEST * scale, end, GRID)])
    height = np.maximum.accumulate(_q_tail(q, v, grid))
    rising = np.concatenate([[True], np.diff(height) > 1e-15])
    grid, height = grid[rising], height[rising]
    # arcsinh is linear near 0 and logarithmic far out, as tau2 is against the normal score of its probability
    score = special.ndtri(np.clip(height, 1e-300, 1.0 - 1e-16))
    inverse = interpolate.PchipInterpolator(score, np.arcsinh(grid / scale))
    found = scale * np.sinh(inverse(special.ndtri(np.clip(u, height[0], height[-1]))))
    return np.where(u <= height[0], 0.0, np.maximum(found, 0.0))


def _q_tail(q: float, v: Array, tau2: Array) -> Array:
    """P(Q >= q) under each tau2: Q is a sum of chi-squares weighted by the eigenvalues of S^1/2 A S^1/2."""
    w = 1.0 / v
    matrix = np.diag(w) - np.outer(w, w) / w.sum()
    root = np.sqrt(v + tau2[:, None])
    eigenvalues = np.linalg.eigvalsh(root[:, :, None] * matrix * root[:, None, :])[:, 1:]
    return weighted_chi2_cdf(np.full(tau2.shape, q), np.maximum(eigenvalues, 0.0))[1]


def probability_beyond(result: PooledResult, threshold: float, *, above: bool = True, method: str = "higgins") -> float:
    r"""Probability that the effect of a new study lies above (or below) a threshold.

    Parameters
    ----------
    result : PooledResult
    threshold : float
        On the analysis scale (the log of a ratio).
    above : bool
        False asks for the probability below.
    method : {"higgins", "k-1", "hk", "normal"}
        Which predictive distribution, as in `PooledResult.prediction_interval`.

    Returns
    -------
    float

    Raises
    ------
    NotComputableError
        There is no predictive distribution; the message says why.
    InputError
        A threshold that is not a number, or something else than a pooled result.

    Notes
    -----
    :math:`P(\theta_{new} > c) = 1 - F\left(\frac{c - \hat\mu}{\sqrt{\hat\tau^2 + \mathrm{se}^2}}\right)`, F the t
    distribution of the method. Higgins, Thompson & Spiegelhalter (2009) J R Stat Soc A 172:137-159, sec. 4.3.
    """
    if not isinstance(result, PooledResult):
        raise InputError(f"probability_beyond needs a pooled result, got {type(result).__name__}; see pool(...)")
    threshold = float(float_array("threshold", threshold, ndim=0))
    if math.isnan(threshold):
        raise InputError("threshold must be a number on the analysis scale, got nan")
    gap = result.prediction_gap(method)
    if gap:
        raise NotComputableError(f"no predictive distribution: {gap}")
    df, spread = result.predictive(method)
    score = (threshold - result.estimate) / spread
    at = -score if above else score
    return float(special.ndtr(at) if math.isinf(df) else special.stdtr(df, at))
