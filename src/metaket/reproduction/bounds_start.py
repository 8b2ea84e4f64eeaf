"""Completions to search from: drawn at random, and then moved until they agree with what is printed of the pool.

What the proof meets lies at the ends of the range. A printed estimate, limit, p-value or "no difference" may hold only
in between, so that a search needs places there, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.measures.registry import scale_of
from metaket.reproduction.bounds_inputs import CELLS, Tie
from metaket.reproduction.bounds_program import Program, cheapest
from metaket.reproduction.bounds_search import DECISIONS, Asked, Neighbours, Results, pool_choices
from metaket.reproduction.recover_text import SIGNIFICANT

__all__ = ["drawn", "moved_to_fit"]

Ints = npt.NDArray[np.int64]
DRAWS = 48
TABLES = 4_000_000  # of all studies together, that are priced for all draws: under half a second
MOVED = 6  # starts that are moved
STEPS = 60
GAIN = 1e-12


def drawn(program: Program, rng: np.random.Generator) -> Ints:
    """Completions whose totals fit, shape (m, k): each the cheapest under random prices of the counts, and of chance.

    The less the counts cost, the more is left to chance; so the draws lie all over the range.
    """
    size = sum(study.size for study in program.studies)
    out = []
    for draw in range(min(DRAWS, max(MOVED, TABLES // size))):
        scale = (draw % 8) / 2.0
        costs = []
        for study in program.studies:
            prices = scale * rng.standard_normal(len(CELLS))
            shares = [study.cells[name] / max(1, int(study.cells[name].max())) for name in CELLS]
            costs.append(rng.random(study.size) + sum(p * share for p, share in zip(prices, shares, strict=True)))
        out.append(cheapest(program, costs).choice)
    return np.array([choice for choice in out if choice], dtype=np.int64).reshape(-1, len(program.studies))


def moved_to_fit(program: Program, asked: Asked, starts: Ints, rng: np.random.Generator) -> Ints:
    """The starts that come nearest to what is printed of the pool, moved until they agree with it; shape (m, k)."""
    ties = [tie for tie in asked.ties if not tie.margin]
    if not ties or not len(starts):
        return starts[:0]
    space = Neighbours(program.studies)
    gaps = _gap(pool_choices(program.studies, starts, asked), ties, asked)
    order = np.argsort(gaps, kind="stable")[:MOVED]
    ends = [_moved(space, asked, ties, starts[i], float(gaps[i]), rng) for i in order if 0.0 < gaps[i] < math.inf]
    return np.array([end for end in ends if end is not None], dtype=np.int64).reshape(-1, len(program.studies))


def _moved(
    space: Neighbours, asked: Asked, ties: Sequence[Tie], at: Ints, gap: float, rng: np.random.Generator
) -> Ints | None:
    """Steps to neighbours that are nearer, until one agrees; None where no neighbour is."""
    for _ in range(STEPS):
        moves = space.around(at, rng)
        found = pool_choices(space.studies, moves, asked)
        gaps = _gap(found, ties, asked)
        if found.fits.any():
            return np.asarray(moves[int(found.fits.argmax())])
        pick = int(gaps.argmin())
        if not gaps[pick] < gap - GAIN:
            return None
        at, gap = moves[pick], float(gaps[pick])
    return None


def _gap(found: Results, ties: Sequence[Tie], asked: Asked) -> Array:
    """How far completions are from agreeing, on the analysis scale; infinite where their totals don't fit."""
    out = np.where(np.isfinite(found.estimate), 0.0, np.inf)
    totals = dict(zip(CELLS, found.totals.T, strict=True))
    for tie in asked.ties:
        if tie.margin:
            out = np.where(tie.fits_totals(totals), out, np.inf)
    with np.errstate(all="ignore"):
        for tie in ties:
            out = out + np.nan_to_num(_gap_of(found, tie, asked), nan=np.inf, posinf=np.inf)
    return np.asarray(out)


def _gap_of(found: Results, tie: Tie, asked: Asked) -> Array:
    scale = scale_of(asked.measure)
    if tie.quantity == "decision":
        null = float(scale.forward(scale.null))
        above, below = null - found.ci_low, found.ci_high - null
        if tie.printed.decision == DECISIONS[1]:
            return np.asarray(np.maximum(np.maximum(-above, -below), 0.0))
        up = (tie.printed.decision == DECISIONS[0]) == (asked.better == "higher")
        return np.asarray(np.maximum(above if up else below, 0.0))
    if tie.quantity in ("significant", "heterogeneity"):
        p = found.p_value if tie.quantity == "significant" else found.heterogeneity_p
        ends = (0.0, SIGNIFICANT) if tie.printed.decision == "significant" else (SIGNIFICANT, 1.0)
        return _outside(p, *ends)
    printed = tie.printed
    if tie.quantity == "p_value":
        if printed.relation == "words":
            ends = (0.0, SIGNIFICANT) if printed.decision == "significant" else (SIGNIFICANT, 1.0)
            return _outside(found.p_value, *ends)
        return _outside(found.p_value, printed.low, printed.high)
    low, high = (float(x) for x in (scale.forward(printed.low), scale.forward(printed.high)))
    ends = (-math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high)
    return _outside(getattr(found, tie.quantity), *ends)


def _outside(values: Array, low: float, high: float) -> Array:
    return np.asarray(np.maximum(np.maximum(low - values, values - high), 0.0))
