"""Named columns out of a table: numbers, study names and row numbers, with errors that name the cell."""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array, check_choice, row_name
from metaket.errors import DataError, InputError
from metaket.measures.derive import DERIVATIONS, derivations_for
from metaket.measures.hints import hint_for

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "METAFOR_COLUMNS",
    "Source",
    "as_table",
    "column_names",
    "conversions_of",
    "metafor_names",
    "numbers_of",
    "read_source",
    "row_numbers",
    "study_names",
]

METAFOR_COLUMNS = {
    "events_t": "ai",
    "nonevents_t": "bi",
    "n_t": "n1i",
    "events_c": "ci",
    "nonevents_c": "di",
    "n_c": "n2i",
    "mean_t": "m1i",
    "sd_t": "sd1i",
    "mean_c": "m2i",
    "sd_c": "sd2i",
    "mean_post": "m1i",
    "sd_post": "sd1i",
    "mean_pre": "m2i",
    "sd_pre": "sd2i",
    "yes_yes": "ai",
    "yes_no": "bi",
    "no_yes": "ci",
    "no_no": "di",
    "events": "xi",
    "n": "ni",
    "r": "ri",
    "time_t": "t1i",
    "time_c": "t2i",
    "time": "ti",
    "mean": "mi",
    "sd": "sdi",
    "y": "yi",
    "v": "vi",
    "se": "sei",
}
METAFOR_RATES = {"events_t": "x1i", "events_c": "x2i"}
METAFOR_RAW_CHANGE = {"sd_post": "sd2i", "sd_pre": "sd1i"}  # escalc divides the change by sd1i, m1i - m2i as ever
RAW_CHANGE = ("SMCR", "SMCRH")
EXTRA_NAMES = ("study", "design", "conversion", "y", "v", "se", "ci_low", "ci_high", "p", "z", "t", "df")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The rows of a table as the measures need them.

    Attributes
    ----------
    table : pandas.DataFrame or None
    read : mapping of str to ndarray, each of shape (k,)
        The columns that were read, NaN where a cell is blank.
    values : mapping of str to ndarray, each of shape (k,)
        The columns that the measure needs, derived ones included.
    names : mapping
        Our name -> the name in the table.
    study : tuple of str
    rows : tuple of int
    notes : tuple of str
        What was done to the row before the measure.
    """

    table: pd.DataFrame | None
    read: Mapping[str, Array]
    values: Mapping[str, Array]
    names: Mapping[str, str]
    study: tuple[str, ...]
    rows: tuple[int, ...]
    notes: tuple[str, ...]


def as_table(data: Any) -> pd.DataFrame:
    """`data` as a DataFrame; a mapping of equally long columns is turned into one."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, Mapping):
        raise InputError(f"data must be a DataFrame or a mapping of columns, got {type(data).__name__}")
    sizes = {str(name): np.size(column) for name, column in data.items()}
    if any(np.ndim(column) != 1 for column in data.values()) or len(set(sizes.values())) > 1:
        raise InputError(f"the columns of data must be lists of one length, got {sizes}")
    return pd.DataFrame(dict(data))


def metafor_names(needs: Sequence[str], measure: str = "") -> dict[str, str]:
    """Our name -> escalc's, for a measure that needs these columns."""
    rates = METAFOR_RATES if "time_t" in needs else {}
    return METAFOR_COLUMNS | rates | (METAFOR_RAW_CHANGE if measure in RAW_CHANGE else {})


def column_names(
    table: pd.DataFrame,
    columns: Mapping[str, str] | str | None,
    needs: Sequence[str],
    known: Iterable[str] = (),
    *,
    measure: str = "",
) -> dict[str, str]:
    """Our name -> the name in the table, for the names that differ; `measure` is the code that they are for."""
    if isinstance(columns, str):
        check_choice("column set", columns, ("metafor",))
        metafor = metafor_names(needs, measure)
        return {ours: theirs for ours, theirs in metafor.items() if theirs in table.columns}
    names = dict(columns or {})
    known = {*known, *needs, *METAFOR_COLUMNS, *EXTRA_NAMES, *(s for d in DERIVATIONS for s in d.sources)}
    for ours in names:
        if ours not in known:
            raise InputError(f"columns= has no use for {ours!r}.{_nearest(ours, sorted(known))}")
    _require(table, tuple(names.values()), "columns=")
    return names


def _nearest(name: str, choices: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(name), choices, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _require(table: pd.DataFrame, wanted: Sequence[str], who: str, measure: str = "") -> None:
    missing = [name for name in wanted if name not in table.columns]
    if not missing:
        return
    have = [str(c) for c in table.columns]
    hint = hint_for(measure, missing, have) if measure else ""
    mapped = who == "columns="  # the name that is missing is the user's own
    use = f" Use columns={{'{missing[0]}': 'your name'}} (--column {missing[0]}=NAME) to map other names."
    nearest = f"{_nearest(missing[0], have)}{_derivable(missing, wanted, have)}{'' if mapped else use}"
    raise InputError(
        f"{who} needs column(s) {', '.join(map(str, missing))}; the table has {', '.join(have) or 'none'}."
        f"{' ' + hint if hint else nearest}"
    )


def _derivable(missing: Sequence[str], wanted: Sequence[str], have: Sequence[str]) -> str:
    """The ways to missing columns whose sources are of this measure's kind, or in the table."""
    ways = [d for d in DERIVATIONS if set(d.wanted) & set(missing) and set(d.sources) & {*wanted, *have}]
    return "".join(f" ({', '.join(d.wanted)} can be had from {', '.join(d.sources)}.)" for d in ways)


def row_numbers(table: pd.DataFrame) -> tuple[int, ...]:
    """Row numbers for messages: the index where it is named ``row`` (see `tables.read_table`), else 1, 2, ..."""
    if table.index.name == "row":
        return tuple(int(i) for i in table.index)
    return tuple(range(1, len(table) + 1))


def study_names(table: pd.DataFrame, names: Mapping[str, str]) -> tuple[str, ...]:
    """The column ``study`` as text; a study without a name is called by its place."""
    column = names.get("study", "study")
    if column not in table.columns:
        return tuple(f"Study {i + 1}" for i in range(len(table)))
    cells = ["" if _blank(s) else str(s).strip() for s in _one(table, column)]
    return tuple(s or f"Study {i + 1}" for i, s in enumerate(cells))


def _one(table: pd.DataFrame, column: str) -> pd.Series[Any]:
    """The column, or an error if the table has two of that name."""
    found = table.loc[:, table.columns == column]
    if found.shape[1] != 1:
        raise InputError(f"the table has {found.shape[1]} columns named {column!r}; keep one")
    return found.iloc[:, 0]


def _blank(cell: Any) -> bool:
    import pandas as pd

    if isinstance(cell, str):
        return cell.strip().lower() in ("", "nan")
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def _number(cell: Any) -> float | None:
    """The cell as a number, NaN if it is blank, None if it is neither."""
    if _blank(cell):
        return float("nan")
    if isinstance(cell, bool | np.bool_) or not isinstance(cell, str | numbers.Number | np.number):
        return None
    try:
        return float(cell.strip().replace("\N{MINUS SIGN}", "-") if isinstance(cell, str) else cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def numbers_of(table: pd.DataFrame, column: str, names: Mapping[str, str]) -> Array:
    """A column as float64, NaN where it is blank.

    Raises
    ------
    DataError
        A cell that is neither blank nor a finite number, naming row and study.
    """
    out = np.full(len(table), np.nan)
    for i, cell in enumerate(_one(table, column)):
        value = _number(cell)
        if value is None or np.isinf(value):
            where = row_name(i, study_names(table, names), row_numbers(table))
            problem = "not a number" if value is None else "not a finite number"
            raise DataError(f"{where}: {column} is {cell!r}, {problem}; leave the cell blank if it is not known")
        out[i] = value
    return out


def read_source(
    data: Any, needs: Sequence[str], columns: Mapping[str, str] | str | None, who: str, measure: str = ""
) -> Source:
    """Read the columns that a measure needs, deriving those that the table lacks.

    `who` needs them, for messages; with the code of a `measure` these also say what to do with another kind of table.
    """
    table = as_table(data)
    names = column_names(table, columns, needs, measure=who.removeprefix("measure "))

    def has(name: str) -> bool:
        return names.get(name, name) in table.columns

    missing = [name for name in needs if not has(name)]
    ways = derivations_for(missing, has)
    given = {name for way in ways for name in way.wanted}
    _require(table, [names.get(n, n) for n in needs if n not in given or has(n)], who, measure)
    if len(table) == 0:
        raise InputError("no study left: the table has no rows")
    wanted = dict.fromkeys([n for n in needs if has(n)] + [s for way in ways for s in way.sources])
    read = {name: numbers_of(table, names.get(name, name), names) for name in wanted}
    values = dict(read)
    for way in ways:
        with np.errstate(all="ignore"):
            values |= {k: v for k, v in way.func(read).items() if k in missing}
    note = "; ".join(way.note for way in ways if way.note)
    notes = tuple("; ".join(p for p in (text, note) if p) for text in conversions_of(table, names))
    return Source(
        table, read, {n: values[n] for n in needs}, names, study_names(table, names), row_numbers(table), notes
    )


def conversions_of(table: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """What the column ``conversion`` says of each row (see `complete_means` and `complete_counts`)."""
    column = names.get("conversion", "conversion")
    if column not in table.columns:
        return [""] * len(table)
    return ["" if _blank(cell) else str(cell) for cell in _one(table, column)]
