"""Means and standard deviations from quantiles of skewed data: McGrath's quantile estimation and Box-Cox methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import integrate, optimize, special

from metaket._checks import Array
from metaket.errors import InputError
from metaket.measures.convert import conversion
from metaket.measures.convert_means import Quantiles, luo_mean, wan_sd

__all__ = ["mean_sd_box_cox", "mean_sd_quantile_estimation"]

MCGRATH = "McGrath et al. (2020) Stat Methods Med Res 29:2520-2537"


@dataclass(frozen=True, slots=True)
class _Family:
    """A distribution of two parameters: its quantiles, its mean and standard deviation, and where to start."""

    quantile: Callable[[Array, float, float], Array]
    moments: Callable[[float, float], tuple[float, float]]
    start: Callable[[float, float], tuple[float, float]]
    low: tuple[float, float]


def _log_start(mean: float, sd: float) -> tuple[float, float]:
    s2 = float(np.log1p((sd / mean) ** 2))
    return float(np.log(mean)) - s2 / 2, s2**0.5


def _lognormal_moments(mu: float, sigma: float) -> tuple[float, float]:
    mean = float(np.exp(mu + sigma**2 / 2))
    return mean, mean * float(np.sqrt(np.expm1(sigma**2)))


def _weibull_moments(shape: float, scale: float) -> tuple[float, float]:
    first, second = special.gamma(1 + 1 / shape), special.gamma(1 + 2 / shape)
    return float(scale * first), float(scale * np.sqrt(second - first**2))


def _beta_start(mean: float, sd: float) -> tuple[float, float]:
    size = max(mean * (1 - mean) / sd**2 - 1, 0.1)
    return mean * size, (1 - mean) * size


def _beta_moments(a: float, b: float) -> tuple[float, float]:
    mean = a / (a + b)
    return mean, float(np.sqrt(mean * (1 - mean) / (a + b + 1)))


def _normal_quantile(p: Array, mu: float, sigma: float) -> Array:
    return np.asarray(mu + sigma * special.ndtri(p), dtype=np.float64)


def _lognormal_quantile(p: Array, mu: float, sigma: float) -> Array:
    return np.exp(_normal_quantile(p, mu, sigma))


def _gamma_quantile(p: Array, shape: float, scale: float) -> Array:
    return np.asarray(scale * special.gammaincinv(shape, p), dtype=np.float64)


def _weibull_quantile(p: Array, shape: float, scale: float) -> Array:
    return np.asarray(scale * (-np.log1p(-p)) ** (1 / shape), dtype=np.float64)


TINY = 1e-6
FAMILIES = {
    "normal": _Family(_normal_quantile, lambda mu, s: (mu, s), lambda m, s: (m, s), (-np.inf, TINY)),
    "log-normal": _Family(_lognormal_quantile, _lognormal_moments, _log_start, (-np.inf, TINY)),
    "gamma": _Family(
        _gamma_quantile,
        lambda shape, scale: (shape * scale, shape**0.5 * scale),
        lambda m, s: ((m / s) ** 2, s**2 / m),
        (TINY, TINY),
    ),
    "Weibull": _Family(
        _weibull_quantile,
        _weibull_moments,
        lambda m, s: ((m / s) ** 1.086, m),
        (TINY, TINY),
    ),
    "beta": _Family(lambda p, a, b: special.betaincinv(a, b, p), _beta_moments, _beta_start, (TINY, TINY)),
}


def _points(q: Quantiles, i: int) -> tuple[Array, Array]:
    """Probabilities and values of the known quantiles of group i; the extremes stand at 1/n and 1 - 1/n."""
    n = q.n[i]
    pairs = ((1 / n, q.minimum), (0.25, q.q1), (0.5, q.median), (0.75, q.q3), (1 - 1 / n, q.maximum))
    known = [(p, a[i]) for p, a in pairs if not np.isnan(a[i])]
    return np.array([p for p, _ in known]), np.array([x for _, x in known])


def _fit(family: _Family, p: Array, x: Array, mean: float, sd: float) -> tuple[float, float, float]:
    """Least squares of the quantiles: distance, mean, standard deviation."""

    def residuals(theta: Array) -> Array:
        return np.nan_to_num(family.quantile(p, theta[0], theta[1]) - x, nan=1e9, posinf=1e9, neginf=-1e9)

    start = np.maximum(family.start(mean, sd), np.array(family.low) + TINY)
    found = optimize.least_squares(
        residuals, start, bounds=(family.low, np.inf), x_scale=np.maximum(np.abs(start), 0.1),
        xtol=1e-13, ftol=1e-13, gtol=1e-13, max_nfev=2000,
    )  # fmt: skip
    estimate = family.moments(float(found.x[0]), float(found.x[1]))
    return float(2 * found.cost), *estimate


def _best_fit(q: Quantiles, i: int) -> tuple[float, float, str]:
    """Mean, standard deviation and name of the family that comes nearest; the values are scaled by their spread."""
    p, x = _points(q, i)
    unit = float(x[-1]) if x[0] >= 0 else float(x[-1] - x[0])
    inside = x[0] >= 0 and x[-1] <= 1
    scale = 1.0 if inside else unit
    mean, sd = float(luo_mean(q)[i]), float(wan_sd(q)[i])
    positive = ["log-normal", "gamma", "Weibull"] if x[0] >= 0 else []
    names = ["normal", *positive, *(["beta"] if inside else [])]
    fits = {name: _fit(FAMILIES[name], p, x / scale, mean / scale, sd / scale) for name in names}
    best = min(fits, key=lambda name: fits[name][0])
    return fits[best][1] * scale, fits[best][2] * scale, best


@conversion(
    "mean_sd_quantile_estimation",
    formula="mean and sd of the family (normal, log-normal, gamma, Weibull, beta) whose quantiles are nearest",
    source=MCGRATH,
)
def mean_sd_quantile_estimation(
    n: Any, *, median: Any = None, q1: Any = None, q3: Any = None, minimum: Any = None, maximum: Any = None
) -> Mapping[str, Any]:
    """Quantile estimation: the best of several families, by least squares of their quantiles.

    Parameters
    ----------
    n : array_like
        Sizes of the groups, whole numbers of 5 or more.
    median, q1, q3, minimum, maximum : array_like, optional
        The five numbers in ascending order; None or NaN where unknown. The quartiles, the range or both are needed,
        beside the median.

    Returns
    -------
    Conversion
        With ``mean`` and ``sd``, of the broadcast shape, with the families that were fitted as the remark.

    Raises
    ------
    InputError
        No median, n below 5, numbers out of order or all equal.

    Notes
    -----
    Only the normal family is fitted where a value is negative; the beta family only to values within [0, 1].
    Minimises the sum of (F^-1(p; theta) - x_p)^2. McGrath et al. (2020) Stat Methods Med Res 29:2520-2537.
    """
    return _each(Quantiles.of(n, median, q1, q3, minimum, maximum), _best_fit, "fitted: ")


def _each(q: Quantiles, way: Callable[[Quantiles, int], tuple[float, float, str]], remark: str) -> Mapping[str, Any]:
    """`way` for every group: mean, sd and a word for the remark."""
    if np.isnan(q.median).any():
        raise InputError("this method needs the median")
    flat = q.ravel()
    found = [way(flat, i) for i in range(flat.n.size)]
    return {
        "mean": np.reshape([mean for mean, _, _ in found], q.n.shape),
        "sd": np.reshape([sd for _, sd, _ in found], q.n.shape),
        "remark": remark + ", ".join(dict.fromkeys(word for _, _, word in found)),
    }


def _box_cox(x: Array, power: float) -> Array:
    return np.asarray(special.boxcox(x, power))


def _power(q: Quantiles, i: int) -> float:
    """The Box-Cox power, 0 or more, that puts the median in the middle of the quartiles, the range, or both.

    The values are divided by the median first, so that the power does not depend on the unit. Powers below 0 are
    not used, since the back-transformed normal distribution then has no mean.
    """
    m = q.median[i]
    pairs = [(lo[i] / m, hi[i] / m) for lo, hi in ((q.q1, q.q3), (q.minimum, q.maximum)) if not np.isnan(lo[i])]

    def lean(power: float, low: float, high: float) -> float:
        return float(special.boxcox(high, power) + special.boxcox(low, power))

    def root(low: float, high: float) -> float:
        top = 1.0
        while lean(top, low, high) < 0:
            top *= 2.0
            if top > 1e3:
                raise InputError("the Box-Cox method needs quantiles above and below the median")
        return (
            0.0 if lean(0.0, low, high) >= 0 else float(optimize.brentq(lean, 0.0, top, args=(low, high), xtol=1e-13))
        )

    roots = [root(low, high) for low, high in pairs]
    if len(roots) == 1 or roots[0] == roots[1]:
        return roots[0]
    found = optimize.minimize_scalar(
        lambda power: sum(lean(power, low, high) ** 2 for low, high in pairs),
        bounds=(min(roots), max(roots)), method="bounded", options={"xatol": 1e-12},
    )  # fmt: skip
    return float(found.x)


def _back_moments(mu: float, sigma: float, power: float) -> tuple[float, float]:
    """Mean and sd of the inverse Box-Cox transform of a normal value, cut symmetrically where x would be negative."""
    if power < 1e-8:
        return _lognormal_moments(mu, sigma)
    width = min((mu + 1 / power) / sigma, 38.0)
    if width <= 0:
        raise InputError("the Box-Cox method fails: the transformed mean lies outside the possible values")

    def moment(order: int, center: float) -> float:
        def integrand(z: float) -> float:
            x = float(special.inv_boxcox(mu + sigma * z, power))
            return (x - center) ** order * float(np.exp(-0.5 * z * z))

        return float(
            integrate.quad(integrand, -min(width, 12.0), min(width, 12.0), epsabs=0, epsrel=1e-10, limit=200)[0]
        )

    mass = moment(0, 0.0)
    mean = moment(1, 0.0) / mass
    return mean, float(np.sqrt(moment(2, mean) / mass))


@conversion(
    "mean_sd_box_cox",
    formula="Luo's mean and Wan's sd of Box-Cox transformed quantiles, transformed back by integration",
    source=MCGRATH,
)
def mean_sd_box_cox(
    n: Any, *, median: Any = None, q1: Any = None, q3: Any = None, minimum: Any = None, maximum: Any = None
) -> Mapping[str, Any]:
    """Box-Cox method: make the quantiles symmetric by a power, take mean and sd there, and transform back.

    Parameters
    ----------
    n : array_like
        Sizes of the groups, whole numbers of 5 or more.
    median, q1, q3, minimum, maximum : array_like, optional
        The five numbers in ascending order; None or NaN where unknown. The quartiles, the range or both are needed,
        beside the median; all above 0.

    Returns
    -------
    Conversion
        With ``mean`` and ``sd``, of the broadcast shape, with the powers as the remark.

    Raises
    ------
    InputError
        No median, a value not above 0, n below 5, numbers out of order or all equal.

    Notes
    -----
    All values must be above 0. Where McGrath's software simulates the last step, this integrates.
    McGrath et al. (2020) Stat Methods Med Res 29:2520-2537.
    """
    q = Quantiles.of(n, median, q1, q3, minimum, maximum)
    if (np.stack([q.median, q.q1, q.q3, q.minimum, q.maximum]) <= 0).any():
        raise InputError("the Box-Cox method needs values above 0; use method 'qe' or 'luo-wan-shi'")
    return _each(q, _by_power, "power ")


def _by_power(q: Quantiles, i: int) -> tuple[float, float, str]:
    power, m = _power(q, i), float(q.median[i])
    five = [_box_cox(a[i : i + 1] / m, power) for a in (q.median, q.q1, q.q3, q.minimum, q.maximum)]
    moved = Quantiles(q.n[i : i + 1], *five)
    mean, sd = _back_moments(float(luo_mean(moved)[0]), float(wan_sd(moved)[0]), power)
    return mean * m, sd * m, f"{power:.3g}"
