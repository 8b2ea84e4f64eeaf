"""Design matrices for meta-regression from a list of terms, or from a matrix.

A term is a column ("dose"), an interaction ("dose:route") or both with their main effects ("dose*route"). Text columns
are factors: indicator columns for every level but the first in sorted order, which is the reference. "C(arm)" makes a
factor of a column of numbers too, and "C(arm, high)" takes the level "high" for the reference.

Every level has its column where the reference would have no parameter of its own: in the first factor of a model
without intercept ("arm": a mean for each arm), and in an interaction without the main effects that it rests on
("dose:arm" without "dose": a slope for each arm). These are the rules of R's formulas.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._checks import Array, float_array
from metaket.errors import DataError, InputError

__all__ = ["Design", "build_design", "column_of", "encode"]

FARTHEST = 1e100  # largest moderator, whose square and its inverse must fit the range of doubles
FACTOR = re.compile(r"C\(\s*([^,()]+?)\s*(?:,\s*([^()]+?)\s*)?\)")


@dataclass(frozen=True, slots=True)
class Design:
    """A design and what is needed to build it again for new values.

    Attributes
    ----------
    matrix : ndarray, shape (k, p)
    names : tuple of str
        One a column; the first is ``intercept`` where there is one.
    terms : tuple of str
        Empty where a matrix was given.
    levels : mapping of part to tuple of str
        Levels of the factors, the reference first; a part is a column or ``C(column, reference)``.
    intercept : bool
    """

    matrix: Array
    names: tuple[str, ...]
    terms: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    intercept: bool


def build_design(moderators: Any, table: Any, k: int, *, intercept: bool = True) -> Design:
    """The design of k studies.

    Parameters
    ----------
    moderators : str, sequence of str, or array_like of shape (k,) or (k, p)
    table : DataFrame or None
        Where columns are looked up.
    k : int
    intercept : bool

    Raises
    ------
    InputError
        An unknown column, a matrix of another length, or columns that depend on each other.
    DataError
        A blank or infinite moderator, naming the row.
    """
    if isinstance(moderators, str):
        moderators = [moderators]
    if np.ndim(moderators) == 0:
        raise InputError(f"moderators must be columns' names or a matrix with a row a study, got {moderators!r}")
    terms: tuple[str, ...] = ()
    levels: dict[str, tuple[str, ...]] = {}
    if all(isinstance(m, str) for m in moderators):
        terms = _expand(moderators)
        parts = {part for term in terms for part in term.split(":")}
        values = {column_of(part): _column(table, column_of(part)) for part in parts}
        levels = {p: _levels(p, values[column_of(p)]) for p in parts if _is_factor(p, values[column_of(p)])}
        matrix, names = encode(terms, values, levels, k, intercept=intercept)
    else:
        matrix = float_array("moderators", moderators)
        matrix = matrix[:, None] if matrix.ndim == 1 else matrix
        names = tuple(f"x{i + 1}" for i in range(matrix.shape[1]))
    if matrix.shape[0] != k:
        raise InputError(f"moderators have {matrix.shape[0]} rows but there are {k} studies")
    bad = np.argwhere(~np.isfinite(matrix))
    if bad.size:
        row, column = bad[0].tolist()
        what = "blank or infinite; leave the study out or fill it in"
        raise DataError(f"row {row + 1}: moderator {names[column]!r} is {what}")
    if intercept:
        matrix, names = np.column_stack([np.ones(k), matrix]), ("intercept", *names)
    _check_rank(matrix, names)
    return Design(matrix, names, terms, levels, intercept)


def _check_rank(matrix: Array, names: Sequence[str]) -> None:
    largest = np.abs(matrix).max(axis=0, initial=0.0)
    for name, value in zip(names, largest.tolist(), strict=True):
        if value > FARTHEST or 0.0 < value < 1.0 / FARTHEST:
            raise InputError(f"moderator {name!r} has values of the size of {value:.3g}; give it in another unit")
    size = np.linalg.norm(matrix, axis=0)
    if matrix.shape[1] > matrix.shape[0]:
        raise InputError(f"{matrix.shape[1]} coefficients need at least as many studies, there are {matrix.shape[0]}")
    scaled = matrix / np.where(size > 0, size, 1.0)
    for i in range(len(names)):
        if np.linalg.matrix_rank(scaled[:, : i + 1]) <= i:
            raise InputError(f"moderator {names[i]!r} is constant or follows from {', '.join(names[:i]) or 'nothing'}")


def _expand(moderators: Sequence[str]) -> tuple[str, ...]:
    """ "a*b" -> a, b, a:b; repeated terms once."""
    out: dict[str, None] = {}
    for text in moderators:
        parts = [p.strip() for p in text.split("*")]
        if not all(q.strip() for p in parts for q in p.split(":")):
            raise InputError(f"moderator {text!r} lacks a column; write dose, dose:route or dose*route")
        for size in range(1, len(parts) + 1):
            for chosen in itertools.combinations(parts, size):
                out[":".join(p for c in chosen for p in (q.strip() for q in c.split(":")))] = None
    return tuple(sorted(out, key=lambda term: term.count(":")))


def _column(table: Any, name: str) -> Any:
    if table is None:
        raise InputError(f"moderator {name!r} is a column name, but the effects have no table; use generic(..., data=)")
    if name not in table.columns:
        near = difflib.get_close_matches(name, [str(c) for c in table.columns], n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        if "+" in name or "~" in name:
            hint = ' A formula is a list here: moderators=["dose", "arm", "dose:arm"], or intercept=False.'
        raise InputError(f"no column {name!r} among {', '.join(str(c) for c in table.columns)}.{hint}")
    return list(table[name])


def column_of(part: str) -> str:
    """The column that a part of a term names."""
    marked = FACTOR.fullmatch(part)
    return marked.group(1) if marked else part


def _is_factor(part: str, values: Sequence[Any]) -> bool:
    return FACTOR.fullmatch(part) is not None or any(isinstance(v, str) and not _is_number(v) for v in values)


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def _is_blank(value: Any) -> bool:
    return value is None or value == "" or value != value


def _levels(part: str, values: Sequence[Any]) -> tuple[str, ...]:
    """Levels in sorted order, the reference that the part names put first."""
    found = sorted({v for v in values if not _is_blank(v)}, key=lambda v: (isinstance(v, str), v))
    levels = [str(v) for v in found]
    marked = FACTOR.fullmatch(part)
    reference = marked.group(2) if marked else None
    if reference is None:
        return tuple(levels)
    if reference not in levels:
        raise InputError(f"{column_of(part)} has no level {reference!r} to refer to: {', '.join(levels)}")
    return (reference, *(level for level in levels if level != reference))


def encode(
    terms: Sequence[str],
    values: Mapping[str, Sequence[Any]],
    levels: Mapping[str, tuple[str, ...]],
    k: int,
    *,
    intercept: bool = True,
) -> tuple[Array, tuple[str, ...]]:
    """Columns of the terms for the given values."""
    columns: list[Array] = []
    names: list[str] = []
    whole = _whole(terms, levels, intercept=intercept)
    for term in terms:
        parts = [_part(p, values[column_of(p)], levels.get(p), whole=(term, p) in whole) for p in term.split(":")]
        for combination in itertools.product(*parts):
            columns.append(np.prod([column for _, column in combination], axis=0))
            names.append(":".join(name for name, _ in combination))
    matrix = np.column_stack(columns) if columns else np.empty((k, 0))
    return matrix, tuple(names)


def _whole(terms: Sequence[str], levels: Mapping[str, tuple[str, ...]], *, intercept: bool) -> set[tuple[str, str]]:
    """The factors, each with its term, whose reference level has a column too."""
    known = {frozenset(term.split(":")) for term in terms}
    pairs = [(term, part) for term in terms for part in term.split(":") if part in levels]
    out = {(term, part) for term, part in pairs if term != part and frozenset(term.split(":")) - {part} not in known}
    first = next((term for term in terms if term in levels), None)
    return out if intercept or first is None else out | {(first, first)}


def _part(part: str, values: Sequence[Any], levels: tuple[str, ...] | None, *, whole: bool) -> list[tuple[str, Array]]:
    """Columns of one part with their names; NaN where the value is blank."""
    column = column_of(part)
    if levels is None:
        wrong = [v for v in values if isinstance(v, str) and not _is_number(v)]
        if wrong:
            raise InputError(f"{column} must be numbers, as in the regression, got {wrong[0]!r}")
        return [(column, np.array([np.nan if _is_blank(v) else float(v) for v in values]))]
    unknown = sorted({str(v) for v in values if not _is_blank(v)} - set(levels))
    if unknown:
        raise InputError(f"{column} has no level {unknown[0]!r}: {', '.join(levels)}")
    blank = np.array([np.nan if _is_blank(v) else 0.0 for v in values])
    return [(f"{column}[{level}]", blank + [float(str(v) == level) for v in values]) for level in levels[not whole :]]
