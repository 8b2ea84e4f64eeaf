"""`generic`: effects that a paper gives, with whatever it prints of their precision."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, check_level, fail_row, row_name
from metaket.errors import DataWarning, InputError
from metaket.measures.build import assemble, join, keepers
from metaket.measures.convert import CONVERSIONS, Conversion
from metaket.measures.effect import EffectSizes
from metaket.measures.generic import variance_of
from metaket.measures.registry import MEASURES
from metaket.measures.table import Source, as_table, column_names, conversions_of, numbers_of, row_numbers, study_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["generic"]

SPREADS = ("v", "se", "ci_low", "z", "t", "p")
CONVERTED = {
    "se": "variance_from_se",
    "ci_low": "variance_from_interval",
    "z": "variance_from_z",
    "t": "variance_from_t",
    "p": "variance_from_p",
}


def generic(
    y: Any = None,
    v: Any = None,
    *,
    se: Any = None,
    ci_low: Any = None,
    ci_high: Any = None,
    p: Any = None,
    data: pd.DataFrame | Mapping[str, Any] | None = None,
    study: Sequence[str] | None = None,
    measure: str = "GEN",
    columns: Mapping[str, str] | str | None = None,
    z: Any = None,
    t: Any = None,
    df: Any = None,
    level: float = 0.95,
) -> EffectSizes:
    """Effects given with a variance, a standard error, an interval, a test statistic or an exact two-sided p-value.

    Parameters
    ----------
    y, v, se, ci_low, ci_high, p, z, t : array_like of shape (k,), or the name of a column of `data`
        One of `v`, `se`, the interval, `z`, `t` or `p` is enough for each study; the first that is not blank, in
        this order, is used. A `Conversion` stands for its value: as `y` its ``d``, as `v` its ``v``. What was
        converted, and by whom, is written into the effects' notes, as is the text of a column ``conversion``.
    data : DataFrame or mapping, optional
        Where column names are looked up; without `y` its columns of these names are taken.
    study : sequence of str, optional
        Names, if `data` has no column ``study``.
    measure : str
        What the effects are (for labels and back-transformation): "RR" means that `y` is a log risk ratio.
    columns : mapping or "metafor", optional
        Our name -> the name in `data`.
    df : array_like of shape (k,), or a column's name, optional
        Degrees of freedom of the intervals and p-values, > 0; blank means normal.
    level : float
        Level of the intervals, 0.95 by default.

    Returns
    -------
    EffectSizes
        Rows of `data` without an effect are left out and listed in ``dropped``.

    Raises
    ------
    DataError
        A variance that is zero, negative, not finite or cannot be had (naming row and study).
    InputError
        No column with a variance, lists of unequal length.

    Warns
    -----
    DataWarning
        An estimate that sits over 10 % of the interval's width off its middle.
    """
    entry = MEASURES[measure]
    level = check_level(level)
    given = {"y": y, "v": v, "se": se, "ci_low": ci_low, "ci_high": ci_high, "z": z, "t": t, "p": p, "df": df}
    if data is None:
        source = _from_arrays(given, study)
        reason = [""] * len(source.study)
    else:
        source = _from_table(given, data, columns, study)
        column = source.names.get("y", "y")
        reason = [f"{column} not known" if np.isnan(value) else "" for value in source.read["y"]]
    kept = keepers(entry, source, reason)
    values = {name: array[kept] for name, array in source.read.items()}
    _check_given(values, [source.study[i] for i in kept], [source.rows[i] for i in kept])
    with np.errstate(all="ignore"):
        variance, used = variance_of(values, level)
    notes = [join(source.notes[i], _converted(how)) for i, how in zip(kept, used, strict=True)]
    return assemble(entry, source, kept, (values["y"], variance), reason, notes, {})


def _converted(how: str) -> str:
    """What is noted of a variance that was not given as one."""
    if how not in CONVERTED:
        return ""
    entry = CONVERSIONS[CONVERTED[how]]
    return f"v by {entry.code} ({entry.reference})"


def _required(names: set[str]) -> None:
    if "y" not in names:
        raise InputError("generic effects need y; give y= or a column named y")
    if not names & set(SPREADS):
        raise InputError("generic effects need v, se, ci_low and ci_high, z, t, or p beside y")
    if ("ci_low" in names) != ("ci_high" in names):
        raise InputError("an interval needs both ci_low and ci_high")


def _array(name: str, value: Any) -> Array:
    if isinstance(value, Conversion):
        value = value["d" if name == "y" else name]
    try:
        return np.asarray(value, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers, got {value!r}") from None


def _from_arrays(given: Mapping[str, Any], study: Sequence[str] | None) -> Source:
    named = [name for name, value in given.items() if isinstance(value, str)]
    if named:
        raise InputError(f"{named[0]}={given[named[0]]!r} names a column; give the table as data=")
    read = {name: _array(name, value) for name, value in given.items() if value is not None}
    _required(set(read))
    k = read["y"].size
    if k == 0:
        raise InputError("no study left: y is empty")
    names = tuple(f"Study {i + 1}" for i in range(k)) if study is None else tuple(str(s) for s in study)
    for name, size in {**{n: a.size for n, a in read.items()}, "study": len(names)}.items():
        if size != k:
            raise InputError(f"{name} has {size} values but y has {k}")
    return Source(None, read, read, {}, names, tuple(range(1, k + 1)), (_said(given),) * k)


def _said(given: Mapping[str, Any]) -> str:
    """What the conversions among the arguments say of themselves, each once."""
    return join(*dict.fromkeys(value.note for value in given.values() if isinstance(value, Conversion)))


def _from_table(given: Mapping[str, Any], data: Any, columns: Any, study: Sequence[str] | None) -> Source:
    table = as_table(data)
    names = column_names(table, columns, tuple(given)) | {n: c for n, c in given.items() if isinstance(c, str)}
    for name, column in names.items():
        if name in given and column not in table.columns:
            raise InputError(f"{name}= names column {column!r}; the table has {', '.join(map(str, table.columns))}")
    by_name = given["y"] is None
    read = {}
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            read[name] = _array(name, value)
        elif isinstance(value, str) or (by_name and names.get(name, name) in table.columns):
            read[name] = numbers_of(table, names.get(name, name), names)
    _required(set(read))
    if len(table) == 0:
        raise InputError("no study left: the table has no rows")
    who = study_names(table, names) if study is None else tuple(str(s) for s in study)
    for name, size in {**{n: a.size for n, a in read.items()}, "study": len(who)}.items():
        if size != len(table):
            raise InputError(f"{name} has {size} values but the table has {len(table)} rows")
    notes = tuple(join(text, _said(given)) for text in conversions_of(table, names))
    return Source(table, read, read, names, who, row_numbers(table), notes)


def _check_given(values: Mapping[str, Array], study: Sequence[str], rows: Sequence[int]) -> None:
    """Rules for the numbers beside an effect; each message names row and study."""

    def refuse(test: Callable[..., npt.NDArray[np.bool_]], message: str, *names: str) -> None:
        if all(name in values for name in names):
            arrays = tuple(values[name] for name in names)
            fail_row(test(*arrays), message, arrays, study, rows)

    refuse(lambda y: ~np.isfinite(y), "effect y is {}; it must be finite", "y")
    refuse(lambda a: ~np.isnan(a) & ~(np.isfinite(a) & (a > 0)), "v is {:g}; a variance must be above 0", "v")
    refuse(lambda a: ~np.isnan(a) & ~(np.isfinite(a) & (a > 0)), "se is {:g}; a standard error must be above 0", "se")
    refuse(lambda a: (a <= 0) | (a >= 1), "p is {:g}; an exact p-value lies between 0 and 1", "p")
    for name in ("z", "t"):
        refuse(lambda a: a == 0, f"{name} is {{:g}}; a statistic of 0 holds no variance", name)
    refuse(lambda a: a <= 0, "df is {:g}; degrees of freedom must be above 0", "df")
    refuse(
        lambda low, high: np.isnan(low) != np.isnan(high), "ci_low is {:g} and ci_high is {:g}; an interval needs both",
        "ci_low", "ci_high",
    )  # fmt: skip
    refuse(lambda low, high: low >= high, "ci_low is {:g}, not below ci_high, which is {:g}", "ci_low", "ci_high")
    blank = np.all([np.isnan(values[name]) for name in SPREADS if name in values], axis=0)
    what = ", ".join(name for name in SPREADS if name in values)
    fail_row(blank, f"y is {{:g}} but its precision is blank ({what}); give one of them", (values["y"],), study, rows)
    if "ci_low" in values:
        _warn_off_middle(values, study, rows)


def _warn_off_middle(values: Mapping[str, Array], study: Sequence[str], rows: Sequence[int]) -> None:
    width = values["ci_high"] - values["ci_low"]
    off = np.abs(values["y"] - (values["ci_low"] + values["ci_high"]) / 2)
    for i in np.flatnonzero(off > 0.1 * width):
        message = "the estimate is not near the middle of its interval; is the interval on another (log) scale?"
        warnings.warn(f"{row_name(int(i), study, rows)}: {message}", DataWarning, stacklevel=4)
