"""Ranges that no completion can leave, proved: a program over event totals.

A completion gives each study one of its tables. A common-effect estimate is a ratio of sums over the studies, S / W
with S = sum w y and W = sum w, and what the paper printed ties the studies only by sums of counts. The least ratio
under such ties is found exactly by Dinkelbach's method: lambda is the least S / W when the least S - lambda W is 0, and
that sum is minimised study by study over the reachable totals (dynamic programming). For random effects the weights
1 / (v + tau2) are not known, only that tau2 lies in a cell [t1, t2]: each weight is then free between its two ends,
which can only widen the range. The cells cover every tau2 that the estimator can give.

Dinkelbach (1967) Manag Sci 13:492-498; for what unknown cells leave open, Manski (2003) Partial Identification.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from metaket._checks import Array
from metaket.reproduction.bounds_inputs import Study
from metaket.reproduction.bounds_program import Program, cheapest, whole

__all__ = ["BOUNDED", "Weights", "cells_of_tau2", "largest_low", "least_estimate", "least_low", "ranges_of", "secants"]

STEPS = 60  # of Dinkelbach's method, which converges faster than linearly
TOLERANCE = 1e-10  # of a sum of costs, relative to their size
# tau2 <= D^2 / 2 where D is the range of the effects. sum w (y - mean)^2 = sum_{i<j} w_i w_j d_ij^2 / W is at most
# D^2 / 2 times C = W - sum w^2 / W: that bounds every estimator by moments. For REML, whose equation is
# sum w^2 (y - mean)^2 = C, and ML and EB likewise, w <= 1 / tau2 gives it. PMM can give 2.2 times as much.
BOUNDED = ("DL", "HE", "HS", "HSk", "SJ", "REML", "ML", "PM", "EB", "DL2", "HE2")
GRID = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
SOLVED = 1e-6  # of tau2, by which an iterative estimator may miss its root
PIECES = 6  # secants of the square root
TOUCHES = 3  # tangents that are tried


class Weights(NamedTuple):
    """Least and greatest weight of every table of a study, for a cell of tau2; 0 where it is not used."""

    least: Array
    greatest: Array


def cells_of_tau2(
    studies: Sequence[Study], known: float | None, grid: Sequence[float] = GRID
) -> Iterator[tuple[Weights, ...]]:
    """The weights of each cell; one cell, without width, where tau2 is known (0 for the common-effect model).

    The cells end at D^2 / 2, where D is the range of the effects: the estimators that `BOUNDED` names give no more.
    With `known` infinite there is one more cell, without end. Its weights are multiplied by its lower edge, which no
    ratio of sums notices.
    """
    if known is not None and math.isfinite(known):
        yield tuple(Weights(s.used / (s.v + known), s.used / (s.v + known)) for s in studies)
        return
    top = _largest_tau2(studies)
    for low, high in pairwise([*(t for t in grid if t < top), top]):
        yield tuple(Weights(s.used / (s.v + high), s.used / (s.v + low)) for s in studies)
    if known is not None:
        yield tuple(Weights(s.used * top / (s.v + top), s.used.astype(np.float64)) for s in studies)


def _largest_tau2(studies: Sequence[Study]) -> float:
    highest = max(float(s.y[s.used].max()) for s in studies if s.used.any())
    lowest = min(float(s.y[s.used].min()) for s in studies if s.used.any())
    return max((highest - lowest) ** 2 / 2.0 * (1.0 + SOLVED), GRID[1])


Effects = Sequence[Array]


def _least_ratio(
    program: Program, y: Effects, weights: Sequence[Weights], constant: float, start: float
) -> tuple[float, float, tuple[int, ...]]:
    """The least (sum w y + constant) / sum w, or `start` if it is lower; with the W and the tables that give it.

    A table with y below lambda takes its greatest weight, one above its least.
    """
    ratio, total = start, math.nan
    choice: tuple[int, ...] = ()
    for _ in range(STEPS):
        picked = [np.where(e < ratio, w.greatest, w.least) for e, w in zip(y, weights, strict=True)]
        costs = [w * (e - ratio) for w, e in zip(picked, y, strict=True)]
        found = cheapest(program, costs)
        if not found.choice:
            return ratio, total, choice
        size = sum(float(w[i]) for w, i in zip(picked, found.choice, strict=True))
        spread = sum(abs(float(cost[i])) for cost, i in zip(costs, found.choice, strict=True)) + abs(constant)
        if found.value + constant >= -TOLERANCE * max(spread, 1e-300) or size <= 0.0:
            return ratio, total, choice
        above = sum(float(w[i] * e[i]) for w, e, i in zip(picked, y, found.choice, strict=True))
        ratio, total, choice = (above + constant) / size, size, found.choice
    return ratio, total, choice


def least_estimate(program: Program, y: Effects, known: float | None) -> tuple[float, list[tuple[int, ...]]]:
    """A lower bound of the pooled estimate, exact where tau2 is known; and the completions met on the way."""
    best, met = math.inf, []
    for weights in cells_of_tau2(program.studies, known):
        start = best if math.isfinite(best) else _highest(program.studies, y)
        value, _, choice = _least_ratio(program, y, weights, 0.0, start)
        best = min(best, value)
        met += [choice] if choice else []
    return best, met


def _highest(studies: Sequence[Study], y: Effects) -> float:
    return max(float(e[s.used].max()) for s, e in zip(studies, y, strict=True) if s.used.any()) + 1.0


def _reach(program: Program, weights: Sequence[Weights]) -> tuple[float, float]:
    """The least and the greatest sum of weights of a completion that can be pooled."""
    least = cheapest(program, [w.least for w in weights]).value
    greatest = -cheapest(program, [-w.greatest for w in weights]).value
    if least <= 0.0:
        least = min(float(w.least[s.used].min()) for s, w in zip(program.studies, weights, strict=True) if s.used.any())
    return least, max(greatest, least)


def least_low(program: Program, y: Effects, known: float | None, z: float) -> tuple[float, list[tuple[int, ...]]]:
    """A lower bound of the interval's lower end, S / W - z / sqrt(W).

    sqrt(W) is below each of its tangents, so that S - t W - z sqrt(W) is at least the sum with a tangent in its place;
    the tangent is moved to the W of the completion found, and the best of all is kept.
    """
    worst, met = math.inf, []
    for weights in cells_of_tau2(program.studies, known, GRID[::2]):
        low, high = _reach(program, weights)
        best, touch = -math.inf, math.sqrt(low * high)
        for _ in range(TOUCHES):
            slope = z / (2.0 * math.sqrt(touch))
            start = _highest(program.studies, y)
            value, size, choice = _least_ratio(program, y, weights, -z * math.sqrt(touch) / 2.0, start)
            met += [choice] if choice else []
            best = max(best, value - slope)
            if not choice or abs(size - touch) <= 1e-6 * touch:
                break
            touch = min(max(size, low), high)
        worst = min(worst, best)
    return worst, met


def largest_low(program: Program, y: Effects, known: float | None, z: float) -> tuple[float, list[tuple[int, ...]]]:
    """An upper bound of the interval's lower end.

    sqrt(W) is above its secants inside their piece: there S - u W - z sqrt(W) is at most the sum with the secant.
    """
    best, met = -math.inf, []
    for weights in cells_of_tau2(program.studies, known):
        negative = [-e for e in y]
        least, greatest = _reach(program, weights)
        for alpha, beta in secants(least, greatest):
            start = -best - z * beta if math.isfinite(best) else _highest(program.studies, negative) + z * alpha / least
            value, _, choice = _least_ratio(program, negative, weights, z * alpha, start)
            best = max(best, -value - z * beta)
            met += [choice] if choice else []
    return best, met


def secants(low: float, high: float) -> Iterator[tuple[float, float]]:
    """Pieces of the square root between `low` and `high`, each as intercept and slope of its secant."""
    edges = np.geomspace(low * (1 - 1e-9), high * (1 + 1e-9), PIECES + 1)
    roots = np.sqrt(edges)
    for i in range(PIECES):
        beta = float((roots[i + 1] - roots[i]) / (edges[i + 1] - edges[i]))
        yield float(roots[i] - beta * edges[i]), beta


def ranges_of(
    program: Program, known: float | None, z: float | None
) -> tuple[Mapping[str, tuple[float, float]], list[tuple[int, ...]]]:
    """Proved ranges of the estimate and, where `z` is given, of both ends; and the completions met on the way."""
    y = [study.y for study in program.studies]
    negative = [-e for e in y]
    low, met = least_estimate(program, y, known)
    high, more = least_estimate(program, negative, known)
    out, seen = {"estimate": (low, -high)}, [*met, *more]
    if z is not None:
        parts = [least_low(program, y, known, z), largest_low(program, y, known, z)]
        parts += [largest_low(program, negative, known, z), least_low(program, negative, known, z)]
        out["ci_low"], out["ci_high"] = (parts[0][0], parts[1][0]), (-parts[2][0], -parts[3][0])
        seen += [choice for _, found in parts for choice in found]
    return out, [whole(program, choice) for choice in seen]
