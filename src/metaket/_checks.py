"""Checks of arguments and of study-level arrays, with one pattern for every message.

The pattern is: the argument (or row and study), the value, what is allowed, what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._registry import unknown_choice
from metaket.errors import DataError, InputError

__all__ = [
    "Array",
    "check_choice",
    "check_effects",
    "check_level",
    "fail_row",
    "float_array",
    "generator",
    "row_name",
]

Array = npt.NDArray[np.float64]


def float_array(name: str, value: Any, *, ndim: int | None = None) -> Array:
    """`value` as float64, or an error that names the argument."""
    try:
        out = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers, got {value!r}") from None
    if ndim is not None and out.ndim != ndim:
        raise InputError(f"{name} must have {ndim} dimension(s), got shape {out.shape}")
    return out


def check_choice(kind: str, value: str, choices: Sequence[str]) -> str:
    """`value` if it is one of `choices` (any case), or an error that names the nearest."""
    folded = {c.casefold(): c for c in choices}
    if isinstance(value, str) and value.casefold() in folded:
        return folded[value.casefold()]
    raise unknown_choice(kind, value, tuple(choices))


def check_level(level: float) -> float:
    """A confidence level strictly between 0 and 1 (0.95, not 95)."""
    if not (isinstance(level, int | float | np.number) and 0.0 < level < 1.0):
        hint = f" Did you mean {level / 100:g}?" if isinstance(level, int | float) and 1 < level < 100 else ""
        raise InputError(f"level must lie between 0 and 1, got {level!r}.{hint}")
    return float(level)


def generator(rng: Any) -> np.random.Generator:
    """The generator itself, or a new one from a seed: a whole number of 0 or more."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(int(rng))
    raise InputError(f"rng must be a numpy.random.Generator or a seed (a whole number of 0 or more), got {rng!r}")


def row_name(index: int, study: Sequence[str] | None, rows: Sequence[int] | None = None, table: str = "") -> str:
    """How messages name a study: `outcomes.csv row 7 (Sos 2013)`."""
    number = rows[index] if rows is not None else index + 1
    name = f"{table} row {number}".strip()
    return f"{name} ({study[index]})" if study is not None else name


def fail_row(
    bad: npt.NDArray[np.bool_],
    message: str,
    values: Sequence[Any] = (),
    study: Sequence[str] | None = None,
    rows: Sequence[int] | None = None,
    table: str = "",
) -> None:
    """Raise `DataError` for the first row where `bad` holds; `message` is formatted with that row of `values`."""
    found = np.flatnonzero(bad)
    if found.size:
        i = int(found[0])
        more = f" ({found.size - 1} more rows have the same problem)" if found.size > 1 else ""
        raise DataError(f"{row_name(i, study, rows, table)}: {message.format(*(a[i] for a in values))}{more}")


def check_effects(
    y: Array,
    v: Array,
    study: Sequence[str] | None = None,
    rows: Sequence[int] | None = None,
    table: str = "",
) -> None:
    """Effects finite and variances finite and positive, or an error that names row and study."""
    if y.shape != v.shape:
        raise InputError(f"y and v must have the same shape, got {y.shape} and {v.shape}")
    if y.size == 0:
        raise InputError("no study left: y is empty")
    fail_row(~np.isfinite(y), "effect y is {}; it must be finite", (y,), study, rows, table)
    bad_v = ~(np.isfinite(v) & (v > 0))
    fail_row(bad_v, "sampling variance v is {}; it must be finite and above 0", (v,), study, rows, table)
