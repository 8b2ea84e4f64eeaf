"""Completions that were looked at: all of them where they are few, else the best that a search found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket._distributions import critical, two_sided_p
from metaket.measures.registry import scale_of
from metaket.pooling.batch import fit_arrays
from metaket.pooling.heterogeneity import q_p_value
from metaket.pooling.spec import PoolSpec
from metaket.reproduction.bounds_inputs import CELLS, Study, Tie
from metaket.reproduction.recover_text import SIGNIFICANT, agrees

__all__ = ["Asked", "Results", "enumerate_all", "pool_choices", "search"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
ENUMERATE = 200_000  # completions that are pooled one by one: about a second
BLOCK = 20_000
MOVES = 200  # steps of one climb
DECISIONS = ("treatment better", "no difference", "control better")


@dataclass(frozen=True, slots=True)
class Asked:
    """How completions are pooled and judged.

    Attributes
    ----------
    measure : str
    spec : PoolSpec
    level : float
    better : str
    ties : tuple of Tie
    """

    measure: str
    spec: PoolSpec
    level: float
    better: str
    ties: tuple[Tie, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """Pooled results of many completions.

    Attributes
    ----------
    estimate, ci_low, ci_high : ndarray, shape (m,)
        On the analysis scale; NaN where nothing can be pooled.
    p_value, heterogeneity_p : ndarray, shape (m,)
    totals : ndarray, shape (m, 4)
        events_t, n_t, events_c, n_c over all studies.
    fits : ndarray of bool, shape (m,)
        Whether everything that is printed is met.
    """

    estimate: Array
    ci_low: Array
    ci_high: Array
    p_value: Array
    heterogeneity_p: Array
    totals: Array
    fits: Bools

    @staticmethod
    def join(parts: Sequence[Results]) -> Results:
        """One after the other."""
        return Results(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Results)))

    def take(self, keep: Bools | Ints) -> Results:
        """Some of them."""
        return Results(*(getattr(self, f.name)[keep] for f in fields(Results)))

    def decisions(self, measure: str, better: str) -> Ints:
        """Index into `DECISIONS` of each."""
        scale = scale_of(measure)
        null = float(scale.forward(scale.null))
        side = (self.ci_low > null).astype(np.int64) - (self.ci_high < null).astype(np.int64)
        return 1 - side * (1 if better == "higher" else -1)


def pool_choices(studies: Sequence[Study], choices: Ints, asked: Asked) -> Results:
    """Pool completions; `choices`, shape (m, k), names the table of each study."""
    picked = [(s.y[c], s.v[c], s.used[c]) for s, c in zip(studies, choices.T, strict=True)]
    y, v, used = (np.stack(x, axis=-1) for x in zip(*picked, strict=True))
    found = fit_arrays(y, v, asked.spec, include=used.astype(np.float64))
    estimate = found.coef[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.sqrt(found.vcov[:, 0, 0])
        half = critical(asked.level, found.df) * se
        p, q_p = two_sided_p(estimate / se, found.df), q_p_value(found.q, found.q_df)
    totals = np.stack([_total(studies, choices, name) for name in CELLS], axis=-1)
    out = Results(estimate, estimate - half, estimate + half, p, q_p, totals, np.isfinite(estimate))
    fits = out.fits.copy()
    for tie in asked.ties:
        fits &= _meets(tie, out, asked)
    return replace(out, fits=fits)


def _total(studies: Sequence[Study], choices: Ints, name: str) -> Array:
    return np.asarray(sum(s.cells[name][c] for s, c in zip(studies, choices.T, strict=True)), dtype=np.float64)


def _meets(tie: Tie, found: Results, asked: Asked) -> Bools:
    if tie.margin:
        return tie.fits_totals(dict(zip(CELLS, found.totals.T, strict=True)))
    if tie.quantity == "decision":
        return np.asarray(found.decisions(asked.measure, asked.better) == DECISIONS.index(tie.printed.decision))
    if tie.quantity in ("significant", "heterogeneity"):
        p = found.p_value if tie.quantity == "significant" else found.heterogeneity_p
        return np.asarray((p < SIGNIFICANT) == (tie.printed.decision == "significant"))
    values = getattr(found, tie.quantity)
    return agrees(tie.printed, values if tie.quantity == "p_value" else scale_of(asked.measure).back(values))


def enumerate_all(studies: Sequence[Study], asked: Asked) -> Results:
    """Every completion that fits the margins, pooled."""
    sizes = [s.size for s in studies]
    parts = []
    for start in range(0, math.prod(sizes), BLOCK):
        numbers = np.arange(start, min(start + BLOCK, math.prod(sizes)))
        parts.append(pool_choices(studies, np.stack(np.unravel_index(numbers, sizes), axis=-1), asked))
    return Results.join(parts)


Score = Callable[[Results], Array]


def search(
    studies: Sequence[Study], asked: Asked, starts: Ints, scores: Sequence[Score], rng: np.random.Generator
) -> Results:
    """Climb from the starts towards the greatest of each score; everything that fits on the way is kept."""
    seen = [pool_choices(studies, starts, asked)]
    space = _Neighbours(studies)
    for score in scores:
        values = np.where(seen[0].fits, score(seen[0]), -np.inf)
        if not np.isfinite(values.max()):
            continue
        at, best = starts[int(values.argmax())], float(values.max())
        for _ in range(MOVES):
            moves = space.around(at, rng)
            found = pool_choices(studies, moves, asked)
            values = np.where(found.fits, score(found), -np.inf)
            if not values.max() > best:
                break
            pick = int(values.argmax())
            at, best = moves[pick], float(values[pick])
            seen.append(found.take(np.array([pick])))
    return Results.join(seen)


class _Neighbours:
    """Completions beside one: a study's table changed, or an event moved from one study to another."""

    __slots__ = ("index", "studies")

    def __init__(self, studies: Sequence[Study]) -> None:
        self.studies = studies
        self.index = [
            {cells: i for i, cells in enumerate(zip(*(s.cells[n].tolist() for n in CELLS), strict=True))}
            for s in studies
        ]

    def around(self, at: Ints, rng: np.random.Generator, most: int = 40) -> Ints:
        """Neighbours of a completion, shape (m, k)."""
        out = [at]
        for j, study in enumerate(self.studies):
            tables = np.arange(study.size) if study.size <= most else rng.integers(0, study.size, most)
            out += [_with(at, {j: int(t)}) for t in tables]
        for j, i, cell in self._pairs():
            mine, theirs = self._shifted(at, j, cell, 1), self._shifted(at, i, cell, -1)
            if mine is not None:
                out.append(_with(at, {j: mine}))
            if theirs is not None:
                out.append(_with(at, {i: theirs}))
            if mine is not None and theirs is not None:
                out.append(_with(at, {j: mine, i: theirs}))
        return np.unique(np.stack(out), axis=0)

    def _pairs(self) -> Iterator[tuple[int, int, int]]:
        free = [[j for j, s in enumerate(self.studies) if np.ptp(s.cells[name]) > 0] for name in CELLS]
        for cell, members in enumerate(free):
            yield from ((j, i, cell) for j in members for i in members if i != j or len(members) == 1)

    def _shifted(self, at: Ints, study: int, cell: int, step: int) -> int | None:
        cells = [int(self.studies[study].cells[name][at[study]]) for name in CELLS]
        cells[cell] += step
        return self.index[study].get((cells[0], cells[1], cells[2], cells[3]))


def _with(at: Ints, changes: dict[int, int]) -> Ints:
    out = at.copy()
    for study, table in changes.items():
        out[study] = table
    return out
