"""A program over totals: the cheapest completion of a set of studies whose totals of counts fit what is printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.reproduction.bounds_inputs import CELLS, MARGINS, Study, Tie

__all__ = ["Program", "Solution", "cheapest", "make_program"]

Ints = npt.NDArray[np.int64]
STATES = 60_000  # reachable totals that are kept apart
WORK = 4_000_000  # totals times the distinct keys of a study


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


def make_program(studies: Sequence[Study], ties: Sequence[Tie], *, pooled: bool = True) -> Program:
    """Set up the totals that the margin ties need; a tie for which that takes too much is relaxed, and said so.

    With `pooled` a completion needs a study that is used: the number of these is a total, too.
    """
    ties = [tie for tie in ties if tie.margin]
    kept: list[Tie] = []
    relaxed: list[str] = []
    for tie in ties:
        if _affordable(studies, [*kept, tie]):
            kept.append(tie)
        else:
            relaxed.append(tie.label or tie.quantity)
    names = _varying(studies, kept)
    counted = pooled and not any(study.used.all() for study in studies)
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
    best = np.zeros(1)  # of the totals that the studies so far can reach
    trail = []
    for keys, order, starts, cost in zip(program.keys, program.order, program.starts, costs, strict=True):
        least = np.minimum.reduceat(cost[order], starts)
        top = int(keys[-1])
        padded = np.concatenate([np.full(top, np.inf), best, np.full(top, np.inf)])
        reached = padded[np.arange(top, 2 * top + len(best))[:, None] - keys[None, :]] + least[None, :]
        pick = reached.argmin(axis=1)
        trail.append(pick)
        best = reached[np.arange(len(pick)), pick]
    best = np.where(program.allowed[: len(best)], best, np.inf)
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
