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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.reproduction.bounds_inputs import CELLS, MARGINS, Study, Tie

__all__ = ["Program", "Solution", "cells_of_tau2", "largest_low", "least_estimate", "least_low", "make_program"]

Ints = npt.NDArray[np.int64]
STATES = 60_000  # reachable totals that are kept apart
WORK = 4_000_000  # totals times the distinct keys of a study
STEPS = 60  # of Dinkelbach's method, which converges faster than linearly
TOLERANCE = 1e-10  # of a sum of costs, relative to their size
BOUNDED = (
    "DL",
    "HE",
    "PM",
)  # tau2 <= D^2 / 2: Q / C, sum (y - mean)^2 / (k - 1) and Q(tau2) = k - 1 are means of d^2 / 2
GRID = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
PIECES = 6  # secants of the square root


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Studies, and the totals that are kept apart.

    Attributes
    ----------
    studies : tuple of Study
    keys : tuple of ndarray
        For each study its distinct contributions to the total, as one number.
    order, starts : tuple of ndarray
        The study's tables sorted by key, and where each key begins.
    allowed : ndarray of bool, shape (states,)
        The totals that fit the ties.
    relaxed : tuple of str
        Labels of ties that had to be left out; the ranges are then valid, but wider.
    """

    studies: tuple[Study, ...]
    keys: tuple[Ints, ...]
    order: tuple[Ints, ...]
    starts: tuple[Ints, ...]
    allowed: npt.NDArray[np.bool_]
    relaxed: tuple[str, ...]


class Solution(NamedTuple):
    """The value of a program and the table of each study that attains it (in the relaxed problem)."""

    value: float
    choice: tuple[int, ...]


def make_program(studies: Sequence[Study], ties: Sequence[Tie]) -> Program:
    """Set up the totals that the margin ties need; a tie for which that takes too much is relaxed, and said so."""
    ties = [tie for tie in ties if tie.margin]
    kept: list[Tie] = []
    relaxed: list[str] = []
    for tie in ties:
        if _affordable(studies, [*kept, tie]):
            kept.append(tie)
        else:
            relaxed.append(tie.label or tie.quantity)
    names = _varying(studies, kept)
    counted = not any(study.used.all() for study in studies)  # else something is pooled whatever the rest says
    tops = [sum(int(study.cells[name].max()) for study in studies) for name in names]
    shape = (len(studies) + 1 if counted else 1, *(top + 1 for top in tops))
    strides = np.array([math.prod(shape[i + 1 :]) for i in range(len(shape))], dtype=np.int64)
    keys, order, starts = [], [], []
    for study in studies:
        columns = [study.used.astype(np.int64) if counted else np.zeros(study.size, dtype=np.int64)]
        columns += [study.cells[name] for name in names]
        key = sum(column * stride for column, stride in zip(columns, strides, strict=True))
        sorting = np.argsort(key, kind="stable")
        distinct, first = np.unique(key[sorting], return_index=True)
        keys.append(distinct)
        order.append(sorting)
        starts.append(first)
    allowed = _allowed(studies, kept, names, shape, counted)
    return Program(tuple(studies), tuple(keys), tuple(order), tuple(starts), allowed, tuple(relaxed))


def _varying(studies: Sequence[Study], ties: Sequence[Tie]) -> list[str]:
    """The cells that the ties add up and that are not known in every study."""
    named = {name for tie in ties for name in MARGINS[tie.quantity]}
    return [n for n in CELLS if n in named and any(np.ptp(study.cells[n]) > 0 for study in studies)]


def _affordable(studies: Sequence[Study], ties: Sequence[Tie]) -> bool:
    names = _varying(studies, ties)
    states = math.prod(1 + sum(int(study.cells[n].max()) for study in studies) for n in names)
    widest = max(math.prod(int(np.ptp(study.cells[n])) + 1 for n in names) for study in studies)
    return states <= STATES and states * widest <= WORK


def _allowed(
    studies: Sequence[Study], ties: Sequence[Tie], names: Sequence[str], shape: tuple[int, ...], counted: bool
) -> npt.NDArray[np.bool_]:
    places = np.indices(shape).reshape(len(shape), -1)
    totals = {name: places[i].astype(np.float64) for i, name in enumerate(names, start=1)}
    for name in CELLS:
        if name not in totals:
            totals[name] = np.full(places.shape[1], float(sum(int(study.cells[name][0]) for study in studies)))
    keep = np.ones(places.shape[1], dtype=bool)
    for tie in ties:
        keep &= tie.fits_totals(totals)
    return keep & (places[0] > 0) if counted else keep


def cheapest(program: Program, costs: Sequence[Array]) -> Solution:
    """The completion of least total cost whose totals fit; infinite where none does."""
    best = np.full(program.allowed.shape, np.inf)
    best[0] = 0.0
    trail = []
    for keys, order, starts, cost in zip(program.keys, program.order, program.starts, costs, strict=True):
        least = np.minimum.reduceat(cost[order], starts)
        before = np.arange(len(best))[:, None] - keys[None, :]
        reached = np.where(before >= 0, best[before], np.inf) + least[None, :]
        pick = reached.argmin(axis=1)
        trail.append(pick)
        best = reached[np.arange(len(best)), pick]
    best = np.where(program.allowed, best, np.inf)
    state = int(best.argmin())
    value = float(best[state])
    return Solution(value, _walk_back(program, costs, trail, state) if math.isfinite(value) else ())


def _walk_back(program: Program, costs: Sequence[Array], trail: Sequence[Ints], state: int) -> tuple[int, ...]:
    choice = []
    for i in range(len(costs) - 1, -1, -1):
        slot = int(trail[i][state])
        ends = [*program.starts[i].tolist(), len(program.order[i])]
        tables = program.order[i][ends[slot] : ends[slot + 1]]
        choice.append(int(tables[costs[i][tables].argmin()]))
        state -= int(program.keys[i][slot])
    return tuple(reversed(choice))


class Weights(NamedTuple):
    """Least and greatest weight of every table of a study, for a cell of tau2; 0 where it is not used."""

    least: Array
    greatest: Array


def cells_of_tau2(studies: Sequence[Study], known: float | None) -> Iterator[tuple[Weights, ...]]:
    """The weights of each cell; one cell, without width, where tau2 is known (0 for the common-effect model).

    The cells end at D^2 / 2, where D is the range of the effects: the estimators that `BOUNDED` names give no more.
    With `known` infinite there is one more cell, without end. Its weights are multiplied by its lower edge, which no
    ratio of sums notices.
    """
    if known is not None and math.isfinite(known):
        yield tuple(Weights(s.used / (s.v + known), s.used / (s.v + known)) for s in studies)
        return
    top = _largest_tau2(studies)
    for low, high in pairwise([*(t for t in GRID if t < top), top]):
        yield tuple(Weights(s.used / (s.v + high), s.used / (s.v + low)) for s in studies)
    if known is not None:
        yield tuple(Weights(s.used * top / (s.v + top), s.used.astype(np.float64)) for s in studies)


def _largest_tau2(studies: Sequence[Study]) -> float:
    highest = max(float(s.y[s.used].max()) for s in studies if s.used.any())
    lowest = min(float(s.y[s.used].min()) for s in studies if s.used.any())
    return max((highest - lowest) ** 2 / 2.0, GRID[1])


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
    """The least and the greatest sum of weights."""
    least = cheapest(program, [w.least for w in weights]).value
    greatest = -cheapest(program, [-w.greatest for w in weights]).value
    return max(least, 1e-12), max(greatest, 1e-12)


def least_low(program: Program, y: Effects, known: float | None, z: float) -> tuple[float, list[tuple[int, ...]]]:
    """A lower bound of the interval's lower end, S / W - z / sqrt(W).

    sqrt(W) is below each of its tangents, so that S - t W - z sqrt(W) is at least the sum with a tangent in its place;
    the tangent is moved to the W of the completion found, and the best of all is kept.
    """
    worst, met = math.inf, []
    for weights in cells_of_tau2(program.studies, known):
        low, high = _reach(program, weights)
        best, touch = -math.inf, math.sqrt(low * high)
        for _ in range(PIECES):
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


Bound = Callable[[Program, Effects, float | None], tuple[float, list[tuple[int, ...]]]]


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
    return out, seen
