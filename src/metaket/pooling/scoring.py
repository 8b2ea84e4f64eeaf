"""Maximum (restricted) likelihood of models of correlated effects.

The likelihood of several variances and correlations has several maxima. One fit (`fit_components`) therefore surveys
the space: a batch of points spread evenly over it climbs by a few scoring steps. From the best of them, and from points
with small and large variances and correlations, a quasi-Newton method climbs to the top; the best optimum is kept and
sharpened by damped Fisher scoring. Many fits (`fit_many`: one model under
many sampling covariances, as when a correlation had to be assumed) climb together by scoring; one that scoring leaves
unfinished, as it may where variances go to 0, is done again alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

from metaket._checks import Array, check_choice
from metaket.errors import InputError
from metaket.pooling.multivariate import METHODS, Covariances, Data, Likelihood, evaluate, spread_of
from metaket.pooling.structures import END

__all__ = ["Components", "first_starts", "fit_components", "fit_many"]

STARTS = ((0.2, 0.3), (1.0, 0.6), (3.0, 0.9), (0.5, 0.0))  # (sd as a multiple of the spread, correlation)
STEPS = 60
SURVEYED = 48  # points of a survey, from models of so many parameters on
SURVEYED_FROM = 3
SURVEY_STEPS = 25
SURVEY_WORK = 3e5  # sum over blocks of parameters times rows cubed, above which a survey has fewer points
KEPT = 4  # of the surveyed points: the best with likelihoods at least so far apart
APART = 1e-3
QUASI_NEWTON: Any = {"maxcor": 20, "maxiter": 500, "ftol": 1e-15, "gtol": 1e-8}  # scipy's options
RESTARTS = 6  # a saturated correlation spoils the quasi-Newton memory; it then starts afresh where it stands
KICK = 0.05  # a standard deviation of 0 is stationary whatever its variance would gain: it is moved and climbs again
ZERO = 1e-8  # a standard deviation below this share of the effects' spread is 0
SATURATED = 18.0  # logit of a correlation 1.5e-8 from the end of its range
GRADIENT = 1e-7  # with effects on unit scale; an estimate then moves by less than 1e-7 of its standard error
FLAT = 1e-4  # a slope below this at the end counts as none
DAMPING = 1e-3  # at the start; divided by ten after a step up, times eight after one that is refused
MOST_DAMPED = 1e10
SHRINK = 0.1  # least share of a standard deviation that one step leaves: a step onto 0 would stay there
BETTER = 1e-10  # of a log-likelihood


@dataclass(frozen=True, slots=True)
class Components:
    """The best fit.

    Attributes
    ----------
    theta : ndarray, shape (a,)
        Unconstrained parameters; of many fits (m, a).
    at : Likelihood
    converged : bool, or ndarray of bool, shape (m,)
    """

    theta: Array
    at: Likelihood
    converged: Any


def fit_components(
    y: Array,
    x: Array,
    v: Array,
    parts: Covariances,
    method: str = "REML",
    *,
    held: Mapping[int, float] | None = None,
    start: Array | None = None,
    wide: bool = True,
) -> Components:
    """Maximise the (restricted) likelihood over the variance components.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    v : ndarray, shape (n, n)
        Sampling covariance, positive definite.
    parts : Covariances
    method : {"REML", "ML"}
    held : mapping of index to value, optional
        Unconstrained parameters that are not maximised over (for profiles).
    start : ndarray, shape (a,) or (s, a), optional
        Starting points.
    wide : bool
        Whether to start from points all over the space as well.
    """
    restricted = check_choice("method", method, METHODS) == "REML"
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise InputError("the moderators are linearly dependent; drop one")
    if parts.size == 0:
        empty = np.empty(0)
        return Components(empty, evaluate(Data.of(y, x, v, parts), empty, restricted), True)
    scale = spread_of(y, v)
    unit = Data.of(y / scale, x, v / scale**2, parts)  # the stopping rules are then relative
    fixed = parts.rescale(np.array([(held or {}).get(i, 0.0) for i in range(parts.size)]), 1.0 / scale)
    free = np.array([i not in (held or {}) for i in range(parts.size)])
    starts = np.empty((0, parts.size)) if start is None else parts.rescale(np.atleast_2d(start), 1.0 / scale)
    if wide:
        starts = np.concatenate([starts, first_starts(parts, unit.y, unit.v), _survey(unit, fixed, free, restricted)])
    ends = [_quasi_newton(unit, np.where(free, first, fixed), free, restricted) for first in starts]
    best = ends[int(_best(np.array([value for _, value in ends])))][0]
    alone = replace(unit, v=unit.v[None])
    theta, value, converged = _climb(alone, best[None, :], free, restricted)
    theta = parts.rescale(_ended(alone, theta, value, free, restricted)[0], scale)
    return Components(theta, evaluate(replace(unit, y=y, v=v), theta, restricted), bool(converged[0]))


def _ended(data: Data, theta: Array, value: Array, free: npt.NDArray[np.bool_], restricted: bool) -> Array:
    """`theta` (m, a) with saturated correlations put at the end of their range, where that is no loss."""
    saturated = free & data.parts.is_correlation & (np.abs(theta) >= SATURATED - ZERO)
    at_end = np.where(saturated, np.copysign(END, theta), theta)
    kept = evaluate(data, at_end, restricted).value >= value - BETTER
    return np.where(kept[:, None], at_end, theta)


def _survey(data: Data, fixed: Array, free: npt.NDArray[np.bool_], restricted: bool) -> Array:
    """The best of points all over the space after some steps of scoring, effects on unit scale: shape (s, a)."""
    from scipy.stats import qmc  # slow to import

    a = data.parts.size
    work = a * sum(rows.size * rows.shape[1] ** 2 for rows in data.blocks)
    count = int(SURVEYED * min(1.0, SURVEY_WORK / work)) if a >= SURVEYED_FROM else 0
    if count == 0:
        return np.empty((0, a))
    even = qmc.Halton(a, scramble=False).random(count + 1)[1:]  # its first point is 0
    sd, logit = 0.05 * 40.0**even, 6.0 * even - 3.0
    points = np.where(free, np.where(data.parts.is_correlation, logit, sd), fixed)
    theta, value, _ = _climb(replace(data, v=data.v[None]), points, free, restricted, SURVEY_STEPS)
    kept: list[int] = []
    for i in np.argsort(-value):
        if all(abs(value[i] - value[j]) > APART for j in kept):
            kept.append(int(i))
    return np.asarray(theta[kept[:KEPT]])


def _quasi_newton(data: Data, start: Array, free: npt.NDArray[np.bool_], restricted: bool) -> tuple[Array, float]:
    """Climb from one start over the free parameters."""

    def full(part: Any) -> Array:
        theta = start.copy()
        theta[free] = part
        return theta

    def negative(part: Any) -> tuple[float, Any]:
        at = evaluate(data, full(part), restricted)
        return -float(at.value), -at.gradient[free]

    part = best = start[free]
    value = math.inf
    if part.size == 0:
        return start, -negative(part)[0]
    deviation = ~data.parts.is_correlation[free]
    limits = [(0.0, None) if sd else (-SATURATED, SATURATED) for sd in deviation]
    part = np.where(deviation, part, np.clip(part, -SATURATED, SATURATED))
    for _ in range(RESTARTS):
        found = optimize.minimize(negative, part, jac=True, method="L-BFGS-B", bounds=limits, options=QUASI_NEWTON)
        if value - float(found.fun) < BETTER:
            break
        best, value = np.asarray(found.x), float(found.fun)
        part = np.where(deviation & (best < KICK), KICK, best)
    return full(best), -value


def fit_many(y: Array, x: Array, v: Array, parts: Covariances, method: str, starts: Array) -> Components:
    """Maximise the (restricted) likelihood under each of m sampling covariances.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    v : ndarray, shape (m, n, n)
        Positive definite, on the scale of y squared.
    parts : Covariances
    method : {"REML", "ML"}
    starts : ndarray, shape (s, a)
        Starting points in the unconstrained parameters; each is tried for every fit, and the best optimum is kept.

    Returns
    -------
    Components
        `theta` (m, a), `converged` (m,), and `at` with leading axis m.
    """
    restricted = check_choice("method", method, METHODS) == "REML"
    m, free = v.shape[0], np.ones(parts.size, dtype=bool)
    if parts.size == 0:
        empty = np.empty((m, 0))
        return Components(empty, evaluate(Data.of(y, x, v, parts), empty, restricted), np.ones(m, dtype=bool))
    scale = spread_of(y, v[0])
    unit = Data.of(y / scale, x, v / scale**2, parts)
    begin = parts.rescale(starts, 1.0 / scale)
    found = [_climb(unit, np.tile(first, (m, 1)), free, restricted) for first in begin]
    best = _best(np.array([value for _, value, _ in found]))
    each = np.arange(m)
    top, value = (np.array([f[part] for f in found])[best, each] for part in (0, 1))
    theta = parts.rescale(_ended(unit, top, value, free, restricted), scale)
    converged = np.array([found[s][2][i] for i, s in enumerate(best)])
    for i in np.flatnonzero(~converged):
        alone = fit_components(y, x, v[i], parts, method)
        theta[i], converged[i] = alone.theta, alone.converged
    return Components(theta, evaluate(replace(unit, y=y, v=v), theta, restricted), converged)


def _best(value: Array) -> Any:
    """Along the first axis, the first that no other exceeds by more than rounding."""
    return np.argmax(value >= value.max(axis=0) - BETTER, axis=0)


def first_starts(parts: Covariances, y: Array, v: Array) -> Array:
    """Starting points that cover small and large variances and correlations, shape (s, a)."""
    spread = spread_of(y, v)
    return np.array([parts.rescale(_start(parts, size, rho), spread) for size, rho in STARTS])


def _start(parts: Covariances, size: float, rho: float) -> Array:
    theta = []
    if parts.structure is not None:
        s = parts.structure
        natural = np.concatenate([np.full(s.n_sd, size), np.full(s.size - s.n_sd, max(rho, s.rho_low + 0.05))])
        theta.append(s.unconstrained(natural))
    theta.append(np.full(len(parts.nested), size))
    return np.concatenate(theta)


def _climb(
    data: Data, theta: Array, free: npt.NDArray[np.bool_], restricted: bool, steps: int = STEPS
) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Damped scoring from `theta` (m, a) under sampling covariances (m, n, n), effects on unit scale.

    Levenberg-Marquardt with the expected information; standard deviations stop at 0, and correlations where they are
    saturated, beyond which rounding hides the slopes. Returns where it ends, the log-likelihood there, and whether
    nothing is left to climb.
    """
    deviation = ~data.parts.is_correlation
    bounds = np.where(deviation, [[0.0], [np.inf]], [[-SATURATED], [SATURATED]])
    theta = np.where(free, np.clip(theta, *bounds), theta)
    at = evaluate(data, theta, restricted)
    damping = np.full(theta.shape[0], DAMPING)
    for _ in range(steps):
        active = (_slope(at, theta, bounds, free) > GRADIENT) & (damping < MOST_DAMPED)
        if not active.any():
            break
        step = _step(at, _open(at, theta, bounds, free), active, damping)
        least = np.where(deviation, SHRINK * theta[active], -SATURATED)
        moved = np.where(free, np.clip(theta[active] + step, least, bounds[1]), theta[active])
        trial = evaluate(data.take(active), moved, restricted)
        up = trial.value >= at.value[active]
        index = np.flatnonzero(active)[up]
        theta[index] = moved[up]
        for name in ("value", "gradient", "information"):
            getattr(at, name)[index] = getattr(trial, name)[up]
        damping[active] *= np.where(up, 0.1, 8.0)
    return np.where(deviation & (theta <= ZERO), 0.0, theta), at.value, _slope(at, theta, bounds, free) < FLAT


def _open(at: Likelihood, theta: Array, bounds: Array, free: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which parameters may move uphill: free, and not at a bound that the slope pushes beyond."""
    below = (theta <= bounds[0] + ZERO) & (at.gradient <= 0.0)
    above = (theta >= bounds[1] - ZERO) & (at.gradient >= 0.0)
    return np.asarray(free & ~(below | above))


def _slope(at: Likelihood, theta: Array, bounds: Array, free: npt.NDArray[np.bool_]) -> Array:
    return np.asarray(np.abs(np.where(_open(at, theta, bounds, free), at.gradient, 0.0)).max(axis=-1, initial=0.0))


def _step(at: Likelihood, moving: npt.NDArray[np.bool_], active: npt.NDArray[np.bool_], damping: Array) -> Array:
    """(I + damping diag I)^-1 gradient of the active fits; a floor keeps flat directions (a variance of 0) solvable."""
    may = moving[active]
    gradient = np.where(may, at.gradient[active], 0.0)
    information = np.where(may[:, :, None] & may[:, None, :], at.information[active], 0.0)
    diagonal = np.einsum("maa->ma", information)
    floor = 1e-9 * np.maximum(1.0, diagonal.sum(axis=-1, keepdims=True))
    ridge = damping[active][:, None] * (diagonal + floor) + floor
    damped = information + np.eye(gradient.shape[-1]) * ridge[:, None, :]
    return np.asarray(np.linalg.solve(damped, gradient[..., None])[..., 0])
