"""The smallest and largest value of a function over a box, every step evaluated as one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import optimize

from metaket._checks import Array

__all__ = ["SEARCHES", "Extremes", "extremes", "pointed"]

Batch = Callable[[Array], Array]  # (m, n) points of [-1, 1]^n -> (m,) values; NaN where a point is not admissible
STARTS = 8  # random corners beside those that the slopes point at
SWEEPS = 50
LEVELS = (-1.0, -0.5, 0.0, 0.5, 1.0)
STEP = 1e-4  # of the slopes of the last climb, as a share of half the box
SEED = 20160610
SEARCHES = {
    "corners": "corners only: exact for a function that is monotone in each input, and pseudo-linear",
    "climb": "corners and interior levels, one input at a time, then L-BFGS-B within the box",
    "slopes": "the middle, a step along each input, and the corners that these point at",
}


class Extremes(NamedTuple):
    """The range found, in how many evaluations of the function, and the spread within it.

    `sd` is the standard deviation of the function where each input is uniform in its interval, independently of the
    others, by its slopes at the middle: the root of sum(slope^2 / 3).
    """

    low: float
    high: float
    evaluations: int
    sd: float


class _Counted:
    """The function turned so that up is better, with the number of points it was asked for."""

    def __init__(self, func: Batch) -> None:
        self.func, self.sign, self.count = func, 1.0, 0

    def __call__(self, points: Array) -> Array:
        self.count += len(points)
        values = self.sign * self.func(points)
        return np.where(np.isnan(values), -np.inf, values)


def pointed(func: Batch, sketch: Batch, n: int) -> Extremes:
    """Range of a costly `func` over the box: its middle, and the corners that the slopes of a cheap `sketch` point at.

    Parameters
    ----------
    func, sketch : callable
        As in `extremes`. The sketch need only rise and fall with `func` near the middle; none of its values is kept.
    n : int
        Number of inputs, 1 or more.
    """
    along = sketch(np.vstack([np.zeros((1, n)), np.eye(n)]))
    with np.errstate(invalid="ignore"):
        slope = np.nan_to_num(along[1:] - along[0])
    up = np.where(slope >= 0, 1.0, -1.0)
    values = func(np.vstack([np.zeros(n), up, -up]))
    if np.isnan(values).all():
        return Extremes(float("nan"), float("nan"), len(values), float("nan"))
    return Extremes(float(np.nanmin(values)), float(np.nanmax(values)), len(values), _spread(slope))


def _spread(slope: Array) -> float:
    """Standard deviation of a sum of slope * u, the u uniform in [-1, 1] and independent."""
    return float(np.sqrt(np.sum(slope**2) / 3.0))


def extremes(func: Batch, n: int, search: str) -> Extremes:
    """Range of `func` over the box [-1, 1]^n.

    Parameters
    ----------
    func : callable
        From points, shape (m, n), to values, shape (m,).
    n : int
        Number of inputs, 1 or more.
    search : str
        A key of `SEARCHES`. After "corners" a corner that no single move betters is the extreme itself, where the
        function is monotone in each input and pseudo-linear; after the others a value outside cannot be excluded.

    Returns
    -------
    Extremes
        Values that points of the box give; NaN where no point is admissible.
    """
    up = _Counted(func)
    axes = np.vstack([np.zeros((1, n)), np.eye(n), -np.eye(n)])
    along = func(axes)
    up.count += len(axes)
    ends = []
    for sign in (-1.0, 1.0):
        up.sign = sign
        known = np.where(np.isnan(along), -np.inf, sign * along)
        point, value = _start(up, axes, known, STARTS if search != "slopes" else 0)
        if search != "slopes":
            point, value = _exchange(up, point, value, LEVELS if search == "climb" else (-1.0, 1.0))
        if search == "climb" and np.isfinite(value):
            value = max(value, _climb(up, point))
        ends.append(sign * value if np.isfinite(value) else np.nan)
    with np.errstate(invalid="ignore"):
        slope = np.nan_to_num((along[1 : n + 1] - along[n + 1 :]) / 2.0)
    return Extremes(float(ends[0]), float(ends[1]), up.count, _spread(slope))


def _start(up: _Counted, axes: Array, along: Array, corners: int) -> tuple[Array, float]:
    """The best of the points so far, the corner that their slopes point at, and random corners."""
    n = axes.shape[1]
    with np.errstate(invalid="ignore"):
        slope = np.nan_to_num(along[1 : n + 1] - along[n + 1 :])
    random = np.random.default_rng(SEED).choice([-1.0, 1.0], size=(corners, n))
    others = np.vstack([np.where(slope >= 0, 1.0, -1.0)[None, :], random])
    points, values = np.vstack([axes, others]), np.concatenate([along, up(others)])
    best = int(np.argmax(values))
    return points[best], float(values[best])


def _exchange(up: _Counted, point: Array, value: float, levels: tuple[float, ...]) -> tuple[Array, float]:
    """Move one input at a time, all such moves in a batch, and all gainful ones at once, until nothing gains."""
    n = point.size
    for _ in range(SWEEPS):
        moves = np.repeat(point[None, :], n * len(levels), axis=0)
        moves[np.arange(len(moves)), np.repeat(np.arange(n), len(levels))] = np.tile(levels, n)
        gains = up(moves)
        by_input = gains.reshape(n, len(levels))
        together = np.where(by_input.max(axis=1) > value, np.asarray(levels)[by_input.argmax(axis=1)], point)
        candidates = np.vstack([moves, together[None, :]])
        values = np.append(gains, up(together[None, :]))
        best = int(np.argmax(values))
        if not values[best] > value:
            break
        point, value = candidates[best], float(values[best])
    return point, value


def _climb(up: _Counted, point: Array) -> float:
    """The best value on the way of L-BFGS-B from `point`, its slopes by differences inside the box."""
    n, seen = point.size, [-np.inf]

    def down(x: Array) -> tuple[float, Array]:
        forth, back = np.minimum(x + STEP, 1.0), np.maximum(x - STEP, -1.0)
        rows = np.repeat(x[None, :], 2 * n, axis=0)
        rows[np.arange(n), np.arange(n)] = forth
        rows[np.arange(n, 2 * n), np.arange(n)] = back
        values = up(np.vstack([x[None, :], rows]))
        seen.append(float(values.max()))
        with np.errstate(invalid="ignore"):
            slope = (values[1 : n + 1] - values[n + 1 :]) / (forth - back)
        return -float(values[0]), -np.nan_to_num(slope, posinf=0.0, neginf=0.0)

    optimize.minimize(down, point, jac=True, method="L-BFGS-B", bounds=[(-1.0, 1.0)] * n, options={"maxiter": 30})
    return max(seen)
