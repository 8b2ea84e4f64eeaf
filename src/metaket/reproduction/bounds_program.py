"""A program over totals: the cheapest completion of a set of studies whose totals of counts fit what is printed.

The states after each study are the totals that its tables and those before it can reach, and from which a total that
fits can still be reached. Only these are kept, so that studies that are wholly known cost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.reproduction.bounds_inputs import CELLS, MARGINS, Study, Tie

__all__ = ["Program", "Solution", "cheapest", "make_program", "thinned", "whole"]

Ints = npt.NDArray[np.int64]
WORK = 3_000_000  # steps from one total to another, for one study
FEW = 5_000  # tables of a study below which none is left out


class Steps(NamedTuple):
    """From the totals before a study to those after it, sorted by the latter.

    Attributes
    ----------
    before, slot : ndarray, shape (steps,)
        The total before, and which of the study's keys is added.
    starts : ndarray, shape (totals after,)
        Where the steps to each total begin.
    """

    before: Ints
    slot: Ints
    starts: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Studies, and the totals that are kept apart.

    Attributes
    ----------
    studies : tuple of Study
    origin : tuple of ndarray
        For each study which of its tables these are.
    order, starts : tuple of ndarray
        The study's tables sorted by key (their contribution to the totals), and where each key begins.
    steps : tuple of Steps
        Empty where no completion fits the ties.
    relaxed : tuple of str
        Labels of ties that had to be left out; the ranges are then valid, but wider.
    """

    studies: tuple[Study, ...]
    origin: tuple[Ints, ...]
    order: tuple[Ints, ...]
    starts: tuple[Ints, ...]
    steps: tuple[Steps, ...]
    relaxed: tuple[str, ...]


class Solution(NamedTuple):
    """The value of a program and the table of each of its studies that attains it."""

    value: float
    choice: tuple[int, ...]


def make_program(studies: Sequence[Study], ties: Sequence[Tie]) -> Program:
    """Set up the totals that the margin ties need; a tie for which that takes too much is relaxed, and said so.

    A completion needs a study that is used: unless one always is, whether it has one is part of the total. Models of
    counts have several such needs (`Study.needs`), and each is a bit of the state.
    """
    counted = [j for j in range(len(studies[0].needs)) if not any(study.needs[j].all() for study in studies)]
    kept: list[Tie] = []
    relaxed: list[str] = []
    best = _built(studies, kept, counted)
    for tie in ties:
        if not tie.margin:
            continue
        tried = _built(studies, [*kept, tie], counted)
        if tried is None:
            relaxed.append(tie.label or tie.quantity)
        else:
            best = tried
            kept.append(tie)
    if best is None:
        raise MemoryError("a program without ties has as many totals as studies")
    return replace(best, relaxed=tuple(relaxed))


def _built(studies: Sequence[Study], ties: Sequence[Tie], counted: Sequence[int]) -> Program | None:
    """The program, or None where it takes too much."""
    names = _varying(studies, ties)
    tops = [1 + sum(int(study.cells[name].max()) for study in studies) for name in names]
    strides = [math.prod(tops[i + 1 :]) for i in range(len(tops))]
    flag = math.prod(tops)
    order, starts, forward = [], [], []
    states: Ints = np.zeros(1, dtype=np.int64)
    for study in studies:
        key = np.zeros(study.size, dtype=np.int64)
        for bit, need in enumerate(counted):
            key += study.needs[need].astype(np.int64) * (flag << bit)
        for name, stride in zip(names, strides, strict=True):
            key = key + study.cells[name] * stride
        sorting = np.argsort(key, kind="stable")
        keys, first = np.unique(key[sorting], return_index=True)
        order.append(sorting)
        starts.append(first)
        if len(states) * len(keys) > WORK:
            return None
        sums = states[:, None] % flag + keys[None, :] % flag
        sums += (states[:, None] // flag | keys[None, :] // flag) * flag
        states, after = np.unique(sums, return_inverse=True)
        forward.append(after.reshape(sums.shape))
    totals = {name: states % flag // stride % top for name, stride, top in zip(names, strides, tops, strict=True)}
    fits = _fitting(studies, ties, {name: x.astype(np.float64) for name, x in totals.items()}, len(states))
    fits &= states // flag == (1 << len(counted)) - 1
    origin = tuple(np.arange(study.size) for study in studies)
    return Program(tuple(studies), origin, tuple(order), tuple(starts), _backward(forward, fits), ())


def _varying(studies: Sequence[Study], ties: Sequence[Tie]) -> list[str]:
    """The cells that the ties add up and that are not known in every study."""
    named = {name for tie in ties for name in MARGINS[tie.quantity]}
    return [n for n in CELLS if n in named and any(np.ptp(study.cells[n]) > 0 for study in studies)]


def _fitting(
    studies: Sequence[Study], ties: Sequence[Tie], totals: dict[str, Array], size: int
) -> npt.NDArray[np.bool_]:
    for name in CELLS:
        if name not in totals:
            totals[name] = np.full(size, float(sum(int(study.cells[name][0]) for study in studies)))
    keep = np.ones(size, dtype=bool)
    for tie in ties:
        keep &= tie.fits_totals(totals)
    return keep


def _backward(forward: Sequence[Ints], fits: npt.NDArray[np.bool_]) -> tuple[Steps, ...]:
    """The steps that lead to a total that fits; none where there is no such total."""
    if not fits.any():
        return ()
    out = []
    for after in reversed(forward):
        before, slot = np.nonzero(fits[after])
        number = np.cumsum(fits) - 1
        target = number[after[before, slot]]
        needed = np.zeros(after.shape[0], dtype=bool)
        needed[before] = True
        sorting = np.argsort(target, kind="stable")
        renumbered = (np.cumsum(needed) - 1)[before][sorting]
        first = np.searchsorted(target[sorting], np.arange(int(fits.sum())))
        out.append(Steps(renumbered, slot[sorting], first))
        fits = needed
    return tuple(reversed(out))


def cheapest(program: Program, costs: Sequence[Array]) -> Solution:
    """The completion of least total cost whose totals fit; infinite where none does."""
    if not program.steps:
        return Solution(math.inf, ())
    levels, leasts = [np.zeros(1)], []
    for order, starts, steps, cost in zip(program.order, program.starts, program.steps, costs, strict=True):
        least = np.minimum.reduceat(cost[order], starts)
        levels.append(np.minimum.reduceat(levels[-1][steps.before] + least[steps.slot], steps.starts))
        leasts.append(least)
    state = int(levels[-1].argmin())
    return Solution(float(levels[-1][state]), _walk_back(program, costs, levels, leasts, state))


def _walk_back(
    program: Program, costs: Sequence[Array], levels: Sequence[Array], leasts: Sequence[Array], state: int
) -> tuple[int, ...]:
    choice = []
    for i in range(len(costs) - 1, -1, -1):
        steps = program.steps[i]
        part = slice(steps.starts[state], steps.starts[state + 1] if state + 1 < len(steps.starts) else None)
        before, slots = steps.before[part], steps.slot[part]
        pick = int((levels[i][before] + leasts[i][slots]).argmin())
        tables = _tables_of(program, i, int(slots[pick]))
        choice.append(int(tables[costs[i][tables].argmin()]))
        state = int(before[pick])
    return tuple(reversed(choice))


def _tables_of(program: Program, study: int, slot: int) -> Ints:
    starts = program.starts[study]
    return program.order[study][starts[slot] : starts[slot + 1] if slot + 1 < len(starts) else None]


def whole(program: Program, choice: Sequence[int]) -> tuple[int, ...]:
    """A choice of tables of a thinned program as one of the whole studies."""
    return tuple(int(tables[i]) for tables, i in zip(program.origin, choice, strict=True))


def thinned(program: Program) -> Program:
    """The program without tables that fit no total, or that no cost of the form weight times (effect - level) picks.

    Among tables with the same key only those on the edge of the cloud of (y, v) matter: for every level the best has,
    for its y, the smallest or the largest v.
    """
    parts = [_thinned_study(program, i) for i in range(len(program.steps))]
    if not parts:
        return program
    studies, origin, order, starts, steps = zip(*parts, strict=True)
    return Program(studies, origin, order, starts, steps, program.relaxed)


def _thinned_study(program: Program, i: int) -> tuple[Study, Ints, Ints, Ints, Steps]:
    study, steps = program.studies[i], program.steps[i]
    slots, slot = np.unique(steps.slot, return_inverse=True)
    sizes = np.diff([*program.starts[i].tolist(), study.size])
    group = np.repeat(np.arange(len(sizes)), sizes)  # of the tables in the order of their keys
    fits = np.isin(group, slots)
    tables, group = program.order[i][fits], np.searchsorted(slots, group[fits])
    if len(tables) > FEW:
        edge = _edge(study.y[tables], study.v[tables], 2 * group + study.used[tables])
        tables, group = tables[edge], group[edge]
    cells = {name: x[tables] for name, x in study.cells.items()}
    kept = Study(study.name, cells, study.y[tables], study.v[tables], study.used[tables])
    first = np.searchsorted(group, np.arange(len(slots)))
    return kept, tables, np.arange(len(tables)), first, steps._replace(slot=slot)


def _edge(y: Array, v: Array, group: Ints) -> Ints:
    """Tables that, within their group, have the least or greatest v of all with a y as low, or as high."""
    rank_y, rank_v = (np.unique(x, return_inverse=True)[1] for x in (y, v))
    wide = int(rank_v.max()) + 2
    keep = np.zeros(len(y), dtype=bool)
    for up in (1, -1):
        for out in (1, -1):
            order = np.lexsort((out * rank_v, up * rank_y, group))
            # a group's values lie below all of the groups before it, so that the running least starts anew
            shifted = out * rank_v[order] - group[order] * 2 * wide
            least = np.minimum.accumulate(shifted)
            keep[order[np.concatenate([[True], shifted[1:] < least[:-1]])]] = True
    return np.flatnonzero(keep)
