"""Proved ranges of Mantel-Haenszel and Peto pools: branch and bound over the estimate.

With R, S and U as in `bounds_sums`, lambda = R / S and V(lambda) = sum_j lambda^p_j U_j, the limits of the interval are
theta(lambda) -+ z sqrt(V) / S. The least lambda is found exactly by Dinkelbach's method. For a limit the values of
lambda are cut into cells. Within one, V lies between two sums that are linear in the tables, and theta between two
lines: multiplied by S, a bound of the limit is a ratio of linear sums again, the square root being below its tangents
and above its secants. The cell whose bound is the outermost is cut in two, and so on.

A line need not be near theta outside its cell. Any that is on the right side of theta inside it gives a valid bound;
where the completion that attains the bound is outside the cell, the line is tilted until it is not, or until that
gains nothing.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from metaket._checks import Array
from metaket.reproduction.bounds_inputs import Study
from metaket.reproduction.bounds_program import Program, cheapest, whole
from metaket.reproduction.bounds_sums import Sums

__all__ = ["counted_pieces", "least_ratio", "ranges_of_counts"]

STEPS = 60  # of Dinkelbach's method, which converges faster than linearly
TOLERANCE = 1e-10  # of a sum of costs, relative to their size
SPLITS = 24  # cells that are cut
TILTS = 5  # lines that are tried in a cell
TOUCHES = 3  # tangents of the square root that are tried
PIECES = 8  # secants of it
DECIDED = 12  # cells for a printed decision
NEAR = 1e-7  # of the limit of a completion, where cutting ends

Choice = tuple[int, ...]


class Ratio(NamedTuple):
    """A least ratio of sums, and the completion that has it; empty where none fits."""

    value: float
    choice: Choice


class Line(NamedTuple):
    """a + b lambda."""

    intercept: float
    slope: float


@dataclass(frozen=True, slots=True)
class Cell:
    """Values of lambda, and the theta of both ends."""

    low: float
    high: float
    log: bool

    def theta(self, value: float) -> float:
        """The estimate that goes with a lambda."""
        return math.log(value) if self.log else value

    @property
    def secant(self) -> float:
        """The slope between the ends."""
        if not self.log:
            return 1.0
        gap = self.high - self.low
        return math.log1p(gap / self.low) / gap if gap > 0.0 else 1.0 / self.low

    def halves(self) -> tuple[Cell, Cell]:
        """Two cells; on the log scale of equal ratio."""
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2.0
        return Cell(self.low, middle, self.log), Cell(middle, self.high, self.log)

    def below(self, slope: float) -> Line:
        """The highest line of this slope that is below theta within the cell."""
        at = self.high if slope > self.secant else self.low
        return Line(self.theta(at) - slope * at, slope)

    def above(self, slope: float) -> Line:
        """The lowest line of this slope that is above theta within the cell."""
        if self.log:
            at = min(max(1.0 / slope, self.low), self.high) if slope > 0.0 else self.high
        else:
            at = self.low if slope > 1.0 else self.high
        return Line(self.theta(at) - slope * at, slope)


def least_ratio(
    program: Program,
    above: Sequence[Array],
    below: Sequence[Array],
    constant: float = 0.0,
    start: float = math.inf,
) -> Ratio:
    """The least (sum above + constant) / sum below, or `start` if it is lower; less what rounding may have hidden."""
    ratio = start
    choice: Choice = ()
    if math.isinf(start):
        choice = cheapest(program, above).choice
        ratio = (_sum(above, choice) + constant) / _sum(below, choice)
    for _ in range(STEPS):
        costs = [x - ratio * y for x, y in zip(above, below, strict=True)]
        found = cheapest(program, costs)
        size = _sum(below, found.choice)
        spread = (
            sum(abs(float(x[i])) for x, i in zip(above, found.choice, strict=True)) + abs(ratio) * size + abs(constant)
        )
        if found.value + constant >= -TOLERANCE * spread:
            return Ratio(ratio - TOLERANCE * spread / size, choice)
        ratio, choice = (_sum(above, found.choice) + constant) / size, found.choice
    return Ratio(-math.inf, choice)  # not converged: nothing is proved


def _sum(values: Sequence[Array], choice: Choice) -> float:
    return sum(float(x[i]) for x, i in zip(values, choice, strict=True))


def _limit(every: Sequence[Sums], choice: Choice, z: float) -> float:
    """The lower limit of a completion; infinite where rounding leaves it no variance."""
    r, s = _sum([x.r for x in every], choice), _sum([x.s for x in every], choice)
    ratio = r / s
    total = sum(ratio**power * _sum([x.parts[j] for x in every], choice) for j, power in enumerate(every[0].powers))
    return (math.log(ratio) if every[0].log else ratio) - z * math.sqrt(max(total, 0.0)) / s


def _lambda(every: Sequence[Sums], choice: Choice) -> float:
    return _sum([x.r for x in every], choice) / _sum([x.s for x in every], choice)


# a bound for a cell, or the lowest limit attained so far if that is lower; and the completions met
Bound = Callable[[Cell, float], tuple[float, list[Choice]]]


def _tilted(
    cell: Cell, every: Sequence[Sums], slope: float, side: int, bound: Callable[[float], Ratio]
) -> Iterator[Ratio]:
    """Bounds by lines of several slopes: tilted against the completion that attains the last, while it is outside.

    `side` is 1 for lines below theta and -1 for lines above it.
    """
    tilt, last = max(abs(slope), 1e-12), 0
    for _ in range(TILTS):
        found = bound(slope)
        yield found
        if not found.choice:
            return
        at = _lambda(every, found.choice)
        way = (at > cell.high) - (at < cell.low)
        if way == 0:
            return
        tilt *= 2.0 if way == last or last == 0 else 0.3
        slope, last = slope + side * way * tilt, way


def _least_in(
    program: Program, every: Sequence[Sums], z: float, cell: Cell, start: float
) -> tuple[float, list[Choice]]:
    """A lower bound of the lower limit, for the completions whose lambda is in the cell; or `start` if it is lower."""
    greatest = [x.spread(cell.low, cell.high)[1] for x in every]
    size = -cheapest(program, [-x for x in greatest]).value
    touch, best, met = max(size, 1e-300), -math.inf, []
    s = [x.s for x in every]

    def bound(slope: float) -> Ratio:
        line, scale = cell.below(slope), z / (2.0 * math.sqrt(touch))
        above = [line.intercept * x.s + line.slope * x.r - scale * v for x, v in zip(every, greatest, strict=True)]
        return least_ratio(program, above, s, -scale * touch, start)

    for _ in range(TOUCHES):
        found = list(_tilted(cell, every, cell.secant, 1, bound))
        met += [f.choice for f in found if f.choice]
        last = max(found, key=lambda f: f.value)
        best = max(best, last.value)
        if not last.choice:
            break
        touch = max(_sum(greatest, last.choice), 1e-300)
    return best, met


def _largest_in(
    program: Program, every: Sequence[Sums], z: float, cell: Cell, start: float
) -> tuple[float, list[Choice]]:
    """The same of the negated lower limit: less an upper bound of it."""
    least = [x.spread(cell.low, cell.high)[0] for x in every]
    fewest = max(cheapest(program, least).value, 0.0)
    most = max(-cheapest(program, [-x for x in least]).value, fewest, 1e-300)
    s, worst, met = [x.s for x in every], start, []
    slope = 1.0 / math.sqrt(cell.low * cell.high) if cell.log else 1.0
    for alpha, beta in _secants(fewest * (1.0 - 1e-9), most * (1.0 + 1e-9)):

        def bound(slope: float, alpha: float = alpha, beta: float = beta, least_yet: float = worst) -> Ratio:
            line = cell.above(slope)
            above = [z * beta * v - line.intercept * x.s - line.slope * x.r for x, v in zip(every, least, strict=True)]
            return least_ratio(program, above, s, z * alpha, least_yet)

        found = list(_tilted(cell, every, slope, -1, bound))
        met += [f.choice for f in found if f.choice]
        worst = min(worst, max(f.value for f in found))
    return worst, met


def _secants(low: float, high: float) -> Iterator[tuple[float, float]]:
    """Pieces of the square root from `low` to `high`, each as intercept and slope of its secant."""
    edges = np.geomspace(low, high, PIECES + 1) if low > 0.0 else np.array([0.0, high])
    roots = np.sqrt(edges)
    for i in range(len(edges) - 1):
        width = float(edges[i + 1] - edges[i])
        beta = float(roots[i + 1] - roots[i]) / width if width > 0.0 else 0.5 / float(roots[i])
        yield float(roots[i] - beta * edges[i]), beta


def _branch(
    ends: tuple[float, float],
    every: Sequence[Sums],
    bound: Bound,
    attained: Callable[[Choice], float],
    known: Sequence[Choice],
) -> tuple[float, list[Choice]]:
    """The least bound over cells that cover the values of lambda, cut where it is least."""
    first, best = Cell(*ends, every[0].log), min(map(attained, known))
    value, met = bound(first, best)
    heap, best = [(value, 0, first)], min([best, *map(attained, met)])
    free = not any(every[0].powers) and not every[0].log  # nothing depends on lambda
    for number in range(0 if free else SPLITS):
        value, _, cell = heap[0]
        if value >= best - NEAR * (1.0 + abs(best)) or not math.isfinite(value) or cell.low >= cell.high:
            break
        heapq.heappop(heap)
        for side, half in enumerate(cell.halves()):
            inner, more = bound(half, best)
            best = min([best, *map(attained, more)])
            heapq.heappush(heap, (max(inner, value), 2 * number + side + 1, half))
            met += more
    return heap[0][0], met


def _lower(
    program: Program, every: Sequence[Sums], ends: tuple[float, float], z: float, known: Sequence[Choice]
) -> tuple[tuple[float, float], list[Choice]]:
    """The range of the lower limit, from the completions that have the ends of lambda."""
    low, met = _branch(ends, every, partial(_least_in, program, every, z), lambda c: _limit(every, c, z), known)
    high, more = _branch(ends, every, partial(_largest_in, program, every, z), lambda c: -_limit(every, c, z), known)
    return (low, -high), met + more


def counted_pieces(
    studies: Sequence[Study], estimate: tuple[float, float], z: float, side: int
) -> Iterator[tuple[list[Array], float]]:
    """Gains of a pool of counts and the toll they have to exceed, for `bounds_decision.possible_totals`.

    Parameters
    ----------
    estimate : (float, float)
        Its proved range, on the analysis scale.
    side : {1, -1}
        1 where the lower limit has to be above no difference, -1 where the upper has to be below it.
    """
    every = [study.sums if side > 0 else study.sums.mirrored() for study in studies if study.sums is not None]
    low, high = max(0.0, min(side * x for x in estimate)), max(side * x for x in estimate)
    for inner, outer in pairwise(np.linspace(low, high, DECIDED + 1).tolist() if 0.0 < high >= low else []):
        back: Callable[[float], float] = math.exp if every[0].log else float
        cell = Cell(back(inner), back(outer), every[0].log)
        # the line from no difference through the cell's low end: above log lambda in the cell, and 0 at no difference
        line = cell.above(inner / (cell.low - 1.0) if cell.log and cell.low > 1.0 else 1.0)
        least = [x.spread(cell.low, cell.high)[0] for x in every]
        fewest, most = (max(sum(float(f(v)) for v in least), 0.0) for f in (np.min, np.max))
        for alpha, beta in _secants(fewest * (1.0 - 1e-9), max(most, 1e-300) * (1.0 + 1e-9)):
            gains = [line.intercept * x.s + line.slope * x.r - z * beta * v for x, v in zip(every, least, strict=True)]
            yield gains, z * alpha


def ranges_of_counts(program: Program, z: float) -> tuple[Mapping[str, tuple[float, float]], list[Choice]]:
    """Proved ranges of the estimate and of both ends of its interval; and the completions met on the way.

    Parameters
    ----------
    program : Program
        Of studies that have their `sums`.
    z : float
        The critical value.
    """
    every = [study.sums for study in program.studies if study.sums is not None]
    mirror = [x.mirrored() for x in every]
    r, s = [x.r for x in every], [x.s for x in every]
    low, high = least_ratio(program, r, s), least_ratio(program, [-x for x in r], s)
    ends = (low.value, -high.value)
    turned = (1.0 / ends[1], 1.0 / ends[0]) if every[0].log else (-ends[1], -ends[0])
    known = [low.choice, high.choice]
    lower, met = _lower(program, every, ends, z, known)
    upper, more = _lower(program, mirror, turned, z, known)
    back: Callable[[float], float] = math.log if every[0].log else float
    out = {"estimate": (back(ends[0]), back(ends[1])), "ci_low": lower, "ci_high": (-upper[1], -upper[0])}
    return out, [whole(program, choice) for choice in (*known, *met, *more)]
