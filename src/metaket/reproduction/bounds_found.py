"""The completions that are searched when they are too many to enumerate: where to start, and what to climb towards."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.measures.registry import scale_of
from metaket.reproduction.bounds_answer import Span, Table
from metaket.reproduction.bounds_inputs import CELLS, Study, Tie
from metaket.reproduction.bounds_program import Program, cheapest
from metaket.reproduction.bounds_search import Asked, Neighbours, Results, climb, pool_choices
from metaket.reproduction.bounds_start import drawn, moved_to_fit

__all__ = ["RANGES", "found_by_search", "side_of", "spans_of"]

Ints = npt.NDArray[np.int64]
RANGES = ("estimate", "ci_low", "ci_high")
SPREADS = (0.0, 0.1, 0.4, 1.6, 6.4)  # values of tau2 at which starts are priced
TOLLS = (0.1, 0.3)  # z over twice the root of the sum of weights, for sums of 100 and of 10
PRICES = tuple(float(x) for x in np.geomspace(0.003, 1.0, 10))  # of an event, in effect times weight
SLACK = 0.3  # how much of an event a step away from the edge of a decision is worth: less than one
STARTS = 3


@dataclass(frozen=True, slots=True)
class Goal:
    """What to make as large as possible.

    Attributes
    ----------
    name : str
    sign : float
        -1 to make it as small as possible.
    value : callable
        (m,) values of results.
    """

    name: str
    sign: float
    value: Callable[[Results], Array]


def side_of(tie: Tie, better: str) -> int:
    """1 where the tie puts the interval above no difference, -1 below, 0 where it does neither."""
    if tie.quantity != "decision" or tie.printed.decision == "no difference":
        return 0
    up = (tie.printed.decision == "treatment better") == (better == "higher")
    return 1 if up else -1


def found_by_search(
    program: Program,
    asked: Asked,
    met: Sequence[tuple[int, ...]],
    proved: Mapping[str, tuple[float, float]],
    seed: int,
) -> Results:
    """What a seeded search finds, from the completions that the proof met and from priced ones.

    A climb towards the end of a range stops, or is not begun, where the proved end is reached.
    """
    side = next((s for s in (side_of(tie, asked.better) for tie in asked.ties) if s), 0)
    priced = _priced(program, side) if side else []
    space, rng = Neighbours(program.studies), np.random.default_rng(seed)
    starts = np.array([*met, *priced], dtype=np.int64).reshape(-1, len(program.studies))
    starts = np.unique(np.concatenate([starts, drawn(program, rng)]), axis=0)
    starts = np.concatenate([starts, moved_to_fit(program, asked, starts, rng)])
    seen = [pool_choices(program.studies, starts, asked)]
    tied = not all(tie.margin for tie in asked.ties)
    for goal in _goals():
        end = proved.get(goal.name, (-math.inf, math.inf))[1 if goal.sign > 0 else 0] * goal.sign
        score = _score(goal, side)
        values = np.where(seen[0].fits, goal.sign * goal.value(seen[0]), -np.inf)
        order = np.argsort(-values, kind="stable")[: STARTS if goal.name not in RANGES or tied else 1]
        open_ones = [i for i in order if -math.inf < values[i] < end - 1e-6 * (1.0 + abs(end))]
        seen += [climb(space, asked, starts[i], score, rng) for i in open_ones]
    found = Results.join(seen)
    return found.take(found.fits)


def _goals() -> list[Goal]:
    values: dict[str, Callable[[Results], Array]] = {name: attrgetter(name) for name in RANGES}
    for arm, events, size in (("t", 0, 1), ("c", 2, 3)):
        values[f"events_{arm}"] = partial(_total, events)
        values[f"rate_{arm}"] = partial(_rate, events, size)
    return [Goal(name, sign, value) for name, value in values.items() for sign in (1.0, -1.0)]


def _total(cell: int, found: Results) -> Array:
    return np.asarray(found.totals[:, cell])


def _rate(events: int, size: int, found: Results) -> Array:
    return np.asarray(100.0 * found.totals[:, events] / found.totals[:, size])


def _score(goal: Goal, side: int) -> Callable[[Results], Array]:
    """The goal; for counts, among equal ones the completion further from the edge of the printed decision."""

    def score(found: Results) -> Array:
        value = goal.sign * goal.value(found)
        if not side or goal.name in RANGES:
            return value
        slack = found.ci_low if side > 0 else -found.ci_high
        return np.asarray(value + SLACK * np.minimum(slack, 1.0))

    return score


def _priced(program: Program, side: int) -> list[tuple[int, ...]]:
    """Completions that buy the decision with as few events for it, and as many against it, as they can."""
    out = []
    against = ("events_c", -1.0), ("events_t", 1.0)
    for tau2 in SPREADS:
        weights = [s.used / (s.v + tau2) for s in program.studies]
        for toll in TOLLS:
            gains = [w * (side * s.y - toll) for s, w in zip(program.studies, weights, strict=True)]
            for name, sign in against:
                for price in PRICES:
                    costs = [
                        side * sign * price * s.cells[name] - gain
                        for s, gain in zip(program.studies, gains, strict=True)
                    ]
                    out.append(cheapest(program, costs).choice)
    return [choice for choice in out if choice]


def spans_of(
    studies: Sequence[Study], found: Results, asked: Asked, proved: Mapping[str, tuple[float, float]] | None
) -> dict[str, Span]:
    """The range of each quantity on the scale that people read; without `proved` everything was seen."""
    back = scale_of(asked.measure).back
    names = (*RANGES, *CELLS, "rate_t", "rate_c")
    seen = len(found.estimate) > 0
    if proved is None and not seen:
        return {}
    values: dict[str, Array] = {name: np.asarray(back(getattr(found, name))) for name in RANGES}
    values |= dict(zip(CELLS, found.totals.T, strict=True))
    values |= {f"rate_{arm}": 100.0 * values[f"events_{arm}"] / values[f"n_{arm}"] for arm in "tc"}
    out = {}
    for name in names:
        at = (int(values[name].argmin()), int(values[name].argmax())) if seen else ()
        ends = tuple(float(values[name][i]) for i in at) or (math.nan, math.nan)
        low, high = ends if proved is None else proved.get(name, (math.nan, math.nan))
        if proved is not None and name in RANGES:
            low, high = float(back(low)), float(back(high))
        shown = [_tables(studies, found.choices[i]) for i in at] or [(), ()]
        out[name] = Span(name, ends[0], ends[1], low, high, shown[0], shown[1])
    return out


def _tables(studies: Sequence[Study], choice: Ints) -> tuple[Table, ...]:
    cells = [[int(s.cells[name][i]) for name in CELLS] for s, i in zip(studies, choice, strict=True)]
    return tuple((s.name, a, n1, c, n2) for s, (a, n1, c, n2) in zip(studies, cells, strict=True))
