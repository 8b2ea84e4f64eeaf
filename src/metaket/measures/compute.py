"""From a table to `EffectSizes`: `effect_sizes` for a measure's columns, `generic` for effects that are given."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, check_choice, fail_row, row_name
from metaket._registry import Entry
from metaket.errors import DataError, DataWarning, InputError
from metaket.measures.counts import DOUBLE_ZERO, ZERO_CELLS, adjust_zero_cells
from metaket.measures.effect import Dropped, EffectSizes
from metaket.measures.generic import generic_effect
from metaket.measures.registry import MEASURES, TRAITS, MeasureFunction, check_options, takes_rho

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METAFOR_COLUMNS", "effect_sizes", "generic"]

METAFOR_COLUMNS = {
    "events_t": "ai",
    "n_t": "n1i",
    "events_c": "ci",
    "n_c": "n2i",
    "mean_t": "m1i",
    "sd_t": "sd1i",
    "mean_c": "m2i",
    "sd_c": "sd2i",
    "y": "yi",
    "v": "vi",
    "se": "sei",
}
COUNTS = ("events_t", "events_c", "n_t", "n_c", "events", "n", "yes_yes", "yes_no", "no_yes", "no_no")


def effect_sizes(
    data: pd.DataFrame | Mapping[str, Any],
    measure: str,
    *,
    columns: Mapping[str, str] | str | None = None,
    zero_cells: str | None = None,
    double_zero: str = "drop",
    add: float = 0.5,
    crossover: str | float = "parallel",
    **options: Any,
) -> EffectSizes:
    r"""Effect sizes and sampling variances of a measure.

    Parameters
    ----------
    data : DataFrame or mapping of columns
        One row a study, with the columns that the measure needs (``events_t n_t events_c n_c`` for counts,
        ``mean_t sd_t n_t mean_c sd_c n_c`` for means), optionally ``study`` and ``design``.
    measure : str
        RR OR RD AS PETO (counts); MD SMD SMDH ROM CVR VR (means); MC SMCC SMCR ROMC (before and after); MPRD MPRR
        MPOR (pairs); PR PLN PLO PAS PFT (proportions); COR UCOR ZCOR (correlations); IRR IRD IRSD IR IRLN IRS IRFT
        (rates); MN MNLN (single means); GEN (given effects).
    columns : mapping or "metafor", optional
        Our name -> the name in `data`.
    zero_cells : {"only0", "if0all", "all", "none"}, optional
        Which studies get `add` in each of their cells; by default the measure's own rule ("only0" for ratios,
        differences and logits, "none" for the arcsine and square-root scales).
    double_zero : {"drop", "keep"}
        RR and OR: leave out studies in which no arm, or every patient of both arms, had the event.
    add : float
        What is added, 0.5 by default.
    crossover : "parallel" or float
        How to treat rows whose `design` is ``crossover``: as parallel groups, or as pairs whose periods correlate
        with this rho (-1 < rho < 1). It is never hidden: the choice stands in `options` and in the study's note.
    **options
        Passed to the measure; SMD takes ``vtype`` ("LS", "UB", "RevMan") and ``j`` ("exact", "approx").

    Returns
    -------
    EffectSizes
        Rows with a blank cell are left out and listed in ``dropped``; a blank is never zero.

    Raises
    ------
    DataError
        Naming row and study: counts that are negative, broken or above the arm, standard deviations below 0, ...
    InputError
        A column is missing, or no study is left.
    UnknownChoiceError
        An unknown measure or rule.

    Examples
    --------
    >>> import metaket as mk
    >>> trials = {"study": ["A", "B"], "events_t": [8, 12], "n_t": [18, 30], "events_c": [1, 5], "n_c": [18, 30]}
    >>> mk.effect_sizes(trials, "RR").y.round(3).tolist()
    [2.079, 0.875]
    """
    entry = MEASURES[measure]
    traits = TRAITS[entry.code]
    zero_cells = check_choice("zero-cell rule", zero_cells or traits.zero_cells or "none", ZERO_CELLS)
    double_zero = check_choice("double-zero rule", double_zero, DOUBLE_ZERO)
    if entry.code == "GEN":
        return generic(data=data, columns=columns, **options)
    check_options(entry.code, options)
    table, names = _table(data, columns)
    _require(entry, table, names)
    values = {name: _numbers(table, names[name], names) for name in entry.needs}
    study = _studies(table, names)
    rho, notes = _crossover(table, names, crossover)
    _check_values(values, study, row_numbers(table))
    used: dict[str, Any] = dict(options)
    if rho.any() or any(notes):
        used["crossover"] = crossover
    reason = _blank_cells(values, names)
    if traits.zero_cells:
        used |= {"zero_cells": zero_cells, "double_zero": double_zero, "add": add}
        adjusted = adjust_zero_cells(values, zero_cells, add)
        if double_zero == "drop" and traits.uninformative:
            reason = [r or ("no information: both arms at zero or all events" if z else "")
                      for r, z in zip(reason, adjusted.double_zero, strict=True)]  # fmt: skip
        notes = [_join(n, f"{add:g} added to each cell" if c else "")
                 for n, c in zip(notes, adjusted.changed, strict=True)]  # fmt: skip
        values = adjusted.columns
    if rho.any() and not takes_rho(entry.code):
        raise InputError(f"measure {entry.code} has no variance for crossover trials; use crossover='parallel'")
    extra = {"rho": rho} if rho.any() else {}
    with np.errstate(all="ignore"):
        y, v = entry.func(values, **extra, **options)
    return _assemble(entry, y, v, study, table, reason, notes, used)


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
) -> EffectSizes:
    """Effects given with a variance, a standard error, a 95 % interval or an exact two-sided p-value.

    Parameters
    ----------
    y, v, se, ci_low, ci_high, p : array_like of shape (k,), or the name of a column of `data`
        One of `v`, `se`, the interval or `p` is enough for each study; the first that is not blank is used.
    data : DataFrame or mapping, optional
        Where column names are looked up; without `y` its columns of these names are taken.
    study : sequence of str, optional
        Names, if `data` has no column ``study``.
    measure : str
        What the effects are (for labels and back-transformation): "RR" means that `y` is a log risk ratio.
    columns : mapping or "metafor", optional
        Our name -> the name in `data`.

    Returns
    -------
    EffectSizes

    Raises
    ------
    DataError
        A variance that is zero, negative or not finite (naming row and study).
    InputError
        No variance can be had.

    Warns
    -----
    DataWarning
        An estimate that sits over 10 % of the interval's width off its middle.
    """
    entry = MEASURES[measure]
    given = {"y": y, "v": v, "se": se, "ci_low": ci_low, "ci_high": ci_high, "p": p}
    base = {} if data is None else data
    table, names = _table(base, columns)
    if data is None:
        size = np.size(y)
        import pandas as pd

        table = pd.DataFrame(index=range(size))
    values: dict[str, Array] = {}
    for name, value in given.items():
        if isinstance(value, str):
            names[name] = value
            _require_columns(table, (value,))
            values[name] = _numbers(table, value, names)
        elif value is not None:
            values[name] = np.asarray(value, dtype=np.float64).reshape(-1)
        elif data is not None and y is None and names.get(name, name) in table.columns:
            values[name] = _numbers(table, names.get(name, name), names)
    if "y" not in values:
        raise InputError("generic effects need y; give y= or a column named y")
    if not values.keys() & {"v", "se", "ci_low", "p"}:
        raise InputError("generic effects need v, se, ci_low and ci_high, or p beside y")
    if ("ci_low" in values) != ("ci_high" in values):
        raise InputError("an interval needs both ci_low and ci_high")
    for name, array in values.items():
        if array.size != values["y"].size:
            raise InputError(f"{name} has {array.size} values but y has {values['y'].size}")
    names_of = tuple(str(s) for s in study) if study is not None else _studies(table, names, values["y"].size)
    if len(names_of) != values["y"].size:
        raise InputError(f"study has {len(names_of)} names but y has {values['y'].size} values")
    if "ci_low" in values:
        _warn_off_middle(values, names_of)
    with np.errstate(all="ignore"):
        effect, variance = generic_effect(values)
    empty = [""] * effect.size
    return _assemble(entry, effect, variance, names_of, table if data is not None else None, empty, empty, {})


def _warn_off_middle(values: Mapping[str, Array], study: Sequence[str]) -> None:
    width = values["ci_high"] - values["ci_low"]
    off = np.abs(values["y"] - (values["ci_low"] + values["ci_high"]) / 2)
    for i in np.flatnonzero(off > 0.1 * width):
        message = "the estimate is not near the middle of its interval; is the interval on another (log) scale?"
        warnings.warn(f"{row_name(int(i), study)}: {message}", DataWarning, stacklevel=3)


def _table(data: Any, columns: Mapping[str, str] | str | None) -> tuple[pd.DataFrame, dict[str, str]]:
    import pandas as pd

    table = data if isinstance(data, pd.DataFrame) else pd.DataFrame(dict(data))
    if isinstance(columns, str):
        check_choice("column set", columns, ("metafor",))
        names = {ours: theirs for ours, theirs in METAFOR_COLUMNS.items() if theirs in table.columns}
    else:
        names = dict(columns or {})
        _require_columns(table, tuple(names.values()))
    return table, names


def _require(entry: Entry[MeasureFunction], table: pd.DataFrame, names: dict[str, str]) -> None:
    for name in entry.needs:
        names.setdefault(name, name)
    _require_columns(table, tuple(names[n] for n in entry.needs), f"measure {entry.code}")
    if len(table) == 0:
        raise InputError("no study left: the table has no rows")


def _require_columns(table: pd.DataFrame, wanted: Sequence[str], who: str = "the call") -> None:
    missing = [n for n in wanted if n not in table.columns]
    if missing:
        have = [str(c) for c in table.columns]
        near = difflib.get_close_matches(missing[0], have, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(
            f"{who} needs column(s) {', '.join(missing)}; the table has {', '.join(have) or 'none'}.{hint}"
            + " Use columns={'events_t': 'your name', ...} to map other names."
        )


def row_numbers(table: pd.DataFrame) -> tuple[int, ...]:
    """Row numbers for messages: the index where it is named ``row`` (see `tables.read_table`), else 1, 2, ..."""
    if table.index.name == "row":
        return tuple(int(i) for i in table.index)
    return tuple(range(1, len(table) + 1))


def _studies(table: pd.DataFrame, names: Mapping[str, str], size: int | None = None) -> tuple[str, ...]:
    column = names.get("study", "study")
    if column in table.columns:
        return tuple(str(s) for s in table[column])
    return tuple(f"Study {i + 1}" for i in range(len(table) if size is None else size))


def _numbers(table: pd.DataFrame, column: str, names: Mapping[str, str]) -> Array:
    import pandas as pd

    raw = table[column]
    out = pd.to_numeric(raw.replace("", np.nan), errors="coerce").to_numpy(dtype=np.float64, copy=True)
    bad = np.isnan(out) & raw.notna().to_numpy() & (raw.astype(str).str.strip() != "").to_numpy()
    text = raw.astype(str).tolist()
    fail_row(bad, column + " is {!r}, not a number", (text,), _studies(table, names), row_numbers(table))
    return out


def _crossover(table: pd.DataFrame, names: Mapping[str, str], choice: str | float) -> tuple[Array, list[str]]:
    column = names.get("design", "design")
    is_crossover = np.zeros(len(table), dtype=bool)
    if column in table.columns:
        is_crossover = table[column].astype(str).str.startswith("crossover").to_numpy()
    if isinstance(choice, str):
        check_choice("crossover handling", choice, ("parallel",))
        return np.zeros(len(table)), ["crossover, as parallel" if c else "" for c in is_crossover]
    if not -1.0 < choice < 1.0:
        raise InputError(f"crossover must be 'parallel' or a correlation between -1 and 1, got {choice!r}")
    return np.where(is_crossover, choice, 0.0), [f"crossover, rho {choice:g}" if c else "" for c in is_crossover]


def _check_values(values: Mapping[str, Array], study: Sequence[str], rows: Sequence[int]) -> None:
    for name in values.keys() & set(COUNTS):
        a = values[name]
        broken = ~np.isnan(a) & (a != np.round(a))
        fail_row(broken, name + " is {:g}, not a whole number", (a,), study, rows)
        low = 1 if name.startswith("n") else 0
        fail_row(a < low, f"{name} is {{:g}}; it must be at least {low}", (a,), study, rows)
    for arm in ("_t", "_c", ""):
        if f"events{arm}" in values and f"n{arm}" in values:
            e, n = values[f"events{arm}"], values[f"n{arm}"]
            message = f"events{arm} is {{:g}} but n{arm} is {{:g}}; events cannot exceed the arm"
            fail_row(e > n, message, (e, n), study, rows)
    for name in values:
        a = values[name]
        if name.startswith("sd"):
            fail_row(a < 0, name + " is {:g}; it cannot be below 0", (a,), study, rows)
        if name.startswith("time"):
            fail_row(a <= 0, name + " is {:g}; person-time must be above 0", (a,), study, rows)
        if name == "r":
            fail_row(np.abs(a) >= 1, "r is {:g}; a correlation lies between -1 and 1", (a,), study, rows)


def _blank_cells(values: Mapping[str, Array], names: Mapping[str, str]) -> list[str]:
    size = next(iter(values.values())).size
    blank = [[names.get(n, n) for n, a in values.items() if np.isnan(a[i])] for i in range(size)]
    return [f"{', '.join(b)} not known" if b else "" for b in blank]


def _join(*parts: str) -> str:
    return "; ".join(p for p in parts if p)


def _assemble(
    entry: Entry[MeasureFunction],
    y: Array,
    v: Array,
    study: Sequence[str],
    table: pd.DataFrame | None,
    reason: Sequence[str],
    notes: Sequence[str],
    options: Mapping[str, Any],
) -> EffectSizes:
    kept: npt.NDArray[np.bool_] = np.array([not r for r in reason], dtype=bool)
    rows = np.arange(1, y.size + 1) if table is None else np.array(row_numbers(table))
    dropped = tuple(Dropped(int(rows[i]), study[i], reason[i]) for i in np.flatnonzero(~kept).tolist())
    if not kept.any():
        why = "; ".join(f"{d.study}: {d.reason}" for d in dropped)
        raise InputError(f"no study left for {entry.code}: {why}")
    undefined = kept & ~(np.isfinite(y) & np.isfinite(v) & (v > 0))
    for i in np.flatnonzero(undefined):
        raise DataError(
            f"{row_name(int(i), study, rows.tolist())}: {entry.code} gives y = {y[i]:g} and "
            f"v = {v[i]:g}; the variance must be above 0. " + _remedy(entry)
        )
    return EffectSizes(
        np.array(y[kept]),
        np.array(v[kept]),
        tuple(np.array(study, dtype=object)[kept]),
        entry.code,
        tuple(rows[kept].tolist()),
        None if table is None else table.loc[kept],
        dropped,
        dict(options),
        tuple(np.array(notes, dtype=object)[kept]),
    )


def _remedy(entry: Entry[MeasureFunction]) -> str:
    if "events_t" in entry.needs:
        return "A zero-cell rule other than 'none' (zero_cells=) corrects empty cells."
    if "sd_t" in entry.needs:
        return "Check the standard deviations, or drop the row."
    return "Give a variance, a standard error, an interval or an exact p-value, or drop the row."
