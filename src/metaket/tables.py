"""CSV files as checked frames: study names, row numbers as a spreadsheet shows them, and a digest."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metaket.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["file_digest", "numeric", "read_table", "read_text"]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_text(path: Path, kind: type[InputError] = InputError, hint: str = "save it as CSV UTF-8") -> str:
    """The text of a UTF-8 file, with or without a byte-order mark.

    Raises
    ------
    InputError
        Or its subclass `kind`: the file is not UTF-8 text; the message names the line and ends with `hint`.
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise kind(f"{path.name} line {line} is not UTF-8 text; {hint}") from None
    if "\0" in text:
        line = text.partition("\0")[0].count("\n") + 1
        raise kind(f"{path.name} line {line} holds a zero byte, so it is no text; {hint}")
    return io.StringIO(text, newline=None).read()


def read_table(path: str | Path, *, required: Sequence[str] = ()) -> pd.DataFrame:
    """Read a CSV file as text, every cell as printed.

    The index is named ``row`` and counts as a spreadsheet does: the header is row 1, the first data row 2. Blank
    cells are empty strings; `numeric` turns columns into numbers.

    Raises
    ------
    InputError
        The file is missing, empty, not UTF-8, has a repeated or missing column, or a row of another length.
    """
    import pandas as pd

    path = Path(path)
    rows = _read_rows(path)
    header = [name.strip() for name in rows[0]]
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise InputError(f"{path.name}: column {sorted(repeated)[0]!r} stands twice in the header")
    missing = [name for name in required if name not in header]
    if missing:
        near = difflib.get_close_matches(missing[0], header, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        if len(header) == 1 and (other := next((s for s in ";\t|" if s in header[0]), "")):
            hint = f" Its columns are separated by {other!r}: save it with commas."
        raise InputError(f"{path.name} has no column {', '.join(missing)}; it has {', '.join(header)}.{hint}")
    body, numbers = [], []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            open_quote = "; is a quote never closed?" if any("\n" in cell for cell in row) else ""
            raise InputError(
                f"{path.name} row {number}: {len(row)} cells, but the header has {len(header)}{open_quote}"
            )
        body.append([cell.strip() for cell in row])
        numbers.append(number)
    if not body:
        raise InputError(f"{path.name} has a header but no rows")
    return pd.DataFrame(body, columns=header, index=pd.Index(numbers, name="row"), dtype=object)


def _read_rows(path: Path) -> list[list[str]]:
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise InputError(f"no file {path}") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a CSV file") from None
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InputError(f"{path.name} is not a CSV file: {error}; is a quote never closed?") from None
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise InputError(f"{path.name} is empty")
    return rows


def numeric(table: pd.DataFrame, columns: Sequence[str], name: str = "the table") -> pd.DataFrame:
    """A copy with `columns` as float64, blank as NaN; the columns that are absent become all NaN.

    Raises
    ------
    DataError
        A cell that is neither blank nor a finite number, naming row and study.
    """
    out = table.copy()
    for column in columns:
        values = np.full(len(table), np.nan)
        if column in table.columns:
            for i, cell in enumerate(table[column]):
                values[i] = _number(cell, column, table, i, name)
        out[column] = values
    return out


def _number(cell: object, column: str, table: pd.DataFrame, i: int, name: str) -> float:
    text = str(cell).strip().replace("\N{MINUS SIGN}", "-")
    if text == "" or text.lower() == "nan":
        return float("nan")
    try:
        value = float(text) if "_" not in text else float("inf")  # Python reads 1_8 as 18, a table does not mean it
    except ValueError:
        value = float("inf")
    if not np.isfinite(value):
        study = f" ({table['study'].iloc[i]})" if "study" in table.columns else ""
        raise DataError(f"{name} row {table.index[i]}{study}: {column} is {cell!r}, not a number")
    return value
