"""Completions that were looked at: all of them where they are few, else the best that a search found."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket._distributions import critical, two_sided_p
from metaket.measures.registry import scale_of
from metaket.pooling.batch import fit_arrays
from metaket.pooling.heterogeneity import q_p_value
from metaket.pooling.mantel_haenszel import FORMULAS
from metaket.pooling.peto import one_step
from metaket.pooling.spec import PoolSpec
from metaket.reproduction.bounds_inputs import CELLS, Study, Tie
from metaket.reproduction.bounds_sums import COUNTED
from metaket.reproduction.recover_text import SIGNIFICANT, agrees

__all__ = ["Asked", "Neighbours", "Results", "climb", "enumerate_all", "pool_choices"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
ENUMERATE = 200_000  # completions that are pooled one by one: about a second
BLOCK = 20_000
MOVES = 200  # steps of one climb
GAIN = 1e-9  # of a step, for it to count
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
    choices : ndarray of int, shape (m, k)
        The table of each study.
    """

    estimate: Array
    ci_low: Array
    ci_high: Array
    p_value: Array
    heterogeneity_p: Array
    totals: Array
    fits: Bools
    choices: Ints

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
    fit = _counted if asked.spec.model in COUNTED else _weighted
    estimate, variance, df, q, q_df = fit(studies, choices, asked)
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.sqrt(variance)
        half = critical(asked.level, df) * se
        p, q_p = two_sided_p(estimate / se, df), q_p_value(q, q_df)
    totals = np.stack([_total(studies, choices, name) for name in CELLS], axis=-1)
    usable = np.isfinite(estimate) & np.isfinite(half)  # a single study has no interval by a t-type test
    out = Results(estimate, estimate - half, estimate + half, p, q_p, totals, usable, choices)
    fits = out.fits.copy()
    for tie in asked.ties:
        fits &= _meets(tie, out, asked)
    return replace(out, fits=fits)


Fit = tuple[Array, Array, Array, Array, Array]  # estimate, variance, its degrees of freedom, Q and its


def _picked(studies: Sequence[Study], choices: Ints) -> tuple[Array, Array, Array]:
    """Effects, variances and whether each is used, shape (m, k)."""
    parts = [(s.y[c], s.v[c], s.used[c]) for s, c in zip(studies, choices.T, strict=True)]
    y, v, used = (np.stack(x, axis=-1) for x in zip(*parts, strict=True))
    return y, v, used.astype(np.float64)


def _weighted(studies: Sequence[Study], choices: Ints, asked: Asked) -> Fit:
    y, v, used = _picked(studies, choices)
    found = fit_arrays(y, v, asked.spec, include=used)
    return found.coef[:, 0], found.vcov[:, 0, 0], found.df, found.q, found.q_df


def _counted(studies: Sequence[Study], choices: Ints, asked: Asked) -> Fit:
    y, v, used = _picked(studies, choices)
    parts = [[s.cells[name][c] for s, c in zip(studies, choices.T, strict=True)] for name in CELLS]
    a, n1, c, n2 = (np.stack(part, axis=-1).astype(np.float64) for part in parts)
    tables = a * used, n1, c * used, n2  # what is left out has no event, and adds nothing
    with np.errstate(invalid="ignore", divide="ignore"):
        if asked.spec.model == "peto":
            estimate, variance, q, _ = one_step(*tables)
        else:
            estimate, variance, _ = FORMULAS[asked.measure](*tables)
            q = (used * (y - estimate[:, None]) ** 2 / v).sum(axis=-1)
        estimate = np.where(np.isfinite(estimate) & (variance > 0), estimate, np.nan)
    return estimate, variance, np.full_like(estimate, np.inf), q, used.sum(axis=-1) - 1.0


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


def climb(space: Neighbours, asked: Asked, start: Ints, score: Score, rng: np.random.Generator) -> Results:
    """Steps from `start` to better neighbours, as long as there is one that fits; the results of every step."""
    studies, at, best = space.studies, start, -math.inf
    steps = []
    for _ in range(MOVES):
        moves = space.around(at, rng)
        found = pool_choices(studies, moves, asked)
        values = np.where(found.fits, score(found), -np.inf)
        pick = int(values.argmax())
        if not values[pick] > best + GAIN:
            break
        at, best = moves[pick], float(values[pick])
        steps.append(found.take(np.array([pick])))
    return Results.join(steps or [pool_choices(studies, start[None, :], asked)])


class Neighbours:
    """Completions beside one: a study's table changed, a count one up or down, or one moved between two studies."""

    __slots__ = ("beside", "studies")

    def __init__(self, studies: Sequence[Study]) -> None:
        self.studies = studies
        self.beside = [_beside(study) for study in studies]

    def around(self, at: Ints, rng: np.random.Generator, most: int = 40) -> Ints:
        """Neighbours of a completion, shape (m, k), itself the first."""
        parts = [at[None, :]]
        for j, study in enumerate(self.studies):
            tables = np.arange(study.size) if study.size <= most else rng.integers(0, study.size, most)
            parts.append(_changed(at, np.full(len(tables), j), tables))
        steps = np.stack([table[:, :, at[j]] for j, table in enumerate(self.beside)])  # (k, cell, down or up)
        for cell in range(len(CELLS)):
            down, up = (np.flatnonzero(steps[:, cell, way] >= 0) for way in (0, 1))
            parts.append(_changed(at, down, steps[down, cell, 0]))
            parts.append(_changed(at, up, steps[up, cell, 1]))
            give, take = (x.ravel() for x in np.meshgrid(down, up))
            apart = give != take
            rows = _changed(at, give[apart], steps[give[apart], cell, 0])
            rows[np.arange(len(rows)), take[apart]] = steps[take[apart], cell, 1]
            parts.append(rows)
        return np.concatenate(parts)


def _beside(study: Study) -> Ints:
    """For each cell, one down and one up, the table that differs in that count only, or -1; shape (4, 2, m)."""
    base = 2 + max(int(study.cells[name].max()) for name in CELLS)
    strides = [base**power for power in (3, 2, 1, 0)]
    code = np.asarray(sum(study.cells[name] * stride for name, stride in zip(CELLS, strides, strict=True)))
    order = np.argsort(code)
    out = np.full((len(CELLS), 2, study.size), -1, dtype=np.int64)
    for cell, stride in enumerate(strides):
        for way, step in enumerate((-stride, stride)):
            place = np.minimum(np.searchsorted(code[order], code + step), study.size - 1)
            out[cell, way] = np.where(code[order][place] == code + step, order[place], -1)
    return out


def _changed(at: Ints, studies: Ints, tables: Ints) -> Ints:
    """`at` once for each change, the table of that study replaced."""
    rows = np.tile(at, (len(studies), 1))
    rows[np.arange(len(studies)), studies] = tables
    return rows
