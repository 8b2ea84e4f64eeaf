r"""Profile likelihood of one variance component: the best log-likelihood with it held, and the interval from that.

.. math:: \{\psi : 2 (\ell(\hat\theta) - \max_{\psi(\theta) = \psi} \ell(\theta)) \leq \chi^2_{1, \mathrm{level}}\}

Hardy & Thompson (1996) Stat Med 15:619-629. An unstructured matrix is built from partial correlations (see
`structures`), of which the first is a plain one; to hold another correlation, its two levels are put first.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special

from metaket._checks import Array
from metaket.errors import ConvergenceWarning, InputError, NotComputableError
from metaket.pooling.components import levels_of, undefined_correlation
from metaket.pooling.multivariate import Covariances, spread_of
from metaket.pooling.result import Interval
from metaket.pooling.scoring import SATURATED, Components, fit_components
from metaket.pooling.structures import STRUCTURES, Structure, partial_correlations

__all__ = ["Maximum", "profile_interval", "profile_loglik"]

HIGHER = 1e-5  # of a log-likelihood: a held fit above the free one by more shows that the free one is no maximum
SOFT = 3.0  # logit to which a start draws correlations back from the end of their range, where slopes vanish
FAR = 1e4  # standard deviations up to this many spreads of the effects are searched; the likelihood is level beyond
FIRST_STEP = 0.5  # on the logit of a correlation, or share of a standard error
LADDER = (-17.0, -13.0, -9.0, -6.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0, 17.0)  # logits
ROUNDS = 5  # times that a limit is searched again after other starting points have found a higher likelihood there
SAME = 1e-7  # two drops, on the root scale, closer than this are the same
XTOL = 1e-10
STRIDE = 1.0  # on the logit of a correlation, or spreads of the effects, on the way to a value that is asked for
MOST_STOPS = 12


@dataclass(frozen=True, slots=True)
class Maximum:
    """A fitted model: its data and where its likelihood is highest.

    Attributes
    ----------
    names : tuple of str
        Of the components.
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    v : ndarray, shape (n, n)
        Sampling covariance.
    parts : Covariances
    method : {"REML", "ML"}
    theta : ndarray, shape (a,)
        Unconstrained parameters.
    loglik : float
    """

    names: tuple[str, ...]
    y: Array
    x: Array
    v: Array
    parts: Covariances
    method: str
    theta: Array
    loglik: float


@dataclass(frozen=True, slots=True)
class _Curve:
    """The profile of the parameter `at`, in its unconstrained value.

    `best` is its value at the optimum, `seen` the fits so far, `enough` the drop at a limit.
    """

    model: Maximum
    at: int
    name: str
    enough: float
    best: float
    seen: dict[float, Components]

    def gap(self, value: float) -> float:
        """(2 (l_max - l))^(1/2) less its size at the limit: on this scale profiles are nearly straight."""
        if value not in self.seen:
            self.seen[value] = self.fit(value, self._nearby(value))
        return self._root(self.seen[value]) - self.enough

    def proved(self, value: float) -> float:
        """The same from starting points all over the space as well; a higher likelihood replaces what was seen."""
        found = self.fit(value, self._nearby(value), wide=True)
        if self._root(found) < self.gap(value) + self.enough - SAME:
            for other in [v for v in self.seen if v != self.best]:
                del self.seen[other]
            self.seen[value] = found
        if not self.seen[value].converged:
            warnings.warn(
                f"the likelihood with {self.name} held at its limit has not converged; the limit is approximate",
                ConvergenceWarning, stacklevel=2,
            )  # fmt: skip
        return self.gap(value)

    def fit(self, value: float, starts: Array, *, wide: bool = False) -> Components:
        """The best fit with the parameter held."""
        m = self.model
        return fit_components(m.y, m.x, m.v, m.parts, m.method, held={self.at: value}, start=starts, wide=wide)

    def _nearby(self, value: float) -> Array:
        """The nearest fits so far, and the optimum with its correlations drawn back from their ends."""
        m = self.model
        near = sorted(self.seen, key=lambda other: abs(other - value))[:2]
        soft = np.where(m.parts.is_correlation, np.clip(m.theta, -SOFT, SOFT), m.theta)
        return np.array([*(self.seen[other].theta for other in near), soft])

    def _root(self, found: Components) -> float:
        below = self.model.loglik - float(found.at.value)
        if below < -HIGHER:
            raise NotComputableError(
                f"the profile of {self.name} rises {-below:.3g} above the log-likelihood of the fit, which is a local "
                "maximum: fit a simpler structure"
            )
        return math.sqrt(2.0 * max(below, 0.0))


def profile_interval(model: Maximum, index: int, level: float) -> Interval:
    """Where twice the drop of the profile log-likelihood is the chi-square quantile on 1 degree of freedom.

    Parameters
    ----------
    model : Maximum
    index : int
        Of the component: those of the structure in its order, then the nested variances.
    level : float
        In (0, 1).

    Returns
    -------
    Interval
        Of a variance, or of a correlation. A side on which the likelihood never drops enough ends where the component
        does: 0 and infinity, or -1 (for CS and HCS -1 / (q - 1), for CAR 0) and 1.

    Raises
    ------
    NotComputableError
        A correlation of levels whose variance is 0: the likelihood does not depend on it.
    """
    reason = undefined_correlation(model.parts, model.theta, index)
    if reason:
        raise NotComputableError(reason)
    curve = _curve(model, index, math.sqrt(float(special.chdtri(1, 1.0 - level))))
    s = curve.model.parts.structure
    if s is not None and curve.model.parts.is_correlation[curve.at]:
        return _of_correlation(curve, s)
    return _of_variance(curve)


def profile_loglik(model: Maximum, index: int, values: Array) -> Array:
    """The best log-likelihood with one component held at each of `values` (m,), reached by steps from the optimum.

    Raises
    ------
    InputError
        A variance below 0 or not finite, a correlation outside its range.
    """
    curve = _curve(model, index, 0.0)
    held = np.array([_held(curve, float(value)) for value in values])
    out = np.empty(held.size)
    for i in np.argsort(np.abs(held - curve.best)):
        for stop in _stops(curve, float(held[i])):
            curve.gap(stop)
        curve.proved(float(held[i]))
        out[i] = curve.seen[float(held[i])].at.value
    return out


def _stops(curve: _Curve, target: float) -> list[float]:
    """Points on the way to `target` from the nearest fit, no further apart than `STRIDE`."""
    model = curve.model
    unit = 1.0 if model.parts.is_correlation[curve.at] else spread_of(model.y, model.v)
    nearest = min(curve.seen, key=lambda other: abs(other - target))
    count = min(MOST_STOPS, int(abs(target - nearest) / (STRIDE * unit)))
    return [float(stop) for stop in np.linspace(nearest, target, count + 2)[1:-1]]


def _held(curve: _Curve, value: float) -> float:
    """The unconstrained value of a component."""
    s = curve.model.parts.structure
    if s is not None and curve.model.parts.is_correlation[curve.at]:
        if not s.rho_low <= value <= 1.0:
            raise InputError(f"{curve.name} lies between {s.rho_low:.6g} and 1, got {value!r}")
        return _logit(s, value**s.unit if s.unit != 1.0 else value)
    if not 0.0 <= value < math.inf:
        raise InputError(f"{curve.name} is a variance of 0 or more, got {value!r}")
    return math.sqrt(value)


def _curve(model: Maximum, index: int, enough: float) -> _Curve:
    """The profile of component `index`, with the two levels of an unstructured correlation put first."""
    s, name = model.parts.structure, model.names[index]
    if s is not None and s.n_sd <= index < s.size and s.size - s.n_sd > 1:
        model, index = _first(model, s, levels_of(s, index)), s.n_sd
    best = float(model.theta[index])
    curve = _Curve(model, index, name, enough, best, {})
    curve.seen[best] = curve.fit(best, model.theta)
    return curve


def _first(model: Maximum, s: Structure, pair: tuple[int, ...]) -> Maximum:
    """The same model with two levels of its unstructured matrix put first."""
    q = s.n_sd
    order = np.array([*pair, *(i for i in range(q) if i not in pair)])
    natural = s.natural(model.theta[: s.size])
    r = s.build(np.concatenate([np.ones(q), natural[q:]]))[np.ix_(order, order)]
    moved = STRUCTURES["UN"].func(tuple(map(str, order)), None)
    theta = moved.unconstrained(np.concatenate([natural[:q][order], partial_correlations(r)]))
    parts = replace(model.parts, structure=moved, inner=np.argsort(order)[model.parts.inner])
    return replace(model, parts=parts, theta=np.concatenate([theta, model.theta[s.size :]]))


def _logit(s: Structure, natural: float) -> float:
    """The unconstrained value of a correlation."""
    return float(s.unconstrained(np.concatenate([np.ones(s.n_sd), np.full(s.size - s.n_sd, natural)]))[-1])


def _of_variance(curve: _Curve) -> Interval:
    spread = spread_of(curve.model.y, curve.model.v)
    low = 0.0 if curve.best == 0.0 else _limit(curve, [0.0], XTOL * spread)
    step = max(curve.best, FIRST_STEP * math.sqrt(float(np.mean(np.diag(curve.model.v)))))
    doubling = (curve.best + step * (2.0**i - 1.0) for i in range(1, 60))
    high = _limit(curve, [*(sd for sd in doubling if sd < FAR * spread), FAR * spread], XTOL * spread)
    return Interval(0.0 if math.isnan(low) else low**2, math.inf if math.isnan(high) else high**2)


def _of_correlation(curve: _Curve, s: Structure) -> Interval:
    limits = []
    for side, end in ((-1.0, s.rho_low), (1.0, 1.0)):
        rungs = [curve.best + side * FIRST_STEP, *(side * rung for rung in LADDER)]
        ahead = [t for t in rungs if side * (t - curve.best) >= FIRST_STEP and abs(t) < SATURATED]
        found = _limit(curve, [*ahead, _logit(s, end)], XTOL)
        natural = end if math.isnan(found) else s.rho_low + (1.0 - s.rho_low) * float(special.expit(found))
        limits.append(natural ** (1.0 / s.unit) if s.unit != 1.0 else natural)
    return Interval(limits[0], limits[1])


def _limit(curve: _Curve, outward: list[float], xtol: float) -> float:
    """The first crossing on the way out from the optimum, and NaN where there is none up to the last of `outward`.

    Where other starting points show that the likelihood at the crossing is higher, the way goes on from there.
    """
    inside = found = curve.best
    for _ in range(ROUNDS):
        for outside in (value for value in outward if abs(value - curve.best) > abs(found - curve.best)):
            if curve.gap(outside) > 0.0:
                break
            inside = outside
        else:
            return math.nan
        found = float(optimize.brentq(curve.gap, inside, outside, xtol=xtol, rtol=1e-10))
        if curve.proved(found) > -SAME:
            break
        inside = found
    return found
